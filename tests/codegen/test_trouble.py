"""Troubles are told all at once, each with its place."""

from __future__ import annotations

import pytest

from codegen.trouble import Trouble, TroubleError, Troubles


@pytest.mark.parametrize(
    ("trouble", "line"),
    [
        (
            Trouble("a.xml", 7, "Action Originate", "Timeout", "Wrong."),
            "a.xml:7: Action Originate, parameter Timeout: Wrong.",
        ),
        (Trouble("a.xml", 7, "Event Hangup", None, "Wrong."), "a.xml:7: Event Hangup: Wrong."),
        (Trouble("overlay/x.toml", None, None, "Timeout", "Wrong."), "overlay/x.toml: parameter Timeout: Wrong."),
        (Trouble("a.xml", None, None, None, "Wrong."), "a.xml: Wrong."),
    ],
)
def test_a_trouble_is_one_line_that_starts_with_its_place(trouble: Trouble, line: str) -> None:
    assert str(trouble) == line


def test_the_error_lists_every_trouble_once_in_order() -> None:
    troubles = Troubles("a.xml")
    troubles.add("Second line.", line=2)
    troubles.add("First line.", line=1)
    troubles.add("Second line.", line=2)
    troubles.add("Elsewhere.", file="b.toml")

    with pytest.raises(TroubleError) as caught:
        troubles.check()

    assert str(caught.value).splitlines() == ["a.xml:2: Second line.", "a.xml:1: First line.", "b.toml: Elsewhere."]


def test_a_stage_without_troubles_continues() -> None:
    troubles = Troubles("a.xml")
    with troubles.absorb():
        pass
    troubles.check()
    assert list(troubles) == []


def test_the_troubles_of_one_step_do_not_keep_the_next_from_being_tried() -> None:
    troubles = Troubles()
    for file in ("a.xml", "b.xml"):
        with troubles.absorb():
            raise TroubleError([Trouble(file, None, None, None, "Wrong.")])
    assert [trouble.file for trouble in troubles] == ["a.xml", "b.xml"]


def test_other_errors_are_not_absorbed() -> None:
    troubles = Troubles()
    with pytest.raises(ZeroDivisionError), troubles.absorb():
        raise ZeroDivisionError
