"""Parking: parked, listed, retrieved, swapped, given up, timed out."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_call_is_parked_and_times_out(stage: Stage) -> None:
    stage.call("Local/501@default/n")
    stage.until(events.ParkedCall)
    stage.until(events.ParkedCallTimeOut)


@step()
def a_call_is_parked_by_action_and_retrieved(stage: Stage) -> None:
    leg = stage.answered("Local/100@default/n")
    stage.execute(
        actions.Park(
            channel=leg.channel,
            timeout_channel=leg.other,
            parking_timeout=timedelta(seconds=30),
            parkinglot="default",
        )
    )
    parked = stage.until(events.ParkedCall)
    stage.listing(actions.ParkedCalls())
    stage.listing(actions.ParkedCalls(parking_lot="default"))
    stage.listing(actions.Parkinglots())
    stage.call("Local/100@default/n", to=str(parked.parking_space))
    stage.until(events.UnParkedCall)


@step()
def a_call_is_parked_without_a_time_limit(stage: Stage) -> None:
    stage.call("Local/502@default/n")
    parked = stage.until(events.ParkedCall)
    time.sleep(1.1)  # what is left of no time is below 0 from then on
    listed = stage.listing(actions.ParkedCalls(parking_lot="endless"))
    assert [call.parking_timeout for call in (parked, *listed.calls)] == [None, None]
    assert listed.calls[0].parking_duration.total_seconds() >= 1
    lots = {lot.name: lot.timeout for lot in stage.listing(actions.Parkinglots()).lots}
    assert lots["endless"] is None
    assert lots["default"] == timedelta(seconds=45)


@step()
def a_parked_caller_gives_up(stage: Stage) -> None:
    leg = stage.call("Local/500@default/n")
    stage.until(events.ParkedCall)
    stage.execute(actions.Hangup(channel=leg.channel))
    stage.until(events.ParkedCallGiveUp)


@step()
def a_parked_caller_is_swapped(stage: Stage) -> None:
    stage.call("Local/112@default/n", application="Dial", data="Local/500@default")
    stage.until(events.ParkedCallSwap)
