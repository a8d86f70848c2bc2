"""IAX2: this server calls itself, and peers that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def iax_calls_itself(stage: Stage) -> None:
    stage.answered("IAX2/loop/100")
    stage.send(actions.IAXnetstats())
    assert [each["ObjectName"] for each in stage.listing(actions.IAXpeers()).peers] == ["phone", "absent", "loop/loop"]
    stage.listing(actions.IAXpeerlist())
    stage.listing(actions.IAXregistry())
