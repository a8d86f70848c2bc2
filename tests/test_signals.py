"""Signals in the middle of it: what is interrupted leaves nothing half-done, and signal handlers may use the manager.

Interrupts strike at every instruction, one after the other (see `tests.interrupts`), and at random.
"""

from __future__ import annotations

import asyncio
import contextlib
import dis
import gc
import inspect
import logging
import random
import signal
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import AsyncManager
from ami_typed._faces import tasks as _task_faces
from ami_typed._faces import threads as faces
from ami_typed._transport import threads as _threads
from tests.footprint import settle
from tests.interrupts import sweep
from tests.scenario_players import until
from tests.support import GREETING, PATIENCE, Gadget, Peer, Server, answer, background, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

pytestmark = [
    pytest.mark.usefixtures("gadgets"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="NOT RUN: this system has no interval timers"),
]


SILENT = logging.getLogger("silent")
"""Whoever is interrupted as it takes the lock of a handler of `logging`, keeps it; that is not what is tested here."""
SILENT.disabled = True


class Interrupted(KeyboardInterrupt):
    """What a signal handler raises here, as that of Ctrl-C does."""


def interrupt(*_: object) -> None:
    raise Interrupted


class Strict(Server):
    """A server that answers requests of one form, and notes what has another.

    Args:
        before: What it sends before each answer.
    """

    def __init__(self, before: bytes = b"") -> None:
        self.broken: list[list[tuple[str, str]]] = []
        self.seen: Counter[str] = Counter()
        self._before = before
        super().__init__()

    def _accept(self) -> None:
        for connected in self._connections():
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(connected)
            self._all.append(peer)
            threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    def answer(self, peer: Peer) -> None:
        """Serve one connection."""
        with contextlib.suppress(OSError, ValueError):
            peer.send(GREETING)
            while request := peer.request():
                names = [name for name, _ in request]
                number, body = dict(request).get("Number", ""), dict(request).get("Body", "")
                if names != ["Action", "ActionID", "Number", "Body"] or body != body_of(number):
                    self.broken.append([(name, value[:40]) for name, value in request])
                self.seen[number] += 1
                peer.send(self._before, answer(dict(request)["ActionID"], "Success", f"Number: {number}"))


def body_of(number: str) -> str:
    return number[:1] * (300_000 if number.startswith("L") else 20)


def ask(manager: ami.Manager, number: str) -> None:
    """Send a request, and see that its own answer comes."""
    request = ami.Request("Echo", Number=number, Body=body_of(number))
    assert manager.execute(request, timeout=PATIENCE)["Number"] == number


class Program:
    """A program whose main thread is interrupted, and makes its connection again where it is lost.

    Args:
        server: Where it connects.
        tls: With which settings.
        reads: Who reads the answers: ``main`` or ``reader``.
    """

    def __init__(self, port: int, tls: Any, reads: str) -> None:
        self.manager = ami.Manager(logger=SILENT)
        self.lost = 0
        self._port = port
        self._tls = tls
        self._reads = reads

    def ready(self) -> None:
        """See that there is a connection, and that the one reads who is to read."""
        if not self.manager.is_connected():
            self.lost += 1
            self.manager.connect("127.0.0.1", self._port, PATIENCE, tls=self._tls)
        while self._reads == "main" and not self._left_to_main():
            ask(self.manager, "ready")
            threading.Event().wait(0.0005)

    def _left_to_main(self) -> bool:
        connection = self.manager._connection
        assert connection is not None
        left = connection._reading.acquire(blocking=False)
        if left:
            connection._reading.release()
        return left

    def see_that_nothing_is_left(self) -> None:
        """Look for requests that somebody could still wait for."""
        connection = self.manager._connection
        assert connection is not None
        assert connection.session.pending == 0
        assert not connection._asleep


