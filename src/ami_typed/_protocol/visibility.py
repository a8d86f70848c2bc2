"""Visibility: which events a connection receives. Checks event masks and filters, and explains missing events.

Rules of this module:

- A mask or filter that can only be a mistake is rejected: Asterisk accepts it, and silently sends fewer events.
- The explanation of a missing event states what is known: what suppresses it, or what may.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ami_typed._language.masks import EVENT_CLASSES, FALSE, TRUE, mask_trouble
from ami_typed.errors import HeaderRefused
from ami_typed.messages import Event, event_name
from ami_typed.notices import Notice
from ami_typed.registry import event_class, family_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ami_typed.messages import Request

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
    """The event mask and filters of one connection, as far as they are known.

    Attributes:
        mask: The event mask that was set; `None` if the user's own applies.
        filters: The number of filters that were set.
    """

    def __init__(self) -> None:
        self.mask: str | None = None
        self.filters = 0

    def changed_by(self, knowledge: type[Request[Any]], octets: bytes) -> None:
        """Record a request that the server has carried out."""
        lines = (line.partition(": ") for line in octets.decode("utf-8", "surrogateescape").split("\r\n"))
        self.mask = _value_of(knowledge.sets_mask, ((name, value) for name, _, value in lines)) or self.mask
        self.filters += bool(knowledge.names_events)

    def explain(self, names: Iterable[str]) -> str:
        """Explain why events of these names may not have arrived: sentences, each after a blank, or an empty string."""
        events = (name for name in names if name.isidentifier() and family_class(name) is None)
        reasons = [reason for name in events if (reason := self._reason(name))]
        if reasons and self.filters:
            reasons.append("A filter is set on this connection.")
        return "".join(f" {reason}" for reason in dict.fromkeys(reasons))

    def _reason(self, name: str) -> str | None:
        if name == Event.__name__ or name in (each.__name__ for each in Notice.__subclasses__()):
            return None
        classes = self._classes()
        if classes is not None and not classes:
            return "The event mask of this connection is off."
        cls = event_class(name)
        if next(each for each in cls.__mro__ if "privileges" in vars(each)) is Event:
            return f"{name} is not a known event: it is misspelled, or not one of Asterisk's own."
        if not cls.privileges:
            return f"Asterisk sends {name} only in answer to an action."
        missing = [each for each in cls.privileges if classes is not None and each not in classes]
        if missing:
            return f"{name} requires {' and '.join(missing)} in the event mask of this connection."
        noun = "privilege" if len(cls.privileges) == 1 else "privileges"
        return f"Only users with the read {noun} {' and '.join(cls.privileges)} receive {name}."

    def _classes(self) -> frozenset[str] | None:
        """Return the classes of events that the mask lets through; `None` if they are unknown, or all."""
        mask = self.mask
        if mask is None or mask.lower() in TRUE or (mask.isdecimal() and mask != "0"):
            return None
        if mask.lower() in FALSE:
            return frozenset()
        named = frozenset(mask.split(",")) & EVENT_CLASSES
        return None if "all" in named else named - {"none"}
