"""The attributes of the generated events say what Asterisk means, release by release."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest

import ami_typed as ami
from ami_typed import events
from ami_typed.fields import Field, fields_of
from ami_typed.values import Escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

E = TypeVar("E", bound=ami.Event)

NAMES = ("CallerIDName", "ConnectedLineName", "ChanVariable")
BY_THEMSELVES = {("CEL", "CallerIDname"), ("MCID", "MCallerIDName"), ("Status", "EffectiveConnectedLineName")} | {
    (name, header)
    for name in ("MeetmeList", "OriginateResponse", "QueueEntry")
    for header in ("CallerIDName", "ConnectedLineName")
}
"""Names that Asterisk sends as they stand, without a snapshot."""


def of(cls: type[E], *lines: str) -> E:
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
def test_an_unescaped_name_is_read_unmodified(cls: type[ami.Event], lines: list[str]) -> None:
    event = of(cls, *lines)
    assert getattr(event, "caller_id_name") == event["CallerIDName"]  # noqa: B009 - each of these classes has it


def test_the_value_of_a_variable_is_text_for_a_channel_and_for_the_server() -> None:
    assert events.VarSet({"Channel": "none", "Variable": "A", "Value": r"\'"}).value == "'"
    assert of(events.VarSet, *snapshot(), r"Value: C:\\new").value == r"C:\new"
    assert of(events.VarSet, *snapshot(without="Linkedid"), r"Value: C:\new").value == r"C:\new"


def test_presence_is_escaped_in_one_event_and_not_in_the_other() -> None:
    texts = {"Subtype": r"\'", "Message": r"\?"}
    changed, status = events.PresenceStateChange(texts), events.PresenceStatus(texts)
    assert (changed.subtype, changed.message) == ("'", "?")
    assert (status.subtype, status.message) == (r"\'", r"\?")


def test_the_text_of_an_agi_channel_is_decoded() -> None:
    assert events.AsyncAGIStart({"Env": "agi_request%3A%20async%0A%0A"}).env == "agi_request: async\n\n"
    assert events.AsyncAGIExec({"Result": "200%20result%3D0%0A"}).result == "200 result=0\n"
    assert events.AGIExecEnd({"Result": "100%25"}).result == "100%25"


def test_the_event_package_of_a_resource_list_is_its_second_event_header() -> None:
    event = events.ResourceListDetail.of(b"Event: ResourceListDetail\r\nObjectName: all\r\nEvent: presence")
    assert (event.event, event.event_package) == ("ResourceListDetail", "presence")


SNAPSHOT = {
    **dict.fromkeys(("CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName"), ("<unknown>",)),
    **dict.fromkeys(("BridgeCreator", "BridgeName"), ("<unknown>",)),
}
"""What main/manager_channels.c and main/manager_bridges.c write in a snapshot where there is no value."""

NONE: dict[str, dict[str, tuple[str, ...]]] = {
    "any": {
        "AccountID": ("<unknown>",),  # res/res_pjsip/security_events.c, get_account_id
        "LastCall": ("0",),  # apps/app_queue.c, queue_member_blob_create and manager_queues_status, as the next two
        "LastPause": ("0",),
        "LoginTime": ("0",),
        "LocalStationID": ("unknown",),  # res/res_fax.c, receivefax_exec, sendfax_exec
        "Email": ("(null)",),  # apps/app_voicemail.c, append_vmu_info_astman: a pointer; the others are arrays
        "Callid": ("<unknown>",),  # res/res_pjsip_pubsub.c, sip_subscription_to_ami
    },
    "Cdr": {"CallerID": ('"" <>',)},  # main/callerid.c, ast_callerid_merge of two empty texts
    "ContactList": {"ExpirationTime": ("0",), "RoundtripUsec": ("N/A", "0")},  # res/res_pjsip/pjsip_options.c
    "ContactStatus": {"RoundtripUsec": ("0",)},  # res/res_pjsip/pjsip_configuration.c: a number, 0 unless reachable
    "ContactStatusDetail": {"RegExpire": ("0",), "RoundtripUsec": ("N/A", "0")},  # as ContactList
    "DAHDIShowStatus": {"Coding": ("Unk",)},  # channels/chan_dahdi.c, action_dahdishowstatus
    "DeviceEntry": {"IPaddress": ("-none-",)},  # channels/chan_skinny.c, _skinny_show_devices
    "DialBegin": {"DialString": ("unknown",)},  # main/manager_channels.c, channel_dial_cb
    "EndpointDetail": {"Callerid": ("<unknown>",), "RtpPortStart": ("0",), "RtpPortEnd": ("0",)},
    "InboundSubscriptionDetail": {"Callerid": ("Unknown",)},
    "OutboundSubscriptionDetail": {"Callerid": ("Unknown",)},
    "LineEntry": {"Device": ("None",)},  # channels/chan_skinny.c, _skinny_show_lines
    "MCID": dict.fromkeys(  # channels/sig_pri.c, party_subaddress_json_to_ami: a number in JSON, printed as a text
        ("MCallerIDSubaddrType", "MConnectedIDSubaddrType"), ("(null)",)
    ),
    "MeetmeList": {  # apps/app_meetme.c, action_meetmelist
        **dict.fromkeys(("CallerIDNum", "ConnectedLineNum"), ("<unknown>",)),
        **dict.fromkeys(("CallerIDName", "ConnectedLineName"), ("<no name>",)),
        "Talking": ("Not monitored",),
    },
    "MeetmeListRooms": {"Marked": ("N/A",)},
    "OriginateResponse": {  # main/manager.c, fast_originate; <null> in the first releases of 13
        **dict.fromkeys(("CallerIDNum", "CallerIDName"), ("<unknown>",)),
        "Uniqueid": ("<unknown>", "<null>"),
    },
    "OutboundRegistrationDetail": {
        "NextReg": ("0",)
    },  # res/res_pjsip_outbound_registration.c: PJSIP's own timer is off
    "Parkinglot": {"Timeout": ("0",)},
    "PeerEntry": {  # channels/chan_iax2.c and main/netsock2.c: (null); channels/chan_sip.c: the others
        "IPaddress": ("(null)", "-none-"),
        "Mask": ("(null)",),
        **dict.fromkeys(("Port", "IPport"), ("(null)", "0")),
    },
    "PeerStatus": {"Time": ("-1",)},  # channels/chan_sip.c, sip_poke_noanswer
    "QueueEntry": dict.fromkeys(  # apps/app_queue.c, manager_queues_status
        ("CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName"), ("unknown",)
    ),
    "RTCPReceived": {"SentNTP": ("2085978496.000000",)},
    "Registry": {"Cause": ("<unknown>",)},  # channels/chan_iax2.c, socket_process_helper
    "RegistryEntry": {"Host": ("(null)",), "Perceived": ("<Unregistered>",), "RegistrationTime": ("0",)},
    "Status": {  # main/manager.c, generate_status
        **dict.fromkeys(("EffectiveConnectedLineNum", "EffectiveConnectedLineName"), ("<unknown>",)),
        **dict.fromkeys(("Application", "Data"), ("(null)",)),
        "TimeToHangup": ("0",),
    },
    "VarSet": {"Channel": ("none",), "Uniqueid": ("none",)},  # main/stasis_channels.c, varset_to_ami
    "VoicemailBoxDetail": {"CallerID": ("Unknown",)},  # apps/app_voicemail.c, leave_voicemail writes it to the message
    "ConfbridgeList": {"CallerIDName": ("<unknown>", "<no name>")},  # apps/app_confbridge.c; the second before 13.20
}
"""The texts that Asterisk's C sources write where there is no value, for each event and header; no other is one."""


