"""Locking and waiting for threads, such that no interrupt leaves an operation half done.

An interrupt is an exception raised asynchronously (Ctrl-C, an alarm, `PyThreadState_SetAsyncExc`), or a signal handler
that uses the same manager whose method it has interrupted. Python code cannot block interrupts, but it is known where
they occur. CPython checks for them when it enters a function, when a loop jumps back, and when a call has returned (the
eval breaker: `RESUME`, `JUMP_BACKWARD`, `CALL` and similar instructions in ceval.c of 3.11 to 3.14), and a blocking
call checks when a signal wakes it. It does not check between other instructions. Thread switches occur in the same
places. Code that mypyc compiles does not check at all, so it waits by functions that are not compiled (`await_release`,
those of `sockets`): otherwise a signal that arrived a moment before would go unnoticed while it waits.

Rules of this package that follow from this:

- A lock is held by ``with``, and is implemented in C: no interrupt occurs between acquiring it and entering the block.
  In `threading.Condition`, and therefore `Event` and `Queue`, one can, because they acquire their lock in Python.
- A lock is acquired without waiting by ``put(taken, lock.acquire, False)`` in a ``try`` whose ``finally`` checks the
  list ``taken``: `_speed.put` acquires the lock and appends the result in one step. An ``if lock.acquire(False)`` can
  be interrupted between the two.
- Bytes move from one place to another in the same way, or by one call into C. So an interrupt finds each byte in a
  place that other code knows.
- Code that a signal handler may re-enter uses an `RLock`; if it must not be re-entered, the handler checks `ownership`
  first. With a plain lock, the thread that holds it would wait for itself.
- A loop is not the last statement of a ``with`` or ``try`` whose end matters, but has a function of its own: from 3.12
  on, the compiler leaves the jump back of such a loop out of the exception table, and an interrupt there would skip
  the release of the lock. `tests/test_signals.py` reads the tables.
- A step that must be completed may be executed twice, and is repeated if it was interrupted.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Awaited", "Bell", "Latch", "await_release", "ownership", "renew"]


def ownership(lock: Any) -> Callable[[], bool]:
    """Return a function that returns whether the calling thread holds a lock.

    If a signal handler calls it and it does, the handler has interrupted the thread while it held the lock.
    """
    owned: Callable[[], bool] = lock._is_owned  # every RLock has it, but not its type; threading uses it, too
    return owned


def await_release(lock: threading.Lock, timeout: float) -> bool:
    """Wait until a lock is released, for at most ``timeout`` seconds, and acquire it. Return whether it was.

    Compiled code waits by this function, which is not compiled: entering it lets a signal handler run that is due.
    """
    return lock.acquire(timeout=max(0.0, min(timeout, threading.TIMEOUT_MAX)))


def renew(*locks: Any) -> None:
    """Free each RLock, in a child process, that another thread of its parent held: that thread no longer exists.

    The thread that forked, in a signal handler or a callback, keeps those that it holds, and releases them.
    """
    for lock in locks:
        if not lock._is_owned():
            lock._at_fork_reinit()  # every lock has it on systems with fork; threading uses it, too


class Bell:
    """Wakes a waiting thread, or the next one to wait."""

    __slots__ = ("_silent",)

    def __init__(self) -> None:
        self._silent = threading.Lock()
        self._silent.acquire()

    def ring(self) -> None:
        """Wake a thread."""
        if self._silent.locked():
            with contextlib.suppress(RuntimeError):  # another thread has done so meanwhile
                self._silent.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it rings, for at most `timeout` seconds. Return whether it rang."""
        return self._silent.acquire() if timeout is None else await_release(self._silent, timeout)


class Awaited(Bell):
    """A condition that a thread waits for, and that others signal by ringing.

    Attributes:
        error: Why there is nothing left to wait for; `None` while there is.
    """

    __slots__ = ("error",)

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None


class Latch:
    """A `threading.Event` that is never cleared, and that a signal handler may set even if it interrupts `set`."""

    __slots__ = ("_bell", "_set")

    def __init__(self) -> None:
        self._bell = Bell()
        self._set = False

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._set

    def set(self) -> None:
        """Release all waiting threads, and those that wait later."""
        self._set = True
        self._bell.ring()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for at most `timeout` seconds. Return whether it is."""
        if not self._set and self._bell.wait(timeout):
            self._bell.ring()  # for the next one
        return self._set
