"""What every byte of a stream passes: the same results in Python and, where it was built, in C."""

from __future__ import annotations

import gc
import importlib
import sys
import weakref
from collections import deque
from datetime import timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ami_typed import Answer, Event, events, responses
from ami_typed._speed import plain as _plain
from ami_typed.fields import zone_of

try:
    _compiled: Any = importlib.import_module("ami_typed._speed.compiled")
except ImportError:
    _compiled = None

NOT_BUILT = "not run: ami_typed._speed.compiled is not built here (pip install -e . builds it where a C compiler is)"
built = pytest.mark.skipif(_compiled is None, reason=NOT_BUILT)


@pytest.fixture(params=["plain", pytest.param("compiled", marks=built)])
def form(request: pytest.FixtureRequest) -> Any:
    return _compiled if request.param == "compiled" else _plain


def sifted(form: Any, block: bytes, kinds: Any, items: Any = None) -> tuple[list[Any], list[bytes]]:
    """Sift a block; return the events that were taken and the messages that were left."""
    taken: list[Any] = []
    left: list[bytes] = []
    form.route_block(block, kinds, items, taken, left.append)
    return taken, left


# header


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"Event: A\r\nChannel: SIP/1\r\nExten: 2", "SIP/1"),
        (b"Event: A\r\nChannel: SIP/1", "SIP/1"),
        (b"Event: A\r\nChannel: ", ""),
        (b"Event: A\r\nChannel: a: b\r\n", "a: b"),
        (b"Event: A\r\nChannel: x\n\r\nB: c", "x\n"),
        (b"Event: A\r\nChannel: \xfcx\r\nB: c", "\udcfcx"),
        (b"Event: A\r\nChannel: \xc3\xbc\r\nB: c", "\xfc"),
        (b"Event: A\r\nChannel: first\r\nChannel: second", "first"),
        (b"Event: A\r\nMyChannel: x\r\nChannel: y", "y"),
        (b"Event: A\r\nchannel: x", None),
        (b"Channel: x", None),
        (b"", None),
    ],
)
def test_a_header_is_found_in_the_bytes_of_a_message(form: Any, octets: bytes, value: str | None) -> None:
    assert form.find_header(octets, b"\r\nChannel: ") == value


@built
@pytest.mark.parametrize("octets", [b"Response: Error\r\nMessage: No\n\n\r\nB: c", b"Response: Error\r\nMessage: No\n"])
def test_line_feeds_that_end_a_message_are_no_part_of_it(form: Any, octets: bytes) -> None:
    assert form.find_header(octets, b"\r\nMessage: ") == "No"


@built
@given(st.binary(), st.sampled_from([b"\r\nA: ", b"\r\nLonger-Name: "]), st.binary())
@example(b"", b"\r\nA: ", b"\r")
@example(b"x", b"\r\nA: ", b"a\n\n\r\n")
@example(b"x", b"\r\nA: ", b"\n")
def test_both_forms_find_the_same_header(before: bytes, needle: bytes, after: bytes) -> None:
    octets = before + needle + after
    assert _compiled.find_header(octets, needle) == _plain.find_header(octets, needle)
    assert _compiled.find_header(before, needle) == _plain.find_header(before, needle)


# Found


def attribute_of(form: Any, mark: str | None) -> Any:
    """Make an attribute whose value is its header backwards; where it has a mark, it is asked to look at the message."""

    def backwards(spelling: str) -> str:
        return spelling[::-1]

    class Backwards(form.HeaderAttribute):  # type: ignore[misc]  # either form's
        def __init__(self) -> None:
            self._needle, self._none, self._mark = b"\r\nName: ", frozenset({"<unknown>"}), mark or "\0"
            self._read = backwards

        def _look(self, message: Any) -> str:
            return f"looked at {len(message._unread)}"

        def decode(self, message: Any, spelling: str) -> str:
            return f"{len(message._unread)} {spelling[::-1]}"

    return Backwards()


