"""The few functions that every byte and every request passes, in Python; `compiled` has the same ones in C.

Rules of this module:

- What is here decides nothing: it finds headers, and sorts messages by a table that `session` keeps.
- Both forms give the same results for every input, tested side by side; `_speed` chooses one.
- What is not plain is left to the caller: a message whose headers need a closer look, an event that is not known, a
  request that is not of text alone.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from ami_typed._speed.guard import GUARD, REASON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from ami_typed._speed.contract import Stored, StoredUnread

__all__ = [
    "NONE_REPEATED",
    "NO_LINES",
    "Found",
    "Item",
    "Items",
    "Kind",
    "fill",
    "header",
    "holds",
    "publish",
    "read",
    "sift",
    "unread",
    "written",
]

M = TypeVar("M", bound="StoredUnread")

_END = b"\r\n\r\n"
_ID = b"\r\nActionID: "
_MESSAGE = b"\r\nMessage: "
_LONGEST = 48
"""The bytes of a name that the part in C remembers."""

NO_LINES: list[str] = []
NONE_REPEATED: dict[str, list[str]] = {}
"""What nearly every message has of both, made once; nothing is ever put into them."""

_put: Any = dict[str, str].__setitem__
_put_all: Any = dict[str, str].update
_names: Any = dict[str, str].keys
_take_out: Any = dict[str, Any].pop
"""`dict`'s own: those of an event fill it first."""

_publishing = threading.RLock()
"""Held while a parsed message is published. Reentrant: a finalizer may read a message at any time."""


class Kind:
    """The events that begin with the same line.

    Attributes:
        cls: Their class.
        name: What their ``Event`` header says.
        wanted: Whether anybody wants them.
        zone: The time zone that each is to remember as its server's, `None` where that does not matter.
        count: How many `sift` has seen.
        octets: How many bytes it has put into lists.
    """

    __slots__ = ("cls", "count", "name", "octets", "wanted", "zone")

    def __init__(self, cls: type[Any], name: str, wanted: bool, zone: tzinfo | None = None) -> None:
        self.cls = cls
        self.name = name
        self.wanted = wanted
        self.zone = zone
        self.count = 0
        self.octets = 0


Item = tuple[Kind, list[Any]]
"""The kind of an item of a list, and where it goes."""
Items = dict[bytes, dict[bytes, Item]]
"""By ActionID, the items of a list that are known by their first line."""


def header(octets: bytes, needle: bytes) -> str | None:
    """Return the value of the first line that begins with ``needle``, `None` where there is none.

    The line feeds that end the ``Message`` of many answers, as in "No such channel", are no part of it.

    Args:
        octets: A message.
        needle: The CR LF before the line, the header's name, a colon and a space.
    """
    _, found, rest = octets.partition(needle)
    if not found:
        return None
    value = rest.partition(b"\r\n")[0].decode("utf-8", "surrogateescape")
    return value.rstrip("\n") if needle == _MESSAGE else value


def holds(block: bytes, needle: bytes) -> bool:
    """Tell whether bytes stand anywhere in others; ``in`` takes three times as long, as it tries a number first."""
    return block.find(needle) >= 0


class Found:
    """An attribute that is found in the octets of a message: what `fields` are made of.

    Attributes:
        _needle: What `header` looks for.
        _none: The texts that mean that there is no value.
        _read: Makes the value of the text; `None` where the text is the value.
        _mark: The ASCII character without which a text is the value; NUL where any text is to be read.
    """

    __slots__ = ("_mark", "_needle", "_none", "_read")

    _needle: bytes
    _none: frozenset[str]
    _read: Callable[[str], Any] | None
    _mark: str

    def _get(self, message: Any, owner: object = None) -> Any:  # noqa: ARG002 - a descriptor is told it
        """Read a message; on a class, return the attribute itself."""
        if message is None:
            return self
        octets = message._unread
        spelling = None if octets is None else header(octets, self._needle)
        if spelling is None:
            return self._look(message)
        if spelling in self._none:
            return None
        read = self._read
        mark = self._mark
        if read is None or (mark != "\0" and mark not in spelling):
            return spelling
        try:
            return read(spelling) if mark == "\0" else self.decode(message, spelling)
        except (ValueError, OverflowError, OSError) as error:
            return self._refuse(message, spelling, error)

    if not TYPE_CHECKING:  # each class of fields says for itself what checkers are to make of it
        __get__ = _get
    else:  # what each class of fields brings, in either form

        def _look(self, message: Any) -> Any:
            """Look closer: the message was parsed, or its header may be spelt in another case."""

        def _refuse(self, message: Any, spelling: str, error: Exception) -> Any:
            """Say that a text is not of the attribute's type."""

        def decode(self, message: Any, spelling: str) -> Any:
            """Return the value of a text, which may depend on what else the message says."""


def fill(message: dict[str, str], octets: bytes) -> dict[str, list[str]] | None:
    """Put the headers of a message into an empty dict, of those that come several times the first value.

    Returns:
        All values of those headers, by name in lower case; `None` where a line is not plain, or such a header does not
        come in one piece. The dict is then to be filled anew by who looks more closely.
    """
    parsed = _parsed(octets)
    if parsed is None:
        return None
    headers, repeated = parsed
    _put_all(message, headers)
    return repeated


