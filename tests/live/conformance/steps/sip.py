"""The driver chan_sip, until Asterisk 20, and Skinny."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions, enums, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step(needs="SIPpeers")
def chan_sip_calls_itself(stage: Stage) -> None:
    stage.answered("SIP/loop/100")
    stage.listing(actions.SIPpeers())
    stage.listing(actions.SIPpeerstatus())
    stage.listing(actions.SIPshowregistry())
    stage.send(actions.SIPqualifypeer(peer="loop"))
    for peer in ("loop", "phone", "absent"):
        stage.execute(actions.SIPshowpeer(peer=peer))
    stage.send(actions.SIPnotify(channel="loop", variable=["Event=check-sync"]))


@step(needs="SKINNYlines")
def skinny_is_shown(stage: Stage) -> None:
    stage.listing(actions.SKINNYdevices())
    stage.listing(actions.SKINNYlines())
    stage.send(actions.SKINNYshowdevice(device="SEP000000000190"))
    stage.send(actions.SKINNYshowline(line="190"))
