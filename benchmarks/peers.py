"""Other clients from PyPI doing the same work, each in the way its own documentation shows; left out when absent.

Each measurement is a process of its own, killed when it is done: some clients go on at full speed when their connection
has ended, and what is measured next must not pay for it.

All of them parse every event, whatever is asked of it, so the stream has one figure each: every event into one
callback.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.measure import apart
from benchmarks.workload import END_OF_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PEERS", "TRACKERS", "Peer", "Tracker", "say_which_are_absent"]

HOST = "127.0.0.1"
_PATIENCE = 300


class Peer(NamedTuple):
    """One client.

    Attributes:
        name: Its name on PyPI.
        stream: Takes the port and the number of events; returns the seconds for the stream.
        ping: Takes the port and a count; returns the seconds of each ping.
    """

    name: str
    stream: Callable[[int, int], float]
    ping: Callable[[int, int], list[float]]


class Tracker(NamedTuple):
    """One client that follows calls.

    Attributes:
        name: Its name on PyPI.
        track: Takes the port; returns the seconds for the stream of a crowd.
    """

    name: str
    track: Callable[[int], float]


def _count_to(events: int) -> tuple[Callable[..., None], threading.Event]:
    """Return a callback for every event, and what says that the stream and its end came."""
    done = threading.Event()
    left = events + 1

    def callback(*_: Any, **__: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    return callback, done


def _timed(count: int, ask: Callable[[], object]) -> list[float]:
    times: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return times


def _panoramisk_stream(port: int, events: int) -> float:
    panoramisk: Any = importlib.import_module("panoramisk")

    async def work() -> float:
        callback, done = _count_to(events)
        ended = asyncio.Event()
        manager = panoramisk.Manager(loop=asyncio.get_running_loop(), host=HOST, port=port, username="u", secret="s")
        manager.register_event("*", callback)

        def end(*_: object) -> None:
            ended.set()

        manager.register_event(END_OF_STREAM, end)
        await manager.connect()
        await asyncio.sleep(0.1)
        started = time.perf_counter()
        manager.send_action({"Action": "Events", "EventMask": "on"})
        await asyncio.wait_for(ended.wait(), _PATIENCE)
        seconds = time.perf_counter() - started
        manager.close()
        return _whole("panoramisk", done, seconds)

    return asyncio.run(work())


def _panoramisk_ping(port: int, count: int) -> list[float]:
    panoramisk: Any = importlib.import_module("panoramisk")

    async def work() -> list[float]:
        manager = panoramisk.Manager(loop=asyncio.get_running_loop(), host=HOST, port=port, username="u", secret="s")
        await manager.connect()
        await asyncio.sleep(0.1)
        times: list[float] = []
        for _ in range(count):
            started = time.perf_counter()
            await manager.send_action({"Action": "Ping"})
            times.append(time.perf_counter() - started)
        manager.close()
        return times

    return asyncio.run(work())


def _pystrix_stream(port: int, events: int) -> float:
    ami: Any = importlib.import_module("pystrix.ami")
    core: Any = importlib.import_module("pystrix.ami.core")
    manager = ami.Manager()
    callback, done = _count_to(events)
    manager.register_callback("", callback)
    manager.connect(HOST, port)
    started = time.perf_counter()
    manager.send_action(core.Events("on"))
    done.wait(_PATIENCE)
    seconds = time.perf_counter() - started
    manager.send_action(core.Logoff())
    return _whole("pystrix", done, seconds)


def _pystrix_ping(port: int, count: int) -> list[float]:
    ami: Any = importlib.import_module("pystrix.ami")
    core: Any = importlib.import_module("pystrix.ami.core")
    manager = ami.Manager()
    manager.connect(HOST, port)
    times = _timed(min(count, 20), lambda: manager.send_action(core.Ping()))  # it polls: 50 ms each
    manager.send_action(core.Logoff())
    return times


def _asterisk_ami_stream(port: int, events: int) -> float:
    ami: Any = importlib.import_module("asterisk.ami")
    client = ami.AMIClient(address=HOST, port=port)
    callback, done = _count_to(events)
    client.add_event_listener(callback)
    client.login(username="u", secret="s")
    started = time.perf_counter()
    client.send_action(ami.SimpleAction("Events", EventMask="on"))
    done.wait(_PATIENCE)
    seconds = time.perf_counter() - started
    client.logoff()
    return _whole("asterisk-ami", done, seconds)


def _asterisk_ami_ping(port: int, count: int) -> list[float]:
    ami: Any = importlib.import_module("asterisk.ami")
    client = ami.AMIClient(address=HOST, port=port)
    client.login(username="u", secret="s")
    times = _timed(count, lambda: client.send_action(ami.SimpleAction("Ping")).response)
    client.logoff()
    return times


def _cacofonisk_track(port: int) -> float:
    """Return the processor time of a stream of calls, in seconds, up to a reporter that does nothing."""
    cacofonisk: Any = importlib.import_module("cacofonisk")
    runners: Any = importlib.import_module("cacofonisk.runners.ami_runner")

    async def work() -> float:
        ended = asyncio.Event()
        runners.asyncio.get_event_loop = asyncio.get_running_loop
        runner = runners.AmiRunner([f"tcp://u:s@{HOST}:{port}"], cacofonisk.BaseReporter())
        runner.attach_all()
        (manager,) = runner.ami_managers

        def end(*_: object) -> None:
            ended.set()

        manager.register_event("QueueMemberAdded", end)  # the last one; it cannot read the UserEvent behind it
        await asyncio.sleep(0.3)
        started = time.process_time()
        manager.send_action({"Action": "Events", "EventMask": "on"})
        await asyncio.wait_for(ended.wait(), _PATIENCE)
        return time.process_time() - started

    return asyncio.run(work())


def _whole(name: str, done: threading.Event, seconds: float) -> float:
    """Return the seconds, or say that events were lost: then there is nothing to compare."""
    if not done.is_set():
        print(f"stream: {name} did not deliver every event")
        return float("nan")
    return seconds


_KNOWN = {
    "panoramisk": ("panoramisk", _panoramisk_stream, _panoramisk_ping),
    "pystrix": ("pystrix.ami", _pystrix_stream, _pystrix_ping),
    "asterisk-ami": ("asterisk.ami", _asterisk_ami_stream, _asterisk_ami_ping),
}


_KNOWN_TRACKERS = {"cacofonisk": ("cacofonisk", _cacofonisk_track)}


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


PEERS = tuple(
    Peer(name, partial(apart, stream), partial(apart, ping))
    for name, (module, stream, ping) in _KNOWN.items()
    if _is_installed(module)
)

TRACKERS = tuple(Tracker(name, track) for name, (module, track) in _KNOWN_TRACKERS.items() if _is_installed(module))


@functools.cache
def say_which_are_absent() -> None:
    """Print which peers are not measured, once."""
    present = {peer.name for peer in PEERS} | {tracker.name for tracker in TRACKERS}
    absent = {*_KNOWN, *_KNOWN_TRACKERS} - present
    if absent:
        print(f"peers not installed, so left out: {', '.join(sorted(absent))} (pip install -r benchmarks/peers.txt)")
