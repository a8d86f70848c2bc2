"""Events that are missing, doubled, out of order or malformed do no harm."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_typed import events, live
from ami_typed.messages import Event
from tests.live_model.conversations import CONVERSATIONS, talk
from tests.live_model.flows import SHARED, START, Played, event_of, events_of
from tests.live_model.pbx import Pbx


def flows() -> list[list[Event]]:
    """Return conversations on paper, and the recorded ones if they are there."""
    made: list[list[Event]] = []
    for conversation in CONVERSATIONS:
        pbx = Pbx()
        conversation(pbx)
        made.append(pbx.events)
    return made + [events_of(file.read_text("utf-8")) for file in sorted(SHARED.glob("*.ami"))]


FLOWS = flows()


@st.composite
def damaged(draw: st.DrawFn) -> list[Event]:
    """Return a flow with events left out, doubled, and moved by a few places."""
    flow = draw(st.sampled_from(FLOWS))
    places: list[tuple[float, Event]] = []
    for number, event in enumerate(flow):
        copies = draw(st.sampled_from([1, 1, 1, 1, 0, 2]))
        moved = draw(st.sampled_from([0, 0, 0, 0, -2.5, 3.5, 9.5]))
        places += [(number + moved * (1 + each), event) for each in range(copies)]
    return [event for _place, event in sorted(places, key=lambda each: each[0])]


@settings(max_examples=150, deadline=None)
@given(damaged())
def test_no_disorder_raises_or_ends_a_call_twice(flow: list[Event]) -> None:
    played = Played(flow)
    over = Counter(id(change.call) for change in played.of(live.CallEnded, live.CallMerged))
    assert all(number == 1 for number in over.values())
    started = Counter(id(change.call) for change in played.of(live.CallStarted))
    assert all(number == 1 for number in started.values())
    assert set(over) <= set(started)
    for call in played.model.calls:
        assert call.record().reason is None
        assert call.legs


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_calls_at_the_same_time_are_told_as_each_alone(data: st.DataObject) -> None:
    """Two conversations of one telephone system, mixed: each is told as if it were alone."""
    pbx, parts = Pbx(), list[list[Event]]()
    for conversation in data.draw(st.lists(st.sampled_from(CONVERSATIONS), min_size=2, max_size=3)):
        before = len(pbx.events)
        conversation(pbx)
        parts.append(pbx.events[before:])
    alone = sorted(repr(step) for part in parts for step in Played(part).steps)
    order = data.draw(st.permutations([number for number, part in enumerate(parts) for _ in part]))
    places = [iter(part) for part in parts]
    together = Played([next(places[number]) for number in order])
    assert sorted(map(repr, together.steps)) == alone
    assert not len(together.model.channels)


def test_doubling_every_event_changes_nothing() -> None:
    for flow in FLOWS:
        doubled = [event for event in flow for _ in range(2)]
        assert Played(doubled).steps == Played(flow).steps


def test_an_event_with_a_header_that_is_not_of_its_type_is_counted_and_left_out() -> None:
    model = live.Model()
    broken = event_of("Event: Newchannel\nChannel: PJSIP/alice-1\nUniqueid: 1.1\nLinkedid: 1.1\nChannelState: some")
    assert model.apply(broken, START) == []
    assert model.statistics.malformed == 1


def test_channels_that_were_not_seen_to_begin_are_taken_in_and_counted() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.end(bridge, alice, bob)
    played = Played([event for event in pbx.events if not isinstance(event, events.Newchannel)])
    assert played.model.statistics.unknown_channels == 2
    assert len(played.of(live.CallAnswered)) == len(played.of(live.CallEnded)) == 1


def test_an_answer_is_told_though_the_dial_was_not() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.end(bridge, alice, bob)
    played = Played([event for event in pbx.events if not isinstance(event, (events.DialBegin, events.DialEnd))])
    (answered,) = played.of(live.CallAnswered)
    assert (answered.caller.number, answered.callee.number) == ("201", "202")


def test_what_comes_late_about_a_channel_that_was_hung_up_does_not_bring_it_back() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    pbx.end(bridge, alice, bob)
    pbx.state(bob, "Up")
    played = Played(pbx.events)
    assert len(played.model.channels) == 0
    assert played.model.statistics.late == 1


def test_an_identifier_that_a_program_chose_may_come_again_with_a_new_channel() -> None:
    pbx = Pbx()
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    pbx.hang_up(alice)
    alice.name = "PJSIP/alice-again"
    pbx.tell("Newchannel", alice.lines())
    played = Played(pbx.events)
    assert [leg.channel for leg in played.model.channels] == ["PJSIP/alice-again"]
    assert len(played.of(live.CallStarted)) == 2


@pytest.mark.parametrize("rounds", [500])
def test_calls_that_ended_leave_no_object_behind(rounds: int) -> None:
    import gc

    pbx = Pbx()
    for _ in range(rounds):
        alice, bob, bridge = talk(pbx)
        pbx.end(bridge, alice, bob)
    model = live.Model()
    for number, event in enumerate(pbx.events):
        model.apply(event, START + timedelta(seconds=number))
    gc.collect()
    left = Counter(type(each).__name__ for each in gc.get_objects())
    assert (left["Leg"], left["Call"], left["Dial"], left["Bridge"]) == (0, 0, 0, 0)
