"""A server's calls, kept up to date: the I/O around `ami_typed.live`, for programs with an event loop.

`AsyncPbx` subscribes to the events of calls, loads the calls already in progress, and reloads after a gap. One task
processes the events; programs read `AsyncPbx.calls` at any time, and changes from `AsyncPbx.changes`.

Rules owned here:

- It is written for both faces: `pbx` is generated from it. What differs by more than ``await`` lies in
  `_watching.tasks` and `_watching.threads`, what does not wait in `_watching.common`.
"""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from ami_typed import actions, live
from ami_typed._watching.common import C_co, new_uniqueid
from ami_typed._watching.tasks import TaskChanges, TaskPlaced, TaskWatching
from ami_typed.errors import ActionFailed, Error, EventTimeout, MayHaveHappened, NotInRelease
from ami_typed.events import FullyBooted, Reload
from ami_typed.live.narrowing import narrowing
from ami_typed.messages import Aggregate, Event, ListRequest, Request
from ami_typed.notices import Disconnected
from ami_typed.overflow import Overflow
from ami_typed.quantities import seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from ami_typed.live.tables import Reading
    from ami_typed.messages import R
    from ami_typed.quantities import Seconds

__all__ = ["AsyncChangeStream", "AsyncPbx", "AsyncPlacedCall"]

A = TypeVar("A", bound=Aggregate)
C = TypeVar("C", bound=live.Change)
C1 = TypeVar("C1", bound=live.Change)
C2 = TypeVar("C2", bound=live.Change)
C3 = TypeVar("C3", bound=live.Change)

_ROUNDS = 5
"""Number of comparisons before `verify` reports a difference: events arrive slightly later than the lists."""
_PATIENCE = 0.2
"""How long `verify` waits for events between two comparisons, in seconds."""


class _Events(Protocol):
    """The part of the interface of `AsyncEventStream` that is used here."""

    async def get_batch(self, timeout: float | None = None) -> Sequence[Event]: ...
    def close(self) -> None: ...


class _Manager(Protocol):
    """The part of the interface of `AsyncManager` that is used here."""

    def received_events(self) -> frozenset[str] | None: ...
    def subscribe(self, *event_classes: type[Event]) -> _Events: ...
    @overload
    async def execute(self, request: ListRequest[A], /) -> A: ...
    @overload
    async def execute(self, request: Request[R], /) -> R: ...


class AsyncChangeStream(TaskChanges[C_co]):
    """An iterator over changes of chosen classes, in order; created by `AsyncPbx.changes`. It ends with its pbx."""

    async def get(self, timeout: Seconds | None = None) -> C_co:
        """Return the next change.

        Args:
            timeout: How long to wait, in seconds; `None` waits as long as the `AsyncPbx` is open.

        Raises:
            ChangesDropped: The stream was full; the next call continues after the gap.
            EventTimeout: No change arrived in time.
            StopAsyncIteration: The `AsyncPbx` or this stream was closed.
            TypeError: ``timeout`` is not a duration.
        """
        timeout = seconds_or_none(timeout, "timeout", passed=True)
        change = await self._next(timeout)
        if change is None:
            raise StopAsyncIteration
        return change

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> C_co:
        return await self.get()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncPlacedCall(TaskPlaced):
    """A call that `AsyncPbx.originate` placed. It is followed to its end, whether or not the program waits for that."""

    async def answered(self, timeout: Seconds | None = None) -> live.LegOutcome:
        """Wait until the party that is called first answers, or until it is certain that it will not.

        Args:
            timeout: How long to wait, in seconds; `None` waits as long as the `AsyncPbx` is open.

        Returns:
            The outcome of that party: `LegOutcome.ANSWERED`, or why it did not answer.

        Raises:
            EventTimeout: Neither happened in time. The call goes on.
            TypeError: ``timeout`` is not a duration.
        """
        timeout = seconds_or_none(timeout, "timeout", passed=True)
        await self._until(self._answer, timeout, "was neither answered nor given up")
        outcome = self._placement.answered
        assert outcome is not None, "an outcome does not change"
        return outcome

    async def ended(self, timeout: Seconds | None = None) -> live.CallOutcome:
        """Wait until the call has ended.

        Args:
            timeout: How long to wait, in seconds; `None` waits as long as the `AsyncPbx` is open.

        Returns:
            The outcome of both legs. It is unknown if the link was lost and the call has ended unobserved.

        Raises:
            EventTimeout: It did not end in time. The call goes on.
            TypeError: ``timeout`` is not a duration.
        """
        timeout = seconds_or_none(timeout, "timeout", passed=True)
        await self._until(self._end, timeout, "did not end")
        outcome = self._placement.ended
        assert outcome is not None, "an outcome does not change"
        return outcome


