"""Forks: a child process has only a copy of a manager, and nothing it does there touches its parent's connection."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import warnings
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import AsyncManager, Disconnected, Reconnect, Reconnected
from ami_typed._speed import plain
from ami_typed._transport import forks
from tests.support import (
    GREETING,
    PATIENCE,
    Gadget,
    Heard,
    Peer,
    Server,
    answer,
    background,
    echo,
    message,
    tls_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator

    from tests.faces import Make

pytestmark = [
    pytest.mark.usefixtures("gadgets"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT RUN: this system does not fork"),
]

SENTENCE = "forked after the manager connected"


def pause(seconds: float) -> None:
    """Let a moment pass that nothing tells the end of."""
    threading.Event().wait(seconds)


@contextmanager
def forking() -> Generator[None]:
    """Allow to fork where there are threads, of which Python warns from 3.12 on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def reaped(pid: int) -> int:
    """Wait for a child to end; return its status."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        pause(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise TimeoutError("the child hangs")


class Child:
    """A process that was forked to call a function, and what it tells of that."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._told, telling = os.pipe()
        with forking():
            self.pid = os.fork()
        if self.pid == 0:
            self._run(function, telling)
        os.close(telling)

    def _run(self, function: Callable[[], object], telling: int) -> None:
        status = 1
        try:
            try:
                told = {"result": function()}
            except BaseException:
                told = {"trouble": traceback.format_exc()}
            os.write(telling, json.dumps(told).encode())
            status = 0
        finally:
            os._exit(status)

    def result(self) -> Any:
        """Wait for the process to end, and return what the function has returned."""
        octets = b""
        while select.select([self._told], [], [], PATIENCE)[0] and (piece := os.read(self._told, 65536)):
            octets += piece
        os.close(self._told)
        assert reaped(self.pid) == 0
        told = json.loads(octets)
        assert "trouble" not in told, told["trouble"]
        return told["result"]


def in_child(function: Callable[[], object]) -> Any:
    """Call a function in a child process; return what it returns."""
    return Child(function).result()


def finish(result: Any) -> Any:
    """Wait in a child process for what a method of either face returns."""
    if not asyncio.iscoroutine(result):
        return result
    with asyncio.Runner() as runner:
        return runner.run(result)


def complaint(use: Callable[[], Any]) -> str:
    """Return what is raised, in a child process."""
    try:
        finish(use())
    except ami.Error as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def sized(request: dict[str, str]) -> bytes:
    """Answer a request behind an event that bears its number."""
    return message("Event: Gadget", f"Size: {request.get('Number', 0)}") + echo(request)


class Link:
    """A manager of either face, connected; the server's end; and proof that both live."""

    def __init__(self, manager: Any, peer: Peer) -> None:
        self.manager = manager
        self.raw: Any = getattr(manager, "_face", manager)
        self.peer = peer
        self.heard = Heard()
        manager.register_callback(Gadget, self.heard)
        peer.serve(sized)
        self.prove()
        self.stream: Any = manager.subscribe(Gadget)
        self.inner_stream: Any = getattr(self.stream, "_stream", self.stream)
        self.transport: Any = manager.get_connection()

    def prove(self, number: int = 7) -> None:
        """See that requests are answered, and events heard."""
        assert self.manager.execute(ami.Request("Ping", Number=number))["Number"] == str(number)
        while self.heard.next().size != number:
            continue
        assert self.manager.is_connected()


@pytest.fixture(params=["plain", "tls"])
def connect(request: pytest.FixtureRequest, certificate: str) -> Iterator[Callable[[Any], Peer]]:
    """What connects a manager, and returns the server's end."""
    with ExitStack() as stack:
        if request.param == "plain":
            yield stack.enter_context(Server()).link
        else:
            port, accepted = stack.enter_context(tls_server(certificate))

            def connect_tls(manager: Any) -> Peer:
                manager.connect("127.0.0.1", port, PATIENCE, tls=trusting(certificate))
                return accepted()

            yield connect_tls


def trusting(certificate: str) -> Any:
    import ssl

    return ssl.create_default_context(cafile=certificate)


