"""Events about the connection, created by ami-typed itself and delivered like those of Asterisk.

Rules of this module:

- A notice is delivered in sequence with Asterisk's events: `Disconnected` after the last event of a connection,
  `Reconnected` before the first event of the next one, `EventsLost` in place of dropped events.
- A notice is an ordinary `Event`: a dict of text, with typed attributes. Only subscribers to its class or name receive
  it; subscribing to every event of Asterisk does not include it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed._language.codecs import integer, text
from ami_typed._language.headers import Always, Repeated
from ami_typed._language.times import seconds
from ami_typed.messages import KEY_EVENT, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Disconnected", "EventsLost", "Notice", "Reconnected"]


class Notice(Event):
    """An event created by ami-typed itself."""

    __slots__ = ()


class Disconnected(Notice):
    """The connection was lost. Pending requests have failed, and events are missed until the next connection."""

    __slots__ = ()

    reason = Always("Reason", text)
    """Why, in words."""

    @classmethod
    def because(cls, reason: Exception) -> Disconnected:
        """Create the notice for a lost connection."""
        return cls({KEY_EVENT: cls.__name__, "Reason": " ".join(str(reason).split())})


class Reconnected(Notice):
    """The manager has reconnected and logged in again: the program's knowledge of calls may be out of date."""

    __slots__ = ()

    gap = Always("Gap", seconds)
    """Time without a connection."""
    attempts = Always("Attempts", integer)
    """Number of attempts made."""
    refused = Repeated("Refused", text)
    """Event mask and filters that could not be restored, each with its action and the server's message."""

    @classmethod
    def after(cls, gap: float, attempts: int, refused: Sequence[str] = ()) -> Reconnected:
        """Create the notice for a connection restored after ``gap`` seconds."""
        headers = [(KEY_EVENT, cls.__name__), ("Gap", f"{gap:.3f}"), ("Attempts", str(attempts))]
        return cls([*headers, *(("Refused", " ".join(each.split())) for each in refused)])


class EventsLost(Notice):
    """Events were dropped at this point because callbacks were too slow for too long."""

    __slots__ = ()

    count = Always("Count", integer)
    """Number of dropped events."""

    @classmethod
    def of_number(cls, count: int) -> EventsLost:
        """Create the notice for ``count`` dropped events."""
        return cls({KEY_EVENT: cls.__name__, "Count": str(count)})
