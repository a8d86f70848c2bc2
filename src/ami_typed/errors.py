"""What can go wrong, as exceptions: who was wrong, and what is certain about a request in flight.

Rules of this module:

- `ManagerError` blames this program or the server's answer, `ManagerSocketError` the connection.
- A sentence says what was wrong, where, and what to do; it never shows a secret.
- A request that loses its connection ends in `RequestNotSent` or `OutcomeUnknown`, never in something in between.
- Nothing was carried out where an exception is `Unavailable`, something may have been where it is `MayHaveHappened`;
  none is both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

    from ami_typed.messages import Aggregate, Message, Request

__all__ = [
    "ActionFailed",
    "ActionTimeout",
    "AddressError",
    "AlreadyLoggedIn",
    "AuthenticationFailed",
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
    """The base of every exception that ami-typed raises on purpose."""


class Unavailable(Error):
    """The server could not be reached, or not be asked: nothing was carried out, and it is safe to try again.

    The base of `ConnectFailed`, `NotConnected`, `RequestNotSent`, `TooManyPending` and `StillBooting`.
    """


class MayHaveHappened(Error):
    """A request was sent and nothing is known of its outcome: trying again may do the same thing twice.

    The base of `ActionTimeout`, `OutcomeUnknown`, `OutcomeTimeout` and `UnclearAnswer`.
    """


class ManagerError(Error):
    """This program asked for something that cannot be, or the server answered that it will not."""


class NotConnected(ManagerError, Unavailable):
    """An action was sent while the manager had no connection; says whether one is being made."""


class WrongContext(ManagerError, RuntimeError):
    """The manager was used from where it cannot be used, so nothing was written.

    An `AsyncManager` belongs to the event loop it was connected on. A signal handler cannot send while the thread that
    it interrupted is in the middle of handling what came from the server. A connection belongs to the process that made
    it, not to those forked from it.
    """

    @classmethod
    def inherited(cls) -> WrongContext:
        """Make the exception for a child process that uses its parent's connection."""
        return cls(
            "This process was forked after the manager connected; the connection is its parent's, so nothing was sent. "
            "Call connect() here, or make a new Manager in each child: in gunicorn's post_fork, in Celery's "
            "worker_process_init, in the function that multiprocessing runs."
        )


class AddressError(ManagerError, ValueError):
    """A URL or the environment does not say where to connect, or as whom."""


class HeaderRefused(ManagerError, ValueError):
    """A header of a request would have broken the message, so nothing was written.

    A CR or LF in a key or a value starts another message on the wire: an action smuggled in by whoever
    supplied the value.
    """


class TooManyPending(ManagerError, Unavailable):
    """More requests wait for an answer than `Limits.pending` allows; nothing was written."""


class ListTooLong(ManagerError):
    """The list that answers a request exceeds `Limits.items` or `Limits.gathered`.

    The connection goes on. The rest of the list is ignored.

    Attributes:
        request: The request, whose secrets are hidden in its `repr`.
        action_id: The ActionID it was sent with.
        events: What came before the limit; it is not valid.
    """

    def __init__(self, request: Request[Any], action_id: str, limit: str, events: Aggregate) -> None:
        self.request = request
        self.action_id = action_id
        self.limit = limit
        self.events = events
        super().__init__(
            f"The list that answers {request.action} (ActionID {action_id}) has more than {limit}; the rest of it is "
            "ignored. Ask for less of it, or raise the limit."
        )

    def __reduce__(self) -> tuple[type[ListTooLong], tuple[Request[Any], str, str, Aggregate]]:
        """Pickle by the parts; the default would call the class with the sentence."""
        return type(self), (self.request, self.action_id, self.limit, self.events)


class NotInRelease(ManagerError):
    """The server's release of Asterisk does not have what the request asks for; nothing was written."""


class FieldError(ManagerError, ValueError):
    """A header is missing, or its text is not of the type that its attribute declares.

    Attributes:
        message: The event or answer that was read.
        header: The wire's name of the header.
        text: The header's raw text, `None` where the header is missing.
    """

    def __init__(self, message: Message, header: str, text: str | None, reason: str) -> None:
        self.message = message
        self.header = header
        self.text = text
        self.reason = reason
        if text is None:
            what = "it has no such header"
        elif message._hides(header, text):
            what = "its text, which is not shown because it may hold a secret, does not decode"
        else:
            what = f"its text is {text!r}, {reason}"
        super().__init__(f"{type(message).__name__}: {header} cannot be read: {what}.")

    def __reduce__(self) -> tuple[type[FieldError], tuple[Message, str, str | None, str]]:
        """Pickle by the parts; the default would call the class with the sentence."""
        return type(self), (self.message, self.header, self.text, self.reason)


