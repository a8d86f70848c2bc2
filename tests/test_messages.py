"""A message is a dict of its headers to everybody, however late it is parsed; nothing in it is lost, no secret is shown."""

from __future__ import annotations

import copy
import gc
import json
import operator
import pickle
import pprint
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import _speed, actions, events
from ami_typed.configuration import AppendLine
from ami_typed.messages import event_name
from ami_typed.values import integer, seconds
from tests.support import Gadget, Gadgets, GadgetsComplete, ListGadgets, unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINES = ("Event: Gadget", "Size: 7", "Colour: red", "Part: 1", "Part: 2")
HEADERS = {"Event": "Gadget", "Size": "7", "Colour": "red", "Part": "1"}


def gadget(*lines: str) -> Any:
    """Make an event that nothing has parsed yet."""
    return unread(*(lines or LINES), cls=Gadget)


# An event is a dict, also before it was read

VIEWS: dict[str, Callable[[Any], object]] = {
    "dict": dict[str, str],
    "items": lambda event: dict(event.items()),
    "zip of keys and values": lambda event: dict(zip(event.keys(), event.values(), strict=True)),
    "iteration": lambda event: {name: event[name] for name in event},
    "reversed": lambda event: {name: event[name] for name in reversed(event)},
    "keyword arguments": lambda event: dict[str, str](**event),
    "unpacking": lambda event: {**event},
    "copy": lambda event: event.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda event: pickle.loads(pickle.dumps(event)),
    "json": lambda event: json.loads(json.dumps(event)),
    "json, indented": lambda event: json.loads(json.dumps(event, indent=1)),
    "json within a list": lambda event: json.loads(json.dumps([event]))[0],
    "or": lambda event: event | {},
    "or, from the right": lambda event: {} | event,
    "headers": lambda event: event.headers,
    "update of a dict": lambda event: (into := dict[str, str](), into.update(event))[0],
    "itself": lambda event: event,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_an_unparsed_event_has_all_its_headers(view: Callable[[Any], object]) -> None:
    assert view(gadget()) == HEADERS


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_headers_that_the_program_changed_are_the_ones_that_are_seen(view: Callable[[Any], object]) -> None:
    event = gadget()
    event["Size"] = "8"
    del event["Colour"]
    event["New"] = "x"
    assert view(event) == {"Event": "Gadget", "Size": "8", "Part": "1", "New": "x"}


def test_equality_works_from_both_sides() -> None:
    assert gadget() == HEADERS
    plain: dict[str, str] = HEADERS
    assert plain == gadget()
    assert gadget() == gadget()
    assert gadget() != {"Event": "Gadget"}
    assert gadget() != gadget("Event: Gadget")
    assert gadget() in [{}, HEADERS]


def test_length_and_truth() -> None:
    assert len(gadget()) == 4
    assert gadget()
    assert not ami.Message()


def test_the_union_with_a_dict_takes_the_right_sides_values() -> None:
    assert gadget() | {"Size": "8"} == HEADERS | {"Size": "8"}
    assert {"Size": "8", "Z": "1"} | gadget() == {"Z": "1"} | HEADERS
    event = gadget()
    event |= {"Size": "8"}
    assert event == HEADERS | {"Size": "8"}
    assert isinstance(event, Gadget)


def test_a_mapping_pattern_matches_an_unread_event() -> None:
    match gadget():
        case {"Size": size, **rest}:
            assert size == "7"
            assert rest == {name: value for name, value in HEADERS.items() if name != "Size"}
        case _:
            pytest.fail("the pattern did not match")


def test_a_class_pattern_reads_typed_attributes() -> None:
    match gadget():
        case Gadget(size=size, colour="red"):
            assert size == 7
        case _:
            pytest.fail("the pattern did not match")


def test_formatting_reads_an_unread_event() -> None:
    assert "{Colour} {Size}".format_map(gadget()) == "red 7"
    assert operator.mod("%(Colour)s", gadget()) == "red"


def test_the_methods_that_change_a_dict_work_on_an_unread_event() -> None:
    event = gadget()
    assert event.pop("Colour") == "red"
    assert event.pop("Colour", "gone") == "gone"
    assert event.setdefault("Size", "0") == "7"
    assert event.setdefault("New", "x") == "x"
    assert event.popitem() == ("New", "x")
    event.update(Size="9")
    assert event == {"Event": "Gadget", "Size": "9", "Part": "1"}
    cleared = gadget()
    cleared.clear()
    assert cleared == {}
    assert cleared.get("Size") is None


def test_a_change_before_the_first_reading_is_not_undone_by_it() -> None:
    event = gadget()
    event["Size"] = "8"
    assert event["Colour"] == "red"
    assert event["Size"] == "8"


def test_an_event_is_not_hashable_like_any_dict() -> None:
    with pytest.raises(TypeError):
        hash(gadget())


def test_a_copy_is_an_event_of_its_class_with_all_repeated_values() -> None:
    for again in (copy.copy(gadget()), copy.deepcopy(gadget()), pickle.loads(pickle.dumps(gadget()))):
        assert type(again) is Gadget
        assert again.all("Part") == ["1", "2"]
        assert again.parts == [1, 2]
        assert again.raw == list(LINES)


def test_a_copy_remembers_the_time_zone_of_its_server() -> None:
    octets = b"Event: Cdr\r\nStartTime: 2026-07-01 10:00:00"
    told: events.Cdr = _speed.make_message(events.Cdr, octets, "Cdr", ZoneInfo("Europe/Berlin"))
    copies = [copy.copy(told), copy.deepcopy(told), pickle.loads(pickle.dumps(told)), events.Cdr.of(told)]
    copies += [events.Cdr.of(ami.Event.of(each)) for each in copies]
    assert [each.start_time for each in copies] == [datetime(2026, 7, 1, 8, tzinfo=UTC)] * 8
    untold = events.Cdr({"Event": "Cdr", "StartTime": "2026-07-01 10:00:00"})
    assert pickle.loads(pickle.dumps(untold)).start_time == untold.start_time == datetime(2026, 7, 1, 10)


def test_a_copy_does_not_share_changes() -> None:
    event = gadget()
    again = copy.copy(event)
    again["Size"] = "8"
    assert event["Size"] == "7"


# Names


@pytest.mark.parametrize("parsed", [False, True])
def test_names_match_without_regard_to_case(parsed: bool) -> None:
    event = gadget()
    if parsed:
        len(event)
    assert event["size"] == "7"
    assert event.get("SIZE") == "7"
    assert "sIzE" in event
    assert event.all("part") == ["1", "2"]


@pytest.mark.parametrize("parsed", [False, True])
def test_a_header_that_is_absent_is_absent(parsed: bool) -> None:
    event = gadget()
    if parsed:
        len(event)
    assert "Shape" not in event
    assert event.get("Shape") is None
    assert event.get("Shape", "round") == "round"
    assert event.all("Shape") == []
    with pytest.raises(KeyError, match="Shape"):
        event["Shape"]


@pytest.mark.parametrize("parsed", [False, True])
@pytest.mark.parametrize("key", [None, 5, ("a", "b"), Gadget])
def test_a_non_text_key_is_absent_as_in_any_dict(parsed: bool, key: Any) -> None:
    event = gadget()
    if parsed:
        len(event)
    assert key not in event
    assert event.get(key, "nothing") == "nothing"
    with pytest.raises(KeyError):
        event[key]


def test_a_header_is_taken_out_and_kept_under_any_spelling_of_its_name() -> None:
    event = gadget()
    assert event.setdefault("size", "0") == "7"
    assert event.pop("COLOUR") == "red"
    del event["part"]
    assert event == {"Event": "Gadget", "Size": "7"}


def test_a_header_that_is_set_in_another_spelling_is_set_not_doubled() -> None:
    event = gadget()
    event["size"] = "8"
    assert event["Size"] == event["size"] == "8"
    assert len(event) == 4


# Repeated headers, data, raw


def test_every_value_of_a_repeated_header_is_kept_in_order() -> None:
    event = gadget("Event: X", "ChanVariable: A=1", "Other: y", "ChanVariable: B=2", "chanvariable: C=3")
    assert event.all("ChanVariable") == ["A=1", "B=2", "C=3"]
    assert event["ChanVariable"] == event["chanvariable"] == "A=1"
    assert event.all("Other") == ["y"]


def test_the_result_of_all_may_be_mutated() -> None:
    event = gadget()
    event.all("Part").clear()
    assert event.all("Part") == ["1", "2"]


def test_a_repeated_header_that_the_program_sets_has_that_value_alone() -> None:
    event = gadget()
    event["Part"] = "9"
    assert event.all("Part") == ["9"]
    del event["Part"]
    assert event.all("Part") == []


def test_the_output_of_a_command_since_asterisk_14_is_data() -> None:
    answer = ami.Answer.of(
        b"Response: Success\r\nMessage: Command output follows\r\nOutput: a: b\r\nOutput: \r\nOutput: c"
    )
    assert answer.data == ["a: b", "", "c"]
    assert answer["Output"] == "a: b"
    assert answer.success


@pytest.mark.parametrize("end", ["\n--END COMMAND--", "\r\n--END COMMAND--", "--END COMMAND--"])
def test_the_output_of_a_command_before_asterisk_14_is_data(end: str) -> None:
    octets = f"Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\nName: x\nResponse: no\n\nlast{end}".encode()
    answer = ami.Answer.of(octets)
    assert answer == {"Response": "Follows", "Privilege": "Command", "ActionID": "1"}
    assert answer.data == ["Name: x", "Response: no", "", "last"]
    assert answer.success


def test_output_that_begins_like_a_header_of_the_answer_twice_is_data() -> None:
    answer = ami.Answer.of(b"Response: Follows\r\nActionID: 1\r\nActionID: not mine\n--END COMMAND--")
    assert answer.action_id == "1"
    assert answer.data == ["ActionID: not mine"]


def test_output_without_a_line_is_empty() -> None:
    assert ami.Answer.of(b"Response: Follows\r\nActionID: 1\r\n--END COMMAND--").data == []


def test_lines_that_are_no_headers_are_data() -> None:
    event = gadget("Event: X", "just text", "Size: 1", "more")
    assert event.data == ["just text", "more"]
    assert dict(event) == {"Event": "X", "Size": "1"}


def test_a_message_without_payload_has_no_data() -> None:
    assert gadget().data == []
    assert ami.Message({"A": "1"}).data == []


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Key: value", "Key", "value"),
        ("Key:value", "Key", "value"),
        ("Key:", "Key", ""),
        ("Key: ", "Key", ""),
        ("Key:  two blanks", "Key", " two blanks"),
        ("Key: a: b", "Key", "a: b"),
        ("Key: trailing ", "Key", "trailing "),
        ("ChanVariable(Local/1@x;1): A=1", "ChanVariable(Local/1@x;1)", "A=1"),
        ("ChanVariable(SIP/[::1]-0001): A=b): c", "ChanVariable(SIP/[::1]-0001)", "A=b): c"),
        ("Key: f(x): y", "Key", "f(x): y"),
        ("Cause-txt: Normal", "Cause-txt", "Normal"),
        ("Charge/Units(0)/NumberOf: 1", "Charge/Units(0)/NumberOf", "1"),
    ],
)
def test_a_line_is_parted_into_name_and_value(line: str, name: str, value: str) -> None:
    assert dict(ami.Message.of(line.encode())) == {name: value}


