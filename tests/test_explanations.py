"""What the facts about a connection say about the events and actions of a program, and in which words."""

from __future__ import annotations

import pytest

from ami_typed import Disconnected, Event, Release, actions, aggregates, events
from ami_typed.explanations import DISABLED_EVENTS, Explanation, Known, explain, subjects_of

R22 = Release(22, 10, 1)
CEL_SETTINGS = {
    ("cel.conf", "general", "enable"): "yes",
    ("cel.conf", "general", "events"): "ALL",
    ("cel.conf", "manager", "enabled"): "yes",
}


def texts(explanation: Explanation) -> tuple[list[str], list[str]]:
    """The certain and the guessed obstacles."""
    return [each.text for each in explanation.certain], [each.text for each in explanation.guessed]


def test_the_event_mask_and_the_read_privileges_are_separate_obstacles() -> None:
    known = Known(R22, mask="call", read=frozenset({"call"}), modules={"app_queue": True})
    certain, guessed = texts(explain([events.QueueMemberStatus], known))
    assert certain == [
        "The user lacks the read privilege agent, which QueueMemberStatus requires.",
        "QueueMemberStatus requires agent in the event mask of this connection.",
    ]
    assert guessed == []


def test_privileges_that_the_server_does_not_disclose_are_a_guess() -> None:
    certain, guessed = texts(explain([events.Hangup], Known(R22)))
    assert (certain, guessed) == ([], ["Only users with the read privilege call receive Hangup."])


def test_an_event_that_arrived_proves_the_privilege_for_others() -> None:
    subject = explain([events.Hangup], Known(R22, received=frozenset({"call"}))).of(events.Hangup)
    assert subject.works is True
    assert str(subject) == (
        "Hangup is not prevented by anything known.\n  In order: The user has the read privilege call."
    )


def test_a_privilege_of_another_release_is_required_there() -> None:
    cls = next(cls for cls in (getattr(events, name) for name in events.__all__) if cls.former_privileges)
    spans, wanted = next(iter(cls.former_privileges.items()))
    release = Release(int(spans.split("-")[0].split(".")[0]), 99)
    (text,) = [each.text for each in explain([cls], Known(release)).subjects[0].findings if each.topic == "privilege"]
    assert all(privilege in text for privilege in wanted)


def test_a_release_that_lacks_the_event_is_named() -> None:
    certain, _ = texts(explain([events.DeadlockStart], Known(Release(16, 28))))
    assert certain[0].startswith("DeadlockStart does not exist in Asterisk 16.28.0; it requires Asterisk ")


@pytest.mark.parametrize(
    ("modules", "sentence", "works"),
    [
        ({"app_meetme": False}, "MeetmeJoin requires the module app_meetme, but it is not loaded.", False),
        ({"other": False}, "MeetmeJoin requires the module app_meetme.", None),
        ({"app_meetme": True}, "The module app_meetme is loaded.", True),
    ],
)
def test_the_module_that_sends_an_event_must_be_loaded(
    modules: dict[str, bool], sentence: str, works: bool | None
) -> None:
    subject = explain([events.MeetmeJoin], Known(R22, read=frozenset({"call"}), modules=modules)).of("MeetmeJoin")
    assert sentence in [each.text for each in subject.findings]
    assert subject.works is works


def test_any_of_several_modules_suffices() -> None:
    nothing = dict.fromkeys(events.PeerStatus.modules, False)
    known = Known(R22, read=frozenset({"all"}))
    assert "none of them is loaded" in str(explain([events.PeerStatus], known._replace(modules=nothing)))
    one = known._replace(modules={**nothing, "res_pjsip": True})
    assert not explain([events.PeerStatus], one).certain


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, ""),
        (
            {("cel.conf", "manager", "enabled"): "no"},
            "CEL requires enabled=yes in section [manager] of cel.conf, where it is no",
        ),
        ({("cel.conf", "manager", "enabled"): None}, "of cel.conf, where it is not set"),
        (
            {("cel.conf", "general", "events"): ""},
            "CEL requires events in section [general] of cel.conf, where it is not set",
        ),
        ({DISABLED_EVENTS: "Newexten, CEL"}, "disabledevents in section [general] of manager.conf includes CEL"),
    ],
)
def test_settings_turn_events_on_and_off(changed: dict[tuple[str, str, str], str | None], sentence: str) -> None:
    known = Known(R22, read=frozenset({"call"}), modules={"cel_manager": True}, settings={**CEL_SETTINGS, **changed})
    explanation = explain([events.CEL], known)
    assert explanation.certain == ()  # the file may have been changed after Asterisk read it
    assert sentence in " ".join(texts(explanation)[1])
    assert bool(explanation.guessed) is bool(sentence)


