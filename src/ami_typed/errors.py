"""Exceptions: the cause of a failure, and what is known about a request in flight.

Rules of this module:

- `ManagerError` means a mistake of this program or an error from the server, `ManagerSocketError` a failed connection.
- An error message states what was wrong, where, and what to do; it never contains a secret.
- A request whose connection is lost fails with either `RequestNotSent` or `OutcomeUnknown`.
- `Unavailable` means that the action was not carried out, `MayHaveHappened` that it may have been; no exception is
  both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from ami_typed.messages import Aggregate, Message, Request

__all__ = [
    "ActionFailed",
    "ActionTimeout",
    "AddressError",
    "AlreadyLoggedIn",
    "AuthenticationFailed",
    "ChangesDropped",
    "ConnectFailed",
    "ConnectionLost",
    "Error",
    "EventTimeout",
    "EventsDropped",
    "FieldError",
    "HeaderRefused",
    "ListTooLong",
    "LoginFailed",
    "ManagerError",
    "ManagerSocketError",
    "MayHaveHappened",
    "NotAsterisk",
    "NotConnected",
    "NotInRelease",
    "OutcomeTimeout",
    "OutcomeUnknown",
    "Overflowed",
    "ProtocolError",
    "RequestNotSent",
    "StillBooting",
    "TooManyPending",
    "TurnedAway",
    "Unavailable",
    "UnclearAnswer",
    "WrongContext",
]


class Error(Exception):
    """The base class of every exception that ami-typed raises deliberately."""


class Unavailable(Error):
    """The server could not be reached or the request not sent: nothing was carried out, and it is safe to retry.

    The base class of `ConnectFailed`, `NotConnected`, `RequestNotSent`, `TooManyPending` and `StillBooting`.
    """


class MayHaveHappened(Error):
    """A request was sent and its outcome is unknown: a retry may carry it out twice.

    The base class of `ActionTimeout`, `OutcomeUnknown`, `OutcomeTimeout` and `UnclearAnswer`.
    """


class ManagerError(Error):
    """This program made an invalid or impossible request, or the server refused the request."""


class NotConnected(ManagerError, Unavailable):
    """The manager has no connection, so the action was not sent; the message says whether it is connecting."""


class WrongContext(ManagerError, RuntimeError):
    """The manager was used in a context that does not allow it; nothing was sent.

    An `AsyncManager` belongs to the event loop on which it was connected. A signal handler cannot send while the thread
    that it interrupted is processing data from the server. A connection belongs to the process that opened it, not to
    processes forked from it.
    """

    @classmethod
    def inherited(cls) -> WrongContext:
        """Return the exception for a child process that uses its parent's connection."""
        return cls(
            "This process was forked after the manager connected. The connection belongs to the parent process, so "
            "nothing was sent. Call connect() here, or create a manager in each child: in gunicorn's post_fork, in "
            "Celery's worker_process_init, or in the function that multiprocessing runs."
        )


class AddressError(ManagerError, ValueError):
    """A URL or the environment does not specify the server or the user."""


class HeaderRefused(ManagerError, ValueError):
    """A header of a request would have corrupted the message; nothing was sent.

    A CR or LF in a key or a value starts another message on the wire: the source of the value could inject an action.
    """


class TooManyPending(ManagerError, Unavailable):
    """More requests would be pending than `Limits.pending` allows; nothing was sent."""


class ListTooLong(ManagerError):
    """The list that answers a request exceeds `Limits.items` or `Limits.gathered`.

    The connection stays open. The rest of the list is ignored.

    Attributes:
        request: The request; its `repr` masks secrets.
        action_id: The ActionID with which it was sent.
        events: The part of the list received before the limit; it is not valid.
    """

    def __init__(self, request: Request[Any], action_id: str, limit: str, events: Aggregate) -> None:
        self.request = request
        self.action_id = action_id
        self.limit = limit
        self.events = events
        super().__init__(
            f"The list that answers {request.action} (ActionID {action_id}) exceeds {limit}; the rest of it is "
            "ignored. Request a smaller list, or raise the limit."
        )

    def __reduce__(self) -> tuple[type[ListTooLong], tuple[Request[Any], str, str, Aggregate]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.request, self.action_id, self.limit, self.events)


class NotInRelease(ManagerError):
    """The server's release of Asterisk does not support what the request uses; nothing was sent."""


class FieldError(ManagerError, ValueError):
    """A header is missing, or its text is not of the type that its attribute declares.

    Attributes:
        message: The event or answer.
        header: The header's name on the wire.
        text: The header's raw text, `None` if the header is missing.
    """

    def __init__(self, message: Message, header: str, text: str | None, reason: str) -> None:
        self.message = message
        self.header = header
        self.text = text
        self.reason = reason
        name = type(message).__name__
        if text is None:
            sentence = f"{name} has no header {header}."
        elif message._hides(header, text):
            sentence = f"{name}: cannot decode {header}; its text is not shown because it may contain a secret."
        else:
            what = f"{header} {shortened(text, repr)}" if header else "its headers"
            sentence = f"{name}: cannot decode {what}: {shortened(reason)}."
        super().__init__(sentence)

    def __reduce__(self) -> tuple[type[FieldError], tuple[Message, str, str | None, str]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.message, self.header, self.text, self.reason)


