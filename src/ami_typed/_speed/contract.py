"""What `plain` and `compiled` require of a message: the attributes in which it keeps its bytes and what they hold.

The compiled part finds them by these names. A message is also a dict of its headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["Stored", "StoredUnread"]


class Stored(Protocol):
    """What is stored of a message beside its headers.

    Attributes:
        _octets: Its bytes, as they were received.
        _unread: The same object until the message is parsed, then `None`.
        _data: Its lines that are not headers. It is set when the message is parsed.
        _repeated: All values of the headers that come several times, by name in lower case. It is set when the message
            is parsed.
        _zone: The time zone of its server, if that is known and the message has local times; else it may be unset.
    """

    _octets: bytes
    _unread: bytes | None
    _data: list[str]
    _repeated: dict[str, list[str]]
    _zone: tzinfo | None


class StoredUnread(Stored, Protocol):
    """What is stored of a message that need not be parsed.

    Attributes:
        _first: The header whose value is stored before the message is parsed.
    """

    _first: ClassVar[str]
