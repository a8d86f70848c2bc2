"""Calls with one and two parties: dialled, busy, unanswered, picked up, redirected, bridged, hung up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ami_typed import actions, enums, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_call_is_answered_and_hung_up(stage: Stage) -> None:
    leg = stage.answered("Local/200@default/n")
    stage.until(events.DialBegin)
    stage.until(events.DialEnd)
    stage.until(events.BridgeEnter)
    whole = stage.listing(actions.CoreShowChannels())
    assert len(whole.channels) == 4
    if stage.has("CoreShowChannelMap"):
        stage.listing(actions.CoreShowChannelMap(channel=leg.other))
    bridges = stage.listing(actions.BridgeList()).bridges
    for bridge in bridges:
        stage.listing(actions.BridgeInfo(bridge_uniqueid=bridge.bridge_uniqueid))
    technology = bridges[0].bridge_technology
    alike = stage.listing(actions.BridgeList(bridge_type=technology)).bridges
    assert {each.bridge_uniqueid for each in alike} == {
        each.bridge_uniqueid for each in bridges if each.bridge_technology is technology
    }
    assert not stage.listing(actions.BridgeList(bridge_type="basic")).bridges
    stage.execute(actions.AbsoluteTimeout(channel=leg.channel, hangup_after=timedelta(seconds=30)))
    stage.execute(actions.Hangup(channel=leg.channel, cause=enums.HangupCause.NORMAL_CLEARING))
    stage.until(events.HangupRequest)
    stage.until(events.SoftHangupRequest)
    stage.until(events.BridgeLeave)
    stage.until(events.BridgeDestroy)
    stage.until(events.Cdr)
    stage.until(events.CEL)


@step()
def calls_fail(stage: Stage) -> None:
    for extension in ("102", "103", "105", "202", "101"):
        stage.call(f"Local/{extension}@default")
    stage.call("Local/106@default")
    stage.call("Local/107@default")
    stage.call("Local/204@default")
    stage.until(events.OriginateResponse)
    stage.until(events.DialState)
    stage.until(events.Newstate)
    stage.until(events.DialEnd)
