"""What waits in a stream between the reader and whoever iterates: bounded, in order, with its gaps announced.

Rules of this module:

- What happens at the limit is the program's choice; see `Overflow`.
- A gap is counted, and told once in its place: raised (`EventsDropped`), or returned as an `EventsLost` where the
  stream is of those too.
- What came before the connection ended is still read; then the reason for the end is raised, or the stream just ends
  where the program itself disconnected.
- No waiting here: the shells bring that. And no lock: one thread puts in, others take out, and neither may have to wait
  for another that a signal handler has interrupted. What has to happen at once happens between two calls, where CPython
  switches no threads and runs no handlers (see `_transport.locks`).
- A stream takes its messages before the callbacks have theirs, on the time of who reads.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

from ami_typed._delivery.bounded import Bounded
from ami_typed.errors import EventsDropped, Overflowed
from ami_typed.messages import Event
from ami_typed.notices import EventsLost
from ami_typed.overflow import checked
from ami_typed.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Never

    from typing_extensions import TypeVar as DefaultTypeVar

    from ami_typed._delivery.subscriptions import Handlers
    from ami_typed._protocol.tally import Tally
    from ami_typed.messages import Aggregate, Message
    from ami_typed.overflow import Overflow

    # The classes that `subscribe` and `wait_for` are given, one by one: checkers make a union of them, and a class that
    # is left out adds nothing to it. One variable for all would be their common base to mypy.
    E1 = TypeVar("E1", bound=Event)
    E2 = DefaultTypeVar("E2", bound=Event, default=Never)
    E3 = DefaultTypeVar("E3", bound=Event, default=Never)
    E4 = DefaultTypeVar("E4", bound=Event, default=Never)
    E5 = DefaultTypeVar("E5", bound=Event, default=Never)
    E6 = DefaultTypeVar("E6", bound=Event, default=Never)
    E7 = DefaultTypeVar("E7", bound=Event, default=Never)
    E8 = DefaultTypeVar("E8", bound=Event, default=Never)
    E9 = DefaultTypeVar("E9", bound=Event, default=Never)
    E10 = DefaultTypeVar("E10", bound=Event, default=Never)
    E11 = DefaultTypeVar("E11", bound=Event, default=Never)
    E12 = DefaultTypeVar("E12", bound=Event, default=Never)
    E13 = DefaultTypeVar("E13", bound=Event, default=Never)
    E14 = DefaultTypeVar("E14", bound=Event, default=Never)
    E15 = DefaultTypeVar("E15", bound=Event, default=Never)
    E16 = DefaultTypeVar("E16", bound=Event, default=Never)
    Es = DefaultTypeVar("Es", bound=Event, default=Never)

__all__ = ["Buffer", "Endable", "to_streams"]

E = TypeVar("E", bound=Event)


class Endable(Protocol):
    """What has to learn of the connection's end: a stream."""

    def end(self, reason: Exception | None, /) -> None:
        """Let nothing in any more."""

    def disown(self, reason: Exception, /) -> None:
        """Raise the reason from now on, in a child process: what has come is its parent's."""


def to_streams(
    messages: Iterable[Message | Aggregate], handlers: Handlers, queues: Iterable[Bounded]
) -> tuple[list[Message | Aggregate], Overflowed | None]:
    """Hand messages to the streams that take them.

    Args:
        messages: What came.
        handlers: The table of callbacks and streams.
        queues: What is to make ready for it.

    Returns:
        The messages that callbacks take as well, and why the connection has to end, if it has.
    """
    for queue in queues:
        queue.brace()
    left: list[Message | Aggregate] = []
    overflowed: Overflowed | None = None
    for message in messages:
        route = handlers.by_class.get(message.__class__) or handlers.route_of(message)
        for sink in route.sinks:
            overflowed = sink(message) or overflowed
        if route.functions:
            left.append(message)
    return left, overflowed


