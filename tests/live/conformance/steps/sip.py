"""The driver chan_sip, until Asterisk 20, and Skinny."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.phone import Telephone
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
    for peer in ("loop", "phone", "absent", "rich", "rich-auto"):
        stage.execute(actions.SIPshowpeer(peer=peer))


@step(needs="SKINNYlines")
def skinny_is_shown(stage: Stage) -> None:
    stage.listing(actions.SKINNYdevices())
    stage.listing(actions.SKINNYlines())
    for line in ("190", "191"):
        stage.send(actions.SKINNYshowdevice(device=f"SEP000000000{line}"))
        stage.send(actions.SKINNYshowline(line=line))


@step(needs="SIPpeers")
def telephones_knock_at_chan_sip(stage: Stage) -> None:
    port = stage.server.ports.sip
    for account, secret in (("phone", "wrong"), ("absent", ""), ("nobody", "")):
        with Telephone(account, secret, port) as telephone:
            telephone.register()
    with Telephone("phone", stage.server.phone.secret, port) as telephone:
        assert telephone.register() == 200
        stage.until(events.PeerStatus, lambda each: each.peer == "SIP/phone")
        stage.execute(actions.SIPnotify(channel="phone", variable={"Event": "check-sync"}))
        call = telephone.invite("200")
        telephone.reinvite(call, "sendonly")
        stage.until(events.Hold)
        telephone.reinvite(call, "sendrecv")
        stage.until(events.Unhold)
        telephone.bye(call)
    stage.until(events.InvalidPassword)
