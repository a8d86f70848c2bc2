"""IAX2: this server calls itself, and peers that come and go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions, enums, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def iax_calls_itself(stage: Stage) -> None:
    stage.answered("IAX2/loop/100")
    stage.send(actions.IAXnetstats())
    stage.listing(actions.IAXpeers())
    stage.listing(actions.IAXpeerlist())
    stage.listing(actions.IAXregistry())
