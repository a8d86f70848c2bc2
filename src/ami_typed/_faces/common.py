"""The non-blocking part of both faces: construction, state, callbacks, and the buffers of streams.

Rules of this module:

- Nothing here waits or does I/O, so all of it works with threads and with an event loop.
- A method is documented here for both faces.
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
    from collections.abc import Callable, Mapping
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
        """The interface of a connection that the faces use."""

        session: Session
        target: Target
        made: datetime
        monitored: float | None
        ended: bool

        def start_monitor(self, interval: float, /) -> None:
            """Start pinging in the background."""

        def abandon(self) -> None:
            """Cancel an attempt to connect."""

        def disown(self) -> None:
            """Release, in a child process, a connection that the parent continues to use."""

    class Signal(Protocol):
        """The wake-up signal of a caller of `wait_connected`."""

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
    """The non-blocking part of an event stream.

    Args:
        handlers: The table of callbacks and streams.
        keys: The classes or names to collect.
        buffer: The buffer from which the reader receives events.
        audience: The audience that delivers them.
        notify: Called when the reader should check the buffer again.
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
        """The names of the collected classes, joined for use in a sentence."""
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

    def miss(self, number: int) -> None:
        """Report a gap of at most so many events, which were dropped before they reached the stream."""
        self._buffer.miss(number)
        self._notify()

    def disown(self, reason: Exception) -> None:
        """Raise the reason from now on, in a child process: buffered events belong to the parent."""
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
        """Explain why no event may have arrived, as far as known: sentences after a space, or an empty string."""
        return self._audience.explain([event_name(key) if isinstance(key, type) else key or "" for key in self._keys])


