"""Codecs between Asterisk's text on the wire and Python's types.

Rules of this module:

- A `Codec` is two pure functions; `decode` raises `ValueError` for text that is not of its type and never guesses.
- Flags are decoded from every spelling that Asterisk uses anywhere and encoded in the one that the header requires,
  because Asterisk's spelling of a header differs between releases.
- Durations are `timedelta`. Vocabularies are open enums: an unknown member is kept.
- Times are aware `datetime` objects if their time zone is known. A local time in an unknown zone is naive: it makes no
  claim that may be wrong.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Container, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ami_typed._lazy import NamedTuple
from ami_typed.arguments import (
    as_assignments,
    as_duration,
    as_flag,
    as_integer,
    as_list,
    as_member,
    as_moment,
    as_pairs,
    as_real,
    as_text,
    number,
    within,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from typing import Self

__all__ = [
    "Address",
    "Codec",
    "Flag",
    "Headers",
    "OpenIntEnum",
    "OpenStrEnum",
    "address",
    "as_json",
    "chosen",
    "clock",
    "date_time",
    "either",
    "enabled_disabled",
    "epoch",
    "escaped",
    "formats",
    "group_bits",
    "groups",
    "integer",
    "integer24",
    "items",
    "member",
    "microseconds",
    "milliseconds",
    "minutes",
    "on_off",
    "one_zero",
    "pairs",
    "real",
    "round_trip",
    "seconds",
    "seconds_left",
    "text",
    "true_false",
    "uri_encoded",
    "worded",
    "yes_no",
]

T = TypeVar("T")
E = TypeVar("E", bound="OpenIntEnum | OpenStrEnum")


EVENT_CLASSES = frozenset(
    {
        *("system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf", "reporting", "cdr"),
        *("dialplan", "originate", "agi", "cc", "aoc", "test", "security", "message", "all", "none"),
    }
)
"""The names of event classes in an event mask (main/manager.c, perms, from 13.38.3 to 23.4.1)."""
TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
FALSE = frozenset({"no", "false", "n", "f", "0", "off"})
"""The case-insensitive words that Asterisk accepts as true and false (main/utils.c, ast_true and ast_false)."""


def mask_trouble(mask: str) -> str | None:
    """Return a description of what is wrong with an event mask, `None` if it is valid.

    Asterisk ignores unknown classes, so that a mask with only unknown classes disables all events.
    """
    if not mask or mask.isdecimal() or mask.lower() in TRUE | FALSE:
        return None
    unknown = next((each for each in mask.split(",") if each not in EVENT_CLASSES), None)
    if unknown is None:
        return None
    from difflib import get_close_matches

    near = get_close_matches(unknown.strip().lower(), EVENT_CLASSES, 1)
    advice = f"did you mean {near[0]!r}?" if near else f"the classes are {', '.join(sorted(EVENT_CLASSES))}."
    return f"{unknown!r} is not a class of events, and Asterisk would ignore it; {advice}"


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


_ESCAPES = dict(zip("abfnrtv\\'\"?", "\a\b\f\n\r\t\v\\'\"?", strict=True))
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_C_ESCAPED = str.maketrans({character: f"\\{letter}" for letter, character in _ESCAPES.items()})


def _unescaped(spelling: str) -> str:
    try:
        return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], spelling)
    except KeyError:  # escaping never produces such a backslash: the text was not escaped
        return spelling


class Escaped(Codec[str]):
    r"""Text with C escape sequences: ``O\'Brien``.

    Source: ``ast_escape_c`` in main/utils.c, since 13.5.0. It puts a backslash before ``\``, ``'``, ``"`` and ``?``,
    and replaces control characters with C's letter escapes, if there are any. If a text contains a backslash that does
    not begin one of these escapes, it was not escaped and is returned unmodified.

    Args:
        older: Two headers; a message that has the first and lacks the second is from a release that does not escape.
    """

    __slots__ = ("older",)

    def __init__(self, *older: str) -> None:
        super().__init__(_unescaped, lambda value: as_text(value).translate(_C_ESCAPED), mark="\\")
        self.older = older

    def applies_to(self, _message: Container[str]) -> bool:
        """Return whether a message is from a release that escapes text."""
        return not self.older or self.older[0] not in _message or self.older[1] in _message


def escaped(*older: str) -> Codec[str]:
    """Text with C escape sequences; see `Escaped`."""
    return Escaped(*older)


_URI_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_NOT_UNRESERVED = re.compile(rb"[^A-Za-z0-9\-_.!~*'()]")


def _uri_decoded(spelling: str) -> str:
    octets = spelling.encode("utf-8", "surrogateescape")
    decoded = _URI_ENCODED.sub(lambda encoded: bytes([int(encoded[1], 16)]), octets)
    return decoded.decode("utf-8", "surrogateescape")


def _uri_encoded(value: str) -> str:
    octets = as_text(value).encode("utf-8", "surrogateescape")
    return _NOT_UNRESERVED.sub(lambda octet: b"%%%02X" % ord(octet[0]), octets).decode()


uri_encoded: Codec[str] = Codec(_uri_decoded, _uri_encoded, mark="%")
"""Percent-encoded text: all octets except letters, digits and ``-_.!~*'()`` are encoded, such as ``%0A``.

