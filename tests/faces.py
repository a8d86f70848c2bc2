"""Both faces of the package under one set of names, so that one test says what both do.

`AsyncManager` is wrapped so that it blocks: its event loop runs in a thread of its own, and each call waits there. What
a test gets is typed as `Manager`; only callbacks see which face it is, because they are called with the manager itself.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import ami_typed as ami
from ami_typed.aio import AsyncEventStream, AsyncManager
from tests.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Self

    Make = Callable[..., ami.Manager]
    """Makes a manager of the face that is tested, as `face` says. It is closed after the test."""

FACES = ("threads", "asyncio")


class EventLoop:
    """An event loop in a thread of its own, which keeps what went wrong in it."""

    def __init__(self) -> None:
        self.troubles: list[dict[str, Any]] = []
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda loop, context: self.troubles.append(context))
        self._thread = threading.Thread(target=self._loop.run_forever, name="event loop", daemon=True)
        self._thread.start()

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function on the loop and wait for what it returns."""

        async def call() -> Any:
            result = function(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE)

    def tasks(self) -> set[str]:
        """Return the names of the package's tasks that run."""
        running: set[asyncio.Task[Any]] = self.run(lambda: asyncio.all_tasks(self._loop))
        return {name for task in running if (name := task.get_name()).startswith("ami-typed")}

    def close(self) -> None:
        """End the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class BlockingStream:
    """A stream of `AsyncManager` whose reads block."""

    def __init__(self, loop: EventLoop, stream: AsyncEventStream[Any]) -> None:
        self._loop = loop
        self._stream = stream

    def get(self, timeout: float | None = None) -> Any:
        try:
            return self._loop.run(self._stream.get, timeout)
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        self._loop.run(self._stream.close)

    @property
    def dropped(self) -> int:
        return self._stream.dropped

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return self.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class BlockingManager:
    """An `AsyncManager` whose methods block."""

    def __init__(self, loop: EventLoop, manager: AsyncManager) -> None:
        self._loop = loop
        self._face = manager

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._face, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            result = self._loop.run(value, *args, **kwargs)
            return BlockingStream(self._loop, result) if name == "subscribe" else result

        return call

    def __enter__(self) -> Self:
        self._loop.run(self._face.__aenter__)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.run(self._face.__aexit__, *error)


def _made(cls: type, made_by: str, *args: Any, **options: Any) -> Any:
    make = cls if made_by == "__call__" else getattr(cls, made_by)
    return make(*args, **options)


@contextmanager
def face(name: str, made_by: str = "__call__", *args: Any, **options: Any) -> Generator[ami.Manager]:
    """Make a manager of one face; close it at the end, and look that nothing of it is left.

    Args:
        name: Which face.
        made_by: The class method that makes it, such as `from_url`.
        args: What that takes by position.
        options: What it takes by name.
    """
    if name == "threads":
        manager = _made(ami.Manager, made_by, *args, **options)
        try:
            yield manager
        finally:
            manager.close()
        return
    loop = EventLoop()
    try:
        blocking = BlockingManager(loop, _made(AsyncManager, made_by, *args, **options))
        try:
            yield cast("ami.Manager", blocking)
        finally:
            blocking.close()
            left = loop.tasks()
    finally:
        loop.close()
    assert left == set(), left
    assert loop.troubles == [], loop.troubles
