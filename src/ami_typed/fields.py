"""The typed attributes of events and answers: one descriptor per header, decoded on access.

Rules of this module:

- An attribute returns a value of its declared type or raises `FieldError`, nothing else.
- `Always` is for a header that Asterisk always sends. `Sometimes` returns `None` if the header is absent or its text
  means "none" (the empty text, except for text and lists; `<unknown>` if declared). A list without items is an empty
  list.
- Reading an attribute does not parse the event: an unparsed event's bytes are searched for the header.
- Fields also encode: `Field.spell` returns the headers of a value, as Asterisk sends them.
- A date without a time zone is local time of the server: aware if the message has its server's zone, else naive.
"""

from __future__ import annotations

import functools
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Never, Protocol, TypeVar, cast, overload

from ami_typed._speed import Found, header
from ami_typed._speed.contract import Stored
from ami_typed.arguments import as_list, as_mapping, as_moment, at
from ami_typed.releases import Releases
from ami_typed.values import Codec, date_time, in_zone, is_unset, text, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, KeysView, Mapping
    from datetime import tzinfo
    from typing import Self

__all__ = [
    "Always",
    "AlwaysLocal",
    "Built",
    "Closing",
    "Dated",
    "Family",
    "Field",
    "Held",
    "Items",
    "Joined",
    "Numbered",
    "Processed",
    "Repeated",
    "Second",
    "Snapshot",
    "Sometimes",
    "SometimesLocal",
    "Variables",
    "VariablesByName",
    "View",
    "fields_of",
    "part",
    "processed",
    "typed_headers",
    "writes",
]

T = TypeVar("T")
S = TypeVar("S", bound="Snapshot")

Spelled = list[tuple[str, str]]
"""Headers as they are sent: names and texts; the name of a line that is not a header is `""`."""
Processed = tuple[dict[str, Any], list[str]]
"""The result of `Event.process`: the headers with Python values, and the lines that are not headers."""


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


class _Doc:
    """The ``__doc__`` of a field class: its docstring on the class, the description of the attribute on an instance."""

    def __init__(self, of_class: str | None) -> None:
        self._of_class = of_class

    def __get__(self, field: Field[Any] | Part[Any] | Held[Any] | None, owner: type[Any]) -> str | None:
        return self._of_class if field is None else field.describe()


