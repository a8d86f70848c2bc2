"""Visibility: which events a connection receives. Checks event masks and filters, and remembers what is in effect.

Rules of this module:

- A mask or filter that can only be a mistake is rejected: Asterisk accepts it, and silently sends fewer events.
- Why an event does not arrive is concluded in `explanations`, which is loaded when something is to be explained.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ami_typed._language.masks import mask_trouble
from ami_typed.errors import HeaderRefused
from ami_typed.messages import Event, event_name
from ami_typed.notices import Notice
from ami_typed.registry import event_class, family_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ami_typed.explanations import Known
    from ami_typed.messages import Aggregate, Request
    from ami_typed.releases import Release

    EventKey = type[Event | Aggregate] | str | None

__all__ = ["Visibility", "refuse_mistakes"]

_NAMED = re.compile(r"\bname\(([^()]*)\)")


def _value_of(header: str, lines: Iterable[tuple[str, str]]) -> str | None:
    folded = header.lower()
    return next((value for name, value in lines if name.lower() == folded), None) if header else None


def refuse_mistakes(action: str, knowledge: type[Request[Any]], lines: Sequence[tuple[str, str]]) -> None:
    """Reject a request whose event mask or filter would let nothing through.

    Args:
        action: The action's name.
        knowledge: The request's class, which defines which headers these are.
        lines: The request's headers.

    Raises:
        HeaderRefused: The mask names a class of events that Asterisk does not have, or the filter misspells an event.
    """
    trouble = mask_trouble(_value_of(knowledge.sets_mask, lines) or "")
    if trouble is not None:
        raise HeaderRefused(f"{action} was not sent: {trouble}")
    for name in _NAMED.findall(_value_of(knowledge.names_events, lines) or ""):
        cls = event_class(name)
        if cls is not Event and event_name(cls) != name:
            raise HeaderRefused(
                f"{action} was not sent: no event matches name({name}), because Asterisk compares "
                f"case-sensitively; write name({event_name(cls)})."
            )


class Visibility:
    """The event mask and filters of one connection, and what else is known about the events that it receives.

    Attributes:
        mask: The event mask that was set; `None` if the user's own applies.
        filters: The number of filters that were set.
        release: The server's release; `None` if it is unknown.
        learned: What the server has disclosed when it was asked; `None` before.
    """

    def __init__(self) -> None:
        self.mask: str | None = None
        self.filters = 0
        self.release: Release | None = None
        self.learned: Known | None = None
        self._checked: tuple[object, set[tuple[EventKey, bool]]] = None, set()
        self._warned: set[str] = set()

    def changed_by(self, knowledge: type[Request[Any]], octets: bytes) -> None:
        """Record a request that the server has carried out."""
        lines = (line.partition(": ") for line in octets.decode("utf-8", "surrogateescape").split("\r\n"))
        self.mask = _value_of(knowledge.sets_mask, ((name, value) for name, _, value in lines)) or self.mask
        self.filters += bool(knowledge.names_events)

    @property
    def known(self) -> Known:
        """Everything that is known about this connection."""
        from ami_typed.explanations import Known  # few connections need an explanation

        return (self.learned or Known())._replace(release=self.release, mask=self.mask, filters=self.filters)

    def explain(self, names: Iterable[str]) -> str:
        """Explain why events of these names may not have arrived: sentences, each after a blank, or an empty string."""
        from ami_typed.explanations import explain

        reasons: list[str] = []
        filtered: list[str] = []
        for subject in explain([each for each in names if _is_an_event(each)], self.known).subjects:
            reasons += [each.text for each in subject.certain or subject.guessed if not each.topic.endswith("filter")]
            filtered += [each.text for each in subject.guessed if each.topic.endswith("filter")]
        return "".join(f" {reason}" for reason in dict.fromkeys((*reasons, *filtered)))

    def warnings(self, keys: Mapping[EventKey, bool]) -> list[str]:
        """Return what certainly prevents events from arriving that something subscribes to: once for each event.

        Args:
            keys: The classes or names subscribed to; families, patterns and lists are skipped. If something subscribes
                to others at the same time, the value is false: it may do so for other releases of Asterisk.
        """
        state = self.mask, self.release, self.learned
        if self._checked[0] != state:
            self._checked = state, set()
        checked = self._checked[1]
        new = [item for item in keys.items() if item not in checked]
        if not new:
            return []
        checked.update(new)
        return list(self._warnings(new))

    def _warnings(self, keys: Iterable[tuple[EventKey, bool]]) -> Iterator[str]:
        from ami_typed.explanations import explain

        known = self.known
        for key, alone in keys:
            if isinstance(key, type) and not issubclass(key, Event):
                continue
            if key is None or not _is_an_event(key if isinstance(key, str) else event_name(key)):
                continue
            (subject,) = explain([key], known).subjects
            silent = {"answer"} if alone else {"answer", "release"}
            reasons = [each.text for each in subject.certain if each.topic not in silent]
            if reasons and subject.name not in self._warned:
                self._warned.add(subject.name)
                yield f"{subject.name} is subscribed to but does not arrive. {' '.join(reasons)}"


def _is_an_event(name: str) -> bool:
    """Return whether a name may be that of a single event of Asterisk's: not a pattern, a family or a notice."""
    if not name or not {"*", "?", "["}.isdisjoint(name) or name in (each.__name__ for each in Notice.__subclasses__()):
        return False
    return family_class(name) is None
