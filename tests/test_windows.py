"""What Windows lacks or words in another way: run here without what its Python does not have.

What cannot be had here is its ProactorEventLoop, and sockets that behave as those of Windows.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed._transport import sockets
from ami_typed._transport.reasons import reason_of
from ami_typed._transport.sockets import SynchronisedSocket, hung_up
from tests.support import PATIENCE, Pair, Server, answer, background

if TYPE_CHECKING:
    from tests.faces import Make

NUMBERS = {
    10013: "Permission denied",
    10049: "Cannot assign requested address",
    10051: "Network is unreachable",
    10054: "Connection reset by peer",
    10060: "Connection timed out",
    10061: "Connection refused",
    10065: "No route to host",
    11001: "Host not found",
    11004: "The name has no address of this kind",
}

CONVERSATION = """
import asyncio, concurrent.futures, fcntl, logging, os, queue, select, selectors, signal, socket, ssl, subprocess, sys
import importlib.resources, tempfile, threading, urllib.parse, zoneinfo

loop = asyncio.SelectorEventLoop(selectors.SelectSelector())  # while its pair of sockets can be made

GONE = {
    os: "fork forkpty register_at_fork getuid geteuid getgid setuid setsid killpg getpgid wait wait3 waitid WNOHANG mkfifo "
    "sysconf uname pread pwrite readv writev sendfile openpty fchmod fchown chown posix_spawn sched_yield pidfd_open",
    select: "poll epoll POLLIN POLLOUT POLLERR POLLHUP POLLRDHUP EPOLLIN EPOLLOUT PIPE_BUF",
    socket: "AF_UNIX MSG_DONTWAIT MSG_NOSIGNAL SO_REUSEPORT SCM_RIGHTS CMSG_LEN sethostname AF_NETLINK TCP_USER_TIMEOUT",
    signal: "SIGHUP SIGALRM SIGUSR1 SIGUSR2 SIGPIPE SIGCHLD SIGKILL SIGQUIT alarm pause setitimer getitimer pthread_kill "
    "pthread_sigmask sigwait siginterrupt",
}
for module, names in GONE.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "posix"):
    sys.modules[name] = None

from ami_typed import AsyncManager, ConnectFailed, Manager, actions, events, testing
from ami_typed._transport import sockets, tasks, threads

assert not sockets._AT_ONCE and not hasattr(select, "poll")

SCENARIO = testing.Scenario.of('''
S: Asterisk Call Manager/9.0.0
C: Action: Ping
C: ActionID: {one}
C:
S waits 0.2 s
S: Response: Success
S: ActionID: {one}
S: Ping: Pong
S:
S: Event: Hangup
S: Cause: 16
S:
C: Action: Ping
C: ActionID: {two}
C:
S: Response: Success
S: ActionID: {two}
S: Ping: Pong
S:
C closes
''')

def blocking():
    with testing.StandIn(SCENARIO) as server, Manager() as manager:
        manager.connect(server.host, server.port)
        with manager.subscribe(events.Hangup) as stream:
            assert manager.execute(actions.Ping()).success
            assert stream.get(20).cause == 16
        assert manager.execute(actions.Ping()).success
        manager.close()
        server.finish()

async def evented():
    with testing.StandIn(SCENARIO) as server:
        async with AsyncManager() as manager:
            await manager.connect(server.host, server.port)
            async with manager.subscribe(events.Hangup) as stream:
                assert (await manager.execute(actions.Ping())).success
                assert (await stream.get(20)).cause == 16
            assert (await manager.execute(actions.Ping())).success
        await asyncio.to_thread(server.finish)

def refused():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        try:
            Manager().connect(*reserved.getsockname())
        except ConnectFailed as error:
            assert "refused" in str(error), error

