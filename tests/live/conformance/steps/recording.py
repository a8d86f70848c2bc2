"""Recording: MixMonitor, and until Asterisk 20 Monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_call_is_recorded(stage: Stage) -> None:
    leg = stage.answered("Local/100@default/n")
    answer = stage.execute(actions.MixMonitor(channel=leg.channel, file="conformance.wav", options="i(RECORDING)"))
    stage.execute(actions.MixMonitorMute(channel=leg.channel, direction="read", state=True))
    stage.execute(actions.MixMonitorMute(channel=leg.channel, direction="read", state=False))
    stage.execute(actions.StopMixMonitor(channel=leg.channel, mix_monitor_id=answer.mix_monitor_id))
    stage.until(events.MixMonitorStart)
    stage.until(events.MixMonitorMute)
    stage.until(events.MixMonitorStop)


@step(needs="Monitor")
def a_call_is_monitored(stage: Stage) -> None:
    leg = stage.answered("Local/100@default/n")
    stage.execute(actions.Monitor(channel=leg.channel, file="conformance", format="wav", mix=True))
    stage.execute(actions.PauseMonitor(channel=leg.channel))
    stage.execute(actions.UnpauseMonitor(channel=leg.channel))
    stage.execute(actions.ChangeMonitor(channel=leg.channel, file="other"))
    stage.execute(actions.StopMonitor(channel=leg.channel))
    stage.until(events.MonitorStart)
    stage.until(events.MonitorStop)
