"""Queues as a supervisor sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ami_typed import live
from tests.live_model.flows import START, Played, event_of
from tests.live_model.pbx import Channel, Pbx

if TYPE_CHECKING:
    from ami_typed.messages import Event

AS_LISTED = ("QueueParams", "QueueMember", "QueueEntry")


def member(interface: str, **headers: object) -> list[str]:
    """Return the headers of a member's events, changed in some."""
    told = {
        "Queue": "support",
        "MemberName": interface.partition("/")[2],
        "Interface": interface,
        "StateInterface": interface,
        "Membership": "dynamic",
        "Penalty": 0,
        "CallsTaken": 0,
        "LastCall": 0,
        "LastPause": 0,
        "LoginTime": 0,
        "InCall": 0,
        "Status": 1,
        "Paused": 0,
        "PausedReason": "",
        "Ringinuse": 1,
        "Wrapuptime": 0,
    }
    return [f"{name}: {value}" for name, value in (told | headers).items()]


def joins(pbx: Pbx, number: str, position: int) -> Channel:
    caller = pbx.call_in("PJSIP/phone", number, "300")
    pbx.tell("QueueCallerJoin", caller.lines(), ["Queue: support", f"Position: {position}", f"Count: {position}"])
    return caller


def leaves(pbx: Pbx, caller: Channel, position: int) -> None:
    pbx.tell("QueueCallerLeave", caller.lines(), ["Queue: support", f"Position: {position}", "Count: 0"])


def abandons(pbx: Pbx, caller: Channel) -> None:
    more = ["Queue: support", "Position: 1", "OriginalPosition: 1", "HoldTime: 11"]
    pbx.tell("QueueCallerAbandon", caller.lines(), more)


def serves(pbx: Pbx, caller: Channel, hold: int, talk: int) -> None:
    """Have a member take a caller and be done with it."""
    told = ["Queue: support", "MemberName: alice", "Interface: PJSIP/alice"]
    agent = pbx.new("PJSIP/alice", "201", of=caller)
    pbx.tell("AgentConnect", caller.lines(), agent.lines("Dest"), [*told, "RingTime: 1", f"HoldTime: {hold}"])
    more = [f"HoldTime: {hold}", f"TalkTime: {talk}", "Reason: caller"]
    pbx.tell("AgentComplete", caller.lines(), agent.lines("Dest"), told, more)


def numbers(model: live.Model) -> list[str | None]:
    return [caller.number for caller in model.queues["support"].callers]


def listed(*items: str, **params: object) -> tuple[Any, Any, Any]:
    """Return a list of the queue: its counts, its members, and who waits."""
    counts = {"Event": "QueueParams", "Queue": "support", "Max": 0, "Strategy": "ringall", "Calls": 0, "Weight": 0}
    counts |= {"Holdtime": 0, "TalkTime": 0, "Completed": 0, "Abandoned": 0, "ServiceLevel": 20}
    counts |= {"ServicelevelPerf": "0.0", "ServicelevelPerf2": "0.0", **params}
    each = [event_of("\n".join(f"{name}: {value}" for name, value in counts.items())), *map(event_of, items)]
    params_, members, entries = ([event for event in each if event["Event"] == kind] for kind in AS_LISTED)
    return params_, members, entries


def item(interface: str, **headers: object) -> str:
    lines = member(interface, **headers)
    lines = [line.replace("MemberName:", "Name:").replace("Interface:", "Location:", 1) for line in lines]
    return "\n".join(["Event: QueueMember", *(line.replace("StateLocation", "StateInterface") for line in lines)])


def entry(caller: Channel, position: int, wait: int) -> str:
    place = ["Queue: support", f"Position: {position}", f"Wait: {wait}"]
    return "\n".join(["Event: QueueEntry", *place, *caller.lines(), "ConnectedLineNum: unknown", "Priority: 0"])


def loaded(*items: str, before: list[Event] | None = None, **params: object) -> tuple[live.Model, list[live.Change]]:
    """Load a list behind events that came while it was read."""
    model, changes = live.Model(), list[live.Change]()
    model.begin_loading(START)
    for event in before or []:
        changes += model.apply(event, START)
    return model, changes + model.load_queues(*listed(*items, **params), START)


def test_callers_stand_in_the_order_of_their_positions() -> None:
    pbx = Pbx()
    first = joins(pbx, "201", 1)
    joins(pbx, "202", 2)
    joins(pbx, "203", 1)  # of a higher priority
    played = Played(pbx.events)
    assert numbers(played.model) == ["203", "201", "202"]
    leaves(pbx, first, 2)
    played = Played(pbx.events)
    assert numbers(played.model) == ["203", "202"]
    (left,) = played.of(live.CallerLeft)
    assert (left.caller.number, left.waited) == ("201", timedelta(seconds=7))
    assert played.model.queues["support"].longest_wait == timedelta(seconds=4)


def test_counts_and_averages_are_kept_as_the_queue_keeps_them() -> None:
    pbx = Pbx()
    for hold, talk in ((10, 60), (30, 20)):
        caller = joins(pbx, "201", 1)
        leaves(pbx, caller, 1)
        serves(pbx, caller, hold, talk)
    caller = joins(pbx, "201", 1)
    abandons(pbx, caller)
    leaves(pbx, caller, 1)
    model, _changes = loaded(item("PJSIP/alice"))
    for event in pbx.events:
        model.apply(event, START)
    queue = model.queues["support"]
    assert (queue.completed, queue.abandoned, queue.answered_in_time) == (2, 1, 1)
    assert (queue.hold_time, queue.talk_time) == (timedelta(seconds=15), timedelta(seconds=50))
    assert queue.service_level_performance == 50.0
    same = listed(item("PJSIP/alice", CallsTaken=2), Holdtime=15, TalkTime=50, Completed=2, Abandoned=1)
    assert model.queue_differences(*same) == []