@pytest.fixture
def link(make: Make, connect: Callable[[Any], Peer]) -> Link:
    manager = make()
    return Link(manager, connect(manager))


# Using it


USES: dict[str, Callable[[Any], Any]] = {
    "send_action": lambda manager: manager.send_action(ami.Request("Ping")),
    "execute": lambda manager: manager.execute(ami.Request("Originate")),
    "login": lambda manager: manager.login("admin", "secret"),
    "originate": lambda manager: manager.originate(ami.actions.Originate(channel="PJSIP/alice", application="Echo")),
    "logoff": lambda manager: manager.logoff(),
    "wait_until_booted": lambda manager: manager.wait_until_booted(PATIENCE),
    "wait_connected": lambda manager: manager.wait_connected(),
    "wait_for": lambda manager: manager.wait_for(Gadget, timeout=PATIENCE),
    "subscribe": lambda manager: manager.subscribe(Gadget),
    "monitor_connection": lambda manager: manager.monitor_connection(),
}


def test_a_child_that_uses_its_parents_manager_gets_an_error_with_advice(link: Link) -> None:
    def use_all() -> dict[str, str]:
        return {name: complaint(lambda use=use: use(link.raw)) for name, use in USES.items()}  # type: ignore[misc]  # mypy infers no lambda with a default

    told = in_child(use_all)
    assert {*told.values()} == {f"WrongContext: {ami.WrongContext.inherited()}"}
    link.prove()


def test_the_error_states_where_to_connect() -> None:
    sentence = str(ami.WrongContext.inherited())
    for word in (SENTENCE, "connect()", "create a manager", "gunicorn", "Celery", "multiprocessing"):
        assert word in sentence


def test_a_child_sees_that_it_is_not_connected(link: Link) -> None:
    def look() -> list[Any]:
        manager = link.raw
        return [manager.is_connected(), manager.get_connection(), manager.get_asterisk_info(), manager.release]

    assert in_child(look) == [False, None, None, None]


def test_a_stream_raises_the_sentence_in_a_child_and_keeps_its_events_for_the_parent(link: Link) -> None:
    link.prove()
    told = in_child(lambda: [complaint(lambda: link.inner_stream.get(PATIENCE)) for _ in range(2)])
    assert all(SENTENCE in each for each in told)
    assert link.stream.get(PATIENCE).size == 7


def leave_the_block(link: Link) -> None:
    exit_ = getattr(link.raw, "__aexit__", None) or link.raw.__exit__
    finish(exit_(None, None, None))


def abort(link: Link) -> None:
    transport = link.transport
    transport.abort() if isinstance(transport, asyncio.Transport) else transport.release()


def forget(link: Link) -> None:
    vars(link).clear()
    gc.collect()


CLOSINGS: list[Callable[[Link], object]] = [
    lambda link: finish(link.raw.close()),
    lambda link: finish(link.raw.disconnect()),
    leave_the_block,
    lambda link: link.inner_stream.close(),
    lambda link: link.transport.close(),
    abort,
    forget,
    lambda link: link.raw.__del__(),
    lambda link: None,
]


def test_closing_in_a_child_keeps_the_parents_connection_open(link: Link) -> None:
    for closing in CLOSINGS:
        in_child(partial(closing, link))
        link.prove()
        assert link.stream.get(PATIENCE).size == 7