@pytest.mark.parametrize(
    ("line", "mark", "value"),
    [
        (b"Name: abc", None, "cba"),
        (b"Name: abc", "\\", "abc"),
        (b"Name: a\\c", "\\", "19 c\\a"),
        (b"Name: \xc3\xa9%\xff", "%", "20 \udcff%é"),
        (b"Name: ", "%", ""),
        (b"Name: <unknown>", "<", None),
        (b"Other: %", "%", "looked at 18"),
    ],
)
def test_a_text_without_the_mark_of_its_attribute_is_the_value(
    form: Any, line: bytes, mark: str | None, value: str | None
) -> None:
    message = form.make_message(Event, b"Event: A\r\n" + line, "A")
    assert attribute_of(form, mark).__get__(message, Event) == value


@built
@pytest.mark.parametrize("mark", [7, None, "", "%%"])
def test_the_compiled_form_rejects_an_invalid_mark(mark: Any) -> None:
    attribute = attribute_of(_compiled, "%")
    with pytest.raises(TypeError):
        attribute._mark = mark


# fill


@pytest.mark.parametrize(
    "octets",
    [
        b"Event: A\r\nNo colon",
        b"Event: A\r\nKey:value",
        b"Event: A\r\nKey:",
        b"Event: A\r\nSame: 1\r\nB: 2\r\nSame: 3",
        b"Event: A\r\nSame: 1\r\nSame: 2\r\nB: 3\r\nSame: 4",
        b"Event: A\r\nSame: 1\r\nSame: 2\r\nSAME: 3",
        b"Event: A\r\nBare: 1\n\r\nB: 2",
        b"Event: A\r\nBare: 1\nB: 2",
        b"Event: A\r\nChanVariable(SIP/[::1]-0001): A=1",
        b"Event: A\r\n",
        b"",
    ],
)
def test_a_message_that_is_not_plain_is_left_to_a_closer_look(form: Any, octets: bytes) -> None:
    assert form.parse_into({}, octets) is None


def test_a_plain_message_becomes_a_dict_in_order(form: Any) -> None:
    headers = {"Event": "A"}
    octets = b"Event: A\r\nEmpty: \r\nColons: a: b:c\r\nByte: \xff\r\nCR: a\rb\r\n: no name"
    assert form.parse_into(headers, octets) == {}
    assert list(headers.items()) == [
        *(("Event", "A"), ("Empty", ""), ("Colons", "a: b:c"), ("Byte", "\udcff")),
        *(("CR", "a\rb"), ("", "no name")),
    ]


def test_a_repeated_header_has_its_first_value_in_the_dict_and_all_in_a_list(form: Any) -> None:
    headers: dict[str, str] = {}
    octets = b"Event: A\r\nChanVariable: a=1\r\nChanVariable: b=2\r\nB: x\r\nC: 1\r\nC: 1\r\nC: 2"
    assert form.parse_into(headers, octets) == {"chanvariable": ["a=1", "b=2"], "c": ["1", "1", "2"]}
    assert list(headers.items()) == [("Event", "A"), ("ChanVariable", "a=1"), ("B", "x"), ("C", "1")]


@built
def test_cached_names_with_the_same_slot_are_distinguished() -> None:
    """Which place is chosen by the length and a few letters, at 0, 2, 4 and 7 of eight."""
    headers: dict[str, str] = {}
    assert _compiled.parse_into(headers, b"Xaaaaaaa: 1\r\nXbaaaaaa: 2\r\nXbaaaaaa: 3\r\nXaaaaaaa") is None
    headers = {}
    assert _compiled.parse_into(headers, b"Xaaaaaaa: 1\r\nXbaaaaaa: 2\r\nXbaaaaaa: 3") == {"xbaaaaaa": ["2", "3"]}
    assert headers == {"Xaaaaaaa": "1", "Xbaaaaaa": "2"}


LINES = st.lists(
    st.text("ab :(\xfc\r\n\udcff", max_size=6)
    | st.sampled_from(["Key: value", "A: b", "A: c", "a: d", "B" * 49 + ": e", "Event: X"])
)


@built
@given(LINES)
@example(["A" * 60 + ": long name", "A" * 48 + ": as long as is remembered"])
def test_both_forms_make_the_same_dict(lines: list[str]) -> None:
    octets = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    in_c: dict[str, str] = {}
    in_python: dict[str, str] = {}
    plain = _plain.parse_into(in_python, octets)
    assert _compiled.parse_into(in_c, octets) == plain
    if plain is not None:
        assert list(in_c.items()) == list(in_python.items())


