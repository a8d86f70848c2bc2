"""Every conversation of `scenarios/` goes as it is written there, on every face of the package.

Another face is another line of `PLAYERS`: a subclass of `Application`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ami_typed.testing import Scenario
from tests.scenario_players import InMemory, WithEventLoop, WithThreads

if TYPE_CHECKING:
    from collections.abc import Callable

PLAYERS: dict[str, Callable[[], InMemory | WithThreads]] = {
    "session": InMemory,
    "session, byte by byte": partial(InMemory, bytewise=True),
    "manager": WithThreads,
    "async manager": WithEventLoop,
}
SCENARIOS = {path.stem: path for path in sorted((Path(__file__).parent / "scenarios").glob("*.txt"))}


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_conversation_follows_the_scenario(scenario: str, player: str) -> None:
    application = PLAYERS[player]()
    application.play(Scenario.read(SCENARIOS[scenario]))
    assert application.unheard() == []


def test_there_are_scenarios_to_play() -> None:
    assert len(SCENARIOS) >= 30
