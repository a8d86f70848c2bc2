"""The asyncio-specific part of `AsyncPbx` and its streams: waiting for a change, and the task that follows events."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ami_typed._watching.common import C_co, Changes, Placed, Watching
from ami_typed.errors import EventTimeout
from ami_typed.overflow import Overflow

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ami_typed import live

__all__ = ["TaskChanges", "TaskPlaced", "TaskWatching"]


class TaskChanges(Changes[C_co]):
    """The asyncio-specific part of `AsyncChangeStream`."""

    def __init__(
        self,
        pbx: Watching,
        kinds: tuple[type[live.Change], ...],
        limit: int | None = None,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> None:
        self._changed = asyncio.Event()
        super().__init__(pbx, kinds, limit, overflow, self._changed.set)

    async def _next(self, timeout: float | None) -> C_co | None:
        """Wait for the next change and remove it from the buffer; return `None` at the end."""
        try:
            async with asyncio.timeout(timeout):
                while not self._buffer.ready:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise EventTimeout(f"No change arrived within {timeout:g} s.") from None
        return self._buffer.take()  # type: ignore[return-value]  # `_put` adds only changes of its classes


class TaskPlaced(Placed):
    """The asyncio-specific part of `AsyncPlacedCall`."""

    def __init__(self, placement: live.Placement) -> None:
        self._answer, self._end = asyncio.Event(), asyncio.Event()
        super().__init__(placement, self._answer.set, self._end.set)

    async def _until(self, happened: asyncio.Event, timeout: float | None, what: str) -> None:
        """Wait until something happened.

        Raises:
            EventTimeout: It did not happen in time.
        """
        try:
            async with asyncio.timeout(timeout):
                await happened.wait()
        except TimeoutError:
            raise EventTimeout(f"The call {what} within {timeout:g} s.") from None


class TaskWatching(Watching):
    """The asyncio-specific part of `AsyncPbx`."""

    _task: asyncio.Task[None] | None = None

    def _created(self) -> None:
        """Finish the construction; loading the picture has to be awaited, and waits for `AsyncPbx.open`."""
        self._lock = nullcontext()

    def _start(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start the task that follows events."""
        self._task = asyncio.create_task(run(), name="ami-typed: calls")

    async def _finish(self) -> None:
        """Wait for the task that follows events, unless this is that task."""
        if self._task is not None and self._task is not asyncio.current_task():
            await self._task

    async def _pause(self, duration: float) -> None:
        await asyncio.sleep(duration)
