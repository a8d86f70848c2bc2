"""The part of both faces that does not wait: construction, state, callbacks, and what a stream collects.

Rules of this module:

- Nothing here waits or does I/O, so all of it holds for threads and for an event loop alike.
- A method that is documented here is documented for both faces.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ami_typed._delivery.backlog import Backlog
from ami_typed._delivery.log import Log
from ami_typed._delivery.stream_buffer import Buffer
from ami_typed._delivery.subscriptions import Handlers, doubt_about, name_of
from ami_typed._protocol.tally import Tally
from ami_typed._transport.locks import renew
from ami_typed._transport.target import timezone_of
from ami_typed.backoff import checked
from ami_typed.errors import ConnectFailed, ConnectionLost, NotConnected, WrongContext
from ami_typed.limits import Limits
from ami_typed.limits import checked as checked_limits
from ami_typed.messages import Aggregate, Event, Message, Request, event_name
from ami_typed.notices import EventsLost
from ami_typed.observers import Observers
from ami_typed.overflow import Overflow
from ami_typed.overflow import checked as checked_overflow
from ami_typed.quantities import seconds

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from datetime import datetime, tzinfo
    from typing import Protocol, Self, Unpack

    from ami_typed._delivery.audience import Audience
    from ami_typed._delivery.subscriptions import EventKey
    from ami_typed._protocol.session import Session
    from ami_typed._transport.target import Secret, Target
    from ami_typed._transport.url import Address, Options
    from ami_typed.backoff import Reconnect
    from ami_typed.drift import Drift, DriftReport
    from ami_typed.errors import Overflowed
    from ami_typed.observers import Observer
    from ami_typed.quantities import Seconds
    from ami_typed.releases import Release
    from ami_typed.statistics import Statistics

    class Link(Protocol):
        """A connection, as the faces see it."""

        session: Session
        target: Target
        made: datetime
        monitored: float | None
        ended: bool

        def start_monitor(self, interval: float, /) -> None:
            """Ping in the background."""

        def abandon(self) -> None:
            """End an attempt to connect that is not wanted any more."""

        def disown(self) -> None:
            """Let go, in a child process, of a connection that its parent goes on using."""

    class Signal(Protocol):
        """What a caller of `wait_connected` waits for."""

        error: Exception | None

        def ring(self) -> None:
            """Wake the caller."""


__all__ = ["Face", "Stream", "check", "interrupted", "unwanted"]

T = TypeVar("T")
A = TypeVar("A", bound=Aggregate)
E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)
L = TypeVar("L", bound="Audience[Any, Any]")
C = TypeVar("C", bound="Link")


class Stream(Generic[E_co, L]):
    """The part of an event stream that does not wait.

    Args:
        handlers: The table of callbacks and streams.
        keys: The classes or names to collect.
        buffer: Where events wait for the reader.
        audience: What brings them.
        notify: Called when the reader should look again.
    """

    def __init__(
        self,
        handlers: Handlers,
        keys: tuple[EventKey, ...],
        buffer: Buffer[E_co],
        audience: L,
        notify: Callable[[], object],
    ) -> None:
        self._handlers = handlers
        self._keys = keys
        self._buffer = buffer
        self._audience = audience
        self._notify = notify
        handlers.register_sink(keys, self._put)
        audience.watch(buffer)

    @property
    def what(self) -> str:
        """The names of the classes that are collected, in words."""
        return " or ".join(map(name_of, self._keys))

    @property
    def dropped(self) -> int:
        """The number of events that were dropped because the stream was full."""
        return self._buffer.dropped

    def _put(self, event: Any) -> Overflowed | None:
        overflowed = self._buffer.put(event)
        self._notify()
        return overflowed

    def end(self, reason: Exception | None) -> None:
        """Stop accepting events; those already buffered can still be read."""
        self._buffer.end(reason)
        self._notify()

    def disown(self, reason: Exception) -> None:
        """Raise the reason from now on, in a child process: what has come is its parent's."""
        self._buffer.discard(reason)
        with contextlib.suppress(RuntimeError):  # an event loop in debug mode, in another thread
            self._notify()

    def close(self) -> None:
        """Stop collecting. Closing a closed stream does nothing."""
        for key in self._keys:
            self._handlers.unregister(key, self._put)
        self.end(None)
        self._audience.forget(self._buffer)

    def silence(self) -> str:
        """Explain why no event may have arrived, as far as is known: sentences after a blank, or nothing."""
        return self._audience.explain([event_name(key) if isinstance(key, type) else key or "" for key in self._keys])


