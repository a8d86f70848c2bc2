"""Each fault does to a client what networks and servers do, and is over afterwards."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import actions, events
from ami_typed.testing import Simulator, SteppedClock, User
from tests.simulator.conversation import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@pytest.fixture(name="simulator")
def running() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(name="client")
def logged_in(simulator: Simulator) -> Iterator[Client]:
    client = Client(simulator.host, simulator.port)
    client.say(f"Action: Login\nUsername: {simulator.user}\nSecret: {simulator.secret}\n\n")
    simulator.forget()
    yield client
    client.close()


PING = "Action: Ping\nActionID: {}\n\n"


def ids(client: Client, number: int) -> list[str]:
    heard = client.messages()
    return [dict(next(heard))["ActionID"] for _ in range(number)]


@pytest.mark.parametrize("every", [1, 2, 7, 4096])
def test_a_split_answer_arrives_whole(simulator: Simulator, client: Client, every: int) -> None:
    simulator.faults.split(actions.Ping, every=every)
    client.send(PING.format(1) + PING.format(2))
    assert ids(client, 2) == ["1", "2"]


class Paper:
    """An outlet that keeps what is written."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, octets: bytes) -> None:
        self.pieces.append(octets)

    def write_pieces(self, pieces: Iterable[bytes]) -> None:
        self.pieces += pieces

    def drop(self, *, reset: bool = False) -> None:
        self.pieces.append(b"dropped")

    def pace(self, rate: float) -> None:
        """Change nothing."""


def test_pieces_are_cut_where_the_test_says() -> None:
    paper, simulator = Paper(), Simulator()
    simulator.faults.split(events.Hangup, at=5)
    simulator.faults.split(actions.Ping, every=3)
    simulator.faults.send(paper, "Hangup", b"Event: Hangup")
    simulator.faults.send(paper, "ping", b"Pong")
    simulator.faults.send(paper, "ping", b"Pong")
    assert paper.pieces == [b"Event", b": Hangup", b"Pon", b"g", b"Pong"]


def test_an_answer_never_comes_and_the_next_one_does(simulator: Simulator, client: Client) -> None:
    simulator.faults.never_answer(actions.Ping)
    client.send(PING.format(1) + PING.format(2))
    assert ids(client, 1) == ["2"]


def test_an_answer_comes_twice(simulator: Simulator, client: Client) -> None:
    simulator.faults.answer_twice(actions.Ping)
    client.send(PING.format(1) + PING.format(2))
    assert ids(client, 3) == ["1", "1", "2"]


def test_answers_come_in_reverse_order(simulator: Simulator, client: Client) -> None:
    simulator.faults.reverse(actions.Ping, pieces=3)
    client.send("".join(PING.format(number) for number in range(4)))
    assert ids(client, 4) == ["2", "1", "0", "3"]


def test_an_answer_comes_later_by_the_clock() -> None:
    clock = SteppedClock()
    with Simulator(clock=clock) as simulator, ami.Manager.from_url(simulator.url) as manager:
        manager.connect()
        simulator.faults.delay(actions.Getvar, 3600)
        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(manager.execute, actions.Getvar(variable="X"))
            simulator.wait_received(actions.Getvar)
            assert manager.execute(actions.Ping()).success
            assert not late.done()
            clock.advance(3600)
            assert late.result(5).success


@pytest.mark.parametrize("after", [0, 1, 20])
def test_the_link_drops_within_a_message(simulator: Simulator, after: int) -> None:
    simulator.faults.drop_in(actions.QueueStatus, after=after)
    with ami.Manager.from_url(simulator.url) as manager:
        manager.connect()
        with pytest.raises(ami.ConnectionLost):
            manager.execute(actions.QueueStatus())


def test_bytes_that_are_not_utf8_reach_the_client(simulator: Simulator) -> None:
    with ami.Manager.from_url(simulator.url) as manager:
        manager.connect()
        simulator.faults.not_utf8(events.Hangup)
        with manager.subscribe(events.Hangup) as stream:
            simulator.emit(events.Hangup(channel="PJSIP/1-1"))
            assert stream.get(5).channel == "PJSIP/1-1\udce9"


