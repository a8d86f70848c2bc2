"""The table of calls."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ami_typed.live.objects import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Calls"]


class Calls(Collection[Call]):
    """The calls that are going on, in the order in which they began."""

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
        """Return the call that has channels with a Linkedid, `None` if there is none."""
        return self._by_linkedid.get(linkedid)

    def add(self, call: Call) -> None:
        """Take in a call."""
        self._calls[call.id] = call
        self._by_linkedid[call.id] = call

    def remove(self, call: Call, into: Call | None = None) -> None:
        """Take out a call; its identifiers lead to the one that it became part of."""
        self._calls.pop(call.id, None)
        for each in call.ids:
            if into is not None:
                self._by_linkedid[each] = into
            elif self._by_linkedid.get(each) is call:
                del self._by_linkedid[each]

    @property
    def everything(self) -> list[Call]:
        """All of them, with those that are not known to be calls of people yet."""
        return list(self._calls.values())
