"""Where simulators run: an event loop of the program, or one background thread that all other simulators share."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Place", "borrowed", "given_back"]

T = TypeVar("T")


class Place:
    """An event loop and its thread.

    Args:
        loop: The event loop. It runs, or is about to.
        thread: The identity of its thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        self.loop = loop
        self._thread = thread
        self._posted: deque[Callable[[], object]] = deque()
        self._is_woken = False

    @property
    def is_here(self) -> bool:
        """Whether the caller is in this thread."""
        return threading.get_ident() == self._thread

    def run(self, function: Callable[[], T]) -> T:
        """Run a function in the loop's thread and return its result or raise its exception."""
        if self.is_here:
            return function()
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
                future.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return future.result()

    def post(self, function: Callable[[], object]) -> None:
        """Run a function in the loop's thread, now if it is this one; otherwise soon, in the order of the calls."""
        if self.is_here:
            function()
            return
        self._posted.append(function)
        if not self._is_woken:
            self._is_woken = True
            self.loop.call_soon_threadsafe(self._run_posted)

    def _run_posted(self) -> None:
        self._is_woken = False  # before looking: whatever is posted from now on wakes the loop again
        try:
            for _ in range(len(self._posted)):
                self._posted.popleft()()
        finally:
            if self._posted and not self._is_woken:
                self._is_woken = True
                self.loop.call_soon(self._run_posted)


class _Shared:
    """The background thread, while simulators use it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.place: Place | None = None
        self.thread: threading.Thread | None = None


_SHARED = _Shared()


def borrowed() -> Place:
    """Return the shared event loop, starting its thread for the first user."""
    with _SHARED.lock:
        if _SHARED.place is None:
            loop = asyncio.new_event_loop()
            _SHARED.thread = threading.Thread(target=loop.run_forever, name="ami-typed simulators", daemon=True)
            _SHARED.thread.start()
            assert _SHARED.thread.ident is not None
            _SHARED.place = Place(loop, _SHARED.thread.ident)
        _SHARED.users += 1
        return _SHARED.place


def given_back() -> None:
    """Stop using the shared event loop; the last user ends its thread."""
    with _SHARED.lock:
        _SHARED.users -= 1
        if _SHARED.users or _SHARED.place is None or _SHARED.thread is None:
            return
        loop, thread = _SHARED.place.loop, _SHARED.thread
        _SHARED.place = _SHARED.thread = None
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