def test_bytes_are_replaced(simulator: Simulator, client: Client) -> None:
    simulator.faults.replace(actions.Ping, b"ActionID: 1", b"ActionID: another's")
    client.send(PING.format(1) + PING.format(1))
    assert ids(client, 2) == ["another's", "1"]


def test_garbage_and_a_flood_are_survived(simulator: Simulator) -> None:
    with ami.Manager.from_url(simulator.url) as manager:
        manager.connect()
        with manager.subscribe(events.Hangup) as stream:
            simulator.faults.garbage(b"\0\xff garbage\r\n\r\n")
            simulator.faults.flood(events.Hangup(channel="PJSIP/1-1"), 500)
            assert len([stream.get(5) for _ in range(500)]) == 500
        assert manager.execute(actions.Ping()).success


@pytest.mark.parametrize("reset", [False, True])
def test_all_connections_drop_and_a_manager_returns(simulator: Simulator, *, reset: bool) -> None:
    back = threading.Event()
    plan = ami.Reconnect(first=0.01)
    with ami.Manager.from_url(simulator.url, reconnect=plan) as manager:
        manager.connect()
        manager.register_callback(ami.Reconnected, lambda _notice, _manager: back.set())
        simulator.faults.drop(reset=reset)
        assert back.wait(5)
        assert manager.execute(actions.Ping()).success


def test_a_slow_reader_is_dropped_when_too_much_waits_for_it() -> None:
    with Simulator(users=[User("slow", "reader", writetimeout=0.05)]) as simulator:
        client = Client(simulator.host, simulator.port)
        client.say("Action: Login\nUsername: slow\nSecret: reader\n\n")
        simulator.faults.slow_reader(octets_per_second=1000)
        simulator.emit(events.Hangup(channel="PJSIP/1-1"))
        assert next(client.messages())[0] == ("Event", "Hangup")
        simulator.faults.flood(events.Hangup(channel="PJSIP/1-1"), 300)
        deadline = time.monotonic() + 10
        while simulator.sessions and time.monotonic() < deadline:
            time.sleep(0.01)
        assert simulator.sessions == []
        client.close()


def test_what_is_planned_can_be_forgotten(simulator: Simulator, client: Client) -> None:
    simulator.faults.never_answer(None, times=None)
    client.send(PING.format(1))
    simulator.wait_received(actions.Ping)
    simulator.faults.clear()
    client.send(PING.format(2))
    assert ids(client, 1) == ["2"]


def test_a_program_that_trusts_the_certificate_talks_over_tls() -> None:
    with Simulator(tls=True) as simulator, ami.Manager() as manager:
        manager.connect(simulator.host, simulator.port, tls=simulator.client_context())
        manager.login(simulator.user, simulator.secret)
        assert manager.execute(actions.Ping()).success
        with ami.Manager() as other, pytest.raises(ami.ConnectFailed, match="certificate"):
            other.connect(simulator.host, simulator.port, tls=True)


def test_a_record_longer_than_the_line_buffer_waits_for_the_next_one() -> None:
    """Asterisk reads 1,024 bytes of a record and then waits on its socket, while OpenSSL holds the rest."""
    with Simulator(tls=True) as simulator:
        client = Client(simulator.host, simulator.port, simulator.client_context())
        client.say(f"Action: Login\nUsername: {simulator.user}\nSecret: {simulator.secret}\n\n")
        simulator.forget()
        client.send("".join(f"Action: Ping\nActionID: {number:04d}\n\n" for number in range(60)))
        assert ids(client, 30)[-1] == "0029"
        assert len(simulator.received(actions.Ping)) < 35
        client.send(PING.format("next"))
        assert ids(client, 30)[-1] == "0059"
        client.send(PING.format("last"))
        assert ids(client, 2) == ["next", "last"]
        client.close()


def test_misuse_is_explained(simulator: Simulator) -> None:
    with pytest.raises(TypeError, match="either at="):
        simulator.faults.split(actions.Ping)
    with pytest.raises(ValueError, match="rate above 0"):
        simulator.faults.slow_reader(octets_per_second=0)
    with pytest.raises(TypeError, match="class of an action or of an event"):
        simulator.faults.never_answer(7)  # type: ignore[arg-type]  # the misuse
    with pytest.raises(ValueError, match="times"):
        simulator.faults.never_answer(actions.Ping, times=0)
