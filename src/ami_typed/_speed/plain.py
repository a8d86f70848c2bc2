"""The hot path, in Python: the few functions that process every byte and every request. `compiled` has them in C.

Rules of this module:

- The functions here make no decisions: they find headers, and sort messages by a table that `session` maintains.
- Both implementations return the same results for every input, and are tested side by side; `_speed` selects one.
- Anything irregular is left to the caller: a message whose headers need closer inspection, an unknown event, a request
  whose values are not all strings.
"""

from __future__ import annotations

import functools
import re
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from ami_typed._speed.guard import GUARD, REASON

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from ami_typed._speed.contract import Stored, StoredUnread

__all__ = [
    "NONE_REPEATED",
    "NO_LINES",
    "HeaderAttribute",
    "Item",
    "Items",
    "Kind",
    "contains",
    "encode_request",
    "find_header",
    "find_snapshot",
    "make_message",
    "parse",
    "parse_into",
    "publish",
    "put",
    "recast",
    "route_block",
]

M = TypeVar("M", bound="StoredUnread")
T = TypeVar("T")

_END = b"\r\n\r\n"
_ID = b"\r\nActionID: "
_MESSAGE = b"\r\nMessage: "
_LONGEST = 48
"""The maximum size of a name that the C part stores, in bytes."""

NO_LINES: list[str] = []
NONE_REPEATED: dict[str, list[str]] = {}
"""Shared empty containers, used by almost every message. Never mutate them."""

_put: Any = dict[str, str].__setitem__
_get: Any = dict[str, str].__getitem__
_put_all: Any = dict[str, str].update
_names: Any = dict[str, str].keys
_take_out: Any = dict[str, Any].pop
"""The methods of `dict` itself: those of an event parse it first."""

_publishing = threading.RLock()
"""Held while publishing a parsed message. Reentrant, because a finalizer may read a message at any time."""


class Kind:
    """The events that begin with the same line.

    Attributes:
        cls: Their class.
        name: The value of their ``Event`` header.
        wanted: Whether any callback or stream receives them.
        zone: The server's time zone to store in each of them; `None` if they do not need it.
        count: The number of them that `route_block` has seen.
        octets: The number of bytes that `route_block` has added to lists.
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
"""The kind of an item of a list, and the Python list to append it to."""
Items = dict[bytes, dict[bytes, Item]]
"""By ActionID, the known items of a list, by first line."""


def find_header(octets: bytes, needle: bytes) -> str | None:
    """Return the value of the first line that begins with ``needle``; `None` if there is none.

    The line feeds at the end of many answers' ``Message``, such as "No such channel", are not part of the value.

    Args:
        octets: A message.
        needle: The CR LF before the line, the header's name, a colon and a space.
    """
    _, found, rest = octets.partition(needle)
    if not found:
        return None
    value = rest.partition(b"\r\n")[0].decode("utf-8", "surrogateescape")
    return value.rstrip("\n") if needle == _MESSAGE else value


_SNAPSHOT = (
    *("Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum"),
    *("ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid"),
)
"""The headers of a channel's snapshot (main/manager_channels.c, `ast_manager_build_channel_state_string_prefix`)."""


def find_snapshot(octets: bytes, needle: bytes) -> tuple[str, bytes, int] | None:
    """Find the snapshot of a channel.

    Args:
        octets: A message.
        needle: The CR LF before its first line, the prefix of its headers, and ``Channel: ``.

    Returns:
        The channel's Uniqueid; the lines from ``Channel`` to ``Linkedid`` without the prefix, each with the CR LF
        before it; and the state. `None` if the message lacks one of the headers, or has them in another order.
    """
    start = octets.find(needle)
    match = None if start < 0 else _snapshot_pattern(needle).match(octets, start)
    if match is None:
        return None
    lines, state, uniqueid = match.groups()
    begin = needle.removesuffix(b"Channel: ")
    if len(begin) > 2:
        lines = lines.replace(begin, b"\r\n")
    return uniqueid.decode("utf-8", "surrogateescape"), lines, int(state)


@functools.cache
def _snapshot_pattern(needle: bytes) -> re.Pattern[bytes]:
    prefix = needle[2:].removesuffix(b"Channel: ").decode()
    values = {"ChannelState": "([0-9])", "Uniqueid": "([^\r]*)"}
    lines = "".join(f"\r\n{re.escape(prefix + name)}: {values.get(name, '[^' + chr(13) + ']*')}" for name in _SNAPSHOT)
    return re.compile(f"({lines})(?=\r\n|\\Z)".encode())


def contains(block: bytes, needle: bytes) -> bool:
    """Return whether a block contains some bytes; ``in`` takes three times as long, because it tries a number first."""
    return block.find(needle) >= 0


def put(results: list[T] | deque[T], function: Callable[..., T], *arguments: Any) -> None:
    """Call a function with one or two arguments and append its result to a list or deque, without an interrupt between.

    See `locks`. Here one call does both: creating the map calls nothing.
    """
    results.extend(map(function, *[(each,) for each in arguments]))


