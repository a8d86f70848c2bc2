"""An encoder gets every header of a message or refuses it with a sentence: none ever takes a part for the whole."""

from __future__ import annotations

import collections
import contextlib
import copy
import csv
import ctypes
import io
import json
import logging
import operator
import pickle
import plistlib
import pprint
import sqlite3
import string
import types
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import bson
import msgspec
import orjson
import polars as pl
import pydantic_core
import pytest
import rapidjson
import ujson

import ami_typed as ami
from ami_typed import _speed, aggregates, enums, events, responses
from ami_typed._speed import plain
from ami_typed._speed.guard import REASON

if TYPE_CHECKING:
    from collections.abc import Callable

HANGUP = (
    b"Event: Hangup\r\nPrivilege: call,all\r\nTimestamp: 1700000000.5\r\nChannel: PJSIP/alice-0001\r\n"
    b"ChannelState: 6\r\nChanVariable: CAMPAIGN=spring\r\nChanVariable: ORDER=42\r\nCause: 16\r\n"
    b"Cause-txt: Normal Clearing\r\nUnknown: x"
)
FIRST = {
    "Event": "Hangup",
    "Privilege": "call,all",
    "Timestamp": "1700000000.5",
    "Channel": "PJSIP/alice-0001",
    "ChannelState": "6",
    "ChanVariable": "CAMPAIGN=spring",
    "Cause": "16",
    "Cause-txt": "Normal Clearing",
    "Unknown": "x",
}
"""What the event is as a mapping of one text a header."""
WHOLE = {**FIRST, "ChanVariable": ["CAMPAIGN=spring", "ORDER=42"]}


@pytest.fixture(params=["compiled", "plain"])
def hangup(request: pytest.FixtureRequest) -> events.Hangup:
    """An event as a callback gets it: nothing has asked for more than its bytes."""
    form: Any = _speed if request.param == "compiled" else plain
    event: events.Hangup = form.make_message(events.Hangup, HANGUP, "Hangup")
    return event


def columns(frame: pl.DataFrame) -> dict[str, Any]:
    return frame.row(0, named=True)


ENCODERS: dict[str, Callable[[Any], Any]] = {
    "json": lambda event: json.loads(json.dumps(event)),
    "json, indented": lambda event: json.loads(json.dumps(event, indent=1)),
    "json, sorted": lambda event: json.loads(json.dumps(event, sort_keys=True)),
    "json, nested": lambda event: json.loads(json.dumps({"a": [event]}))["a"][0],
    "orjson": lambda event: orjson.loads(orjson.dumps(event)),
    "orjson, any key": lambda event: orjson.loads(orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)),
    "orjson, sorted": lambda event: orjson.loads(orjson.dumps(event, option=orjson.OPT_SORT_KEYS)),
    "orjson, nested": lambda event: orjson.loads(orjson.dumps([event]))[0],
    "orjson, default=str": lambda event: orjson.loads(orjson.dumps(event, default=str)),
    "orjson, default=repr": lambda event: orjson.loads(orjson.dumps(event, default=repr)),
    "ujson": lambda event: ujson.loads(ujson.dumps(event)),
    "ujson, sorted": lambda event: ujson.loads(ujson.dumps(event, sort_keys=True)),
    "ujson, default=str": lambda event: ujson.loads(ujson.dumps(event, default=str)),
    "rapidjson": lambda event: rapidjson.loads(rapidjson.dumps(event)),
    "rapidjson, default=str": lambda event: rapidjson.loads(rapidjson.dumps(event, default=str)),
    "rapidjson, skipping keys": lambda event: rapidjson.loads(rapidjson.dumps(event, skipkeys=True)),
    "msgspec.json": lambda event: msgspec.json.decode(msgspec.json.encode(event)),
    "msgspec.json, enc_hook=str": lambda event: msgspec.json.decode(msgspec.json.encode(event, enc_hook=str)),
    "msgspec.msgpack": lambda event: msgspec.msgpack.decode(msgspec.msgpack.encode(event)),
    "msgspec.to_builtins": msgspec.to_builtins,
    "bson": lambda event: bson.BSON.encode(event).decode(),
    "pydantic_core.to_json": lambda event: json.loads(pydantic_core.to_json(event)),
    "pydantic_core.to_json, fallback=str": lambda event: json.loads(pydantic_core.to_json(event, fallback=str)),
    "pydantic_core.to_json, unknown": lambda event: json.loads(pydantic_core.to_json(event, serialize_unknown=True)),
    "pydantic_core.to_jsonable_python": pydantic_core.to_jsonable_python,
    "pydantic_core.to_jsonable_python, unknown": partial(pydantic_core.to_jsonable_python, serialize_unknown=True),
    "polars.DataFrame": lambda event: columns(pl.DataFrame([event])),
    "polars.from_dicts": lambda event: columns(pl.from_dicts([event])),
    "polars.DataFrame, not strict": lambda event: columns(pl.DataFrame([event], strict=False)),
    "polars.Series": lambda event: pl.Series([event])[0],
}


