"""What reads, what writes and what calls back: each byte once, each request with a certain end."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import _threads
from ami_typed._log import Log
from ami_typed._sockets import SynchronisedSocket
from ami_typed._target import Target
from ami_typed._threads import Audience, Connection, Dispatcher, quiet
from ami_typed.handlers import Handlers
from ami_typed.session import Session
from tests.support import GREETING, PATIENCE, Peer, Server, answer, background, message

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from ami_typed.session import Exchange

CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIQhVL+cfLvtpg0wM
XJQrvSAvsalNwD+AS+O96BX3etKhRANCAARqNvYnabOfkp+GK63n2k3Vpw6rgdWO
6YcJz9UxWIjO3QWpW0vpn2kZIqDyNWm2N2LCJ5Hncs1mzbpHdeUffsxF
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBcDCCARegAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5hbWktdHlw
ZWQgdGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowGTEXMBUG
A1UEAwwOYW1pLXR5cGVkIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARq
NvYnabOfkp+GK63n2k3Vpw6rgdWO6YcJz9UxWIjO3QWpW0vpn2kZIqDyNWm2N2LC
J5Hncs1mzbpHdeUffsxFo04wTDAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEw
DwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUCvee1u6Lh5q6e25BVlRD4EXU56Qw
CgYIKoZIzj0EAwIDRwAwRAIgWWYGLap/fFv9ewei5SFynn+/Wv98FGpbkt9ndH6g
qt0CIBCbSqKimEU1Si7GVpbr+LPwyXiPtF+ijaSAbOkBF0cp
-----END CERTIFICATE-----
"""
"""Of nobody but these tests: for localhost and 127.0.0.1, signed by itself."""


class Meddled(socket.socket):
    """A socket whose every `send` and `recv` the test may meddle with."""

    before_send: Callable[[], object] = staticmethod(lambda: None)
    after_send: Callable[[], object] = staticmethod(lambda: None)
    before_recv: Callable[[], object] = staticmethod(lambda: None)

    def send(self, data: Any, flags: int = 0) -> int:
        self.before_send()
        sent = super().send(data, flags)
        self.after_send()
        return sent

    def recv(self, size: int, flags: int = 0) -> bytes:
        self.before_recv()
        return super().recv(size, flags)


@pytest.fixture
def pair() -> Iterator[tuple[Meddled, socket.socket]]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(PATIENCE)
    with Meddled(fileno=ours.detach()) as meddled, theirs:
        yield meddled, theirs


Pair = tuple[Meddled, socket.socket]


def once(error: BaseException) -> Callable[[], None]:
    """Make a function that raises when it is first called."""
    errors = [error]

    def raising() -> None:
        if errors:
            raise errors.pop()

    return raising


def noting(notes: list[str], word: str) -> Callable[[], bool]:
    """Make a function that notes its being called, and wants its message sent."""

    def begin() -> bool:
        notes.append(word)
        return True

    return begin


def each_once(*functions: Callable[[], object]) -> Callable[[], object]:
    """Make a function that calls another of these each time, and nothing in the end."""
    left = list(functions)
    return lambda: left and left.pop(0)()


# The socket


def test_a_message_is_written_whole_and_read_as_it_comes(pair: Pair) -> None:
    ours, theirs = SynchronisedSocket(pair[0]), pair[1]
    ours.send_message(b"one\r\n\r\n")
    assert theirs.recv(100) == b"one\r\n\r\n"
    theirs.sendall(b"two")
    assert ours.read(PATIENCE) == b"two"
    theirs.close()
    assert ours.read(PATIENCE) == b""


def test_long_messages_of_several_threads_do_not_mix(pair: Pair) -> None:
    ours, theirs = SynchronisedSocket(pair[0]), pair[1]
    messages = [bytes([letter]) * 1_000_000 for letter in b"abcd"]
    writing = [background(ours.send_message, each) for each in messages]
    came = b""
    while len(came) < 4_000_000:
        came += theirs.recv(1 << 16)
    for each in writing:
        each.result(PATIENCE)
    assert {came[place : place + 1_000_000] for place in range(0, 4_000_000, 1_000_000)} == set(messages)


