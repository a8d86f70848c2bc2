"""What threads take turns by and wait on, so that no interrupt leaves it half-way.

An interrupt is an exception that comes from nowhere (Ctrl-C, an alarm, `PyThreadState_SetAsyncExc`), or a signal
handler that uses the very manager whose method it has interrupted. Python code cannot keep interrupts out, but it is
known where they come in. CPython looks for them when it enters a function, when a loop goes back, and when a call has
returned (the eval breaker: `RESUME`, `JUMP_BACKWARD`, `CALL` and their like in ceval.c of 3.11 to 3.14), and a call
that waits looks when a signal wakes it. It does not look between other instructions. Threads are switched in the same
places.

Rules of this package that follow from it:

- A lock is held by ``with``, and is one in C: no interrupt comes between taking it and the block. In
  `threading.Condition`, and with it `Event` and `Queue`, one does, because they take their lock in Python.
- A lock that is not waited for is taken by ``(taken,) = map(lock.acquire, NOT_WAITING)`` in a ``try`` whose ``finally``
  asks ``taken``: the only call makes the map, and unpacking it takes the lock. An ``if lock.acquire(False)`` can be
  interrupted between the two.
- Bytes move from one place to another in the same way, or by one call into C. So an interrupt finds each byte in a
  place that others know.
- What a signal handler may enter again has an `RLock`, and where it may not, it asks for its `ownership` first. A plain
  lock would be waited for by the thread that holds it.
- A step that has to be taken completely can be taken twice, and is taken again where it was interrupted.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOT_WAITING", "Awaited", "Bell", "Latch", "ownership", "renew"]

NOT_WAITING = (False,)
"""The arguments of `acquire`, to `map` it with."""


def ownership(lock: Any) -> Callable[[], bool]:
    """Return what tells whether the thread that asks holds a lock: if so, a signal handler has interrupted it there."""
    owned: Callable[[], bool] = lock._is_owned  # of every RLock, but not in its type; threading.Condition asks it too
    return owned


def renew(*locks: Any) -> None:
    """Free each RLock, in a child process, that another thread of its parent held: that thread is not there any more.

    The thread that has forked, in a signal handler or a callback, keeps those that it holds, and releases them.
    """
    for lock in locks:
        if not lock._is_owned():
            lock._at_fork_reinit()  # of every lock where processes fork; threading uses it too


class Bell:
    """Wakes a thread that waits, or the next one that is going to."""

    __slots__ = ("_silent",)

    def __init__(self) -> None:
        self._silent = threading.Lock()
        self._silent.acquire()

    def ring(self) -> None:
        """Wake a thread."""
        if self._silent.locked():
            with contextlib.suppress(RuntimeError):  # another thread has, meanwhile
                self._silent.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it rings, for `timeout` seconds at most; return whether it rang."""
        return self._silent.acquire(timeout=-1 if timeout is None else max(0.0, min(timeout, threading.TIMEOUT_MAX)))


class Awaited(Bell):
    """What a thread waits for, and others tell of by ringing.

    Attributes:
        error: Why there is nothing to wait for any more, `None` while there is.
    """

    __slots__ = ("error",)

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None


class Latch:
    """A `threading.Event` that is never cleared, and may be set by a signal handler that interrupts `set`."""

    __slots__ = ("_bell", "_set")

    def __init__(self) -> None:
        self._bell = Bell()
        self._set = False

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._set

    def set(self) -> None:
        """Let everyone through who waits, or is going to."""
        self._set = True
        self._bell.ring()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for `timeout` seconds at most; return whether it is."""
        if not self._set and self._bell.wait(timeout):
            self._bell.ring()  # for the next one
        return self._set
