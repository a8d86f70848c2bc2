r"""Scenarios: conversations between a client and a server, written down as a text that reads like a transcript.

    # Two pings, answered the other way round.
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

One line of the text is one line of the conversation. How to write one:

- ``S: text`` is a line of the server's, ``C: text`` one of the client's; each ends in CR LF, which is not written.
  ``S:`` alone is the empty line that ends a message. A client's message is compared with what a client says; see
  `templates` for the order of its headers and for the line ``...``.
- ``{name}`` in a client's line takes what the client says there; from then on it stands for just that.
- The server's lines that follow one another go out at once. ``\|`` parts them where it stands, and a backslash at
  the end of a line leaves out its CR LF. Bytes are written as ``\xE9``, ``\r``, ``\n``, ``\t``, ``\0``, ``\\``, ``\{``.
- ``S closes`` ends the connection, and whatever comes next is said on another one; ``C closes`` waits until the client
  has ended it; ``S waits 0.5 s`` is a pause for somebody who looks on.
- ``A does something`` is for the application behind the client: a stand-in hands it to whoever plays that, as text,
  together with the indented lines below it, and else passes over it.
- ``#`` begins a comment, at the beginning of a line only. Empty lines mean nothing, nor do blanks at the end of a line;
  where one is said, it is written ``\x20``.

Rules of this module: everything wrong with a text is found at once, each with its line; what is read cannot change.
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
    """The server says something.

    Attributes:
        line: Where it stands in the scenario.
        chunks: What to write, each at once.
    """

    line: int
    chunks: tuple[Template, ...]


class Expect(NamedTuple):
    """The client is to say a message.

    Attributes:
        line: Where it stands in the scenario.
        lines: Its lines, without the empty one at the end.
    """

    line: int
    lines: tuple[Template, ...]


class HangUp(NamedTuple):
    """The server closes the connection."""

    line: int


class Leave(NamedTuple):
    """The client is to close the connection, and to say nothing more."""

    line: int


class Pause(NamedTuple):
    """The server does nothing for a while.

    Attributes:
        line: Where it stands in the scenario.
        seconds: For how long.
    """

    line: int
    seconds: float


class Deed(NamedTuple):
    """The application does something, or finds something done.

    Attributes:
        line: Where it stands in the scenario.
        words: What it does.
        details: The indented lines below.
    """

    line: int
    words: Template
    details: tuple[Template, ...]

    def text(self, captured: Mapping[str, bytes]) -> tuple[str, list[str]]:
        """Return the words and the details, with what the holes have captured."""
        return self.words.text(captured), [detail.text(captured) for detail in self.details]


Step = Say | Expect | HangUp | Leave | Pause | Deed


class ScenarioError(ValueError):
    """A text is no scenario.

    Attributes:
        name: The scenario's name.
        troubles: What is wrong with it, one sentence each, by line.
    """

    def __init__(self, name: str, troubles: Mapping[int, str]) -> None:
        self.name = name
        self.troubles = dict(sorted(troubles.items()))
        super().__init__("\n".join(f"{name}, line {line}: {trouble}." for line, trouble in self.troubles.items()))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[str, dict[int, str]]]:
        """Pickle by the parts; the default would call the class with the sentence."""
        return type(self), (self.name, self.troubles)


class Scenario(NamedTuple):
    """A conversation.

    Attributes:
        name: What it is called, to say where something went wrong.
        steps: What happens, in order.
    """

    name: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, text: str, name: str = "scenario") -> Scenario:
        """Read a scenario from its text.

        Raises:
            ScenarioError: It is none; says every mistake with its line.
        """
        return cls(name, _Reader(name).read(text))

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Scenario:
        """Read a scenario from a file.

        Raises:
            ScenarioError: It is none; says every mistake with its line.
            OSError: The file cannot be read.
        """
        return cls.of(Path(path).read_text(encoding="utf-8"), Path(path).name)


def demo() -> Scenario:
    """Return the scenario that the demo is played with."""
    return Scenario.of(resources.files("ami_typed.testing").joinpath("demo.txt").read_text("utf-8"), "demo.txt")


class _Reader:
    """Reads one text, line by line, and collects what is wrong with it."""

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
            raise ValueError(f"this is nobody's: {_HOW}")
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
            raise ValueError("an application says nothing on the connection; write `A ` and what it does")
        self._steps.append(Deed(number, self._one(does), ()))
        self._in_deed = True

    def _add_detail(self, text: str) -> None:
        if not self._in_deed:
            raise ValueError(f"this is indented and belongs to nothing: {_HOW}")
        deed = self._steps[-1]
        assert isinstance(deed, Deed)
        self._steps[-1] = deed._replace(details=(*deed.details, self._one(text)))

    def _client_says(self, number: int, text: str) -> None:
        if text:
            self._began = self._began or number
            (line, *more) = chunks(text)
            if more:
                raise ValueError("how a client's words are chunked cannot be chosen; take the \\| out")
            self._message.append(line)
            self._known.update(line.holes)
        elif self._message:
            self._steps.append(Expect(self._began, tuple(self._message)))
            self._message, self._began = [], 0
        else:
            raise ValueError("the client's message ends before it has begun")

    def _end_message(self) -> None:
        """Complain where a client's message was not ended, once."""
        if self._message:
            self._troubles[self._began] = "the client's message that begins here does not end; write `C:` below it"
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
            raise ValueError("only what the server says can be chunked; take the \\| out")
        self._check_holes(template)
        return template

    def _check_holes(self, template: Template) -> None:
        for hole in template.holes:
            if hole not in self._known:
                raise ValueError(f"nothing is known of {{{hole}}} here: no line of the client's above has it")


def _doing(number: int, found: re.Match[str]) -> Step:
    """Read what the server or the client does."""
    match found["who"], found["does"]:
        case "S", "closes":
            return HangUp(number)
        case "C", "closes":
            return Leave(number)
        case "S", does if pause := _PAUSE.fullmatch(does):
            return Pause(number, float(pause[1]))
        case who, does:
            can = "`S closes` or `S waits 0.5 s`" if who == "S" else "`C closes`"
            raise ValueError(f"`{who} {does}` is nothing that can be done here; {can} is. To say it, write `{who}: `")


def _joined(steps: list[Step]) -> list[Step]:
    """Join what the server says line by line, so that nothing but a mark for it parts two chunks."""
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
