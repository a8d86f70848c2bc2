"""The simulated telephone system does what real servers did in the same scenes, and its events make sense to the live model."""

from __future__ import annotations

import gc
import random
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from ami_typed import actions, enums, registry
from ami_typed.live import CallEnded, EndReason
from ami_typed.live.model import Model
from ami_typed.testing.telephony.queues import Queues
from tests.telephony import recordings
from tests.telephony.comparing import Known, Log, Played, differences
from tests.telephony.scenes import SCENES
from tests.telephony.simulated import Simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.live.changes import Change
    from ami_typed.messages import Request
    from ami_typed.testing.telephony import SimulatedPbx

KNOWN = Known()
LASTING = (enums.BridgeType.PARKING, enums.BridgeType.AGENT_HOLD)
"""Bridges that Asterisk keeps once they have been used."""


@cache
def log_of(scene: str, release: str) -> Log:
    """Return what a scene gives; it always gives the same."""
    stage = Simulated(release)
    SCENES[scene](stage)
    return stage.log


@pytest.mark.once
@pytest.mark.parametrize("release", recordings.RELEASES)
@pytest.mark.parametrize("scene", recordings.scenes())
def test_a_scene_gives_what_a_server_of_the_release_gave(scene: str, release: str) -> None:
    found = differences(KNOWN, scene, release, recordings.load(scene, release), Played.of(log_of(scene, release)))
    assert not found, "\n".join(found)


@pytest.mark.once
def test_a_known_difference_is_one() -> None:
    known = Known()
    for scene in recordings.scenes():
        for release in recordings.RELEASES:
            played = recordings.load(scene, release)
            for each in (played, Played.of(log_of(scene, release))):
                known.without(scene, release, [*each.events, *each.answers, *each.items])
    assert [entry["why"] for number, entry in enumerate(known.entries) if number not in known.used] == []


def modelled(log: Log) -> tuple[Model, list[Change]]:
    """Return the live model after the events of a log, and what it noticed."""
    model = Model()
    changes: list[Change] = []
    for kind, name, lines in log:
        if kind == "E":
            text = "".join(f"{header}: {value}\r\n" for header, value in [("Event", name), *lines])
            event = registry.event_class(name).of((text + "\r\n").encode())
            changes += model.apply(event, datetime.now(UTC))
    return model, changes


@pytest.mark.once
@pytest.mark.parametrize("scene", recordings.scenes())
def test_the_live_model_understands_every_event_of_a_scene(scene: str) -> None:
    model, _ = modelled(log_of(scene, recordings.NEW))
    statistics = model.statistics
    assert (statistics.malformed, statistics.unknown_channels, statistics.late) == (0, 0, 0)
    assert not model.calls
    assert not model.channels
    assert [bridge.kind for bridge in model.bridges if bridge.kind not in LASTING] == []


@pytest.fixture
def stage() -> Simulated:
    return Simulated("22.10.1", furnished=False)


def told(stage: Simulated, *names: str) -> list[tuple[str, dict[str, str]]]:
    return [(name, dict(lines)) for kind, name, lines in stage.log if kind == "E" and name in names]


def support(stage: Simulated) -> SimulatedPbx:
    stage.pbx.phone("PJSIP/alice", number="100", caller_name="Alice")
    stage.pbx.queue("support", members=["PJSIP/alice"], timeout=15)
    return stage.pbx


def test_a_call_to_a_queue_is_answered_and_ended_as_the_script_says(stage: Simulated) -> None:
    call = support(stage).call(caller="+4930123456", to="support", name="Jo")
    call.answered_by("PJSIP/alice", after=3).hangs_up(after=20, cause=16)
    stage.passes(2.9)
    assert [name for name, _ in told(stage, "QueueCallerJoin", "AgentCalled", "AgentConnect")][-1] == "AgentCalled"
    stage.passes(20)
    (connected,) = told(stage, "AgentConnect")
    assert (connected[1]["CallerIDNum"], connected[1]["CallerIDName"]) == ("+4930123456", "Jo")
    assert (connected[1]["RingTime"], connected[1]["MemberName"]) == ("3", "PJSIP/alice")
    before = call.is_over
    stage.passes(0.7)
    assert (before, call.is_over) == (False, True)
    (complete,) = told(stage, "AgentComplete")
    assert (complete[1]["TalkTime"], complete[1]["Reason"]) == ("20", "caller")
    assert {lines["Cause"] for _, lines in told(stage, "Hangup") if lines["Channel"] == call.channel} == {"16"}


def test_the_figures_of_a_queue_are_computed_as_app_queue_does(stage: Simulated) -> None:
    """The first call sets the averages, each later one counts a quarter; a wait beyond the service level is too long."""
    pbx = support(stage)
    queue = pbx._world.part(Queues).known["support"]
    queue.service_level = 5
    figures: list[tuple[int, int, float]] = []
    for wait, talk in ((3, 20), (7, 40)):
        pbx.call(caller="+4930123456", to="support").answered_by("PJSIP/alice", after=wait).hangs_up(after=talk)
        stage.passes(100)
        figures.append((queue.hold_time, queue.talk_time, queue.performance))
    assert figures == [(3, 20, 100.0), (4, 25, 50.0)]


