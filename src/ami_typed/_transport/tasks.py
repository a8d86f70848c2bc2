"""The tasks of one connection on an event loop: receiving, waiting for answers, and calling callbacks.

Rules of this module:

- It is to `aio` what `threads` is to `manager`.
- Everything happens on one event loop. One task calls the callbacks, so a callback that waits delays other callbacks
  but never an answer; no task outlives its connection's audience.
- Nothing here keeps the manager alive: the event loop refers to the connection, and a manager that the program no
  longer refers to is garbage-collected and closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import threading
import weakref
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ami_typed._delivery import audience
from ami_typed._delivery.audience import quiet
from ami_typed._protocol.framing import records
from ami_typed._transport.reasons import breakage
from ami_typed._transport.sockets import hung_up
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
    from collections.abc import Callable, Iterable, Mapping

    from ami_typed._delivery.audience import OnLoss
    from ami_typed._delivery.backlog import Backlog
    from ami_typed._delivery.bounded import Bounded
    from ami_typed._delivery.log import Log
    from ami_typed._delivery.subscriptions import Handlers
    from ami_typed._protocol.dialogues import Credentials
    from ami_typed._protocol.session import Received, Session
    from ami_typed._transport.target import Target
    from ami_typed.backoff import Pauses
    from ami_typed.errors import Overflowed
    from ami_typed.exchanges import Exchange
    from ami_typed.messages import Aggregate
    from ami_typed.observers import Observers

__all__ = ["Audience", "Awaited", "Connection", "Dispatcher", "Throttle", "audience_of", "is_over", "leave_the_loop"]

T = TypeVar("T")

_CHUNK = 126976
"""The size of the read buffer that all connections of a loop share; each read costs an iteration of the loop.

It is below 128 KiB, the size from which the C library may map new memory for every read, page by page.
"""
_TICK = 0.005
"""Minimum time between two checks of the pending requests, in seconds; longer than an iteration of the loop."""
_GLANCE = 1.0
"""How often to check whether the server has closed while reading is paused, in seconds."""


def _nothing() -> None:
    """Default for `read_on`: no connection waits for the callbacks."""


def _wake(exchange: Exchange[Any]) -> None:
    """Wake the task that waits for an exchange, unless it has been woken."""
    if not exchange.waiter.done():
        exchange.waiter.set_result(None)


def _retrieve(future: asyncio.Future[None]) -> None:
    """Retrieve a future's exception: the waiting task may have been cancelled, which is no reason for a warning."""
    if not future.cancelled():
        future.exception()


_ROOMS = threading.local()


def _room() -> memoryview:
    """Return the read buffer for the connections of this thread's event loop: each copies its data out at once."""
    room: memoryview | None = getattr(_ROOMS, "octets", None)
    if room is None:
        room = _ROOMS.octets = memoryview(bytearray(_CHUNK))
    return room


class Throttle:
    """Back-pressure: pauses reading while a queue is crowded.

    Attributes:
        queues: The queues that it pauses for.
        read_on: Called when a queue shrinks; set by the connection.
    """

    def __init__(self, *queues: Bounded) -> None:
        self.queues: tuple[Bounded, ...] = queues
        self.read_on: Callable[[], object] = _nothing

    @property
    def blocks(self) -> bool:
        """Whether reading may have to pause at all: most programs drop at the limit."""
        return any(queue.overflow.seconds for queue in self.queues)

    def rest(self, now: float) -> float:
        """Return how long reading should pause, in seconds."""
        return max([queue.rest(now) for queue in self.queues])

    def nudge(self) -> None:
        """Make the connection check again whether reading must still pause."""
        self.read_on()