def test_raw_is_the_message_line_by_line() -> None:
    event = gadget()
    assert event.raw == list(LINES)
    event["Size"] = "8"
    assert event.raw == list(LINES)
    assert bytes(event) == "\r\n".join(LINES).encode()


def test_bytes_that_are_not_utf_8_are_kept() -> None:
    event = _speed.make_message(Gadget, b"Event: Gadget\r\nColour: gr\xfcn \xe2\x82\xac", "Gadget")
    colour = event.colour
    assert colour is not None
    assert colour == event["Colour"] == "gr\udcfcn €"
    assert colour.encode("utf-8", "surrogateescape") == b"gr\xfcn \xe2\x82\xac"
    assert "gr" in repr(event)


# Messages made by the program


def test_a_message_can_be_created_from_a_mapping_or_from_pairs_and_lines() -> None:
    assert ami.Message({"A": "1", "B": "2"}).raw == ["A: 1", "B: 2"]
    event = ami.Event([("Event", "X"), ("V", "1"), ("V", "2")], data=["a line"])
    assert (event.event, event.all("V"), event.data) == ("X", ["1", "2"], ["a line"])
    assert event.raw == ["Event: X", "V: 1", "V: 2", "a line"]


@pytest.mark.parametrize("breaking", ["a\rb", "a\nb", "a\r\n\r\nEvent: Fake"])
def test_a_message_cannot_contain_a_line_end(breaking: str) -> None:
    for headers, data in [({"A": breaking}, ()), ({breaking: "1"}, ()), ({}, (breaking,))]:
        with pytest.raises(ValueError, match="CR or LF"):
            ami.Message(headers, data)