Source: ``ast_uri_encode`` with ``ast_uri_http`` in main/utils.c.
"""


def _integer(spelling: str) -> int:
    if not spelling.isascii() or "_" in spelling:  # int() accepts more than Asterisk sends
        raise ValueError("not a whole number in decimal digits")
    return int(spelling)


integer: Codec[int] = Codec(_integer, as_integer, blank="0")
"""A whole number, in decimal digits."""

_SIGN = 1 << 31
"""The sign bit of a 32-bit number; as a number of seconds, 68 years."""
_SIGN24 = 1 << 23


def _integer24(spelling: str) -> int:
    value = _integer(spelling)
    return value - 2 * _SIGN24 if _SIGN24 <= value < 2 * _SIGN24 else value


def _write_integer24(value: int) -> str:
    whole = int(as_integer(value))
    return str(whole + 2 * _SIGN24 if -_SIGN24 <= whole < 0 else whole)


integer24: Codec[int] = Codec(_integer24, _write_integer24, blank="0")
"""A signed 24-bit number, which Asterisk formats as an unsigned one: 16777215 is -1."""

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


def _duration(word: str = "", **unit: float) -> Codec[timedelta]:
    """Return the codec of a duration; ``word`` is the unit after the number, which some headers include."""
    step = timedelta(**unit)
    return Codec(
        lambda spelling: _signed(spelling.removesuffix(word)) * step, lambda value: as_duration(value, step), blank="0"
    )


def _signed(spelling: str) -> float:
    """Parse a number. Asterisk formats some negative numbers with %lu, which makes them close to 2 to the 64th."""
    value = float(spelling)
    return value if value < 1 << 63 else int(spelling) - (1 << 64)


def _left(spelling: str) -> timedelta | None:
    value = _integer(spelling)
    return timedelta(seconds=value) if 0 < value < _SIGN else None


minutes = _duration(minutes=1)
seconds = _duration(" seconds", seconds=1)
milliseconds = _duration(" ms", milliseconds=1)
microseconds = _duration(microseconds=1)

_ROUND_TRIP_SIGN = 1 << 15
_NO_ROUND_TRIP = "65535.999023"
"""The largest negative value that Asterisk can send: 16 bits of seconds and 16 bits of a fraction."""


def _round_trip(spelling: str) -> float | None:
    value = float(spelling)
    return value if value < _ROUND_TRIP_SIGN else None


round_trip: Codec[float | None] = Codec(
    _round_trip, lambda value: _NO_ROUND_TRIP if value is None else as_real(value), blank="0.000000"
)
"""A round-trip time in seconds, `None` if clock drift makes it negative, which wraps around."""

seconds_left: Codec[timedelta | None] = Codec(
    _left, lambda value: seconds.encode(timedelta() if value is None else value), blank="0"
)
"""The time left until a limit, `None` if it has passed: negative values wrap around, at 32 or 64 bits."""


def _read_clock(spelling: str) -> timedelta:
    parts = spelling.split(":")
    if not 2 <= len(parts) <= 3:
        raise ValueError("not a duration such as 01:23:45")
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return timedelta(seconds=total)


def _write_clock(value: timedelta) -> str:
    as_duration(value, timedelta(seconds=1))
    minute, second = divmod(int(value.total_seconds()), 60)
    hour, minute = divmod(minute, 60)
    return f"{hour:02}:{minute:02}:{second:02}"


clock: Codec[timedelta] = Codec(_read_clock, _write_clock, blank="00:00:00")
"""A duration as hours, minutes and seconds: ``01:23:45``; hours may exceed 23."""

epoch: Codec[datetime] = Codec(
    lambda spelling: datetime.fromtimestamp(float(spelling), UTC),
    lambda value: number(as_moment(value).timestamp()),
    blank="0",
)
"""A time as seconds since 1970, with or without a fraction."""


date_time: Codec[datetime] = Codec(
    datetime.fromisoformat, lambda value: as_moment(value).isoformat(" ", "seconds"), blank="1970-01-01 00:00:00"
)
"""A date and time as text: naive if the text has no time zone; see `in_zone`."""

_FIRST_DAY = datetime(1970, 1, 2)  # noqa: DTZ001 - a date in any zone


def in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    """Convert a local time to UTC.

    UTC, because Python subtracts times in the same zone by wall-clock time, which is an hour wrong across a clock
    change. A time that is ambiguous because the clock was set back is interpreted as the first of the two (``fold=0``).

    Args:
        moment: A time; an aware one is returned unmodified.
        zone: The time zone of a naive time; without a zone, the time is returned unmodified.
    """
    return moment if zone is None or moment.tzinfo is not None else moment.replace(tzinfo=zone).astimezone(UTC)


def is_unset(moment: datetime) -> bool:
    """Return whether a time is the epoch in some time zone, which Asterisk sends for a time that is not set."""
    return moment.replace(tzinfo=None) < _FIRST_DAY


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
    return _written(values, (lambda item: as_member(item, vocabulary)) if vocabulary else as_text, separator)


def chosen(vocabulary: str) -> Codec[Any]:
    """A member of the vocabulary of this name in a request, or its text."""
    return Codec(None, lambda value: as_member(value, vocabulary))


def pairs(separator: str = ",") -> Codec[dict[str, str]]:
    """``name=value`` pairs in one header, separated by ``separator``."""
    parts = items(separator)
    assert parts.decode is not None
    split = parts.decode
    return Codec(
        lambda spelling: dict(_pair(part) for part in split(spelling)),
        lambda values: as_pairs(values, separator),
        empty=True,
    )


def _written(values: Sequence[Any], write: Callable[[Any], str], separator: str, form: str = "{}") -> str:
    """Encode a list; text given instead of a list is returned unmodified."""
    texts = as_list(values, write)
    return texts if isinstance(texts, str) else form.format(separator.join(texts))


def _formats(spelling: str) -> list[str]:
    names = spelling.removeprefix("(").removesuffix(")")
    return [] if names in {"nothing", ""} else [name for name in names.split("|") if name]


formats: Codec[list[str]] = Codec(
    _formats, lambda values: _written(values, as_text, "|", "({})"), empty=True, blank="(nothing)"
)
"""Media formats, such as ``(ulaw|alaw)``; an empty list is ``(nothing)``."""

groups: Codec[list[int]] = Codec(
    lambda spelling: [_integer(part) for part in spelling.split(",") if part.strip()],
    lambda values: _written(values, as_integer, ", "),
    empty=True,
)
"""Call groups, as numbers from 0 to 63."""

_GROUPS = 64


def _group_bits(spelling: str) -> list[int]:
    bits = _integer(spelling)
    return [group for group in range(_GROUPS) if bits >> group & 1]


def _write_group_bits(values: Sequence[int]) -> str:
    numbers = as_list(values, as_integer)
    if isinstance(numbers, str):
        raise wrong("a list of numbers", numbers)
    groups = {int(number) for number in numbers}
    if not groups <= set(range(_GROUPS)):
        raise ValueError(f"must be a list of call groups, whole numbers from 0 to {_GROUPS - 1}")
    return str(sum(1 << group for group in groups))


group_bits: Codec[list[int]] = Codec(_group_bits, _write_group_bits, blank="0")
"""Call groups, as numbers, sent as a bit mask: 1 for group 0, 2 for group 1, 4 for group 2."""


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


def _pair(assignment: str) -> tuple[str, str]:
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
    return dict(map(_pair, lines))


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


class Address(NamedTuple):
    """The source or destination of a packet, as in Asterisk's security events.

    Attributes:
        family: ``IPV4`` or ``IPV6``.
        transport: ``UDP``, ``TCP``, ``TLS``, ...
        host: The address.
        port: The port, 0 if unknown.
    """

    family: str
    transport: str
    host: str
    port: int


def _read_address(spelling: str) -> Address:
    family, transport, host, port = spelling.split("/")
    return Address(family, transport, host, int(port or 0))


address: Codec[Address] = Codec(_read_address, lambda value: _written(value, as_text, "/"), blank="IPV4/UDP/0.0.0.0/0")
"""An address such as ``IPV4/TCP/127.0.0.1/5038``."""


def as_json(value: Any) -> str:
    """Encode a value of a typed attribute, or a dict of such values, as JSON; see `Message.to_json`."""
    import json

    return json.dumps(_jsonable(value))


def _jsonable(value: Any) -> Any:
    """Convert a value to types that `json` supports; members of vocabularies already are text or numbers."""
    match value:
        case Mapping():
            value = {name: _jsonable(each) for name, each in cast("Mapping[str, Any]", value).items()}
        case list():
            value = [_jsonable(each) for each in cast("Sequence[Any]", value)]
        case Address():
            value = value._asdict()
        case timedelta():
            value = value.total_seconds()
        case date() | time():
            value = value.isoformat()
        case float() if not math.isfinite(value):
            value = str(value)
        case _:
            pass
    return value


def _unknown(cls: type[Any], value: object, base: type[Any]) -> Any:
    """Create a member for a value that this release of ami-typed does not define, so that it can be decoded."""
    member: Any = base.__new__(cls, value)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value
    return member


class OpenIntEnum(enum.IntEnum):
    """A vocabulary of numbers that a newer Asterisk may extend.

    An unknown number becomes a member named ``UNKNOWN_<number>``, with `known` set to false. `str` of a member is its
    name; a request sends its number.
    """

    _words: Mapping[int, str]

    def __init_subclass__(cls, *, words: Mapping[int, str] | None = None) -> None:
        """Take the words that Asterisk has for the numbers of a vocabulary."""
        super().__init_subclass__()
        cls._words = words or {}

    @classmethod
    def word(cls, number: int) -> str:
        """Return Asterisk's word for a number, that for the first one if it has none; empty if there are no words."""
        return cls._words.get(number) or next(iter(cls._words.values()), "")

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else self.name

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _unknown(cls, value, int) if isinstance(value, int) else None

    @property
    def known(self) -> bool:
        """Whether ami-typed defines this member."""
        return self.name in type(self).__members__


