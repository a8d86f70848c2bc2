"""Calls as people see them, from events alone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ami_typed import live
from tests.live_model.conversations import (
    attended_transfer,
    attended_transfer_by_keys,
    blind_transfer,
    blonde_transfer,
    parked,
    picked_up,
    ring_group,
    talk,
    through_local,
)
from tests.live_model.flows import SHARED, Played, events_of
from tests.live_model.pbx import Channel, Pbx

OUTCOMES = SHARED / "outcomes.json"
NOT_RUN = pytest.mark.skipif(not OUTCOMES.exists(), reason="NOT RUN: needs the recorded flows in ../shared/call-flows")


def recorded() -> list[str]:
    """The names of the recorded flows."""
    return list(json.loads(OUTCOMES.read_text("utf-8"))) if OUTCOMES.exists() else ["none"]


@NOT_RUN
@pytest.mark.parametrize("flow", recorded())
def test_a_recorded_conversation_is_told_as_people_had_it(flow: str) -> None:
    played = Played(events_of((SHARED / f"{flow}.ami").read_text("utf-8")))
    assert played.steps == json.loads(OUTCOMES.read_text("utf-8"))[flow]
    assert_nothing_is_left(played)


def assert_nothing_is_left(played: Played) -> None:
    """Every call ended once or became part of another one, and no object stays."""
    started = [change.call for change in played.of(live.CallStarted)]
    over = [change.call for change in played.of(live.CallEnded, live.CallMerged)]
    assert len(over) == len(set(map(id, over)))
    assert set(map(id, started)) == set(map(id, over))
    model = played.model
    assert (len(model.channels), len(model.bridges), model.calls.everything) == (0, 0, [])
    assert model.statistics.malformed == 0


def names(played: Played) -> list[str]:
    """Return what changed of calls, by the names of its classes."""
    return [type(change).__name__ for change in played.of(live.CallChange)]


def ended(played: Played) -> live.CallEnded:
    """Return the one end of a call."""
    (change,) = played.of(live.CallEnded)
    return change


# From the ringing to the end


def test_a_call_is_told_from_its_beginning_to_its_end() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.end(bridge, bob, alice)
    played = Played(pbx.events)
    assert names(played) == ["CallStarted", "CallRinging", "CallRingingEnded", "CallAnswered", "CallEnded"]
    record = ended(played).call.record()
    assert (record.caller, record.callee) == (alice_party(alice), alice_party(bob))
    assert record.dialed == "202"
    assert record.callee_sees == ("201", None)
    assert record.reason is live.EndReason.COMPLETED
    assert record.ended_by == alice_party(bob)
    assert record.talk_time == timedelta(seconds=1)
    assert [attempt.outcome for attempt in record.attempts] == [live.Outcome.ANSWERED]
    assert_nothing_is_left(played)


def alice_party(channel: Channel) -> live.Party:
    return live.Party(channel.name, channel.uniqueid, channel.number, None)


def test_a_record_is_a_plain_value_for_every_encoder() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.end(bridge, alice, bob)
    row = ended(Played(pbx.events)).call.record().to_dict()
    assert json.loads(json.dumps(row)) == row
    assert (row["reason"], row["caller"]["number"], row["talk_time"]) == ("completed", "201", 1.0)


@pytest.mark.parametrize(
    ("status", "cause", "reason", "outcome"),
    [
        ("BUSY", 17, live.EndReason.BUSY, live.Outcome.BUSY),
        ("NOANSWER", 16, live.EndReason.NO_ANSWER, live.Outcome.NO_ANSWER),
        ("BUSY", 21, live.EndReason.REJECTED, live.Outcome.BUSY),
        ("CONGESTION", 34, live.EndReason.FAILED, live.Outcome.FAILED),
        ("CANCEL", 26, live.EndReason.ANSWERED_ELSEWHERE, live.Outcome.CANCELED),
        ("DONTCALL", 16, live.EndReason.REJECTED, live.Outcome.DECLINED),
        ("GOTO:default,110,1", 21, live.EndReason.REJECTED, live.Outcome.DECLINED),
    ],
)
def test_a_call_that_nobody_answers_says_why(
    status: str, cause: int, reason: live.EndReason, outcome: live.Outcome
) -> None:
    pbx = Pbx()
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    pbx.dialed(alice, bob, status)
    pbx.hang_up(bob, cause)
    pbx.hang_up(alice, cause)
    played = Played(pbx.events)
    assert ended(played).reason is reason
    assert [change.outcome for change in played.of(live.CallRingingEnded)] == [outcome]
    assert_nothing_is_left(played)


def test_a_caller_who_hangs_up_while_it_rings_canceled_the_call() -> None:
    pbx = Pbx()
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    one, two = pbx.local("202", of=alice)
    pbx.dial(alice, one)
    bob = pbx.ring(two, "PJSIP/bob", "202")
    pbx.dialed(alice, one, "CANCEL")
    pbx.hang_up(one, 0)
    pbx.hang_up(alice, 0)
    pbx.dialed(two, bob, "CANCEL")
    pbx.hang_up(bob)
    pbx.hang_up(two, 0)
    played = Played(pbx.events)
    assert names(played) == ["CallStarted", "CallRinging", "CallRingingEnded", "CallEnded"]
    assert played.of(live.CallRingingEnded)[0].outcome is live.Outcome.CALLER_GAVE_UP
    assert (ended(played).reason, ended(played).ended_by) == (live.EndReason.CANCELED, alice_party(alice))
    assert_nothing_is_left(played)


def test_of_several_telephones_the_others_are_answered_elsewhere() -> None:
    pbx = Pbx()
    who = ring_group(pbx)
    played = Played(pbx.events)
    assert [each.outcome for each in played.of(live.CallRingingEnded)] == [
        live.Outcome.ANSWERED_ELSEWHERE,
        live.Outcome.ANSWERED,
    ]
    assert [change.callee.channel for change in played.of(live.CallAnswered)] == [who["carol"].name]
    assert_nothing_is_left(played)


# Through Local channels


@pytest.mark.parametrize("outer_first", [True, False])
def test_a_local_channel_that_stays_is_seen_through(outer_first: bool) -> None:
    pbx = Pbx()
    alice, bob, (one, two), (inner, outer) = through_local(pbx, outer_first=outer_first)
    pbx.end(outer, alice, one)
    pbx.end(inner, two, bob)
    played = Played(pbx.events)
    assert names(played) == ["CallStarted", "CallRinging", "CallRingingEnded", "CallAnswered", "CallEnded"]
    (answered,) = played.of(live.CallAnswered)
    assert (answered.caller.channel, answered.callee.channel) == (alice.name, bob.name)
    assert ended(played).ended_by == alice_party(alice)
    assert_nothing_is_left(played)


def test_the_ringing_of_an_outer_attempt_that_nobody_answers_in_time_ends_so() -> None:
    pbx = Pbx()
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    one, two = pbx.local("202", of=alice)
    pbx.dial(alice, one)
    bob = pbx.ring(two, "PJSIP/bob", "202")
    pbx.dialed(alice, one, "NOANSWER")
    pbx.hang_up(one, 0)
    pbx.dialed(two, bob, "CANCEL")
    for channel in (bob, two, alice):
        pbx.hang_up(channel)
    played = Played(pbx.events)
    assert [change.outcome for change in played.of(live.CallRingingEnded)] == [live.Outcome.NO_ANSWER]
    assert ended(played).reason is live.EndReason.NO_ANSWER


# Handed on


def test_a_blind_transfer_of_the_callee_makes_it_the_caller_once_it_reaches_somebody() -> None:
    pbx = Pbx()
    who = blind_transfer(pbx)
    played = Played(pbx.events)
    (transferred,) = played.of(live.CallTransferred)
    assert transferred.transfer.kind is live.TransferKind.BLIND
    assert (transferred.transfer.by.number, transferred.transfer.party.number) == ("201", "202")
    assert transferred.transfer.extension == "203"
    ringing = played.of(live.CallRinging)[1]
    assert (ringing.caller.number, ringing.callee.number, ringing.transfer) == ("202", "203", transferred.transfer)
    record = ended(played).call.record()
    assert (record.caller, record.callee) == (alice_party(who["bob"]), alice_party(who["carol"]))
    assert_nothing_is_left(played)


def test_a_blind_transfer_that_reaches_nobody_leaves_the_caller_who_it_was() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.blind_transfer(bridge, alice, bob, "999")
    pbx.hang_up(bob, 1)
    played = Played(pbx.events)
    assert (ended(played).caller, ended(played).reason) == (alice_party(alice), live.EndReason.COMPLETED)


def test_a_party_handed_over_to_somebody_busy_ends_busy() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.blind_transfer(bridge, bob, alice, "203")
    carol = pbx.ring(alice, "PJSIP/carol", "203")
    pbx.dialed(alice, carol, "BUSY")
    pbx.hang_up(carol, 17)
    pbx.hang_up(alice, 17)
    assert ended(Played(pbx.events)).reason is live.EndReason.BUSY


def test_an_attended_transfer_makes_one_call_of_two() -> None:
    pbx = Pbx()
    who = attended_transfer(pbx)
    played = Played(pbx.events)
    assert [type(each).__name__ for each in played.changes][-3:] == ["CallMerged", "CallTransferred", "CallEnded"]
    record = ended(played).call.record()
    assert (record.caller, record.callee) == (alice_party(who["alice"]), alice_party(who["carol"]))
    assert [(each.kind, each.by.channel) for each in record.transfers] == [
        (live.TransferKind.ATTENDED, who["line"].name)
    ]
    assert [attempt.party.number for attempt in record.attempts] == ["202", "203"]
    assert_nothing_is_left(played)


def test_an_attended_transfer_by_keys_stays_in_one_call() -> None:
    """The feature `atxfer` of features.conf: Asterisk itself dials for the transferer, whose one channel has both sides."""
    pbx = Pbx()
    who = attended_transfer_by_keys(pbx)
    played = Played(pbx.events)
    record = ended(played).call.record()
    assert (record.caller, record.callee) == (alice_party(who["alice"]), alice_party(who["carol"]))
    assert [transfer.to for transfer in record.transfers] == [(alice_party(who["carol"]),)]
    assert_nothing_is_left(played)


def test_a_transfer_while_it_rings_lets_it_ring_on_for_the_party_that_was_handed_over() -> None:
    pbx = Pbx()
    who = blonde_transfer(pbx)
    played = Played(pbx.events)
    (transferred,) = played.of(live.CallTransferred)
    assert (transferred.transfer.kind, transferred.transfer.to) == (
        live.TransferKind.BLONDE,
        (alice_party(who["carol"]),),
    )
    assert [(change.caller.number, change.callee.number) for change in played.of(live.CallAnswered)] == [
        ("201", "202"),
        ("201", "203"),
    ]
    assert_nothing_is_left(played)


def test_who_picks_a_call_up_is_its_callee_and_no_second_call() -> None:
    pbx = Pbx()
    who = picked_up(pbx)
    played = Played(pbx.events)
    (answered,) = played.of(live.CallAnswered)
    assert (answered.caller.number, answered.callee.number) == ("201", "203")
    assert ended(played).caller == alice_party(who["alice"])
    assert_nothing_is_left(played)


def test_a_parked_call_goes_on_without_who_parked_it_and_is_fetched() -> None:
    pbx = Pbx()
    who = parked(pbx)
    played = Played(pbx.events)
    assert names(played)[4:] == ["CallParked", "CallStarted", "CallMerged", "CallRetrieved", "CallEnded"]
    (change,) = played.of(live.CallParked)
    assert (change.party, change.lot, change.space) == (alice_party(who["alice"]), "default", 701)
    record = ended(played).call.record()
    assert (record.caller, record.callee) == (alice_party(who["alice"]), alice_party(who["carol"]))
    assert_nothing_is_left(played)


def test_the_caller_who_parks_the_callee_leaves_it_to_be_the_caller() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.leave(bridge, bob)
    pbx.bridge(bob, kind="parking", technology="holding_bridge", creator="Parking")
    pbx.parked("ParkedCall", bob)
    pbx.end(bridge, alice)
    played = Played(pbx.events)
    (call,) = played.model.calls
    assert (call.state, call.caller) == (live.CallState.PARKED, alice_party(bob))


# Hold, queues, conferences, click-to-dial


def test_holds_are_told_and_recorded() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.tell("Hold", bob.lines())
    held = Played(pbx.events)
    (call,) = held.model.calls
    assert (call.state, [leg.channel for leg in call.held_by]) == (live.CallState.HELD, [bob.name])
    pbx.tell("Unhold", bob.lines())
    pbx.end(bridge, alice, bob)
    played = Played(pbx.events)
    assert names(played)[4:] == ["CallHeld", "CallResumed", "CallEnded"]
    (hold,) = ended(played).call.record().holds
    assert (hold.by, hold.duration(ended(played).at)) == (alice_party(bob), timedelta(seconds=1))


def test_a_caller_waits_in_a_queue_and_is_answered() -> None:
    pbx = Pbx()
    alice = pbx.call_in("PJSIP/alice", "201", "300")
    pbx.state(alice, "Up")
    pbx.queued("QueueCallerJoin", alice)
    (waiting,) = Played(pbx.events).model.calls
    assert (waiting.state, waiting.queue) == (live.CallState.QUEUED, "support")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    pbx.state(bob, "Up")
    pbx.dialed(alice, bob, "ANSWER")
    pbx.queued("QueueCallerLeave", alice)
    bridge = pbx.bridge(bob, alice)
    pbx.end(bridge, alice, bob)
    played = Played(pbx.events)
    record = ended(played).call.record()
    assert (record.queue, record.queue_wait, record.abandoned) == ("support", timedelta(seconds=6), False)
    assert_nothing_is_left(played)


def test_a_caller_who_gives_up_in_a_queue_is_told_before_the_end() -> None:
    pbx = Pbx()
    alice = pbx.call_in("PJSIP/alice", "201", "300")
    pbx.state(alice, "Up")
    pbx.queued("QueueCallerJoin", alice)
    pbx.queued("QueueCallerAbandon", alice, "OriginalPosition: 1", "HoldTime: 11")
    pbx.queued("QueueCallerLeave", alice)
    pbx.hang_up(alice, 0)
    played = Played(pbx.events)
    assert names(played)[-3:] == ["CallAbandoned", "CallLeftQueue", "CallEnded"]
    assert played.of(live.CallAbandoned)[0].waited == timedelta(seconds=11)
    assert ended(played).call.record().abandoned


def test_a_conference_is_not_a_call_between_its_members() -> None:
    pbx = Pbx()
    alice = pbx.call_in("PJSIP/alice", "201", "400")
    bob = pbx.call_in("PJSIP/bob", "202", "400")
    room = pbx.bridge(alice, bob, kind="base", technology="softmix", creator="ConfBridge")
    pbx.end(room, alice, bob)
    played = Played(pbx.events)
    assert names(played) == ["CallStarted", "CallStarted", "CallEnded", "CallEnded"]
    assert_nothing_is_left(played)


def test_click_to_dial_says_whose_telephone_rings_first() -> None:
    pbx = Pbx()
    alice = pbx.new("PJSIP/alice", "201")
    pbx.dial(None, alice)
    pbx.state(alice, "Ringing")
    pbx.state(alice, "Up")
    pbx.dialed(None, alice, "ANSWER")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    bridge = pbx.answer(alice, bob)
    pbx.end(bridge, bob, alice)
    played = Played(pbx.events)
    assert names(played) == [
        "CallStarted",
        "CallerRinging",
        "CallRinging",
        "CallRingingEnded",
        "CallAnswered",
        "CallEnded",
    ]
    record = ended(played).call.record()
    assert (record.originated, record.caller, record.callee) == (True, alice_party(alice), alice_party(bob))
    assert_nothing_is_left(played)


def test_two_calls_at_the_same_time_do_not_mix() -> None:
    pbx = Pbx()
    alice, bob, first = talk(pbx)
    carol, dave, second = talk(pbx)
    pbx.end(first, alice, bob)
    pbx.end(second, dave, carol)
    played = Played(pbx.events)
    assert [change.caller for change in played.of(live.CallEnded)] == [alice_party(alice), alice_party(carol)]
    assert_nothing_is_left(played)


def test_the_direction_is_that_of_declared_trunks_and_contexts() -> None:
    def direction(caller: str, callee: str) -> live.Direction | None:
        pbx = Pbx()
        alice = pbx.call_in(caller, "201", "202")
        bob = pbx.ring(alice, callee, "202")
        pbx.end(pbx.answer(alice, bob), alice, bob)
        return ended(Played(pbx.events, live.Model(trunks=["PJSIP/provider"]))).call.record().direction

    assert direction("PJSIP/provider", "PJSIP/bob") is live.Direction.INBOUND
    assert direction("PJSIP/alice", "PJSIP/provider") is live.Direction.OUTBOUND
    assert direction("PJSIP/alice", "PJSIP/bob") is live.Direction.INTERNAL


def test_a_channel_that_is_renamed_stays_the_same_party() -> None:
    pbx = Pbx()
    _alice, bob, _bridge = talk(pbx)
    pbx.tell("Rename", [f"Channel: {bob.name}", "Newname: PJSIP/desk-1", f"Uniqueid: {bob.uniqueid}"])
    (call,) = Played(pbx.events).model.calls
    assert call.callee is not None
    assert call.callee.channel == "PJSIP/desk-1"


def test_talk_time_goes_on_by_the_clock_that_is_given() -> None:
    pbx = Pbx()
    talk(pbx)
    played = Played(pbx.events)
    now = played.changes[-1].at + timedelta(minutes=2)
    played = Played(pbx.events, live.Model(clock=lambda: now))
    (call,) = played.model.calls
    assert call.talk_time == timedelta(minutes=2)