def test_a_message_can_be_seen_as_one_of_another_class() -> None:
    seen = Gadget.of(ami.Message({"Event": "Gadget", "Size": "7"}))
    assert seen.size == 7
    assert seen == {"Event": "Gadget", "Size": "7"}


def test_a_message_reinterpreted_as_another_class_keeps_changes() -> None:
    message = ami.Message({"ActionID": "1"})
    message["Response"] = ami.RESPONSE_GENERIC
    assert ami.Answer.of(message).response == ami.RESPONSE_GENERIC


def test_the_action_id_is_that_of_the_request_it_belongs_to() -> None:
    assert ami.Message({"ActionID": "7"}).action_id == "7"
    assert ami.Message({"Actionid": "7"}).action_id == "7"
    assert ami.Message().action_id is None
    with pytest.raises(NotImplementedError):
        _ = ami.MessageTemplate().action_id


def test_an_event_has_the_attributes_common_to_all_events() -> None:
    event = gadget(
        "Event: Gadget",
        "Privilege: call,all",
        "Timestamp: 60.5",
        "SequenceNumber: 12",
        "SystemName: pbx1",
        "ActionID: 3",
    )
    assert event.event == "Gadget"
    assert event.privilege == ["call", "all"]
    assert event.timestamp == datetime(1970, 1, 1, 0, 1, 0, 500_000, tzinfo=UTC)
    assert event.sequence_number == 12
    assert event.system_name == "pbx1"
    assert event.action_id == "3"
    assert gadget().privilege is None


