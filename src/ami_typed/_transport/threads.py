"""The threads of one connection: reading, waiting for answers, and calling callbacks.

Rules of this module:

- One thread at a time reads: a thread that waits for an answer, or else the reader. Another one calls the callbacks. So
  a callback may send actions, and a slow callback delays other callbacks but never an answer.
- `Session` is modified under its connection's lock only; no callback runs while the lock is held. `Connection`
  documents the order of locks, and what signal handlers may do.
- Nothing here keeps the manager alive, or its callbacks and observers, which may refer to it: a manager that the
  program no longer refers to is garbage-collected and closes.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ami_typed._delivery import audience
from ami_typed._delivery.audience import quiet
from ami_typed._speed import put
from ami_typed._transport.locks import Bell, Latch, await_release, ownership, renew
from ami_typed._transport.reasons import breakage
from ami_typed._transport.sockets import SOON, left_until, new_thread
from ami_typed.errors import (
    ConnectionLost,
    Error,
    NotAsterisk,
    NotConnected,
    ProtocolError,
    StillBooting,
    TurnedAway,
    WrongContext,
)
from ami_typed.messages import Event, Message, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ami_typed._delivery.audience import OnLoss
    from ami_typed._delivery.backlog import Backlog
    from ami_typed._delivery.bounded import Bounded
    from ami_typed._delivery.log import Log
    from ami_typed._delivery.subscriptions import Handlers
    from ami_typed._protocol.dialogues import Credentials
    from ami_typed._protocol.session import Received, Session
    from ami_typed._transport.sockets import SynchronisedSocket
    from ami_typed._transport.target import Target
    from ami_typed.errors import Overflowed
    from ami_typed.exchanges import Exchange
    from ami_typed.messages import Aggregate
    from ami_typed.observers import Observers

__all__ = [
    "Audience",
    "Connection",
    "Dispatcher",
    "Throttle",
    "audience_of",
    "join",
    "monitor",
]

T = TypeVar("T")

_TOGETHER = 16
"""The maximum number of reads that are delivered in one batch, if they follow each other without a pause."""
_ENOUGH = 1500
"""Upper bound for one batch, so that callbacks start while a flood is still being read; one read may exceed it."""
_GLANCE = 1.0
"""How often a paused reader checks whether the server has closed, in seconds."""
_GRACE = 0.005
"""How long the reader leaves the socket to a thread that sends requests one after the other, in seconds."""


class Throttle:
    """Back-pressure: the reader pauses here while a queue is crowded.

    Attributes:
        queues: The queues that it pauses for.
        resting: Whether it may be paused: then `nudge` must be called after a change.
    """

    def __init__(self, *queues: Bounded) -> None:
        self.queues: tuple[Bounded, ...] = queues
        self.resting = False
        self._bell = Bell()

    def wait(self, unless: Callable[[], bool]) -> None:
        """Wait while a queue is crowded, but no longer than its policy allows.

        Args:
            unless: Returns whether to stop waiting anyway; checked again on `nudge`, and periodically.
        """
        self.resting = True  # set before checking, so that a thread that changes what is checked nudges
        while not unless() and (left := self._rest()) > 0:
            self._bell.wait(min(left, _GLANCE))
        self.resting = False

    def _rest(self) -> float:
        now = time.monotonic()
        return max([queue.rest(now) for queue in self.queues])

    def nudge(self) -> None:
        """Make `wait` check again whether it must still wait."""
        if self.resting:
            self._bell.ring()


class Dispatcher:
    """The thread that calls the callbacks of one connection, in the order of arrival.

    Args:
        handlers: The table of callbacks.
        manager: The manager to pass to the callbacks.
        backlog: The queue of messages for them.
        throttle: The throttle to nudge when the queue shrinks.
        log: The log for exceptions raised by callbacks.
    """

    def __init__(
        self, handlers: Handlers, manager: weakref.ref[Any], backlog: Backlog, throttle: Throttle, log: Log
    ) -> None:
        self._handlers = weakref.ref(handlers)
        self._last_handlers: Handlers | None = None
        self._manager = manager
        self._log = log
        self._backlog = backlog
        self._throttle = throttle
        self._ended = False
        self._batch: list[Message | Aggregate] = []
        self._lock = threading.RLock()
        self.is_mine = ownership(self._lock)
        self._bell = Bell()
        self.thread = new_thread("callbacks", self._run)

    def start(self) -> None:
        """Start calling callbacks, until `end`."""
        self.thread.start()

    def join(self, timeout: float) -> None:
        """Wait for the callbacks to end, for at most ``timeout`` seconds; see `join`."""
        join(self.thread, timeout)

    @property
    def dropped(self) -> int:
        """The number of messages dropped because the callbacks could not keep up."""
        return self._backlog.dropped

    @property
    def waiting(self) -> int:
        """The number of messages queued for the callbacks."""
        return self._backlog.waiting

    def put(self, batch: list[Message | Aggregate]) -> Overflowed | None:
        """Accept a batch. Return why the connection must end, if it must."""
        with self._lock:
            overflowed = self._backlog.put(batch)
        self._bell.ring()
        return overflowed

    def hold(self) -> Backlog:
        """Return a queue with the limits of the callbacks', for messages to deliver later."""
        return self._backlog.another()

    def end(self) -> None:
        """Make the thread end after delivering what is queued."""
        self._last_handlers = self._handlers()  # queued messages may outlive the manager
        self._ended = True
        self._bell.ring()

    def disown(self) -> None:
        """Deliver nothing more, in a child process: its parent does. A callback may have forked it."""
        renew(self._lock)
        self._ended = True
        self._backlog.discard()
        self._batch.clear()
        self._bell.ring()
        self._throttle.nudge()

    def _run(self) -> None:
        while True:
            ended = self._ended  # read before the last check
            with self._lock:
                batch = self._backlog.take() if self._backlog else None
            if batch is not None:
                self._throttle.nudge()
                self._call(batch, self._manager())
            elif ended:
                return
            else:
                self._bell.wait()

    def _call(self, batch: list[Message | Aggregate], manager: Any) -> None:
        handlers = self._handlers()
        if handlers is None:  # the manager was garbage-collected, and its callbacks with it
            return
        self._batch = batch
        for message in batch:
            route = handlers.by_class.get(message.__class__) or handlers.route_of(message)
            for function in route.functions:
                try:
                    function(message, manager)
                except BaseException as error:  # noqa: BLE001 - it must not affect other callbacks
                    self._backlog.tally.callback_exceptions += 1
                    self._log.report("A callback raised an exception", error, function)
        self._batch = []


