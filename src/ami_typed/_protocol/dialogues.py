"""Exchanges of more than one message, written once for both shells: log-in, originate, log-off.

A conversation is a generator: it yields what it wants done and is sent what came of it. Rules of this module:

- `Request`: send it; the answer comes back, or `ActionFailed` and its kin are raised here.
- `Listen`: begin to collect events of these names now, before anything is sent that may cause them.
- `Await`: the first collected event that fits comes back, or `EventTimeout` is raised here.
- `Boot`: wait until the server is fully booted, or `StillBooting` is raised here.
- What is awaited belongs to the connection that the conversation is held on, and is given up with it.
- The plain secret goes over the wire only where the caller asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ami_typed._lazy import NamedTuple
from ami_typed._protocol.framing import is_writable
from ami_typed.arguments import wrong
from ami_typed.errors import (
    ActionFailed,
    EventTimeout,
    HeaderRefused,
    LoginFailed,
    ManagerError,
    OutcomeTimeout,
    OutcomeUnknown,
)
from ami_typed.messages import _SECRETS_OF_ANY_ACTION, Answer, Event, Request
from ami_typed.notices import Disconnected
from ami_typed.quantities import seconds, seconds_or_none
from ami_typed.releases import Release
from ami_typed.values import mask_trouble

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
    """Wait for the first collected event that fits.

    Attributes:
        fits: Whether an event is the one.
        timeout: How long to wait, in seconds.
        what: What is waited for, to say when it does not come.
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
    """What a log-in was made with, to make it again.

    Attributes:
        username: The section of manager.conf.
        secret: Its secret, or what returns it when it is needed.
        events: The event mask to begin with.
        plain: Whether the secret itself is sent.
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
    """A request whose answer is all there is to know."""

    __slots__ = ()

    secrets = _SECRETS_OF_ANY_ACTION

    def process_response(self, response: Any) -> Answer:
        return Answer.of(response)


def login(credentials: Credentials) -> Conversation[Release | None]:
    """Log in, wait until the server is fully booted where asked, and find out its release.

    Args:
        credentials: Whom.

    Returns:
        The server's release of Asterisk, `None` where this user may not ask for it.

    Raises:
        TypeError: One of them is of a wrong type.
        HeaderRefused: The event mask names a class that there is none of, or the secret can be none.
        LoginFailed: The server did not let this user in.
        StillBooting: It was not fully booted in time.
    """
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
    """Return a secret that can be one: it stands in a line of manager.conf. No error shows it."""
    text = secret if isinstance(secret, str) else secret()
    if not isinstance(text, str):
        raise TypeError(f"The function for the secret returns {type(text).__name__}, not text.")
    if not {"\r", "\n", "\0"}.isdisjoint(text):
        raise HeaderRefused(
            "The log-in was not sent: the secret has a CR, LF or NUL in it, which no line of manager.conf has. If it "
            "was read from a file, strip the end of its line."
        )
    if not is_writable(text):
        raise HeaderRefused("The log-in was not sent: the secret has a character that stands for no bytes.")
    return text


def _listen(name: str) -> Listen:
    """Collect events of a name, and what says that none will come."""
    return Listen((name, Disconnected.__name__))


def _wait(fits: Callable[[Event], bool], timeout: float, what: str) -> Conversation[Event]:
    """Wait for an event of this connection: another one, made in its place, will not bring it."""

    def ends_it(event: Event) -> bool:
        return isinstance(event, Disconnected) or fits(event)

    try:
        event: Event = yield Await(ends_it, timeout, what)
    except EventTimeout as error:
        raise OutcomeTimeout(f"{error} The call may go on all the same.") from None
    if isinstance(event, Disconnected):
        raise OutcomeUnknown(f"Nothing is known of {what}: {event.reason}")
    return event


def _answer_challenge(username: str, secret: str, timeout: float) -> Conversation[dict[str, str]]:
    """Return the credentials of an MD5 log-in (manager.c: the MD5 of the challenge followed by the secret)."""
    answer: Answer = yield _request("Challenge", timeout, AuthType="MD5")
    challenge = answer.get("Challenge")
    if not challenge:
        raise ManagerError(f"The server gave no challenge to log {username} in with.")
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

    The call is placed asynchronously, so that other requests of this connection are not held up by its ringing.

    Args:
        request: An `actions.Originate`; it is not changed.
        margin: How long to wait beyond the call's own time-out, in seconds.

    Returns:
        The outcome, successful or not.

    Raises:
        TypeError: ``margin`` is no duration.
        ActionFailed: The server refused to place the call.
        OutcomeTimeout: The outcome did not come in time.
        OutcomeUnknown: The connection was lost before the outcome came.
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

    outcome = yield from _wait(is_the_outcome, ringing + margin, "the outcome of the call")
    return cast("events.OriginateResponse", outcome)


class Resumed(NamedTuple):
    """What came of bringing a connection to where a lost one was.

    Attributes:
        release: The server's release of Asterisk, `None` where it is not known.
        refused: What the server says to the requests that it refuses this time.
    """

    release: Release | None
    refused: list[str]


def why_not_again(credentials: Credentials | None, logged_in: Request[Any] | None) -> str:
    """Return a sentence about a log-in that cannot be made again, an empty text for any other.

    The key of an MD5 log-in is good for one challenge, which the next connection does not repeat.

    Args:
        credentials: What `Manager.login` logged in with, `None` if it did not.
        logged_in: The request that logged in, `None` if none did.
    """
    proofs = {name.lower() for name, value in (logged_in or {}).items() if value}
    if credentials is not None or "key" not in proofs or "secret" in proofs:
        return ""
    return (
        "The log-in cannot be repeated: it was sent with a Key, and ami-typed does not know the secret behind it. Log "
        "in by Manager.login(), which answers the challenge itself."
    )


def resume(
    credentials: Credentials | None, lasting: Sequence[Request[Any]], logged_in: Request[Any] | None = None
) -> Conversation[Resumed]:
    """Bring a new connection to where the lost one was: logged in, with its event mask and filters.

    A mask or filter that is refused does not keep the others, and the connection, from being set up: else a server
    whose configuration has changed would be lost for good.

    Args:
        credentials: Whom to log in, `None` if `Manager.login` logged nobody in.
        lasting: The requests whose effect ended with the lost connection, in order.
        logged_in: The request that logged in the lost connection, sent again if there are no credentials.
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
    """Tell the server that this is the end; it closes the connection."""
    yield _request("Logoff", 5.0)
