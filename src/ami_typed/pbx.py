"""A server's calls, kept up to date: the I/O around `ami_typed.live` for programs with threads.

`Pbx` subscribes to the events of calls, loads the calls already in progress, and reloads after a gap. One thread
processes the events; programs read `Pbx.calls` at any time, and changes from `Pbx.changes`.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, overload

from ami_typed import actions, live
from ami_typed._delivery.quiet import hush
from ami_typed._delivery.stream_buffer import Buffer
from ami_typed._transport.locks import Bell
from ami_typed.errors import ActionFailed, ChangesDropped, Error, EventTimeout, NotInRelease
from ami_typed.events import Reload, VarSet
from ami_typed.limits import Limits
from ami_typed.messages import Aggregate, Event, ListRequest, Request
from ami_typed.notices import Disconnected, EventsLost, Reconnected
from ami_typed.overflow import Overflow
from ami_typed.quantities import seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from ami_typed import events
    from ami_typed.live.joining import Lists
    from ami_typed.messages import R
    from ami_typed.quantities import Seconds

    QueueLists: TypeAlias = tuple[
        Sequence[events.QueueParams], Sequence[events.QueueMember], Sequence[events.QueueEntry]
    ]

__all__ = ["ChangeStream", "Pbx", "Watching"]

A = TypeVar("A", bound=Aggregate)


class _Events(Protocol):
    """The part of the interface of `EventStream` that is used here."""

    def get(self, timeout: float | None = None) -> Event: ...
    def close(self) -> None: ...
    def __iter__(self) -> Iterator[Event]: ...


class _Manager(Protocol):
    """The part of the interface of `Manager` that is used here."""

    def subscribe(self, *event_classes: type[Event]) -> _Events: ...
    @overload
    def execute(self, request: ListRequest[A], /) -> A: ...
    @overload
    def execute(self, request: Request[R], /) -> R: ...


C_co = TypeVar("C_co", bound=live.Change, covariant=True)
C = TypeVar("C", bound=live.Change)
C1 = TypeVar("C1", bound=live.Change)
C2 = TypeVar("C2", bound=live.Change)
C3 = TypeVar("C3", bound=live.Change)

_ROUNDS = 5
"""Number of comparisons before `verify` reports a difference: events arrive slightly later than the lists."""
_PATIENCE = 0.2
"""How long `verify` waits for events between two comparisons, in seconds."""

_logger = hush(logging.getLogger("ami_typed"))


class _Waiting(Buffer[live.Change]):
    """The changes that wait in a stream."""

    def __init__(self, overflow: Overflow, limit: int | None) -> None:
        limits = Limits()
        super().__init__(overflow, limits.stream if limit is None else limit, limits.waiting)
        if self.overflow.disconnects or self.overflow.seconds:
            raise ValueError(
                "A stream of changes has no connection to end or to rest from reading: its overflow is "
                "Overflow.DROP_OLDEST or Overflow.DROP_NEWEST."
            )

    def _tell(self, gap: int) -> live.Change:
        raise ChangesDropped(gap)


class Changes(Generic[C_co]):
    """The part of `ChangeStream` and of its twin for asyncio that does not wait.

    Args:
        pbx: Whose changes they are.
        kinds: The classes to collect.
        limit: How many changes wait at most, `Limits.stream` if omitted.
        overflow: Which ones are dropped beyond it.
        notify: Called when the reader should look again.

    Raises:
        TypeError: ``limit`` or ``overflow`` has the wrong type.
        ValueError: ``limit`` is below 1, or ``overflow`` concerns a connection.
    """

    def __init__(
        self,
        pbx: Watching,
        kinds: tuple[type[live.Change], ...],
        limit: int | None,
        overflow: Overflow,
        notify: Callable[[], object],
    ) -> None:
        self._pbx = pbx
        self._kinds = kinds
        self._buffer = _Waiting(overflow, limit)
        self._notify = notify

    @property
    def dropped(self) -> int:
        """The number of changes that were dropped because the stream was full."""
        return self._buffer.dropped

    def _put(self, change: live.Change) -> None:
        if isinstance(change, self._kinds):
            self._buffer.put(change)
            self._notify()

    def _end(self) -> None:
        """Stop accepting changes; those already buffered can still be read."""
        self._buffer.end(None)
        self._notify()

    def close(self) -> None:
        """Stop collecting. Closing it again does nothing."""
        self._pbx._forget(self)
        self._end()


class ChangeStream(Changes[C_co]):
    """An iterator over changes of chosen classes, in order; created by `Pbx.changes`. It ends with its `Pbx`."""

    def __init__(
        self,
        pbx: Watching,
        kinds: tuple[type[live.Change], ...],
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> None:
        self._bell = Bell()
        super().__init__(pbx, kinds, limit, overflow, self._bell.ring)

    def get(self, timeout: Seconds | None = None) -> C_co:
        """Return the next change.

        Args:
            timeout: How long to wait, in seconds; `None` waits as long as the `Pbx` is open.

        Raises:
            ChangesDropped: The stream was full; the next call continues after the gap.
            EventTimeout: No change arrived in time.
            StopIteration: The `Pbx` or this stream was closed.
            TypeError: ``timeout`` is not a duration.
        """
        timeout = seconds_or_none(timeout, "timeout", passed=True)
        try:
            change = self._next(timeout)
        finally:
            if self._buffer.ready:  # another thread may be waiting too
                self._bell.ring()
        if change is None:
            raise StopIteration
        return change  # type: ignore[return-value]  # `_put` adds only changes of its classes

    def _next(self, timeout: float | None) -> live.Change | None:
        """Wait for the next change and take it; return `None` at the end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            while not self._buffer.ready:
                if not self._bell.wait(None if deadline is None else deadline - time.monotonic()):
                    raise EventTimeout(f"No change came within {timeout:g} s.")
            try:
                return self._buffer.take()
            except LookupError:  # another thread was faster
                continue

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> C_co:
        return self.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Watching:
    """The common part of `Pbx` and `AsyncPbx`: the model, and the properties read from it."""

    _lock: AbstractContextManager[Any]

    def __init__(
        self, trunks: Sequence[str], inbound_contexts: Sequence[str], *, recordings: bool, queues: bool
    ) -> None:
        self._model = live.Model(clock=_now, trunks=trunks, inbound_contexts=inbound_contexts)
        self._streams: list[Any] = []
        self._watches_queues = queues
        wanted: set[type[Event]] = {*live.CALL_EVENTS}
        if queues:
            wanted |= {*live.QUEUE_EVENTS, Reload}
        kinds = [each for each in wanted if recordings or each is not VarSet]
        self._kinds: tuple[type[Event], ...] = (Disconnected, Reconnected, EventsLost, *kinds)
        self._boot: tuple[str, str] | None = None
        self._failure: Error | None = None
        self._ended = False

    @property
    def calls(self) -> list[live.Call]:
        """The calls in progress, in the order in which they began."""
        with self._lock:
            return list(self._model.calls)

    @property
    def channels(self) -> list[live.Leg]:
        """The existing channels."""
        with self._lock:
            return list(self._model.channels)

    @property
    def bridges(self) -> list[live.Bridge]:
        """The existing bridges."""
        with self._lock:
            return list(self._model.bridges)

    @property
    def queues(self) -> live.Queues:
        """The queues by name, if they are tracked."""
        return self._model.queues

    @property
    def fresh_since(self) -> datetime | None:
        """The time since which the picture has been complete; `None` after a gap, until it is reloaded."""
        return self._model.fresh_since

    @property
    def failure(self) -> Error | None:
        """The error that ended the updates or made the last reload fail; otherwise `None`."""
        return self._failure

    @property
    def statistics(self) -> live.ModelStatistics:
        """Counters of the events processed so far, and of irregularities among them."""
        return self._model.statistics

    def _forget(self, stream: Any) -> None:
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)

    def _add(self, stream: Any) -> None:
        """Deliver changes to a stream from now on; if this object is closed, end the stream."""
        with self._lock:
            self._streams.append(stream)
            if self._ended:
                stream._end()

    def _end(self) -> None:
        """End the streams of changes."""
        with self._lock:
            self._ended = True
            for stream in self._streams:
                stream._end()

    def _tell(self, changes: list[live.Change]) -> None:
        for change in changes:
            for stream in self._streams:
                stream._put(change)

    def _apply(self, event: Event) -> None:
        with self._lock:
            self._tell(self._model.apply(event, _now()))

    def _lose(self) -> None:
        with self._lock:
            self._tell(self._model.lose(_now()))

    def _begin_loading(self, boot: tuple[str, str] | None) -> None:
        """Prepare for reading lists; if the server has restarted since the last time, end everything known."""
        with self._lock:
            if self._boot is not None and boot is not None and boot != self._boot:
                self._tell(self._model.lose(_now(), restarted=True))
            self._boot = boot or self._boot
            self._model.begin_loading(_now())

    def _join(self, waiting: list[Event], lists: Lists | None, queues: QueueLists | None) -> bool:
        """Merge lists with the events that arrived in the meantime; return whether events were missed."""
        with self._lock:
            for event in waiting:
                self._tell(self._model.apply(event, _now()))
            if lists is not None:
                self._tell(self._model.load(*lists, _now()))
            if queues is not None:
                self._tell(self._model.load_queues(*queues, _now()))
            lost = any(isinstance(event, (Disconnected, Reconnected, EventsLost)) for event in waiting)
            if lost:
                self._lose()
        return lost

    def _differences(self, lists: Lists, queues: QueueLists | None) -> list[live.Difference]:
        with self._lock:
            found = self._model.differences(*lists)
            return found + (self._model.queue_differences(*queues) if queues is not None else [])

    def _failed(self, error: Error) -> None:
        """Record that reloading the picture failed; the next connection retries it."""
        self._failure = error
        _logger.warning("Could not load the picture of calls again: %s", error)


