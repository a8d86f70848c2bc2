"""What happens where a queue is full: chosen by the program, for the callbacks and for each stream.

Rules of this module:

- A queue is bounded by messages and by bytes.
- A queue that blocks is `crowded` from half of its limit on: the shells then rest from reading, so that the server is
  slowed down. Who waits for an answer reads on.
- What one read brings before a queue that blocks is crowded is taken in, however much it is: who rests in time loses
  nothing.
- No lock, no clock and no waiting here: the shells bring them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from ami_typed.messages import Event, Message
from ami_typed.statistics import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ami_typed.messages import Aggregate

__all__ = ["Bounded", "Overflow", "weight"]


class _Parts(NamedTuple):
    drops: Literal["oldest", "newest"]
    disconnects: bool = False
    seconds: float = 0.0


class Overflow(_Parts):
    """What happens where callbacks or the reader of a stream fall behind: ``Manager(overflow=Overflow.DROP_NEWEST)``.

    Whatever is chosen, an answer is never dropped nor delayed, what is dropped is counted and announced in its place
    (to callbacks as `EventsLost`; by a stream as `EventsDropped`, or as `EventsLost` where it was asked for), and a
    queue holds no more than its limits: `Limits.events` or `Limits.stream`, and `Limits.waiting`.

    Attributes:
        drops: Which events give way at the limit.
        disconnects: Whether the connection ends there.
        seconds: How long reading rests before, at most.
    """

    __slots__ = ()

    DROP_OLDEST: ClassVar[Overflow]
    """At the limit the oldest events give way: what is read is never far behind what happens."""
    DROP_NEWEST: ClassVar[Overflow]
    """At the limit no more events are let in until there is room: what was let in is complete."""
    DISCONNECT: ClassVar[Overflow]
    """At the limit the connection ends with `Overflowed`; with ``reconnect`` it is made again.

    What was let in is still delivered, and behind it what was not is announced, then that the connection is lost.
    """

    @staticmethod
    def block(seconds: float = 10.0, then: Overflow | None = None) -> Overflow:
        """Rest from reading while more than half of the limit waits, so that the server slows down and nothing is lost.

        Asterisk closes a connection that takes nothing for ``writetimeout`` (manager.conf; 100 ms where it is not set;
        main/manager.c of 13.38.3 to 22.10.1). What the operating system buffers, some megabytes, is all that a rest
        may use up; raise ``writetimeout`` above ``seconds`` where it is to last longer.

        While somebody waits for an answer reading goes on, because the answer lies behind the events. So events may be
        dropped at the limit during a flood in which a callback, or whoever reads the stream, sends requests: each lets
        in what comes until its answer does.

        Args:
            seconds: How long reading rests before it goes on all the same.
            then: What happens at the limit when reading went on; the oldest events are dropped where nothing is given.

        Raises:
            ValueError: ``seconds`` is below 0.
        """
        if not seconds >= 0:  # nor not a number
            raise ValueError(f"Reading cannot rest for {seconds:g} seconds; give 0 or more.")
        return (then or Overflow.DROP_OLDEST)._replace(seconds=seconds)


Overflow.DROP_OLDEST = Overflow("oldest")
Overflow.DROP_NEWEST = Overflow("newest")
Overflow.DISCONNECT = Overflow("newest", disconnects=True)


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
