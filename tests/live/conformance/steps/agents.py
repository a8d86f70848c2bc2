"""Agents who log in with a call and stay on the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def an_agent_serves_a_queue(stage: Stage) -> None:
    stage.call("Local/100@default/n", to="660")
    stage.until(events.AgentLogin)
    stage.listing(actions.Agents())
    leg = stage.call("Local/303@default/n")
    stage.until(events.AgentConnect)
    at_work = stage.listing(actions.Agents()).agents[0]
    assert at_work.call_started is not None
    assert at_work.logged_in_time is not None
    stage.execute(actions.Hangup(channel=leg.channel))
    stage.until(events.AgentComplete)
    stage.execute(actions.AgentLogoff(agent="1001", soft=False))
    stage.until(events.AgentLogoff)
