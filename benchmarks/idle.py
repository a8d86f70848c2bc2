"""Idle connections: what each of many takes in memory, all on one event loop, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Figure, Options
from benchmarks.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ONCE = 50
_SPARE = 200
"""Descriptors beside those of the connections."""


def run(options: Options) -> Iterator[Figure]:
    """Measure connections that are logged in, have a callback, have answered a Ping, and then only wait."""
    _allow_descriptors(options.idle + _SPARE)
    with serving() as port:
        command = [sys.executable, "-m", "benchmarks.idle", str(port), str(options.idle)]
        kibibytes = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    yield Figure("idle", f"one of {options.idle:,} connections in one event loop", kibibytes, "KiB", goal="<= 60 KiB")


def _allow_descriptors(count: int) -> None:
    """Allow this process, and those that it starts, so many open sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def _resident() -> float:
    """Return the memory that this process has, in KiB, all that can be given back given back."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


async def _measure(port: int, count: int) -> float:
    """Return the KiB that each of so many connections takes, beyond those of the first."""
    from ami_typed import AsyncManager, actions, events

    async def connect() -> None:
        manager = await held.enter_async_context(AsyncManager())
        manager.register_callback(events.Hangup, print)
        await manager.connect("127.0.0.1", port, timeout=60)
        await manager.login("admin", "secret")
        await manager.execute(actions.Ping())

    async with contextlib.AsyncExitStack() as held:
        await connect()
        before = _resident()
        for _ in range(count // _AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(connect())
        return (_resident() - before) / count


if __name__ == "__main__":
    print(asyncio.run(_measure(int(sys.argv[1]), int(sys.argv[2]))))