_LONGEST = 100
"""How much of a received text an error message shows, in characters."""


def shortened(text: str, show: Callable[[str], str] = str) -> str:
    """Return a text for an error message: only its beginning if it is long."""
    return show(text) if len(text) <= _LONGEST else f"{show(text[:_LONGEST])}..."


class ActionFailed(ManagerError):
    """The server answered an action with an error.

    Attributes:
        message: The server's error message: the text of the answer or its `Message` header.
        response: The complete answer.
        request: The request; its `repr` masks secrets.
        privileges: The privileges, any of which allows a user to send the action; empty if every user may send it or
            if they are unknown.
    """

    def __init__(self, request: Request[Any], response: Message, privileges: tuple[str, ...] | None = None) -> None:
        self.request = request
        self.response = response
        self.privileges = request.privileges if privileges is None else privileges
        words = " ".join(filter(None, map(str.strip, response.data)))  # a command's output takes precedence
        self.message = words or response.get("Message") or response.get("Response") or "no reason given"
        super().__init__(f"Asterisk refused {request.action}: {self.message}{self._advice()}")

    def _advice(self) -> str:
        """Return advice on a missing privilege, which Asterisk does not name (main/manager.c, process_message)."""
        if self.message != "Permission denied":
            return ""
        if not self.privileges:
            return ". The user lacks the action's privilege (`write` in manager.conf), or has not logged in."
        needed = ", ".join(self.privileges)
        return f". The user must have logged in, with the privilege {needed} or all (`write` in manager.conf)."

    def __reduce__(self) -> tuple[type[ActionFailed], tuple[Request[Any], Message, tuple[str, ...]]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.request, self.response, self.privileges)


class UnclearAnswer(ManagerError, MayHaveHappened):
    """The answer does not begin with ``Response``: part of it is lost, and the outcome of the request is unknown.

    The server may have carried out the action.

    Attributes:
        response: The answer as received.
        request: The request; its `repr` masks secrets.
    """

    def __init__(self, request: Request[Any], response: Message) -> None:
        self.request = request
        self.response = response
        name, _, value = (response.raw or [""])[0].partition(":")
        first = name if response._hides(name, value.strip()) else f"{name}:{value}"[:80]
        super().__init__(
            f"The outcome of {request.action} is unknown: its answer begins with {first!r} instead of Response."
        )

    def __reduce__(self) -> tuple[type[UnclearAnswer], tuple[Request[Any], Message]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.request, self.response)


class LoginFailed(ActionFailed):
    """The server refused the log-in."""

    @classmethod
    def of(cls, request: Request[Any], response: Message) -> LoginFailed:
        """Return the exception for a refused log-in, chosen by Asterisk's message (verified with 16.28 and 22.10)."""
        kinds = {"Authentication failed": AuthenticationFailed, "Login Already In Use": AlreadyLoggedIn}
        return kinds.get(response.get("Message", ""), LoginFailed)(request, response)


class AuthenticationFailed(LoginFailed):
    """The user is unknown, the secret is wrong, or the user may not log in from this address.

    Asterisk (verified with 16.28 and 22.10) sends the same answer in all these cases, so as not to reveal which one
    applies. Its log distinguishes them, as do events that a user with the read privilege ``security`` receives:
    `events.InvalidAccountID`, `events.InvalidPassword`, `events.ChallengeResponseFailed`, `events.FailedACL`.
    """

    def __init__(self, request: Request[Any], response: Message, privileges: tuple[str, ...] | None = None) -> None:
        super().__init__(request, response, privileges)
        causes = "The user is unknown, the secret is wrong, or manager.conf (deny, permit, acl) refuses this address"
        self.args = (f"{self}. {causes}; Asterisk's log states which.",)


class AlreadyLoggedIn(LoginFailed):
    """The user is already logged in, and ``allowmultiplelogin = no`` in manager.conf forbids a second log-in."""


class ActionTimeout(ManagerError, TimeoutError, MayHaveHappened):
    """No complete answer was received in time. The server may still carry out the action: its outcome is unknown.

    Attributes:
        request: The request.
        action_id: The ActionID with which it was sent; a late answer has it too.
        events: The part of a list received in time; it is not valid. `None` if there is no list or its answer was not
            received.
    """

    def __init__(
        self,
        request: Request[Any],
        action_id: str,
        timeout: float,
        missing: str = "answer",
        events: Aggregate | None = None,
    ) -> None:
        self.events = events
        self.request = request
        self.action_id = action_id
        self.timeout = timeout
        self.missing = missing
        super().__init__(
            f"{request.action} (ActionID {action_id}) received no {missing} within {timeout:g} s. "
            "The server may still carry it out; raise request.timeout to wait longer."
        )

    def __reduce__(self) -> tuple[type[ActionTimeout], tuple[Request[Any], str, float, str, Aggregate | None]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.request, self.action_id, self.timeout, self.missing, self.events)


