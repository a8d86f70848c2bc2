"""What waits for the callbacks: nothing is lost before the limit, and what is lost at it is announced in its place."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import Disconnected, EventsLost, Overflow
from ami_typed._delivery.backlog import Backlog
from tests.floods import DROPPING, POLICIES, ROOMY, Flooding, ask, flood, in_place, one_quick, sizes
from tests.support import PATIENCE, Gadget, Server, answer, background, message

if TYPE_CHECKING:
    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")

BLOCK = Overflow.block()


def event(number: int) -> ami.Event:
    return ami.Event({"Event": "X", "Number": str(number)})


def batch(*numbers: int) -> list[Any]:
    return [event(number) for number in numbers]


def drained(backlog: Backlog) -> list[Any]:
    taken: list[Any] = []
    while backlog:
        taken += backlog.take()
    return taken


def told(taken: list[Any]) -> list[Any]:
    """Put what was taken as numbers, and what was announced as so many `None`."""
    told: list[Any] = []
    for each in taken:
        told += [None] * each.count if isinstance(each, EventsLost) else [int(each["Number"])]
    return told


# By itself


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_batches_are_taken_whole_in_order_of_arrival(policy: Overflow) -> None:
    backlog = Backlog(policy, 10, ROOMY)
    assert not backlog
    assert backlog.put(batch(1, 2)) is None
    assert backlog.put(batch(3)) is None
    assert backlog
    assert [backlog.take(), backlog.take()] == [batch(1, 2), batch(3)]
    assert not backlog
    assert backlog.dropped == 0


def test_it_is_crowded_beyond_half_of_its_limit() -> None:
    backlog = Backlog(BLOCK, 10, ROOMY)
    crowded: list[bool] = []
    for number in range(7):
        backlog.put(batch(number))
        crowded.append(backlog.crowded)
    assert crowded == [False] * 5 + [True] * 2
    backlog.take()
    assert backlog.crowded
    backlog.take()
    assert not backlog.crowded


def test_the_oldest_give_way_to_their_number() -> None:
    backlog = Backlog(Overflow.DROP_OLDEST, 4, ROOMY)
    for numbers in ((0, 1, 2), (3,), (4, 5, 6)):
        backlog.put(batch(*numbers))
    assert told(drained(backlog)) == [None, None, None, 3, 4, 5, 6]
    assert backlog.dropped == 3


def test_no_more_than_the_limit_waits_even_of_one_read() -> None:
    for policy, kept in ((Overflow.DROP_OLDEST, [None] * 16 + [16, 17, 18, 19]), (Overflow.DROP_NEWEST, [0, 1, 2, 3])):
        backlog = Backlog(policy, 4, ROOMY)
        backlog.put(batch(*range(20)))
        assert told(drained(backlog)) == (kept + [None] * 16)[:20]


def test_the_newest_are_not_let_in_until_there_is_room() -> None:
    backlog = Backlog(Overflow.DROP_NEWEST, 4, ROOMY)
    for numbers in ((0, 1, 2), (3, 4), (5,), (6, 7)):
        backlog.put(batch(*numbers))
    assert told(backlog.take()) == [0, 1, 2]
    backlog.put(batch(8))
    assert told(drained(backlog)) == [3, None, None, None, None, 8]
    assert backlog.dropped == 4


def test_a_gap_that_grows_stays_one() -> None:
    for policy in (Overflow.DROP_OLDEST, Overflow.DROP_NEWEST):
        backlog = Backlog(policy, 2, ROOMY)
        for number in range(1000):
            backlog.put(batch(number))
        assert [each.count for each in drained(backlog) if isinstance(each, EventsLost)] == [998]


@pytest.mark.parametrize("policy", DROPPING.values(), ids=DROPPING)
def test_bytes_have_a_limit_as_well(policy: Overflow) -> None:
    size = len(bytes(event(1)))
    backlog = Backlog(policy, 1000, 4 * size)
    for number in range(9):
        assert backlog.put(batch(number)) is None
    taken = drained(backlog)
    assert len(told(taken)) == 9
    assert backlog.dropped == told(taken).count(None)
    assert 4 <= backlog.dropped <= 6  # what waits alone is not weighed, an announcement is


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_message_that_waits_alone_may_be_of_any_length(policy: Overflow) -> None:
    backlog = Backlog(policy, 1000, 10)
    assert backlog.put(batch(1)) is None
    assert drained(backlog) == batch(1)


def test_the_disconnect_policy_names_the_limits() -> None:
    backlog = Backlog(Overflow.DISCONNECT, 3, ROOMY)
    assert backlog.put(batch(0, 1, 2)) is None
    reason = backlog.put(batch(3))
    assert isinstance(reason, ami.Overflowed)
    assert isinstance(reason, ami.ConnectionLost)
    for word in ("callbacks", "3 messages (Limits.events)", f"{ROOMY} bytes (Limits.waiting)", "Overflow.DISCONNECT"):
        assert word in str(reason)
    assert backlog.put([Disconnected.because(reason)]) is None
    *kept, lost, disconnected = drained(backlog)
    assert kept == batch(0, 1, 2)
    assert lost.count == backlog.dropped == 1
    assert isinstance(disconnected, Disconnected)


def test_a_batch_of_any_size_is_accepted_while_there_is_room() -> None:
    backlog = Backlog(BLOCK, 4, ROOMY)
    backlog.put(batch(0, 1))
    backlog.put(batch(*range(2, 20)))
    assert backlog.crowded
    assert drained(backlog) == batch(*range(20))
    assert backlog.dropped == 0


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_notices_are_kept_in_their_order(policy: Overflow) -> None:
    backlog = Backlog(policy, 3, ROOMY)
    backlog.put([event(1), Disconnected.because(Exception("first"))])
    backlog.put([Disconnected.because(Exception("second")), event(2)])
    for number in range(3, 9):
        backlog.put(batch(number))
    backlog.put([Disconnected.because(Exception("third"))])
    reasons = [each.reason for each in drained(backlog) if isinstance(each, Disconnected)]
    assert reasons == ["first", "second", "third"]


@given(
    policy=st.sampled_from(list(POLICIES.values())),
    limit=st.integers(1, 20),
    octets=st.sampled_from([100, 300, ROOMY]),
    steps=st.lists(st.one_of(st.integers(1, 9), st.just(0)), max_size=60),
)
def test_whatever_happens_each_event_is_taken_once_or_announced_as_lost_in_its_place(
    policy: Overflow, limit: int, octets: int, steps: list[int]
) -> None:
    """A step puts so many events, or takes a batch where it is 0."""
    backlog = Backlog(policy, limit, octets)
    put = 0
    taken: list[Any] = []
    for step in steps:
        if step:
            before = backlog.dropped
            overflowed = backlog.put(batch(*range(put, put + step)))
            assert (overflowed is not None) is (policy.disconnects and backlog.dropped > before)
            put += step
        elif backlog:
            taken += backlog.take()
        if not policy.seconds:
            assert sum(not isinstance(each, EventsLost) for waits, _ in backlog._batches for each in waits) <= limit
    taken += drained(backlog)
    assert in_place(told(taken))
    assert len(told(taken)) == put
    assert backlog.dropped == told(taken).count(None)
    assert backlog._waiting == backlog._held == 0


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

    def told(self, count: int) -> list[int | None]:
        """Return so many sizes, `None` for each that was lost."""
        told: list[int | None] = []
        while len(told) < count:
            event = self.next()
            told += sizes(event)
        return told


def stuck(manager: ami.Manager) -> Slow:
    """Register a callback that waits until it is let go."""
    slow = Slow()
    for cls in (Gadget, EventsLost, Disconnected):
        manager.register_callback(cls, slow)
    return slow


def dropped(manager: ami.Manager) -> int:
    assert manager._audience is not None
    return manager._audience.dispatcher.dropped


def test_a_flood_loses_nothing_if_reading_pauses_for_a_slow_callback(server: Server, make: Make) -> None:
    manager = make(limits=ami.Limits(events=1000), overflow=Overflow.block(PATIENCE))
    peer = server.link(manager)
    slow = stuck(manager)
    sending = background(peer.send, flood(20_000))
    assert slow.entered.wait(PATIENCE)
    slow.leave.set()
    assert [slow.next().size for _ in range(20_000)] == list(range(20_000))
    sending.result(PATIENCE)
    assert slow.empty()
    assert dropped(manager) == 0


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
    manager = make(limits=ami.Limits(events=1000), overflow=Overflow.block(PATIENCE))
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


@pytest.mark.parametrize("policy", DROPPING.values(), ids=DROPPING)
def test_at_the_limit_losses_are_reported_exactly_and_answers_are_not_delayed(
    server: Server, make: Make, policy: Overflow
) -> None:
    """Who waits for an answer has the socket read, so a stuck callback cannot slow the server down for ever."""
    manager = make(limits=ami.Limits(events=50), overflow=policy)
    peer = server.link(manager)
    slow = stuck(manager)
    peer.serve(Flooding(100))
    for number in range(20):
        ask(manager, number)
    assert slow.entered.wait(PATIENCE)
    lost = dropped(manager)
    assert lost > 0
    slow.leave.set()
    told = slow.told(2000)
    assert in_place(told)
    assert len(told) == 2000
    assert told.count(None) == lost == dropped(manager)
    assert (told[-1] is None) is (policy.drops == "newest")
    ask(manager)  # and when there is room again, events come as before
    assert any(slow.told(100))


@pytest.mark.parametrize("policy", one_quick(POLICIES))
def test_memory_stays_flat_during_a_flood_with_a_stuck_callback(server: Server, make: Make, policy: Overflow) -> None:
    """15 MB pass, of which the limit lets 100 events wait."""
    manager = make(limits=ami.Limits(events=100), overflow=policy)
    peer = server.link(manager)
    slow = stuck(manager)
    peer.serve(Flooding(500, "Value: " + "x" * 1000))
    tracemalloc.start()
    try:
        for number in range(30):
            try:
                ask(manager, number)
            except (ami.ConnectionLost, ami.NotConnected):
                assert policy.disconnects
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        slow.leave.set()
    assert peak < 6 << 20
    assert manager.is_connected() is not policy.disconnects


@pytest.mark.parametrize("policy", one_quick(DROPPING))
def test_memory_stays_flat_with_huge_events(server: Server, make: Make, policy: Overflow) -> None:
    manager = make(limits=ami.Limits(waiting=4 << 20), overflow=policy)
    peer = server.link(manager)
    slow = stuck(manager)
    peer.serve(Flooding(1, "Value: " + "x" * (1 << 20)))
    ask(manager)
    tracemalloc.start()
    try:
        for number in range(1, 40):
            ask(manager, number)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        slow.leave.set()
    assert peak < 16 << 20
    assert slow.told(40).count(None) == dropped(manager) > 30


def test_the_disconnect_policy_gives_everyone_the_reason(server: Server, make: Make) -> None:
    manager = make(limits=ami.Limits(events=50), overflow=Overflow.DISCONNECT)
    peer = server.link(manager)
    slow = stuck(manager)
    pending = background(manager.execute, ami.Request("Originate"), timeout=PATIENCE)
    peer.request()
    read: list[int] = []
    with manager.subscribe(Gadget) as stream:
        sending = background(peer.send, flood(20_000))
        with pytest.raises(ami.Overflowed):
            read.extend(event.size for event in stream)
        assert read == list(range(len(read)))
    with pytest.raises(ami.OutcomeUnknown, match=r"callbacks cannot keep up: more than 50 messages \(Limits.events\)"):
        pending.result(PATIENCE)
    assert peer.at_end()
    assert not manager.is_connected()
    slow.leave.set()
    kept = slow.told(len(read))
    assert kept[: kept.index(None)] == list(range(kept.index(None)))
    assert set(kept[kept.index(None) :]) == {None}
    last = slow.next()
    assert isinstance(last, Disconnected)
    assert "Limits.events" in last.reason
    assert isinstance(sending.exception(PATIENCE), OSError | None)


def test_with_reconnect_an_overflowed_connection_is_restored(server: Server, make: Make) -> None:
    manager = make(
        limits=ami.Limits(events=50), overflow=Overflow.DISCONNECT, reconnect=ami.Reconnect(first=0.001, jitter=0)
    )
    peer = server.link(manager)
    slow = stuck(manager)
    with manager.subscribe(Disconnected, ami.Reconnected) as notices:
        sending = background(peer.send, flood(20_000))
        assert slow.entered.wait(PATIENCE)
        first = notices.get(PATIENCE)
        assert isinstance(first, Disconnected)
        assert "Limits.events" in first.reason
        slow.leave.set()
        second = server.peer()
        assert isinstance(notices.get(PATIENCE), ami.Reconnected)
    second.serve(Flooding(1))
    ask(manager)
    assert isinstance(sending.exception(PATIENCE), OSError | None)


def test_disconnecting_does_not_wait_for_a_crowded_backlog(server: Server, make: Make) -> None:
    manager = make(limits=ami.Limits(events=10), overflow=Overflow.block(PATIENCE))
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


def test_events_for_streams_alone_take_no_room_from_callbacks(server: Server, make: Make) -> None:
    manager = make(limits=ami.Limits(events=10), overflow=Overflow.DISCONNECT)
    peer = server.link(manager)
    slow = stuck(manager)
    with manager.subscribe() as stream:
        peer.send(flood(1), message("Event: Noise") * 1000, flood(1, 1))
        assert [stream.get(PATIENCE).event for _ in range(1002)].count("Noise") == 1000
    slow.leave.set()
    assert slow.told(2) == [0, 1]
    assert manager.is_connected()
