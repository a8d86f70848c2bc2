"""SIP telephones: they register, subscribe, call, are called, hold, transfer, and what PJSIP tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ami_typed as ami
from ami_typed import actions, events
from tests.live.conformance.phone import Telephone
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


def telephone(stage: Stage, account: str, *, answers: int = 200) -> Telephone:
    """Return a telephone of an account, not yet registered."""
    return Telephone(account, stage.server.phone.secret, stage.server.ports.pjsip, answers=answers)


@step()
def what_pjsip_has_is_listed(stage: Stage) -> None:
    with telephone(stage, "bob") as bob:
        assert bob.register() == 200
        stage.until(events.ContactStatus)
        bob.subscribe("180", "presence", "application/pidf+xml")
        bob.subscribe("181", "dialog", "application/dialog-info+xml")
        bob.subscribe("601", "message-summary", "application/simple-message-summary")
        bob.subscribe(
            "desks", "presence", "application/rlmi+xml, application/pidf+xml, multipart/related", supported="eventlist"
        )
        requests: tuple[ami.Request[Any], ...] = (
            actions.PJSIPShowAors(),
            actions.PJSIPShowAuths(),
            actions.PJSIPShowContacts(),
            actions.PJSIPShowEndpoints(),
            actions.PJSIPShowRegistrationInboundContactStatuses(),
            actions.PJSIPShowRegistrationsInbound(),
            actions.PJSIPShowRegistrationsOutbound(),
            actions.PJSIPShowResourceLists(),
            actions.PJSIPShowSubscriptionsInbound(),
            actions.PJSIPShowSubscriptionsOutbound(),
        )
        for request in requests:
            stage.send(request)
        for endpoint in stage.listing(actions.PJSIPShowEndpoints()).endpoints:
            stage.execute(actions.PJSIPShowEndpoint(endpoint=endpoint.object_name))
        stage.execute(actions.PJSIPQualify(endpoint="bob"))
        stage.execute(actions.PJSIPNotify(endpoint="bob", variable={"Event": "check-sync"}))
        stage.until(events.PeerStatus)
        stage.until(events.ChallengeSent)
        stage.until(events.SuccessfulAuth)
        assert bob.register(expires=0) == 200
        stage.until(events.ContactStatus, lambda each: each.contact_status == "Removed")


@step()
def the_provider_comes_back(stage: Stage) -> None:
    server = stage.server
    with Telephone("trunk", server.phone.secret, server.ports.pjsip, own_port=server.ports.dead):
        stage.execute(actions.PJSIPRegister(registration="trunk"))
        stage.until(events.Registry)
        stage.execute(actions.PJSIPQualify(endpoint="alice"))
        stage.until(events.ContactStatus, lambda each: each.contact_status == "Reachable")
        stage.execute(actions.PJSIPUnregister(registration="trunk"))


@step(needs="PJSIPSetMaintenance")
def an_endpoint_is_maintained(stage: Stage) -> None:
    stage.execute(actions.PJSIPSetMaintenance(endpoint="bob", state=True))
    stage.listing(actions.PJSIPShowMaintenance())
    stage.execute(actions.PJSIPSetMaintenance(endpoint="bob", state=False))
    stage.until(events.PJSIPMaintenanceStatus)


@step()
def strangers_knock(stage: Stage) -> None:
    with Telephone("bob", "wrong", stage.server.ports.pjsip) as bob, telephone(stage, "nobody") as nobody:
        assert bob.register() == 401
        nobody.register()
        nobody.options("100")
    with telephone(stage, "bob") as bob:
        assert bob.register(whom="elsewhere") == 404
    stage.until(events.ChallengeResponseFailed)
    stage.until(events.InvalidAccountID)
    stage.until(events.RequestNotSupported)


@step()
def a_telephone_calls(stage: Stage) -> None:
    with telephone(stage, "bob") as bob:
        bob.register()
        call = bob.invite("200")
        assert call.status == 200
        bob.speak(call)
        bob.info(call, "1")
        bob.info(call, "!")
        stage.until(events.Flash)
        bob.reinvite(call, "sendonly")
        stage.until(events.Hold)
        bob.reinvite(call, "sendrecv")
        stage.until(events.Unhold)
        bob.options("100")
        bob.bye(call)


@step()
def a_telephone_transfers_blindly(stage: Stage) -> None:
    with telephone(stage, "bob") as bob:
        call = bob.invite("200")
        stage.until(events.BridgeEnter, lambda each: each.channel.startswith("PJSIP/bob"))
        assert bob.refer(call, "101") == 202
        stage.until(events.BlindTransfer)


@step()
def a_telephone_transfers_one_call_to_another(stage: Stage) -> None:
    with telephone(stage, "bob") as bob:
        first = bob.invite("200")
        one = stage.until(events.BridgeEnter, lambda each: each.channel.startswith("PJSIP/bob")).channel
        second = bob.invite("200")
        stage.until(events.BridgeEnter, lambda each: each.channel.startswith("PJSIP/bob") and each.channel != one)
        assert bob.refer(first, "200", replaces=second) == 202
        stage.until(events.AttendedTransfer)


@step()
def a_telephone_is_called(stage: Stage) -> None:
    with telephone(stage, "bob") as bob:
        bob.register()
        leg = stage.answered("PJSIP/bob")
        stage.send(actions.SendText(channel=leg.channel, message="hello"))
        stage.send(actions.MessageSend(destination="pjsip:bob", from_="sip:desk@example.com", body="hello"))
        if stage.has("PJSIPNotify"):
            stage.send(actions.PJSIPNotify(channel=leg.channel, variable={"Event": "check-sync"}))
        stage.send(actions.AOCMessage(channel=leg.channel, msg_type="D", charge_type="Free"))


@step(needs="PJSIPHangup")
def incoming_calls_are_refused_with_a_sip_status(stage: Stage) -> None:
    with telephone(stage, "bob") as bob:
        call = bob.invite("100")
        entered = stage.until(events.Newchannel)
        stage.send(actions.PJSIPHangup(channel=entered.channel, cause="486"))
        assert call.status
        call = bob.invite("100")
        stage.send(actions.PJSIPHangup(channel="/PJSIP.*/", cause="486"))
