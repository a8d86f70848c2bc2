"""Configuration files are read with all that they say, and changed by headers that Asterisk understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import FieldError, actions, responses
from ami_typed.configuration import (
    AppendLine,
    Change,
    DeleteLine,
    DeleteSection,
    EmptySection,
    InsertLine,
    NewSection,
    RenameSection,
    Section,
    UpdateLine,
    changes,
)
from tests.support import PATIENCE, Server, answer, background

if TYPE_CHECKING:
    from tests.faces import Make

FILE = (
    ("Response", "Success"),
    ("Category-000000", "template"),
    ("IsTemplate-000000", "1"),
    ("Line-000000-000000", "color=red"),
    ("Category-000001", "phone"),
    ("Templates-000001", "template,other"),
    ("Line-000001-000000", "color=red"),
    ("Line-000001-000001", "match=1.2.3.4"),
    ("Line-000001-000002", "match=a=b"),
    ("Line-000001-000003", "Color=blue"),
    ("Category-000002", "phone"),
)
SECTIONS = [
    Section("template", [("color", "red")], is_template=True),
    Section(
        "phone",
        [("color", "red"), ("match", "1.2.3.4"), ("match", "a=b"), ("Color", "blue")],
        templates=("template", "other"),
    ),
    Section("phone", []),
]


def test_a_file_is_its_sections_in_order_with_repeated_names() -> None:
    assert responses.GetConfig(FILE).sections == SECTIONS


def test_the_sections_are_listed_in_order() -> None:
    assert responses.ListCategories(FILE).categories == ["template", "phone", "phone"]


def test_older_releases_put_quotes_around_templates() -> None:
    (section,) = responses.GetConfig({"Category-000000": "a", "Templates-000000": '"b","c"'}).sections

    assert section.templates == ("b", "c")


def test_a_file_without_sections_has_none() -> None:
    assert responses.GetConfig({"Response": "Success"}, ["No categories found"]).sections == []


def test_a_line_of_no_section_is_an_error() -> None:
    with pytest.raises(FieldError, match="no section has the number 000007"):
        _ = responses.GetConfig({"Category-000000": "a", "Line-000007-000000": "b=c"}).sections


def test_a_json_text_is_the_same_sections() -> None:
    text = (
        '{"template":{"istemplate":1,"color":"red"},'
        '"phone":{"templates":"template,other","color":"red","match":"1.2.3.4","match":"a=b","Color":"blue"},"phone":{}}'
    )

    assert responses.GetConfigJSON({"JSON": text}).sections == SECTIONS


def test_a_json_text_may_have_characters_that_asterisk_does_not_escape() -> None:
    (section,) = responses.GetConfigJSON({"JSON": '{"a":{"istemplate":"no","b":"tab\there"}}'}).sections

    assert section == Section("a", [("istemplate", "no"), ("b", "tab\there")])


@pytest.mark.parametrize("text", ["", "[]", '{"a":1}', '{"a":{'])
def test_json_of_another_form_is_an_error(text: str) -> None:
    with pytest.raises(FieldError, match="cannot decode JSON"):
        _ = responses.GetConfigJSON({"JSON": text}).sections


def test_an_answer_without_the_header_raises_an_error_that_says_so() -> None:
    with pytest.raises(FieldError, match="has no header JSON"):
        _ = responses.GetConfigJSON({"Response": "Success"}).sections


def test_the_last_value_of_a_name_counts() -> None:
    phone = SECTIONS[1]

    assert phone.all("match") == ["1.2.3.4", "a=b"]
    assert phone.get("color") == "blue"
    assert phone.get("size") is None
    assert phone.get("size", "1") == "1"


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        (NewSection("a"), {"Action": "NewCat", "Cat": "a"}),
        (
            NewSection(
                "a", templates=["b", "c"], is_template=True, allow_duplicate=True, ignore_error=True, before="d"
            ),
            {
                "Action": "NewCat",
                "Cat": "a",
                "Match": "d",
                "Options": 'template,allowdups,ignoreerror,inherit="b,c"',
            },
        ),
        (RenameSection("a", "b"), {"Action": "RenameCat", "Cat": "a", "Value": "b"}),
        (
            DeleteSection("a", filter="x=1", ignore_error=True),
            {"Action": "DelCat", "Cat": "a", "Options": 'ignoreerror,catfilter="x=1"'},
        ),
        (EmptySection("a"), {"Action": "EmptyCat", "Cat": "a"}),
        (
            UpdateLine("a", "b", "c", match="d"),
            {"Action": "Update", "Cat": "a", "Var": "b", "Value": "c", "Match": "d"},
        ),
        (AppendLine("a", "b", ""), {"Action": "Append", "Cat": "a", "Var": "b", "Value": ""}),
        (
            AppendLine("a", "exten", "1,1,NoOp", is_object=True),
            {"Action": "Append", "Cat": "a", "Var": "exten", "Value": ">1,1,NoOp"},
        ),
        (
            InsertLine("a", 0, "b", "c"),
            {"Action": "Insert", "Cat": "a", "Var": "b", "Value": "c", "Line": "0"},
        ),
        (DeleteLine("a", "b", match="c"), {"Action": "Delete", "Cat": "a", "Var": "b", "Match": "c"}),
        (DeleteLine("a", line=3), {"Action": "Delete", "Cat": "a", "Line": "3"}),
    ],
)
def test_a_change_is_written_as_asterisk_reads_it(change: Change, headers: dict[str, str]) -> None:
    assert changes([change]) == {f"{name}-000000": text for name, text in headers.items()}


def test_changes_are_numbered_in_their_order() -> None:
    request = actions.UpdateConfig(
        src_filename="a.conf", dst_filename="b.conf", changes=[NewSection("x"), AppendLine("x", "y", "z")]
    )

    assert request.lines()[3:] == [
        *(("Action-000000", "NewCat"), ("Cat-000000", "x")),
        *(("Action-000001", "Append"), ("Cat-000001", "x"), ("Var-000001", "y"), ("Value-000001", "z")),
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (EmptySection(""), r"EmptySection needs the name of a section\."),
        (RenameSection("a", ""), r"RenameSection needs the new name\."),
        (DeleteLine("a"), r"DeleteLine needs the name of a line, or its number\."),
        (AppendLine("a", "", "b"), r"a: a line needs a name\."),
        (
            UpdateLine("a", "b", ">c"),
            r"a: the value of b begins with >, which Asterisk takes for =>; pass is_object=True\.",
        ),
    ],
)
def test_a_change_that_asterisk_would_refuse_or_mistake_is_refused(change: Change, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        changes([change])


def test_no_value_is_shown() -> None:
    request = actions.UpdateConfig(
        src_filename="a.conf", dst_filename="b.conf", changes=[UpdateLine("x", "auth", "hush", match="quiet")]
    )
    answer = ami.Answer([("Line-000000-000000", "md5_cred=hush"), ("JSON", '{"a":{"x":"hush"}}')])
    shown = "".join(map(repr, (request, *SECTIONS, answer, *CHANGES_WITH_VALUES)))

    assert "hush" not in shown
    assert "quiet" not in shown
    assert "1.2.3.4" not in shown
    assert "DeleteLine(section='a', name='b', match='***'" in shown


CHANGES_WITH_VALUES: list[Change] = [
    UpdateLine("a", "b", "hush"),
    AppendLine("a", "b", "hush"),
    InsertLine("a", 1, "b", "hush"),
    DeleteLine("a", "b", match="hush"),
]


@pytest.mark.parametrize(
    ("reload", "sent"),
    [
        *((no, None) for no in (False, None, "", "no", "No", " no", "false", "off", "n", "f", "0", 0)),
        *((yes, "yes") for yes in (True, "yes", "YES", "true", "on", "y", "t", "1", 1)),
        *((module, module) for module in ("chan_iax2.so", "app_queue", "yes.so", "none")),
    ],
)
def test_without_reload_the_header_is_not_sent(server: Server, make: Make, reload: Any, sent: str | None) -> None:
    """Asterisk before 18.22, 20.7 and 21.2 takes any word that is no yes for the name of a module (main/manager.c)."""
    manager = make()
    peer = server.link(manager)
    request = actions.UpdateConfig(
        src_filename="a.conf", dst_filename="a.conf", changes=[NewSection("b")], reload=reload
    )
    sending = background(manager.execute, request)
    written = dict(peer.request())
    peer.send(answer(written["ActionID"]))
    assert sending.result(PATIENCE)
    assert (written.get("Reload") or None) == sent  # an empty one is none to it
