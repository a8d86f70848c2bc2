"""What a client learns from a real Asterisk that does not let it in, or not yet: on both faces."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import Reconnect, actions, events
from tests.live import servers
from tests.live.servers import Server
from tests.support import PATIENCE, background

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.faces import Make


@pytest.fixture
def own(server: object) -> Server:
    """A server of ours, whose users and configuration are known."""
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the users and the configuration of our own servers")
    return server


@contextmanager
def configured(server: Server, section: str, line: str) -> Generator[None]:
    """Add a line to the end of a section of manager.conf for a while; the last line of a name counts."""
    file = server.certificate.with_name("manager.conf")
    before = file.read_text("utf-8")
    end = before.index("\n\n", before.index(f"[{section}]\n"))
    try:
        file.write_text(f"{before[:end]}\n{line}{before[end:]}", "utf-8")
        server.cli("manager reload")
        yield
    finally:
        file.write_text(before, "utf-8")
        server.cli("manager reload")


def failures(stream: ami.EventStream[Any], count: int) -> list[tuple[str, str]]:
    found = [stream.get(PATIENCE) for _ in range(count)]
    return [(each.event, each["AccountID"]) for each in found]


def test_failed_log_ins_look_alike_except_in_security_events(own: Server, manager: ami.Manager, make: Make) -> None:
    tried = [("nobody", "x"), ("full", "x"), ("barred", own.users["barred"].secret)]
    with manager.subscribe(events.InvalidAccountID, events.ChallengeResponseFailed, events.FailedACL) as stream:
        sentences: set[str] = set()
        for name, secret in tried:
            with pytest.raises(ami.AuthenticationFailed, match=r"deny, permit, acl\) refuses this address") as failed:
                make("from_url", f"ami://{name}:{secret}@{own.host}:{own.port}").connect()
            sentences.add(str(failed.value))
        assert len(sentences) == 1
        assert failures(stream, 3) == [
            ("InvalidAccountID", "nobody"),
            ("ChallengeResponseFailed", ""),
            ("FailedACL", "barred"),
        ]


def test_a_second_log_in_of_a_single_login_user_is_reported_as_such(own: Server, make: Make) -> None:
    url = f"ami://{own.clerk.name}:{own.clerk.secret}@{own.host}:{own.port}"
    with configured(own, "clerk", "allowmultiplelogin = no"):
        make("from_url", url).connect()
        with pytest.raises(ami.AlreadyLoggedIn):
            make("from_url", url).connect()


def test_connections_beyond_authlimit_are_turned_away(own: Server, make: Make) -> None:
    with configured(own, "general", "authlimit = 1"):
        make("from_url", f"ami://{own.host}:{own.port}").connect()
        with pytest.raises(ami.TurnedAway, match="authlimit"):
            make("from_url", f"ami://{own.host}:{own.port}").connect()


@pytest.mark.parametrize("port", ["http", "ami_tls"])
def test_a_port_for_something_else_is_not_asterisks_manager_interface(own: Server, make: Make, port: str) -> None:
    with pytest.raises(ami.NotAsterisk, match=r"No greeting from 127\.0\.0\.1:\d+ within 1 s"):
        make().connect(own.host, getattr(own.ports, port), 1)


def test_a_url_with_tls_verifies_the_servers_certificate(own: Server, make: Make) -> None:
    url = f"amis://{own.full.name}:{own.full.secret}@{own.host}:{own.ports.ami_tls}"
    manager = make("from_url", f"{url}?cafile={own.certificate}&wait=10")
    manager.connect()
    assert manager.execute(actions.Ping()).success
    with pytest.raises(ami.ConnectFailed, match=r"(?i)certificate.verify.failed"):
        make("from_url", url).connect()


def test_long_and_pipelined_requests_under_tls_are_answered_at_once(own: Server, make: Make) -> None:
    url = f"amis://{own.full.name}:{own.full.secret}@{own.host}:{own.ports.ami_tls}?cafile={own.certificate}&events=off"
    manager = make("from_url", url)
    manager.connect()
    variables = {f"VARIABLE_{number}": "x" * 90 for number in range(14)}
    call = actions.Originate(channel="Local/101@default", application="Wait", data="0", async_=True, variable=variables)
    assert manager.execute(call).success
    requests = [ami.Request("Ping", Filler=["x" * (number * 37 % 900)] * (number % 9)) for number in range(200)]
    calls = [background(manager.execute, call) for _ in range(10)]
    answers = [background(manager.execute, request) for request in requests]
    for each in [*calls, *answers]:
        each.result(PATIENCE)


def test_a_line_of_any_length_is_read_or_refused_under_tls(own: Server, make: Make) -> None:
    url = f"amis://{own.full.name}:{own.full.secret}@{own.host}:{own.ports.ami_tls}?cafile={own.certificate}&events=off"
    manager = make("from_url", url)
    manager.connect()
    for length in (990, 1000, 1022, 1024):
        manager.execute(ami.Request("Ping", X="x" * (length - len("X: \r\n"))))
    for length in (1025, 2047, 2048, 5000):
        with pytest.raises(ami.ActionFailed, match="line too long"):
            manager.execute(ami.Request("Ping", X="x" * (length - len("X: \r\n"))))
        assert manager.execute(actions.Ping()).success


def test_a_user_without_system_events_does_not_receive_fullybooted(own: Server, make: Make) -> None:
    manager = make("from_url", f"ami://{own.clerk.name}:{own.clerk.secret}@{own.host}:{own.port}")
    manager.connect()
    with pytest.raises(ami.StillBooting, match="lack `system`"):
        manager.wait_until_booted(0.2)


@pytest.mark.parametrize("release", servers.targets())
def test_waiting_for_boot_ends_when_every_module_is_loaded(release: str, make: Make) -> None:
    if ":" in release:
        pytest.skip("NOT RUN: kills the server, so only one of our own")
    with servers.start(release) as server:
        assert isinstance(server, Server)
        url = f"ami://{server.full.name}:{server.full.secret}@{server.host}:{server.port}?wait=60"
        manager = make("from_url", url, reconnect=Reconnect(first=0.01, factor=1))
        manager.connect()
        manager.wait_until_booted(0)
        with manager.subscribe(ami.Reconnected) as notices:
            server.kill()
            until_refused(server)
            booting = background(server.boot)
            assert notices.get(3 * PATIENCE).attempts > 1
            assert manager.execute(actions.QueueStatus()).valid  # of app_queue, which is among the last to be loaded
            booting.result(3 * PATIENCE)
        manager.close()


@pytest.mark.parametrize("release", servers.targets())
def test_a_service_that_starts_before_its_server_waits_for_it(release: str, make: Make) -> None:
    if ":" in release:
        pytest.skip("NOT RUN: stops the server, so only one of our own")
    with servers.start(release) as server:
        assert isinstance(server, Server)
        server.stop()
        url = f"ami://{server.full.name}:{server.full.secret}@{server.host}:{server.port}?wait=60"
        manager = make("from_url", url, reconnect=Reconnect(first=0.01, factor=1, at_start=True))
        connecting = background(manager.connect)
        waiting = background(manager.wait_connected, 3 * PATIENCE)
        with pytest.raises(ami.NotConnected, match=r"has not finished|Not connected to a server"):
            manager.execute(actions.Ping())
        server.boot()
        connecting.result(3 * PATIENCE)
        waiting.result(PATIENCE)
        assert manager.execute(actions.QueueStatus()).valid
        manager.close()


def until_refused(server: Server) -> None:
    """Wait until the killed server is gone for good."""
    while True:
        try:
            socket.create_connection((server.host, server.port), PATIENCE).close()
        except ConnectionRefusedError:
            return
        except OSError:
            pass
