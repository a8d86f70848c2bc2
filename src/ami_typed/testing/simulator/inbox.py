"""What a client sends, read line by line as Asterisk does.

Rules of this module (main/manager.c, get_input and do_message):

- A line ends with CR LF or with a bare LF. Whatever follows a NUL in a line is lost.
- A line of more than 1,023 bytes is discarded, and the message is answered with an error; so is a message of more than
  128 lines.
- The first header of a name counts; blanks in front of a value do not.
"""

from __future__ import annotations

from collections import deque

from ami_typed.testing.seam import ReceivedAction

__all__ = ["ROOM", "Inbox"]

ROOM = 1024
"""The size of Asterisk's line buffer."""
_MOST_LINES = 128
TOO_LONG = "Failed to parse message: line too long"
TOO_MANY = "Too many lines in message or allocation failure"


class Inbox:
    """Collects a client's bytes into actions.

    Attributes:
        actions: The complete actions, each with the error message with which the server refuses to parse it, if any.
    """

    def __init__(self) -> None:
        self.actions: deque[tuple[ReceivedAction, str | None]] = deque()
        self._held = b""
        self._lines: list[bytes] = []
        self._trouble: str | None = None

    @property
    def room(self) -> int:
        """The number of bytes that the line buffer has room for."""
        return max(1, ROOM - len(self._held))

    def receive(self, octets: bytes) -> None:
        """Add bytes."""
        *lines, self._held = (self._held + octets).split(b"\n")
        for line in lines:
            self._take(line.removesuffix(b"\r"))
        if len(self._held) >= ROOM:
            self._trouble = TOO_LONG
            self._held = self._held[-1:]

    def _take(self, line: bytes) -> None:
        if len(line) >= ROOM:
            self._trouble = TOO_LONG
            line = line[-1:]
        line = line.partition(b"\0")[0]
        if line:
            if len(self._lines) < _MOST_LINES:
                self._lines.append(line)
            else:
                self._trouble = TOO_MANY
            return
        self.actions.append((_action(self._lines), self._trouble))
        self._lines, self._trouble = [], None


def _action(lines: list[bytes]) -> ReceivedAction:
    return ReceivedAction.of(b"\r\n".join(_without_blanks(line) for line in lines))


def _without_blanks(line: bytes) -> bytes:
    name, colon, value = line.partition(b":")
    return name + b": " + value.lstrip() if colon else line