class AsyncPbx(TaskWatching):
    """The live calls of the server that a manager is connected to.

    It follows events from `open` until `close`, which are called on entering and leaving an ``async with`` block. The
    manager stays open.

    Args:
        manager: A manager that is logged in, as a user with the privileges ``call``, ``agent``, and ``system`` or
            ``reporting``. With `Reconnect`, the picture is reloaded after each loss.
        trunks: Prefixes of the names of trunk channels, which lead outside, for `Call.direction`.
        inbound_contexts: Dialplan contexts in which calls from outside arrive, for `Call.direction`.
        recordings: Whether to track the files that MixMonitor records to. This requires every `VarSet` event, of which
            there are many, and the privilege ``dialplan``.
        calls: Whether to watch calls, with their channels and bridges.
        queues: The queues to watch, with their callers and members: `True` for all, or their names in a list.
        agents: The agents to watch, by their identifiers, likewise.
        parking: The parking lots to watch, with their calls, likewise.
        conferences: The conferences to watch, with their participants, likewise.
        extensions: The extensions with hints to watch, as ``201@phones``, likewise.
        devices: The devices to watch, as ``PJSIP/alice`` or ``Custom:desk``, likewise.
        endpoints: The endpoints to watch, with their contacts, as ``PJSIP/alice``, likewise.
        mailboxes: The mailboxes to watch, as ``201@default``, likewise.
        narrow: Whether to ask the server to send needed events only, by an event mask and, in releases that have them,
            by filters. They apply to the whole connection, until it ends, and let through what the manager's callbacks
            and streams receive when this object is opened; what is subscribed to later may not arrive. If one of them
            receives all events, nothing is asked for.

    Raises:
        TypeError: A single text was given instead of a list of names.
        ValueError: Nothing is watched.
    """

    def __init__(
        self,
        manager: _Manager,
        *,
        trunks: Sequence[str] = (),
        inbound_contexts: Sequence[str] = (),
        recordings: bool = False,
        calls: bool = True,
        queues: live.Choice = False,
        agents: live.Choice = False,
        parking: live.Choice = False,
        conferences: live.Choice = False,
        extensions: live.Choice = False,
        devices: live.Choice = False,
        endpoints: live.Choice = False,
        mailboxes: live.Choice = False,
        narrow: bool = False,
    ) -> None:
        watch: dict[str, live.Choice] = {"calls": calls, "queues": queues, "agents": agents, "parking": parking}
        watch |= {"conferences": conferences, "extensions": extensions, "devices": devices}
        watch |= {"endpoints": endpoints, "mailboxes": mailboxes}
        super().__init__(trunks, inbound_contexts, recordings=recordings, watch=watch)
        self._manager = manager
        self._narrows = narrow
        self._events: _Events | None = None
        self._created()

    async def open(self) -> None:
        """Subscribe to events, load the picture, and start to follow it; do nothing if it is open.

        Raises:
            ActionFailed: The server refused all lists of what is watched; if it refused only some, see `lacks`.
            NotConnected: There is no connection.
        """
        if self._events is not None and not self._ended:
            return
        self._begin()
        self._events = events = self._manager.subscribe(*self._kinds)
        try:
            if self._narrows:
                await self._narrow()
            await self._load(events, [])
        except BaseException:
            self._events = None
            events.close()
            raise
        self._start(partial(self._run, events))

    @overload
    def changes(
        self, *, limit: int | None = None, overflow: Overflow = Overflow.DROP_OLDEST
    ) -> AsyncChangeStream[live.Change]: ...
    @overload
    def changes(
        self,
        first: type[C1],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> AsyncChangeStream[C1]: ...
    @overload
    def changes(
        self,
        first: type[C1],
        second: type[C2],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> AsyncChangeStream[C1 | C2]: ...
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
    ) -> AsyncChangeStream[C1 | C2 | C3]: ...
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
    ) -> AsyncChangeStream[C1 | C2 | C3 | C]: ...

    def changes(
        self, *kinds: type[live.Change], limit: int | None = None, overflow: Overflow = Overflow.DROP_OLDEST
    ) -> AsyncChangeStream[Any]:
        """Start collecting changes.

        Args:
            kinds: The classes to collect, by default all.
            limit: Maximum number of buffered changes, by default `Limits.stream` (10,000).
            overflow: Which changes to drop beyond it: ``Overflow.DROP_OLDEST`` or ``Overflow.DROP_NEWEST``. The reader
                gets `ChangesDropped` in place of the gap.

        Returns:
            A stream to iterate over, preferably in an ``async with`` block.

        Raises:
            TypeError: ``limit`` or ``overflow`` has the wrong type.
            ValueError: ``limit`` is below 1, or ``overflow`` would close the connection or pause reading.
        """
        stream: AsyncChangeStream[Any] = AsyncChangeStream(self, kinds or (live.Change,), limit, overflow)
        self._add(stream)
        return stream

    async def originate(self, request: actions.Originate) -> AsyncPlacedCall:
        """Place a call, and follow it to its end.

        The request is sent once, never again. Unless it names a ``channel_id``, the new channel gets a Uniqueid by
        which the call is recognised, even if its events arrive before the answer.

        Args:
            request: The call to place; always placed asynchronously, regardless of ``request.async_``.

        Returns:
            The call, as soon as the server has accepted the request, or if it is unknown whether it has.

        Raises:
            ActionFailed: The server refused to place the call.
            NotConnected, RequestNotSent: The request was not sent.
            ValueError: Calls are not watched (``calls=False``).
        """
        sent = copy(request)
        sent["Async"] = "true"
        sent["ChannelId"] = sent.get("ChannelId") or new_uniqueid()
        placed = AsyncPlacedCall(self._expect(sent["ChannelId"]))
        self._follow(placed)
        try:
            await self._manager.execute(sent)
        except MayHaveHappened:  # whether it has is seen from the channels
            pass
        except BaseException:
            self._unfollow(placed)
            raise
        return placed

    async def verify(self) -> list[live.Difference]:
        """Compare the picture with fresh lists from the server.

        Events arrive slightly later than the lists, so only differences found in several consecutive comparisons are
        reported.

        Returns:
            The differences; empty if the picture is correct.

        Raises:
            ActionFailed, ActionTimeout, NotConnected, ConnectionLost: The lists could not be read.
        """
        found = await self._compare()
        for _ in range(_ROUNDS - 1):
            if not found:
                break
            await self._pause(_PATIENCE)
            again = await self._compare()
            found = [each for each in again if each in found]
        return found

    async def _compare(self) -> list[live.Difference]:
        return self._differences(await self._read())

    async def close(self) -> None:
        """Stop following events, and end the streams of changes. Closing it again does nothing; `open` resumes."""
        if self._events is not None:
            self._events.close()
            self._events = None
        await self._finish()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # The task that follows events

    async def _run(self, events: _Events) -> None:
        """Process events until the manager or this object is closed."""
        try:
            while True:
                await self._take(events, await events.get_batch())
        except StopAsyncIteration:
            pass
        except Error as error:
            self._failure = error
        finally:
            events.close()
            self._end()

    async def _take(self, events: _Events, batch: Sequence[Event]) -> None:
        """Process events; reload if some were missed, or if Asterisk reloaded its configuration."""
        rest = self._apply(batch)
        while rest:
            unsettling, rest = rest[0], list(rest[1:])
            if not isinstance(unsettling, (Reload, FullyBooted)):
                self._lose()
            if not isinstance(unsettling, Disconnected):
                await self._resync(events, rest)
            rest = self._apply(rest)

    async def _resync(self, events: _Events, pending: list[Event]) -> None:
        """Reload the picture.

        Args:
            events: The stream of events.
            pending: Events that were taken from it and are to be processed before those that wait there. It is emptied
                once they are.
        """
        try:
            await self._load(events, pending)
        except Error as error:
            self._failed(error)
        else:
            self._failure = None

    async def _load(self, events: _Events, pending: list[Event]) -> None:
        """Read the lists, and merge them with the events that arrived in the meantime."""
        self._begin_loading(await self._boot_of_server())
        loaded = await self._read()
        lost = self._join([*pending, *await _waiting(events)], loaded)
        pending.clear()
        for _ in range(_ROUNDS):
            if not self._model.doubtful:
                break
            self._begin_loading(None)
            loaded = await self._read(doubtful=True)
            lost = self._join(await _waiting(events), loaded) or lost
        if lost:
            await self._load(events, pending)

    async def _boot_of_server(self) -> tuple[str, str] | None:
        """Return the server's start date and time, or `None` if the user is not permitted to query them."""
        with suppress(ActionFailed, NotInRelease, KeyError):
            status = await self._manager.execute(actions.CoreStatus())
            return status["CoreStartupDate"], status["CoreStartupTime"]
        return None

    async def _read(self, *, doubtful: bool = False) -> live.Loaded:
        """Read the lists of what is watched."""
        loaded: live.Loaded = await self._carry_out(self._model.read(doubtful=doubtful))
        return loaded

    async def _narrow(self) -> None:
        """Ask for the events that anybody receives, and no others."""
        names = self._manager.received_events()
        if names is not None:
            self._unnarrowed = await self._carry_out(narrowing(names))

    async def _carry_out(self, reading: Reading[Any]) -> Any:
        """Send the requests of a reading, and return its result."""
        try:
            request = next(reading)
            while True:
                try:
                    answer = await self._manager.execute(request)
                except (ActionFailed, NotInRelease) as error:
                    request = reading.throw(error)
                else:
                    request = reading.send(answer)
        except StopIteration as end:
            return end.value


async def _waiting(stream: _Events) -> list[Event]:
    """Return the events already buffered, without waiting for more."""
    events: list[Event] = []
    try:
        while True:
            events += await stream.get_batch(timeout=0)
    except (EventTimeout, StopAsyncIteration):
        return events
