"""The answer to one action, in the words of the simulated release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ami_typed.messages import KEY_ACTIONID
from ami_typed.registry import action_class
from ami_typed.testing.simulator.dialect import encoded, headers_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.testing.seam import Emittable, HeaderLines, ReceivedAction
    from ami_typed.testing.simulator.dialect import Dialect, Lines
    from ami_typed.testing.simulator.users import User

__all__ = ["SessionReply", "Speaker"]


class Speaker(Protocol):
    """What a reply needs from its session.

    Attributes:
        user: The user who is logged in, or `None`.
    """

    user: User | None

    @property
    def dialect(self) -> Dialect:
        """The spelling of the release."""
        ...

    def write(self, name: str, octets: bytes) -> None:
        """Send bytes that belong to an action or event."""
        ...

    def answer(self, action: str, octets: bytes) -> None:
        """Send the answer to the action that is being handled."""
        ...

    def resume(self) -> None:
        """Continue after an action that was answered later."""
        ...


class SessionReply:
    """Answers one action of a session; see `seam.Reply`.

    Args:
        session: The session.
        action: The action.

    Attributes:
        answered: Whether the action has been answered.
        later: Whether its handler has returned without an answer.
    """

    def __init__(self, session: Speaker, action: ReceivedAction) -> None:
        self._session = session
        self.answered = False
        self.later = False
        self._action = action
        self._id = action.get(KEY_ACTIONID, "")
        self._dialect = session.dialect

    @property
    def user(self) -> str:
        """The name of the user who sent the action."""
        return self._session.user.name if self._session.user is not None else ""

    @property
    def may_write(self) -> frozenset[str]:
        """The classes of actions that this user may send."""
        return self._session.user.may_write if self._session.user is not None else frozenset()

    def success(self, message: str | None = None, headers: HeaderLines = ()) -> None:
        """Answer ``Response: Success``."""
        self.respond("Success", message, headers)

    def error(self, message: str, headers: HeaderLines = ()) -> None:
        """Answer ``Response: Error``."""
        self.respond("Error", message, headers)

    def respond(self, response: str, message: str | None = None, headers: HeaderLines = ()) -> None:
        """Answer with any other Response."""
        self._finish(encoded(self._dialect.answer(response, self._id, _with_message(message, headers))))

    def list(
        self,
        items: Iterable[Emittable],
        complete: str | Emittable,
        message: str | None = None,
        headers: HeaderLines = (),
    ) -> None:
        """Answer with a list of events."""
        knowledge = action_class(self._action.action)
        parts: list[Lines] = []
        if not knowledge.answered_by_event:
            start = [("EventList", "start")] if knowledge.list_announced else []
            parts.append(self._dialect.answer("Success", self._id, [*start, *_with_message(message, headers)]))
        marked = "" if knowledge.unmarked else self._id
        events = [self._dialect.item(item, marked) for item in items]
        parts += events
        parts.append(self._dialect.complete(complete, self._id, len(events)))
        self._finish(b"".join(map(encoded, parts)))

    def output(self, lines: Iterable[str], message: str | None = None, *, success: bool = True) -> None:
        """Answer with the output of a command."""
        self._finish(self._dialect.command(self._id, lines, message, success=success))

    def text(self, text: str) -> None:
        """Answer with raw text without any header."""
        ends = "\r\n" * action_class(self._action.action).empty_lines
        self._finish(text.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + ends.encode())

    def event(self, event: Emittable) -> None:
        """Send an event to this session alone."""
        lines = self._dialect.item(event, self._id)
        self._session.write(lines[0][1], encoded(lines))

    def events(self, message: str, events: bytes, complete: str) -> None:
        """Answer with events between the answer and another event (WaitEvent)."""
        first = self._dialect.answer("Success", self._id, [("Message", message)])
        self._finish(encoded(first) + events + encoded(self._dialect.item((complete, ()), self._id)))

    def raw(self, octets: bytes) -> None:
        """Answer with bytes: whole messages."""
        self._finish(octets)

    def nothing(self) -> None:
        """Do not answer (Events, if manager.conf says ``brokeneventsaction=yes``)."""
        self._finish(b"")

    def _finish(self, octets: bytes) -> None:
        if self.answered:
            raise RuntimeError(f"A handler answers once; {self._action.action} has been answered already.")
        self.answered = True
        self._session.answer(self._action.action, octets)
        if self.later:
            self._session.resume()


def _with_message(message: str | None, headers: HeaderLines) -> Lines:
    first = [] if message is None else [("Message", message)]
    return [*first, *headers_of(headers)]
