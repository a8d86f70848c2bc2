"""The asyncio face: `AsyncManager`, for programs with an event loop.

Rules of this module:

- It holds no decision about the protocol: `session` and `dialogues` do.
- `manager.Manager` is its twin: the same methods, in the same order, with the same meaning; those that wait are
  coroutines.
- Everything happens on one event loop. Callbacks run in one task, one after the other, so a callback that waits delays
  other callbacks but never an answer; no task outlives its manager.
"""

# A class that `subscribe` is not given adds nothing to its result: the type variables have the default `Never`.
# pyright: reportInvalidTypeVarUse=false

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import time
import weakref
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ami_typed._delivery.backlog import Backlog
from ami_typed._delivery.log import Log
from ami_typed._delivery.stream_buffer import Buffer
from ami_typed._delivery.subscriptions import Handlers, doubt_about, name_of
from ami_typed._protocol import dialogues
from ami_typed._protocol.dialogues import Await, Boot, Conversation, Credentials, Listen
from ami_typed._protocol.session import Session
from ami_typed._protocol.tally import Tally
from ami_typed._transport.forks import disown_in_children
from ami_typed._transport.locks import renew
from ami_typed._transport.sockets import Tries, keep_alive
from ami_typed._transport.target import Target, failure_of, secret_of, timezone_of
from ami_typed._transport.tasks import Audience, Awaited, Connection, is_over, leave_the_loop
from ami_typed.backoff import checked, may_pass
from ami_typed.drift import Drift
from ami_typed.errors import (
    ActionTimeout,
    AddressError,
    ConnectFailed,
    ConnectionLost,
    Error,
    EventTimeout,
    NotAsterisk,
    NotConnected,
    WrongContext,
)
from ami_typed.limits import Limits
from ami_typed.messages import Aggregate, Event, ListRequest, Message, Request, Response, event_name
from ami_typed.notices import Disconnected, EventsLost, Reconnected
from ami_typed.observers import Observers
from ami_typed.overflow import Overflow
from ami_typed.registry import check_request

if TYPE_CHECKING:
    import logging
    import ssl
    from collections.abc import Callable
    from datetime import tzinfo
    from types import TracebackType
    from typing import Self, Unpack

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
    from ami_typed._transport.url import Address, Options
    from ami_typed.backoff import Pauses, Reconnect
    from ami_typed.drift import DriftReport
    from ami_typed.messages import R
    from ami_typed.observers import Observer
    from ami_typed.releases import Release
    from ami_typed.statistics import Statistics

__all__ = ["AsyncEventStream", "AsyncManager"]

T = TypeVar("T")
A = TypeVar("A", bound=Aggregate)
E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)

_DRAIN = 2.0
"""How long `close` waits for callbacks that still run, in seconds."""


