"""How Asterisk spells values on the wire: the codecs between its text and Python's types.

Rules of this module:

- A `Codec` is two pure functions; `decode` raises `ValueError` for a text that is not of its type, never guesses.
- Flags are read in every spelling that Asterisk uses anywhere and written in the one that the header wants,
  because Asterisk's own spelling of a header differs between releases.
- Durations are `timedelta`, vocabularies are open enums: an unknown member is kept.
- Moments are aware `datetime` wherever it is known which moment is meant. A local time whose zone nobody knows is a
  naive one: it claims nothing that may be wrong.
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
"""The classes of events, as an event mask names them (main/manager.c, perms, of 13.38.3 to 23.4.1)."""
TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
FALSE = frozenset({"no", "false", "n", "f", "0", "off"})
"""What Asterisk reads as true and false, without regard to case (main/utils.c, ast_true and ast_false)."""


def mask_trouble(mask: str) -> str | None:
    """Say what is wrong with an event mask, `None` where nothing is.

    Asterisk passes over a class that it does not know, and a mask of nothing else turns all events off.
    """
    if not mask or mask.isdecimal() or mask.lower() in TRUE | FALSE:
        return None
    unknown = next((each for each in mask.split(",") if each not in EVENT_CLASSES), None)
    if unknown is None:
        return None
    from difflib import get_close_matches

    near = get_close_matches(unknown.strip().lower(), EVENT_CLASSES, 1)
    advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(EVENT_CLASSES))}."
    return f"there is no class of events {unknown!r}, and Asterisk would send none for it; {advice}"


class Codec(Generic[T]):
    """The way one kind of value is written on the wire.

    Attributes:
        decode: From the wire's text to the value; `None` where the text is the value.
        encode: From the value to the wire's text, or to the texts of a header that is repeated.
        empty: Whether the empty text is a value, such as a list without items, and not the lack of one.
        mark: For text that may be encoded, the ASCII character without which it is not; `None` for every other type.
        blank: The text of a header that is always sent while there is nothing to say: a zero, a no, the empty text.
    """

    __slots__ = ("blank", "decode", "empty", "encode", "mark")

    def __init__(
        self,
        decode: Callable[[str], T] | None,
        encode: Callable[[T], str | list[str]],
        *,
        empty: bool = False,
        mark: str | None = None,
        blank: str = "",
    ) -> None:
        self.decode = decode
        self.encode = encode
        self.empty = empty or decode is None or mark is not None
        self.mark = mark
        self.blank = blank

    def applies_to(self, _message: Container[str]) -> bool:
        """Return whether the texts of a message are encoded so, rather than sent as they stand."""
        return True


text: Codec[str] = Codec(None, as_text)
"""Text as it stands."""


_ESCAPES = dict(zip("abfnrtv\\'\"?", "\a\b\f\n\r\t\v\\'\"?", strict=True))
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_C_ESCAPED = str.maketrans({character: f"\\{letter}" for letter, character in _ESCAPES.items()})


def _unescaped(spelling: str) -> str:
    try:
        return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], spelling)
    except KeyError:  # no escaping makes such a backslash: the text was sent as it stands
        return spelling


class Escaped(Codec[str]):
    r"""Text that Asterisk writes with the escapes of C: ``O\'Brien``.

    Source: ``ast_escape_c`` in main/utils.c, since 13.5.0. It puts a backslash before ``\``, ``'``, ``"`` and ``?``,
    and writes the control characters that have a letter in C with that letter. A text with a backslash that does not
    begin one of these escapes was not escaped, and is returned as it stands.

    Args:
        older: Two headers; a message that has the first and lacks the second is of a release that did not escape.
    """

    __slots__ = ("older",)

    def __init__(self, *older: str) -> None:
        super().__init__(_unescaped, lambda value: as_text(value).translate(_C_ESCAPED), mark="\\")
        self.older = older

    def applies_to(self, _message: Container[str]) -> bool:
        """Return whether a message is of a release that escapes."""
        return not self.older or self.older[0] not in _message or self.older[1] in _message


def escaped(*older: str) -> Codec[str]:
    """Text with the escapes of C; see `Escaped`."""
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
"""Text whose octets other than letters, digits and ``-_.!~*'()`` are written as ``%0A``.

