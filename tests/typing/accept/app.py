"""A whole program as its author would write it, some 200 lines: a board of queues, with calls, records and recordings.

Beside being accepted, it is what `mypy` is timed on: warm, it takes less than two seconds.
"""

# pyright: strict

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions, enums, events

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

log = logging.getLogger(__name__)

REACHABLE = frozenset(
    {enums.QueueMemberStatus.NOT_INUSE, enums.QueueMemberStatus.INUSE, enums.QueueMemberStatus.RINGING}
)


@dataclass
class Agent:
    """A member of a queue."""

    name: str
    interface: str
    paused: bool
    status: enums.QueueMemberStatus
    last_call: datetime | None = None
    reason: str | None = None

    @classmethod
    def of(cls, member: events.QueueMember) -> Agent:
        return cls(
            name=member.name,
            interface=member.location,
            paused=member.paused,
            status=member.status,
            last_call=member.last_call,
            reason=member.paused_reason,
        )

    def is_free(self) -> bool:
        return not self.paused and self.status is enums.QueueMemberStatus.NOT_INUSE


@dataclass
class Queue:
    """A queue as the board shows it."""

    name: str
    strategy: enums.QueueStrategy
    service_level: float
    agents: dict[str, Agent] = field(default_factory=dict[str, Agent])
    waiting: dict[str, timedelta] = field(default_factory=dict[str, timedelta])

    def longest_wait(self) -> timedelta:
        return max(self.waiting.values(), default=timedelta(0))

    def free(self) -> Iterator[Agent]:
        return (agent for agent in self.agents.values() if agent.is_free())


class Board:
    """What is known of all queues, kept true by events."""

    def __init__(self, manager: ami.AsyncManager) -> None:
        self.queues: dict[str, Queue] = {}
        self.hangups: Counter[int] = Counter()
        self._manager = manager
        manager.register_callback(events.QueueMemberPause, self.on_pause)
        manager.register_callback(events.QueueMemberStatus, self.on_status)
        manager.register_callback(events.QueueCallerJoin, self.on_join)
        manager.register_callback(events.QueueCallerLeave, self.on_leave)
        manager.register_callback(events.Hangup, self.on_hangup)
        manager.register_callback(ami.Reconnected, self.on_reconnected)

    async def load(self, names: Sequence[str] = ()) -> None:
        for name in names or [each.queue for each in (await self._manager.execute(actions.QueueSummary())).queues]:
            await self._load_one(name)

    async def _load_one(self, name: str) -> None:
        status = await self._manager.execute(actions.QueueStatus(queue=name), timeout=5)
        for params in status.params:
            self.queues[params.queue] = Queue(params.queue, params.strategy, params.servicelevel_perf)
        for member in status.members:
            self.queues[member.queue].agents[member.location] = Agent.of(member)
        for entry in status.entries:
            self.queues[entry.queue].waiting[entry.channel] = entry.wait

    def on_pause(self, event: events.QueueMemberPause, _: ami.AsyncManager) -> None:
        agent = self._agent(event.queue, event.interface)
        if agent is not None:
            agent.paused, agent.reason = event.paused, event.paused_reason

    def on_status(self, event: events.QueueMemberStatus, _: ami.AsyncManager) -> None:
        agent = self._agent(event.queue, event.interface)
        if agent is not None:
            agent.status, agent.last_call = event.status, event.last_call

    def on_join(self, event: events.QueueCallerJoin, _: ami.AsyncManager) -> None:
        if queue := self.queues.get(event.queue):
            queue.waiting[event.channel] = timedelta(0)
            log.info("%s waits in %s at place %d", event.caller_id_num or "somebody", event.queue, event.position)

    def on_leave(self, event: events.QueueCallerLeave, _: ami.AsyncManager) -> None:
        if queue := self.queues.get(event.queue):
            queue.waiting.pop(event.channel, None)

    def on_hangup(self, event: events.Hangup, _: ami.AsyncManager) -> None:
        self.hangups[event.cause] += 1
        if event.cause not in {enums.HangupCause.NORMAL_CLEARING, enums.HangupCause.USER_BUSY}:
            log.warning("%s was hung up: %s", event.channel, event.cause_txt)

    async def on_reconnected(self, event: ami.Reconnected, _: ami.AsyncManager) -> None:
        log.warning("away for %s, %d attempts", event.gap, event.attempts)
        await self.load(list(self.queues))

    def _agent(self, queue: str, interface: str) -> Agent | None:
        known = self.queues.get(queue)
        return None if known is None else known.agents.get(interface)

    def lines(self) -> Iterator[str]:
        for queue in self.queues.values():
            free = ", ".join(agent.name for agent in queue.free()) or "nobody"
            yield f"{queue.name}: {len(queue.waiting)} wait, {queue.longest_wait()} at most; free: {free}"
            unreachable = [agent.name for agent in queue.agents.values() if agent.status not in REACHABLE]
            if unreachable:
                yield f"  cannot be reached: {', '.join(unreachable)}"


async def pause(manager: ami.AsyncManager, interface: str, reason: str) -> None:
    await manager.execute(actions.QueuePause(interface=interface, paused=True, reason=reason))


async def call(manager: ami.AsyncManager, interface: str, number: str, variables: Mapping[str, str]) -> str | None:
    """Call an agent and connect it to a number; return the channel's identifier, None where nobody answered."""
    outcome = await manager.originate(
        actions.Originate(
            channel=interface,
            exten=number,
            context="outgoing",
            priority=1,
            call_timeout=timedelta(seconds=20),
            caller_id=f'"Board" <{number}>',
            variable=variables,
        )
    )
    match outcome.response:
        case enums.OriginateResult.SUCCESS:
            return outcome.uniqueid
        case _:
            log.warning("%s was not reached: %s", interface, outcome.reason.name)
            return None


async def record(manager: ami.AsyncManager, channel: str, folder: str) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    await manager.execute(actions.MixMonitor(channel=channel, file=f"{folder}/{stamp}.wav", options="b"))
    async with manager.subscribe(events.Hold, events.Unhold, events.Hangup) as stream:
        async for event in stream:
            if event.channel != channel:
                continue
            if isinstance(event, events.Hangup):
                break
            muted = isinstance(event, events.Hold)
            side = enums.RecordedSide.BOTH
            await manager.execute(actions.MixMonitorMute(channel=channel, direction=side, state=muted))


async def watch(host: str, port: int, user: str, secret: str) -> None:
    async with ami.AsyncManager(reconnect=ami.Reconnect()) as manager:
        await manager.connect(host, port)
        await manager.login(user, secret)
        settings = await manager.execute(actions.CoreSettings())
        log.info("Asterisk %s, at most %d calls", settings.asterisk_version, settings.core_max_calls)
        board = Board(manager)
        await board.load()
        with contextlib.suppress(ami.EventTimeout):
            await manager.wait_for(events.FullyBooted, timeout=1)
        while manager.is_connected():
            print("\n".join(board.lines()))
            await asyncio.sleep(5)


def main() -> int:
    host, port, user, secret = sys.argv[1:5]
    try:
        asyncio.run(watch(host, int(port), user, secret))
    except ami.LoginFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
