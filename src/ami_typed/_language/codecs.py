"""Codecs between Asterisk's text on the wire and Python's types.

Rules owned here, and in the other modules of values:

- A `Codec` is two pure functions; `decode` raises `ValueError` for text that is not of its type and never guesses.
- Flags are decoded from every spelling that Asterisk uses anywhere and encoded in the one that the header requires,
  because Asterisk's spelling of a header differs between releases.
- This module has what requests and messages without a generated class need.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ami_typed.arguments import as_assignments, as_flag, as_integer, as_list, as_member, as_real, as_text, within

if TYPE_CHECKING:
    import enum
    from collections.abc import Iterable, Sequence

__all__ = [
    "Codec",
    "Flag",
    "Headers",
    "T",
    "assigned",
    "assignment",
    "assignments",
    "chosen",
    "each",
    "either",
    "enabled_disabled",
    "integer",
    "items",
    "on_off",
    "one_zero",
    "read_integer",
    "real",
    "spell",
    "split_pair",
    "text",
    "true_false",
    "variables",
    "write_list",
    "yes_no",
]


T = TypeVar("T")


class Codec(Generic[T]):
    """Conversion between one type of value and its text on the wire.

    Attributes:
        decode: Converts text from the wire to the value; `None` if the text is the value.
        encode: Converts the value to text, or to the texts of a repeated header.
        empty: Whether the empty text is a value, such as a list without items, instead of a missing value.
        mark: For text that may be encoded, an ASCII character that every encoded text contains; `None` for every other
            type.
        blank: The text of a mandatory header without a value: a zero, a no, the empty text.
        vocabulary: The vocabulary of its values, or `None`.
    """

    __slots__ = ("blank", "decode", "empty", "encode", "mark", "vocabulary")

    def __init__(
        self,
        decode: Callable[[str], T] | None,
        encode: Callable[[T], str | list[str]],
        *,
        empty: bool = False,
        mark: str | None = None,
        blank: str = "",
        vocabulary: type[enum.Enum] | None = None,
    ) -> None:
        self.decode = decode
        self.encode = encode
        self.empty = empty or decode is None or mark is not None
        self.mark = mark
        self.blank = blank
        self.vocabulary = vocabulary

    def applies_to(self, _message: Container[str]) -> bool:
        """Return whether the sender of a message encodes its texts with this codec."""
        return True


text: Codec[str] = Codec(None, as_text)
"""Unmodified text."""

_NO_INTEGER = "not a whole number in decimal digits"


def read_integer(spelling: str) -> int:
    if not spelling.isascii() or "_" in spelling:  # int() accepts more than Asterisk sends
        raise ValueError(_NO_INTEGER)
    try:
        return int(spelling)
    except ValueError:  # its message would contain the whole text
        raise ValueError(_NO_INTEGER) from None


integer: Codec[int] = Codec(read_integer, as_integer, blank="0")
"""A whole number, in decimal digits."""
real: Codec[float] = Codec(float, as_real, blank="0.000000")
"""A number with a decimal point."""
_FLAGS = {
    **dict.fromkeys(("yes", "1", "true", "on", "enabled", "y", "t", "-1"), True),  # ast_true() is -1
    **dict.fromkeys(("no", "0", "false", "off", "disabled", "n", "f"), False),
}


def _flag(spelling: str) -> bool:
    try:
        return _FLAGS[spelling.strip().lower()]
    except KeyError:
        raise ValueError("not one of Asterisk's spellings of yes or no") from None


class Flag(Codec[bool]):
    """A yes or no, encoded in the spelling of one header and decoded from every spelling that Asterisk uses.

    If there is no spelling for a no, it is expressed by omitting the header.
    """

    __slots__ = ()

    def __init__(self, yes: str, no: str) -> None:
        super().__init__(_flag, lambda value: as_flag(value, yes, no, _flag), blank=no)


yes_no = Flag("yes", "no")
one_zero = Flag("1", "0")
true_false = Flag("true", "false")
on_off = Flag("on", "off")
enabled_disabled = Flag("enabled", "disabled")


def items(separator: str = ",", vocabulary: str = "") -> Codec[list[str]]:
    """A list in one header, its items separated by ``separator``; whitespace around items is ignored.

    Text given instead of a list is sent unmodified. Items may be members of the vocabulary of this name.
    """
    return Codec(
        lambda spelling: [item for part in spelling.split(separator.strip() or None) if (item := part.strip())],
        lambda values: _joined(values, separator, vocabulary),
        empty=True,
    )


def _joined(values: Sequence[str], separator: str, vocabulary: str) -> str:
    return write_list(values, (lambda item: as_member(item, vocabulary)) if vocabulary else as_text, separator)


def chosen(vocabulary: str) -> Codec[Any]:
    """A member of the vocabulary of this name in a request, or its text."""
    return Codec(None, lambda value: as_member(value, vocabulary))


def write_list(values: Sequence[Any], write: Callable[[Any], str], separator: str, form: str = "{}") -> str:
    """Encode a list; text given instead of a list is returned unmodified."""
    texts = as_list(values, write)
    return texts if isinstance(texts, str) else form.format(separator.join(texts))


def each(codec: Codec[T]) -> Codec[Sequence[T]]:
    """A header that is repeated in a request, once for each value."""
    return Codec(None, lambda values: as_list(values, cast("Callable[[Any], str]", codec.encode)))


def either(flag: Flag, other: Codec[Any]) -> Codec[Any]:
    """A value in a request that is either a flag or of another type: ``on``, or a list of classes.

    If the other type is free text, such as a name, a text that spells a flag is taken for the flag.
    """

    def codec_for(value: object) -> Codec[Any]:
        spells_flag = other is text and isinstance(value, (str, int)) and str(value).strip().lower() in _FLAGS
        return flag if isinstance(value, bool) or spells_flag else other

    return Codec(None, lambda value: codec_for(value).encode(value))


def split_pair(assignment: str) -> tuple[str, str]:
    name, _, value = assignment.partition("=")
    return name, value


_ESCAPED = str.maketrans({character: f"\\{character}" for character in '\\",'})


def assignment(name: str, value: str) -> str:
    """Encode one variable of a request, escaping commas, which would end it, and quotes, which Asterisk would drop."""
    return f"{name}={value}".translate(_ESCAPED)


def assignments(values: Mapping[str, str | Sequence[str]]) -> str | list[str]:
    """Encode variables as ``name=value``, one header each; a sequence repeats the name."""
    return as_assignments(values, assignment)


assigned: Codec[Mapping[str, str | Sequence[str]]] = Codec(None, assignments)
"""Variables in a request, one ``name=value`` header each."""


class Headers(tuple[tuple[str, str], ...]):
    """Headers whose order matters and whose names repeat: a request stores them under the name of the first."""

    __slots__ = ()


def variables(lines: Iterable[str]) -> dict[str, str]:
    """Decode repeated ``name=value`` headers; the last value of a name wins, as in Asterisk."""
    return dict(map(split_pair, lines))


def spell(header: str, value: Any) -> list[str]:
    """Return the texts of a value in a request, one for each header.

    Args:
        header: The name of the header, for error messages.
        value: Text, a number, a bool (encoded as ``true`` or ``false``, which Asterisk accepts everywhere), an enum
            member, a path, a mapping, list or tuple of these, or `None` for no header.

    Raises:
        TypeError: The value's type has no unambiguous spelling in this protocol.
        ValueError: The value is a number that cannot be sent, such as NaN.
    """
    match value:
        case None:
            return []
        case bool():
            return ["true" if value else "false"]
        case Mapping():
            named = cast("Mapping[str, Any]", value).items()
            return [assignment(name, line) for name, each in named for line in spell(header, each)]
        case list() | tuple():
            return [line for each in cast("Sequence[Any]", value) for line in spell(header, each)]
        case _:
            return [within(header, as_text, value)]
