"""What reads, what writes and what calls back: each byte once, each request with a certain end."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed._delivery.audience import quiet
from ami_typed._delivery.backlog import Backlog
from ami_typed._delivery.log import Log
from ami_typed._delivery.subscriptions import Handlers
from ami_typed._protocol.session import Session
from ami_typed._transport import threads as _threads
from ami_typed._transport.sockets import SynchronisedSocket
from ami_typed._transport.target import Target
from ami_typed._transport.threads import Connection, Dispatcher, Throttle, audience_of
from ami_typed.overflow import Overflow
from tests.support import PATIENCE, Pair, Peer, answer, message, once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ami_typed.exchanges import Exchange


# Callbacks


class Called(list[Any]):
    """A callback that keeps what it was called with, and waits to be let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, event: Any, manager: object) -> None:
        assert self.go.wait(PATIENCE)
        self.append(event)


KEPT: list[Handlers] = []
"""Tables of callbacks, each of which a manager would own."""


def dispatcher(function: Callable[..., object], limit: int) -> Dispatcher:
    handlers = Handlers()
    handlers.register("", function)
    KEPT.append(handlers)
    owner = Called()
    backlog = Backlog(Overflow.DROP_OLDEST, limit, 1 << 20)
    begun = Dispatcher(handlers, weakref.ref(owner), backlog, Throttle(backlog), Log(None, debug=False))
    begun.start()
    return begun


def events(*numbers: int) -> list[Any]:
    return [ami.Event({"Event": "X", "Number": str(number)}) for number in numbers]


def test_at_the_end_received_events_are_still_passed_to_callbacks() -> None:
    called = Called()
    calls = dispatcher(called, 100)
    for number in range(20):
        calls.put(events(number))
    calls.end()
    called.go.set()
    calls.thread.join(PATIENCE)
    assert not calls.thread.is_alive()
    assert called == events(*range(20))


def test_beyond_the_limit_the_oldest_are_dropped_and_counted() -> None:
    called = Called()
    calls = dispatcher(called, 5)
    for number in range(0, 40, 2):
        calls.put(events(number, number + 1))
    calls.end()
    called.go.set()
    calls.thread.join(PATIENCE)
    assert called[-4:] == events(36, 37, 38, 39)
    assert len(called) + calls.dropped == 40
    assert len(called) <= 2 + 5


# The connection

NOWHERE = Target("127.0.0.1", 5038, PATIENCE, False)


class Line:
    """A connection without its reader: the test is that."""

    def __init__(self, pair: Pair, **limits: int) -> None:
        self.handlers = Handlers()
        self.owner = Called()
        self.transport = SynchronisedSocket(pair[0], write_timeout=0.02)
        self.session = Session(self.handlers, token="t", limits=ami.Limits(**limits))
        log = Log(None, debug=False)
        self.audience = audience_of(
            self.handlers, weakref.ref(self.owner), Backlog(Overflow.block(), 100, 1 << 20), log
        )
        self.connection = Connection(self.transport, self.session, self.audience, quiet, NOWHERE, log)
        self.connection.open_up(lost=quiet)
        LINES.append(self)

    def send(self, action: str = "Originate", **headers: Any) -> Exchange[Any]:
        request = ami.Request(action, **headers)
        request.timeout = PATIENCE
        return self.connection.send(request)


LINES: list[Line] = []


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    """Let the threads for callbacks end with their test."""
    yield
    while LINES:
        LINES.pop().audience.leave(None)


def test_a_request_whose_first_byte_did_not_leave_was_not_sent(pair: Pair) -> None:
    line = Line(pair)
    line.transport.close()
    exchange = line.send()
    line.connection.wait(exchange)
    with pytest.raises(ami.RequestNotSent, match="Originate was not sent"):
        exchange.outcome()
    assert line.connection.ended
    with pytest.raises(ami.NotConnected):
        line.send()