class Buffer(Bounded, Generic[E]):
    """A bounded queue of events; see `Bounded`.

    Args:
        overflow: What happens at the limit.
        limit: How many events wait at most.
        octets: How many bytes they hold at most.
        tally: What counts, beyond this stream's life.
        tells: Whether a gap is told by an `EventsLost`, instead of an exception.

    Raises:
        TypeError: ``overflow`` or ``limit`` is of a wrong type.
        ValueError: ``limit`` is below 1.
    """

    def __init__(
        self, overflow: Overflow, limit: int, octets: int, tally: Tally | None = None, *, tells: bool = False
    ) -> None:
        super().__init__(checked(overflow), count(limit, "limit"), octets, tally)
        self._tells = tells
        self._events: deque[E | int] = deque()  # a number stands for so many that were dropped
        self._dropping = False
        self._ended = False
        self._reason: Exception | None = None

    @property
    def crowded(self) -> bool:
        """Whether reading should rest; not for a stream that has ended."""
        return not self._ended and super().crowded

    def put(self, event: E) -> Overflowed | None:
        """Take in an event, unless the stream has ended; return why the connection is to end, if it is."""
        if self._ended:
            return None
        octets = len(event._octets)
        self._waiting += 1
        self._held += octets
        self._events.append(event)
        if not self._full:
            return None
        self._dropping = True
        try:
            self._drop_oldest() if self.overflow.drops == "oldest" else self._drop_newest()
        finally:
            self._dropping = False
        if not self.overflow.disconnects:
            return None
        return Overflowed(
            f"a stream was not read: more than {self._messages} events (Limits.stream, or its own limit) or "
            f"{self._octets} bytes (Limits.waiting) waited in it, and Overflow.DISCONNECT was chosen for that."
        )

    def _drop_oldest(self) -> None:
        gap = 0
        while self._full:
            gap += self._drop(self._events.popleft())
        self._events.appendleft(gap)

    def _drop_newest(self) -> None:
        gap = self._drop(self._events.pop())
        if self._events and isinstance(before := self._events[-1], int):
            self._events[-1] = before + gap
        else:
            self._events.append(gap)

    def _drop(self, event: E | int) -> int:
        """Count an event that was taken out; return how many are missing for it."""
        if isinstance(event, int):
            return event
        self.dropped += 1
        self.tally.stream_events_dropped += 1
        self._count(-1, -len(event._octets))
        return 1

    def end(self, reason: Exception | None) -> None:
        """Let nothing in any more; ``reason`` is raised behind the last event, `None` just ends the stream."""
        if not self._ended:
            self._ended = True
            self._reason = reason

    def discard(self, reason: Exception) -> None:
        """End at once: what has come is not read any more."""
        self._events.clear()
        self._waiting = self._held = 0
        self._dropping = False
        self._ended, self._reason = True, reason

    @property
    def ready(self) -> bool:
        """Whether `take` has something to say at once."""
        return (bool(self._events) and not self._dropping) or self._ended

    def take(self) -> E | None:
        """Return the next event, `None` at the end of the stream; ask `ready` first.

        Raises:
            LookupError: There is none any more, or not yet: another thread was faster.
            EventsDropped: Events were dropped before the next one.
            Exception: The reason for the end.
        """
        ended = self._ended  # before it is looked whether there are events: none comes after the end
        if self._events:
            event = self._events[0]
            events, octets = (0, 0) if isinstance(event, int) else (1, len(event._octets))
            pop = self._events.popleft
            if self._dropping or not self._events or self._events[0] is not event:
                raise LookupError("another thread was faster")
            self._waiting -= events
            self._held -= octets
            pop()
            return self._tell(event) if isinstance(event, int) else event
        if not ended:
            raise LookupError("there is no event")
        if self._reason is not None:
            raise self._reason
        return None

    def _tell(self, gap: int) -> E:
        if not self._tells:
            raise EventsDropped(gap)
        return cast("E", EventsLost.of_number(gap))  # the stream was asked for these, so they are of its type
