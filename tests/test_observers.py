"""An observer is told of each request when it begins and when it is over, by who sends it, and disturbs nothing."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import ami_typed as ami
from tests.support import PATIENCE, Server, answer, background
from tests.test_aio import asked, linked, on_a_loop

if TYPE_CHECKING:
    import pytest

    from ami_typed.exchanges import Exchange
    from tests.faces import Make

who: ContextVar[str] = ContextVar("who", default="nobody")


class Watching:
    """An observer that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, str]] = []

    def begun(self, exchange: Exchange[Any]) -> None:
        self._keep("begun", exchange)

    def settled(self, exchange: Exchange[Any]) -> None:
        self._keep("settled", exchange)

    def _keep(self, what: str, exchange: Exchange[Any]) -> None:
        self.told.append((what, exchange.request.action, exchange.ending, who.get()))

    def endings(self) -> list[str]:
        return [ending for what, _, ending, _ in self.told if what == "settled"]


def reply(request: dict[str, str]) -> bytes:
    return answer(request["ActionID"], "Error" if request["Action"] == "Fail" else "Success")


def slow(timeout: float = 0.01) -> ami.Request[ami.Message]:
    request = ami.Request[ami.Message]("Slow")
    request.timeout = timeout
    return request


def test_each_request_is_observed_twice(make: Make, server: Server) -> None:
    manager = make()
    watching = Watching()
    manager.add_observer(watching)
    manager.add_observer(watching)
    server.link(manager).serve(reply)
    manager.execute(ami.Request("Ping"))
    manager.send_action(ami.Request("Fail"))
    assert [told[:3] for told in watching.told] == [
        ("begun", "Ping", "pending"),
        ("settled", "Ping", "answered"),
        ("begun", "Fail", "pending"),
        ("settled", "Fail", "failed"),
    ]


def test_a_request_without_an_answer_is_observed_too(make: Make, server: Server) -> None:
    manager = make()
    watching = Watching()
    manager.add_observer(watching)
    peer = server.link(manager)
    assert manager.send_action(slow()) is None
    sending = background(manager.send_action, slow(PATIENCE))
    peer.request()
    peer.request()
    peer.close()
    assert isinstance(sending.exception(PATIENCE), ami.OutcomeUnknown)
    assert watching.endings() == ["timed_out", "lost"]


def test_a_removed_observer_is_not_notified(make: Make, server: Server) -> None:
    manager = make()
    watching, other = Watching(), Watching()
    manager.add_observer(watching)
    manager.add_observer(other)
    server.link(manager).serve(reply)
    assert manager.remove_observer(watching)
    assert not manager.remove_observer(watching)
    manager.execute(ami.Request("Ping"))
    assert (watching.told, other.endings()) == ([], ["answered"])


def test_an_observers_own_trouble_is_logged_and_changes_nothing(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def begun(self, exchange: Exchange[Any]) -> None:
            raise RuntimeError("the beginning")

        def settled(self, exchange: Exchange[Any]) -> None:
            raise RuntimeError("the end")

    manager = make()
    manager.add_observer(Failing())
    server.link(manager).serve(reply)
    assert manager.execute(ami.Request("Ping"))["Response"] == "Success"
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [str(record.exc_info and record.exc_info[1]) for record in errors] == ["the beginning", "the end"]


def test_an_observer_may_ask_the_manager_for_its_statistics(make: Make, server: Server) -> None:
    manager = make()
    pending: list[int] = []

    class Asking(Watching):
        def begun(self, exchange: Exchange[Any]) -> None:
            pending.append(manager.statistics.requests_pending)

    manager.add_observer(Asking())
    server.link(manager).serve(reply)
    manager.execute(ami.Request("Ping"))
    assert pending == [1]


def test_it_is_called_by_the_thread_that_sends(manager: ami.Manager, server: Server) -> None:
    watching = Watching()
    manager.add_observer(watching)
    server.link(manager).serve(reply)

    def send(name: str) -> None:
        who.set(name)
        manager.execute(ami.Request("Ping"))

    for name in ("one", "two"):
        background(send, name).result(PATIENCE)
    assert [told[-1] for told in watching.told] == ["one", "one", "two", "two"]


@on_a_loop
async def test_it_is_called_by_the_task_that_sends(server: Server) -> None:
    async with linked(server) as (manager, peer):
        watching = Watching()
        manager.add_observer(watching)
        peer.serve(reply)

        async def send(name: str) -> None:
            who.set(name)
            await manager.execute(ami.Request("Ping"))

        async with asyncio.TaskGroup() as group:
            for name in ("one", "two"):
                group.create_task(send(name))
        assert sorted(told[-1] for told in watching.told) == ["one", "one", "two", "two"]


@on_a_loop
async def test_a_request_whose_sender_was_cancelled_is_over(server: Server) -> None:
    async with linked(server) as (manager, peer):
        watching = Watching()
        manager.add_observer(watching)
        sending = asyncio.create_task(manager.execute(slow(PATIENCE)))
        await asked(peer)
        sending.cancel()
        await asyncio.wait([sending])
        assert watching.endings() == ["cancelled"]
        assert manager.statistics.requests_cancelled == 1