def test_a_child_may_connect_on_its_own(server: Server, make: Make) -> None:
    manager = make()
    parent = Link(manager, server.link(manager))
    heard: list[int] = []
    manager.register_callback(Gadget, lambda event, _: heard.append(event.size))

    async def use_a_loop(inner: AsyncManager) -> list[Any]:
        await inner.connect("127.0.0.1", server.port, PATIENCE)
        async with inner.subscribe(Gadget) as stream:
            answered = await inner.execute(ami.Request("Ping", Number=5))
            event = await stream.get(PATIENCE)
        await inner.close()
        return [answered["Number"], event.size, heard, inner.is_connected()]

    def use_threads(inner: ami.Manager) -> list[Any]:
        inner.connect("127.0.0.1", server.port, PATIENCE)
        with inner.subscribe(Gadget) as stream:
            answered = inner.execute(ami.Request("Ping", Number=5))
            event = stream.get(PATIENCE)
        inner.close()
        return [answered["Number"], event.size, heard, inner.is_connected()]

    def use() -> list[Any]:
        inner = parent.raw
        return asyncio.run(use_a_loop(inner)) if isinstance(inner, AsyncManager) else use_threads(inner)

    def serve() -> Peer:
        peer = server.peer()
        peer.serve(sized)
        return peer

    serving = background(serve)
    assert in_child(use) == ["5", 5, [5], False]
    assert serving.result(PATIENCE).socket.recv(1) == b""
    assert heard == []
    parent.prove()


def test_a_manager_that_was_never_connected_is_not_inherited(server: Server) -> None:
    manager = ami.Manager()
    told = in_child(lambda: complaint(lambda: manager.execute(ami.Request("Ping"))))
    assert told == "NotConnected: Not connected to a server; call connect() first."
    serving = background(lambda: server.peer().serve(echo))

    def connect() -> str:
        with manager:
            manager.connect("127.0.0.1", server.port, PATIENCE)
            return manager.execute(ami.Request("Ping", Number=1))["Number"]

    assert in_child(connect) == "1"
    serving.result(PATIENCE)


def test_a_manager_that_was_closed_before_the_fork_is_not_inherited(server: Server, make: Make) -> None:
    manager = make()
    server.link(manager)
    manager.disconnect()
    raw: Any = getattr(manager, "_face", manager)
    assert "call connect() first" in in_child(lambda: complaint(lambda: raw.execute(ami.Request("Ping"))))


def test_a_grandchild_of_an_unconnected_child_may_not_use_the_manager(link: Link) -> None:
    told = in_child(lambda: in_child(lambda: complaint(lambda: link.raw.execute(ami.Request("Ping")))))
    assert SENTENCE in told
    link.prove()


# While something goes on


AT_ONCE = Reconnect(first=0, jitter=0)


def test_a_child_does_not_restore_its_parents_connection(make: Make) -> None:
    with Server(b"") as server:
        manager = make(reconnect=AT_ONCE)
        connecting = background(manager.connect, "127.0.0.1", server.port, PATIENCE)
        first = server.peer()
        first.send(GREETING)
        connecting.result(PATIENCE)
        raw: Any = getattr(manager, "_face", manager)
        with manager.subscribe(Disconnected, Reconnected) as notices:
            first.close()
            second = server.peer()
            assert isinstance(notices.get(PATIENCE), Disconnected)

            def use() -> list[str]:
                pause(0.1)
                told = [complaint(lambda: raw.execute(ami.Request("Ping"))), complaint(raw.wait_connected)]
                finish(raw.close())
                return told

            assert all(SENTENCE in each for each in in_child(use))
            second.send(GREETING)
            assert isinstance(notices.get(PATIENCE), Reconnected)
        assert server._peers.empty()
        Link(manager, second)


@pytest.mark.parametrize("option", [None, Reconnect(first=0, jitter=0, at_start=True)])
def test_a_fork_while_it_connects_leaves_connecting_to_the_parent(make: Make, option: Reconnect | None) -> None:
    with Server(b"") as server:
        manager = make(reconnect=option)
        raw: Any = getattr(manager, "_face", manager)
        connecting = background(manager.connect, "127.0.0.1", server.port, PATIENCE)
        peer = server.peer()

        def use() -> list[str]:
            told = [complaint(lambda: raw.execute(ami.Request("Ping"))), complaint(raw.wait_connected)]
            finish(raw.close())
            return told

        assert all(SENTENCE in each for each in in_child(use))
        peer.send(GREETING)
        connecting.result(PATIENCE)
        Link(manager, peer)


