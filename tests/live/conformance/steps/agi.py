"""AsyncAGI and AGI programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_program_runs_a_call(stage: Stage) -> None:
    leg = stage.call("Local/121@default/n")
    stage.call("Local/125@default/n")
    begun = stage.until(events.AsyncAGIStart)
    stage.execute(actions.AGI(channel=begun.channel, command="VERBOSE hello 1", command_id="one"))
    stage.until(events.AsyncAGIExec)
    stage.execute(actions.AGI(channel=begun.channel, command="ASYNCAGI BREAK", command_id="two"))
    stage.until(events.AsyncAGIEnd)
    stage.until(events.AGIExecStart)
    stage.until(events.AGIExecEnd)
    assert leg.channel
