"""Slow things at once: media reports, fax."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions, enums, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def media_is_reported(stage: Stage) -> None:
    stage.call("PJSIP/112@loop", application="Echo")
    stage.until(events.RTCPSent)
    stage.until(events.RTCPReceived)
