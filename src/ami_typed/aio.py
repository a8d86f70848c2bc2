"""The asyncio face: `AsyncManager`, for programs with an event loop.

Rules of this module:

- It is written for both faces: `manager` is generated from it. What differs by more than ``await`` lies in
  `_faces.tasks` and `_faces.threads`, what does not wait in `_faces.common`.
- It holds no decision about the protocol: `session` and `dialogues` do.
- Everything happens on one event loop. Callbacks run in one task, one after the other, so a callback that waits delays
  other callbacks but never an answer; no task outlives its manager.
"""

# A class that `subscribe` is not given adds nothing to its result: the type variables have the default `Never`.
# pyright: reportInvalidTypeVarUse=false

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ami_typed._faces.common import check, interrupted
from ami_typed._faces.tasks import Awaited, TaskFace, TaskStream
from ami_typed._protocol import dialogues
from ami_typed._protocol.dialogues import Await, Boot, Conversation, Credentials, Listen
from ami_typed._transport.target import Target, secret_of, target_of
from ami_typed.backoff import may_pass
from ami_typed.errors import (
    ActionTimeout,
    AddressError,
    ConnectFailed,
    ConnectionLost,
    Error,
    EventTimeout,
    NotConnected,
    WrongContext,
)
from ami_typed.messages import Aggregate, Event, ListRequest, Request, Response
from ami_typed.overflow import Overflow
from ami_typed.quantities import seconds, seconds_or_none

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from ami_typed import actions, events
    from ami_typed._delivery.stream_buffer import (
        E1,
        E2,
        E3,
        E4,
        E5,
        E6,
        E7,
        E8,
        E9,
        E10,
        E11,
        E12,
        E13,
        E14,
        E15,
        E16,
        Es,
    )
    from ami_typed._delivery.subscriptions import EventKey
    from ami_typed._transport.target import Secret
    from ami_typed._transport.tasks import Audience, Connection
    from ami_typed.aiopbx import AsyncPbx
    from ami_typed.messages import R
    from ami_typed.quantities import Seconds

__all__ = ["AsyncEventStream", "AsyncManager"]

T = TypeVar("T")
A = TypeVar("A", bound=Aggregate)
E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)


