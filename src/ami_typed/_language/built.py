"""Values that are built from several headers of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from ami_typed._language.codecs import Codec, text
from ami_typed._language.headers import Field, Spelled, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping
    from typing import Never, Self

    from ami_typed._language.headed import Headed

__all__ = ["Built", "writes"]


T = TypeVar("T")


class Built(Field[T]):
    """A value built from several headers of a message, or from its lines that are not headers.

    Args:
        build: Builds the value from the message; raises `ValueError` if this is not possible.
        headers: The patterns of the headers that it reads, with ``*`` for the differing part; none if it reads the
            lines that are not headers.
        releases: See `Field`.
    """

    __slots__ = ("build", "headers")

    def __init__(self, build: Callable[[Any], T], *headers: str, releases: str = "") -> None:
        super().__init__(headers[0] if headers else "", cast("Codec[T]", text), releases=releases)
        self.build = build
        self.headers = headers

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> T: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | T:
        """Build the value from a message; on a class, return the field itself.

        Raises:
            FieldError: A header is missing, or the value cannot be built from the headers.
        """
        if message is None:
            return self
        try:
            return self.build(message)
        except KeyError:
            raise message._unreadable(self.header, None, "") from None
        except ValueError as error:
            raise message._unreadable(self.header, message.get(self.header) or "", reason(error)) from None

    if TYPE_CHECKING:

        def __set__(self, message: Never, value: T) -> None: ...

    def spell(self, value: Any, names: Container[str]) -> Spelled:  # noqa: ARG002 - the signature is the base's
        """Return the headers for a value, from the function registered with `writes`; see `Field.spell`."""
        write = _WRITERS.get(self.build)
        if write is None:
            raise TypeError("is built from the whole message and cannot be given; give its headers and lines instead")
        return write(value)

    def found_in(self, names: Mapping[str, str]) -> Iterable[str]:  # noqa: ARG002 - the signature is the base's
        """Return no name: the headers from which it is built depend on their values."""
        return ()


_WRITERS: dict[Callable[..., Any], Callable[[Any], Spelled]] = {}
"""The function that encodes the headers that another function decodes, by that function."""


def writes(read: Callable[..., Any]) -> Callable[[Callable[[Any], Spelled]], Callable[[Any], Spelled]]:
    """Register a function as the inverse of a function that builds a value from headers.

    The decorated function accepts a value and returns headers; the name of a line that is not a header is `""`.

    Args:
        read: The function that builds the value; see `Built`.
    """

    def mark(write: Callable[[Any], Spelled]) -> Callable[[Any], Spelled]:
        _WRITERS[read] = write
        return write

    return mark
