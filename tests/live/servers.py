"""Starts real Asterisk servers on loopback, or stands for one of the user's: what the live tests run against.

Rules this module owns:

- Every server has a folder of its own in the root file system of its release, so that several run side by side.
- Nothing outlives its server. What a killed run left behind is found by its lock, which nobody holds any more, and
  ended and deleted by the next start.
- A server that has started has fully booted and answers on its manager port; nothing here waits for a fixed time.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tests.live import configuration, rootfs
from tests.live.configuration import HOST, Ports, User
from tests.live.rootfs import LiveServerError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from typing import Self

BOOT_SECONDS = 60
STOP_SECONDS = 15
CONSOLE_LINES = 15
FOREIGN = "AMI_TYPED_LIVE"
FOREIGN_FORM = re.compile(r"(?P<host>\[[^\]]+\]|[^:]+):(?P<port>\d{1,5}):(?P<user>[^:]+):(?P<secret>.+)")

CERTIFICATE = (
    "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "7", "-subj", "/CN=localhost", "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
)  # fmt: skip


class Lacks(Exception):
    """A server does not have what a test needs; the text names it."""


class ForeignServer:
    """A server of the user's, named by AMI_TYPED_LIVE=host:port:user:secret. It is neither started nor stopped.

    Whatever else a server of this project's own has, this one lacks: asking for it raises `Lacks`.

    Attributes:
        host: Its name or address.
        port: The port of its manager interface.
        full: The user to log in as; the tests expect it to read and write everything.
        debian_version: What to call its build.
    """

    debian_version = "not known"

    def __init__(self, description: str) -> None:
        form = FOREIGN_FORM.fullmatch(description)
        if form is None:
            raise LiveServerError(f"{FOREIGN} must read host:port:user:secret, with a number for the port.")
        self.host = form["host"].strip("[]")
        self.port = int(form["port"])
        self.full = User(form["user"], form["secret"])

    @property
    def users(self) -> Mapping[str, User]:
        """Lack the manager users of this project's servers."""
        raise Lacks("the manager users of tests/live/etc, with their secrets")

    @property
    def reader(self) -> User:
        """Lack the user who writes nothing."""
        raise Lacks("the manager users of tests/live/etc, with their secrets")

    @property
    def phone(self) -> User:
        """Lack the SIP and IAX2 accounts."""
        raise Lacks("the SIP and IAX2 accounts of tests/live/etc, with their secret")

    @property
    def ports(self) -> Ports:
        """Lack the ports other than that of the manager interface."""
        raise Lacks("the ports of its other interfaces")

    @property
    def log(self) -> Path:
        """Lack the folder of the server."""
        raise Lacks("access to its files")

    def stop(self) -> None:
        """Lack the right to stop the server."""
        raise Lacks("the right to stop it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the server as it is."""

    def __repr__(self) -> str:
        return f"<ForeignServer {self.host}:{self.port}>"


class Server:
    """An Asterisk of this project's own. Use it as a context manager; `Server.start` makes one.

    Attributes:
        release: The release that was asked for ("22.10.1").
        version: What the running server calls itself ("22.10.1", "16.28.0").
        debian_version: The version of its Debian package.
        host: The loopback address.
        port: The port of its manager interface.
        ports: All its ports.
        full: The manager user that may read and write everything.
        reader: One that may read everything and write nothing.
        clerk: One that handles calls and may not place any.
        users: All manager users by name: full, reader, clerk, filtered, impatient, barred.
        phone: Name ("phone") and secret of the SIP and IAX2 accounts; all share that secret.
        log: The file of its log.
        certificate: The self-signed certificate of its TLS port (PEM).
    """

    host = HOST

    def __init__(self, release: str, localtime: Path | None = None) -> None:
        self.release = release
        self._localtime = localtime
        self.ports = Ports.pick()
        self.port = self.ports.ami
        self.users: Mapping[str, User] = configuration.new_users()
        self.full, self.reader, self.clerk = (self.users[name] for name in ("full", "reader", "clerk"))
        self.phone = User("phone", secrets.token_hex(12))
        self.root = rootfs.ensure(release)
        self._process: subprocess.Popen[bytes] | None = None
        self._home, self._lock = claim_home(self.root)
        self.log = self._home / "log" / "asterisk.log"
        self.certificate = self._home / "etc" / "tls.crt"
        self.debian_version = rootfs.debian_version(self.root)
        self.version = ""

    @classmethod
    def start(cls, release: str, localtime: Path | None = None) -> Self:
        """Start a server of a release and wait until it has fully booted.

        Args:
            release: "22.10.1" or "16.28.0".
            localtime: The file of the time zone that it lives in, instead of UTC.

        Raises:
            LiveServerError: When there is no such server to be had, or it does not boot; says why.
        """
        server = cls(release, localtime)
        try:
            server._configure()
            server.boot()
        except BaseException:
            server.close()
            raise
        return server

    def boot(self) -> None:
        """Start the server again after `stop` or `kill`, with the same ports, users and database; no-op while it runs."""
        if self.is_running():
            return
        with (self._home / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                rootfs.entering(
                    self.root, "asterisk", "-f", "-C", self._inside("etc/asterisk.conf"), localtime=self._localtime
                ),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_booted()
        self._check_banner()
        self.version = self.cli("core show version").split()[1].partition("~")[0].partition("+")[0]

    def stop(self) -> None:
        """Tell the server to stop, as an administrator would, and wait for its end; no-op when it does not run."""
        if self._process is None or not self.is_running():
            return
        self._signal(signal.SIGCONT)
        with suppress(LiveServerError):
            self.cli("core stop now", timeout=STOP_SECONDS)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the server at once, as a crash would, and all it has started; no-op when it does not run."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._wait_until_gone()

    def restart(self) -> None:
        """Stop the server and start it again, with the same ports, users and database."""
        self.stop()
        self.boot()

    @contextmanager
    def frozen(self) -> Generator[None]:
        """Hold the server still for a while: connections stay open, and nothing is answered."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Tell whether the server's process is there."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> None:
        """Wait until the server ends by itself."""
        if self._process is not None:
            self._process.wait()

    def cli(self, command: str, timeout: float = 30) -> str:
        """Run a command of Asterisk's command line and return what it printed.

        Args:
            command: For example "core show channels".
            timeout: Seconds to wait for its end.

        Raises:
            LiveServerError: When the server cannot be reached.
        """
        inside = self._inside("etc/asterisk.conf")
        return rootfs.output_of(self.root, "asterisk", "-C", inside, "-rx", command, timeout=timeout)

    def close(self) -> None:
        """End the server and delete its folder, log included."""
        self.kill()
        with rootfs.locked(self.root.with_suffix(".lock")):
            rootfs.remove(self._home)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop the server and delete its folder, however the block ended."""
        try:
            self.stop()
        finally:
            self.close()

    def __repr__(self) -> str:
        return f"<Server {self.release} {self.host}:{self.port}>"

    def _inside(self, path: str) -> str:
        """Return a path in the server's folder as the server sees it."""
        return f"/{(self._home / path).relative_to(self.root)}"

    def _configure(self) -> None:
        for name in ("cache", "lib/keys", "log", "run", "spool"):
            (self._home / name).mkdir(parents=True)
        (modules,) = (path.parent for path in (self.root / "usr" / "lib").glob("**/asterisk/modules/chan_pjsip.so"))
        configuration.write(
            self._home / "etc",
            self.release,
            configuration.values_for(
                self._inside(""), f"/{modules.relative_to(self.root)}", self.ports, dict(self.users), self.phone
            ),
        )
        key, certificate = self._inside("etc/tls.key"), self._inside("etc/tls.crt")
        rootfs.output_of(self.root, *CERTIFICATE, "-keyout", key, "-out", certificate)

    def _wait_until_booted(self) -> None:
        """Wait until the server says that it has booted; its control socket is not there from the start."""
        assert self._process is not None
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            with suppress(LiveServerError):
                if "fully booted" in self.cli("core waitfullybooted", timeout=BOOT_SECONDS):
                    return
            with suppress(subprocess.TimeoutExpired):
                status = self._process.wait(0.1)
                raise LiveServerError(f"Asterisk {self.release} ended with status {status}:\n{self._console()}")
        raise LiveServerError(f"Asterisk {self.release} did not boot within {BOOT_SECONDS} s:\n{self._console()}")

    def _wait_until_gone(self) -> None:
        """Wait for the end of what the process has started, which may still hold ports and the control socket."""
        assert self._process is not None
        deadline = time.monotonic() + STOP_SECONDS
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.killpg(self._process.pid, 0)
                time.sleep(0.01)

    def _check_banner(self) -> None:
        try:
            with socket.create_connection((self.host, self.port), timeout=STOP_SECONDS) as connection:
                greeting = connection.recv(64)
        except OSError as error:
            raise LiveServerError(f"Asterisk {self.release} runs, but not on port {self.port}: {error}.") from error
        if not greeting.startswith(b"Asterisk Call Manager/"):
            raise LiveServerError(f"Port {self.port} was taken by another program while Asterisk started.")

    def _console(self) -> str:
        """Return the last lines of what the server printed."""
        lines = (self._home / "console.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-CONSOLE_LINES:])

    def _signal(self, number: int) -> None:
        """Send a signal to the server's process group, when it is still there."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)


def targets() -> list[str]:
    """Return what there is to test against, to be given to `start` one by one: the user's server, else every release."""
    if FOREIGN in os.environ:
        foreign = ForeignServer(os.environ[FOREIGN])
        return [f"{foreign.host}:{foreign.port}"]
    return list(rootfs.RECIPES)


def start(target: str) -> Server | ForeignServer:
    """Return the running server that a target names.

    Args:
        target: One of `targets()`.

    Raises:
        LiveServerError: When it cannot be had; says why and what to do.
    """
    if FOREIGN in os.environ:
        return ForeignServer(os.environ[FOREIGN])
    return Server.start(target)


def claim_home(root: Path) -> tuple[Path, TextIO]:
    """Make a folder for one server in a root file system, with a lock that its owner holds; sweep what is left there."""
    with rootfs.locked(root.with_suffix(".lock")):
        sweep(root)
        home = root / "srv" / secrets.token_hex(4)
        home.mkdir(mode=0o700)
        lock = lock_of(home)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return home, lock


def lock_of(home: Path) -> TextIO:
    """Open the lock file of a server's folder."""
    return (home / "lock").open("w")


def sweep(root: Path) -> None:
    """End and delete the servers whose owners are gone: nobody holds their lock."""
    for home in (root / "srv").iterdir():
        with lock_of(home) as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rootfs.say(f"deleting {home}, left behind by a run that was killed")
            kill_servers_in(f"/{home.relative_to(root)}/etc/asterisk.conf")
            rootfs.remove(home)


def kill_servers_in(configuration_file: str) -> None:
    """Kill the processes that were started with a server's configuration file."""
    argument = f"\0{configuration_file}\0".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if argument in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)
