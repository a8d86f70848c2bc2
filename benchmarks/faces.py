"""How the benchmarks use ami-typed: one class for each of its faces, with the same methods.

A new face is a class that does what `Face` says, and a place in `FACES`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from ami_typed import AsyncManager, Limits, Manager, actions
from benchmarks.floors import in_threads
from benchmarks.workload import END_OF_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed import Event

__all__ = ["FACES", "Face"]

HOST = "127.0.0.1"

ROOMY = Limits(events=1_000_000, waiting=1 << 30)
"""A flood that comes faster than its callback works is to be measured whole, not to its first 50,000 events."""


class Face(Protocol):
    """What a face is asked to do; each method connects anew and returns seconds."""

    name: str

    def stream(self, port: int, event: str, function: Callable[[Any, Any], object], *, in_list: bool = False) -> float:
        """Have a function called with events of the stream, with a list action in flight where asked."""
        ...

    def ping(self, port: int, count: int) -> list[float]:
        """Ping, one after the other."""
        ...

    def pings(self, port: int, count: int, at_once: int) -> float:
        """Ping, many at once."""
        ...

    def listing(self, port: int) -> float:
        """Ask for the list of channels."""
        ...


class Threads:
    """`ami_typed.Manager`."""

    name = "Manager"

    def stream(self, port: int, event: str, function: Callable[[Any, Any], object], *, in_list: bool = False) -> float:
        done = threading.Event()
        with Manager(limits=ROOMY) as manager:
            manager.register_callback(event, function)
            manager.register_callback(END_OF_STREAM, _calling(done.set))
            manager.connect(HOST, port)
            started = time.perf_counter()
            manager.execute(actions.QueueStatus() if in_list else actions.Events(event_mask="on"), timeout=300)
            done.wait()
            return time.perf_counter() - started

    def ping(self, port: int, count: int) -> list[float]:
        times: list[float] = []
        with Manager() as manager:
            manager.connect(HOST, port)
            for _ in range(count):
                started = time.perf_counter()
                manager.execute(actions.Ping())
                times.append(time.perf_counter() - started)
        return times

    def pings(self, port: int, count: int, at_once: int) -> float:
        with Manager() as manager:
            manager.connect(HOST, port)

            def ask() -> None:
                for _ in range(count // at_once):
                    manager.execute(actions.Ping())

            return in_threads(at_once, ask)

    def listing(self, port: int) -> float:
        with Manager() as manager:
            manager.connect(HOST, port)
            started = time.perf_counter()
            channels = manager.execute(actions.CoreShowChannels(), timeout=60)
            seconds = time.perf_counter() - started
            assert channels.valid, channels.error_message
            return seconds


class Asyncio:
    """`ami_typed.aio.AsyncManager`."""

    name = "AsyncManager"

    def stream(self, port: int, event: str, function: Callable[[Any, Any], object], *, in_list: bool = False) -> float:
        async def work() -> float:
            done = asyncio.Event()
            async with AsyncManager(limits=ROOMY) as manager:
                manager.register_callback(event, function)
                manager.register_callback(END_OF_STREAM, _calling(done.set))
                await manager.connect(HOST, port)
                started = time.perf_counter()
                await manager.execute(
                    actions.QueueStatus() if in_list else actions.Events(event_mask="on"), timeout=300
                )
                await done.wait()
                return time.perf_counter() - started

        return asyncio.run(work())

    def ping(self, port: int, count: int) -> list[float]:
        async def work() -> list[float]:
            times: list[float] = []
            async with AsyncManager() as manager:
                await manager.connect(HOST, port)
                for _ in range(count):
                    started = time.perf_counter()
                    await manager.execute(actions.Ping())
                    times.append(time.perf_counter() - started)
            return times

        return asyncio.run(work())

    def pings(self, port: int, count: int, at_once: int) -> float:
        async def work() -> float:
            async with AsyncManager() as manager:
                await manager.connect(HOST, port)

                async def ask() -> None:
                    for _ in range(count // at_once):
                        await manager.execute(actions.Ping())

                started = time.perf_counter()
                await asyncio.gather(*(ask() for _ in range(at_once)))
                return time.perf_counter() - started

        return asyncio.run(work())

    def listing(self, port: int) -> float:
        async def work() -> float:
            async with AsyncManager() as manager:
                await manager.connect(HOST, port)
                started = time.perf_counter()
                channels = await manager.execute(actions.CoreShowChannels(), timeout=60)
                seconds = time.perf_counter() - started
                assert channels.valid, channels.error_message
                return seconds

        return asyncio.run(work())


def _calling(function: Callable[[], object]) -> Callable[[Event, object], None]:
    """Make a callback of a function that wants to know only that the event came."""

    def callback(_event: Event, _manager: object) -> None:
        function()

    return callback


FACES: tuple[Face, ...] = (Threads(), Asyncio())
