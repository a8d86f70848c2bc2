"""Bytes to messages and back: where a message ends, and what may be written.

Rules of this module:

- A message ends at an empty line. Lines end in CR LF; a bare LF ends one as well only in answers that are known to
  break this, and are known by their ActionID (`Framer.bare`): it may stand in any value.
- A command's raw text (Asterisk 13) ends at ``--END COMMAND--``, however many empty lines it holds. It is looked for
  only while such an answer is due (`Framer.raw`).
- What is held is searched once: the time that framing takes grows with the bytes alone, however they are cut.
- A CR, LF or NUL in a name or value is refused before anything is written.
- Under TLS, requests are cut into records that Asterisk reads whole (`records`).
- Nothing grows without bound: an incomplete line or message longer than its limit ends the connection.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ami_typed._speed import holds
from ami_typed.errors import HeaderRefused, NotAsterisk, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ami_typed.limits import Limits

__all__ = ["Framer", "encode", "is_writable", "records"]

_END = b"\r\n\r\n"
_END_OF_LINES = re.compile(rb"\r\n\r\n")
_BARE_END = re.compile(rb"\r?\n\r?\n")
_LINE_ENDS = re.compile(rb"(?:\r?\n)*")
_UNKNOWN, _PLAIN, _TEXT_END, _TEXT = range(4)
"""How the message ends that is held: it is not known yet; at an empty line; so, behind the mark of a raw text; at that
mark, which is still to come."""
_RAW_TEXT = b"Response: Follows\r\n"
_RAW_TEXT_END = b"--END COMMAND--"
_FORBIDDEN = "[\r\n\0]"
_LINE_BUFFER = 1024
"""How much of a line Asterisk holds; a longer one is discarded and refused (main/manager.c, get_input)."""
_RECORD = 1000
"""The longest TLS record that is written, in octets."""


def encode(action: str, lines: Sequence[tuple[str, str]]) -> bytes:
    """Write one message.

    Args:
        action: The action's name, to say in an error whose header it is.
        lines: Names and values, in order.

    Raises:
        HeaderRefused: A name or value would end its line or its message.
    """
    text = ""
    count = 0
    for name, value in lines:
        if not name or ":" in name:
            raise next(_refusals(action, lines))
        text += f"{name}: {value}\r\n"
        count += 1
    if text.count("\r") != count or text.count("\n") != count or "\0" in text:
        raise next(_refusals(action, lines))
    if not is_writable(text):
        raise next(_refusals(action, lines))
    return f"{text}\r\n".encode("utf-8", "surrogateescape")


def is_writable(text: str) -> bool:
    """Return whether each character of a text stands for bytes. The error of the codec would hold the whole text."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _refusals(action: str, lines: Iterable[tuple[str, str]]) -> Iterator[HeaderRefused]:
    """Say of each line of a message that cannot be written why not; its name is one of them and may be why."""
    action = _beginning(action)
    for name, value in lines:
        shown = _beginning(name)
        if re.search(_FORBIDDEN, name) or re.search(_FORBIDDEN, value):
            yield HeaderRefused(
                f"{action}: the header {shown!r} has a CR, LF or NUL in its name or value, which would start another "
                "action; nothing was sent. Take it out."
            )
        elif not name or ":" in name:
            yield HeaderRefused(f"{action}: {shown!r} is no name of a header: it is empty or has a colon.")
        elif not is_writable(name + value):
            yield HeaderRefused(f"{action}: the header {shown!r} has a character that stands for no bytes.")


def _beginning(text: str) -> str:
    """Return the part of a name that no value is in, where a whole line was given for it."""
    return re.split("[^ -~]|:", text)[0]


def records(octets: bytes) -> Sequence[bytes]:
    """Cut whole requests into the TLS records to send them in.

    Asterisk (22.10.1, main/manager.c, get_input) asks OpenSSL for as much as its line buffer has room for, and then
    waits on the socket. What is left of a record sits in OpenSSL meanwhile, and is not seen before more arrives. So no
    record is longer than that room, and records end with a line: then the buffer is empty for the next one.
    """
    if len(octets) <= _RECORD:
        return (octets,)
    cut: list[bytes] = []
    start = held = 0
    while start < len(octets):
        limit = start + min(_RECORD, _LINE_BUFFER - held)
        end = octets.rfind(b"\n", start, limit) + 1
        if end:
            held = 0
        else:
            end = min(limit, len(octets))
            held += end - start
            if held >= _LINE_BUFFER:
                held = 1  # the line is too long: all of it but its last octet is discarded
        cut.append(octets[start:end])
        start = end
    return cut


