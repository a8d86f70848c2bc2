"""A stream holds so many events and no more, tells of each gap once, and ends behind its last event."""

from __future__ import annotations

import tracemalloc
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import Overflow
from ami_typed._delivery.stream_buffer import Buffer
from tests.floods import DROPPING, POLICIES, ROOMY, Flooding, ask, flood, in_place, one_quick, sizes
from tests.scenario_players import until
from tests.support import PATIENCE, Gadget, GadgetsComplete, Server, background, message

if TYPE_CHECKING:
    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


def event(number: int) -> ami.Event:
    return ami.Event({"Event": "X", "Number": str(number)})


def numbers(buffer: Buffer[ami.Event]) -> list[int]:
    """Take all that is ready."""
    taken: list[int] = []
    while buffer.ready and (each := buffer.take()) is not None:
        taken.append(int(each["Number"]))
    return taken


def test_events_are_read_in_order_of_arrival() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DROP_OLDEST, 10, ROOMY)
    ready = [buffer.ready]
    for number in range(3):
        buffer.put(event(number))
    ready.append(buffer.ready)
    assert numbers(buffer) == [0, 1, 2]
    assert [*ready, buffer.ready] == [False, True, False]
    assert buffer.dropped == 0


def test_a_full_buffer_drops_its_oldest_and_reports_it_once_before_the_rest() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DROP_OLDEST, 2, ROOMY)
    for number in range(5):
        buffer.put(event(number))
    assert buffer.dropped == 3
    with pytest.raises(ami.EventsDropped) as gap:
        buffer.take()
    assert gap.value.count == 3
    assert numbers(buffer) == [3, 4]


def test_all_events_up_to_a_gap_are_taken_together() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DROP_NEWEST, 2, ROOMY)
    for number in range(4):
        buffer.put(event(number))
    taken = buffer.take_all()
    assert taken is not None
    assert [each["Number"] for each in taken] == ["0", "1"]
    assert buffer.waiting == 0
    with pytest.raises(ami.EventsDropped):
        buffer.take_all()
    buffer.put(event(5))
    buffer.end(None)
    assert [each["Number"] for each in buffer.take_all() or ()] == ["5"]
    assert buffer.take_all() is None


def test_each_gap_is_reported_and_all_are_counted() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DROP_OLDEST, 1, ROOMY)
    for round_ in range(1, 4):
        for number in range(3):
            buffer.put(event(number))
        with pytest.raises(ami.EventsDropped) as gap:
            buffer.take()
        assert gap.value.count == 2
        assert numbers(buffer) == [2]
        assert buffer.dropped == 2 * round_


def test_buffered_events_are_read_before_the_end() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DROP_OLDEST, 10, ROOMY)
    buffer.put(event(1))
    buffer.end(None)
    buffer.put(event(2))
    taken = buffer.take()
    assert taken is not None
    assert taken["Number"] == "1"
    assert buffer.ready
    assert buffer.take() is None
    assert buffer.take() is None


def test_the_reason_for_the_end_is_raised_after_the_last_event_every_time() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DROP_OLDEST, 10, ROOMY)
    buffer.put(event(1))
    reason = ami.ConnectionLost("the server closed the connection.")
    buffer.end(reason)
    assert buffer.take() is not None
    for _ in range(2):
        assert buffer.ready
        with pytest.raises(ami.ConnectionLost) as lost:
            buffer.take()
        assert lost.value is reason


def test_the_first_reason_for_the_end_is_the_one_that_counts() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DROP_OLDEST, 10, ROOMY)
    buffer.end(None)
    buffer.end(ami.ConnectionLost("later"))
    assert buffer.take() is None


@pytest.mark.parametrize("limit", [0, -1])
def test_a_stream_that_could_hold_nothing_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="limit must be a whole number, 1 or more"):
        Buffer(Overflow.DROP_OLDEST, limit, ROOMY)


def test_a_full_buffer_that_drops_its_newest_reports_each_gap_in_place() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DROP_NEWEST, 2, ROOMY)
    for number in range(5):
        assert buffer.put(event(number)) is None
    assert buffer.dropped == 3
    assert [buffer.take(), buffer.take()] == [event(0), event(1)]
    buffer.put(event(5))
    with pytest.raises(ami.EventsDropped) as gap:
        buffer.take()
    assert gap.value.count == 3
    assert numbers(buffer) == [5]


