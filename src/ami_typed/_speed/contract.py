"""The interface that `plain` and `compiled` require of a message: the attributes for its bytes and parsed content.

The compiled part accesses them by these names. A message is also a dict of its headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["Stored", "StoredUnread"]


class Stored(Protocol):
    """The attributes of a message besides its headers.

    Attributes:
        _octets: Its bytes, as received.
        _unread: The same object until the message is parsed, then `None`.
        _data: Its lines that are not headers. Set when the message is parsed.
        _repeated: All values of the headers that occur several times, by name in lower case. Set when the message is
            parsed.
        _zone: The time zone of its server, if it is known and the message has local times; otherwise it may be unset.
    """

    _octets: bytes
    _unread: bytes | None
    _data: list[str]
    _repeated: dict[str, list[str]]
    _zone: tzinfo | None


class StoredUnread(Stored, Protocol):
    """The attributes of a message that may be unparsed.

    Attributes:
        _first: The header whose value is stored before the message is parsed.
    """

    _first: ClassVar[str]