def test_a_peer_that_reads_nothing_is_not_waited_for_for_ever(pair: Pair) -> None:
    ours = SynchronisedSocket(pair[0], write_timeout=0.02)
    with pytest.raises(TimeoutError, match=r"the server read nothing for 0\.02 s"):
        ours.send_message(b"x" * (64 << 20))


def test_nothing_to_read_is_a_time_out(pair: Pair) -> None:
    for timeout in (0.01, 0, -1):
        with pytest.raises(TimeoutError, match="nothing came"):
            SynchronisedSocket(pair[0]).read(timeout)


def test_reading_goes_on_where_another_took_what_there_was(pair: Pair) -> None:
    pair[0].before_recv = once(BlockingIOError())
    pair[1].sendall(b"one")
    assert SynchronisedSocket(pair[0]).read(PATIENCE) == b"one"


def test_it_is_known_before_the_first_byte_leaves_that_one_may_have_left(pair: Pair) -> None:
    ours = SynchronisedSocket(pair[0])
    order: list[str] = []
    pair[0].before_send = lambda: order.append("sent")
    ours.send_message(b"one", noting(order, "begun"))
    assert order == ["begun", "sent"]


def test_of_a_message_for_a_closed_socket_nothing_has_begun(pair: Pair) -> None:
    ours = SynchronisedSocket(pair[0])
    ours.close()
    begun: list[str] = []
    with pytest.raises(OSError, match="closed"):
        ours.send_message(b"one", noting(begun, "begun"))
    assert begun == []


def test_a_message_for_a_socket_that_is_being_written_goes_out_behind_and_its_sender_goes_on(pair: Pair) -> None:
    ours, theirs = SynchronisedSocket(pair[0]), pair[1]
    pair[0].before_send = each_once(lambda: ours.send_message(b"two "), lambda: ours.send_message(b"three"))
    ours.send_message(b"one ")
    assert b"".join(theirs.recv(4) for _ in range(4)) == b"one two three"


def test_a_message_that_nobody_wants_sent_by_the_time_that_there_is_room_is_not_sent(pair: Pair) -> None:
    ours, theirs = SynchronisedSocket(pair[0]), pair[1]
    pair[0].before_send = each_once(lambda: ours.send_message(b"two", lambda: False))
    ours.send_message(b"one")
    ours.send_message(b"three")
    assert theirs.recv(3) + theirs.recv(5) == b"onethree"


def test_closing_is_seen_by_both_sides_and_can_be_done_again(pair: Pair) -> None:
    ours = SynchronisedSocket(pair[0])
    assert ours.is_connected()
    ours.close()
    ours.close()
    assert not ours.is_connected()
    assert ours.read(PATIENCE) == b""
    assert pair[1].recv(1) == b""
    ours.release()
    ours.close()
    assert pair[0].fileno() == -1


def test_closing_wakes_who_waits_to_write(pair: Pair) -> None:
    ours = SynchronisedSocket(pair[0], write_timeout=PATIENCE)
    full = threading.Event()
    pair[0].after_send = full.set
    writing = background(ours.send_message, b"x" * (64 << 20))
    assert full.wait(PATIENCE)
    ours.close()
    with pytest.raises(OSError):
        writing.result(PATIENCE)


def test_the_descriptor_is_not_given_back_under_a_writers_feet(pair: Pair) -> None:
    """Its number would soon mean another file, into which the writer would write."""
    ours = SynchronisedSocket(pair[0])
    released = threading.Event()
    given_back_early: list[bool] = []

    def release() -> None:
        ours.close()
        ours.release()
        released.set()

    def meanwhile() -> None:
        background(release)
        given_back_early.append(released.wait(0.2))

    pair[0].before_send = meanwhile
    with pytest.raises(OSError):
        ours.send_message(b"one")
    assert given_back_early == [False]
    assert released.wait(PATIENCE)


