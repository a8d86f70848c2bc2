"""Faults on demand: what networks and servers do to a client, at the moment that a test chooses.

```python
simulator.faults.drop_in(actions.QueueStatus, after=100)
simulator.faults.never_answer(actions.Originate)
simulator.faults.split(events.Newchannel, every=1)
```

Rules of this module:

- A fault concerns the answers of an action, the events of a class, or, for `None`, everything that is sent. It happens
  ``times`` times, by default once, to what is sent next; then all is well again. ``times=None`` means always.
- The whole answer of an action is one piece: a list with its items and its last event.
- What concerns whole connections (`drop`, `garbage`, `flood`) happens at once, on all that are logged in or not.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from ami_typed.messages import Event, Request, event_name
from ami_typed.quantities import count, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ami_typed.quantities import Seconds
    from ami_typed.testing.clocks import Clock
    from ami_typed.testing.seam import Emit, Emittable

__all__ = ["Faults", "Outlet", "Subject"]

Subject = type[Request[Any]] | type[Event] | str | None
"""What a fault concerns: the class of an action or of an event, the name of either, or `None` for everything."""


class Outlet(Protocol):
    """A connection, as a fault sees it."""

    def write(self, octets: bytes) -> None:
        """Send bytes."""
        ...

    def write_pieces(self, pieces: Iterable[bytes]) -> None:
        """Send bytes piece by piece, each in its own segment."""
        ...

    def drop(self, *, reset: bool = False) -> None:
        """Close the connection after what has been written, or reset it at once."""
        ...

    def pace(self, rate: float) -> None:
        """Send from now on at most so many bytes per second."""
        ...


@dataclass
class _Fault:
    """A fault that is to happen.

    Attributes:
        subject: The name that it concerns, in lower case; empty for everything.
        left: How often it still happens; `None` for always.
        deed: What happens instead of sending bytes.
    """

    subject: str
    left: int | None
    deed: Callable[[Outlet, bytes], object]


class Faults:
    """The faults of one simulator: `Simulator.faults`. Methods may be called from any thread."""

    def __init__(self, clock: Clock, outlets: Callable[[], Iterable[Outlet]], emit: Emit) -> None:
        self._clock = clock
        self._outlets = outlets
        self._emit = emit
        self._planned: list[_Fault] = []

    # What happens to a message

    def never_answer(self, subject: Subject, *, times: int | None = 1) -> None:
        """Handle an action, but never answer it."""
        self._plan(subject, times, lambda _outlet, _octets: None)

    def answer_twice(self, subject: Subject, *, times: int | None = 1) -> None:
        """Send an answer, or an event, twice."""
        self._plan(subject, times, lambda outlet, octets: outlet.write(octets * 2))

    def delay(self, subject: Subject, duration: Seconds, *, times: int | None = 1) -> None:
        """Send an answer, or an event, later, by the simulator's clock; what follows overtakes it."""
        wait = seconds(duration, "duration")
        self._plan(subject, times, lambda outlet, octets: self._clock.call_later(wait, lambda: outlet.write(octets)))

    def reverse(self, subject: Subject, *, pieces: int = 2) -> None:
        """Hold back a number of answers or events, then send them in reverse order."""
        held: list[bytes] = []
        number = count(pieces, "pieces", 2)

        def hold(outlet: Outlet, octets: bytes) -> None:
            held.append(octets)
            if len(held) == number:
                outlet.write(b"".join(reversed(held)))

        self._plan(subject, number, hold)

    def drop_in(self, subject: Subject, *, after: int, times: int | None = 1) -> None:
        """Send some bytes of an answer or event, then close the connection."""
        length = count(after, "after", 0)

        def drop(outlet: Outlet, octets: bytes) -> None:
            outlet.write(octets[:length])
            outlet.drop()

        self._plan(subject, times, drop)

    def split(
        self, subject: Subject = None, *, at: int | None = None, every: int | None = None, times: int | None = 1
    ) -> None:
        """Send an answer or event in pieces, each in its own segment.

        Args:
            subject: The action or event.
            at: The position of the only cut, in bytes.
            every: The length of the pieces, in bytes.
            times: How often.

        Raises:
            TypeError: Neither ``at`` nor ``every`` is given, or both are.
        """
        if (at is None) == (every is None):
            raise TypeError("faults.split() takes either at= (one cut) or every= (the length of each piece).")
        width, first = count(every or 1, "every"), count(at or 0, "at", 0)

        def cut(outlet: Outlet, octets: bytes) -> None:
            places = [0, *([first] if every is None else range(width, len(octets), width)), len(octets)]
            outlet.write_pieces([octets[begin:end] for begin, end in itertools.pairwise(places)])

        self._plan(subject, times, cut)

    def replace(self, subject: Subject, old: bytes, new: bytes, *, times: int | None = 1) -> None:
        """Replace bytes in an answer or event, with any others: NULs, bare line feeds, a wrong ActionID."""
        self._plan(subject, times, lambda outlet, octets: outlet.write(octets.replace(old, new)))

    def not_utf8(self, subject: Subject, *, times: int | None = 1) -> None:
        r"""Append the byte ``\xE9``, an "é" in Latin-1, to each value of an answer or event."""

        def spoil(outlet: Outlet, octets: bytes) -> None:
            rows = octets.split(b"\r\n")
            spared = (b"Response:", b"Event:", b"ActionID:", b"EventList:", b"ListItems:")
            outlet.write(
                b"\r\n".join(row + b"\xe9" if b": " in row and not row.startswith(spared) else row for row in rows)
            )

        self._plan(subject, times, spoil)

    # What happens to connections

    def drop(self, *, reset: bool = False) -> None:
        """Close all connections, or reset them."""
        self._each(lambda outlet: outlet.drop(reset=reset))

    def garbage(self, octets: bytes = bytes(range(256)) * 4) -> None:
        """Send bytes that are no message on all connections."""
        self._each(lambda outlet: outlet.write(octets))

    def flood(self, event: Emittable, number: int) -> None:
        """Emit an event many times at once."""
        for _ in range(count(number, "number")):
            self._emit(event)

    def slow_reader(self, *, octets_per_second: float) -> None:
        """Treat all present clients as if they read slowly, until `User.writetimeout` drops them.

        Raises:
            ValueError: The rate is not above 0.
        """
        if not octets_per_second > 0:
            raise ValueError(
                "faults.slow_reader() takes a rate above 0; to read nothing at all, let the client not read."
            )
        self._each(lambda outlet: outlet.pace(octets_per_second))

    def clear(self) -> None:
        """Forget all faults that have not happened yet."""

        def clear() -> None:
            self._planned.clear()

        self._clock.run(clear)

    # For the sessions

    def send(self, outlet: Outlet, name: str, octets: bytes) -> None:
        """Send what belongs to an action or event, or do what is planned for it instead."""
        if not self._planned:
            outlet.write(octets)
            return
        subject = name.lower()
        fault = next((each for each in self._planned if each.subject in {"", subject}), None)
        if fault is None:
            outlet.write(octets)
            return
        if fault.left is not None:
            fault.left -= 1
            if not fault.left:
                self._planned.remove(fault)
        fault.deed(outlet, octets)

    def _plan(self, subject: Subject, times: int | None, deed: Callable[[Outlet, bytes], object]) -> None:
        left = None if times is None else count(times, "times")
        fault = _Fault(name_of(subject).lower(), left, deed)

        def plan() -> None:
            self._planned.append(fault)

        self._clock.run(plan)

    def _each(self, deed: Callable[[Outlet], None]) -> None:
        def do() -> None:
            for outlet in list(self._outlets()):
                deed(outlet)

        self._clock.run(do)


def _is_action(subject: object) -> TypeGuard[type[Request[Any]]]:
    return isinstance(subject, type) and issubclass(subject, Request)


def action_name(cls: type[Request[Any]]) -> str:
    """Return the name of an action by its class, which may be a program's own."""
    known = (base.__name__ for base in cls.__mro__ if base.__module__.startswith("ami_typed.actions"))
    return next(known, cls.__name__)


def name_of(subject: Subject) -> str:
    """Return the name on the wire of an action or event, ``""`` for everything.

    Raises:
        TypeError: The argument is neither.
    """
    return subject or "" if subject is None or isinstance(subject, str) else _class_name(subject)


def _class_name(subject: object) -> str:
    if _is_action(subject):
        return action_name(subject)
    if isinstance(subject, type) and issubclass(subject, Event):
        return event_name(subject)
    raise TypeError(f"A simulator takes the class of an action or of an event, such as actions.Ping, not {subject!r}.")
