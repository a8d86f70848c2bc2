"""`Manager.explain` asks the server for what its user may query, and the answers are used from then on, on both faces."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import actions, events
from ami_typed.testing import ReceivedAction, Refusal, Settings, Simulator, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faces import Make

USERS = [
    User("full", "secret"),
    User("desk", "secret", read="call,agent", write="call"),
    User("nobody", "secret", read="call", write=""),
]
CEL_CONF = {
    "general": {"Category-000000": "general", "Line-000000-000000": "enable=yes", "Line-000000-000001": "events=ALL"},
    "manager": {"Category-000000": "manager", "Line-000000-000000": "enabled=no"},
}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(asterisk="22.10.1", users=USERS, settings=Settings(modules=["app_queue", "cel_manager"])) as server:
        server.answer(
            actions.Command,
            lambda action: [
                "          username: full",
                "         read perm: call,agent",
                "        write perm: system,command,config",
            ],
        )
        server.answer(actions.GetConfig, configuration)
        yield server


def configuration(action: ReceivedAction) -> Any:
    if action["Filename"] != "cel.conf":
        return Refusal("Config file not found")
    return CEL_CONF[action["Category"]]


def opened(make: Make, simulator: Simulator, user: str = "full", **options: Any) -> ami.Manager:
    manager = make()
    host, port = simulator.host, simulator.port
    manager.connect(host, port)
    manager.login(user, "secret", **options)
    return manager


def test_the_server_is_asked_for_what_decides(make: Make, simulator: Simulator) -> None:
    manager = opened(make, simulator, events="call")
    explanation = manager.explain(events.QueueMemberStatus, events.CEL, events.MeetmeJoin, events.VarSet, actions.Ping)
    assert [each.works for each in explanation.subjects] == [False, None, False, False, True]
    assert "QueueMemberStatus requires agent in the event mask of this connection." in str(explanation)
    assert "CEL requires enabled=yes in section [manager] of cel.conf, where it is no" in str(explanation)
    assert "MeetmeJoin requires the module app_meetme, but it is not loaded." in str(explanation)
    assert "The user lacks the read privilege dialplan, which VarSet requires." in str(explanation)
    with pytest.raises(ami.EventTimeout, match="the module app_meetme, but it is not loaded"):
        manager.wait_for(events.MeetmeJoin, timeout=0)


def test_a_user_without_privileges_gets_guesses(make: Make, simulator: Simulator) -> None:
    manager = opened(make, simulator, "nobody")
    explanation = manager.explain(events.CEL, actions.Originate)
    assert explanation.of("CEL").works is None
    assert "Only users with the read privilege call receive CEL." in str(explanation)
    assert explanation.of(actions.Originate).works is False
    assert simulator.received(actions.ListCommands)
    assert not simulator.received(actions.Command)
    assert not simulator.received(actions.ModuleCheck)
    assert not simulator.received(actions.GetConfig)


def test_only_one_section_of_manager_conf_is_read(make: Make, simulator: Simulator) -> None:
    opened(make, simulator).explain(events.Hangup)
    asked = [(each["Filename"], each["Category"]) for each in simulator.received(actions.GetConfig)]
    assert asked == [("manager.conf", "general")]


def test_without_arguments_what_the_program_subscribes_to_is_explained(make: Make, simulator: Simulator) -> None:
    manager = opened(make, simulator)
    assert manager.explain().subjects == ()
    manager.register_callback(events.Hangup, lambda event, manager: None)
    with manager.subscribe("QueueMemberStatus"):
        assert [each.name for each in manager.explain().subjects] == ["Hangup", "QueueMemberStatus"]


def test_a_subscription_that_cannot_be_served_is_warned_of_once(
    make: Make, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make()
    manager.register_callback(events.Hangup, lambda event, manager: None)
    manager.register_callback("CoreShowChannel", lambda event, manager: None)
    manager.connect(simulator.host, simulator.port)
    assert warned(caplog) == []
    manager.login("full", "secret", events="agent")
    lacks = "Hangup is subscribed to but does not arrive. Hangup requires call in the event mask of this connection."
    assert warned(caplog) == [lacks]
    manager.register_callback(events.Hangup, print)
    manager.execute(actions.Events(event_mask="off"))
    with manager.subscribe(events.QueueMemberStatus, events.Hangup):
        assert warned(caplog) == [
            lacks,
            "QueueMemberStatus is subscribed to but does not arrive. The event mask of this connection is off.",
        ]


def test_only_a_stream_of_one_class_is_warned_of_the_release(
    make: Make, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    manager = opened(make, simulator)
    with manager.subscribe(events.MonitorStart, events.MixMonitorStart):
        assert warned(caplog) == []
    with manager.subscribe(events.MonitorStart):
        (warning,) = warned(caplog)
    assert "MonitorStart does not exist in Asterisk 22.10.1" in warning


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
