"""A server that is not there yet, or not any more: who waits for it, for how long, and what the others are told."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import Reconnect, actions
from tests.support import PATIENCE, Server, answer, background, tls_server
from tests.test_reconnect import AT_ONCE, NEVER, Asterisk, logged_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from tests.faces import Make

SOON = Reconnect(first=0.002, factor=1, jitter=0, at_start=True)


@pytest.fixture
def absent() -> Iterator[Server]:
    """A server whose port refuses connections until it arrives."""
    with Server(absent=True) as server:
        yield server


def url(server: Server) -> str:
    return f"ami://admin:secret@127.0.0.1:{server.port}?timeout={PATIENCE}"


def attempts(log: pytest.LogCaptureFixture) -> int:
    """Return how many attempts are known to have failed."""
    return sum("The next attempt to connect" in each.message for each in log.records)


def until(log: pytest.LogCaptureFixture, count: int, working: Future[Any]) -> None:
    """Wait until some attempts have failed."""
    while attempts(log) < count:
        assert not working.done(), working.exception()


def while_waited_for(manager: ami.Manager, count: int = 1) -> None:
    """Wait until somebody waits for the connection."""
    hidden: Any = manager
    while len(hidden._waiting) < count:
        background(lambda: None).result(PATIENCE)


# connect()


def test_a_manager_is_entered_once_its_server_is_there(
    absent: Server, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make("from_url", url(absent), reconnect=SOON)
    entering = background(manager.__enter__)
    until(caplog, 3, entering)
    absent.arrive()
    asterisk = Asterisk(absent.peer())
    entering.result(PATIENCE)
    assert asterisk.actions(3) == ["Challenge", "Login", "CoreSettings"]
    assert manager.release == ami.Release(18, 10, 0)


def test_a_connection_to_a_host_is_retried_too_and_restored_later(
    absent: Server, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make(reconnect=SOON)
    connecting = background(manager.connect, "127.0.0.1", absent.port, PATIENCE)
    until(caplog, 2, connecting)
    absent.arrive()
    first = absent.peer()
    connecting.result(PATIENCE)
    first.close()
    absent.peer()
    manager.wait_connected(PATIENCE)
    assert manager.is_connected()


@pytest.mark.parametrize("plan", [None, AT_ONCE])
def test_without_being_asked_for_it_there_is_one_attempt(absent: Server, make: Make, plan: Reconnect | None) -> None:
    manager = make(reconnect=plan)
    with pytest.raises(ami.ConnectFailed, match="Connection refused"):
        manager.connect("127.0.0.1", absent.port, PATIENCE)


@pytest.mark.parametrize(
    ("plan", "failed"),
    [(SOON._replace(attempts=2), 2), (SOON._replace(attempts=0), 0), (SOON._replace(give_up_after=0), 0)],
)
def test_attempts_are_limited_and_the_last_error_is_raised(
    absent: Server, make: Make, caplog: pytest.LogCaptureFixture, plan: Reconnect, failed: int
) -> None:
    manager = make(reconnect=plan)
    with pytest.raises(ami.ConnectFailed, match="Connection refused"):
        manager.connect("127.0.0.1", absent.port, PATIENCE)
    assert attempts(caplog) == failed


def test_attempts_end_when_their_time_is_up(absent: Server, make: Make) -> None:
    manager = make(reconnect=Reconnect(first=3600, ceiling=3600, at_start=True, give_up_after=0.05))
    with pytest.raises(ami.ConnectFailed, match="Connection refused"):
        manager.connect("127.0.0.1", absent.port, PATIENCE)


def test_an_unresolvable_name_is_retried(
    make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ami.ConnectFailed, match="Name or service not known"):
        make(reconnect=SOON._replace(attempts=1)).connect("pbx.example", 5038, PATIENCE)
    assert attempts(caplog) == 1


def test_a_rejected_log_in_is_not_retried(server: Server, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    manager = make("from_url", url(server), reconnect=SOON)
    connecting = background(manager.connect)
    waiting = background(manager.wait_connected, PATIENCE)
    while_waited_for(manager)
    Asterisk(server.peer(), refuses=("Login",))
    for each in (connecting, waiting):
        with pytest.raises(ami.AuthenticationFailed):
            each.result(PATIENCE)
    assert attempts(caplog) == 0
    assert not manager.is_connected()


def test_a_server_that_is_not_asterisk_is_not_retried(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with Server(greeting=b"SSH-2.0-OpenSSH_9.9\r\n") as server:
        with pytest.raises(ami.NotAsterisk) as failed:
            make(reconnect=SOON).connect("127.0.0.1", server.port, PATIENCE)
        assert failed.value.permanent
    assert attempts(caplog) == 0


def test_a_silent_server_is_retried(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with (
        Server(greeting=b"") as server,
        pytest.raises(ami.NotAsterisk, match=r"No greeting from 127\.0\.0\.1:\d+ within"),
    ):
        make(reconnect=SOON._replace(attempts=1)).connect("127.0.0.1", server.port, 0.05)
    assert attempts(caplog) == 1


def test_a_failed_certificate_verification_is_not_retried(
    certificate: str, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with tls_server(certificate) as (port, _), pytest.raises(ami.ConnectFailed, match="certificate") as failed:
        make(reconnect=SOON).connect("localhost", port, PATIENCE, tls=True)
    assert failed.value.permanent
    assert attempts(caplog) == 0


def test_a_link_that_breaks_in_the_log_in_is_a_failed_attempt(
    server: Server, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make("from_url", url(server), reconnect=SOON)
    connecting = background(manager.connect)
    broken = server.peer()
    assert dict(broken.request())["Action"] == "Challenge"
    broken.close()
    asterisk = Asterisk(server.peer())
    connecting.result(PATIENCE)
    assert asterisk.actions(3) == ["Challenge", "Login", "CoreSettings"]
    assert [each.message for each in caplog.records if "Could not log in to 127.0.0.1" in each.message]


def test_a_link_that_breaks_in_the_log_in_carried_nothing_out(server: Server, make: Make) -> None:
    manager = make("from_url", url(server))
    connecting = background(manager.connect)
    server.peer().close()
    with pytest.raises(
        ami.ConnectFailed, match=r"Could not log in to 127\.0\.0\.1|closed the connection before its greeting"
    ):
        connecting.result(PATIENCE)


# Stopping


def test_close_ends_the_attempts(absent: Server, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    manager = make(reconnect=NEVER._replace(at_start=True))
    connecting = background(manager.connect, "127.0.0.1", absent.port, PATIENCE)
    waiting = background(manager.wait_connected)
    until(caplog, 1, connecting)
    while_waited_for(manager, 2)
    manager.close()
    for each in (connecting, waiting):
        with pytest.raises(ami.ConnectionLost, match="the program disconnected"):
            each.result(PATIENCE)


def test_connecting_elsewhere_ends_the_attempts(
    absent: Server, server: Server, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make(reconnect=NEVER._replace(at_start=True))
    connecting = background(manager.connect, "127.0.0.1", absent.port, PATIENCE)
    until(caplog, 1, connecting)
    server.link(manager)
    with pytest.raises(ami.ConnectionLost, match="the program disconnected or connected elsewhere"):
        connecting.result(PATIENCE)
    assert manager.is_connected()


def test_a_signal_handler_may_end_the_attempts(absent: Server, manager: ami.Manager) -> None:
    manager._reconnect = NEVER._replace(at_start=True)

    def close(*_: object) -> None:
        manager.close()

    before = signal.signal(signal.SIGALRM, close)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(ami.ConnectionLost):
            manager.connect("127.0.0.1", absent.port, PATIENCE)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_task_that_keeps_trying_may_be_cancelled_or_given_a_deadline(absent: Server) -> None:
    async def run() -> None:
        manager = ami.AsyncManager(reconnect=NEVER._replace(at_start=True))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await manager.connect("127.0.0.1", absent.port)
        connecting = asyncio.create_task(manager.connect("127.0.0.1", absent.port))
        await asyncio.sleep(0.01)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert not manager._waiting
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


# wait_connected()


def test_waiting_ends_once_the_log_in_is_complete(server: Server, make: Make) -> None:
    manager = make("from_url", url(server))
    waiting = background(manager.wait_connected, PATIENCE)
    while_waited_for(manager)
    connecting = background(manager.connect)
    peer = server.peer()
    request = dict(peer.request())
    assert manager.is_connected()
    assert not waiting.done()
    with pytest.raises(ami.ConnectFailed, match=r"No connection was established within 0\.01 s\. connect\(\) to"):
        manager.wait_connected(0.01)
    peer.send(answer(request["ActionID"], "Success", "Challenge: 123"))
    Asterisk(peer)
    connecting.result(PATIENCE)
    waiting.result(PATIENCE)
    manager.wait_connected(0)


def test_waiting_after_a_loss_ends_with_the_next_connection(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    asterisk = logged_in(server, manager)
    waiting = None
    with manager.subscribe(ami.Disconnected, ami.Reconnected) as notices:
        asterisk.peer.close()
        assert isinstance(notices.get(PATIENCE), ami.Disconnected)
        waiting = background(manager.wait_connected, PATIENCE)
        Asterisk(server.peer())
        waiting.result(PATIENCE)
    assert manager.execute(actions.Ping()).success


def test_waiting_fails_when_reconnecting_is_given_up(server: Server, make: Make) -> None:
    manager = make(reconnect=Reconnect(first=0.3, jitter=0, attempts=1))
    server.link(manager)
    server.close()
    while manager.is_connected():
        background(lambda: None).result(PATIENCE)
    waiting = background(manager.wait_connected, PATIENCE)
    with pytest.raises(ami.ConnectionLost):
        waiting.result(PATIENCE)
    with pytest.raises(ami.NotConnected, match=r"was lost; call connect\(\) to connect again"):
        manager.execute(actions.Ping())


def test_waiting_ends_at_the_time_out(make: Make) -> None:
    with pytest.raises(
        ami.ConnectFailed, match=r"No connection was established within 0\.01 s\. Not connected to a server"
    ):
        make().wait_connected(0.01)


# What the others are told


def test_sending_while_connecting_reports_that(absent: Server, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    manager = make(reconnect=NEVER._replace(at_start=True))
    with pytest.raises(ami.NotConnected, match=r"Not connected to a server; call connect\(\) first"):
        manager.execute(actions.Ping())
    connecting = background(manager.connect, "127.0.0.1", absent.port, PATIENCE)
    until(caplog, 1, connecting)
    for use in (lambda: manager.execute(actions.Ping()), manager.subscribe, manager.wait_until_booted):
        with pytest.raises(ami.NotConnected, match=r"connect\(\) to 127.* has not finished; wait_connected\(\) waits"):
            use()
    manager.close()
    with pytest.raises(ami.ConnectionLost):
        connecting.result(PATIENCE)
    with pytest.raises(ami.NotConnected, match=r"call connect\(\) first"):
        manager.execute(actions.Ping())


def test_sending_after_a_loss_reports_that_the_manager_is_reconnecting(server: Server, make: Make) -> None:
    manager = make(reconnect=NEVER)
    peer = server.link(manager)
    with manager.subscribe(ami.Disconnected) as notices:
        peer.close()
        notices.get(PATIENCE)
    for use in (lambda: manager.execute(actions.Ping()), manager.wait_until_booted, manager.monitor_connection):
        with pytest.raises(ami.NotConnected, match=r"was lost and is being re-established; wait_connected\(\) waits"):
            use()


def test_sending_after_a_permanent_loss_reports_it(server: Server, make: Make) -> None:
    manager = make()
    server.link(manager).close()
    while manager.is_connected():
        background(lambda: None).result(PATIENCE)
    with pytest.raises(ami.NotConnected, match=r"was lost; call connect\(\) to connect again"):
        manager.execute(actions.Ping())


def test_each_failed_attempt_is_logged_as_a_warning(
    absent: Server, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ami.ConnectFailed):
        make(reconnect=SOON._replace(attempts=1)).connect("127.0.0.1", absent.port, PATIENCE)
    (record,) = [each for each in caplog.records if "The next attempt" in each.message]
    assert record.levelno == logging.WARNING
    assert record.message == (
        f"No connection to 127.0.0.1:{absent.port}: Connection refused. The next attempt to connect to "
        f"127.0.0.1:{absent.port} is in 0.00 s."
    )
