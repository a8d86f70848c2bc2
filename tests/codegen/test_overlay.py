"""An overlay is read whole, and everything that is wrong with it is told with its file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codegen import overlay
from codegen.trouble import TroubleError
from tests.codegen.sample import knowledge

if TYPE_CHECKING:
    from pathlib import Path


def troubles(folder: Path, text: str) -> list[str]:
    with pytest.raises(TroubleError) as caught:
        knowledge(folder, text)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def test_every_table_of_the_format_is_read(tmp_path: Path) -> None:
    read = knowledge(
        tmp_path,
        """
[domain.queue]
title = "Call queues"
modules = ["app_queue"]
[enum.ChannelState]
kind = "int"
doc = "State of a channel."
members = { DOWN = 0, UP = { value = 6, doc = "Answered." } }
[header.Channel]
type = "text"
presence = "always"
[parameter.Channel]
doc = "The channel."
[action.Originate]
response = "CoreSettings"
[action.Originate.parameter.Timeout]
name = "call_timeout"
[event."DataGet Tree"]
privileges = ["system"]
[event."DataGet Tree".header]
"UnitAmount(0)" = { type = "integer" }
[response.CoreSettings]
doc = "Settings."
[list.QueueStatus]
items = { members = "QueueMember" }
complete = "QueueStatusComplete"
announced = false
""",
    )

    assert read.domains["queue"].modules == ("app_queue",)
    assert read.enums["ChannelState"].members["DOWN"].value == 0
    assert read.enums["ChannelState"].members["UP"].doc == "Answered."
    assert read.headers["Channel"].presence == "always"
    assert read.parameters["Channel"].doc == "The channel."
    assert read.actions["Originate"].parameter["Timeout"].name == "call_timeout"
    assert read.events["DataGet Tree"].header["UnitAmount(0)"].type == "integer"
    assert read.responses["CoreSettings"].doc == "Settings."
    assert read.lists["QueueStatus"].items == {"members": "QueueMember"}


def test_entries_of_several_files_are_one_overlay(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[header.Queue]\ntype = "text"\n')
    (tmp_path / "b.toml").write_text('[header.Member]\ntype = "text"\n')

    read = overlay.load([tmp_path / "a.toml", tmp_path / "b.toml"])

    assert set(read.headers) == {"Queue", "Member"}
    assert read.place("header", "Member") == (str(tmp_path / "b.toml"), 1)


def test_one_entry_in_two_files_is_a_trouble(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text('# a comment\n[header.Queue]\ntype = "text"\n')

    with pytest.raises(TroubleError) as caught:
        overlay.load([tmp_path / "a.toml", tmp_path / "b.toml"])

    assert str(caught.value) == (
        f"{tmp_path}/b.toml:2: [header.Queue] is already in {tmp_path}/a.toml:2; merge the two entries."
    )


def test_two_entries_of_one_message_in_other_cases_are_a_trouble(tmp_path: Path) -> None:
    (trouble,) = troubles(tmp_path, '[event.Newexten]\ndoc = "A."\n[event.NewExten]\ndoc = "B."\n')

    assert trouble.startswith("overlay.toml:3: [event.NewExten] is already in ")


def test_every_error_is_reported_at_once(tmp_path: Path) -> None:
    found = troubles(
        tmp_path,
        '[header.A]\ntypo = "text"\n\n[event.B.header]\nC = { presence = "often" }\n[action.D]\nprivileges = ["phone"]\n',
    )

    assert found == [
        "overlay.toml:2: header.A.typo: unknown key.",
        "overlay.toml:5: event.B.header.C.presence: Input should be 'always' or 'sometimes'.",
        "overlay.toml:7: action.D.privileges: 'phone' is not a privilege of manager.conf.",
    ]


def test_invalid_toml_is_reported_with_its_line(tmp_path: Path) -> None:
    assert troubles(tmp_path, "[header.A]\ntype = text\n") == ["overlay.toml:2: Invalid TOML: Invalid value."]


def test_a_file_that_cannot_be_read_is_a_trouble(tmp_path: Path) -> None:
    with pytest.raises(TroubleError, match="Cannot read the file"):
        overlay.load([tmp_path / "missing.toml"])


@pytest.mark.parametrize(
    "entry",
    [
        "[event.A]\nadd = true",
        '[event.A]\nrename = "B"',
        '[action.A]\nreleases = "13-18"',
        '[event.A]\nheaders = ["B"]',
        "[event.A.header.B]\ndrop = true",
        "[action.A.parameter.B]\nadd = true",
    ],
)
def test_a_correction_without_a_reason_is_a_trouble(tmp_path: Path, entry: str) -> None:
    (trouble,) = troubles(tmp_path, entry)

    assert "`why` and `seen`" in trouble


def test_the_reason_of_a_message_holds_for_its_headers(tmp_path: Path) -> None:
    read = knowledge(tmp_path, '[event.A]\nwhy = "Misspelt."\nseen = "main/a.c"\n[event.A.header.B]\nrename = "C"\n')

    assert read.events["A"].header["B"].rename == "C"


@pytest.mark.parametrize(
    ("doc", "is_accepted"),
    [
        ("Plain.", True),
        ('Ends in a quote\\"', False),
        ('Has \\"\\"\\" inside.', False),
        ("A back\\\\slash.", False),
        ("", False),
    ],
)
def test_a_description_fits_a_docstring(tmp_path: Path, doc: str, *, is_accepted: bool) -> None:
    text = f'[header.A]\ndoc = "{doc}"\n'
    if is_accepted:
        assert knowledge(tmp_path, text).headers["A"].doc == doc
    else:
        assert "a description must be one line" in troubles(tmp_path, text)[0]


@pytest.mark.parametrize("members", ['{ ON = "on" }', "{ ON = 1, ALSO_ON = 1 }", "{ on-off = 1 }"])
def test_members_that_are_no_vocabulary_are_a_trouble(tmp_path: Path, members: str) -> None:
    (trouble,) = troubles(tmp_path, f'[enum.A]\nkind = "int"\ndoc = "A."\nmembers = {members}\n')

    assert trouble.startswith("overlay.toml:")


def test_the_glossary_applies_to_any_message(tmp_path: Path) -> None:
    read = knowledge(
        tmp_path,
        '[header.A]\ntype = "text"\n[action.B]\ndoc = "B."\n[parameter.C]\ntype = "text"\n[domain.d]\ntitle = "D"',
    ).glossary()

    assert (set(read.headers), set(read.parameters)) == ({"A"}, {"C"})
    assert not read.actions
    assert not read.domains