class Dispatcher:
    """The task that calls the callbacks of one connection, in the order of arrival.

    Args:
        handlers: The table of callbacks.
        manager: The manager to pass to the callbacks.
        backlog: The queue of messages for them.
        throttle: The throttle to nudge when the queue shrinks.
        log: The log for exceptions raised by callbacks.

    Attributes:
        loop: The event loop that everything happens on.
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
        self._idle: asyncio.Future[None] | None = None
        self.loop = asyncio.get_running_loop()
        self.task = self.loop.create_task(self._run(), name="ami-typed callbacks")

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
        self._wake()
        return self._backlog.put(batch)

    def hold(self) -> Backlog:
        """Return a queue with the limits of the callbacks', for messages to deliver later."""
        return self._backlog.another()

    def end(self) -> None:
        """Make the task end after delivering what is queued."""
        self._ended = True
        self._last_handlers = self._handlers()  # queued messages may outlive the manager
        self._wake()

    def _wake(self) -> None:
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def disown(self) -> None:
        """Deliver nothing more, in a child process: its parent does. A callback may have forked it."""
        self._ended = True
        self._backlog.discard()
        self._batch.clear()

    async def _run(self) -> None:
        while self._backlog or not self._ended:
            while self._backlog:
                batch = self._backlog.take()
                self._throttle.nudge()
                await self._call(batch, self._manager())
                await asyncio.sleep(0)  # synchronous callbacks alone would never let the loop read
            if not self._ended:
                self._idle = self.loop.create_future()  # an `Event` would take five times the memory
                await self._idle

    async def _call(self, batch: list[Message | Aggregate], manager: Any) -> None:
        handlers = self._handlers()
        if handlers is None:  # the manager was garbage-collected, and its callbacks with it
            return
        self._batch = batch
        for message in batch:
            route = handlers.by_class.get(message.__class__) or handlers.route_of(message)
            for function in route.functions:
                try:
                    result = function(message, manager)
                    if result is not None and inspect.isawaitable(result):
                        await result
                except BaseException as error:  # it must not affect other callbacks
                    if is_over(self.task, error):
                        raise
                    self._backlog.tally.callback_exceptions += 1
                    self._log.report("A callback raised an exception", error, function)
                    leave_the_loop(error)
        self._batch = []


def is_over(task: asyncio.Task[None] | None, error: BaseException) -> bool:
    """Return whether an exception ends a task, cancelled or closed; otherwise the program's code raised it."""
    if task is None:
        return False
    if isinstance(error, GeneratorExit):
        return asyncio.current_task(task.get_loop()) is not task
    return isinstance(error, asyncio.CancelledError) and task.cancelling() > 0


def leave_the_loop(error: BaseException) -> None:
    """Raise an exception that ends the program out of the event loop, as from one of the loop's own callbacks.

    Raised in a task, it would leave the loop, too, but end the task: its work would stop if the loop is run again.
    """
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        asyncio.get_running_loop().call_soon(_raise, error)


def _raise(error: BaseException) -> None:
    raise error


Audience = audience.Audience[Throttle, Dispatcher]


def audience_of(handlers: Handlers, manager: weakref.ref[Any], backlog: Backlog, log: Log) -> Audience:
    """Create the audience of a manager on the running event loop, and start calling its callbacks.

    Args:
        handlers: The table of callbacks and streams.
        manager: The manager to pass to the callbacks.
        backlog: The queue of messages for the callbacks.
        log: The manager's log.
    """
    throttle = Throttle(backlog)
    dispatcher = Dispatcher(handlers, manager, backlog, throttle, log)
    return Audience(handlers, throttle, dispatcher, log, contextlib.nullcontext)


class Awaited:
    """A condition that a task waits for, and that others signal, from any event loop or thread.

    Attributes:
        error: Why there is nothing left to wait for; `None` while there is.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._told = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def wait(self, timeout: float | None) -> bool:
        """Wait for the signal. Return whether it arrived within ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._told.wait()
        except TimeoutError:
            return False
        self._told.clear()
        return True

    def ring(self) -> None:
        """Wake the waiting task, or make its next wait return at once."""
        with contextlib.suppress(RuntimeError):  # its loop is closed, and no task waits
            self._loop.call_soon_threadsafe(self._told.set)


def no_observers() -> Observers | None:
    """Default for a weak reference to observers: there are none."""
    return None