class ActionFailed(ManagerError):
    """The server answered an action with an error.

    Attributes:
        message: What the server says about it, its `Message` header.
        response: The whole answer.
        request: The request, whose secrets are hidden in its `repr`.
        privileges: The privileges, any of which a user needs to send the action; none if every user may, or if they
            are not known.
    """

    def __init__(self, request: Request[Any], response: Message, privileges: tuple[str, ...] | None = None) -> None:
        self.request = request
        self.response = response
        self.privileges = request.privileges if privileges is None else privileges
        words = " ".join(filter(None, map(str.strip, response.data)))  # a command's own, before what is said about it
        self.message = words or response.get("Message") or response.get("Response") or "no reason given"
        super().__init__(f"Asterisk refused {request.action}: {self.message}{self._advice()}")

    def _advice(self) -> str:
        """Return what to do about a missing privilege (main/manager.c, process_message: it says no more than that)."""
        if self.message != "Permission denied":
            return ""
        if not self.privileges:
            return ". The user's `write` in manager.conf lacks the action's privilege, or nobody is logged in."
        needed = ", ".join(self.privileges)
        return f". The user's `write` in manager.conf needs {needed} or all; without a log-in, no action is allowed."

    def __reduce__(self) -> tuple[type[ActionFailed], tuple[Request[Any], Message, tuple[str, ...]]]:
        """Pickle by the parts; the default would call the class with the sentence."""
        return type(self), (self.request, self.response, self.privileges)


class UnclearAnswer(ManagerError, MayHaveHappened):
    """An answer came that does not begin with ``Response``: a part of it is lost, and what became of the request.

    The server may have carried the action out.

    Attributes:
        response: What came.
        request: The request, whose secrets are hidden in its `repr`.
    """

    def __init__(self, request: Request[Any], response: Message) -> None:
        self.request = request
        self.response = response
        name, _, value = (response.raw or [""])[0].partition(":")
        first = name if response._hides(name, value.strip()) else f"{name}:{value}"[:80]
        super().__init__(
            f"The outcome of {request.action} is unknown: its answer does not begin with Response, but with {first!r}."
        )

    def __reduce__(self) -> tuple[type[UnclearAnswer], tuple[Request[Any], Message]]:
        """Pickle by the parts; the default would call the class with the sentence."""
        return type(self), (self.request, self.response)


class LoginFailed(ActionFailed):
    """The server did not let this user in."""

    @classmethod
    def of(cls, request: Request[Any], response: Message) -> LoginFailed:
        """Make the exception of the refusal of a log-in, by Asterisk's words (16.28 and 22.10 tried)."""
        kinds = {"Authentication failed": AuthenticationFailed, "Login Already In Use": AlreadyLoggedIn}
        return kinds.get(response.get("Message", ""), LoginFailed)(request, response)


class AuthenticationFailed(LoginFailed):
    """The user is unknown, the secret is wrong, or the user may not log in from this address.

    Asterisk (16.28 and 22.10 tried) answers alike in these cases, so that nobody learns which it was. Its log tells
    them apart, and so do events that another user hears who may read ``security``: `events.InvalidAccountID`,
    `events.InvalidPassword`, `events.ChallengeResponseFailed`, `events.FailedACL`.
    """

    def __init__(self, request: Request[Any], response: Message, privileges: tuple[str, ...] | None = None) -> None:
        super().__init__(request, response, privileges)
        causes = "the user is unknown, the secret is wrong, or its deny, permit or acl lines refuse this address"
        self.args = (f"{self}. In its manager.conf {causes}: Asterisk's log says which.",)


class AlreadyLoggedIn(LoginFailed):
    """The user is logged in elsewhere, and ``allowmultiplelogin = no`` in manager.conf allows it once only."""