def test_a_member_is_in_a_call_from_the_answer_to_the_end() -> None:
    pbx = Pbx()
    caller = joins(pbx, "201", 1)
    serves(pbx, caller, 1, 1)
    model, _changes = loaded(item("PJSIP/alice"))
    in_call: list[object] = []
    for event in pbx.events:
        model.apply(event, START)
        in_call.append(model.queues["support"].members["PJSIP/alice"].in_call_since)
    assert in_call[-2:] == [START, None]
    member = model.queues["support"].members["PJSIP/alice"]
    assert (member.calls_taken, member.last_call) == (1, START)


def test_what_changes_of_a_member_is_told() -> None:
    pbx = Pbx()
    pbx.tell("QueueMemberAdded", member("PJSIP/alice"))
    pbx.tell("QueueMemberPause", member("PJSIP/alice", Paused=1, PausedReason="lunch", LastPause=1780000000))
    pbx.tell("QueueMemberPenalty", member("PJSIP/alice", Paused=1, PausedReason="lunch", Penalty=5))
    pbx.tell("QueueMemberStatus", member("PJSIP/alice", Penalty=5, Status=2, InCall=1, CallsTaken=3))
    paused = Played(pbx.events[:2]).model.queues["support"].members["PJSIP/alice"]
    assert (paused.paused, paused.paused_reason) == (True, "lunch")
    assert paused.paused_since is not None
    pbx.tell("QueueMemberRemoved", member("PJSIP/alice"))
    played = Played(pbx.events)
    assert [type(change).__name__ for change in played.changes] == [
        "MemberAdded",
        "MemberPaused",
        "MemberPenaltyChanged",
        "MemberUnpaused",
        "MemberStatusChanged",
        "MemberRemoved",
    ]
    assert played.model.queues["support"].members == {}


def test_a_list_is_the_picture_and_tells_nothing_the_first_time() -> None:
    pbx = Pbx()
    caller = pbx.call_in("PJSIP/phone", "201", "300")
    items = [item("PJSIP/alice", Penalty=3), entry(caller, 1, 12)]
    model, changes = loaded(*items, Completed=4, ServicelevelPerf="75.0")
    assert changes == []
    queue = model.queues["support"]
    assert (queue.members["PJSIP/alice"].penalty, queue.longest_wait) == (3, timedelta(seconds=12))
    assert (queue.completed, queue.answered_in_time) == (4, 3)
    assert model.queue_differences(*listed(*items, Completed=4)) == []
    assert [each.attribute for each in model.queue_differences(*listed(Completed=5))] == [
        "completed",
        "members",
        "callers",
    ]


def test_an_event_that_comes_while_the_list_is_read_knows_better() -> None:
    pbx = Pbx()
    gone = joins(pbx, "201", 1)
    leaves(pbx, gone, 1)
    new = joins(pbx, "202", 1)
    pbx.tell("QueueMemberPause", member("PJSIP/alice", Paused=1))
    pbx.tell("QueueMemberAdded", member("PJSIP/bob"))
    pbx.tell("QueueMemberRemoved", member("PJSIP/carol"))
    model, _changes = loaded(item("PJSIP/alice"), item("PJSIP/carol"), entry(gone, 1, 9), before=pbx.events)
    queue = model.queues["support"]
    assert [caller.uniqueid for caller in queue.callers] == [new.uniqueid]
    assert sorted(queue.members) == ["PJSIP/alice", "PJSIP/bob"]
    assert queue.members["PJSIP/alice"].paused


@pytest.mark.parametrize("counted", [True, False])
def test_a_queue_in_which_a_call_was_counted_while_it_was_read_is_to_be_read_again(counted: bool) -> None:
    pbx = Pbx()
    caller = joins(pbx, "201", 1)
    abandons(pbx, caller)
    model, _changes = loaded(before=pbx.events if counted else [], Abandoned=1)
    assert model.doubtful_queues == (("support",) if counted else ())
    model.begin_loading(START)
    model.load_queues(*listed(Abandoned=1), START)
    assert model.doubtful_queues == ()
    assert model.queues["support"].abandoned == 1


def test_what_changed_unseen_is_told_as_resynced() -> None:
    pbx = Pbx()
    caller = pbx.call_in("PJSIP/phone", "201", "300")
    model, _changes = loaded(item("PJSIP/alice"), entry(caller, 1, 1))
    model.lose(START)
    model.begin_loading(START)
    changes = model.load_queues(*listed(item("PJSIP/alice", Paused=1)), START)
    assert [type(change) for change in changes] == [live.MemberPaused, live.CallerLeft]
    assert all(change.resynced for change in changes)


def test_callers_and_members_can_be_iterated_while_they_change() -> None:
    pbx = Pbx()
    caller = joins(pbx, "201", 1)
    pbx.tell("QueueMemberAdded", member("PJSIP/alice"))
    model = Played(pbx.events).model
    queue = model.queues["support"]
    done = len(pbx.events)
    leaves(pbx, caller, 1)
    pbx.tell("QueueMemberRemoved", member("PJSIP/alice"))
    for _queue, _caller, _member in zip(model.queues, queue.callers, queue.members.values(), strict=True):
        for event in pbx.events[done:]:
            model.apply(event, START)
    assert (queue.callers, queue.members) == ([], {})