class AsyncEventStream(Generic[E_co]):
    """Events of chosen classes, in order, to iterate over; made by `AsyncManager.subscribe`.

    Events are collected from the moment it is made until `close`, which leaving an ``async with`` block calls. It ends
    when the program disconnects, and raises the reason where the connection is lost.
    """

    def __init__(
        self, handlers: Handlers, keys: tuple[EventKey, ...], buffer: Buffer[E_co], audience: Audience
    ) -> None:
        self._handlers = handlers
        self._keys = keys
        self._buffer = buffer
        self._audience = audience
        self._changed = asyncio.Event()
        handlers.register_sink(keys, self._put)
        audience.watch(buffer)

    @property
    def what(self) -> str:
        """What the stream is of, in words."""
        return " or ".join(map(name_of, self._keys))

    @property
    def dropped(self) -> int:
        """How many events were dropped because the stream was full."""
        return self._buffer.dropped

    def _put(self, event: Any) -> None:
        overflowed = self._buffer.put(event)
        self._changed.set()
        if overflowed is not None:
            self._audience.overflowed = overflowed

    def end(self, reason: Exception | None) -> None:
        """Let nothing in any more; what has come is still read."""
        self._buffer.end(reason)
        self._changed.set()

    def disown(self, reason: Exception) -> None:
        """Raise the reason from now on, in a child process: what has come is its parent's."""
        self._buffer.discard(reason)
        with contextlib.suppress(RuntimeError):  # a loop in debug mode, in another thread
            self._changed.set()

    def close(self) -> None:
        """Stop collecting; closing it again does nothing."""
        for key in self._keys:
            self._handlers.unregister(key, self._put)
        self.end(None)
        self._audience.forget(self._buffer)

    async def get(self, timeout: float | None = None) -> E_co:
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
        if self._audience.loop is not asyncio.get_running_loop() and not self._audience.inherited:
            raise _foreign_loop()
        try:
            async with asyncio.timeout(timeout):
                while not self._buffer.ready:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise EventTimeout(f"No {self.what} came within {timeout:g} s.{self.silence()}") from None
        event = self._buffer.take()
        self._audience.throttle.nudge()
        if event is None:
            raise StopAsyncIteration
        return event

    def silence(self) -> str:
        """Say why none of its events may have come, as far as is known: sentences behind a blank, or nothing."""
        return self._audience.explain([event_name(key) if isinstance(key, type) else key or "" for key in self._keys])

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E_co:
        return await self.get()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class AsyncManager:
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
        ValueError: This machine knows no time zone of that name.
    """

    def __init__(
        self,
        debug: bool = False,
        logger: logging.Logger | None = None,
        aggregate_timeout: float = 5,
        orphaned_response_timeout: float = 5,
        *,
        limits: Limits = Limits(),
        check_releases: bool = True,
        reconnect: Reconnect | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
        timezone: tzinfo | str | None = None,
    ) -> None:
        self._timezone = timezone_of(timezone)
        self._log = Log(logger, debug=debug)
        self._aggregate_timeout = aggregate_timeout
        self._orphaned_response_timeout = orphaned_response_timeout
        self._limits = limits
        self._check_releases = check_releases
        self._reconnect = checked(reconnect)
        self._overflow = overflow
        self._handlers = Handlers()
        self._tally = Tally()
        self._observers = Observers(self._log)
        self._drift = Drift()
        self._connection: Connection | None = None
        self._audience: Audience | None = None
        self._address: Address | None = None
        self._target: Target | None = None
        self._resuming: asyncio.Task[None] | None = None
        self._attempts: set[Connection] = set()
        self._waiting: set[Awaited] = set()
        self._trying: Target | None = None
        self._ready: Connection | None = None
        self._given_up: Connection | None = None
        self._calls = itertools.count()
        self._latest: tuple[int, Target | None] = next(self._calls), None
        self._inherited = False

    @classmethod
    def from_url(cls, url: str, *, secret: Secret | None = None, **options: Unpack[Options]) -> Self:
        """Make a manager that knows where to connect to and, where a user is named, whom to log in.

        It connects when it is entered as a context manager, or by `connect` without a host:

        ```python
        async def main() -> None:
            async with AsyncManager.from_url("ami://admin@pbx.example", secret=Path("/run/secrets/ami")) as manager:
                ...
        ```

        Args:
            url: ``ami://USER:SECRET@HOST:PORT?SETTING=VALUE``, or ``amis`` for TLS with verification. Only the host is
                needed; ports are 5038 and 5039 where none is given. An IPv6 address stands in brackets, and what is
                special is percent-encoded. The settings are ``timeout`` and ``wait`` (for the server to be fully
                booted), in seconds, ``reconnect`` (``yes``, ``no``, ``start``), ``plain``, ``events`` (an event mask),
                ``timezone`` (the server's, by its IANA name), ``secret_file``, and for TLS ``cafile``, ``certfile`` and
                ``keyfile``.
            secret: The secret, which is better not in the URL: itself, the path of a file as a `pathlib.Path`, or a
                function that returns it. A file is read, and a function called, at each log-in.
            options: What the manager takes besides.

        Raises:
            AddressError: The URL is not such a one; says why, and shows nothing of it.
        """
        from ami_typed._transport.url import Address  # only a program that is told so needs it

        return cls._at(Address.of_url(url, secret), options)

    @classmethod
    def from_env(cls, prefix: str = "AMI_TYPED_", *, secret: Secret | None = None, **options: Unpack[Options]) -> Self:
        """Make a manager that knows from the environment where to connect to and whom to log in; see `from_url`.

        Args:
            prefix: What the names of the variables begin with. They are ``AMI_TYPED_URL``, or ``AMI_TYPED_HOST``,
                ``_PORT``, ``_USER``, ``_SECRET`` and ``_TLS`` (``yes`` or ``no``), and each setting of a URL:
                ``AMI_TYPED_SECRET_FILE``, ``AMI_TYPED_TIMEOUT`` and so on. Each may be given once.
            secret: The secret, where the environment does not hold it.
            options: What the manager takes besides.

        Raises:
            AddressError: No variable says where to connect to, or one is wrong.
        """
        from ami_typed._transport.url import Address

        return cls._at(Address.of_environment(prefix, secret), options)

    @classmethod
    def _at(cls, address: Address, options: Options) -> Self:
        if address.reconnect is not None:
            options.setdefault("reconnect", address.reconnect)
        if address.timezone is not None:
            options.setdefault("timezone", address.timezone)
        manager = cls(**options)
        manager._address = address
        return manager

    # The connection

    async def connect(
        self, host: str | None = None, port: int = 5038, timeout: float = 5, *, tls: bool | ssl.SSLContext = False
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
            await self._connect_first(Target(host, port, timeout, tls), None)
        elif self._address is not None:
            await self._connect_first(self._address.target, self._address.credentials)
        else:
            raise AddressError("connect() needs a host where the manager was not made by from_url() or from_env().")

    async def _connect_first(self, target: Target, credentials: Credentials | None) -> None:
        """Connect, log in where it is known whom, and tell those who wait for it what came of it."""
        disown_in_children(self)
        self._inherited = False
        self._trying = target
        try:
            self._ready = await self._keep_trying(target, credentials)
        except BaseException as error:
            self._tell_waiting(error if isinstance(error, Exception) else _interrupted(target, error))
            raise
        finally:
            self._trying = None
        self._tell_waiting()

    async def _keep_trying(self, target: Target, credentials: Credentials | None) -> Connection:
        """Make attempts to connect until one succeeds: one, or as many as `Reconnect` allows at the start."""
        loop = asyncio.get_running_loop()
        call, begun, plan = next(self._calls), loop.time(), self._reconnect
        pauses = plan.pauses().after(0, lambda: loop.time() - begun) if plan and plan.at_start else iter(())
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
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        self._waiting.add(awaited := Awaited())
        try:
            while self._check_latest(call, target) and (left := until - loop.time()) > 0:
                await awaited.wait(left)
        finally:
            self._waiting.discard(awaited)

    def _check_latest(self, call: int, target: Target) -> bool:
        """Return `True` unless a call of `connect` was superseded.

        Raises:
            ConnectionLost: A later call disconnected, or connected to another server; the later call wins.
        """
        latest, where = self._latest
        if call < latest and where != target:
            raise _unwanted(target)
        return True

    async def wait_connected(self, timeout: float | None = None) -> None:
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
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        self._waiting.add(awaited := Awaited())
        try:
            while not self._stands():
                if self._inherited:
                    raise WrongContext.inherited()
                left = None if deadline is None else max(0.0, deadline - loop.time())
                if not await awaited.wait(left):
                    raise ConnectFailed(f"No connection stood within {timeout:g} s. {self._not_connected()}")
                if awaited.error is not None:
                    raise awaited.error
        finally:
            self._waiting.discard(awaited)

    def _stands(self) -> bool:
        connection = self._connection
        return connection is not None and connection is self._ready and not connection.ended

    def _tell_waiting(self, error: Exception | None = None) -> None:
        """Have those who wait for the connection look again, or learn why there is none to wait for."""
        for awaited in tuple(self._waiting):
            awaited.error = error
            awaited.tell()

    async def _connect(self, call: int, target: Target) -> Connection:
        await self._leave()
        backlog = Backlog(self._overflow, self._limits.events, self._limits.waiting, self._tally)
        audience = Audience(self._handlers, weakref.ref(self), backlog, self._log)
        connection = None
        try:
            connection = await self._dial(target, audience)
            while not self._adopt(connection, call):  # another task has connected meanwhile
                await self._leave()
        except BaseException:
            audience.leave(None)
            if connection is not None:
                connection.end(ConnectionLost("it was given up."), wanted=True)
            raise
        self._tally.connected()
        self._log.tell(f"Connected to {target}: {' '.join(connection.session.greeting or ())}.")
        connection.open_up(lost=Loss(weakref.ref(self), self._log))
        return connection

    def _adopt(self, connection: Connection, call: int) -> bool:
        """Make a new connection this manager's own. Return whether it is, or another one has to be closed first.

        Args:
            connection: The connection.
            call: The number of the call of `connect` that made it.

        Raises:
            ConnectionLost: A later call disconnected, or connected to another server; the later call wins.
        """
        target = connection.target
        self._check_latest(call, target)
        if self._audience is not None:
            return False
        self._connection, self._audience, self._target = connection, connection.audience, target
        self._latest = max(call, self._latest[0]), target
        connection.pauses = self._reconnect.pauses() if self._reconnect else None
        return True

    async def _dial(self, target: Target, audience: Audience) -> Connection:
        """Make a connection whose server has greeted.

        Raises:
            ConnectFailed: It cannot be done.
            ConnectionLost: It is not wanted any more.
        """
        session = Session(
            self._handlers,
            token=f"ami-typed-{os.getpid():x}-{os.urandom(4).hex()}",
            limits=self._limits,
            aggregate_timeout=self._aggregate_timeout,
            late_timeout=self._orphaned_response_timeout,
            check_releases=self._check_releases,
            drift=self._drift,
            tally=self._tally,
            zone=self._timezone,
        )
        connection = Connection(session, audience, target, self._log, self._observers)
        self._attempts.add(connection)
        try:
            await _establish(connection)
        except BaseException as error:
            connection.end(ConnectionLost("no connection was made."), wanted=True)
            if connection.leaving and isinstance(error, Exception):
                raise _unwanted(target) from error
            raise
        finally:
            self._attempts.discard(connection)
        return connection

    async def disconnect(self) -> None:
        """Close the connection, if there is one. Pending requests, and a `connect` in progress, fail at once."""
        self._latest = next(self._calls), None
        for attempt in tuple(self._attempts):
            attempt.abandon()
        self._tell_waiting(ConnectionLost("the program disconnected."))
        await self._leave()

    async def _leave(self, only: Connection | None = None) -> None:
        """Close the connection and end the attempts to replace it; with `only`, unless it is another one."""
        if only is not None and only.audience is not self._audience:
            return
        connection, self._connection = self._connection, None
        audience, self._audience = self._audience, None
        resuming, self._resuming = self._resuming, None
        if audience is None:
            return
        if audience.loop is asyncio.get_running_loop():
            await _finish(_end(connection, audience, resuming))
        elif audience.loop.is_running():

            async def end() -> None:
                await _finish(_end(connection, audience, resuming))

            ending = asyncio.run_coroutine_threadsafe(end(), audience.loop)
            await asyncio.wait([asyncio.wrap_future(ending)], timeout=3 * _DRAIN)
        else:
            if audience.loop.is_closed():
                _bury(connection, audience)
            else:
                _end(connection, audience, resuming)
            if connection is not None:
                connection.drop()

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

    def __del__(self) -> None:
        audience = getattr(self, "_audience", None)
        if audience is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed, and nothing runs there any more
                audience.loop.call_soon_threadsafe(_forget, self._connection, audience, self._resuming)

    async def _try_again(self, lost: Connection, gap: Callable[[], float], attempt: int) -> None:
        """Connect in the place of a lost connection, log in as before, and tell everybody.

        Server and credentials are the lost connection's: meanwhile the program may be connecting to another server.
        """
        target = lost.target
        connection = await self._dial(target, lost.audience)
        connection.credentials, connection.pauses = lost.credentials, lost.pauses
        try:
            self._check_wanted(lost.audience)
            resumed = await self._converse(
                dialogues.resume(lost.credentials, lost.session.lasting, lost.session.login), connection
            )
            self._check_wanted(lost.audience)
        except BaseException:
            connection.end(ConnectionLost("it was given up."), wanted=True)
            raise
        connection.session.release, connection.session.lasting = resumed.release, lost.session.lasting
        for refused in resumed.refused:
            self._log.note(f"The server refused to set again what the lost connection had: {refused}")
        self._connection = self._ready = connection
        self._tally.connected(missed := gap())
        self._log.tell(f"Connected to {target} again: after {missed:.3f} s, at attempt {attempt}.")
        notice = Reconnected.after(missed, attempt, resumed.refused)
        connection.open_up(notice, lost=Loss(weakref.ref(self), self._log))
        self._tell_waiting()
        if lost.monitored is not None and not connection.ended:
            self.monitor_connection(lost.monitored)

    def _check_wanted(self, audience: Audience) -> None:
        """Raise `ConnectionLost` if the program disconnected, or connected to another server, since a loss."""
        if self._audience is not audience:
            raise ConnectionLost("the program disconnected.")

    def _disown(self) -> None:
        """Let go, in a child process, of what its parent goes on using; `connect` makes a connection of its own.

        The event loop is the parent's too, so nobody is woken there.
        """
        renew(self._handlers._lock, self._observers._lock)
        self._inherited = self._inherited or self._trying is not None or self._audience is not None
        for connection in (self._connection, *self._attempts):
            if connection is not None:
                connection.disown()
        if self._audience is not None:
            self._audience.disown(WrongContext.inherited())
        self._connection = self._audience = self._trying = self._resuming = None
        self._latest = next(self._calls), None
        self._waiting.clear()
        self._attempts.clear()

    def is_connected(self) -> bool:
        """Whether the connection stands, as far as is known; see `monitor_connection`."""
        connection = self._connection
        return connection is not None and not connection.ended

    def get_asterisk_info(self) -> tuple[str, str] | None:
        """Return what the server calls itself and the version of its Manager Interface, `None` when not connected."""
        connection = self._connection
        return connection.session.greeting if connection is not None and not connection.ended else None

    def get_connection(self) -> asyncio.BaseTransport | None:
        """Return the connection's transport, `None` when not connected."""
        connection = self._connection
        return connection.transport if connection is not None and not connection.ended else None

    @property
    def release(self) -> Release | None:
        """The server's release of Asterisk, known from `login` on; `None` where the user may not ask for it."""
        connection = self._connection
        return connection.session.release if connection else None

    @property
    def timezone(self) -> tzinfo | None:
        """The server's time zone, as this manager was told; `None` where it was not."""
        return self._timezone

    @property
    def drift(self) -> DriftReport:
        """What the server sent so far, over all connections, that ami-typed does not know.

        Every event without a class is counted; headers and values are inspected in a sample of the messages, after
        they have been delivered. The report says how many that were.
        """
        return self._drift.report(self.statistics.messages_received)

    @property
    def address(self) -> tuple[str, int] | None:
        """The host and port that it was last connected to, `None` before."""
        target = self._target
        return (target.host, target.port) if target else None

    @property
    def statistics(self) -> Statistics:
        """What this manager has seen and done so far, over all its connections; reading it changes nothing.

        It may be read from any thread. A number may be a moment newer than another where messages are coming.
        """
        connection, audience = self._connection, self._audience
        return self._tally.snapshot(
            connection.session.kinds if connection else (),
            pending=connection.session.pending if connection else 0,
            waiting=audience.dispatcher.waiting if audience else 0,
            since=connection.made if connection and not connection.ended else None,
        )

    def monitor_connection(self, interval: float = 2.5) -> None:
        """Ping the server in the background, and end the connection when it does not answer.

        A link whose other end vanished without a word is found out within two intervals.

        Args:
            interval: The time between two pings, and how long to wait for each answer, in seconds.

        Raises:
            NotConnected: There is no connection to monitor.
        """
        if interval <= 0:
            raise ValueError(f"The interval must be above 0 seconds; it is {interval:g}.")
        connection = self._connected()
        connection.monitored = interval
        if connection.monitor is not None:
            connection.monitor.cancel()
        connection.monitor = connection.loop.create_task(connection.ping(interval), name="ami-typed monitor")

    def _connected(self) -> Connection:
        connection = self._connection
        if connection is None or connection.ended:
            raise self._not_connected()
        if connection.loop is not _running_loop():
            raise _foreign_loop()
        return connection

    def _not_connected(self) -> NotConnected | WrongContext:
        """Return the exception for whatever needs a connection; its sentence says whether one is being made."""
        connection, trying = self._connection, self._trying
        if self._inherited:
            return WrongContext.inherited()
        if connection is not None and connection.ended:
            what = f"The connection to {connection.target} is lost"
            if self._reconnect is None or connection is self._given_up:
                return NotConnected(f"{what}; call connect() for another one.")
            return NotConnected(f"{what} and is being re-established; wait_connected() waits for it.")
        if trying is not None:
            return NotConnected(f"connect() is not done yet with {trying}; wait_connected() waits for it.")
        return NotConnected("There is no connection to a server; call connect() first.")

    # Requests

    def add_observer(self, observer: Observer) -> None:
        """Have an object told of each request: when it begins, and when nobody waits for it any more.

        Args:
            observer: What is told, by the thread or task that sends; adding it again does nothing. What
                `monitor_connection` sends is told as well.
        """
        self._observers.add(observer)

    def remove_observer(self, observer: Observer) -> bool:
        """Have an observer no longer told; return whether it was there."""
        return self._observers.remove(observer)

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
            TypeError: It is no request; says what to write instead.
        """
        connection = self._connected()
        check_request(request)  # before compiled code sees it, whose errors name types alone
        exchange = await connection.exchange(request, None if action_id is None else str(action_id), headers)
        return exchange.outcome()

    @overload
    async def execute(self, request: ListRequest[A], *, timeout: float | None = None) -> A: ...
    @overload
    async def execute(self, request: Request[R], *, timeout: float | None = None) -> R: ...

    async def execute(self, request: Request[Any], *, timeout: float | None = None) -> Any:
        """Send a request and return its result: for an action that lists events, all of them.

        Args:
            request: The request; it is not changed.
            timeout: How long to wait, in seconds, instead of ``request.timeout``.

        Raises:
            ActionFailed: The server answered with an error; `LoginFailed` and its kin where that was to a log-in.
            ActionTimeout: No complete answer came in time.
            NotConnected: There is no connection.
            HeaderRefused: A header would break the message; nothing was sent.
            NotInRelease: The server's release does not have this; nothing was sent.
            ConnectionLost: The link broke; says whether the request left.
            TypeError: It is no request; says what to write instead.
        """
        check_request(request)
        gather = request.lists or request.synchronous
        exchange = await self._connected().exchange(request, timeout=timeout, synchronous=gather)
        return exchange.result()

    async def login(
        self,
        username: str,
        secret: Secret,
        *,
        events: str | None = None,
        plain: bool = False,
        wait: float | None = None,
        timeout: float = 5,
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

    async def wait_until_booted(self, timeout: float = 60) -> None:
        """Wait until the server has said, since the log-in, that it is fully booted.

        It says so to a user with the read privilege ``system`` whose event mask holds it.

        Args:
            timeout: How long to wait, in seconds.

        Raises:
            StillBooting: It did not say so in time.
            ConnectionLost: The connection ended first.
        """
        await self._connected().wait_until_booted(timeout)

    async def originate(self, request: actions.Originate, *, margin: float = 10.0) -> events.OriginateResponse:
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

    # Events

    @overload
    def register_callback(self, event: type[E], function: Callable[[E, AsyncManager], object]) -> None: ...
    @overload
    def register_callback(self, event: type[A], function: Callable[[A, AsyncManager], object]) -> None: ...
    @overload
    def register_callback(self, event: str, function: Callable[[Event, AsyncManager], object]) -> None: ...
    @overload
    def register_callback(self, event: str, function: Callable[[Aggregate, AsyncManager], object]) -> None: ...
    @overload
    def register_callback(self, event: None, function: Callable[[Message, AsyncManager], object]) -> None: ...
    @overload
    def register_callback(
        self, event: type[E]
    ) -> Callable[[Callable[[E, AsyncManager], T]], Callable[[E, AsyncManager], T]]: ...
    @overload
    def register_callback(
        self, event: type[A]
    ) -> Callable[[Callable[[A, AsyncManager], T]], Callable[[A, AsyncManager], T]]: ...
    @overload
    def register_callback(
        self, event: str
    ) -> Callable[[Callable[[Event, AsyncManager], T]], Callable[[Event, AsyncManager], T]]: ...
    @overload
    def register_callback(
        self, event: None
    ) -> Callable[[Callable[[Message, AsyncManager], T]], Callable[[Message, AsyncManager], T]]: ...

    def register_callback(self, event: EventKey, function: Callable[..., Any] | None = None) -> Any:
        """Have a function called with every such event, and with this manager.

        Args:
            event: The class of the event or list, or its name; a family such as `events.ChannelEvent` for all of its
                events, a pattern such as ``Queue*`` for every event whose name matches, ``""`` for every event and
                every list, `None` for every response without a request. A list that shares its name with an event is
                named with ``_Aggregate`` at the end.
            function: What to call. Without it, this is a decorator: ``@manager.register_callback(events.Hangup)``.

        A function may be a plain one or a coroutine function. Functions are called one after the other, in the order of
        registration; the same pair registered again moves to the end. An exception is logged and counted, and the next
        function is called. `KeyboardInterrupt` and `SystemExit` are also raised out of the event loop, as by asyncio.
        """
        if function is None:

            def decorate(decorated: Callable[..., Any]) -> Callable[..., Any]:
                self._register(event, decorated)
                return decorated

            return decorate
        self._register(event, function)
        return None

    def _register(self, event: EventKey, function: Callable[..., Any]) -> None:
        self._handlers.register(event, function)
        doubt = doubt_about(event)
        if doubt:
            self._log.note(doubt)

    def unregister_callback(self, event: EventKey, function: Callable[..., Any]) -> bool:
        """Have a function no longer called; return whether it was registered for this."""
        return self._handlers.unregister(event, function)

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
        timeout: float | None = None,
    ) -> E1: ...
    @overload
    async def wait_for(
        self,
        first: type[E1],
        second: type[E2],
        /,
        *,
        where: Callable[[E1 | E2], bool] | None = None,
        timeout: float | None = None,
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
        timeout: float | None = None,
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
        timeout: float | None = None,
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
        timeout: float | None = None,
    ) -> E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8 | E9 | E10 | E11 | E12 | E13 | E14 | E15 | E16 | Es: ...
    @overload
    async def wait_for(
        self,
        *event_classes: type[Event] | str,
        where: Callable[[Event], bool] | None = None,
        timeout: float | None = None,
    ) -> Event: ...

    async def wait_for(
        self,
        *event_classes: type[Event] | str,
        where: Callable[[Any], bool] | None = None,
        timeout: float | None = None,
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
        if _running_loop() not in {None, audience.loop}:
            raise _foreign_loop()
        limits = self._limits
        buffer: Buffer[Any] = Buffer(
            overflow,
            limits.stream if limit is None else limit,
            limits.waiting,
            self._tally,
            tells=EventsLost in keys or EventsLost.__name__ in keys,
        )
        stream = AsyncEventStream(self._handlers, keys, buffer, audience)
        audience.join(stream)
        return stream


def _interrupted(target: Target, error: BaseException) -> ConnectFailed:
    """Return what those learn who wait for a call of `connect` that something has interrupted."""
    failed = ConnectFailed(f"connect() to {target} was interrupted by {type(error).__name__}.")
    failed.__cause__ = error
    return failed


def _unwanted(target: Target) -> ConnectionLost:
    return ConnectionLost(f"The connection to {target} was given up: the program disconnected or connected elsewhere.")


def _foreign_loop() -> WrongContext:
    return WrongContext(
        "This AsyncManager is connected on another event loop, so nothing was sent. Use it there, or call connect() "
        "here, which closes that connection first."
    )


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _reason_of(error: BaseException) -> str:
    """Say why there is no connection; asyncio's own words for a refused one name its address only."""
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error)


