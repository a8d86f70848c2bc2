"""Arguments of requests: Python values, validated and encoded for Asterisk.

Rules of this module:

- A value is converted if its spelling is unambiguous and rejected otherwise, never guessed: a number is not a duration,
  because it has no unit, and a bool is not text.
- An error message is the predicate of a sentence, "must be a timedelta, not int"; `about` adds the subject, `Request`
  the action. It names the type of the argument, never the value, which may be a secret.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "about",
    "as_assignments",
    "as_duration",
    "as_flag",
    "as_integer",
    "as_list",
    "as_mapping",
    "as_member",
    "as_moment",
    "as_pairs",
    "as_real",
    "as_records",
    "as_text",
    "at",
    "name_of_type",
    "number",
    "within",
    "wrong",
]

R = TypeVar("R")

_AS_TEXT = frozenset({"uuid", "ipaddress", "decimal"})
"""The modules whose objects are encoded with `str`."""
_WHOLE = r"\s*([+-]?[0-9]+)\s*"


def wrong(expected: str, value: object) -> TypeError:
    """Return the error for a value of the wrong type."""
    return TypeError(f"must be {expected}, not {name_of_type(value)}")


def name_of_type(value: object) -> str:
    """Return the name of a value's type for an error message, as Python's own messages give it."""
    return "None" if value is None else type(value).__name__


def about(subject: str, predicate: object) -> str:
    """Return a subject with its predicate; one that begins with an index or key, ``[0] must be``, is attached to it."""
    said = str(predicate)
    return f"{subject}{said}" if said.startswith("[") else f"{subject} {said}"


def number(value: float) -> str:
    """Format a number with all its digits: without a decimal point if it is whole, and never with an exponent.

    Asterisk parses most numbers with %d.
    """
    if value == int(value):
        return str(int(value))
    digits = repr(value)
    if "e" not in digits:
        return digits
    from decimal import Decimal  # rarely needed, and slow to import

    return f"{Decimal(digits):f}"


def as_text(value: object, expected: str = "text") -> str:
    """Return the text of a value with an unambiguous one: text, a number, an enum member, a path, an IP address.

    Raises:
        TypeError: The value has no unambiguous text.
        ValueError: The value is infinity or NaN, or has too many digits.
    """
    if type(value) is str:
        return value
    given = value
    if isinstance(value, (str, int, float)):
        return _plain_as_text(value.value if isinstance(value, enum.Enum) else value, expected)
    to_path: Callable[[object], object] | None = getattr(type(value), "__fspath__", None)
    if to_path is not None and isinstance(path := to_path(value), str):
        return path
    if type(value).__module__ in _AS_TEXT:
        return str(value)
    raise wrong(expected, given)


def _plain_as_text(value: str | float, expected: str) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        raise wrong(expected, value)
    return _digits(value, number, expected)


def _digits(value: float, write: Callable[[float], str], expected: str) -> str:
    if not abs(value) < math.inf:
        raise ValueError(f"must be {expected}, not infinity or NaN")
    try:
        return write(value)
    except ValueError:
        raise ValueError(f"must be {expected}; the given number has too many digits") from None


def as_integer(value: object) -> str:
    """Return the digits of a whole number, which may be given as text.

    Raises:
        TypeError: The value is not a number.
        ValueError: The value is not a whole number.
    """
    expected = "a whole number"
    if type(value) is int:
        return _digits(value, str, expected)
    if isinstance(value, str):
        digits = re.fullmatch(_WHOLE, value, re.ASCII)
        if digits is None:
            raise ValueError(f"must be {expected}; the given text is not one")
        return digits[1]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(expected, value)
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        raise ValueError(f"must be {expected}; the given number has a fraction")
    return _digits(value, lambda whole: str(int(whole)), expected)


def as_real(value: object) -> str:
    """Return the digits of a number.

    Raises:
        TypeError: The value is not a number.
        ValueError: The value is infinity or NaN.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong("a number", value)
    return _digits(value, str, "a number")


def as_flag(value: object, yes: str, no: str, read: Callable[[str], bool]) -> str:
    """Return the text of a flag.

    Args:
        value: A bool, 1 or 0, or one of Asterisk's spellings of yes and no.
        yes: The header's text for a yes.
        no: The header's text for a no.
        read: Decodes one of Asterisk's spellings.

    Raises:
        TypeError: The value is not a flag.
        ValueError: The value is a text that is not one of these spellings.
    """
    if value is True or value is False:
        return yes if value else no
    expected = "True or False"
    if isinstance(value, enum.Enum):
        raise wrong(expected, value)
    if isinstance(value, str):
        try:
            return yes if read(value) else no
        except ValueError as error:
            raise ValueError(f"must be {expected}; the given text is {error}") from None
    if isinstance(value, int) and value in {0, 1}:
        return yes if value else no
    raise wrong(expected, value)


