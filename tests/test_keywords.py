"""Events, answers and lists made with keywords are what Asterisk would send: every attribute comes back as it was given."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import aggregates, catalogue, configuration, enums, events, fields, responses, structures, values
from ami_typed.fields import Always, fields_of
from ami_typed.messages import event_name

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS: list[type[Any]] = [getattr(events, name) for name in catalogue.EVENTS]
ANSWERS: list[type[Any]] = [getattr(responses, name) for name in catalogue.RESPONSES]

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")
TEXTS = st.text(CHARACTERS)
WORDS = st.from_regex(r"[A-Za-z0-9@._-]{1,12}", fullmatch=True)
FLAGS = (values.yes_no, values.one_zero, values.true_false, values.on_off, values.enabled_disabled)
DURATIONS = (values.seconds, values.milliseconds, values.microseconds, values.minutes)
NAIVE = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1))


def durations(**largest: int) -> st.SearchStrategy[timedelta]:
    return st.timedeltas(timedelta(), timedelta(**largest))


OF_CODEC: dict[Any, st.SearchStrategy[Any]] = {
    values.text: TEXTS,
    values.uri_encoded: TEXTS,
    values.nullable: TEXTS.filter(lambda text: text != "(null)"),
    values.integer: st.integers(),
    values.integer24: st.integers(-(1 << 23), (1 << 23) - 1),
    values.real: st.floats(allow_nan=False, allow_infinity=False),
    values.round_trip: st.none() | st.floats(0, 32767),
    values.seconds_left: st.none() | st.integers(1, (1 << 31) - 1).map(lambda value: timedelta(seconds=value)),
    values.clock: st.integers(0, 10**7).map(lambda value: timedelta(seconds=value)),
    values.epoch: NAIVE.map(lambda value: value.replace(tzinfo=UTC)),
    values.formats: st.lists(WORDS.filter(lambda word: word != "nothing")),
    values.groups: st.lists(st.integers(0, 63)),
    values.group_bits: st.lists(st.integers(0, 63), unique=True).map(sorted),
    values.address: st.builds(values.Address, WORDS, WORDS, WORDS, st.integers(0, 65535)),
    **dict.fromkeys(FLAGS, st.booleans()),
    **dict.fromkeys(DURATIONS, durations(days=1000)),
}
UNITS = st.builds(structures.Unit, st.none() | st.integers(0, 99), st.none() | st.integers(1, 16)).filter(any)
SECTIONS = st.lists(
    st.builds(
        configuration.Section,
        WORDS,
        st.lists(st.tuples(WORDS.filter(lambda word: word not in {"istemplate", "templates"}), WORDS)),
        st.booleans(),
        st.lists(WORDS).map(tuple),
    ),
    unique_by=lambda section: section.name,
)
CHARGES = st.builds(
    structures.Charge,
    item=st.sampled_from(["NA", "CallSetup"]),
    rate=st.sampled_from(["NA", "Duration"]),
    currency=WORDS,
    amount=st.none() | st.integers(0, 99),
    multiplier=st.sampled_from([None, "OneHundredth", "Ten"]),
    time=st.none() | st.integers(0, 99),
    time_scale=st.sampled_from([None, "Minute"]),
    **dict.fromkeys(("granularity", "granularity_scale", "charging", "volume_unit", "code"), st.none()),
)
STEPS = st.builds(structures.PenaltyStep, st.integers(0, 9999).map(lambda each: timedelta(seconds=each)), WORDS, WORDS)
COMMANDS = st.builds(structures.Command, WORDS, st.lists(WORDS.filter(lambda word: word != "all")).map(tuple))
OF_BUILD: dict[Any, st.SearchStrategy[Any]] = {
    structures.lines: st.lists(TEXTS),
    structures.told_units: st.lists(UNITS),
    structures.told_charges: st.lists(CHARGES),
    structures.penalty_rules: st.dictionaries(WORDS, st.lists(STEPS)),
    structures.commands: st.dictionaries(st.from_regex("X[a-z]{1,9}", fullmatch=True), COMMANDS),
    configuration.sections: SECTIONS,
    configuration.json_sections: SECTIONS,
    configuration.section_names: st.lists(WORDS),
}


def of_codec(codec: values.Codec[Any]) -> st.SearchStrategy[Any]:
    """Return values that a codec reads, by what it is."""
    if codec in OF_CODEC:
        return OF_CODEC[codec]
    if isinstance(codec, values.Escaped) or codec.decode is None:
        return TEXTS
    if isinstance(codec, values.Flag):
        return st.booleans()
    members: Any = getattr(codec.decode, "__self__", None)
    if members:
        return st.sampled_from(sorted(set(members.values())))
    read: Any = codec.decode
    return st.lists(WORDS) if isinstance(read("a"), list) else st.dictionaries(WORDS, WORDS)


OF_FORM: dict[type[Any], Callable[[Any], st.SearchStrategy[Any] | None]] = {
    fields.Dated: lambda _: NAIVE.map(lambda value: value.replace(microsecond=0)),
    fields.Built: lambda field: OF_BUILD.get(field.build),
    fields.AlwaysLocal: lambda _: NAIVE,
    fields.SometimesLocal: lambda _: NAIVE,
    fields.Variables: lambda _: st.dictionaries(WORDS, TEXTS),
    fields.VariablesByName: lambda _: st.dictionaries(WORDS, st.dictionaries(WORDS, TEXTS, min_size=1)),
    fields.Numbered: lambda field: st.dictionaries(
        st.integers(0, 99).map(str), st.lists(of_codec(field.codec), min_size=1)
    ),
    fields.Repeated: lambda field: st.lists(of_codec(field.codec)),
    fields.Joined: lambda _: st.lists(WORDS),
}


def of_field(field: fields.Field[Any]) -> st.SearchStrategy[Any] | None:
    """Return values that a field reads, other than those which mean that there is none; `None` for what is read only."""
    if type(field) in OF_FORM:
        return OF_FORM[type(field)](field)
    if field.header == "Response":
        return st.sampled_from(["Success", "Error", "Goodbye"])
    return of_codec(field.codec).filter(lambda value: field.codec.encode(value) not in field._none)


OF_CLASS: dict[type[Any], st.SearchStrategy[dict[str, Any]]] = {}


def makes(cls: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return keywords of a class: all, or some of them."""
    if cls in OF_CLASS:
        return OF_CLASS[cls]
    attributes = fields_of(cls)
    found = {name: of_field(field) for name, field in attributes.items()}
    built = {each for field in attributes.values() if isinstance(field, fields.Built) for each in field.headers}
    known = {
        name: strategy
        for name, strategy in found.items()
        if strategy is not None and (isinstance(attributes[name], fields.Built) or attributes[name].header not in built)
    }
    return OF_CLASS.setdefault(cls, st.fixed_dictionaries({}, optional=known))