class Framer:
    """Cuts a stream of bytes into messages, in time that grows with the stream alone, however it is cut.

    Args:
        limits: See `Limits`.

    Attributes:
        bare: Tells of a message, by what is before its first empty line, whether a bare LF ends a line of it as well;
            `None` while no answer is due that does so.
        raw: Whether a command's raw text may come.
    """

    def __init__(self, limits: Limits) -> None:
        self.bare: Callable[[bytes], bool] | None = None
        self.raw = False
        self._limits = limits
        self._parts: list[bytes] = []
        self._held = 0
        self._line = 0
        self._ending = _UNKNOWN

    @property
    def incomplete(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._held > 0

    def line(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Take in bytes until the first line is complete; return it and what follows it.

        Raises:
            NotAsterisk: The line is longer than any greeting.
        """
        self._parts.append(data)
        line, feed, rest = b"".join(self._parts).partition(b"\n")
        if not feed:
            if len(line) > 1024:
                raise NotAsterisk.for_good(
                    "This is not Asterisk's Manager Interface: it sent 1 KiB without ending a line."
                )
            return None
        self._parts.clear()
        return line.removesuffix(b"\r"), rest

    def feed(self, data: bytes) -> bytes | Iterator[bytes]:
        """Take in bytes; return the messages that they complete.

        Returns:
            The messages as they came, each with its closing empty line, and behind the last perhaps the beginning of
            one that is kept here; or, where another line could be taken for an empty one, each without it, cut when it
            is asked for, so that one may change `bare` for the next. Among those, an empty line where a message should
            begin is an empty message.

        Raises:
            ProtocolError: A limit is exceeded.
        """
        if self.bare is not None or self._ending > _PLAIN:
            return self._cut(data)
        if not holds(data, _END) and not self._ends_across(data):
            self._parts.append(data)
            self._account(data)
            return b""
        if self._parts:
            data = b"".join((*self._parts, data))
            self._parts.clear()
        self._forget()
        if self.raw and holds(data, _RAW_TEXT):
            return self._cut(data)
        end = data.rfind(_END) + len(_END)
        if data.endswith(_END + b"\r\n", 0, end):
            end -= (end - _before_line_ends(data, end)) % 4  # an odd line end begins what follows
        if end < len(data):
            self._parts.append(data[end:])
            self._account(data[end:])
        if len(data) > self._limits.headers:
            for message in data.split(_END):
                self._check(message)
        return data

    def _cut(self, fed: bytes) -> Iterator[bytes]:
        """Yield messages one by one, each by the rule for its end."""
        data = self._parts.pop() + fed if self._parts else fed
        start = 0
        while True:
            if self._ending == _UNKNOWN and not self._parts:
                begin = _LINE_ENDS.match(data, start).end()  # type: ignore[union-attr]  # it matches everywhere
                if begin > start:
                    fed = b""
                    self._forget()
                for _ in range(data.count(b"\n", start, begin)):
                    yield b""
                start = begin
            end = self._first_end(data, start) if self._ending == _UNKNOWN else self._end(data, start)
            if end is None:
                break
            message = b"".join((*self._parts, data[start : end[0]]))
            self._parts.clear()
            self._forget()
            self._check(message)
            fed = b""
            yield message
            start = end[1]
        if start < len(data):
            self._keep(data[start:])
            self._account(fed or data[start:])

    def _first_end(self, data: bytes, start: int) -> tuple[int, int] | None:
        """Find the end of a message in which no empty line was found yet: what is before the first tells its rule."""
        empty = (_END_OF_LINES if self.bare is None else _BARE_END).search(data, start)
        if empty is None:
            return None
        before = b"".join((*self._parts, data[start : empty.start()])).lstrip(b"\r\n")
        if self.raw and before.startswith(_RAW_TEXT):
            self._ending = _TEXT_END if holds(before, _RAW_TEXT_END) else _TEXT
        elif self.bare is not None and self.bare(before):
            return empty.span()
        else:
            self._ending = _PLAIN
        return self._end(data, empty.start())

    def _end(self, data: bytes, start: int) -> tuple[int, int] | None:
        """Find the end of a message by its rule, from a place on."""
        if self._ending == _TEXT:
            start = data.find(_RAW_TEXT_END, start)
            if start < 0:
                return None
            self._ending = _TEXT_END
        end = data.find(_END, start)
        return (end, end + len(_END)) if end >= 0 else None

    def _keep(self, rest: bytes) -> None:
        """Hold what is not complete, its last bytes apart: an end may have begun in them."""
        tail = len(rest) - (len(_RAW_TEXT_END) if self._ending == _TEXT else len(_END)) + 1
        if tail > 0:
            self._parts.append(rest[:tail])
        self._parts.append(rest[max(0, tail) :])

    def _ends_across(self, data: bytes) -> bool:
        """Whether the end of a message lies across the bytes held and these."""
        return _END in b"".join(self._parts[-3:])[-3:] + data[:3]

    def _forget(self) -> None:
        self._held = self._line = 0
        self._ending = _UNKNOWN

    def _account(self, data: bytes) -> None:
        """Note bytes that are held, and refuse to hold more than the limits."""
        if data != b"\r\n" or self._held:  # an empty line where a message should begin is no beginning of one
            self._held += len(data)
        feed = data.rfind(b"\n")
        self._line = len(data) - feed - 1 if feed >= 0 else self._line + len(data)
        if self._held > self._limits.message:
            raise ProtocolError(f"A message of more than {self._limits.message} bytes (Limits.message) came.")
        if self._line > self._limits.line:
            raise ProtocolError(f"A line of more than {self._limits.line} bytes (Limits.line) came.")

    def _check(self, message: bytes) -> None:
        if message.count(b"\n") >= self._limits.headers:
            raise ProtocolError(f"A message of more than {self._limits.headers} lines (Limits.headers) came.")


def _before_line_ends(data: bytes, end: int) -> int:
    """Return where the line ends begin that come one after the other before ``end``."""
    while data.endswith(b"\r\n", 0, end):
        end -= 2
    return end
