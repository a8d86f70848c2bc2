"""A TCP proxy that does to the bytes of a server what networks and broken peers do.

    with Proxy(server.port, one_by_one) as proxy:
        manager.connect("127.0.0.1", proxy.port)

A fault is a function from the bytes that the server sends to the pieces that the client gets, one after the other; what
it is to do besides is a method of the proxy. Only `Delayed` waits for time to pass.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
from typing import TYPE_CHECKING

from tests.support import GREETING, PATIENCE, Gadget, ListGadgets, answer, background, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    import ami_typed as ami
    from tests.support import Peer, Server

    Fault = Callable[[bytes], Iterable[bytes]]


def untouched(octets: bytes) -> Iterable[bytes]:
    """Let everything through as it comes."""
    return (octets,)


def one_by_one(octets: bytes) -> Iterable[bytes]:
    """Send each byte by itself."""
    return (octets[place : place + 1] for place in range(len(octets)))


class SplitAt:
    """Sends what comes in two pieces, the first of so many bytes of the whole stream."""

    def __init__(self, place: int) -> None:
        self._left = place

    def __call__(self, octets: bytes) -> Iterable[bytes]:
        first, self._left = self._left, max(0, self._left - len(octets))
        return (piece for piece in (octets[:first], octets[first:]) if piece)


class Delayed:
    """Sends each byte by itself, so many seconds behind the one before: it is read before the next one comes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, octets: bytes) -> Iterable[bytes]:
        for piece in one_by_one(octets):
            threading.Event().wait(self._seconds)
            yield piece


class Proxy:
    """Stands between clients and a server, and meddles with what the server sends.

    Args:
        port: The server's port on loopback.
        fault: What becomes of the server's bytes.
        sip: How many bytes of a client are read at once; few make it a slow reader, with little room besides.
    """

    def __init__(self, port: int, fault: Fault = untouched, *, sip: int = 65536) -> None:
        self._server = port
        self._fault = fault
        self._sip = sip
        self._listening = socket.create_server(("127.0.0.1", 0))
        if sip < 65536:
            self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, sip)
        self.port: int = self._listening.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._forgotten = False
        self._sockets: list[socket.socket] = []
        self._clients: list[socket.socket] = []
        self._servers: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    # What can be done to a connection

    def swallow(self) -> None:
        """Let nothing through any more, in either direction, and say nothing: a black hole."""
        self._open.clear()

    def hold(self) -> None:
        """Hold back what the server sends, until `let_go`."""
        self._flowing.clear()

    def let_go(self) -> None:
        """Send on what was held back, and what comes."""
        self._flowing.set()

    def forget(self) -> None:
        """Leave the client with a half-open connection: nobody is there, which it is told when it sends something."""
        self._forgotten = True
        self._servers[-1].shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End the client's connection with a reset."""
        client = self._clients[-1]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.shutdown(socket.SHUT_RD)  # else who reads it would keep it open
        client.close()

    def half_close(self) -> None:
        """Send no more to the client, and still listen to it."""
        self._clients[-1].shutdown(socket.SHUT_WR)

    def inject(self, octets: bytes) -> None:
        """Send the client what its server never said."""
        self._clients[-1].sendall(octets)

    # The traffic

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listening.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._server), PATIENCE)
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    each.settimeout(None)
                self._sockets += [client, server]
                self._clients.append(client)
                self._servers.append(server)
                self._start(self._down, server, client)
                self._start(self._up, client, server)

    def _start(
        self, pump: Callable[[socket.socket, socket.socket], None], source: socket.socket, target: socket.socket
    ) -> None:
        thread = threading.Thread(target=pump, args=(source, target), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for octets in iter(lambda: server.recv(65536), b""):
                for piece in self._fault(octets):
                    self._flowing.wait()
                    if not self._open.is_set():
                        return
                    client.sendall(piece)
            if not self._forgotten:
                client.shutdown(socket.SHUT_WR)

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for octets in iter(lambda: client.recv(self._sip), b""):
                if self._forgotten:
                    self.reset()
                    return
                if not self._open.is_set():
                    return
                server.sendall(octets)
            server.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End everything."""
        self._flowing.set()
        for each in itertools.chain([self._listening], self._sockets):
            with contextlib.suppress(OSError):  # not connected, or not any more
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        for each in itertools.chain([self._listening], self._sockets):
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


# What is done through it

DIALOGUE = (
    message("Event: Gadget", "Size: 1", "Colour: gr\udcfcn"),
    message("Event: Gadget", "Size:2", "Colour:", "Made: 12:30:00", "Name: größer €"),
    answer("own", "Success", "EventList: start"),
    message("Event: Gadget", "ActionID: own", "Size: 3"),
    message("Event: GadgetsDone", "ActionID: own", "EventList: Complete", "ListItems: 1"),
    message("Event: Gadget", "Size: 4", "Part: 7", "Part: 8", "Part: 9"),
)
"""Two events, a list with one item, and another event."""

DIALOGUE_LENGTH = len(GREETING) + sum(map(len, DIALOGUE))


def through(proxy: Proxy, server: Server, manager: ami.Manager, timeout: float = PATIENCE) -> Peer:
    """Connect a manager through a proxy; return the server's end."""
    manager.connect("127.0.0.1", proxy.port, timeout)
    return server.peer()


def hold_the_dialogue(manager: ami.Manager, peer: Peer) -> None:
    """Hold the dialogue of this module, and look at what comes of it."""
    request = ListGadgets()
    request["ActionID"] = "own"
    with manager.subscribe(Gadget) as stream:
        listing = background(lambda: manager.execute(request, timeout=PATIENCE))
        assert peer.action_id() == "own"
        peer.send(*DIALOGUE)
        first, second, last = (stream.get(PATIENCE) for _ in range(3))
        assert [gadget.size for gadget in listing.result(PATIENCE).gadgets] == [3]
    assert (first["Colour"], second["Colour"], second["Made"]) == ("gr\udcfcn", "", "12:30:00")
    assert second["Name"] == "größer €"
    assert (first.size, second.size, last.size) == (1, 2, 4)
    assert last.parts == [7, 8, 9]
