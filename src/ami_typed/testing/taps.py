"""`Tap`: records the conversation between a program and a server, by forwarding it.

Rules of this module:

- Bytes are forwarded as they come; a recording has them message by message, each with the time of its last byte.
- One connection is recorded, the first one. The program talks to the tap in plain TCP on loopback; TLS to the server is
  the tap's own.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

from ami_typed.testing.recordings import Entry, Recording

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Tap"]

_END = b"\r\n\r\n"
_SIZE = 65536


class Tap:
    """Forwards one connection to a server and records it. Use it as a context manager.

    Args:
        host: The server's name or address.
        port: The server's port.
        tls: Whether to use TLS with the server, or a context for that.
        listen: The port to listen on; 0 for a free one.

    Attributes:
        host: The address it listens on.
        port: The port it listens on.
        ended: Set when the connection has ended.

    Raises:
        OSError: The port cannot be listened on.
    """

    def __init__(self, host: str, port: int = 5038, *, tls: bool | ssl.SSLContext = False, listen: int = 0) -> None:
        self._server = (host, port)
        self._context = ssl.create_default_context() if tls is True else tls or None
        self._listener = socket.create_server(("127.0.0.1", listen))
        self.host, self.port = self._listener.getsockname()
        self.ended = threading.Event()
        self.failure: OSError | None = None
        self._lock = threading.Lock()
        self._began: float | None = None
        self._entries: list[Entry] = []
        self._sockets: list[socket.socket] = [self._listener]
        self._thread = threading.Thread(target=self._run, name="ami-typed tap", daemon=True)

    def recording(self, *remarks: str) -> Recording:
        """Return what has been said so far, as it was said; see `Recording.redacted`."""
        with self._lock:
            return Recording(tuple(self._entries), remarks)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close both connections and stop listening."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        try:
            with self._listener.accept()[0] as client, socket.create_connection(self._server, 10) as plain:
                plain.settimeout(None)
                server = self._context.wrap_socket(plain, server_hostname=self._server[0]) if self._context else plain
                with server:
                    self._sockets += [client, server]
                    upward = threading.Thread(target=self._pump, args=(client, server, False), daemon=True)
                    upward.start()
                    self._pump(server, client, is_server=True)
                    upward.join()
        except OSError as error:
            self.failure = error
        finally:
            self.ended.set()

    def _pump(self, source: socket.socket, target: socket.socket, is_server: bool) -> None:
        held = b""
        with contextlib.suppress(OSError):
            while octets := source.recv(_SIZE):
                held = self._note(is_server, held + octets)  # before its answer can be noted
                target.sendall(octets)
        if held:
            self._add(is_server, held)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _note(self, is_server: bool, octets: bytes) -> bytes:
        """Record complete messages, and the greeting, which is one line; return the rest."""
        if is_server and octets.startswith(b"Asterisk Call Manager") and b"\r\n" in octets:
            line, _, octets = octets.partition(b"\r\n")
            self._add(is_server, line + b"\r\n")
        *messages, rest = octets.split(_END)
        for message in messages:
            self._add(is_server, message + _END)
        return rest

    def _add(self, is_server: bool, octets: bytes) -> None:
        with self._lock:
            now = time.monotonic()
            if self._began is None:
                self._began = now
            self._entries.append(Entry(now - self._began, is_server, octets))