class ActionTimeout(ManagerError, TimeoutError, MayHaveHappened):
    """No complete answer came in time. The server may still carry the action out: its outcome is unknown.

    Attributes:
        request: The request that was sent.
        action_id: The ActionID it was sent with, which a late answer will bear.
        events: For a list, what came of it in time; it is not valid. `None` where its answer did not come.
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
            f"{request.action} (ActionID {action_id}) got no {missing} within {timeout:g} s. "
            "The server may still carry it out; raise request.timeout to wait longer."
        )

    def __reduce__(self) -> tuple[type[ActionTimeout], tuple[Request[Any], str, float, str, Aggregate | None]]:
        """Pickle by the parts; the default would call the class with the sentence."""
        return type(self), (self.request, self.action_id, self.timeout, self.missing, self.events)


class EventTimeout(ManagerError, TimeoutError):
    """The event that was waited for did not come in time."""


class OutcomeTimeout(EventTimeout, MayHaveHappened):
    """A call was placed, and its outcome did not come in time: it may ring, or be answered, all the same."""


class StillBooting(EventTimeout, Unavailable):
    """The server did not say in time that it is fully booted.

    It lets users in as soon as its manager interface stands; the actions of modules that are not loaded yet are unknown
    to it. That it is fully booted it tells only to who may read ``system`` events and has not masked them.

    Attributes:
        timeout: How long was waited, in seconds.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        super().__init__(
            f"The server did not say within {timeout:g} s that it is fully booted (FullyBooted). It still boots, or "
            "this user's read privileges or event mask lack `system`."
        )

    def __reduce__(self) -> tuple[type[StillBooting], tuple[float]]:
        """Pickle by the parts; the default would call the class with the sentence."""
        return type(self), (self.timeout,)


class EventsDropped(ManagerError):
    """Events were dropped because their stream was full; the next read goes on behind the gap.

    Attributes:
        count: How many were dropped since the last that was read.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(
            f"{count} events were dropped because the stream was full: read faster, or subscribe to fewer events."
        )

    def __reduce__(self) -> tuple[type[EventsDropped], tuple[int]]:
        """Pickle by the parts; the default would call the class with the sentence."""
        return type(self), (self.count,)


class ManagerSocketError(Error, OSError):
    """The connection could not be made, or is no longer there."""


class ConnectFailed(ManagerSocketError, Unavailable):
    """No connection could be made: nobody listens there, the name is unknown, or the time ran out.

    Attributes:
        permanent: Whether every attempt will fail until somebody changes something: a certificate does not verify,
            there is no such port, or what greets is not Asterisk.
    """

    permanent: bool = False

    @classmethod
    def for_good(cls, sentence: str) -> Self:
        """Make the exception for what no later attempt will mend."""
        error = cls(sentence)
        error.permanent = True
        return error


class NotAsterisk(ConnectFailed):
    """Something listens there that is not Asterisk's Manager Interface: it said something else, or nothing."""

    @classmethod
    def silent(cls, timeout: float) -> NotAsterisk:
        """Make the exception for who said nothing within ``timeout`` seconds."""
        return cls(
            f"Nothing greeted within {timeout:g} s. Either this is not the port of Asterisk's Manager Interface, or it "
            "is the one for TLS (tls=True, amis://), or this Asterisk hangs."
        )


class TurnedAway(ConnectFailed):
    """The server accepted the connection and closed it before it greeted.

    Asterisk (16.28 and 22.10 tried) does so where ``authlimit`` connections wait for their log-in. It does not for an
    address that ``deny`` refuses: that is found out at the log-in, see `AuthenticationFailed`.
    """

    def __init__(
        self,
        sentence: str = "The server closed the connection before it greeted: it may be going down, or too many "
        "connections have not logged in yet (authlimit in its manager.conf).",
    ) -> None:
        super().__init__(sentence)


class ConnectionLost(ManagerSocketError):
    """The connection ended while it was needed."""


class RequestNotSent(ConnectionLost, Unavailable):
    """The connection ended, or the time ran out, before any byte of the request left: it is safe to send it again."""


class OutcomeUnknown(ConnectionLost, MayHaveHappened):
    """The connection ended after the request left and before its answer came.

    Asterisk may or may not have carried it out. ami-typed never sends it again by itself: that could place a
    call twice.
    """


class Overflowed(ConnectionLost):
    """More events waited than `Limits` allows, and `Overflow.DISCONNECT` was chosen for that."""


class ProtocolError(ConnectionLost):
    """The peer sent what no Asterisk sends, or more than `Limits` allows; the connection was closed."""
