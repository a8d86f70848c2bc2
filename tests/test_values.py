"""Values are read in every spelling of Asterisk's and written in the one it wants; what is of no type is refused."""

from __future__ import annotations

import copy
import enum
import math
import pickle
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_typed import values
from ami_typed.values import Address, Codec, OpenIntEnum, OpenStrEnum, member, spell

T = TypeVar("T")


class State(OpenIntEnum):
    """A vocabulary of numbers."""

    DOWN = 0
    UP = 6


class Mood(OpenStrEnum, also={"In a good mood": "GOOD", "1": "GOOD"}):
    """A vocabulary with several words for one thing."""

    GOOD = "GOOD"
    BAD = "BAD"


class Membership(OpenStrEnum):
    """A vocabulary of words."""

    STATIC = "static"
    REALTIME = "RealTime"


def read(codec: Codec[T], spelling: str) -> T:
    """Decode a text."""
    assert codec.decode is not None
    return codec.decode(spelling)


words = st.text(st.characters(exclude_characters=",=/ ", exclude_categories=["Zs", "Zl", "Zp", "Cc"]), min_size=1)
century = timedelta(days=36525)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))

ROUND_TRIPS: list[tuple[str, Codec[Any], st.SearchStrategy[Any]]] = [
    ("escaped", values.escaped(), st.text()),
    ("escaped by some releases", values.escaped("AccountCode", "Linkedid"), st.text()),
    (
        "uri_encoded",
        values.uri_encoded,
        st.text() | st.binary().map(lambda octets: octets.decode("utf-8", "surrogateescape")),
    ),
    ("integer", values.integer, st.integers()),
    ("real", values.real, st.floats(allow_nan=False, allow_infinity=False)),
    ("yes_no", values.yes_no, st.booleans()),
    ("one_zero", values.one_zero, st.booleans()),
    ("true_false", values.true_false, st.booleans()),
    ("on_off", values.on_off, st.booleans()),
    ("enabled_disabled", values.enabled_disabled, st.booleans()),
    ("minutes", values.minutes, st.timedeltas(-century, century)),
    ("seconds", values.seconds, st.timedeltas(-century, century)),
    ("milliseconds", values.milliseconds, st.timedeltas(-century, century)),
    ("microseconds", values.microseconds, st.timedeltas(-century, century)),
    ("clock", values.clock, st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds))),
    ("epoch", values.epoch, moments),
    ("date_time", values.date_time, moments.map(lambda moment: moment.replace(microsecond=0))),
    ("items", values.items(), st.lists(words)),
    ("items of blanks", values.items(" "), st.lists(words)),
    ("pairs", values.pairs(), st.dictionaries(words, words)),
    ("address", values.address, st.builds(Address, words, words, words, st.integers(0, 65535))),
    ("member of numbers", member(State), st.integers().map(State)),
    ("member of words", member(Membership), words.map(Membership)),
]


@pytest.mark.parametrize(("codec", "each"), [case[1:] for case in ROUND_TRIPS], ids=[case[0] for case in ROUND_TRIPS])
@given(data=st.data())
def test_a_value_that_is_written_reads_as_the_same_value(
    codec: Codec[Any], each: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    value = data.draw(each)
    spelling = codec.encode(value)
    assert isinstance(spelling, str)
    assert read(codec, spelling) == value


# Text that is encoded

SPELT_BY_ASTERISK = [
    ("O'Brien", r"O\'Brien"),
    ('say "hi"?', r"say \"hi\"\?"),
    (r"C:\new", r"C:\\new"),
    ("\a\b\f\n\r\t\v", r"\a\b\f\n\r\t\v"),
    ("\x01\x1b\x7f\udc80é漢", "\x01\x1b\x7f\udc80é漢"),
    ("plain", "plain"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "spelling"), SPELT_BY_ASTERISK)
def test_escapes_of_c_are_read_and_written_as_asterisk_writes_them(text: str, spelling: str) -> None:
    assert read(values.escaped(), spelling) == text
    assert values.escaped().encode(text) == spelling


@pytest.mark.parametrize("text", [r"C:\Users\new", "ends in \\", r"\x41", r"\0", "\\\n", "\\\\\\"])
def test_text_that_escaping_never_produces_is_unmodified(text: str) -> None:
    assert read(values.escaped(), text) == text


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("agi_request%3A%20async%0Aagi_channel%3A%20Local/1%0A%0A", "agi_request: async\nagi_channel: Local/1\n\n"),
        ("200%20result%3D1%20%28O'Brien%29%0A", "200 result=1 (O'Brien)\n"),
        ("caf%C3%A9%E9", "café\udce9"),
        ("a+b", "a+b"),
        ("100%", "100%"),
        ("", ""),
    ],
)
def test_encoded_octets_are_decoded(spelling: str, text: str) -> None:
    assert read(values.uri_encoded, spelling) == text