def checked(message: Any, keywords: dict[str, Any]) -> None:
    for name, value in keywords.items():
        assert getattr(message, name) == value, name


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
PROPERTY = settings(max_examples=2, deadline=None, suppress_health_check=SLOW)
THOROUGH = settings(PROPERTY, max_examples=20)


EACH = pytest.mark.parametrize(
    "cls", [*EVENTS, *ANSWERS], ids=lambda cls: f"{cls.__module__.split('.')[1]}.{cls.__name__}"
)


def round_trips(cls: type[Any], data: st.DataObject) -> None:
    keywords = data.draw(makes(cls))
    made = cls(**keywords)
    again = cls.of(bytes(made))
    checked(again, keywords)  # found in the bytes
    checked(made, keywords)
    assert made == again
    assert type(made) is cls
    assert bytes(cls(**{name: getattr(made, name) for name in keywords})) == bytes(made)
    assert cls.of(bytes(made)).to_dict() == made.to_dict()


@EACH
@PROPERTY
@given(data=st.data())
def test_values_round_trip_through_the_message_and_its_bytes(cls: type[Any], data: st.DataObject) -> None:
    round_trips(cls, data)


@pytest.mark.exhaustive
@EACH
@THOROUGH
@given(data=st.data())
def test_many_values_round_trip_through_the_message_and_its_bytes(cls: type[Any], data: st.DataObject) -> None:
    round_trips(cls, data)


