"""The blocking face: `Manager`, for programs with threads.

Rules of this module:

- It holds no decision about the protocol: `session` and `dialogues` do, `threads` runs them.
- `aio.AsyncManager` is its twin: the same methods, in the same order, with the same meaning.
"""

# A class that `subscribe` is not given adds nothing to its result: the type variables have the default `Never`.
# pyright: reportInvalidTypeVarUse=false

from __future__ import annotations

import itertools
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

from ami_typed._delivery.backlog import Backlog
from ami_typed._delivery.log import Log
from ami_typed._delivery.stream_buffer import Buffer
from ami_typed._delivery.subscriptions import Handlers, doubt_about, name_of
from ami_typed._protocol import dialogues
from ami_typed._protocol.dialogues import Await, Boot, Conversation, Credentials, Listen
from ami_typed._protocol.tally import Tally
from ami_typed._transport.locks import Awaited, Bell, Latch, renew
from ami_typed._transport.target import Target, secret_of, timezone_of
from ami_typed.backoff import checked, may_pass
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
from ami_typed.limits import Limits
from ami_typed.messages import Aggregate, Event, ListRequest, Message, Request, Response, event_name
from ami_typed.notices import Disconnected, EventsLost, Reconnected
from ami_typed.observers import Observers
from ami_typed.overflow import Overflow

if TYPE_CHECKING:
    import logging
    import ssl
    from collections.abc import Callable, Iterator
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
    from ami_typed._transport.sockets import SynchronisedSocket
    from ami_typed._transport.target import Secret
    from ami_typed._transport.threads import Audience, Connection
    from ami_typed._transport.url import Address, Options
    from ami_typed.backoff import Pauses, Reconnect
    from ami_typed.drift import Drift, DriftReport
    from ami_typed.messages import R
    from ami_typed.observers import Observer
    from ami_typed.releases import Release
    from ami_typed.statistics import Statistics

__all__ = ["EventStream", "Manager"]

T = TypeVar("T")
A = TypeVar("A", bound=Aggregate)
E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)

_DRAIN = 2.0
"""How long `close` waits for callbacks that still run, in seconds."""


