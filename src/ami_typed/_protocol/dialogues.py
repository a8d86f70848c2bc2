"""Exchanges of more than one message, written once for both shells: log-in, originate, log-off.

A conversation is a generator: it yields steps for the shell to carry out, and receives their results. Rules of this
module:

- `Request`: send it; the result is the answer, or `ActionFailed` or a related error is raised here.
- `Listen`: start collecting events of these names now, before sending anything that may cause them.
- `Await`: the result is the first collected event that matches, or `EventTimeout` is raised here.
- `Boot`: wait until the server is fully booted, or `StillBooting` is raised here.
- An awaited event belongs to the connection that the conversation runs on; waiting ends when that connection ends.
- The secret itself is sent over the wire only if the caller requests it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ami_typed._lazy import NamedTuple
from ami_typed.arguments import name_of_type, wrong
from ami_typed.errors import (
    ActionFailed,
    EventTimeout,
    HeaderRefused,
    LoginFailed,
    ManagerError,
    OutcomeTimeout,
    OutcomeUnknown,
)
from ami_typed.messages import SECRETS_OF_ANY_ACTION, Answer, Event, Request
from ami_typed.notices import Disconnected
from ami_typed.quantities import seconds, seconds_or_none
from ami_typed.releases import Release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ami_typed import events
    from ami_typed.quantities import Seconds

__all__ = [
    "Await",
    "Boot",
    "Conversation",
    "Credentials",
    "Listen",
    "Resumed",
    "Step",
    "login",
    "logoff",
    "originate",
    "resume",
]

T = TypeVar("T")


class Listen(NamedTuple):
    """Collect events of these names from now on."""

    names: tuple[str, ...]


class Await(NamedTuple):
    """Wait for the first collected event that matches.

    Attributes:
        fits: Whether an event matches.
        timeout: How long to wait, in seconds.
        what: Describes the event in the error that is raised if it does not arrive.
    """

    fits: Callable[[Event], bool]
    timeout: float
    what: str


class Boot(NamedTuple):
    """Wait until the server is fully booted.

    Attributes:
        timeout: How long to wait, in seconds.
    """

    timeout: float


Step = Request[Any] | Listen | Await | Boot
Conversation = Generator[Step, Any, T]


class Credentials(NamedTuple):
    """The parameters of a log-in, kept so that it can be repeated.

    Attributes:
        username: The section of manager.conf.
        secret: Its secret, or a function that returns it when it is needed.
        events: The initial event mask.
        plain: Whether to send the secret itself.
        wait: How long to wait until the server is fully booted, in seconds; `None` does not wait.
        timeout: How long to wait for each answer, in seconds.
    """

    username: str
    secret: str | Callable[[], str]
    events: str | None = None
    plain: bool = False
    wait: Seconds | None = None
    timeout: Seconds = 5

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, ***)"


def _request(action: str, timeout: float, /, **headers: Any) -> Request[Answer]:
    request = _Plain(action, **headers)
    request.timeout = timeout
    return request


class _Plain(Request[Answer]):
    """A request whose result is its plain `Answer`."""

    __slots__ = ()

    secrets = SECRETS_OF_ANY_ACTION

    def process_response(self, response: Any) -> Answer:
        return Answer.of(response)


def login(credentials: Credentials) -> Conversation[Release | None]:
    """Log in, wait until the server is fully booted if requested, and query its release.

    Args:
        credentials: The credentials to log in with.

    Returns:
        The server's Asterisk release; `None` if this user may not query it.

    Raises:
        TypeError: One of the credentials has the wrong type.
        HeaderRefused: The event mask names a class that does not exist, or the secret is not a possible one.
        LoginFailed: The server rejected the log-in.
        StillBooting: The server was not fully booted in time.
    """
    from ami_typed._language.masks import mask_trouble  # imported lazily, to keep importing `Manager` fast

    username, secret, events, plain, *_ = credentials
    wait, timeout = seconds_or_none(credentials.wait, "wait"), seconds(credentials.timeout, "timeout")
    texts: dict[str, object] = {"username": username, "events": events or ""}
    for name, given in texts.items():
        if not isinstance(given, str):
            raise TypeError(f"{name} {wrong('text', given)}.")
    if (trouble := mask_trouble(events or "")) is not None:
        raise HeaderRefused(f"The log-in was not sent: {trouble}")
    secret = _secret_of(secret)
    try:
        proof = {"Secret": secret} if plain else (yield from _answer_challenge(username, secret, timeout))
        yield _request("Login", timeout, Username=username, **proof, Events=events)
    except ActionFailed as error:
        raise LoginFailed.of(error.request, error.response) from None
    if wait is not None:
        yield Boot(wait)
    return (yield from _ask_release(timeout))


def _secret_of(secret: str | Callable[[], object]) -> str:
    """Return the secret after checking that a line of manager.conf can hold it. No error message contains it."""
    text = secret if isinstance(secret, str) else secret()
    if not isinstance(text, str):
        raise TypeError(f"The function for the secret must return text, not {name_of_type(text)}.")
    if not {"\r", "\n", "\0"}.isdisjoint(text):
        raise HeaderRefused(
            "The log-in was not sent: the secret contains a CR, LF or NUL, which no line of manager.conf can contain. "
            "If it was read from a file, strip the line end."
        )
    from ami_typed._protocol.framing import is_writable  # imported lazily: it loads the compiled modules

    if not is_writable(text):
        raise HeaderRefused("The log-in was not sent: the secret contains a character that cannot be encoded.")
    return text


def _listen(name: str) -> Listen:
    """Collect events of a name, and the notice after which none can arrive."""
    return Listen((name, Disconnected.__name__))


def _wait(fits: Callable[[Event], bool], timeout: float, what: str) -> Conversation[Event]:
    """Wait for an event on this connection: a connection that replaces it will not deliver the event."""

    def ends_it(event: Event) -> bool:
        return isinstance(event, Disconnected) or fits(event)

    try:
        event: Event = yield Await(ends_it, timeout, what)
    except EventTimeout as error:
        raise OutcomeTimeout(f"{error} The call itself may go on.") from None
    if isinstance(event, Disconnected):
        raise OutcomeUnknown(f"{what} is unknown: {event.reason}")
    return event


def _answer_challenge(username: str, secret: str, timeout: float) -> Conversation[dict[str, str]]:
    """Return the credentials of an MD5 log-in (manager.c: the MD5 of the challenge followed by the secret)."""
    answer: Answer = yield _request("Challenge", timeout, AuthType="MD5")
    challenge = answer.get("Challenge")
    if not challenge:
        raise ManagerError(f"The server sent no challenge for the log-in of {username}.")
    import hashlib

    octets = (challenge + secret).encode("utf-8", "surrogateescape")
    return {"AuthType": "MD5", "Key": hashlib.md5(octets, usedforsecurity=False).hexdigest()}


def _ask_release(timeout: float) -> Conversation[Release | None]:
    try:
        answer: Answer = yield _request("CoreSettings", timeout)
    except ActionFailed:
        return None
    return Release.find(answer.get("AsteriskVersion", ""))


def originate(request: Request[Any], *, margin: Seconds = 10.0) -> Conversation[events.OriginateResponse]:
    """Place a call and wait for its outcome.

    The call is placed asynchronously, so that it does not block other requests on this connection while it rings.

    Args:
        request: An `actions.Originate`; it is not modified.
        margin: How long to wait beyond the call's own time-out, in seconds.

    Returns:
        The outcome, successful or not.

    Raises:
        TypeError: ``margin`` is not a duration.
        ActionFailed: The server refused to place the call.
        OutcomeTimeout: The outcome did not arrive in time.
        OutcomeUnknown: The connection was lost before the outcome arrived.
    """
    margin = seconds(margin, "margin")
    ringing = timedelta(milliseconds=float(request.get("Timeout") or 30_000)).total_seconds()
    placed = _Plain(request.action, **{**request, "Async": "true"})
    if request._has_own_timeout():
        placed.timeout = request.timeout
    yield _listen("OriginateResponse")
    answer: Answer = yield placed

    def is_the_outcome(event: Event) -> bool:
        return event.action_id == answer.action_id

    outcome = yield from _wait(is_the_outcome, ringing + margin, "The outcome of the call")
    return cast("events.OriginateResponse", outcome)


class Resumed(NamedTuple):
    """The result of restoring the state of a lost connection on a new one.

    Attributes:
        release: The server's Asterisk release; `None` if it is unknown.
        refused: The requests that the server rejected this time, each as the action's name and the server's message.
    """

    release: Release | None
    refused: list[str]


def why_not_again(credentials: Credentials | None, logged_in: Request[Any] | None) -> str:
    """Explain why a log-in cannot be repeated. Return an empty string if it can.

    The key of an MD5 log-in is valid for one challenge, which the next connection does not repeat.

    Args:
        credentials: The credentials that `Manager.login` used; `None` if it did not log in.
        logged_in: The request that logged in; `None` if none did.
    """
    proofs = {name.lower() for name, value in (logged_in or {}).items() if value}
    if credentials is not None or "key" not in proofs or "secret" in proofs:
        return ""
    return (
        "The log-in cannot be repeated: it was sent with a Key, and ami-typed does not know the secret for another "
        "one. Log in with Manager.login(), which answers the challenge itself."
    )


def resume(
    credentials: Credentials | None, lasting: Sequence[Request[Any]], logged_in: Request[Any] | None = None
) -> Conversation[Resumed]:
    """Restore the state of the lost connection on a new one: logged in, with its event mask and filters.

    A rejected mask or filter does not prevent the others, or the connection, from being set up. Otherwise a change in
    the server's configuration would make the loss permanent.

    Args:
        credentials: The credentials to log in with; `None` if `Manager.login` did not log in.
        lasting: The requests whose effect ended with the lost connection, in order.
        logged_in: The request that logged in on the lost connection; it is repeated if there are no credentials.
    """
    release = None if credentials is None else (yield from login(credentials))
    if credentials is None and logged_in is not None:
        yield logged_in
    refused: list[str] = []
    for request in lasting if credentials is not None or logged_in is not None else ():
        try:
            yield request
        except ActionFailed as error:
            refused.append(f"{request.action}: {error.message}")
    return Resumed(release, refused)


def logoff() -> Conversation[None]:
    """Log off; the server then closes the connection."""
    yield _request("Logoff", 5.0)