class OpenStrEnum(enum.StrEnum):
    """A vocabulary of words that a newer Asterisk may extend; words are case-insensitive.

    An unknown word becomes a member named ``UNKNOWN_<word>``, with `known` set to false. If Asterisk has several words
    for a member, each of them is accepted; the member's value is the word that requests send.
    """

    _spelled: Mapping[str, str]
    follows: str
    """The vocabulary of numbers that these are the words for; empty if there is none."""

    def __init_subclass__(cls, *, also: Mapping[str, str] | None = None, follows: str = "") -> None:
        """Store the alternative words of a vocabulary, and the name of the vocabulary of numbers that it spells out."""
        super().__init_subclass__()
        cls._spelled = also or {}
        cls.follows = follows

    @classmethod
    def spellings(cls) -> dict[str, Self]:
        """Return the members by every word that Asterisk is known to send for them."""
        return {each.value: each for each in cls} | {word: cls(value) for word, value in cls._spelled.items()}

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        folded = value.casefold()
        known = {word.casefold(): member for word, member in cls.spellings().items()}
        return known.get(folded) or _unknown(cls, value, str)

    @property
    def known(self) -> bool:
        """Whether ami-typed defines this member."""
        return self.name in type(self).__members__


class _Members(dict[str, E]):
    """The members of a vocabulary, by their text on the wire."""

    def __init__(self, vocabulary: type[E]) -> None:
        super().__init__(
            {str(each.value): cast("E", each) for each in vocabulary}
            if issubclass(vocabulary, OpenIntEnum)
            else cast("dict[str, E]", vocabulary.spellings())
        )
        self._unknown: Callable[[str], E] = (
            (lambda spelling: vocabulary(int(spelling))) if issubclass(vocabulary, OpenIntEnum) else vocabulary
        )

    def __missing__(self, spelling: str) -> E:
        return self._unknown(spelling)


