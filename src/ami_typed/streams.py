"""What waits in a stream between the reader and whoever iterates: bounded, in order, with its gaps announced.

Rules of this module:

- A full buffer drops its oldest event, counts it, and says so once to the next read (`EventsDropped`).
- What came before the connection ended is still read; then the reason for the end is raised, or the stream just ends
  where the program itself disconnected.
- No lock and no waiting here: the shells bring both.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from ami_typed.errors import EventsDropped
from ami_typed.messages import Event

__all__ = ["Buffer"]

E = TypeVar("E", bound=Event)


class Buffer(Generic[E]):
    """A bounded queue of events.

    Args:
        limit: How many events wait at most.

    Attributes:
        dropped: How many events were dropped in all.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"A stream holds at least one event; its limit cannot be {limit}.")
        self.dropped = 0
        self._limit = limit
        self._gap = 0
        self._events: deque[E] = deque()
        self._ended = False
        self._reason: Exception | None = None

    def put(self, event: E) -> None:
        """Take in an event; one that comes after the end is not for this stream any more."""
        if self._ended:
            return
        if len(self._events) >= self._limit:
            self._events.popleft()
            self._gap += 1
            self.dropped += 1
        self._events.append(event)

    def end(self, reason: Exception | None) -> None:
        """Let nothing in any more; ``reason`` is raised behind the last event, `None` just ends the stream."""
        if not self._ended:
            self._ended = True
            self._reason = reason

    @property
    def ready(self) -> bool:
        """Whether `take` has something to say at once."""
        return bool(self._events) or self._ended

    def take(self) -> E | None:
        """Return the next event, `None` at the end of the stream; ask `ready` first.

        Raises:
            EventsDropped: Events were dropped before the next one.
            Exception: The reason for the end.
        """
        if self._gap:
            gap, self._gap = self._gap, 0
            raise EventsDropped(gap)
        if self._events:
            return self._events.popleft()
        if self._reason is not None:
            raise self._reason
        return None
