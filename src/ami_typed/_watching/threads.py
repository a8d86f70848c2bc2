"""The thread-specific part of `Pbx` and its streams: waiting for a change, and the thread that follows events."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ami_typed._transport.locks import Bell, Latch
from ami_typed._watching.common import C_co, Changes, Placed, Watching
from ami_typed.errors import EventTimeout
from ami_typed.overflow import Overflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed import live

__all__ = ["ThreadChanges", "ThreadPlaced", "ThreadWatching"]


class ThreadChanges(Changes[C_co]):
    """The thread-specific part of `ChangeStream`."""

    def __init__(
        self,
        pbx: Watching,
        kinds: tuple[type[live.Change], ...],
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> None:
        self._bell = Bell()
        super().__init__(pbx, kinds, limit, overflow, self._bell.ring)

    def _next(self, timeout: float | None) -> C_co | None:
        """Wait for the next change and remove it from the buffer; return `None` at the end."""
        try:
            return self._awaited(timeout)  # type: ignore[return-value]  # `_put` adds only changes of its classes
        finally:
            if self._buffer.ready:  # another thread may be waiting too
                self._bell.ring()

    def _awaited(self, timeout: float | None) -> live.Change | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            while not self._buffer.ready:
                if not self._bell.wait(None if deadline is None else deadline - time.monotonic()):
                    raise EventTimeout(f"No change arrived within {timeout:g} s.")
            try:
                return self._buffer.take()
            except LookupError:  # another thread was faster
                continue


class ThreadPlaced(Placed):
    """The thread-specific part of `PlacedCall`."""

    def __init__(self, placement: live.Placement) -> None:
        self._answer, self._end = Latch(), Latch()
        super().__init__(placement, self._answer.set, self._end.set)

    def _until(self, happened: Latch, timeout: float | None, what: str) -> None:
        """Wait until something happened.

        Raises:
            EventTimeout: It did not happen in time.
        """
        if not happened.wait(timeout):
            raise EventTimeout(f"The call {what} within {timeout:g} s.")


class ThreadWatching(Watching):
    """The thread-specific part of `Pbx`."""

    _thread: threading.Thread | None = None

    def _created(self) -> None:
        """Finish the construction, and open."""
        self._lock = threading.RLock()
        self.open()

    def _start(self, run: Callable[[], None]) -> None:
        """Start the thread that follows events."""
        self._thread = threading.Thread(target=run, name="ami-typed: calls", daemon=True)
        self._thread.start()

    def _finish(self) -> None:
        """Wait for the thread that follows events, unless this is that thread."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _pause(self, duration: float) -> None:
        threading.Event().wait(duration)

    if TYPE_CHECKING:  # defined by `Pbx`, as `AsyncPbx`, its source, defines it

        def open(self) -> None: ...
