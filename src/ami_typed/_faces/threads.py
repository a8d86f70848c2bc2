"""The thread-specific part of `Manager`: create, adopt, lose and replace its connection, and read its streams.

Rules of this module:

- Nothing here keeps a reference to a manager for longer than one step, so that a manager that the program no longer
  references is garbage-collected and closes.
- `tasks` is its counterpart for an event loop; `aio` and `manager` use the two through the same names.
"""

from __future__ import annotations

import time
from _weakref import ref  # importing weakref would add a twentieth to importing `Manager`
from typing import TYPE_CHECKING, TypeVar

from ami_typed._faces.common import Face, Stream, unwanted
from ami_typed._lazy import NamedTuple
from ami_typed._protocol import dialogues
from ami_typed._transport.locks import Awaited, Bell, Latch
from ami_typed.errors import ConnectFailed, ConnectionLost, Error, EventTimeout, WrongContext
from ami_typed.messages import Event
from ami_typed.notices import Disconnected, Reconnected

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed._delivery.log import Log
    from ami_typed._delivery.stream_buffer import Buffer
    from ami_typed._delivery.subscriptions import EventKey, Handlers
    from ami_typed._protocol.dialogues import Conversation
    from ami_typed._transport.sockets import SynchronisedSocket
    from ami_typed._transport.target import Target
    from ami_typed._transport.threads import Audience, Connection
    from ami_typed.backoff import Pauses

__all__ = ["Awaited", "ThreadFace", "ThreadStream"]

T = TypeVar("T")
E_co = TypeVar("E_co", bound=Event, covariant=True)

_DRAIN = 2.0
"""How long `close` waits for running callbacks to finish, in seconds."""


class ThreadStream(Stream[E_co, "Audience"]):
    """The thread-specific part of `EventStream`."""

    def __init__(
        self, handlers: Handlers, keys: tuple[EventKey, ...], buffer: Buffer[E_co], audience: Audience
    ) -> None:
        self._bell = Bell()
        super().__init__(handlers, keys, buffer, audience, self._bell.ring)

    def _next(self, timeout: float | None) -> E_co | None:
        """Wait for the next event and remove it from the buffer; return `None` at the end."""
        return self._taken(self._buffer.take, timeout)

    def _next_batch(self, timeout: float | None) -> list[E_co] | None:
        """Wait for the next event and remove all of them from the buffer; return `None` at the end."""
        return self._taken(self._buffer.take_all, timeout)

    def _taken(self, take: Callable[[], T], timeout: float | None) -> T:
        """Wait for the next event, and take it or several."""
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            taken = self._taken_until(take, deadline, timeout)
        finally:
            if self._buffer.ready:  # another thread may be waiting as well
                self._bell.ring()
        self._audience.throttle.nudge()
        return taken

    def _taken_until(self, take: Callable[[], T], deadline: float | None, timeout: float | None) -> T:
        while True:
            while not self._buffer.ready:
                self._wait(deadline, timeout)
            try:
                return take()
            except LookupError:  # another thread got the event first
                continue

    def _wait(self, deadline: float | None, timeout: float | None) -> None:
        """Wait for another event or the end."""
        self._audience.read_while(lambda: not self._buffer.ready, deadline)
        if self._buffer.ready:
            return
        left = None if deadline is None else deadline - time.monotonic()
        if (left is not None and left <= 0) or not self._bell.wait(left):
            raise EventTimeout(f"No {self.what} arrived within {timeout:g} s.{self.silence()}")


