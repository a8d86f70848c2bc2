"""TLS as Asterisk reads it: 1,024 bytes at a time, and only while its socket is readable.

OpenSSL decrypts a whole record, but Asterisk takes no more of it than its line buffer has room for, and then waits on
the socket (main/manager.c, get_input). The rest of a longer record stays in OpenSSL until the client sends more.
"""

from __future__ import annotations

import ssl
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Tunnel", "client_context", "server_context"]

_HEADER = 5
"""The length of a record's header; its last two bytes are the length of the rest (RFC 8446, 5.1)."""
_CERTIFICATE = "loopback.pem"


def server_context() -> ssl.SSLContext:
    """Return a context with the certificate for loopback addresses that ami-typed contains."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with resources.as_file(resources.files("ami_typed.testing").joinpath(_CERTIFICATE)) as path:
        context.load_cert_chain(path)
    return context


def client_context() -> ssl.SSLContext:
    """Return a context for clients that trusts this certificate alone."""
    with resources.as_file(resources.files("ami_typed.testing").joinpath(_CERTIFICATE)) as path:
        return ssl.create_default_context(cafile=path)


class Tunnel:
    """The server's side of one TLS connection.

    Args:
        context: The server's context.
        send: Sends encrypted bytes.
        receive: Receives decrypted bytes.
        room: Returns how many bytes the line buffer has room for.
        opened: Called after the handshake.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        send: Callable[[bytes], None],
        receive: Callable[[bytes], None],
        room: Callable[[], int],
        opened: Callable[[], None],
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._send = send
        self._receive = receive
        self._room = room
        self._opened = opened
        self._socket = bytearray()
        self._is_open = False

    def feed(self, octets: bytes) -> None:
        """Take bytes from the client, as the system keeps them for a socket.

        Raises:
            ssl.SSLError: The handshake failed, or the client broke the protocol.
        """
        self._socket += octets
        while self._socket and self._step():
            pass

    def _step(self) -> bool:
        """Read once, as Asterisk does each time that its socket is readable. Return whether that succeeded."""
        while True:
            try:
                self._read()
            except ssl.SSLWantReadError:
                self._flush()
                if not self._take_record():
                    return False
            else:
                return True

    def _read(self) -> None:
        if self._is_open:
            self._receive(self._tls.read(self._room()))
            return
        self._tls.do_handshake()
        self._is_open = True
        self._flush()
        self._opened()

    def _take_record(self) -> bool:
        """Move a record from the socket to OpenSSL. Return whether one was complete."""
        length = _HEADER + int.from_bytes(self._socket[3:_HEADER], "big")
        if len(self._socket) < _HEADER or len(self._socket) < length:
            return False
        self._incoming.write(bytes(self._socket[:length]))
        del self._socket[:length]
        return True

    def write(self, octets: bytes) -> None:
        """Send bytes to the client."""
        self._tls.write(octets)
        self._flush()

    def _flush(self) -> None:
        if octets := self._outgoing.read():
            self._send(octets)