@pytest.mark.parametrize(
    ("response", "success"),
    [("Success", True), ("Goodbye", True), ("Follows", True), ("Error", False), ("error", False)],
)
def test_an_answer_succeeds_unless_it_is_an_error(response: str, success: bool) -> None:
    answer = ami.Answer({"Response": response, "Message": "words"})
    assert (answer.success, answer.response, answer.message) == (success, response, "words")


# process()


def test_process_of_an_unknown_event_is_its_text() -> None:
    assert gadget("Event: New", "Size: 7", "a line").process() == ({"Event": "New", "Size": 7}, ["a line"])
    assert unread("Event: New", "Size: 7", "a line").process() == ({"Event": "New", "Size": "7"}, ["a line"])


@given(st.binary())
def test_process_never_raises(octets: bytes) -> None:
    event = _speed.make_message(Gadget, b"Event: Gadget\r\n" + octets, "Gadget")
    headers, data = event.process()
    assert len(headers) == len(event)
    assert data == event.data


# Secrets

SECRETS = ["Secret", "SECRET", "secret", "Password", "MD5Secret", "Md5Cred", "RemoteSecret", "OauthSecret"]


@pytest.mark.parametrize("header", SECRETS)
def test_a_secret_is_never_shown(header: str) -> None:
    headers = {"ActionID": "1", header: "hidden-word"}
    message = ami.Answer({"Response": "Success"} | headers)
    request = ami.Request("Login", **headers)
    aggregate = Gadgets("1")
    aggregate._add(ami.Event({"Event": "Gadget"} | headers))
    outcome = ami.Response(message, message, request, "1", True, 0.1, aggregate, False)
    for shown in (message, unread("Event: X", f"{header}: hidden-word"), request, aggregate, outcome):
        for text in (repr(shown), str(shown), f"{shown}", pprint.pformat(shown), repr([shown])):
            assert "hidden-word" not in text
    assert message[header] == request[header] == "hidden-word"


