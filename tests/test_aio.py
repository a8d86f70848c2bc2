"""The asyncio face: what is said of `Manager` holds for its twin, and what only an event loop has.

The tests of `test_manager` have both faces, this one in a wrapper that blocks. Those below are coroutines as a program would
write them, each with an event loop of its own, asyncio's and then uvloop's, at whose end no task of the package may run.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import logging
import pydoc
import socket
import ssl
import threading
import warnings
import weakref
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import AsyncManager, Reconnect
from ami_typed import manager as blocking
from ami_typed.aio import AsyncEventStream
from tests import test_manager
from tests.faces import face
from tests.support import (
    GREETING,
    PATIENCE,
    Gadget,
    Gadgets,
    ListGadgets,
    Peer,
    Server,
    answer,
    background,
    echo,
    message,
    tls_server,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator

pytestmark = pytest.mark.usefixtures("gadgets")


@pytest.fixture
def manager() -> Iterator[ami.Manager]:
    """A manager on an event loop, in a wrapper that blocks, closed after the test."""
    with face("asyncio") as unconnected:
        yield unconnected


# What the tests below share


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on an event loop of its own; nothing of the package may be left there, and nothing untold."""

    async def run(*args: Any, **kwargs: Any) -> None:
        troubles: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: troubles.append(context))
        async with asyncio.timeout(2 * PATIENCE):
            await test(*args, **kwargs)
        assert tasks() == set()
        assert troubles == []

    @functools.wraps(test)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        asyncio.run(run(*args, **kwargs))

    played: Callable[..., None] = pytest.mark.usefixtures("event_loops")(wrapper)
    return played


def tasks() -> set[str]:
    """Return the names of the package's tasks that run."""
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("ami-typed")}


async def link(server: Server, manager: AsyncManager, timeout: float = PATIENCE) -> Peer:
    """Connect a manager; return the server's end."""
    await manager.connect("127.0.0.1", server.port, timeout)
    return await asyncio.to_thread(server.peer)


@contextlib.asynccontextmanager
async def linked(server: Server, **options: Any) -> AsyncGenerator[tuple[AsyncManager, Peer]]:
    """A connected manager and the server's end."""
    async with AsyncManager(**options) as manager:
        yield manager, await link(server, manager)


async def asked(peer: Peer) -> dict[str, str]:
    """Read the next request, while the loop goes on."""
    return dict(await asyncio.to_thread(peer.request))


class Heard(asyncio.Queue[Any]):
    """A callback that keeps what it was called with."""

    def __call__(self, event: Any, manager: object) -> None:
        self.put_nowait(event)


def slow_request(action: str = "Originate") -> ami.Request[Any]:
    request = ami.Request[Any](action)
    request.timeout = 3600
    return request


# Twins


def public(cls: type) -> list[str]:
    """Return the names of a class's public members, those of its private bases included."""
    return [name for each in cls.__mro__[:-2] for name in vars(each) if not name.startswith("_")]


NAMES = {"AsyncManager": "Manager", "AsyncEventStream": "EventStream"}


def parameters(function: Any) -> list[tuple[str, Any, Any, str]]:
    """Return the parameters of a method, as its twin would have them."""
    return [
        (each.name, each.kind, each.default, functools.reduce(_as_its_twin, NAMES.items(), str(each.annotation)))
        for each in inspect.signature(function).parameters.values()
    ]


def _as_its_twin(text: str, names: tuple[str, str]) -> str:
    return text.replace(*names)


@pytest.mark.parametrize(
    ("one", "other"), [(ami.Manager, AsyncManager), (blocking.EventStream, AsyncEventStream)], ids=["manager", "stream"]
)
def test_the_two_faces_have_the_same_methods_in_the_same_order_with_the_same_parameters(one: type, other: type) -> None:
    assert public(one) == public(other)
    for name in [*public(one), "__init__"]:
        first, second = (inspect.getattr_static(face, name) for face in (one, other))
        if isinstance(first, classmethod):
            assert isinstance(second, classmethod)
            first, second = (getattr(face, name).__func__ for face in (one, other))
        if isinstance(first, property):
            assert isinstance(second, property)
        else:
            assert parameters(first) == parameters(second), name


@pytest.mark.parametrize("cls", [ami.Manager, AsyncManager, blocking.EventStream, AsyncEventStream])
def test_help_shows_every_member_with_its_documentation(cls: type) -> None:
    shown = pydoc.plain(pydoc.render_doc(cls))
    for name in public(cls):
        documentation = inspect.getdoc(inspect.getattr_static(cls, name))
        assert documentation, name
        assert documentation.partition("\n")[0] in shown, name


def test_methods_that_block_in_one_face_are_coroutines_in_the_other() -> None:
    waits = {name for name in public(AsyncManager) if inspect.iscoroutinefunction(getattr(AsyncManager, name))}
    waiting = (
        "wait_until_booted",
        "wait_connected",
        "connect",
        "disconnect",
        "close",
        "send_action",
        "execute",
        "explain",
        "login",
        "originate",
        "logoff",
        "wait_for",
    )
    assert waits == {*waiting}


# Connecting and closing


@on_a_loop
async def test_a_connected_manager_knows_what_the_server_calls_itself(server: Server) -> None:
    async with linked(server) as (manager, peer):
        assert manager.get_asterisk_info() == ("Asterisk Call Manager", "9.0.0")
        transport = manager.get_connection()
        assert transport is not None
        connected = transport.get_extra_info("socket")
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert not manager.is_connected()
    assert manager.get_connection() is None
    assert await asyncio.to_thread(peer.at_end)


@on_a_loop
async def test_connecting_again_closes_the_existing_connection(server: Server) -> None:
    async with linked(server) as (manager, first):
        second = await link(server, manager)
        assert await asyncio.to_thread(first.at_end)
        second.serve(echo)
        assert await manager.execute(ami.Request("Ping"))


