"""The floors: the least that a Python program can do with the same bytes.

Rules of this module:

- `recv` counts bytes. `parse` is the leanest full parse in a Python loop: split, decode, a dict of all headers, one
  callback a message. Neither knows anything of limits, broken input, repeated headers or ActionIDs.
- The ping floors write a finished request and read its answer, on a bare socket or on asyncio's own streams.
- The floors of many pings at once find the one that waits by the answer's ActionID, having parsed it as `parse` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EVENTS", "LISTING", "asyncio_ping", "asyncio_pings", "in_threads", "parse", "ping", "pings", "recv"]

EVENTS = b"Action: Events\r\nActionID: floor\r\nEventMask: on\r\n\r\n"
LISTING = b"Action: CoreShowChannels\r\nActionID: floor\r\n\r\n"
_PING = b"Action: Ping\r\nActionID: floor-%d\r\n\r\n"
_CHUNK = 65536


def _connected(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while connected.recv(1) != b"\n":  # the greeting
        pass
    return connected


def recv(port: int, request: bytes, last: bytes) -> float:
    """Return the seconds from a request to the last message that it brings, its bytes only counted."""
    with _connected(port) as connected:
        started = time.perf_counter()
        connected.sendall(request)
        count, tail = 0, b""
        while last not in tail:
            data = connected.recv(_CHUNK)
            count += len(data)
            tail = data[-1024:]
        return time.perf_counter() - started


def parse(port: int, request: bytes, last: str, callback: Callable[[dict[str, str]], object]) -> float:
    """Return the seconds from a request to the last message that it brings, each parsed and handed to a callback."""
    with _connected(port) as connected:
        started = time.perf_counter()
        connected.sendall(request)
        rest, more = b"", True
        while more:
            *messages, rest = (rest + connected.recv(_CHUNK)).split(b"\r\n\r\n")
            for octets in messages:
                headers: dict[str, str] = {}
                for line in octets.decode().split("\r\n"):
                    name, _, value = line.partition(": ")
                    headers[name] = value
                callback(headers)
                more = headers.get("Event") != last
        return time.perf_counter() - started


def ping(port: int, count: int) -> list[float]:
    """Return the seconds of each of many pings, one after the other."""
    times: list[float] = []
    with _connected(port) as connected:
        for number in range(count):
            started = time.perf_counter()
            connected.sendall(_PING % number)
            connected.recv(_CHUNK)
            times.append(time.perf_counter() - started)
    return times


def asyncio_ping(port: int, count: int) -> list[float]:
    """Return the seconds of each of many pings, one after the other, on asyncio's streams.

    Half of this is two page faults a read: asyncio asks for 256 KiB, which the C library maps anew each time, until
    something has made it keep so much. Then this takes 17 us where it took 31.
    """

    async def work() -> list[float]:
        times: list[float] = []
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        for number in range(count):
            started = time.perf_counter()
            writer.write(_PING % number)
            await reader.readuntil(b"\r\n\r\n")
            times.append(time.perf_counter() - started)
        writer.close()
        return times

    return asyncio.run(work())


def pings(port: int, count: int, at_once: int) -> float:
    """Return the seconds that many pings of many threads take: one thread parses, and wakes the one that waits."""
    waiting: dict[str, threading.Lock] = {}
    writing = threading.Lock()
    numbers = itertools.count()

    def read(connected: socket.socket) -> None:
        rest = b""
        while data := connected.recv(_CHUNK):
            *messages, rest = (rest + data).split(b"\r\n\r\n")
            for octets in messages:
                waiting.pop(_headers(octets)["ActionID"]).release()

    def ask(connected: socket.socket) -> None:
        for _ in range(count // at_once):
            number = next(numbers)
            answered = waiting[f"floor-{number}"] = threading.Lock()
            answered.acquire()
            with writing:
                connected.sendall(_PING % number)
            answered.acquire()

    with _connected(port) as connected:
        reader = threading.Thread(target=read, args=(connected,))
        reader.start()
        seconds = in_threads(at_once, lambda: ask(connected))
        connected.shutdown(socket.SHUT_RDWR)
        reader.join()
    return seconds


def asyncio_pings(port: int, count: int, at_once: int) -> float:
    """Return the seconds that many pings of many tasks take: one task parses, and wakes the one that waits."""

    async def work() -> float:
        waiting: dict[str, asyncio.Future[None]] = {}
        numbers = itertools.count()
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()

        async def read() -> None:
            with contextlib.suppress(asyncio.IncompleteReadError):
                while True:
                    octets = await reader.readuntil(b"\r\n\r\n")
                    waiting.pop(_headers(octets)["ActionID"]).set_result(None)

        async def ask() -> None:
            for _ in range(count // at_once):
                number = next(numbers)
                answered = waiting[f"floor-{number}"] = loop.create_future()
                writer.write(_PING % number)
                await answered

        reading = loop.create_task(read())
        started = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(at_once)))
        seconds = time.perf_counter() - started
        writer.close()
        await reading
        return seconds

    return asyncio.run(work())


def _headers(octets: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in octets.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        headers[name] = value
    return headers


def in_threads(count: int, work: Callable[[], object]) -> float:
    """Return the seconds that threads need which all do the same."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started