async def _establish(connection: Connection) -> None:
    """Connect, shake hands and wait for the greeting, all within the one time-out.

    Raises:
        ConnectFailed: It cannot be done; the sentence says why.
    """
    target = connection.target
    deadline = connection.loop.time() + target.timeout
    trouble = f"No connection to {target}"
    greeting = False
    try:
        context = target.context()
        connected = connection.socket = await _open(target)
        async with asyncio.timeout_at(deadline):
            await connection.loop.create_connection(
                lambda: connection, sock=connected, ssl=context, server_hostname=target.host if context else None
            )
            if connection.leaving:
                raise _unwanted(target)
            trouble, greeting = f"The connection to {target} broke before the greeting", True
            await connection.greet()
    except (OSError, UnicodeError, OverflowError) as error:
        if isinstance(error, Error):
            raise
        if greeting and isinstance(error, TimeoutError):
            raise NotAsterisk.silent(target.timeout) from None
        reason = _reason_of(error) or f"no answer within {target.timeout:g} s"
        raise failure_of(f"{trouble}: {reason}.", error) from error


async def _resolve(target: Target) -> list[Any]:
    """Return the addresses of a name; one that is an address already needs no thread that asks for it."""
    try:
        return socket.getaddrinfo(
            target.host, target.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        )
    except (OSError, UnicodeError):
        async with asyncio.timeout(target.timeout):
            return await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)


