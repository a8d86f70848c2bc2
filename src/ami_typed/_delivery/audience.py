"""The audience of a manager: the streams and callbacks that receive its messages, across reconnects.

Rules of this module:

- Streams receive a message at once; callbacks through a dispatcher, which is a thread or task of the shell.
- Streams join and leave under the shell's lock.
- Callbacks are referenced weakly, because they may refer to the manager.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ami_typed._delivery.stream_buffer import to_streams
from ami_typed._protocol.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from ami_typed._delivery.backlog import Backlog
    from ami_typed._delivery.bounded import Bounded
    from ami_typed._delivery.log import Log
    from ami_typed._delivery.stream_buffer import Endable
    from ami_typed._delivery.subscriptions import Handlers
    from ami_typed.errors import ConnectionLost, Overflowed
    from ami_typed.messages import Aggregate, Event, Message

__all__ = ["Audience", "OnLoss", "quiet"]


class Throttle(Protocol):
    """Back-pressure: pauses reading while a queue is crowded.

    Attributes:
        queues: The queues that it pauses for.
    """

    queues: tuple[Bounded, ...]

    def nudge(self) -> None:
        """Check again whether reading must still pause."""


class Dispatcher(Protocol):
    """The thread or task that calls the callbacks."""

    @property
    def dropped(self) -> int:
        """The number of messages dropped because the callbacks could not keep up."""
        ...

    @property
    def waiting(self) -> int:
        """The number of messages queued for the callbacks."""
        ...

    def put(self, batch: list[Message | Aggregate], /) -> Overflowed | None:
        """Accept a batch. Return why the connection must end, if it must."""

    def hold(self) -> Backlog:
        """Return a queue with the limits of this one, for messages to deliver later."""
        ...

    def end(self) -> None:
        """End after delivering everything accepted so far."""

    def disown(self) -> None:
        """Deliver nothing more, in a child process."""


T = TypeVar("T", bound=Throttle)
D = TypeVar("D", bound=Dispatcher)


class ReadWhile(Protocol):
    """Reads for a thread that would otherwise wait for itself: in a signal handler that interrupted the reader."""

    def __call__(self, missing: Callable[[], bool], deadline: float | None, /) -> object:
        """Read while something is missing, until a deadline."""


def leave_reading(missing: Callable[[], bool], deadline: float | None) -> None:
    """Default for `ReadWhile`: another thread reads, or the event loop."""


class OnLoss(Protocol):
    """A function to call when a connection has ended."""

    def __call__(self, connection: Any, reason: ConnectionLost, wanted: bool, /) -> object:
        """Handle the end of a connection, given the reason and whether the program wanted it."""


def quiet(connection: object, reason: ConnectionLost, wanted: bool) -> None:
    """Default for `OnLoss`: the connection is not in use yet."""


_NOTHING_KNOWN = Visibility()


class Audience(Generic[T, D]):
    """The streams and callbacks of one manager.

    Args:
        handlers: The table of callbacks and streams.
        throttle: Pauses reading while callbacks or streams cannot keep up.
        dispatcher: Calls the callbacks.
        log: The manager's log.
        lock: Creates the reentrant lock to hold while streams join and leave.

    Attributes:
        streams: The streams that have joined; `None` until one does.
        read_while: Reads for a stream in a signal handler: a method of the connection, if that uses threads.
        explain: Explains why events of the given names may not have arrived.
        inherited: Whether this is a copy in a child process.
    """

    def __init__(
        self, handlers: Handlers, throttle: T, dispatcher: D, log: Log, lock: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self.throttle = throttle
        self.dispatcher = dispatcher
        self.streams: weakref.WeakSet[Endable] | None = None
        self.read_while: ReadWhile = leave_reading
        self.explain: Callable[[Iterable[str]], str] = _NOTHING_KNOWN.explain
        self.inherited = False
        self._handlers = weakref.ref(handlers)
        self._log = log
        self._new_lock = lock
        self._lock = lock()
        self._dropped = 0
        self._dropping = False
        self._ended = False
        self._reason: Exception | None = None

    def deliver(self, messages: list[Message | Aggregate]) -> Overflowed | None:
        """Deliver messages to the streams at once, and queue them for the callbacks.

        Returns:
            Why the connection must end, if it must: a queue overflowed whose policy is to disconnect.
        """
        if self._log.debug:
            for message in messages:
                self._log.trace("<", message)
        overflowed = None
        handlers = self._handlers()
        if handlers is not None and handlers.sinks:
            messages, overflowed = to_streams(messages, handlers, self.throttle.queues)
        if messages:
            overflowed = self.dispatcher.put(messages) or overflowed
        if self._dropping or self.dispatcher.dropped != self._dropped:
            self._warn_of_drops()
        return overflowed

    def resume(self, first: Iterable[Event], held: Backlog) -> Overflowed | None:
        """Deliver events, and then the messages that were held back; report those that were dropped meanwhile.

        Returns:
            See `deliver`.
        """
        if held.dropped:
            self._log.note(
                f"{held.dropped} events were dropped before the log-in was complete (reported as EventsLost)."
            )
            for stream in list(self.streams or ()):
                stream.miss(held.dropped)
        return self.deliver([*first, *held.drain()])

    def _warn_of_drops(self) -> None:
        """Log that callbacks cannot keep up, once until no more messages are dropped."""
        dropped = self.dispatcher.dropped
        dropping = dropped > self._dropped
        if dropping and not self._dropping:
            self._log.note("Callbacks cannot keep up; dropping events (reported as EventsLost).")
        self._dropped, self._dropping = dropped, dropping

    def watch(self, queue: Bounded) -> None:
        """Pause reading for a stream's queue, too, if its policy is to block."""
        if queue.overflow.seconds:
            with self._lock:
                self.throttle.queues += (queue,)

    def forget(self, queue: Bounded) -> None:
        """Stop pausing reading for a stream's queue."""
        with self._lock:
            self.throttle.queues = tuple(each for each in self.throttle.queues if each is not queue)
        self.throttle.nudge()

    def join(self, stream: Endable) -> None:
        """Add a stream; if the audience has already ended, end the stream at once."""
        with self._lock:
            if not self._ended:
                if self.streams is None:
                    self.streams = weakref.WeakSet()
                self.streams.add(stream)
                return
        stream.end(self._reason)

    def leave(self, reason: Exception | None) -> None:
        """End delivery. Streams raise the reason after their buffered events, or just end if there is none."""
        with self._lock:
            if not self._ended:
                self._ended, self._reason = True, reason
            streams = list(self.streams or ())
        for stream in streams:
            stream.end(self._reason)
        self.dispatcher.end()

    def disown(self, reason: Exception) -> None:
        """End delivery in a child process; the parent continues."""
        self._lock = self._new_lock()  # a thread of the parent may hold the old one
        self.inherited = self._ended = True
        self._reason = reason
        self.dispatcher.disown()
        for stream in list(self.streams or ()):
            stream.disown(reason)
