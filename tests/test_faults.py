"""Both faces under stress: bad networks, broken peers, odd bytes, many threads, many connections."""

from __future__ import annotations

import gc
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from tests.faults import Proxy, SplitAt, one_by_one
from tests.support import (
    GREETING,
    PATIENCE,
    Gadget,
    ListGadgets,
    Peer,
    Server,
    answer,
    background,
    message,
)

if TYPE_CHECKING:
    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


class Heard(SimpleQueue[Any]):
    """A callback that keeps what it was called with."""

    def __call__(self, event: Any, manager: object) -> None:
        self.put(event)

    def next(self) -> Any:
        return self.get(timeout=PATIENCE)


def through(proxy: Proxy, server: Server, manager: ami.Manager, timeout: float = PATIENCE) -> Peer:
    """Connect a manager through a proxy; return the server's end."""
    manager.connect("127.0.0.1", proxy.port, timeout)
    return server.peer()


def asking(manager: ami.Manager, action: str = "Originate") -> Any:
    """Send a request that is waited for as long as it takes."""
    return background(manager.execute, ami.Request(action), timeout=PATIENCE)


def echo(request: dict[str, str]) -> bytes:
    return answer(request["ActionID"], "Success", *(f"{k}: {v}" for k, v in request.items() if k != "ActionID"))


# The bytes come as they like

DIALOGUE = (
    message("Event: Gadget", "Size: 1", "Colour: gr\udcfcn"),
    message("Event: Gadget", "Size:2", "Colour:", "Made: 12:30:00"),
    answer("own", "Success", "EventList: start"),
    message("Event: Gadget", "ActionID: own", "Size: 3"),
    message("Event: GadgetsDone", "ActionID: own", "EventList: Complete", "ListItems: 1"),
    message("Event: Gadget", "Size: 4", "Part: 7", "Part: 8", "Part: 9"),
)
"""Two events, a list with one item, and another event."""


def hold_the_dialogue(manager: ami.Manager, peer: Peer) -> None:
    """Hold the dialogue of this module, and look at what comes of it."""
    request = ListGadgets()
    request["ActionID"] = "own"
    with manager.subscribe(Gadget) as stream:
        listing = background(lambda: manager.execute(request, timeout=PATIENCE))
        assert peer.action_id() == "own"
        peer.send(*DIALOGUE)
        first, second, last = (stream.get(PATIENCE) for _ in range(3))
        assert [gadget.size for gadget in listing.result(PATIENCE).gadgets] == [3]
    assert (first["Colour"], second["Colour"], second["Made"]) == ("gr\udcfcn", "", "12:30:00")
    assert (first.size, second.size, last.size) == (1, 2, 4)
    assert last.parts == [7, 8, 9]


def test_bytes_that_come_one_by_one_are_the_same_dialogue(server: Server, make: Make) -> None:
    with Proxy(server.port, one_by_one) as proxy:
        manager = make()
        hold_the_dialogue(manager, through(proxy, server, manager))
        manager.close()


@pytest.mark.parametrize("part", range(4))
def test_bytes_that_are_split_at_any_place_are_the_same_dialogue(server: Server, make: Make, part: int) -> None:
    manager = make()
    for place in range(part, len(GREETING) + sum(map(len, DIALOGUE)), 4):
        with Proxy(server.port, SplitAt(place)) as proxy:
            peer = through(proxy, server, manager)
            hold_the_dialogue(manager, peer)
            manager.disconnect()


def test_5000_mixed_events_come_once_in_order_with_all_their_headers(server: Server, make: Make) -> None:
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


