"""What several tests share: bytes as Asterisk sends them, hand-made classes, and a server that the test drives.

Nothing here waits for time to pass. `PATIENCE` only bounds how long a test that has failed goes on.
"""

from __future__ import annotations

import contextlib
import io
import os
import queue
import socket
import ssl
import struct
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

import ami_typed as ami
from ami_typed import _speed
from ami_typed.fields import Always, Repeated, Sometimes
from ami_typed.values import epoch, integer, text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds after which something that was to happen at once is taken to have failed."""

GREETING = b"Asterisk Call Manager/9.0.0\r\n"

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


def message(*lines: str) -> bytes:
    """Write one message as Asterisk does, with the empty line that ends it."""
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("utf-8", "surrogateescape")


def answer(action_id: str, response: str = "Success", *lines: str) -> bytes:
    """Write the answer to a request."""
    return message(f"Response: {response}", f"ActionID: {action_id}", *lines)


def unread(*lines: str, cls: type[ami.Event] = ami.Event) -> Any:
    """Make an event as the session does: not parsed yet."""
    octets = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    return _speed.make_message(cls, octets, lines[0].partition(": ")[2])


class Gadget(ami.Event):
    """An event that no Asterisk sends."""

    __slots__ = ()

    size = Always("Size", integer)
    colour = Sometimes("Colour", text, none=("<unknown>",))
    made = Sometimes("Made", epoch, none=("0",))
    parts = Repeated("Part", integer)


class GadgetsComplete(ami.Event):
    """The end of a list that no Asterisk has."""

    __slots__ = ()


class Gadgets(ami.Aggregate):
    """A list that no Asterisk has."""

    __slots__ = ()

    repeatable = ("Gadget",)

    @property
    def gadgets(self) -> list[Gadget]:
        """The items."""
        return self[Gadget]

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, key: type[Gadget], /) -> list[Gadget]: ...
        @overload
        def __getitem__(self, key: type[GadgetsComplete], /) -> GadgetsComplete: ...
        @overload
        def __getitem__(self, key: str, /) -> Any: ...
        def __getitem__(self, key: Any, /) -> Any: ...


class ListGadgets(ami.ListRequest[Gadgets]):
    """An action that no Asterisk has."""

    __slots__ = ()

    list_ends = ("GadgetsDone",)

    def __init__(self) -> None:
        super().__init__("ListGadgets")

    @classmethod
    def list_class(cls) -> type[Gadgets]:
        """Return the list's class."""
        return Gadgets


class QuietList(ListGadgets):
    """A list whose answer does not say that a list follows."""

    __slots__ = ()

    list_announced: ClassVar[bool] = False


class RawText(ami.Request[ami.Message]):
    """An action that is answered with text alone."""

    __slots__ = ()

    raw_text: ClassVar[bool] = True


KNOWN_EVENTS: Mapping[str, tuple[str, str]] = {
    "gadget": (__name__, "Gadget"),
    "gadgetscomplete": (__name__, "GadgetsComplete"),
}
"""What the registry has to hold for these classes; see the fixture `gadgets`."""


def background(function: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:
    """Call a function in a thread of its own."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def in_a_fresh_process(program: str) -> list[str]:
    """Run a program in a new Python that finds the same `ami_typed`; return the words it prints."""
    source = str(Path(ami.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": source},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


def echo(request: Mapping[str, str]) -> bytes:
    """Answer any request with success and its own headers."""
    return answer(request["ActionID"], "Success", *(f"{k}: {v}" for k, v in request.items() if k != "ActionID"))


class Heard(queue.SimpleQueue[Any]):
    """A callback that keeps what it was called with."""

    def __call__(self, event: Any, manager: object) -> None:
        self.put(event)

    def next(self) -> Any:
        """Return the next event, once it came."""
        return self.get(timeout=PATIENCE)


class Peer:
    """The server's end of one connection."""

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(PATIENCE)
        self.socket = connected
        self._file = io.BufferedReader(
            connected.makefile("rb", buffering=0), 8192
        )  # from 3.14 on it would be 128 KiB by default

    def send(self, *octets: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(b"".join(octets))

    def request(self) -> list[tuple[str, str]]:
        """Read one request, header by header; nothing where the client closes before the request ends."""
        lines: list[str] = []
        for line in self._file:
            if line == b"\r\n":
                break
            lines.append(line.decode().rstrip("\r\n"))
        else:
            return []
        return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]

    def action_id(self) -> str:
        """Read one request and return its ActionID."""
        return dict(self.request())["ActionID"]

    def at_end(self) -> bool:
        """Whether the client has closed, once it has."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True

    def serve(self, reply: Callable[[dict[str, str]], bytes]) -> None:
        """Answer every request, until the client closes."""

        def run() -> None:
            try:
                while request := self.request():
                    self.send(reply(dict(request)))
            except (OSError, ValueError):  # one of the two ends was closed meanwhile
                return

        threading.Thread(target=run, daemon=True).start()

    def close(self) -> None:
        """Close the connection in the usual way."""
        with contextlib.suppress(OSError):  # the client was faster
            self.socket.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self.socket.close()

    def reset(self) -> None:
        """Close the connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._file.close()
        self.socket.close()


class Server:
    """A server on loopback that greets and else does what the test says.

    Args:
        greeting: What it greets with.
        absent: Whether its port refuses connections until `arrive`.
    """

    def __init__(self, greeting: bytes = GREETING, *, absent: bool = False) -> None:
        self._greeting = greeting
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        self._peers: queue.Queue[Peer] = queue.Queue()
        self._all: list[Peer] = []
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        if not absent:
            self.arrive()

    def arrive(self) -> None:
        """Begin to listen."""
        self._listening.listen()
        self._thread.start()

    def _accept(self) -> None:
        for connected in self._connections():
            peer = Peer(connected)
            self._all.append(peer)
            with contextlib.suppress(OSError):  # the client was faster
                peer.send(self._greeting)
            self._peers.put(peer)

    def _connections(self) -> Iterator[socket.socket]:
        try:
            while True:
                yield self._listening.accept()[0]
        except OSError:
            return

    def peer(self) -> Peer:
        """Return the next connection that a client has made."""
        return self._peers.get(timeout=PATIENCE)

    def link(self, manager: ami.Manager, timeout: float = PATIENCE) -> Peer:
        """Connect a manager; return the server's end of the connection."""
        manager.connect("127.0.0.1", self.port, timeout)
        return self.peer()

    def close(self) -> None:
        """Close every connection and stop listening."""
        with contextlib.suppress(OSError):  # not on every system
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE)
        for peer in self._all:
            peer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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


Pair = tuple[Meddled, socket.socket]
"""Our end of a connection, and the other."""


def once(error: BaseException) -> Callable[[], None]:
    """Make a function that raises when it is first called."""
    errors = [error]

    def raising() -> None:
        if errors:
            raise errors.pop()

    return raising


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
