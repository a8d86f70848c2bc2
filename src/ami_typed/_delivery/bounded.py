"""A queue with limits: how much waits in it, and how long reading pauses because of it.

Rules of this module:

- A queue is bounded by messages and by bytes.
- A queue whose policy blocks is `crowded` from half of its limit on: the shells then pause reading, which slows the
  server down. A thread or task that waits for an answer keeps reading.
- What one read brings before such a queue is crowded is accepted, however much it is: a reader that pauses in time
  loses nothing.
- No lock, no clock and no waiting here: the shells bring them.
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
    """Return the bytes that messages hold."""
    try:
        octets: list[bytes] = [each._octets for each in messages]  # type: ignore[union-attr]  # an aggregate has none: below
        return sum(map(len, octets))
    except AttributeError:  # an aggregate, which is rare
        return sum(map(_octets_of, messages))


def _octets_of(message: Message | Aggregate) -> int:
    if isinstance(message, Message):
        return len(message._octets)
    held: Iterable[Event | list[Event]] = message.values()
    return sum(weight([each] if isinstance(each, Event) else each) for each in held)


class Bounded:
    """How much waits in a queue, and how long reading is to rest because of it.

    Args:
        overflow: What happens at the limit.
        messages: How many messages wait at most.
        octets: How many bytes they hold at most.
        tally: What counts, beyond this queue's life.

    Attributes:
        overflow: What happens at the limit.
        tally: What counts.
        dropped: How many messages were dropped in all.
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
        """How many messages wait."""
        return self._waiting

    @property
    def crowded(self) -> bool:
        """Whether reading should rest: more than half of the limit waits."""
        return self.overflow.seconds > 0 and (self._waiting * 2 > self._messages or self._held * 2 > self._octets)

    def rest(self, now: float) -> float:
        """Return for how long reading should rest, in seconds: never longer in all than the program wants.

        Args:
            now: The shell's clock, in seconds.
        """
        if not self.crowded:
            self._crowded_since = None
            return 0.0
        if self._crowded_since is None:
            self._crowded_since = now
        return max(0.0, self._crowded_since + self.overflow.seconds - now)

    def brace(self) -> None:
        """Note that a read has brought something: it is taken in whole, unless reading should have rested."""
        self._strict = self.crowded or not self.overflow.seconds

    def _count(self, messages: int, octets: int) -> None:
        self._waiting += messages
        self._held += octets

    @property
    def _full(self) -> bool:
        """Whether something has to give way."""
        return self._strict and (self._waiting > self._messages or self._held > self._octets)
