"""Connecting as a URL or the environment says, over every kind of address, and what becomes of who cannot: both faces."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import select
import selectors
import socket
import ssl
import sys
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed._transport import sockets as _sockets
from ami_typed._transport import tasks as _tasks
from ami_typed._transport import threads as _threads
from tests.faces import EVERYWHERE, FACES, maker
from tests.support import CERTIFICATE, GREETING, PATIENCE, Peer, Server, answer, background, message, tls_server
from tests.test_reconnect import AT_ONCE, Asterisk, logged_in, told

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from tests.faces import Make


OWN_RESOLVER = pytest.mark.parametrize("make", FACES, indirect=True)
"""Marks what stands in for the resolver, which uvloop brings in C."""


@pytest.fixture(params=EVERYWHERE)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """What makes managers of each face, the one with an event loop on uvloop's too."""
    with maker(request.param) as make_manager:
        yield make_manager


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that vouches for itself, with its key: the server's, and the client's where it shows one."""
    path = tmp_path / "certificate.pem"
    path.write_text(CERTIFICATE, "ascii")
    return path


def url(server: Server, user: str = "", query: str = "") -> str:
    return f"ami://{user and user + '@'}127.0.0.1:{server.port}?timeout={PATIENCE}{query}"


# As a URL or the environment says


def test_a_manager_from_a_url_connects_and_logs_in_when_entered(server: Server, make: Make) -> None:
    manager = make("from_url", url(server, "admin:secret", "&events=call"))
    assert not manager.is_connected()
    entering = background(manager.__enter__)
    asterisk = Asterisk(server.peer())
    assert entering.result(PATIENCE) is not None
    assert manager.release == ami.Release(18, 10, 0)
    login = asterisk.actions(1), asterisk.next()
    assert login[0] == ["Challenge"]
    assert (login[1]["Username"], login[1]["Events"]) == ("admin", "call")
    assert manager.__enter__() is not None  # it stands already
    manager.__exit__(None, None, None)
    assert asterisk.peer.at_end()
    assert not manager.is_connected()


def test_a_manager_of_a_url_connects_without_a_host(server: Server, make: Make) -> None:
    manager = make("from_url", url(server, "admin"), secret="secret", check_releases=False)
    for _ in range(2):  # as often as the program likes
        connecting = background(manager.connect)
        Asterisk(server.peer())
        connecting.result(PATIENCE)
        assert manager.is_connected()
        assert manager.release is not None


def test_a_manager_of_a_url_without_a_user_leaves_the_log_in_to_the_program(server: Server, make: Make) -> None:
    manager = make("from_url", url(server))
    manager.connect()
    asterisk = Asterisk(server.peer())
    manager.login("admin", "secret")
    assert asterisk.actions(3) == ["Challenge", "Login", "CoreSettings"]


def test_a_manager_of_the_environment_connects(server: Server, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {"HOST": "127.0.0.1", "PORT": str(server.port), "TIMEOUT": "20"}.items():
        monkeypatch.setenv(f"AMI_TYPED_{name}", text)
    manager = make("from_env")
    manager.connect()
    assert manager.is_connected()


def test_a_manager_of_a_url_may_be_connected_elsewhere(server: Server, make: Make) -> None:
    manager = make("from_url", "ami://admin:secret@pbx.invalid")
    asterisk = Asterisk(server.link(manager))
    assert manager.execute(ami.Request("Ping")) is not None
    assert asterisk.actions(1) == ["Ping"]


def test_connecting_without_a_host_is_rejected(make: Make) -> None:
    with pytest.raises(ami.AddressError, match="needs a host unless the manager was created with from_url"):
        make().connect()


def test_a_log_in_that_is_refused_leaves_no_connection(server: Server, make: Make) -> None:
    manager = make("from_url", url(server, "admin:secret"))
    entering = background(manager.__enter__)
    asterisk = Asterisk(server.peer(), refuses=("Login",))
    with pytest.raises(ami.AuthenticationFailed, match="secret is wrong") as failed:
        entering.result(PATIENCE)
    assert "secret@" not in str(failed.value)
    assert asterisk.peer.at_end()
    assert not manager.is_connected()


def test_a_url_may_enable_reconnecting_which_repeats_the_log_in(server: Server, make: Make, tmp_path: Path) -> None:
    """The secret's file is read again, so that the secret may have changed."""
    file = tmp_path / "secret"
    file.write_text("stale\n")
    manager = make("from_url", url(server, "admin", f"&reconnect=yes&secret_file={file}"), reconnect=AT_ONCE)
    connecting = background(manager.connect)
    Asterisk(server.peer(), refuses=("Login",))
    with pytest.raises(ami.AuthenticationFailed):
        connecting.result(PATIENCE)
    file.write_text("secret\n")
    connecting = background(manager.connect)
    first = Asterisk(server.peer())
    connecting.result(PATIENCE)
    with manager.subscribe(ami.Reconnected) as notices:
        first.peer.close()
        second = Asterisk(server.peer(), challenge="456")
        told(notices, ami.Reconnected)
    assert second.actions(3) == ["Challenge", "Login", "CoreSettings"]