def test_the_outcome_is_unknown_if_the_loss_precedes_its_detection(pair: Pair) -> None:
    line = Line(pair)
    pair[0].after_send = lambda: line.connection.end(ami.ConnectionLost("the server closed the connection."))
    exchange = line.send()
    assert pair[1].recv(100).startswith(b"Action: Originate\r\n")
    with pytest.raises(ami.OutcomeUnknown):
        exchange.outcome()


def test_the_outcome_is_unknown_of_a_half_received_request(pair: Pair) -> None:
    line = Line(pair)
    exchange = line.send(Value="x" * (64 << 20))
    with pytest.raises(ami.OutcomeUnknown, match=r"the server read nothing for 0\.02 s"):
        exchange.outcome()


def test_an_error_of_the_network_ends_the_connection_with_its_reason(pair: Pair) -> None:
    line = Line(pair)
    exchange = line.send()
    pair[0].before_recv = once(OSError("no route to host"))
    pair[1].sendall(b"x")
    line.connection.wait(exchange)
    with pytest.raises(ami.OutcomeUnknown, match="the connection broke: no route to host"):
        exchange.outcome()


def test_a_waiting_thread_may_read_its_answer_and_deliver_the_rest(pair: Pair) -> None:
    line = Line(pair)
    seen: list[ami.Event] = []
    line.handlers.register("", seen.append, sink=True)
    mine, other = line.send("Ping"), line.send("Ping")
    pair[1].sendall(message("Event: X") + answer(other.action_id) + answer(mine.action_id))
    line.connection.wait(mine)
    assert mine.outcome() is not None
    assert other.settled
    assert seen == [{"Event": "X"}]


def test_a_wait_that_is_over_forgets_its_request(pair: Pair) -> None:
    line = Line(pair)
    request = ami.Request("Ping")
    request.timeout = 0.01
    exchange = line.connection.send(request)
    line.connection.wait(exchange)
    assert exchange.outcome() is None
    assert line.session.pending == 0


def test_a_wait_that_is_interrupted_forgets_its_request(pair: Pair) -> None:
    line = Line(pair)
    exchange = line.send("Ping")
    pair[0].before_recv = once(KeyboardInterrupt())
    pair[1].sendall(answer(exchange.action_id))
    with pytest.raises(KeyboardInterrupt):
        line.connection.wait(exchange)
    assert line.session.pending == 0
    next_ = line.send("Ping")
    pair[1].sendall(answer(next_.action_id))
    line.connection.wait(next_)
    assert next_.outcome() is not None


def test_ending_a_connection_is_idempotent(pair: Pair) -> None:
    line = Line(pair)
    for _ in range(2):
        line.connection.end(ami.ConnectionLost("gone"))
    assert line.connection.ended
    line.connection.join(PATIENCE)


class Beats(threading.Event):
    """The end of a connection that comes after so many intervals, which take no time."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count
        self.intervals: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.intervals.append(timeout)
        self.left -= 1
        return self.left < 0


def test_any_answer_to_a_ping_keeps_the_connection(pair: Pair) -> None:
    line = Line(pair)
    line.connection.stopped = beats = Beats(3)
    pings: list[str] = []

    def pong(request: dict[str, str]) -> bytes:
        pings.append(request["Action"])
        return answer(request["ActionID"], "Error", "Message: Permission denied")

    Peer(pair[1]).serve(pong)
    _threads.monitor(line.connection, PATIENCE)
    assert pings == ["Ping"] * 3
    assert beats.intervals == [PATIENCE] * 4
    assert not line.connection.ended


def test_a_full_table_of_requests_does_not_end_the_watch_on_the_link(pair: Pair) -> None:
    line = Line(pair, pending=1)
    line.send("Ping")
    line.connection.stopped = beats = Beats(2)
    _threads.monitor(line.connection, 2.5)
    assert beats.intervals == [2.5] * 3
    assert not line.connection.ended
