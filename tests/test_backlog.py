"""What waits for the callbacks: nothing is lost before the limit, and what is lost at it is announced in its place."""

from __future__ import annotations

import asyncio
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import Disconnected, EventsLost
from ami_typed.backlog import Backlog
from tests.support import PATIENCE, Gadget, Server, answer, background, message

if TYPE_CHECKING:
    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


def event(number: int) -> ami.Event:
    return ami.Event({"Event": "X", "Number": str(number)})


def batch(*numbers: int) -> list[Any]:
    return [event(number) for number in numbers]


def drained(backlog: Backlog) -> list[Any]:
    taken: list[Any] = []
    while backlog:
        taken += backlog.take()
    return taken


# By itself


def test_batches_are_taken_whole_in_the_order_they_came() -> None:
    backlog = Backlog(10)
    assert not backlog
    backlog.put(batch(1, 2))
    backlog.put(batch(3))
    assert backlog
    assert [backlog.take(), backlog.take()] == [batch(1, 2), batch(3)]
    assert not backlog
    assert backlog.dropped == 0


def test_it_is_crowded_beyond_half_of_its_limit() -> None:
    backlog = Backlog(10)
    crowded: list[bool] = []
    for number in range(7):
        backlog.put(batch(number))
        crowded.append(backlog.crowded)
    assert crowded == [False] * 5 + [True] * 2
    backlog.take()
    assert backlog.crowded
    backlog.take()
    assert not backlog.crowded


def test_beyond_the_limit_the_oldest_give_way_to_their_number() -> None:
    backlog = Backlog(3)
    for number in range(5):
        backlog.put(batch(number))
    lost, *rest = drained(backlog)
    assert isinstance(lost, EventsLost)
    assert rest == batch(*range(lost.count, 5))
    assert backlog.dropped == lost.count


def test_what_comes_before_it_is_crowded_is_taken_in_whole_however_much_it_is() -> None:
    backlog = Backlog(4)
    backlog.put(batch(0, 1))
    backlog.put(batch(*range(2, 20)))
    assert backlog.crowded
    assert drained(backlog) == batch(*range(20))
    assert backlog.dropped == 0


def test_notices_are_kept_in_their_order() -> None:
    backlog = Backlog(3)
    backlog.put([event(1), Disconnected.because(Exception("first"))])
    backlog.put([Disconnected.because(Exception("second")), event(2)])
    for number in range(3, 9):
        backlog.put(batch(number))
    reasons = [each.reason for each in drained(backlog) if isinstance(each, Disconnected)]
    assert reasons == ["first", "second"]


@given(
    limit=st.integers(1, 20),
    steps=st.lists(st.one_of(st.integers(1, 9), st.just(0)), max_size=60),
)
def test_whatever_happens_each_event_is_taken_once_or_announced_as_lost(limit: int, steps: list[int]) -> None:
    """A step puts so many events, or takes a batch where it is 0."""
    backlog = Backlog(limit)
    put = 0
    taken: list[Any] = []
    for step in steps:
        if step:
            backlog.put(batch(*range(put, put + step)))
            put += step
        elif backlog:
            taken += backlog.take()
    taken += drained(backlog)
    numbers: list[int] = []
    expected = 0
    for each in taken:
        if isinstance(each, EventsLost):
            expected += each.count
        else:
            assert int(each["Number"]) == expected  # what is announced is missing just there
            numbers.append(expected)
            expected += 1
    assert expected == put
    assert backlog.dropped == put - len(numbers)


# Behind a manager, on both faces


