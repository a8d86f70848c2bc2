"""A manager counts what it has seen and done over its life, exactly, and says so without being disturbed."""

from __future__ import annotations

import json
import signal
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed._delivery.subscriptions import Handlers
from ami_typed._protocol import recognition
from ami_typed._protocol import tally as counting
from ami_typed._protocol.session import Session
from ami_typed._protocol.tally import Tally, Times
from ami_typed.notices import EventsLost
from ami_typed.statistics import OTHERS, Statistics
from tests.interrupts import sweep
from tests.support import GREETING, PATIENCE, Gadget, Heard, ListGadgets, Server, answer, message
from tests.test_backlog import Slow

if TYPE_CHECKING:
    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


class Talk:
    """A session that counts, and a clock that the test sets."""

    def __init__(self, *wanted: Any) -> None:
        self.handlers = Handlers()
        for event in wanted:
            self.handlers.register(event, print)
        self.session = Session(self.handlers, token="t")
        self.now = 0.0

    def send(self, request: ami.Request[Any] | None = None, *, leaves: bool = True, **options: Any) -> Any:
        exchange = self.session.open(request or ami.Request("Ping"), self.now, **options)
        if leaves:
            exchange.begin()
        return exchange

    def hear(self, *octets: bytes) -> None:
        self.session.receive(b"".join(octets), self.now)

    def seen(self) -> Statistics:
        return self.session.tally.snapshot(self.session.kinds, pending=self.session.pending)


# What comes


def test_wanted_and_unwanted_events_are_counted_by_name() -> None:
    talk = Talk("Gadget", "Hangup", "Strange")
    for _ in range(3):
        talk.hear(message("Event: Gadget"), message("Event: Unwanted"), message("Event: hangup"))
    talk.hear(message("Event: Strange"), message("Event: Other"), message("Event: Strange"))
    seen = talk.seen()
    assert seen.events == {"Gadget": 3, "Hangup": 3, "Strange": 2}
    assert seen.events_unwanted == {"Unwanted": 3, "Other": 1}
    assert seen.messages_received == 12


def test_counts_stay_exact_when_subscriptions_change() -> None:
    talk = Talk("Hangup")
    talk.hear(message("Event: Gadget") * 3)
    talk.handlers.register("Gadget", print)
    talk.hear(message("Event: Gadget") * 5)
    talk.handlers.unregister("Gadget", print)
    talk.hear(message("Event: Gadget") * 7)
    talk.session.close(ami.ConnectionLost("the server closed the connection."))
    assert (talk.seen().events, talk.seen().events_unwanted) == ({"Gadget": 5}, {"Gadget": 10})


def test_a_server_that_sends_ever_new_names_is_counted_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "_NAMES", 2)
    talk = Talk("")
    for name in ("One", "Two", "Three", "One", "Four", "One"):
        talk.hear(message(f"Event: {name}") * 2)
    assert talk.seen().events == {"One": 6, "Two": 2, "Three": 2, "Four": 2}


@given(
    st.lists(st.tuples(st.sampled_from(["Gadget", "hangup", "Strange"]), st.booleans(), st.booleans()), max_size=40),
    st.integers(1, 200),
)
def test_no_event_is_counted_twice_or_not_at_all(sent: list[tuple[str, bool, bool]], size: int) -> None:
    """Events of the list in flight and others, in blocks of every size, one of them wanted."""
    talk = Talk("Gadget")
    exchange = talk.send(ListGadgets(), synchronous=True)
    octets = answer(exchange.action_id, "Success", "EventList: start")
    for name, of_the_list, with_size in sent:
        lines = [f"ActionID: {exchange.action_id}"] if of_the_list else ["ActionID: other"] if with_size else []
        octets += message(f"Event: {name}", *lines, "Size: 1")
    for start in range(0, len(octets), size):
        talk.hear(octets[start : start + size])
    seen = talk.seen()
    wanted = [name for name, *_ in sent if name == "Gadget"]  # a list takes no event that it does not have
    assert seen.events == Counter(wanted)
    assert seen.events_unwanted == Counter(name.title() for name, *_ in sent) - Counter(wanted)
    assert seen.messages_received == len(sent) + 1


def test_bytes_are_counted_with_the_greeting_whatever_the_pieces() -> None:
    talk = Talk()
    octets = GREETING + message("Event: Gadget") + message("Event: Other", "Key: value")
    half = len(GREETING) + 5
    talk.session.greet(octets[:7])
    talk.session.greet(octets[7:half])
    talk.session.receive(octets[half:], 0)
    assert talk.seen().bytes_received == len(octets)