def join(thread: threading.Thread, timeout: float) -> None:
    """Wait for a thread to end, unless it is the calling thread or was not started."""
    with contextlib.suppress(RuntimeError):  # it is one of these, or another thread is about to start it
        thread.join(timeout)


class Waitable(Protocol):
    """An event that is set once, and that `monitor` waits for: a `Latch`."""

    def is_set(self) -> bool:
        """Return whether it is set."""
        ...

    def set(self) -> None:
        """Release all waiting threads."""

    def wait(self, timeout: float | None = None, /) -> bool:
        """Wait until it is set. Return whether it is."""
        ...


def no_observers() -> Observers | None:
    """Default for a weak reference to observers: there are none."""
    return None


Audience = audience.Audience[Throttle, Dispatcher]


def audience_of(handlers: Handlers, manager: weakref.ref[Any], backlog: Backlog, log: Log) -> Audience:
    """Create the audience of a manager; its callbacks are called once the dispatcher is started.

    Args:
        handlers: The table of callbacks and streams.
        manager: The manager to pass to the callbacks.
        backlog: The queue of messages for the callbacks.
        log: The manager's log.
    """
    throttle = Throttle(backlog)
    dispatcher = Dispatcher(handlers, manager, backlog, throttle, log)
    return Audience(handlers, throttle, dispatcher, log, threading.RLock)


