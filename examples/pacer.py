"""Call a list of numbers: at a limited pace, never too many at once, and report each outcome as it is known.

    python examples/pacer.py ami://user:secret@pbx.example 500@queues Local/0301234567@trunks Local/0307654321@trunks

Each party that answers is connected to the given extension. The URL has the format of `Manager.from_url`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ami_typed import live
    from ami_typed.aiopbx import AsyncPbx

    Result = tuple[actions.Originate, live.CallOutcome | ami.Error]


async def place(pbx: AsyncPbx, request: actions.Originate) -> Result:
    """Place one call; return its outcome, or the error if it could not be placed."""
    try:
        call = await pbx.originate(request)
    except ami.Error as error:
        return request, error
    return request, await call.ended()


async def outcomes(
    pbx: AsyncPbx, requests: Iterable[actions.Originate], *, max_concurrent: int, per_second: float
) -> AsyncIterator[Result]:
    """Place calls, and yield their outcomes in the order in which they end.

    Args:
        pbx: The live model of the server.
        requests: The calls to place. The next one is taken when there is room for it.
        max_concurrent: Maximum number of calls at the same time.
        per_second: Maximum number of calls to place per second.
    """
    clock = asyncio.get_running_loop().time
    waiting = iter(requests)
    upcoming = next(waiting, None)
    due = clock()
    calls: set[asyncio.Task[Result]] = set()
    try:
        while upcoming is not None or calls:
            has_room = upcoming is not None and len(calls) < max_concurrent
            if has_room and upcoming is not None and clock() >= due:
                calls.add(asyncio.create_task(place(pbx, upcoming)))
                due = max(due, clock() - 1) + 1 / per_second
                upcoming = next(waiting, None)
                continue
            pause = max(0.0, due - clock()) if has_room else None
            if calls:
                done, calls = await asyncio.wait(calls, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    yield each.result()
            else:
                await asyncio.sleep(pause or 0.0)
    finally:
        for each in calls:
            each.cancel()


async def main(url: str, target: str, *channels: str) -> None:
    exten, _, context = target.partition("@")
    requests = [actions.Originate(channel=each, exten=exten, context=context, priority=1) for each in channels]
    async with ami.AsyncManager.from_url(url, reconnect=ami.Reconnect()) as manager, manager.live() as pbx:
        async for request, outcome in outcomes(pbx, requests, max_concurrent=10, per_second=2):
            print(request["Channel"], outcome if isinstance(outcome, ami.Error) else outcome.called.value)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
