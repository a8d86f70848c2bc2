"""What networks and broken peers do to a connection, through a proxy that does it, on both faces.

One test a fault: split at every byte, delay, reset in the middle of a message, half-open, black hole, garbage, endless
line, endless message, slow reader.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from tests.faults import Delayed, Proxy, hold_the_dialogue, one_by_one, through
from tests.support import PATIENCE, Gadget, Heard, Server, answer, background, echo, message

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


def asking(manager: ami.Manager, action: str = "Originate") -> Future[Any]:
    """Send a request that is waited for as long as it takes."""
    return background(manager.execute, ami.Request[Any](action), timeout=PATIENCE)


# It comes in pieces, and late


def test_bytes_that_arrive_one_by_one_are_parsed(server: Server, make: Make) -> None:
    with Proxy(server.port, one_by_one) as proxy:
        manager = make()
        peer = through(proxy, server, manager)
        peer.serve(lambda request: message("Event: Gadget", f"Size: {request['Number']}") + echo(request))
        with manager.subscribe(Gadget) as stream:
            for number in range(50):
                answered = manager.execute(ami.Request("Ping", Number=number), timeout=PATIENCE)
                assert answered["Number"] == str(number)
            assert [stream.get(PATIENCE).size for _ in range(50)] == list(range(50))


def test_a_delay_between_all_bytes_is_not_an_error(server: Server, make: Make) -> None:
    """Each byte takes its time, and a message takes longer than its lines may be apart."""
    with Proxy(server.port, Delayed(0.001)) as proxy:
        manager = make()
        hold_the_dialogue(manager, through(proxy, server, manager, timeout=0.5))
        assert manager.is_connected()


def test_an_answer_after_its_time_out_affects_no_other_request(server: Server, make: Make) -> None:
    with Proxy(server.port) as proxy:
        manager = make()
        orphans = Heard()
        manager.register_callback(None, orphans)
        through(proxy, server, manager).serve(echo)
        proxy.hold()
        with pytest.raises(ami.ActionTimeout):
            manager.execute(ami.Request("Ping", Number=1), timeout=0.05)
        second = background(manager.execute, ami.Request("Ping", Number=2), timeout=PATIENCE)
        proxy.let_go()
        assert second.result(PATIENCE)["Number"] == "2"
        assert orphans.next()["Number"] == "1"


# It breaks


@pytest.mark.parametrize("how", ["reset", "half-close"])
def test_a_connection_broken_within_a_message_fails_pending_requests(server: Server, make: Make, how: str) -> None:
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


@pytest.mark.parametrize("watched", [False, True], ids=["found out by a request", "found out by the watch"])
def test_a_half_open_link_is_found_out_and_left(server: Server, make: Make, watched: bool) -> None:
    with Proxy(server.port) as proxy:
        manager = make()
        peer = through(proxy, server, manager)
        pending = asking(manager)
        with manager.subscribe(Gadget) as stream:
            peer.request()
            proxy.forget()
            if watched:
                manager.monitor_connection(0.05)
            else:
                with pytest.raises(
                    (ami.OutcomeUnknown, ami.NotConnected)
                ):  # what leaves last of the first may find it out
                    asking(manager).result(PATIENCE)
            with pytest.raises(ami.ConnectionLost):
                stream.get(PATIENCE)
        with pytest.raises(ami.OutcomeUnknown):
            pending.result(PATIENCE)
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


def test_garbage_between_messages_affects_no_request(server: Server, make: Make) -> None:
    dice = random.Random(7)
    with Proxy(server.port) as proxy:
        manager = make()
        peer = through(proxy, server, manager)
        with manager.subscribe(Gadget) as stream:
            for number in range(200):
                garbage = bytes(dice.choices(b"\x00\xff\x80:\r\n\t Event=Response", k=dice.randrange(300)))
                proxy.inject(garbage + b"\r\n\r\n" + message("Event: Gadget", f"Size: {number}"))
            assert [stream.get(PATIENCE).size for _ in range(200)] == list(range(200))
        peer.serve(echo)
        assert manager.execute(ami.Request("Ping"))["Action"] == "Ping"


ENDLESS = {
    "line": (ami.Limits(line=10_000), b"x" * 1000),
    "message": (ami.Limits(message=10_000), b"Name: value\r\n" * 100),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_an_endless_message_ends_the_connection(server: Server, make: Make, what: str) -> None:
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


def test_a_slow_reader_gets_every_request_whole_and_in_order(server: Server, make: Make) -> None:
    with Proxy(server.port, sip=4096) as proxy:
        manager = make()
        peer = through(proxy, server, manager)
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