async def _open(target: Target) -> socket.socket:
    """Connect to the first address of a name that answers."""
    loop = asyncio.get_running_loop()
    deadline = time.monotonic() + target.timeout
    for connecting, address, share in (tries := Tries(target, await _resolve(target), deadline)):
        try:
            connecting.setblocking(False)
            async with asyncio.timeout(share):
                await loop.sock_connect(connecting, address)
        except OSError as error:
            connecting.close()
            tries.failed(address, error)
        except BaseException:
            connecting.close()
            raise
        else:
            keep_alive(connecting)
            return connecting
    raise tries.all_failed()


class Loss:
    """What happens when a connection has ended: its audience learns why, or waits for the next one.

    Args:
        manager: Whose connection it is.
        log: Where to tell of it.
    """

    def __init__(self, manager: weakref.ref[AsyncManager], log: Log) -> None:
        self._manager = manager
        self._log = log

    def __call__(self, connection: Connection, reason: ConnectionLost, wanted: bool) -> None:
        audience, manager = connection.audience, self._manager()
        if wanted:
            self._log.tell(f"Disconnected from {connection.target}: {reason}")
            audience.leave(None)
            return
        self._log.note(f"The connection to {connection.target} is lost: {reason}")
        audience.deliver([Disconnected.because(reason)])
        pauses, loop = connection.pauses, connection.loop
        if pauses is None or manager is None or audience is not manager._audience or not loop.is_running():
            audience.leave(reason)
        else:
            resuming = _resume(self._manager, pauses, connection, reason, self._log)
            manager._resuming = loop.create_task(resuming, name="ami-typed reconnect")


