"""Type keywords and names become Python, or a trouble that says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codegen.facts import Parameter
from codegen.resolve import resolve
from codegen.terms import Codec, Model
from codegen.trouble import TroubleError
from tests.codegen.sample import action, amended, event, facts, knowledge, listing, resolved

if TYPE_CHECKING:
    from pathlib import Path

ENUMS = """
[enum.Number]
kind = "int"
doc = "Numbers."
members = { ONE = 1 }
[enum.Word]
kind = "str"
doc = "Words."
members = { ON = "on" }
[header.Number]
type = "enum:Number"
[header.Word]
type = "enum:Word"
"""


def troubles(folder: Path, text: str, *messages: object) -> list[str]:
    using = knowledge(folder, text)
    with pytest.raises(TroubleError) as caught:
        resolved(facts(*messages), using=using)  # type: ignore[arg-type]  # actions and events
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("keyword", "annotation", "codec"),
    [
        ("text", "str", None),
        ("integer", "int", Codec("integer")),
        ("real", "float", Codec("real")),
        ("yes_no", "bool", Codec("yes_no")),
        ("flag:Yes/No", "bool", Codec("Flag", '"Yes", "No"')),
        ("milliseconds", "timedelta", Codec("milliseconds")),
        ("epoch", "datetime", Codec("epoch")),
        ("address", "Address", Codec("address")),
        ("items(',')", "Sequence[str]", Codec("items", '","')),
        ("items(',', enum:Word)", "Sequence[enums.Word | str]", Codec("items", '",", "Word"')),
        ("pairs('&')", "Mapping[str, str]", Codec("pairs", '"&"')),
        ("variables", "Mapping[str, str]", Codec("assigned")),
        ("repeated:text", "Sequence[str]", Codec("each", inner=Codec("text"))),
        ("repeated:seconds", "Sequence[timedelta]", Codec("each", inner=Codec("seconds"))),
        ("enum:Number", "enums.Number | int", Codec("chosen", '"Number"')),
        ("enum:Word", "enums.Word | str", Codec("chosen", '"Word"')),
        ("enum:Number|text", "enums.Number | int | str", None),
        ("yes_no|text", "bool | str", Codec("either", inner=Codec("yes_no"), other=Codec("text"))),
        ("on_off|items('|')", "bool | Sequence[str]", Codec("either", None, Codec("on_off"), Codec("items", '"|"'))),
    ],
)
def test_a_keyword_is_an_annotation_and_a_codec(
    tmp_path: Path, keyword: str, annotation: str, codec: Codec | None
) -> None:
    using = knowledge(tmp_path, f'{ENUMS}[action.A.parameter.X]\ntype = "{keyword}"\n')

    model = resolved(facts(action("A", "X"), event("E", "Number", "Word")), using=using)

    (argument,) = model.requests[0].arguments
    assert (argument.annotation, argument.codec) == (annotation, codec)


@pytest.mark.parametrize(
    ("keyword", "form", "codec"),
    [
        ("text", "Sometimes", Codec("text")),
        ("enum:Number", "Sometimes", Codec("member", "enums.Number")),
        ("repeated:integer", "Repeated", Codec("integer")),
        ("variables", "Variables", None),
        ("seconds_left", "Sometimes", Codec("seconds_left")),
    ],
)
def test_a_keyword_is_a_field(tmp_path: Path, keyword: str, form: str, codec: Codec | None) -> None:
    using = knowledge(tmp_path, f'{ENUMS}[event.E.header.X]\ntype = "{keyword}"\n')

    (field, *_) = resolved(facts(event("E", "X", "Number", "Word")), using=using).events[0].fields

    assert (field.form, field.codec) == (form, codec)


def test_a_header_with_a_text_for_no_value_may_be_none_even_if_it_is_always_sent(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[event.E.header.X]\npresence = "always"\nnone = ["-1"]\n')

    assert resolved(facts(event("E", "X")), using=using).events[0].fields[0].form == "Sometimes"


@pytest.mark.parametrize(
    "keyword",
    ["string", "enum:Nothing", "items", "items()", "flag:Yes", "numbered:variables", "repeated:repeated:text", "flag:"],
)
def test_an_unknown_type_is_a_trouble_with_its_place(tmp_path: Path, keyword: str) -> None:
    (trouble,) = troubles(tmp_path, f'[header.X]\ntype = "{keyword}"\n', event("E", "X"))

    assert trouble.startswith("overlay.toml:2: Event E, parameter X: ")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ('type = "enum:Word"', "[enum.Word] follows Number, and there is no [enum.Number]."),
        ('type = "words:Plain"', "No member of [enum.Plain] has a word."),
        (
            'type = "repeated:text"\npresence = "always"\ndefault = "x"',
            "A repeated header cannot have a",
        ),
    ],
)
def test_an_impossible_default_is_a_trouble(tmp_path: Path, header: str, reason: str) -> None:
    word = '[enum.Word]\nkind = "str"\ndoc = "D."\nfollows = "Number"\nmembers = { UP = "Up" }\n'
    plain = '[enum.Plain]\nkind = "int"\ndoc = "D."\nmembers = { UP = 1 }\n'

    found = troubles(tmp_path, f"{word}{plain}[header.X]\n{header}\n", event("E", "X"))

    assert any(reason in trouble for trouble in found), found


def test_a_trouble_finds_its_line_whatever_the_case_and_the_new_name(tmp_path: Path) -> None:
    text = '[event.e]\nwhy = "W."\nseen = "S"\n[event.e.header.x]\nrename = "Y"\ntype = "string"\n'

    (trouble,) = troubles(tmp_path, text, event("E", "X"))

    assert trouble.startswith("overlay.toml:6: Event E, parameter Y: 'string' is not a type")


def test_a_response_or_vocabulary_needs_a_valid_class_name(tmp_path: Path) -> None:
    text = (
        '[response."A-b"]\ndoc = "A."\n[action.A]\nresponse = "A-b"\n'
        '[enum.Answer]\nkind = "int"\ndoc = "A."\nmembers = { ONE = 1 }\n[parameter.X]\ntype = "enum:Answer"\n'
    )

    assert troubles(tmp_path, text, action("A", "X")) == [
        "overlay.toml:1: Response A-b: Its name cannot be the name of a class.",
        "overlay.toml:5: Enum Answer: Its name cannot be the name of a class.",
    ]


def test_a_family_of_headers_needs_a_star_and_its_type(tmp_path: Path) -> None:
    text = (
        '[event.E]\nwhy = "W."\nseen = "S"\n[event.E.header.X]\nrename = "X*"\n[event.E.header.Y]\ntype = "numbered:text"\n'
        '[action.A.parameter.Z]\ntype = "numbered:text"\n'
    )

    found = troubles(tmp_path, text, event("E", "X", "Y"), action("A", "Z"))

    assert [line.partition(": ")[2] for line in found] == [
        "Action A, parameter Z: A parameter cannot be a family of headers, or one of several headers of a name.",
        "Event E, parameter X*: A family of headers needs a * in its name and a type numbered:... or named:variables.",
        "Event E, parameter Y: A family of headers needs a * in its name and a type numbered:... or named:variables.",
    ]


def test_two_headers_that_become_one_attribute_are_a_trouble() -> None:
    with pytest.raises(TroubleError) as caught:
        resolved(facts(event("E", "Call-ID", "CallID"), action("A", "Call-ID", "CallID")))

    assert str(caught.value).splitlines() == [
        "facts: Action A, parameter CallID: Its attribute would be call_id, as for Call-ID; name one of them.",
        "facts: Event E, parameter CallID: Its attribute would be call_id, as for Call-ID; name one of them.",
    ]


def test_a_chosen_name_must_not_hide_a_member(tmp_path: Path) -> None:
    (trouble,) = troubles(tmp_path, '[action.A.parameter.X]\nname = "timeout"\n', action("A", "X"))

    assert trouble == (
        "overlay.toml:1: Action A, parameter X: Its attribute cannot be timeout: the class has a member of that name."
    )


def test_two_messages_that_become_one_class_are_a_trouble() -> None:
    with pytest.raises(TroubleError, match="Event DemoTree: Its class would be DemoTree, as for Demo Tree"):
        resolved(facts(event("Demo Tree"), event("DemoTree")))


def test_an_action_and_an_event_may_have_one_name() -> None:
    model = resolved(facts(event("Hangup"), action("Hangup")))

    assert (model.requests[0].name, model.events[0].name) == ("Hangup", "Hangup")


def test_a_vocabulary_that_no_header_uses_is_a_trouble(tmp_path: Path) -> None:
    found = troubles(tmp_path, '[enum.A]\nkind = "int"\ndoc = "A."\nmembers = { ONE = 1 }\n', event("E"))

    assert found == ["overlay.toml:1: Enum A: No header has this type."]


def test_an_undocumented_event_in_a_list_is_a_trouble() -> None:
    with pytest.raises(TroubleError, match="Action L: Its list has the event Gone, which is not documented"):
        resolved(facts(action("L", responses=listing("Gone", complete="Done")), event("Done")))


def test_required_parameters_come_first_in_the_order_of_the_documentation() -> None:
    (request,) = resolved(facts(action("A", "D", "C!", "B", "A!"))).requests

    assert [argument.attribute for argument in request.arguments] == ["c", "a", "d", "b"]


def test_the_page_is_that_of_the_newest_documentation_that_has_the_message(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[event.Added]\nadd = true\nwhy = "W."\nseen = "S"\n')
    model = resolved(
        facts(event("Old"), event("Older"), release="13.38.3"),
        facts(event("Old"), event("New Tree"), release="20.20.1"),
        facts(event("New Tree")),
        using=using,
    )

    site = "https://docs.asterisk.org"
    assert {each.name: each.page for each in model.events} == {
        "NewTree": f"{site}/Latest_API/API_Documentation/AMI_Events/New%20Tree/",
        "Old": f"{site}/Asterisk_20_Documentation/API_Documentation/AMI_Events/Old/",
        "Older": None,
        "Added": None,
    }


def test_a_package_of_ones_own_uses_the_events_that_ami_typed_has() -> None:
    documented = facts(action("L", responses=listing("Mine", "AOC-S", complete="Done")), event("Mine"), event("Done"))

    model: Model = resolve(amended(documented), {"aoc-s": "AOC_S"})

    assert [(name, item.name, item.known) for name, item in model.aggregates[0].items] == [
        ("mine", "Mine", False),
        ("aoc_s", "AOC_S", True),
    ]
    assert model.requests[0].page is None


def test_values_and_defaults_of_the_documentation_are_kept() -> None:
    (request,) = resolved(facts(action("A", Parameter(name="X", default="a", values=("a", "b"))))).requests

    assert (request.arguments[0].default, request.arguments[0].values) == ("a", ("a", "b"))
