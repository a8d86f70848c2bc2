"""How much is held at most, for everything that a server or a slow program could make grow.

Rules of this module:

- Each number is named once, here; who holds something is given the numbers and refuses, drops or ends beyond them.
"""

from __future__ import annotations

from ami_typed._lazy import NamedTuple
from ami_typed.arguments import wrong
from ami_typed.quantities import count

__all__ = ["Limits", "checked"]


class Limits(NamedTuple):
    """How much ami-typed holds at most, for one connection.

    Attributes:
        line: Bytes of one line that has not ended yet.
        message: Bytes of one message.
        headers: Lines of one message.
        pending: Requests that wait for their answer.
        events: Events that wait for their callbacks; see `Overflow` for what happens beyond it.
        stream: Events that wait in one `EventStream`; see `Overflow`.
        waiting: Bytes of all events that wait for their callbacks, or in one `EventStream`.
        items: Events of one list. A longer one fails with `ListTooLong`; the connection goes on, and the rest of the
            list is ignored.
        gathered: Bytes of all events of one list, likewise.
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
    """Return limits, each a whole number above 0.

    Raises:
        TypeError: These are no `Limits`, or one is no whole number.
        ValueError: One is below 1.
    """
    if not isinstance(limits, Limits):
        raise TypeError(f"limits {wrong('a Limits', limits)}.")
    return Limits(*(count(each, f"Limits.{name}") for name, each in zip(Limits._fields, limits, strict=True)))