@pytest.mark.parametrize("face", [ami.Manager, ami.AsyncManager])
def test_a_url_that_asks_for_reconnecting_gives_a_manager_that_does(face: Any) -> None:
    assert face.from_url("ami://pbx?reconnect=yes")._reconnect == ami.Reconnect()
    assert face.from_url("ami://pbx?reconnect=yes", reconnect=AT_ONCE)._reconnect is AT_ONCE
    assert face.from_url("ami://pbx")._reconnect is None


def test_a_secret_may_be_the_path_of_a_file(server: Server, make: Make, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    manager = make()
    Asterisk(server.link(manager))
    manager.login("admin", tmp_path / "secret")
    assert manager.release is not None


def test_the_secret_of_a_url_is_never_shown(
    server: Server, make: Make, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level("DEBUG"):
        manager = make("from_url", url(server, "admin:secret", "&plain=yes"), debug=True)
        connecting = background(manager.connect)
        peer = server.peer()
        request = dict(peer.request())
        assert request["Secret"] == "secret"
        peer.send(answer(request["ActionID"], "Error", "Message: Authentication failed"))
        with pytest.raises(ami.AuthenticationFailed) as failed:
            connecting.result(PATIENCE)
    assert "Login" in caplog.text
    for shown in (caplog.text, repr(failed.value.request), repr(manager), *capsys.readouterr()):
        assert "'secret'" not in shown
        assert "admin:" not in shown


# Addresses


@contextmanager
def listening_on(host: str, family: socket.AddressFamily = socket.AF_INET) -> Generator[socket.socket]:
    with socket.create_server((host, 0), family=family) as listening:
        listening.settimeout(PATIENCE)
        yield listening


def greet_one(listening: socket.socket) -> Peer:
    peer = Peer(listening.accept()[0])
    peer.send(GREETING)
    return peer


def resolve(monkeypatch: pytest.MonkeyPatch, *hosts: str, port: int) -> None:
    """Have the name pbx.example stand for some addresses, in their order."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> list[Any]:
        if host != "pbx.example":
            return real(host, *args, **options)
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (
                families[":" in each],
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (each, port, 0, 0) if ":" in each else (each, port),
            )
            for each in hosts
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.skipif(not socket.has_ipv6, reason="NOT RUN: this Python knows no IPv6")
def test_an_ipv6_address_is_connected_to(make: Make) -> None:
    with listening_on("::1", socket.AF_INET6) as listening:
        port = listening.getsockname()[1]
        accepting = background(greet_one, listening)
        manager = make("from_url", f"ami://[::1]:{port}?timeout={PATIENCE}")
        manager.connect()
        assert manager.get_asterisk_info() is not None
        accepting.result(PATIENCE).close()
    with pytest.raises(ami.ConnectFailed, match=rf"No connection to \[::1\]:{port}: Connection refused\."):
        manager.connect("::1", port, PATIENCE)


@OWN_RESOLVER
def test_of_several_addresses_those_that_refuse_are_passed_over(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, "::1", "127.0.0.2", "127.0.0.1", port=server.port)
    manager = make()
    manager.connect("pbx.example", server.port, PATIENCE)
    assert manager.is_connected()


@OWN_RESOLVER
def test_if_no_address_answers_each_is_reported(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening_on("127.0.0.1") as closed:
        port = closed.getsockname()[1]
    resolve(monkeypatch, "127.0.0.1", "127.0.0.2", port=port)
    sentence = rf"pbx\.example:{port}: 127\.0\.0\.1: Connection refused; 127\.0\.0\.2: Connection refused\."
    with pytest.raises(ami.ConnectFailed, match=sentence):
        make().connect("pbx.example", port, PATIENCE)


@contextmanager
def black_hole() -> Generator[int]:
    """A port whose queue of connections is full: further ones are not answered."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.2", 0))
        listening.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@OWN_RESOLVER