class Face(Generic[C, L]):
    """The part of a manager that does not wait; `Manager` and `AsyncManager` document the arguments."""

    def __init__(
        self,
        debug: bool = False,
        logger: logging.Logger | None = None,
        aggregate_timeout: Seconds = 5,
        orphaned_response_timeout: Seconds = 5,
        *,
        limits: Limits = Limits(),
        check_releases: bool = True,
        reconnect: Reconnect | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
        timezone: tzinfo | str | None = None,
    ) -> None:
        self._timezone = timezone_of(timezone)
        self._log = Log(logger, debug=debug)
        self._aggregate_timeout = seconds(aggregate_timeout, "aggregate_timeout")
        self._orphaned_response_timeout = seconds(orphaned_response_timeout, "orphaned_response_timeout")
        self._limits = checked_limits(limits)
        self._check_releases = check_releases
        self._reconnect = checked(reconnect)
        self._overflow = checked_overflow(overflow)
        self._handlers = Handlers()
        self._tally = Tally()
        self._observers = Observers(self._log)
        self._drift: Drift | None = None
        self._connection: C | None = None
        self._audience: L | None = None
        self._address: Address | None = None
        self._target: Target | None = None
        self._attempts: set[C] = set()
        self._waiting: set[Signal] = set()
        self._trying: Target | None = None
        self._ready: C | None = None
        self._given_up: C | None = None
        self._calls = itertools.count()
        self._latest: tuple[int, Target | None] = next(self._calls), None
        self._inherited = False
        self._lock = threading.RLock()

    @classmethod
    def from_url(cls, url: str, *, secret: Secret | None = None, **options: Unpack[Options]) -> Self:
        """Create a manager that knows where to connect to and, if a user is named, whom to log in.

        It connects when it is entered as a context manager, or by `connect` without a host:

        ```python
        with Manager.from_url("ami://admin@pbx.example", secret=Path("/run/secrets/ami")) as manager:
            ...

        async def main() -> None:
            async with AsyncManager.from_url("ami://admin@pbx.example", secret=Path("/run/secrets/ami")) as manager:
                ...
        ```

        Args:
            url: ``ami://USER:SECRET@HOST:PORT?SETTING=VALUE``, or ``amis`` for TLS with verification. Only the host is
                required; the default ports are 5038 and 5039. IPv6 addresses need brackets, special characters
                percent-encoding. The settings are ``timeout`` and ``wait`` (for the server to be fully booted), in
                seconds, ``reconnect`` (``yes``, ``no``, ``start``), ``plain``, ``events`` (an event mask),
                ``timezone`` (the server's, by its IANA name), ``secret_file``, and for TLS ``cafile``, ``certfile`` and
                ``keyfile``.
            secret: The secret, which is better kept out of the URL: the text itself, the path of a file as a
                `pathlib.Path`, or a function that returns it. The file is read, or the function called, at each log-in.
            options: The manager's other arguments.

        Raises:
            AddressError: The URL is malformed. The message says why, and shows nothing of the URL.
        """
        from ami_typed._transport.url import Address  # programs that pass a host do not need it

        return cls._at(Address.of_url(url, secret), options)

    @classmethod
    def from_env(cls, prefix: str = "AMI_TYPED_", *, secret: Secret | None = None, **options: Unpack[Options]) -> Self:
        """Create a manager that takes from the environment where to connect to and whom to log in; see `from_url`.

        Args:
            prefix: The start of the variables' names. They are ``AMI_TYPED_URL``, or ``AMI_TYPED_HOST``, ``_PORT``,
                ``_USER``, ``_SECRET`` and ``_TLS`` (``yes`` or ``no``), and each setting of a URL:
                ``AMI_TYPED_SECRET_FILE``, ``AMI_TYPED_TIMEOUT`` and so on. Each may be given once.
            secret: The secret, if the environment does not hold it.
            options: The manager's other arguments.

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

    # State

    def is_connected(self) -> bool:
        """Return whether the connection stands, as far as is known; see `monitor_connection`."""
        connection = self._connection
        return connection is not None and not connection.ended

    def get_asterisk_info(self) -> tuple[str, str] | None:
        """Return what the server calls itself and the version of its Manager Interface, `None` when not connected."""
        connection = self._connection
        return connection.session.greeting if connection is not None and not connection.ended else None

    @property
    def release(self) -> Release | None:
        """The server's release of Asterisk, known from `login` on; `None` if the user may not ask for it."""
        connection = self._connection
        return connection.session.release if connection else None

    @property
    def timezone(self) -> tzinfo | None:
        """The server's time zone, as given to this manager; `None` if it was not."""
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
        """The host and port of the latest connection, `None` before the first."""
        target = self._target
        return (target.host, target.port) if target else None

    @property
    def statistics(self) -> Statistics:
        """What this manager has seen and done so far, over all its connections; reading it changes nothing.

        It may be read from any thread. A number may be a moment newer than another while messages are arriving.
        """
        connection, audience = self._connection, self._audience
        return self._tally.snapshot(
            connection.session.kinds if connection else (),
            pending=connection.session.pending if connection else 0,
            waiting=audience.dispatcher.waiting if audience else 0,
            since=connection.made if connection and not connection.ended else None,
        )

    def _noted(self) -> Drift:
        """Return the drift collector, creating it on first use."""
        from ami_typed.drift import Drift  # which knows every class; a program that does not connect yet needs none

        with self._lock:
            if self._drift is None:
                self._drift = Drift()
            return self._drift

    def monitor_connection(self, interval: Seconds = 2.5) -> None:
        """Ping the server in the background, and end the connection when it does not answer.

        A link whose other end vanished without a word is found out within two intervals.

        Args:
            interval: The time between two pings, and how long to wait for each answer, in seconds.

        Raises:
            NotConnected: There is no connection to monitor.
            TypeError: ``interval`` is no duration.
            ValueError: It is not above 0.
        """
        duration = seconds(interval, "interval", above_zero=True)
        connection = self._connected()
        connection.monitored = duration
        connection.start_monitor(duration)

    # Callbacks and observers

    def add_observer(self, observer: Observer) -> None:
        """Notify an object of each request: when it begins, and when no caller waits for it any more.

        Args:
            observer: The object to notify, in the thread or task that sends; adding it again does nothing. It is
                notified of the requests of `monitor_connection` as well.
        """
        self._observers.add(observer)

    def remove_observer(self, observer: Observer) -> bool:
        """Stop notifying an observer. Return whether it had been added."""
        return self._observers.remove(observer)

    @overload
    def register_callback(self, event: type[E], function: Callable[[E, Self], object]) -> None: ...
    @overload
    def register_callback(self, event: type[A], function: Callable[[A, Self], object]) -> None: ...
    @overload
    def register_callback(self, event: str, function: Callable[[Event, Self], object]) -> None: ...
    @overload
    def register_callback(self, event: str, function: Callable[[Aggregate, Self], object]) -> None: ...
    @overload
    def register_callback(self, event: None, function: Callable[[Message, Self], object]) -> None: ...
    @overload
    def register_callback(self, event: type[E]) -> Callable[[Callable[[E, Self], T]], Callable[[E, Self], T]]: ...
    @overload
    def register_callback(self, event: type[A]) -> Callable[[Callable[[A, Self], T]], Callable[[A, Self], T]]: ...
    @overload
    def register_callback(self, event: str) -> Callable[[Callable[[Event, Self], T]], Callable[[Event, Self], T]]: ...
    @overload
    def register_callback(
        self, event: None
    ) -> Callable[[Callable[[Message, Self], T]], Callable[[Message, Self], T]]: ...

    def register_callback(self, event: EventKey, function: Callable[..., Any] | None = None) -> Any:
        """Call a function with every such event, and with this manager.

        Functions are called one after the other, in the order of registration; the same pair registered again moves to
        the end. An exception is logged and counted, and the next function is called. `AsyncManager` accepts coroutine
        functions as well, and awaits them; there, `KeyboardInterrupt` and `SystemExit` are also raised out of the event
        loop, as by asyncio.

        Args:
            event: The class of the event or list, or its name; a family such as `events.ChannelEvent` for all of its
                events, a pattern such as ``Queue*`` for every event whose name matches, ``""`` for every event and
                every list, `None` for every response without a request. A list that shares its name with an event is
                named with ``_Aggregate`` at the end.
            function: The function to call. Without it, this is a decorator:
                ``@manager.register_callback(events.Hangup)``.
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
        """Unregister a callback. Return whether it was registered for this event."""
        return self._handlers.unregister(event, function)

    # What both need for what they wait for

    def _connected(self) -> C:
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

    def _stands(self) -> bool:
        connection = self._connection
        return connection is not None and connection is self._ready and not connection.ended

    def _tell_waiting(self, error: Exception | None = None) -> None:
        """Have callers that wait for the connection check again, or raise why there will be none."""
        for awaited in tuple(self._waiting):
            awaited.error = error
            awaited.ring()

    def _check_latest(self, call: int, target: Target) -> bool:
        """Return `True` unless a call of `connect` was superseded.

        Raises:
            ConnectionLost: A later call disconnected, or connected to another server; the later call wins.
        """
        latest, where = self._latest
        if call < latest and where != target:
            raise unwanted(target)
        return True

    def _supersede(self) -> None:
        """Have every call of `connect` fail that is in progress."""
        with self._lock:
            self._latest = next(self._calls), None
        for attempt in tuple(self._attempts):
            attempt.abandon()
        self._tell_waiting(ConnectionLost("the program disconnected."))

    def _own(self) -> None:
        """Have the connections of this process let go of in the children that it forks."""
        from ami_typed._transport.forks import disown_in_children  # a program that does not connect yet needs none

        disown_in_children(self)
        self._inherited = False

    def _disown(self) -> None:
        """Let go, in a child process, of what its parent goes on using; `connect` makes a connection of its own."""
        renew(self._lock, self._handlers._lock, self._observers._lock)
        self._inherited = self._inherited or self._trying is not None or self._audience is not None
        for connection in (self._connection, *self._attempts):
            if connection is not None:
                connection.disown()
        if self._audience is not None:
            self._audience.disown(WrongContext.inherited())
        self._connection = self._audience = self._trying = None
        self._latest = next(self._calls), None
        self._waiting.clear()
        self._attempts.clear()

    def _check_wanted(self, audience: L) -> None:
        """Raise `ConnectionLost` if the program disconnected, or connected to another server, since a loss."""
        if self._audience is not audience:
            raise ConnectionLost("the program disconnected.")

    def _new_backlog(self) -> Backlog:
        return Backlog(self._overflow, self._limits.events, self._limits.waiting, self._tally)

    def _new_session(self) -> Session:
        from ami_typed._protocol.session import Session  # a program that does not connect yet needs none

        return Session(
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

    def _new_buffer(self, keys: tuple[EventKey, ...], limit: int | None, overflow: Overflow) -> Buffer[Any]:
        return Buffer(
            overflow,
            self._limits.stream if limit is None else limit,
            self._limits.waiting,
            self._tally,
            tells=EventsLost in keys or EventsLost.__name__ in keys,
        )


def check(request: object) -> None:
    """Refuse what is no request, before compiled code does, whose errors name types alone.

    Raises:
        TypeError: It is no request.
    """
    if not isinstance(request, Request):
        from ami_typed.registry import check_request  # only the sentence needs the names of actions

        check_request(request)


def interrupted(target: Target, error: BaseException) -> ConnectFailed:
    """Return what those learn who wait for a call of `connect` that something has interrupted."""
    failed = ConnectFailed(f"connect() to {target} was interrupted by {type(error).__name__}.")
    failed.__cause__ = error
    return failed


def unwanted(target: Target) -> ConnectionLost:
    return ConnectionLost(f"The connection to {target} was given up: the program disconnected or connected elsewhere.")
