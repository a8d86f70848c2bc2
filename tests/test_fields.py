"""A typed attribute returns its declared type or says what is wrong, whether its event was parsed before or not."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import FieldError, Releases, _speed, events, responses
from ami_typed._language.descriptions import described
from ami_typed.fields import (
    Always,
    Joined,
    Numbered,
    Repeated,
    Second,
    Sometimes,
    Variables,
    VariablesByName,
    fields_of,
    processed,
)
from ami_typed.values import (
    Codec,
    OpenIntEnum,
    epoch,
    escaped,
    integer,
    items,
    member,
    seconds,
    text,
    uri_encoded,
    yes_no,
)
from tests.support import Gadget, unread

if TYPE_CHECKING:
    from collections.abc import Callable


class Mood(OpenIntEnum):
    """A vocabulary."""

    GOOD = 1


class Report(ami.Event):
    """An event with a field of each kind."""

    __slots__ = ()

    label = Always("Label", text)
    """What it is called."""
    count = Always("Count", integer)
    """How many
    there are."""
    mood = Always("Mood", member(Mood))
    note = Sometimes("Note", text, none=("<none>",))
    since = Sometimes("Since", epoch, releases="18.26 20-23", none=("0", "never"))
    flag = Sometimes("Some-Flag", yes_no)
    sizes = Repeated("Size", integer)
    contacts = Joined("Contacts", items())
    codecs = Sometimes("Codecs", items())
    chan_variable = Variables("ChanVariable", releases="16-23")
    by_channel = VariablesByName("ChanVariable(*)")
    report_ssrc = Numbered("Report*SourceSSRC", integer)
    name = Sometimes("Name", escaped("Whole", "Mark"), none=("<unknown>",))
    title = Always("Title", escaped())
    output = Sometimes("Output", uri_encoded)
    variables = Variables("Variable", escaped("Whole", "Mark"))
    package = Second("Event", text)


def unread_report(*lines: str) -> Report:
    report: Report = unread("Event: Report", *lines, cls=Report)
    return report


def parsed_report(*lines: str) -> Report:
    report = unread_report(*lines)
    len(report)
    return report


both = pytest.mark.parametrize("report", [unread_report, parsed_report], ids=["unread", "parsed"])


@both
def test_a_header_is_read_as_its_declared_type(report: Callable[..., Report]) -> None:
    event = report("Label: one", "Count: 7", "Mood: 1", "Since: 60", "Some-Flag: Yes")
    assert event.label == "one"
    assert event.count == 7
    assert event.mood is Mood.GOOD
    assert event.since == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert event.flag is True


@both
def test_the_last_header_of_a_message_is_read_to_its_end(report: Callable[..., Report]) -> None:
    assert report("Count: 7", "Label: the end").label == "the end"


@both
@pytest.mark.parametrize("line", ["label: one", "LABEL: one", "Label:one"])
def test_a_header_in_another_spelling_is_read(report: Callable[..., Report], line: str) -> None:
    assert report("Count: 7", line).label == "one"


@both
def test_a_header_whose_name_ends_like_another_is_not_taken_for_it(report: Callable[..., Report]) -> None:
    event = report("SubLabel: wrong", "X-Label: wrong", "Labels: wrong")
    with pytest.raises(FieldError):
        _ = event.label


@both
def test_a_value_that_looks_like_a_header_is_not_taken_for_one(report: Callable[..., Report]) -> None:
    assert report("Other: Label: wrong", "Label: right").label == "right"


@both
def test_the_first_of_repeated_headers_is_the_attribute(report: Callable[..., Report]) -> None:
    assert report("Count: 1", "Count: 2").count == 1


@both
def test_a_value_with_a_line_feed_is_read_alike_by_attribute_and_key(report: Callable[..., Report]) -> None:
    event = report("Label: one\nand more", "Count: 1")
    attribute = event.label
    assert attribute == event["Label"]


@both
def test_a_missing_mandatory_header_is_named_in_the_error(report: Callable[..., Report]) -> None:
    with pytest.raises(FieldError, match=r"^Report has no header Label\.$") as error:
        _ = report("Count: 7").label
    assert error.value.text is None
    assert error.value.header == "Label"


@both
def test_text_of_another_type_is_quoted_in_the_error(report: Callable[..., Report]) -> None:
    event = report("Count: seven")
    with pytest.raises(
        FieldError, match=r"^Report: cannot decode Count 'seven': not a whole number in decimal digits\.$"
    ) as error:
        _ = event.count
    assert error.value.message is event
    assert error.value.text == "seven"


@both
@pytest.mark.parametrize("text_", ["nan", "1e400", "99999999999999999999"])
def test_a_time_out_of_range_is_a_field_error(report: Callable[..., Report], text_: str) -> None:
    with pytest.raises(FieldError, match="Since"):
        _ = report(f"Since: {text_}").since


def test_a_codec_that_raises_without_a_message_still_gives_a_sentence() -> None:
    def fail(_: str) -> int:
        raise ValueError

    class Odd(ami.Event):
        __slots__ = ()

        code = Always("Code", Codec(fail, str))

    with pytest.raises(FieldError, match=r"^Odd: cannot decode Code 'x': out of range\.$"):
        _ = Odd({"Code": "x"}).code


@both
def test_an_optional_header_that_is_absent_is_none(report: Callable[..., Report]) -> None:
    event = report("Count: 7")
    assert event.note is None
    assert event.since is None
    assert event.flag is None


@both
@pytest.mark.parametrize("spelling", ["0", "never", ""])
def test_a_placeholder_is_none(report: Callable[..., Report], spelling: str) -> None:
    assert report(f"Since: {spelling}").since is None


@both
def test_empty_text_is_text_and_a_placeholder_is_none(report: Callable[..., Report]) -> None:
    assert report("Note: ").note == ""
    assert report("Note:").note == ""
    assert report("Note: <none>").note is None


@both
def test_a_wrong_text_in_an_optional_header_is_an_error_not_none(report: Callable[..., Report]) -> None:
    with pytest.raises(FieldError, match="Some-Flag"):
        _ = report("Some-Flag: perhaps").flag


@both
def test_an_unknown_member_of_a_vocabulary_is_still_readable(report: Callable[..., Report]) -> None:
    mood = report("Mood: 42").mood
    assert (mood.value, mood.known) == (42, False)


@both
def test_every_value_of_a_repeated_header_is_read_in_order(report: Callable[..., Report]) -> None:
    assert report("Size: 3", "Other: x", "Size: 1", "size: 2").sizes == [3, 1, 2]
    assert report("Size: 3").sizes == [3]
    assert report("Other: x").sizes == []


@both
def test_a_list_that_is_spread_over_several_headers_is_one(report: Callable[..., Report]) -> None:
    assert report("Contacts: a/1,a/2,", "Other: x", "Contacts: ", "contacts: b/3").contacts == ["a/1", "a/2", "b/3"]
    assert report("Other: x").contacts == []
    assert processed(report("Contacts: a/1,", "Contacts: b/2"))[0]["Contacts"] == ["a/1", "b/2"]


@both
def test_a_list_without_items_is_empty_and_none_only_if_absent(report: Callable[..., Report]) -> None:
    assert report("Codecs: ").codecs == []
    assert report("Other: x").codecs is None


@both
def test_one_wrong_text_among_repeated_headers_is_an_error(report: Callable[..., Report]) -> None:
    with pytest.raises(FieldError, match="Size"):
        _ = report("Size: 3", "Size: x").sizes


@both
def test_variables_are_a_mapping(report: Callable[..., Report]) -> None:
    event = report("ChanVariable: A=1", "ChanVariable: B=x=y", "ChanVariable: A=2")
    assert event.chan_variable == {"A": "2", "B": "x=y"}
    assert report("Count: 7").chan_variable == {}


@both
def test_escaped_text_is_read_as_the_text_itself_and_its_header_as_it_was_sent(report: Callable[..., Report]) -> None:
    event = report(r"Title: O\'Brien \"\\\"\?\n", r"Name: C:\\", "Output: 200%20result%3D0%0A")
    assert (event.title, event.name, event.output) == ('O\'Brien "\\"?\n', "C:\\", "200 result=0\n")
    assert event["Title"] == r"O\'Brien \"\\\"\?\n"
    assert event["Output"] == "200%20result%3D0%0A"
    assert event.process()[0]["Title"] == event.title


@both
def test_empty_text_that_might_be_escaped_is_text(report: Callable[..., Report]) -> None:
    event = report("Title: ", "Name: ", "Output: ")
    assert (event.title, event.name, event.output) == ("", "", "")
    assert report("Name: <unknown>").name is None
    assert report("Other: x").name is None


@both
def test_unescaped_text_is_read_unmodified(report: Callable[..., Report]) -> None:
    raw = r"C:\new"
    older = report("Whole: 1", f"Name: {raw}", f"Variable: A={raw}")
    assert (older.name, older.variables) == (raw, {"A": raw})
    newer = report("Whole: 1", f"Name: {raw}", f"Variable: A={raw}", "mark: 1")
    assert (newer.name, newer.variables) == ("C:\new", {"A": "C:\new"})
    assert report(f"Name: {raw}").name == "C:\new"


@both
def test_a_header_repeated_with_another_meaning_has_its_own_attribute(report: Callable[..., Report]) -> None:
    event = report("Event: presence", "Count: 1")
    assert event.package == "presence"
    assert event.event == event["Event"] == event.process()[0]["Event"] == "Report"
    assert event.to_dict(typed=True)["Event"] == event.to_dict()["Event"] == ["Report", "presence"]
    assert report("Count: 1").package is None


@both
def test_a_family_of_headers_is_read_by_the_part_that_differs(report: Callable[..., Report]) -> None:
    event = report(
        "ChanVariable(Local/1@x-0001;1): A=1",
        "ChanVariable(Local/1@x-0001;2): B=2",
        "ChanVariable(Local/1@x-0001;1): C=3",
        "Report0SourceSSRC: 10",
        "report1sourcessrc: 11",
        "ReportSourceSSRC: 12",
    )
    assert event.by_channel == {"Local/1@x-0001;1": {"A": "1", "C": "3"}, "Local/1@x-0001;2": {"B": "2"}}
    assert event.report_ssrc == {"0": [10], "1": [11]}


@both
def test_a_wrong_text_in_a_family_is_an_error(report: Callable[..., Report]) -> None:
    with pytest.raises(FieldError, match="Report"):
        _ = report("Report0SourceSSRC: x").report_ssrc


@both
def test_an_attribute_follows_a_header_that_the_program_changed(report: Callable[..., Report]) -> None:
    event = report("Label: one", "Count: 1")
    event["Label"] = "two"
    assert event.label == "two"
    del event["Count"]
    with pytest.raises(FieldError):
        _ = event.count


def test_reading_an_attribute_does_not_parse_the_event() -> None:
    event = unread_report("Label: one", "Count: 7")
    assert (event.label, event.count) == ("one", 7)
    assert event._unread is not None


lines = st.lists(
    st.tuples(
        st.sampled_from(["Label", "Count", "Other", "Labels"]),
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8),
    ),
    max_size=6,
)


@given(lines)
def test_an_attribute_is_the_same_whether_the_event_was_parsed_or_not(headers: list[tuple[str, str]]) -> None:
    written = [f"{name}: {value}" for name, value in headers]

    def label(report: Report) -> str | None:
        try:
            return report.label
        except FieldError:
            return None

    assert label(unread_report(*written)) == label(parsed_report(*written)) == dict(reversed(headers)).get("Label")


# Seen on the class


def test_a_field_on_the_class_has_its_header_and_releases() -> None:
    assert isinstance(Report.label, Always)
    assert isinstance(Report.note, Sometimes)
    assert isinstance(Report.sizes, Repeated)
    assert isinstance(Report.chan_variable, Variables)
    assert isinstance(Report.by_channel, VariablesByName)
    assert Report.flag.header == "Some-Flag"
    assert Report.label.releases is None
    assert Report.since.releases == Releases("18.26 20-23")


def test_help_on_an_attribute_names_its_header_and_its_releases() -> None:
    assert inspect.getdoc(Report.label) == "The ``Label`` header. What it is called."
    assert inspect.getdoc(Report.since) == "The ``Since`` header. Asterisk 18 (since 18.26), 20 to 23."


def test_help_does_without_the_source_of_a_class() -> None:
    made: Any = type("Made", (ami.Event,), {"size": Always("Size", integer)})
    assert inspect.getdoc(made.size) == "The ``Size`` header."


def test_a_field_shows_its_kind_and_its_header() -> None:
    assert repr(Report.flag) == "<Sometimes Some-Flag>"


def test_an_attribute_is_read_only_and_the_error_gives_the_alternative() -> None:
    event: Any = parsed_report("Count: 7")
    with pytest.raises(AttributeError, match=r"Report\.count is read-only; set message\['Count'\] instead"):
        event.count = 8
    assert event.count == 7


def test_the_fields_of_a_class_are_those_of_its_bases_and_its_own() -> None:
    found = fields_of(Gadget)
    assert list(found)[: len(fields_of(ami.Event))] == list(fields_of(ami.Event))
    assert set(found) - set(fields_of(ami.Event)) == {"size", "colour", "made", "parts"}


def test_the_descriptions_below_fields_are_found() -> None:
    assert described(Report) == {"label": "What it is called.", "count": "How many\nthere are."}


# process()


@both
def test_process_decodes_known_headers_and_keeps_the_rest(report: Callable[..., Report]) -> None:
    event = report(
        "Label: one", "count: 7", "Since: 60", "Size: 1", "Size: 2", "ChanVariable: A=1", "New: x", "no header"
    )
    headers, data = event.process()
    assert headers == {
        "Event": "Report",
        "Label": "one",
        "count": 7,
        "Since": datetime(1970, 1, 1, 0, 1, tzinfo=UTC),
        "Size": [1, 2],
        "ChanVariable": {"A": "1"},
        "New": "x",
    }
    assert data == ["no header"]


@both
def test_process_keeps_undecodable_values_as_text(report: Callable[..., Report]) -> None:
    headers, _ = report("Count: seven", "Since: when", "Size: 1", "Size: x").process()
    assert (headers["Count"], headers["Since"], headers["Size"]) == ("seven", "when", [1, "x"])


@both
def test_process_converts_placeholders_to_none(report: Callable[..., Report]) -> None:
    headers, _ = report("Since: never", "Note: <none>").process()
    assert (headers["Since"], headers["Note"]) == (None, None)


def test_process_changes_nothing_in_the_event() -> None:
    event = parsed_report("Count: 7", "a line")
    headers, data = event.process()
    headers["Count"] = 8
    data.append("more")
    assert event["Count"] == "7"
    assert event.data == ["a line"]


class Anything(ami.Event):
    """An event that declares a field of every type for a header of any text."""

    __slots__ = ()

    a = Always("A", integer)
    b = Sometimes("B", epoch)
    c = Repeated("C", seconds)
    d = Variables("D")
    e = Sometimes("E", items())
    f = Always("F", member(Mood))
    g = Numbered("G*", integer)


@given(st.lists(st.tuples(st.sampled_from("ABCDEFG"), st.text() | st.sampled_from(["nan", "inf", "-1", "9" * 5000]))))
def test_process_never_raises(headers: list[tuple[str, str]]) -> None:
    octets = "\r\n".join(["Event: Anything", *(f"{name}: {value}" for name, value in headers)])
    event = _speed.make_message(Anything, octets.encode("utf-8", "surrogatepass"), "Anything")
    processed_headers, _ = processed(event)
    assert set(processed_headers) == set(event)


# Local times of the server

BERLIN = ZoneInfo("Europe/Berlin")
STANDARD, SUMMER = (timezone(timedelta(hours=hours)) for hours in (1, 2))


def record(zone: Any, parsed: bool, *lines: str) -> events.Cdr:
    octets = "\r\n".join(("Event: Cdr", *lines)).encode()
    event: events.Cdr = _speed.make_message(events.Cdr, octets, "Cdr", zone)
    if parsed:
        len(event)
    return event


parsed_or_not = pytest.mark.parametrize("parsed", [False, True], ids=["unread", "parsed"])


@parsed_or_not
@pytest.mark.usefixtures("abroad")
def test_a_local_time_is_the_servers_wherever_the_client_lives(parsed: bool) -> None:
    event = record(BERLIN, parsed, "StartTime: 2026-03-29 01:59:58", "EndTime: 2026-03-29 03:00:01", "AnswerTime: ")
    assert event.start_time == datetime(2026, 3, 29, 1, 59, 58, tzinfo=STANDARD)
    assert event.end_time == datetime(2026, 3, 29, 3, 0, 1, tzinfo=SUMMER)
    assert event.answer_time is None
    assert event.start_time + timedelta(seconds=3) == event.end_time
    assert event.process()[0]["StartTime"] == event.start_time
    assert event.process()[0]["AnswerTime"] is None


@parsed_or_not
@pytest.mark.usefixtures("abroad")
def test_a_local_time_of_an_unknown_zone_is_naive(parsed: bool) -> None:
    event = record(None, parsed, "StartTime: 2026-07-01 10:00:00")
    assert event.start_time == datetime(2026, 7, 1, 10)
    assert event.process()[0]["StartTime"] == datetime(2026, 7, 1, 10)
    assert event.end_time is None


@parsed_or_not
def test_of_a_time_that_the_clock_showed_twice_the_first_is_taken(parsed: bool) -> None:
    assert record(BERLIN, parsed, "StartTime: 2026-10-25 02:30:00").start_time == datetime(
        2026, 10, 25, 2, 30, tzinfo=SUMMER
    )


@parsed_or_not
@pytest.mark.parametrize(
    ("zone", "text"),
    [
        *((zone, text) for zone in (None, BERLIN) for text in ("noon", "", "2026-13-01 00:00:00")),
        (BERLIN, "0001-01-01 00:00:00"),  # which is in year 0 of UTC
    ],
)
def test_an_invalid_date_and_time_is_an_error_that_names_the_header(zone: Any, parsed: bool, text: str) -> None:
    event = record(zone, parsed, f"StartTime: {text}", "UniqueID: 1")
    with pytest.raises(FieldError, match="Cdr: cannot decode StartTime '") as refused:
        event.start_time  # noqa: B018
    assert refused.value.text == text
    assert event.process()[0]["StartTime"] == text


@parsed_or_not
def test_a_missing_mandatory_local_time_is_an_error(parsed: bool) -> None:
    with pytest.raises(FieldError, match="Cdr has no header StartTime"):
        record(BERLIN, parsed, "UniqueID: 1").start_time  # noqa: B018


@parsed_or_not
@pytest.mark.parametrize(
    "text", ["1970-01-01T00:00:00.000+0000", "1970-01-01T00:00:00.000-0000", "1970-01-01T01:00:00.000+0100"]
)
def test_a_session_start_at_the_epoch_is_none(parsed: bool, text: str) -> None:
    event = unread(
        "Event: FailedACL", "EventTV: 2026-07-01T12:00:00.500+0200", f"SessionTV: {text}", cls=events.FailedACL
    )
    if parsed:
        len(event)
    assert event.session_tv is None
    assert event.event_tv == datetime(2026, 7, 1, 10, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.usefixtures("abroad")
def test_a_time_may_be_split_over_two_headers() -> None:
    lines = ["CoreStartupDate: 2026-07-01", "CoreStartupTime: 10:00:00", "CoreReloadDate: 2026-07-01"]
    octets = "\r\n".join(("Response: Success", *lines)).encode()
    told: responses.CoreStatus = _speed.make_message(responses.CoreStatus, octets, "Success", BERLIN)
    untold: responses.CoreStatus = _speed.make_message(responses.CoreStatus, octets, "Success")
    assert told.started == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert untold.started == datetime(2026, 7, 1, 10)
    with pytest.raises(FieldError, match="CoreStatus has no header CoreReloadDate"):
        told.reloaded  # noqa: B018


def test_a_class_with_local_times_is_marked() -> None:
    assert [cls._local for cls in (events.Cdr, events.CEL, responses.CoreStatus)] == [True] * 3
    assert [cls._local for cls in (ami.Event, events.Hangup, ami.Message)] == [False] * 3
