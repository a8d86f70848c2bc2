"""The tests of the call-centre program. The fixtures come with ami-typed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from callcentre import NobodyThere, Supervisor, Wallboard

import ami_typed as ami
from ami_typed import actions, enums, events, testing

DIALPLAN = """
[outgoing]
exten => _X.,1,Answer()
 same => n,Wait(60)
"""

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


def test_the_wallboard_counts_what_happens_in_its_queue(
    ami_simulator: testing.Simulator, ami_manager: ami.Manager
) -> None:
    board = Wallboard("support")
    with ami_manager.subscribe(events.QueueCallerJoin, events.QueueCallerLeave, events.AgentComplete) as stream:
        ami_simulator.emit(events.QueueCallerJoin(queue="support", channel="PJSIP/trunk-1", caller_id_num="5550100"))
        ami_simulator.emit(events.QueueCallerJoin(queue="sales", channel="PJSIP/trunk-2", caller_id_num="5550101"))
        for _ in range(2):
            board.see(stream.get(5))
        assert board.waiting == {"PJSIP/trunk-1": "5550100"}
        ami_simulator.emit(events.QueueCallerLeave(queue="support", channel="PJSIP/trunk-1"))
        ami_simulator.emit(events.AgentComplete(queue="support", talk_time=timedelta(seconds=40)))
        for _ in range(2):
            board.see(stream.get(5))
    assert (board.waiting, board.answered, board.average) == ({}, 1, timedelta(seconds=40))


def test_an_agent_goes_on_break_in_all_queues(ami_simulator: testing.Simulator, ami_manager: ami.Manager) -> None:
    ami_simulator.answer(actions.QueuePause, "Interface paused successfully")
    Supervisor(ami_manager).send_on_break("PJSIP/alice", "lunch")
    assert ami_simulator.received(actions.QueuePause, interface="PJSIP/alice", paused=True, reason="lunch")


def test_an_unknown_agent_is_an_error(ami_simulator: testing.Simulator, ami_manager: ami.Manager) -> None:
    ami_simulator.answer(actions.QueuePause, testing.Refusal("Interface not found"))
    with pytest.raises(LookupError, match="PJSIP/nobody is in no queue"):
        Supervisor(ami_manager).send_on_break("PJSIP/nobody", "lunch")


def test_busy_agents_are_listed(ami_simulator: testing.Simulator, ami_manager: ami.Manager) -> None:
    in_use, free = enums.QueueMemberStatus.INUSE, enums.QueueMemberStatus.NOT_INUSE
    members = [("Alice", in_use), ("Bob", free)]
    ami_simulator.answer(
        actions.QueueStatus, [events.QueueMember(queue="support", name=name, status=status) for name, status in members]
    )
    assert Supervisor(ami_manager).busy_agents("support") == ["Alice"]


def test_a_customer_is_called_back(ami_simulator: testing.Simulator, ami_manager: ami.Manager) -> None:
    ami_simulator.pbx.dialplan(DIALPLAN)
    ami_simulator.pbx.phone("PJSIP/alice", answers=0)
    Supervisor(ami_manager).call_back("PJSIP/alice", "5550100")
    assert ami_simulator.received(actions.Originate, exten="5550100", variable={"CUSTOMER": "5550100"})


def test_an_agent_who_is_busy_is_reported(ami_simulator: testing.Simulator, ami_manager: ami.Manager) -> None:
    ami_simulator.pbx.dialplan(DIALPLAN)
    ami_simulator.pbx.phone("PJSIP/alice", busy=True)
    with pytest.raises(NobodyThere, match="PJSIP/alice"):
        Supervisor(ami_manager).call_back("PJSIP/alice", "5550100")


def test_the_program_survives_a_lost_connection(ami_simulator: testing.Simulator, ami_manager: ami.Manager) -> None:
    ami_simulator.faults.drop_in(actions.QueuePause, after=10)
    with pytest.raises(ami.ConnectionLost):
        Supervisor(ami_manager).send_on_break("PJSIP/alice", "lunch")


@pytest.mark.ami_simulator(asterisk="16")
def test_an_old_server_is_supported(ami_manager: ami.Manager) -> None:
    assert ami_manager.release is not None
    assert ami_manager.release.branch == 16
    assert Supervisor(ami_manager).busy_agents("support") == []


def test_the_same_on_an_event_loop(
    ami_simulator: testing.Simulator, ami_async_manager: AbstractAsyncContextManager[ami.AsyncManager]
) -> None:
    async def main() -> Any:
        async with ami_async_manager as manager, manager.subscribe(events.Hangup) as stream:
            ami_simulator.emit(events.Hangup(channel="PJSIP/alice-00000001", cause=16))
            return (await stream.get(5)).cause

    assert asyncio.run(main()) == 16
