"""Several headers that say one thing are one value, and one value becomes several headers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ami_typed import FieldError, actions, enums, responses
from ami_typed.fields import Built, fields_of
from ami_typed.structures import Charge, Command, PenaltyStep, Unit


def test_the_output_of_a_command_is_lines_in_every_release() -> None:
    since_14 = b"Response: Success\r\nMessage: Command output follows\r\nOutput: one\r\nOutput: two: 2"
    before = b"Response: Follows\r\nPrivilege: Command\r\none\ntwo: 2\n--END COMMAND--"

    for octets in (since_14, before):
        assert responses.Command.of(octets).output == ["one", "two: 2"]


def test_raw_text_is_its_lines_even_if_they_look_like_headers() -> None:
    assert responses.IAXnetstats.of(b"IAX2/host:4569-1 20\n(None) 62").output == ["IAX2/host:4569-1 20", "(None) 62"]


def test_the_commands_of_a_server_are_a_mapping() -> None:
    answer = responses.ListCommands(
        {
            "Response": "Success",
            "ActionID": "1",
            "Ping": "Keepalive command.  (Priv: <none>)",
            "Status": "List (some) channels.  (Priv: call,reporting,all)",
        }
    )

    assert answer.commands == {
        "Ping": Command("Keepalive command.", ()),
        "Status": Command("List (some) channels.", ("call", "reporting")),
    }


def test_a_command_without_privileges_is_an_error() -> None:
    with pytest.raises(FieldError, match="'something' does not list the privileges"):
        _ = responses.ListCommands({"Response": "Success", "Ping": "something"}).commands


def test_the_steps_of_a_rule_follow_its_name() -> None:
    answer = responses.QueueRule.of(
        b"Response: Success\r\nRuleList: slow\r\nRule: 60,+3,-1\r\nRule: 120,10,0\r\nRuleList: none\r\n"
        b"RuleList: fast\r\nRule: 5,1,1"
    )

    assert answer.rules == {
        "slow": [PenaltyStep(timedelta(minutes=1), "+3", "-1"), PenaltyStep(timedelta(minutes=2), "10", "0")],
        "none": [],
        "fast": [PenaltyStep(timedelta(seconds=5), "1", "1")],
    }


@pytest.mark.parametrize("rule", ["Rule: 1,2,3", "RuleList: a\r\nRule: 1,2", "RuleList: a\r\nRule: x,1,2"])
def test_an_orphaned_or_malformed_step_is_an_error(rule: str) -> None:
    with pytest.raises(FieldError, match="QueueRule: cannot decode RuleList"):
        _ = responses.QueueRule.of(f"Response: Success\r\n{rule}".encode()).rules


def test_a_built_field_names_its_headers() -> None:
    field = fields_of(responses.GetConfig)["sections"]

    assert isinstance(field, Built)
    assert field.headers == ("Category-*", "IsTemplate-*", "Templates-*", "Line-*")
    assert field.describe().endswith("The file's sections in order, as `configuration.Section`.")
    assert fields_of(responses.IAXnetstats)["output"].describe() == "The lines of the table."


def test_a_user_event_takes_headers_of_the_programs_own() -> None:
    request = actions.UserEvent(user_event="Mine", headers={"Color": "red", "Size": ["1", "2"]})

    assert request.lines() == [
        *(("Action", "UserEvent"), ("UserEvent", "Mine")),
        *(("Color", "red"), ("Size", "1"), ("Size", "2")),
    ]


@pytest.mark.parametrize("name", ["Action", "ACTIONID", "userevent"])
def test_a_user_event_keeps_its_own_headers(name: str) -> None:
    with pytest.raises(ValueError, match=f"The action itself defines the header {name}"):
        actions.UserEvent(user_event="Mine", headers={name: "other"})


def test_charges_go_out_group_by_group() -> None:
    request = actions.AOCMessage(
        channel="PJSIP/anna-1",
        msg_type="S",
        charges=[
            Charge(enums.ChargedItem.BASIC_COMMUNICATION, "Duration", amount=5, multiplier="One", time=1),
            Charge("CallSetup", enums.RateType.FREE, code=7),
        ],
    )

    assert request.lines()[3:] == [
        *(("ChargedItem", "BasicCommunication"), ("RateType", "Duration"), ("CurrencyAmount", "5")),
        *(("CurrencyMultiplier", "One"), ("Time", "1")),
        *(("ChargedItem", "CallSetup"), ("RateType", "Free"), ("Code", "7")),
    ]


def test_the_unit_of_a_volume_is_sent_in_the_header_that_asterisk_reads() -> None:
    volume = Charge("BasicCommunication", "Volume", amount=2, multiplier="One", volume_unit="Octet")
    request = actions.AOCMessage(channel="PJSIP/anna-1", msg_type="S", charges=[volume])

    assert {("TimeScale", "Octet"), ("VolumeUnit", "Octet")} <= set(request.lines())


def test_no_charges_are_no_headers() -> None:
    assert len(actions.AOCMessage(channel_prefix="PJSIP/", msg_type="S", charges=[]).lines()) == 3


def test_units_are_numbered() -> None:
    request = actions.AOCMessage(
        channel="PJSIP/anna-1", msg_type="D", charge_type="Unit", units=[Unit(5, 1), Unit(7), Unit(None, 16)]
    )

    assert request.lines()[4:] == [
        *(("UnitAmount(0)", "5"), ("UnitType(0)", "1"), ("UnitAmount(1)", "7"), ("UnitType(2)", "16")),
    ]


@pytest.mark.parametrize(
    ("unit", "sentence"),
    [(Unit(None), "an amount, a type, or both"), (Unit(1, 17), "1 to 16, not 17"), (Unit(1, 0), "1 to 16, not 0")],
)
def test_an_invalid_unit_is_rejected(unit: Unit, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        actions.AOCMessage(channel="x", msg_type="D", units=[unit])


def test_charges_are_copied_with_their_request() -> None:
    import pickle

    request = actions.AOCMessage(channel="x", msg_type="S", charges=[Charge("CallSetup", "Flat"), Charge("NA", "Free")])

    assert pickle.loads(pickle.dumps(request)).lines() == request.lines()


def test_commas_in_a_variable_are_protected() -> None:
    request = actions.Originate(
        channel="Local/1@x", application="Wait", variable={"NAME": 'Doe, "John"', "PATH": "a\\b", "ORDER": "42"}
    )

    assert [line for name, line in request.lines() if name == "Variable"] == [
        *('NAME=Doe\\, \\"John\\"', "PATH=a\\\\b", "ORDER=42"),
    ]


def test_the_lines_of_a_notify_keep_their_order() -> None:
    request = actions.PJSIPNotify(endpoint="anna", variable={"Event": "talk", "Content": ["one, two", "three"]})

    assert request.lines()[2:] == [
        *(("Variable", "Event=talk"), ("Variable", "Content=one\\, two"), ("Variable", "Content=three")),
    ]


def test_an_originate_is_for_an_extension_or_an_application() -> None:
    assert actions.Originate(channel="a", exten="1", context="b", priority="1")["Exten"] == "1"
    assert actions.Originate(channel="a", application="Wait", data="1")["Data"] == "1"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, r"Originate needs exactly one of Application and Exten\."),
        ({"exten": "1"}, r"Originate with Exten also needs Context and Priority\."),
        ({"exten": "1", "context": "b"}, r"Originate with Exten also needs Priority\."),
        ({"context": "b", "priority": "1"}, r"Originate with Context also needs Exten\."),
        ({"exten": "", "application": ""}, r"Originate needs exactly one of Application and Exten\."),
        ({"data": "1"}, r"Originate with Data also needs Application\."),
        (
            {"application": "Wait", "exten": "1", "context": "b", "priority": "1"},
            r"Originate needs exactly one of Application and Exten\.",
        ),
    ],
)
def test_an_impossible_originate_is_rejected(given: dict[str, str], sentence: str) -> None:
    make: Any = actions.Originate

    with pytest.raises(ValueError, match=f"^{sentence}$"):
        make(channel="a", **given)


@pytest.mark.parametrize("given", [{}, {"endpoint": "a", "uri": "sip:b"}, {"endpoint": "a"}])
def test_a_notify_needs_one_target_and_one_content(given: dict[str, str]) -> None:
    make: Any = actions.PJSIPNotify

    with pytest.raises(ValueError, match="PJSIPNotify needs exactly one of"):
        make(**given)


def test_advice_of_charge_needs_a_channel() -> None:
    with pytest.raises(ValueError, match=r"^AOCMessage needs Channel or ChannelPrefix\.$"):
        actions.AOCMessage(msg_type="D")
