"""What happens at the same time: generators that wait for time to pass and for each other, on a clock of the caller's.

Rules of this module:

- A process runs until it yields a `Wait`. It is resumed when one of the signals it waits for is raised, or when the
  time is over; the expression ``yield`` is true if it was a signal.
- A wait of no time lets everything else that is ready run first.
- Whatever can run at once does so before `Scheduler.settle` returns, in the order in which it became able to run. So
  the same actions always give the same events in the same order.
- An error passed to `Process.interrupt` is raised in the process where it waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.testing.clocks import Clock, Timer

__all__ = ["Afterwards", "HungUp", "Interrupt", "Process", "Scheduler", "Signal", "Wait", "Work"]

T = TypeVar("T")


class Interrupt(Exception):
    """Raised in a process, where it waits, by `Process.interrupt`."""


class HungUp(Interrupt):
    """Raised in the process of a channel that is to end."""


class Signal:
    """Something that processes wait for."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: list[Process] = []

    def notify(self) -> None:
        """Resume every process that waits for it."""
        for process in tuple(self.waiting):
            process.wake()


class Afterwards:
    """A context manager that calls a function at its end, unless the process is abandoned with its simulator.

    A ``finally`` would run when an abandoned generator is collected, and send events to nobody.
    """

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not GeneratorExit:
            self._callback()


class Wait(NamedTuple):
    """A process waits.

    Attributes:
        seconds: The longest time to wait, or `None`.
        signals: What ends the wait before.
    """

    seconds: float | None
    signals: tuple[Signal, ...] = ()


Work: TypeAlias = Generator[Wait, bool, T]
"""What a process runs."""


class Process:
    """A generator that is being run. Of several interrupts at once the first counts, or one that ends a channel."""

    def __init__(self, scheduler: Scheduler, work: Work[object]) -> None:
        self._scheduler = scheduler
        self._work = work
        self._error: Interrupt | None = None
        self._waits = Wait(None)
        self._timer: Timer | None = None
        self._ready = self._started = False
        self.over = False

    def wake(self, woken: bool = True) -> None:
        """Resume the process soon."""
        if not self._ready and not self.over:
            self._ready = True
            self._stop_waiting()
            self._scheduler.ready.append((self, woken))

    def interrupt(self, error: Interrupt) -> None:
        """Raise an error in the process, where it waits."""
        if self._error is None or isinstance(error, HungUp):
            self._error = error
        self.wake()

    def resume(self, woken: bool) -> None:
        """Run until the next wait."""
        self._ready = False
        if self.over:
            return
        error, self._error = (self._error, None) if self._started else (None, self._error)
        try:
            if error is not None:
                wait = self._work.throw(error)
            elif self._started:
                wait = self._work.send(woken)
            else:
                self._started = True
                wait = next(self._work)
        except StopIteration:
            self.over = True
            return
        self._wait(wait)

    def _wait(self, wait: Wait) -> None:
        self._waits = wait
        if self._error is not None or (wait.seconds is not None and wait.seconds <= 0):
            self.wake(False)
            return
        for signal in wait.signals:
            signal.waiting.append(self)
        if wait.seconds is not None:
            self._timer = self._scheduler.later(wait.seconds, lambda: self.wake(False))

    def _stop_waiting(self) -> None:
        for signal in self._waits.signals:
            if self in signal.waiting:
                signal.waiting.remove(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _calling(callback: Callable[[], object]) -> Work[None]:
    callback()
    yield from ()


class Scheduler:
    """Runs processes on a clock.

    Args:
        clock: The clock.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ready: deque[tuple[Process, bool]] = deque()
        self._settling = False

    def spawn(self, work: Work[object]) -> Process:
        """Start a process; it runs its first step when everything that is ready before has run."""
        process = Process(self, work)
        process.wake()
        return process

    def soon(self, callback: Callable[[], object]) -> None:
        """Call a function when everything that is ready before has run."""
        self.spawn(_calling(callback))

    def later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call a function after a time, and run whatever it makes ready."""

        def call() -> None:
            callback()
            self.settle()

        return self.clock.call_later(seconds, call)

    def settle(self) -> None:
        """Run processes until all of them wait."""
        if self._settling:
            return
        self._settling = True
        try:
            while self.ready:
                process, woken = self.ready.popleft()
                process.resume(woken)
        finally:
            self._settling = False