class AsyncEventStream(TaskStream[E_co]):
    """Events of chosen classes, in order, to iterate over; made by `AsyncManager.subscribe`.

    Events are collected from the moment it is made until `close`, which leaving an ``async with`` block calls. It ends
    when the program disconnects, and raises the reason where the connection is lost.
    """

    async def get(self, timeout: Seconds | None = None) -> E_co:
        """Return the next event.

        Args:
            timeout: How long to wait for it, in seconds; `None` waits for as long as the connection stands.

        Raises:
            EventTimeout: None came in time.
            EventsDropped: Events were dropped before the next one; the next call goes on behind the gap. A stream of
                `EventsLost` too returns one of those instead.
            ConnectionLost: The connection ended behind the last event.
            StopAsyncIteration: The stream was closed, behind its last event.
        """
        event = await self._next(seconds_or_none(timeout, "timeout", passed=True))
        if event is None:
            raise StopAsyncIteration
        return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E_co:
        return await self.get()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class AsyncManager(TaskFace):
    """A connection to Asterisk's Manager Interface, for programs with an event loop.

    It belongs to the event loop that `connect` is awaited on.

    Args:
        debug: Whether the dialogue is logged, at the level DEBUG, secrets hidden.
        logger: Where to log; the logger ``ami_typed`` where none is given.
        aggregate_timeout: How long an aggregate may go without another of its events, in seconds; then it is
            delivered as it is, with `Aggregate.valid` false.
        orphaned_response_timeout: How long a request that timed out is remembered, in seconds, so that its late answer
            is counted as such. A response without a request always goes to the callbacks of `None`.
        limits: How much is held at most; see `Limits`.
        check_releases: Whether an action or parameter that the server's release does not have is refused, from
            `login` on.
        reconnect: How a lost connection is made again: logged in as before, with the event mask and filters as
            before; callbacks and streams live on and are told (`Disconnected`, `Reconnected`). A request that was
            pending is never sent again. Without it a lost connection stays lost. With `Reconnect.at_start`, `connect`
            keeps trying as well.
        overflow: What happens where callbacks fall behind; see `Overflow`.
        timezone: The server's time zone: a `zoneinfo.ZoneInfo`, a `datetime.timezone` or an IANA name such as
            ``Europe/Berlin``. Asterisk prints a few times without their zone, as its ``/etc/localtime`` says (those of
            `events.Cdr`, `events.CEL` and `responses.CoreStatus`); their attributes are aware, in UTC, where it is
            given here, and naive where not.

    Raises:
        TypeError: A time-out, or one of the settings, is of a wrong type.
        ValueError: One is out of range, or this machine knows no time zone of that name.
    """

    async def connect(
        self, host: str | None = None, port: int = 5038, timeout: Seconds = 5, *, tls: bool | ssl.SSLContext = False
    ) -> None:
        """Connect to a server, having closed a connection that there was.

        Args:
            host: Its name or address; of several addresses of one name, each is tried. Without it the manager connects,
                and logs in, as it was told by `from_url` or `from_env`.
            port: The port of its Manager Interface.
            timeout: How long to wait for the name's addresses, the connection, TLS and the greeting together, and later
                between the lines of one message, in seconds. An idle link may be silent for ever.
            tls: Whether to speak TLS, with the server's certificate verified against this machine's authorities; or
                a context with settings of your own, such as a client certificate.

        Raises:
            ConnectFailed: Nobody listens there, the certificate does not verify, the server closed at once
                (`TurnedAway`), it is not Asterisk's Manager Interface (`NotAsterisk`), or it was lost in the log-in.
                With ``Reconnect(at_start=True)``, only once that gives up, or where trying again is pointless.
            AddressError: There is no host, and the manager was not told one.
            LoginFailed: It logged in as it was told, and the server did not let this user in.
            ConnectionLost: The program disconnected, or connected to another server, meanwhile.
        """
        if host is not None:
            await self._connect_first(target_of(host, port, timeout, tls), None)
        elif self._address is not None:
            await self._connect_first(self._address.target, self._address.credentials)
        else:
            raise AddressError("connect() needs a host where the manager was not made by from_url() or from_env().")

    async def _connect_first(self, target: Target, credentials: Credentials | None) -> None:
        """Connect, log in where it is known whom, and tell those who wait for it what came of it."""
        self._own()
        self._trying = target
        try:
            self._ready = await self._keep_trying(target, credentials)
        except BaseException as error:
            self._tell_waiting(error if isinstance(error, Exception) else interrupted(target, error))
            raise
        finally:
            self._trying = None
        self._tell_waiting()

    async def _keep_trying(self, target: Target, credentials: Credentials | None) -> Connection:
        """Make attempts to connect until one succeeds: one, or as many as `Reconnect` allows at the start."""
        call, begun, plan = next(self._calls), time.monotonic(), self._reconnect
        pauses = plan.pauses().after(0, lambda: time.monotonic() - begun) if plan and plan.at_start else iter(())
        while True:
            try:
                return await self._reach(call, target, credentials)
            except Exception as error:
                pause = next(pauses, None) if may_pass(error) else None
                if pause is None:
                    raise
                self._log.note(f"{error} The next attempt to connect to {target} follows in {pause:.2f} s.")
            await self._pause(pause, call, target)

    async def _reach(self, call: int, target: Target, credentials: Credentials | None) -> Connection:
        """Connect once, and log in where it is known whom."""
        connection = await self._connect(call, target)
        try:
            if credentials is not None:
                await self._log_in(credentials, connection)
        except BaseException as error:
            await self._leave(connection)
            if not isinstance(error, (ConnectionLost, NotConnected, ActionTimeout)):
                raise
            self._check_latest(call, target)
            raise ConnectFailed(f"No log-in at {target}: {error}") from error
        return connection

    async def _pause(self, seconds: float, call: int, target: Target) -> None:
        """Wait before the next attempt of a call of `connect`.

        Raises:
            ConnectionLost: A later call disconnected, or connected to another server.
        """
        until = time.monotonic() + seconds
        self._waiting.add(awaited := Awaited())
        try:
            while self._check_latest(call, target) and (left := until - time.monotonic()) > 0:
                await awaited.wait(left)
        finally:
            self._waiting.discard(awaited)

    async def wait_connected(self, timeout: Seconds | None = None) -> None:
        """Wait until the connection stands, now or after a loss, and the user is logged in if the manager knows which.

        The connection is made by `connect`, which another task may have called or may yet call, or made again as
        `Reconnect` says.

        Args:
            timeout: How long to wait, in seconds; `None` waits for as long as it takes.

        Raises:
            ConnectFailed: It did not stand in time, or `connect` failed.
            LoginFailed: `connect` logged in as it was told, and the server did not let this user in.
            ConnectionLost: The program disconnected, or `Reconnect` allows no more attempts.
        """
        timeout = seconds_or_none(timeout, "timeout", passed=True)
        deadline = None if timeout is None else time.monotonic() + timeout
        self._waiting.add(awaited := Awaited())
        try:
            while not self._stands():
                if self._inherited:
                    raise WrongContext.inherited()
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                if not await awaited.wait(left):
                    raise ConnectFailed(f"No connection stood within {timeout:g} s. {self._not_connected()}")
                if awaited.error is not None:
                    raise awaited.error
        finally:
            self._waiting.discard(awaited)

    async def disconnect(self) -> None:
        """Close the connection, if there is one. Pending requests, and a `connect` in progress, fail at once."""
        self._supersede()
        await self._leave()

    async def close(self) -> None:
        """Close the connection and wait a moment for callbacks that still run."""
        await self.disconnect()

    async def __aenter__(self) -> Self:
        if self._address is not None and not self.is_connected():
            await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send_action(
        self, request: Request[R], action_id: str | int | None = None, **headers: Any
    ) -> Response[R] | None:
        """Send a request and wait for its answer, as in the classic client.

        A refusal is no exception here but a `Response` whose `success` is false, even to ``actions.Login``; `execute`
        raises. A log-in and a log-off count as such: with `Reconnect`, a lost connection is logged in again in the same
        way, and one that was logged off stays closed. A log-in with an MD5 key cannot be repeated; use `login` instead.

        Args:
            request: The request; it is not changed.
            action_id: The ActionID to use, instead of the request's own or a generated one. A number is sent as text.
            headers: More headers, for this time only.

        Returns:
            What came of it, successful or not; `None` where no answer came within ``request.timeout``.

        Raises:
            NotConnected: There is no connection.
            HeaderRefused: A header would break the message; nothing was sent.
            NotInRelease: The server's release does not have this; nothing was sent.
            ConnectionLost: The link broke; says whether the request left.
            TypeError: It is no request, and says what to write instead; or its time-out is no duration.
            ValueError: Its time-out is NaN.
        """
        connection = self._connected()
        check(request)
        exchange = await connection.exchange(request, None if action_id is None else str(action_id), headers)
        return exchange.outcome()

    @overload
    async def execute(self, request: ListRequest[A], *, timeout: Seconds | None = None) -> A: ...
    @overload
    async def execute(self, request: Request[R], *, timeout: Seconds | None = None) -> R: ...

    async def execute(self, request: Request[Any], *, timeout: Seconds | None = None) -> Any:
        """Send a request and return its result: for an action that lists events, all of them.

        Args:
            request: The request; it is not changed.
            timeout: How long to wait, in seconds, instead of ``request.timeout``.

        Raises:
            ActionFailed: The server answered with an error; `LoginFailed` and its kin where that was to a log-in.
            ActionTimeout: No complete answer came in time.
            ListTooLong: The list exceeds the limits.
            NotConnected: There is no connection.
            HeaderRefused: A header would break the message; nothing was sent.
            NotInRelease: The server's release does not have this; nothing was sent.
            ConnectionLost: The link broke; says whether the request left.
            TypeError: It is no request, and says what to write instead; or its time-out is no duration.
            ValueError: Its time-out is NaN.
        """
        check(request)
        gather = request.lists or request.synchronous
        limit = seconds_or_none(timeout, "timeout", passed=True)
        exchange = await self._connected().exchange(request, timeout=limit, synchronous=gather)
        return exchange.result()

    async def login(
        self,
        username: str,
        secret: Secret,
        *,
        events: str | None = None,
        plain: bool = False,
        wait: Seconds | None = None,
        timeout: Seconds = 5,
    ) -> None:
        """Log in, by default with an MD5 of the secret and a challenge of the server's.

        Args:
            username: The section of manager.conf.
            secret: Its secret, or a function that returns it, or the path of a file that holds it, as a `pathlib.Path`.
                The function is called, and the file read, whenever the secret is needed: here, and after a reconnect.
            events: The event mask to begin with: ``on``, ``off``, or classes such as ``call,agent``.
            plain: Whether to send the secret itself.
            wait: How long to wait until the server is fully booted, in seconds; `None` does not wait.
            timeout: How long to wait for each answer, in seconds.

        Raises:
            AuthenticationFailed: The user is unknown, the secret wrong, or this address refused.
            AlreadyLoggedIn: The user may be logged in once only, and is.
            LoginFailed: The server did not let this user in for another reason.
            StillBooting: The server was not fully booted in time.
            ActionTimeout: An answer did not come in time.
        """
        await self._log_in(Credentials(username, secret_of(secret), events, plain, wait, timeout), self._connected())

    async def _log_in(self, credentials: Credentials, connection: Connection) -> None:
        is_first = connection.session.login is None  # Asterisk ignores another one
        release = connection.session.release = await self._converse(dialogues.login(credentials), connection)
        told = release or "of a release that it does not tell"
        self._log.tell(f"Logged in as {credentials.username} at Asterisk {told}.")
        if is_first:
            connection.credentials = credentials

    async def wait_until_booted(self, timeout: Seconds = 60) -> None:
        """Wait until the server has said, since the log-in, that it is fully booted.

        It says so to a user with the read privilege ``system`` whose event mask holds it.

        Args:
            timeout: How long to wait, in seconds.

        Raises:
            StillBooting: It did not say so in time.
            ConnectionLost: The connection ended first.
        """
        await self._connected().wait_until_booted(seconds(timeout, "timeout", passed=True))

    def live(
        self,
        *,
        trunks: Sequence[str] = (),
        inbound_contexts: Sequence[str] = (),
        recordings: bool = False,
        queues: bool = False,
    ) -> AsyncPbx:
        """Return the server's calls, kept up to date while they are used in an ``async with`` block.

        Args:
            trunks: Beginnings of names of channels that lead out of the house, for `Call.direction`.
            inbound_contexts: Dialplan contexts in which calls from outside begin, for `Call.direction`.
            recordings: Whether to learn the files that MixMonitor records into. That takes every `VarSet` event.
            queues: Whether to watch queues, their callers and members too.
        """
        from ami_typed.aiopbx import AsyncPbx

        return AsyncPbx(self, trunks=trunks, inbound_contexts=inbound_contexts, recordings=recordings, queues=queues)

    async def originate(self, request: actions.Originate, *, margin: Seconds = 10.0) -> events.OriginateResponse:
        """Place a call and wait for its outcome.

        Args:
            request: The call; it is placed asynchronously, whatever it says.
            margin: How long to wait beyond the call's own time-out, in seconds.

        Returns:
            The outcome: whether it was answered, and if not, why.

        Raises:
            ActionFailed: The server refused to place the call.
            OutcomeTimeout: The outcome, an event, did not come in time.
            OutcomeUnknown: The connection was lost before the outcome came.
        """
        return await self._converse(dialogues.originate(request, margin=margin), self._connected())

    async def logoff(self) -> None:
        """Say good-bye to the server and close the connection."""
        await self._converse(dialogues.logoff(), self._connected())
        await self.disconnect()

    async def _converse(self, conversation: Conversation[T], connection: Connection) -> T:
        """Carry out a conversation on a connection, step by step."""
        stream: AsyncEventStream[Event] | None = None
        try:
            step = next(conversation)
            while True:
                try:
                    result: Any = None
                    if isinstance(step, Listen):
                        stream = self._collect(step.names, connection.audience)
                    elif isinstance(step, Await):
                        assert stream is not None, "a conversation listens before it awaits"
                        result = await _first(stream, step.fits, step.timeout, step.what)
                    elif isinstance(step, Boot):
                        await connection.wait_until_booted(step.timeout)
                    else:
                        result = (await connection.exchange(step, synchronous=step.lists or step.synchronous)).result()
                except Error as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(result)
        except StopIteration as end:
            outcome: T = end.value
            return outcome
        finally:
            if stream is not None:
                stream.close()

    @overload
    def subscribe(
        self,
        first: type[E1],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> AsyncEventStream[E1]: ...
    @overload
    def subscribe(
        self,
        first: type[E1],
        c2: type[E2],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> AsyncEventStream[E1 | E2]: ...
    @overload
    def subscribe(
        self,
        first: type[E1],
        c2: type[E2],
        c3: type[E3],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> AsyncEventStream[E1 | E2 | E3]: ...
    @overload
    def subscribe(
        self,
        first: type[E1],
        c2: type[E2],
        c3: type[E3],
        c4: type[E4],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> AsyncEventStream[E1 | E2 | E3 | E4]: ...
    @overload
    def subscribe(
        self,
        first: type[E1],
        c2: type[E2] = ...,
        c3: type[E3] = ...,
        c4: type[E4] = ...,
        c5: type[E5] = ...,
        c6: type[E6] = ...,
        c7: type[E7] = ...,
        c8: type[E8] = ...,
        c9: type[E9] = ...,
        c10: type[E10] = ...,
        c11: type[E11] = ...,
        c12: type[E12] = ...,
        c13: type[E13] = ...,
        c14: type[E14] = ...,
        c15: type[E15] = ...,
        c16: type[E16] = ...,
        /,
        *more: type[Es],
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> AsyncEventStream[
        E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8 | E9 | E10 | E11 | E12 | E13 | E14 | E15 | E16 | Es
    ]: ...
    @overload
    def subscribe(
        self, *event_classes: type[Event] | str, limit: int | None = None, overflow: Overflow = Overflow.DROP_OLDEST
    ) -> AsyncEventStream[Event]: ...

    def subscribe(
        self, *event_classes: type[Event] | str, limit: int | None = None, overflow: Overflow = Overflow.DROP_OLDEST
    ) -> AsyncEventStream[Any]:
        """Collect events of some classes, of all where none are given, from now on.

        Args:
            event_classes: The classes; a family such as `events.ChannelEvent` stands for all of its events. Events may
                be named instead, and a pattern such as ``Queue*`` stands for all whose names match; checkers know the
                type of what is asked for by its class only.
            limit: How many events wait at most, `Limits.stream` where none is given.
            overflow: What happens beyond it; see `Overflow`. The reader is told of what was dropped: `get` raises
                `EventsDropped`, or returns an `EventsLost` where that is one of the classes.

        Returns:
            A stream to iterate over, best in an ``async with`` block.

        Raises:
            TypeError: One is no class of events.
            ValueError: No event can have such a name.
        """
        return self._collect(tuple(dict.fromkeys(event_classes)) or (Event,), self._audience, limit, overflow)

    @overload
    async def wait_for(
        self,
        first: type[E1],
        /,
        *,
        where: Callable[[E1], bool] | None = None,
        timeout: Seconds | None = None,
    ) -> E1: ...
    @overload
    async def wait_for(
        self,
        first: type[E1],
        second: type[E2],
        /,
        *,
        where: Callable[[E1 | E2], bool] | None = None,
        timeout: Seconds | None = None,
    ) -> E1 | E2: ...
    @overload
    async def wait_for(
        self,
        first: type[E1],
        second: type[E2],
        third: type[E3],
        /,
        *,
        where: Callable[[E1 | E2 | E3], bool] | None = None,
        timeout: Seconds | None = None,
    ) -> E1 | E2 | E3: ...
    @overload
    async def wait_for(
        self,
        first: type[E1],
        second: type[E2],
        third: type[E3],
        fourth: type[E4],
        /,
        *,
        where: Callable[[E1 | E2 | E3 | E4], bool] | None = None,
        timeout: Seconds | None = None,
    ) -> E1 | E2 | E3 | E4: ...
    @overload
    async def wait_for(
        self,
        first: type[E1],
        second: type[E2],
        third: type[E3],
        fourth: type[E4],
        fifth: type[E5],
        c6: type[E6] = ...,
        c7: type[E7] = ...,
        c8: type[E8] = ...,
        c9: type[E9] = ...,
        c10: type[E10] = ...,
        c11: type[E11] = ...,
        c12: type[E12] = ...,
        c13: type[E13] = ...,
        c14: type[E14] = ...,
        c15: type[E15] = ...,
        c16: type[E16] = ...,
        /,
        *more: type[Es],
        where: Callable[[Any], bool] | None = None,
        timeout: Seconds | None = None,
    ) -> E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8 | E9 | E10 | E11 | E12 | E13 | E14 | E15 | E16 | Es: ...
    @overload
    async def wait_for(
        self,
        *event_classes: type[Event] | str,
        where: Callable[[Event], bool] | None = None,
        timeout: Seconds | None = None,
    ) -> Event: ...

    async def wait_for(
        self,
        *event_classes: type[Event] | str,
        where: Callable[[Any], bool] | None = None,
        timeout: Seconds | None = None,
    ) -> Any:
        """Wait for the next event of some classes that fits; events from before the call do not count.

        Args:
            event_classes: The classes or names; see `subscribe`.
            where: Whether an event is the one; every one is where nothing is given.
            timeout: How long to wait, in seconds; `None` waits for as long as the connection stands.

        Raises:
            EventTimeout: None came in time.
            ConnectionLost: The connection ended first.
            TypeError: One is no class of events.
            ValueError: No event can have such a name.
        """
        timeout = seconds_or_none(timeout, "timeout", passed=True)
        async with self.subscribe(*event_classes) as stream:
            return await _first(stream, where, timeout, stream.what)

    def _collect(
        self,
        keys: tuple[EventKey, ...],
        audience: Audience | None,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> AsyncEventStream[Any]:
        if audience is None:
            raise self._not_connected()
        stream = AsyncEventStream(self._handlers, keys, self._new_buffer(keys, limit, overflow), audience)
        audience.join(stream)
        return stream


async def _first(stream: AsyncEventStream[E], where: Callable[[E], bool] | None, timeout: float | None, what: str) -> E:
    """Return the first event of a stream that fits."""
    deadline = None if timeout is None else time.monotonic() + timeout
    others = 0
    try:
        while True:
            event = await stream.get(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if where is None or where(event):
                return event
            others += 1
    except EventTimeout:
        why = f" {others} came that did not fit." if others else stream.silence()
        raise EventTimeout(f"{what} did not come within {timeout:g} s.{why}") from None
    except StopAsyncIteration:
        raise ConnectionLost("the program disconnected.") from None