def as_duration(value: object, step: timedelta) -> str:
    """Return a duration as a number of steps.

    Raises:
        TypeError: The value is not a timedelta. A number is rejected because its unit could be seconds or Asterisk's.
    """
    if not isinstance(value, timedelta):
        raise wrong("a timedelta, such as timedelta(seconds=40)", value)
    return number(value / step)


def as_moment(value: object) -> datetime:
    """Return a datetime.

    Raises:
        TypeError: The value is not a datetime.
    """
    if not isinstance(value, datetime):
        raise wrong("a datetime", value)
    return value


def as_member(value: object, vocabulary: str) -> str:
    """Return the text of a member of a vocabulary, or a text that may be a new member.

    Args:
        value: The member or text.
        vocabulary: The name of its class in `enums`; the check does not import that module.

    Raises:
        TypeError: The value is a member of another vocabulary, or neither a member nor text.
    """
    expected = f"a member of enums.{vocabulary} or its text"
    if isinstance(value, enum.Enum) and not any(cls.__name__ == vocabulary for cls in type(value).__mro__):
        raise wrong(expected, value)
    return as_text(value, expected)


def as_list(value: object, write: Callable[[Any], str]) -> str | list[str]:
    """Return the texts of several values; text given instead of a list is returned unmodified.

    Raises:
        TypeError: The value is not a list, or an item has no unambiguous text.
        ValueError: An item is infinity or NaN.
    """
    given = value
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, (Mapping, bytes, bytearray, memoryview)) or not isinstance(value, Iterable):
        raise wrong("a list", given)
    return [at(place, write, item) for place, item in enumerate(cast("Iterable[object]", value))]


def at(key: object, write: Callable[[Any], R], item: object) -> R:
    """Encode the item at a key or index of a value, naming the key or index in errors."""
    try:
        return write(item)
    except (TypeError, ValueError) as error:
        raise type(error)(about(f"[{key!r}]", error)) from None


def within(place: str, write: Callable[[Any], R], item: object) -> R:
    """Encode a part of a value, naming it in errors."""
    try:
        return write(item)
    except (TypeError, ValueError) as error:
        raise type(error)(about(place, error)) from None


def as_records(value: object, kinds: tuple[type[R], ...], expected: str) -> list[R]:
    """Return a list of records of the given classes; a single record is wrapped in a list.

    Raises:
        TypeError: The value is not a list, or an item is of another class.
    """
    given = value
    if isinstance(value, kinds):
        return [value]
    if isinstance(value, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(value, Iterable):
        raise wrong(expected, given)
    records = list(cast("Iterable[object]", value))
    for place, record in enumerate(records):
        if not isinstance(record, kinds):
            raise TypeError(f"must be {expected}, but item {place} is {name_of_type(record)}")
    return cast("list[R]", records)


def as_mapping(value: object, expected: str) -> Mapping[object, object]:
    """Return a mapping.

    Raises:
        TypeError: The value is not a mapping.
    """
    given = value
    if not isinstance(value, Mapping):
        raise wrong(expected, given)
    return cast("Mapping[object, object]", value)


def as_pairs(value: object, separator: str) -> str:
    """Return ``name=value`` pairs in one text.

    Raises:
        TypeError: ``value`` is not a mapping, or an item has no unambiguous text.
        ValueError: An item is infinity or NaN.
    """
    if isinstance(value, str):
        return as_text(value)
    named = as_mapping(value, "a mapping").items()
    return separator.join(f"{as_text(name)}={at(name, as_text, each)}" for name, each in named)


def as_assignments(value: object, assign: Callable[[str, str], str]) -> str | list[str]:
    """Return variables, one ``name=value`` text each.

    Args:
        value: A mapping of names to values, or to several values for one name; or ``name=value`` texts, one or a list,
            which are returned unmodified.
        assign: Encodes one assignment of the mapping.

    Raises:
        TypeError: The value is neither, or a variable's value has no unambiguous text.
        ValueError: A text is not an assignment.
    """
    if isinstance(value, Mapping):
        named = cast("Mapping[object, object]", value).items()
        return [assign(_variable(name), line) for name, each in named for line in _lines(name, each)]
    try:
        texts = as_list(value, as_text)
    except TypeError as error:
        raise TypeError(str(error).replace("must be a list", "must be a mapping of names to values", 1)) from None
    if any("=" not in text for text in ([texts] if isinstance(texts, str) else texts)):
        raise ValueError("must be a mapping of names to values, or texts such as 'NAME=value'")
    return texts


def _variable(name: object) -> str:
    if not isinstance(name, str) or not name or "=" in name:
        raise ValueError("must be a mapping of names to values; a name is a non-empty text without =")
    return name


def _lines(name: object, value: object) -> Sequence[str]:
    several = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else (value,)
    return [at(name, as_text, each) for each in several]