def test_an_answer_is_not_an_event() -> None:
    talk = Talk("")
    exchange = talk.send()
    talk.hear(answer(exchange.action_id), message("Event: Gadget"), answer("nobody's"))
    assert talk.seen().events == {"Gadget": 1}
    assert talk.seen().events_unwanted == {}


def test_the_items_of_a_list_are_events_for_the_sender_of_its_action() -> None:
    talk = Talk()
    exchange = talk.send(ListGadgets(), synchronous=True)
    talk.hear(answer(exchange.action_id, "Success", "EventList: start"))
    talk.hear(*(message("Event: Gadget", f"ActionID: {exchange.action_id}", "Size: 1") for _ in range(5)))
    assert talk.seen().events == {"Gadget": 5}
    talk.hear(message("Event: GadgetsComplete", f"ActionID: {exchange.action_id}", "EventList: Complete"))
    assert talk.seen().events == {"Gadget": 5, "GadgetsComplete": 1}
    assert talk.seen().events_unwanted == {}


def test_a_list_that_did_not_end_has_its_items_counted() -> None:
    talk = Talk()
    exchange = talk.send(ListGadgets(), synchronous=True)
    talk.hear(answer(exchange.action_id, "Success", "EventList: start"))
    talk.hear(message("Event: Gadget", f"ActionID: {exchange.action_id}", "Size: 1"))
    talk.session.give_up(exchange, 60)
    assert talk.seen().events == {"Gadget": 1}
    assert talk.seen().requests_timed_out == 1


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="NOT RUN: this system has no SIGUSR1")
@pytest.mark.parametrize("written", [True, False])
def test_a_wait_whose_end_is_interrupted_and_repeated_is_counted_once(written: bool) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    ended = 0
    for each in sweep(interrupt, inside="ami_typed"):
        talk = Talk()
        exchange = talk.send(ami.Request("Originate"))
        exchange.written = written
        try:
            with each:
                talk.session.give_up(exchange, 60)
        except KeyboardInterrupt:
            talk.session.give_up(exchange, 60)
        seen = talk.seen()
        assert (seen.requests_timed_out, seen.requests_unsent) == ((1, 0) if written else (0, 1)), each.where
        ended += 1
    assert ended > 30


def test_requests_that_time_out_are_counted_in_batches_too() -> None:
    talk = Talk()
    for _ in range(counting.BATCH + 7):
        talk.session.give_up(talk.send(ami.Request("Originate")), 60)
    assert (len(talk.session.tally.requests[1]), talk.seen().requests_timed_out) == (7, counting.BATCH + 7)


def test_invented_names_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_NAMES", 3)
    talk = Talk("")
    talk.hear(*(message(f"Event: Made{number}") for number in (1, 2, 3, 4, 5, 1)))
    assert talk.seen().events == {"Made1": 2, "Made2": 1, "Made3": 1, OTHERS: 2}
    tally = Tally()
    for number in range(9):
        tally.requests[1].append((f"Action{number}", "answered", 0.001))
    assert tally.snapshot().round_trips_by_action[OTHERS].answers == 6


# What becomes of requests


def test_each_request_is_counted_by_its_outcome() -> None:
    talk = Talk()
    done, refused, late, cancelled, lost, unsent = (talk.send(leaves=leaves) for leaves in (*[True] * 5, False))
    talk.now = 0.5
    talk.hear(answer(done.action_id), answer(refused.action_id, "Error"))
    talk.session.give_up(cancelled, 1.0)
    talk.session.give_up(late, 5.0)
    assert talk.seen().requests_pending == 2
    talk.hear(answer(late.action_id))
    talk.session.close(ami.ConnectionLost("the server closed the connection."))
    seen = talk.seen()
    assert [each.ending for each in (done, refused, late, cancelled, lost, unsent)] == [
        "answered",
        "failed",
        "timed_out",
        "cancelled",
        "lost",
        "unsent",
    ]
    counted = (seen.requests_answered, seen.requests_failed, seen.requests_timed_out, seen.requests_cancelled)
    assert (*counted, seen.requests_lost, seen.requests_unsent) == (1, 1, 1, 1, 1, 1)
    assert seen.requests_sent == 5
    assert seen.bytes_sent == sum(len(each.octets) for each in (done, refused, late, cancelled, lost))
    assert seen.late_answers == 1
    assert seen.requests_pending == 0


