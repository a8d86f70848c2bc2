"""One session: what a client may do and receives, from the greeting to the end.

Rules of this module (main/manager.c, session_do and process_message):

- Actions are handled one after another. While one is handled, events wait; they follow its answer.
- An event reaches a session that is logged in, if its user may receive all classes of the event, its mask selects them
  all, and its filters let the event pass.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ami_typed.testing.simulator.filters import Filters
from ami_typed.testing.simulator.inbox import Inbox
from ami_typed.testing.simulator.privileges import EVERY
from ami_typed.testing.simulator.replies import SessionReply

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.testing.clocks import Clock, Timer
    from ami_typed.testing.seam import Emittable, ReceivedAction
    from ami_typed.testing.simulator.dialect import Dialect
    from ami_typed.testing.simulator.faults import Faults, Outlet
    from ami_typed.testing.simulator.settings import Settings
    from ami_typed.testing.simulator.users import User

__all__ = ["SentEvent", "Server", "Session"]


class SentEvent(NamedTuple):
    """An event, ready to be sent.

    Attributes:
        name: Its name.
        octets: Its bytes.
        classes: The classes that its receiver needs.
    """

    name: str
    octets: bytes
    classes: frozenset[str]


class Server(Protocol):
    """What sessions and the server's own actions need from the server.

    Attributes:
        dialect: The spelling of its release.
        clock: Its clock.
        faults: Its faults.
        settings: Its settings.
        users: Its users, by name.
        started: When it started, in seconds since the epoch.
    """

    dialect: Dialect
    clock: Clock
    faults: Faults
    settings: Settings
    users: dict[str, User]
    started: float

    def admit(self, session: Session) -> bool:
        """Return whether a connection is accepted (``authlimit``), and remember it."""
        ...

    def leave(self, session: Session) -> None:
        """Forget a session."""
        ...

    def log(self, user: User | None, sentence: str) -> None:
        """Log a sentence about a connection (``displayconnects``)."""
        ...

    def emit(self, event: Emittable) -> None:
        """Send an event to every session that is to receive it."""
        ...

    def report(self, event: str, session: Session, account: str, **texts: str) -> None:
        """Emit a security event."""
        ...

    def welcome(self, session: Session) -> None:
        """Tell a session that has just logged in whether the server has started."""
        ...

    def actions(self) -> list[str]:
        """Return the names of the actions of this release."""
        ...

    def command(self, command: str) -> list[str] | None:
        """Return the output of a command of the command line, `None` if it is unknown."""
        ...

    def handle(self, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
        """Handle an action."""
        ...


class Session:
    """A client's session.

    Args:
        server: The server.
        outlet: The connection.
        address: The client's address.
        port: The client's port.
        is_secure: Whether the connection is encrypted.

    Attributes:
        user: The user who is logged in, or `None`.
        challenge: The challenge that was given for a log-in by MD5.
        mask: The classes of events that the client has selected.
        filters: Its event filters.
        inbox: What the client has sent.
        logged_in: When the user logged in, in seconds since the epoch; 0 before.
        is_secure: Whether the connection is encrypted.
        on_event: Called when an event that the client wants waits for the end of an action.
        ended: Whether the connection has ended.
    """

    def __init__(self, server: Server, outlet: Outlet, address: str, port: int, *, is_secure: bool) -> None:
        self.server = server
        self.outlet = outlet
        self.address = address
        self.port = port
        self.user: User | None = None
        self.challenge = ""
        self.mask = EVERY
        self.filters = Filters()
        self.inbox = Inbox()
        self.logged_in = 0.0
        self.is_secure = is_secure
        self.ended = False
        self.on_event: Callable[[], None] | None = None
        self._busy = False
        self._waiting: deque[SentEvent] = deque()
        self._authtimeout: Timer | None = None

    @property
    def dialect(self) -> Dialect:
        """The spelling of the release."""
        return self.server.dialect

    def begin(self) -> None:
        """Greet the client, or turn it away."""
        if not self.server.admit(self):
            self.outlet.drop()
            return
        self._authtimeout = self.server.clock.call_later(self.server.settings.authtimeout, self._time_out)
        self.server.faults.send(self.outlet, "greeting", self.server.dialect.greeting)

    def receive(self, octets: bytes) -> None:
        """Receive bytes from the client."""
        self.inbox.receive(octets)
        self._work()

    def log_in(self, user: User) -> None:
        """Let a user in."""
        self.user = user
        self.logged_in = self.server.clock.now
        self.filters = user.filters()
        if self._authtimeout is not None:
            self._authtimeout.cancel()

    def write(self, name: str, octets: bytes) -> None:
        """Send bytes that belong to an action or event."""
        if octets and not self.ended:
            self.server.faults.send(self.outlet, name, octets)

    def answer(self, action: str, octets: bytes) -> None:
        """Send the answer to the action that is being handled, then the events that wait."""
        self.write(action, octets)
        self._busy = False

    def deliver(self, event: SentEvent) -> None:
        """Send an event, if the client is to receive it."""
        if self._busy:
            self._waiting.append(event)
            if self.on_event is not None and self.wants(event):
                self.on_event()
        elif self.wants(event):
            self.write(event.name, event.octets)

    def wants(self, event: SentEvent) -> bool:
        """Return whether the client is to receive an event."""
        if self.user is None or not event.classes <= self.user.may_read or not event.classes <= self.mask:
            return False
        if not self.filters:
            return True
        return self.filters.let_through(event.name, event.octets.decode("utf-8", "surrogateescape"))

    def drained(self) -> bytes:
        """Return the bytes of the events that wait and that the client is to receive, which no longer wait."""
        events = [event.octets for event in self._waiting if self.wants(event)]
        self._waiting.clear()
        return b"".join(events)

    def resume(self) -> None:
        """Continue after an action that was answered later."""
        self._send_waiting()
        self._work()

    def close(self) -> None:
        """End the session by the server's will."""
        self.ended = True
        self.outlet.drop()

    def end(self) -> None:
        """The connection has ended."""
        self.ended = True
        if self._authtimeout is not None:
            self._authtimeout.cancel()
        self.server.leave(self)

    def _time_out(self) -> None:
        if self.user is None:
            self.close()

    def _work(self) -> None:
        while self.inbox.actions and not self._busy and not self.ended:
            action, trouble = self.inbox.actions.popleft()
            reply = SessionReply(self, action)
            self._busy = True
            if trouble is not None:
                reply.error(trouble)
            else:
                self.server.handle(self, action, reply)
            if reply.answered:
                self._send_waiting()
            else:
                reply.later = True

    def _send_waiting(self) -> None:
        while self._waiting and not self._busy:
            event = self._waiting.popleft()
            if self.wants(event):
                self.write(event.name, event.octets)
