"""Everyone who hears what a manager receives, over one connection and those that replace it after a loss.

Rules of this module:

- Streams get a message at once, callbacks by a dispatcher: a thread or a task, which the shell brings.
- Streams join and leave under the shell's lock.
- Callbacks are held weakly, because they may refer to the manager.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ami_typed._delivery.stream_buffer import to_streams
from ami_typed._protocol.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from ami_typed._delivery.bounded import Bounded
    from ami_typed._delivery.log import Log
    from ami_typed._delivery.stream_buffer import Endable
    from ami_typed._delivery.subscriptions import Handlers
    from ami_typed.errors import ConnectionLost, Overflowed
    from ami_typed.messages import Aggregate, Message

__all__ = ["Audience", "OnLoss", "quiet"]


class Throttle(Protocol):
    """What pauses reading while a queue is crowded.

    Attributes:
        queues: The queues that it pauses for.
    """

    queues: tuple[Bounded, ...]

    def nudge(self) -> None:
        """Check again whether reading is still to pause."""


class Dispatcher(Protocol):
    """What calls the callbacks."""

    @property
    def dropped(self) -> int:
        """How many messages were dropped because the callbacks were too slow."""
        ...

    @property
    def waiting(self) -> int:
        """How many messages wait for the callbacks."""
        ...

    def put(self, batch: list[Message | Aggregate], /) -> Overflowed | None:
        """Accept a batch; return why the connection has to end, if it has."""

    def end(self) -> None:
        """End once everything accepted so far is delivered."""

    def disown(self) -> None:
        """Deliver nothing more, in a child process."""


T = TypeVar("T", bound=Throttle)
D = TypeVar("D", bound=Dispatcher)


class ReadWhile(Protocol):
    """What reads for a thread that would else wait for itself: in a signal handler that has interrupted the reader."""

    def __call__(self, missing: Callable[[], bool], deadline: float | None, /) -> object:
        """Read while something is missing, until a deadline."""


def leave_reading(missing: Callable[[], bool], deadline: float | None) -> None:
    """Default for `ReadWhile`: somebody else reads."""


class OnLoss(Protocol):
    """What is called when a connection has ended."""

    def __call__(self, connection: Any, reason: ConnectionLost, wanted: bool, /) -> object:
        """Learn which one ended and why, and whether the program wanted it."""


def quiet(connection: object, reason: ConnectionLost, wanted: bool) -> None:
    """Default for `OnLoss`: nobody was told of the connection yet."""


class Audience(Generic[T, D]):
    """The streams and callbacks of one manager.

    Args:
        handlers: The table of callbacks and streams.
        throttle: What pauses reading while callbacks or streams are behind.
        dispatcher: What calls the callbacks.
        log: The manager's log.
        lock: Makes what is held while streams join and leave; reentrant.

    Attributes:
        streams: The streams that have joined.
        read_while: What reads for a stream in a signal handler: the connection, if it has threads.
        explain: Says why events of some names may not have come.
        inherited: Whether it is a copy in a child process.
    """

    def __init__(
        self, handlers: Handlers, throttle: T, dispatcher: D, log: Log, lock: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self.throttle = throttle
        self.dispatcher = dispatcher
        self.streams: weakref.WeakSet[Endable] = weakref.WeakSet()
        self.read_while: ReadWhile = leave_reading
        self.explain: Callable[[Iterable[str]], str] = Visibility().explain
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
        """Hand messages to the streams at once, and to the callbacks after what these still have to hear.

        Returns:
            Why the connection has to end, if it has: a queue overflowed whose policy says so.
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

    def _warn_of_drops(self) -> None:
        """Log that callbacks are too slow, once until nothing is dropped again."""
        dropped = self.dispatcher.dropped
        dropping = dropped > self._dropped
        if dropping and not self._dropping:
            self._log.note("Callbacks are too slow: events are dropped before them, announced as EventsLost.")
        self._dropped, self._dropping = dropped, dropping

    def watch(self, queue: Bounded) -> None:
        """Pause reading for a stream's queue too, if its policy is to block."""
        if queue.overflow.seconds:
            with self._lock:
                self.throttle.queues += (queue,)

    def forget(self, queue: Bounded) -> None:
        """Pause no longer for a stream's queue."""
        with self._lock:
            self.throttle.queues = tuple(each for each in self.throttle.queues if each is not queue)
        self.throttle.nudge()

    def join(self, stream: Endable) -> None:
        """Accept a stream; one that comes after the end learns of it at once."""
        with self._lock:
            if not self._ended:
                self.streams.add(stream)
                return
        stream.end(self._reason)

    def leave(self, reason: Exception | None) -> None:
        """End: nothing more will come. Streams raise the reason after what they have, or just end without one."""
        with self._lock:
            if not self._ended:
                self._ended, self._reason = True, reason
            streams = list(self.streams)
        for stream in streams:
            stream.end(self._reason)
        self.dispatcher.end()

    def disown(self, reason: Exception) -> None:
        """End, in a child process, what the parent goes on hearing."""
        self._lock = self._new_lock()  # the old one may be held by a thread that is the parent's
        self.inherited = self._ended = True
        self._reason = reason
        self.dispatcher.disown()
        for stream in list(self.streams):
            stream.disown(reason)
