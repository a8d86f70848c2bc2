r"""Recordings: one conversation with a server, as a text that people can read and tests can replay.

    ami-typed recording 1
    # Asterisk 22.10.1, 2026-11-27

    @ 0.000 S partial
    Asterisk Call Manager/11.0.0

    @ 0.021 C
    Action: Ping
    ActionID: 1

    @ 0.022 S
    Response: Success
    ...

Each block begins with the time in seconds since the first one, and who says it: S the server, C the client. Its lines
are those of one message, which ends with an empty line, unless it is ``partial`` (one line, ended by CR LF) or ``torn``
(not ended at all). Bytes that are not UTF-8,
control characters and backslashes are written as ``\xE9`` and ``\\``; a line that would begin with ``@`` or ``#``
begins with a backslash, ``\@``.

Rules of this module:

- What is read and written again is the same, byte by byte.
- Redaction keeps relations: the same number or address becomes the same replacement everywhere. Secrets of log-ins are
  redacted always.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import PathLike

__all__ = ["Entry", "Recording", "RecordingError"]

_TITLE = "ami-typed recording 1"
_HEAD = re.compile(r"@ (\d+\.\d+) ([SC])( partial| torn)?")
_END = b"\r\n"
_SECRETS = re.compile(rb"^((?:Secret|Key|Challenge): ).*$", re.MULTILINE | re.IGNORECASE)
_NUMBERED = re.compile(
    rb"^(?:\w*CallerIDNum|\w*ConnectedLineNum|\w*Exten|Extension|CallerID|DialString|Destination): .*$", re.MULTILINE
)
_NUMBER = re.compile(rb"(?<![\d.])\+?\d{5,}(?![\d.])")
_ADDRESS = re.compile(
    rb"(?<![\w.])(?:\d{1,3}(?:\.\d{1,3}){3})(?![\w.])|\[?(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}\]?"
)
_HOST = re.compile(rb"(?<=@)[A-Za-z][\w-]*(?:\.[\w-]+)+")
_TIMES = re.compile(rb"^(?:Timestamp|\w*Uniqueid|\w*Linkedid|EventTV|SessionTV|SessionID|ActionID): ", re.IGNORECASE)


class RecordingError(ValueError):
    """A text is not a recording; the message says where."""


class Entry(NamedTuple):
    """What one side says at once.

    Attributes:
        time: When, in seconds since the first entry.
        is_server: Whether the server says it; otherwise the client.
        octets: The bytes.
    """

    time: float
    is_server: bool
    octets: bytes


class Recording(NamedTuple):
    """A conversation.

    Attributes:
        entries: What is said, in order.
        remarks: Comments at the beginning.
    """

    entries: tuple[Entry, ...]
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Recording:
        """Read a recording from its text.

        Raises:
            RecordingError: The text is not a recording.
        """
        title, *lines = text.split("\n")
        if title.strip() != _TITLE:
            raise RecordingError(f"A recording begins with the line {_TITLE!r}.")
        remarks = tuple(line[1:].strip() for line in lines if line.startswith("#"))
        return cls(tuple(_entries(lines)), remarks)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Recording:
        """Read a recording from a file.

        Raises:
            RecordingError: The file is not a recording.
            OSError: The file cannot be read.
        """
        return cls.of(Path(path).read_text("utf-8"))

    def text(self) -> str:
        """Return the recording as text."""
        head = "\n".join((_TITLE, *(f"# {remark}" for remark in self.remarks)))
        return "\n".join((head, "", *map(_written, self.entries)))

    def write(self, path: str | PathLike[str]) -> None:
        """Write the recording to a file."""
        Path(path).write_text(self.text(), "utf-8", newline="\n")

    def redacted(self, *, numbers: bool = False, addresses: bool = False) -> Recording:
        """Return the recording without the secrets of log-ins.

        Args:
            numbers: Whether to replace telephone numbers of five digits or more: those in headers for numbers, wherever
                else they stand.
            addresses: Whether to replace IP addresses and the names of hosts in URIs, except loopback addresses.
        """
        octets = b"".join(entry.octets for entry in self.entries)
        replace: dict[bytes, bytes] = {}
        if numbers:
            found = {each for line in _NUMBERED.findall(octets) for each in _NUMBER.findall(line)}
            replace |= {each: b"%07d" % (5550100 + place) for place, each in enumerate(sorted(found))}
        if addresses:
            hosts = {each for each in _ADDRESS.findall(octets) if _is_foreign(each)}
            replace |= {each: b"192.0.2.%d" % (place % 254 + 1) for place, each in enumerate(sorted(hosts))}
            replace |= {
                each: b"host-%d.example" % place for place, each in enumerate(sorted(set(_HOST.findall(octets))))
            }
        change = _replacing(replace)
        return Recording(tuple(each._replace(octets=change(each.octets)) for each in self.entries), self.remarks)


def _is_foreign(address: bytes) -> bool:
    try:
        return not ipaddress.ip_address(address.decode().strip("[]")).is_loopback
    except ValueError:
        return False


def _replacing(replace: dict[bytes, bytes]) -> Callable[[bytes], bytes]:
    words = b"|".join(re.escape(each) for each in sorted(replace, key=len, reverse=True))
    pattern = re.compile(rb"(?<![\w.])(?:" + words + rb")(?![\d.]*\d)" if words else rb"(?!)")

    def change(octets: bytes) -> bytes:
        lines = _SECRETS.sub(rb"\1***\r", octets).replace(b"\r\r", b"\r").split(b"\n")
        return b"\n".join(
            line if _TIMES.match(line) else pattern.sub(lambda found: replace[found[0]], line) for line in lines
        )

    return change


def _entries(lines: Iterable[str]) -> Iterator[Entry]:
    head: re.Match[str] | None = None
    held: list[bytes] = []
    for number, line in enumerate(lines, 2):
        if line.startswith("@"):
            if head is not None:
                yield _entry(head, held)
            head, held = _HEAD.fullmatch(line.rstrip()), []
            if head is None:
                raise RecordingError(f"Line {number}: a block begins as in `@ 1.250 S` or `@ 1.250 C partial`.")
        elif head is not None:
            held.append(_octets(line, number))
        elif line.strip() and not line.startswith("#"):
            raise RecordingError(f"Line {number}: a block begins with `@`, a comment with `#`.")
    if head is not None:
        yield _entry(head, held)


def _entry(head: re.Match[str], lines: list[bytes]) -> Entry:
    while lines and not lines[-1]:
        lines.pop()
    endings = {None: _END * 2, " partial": _END, " torn": b""}
    return Entry(float(head[1]), head[2] == "S", _END.join(lines) + endings[head[3]])


def _written(entry: Entry) -> str:
    endings = {_END * 2: "", _END: " partial", b"": " torn"}
    ending = next(each for each in endings if entry.octets.endswith(each))
    lines = entry.octets.removesuffix(ending).split(_END)
    head = f"@ {entry.time:.3f} {'S' if entry.is_server else 'C'}{endings[ending]}"
    return "\n".join((head, *map(_readable, lines), ""))


def _readable(line: bytes) -> str:
    text = line.decode("utf-8", "surrogateescape").replace("\\", "\\\\")
    text = re.sub(r"[\x00-\x1f\x7f\udc80-\udcff]", lambda found: f"\\x{ord(found[0]) & 0xFF:02X}", text)
    return f"\\{text}" if text.startswith(("@", "#")) else text


def _octets(line: str, number: int) -> bytes:
    def plain(found: re.Match[str]) -> str:
        if found[1]:
            octet = int(found[1], 16)
            return chr(octet) if octet < 0x80 else chr(0xDC00 + octet)
        if found[2] in {"\\", "@", "#"}:
            return found[2]
        raise RecordingError(f"Line {number}: \\{found[2]} is not an escape sequence; write a backslash as \\\\.")

    return re.sub(r"\\(?:x([0-9A-Fa-f]{2})|(.?))", plain, line).encode("utf-8", "surrogateescape")