Source: ``ast_uri_encode`` with ``ast_uri_http`` in main/utils.c.
"""


def _integer(spelling: str) -> int:
    if not spelling.isascii() or "_" in spelling:  # int() would take more than Asterisk writes
        raise ValueError("not a whole number in decimal digits")
    return int(spelling)


integer: Codec[int] = Codec(_integer, as_integer, blank="0")
"""A whole number, in decimal digits."""

_SIGN = 1 << 31
"""The sign of a number of 32 bits; as a count of seconds, 68 years."""
_SIGN24 = 1 << 23


def _integer24(spelling: str) -> int:
    value = _integer(spelling)
    return value - 2 * _SIGN24 if _SIGN24 <= value < 2 * _SIGN24 else value


def _write_integer24(value: int) -> str:
    whole = int(as_integer(value))
    return str(whole + 2 * _SIGN24 if -_SIGN24 <= whole < 0 else whole)


integer24: Codec[int] = Codec(_integer24, _write_integer24, blank="0")
"""A whole number that has 24 bits and a sign, which Asterisk writes as though it had none: 16777215 is -1."""

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
    """A yes or no, written in the spelling of one header and read in every spelling of Asterisk's.

    Where a no has no spelling, it is said by leaving the header out.
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
    """Make the codec of a duration; ``word`` is how some headers name the unit behind the number."""
    step = timedelta(**unit)
    return Codec(
        lambda spelling: _signed(spelling.removesuffix(word)) * step, lambda value: as_duration(value, step), blank="0"
    )


def _signed(spelling: str) -> float:
    """Read a number; Asterisk writes some that may be below 0 with %lu, which makes them close to 2 to the 64th."""
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
"""The least below nothing that Asterisk can write: 16 bits of seconds, and of their fraction."""


def _round_trip(spelling: str) -> float | None:
    value = float(spelling)
    return value if value < _ROUND_TRIP_SIGN else None


round_trip: Codec[float | None] = Codec(
    _round_trip, lambda value: _NO_ROUND_TRIP if value is None else as_real(value), blank="0.000000"
)
"""The seconds of a round trip, `None` where clocks that drift apart make it less than nothing: that wraps around."""

seconds_left: Codec[timedelta | None] = Codec(
    _left, lambda value: seconds.encode(timedelta() if value is None else value), blank="0"
)
"""The seconds that are left of a time limit, `None` where none are: below 0 they wrap around, in 32 or 64 bits."""


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
"""A moment as seconds since 1970, with or without a fraction."""


date_time: Codec[datetime] = Codec(
    datetime.fromisoformat, lambda value: as_moment(value).isoformat(" ", "seconds"), blank="1970-01-01 00:00:00"
)
"""A moment as a date text: naive where the text names no zone; see `in_zone`."""

_FIRST_DAY = datetime(1970, 1, 2)  # noqa: DTZ001 - a date of any zone


def in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    """Return the moment in UTC that a local time of a zone means.

    UTC, because Python subtracts times of one zone by the clock on the wall, an hour wrong over a change of it. A time
    that the zone has twice, in the hour that is set back, is taken as the first of the two (``fold=0``).

    Args:
        moment: A time; an aware one is returned as it is.
        zone: The zone it is local to; without one, the time is returned as it is.
    """
    return moment if zone is None or moment.tzinfo is not None else moment.replace(tzinfo=zone).astimezone(UTC)


def is_unset(moment: datetime) -> bool:
    """Return whether a time is the zero of the epoch in some zone: what Asterisk prints for one that it lacks."""
    return moment.replace(tzinfo=None) < _FIRST_DAY


def items(separator: str = ",", vocabulary: str = "") -> Codec[list[str]]:
    """A list in one header, its items divided by ``separator``; blanks around them do not count.

    A text given in the place of a list goes out as it stands. Items may be members of a vocabulary of this name.
    """
    return Codec(
        lambda spelling: [item for part in spelling.split(separator.strip() or None) if (item := part.strip())],
        lambda values: _joined(values, separator, vocabulary),
        empty=True,
    )


def _joined(values: Sequence[str], separator: str, vocabulary: str) -> str:
    return _written(values, (lambda item: as_member(item, vocabulary)) if vocabulary else as_text, separator)


def chosen(vocabulary: str) -> Codec[Any]:
    """A member of a vocabulary of this name in a request, or its text."""
    return Codec(None, lambda value: as_member(value, vocabulary))


def pairs(separator: str = ",") -> Codec[dict[str, str]]:
    """``name=value`` pairs in one header, divided by ``separator``."""
    parts = items(separator)
    assert parts.decode is not None
    split = parts.decode
    return Codec(
        lambda spelling: dict(_pair(part) for part in split(spelling)),
        lambda values: as_pairs(values, separator),
        empty=True,
    )


def _written(values: Sequence[Any], write: Callable[[Any], str], separator: str, form: str = "{}") -> str:
    """Write a list; a text in its place stands as it is."""
    texts = as_list(values, write)
    return texts if isinstance(texts, str) else form.format(separator.join(texts))


def _formats(spelling: str) -> list[str]:
    names = spelling.removeprefix("(").removesuffix(")")
    return [] if names in {"nothing", ""} else [name for name in names.split("|") if name]


formats: Codec[list[str]] = Codec(
    _formats, lambda values: _written(values, as_text, "|", "({})"), empty=True, blank="(nothing)"
)
"""Media formats, as ``(ulaw|alaw)``; none are ``(nothing)``."""

groups: Codec[list[int]] = Codec(
    lambda spelling: [_integer(part) for part in spelling.split(",") if part.strip()],
    lambda values: _written(values, as_integer, ", "),
    empty=True,
)
"""Call groups, by their numbers from 0 to 63."""

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
        raise ValueError(f"takes numbers of call groups, from 0 to {_GROUPS - 1}")
    return str(sum(1 << group for group in groups))