class Connection:
    """One connection: a session, its socket and the thread that reads it.

    Which thread reads: waking a thread costs more than an answer, so a thread that waits for one reads the socket
    itself, for as long as something arrives within `SOON`; then it rings for the reader and sleeps. Others that wait
    meanwhile sleep as well, and the reader keeps the socket until no request is pending. Then it naps for `_GRACE`, so
    that a thread that sends one request after the other finds the socket free each time. The reading thread holds
    `_reading`.

    Received data goes into the socket's inbox, and from there through `_take`. `_lock` guards the session, and is held
    until everything is delivered: messages are delivered in order, although a signal handler may read at a point where
    the thread that it has interrupted was about to. It is acquired after `_reading`; callbacks are called while neither
    is held.

    What a signal handler may do if the thread that it has interrupted holds

    - `_reading` only: everything. It reads what it waits for, and what the other waits for with it.
    - the socket's lock for writing: everything. It completes what the other was writing.
    - `_lock`: nothing that needs an answer (`WrongContext`). `end` leaves the work to the thread that reads next.

    Args:
        transport: The connected socket.
        session: The protocol state of the connection.
        audience: The audience of its messages.
        lost: Called when the connection has ended, with it, the reason and whether the program wanted it.
        target: The server. Its time-out limits the pauses within a message.
        log: The log for the dialogue.
        observers: The observers of its requests.

    Attributes:
        credentials: The credentials of the log-in, to repeat it after a loss; `None` before the log-in.
        monitored: The interval of its monitor, in seconds; `None` without one.
        inherited: Whether this is a copy in a child process, of a connection that its parent continues to use.
    """

    def __init__(
        self,
        transport: SynchronisedSocket,
        session: Session,
        audience: Audience,
        lost: OnLoss,
        target: Target,
        log: Log,
        observers: Observers | None = None,
    ) -> None:
        self.transport = transport
        self.session = session
        self.audience = audience
        self.target = target
        self.credentials: Credentials | None = None
        self.monitored: float | None = None
        self.made = datetime.now(UTC)
        self.stopped: Waitable = Latch()
        self.ended = False
        self.inherited = False
        self._lost = lost
        self._reason: ConnectionLost | None = None
        self._due: tuple[ConnectionLost, bool] | None = None
        self._held: Backlog | None = audience.dispatcher.hold()
        self._timeout = target.timeout
        self._log = log
        self._observers = weakref.ref(observers) if observers is not None else no_observers
        self._lock = threading.RLock()
        self._locks = ownership(self._lock)
        self._torn = False
        self._overflowed: Overflowed | None = None
        self._heard = 0.0
        self.leaving = False
        self._wanted = False
        self._last_wait = 0.0
        self.since = time.monotonic()
        self._reading = threading.RLock()
        self._reads = ownership(self._reading)
        self._nap = Bell()
        self._asleep: set[Exchange[Any]] = set()
        self._reader = new_thread("reader", self._read)

    def greet(self, deadline: float) -> None:
        """Wait for the server's greeting.

        Args:
            deadline: When it must have arrived, by `time.monotonic`.

        Raises:
            ConnectFailed: It did not arrive, or the peer is something else.
        """
        received = None
        while received is None:
            try:
                data = self.transport.read(left_until(deadline))
            except TimeoutError:
                raise NotAsterisk.silent(self._timeout, self.target) from None
            if not data:
                raise TurnedAway.by(self.target)
            try:
                received = self.session.greet(data)
            except (NotAsterisk, ProtocolError) as error:
                raise error.at(self.target) from None
        self.transport.info = self.session.greeting
        self._hand_out(received)

    def start(self) -> None:
        """Start reading; messages are held back until `open_up`."""
        self.audience.read_while = self.read_while
        self._reader.start()

    # Requests

    def send(
        self,
        request: Request[T],
        action_id: str | None = None,
        headers: Mapping[str, Any] = {},
        *,
        timeout: float | None = None,
        synchronous: bool | None = None,
        patience: float = 0,
    ) -> Exchange[T]:
        """Begin an exchange and write its request; see `Session.open`.

        Raises:
            NotConnected: The connection has ended.
        """
        if self._locks():
            raise _busy()
        exchange = None
        try:
            exchange = self.session.prepare(
                request,
                time.monotonic(),
                action_id,
                headers,
                timeout=timeout,
                synchronous=synchronous,
                patience=patience,
            )
            with self._lock:
                self._check_open()
                self.session.expect(exchange, headers)
            if self._reason is not None:  # a signal handler has closed it a moment ago
                self._close_session(self._reason)
            self._announce(exchange)
            self.transport.send_message(exchange.octets, exchange.begin)
        except OSError as error:
            self.end(ConnectionLost(breakage(error)))
        except Error:
            raise
        except BaseException:
            self._break_off(exchange)
            raise
        assert exchange is not None, "an invalid request raises"
        return exchange

    def exchange(
        self,
        request: Request[T],
        action_id: str | None = None,
        headers: Mapping[str, Any] = {},
        *,
        timeout: float | None = None,
        synchronous: bool | None = None,
        patience: float = 0,
    ) -> Exchange[T]:
        """Send a request and wait until it is settled or its time is up; see `Session.open`.

        Raises:
            NotConnected: The connection has ended.
        """
        exchange = self.send(request, action_id, headers, timeout=timeout, synchronous=synchronous, patience=patience)
        self.wait(exchange)
        return exchange

    def _announce(self, exchange: Exchange[Any]) -> None:
        """Report a request that is about to be written to the log and the observers, and wake a paused reader."""
        if exchange.remark:
            self._log.note(exchange.remark)
        if self._log.debug:
            self._log.trace_request(exchange)
        observers = self._observers()
        if observers is not None and observers.any:
            observers.begun(exchange)
        if self.audience.throttle.resting:
            self.audience.throttle.nudge()

    def _break_off(self, exchange: Exchange[Any] | None) -> None:
        """Withdraw an interrupted request, and end the connection if only part of its bytes was sent."""
        if exchange is not None:
            twice(partial(self._give_up, exchange))
        if not self.transport.is_connected():
            self.end(ConnectionLost(self.transport.why))

    def _check_open(self) -> None:
        if self.ended:
            if self.inherited:
                raise WrongContext.inherited()
            raise NotConnected(f"The connection to {self.target} has just ended; nothing was sent.")

    def _close_session(self, reason: ConnectionLost) -> None:
        """Settle what is pending at the end of the connection. May be repeated."""
        with self._lock:
            received = self.session.close(reason)
        self._hand_out(received)
        for exchange in tuple(self._asleep):
            _wake(exchange)

    def is_entered(self) -> bool:
        """Return whether the calling signal handler has interrupted this thread in here, which blocks the others."""
        owners = (self._reads, self._locks, self.transport.is_mine, self.audience.dispatcher.is_mine)
        return any(owns() for owns in owners)

    def wait_until_booted(self, timeout: float) -> None:
        """Wait until the server has reported on this connection that it is fully booted.

        Raises:
            StillBooting: It did not do so in time.
            ConnectionLost: The connection ended first.
        """
        if self._locks():
            raise _busy()
        told = Bell()
        deadline = time.monotonic() + timeout
        try:
            with self._lock:
                if not (self.session.booted or self.ended):
                    self.session.boot_waiters.add(told.ring)
            self.read_while(lambda: not self.session.booted, deadline)
            if not (self.session.booted or self.ended):
                told.wait(deadline - time.monotonic())
        finally:
            self.session.boot_waiters.discard(told.ring)
        if not self.session.booted:
            raise self._reason or StillBooting(timeout)

    def wait(self, exchange: Exchange[Any]) -> None:
        """Wait until an exchange is settled or its time is up.

        The waiting thread reads the socket itself for a moment, unless another one does: waking a thread for each
        answer would cost more than the answer.
        """
        try:
            self._wait_until_settled(exchange)
        finally:
            self._last_wait = self._heard if exchange.settled else time.monotonic()
            if not exchange.settled:
                twice(partial(self._give_up, exchange))
            observers = self._observers()
            if observers is not None and observers.any:
                observers.settled(exchange)

    def _wait_until_settled(self, exchange: Exchange[Any]) -> None:
        while not exchange.settled:
            self._read_for(exchange)
            if not exchange.settled:
                self._wait_for(exchange)
            if not self._extend(exchange):
                break

    def _extend(self, exchange: Exchange[Any]) -> bool:
        """Extend the time of an exchange that timed out, if possible; see `Session.extend`."""
        if not exchange.patience:
            return False
        with self._lock:
            return self.session.extend(exchange, time.monotonic())

    def _wait_for(self, exchange: Exchange[Any]) -> None:
        """Wait while another thread reads."""
        waiter = threading.Lock()
        waiter.acquire()
        exchange.wake = waiter.release
        try:
            self._asleep.add(exchange)
            left = exchange.sent + exchange.timeout - time.monotonic()
            if not (exchange.settled or self.ended) and left > 0:  # else `wake` was called before it was set
                await_release(waiter, left)
        finally:
            self._asleep.discard(exchange)

    def _give_up(self, exchange: Exchange[Any]) -> None:
        """Stop waiting for an exchange. May be repeated."""
        with self._lock:
            given_up = self.session.give_up(exchange, time.monotonic())
            if self.ended and exchange.error is None:  # it was lost between pending and settled
                exchange.error = exchange.fate(self._reason_of_end())
        if given_up and self._log.debug:
            self._log.trace_end_of_wait(exchange)

    # Reading

    def _read_for(self, exchange: Exchange[Any]) -> None:
        """Read instead of the reader while more data arrives at once; then leave the rest to the reader."""
        nested = self._reads()
        taken: list[bool] = []
        try:
            put(taken, self._reading.acquire, False)
            if taken[0]:
                self._pump_for(exchange, nested=nested)
        finally:
            if taken and taken[0]:
                self._reading.release()
                if self.session.pending or self.transport.inbox:
                    self._nap.ring()

    def read_while(self, missing: Callable[[], bool], deadline: float | None) -> None:
        """Read in a signal handler that has interrupted this thread while reading; otherwise the reader does.

        Args:
            missing: Returns whether the awaited message has not arrived yet.
            deadline: When to stop waiting, by `time.monotonic`; `None` to wait until the connection ends.

        Raises:
            WrongContext: The handler has interrupted this thread while it handled received data.
        """
        if self._locks():
            raise _busy()
        while self._reads() and not self.ended and missing():
            if deadline is not None and time.monotonic() >= deadline:
                break
            self._pump_soon()

    def _read(self) -> None:
        """Read whenever no waiting thread does. This thread does not end before the connection has."""
        try:
            self._read_until_stopped()
        except BaseException as error:
            self.end(ConnectionLost(f"reading was interrupted by {type(error).__name__}."))
            raise
        finally:
            with self._reading:
                self.transport.release()

    def _pump_for(self, exchange: Exchange[Any], *, nested: bool) -> None:
        """Read while more data arrives at once; a handler that interrupts the reading reads to the end."""
        deadline = exchange.sent + exchange.timeout
        while not (exchange.settled or self.ended) and deadline - time.monotonic() > SOON:
            if not self._pump_soon() and not nested:
                break

    def _read_until_stopped(self) -> None:
        while not self.stopped.is_set():
            self.audience.throttle.wait(self._is_awaited)
            with self._reading:
                self._pump_while_pending()
            # Another request often follows at once; its sender should find the socket free.
            while not self.stopped.is_set() and time.monotonic() - self._last_wait < _GRACE:
                if self._nap.wait(_GRACE):
                    break
        with self._reading:
            self._inspect()

    def _pump_while_pending(self) -> None:
        """Read, and go on while the waiting threads have left reading to this one."""
        self._pump()
        while self.session.pending:
            self._pump()

    def _is_leaving(self) -> bool:
        """Whether the end of the connection is wanted: by the program, or because it logged off."""
        return self.leaving or self.session.leaving

    def _is_awaited(self) -> bool:
        """Whether reading must not pause: a request is pending, or the connection has ended."""
        return bool(self.session.pending) or self.ended or self.transport.hung_up()

    def _pump(self) -> None:
        """Read once and deliver the result; the connection may end here.

        The messages of the previous read are inspected here: they have been delivered, and the next ones take a while
        to arrive.
        """
        if self.session.uninspected:
            self._inspect()
        try:
            if not self.transport.inbox:
                self.transport.fill(self._patience() if self.session.busy else None)
        except TimeoutError:
            self._look_again()
        except OSError as error:
            self._break(error)
        else:
            self._handle()

    def _pump_soon(self) -> bool:
        """Read once, if anything arrives within `SOON`, and deliver the result. Return whether anything arrived."""
        if self.session.uninspected:
            self._inspect()
        inbox = self.transport.inbox
        try:
            came = True if inbox else self.transport.fill_soon()
        except OSError as error:
            self._break(error)
            return False
        if inbox:
            self._handle()
        elif self.session.busy:
            self._look_again()
        return came

    def _break(self, error: OSError) -> None:
        self.end(ConnectionLost(breakage(error)), wanted=self._is_leaving())

    def _inspect(self) -> None:
        self.session.inspect(self._heard)

    def _handle(self) -> None:
        """Handle received data and, in a flood, what has arrived after it; the connection may end here.

        Each delivery wakes a thread, so there is only one.
        """
        deliveries: list[Message | Aggregate] = []
        try:
            with self._lock:
                try:
                    self._take(deliveries)
                finally:
                    if deliveries:
                        self._deliver(deliveries)
                self._torn = False
            if self._overflowed is not None:
                self.end(self._overflowed)
        except ConnectionLost as error:
            self.end(error, wanted=self._is_leaving())
        except BaseException:
            if self._torn:
                self.end(ConnectionLost("reading was interrupted."))
            raise

    def _take(self, deliveries: list[Message | Aggregate]) -> None:
        inbox = self.transport.inbox
        reads = 0
        while inbox:
            self._torn = True  # from here on an interrupt would leave the data half processed
            data = inbox.popleft()
            if not data:
                raise ConnectionLost(self.transport.why)
            self._heard = time.monotonic()
            received = self.session.receive(data, self._heard)
            deliveries += received.deliveries
            if received.settled:
                self._settle(received)
                return
            reads += 1
            if len(deliveries) > _ENOUGH or reads >= _TOGETHER:
                return
            self._fill_on(data)

    def _fill_on(self, data: bytes) -> None:
        try:
            self.transport.fill_on(data)
        except OSError as error:
            raise ConnectionLost(breakage(error)) from None

    def _look_again(self) -> None:
        """Give up what has not arrived in time: the rest of a message, or of an aggregate."""
        now = time.monotonic()
        if self.session.incomplete and now - self._heard >= self._timeout:
            self.end(ProtocolError(f"the rest of a message did not arrive within {self._timeout:g} s."))
            return
        with self._lock:
            received = self.session.expire(now)
        self._hand_out(received)

    def _patience(self) -> float | None:
        """Return the time-out of the next read if something is due; an idle connection may be silent forever."""
        with self._lock:
            deadline = self.session.deadline()
        waits: list[float] = []
        if deadline is not None:
            waits.append(max(0.0, deadline - time.monotonic()))
        if self.session.incomplete:
            waits.append(self._timeout)
        return min(waits, default=None)

    def _hand_out(self, received: Received) -> None:
        self._settle(received)
        self._deliver(received.deliveries)

    def _settle(self, received: Received) -> None:
        for exchange in received.settled:
            _wake(exchange)
            if self._log.debug:
                self._log.trace_answer(exchange)

    def _deliver(self, deliveries: list[Message | Aggregate]) -> None:
        if deliveries:
            with self._lock:
                if self._held is None:
                    self._overflowed = self.audience.deliver(deliveries) or self._overflowed
                else:
                    self._overflowed = self._held.put(deliveries) or self._overflowed

    def open_up(self, *first: Event, lost: OnLoss) -> None:
        """Deliver the messages held back so far, after ``first``, and from now on messages as they arrive.

        Args:
            first: Events to deliver before them.
            lost: Called when the connection ends, or at once if it has.
        """
        self.audience.explain = self.session.visibility.explain
        with self._lock:
            if self._held is not None:
                self._overflowed = self.audience.resume(first, self._held) or self._overflowed
                self._held = None
        with self._lock:
            reason = self._reason
            self._lost = lost
        if reason is not None:
            lost(self, reason, self._wanted)

    # The end

    def end(self, reason: ConnectionLost, *, wanted: bool = False) -> None:
        """End the connection, once, and report the reason to everything that waits for it.

        Args:
            reason: Why it ends.
            wanted: Whether the program itself wanted it, so that streams just end.
        """
        if self._locks():
            self.abandon(reason, wanted=wanted)
            return
        ends = False
        lost: OnLoss = quiet
        try:
            with self._lock:
                ends = not self.ended
                if ends:
                    self.ended = True
                    self._reason, self._wanted = self._due or (reason, wanted)
                    lost = self._lost
            if ends:
                self._wind_up(lost)
        except BaseException:
            if ends:
                self._wind_up(quiet)
                self.audience.leave(None if self._wanted else self._reason)
            raise

    def _wind_up(self, lost: OnLoss) -> None:
        """Report the end to everything that waits. May be repeated."""
        reason = self._reason_of_end()
        self.stopped.set()
        self.transport.close()
        self._nap.ring()
        self.audience.throttle.nudge()
        self._close_session(reason)
        if self._log.debug:
            self._log.trace("=", str(reason))
        lost(self, reason, self._wanted)

    def _reason_of_end(self) -> ConnectionLost:
        return self._reason or ConnectionLost("the connection was closed.")

    def abandon(self, reason: ConnectionLost | None = None, *, wanted: bool = True) -> None:
        """Make the reader end the connection.

        This acquires no lock, so that a signal handler or the garbage collector may call it at any point.
        """
        self.leaving = True
        self._due = reason or ConnectionLost("the program disconnected."), wanted
        self.transport.close()
        self._nap.ring()
        self.audience.throttle.nudge()

    def log_exception(self, sentence: str, error: BaseException) -> None:
        """Log that the program's own code failed, with its traceback."""
        self._log.report(sentence, error)

    def discard(self) -> None:
        """Close a connection that is not in use, perhaps before its reader was started."""
        self.abandon()
        if self._reader.ident is None:
            self.transport.release()

    def disown(self) -> None:
        """Release, in a child process, a connection that its parent continues to use."""
        renew(self._lock, self._reading)
        self.inherited = self.ended = self.leaving = self._wanted = True
        self._lost = quiet
        self._reason = ConnectionLost(str(WrongContext.inherited()))
        self.transport.disown()
        self.stopped.set()
        self._nap.ring()
        for waiting in (*self.session.boot_waiters, *[exchange.wake for exchange in self._asleep]):
            with contextlib.suppress(RuntimeError):  # it has been woken already
                waiting()

    def start_monitor(self, interval: float) -> None:
        """Ping in the background; see `monitor`."""
        new_thread("monitor", monitor, self, interval).start()

    def join(self, timeout: float) -> None:
        """Wait for the reader to end, unless it is the calling thread."""
        join(self._reader, timeout)