HIDDEN = [
    ami.Request("Setvar", Variable="VM_PASSWORD", Value="hidden-word"),
    ami.Request("Originate", Variable={"SIP_SECRET": "hidden-word"}),
    ami.Request("Originate", Variable=["A=1", "__PIN=hidden-word"]),
    ami.Request("Login", Key="hidden-word"),
    ami.Request("UpdateConfig", **{"Var-000000": "secret", "Value-000000": "hidden-word"}),
    ami.Request("Command", Command="register => user:hidden-word@provider.example"),
    actions.Setvar(variable="MY_TOKEN", value="hidden-word"),
    actions.Originate(channel="Local/1@x", application="Wait", variable={"A_PASSWORD": "hidden-word"}),
    actions.UpdateConfig(
        src_filename="sip.conf", dst_filename="sip.conf", changes=[AppendLine("1", "secret", "hidden-word")]
    ),
    actions.DBPut(family="vm", key="pin", val="hidden-word"),
    events.VarSet({"Event": "VarSet", "Variable": "AGENT_PIN", "Value": "hidden-word"}),
    events.Newexten({"Event": "Newexten", "AppData": "PASSWORD=hidden-word"}),
    events.AuthDetail({"Event": "AuthDetail", "Password": "hidden-word", "RefreshToken": "hidden-word"}),
    events.VoicemailPasswordChange({"Event": "VoicemailPasswordChange", "NewPassword": "hidden-word"}),
    events.ChallengeResponseFailed(
        {"Event": "ChallengeResponseFailed", "Response": "hidden-word", "ExpectedResponse": "hidden-word"}
    ),
    events.InvalidPassword({"Event": "InvalidPassword", "ReceivedHash": "hidden-word"}),
    ami.Answer({"Response": "Success", "Line-000000-000001": "remotesecret=hidden-word"}),
    ami.Answer({"Response": "Success", "Line-000000-000001": "server_uri=https://user:hidden-word@example"}),
    ami.Message({"Variable": "DB_PASSWD", "Value": "hidden-word"}),
]


@pytest.mark.parametrize("message", HIDDEN, ids=lambda message: type(message).__name__)
def test_a_secret_is_never_shown_wherever_asterisk_puts_it(message: ami.Message | ami.Request[Any]) -> None:
    assert "hidden-word" not in repr(message)
    assert "hidden-word" in str(dict(message))


def test_text_that_only_resembles_a_secret_is_shown() -> None:
    shown = [
        actions.DBPut(family="cidname", key="100", val="Alice"),
        events.VarSet({"Event": "VarSet", "Variable": "SPIN", "Value": "Alice"}),
        events.InvalidPassword({"Event": "InvalidPassword", "Challenge": "Alice"}),
        ami.Answer({"Response": "Success", "SecretExist": "Alice"}),
        events.SuccessfulAuth({"Event": "SuccessfulAuth", "UsingPassword": "Alice"}),
    ]
    for message in shown:
        assert "Alice" in repr(message)


def test_a_request_may_declare_its_own_secrets() -> None:
    class Dial(ami.Request[ami.Message]):
        secrets = ami.Request.secrets | {"pin"}

    assert "1234" not in repr(Dial("Dial", Pin="1234", Secret="x1234"))


def test_the_repr_of_a_message_has_its_class() -> None:
    assert repr(gadget()) == f"Gadget({HEADERS!r})"
    assert repr(ami.Request("Ping", A=1)) == "Request({'Action': 'Ping', 'A': 1})"
    assert repr(ami.Message({"Secret": ""})) == "Message({'Secret': ''})"


# Requests


def test_a_request_is_a_dict_of_its_headers() -> None:
    request = ami.Request("QueueAdd", Queue="sales", Penalty=2)
    assert request == {"Action": "QueueAdd", "Queue": "sales", "Penalty": 2}
    assert request.action == "QueueAdd"
    request["Interface"] = "PJSIP/1"
    assert request.lines() == [
        ("Action", "QueueAdd"),
        ("Queue", "sales"),
        ("Penalty", "2"),
        ("Interface", "PJSIP/1"),
    ]


def test_values_go_out_as_asterisk_spells_them() -> None:
    request = ami.Request("X", Async=True, Variable={"A": 1, "B": "x"}, Codecs=["alaw", "ulaw"], Left=None)
    assert request.lines()[1:] == [
        ("Async", "true"),
        ("Variable", "A=1"),
        ("Variable", "B=x"),
        ("Codecs", "alaw"),
        ("Codecs", "ulaw"),
    ]


