"""Transfers, pick-up, redirection, bridges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, enums, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def local_channels_are_optimised_away(stage: Stage) -> None:
    stage.call("Local/112@default/n", application="Dial", data="Local/200@default")
    stage.until(events.LocalBridge)
    stage.until(events.LocalOptimizationBegin)
    stage.until(events.LocalOptimizationEnd)


@step()
def calls_are_transferred_blindly(stage: Stage) -> None:
    leg = stage.call("Local/200@default/n")
    entered = stage.until(events.BridgeEnter, lambda each: each.channel != leg.other)
    stage.execute(actions.BlindTransfer(channel=entered.channel, context="default", exten="100"))
    stage.until(events.BlindTransfer)
    stage.call("Local/226@default/n", to="100")


@step()
def a_call_is_transferred_with_consultation(stage: Stage) -> None:
    leg = stage.call("Local/200@default/n")
    entered = stage.until(events.BridgeEnter, lambda each: each.channel != leg.other)
    stage.execute(actions.Atxfer(channel=entered.channel, exten="100", context="default"))
    stage.until(
        events.BridgeEnter,
        lambda each: each.channel == entered.channel and each.bridge_uniqueid != entered.bridge_uniqueid,
    )
    stage.execute(actions.Hangup(channel=entered.channel))
    stage.until(events.AttendedTransfer)
    stage.until(events.BridgeMerge)


@step()
def a_transfer_with_consultation_is_cancelled(stage: Stage) -> None:
    leg = stage.call("Local/200@default/n")
    entered = stage.until(events.BridgeEnter, lambda each: each.channel != leg.other)
    stage.execute(actions.Atxfer(channel=entered.channel, exten="104", context="default"))
    stage.until(events.MusicOnHoldStart)
    stage.until(events.Newchannel, lambda each: "104" in each.channel)
    stage.execute(actions.CancelAtxfer(channel=entered.channel))
    stage.until(events.MusicOnHoldStop)


@step()
def a_ringing_call_is_picked_up(stage: Stage) -> None:
    stage.call("Local/220@default/n", __PICKUPMARK="220")
    stage.until(events.Newstate, lambda each: each.channel_state is enums.ChannelState.RINGING)
    stage.call("Local/100@default/n", to="221")
    stage.until(events.Pickup)


@step()
def channels_are_redirected_and_bridged(stage: Stage) -> None:
    first, second, third, fourth = (stage.answered("Local/100@default/n") for _ in range(4))
    stage.execute(actions.Redirect(channel=first.channel, context="default", exten="100", priority="1"))
    stage.execute(
        actions.Redirect(
            channel=first.channel,
            context="default",
            exten="100",
            priority="1",
            extra_channel=second.channel,
            extra_context="default",
            extra_exten="110",
            extra_priority="1",
        )
    )
    stage.execute(actions.Bridge(channel1=third.channel, channel2=fourth.channel, tone="Both"))
    entered = stage.until(events.BridgeEnter)
    stage.execute(actions.LocalOptimizeAway(channel=third.channel))
    stage.listing(actions.BridgeInfo(bridge_uniqueid=entered.bridge_uniqueid))
    stage.execute(actions.BridgeKick(bridge_uniqueid=entered.bridge_uniqueid, channel=third.channel))
    stage.send(actions.BridgeDestroy(bridge_uniqueid=entered.bridge_uniqueid))
    stage.until(events.BridgeDestroy)


@step()
def bridge_technologies_are_listed(stage: Stage) -> None:
    stage.listing(actions.BridgeTechnologyList())
    stage.execute(actions.BridgeTechnologySuspend(bridge_technology="softmix"))
    stage.execute(actions.BridgeTechnologyUnsuspend(bridge_technology="softmix"))


@step()
def others_wait_page_and_follow(stage: Stage) -> None:
    stage.call("Local/224@default/n")
    stage.call("Local/222@default/n")
    stage.call("Local/225@default/n")
    stage.until(events.BridgeEnter, lambda each: each.bridge_name == "lobby" or each.bridge_creator == "BridgeWait")
    stage.until(events.ConfbridgeStart)