@on_a_loop
async def test_of_many_concurrent_connections_one_remains(server: Server) -> None:
    async with AsyncManager() as manager:
        peers = await asyncio.gather(*(link(server, manager) for _ in range(8)))
        for peer in peers:
            peer.serve(echo)
        assert await manager.execute(ami.Request("Ping"))
    for peer in peers:
        assert await asyncio.to_thread(peer.at_end)


@on_a_loop
async def test_connecting_that_is_cancelled_leaves_nothing() -> None:
    with Server(b"Asterisk") as server:
        async with AsyncManager() as manager:
            connecting = asyncio.create_task(manager.connect("127.0.0.1", server.port, PATIENCE))
            peer = await asyncio.to_thread(server.peer)
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert not manager.is_connected()
            assert await asyncio.to_thread(peer.at_end)


@pytest.mark.parametrize("steps", range(12))
@on_a_loop
async def test_connecting_can_be_cancelled_at_any_step(server: Server, steps: int) -> None:
    async with linked(server) as (manager, first):
        connecting = asyncio.create_task(manager.connect("127.0.0.1", server.port, PATIENCE))
        for _ in range(steps):
            await asyncio.sleep(0)
        connecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await connecting
    assert await asyncio.to_thread(first.at_end)
    while not server._peers.empty():
        assert await asyncio.to_thread(server.peer().at_end)


@on_a_loop
async def test_connecting_that_is_cancelled_while_it_takes_another_ones_place_leaves_nothing() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(event: ami.Event, manager: AsyncManager) -> None:
        entered.set()
        await leave.wait()

    with Server(b"") as server:
        async with AsyncManager() as manager:
            manager.register_callback(Gadget, slow)
            second = asyncio.create_task(manager.connect("127.0.0.1", server.port, PATIENCE))
            second_peer = await asyncio.to_thread(server.peer)
            first = asyncio.create_task(manager.connect("127.0.0.1", server.port, PATIENCE))
            first_peer = await asyncio.to_thread(server.peer)
            first_peer.send(GREETING, message("Event: Gadget"))
            await first
            await entered.wait()
            second_peer.send(GREETING)
            assert await asyncio.to_thread(first_peer.at_end)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert await asyncio.to_thread(second_peer.at_end)
            assert not manager.is_connected()


@pytest.mark.parametrize("greeting", [GREETING, b"SSH\r\n", b""])
@on_a_loop
async def test_a_connection_that_is_cancelled_at_any_step_leaves_nothing_untold(greeting: bytes) -> None:
    with Server(greeting) as server:
        for steps in range(40):
            manager = AsyncManager()
            connecting = asyncio.create_task(manager.connect("127.0.0.1", server.port, PATIENCE))
            for _ in range(steps):
                await asyncio.sleep(0)
            connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError, ami.NotAsterisk):
                await connecting
            await manager.close()
    gc.collect()


@on_a_loop
async def test_several_managers_live_in_one_loop(server: Server) -> None:
    async with contextlib.AsyncExitStack() as stack:
        managers: list[AsyncManager] = []
        for _ in range(20):
            manager, peer = await stack.enter_async_context(linked(server))
            peer.serve(echo)
            managers.append(manager)
        requests = (managers[n % 20].execute(ami.Request("Ping", Number=n)) for n in range(200))
        answers = await asyncio.gather(*requests)
        assert [each["Number"] for each in answers] == [str(n) for n in range(200)]


@on_a_loop
async def test_no_task_outlives_its_manager(server: Server) -> None:
    plan = ami.Reconnect(first=3600, ceiling=3600)
    async with linked(server, reconnect=plan) as (manager, peer):
        manager.monitor_connection(3600)
        assert tasks() == {"ami-typed callbacks", "ami-typed monitor"}
        async with manager.subscribe(ami.Disconnected) as notices:
            peer.close()
            await notices.get(PATIENCE)
        await asyncio.sleep(0)
        assert tasks() == {"ami-typed callbacks", "ami-typed reconnect"}
        await manager.close()
        assert tasks() == set()
        await link(server, manager)
        manager.monitor_connection(3600)
        manager.monitor_connection(3600)
        await manager.close()
        assert tasks() == set()


async def all_gone(collected: Callable[[], object]) -> None:
    """Wait until a manager is collected and none of the package's tasks runs."""
    async with asyncio.timeout(PATIENCE):
        while collected() is not None or tasks():  # a callback may still be returning
            gc.collect()
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("debug", [False, True])
@on_a_loop
async def test_a_forgotten_manager_closes_its_connection_and_its_tasks_end(server: Server, debug: bool) -> None:
    manager = AsyncManager(debug=debug, reconnect=Reconnect())
    peer = await link(server, manager)
    manager.register_callback("", lambda event, manager: None)
    manager.monitor_connection(3600)
    stream = manager.subscribe(Gadget)
    peer.serve(echo)
    await manager.execute(ami.Request("Ping"))
    assert tasks() == {"ami-typed callbacks", "ami-typed monitor"}
    gone = weakref.ref(manager)
    del manager
    await all_gone(gone)
    with pytest.raises(StopAsyncIteration):
        await stream.get(PATIENCE)
    assert await asyncio.to_thread(peer.socket.recv, 1) == b""


class Owner:
    """A program's object that has a manager, and is called back by it."""

    def __init__(self) -> None:
        self.manager = AsyncManager()
        self.manager.register_callback(Gadget, self.hear)
        self.manager.register_callback(ami.Aggregate, self.hear)
        self.manager.add_observer(self)
        self.heard = asyncio.Event()

    async def hear(self, event: object, manager: AsyncManager) -> None:
        self.heard.set()

    def begun(self, exchange: object) -> None:
        pass

    def settled(self, exchange: object) -> None:
        pass


