"""What waits for the callbacks: bounded, in order, with what was dropped announced in its place.

Rules of this module:

- From half of its limit on a backlog is `crowded`: the shells then rest from reading for a while, so that the server
  is slowed down and nothing is lost. Who waits for an answer reads on.
- What was read before it was crowded is taken in, however much one read brought: who rests in time loses nothing.
- At its limit the oldest messages are dropped, counted, and an `EventsLost` takes their place. Notices are never
  dropped.
- No lock and no waiting here: the shells bring both.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ami_typed.notices import EventsLost, Notice

if TYPE_CHECKING:
    from ami_typed.messages import Aggregate, Message

__all__ = ["Backlog"]


class Backlog:
    """A bounded queue of batches of messages.

    Args:
        limit: How many messages wait at most.

    Attributes:
        dropped: How many messages were dropped in all.
    """

    def __init__(self, limit: int) -> None:
        self.dropped = 0
        self._limit = limit
        self._batches: deque[list[Message | Aggregate]] = deque()
        self._waiting = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    @property
    def crowded(self) -> bool:
        """Whether the callbacks are far behind."""
        return self._waiting * 2 > self._limit

    def put(self, batch: list[Message | Aggregate]) -> None:
        """Take in what came."""
        crowded = self.crowded
        self._batches.append(batch)
        self._waiting += len(batch)
        if crowded and self._waiting > self._limit:
            self._drop_oldest()

    def take(self) -> list[Message | Aggregate]:
        """Return the oldest batch."""
        batch = self._batches.popleft()
        self._waiting -= len(batch)
        return batch

    def _drop_oldest(self) -> None:
        kept: list[Message | Aggregate] = []
        announced = dropped = 0
        while self._waiting > self._limit and len(self._batches) > 1:
            for message in self.take():
                if isinstance(message, EventsLost):
                    announced += message.count
                elif isinstance(message, Notice):
                    kept.append(message)
                else:
                    dropped += 1
        self.dropped += dropped
        if announced + dropped:
            kept.append(EventsLost.of_number(announced + dropped))
        if kept:
            self._batches.appendleft(kept)
            self._waiting += len(kept)