class EventStream(Generic[E_co]):
    """Events of chosen classes, in order, to iterate over; made by `Manager.subscribe`.

    Events are collected from the moment it is made until `close`, which leaving a ``with`` block calls. It ends when
    the program disconnects, and raises the reason where the connection is lost.
    """

    def __init__(
        self, handlers: Handlers, keys: tuple[EventKey, ...], buffer: Buffer[E_co], audience: Audience
    ) -> None:
        self._handlers = handlers
        self._keys = keys
        self._buffer = buffer
        self._audience = audience
        self._bell = Bell()
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
        self._bell.ring()
        if overflowed is not None:
            self._audience.overflowed = overflowed

    def end(self, reason: Exception | None) -> None:
        """Let nothing in any more; what has come is still read."""
        self._buffer.end(reason)
        self._bell.ring()

    def disown(self, reason: Exception) -> None:
        """Raise the reason from now on, in a child process: what has come is its parent's."""
        self._buffer.discard(reason)
        self._bell.ring()

    def close(self) -> None:
        """Stop collecting; closing it again does nothing."""
        for key in self._keys:
            self._handlers.unregister(key, self._put)
        self.end(None)
        self._audience.forget(self._buffer)

    def get(self, timeout: float | None = None) -> E_co:
        """Return the next event.

        Args:
            timeout: How long to wait for it, in seconds; `None` waits for as long as the connection stands.

        Raises:
            EventTimeout: None came in time.
            EventsDropped: Events were dropped before the next one; the next call goes on behind the gap. A stream of
                `EventsLost` too returns one of those instead.
            ConnectionLost: The connection ended behind the last event.
            StopIteration: The stream was closed, behind its last event.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            event = self._next(deadline, timeout)
        finally:
            if self._buffer.ready:  # somebody else may wait as well
                self._bell.ring()
        self._audience.throttle.nudge()
        if event is None:
            raise StopIteration
        return event

    def _next(self, deadline: float | None, timeout: float | None) -> E_co | None:
        """Wait for the next event and take it; return `None` for the end."""
        while True:
            while not self._buffer.ready:
                self._wait(deadline, timeout)
            try:
                return self._buffer.take()
            except LookupError:  # another thread was faster
                continue

    def _wait(self, deadline: float | None, timeout: float | None) -> None:
        """Wait for another event, or for the end."""
        self._audience.read_while(lambda: not self._buffer.ready, deadline)
        if self._buffer.ready:
            return
        left = None if deadline is None else deadline - time.monotonic()
        if (left is not None and left <= 0) or not self._bell.wait(left):
            raise EventTimeout(f"No {self.what} came within {timeout:g} s.{self.silence()}")

    def silence(self) -> str:
        """Say why none of its events may have come, as far as is known: sentences behind a blank, or nothing."""
        return self._audience.explain([event_name(key) if isinstance(key, type) else key or "" for key in self._keys])

    def __iter__(self) -> Iterator[E_co]:
        return self

    def __next__(self) -> E_co:
        return self.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Manager:
    """A connection to Asterisk's Manager Interface, for programs with threads.

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
        self._drift: Drift | None = None
        self._connection: Connection | None = None
        self._audience: Audience | None = None
        self._address: Address | None = None
        self._target: Target | None = None
        self._wanted = Latch()
        self._attempts: set[Connection] = set()
        self._waiting: set[Awaited] = set()
        self._trying: Target | None = None
        self._ready: Connection | None = None
        self._given_up: Connection | None = None
        self._calls = itertools.count()
        self._latest: tuple[int, Target | None] = next(self._calls), None
        self._inherited = False
        self._lock = threading.RLock()

    @classmethod
    def from_url(cls, url: str, *, secret: Secret | None = None, **options: Unpack[Options]) -> Self:
        """Make a manager that knows where to connect to and, where a user is named, whom to log in.

        It connects when it is entered as a context manager, or by `connect` without a host:

        ```python
        with Manager.from_url("ami://admin@pbx.example", secret=Path("/run/secrets/ami")) as manager:
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

    def connect(
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
            self._connect_first(Target(host, port, timeout, tls), None)
        elif self._address is not None:
            self._connect_first(self._address.target, self._address.credentials)
        else:
            raise AddressError("connect() needs a host where the manager was not made by from_url() or from_env().")

    def _connect_first(self, target: Target, credentials: Credentials | None) -> None:
        """Connect, log in where it is known whom, and tell those who wait for it what came of it."""
        from ami_typed._transport.forks import disown_in_children  # a program that does not connect yet needs none

        disown_in_children(self)
        self._inherited = False
        self._trying = target
        try:
            self._ready = self._keep_trying(target, credentials)
        except BaseException as error:
            self._tell_waiting(error if isinstance(error, Exception) else _interrupted(target, error))
            raise
        finally:
            self._trying = None
        self._tell_waiting()

    def _keep_trying(self, target: Target, credentials: Credentials | None) -> Connection:
        """Make attempts to connect until one succeeds: one, or as many as `Reconnect` allows at the start."""
        call, begun, plan = next(self._calls), time.monotonic(), self._reconnect
        pauses = plan.pauses().after(0, lambda: time.monotonic() - begun) if plan and plan.at_start else iter(())
        while True:
            try:
                return self._reach(call, target, credentials)
            except Exception as error:
                pause = next(pauses, None) if may_pass(error) else None
                if pause is None:
                    raise
                self._log.note(f"{error} The next attempt to connect to {target} follows in {pause:.2f} s.")
            self._pause(pause, call, target)

    def _reach(self, call: int, target: Target, credentials: Credentials | None) -> Connection:
        """Connect once, and log in where it is known whom."""
        connection = self._connect(call, target)
        try:
            if credentials is not None:
                self._log_in(credentials, connection)
        except BaseException as error:
            self._leave(connection)
            if not isinstance(error, (ConnectionLost, NotConnected, ActionTimeout)):
                raise
            self._check_latest(call, target)
            raise ConnectFailed(f"No log-in at {target}: {error}") from error
        return connection

    def _pause(self, seconds: float, call: int, target: Target) -> None:
        """Wait before the next attempt of a call of `connect`.

        Raises:
            ConnectionLost: A later call disconnected, or connected to another server.
        """
        until = time.monotonic() + seconds
        self._waiting.add(awaited := Awaited())
        try:
            while self._check_latest(call, target) and (left := until - time.monotonic()) > 0:
                awaited.wait(left)
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

    def wait_connected(self, timeout: float | None = None) -> None:
        """Wait until the connection stands, now or after a loss, and the user is logged in if the manager knows which.

        The connection is made by `connect`, which another thread may have called or may yet call, or made again as
        `Reconnect` says.

        Args:
            timeout: How long to wait, in seconds; `None` waits for as long as it takes.

        Raises:
            ConnectFailed: It did not stand in time, or `connect` failed.
            LoginFailed: `connect` logged in as it was told, and the server did not let this user in.
            ConnectionLost: The program disconnected, or `Reconnect` allows no more attempts.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        self._waiting.add(awaited := Awaited())
        try:
            while not self._stands():
                if self._inherited:
                    raise WrongContext.inherited()
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                if not awaited.wait(left):
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
            awaited.ring()

    def _connect(self, call: int, target: Target) -> Connection:
        from ami_typed._transport.threads import Audience

        self._leave()
        backlog = Backlog(self._overflow, self._limits.events, self._limits.waiting, self._tally)
        audience = Audience(self._handlers, weakref.ref(self), backlog, self._log)
        connection = None
        try:
            audience.start()
            connection = self._dial(target, audience)
            while (plan := self._adopt(connection, call)) is None:  # another thread has connected meanwhile
                self._leave()
            self._tally.connected()
            self._log.tell(f"Connected to {target}: {' '.join(connection.session.greeting or ())}.")
            connection.start()
            connection.open_up(lost=Loss(plan, self._log))
        except BaseException:
            if connection is not None:
                self._leave(connection)
                connection.discard()
            audience.leave(None)
            audience.drain(_DRAIN)
            raise
        return connection

    def _adopt(self, connection: Connection, call: int) -> Plan | None:
        """Make a new connection this manager's own; return what follows its loss, `None` while there is another one.

        Args:
            connection: The connection.
            call: The number of the call of `connect` that made it.

        Raises:
            ConnectionLost: A later call disconnected, or connected to another server; the later call wins.
        """
        target = connection.target
        with self._lock:
            self._check_latest(call, target)
            if self._audience is not None:
                return None
            self._connection, self._audience, self._target = connection, connection.audience, target
            self._latest = max(call, self._latest[0]), target
            self._wanted = Latch()
            return Plan(weakref.ref(self), self._wanted, self._reconnect.pauses() if self._reconnect else None)

    def _dial(self, target: Target, audience: Audience) -> Connection:
        """Make a connection whose server has greeted.

        Raises:
            ConnectFailed: It cannot be done.
            ConnectionLost: It is not wanted any more.
        """
        from ami_typed._protocol.session import Session
        from ami_typed._transport.sockets import open_socket  # a program that does not connect yet needs none of this
        from ami_typed._transport.threads import Connection, quiet

        deadline = time.monotonic() + target.timeout
        transport = open_socket(target, deadline)
        session = Session(
            self._handlers,
            token=f"ami-typed-{os.getpid():x}-{os.urandom(4).hex()}",
            limits=self._limits,
            aggregate_timeout=self._aggregate_timeout,
            late_timeout=self._orphaned_response_timeout,
            check_releases=self._check_releases,
            drift=self._noted(),
            tally=self._tally,
            zone=self._timezone,
        )
        connection = Connection(transport, session, audience, quiet, target, self._log, self._observers)
        self._attempts.add(connection)
        try:
            connection.greet(deadline)
        except BaseException as error:
            transport.release()
            if connection.leaving:
                raise _unwanted(target) from error
            if isinstance(error, Error) or not isinstance(error, OSError):
                raise
            raise ConnectFailed(f"The connection to {target} broke before the greeting: {error}.") from error
        finally:
            self._attempts.discard(connection)
        return connection

    def _noted(self) -> Drift:
        """Return where is noted what is not known of what servers send."""
        from ami_typed.drift import Drift  # which knows every class; a program that does not connect yet needs none

        with self._lock:
            if self._drift is None:
                self._drift = Drift()
            return self._drift

    def disconnect(self) -> None:
        """Close the connection, if there is one. Pending requests, and a `connect` in progress, fail at once."""
        with self._lock:
            self._latest = next(self._calls), None
        self._leave()
        for attempt in tuple(self._attempts):
            attempt.abandon()
        self._tell_waiting(ConnectionLost("the program disconnected."))

    def _leave(self, only: Connection | None = None) -> None:
        """Close the connection and end the attempts to replace it; with `only`, unless it is another one."""
        connection: Connection | None = None
        audience: Audience | None = None
        try:
            with self._lock:
                if only is not None and only.audience is not self._audience:
                    return
                connection, self._connection = self._connection, None
                audience, self._audience = self._audience, None
                self._wanted.set()
            for attempt in tuple(self._attempts):
                if attempt.audience is audience:
                    attempt.abandon()
            if connection is not None:
                connection.end(ConnectionLost("the program disconnected."), wanted=True)
        finally:
            if audience is not None:
                audience.leave(None)
        if connection is not None and not connection.is_entered():
            connection.join(_DRAIN)
        if audience is not None and not (connection is not None and connection.is_entered()):
            audience.drain(_DRAIN)

    def close(self) -> None:
        """Close the connection and wait a moment for callbacks that still run."""
        self.disconnect()

    def __enter__(self) -> Self:
        if self._address is not None and not self.is_connected():
            self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.abandon()

    def _try_again(self, lost: Connection, plan: Plan, gap: Callable[[], float], attempt: int) -> None:
        """Connect in the place of a lost connection, log in as before, and tell everybody.

        Server and credentials are the lost connection's: meanwhile the program may be connecting to another server.
        """
        target, audience = lost.target, lost.audience
        connection = self._dial(target, audience)
        try:
            connection.credentials, connection.monitored = lost.credentials, lost.monitored
            connection.start()
            self._attempts.add(connection)
            self._check_wanted(audience)
            resumed = self._converse(
                dialogues.resume(lost.credentials, lost.session.lasting, lost.session.login), connection
            )
            connection.session.release, connection.session.lasting = resumed.release, lost.session.lasting
            for refused in resumed.refused:
                self._log.note(f"The server refused to set again what the lost connection had: {refused}")
            with self._lock:
                self._check_wanted(audience)
                self._connection = self._ready = connection
            self._tally.connected(missed := gap())
            self._log.tell(f"Connected to {target} again: after {missed:.3f} s, at attempt {attempt}.")
            notice = Reconnected.after(missed, attempt, resumed.refused)
            connection.open_up(notice, lost=Loss(plan, self._log))
        except BaseException:
            connection.end(ConnectionLost("it was given up."), wanted=True)
            connection.discard()
            raise
        finally:
            self._attempts.discard(connection)
        self._tell_waiting()
        if connection.monitored is not None:
            _watch(connection, connection.monitored)

    def _check_wanted(self, audience: Audience) -> None:
        """Raise `ConnectionLost` if the program disconnected, or connected to another server, since a loss."""
        if self._audience is not audience:
            raise ConnectionLost("the program disconnected.")

    def _disown(self) -> None:
        """Let go, in a child process, of what its parent goes on using; `connect` makes a connection of its own."""
        renew(self._lock, self._handlers._lock, self._observers._lock)
        self._inherited = self._inherited or self._trying is not None or self._audience is not None
        for connection in (self._connection, *self._attempts):
            if connection is not None:
                connection.disown()
        if self._audience is not None:
            self._audience.disown(WrongContext.inherited())
        self._wanted.set()
        self._connection = self._audience = self._trying = None
        self._latest = next(self._calls), None
        self._tell_waiting(WrongContext.inherited())
        self._waiting.clear()
        self._attempts.clear()

    def is_connected(self) -> bool:
        """Whether the connection stands, as far as is known; see `monitor_connection`."""
        connection = self._connection
        return connection is not None and not connection.ended

    def get_asterisk_info(self) -> tuple[str, str] | None:
        """Return what the server calls itself and the version of its Manager Interface, `None` when not connected."""
        connection = self.get_connection()
        return connection.get_asterisk_info() if connection else None

    def get_connection(self) -> SynchronisedSocket | None:
        """Return the connection's socket, `None` when not connected."""
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
        return self._noted().report(self.statistics.messages_received)

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
        _watch(connection, interval)

    def _connected(self) -> Connection:
        connection = self._connection
        if connection is None or connection.ended:
            raise self._not_connected()
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

    def send_action(
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
        from ami_typed.registry import check_request

        connection = self._connected()
        check_request(request)  # before compiled code sees it, whose errors name types alone
        exchange = connection.send(request, None if action_id is None else str(action_id), headers)
        connection.wait(exchange)
        return exchange.outcome()

    @overload
    def execute(self, request: ListRequest[A], *, timeout: float | None = None) -> A: ...
    @overload
    def execute(self, request: Request[R], *, timeout: float | None = None) -> R: ...

    def execute(self, request: Request[Any], *, timeout: float | None = None) -> Any:
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
        from ami_typed.registry import check_request  # a program that does not connect yet needs no names

        check_request(request)
        return _execute(self._connected(), request, timeout)

    def login(
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
        self._log_in(Credentials(username, secret_of(secret), events, plain, wait, timeout), self._connected())

    def _log_in(self, credentials: Credentials, connection: Connection) -> None:
        is_first = connection.session.login is None  # Asterisk ignores another one
        release = connection.session.release = self._converse(dialogues.login(credentials), connection)
        told = release or "of a release that it does not tell"
        self._log.tell(f"Logged in as {credentials.username} at Asterisk {told}.")
        if is_first:
            connection.credentials = credentials

    def wait_until_booted(self, timeout: float = 60) -> None:
        """Wait until the server has said, since the log-in, that it is fully booted.

        It says so to a user with the read privilege ``system`` whose event mask holds it.

        Args:
            timeout: How long to wait, in seconds.

        Raises:
            StillBooting: It did not say so in time.
            ConnectionLost: The connection ended first.
        """
        self._connected().wait_until_booted(timeout)

    def originate(self, request: actions.Originate, *, margin: float = 10.0) -> events.OriginateResponse:
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
        return self._converse(dialogues.originate(request, margin=margin), self._connected())

    def logoff(self) -> None:
        """Say good-bye to the server and close the connection."""
        self._converse(dialogues.logoff(), self._connected())
        self.disconnect()

    def _converse(self, conversation: Conversation[T], connection: Connection) -> T:
        """Carry out a conversation on a connection, step by step."""
        stream: EventStream[Event] | None = None
        try:
            step = next(conversation)
            while True:
                try:
                    result: Any = None
                    if isinstance(step, Listen):
                        stream = self._collect(step.names, connection.audience)
                    elif isinstance(step, Await):
                        assert stream is not None, "a conversation listens before it awaits"
                        result = _first(stream, step.fits, step.timeout, step.what)
                    elif isinstance(step, Boot):
                        connection.wait_until_booted(step.timeout)
                    else:
                        result = _execute(connection, step)
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
    def register_callback(self, event: type[E], function: Callable[[E, Manager], object]) -> None: ...
    @overload
    def register_callback(self, event: type[A], function: Callable[[A, Manager], object]) -> None: ...
    @overload
    def register_callback(self, event: str, function: Callable[[Event, Manager], object]) -> None: ...
    @overload
    def register_callback(self, event: str, function: Callable[[Aggregate, Manager], object]) -> None: ...
    @overload
    def register_callback(self, event: None, function: Callable[[Message, Manager], object]) -> None: ...
    @overload
    def register_callback(self, event: type[E]) -> Callable[[Callable[[E, Manager], T]], Callable[[E, Manager], T]]: ...
    @overload
    def register_callback(self, event: type[A]) -> Callable[[Callable[[A, Manager], T]], Callable[[A, Manager], T]]: ...
    @overload
    def register_callback(
        self, event: str
    ) -> Callable[[Callable[[Event, Manager], T]], Callable[[Event, Manager], T]]: ...
    @overload
    def register_callback(
        self, event: None
    ) -> Callable[[Callable[[Message, Manager], T]], Callable[[Message, Manager], T]]: ...

    def register_callback(self, event: EventKey, function: Callable[..., Any] | None = None) -> Any:
        """Have a function called with every such event, and with this manager.

        Args:
            event: The class of the event or list, or its name; a family such as `events.ChannelEvent` for all of its
                events, a pattern such as ``Queue*`` for every event whose name matches, ``""`` for every event and
                every list, `None` for every response without a request. A list that shares its name with an event is
                named with ``_Aggregate`` at the end.
            function: What to call. Without it, this is a decorator: ``@manager.register_callback(events.Hangup)``.

        Functions are called one after the other, in the order of registration; the same pair registered again moves
        to the end.
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
    ) -> EventStream[E1]: ...
    @overload
    def subscribe(
        self,
        first: type[E1],
        c2: type[E2],
        /,
        *,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> EventStream[E1 | E2]: ...
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
    ) -> EventStream[E1 | E2 | E3]: ...
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
    ) -> EventStream[E1 | E2 | E3 | E4]: ...
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
    ) -> EventStream[E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8 | E9 | E10 | E11 | E12 | E13 | E14 | E15 | E16 | Es]: ...
    @overload
    def subscribe(
        self, *event_classes: type[Event] | str, limit: int | None = None, overflow: Overflow = Overflow.DROP_OLDEST
    ) -> EventStream[Event]: ...

    def subscribe(
        self, *event_classes: type[Event] | str, limit: int | None = None, overflow: Overflow = Overflow.DROP_OLDEST
    ) -> EventStream[Any]:
        """Collect events of some classes, of all where none are given, from now on.

        Args:
            event_classes: The classes; a family such as `events.ChannelEvent` stands for all of its events. Events may
                be named instead, and a pattern such as ``Queue*`` stands for all whose names match; checkers know the
                type of what is asked for by its class only.
            limit: How many events wait at most, `Limits.stream` where none is given.
            overflow: What happens beyond it; see `Overflow`. The reader is told of what was dropped: `get` raises
                `EventsDropped`, or returns an `EventsLost` where that is one of the classes.

        Returns:
            A stream to iterate over, best in a ``with`` block.

        Raises:
            TypeError: One is no class of events.
            ValueError: No event can have such a name.
        """
        return self._collect(tuple(dict.fromkeys(event_classes)) or (Event,), self._audience, limit, overflow)

    @overload
    def wait_for(
        self,
        first: type[E1],
        /,
        *,
        where: Callable[[E1], bool] | None = None,
        timeout: float | None = None,
    ) -> E1: ...
    @overload
    def wait_for(
        self,
        first: type[E1],
        second: type[E2],
        /,
        *,
        where: Callable[[E1 | E2], bool] | None = None,
        timeout: float | None = None,
    ) -> E1 | E2: ...
    @overload
    def wait_for(
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
    def wait_for(
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
    def wait_for(
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
    def wait_for(
        self,
        *event_classes: type[Event] | str,
        where: Callable[[Event], bool] | None = None,
        timeout: float | None = None,
    ) -> Event: ...

    def wait_for(
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
        with self.subscribe(*event_classes) as stream:
            return _first(stream, where, timeout, stream.what)

    def _collect(
        self,
        keys: tuple[EventKey, ...],
        audience: Audience | None,
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> EventStream[Any]:
        if audience is None:
            raise self._not_connected()
        limits = self._limits
        buffer: Buffer[Any] = Buffer(
            overflow,
            limits.stream if limit is None else limit,
            limits.waiting,
            self._tally,
            tells=EventsLost in keys or EventsLost.__name__ in keys,
        )
        stream = EventStream(self._handlers, keys, buffer, audience)
        audience.join(stream)
        return stream


def _interrupted(target: Target, error: BaseException) -> ConnectFailed:
    """Return what those learn who wait for a call of `connect` that something has interrupted."""
    failed = ConnectFailed(f"connect() to {target} was interrupted by {type(error).__name__}.")
    failed.__cause__ = error
    return failed


def _unwanted(target: Target) -> ConnectionLost:
    return ConnectionLost(f"The connection to {target} was given up: the program disconnected or connected elsewhere.")


def _execute(connection: Connection, request: Request[Any], timeout: float | None = None) -> Any:
    """Send a request over a connection and return its result."""
    exchange = connection.send(request, timeout=timeout, synchronous=request.lists or request.synchronous)
    connection.wait(exchange)
    return exchange.result()


class Plan(NamedTuple):
    """What follows the loss of a connection, for as long as the program wants it to be replaced.

    Attributes:
        manager: Whose connection it is.
        wanted: Set once the program has disconnected or connected elsewhere.
        pauses: The pauses between attempts to reconnect, `None` if a lost connection stays lost.
    """

    manager: weakref.ref[Manager]
    wanted: Latch
    pauses: Pauses | None


class Loss:
    """What happens when a connection has ended: its audience learns why, or waits for the next one.

    Args:
        plan: What follows.
        log: Where to tell of it.
    """

    def __init__(self, plan: Plan, log: Log) -> None:
        self._plan = plan
        self._log = log

    def __call__(self, connection: Connection, reason: ConnectionLost, wanted: bool) -> None:
        audience = connection.audience
        if wanted:
            self._log.tell(f"Disconnected from {connection.target}: {reason}")
            audience.leave(None)
            return
        self._log.note(f"The connection to {connection.target} is lost: {reason}")
        audience.deliver([Disconnected.because(reason)])
        if self._plan.pauses is None:
            audience.leave(reason)
            return
        from ami_typed._transport.sockets import new_thread

        new_thread("reconnect", _resume, self._plan, self._plan.pauses, connection, reason, self._log).start()


def _resume(plan: Plan, pauses: Pauses, lost: Connection, reason: ConnectionLost, log: Log) -> None:
    """Connect again after a loss; where that ends without a connection, tell everybody why."""
    try:
        why = _keep_resuming(plan, pauses, lost, log)
    except BaseException as error:  # noqa: BLE001 - nobody else would learn of it
        log.report("Connecting again was ended by an exception.", error)
        _give_up(plan, lost, ConnectionLost(f"{reason} Connecting again ended with {type(error).__name__}."), error)
    else:
        if why is not None:
            _give_up(plan, lost, ConnectionLost(f"{reason} {why}") if why else reason)


def _keep_resuming(plan: Plan, pauses: Pauses, lost: Connection, log: Log) -> str | None:
    """Connect again after a loss, until it works, is given up, or nobody wants it any more.

    Returns:
        What is to be said about the end beside the reason for the loss, `None` if there is nobody to tell.
    """
    begun = time.monotonic()
    refusal = dialogues.why_not_again(lost.credentials, lost.session.login)
    if refusal:
        log.note(refusal)
        return refusal

    def gap() -> float:
        return time.monotonic() - begun

    for attempt, pause in enumerate(pauses.after(begun - lost.since, gap), 1):
        if plan.wanted.wait(pause):
            return None
        manager = plan.manager()
        if manager is None:
            break
        try:
            manager._try_again(lost, plan, gap, attempt)
        except Exception as error:  # noqa: BLE001 - the function for the secret may raise anything
            if plan.wanted.is_set():
                return None
            log.note(f"The attempt {attempt} to connect again failed ({type(error).__name__}): {error}")
        else:
            return None
        del manager  # a manager that is forgotten during a pause is to be collected
    log.note("The connection stays lost: Reconnect allows no more attempts.")
    return ""


def _give_up(plan: Plan, lost: Connection, reason: ConnectionLost, cause: BaseException | None = None) -> None:
    """Tell everybody that a lost connection is not made again."""
    reason.__cause__ = reason.__cause__ or cause
    manager = plan.manager()
    if manager is not None and not plan.wanted.is_set():
        manager._given_up = lost
        manager._tell_waiting(reason)
    lost.audience.leave(reason)


def _watch(connection: Connection, interval: float) -> None:
    from ami_typed._transport.sockets import new_thread
    from ami_typed._transport.threads import monitor

    new_thread("monitor", monitor, connection, interval).start()


def _first(stream: EventStream[E], where: Callable[[E], bool] | None, timeout: float | None, what: str) -> E:
    """Return the first event of a stream that fits."""
    deadline = None if timeout is None else time.monotonic() + timeout
    others = 0
    try:
        while True:
            event = stream.get(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if where is None or where(event):
                return event
            others += 1
    except EventTimeout:
        why = f" {others} came that did not fit." if others else stream.silence()
        raise EventTimeout(f"{what} did not come within {timeout:g} s.{why}") from None
    except StopIteration:
        raise ConnectionLost("the program disconnected.") from None