def _busy() -> WrongContext:
    return WrongContext(
        "A signal handler interrupted this thread while it was processing data from the server, so nothing was sent: "
        "no answer could be read before the handler returns. Send from another thread."
    )


def twice(step: Callable[[], object]) -> None:
    """Execute a step, and repeat it if it was interrupted: no other thread would complete it."""
    try:
        step()
    except BaseException:
        step()
        raise


def _wake(exchange: Exchange[Any]) -> None:
    """Wake the thread that waits for an exchange, unless it has been woken."""
    try:
        exchange.wake()
    except RuntimeError:
        return


def monitor(connection: Connection, interval: float) -> None:
    """Ping every ``interval`` seconds until the connection ends. End it if no answer arrives within another interval.

    After a request that keeps the server occupied, the answer may take longer; see `Session.extend`.
    """
    ping: Request[Message] = Request("Ping")
    ping.timeout = interval
    while not connection.stopped.wait(interval):
        try:
            exchange = connection.exchange(ping, patience=interval)
        except Error:  # it ended, or too many requests are pending: the next round shows
            continue
        except BaseException as error:  # noqa: BLE001 - raised by an observer; others rely on this thread
            connection.log_exception("Monitoring the connection raised an exception; it continues.", error)
            continue
        if exchange.response is None:
            connection.end(ConnectionLost(f"the server did not answer a ping within {interval:g} s."))