def test_a_setting_that_is_on_by_default_is_no_obstacle() -> None:
    settings = {("cdr_manager.conf", "general", "enabled"): "yes", ("cdr.conf", "general", "enable"): None}
    known = Known(R22, read=frozenset({"cdr"}), modules={"cdr_manager": True}, settings=settings)
    assert explain([events.Cdr], known).of("cdr").works is True
    assert "enable is not set in section [general] of cdr.conf, and yes by default." in str(
        explain([events.Cdr], known)
    )


def test_an_eventfilter_may_suppress_an_event_until_one_has_arrived() -> None:
    known = Known(R22, read=frozenset({"call"}), actions={}, filters=1)
    assert [each.topic for each in explain([events.Hangup], known).guessed] == ["filter", "eventfilter"]
    assert explain([events.Hangup], known._replace(arrived=frozenset({"hangup"}))).of("Hangup").works is True


def test_what_is_only_sent_in_answers_and_what_is_unknown_is_said() -> None:
    explanation = explain(["CoreShowChannel", "Nonsense"], Known(R22))
    assert explanation.of("CoreShowChannel").works is False
    assert explanation.of("nonsense").works is None
    with pytest.raises(KeyError):
        explanation.of("Hangup")


def test_what_else_an_event_depends_on_is_said() -> None:
    _, guessed = texts(explain([events.AsyncAGIStart], Known(R22, modules={"res_agi": True}, read=frozenset({"agi"}))))
    assert guessed == ["Only channels that run `AGI(agi:async)` in the dialplan cause it."]


LISTED = {"Ping": (), "Hangup": ("system", "call"), "QueueAdd": ("agent",)}


@pytest.mark.parametrize(
    ("action", "known", "works", "sentence"),
    [
        (actions.QueueAdd, Known(R22, actions=LISTED), True, "The server lists QueueAdd"),
        (actions.Originate, Known(R22, actions=LISTED), False, "The user lacks the write privilege originate,"),
        (actions.Originate, Known(actions=LISTED), False, "or the server lacks the action"),
        (
            actions.Originate,
            Known(R22, write=frozenset({"call"})),
            False,
            "The user lacks the write privilege originate,",
        ),
        (actions.Originate, Known(R22), None, "Only users with the write privilege originate may send Originate."),
        (actions.QueueRemove, Known(R22, actions=LISTED), False, "The server has no action QueueRemove"),
        (
            actions.MeetmeList,
            Known(R22, modules={"app_meetme": False}),
            False,
            "the module app_meetme, but it is not loaded",
        ),
        (actions.SIPpeers, Known(R22), False, "SIPpeers does not exist in Asterisk 22.10.1"),
    ],
)
def test_why_an_action_is_refused(action: type[actions.Ping], known: Known, works: bool | None, sentence: str) -> None:
    subject = explain([action], known).subjects[0]
    assert subject.works is works
    assert sentence in str(subject)


def test_names_families_patterns_and_lists_stand_for_single_events_and_actions() -> None:
    assert subjects_of([aggregates.QueueStatus, "Originate", "hangup"]) == [
        actions.QueueStatus,
        actions.Originate,
        "hangup",
    ]
    assert events.AgentCalled in subjects_of([events.ChannelEvent])
    assert {"QueueMemberAdded", "QueueCallerJoin"} <= set(subjects_of(["Queue*"]))
    assert subjects_of([Event]) == [Event]
    assert subjects_of([Disconnected, "Reconnected"]) == []  # ami-typed creates them itself
    with pytest.raises(TypeError, match="takes classes and names of events and actions, not 5"):
        subjects_of([5])
    with pytest.raises(TypeError, match="not <class 'int'>"):
        subjects_of([int])


def test_nothing_is_certain_about_every_event_but_a_mask_that_is_off() -> None:
    assert explain([Event], Known(mask="off")).of(Event).works is False
    assert explain([Event], Known(mask="call")).of(Event).works is True
    assert str(explain([], Known())) == "Nothing is subscribed to."