async def _resume(
    owner: weakref.ref[AsyncManager], pauses: Pauses, lost: Connection, reason: ConnectionLost, log: Log
) -> None:
    """Connect again after a loss; where that ends without a connection, tell everybody why."""
    task = asyncio.current_task()
    try:
        why = await _keep_resuming(owner, pauses, lost, log)
    except BaseException as error:
        over = is_over(task, error)
        if over and isinstance(error, GeneratorExit):  # its event loop is closed
            raise
        _give_up(owner, lost, ConnectionLost(f"{reason} Connecting again ended with {type(error).__name__}."), error)
        if over:
            raise
        log.report("Connecting again was ended by an exception.", error)
        leave_the_loop(error)
    else:
        if why is not None:
            _give_up(owner, lost, ConnectionLost(f"{reason} {why}") if why else reason)


async def _keep_resuming(owner: weakref.ref[AsyncManager], pauses: Pauses, lost: Connection, log: Log) -> str | None:
    """Connect again after a loss, until it works, is given up, or nobody wants it any more.

    Returns:
        What is to be said about the end beside the reason for the loss, `None` if there is nobody to tell.
    """
    refusal = dialogues.why_not_again(lost.credentials, lost.session.login)
    if refusal:
        log.note(refusal)
        return refusal
    loop = lost.loop
    begun = loop.time()

    def gap() -> float:
        return loop.time() - begun

    for attempt, pause in enumerate(pauses.after(begun - lost.since, gap), 1):
        await asyncio.sleep(pause)
        manager = owner()
        if manager is None:
            break
        try:
            await manager._try_again(lost, gap, attempt)
        except Exception as error:  # noqa: BLE001 - the function for the secret may raise anything
            if manager._audience is not lost.audience:
                return None
            log.note(f"The attempt {attempt} to connect again failed ({type(error).__name__}): {error}")
        else:
            return None
        del manager  # a manager that is forgotten during a pause is to be collected
    log.note(f"The connection to {lost.target} stays lost: Reconnect allows no more attempts.")
    return ""