class HeaderAttribute:
    """An attribute that is found in the bytes of a message: the base of all `fields`.

    Attributes:
        _needle: The bytes that `header` searches for.
        _none: The texts that mean that there is no value.
        _read: Converts the text to the value; `None` if the text is the value.
        _mark: The ASCII character without which a text is the value; NUL if every text must be converted.
    """

    __slots__ = ("_mark", "_needle", "_none", "_read")

    _needle: bytes
    _none: frozenset[str]
    _read: Callable[[str], Any] | None
    _mark: str

    def _get(self, message: Any, owner: object = None) -> Any:  # noqa: ARG002 - part of the descriptor protocol
        """Read a message; on a class, return the attribute itself."""
        if message is None:
            return self
        octets = message._unread
        spelling = None if octets is None else find_header(octets, self._needle)
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

    if not TYPE_CHECKING:  # each class of fields declares its own type for checkers
        __get__ = _get
    else:  # each class of fields provides these, in both implementations

        def _look(self, message: Any) -> Any:
            """Search more thoroughly: the message was parsed, or its header may be spelt in another case."""

        def _refuse(self, message: Any, spelling: str, error: Exception) -> Any:
            """Report that a text is not of the attribute's type."""

        def decode(self, message: Any, spelling: str) -> Any:
            """Return the value of a text, which may depend on other headers of the message."""


def parse_into(message: dict[str, str], octets: bytes) -> dict[str, list[str]] | None:
    """Put the headers of a message into an empty dict; for headers that occur several times, the first value.

    Returns:
        All values of the repeated headers, by name in lower case; `None` if a line is irregular, or if the lines of
        such a header are not consecutive. Then the caller must fill the dict anew, with closer inspection.
    """
    parsed = _parsed(octets)
    if parsed is None:
        return None
    headers, repeated = parsed
    _put_all(message, headers)
    return repeated


def _parsed(octets: bytes) -> tuple[dict[str, str], dict[str, list[str]]] | None:
    """Return the headers of a message and the result of `parse_into`; `None` if that result is `None`."""
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
    """Return the values of headers that occur several times, and leave the first of each in the dict."""
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
    """Store the parsed content of a message in it, unless another thread was first.

    Several threads may parse one message at the same time. The first to finish publishes, and later changes by the
    program are kept. No thread ever sees a partly parsed message.

    Args:
        message: The message.
        octets: Its bytes, the object in `_unread` before they were parsed.
        headers: Its headers.
        data: Its lines that are not headers.
        repeated: The values of headers that occur several times.
    """
    with _publishing:
        if message._unread is octets:
            _put_all(message, headers)
            for name in _names(message) - headers.keys():  # only now: no reader may see an empty dict
                _take_out(message, name)
            message._data = data
            message._repeated = repeated
            message._unread = None


def parse(message: Stored) -> bool:
    """Parse a message unless it is parsed already. Return `False` if `parse_into` could not parse it."""
    octets = message._unread
    if octets is None:
        return True
    parsed = _parsed(octets)
    if parsed is not None:
        publish(message, octets, parsed[0], NO_LINES, parsed[1])
    return parsed is not None


def make_message(cls: type[M], octets: bytes, value: str, zone: tzinfo | None = None) -> M:
    """Create a message from its bytes without parsing them.

    Args:
        cls: Its class.
        octets: Its bytes.
        value: The value of its first header.
        zone: The server's time zone to store in it, `None` if it is not known or not needed.
    """
    message = cls.__new__(cls)
    message._octets = message._unread = octets
    message._zone = zone
    # Two items, so that json's C encoder, which checks dict's own size, does not consider the message empty.
    _put(message, cls._first, value)
    _put(message, REASON, GUARD)
    return message


def recast(cls: type[M], message: StoredUnread) -> M | None:
    """Reinterpret an unparsed message as another class; `None` if it is parsed, or begins with another header."""
    octets = message._unread  # read once: another thread may parse the message at any time
    if octets is None or message._first != cls._first:
        return None
    return make_message(cls, octets, _get(message, cls._first), getattr(message, "_zone", None))


def encode_request(headers: dict[str, Any], action_id: str) -> bytes | None:
    """Encode a request with its ActionID after its first header.

    Returns:
        Its bytes; `None` if a header is not a string, has an invalid name, is an ActionID, would end its line or
        message, or begins with a blank.
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


def route_block(
    block: bytes,
    kinds: Mapping[bytes, Kind],
    items: Items | None,
    deliveries: list[Any],
    other: Callable[[bytes], object],
) -> None:
    """Sort the messages of a block: deliver or skip those of a known kind, and pass the rest to ``other``.

    Args:
        block: Messages, each with its closing empty line; anything after the last one is ignored.
        kinds: The known kinds, by first line.
        items: The lists in flight, by ActionID; `None` if none has items in this block.
        deliveries: The list to append wanted events to.
        other: Called with the bytes of a message that is of an unknown kind, or related to a request.
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
                        listed.append(make_message(kind.cls, octets, kind.name, kind.zone))
                    continue
        kind_ = kinds.get(line)
        if kind_ is None:
            other(octets)
            continue
        kind_.count += 1
        if kind_.wanted:
            deliveries.append(make_message(kind_.cls, octets, kind_.name, kind_.zone))
