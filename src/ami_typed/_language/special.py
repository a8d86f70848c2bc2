"""Codecs of the forms that few headers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed._language.codecs import Codec, items, read_integer, split_pair, write_list
from ami_typed._lazy import NamedTuple
from ami_typed.arguments import as_integer, as_list, as_pairs, as_real, as_text, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Address", "address", "formats", "group_bits", "groups", "integer24", "pairs", "round_trip"]


_SIGN24 = 1 << 23


def _integer24(spelling: str) -> int:
    value = read_integer(spelling)
    return value - 2 * _SIGN24 if _SIGN24 <= value < 2 * _SIGN24 else value


def _write_integer24(value: int) -> str:
    whole = int(as_integer(value))
    return str(whole + 2 * _SIGN24 if -_SIGN24 <= whole < 0 else whole)


integer24: Codec[int] = Codec(_integer24, _write_integer24, blank="0")
"""A signed 24-bit number, which Asterisk formats as an unsigned one: 16777215 is -1."""
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


def pairs(separator: str = ",") -> Codec[dict[str, str]]:
    """``name=value`` pairs in one header, separated by ``separator``."""
    parts = items(separator)
    assert parts.decode is not None
    split = parts.decode
    return Codec(
        lambda spelling: dict(split_pair(part) for part in split(spelling)),
        lambda values: as_pairs(values, separator),
        empty=True,
    )


def _formats(spelling: str) -> list[str]:
    names = spelling.removeprefix("(").removesuffix(")")
    return [] if names in {"nothing", ""} else [name for name in names.split("|") if name]


formats: Codec[list[str]] = Codec(
    _formats, lambda values: write_list(values, as_text, "|", "({})"), empty=True, blank="(nothing)"
)
"""Media formats, such as ``(ulaw|alaw)``; an empty list is ``(nothing)``."""
groups: Codec[list[int]] = Codec(
    lambda spelling: [read_integer(part) for part in spelling.split(",") if part.strip()],
    lambda values: write_list(values, as_integer, ", "),
    empty=True,
)
"""Call groups, as numbers from 0 to 63."""
_GROUPS = 64


def _group_bits(spelling: str) -> list[int]:
    bits = read_integer(spelling)
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


address: Codec[Address] = Codec(
    _read_address, lambda value: write_list(value, as_text, "/"), blank="IPV4/UDP/0.0.0.0/0"
)
"""An address such as ``IPV4/TCP/127.0.0.1/5038``."""