def _give_up(
    owner: weakref.ref[AsyncManager],
    lost: Connection,
    reason: ConnectionLost,
    cause: BaseException | None = None,
) -> None:
    """Tell everybody that a lost connection is not made again."""
    reason.__cause__ = reason.__cause__ or cause
    manager = owner()
    if manager is not None and manager._audience is lost.audience:
        manager._given_up = lost
        manager._tell_waiting(reason)
    lost.audience.leave(reason)


def _end(
    connection: Connection | None, audience: Audience, resuming: asyncio.Task[None] | None
) -> set[asyncio.Future[None]]:
    """End a connection and whatever goes on for it; return what ends by itself now."""
    current = asyncio.current_task() if _running_loop() else None
    ending: set[asyncio.Future[None]] = {audience.dispatcher.task}
    if resuming is not None:
        if resuming is not current:
            resuming.cancel()
        ending.add(resuming)
    if connection is not None:
        connection.end(ConnectionLost("the program disconnected."), wanted=True)
        ending.add(connection.closed)
        if connection.monitor is not None:
            ending.add(connection.monitor)
    audience.leave(None)
    return {each for each in ending if each is not current}


def _forget(connection: Connection | None, audience: Audience, resuming: asyncio.Task[None] | None) -> None:
    """End what a manager leaves that nobody refers to any more; streams learn of a loss that was not made good."""
    if connection is not None and connection.reason is not None:
        audience.leave(connection.reason)
    _end(connection, audience, resuming)


