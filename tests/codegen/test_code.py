"""The facts of code hold what a release's sources put on the wire, and no more than the scan of them proves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen import facts
from codegen.code import (
    CodeAction,
    CodeEvent,
    CodeFacts,
    CodeHeader,
    CodeList,
    condense,
    condense_into,
)
from codegen.trouble import TroubleError

SPEC = Path(__file__).resolve().parents[2] / "spec"

FACTS = CodeFacts(
    release="22.10.1",
    actions={
        "Zap": CodeAction(
            name="Zap",
            privileges=("system", "call"),
            list=CodeList(items=("Item",), complete="Done", announced=True, conditional=False),
        ),
        "Add": CodeAction(name="Add", headers=("Queue", "Interface"), answers=("Added",), response_headers=("Id",)),
    },
    events={
        "Item": CodeEvent(name="Item", kinds=("list item",), headers=(CodeHeader(name="Queue", presence="always"),)),
        "Done": CodeEvent(
            name="Done",
            kinds=("list complete",),
            headers=(CodeHeader(name="DestExten", shared=True, snapshot="channel", prefix="Dest"),),
        ),
    },
)

CHANNEL = [["Channel", False], ["Exten", False], ["ChanVariable", True]]

texts = st.text(min_size=1, max_size=12)
lists = st.lists(texts, max_size=3).map(tuple)
headers = st.builds(
    CodeHeader,
    name=texts,
    presence=st.sampled_from(["always", "sometimes"]),
    shared=st.booleans(),
    snapshot=st.sampled_from([None, "channel", "bridge"]),
    prefix=st.text(max_size=3),
)
any_events = st.lists(
    st.builds(
        CodeEvent,
        name=texts,
        privileges=lists,
        kinds=st.sampled_from([("unsolicited",), ("list item", "answer")]),
        json_keys=st.booleans(),
        headers=st.lists(headers, max_size=3).map(tuple),
    ),
    max_size=4,
)


def source(*own: str, line: int = 1, **more: Any) -> dict[str, Any]:
    """Return a call as the scan tells it: `own` is in its format string."""
    call: dict[str, Any] = {"file": "main/x.c", "line": line, "function": "f", "module": "core", "api": "manager_event"}
    call |= {"kind": "unsolicited", "flags": [], "headers": list(own), "more_headers": [], "conditional": []}
    return call | more


def event(*sources: dict[str, Any], **more: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "sources": list(sources),
        "actions": [],
        "doc_headers": [],
        "internal": False,
        "test_only": False,
    }
    return {**known, "documented": "no", **more}


def action(**more: Any) -> dict[str, Any]:
    registration: dict[str, Any] = {
        "file": "x.c",
        "line": 1,
        "module": "core",
        "authority": [],
        "handler": "f",
        "conditional": [],
    }
    known: dict[str, Any] = {
        "registrations": [registration],
        "reads_headers": [],
        "response_headers": [],
        "acks": [],
        "list": False,
    }
    return {**known, "listack": [], "events": {"items": [], "complete": []}, **more}


def scanned(tmp_path: Path, name: str = "scan.json", **more: Any) -> Path:
    scan: dict[str, Any] = {"version": "22.10.1", "actions": {}, "events": {}, "snapshots": {"channel": CHANNEL}}
    scan |= {"sorcery_fields": {"auth": ["Realm"]}, "not_on_ami": {}, "unresolved": []} | more
    path = tmp_path / name
    path.write_text(json.dumps(scan), encoding="utf-8")
    return path


def condensed(tmp_path: Path, **events: dict[str, Any]) -> CodeFacts:
    return condense(scanned(tmp_path, events=events))


def shown(facts: CodeFacts, name: str) -> list[str]:
    """Return the headers of an event, those that may be absent with a question mark."""
    return [f"{each.name}{'' if each.presence == 'always' else '?'}" for each in facts.events[name].headers]


def refused(path: Path) -> list[str]:
    with pytest.raises(TroubleError) as caught:
        condense(path)
    return [str(trouble).removeprefix(f"{path}: ") for trouble in caught.value.troubles]


# The file


def test_saving_and_loading_are_inverse(tmp_path: Path) -> None:
    path = FACTS.save(tmp_path / "spec" / "code")
    assert path == tmp_path / "spec" / "code" / "22.10.1.json"
    assert CodeFacts.load(path) == FACTS


@given(any_events)
def test_any_event_survives_the_file(events: list[CodeEvent]) -> None:
    facts = CodeFacts(release="22.10.1", actions={}, events={event.name: event for event in events})
    assert CodeFacts.model_validate_json(facts.dump()) == facts


def test_messages_are_sorted_and_a_header_takes_one_line() -> None:
    text = FACTS.dump()
    assert list(json.loads(text)["actions"]) == ["Add", "Zap"]
    assert list(json.loads(text)["events"]) == ["Done", "Item"]
    assert '{ "name": "Queue", "presence": "always" }' in [line.strip() for line in text.split("\n")]


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("{", ": Invalid JSON: "),
        ('{"release": "22.10.1", "actions": {}}', ": events: Field required."),
        (
            '{"release": "22.10.1", "actions": {}, "events": {"A": {"name": "A", "kinds": []}}}',
            ": Event A: events.A.kinds: Tuple should have at least 1 item",
        ),
        (
            '{"release": "22.10.1", "actions": {"Ping": {"name": "Pong"}}, "events": {}}',
            ": the entry Ping has the name Pong.",
        ),
        ('{"release": "20.1.0", "actions": {}, "events": {}}', ": The file contains the facts of release 20.1.0; "),
    ],
)
def test_a_file_that_was_changed_by_hand_is_refused_with_the_place(tmp_path: Path, text: str, trouble: str) -> None:
    path = tmp_path / "22.10.1.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TroubleError) as caught:
        CodeFacts.load(path)
    assert str(caught.value).startswith(f"{path}{trouble}")


def test_a_file_that_is_not_there_is_a_trouble(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.json") == ["Cannot read the file: No such file or directory."]


def test_all_files_of_a_folder_are_read_oldest_release_first(tmp_path: Path) -> None:
    for release in ("22.10.1", "9.1.0"):
        FACTS.model_copy(update={"release": release}).save(tmp_path)
    assert [facts.release for facts in CodeFacts.load_all(tmp_path)] == ["9.1.0", "22.10.1"]


def test_a_folder_without_facts_is_a_trouble(tmp_path: Path) -> None:
    with pytest.raises(TroubleError, match=r"sources FILE"):
        CodeFacts.load_all(tmp_path)


# Events


def test_a_header_is_always_sent_if_every_call_formats_it(tmp_path: Path) -> None:
    calls = event(source("Channeltype", "ObjectName", "Port"), source("Channeltype", "ObjectName", "Trunk", line=2))
    assert shown(condensed(tmp_path, PeerEntry=calls), "PeerEntry") == ["Channeltype", "ObjectName", "Port?", "Trunk?"]


def test_a_header_of_some_calls_precedes_the_next_common_one(tmp_path: Path) -> None:
    calls = [source("Context", *own, "Registrar", line=line) for line, own in enumerate((["Priority"], ["Switch"]))]
    facts = condensed(tmp_path, ListDialplan=event(*calls))
    assert shown(facts, "ListDialplan") == ["Context", "Priority?", "Switch?", "Registrar"]


def test_a_header_that_is_put_together_elsewhere_is_not_proved_to_be_sent(tmp_path: Path) -> None:
    facts = condensed(tmp_path, Registry=event(source("Domain", more_headers=["Cause"])))
    assert shown(facts, "Registry") == ["Domain", "Cause?"]


def test_a_call_without_headers_is_ignored(tmp_path: Path) -> None:
    item = source(line=2, kind="list item", more_headers=["ActionID"])
    facts = condensed(tmp_path, DeviceStateChange=event(source("Device", "State"), item))
    assert shown(facts, "DeviceStateChange") == ["Device", "State"]
    assert facts.events["DeviceStateChange"].kinds == ("unsolicited", "list item")


def test_calls_that_differ_in_case_only_send_one_header(tmp_path: Path) -> None:
    facts = condensed(tmp_path, Odd=event(source("Uniqueid"), source("UniqueID", line=2)))
    assert shown(facts, "Odd") == ["Uniqueid"]


def test_headers_of_any_message_are_not_headers_of_the_event(tmp_path: Path) -> None:
    facts = condensed(tmp_path, Status=event(source("Privilege", "Type", more_headers=["ActionID"])))
    assert shown(facts, "Status") == ["Type"]


def test_the_closing_event_of_a_list_has_eventlist_and_its_length(tmp_path: Path) -> None:
    facts = condensed(tmp_path, StatusComplete=event(source(kind="list complete", more_headers=["Items"])))
    assert shown(facts, "StatusComplete") == ["EventList", "ListItems", "Items?"]


def test_a_snapshot_comes_first_and_is_expanded_to_its_fields(tmp_path: Path) -> None:
    dialed = source("DialString", more_headers=["<channel_snapshot:Dest>"])
    facts = condensed(tmp_path, DialBegin=event(dialed))
    assert shown(facts, "DialBegin") == ["DestChannel", "DestExten", "DestChanVariable?", "DialString"]
    assert {(each.snapshot, each.prefix) for each in facts.events["DialBegin"].headers[:3]} == {("channel", "Dest")}


def test_a_header_documented_before_the_snapshot_is_sent_before_it(tmp_path: Path) -> None:
    told = event(source("Result", more_headers=["<channel_snapshot>"]), doc_headers=["Result", "<channel_snapshot>"])
    assert shown(condensed(tmp_path, BlindTransfer=told), "BlindTransfer")[:2] == ["Result", "Channel"]


def test_headers_of_a_call_that_sends_several_events_are_marked_as_shared(tmp_path: Path) -> None:
    call = source("Meetme", more_headers=["<channel_snapshot>", "Duration"])
    facts = condensed(tmp_path, MeetmeJoin=event(call), MeetmeLeave=event(call))
    assert shown(facts, "MeetmeJoin") == ["Channel?", "Exten?", "ChanVariable?", "Meetme", "Duration?"]
    assert [each.name for each in facts.events["MeetmeJoin"].headers if not each.shared] == ["Meetme"]


def test_a_stored_object_becomes_its_fields(tmp_path: Path) -> None:
    detail = event(source(more_headers=["<sorcery object>", "EndpointName"]), sorcery_type="auth")
    assert shown(condensed(tmp_path, AuthDetail=detail), "AuthDetail") == [
        "ObjectType",
        "ObjectName",
        "Realm?",
        "EndpointName?",
    ]


def test_headers_that_are_json_keys_mark_the_event(tmp_path: Path) -> None:
    facts = condensed(tmp_path, AsyncAGIExec=event(source(more_headers=["<json keys>", "CommandId"])))
    assert facts.events["AsyncAGIExec"].json_keys
    assert shown(facts, "AsyncAGIExec") == ["CommandId?"]


def test_internal_and_test_events_are_ignored(tmp_path: Path) -> None:
    events = {
        "CloseSession": event(source(), internal=True),
        "FakeMI": event(source(), test_only=True),
        "ConfbridgeWelcome": event(source()),
        "Hangup": event(source()),
    }
    facts = condense(scanned(tmp_path, events=events, not_on_ami={"ConfbridgeWelcome": "never routed"}))
    assert list(facts.events) == ["Hangup"]


def test_the_conditions_of_an_event_are_those_of_all_its_calls(tmp_path: Path) -> None:
    first = source(conditional=["HAVE_PRI", "TEST_FRAMEWORK"])
    facts = condensed(tmp_path, TestEvent=event(first, source(line=2, conditional=["TEST_FRAMEWORK"])))
    assert facts.events["TestEvent"].conditions == ("TEST_FRAMEWORK",)


def test_the_flags_of_all_calls_are_the_privileges(tmp_path: Path) -> None:
    calls = event(source(flags=["EVENT_FLAG_SYSTEM", "EVENT_FLAG_USER"]), source(line=2, flags=["EVENT_FLAG_USER"]))
    assert condensed(tmp_path, Changed=calls).events["Changed"].privileges == ("system", "user")


# Actions


def test_an_action_combines_its_registrations_and_its_handler(tmp_path: Path) -> None:
    registered = [
        {"module": "app_voicemail", "authority": ["EVENT_FLAG_CALL", "EVENT_FLAG_REPORTING"], "conditional": []},
        {"module": "app_voicemail_imap", "authority": ["EVENT_FLAG_CALL"], "conditional": ["IMAP"]},
    ]
    handled = action(
        registrations=registered,
        reads_headers=["ActionID", "Mailbox"],
        response_headers=["Message", "New", "<dynamic>"],
    )
    assert condense(scanned(tmp_path, actions={"Voicemail": handled})).actions["Voicemail"] == CodeAction(
        name="Voicemail",
        modules=("app_voicemail", "app_voicemail_imap"),
        privileges=("call", "reporting"),
        headers=("Mailbox",),
        response_headers=("New",),
    )


def test_a_list_has_its_items_its_end_and_whether_it_is_conditional(tmp_path: Path) -> None:
    hangup = action(
        list=True, listack=["start"], acks=["Channel Hungup"], events={"items": ["ChannelHungup"], "complete": ["Done"]}
    )
    events = {"ChannelHungup": event(source()), "Done": event(source())}
    facts = condense(scanned(tmp_path, actions={"Hangup": hangup}, events=events))
    assert facts.actions["Hangup"].list == CodeList(
        items=("ChannelHungup",), complete="Done", announced=True, conditional=True
    )


def test_answering_events_outside_lists_are_distinguished(tmp_path: Path) -> None:
    login = action(events={"items": ["FullyBooted"], "complete": []})
    facts = condense(scanned(tmp_path, actions={"Login": login}, events={"FullyBooted": event(source())}))
    assert facts.actions["Login"].list is None
    assert facts.actions["Login"].answers == ("FullyBooted",)


# Troubles


def test_every_error_in_a_scan_is_reported_at_once(tmp_path: Path) -> None:
    path = scanned(
        tmp_path,
        actions={"Status": action(list=True, events={"items": ["Gone"], "complete": []})},
        events={"A": event(source(more_headers=["<what>"])), "B": event(source(more_headers=["<sorcery object>"]))},
        unresolved=["main/x.c:7"],
    )
    assert refused(path) == [
        "The scan could not determine main/x.c:7; complete it first.",
        "Action Status: It answers with the event Gone, which no call sends.",
        "Action Status: Its list has no items, or not exactly one closing event.",
        "Event A: The scan contains <what>, which has no meaning here.",
        "Event B: The scan does not state which stored object it shows.",
    ]


def test_a_scan_of_another_shape_is_refused_with_the_place(tmp_path: Path) -> None:
    path = scanned(tmp_path, events={"A": event()})
    assert refused(path) == [
        "Event A: events.A.sources: Tuple should have at least 1 item after validation, not 0.",
    ]


def test_nothing_is_written_when_one_scan_has_a_trouble(tmp_path: Path) -> None:
    good, bad = scanned(tmp_path), scanned(tmp_path, "bad.json", version="20.1.0", unresolved=["x"])
    with pytest.raises(TroubleError):
        condense_into([good, bad], tmp_path / "code")
    assert not (tmp_path / "code").exists()
    assert condense_into([good], tmp_path / "code") == [tmp_path / "code" / "22.10.1.json"]


def test_two_scans_of_one_release_are_a_trouble(tmp_path: Path) -> None:
    with pytest.raises(TroubleError, match=r"This is the second file for release 22\.10\.1\."):
        condense_into([scanned(tmp_path), scanned(tmp_path, "again.json")], tmp_path / "code")


# The facts of this repository


def test_the_facts_that_are_kept_are_as_the_stage_writes_them() -> None:
    for facts_of_code in CodeFacts.load_all(SPEC / "code"):
        path = SPEC / "code" / f"{facts_of_code.release}.json"
        assert path.read_text(encoding="utf-8") == facts_of_code.dump()


@pytest.mark.parametrize("documented", facts.load_all(SPEC / "facts"), ids=lambda each: each.release)
def test_every_documented_event_is_one_that_the_release_sends(documented: facts.Facts) -> None:
    sent = CodeFacts.load(SPEC / "code" / f"{documented.release}.json").events
    assert {name.lower() for name in documented.events} - {name.lower() for name in sent} == set()
    assert {name for name in documented.events if name not in sent} == {"NewExten"}  # Newexten on the wire


@pytest.mark.parametrize("documented", facts.load_all(SPEC / "facts"), ids=lambda each: each.release)
def test_every_documented_action_but_a_ghost_is_registered_and_nothing_else_is(documented: facts.Facts) -> None:
    registered = CodeFacts.load(SPEC / "code" / f"{documented.release}.json").actions
    assert documented.actions.keys() - {"FilterList"} == registered.keys()


@pytest.mark.parametrize("documented", facts.load_all(SPEC / "facts"), ids=lambda each: each.release)
def test_documented_lists_are_the_lists_that_are_sent(documented: facts.Facts) -> None:
    registered = CodeFacts.load(SPEC / "code" / f"{documented.release}.json").actions
    for name, listed in documented.actions.items():
        if listed.responses is not None:
            sent = registered[name].list
            assert sent is not None
            assert set(sent.items) == set(listed.responses.items)
            assert sent.complete == listed.responses.complete
