"""The classes have everything that Asterisk's documentation and sources name, but for exceptions with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from codegen import __main__ as commands
from codegen import coverage, overlay
from codegen.__main__ import COVERAGE_PAGE, main, measure_coverage
from codegen.amend import Amended
from codegen.code import CodeAction, CodeEvent, CodeFacts, CodeHeader
from codegen.coverage import Coverage, Exempt, measure, page
from codegen.facts import Action, Event, Facts, Parameter, Responses
from codegen.overlay import SPEC
from codegen.trouble import TroubleError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once

NOTHING = Amended((), (), (), (), {}, {}, {}, {}, {})


@pytest.fixture(scope="module")
def real() -> Coverage:
    return measure_coverage(SPEC)


def test_nothing_that_the_sources_name_is_missing_without_a_reason(real: Coverage) -> None:
    assert real.missing() == []


def test_no_exception_is_kept_that_is_not_needed(real: Coverage) -> None:
    assert real.idle == ()


def test_the_coverage_page_is_up_to_date(real: Coverage) -> None:
    assert COVERAGE_PAGE.read_text("utf-8") == page(real), "run `python -m codegen coverage`"


def test_every_release_is_measured_in_every_kind(real: Coverage) -> None:
    assert [tally.release for tally in real.tallies] == [path.stem for path in sorted((SPEC / "facts").glob("*.json"))]
    for tally in real.tallies:
        assert {name.kind for name in tally.named} == set(coverage.KINDS)


def test_everything_is_described(real: Coverage) -> None:
    assert all(each.described == each.all for each in real.described)


def test_every_text_header_is_text_by_decision(real: Coverage) -> None:
    assert all(each.typed + each.text == each.all for each in real.described)


# Each kind of name, in an Asterisk of our own: what is there is had, what is not is told


def measured(
    actions: tuple[Action, ...] = (),
    events: tuple[Event, ...] = (),
    code: CodeFacts | None = None,
    knowledge: overlay.Overlay = overlay.EMPTY,
    exempt: tuple[Exempt, ...] = (),
    release: str = "22.10.1",
) -> Coverage:
    facts = Facts(
        release=release,
        actions={action.name: action for action in actions},
        events={event.name: event for event in events},
    )
    return measure([facts], [code] if code else [], knowledge, NOTHING, exempt)


def parameters(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name=name) for name in names)


def test_messages_are_matched_in_any_spelling_and_reported_if_missing() -> None:
    found = measured(
        actions=(Action(name="HANGUP"), Action(name="Zap")), events=(Event(name="NewExten"), Event(name="Zapped"))
    )

    assert found.missing() == ["22.10.1: action Zap", "22.10.1: event Zapped"]
    assert found.tallies[0].cell("action") == "1 / 2"


def test_parameters_and_headers_are_covered_if_the_class_has_them() -> None:
    found = measured(
        actions=(Action(name="Hangup", parameters=parameters("ActionID", "channel", "Softly")),),
        events=(Event(name="Hangup", parameters=parameters("Channel", "Privilege", "Softly")),),
    )

    assert found.missing() == ["22.10.1: header Hangup Softly", "22.10.1: parameter Hangup Softly"]


def test_a_class_or_a_header_that_another_release_has_is_missing() -> None:
    event = Event(name="QueueCallerJoin", parameters=parameters("Tenantid"))

    assert measured(events=(event,), release="22.10.1").missing() == []
    assert measured(events=(event,), release="17.9.4").missing() == ["17.9.4: header QueueCallerJoin Tenantid"]
    assert measured(actions=(Action(name="DataGet"),)).missing() == ["22.10.1: action DataGet"]


def test_names_with_numbers_are_had_by_their_family() -> None:
    code = CodeFacts(
        release="22.10.1",
        actions={"GetConfig": CodeAction(name="GetConfig", response_headers=("Category-%06d", "Zap-%06d"))},
        events={
            "RTCPSent": CodeEvent(
                name="RTCPSent",
                kinds=("unsolicited",),
                headers=(CodeHeader(name="Report%dLSR"), CodeHeader(name="Zap%dLSR")),
            )
        },
    )

    assert measured(code=code).missing() == [
        "22.10.1: answer header GetConfig Zap-%06d",
        "22.10.1: header RTCPSent Zap%dLSR",
    ]


def test_a_parameter_that_becomes_several_headers_has_those_of_its_group() -> None:
    update = Action(name="UpdateConfig", parameters=parameters("Action-000000", "Zap-000000"))
    group = overlay.Group(type="changes", headers=("Action-*",))
    knowledge = replace(overlay.EMPTY, actions={"UpdateConfig": overlay.Action(group={"changes": group})})

    assert measured((update,), knowledge=knowledge).missing() == ["22.10.1: parameter UpdateConfig Zap-000000"]


def test_lists_are_had_with_each_of_their_events() -> None:
    listing = Action(
        name="QueueStatus", responses=Responses(items=("QueueMember", "Zap"), complete="QueueStatusComplete")
    )
    other = Action(name="Ping", responses=Responses(items=("Zap",), complete="ZapComplete"))

    assert measured((listing, other)).missing() == [
        "22.10.1: list Ping",
        "22.10.1: list event Ping Zap",
        "22.10.1: list event Ping ZapComplete",
        "22.10.1: list event QueueStatus Zap",
    ]


def test_an_answer_with_its_own_headers_needs_a_class_with_them() -> None:
    code = CodeFacts(
        release="22.10.1",
        actions={
            "CoreStatus": CodeAction(name="CoreStatus", response_headers=("Message", "CoreStartupDate", "Zap")),
            "Hangup": CodeAction(name="Hangup", response_headers=("Zap",)),
            "Bridge": CodeAction(name="Bridge", response_headers=("Message",)),
        },
        events={},
    )

    assert measured(code=code).missing() == [
        "22.10.1: answer Hangup",
        "22.10.1: answer header CoreStatus Zap",
        "22.10.1: answer header Hangup Zap",
    ]


def test_a_name_that_the_overlay_corrects_is_sought_under_the_right_one() -> None:
    event = Event(name="Hangup", parameters=parameters("Chanel", "Ceause"))
    parts = {
        "Chanel": overlay.Header(rename="Channel", why="Wrong.", seen="main/manager.c"),
        "Ceause": overlay.Header(rename="Ceause", why="Wrong.", seen="main/manager.c"),
    }
    knowledge = replace(overlay.EMPTY, events={"Hangup": overlay.Event(header=parts)})

    assert measured(events=(event,), knowledge=knowledge).missing() == ["22.10.1: header Hangup Ceause"]


def test_dropped_headers_are_listed_with_their_reason() -> None:
    event = Event(name="Hangup", parameters=parameters("Zap"))
    part = overlay.Header(drop=True, why="It is never sent.", seen="main/manager.c")
    knowledge = replace(overlay.EMPTY, events={"Hangup": overlay.Event(header={"Zap": part})})
    found = measured(events=(event,), knowledge=knowledge)

    assert found.missing() == []
    assert found.tallies[0].cell("header") == "0 / 1"
    assert "**It is never sent.**\n\n- header Hangup: `Zap` (22)\n" in page(found)


def test_an_exception_covers_only_what_it_names() -> None:
    event = Event(name="Hangup", parameters=parameters("Zap", "Zip"))
    exempt = Exempt(kind="header", messages=("Hang*",), parts=("Zap",), releases="22-23", why="It is a joke.")

    assert measured(events=(event,), exempt=(exempt,)).missing() == ["22.10.1: header Hangup Zip"]
    assert measured(events=(event,), exempt=(exempt,), release="20.20.1").missing() == [
        "20.20.1: header Hangup Zap",
        "20.20.1: header Hangup Zip",
    ]


def test_unneeded_exceptions_are_reported_part_by_part() -> None:
    event = Event(name="Hangup", parameters=parameters("Channel", "Zap"))
    exempt = Exempt(kind="header", messages=("Hangup",), parts=("Channel", "Zap"), why="It is a joke.")

    assert measured(events=(event,), exempt=(exempt,)).idle == ("header Hangup Channel",)


def test_an_invalid_file_of_exceptions_is_a_trouble(tmp_path: Path) -> None:
    file = tmp_path / "coverage.toml"
    file.write_text('[[exempt]]\nkind = "header"\nmessages = ["Hangup"]\n', "utf-8")

    with pytest.raises(TroubleError, match=r"coverage\.toml: This is not a list of exceptions"):
        coverage.load_exempt(file)


def test_the_command_writes_the_page(
    tmp_path: Path, real: Coverage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "measure_coverage", {SPEC: real}.__getitem__)
    file = tmp_path / "coverage.md"

    assert main(["coverage", "--page", str(file)]) == 0
    assert file.read_text("utf-8") == COVERAGE_PAGE.read_text("utf-8")
    assert capsys.readouterr().out == f"wrote {file}\n"
