"""Codecs of times and durations.

Rules owned here:

- Durations are `timedelta`.
- Times are aware `datetime` objects if their time zone is known. A local time in an unknown zone is naive: it makes no
  claim that may be wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ami_typed._language.codecs import Codec, read_integer
from ami_typed.arguments import as_duration, as_moment, number

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = [
    "clock",
    "date_time",
    "epoch",
    "in_zone",
    "is_unset",
    "microseconds",
    "milliseconds",
    "minutes",
    "seconds",
    "seconds_left",
]


_SIGN = 1 << 31
"""The sign bit of a 32-bit number; as a number of seconds, 68 years."""


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
    value = read_integer(spelling)
    return timedelta(seconds=value) if 0 < value < _SIGN else None


minutes = _duration(minutes=1)
seconds = _duration(" seconds", seconds=1)
milliseconds = _duration(" ms", milliseconds=1)
microseconds = _duration(microseconds=1)
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