@pytest.mark.parametrize(("spelling", "text"), [("(null)", ""), ("", ""), ("(null) ", "(null) "), ("(A)", "(A)")])
def test_a_text_that_is_printed_from_no_pointer_is_empty(spelling: str, text: str) -> None:
    assert read(values.nullable, spelling) == text


@pytest.mark.parametrize(
    "codec",
    [
        *(values.integer, values.real, values.yes_no, values.seconds, values.clock, values.epoch, values.date_time),
        *(values.address, member(State)),
    ],
    ids=["integer", "real", "flag", "seconds", "clock", "epoch", "date_time", "address", "member"],
)
@pytest.mark.parametrize("nonsense", ["", "nonsense", "<unknown>", "1:x", "1/2"])
def test_a_text_of_another_type_is_refused_never_guessed(codec: Codec[Any], nonsense: str) -> None:
    with pytest.raises(ValueError):
        read(codec, nonsense)


def test_text_is_accepted_unmodified() -> None:
    assert values.text.decode is None
    assert values.text.encode(" a b ") == " a b "


@pytest.mark.parametrize(
    "yes", ["yes", "Yes", "YES", "1", "true", "True", "on", "On", "Enabled", "y", "t", "-1", " yes "]
)
def test_every_spelling_of_yes_is_read(yes: str) -> None:
    assert read(values.one_zero, yes) is True


@pytest.mark.parametrize("no", ["no", "No", "NO", "0", "false", "False", "off", "Off", "Disabled", "n", "f", " no "])
def test_every_spelling_of_no_is_read(no: str) -> None:
    assert read(values.one_zero, no) is False


@pytest.mark.parametrize(
    ("codec", "yes", "no"),
    [
        (values.yes_no, "yes", "no"),
        (values.one_zero, "1", "0"),
        (values.true_false, "true", "false"),
        (values.on_off, "on", "off"),
        (values.enabled_disabled, "enabled", "disabled"),
        (values.Flag("Y", "N"), "Y", "N"),
    ],
)
def test_a_flag_is_written_in_the_spelling_of_its_header(codec: Codec[bool], yes: str, no: str) -> None:
    assert (codec.encode(True), codec.encode(False)) == (yes, no)


@pytest.mark.parametrize(
    ("codec", "spelling", "value"),
    [
        (values.minutes, "3", timedelta(minutes=3)),
        (values.seconds, "90", timedelta(seconds=90)),
        (values.seconds, "0.25", timedelta(milliseconds=250)),
        (values.milliseconds, "30000", timedelta(seconds=30)),
        (values.microseconds, "15", timedelta(microseconds=15)),
        (values.clock, "01:02:03", timedelta(hours=1, minutes=2, seconds=3)),
        (values.clock, "02:03", timedelta(minutes=2, seconds=3)),
        (values.clock, "100:00:00", timedelta(hours=100)),
    ],
)
def test_a_duration_is_read_in_its_unit(codec: Codec[timedelta], spelling: str, value: timedelta) -> None:
    assert read(codec, spelling) == value


