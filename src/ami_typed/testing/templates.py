r"""Templates: the lines of a scenario as bytes with holes, and their comparison with what a client sent.

Rules of this module:

- ``{name}`` is a hole. It captures the text at its first occurrence, and stands for that text afterwards.
- ``\r``, ``\n``, ``\t``, ``\0``, ``\xE9`` and ``\\`` are those bytes, ``\{`` is a brace; ``\|`` separates two chunks.
  Any other backslash is an error.
- The headers of a client's message may come in any order, but repeated ones keep theirs; the line ``...`` allows
  further headers. Differences never show a secret.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from ami_typed.messages import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["ANY_MORE", "Hole", "Template", "chunks", "difference", "match"]

ANY_MORE = "..."
"""The line of a client's message that allows further headers."""

_TOKEN = re.compile(r"\\(x[0-9A-Fa-f]{2}|.|$)|\{([A-Za-z_]\w*)\}|[^\\{]+|\{")
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", "{": b"{"}
_CHUNK = "|"


class Hole(NamedTuple):
    """A placeholder for text that is not known in advance.

    Attributes:
        name: Its name in the scenario.
    """

    name: str


class Template(NamedTuple):
    """Bytes with holes.

    Attributes:
        parts: The bytes and the holes between them.
    """

    parts: tuple[bytes | Hole, ...]

    @property
    def holes(self) -> list[str]:
        """The names of its holes."""
        return [part.name for part in self.parts if isinstance(part, Hole)]

    def fill(self, captured: Mapping[str, bytes]) -> bytes:
        """Return the bytes, with captured text filled in."""
        return b"".join(captured[part.name] if isinstance(part, Hole) else part for part in self.parts)

    def text(self, captured: Mapping[str, bytes]) -> str:
        """Return the same as `fill`, decoded."""
        return self.fill(captured).decode("utf-8", "surrogateescape")

    def capture(self, octets: bytes, captured: dict[str, bytes]) -> bool:
        """Compare with bytes, and capture text in the holes that are still open. Return whether they match."""
        pattern = b""
        for hole in self.parts:
            if isinstance(hole, bytes):
                pattern += re.escape(hole)
            elif hole.name in captured:
                pattern += re.escape(captured[hole.name])
            else:
                pattern += b"(?P<" + hole.name.encode() + b">.*?)"
        found = re.fullmatch(pattern, octets, re.DOTALL)
        if found is not None:
            captured.update(found.groupdict())
        return found is not None

    def __str__(self) -> str:
        return "".join(_shown(part) for part in self.parts)


def _shown(part: bytes | Hole) -> str:
    return f"{{{part.name}}}" if isinstance(part, Hole) else _readable(part)


def _filled(part: bytes | Hole, captured: Mapping[str, bytes]) -> str:
    octets = captured.get(part.name) if isinstance(part, Hole) else part
    return _shown(part) if octets is None else _readable(octets)


def _readable(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")


def chunks(text: str) -> list[Template]:
    r"""Parse a line of a scenario into one template per chunk, separated by ``\|``.

    Raises:
        ValueError: The line has an unknown escape sequence.
    """
    found: list[list[bytes | Hole]] = [[]]
    for token in _TOKEN.finditer(text):
        escape, hole = token.groups()
        if escape == _CHUNK:
            found.append([])
        elif hole:
            found[-1].append(Hole(hole))
        else:
            found[-1].append(token[0].encode() if escape is None else _unescaped(escape))
    return [Template(tuple(parts)) for parts in found]


def _unescaped(escape: str) -> bytes:
    if len(escape) == 3:
        return bytes.fromhex(escape[1:])
    if escape not in _ESCAPES:
        raise ValueError(f"\\{escape} is not an escape sequence; write a backslash as \\\\")
    return _ESCAPES[escape]


def match(expected: Sequence[Template], lines: Sequence[bytes], captured: dict[str, bytes]) -> bool:
    """Compare a client's message with a scenario. Captures are kept only if the whole message matches.

    Args:
        expected: The scenario's lines.
        lines: The client's lines.
        captured: The text captured so far; updated on a match.
    """
    wanted = sorted((line for line in expected if str(line) != ANY_MORE), key=lambda line: _name(str(line)))
    given = sorted(lines, key=lambda line: _name(_readable(line)))
    if len(wanted) < len(expected):
        names = {_name(str(line)) for line in wanted}
        given = [line for line in given if _name(_readable(line)) in names]
    if len(wanted) != len(given):
        return False
    learnt = dict(captured)
    if not all(line.capture(octets, learnt) for line, octets in zip(wanted, given, strict=True)):
        return False
    captured.update(learnt)
    return True


def _name(line: str) -> str:
    return line.partition(":")[0].lower()


def difference(expected: Iterable[Template], lines: Iterable[bytes], captured: Mapping[str, bytes]) -> str:
    """Show what a scenario expects (-) next to what the client sent (+), with secrets masked."""
    wanted = ["".join(_filled(part, captured) for part in line.parts) for line in expected]
    given = [_without_secret(_readable(line)) for line in lines]
    return "\n".join(line.rstrip("\n") for line in difflib.ndiff(wanted, given) if not line.startswith("?"))


def _without_secret(line: str) -> str:
    name, colon, value = line.partition(":")
    return f"{name}: ***" if colon and value.strip() and name.lower() in Request.secrets else line