def test_an_empty_list_error_is_not_a_failure() -> None:
    class Empty(ListGadgets):
        list_empty = ("none",)

    talk = Talk()
    exchange = talk.send(Empty(), synchronous=True)
    talk.hear(answer(exchange.action_id, "Error", "Message: none"))
    assert exchange.ending == "answered"


def test_round_trips_are_kept_for_each_action() -> None:
    talk = Talk()
    for action, seconds in (("Ping", 0.001), ("Ping", 0.003), ("Originate", 2.0)):
        exchange = talk.send(ami.Request(action))
        talk.now += seconds
        talk.hear(answer(exchange.action_id))
    seen = talk.seen()
    assert seen.round_trips.answers == 3
    assert seen.round_trips.last == pytest.approx(2.0)
    ping = seen.round_trips_by_action["Ping"]
    assert (ping.answers, ping.minimum, ping.mean, ping.maximum, ping.last) == pytest.approx(
        (2, 0.001, 0.002, 0.003, 0.003)
    )


# Times


def test_no_answer_has_no_times() -> None:
    none = Times().snapshot()
    assert (none.minimum, none.mean, none.maximum, none.last, none.p50, none.p99) == (None,) * 6
    assert str(none) == "no answers yet"


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_a_fifth_too_long_at_most(times: list[float], share: float) -> None:
    counted = Times(times[: len(times) // 2]) + Times(times[len(times) // 2 :])
    snapshot = counted.snapshot()
    exact = sorted(times)[max(0, -int(-share * len(times) // 1) - 1)]
    found = snapshot.percentile(share)
    assert found is not None
    assert exact * 0.999 <= found <= exact * 1.2 + 1e-6
    assert sum(number for _, number in snapshot.histogram) == len(times)


@given(st.lists(st.floats(min_value=0, max_value=1e9)))
def test_times_take_no_more_memory_the_more_there_are(times: list[float]) -> None:
    counted = Times(times[: len(times) // 2]) + Times(times[len(times) // 2 :])
    assert len(counted.snapshot().histogram) <= 300


# The snapshot


def snapshot() -> Statistics:
    talk = Talk("Gadget")
    exchange = talk.send()
    talk.now = 0.25
    talk.hear(answer(exchange.action_id), message("Event: Gadget"))
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return talk.session.tally.snapshot(talk.session.kinds, pending=talk.session.pending, waiting=7, since=since)


def test_a_snapshot_does_not_change_any_more() -> None:
    talk = Talk("Gadget")
    talk.hear(message("Event: Gadget"))
    before = talk.seen()
    talk.hear(message("Event: Gadget"))
    assert (before.events["Gadget"], talk.seen().events["Gadget"]) == (1, 2)
    with pytest.raises(TypeError):
        before.events["Gadget"] = 9  # type: ignore[index]  # it cannot be set; that is the point
    with pytest.raises(AttributeError):
        before.bytes_sent = 9  # type: ignore[misc]  # likewise


def test_it_can_be_written_as_json_with_everything_in_it() -> None:
    seen = snapshot()
    read = json.loads(json.dumps(seen.as_dict()))
    assert set(read) == set(Statistics._fields)
    assert read["connected_since"] == "2026-01-02T03:04:05+00:00"
    assert read["events"] == {"Gadget": 1}
    assert read["round_trips_by_action"]["Ping"]["p99"] == pytest.approx(0.25, rel=0.2)


def test_it_can_be_read() -> None:
    text = str(snapshot())
    for part in (
        "since 2026-01-02 03:04:05 UTC",
        "2 messages",
        "1 answered",
        "p99 250 ms",
        "Ping",
        "7 messages queued",
    ):
        assert part in text
    assert "not connected" in str(Talk().seen())


# Both faces


def test_a_manager_that_never_connected_has_counted_nothing(make: Make) -> None:
    seen = make().statistics
    assert seen.connected_since is None
    assert (seen.connections, seen.bytes_received, seen.events, seen.requests_sent) == (0, 0, {}, 0)


def test_a_manager_counts_the_traffic_of_its_connection(make: Make, server: Server) -> None:
    manager = make()
    before = datetime.now(UTC)
    peer = server.link(manager)
    heard = Heard()
    manager.register_callback("Gadget", heard)
    peer.serve(lambda request: answer(request["ActionID"], "Error" if request["Action"] == "Fail" else "Success"))
    manager.send_action(ami.Request("Ping"))
    manager.send_action(ami.Request("Fail"))
    sent = message("Event: Other") + message("Event: Gadget")
    peer.send(sent)
    heard.next()
    seen = manager.statistics
    assert seen.connected_since is not None
    assert before <= seen.connected_since <= datetime.now(UTC)
    assert seen.events == {"Gadget": 1}
    assert (seen.events_unwanted, seen.messages_received) == ({"Other": 1}, 4)
    assert seen.bytes_received > len(sent) + len(GREETING)
    assert (seen.requests_sent, seen.requests_answered, seen.requests_failed) == (2, 1, 1)
    assert set(seen.round_trips_by_action) == {"Ping", "Fail"}
    manager.disconnect()
    assert manager.statistics.connected_since is None
    assert manager.statistics.events == {"Gadget": 1}


def test_counts_go_on_over_the_next_connection(make: Make, server: Server) -> None:
    manager = make()
    for _ in range(2):
        peer = server.link(manager)
        peer.serve(lambda request: answer(request["ActionID"]))
        manager.send_action(ami.Request("Ping"))
    seen = manager.statistics
    assert (seen.connections, seen.reconnects, seen.last_gap) == (2, 0, None)
    assert (seen.requests_sent, seen.requests_answered) == (2, 2)


def test_a_reconnect_is_counted_with_its_gap(make: Make, server: Server) -> None:
    manager = make(reconnect=ami.Reconnect(first=0.001))
    heard = Heard()
    manager.register_callback(ami.Reconnected, heard)
    server.link(manager).close()
    event = heard.next()
    seen = manager.statistics
    assert (seen.connections, seen.reconnects) == (2, 1)
    assert seen.last_gap == pytest.approx(event.gap.total_seconds(), abs=0.001)
    assert seen.connected_since is not None


def test_exceptions_of_callbacks_are_counted(make: Make, server: Server) -> None:
    manager = make()
    heard = Heard()

    def fail(event: Any, manager: Any) -> None:
        raise RuntimeError("the callback's own")

    manager.register_callback("Gadget", fail)
    manager.register_callback("Gadget", heard)
    peer = server.link(manager)
    peer.send(message("Event: Gadget") * 3)
    for _ in range(3):
        heard.next()
    assert manager.statistics.callback_exceptions == 3


def test_events_that_a_stream_has_no_room_for_are_counted_beyond_its_life(make: Make, server: Server) -> None:
    manager = make()
    heard = Heard()
    manager.register_callback("End", heard)
    peer = server.link(manager)
    with manager.subscribe(Gadget, limit=2):
        peer.send(message("Event: Gadget") * 5 + message("Event: End"))
        heard.next()
    assert manager.statistics.stream_events_dropped == 3


def test_messages_that_wait_for_callbacks_are_counted_and_so_is_the_most_that_did(make: Make, server: Server) -> None:
    manager = make()
    slow = Slow()
    manager.register_callback("Gadget", slow)
    peer = server.link(manager)
    peer.send(message("Event: Gadget"))
    assert slow.entered.wait(PATIENCE)
    peer.send(message("Event: Gadget") * 3)
    peer.serve(lambda request: answer(request["ActionID"]))
    manager.send_action(ami.Request("Ping"))
    assert manager.statistics.queue_depth == 3
    slow.leave.set()
    for _ in range(4):
        slow.next()
    manager.disconnect()
    assert (manager.statistics.queue_depth, manager.statistics.queue_highest) == (0, 3)


def test_events_that_callbacks_are_too_slow_for_are_counted_as_they_are_announced(make: Make, server: Server) -> None:
    manager = make(limits=ami.Limits(events=10))
    slow = Slow()
    for event in ("Gadget", "Last", EventsLost):
        manager.register_callback(event, slow)
    peer = server.link(manager)
    peer.serve(lambda request: message("Event: Gadget") * 20 + answer(request["ActionID"]))
    for _ in range(5):
        manager.send_action(ami.Request("Ping"))
    assert slow.entered.wait(PATIENCE)
    slow.leave.set()
    peer.send(message("Event: Last"))
    lost = 0
    while (event := slow.next()).event != "Last":
        lost += event.count if isinstance(event, EventsLost) else 0
    assert manager.statistics.events_dropped == lost > 0
    assert manager.statistics.events["Gadget"] == 100
