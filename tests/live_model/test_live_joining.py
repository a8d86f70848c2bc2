"""Lists and events become one picture, whatever comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from ami_typed import live
from tests.live_model.conversations import CONVERSATIONS, talk
from tests.live_model.flows import SHARED, START, Played, event_of, events_of
from tests.live_model.lists import Lists, lists_of
from tests.live_model.pbx import Channel, Pbx

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.messages import Event

RECORDED = sorted(SHARED.glob("*.ami"))


def flow_of(conversation: Callable[[Pbx], object]) -> list[Event]:
    pbx = Pbx()
    conversation(pbx)
    return pbx.events


def flows() -> dict[str, list[Event]]:
    """Return conversations on paper, and the recorded ones if they are there."""
    paper = {each.__name__: flow_of(each) for each in CONVERSATIONS}
    return paper | {file.stem: events_of(file.read_text("utf-8")) for file in RECORDED}


FLOWS = flows()


def lists_at_every_place(flow: list[Event]) -> list[Lists]:
    """Return what the server lists before each event of a flow, and after the last one."""
    model, lists = live.Model(), list[Lists]()
    for event in flow:
        lists.append(lists_of(model))
        model.apply(event, START)
    return [*lists, lists_of(model)]


def loaded(flow: list[Event], lists: Lists, begun: int, joined: int) -> tuple[live.Model, list[live.Change]]:
    """Play a flow to a program that begins in the middle of it: events, the lists, and the rest of the events."""
    model, changes = live.Model(), list[live.Change]()
    model.begin_loading(START)
    for event in flow[begun:joined]:
        changes += model.apply(event, START)
    changes += model.load(*lists, START)
    for event in flow[joined:]:
        changes += model.apply(event, START + timedelta(seconds=1))
    return model, changes


@pytest.mark.parametrize("name", FLOWS)
def test_an_event_at_every_place_of_a_list_is_neither_lost_nor_applied_twice(name: str) -> None:
    """The lists are those of each place in turn, and know of one event more or less than have come when they do."""
    flow = FLOWS[name]
    for place, lists in enumerate(lists_at_every_place(flow)):
        for joined in {place, min(place + 1, len(flow)), max(place - 1, 0)}:
            begun = max(min(place, joined) - 1, 0)  # what was before that is in the lists
            model, changes = loaded(flow, lists, begun, joined)
            assert_all_is_over(model, changes, f"begun at {begun}, listed at {place}, joined at {joined}")


def assert_all_is_over(model: live.Model, changes: list[live.Change], where: str) -> None:
    assert (len(model.channels), len(model.bridges), model.calls.everything) == (0, 0, []), where
    told = [change.call for change in changes if isinstance(change, (live.CallEnded, live.CallMerged))]
    assert len(set(map(id, told))) == len(told), where
    answers = [change.callee for change in changes if isinstance(change, live.CallAnswered)]
    assert len({each.uniqueid for each in answers}) == len(answers), where


@pytest.mark.parametrize("name", FLOWS)
def test_the_loaded_picture_is_what_the_server_lists(name: str) -> None:
    for lists in lists_at_every_place(FLOWS[name]):
        model = live.Model()
        model.begin_loading(START)
        assert model.load(*lists, START) == []
        assert model.differences(*lists) == []
        assert model.fresh_since == START


def test_a_loaded_call_knows_its_parties_and_goes_on_as_any_other() -> None:
    pbx = Pbx()
    alice, bob, bridge = talk(pbx)
    model = live.Model()
    model.begin_loading(START)
    model.load(*lists_of(Played(pbx.events).model), START)
    (call,) = model.calls
    assert call.caller is not None
    assert call.callee is not None
    assert (call.caller.number, call.callee.number, call.state) == ("201", "202", live.CallState.TALKING)
    done = len(pbx.events)
    pbx.end(bridge, alice, bob)
    changes = [change for event in pbx.events[done:] for change in model.apply(event, START + timedelta(seconds=9))]
    (end,) = changes
    assert isinstance(end, live.CallEnded)
    assert end.call.record().talk_time == timedelta(seconds=9)


def test_a_telephone_that_was_ringing_before_is_known_to_ring() -> None:
    pbx = Pbx()
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    model = live.Model()
    model.begin_loading(START)
    model.load(*lists_of(Played(pbx.events).model), START)
    (call,) = model.calls
    assert (call.state, [leg.channel for leg in call.ringing]) == (live.CallState.RINGING, [bob.name])
    done = len(pbx.events)
    pbx.answer(alice, bob)
    changes = [change for event in pbx.events[done:] for change in model.apply(event, START)]
    assert [type(change) for change in changes] == [live.CallRingingEnded, live.CallAnswered]


# After a gap


def gap(before: Pbx, after: Pbx) -> tuple[live.Model, list[live.Change]]:
    """Load a picture, miss what happened, load again."""
    model = Played(before.events).model
    model.begin_loading(START)
    model.load(*lists_of(model), START)
    model.lose(START)
    assert model.fresh_since is None
    model.begin_loading(START)
    return model, model.load(*lists_of(Played(after.events).model), START)


def test_a_call_that_ended_unseen_ends_with_a_reason_that_says_so() -> None:
    before = Pbx()
    talk(before)
    model, changes = gap(before, Pbx())
    (end,) = changes
    assert isinstance(end, live.CallEnded)
    assert (end.resynced, end.reason) == (True, live.EndReason.UNKNOWN)
    assert end.caller is not None
    assert end.caller.number == "201"
    assert len(model.channels) == 0


def test_a_call_that_began_unseen_is_told_when_it_is_found() -> None:
    after = Pbx()
    talk(after)
    model, changes = gap(Pbx(), after)
    assert [type(change) for change in changes] == [live.CallStarted, live.CallAnswered]
    assert all(change.resynced for change in changes)
    assert model.fresh_since == START


def test_what_did_not_change_meanwhile_is_not_told() -> None:
    pbx = Pbx()
    talk(pbx)
    assert gap(pbx, pbx)[1] == []


def test_an_answer_that_was_missed_is_told() -> None:
    def ringing(pbx: Pbx) -> tuple[Channel, Channel]:
        alice = pbx.call_in("PJSIP/alice", "201", "202")
        return alice, pbx.ring(alice, "PJSIP/bob", "202")

    before, after = Pbx(), Pbx()
    ringing(before)
    after.answer(*ringing(after))
    _model, changes = gap(before, after)
    assert [type(change) for change in changes] == [live.CallRingingEnded, live.CallAnswered]


def test_a_restart_ends_every_call_and_frees_the_identifiers() -> None:
    pbx = Pbx()
    alice, _bob, _bridge = talk(pbx)
    model = Played(pbx.events).model
    model.begin_loading(START)
    model.load(*lists_of(model), START)
    (end,) = model.lose(START, restarted=True)
    assert isinstance(end, live.CallEnded)
    again = Pbx()
    again.tell("Newchannel", alice.lines())
    assert [type(change) for change in model.apply(again.events[0], START)] == [live.CallStarted]


def test_the_differences_say_in_what_a_picture_is_wrong() -> None:
    pbx = Pbx()
    _alice, bob, _bridge = talk(pbx)
    model = Played(pbx.events).model
    later = Pbx()
    later.events, later.serial, later.bridges = [*pbx.events], pbx.serial, pbx.bridges
    later.hang_up(bob)
    carol = later.call_in("PJSIP/carol", "203", "1")
    found = model.differences(*lists_of(Played(later.events).model))
    assert {(each.what, each.attribute, each.picture, each.server) for each in found} == {
        (f"channel {bob.name}", "there", True, False),
        (f"channel {carol.name}", "there", False, True),
    }


def test_a_list_without_a_number_that_events_give_is_no_difference() -> None:
    pbx = Pbx()
    pbx.call_in("PJSIP/alice", "201", "202")
    model = Played(pbx.events).model
    channels, bridges = lists_of(model)
    without = [
        event_of(str(bytes(each), "utf-8").replace("CallerIDNum: 201", "CallerIDNum: <unknown>")) for each in channels
    ]
    assert model.differences(cast("list[Any]", without), bridges) == []
    wrong = [event_of(str(bytes(each), "utf-8").replace("CallerIDNum: 201", "CallerIDNum: 209")) for each in channels]
    assert [each.attribute for each in model.differences(cast("list[Any]", wrong), bridges)] == ["number"]
