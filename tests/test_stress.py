"""What a client of this protocol must stand, one test a sentence, each on both faces.

First the points that clients of this protocol were measured by, in that order; then many threads, and many connections.
What the network does to a connection is in `test_faults`, hours of traffic are in `test_soak`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
import tracemalloc
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from tests.faces import FACES, face
from tests.faults import DIALOGUE_LENGTH, Proxy, SplitAt, hold_the_dialogue, one_by_one, through
from tests.footprint import footprint, settle
from tests.support import (
    GREETING,
    PATIENCE,
    Gadget,
    Heard,
    ListGadgets,
    Peer,
    Server,
    answer,
    background,
    echo,
    message,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


def asking(manager: ami.Manager, action: str = "Originate") -> Future[Any]:
    """Send a request that is waited for as long as it takes."""
    return background(manager.execute, ami.Request[Any](action), timeout=PATIENCE)


def sent_raw(server: Server, make: Make, octets: bytes) -> Any:
    """Return the event that these bytes are."""
    manager = make()
    peer = server.link(manager)
    with manager.subscribe() as stream:
        sending = background(peer.send, octets)
        event = stream.get(PATIENCE)
        sending.result(PATIENCE)
    return event


# Events


def test_each_of_5000_mixed_events_arrives_once_in_order_and_complete(server: Server, make: Make) -> None:
    dice = random.Random(5)
    sent: list[dict[str, str]] = []
    for number in range(5000):
        headers = {f"Header{place}": f"{dice.random()}: x" for place in range(dice.randrange(1, 26))}
        sent.append(
            {"Event": dice.choice(["Gadget", "Newchannel", "Unheard", "VarSet"]), "Size": str(number)} | headers
        )
    stream = b"".join(message(*(f"{name}: {value}" for name, value in event.items())) for event in sent)
    manager = make()
    heard = Heard()
    manager.register_callback("", heard)
    peer = server.link(manager)

    def send() -> None:
        place = 0
        while place < len(stream):
            size = dice.choice([1, 7, 100, 4096, 70_000])
            peer.send(stream[place : place + size])
            place += size

    sending = background(send)
    assert [dict(heard.next()) for _ in sent] == sent
    sending.result(PATIENCE)
    assert heard.empty()


class TakesAMillisecond(Heard):
    """A callback that takes its time over each event."""

    def __call__(self, event: Any, manager: object) -> Any:
        if isinstance(manager, ami.AsyncManager):
            return self._take(event)
        threading.Event().wait(0.001)
        self.put(event)
        return None

    async def _take(self, event: Any) -> None:
        await asyncio.sleep(0.001)
        self.put(event)


@pytest.mark.parametrize(
    "options",
    [{}, {"limits": ami.Limits(events=500), "overflow": ami.Overflow.block(PATIENCE)}],
    ids=["as it is made", "with little room, so that reading rests"],
)
def test_a_handler_that_takes_a_millisecond_each_loses_none(
    server: Server, make: Make, options: dict[str, Any]
) -> None:
    manager = make(**options)
    heard = TakesAMillisecond()
    manager.register_callback(Gadget, heard)
    manager.register_callback(ami.EventsLost, heard)
    peer = server.link(manager)
    sending = background(peer.send, *(message("Event: Gadget", f"Size: {number}") for number in range(2000)))
    assert [heard.next()["Size"] for _ in range(2000)] == [str(number) for number in range(2000)]
    sending.result(PATIENCE)


@pytest.mark.exhaustive
def test_an_event_after_7_seconds_of_silence_is_received(server: Server) -> None:
    """The silence is longer than any time that is given to a connection, a greeting or the lines of a message."""
    with contextlib.ExitStack() as faces:
        managers = [faces.enter_context(face(name)) for name in FACES]
        peers = [server.link(manager, timeout=1) for manager in managers]
        streams = [faces.enter_context(manager.subscribe(Gadget)) for manager in managers]
        silences = [background(stream.get, 7) for stream in streams]
        for silence in silences:
            with pytest.raises(ami.EventTimeout):
                silence.result(PATIENCE)
        for manager, peer, stream in zip(managers, peers, streams, strict=True):
            peer.send(message("Event: Gadget", "Size: 7"))
            assert stream.get(PATIENCE).size == 7
            peer.serve(echo)
            assert manager.execute(ami.Request("Ping"))["Action"] == "Ping"


# Bytes


@pytest.mark.parametrize("part", range(4))
def test_bytes_that_are_split_at_every_boundary_are_the_same_dialogue(server: Server, make: Make, part: int) -> None:
    manager = make()
    for place in range(part, DIALOGUE_LENGTH, 4):
        with Proxy(server.port, SplitAt(place)) as proxy:
            hold_the_dialogue(manager, through(proxy, server, manager))
            manager.disconnect()


def test_a_dialogue_may_arrive_byte_by_byte(server: Server, make: Make) -> None:
    with Proxy(server.port, one_by_one) as proxy:
        manager = make()
        hold_the_dialogue(manager, through(proxy, server, manager))
        manager.close()


def test_non_utf_8_bytes_round_trip(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    strange = b"\xff\xfe\x80 \xc3\xa9 \xe2\x82 \xed\xa0\x80"
    with manager.subscribe(Gadget) as stream:
        peer.send(b"Event: Gadget\r\nColour: " + strange + b"\r\nSize: 1\r\n\r\n")
        gadget = stream.get(PATIENCE)
    assert gadget.size == 1
    assert gadget["Colour"].encode("utf-8", "surrogateescape") == strange
    sending = background(manager.execute, ami.Request("Paint", Colour=gadget.colour), timeout=PATIENCE)
    lines = list(iter(peer._file.readline, b"\r\n"))
    assert b"Colour: " + strange + b"\r\n" in lines
    action_id = next(line for line in lines if line.startswith(b"ActionID: "))
    peer.send(b"Response: Success\r\n" + action_id + b"\r\n")
    assert sending.result(PATIENCE)["Response"] == "Success"


def test_names_in_latin_1_are_kept(server: Server, make: Make) -> None:
    event = sent_raw(server, make, b"Event: Odd\r\nCallerIDName: J\xfcrgen Gro\xdf\r\nF\xe4rbung: gr\xfcn\r\n\r\n")
    latin = {
        name.encode("utf-8", "surrogateescape").decode("latin-1"): value.encode("utf-8", "surrogateescape")
        for name, value in event.items()
    }
    assert latin == {"Event": b"Odd", "CallerIDName": "Jürgen Groß".encode("latin-1"), "Färbung": b"gr\xfcn"}


# Headers


def test_a_header_needs_no_space_after_its_colon(server: Server, make: Make) -> None:
    event = sent_raw(server, make, b"Event:Gadget\r\nSize:7\r\nColour:red\r\n\r\n")
    assert isinstance(event, Gadget)
    assert (event["Size"], event.size, event.colour) == ("7", 7, "red")


def test_a_header_without_a_value_is_one(server: Server, make: Make) -> None:
    event = sent_raw(server, make, b"Event: Gadget\r\nColour:\r\nPlace: \r\nSize: 1\r\n\r\n")
    assert (event["Colour"], event["Place"], event["Size"]) == ("", "", "1")
    assert event.data == []


def test_values_with_colons_are_kept(server: Server, make: Make) -> None:
    event = sent_raw(server, make, b"Event: Gadget\r\nTime: 12:30:00\r\nUri:sip:1@[::1]:5060\r\nOdd: : :\r\n\r\n")
    assert (event["Time"], event["Uri"], event["Odd"]) == ("12:30:00", "sip:1@[::1]:5060", ": :")


def test_lines_without_a_colon_are_kept(server: Server, make: Make) -> None:
    event = sent_raw(server, make, b"Event: Odd\r\nKey: value\r\nno header at all\r\n\r\n")
    assert event["Key"] == "value"
    assert event.data == ["no header at all"]


def test_three_repeated_headers_are_kept(server: Server, make: Make) -> None:
    event = sent_raw(server, make, message("Event: Gadget", "Part: 7", "Size: 1", "Part: 8", "Part: 9"))
    assert event.all("Part") == ["7", "8", "9"]
    assert event.parts == [7, 8, 9]
    assert event["Part"] == "7"


def test_a_header_of_a_mebibyte_is_kept(server: Server, make: Make) -> None:
    value = "0123456789abcdef" * (1 << 16)
    big = sent_raw(server, make, message("Event: Big", f"Value: {value}", "After: it"))
    assert big["Value"] == value
    assert big["After"] == "it"


# Commands and lists


@pytest.mark.parametrize("form", ["since 14", "before 14"])
def test_the_output_of_a_command_keeps_empty_lines_and_colons(server: Server, make: Make, form: str) -> None:
    manager = make()
    peer = server.link(manager)
    printed = ["one", "", "a: colon", "Response: Success", "", "", "last"]

    def serve(request: dict[str, str]) -> bytes:
        if form == "since 14":
            return answer(request["ActionID"], "Success", *(f"Output: {line}" for line in printed))
        head = f"Response: Follows\r\nPrivilege: Command\r\nActionID: {request['ActionID']}\r\n"
        return ("\r\n".join([head + "\n".join(printed), "--END COMMAND--"]) + "\r\n\r\n").encode()

    peer.serve(serve)
    for command in ("core show something", "core show it again"):
        assert manager.execute(ami.actions.Command(command=command)).output == printed


def test_500_list_items_are_distinguished_from_50_other_events(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    heard = Heard()
    manager.register_callback(Gadget, heard)

    def serve(request: dict[str, str]) -> bytes:
        own = f"ActionID: {request['ActionID']}"
        lines = [answer(request["ActionID"], "Success", "EventList: start")]
        for number in range(500):
            lines.append(message("Event: Gadget", own, f"Size: {number}"))
            if number % 10 == 0:
                lines.append(message("Event: Gadget", f"Size: {1000 + number}"))
        lines.append(message("Event: GadgetsDone", own, "EventList: Complete", "ListItems: 500"))
        return b"".join(lines)

    peer.serve(serve)
    gadgets = manager.execute(ListGadgets(), timeout=PATIENCE)
    assert [gadget.size for gadget in gadgets.gadgets] == list(range(500))
    assert gadgets.valid
    assert [heard.next().size for _ in range(50)] == list(range(1000, 1500, 10))
    assert heard.empty()


def test_a_list_action_that_is_answered_with_error_fails_at_once(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    peer.serve(lambda request: answer(request["ActionID"], "Error", "Message: No gadgets here"))
    for request in (ListGadgets(), ListGadgets()):
        with pytest.raises(ami.ActionFailed, match="ListGadgets: No gadgets here"):
            manager.execute(request, timeout=3600)
    outcome = manager.send_action(ListGadgets())
    assert outcome is not None
    assert not outcome.success


# Answers


def test_500_answers_in_reverse_order_go_to_their_20_threads(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)

    def ask(number: int) -> str:
        return manager.execute(ami.Request("Ping", Number=number), timeout=PATIENCE)["Number"]

    def serve() -> None:
        for _ in range(25):
            waiting = [dict(peer.request()) for _ in range(20)]
            peer.send(*(echo(request) for request in reversed(waiting)))

    serving = background(serve)
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(ask, range(500))) == [str(number) for number in range(500)]
    serving.result(PATIENCE)


def test_a_cr_lf_in_a_value_is_refused_and_nothing_is_sent(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    smuggled = "x\r\n\r\nAction: Originate"
    refused: list[Callable[[], object]] = [
        lambda: manager.execute(ami.Request("Ping", A=smuggled)),
        lambda: manager.send_action(ami.Request("Ping", A=smuggled)),
        lambda: manager.send_action(ami.Request("Ping"), A=smuggled),
        lambda: manager.send_action(ami.Request("Ping"), **{smuggled: "A"}),
        lambda: manager.send_action(ami.Request("Ping"), smuggled),
        lambda: manager.send_action(ami.Request("Ping", Variable={"A": smuggled})),
        lambda: manager.send_action(ami.Request("Ping", Variable=["A=1", smuggled])),
        lambda: manager.send_action(ami.Request(smuggled)),
        lambda: manager.send_action(ami.actions.Command(command=smuggled)),
    ]
    for call in refused:
        with pytest.raises(ami.HeaderRefused):
            call()
    with pytest.raises(TypeError):
        manager.send_action(ami.Request("Ping", A=object()))
    sending = background(manager.send_action, ami.Request("Ping"), "next")
    assert peer.request() == [("Action", "Ping"), ("ActionID", "next")]
    peer.send(answer("next"))
    assert sending.result(PATIENCE) is not None


@pytest.mark.parametrize("how", ["close", "reset"])
def test_when_the_link_drops_each_request_that_is_pending_fails_within_a_second(
    server: Server, make: Make, how: str
) -> None:
    manager = make()
    peer = server.link(manager)
    request = ami.Request[Any]("Originate")
    request.timeout = 3600
    pending: list[Future[Any]] = [background(manager.send_action, request) for _ in range(10)]
    pending += [background(manager.execute, request) for _ in range(10)]
    pending += [background(lambda: manager.execute(ListGadgets(), timeout=3600)) for _ in range(10)]
    for _ in pending:
        peer.request()
    peer.close() if how == "close" else peer.reset()
    deadline = time.monotonic() + 1
    for each in pending:
        with pytest.raises(ami.OutcomeUnknown, match=r"outcome of \w+ .* is unknown") as lost:
            each.result(deadline - time.monotonic())
        assert isinstance(lost.value, ami.ManagerSocketError)
    assert not manager.is_connected()
    with pytest.raises(ami.NotConnected):
        manager.send_action(request)


def test_a_placed_call_fails_at_once_on_a_loss_despite_reconnecting(server: Server, make: Make) -> None:
    manager = make(reconnect=ami.Reconnect(first=0, jitter=0))
    peer = server.link(manager)
    with manager.subscribe(Gadget, ami.Disconnected, ami.Reconnected) as stream:
        calling = background(manager.originate, ami.actions.Originate(channel="Local/1@x", application="Wait"))
        peer.send(answer(peer.action_id()), message("Event: Gadget"))
        assert stream.get(PATIENCE).event == "Gadget"
        peer.close()
        assert [stream.get(PATIENCE).event for _ in range(2)] == ["Disconnected", "Reconnected"]
        with pytest.raises(
            ami.OutcomeUnknown, match="outcome of the call is unknown: the server closed the connection"
        ):
            calling.result(PATIENCE)


# Many threads


def test_50_threads_receive_their_own_answers_during_events(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    heard = Heard()
    manager.register_callback(Gadget, heard)

    def serve(request: dict[str, str]) -> bytes:
        return message("Event: Gadget", f"Size: {request['Number']}") + echo(request)

    peer.serve(serve)

    def ask(thread: int) -> list[str]:
        numbers = range(thread * 20, thread * 20 + 20)
        return [manager.execute(ami.Request("Ping", Number=number), timeout=PATIENCE)["Number"] for number in numbers]

    with ThreadPoolExecutor(50) as pool:
        answers = [number for numbers in pool.map(ask, range(50)) for number in numbers]
    assert answers == [str(number) for number in range(1000)]
    assert sorted(heard.next().size for _ in range(1000)) == list(range(1000))


def test_subscribing_and_unsubscribing_from_many_threads_loses_nothing_for_others(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            with manager.subscribe(Gadget), manager.subscribe():
                pass

    with manager.subscribe(Gadget) as stream:
        coming = [background(come_and_go) for _ in range(4)]
        for number in range(2000):
            peer.send(message("Event: Gadget", f"Size: {number}"))
        sizes = [stream.get(PATIENCE).size for _ in range(2000)]
        done.set()
        for each in coming:
            each.result(PATIENCE)
    assert sizes == list(range(2000))
    assert manager._handlers._entries == ()


class Busy(Server):
    """A server that answers whatever it is asked, with events around it, on every connection."""

    def __init__(self) -> None:
        self.served: list[Future[None]] = []
        super().__init__()

    def _accept(self) -> None:
        for connected in self._connections():
            peer = Peer(connected)
            self._all.append(peer)
            self.served.append(background(self._serve, peer))

    def _serve(self, peer: Peer) -> None:
        with contextlib.suppress(OSError):
            peer.send(GREETING)
            while request := dict(peer.request()):
                peer.send(message("Event: Gadget", "Size: 1"), self._reply(request), message("Event: Noise"))

    def _reply(self, request: dict[str, str]) -> bytes:
        if request["Action"] != "ListGadgets":
            return echo(request)
        own = f"ActionID: {request['ActionID']}"
        items = (message("Event: Gadget", own, f"Size: {size}") for size in (1, 2))
        end = message("Event: GadgetsDone", own, "EventList: Complete", "ListItems: 2")
        return b"".join((answer(request["ActionID"], "Success", "EventList: start"), *items, end))


class Somebody:
    """A thread of a program that does at random what one may do with a manager that others use as well.

    Args:
        manager: The manager.
        server: Where it connects.
        number: Tells it from others, and decides what it does.
    """

    def __init__(self, manager: ami.Manager, server: Server, number: int) -> None:
        self._manager = manager
        self._server = server
        self._number = number
        self._dice = random.Random(number)

    def act(self, times: int) -> int:
        """Do something so many times with success; return how often there was no connection, or none any more."""
        ways = [self.ask, self.ask, self.list, self.hear, self.read, self.wait, self.look]
        if self._number % 10 == 0:
            ways += [self.go, self.come]
        failed = 0
        for _ in range(times):
            while not self._do(self._dice.choice(ways)):
                failed += 1
        return failed

    @staticmethod
    def _do(something: Callable[[], None]) -> bool:
        try:
            something()
        except ami.NotConnected:
            threading.Event().wait(0.001)
            return False
        except (ami.ConnectionLost, StopIteration):
            return False
        return True

    def ask(self) -> None:
        number = self._dice.random()
        answered = self._manager.execute(ami.Request("Ping", Number=number, Thread=self._number), timeout=PATIENCE)
        assert (answered["Number"], answered["Thread"]) == (str(number), str(self._number))

    def list(self) -> None:
        gadgets = self._manager.execute(ListGadgets(), timeout=PATIENCE)
        assert gadgets.valid
        assert [gadget.size for gadget in gadgets.gadgets] == [1, 2]

    def hear(self) -> None:
        heard = Heard()
        for event in (Gadget, "", None):
            self._manager.register_callback(event, heard)
        try:
            self.ask()
        finally:
            for event in (Gadget, "", None):
                assert self._manager.unregister_callback(event, heard)
        assert not self._manager.unregister_callback(Gadget, heard)

    def read(self) -> None:
        with self._manager.subscribe(Gadget) as stream:
            self.ask()
            assert stream.get(PATIENCE).size == 1

    def wait(self) -> None:
        with contextlib.suppress(ami.EventTimeout):
            assert self._manager.wait_for(Gadget, timeout=0.002).size == 1

    def look(self) -> None:
        assert self._manager.is_connected() in {True, False}
        assert self._manager.get_asterisk_info() in {None, ("Asterisk Call Manager", "9.0.0")}
        self._manager.get_connection()
        assert self._manager.release is None

    def go(self) -> None:
        self._manager.disconnect()
        self.come()

    def come(self) -> None:
        self._manager.connect("127.0.0.1", self._server.port, PATIENCE)


@pytest.mark.parametrize("times", [15, pytest.param(30, marks=pytest.mark.exhaustive)])
def test_50_threads_may_do_anything_with_one_manager_at_once(make: Make, times: int) -> None:
    manager = make()
    before = footprint()
    with Busy() as server:
        people = [Somebody(manager, server, number) for number in range(50)]
        people[0].come()
        with ThreadPoolExecutor(50) as pool:
            assert sum(pool.map(Somebody.act, people, [times] * 50)) > 0
        manager.disconnect()
        assert manager._handlers._entries == ()
        manager.connect("127.0.0.1", server.port, PATIENCE)
        people[0].ask()
        manager.close()
        for each in server.served:
            each.result(PATIENCE / 2)  # no connection was forgotten, to be left by the server in the end
    settle()
    assert footprint().threads <= before.threads


# Many connections


@pytest.mark.parametrize("who_closes", ["client", "server"])
@pytest.mark.parametrize("connections", [100, pytest.param(1000, marks=pytest.mark.exhaustive)])
def test_many_connections_leave_no_thread_no_task_no_descriptor_and_no_object(
    server: Server, make: Make, who_closes: str, connections: int
) -> None:
    manager = make()

    def cycle() -> None:
        peer = server.link(manager)
        with manager.subscribe() as stream:
            peer.send(message("Event: Gadget"))
            assert stream.get(PATIENCE).event == "Gadget"
            if who_closes == "client":
                manager.disconnect()
                assert peer.at_end()
            else:
                peer.close()
                with pytest.raises(ami.ConnectionLost):
                    stream.get(PATIENCE)
        peer.close()

    for _ in range(10):
        cycle()
    manager.disconnect()
    settle()
    before = footprint()
    for _ in range(connections):
        cycle()
    manager.disconnect()
    settle()
    after = footprint()
    assert after.threads <= before.threads
    assert after.descriptors <= before.descriptors
    assert after.objects <= before.objects + 10  # such as the reason of the last loss


def test_an_idle_connection_of_an_event_loop_takes_less_than_60_kib(server: Server) -> None:
    """Counted in Python's own allocations; `benchmarks` measures the memory of the process."""

    async def connect() -> float:
        async with contextlib.AsyncExitStack() as held:

            async def one() -> None:
                manager = await held.enter_async_context(ami.AsyncManager())
                await manager.connect("127.0.0.1", server.port, PATIENCE)

            await one()
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(50):
                await one()
            return (tracemalloc.get_traced_memory()[0] - before) / 50 / 1024

    tracemalloc.start()
    try:
        assert asyncio.run(connect()) < 60
    finally:
        tracemalloc.stop()