def test_an_address_that_never_answers_has_its_part_of_the_time_out_only(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with black_hole() as port, socket.create_server(("127.0.0.1", port)) as listening:
        listening.settimeout(PATIENCE)
        accepting = background(greet_one, listening)
        resolve(monkeypatch, "127.0.0.2", "127.0.0.1", port=port)
        manager = make()
        manager.connect("pbx.example", port, 2.0)
        assert manager.is_connected()
        accepting.result(PATIENCE).close()


def test_a_silent_peer_is_not_awaited_beyond_the_time_out(make: Make) -> None:
    with black_hole() as port, pytest.raises(ami.ConnectFailed, match=r"no answer within 0\.05 s\."):
        make().connect("127.0.0.2", port, 0.05)


def test_an_unknown_name_is_a_failed_connection(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*args: Any, **options: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ami.ConnectFailed, match=r"No connection to pbx\.example:5038: Name or service not known\."):
        make().connect("pbx.example")


@OWN_RESOLVER
def test_an_address_of_a_family_that_this_machine_does_not_speak_is_passed_over(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.socket

    class Old(socket.socket):
        def __new__(cls, family: int = -1, *args: Any, **options: Any) -> Any:
            if family == socket.AF_INET6:
                raise OSError(97, "Address family not supported by protocol")
            return real(family, *args, **options)

    resolve(monkeypatch, "::1", "127.0.0.1", port=server.port)
    manager = make()
    monkeypatch.setattr(socket, "socket", Old)
    manager.connect("pbx.example", server.port, PATIENCE)
    monkeypatch.undo()
    assert manager.is_connected()


# The system's own watch


def kept_alive(manager: ami.Manager) -> socket.socket:
    transport: Any = manager.get_connection()
    connected: socket.socket = getattr(transport, "_socket", None) or transport.get_extra_info("socket")
    return connected


def test_the_system_finds_out_a_peer_that_vanished_within_two_minutes(server: Server, make: Make) -> None:
    manager = make()
    server.link(manager)
    connected = kept_alive(manager)
    assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    names = [name for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT") if hasattr(socket, name)]
    values = {name: connected.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names}
    assert values == dict(zip(names, (60, 10, 6), strict=False))
    if len(names) == 3:
        assert values["TCP_KEEPIDLE"] + values["TCP_KEEPINTVL"] * values["TCP_KEEPCNT"] <= 120


# Who is there, and is not Asterisk's Manager Interface


def test_closing_before_the_greeting_turns_the_client_away(make: Make) -> None:
    with Server(b"") as server:
        connecting = background(make().connect, "127.0.0.1", server.port, PATIENCE)
        server.peer().close()
        with pytest.raises(
            ami.TurnedAway, match=r"^127\.0\.0\.1:\d+ closed the connection before its greeting: .*authlimit"
        ):
            connecting.result(PATIENCE)


def test_a_connection_broken_before_the_greeting_has_failed(make: Make) -> None:
    with Server(b"Aster") as server:
        connecting = background(make().connect, "127.0.0.1", server.port, PATIENCE)
        server.peer().reset()
        with pytest.raises(ami.ConnectFailed, match=r"127\.0\.0\.1:.*reset") as failed:
            connecting.result(PATIENCE)
        assert type(failed.value) is ami.ConnectFailed


def test_a_silent_server_is_not_asterisk_and_may_expect_tls(make: Make) -> None:
    """So does a web server, which waits for a request, and a port for TLS, which waits for a handshake."""
    with (
        Server(b"") as server,
        pytest.raises(ami.NotAsterisk, match=r"No greeting from 127\.0\.0\.1:\d+ within 0\.05 s\. .*TLS"),
    ):
        make().connect("127.0.0.1", server.port, 0.05)


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2p1\r\n"])
def test_another_greeting_is_not_asterisks(make: Make, greeting: bytes) -> None:
    with Server(greeting) as server, pytest.raises(ami.NotAsterisk, match=r"its greeting is '(HTTP|SSH)"):
        make().connect("127.0.0.1", server.port, PATIENCE)


# Under TLS


@pytest.mark.parametrize("at_once", [1, 20])
def test_requests_under_tls_go_out_in_records_that_asterisk_reads_whole(
    certificate: Path, make: Make, at_once: int
) -> None:
    requests = [ami.Request("Originate", Variable=["x" * 90] * (12 + number)) for number in range(at_once)]
    sizes: list[int] = []

    def serve(peer: Peer) -> None:
        data = b""
        while not data.endswith(b"\r\n\r\n") or data.count(b"\r\n\r\n") < at_once:
            record = peer.socket.recv(65536)  # OpenSSL hands out one record at a time
            sizes.append(len(record))
            data += record
        for action_id in re.findall(rb"ActionID: (\S+)", data):
            peer.send(answer(action_id.decode()))

    with tls_server(str(certificate)) as (port, accepted):
        manager = make()
        manager.connect("127.0.0.1", port, PATIENCE, tls=ssl.create_default_context(cafile=certificate))
        serving = background(serve, accepted())
        for sending in [background(manager.execute, request) for request in requests]:
            assert sending.result(PATIENCE)["Response"] == "Success"
        serving.result(PATIENCE)
    assert max(sizes) <= 1000


# The log-in


def test_a_log_in_that_is_not_answered_is_given_up(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    with pytest.raises(ami.ActionTimeout, match=r"Challenge .* received no answer within 0\.05 s"):
        manager.login("admin", "secret", timeout=0.05)
    assert dict(peer.request())["Action"] == "Challenge"


def test_a_second_log_in_of_a_single_login_user_is_rejected(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    peer.serve(lambda request: answer(request["ActionID"], "Error", "Message: Login Already In Use"))
    with pytest.raises(ami.AlreadyLoggedIn, match="Asterisk refused Challenge: Login Already In Use"):
        manager.login("admin", "secret")


# Still booting


def booted(asterisk: Asterisk) -> None:
    asterisk.peer.send(message("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted"))


def test_a_server_that_was_booted_at_the_log_in_is_not_waited_for(server: Server, make: Make) -> None:
    manager = make()
    asterisk = logged_in(server, manager)
    booted(asterisk)
    manager.wait_until_booted(PATIENCE)
    manager.wait_until_booted(0)


def test_waiting_for_boot_ends_when_the_server_has_booted(server: Server, make: Make) -> None:
    manager = make()
    asterisk = logged_in(server, manager)
    waiting = [background(manager.wait_until_booted, PATIENCE) for _ in range(3)]
    connection: Any = manager._connection
    while len(connection.session.boot_waiters) < 3:
        background(lambda: None).result(PATIENCE)
    booted(asterisk)
    for each in waiting:
        each.result(PATIENCE)
    assert not connection.session.boot_waiters


def test_a_server_that_does_not_report_fullybooted_is_still_booting(server: Server, make: Make) -> None:
    manager = make()
    logged_in(server, manager)
    with pytest.raises(ami.StillBooting, match=r"within 0\.02 s .*lack `system`") as still:
        manager.wait_until_booted(0.02)
    assert still.value.timeout == 0.02
    connection: Any = manager._connection
    assert not connection.session.boot_waiters
    assert manager.is_connected()


def test_waiting_for_boot_fails_when_the_server_goes_down(server: Server, make: Make) -> None:
    manager = make()
    asterisk = logged_in(server, manager)
    waiting = background(manager.wait_until_booted, PATIENCE)
    connection: Any = manager._connection
    while not connection.session.boot_waiters:
        background(lambda: None).result(PATIENCE)
    asterisk.peer.close()
    with pytest.raises(ami.ConnectionLost):
        waiting.result(PATIENCE)


def test_waiting_without_a_connection_is_rejected(make: Make) -> None:
    with pytest.raises(ami.NotConnected):
        make().wait_until_booted()


def test_waiting_for_boot_is_repeated_after_a_reconnect(server: Server, make: Make) -> None:
    """Else who resynchronises then would ask for what the server does not have yet."""
    manager = make(reconnect=AT_ONCE)
    first = Asterisk(server.link(manager))
    logging_in = background(manager.login, "admin", "secret", wait=PATIENCE)
    assert first.actions(2) == ["Challenge", "Login"]
    booted(first)
    logging_in.result(PATIENCE)
    with manager.subscribe(ami.Reconnected) as notices:
        first.peer.close()
        second = Asterisk(server.peer())
        assert second.actions(2) == ["Challenge", "Login"]
        with pytest.raises(ami.EventTimeout):
            notices.get(0.05)
        booted(second)
        told(notices, ami.Reconnected)


# TLS with certificates of both sides


@contextmanager
def asking_for_a_certificate(certificate: Path) -> Generator[tuple[int, Callable[[], Peer]]]:
    """Listen with TLS, and let in only who shows the certificate; give the port and what waits for the next client."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate))
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with listening_on("127.0.0.1") as listening, contextlib.ExitStack() as stack:

        def accept() -> Peer:
            connected = listening.accept()[0]
            connected.settimeout(PATIENCE)
            try:
                peer = Peer(context.wrap_socket(connected, server_side=True))
            except OSError:
                connected.close()
                raise
            stack.callback(peer.close)
            peer.send(GREETING)
            return peer

        accepting = background(accept)
        yield listening.getsockname()[1], lambda: accepting.result(PATIENCE)


def test_a_client_certificate_is_sent_on_request(certificate: Path, make: Make) -> None:
    with asking_for_a_certificate(certificate) as (port, accepted):
        query = f"timeout={PATIENCE}&cafile={certificate}&certfile={certificate}"
        manager = make("from_url", f"amis://127.0.0.1:{port}?{query}")
        manager.connect()
        peer = accepted()
        assert isinstance(peer.socket, ssl.SSLSocket)
        shown = peer.socket.getpeercert()
        assert shown is not None
        assert shown["subject"] == ((("commonName", "ami-typed test"),),)
        peer.serve(lambda request: answer(request["ActionID"]))
        assert manager.execute(ami.Request("Ping")) is not None
        manager.close()


def test_a_missing_client_certificate_is_rejected(certificate: Path, make: Make) -> None:
    with asking_for_a_certificate(certificate) as (port, accepted):
        manager = make("from_url", f"amis://127.0.0.1:{port}?timeout={PATIENCE}&cafile={certificate}")
        with pytest.raises(
            ami.ConnectFailed, match=r"(?i)broke before the greeting: .*certificate.required|turned away"
        ):
            manager.connect()
        with pytest.raises(OSError, match=r"(?i)did not return a certificate"):
            accepted()


def no_tls(port: int, reason: str) -> str:
    return rf"^No TLS with 127\.0\.0\.1:{port}: {reason}\.$"


def test_a_server_without_tls_has_its_own_error_message(server: Server, certificate: Path, make: Make) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    with pytest.raises(
        ami.ConnectFailed, match=no_tls(server.port, "wrong version number; this may be a port without TLS")
    ):
        make().connect("127.0.0.1", server.port, PATIENCE, tls=trusting)


def test_an_unverifiable_certificate_fails_the_handshake(certificate: Path, make: Make) -> None:
    with tls_server(str(certificate)) as (port, accepted):
        with pytest.raises(ami.ConnectFailed, match=no_tls(port, r".*certificate verify failed.*")):
            make().connect("127.0.0.1", port, PATIENCE, tls=True)
        with pytest.raises(OSError):
            accepted()


def test_an_unanswered_handshake_fails(certificate: Path, make: Make) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    with silent, pytest.raises(ami.ConnectFailed, match=no_tls(port, r"no answer within 0\.1 s")):
        make().connect("127.0.0.1", port, 0.1, tls=trusting)


def test_a_server_that_closes_during_the_handshake_fails_it(certificate: Path, make: Make) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    with Server(b"") as server:
        connecting = background(make().connect, "127.0.0.1", server.port, PATIENCE, tls=trusting)
        peer = server.peer()
        assert peer.socket.recv(10_000)
        peer.close()
        with pytest.raises(ami.ConnectFailed, match=no_tls(server.port, "the server closed the connection")):
            connecting.result(PATIENCE)


def test_an_unreadable_certificate_is_reported_before_connecting(make: Make, tmp_path: Path) -> None:
    manager = make("from_url", f"amis://pbx.invalid?cafile={tmp_path}/gone.pem")
    with pytest.raises(ami.ConnectFailed, match=r"cannot use .*gone\.pem: No such file"):
        manager.connect()


# A reader that rests


@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_paused_reader_notices_that_the_server_has_closed(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """It reads on then, so that what came before is not lost, and finds the end."""
    for module in (_tasks, _threads):
        monkeypatch.setattr(module, "_GLANCE", 0.01)
    entered, leave = threading.Event(), threading.Event()
    heard: SimpleQueue[Any] = SimpleQueue()

    def slow(event: ami.Event, manager: object) -> Any:
        heard.put(event)
        entered.set()
        if isinstance(manager, ami.AsyncManager):
            return asyncio.to_thread(leave.wait, PATIENCE)
        return leave.wait(PATIENCE)

    manager = make(limits=ami.Limits(events=20), overflow=ami.Overflow.block(100 * PATIENCE))
    manager.register_callback("Gadget", slow)
    peer = server.link(manager)
    with manager.subscribe(ami.Disconnected) as stream:
        peer.send(message("Event: Gadget", "Size: 0"))
        assert entered.wait(PATIENCE)
        peer.send(*(message("Event: Gadget", f"Size: {size}") for size in range(1, 15)))
        await_rest(manager)
        getattr(peer, way)()
        assert isinstance(stream.get(PATIENCE), ami.Disconnected)
        assert not manager.is_connected()
        leave.set()
    assert [heard.get(timeout=PATIENCE)["Size"] for _ in range(15)] == [str(size) for size in range(15)]


def await_rest(manager: ami.Manager) -> None:
    """Wait until the reader rests: the callbacks are far behind and nothing is asked for."""
    audience: Any = manager._audience
    while not audience.dispatcher._backlog.crowded:
        background(lambda: None).result(PATIENCE)
    connection: Any = manager._connection
    while isinstance(connection, _tasks.Connection) and connection._resting is None:
        background(lambda: None).result(PATIENCE)


def test_hung_up_peers_are_recognised() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not _sockets.hung_up(ours.fileno())
        theirs.sendall(b"unread")
        assert not _sockets.hung_up(ours.fileno())
        theirs.close()
        assert _sockets.hung_up(ours.fileno())


def test_without_poll_a_hang_up_is_found_out_by_reading_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        assert not _sockets.hung_up(ours.fileno())
        with selectors.DefaultSelector() as selector:
            selector.register(ours, selectors.EVENT_READ)
            assert selector.select(PATIENCE)


# One time-out for the whole of it


def dribble(listening: socket.socket, octets: bytes, certificate: Path | None = None) -> int:
    """Send a client the beginning of something, and then a byte each hundredth of a second; return how many it took."""
    connected, _ = listening.accept()
    sent = 0
    with contextlib.suppress(OSError), connected:  # a client that has given up, in the handshake on a busy machine
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            connected = socket.socket(fileno=context.wrap_socket(connected, server_side=True).detach())
        with connected:
            connected.sendall(octets)
            while sent < 2000:
                threading.Event().wait(0.01)
                sent += connected.send(b"x")
    return sent


DRIBBLED = {"greeting": b"Asterisk", "handshake": b"\x16\x03\x03\x40\x00", "record": b"\x17\x03\x03\x40\x00"}


@pytest.mark.parametrize("what", DRIBBLED)
def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(make: Make, certificate: Path, what: str) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served_with = certificate if what == "record" else None
        dribbling = background(dribble, listening, DRIBBLED[what], served_with)
        with pytest.raises(ami.ConnectFailed):
            make().connect("127.0.0.1", listening.getsockname()[1], 0.2, tls=what != "greeting" and trusting)
        assert dribbling.result(PATIENCE) < 1000  # of 2,000, which it would have waited for


def test_the_greeting_has_the_time_left_after_a_slow_handshake(make: Make, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(listening: socket.socket) -> None:
        connected, _ = listening.accept()
        connected.settimeout(PATIENCE)
        with connected:
            threading.Event().wait(0.6)
            with context.wrap_socket(connected, server_side=True) as under_tls:
                threading.Event().wait(0.6)
                with contextlib.suppress(OSError):
                    under_tls.sendall(GREETING)
                    while under_tls.recv(100):
                        pass

    trusting = ssl.create_default_context(cafile=certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = background(serve, listening)
        with pytest.raises(ami.NotAsterisk, match=r"No greeting from 127\.0\.0\.1:\d+ within 1 s"):
            make().connect("127.0.0.1", listening.getsockname()[1], 1, tls=trusting)
        serving.result(PATIENCE)


@OWN_RESOLVER
def test_a_name_server_that_does_not_answer_is_not_waited_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if host == "pbx.example" and not options.get("flags"):
            answered.wait(PATIENCE)
        return real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    manager = make()
    try:
        with pytest.raises(ami.ConnectFailed, match=r"No connection to pbx\.example:5038: no answer within 0\.1 s\."):
            manager.connect("pbx.example", 5038, 0.1)
    finally:
        answered.set()


def test_subscribing_while_another_thread_connects_succeeds_or_is_rejected(make: Make, server: Server) -> None:
    manager = make()
    server.link(manager)
    made = itertools.count(1)

    def connect() -> None:
        while next(made) < 400:
            with contextlib.suppress(ami.ConnectionLost):  # the other one was faster
                manager.connect("127.0.0.1", server.port, PATIENCE)
            manager.disconnect()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        connecting = [background(connect) for _ in range(2)]
        while not all(each.done() for each in connecting):
            with contextlib.suppress(ami.NotConnected):
                manager.subscribe(ami.Event).close()
    finally:
        sys.setswitchinterval(interval)
    for each in connecting:
        each.result(PATIENCE)
    with pytest.raises(ami.NotConnected, match="call connect"):
        manager.subscribe(ami.Event)


def test_each_face_is_played_with_its_own_kind_of_connection(
    server: Server, make: Make, request: pytest.FixtureRequest
) -> None:
    manager = make()
    server.link(manager)
    face: str = request.node.callspec.params["make"]
    assert type(manager.get_connection()).__module__.startswith({"threads": "ami_typed"}.get(face, face))