@pytest.mark.parametrize("used", [False, True])
@on_a_loop
async def test_a_manager_whose_callbacks_belong_to_its_owner_is_collected_with_it(server: Server, used: bool) -> None:
    owner = Owner()
    peer = await link(server, owner.manager)
    if used:
        peer.send(message("Event: Gadget", "Size: 1"))
        await owner.heard.wait()
        sending = asyncio.create_task(owner.manager.execute(ami.Request("Ping")))
        peer.send(answer((await asked(peer))["ActionID"]))
        await sending
        del sending
    gone = weakref.ref(owner.manager)
    del owner
    await all_gone(gone)
    assert await asyncio.to_thread(peer.at_end)


@on_a_loop
async def test_a_manager_forgotten_in_another_thread_is_closed_on_its_loop(server: Server) -> None:
    holder = [AsyncManager()]
    peer = await link(server, holder[0])
    gone = weakref.ref(holder[0])
    await asyncio.to_thread(holder.clear)
    await all_gone(gone)
    assert await asyncio.to_thread(peer.at_end)


@pytest.mark.parametrize("plan", [Reconnect(first=3600, ceiling=3600), Reconnect(first=0.01)])
@on_a_loop
async def test_a_garbage_collected_manager_does_not_reconnect(server: Server, plan: Reconnect) -> None:
    manager = AsyncManager(reconnect=plan)
    peer = await link(server, manager)
    stream = manager.subscribe(Gadget)
    async with manager.subscribe(ami.Disconnected) as notices:
        peer.close()
        await notices.get(PATIENCE)
    gone = weakref.ref(manager)
    del manager, notices
    await all_gone(gone)
    with pytest.raises(ami.ConnectionLost, match="the server closed the connection"):
        await stream.get(PATIENCE)
    assert server._peers.empty()


@on_a_loop
async def test_a_connection_that_is_lost_as_its_manager_is_forgotten_ends_its_streams(server: Server) -> None:
    manager = AsyncManager(reconnect=Reconnect())
    peer = await link(server, manager)
    stream = manager.subscribe(Gadget)
    connection: Any = manager._connection
    gone = weakref.ref(manager)
    del manager
    gc.collect()
    assert gone() is None
    connection.eof_received()
    with pytest.raises(ami.ConnectionLost, match="the server closed the connection"):
        await stream.get(PATIENCE)
    await all_gone(gone)
    assert await asyncio.to_thread(peer.at_end)


def test_a_manager_that_outlives_its_event_loop_is_collected_in_silence(server: Server) -> None:
    async def connected() -> AsyncManager:
        manager = AsyncManager()
        await manager.connect("127.0.0.1", server.port, PATIENCE)
        return manager

    with asyncio.Runner() as runner:
        manager = runner.run(connected())
        connection: Any = manager._connection
        connection.transport.abort()  # asyncio warns of one that is left open
        runner.run(asyncio.sleep(0))
    gone = weakref.ref(manager)
    del manager, connection
    gc.collect()
    assert gone() is None


def test_a_manager_that_was_never_connected_can_be_forgotten() -> None:
    gone = weakref.ref(AsyncManager())
    gc.collect()
    assert gone() is None


