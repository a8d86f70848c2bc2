"""The wallboard shows queues and calls as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ami_typed import live
from tests.live_model import pbx as paper
from tests.live_model.conversations import talk
from tests.live_model.flows import START
from tests.live_model.test_live_queues import item, listed, member

if TYPE_CHECKING:
    from collections.abc import Callable

console = pytest.importorskip("rich.console", reason="NOT RUN: rich is not installed, which the wallboard needs")


class Shown:
    """What the board reads of a `Pbx`."""

    def __init__(self, model: live.Model) -> None:
        self.calls = list(model.calls)
        self.queues = model.queues
        self.fresh_since: datetime | None = model.fresh_since


def text_of(shown: Any) -> str:
    """Return what a terminal 120 columns wide shows."""
    from examples.board import picture

    screen = console.Console(width=120)
    with screen.capture() as captured:
        screen.print(picture(shown))
    shown_text: str = captured.get()
    return shown_text


def board_after(written: Callable[[paper.Pbx], object]) -> str:
    pbx = paper.Pbx()
    written(pbx)
    model = live.Model(clock=lambda: START + timedelta(seconds=75))
    model.begin_loading(START)
    model.load_queues(*listed(item("PJSIP/alice"), Completed=4, Abandoned=1), START)
    for event in pbx.events:
        model.apply(event, START)
    return text_of(Shown(model))


def rows(text: str, word: str) -> list[str]:
    return [" ".join(line.replace("│", " ").split()) for line in text.splitlines() if word in line]


def test_a_call_shows_who_talks_to_whom_and_how_long() -> None:
    assert rows(board_after(talk), "talking") == ["201 202 talking 1:15"]


def test_a_waiting_caller_shows_in_its_queue_and_as_a_call() -> None:
    def written(pbx: paper.Pbx) -> None:
        pbx.queued("QueueCallerJoin", pbx.call_in("PJSIP/trunk", "0301234567", "500"))
        pbx.tell("QueueMemberPause", member("PJSIP/alice", Paused=1))

    text = board_after(written)
    assert rows(text, "support")[0].startswith("support 0301234567 1:15 1:15 4 1")
    assert rows(text, "queued") == ["0301234567 500 queued 0:00 support"]


def test_a_lost_connection_shows() -> None:
    shown = Shown(live.Model())
    assert "The connection is lost." in text_of(shown)
    shown.fresh_since = datetime.now(UTC)
    assert "The connection is lost." not in text_of(shown)
