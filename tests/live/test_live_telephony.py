"""The same scene on the simulated telephone system and on a real server gives the same events, answers and lists."""

from __future__ import annotations

import pytest

from tests.live.servers import ForeignServer, Server
from tests.telephony import recordings
from tests.telephony.comparing import Known, Played, differences
from tests.telephony.scenes import SCENES
from tests.telephony.served import Served
from tests.telephony.simulated import Simulated

PLAYED = [
    "busy",
    "dials",
    "parked_by_the_manager",
    "phone_is_dialled",
    "queue_call",
    "transferred_blindly",
    "unknown_extension",
]
"""Scenes that take little time; all are recorded, see `tests/telephony`."""


@pytest.mark.parametrize("scene", PLAYED)
def test_a_scene_is_the_same_on_the_simulated_system_and_on_the_server(
    server: Server | ForeignServer, scene: str
) -> None:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the dialplan of our own servers")
    if server.release not in recordings.RELEASES:
        pytest.skip(f"NOT RUN: there are no known differences of {server.release}")
    with Served(server) as real:
        SCENES[scene](real)
    simulated = Simulated(server.release)
    SCENES[scene](simulated)
    found = differences(Known(), scene, server.release, Played.of(real.log), Played.of(simulated.log))
    assert not found, "\n".join(found)