class EventTimeout(ManagerError, TimeoutError):
    """The expected event was not received in time."""


class OutcomeTimeout(EventTimeout, MayHaveHappened):
    """A call was placed, but its outcome was not received in time: it may still ring or be answered."""


class StillBooting(EventTimeout, Unavailable):
    """The server did not report in time that it is fully booted.

    It accepts log-ins as soon as its manager interface is running; actions of modules that are not loaded yet fail as
    unknown. It sends `events.FullyBooted` only to users with the read privilege ``system`` who have not masked it.

    Attributes:
        timeout: The time-out, in seconds.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        super().__init__(
            f"The server did not report within {timeout:g} s that it is fully booted (FullyBooted). It may still be "
            "starting up, or this user's read privileges or event mask lack `system`."
        )

    def __reduce__(self) -> tuple[type[StillBooting], tuple[float]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.timeout,)


def _dropped(count: int, what: str) -> str:
    return f"{count} {what}{' was' if count == 1 else 's were'} dropped because the stream was full"


class EventsDropped(ManagerError):
    """Events were dropped because their stream was full; the next read continues after the gap.

    Attributes:
        count: The number of events dropped since the last one that was read.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"{_dropped(count, 'event')}; read faster, or subscribe to fewer events.")

    def __reduce__(self) -> tuple[type[EventsDropped], tuple[int]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.count,)


class ChangesDropped(ManagerError):
    """Changes of the live model were dropped because their stream was full; the next read continues after the gap.

    The model itself is complete: `Pbx.calls` and `Pbx.queues` include what the dropped changes reported.

    Attributes:
        count: Number of changes dropped since the last one read.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"{_dropped(count, 'change')}; read faster, or collect fewer classes.")

    def __reduce__(self) -> tuple[type[ChangesDropped], tuple[int]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.count,)


class ManagerSocketError(Error, OSError):
    """The connection could not be established, or was lost."""


class ConnectFailed(ManagerSocketError, Unavailable):
    """The connection could not be established: nothing listens there, the host is unknown, or the attempt timed out.

    Attributes:
        permanent: Whether every further attempt will fail unless something is changed: a certificate does not verify,
            the port is invalid, or the greeting is not Asterisk's.
    """

    permanent: bool = False

    @classmethod
    def for_good(cls, sentence: str) -> Self:
        """Return a permanent error, which no later attempt can resolve."""
        error = cls(sentence)
        error.permanent = True
        return error


class NotAsterisk(ConnectFailed):
    """The server is not Asterisk's Manager Interface: it sent another greeting, or none."""

    @classmethod
    def silent(cls, timeout: float, server: object = "the server") -> NotAsterisk:
        """Return the exception for a server that sent nothing within ``timeout`` seconds."""
        return cls(
            f"No greeting from {server} within {timeout:g} s. Either this is not the port of Asterisk's Manager "
            "Interface, or it is the one for TLS (tls=True, amis://), or Asterisk hangs."
        )

    def at(self, server: object) -> NotAsterisk:
        """Return this exception with the server's address in its message."""
        return self.for_good(f"No connection to {server}: {self}")


class TurnedAway(ConnectFailed):
    """The server accepted the connection and closed it before sending its greeting.

    Asterisk (verified with 16.28 and 22.10) does this if ``authlimit`` connections have not logged in yet. An address
    refused by ``deny`` is only rejected at the log-in; see `AuthenticationFailed`.
    """

    @classmethod
    def by(cls, server: object) -> TurnedAway:
        """Return the exception for a server."""
        return cls(
            f"{server} closed the connection before its greeting: it may be shutting down, or too many connections "
            "have not logged in yet (authlimit in its manager.conf)."
        )


class ConnectionLost(ManagerSocketError):
    """The connection ended while it was in use."""

    def at(self, server: object) -> Self:
        """Return this exception with the server's address in its message."""
        error = type(self)(f"The connection to {server} was lost: {self}")
        error.__cause__ = self.__cause__
        return error


class RequestNotSent(ConnectionLost, Unavailable):
    """The connection ended or the request timed out before any byte of it was sent: it is safe to send it again."""


class OutcomeUnknown(ConnectionLost, MayHaveHappened):
    """The connection ended after the request was sent and before its answer was received.

    Asterisk may or may not have carried it out. ami-typed never resends it automatically: that could place a call
    twice.
    """


class Overflowed(ConnectionLost):
    """More events were queued than `Limits` allows, with the policy `Overflow.DISCONNECT`."""


class ProtocolError(ConnectionLost):
    """The server sent data that Asterisk never sends, or more than `Limits` allows; the connection was closed."""
