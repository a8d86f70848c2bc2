"""Clocks of a simulated server: real time, or a time that the test advances.

Rules of this module:

- Whatever a simulated server does, it does in one place, its event loop. A clock runs its callbacks there; `Clock.run`
  does the same for a function that a test calls from another thread.
- Callbacks run in the order of their times; those of the same time in the order in which they were scheduled.
- A stepped clock shows each callback the time for which it was scheduled, and runs what callbacks schedule as well.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from ami_typed.quantities import seconds as seconds_of

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from ami_typed.quantities import Seconds

__all__ = ["Clock", "RealClock", "SteppedClock", "Timer"]

T = TypeVar("T")


class Timer(Protocol):
    """A scheduled callback."""

    def cancel(self) -> None:
        """Do not run the callback. Has no effect if it has run."""
        ...


class Clock(Protocol):
    """Tells a simulated server the time, and runs its callbacks."""

    @property
    def now(self) -> float:
        """The time, in seconds since the epoch."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Run a callback after a delay, in seconds. Call this from a callback, a handler or `run`."""
        ...

    def run(self, function: Callable[[], T]) -> T:
        """Run a function where the callbacks run, and return its result or raise its exception."""
        ...


class _Placed:
    """Runs functions where the server's callbacks run: at first in the calling thread, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._runner: Callable[[Callable[[], object]], object] | None = None

    def place(self, runner: Callable[[Callable[[], object]], object] | None) -> None:
        """Set what runs functions from now on: the server's event loop, or `None` for the calling thread."""
        self._runner = runner

    def run(self, function: Callable[[], T]) -> T:
        """Run a function where the callbacks run, and return its result or raise its exception."""
        if self._runner is None:
            with self._lock:
                return function()
        result: list[T] = []
        self._runner(lambda: result.append(function()))
        return result[0]


class RealClock(_Placed):
    """The real time, on a server's event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._loop: AbstractEventLoop | None = None
        self._fail: Callable[[Exception], object] | None = None

    def use(self, loop: AbstractEventLoop, fail: Callable[[Exception], object]) -> None:
        """Set the event loop that runs the callbacks, and what is called with an exception that one raises."""
        self._loop = loop
        self._fail = fail

    @property
    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return time.time()

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Run a callback after a delay, in seconds.

        Raises:
            RuntimeError: The server has not been started.
        """
        if self._loop is None:
            raise RuntimeError("A real clock runs callbacks once its simulator is started: enter the simulator first.")
        return self._loop.call_later(max(0.0, delay), self._run, callback)

    def _run(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except Exception as error:
            if self._fail is None:
                raise
            self._fail(error)


class _Due:
    """A scheduled callback of a stepped clock."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class SteppedClock(_Placed):
    """A clock that stands still until the test advances it, so that an hour of calls takes milliseconds.

    Args:
        start: The first time, in seconds since the epoch; by default 2024-01-01 00:00 UTC.
    """

    def __init__(self, start: float = 1704067200.0) -> None:
        super().__init__()
        self._now = start
        self._order = itertools.count()
        self._due: list[tuple[float, int, _Due]] = []

    @property
    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self._now

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Run a callback when the clock has been advanced by a delay, in seconds."""
        due = _Due(callback)
        heapq.heappush(self._due, (self._now + max(0.0, delay), next(self._order), due))
        return due

    def advance(self, seconds: Seconds) -> None:
        """Let time pass, and run all callbacks that become due, in order.

        Args:
            seconds: The duration, in seconds or as a timedelta.

        Raises:
            TypeError: The duration is neither a number nor a timedelta.
            ValueError: The duration is negative.
        """
        length = seconds_of(seconds, "SteppedClock.advance()")
        self.run(lambda: self._advance_to(self._now + length))

    def _advance_to(self, end: float) -> None:
        while self._due and self._due[0][0] <= end:
            moment, _, due = heapq.heappop(self._due)
            self._now = max(self._now, moment)
            if due.callback is not None:
                due.callback()
        self._now = max(self._now, end)