# route_block

HANGUP = b"Event: Hangup\r\nChannel: SIP/1\r\n\r\n"
ITEM = b"Event: QueueMember\r\nActionID: list-1\r\nName: a\r\n\r\n"


def test_wanted_events_are_delivered_unwanted_ones_skipped_and_others_passed_on_in_order(form: Any) -> None:
    kinds = {
        b"Event: Hangup": form.Kind(events.Hangup, "Hangup", True),
        b"Event: VarSet": form.Kind(events.VarSet, "VarSet", False),
    }
    block = b"Response: Success\r\n\r\n" + HANGUP + b"Event: VarSet\r\nA: b\r\n\r\nEvent: Hangup\r\n\r\nOdd\r\n\r\n"
    taken, left = sifted(form, block, kinds)
    assert [(type(event), event.event, bytes(event)) for event in taken] == [
        (events.Hangup, "Hangup", b"Event: Hangup\r\nChannel: SIP/1"),
        (events.Hangup, "Hangup", b"Event: Hangup"),
    ]
    assert left == [b"Response: Success", b"Odd"]
    assert [kind.count for kind in kinds.values()] == [2, 1]


def test_an_event_that_was_sifted_is_read_when_it_is_asked(form: Any) -> None:
    (event,), _ = sifted(form, HANGUP, {b"Event: Hangup": form.Kind(events.Hangup, "Hangup", True)})
    assert event == {"Event": "Hangup", "Channel": "SIP/1"}
    assert event.channel == "SIP/1"


def test_items_are_added_to_their_list_and_related_messages_passed_on(form: Any) -> None:
    kind = form.Kind(events.QueueMember, "QueueMember", True)
    listed: list[Event] = []
    items: Any = {b"list-1": {b"Event: QueueMember": (kind, listed)}, b"list-2": {}}
    closing = b"Event: QueueStatusComplete\r\nActionID: list-1\r\n\r\n"
    other_list = ITEM.replace(b"list-1", b"list-2")
    foreign = ITEM.replace(b"list-1", b"list-3")
    taken, left = sifted(form, ITEM + other_list + foreign + closing, {b"Event: QueueMember": kind}, items)
    assert [bytes(event) for event in listed] == [ITEM[:-4]]
    assert [bytes(event) for event in taken] == [foreign[:-4]]
    assert left == [other_list[:-4], closing[:-4]]


def test_an_action_id_ends_at_its_line_end(form: Any) -> None:
    items: Any = {b"list-1": {}}
    octets = ITEM.replace(b"list-1", b"list-1\rx")
    taken, left = sifted(
        form, octets, {b"Event: QueueMember": form.Kind(events.QueueMember, "QueueMember", True)}, items
    )
    assert [bytes(event) for event in taken] == [octets[:-4]]
    assert left == []


def test_a_kind_that_is_learnt_on_the_way_counts_from_the_next_message_on(form: Any) -> None:
    kinds: dict[bytes, Any] = {}
    taken: list[Any] = []
    left: list[bytes] = []

    def other(octets: bytes) -> None:
        left.append(octets)
        kinds[b"Event: Hangup"] = form.Kind(events.Hangup, "Hangup", True)

    form.route_block(HANGUP * 3, kinds, None, taken, other)
    assert (len(left), len(taken)) == (1, 2)


def test_exceptions_of_the_callee_propagate(form: Any) -> None:
    def other(octets: bytes) -> None:
        raise LookupError(octets)

    with pytest.raises(LookupError):
        form.route_block(HANGUP, {}, None, [], other)


PIECES = st.lists(
    st.sampled_from(
        [
            HANGUP,
            ITEM,
            b"Event: VarSet\r\nLong: " + b"x" * 200 + b"\r\n\r\n",
            b"\r\n\r\n",
            b"\r\n",
            b"\n\r",
            b"A: \r\n",
            b"x",
        ]
    )
)


