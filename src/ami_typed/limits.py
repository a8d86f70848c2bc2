"""Upper bounds for all memory whose size depends on the server or on a slow program.

Rules of this module:

- Each limit is defined once, here. Code that stores data receives its limits, and rejects, drops or disconnects beyond
  them.
"""

from __future__ import annotations

from ami_typed._lazy import NamedTuple
from ami_typed.arguments import wrong
from ami_typed.quantities import count

__all__ = ["Limits", "checked"]


class Limits(NamedTuple):
    """Upper bounds for the data that ami-typed stores for one connection.

    Attributes:
        line: Bytes of one incomplete line.
        message: Bytes of one message.
        headers: Lines of one message.
        pending: Pending requests.
        events: Events queued for callbacks; see `Overflow` for the behaviour at this limit.
        stream: Events queued in one `EventStream`; see `Overflow`.
        waiting: Total bytes of the events queued for callbacks, or in one `EventStream`.
        items: Events of one list. A longer list fails with `ListTooLong`; the connection stays open, and the rest of
            the list is ignored.
        gathered: Total bytes of the events of one list; a larger list fails in the same way.
    """

    line: int = 16 << 20
    message: int = 64 << 20
    headers: int = 1_000_000
    pending: int = 10_000
    events: int = 100_000
    stream: int = 10_000
    waiting: int = 128 << 20
    items: int = 1_000_000
    gathered: int = 256 << 20


def checked(limits: object) -> Limits:
    """Validate limits and return them; each must be a whole number above 0.

    Raises:
        TypeError: The argument is not a `Limits`, or a limit is not a whole number.
        ValueError: A limit is below 1.
    """
    if not isinstance(limits, Limits):
        raise TypeError(f"limits {wrong('a Limits', limits)}.")
    return Limits(*(count(each, f"Limits.{name}") for name, each in zip(Limits._fields, limits, strict=True)))
