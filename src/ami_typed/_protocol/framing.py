"""Framing: split a byte stream into messages, and encode messages as bytes.

Rules of this module:

- A message ends at an empty line. Lines end in CR LF. A bare LF, which any value may contain, ends a line only in
  answers that are known to break this rule and are recognised by their ActionID (`Framer.expect`).
- A command's raw text (Asterisk 13) ends at ``--END COMMAND--``, however many empty lines it contains. This marker is
  searched for only while such an answer is pending (`Framer.expect`).
- Buffered bytes are searched once: framing takes time linear in the number of bytes, however reads split them.
- A CR, LF or NUL in a name or value is rejected before anything is written.
- Under TLS, requests are split into records that Asterisk reads completely (`records`).
- Buffers are bounded: an incomplete line or message that exceeds its limit ends the connection.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ami_typed._speed import contains
from ami_typed.errors import HeaderRefused, NotAsterisk, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ami_typed.limits import Limits

__all__ = ["Framer", "encode", "is_writable", "records"]

_END: Final = b"\r\n\r\n"
_END_OF_LINES = re.compile(rb"\r\n\r\n")
_BARE_END = re.compile(rb"\r?\n\r?\n")
_LINE_ENDS = re.compile(rb"(?:\r?\n)*")
_UNKNOWN: Final = 0
_PLAIN: Final = 1
_TEXT_END: Final = 2
_TEXT: Final = 3
"""How the buffered message ends: not known yet; at an empty line; at an empty line after the end marker of a raw text,
which has arrived; after that marker, which has not."""
_RAW_TEXT: Final = b"Response: Follows\r\n"
_RAW_TEXT_END: Final = b"--END COMMAND--"
_FORBIDDEN = "[\r\n\0]"
_LINE_BUFFER = 1024
"""The size of Asterisk's line buffer, in bytes; it discards and rejects longer lines (main/manager.c, get_input)."""
_RECORD = 1000
"""The maximum size of a TLS record to write, in bytes."""


def encode(action: str, lines: Sequence[tuple[str, str]]) -> bytes:
    """Encode one message.

    Args:
        action: The action's name, for error messages.
        lines: Names and values, in order.

    Raises:
        HeaderRefused: A name or value would end its line or its message, or cannot be encoded.
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
    """Return whether a text can be encoded. The codec's own exception would contain the whole text."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _refusals(action: str, lines: Iterable[tuple[str, str]]) -> Iterator[HeaderRefused]:
    """Yield an error for each line that cannot be written. The action's name is one of them, and may be at fault."""
    action = _beginning(action)
    for name, value in lines:
        shown = _beginning(name)
        if re.search(_FORBIDDEN, name) or re.search(_FORBIDDEN, value):
            yield HeaderRefused(
                f"{action} was not sent: the name or value of the header {shown!r} contains a CR, LF or NUL, which "
                "would start another action; remove it."
            )
        elif not name:
            yield HeaderRefused(f"{action} was not sent: the name of a header is empty.")
        elif ":" in name:
            yield HeaderRefused(f"{action} was not sent: the header name beginning with {shown!r} contains a colon.")
        elif not is_writable(name + value):
            yield HeaderRefused(
                f"{action} was not sent: the header {shown!r} contains a character that cannot be encoded."
            )


def _beginning(text: str) -> str:
    """Return the part of a name that cannot contain a value, in case a whole line was passed as the name."""
    return re.split("[^ -~]|:", text)[0]