def test_a_whole_number_of_units_is_written_without_a_decimal_point() -> None:
    assert values.milliseconds.encode(timedelta(seconds=30)) == "30000"
    assert values.seconds.encode(timedelta(seconds=1.5)) == "1.5"
    assert values.epoch.encode(datetime(2024, 1, 1, tzinfo=UTC)) == "1704067200"


def test_a_clock_is_written_with_two_digits_each() -> None:
    assert values.clock.encode(timedelta(hours=1, minutes=2, seconds=3.9)) == "01:02:03"


def test_moments_are_aware() -> None:
    assert read(values.epoch, "1704067200.5") == datetime(2024, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    with_zone = read(values.date_time, "2013-10-30T11:38:24.123-0500")
    assert with_zone == datetime(2013, 10, 30, 11, 38, 24, 123_000, tzinfo=timezone(timedelta(hours=-5)))


BERLIN = ZoneInfo("Europe/Berlin")


def test_a_date_text_without_a_zone_claims_none() -> None:
    assert read(values.date_time, "2024-01-01 10:00:00") == datetime(2024, 1, 1, 10)
    assert values.in_zone(datetime(2024, 1, 1, 10), None) == datetime(2024, 1, 1, 10)


@pytest.mark.parametrize(
    ("local", "moment"),
    [
        (datetime(2026, 1, 1, 10), datetime(2026, 1, 1, 9, tzinfo=UTC)),
        (datetime(2026, 7, 1, 10), datetime(2026, 7, 1, 8, tzinfo=UTC)),
        (datetime(2026, 3, 29, 1, 59, 59), datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        (datetime(2026, 3, 29, 3), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (datetime(2026, 10, 25, 1, 59, 59), datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
        (datetime(2026, 10, 25, 3), datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)
def test_a_local_time_follows_its_zone_across_clock_changes(local: datetime, moment: datetime) -> None:
    assert values.in_zone(local, BERLIN) == moment
    assert values.in_zone(local, BERLIN).tzinfo is UTC


@given(
    moments, st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"])
)
def test_whatever_a_clock_on_the_wall_shows_is_read_as_its_moment(moment: datetime, name: str) -> None:
    shown = moment.astimezone(zone := ZoneInfo(name))
    read_again = values.in_zone(shown.replace(tzinfo=None, fold=0), zone)
    assert read_again == moment if shown.fold == 0 else read_again < moment


def test_an_aware_time_keeps_its_zone() -> None:
    moment = datetime(2026, 7, 1, 10, tzinfo=timezone(timedelta(hours=-5)))
    assert values.in_zone(moment, BERLIN) is moment


@pytest.mark.parametrize("zone", [UTC, BERLIN, ZoneInfo("America/St_Johns"), timezone(timedelta(hours=14))])
def test_the_epoch_is_none_in_any_zone(zone: tzinfo) -> None:
    assert values.is_unset(datetime.fromtimestamp(0, zone))
    assert values.is_unset(datetime.fromtimestamp(0, zone).replace(tzinfo=None))
    assert not values.is_unset(datetime.fromtimestamp(1_000_000_000, zone))


def test_a_flag_among_other_values_is_recognised_by_its_type() -> None:
    codec = values.either(values.on_off, values.items())

    assert [codec.encode(value) for value in (True, False, ["call", "user"], "call")] == [
        "on",
        "off",
        "call,user",
        "call",
    ]


def test_blanks_around_items_and_empty_items_do_not_count() -> None:
    assert read(values.items(","), " call , ,all,") == ["call", "all"]
    assert read(values.items(" "), "a  b") == ["a", "b"]
    assert read(values.items("|"), "a|b, c") == ["a", "b, c"]
    assert read(values.items(), "") == []


def test_items_may_be_members_of_a_vocabulary() -> None:
    codec: Codec[Any] = values.items("|")

    assert codec.encode([State.UP, 3, Membership.REALTIME, "x"]) == "6|3|RealTime|x"


def test_pairs_keep_the_signs_of_their_values() -> None:
    assert read(values.pairs("&"), "a=1=2&b&c=") == {"a": "1=2", "b": "", "c": ""}


def test_an_address_is_read_in_parts() -> None:
    found = read(values.address, "IPV4/TCP/127.0.0.1/5038")
    assert found == Address(family="IPV4", transport="TCP", host="127.0.0.1", port=5038)
    assert read(values.address, "IPV6/UDP/2001:db8::1/").port == 0


def test_repeated_headers_are_written_once_a_value() -> None:
    assert values.each(values.seconds).encode([timedelta(seconds=1), timedelta(seconds=2)]) == ["1", "2"]
    assert values.assigned.encode({"A": "1", "B": "x=y"}) == ["A=1", "B=x=y"]


def test_the_last_value_of_a_repeated_variable_counts() -> None:
    assert values.variables(["A=1", "B=x=y", "A=2", "C"]) == {"A": "2", "B": "x=y", "C": ""}


# Lists of other forms


@pytest.mark.parametrize(
    ("printed", "formats"),
    [
        ("(ulaw|alaw)", ["ulaw", "alaw"]),
        ("(g722)", ["g722"]),
        ("(nothing)", []),
        ("()", []),
        ("", []),
        ("slin", ["slin"]),
    ],
)
def test_formats_are_a_list(printed: str, formats: list[str]) -> None:
    assert read(values.formats, printed) == formats


@given(st.lists(st.sampled_from(["ulaw", "alaw", "g722", "opus"]), unique=True))
def test_formats_round_trip(formats: list[str]) -> None:
    assert read(values.formats, str(values.formats.encode(formats))) == formats


@given(st.sets(st.integers(0, 63)))
def test_groups_are_the_same_as_a_list_and_as_bits(groups: set[int]) -> None:
    told = sorted(groups)
    assert read(values.groups, ", ".join(map(str, told))) == told
    assert read(values.group_bits, str(sum(1 << group for group in groups))) == told
    assert read(values.groups, str(values.groups.encode(told))) == told
    assert read(values.group_bits, str(values.group_bits.encode(told))) == told


@pytest.mark.parametrize("nonsense", ["a", "1;2", "1-3"])
def test_invalid_groups_are_rejected(nonsense: str) -> None:
    with pytest.raises(ValueError):
        read(values.groups, nonsense)


@given(st.integers(-(1 << 23), (1 << 23) - 1))
def test_a_number_of_24_bits_has_its_sign(number: int) -> None:
    assert read(values.integer24, str(number % (1 << 24))) == number


@given(st.integers(-(1 << 31), 0), st.sampled_from([32, 64]))
def test_no_time_is_left_after_the_count_wrapped_around(left: int, bits: int) -> None:
    assert read(values.seconds_left, str(left % (1 << bits))) is None


@given(st.integers(1, (1 << 31) - 1))
def test_the_time_that_is_left_is_a_duration(left: int) -> None:
    assert read(values.seconds_left, str(left)) == timedelta(seconds=left)
    assert values.seconds_left.encode(timedelta(seconds=left)) == str(left)


def test_a_negative_round_trip_is_none() -> None:
    assert read(values.round_trip, "0.0200") == 0.02
    assert read(values.round_trip, "65535.9987") is None
    assert values.round_trip.encode(0.5) == "0.5"


# Open vocabularies


def test_a_known_member_is_found_by_its_value() -> None:
    assert read(member(State), "6") is State.UP
    assert State.UP.known
    assert Membership.STATIC.known


def test_words_match_without_regard_to_case() -> None:
    assert read(member(Membership), "STATIC") is Membership.STATIC
    assert Membership("realtime") is Membership.REALTIME
    assert member(Membership).encode(Membership("realtime")) == "RealTime"


@pytest.mark.parametrize("word", ["GOOD", "good", "In a good mood", "IN A GOOD MOOD", "1"])
def test_every_word_for_a_thing_finds_its_member(word: str) -> None:
    assert read(member(Mood), word) is Mood.GOOD
    assert Mood(word) is Mood.GOOD
    assert member(Mood).encode(Mood(word)) == "GOOD"
    assert list(Mood) == [Mood.GOOD, Mood.BAD]
    assert Mood.spellings() == {"GOOD": Mood.GOOD, "BAD": Mood.BAD, "In a good mood": Mood.GOOD, "1": Mood.GOOD}


def test_an_unknown_number_stays_readable() -> None:
    unknown = State(99)
    assert isinstance(unknown, State)
    assert (unknown, unknown.name, unknown.value, unknown.known) == (99, "UNKNOWN_99", 99, False)
    assert unknown == State(99)
    assert unknown != State.UP
    assert hash(unknown) == hash(State(99))


def test_an_unknown_word_stays_readable() -> None:
    unknown = Membership("Agent")
    assert isinstance(unknown, Membership)
    assert (unknown, unknown.name, unknown.value, unknown.known) == ("Agent", "UNKNOWN_Agent", "Agent", False)
    assert member(Membership).encode(unknown) == "Agent"


@pytest.mark.parametrize("each", [State.UP, State(99), Membership.STATIC, Membership("agent")], ids=repr)
def test_members_survive_pickling_and_copying(each: State | Membership) -> None:
    for again in (pickle.loads(pickle.dumps(each)), copy.copy(each), copy.deepcopy(each)):
        assert type(again) is type(each)
        assert (again, again.name, again.known) == (each, each.name, each.known)


def test_an_unknown_value_does_not_become_a_member_of_the_vocabulary() -> None:
    State(99)
    Membership("agent")
    assert list(State) == [State.DOWN, State.UP]
    assert list(Membership) == [Membership.STATIC, Membership.REALTIME]


@pytest.mark.parametrize(("vocabulary", "value"), [(State, "up"), (State, None), (Membership, 1), (Membership, None)])
def test_values_of_another_type_are_not_members(vocabulary: Any, value: object) -> None:
    with pytest.raises(ValueError):
        vocabulary(value)


def test_a_member_may_be_given_as_plain_text_or_number() -> None:
    write: Any = member(State).encode
    assert (write(State.UP), write(6), write("6")) == ("6", "6", "6")


# What a program may put into a request


class Colour(enum.Enum):
    """A vocabulary that is neither text nor number."""

    RED = 1


@pytest.mark.parametrize(
    ("value", "spellings"),
    [
        (None, []),
        ("text", ["text"]),
        ("", [""]),
        (True, ["true"]),
        (False, ["false"]),
        (7, ["7"]),
        (0.5, ["0.5"]),
        (State.UP, ["6"]),
        (Membership.REALTIME, ["RealTime"]),
        (["a", 1, None, True], ["a", "1", "true"]),
        (("a", ["b"]), ["a", "b"]),
        ({"A": 1, "B": "x", "C": None, "D": True}, ["A=1", "B=x", "D=true"]),
        ({"A": ["1", "2"]}, ["A=1", "A=2"]),
        ([], []),
        ({}, []),
    ],
)
def test_a_value_of_pythons_is_spelled_as_asterisk_wants_it(value: object, spellings: list[str]) -> None:
    assert spell("Header", value) == spellings


@pytest.mark.parametrize(
    "value",
    [b"octets", {"a", "b"}, timedelta(seconds=1), datetime(2024, 1, 1, tzinfo=UTC), Colour.RED, object(), [b""]],
)
def test_a_value_without_one_spelling_is_refused_with_the_headers_name(value: object) -> None:
    with pytest.raises(TypeError, match=r"^Timeout must be text, not \w+$"):
        spell("Timeout", value)


def test_an_invalid_number_is_not_a_duration() -> None:
    for spelling in ("nan", "inf"):
        with pytest.raises((ValueError, OverflowError)):
            read(values.seconds, spelling)
    assert math.isnan(read(values.real, "nan"))


def test_a_duration_below_zero_that_was_written_unsigned_is_below_zero() -> None:
    assert read(values.seconds, "18446744073709551611") == timedelta(seconds=-5)


def test_a_duration_may_name_its_unit() -> None:
    assert read(values.milliseconds, "60000 ms") == timedelta(minutes=1)
    assert read(values.seconds, "-1 seconds") == timedelta(seconds=-1)