def test_a_value_that_has_no_spelling_is_named() -> None:
    with pytest.raises(TypeError, match="Timeout"):
        ami.Request("Originate", Timeout=object()).lines()


def test_a_request_has_the_documented_attributes_and_defaults() -> None:
    request = ami.Request("Ping")
    assert (request.aggregate, request.synchronous, request.timeout) == (False, False, 5)
    assert request.action_id is None
    assert ami.Request("Ping", ActionID=7).action_id == "7"


def test_the_plain_request_returns_the_response_as_it_is() -> None:
    response = ami.Message({"Response": "Success"})
    assert ami.Request("Ping").process_response(response) is response


def test_a_request_omits_parameters_that_are_not_given() -> None:
    class Typed(ami.Request[ami.Message]):
        def __init__(self, *, wait: object = None, size: int | None = None) -> None:
            super().__init__("Typed")
            self._put("Wait", wait, seconds)
            self._put("Size", size, integer)
            self._put("Name", None)

    assert Typed(size=3) == {"Action": "Typed", "Size": "3"}


def test_a_copied_or_pickled_request_keeps_its_attributes() -> None:
    request = ListGadgets()
    request.timeout, request.synchronous, request.aggregate = 1.5, True, True
    request["Secret"] = "hidden-word"
    for again in (copy.copy(request), copy.deepcopy(request), pickle.loads(pickle.dumps(request))):
        assert type(again) is ListGadgets
        assert again == request
        assert (again.timeout, again.synchronous, again.aggregate) == (1.5, True, True)


PONG = b"Response: Success\r\nActionID: 1\r\nPing: Pong\r\nTimestamp: 1.5"
PONG_HEADERS = {"Response": "Success", "ActionID": "1", "Ping": "Pong", "Timestamp": "1.5"}


@pytest.mark.parametrize("cls", [ami.Answer, ami.responses.Ping])
def test_an_unparsed_answer_equals_a_parsed_one(cls: type[ami.Answer]) -> None:
    def unread_answer() -> ami.Answer:
        return cls.of(_speed.make_message(ami.Answer, PONG, "Success"))

    assert unread_answer() == cls.of(PONG) == PONG_HEADERS
    assert list(unread_answer().items()) == list(PONG_HEADERS.items())
    assert json.loads(json.dumps(unread_answer())) == PONG_HEADERS
    assert pickle.loads(pickle.dumps(unread_answer())) == PONG_HEADERS
    assert unread_answer()["timestamp"] == "1.5"
    assert unread_answer().action_id == "1"
    assert bytes(unread_answer()) == PONG


def test_reinterpreting_an_answer_keeps_changes_by_the_program() -> None:
    answer = _speed.make_message(ami.Answer, PONG, "Success")
    answer["Ping"] = "Gong"
    assert ami.responses.Ping.of(answer).ping == "Gong"


def test_a_list_request_makes_an_answer_of_its_response() -> None:
    assert isinstance(ListGadgets().process_response(ami.Message({"Response": "Success"})), ami.Answer)
    assert ListGadgets.lists
    assert ListGadgets.list_class() is Gadgets
    with pytest.raises(NotImplementedError):
        ami.ListRequest.list_class()


def test_a_generic_class_can_be_written_with_its_result_at_run_time() -> None:
    assert ami.Request[ami.Answer] is ami.Request


# Aggregates


def filled() -> Gadgets:
    aggregate = Gadgets("id-1")
    aggregate._add(gadget())
    aggregate._add(gadget("Event: Gadget", "Size: 8"))
    aggregate._close(GadgetsComplete({"Event": "GadgetsComplete", "EventList": "Complete", "ListItems": "2"}))
    return aggregate


def test_an_aggregate_is_keyed_by_class_and_by_name() -> None:
    aggregate: Any = filled()
    assert aggregate[Gadget] is aggregate["Gadget"] is aggregate["gadget"]
    assert [each.size for each in aggregate[Gadget]] == [7, 8]
    assert aggregate[GadgetsComplete] is aggregate["GadgetsComplete"] is aggregate.closing
    assert Gadget in aggregate
    assert "GADGET" in aggregate
    assert aggregate.get(Gadget) == aggregate.get("GADGET") == aggregate["Gadget"]
    assert aggregate.gadgets is aggregate["Gadget"]


