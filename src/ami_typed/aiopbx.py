"""A server's calls, kept up to date: the twin of `ami_typed.pbx` for programs with asyncio."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from ami_typed import actions, live
from ami_typed.errors import ActionFailed, Error, EventTimeout, NotInRelease
from ami_typed.events import Reload
from ami_typed.messages import Aggregate, Event, ListRequest, Request
from ami_typed.notices import Disconnected, EventsLost, Reconnected
from ami_typed.pbx import Watching
from ami_typed.quantities import seconds_or_none

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from types import TracebackType
    from typing import Self

    from ami_typed.live.joining import Lists
    from ami_typed.messages import R
    from ami_typed.pbx import QueueLists
    from ami_typed.quantities import Seconds

__all__ = ["AsyncChangeStream", "AsyncPbx"]

A = TypeVar("A", bound=Aggregate)
C_co = TypeVar("C_co", bound=live.Change, covariant=True)
C = TypeVar("C", bound=live.Change)
C1 = TypeVar("C1", bound=live.Change)
C2 = TypeVar("C2", bound=live.Change)
C3 = TypeVar("C3", bound=live.Change)

_ROUNDS = 5
"""How often `verify` compares before it believes a difference: events come a little behind the lists."""
_PATIENCE = 0.2
"""How long `verify` lets events come between two comparisons, in seconds."""


class _Events(Protocol):
    """What is needed of an `AsyncEventStream`."""

    async def get(self, timeout: float | None = None) -> Event: ...
    def close(self) -> None: ...
    def __aiter__(self) -> AsyncIterator[Event]: ...


class _Manager(Protocol):
    """What is needed of an `AsyncManager`."""

    def subscribe(self, *event_classes: type[Event]) -> _Events: ...
    @overload
    async def execute(self, request: ListRequest[A], /) -> A: ...
    @overload
    async def execute(self, request: Request[R], /) -> R: ...


class AsyncChangeStream(Generic[C_co]):
    """Changes of chosen classes, in order, to iterate over; made by `AsyncPbx.changes`. It ends with its `AsyncPbx`."""

    def __init__(self, pbx: AsyncPbx, kinds: tuple[type[live.Change], ...]) -> None:
        self._pbx = pbx
        self._kinds = kinds
        self._queue: asyncio.Queue[live.Change | None] = asyncio.Queue()

    def _put(self, change: live.Change | None) -> None:
        if change is None or isinstance(change, self._kinds):
            self._queue.put_nowait(change)

    async def get(self, timeout: Seconds | None = None) -> C_co:
        """Return the next change.

        Args:
            timeout: How long to wait for it, in seconds; `None` waits for as long as the `AsyncPbx` is open.

        Raises:
            EventTimeout: None came in time.
            StopAsyncIteration: The `AsyncPbx` or this stream was closed.
            TypeError: ``timeout`` is no duration.
        """
        timeout = seconds_or_none(timeout, "timeout", passed=True)
        try:
            change = await self._next(timeout)
        except TimeoutError:
            raise EventTimeout(f"No change came within {timeout:g} s.") from None
        if change is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return change  # type: ignore[return-value]  # only those of its classes are put in

    async def _next(self, timeout: float | None) -> live.Change | None:
        """Take the next change; one that has come is taken whatever the time-out."""
        if not self._queue.empty():
            return self._queue.get_nowait()
        return await asyncio.wait_for(self._queue.get(), timeout)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> C_co:
        return await self.get()

    def close(self) -> None:
        """Stop collecting. Closing it again does nothing."""
        self._pbx._forget(self)
        self._put(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncPbx(Watching):
    """The calls of the server that a manager is connected to.

    It listens from `open`, which entering an ``async with`` block calls, until `close`, which leaving it calls. The
    manager stays open.

    Args:
        manager: A manager that is logged in, as a user with the privileges ``call``, ``agent``, and ``system`` or
            ``reporting``. With `Reconnect`, the picture is loaded again after each loss.
        trunks: Beginnings of names of channels that lead out of the house, for `Call.direction`.
        inbound_contexts: Dialplan contexts in which calls from outside begin, for `Call.direction`.
        recordings: Whether to learn the files that MixMonitor records into. That takes every `VarSet` event, of which
            there are many, and the privilege ``dialplan``.
        queues: Whether to watch queues, their callers and members too.
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
        self._lock = nullcontext()
        self._events: _Events | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen, load the picture, and begin to follow it.

        Raises:
            ActionFailed: The user may not read the lists of channels and bridges.
            NotConnected: There is no connection.
        """
        self._events = self._manager.subscribe(*self._kinds)
        try:
            await self._load(self._events)
        except BaseException:
            self._events.close()
            raise
        self._task = asyncio.create_task(self._run(self._events), name="ami-typed: calls")

    @overload
    def changes(self) -> AsyncChangeStream[live.Change]: ...
    @overload
    def changes(self, first: type[C1], /) -> AsyncChangeStream[C1]: ...
    @overload
    def changes(self, first: type[C1], second: type[C2], /) -> AsyncChangeStream[C1 | C2]: ...
    @overload
    def changes(self, first: type[C1], second: type[C2], third: type[C3], /) -> AsyncChangeStream[C1 | C2 | C3]: ...
    @overload
    def changes(
        self, first: type[C1], second: type[C2], third: type[C3], /, *more: type[C]
    ) -> AsyncChangeStream[C1 | C2 | C3 | C]: ...

    def changes(self, *kinds: type[live.Change]) -> AsyncChangeStream[Any]:
        """Collect changes from now on.

        Args:
            kinds: The classes to collect, all if none are given.

        Returns:
            A stream to iterate over, best in an ``async with`` block.
        """
        stream: AsyncChangeStream[Any] = AsyncChangeStream(self, kinds or (live.Change,))
        self._add(stream)
        return stream

    async def verify(self) -> list[live.Difference]:
        """Compare the picture with fresh lists of the server.

        Events come a little behind the lists, so that a difference counts only if several comparisons in a row find it.

        Returns:
            In what they differ; nothing if the picture is right.

        Raises:
            ActionFailed, ActionTimeout, NotConnected, ConnectionLost: The lists could not be read.
        """
        found = await self._compare()
        for _ in range(_ROUNDS - 1):
            if not found:
                break
            await asyncio.sleep(_PATIENCE)
            again = await self._compare()
            found = [each for each in again if each in found]
        return found

    async def _compare(self) -> list[live.Difference]:
        lists = await self._lists()
        queues = await self._queue_lists()
        return self._differences(lists, queues)

    async def close(self) -> None:
        """Stop listening, and end the streams of changes. Closing it again does nothing."""
        if self._events is not None:
            self._events.close()
        if self._task is not None and self._task is not asyncio.current_task():
            await self._task

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # The task that follows

    async def _run(self, events: _Events) -> None:
        """Take events in until the manager or this is closed."""
        try:
            async for event in events:
                await self._take(events, event)
        except Error as error:
            self._failure = error
        finally:
            self._end()

    async def _take(self, events: _Events, event: Event) -> None:
        """Take in an event; load again if some were missed, or queues were read from their files."""
        match event:
            case Disconnected():
                self._lose()
            case Reconnected() | EventsLost():
                self._lose()
                await self._resync(events)
            case Reload():
                await self._resync(events)
            case _:
                self._apply(event)

    async def _resync(self, events: _Events) -> None:
        """Load the picture again."""
        try:
            await self._load(events)
        except Error as error:
            self._failed(error)
        else:
            self._failure = None

    async def _load(self, events: _Events) -> None:
        """Read the lists, and join them to the events that have come meanwhile."""
        self._begin_loading(await self._boot_of_server())
        lists = await self._lists()
        queues = await self._queue_lists()
        lost = self._join(await _waiting(events), lists, queues)
        for name in self._model.doubtful_queues:
            lost = await self._load_queue(events, name) or lost
        if lost:
            await self._load(events)

    async def _load_queue(self, events: _Events, name: str) -> bool:
        """Read a queue again, in which a call was counted while it was read; return whether events were missed."""
        lost = False
        for _ in range(_ROUNDS):
            self._begin_loading(None)
            queues = await self._queue_lists(name)
            lost = self._join(await _waiting(events), None, queues) or lost
            if name not in self._model.doubtful_queues:
                break
        return lost

    async def _boot_of_server(self) -> tuple[str, str] | None:
        """Return when the server says that it was started, `None` if the user may not ask."""
        with suppress(ActionFailed, NotInRelease):
            status = await self._manager.execute(actions.CoreStatus())
            return status["CoreStartupDate"], status["CoreStartupTime"]
        return None

    async def _lists(self) -> Lists:
        channels = await self._manager.execute(actions.CoreShowChannels())
        bridges = await self._manager.execute(actions.BridgeList())
        return channels.channels, bridges.bridges

    async def _queue_lists(self, name: str | None = None) -> QueueLists | None:
        """Read the queues, or one; `None` if they are not watched."""
        if not self._watches_queues:
            return None
        status = await self._manager.execute(actions.QueueStatus(queue=name))
        return status.params, status.members, status.entries


async def _waiting(stream: _Events) -> list[Event]:
    """Take the events that have come, without waiting for more."""
    events: list[Event] = []
    try:
        while True:
            events.append(await stream.get(timeout=0))
    except (EventTimeout, StopAsyncIteration):
        return events
