"""Only needed events are asked for, and none that anybody receives is left out."""

from __future__ import annotations

from typing import Any

import pytest

import ami_typed as ami
from ami_typed import events
from ami_typed.events.families import QueueMemberEvent
from ami_typed.live.narrowing import narrowing

ALWAYS = {"FullyBooted", "OriginateResponse"}
"""What a manager waits for itself."""


def asked(names: set[str], refuse: str = "", error: Any = None) -> tuple[list[ami.Request[Any]], Any]:
    """Return the requests of a narrowing, and its result; an action may be refused."""
    requests: list[ami.Request[Any]] = []
    steps = narrowing(names)
    try:
        request = next(steps)
        while True:
            requests.append(request)
            if request.action == refuse:
                request = steps.throw(error(request))
            else:
                request = steps.send(ami.Answer({"Response": "Success"}))
    except StopIteration as end:
        return requests, end.value


def denied(request: ami.Request[Any]) -> ami.ActionFailed:
    return ami.ActionFailed(request, ami.Answer({"Response": "Error", "Message": "Permission denied"}))


def test_the_mask_names_the_classes_of_the_events_and_a_filter_each_event() -> None:
    requests, lacks = asked({"Hangup", "AgentLogin", "VarSet"})
    mask, *filters = requests
    assert (mask.action, set(mask["EventMask"].split(","))) == ("Events", {"agent", "call", "dialplan", "system"})
    names = {"AgentLogin", "Hangup", "VarSet", "Shutdown", *ALWAYS}
    assert {each["MatchCriteria"] for each in filters} == {f"action(include),name({name})" for name in names}
    assert {each["Operation"] for each in filters} == {"Add"}
    assert lacks == ()


def too_old(request: ami.Request[Any]) -> ami.NotInRelease:
    return ami.NotInRelease(f"no {request.action}")


def test_a_release_without_such_filters_has_the_mask_alone() -> None:
    requests, lacks = asked({"Hangup"}, "Filter", too_old)
    assert ([each.action for each in requests], lacks) == (["Events", "Filter"], ())


def test_a_refused_filter_is_a_lack_and_no_error() -> None:
    requests, (lack,) = asked({"Hangup"}, "Filter", denied)
    assert [each.action for each in requests] == ["Events", "Filter"]
    assert (lack.watched, lack.action, lack.privileges) == ("narrow", "Filter", ("system",))


def ignore(*_: object) -> None:
    pass


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (events.Hangup, {"Hangup"}),
        ("hangup", {"Hangup"}),
        (ami.Disconnected, set[str]()),
        (
            QueueMemberEvent,
            {f"QueueMember{each}" for each in ("Added", "Pause", "Penalty", "Removed", "Ringinuse", "Status")},
        ),
        (ami.Event, None),
        ("", None),
        ("Queue*", None),
        ("MyOwnEvent", None),
    ],
)
def test_a_manager_says_which_events_anybody_receives(event: Any, names: set[str] | None) -> None:
    manager = ami.Manager()
    manager.register_callback(event, ignore)
    assert manager.received_events() == names
    manager.unregister_callback(event, ignore)
    assert manager.received_events() == frozenset[str]()