group_bits: Codec[list[int]] = Codec(_group_bits, _write_group_bits, blank="0")
"""Call groups, by their numbers, written as a sum of bits: 1 for group 0, 2 for group 1, 4 for group 2."""


def each(codec: Codec[T]) -> Codec[Sequence[T]]:
    """A header that is repeated in a request, once a value."""
    return Codec(None, lambda values: as_list(values, cast("Callable[[Any], str]", codec.encode)))


def either(flag: Flag, other: Codec[Any]) -> Codec[Any]:
    """A value of a request that is a yes or no, or else something of another type: ``on``, or a list of classes."""
    return Codec(None, lambda value: (flag if isinstance(value, bool) else other).encode(value))


def _pair(assignment: str) -> tuple[str, str]:
    name, _, value = assignment.partition("=")
    return name, value


_ESCAPED = str.maketrans({character: f"\\{character}" for character in '\\",'})


def assignment(name: str, value: str) -> str:
    """Write one variable of a request; Asterisk would take a comma in it for the end of it, and drop quotes."""
    return f"{name}={value}".translate(_ESCAPED)


def assignments(values: Mapping[str, str | Sequence[str]]) -> str | list[str]:
    """Write variables as Asterisk wants them, one ``name=value`` a header; a sequence repeats the name."""
    return as_assignments(values, assignment)


assigned: Codec[Mapping[str, str | Sequence[str]]] = Codec(None, assignments)
"""Variables in a request, one ``name=value`` header each."""


class Headers(tuple[tuple[str, str], ...]):
    """Headers whose order counts and whose names repeat: in a request they stand under the name of the first."""

    __slots__ = ()


def variables(lines: Iterable[str]) -> dict[str, str]:
    """Read repeated ``name=value`` headers; the last value of a name counts, as in Asterisk."""
    return dict(map(_pair, lines))


def spell(header: str, value: Any) -> list[str]:
    """Return the texts of a value that a program gave a request, one a header.

    Args:
        header: The header it is for, to name it in an error.
        value: Text, number, bool (written ``true`` or ``false``, which Asterisk understands everywhere), enum member,
            path, mapping, list or tuple of these, or `None` for no header.

    Raises:
        TypeError: The value's type has no one spelling in this protocol.
        ValueError: It is a number that has none.
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
    """Where a packet came from or went to, as Asterisk's security events write it.

    Attributes:
        family: ``IPV4`` or ``IPV6``.
        transport: ``UDP``, ``TCP``, ``TLS``, ...
        host: The address.
        port: The port, 0 where none is known.
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
    """Write a value of a typed attribute, or a dict of such, as JSON; see `Message.to_json`."""
    import json

    return json.dumps(_jsonable(value))


def _jsonable(value: Any) -> Any:
    """Return a value in types that `json` writes; vocabularies are text or numbers already."""
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
    """Make a member for a value that this release of ami-typed does not know, so that it stays readable."""
    member: Any = base.__new__(cls, value)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value
    return member


class OpenIntEnum(enum.IntEnum):
    """A vocabulary of numbers that a newer Asterisk may extend.

    An unknown number becomes a member named ``UNKNOWN_<number>`` whose `known` is false. `str` of a member is its name;
    in a request it is sent as its number.
    """

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else self.name

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _unknown(cls, value, int) if isinstance(value, int) else None

    @property
    def known(self) -> bool:
        """Whether this is a member that ami-typed has a name for."""
        return self.name in type(self).__members__


class OpenStrEnum(enum.StrEnum):
    """A vocabulary of words that a newer Asterisk may extend; words match without regard to case.

    An unknown word becomes a member named ``UNKNOWN_<word>`` whose `known` is false. Where Asterisk has several words
    for one thing, any of them finds the member; its value is the one that requests are sent with.
    """

    _spelled: Mapping[str, str]

    def __init_subclass__(cls, *, also: Mapping[str, str] | None = None) -> None:
        """Take the other words that a vocabulary has for its values."""
        super().__init_subclass__()
        cls._spelled = also or {}

    @classmethod
    def spellings(cls) -> dict[str, Self]:
        """Return the members by every word for them that Asterisk is known to write."""
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
        """Whether this is a member that ami-typed has a name for."""
        return self.name in type(self).__members__


class _Members(dict[str, E]):
    """The members of a vocabulary by what is written for them."""

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


def member(vocabulary: type[E]) -> Codec[E]:
    """One member of an open enum, written as its value."""
    return Codec(
        _Members(vocabulary).__getitem__,
        lambda value: _write_member(value, vocabulary),
        blank=next((str(each.value) for each in vocabulary), ""),
    )


def _write_member(value: object, vocabulary: type[enum.Enum]) -> str:
    written = as_member(value, vocabulary.__name__)
    return as_integer(written) if issubclass(vocabulary, OpenIntEnum) else written