def test_a_disconnecting_buffer_names_the_limits() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.DISCONNECT, 2, ROOMY)
    assert [buffer.put(event(number)) for number in range(2)] == [None, None]
    reason = buffer.put(event(2))
    assert isinstance(reason, ami.Overflowed)
    for word in ("stream", "2 events (Limits.stream", f"{ROOMY} bytes (Limits.waiting)", "Overflow.DISCONNECT"):
        assert word in str(reason)


def test_an_ended_buffer_pauses_no_reader() -> None:
    buffer: Buffer[ami.Event] = Buffer(Overflow.block(), 2, ROOMY)
    for number in range(2):
        buffer.put(event(number))
    assert buffer.rest(0) > 0
    buffer.end(None)
    assert buffer.rest(0) == 0


@given(
    policy=st.sampled_from(list(POLICIES.values())),
    limit=st.integers(1, 5),
    octets=st.sampled_from([50, 100, ROOMY]),
    steps=st.lists(st.sampled_from(["put", "take", "brace"])),
)
def test_each_event_is_read_once_or_reported_as_lost_in_place(
    policy: Overflow, limit: int, octets: int, steps: list[str]
) -> None:
    buffer: Buffer[ami.Event] = Buffer(policy, limit, octets)
    came = 0
    told: list[int | None] = []

    def take() -> None:
        try:
            each = buffer.take()
        except ami.EventsDropped as gap:
            told.extend([None] * gap.count)
        else:
            assert each is not None
            told.append(int(each["Number"]))

    for step in steps:
        if step == "put":
            before = buffer.dropped
            overflowed = buffer.put(event(came))
            assert (overflowed is not None) is (policy.disconnects and buffer.dropped > before)
            came += 1
        elif step == "brace":
            buffer.brace()
        elif buffer.ready:
            take()
        if not policy.seconds:
            assert sum(not isinstance(each, int) for each in buffer._events) <= limit
    while buffer.ready:
        take()
    assert len(told) == came
    assert in_place(told)
    assert told.count(None) == buffer.dropped
    assert buffer._waiting == buffer._held == 0


# Behind a manager, on both faces


def told(stream: ami.EventStream[Any], count: int) -> list[int | None]:
    """Read so many sizes, `None` for each event that was lost."""
    told: list[int | None] = []
    while len(told) < count:
        try:
            event = stream.get(PATIENCE)
        except ami.EventsDropped as gap:
            told += [None] * gap.count
        else:
            told += sizes(event)
    return told


