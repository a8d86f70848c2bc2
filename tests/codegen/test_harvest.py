"""What the documentation says becomes facts; what it contradicts itself about becomes a trouble."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from codegen.facts import Action, Event, Facts, Parameter, Reference, Responses, load_all
from codegen.harvest import harvest, harvest_into
from codegen.trouble import TroubleError

REPOSITORY = Path(__file__).parents[2]
REAL_FILES = sorted((REPOSITORY.parent / "shared" / "asterisk-docs").glob("*.xml.gz"))
REAL_RELEASES = [path.name.removesuffix(".xml.gz") for path in REAL_FILES]
needs_real_files = pytest.mark.skipif(
    not REAL_FILES, reason="NOT RUN: needs the documentation of real releases in ../shared/asterisk-docs"
)

TENANT_ID = "<function name='CHANNEL'><syntax><parameter name='item'><enumlist><enum name='tenantid'/></enumlist></parameter></syntax></function>"


def written(folder: Path, body: str, name: str = "22.10.1.xml") -> Path:
    path = folder / name
    path.write_text(f'<docs xmlns:xi="http://www.w3.org/2001/XInclude">{body}</docs>', encoding="utf-8")
    return path


def harvested(folder: Path, body: str) -> Facts:
    return harvest(written(folder, body))


def event(syntax: str, name: str = "Hangup", **attributes: str) -> str:
    extra = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<managerEvent name="{name}"><managerEventInstance class="EVENT_FLAG_CALL"{extra}><syntax>{syntax}</syntax></managerEventInstance></managerEvent>'


def action(syntax: str, name: str = "Originate", module: str = "builtin") -> str:
    return f'<manager name="{name}" module="{module}"><syntax>{syntax}</syntax></manager>'


def parameters(folder: Path, syntax: str) -> tuple[Parameter, ...]:
    return harvested(folder, action(syntax)).actions["Originate"].parameters


def refused(path: Path, release: str | None = None) -> list[str]:
    with pytest.raises(TroubleError) as caught:
        harvest(path, release)
    return [str(trouble).removeprefix(str(path)) for trouble in caught.value.troubles]


# --- one message -----------------------------------------------------------------------------------------------


def test_everything_documented_about_an_action_is_kept(tmp_path: Path) -> None:
    body = """
        <manager name="QueueStatus" language="en_US" module="app_queue">
          <since><version>1.8.0</version><version>13.2.0</version></since>
          <synopsis>Prose.</synopsis>
          <syntax><parameter name="Queue" required="true"/><parameter name="Member" default="all"/></syntax>
          <description><para>Prose.</para></description>
          <see-also><ref type="manager">QueueAdd</ref><ref type="managerEvent">
            QueueMember</ref></see-also>
          <responses>
            <list-elements><managerEvent name="QueueMember"><managerEventInstance class="EVENT_FLAG_AGENT">
              <syntax><parameter name="Name"/></syntax></managerEventInstance></managerEvent></list-elements>
            <managerEvent name="QueueStatusComplete"><managerEventInstance class="EVENT_FLAG_AGENT"/></managerEvent>
          </responses>
        </manager>"""
    assert harvested(tmp_path, body).actions == {
        "QueueStatus": Action(
            name="QueueStatus",
            modules=("app_queue",),
            since=("1.8.0", "13.2.0"),
            parameters=(Parameter(name="Queue", required=True), Parameter(name="Member", default="all")),
            responses=Responses(items=("QueueMember",), complete="QueueStatusComplete"),
            see_also=(Reference(type="manager", name="QueueAdd"), Reference(type="managerEvent", name="QueueMember")),
        )
    }


def test_everything_documented_about_an_event_is_kept(tmp_path: Path) -> None:
    body = """
        <managerEvent name="Hangup" language="en_US" module="builtin">
          <managerEventInstance class="EVENT_FLAG_CALL" module="builtin">
            <since><version>0.9.0</version></since><synopsis>Prose.</synopsis>
            <syntax><parameter name="Cause-txt"/><parameter name="Cause"/></syntax>
            <see-also><ref type="managerEvent">Newchannel</ref></see-also>
          </managerEventInstance>
        </managerEvent>"""
    assert harvested(tmp_path, body).events == {
        "Hangup": Event(
            name="Hangup",
            classes=("EVENT_FLAG_CALL",),
            modules=("builtin",),
            since=("0.9.0",),
            parameters=(Parameter(name="Cause-txt"), Parameter(name="Cause")),
            see_also=(Reference(type="managerEvent", name="Newchannel"),),
        )
    }


@pytest.mark.parametrize(
    ("text", "required"),
    [("", None), ('required="yes"', True), ('required="true"', True), ('required="no"', False), ('required="false"', False)],
)  # fmt: skip
def test_required_absent_and_required_false_stay_distinct(tmp_path: Path, text: str, required: bool | None) -> None:
    (parameter,) = parameters(tmp_path, f'<parameter name="P" {text}/>')
    assert parameter.required is required


def test_multiple_is_kept(tmp_path: Path) -> None:
    assert [p.multiple for p in parameters(tmp_path, '<parameter name="A" multiple="yes"/><parameter name="B"/>')] == [
        True,
        None,
    ]


def test_values_are_kept_in_order_and_those_inside_other_values_are_not(tmp_path: Path) -> None:
    inner = "<enumlist><enum name='not a value'/></enumlist>"
    syntax = f"""<parameter name="P"><para>x</para><enumlist><enum name="Up"/><enum name="Down"><para>y</para>{inner}</enum></enumlist>
        <enumlist><enum name="Busy"/><enum name="Up"/></enumlist><info name="I" tech="PJSIP">{inner}</info></parameter>"""
    assert parameters(tmp_path, syntax) == (Parameter(name="P", values=("Up", "Down", "Busy")),)


def test_values_may_be_the_options_of_a_configuration_file(tmp_path: Path) -> None:
    config = "<configInfo name='c'><configFile name='f'><configObject name='o'><configOption name='host'/><configOption name='port'/></configObject></configFile></configInfo>"
    pointer = "xpointer(/docs/configInfo[@name='c']/configFile[@name='f']/configObject[@name='o']/configOption)"
    syntax = f'<parameter name="P"><enumlist><configOptionToEnum><xi:include xpointer="{pointer}"/></configOptionToEnum></enumlist></parameter>'
    facts = harvested(tmp_path, action(syntax) + config)
    assert facts.actions["Originate"].parameters == (Parameter(name="P", values=("host", "port")),)


def test_an_included_parameter_is_one_of_the_message(tmp_path: Path) -> None:
    pointer = "xpointer(/docs/manager[@name='Login']/syntax/parameter[@name='ActionID'])"
    body = action(f'<xi:include xpointer="{pointer}"/><parameter name="P"/>') + action(
        '<parameter name="ActionID" required="false"/>', "Login"
    )
    assert harvested(tmp_path, body).actions["Originate"].parameters == (
        Parameter(name="ActionID", required=False),
        Parameter(name="P"),
    )


def test_events_only_in_responses_are_distinguished_from_others(tmp_path: Path) -> None:
    inside = "<managerEvent name='Item'><managerEventInstance class='C'/></managerEvent>"
    pointer = "<xi:include xpointer=\"xpointer(/docs/managerEvent[@name='Done'])\"/>"
    body = f"<manager name='List'><responses><list-elements>{inside}</list-elements>{pointer}</responses></manager>"
    facts = harvested(tmp_path, body + event("", "Done"))
    assert facts.actions["List"].responses == Responses(items=("Item",), complete="Done")
    assert {name: found.only_in_responses for name, found in facts.events.items()} == {"Item": True, "Done": False}


# --- snapshots -------------------------------------------------------------------------------------------------

CHANNEL = (
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum",
    "ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid",
)  # fmt: skip
BRIDGE = (
    "BridgeUniqueid", "BridgeType", "BridgeTechnology", "BridgeCreator", "BridgeName", "BridgeNumChannels",
    "BridgeVideoSourceMode", "BridgeVideoSource",
)  # fmt: skip


def test_a_snapshot_expands_in_place_to_its_headers(tmp_path: Path) -> None:
    syntax = '<parameter name="First"/><channel_snapshot/><bridge_snapshot/><parameter name="Last"/>'
    found = harvested(tmp_path, event(syntax)).events["Hangup"].parameters
    assert [parameter.name for parameter in found] == ["First", *CHANNEL, "ChanVariable", *BRIDGE, "Last"]


def test_a_prefix_precedes_every_header_of_a_snapshot_and_is_recorded(tmp_path: Path) -> None:
    found = (
        harvested(tmp_path, event('<channel_snapshot prefix="Dest"/><bridge_snapshot prefix="To"/>'))
        .events["Hangup"]
        .parameters
    )
    assert [each.name for each in found] == [f"Dest{name}" for name in (*CHANNEL, "ChanVariable")] + [
        f"To{name}" for name in BRIDGE
    ]
    assert {(each.snapshot, each.prefix) for each in found} == {("channel", "Dest"), ("bridge", "To")}


def test_the_headers_of_a_snapshot_that_may_be_left_out_are_marked(tmp_path: Path) -> None:
    found = harvested(tmp_path, event("<channel_snapshot/><bridge_snapshot/>") + TENANT_ID).events["Hangup"].parameters
    assert [each.name for each in found if each.required is False] == ["Tenantid", "ChanVariable", "BridgeVideoSource"]
    assert [each.name for each in found if each.multiple] == ["ChanVariable"]
    assert not any(each.required for each in found)


def test_a_channel_has_a_tenant_only_if_the_release_documents_tenants(tmp_path: Path) -> None:
    def names(body: str) -> list[str]:
        return [each.name for each in harvested(tmp_path, body).events["Hangup"].parameters]

    assert names(event("<channel_snapshot/>") + TENANT_ID) == [*CHANNEL, "Tenantid", "ChanVariable"]
    assert names(event("<channel_snapshot/>")) == [*CHANNEL, "ChanVariable"]


# --- several accounts of one message ---------------------------------------------------------------------------


def test_several_instances_of_an_event_are_one_event(tmp_path: Path) -> None:
    first = '<managerEventInstance class="EVENT_FLAG_CALL" module="a"><since><version>13.0.0</version></since><syntax><parameter name="A"/><parameter name="B"/></syntax></managerEventInstance>'
    second = '<managerEventInstance class="EVENT_FLAG_USER" module="b"><since><version>14.0.0</version></since><syntax><parameter name="B" required="true"/><parameter name="C"/></syntax></managerEventInstance>'
    found = harvested(tmp_path, f'<managerEvent name="E">{first}{second}</managerEvent>').events["E"]
    assert (found.classes, found.modules, found.since) == (
        ("EVENT_FLAG_CALL", "EVENT_FLAG_USER"),
        ("a", "b"),
        ("13.0.0", "14.0.0"),
    )
    assert found.parameters == (Parameter(name="A"), Parameter(name="B", required=True), Parameter(name="C"))


def test_several_copies_of_an_action_are_one_action_of_all_their_modules(tmp_path: Path) -> None:
    values = '<parameter name="Mode"><enumlist><enum name="{}"/><enum name="both"/></enumlist></parameter>'
    copies = action(values.format("imap"), module="app_voicemail_imap") + action(
        '<parameter name="Mailbox"/>' + values.format("odbc"), module="app_voicemail_odbc"
    )
    found = harvested(tmp_path, copies).actions["Originate"]
    assert found.modules == ("app_voicemail_imap", "app_voicemail_odbc")
    assert found.parameters == (Parameter(name="Mode", values=("imap", "both", "odbc")), Parameter(name="Mailbox"))


def test_a_header_documented_twice_is_kept_at_its_first_place(tmp_path: Path) -> None:
    syntax = '<parameter name="AccountID"/><parameter name="Other"/><parameter name="AccountID"/>'
    assert [each.name for each in parameters(tmp_path, syntax)] == ["AccountID", "Other"]


def test_a_header_that_also_belongs_to_a_snapshot_is_kept_once_as_one_of_the_snapshot(tmp_path: Path) -> None:
    found = (
        harvested(tmp_path, event('<channel_snapshot/><parameter name="Linkedid" required="true"/>'))
        .events["Hangup"]
        .parameters
    )
    assert [each for each in found if each.name == "Linkedid"] == [
        Parameter(name="Linkedid", required=True, snapshot="channel")
    ]


def test_a_header_documented_before_the_snapshot_that_has_it_too_is_one_of_the_snapshot(tmp_path: Path) -> None:
    syntax = '<parameter name="DestExten"/><channel_snapshot prefix="Dest"/>'
    first = harvested(tmp_path, event(syntax)).events["Hangup"].parameters[0]
    assert first == Parameter(name="DestExten", snapshot="channel", prefix="Dest")


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ('required="true"', 'required="false"', "P is documented twice, with required True and False."),
        ('multiple="yes"', 'multiple="no"', "P is documented twice, with multiple True and False."),
        ('default="1"', 'default="2"', "P is documented twice, with default 1 and 2."),
    ],
)
def test_copies_that_contradict_each_other_are_a_trouble_at_the_second_one(
    tmp_path: Path, one: str, other: str, sentence: str
) -> None:
    path = written(tmp_path, action(f'<parameter name="P" {one}/>') + "\n" + action(f'<parameter name="P" {other}/>'))
    assert refused(path) == [f":2: Action Originate, parameter P: {sentence}"]


def test_a_list_with_two_closing_events_is_a_trouble(tmp_path: Path) -> None:
    done = "<managerEvent name='{}'><managerEventInstance class='C'/></managerEvent>"
    path = written(
        tmp_path, f"<manager name='List'><responses>{done.format('Done')}{done.format('Over')}</responses></manager>"
    )
    assert refused(path) == [":1: Action List: Its list is closed by both Done and Over; only one is possible."]


# --- what is wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (action('<parameter name="P" required="maybe"/>'), "parameter P: Its required is 'maybe'; Asterisk uses only yes, no, true and false."),
        (action('<parameter name="P" multiple="2"/>'), "parameter P: Its multiple is '2'; Asterisk uses only yes, no, true and false."),
        (action("<parameter/>"), "A <parameter> has the name ''; a name must be printable text."),
        (action('<parameter name="P&#13;&#10;Action: Logoff"/>'), r"A <parameter> has the name 'P\r\nAction: Logoff'; a name must be printable text."),
        (action('<parameter name="P"><enumlist><enum/></enumlist></parameter>'), "parameter P: A <enum> has the name ''; a name must be printable text."),
        (event('<channel_snapshot prefix="P&#10;"/>'), r"A snapshot has the prefix 'P\n'; a prefix must be printable text."),
        (action("", ""), "A <manager> has the name ''; a name must be printable text."),
        (event("", " "), "A <managerEvent> has the name ''; a name must be printable text."),
    ],
)  # fmt: skip
def test_an_invalid_fact_is_a_trouble_with_its_place(tmp_path: Path, body: str, trouble: str) -> None:
    (found,) = refused(written(tmp_path, f"\n{body}"))
    assert found.startswith(":2: ")
    assert found.endswith(trouble)


# --- the release -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["22.10.1.xml", "asterisk-22.10.1.xml", "22.10.1"]
)  # fmt: skip
def test_the_release_is_taken_from_the_name(tmp_path: Path, name: str) -> None:
    assert harvest(written(tmp_path, event(""), name)).release == "22.10.1"


def test_a_live_installations_file_needs_the_release_to_be_given(tmp_path: Path) -> None:
    folder = tmp_path / "documentation"
    folder.mkdir()
    written(folder, event(""), "core-en_US.xml")

    sentence = ": Neither the documentation nor the file name states the release; pass --release."
    assert refused(folder) == [sentence]
    assert harvest(folder, "18.9-cert5").release == "18.9-cert5"


@pytest.mark.parametrize("release", ["22", "../22.10.1", "22.10.1-latest", "Asterisk 22.10.1"])
def test_an_invalid_release_is_rejected(tmp_path: Path, release: str) -> None:
    path = written(tmp_path, event(""))
    assert refused(path, release) == [f": {release!r} is not a release, such as 22.10.1."]


# --- files written ---------------------------------------------------------------------------------------------


def test_each_file_becomes_one_facts_file(tmp_path: Path) -> None:
    files = [written(tmp_path, event(""), "9.1.0.xml"), written(tmp_path, event(""), "22.10.1.xml")]
    facts = tmp_path / "spec" / "facts"
    assert harvest_into(files, facts) == [facts / "9.1.0.json", facts / "22.10.1.json"]
    assert [each.release for each in load_all(facts)] == ["9.1.0", "22.10.1"]


def test_with_any_trouble_nothing_is_written_and_all_files_are_reported(tmp_path: Path) -> None:
    facts = tmp_path / "facts"
    good, bad = written(tmp_path, event(""), "9.1.0.xml"), written(tmp_path, "<nonsense/>", "22.10.1.xml")
    with pytest.raises(TroubleError) as caught:
        harvest_into([bad, good, tmp_path / "8.0.0.xml"], facts)
    assert [Path(trouble.file).name for trouble in caught.value.troubles] == ["22.10.1.xml", "8.0.0.xml"]
    assert not facts.exists()


def test_two_files_of_one_release_are_a_trouble(tmp_path: Path) -> None:
    files = [written(tmp_path, event(""), "22.10.1.xml"), written(tmp_path, event(""), "asterisk-22.10.1.xml")]
    with pytest.raises(TroubleError, match=r"asterisk-22\.10\.1\.xml: This is the second file for release 22\.10\.1\."):
        harvest_into(files, tmp_path / "facts")


def test_one_release_cannot_be_given_for_two_files(tmp_path: Path) -> None:
    files = [written(tmp_path, event(""), "22.10.1.xml"), written(tmp_path, event(""), "9.1.0.xml")]
    with pytest.raises(TroubleError, match="--release applies to a single file"):
        harvest_into(files, tmp_path / "facts", "20.1.0")


def test_the_same_documentation_makes_the_same_bytes_packed_or_not(tmp_path: Path) -> None:
    plain = written(tmp_path, event("<channel_snapshot/>", "B") + event("", "A") + action(""), "22.10.1.xml")
    packed = tmp_path / "22.10.1.xml.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert harvest(plain).dump() == harvest(packed).dump() == harvest(plain).dump()


def test_no_prose_gets_into_the_facts(tmp_path: Path) -> None:
    prose = "<para>leak <literal>leak</literal> <emphasis>leak</emphasis></para><note><para>leak</para></note>"
    enum = f"<enumlist><enum name='v'>{prose}</enum></enumlist>"
    inside = f"<synopsis>leak</synopsis><syntax><parameter name='P'>{prose}{enum}<warning>{prose}</warning></parameter></syntax><description>{prose}{enum}</description>"
    item = f"<managerEvent name='I'><managerEventInstance class='C'>{inside}</managerEventInstance></managerEvent>"
    body = f"<manager name='A'>{inside}<responses><list-elements>{item}</list-elements></responses></manager>"
    text = harvested(tmp_path, body + item.replace("'I'", "'E'")).dump()
    assert "leak" not in text
    assert text.count('"P"') == 3


# --- the real releases -----------------------------------------------------------------------------------------

COUNTS = {
    "13.38.3": (154, 151), "14.7.8": (154, 151), "15.7.4": (153, 152), "16.30.1": (159, 169), "17.9.4": (157, 160),
    "18.26.4": (167, 171), "19.8.1": (159, 169), "20.20.1": (169, 185), "21.12.3": (152, 180), "22.10.1": (154, 181),
    "23.4.1": (154, 181), "20.21.0-rc1": (169, 185), "22.11.0-rc1": (154, 181), "23.5.0-rc1": (154, 181),
}  # fmt: skip

COMMITTED = REPOSITORY / "spec" / "facts"


@needs_real_files
@pytest.mark.parametrize(
    "path",  # of the release whose facts are kept: the others of its branch gave way to it
    [path for path in REAL_FILES if (COMMITTED / f"{path.name.removesuffix('.xml.gz')}.json").exists()],
    ids=lambda path: path.name.removesuffix(".xml.gz"),
)
def test_the_committed_facts_match_the_documentation(path: Path) -> None:
    facts = harvest(path)
    assert (len(facts.actions), len(facts.events)) == COUNTS[facts.release]
    committed = COMMITTED / f"{facts.release}.json"
    assert facts.dump() == committed.read_text(encoding="utf-8")


@needs_real_files
@pytest.mark.parametrize("path", REAL_FILES, ids=REAL_RELEASES)
def test_the_facts_agree_with_what_the_sources_of_the_same_release_document(path: Path) -> None:
    facts = harvest(path)
    sources = json.loads(
        path.parents[1].joinpath("asterisk-facts", f"{facts.release}.json").read_text(encoding="utf-8")
    )
    for name, action in facts.actions.items():
        if name == "FilterList":  # documented in 13, 14, 15 and 17, where no such action is registered
            continue
        assert {each.name for each in action.parameters} == set(sources["actions"][name]["doc_params"]), name
        documented = sources["actions"][name]["doc_responses"]
        assert (action.responses is None) == (documented is None), name
        if action.responses:
            assert list(action.responses.items) == documented["items"], name
            assert [action.responses.complete] == documented["complete"], name
    inside = {
        name: each["documented"] == "in responses"
        for name, each in sources["events"].items()
        if each["documented"] in {"yes", "in responses"}
    }
    assert {name: each.only_in_responses for name, each in facts.events.items() if name != "NewExten"} == inside


@needs_real_files
@pytest.mark.parametrize("path", REAL_FILES, ids=REAL_RELEASES)
def test_nothing_longer_than_a_name_gets_into_the_facts_of_a_real_release(path: Path) -> None:
    texts = re.findall(r'"(?:[^"\\]|\\.)*"', harvest(path).dump())
    assert [text for text in texts if len(text.split()) > 3] == []
