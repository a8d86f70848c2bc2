"""Everything that real servers say is what the classes say: a scenario that reaches as much of it as can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.live import servers
from tests.live.conformance import verdict
from tests.live.conformance.findings import UNKNOWN_CLASS, UNKNOWN_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.drift import Drifted
    from tests.live.conformance.verdict import Verdict


class Floor(NamedTuple):
    """What a run reaches at least: a little less than was measured, since a real server is a real server."""

    events: int
    answered: int
    succeeded: int


FLOORS = {"22.10.1": Floor(185, 145, 130), "16.28.0": Floor(185, 150, 135)}


@pytest.fixture(scope="module", params=servers.targets())
def run(request: pytest.FixtureRequest) -> Verdict:
    """The verdict on one server."""
    return verdict.reach(request.param)


@pytest.fixture
def own(run: Verdict) -> Verdict:
    """The verdict on a server of this project's own, of which it is known what it can be made to say."""
    if run.is_foreign:
        pytest.skip("NOT RUN: how much a server of yours can be made to say is not known; see the table")
    return run


def listed(name: str, items: Iterable[object]) -> str:
    """Return a list to read, one thing a line."""
    return "\n".join([f"{name}:", *(f"  {each}" for each in items)])


def test_every_step_of_the_scenario_succeeds(run: Verdict) -> None:
    failed = [f"{step.name} {step.failure}" for step in run.taken if step.failure]
    assert not failed, listed("steps that failed", failed)


def test_every_event_has_a_class(run: Verdict) -> None:
    unknown = [each for each in run.unpardoned if each.reason == UNKNOWN_CLASS]
    assert not unknown, listed("events without a class", unknown)


def test_every_header_is_known(run: Verdict) -> None:
    unknown = [each for each in run.unpardoned if each.reason == UNKNOWN_HEADER]
    assert not unknown, listed("message | header | raw text | reason", unknown)


def test_every_value_decodes_and_every_list_is_whole(run: Verdict) -> None:
    wrong = [each for each in run.unpardoned if each.reason not in {UNKNOWN_CLASS, UNKNOWN_HEADER}]
    assert not wrong, listed("message | header | raw text | reason", wrong)


def test_the_managers_own_drift_reports_agree(run: Verdict) -> None:
    found = {(each.message, each.header) for each in run.findings}
    for report in run.drift:
        assert report.looked_at > len(run.event_types) / 2
        assert {(each.message, "") for each in report.unknown_events} <= found
        told = [*report.unknown_headers, *report.undecodable]
        untold = [each for each in told if not {(each.message, each.header), (answer_to(each), each.header)} & found]
        assert not untold, listed("what the test did not find", untold)
    by_either = {each.message for report in run.drift for each in report.unknown_events}
    assert {each.message for each in run.findings if each.reason == UNKNOWN_CLASS} <= by_either


def answer_to(drifted: Drifted) -> str:
    """Return what the findings call an answer, whose class is called like its action."""
    return f"answer to {drifted.message}"


def test_every_action_that_the_server_lists_has_a_class(run: Verdict) -> None:
    assert not run.unknown_actions, listed("actions without a class", run.unknown_actions)


def test_reached_and_unreached_messages_are_reported(run: Verdict, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{run.table()}")
    assert [step for step in run.taken if not step.lacks]


def test_every_action_that_the_server_lists_is_answered(own: Verdict) -> None:
    silent = sorted(set(own.listed) - own.answered)
    assert not silent, listed("actions without an answer", silent)


def test_enough_is_reached(own: Verdict) -> None:
    floor = FLOORS[str(own.release)]
    assert len(own.event_types) >= floor.events
    assert len(own.answered) >= floor.answered
    assert len(own.succeeded) >= floor.succeeded


def test_unreached_messages_have_a_reason(own: Verdict) -> None:
    missing = [*own.missing_events.items(), *own.missing_actions.items()]
    assert not [name for name, why in missing if not why], listed(
        "without a reason", [n for n, why in missing if not why]
    )
    assert not own.idle_reasons, listed("reached, although known.toml says that they are not", own.idle_reasons)