def test_an_aggregate_lacks_missing_events() -> None:
    aggregate: Any = filled()
    for absent in (ami.Event, "Other", None, 5):
        assert absent not in aggregate
        assert aggregate.get(absent) is None
        with pytest.raises(KeyError):
            aggregate[absent]


def test_repeatable_events_are_a_list_even_if_none_arrived() -> None:
    assert Gadgets("1")[Gadget] == []
    assert Gadgets("1").gadgets == []


def test_a_plain_aggregate_accepts_any_event() -> None:
    aggregate = ami.Aggregate("1")
    event = ami.Event({"Event": "Odd"})
    aggregate._add(event)
    assert aggregate == {"Odd": [event]}


def test_an_aggregate_is_valid_if_its_length_is_as_announced() -> None:
    aggregate = filled()
    assert (aggregate.action_id, aggregate.valid, aggregate.error_message) == ("id-1", True, None)


def test_an_aggregate_without_an_item_is_invalid() -> None:
    aggregate = Gadgets("1")
    aggregate._add(gadget())
    aggregate._close(GadgetsComplete({"Event": "GadgetsComplete", "ListItems": "2"}))
    assert not aggregate.valid
    assert aggregate.error_message == "GadgetsComplete announced 2 items, but 1 arrived"


def test_an_aggregate_whose_end_counts_nothing_is_valid() -> None:
    aggregate = Gadgets("1")
    aggregate._close(ami.Event({"Event": "GadgetsDone"}))
    assert aggregate.valid


def test_the_end_of_a_list_may_be_an_item_as_well() -> None:
    aggregate = Gadgets("1")
    aggregate._add(gadget())
    last = Gadget({"Event": "Gadget", "Size": "8", "EventList": "Complete", "ListItems": "2"})
    aggregate._close(last)
    assert (aggregate.valid, aggregate.closing) == (True, last)
    assert [each.size for each in aggregate[Gadget]] == [7, 8]


def test_a_list_whose_end_counts_wrong_in_some_releases_is_valid() -> None:
    class Miscounted(Gadgets):
        counted: ClassVar[bool] = False

    aggregate = Miscounted("1")
    aggregate._close(GadgetsComplete({"Event": "GadgetsComplete", "ListItems": "1"}))
    assert aggregate.valid


def test_a_copied_or_pickled_aggregate_keeps_everything() -> None:
    aggregate = filled()
    aggregate.response = ami.Answer({"Response": "Success"})
    for again in (copy.copy(aggregate), copy.deepcopy(aggregate), pickle.loads(pickle.dumps(aggregate))):
        assert type(again) is Gadgets
        assert again == aggregate
        assert again[Gadget][0].size == 7
        assert (again.action_id, again.valid, again.error_message) == ("id-1", True, None)
        assert (again.response, again.closing) == (aggregate.response, aggregate.closing)


def test_an_aggregate_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(filled()))["Gadget"][0] == HEADERS


def test_a_class_may_declare_a_wire_name_that_is_not_an_identifier() -> None:
    class DataGetTree(ami.Event):
        wire_name = "DataGet Tree"

    assert event_name(DataGetTree) == "DataGet Tree"
    assert event_name(Gadget) == "Gadget"


# Names and constants that are documented


@pytest.mark.parametrize("name", ["Request", "Event", "Message", "Response", "Aggregate", "MessageTemplate"])
def test_the_documented_underscored_names_are_the_classes(name: str) -> None:
    assert getattr(ami, f"_{name}") is getattr(ami, name)


def test_the_documented_constants_are_the_wires_names() -> None:
    assert (ami.KEY_ACTION, ami.KEY_ACTIONID, ami.KEY_EVENT, ami.KEY_RESPONSE) == (
        "Action",
        "ActionID",
        "Event",
        "Response",
    )
    assert len({ami.EVENT_GENERIC, ami.RESPONSE_GENERIC}) == 2


def test_a_message_is_a_dict_and_a_template() -> None:
    for cls in (ami.Message, ami.Event, ami.Answer, ami.Aggregate):
        assert issubclass(cls, dict)
        assert issubclass(cls, ami.MessageTemplate)


