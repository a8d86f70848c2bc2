"""The limits of a queue: how much is in it, and how long reading pauses because of it.

Rules of this module:

- A queue is bounded by messages and by bytes.
- A queue whose policy is to block is `crowded` above half of its limit: the shells then pause reading, and this
  back-pressure slows the server down. While a thread or task waits for an answer, reading continues.
- If such a queue is not crowded, everything that one read returns is accepted, however much it is: a reader that
  pauses in time loses nothing.
- No locking, clock or waiting here: the shells provide them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed._protocol.tally import Tally
from ami_typed.messages import Event, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ami_typed.messages import Aggregate
    from ami_typed.overflow import Overflow

__all__ = ["Bounded", "weight"]


def weight(messages: Sequence[Message | Aggregate]) -> int:
    """Return the size of messages in bytes."""
    try:
        octets: list[bytes] = [each._octets for each in messages]  # type: ignore[union-attr]  # an aggregate has none; see below
        return sum(map(len, octets))
    except AttributeError:  # an aggregate, which is rare
        return sum(map(_octets_of, messages))


def _octets_of(message: Message | Aggregate) -> int:
    if isinstance(message, Message):
        return len(message._octets)
    held: Iterable[Event | list[Event]] = message.values()
    return sum(weight([each] if isinstance(each, Event) else each) for each in held)


class Bounded:
    """The fill level of a queue, and how long reading must pause because of it.

    Args:
        overflow: What happens at the limit.
        messages: The maximum number of messages in the queue.
        octets: Their maximum size, in bytes.
        tally: The counters, which outlive this queue.

    Attributes:
        overflow: What happens at the limit.
        tally: The counters.
        dropped: The total number of messages dropped.
    """

    def __init__(self, overflow: Overflow, messages: int, octets: int, tally: Tally | None = None) -> None:
        self.overflow = overflow
        self.tally = tally or Tally()
        self.dropped: int = 0
        self._messages = messages
        self._octets = octets
        self._waiting = 0
        self._held: int = 0
        self._crowded_since: float | None = None
        self._strict = True

    @property
    def waiting(self) -> int:
        """The number of messages in the queue."""
        return self._waiting

    @property
    def crowded(self) -> bool:
        """Whether reading should pause: the queue is more than half full."""
        return self.overflow.seconds > 0 and (self._waiting * 2 > self._messages or self._held * 2 > self._octets)

    def rest(self, now: float) -> float:
        """Return how long reading should pause, in seconds; the total never exceeds what the program chose.

        Args:
            now: The current time of the shell's clock, in seconds.
        """
        if not self.crowded:
            self._crowded_since = None
            return 0.0
        if self._crowded_since is None:
            self._crowded_since = now
        return max(0.0, self._crowded_since + self.overflow.seconds - now)

    def brace(self) -> None:
        """Prepare for the messages of a read: they are accepted completely, unless reading should have paused."""
        self._strict = self.crowded or not self.overflow.seconds

    def _count(self, messages: int, octets: int) -> None:
        self._waiting += messages
        self._held += octets

    @property
    def _full(self) -> bool:
        """Whether messages must be dropped."""
        return self._strict and (self._waiting > self._messages or self._held > self._octets)
