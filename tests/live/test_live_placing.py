"""Calls that a program places end as a real Asterisk says: both legs, whatever happens to them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

import ami_typed as ami
from ami_typed import actions, live
from ami_typed.live import LegOutcome
from examples.pacer import outcomes
from tests.live.servers import ForeignServer, Server

PATIENCE = 20.0
HERE = "PJSIP/110@loop"
ANSWERED = LegOutcome.ANSWERED
CASES = [
    ("PJSIP/102@loop", "100", LegOutcome.BUSY, None),
    ("PJSIP/103@loop", "100", LegOutcome.CONGESTION, None),
    ("PJSIP/104@loop", "100", LegOutcome.NO_ANSWER, None),
    ("PJSIP/105@loop", "100", LegOutcome.REJECTED, None),
    ("PJSIP/888@loop", "100", LegOutcome.UNKNOWN_NUMBER, None),
    ("PJSIP/nobody", "100", LegOutcome.FAILED, None),
    ("Local/102@default", "100", LegOutcome.BUSY, None),
    ("Local/888@default", "100", LegOutcome.FAILED, None),
    (HERE, "202", ANSWERED, LegOutcome.BUSY),
    (HERE, "205", ANSWERED, LegOutcome.NO_ANSWER),
]


def request_for(channel: str, exten: str) -> actions.Originate:
    return actions.Originate(
        channel=channel, exten=exten, context="default", priority=1, call_timeout=timedelta(seconds=1)
    )


@pytest.fixture
def own(server: Server | ForeignServer) -> Server:
    """A server whose dialplan is known."""
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the dialplan of our own servers")
    return server


@pytest.mark.usefixtures("own")
def test_each_outcome_of_both_legs_is_told(manager: ami.Manager) -> None:
    with manager.live() as pbx:
        placed = [pbx.originate(request_for(channel, exten)) for channel, exten, *_ in CASES]
        outcomes = [each.ended(PATIENCE) for each in placed]
        found = [(*case[:2], each.called, each.connected) for case, each in zip(CASES, outcomes, strict=True)]
        assert found == CASES
        assert [each.answered(0) for each in placed] == [case[2] for case in CASES]


@pytest.mark.usefixtures("own")
def test_who_hangs_up_first_is_told(manager: ami.Manager) -> None:
    with manager.live() as pbx, pbx.changes(live.CallAnswered) as changes:
        placed = pbx.originate(request_for(HERE, "211"))
        assert placed.answered(PATIENCE) is ANSWERED
        while (change := changes.get(PATIENCE)).call is not placed.call:
            pass
        manager.execute(actions.Hangup(channel=change.callee.channel))
        outcome = placed.ended(PATIENCE)
        assert outcome.answered
        assert outcome.connected is ANSWERED
        assert outcome.ended_by is not None
        assert outcome.ended_by.channel == change.callee.channel
        assert outcome.record is not None
        assert outcome.record.originated


def test_a_campaign_learns_the_outcome_of_each_call(own: Server) -> None:
    async def work() -> list[tuple[str, object]]:
        async with ami.AsyncManager() as manager:
            await manager.connect(own.host, own.port)
            await manager.login(own.full.name, own.full.secret)
            async with manager.live() as pbx:
                given = [request_for(channel, exten) for channel, exten, *_ in CASES[:5]]
                paced = outcomes(pbx, given, max_concurrent=2, per_second=20)
                return [(request["Channel"], outcome) async for request, outcome in paced]

    found = asyncio.run(work())
    told = {channel: outcome.called for channel, outcome in found if isinstance(outcome, live.CallOutcome)}
    assert told == {channel: called for channel, _, called, _ in CASES[:5]}