def test_where_there_is_no_poll_select_serves(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    ours, theirs = SynchronisedSocket(pair[0], write_timeout=0.02), pair[1]
    with pytest.raises(TimeoutError):
        ours.read(0.01)
    theirs.sendall(b"two")
    assert ours.read(None) == b"two"
    with pytest.raises(TimeoutError):
        ours.send_message(b"x" * (64 << 20))


# Callbacks


class Called(list[Any]):
    """A callback that keeps what it was called with, and waits to be let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, event: Any, manager: object) -> None:
        assert self.go.wait(PATIENCE)
        self.append(event)


def dispatcher(function: Callable[..., object], limit: int) -> Dispatcher:
    handlers = Handlers()
    handlers.register("", function)
    owner = Handlers()
    return Dispatcher(handlers, weakref.ref(owner), limit, Log(None, debug=False))


def events(*numbers: int) -> list[Any]:
    return [ami.Event({"Event": "X", "Number": str(number)}) for number in numbers]


def test_at_the_end_all_that_came_is_still_called_back() -> None:
    called = Called()
    calls = dispatcher(called, 100)
    for number in range(20):
        calls.put(events(number))
    calls.end()
    called.go.set()
    calls.thread.join(PATIENCE)
    assert not calls.thread.is_alive()
    assert called == events(*range(20))


def test_beyond_the_limit_the_oldest_wait_no_longer_and_are_counted() -> None:
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


class Line:
    """A connection without its reader: the test is that."""

    def __init__(self, pair: Pair, **limits: int) -> None:
        self.handlers = Handlers()
        self.owner = Handlers()
        self.transport = SynchronisedSocket(pair[0], write_timeout=0.02)
        self.session = Session(self.handlers, token="t", limits=ami.Limits(**limits))
        log = Log(None, debug=False)
        self.audience = Audience(self.handlers, weakref.ref(self.owner), 100, log)
        self.connection = Connection(self.transport, self.session, self.audience, quiet, PATIENCE, log)
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


def test_the_outcome_is_unknown_where_the_link_ends_faster_than_the_writer_notices(pair: Pair) -> None:
    line = Line(pair)
    pair[0].after_send = lambda: line.connection.end(ami.ConnectionLost("the server closed the connection."))
    exchange = line.send()
    assert pair[1].recv(100).startswith(b"Action: Originate\r\n")
    with pytest.raises(ami.OutcomeUnknown):
        exchange.outcome()


def test_the_outcome_is_unknown_where_the_peer_takes_half_a_request(pair: Pair) -> None:
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


def test_who_waits_for_an_answer_may_read_it_and_hands_out_what_else_came(pair: Pair) -> None:
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


def test_an_ended_connection_can_end_again(pair: Pair) -> None:
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


def test_a_link_that_answers_a_ping_in_any_way_is_pinged_again_and_stays(pair: Pair) -> None:
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


# TLS


@pytest.fixture
def certificate(tmp_path: Path) -> str:
    """The path of the server's key and certificate."""
    path = tmp_path / "certificate.pem"
    path.write_text(CERTIFICATE, "ascii")
    return str(path)


@pytest.fixture
def trusting(certificate: str) -> ssl.SSLContext:
    """Settings of a client that trusts the server's certificate."""
    return ssl.create_default_context(cafile=certificate)


@contextmanager
def tls_server(certificate: str, greet: bytes = GREETING) -> Generator[tuple[int, Callable[[], Peer]]]:
    """Listen with TLS; give the port and a function that waits for the next client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> Peer:
            connected, _ = listening.accept()
            connected.settimeout(PATIENCE)
            try:
                peer = Peer(context.wrap_socket(connected, server_side=True))
            except OSError:
                connected.close()
                raise
            peer.send(greet)
            return peer

        accepting = background(accept)
        peers: list[Peer] = []

        def accepted() -> Peer:
            peers.append(accepting.result(PATIENCE))
            return peers[-1]

        try:
            yield listening.getsockname()[1], accepted
        finally:
            for peer in peers:
                peer.close()


def test_a_dialogue_under_tls_is_like_any_other(certificate: str, trusting: ssl.SSLContext) -> None:
    with tls_server(certificate) as (port, accepted), ami.Manager() as manager:
        manager.connect("127.0.0.1", port, PATIENCE, tls=trusting)
        assert manager.get_asterisk_info() == ("Asterisk Call Manager", "9.0.0")
        accepted().serve(lambda request: answer(request["ActionID"], "Success", f"Value: {request['Value']}"))
        for value in ("short", "long" * 500_000):
            assert manager.execute(ami.Request("Echo", Value=value))["Value"] == value


def test_a_link_under_tls_that_drops_is_noticed(certificate: str, trusting: ssl.SSLContext) -> None:
    with tls_server(certificate) as (port, accepted), ami.Manager() as manager:
        manager.connect("localhost", port, PATIENCE, tls=trusting)
        sending = background(manager.send_action, ami.Request("Originate"))
        peer = accepted()
        peer.request()
        peer.close()
        with pytest.raises(ami.OutcomeUnknown):
            sending.result(PATIENCE)
        assert not manager.is_connected()


def test_a_farewell_under_tls_is_the_end_of_the_connection(certificate: str, trusting: ssl.SSLContext) -> None:
    with tls_server(certificate) as (port, accepted), ami.Manager() as manager:
        manager.connect("127.0.0.1", port, PATIENCE, tls=trusting)
        peer: Any = accepted()
        stream = manager.subscribe()
        farewell = background(peer.socket.unwrap)
        with pytest.raises(ami.ConnectionLost, match="the server closed the connection"):
            stream.get(PATIENCE)
        with pytest.raises((OSError, ValueError)):  # the client does not wave back
            farewell.result(PATIENCE)


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: str) -> None:
    with tls_server(certificate) as (port, accepted), ami.Manager() as manager:
        with pytest.raises(ami.ConnectFailed, match=rf"No TLS with 127\.0\.0\.1:{port}: .*CERTIFICATE_VERIFY_FAILED"):
            manager.connect("127.0.0.1", port, PATIENCE, tls=True)
        assert not manager.is_connected()
        with pytest.raises(OSError):
            accepted()


def test_a_certificate_of_another_name_is_refused(certificate: str, trusting: ssl.SSLContext) -> None:
    with tls_server(certificate) as (port, accepted), ami.Manager() as manager:
        with pytest.raises(ami.ConnectFailed, match="No TLS with"):
            manager.connect("127.1", port, PATIENCE, tls=trusting)
        with pytest.raises(OSError):
            accepted()


def test_a_server_without_tls_is_told_apart(server: Server, trusting: ssl.SSLContext) -> None:
    with ami.Manager() as manager, pytest.raises(ami.ConnectFailed, match="No TLS with"):
        manager.connect("127.0.0.1", server.port, PATIENCE, tls=trusting)
    assert server.peer() is not None


def test_a_server_that_never_shakes_hands_is_not_waited_for(trusting: ssl.SSLContext) -> None:
    with Server(b"") as server, ami.Manager() as manager:
        with pytest.raises(ami.ConnectFailed, match="No TLS with"):
            manager.connect("127.0.0.1", server.port, 0.05, tls=trusting)
        assert server.peer() is not None


def test_a_server_that_closes_during_the_handshake_is_a_failed_connection(trusting: ssl.SSLContext) -> None:
    with Server(b"") as server, ami.Manager() as manager:
        connecting = background(manager.connect, "127.0.0.1", server.port, PATIENCE, tls=trusting)
        server.peer().close()
        with pytest.raises(ami.ConnectFailed, match="No TLS with"):
            connecting.result(PATIENCE)


def test_tls_verifies_unless_the_program_brings_settings_of_its_own() -> None:
    context = Target("pbx", 5039, 5, tls=True).context()
    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    own = ssl.create_default_context()
    assert Target("pbx", 5039, 5, tls=own).context() is own
    assert Target("pbx", 5038, 5, tls=False).context() is None