class Face(Generic[C, L]):
    """The non-blocking part of a manager; `Manager` and `AsyncManager` document the arguments."""

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
        """Create a manager from a URL with the server to connect to and, optionally, the user to log in.

        It connects when entered as a context manager, or when `connect` is called without a host:

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
                need percent-encoding. The settings are ``timeout`` and ``wait`` (for the server to be fully booted), in
                seconds, ``reconnect`` (``yes``, ``no``, ``start``), ``plain``, ``events`` (an event mask),
                ``timezone`` (the server's, by its IANA name), ``secret_file``, and for TLS ``cafile``, ``certfile`` and
                ``keyfile``.
            secret: The secret, which should preferably be kept out of the URL: a string, the path of a file as a
                `pathlib.Path`, or a function that returns it. The file is read, or the function called, at each log-in.
            options: The other arguments of the manager.

        Raises:
            AddressError: The URL is malformed. The message states the reason without showing any part of the URL.
        """
        from ami_typed._transport.url import Address  # not needed by programs that pass a host

        return cls._at(Address.of_url(url, secret), options)

    @classmethod
    def from_env(cls, prefix: str = "AMI_TYPED_", *, secret: Secret | None = None, **options: Unpack[Options]) -> Self:
        """Create a manager from environment variables that name the server and the user; see `from_url`.

        Args:
            prefix: The prefix of the variables' names. They are ``AMI_TYPED_URL``, or ``AMI_TYPED_HOST``, ``_PORT``,
                ``_USER``, ``_SECRET`` and ``_TLS`` (``yes`` or ``no``), and each setting of a URL:
                ``AMI_TYPED_SECRET_FILE``, ``AMI_TYPED_TIMEOUT`` and so on. Each may be given only once.
            secret: The secret, if it is not in the environment.
            options: The other arguments of the manager.

        Raises:
            AddressError: No variable names the server, or a variable is invalid.
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
        """Return whether the connection is up, as far as is known; see `monitor_connection`."""
        connection = self._connection
        return connection is not None and not connection.ended

    def get_asterisk_info(self) -> tuple[str, str] | None:
        """Return the name and version from the server's greeting, or `None` if not connected."""
        connection = self._connection
        return connection.session.greeting if connection is not None and not connection.ended else None

    @property
    def release(self) -> Release | None:
        """The server's Asterisk release, known after `login`; `None` if the user is not permitted to query it."""
        connection = self._connection
        return connection.session.release if connection else None

    @property
    def timezone(self) -> tzinfo | None:
        """The server's time zone as passed to this manager, otherwise `None`."""
        return self._timezone

    @property
    def drift(self) -> DriftReport:
        """Everything that the server has sent so far, over all connections, and that ami-typed does not know.

        Every event without a class is counted. Headers and values are inspected in a sample of the messages, after
        delivery; the report states the size of the sample.
        """
        return self._noted().report(self.statistics.messages_received)

    @property
    def address(self) -> tuple[str, int] | None:
        """The host and port of the latest connection, `None` before the first."""
        target = self._target
        return (target.host, target.port) if target else None

    @property
    def statistics(self) -> Statistics:
        """A snapshot of this manager's counters, over all its connections; reading it does not reset them.

        It can be read from any thread. While messages are arriving, some counters may be slightly newer than others.
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
        from ami_typed.drift import Drift  # it knows every message class; not needed before connecting

        with self._lock:
            if self._drift is None:
                self._drift = Drift()
            return self._drift

    def monitor_connection(self, interval: Seconds = 2.5) -> None:
        """Ping the server in the background, and end the connection if it does not answer.

        This detects within two intervals that the other end has silently disappeared.

        Args:
            interval: The time between two pings, and how long to wait for each answer, in seconds.

        Raises:
            NotConnected: There is no connection to monitor.
            TypeError: ``interval`` is not a duration.
            ValueError: ``interval`` is not greater than 0.
        """
        duration = seconds(interval, "interval", above_zero=True)
        connection = self._connected()
        connection.monitored = duration
        connection.start_monitor(duration)

    # Callbacks and observers

    def add_observer(self, observer: Observer) -> None:
        """Register an observer, which is notified when a request begins and when its caller stops waiting.

        Args:
            observer: The object to notify, in the thread or task that sends the request; adding it again does nothing.
                It is also notified of the requests of `monitor_connection`.
        """
        self._observers.add(observer)

    def remove_observer(self, observer: Observer) -> bool:
        """Unregister an observer. Return whether it was registered."""
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
        """Register a callback, called with each matching event and this manager.

        Callbacks run one at a time, in the order of registration; registering the same event and function again moves
        the callback to the end. If a callback raises, the exception is logged and counted, and the next one runs.
        `AsyncManager` also accepts coroutine functions and awaits them; there, `KeyboardInterrupt` and `SystemExit`
        also propagate out of the event loop, as is usual in asyncio.

        Args:
            event: The class of the event or list, or its name; a family such as `events.ChannelEvent` for all of its
                events; a pattern such as ``Queue*`` for every event whose name matches; ``""`` for every event and
                every list; `None` for every response without a request. The name of a list that shares it with an event
                takes the suffix ``_Aggregate``.
            function: The function to call. If omitted, return a decorator:
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
        self._warn({event: True})

    def _warn(self, keys: Mapping[EventKey, bool]) -> None:
        """Log which of the events certainly do not arrive, once for each on this connection; see `Visibility`."""
        connection = self._connection
        if connection is not None and connection.session.login is not None:
            for sentence in connection.session.visibility.warnings(keys):
                self._log.note(sentence)

    def unregister_callback(self, event: EventKey, function: Callable[..., Any]) -> bool:
        """Unregister a callback. Return whether it was registered for this event."""
        return self._handlers.unregister(event, function)

    def received_events(self) -> frozenset[str] | None:
        """Return the names of all events that any callback or stream receives; `None` if they cannot be listed.

        They cannot for a callback or stream of all events, of a pattern, or of an event without a class in ami-typed.
        """
        return self._handlers.names()

    # Helpers for the methods that wait

    def _connected(self) -> C:
        connection = self._connection
        if connection is None or connection.ended:
            raise self._not_connected()
        return connection

    def _not_connected(self) -> NotConnected | WrongContext:
        """Return the exception for a missing connection; its message states whether one is being established."""
        connection, trying = self._connection, self._trying
        if self._inherited:
            return WrongContext.inherited()
        if connection is not None and connection.ended:
            what = f"The connection to {connection.target} was lost"
            if self._reconnect is None or connection is self._given_up:
                return NotConnected(f"{what}; call connect() to connect again.")
            return NotConnected(f"{what} and is being re-established; wait_connected() waits for it.")
        if trying is not None:
            return NotConnected(f"connect() to {trying} has not finished; wait_connected() waits for it.")
        return NotConnected("Not connected to a server; call connect() first.")

    def _is_ready(self) -> bool:
        connection = self._connection
        return connection is not None and connection is self._ready and not connection.ended

    def _notify_waiting(self, error: Exception | None = None) -> None:
        """Wake the callers of `wait_connected`, to check the connection again or to raise the error."""
        for awaited in tuple(self._waiting):
            awaited.error = error
            awaited.ring()

    def _check_latest(self, call: int, target: Target) -> bool:
        """Return `True` unless a call to `connect` was superseded.

        Raises:
            ConnectionLost: A later call disconnected, or connected to another server; the later call wins.
        """
        latest, where = self._latest
        if call < latest and where != target:
            raise unwanted(target)
        return True

    def _supersede(self) -> None:
        """Make every call to `connect` in progress fail."""
        with self._lock:
            self._latest = next(self._calls), None
        for attempt in tuple(self._attempts):
            attempt.abandon()
        self._notify_waiting(ConnectionLost("the program disconnected."))

    def _own(self) -> None:
        """Arrange for forked child processes to release this process's connections."""
        from ami_typed._transport.forks import disown_in_children  # not needed before connecting

        disown_in_children(self)
        self._inherited = False

    def _disown(self) -> None:
        """Release, in a child process, what the parent continues to use; `connect` creates a separate connection."""
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
        from ami_typed._protocol.session import Session  # not needed before connecting

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
    """Reject an argument that is not a request, before compiled code does with an error that names only types.

    Raises:
        TypeError: The argument is not a request.
    """
    if not isinstance(request, Request):
        from ami_typed.registry import check_request  # only the error message needs the names of actions

        check_request(request)


def interrupted(target: Target, error: BaseException) -> ConnectFailed:
    """Return the error for callers waiting for a call to `connect` that was interrupted."""
    failed = ConnectFailed(f"connect() to {target} was interrupted by {type(error).__name__}.")
    failed.__cause__ = error
    return failed


def unwanted(target: Target) -> ConnectionLost:
    return ConnectionLost(f"The connection to {target} was abandoned: the program disconnected or connected elsewhere.")