def test_all_that_waits_in_a_stream_is_read_at_once(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    peer.serve(Flooding(100))
    with manager.subscribe(Gadget) as stream:
        ask(manager)
        batches = [stream.get_batch(PATIENCE)]
        while sum(map(len, batches)) < 100:
            batches.append(stream.get_batch(PATIENCE))
        assert [size for batch in batches for each in batch for size in sizes(each)] == list(range(100))
        with pytest.raises(ami.EventTimeout):
            stream.get_batch(timeout=0)
        stream.close()
        with pytest.raises(StopIteration):
            stream.get_batch()


@pytest.mark.parametrize("policy", DROPPING.values(), ids=DROPPING)
@pytest.mark.parametrize("classes", [(Gadget,), (Gadget, ami.EventsLost)], ids=["raised", "returned"])
def test_an_unread_stream_reports_its_losses_and_delays_no_answer(
    server: Server, make: Make, policy: Overflow, classes: tuple[Any, ...]
) -> None:
    manager = make()
    peer = server.link(manager)
    peer.serve(Flooding(100))
    with manager.subscribe(*classes, limit=50, overflow=policy) as stream:
        for _ in range(20):
            ask(manager)
        lost = stream.dropped
        assert lost > 0
        read = told(stream, 2000)
        assert len(read) == 2000
        assert in_place(read)
        assert read.count(None) == lost
        assert (read[-1] is None) is (policy.drops == "newest")
        ask(manager)  # and when there is room again, events come as before
        assert any(told(stream, 100))


def test_a_gap_is_returned_as_a_notice_if_subscribed(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    peer.serve(Flooding(5))
    with manager.subscribe(Gadget, ami.EventsLost, limit=2) as stream:
        ask(manager)
        lost = stream.get(PATIENCE)
        assert isinstance(lost, ami.EventsLost)
        assert lost.count == 3
        assert [stream.get(PATIENCE)["Size"] for _ in range(2)] == ["3", "4"]


def test_a_stream_that_blocks_loses_nothing_however_slowly_it_is_read(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    with manager.subscribe(Gadget, limit=50, overflow=Overflow.block(PATIENCE)) as stream:
        sending = background(peer.send, flood(5000))
        assert told(stream, 5000) == list(range(5000))
        sending.result(PATIENCE)
        assert stream.dropped == 0


def rests(manager: ami.Manager) -> bool:
    """Whether reading rests for a stream."""
    assert manager._audience is not None
    return manager._audience.throttle.queues[-1]._crowded_since is not None


def test_closing_a_stream_that_blocks_lets_reading_go_on(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    with manager.subscribe(GadgetsComplete) as last:
        blocking = manager.subscribe(Gadget, limit=1, overflow=Overflow.block(3600))
        sending = background(peer.send, flood(20_000, 0, "Value: " + "x" * 1000), message("Event: GadgetsComplete"))
        until(lambda: rests(manager))
        blocking.close()
        sending.result(PATIENCE)
        assert last.get(PATIENCE).event == "GadgetsComplete"


@pytest.mark.parametrize("policy", one_quick(POLICIES))
def test_memory_stays_flat_during_a_flood_of_an_unread_stream(server: Server, make: Make, policy: Overflow) -> None:
    """15 MB pass, of which the limit lets 100 events wait."""
    manager = make()
    peer = server.link(manager)
    peer.serve(Flooding(500, "Value: " + "x" * 1000))
    with manager.subscribe(Gadget, limit=100, overflow=policy):
        tracemalloc.start()
        try:
            for _ in range(30):
                try:
                    ask(manager)
                except (ami.ConnectionLost, ami.NotConnected):
                    assert policy.disconnects
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 6 << 20
    assert manager.is_connected() is not policy.disconnects


@pytest.mark.parametrize("policy", one_quick(DROPPING))
def test_memory_stays_flat_with_huge_events(server: Server, make: Make, policy: Overflow) -> None:
    manager = make(limits=ami.Limits(waiting=4 << 20))
    peer = server.link(manager)
    peer.serve(Flooding(1, "Value: " + "x" * (1 << 20)))
    with manager.subscribe(Gadget, overflow=policy) as stream:
        tracemalloc.start()
        try:
            for _ in range(40):
                ask(manager)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 16 << 20
        assert told(stream, 40).count(None) == stream.dropped > 30


def test_a_disconnecting_stream_gives_everyone_the_reason(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    pending = background(manager.execute, ami.Request("Originate"), timeout=PATIENCE)
    peer.request()
    heard: SimpleQueue[ami.Disconnected] = SimpleQueue()
    manager.register_callback(ami.Disconnected, lambda event, manager: heard.put(event))
    with manager.subscribe(Gadget, limit=50, overflow=Overflow.DISCONNECT) as stream, manager.subscribe() as other:
        sending = background(peer.send, flood(20_000))
        with pytest.raises(ami.OutcomeUnknown, match=r"more than 50 events \(Limits.stream, or its own limit\)"):
            pending.result(PATIENCE)
        assert [stream.get(PATIENCE).size for _ in range(50)] == list(range(50))
        with pytest.raises(ami.EventsDropped):
            stream.get(PATIENCE)
        with pytest.raises(ami.Overflowed):
            stream.get(PATIENCE)
        with pytest.raises(ami.Overflowed):
            told(other, 20_000)
    assert "Overflow.DISCONNECT" in heard.get(timeout=PATIENCE).reason
    assert peer.at_end()
    assert not manager.is_connected()
    assert isinstance(sending.exception(PATIENCE), OSError | None)