def test_odd_lines_are_kept(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    with manager.subscribe() as stream:
        peer.send(b"Event: Odd\r\nKey:value\r\nEmpty:\r\nTime: 12:30:00\r\nName: J\xfcrgen\r\nno header at all\r\n\r\n")
        odd = stream.get(PATIENCE)
    assert (odd["Key"], odd["Empty"], odd["Time"]) == ("value", "", "12:30:00")
    assert odd["Name"].encode("utf-8", "surrogateescape") == b"J\xfcrgen"
    assert odd.data == ["no header at all"]


def test_a_header_of_a_mebibyte_is_kept(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    value = "0123456789abcdef" * (1 << 16)
    with manager.subscribe() as stream:
        sending = background(peer.send, message("Event: Big", f"Value: {value}", "After: it"))
        big = stream.get(PATIENCE)
        sending.result(PATIENCE)
    assert big["Value"] == value
    assert big["After"] == "it"


@pytest.mark.parametrize("form", ["since 14", "before 14"])
def test_what_a_command_prints_is_kept_with_its_empty_lines_and_colons(server: Server, make: Make, form: str) -> None:
    manager = make()
    peer = server.link(manager)
    printed = ["one", "", "a: colon", "", "", "last"]

    def serve(request: dict[str, str]) -> bytes:
        if form == "since 14":
            return answer(request["ActionID"], "Success", *(f"Output: {line}" for line in printed))
        head = f"Response: Follows\r\nPrivilege: Command\r\nActionID: {request['ActionID']}\r\n"
        return ("\r\n".join([head + "\n".join(printed), "--END COMMAND--"]) + "\r\n\r\n").encode()

    peer.serve(serve)
    for command in ("core show something", "core show it again"):
        assert manager.execute(ami.actions.Command(command=command)).output == printed


def test_500_list_items_are_told_from_50_foreign_events_in_between(server: Server, make: Make) -> None:
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


# The network breaks


@pytest.mark.parametrize("how", ["reset", "half-close"])
def test_a_link_that_breaks_in_the_middle_of_a_message_fails_what_is_pending(
    server: Server, make: Make, how: str
) -> None:
    with Proxy(server.port) as proxy:
        manager = make()
        peer = through(proxy, server, manager)
        pending = [asking(manager) for _ in range(5)]
        ids = [peer.action_id() for _ in pending]
        with manager.subscribe(Gadget) as stream:
            peer.send(message("Event: Gadget", "Size: 1"), answer(ids[0])[:-2])
            assert stream.get(PATIENCE).size == 1
            proxy.reset() if how == "reset" else proxy.half_close()
            with pytest.raises(ami.ConnectionLost):
                stream.get(PATIENCE)
        for each in pending:
            with pytest.raises(ami.OutcomeUnknown):
                each.result(PATIENCE)
        assert not manager.is_connected()


@pytest.mark.parametrize("traffic", [True, False], ids=["in the middle of a message", "idle"])
def test_a_black_hole_is_found_out_and_left(server: Server, make: Make, traffic: bool) -> None:
    with Proxy(server.port) as proxy:
        manager = make()
        peer = through(proxy, server, manager)
        with manager.subscribe(Gadget) as stream:
            peer.send(message("Event: Gadget", "Size: 1"), b"Event: Gad" if traffic else b"")
            assert stream.get(PATIENCE).size == 1
            proxy.swallow()
            manager.monitor_connection(0.05)
            with pytest.raises(ami.ConnectionLost, match=r"did not answer a ping within 0\.05 s"):
                stream.get(PATIENCE)
        assert not manager.is_connected()


def test_garbage_in_between_disturbs_nobody(server: Server, make: Make) -> None:
    dice = random.Random(7)
    manager = make()
    peer = server.link(manager)
    with manager.subscribe(Gadget) as stream:
        for number in range(200):
            garbage = bytes(dice.choices(b"\x00\xff\x80:\n\t Event=Response", k=dice.randrange(300)))
            peer.send(garbage.replace(b"\n\n", b"\n."), b"\r\n\r\n", message("Event: Gadget", f"Size: {number}"))
        assert [stream.get(PATIENCE).size for _ in range(200)] == list(range(200))
    peer.serve(echo)
    assert manager.execute(ami.Request("Ping"))["Action"] == "Ping"


ENDLESS = {
    "line": (ami.Limits(line=10_000), b"x" * 1000),
    "message": (ami.Limits(message=10_000), b"Name: value\r\n" * 100),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_ends_the_connection(server: Server, make: Make, what: str) -> None:
    limits, octets = ENDLESS[what]
    with Proxy(server.port) as proxy:
        manager = make(limits=limits)
        through(proxy, server, manager)
        pending = asking(manager)
        with manager.subscribe() as stream:
            for _ in range(30):
                try:
                    proxy.inject(octets)
                except OSError:  # it was left
                    break
            with pytest.raises(ami.ProtocolError, match=f"{what} of more than 10000 bytes"):
                stream.get(PATIENCE)
        with pytest.raises(ami.OutcomeUnknown):
            pending.result(PATIENCE)
        assert not manager.is_connected()


def test_a_server_that_reads_slowly_gets_every_request_whole_and_in_order(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    value = "x" * 200_000
    pending = [background(manager.execute, ami.Request("Big", Value=value), timeout=PATIENCE) for _ in range(40)]
    events = background(peer.send, message("Event: Gadget", "Size: 1") * 20_000)  # meanwhile it talks
    for _ in pending:
        request = dict(peer.request())
        assert request["Value"] == value
        events.result(PATIENCE)
        peer.send(answer(request["ActionID"]))
    for each in pending:
        assert each.result(PATIENCE)["Response"] == "Success"


# Many at once


def test_50_threads_have_their_own_answers_while_events_come(server: Server, make: Make) -> None:
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


def test_50_threads_see_the_end_of_the_link_each(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    pending = [asking(manager) for _ in range(50)]
    for _ in pending:
        peer.request()
    peer.close()
    for each in pending:
        with pytest.raises(ami.OutcomeUnknown):
            each.result(PATIENCE)


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


@pytest.mark.parametrize("who_closes", ["client", "server"])
def test_200_connections_leave_no_thread_no_task_and_no_descriptor(server: Server, make: Make, who_closes: str) -> None:
    manager = make()
    warm = server.link(manager)
    manager.disconnect()
    warm.close()
    threads = threading.active_count()
    before = descriptors()
    for _ in range(200):
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
    manager.disconnect()
    for thread in threading.enumerate():
        if thread.name.startswith("ami-typed"):
            thread.join(PATIENCE)
    gc.collect()
    assert threading.active_count() <= threads
    assert descriptors() <= before


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
