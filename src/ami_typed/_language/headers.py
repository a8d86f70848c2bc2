"""The typed attributes of events and answers: one descriptor per header, decoded on access.

Rules owned here, and in the other modules of fields:

- An attribute returns a value of its declared type or raises `FieldError`, nothing else.
- `Always` is for a header that Asterisk always sends. `Sometimes` returns `None` if the header is absent or its text
  means "none" (the empty text, except for text and lists; `<unknown>` if declared). A list without items is an empty
  list.
- Reading an attribute does not parse the event: an unparsed event's bytes are searched for the header.
- Fields also encode: `Field.spell` returns the headers of a value, as Asterisk sends them.
- This module has what every message needs. The others are loaded with the first generated class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Never, TypeVar, cast, overload

from ami_typed._language.codecs import Codec, text
from ami_typed._speed import HeaderAttribute
from ami_typed.arguments import as_list
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping
    from datetime import tzinfo
    from typing import Self

    from ami_typed._language.headed import Described, Headed

__all__ = [
    "Always",
    "Doc",
    "Field",
    "Processed",
    "Repeated",
    "Sometimes",
    "Spelled",
    "each",
    "fields_of",
    "processed",
    "reason",
    "typed_headers",
    "zone_of",
]


T = TypeVar("T")
Spelled = list[tuple[str, str]]
"""Headers as they are sent: names and texts; the name of a line that is not a header is `""`."""
Processed = tuple[dict[str, Any], list[str]]
"""The result of `Event.process`: the headers with Python values, and the lines that are not headers."""


class Doc:
    """The ``__doc__`` of a field class: its docstring on the class, the description of the attribute on an instance."""

    def __init__(self, of_class: str | None) -> None:
        self._of_class = of_class

    def __get__(self, field: Described | None, owner: type[Any]) -> str | None:
        return self._of_class if field is None else field.describe()


class Field(HeaderAttribute, Generic[T]):
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
            cls.__doc__ = Doc(cls.__doc__)

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
        from ami_typed._language.descriptions import meaning

        named = f"The ``{self.header}`` header." if self.header else ""
        releases = f"{self.releases}." if self._spans else ""
        return " ".join(filter(None, (named, meaning(self._owner, self._attribute), releases)))

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
        raise message._unreadable(self.header, spelling, reason(error)) from None

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


def reason(error: Exception) -> str:
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
        return each(self.header, value, lambda each: self._text(each, names))

    def process(self, message: Headed, name: str) -> Any:
        """Return the values as a list; a text that cannot be decoded remains text."""
        return [self.value(message, spelling) for spelling in message.all(name)]


def each(header: str, values: Any, spell: Callable[[Any], str]) -> Spelled:
    """Return a header for each value."""
    texts = as_list(values, spell)
    return [(header, text) for text in ([spell(texts)] if isinstance(texts, str) else texts)]


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
