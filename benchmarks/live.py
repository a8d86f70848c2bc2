"""The live model: whether it keeps up with a busy server, how long loading takes, and what a channel costs.

- `stream`: 100,000 events of 2,000 calls at once, 200 queues and 3,000 members, until the last change has reached its
  reader. ``calls`` are events that the model needs, nothing else: a server whose mask is set to them. ``all`` are those
  among all that a server sends otherwise.
- `load`: reading 5,000 channels, their bridges, and 3,000 members into a picture.
- What is measured is processor time, of all threads together: the share of one core that a stream takes.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from ami_typed import AsyncManager, Limits, Manager, actions, events, live
from benchmarks import crowd, floors
from benchmarks.measure import Figure, Options, apart, medians
from benchmarks.peers import TRACKERS, say_which_are_absent
from benchmarks.server import serving
from benchmarks.workload import END_OF_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = "127.0.0.1"
ROOMY = Limits(events=1_000_000, waiting=1 << 30, stream=1_000_000)
"""A flood that comes faster than the model works is to be measured whole."""
_PATIENCE = 120
_GOAL = ">= 0.8 x parse compiled, 0.4 plain"


def run(options: Options) -> Iterator[Figure]:
    """Measure the model on both faces, the floors and the peers, in turn."""
    for kind in ("calls", "all"):
        with serving(events=options.events, crowd=kind) as port:
            subjects: dict[str, Callable[[], float]] = {
                "parse": partial(apart, _parse, port),
                "Manager": partial(apart, _threads, port, "last"),
                "Manager, every change read": partial(apart, _threads, port, "every"),
                "AsyncManager": partial(apart, _tasks, port),
            }
            if kind == "calls":
                subjects |= {peer.name: partial(apart, peer.track, port) for peer in TRACKERS}
            seconds = medians(options.rounds, subjects)
        for name, each in seconds.items():
            goal = "" if name not in {"Manager", "AsyncManager"} else _GOAL
            rate, floor = options.events / each, options.events / seconds["parse"]
            yield Figure("live", f"{kind}: {name}", rate, "events/s", "parse", floor, goal)
    say_which_are_absent()
    yield from _load(options)
    yield Figure("live", "a channel in a call of two", apart(_octets_a_channel), "bytes", goal="< 2048")


def _load(options: Options) -> Iterator[Figure]:
    with serving(crowd="calls") as port:
        subjects = {
            "parse": partial(apart, _parse_lists, port),
            "Manager": partial(apart, _read_lists, port),
        }
        seconds = medians(options.rounds, subjects)
    for name, each in seconds.items():
        goal = "" if name == "parse" else "<= 1.5 x parse"
        what = f"load of {crowd.CHANNELS:,} channels and {crowd.MEMBERS:,} members: {name}"
        yield Figure("live", what, each, "s", "parse", seconds["parse"], goal)


def _parse(port: int) -> float:
    started = time.process_time()
    floors.parse(port, floors.EVENTS, END_OF_STREAM, lambda _: None)
    return time.process_time() - started


def _threads(port: int, read: str) -> float:
    """Return the seconds until the last change has reached its reader."""
    kinds = (live.MemberAdded,) if read == "last" else ()
    with Manager(limits=ROOMY) as manager:
        manager.connect(HOST, port)
        with manager.live(queues=True) as pbx, pbx.changes(*kinds, limit=1_000_000) as changes:
            gc.collect()
            started = time.process_time()
            manager.execute(actions.Events(event_mask="on"), timeout=_PATIENCE)
            while not _is_last(changes.get(_PATIENCE)):
                pass
            return time.process_time() - started


def _is_last(change: live.Change) -> bool:
    return isinstance(change, live.MemberAdded) and change.queue.name == "last"


def _tasks(port: int) -> float:
    async def work() -> float:
        async with AsyncManager(limits=ROOMY) as manager:
            await manager.connect(HOST, port)
            async with manager.live(queues=True) as pbx, pbx.changes(live.MemberAdded) as changes:
                gc.collect()
                started = time.process_time()
                await manager.execute(actions.Events(event_mask="on"), timeout=_PATIENCE)
                while not _is_last(await changes.get(_PATIENCE)):
                    pass
                return time.process_time() - started

    return asyncio.run(work())


def _parse_lists(port: int) -> float:
    items: list[dict[str, str]] = []
    started = time.process_time()
    for action in ("CoreShowChannels", "BridgeList", "QueueStatus"):
        request = f"Action: {action}\r\nActionID: floor\r\n\r\n".encode()
        floors.parse(port, request, f"{action}Complete", items.append)
    return time.process_time() - started


def _read_lists(port: int) -> float:
    with Manager() as manager:
        manager.connect(HOST, port)
        started = time.process_time()
        with manager.live(queues=True) as pbx:
            seconds = time.process_time() - started
            assert len(pbx.channels) == crowd.CHANNELS, len(pbx.channels)
            assert sum(len(queue.members) for queue in pbx.queues) == crowd.MEMBERS
            return seconds


def _octets_a_channel() -> float:
    """Return the memory of a channel with its share of a bridge and a call, in bytes."""
    listed = [bytes(item) for item in crowd.items_of("coreshowchannels")]
    bridges = [bytes(item) for item in crowd.items_of("bridgelist")]
    now = datetime.now(UTC)
    gc.collect()
    tracemalloc.start()
    model = live.Model()
    model.begin_loading(now)
    before = tracemalloc.get_traced_memory()[0]
    channels = [events.CoreShowChannel.of(each) for each in listed]
    model.load(channels, [events.BridgeListItem.of(each) for each in bridges], now)
    del channels
    gc.collect()
    return (tracemalloc.get_traced_memory()[0] - before) / len(list(model.channels))