class Field(Found, Generic[T]):
    """A header of a message as an attribute.

    Args:
        header: The header's name as Asterisk sends it.
        codec: Decodes and encodes its text.
        releases: The releases that send it, if they are fewer than those of its class; see `Releases`.
        none: Texts that mean "no value".
        default: The text that Asterisk sends by default, if it differs from that of the field class.
    """

    __slots__ = ("_attribute", "_default", "_owner", "_spans", "codec", "header", "none")

    _owner: type[Headed]
    _attribute: str

    def __init_subclass__(cls) -> None:
        if not TYPE_CHECKING:  # `help` on a field class shows its docstring, on a field the attribute's description
            cls.__doc__ = _Doc(cls.__doc__)

    def __set_name__(self, owner: type[Headed], attribute: str) -> None:
        self._owner = owner
        self._attribute = attribute

    if not TYPE_CHECKING:  # for type checkers, each field class declares the type of its attribute's keyword

        def __set__(self, message: Headed, value: object) -> None:
            """Raise `AttributeError`: the attribute is decoded from its header."""
            attribute = f"{type(message).__name__}.{self._attribute}"
            raise AttributeError(f"{attribute} is read-only; set message[{self.header!r}] instead.")

    def __init__(
        self,
        header: str,
        codec: Codec[T],
        *,
        releases: str = "",
        none: tuple[str, ...] = (),
        default: str | None = None,
    ) -> None:
        self.header = header
        self.codec = codec
        self.none = none
        self._spans = releases
        self._needle = b"\r\n" + header.encode() + b": "
        self._none = frozenset(none)
        self._default = default
        self._read = codec.decode
        self._mark = codec.mark or "\0"

    @property
    def releases(self) -> Releases | None:
        """The releases that send this header; `None` if they are those of its class."""
        return Releases(self._spans) if self._spans else None

    def describe(self) -> str:
        """Return the header's description, from the source of its class, and the releases that send it."""
        meaning = _meaning(self._owner, self._attribute)
        named = f"The ``{self.header}`` header." if self.header else ""
        releases = f"{self.releases}." if self._spans else ""
        return " ".join(filter(None, (named, meaning, releases)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.header}>"

    def decode(self, message: Headed, spelling: str) -> T:
        """Decode a raw text.

        Raises:
            FieldError: The text is not of the field's type.
        """
        mark = self.codec.mark
        if self._read is None or (mark and (mark not in spelling or not self.codec.applies_to(message))):
            return spelling  # type: ignore[return-value]  # T is str if there is nothing to decode
        try:
            return cast("T", self._read(spelling))
        except (ValueError, OverflowError, OSError) as error:
            self._refuse(message, spelling, error)

    def _refuse(self, message: Headed, spelling: str, error: Exception) -> Never:
        raise message._unreadable(self.header, spelling, _reason(error)) from None

    def spell(self, value: Any, names: Container[str]) -> Spelled:
        """Return the headers for a value.

        Args:
            value: The value; text, numbers and lists with an unambiguous spelling are converted.
            names: The headers that the message will have.

        Raises:
            TypeError: The value has the wrong type. The error text is the predicate of a sentence.
            ValueError: The value cannot be sent; the error text has the same form.
        """
        return [(self.header, self._text(value, names))]

    def _text(self, value: Any, names: Container[str]) -> str:
        """Return the text of a value; raise the same exceptions as `spell`."""
        codec: Codec[Any] = self.codec
        if codec.mark and not codec.applies_to(names):
            codec = text
        written = codec.encode(value)
        assert isinstance(written, str)
        if "\r" in written or "\n" in written:
            raise ValueError("must be text without CR and LF")
        if codec.decode is not None:
            try:
                codec.decode(written)
            except (ValueError, OverflowError, OSError):
                raise ValueError("cannot be the given text, which does not decode to a value of this type") from None
        return written

    def unset(self, owner: type[Headed]) -> Spelled:
        """Return the headers that Asterisk sends if there is no value."""
        sent = self._unsaid() if self._default is None else self._default
        return [] if sent is None or not _is_sent(self, owner) else [(self.header, sent)]

    def _unsaid(self) -> str | None:
        """Return the text that Asterisk sends if there is no value, or `None` if it omits the header."""
        return None

    def found_in(self, names: Mapping[str, str]) -> Iterable[str]:
        """Return the message's headers that belong to the field, given all its header names by name in lower case."""
        name = names.get(self.header.lower())
        return () if name is None else (name,)

    def value(self, message: Headed, spelling: str) -> Any:
        """Return the value of a raw text, or the text itself if it cannot be decoded."""
        try:
            return None if spelling in self._none else self.decode(message, spelling)
        except ValueError:
            return spelling

    def process(self, message: Headed, name: str) -> Any:
        """Return what `Event.process` stores for a header of the field: its value, or a list if it is repeated."""
        if name.lower() in message._repeated:
            return [self.value(message, spelling) for spelling in message.all(name)]
        return self.value(message, message[name])


def _is_sent(field: Field[Any], owner: type[Headed]) -> bool:
    """Return whether the newest release that sends the messages of a class also sends a header of them."""
    releases = field.releases
    if releases is None or releases.is_open:
        return True
    whole: Releases = getattr(owner, "releases", releases)
    return not whole.is_open and max(releases.branches()) >= max(whole.branches())


def _reason(error: Exception) -> str:
    return str(error) or "out of range"


class Always(Field[T]):
    """A header that every message of the class has.

    Reading it raises `FieldError` if the header is missing or its text is not of the declared type.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        @overload
        def __get__(self, message: None, owner: type[Headed]) -> Self: ...
        @overload
        def __get__(self, message: Headed, owner: type[Headed] | None = None) -> T: ...
        def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | T: ...
        def __set__(self, message: Never, value: T) -> None: ...

    def _unsaid(self) -> str:
        """Return the text that is sent without a value; see `Codec.blank`."""
        return self.codec.blank

    def _look(self, message: Headed) -> T:
        spelling = message.get(self.header)
        if spelling is None:
            raise message._unreadable(self.header, None, "")
        return self.decode(message, spelling)


class Sometimes(Field[T]):
    """A header that only some messages of the class have, or whose text may mean that there is no value.

    Reading it returns `None` if the header is absent, if its text is one of those declared to mean "no value", or if
    the text is empty and the type is neither text nor a list. It raises `FieldError` if the text is not of the declared
    type.
    """

    __slots__ = ()

    def __init__(
        self,
        header: str,
        codec: Codec[T],
        *,
        releases: str = "",
        none: tuple[str, ...] = (),
        default: str | None = None,
    ) -> None:
        super().__init__(header, codec, releases=releases, none=none, default=default)
        if not codec.empty:
            self._none |= {""}

    if TYPE_CHECKING:

        @overload
        def __get__(self, message: None, owner: type[Headed]) -> Self: ...
        @overload
        def __get__(self, message: Headed, owner: type[Headed] | None = None) -> T | None: ...
        def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | T | None: ...
        def __set__(self, message: Never, value: T | None) -> None: ...

    def _unsaid(self) -> str | None:
        """Return the text that means "no value", or `None` if the header is then omitted."""
        return self.none[0] if self.none else None

    def _look(self, message: Headed) -> T | None:
        spelling = message.get(self.header)
        return None if spelling is None or spelling in self._none else self.decode(message, spelling)


def zone_of(message: Headed) -> tzinfo | None:
    """Return the time zone of the server that sent a message, `None` if unknown."""
    zone: tzinfo | None = getattr(message, "_zone", None)
    return zone


class _Local(Field[datetime]):
    """Base class of the two fields for local times, which use the time zone of the message's server.

    Args:
        header: The header's name as Asterisk sends it.
        releases: See `Field`.
        none: See `Field`.
        default: See `Field`.
    """

    __slots__ = ()

    def __init__(
        self, header: str, *, releases: str = "", none: tuple[str, ...] = (), default: str | None = None
    ) -> None:
        super().__init__(header, date_time, releases=releases, none=none, default=default)

    def __set_name__(self, owner: type[Headed], attribute: str) -> None:
        super().__set_name__(owner, attribute)
        owner._local = True

    def _get(self, message: Any, owner: object = None) -> Any:  # noqa: ARG002 - part of the descriptor protocol
        if message is None:
            return self
        octets = message._unread
        spelling = None if octets is None else header(octets, self._needle)
        if spelling is None:
            return self._look(message)
        return None if spelling in self._none else self.decode(message, spelling)

    if not TYPE_CHECKING:  # for type checkers, each subclass declares its own types
        __get__ = _get

    def decode(self, message: Headed, spelling: str) -> datetime:
        """Return the time, in UTC if the text has a time zone or the message has its server's, else naive.

        Raises:
            FieldError: The text is not a date and time.
        """
        try:
            return in_zone(datetime.fromisoformat(spelling), zone_of(message))
        except (ValueError, OverflowError) as error:
            self._refuse(message, spelling, error)

    def spell(self, value: Any, names: Container[str]) -> Spelled:  # noqa: ARG002 - the signature is the base's
        """Return the header for a time, with its fraction of a second and its time zone if it has them."""
        return [(self.header, as_moment(value).isoformat(" "))]


class AlwaysLocal(_Local, Always[datetime]):
    """A date and time that every message of the class has, which may be in the server's local time.

    The value is aware if the text has a time zone or the server's time zone is known (``Manager(timezone=...)``), else
    naive. Reading it raises `FieldError` if the header is missing or its text is not a date and time.
    """

    __slots__ = ()


class SometimesLocal(_Local, Sometimes[datetime]):
    """A date and time as in `AlwaysLocal` that only some messages of the class have.

    It is `None` if the header is absent or empty, or is the epoch in any time zone.
    """

    __slots__ = ()

    def decode(self, message: Headed, spelling: str) -> datetime | None:  # type: ignore[override]  # as Sometimes reads
        """Return the time, `None` if it is not set; see `AlwaysLocal`."""
        moment = super().decode(message, spelling)
        return None if is_unset(moment) else moment


class Repeated(Field[T]):
    """A header that may occur several times in a message: all its values, in order."""

    __slots__ = ()

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> list[T]: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | list[T]:
        """Return the values of every such header of a message; on a class, return the field itself.

        Raises:
            FieldError: A text is not of the declared type.
        """
        if message is None:
            return self
        return [self.decode(message, spelling) for spelling in message.all(self.header)]

    if TYPE_CHECKING:

        def __set__(self, message: Never, value: Iterable[T]) -> None: ...

    def spell(self, value: Any, names: Container[str]) -> Spelled:
        """Return a header for each value; see `Field.spell`."""
        return _each(self.header, value, lambda each: self._text(each, names))

    def process(self, message: Headed, name: str) -> Any:
        """Return the values as a list; a text that cannot be decoded remains text."""
        return [self.value(message, spelling) for spelling in message.all(name)]


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
        return _assigned(self.header, value, lambda each: self._text(each, names))

    def process(self, message: Headed, name: str) -> dict[str, str]:
        """Return the variables as a mapping."""
        sent = variables(message.all(name))
        return sent if self.codec.mark is None else {each: self.decode(message, value) for each, value in sent.items()}


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
        return self._parts(value, lambda name, each: _each(name, each, lambda one: self._text(one, names)))


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
        return self._parts(value, lambda name, each: _assigned(name, each, lambda one: self._text(one, names)))

    def process(self, message: Headed, name: str) -> dict[str, str]:
        """Return the variables of one channel."""
        return variables(message.all(name))


def _each(header: str, values: Any, spell: Callable[[Any], str]) -> Spelled:
    """Return a header for each value."""
    texts = as_list(values, spell)
    return [(header, text) for text in ([spell(texts)] if isinstance(texts, str) else texts)]


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
            raise message._unreadable(self.header, message.get(self.header) or "", _reason(error)) from None

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


class Dated(Built[datetime]):
    """A time whose date and time of day are in separate headers, in the server's local time; see `AlwaysLocal`.

    Args:
        headers: The header of the date and the header of the time of day.
        releases: See `Field`.
    """

    __slots__ = ()

    def __init__(self, *headers: str, releases: str = "") -> None:
        super().__init__(self._joined, *headers, releases=releases)

    def __set_name__(self, owner: type[Headed], attribute: str) -> None:
        super().__set_name__(owner, attribute)
        owner._local = True

    def _joined(self, message: Headed) -> datetime:
        spelling = " ".join(message[each] for each in self.headers)
        return in_zone(datetime.fromisoformat(spelling), zone_of(message))

    def spell(self, value: Any, names: Container[str]) -> Spelled:  # noqa: ARG002 - the signature is the base's
        """Return the headers for a time; they cannot express a time zone."""
        moment = as_moment(value)
        return list(zip(self.headers, (f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"), strict=True))


class Snapshot:
    """The attributes of an event that describe one channel or bridge, without the prefix in their names.

    Args:
        event: The event from which the attributes are read.
        prefix: The prefix of their names, such as ``dest_``.
    """

    __slots__ = ("_event", "_prefix")

    named_by: ClassVar[str]
    """The attribute that every such snapshot has."""

    def __init__(self, event: Headed, prefix: str) -> None:
        self._event = event
        self._prefix = prefix

    @classmethod
    def parts(cls) -> dict[str, Part[Any]]:
        """Return the attributes of the snapshot, by name."""
        return {name: value for name, value in vars(cls).items() if isinstance(value, Part)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, self.named_by)}>"


class Part(Generic[T]):
    """An attribute of a snapshot, read from the event's attribute with the snapshot's prefix; created by `part`."""

    __slots__ = ("_attribute", "_owner", "field")

    def __init__(self, field: Field[Any]) -> None:
        self.field = field

    _owner: type[Any]

    def __set_name__(self, owner: type[Snapshot], attribute: str) -> None:
        self._owner = owner
        self._attribute = attribute
        if "named_by" not in vars(owner):
            owner.named_by = attribute

    @overload
    def __get__(self, snapshot: None, owner: type[Snapshot]) -> Self: ...
    @overload
    def __get__(self, snapshot: Snapshot, owner: type[Snapshot] | None = None) -> T: ...

    def __get__(self, snapshot: Snapshot | None, owner: type[Snapshot] | None = None) -> Self | T:
        """Return the event's attribute; on a class, return the part itself.

        Raises:
            FieldError: The header is missing, or its text is not of the declared type.
        """
        if snapshot is None:
            return self
        value: T = getattr(snapshot._event, snapshot._prefix + self._attribute)
        return value

    def describe(self) -> str:
        """Return the attribute's description, from the source of its class."""
        return _meaning(self._owner, self._attribute)


if not TYPE_CHECKING:  # `help` on the class shows its docstring, on a part the attribute's description
    Part.__doc__ = _Doc(Part.__doc__)


@overload
def part(field: Variables) -> Part[dict[str, str]]: ...
@overload
def part(field: Always[T]) -> Part[T]: ...
@overload
def part(field: Sometimes[T]) -> Part[T | None]: ...
def part(field: Field[Any]) -> Part[Any]:
    """Return a field as an attribute of a snapshot.

    Args:
        field: The corresponding field of an event without a prefix.
    """
    return Part(field)


class _Shown(Generic[S]):
    """Base class of the attributes that return a snapshot of an event.

    Args:
        cls: The class of the snapshot.
        prefix: The prefix of the names of the event's attributes.
    """

    __slots__ = ("cls", "prefix")

    def __init__(self, cls: type[S], prefix: str = "") -> None:
        self.cls = cls
        self.prefix = prefix


class View(_Shown[S]):
    """A snapshot that every event of the class has: ``event.dest.caller_id_num``."""

    __slots__ = ()

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> S: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | S:
        """Return the snapshot; on a class, return the view itself."""
        return self if message is None else self.cls(message, self.prefix)


class MaybeView(_Shown[S]):
    """A snapshot that only some events of the class have; `None` for the others."""

    __slots__ = ()

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> S | None: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | S | None:
        """Return the snapshot, `None` if the event has none; on a class, return the view itself."""
        if message is None:
            return self
        found = self.cls(message, self.prefix)
        return found if getattr(found, self.cls.named_by) is not None else None


class Held(Generic[T]):
    """Base class of the attributes of a list that return its events of one name.

    Args:
        wire: The name on the wire.
    """

    __slots__ = ("_attribute", "_owner", "wire")

    _owner: type[Any]

    def __init__(self, wire: str) -> None:
        self.wire = wire

    def __set_name__(self, owner: type[Any], attribute: str) -> None:
        self._owner = owner
        self._attribute = attribute

    def describe(self) -> str:
        """Return the attribute's description, from the source of its class."""
        return _meaning(self._owner, self._attribute)

    def __init_subclass__(cls) -> None:
        if not TYPE_CHECKING:  # `help` on the class shows its docstring, on an attribute its description
            cls.__doc__ = _Doc(cls.__doc__)

    if not TYPE_CHECKING:  # for type checkers, each subclass declares the type of the keyword

        def __set__(self, aggregate: Any, value: object) -> None:
            """Raise `AttributeError`: the attribute is read from the list."""
            raise AttributeError(
                f"{type(aggregate).__name__}.{self._attribute} is read-only: it returns the {self.wire} events of the "
                "list."
            )


class Items(Held[T]):
    """The events of one name in a list, in the order of arrival."""

    __slots__ = ()

    @overload
    def __get__(self, aggregate: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, aggregate: dict[Any, Any], owner: type[Any] | None = None) -> list[T]: ...

    def __get__(self, aggregate: dict[Any, Any] | None, owner: type[Any] | None = None) -> Self | list[T]:
        """Return the events; on a class, return the attribute itself."""
        if aggregate is None:
            return self
        found: list[T] = aggregate[self.wire]
        return found

    if TYPE_CHECKING:

        def __set__(self, aggregate: Never, value: Iterable[T]) -> None: ...


class Closing(Held[T]):
    """The event that ends a list."""

    __slots__ = ()

    @overload
    def __get__(self, aggregate: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, aggregate: dict[Any, Any], owner: type[Any] | None = None) -> T | None: ...

    def __get__(self, aggregate: dict[Any, Any] | None, owner: type[Any] | None = None) -> Self | T | None:
        """Return the event, `None` if it has not been received; on a class, return the attribute itself."""
        return self if aggregate is None else aggregate.get(self.wire)

    if TYPE_CHECKING:

        def __set__(self, aggregate: Never, value: T | None) -> None: ...


_FIELDS: dict[type[Any], Mapping[str, Field[Any]]] = {}


def fields_of(cls: type[Headed]) -> Mapping[str, Field[Any]]:
    """Return the fields of a message class by attribute name, in Asterisk's order: those of its bases, then its own."""
    known = _FIELDS.get(cls)
    if known is None:
        known = _FIELDS[cls] = _fields_in(cls)
    return known


def _fields_in(cls: type[Any]) -> dict[str, Field[Any]]:
    held = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
    return {name: field for name in _names_in(cls) if isinstance(field := held[name], Field)}


def _names_in(cls: type[Any]) -> dict[str, None]:
    """Return the names defined in a class, those of its bases first, in order."""
    names = {name: None for base in cls.__bases__ for name in _names_in(base)}
    return {**names, **dict.fromkeys(vars(cls))}


def typed_headers(message: Headed) -> dict[str, Any]:
    """Return the values of the headers that the message's class declares, by name; never raise."""
    names = {name.lower(): name for name in message}
    return {
        name: field.process(message, name)
        for field in fields_of(type(message)).values()
        for name in field.found_in(names)
    }


def processed(message: Headed) -> Processed:
    """Return a message's headers, decoded if its class declares them, and its data lines; never raise."""
    return {**message, **typed_headers(message)}, list(message._payload())


def _meaning(owner: Any, attribute: str) -> str:
    """Return the description of an attribute in the source of its class; empty if there is no source file."""
    try:
        return described(owner).get(attribute, "")
    except (OSError, TypeError):
        return ""


@functools.cache
def described(cls: type[Any]) -> dict[str, str]:
    """Return the descriptions that follow the fields of a class in its source, by attribute name."""
    import ast
    import inspect
    import textwrap

    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for node, after in zip(body.body, body.body[1:], strict=False):
        match node, after:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(sentence))
            ):
                found[name] = inspect.cleandoc(sentence)
            case _:
                pass
    return found