def _bury(connection: Connection | None, audience: Audience) -> None:
    """End a connection of a closed event loop: its tasks are gone, and what would wake them raises."""
    if connection is not None:
        with contextlib.suppress(RuntimeError):
            connection.end(ConnectionLost("the program disconnected."), wanted=True)
    with contextlib.suppress(RuntimeError):
        audience.leave(None)


async def _finish(waited: set[asyncio.Future[None]]) -> None:
    """Wait a moment for what ends by itself; cancel what does not."""
    if not waited:
        return
    try:
        _, late = await asyncio.wait(waited, timeout=_DRAIN)
    finally:
        for each in waited:
            each.cancel()
    if late:
        await asyncio.wait(late, timeout=_DRAIN)


async def _first(stream: AsyncEventStream[E], where: Callable[[E], bool] | None, timeout: float | None, what: str) -> E:
    """Return the first event of a stream that fits."""
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    others = 0
    try:
        while True:
            event = await stream.get(None if deadline is None else max(0.0, deadline - loop.time()))
            if where is None or where(event):
                return event
            others += 1
    except EventTimeout:
        why = f" {others} came that did not fit." if others else stream.silence()
        raise EventTimeout(f"{what} did not come within {timeout:g} s.{why}") from None
    except StopAsyncIteration:
        raise ConnectionLost("the program disconnected.") from None
