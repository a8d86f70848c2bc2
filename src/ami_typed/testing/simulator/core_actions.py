"""Actions of the server itself: logging in and off, selecting events, settings, commands.

Rules of this module:

- A handler answers as main/manager.c does; the texts are those on the wire.
- What is checked for all actions (log-in, privileges, existence) is not checked here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, TypeAlias

from ami_typed.registry import action_class
from ami_typed.testing.simulator.privileges import mask_of, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ami_typed.testing.seam import ReceivedAction
    from ami_typed.testing.simulator.replies import SessionReply
    from ami_typed.testing.simulator.session import Server, Session
    from ami_typed.testing.simulator.users import User

__all__ = ["CORE", "CoreHandler"]

CoreHandler: TypeAlias = "Callable[[Server, Session, ReceivedAction, SessionReply], None]"


def _login(server: Server, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
    if session.user is not None:
        reply.success("Already authenticated")
        return
    user = _authenticated(server, session, action)
    if user is None:
        refuse(server, session, reply, "Authentication failed")
        return
    session.log_in(user)
    mask = mask_of(action.get("Events", ""))
    session.mask = session.mask if mask is None else mask
    server.log(user, f"Manager {user.name!r} logged on from {session.address}")
    reply.success("Authentication accepted")
    server.welcome(session)


def _authenticated(server: Server, session: Session, action: ReceivedAction) -> User | None:
    """Return the user who proves to be who they say, and report the attempt as a security event."""
    name = action.get("Username", "")
    if not name:
        return None
    user = server.users.get(name)
    if user is None:
        server.report("InvalidAccountID", session, name)
    elif not user.admits(session.address):
        server.report("FailedACL", session, name)
    elif action.get("AuthType", "").lower() == "md5":
        return _challenged(server, session, action, user)
    elif hmac.compare_digest(action.get("Secret", "").encode(errors="surrogateescape"), user.secret.encode()):
        server.report("SuccessfulAuth", session, name, UsingPassword="0")
        return user
    else:
        server.report("InvalidPassword", session, name)
    return None


def _challenged(server: Server, session: Session, action: ReceivedAction, user: User) -> User | None:
    key = action.get("Key", "")
    if not key or not session.challenge:
        return None
    expected = hashlib.md5((session.challenge + user.secret).encode(), usedforsecurity=False).hexdigest()
    if hmac.compare_digest(key.encode(errors="surrogateescape"), expected.encode()):
        server.report("SuccessfulAuth", session, user.name, UsingPassword="0")
        return user
    texts = {"Challenge": session.challenge, "Response": key, "ExpectedResponse": expected}
    server.report("ChallengeResponseFailed", session, user.name, **texts)
    return None


def refuse(server: Server, session: Session, reply: SessionReply, message: str) -> None:
    """Refuse a log-in, after the time that Asterisk lets the client wait, and end the session."""

    def end() -> None:
        reply.error(message)
        session.close()

    if server.settings.refusal_delay:
        server.clock.call_later(server.settings.refusal_delay, end)
    else:
        end()


def _challenge(_server: Server, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
    if action.get("AuthType", "").lower() != "md5":
        reply.error("Must specify AuthType")
        return
    session.challenge = session.challenge or str(secrets.randbelow(2**31))
    reply.success(headers=[("Challenge", session.challenge)])


def _logoff(server: Server, session: Session, _action: ReceivedAction, reply: SessionReply) -> None:
    reply.respond("Goodbye", "Thanks for all the fish.")
    if session.user is not None:
        server.log(session.user, f"Manager {session.user.name!r} logged off from {session.address}")
    session.close()


def _ping(server: Server, _session: Session, _action: ReceivedAction, reply: SessionReply) -> None:
    reply.success(headers=[("Ping", "Pong"), ("Timestamp", f"{server.clock.now:.6f}")])


def _events(server: Server, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
    mask = mask_of(action.get("EventMask", ""))
    if mask is not None:
        session.mask = mask
    if server.settings.brokeneventsaction and (mask is None or mask == mask_of("all")):
        reply.nothing()
    elif mask is None:
        reply.error("Invalid event mask")
    else:
        reply.success(headers=[("Events", "On" if mask else "Off")])


def _filter(server: Server, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
    if action.get("Operation", "").lower() != "add":
        reply.error("Unknown operation")
        return
    criteria = action.get("MatchCriteria", "") if server.dialect.filters_by_criteria else None
    trouble = session.filters.add(action.get("Filter", ""), criteria)
    if trouble is None:
        reply.success("Success")
    else:
        reply.error(trouble)


def _list_commands(server: Server, _session: Session, _action: ReceivedAction, reply: SessionReply) -> None:
    allowed = reply.may_write
    names = {name: server.dialect.classes_for(action_class(name)) for name in server.actions()}
    reply.success(
        headers=[
            (name, f"{_purpose(name)} (Priv: {written(classes)})")
            for name, classes in sorted(names.items())
            if not classes or classes & allowed
        ]
    )


def _purpose(name: str) -> str:
    """Return the first sentence of an action's description."""
    return (action_class(name).__doc__ or "").partition(".")[0].replace("\n", " ").strip()


