"""The asyncio-specific part of `AsyncManager`: create, adopt, lose and replace its connection, and read its streams.

Rules of this module:

- Everything happens on one event loop, the one that `connect` is awaited on; no task outlives its manager.
- `threads` is its counterpart; `aio` and `manager` use the two through the same names.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from ami_typed._faces.common import Face, Stream, unwanted
from ami_typed._protocol import dialogues
from ami_typed._transport.reasons import reason_of
from ami_typed._transport.sockets import Tries, keep_alive
from ami_typed._transport.target import failure_of, no_tls
from ami_typed._transport.tasks import Audience, Awaited, Connection, audience_of, is_over, leave_the_loop
from ami_typed.errors import ConnectionLost, Error, EventTimeout, NotAsterisk, WrongContext
from ami_typed.messages import Event
from ami_typed.notices import Disconnected, Reconnected

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed._delivery.log import Log
    from ami_typed._delivery.stream_buffer import Buffer
    from ami_typed._delivery.subscriptions import EventKey, Handlers
    from ami_typed._protocol.dialogues import Conversation
    from ami_typed._transport.target import Target
    from ami_typed.backoff import Pauses

__all__ = ["Awaited", "TaskFace", "TaskStream"]

T = TypeVar("T")
E_co = TypeVar("E_co", bound=Event, covariant=True)

_DRAIN = 2.0
"""How long `close` waits for running callbacks to finish, in seconds."""


class TaskStream(Stream[E_co, Audience]):
    """The asyncio-specific part of `AsyncEventStream`."""

    def __init__(
        self, handlers: Handlers, keys: tuple[EventKey, ...], buffer: Buffer[E_co], audience: Audience
    ) -> None:
        if _running_loop() not in {None, audience.dispatcher.loop}:
            raise _foreign_loop()
        self._changed = asyncio.Event()
        super().__init__(handlers, keys, buffer, audience, self._changed.set)

    async def _next(self, timeout: float | None) -> E_co | None:
        """Wait for the next event and remove it from the buffer; return `None` at the end."""
        await self._wait(timeout)
        event = self._buffer.take()
        self._audience.throttle.nudge()
        return event

    async def _next_batch(self, timeout: float | None) -> list[E_co] | None:
        """Wait for the next event and remove all of them from the buffer; return `None` at the end."""
        await self._wait(timeout)
        batch = self._buffer.take_all()
        self._audience.throttle.nudge()
        return batch

    async def _wait(self, timeout: float | None) -> None:
        """Wait for another event or the end."""
        if self._audience.dispatcher.loop is not asyncio.get_running_loop() and not self._audience.inherited:
            raise _foreign_loop()
        try:
            async with asyncio.timeout(timeout):
                while not self._buffer.ready:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise EventTimeout(f"No {self.what} arrived within {timeout:g} s.{self.silence()}") from None


class TaskFace(Face[Connection, Audience]):
    """The asyncio-specific part of `AsyncManager`."""

    _resuming: asyncio.Task[None] | None = None

    def get_connection(self) -> asyncio.BaseTransport | None:
        """Return the connection's transport, or `None` if not connected."""
        connection = self._connection
        return connection.transport if connection is not None and not connection.ended else None

    def _connected(self) -> Connection:
        connection = self._connection
        if connection is None or connection.ended:
            raise self._not_connected()
        if connection.loop is not _running_loop():
            raise _foreign_loop()
        return connection

    async def _connect(self, call: int, target: Target) -> Connection:
        await self._leave()
        audience = audience_of(self._handlers, weakref.ref(self), self._new_backlog(), self._log)
        connection = None
        try:
            connection = await self._dial(target, audience)
            while not self._adopt(connection, call):  # another task has connected meanwhile
                await self._leave()
        except BaseException:
            audience.leave(None)
            if connection is not None:
                connection.end(ConnectionLost("the connection was abandoned."), wanted=True)
            raise
        self._tally.connected()
        self._log.tell(f"Connected to {target}: {' '.join(connection.session.greeting or ())}.")
        connection.open_up(lost=Loss(weakref.ref(self), self._log))
        return connection

    def _adopt(self, connection: Connection, call: int) -> bool:
        """Adopt a new connection as this manager's. Return `False` if another one has to be closed first.

        Args:
            connection: The new connection.
            call: The number of the call to `connect` that created it.

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
        """Establish a connection, up to the server's greeting.

        Raises:
            ConnectFailed: The connection could not be established.
            ConnectionLost: The program no longer wants the connection.
        """
        connection = Connection(self._new_session(), audience, target, self._log, self._observers)
        self._attempts.add(connection)
        try:
            await _establish(connection)
        except BaseException as error:
            connection.end(ConnectionLost("the connection could not be established."), wanted=True)
            if connection.leaving and isinstance(error, Exception):
                raise unwanted(target) from error
            raise
        finally:
            self._attempts.discard(connection)
        return connection

    async def _leave(self, only: Connection | None = None) -> None:
        """Close the connection and end the attempts to replace it; with `only`, only if that is the current one."""
        if only is not None and only.audience is not self._audience:
            return
        connection, self._connection = self._connection, None
        audience, self._audience = self._audience, None
        resuming, self._resuming = self._resuming, None
        if audience is None:
            return
        if audience.dispatcher.loop is asyncio.get_running_loop():
            await _finish(_end(connection, audience, resuming))
        elif audience.dispatcher.loop.is_running():

            async def end() -> None:
                await _finish(_end(connection, audience, resuming))

            ending = asyncio.run_coroutine_threadsafe(end(), audience.dispatcher.loop)
            await asyncio.wait([asyncio.wrap_future(ending)], timeout=3 * _DRAIN)
        else:
            if audience.dispatcher.loop.is_closed():
                _bury(connection, audience)
            else:
                _end(connection, audience, resuming)
            if connection is not None:
                connection.drop()

    def __del__(self) -> None:
        audience = getattr(self, "_audience", None)
        if audience is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed, so nothing runs there any more
                audience.dispatcher.loop.call_soon_threadsafe(_forget, self._connection, audience, self._resuming)

    async def _try_again(self, lost: Connection, gap: Callable[[], float], attempt: int) -> None:
        """Replace a lost connection: connect, log in as before, and notify callbacks, streams and waiting callers.

        Server and credentials are those of the lost connection, since the program may be connecting to another server.
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
            connection.end(ConnectionLost("the connection was abandoned."), wanted=True)
            raise
        connection.session.release, connection.session.lasting = resumed.release, lost.session.lasting
        for refused in resumed.refused:
            self._log.note(f"Could not restore a setting after reconnecting: {refused}")
        self._connection = self._ready = connection
        self._tally.connected(missed := gap())
        self._log.tell(f"Reconnected to {target} after {missed:.3f} s, at attempt {attempt}.")
        self._warn(self._handlers.subscribed())
        notice = Reconnected.after(missed, attempt, resumed.refused)
        connection.open_up(notice, lost=Loss(weakref.ref(self), self._log))
        self._notify_waiting()
        if lost.monitored is not None and not connection.ended:
            self.monitor_connection(lost.monitored)

    def _disown(self) -> None:
        super()._disown()  # the event loop belongs to the parent too, so no waiter can be woken
        self._resuming = None

    if TYPE_CHECKING:  # defined by `AsyncManager`

        async def _converse(self, conversation: Conversation[T], connection: Connection) -> T: ...