def _parsed(octets: bytes) -> tuple[dict[str, str], dict[str, list[str]]] | None:
    """Return the headers of a message and what `fill` returns; `None` where it returns that."""
    written = octets.decode("utf-8", "surrogateescape")
    lines = written.split("\r\n")
    headers: dict[str, str] = {}
    try:
        for line in lines:
            name, value = line.split(": ", 1)
            headers[name] = value
    except ValueError:  # a line without a colon and a space
        return None
    names = "".join(headers)
    if ":" in names or "(" in names or written.count("\n") >= len(lines):
        return None
    repeated = NONE_REPEATED if len(headers) == len(lines) else _repeated(headers, lines)
    return None if repeated is None else (headers, repeated)


def _repeated(headers: dict[str, str], lines: list[str]) -> dict[str, list[str]] | None:
    """Return the values of headers that come several times, and leave the first of each in the dict."""
    repeated: dict[str, list[str]] = {}
    before: str | None = None
    again = 0
    for line in lines:
        name, value = line.split(": ", 1)
        if name == before and len(name.encode("utf-8", "surrogateescape")) <= _LONGEST:
            repeated.setdefault(name.lower(), [headers[name]]).append(value)
            again += 1
        else:
            headers[name] = value
        before = name
    spellings = sum(name.lower() in repeated for name in headers)
    return repeated if len(headers) + again == len(lines) and spellings == len(repeated) else None


def publish(
    message: Stored, octets: bytes, headers: dict[str, str], data: list[str], repeated: dict[str, list[str]]
) -> None:
    """Give a message what its bytes were parsed into, unless another thread was first.

    Several threads may parse one message at the same time. The first to be done publishes, and what the program changes
    in the message from then on stays. No thread sees a message that is parsed in part.

    Args:
        message: The message.
        octets: Its bytes, as `_unread` had them before they were parsed.
        headers: Its headers.
        data: Its lines that are not headers.
        repeated: The values of headers that come several times.
    """
    with _publishing:
        if message._unread is octets:
            _put_all(message, headers)
            for name in _names(message) - headers.keys():  # only now: nothing ever reads the message as an empty dict
                _take_out(message, name)
            message._data = data
            message._repeated = repeated
            message._unread = None


def read(message: Stored) -> bool:
    """Parse a message that is not parsed yet; return whether `fill` could."""
    octets = message._unread
    if octets is None:
        return True
    parsed = _parsed(octets)
    if parsed is not None:
        publish(message, octets, parsed[0], NO_LINES, parsed[1])
    return parsed is not None


def unread(cls: type[M], octets: bytes, value: str, zone: tzinfo | None = None) -> M:
    """Make a message of its bytes without parsing them.

    Args:
        cls: Its class.
        octets: Its bytes.
        value: What its first header says.
        zone: The time zone that it is to remember as its server's.
    """
    message = cls.__new__(cls)
    message._octets = message._unread = octets
    if zone is not None:
        message._zone = zone
    # Two items, so that json's C encoder, which looks at dict's own size, does not take the message for empty.
    _put(message, cls._first, value)
    _put(message, REASON, GUARD)
    return message


def written(headers: dict[str, Any], action_id: str) -> bytes | None:
    """Write a request with its ActionID behind its first header.

    Returns:
        Its bytes; `None` where a header is no text, no name of a header, an ActionID, would end its line or message, or
        begins with a blank.
    """
    text = ""
    count = 0
    if action_id and action_id[0] < "!":
        return None
    for name, value in headers.items():
        if type(value) is not str or type(name) is not str or not name or ":" in name or name.lower() == "actionid":
            return None
        if name[0] < "!" or (value and value[0] < "!"):
            return None
        text += f"{name}: {value}\r\n"
        count += 1
        if count == 1:
            text += f"ActionID: {action_id}\r\n"
    if not count or text.count("\r") != count + 1 or text.count("\n") != count + 1 or "\0" in text:
        return None
    try:
        return f"{text}\r\n".encode()
    except UnicodeEncodeError:  # a surrogate, which may stand for a byte
        return None


def sift(
    block: bytes,
    kinds: Mapping[bytes, Kind],
    items: Items | None,
    deliveries: list[Any],
    other: Callable[[bytes], object],
) -> None:
    """Sort the messages of a block: those of a known kind are taken or left out, the rest goes to ``other``.

    Args:
        block: Messages, each with its closing empty line; what follows the last one is left alone.
        kinds: The kinds that are known, by first line.
        items: The lists in flight, by ActionID; `None` where none concerns this block.
        deliveries: Where wanted events go.
        other: Takes the octets of a message that is of no known kind, or related to a request.
    """
    messages = block.split(_END)
    messages.pop()
    for octets in messages:
        line = octets.partition(b"\r\n")[0]
        if items is not None:
            start = octets.find(_ID)
            if start >= 0:
                start += 12
                end = octets.find(b"\r\n", start)
                known = items.get(octets[start:end] if end >= 0 else octets[start:])
                if known is not None:
                    item = known.get(line)
                    if item is None:
                        other(octets)
                    else:
                        kind, listed = item
                        kind.count += 1
                        kind.octets += len(octets)
                        listed.append(unread(kind.cls, octets, kind.name, kind.zone))
                    continue
        kind_ = kinds.get(line)
        if kind_ is None:
            other(octets)
            continue
        kind_.count += 1
        if kind_.wanted:
            deliveries.append(unread(kind_.cls, octets, kind_.name, kind_.zone))
