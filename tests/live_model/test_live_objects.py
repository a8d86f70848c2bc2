"""Agents, parking lots, conferences, extensions, devices, endpoints and mailboxes, from lists and events."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import live
from tests.live_model import worlds
from tests.live_model.flows import START, event_of
from tests.live_model.worlds import WORLDS, World, halves

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.live.tables import Table

EVERY = pytest.mark.parametrize("world", WORLDS, ids=[world.kind for world in WORLDS])
LATER = START + timedelta(seconds=9)


def known(world: World, items: worlds.Items) -> Any:
    return world.known(world.listed(items))


@EVERY
def test_what_events_report_is_what_the_lists_say(world: World) -> None:
    model = world.listed(world.first)
    for step, items in zip(world.steps, world.states[1:], strict=True):
        model.apply(event_of(step.event), LATER)
        assert world.known(model) == known(world, items), step.event
        assert model.compare(world.loaded(items)) == [], step.event
    assert model.statistics.malformed == 0


@EVERY
@pytest.mark.parametrize("first", [True, False], ids=["first load", "after a gap"])
def test_an_event_at_every_place_of_a_list_is_neither_lost_nor_applied_twice(world: World, first: bool) -> None:
    """The event happens before each item of the list in turn, and is read before or after the list is complete."""
    for number, step in enumerate(world.steps):
        before, later = world.states[number], world.states[number + 1]
        expected = known(world, later)
        for items in halves(before, later):
            for waiting in (True, False):
                model = world.model() if first else world.listed(world.first)
                for earlier in world.steps[:number] if not first or world is worlds.AGENTS else ():
                    model.apply(event_of(earlier.event), START)
                model.begin_loading(START)
                if waiting:
                    model.apply(event_of(step.event), START)
                model.join(world.loaded(items), START)
                if not waiting:
                    model.apply(event_of(step.event), START)
                where = f"{step.event}\nin {sorted(items)}, {'before' if waiting else 'after'} the list"
                assert world.known(model) == expected, where
                assert model.compare(world.loaded(later)) == [], where


@EVERY
def test_what_changed_unseen_is_told_as_resynced(world: World) -> None:
    model = world.listed(world.first)
    model.lose(START)
    assert model.fresh_since is None, world.kind
    model.begin_loading(LATER)
    changes = model.join(world.loaded(world.states[-1]), LATER)
    assert changes
    assert all(change.resynced for change in changes)
    assert world.known(model) == known(world, world.states[-1])
    model.begin_loading(LATER)
    assert model.join(world.loaded(world.states[-1]), LATER) == []


@EVERY
def test_the_differences_name_what_is_wrong(world: World) -> None:
    assert world.listed(world.first).compare(world.loaded(world.states[-1])) != []
    assert {each.attribute for each in world.listed({}).compare(world.loaded(world.first))} <= {"there", "presence"}


@EVERY
def test_a_doubled_event_changes_nothing(world: World) -> None:
    model = world.listed(world.first)
    for step in world.steps:
        model.apply(event_of(step.event), START)
        assert model.apply(event_of(step.event), START) == []


@EVERY
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_no_disorder_raises_and_the_next_load_heals_it(world: World, data: st.DataObject) -> None:
    events = data.draw(st.lists(st.sampled_from([step.event for step in world.steps]), max_size=12))
    model = world.model()
    for event in events:
        model.apply(event_of(event), START)
    model.begin_loading(START)
    model.join(world.loaded(world.first), START)
    assert model.compare(world.loaded(world.first)) == []


@EVERY
def test_an_event_without_its_headers_is_counted(world: World) -> None:
    model = world.listed(world.first)
    before = world.known(model)
    names = sorted({step.event.partition("\n")[0] for step in world.steps})
    for name in names:
        assert model.apply(event_of(name), START) == []
    assert model.statistics.malformed == len(names)
    assert world.known(model) == before


GONE = [
    (worlds.CONFERENCES, worlds.confbridge("ConfbridgeLeave", "400", 9)),
    (worlds.CONFERENCES, worlds.confbridge("ConfbridgeMute", "400", 9)),
    (worlds.CONFERENCES, worlds.confbridge("ConfbridgeEnd", "900")),
    (worlds.PARKING, worlds.parked("ParkedCallGiveUp", 9, 709)),
    (worlds.AGENTS, worlds.text("AgentLogoff", Agent="1", Logintime=9, **worlds.snapshot("PJSIP/g", 1))),
    (worlds.EXTENSIONS, worlds.hint("299", -2)),
    (worlds.ENDPOINTS, worlds.contact_status("a", "z", "Removed")),
    (worlds.ENDPOINTS, worlds.peer_status("z", "Reachable")),
    (worlds.QUEUES, worlds.caller("QueueCallerLeave", "a", 9, 1)),
]


@pytest.mark.parametrize(("world", "event"), GONE, ids=[event.partition("\n")[0][7:] for _world, event in GONE])
def test_an_event_about_what_is_not_there_is_counted_and_changes_nothing(world: World, event: str) -> None:
    model = world.listed(world.first)
    before = world.known(model)
    assert model.apply(event_of(event), START) == []
    assert (world.known(model), model.statistics.unexpected) == (before, 1)


@EVERY
def test_only_the_chosen_objects_are_known(world: World) -> None:
    everything = world.listed(world.states[-1])
    names = sorted(getattr(everything, world.kind).names)
    chosen = names[0]
    model = live.Model(watch={world.kind: [chosen]})
    model.begin_loading(START)
    model.join(world.loaded(world.first), START)
    for step in world.steps:
        model.apply(event_of(step.event), START)
    assert getattr(model, world.kind).names == [chosen]
    assert model.compare(world.loaded(world.states[-1])) == []


@EVERY
def test_objects_can_be_iterated_while_they_change(world: World) -> None:
    model = world.listed(world.first)
    for _each in getattr(model, world.kind):
        for step in world.steps:
            model.apply(event_of(step.event), START)
    assert model.compare(world.loaded(world.states[-1])) == []


def test_events_of_what_is_not_watched_cost_nothing() -> None:
    model = live.Model(watch={"devices": True})
    for world in WORLDS:
        if world.kind not in ("devices", "endpoints"):
            for step in world.steps:
                assert model.apply(event_of(step.event), START) == []
    assert model.statistics.events == 0
    assert model.watched_events == tuple(live.Devices().reducers())


# What each kind reports


def changes_of(world: World, *events: str) -> list[live.Change]:
    model = world.listed(world.first)
    return [change for event in events for change in model.apply(event_of(event), LATER)]


def test_a_conference_is_told_from_its_start_to_its_end() -> None:
    changes = changes_of(
        worlds.CONFERENCES,
        worlds.confbridge("ConfbridgeStart", "500"),
        worlds.confbridge("ConfbridgeJoin", "500", 4, Muted="No"),
        worlds.confbridge("ConfbridgeRecord", "500"),
        worlds.confbridge("ConfbridgeTalking", "500", 4, TalkingStatus="on"),
        worlds.confbridge("ConfbridgeMute", "500", 4),
        worlds.confbridge("ConfbridgeStopRecord", "500"),
        worlds.confbridge("ConfbridgeEnd", "500"),
    )
    assert [type(change) for change in changes] == [
        live.ConferenceStarted,
        live.ParticipantJoined,
        live.ConferenceRecordingStarted,
        live.ParticipantStartedTalking,
        live.ParticipantMuted,
        live.ConferenceRecordingStopped,
        live.ParticipantLeft,
        live.ConferenceEnded,
    ]


def test_whether_a_conference_that_was_there_before_is_recorded_is_not_known() -> None:
    model = worlds.CONFERENCES.listed(worlds.CONFERENCES.first)
    assert model.conferences["400"].recording is None
    model.apply(event_of(worlds.confbridge("ConfbridgeRecord", "400")), START)
    assert model.conferences["400"].recording is True


def test_a_lock_is_found_by_the_next_load() -> None:
    world = worlds.CONFERENCES
    model = world.listed(world.first)
    model.begin_loading(LATER)
    locked = {**world.first, "400": worlds.room("400").replace("Locked: No", "Locked: Yes")}
    (change,) = model.join(world.loaded(locked), LATER)
    assert isinstance(change, live.ConferenceLocked)
    assert change.resynced
    assert model.conferences["400"].locked


def test_an_agent_is_told_from_log_in_to_log_off() -> None:
    events = [step.event for step in worlds.AGENTS.steps]
    assert [type(change) for change in changes_of(worlds.AGENTS, *events)] == [
        live.AgentLoggedIn,
        live.AgentBecameIdle,
        live.AgentTookCall,
        live.AgentBecameIdle,
        live.AgentLoggedOff,
    ]


def test_an_agent_that_joins_somebody_unseen_is_on_a_call() -> None:
    entered = worlds.moved("BridgeEnter", "talk", "simple_bridge", "PJSIP/g", 2)
    (change,) = changes_of(worlds.AGENTS, entered.replace("BridgeNumChannels: 1", "BridgeNumChannels: 2"))
    assert isinstance(change, live.AgentTookCall)
    assert change.talking_to is None
    assert changes_of(worlds.AGENTS, entered) == []


def test_a_parked_call_knows_who_took_it_and_when_its_time_is_over() -> None:
    world = worlds.PARKING
    taken, freed, late, over = changes_of(
        world,
        worlds.parked("ParkedCall", 2, 702),
        worlds.parked("UnParkedCall", 2, 702, **worlds.RETRIEVER),
        worlds.parked("ParkedCall", 3, 702),
        worlds.parked("ParkedCallTimeOut", 3, 702),
    )
    assert isinstance(taken, live.SpaceTaken)
    assert isinstance(freed, live.SpaceFreed)
    assert isinstance(late, live.SpaceTaken)
    assert isinstance(over, live.SpaceFreed)
    assert (taken.parked.parked_at, taken.parked.expires_at) == (LATER, LATER + timedelta(seconds=45))
    assert (freed.retrieved_by, freed.expired) == ("PJSIP/r-00000009", False)
    assert (over.retrieved_by, over.expired) == (None, True)


def test_a_space_holds_one_call_even_if_an_end_was_missed() -> None:
    world = worlds.PARKING
    model = world.listed(world.first)
    model.apply(event_of(worlds.parked("ParkedCall", 5, 701)), LATER)
    assert [call.uniqueid for call in model.parking.calls] == ["1780000000.5"]
    assert [*model.parking["default"].calls] == [701]


def test_idle_devices_that_the_server_never_lists_do_not_pile_up() -> None:
    model = worlds.DEVICES.listed(worlds.DEVICES.first)
    for number in range(3000):
        for state in ("INUSE", "NOT_INUSE"):
            model.apply(event_of(worlds.device(f"Local/{number}@out", state)), START)
    assert len(model.devices) == len(worlds.DEVICES.first) + 1024
    assert model.compare(worlds.DEVICES.loaded(worlds.DEVICES.first)) == []


def test_what_comes_and_goes_leaves_nothing_behind() -> None:
    model = live.Model(watch={"parking": True, "conferences": True, "agents": True})
    for number in range(200):
        for event in (
            worlds.parked("ParkedCall", number, 701),
            worlds.parked("ParkedCallGiveUp", number, 701),
            worlds.confbridge("ConfbridgeStart", f"c{number}"),
            worlds.confbridge("ConfbridgeJoin", f"c{number}", number, Muted="No"),
            worlds.confbridge("ConfbridgeLeave", f"c{number}", number),
            worlds.confbridge("ConfbridgeEnd", f"c{number}"),
            worlds.moved("BridgeEnter", f"b{number}", "simple_bridge", "PJSIP/c", number),
            worlds.moved("BridgeLeave", f"b{number}", "simple_bridge", "PJSIP/c", number),
        ):
            model.apply(event_of(event), START)
    held: list[Table[Any]] = [model.parking, model.conferences._participants, model.conferences, model.agents]
    assert [(len(table), len(table._gone)) for table in held] == [(1, 0), (0, 0), (0, 0), (0, 0)]
    assert (len(model.parking.calls), model.agents._rooms) == (0, {})


# What is watched, needed and lacking


def test_the_needs_name_events_and_actions_with_their_privileges() -> None:
    needs = live.Model(watch={"agents": True, "mailboxes": True}).needs
    assert live.Need("agents", "AgentLogin", "read", ("agent",)) in needs
    assert live.Need("agents", "Agents", "write", ("agent",)) in needs
    assert live.Need("mailboxes", "MessageWaiting", "read", ("call",)) in needs
    assert {need.watched for need in needs} == {"agents", "mailboxes"}


@pytest.mark.parametrize(
    ("watch", "words"),
    [({"queue": True}, "nothing called 'queue'"), ({"calls": False}, "Nothing is watched"), ({}, "Nothing is watched")],
)
def test_a_choice_that_can_only_be_a_mistake_is_refused(watch: dict[str, bool], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        live.Model(watch=watch)


def test_a_single_text_is_not_a_list_of_names() -> None:
    with pytest.raises(TypeError, match=r"queues takes True or a list of names, not a single text: \['support'\]"):
        live.Model(watch={"queues": "support"})


def read(model: live.Model, answer: Callable[[ami.Request[Any]], Any]) -> live.Loaded:
    """Answer the requests of a reading; what `answer` raises is raised in it."""
    reading = model.read()
    try:
        request = next(reading)
        while True:
            try:
                answered = answer(request)
            except ami.ActionFailed as error:
                request = reading.throw(error)
            else:
                request = reading.send(answered)
    except StopIteration as end:
        loaded: live.Loaded = end.value
        return loaded


def refusing(**messages: str) -> Callable[[ami.Request[Any]], Any]:
    """Return a server whose lists are empty, but for those that it refuses with a message."""

    def answer(request: Any) -> Any:
        if request.action in messages:
            raise ami.ActionFailed(request, ami.Answer({"Response": "Error", "Message": messages[request.action]}))
        return request.list_class()()

    return answer


def test_a_refused_list_does_not_prevent_the_others() -> None:
    model = live.Model(watch={"agents": True, "parking": True, "devices": True})
    unknown = "Invalid/unknown command: Parkinglots. Use Action: ListCommands to show available commands."
    model.begin_loading(START)
    loaded = read(model, refusing(Agents="Permission denied", Parkinglots=unknown))
    model.join(loaded, START)
    assert [(lack.watched, lack.action, lack.reason) for lack in model.lacks] == [
        ("agents", "Agents", live.LackReason.PRIVILEGE),
        ("parking", "Parkinglots", live.LackReason.MODULE),
    ]
    assert model.lacks[0].privileges == ("agent",)
    assert str(model.lacks[0]).startswith("agents: only what events have reported is known. Asterisk refused Agents")
    assert [*loaded.lists] == ["devices"]


def test_a_refused_list_takes_nothing_away() -> None:
    model = worlds.AGENTS.listed(worlds.AGENTS.first)
    model.begin_loading(START)
    with pytest.raises(ami.ActionFailed):
        read(model, refusing(Agents="Permission denied"))
    assert len(model.agents) == 3


def test_lists_of_modules_that_are_not_loaded_are_missed_only_if_no_other_list_is_there() -> None:
    unknown = "Invalid/unknown command: X. Use Action: ListCommands to show available commands."
    model = live.Model(watch={"mailboxes": True, "devices": True})
    model.join(read(model, refusing(MWIGet=unknown)), START)
    assert [*model.lacks] == []
    model.join(read(model, refusing(MWIGet=unknown, VoicemailUsersList=unknown)), START)
    assert [lack.action for lack in model.lacks] == ["VoicemailUsersList", "MWIGet"]


def test_an_error_that_says_that_there_is_nothing_is_an_empty_list() -> None:
    model = live.Model(watch={"conferences": True})
    model.begin_loading(START)
    model.join(read(model, refusing(ConfbridgeListRooms="No active conferences.")), START)
    assert (model.lacks, len(model.conferences), model.fresh_since) == ((), 0, START)


def test_many_kinds_at_once_are_as_each_alone() -> None:
    """Events of all kinds, mixed, change what they change alone: kinds that need the same event do not disturb others."""
    model = live.Model()
    model.begin_loading(START)
    lists = {world.kind: world.loaded(world.first).lists[world.kind] for world in WORLDS}
    model.join(live.Loaded(lists), START)
    places = {world.kind: iter(world.steps) for world in WORLDS}
    order = [world.kind for world in WORLDS for _ in world.steps]
    random.Random(1).shuffle(order)
    for kind in order:
        model.apply(event_of(next(places[kind]).event), START)
    for world in WORLDS:
        differences = model.compare(world.loaded(world.states[-1]))
        unlisted = {f"device {name}" for name in model.devices.names}
        assert [each for each in differences if each.what not in unlisted] == [], world.kind
