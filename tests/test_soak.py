"""Hours of traffic in seconds, on both faces: every event once, and nothing grows.

`nox -s soak` runs this with the traffic of a day: 4,000,000 events a face, 46 a second for 24 hours.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import Disconnected, Reconnect, Reconnected
from tests.footprint import Footprint, footprint
from tests.soak_server import soaking
from tests.support import PATIENCE, Gadget, Gadgets, Heard, ListGadgets, background

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")

EVENTS = int(os.environ.get("AMI_TYPED_SOAK", "100000"))
FLOOD = 2000
WARM = 15 + EVENTS // FLOOD // 10
"""Rounds after which the memory of a process is what it is: modules loaded, the allocator's arenas settled."""


class Audit:
    """A callback for every event that counts them, and finds out where one is missing or comes twice."""

    def __init__(self) -> None:
        self.heard = 0
        self.wrong: list[str] = []
        self.has_all = threading.Event()
        self._expected = 0

    def __call__(self, event: ami.Event, manager: object) -> None:
        number = event.get("Number")
        if number is None:  # of a list
            return
        self.heard += 1
        if int(number) not in {self._expected, 0}:
            self.wrong.append(f"{number} in the place of {self._expected}")
        self._expected = int(number) + 1
        if self._expected == FLOOD:
            self.has_all.set()


class Program:
    """A program that runs for long: it hears, asks, lists, times out, and is connected again.

    Args:
        manager: Its manager.
        port: Where its server is.
    """

    def __init__(self, manager: ami.Manager, port: int) -> None:
        self._manager = manager
        self._port = port
        self._threads = ThreadPoolExecutor(4)
        self.audit = Audit()
        self.aggregates = Heard()
        manager.register_callback("", self.audit)
        manager.register_callback(Gadgets, self.aggregates)
        self.connect()

    def connect(self) -> None:
        self._manager.connect("127.0.0.1", self._port, PATIENCE)
        self._manager.login("admin", "secret")

    def close(self) -> None:
        self._manager.close()
        self._threads.shutdown()

    def round(self, number: int) -> None:
        """Do once what such a program does, and sometimes what it seldom does."""
        self.hear()
        self.ask()
        self.time_out()
        if number % 5 == 0:
            self.list()
        if number % 7 == 0:
            self.lose_the_connection()
        if number % 11 == 0:
            self._manager.disconnect()
            self.connect()

    def hear(self) -> None:
        """Have a flood come, with a stream of its own that is too small for it."""
        with self._manager.subscribe(Gadget, limit=10) as stream:
            self._manager.execute(ami.Request("Flood", Count=FLOOD), timeout=PATIENCE)
            assert self.audit.has_all.wait(PATIENCE)
            self.audit.has_all.clear()
            with pytest.raises(ami.EventsDropped):
                stream.get(PATIENCE)
            assert stream.get(PATIENCE)["Number"].isdigit()

    def ask(self) -> None:
        """Have several threads ask."""

        def ping(number: int) -> str:
            return self._manager.execute(ami.Request("Ping", Number=number), timeout=PATIENCE)["Number"]

        assert list(self._threads.map(ping, range(20))) == [str(number) for number in range(20)]

    def time_out(self) -> None:
        """Ask what is never answered, and what is answered too late; wait for what does not come."""
        for action in ("Silence", "Late"):
            with pytest.raises(ami.ActionTimeout):
                self._manager.execute(ami.Request(action), timeout=0.001)
        with pytest.raises(ami.EventTimeout):
            self._manager.wait_for(Gadget, timeout=0.001)

    def list(self) -> None:
        """Ask for a list, for an aggregate, and for one that is never closed."""
        assert len(self._manager.execute(ListGadgets(), timeout=PATIENCE).gadgets) == 20
        for closed in (True, False):
            request = ListGadgets()
            request.aggregate = True
            if not closed:
                request["Unclosed"] = 1
            assert self._manager.send_action(request) is not None
            assert self.aggregates.next().valid is closed

    def lose_the_connection(self) -> None:
        """Have the server vanish with a request pending, and wait until the connection stands again."""
        with self._manager.subscribe(Disconnected, Reconnected) as stream:
            pending = background(self._manager.execute, ami.Request("Silence"), timeout=PATIENCE)
            with pytest.raises((ami.OutcomeUnknown, ami.RequestNotSent)):
                self._manager.execute(ami.Request("Vanish"), timeout=PATIENCE)
            assert isinstance(stream.get(PATIENCE), Disconnected)
            assert isinstance(stream.get(PATIENCE), Reconnected)
            with pytest.raises((ami.ConnectionLost, ami.NotConnected)):
                pending.result(PATIENCE)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server in another process."""
    with soaking() as listening:
        yield listening


def samples(program: Program, rounds: int) -> Iterator[Footprint]:
    """Go through rounds; look at this process ten times after it is warm."""
    for number in range(rounds):
        program.round(number)
        if number >= WARM and (number - WARM) % ((rounds - WARM) // 10) == 0:
            yield footprint()


@pytest.mark.exhaustive
def test_hours_of_traffic_lose_nothing_and_grow_nothing(make: Make, port: int) -> None:
    rounds = EVENTS // FLOOD
    manager = make(reconnect=Reconnect(first=0, jitter=0), aggregate_timeout=0.05, orphaned_response_timeout=0.05)
    program = Program(manager, port)
    seen = list(samples(program, rounds))
    program.close()
    print("", *seen, sep="\n")
    assert program.audit.wrong == []
    assert program.audit.heard == rounds * FLOOD
    assert len(seen) >= 10
    earlier, later = least(seen[: len(seen) // 2]), least(seen[len(seen) // 2 :])
    assert later.threads <= earlier.threads
    assert later.descriptors <= earlier.descriptors
    assert later.objects <= earlier.objects + 50
    # The allocator keeps some holes; what grows with the events is far more.
    assert later.mebibytes <= earlier.mebibytes + 4


def least(those: list[Footprint]) -> Footprint:
    """Return the least of each figure: what is held for a moment, such as a batch of events, is not what grows."""
    return Footprint(*(min(figures) for figures in zip(*those, strict=True)))


def test_the_footprint_counts_existing_objects() -> None:
    events: list[Any] = [Gadget({"Event": "Gadget"}) for _ in range(100)]
    with_them = footprint()
    del events
    assert with_them.objects - footprint().objects == 100
    assert with_them.threads >= 1
    assert with_them.descriptors >= 3