@pytest.mark.filterwarnings("ignore:Exception ignored in PyObject_HasAttrString")  # ujson's, since Python 3.13
@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_gets_all_headers_of_an_unparsed_event_or_an_error_with_advice(
    name: str, hangup: events.Hangup
) -> None:
    encoded: object = None
    refused = ""
    try:
        encoded = ENCODERS[name](hangup)
    except Exception as error:
        refused = str(error)
    assert encoded == FIRST or REASON in refused


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_gets_all_headers_of_an_event_that_was_read(name: str, hangup: events.Hangup) -> None:
    assert ENCODERS[name](hangup.headers) == FIRST


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_gets_all_values_of_what_to_dict_returns(name: str, hangup: events.Hangup) -> None:
    assert ENCODERS[name](hangup.to_dict()) == WHOLE


COPIES: dict[str, Callable[[Any], Any]] = {
    "dict()": dict,
    "dict.copy": dict[str, str].copy,
    "pydantic_core": lambda event: pydantic_core.SchemaValidator({"type": "dict"}).validate_python(event),
    "unpacking": lambda event: {**event},
    "|": lambda event: event | {},
    "| from the right": lambda event: {} | event,
    "keyword arguments": lambda event: dict[str, str](**event),
    "PyDict_Copy": lambda event: in_c("PyDict_Copy")(event),  # noqa: PLW0108 - defined below
    "PyDict_Update": lambda event: (made := dict[str, str](), in_c("PyDict_Update", ctypes.c_int)(made, event))[0],
    "PyMapping_Items": lambda event: dict(in_c("PyMapping_Items")(event)),
}


def in_c(name: str, result: Any = ctypes.py_object) -> Any:
    """A function of Python's C API on objects."""
    function = getattr(ctypes.pythonapi, name)
    function.restype = result
    function.argtypes = [ctypes.py_object] * (2 if result is ctypes.c_int else 1)
    return function


@pytest.mark.parametrize("name", COPIES)
def test_a_plain_dict_of_an_event_that_nothing_has_read_has_all_its_headers(name: str, hangup: events.Hangup) -> None:
    made = COPIES[name](hangup)
    assert type(made) is dict
    assert made == FIRST


CHANNEL_AND_CAUSE: dict[str, Callable[[Any], Any]] = {
    "template": string.Template("$Channel $Cause").substitute,
    "safe template": string.Template("$Channel $Cause").safe_substitute,
    "format_map": "{Channel} {Cause}".format_map,
    "format": lambda event: f"{event['Channel']} {event['Cause']}",
    "%": partial(operator.mod, "%(Channel)s %(Cause)s"),
    "log record": lambda event: logging.LogRecord("", 0, "", 0, "%(Channel)s %(Cause)s", (event,), None).getMessage(),
    "itemgetter": lambda event: " ".join(operator.itemgetter("Channel", "Cause")(event)),
    "pattern": lambda event: " ".join(of_pattern(event)),
    "CSV": lambda event: in_csv(event),  # noqa: PLW0108 - defined below
    "SQL": lambda event: in_sql(event),  # noqa: PLW0108 - defined below
    "namespace": lambda event: "{0.Channel} {0.Cause}".format(types.SimpleNamespace(**event)),
    "view": lambda event: "{Channel} {Cause}".format_map(types.MappingProxyType(event)),
    "chain": lambda event: "{Channel} {Cause}".format_map(collections.ChainMap({}, event)),
    "pickle": lambda event: "{Channel} {Cause}".format_map(pickle.loads(pickle.dumps(event))),
    "copy": lambda event: "{Channel} {Cause}".format_map(copy.copy(event)),
    "deep copy": lambda event: "{Channel} {Cause}".format_map(copy.deepcopy([event])[0]),
    "sorted dict": lambda event: "{Channel} {Cause}".format_map(collections.OrderedDict(event)),
    "user dict": lambda event: "{Channel} {Cause}".format_map(collections.UserDict[str, str](event)),
    "property list": lambda event: "{Channel} {Cause}".format_map(plistlib.loads(plistlib.dumps(event))),
    "query": lambda event: "{Channel} {Cause}".format_map(dict(parse_qsl(urlencode(event)))),
}
"""What looks up two headers by their names, through the methods of dict or past them."""