class ThreadFace(Face["Connection", "Audience"]):
    """The thread-specific part of `Manager`."""

    _wanted: Latch | None = None

    def get_connection(self) -> SynchronisedSocket | None:
        """Return the connection's socket, or `None` if not connected."""
        connection = self._connection
        return connection.transport if connection is not None and not connection.ended else None

    def _connect(self, call: int, target: Target) -> Connection:
        from ami_typed._transport.threads import audience_of

        self._leave()
        audience = audience_of(self._handlers, ref(self), self._new_backlog(), self._log)
        connection = None
        try:
            audience.dispatcher.start()
            connection = self._dial(target, audience)
            plan = self._adopted(connection, call)
            self._tally.connected()
            self._log.tell(f"Connected to {target}: {' '.join(connection.session.greeting or ())}.")
            connection.start()
            connection.open_up(lost=Loss(plan, self._log))
        except BaseException:
            if connection is not None:
                self._leave(connection)
                connection.discard()
            audience.leave(None)
            audience.dispatcher.join(_DRAIN)
            raise
        return connection

    def _adopted(self, connection: Connection, call: int) -> Plan:
        """Adopt a new connection, leaving those that other threads have made meanwhile; see `_adopt`."""
        while (plan := self._adopt(connection, call)) is None:
            self._leave()
        return plan

    def _adopt(self, connection: Connection, call: int) -> Plan | None:
        """Adopt a new connection as this manager's. Return the plan for its loss, `None` while there is another one.

        Args:
            connection: The new connection.
            call: The number of the call to `connect` that created it.

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
            return Plan(ref(self), self._wanted, self._reconnect.pauses() if self._reconnect else None)

    def _dial(self, target: Target, audience: Audience) -> Connection:
        """Establish a connection, up to the server's greeting.

        Raises:
            ConnectFailed: The connection could not be established.
            ConnectionLost: The program no longer wants the connection.
        """
        from ami_typed._delivery.audience import quiet
        from ami_typed._transport.reasons import reason_of
        from ami_typed._transport.sockets import open_socket  # none of this is needed before connecting
        from ami_typed._transport.threads import Connection

        deadline = time.monotonic() + target.timeout
        transport = open_socket(target, deadline)
        connection = Connection(transport, self._new_session(), audience, quiet, target, self._log, self._observers)
        self._attempts.add(connection)
        try:
            connection.greet(deadline)
        except BaseException as error:
            transport.release()
            if connection.leaving:
                raise unwanted(target) from error
            if isinstance(error, Error) or not isinstance(error, OSError):
                raise
            raise ConnectFailed(f"The connection to {target} broke before the greeting: {reason_of(error)}.") from error
        finally:
            self._attempts.discard(connection)
        return connection

    def _leave(self, only: Connection | None = None) -> None:
        """Close the connection and end the attempts to replace it; with `only`, only if that is the current one."""
        connection: Connection | None = None
        audience: Audience | None = None
        try:
            with self._lock:
                if only is not None and only.audience is not self._audience:
                    return
                connection, self._connection = self._connection, None
                audience, self._audience = self._audience, None
                if self._wanted is not None:
                    self._wanted.set()
            self._abandon_attempts(audience)
            if connection is not None:
                connection.end(ConnectionLost("the program disconnected."), wanted=True)
        finally:
            if audience is not None:
                audience.leave(None)
        if connection is not None and not connection.is_entered():
            connection.join(_DRAIN)
        if audience is not None and not (connection is not None and connection.is_entered()):
            audience.dispatcher.join(_DRAIN)

    def _abandon_attempts(self, audience: Audience | None) -> None:
        """Abandon the attempts to connect again for an audience."""
        for attempt in tuple(self._attempts):
            if attempt.audience is audience:
                attempt.abandon()

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.abandon()

    def _try_again(self, lost: Connection, plan: Plan, gap: Callable[[], float], attempt: int) -> None:
        """Replace a lost connection: connect, log in as before, and notify callbacks, streams and waiting callers.

        Server and credentials are those of the lost connection, since the program may be connecting to another server.
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
                self._log.note(f"Could not restore a setting after reconnecting: {refused}")
            with self._lock:
                self._check_wanted(audience)
                self._connection = self._ready = connection
            self._tally.connected(missed := gap())
            self._log.tell(f"Reconnected to {target} after {missed:.3f} s, at attempt {attempt}.")
            self._warn(self._handlers.subscribed())
            notice = Reconnected.after(missed, attempt, resumed.refused)
            connection.open_up(notice, lost=Loss(plan, self._log))
        except BaseException:
            connection.end(ConnectionLost("the connection was abandoned."), wanted=True)
            connection.discard()
            raise
        finally:
            self._attempts.discard(connection)
        self._notify_waiting()
        if connection.monitored is not None:
            connection.start_monitor(connection.monitored)

    def _disown(self) -> None:
        if self._wanted is not None:
            self._wanted.set()
        waiting = tuple(self._waiting)
        super()._disown()
        for awaited in waiting:
            awaited.error = WrongContext.inherited()
            awaited.ring()

    if TYPE_CHECKING:  # defined by `Manager`, as `AsyncManager`, its source, defines it

        def _converse(self, conversation: Conversation[T], connection: Connection) -> T: ...


class Plan(NamedTuple):
    """The plan for reconnecting after a loss, valid until the program disconnects or connects elsewhere.

    Attributes:
        manager: The manager of the connection.
        wanted: Set once the program has disconnected or connected elsewhere.
        pauses: The pauses between attempts to reconnect, `None` to not reconnect.
    """

    manager: ref[ThreadFace]
    wanted: Latch
    pauses: Pauses | None


class Loss:
    """The callback for the end of a connection: pass the reason to the audience, or start to reconnect.

    Args:
        plan: The plan for reconnecting.
        log: The log to report to.
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
        lost = reason.at(connection.target)
        self._log.note(str(lost))
        audience.deliver([Disconnected.because(reason)])
        if self._plan.pauses is None:
            audience.leave(lost)
            return
        from ami_typed._transport.sockets import new_thread

        new_thread("reconnect", _resume, self._plan, self._plan.pauses, connection, lost, self._log).start()


def _resume(plan: Plan, pauses: Pauses, lost: Connection, reason: ConnectionLost, log: Log) -> None:
    """Reconnect after a loss; if that ends without a connection, report the reason to streams and waiting callers."""
    try:
        why = _keep_resuming(plan, pauses, lost, log)
    except BaseException as error:  # noqa: BLE001 - it would otherwise go unreported
        log.report("An exception ended the attempts to reconnect.", error)
        _give_up(plan, lost, ConnectionLost(f"{reason} Reconnecting failed with {type(error).__name__}."), error)
    else:
        if why is not None:
            _give_up(plan, lost, ConnectionLost(f"{reason} {why}") if why else reason)


def _keep_resuming(plan: Plan, pauses: Pauses, lost: Connection, log: Log) -> str | None:
    """Try to reconnect after a loss until it succeeds, no attempts are left, or the program no longer wants it.

    Returns:
        The sentence to append to the reason for the loss, possibly empty; `None` if there is nothing to report.
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
            log.note(f"Reconnect attempt {attempt} failed ({type(error).__name__}): {error}")
        else:
            return None
        del manager  # allow the manager to be garbage-collected during a pause
    log.note(f"Giving up on {lost.target}: Reconnect allows no more attempts.")
    return ""


def _give_up(plan: Plan, lost: Connection, reason: ConnectionLost, cause: BaseException | None = None) -> None:
    """Report to streams and waiting callers that a lost connection is not re-established."""
    reason.__cause__ = reason.__cause__ or cause
    manager = plan.manager()
    if manager is not None and not plan.wanted.is_set():
        manager._given_up = lost
        manager._notify_waiting(reason)
    lost.audience.leave(reason)
