"""The server stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def the_server_stops(stage: Stage) -> None:
    stage.server.stop()
    stage.until(events.Shutdown)
    stage.record.drain(5)
    stage.record.channels.clear()