def of_pattern(event: Any) -> tuple[str, str]:
    match event:
        case {"Channel": str(channel), "Cause": str(cause)}:
            return channel, cause
        case _:
            return "", ""


def in_sql(event: Any) -> str:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        return " ".join(database.execute("SELECT :Channel, :Cause", event).fetchone())


def in_csv(event: Any) -> str:
    file = io.StringIO()
    csv.DictWriter(file, ["Channel", "Cause"], extrasaction="ignore", delimiter=" ", lineterminator="").writerow(event)
    return file.getvalue()


@pytest.mark.parametrize("name", CHANNEL_AND_CAUSE)
def test_lookup_by_name_works_on_an_unparsed_event(name: str, hangup: events.Hangup) -> None:
    assert CHANNEL_AND_CAUSE[name](hangup) == "PJSIP/alice-0001 16"


def test_a_csv_writer_with_too_few_columns_names_the_missing_ones(hangup: events.Hangup) -> None:
    with pytest.raises(ValueError, match="ChannelState"):
        csv.DictWriter(io.StringIO(), ["Channel", "Cause"]).writerow(hangup)


def test_a_copy_of_the_storage_of_an_unparsed_event_is_rejected_too(hangup: events.Hangup) -> None:
    copied = msgspec.convert(hangup, dict[str, Any])
    for use in (json.dumps, orjson.dumps, repr, pprint.pformat, pickle.dumps):
        with pytest.raises((TypeError, ValueError), match="unread message"):
            use(copied)


def test_a_typed_attribute_still_needs_no_parsing(hangup: events.Hangup) -> None:
    assert (hangup.event, hangup["Event"], hangup.channel, hangup.cause) == (*("Hangup",) * 2, FIRST["Channel"], 16)
    assert hangup._unread is not None


# to_dict and to_json


def test_to_dict_has_text_and_lists_for_repeated_headers(hangup: events.Hangup) -> None:
    made = hangup.to_dict()
    assert type(made) is dict
    assert made == WHOLE
    assert list(made) == list(WHOLE)
    made["ChanVariable"].append("x")
    assert hangup.to_dict() == WHOLE


def test_a_typed_dict_has_the_same_keys_and_the_values_of_the_attributes(hangup: events.Hangup) -> None:
    made = hangup.to_dict(typed=True)
    assert list(made) == list(WHOLE)
    assert made == {
        **FIRST,
        "Privilege": ["call", "all"],
        "Timestamp": datetime(2023, 11, 14, 22, 13, 20, 500000, tzinfo=UTC),
        "ChannelState": enums.ChannelState.UP,
        "ChanVariable": {"CAMPAIGN": "spring", "ORDER": "42"},
        "Cause": enums.HangupCause.NORMAL_CLEARING,
    }


def test_a_typed_dict_has_the_families_of_numbered_headers() -> None:
    event = events.RTCPReceived.of(b"Event: RTCPReceived\r\nReport0IAJitter: 7\r\nReport1IAJitter: x")
    assert event.to_dict(typed=True) == {"Event": "RTCPReceived", "Report0IAJitter": 7, "Report1IAJitter": "x"}


