"""Numeric arguments: time-outs, limits, ports.

Rules of this module:

- A duration is a number of seconds or a `datetime.timedelta`, and is converted to a float. Durations above `LONGEST`,
  including infinity, mean no limit. Parameters that accept the time left until a deadline treat a negative value as 0.
- Anything else is rejected before anything is sent or registered, including text and `True`, which Python might
  compare or add silently, and NaN, which no comparison detects.
- An error message begins with the parameter. It names the type of the argument, never its value.
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
"""The longest duration, in seconds: 31 years. Clocks and event loops do not accept infinity."""


def seconds(given: object, name: str, *, above_zero: bool = False, passed: bool = False) -> float:
    """Return a duration in seconds.

    Args:
        given: The duration.
        name: The name of the parameter, for error messages.
        above_zero: Whether to reject 0.
        passed: Whether to treat a negative duration, the time left until a deadline that has passed, as 0.

    Raises:
        TypeError: The duration is neither a number nor a timedelta.
        ValueError: The duration is NaN, negative (unless ``passed``), or 0 (if ``above_zero``).
    """
    expected = "a number of seconds or a timedelta"
    duration = given.total_seconds() if isinstance(given, timedelta) else _number(given, name, expected)
    if passed and duration < 0:
        return 0.0
    if not duration >= 0 or (above_zero and not duration):
        raise ValueError(f"{name} must be {expected}, {'above 0' if above_zero else '0 or more'}.")
    return float(min(duration, LONGEST))


def seconds_or_none(given: object, name: str, *, passed: bool = False) -> float | None:
    """Return a duration in seconds, `None` for no limit; see `seconds`."""
    return None if given is None else seconds(given, name, passed=passed)


def real(given: object, name: str, least: float, most: float = LONGEST) -> float:
    """Return a number that is not a duration.

    Args:
        given: The number.
        name: The name of the parameter, for error messages.
        least: The smallest valid number.
        most: The largest valid number.

    Raises:
        TypeError: The argument is not a number.
        ValueError: The number is out of range, or NaN.
    """
    number = _number(given, name, "a number")
    if not least <= number <= most:
        raise ValueError(f"{name} must be a number from {least:g} to {most:g}.")
    return float(number)


def count(given: object, name: str, least: int = 1) -> int:
    """Return a whole number with a lower bound.

    Raises:
        TypeError: The argument is not a whole number.
        ValueError: The number is less than ``least``.
    """
    number = whole(given, name)
    if number < least:
        raise ValueError(f"{name} must be a whole number, {least} or more.")
    return number


def whole(given: object, name: str) -> int:
    """Return a whole number.

    Raises:
        TypeError: The argument is not a whole number.
    """
    number = given if type(given) is int else _number(given, name, "a whole number")
    if not isinstance(number, int):
        raise TypeError(f"{name} {wrong('a whole number', given)}.")
    return int(number)


def _number(given: object, name: str, expected: str) -> float:
    """Return a number, which may be of a type that a package registers with `numbers`."""
    if isinstance(given, bool):
        raise TypeError(f"{name} {wrong(expected, given)}.")
    if isinstance(given, (int, float)):
        return given
    from numbers import Integral, Real  # imported lazily: rarely needed

    if isinstance(given, Integral):
        return int(given)
    if isinstance(given, Real):
        return _approximate(given)
    raise TypeError(f"{name} {wrong(expected, given)}.")


def _approximate(number: Real) -> float:
    try:
        return float(number)
    except OverflowError:  # a fraction can be arbitrarily large
        return -math.inf if number < 0 else math.inf