class Pbx(Watching):
    """The live calls of the server that a manager is connected to.

    It follows events from its creation until `close`, which is called on leaving a ``with`` block. The manager stays
    open.

    Args:
        manager: A manager that is logged in, as a user with the privileges ``call``, ``agent``, and ``system`` or
            ``reporting``. With `Reconnect`, the picture is reloaded after each loss.
        trunks: Prefixes of the names of trunk channels, which lead outside, for `Call.direction`.
        inbound_contexts: Dialplan contexts in which calls from outside arrive, for `Call.direction`.
        recordings: Whether to track the files that MixMonitor records to. This requires every `VarSet` event, of which
            there are many, and the privilege ``dialplan``.
        queues: Whether to track queues, with their callers and members, as well.

    Raises:
        ActionFailed: The user is not permitted to read the lists of channels and bridges.
        NotConnected: There is no connection.
    """

    def __init__(
        self,
        manager: _Manager,
        *,
        trunks: Sequence[str] = (),
        inbound_contexts: Sequence[str] = (),
        recordings: bool = False,
        queues: bool = False,
    ) -> None:
        super().__init__(trunks, inbound_contexts, recordings=recordings, queues=queues)
        self._manager = manager
        self._lock = threading.RLock()
        self._events = manager.subscribe(*self._kinds)
        self._start()

    def _start(self) -> None:
        """Load the picture, and start to follow events."""
        try:
            self._load()
        except BaseException:
            self._events.close()
            raise
        self._thread = threading.Thread(target=self._run, name="ami-typed: calls", daemon=True)
        self._thread.start()

    @overload
    def changes(
        self, *, limit: int | None = None, overflow: Overflow = Overflow.DROP_OLDEST
    ) -> ChangeStream[live.Change]: ...
    @overload
    def changes(
        self,
        first: type[C1],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> ChangeStream[C1]: ...
    @overload
    def changes(
        self,
        first: type[C1],
        second: type[C2],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> ChangeStream[C1 | C2]: ...
    @overload
    def changes(
        self,
        first: type[C1],
        second: type[C2],
        third: type[C3],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> ChangeStream[C1 | C2 | C3]: ...
    @overload
    def changes(
        self,
        first: type[C1],
        second: type[C2],
        third: type[C3],
        /,
        *more: type[C],
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> ChangeStream[C1 | C2 | C3 | C]: ...

    def changes(
        self, *kinds: type[live.Change], limit: int | None = None, overflow: Overflow = Overflow.DROP_OLDEST
    ) -> ChangeStream[Any]:
        """Start collecting changes.

        Args:
            kinds: The classes to collect, by default all.
            limit: Maximum number of buffered changes, by default `Limits.stream` (10,000).
            overflow: Which changes to drop beyond it: ``Overflow.DROP_OLDEST`` or ``Overflow.DROP_NEWEST``. The reader
                gets `ChangesDropped` in place of the gap.

        Returns:
            A stream to iterate over, preferably in a ``with`` block.

        Raises:
            TypeError: ``limit`` or ``overflow`` has the wrong type.
            ValueError: ``limit`` is below 1, or ``overflow`` would close the connection or pause reading.
        """
        stream: ChangeStream[Any] = ChangeStream(self, kinds or (live.Change,), limit, overflow)
        self._add(stream)
        return stream

    def verify(self) -> list[live.Difference]:
        """Compare the picture with fresh lists from the server.

        Events arrive slightly later than the lists, so only differences found in several consecutive comparisons are
        reported.

        Returns:
            The differences; empty if the picture is correct.

        Raises:
            ActionFailed, ActionTimeout, NotConnected, ConnectionLost: The lists could not be read.
        """
        found = self._compare()
        pause = threading.Event()
        for _ in range(_ROUNDS - 1):
            if not found:
                break
            pause.wait(_PATIENCE)
            found = [each for each in self._compare() if each in found]
        return found

    def _compare(self) -> list[live.Difference]:
        return self._differences(self._lists(), self._queue_lists())

    def close(self) -> None:
        """Stop following events, and end the streams of changes. Closing it again does nothing."""
        self._events.close()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The thread that follows events

    def _run(self) -> None:
        """Process events until the manager or this object is closed."""
        try:
            for event in self._events:
                self._take(event)
        except Error as error:
            self._failure = error
        finally:
            self._end()

    def _take(self, event: Event) -> None:
        """Process an event; reload if events were missed, or if Asterisk reloaded its configuration."""
        match event:
            case Disconnected():
                self._lose()
            case Reconnected() | EventsLost():
                self._lose()
                self._resync()
            case Reload():
                self._resync()
            case _:
                self._apply(event)

    def _resync(self) -> None:
        """Reload the picture."""
        try:
            self._load()
        except Error as error:
            self._failed(error)
        else:
            self._failure = None

    def _load(self) -> None:
        """Read the lists, and merge them with the events that arrived in the meantime."""
        self._begin_loading(self._boot_of_server())
        lists, queues = self._lists(), self._queue_lists()
        lost = self._join(self._waiting(), lists, queues)
        for name in self._model.doubtful_queues:
            lost = self._load_queue(name) or lost
        if lost:
            self._load()

    def _load_queue(self, name: str) -> bool:
        """Reread a queue in which a call was counted during the reading; return whether events were missed."""
        lost = False
        for _ in range(_ROUNDS):
            self._begin_loading(None)
            queues = self._queue_lists(name)
            lost = self._join(self._waiting(), None, queues) or lost
            if name not in self._model.doubtful_queues:
                break
        return lost

    def _boot_of_server(self) -> tuple[str, str] | None:
        """Return the server's start date and time, or `None` if the user is not permitted to query them."""
        try:
            status = self._manager.execute(actions.CoreStatus())
        except (ActionFailed, NotInRelease):
            return None
        return status["CoreStartupDate"], status["CoreStartupTime"]

    def _lists(self) -> Lists:
        channels = self._manager.execute(actions.CoreShowChannels()).channels
        return channels, self._manager.execute(actions.BridgeList()).bridges

    def _queue_lists(self, name: str | None = None) -> QueueLists | None:
        """Read all queues, or one; return `None` if queues are not tracked."""
        if not self._watches_queues:
            return None
        status = self._manager.execute(actions.QueueStatus(queue=name))
        return status.params, status.members, status.entries

    def _waiting(self) -> list[Event]:
        """Return the events already buffered, without waiting for more."""
        events: list[Event] = []
        try:
            while True:
                events.append(self._events.get(timeout=0))
        except (EventTimeout, StopIteration):
            return events


def _now() -> datetime:
    return datetime.now(UTC)