@built
@given(PIECES, st.booleans())
def test_both_forms_sift_alike(pieces: list[bytes], in_list: bool) -> None:
    results: list[Any] = []
    for each in (_plain, _compiled):
        kinds = {
            b"Event: Hangup": each.Kind(events.Hangup, "Hangup", True),
            b"Event: VarSet": each.Kind(events.VarSet, "VarSet", False),
        }
        listed: list[Any] = []
        items: Any = {b"list-1": {b"Event: QueueMember": (kinds[b"Event: Hangup"], listed)}} if in_list else None
        taken, left = sifted(each, b"".join(pieces) + b"\r\n\r\n", kinds, items)
        results.append((list(map(bytes, taken)), list(map(bytes, listed)), left, [k.count for k in kinds.values()]))
    assert results[0] == results[1]


UNFIT: list[tuple[str, tuple[Any, ...]]] = [
    ("find_header", ("text", b"")),
    ("find_header", (b"",)),
    ("parse_into", ([], b"")),
    ("parse_into", ({}, "text")),
    ("route_block", ("text", {}, None, [], print)),
    ("route_block", (b"", [], None, [], print)),
    ("route_block", (b"\r\n\r\n", {b"": "no kind"}, None, [], print)),
    ("Kind", (int, "name", True)),
    ("make_message", (int, b"", "X")),
    ("make_message", (Event, "text", "X")),
    ("put", ([], print)),
    ("put", ([], print, 1, 2, 3)),
    ("put", ([], "no function", 1)),
    ("recast", (int, Event())),
    ("recast", (Event, "text")),
    ("recast", (Event,)),
    ("encode_request", ([], "id")),
    ("encode_request", ({},)),
]


@built
@pytest.mark.parametrize(("name", "arguments"), UNFIT)
def test_the_compiled_form_rejects_arguments_that_would_crash_it(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        getattr(_compiled, name)(*arguments)


@built
def test_the_compiled_form_keeps_nothing_alive() -> None:
    class Fleeting(Event):
        pass

    block = b"".join(b"Event: Fleeting\r\nA: %d\r\n\r\n" % number for number in range(100))
    for _ in range(2):
        kinds = {b"Event: Fleeting": _compiled.Kind(Fleeting, "Fleeting", True)}
        taken, _left = sifted(_compiled, block, kinds)
        assert [dict(event)["A"] for event in taken] == [str(number) for number in range(100)]
        before = sys.getrefcount(Fleeting)
        del taken, kinds
        gc.collect()
        assert sys.getrefcount(Fleeting) <= before - 100


class Kept:
    """Something that can be in a cycle with an event, and watched."""

    event: Any


@built
@pytest.mark.parametrize("own", [False, True], ids=["of a class of ami-typed", "of a class with attributes of its own"])
def test_an_event_in_a_cycle_is_collected_though_others_are_no_work_for_the_collector(own: bool) -> None:
    class Mine(events.Hangup):
        kept: Kept

    (event,), _ = sifted(
        _compiled, HANGUP, {b"Event: Hangup": _compiled.Kind(Mine if own else events.Hangup, "Hangup", True)}
    )
    assert gc.is_tracked(event) is (own or sys.version_info >= (3, 14))
    kept = Kept()
    kept.event = event
    if own:
        event.kept = kept
    else:
        event["Kept"] = kept
    gone = weakref.ref(kept)
    del event, kept
    gc.collect()
    assert gone() is None


@built
@given(
    st.lists(st.sampled_from([b"A: 1", b"A: 2", b"A: " + b"x" * 60, b"A: ", b"B: \xff", b"B: \xc3\xbc"]), min_size=2)
)
def test_repeated_values_are_interned(lines: list[bytes]) -> None:
    for line in lines:
        in_c: dict[str, str] = {}
        in_python: dict[str, str] = {}
        assert _compiled.parse_into(in_c, line) == _plain.parse_into(in_python, line) == {}
        assert in_c == in_python


# unread


def test_a_message_that_is_not_read_yet_has_all_its_headers(form: Any) -> None:
    event = form.make_message(events.Hangup, b"Event: Hangup\r\nChannel: SIP/1", "Hangup")
    assert (type(event), event.event, event.channel) == (events.Hangup, "Hangup", "SIP/1")
    assert event == {"Event": "Hangup", "Channel": "SIP/1"}


# written


def test_a_text_request_is_encoded_with_its_action_id_after_the_action(form: Any) -> None:
    headers = {"Action": "Originate", "Channel": "SIP/\xfc", "Data": "", "ActionIDs": "x: y"}
    assert form.encode_request(headers, "id-1") == (
        b"Action: Originate\r\nActionID: id-1\r\nChannel: SIP/\xc3\xbc\r\nData: \r\nActionIDs: x: y\r\n\r\n"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Action": "Ping", "ActionID": "own"},
        {"Action": "Ping", "actionID": "own"},
        {"Action": "Ping", "Number": 1},
        {"Action": "Ping", "Nothing": None},
        {"Action": "Ping", 1: "x"},
        {"Action": "Ping", "": "x"},
        {"Action": "Ping", "A:": "x"},
        {"Action": "Ping\r\nAction: Logoff"},
        {"Action": "Ping", "A": "x\r"},
        {"Action": "Ping", "A": "x\ny"},
        {"Action": "Ping", "A\n": "x"},
        {"Action": "Ping", "A": "\0"},
        {"Action": "Ping", "Byte": "\udcff"},
    ],
)
def test_a_request_that_is_not_of_plain_text_is_left_to_a_closer_look(form: Any, headers: Any) -> None:
    assert form.encode_request(headers, "id-1") is None