def test_an_unexpectedly_repeated_header_loses_nothing() -> None:
    event = events.Hangup.of(b"Event: Hangup\r\nCause: 16\r\nOdd: 1\r\nCause: x")
    assert event.to_dict() == {"Event": "Hangup", "Cause": ["16", "x"], "Odd": "1"}
    assert event.to_dict(typed=True) == {"Event": "Hangup", "Cause": [16, "x"], "Odd": "1"}
    assert events.Hangup.of(b"Event: X\r\nOdd: 1\r\nODD: 2").to_dict() == {"Event": "X", "Odd": "1", "ODD": "2"}


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize(
    "octets",
    [
        b"Response: Follows\r\nPrivilege: Command\r\nActionID: 1\nName: x\na line\n--END COMMAND--",
        b"Response: Success\r\nActionID: 1\r\nOutput: Name: x\r\nOutput: a line",
    ],
    ids=["Asterisk 13", "Asterisk 14"],
)
def test_the_output_of_a_command_is_in_the_dict_however_it_was_sent(octets: bytes, typed: bool) -> None:
    assert responses.Command.of(octets).to_dict(typed=typed)["Output"] == ["Name: x", "a line"]


def test_changes_by_the_program_are_in_the_dict(hangup: events.Hangup) -> None:
    hangup["Cause"] = "17"
    hangup["chanvariable"] = "ONE=1"
    del hangup["Unknown"]
    assert hangup.to_dict() == {
        **{name: value for name, value in FIRST.items() if name != "Unknown"},
        "ChanVariable": "ONE=1",
        "Cause": "17",
    }


def test_to_json_encodes_the_result_of_to_dict(hangup: events.Hangup) -> None:
    assert json.loads(hangup.to_json()) == WHOLE
    assert json.loads(hangup.to_json(typed=True)) == {
        **FIRST,
        "Privilege": ["call", "all"],
        "Timestamp": "2023-11-14T22:13:20.500000+00:00",
        "ChannelState": 6,
        "ChanVariable": {"CAMPAIGN": "spring", "ORDER": "42"},
        "Cause": 16,
    }


def test_an_undecodable_byte_survives_json() -> None:
    event = ami.Event.of(b"Event: X\r\nName: M\xfcller")
    assert json.loads(event.to_json())["Name"].encode("utf-8", "surrogateescape") == b"M\xfcller"


def test_a_list_becomes_dicts_of_its_events() -> None:
    made = aggregates.QueueStatus("1")
    made._add(_speed.make_message(events.QueueMember, b"Event: QueueMember\r\nPenalty: 5", "QueueMember"))
    made._close(_speed.make_message(ami.Event, b"Event: QueueStatusComplete\r\nListItems: 1", "QueueStatusComplete"))
    listed = {
        "QueueParams": [],
        "QueueMember": [{"Event": "QueueMember", "Penalty": "5"}],
        "QueueEntry": [],
        "QueueStatusComplete": {"Event": "QueueStatusComplete", "ListItems": "1"},
    }
    assert made.to_dict() == json.loads(made.to_json()) == listed
    assert made.to_dict(typed=True)["QueueMember"] == [{"Event": "QueueMember", "Penalty": 5}]
    with pytest.raises(TypeError, match="unread message"):
        orjson.dumps([_speed.make_message(events.QueueMember, b"Event: QueueMember\r\nPenalty: 5", "QueueMember")])


# Copies


class Kept(events.Hangup):
    """A class of a program's own, with an attribute."""

    note: str


def pickled(event: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(event, protocol))


COPYING: dict[str, Callable[[Any], Any]] = {
    "copy method": lambda event: event.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    **{f"pickle {number}": partial(pickled, protocol=number) for number in range(pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("name", COPYING)
@pytest.mark.parametrize("state", ["unread", "read", "changed"])
def test_a_copy_is_of_the_same_class_with_every_value_and_change(name: str, state: str) -> None:
    event = _speed.make_message(Kept, HANGUP + b"\r\na line", "Hangup")
    event.note = "mine"
    expected = {**WHOLE, "Output": ["a line"]}
    if state != "unread":
        len(event)
    if state == "changed":
        event["ChanVariable"] = "CAMPAIGN=spring"
        event["Own"] = "1"
        del event["Privilege"]
        expected |= {"ChanVariable": "CAMPAIGN=spring", "Own": "1"}
        del expected["Privilege"]
    again = COPYING[name](event)
    assert (type(again), again.note, bytes(again)) == (Kept, "mine", bytes(event))
    assert again.to_dict() == event.to_dict() == expected
    again["Cause"] = "1"
    again.data.append("more")
    assert event.to_dict() == expected
