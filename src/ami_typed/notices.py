"""Events that ami-typed makes itself, about the connection, for the same callbacks and streams as Asterisk's.

Rules of this module:

- A notice is delivered in its place among Asterisk's events: `Disconnected` behind the last one of a connection,
  `Reconnected` before the first one of the next, `EventsLost` where those are missing that were dropped.
- A notice is an `Event` like any other: a dict of text, with typed attributes. It goes to who asks for it by its class
  or name, not to who asks for every event of Asterisk's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.fields import Always, Repeated
from ami_typed.messages import KEY_EVENT, Event
from ami_typed.values import integer, seconds, text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Disconnected", "EventsLost", "Notice", "Reconnected"]


class Notice(Event):
    """An event that ami-typed makes itself."""

    __slots__ = ()


class Disconnected(Notice):
    """The connection was lost. Requests that were pending have failed; events of the gap will never come."""

    __slots__ = ()

    reason = Always("Reason", text)
    """Why, in words."""

    @classmethod
    def because(cls, reason: Exception) -> Disconnected:
        """Make the notice of a lost connection."""
        return cls({KEY_EVENT: cls.__name__, "Reason": " ".join(str(reason).split())})


class Reconnected(Notice):
    """The connection stands again, logged in as before: what the program knows of calls may be out of date."""

    __slots__ = ()

    gap = Always("Gap", seconds)
    """How long there was no connection."""
    attempts = Always("Attempts", integer)
    """How many attempts it took."""
    refused = Repeated("Refused", text)
    """The event mask and filters that the server refused to set again, each with its action and the server's words."""

    @classmethod
    def after(cls, gap: float, attempts: int, refused: Sequence[str] = ()) -> Reconnected:
        """Make the notice of a connection that stands again after ``gap`` seconds."""
        headers = [(KEY_EVENT, cls.__name__), ("Gap", f"{gap:.3f}"), ("Attempts", str(attempts))]
        return cls([*headers, *(("Refused", " ".join(each.split())) for each in refused)])


class EventsLost(Notice):
    """Callbacks were too slow for too long: events were dropped that should have come in this place."""

    __slots__ = ()

    count = Always("Count", integer)
    """How many."""

    @classmethod
    def of_number(cls, count: int) -> EventsLost:
        """Make the notice of ``count`` events that were dropped."""
        return cls({KEY_EVENT: cls.__name__, "Count": str(count)})