def test_a_request_is_not_written_with_an_action_id_that_would_end_its_line(form: Any) -> None:
    assert form.encode_request({"Action": "Ping"}, "id\r\nX: y") is None


TEXTS = st.text("aA:d \r\n\0\xfc\u20ac\udcff", max_size=4) | st.sampled_from(["Action", "actionid", "ActionID"])


@built
@given(st.dictionaries(TEXTS, TEXTS | st.none() | st.integers(), max_size=5), TEXTS)
def test_both_forms_write_the_same_request(headers: dict[str, Any], action_id: str) -> None:
    assert _compiled.encode_request(headers, action_id) == _plain.encode_request(headers, action_id)


# recast


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=2))])
def test_an_unread_message_is_seen_as_another_class_without_being_parsed(form: Any, zone: timezone | None) -> None:
    answer = form.make_message(Answer, b"Response: Success\r\nPing: Pong", "Success", zone)
    again = form.recast(responses.Ping, answer)
    assert (type(again), again._unread, zone_of(again)) == (responses.Ping, answer._octets, zone)
    assert (again.response, again.ping, dict(again)) == ("Success", "Pong", {"Response": "Success", "Ping": "Pong"})
    assert answer._unread is not None


def test_a_message_that_stores_no_zone_is_seen_as_another_class(form: Any) -> None:
    (event,), _ = sifted(form, b"Event: A\r\n\r\n", {b"Event: A": form.Kind(Event, "A", True)})
    assert zone_of(form.recast(events.Hangup, event)) is None


def test_a_message_that_was_parsed_or_is_of_another_kind_is_not_seen_as_another_class(form: Any) -> None:
    answer = form.make_message(Answer, b"Response: Success", "Success")
    assert form.recast(Event, answer) is None
    assert len(answer) == 1
    assert form.recast(responses.Ping, answer) is None


# put


@pytest.mark.parametrize("made", [list, deque])
def test_the_result_of_a_function_is_appended(form: Any, made: Any) -> None:
    results = made("a")
    assert form.put(results, int, "7") is None
    form.put(results, int, "11", 2)
    assert list(results) == ["a", 7, 3]
    with pytest.raises(ValueError, match="invalid literal"):
        form.put(results, int, "x")
    assert len(results) == 3


# holds


@pytest.mark.parametrize(
    ("octets", "held"), [(b"", False), (b"a needle b", True), (b"needl", False), (b"needle", True)]
)
def test_bytes_are_found_in_others(form: Any, octets: bytes, held: bool) -> None:
    assert form.contains(octets, b"needle") is held


# A run of messages, so that what one message has taught about names meets the next


