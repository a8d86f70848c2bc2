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
    peers = {peer.object_name: peer for peer in stage.listing(actions.IAXpeers()).peers}
    assert set(peers) == {"phone", "absent", "loop/loop", "rich/richard"}
    assert peers["rich/richard"].trunk
    listed = {peer.object_name: peer for peer in stage.listing(actions.IAXpeerlist()).peers}
    assert listed["rich"].mask == "255.255.255.0"
    stage.listing(actions.IAXregistry())