def test_a_message_leaves_the_name_of_attributes_to_headers_that_bear_it() -> None:
    assert not hasattr(ami.Event, "name")


# Reading an event for the first time, from several threads or from a finalizer


COMMON = b"".join(b"\r\nH%d: v%d" % (number, number) for number in range(20))
FORMS = {
    "plain": b"Event: Gadget" + COMMON,
    "a header repeated in one piece": b"Event: Gadget" + COMMON + b"\r\nPart: 1\r\nPart: 2",
    "a header repeated apart": b"Event: Gadget\r\nPart: 1" + COMMON + b"\r\nPart: 2",
    "a line that is no header": b"Event: Gadget" + COMMON + b"\r\nno header",
    "a header without a space": b"Event: Gadget" + COMMON + b"\r\nOdd:1",
}


@pytest.fixture
def fast_switching() -> Iterator[None]:
    """Have threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("fast_switching")
@pytest.mark.parametrize("form", FORMS)
def test_concurrent_first_reads_of_an_event_are_complete_and_keep_changes(form: str) -> None:
    unread_events = [_speed.make_message(Gadget, FORMS[form], "Gadget") for _ in range(1500)]
    whole = _speed.make_message(Gadget, FORMS[form], "Gadget").to_dict()
    start = threading.Barrier(3)
    wrong: list[Any] = []

    def look() -> None:
        start.wait()
        for event in unread_events:
            seen = event.to_dict()
            if seen not in (whole, {**whole, "H1": "changed"}):
                wrong.append(seen)

    def change() -> None:
        start.wait()
        for event in unread_events:
            event["H1"] = "changed"
            if event.to_dict() != {**whole, "H1": "changed"}:
                wrong.append(event.to_dict())

    threads = [threading.Thread(target=each) for each in (look, look, change)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong += [event for event in unread_events if event["H1"] != "changed"]
    assert not wrong


class Reader:
    """Garbage whose finalizer reads an event, with the same headers and other values."""

    ran = 0

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        Reader.ran += 1
        event = _speed.make_message(Gadget, b"Event: Gadget\r\nPart: finalizer %d" % Reader.ran, "Gadget")
        assert event["Part"] == f"finalizer {Reader.ran}"


def test_a_finalizer_that_reads_an_event_while_another_is_read_changes_nothing_in_it() -> None:
    """The collector runs when a list or dict is made and none is left of those that Python keeps for that."""
    threshold = gc.get_threshold()
    kept: list[Any] = []
    gc.disable()
    try:
        for number in range(200):
            kept += [[] for _ in range(100)] + [{} for _ in range(100)]
            parts = [f"number {number}, part {part}" for part in range(4)]
            octets = "\r\n".join(["Event: Gadget", *(f"Part: {part}" for part in parts), "Size: 1"]).encode()
            event = _speed.make_message(Gadget, octets, "Gadget")
            Reader()
            gc.set_threshold(1)
            gc.enable()
            event._read()
            gc.disable()
            gc.set_threshold(*threshold)
            assert event.all("Part") == parts
            assert event.to_dict() == {"Event": "Gadget", "Part": parts, "Size": "1"}
    finally:
        gc.set_threshold(*threshold)
        gc.enable()
    gc.collect()
    assert Reader.ran == 200


TAKING_OUT: dict[str, Callable[[Any], object]] = {
    "del": lambda event: event.__delitem__("variable"),
    "pop": lambda event: event.pop("variable"),
    "popitem": lambda event: event.popitem(),
    "clear": lambda event: event.clear(),
}


@pytest.mark.parametrize("how", TAKING_OUT)
@pytest.mark.parametrize("kind", ["in one piece", "apart"])
def test_a_header_that_is_taken_out_has_no_values_left(how: str, kind: str) -> None:
    between = ["Variable: b=2"] if kind == "in one piece" else ["Size: 1", "Variable: b=2"]
    event = unread("Event: Gadget", "Variable: a=1", *between)
    assert event.all("Variable") == ["a=1", "b=2"]
    if kind == "apart":
        del event["Size"]
    TAKING_OUT[how](event)
    assert "Variable" not in event
    assert event.all("Variable") == []
