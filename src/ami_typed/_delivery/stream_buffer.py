"""The buffer of a stream, between the reader and the iterating consumer: bounded, ordered, with its gaps reported.

Rules of this module:

- The program chooses what happens at the limit; see `Overflow`.
- A gap is counted and reported once, in its place: raised (`EventsDropped`), or returned as an `EventsLost` if the
  stream has subscribed to those.
- Events that arrived before the connection ended can still be read; then the reason for the end is raised, or the
  stream just ends if the program itself disconnected.
- No waiting here: the shells provide that. And no lock: one thread puts, others take, and neither may have to wait for
  another that a signal handler has interrupted. What must be atomic happens between two calls, where CPython switches
  no threads and runs no handlers (see `_transport.locks`).
- A stream receives its messages before the callbacks do, in the reader's thread or task.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

from ami_typed._delivery.bounded import Bounded
from ami_typed.errors import EventsDropped, Overflowed
from ami_typed.notices import EventsLost
from ami_typed.overflow import checked
from ami_typed.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Never

    from typing_extensions import TypeVar as DefaultTypeVar

    from ami_typed._delivery.subscriptions import Handlers
    from ami_typed._protocol.tally import Tally
    from ami_typed.messages import Aggregate, Event, Message
    from ami_typed.overflow import Overflow

    # The classes passed to `subscribe` and `wait_for`, one variable each: checkers form a union of them, and an omitted
    # class adds nothing to it. mypy would solve a single variable for all of them to their common base.
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


class Held(Protocol):
    """What may wait in a buffer: an event, or a change of the live model."""

    @property
    def _octets(self) -> bytes: ...


E = TypeVar("E", bound=Held)


class Endable(Protocol):
    """A stream, which must be notified of the connection's end."""

    def end(self, reason: Exception | None, /) -> None:
        """Stop accepting events."""

    def miss(self, number: int, /) -> None:
        """Report a gap."""

    def disown(self, reason: Exception, /) -> None:
        """Raise the reason from now on, in a child process: buffered events belong to its parent."""


def to_streams(
    messages: Iterable[Message | Aggregate], handlers: Handlers, queues: Iterable[Bounded]
) -> tuple[list[Message | Aggregate], Overflowed | None]:
    """Deliver messages to the streams that receive them.

    Args:
        messages: The messages received.
        handlers: The table of callbacks and streams.
        queues: The queues to prepare for them.

    Returns:
        The messages that callbacks receive, too, and why the connection must end, if it must.
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
    """A bounded queue of events, or of changes of the live model; see `Bounded`.

    Args:
        overflow: What happens at the limit.
        limit: The maximum number of events in the buffer.
        octets: Their maximum size, in bytes.
        tally: The counters, which outlive this stream.
        tells: Whether to report a gap by an `EventsLost` instead of an exception.

    Raises:
        TypeError: ``overflow`` or ``limit`` has the wrong type.
        ValueError: ``limit`` is below 1.
    """

    def __init__(
        self, overflow: Overflow, limit: int, octets: int, tally: Tally | None = None, *, tells: bool = False
    ) -> None:
        super().__init__(checked(overflow), count(limit, "limit"), octets, tally)
        self._tells = tells
        self._events: deque[E | int] = deque()  # a number is a gap of that many dropped events
        self._dropping = False
        self._ended = False
        self._reason: Exception | None = None

    @property
    def crowded(self) -> bool:
        """Whether reading should pause; never for a stream that has ended."""
        return not self._ended and super().crowded

    def put(self, event: E) -> Overflowed | None:
        """Accept an event, unless the stream has ended. Return why the connection must end, if it must."""
        if self._ended:
            return None
        octets = len(event._octets)
        self._waiting += 1
        self._held += octets
        self._events.append(event)
        if not self._strict or (self._waiting <= self._messages and self._held <= self._octets):  # not `_full`, inlined
            return None
        self._dropping = True
        try:
            self._drop_oldest() if self.overflow.drops == "oldest" else self._drop_newest()
        finally:
            self._dropping = False
        if not self.overflow.disconnects:
            return None
        return Overflowed(
            f"a stream was not read fast enough: more than {self._messages} events (Limits.stream, or its own limit) "
            f"or {self._octets} bytes (Limits.waiting) were queued, and its policy is Overflow.DISCONNECT."
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
        """Count an event that was removed. Return the number of events missing in its place."""
        if isinstance(event, int):
            return event
        self.dropped += 1
        self.tally.stream_events_dropped += 1
        self._count(-1, -len(event._octets))
        return 1

    def miss(self, number: int) -> None:
        """Report a gap of at most so many events, unless the stream receives the `EventsLost` that reports it."""
        if not (self._ended or self._tells):
            self._events.append(number)

    def end(self, reason: Exception | None) -> None:
        """Stop accepting events. ``reason`` is raised after the last event; `None` just ends the stream."""
        if not self._ended:
            self._ended = True
            self._reason = reason

    def discard(self, reason: Exception) -> None:
        """End at once, discarding buffered events."""
        self._events.clear()
        self._waiting = self._held = 0
        self._dropping = False
        self._ended, self._reason = True, reason

    @property
    def ready(self) -> bool:
        """Whether `take` can return or raise at once."""
        return (bool(self._events) and not self._dropping) or self._ended

    def take(self) -> E | None:
        """Return the next event, `None` at the end of the stream; check `ready` first.

        Raises:
            LookupError: There is no event, or another thread was faster.
            EventsDropped: Events were dropped before the next one.
            Exception: The reason for the end.
        """
        ended = self._ended  # before checking for events: none arrives after the end
        if self._events:
            event = self._events[0]
            events, octets = (0, 0) if isinstance(event, int) else (1, len(event._octets))
            pop = self._events.popleft
            if self._dropping or not self._events or self._events[0] is not event:
                raise LookupError("another thread took the event")
            self._waiting -= events
            self._held -= octets
            pop()
            return self._tell(event) if isinstance(event, int) else event
        if not ended:
            raise LookupError("no event is buffered")
        if self._reason is not None:
            raise self._reason
        return None

    def take_all(self) -> list[E] | None:
        """Return the events up to the next gap, or one `EventsLost` for it; `None` at the end; check `ready` first.

        Raises:
            LookupError, EventsDropped, Exception: As `take` does, if it is the case for the first event.
        """
        first = self.take()
        if first is None:
            return None
        taken = [first]
        events = self._events
        pop = events.popleft
        while events:
            event = events[0]
            if isinstance(event, int):
                break
            octets = len(event._octets)
            if self._dropping or not events or events[0] is not event:  # as in `take`: no call until it is removed
                break
            self._waiting -= 1
            self._held -= octets
            pop()
            taken.append(event)
        return taken

    def _tell(self, gap: int) -> E:
        if not self._tells:
            raise EventsDropped(gap)
        return cast("E", EventsLost.of_number(gap))  # the stream has subscribed to these, so they are of its type
