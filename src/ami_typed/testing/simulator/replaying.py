"""Replaying a recording: its events come at their times, and its actions are answered as they were.

Rules of this module:

- An event that a server sends of itself (it has Privilege, or no ActionID of the recording) is part of the time line,
  which begins at the first log-in. All other messages answer the action with their ActionID.
- A client's action is answered with the next recorded answer to an action of its name and parameters, else of its name;
  the last one again when there are no more. The log-in and actions that were never recorded are answered as usual.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ami_typed.messages import KEY_ACTION, KEY_ACTIONID, KEY_EVENT, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ami_typed.testing.recordings import Recording
    from ami_typed.testing.seam import ReceivedAction

__all__ = ["Line", "Replayed"]

_OWN = frozenset({"login", "logoff", "challenge", "events", "filter", "ping"})
"""Actions that a replaying server answers itself: their answers depend on the connection."""


class Line(NamedTuple):
    """An event of the time line.

    Attributes:
        time: When it comes, in seconds since the log-in.
        octets: Its bytes, with the empty line at its end.
    """

    time: float
    octets: bytes


class _Answer(NamedTuple):
    """The recorded answer to an action."""

    parameters: Mapping[str, str]
    octets: list[bytes]


class Replayed:
    """The events and answers of a recording."""

    def __init__(self, recording: Recording) -> None:
        self.lines: list[Line] = []
        self._answers: dict[str, list[_Answer]] = {}
        self._began: float | None = None
        by_id: dict[str, _Answer] = {}
        for entry in recording.entries:
            message = Message.of(entry.octets.removesuffix(b"\r\n\r\n"))
            marked = message.get(KEY_ACTIONID, "")
            if not entry.is_server:
                self._note_action(message, by_id)
            elif marked in by_id and "Privilege" not in message:
                by_id[marked].octets.append(entry.octets)
                self._note_login(message, entry.time)
            elif KEY_EVENT in message and message[KEY_EVENT] != "FullyBooted":
                self.lines.append(Line(self._since_login(entry.time), entry.octets))

    def knows(self, name: str) -> bool:
        """Return whether it answers the actions of a name, in lower case."""
        return name in self._answers and name not in _OWN

    def answer(self, action: ReceivedAction) -> bytes:
        """Return the bytes that answer an action, with its own ActionID."""
        answers = self._answers[action.action.lower()]
        given = _parameters(action)
        alike = [each for each in answers if each.parameters == given] or answers
        chosen = alike[0]
        if len(answers) > 1 and len(alike) > 1:
            answers.remove(chosen)
        mark = action.get(KEY_ACTIONID, "").encode("utf-8", "surrogateescape")
        replacement, pattern = (
            (b"ActionID: " + mark, rb"(?m)^ActionID: [^\r\n]*") if mark else (b"", rb"(?m)^ActionID: [^\r\n]*\r\n")
        )
        return re.sub(pattern, lambda _found: replacement, b"".join(chosen.octets))

    def _since_login(self, time: float) -> float:
        return 0.0 if self._began is None else time - self._began

    def _note_action(self, message: Message, by_id: dict[str, _Answer]) -> None:
        answer = _Answer(_parameters(message), [])
        by_id[message.get(KEY_ACTIONID, "")] = answer
        self._answers.setdefault(message.get(KEY_ACTION, "").lower(), []).append(answer)

    def _note_login(self, message: Message, time: float) -> None:
        if self._began is None and message.get("Message") == "Authentication accepted":
            self._began = time


def _parameters(message: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items() if name.lower() != "actionid"}