class Slow(SimpleQueue[Any]):
    """A callback that waits at its first event until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.leave = threading.Event()

    def __call__(self, event: Any, manager: object) -> Any:
        self.put(event)
        self.entered.set()
        if isinstance(manager, ami.AsyncManager):
            return None if self.leave.is_set() else asyncio.to_thread(self.leave.wait, PATIENCE)
        return self.leave.wait(PATIENCE)

    def next(self) -> Any:
        return self.get(timeout=PATIENCE)


def flood(count: int, start: int = 0) -> bytes:
    return b"".join(message("Event: Gadget", f"Size: {number}") for number in range(start, start + count))


def test_a_flood_loses_nothing_where_a_callback_is_slow(server: Server, make: Make) -> None:
    manager = make(limits=ami.Limits(events=1000))
    peer = server.link(manager)
    slow = Slow()
    manager.register_callback(Gadget, slow)
    manager.register_callback(EventsLost, slow)
    sending = background(peer.send, flood(20_000))
    assert slow.entered.wait(PATIENCE)
    slow.leave.set()
    assert [slow.next().size for _ in range(20_000)] == list(range(20_000))
    sending.result(PATIENCE)
    assert slow.empty()
    assert manager._audience is not None
    assert manager._audience.dispatcher.dropped == 0


class Asking(SimpleQueue[Any]):
    """A callback that sends an action for some of the events, in the middle of what it is called for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answered: list[str] = []

    def __call__(self, event: ami.Event, manager: Any) -> Any:
        if not isinstance(event, Gadget) or event.size % 50:
            self.put(event)
            return None
        self.asked.append(event["Size"])
        request = ami.Request[Any]("Ping", Number=event.size)
        request.timeout = PATIENCE
        if isinstance(manager, ami.AsyncManager):
            return self._await(event, manager, request)
        self._keep(event, manager.execute(request))
        return None

    async def _await(self, event: ami.Event, manager: ami.AsyncManager, request: ami.Request[Any]) -> None:
        self._keep(event, await manager.execute(request))

    def _keep(self, event: ami.Event, answered: ami.Message) -> None:
        self.answered.append(answered["Number"])
        self.put(event)


def test_a_callback_that_sends_actions_during_the_flood_does_not_hang(server: Server, make: Make) -> None:
    """Its answers lie behind events, which are read meanwhile: some may be lost, each is told, none comes twice."""
    manager = make(limits=ami.Limits(events=1000))
    peer = server.link(manager)
    asking = Asking()
    for cls in (Gadget, EventsLost):
        manager.register_callback(cls, asking)
    manager.register_callback("Last", asking)
    lock = threading.Lock()

    def send(octets: bytes) -> None:
        with lock:
            peer.send(octets)

    def serve() -> None:
        while request := dict(peer.request()):
            send(answer(request["ActionID"], "Success", f"Number: {request['Number']}"))

    background(serve)
    for start in range(0, 10_000, 100):
        send(flood(100, start))
    send(message("Event: Last"))
    total = 0
    while (event := asking.get(timeout=PATIENCE)).event != "Last":
        if isinstance(event, Gadget):
            assert event.size == total
        total += event.count if isinstance(event, EventsLost) else 1
    assert total == 10_000
    assert asking.asked
    assert asking.answered == asking.asked


def test_at_the_limit_what_was_lost_is_announced_exactly_and_answers_are_not_delayed(
    server: Server, make: Make
) -> None:
    """Who waits for an answer has the socket read, so a stuck callback cannot slow the server down for ever."""
    manager = make(limits=ami.Limits(events=50))
    peer = server.link(manager)
    slow = Slow()
    for cls in (Gadget, EventsLost):
        manager.register_callback(cls, slow)
    manager.register_callback("Last", slow)
    sizes = iter(range(100_000))

    def serve(request: dict[str, str]) -> bytes:
        events = b"".join(message("Event: Gadget", f"Size: {next(sizes)}") for _ in range(100))
        return events + answer(request["ActionID"], "Success", f"Number: {request['Number']}")

    peer.serve(serve)
    for number in range(20):
        answered = manager.execute(ami.Request("Ping", Number=number), timeout=PATIENCE)
        assert answered["Number"] == str(number)
    assert slow.entered.wait(PATIENCE)
    slow.leave.set()
    peer.send(message("Event: Last"))
    expected = 0
    lost = 0
    while (event := slow.next()).event != "Last":
        if isinstance(event, EventsLost):
            expected += event.count
            lost += event.count
        else:
            assert event.size == expected
            expected += 1
    assert expected == 2000
    assert lost > 0
    assert manager._audience is not None
    assert manager._audience.dispatcher.dropped == lost


def test_disconnecting_does_not_wait_for_a_crowded_backlog(server: Server, make: Make) -> None:
    manager = make(limits=ami.Limits(events=10))
    peer = server.link(manager)
    slow = Slow()
    manager.register_callback(Gadget, slow)
    sending = background(peer.send, flood(20_000))
    assert slow.entered.wait(PATIENCE)
    closing = background(manager.disconnect)
    assert peer.at_end()  # though the callback still stands where it stood
    slow.leave.set()
    closing.result(PATIENCE)
    assert isinstance(sending.exception(PATIENCE), OSError | None)