def _core_settings(server: Server, _session: Session, _action: ReceivedAction, reply: SessionReply) -> None:
    from ami_typed import responses

    reply.success(
        headers=server.dialect.body(
            responses.CoreSettings(
                ami_version=server.dialect.ami_version,
                asterisk_version=str(server.dialect.release),
                system_name=server.settings.systemname,
                core_cdr_enabled=True,
                sounds_search_custom_dir=False,
            )
        )
    )


def _core_status(server: Server, _session: Session, _action: ReceivedAction, reply: SessionReply) -> None:
    from ami_typed import responses

    started = time.localtime(server.started)
    day, moment = time.strftime("%Y-%m-%d", started), time.strftime("%H:%M:%S", started)
    reply.success(
        headers=server.dialect.body(
            responses.CoreStatus(
                core_startup_date=day,
                core_startup_time=moment,
                core_reload_date=day,
                core_reload_time=moment,
                core_current_calls=0,
                core_processed_calls=0,
            )
        )
    )


def _module_check(server: Server, _session: Session, action: ReceivedAction, reply: SessionReply) -> None:
    modules = server.settings.modules
    name = action.get("Module", "").removesuffix(".so")
    if modules is not None and name not in {each.removesuffix(".so") for each in modules}:
        reply.error("Module not loaded")
    else:
        reply.success(headers=[("Version", "")])


def _user_event(server: Server, _session: Session, action: ReceivedAction, reply: SessionReply) -> None:
    rows = [row.partition(": ") for row in action.raw if ":" in row]
    rest = [(name, value) for name, _, value in rows if name.lower() not in {"action", "userevent"}]
    reply.success("Event Sent")
    server.emit(("UserEvent", [("UserEvent", action.get("UserEvent", "")), *rest]))


def _wait_event(server: Server, session: Session, action: ReceivedAction, reply: SessionReply) -> None:
    limit = _whole(action.get("Timeout", ""))

    def complete() -> None:
        if session.on_event is not complete:
            return
        session.on_event = None
        reply.events("Waiting for Event completed.", session.drained(), "WaitEventComplete")

    session.on_event = complete
    if limit is not None:
        server.clock.call_later(limit, complete)


def _whole(text: str) -> int | None:
    """Return a time-out, `None` for no limit."""
    digits = text.strip()
    number = int(digits) if digits.removeprefix("-").isdigit() else -1
    return None if number < 0 else number


def _command(server: Server, _session: Session, action: ReceivedAction, reply: SessionReply) -> None:
    command = action.get("Command", "")
    if not command:
        reply.error("No command provided")
    elif (lines := server.command(command)) is None:
        lines = [f"No such command '{command}' (type 'core show help {command}' for other possible commands)"]
        reply.output(lines, success=False)
    else:
        reply.output(lines)


def _reload(_server: Server, _session: Session, _action: ReceivedAction, reply: SessionReply) -> None:
    reply.success("Module Reloaded")


CORE: Mapping[str, CoreHandler] = {
    "challenge": _challenge,
    "command": _command,
    "coresettings": _core_settings,
    "corestatus": _core_status,
    "events": _events,
    "filter": _filter,
    "listcommands": _list_commands,
    "login": _login,
    "logoff": _logoff,
    "modulecheck": _module_check,
    "ping": _ping,
    "reload": _reload,
    "userevent": _user_event,
    "waitevent": _wait_event,
}
"""The handlers of the server's own actions, by name in lower case."""