def member(vocabulary: type[E], form: int = 0) -> Codec[E]:
    """A member of an open enum.

    Args:
        vocabulary: The enum.
        form: The form to encode: 0 for its value, 1 for the first of its other words, and so on; the last one if it has
            fewer.
    """
    return Codec(
        _Members(vocabulary).__getitem__,
        lambda value: _write_member(value, vocabulary, form),
        blank=next((_write_member(each, vocabulary, form) for each in vocabulary), ""),
        vocabulary=vocabulary,
    )


def worded(vocabulary: type[OpenIntEnum]) -> Codec[str]:
    """Text that is the word for a number of this vocabulary in another header: ``Cause-txt``."""
    return Codec(None, as_text, blank=vocabulary.word(0), vocabulary=vocabulary)


def _write_member(value: object, vocabulary: type[enum.Enum], form: int) -> str:
    written = as_member(value, vocabulary.__name__)
    if issubclass(vocabulary, OpenIntEnum):
        return as_integer(written)
    return _other_word(vocabulary(written), form) if form and issubclass(vocabulary, OpenStrEnum) else written


def _other_word(member: OpenStrEnum, form: int) -> str:
    """Return a word for a member; see `member`. One that is unknown has only its value."""
    words = [word for word, each in member.spellings().items() if each is member]
    return words[: form + 1][-1] if words else str(member)
