"""A server's calls, kept up to date on asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import live
from ami_typed.aiopbx import AsyncPbx
from tests.live_model.conversations import talk
from tests.live_model.test_live_queues import item, listed, member
from tests.support import PATIENCE
from tests.test_pbx import AT_ONCE, Telephones

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Story = Callable[[Telephones, ami.AsyncManager], Awaitable[None]]


@pytest.fixture
def telephones() -> Iterator[Telephones]:
    made = Telephones()
    yield made
    made.server.close()


async def link(telephones: Telephones, manager: ami.AsyncManager) -> None:
    await manager.connect("127.0.0.1", telephones.server.port, PATIENCE)
    telephones.accept()


def play(telephones: Telephones, story: Story) -> None:
    """Run a story on an event loop, with a manager that reconnects at once."""

    async def run() -> None:
        async with ami.AsyncManager(reconnect=AT_ONCE) as manager:
            await link(telephones, manager)
            await story(telephones, manager)

    asyncio.run(run())


def test_existing_objects_are_loaded_and_changes_are_reported(telephones: Telephones) -> None:
    async def story(telephones: Telephones, manager: ami.AsyncManager) -> None:
        async with AsyncPbx(manager) as pbx, pbx.changes(live.CallEnded) as changes:
            other = pbx.changes(live.CallEnded)
            (call,) = pbx.calls
            assert call.state is live.CallState.TALKING
            assert await pbx.verify() == []
            telephones.paper.end(bridge, alice, bob)
            telephones.happens()
            ended = await changes.get(PATIENCE)
            assert ended.call is call
            assert await other.get(PATIENCE) is ended
            telephones.paper.hang_up(telephones.paper.call_in("PJSIP/alice", "201", "202"))
            telephones.happens()
            assert (await other.get(PATIENCE)) is (await changes.get(timeout=0))
            with pytest.raises(ami.EventTimeout, match=r"No change arrived within 0 s\."):
                await changes.get(timeout=0)
        assert [change async for change in changes] == []

    alice, bob, bridge = talk(telephones.paper)
    telephones.happens(unseen=True)
    play(telephones, story)


def test_changes_during_a_gap_are_reported_after_reconnecting(telephones: Telephones) -> None:
    async def story(telephones: Telephones, manager: ami.AsyncManager) -> None:
        async with AsyncPbx(manager) as pbx, pbx.changes() as changes:
            telephones.paper.end(bridge, alice, bob)
            telephones.happens(unseen=True)
            assert telephones.peer is not None
            telephones.peer.close()
            await asyncio.to_thread(telephones.accept)
            ended = await changes.get(PATIENCE)
            assert isinstance(ended, live.CallEnded)
            assert (ended.resynced, ended.reason) == (True, live.EndReason.UNKNOWN)

    alice, bob, bridge = talk(telephones.paper)
    telephones.happens(unseen=True)
    play(telephones, story)


def test_unread_changes_beyond_the_limit_are_dropped_and_the_gap_is_reported(telephones: Telephones) -> None:
    async def story(telephones: Telephones, manager: ami.AsyncManager) -> None:
        async with AsyncPbx(manager) as pbx, pbx.changes(live.CallEnded) as all_of_them:
            newest = pbx.changes(live.CallEnded, limit=2)
            oldest = pbx.changes(live.CallEnded, limit=2, overflow=ami.Overflow.DROP_NEWEST)
            for _ in range(5):
                telephones.paper.hang_up(telephones.paper.call_in("PJSIP/alice", "201", "202"))
            telephones.happens()
            ends = [await all_of_them.get(PATIENCE) for _ in range(5)]
            with pytest.raises(ami.ChangesDropped, match="3 changes were dropped"):
                await newest.get(PATIENCE)
            assert (newest.dropped, oldest.dropped, all_of_them.dropped) == (3, 3, 0)
            assert [await oldest.get(PATIENCE), await oldest.get(PATIENCE)] == ends[:2]
            with pytest.raises(ami.ChangesDropped):
                await oldest.get(PATIENCE)
            with pytest.raises(ValueError, match="A stream of changes cannot end the connection"):
                pbx.changes(overflow=ami.Overflow.block())
        assert [change async for change in newest] == ends[3:]
        assert [change async for change in oldest] == []

    play(telephones, story)


def test_queues_are_loaded_and_watched(telephones: Telephones) -> None:
    async def story(telephones: Telephones, manager: ami.AsyncManager) -> None:
        async with manager.live(queues=True) as pbx, pbx.changes(live.MemberPaused) as changes:
            assert pbx.queues["support"].completed == 4
            assert await pbx.verify() == []
            telephones.paper.tell("QueueMemberPause", member("PJSIP/alice", Paused=1, PausedReason="lunch"))
            telephones.happens()
            assert (await changes.get(PATIENCE)).member.paused_reason == "lunch"

    telephones.queues = listed(item("PJSIP/alice"), Completed=4)
    play(telephones, story)


def test_it_can_be_reopened_after_closing(telephones: Telephones) -> None:
    async def story(telephones: Telephones, manager: ami.AsyncManager) -> None:
        pbx = AsyncPbx(manager)
        async with pbx:
            await pbx.open()
            assert pbx.calls == []
        talk(telephones.paper)
        telephones.happens(unseen=True)
        async with pbx, pbx.changes(live.CallEnded) as changes:
            (call,) = pbx.calls
            assert call.state is live.CallState.TALKING
            with pytest.raises(ami.EventTimeout):
                await changes.get(timeout=0)
        assert [change async for change in changes] == []

    play(telephones, story)


def test_missing_privileges_for_the_lists_are_reported_at_the_start(telephones: Telephones) -> None:
    async def story(telephones: Telephones, manager: ami.AsyncManager) -> None:
        with pytest.raises(ami.ActionFailed, match="Permission denied"):
            await AsyncPbx(manager).open()

    telephones.refused = {"BridgeList"}
    play(telephones, story)
