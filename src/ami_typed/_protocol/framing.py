"""Bytes to messages and back: where a message ends, and what may be written.

Rules of this module:

- A message ends at an empty line. Lines end in CR LF; only while an answer is awaited that is known to break this
  (`Framer.bare`) does a bare LF end a line as well, because looking for it costs more than all the rest.
- A command's raw text (Asterisk 13) ends at ``--END COMMAND--``, however many empty lines it holds. It is looked for
  only while an answer is awaited (`Framer.raw`).
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
    from collections.abc import Iterable, Iterator, Sequence

    from ami_typed.limits import Limits

__all__ = ["Framer", "encode", "records"]

_END = b"\r\n\r\n"
_BARE_END = rb"\r?\n\r?\n"
_LINE_ENDS = rb"[\r\n]*"
_RAW_TEXT = b"Response: Follows\r\n"
_RAW_TEXT_BEGINS = rb"Response: Follows\r\n(?!\r?\n)"
_EMPTY_LINES = rb"\A(?:\r\n)+(?=Response: Follows\r\n)"
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
    try:
        return f"{text}\r\n".encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise HeaderRefused(f"{action}: {error.object[error.start : error.end]!r} stands for no bytes.") from None


def _refusals(action: str, lines: Iterable[tuple[str, str]]) -> Iterator[HeaderRefused]:
    """Say of each line of a message that cannot be written why not; its name is one of them and may be why."""
    action = action if action.isprintable() else repr(action)
    for name, value in lines:
        if re.search(_FORBIDDEN, name) or re.search(_FORBIDDEN, value):
            yield HeaderRefused(
                f"{action}: the header {name!r} has a CR, LF or NUL in its name or value, which would start another "
                "action; nothing was sent. Take it out."
            )
        elif not name or ":" in name:
            yield HeaderRefused(f"{action}: {name!r} is no name of a header: it is empty or has a colon.")


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
    """Cuts a stream of bytes into messages.

    Args:
        limits: See `Limits`.

    Attributes:
        bare: Whether a bare LF ends a line too.
        raw: Whether a command's raw text may come.
    """

    def __init__(self, limits: Limits) -> None:
        self.bare = False
        self.raw = False
        self._limits = limits
        self._parts: list[bytes] = []
        self._held = 0
        self._line = 0

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

    def feed(self, data: bytes) -> bytes | list[bytes]:
        """Take in bytes; return the messages that they complete.

        Returns:
            The messages as they came, each with its closing empty line, and behind the last perhaps the beginning of
            one that is kept here; or, where another line could be taken for an empty one, a list of them, each without
            it. While `bare`, an empty line where a message should begin is an empty message.

        Raises:
            ProtocolError: A limit is exceeded.
        """
        if not self.bare and not holds(data, _END) and not self._ends_across(data):
            self._hold(data)
            return b""
        if self._parts:
            data = b"".join((*self._parts, data))
            self._parts.clear()
        self._held = self._line = 0
        if self.bare or (self.raw and holds(data, _RAW_TEXT)):
            return self._cut(data)
        end = data.rfind(_END) + len(_END)
        if data.endswith(_END + b"\r\n", 0, end):
            end -= (end - _before_line_ends(data, end)) % 4  # an odd line end begins what follows
        if end < len(data):
            self._hold(data[end:])
        if len(data) > self._limits.headers:
            self._check(data.split(_END))
        return data

    def _cut(self, data: bytes) -> list[bytes]:
        messages = _cut_bare(data) if self.bare else _join_raw_text(data.split(_END))
        rest = messages.pop()
        if rest:
            self._hold(rest)
        self._check(messages)
        return messages if self.bare else [message for message in messages if message]

    def _ends_across(self, data: bytes) -> bool:
        """Whether the end of a message lies across the bytes held and these."""
        return _END in b"".join(self._parts[-3:])[-3:] + data[:3]

    def _hold(self, data: bytes) -> None:
        self._parts.append(data)
        if data != b"\r\n" or self._held:  # an empty line where a message should begin is no beginning of one
            self._held += len(data)
        feed = data.rfind(b"\n")
        self._line = len(data) - feed - 1 if feed >= 0 else self._line + len(data)
        if self._held > self._limits.message:
            raise ProtocolError(f"A message of more than {self._limits.message} bytes (Limits.message) came.")
        if self._line > self._limits.line:
            raise ProtocolError(f"A line of more than {self._limits.line} bytes (Limits.line) came.")

    def _check(self, messages: list[bytes]) -> None:
        if any(message.count(b"\n") >= self._limits.headers for message in messages):
            raise ProtocolError(f"A message of more than {self._limits.headers} lines (Limits.headers) came.")


def _before_line_ends(data: bytes, end: int) -> int:
    """Return where the line ends begin that come one after the other before ``end``."""
    while data.endswith(b"\r\n", 0, end):
        end -= 2
    return end


def _join_raw_text(messages: list[bytes]) -> list[bytes]:
    """Put the pieces of raw texts together again, which were cut at their own empty lines."""
    joined: list[bytes] = []
    ended = True
    for message in messages:
        if ended:
            joined.append(re.sub(_EMPTY_LINES, b"", message))
        else:
            joined[-1] += _END + message
        ended = not joined[-1].startswith(_RAW_TEXT) or _RAW_TEXT_END in joined[-1]
    return joined


def _cut_bare(data: bytes) -> list[bytes]:
    """Cut at empty lines made of bare LFs as well, except in raw texts; what is left comes last."""
    messages: list[bytes] = []
    start = 0
    line_ends, bare_end, raw_text = map(re.compile, (_LINE_ENDS, _BARE_END, _RAW_TEXT_BEGINS))
    while True:
        begin = line_ends.match(data, start).end()  # type: ignore[union-attr]  # it matches everywhere
        messages += [b""] * data.count(b"\n", start, begin)
        start = begin
        mark = data.find(_RAW_TEXT_END, start) if raw_text.match(data, start) else start
        end = bare_end.search(data, mark) if mark >= 0 else None
        if end is None:
            return [*messages, data[start:]]
        messages.append(data[start : end.start()])
        start = end.end()