@pytest.fixture(params=["main", "reader"])
def reads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who reads: the socket is left to the main thread for long, or not at all."""
    monkeypatch.setattr(_threads, "_GRACE", 60 if request.param == "main" else 0)
    return str(request.param)


@pytest.fixture
def strict() -> Iterator[Strict]:
    with Strict() as server:
        yield server
        assert server.broken == []


@pytest.fixture
def program(strict: Strict, reads: str) -> Iterator[Program]:
    made = Program(strict.port, tls=False, reads=reads)
    yield made
    made.manager.close()


# Interrupts


def strike(program: Program, size: str, step: int) -> int:
    """Interrupt requests at one instruction after the other; return how many were."""
    if sys.version_info >= (3, 13):
        pytest.skip(
            "NOT RUN: since Python 3.13 few instructions of a request are traced; those at random are interrupted"
        )
    struck = 0
    for count, each in enumerate(sweep(interrupt, step=step)):
        program.ready()
        with contextlib.suppress(Interrupted, ami.ConnectionLost), each:
            ask(program.manager, f"{size}-{count}")
        struck += each.struck
        with contextlib.suppress(ami.ConnectionLost, ami.NotConnected):
            ask(program.manager, f"after-{count}")
        program.see_that_nothing_is_left()
    return struck


def test_an_interrupt_at_any_instruction_leaves_whole_requests_or_no_connection(program: Program) -> None:
    assert strike(program, "S", step=1) > 300
    assert program.lost > 1


def test_an_interrupt_while_the_server_takes_a_request_piece_by_piece_ends_the_connection(program: Program) -> None:
    assert strike(program, "L", step=7) > 50


def test_an_interrupt_under_tls_leaves_whole_requests_or_no_connection(certificate: str, reads: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Under(Strict):
        def answer(self, peer: Peer) -> None:
            with contextlib.suppress(OSError), context.wrap_socket(peer.socket.dup(), server_side=True) as connected:
                super().answer(Peer(connected))

    with Under() as server:
        program = Program(server.port, ssl.create_default_context(cafile=certificate), reads)
        assert strike(program, "S", step=41) > 10
        assert strike(program, "L", step=307) > 2
        program.manager.close()
    assert server.broken == []


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)  # Python's own, where one strikes __del__, and sockets of an interrupted connect()
@pytest.mark.parametrize("interrupts", [500, pytest.param(5000, marks=pytest.mark.exhaustive)])
def test_interrupts_at_random_leave_whole_requests_or_no_connection(strict: Strict, interrupts: int) -> None:
    """Other threads use the same connection meanwhile, and each of their requests comes to a certain end."""
    program = Program(strict.port, tls=False, reads="anybody")
    done = threading.Event()
    dice = random.Random(9)

    def use(name: str) -> int:
        times = 0
        while not done.is_set():
            times += 1
            try:
                ask(program.manager, f"{name}-{times}")
            except (ami.ConnectionLost, ami.NotConnected):
                done.wait(0.001)
        return times

    program.ready()
    others = [background(use, name) for name in ("S1", "S2", "L3")]
    before = signal.signal(signal.SIGALRM, interrupt)
    struck = 0
    try:
        while struck < interrupts:
            try:
                program.ready()
                signal.setitimer(signal.ITIMER_REAL, dice.uniform(2e-5, 6e-4))
                for count in range(20):
                    ask(program.manager, f"S-{struck}-{count}")
                    program.ready()
            except Interrupted:
                struck += 1
            except (ami.ConnectionLost, ami.NotConnected):
                continue
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
        done.set()
    assert all(each.result(PATIENCE) > 10 for each in others)
    program.ready()
    ask(program.manager, "after")
    program.manager.close()
    assert program.lost > 1
    gc.collect()  # here, not in the middle of another test


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_an_interrupt_while_it_connects_leaves_no_thread(strict: Strict) -> None:
    manager = ami.Manager(logger=SILENT)
    settle()
    before = threading.active_count()
    struck = 0
    for each in sweep(interrupt, step=13):
        with contextlib.suppress(Interrupted), each:
            manager.connect("127.0.0.1", strict.port, PATIENCE)
        struck += each.struck
        if each.struck and manager.is_connected():
            ask(manager, "S")
        manager.close()
    assert struck > 50
    settle()
    gc.collect()
    until(lambda: threading.active_count() <= before)  # the server's thread sees the end of its connection later


def test_an_interrupt_while_it_closes_ends_the_streams_and_threads(strict: Strict) -> None:
    for each in sweep(interrupt, step=5):
        manager = ami.Manager(logger=SILENT)
        manager.connect("127.0.0.1", strict.port, PATIENCE)
        stream = manager.subscribe()
        reading = background(stream.get)
        with contextlib.suppress(Interrupted), each:
            manager.close()
        manager.close()  # the interrupt may have struck before anything was done
        assert isinstance(reading.exception(PATIENCE), StopIteration)
        assert not manager.is_connected()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that may be interrupted. What it forgets then is collected here, not in the middle of another test."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    yield loop
    loop.close()
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("size", ["S", "L"])
def test_an_interrupt_on_an_event_loop_leaves_whole_requests_or_no_connection(
    strict: Strict, loop: asyncio.AbstractEventLoop, size: str
) -> None:
    """It strikes in the package only: what asyncio is interrupted at, it forgets."""
    manager = AsyncManager(logger=SILENT)
    lost = struck = 0

    async def asking(number: str) -> None:
        request = ami.Request("Echo", Number=number, Body=body_of(number))
        assert (await manager.execute(request, timeout=PATIENCE))["Number"] == number

    async def several(number: str) -> None:
        await asyncio.gather(*(asking(f"{number}-{each}") for each in range(3)))

    def let_all_end() -> None:
        """Run what an interrupt has left in the loop; where it struck a task, it is raised once more."""
        while tasks := {each for each in asyncio.all_tasks(loop) if not each.get_name().startswith("ami-typed")}:
            with contextlib.suppress(Interrupted):
                _, pending = loop.run_until_complete(asyncio.wait(tasks, timeout=PATIENCE))
                assert pending == set()

    for count, each in enumerate(sweep(interrupt, step=7 if size == "S" else 37, inside="ami_typed")):
        if not manager.is_connected():
            lost += 1
            loop.run_until_complete(manager.connect("127.0.0.1", strict.port, PATIENCE))
        with contextlib.suppress(Interrupted, ami.ConnectionLost, ami.NotConnected), each:
            loop.run_until_complete(several(f"{size}{count}"))
        struck += each.struck
        let_all_end()
        with contextlib.suppress(ami.ConnectionLost, ami.NotConnected):
            loop.run_until_complete(several("S-after"))
    assert struck > 20  # compiled modules have no bytecode to strike at
    assert lost > 1
    loop.run_until_complete(manager.close())


class Together(Strict):
    """A server that answers three requests at a time, in one piece."""

    def answer(self, peer: Peer) -> None:
        """Serve one connection."""
        with contextlib.suppress(OSError, ValueError):
            peer.send(GREETING)
            waiting: list[bytes] = []
            while request := dict(peer.request()):
                waiting.append(answer(request["ActionID"], "Success", f"Number: {request['Number']}"))
                if len(waiting) == 3:
                    peer.send(*waiting)
                    waiting.clear()


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="NOT RUN: since Python 3.13 few instructions are traced")
@pytest.mark.skipif(not _threads.__file__.endswith(".py"), reason="NOT RUN: compiled modules have no instructions")
@pytest.mark.parametrize("reads", ["main"], indirect=True)
def test_an_interrupt_of_who_reads_for_others_leaves_none_of_them_waiting(reads: str) -> None:
    """The main thread reads three answers at once, two for other threads, and is interrupted as it passes them on."""
    struck = 0
    with Together() as server:
        program = Program(server.port, tls=False, reads="anybody")

        def use(number: str) -> None:
            with contextlib.suppress(ami.ConnectionLost, ami.NotConnected):
                ask(program.manager, number)

        def follow(number: str) -> list[Future[None]]:
            """Send two requests more as soon as the main thread waits for its own."""
            connection = program.manager._connection
            assert connection is not None
            until(lambda: connection.session.pending > 0 or done.is_set())
            return [background(use, f"{number}{each}") for each in "ab"]

        for count, each in enumerate(sweep(interrupt, inside="_transport/threads")):
            program.ready()
            done = threading.Event()
            following = background(follow, f"S{count}")
            with contextlib.suppress(Interrupted, ami.ConnectionLost), each:
                ask(program.manager, f"S{count}")
            struck += each.struck
            done.set()
            others = following.result(PATIENCE)
            deadline = time.monotonic() + PATIENCE / 2
            while not all(other.done() for other in others):  # the server answers by threes
                assert time.monotonic() < deadline, each.where
                with contextlib.suppress(ami.Error):
                    program.manager.execute(ami.Request("Echo", Number="S", Body="S"), timeout=0.005)
            for other in others:
                other.result()
        program.manager.close()
    assert struck > 100


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="NOT RUN: since Python 3.13 few instructions are traced")
def test_an_interrupt_while_an_event_loop_loses_the_connection_leaves_no_task_waiting(
    server: Server, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_task_faces, "_DRAIN", 0.05)  # asyncio forgets to say that the socket is gone
    struck = 0
    for each in sweep(interrupt, step=3, inside="_transport/tasks"):
        manager = AsyncManager(logger=SILENT)
        connecting = loop.create_task(manager.connect("127.0.0.1", server.port, PATIENCE))
        peer = loop.run_until_complete(loop.run_in_executor(None, server.peer))
        loop.run_until_complete(connecting)
        asking = [loop.create_task(manager.execute(ami.Request("Never"), timeout=1e6)) for _ in range(3)]
        loop.run_until_complete(asyncio.sleep(0))
        peer.close()
        with contextlib.suppress(Interrupted), each:
            loop.run_until_complete(asyncio.wait(asking))
        struck += each.struck
        for one in asking:  # one that was interrupted itself raises that out of the loop once more
            with contextlib.suppress(Interrupted):
                loop.run_until_complete(asyncio.wait([one], timeout=PATIENCE))
        assert all(one.done() for one in asking), each.where
        assert all(isinstance(one.exception(), (ami.ConnectionLost, Interrupted)) for one in asking), each.where
        loop.run_until_complete(manager.close())
    assert struck > 20


OF_THREADS = [
    *(f"_transport/{name}.py" for name in ("sockets", "threads", "tasks", "forks", "locks")),
    *(f"_faces/{name}.py" for name in ("common", "threads")),
    *(f"_delivery/{name}.py" for name in ("audience", "backlog", "bounded", "stream_buffer")),
]
"""The modules whose code Ctrl-C may interrupt anywhere."""
SOURCES = Path(__file__).parents[1] / "src" / "ami_typed"
HARMLESS = {
    "SynchronisedSocket._write_in_turn": "no message has begun where its loop goes back",
    "SynchronisedSocket._begun": "only IndexError is handled around its loop",
    "_begun": "only the comprehension's own clean-up is around its loop",
    "_cut": "a child process cuts what it can",
}
"""Functions with a loop from which an interrupt skips the handlers around it, and why that does no harm."""


def functions_of(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a module's functions, without coroutines and generator expressions: their loops are their end."""
    if code.co_name != "<genexpr>" and not code.co_flags & inspect.CO_COROUTINE:
        yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from functions_of(constant)


