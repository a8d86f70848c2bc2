"""The table of calls."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ami_typed.live.objects import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Calls"]


class Calls(Collection[Call]):
    """The calls in progress, in the order in which they began."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._by_linkedid: dict[str, Call] = {}

    def __iter__(self) -> Iterator[Call]:
        return iter([call for call in self._calls.values() if call.started])

    def __len__(self) -> int:
        return sum(call.started for call in self._calls.values())

    def __contains__(self, call: object) -> bool:
        return isinstance(call, Call) and self._calls.get(call.id) is call

    def get(self, linkedid: str) -> Call | None:
        """Return the call to which a Linkedid belongs, or `None`."""
        return self._by_linkedid.get(linkedid)

    def add(self, call: Call) -> None:
        """Add a call."""
        self._calls[call.id] = call
        self._by_linkedid[call.id] = call

    def remove(self, call: Call, into: Call | None = None) -> None:
        """Remove a call. If it was merged `into` another one, its identifiers then refer to that one."""
        self._calls.pop(call.id, None)
        for each in call.ids:
            if into is not None:
                self._by_linkedid[each] = into
            elif self._by_linkedid.get(each) is call:
                del self._by_linkedid[each]

    @property
    def everything(self) -> list[Call]:
        """All calls, including those not yet known to be calls between people."""
        return list(self._calls.values())
