"""The snapshots of channels in events: where they are, kept as the bytes received, and read when asked for.

Rules of this module:

- Asterisk writes the state of a channel as consecutive headers, ``Channel`` to ``Linkedid``
  (main/manager_channels.c, `ast_manager_build_channel_state_string_prefix`). Most events about a channel repeat what
  the previous one said, so the bytes are compared and kept; a number or name is decoded when a program reads it.
- A message that the program has parsed (and perhaps changed), or whose headers are in another order, is read header by
  header, and the same bytes are composed from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ami_typed._speed import find_header, find_snapshot
from ami_typed.errors import FieldError
from ami_typed.events.families import ChannelSnapshot
from ami_typed.values import escaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.messages import Event

__all__ = ["NOTHING", "Told", "name_of", "number_of", "raw", "text_of", "told_by"]

Told: TypeAlias = tuple[str, bytes, int]
"""The Uniqueid of a channel, its snapshot without prefixes, and its state."""

NOTHING = b""
"""The snapshot of a channel before the first one was received."""

_CHANNEL, _UNIQUEID, _LINKEDID = "Channel", "Uniqueid", "Linkedid"
_RAW = ("ChannelState", "CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName")
_PLACE = ("AccountCode", "Context", "Exten")
_UNKNOWN = "<unknown>"
_unescape: Any = escaped().decode


_NEEDLES = {"": b"\r\nChannel: "}
"""The beginning of a snapshot's first line, by the prefix of the attributes that describe the channel."""


def told_by(event: Event, before: Callable[[str], bytes], prefix: str = "") -> Told:
    """Return what an event says about one of its channels.

    Args:
        event: The event.
        before: Returns the previous snapshot of a channel, for headers that the event lacks.
        prefix: The prefix of the event's attributes that describe the channel.

    Raises:
        FieldError: A header is missing, or its text is not of its type.
    """
    octets = event._unread
    told = None if octets is None else find_snapshot(octets, _NEEDLES.get(prefix) or _needle(prefix))
    return told or _composed(event, prefix, before)


def raw(event: Event, name: str, needle: bytes) -> str | None:
    """Return the text of a header, `None` if it is absent.

    Args:
        event: The event.
        name: The header's name.
        needle: The beginning of its line, with the end of the line before.
    """
    octets = event._unread
    return event.get(name) if octets is None else find_header(octets, needle)


def _needle(prefix: str) -> bytes:
    _NEEDLES[prefix] = f"\r\n{_prefix_of_headers(prefix)}Channel: ".encode()
    return _NEEDLES[prefix]


def _prefix_of_headers(prefix: str) -> str:
    """Return the prefix of headers, given that of attributes: ``OrigTransferer`` for ``orig_transferer_``."""
    return prefix.title().replace("_", "")


def _composed(event: Event, prefix: str, before: Callable[[str], bytes]) -> Told:
    """Compose a snapshot from the attributes of an event."""
    source = ChannelSnapshot(event, prefix)
    start = _prefix_of_headers(prefix)
    texts: dict[str, str | None] = {_CHANNEL: source.channel, _UNIQUEID: source.uniqueid, _LINKEDID: source.linkedid}
    texts |= {name: event.get(start + name) for name in _RAW}
    try:
        texts |= dict(zip(_PLACE, (source.account_code, source.context, source.exten), strict=True))
    except FieldError:  # headers without a value may be absent
        texts |= {name: text_of(before(source.uniqueid), f"\r\n{name}: ".encode()) for name in _PLACE}
    lines = "".join(f"\r\n{name}: {text}" for name, text in texts.items() if text is not None)
    return source.uniqueid, lines.encode("utf-8", "surrogateescape"), int(source.channel_state)


def text_of(told: bytes, needle: bytes) -> str:
    """Return a text of a snapshot, empty if there is none."""
    return find_header(told, needle) or ""


def number_of(told: bytes, needle: bytes) -> str | None:
    """Return a number of a snapshot, `None` if it is not known."""
    text = find_header(told, needle)
    return None if text == _UNKNOWN else text


def name_of(told: bytes, needle: bytes) -> str | None:
    """Return a name of a snapshot, `None` if it is not known."""
    text = find_header(told, needle)
    if text is None or text == _UNKNOWN:
        return None
    return cast("str", _unescape(text)) if "\\" in text else text
