"""The server behind the connections: its users, its sessions, and who answers which action.

Rules of this module:

- Everything here happens on the event loop.
- An action is answered by what the test has given for it, else as in the recording that is replayed, else by the
  telephony, else by the server itself, else by default. Before, it is checked as in Asterisk (main/manager.c,
  process_message): log-in, existence, privileges.
- An exception of a handler is kept for the end of the test; the client receives an error.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ami_typed import catalogue
from ami_typed.messages import KEY_ACTION, KEY_EVENT, Event, Message
from ami_typed.registry import action_class
from ami_typed.testing.simulator.answers import by_default, give
from ami_typed.testing.simulator.core_actions import CORE, refuse
from ami_typed.testing.simulator.dialect import encoded
from ami_typed.testing.simulator.privileges import of_event
from ami_typed.testing.simulator.security import reported
from ami_typed.testing.simulator.session import SentEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ami_typed.testing.clocks import Clock
    from ami_typed.testing.seam import Emittable, Handler, ReceivedAction
    from ami_typed.testing.simulator.dialect import Dialect
    from ami_typed.testing.simulator.faults import Faults
    from ami_typed.testing.simulator.received import Recorder
    from ami_typed.testing.simulator.replaying import Replayed
    from ami_typed.testing.simulator.replies import SessionReply
    from ami_typed.testing.simulator.session import Session
    from ami_typed.testing.simulator.settings import Settings
    from ami_typed.testing.simulator.users import User

__all__ = ["Desk"]

_KNOWN = frozenset(name.lower() for name in catalogue.ACTIONS)
_BEFORE_LOGIN = {"login", "logoff", "challenge"}
_MOST_KEPT = 256
"""How many events are kept in the form in which they are sent, for tests that send the same one often."""
_LOG = logging.getLogger("ami_typed.testing")


class Desk:
    """The server of one simulator.

    Args:
        dialect: The spelling of its release.
        clock: Its clock.
        settings: Its settings.
        users: Its users.
        recorder: Records what clients send.
    """

    faults: Faults

    def __init__(
        self, dialect: Dialect, clock: Clock, settings: Settings, users: Iterable[User], recorder: Recorder
    ) -> None:
        self.dialect = dialect
        self.clock = clock
        self.settings = settings
        self.users = {user.name: user for user in users}
        self.recorder = recorder
        self.sessions: dict[Session, None] = {}
        self.local = ("127.0.0.1", 0)
        self.started = clock.now
        self.is_booted = True
        self.telephony: Mapping[str, Handler] = {}
        self.given: dict[str, Any] = {}
        self.handled: dict[str, Handler] = {}
        self.commands: dict[str, list[str]] = {}
        self.replayed: Replayed | None = None
        self.failure: BaseException | None = None
        self.after_login: list[Callable[[], object]] = []
        self.observers: list[Callable[[ReceivedAction], object]] = []
        self._disabled = frozenset(settings.disabledevents)
        self._sent: dict[object, SentEvent] = {}
        self._always = self._headers_of_every_event()

    # Sessions

    def admit(self, session: Session) -> bool:
        """Return whether a connection is accepted (``authlimit``), and remember it."""
        if sum(each.user is None for each in self.sessions) >= self.settings.authlimit:
            return False
        self.sessions[session] = None
        return True

    def leave(self, session: Session) -> None:
        """Forget a session."""
        self.sessions.pop(session, None)

    def log(self, user: User | None, sentence: str) -> None:
        """Log a sentence about a connection (``displayconnects``)."""
        if self.settings.displayconnects and (user is None or user.displayconnects):
            _LOG.info("%s.", sentence)

    # Events

    def prepare(self, event: Emittable) -> SentEvent:
        """Return an event as it is sent.

        Raises:
            ValueError: A header contains a CR or LF.
        """
        if not isinstance(event, Event) or self.settings.timestampevents:
            return self._prepared(event)
        key = type(event), bytes(event), tuple(event.items())  # with the changes that the test has made to it
        found = self._sent.get(key)
        if found is None:
            if len(self._sent) == _MOST_KEPT:
                self._sent.clear()
            found = self._sent[key] = self._prepared(event)
        return found

    def _prepared(self, event: Emittable) -> SentEvent:
        name, *rest = self.dialect.event(event)
        privilege = rest[:1] if rest and rest[0][0] == "Privilege" else []
        lines = [name, *privilege, *self._stamp(), *rest[len(privilege) :]]
        classes = of_event(privilege[0][1]) if privilege else frozenset[str]()
        return SentEvent(name[1], encoded(lines), classes)

    def deliver(self, event: SentEvent) -> None:
        """Send an event to every session that is to receive it."""
        if event.name not in self._disabled:
            for session in self.sessions:
                session.deliver(event)

    def send_recorded(self, octets: bytes) -> None:
        """Send a recorded event to every session that is to receive it."""
        message = Message.of(octets.removesuffix(b"\r\n\r\n"))
        self.deliver(SentEvent(message.get(KEY_EVENT, ""), octets, of_event(message.get("Privilege", ""))))

    def emit(self, event: Emittable) -> None:
        """Send an event to every session that is to receive it."""
        self.deliver(self.prepare(event))

    def welcome(self, session: Session) -> None:
        """Tell a session that has just logged in whether the server has started."""
        if self.is_booted and session.user is not None and "system" in session.mask & session.user.may_read:
            session.write("FullyBooted", encoded(self.dialect.event(("FullyBooted", self._booted()))))
        waiting, self.after_login = self.after_login, []
        for each in waiting:
            each()

    def boot(self) -> None:
        """Finish starting."""
        self.is_booted = True
        self.emit(("FullyBooted", self._booted()))

    def report(self, event: str, session: Session, account: str, **texts: str) -> None:
        """Emit a security event."""
        self.emit((event, reported(event, session, account, self.clock.now, self.local, **texts)))

    def _booted(self) -> list[tuple[str, str]]:
        """Return the headers of FullyBooted; without the times, which Asterisk 13 does not send."""
        uptime = str(int(self.clock.now - self.started))
        times = [("Uptime", uptime), ("LastReload", uptime)]
        return self.dialect.sent_in("FullyBooted", [*times, ("Status", "Fully Booted")])

    def _headers_of_every_event(self) -> list[tuple[str, str]]:
        return [("SystemName", self.settings.systemname)] if self.settings.systemname else []

    def _stamp(self) -> list[tuple[str, str]]:
        if not self.settings.timestampevents:
            return self._always
        return [("Timestamp", f"{self.clock.now:.6f}"), *self._always]

    # Actions

    def actions(self) -> list[str]:
        """Return the names of the actions of this release."""
        return [name for name in catalogue.ACTIONS if self._exists(name.lower())]

    def command(self, command: str) -> list[str] | None:
        """Return the output of a command of the command line, `None` if it is unknown."""
        words = " ".join(command.split())
        if words in self.commands:
            return self.commands[words]
        uptime = timedelta(seconds=int(self.clock.now - self.started))
        known = {
            "core show version": [f"Asterisk {self.dialect.release} simulated by ami-typed"],
            "core show uptime": [f"System uptime: {uptime}", f"Last reload: {uptime}"],
        }
        return known.get(words)

    def handle(self, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
        """Handle an action."""
        action.user = reply.user
        action.time = self.clock.now
        self.recorder.add(action)
        for observer in self.observers:
            observer(action)
        try:
            self._handle(session, action, reply)
        except Exception as error:  # noqa: BLE001 - raised again at the end of the test
            self.fail(error)
            if not reply.answered:
                reply.error(f"The simulator's handler of {action.action} failed: {type(error).__name__}")

    def fail(self, error: Exception) -> None:
        """Keep an exception for the end of the test."""
        _LOG.error("A handler of the simulator failed.", exc_info=error)
        self.failure = self.failure or error

    def _handle(self, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
        name = next((value for value in action.all(KEY_ACTION) if value), "")
        key = name.lower()
        if not name:
            self.report("RequestBadFormat", session, reply.user, RequestType="Action: NONE")
            reply.error("Missing action in request")
        elif session.user is None and key not in _BEFORE_LOGIN:
            self._deny(session, name, reply)
        elif session.user is None and self._is_in_use(action):
            self.report("SessionLimit", session, "")
            refuse(self, session, reply, "Login Already In Use")
        elif not self._exists(key):
            self.report("RequestBadFormat", session, reply.user, RequestType=f"Action: {name}")
            reply.error(f"Invalid/unknown command: {name}. Use Action: ListCommands to show available commands.")
        elif not self._may(key, reply):
            self._deny(session, name, reply)
        else:
            self._dispatch(key, session, action, reply)

    def _exists(self, key: str) -> bool:
        if key in _KNOWN:
            return self.dialect.release in action_class(key).releases
        return key in self.given or key in self.handled or key in self.telephony

    def _may(self, key: str, reply: SessionReply) -> bool:
        classes = self.dialect.classes_for(action_class(key))
        return not classes or bool(classes & reply.may_write)

    def _deny(self, session: Session, name: str, reply: SessionReply) -> None:
        self.report("RequestNotAllowed", session, reply.user, RequestType=f"Action: {name}")
        reply.error("Permission denied")

    def _is_in_use(self, action: ReceivedAction) -> bool:
        user = self.users.get(action.get("Username", ""))
        if user is None or user.allowmultiplelogin or action.action.lower() == "logoff":
            return False
        return any(each.user is user for each in self.sessions)

    def _dispatch(self, key: str, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
        if key in self.given:
            give(self.given[key], action, reply, action_class(key), self.dialect)
        elif key in self.handled:
            self.handled[key](action, reply)
        elif self.replayed is not None and self.replayed.knows(key):
            reply.raw(self.replayed.answer(action))
        elif key in self.telephony:
            self.telephony[key](action, reply)
        elif key in CORE:
            CORE[key](self, session, action, reply)
        else:
            by_default(action_class(key), self.dialect)(action, reply)
