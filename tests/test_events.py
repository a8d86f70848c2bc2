"""The attributes of the generated events say what Asterisk means, release by release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import events
from ami_typed.fields import Field, fields_of
from ami_typed.values import Escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("CallerIDName", "ConnectedLineName", "ChanVariable")
BY_THEMSELVES = {("CEL", "CallerIDname"), ("MCID", "MCallerIDName"), ("Status", "EffectiveConnectedLineName")} | {
    (name, header)
    for name in ("MeetmeList", "OriginateResponse", "QueueEntry")
    for header in ("CallerIDName", "ConnectedLineName")
}
"""Names that Asterisk sends as they stand, without a snapshot."""


def of(cls: type[ami.Event], *lines: str) -> ami.Event:
    return cls.of("\r\n".join([f"Event: {cls.__name__}", *lines]).encode())


def every_field() -> Iterator[tuple[type[ami.Event], Field[object]]]:
    for name in events.__all__:
        cls = getattr(events, name)
        for field in fields_of(cls).values():
            yield cls, field


def snapshot(prefix: str = "", *, without: str = "") -> list[str]:
    headers = {
        "Channel": "PJSIP/alice-1",
        "CallerIDName": r"O\'Brien \"C:\\new\"\?",
        "ConnectedLineName": r"\t\n",
        "Language": "en",
        "AccountCode": "",
        "Priority": "1",
        "Linkedid": "1.1",
        "ChanVariable": r"A=\'=\'",
    }
    return [f"{prefix}{name}: {value}" for name, value in headers.items() if name != without]


def test_every_name_and_variable_of_a_snapshot_is_escaped_and_no_other_name() -> None:
    for cls, field in every_field():
        if field.header.endswith(NAMES) or field.header == "MCallerIDName":
            of_itself = (cls.__name__, field.header) in BY_THEMSELVES
            assert isinstance(field.codec, Escaped) is not of_itself, (cls, field)


@pytest.mark.parametrize("prefix", ["", "Dest"])
def test_a_snapshot_is_read_as_text_under_every_prefix(prefix: str) -> None:
    event = of(events.DialEnd, *snapshot(prefix))
    attribute = f"{prefix.lower()}_" if prefix else ""
    assert getattr(event, f"{attribute}caller_id_name") == 'O\'Brien "C:\\new"?'
    assert getattr(event, f"{attribute}connected_line_name") == "\t\n"
    assert getattr(event, f"{attribute}chan_variable") == {"A": "'='"}
    assert event[f"{prefix}CallerIDName"] == r"O\'Brien \"C:\\new\"\?"


@pytest.mark.parametrize(
    ("cls", "lines"),
    [
        (events.Newchannel, snapshot(without="Linkedid")),
        (events.Status, snapshot(without="Language")),
        (events.ConfbridgeList, [r"CallerIDName: O\'Brien \"C:\\new\"\?", "AnsweredTime: 3"]),
        (events.OriginateResponse, snapshot()),
        (events.QueueEntry, snapshot()),
    ],
)
def test_a_name_that_the_release_does_not_escape_is_read_as_it_stands(cls: type[ami.Event], lines: list[str]) -> None:
    event = of(cls, *lines)
    assert getattr(event, "caller_id_name") == event["CallerIDName"]  # noqa: B009 - each of these classes has it


def test_the_value_of_a_variable_is_text_for_a_channel_and_for_the_server() -> None:
    assert events.VarSet({"Channel": "none", "Variable": "A", "Value": r"\'"}).value == "'"
    assert of(events.VarSet, *snapshot(), r"Value: C:\\new").value == r"C:\new"  # type: ignore[attr-defined]  # VarSet's
    assert of(events.VarSet, *snapshot(without="Linkedid"), r"Value: C:\new").value == r"C:\new"  # type: ignore[attr-defined]


def test_presence_is_escaped_in_one_event_and_not_in_the_other() -> None:
    texts = {"Subtype": r"\'", "Message": r"\?"}
    changed, status = events.PresenceStateChange(texts), events.PresenceStatus(texts)
    assert (changed.subtype, changed.message) == ("'", "?")
    assert (status.subtype, status.message) == (r"\'", r"\?")


def test_what_an_agi_channel_says_is_decoded() -> None:
    assert events.AsyncAGIStart({"Env": "agi_request%3A%20async%0A%0A"}).env == "agi_request: async\n\n"
    assert events.AsyncAGIExec({"Result": "200%20result%3D0%0A"}).result == "200 result=0\n"
    assert events.AGIExecEnd({"Result": "100%25"}).result == "100%25"


def test_the_event_package_of_a_resource_list_is_its_second_event_header() -> None:
    event = events.ResourceListDetail.of(b"Event: ResourceListDetail\r\nObjectName: all\r\nEvent: presence")
    assert (event.event, event.event_package) == ("ResourceListDetail", "presence")
