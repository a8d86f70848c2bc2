"""A TCP proxy that does to the bytes of a server what networks and broken peers do.

    with Proxy(server.port, Chunks(1)) as proxy:
        manager.connect("127.0.0.1", proxy.port)

A fault is a function from the bytes that the server sends to the pieces that the client gets, one after the other; what
it is to do besides is a method of the proxy. Nothing here waits for time to pass.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
from typing import TYPE_CHECKING

from tests.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

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


class Proxy:
    """Stands between clients and a server, and meddles with what the server sends.

    Args:
        port: The server's port on loopback.
        fault: What becomes of the server's bytes.
    """

    def __init__(self, port: int, fault: Fault = untouched) -> None:
        self._server = port
        self._fault = fault
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        self._sockets: list[socket.socket] = []
        self._clients: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    # What can be done to a connection

    def swallow(self) -> None:
        """Let nothing through any more, in either direction, and say nothing: a black hole."""
        self._open.clear()

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
                self._start(server, client, self._fault)
                self._start(client, server, untouched)

    def _start(self, source: socket.socket, target: socket.socket, fault: Fault) -> None:
        thread = threading.Thread(target=self._pump, args=(source, target, fault), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _pump(self, source: socket.socket, target: socket.socket, fault: Fault) -> None:
        with contextlib.suppress(OSError):
            for octets in iter(lambda: source.recv(65536), b""):
                for piece in fault(octets):
                    if not self._open.is_set():
                        return
                    target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End everything."""
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