def test_a_fork_in_the_middle_of_the_log_in_leaves_it_to_the_parent(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    raw: Any = getattr(manager, "_face", manager)
    logging_in = background(manager.login, "admin", "secret", plain=True)
    request = dict(peer.request())
    assert SENTENCE in in_child(lambda: complaint(lambda: raw.login("admin", "secret")))
    peer.send(answer(request["ActionID"]))
    peer.send(answer(peer.action_id(), "Success", "AsteriskVersion: 18.10.0"))
    logging_in.result(PATIENCE)


def test_a_fork_while_the_link_is_watched_leaves_watching_to_the_parent(link: Link) -> None:
    link.manager.monitor_connection(1)
    for _ in range(3):
        in_child(lambda: finish(link.raw.close()))
    link.prove()


def test_a_signal_handler_may_fork_in_the_middle_of_a_request(server: Server) -> None:
    """The child goes on behind the handler, in a request that is its parent's."""
    manager = ami.Manager()
    peer = server.link(manager)
    told, telling = os.pipe()
    pids: list[int] = []

    def fork(*_: object) -> None:
        with forking():
            pids.append(os.fork())

    before = signal.signal(signal.SIGUSR1, fork)
    try:

        def strike() -> None:
            request = dict(peer.request())
            pause(0.02)
            os.kill(os.getpid(), signal.SIGUSR1)
            while not pids:
                pause(0.001)
            peer.send(answer(request["ActionID"]))

        striking = background(strike)
        outcome = complaint(lambda: manager.execute(ami.Request("Originate"), timeout=PATIENCE))
        if pids[0] == 0:
            os.write(telling, outcome.encode())
            manager.close()
            os._exit(0)
        assert outcome == "nothing"
        striking.result(PATIENCE)
    finally:
        signal.signal(signal.SIGUSR1, before)
        os.close(telling)
    assert reaped(pids[0]) == 0
    assert b"OutcomeUnknown" in os.read(told, 1000)
    os.close(told)
    Link(manager, peer)
    manager.close()


def test_locks_that_other_threads_hold_at_the_fork_do_not_hang_the_child(server: Server) -> None:
    manager = ami.Manager()
    peer = server.link(manager)
    link = Link(manager, peer)
    connection: Any = manager._connection
    audience: Any = manager._audience
    locks = [
        *(manager._lock, manager._handlers._lock, manager._observers._lock),
        *(connection._lock, connection.transport._writing),  # the reader holds its own
        *(audience._lock, audience.dispatcher._lock, plain._publishing),
    ]
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            held.set()
            assert release.wait(PATIENCE)

    holding = background(hold)
    assert held.wait(PATIENCE)

    def use() -> str:
        told = complaint(lambda: manager.execute(ami.Request("Ping")))
        manager.register_callback(Gadget, lambda event, manager: None)
        manager.add_observer(Seen())
        manager.close()
        assert ami.Event({"Event": "X"})["Event"] == "X"
        return told

    try:
        assert SENTENCE in in_child(use)
    finally:
        release.set()
        holding.result(PATIENCE)
    link.prove()
    manager.close()


class Seen:
    def begun(self, exchange: object) -> None:
        pass

    def settled(self, exchange: object) -> None:
        pass


def test_without_free_descriptors_the_childs_copies_are_closed(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoneLeft:
        @staticmethod
        def socketpair() -> None:
            raise OSError(24, "Too many open files")

    monkeypatch.setattr(forks, "socket", NoneLeft)
    assert SENTENCE in in_child(lambda: complaint(lambda: link.raw.execute(ami.Request("Ping"))))
    in_child(lambda: finish(link.raw.close()))
    link.prove()


@pytest.mark.parametrize("rounds", [12, pytest.param(50, marks=pytest.mark.exhaustive)])
def test_forks_at_random_moments_under_load_leave_the_link_whole(link: Link, rounds: int) -> None:
    done = threading.Event()
    answered: list[int] = []

    def ask() -> None:
        number = 0
        while not done.is_set():
            number += 1
            assert link.manager.execute(ami.Request("Ping", Number=number))["Number"] == str(number)
            answered.append(number)

    def use() -> str:
        told = complaint(lambda: link.raw.execute(ami.Request("Ping")))
        finish(link.raw.close())
        return told

    def forget() -> str:
        vars(link).clear()
        return SENTENCE

    busy = [background(ask) for _ in range(3)]
    try:
        for _ in range(rounds):
            pause(random.random() / 100)
            assert SENTENCE in in_child(random.choice([use, use, forget]))
            assert not any(each.done() for each in busy)
    finally:
        done.set()
        for each in busy:
            each.result(PATIENCE)
    assert len(answered) > rounds
    link.prove(-1)


# Whole processes


def test_a_process_of_multiprocessing_leaves_the_link_whole(link: Link) -> None:
    context = multiprocessing.get_context("fork")
    told = context.SimpleQueue()

    def work(number: int) -> None:
        told.put(complaint(lambda: link.raw.execute(ami.Request("Ping", Number=number))))
        if number:
            finish(link.raw.close())

    for number in range(3):
        process = context.Process(target=work, args=(number,))
        with forking():
            process.start()
        process.join(PATIENCE)
        assert process.exitcode == 0
        assert SENTENCE in told.get()
        process.close()
        link.prove()
    told.close()


PROGRAM = """
import asyncio, atexit, gc, os, ssl, sys, threading, warnings
import ami_typed as ami
warnings.simplefilter("ignore", DeprecationWarning)
way, port, certificate = sys.argv[1], int(sys.argv[2]), sys.argv[3]
tls = ssl.create_default_context(cafile=certificate) if certificate else False

def wait(pid):
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 0, status

def blocking():
    manager = ami.Manager()
    heard = threading.Event()
    manager.register_callback("Gadget", lambda event, manager: heard.set())
    manager.connect("127.0.0.1", port, 20, tls=tls)
    atexit.register(manager.close)
    for how in range(3):
        manager.execute(ami.Request("Ping"))
        assert heard.wait(20)
        heard.clear()
        pid = os.fork()
        if pid == 0:
            if how == 1:
                del manager
                gc.collect()
            if how == 2:
                with manager:
                    pass
            sys.exit(0)
        wait(pid)
    manager.execute(ami.Request("Ping"))
    assert heard.wait(20)

async def asynchronous():
    manager = ami.AsyncManager()
    heard = asyncio.Event()
    manager.register_callback("Gadget", lambda event, manager: heard.set())
    await manager.connect("127.0.0.1", port, 20, tls=tls)
    for how in range(3):
        await manager.execute(ami.Request("Ping"))
        await asyncio.wait_for(heard.wait(), 20)
        heard.clear()
        pid = os.fork()
        if pid == 0:
            if how == 1:
                del manager
                gc.collect()
            if how == 2:
                async with manager:
                    pass
            sys.exit(0)
        wait(pid)
    await manager.execute(ami.Request("Ping"))
    await asyncio.wait_for(heard.wait(), 20)
    await manager.close()

blocking() if way == "threads" else asyncio.run(asynchronous())
print("done")
"""


def program(source: str, *arguments: str) -> subprocess.Popen[str]:
    """Run a program in a new Python that finds the same `ami_typed`."""
    return subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        env=os.environ | {"PYTHONPATH": str(Path(ami.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def printed(running: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for a program to end; return what it printed on both channels."""
    try:
        return running.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        running.kill()
        raise


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_children_that_end_by_themselves_leave_the_link_whole(way: str, tls: bool, certificate: str) -> None:
    if way == "tasks" and sys.version_info >= (3, 14):
        pytest.skip("NOT RUN: since Python 3.14 a task of a forked child cannot end it by SystemExit")

    def reply(request: dict[str, str]) -> bytes:
        return message("Event: Gadget") + echo(request)

    with ExitStack() as stack:
        if tls:
            port, accepted = stack.enter_context(tls_server(certificate))
        else:
            server = stack.enter_context(Server())
            port, accepted = server.port, server.peer
        running = stack.enter_context(program(PROGRAM, way, str(port), certificate if tls else ""))
        peer = accepted()
        peer.serve(reply)
        assert printed(running) == ("done\n", "")


ORPHAN = """
import asyncio, os, sys, warnings
import ami_typed as ami
warnings.simplefilter("ignore", DeprecationWarning)
way, port = sys.argv[1], int(sys.argv[2])

def fork():
    ended, end = os.pipe()
    if os.fork() == 0:
        os.close(end)
        print("ready", flush=True)
        sys.stdin.read()
        os._exit(0)

if way == "threads":
    manager = ami.Manager()
    manager.connect("127.0.0.1", port, 20)
    fork()
else:
    async def main():
        manager = ami.AsyncManager()
        await manager.connect("127.0.0.1", port, 20)
        fork()
        os._exit(0)
    asyncio.run(main())
os._exit(0)
"""


@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_a_child_does_not_keep_the_connection_of_a_parent_that_was_killed(server: Server, way: str) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, way, str(server.port)],
        env=os.environ | {"PYTHONPATH": str(Path(ami.__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with running:
        assert running.stdout is not None
        assert running.stdin is not None
        try:
            assert running.stdout.readline() == b"ready\n"
            assert server.peer().at_end()
        finally:
            running.stdin.close()


CALLBACK = """
import os, sys, threading, warnings
import ami_typed as ami
warnings.simplefilter("ignore", DeprecationWarning)
parent, done = os.getpid(), threading.Event()

def hear(event, manager):
    pid = None
    if event["Size"] == "1":
        pid = os.fork()
    who = "parent" if os.getpid() == parent else "child"
    os.write(1, f"{who} {event['Size']}\\n".encode())  # in one piece, whoever else writes
    if pid:
        assert os.waitpid(pid, 0)[1] == 0
    if event["Size"] == "3":
        done.set()

manager = ami.Manager()
manager.register_callback("Gadget", hear)
with manager:
    manager.connect("127.0.0.1", int(sys.argv[1]), 20)
    assert done.wait(20)
    print(manager.execute(ami.Request("Ping"))["Response"])
"""


def test_a_callback_that_forks_is_called_in_the_parent_only_from_then_on(server: Server) -> None:
    """The child goes on behind the callback, in the thread that called it."""
    with program(CALLBACK, str(server.port)) as running:
        peer = server.peer()
        peer.send(*(message("Event: Gadget", f"Size: {size}") for size in (1, 2, 3)))
        peer.serve(echo)
        out, err = printed(running)
    assert sorted(out.splitlines()) == ["Success", "child 1", "parent 1", "parent 2", "parent 3"]
    assert not err


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    def run(server: Server) -> None:
        asyncio.run(test(server))

    run.__name__ = test.__name__
    return run


@on_a_loop
async def test_a_task_may_start_processes(server: Server) -> None:
    """The child is forked where the event loop runs, and has a copy of it."""
    async with AsyncManager() as manager:
        await manager.connect("127.0.0.1", server.port, PATIENCE)
        peer = server.peer()
        peer.serve(echo)
        stream = manager.subscribe(Gadget)
        loop = asyncio.get_running_loop()
        for _ in range(10):
            for use in (lambda: finish(manager.close()), lambda: complaint(manager.wait_connected), gc.collect):
                child = Child(use)
                await loop.run_in_executor(None, child.result)
            peer.send(message("Event: Gadget", "Size: 3"))
            assert (await stream.get(PATIENCE)).size == 3
            assert (await manager.execute(ami.Request("Ping", Number=4)))["Number"] == "4"


def test_a_program_that_a_manager_is_forked_into_finds_none_of_its_sockets(link: Link) -> None:
    """`preexec_fn` runs what children begin with."""
    with forking():
        subprocess.run([sys.executable, "-c", "pass"], check=True, preexec_fn=gc.collect)
    link.prove()


def test_a_dead_socket_takes_the_number_of_the_one_it_replaces(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connected:
        forks.cut_in_children(connected)
        peer = server.peer()

        def use() -> list[Any]:
            with pytest.raises(BrokenPipeError):
                connected.send(b"nothing of this leaves")
            return [connected.recv(1).decode(), os.get_inheritable(connected.fileno())]

        assert in_child(use) == ["", False]
        connected.sendall(b"still here\r\n\r\n")
        assert peer._file.readline() == b"still here\r\n"
