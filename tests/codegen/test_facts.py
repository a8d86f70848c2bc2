"""A facts file holds exactly what was harvested, in a form that a person can compare."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.facts import Action, Event, Facts, Parameter, Reference, Responses, load_all, release_key
from codegen.trouble import TroubleError

FACTS = Facts(
    release="22.10.1",
    actions={
        "Zap": Action(
            name="Zap", modules=("m",), since=("1.0.0",), responses=Responses(items=("Item",), complete="Done")
        ),
        "Add": Action(
            name="Add",
            parameters=(
                Parameter(name="Queue", required=True),
                Parameter(name="Mode", required=False, multiple=True, default="", values=("a}", "[b", 'c"', "d,\n e")),
            ),
            see_also=(Reference(type="manager", name="Zap"),),
        ),
    },
    events={
        "Item": Event(name="Item", classes=("EVENT_FLAG_CALL",), only_in_responses=True),
        "Done": Event(name="Done", parameters=(Parameter(name="DestExten", snapshot="channel", prefix="Dest"),)),
    },
)

texts = st.text(min_size=1, max_size=12)
lists = st.lists(texts, max_size=3).map(tuple)
flags = st.sampled_from([None, True, False])
parameter_lists = st.lists(
    st.builds(
        Parameter,
        name=texts,
        required=flags,
        multiple=flags,
        default=st.none() | st.text(max_size=5),
        values=lists,
        snapshot=st.sampled_from([None, "channel", "bridge"]),
        prefix=st.text(max_size=3),
    ),
    max_size=3,
).map(tuple)
any_events = st.lists(
    st.builds(
        Event, name=texts, classes=lists, since=lists, parameters=parameter_lists, only_in_responses=st.booleans()
    ),
    max_size=4,
)


def refused(path: Path) -> list[str]:
    with pytest.raises(TroubleError) as caught:
        Facts.load(path)
    return [str(trouble).removeprefix(str(path)) for trouble in caught.value.troubles]


def test_saving_and_loading_are_inverse(tmp_path: Path) -> None:
    path = FACTS.save(tmp_path / "spec" / "facts")
    assert path == tmp_path / "spec" / "facts" / "22.10.1.json"
    assert Facts.load(path) == FACTS


@given(any_events)
def test_any_event_survives_the_file(events: list[Event]) -> None:
    facts = Facts(release="22.10.1", actions={}, events={event.name: event for event in events})
    assert Facts.model_validate_json(facts.dump()) == facts


def test_messages_are_sorted_and_everything_inside_them_keeps_its_order() -> None:
    document = json.loads(FACTS.dump())
    assert list(document["actions"]) == ["Add", "Zap"]
    assert list(document["events"]) == ["Done", "Item"]
    assert [each["name"] for each in document["actions"]["Add"]["parameters"]] == ["Queue", "Mode"]


def test_the_order_in_which_messages_were_found_does_not_show() -> None:
    turned = FACTS.model_copy(update={"actions": dict(reversed(list(FACTS.actions.items())))})
    assert turned.dump() == FACTS.dump()


def test_defaults_are_omitted_and_explicit_false_is_kept() -> None:
    document = json.loads(FACTS.dump())
    assert document["events"]["Item"] == {"name": "Item", "classes": ["EVENT_FLAG_CALL"], "only_in_responses": True}
    assert document["actions"]["Add"]["parameters"][0] == {"name": "Queue", "required": True}
    assert document["actions"]["Add"]["parameters"][1]["required"] is False
    assert document["actions"]["Add"]["parameters"][1]["default"] == ""


def test_a_parameter_takes_one_line_and_the_file_ends_with_a_line_break() -> None:
    lines = FACTS.dump().split("\n")
    assert '    { "name": "Queue", "required": true },' in lines
    assert lines[-1] == ""
    assert lines[-2] == "}"


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("{", ": Invalid JSON: "),
        ("[]", ": Input should be an object."),
        ('{"release": "22.10.1", "actions": {}}', ": events: Field required."),
        ('{"release": "x/../y", "actions": {}, "events": {}}', ": release: String should match pattern"),
        ('{"release": "22.10.1", "actions": {}, "events": {}, "notes": 1}', ": notes: unknown key."),
        (
            '{"release": "22.10.1", "actions": {}, "events": {"Hangup": {"name": "Hangup", "classes": 1}}}',
            ": Event Hangup: events.Hangup.classes: Input should be a valid array.",
        ),
        (
            '{"release": "22.10.1", "actions": {"Ping": {"name": "Ping", "prose": "x"}}, "events": {}}',
            ": Action Ping: actions.Ping.prose: unknown key.",
        ),
        (
            '{"release": "22.10.1", "actions": {"Ping": {"name": "Pong"}}, "events": {}}',
            ": the entry Ping has the name Pong.",
        ),
        (
            '{"release": "20.1.0", "actions": {}, "events": {}}',
            ": The file contains the facts of release 20.1.0; it must be named after its release.",
        ),
    ],
)
def test_a_facts_file_that_was_damaged_is_refused_with_its_place(tmp_path: Path, text: str, trouble: str) -> None:
    path = tmp_path / "22.10.1.json"
    path.write_text(text, encoding="utf-8")
    (found,) = refused(path)
    assert found.startswith(trouble)


def test_a_facts_file_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path) -> None:
    assert refused(tmp_path / "22.10.1.json") == [": Cannot read the file: No such file or directory."]


def test_facts_cannot_be_changed_by_a_later_stage() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(FACTS.actions["Add"], "name", "Other")  # noqa: B010 (the type checkers refuse the plain assignment)


def test_all_facts_are_loaded_oldest_release_first(tmp_path: Path) -> None:
    for release in ("13.38.3", "9.1.0", "18.9-cert1", "18.9", "18.26.4"):
        FACTS.model_copy(update={"release": release}).save(tmp_path)
    assert [facts.release for facts in load_all(tmp_path)] == ["9.1.0", "13.38.3", "18.9", "18.9-cert1", "18.26.4"]


def test_the_troubles_of_all_facts_files_are_reported_at_once(tmp_path: Path) -> None:
    for name in ("1.0.0.json", "2.0.0.json"):
        (tmp_path / name).write_text("{", encoding="utf-8")
    with pytest.raises(TroubleError) as caught:
        load_all(tmp_path)
    assert [Path(trouble.file).name for trouble in caught.value.troubles] == ["1.0.0.json", "2.0.0.json"]


def test_a_folder_without_facts_tells_how_to_create_them(tmp_path: Path) -> None:
    with pytest.raises(
        TroubleError, match=r"The folder contains no facts; create them with `python -m codegen harvest FILE\.\.\.`\."
    ):
        load_all(tmp_path)


def test_releases_sort_by_number() -> None:
    assert sorted(["22.10.1", "22.9.0", "9.0.0"], key=release_key) == ["9.0.0", "22.9.0", "22.10.1"]
    mixed = ["22.11.1-rc1", "22.11.0", "22.11.0-rc10", "22.10.1", "22.11.0-cert1", "22.11.0-rc2"]
    assert " < ".join(sorted(mixed, key=release_key)) == (
        "22.10.1 < 22.11.0-rc2 < 22.11.0-rc10 < 22.11.0 < 22.11.0-cert1 < 22.11.1-rc1"
    )


def test_the_facts_of_eleven_releases_are_in_the_repository() -> None:
    loaded = {facts.release: facts for facts in load_all(Path(__file__).parents[2] / "spec" / "facts")}
    assert {
        "13.38.3",
        "14.7.8",
        "15.7.4",
        "16.30.1",
        "17.9.4",
        "18.26.4",
        "19.8.1",
        "20.21.0-rc1",
        "21.12.3",
        "22.11.0-rc1",
        "23.5.0-rc1",
    } <= set(loaded)
    newest = loaded["22.11.0-rc1"]
    assert [each.name for each in newest.actions["QueueAdd"].parameters if each.required] == ["Queue", "Interface"]
    assert newest.actions["VoicemailMove"].modules == ("app_voicemail", "app_voicemail_imap", "app_voicemail_odbc")
    assert newest.actions["CoreShowChannels"].responses == Responses(
        items=("CoreShowChannel",), complete="CoreShowChannelsComplete"
    )
    assert newest.events["Hangup"].classes == ("EVENT_FLAG_CALL",)