@on_a_loop
async def test_a_callback_that_never_ends_is_cancelled_with_its_manager(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ami_typed._faces.tasks._DRAIN", 0.05)
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def never(event: ami.Event, manager: AsyncManager) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with linked(server) as (manager, peer):
        manager.register_callback(Gadget, never)
        peer.send(message("Event: Gadget"))
        await entered.wait()
    assert cancelled.is_set()
    assert tasks() == set()


@on_a_loop
async def test_closing_that_is_cancelled_leaves_no_task(server: Server) -> None:
    entered = asyncio.Event()

    async def never(event: ami.Event, manager: AsyncManager) -> None:
        entered.set()
        await asyncio.Event().wait()

    async with linked(server) as (manager, peer):
        manager.register_callback(Gadget, never)
        peer.send(message("Event: Gadget"))
        await entered.wait()
        closing = asyncio.create_task(manager.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await asyncio.sleep(0)
        assert tasks() == set()


@on_a_loop
async def test_closing_does_not_wait_for_a_server_that_reads_nothing(server: Server) -> None:
    async with linked(server) as (manager, _):
        flood = asyncio.create_task(manager.execute(ami.Request("UserEvent", Value="x" * (48 << 20))))
        await asyncio.sleep(0)
        transport: Any = manager.get_connection()
        await manager.close()
        connected = transport.get_extra_info("socket")
        assert connected is None or connected.fileno() == -1
        with pytest.raises(ami.OutcomeUnknown):
            await flood


@on_a_loop
async def test_a_connection_can_be_closed_from_within_a_callback(server: Server) -> None:
    done = asyncio.Event()

    async def close(event: ami.Event, manager: AsyncManager) -> None:
        await manager.close()
        await manager.disconnect()
        done.set()

    async with linked(server) as (manager, peer):
        manager.register_callback("Gadget", close)
        peer.send(message("Event: Gadget"))
        await done.wait()
        assert not manager.is_connected()
        assert await asyncio.to_thread(peer.at_end)
        assert tasks() == set()


@on_a_loop
async def test_a_callback_can_reconnect(server: Server) -> None:
    outcomes = Heard()

    async def again(event: ami.Event, manager: AsyncManager) -> None:
        await manager.connect("127.0.0.1", server.port, PATIENCE)
        outcomes.put_nowait(await manager.send_action(ami.Request("Ping")))

    async with linked(server) as (manager, peer):
        manager.register_callback("Gadget", again)
        peer.send(message("Event: Gadget"))
        (await asyncio.to_thread(server.peer)).serve(echo)
        assert (await outcomes.get()).success
        assert manager.is_connected()


@on_a_loop
async def test_a_lost_connection_ends_its_tasks_and_can_be_replaced(server: Server) -> None:
    async with linked(server) as (manager, peer):
        manager.monitor_connection(3600)
        async with manager.subscribe() as stream:
            peer.close()
            with pytest.raises(ami.ConnectionLost):
                await stream.get(PATIENCE)
        for _ in range(3):
            await asyncio.sleep(0)
        assert tasks() == set()
        (await link(server, manager)).serve(echo)
        assert await manager.execute(ami.Request("Ping"))


# Requests


@on_a_loop
async def test_a_cancelled_request_is_forgotten(server: Server) -> None:
    async with linked(server) as (manager, peer):
        connection: Any = manager._connection
        orphans = Heard()
        manager.register_callback(None, orphans)
        sending = asyncio.create_task(manager.execute(slow_request()))
        action_id = (await asked(peer))["ActionID"]
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert connection.session.pending == 0
        peer.send(answer(action_id))
        assert (await orphans.get()).action_id == action_id
        peer.serve(echo)
        assert await manager.execute(ami.Request("Ping"))


@on_a_loop
async def test_a_request_that_is_cancelled_before_it_could_be_written_is_forgotten_and_not_sent(server: Server) -> None:
    async with linked(server) as (manager, peer):
        connection: Any = manager._connection
        flood = asyncio.create_task(manager.execute(ami.Request("Flood", Value="x" * (48 << 20)), timeout=PATIENCE))
        await asyncio.sleep(0)
        held_up = asyncio.create_task(manager.execute(slow_request("HeldUp")))
        await asyncio.sleep(0)
        assert connection.session.pending == 2
        held_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held_up
        assert connection.session.pending == 1
        last = asyncio.create_task(manager.execute(ami.Request("Last"), timeout=PATIENCE))
        peer.serve(lambda request: answer(request["ActionID"], "Success", f"Was: {request['Action']}"))
        assert (await flood)["Was"] == "Flood"
        assert (await last)["Was"] == "Last"


@on_a_loop
async def test_an_unwritable_request_times_out(server: Server) -> None:
    async with linked(server) as (manager, _):
        connection: Any = manager._connection
        flood = asyncio.create_task(manager.execute(ami.Request("Flood", Value="x" * (48 << 20)), timeout=PATIENCE))
        await asyncio.sleep(0)
        with pytest.raises(ami.RequestNotSent, match=r"HeldUp was not sent within 0\.05 s: the server is not reading"):
            await manager.execute(ami.Request("HeldUp"), timeout=0.05)
        assert connection.session.pending == 1
        await manager.disconnect()
        with pytest.raises(ami.OutcomeUnknown):
            await flood


@on_a_loop
async def test_a_link_on_which_nothing_can_be_written_any_more_is_found_out(server: Server) -> None:
    async with linked(server) as (manager, _):
        flood = asyncio.create_task(manager.execute(ami.Request("Flood", Value="x" * (48 << 20)), timeout=PATIENCE))
        await asyncio.sleep(0)
        manager.monitor_connection(0.05)
        with pytest.raises(ami.OutcomeUnknown, match=r"did not answer a ping within 0\.05 s"):
            await flood


@on_a_loop
async def test_requests_obey_a_timeout_around_them(server: Server) -> None:
    async with linked(server) as (manager, peer):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await manager.execute(slow_request())
        connection: Any = manager._connection
        assert connection.session.pending == 0
        await asked(peer)
        peer.serve(echo)
        async with asyncio.timeout(PATIENCE):
            assert await manager.execute(ami.Request("Ping"))


@on_a_loop
async def test_requests_of_a_task_group_are_answered_in_any_order(server: Server) -> None:
    async with linked(server) as (manager, peer):

        def serve() -> None:
            waiting = [dict(peer.request()) for _ in range(500)]
            peer.send(*map(echo, reversed(waiting)))

        serving = asyncio.create_task(asyncio.to_thread(serve))
        async with asyncio.TaskGroup() as group:
            requests = [slow_request("Ping") for _ in range(500)]
            answers = [
                group.create_task(manager.send_action(request, Number=number))
                for number, request in enumerate(requests)
            ]
        await serving
        outcomes = [each.result() for each in answers]
        assert [each and each.response["Number"] for each in outcomes] == [str(number) for number in range(500)]


@on_a_loop
async def test_a_task_group_that_fails_forgets_its_requests(server: Server) -> None:
    async with linked(server) as (manager, peer):
        peer.serve(lambda request: answer(request["ActionID"], "Error") if request["Action"] == "Fail" else b"")

        async def all_together() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(manager.execute(slow_request()))
                group.create_task(manager.execute(ami.Request("Fail")))

        with pytest.raises(ExceptionGroup) as failed:
            await all_together()
        assert failed.group_contains(ami.ActionFailed)
        connection: Any = manager._connection
        assert connection.session.pending == 0
        assert manager.is_connected()


@on_a_loop
async def test_a_cancelled_list_lets_its_events_go_to_everybody(server: Server) -> None:
    async with linked(server) as (manager, peer):
        heard = Heard()
        manager.register_callback(Gadget, heard)
        listing = asyncio.create_task(manager.execute(ListGadgets(), timeout=PATIENCE))
        action_id = (await asked(peer))["ActionID"]
        listing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listing
        peer.send(message("Event: Gadget", f"ActionID: {action_id}", "Size: 7"))
        assert (await heard.get()).size == 7


@on_a_loop
async def test_a_cancelled_log_in_can_be_repeated(server: Server) -> None:
    async with linked(server) as (manager, peer):
        logging_in = asyncio.create_task(manager.login("admin", "secret", wait=PATIENCE))
        await asked(peer)
        logging_in.cancel()
        with pytest.raises(asyncio.CancelledError):
            await logging_in
        assert manager._handlers._entries == ()
        test_manager.script(
            peer,
            {
                "Challenge": ("Success", "Challenge: 123"),
                "Login": "Success",
                "CoreSettings": ("Success", "AsteriskVersion: 20.1.0"),
            },
        )
        await manager.login("admin", "secret")
        assert manager.release == ami.Release(20, 1, 0)


@on_a_loop
async def test_a_list_is_returned_complete_with_typed_members(server: Server) -> None:
    async with linked(server) as (manager, peer):
        peer.serve(lambda request: test_manager.gadgets_of(request["ActionID"], 3, 1, 2))
        gadgets = await manager.execute(ListGadgets())
        assert isinstance(gadgets, Gadgets)
        assert [gadget.size for gadget in gadgets.gadgets] == [3, 1, 2]


# Callbacks


@on_a_loop
async def test_callbacks_plain_and_coroutines_are_called_in_order_with_the_event_and_the_manager(
    server: Server,
) -> None:
    order: list[tuple[str, str]] = []
    done = asyncio.Event()

    def plain(event: Gadget, manager: AsyncManager) -> None:
        order.append(("plain", event["Size"]))

    async def waiting(event: Gadget, manager: AsyncManager) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        order.append(("coroutine", event["Size"]))

    class Callable:
        async def __call__(self, event: Gadget, manager: AsyncManager) -> None:
            assert isinstance(manager, AsyncManager)
            await asyncio.sleep(0)
            order.append(("object", event["Size"]))
            if event.size == 2:
                done.set()

    async with linked(server) as (manager, peer):
        manager.register_callback(Gadget, waiting)
        manager.register_callback(Gadget, plain)
        manager.register_callback(Gadget, Callable())
        peer.send(message("Event: Gadget", "Size: 1"), message("Event: Gadget", "Size: 2"))
        await done.wait()
    assert order == [(who, size) for size in ("1", "2") for who in ("coroutine", "plain", "object")]


@on_a_loop
async def test_a_callback_may_send_actions(server: Server) -> None:
    outcomes = Heard()

    async def on_gadget(event: Gadget, manager: AsyncManager) -> None:
        outcomes.put_nowait(await manager.execute(ami.Request("Ping", Number=event["Size"])))

    async with linked(server) as (manager, peer):
        manager.register_callback(Gadget, on_gadget)
        peer.serve(echo)
        peer.send(message("Event: Gadget", "Size: 1"), message("Event: Gadget", "Size: 2"))
        assert [(await outcomes.get())["Number"] for _ in range(2)] == ["1", "2"]


@on_a_loop
async def test_a_slow_callback_delays_no_answer_and_no_stream(server: Server) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    heard = Heard()

    async def slow(event: ami.Event, manager: AsyncManager) -> None:
        entered.set()
        await leave.wait()
        heard(event, manager)

    async with linked(server) as (manager, peer):
        manager.register_callback("Gadget", slow)
        peer.serve(echo)
        async with manager.subscribe(Gadget) as stream:
            peer.send(message("Event: Gadget", "Size: 1"))
            await entered.wait()
            assert await manager.execute(ami.Request("Ping"))
            peer.send(message("Event: Gadget", "Size: 2"))
            assert [(await stream.get(PATIENCE)).size for _ in range(2)] == [1, 2]
            assert heard.empty()
        leave.set()
        assert [(await heard.get())["Size"] for _ in range(2)] == ["1", "2"]


async def _wait_for_something_cancelled(event: ami.Event, manager: AsyncManager) -> None:
    nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    nothing.cancel()
    await nothing


async def _fail(event: ami.Event, manager: AsyncManager) -> None:
    await asyncio.sleep(0)
    raise ValueError("the callback's own")


def _fail_at_once(event: ami.Event, manager: AsyncManager) -> None:
    raise ValueError("the callback's own")


class Stop(BaseException):
    """What a program may raise to pass every `except Exception`."""


async def _stop(event: ami.Event, manager: AsyncManager) -> None:
    await asyncio.sleep(0)
    raise Stop


def _stop_at_once(event: ami.Event, manager: AsyncManager) -> None:
    raise Stop


async def _end_the_generator(event: ami.Event, manager: AsyncManager) -> None:
    raise GeneratorExit


@pytest.mark.parametrize(
    ("callback", "trouble"),
    [
        (_wait_for_something_cancelled, asyncio.CancelledError),
        (_fail, ValueError),
        (_fail_at_once, ValueError),
        (_stop, Stop),
        (_stop_at_once, Stop),
        (_end_the_generator, GeneratorExit),
    ],
)
@on_a_loop
async def test_a_callback_that_raises_stops_neither_others_nor_later_events(
    server: Server, caplog: pytest.LogCaptureFixture, callback: Callable[..., Any], trouble: type[BaseException]
) -> None:
    async with linked(server) as (manager, peer):
        heard = Heard()
        manager.register_callback("Gadget", callback)
        manager.register_callback("Gadget", heard)
        with caplog.at_level(logging.ERROR, "ami_typed"):
            peer.send(message("Event: Gadget", "Size: 1"), message("Event: Gadget", "Size: 2"))
            assert [(await heard.get())["Size"] for _ in range(2)] == ["1", "2"]
    told = [record for record in caplog.records if record.name == "ami_typed"]
    assert len(told) == 2
    assert told[0].exc_info is not None
    assert isinstance(told[0].exc_info[1], trouble)


@pytest.mark.parametrize("awaits", [False, True], ids=["plain", "coroutine"])
@pytest.mark.parametrize("trouble", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_exit_exceptions_leave_the_loop_and_callbacks_resume_when_it_runs_again(
    server: Server, trouble: BaseException, awaits: bool
) -> None:
    heard: list[str] = []
    all_heard = asyncio.Event()

    async def leave(event: ami.Event, manager: AsyncManager) -> None:
        await asyncio.sleep(0)
        raise trouble

    def leave_at_once(event: ami.Event, manager: AsyncManager) -> None:
        raise trouble

    def hear(event: ami.Event, manager: AsyncManager) -> None:
        heard.append(event["Size"])
        if len(heard) == 2:
            all_heard.set()

    async def begin() -> tuple[AsyncManager, Peer]:
        manager = AsyncManager()
        connecting = asyncio.create_task(manager.connect("127.0.0.1", server.port))
        peer = await asyncio.to_thread(server.peer)
        await connecting
        manager.register_callback("Leaving", leave if awaits else leave_at_once)
        manager.register_callback("Gadget", hear)
        return manager, peer

    async def go_on(peer: Peer) -> None:
        peer.send(message("Event: Gadget", "Size: 1"), message("Event: Leaving"), message("Event: Gadget", "Size: 2"))
        await asyncio.sleep(PATIENCE)

    async def end(manager: AsyncManager) -> None:
        await all_heard.wait()
        await manager.close()

    loop = asyncio.new_event_loop()
    try:
        manager, peer = loop.run_until_complete(begin())
        with pytest.raises(type(trouble)) as left:
            loop.run_until_complete(go_on(peer))
        assert left.value is trouble
        loop.run_until_complete(asyncio.wait_for(end(manager), PATIENCE))
    finally:
        loop.close()
    assert heard == ["1", "2"]
    assert manager.statistics.callback_exceptions == 1


@on_a_loop
async def test_plain_callbacks_do_not_keep_the_loop_from_everything_else(server: Server) -> None:
    """A flood of events with nothing to await in between: others still have their turn."""
    last = asyncio.Event()
    turns: list[int] = []

    def count(event: Gadget, manager: AsyncManager) -> None:
        if event.size == 20_000:
            last.set()

    async def bystander() -> None:
        while not last.is_set():
            turns.append(1)
            await asyncio.sleep(0)

    async with linked(server) as (manager, peer):
        manager.register_callback(Gadget, count)
        other = asyncio.create_task(bystander())
        flood = b"".join(message("Event: Gadget", f"Size: {number}") for number in range(1, 20_001))
        sending = asyncio.create_task(asyncio.to_thread(peer.send, flood))
        await last.wait()
        await sending
        await other
    assert len(turns) > 5


# Streams


@on_a_loop
async def test_a_stream_is_iterable_and_ends_when_the_program_disconnects(server: Server) -> None:
    async with linked(server) as (manager, peer):
        peer.send(message("Event: Noise"))
        async with manager.subscribe(Gadget) as stream:
            peer.send(message("Event: Gadget", "Size: 1"), message("Event: Gadget", "Size: 2"))
            sizes: list[int] = []
            async for gadget in stream:
                sizes.append(gadget.size)
                if gadget.size == 2:
                    await manager.disconnect()
        assert sizes == [1, 2]


@on_a_loop
async def test_a_read_that_is_cancelled_loses_no_event(server: Server) -> None:
    async with linked(server) as (manager, peer), manager.subscribe(Gadget) as stream:
        for size in range(20):
            reading = asyncio.create_task(stream.get())
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            peer.send(message("Event: Gadget", f"Size: {size}"))
            assert (await stream.get(PATIENCE)).size == size


@on_a_loop
async def test_two_readers_of_one_stream_have_each_event_once(server: Server) -> None:
    async with linked(server) as (manager, peer), manager.subscribe(Gadget) as stream:
        readers = [asyncio.create_task(stream.get(PATIENCE)) for _ in range(10)]
        await asyncio.sleep(0)
        peer.send(*(message("Event: Gadget", f"Size: {size}") for size in range(10)))
        assert sorted([(await reader).size for reader in readers]) == list(range(10))


@on_a_loop
async def test_waiting_for_an_event_can_start_before_its_cause(server: Server) -> None:
    async with linked(server) as (manager, peer):
        waiting = asyncio.create_task(manager.wait_for(Gadget, where=lambda event: event.size == 3, timeout=PATIENCE))
        await asyncio.sleep(0)
        peer.send(*(message("Event: Gadget", f"Size: {size}") for size in range(5)))
        assert (await waiting).size == 3
        assert manager._handlers._entries == ()


# Overload and time


def flood_of(count: int) -> bytes:
    return b"".join(message("Event: Gadget", f"Size: {number}", f"Fill: {'x' * 100}") for number in range(count))


async def rests(transport: asyncio.ReadTransport) -> None:
    """Wait until the socket is not read any more."""
    while transport.is_reading():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


@on_a_loop
async def test_reading_pauses_while_callbacks_are_behind_and_nothing_is_lost(server: Server) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    sizes: list[int] = []
    done = asyncio.Event()

    async def slow(event: Gadget, manager: AsyncManager) -> None:
        entered.set()
        await leave.wait()
        sizes.append(event.size)
        if event.size == 19_999:
            done.set()

    async with linked(server, limits=ami.Limits(events=1000), overflow=ami.Overflow.block()) as (manager, peer):
        heard_of_loss = Heard()
        manager.register_callback(Gadget, slow)
        manager.register_callback(ami.EventsLost, heard_of_loss)
        sending = asyncio.create_task(asyncio.to_thread(peer.send, flood_of(20_000)))
        await entered.wait()
        transport: Any = manager.get_connection()
        await rests(transport)
        leave.set()
        await done.wait()
        await sending
        assert sizes == list(range(20_000))
        assert heard_of_loss.empty()
        assert transport.is_reading()


@on_a_loop
async def test_resting_longer_than_a_message_may_stall_does_not_end_the_connection(server: Server) -> None:
    """What is not read cannot be late: half a message lies there for as long as reading rests."""
    entered, leave = asyncio.Event(), asyncio.Event()
    sizes: list[int] = []
    done = asyncio.Event()

    async def slow(event: Gadget, manager: AsyncManager) -> None:
        entered.set()
        await leave.wait()
        sizes.append(event.size)
        if event.size == 4999:
            done.set()

    async with AsyncManager(limits=ami.Limits(events=100), overflow=ami.Overflow.block()) as manager:
        peer = await link(server, manager)
        connection: Any = manager._connection
        connection._timeout = 0.05  # of messages; connecting may take its time
        manager.register_callback(Gadget, slow)
        sending = asyncio.create_task(asyncio.to_thread(peer.send, flood_of(5000)))
        transport: Any = manager.get_connection()
        await entered.wait()
        await rests(transport)
        with pytest.raises(ami.EventTimeout):
            await manager.wait_for(Gadget, timeout=0.2)
        assert manager.is_connected()
        leave.set()
        await done.wait()
        await sending
        assert sizes == list(range(5000))


@on_a_loop
async def test_an_awaited_answer_is_read_although_callbacks_are_behind(server: Server) -> None:
    leave = asyncio.Event()

    async def slow(event: Gadget, manager: AsyncManager) -> None:
        await leave.wait()

    async with linked(server, limits=ami.Limits(events=100), overflow=ami.Overflow.block()) as (manager, peer):
        manager.register_callback(Gadget, slow)
        transport: Any = manager.get_connection()
        peer.serve(lambda request: flood_of(2000) + echo(request))
        for number in range(5):
            answered = await manager.execute(ami.Request("Ping", Number=number), timeout=PATIENCE)
            assert answered["Number"] == str(number)
        peer.send(flood_of(1000))
        await rests(transport)
        assert (await manager.execute(ami.Request("Ping", Number=7), timeout=PATIENCE))["Number"] == "7"
        leave.set()


@on_a_loop
async def test_reading_resumes_after_the_longest_pause(server: Server) -> None:
    leave = asyncio.Event()
    kept: SimpleQueue[ami.Event] = SimpleQueue()
    last = asyncio.Event()

    async def slow(event: Gadget, manager: AsyncManager) -> None:
        kept.put(event)
        await leave.wait()

    def on_last(event: ami.Event, manager: AsyncManager) -> None:
        last.set()

    limits = ami.Limits(events=100)
    async with linked(server, limits=limits, overflow=ami.Overflow.block(0.02)) as (manager, peer):
        manager.register_callback(Gadget, slow)
        manager.register_callback(ami.EventsLost, lambda event, manager: kept.put(event))
        manager.register_callback("Last", on_last)
        async with manager.subscribe() as stream:  # streams are never behind the callbacks
            await asyncio.to_thread(peer.send, flood_of(5000) + message("Event: Last"))
            while (await stream.get(PATIENCE)).event != "Last":
                pass
        leave.set()
        await last.wait()
    events = [kept.get() for _ in range(kept.qsize())]
    lost = sum(event.count for event in events if isinstance(event, ami.EventsLost))
    came = sum(isinstance(event, Gadget) for event in events)
    assert lost > 0
    assert lost + came == 5000


@on_a_loop
async def test_a_message_that_stalls_midway_ends_the_connection(server: Server) -> None:
    async with AsyncManager() as manager:
        peer = await link(server, manager, timeout=0.1)
        sending = asyncio.create_task(manager.execute(slow_request()))
        await asked(peer)
        peer.send(b"Response: Succ")
        with pytest.raises(ami.OutcomeUnknown, match=r"the rest of a message did not arrive within 0\.1 s"):
            await sending
        assert not manager.is_connected()
        assert await asyncio.to_thread(peer.at_end)


@on_a_loop
async def test_the_dialogue_is_logged_with_its_secrets_hidden(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ami_typed"):
        async with linked(server, debug=True) as (manager, peer):
            heard = Heard()
            manager.register_callback("Gadget", heard)
            peer.serve(lambda request: answer(request["ActionID"], "Success", "Secret: hidden-word", "Mark: seen"))
            await manager.send_action(ami.Request("Login", Secret="hidden-word"), "own-id")
            peer.send(message("Event: Gadget", "Password: hidden-word"))
            await heard.get()
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "hidden-word" not in text
    for word in ("Login", "own-id", "Gadget", "'Mark': 'seen'", "the program disconnected"):
        assert word in text


# TLS


def trusting(certificate: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_a_dialogue_under_tls_is_like_any_other(certificate: str, manager: ami.Manager) -> None:
    with tls_server(certificate) as (port, accepted):
        manager.connect("127.0.0.1", port, PATIENCE, tls=trusting(certificate))
        assert manager.get_asterisk_info() == ("Asterisk Call Manager", "9.0.0")
        accepted().serve(lambda request: answer(request["ActionID"], "Success", f"Value: {request['Value']}"))
        for value in ("short", "long" * 500_000):
            assert manager.execute(ami.Request("Echo", Value=value))["Value"] == value


def test_a_link_under_tls_that_drops_is_noticed(certificate: str, manager: ami.Manager) -> None:
    with tls_server(certificate) as (port, accepted):
        manager.connect("localhost", port, PATIENCE, tls=trusting(certificate))
        sending = background(manager.send_action, ami.Request("Originate"))
        peer = accepted()
        peer.request()
        peer.close()
        with pytest.raises(ami.OutcomeUnknown):
            sending.result(PATIENCE)
        assert not manager.is_connected()


def test_a_link_under_tls_is_closed_at_once(certificate: str, manager: ami.Manager) -> None:
    with tls_server(certificate) as (port, accepted):
        manager.connect("127.0.0.1", port, PATIENCE, tls=trusting(certificate))
        peer = accepted()
        transport: Any = manager.get_connection()
        connected = transport.get_extra_info("socket")
        manager.disconnect()
        assert connected.fileno() == -1
        with contextlib.suppress(OSError):  # it does not wave good-bye
            assert peer.at_end()


@pytest.mark.parametrize("settings", ["nobody vouches", "another name"])
def test_a_certificate_that_does_not_verify_is_refused(certificate: str, manager: ami.Manager, settings: str) -> None:
    host, tls = ("127.0.0.1", True) if settings == "nobody vouches" else ("127.1", trusting(certificate))
    with tls_server(certificate) as (port, accepted):
        with pytest.raises(ami.ConnectFailed, match=r"(?i)certificate.verify.failed"):
            manager.connect(host, port, PATIENCE, tls=tls)
        assert not manager.is_connected()
        with pytest.raises(OSError):
            accepted()


def test_a_server_without_tls_has_its_own_error_message(server: Server, certificate: str, manager: ami.Manager) -> None:
    with pytest.raises(ami.ConnectFailed, match="No TLS with"):
        manager.connect("127.0.0.1", server.port, PATIENCE, tls=trusting(certificate))
    assert server.peer() is not None


def test_a_server_that_never_shakes_hands_is_not_waited_for(certificate: str, manager: ami.Manager) -> None:
    with Server(b"") as server:
        with pytest.raises(ami.ConnectFailed, match=r"no answer within 0\.05 s"):
            manager.connect("127.0.0.1", server.port, 0.05, tls=trusting(certificate))
        assert server.peer() is not None


# Other event loops


class Elsewhere:
    """A manager that is connected on an event loop which runs in another thread, stands still, or is closed."""

    def __init__(self, server: Server, state: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.manager = AsyncManager(reconnect=Reconnect())
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.peer: Peer = asyncio.run_coroutine_threadsafe(link(server, self.manager), self.loop).result(PATIENCE)
        self.stream = self.manager.subscribe(Gadget)
        if state != "running":
            self.stop()
        if state == "closed":
            self.close()

    @staticmethod
    async def _cancel_all() -> None:
        """Do what `asyncio.run` does at its end."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            assert each is not None
            each.cancel()
        await asyncio.gather(*filter(None, others), return_exceptions=True)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)

    def close(self) -> None:
        """End the loop, having let it run once more, so that it closes what it still has."""
        if self._thread.is_alive():
            self.stop()
        if not self.loop.is_closed():
            self.loop.run_until_complete(self._cancel_all())
            with warnings.catch_warnings():  # uvloop's, which would hang where they are errors
                warnings.simplefilter("ignore", ResourceWarning)
                self.loop.close()


@pytest.fixture(params=["running", "standing still", "closed"])
def elsewhere(server: Server, request: pytest.FixtureRequest, event_loops: None) -> Iterator[Elsewhere]:
    made = Elsewhere(server, request.param)
    yield made
    made.close()
    with warnings.catch_warnings():  # asyncio's own: a transport whose loop was closed first cannot be closed for it
        warnings.simplefilter("ignore", ResourceWarning)
        del made.manager, made.stream
        gc.collect()


USES: dict[str, Callable[[AsyncManager], Coroutine[Any, Any, object]]] = {
    "send_action": lambda manager: manager.send_action(ami.Request("Ping")),
    "execute": lambda manager: manager.execute(ami.Request("Originate")),
    "login": lambda manager: manager.login("admin", "secret"),
    "originate": lambda manager: manager.originate(ami.actions.Originate(channel="PJSIP/alice", application="Echo")),
    "logoff": lambda manager: manager.logoff(),
    "wait_until_booted": lambda manager: manager.wait_until_booted(PATIENCE),
    "wait_for": lambda manager: manager.wait_for(Gadget, timeout=PATIENCE),
    "subscribe": lambda manager: asyncio.sleep(0, manager.subscribe(Gadget)),
    "monitor_connection": lambda manager: asyncio.to_thread(manager.monitor_connection),
}


@pytest.mark.parametrize("use", USES)
def test_on_another_event_loop_a_manager_refuses_before_it_writes(elsewhere: Elsewhere, use: str) -> None:
    async def elsewhere_used() -> None:
        for _ in range(2):
            with pytest.raises(ami.WrongContext, match="another event loop, so nothing was sent"):
                await USES[use](elsewhere.manager)
        await elsewhere.manager.close()

    asyncio.run(elsewhere_used())
    assert elsewhere.peer.request() == []


def test_a_stream_is_not_read_on_another_event_loop(elsewhere: Elsewhere) -> None:
    async def read() -> None:
        with pytest.raises(ami.WrongContext):
            await elsewhere.stream.get(PATIENCE)
        await elsewhere.manager.close()

    asyncio.run(read())


def test_a_manager_can_be_closed_on_another_event_loop(elsewhere: Elsewhere) -> None:
    async def close() -> None:
        await elsewhere.manager.close()
        await elsewhere.manager.close()

    asyncio.run(close())
    assert elsewhere.peer.at_end()
    assert not elsewhere.manager.is_connected()
    assert elsewhere.stream._buffer.ready


def test_a_manager_can_be_connected_anew_on_another_event_loop(server: Server, elsewhere: Elsewhere) -> None:
    async def use() -> None:
        manager = elsewhere.manager
        peer = await link(server, manager)
        assert await asyncio.to_thread(elsewhere.peer.at_end)
        peer.serve(echo)
        assert await manager.execute(ami.Request("Ping"))
        await manager.close()
        assert await asyncio.to_thread(peer.at_end)

    asyncio.run(use())


def test_each_event_loop_is_played_on(server: Server, event_loops: None, request: pytest.FixtureRequest) -> None:
    async def transport() -> type:
        async with linked(server) as (manager, _):
            return type(manager.get_connection())

    loop = request.node.callspec.params["event_loops"]
    assert asyncio.run(transport()).__module__.startswith(loop)
