"""Values spread over several headers of a message: their names repeat, or differ in one part."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from ami_typed._language.codecs import Codec, text, variables
from ami_typed._language.headers import Field, Spelled, each
from ami_typed.arguments import as_mapping, at

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from typing import Never, Self

    from ami_typed._language.headed import Headed

__all__ = ["Family", "Joined", "Numbered", "Second", "Variables", "VariablesByName", "family_of"]


T = TypeVar("T")


class Joined(Field[list[T]]):
    """A list whose items are spread over several headers with the same name: all items, in order."""

    __slots__ = ()

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> list[T]: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | list[T]:
        """Return the items of every such header of a message; on a class, return the field itself.

        Raises:
            FieldError: A text is not of the declared type.
        """
        if message is None:
            return self
        return [item for spelling in message.all(self.header) for item in self.decode(message, spelling)]

    if TYPE_CHECKING:

        def __set__(self, message: Never, value: list[T]) -> None: ...

    def process(self, message: Headed, name: str) -> Any:
        """Return the items as one list; if a text cannot be decoded, return the texts."""
        try:
            return self.__get__(message)
        except ValueError:
            return message.all(name)


class Second(Field[T]):
    """A header whose second occurrence in a message has another meaning, such as ``Event`` of a resource list."""

    __slots__ = ()

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> T | None: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | T | None:
        """Return the value of the second such header, `None` if there is none; on a class, return the field itself.

        Raises:
            FieldError: The text is not of the declared type.
        """
        if message is None:
            return self
        spellings = message.all(self.header)
        return None if len(spellings) < 2 else self.decode(message, spellings[1])

    if TYPE_CHECKING:

        def __set__(self, message: Never, value: T | None) -> None: ...

    def found_in(self, names: Mapping[str, str]) -> Iterable[str]:  # noqa: ARG002 - the signature is the base's
        """Return no name: the name refers to the first such header."""
        return ()


class Variables(Field[str]):
    """Channel variables, one ``name=value`` per header, as a mapping.

    Args:
        header: The header's name as Asterisk sends it.
        codec: Decodes and encodes the values.
        releases: See `Field`.
    """

    __slots__ = ()

    def __init__(self, header: str, codec: Codec[str] = text, *, releases: str = "") -> None:
        super().__init__(header, codec, releases=releases)

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> dict[str, str]: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | dict[str, str]:
        """Return the variables of a message, an empty mapping if it has none; on a class, return the field itself."""
        return self if message is None else self.process(message, self.header)

    if TYPE_CHECKING:

        def __set__(self, message: Never, value: Mapping[str, str]) -> None: ...

    def spell(self, value: Any, names: Container[str]) -> Spelled:
        """Return a header for each variable; see `Field.spell`."""
        return _assigned(self.header, value, lambda one: self._text(one, names))

    def process(self, message: Headed, name: str) -> dict[str, str]:
        """Return the variables as a mapping."""
        sent = variables(message.all(name))
        return sent if self.codec.mark is None else {name: self.decode(message, value) for name, value in sent.items()}


class Family(Field[T]):
    """Headers whose names differ in one part."""

    __slots__ = ()

    differing: ClassVar[str] = ".+"
    """A regular expression for the ``*`` in the pattern of the names."""

    def found_in(self, names: Mapping[str, str]) -> Iterable[str]:
        """Return the headers of the family; see `Field.found_in`."""
        return [name for name, _ in self.names(names.values())]

    def names(self, headers: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the header names that belong to the family, each with its differing part."""
        family = family_of(self.header, self.differing)
        for name in headers:
            if of_family := family.fullmatch(name):
                yield name, of_family[1]

    def _parts(self, value: Any, spell: Callable[[str, Any], Spelled]) -> Spelled:
        """Return the headers for a mapping: each key becomes part of a header name."""
        spelled: Spelled = []
        for key, held in as_mapping(value, "a mapping").items():
            name = self.header.replace("*", str(key))
            if family_of(self.header, self.differing).fullmatch(name) is None or not set(name).isdisjoint("\r\n"):
                raise ValueError(f"must be a mapping; the key {key!r} cannot be part of a header's name")
            spelled += at(key, functools.partial(spell, name), held)
        return spelled


class Numbered(Family[T]):
    """A family of headers whose names differ in a number: ``Report0SourceSSRC``, ``Report1SourceSSRC``.

    Args:
        header: The pattern of the names, with ``*`` for the number: ``Report*SourceSSRC``.
        codec: Decodes and encodes their text.
        releases: See `Field`.
    """

    __slots__ = ()

    differing = "[0-9]+"

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> dict[str, list[T]]: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | dict[str, list[T]]:
        """Return the values of the family's headers by their differing part; on a class, return the field itself.

        Raises:
            FieldError: A text is not of the declared type.
        """
        if message is None:
            return self
        return {
            part: [self.decode(message, spelling) for spelling in message.all(name)]
            for name, part in self.names(message)
        }

    if TYPE_CHECKING:

        def __set__(self, message: Never, value: Mapping[str, Iterable[T]]) -> None: ...

    def spell(self, value: Any, names: Container[str]) -> Spelled:
        """Return the headers for each number; see `Field.spell`."""
        return self._parts(value, lambda name, held: each(name, held, lambda one: self._text(one, names)))


class VariablesByName(Family[str]):
    """Channel variables of several channels, one ``name=value`` per header: a mapping for each channel's name.

    Args:
        header: The pattern of the header names, with ``*`` for the channel: ``ChanVariable(*)``.
        releases: See `Field`.
    """

    __slots__ = ()

    def __init__(self, header: str, *, releases: str = "") -> None:
        super().__init__(header, text, releases=releases)

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> dict[str, dict[str, str]]: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | dict[str, dict[str, str]]:
        """Return the variables of each channel in a message; on a class, return the field itself."""
        if message is None:
            return self
        return {part: variables(message.all(name)) for name, part in self.names(message)}

    if TYPE_CHECKING:

        def __set__(self, message: Never, value: Mapping[str, Mapping[str, str]]) -> None: ...

    def spell(self, value: Any, names: Container[str]) -> Spelled:
        """Return a header for each variable of each channel; see `Field.spell`."""
        return self._parts(value, lambda name, held: _assigned(name, held, lambda one: self._text(one, names)))

    def process(self, message: Headed, name: str) -> dict[str, str]:
        """Return the variables of one channel."""
        return variables(message.all(name))


def _assigned(header: str, values: Any, spell: Callable[[Any], str]) -> Spelled:
    """Return a header for each variable of a mapping."""
    named = as_mapping(values, "a mapping of names to text").items()
    return [(header, f"{_variable(name)}={at(name, spell, value)}") for name, value in named]


def _variable(name: object) -> str:
    if not isinstance(name, str) or not set(name).isdisjoint("=\r\n"):
        raise ValueError("must be a mapping of names to text; a name is text without =, CR and LF")
    return name


@functools.cache
def family_of(pattern: str, differing: str) -> re.Pattern[str]:
    """Return a case-insensitive pattern for the header names of a family, with the differing parts as groups.

    Args:
        pattern: The pattern of the names, with ``*`` for a differing part.
        differing: A regular expression for ``*``.
    """
    return re.compile(f"({differing})".join(map(re.escape, pattern.split("*"))), re.IGNORECASE | re.DOTALL)