def _foreign_loop() -> WrongContext:
    return WrongContext(
        "This AsyncManager is connected on another event loop, so nothing was sent. Use it there, or call connect() "
        "here, which first closes that connection."
    )


_running_loop = asyncio._get_running_loop  # in C, and documented for code that must return `None` without a loop


async def _establish(connection: Connection) -> None:
    """Connect, perform the TLS handshake and wait for the greeting, all within one time-out.

    Raises:
        ConnectFailed: The connection could not be established; the message states the reason.
    """
    target = connection.target
    deadline = connection.loop.time() + target.timeout
    trouble = f"No connection to {target}"
    context, connected, greeting = None, None, False
    try:
        context = target.context()
        connected = connection.socket = await _open(target)
        async with asyncio.timeout_at(deadline):
            await connection.loop.create_connection(
                lambda: connection, sock=connected, ssl=context, server_hostname=target.host if context else None
            )
            if connection.leaving:
                raise unwanted(target)
            trouble, greeting = f"The connection to {target} broke before the greeting", True
            await connection.greet()
    except (OSError, UnicodeError, OverflowError) as error:
        if isinstance(error, Error):
            raise
        if greeting and isinstance(error, TimeoutError):
            raise NotAsterisk.silent(target.timeout, target) from None
        if context and connected and not greeting and isinstance(error, OSError):
            raise no_tls(target, error) from error
        reason = reason_of(error) or f"no answer within {target.timeout:g} s"
        raise failure_of(f"{trouble}: {reason}.", error) from error