def test_the_live_model_reports_a_scripted_call_as_people_see_it(stage: Simulated) -> None:
    call = support(stage).call(caller="+4930123456", to="support")
    call.answered_by("PJSIP/alice", after=3).hangs_up(after=20)
    stage.passes(60)
    _, changes = modelled(stage.log)
    (ended,) = [change for change in changes if isinstance(change, CallEnded)]
    record = ended.call.record()
    assert record.reason is EndReason.COMPLETED
    assert record.callee is not None
    assert record.callee.channel.startswith("PJSIP/alice-")
    assert record.caller is not None
    assert record.caller.number == "+4930123456"


def test_an_hour_of_a_call_takes_no_time(stage: Simulated) -> None:
    call = support(stage).call(caller="+4930123456", to="PJSIP/alice").hangs_up(after=timedelta(hours=1))
    stage.passes(3599)
    assert call.talks_to
    assert told(stage, "Hangup") == []
    stage.passes(2)
    assert call.is_over
    assert stage.pbx.channels == []


def test_a_telephone_with_a_limit_is_busy_for_a_second_caller(stage: Simulated) -> None:
    stage.pbx.phone("PJSIP/alice", calls=1)
    stage.pbx.extension("100", dials="PJSIP/alice")
    first = stage.pbx.call(caller="1", to="100")
    stage.passes(1)
    stage.pbx.call(caller="2", to="100")
    stage.passes(1)
    assert first.talks_to
    assert [lines["DialStatus"] for _, lines in told(stage, "DialEnd")] == ["ANSWER", "BUSY"]


def test_a_member_who_does_not_answer_is_called_again_and_the_caller_gives_up(stage: Simulated) -> None:
    pbx = support(stage)
    pbx.phone("PJSIP/alice", no_answer=True)
    pbx.call(caller="1", to="support").hangs_up(after=40)
    stage.passes(60)
    names = [name for name, _ in told(stage, "AgentCalled", "AgentRingNoAnswer", "QueueCallerAbandon")]
    assert names == ["AgentCalled", "AgentRingNoAnswer"] * 2 + ["QueueCallerAbandon"]


def test_who_is_put_on_hold_hears_music_and_the_device_says_so(stage: Simulated) -> None:
    call = support(stage).call(caller="1", to="PJSIP/alice")
    call.answered_by("PJSIP/alice").holds(after=5, by="PJSIP/alice").resumes(after=5, by="PJSIP/alice").hangs_up(
        after=1
    )
    stage.passes(30)
    names = [name for name, _ in told(stage, "Hold", "MusicOnHoldStart", "MusicOnHoldStop", "Unhold", "Hangup")]
    assert names == ["Hold", "MusicOnHoldStart", "MusicOnHoldStop", "Unhold", "Hangup", "Hangup"]
    states = [lines["State"] for _, lines in told(stage, "DeviceStateChange") if lines["Device"] == "PJSIP/alice"]
    assert states == ["RINGING", "INUSE", "ONHOLD", "INUSE", "NOT_INUSE"]


def test_a_callee_may_reject_and_hang_up_and_keys_are_seen(stage: Simulated) -> None:
    support(stage)
    stage.pbx.call(caller="1", to="PJSIP/alice").rejected_by("PJSIP/alice", after=2)
    stage.passes(15)
    assert [lines["Cause"] for _, lines in told(stage, "Hangup")] == ["21", "21"]
    stage.pbx.call(caller="2", to="PJSIP/alice").presses("12#", after=1).hangs_up(after=1, by="PJSIP/alice", cause=31)
    stage.passes(10)
    assert [lines["Digit"] for _, lines in told(stage, "DTMFEnd")] == ["1", "2", "#"]
    assert told(stage, "Hangup")[-1][1]["Cause"] == "31"


def test_a_call_that_is_over_takes_no_further_steps(stage: Simulated) -> None:
    call = support(stage).call(caller="1", to="PJSIP/alice").hangs_up()
    call.answered_by("PJSIP/alice", after=3).hangs_up(after=10).presses("1")
    stage.passes(60)
    assert call.is_over
    assert told(stage, "DTMFEnd", "DialEnd")[-1][1]["DialStatus"] == "CANCEL"


def test_extensions_say_what_callers_meet(stage: Simulated) -> None:
    pbx = stage.pbx
    pbx.extension("100", answers_after=3)
    pbx.extension("101", busy=True)
    pbx.extension("_2XX", "Answer()", "Set(CAMPAIGN=${EXTEN:1})", "Hangup(16)")
    pbx.extension("300", conference="300", hint="Custom:desk")
    answered, busy, pattern = (pbx.call(caller="1", to=to) for to in ("100", "101", "234"))
    pbx.call(caller="1", to="300")
    stage.passes(4)
    assert (answered.is_answered, busy.is_answered, pattern.is_over) == (True, False, True)
    assert ("VarSet", "CAMPAIGN", "34") in {
        (name, lines["Variable"], lines["Value"]) for name, lines in told(stage, "VarSet")
    }
    pbx.set_device_state("Custom:desk", "INUSE")
    assert told(stage, "ExtensionStatus")[-1][1]["Status"] == "1"
    assert told(stage, "ConfbridgeJoin")


