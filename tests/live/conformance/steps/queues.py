"""Queues: callers, members, penalties, pauses, rules, statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_caller_is_served(stage: Stage) -> None:
    leg = stage.call("Local/300@default/n")
    stage.until(events.QueueCallerJoin)
    stage.until(events.AgentCalled)
    stage.until(events.AgentConnect)
    stage.until(events.QueueCallerLeave)
    stage.until(events.QueueMemberStatus)
    stage.execute(actions.Hangup(channel=leg.channel))
    stage.until(events.AgentComplete)


@step()
def callers_are_not_served(stage: Stage) -> None:
    stage.call("Local/301@default/n")
    stage.call("Local/302@default/n")
    leg = stage.call("Local/304@default/n")
    caller = stage.until(events.QueueCallerJoin, lambda each: each.queue == "waiting")
    stage.listing(actions.QueueStatus())
    stage.listing(actions.QueueSummary())
    stage.send(actions.QueueChangePriorityCaller(queue="waiting", caller=caller.channel, priority=3))
    stage.execute(actions.Hangup(channel=leg.channel))
    stage.until(events.QueueCallerAbandon)
    stage.until(events.AgentRingNoAnswer)


@step()
def a_queue_has_every_setting_away_from_its_default(stage: Stage) -> None:
    leg = stage.call("Local/306@default/n")
    stage.until(events.QueueCallerJoin, lambda each: each.queue == "rich")
    listed = stage.listing(actions.QueueStatus(queue="rich"))
    assert [(queue.max, queue.weight, queue.strategy) for queue in listed.params] == [(7, 3, "linear")]
    assert sorted((each.penalty, each.state_interface) for each in listed.members) == [
        (3, "Custom:rich"),
        (7, "PJSIP/alice"),
    ]
    stage.listing(actions.QueueSummary(queue="rich"))
    stage.execute(actions.QueuePause(queue="rich", interface="PJSIP/alice", paused=True, reason="lunch"))
    stage.listing(actions.QueueStatus(queue="rich"))
    stage.execute(actions.Hangup(channel=leg.channel))
    stage.execute(actions.QueuePause(queue="rich", interface="PJSIP/alice", paused=False))


@step(needs="QueueWithdrawCaller")
def a_caller_is_withdrawn(stage: Stage) -> None:
    stage.call("Local/304@default/n")
    caller = stage.until(events.QueueCallerJoin)
    stage.execute(actions.QueueWithdrawCaller(queue="waiting", caller=caller.channel, withdraw_info="please"))
    stage.until(events.QueueCallerLeave)


@step()
def members_come_and_go(stage: Stage) -> None:
    new = "Local/1001@agents/n"
    stage.execute(actions.QueueAdd(queue="waiting", interface=new, penalty=2, paused=True, member_name="Nora"))
    stage.execute(actions.QueuePause(queue="waiting", interface=new, paused=False, reason="back"))
    stage.execute(actions.QueuePenalty(queue="waiting", interface=new, penalty=4))
    stage.execute(actions.QueueMemberRingInUse(queue="waiting", interface=new, ring_in_use=False))
    stage.listing(actions.QueueStatus(queue="waiting", member=new))
    stage.listing(actions.QueueSummary(queue="waiting"))
    stage.execute(actions.QueueLog(queue="waiting", event="SHOUT", interface=new, message="hello", uniqueid="1.1"))
    stage.execute(actions.QueueRemove(queue="waiting", interface=new))
    stage.until(events.QueueMemberAdded)
    stage.until(events.QueueMemberPause)
    stage.until(events.QueueMemberPenalty)
    stage.until(events.QueueMemberRinginuse)
    stage.until(events.QueueMemberRemoved)
    stage.execute(actions.QueueRule(rule="patience"))
    stage.execute(actions.QueueRule())
    stage.execute(actions.QueueReset(queue="waiting"))
    stage.execute(actions.QueueReload(queue="waiting", members=True, rules=True, parameters=True))


@step()
def a_member_hangs_up_on_the_caller(stage: Stage) -> None:
    stage.execute(actions.QueueAdd(queue="waiting", interface="Local/1005@agents/n"))
    stage.call("Local/100@default/n", application="Queue", data="waiting,,,demo-instruct,30")
    stage.until(events.AgentDump)
    stage.execute(actions.QueueRemove(queue="waiting", interface="Local/1005@agents/n"))
