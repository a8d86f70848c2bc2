"""The queue in front of the callbacks: bounded and ordered, with a notice in place of dropped messages.

Rules of this module:

- The program chooses what happens at the limit; see `Overflow`.
- A batch that is alone in the queue is not weighed: it is next, and callbacks that keep up must cost nothing.
- Dropped messages are counted, and replaced with an `EventsLost`. Notices are never dropped.
- No locking or waiting here: the shells provide both.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ami_typed._delivery.bounded import Bounded, weight
from ami_typed.errors import Overflowed
from ami_typed.notices import EventsLost, Notice

if TYPE_CHECKING:
    from ami_typed._protocol.tally import Tally
    from ami_typed.messages import Aggregate, Message
    from ami_typed.overflow import Overflow

__all__ = ["Backlog"]


_EMPTY: deque[tuple[list[Message | Aggregate], int]] = deque()
"""Shared by all queues that were never used, because an empty deque takes 760 bytes. Never mutate it."""


class Backlog(Bounded):
    """A bounded queue of batches of messages; see `Bounded`."""

    def __init__(self, overflow: Overflow, messages: int, octets: int, tally: Tally | None = None) -> None:
        super().__init__(overflow, messages, octets, tally)
        self._batches: deque[tuple[list[Message | Aggregate], int]] = _EMPTY

    def __bool__(self) -> bool:
        return bool(self._batches)

    def put(self, batch: list[Message | Aggregate]) -> Overflowed | None:
        """Accept a batch. Return why the connection must end, if it must."""
        self.brace()
        dropped = self.dropped
        self._append(batch)
        self.tally.queue_highest = max(self.tally.queue_highest, self._waiting)
        if self._full:
            self._drop_oldest() if self.overflow.drops == "oldest" else self._drop_newest()
            self.tally.events_dropped += self.dropped - dropped
        if not self.overflow.disconnects or self.dropped == dropped:
            return None
        return Overflowed(
            f"callbacks cannot keep up: more than {self._messages} messages (Limits.events) or {self._octets} bytes "
            "(Limits.waiting) were queued, and the policy is Overflow.DISCONNECT."
        )

    def another(self) -> Backlog:
        """Return an empty queue with the same limits, policy and counters."""
        return Backlog(self.overflow, self._messages, self._octets, self.tally)

    def drain(self) -> list[Message | Aggregate]:
        """Remove and return all messages."""
        messages = [message for batch, _ in self._batches for message in batch]
        self.discard()
        return messages

    def discard(self) -> None:
        """Discard everything silently."""
        self._batches.clear()
        self._waiting = self._held = 0

    def take(self) -> list[Message | Aggregate]:
        """Remove and return the oldest batch."""
        batch, octets = self._batches.popleft()
        self._count(-len(batch), -octets)
        return batch

    def _append(self, batch: list[Message | Aggregate]) -> None:
        octets = weight(batch) if self._batches else 0
        if self._batches is _EMPTY:
            self._batches = deque()
        self._batches.append((batch, octets))
        self._count(len(batch), octets)

    def _prepend(self, batch: list[Message | Aggregate]) -> None:
        octets = weight(batch) if self._batches else 0
        self._batches.appendleft((batch, octets))
        self._count(len(batch), octets)

    def _room(self, batch: list[Message | Aggregate]) -> int:
        """Return how many messages of a batch fit; none if its bytes do not."""
        fits = not self._batches or self._held + weight(batch) <= self._octets
        return min(len(batch), max(0, self._messages - self._waiting)) if fits else 0

    def _drop_oldest(self) -> None:
        gone: list[Message | Aggregate] = []
        while self._full and self._batches:
            batch = self.take()
            over = len(batch) - self._room(batch)
            gone += batch[:over]
            if over < len(batch):
                self._prepend(batch[over:])
        self._prepend(self._in_place_of(gone))

    def _drop_newest(self) -> None:
        batch, octets = self._batches.pop()
        self._count(-len(batch), -octets)
        room = self._room(batch)
        instead = self._in_place_of(batch[room:])
        before = self._batches[-1][0] if self._batches else None
        if before and not room and len(instead) == 1 and _are_lost(before[-1], instead[0]):
            before[-1] = self._in_place_of([before[-1], *instead])[0]
        else:
            self._append([*batch[:room], *instead])

    def _in_place_of(self, gone: list[Message | Aggregate]) -> list[Message | Aggregate]:
        """Count dropped messages. Return their replacement: their notices, and one `EventsLost` with the total."""
        kept: list[Message | Aggregate] = []
        lost = 0
        for message in gone:
            if isinstance(message, EventsLost):
                lost += message.count
            elif isinstance(message, Notice):
                kept.append(message)
            else:
                lost += 1
                self.dropped += 1
        return [*kept, EventsLost.of_number(lost)] if lost else kept


def _are_lost(*messages: Message | Aggregate) -> bool:
    return all(isinstance(message, EventsLost) for message in messages)