@built
@given(st.lists(LINES, min_size=2, max_size=6))
def test_both_forms_make_the_same_dicts_of_one_message_after_another(messages: list[list[str]]) -> None:
    for lines in messages:
        octets = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        in_c: dict[str, str] = {}
        in_python: dict[str, str] = {}
        assert _compiled.parse_into(in_c, octets) == (plain := _plain.parse_into(in_python, octets))
        assert plain is None or list(in_c.items()) == list(in_python.items())


# Time zones


def test_an_event_has_the_zone_of_its_kind(form: Any) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    kinds = {b"Event: Cdr": form.Kind(events.Cdr, "Cdr", True, zone), b"Event: A": form.Kind(Event, "A", True)}
    assert [kind.zone for kind in kinds.values()] == [zone, None]
    taken, _ = sifted(form, b"Event: Cdr\r\n\r\nEvent: A\r\n\r\n", kinds)
    assert [zone_of(each) for each in taken] == [zone, None]
    listed: list[Any] = []
    items = {b"x": {b"Event: Cdr": (kinds[b"Event: Cdr"], listed)}}
    sifted(form, b"Event: Cdr\r\nActionID: x\r\n\r\n", kinds, items)
    assert [zone_of(each) for each in listed] == [zone]
    assert [zone_of(form.make_message(Event, b"Event: A", "A", each)) for each in (zone, None)] == [zone, None]


def test_a_kind_lets_its_zone_go(form: Any) -> None:
    zone = ZoneInfo.no_cache("Europe/Berlin")
    gone = weakref.ref(zone)
    kind = form.Kind(events.Cdr, "Cdr", True, zone)
    del zone
    assert kind.zone is gone()
    kind.__init__(events.Cdr, "Cdr", True)
    assert (kind.zone, gone()) == (None, None)
    gone = weakref.ref(zone := ZoneInfo.no_cache("Europe/Berlin"))
    kind.__init__(events.Cdr, "Cdr", True, zone)
    del kind, zone
    assert gone() is None


# snapshot

_LINES = (
    *("Channel: PJSIP/alice-1", "ChannelState: 6", "ChannelStateDesc: Up", "CallerIDNum: 201", "CallerIDName: Älice"),
    *("ConnectedLineNum: 202", "ConnectedLineName: <unknown>", "Language: en", "AccountCode: ", "Context: default"),
    *("Exten: s", "Priority: 1", "Uniqueid: 1.1", "Linkedid: 1.0"),
)


@pytest.mark.parametrize("prefix", ["", "Dest", "OrigTransferer"])
@pytest.mark.parametrize("after", ["", "\r\nCause: 16", "\r\nTenantid: x"])
def test_a_snapshot_is_found_whatever_its_prefix_is(form: Any, prefix: str, after: str) -> None:
    octets = "\r\n".join(["Event: X", *(f"{prefix}{line}" for line in _LINES)]).encode() + after.encode()
    lines = "".join(f"\r\n{line}" for line in _LINES).encode()
    assert form.find_snapshot(octets, f"\r\n{prefix}Channel: ".encode()) == ("1.1", lines, 6)


@pytest.mark.parametrize(
    "lines",
    [
        _LINES[:-1],
        (*_LINES[:3], *_LINES[4:]),
        (*_LINES[:1], "ChannelState: 10", *_LINES[2:]),
        (*_LINES[:1], "ChannelState: x", *_LINES[2:]),
        (*_LINES[:-1], "Linkedid: 1\r0"),
        _LINES[1:],
    ],
)
def test_a_snapshot_that_is_not_as_usual_is_left_to_a_closer_look(form: Any, lines: tuple[str, ...]) -> None:
    octets = "\r\n".join(["Event: X", *lines]).encode()
    assert form.find_snapshot(octets, b"\r\nChannel: ") is None


@built
@given(st.lists(st.sampled_from([*_LINES, "Destination: x", "Channel: \r", "X: \n"]), max_size=20))
@example(list(_LINES))
def test_both_forms_find_the_same_snapshot(lines: list[str]) -> None:
    octets = "\r\n".join(["Event: X", *lines]).encode()
    for whole in (octets, octets + b"".join(b"\r\n" + line.encode() for line in _LINES)):
        assert _compiled.find_snapshot(whole, b"\r\nChannel: ") == _plain.find_snapshot(whole, b"\r\nChannel: ")
