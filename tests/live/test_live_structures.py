"""What is more than one header a value, on a real Asterisk: configuration files, commands, variables, charges, lists."""

from __future__ import annotations

import pytest

import ami_typed as ami
from ami_typed import actions, events
from ami_typed.configuration import (
    AppendLine,
    Change,
    DeleteLine,
    DeleteSection,
    EmptySection,
    InsertLine,
    NewSection,
    RenameSection,
    Section,
    UpdateLine,
)
from ami_typed.structures import Charge, Unit
from tests.live.servers import ForeignServer, Server

FILE = "ami_typed_test.conf"
OF_TEMPLATES = "TEMPLATES=include"
CALL = "Local/100@default"

MADE: list[Change] = [
    NewSection("paint", is_template=True),
    AppendLine("paint", "color", "red", filter=OF_TEMPLATES),
    NewSection("size", is_template=True),
    NewSection("one", templates=["paint", "size"]),
    AppendLine("one", "a", "1"),
    AppendLine("one", "a", "2"),
    AppendLine("one", "exten", "100,1,NoOp(a=b)", is_object=True),
    NewSection("old"),
    AppendLine("old", "x", 'y, "z"'),
    NewSection("full"),
    AppendLine("full", "k", "v"),
    AppendLine("full", "l", "w"),
    NewSection("gone"),
]
CHANGED: list[Change] = [
    DeleteSection("gone"),
    DeleteSection("never", ignore_error=True),
    RenameSection("old", "new"),
    UpdateLine("one", "a", "3", match="2"),
    InsertLine("full", 0, "first", "f"),
    DeleteLine("full", "k"),
    DeleteLine("full", line=1),
    NewSection("early", before="one"),
    NewSection("one", allow_duplicate=True),
    EmptySection("early"),
    NewSection("one", ignore_error=True),
]
EXPECTED = [
    Section("paint", [("color", "red")], is_template=True),
    Section("size", [], is_template=True),
    Section("early", []),
    Section(
        "one",
        [("color", "red"), ("a", "1"), ("a", "3"), ("exten", "100,1,NoOp(a=b)")],
        templates=("paint", "size"),
    ),
    Section("new", [("x", 'y, "z"')]),
    Section("full", [("first", "f")]),
    Section("one", []),
]


def test_a_configuration_file_is_created_changed_and_read(manager: ami.Manager, server: Server | ForeignServer) -> None:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: writes a file, so only on our own servers")
    manager.execute(actions.CreateConfig(filename=FILE))
    for made in (MADE, CHANGED):
        manager.execute(actions.UpdateConfig(src_filename=FILE, dst_filename=FILE, changes=made))

    assert manager.execute(actions.GetConfig(filename=FILE, filter=OF_TEMPLATES)).sections == EXPECTED
    assert manager.execute(actions.GetConfigJSON(filename=FILE, filter=OF_TEMPLATES)).sections == EXPECTED


def test_the_actions_of_the_server_are_listed_with_their_privileges(manager: ami.Manager) -> None:
    commands = manager.execute(actions.ListCommands()).commands

    assert len(commands) > 100
    assert commands["Originate"].privileges == actions.Originate.privileges
    assert commands["Ping"].privileges == ()


def test_variables_arrive_as_they_were_given(manager: ami.Manager) -> None:
    given = {"A": "x, y", "B": 'say "hi" (a', "C": "back\\slash", "D": "p=q;r"}
    outcome = manager.originate(actions.Originate(channel=CALL, application="Wait", data="20", variable=dict(given)))

    read = {name: manager.execute(actions.Getvar(channel=outcome.channel, variable=name)).value for name in given}
    manager.execute(actions.Hangup(channel=outcome.channel))

    assert read == given


def test_a_user_event_returns_with_its_headers(manager: ami.Manager) -> None:
    with manager.subscribe(events.UserEvent) as stream:
        manager.execute(actions.UserEvent(user_event="Mine", headers={"Color": "red", "Size": ["1", "2"]}))
        event = stream.get(timeout=10)

    assert (event.user_event, event["Color"], event.all("Size")) == ("Mine", "red", ["1", "2"])


def test_advice_of_charge_is_understood(manager: ami.Manager) -> None:
    outcome = manager.originate(actions.Originate(channel=CALL, application="Wait", data="20"))
    requests = [
        actions.AOCMessage(channel=outcome.channel, msg_type="D", charge_type="Unit", units=[Unit(5, 1), Unit(7)])
    ]
    charges = [
        Charge("BasicCommunication", "Duration", "EUR", 5, "OneHundredth", time=1, time_scale="Minute"),
        Charge("CallSetup", "Flat", amount=3, multiplier="One"),
        Charge("SupplementaryService", "Volume", amount=2, multiplier="One", volume_unit="Octet"),
    ]
    if manager.release is None or manager.release in ami.Releases("18.16 20.1-"):
        requests.append(actions.AOCMessage(channel=outcome.channel, msg_type="S", charges=charges))

    messages = [manager.execute(request).message for request in requests]
    manager.execute(actions.Hangup(channel=outcome.channel))

    assert messages == ["AOC Message successfully queued on channel"] * len(requests)


@pytest.mark.parametrize(
    "request_",
    [
        actions.ConfbridgeList(conference="nobody is there"),
        actions.VoicemailUserStatus(context="default", mailbox="no such box"),
        actions.DBGetTree(family="no such family"),
    ],
    ids=lambda request: request.action,
)
def test_a_list_of_nothing_is_empty_whatever_the_server_calls_it(
    manager: ami.Manager, request_: ami.ListRequest[ami.Aggregate]
) -> None:
    found = manager.execute(request_)

    assert found.valid, found.error_message
    assert [len(found[name]) for name in found.repeatable] == [0]


def test_one_channel_is_hung_up_without_a_list_and_many_with_one(manager: ami.Manager) -> None:
    first, second = (
        manager.originate(actions.Originate(channel=CALL, application="Wait", data="20")) for _ in range(2)
    )

    one = manager.execute(actions.Hangup(channel=first.channel))
    many = manager.execute(actions.Hangup(channel=f"/^{second.channel}$/"))

    assert (one.channels, one.complete) == ([], None)
    assert [each.channel for each in many.channels] == [second.channel]
    with pytest.raises(ami.ActionFailed, match="No such channel"):
        manager.execute(actions.Hangup(channel="Local/nobody"))


def test_the_outcome_of_an_action_that_is_answered_twice_is_the_last_answer(manager: ami.Manager) -> None:
    with pytest.raises(ami.ActionFailed, match="Could not find Sender"):
        manager.execute(actions.JabberSend(jabber="nobody", screen_name="anna@example.com", message="hello"))


def test_how_many_faxes_there_were_is_answered_by_an_event(manager: ami.Manager) -> None:
    stats = manager.execute(actions.FAXStats()).complete

    assert stats is not None
    assert stats.failed_faxes == 0
