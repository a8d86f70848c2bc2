"""The sockets of the blocking face: each byte once, whoever writes, with a descriptor that stays one's own."""

from __future__ import annotations

import select
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed._transport.sockets import SynchronisedSocket
from tests.support import PATIENCE, Pair, Server, answer, background, once, tls_server

if TYPE_CHECKING:
    from collections.abc import Callable


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


# The socket by itself


def test_a_message_is_written_whole_and_read_as_it_arrives(pair: Pair) -> None:
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
        with pytest.raises(TimeoutError, match="nothing was received"):
            SynchronisedSocket(pair[0]).read(timeout)


def test_reading_continues_after_another_thread_took_the_data(pair: Pair) -> None:
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


def test_a_message_during_another_write_is_queued_and_its_sender_continues(pair: Pair) -> None:
    ours, theirs = SynchronisedSocket(pair[0]), pair[1]
    pair[0].before_send = each_once(lambda: ours.send_message(b"two "), lambda: ours.send_message(b"three"))
    ours.send_message(b"one ")
    assert b"".join(theirs.recv(4) for _ in range(4)) == b"one two three"


def test_a_withdrawn_message_is_not_sent(pair: Pair) -> None:
    ours, theirs = SynchronisedSocket(pair[0]), pair[1]
    pair[0].before_send = each_once(lambda: ours.send_message(b"two", lambda: False))
    ours.send_message(b"one")
    ours.send_message(b"three")
    assert theirs.recv(3) + theirs.recv(5) == b"onethree"


def test_closing_is_seen_by_both_sides_and_is_idempotent(pair: Pair) -> None:
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


def test_closing_wakes_blocked_writers(pair: Pair) -> None:
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


def test_without_poll_select_is_used(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    ours, theirs = SynchronisedSocket(pair[0], write_timeout=0.02), pair[1]
    with pytest.raises(TimeoutError):
        ours.read(0.01)
    theirs.sendall(b"two")
    assert ours.read(None) == b"two"
    with pytest.raises(TimeoutError):
        ours.send_message(b"x" * (64 << 20))


# Under TLS


@pytest.fixture
def trusting(certificate: str) -> ssl.SSLContext:
    """Settings of a client that trusts the server's certificate."""
    return ssl.create_default_context(cafile=certificate)


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


def test_an_untrusted_certificate_is_rejected(certificate: str) -> None:
    with tls_server(certificate) as (port, accepted), ami.Manager() as manager:
        with pytest.raises(ami.ConnectFailed, match=rf"No TLS with 127\.0\.0\.1:{port}: .*certificate verify failed"):
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


def test_a_server_without_tls_has_its_own_error_message(server: Server, trusting: ssl.SSLContext) -> None:
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