def skips_handlers(code: CodeType) -> bool:
    """Return whether a jump back is not in the exception table where its target is."""
    table: Any = vars(dis)["_parse_exception_table"](code)

    def handlers(offset: int) -> set[int]:
        return {entry.target for entry in table if entry.start <= offset < entry.end}

    jumps = [each for each in dis.get_instructions(code) if each.opname == "JUMP_BACKWARD"]
    return any(handlers(each.argval) - handlers(each.offset) for each in jumps)


@pytest.mark.parametrize("module", OF_THREADS)
def test_an_interrupt_of_a_loop_runs_the_handlers_around_it(module: str) -> None:
    code = compile((SOURCES / module).read_text("utf-8"), module, "exec")
    assert {each.co_qualname for each in functions_of(code) if skips_handlers(each)} <= HARMLESS.keys()


# Signal handlers that use the manager


class Handler:
    """A signal handler that does something, and notes what came of it.

    Args:
        function: What it does.
    """

    def __init__(self, function: Callable[[], object]) -> None:
        self.outcomes: Counter[str] = Counter()
        self._function = function

    def __call__(self) -> None:
        try:
            self._function()
        except ami.Error as error:
            self.outcomes[type(error).__name__] += 1
        else:
            self.outcomes["done"] += 1


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `close` wait so long for threads that a test would not."""
    monkeypatch.setattr(faces, "_DRAIN", 10 * PATIENCE)


@pytest.mark.usefixtures("patient")
def test_a_handler_that_interrupts_a_request_closes_at_once(program: Program) -> None:
    closing = Handler(program.manager.close)
    for count, each in enumerate(sweep(closing, step=3)):
        program.ready()
        with contextlib.suppress(ami.ConnectionLost, ami.NotConnected), each:
            ask(program.manager, f"S{count}")
        assert program.manager.is_connected() is not each.struck
    assert closing.outcomes.keys() == {"done"}


def test_a_handler_that_interrupts_a_request_has_its_own_answered_or_is_refused(
    program: Program, strict: Strict
) -> None:
    asking = Handler(lambda: ask(program.manager, "handler"))
    refused = 0
    for count, each in enumerate(sweep(asking, step=2)):
        program.ready()
        before = strict.seen["handler"], asking.outcomes["WrongContext"]
        with each:
            ask(program.manager, f"S{count}")
        refused = asking.outcomes["WrongContext"] - before[1]
        assert strict.seen["handler"] - before[0] == each.struck - refused
    assert asking.outcomes.keys() <= {"done", "WrongContext"}
    assert asking.outcomes["done"] > asking.outcomes["WrongContext"]
    assert program.lost == 1


def test_a_handler_may_complete_the_write_that_it_has_interrupted(program: Program, strict: Strict) -> None:
    asking = Handler(lambda: ask(program.manager, "handler"))
    for count, each in enumerate(sweep(asking, step=11)):
        program.ready()
        with each:
            ask(program.manager, f"L{count}")
    assert asking.outcomes["done"] >= 20
    assert program.lost == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("what", ["close", "ask", "wait"])
def test_a_handler_may_interrupt_the_reader_of_a_stream(strict: Strict, what: str) -> None:
    with Strict(before=message("Event: Gadget", "Size: 1") * 3) as server:
        program = Program(server.port, tls=False, reads="reader")
        manager = program.manager
        does = {
            "close": manager.close,
            "ask": lambda: ask(manager, "handler"),
            "wait": lambda: manager.wait_for(Gadget, timeout=0.001),
        }
        handler = Handler(does[what])
        program.ready()
        stream = manager.subscribe(Gadget)
        for count, each in enumerate(sweep(handler, step=2)):
            if not manager.is_connected():
                program.ready()
                stream = manager.subscribe(Gadget)
            ask(manager, f"S{count}")
            with contextlib.suppress(StopIteration), each:
                for _ in range(3):
                    assert stream.get(PATIENCE).size == 1
        assert handler.outcomes.keys() <= {"done", "WrongContext", "EventTimeout"}
        assert sum(handler.outcomes.values()) > 50
        manager.close()
        assert server.broken == []


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("what", ["close", "ask"])
def test_a_handler_that_interrupts_a_waiting_thread_is_served_at_once(server: Server, what: str) -> None:
    """It waits in one call into C, which goes on when the handler returns."""
    manager = ami.Manager(logger=SILENT)
    peer = server.link(manager)
    handler = Handler(manager.close if what == "close" else lambda: manager.execute(ami.Request("Two")))

    def handle(number: int, frame: object) -> None:
        handler()

    before = signal.signal(signal.SIGALRM, handle)
    main = threading.main_thread().ident
    assert main is not None

    def serve() -> None:
        first = peer.action_id()
        threading.Event().wait(0.2)  # now it waits
        signal.pthread_kill(main, signal.SIGALRM)
        if what == "ask":
            second = peer.action_id()
            peer.send(answer(first), answer(second))  # the handler reads the answer of what it has interrupted

    serving = background(serve)
    try:
        if what == "ask":
            assert manager.execute(ami.Request("One"), timeout=PATIENCE)
        else:
            with pytest.raises(ami.OutcomeUnknown, match="the program disconnected"):
                manager.execute(ami.Request("One"), timeout=PATIENCE)
    finally:
        signal.signal(signal.SIGALRM, before)
        serving.result(PATIENCE)
        manager.close()
    assert handler.outcomes == {"done": 1}