class Connection(asyncio.BufferedProtocol):
    """One connection: a session, and the protocol that the event loop calls for its socket.

    Args:
        session: The protocol state of the connection.
        audience: The audience of its messages.
        target: The server. Its time-out limits the pauses within a message.
        log: The log for the dialogue.
        observers: The observers of its requests.

    Attributes:
        credentials: The credentials of the log-in, to repeat it after a loss; `None` before the log-in.
        monitored: The interval of its monitor, in seconds; `None` without one.
        pauses: The pauses between attempts to reconnect; `None` if a lost connection stays lost.
        socket: Its socket; `None` before it is connected.
        inherited: Whether this is a copy in a child process, of a connection that its parent continues to use.
    """

    __slots__ = (
        *("audience", "credentials", "ended", "inherited", "leaving", "loop", "made", "monitor", "monitored", "pauses"),
        *(
            "session",
            "since",
            "socket",
            "target",
            "_alarm",
            "_alarm_at",
            "_asleep",
            "_closed",
            "_collecting",
            "_greeted",
        ),
        *(
            "_held",
            "_log",
            "_loop",
            "_lost",
            "_observers",
            "_octets",
            "_outgoing",
            "_overflowed",
            "_reason",
            "_resting",
        ),
        *("_secure", "_timeout", "_timer", "_transport", "_unblocked", "__weakref__"),
    )

    def __init__(
        self, session: Session, audience: Audience, target: Target, log: Log, observers: Observers | None = None
    ) -> None:
        self.session = session
        self.audience = audience
        self.target = target
        self.credentials: Credentials | None = None
        self.monitored: float | None = None
        self.pauses: Pauses | None = None
        self.socket: socket.socket | None = None
        self.made = datetime.now(UTC)
        self.monitor: asyncio.Task[None] | None = None
        self.ended = False
        self.inherited = False
        self.leaving = False
        self._lost: OnLoss = quiet
        self._reason: ConnectionLost | None = None
        self._held: Backlog | None = audience.dispatcher.hold()
        self._overflowed: Overflowed | None = None
        self._timeout = target.timeout
        self._log = log
        self._observers = weakref.ref(observers) if observers is not None else no_observers
        self.loop = self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._secure = False
        self._octets = _room()
        self._greeted: asyncio.Future[None] = self._loop.create_future()
        self._greeted.add_done_callback(_retrieve)
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._unblocked: asyncio.Event | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._outgoing: list[Exchange[Any]] | None = None
        self._collecting = 0.0
        self._asleep: set[Exchange[Any]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0
        self._resting: asyncio.TimerHandle | None = None
        self.since = self._loop.time()
        audience.throttle.read_on = self._read_on

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport of the connected socket."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports do not inherit from it
        self._secure = transport.get_extra_info("ssl_object") is not None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's hint is its own 256 KiB
        """Return the buffer to read into."""
        return self._octets

    def buffer_updated(self, nbytes: int) -> None:
        """Handle the data that was read."""
        try:
            data = bytes(self._octets[:nbytes])
            if self._greeted.done():
                self._hand_out(self.session.receive(data, self._loop.time()))
            else:
                self._greet(data)
            if self._overflowed is not None:
                self.end(self._overflowed)
        except ConnectionLost as error:
            self.end(error)
        except BaseException:  # the data is half processed
            self._interrupt("reading")
            raise
        if self.session.uninspected:  # after the tasks and callbacks that were just woken
            self._loop.call_soon(self._inspect)
        if self._timer is not None or self.session.busy:
            self._set_timer()
        if self.audience.throttle.blocks and not self.session.pending:
            self._regulate()

    def _inspect(self) -> None:
        self.session.inspect(self._loop.time())

    def _regulate(self) -> None:
        """Pause reading while a queue is crowded and no request is pending; resume when that has changed."""
        rest = 0.0 if self.session.pending else self.audience.throttle.rest(self._loop.time())
        if rest > 0 and self._hung_up():  # a server that has closed can no longer be slowed down
            rest = 0.0
        rested = self._stop_resting()
        if self._transport is None or self._transport.is_closing():
            return
        if rest > 0:
            self._transport.pause_reading()
            self._stop_timer()  # what is not read cannot be late
            self._resting = self._loop.call_later(min(rest, _GLANCE), self._do, self._regulate)
        elif rested:
            self._transport.resume_reading()
            self._set_timer()

    def _stop_resting(self) -> bool:
        """Cancel the timer of a pause. Return whether reading was paused."""
        resting, self._resting = self._resting, None
        if resting is not None:
            resting.cancel()
        return resting is not None

    def _hung_up(self) -> bool:
        connected = self._transport.get_extra_info("socket") if self._transport is not None else None
        return connected is not None and hung_up(connected.fileno())

    def _read_on(self) -> None:
        """Check whether paused reading must still pause."""
        if self._resting is not None:
            self._regulate()

    def eof_received(self) -> bool:
        """Handle the end of the stream: the server has closed; the transport closes, too."""
        self.end(ConnectionLost("the server closed the connection."), wanted=self._is_leaving())
        return False

    def _is_leaving(self) -> bool:
        """Whether the end of the connection is wanted: by the program, or because it logged off."""
        return self.leaving or self.session.leaving

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the loss of the socket."""
        if exc is not None and not self._greeted.done():
            self._greeted.set_exception(exc)
        reason = breakage(exc) if exc else "the connection was closed."
        self.end(ConnectionLost(reason), wanted=self._is_leaving())
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        """Pause writing: the server reads too slowly."""
        self._unblocked = self._unblocked or asyncio.Event()

    def resume_writing(self) -> None:
        """Resume writing: the server reads again, or the connection has ended."""
        unblocked, self._unblocked = self._unblocked, None
        if unblocked is not None:
            unblocked.set()

    @property
    def reason(self) -> ConnectionLost | None:
        """Why it has ended; `None` while it is open."""
        return self._reason

    @property
    def transport(self) -> asyncio.Transport | None:
        """The event loop's transport for the socket."""
        return self._transport

    # The greeting

    def _greet(self, data: bytes) -> None:
        try:
            received = self.session.greet(data)
        except (NotAsterisk, ProtocolError) as error:
            self._greeted.set_exception(error.at(self.target))
            return
        if received is not None:
            self._greeted.set_result(None)
            self._hand_out(received)

    async def greet(self) -> None:
        """Wait for the server's greeting.

        Raises:
            ConnectFailed: It did not arrive, or the peer is something else.
        """
        await self._greeted

    # Requests

    async def exchange(
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
        if self.ended:
            if self.inherited:
                raise WrongContext.inherited()
            raise NotConnected(f"The connection to {self.target} has just ended; nothing was sent.")
        exchange = self.session.prepare(
            request,
            self._loop.time(),
            action_id,
            headers,
            timeout=timeout,
            synchronous=synchronous,
            patience=patience,
        )
        exchange.waiter = self._loop.create_future()
        observers = self._observers()
        self._expect(exchange, headers, observers)
        try:
            if self._unblocked is not None:
                await self._wait_to_write(exchange)
            if self._outgoing is not None:
                self._add(exchange)
            elif self._unblocked is None and not self.ended:
                self._write(exchange)
            if not exchange.settled:
                deadline = exchange.sent + exchange.timeout
                if self._alarm is None or deadline < self._alarm_at:
                    self._set_alarm(deadline)
                self._asleep.add(exchange)
                await exchange.waiter
        finally:
            self._asleep.discard(exchange)
            if not exchange.settled or (observers is not None and observers.any):
                self._stop_waiting(exchange)
        return exchange

    def _expect(self, exchange: Exchange[Any], headers: Mapping[str, Any], observers: Observers | None) -> None:
        try:
            self.session.expect(exchange, headers)
            if exchange.remark or self._log.debug or (observers is not None and observers.any):
                self._tell_of(exchange)
            if self._resting is not None:
                self._regulate()
        except Error:
            raise
        except BaseException:
            self._stop_waiting(exchange)
            raise

    def _tell_of(self, exchange: Exchange[Any]) -> None:
        if exchange.remark:
            self._log.note(exchange.remark)
        if self._log.debug:
            self._log.trace_request(exchange)
        observers = self._observers()
        if observers is not None and observers.any:
            observers.begun(exchange)

    def _stop_waiting(self, exchange: Exchange[Any]) -> None:
        if self.ended and not exchange.settled:  # it was lost between pending and settled
            exchange.error = exchange.fate(self._reason or ConnectionLost("the connection was closed."))
        if not exchange.settled and self.session.give_up(exchange, self._loop.time()) and self._log.debug:
            self._log.trace_end_of_wait(exchange)
        observers = self._observers()
        if observers is not None and observers.any:
            observers.settled(exchange)

    async def _wait_to_write(self, exchange: Exchange[Any]) -> None:
        """Wait until the server accepts more bytes, but no longer than for the answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(exchange.sent + exchange.timeout):
                while self._unblocked is not None:
                    await self._unblocked.wait()

    def _write(self, *exchanges: Exchange[Any]) -> None:
        """Write requests whose senders still wait; if this is interrupted, the connection ends."""
        assert self._transport is not None, "a connection has its transport once it is greeted"
        try:
            octets = _begun(exchanges)
            if not self._secure:
                self._transport.write(octets)
            elif octets:
                self._transport.writelines(records(octets))  # one record each
        except BaseException:
            self._interrupt("writing")
            raise

    def _do(self, step: Callable[[], object]) -> None:
        """Run a scheduled step; if it is interrupted, end the connection, because it will not be scheduled again."""
        try:
            step()
        except BaseException:
            self._interrupt("the event loop")
            raise

    def _interrupt(self, what: str) -> None:
        """End the connection after an interrupt, even if this is interrupted as well."""
        try:
            self.end(ConnectionLost(f"{what} was interrupted."))
        finally:
            if self._transport is not None:
                self._transport.abort()

    def _collect(self) -> None:
        """Collect what tasks send before the loop's next iteration, and write it in one piece."""
        if self._outgoing is None:
            self._outgoing = []
            self._collecting = self._loop.time()
            self._loop.call_soon(self._do, self._write_collected)

    def _add(self, exchange: Exchange[Any]) -> None:
        """Add a request to those that are collected. An interrupted loop may have forgotten to write the others."""
        assert self._outgoing is not None, "the caller has checked"
        self._outgoing.append(exchange)
        if exchange.sent - self._collecting > _TICK:
            self._write_collected()
            self._collect()

    def _write_collected(self) -> None:
        collected, self._outgoing = self._outgoing, None
        if collected and not self.ended:
            self._write(*collected)

    def _set_alarm(self, deadline: float) -> None:
        """Check the pending requests when this one's time is up, or sooner: one timer serves them all."""
        self._stop_alarm()
        self._alarm_at = deadline
        self._alarm = self._loop.call_at(deadline, self._do, self._ring)

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _ring(self) -> None:
        """Wake the tasks whose time is up."""
        self._alarm = None
        now = self._loop.time()
        deadlines: list[float] = []
        for exchange in self.session.waiting():
            if exchange.sent + exchange.timeout > now or self.session.extend(exchange, now):
                deadlines.append(exchange.sent + exchange.timeout)
            else:
                _wake(exchange)
        if deadlines:
            self._set_alarm(max(min(deadlines), now + _TICK))

    async def wait_until_booted(self, timeout: float) -> None:
        """Wait until the server has reported on this connection that it is fully booted.

        Raises:
            StillBooting: It did not do so in time.
            ConnectionLost: The connection ended first.
        """
        told = asyncio.Event()
        try:
            async with asyncio.timeout(timeout):
                while not (self.session.booted or self.ended):
                    self.session.boot_waiters.add(told.set)
                    await told.wait()
        except TimeoutError:
            raise StillBooting(timeout) from None
        finally:
            self.session.boot_waiters.discard(told.set)
        if self._reason is not None and not self.session.booted:
            raise self._reason

    # Delivery

    def _hand_out(self, received: Received) -> None:
        for exchange in received.settled:
            waiter = exchange.waiter
            if not waiter.done():
                waiter.set_result(None)
        if self._log.debug:
            for exchange in received.settled:
                self._log.trace_answer(exchange)
        if len(received.settled) > 1:
            self._collect()
        if not received.deliveries:
            return
        if self._held is None:
            self._overflowed = self.audience.deliver(received.deliveries) or self._overflowed
        else:
            self._overflowed = self._held.put(received.deliveries) or self._overflowed

    def open_up(self, *first: Event, lost: OnLoss) -> None:
        """Deliver the messages held back so far, after ``first``, and from now on messages as they arrive.

        Args:
            first: Events to deliver before them.
            lost: Called when the connection ends, or at once if it has.
        """
        self.audience.explain = self.session.visibility.explain
        if self._held is not None:
            self._overflowed = self.audience.resume(first, self._held) or self._overflowed
            self._held = None
        self._lost = lost
        if self._reason is not None:
            lost(self, self._reason, False)

    def _set_timer(self) -> None:
        """Check again when something is due: the rest of a message, or the rest of an aggregate."""
        self._stop_timer()
        if self.ended:
            return
        if self.session.incomplete:
            self._timer = self._loop.call_later(self._timeout, self._stalled)
        elif (deadline := self.session.deadline()) is not None:
            self._timer = self._loop.call_at(deadline, self._do, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stalled(self) -> None:
        self.end(ProtocolError(f"the rest of a message did not arrive within {self._timeout:g} s."))

    def _expire(self) -> None:
        self._hand_out(self.session.expire(self._loop.time()))
        self._set_timer()

    # The end

    def end(self, reason: ConnectionLost, *, wanted: bool = False) -> None:
        """End the connection, once, and report the reason to everything that waits for it.

        Args:
            reason: Why it ends.
            wanted: Whether the program itself wanted it, so that streams just end.
        """
        if self.ended:
            return
        self.ended = True
        self._reason = reason
        try:
            self._wind_up(reason, self._lost, wanted=wanted)
        except BaseException:
            self._wind_up(reason, quiet, wanted=wanted)
            self.audience.leave(None if wanted else reason)
            raise

    def _wind_up(self, reason: ConnectionLost, lost: OnLoss, *, wanted: bool) -> None:
        """Report the end to everything that waits. May be repeated."""
        self._stop_resting()
        if self._transport is None:
            self._greeted.cancel()
        elif not self._greeted.done():
            self._greeted.set_exception(TurnedAway.by(self.target))
        received = self.session.close(reason)
        if self._transport is not None:
            self._transport.abort()  # closing it would wait for a server that reads nothing
        self.resume_writing()
        self._stop_timer()
        self._stop_alarm()
        if self.monitor is not None and self.monitor is not asyncio.current_task():
            self.monitor.cancel()
        self._hand_out(received)
        for exchange in self._asleep:
            _wake(exchange)
        if self._log.debug:
            self._log.trace("=", str(reason))
        lost(self, reason, wanted)

    def abandon(self) -> None:
        """End an attempt to connect that is no longer wanted."""
        self.leaving = True
        if self._transport is not None:
            self.end(ConnectionLost("the program disconnected."), wanted=True)

    def disown(self) -> None:
        """Release, in a child process, a connection that its parent continues to use.

        The event loop belongs to the parent, too, so it is not notified.
        """
        self.inherited = self.ended = self.leaving = True
        self._lost = quiet
        self._reason = ConnectionLost(str(WrongContext.inherited()))

    def drop(self) -> None:
        """Close the socket without the event loop, which no longer runs."""
        if self.socket is not None:
            with contextlib.suppress(OSError):  # the server was faster
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()

    @property
    def closed(self) -> asyncio.Future[None]:
        """A future that is done when the socket is gone."""
        return self._closed

    def start_monitor(self, interval: float) -> None:
        """Ping in the background, at this interval only; see `ping`."""
        if self.monitor is not None:
            self.monitor.cancel()
        self.monitor = self._loop.create_task(self.ping(interval), name="ami-typed monitor")

    async def ping(self, interval: float) -> None:
        """Ping every ``interval`` seconds until the connection ends. End it if no answer arrives in another interval.

        After a request that keeps the server occupied, the answer may take longer; see `Session.extend`.
        """
        request: Request[Message] = Request("Ping")
        request.timeout = interval
        task = asyncio.current_task()
        while not self.ended:
            await asyncio.sleep(interval)
            try:
                exchange = await self.exchange(request, patience=interval)
            except Error:  # it ended, or too many requests are pending: the next round shows
                continue
            except BaseException as error:
                if is_over(task, error):
                    raise
                self._log.report("Monitoring the connection raised an exception; it continues.", error)
                leave_the_loop(error)
                continue
            if exchange.response is None:
                self.end(ConnectionLost(f"the server did not answer a ping within {interval:g} s."))


def _begun(exchanges: Iterable[Exchange[Any]]) -> bytes:
    """Begin exchanges, and return the bytes of those whose senders still wait."""
    return b"".join([exchange.octets for exchange in exchanges if exchange.begin()])
