"""Exchanges of more than one message, written once for both shells: log-in, originate, log-off.

A conversation is a generator: it yields what it wants done and is sent what came of it. Rules of this module:

- `Request`: send it; the answer comes back, or `ActionFailed` and its kin are raised here.
- `Listen`: begin to collect events of these names now, before anything is sent that may cause them.
- `Await`: the first collected event that fits comes back, or `EventTimeout` is raised here.
- What is awaited belongs to the connection that the conversation is held on, and is given up with it.
- The plain secret goes over the wire only where the caller asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from ami_typed.errors import ActionFailed, LoginFailed, ManagerError, OutcomeUnknown
from ami_typed.messages import Answer, Event, Request
from ami_typed.notices import Disconnected
from ami_typed.releases import Release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ami_typed import events

__all__ = ["Await", "Conversation", "Credentials", "Listen", "Step", "login", "logoff", "originate", "resume"]

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


Step = Request[Any] | Listen | Await
Conversation = Generator[Step, Any, T]


class Credentials(NamedTuple):
    """What a log-in was made with, to make it again.

    Attributes:
        username: The section of manager.conf.
        secret: Its secret, or what returns it when it is needed.
        events: The event mask to begin with.
        plain: Whether the secret itself is sent.
    """

    username: str
    secret: str | Callable[[], str]
    events: str | None = None
    plain: bool = False

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, ***)"


def _request(action: str, /, **headers: Any) -> Request[Answer]:
    return _Plain(action, **headers)


class _Plain(Request[Answer]):
    """A request whose answer is all there is to know."""

    __slots__ = ()

    def process_response(self, response: Any) -> Answer:
        return Answer.of(response)

    def __repr__(self) -> str:
        return f"{self.action}(...)"


def login(
    username: str,
    secret: str | Callable[[], str],
    *,
    events: str | None = None,
    plain: bool = False,
    wait: float | None = None,
) -> Conversation[Release | None]:
    """Log in, find out the server's release, and wait until it is fully booted where asked.

    Args:
        username: The section of manager.conf.
        secret: Its secret, or what returns it.
        events: The event mask to begin with: ``on``, ``off``, or classes such as ``call,agent``.
        plain: Whether to send the secret itself instead of an MD5 of it and the server's challenge.
        wait: How long to wait for FullyBooted, in seconds; `None` does not wait. Only a user who may read ``system``
            events is sent it.

    Returns:
        The server's release of Asterisk, `None` where this user may not ask for it.

    Raises:
        LoginFailed: The server did not let this user in.
        EventTimeout: FullyBooted did not come in time.
    """
    if wait is not None:
        yield _listen("FullyBooted")
    secret = secret if isinstance(secret, str) else secret()
    proof = {"Secret": secret} if plain else (yield from _answer_challenge(username, secret))
    try:
        yield _request("Login", Username=username, **proof, Events=events)
    except ActionFailed as error:
        raise LoginFailed(error.request, error.response) from None
    if wait is not None:
        yield from _wait(_any, wait, "FullyBooted; this user may need the read privilege `system` to be sent it")
    return (yield from _ask_release())


def _any(_: Event) -> bool:
    return True


def _listen(name: str) -> Listen:
    """Collect events of a name, and what says that none will come."""
    return Listen((name, Disconnected.__name__))


def _wait(fits: Callable[[Event], bool], timeout: float, what: str) -> Conversation[Event]:
    """Wait for an event of this connection: another one, made in its place, will not bring it."""

    def ends_it(event: Event) -> bool:
        return isinstance(event, Disconnected) or fits(event)

    event: Event = yield Await(ends_it, timeout, what)
    if isinstance(event, Disconnected):
        raise OutcomeUnknown(f"Nothing is known of {what}: {event.reason}")
    return event


def _answer_challenge(username: str, secret: str) -> Conversation[dict[str, str]]:
    """Return the credentials of an MD5 log-in (manager.c: the MD5 of the challenge followed by the secret)."""
    try:
        answer: Answer = yield _request("Challenge", AuthType="MD5")
    except ActionFailed as error:
        raise LoginFailed(error.request, error.response) from None
    challenge = answer.get("Challenge")
    if not challenge:
        raise ManagerError(f"The server gave no challenge to log {username} in with.")
    import hashlib

    octets = (challenge + secret).encode("utf-8", "surrogateescape")
    return {"AuthType": "MD5", "Key": hashlib.md5(octets, usedforsecurity=False).hexdigest()}


def _ask_release() -> Conversation[Release | None]:
    try:
        answer: Answer = yield _request("CoreSettings")
    except ActionFailed:
        return None
    return Release.find(answer.get("AsteriskVersion", ""))


def originate(request: Request[Any], *, margin: float = 10.0) -> Conversation[events.OriginateResponse]:
    """Place a call and wait for its outcome.

    The call is placed asynchronously, so that other requests of this connection are not held up by its ringing.

    Args:
        request: An `actions.Originate`; it is not changed.
        margin: How long to wait beyond the call's own time-out, in seconds.

    Returns:
        The outcome, successful or not.

    Raises:
        ActionFailed: The server refused to place the call.
        EventTimeout: The outcome did not come in time.
        OutcomeUnknown: The connection was lost before the outcome came.
    """
    ringing = timedelta(milliseconds=float(request.get("Timeout") or 30_000)).total_seconds()
    placed = _Plain(request.action, **{**request, "Async": "true"})
    placed.timeout = request.timeout
    yield _listen("OriginateResponse")
    answer: Answer = yield placed

    def is_the_outcome(event: Event) -> bool:
        return event.action_id == answer.action_id

    outcome = yield from _wait(is_the_outcome, ringing + margin, "the outcome of the call")
    return cast("events.OriginateResponse", outcome)


def resume(credentials: Credentials | None, lasting: Sequence[Request[Any]]) -> Conversation[Release | None]:
    """Bring a new connection to where the lost one was: logged in, with its event mask and filters.

    Args:
        credentials: Whom to log in, `None` where nobody was.
        lasting: The requests whose effect ended with the lost connection, in order.

    Returns:
        The server's release of Asterisk, `None` where it is not known.
    """
    if credentials is None:
        return None
    username, secret, events, plain = credentials
    release = yield from login(username, secret, events=events, plain=plain)
    for request in lasting:  # noqa: UP028 - a list's own iterator cannot be sent the answers
        yield request
    return release


def logoff() -> Conversation[None]:
    """Tell the server that this is the end; it closes the connection."""
    yield _request("Logoff")
