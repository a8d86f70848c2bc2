"""Ping: the time of one round trip on one core, and of many requests in flight from many threads.

Each measurement is a process of its own: what ran in one before leaves memory behind that makes asyncio's reads of
256 KiB cheaper by half.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import floors
from benchmarks.faces import FACES
from benchmarks.measure import Figure, Options, apart, medians, percentile
from benchmarks.peers import PEERS, say_which_are_absent
from benchmarks.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_AT_ONCE = 100
_MANY = 5_000
_FLOORS = {"Manager": "parse with threads", "AsyncManager": "bare asyncio"}
_GOALS = {"Manager": "<= 2 x bare socket", "AsyncManager": "<= 1.2 x bare asyncio"}
_RATE_GOALS = {"Manager": ">= 1 x parse with threads", "AsyncManager": ">= 0.8 x bare asyncio"}


def run(options: Options) -> Iterator[Figure]:
    """Measure the bare socket, ami-typed's faces and the peers, in turn."""
    say_which_are_absent()
    with _one_core(), serving() as port:
        yield from _round_trips(port, options)
    with serving() as port:
        yield from _many_at_once(port, options)


def _round_trips(port: int, options: Options) -> Iterator[Figure]:
    subjects: dict[str, Callable[[int, int], list[float]]] = {
        "bare socket": floors.ping,
        "bare asyncio": floors.asyncio_ping,
    }
    subjects |= {face.name: face.ping for face in FACES}
    subjects = {name: partial(apart, ping) for name, ping in subjects.items()}
    subjects |= {peer.name: peer.ping for peer in PEERS}
    times: dict[str, list[float]] = {name: [] for name in subjects}
    count = options.pings // options.rounds
    for _ in range(options.rounds):
        for name, ping in subjects.items():
            times[name] += ping(port, count)
    floors_of = {name: statistics.median(times[name]) * 1e6 for name in ("bare socket", "bare asyncio")}
    for name, each in times.items():
        median, slow = statistics.median(each) * 1e6, percentile(each, 99) * 1e6
        floor = "bare asyncio" if name in {"AsyncManager", "panoramisk"} else "bare socket"
        goal = _GOALS.get(name, "")
        yield Figure("ping", f"{name}, p50", median, "us", floor, floors_of[floor], goal)
        yield Figure("ping", f"{name}, p99", slow, "us", "p50", median, "<= 3 x p50" if goal else "")


def _many_at_once(port: int, options: Options) -> Iterator[Figure]:
    subjects: dict[str, Callable[[], float]] = {
        "parse with threads": partial(apart, floors.pings, port, _MANY, _AT_ONCE),
        "bare asyncio": partial(apart, floors.asyncio_pings, port, _MANY, _AT_ONCE),
    }
    subjects |= {face.name: partial(apart, face.pings, port, _MANY, _AT_ONCE) for face in FACES}
    seconds = medians(options.rounds, subjects)
    rates = {name: _MANY / each for name, each in seconds.items()}
    for name, rate in rates.items():
        floor = _FLOORS.get(name, name)
        what = f"{name}, {_MANY:,} with {_AT_ONCE} in flight"
        yield Figure("ping", what, rate, "pings/s", floor, rates[floor], _RATE_GOALS.get(name, ""))


@contextlib.contextmanager
def _one_core() -> Generator[None]:
    """Keep this process and the server on one core, where the system can: what is measured is work, not waking up."""
    if sys.platform != "linux":
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