@pytest.mark.parametrize("cls", EVENTS, ids=event_name)
def test_an_event_without_keywords_has_every_mandatory_header(cls: type[ami.Event]) -> None:
    made = cls()
    assert made.event == event_name(cls)
    sent = ["call", "all"] if cls.privileges == ("call",) else [*cls.privileges, "all"] if cls.privileges else None
    assert made.privilege == sent
    newest = [field for field in fields_of(cls).values() if isinstance(field, Always) and not field.releases]
    assert {field.header for field in newest} <= {*made}
    for name, field in fields_of(cls).items():
        if field in newest or not isinstance(field, Always):
            getattr(made, name)


@pytest.mark.parametrize("cls", [*EVENTS, *ANSWERS], ids=lambda cls: f"{cls.__module__.split('.')[1]}.{cls.__name__}")
def test_every_attribute_of_a_message_without_keywords_is_readable(cls: type[Any]) -> None:
    made = cls()
    again = cls.of(bytes(made))
    for name in fields_of(cls):
        assert getattr(again, name) == getattr(made, name)


def lines(message: ami.Message) -> list[str]:
    return bytes(message).decode().split("\r\n")


def test_a_hangup_equals_asterisks() -> None:
    hangup = events.Hangup(
        channel="PJSIP/alice-00000001",
        channel_state=enums.ChannelState.UP,
        channel_state_desc=enums.ChannelStateName.UP,
        caller_id_num="100",
        caller_id_name='Alice "O\'Hara"',
        context="default",
        exten="200",
        priority=3,
        uniqueid="1.1",
        linkedid="1.1",
        language="en",
        chan_variable={"A": "1", "B": "two"},
        cause=16,
        cause_txt="Normal Clearing",
    )
    assert lines(hangup) == [
        "Event: Hangup",
        "Privilege: call,all",
        "Channel: PJSIP/alice-00000001",
        "ChannelState: 6",
        "ChannelStateDesc: Up",
        "CallerIDNum: 100",
        'CallerIDName: Alice \\"O\\\'Hara\\"',
        "ConnectedLineNum: <unknown>",
        "ConnectedLineName: <unknown>",
        "Language: en",
        "AccountCode: ",
        "Context: default",
        "Exten: 200",
        "Priority: 3",
        "Uniqueid: 1.1",
        "Linkedid: 1.1",
        "ChanVariable: A=1",
        "ChanVariable: B=two",
        "Cause: 16",
        "Cause-txt: Normal Clearing",
    ]
    assert hangup.cause == 16
    assert hangup.snapshot.caller_id_name == 'Alice "O\'Hara"'
    assert hangup == events.Hangup.of(bytes(hangup)) == pickle.loads(pickle.dumps(hangup))


def test_headers_are_in_asterisks_order() -> None:
    entered = [*events.BridgeEnter(channel="SIP/1")]
    assert entered.index("BridgeUniqueid") < entered.index("Channel")
    assert [name for name in events.DialBegin(channel="SIP/1") if name.endswith("Channel")] == [
        "Channel",
        "DestChannel",
    ]


def test_a_snapshot_that_may_be_absent_is_sent_whole_or_not_at_all() -> None:
    alone = events.DialBegin(dest_channel="SIP/2")
    assert alone.snapshot is None
    assert not {"Channel", "CallerIDNum", "Uniqueid"}.intersection(alone)
    both = events.DialBegin(dest_channel="SIP/2", caller_id_num="100")
    assert both.snapshot is not None
    assert (both.channel, both.priority, both.connected_line_num) == ("", 1, None)
    assert "ConnectedLineName: <unknown>" in lines(both)


def test_text_is_escaped_only_in_messages_of_releases_that_escape() -> None:
    name = "Alice\r\nPrivilege: all"
    assert "CallerIDName: Alice\\r\\nPrivilege: all" in lines(events.Newchannel(caller_id_name=name))
    assert events.Newchannel(caller_id_name=name).caller_id_name == name