MISUSES: dict[str, Callable[[SimulatedPbx], object]] = {
    "with its technology, such as 'PJSIP/alice'": lambda pbx: pbx.phone("alice"),
    "choose one of busy, rejects": lambda pbx: pbx.phone("PJSIP/alice", busy=True, rejects=True),
    r"add it with phone\('PJSIP/bob'\)": lambda pbx: pbx.call(caller="PJSIP/bob", to="100"),
    "add an extension, a queue or a telephone": lambda pbx: pbx.call(caller="1", to="nobody"),
    r"add it with queue\('sales'\) first": lambda pbx: pbx.member("sales", "PJSIP/alice"),
    "in one way what extension '100' does": lambda pbx: pbx.extension("100"),
    "in one way what extension '101' does": lambda pbx: pbx.extension("101", "Wait(1)", busy=True),
    "write the application and its data, as in Wait": lambda pbx: pbx.extension("100", "what?"),
    "Line 1 of the dialplan is not understood": lambda pbx: pbx.dialplan("exten 100"),
    "no channel 'PJSIP/x-1'; there are none": lambda pbx: pbx.set_variable("A", "1", channel="PJSIP/x-1"),
}


@pytest.mark.parametrize("sentence", sorted(MISUSES))
def test_a_misuse_is_told_with_what_to_do(stage: Simulated, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        MISUSES[sentence](stage.pbx)


def test_a_step_for_an_unknown_telephone_or_before_now_is_refused(stage: Simulated) -> None:
    call = support(stage).call(caller="1", to="support")
    with pytest.raises(ValueError, match=r"add it with phone\('PJSIP/zoe'\) first"):
        call.answered_by("PJSIP/zoe")
    with pytest.raises(ValueError, match=r"hangs_up\(after=\)"):
        call.hangs_up(after=-1)


def test_an_abandoned_simulation_sends_nothing(stage: Simulated) -> None:
    support(stage).call(caller="1", to="support")
    stage.passes(1)
    log, stage.log = stage.log, []
    count = len(log)
    del stage.pbx, stage.handlers, stage.clock
    gc.collect()
    assert len(log) == count
    assert stage.log == []


CHANNELS = ["Local/100@default", "Local/107@default/n", "Local/211@default/n", "PJSIP/alice", "PJSIP/bob"]
PLACES = [
    "100",
    "101",
    "113",
    "200",
    "204",
    "205",
    "210",
    "213",
    "300",
    "302",
    "304",
    "400",
    "401",
    "500",
    "501",
    "660",
]


def something(chance: random.Random, stage: Simulated) -> Request[Any]:
    """Return an action at random; it may be one that cannot be."""
    context: dict[str, Any] = {"context": "default", "exten": chance.choice([*PLACES, "662", "700", "701", "888"])}
    names = stage.pbx.channels
    one, other = (chance.choice(names) if names else "none" for _ in range(2))
    timeout = timedelta(seconds=chance.choice([1, 10]))
    return chance.choice(
        [
            actions.Originate(
                channel=chance.choice(CHANNELS), priority=1, call_timeout=timeout, async_=True, **context
            ),
            actions.Originate(
                channel=chance.choice(CHANNELS), priority=1, call_timeout=timeout, async_=True, **context
            ),
            actions.Hangup(channel=one, cause=chance.choice([16, 17, None])),
            actions.BlindTransfer(channel=one, **context),
            actions.Atxfer(channel=one, **context),
            actions.CancelAtxfer(channel=one),
            actions.Redirect(channel=one, priority=1, **context),
            actions.Park(channel=one),
            actions.Bridge(channel1=one, channel2=other),
            actions.BridgeKick(channel=one),
            actions.ConfbridgeKick(conference="400", channel=one),
            actions.QueuePause(interface="Local/1001@agents/n", paused=chance.random() < 0.5),
            actions.QueueAdd(queue="waiting", interface="Local/1005@agents/n"),
            actions.AgentLogoff(agent="1001"),
        ]
    )


@pytest.mark.once
@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(20))
def test_after_whatever_happens_nothing_is_left_and_every_event_makes_sense(seed: int) -> None:
    chance, stage = random.Random(seed), Simulated(recordings.RELEASES[seed % 2])
    for phone in ("PJSIP/alice", "PJSIP/bob"):
        stage.pbx.phone(phone, answers=chance.choice([0, 2]))
    for _ in range(60):
        stage.send(something(chance, stage))
        stage.passes(chance.choice([0, 0.01, 0.2, 0.7, 1, 3]))
    for _ in range(40):
        for name in stage.pbx.channels:
            stage.send(actions.Hangup(channel=name))
        stage.passes(5)
    assert stage.pbx.channels == []
    model, _ = modelled(stage.log)
    statistics = model.statistics
    assert (statistics.malformed, statistics.unknown_channels, statistics.late) == (0, 0, 0)
    assert not model.calls
    assert [bridge.kind for bridge in model.bridges if bridge.kind not in LASTING] == []
