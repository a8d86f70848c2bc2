"""The interface of a message that fields use, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from ami_typed._speed.contract import Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView

__all__ = ["Described", "Headed"]


class Described(Protocol):
    """An attribute that has a description."""

    def describe(self) -> str:
        """Return the attribute's description."""
        ...


class Headed(Stored, Protocol):
    """The interface of a message that fields use."""

    _local: ClassVar[bool]

    def __getitem__(self, name: str, /) -> str:
        """Return the text of a header; raise `KeyError` if it is absent."""
        ...

    def __contains__(self, name: object, /) -> bool:
        """Return whether there is a header with this name."""
        ...

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the headers."""
        ...

    def keys(self) -> KeysView[str]:
        """Return the names of the headers."""
        ...

    def get(self, name: str, /) -> str | None:
        """Return the text of a header, `None` if it is absent."""
        ...

    def all(self, name: str, /) -> list[str]:
        """Return every text of a header, in order."""
        ...

    def _payload(self) -> list[str]:
        """Return the lines that are not headers."""
        ...

    def _unreadable(self, header: str, text: str | None, reason: str) -> Exception:
        """Return the `FieldError` for a header that is missing (``text`` is `None`) or cannot be decoded."""
        ...
