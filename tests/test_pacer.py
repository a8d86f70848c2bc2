"""The example that calls a list of numbers keeps its pace and reports every outcome."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import ami_typed as ami
from ami_typed import actions
from ami_typed.live import CallOutcome, LegOutcome
from examples.pacer import outcomes
from tests.support import PATIENCE
from tests.test_placing import Placing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.aiopbx import AsyncPbx
    from examples.pacer import Result

ANSWERED = CallOutcome(LegOutcome.ANSWERED, None, None, None)


def requests(count: int) -> list[actions.Originate]:
    return [
        actions.Originate(channel=f"PJSIP/{number}", exten="1", context="default", priority=1)
        for number in range(count)
    ]


class Telephones:
    """Answers each call for a moment; refuses the one to ``PJSIP/3``."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.placed_at: list[float] = []

    async def originate(self, request: actions.Originate) -> Telephones:
        if request["Channel"] == "PJSIP/3":
            raise ami.NotConnected("There is no connection.")
        self.placed_at.append(asyncio.get_running_loop().time())
        self.now += 1
        self.most = max(self.most, self.now)
        return self

    async def ended(self) -> CallOutcome:
        await asyncio.sleep(0.01)
        self.now -= 1
        return ANSWERED


async def collect(pbx: Any, given: Iterable[actions.Originate], concurrent: int, per_second: float) -> list[Result]:
    paced = outcomes(cast("AsyncPbx", pbx), given, max_concurrent=concurrent, per_second=per_second)
    return [each async for each in paced]


def test_there_are_never_more_calls_than_allowed_and_each_outcome_is_told() -> None:
    pbx, given = Telephones(), requests(10)
    found = asyncio.run(collect(pbx, given, 3, 10_000))
    assert pbx.most == 3
    assert pbx.now == 0
    assert sorted(request["Channel"] for request, _ in found) == sorted(request["Channel"] for request in given)
    assert sum(outcome == ANSWERED for _, outcome in found) == 9
    (refused,) = [outcome for _, outcome in found if isinstance(outcome, ami.Error)]
    assert isinstance(refused, ami.NotConnected)


def test_calls_are_placed_no_faster_than_allowed() -> None:
    pbx = Telephones()
    asyncio.run(collect(pbx, requests(3), 10, 50))
    first, second, third = pbx.placed_at
    assert min(second - first, third - second) >= 0.015


def test_calls_on_a_server_are_followed_to_their_end() -> None:
    telephones = Placing()
    telephones.happening = telephones.bob_hangs_up

    async def work() -> list[Result]:
        async with ami.AsyncManager() as manager:
            await manager.connect("127.0.0.1", telephones.server.port, PATIENCE)
            telephones.accept()
            async with manager.live() as pbx:
                return await collect(pbx, requests(4), 2, 1000)

    found = asyncio.run(work())
    telephones.server.close()
    assert [isinstance(outcome, CallOutcome) and outcome.answered for _, outcome in found] == [True] * 4
    assert len(telephones.placed) == 4
