"""The simulated telephone system does what real servers did in the same scenes, and its events make sense to the live model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ami_typed import enums, registry
from ami_typed.live.model import Model
from tests.telephony import recordings
from tests.telephony.comparing import Known, Log, Played, differences
from tests.telephony.scenes import SCENES
from tests.telephony.simulated import Simulated

if TYPE_CHECKING:
    from ami_typed.live.changes import Change

KNOWN = Known()
LASTING = (enums.BridgeType.PARKING, enums.BridgeType.AGENT_HOLD)
"""Bridges that Asterisk keeps once they have been used."""


@pytest.mark.once
@pytest.mark.parametrize("release", recordings.RELEASES)
@pytest.mark.parametrize("scene", recordings.scenes())
def test_a_scene_gives_what_a_server_of_the_release_gave(scene: str, release: str) -> None:
    stage = Simulated(release)
    SCENES[scene](stage)
    found = differences(KNOWN, scene, release, recordings.load(scene, release), Played.of(stage.log))
    assert not found, "\n".join(found)


@pytest.mark.once
def test_a_known_difference_is_one() -> None:
    known = Known()
    for scene in recordings.scenes():
        for release in recordings.RELEASES:
            played = recordings.load(scene, release)
            stage = Simulated(release)
            SCENES[scene](stage)
            for each in (played, Played.of(stage.log)):
                known.without(scene, release, [*each.events, *each.answers, *each.items])
    assert [entry["why"] for number, entry in enumerate(known.entries) if number not in known.used] == []


def modelled(log: Log) -> tuple[Model, list[Change]]:
    """Return the live model after the events of a log, and what it noticed."""
    model = Model()
    changes: list[Change] = []
    for kind, name, lines in log:
        if kind == "E":
            text = "".join(f"{header}: {value}\r\n" for header, value in [("Event", name), *lines])
            event = registry.event_class(name).of((text + "\r\n").encode())
            changes += model.apply(event, datetime.now(UTC))
    return model, changes


@pytest.mark.once
@pytest.mark.parametrize("scene", recordings.scenes())
def test_the_live_model_understands_every_event_of_a_scene(scene: str) -> None:
    stage = Simulated("22.10.1")
    SCENES[scene](stage)
    model, _ = modelled(stage.log)
    statistics = model.statistics
    assert (statistics.malformed, statistics.unknown_channels, statistics.late) == (0, 0, 0)
    assert not model.calls
    assert not model.channels
    assert [bridge.kind for bridge in model.bridges if bridge.kind not in LASTING] == []
