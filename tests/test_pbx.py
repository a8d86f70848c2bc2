"""A server's calls, kept up to date over a real connection to a server on paper."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import live
from ami_typed.pbx import Pbx
from tests.live_model import pbx as paper
from tests.live_model.conversations import talk
from tests.live_model.lists import lists_of
from tests.live_model.test_live_queues import item, listed, member
from tests.support import PATIENCE, Peer, Server, answer, background, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AT_ONCE = ami.Reconnect(first=0, jitter=0)


class Telephones:
    """A server whose calls are on paper: it sends their events and lists what is there."""

    def __init__(self) -> None:
        self.server = Server()
        self.paper = paper.Pbx()
        self.truth = live.Model()
        self.done = 0
        self.started = "10:00:00"
        self.refused: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.queues: Any = ([], [], [])
        self.peer: Peer | None = None

    def link(self, manager: ami.Manager) -> None:
        manager.connect("127.0.0.1", self.server.port, PATIENCE)
        self.accept()

    def accept(self) -> None:
        self.peer = self.server.peer()
        self.peer.serve(self.reply)

    def happens(self, *, unseen: bool = False) -> None:
        """Have happen what was written since, and tell it unless it is unseen."""
        for event in self.paper.events[self.done :]:
            self.truth.apply(event, datetime.now(UTC))
            if not unseen and self.peer is not None:
                self.peer.send(bytes(event) + b"\r\n\r\n")
        self.done = len(self.paper.events)

    def reply(self, request: dict[str, str]) -> bytes:
        action, action_id = request["Action"], request["ActionID"]
        self.asked.append(request)
        if action in self.refused:
            return answer(action_id, "Error", "Message: Permission denied")
        if action == "CoreStatus":
            return answer(action_id, "Success", "CoreStartupDate: 2026-07-01", f"CoreStartupTime: {self.started}")
        channels, bridges = lists_of(self.truth)
        if action == "CoreShowChannels":
            return self.list(action_id, "CoreShowChannelsComplete", [bytes(each) for each in channels])
        if action == "BridgeList":
            return self.list(action_id, "BridgeListComplete", [bytes(each) for each in bridges])
        if action == "QueueStatus":
            items = [bytes(each) for kind in self.queues for each in kind]
            return self.list(action_id, "QueueStatusComplete", items)
        return answer(action_id)

    def list(self, action_id: str, end: str, items: list[bytes]) -> bytes:
        begin = answer(action_id, "Success", "EventList: start")
        rest = [each + f"\r\nActionID: {action_id}\r\n\r\n".encode() for each in items]
        return b"".join(
            [
                begin,
                *rest,
                message(f"Event: {end}", f"ActionID: {action_id}", "EventList: Complete", f"ListItems: {len(items)}"),
            ]
        )


@pytest.fixture
def telephones() -> Iterator[Telephones]:
    made = Telephones()
    yield made
    made.server.close()


@pytest.fixture
def manager() -> Iterator[ami.Manager]:
    with ami.Manager(reconnect=AT_ONCE) as made:
        yield made


def test_existing_objects_are_loaded_from_the_start(telephones: Telephones, manager: ami.Manager) -> None:
    talk(telephones.paper)
    telephones.happens(unseen=True)
    telephones.link(manager)
    with Pbx(manager) as pbx:
        (call,) = pbx.calls
        assert call.state is live.CallState.TALKING
        assert (len(pbx.channels), len(pbx.bridges)) == (2, 1)
        assert pbx.fresh_since is not None
        assert pbx.verify() == []


def test_it_can_be_reopened_after_closing(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    pbx = Pbx(manager)
    pbx.open()
    assert pbx.calls == []
    pbx.close()
    talk(telephones.paper)
    telephones.happens(unseen=True)
    with pbx, pbx.changes(live.CallEnded) as changes:
        (call,) = pbx.calls
        assert call.state is live.CallState.TALKING
        with pytest.raises(ami.EventTimeout):
            changes.get(timeout=0)
    assert list(changes) == []


def test_changes_are_reported_as_they_happen(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    with Pbx(manager) as pbx, pbx.changes(live.CallAnswered, live.CallEnded) as changes:
        alice, bob, bridge = talk(telephones.paper)
        telephones.happens()
        answered = changes.get(PATIENCE)
        assert isinstance(answered, live.CallAnswered)
        assert (answered.caller.number, answered.callee.number) == ("201", "202")
        telephones.paper.end(bridge, alice, bob)
        telephones.happens()
        assert isinstance(changes.get(PATIENCE), live.CallEnded)
        assert pbx.calls == []
        with pytest.raises(ami.EventTimeout, match=r"No change arrived within 0 s\."):
            changes.get(timeout=0)
    assert list(changes) == []


def test_changes_during_a_gap_are_reported_after_reconnecting(telephones: Telephones, manager: ami.Manager) -> None:
    alice, bob, bridge = talk(telephones.paper)
    telephones.happens(unseen=True)
    telephones.link(manager)
    with Pbx(manager) as pbx, pbx.changes() as changes:
        telephones.paper.end(bridge, alice, bob)
        talk(telephones.paper)
        telephones.happens(unseen=True)
        assert telephones.peer is not None
        telephones.peer.close()
        telephones.accept()
        told = [changes.get(PATIENCE) for _ in range(3)]
        assert [type(change) for change in told] == [live.CallEnded, live.CallStarted, live.CallAnswered]
        assert all(change.resynced for change in told)
        assert len(pbx.calls) == 1


def test_a_restart_of_the_server_ends_the_calls(telephones: Telephones, manager: ami.Manager) -> None:
    talk(telephones.paper)
    telephones.happens(unseen=True)
    telephones.link(manager)
    with Pbx(manager) as pbx, pbx.changes() as changes:
        telephones.started = "11:00:00"
        telephones.truth = live.Model()
        assert telephones.peer is not None
        telephones.peer.close()
        telephones.accept()
        end = changes.get(PATIENCE)
        assert isinstance(end, live.CallEnded)
        assert (end.resynced, end.reason) == (True, live.EndReason.UNKNOWN)
        assert pbx.channels == []


def test_missing_privileges_for_the_lists_are_reported_at_the_start(
    telephones: Telephones, manager: ami.Manager
) -> None:
    telephones.refused = {"CoreShowChannels"}
    telephones.link(manager)
    with pytest.raises(ami.ActionFailed, match="Permission denied"):
        Pbx(manager)


def test_a_wrong_picture_is_found_out(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    with Pbx(manager) as pbx:
        alice = telephones.paper.call_in("PJSIP/alice", "201", "202")
        telephones.happens(unseen=True)
        (difference,) = pbx.verify()
        assert (difference.what, difference.picture, difference.server) == (f"channel {alice.name}", False, True)


def test_a_closed_one_leaves_the_manager_open_and_takes_nothing_more_in(
    telephones: Telephones, manager: ami.Manager
) -> None:
    telephones.link(manager)
    pbx = Pbx(manager)
    pbx.close()
    pbx.close()
    talk(telephones.paper)
    telephones.happens()
    assert manager.is_connected()
    assert pbx.calls == []


def test_the_end_of_the_connection_ends_the_changes(telephones: Telephones) -> None:
    with ami.Manager() as manager:
        telephones.link(manager)
        with Pbx(manager) as pbx, pbx.changes() as changes:
            assert telephones.peer is not None
            telephones.peer.close()
            assert list(changes) == []
            assert isinstance(pbx.failure, ami.ConnectionLost)


def test_while_the_link_is_down_the_picture_is_not_sure(
    telephones: Telephones, monkeypatch: pytest.MonkeyPatch
) -> None:
    noticed = threading.Event()
    lose = live.Model.lose

    def noticing(self: live.Model, now: datetime, *, restarted: bool = False) -> list[live.Change]:
        try:
            return lose(self, now, restarted=restarted)
        finally:
            noticed.set()

    monkeypatch.setattr(live.Model, "lose", noticing)
    later = ami.Reconnect(first=3600, ceiling=3600, jitter=0)
    with ami.Manager(reconnect=later) as manager:
        telephones.link(manager)
        with Pbx(manager) as pbx, pbx.changes() as changes:
            before = pbx.fresh_since
            assert telephones.peer is not None
            telephones.peer.close()
            assert noticed.wait(PATIENCE)
            assert (before is None, pbx.fresh_since) == (False, None)
            manager.close()
            assert list(changes) == []


def test_streams_of_changes_end_when_closed(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    pbx = Pbx(manager)
    pbx.close()
    assert list(pbx.changes()) == []


def test_unread_changes_beyond_the_limit_are_dropped_and_the_gap_is_reported(
    telephones: Telephones, manager: ami.Manager
) -> None:
    telephones.link(manager)
    with (
        Pbx(manager) as pbx,
        pbx.changes(live.CallEnded) as all_of_them,
        pbx.changes(live.CallEnded, limit=2) as newest,
        pbx.changes(live.CallEnded, limit=2, overflow=ami.Overflow.DROP_NEWEST) as oldest,
    ):
        for _ in range(5):
            telephones.paper.hang_up(telephones.paper.call_in("PJSIP/alice", "201", "202"))
        telephones.happens()
        ends = [all_of_them.get(PATIENCE) for _ in range(5)]
        pbx.close()
        with pytest.raises(ami.ChangesDropped, match="3 changes were dropped") as gap:
            newest.get(PATIENCE)
        assert (gap.value.count, newest.dropped, oldest.dropped, all_of_them.dropped) == (3, 3, 3, 0)
        assert list(newest) == ends[3:]
        assert [oldest.get(PATIENCE), oldest.get(PATIENCE)] == ends[:2]
        with pytest.raises(ami.ChangesDropped):
            oldest.get(PATIENCE)
        assert list(oldest) == []


def test_the_default_limit_of_changes_is_that_of_events(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    change = live.Change(at=datetime.now(UTC))
    with Pbx(manager) as pbx, pbx.changes() as changes:
        pbx._tell([change] * (ami.Limits().stream + 1))
        assert changes.dropped == 1


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"overflow": "oldest"}, "overflow"),
        ({"overflow": ami.Overflow.DISCONNECT}, "A stream of changes cannot end the connection"),
        ({"overflow": ami.Overflow.block()}, "A stream of changes cannot end the connection"),
    ],
)
def test_a_bound_that_a_stream_of_changes_cannot_have_is_refused(
    telephones: Telephones, manager: ami.Manager, wrong: dict[str, Any], why: str
) -> None:
    telephones.link(manager)
    with Pbx(manager) as pbx, pytest.raises((TypeError, ValueError), match=why):
        pbx.changes(**wrong)


def test_several_threads_may_read_one_stream_of_changes(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    with Pbx(manager) as pbx, pbx.changes(live.CallEnded) as changes:
        reading = [background(lambda: list(changes)) for _ in range(3)]
        for _ in range(30):
            telephones.paper.hang_up(telephones.paper.call_in("PJSIP/alice", "201", "202"))
        with pbx.changes(live.CallEnded) as others:
            telephones.happens()
            for _ in range(30):
                others.get(PATIENCE)
        pbx.close()
        assert sum(len(each.result(PATIENCE)) for each in reading) == 30


def test_queues_are_loaded_and_watched(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.queues = listed(item("PJSIP/alice"), Completed=4)
    telephones.link(manager)
    with Pbx(manager, queues=True) as pbx, pbx.changes(live.MemberPaused) as changes:
        assert pbx.queues["support"].completed == 4
        assert pbx.verify() == []
        telephones.paper.tell("QueueMemberPause", member("PJSIP/alice", Paused=1, PausedReason="lunch"))
        telephones.happens()
        assert changes.get(PATIENCE).member.paused_reason == "lunch"


def test_reloaded_queues_are_loaded_again(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.queues = listed(item("PJSIP/alice"))
    telephones.link(manager)
    with Pbx(manager, queues=True) as pbx, pbx.changes(live.MemberAdded) as changes:
        telephones.queues = listed(item("PJSIP/alice"), item("PJSIP/bob"))
        telephones.paper.tell("Reload", ["Module: app_queue.so", "Status: 0"])
        telephones.happens()
        added = changes.get(PATIENCE)
        assert (added.member.interface, added.resynced) == ("PJSIP/bob", True)


@pytest.mark.parametrize("refused", [False, True])
def test_events_that_arrive_together_with_a_reload_are_processed_once_and_in_order(
    telephones: Telephones, manager: ami.Manager, refused: bool
) -> None:
    telephones.link(manager)
    with manager.live(queues=True) as pbx, pbx.changes(live.CallChange) as changes:
        alice, bob, bridge = talk(telephones.paper)
        reload = message("Event: Reload", "Privilege: system,all", "Module: app_queue.so", "Status: 0")
        parts = [bytes(event) + b"\r\n\r\n" for event in telephones.paper.events]
        parts.insert(len(parts) // 2, reload)
        telephones.paper.end(bridge, alice, bob)
        again = telephones.paper.call_in("PJSIP/alice", "201", "202")
        parts += [bytes(event) + b"\r\n\r\n" for event in telephones.paper.events[len(parts) - 1 :]]
        telephones.refused = {"CoreShowChannels", "BridgeList", "QueueStatus"} if refused else set()
        peer = telephones.peer
        telephones.peer = None
        telephones.happens()
        telephones.peer = peer
        assert peer is not None
        peer.send(b"".join(parts))
        told = [changes.get(PATIENCE) for _ in range(6)]
        kinds = [live.CallStarted, live.CallRinging, live.CallRingingEnded, live.CallAnswered, live.CallEnded]
        assert [type(change) for change in told] == [*kinds, live.CallStarted]
        telephones.refused = set()
        assert pbx.verify() == []
        assert [call.caller_leg.uniqueid for call in pbx.calls if call.caller_leg is not None] == [again.uniqueid]


def test_a_manager_gives_its_calls(telephones: Telephones, manager: ami.Manager) -> None:
    talk(telephones.paper)
    telephones.happens(unseen=True)
    telephones.link(manager)
    with manager.live(trunks=["PJSIP/alice"], queues=True) as pbx:
        (call,) = pbx.calls
        assert call.direction is live.Direction.INBOUND
        assert [leg.channel for leg in call.legs] == [leg.channel for leg in pbx.channels]


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until the picture shows it."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_a_refused_list_does_not_prevent_the_calls(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.refused = {"QueueStatus"}
    telephones.link(manager)
    with manager.live(queues=True) as pbx:
        (lack,) = pbx.lacks
        assert (lack.watched, lack.action, lack.reason) == ("queues", "QueueStatus", live.LackReason.PRIVILEGE)
        talk(telephones.paper)
        telephones.happens()
        wait_for(lambda: len(pbx.calls) == 1)
        assert pbx.verify() == []
    assert {need.watched for need in pbx.needs} == {"calls", "queues"}


def test_only_the_chosen_queues_are_read(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    with manager.live(calls=False, queues=["support", "sales"]):
        asked = [(each["Action"], each.get("Queue")) for each in telephones.asked]
    assert asked == [("CoreStatus", None), ("QueueStatus", "sales"), ("QueueStatus", "support")]


def test_only_needed_events_are_asked_for_and_those_of_others_too(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    with manager.subscribe(ami.events.UserEvent), manager.live(calls=False, parking=True, narrow=True) as pbx:
        events_, *filters = [each for each in telephones.asked if each["Action"] in ("Events", "Filter")]
        assert events_["EventMask"] == "call,system,user"
        named = {each["MatchCriteria"].partition(",")[2] for each in filters}
        parking = {"ParkedCall", "ParkedCallSwap", "UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp", "Reload"}
        always = {"FullyBooted", "OriginateResponse", "Shutdown"}
        assert named == {f"name({name})" for name in {"UserEvent"} | parking | always}
        assert pbx.lacks == ()


def test_nothing_is_narrowed_if_anybody_receives_everything(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    with manager.subscribe(), manager.live(narrow=True):
        assert {each["Action"] for each in telephones.asked} == {"CoreStatus", "CoreShowChannels", "BridgeList"}


def test_a_refused_filter_leaves_the_picture_as_it_is(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.refused = {"Filter"}
    telephones.link(manager)
    with manager.live(narrow=True) as pbx:
        (lack,) = pbx.lacks
        assert (lack.watched, lack.action) == ("narrow", "Filter")
        talk(telephones.paper)
        telephones.happens()
        wait_for(lambda: len(pbx.calls) == 1)


def test_a_server_that_has_booted_is_read_again(telephones: Telephones, manager: ami.Manager) -> None:
    telephones.link(manager)
    with manager.live(queues=True) as pbx:
        telephones.queues = listed(item("PJSIP/alice"))
        assert telephones.peer is not None
        telephones.peer.send(message("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted"))
        wait_for(lambda: "support" in pbx.queues)