blocking()
refused()
loop.run_until_complete(evented())
loop.run_until_complete(loop.shutdown_default_executor())
loop.close()
print("played")
"""


def test_a_conversation_works_without_features_missing_on_windows() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", CONVERSATION],
        env=os.environ | {"PYTHONPATH": str(Path(ami.__file__).parents[1]), "AMI_TYPED_PURE": "1"},
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("played\n", 0), done.stderr


@pytest.fixture
def of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have sockets waited for and read as on Windows."""
    monkeypatch.delattr(select, "poll")
    monkeypatch.setattr(sockets, "_AT_ONCE", 0)
    monkeypatch.setattr(sockets, "_FLAGS", (0,))


@pytest.mark.usefixtures("of_windows")
def test_reading_and_writing_wait_as_long_as_they_may(pair: Pair) -> None:
    ours, theirs = SynchronisedSocket(pair[0], write_timeout=0.02), pair[1]
    for timeout in (0.01, 0, -1):
        with pytest.raises(TimeoutError, match="nothing was received"):
            ours.read(timeout)
    theirs.sendall(b"one")
    assert ours.read(1e9) == b"one"
    assert not ours.fill_soon()
    assert not hung_up(pair[0].fileno())
    with pytest.raises(TimeoutError, match="the server read nothing"):
        ours.send_message(b"x" * (64 << 20))


@pytest.mark.usefixtures("of_windows")
def test_a_concurrently_closed_socket_is_a_lost_connection(pair: Pair) -> None:
    ours = SynchronisedSocket(pair[0])
    ours.release()
    with pytest.raises(ConnectionError, match="the connection was closed"):
        ours.read(1)


@pytest.mark.usefixtures("of_windows")
def test_requests_of_several_threads_are_answered(server: Server) -> None:
    with ami.Manager() as manager:
        server.link(manager).serve(lambda request: answer(request["ActionID"]))
        asking = [background(lambda: [manager.execute(ami.Request("Ping")) for _ in range(50)]) for _ in range(4)]
        assert all(len(each.result(PATIENCE)) == 50 for each in asking)


@pytest.mark.parametrize(("number", "words"), NUMBERS.items())
def test_an_error_of_winsock_has_words(number: int, words: str) -> None:
    assert reason_of(OSError(number, "A sentence of Windows, as long as it likes.")) == words
    error = OSError(22, "A sentence of Windows, as long as it likes.")
    error.winerror = number  # type: ignore[attr-defined, unused-ignore]  # as Python has it there
    assert reason_of(error) == words


def test_an_error_that_windows_alone_words_has_its_sentence() -> None:
    error = OSError(22, "The semaphore timeout period has expired")
    error.winerror = 121  # type: ignore[attr-defined, unused-ignore]  # as Python has it there
    assert reason_of(error) == "The semaphore timeout period has expired"


def test_other_errors_have_the_words_of_their_system() -> None:
    assert reason_of(ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 5038)")) == os.strerror(111)
    assert reason_of(OSError(113, "Connect call failed ('127.0.0.1', 5038)")) == os.strerror(113)
    assert reason_of(socket.gaierror(-2, "Name or service not known")) == "Name or service not known"
    assert reason_of(UnicodeError("label too long")) == "label too long"
    assert reason_of(TimeoutError()) == ""


def raising(error: OSError) -> Any:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def test_a_refused_connection_is_worded_on_windows(make: Make, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = make()
    long = "No connection could be made because the target machine actively refused it"
    monkeypatch.setattr(socket.socket, "connect", raising(OSError(10061, long)))
    with pytest.raises(ami.ConnectFailed, match=rf"No connection to 127\.0\.0\.1:{server.port}: Connection refused\.$"):
        manager.connect("127.0.0.1", server.port)


def test_an_unknown_name_is_worded_on_windows(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = make()
    monkeypatch.setattr(socket, "getaddrinfo", raising(socket.gaierror(11001, "getaddrinfo failed")))
    with pytest.raises(ami.ConnectFailed, match=r"No connection to pbx\.invalid:5038: Host not found\.$"):
        manager.connect("pbx.invalid")
