"""Numbers that programs give: how long to wait, how much to hold, which port.

Rules of this module:

- A duration is a number of seconds or a `datetime.timedelta`, and becomes a float. Infinity, and whatever is longer
  than `LONGEST`, waits without a limit. Where a program may give what is left until a deadline, a negative one is 0.
- What is no such number is refused before anything is sent or registered: text and `True` too, which Python would
  compare or add up as it likes, and NaN, which no comparison finds.
- An error is a sentence that begins with the parameter. It shows the type of what was given, never the value.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from ami_typed.arguments import wrong

if TYPE_CHECKING:
    from numbers import Real

__all__ = ["LONGEST", "Seconds", "count", "real", "seconds", "seconds_or_none", "whole"]

Seconds: TypeAlias = float | timedelta
"""A duration: a number of seconds, or a `datetime.timedelta`."""

LONGEST = 1e9
"""The longest duration that is kept, in seconds: 31 years. Clocks and event loops do not take infinity."""


def seconds(given: object, name: str, *, above_zero: bool = False, passed: bool = False) -> float:
    """Return a duration in seconds.

    Args:
        given: The duration.
        name: The parameter it was given for.
        above_zero: Whether 0 is refused.
        passed: Whether it may be negative: what is left until a deadline that has passed, which is 0.

    Raises:
        TypeError: It is neither a number nor a timedelta.
        ValueError: It is NaN, or negative or 0 where that is refused.
    """
    expected = "a number of seconds or a timedelta"
    duration = given.total_seconds() if isinstance(given, timedelta) else _number(given, name, expected)
    if passed and duration < 0:
        return 0.0
    if not duration >= 0 or (above_zero and not duration):
        raise ValueError(f"{name} takes {expected}, {'above 0' if above_zero else '0 or more'}.")
    return float(min(duration, LONGEST))


def seconds_or_none(given: object, name: str, *, passed: bool = False) -> float | None:
    """Return a duration in seconds, `None` for no limit; see `seconds`."""
    return None if given is None else seconds(given, name, passed=passed)


def real(given: object, name: str, least: float, most: float = LONGEST) -> float:
    """Return a number that is no duration.

    Args:
        given: The number.
        name: The parameter it was given for.
        least: The smallest one that makes sense.
        most: The largest one.

    Raises:
        TypeError: It is no number.
        ValueError: It is out of range, or NaN.
    """
    number = _number(given, name, "a number")
    if not least <= number <= most:
        raise ValueError(f"{name} takes a number from {least:g} to {most:g}.")
    return float(number)


def count(given: object, name: str, least: int = 1) -> int:
    """Return how many of something there may be.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is less than ``least``.
    """
    number = whole(given, name)
    if number < least:
        raise ValueError(f"{name} takes a whole number, {least} or more.")
    return number


def whole(given: object, name: str) -> int:
    """Return a whole number.

    Raises:
        TypeError: It is none.
    """
    number = given if type(given) is int else _number(given, name, "a whole number")
    if not isinstance(number, int):
        raise TypeError(f"{name} {wrong('a whole number', given)}.")
    return int(number)


def _number(given: object, name: str, expected: str) -> float:
    """Return a number of Python's, or of a package that registers its own with `numbers`."""
    if isinstance(given, bool):
        raise TypeError(f"{name} {wrong(expected, given)}.")
    if isinstance(given, (int, float)):
        return given
    from numbers import Integral, Real  # for a foreign number, which is rare

    if isinstance(given, Integral):
        return int(given)
    if isinstance(given, Real):
        return _approximate(given)
    raise TypeError(f"{name} {wrong(expected, given)}.")


def _approximate(number: Real) -> float:
    try:
        return float(number)
    except OverflowError:  # a fraction may be of any size
        return -math.inf if number < 0 else math.inf