async def _resolve(target: Target) -> list[Any]:
    """Return the addresses of a host; if it is already an address, no thread is needed for name resolution."""
    try:
        return socket.getaddrinfo(
            target.host, target.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        )
    except (OSError, UnicodeError):
        async with asyncio.timeout(target.timeout):
            return await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)


async def _open(target: Target) -> socket.socket:
    """Connect to the first address of a host that accepts the connection."""
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
    """The callback for the end of a connection: pass the reason to the audience, or start to reconnect.

    Args:
        manager: The manager of the connection.
        log: The log to report to.
    """

    def __init__(self, manager: weakref.ref[TaskFace], log: Log) -> None:
        self._manager = manager
        self._log = log

    def __call__(self, connection: Connection, reason: ConnectionLost, wanted: bool) -> None:
        audience, manager = connection.audience, self._manager()
        if wanted:
            self._log.tell(f"Disconnected from {connection.target}: {reason}")
            audience.leave(None)
            return
        lost = reason.at(connection.target)
        self._log.note(str(lost))
        audience.deliver([Disconnected.because(reason)])
        pauses, loop = connection.pauses, connection.loop
        if pauses is None or manager is None or audience is not manager._audience or not loop.is_running():
            audience.leave(lost)
        else:
            resuming = _resume(self._manager, pauses, connection, lost, self._log)
            manager._resuming = loop.create_task(resuming, name="ami-typed reconnect")


async def _resume(
    owner: weakref.ref[TaskFace], pauses: Pauses, lost: Connection, reason: ConnectionLost, log: Log
) -> None:
    """Reconnect after a loss; if that ends without a connection, report the reason to streams and waiting callers."""
    task = asyncio.current_task()
    try:
        why = await _keep_resuming(owner, pauses, lost, log)
    except BaseException as error:
        over = is_over(task, error)
        if over and isinstance(error, GeneratorExit):  # its event loop is closed
            raise
        _give_up(owner, lost, ConnectionLost(f"{reason} Reconnecting failed with {type(error).__name__}."), error)
        if over:
            raise
        log.report("An exception ended the attempts to reconnect.", error)
        leave_the_loop(error)
    else:
        if why is not None:
            _give_up(owner, lost, ConnectionLost(f"{reason} {why}") if why else reason)


async def _keep_resuming(owner: weakref.ref[TaskFace], pauses: Pauses, lost: Connection, log: Log) -> str | None:
    """Try to reconnect after a loss until it succeeds, no attempts are left, or the program no longer wants it.

    Returns:
        The sentence to append to the reason for the loss, possibly empty; `None` if there is nothing to report.
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
            log.note(f"Reconnect attempt {attempt} failed ({type(error).__name__}): {error}")
        else:
            return None
        del manager  # allow the manager to be garbage-collected during a pause
    log.note(f"Giving up on {lost.target}: Reconnect allows no more attempts.")
    return ""


def _give_up(
    owner: weakref.ref[TaskFace],
    lost: Connection,
    reason: ConnectionLost,
    cause: BaseException | None = None,
) -> None:
    """Report to streams and waiting callers that a lost connection is not re-established."""
    reason.__cause__ = reason.__cause__ or cause
    manager = owner()
    if manager is not None and manager._audience is lost.audience:
        manager._given_up = lost
        manager._notify_waiting(reason)
    lost.audience.leave(reason)


def _end(
    connection: Connection | None, audience: Audience, resuming: asyncio.Task[None] | None
) -> set[asyncio.Future[None]]:
    """End a connection and its tasks; return the futures to wait for."""
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
    """Clean up after a manager that was garbage-collected; if its connection was lost, streams raise the reason."""
    if connection is not None and connection.reason is not None:
        audience.leave(connection.reason)
    _end(connection, audience, resuming)


def _bury(connection: Connection | None, audience: Audience) -> None:
    """End a connection of a closed event loop: its tasks are gone, and waking them raises."""
    if connection is not None:
        with contextlib.suppress(RuntimeError):
            connection.end(ConnectionLost("the program disconnected."), wanted=True)
    with contextlib.suppress(RuntimeError):
        audience.leave(None)


async def _finish(waited: set[asyncio.Future[None]]) -> None:
    """Briefly wait for the futures to finish; cancel those that do not."""
    if not waited:
        return
    try:
        _, late = await asyncio.wait(waited, timeout=_DRAIN)
    finally:
        for each in waited:
            each.cancel()
    if late:
        await asyncio.wait(late, timeout=_DRAIN)
