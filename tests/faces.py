"""Both faces of the package under one set of names, so that one test says what both do.

`AsyncManager` is wrapped so that it blocks: its event loop runs in a thread of its own, and each call waits there. What
a test gets is typed as `Manager`; only callbacks see which face it is, because they are called with the manager itself.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

import ami_typed as ami
from ami_typed.aio import AsyncEventStream, AsyncManager
from tests.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Self

    Make = Callable[..., ami.Manager]
    """Makes a manager of the face that is tested, as `face` says. It is closed after the test."""

FACES = ("threads", "asyncio")
UVLOOP = pytest.param(
    "uvloop",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("uvloop") is None,
        reason="NOT RUN: uvloop is not installed; it is not for every platform",
    ),
)
EVERYWHERE = (*FACES, UVLOOP)
"""Both faces, that of asyncio on uvloop's event loop as well."""
LOOPS = ("asyncio", UVLOOP)
"""Whose event loop."""


def new_event_loop(name: str) -> asyncio.AbstractEventLoop:
    """Return an event loop of asyncio's own, or of uvloop's."""
    loop: asyncio.AbstractEventLoop = importlib.import_module(name).new_event_loop()
    return loop


class EventLoop:
    """An event loop in a thread of its own, which keeps what went wrong in it."""

    def __init__(self, name: str = "asyncio") -> None:
        self.troubles: list[dict[str, Any]] = []
        self._loop = new_event_loop(name)
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

    def get_batch(self, timeout: float | None = None) -> Any:
        try:
            return self._loop.run(self._stream.get_batch, timeout)
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
        name: Which face: `threads`, or `asyncio` or `uvloop` for the one with that event loop.
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
    loop = EventLoop(name)
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


@contextmanager
def maker(name: str) -> Generator[Make]:
    """Make what makes managers of one face, and closes them at the end; see `face`."""
    with ExitStack() as stack:

        def make_manager(*how: Any, **options: Any) -> ami.Manager:
            return stack.enter_context(face(name, *how, **options))

        yield make_manager