def records(octets: bytes) -> Sequence[bytes]:
    """Split whole requests into TLS records.

    Asterisk (22.10.1, main/manager.c, get_input) requests from OpenSSL as many bytes as its line buffer has room for,
    and then waits on the socket. The rest of the record stays in OpenSSL and goes unnoticed until more data arrives.
    Therefore no record is larger than that room, and records end at the end of a line: then the buffer is empty for
    the next one.
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
                held = 1  # the line is too long: Asterisk discards all but its last byte
        cut.append(octets[start:end])
        start = end
    return cut


class Framer:
    """An incremental splitter of a byte stream into messages. It takes linear time, however reads split the stream.

    Args:
        limits: See `Limits`.

    """

    def __init__(self, limits: Limits) -> None:
        self._bare: Callable[[bytes], bool] | None = None
        self._raw = False
        self._limits = limits
        self._headers = limits.headers
        self._parts: list[bytes] = []
        self._held = 0
        self._line = 0
        self._ending = _UNKNOWN

    def expect(self, bare: Callable[[bytes], bool] | None, *, raw: bool) -> None:
        """Expect answers that end by another rule, or no longer.

        Args:
            bare: Called with the part of a message before its first empty line; returns whether a bare LF ends its
                lines, too. `None` if no such answer is pending.
            raw: Whether a command's raw text may arrive.
        """
        self._bare = bare
        self._raw = raw

    @property
    def usual(self) -> bool:
        """Whether all messages end by the usual rule."""
        return self._bare is None and not self._raw

    @property
    def incomplete(self) -> bool:
        """Whether a message has begun but not ended."""
        return self._held > 0

    def line(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Receive bytes. Return the first line and the bytes after it, or `None` until that line is complete.

        Raises:
            NotAsterisk: The line is longer than any greeting.
        """
        self._parts.append(data)
        line, feed, rest = b"".join(self._parts).partition(b"\n")
        if not feed:
            if len(line) > 1024:
                raise NotAsterisk.for_good(
                    "this is not Asterisk's Manager Interface; it sent 1 KiB without a line end."
                )
            return None
        self._parts.clear()
        return line.removesuffix(b"\r"), rest

    def is_whole(self, data: bytes) -> bool:
        """Return whether bytes are one message with its end, of the usual form; then `feed` need not be called."""
        return (
            not self._parts
            and self._bare is None
            and not self._raw
            and data.find(_END) == len(data) - len(_END)
            and len(data) <= self._headers
        )

    def feed(self, data: bytes) -> bytes | Iterator[bytes]:
        """Receive bytes. Return the messages that they complete.

        Returns:
            The messages, unmodified, each with its closing empty line. The beginning of an incomplete message, which
            is also buffered here, may follow the last one. If a message may end by another rule (see `expect`), an
            iterator over the messages without their closing empty lines. It splits lazily, so that one message may
            change the rule for the next, and yields an empty message for an empty line where a message should begin.

        Raises:
            ProtocolError: A limit is exceeded.
        """
        if self._bare is not None or self._ending > _PLAIN:
            return self._cut(data)
        if not contains(data, _END) and not self._ends_across(data):
            self._parts.append(data)
            self._account(data)
            return b""
        if self._parts:
            data = b"".join((*self._parts, data))
            self._parts.clear()
        self._forget()
        if self._raw and contains(data, _RAW_TEXT):
            return self._cut(data)
        end = data.rfind(_END) + len(_END)
        if data.endswith(_END + b"\r\n", 0, end):
            end -= (end - _before_line_ends(data, end)) % 4  # an odd CR LF belongs to what follows
        if end < len(data):
            self._parts.append(data[end:])
            self._account(data[end:])
        if len(data) > self._limits.headers:
            for message in data.split(_END):
                self._check(message)
        return data

    def _cut(self, fed: bytes) -> Iterator[bytes]:
        """Yield messages one by one, each split by the rule for its end."""
        data = self._parts.pop() + fed if self._parts else fed
        start = 0
        while True:
            if self._ending == _UNKNOWN and not self._parts:
                begin = _LINE_ENDS.match(data, start).end()  # type: ignore[union-attr]  # the pattern always matches
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
        """Find the end of a message without an empty line so far; the part before the first one determines its rule."""
        empty = (_END_OF_LINES if self._bare is None else _BARE_END).search(data, start)
        if empty is None:
            return None
        before = b"".join((*self._parts, data[start : empty.start()])).lstrip(b"\r\n")
        if self._raw and before.startswith(_RAW_TEXT):
            self._ending = _TEXT_END if contains(before, _RAW_TEXT_END) else _TEXT
        elif self._bare is not None and self._bare(before):
            return empty.span()
        else:
            self._ending = _PLAIN
        return self._end(data, empty.start())

    def _end(self, data: bytes, start: int) -> tuple[int, int] | None:
        """Find the end of a message by its rule, searching from ``start``."""
        if self._ending == _TEXT:
            start = data.find(_RAW_TEXT_END, start)
            if start < 0:
                return None
            self._ending = _TEXT_END
        end = data.find(_END, start)
        return (end, end + len(_END)) if end >= 0 else None

    def _keep(self, rest: bytes) -> None:
        """Buffer an incomplete message, its last bytes separately, because an end may begin in them."""
        tail = len(rest) - (len(_RAW_TEXT_END) if self._ending == _TEXT else len(_END)) + 1
        if tail > 0:
            self._parts.append(rest[:tail])
        self._parts.append(rest[max(0, tail) :])

    def _ends_across(self, data: bytes) -> bool:
        """Whether the end of a message spans the buffered bytes and these."""
        return _END in b"".join(self._parts[-3:])[-3:] + data[:3]

    def _forget(self) -> None:
        self._held = self._line = 0
        self._ending = _UNKNOWN

    def _account(self, data: bytes) -> None:
        """Count buffered bytes, and refuse to buffer more than the limits allow."""
        if data != b"\r\n" or self._held:  # an empty line where a message should begin does not begin one
            self._held += len(data)
        feed = data.rfind(b"\n")
        self._line = len(data) - feed - 1 if feed >= 0 else self._line + len(data)
        if self._held > self._limits.message:
            raise ProtocolError(
                f"the server sent a message of more than {self._limits.message} bytes (Limits.message)."
            )
        if self._line > self._limits.line:
            raise ProtocolError(f"the server sent a line of more than {self._limits.line} bytes (Limits.line).")

    def _check(self, message: bytes) -> None:
        if message.count(b"\n") >= self._limits.headers:
            raise ProtocolError(
                f"the server sent a message of more than {self._limits.headers} lines (Limits.headers)."
            )


def _before_line_ends(data: bytes, end: int) -> int:
    """Return where the run of consecutive line ends before ``end`` begins."""
    while data.endswith(b"\r\n", 0, end):
        end -= 2
    return end