def test_none_is_the_text_that_asterisk_sends_for_it_or_no_header() -> None:
    hangup = events.Hangup(caller_id_num=None, tech_cause=None, tenantid=None)
    assert hangup["CallerIDNum"] == "<unknown>"
    assert not {"TechCause", "Tenantid"}.intersection(hangup)
    assert (hangup.caller_id_num, hangup.tech_cause) == (None, None)


@pytest.mark.parametrize(
    ("cls", "attribute", "yes", "no"),
    [
        (events.LocalBridge, "local_optimization", "Yes", "No"),
        (events.LocalOptimizationEnd, "success", "Yes", "No"),
        (events.BlindTransfer, "is_external", "Yes", "No"),
        (events.BridgeTechnologyListItem, "bridge_suspended", "Yes", "No"),
        (events.ConfbridgeJoin, "admin", "Yes", "No"),
        (events.ConfbridgeList, "wait_marked", "Yes", "No"),
        (events.ConfbridgeTalking, "talking_status", "on", "off"),
        (events.MeetmeMute, "status", "on", "off"),
        (events.MeetmeList, "talking", "Yes", "No"),
        (events.VoicemailUserEntry, "can_review", "Yes", "No"),
        (events.LogChannel, "enabled", "Yes", "No"),
        (events.PRIShowSpans, "up", "Yes", "No"),
        (events.DAHDIShowChannels, "dnd", "Enabled", "Disabled"),
        (events.DNDState, "status", "enabled", "disabled"),
        (events.PeerEntry, "dynamic", "yes", "no"),
        (events.QueueMember, "paused", "1", "0"),
        (events.TransportDetail, "verify_server", "Yes", "No"),
        (events.TransportDetail, "allow_reload", "true", "false"),
        (events.EndpointDetail, "dtls_auto_generate_cert", "Yes", "No"),
        (events.EndpointDetail, "webrtc", "yes", "no"),
        (events.EndpointDetail, "direct_media", "true", "false"),
        (events.AorList, "authenticate_qualify", "true", "false"),
        (events.ContactList, "authenticate_qualify", "yes", "no"),
        (events.ContactList, "prune_on_boot", "yes", "no"),
        (events.ContactStatusDetail, "authenticate_qualify", "1", "0"),
        (events.Shutdown, "restart", "True", "False"),
        (responses.CoreSettings, "core_cdr_enabled", "Yes", "No"),
        (responses.Events, "events", "On", "Off"),
        (responses.SIPshowpeer, "secret_exist", "Y", "N"),
        (responses.SKINNYshowline, "nat", "Yes", "No"),
        (responses.SKINNYshowline, "mwi_blink", "1", "0"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_a_flag_has_the_spelling_of_its_header(cls: type[Any], attribute: str, yes: str, no: str) -> None:
    header = fields_of(cls)[attribute].header
    for value, spelling in ((True, yes), (False, no)):
        made = cls(**{attribute: value})
        assert made[header] == spelling
        assert getattr(made, attribute) is value
        assert getattr(cls({header: spelling.swapcase()}), attribute) is value  # read in any spelling


@pytest.mark.parametrize(
    ("cls", "attribute", "member", "spelling"),
    [
        (events.NewCallerid, "presentation", enums.Presentation.ALLOWED, "3 (Presentation Allowed, Network Number)"),
        (events.NewCallerid, "presentation", enums.Presentation.UNAVAILABLE, "67 (Number Unavailable)"),
        (events.MCID, "m_caller_id_pres", enums.Presentation.ALLOWED, "3 (Presentation Allowed, Network Number)"),
        (responses.SIPshowpeer, "cid_calling_pres", enums.Presentation.UNAVAILABLE, "Number Unavailable"),
        (events.EndpointDetail, "callerid_privacy", enums.Presentation.PROHIBITED, "prohib"),
        (events.EndpointDetail, "device_state", enums.DeviceState.NOT_INUSE, "Not in use"),
        (events.EndpointList, "device_state", enums.DeviceState.UNAVAILABLE, "Unavailable"),
        (events.DeviceStateChange, "state", enums.DeviceState.NOT_INUSE, "NOT_INUSE"),
        (events.EndpointDetail, "dtmf_mode", enums.DtmfMode.RFC_4733, "rfc4733"),
        (responses.SIPshowpeer, "sip_dtm_fmode", enums.DtmfMode.RFC_4733, "rfc2833"),
        (responses.SIPshowpeer, "sip_dtm_fmode", enums.DtmfMode.INFO, "info"),
        (events.AOC_D, "charge_type", enums.ChargeType.UNIT, "Units"),
        (events.AOC_E, "charge_billing_id", enums.BillingId.FORWARD_BUSY, "CallForwardingBusy"),
        (events.AOC_E, "charge_currency_multiplier", enums.CurrencyMultiplier.TENTH, "1/10"),
    ],
)
def test_a_member_has_the_spelling_of_its_header(cls: type[Any], attribute: str, member: Any, spelling: str) -> None:
    header = fields_of(cls)[attribute].header
    for each in (member, member.value, spelling):
        made = cls(**{attribute: each})
        assert (made[header], getattr(made, attribute)) == (spelling, member)
    assert cls(**{attribute: "Novelty"})[header] == "Novelty"


def test_omitted_keywords_have_asterisks_defaults() -> None:
    made = events.DialBegin(dest_channel="SIP/2", channel="SIP/1")
    assert (made.language, made.context, made.exten, made.priority) == ("en", "default", "s", 1)
    assert (made.dest_language, made.dest_context, made.dest_exten, made.dest_priority) == ("en", "default", "s", 1)
    assert (made.channel_state_desc, made.account_code) == ("Down", "")
    assert events.BlindTransfer()["TransfererContext"] == "default"
    closing = [cls for cls in EVENTS if issubclass(cls, events.ListCompleteEvent)]
    assert {cls().event_list for cls in closing} == {"Complete"}
    assert events.DeviceEntry().event_list is None  # only the last item has it


@pytest.mark.parametrize(
    ("made", "header", "word"),
    [
        (events.Newstate(channel_state=enums.ChannelState.UP), "ChannelStateDesc", "Up"),
        (events.Newstate({"ChannelState": "5"}, channel="SIP/1"), "ChannelStateDesc", "Ringing"),
        (events.DialBegin(dest_channel_state=enums.ChannelState.RINGING), "DestChannelStateDesc", "Ringing"),
        (events.DialBegin(channel_state=enums.ChannelState.UP), "ChannelStateDesc", "Up"),
        (events.DialBegin(channel_state=enums.ChannelState.UP), "DestChannelStateDesc", "Down"),
        (events.ExtensionStatus(status=enums.ExtensionState.IN_USE_AND_RINGING), "StatusText", "InUse&Ringing"),
        (events.Hangup(cause=16), "Cause-txt", "Normal Clearing"),
        (events.Hangup(cause=17, cause_txt="Gone"), "Cause-txt", "Gone"),
        (events.Hangup(cause=999), "Cause-txt", "Unknown"),
        (events.Hangup(), "Cause-txt", "Unknown"),
        (events.ExtensionStatus(status=enums.ExtensionState.REMOVED), "StatusText", "Unknown"),
        (events.Newstate({"ChannelState": "77"}, channel="SIP/1"), "ChannelStateDesc", "Unknown"),
        (events.Newstate({"ChannelState": "Up"}, channel="SIP/1"), "ChannelStateDesc", "Down"),
        (
            events.Newstate(channel_state=enums.ChannelState.UP, channel_state_desc=enums.ChannelStateName.BUSY),
            "ChannelStateDesc",
            "Busy",
        ),
    ],
)
def test_a_word_matches_its_number(made: ami.Message, header: str, word: str) -> None:
    assert made[header] == word


def test_a_member_defaults_to_the_first() -> None:
    assert events.NewCallerid()["CID-CallingPres"] == "0 (Presentation Allowed, Not Screened)"
    assert events.EndpointList()["DeviceState"] == "Unknown"


def test_unambiguous_values_are_converted() -> None:
    odd: dict[str, Any] = {"max": "5", "calls": 2.0, "holdtime": timedelta(minutes=1), "servicelevel_perf": 33}
    params = events.QueueParams(**odd)
    assert (params.max, params.calls, params["Holdtime"], params.servicelevel_perf) == (5, 2, "60", 33.0)
    assert events.HangupRequest(cause=16).cause is enums.HangupCause(16)  # type: ignore[arg-type]  # a number will do
    assert events.PeerStatus(privilege="system,all").privilege == ["system", "all"]  # type: ignore[arg-type]  # so will a text


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        ({"chanel": "x"}, "Hangup has no attribute 'chanel'; did you mean 'channel'?"),
        ({"Channel": "x"}, "Hangup has no attribute 'Channel'; did you mean 'channel'?"),
        ({"snapshot": "x"}, "Hangup has no attribute 'snapshot'; its attributes are account_code, action_id, "),
        ({"cause": [1]}, "Hangup.cause must be a whole number, not list."),
        ({"cause": "many"}, "Hangup.cause must be a whole number; the given text is not one."),
        ({"cause": None}, "Hangup.cause must be a whole number, not None."),
        ({"channel": True}, "Hangup.channel must be text, not bool."),
        ({"channel": "a\r\nEvent: b"}, "Hangup.channel must be text without CR and LF."),
        ({"channel_state": enums.HangupCause(16)}, "Hangup.channel_state must be a member of enums.ChannelState "),
        ({"channel_state": "Up"}, "Hangup.channel_state must be a whole number; the given text is not one."),
        ({"timestamp": 5}, "Hangup.timestamp must be a datetime, not int."),
        ({"chan_variable": ["A=1"]}, "Hangup.chan_variable must be a mapping of names to text, not list."),
        ({"chan_variable": {"A=": "1"}}, "Hangup.chan_variable must be a mapping of names to text; a name is text "),
        ({"chan_variable": {"A": None}}, "Hangup.chan_variable['A'] must be text, not None."),
        ({"privilege": 5}, "Hangup.privilege must be a list, not int."),
    ],
)
def test_an_invalid_keyword_value_is_rejected_with_a_sentence(keywords: dict[str, Any], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        events.Hangup(**keywords)
    assert str(refused.value).startswith(sentence)


def test_two_attributes_of_one_header_exclude_each_other() -> None:
    with pytest.raises(
        TypeError, match=r"core_startup_date and CoreStatus.started both set the header CoreStartupDate; give only one"
    ):
        responses.CoreStatus(core_startup_date="2026-11-27", started=datetime(2026, 11, 27))
    assert responses.CoreStatus(started=datetime(2026, 11, 27, 9)).core_startup_date == "2026-11-27"


def test_headers_and_keywords_may_be_combined() -> None:
    made = events.UserEvent({"Colour": "red", "UserEvent": "No", "Channel": "SIP/1"}, user_event="Welcome")
    assert (made["Colour"], made.user_event, made.channel) == ("red", "Welcome", "SIP/1")
    assert [*made][-1] == "Colour"
    assert ami.Event({"Event": "Novelty"}, privilege=["call"])["Privilege"] == "call"
    spelt = events.Hangup([("event", "hangup"), ("Cause", "5"), ("X", "1"), ("X", "2")], channel="SIP/1")
    assert (spelt.event, spelt.cause, spelt.all("X"), next(iter(spelt))) == ("hangup", 5, ["1", "2"], "event")


def test_forms_without_keywords_are_as_they_were() -> None:
    assert events.Hangup({"Cause": "16"}) == {"Cause": "16"}
    assert events.Hangup(["Event: Hangup", "Cause: 16"]) == {"Event": "Hangup", "Cause": "16"}
    assert ami.Event() == ami.Message() == {}
    assert events.Hangup(ami.Event({"Event": "Hangup", "Cause": "16"})).cause == 16


def test_families_and_plain_events_need_an_event_name() -> None:
    with pytest.raises(TypeError, match=r"ChannelEvent is a family of events; call the class of one of them\."):
        events.ChannelEvent(channel="SIP/1")
    with pytest.raises(TypeError, match=r"Event\(\) needs the header Event; or call the class of an event"):
        ami.Event(privilege=["call"])


def test_custom_and_user_events_can_be_created_too() -> None:
    class TrunkAlarm(events.ChannelEvent):
        """An event of a module."""

        wire_name = "Trunk-Alarm"
        level: Always[int] = Always("Level", values.integer)

    class Fire(events.UserEvent):
        """A user event."""

    assert lines(TrunkAlarm(channel="SIP/1", level=3))[0] == "Event: Trunk-Alarm"
    assert (TrunkAlarm(level=3).level, TrunkAlarm().level) == (3, 0)
    assert (Fire().event, Fire().user_event) == ("UserEvent", "Fire")
    assert Fire.of(bytes(Fire())) == Fire()


def test_answers_can_be_created_with_keywords() -> None:
    assert lines(ami.Answer(response="Error", message="No such channel", action_id="7")) == [
        "Response: Error",
        "ActionID: 7",
        "Message: No such channel",
    ]
    answer = responses.Challenge(challenge="1234")
    assert (answer.success, answer.challenge, answer.response) == (True, "1234", "Success")
    assert responses.Command(output=["one", "two"]).data == ["one", "two"]


def test_a_structure_built_from_the_whole_message_is_not_a_keyword() -> None:
    with pytest.raises(TypeError, match=r"IAXnetstats.output is built from the whole message"):
        responses.IAXnetstats(output=["a"])  # type: ignore[call-arg]  # checkers refuse it as well


def test_lists_can_be_created_from_their_parts() -> None:
    anna, ben = events.QueueMember(name="Anna"), events.QueueMember(name="Ben")
    queues = aggregates.QueueStatus(
        "7", params=[events.QueueParams()], members=[anna, ben], complete=events.QueueStatusComplete(list_items=3)
    )
    assert (queues.action_id, queues.members, queues.entries, queues.valid) == ("7", [anna, ben], [], True)
    assert queues.complete == queues.closing
    assert queues[events.QueueMember] == [anna, ben]
    short = aggregates.QueueStatus(members=[anna], complete=events.QueueStatusComplete(list_items=3))
    assert (short.valid, short.error_message) == (False, "QueueStatusComplete announced 3 items, but 1 arrived")
    assert aggregates.QueueStatus() == aggregates.QueueStatus("7")


def test_the_end_of_a_list_announces_its_items_by_default() -> None:
    end = events.QueueStatusComplete()
    queues = aggregates.QueueStatus(
        params=[events.QueueParams()], members=[events.QueueMember(), events.QueueMember()], complete=end
    )
    assert queues.complete is not None
    assert (queues.complete.list_items, queues.valid, end.list_items) == (3, True, 0)
    empty = aggregates.QueueStatus(complete=end)
    assert (empty.complete, empty.valid) == (end, True)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"member": []}, "QueueStatus has no attribute 'member'; did you mean 'members'?"),
        ({"members": 5}, "QueueStatus.members must be a list of QueueMember events, not int."),
        ({"members": [5]}, "QueueStatus.members must contain QueueMember events, not int."),
        (
            {"members": events.QueueMember()},
            "QueueStatus.members must be a list of QueueMember events, not QueueMember.",
        ),
        ({"complete": events.Hangup()}, "QueueStatus.complete must contain QueueStatusComplete events, not Hangup."),
    ],
)
def test_invalid_parts_of_a_list_are_rejected_with_a_sentence(parts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TypeError) as refused:
        aggregates.QueueStatus(**parts)
    assert str(refused.value).startswith(sentence)


def test_an_attribute_cannot_be_assigned() -> None:
    hangup: Any = events.Hangup(cause=16)
    with pytest.raises(AttributeError, match=r"Hangup\.cause is read-only; set message\['Cause'\] instead"):
        hangup.cause = 17
    queues: Any = aggregates.QueueStatus()
    with pytest.raises(
        AttributeError, match=r"QueueStatus\.members is read-only: it returns the QueueMember events of the list"
    ):
        queues.members = []
