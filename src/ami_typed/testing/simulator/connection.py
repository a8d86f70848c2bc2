"""One client's connection: bytes in and out, on the event loop.

Rules of this module:

- What is written in one iteration of the loop is sent at once; pieces that a fault separates are sent one by one.
- A client that leaves unread what it is sent for longer than `User.writetimeout` is dropped, without a word
  (main/iostream.c, ast_iostream_write).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import TYPE_CHECKING, cast

from ami_typed.testing.simulator.session import Session
from ami_typed.testing.simulator.tls import Tunnel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.testing.simulator.session import Server

__all__ = ["Connection"]

_BETWEEN_PIECES = 0.001
"""The time between two pieces of a message that a fault has split, in seconds."""
_PIECES = 0.2
"""The longest time for all pieces of a message, in seconds."""
_TICK = 0.01
"""The time between two writes to a slow reader, in seconds."""
_BUFFERS = 65536
"""How many bytes lie between the server and a slow reader that it is not blocked by."""


class Connection(asyncio.Protocol):
    """A connection of a client.

    Args:
        server: The server.
        loop: The event loop.
        context: The TLS context, `None` for plain TCP.
    """

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop, context: ssl.SSLContext | None) -> None:
        self._server = server
        self._loop = loop
        self._context = context
        self._transport: asyncio.Transport
        self._tunnel: Tunnel | None = None
        self._session: Session | None = None
        self._written: list[bytes] = []
        self._pieces: deque[bytes] = deque()
        self._between = 0.0
        self._rate: float | None = None
        self._closing = False
        self._blocked: asyncio.TimerHandle | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake or the conversation."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(0)
        if self._context is None:
            self._begin()
        else:
            self._tunnel = Tunnel(self._context, self._transport.write, self._receive, self._room, self._begin)

    def data_received(self, data: bytes) -> None:
        """Receive bytes from the client."""
        if self._tunnel is None:
            self._receive(data)
            return
        try:
            self._tunnel.feed(data)
        except ssl.SSLZeroReturnError:
            self._transport.close()
        except ssl.SSLError:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        """End the session."""
        self._closing = True
        self._stop_watching()
        if self._session is not None:
            self._session.end()

    def pause_writing(self) -> None:
        """Watch a client that does not read."""
        self._watch()

    def resume_writing(self) -> None:
        """Stop watching a client that has read everything."""
        self._stop_watching()

    # What a session or a fault does

    def write(self, octets: bytes) -> None:
        """Send bytes."""
        if self._closing:
            return
        if self._pieces or self._rate is not None:
            self.write_pieces([octets])
            return
        if not self._written:
            self._loop.call_soon(self._flush)
        self._written.append(octets)

    def write_pieces(self, pieces: Iterable[bytes]) -> None:
        """Send bytes piece by piece, each in its own segment."""
        if self._closing:
            return
        self._flush()
        idle = not self._pieces
        self._pieces.extend(piece for piece in pieces if piece)
        self._between = min(_BETWEEN_PIECES, _PIECES / max(1, len(self._pieces)))
        if idle and self._pieces:
            self._next_piece()

    def pace(self, rate: float) -> None:
        """Send from now on at most so many bytes per second."""
        self._flush()
        self._rate = rate

    def drop(self, *, reset: bool = False) -> None:
        """Close the connection after what has been written, or reset it at once."""
        if reset:
            self._transport.abort()
        elif self._pieces:
            self._closing = True
        else:
            self._flush()
            self._closing = True
            self._transport.close()

    # Inside

    def _begin(self) -> None:
        host, port, *_ = self._transport.get_extra_info("peername") or ("127.0.0.1", 0)
        self._session = Session(self._server, self, str(host), int(port), is_secure=self._tunnel is not None)
        self._session.begin()

    def _receive(self, octets: bytes) -> None:
        if self._session is not None and not self._closing:
            self._session.receive(octets)

    def _room(self) -> int:
        return self._session.inbox.room if self._session is not None else 1

    def _flush(self) -> None:
        if self._written:
            octets = b"".join(self._written)
            self._written.clear()
            self._send(octets)

    def _send(self, octets: bytes) -> None:
        if self._transport.is_closing():
            return
        if self._tunnel is None:
            self._transport.write(octets)
        else:
            self._tunnel.write(octets)

    def _next_piece(self) -> None:
        if not self._pieces or self._transport.is_closing():
            return
        piece = self._pieces.popleft()
        between = self._between
        if self._rate is not None:
            between = _TICK
            length = max(1, int(self._rate * _TICK))
            if len(piece) > length:
                self._pieces.appendleft(piece[length:])
                piece = piece[:length]
            self._watch_slow()
        self._send(piece)
        if self._pieces:
            self._loop.call_later(between, self._next_piece)
        elif self._closing:
            self._transport.close()

    def _watch_slow(self) -> None:
        blocked = sum(map(len, self._pieces)) > _BUFFERS
        if blocked and self._blocked is None:
            self._blocked = self._loop.call_later(self._patience, self._give_up, None)
        elif not blocked:
            self._stop_watching()

    def _watch(self) -> None:
        if self._blocked is None:
            self._blocked = self._loop.call_later(
                self._patience, self._give_up, self._transport.get_write_buffer_size()
            )

    @property
    def _patience(self) -> float:
        user = self._session.user if self._session is not None else None
        return 0.1 if user is None else user.writetimeout

    def _give_up(self, before: int | None) -> None:
        """Drop a client that has read nothing meanwhile."""
        self._blocked = None
        if before is not None and self._transport.get_write_buffer_size() < before:
            self._watch()
        else:
            self._transport.abort()

    def _stop_watching(self) -> None:
        if self._blocked is not None:
            self._blocked.cancel()
            self._blocked = None