def test_no_text_means_none_but_those_that_asterisk_writes_for_it() -> None:
    for cls, field in every_field():
        own = NONE.get(cls.__name__, {})
        bare = next((name for name in SNAPSHOT if field.header.endswith(name)), "")
        is_of_snapshot = f"{field.header.removesuffix(bare)}ChannelStateDesc" in headers_of(cls) or "Bridge" in bare
        expected = own.get(field.header) or NONE["any"].get(field.header, ())
        if bare and is_of_snapshot and field.header not in own:
            expected = SNAPSHOT[bare]
        assert field.none == expected, (cls.__name__, field.header)


def headers_of(cls: type[ami.Event]) -> set[str]:
    return {field.header for field in fields_of(cls).values()}


@pytest.mark.parametrize(
    "text", ["unknown", "n/a", "N/A", "(null)", "(none)", "none", "<none>", "-1", "0", "<no name>"]
)
def test_a_caller_named_like_a_placeholder_keeps_the_name(text: str) -> None:
    event = of(events.Newchannel, f"CallerIDName: {text}", f"CallerIDNum: {text}")
    assert isinstance(event, events.Newchannel)
    assert (event.caller_id_name, event.caller_id_num) == (text, text)
    digit = of(events.DTMFEnd, f"Digit: {text}")
    assert isinstance(digit, events.DTMFEnd)
    assert digit.digit == text


def test_placeholders_for_nobody_are_none() -> None:
    assert events.QueueEntry({"CallerIDName": "unknown"}).caller_id_name is None
    assert events.QueueEntry({"CallerIDName": "<unknown>"}).caller_id_name == "<unknown>"
    assert events.MeetmeList({"CallerIDName": "<no name>"}).caller_id_name is None
    assert events.ContactStatus({"RoundtripUsec": "0"}).roundtrip_usec is None
    assert events.AgentLogoff({"Logintime": "0"}).logintime == timedelta(0)
    assert events.Cdr({"CallerID": '"" <>'}).caller_id is None
    assert events.EndpointDetail({"Callerid": "<unknown>"}).callerid is None
