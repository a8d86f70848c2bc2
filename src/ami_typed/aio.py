"""The asyncio face: `AsyncManager`, for programs with an event loop.

Rules of this module:

- It is written for both faces: `manager` is generated from it. What differs by more than ``await`` lies in
  `_faces.tasks` and `_faces.threads`, what does not wait in `_faces.common`.
- It holds no decision about the protocol: `session` and `dialogues` do.
- Everything happens on one event loop. Callbacks run in one task, one after the other, so a callback that waits delays
  other callbacks but never an answer; no task outlives its manager.
"""

# Classes that are not passed to `subscribe` do not affect its return type: the type variables default to `Never`.
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
    from ami_typed.explanations import Explanation
    from ami_typed.live.tables import Choice
    from ami_typed.messages import R
    from ami_typed.quantities import Seconds

__all__ = ["AsyncEventStream", "AsyncManager"]

T = TypeVar("T")
A = TypeVar("A", bound=Aggregate)
E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)


class AsyncEventStream(TaskStream[E_co]):
    """An iterator over events of chosen classes, in order of arrival; created by `AsyncManager.subscribe`.

    The stream collects events from its creation until `close`, which is called on leaving an ``async with`` block. It
    ends when the program disconnects. If the connection is lost, it raises the reason.
    """

    async def get(self, timeout: Seconds | None = None) -> E_co:
        """Return the next event.

        Args:
            timeout: How long to wait, in seconds; `None` waits as long as the connection is up.

        Raises:
            EventTimeout: No event arrived in time.
            EventsDropped: Events were dropped before the next one; the next call continues after the gap. A stream
                that includes `EventsLost` returns one of those instead.
            ConnectionLost: The connection ended after the last event.
            StopAsyncIteration: The stream was closed, and its last event has been returned.
        """
        event = await self._next(seconds_or_none(timeout, "timeout", passed=True))
        if event is None:
            raise StopAsyncIteration
        return event

    async def get_batch(self, timeout: Seconds | None = None) -> list[E_co]:
        """Return all events buffered so far, waiting for the first one: faster than one by one in a flood.

        Args:
            timeout: How long to wait for the first event, in seconds; `None` waits as long as the connection is up.

        Returns:
            At least one event. If events were dropped, those before the gap; the next call reports it.

        Raises:
            EventTimeout, EventsDropped, ConnectionLost, StopAsyncIteration: As `get` does.
        """
        batch = await self._next_batch(seconds_or_none(timeout, "timeout", passed=True))
        if batch is None:
            raise StopAsyncIteration
        return batch

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
        debug: Whether to log the protocol dialogue, at level DEBUG and with secrets masked.
        logger: The logger to use, by default the logger ``ami_typed``.
        aggregate_timeout: Maximum time between two events of an aggregate, in seconds. When it expires, the aggregate
            is delivered as it is, with `Aggregate.valid` false.
        orphaned_response_timeout: How long to remember a request that timed out, in seconds, so that a late answer is
            recognised and counted. A response without a request always goes to the callbacks of `None`.
        limits: Upper bounds for what is held in memory; see `Limits`.
        check_releases: Whether to refuse, from `login` on, actions and parameters that the server's release does not
            support.
        reconnect: When and how to re-establish a lost connection, by default not at all. The manager logs in again and
            restores the event mask and filters; callbacks and streams stay registered and are notified
            (`Disconnected`, `Reconnected`). Pending requests are never sent again. With `Reconnect.at_start`,
            `connect` also retries.
        overflow: What to do when callbacks cannot keep up; see `Overflow`.
        timezone: The server's time zone: a `zoneinfo.ZoneInfo`, a `datetime.timezone` or an IANA name such as
            ``Europe/Berlin``. Asterisk reports some times without a zone, in that of its ``/etc/localtime`` (those of
            `events.Cdr`, `events.CEL` and `responses.CoreStatus`). Their attributes are aware, in UTC, if the zone is
            given here, otherwise naive.

    Raises:
        TypeError: A time-out or another setting has the wrong type.
        ValueError: A setting is out of range, or this machine does not know the time zone.
    """

    async def connect(
        self, host: str | None = None, port: int = 5038, timeout: Seconds = 5, *, tls: bool | ssl.SSLContext = False
    ) -> None:
        """Connect to a server, closing any existing connection first.

        Args:
            host: The server's name or address. If a name has several addresses, each is tried. Without a host, the
                manager connects and logs in as configured by `from_url` or `from_env`.
            port: The port of the Manager Interface.
            timeout: How long to wait for name resolution, connection, TLS handshake and greeting together, and later
                between the lines of one message, in seconds. An idle link may stay silent indefinitely.
            tls: Whether to use TLS and verify the server's certificate against this machine's certificate authorities;
                or an `ssl.SSLContext` for other settings, such as a client certificate.

        Raises:
            ConnectFailed: No server listens there, certificate verification failed, the server closed the connection
                at once (`TurnedAway`), it is not Asterisk's Manager Interface (`NotAsterisk`), or the connection was
                lost during the log-in. With ``Reconnect(at_start=True)``, it is raised only when no attempts are left
                or retrying is pointless.
            AddressError: No host is given, and the manager was not created with one.
            LoginFailed: The server rejected the configured log-in.
            ConnectionLost: The program meanwhile disconnected, or connected to another server.
        """
        if host is not None:
            await self._connect_first(target_of(host, port, timeout, tls), None)
        elif self._address is not None:
            await self._connect_first(self._address.target, self._address.credentials)
        else:
            raise AddressError("connect() needs a host unless the manager was created with from_url() or from_env().")

    async def _connect_first(self, target: Target, credentials: Credentials | None) -> None:
        """Connect, log in if there are credentials, and notify the callers of `wait_connected` of the result."""
        self._own()
        self._trying = target
        try:
            self._ready = await self._keep_trying(target, credentials)
        except BaseException as error:
            self._notify_waiting(error if isinstance(error, Exception) else interrupted(target, error))
            raise
        finally:
            self._trying = None
        self._notify_waiting()

    async def _keep_trying(self, target: Target, credentials: Credentials | None) -> Connection:
        """Try to connect until an attempt succeeds: once, or as often as `Reconnect` allows at the start."""
        call, begun, plan = next(self._calls), time.monotonic(), self._reconnect
        pauses = plan.pauses().after(0, lambda: time.monotonic() - begun) if plan and plan.at_start else iter(())
        while True:
            try:
                return await self._reach(call, target, credentials)
            except Exception as error:
                pause = next(pauses, None) if may_pass(error) else None
                if pause is None:
                    raise
                self._log.note(f"{error} The next attempt to connect to {target} is in {pause:.2f} s.")
            await self._pause(pause, call, target)

    async def _reach(self, call: int, target: Target, credentials: Credentials | None) -> Connection:
        """Connect once, and log in if there are credentials."""
        connection = await self._connect(call, target)
        try:
            if credentials is not None:
                await self._log_in(credentials, connection)
        except BaseException as error:
            await self._leave(connection)
            if not isinstance(error, (ConnectionLost, NotConnected, ActionTimeout)):
                raise
            self._check_latest(call, target)
            raise ConnectFailed(f"Could not log in to {target}: {error}") from error
        return connection

    async def _pause(self, seconds: float, call: int, target: Target) -> None:
        """Wait before the next attempt of a call to `connect`.

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
        """Wait until the connection is up and, if the manager has credentials, logged in.

        It does not matter whether another task has already called `connect` or calls it later. After a loss, this
        waits until `Reconnect` has re-established the connection.

        Args:
            timeout: How long to wait, in seconds; `None` waits indefinitely.

        Raises:
            ConnectFailed: The connection was not up in time, or `connect` failed.
            LoginFailed: `connect` logged in with the configured credentials, and the server rejected them.
            ConnectionLost: The program disconnected, or `Reconnect` allows no more attempts.
        """
        timeout = seconds_or_none(timeout, "timeout", passed=True)
        deadline = None if timeout is None else time.monotonic() + timeout
        self._waiting.add(awaited := Awaited())
        try:
            while not self._is_ready():
                if self._inherited:
                    raise WrongContext.inherited()
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                if not await awaited.wait(left):
                    raise ConnectFailed(f"No connection was established within {timeout:g} s. {self._not_connected()}")
                if awaited.error is not None:
                    raise awaited.error
        finally:
            self._waiting.discard(awaited)

    async def disconnect(self) -> None:
        """Close the connection, if any. Pending requests, and a `connect` in progress, fail immediately."""
        self._supersede()
        await self._leave()

    async def close(self) -> None:
        """Close the connection and briefly wait for running callbacks to finish."""
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

        A refusal does not raise an exception here, as it does in `execute`, but returns a `Response` whose `success`
        is false, even for ``actions.Login``. The manager recognises a log-in and a log-off: with `Reconnect`, it
        repeats the log-in after a loss, and does not reconnect after a log-off. A log-in with an MD5 key cannot be
        repeated; use `login` instead.

        Args:
            request: The request to send; it is not modified.
            action_id: The ActionID to use, instead of the request's own or a generated one. A number is sent as text.
            headers: Additional headers, for this call only.

        Returns:
            The answer, successful or not; `None` if no answer arrived within ``request.timeout``.

        Raises:
            NotConnected: There is no connection.
            HeaderRefused: A header would break the message; nothing was sent.
            NotInRelease: The server's release does not support the action or parameter; nothing was sent.
            ConnectionLost: The connection was lost; the exception states whether the request was sent.
            TypeError: ``request`` is not a request (the message suggests what to write instead), or its time-out is not
                a duration.
            ValueError: The time-out is NaN.
        """
        connection = self._connected()
        check(request)
        exchange = await connection.exchange(request, None if action_id is None else str(action_id), headers)
        if exchange.knowledge.sets_mask or exchange.knowledge.logs_in:
            self._warn(self._handlers.subscribed())
        return exchange.outcome()

    @overload
    async def execute(self, request: ListRequest[A], *, timeout: Seconds | None = None) -> A: ...
    @overload
    async def execute(self, request: Request[R], *, timeout: Seconds | None = None) -> R: ...

    async def execute(self, request: Request[Any], *, timeout: Seconds | None = None) -> Any:
        """Send a request and return its result: the answer or, for an action that lists events, the complete list.

        Args:
            request: The request to send; it is not modified.
            timeout: How long to wait, in seconds, instead of ``request.timeout``.

        Raises:
            ActionFailed: The server answered with an error; for a log-in, `LoginFailed` or one of its subclasses.
            ActionTimeout: No complete answer arrived in time.
            ListTooLong: The list exceeds the limits.
            NotConnected: There is no connection.
            HeaderRefused: A header would break the message; nothing was sent.
            NotInRelease: The server's release does not support the action or parameter; nothing was sent.
            ConnectionLost: The connection was lost; the exception states whether the request was sent.
            TypeError: ``request`` is not a request (the message suggests what to write instead), or its time-out is not
                a duration.
            ValueError: The time-out is NaN.
        """
        check(request)
        gather = request.lists or request.synchronous
        limit = None if timeout is None else seconds(timeout, "timeout", passed=True)
        exchange = await self._connected().exchange(request, timeout=limit, synchronous=gather)
        if exchange.knowledge.sets_mask or exchange.knowledge.logs_in:
            self._warn(self._handlers.subscribed())
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
        """Log in, by default by MD5 challenge-response instead of sending the secret.

        Args:
            username: The user, a section of manager.conf.
            secret: The user's secret, a function that returns it, or the path of a file that contains it, as a
                `pathlib.Path`. The function is called, or the file read, at each log-in: now and after a reconnect.
            events: The initial event mask: ``on``, ``off``, or classes such as ``call,agent``.
            plain: Whether to send the secret in plain text.
            wait: How long to wait for the server to be fully booted, in seconds; `None` does not wait.
            timeout: How long to wait for each answer, in seconds.

        Raises:
            AuthenticationFailed: The user is unknown, the secret is wrong, or the server refuses this address.
            AlreadyLoggedIn: The user may be logged in only once, and already is.
            LoginFailed: The server rejected the log-in for another reason.
            StillBooting: The server was not fully booted in time.
            ActionTimeout: An answer did not arrive in time.
        """
        await self._log_in(Credentials(username, secret_of(secret), events, plain, wait, timeout), self._connected())

    async def _log_in(self, credentials: Credentials, connection: Connection) -> None:
        is_first = connection.session.login is None  # Asterisk ignores any later one
        release = connection.session.release = await self._converse(dialogues.login(credentials), connection)
        server = f" to Asterisk {release}" if release else "; the server did not report its Asterisk release"
        self._log.tell(f"Logged in as {credentials.username}{server}.")
        if is_first:
            connection.credentials = credentials
        self._warn(self._handlers.subscribed())

    async def wait_until_booted(self, timeout: Seconds = 60) -> None:
        """Wait until the server reports that it is fully booted; return at once if it has done so since the log-in.

        It reports this to users with the read privilege ``system`` whose event mask includes it.

        Args:
            timeout: How long to wait, in seconds.

        Raises:
            StillBooting: The server did not report it in time.
            ConnectionLost: The connection ended first.
        """
        await self._connected().wait_until_booted(seconds(timeout, "timeout", passed=True))

    async def explain(self, *messages: type[Event | Request[Any] | Aggregate] | str) -> Explanation:
        """Find out why events do not arrive, or why actions are refused.

        The server is asked for what its user may query: the actions it lists, the user's privileges
        (``manager show user``, with the write privilege ``command``), whether modules are loaded (``ModuleCheck``,
        with ``system``), and settings that turn events on (``GetConfig``, with ``config``). What it discloses is also
        used in later warnings, and in the message of `EventTimeout`.

        Args:
            messages: Classes or names of events and actions, families, or patterns such as ``Queue*``; by default
                everything that this manager's callbacks and streams are registered for.

        Returns:
            The findings, each certain or guessed; print it for a text.

        Raises:
            NotConnected: There is no connection.
            ConnectionLost: The connection ended first.
            TypeError: An argument is not a class or name of an event or action.
        """
        from ami_typed._protocol.inquiries import arrived, inquire
        from ami_typed.explanations import explain, subjects_of

        session = (connection := self._connected()).session
        asked = subjects_of(messages or filter(None, self._handlers.subscribed()))
        statistics = self.statistics
        known = arrived(session.visibility.known, {**statistics.events, **statistics.events_unwanted})
        learned = await self._converse(inquire(asked, known, session.username), connection)
        session.visibility.learned = learned
        self._warn(self._handlers.subscribed())
        return explain(asked, session.visibility.known)

    def live(
        self,
        *,
        trunks: Sequence[str] = (),
        inbound_contexts: Sequence[str] = (),
        recordings: bool = False,
        calls: bool = True,
        queues: Choice = False,
        agents: Choice = False,
        parking: Choice = False,
        conferences: Choice = False,
        extensions: Choice = False,
        devices: Choice = False,
        endpoints: Choice = False,
        mailboxes: Choice = False,
        narrow: bool = False,
    ) -> AsyncPbx:
        """Return the server's calls, kept up to date while used in an ``async with`` block.

        Args:
            trunks: Prefixes of the names of trunk channels, which lead outside, for `Call.direction`.
            inbound_contexts: Dialplan contexts in which calls from outside arrive, for `Call.direction`.
            recordings: Whether to track the files that MixMonitor records to. This requires every `VarSet` event.
            calls: Whether to watch calls, with their channels and bridges.
            queues: The queues to watch, with their callers and members: `True` for all, or their names in a list.
            agents: The agents to watch, by their identifiers, likewise.
            parking: The parking lots to watch, with their calls, likewise.
            conferences: The conferences to watch, with their participants, likewise.
            extensions: The extensions with hints to watch, as ``201@phones``, likewise.
            devices: The devices to watch, as ``PJSIP/alice`` or ``Custom:desk``, likewise.
            endpoints: The endpoints to watch, with their contacts, as ``PJSIP/alice``, likewise.
            mailboxes: The mailboxes to watch, as ``201@default``, likewise.
            narrow: Whether to ask the server to send needed events only, by an event mask and, in releases that have
                them, by filters. They apply to the whole connection, until it ends, and let through what the manager's
                callbacks and streams receive at that time; what is subscribed to later may not arrive.

        Raises:
            TypeError: A single text was given instead of a list of names.
            ValueError: Nothing is watched.
        """
        from ami_typed.aiopbx import AsyncPbx

        return AsyncPbx(
            self,
            trunks=trunks,
            inbound_contexts=inbound_contexts,
            recordings=recordings,
            calls=calls,
            queues=queues,
            agents=agents,
            parking=parking,
            conferences=conferences,
            extensions=extensions,
            devices=devices,
            endpoints=endpoints,
            mailboxes=mailboxes,
            narrow=narrow,
        )

    async def originate(self, request: actions.Originate, *, margin: Seconds = 10.0) -> events.OriginateResponse:
        """Place a call and wait for its outcome.

        Args:
            request: The call to place; always placed asynchronously, regardless of ``request.async_``.
            margin: How long to wait beyond the call's own time-out, in seconds.

        Returns:
            The outcome: whether the call was answered, and if not, why.

        Raises:
            ActionFailed: The server refused to place the call.
            OutcomeTimeout: The event with the outcome did not arrive in time.
            OutcomeUnknown: The connection was lost before the outcome arrived.
        """
        return await self._converse(dialogues.originate(request, margin=margin), self._connected())

    async def logoff(self) -> None:
        """Log off and close the connection."""
        await self._converse(dialogues.logoff(), self._connected())
        await self.disconnect()

    async def _converse(self, conversation: Conversation[T], connection: Connection) -> T:
        """Run a conversation on a connection, step by step."""
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
        """Start collecting events of the given classes, by default all events.

        Args:
            event_classes: The classes; a family such as `events.ChannelEvent` stands for all of its events. Names are
                accepted too, and patterns such as ``Queue*`` for every event whose name matches; but type checkers
                infer the type of the events from classes only.
            limit: Maximum number of buffered events, by default `Limits.stream`.
            overflow: What to do when the limit is exceeded; see `Overflow`. The reader is notified of dropped events:
                `get` raises `EventsDropped`, or returns an `EventsLost` if that is one of the classes.

        Returns:
            A stream to iterate over, preferably in an ``async with`` block.

        Raises:
            TypeError: An argument is not an event class.
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
        """Wait for the next matching event of the given classes. Events that arrived before the call are ignored.

        Args:
            event_classes: The classes or names; see `subscribe`.
            where: A predicate that returns whether an event matches; by default every event does.
            timeout: How long to wait, in seconds; `None` waits as long as the connection is up.

        Raises:
            EventTimeout: No matching event arrived in time.
            ConnectionLost: The connection ended first.
            TypeError: An argument is not an event class.
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
        self._warn(dict.fromkeys(keys, len(keys) == 1))
        return stream


async def _first(stream: AsyncEventStream[E], where: Callable[[E], bool] | None, timeout: float | None, what: str) -> E:
    """Return the first matching event of a stream."""
    deadline = None if timeout is None else time.monotonic() + timeout
    others = 0
    try:
        while True:
            event = await stream.get(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if where is None or where(event):
                return event
            others += 1
    except EventTimeout:
        why = f" {others} arrived that did not match." if others else stream.silence()
        raise EventTimeout(f"{what} did not arrive within {timeout:g} s.{why}") from None
    except StopAsyncIteration:
        raise ConnectionLost("the program disconnected.") from None
