r"""Scenarios: conversations between a client and a server, written as a text that reads like a transcript.

    # Two pings, answered in reverse order.
    A connects
    S: Asterisk Call Manager/7.0.3

    C: Action: Ping
    C: ActionID: {first}
    C:
    C: Action: Ping
    C: ActionID: {second}
    C:
    S: Response: Success
    S: ActionID: {second}
    S:
    ...

Each line of the text is one line of the conversation. The syntax:

- ``S: text`` is a line sent by the server, ``C: text`` one sent by the client; each ends in CR LF, which is implied.
  ``S:`` alone is the empty line that ends a message. A client's message is compared with what the client sends; see
  `templates` for the order of its headers and for the line ``...``.
- ``{name}`` in a client's line captures the text that the client sends there, and from then on stands for it.
- Consecutive server lines are sent in one write. ``\|`` splits the write at that point, and a backslash at the end of
  a line omits its CR LF. Bytes are written as ``\xE9``, ``\r``, ``\n``, ``\t``, ``\0``, ``\\``, ``\{``.
- ``S closes`` closes the connection; the next line is sent on a new one. ``C closes`` waits until the client has closed
  it. ``S waits 0.5 s`` is a pause for human viewers.
- ``A does something`` is meant for the application that uses the client: the stand-in passes it, as text and with the
  indented lines below it, to the function that plays the application, and skips it if there is none.
- ``#`` at the beginning of a line starts a comment. Empty lines and trailing blanks are ignored; write a significant
  blank as ``\x20``.

Rules of this module: all mistakes in a text are reported together, each with its line; a scenario is immutable.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ami_typed.testing.templates import Template, chunks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

__all__ = ["Deed", "Expect", "HangUp", "Leave", "Pause", "Say", "Scenario", "ScenarioError", "Step", "demo"]

_LINE = re.compile(r"(?P<who>[SCA])(?P<says>:(?: (?P<text>.*))?| (?P<does>\S.*))")
_DETAIL = re.compile(r"\s+(\S.*)")
_PAUSE = re.compile(r"waits (\d+(?:\.\d+)?) s")
_HOW = "a line begins with `S:`, `C:`, `S `, `C `, `A ` or `#`, or is indented below one that begins with `A `"


class Say(NamedTuple):
    """The server sends something.

    Attributes:
        line: Its line number in the scenario.
        chunks: The chunks to send, each in one write.
    """

    line: int
    chunks: tuple[Template, ...]


class Expect(NamedTuple):
    """The client must send a message.

    Attributes:
        line: Its line number in the scenario.
        lines: The message's lines, without the empty one at the end.
    """

    line: int
    lines: tuple[Template, ...]


class HangUp(NamedTuple):
    """The server closes the connection."""

    line: int


class Leave(NamedTuple):
    """The client must close the connection without sending anything more."""

    line: int


class Pause(NamedTuple):
    """The server does nothing for a while.

    Attributes:
        line: Its line number in the scenario.
        seconds: The duration.
    """

    line: int
    seconds: float


class Deed(NamedTuple):
    """The application does something, or observes something.

    Attributes:
        line: Its line number in the scenario.
        words: The text that says what it does.
        details: The indented lines below.
    """

    line: int
    words: Template
    details: tuple[Template, ...]

    def text(self, captured: Mapping[str, bytes]) -> tuple[str, list[str]]:
        """Return the words and the details, with captured text filled in."""
        return self.words.text(captured), [detail.text(captured) for detail in self.details]


Step = Say | Expect | HangUp | Leave | Pause | Deed


class ScenarioError(ValueError):
    """A scenario's text is invalid.

    Attributes:
        name: The scenario's name.
        troubles: The mistakes, one sentence each, by line number.
    """

    def __init__(self, name: str, troubles: Mapping[int, str]) -> None:
        self.name = name
        self.troubles = dict(sorted(troubles.items()))
        super().__init__("\n".join(f"{name}, line {line}: {trouble}." for line, trouble in self.troubles.items()))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[str, dict[int, str]]]:
        """Pickle the arguments; the default would call the class with the error message."""
        return type(self), (self.name, self.troubles)


class Scenario(NamedTuple):
    """A conversation.

    Attributes:
        name: Its name, used in error messages.
        steps: Its steps, in order.
    """

    name: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, text: str, name: str = "scenario") -> Scenario:
        """Read a scenario from its text.

        Raises:
            ScenarioError: The text is invalid; lists every mistake with its line.
        """
        return cls(name, _Reader(name).read(text))

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Scenario:
        """Read a scenario from a file.

        Raises:
            ScenarioError: The text is invalid; lists every mistake with its line.
            OSError: The file cannot be read.
        """
        return cls.of(Path(path).read_text(encoding="utf-8"), Path(path).name)


def demo() -> Scenario:
    """Return the scenario played by the demo."""
    return Scenario.of(resources.files("ami_typed.testing").joinpath("demo.txt").read_text("utf-8"), "demo.txt")


class _Reader:
    """Parses one text, line by line, and collects its mistakes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._steps: list[Step] = []
        self._troubles: dict[int, str] = {}
        self._message: list[Template] = []
        self._began = 0
        self._known: set[str] = set()
        self._in_deed = False

    def read(self, text: str) -> tuple[Step, ...]:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip() and not line.startswith("#"):
                try:
                    self._take(number, line.rstrip())
                except ValueError as error:
                    self._troubles[number] = str(error)
        self._end_message()
        if self._troubles:
            raise ScenarioError(self._name, self._troubles)
        return tuple(_joined(self._steps))

    def _take(self, number: int, line: str) -> None:
        if detail := _DETAIL.fullmatch(line):
            self._add_detail(detail[1])
            return
        self._in_deed = False
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"unknown kind of line: {_HOW}")
        if found["who"] == "C" and not found["does"]:
            self._client_says(number, found["text"] or "")
            return
        self._end_message()
        if found["who"] == "A":
            self._application(number, found["does"])
        else:
            self._steps.append(self._server_says(number, line) if found["does"] is None else _doing(number, found))

    def _application(self, number: int, does: str | None) -> None:
        if does is None:
            raise ValueError("an application does not send lines; write `A ` and what it does")
        self._steps.append(Deed(number, self._one(does), ()))
        self._in_deed = True

    def _add_detail(self, text: str) -> None:
        if not self._in_deed:
            raise ValueError(f"this line is indented but belongs to no `A ` line: {_HOW}")
        deed = self._steps[-1]
        assert isinstance(deed, Deed)
        self._steps[-1] = deed._replace(details=(*deed.details, self._one(text)))

    def _client_says(self, number: int, text: str) -> None:
        if text:
            self._began = self._began or number
            (line, *more) = chunks(text)
            if more:
                raise ValueError("only the server's lines can be split into chunks; remove the \\|")
            self._message.append(line)
            self._known.update(line.holes)
        elif self._message:
            self._steps.append(Expect(self._began, tuple(self._message)))
            self._message, self._began = [], 0
        else:
            raise ValueError("the client's message has no lines")

    def _end_message(self) -> None:
        """Record a mistake if a client's message was not ended, once."""
        if self._message:
            self._troubles[self._began] = "the client's message that begins here is not terminated; write `C:` below it"
            self._message, self._began = [], 0

    def _server_says(self, number: int, line: str) -> Say:
        text = line[2:].removeprefix(" ")
        whole = not re.search(r"(?<!\\)(?:\\\\)*\\$", text)
        pieces = chunks(text if whole else text[:-1])
        if whole:
            pieces[-1] = Template((*pieces[-1].parts, b"\r\n"))
        for piece in pieces:
            self._check_holes(piece)
        return Say(number, tuple(pieces))

    def _one(self, text: str) -> Template:
        template, *more = chunks(text)
        if more:
            raise ValueError("only the server's lines can be split into chunks; remove the \\|")
        self._check_holes(template)
        return template

    def _check_holes(self, template: Template) -> None:
        for hole in template.holes:
            if hole not in self._known:
                raise ValueError(f"{{{hole}}} is not defined here: no client line above captures it")


def _doing(number: int, found: re.Match[str]) -> Step:
    """Parse what the server or the client does."""
    match found["who"], found["does"]:
        case "S", "closes":
            return HangUp(number)
        case "C", "closes":
            return Leave(number)
        case "S", does if pause := _PAUSE.fullmatch(does):
            return Pause(number, float(pause[1]))
        case who, does:
            can = "`S closes` or `S waits 0.5 s`" if who == "S" else "`C closes`"
            raise ValueError(f"`{who} {does}` is unknown here; use {can}. To send it as text, write `{who}: `")


def _joined(steps: list[Step]) -> list[Step]:
    """Join consecutive server lines, so that only an explicit mark splits them into chunks."""
    joined: list[Step] = []
    for step in steps:
        before = joined[-1] if joined else None
        if isinstance(step, Say) and isinstance(before, Say):
            *whole, last = before.chunks
            first, *rest = step.chunks
            joined[-1] = Say(before.line, (*whole, Template((*last.parts, *first.parts)), *rest))
        else:
            joined.append(step)
    return joined
