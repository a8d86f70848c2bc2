"""The sockets of the blocking face: connected, plain or under TLS, with writes that do not mix.

Rules of this module:

- Any thread writes, one at a time reads; a writer that must wait keeps nobody from reading.
- A thread that finds another one writing leaves its message to that one, so that many go out in one piece and nobody
  waits to write.
- A descriptor is given back only when nobody waits on it: its number may mean something else the next moment.
- Of several addresses of one name each is tried, within the one time-out: who does not answer has its share of it.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import socket
import struct
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from ami_typed._protocol.framing import records
from ami_typed._transport.target import failure_of
from ami_typed.errors import ConnectFailed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from ami_typed._transport.target import Target

__all__ = ["SynchronisedSocket", "TlsSocket", "Tries", "hung_up", "keep_alive", "new_thread", "open_socket"]

_LONG = 8192
"""A read of more than this is likely to be followed by another at once."""
_CHUNK = 65536
"""How much is read at once; larger reads are slower, because they leave the processor's cache."""
_SOON = 0.05
"""Within what time an answer mostly comes, in seconds: so long it is read without being waited for first."""
_AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)
"""Has one call return at once; 0 where a system only knows sockets that always or never do."""

_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}
"""When the system asks an idle peer whether it is there, in seconds, how often, and how many times in vain.

A peer that has vanished is so found out within two minutes; left alone, most systems take two hours to begin. macOS
calls the first one TCP_KEEPALIVE.
"""


def _always() -> bool:
    """Stand in for somebody who never changes his mind about a message."""
    return True


def new_thread(name: str, target: Callable[..., object], *arguments: object) -> threading.Thread:
    """Return a new thread that does not keep the program from ending.

    An interpreter with a GIL of its own (Python 3.12 and later) allows no such thread. There the thread is an ordinary
    one, so the interpreter does not end before the manager is closed.
    """
    name = f"ami-typed {name}"
    try:
        return threading.Thread(target=target, args=arguments, name=name, daemon=True)
    except RuntimeError:
        return threading.Thread(target=target, args=arguments, name=name)


class SynchronisedSocket:
    """A connected socket: writes of several threads do not mix, reads are one thread's.

    Args:
        connected: The socket.
        write_timeout: How long a peer may refuse to take more bytes, in seconds.
    """

    def __init__(self, connected: socket.socket, write_timeout: float = 30.0) -> None:
        self._waits = _wait_soon(connected)
        self._socket = connected
        self._write_timeout = write_timeout
        self._lock = threading.Lock()
        self._outgoing: deque[tuple[bytes, Callable[[], bool]]] = deque()
        self._open = True
        self._long = False
        self._readable = _Readiness(connected, write=False)
        self._writable = _Readiness(connected, write=True)
        self.info: tuple[str, str] | None = None

    def hung_up(self) -> bool:
        """Whether the peer has closed; see the function of this name."""
        return hung_up(self._socket.fileno())

    def get_asterisk_info(self) -> tuple[str, str] | None:
        """Return what the server calls itself and the version of its Manager Interface, `None` before it said so."""
        return self.info

    def is_connected(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return self._open

    def close(self) -> None:
        """End the connection, whose reader then sees its end; closing it again does nothing."""
        self._open = False
        with contextlib.suppress(OSError):  # the peer was faster
            self._socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the descriptor back; only for who reads, so that nobody waits on a number that means something else."""
        self._open = False
        with self._lock:  # nor under a writer's feet
            self._socket.close()

    def send_message(self, message: bytes, begin: Callable[[], bool] = _always) -> None:
        """Write a whole message, or leave it to the thread that is writing.

        Args:
            message: Its bytes, with the empty line that ends it.
            begin: Called before the first byte leaves; returns whether the message is still to be sent. From then on
                the server may act on it.

        Raises:
            OSError: The connection broke, or the peer took nothing for too long.
        """
        self._outgoing.append((message, begin))
        while self._outgoing and self._lock.acquire(False):  # looked at again: one may come as the lock is let go
            try:
                if octets := self._begun():
                    self._write(self._sealed(octets))
            finally:
                self._lock.release()

    def _begun(self) -> bytes:
        """Take what is to be written now."""
        if not self._open:
            raise ConnectionError("it was closed")
        octets = b""
        while self._outgoing:
            message, begin = self._outgoing.popleft()
            if begin():
                octets += message
        return octets

    def _sealed(self, octets: bytes) -> bytes:
        """Return what goes over the network for these bytes."""
        return octets

    def _write(self, octets: bytes) -> None:
        while octets:
            try:
                octets = octets[self._socket.send(octets, _AT_ONCE) :]
            except BlockingIOError:
                if not self._writable.wait(self._write_timeout):
                    raise TimeoutError(f"the server read nothing for {self._write_timeout:g} s") from None

    def read(self, timeout: float | None) -> bytes:
        """Read what is there, nothing at the end of the connection.

        Raises:
            TimeoutError: Nothing came within ``timeout`` seconds.
            OSError: The connection broke.
        """
        left = timeout
        if self._waits and left is not None and left > _SOON:
            try:
                return self._read(0)
            except BlockingIOError:
                left -= _SOON
        while True:
            if not self._readable.wait(left):
                raise TimeoutError(f"nothing came for {timeout:g} s")
            try:
                return self._read(_AT_ONCE)
            except BlockingIOError:  # the system was mistaken; poll(2) says that it may be
                continue

    def read_on(self) -> bytes | None:
        """Read what is there behind a long read without waiting, nothing at the end; `None` where nothing is there yet.

        Raises:
            OSError: The connection broke.
        """
        if not self._long:
            return None
        try:
            return self._read(_AT_ONCE)
        except BlockingIOError:
            return None

    def _read(self, flags: int) -> bytes:
        octets = self._socket.recv(_CHUNK, flags)
        self._long = len(octets) > _LONG
        return octets


def _wait_soon(connected: socket.socket) -> bool:
    """Have reads wait for `_SOON`, or, where a system cannot, never; return whether they do."""
    connected.setblocking(bool(_AT_ONCE))
    if _AT_ONCE:
        with contextlib.suppress(OSError):  # its structure of times is another one
            duration = struct.pack("ll", 0, round(_SOON * 1e6))
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, duration)
            return True
        connected.setblocking(False)
    return False


class _Readiness:
    """Waits until a socket can be read, or written; one thread at a time.

    Args:
        connected: The socket.
        write: Whether it is to be written.
    """

    def __init__(self, connected: socket.socket, *, write: bool) -> None:
        self._socket = connected
        self._write = write
        self._poller: Any = None
        if hasattr(select, "poll"):
            self._poller = select.poll()
            self._poller.register(connected, select.POLLOUT if write else select.POLLIN)

    def wait(self, timeout: float | None) -> bool:
        """Wait for at most ``timeout`` seconds; return whether the socket is ready."""
        if self._poller is None:
            sockets = [self._socket]
            return any(select.select([] if self._write else sockets, sockets if self._write else [], [], timeout))
        return bool(self._poller.poll(None if timeout is None else min(max(0, math.ceil(timeout * 1000)), 2**31 - 1)))


class TlsSocket(SynchronisedSocket):
    """A connected socket under TLS.

    Reading and writing share the state of the TLS session, so each takes it for as long as it computes, never while
    it waits for the network: a peer that reads too slowly does not keep this side from reading.

    Args:
        connected: The socket.
        context: The TLS settings: what is verified, and which certificate is shown.
        host: The name that the server's certificate must have.
        deadline: When the handshake has to be over, by `time.monotonic`.

    Raises:
        OSError: The handshake failed; `ssl.SSLError` says why.
    """

    def __init__(self, connected: socket.socket, context: ssl.SSLContext, host: str, deadline: float) -> None:
        import ssl

        super().__init__(connected)
        self._incoming = ssl.MemoryBIO()
        self._encrypted = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._encrypted, server_hostname=host)
        self._state = threading.Lock()
        self._want_read = ssl.SSLWantReadError
        self._at_end = (ssl.SSLZeroReturnError, ssl.SSLEOFError)
        self._shake_hands(deadline)

    def _shake_hands(self, deadline: float) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except self._want_read:
                self._write(self._encrypted.read())
                self._receive(left_until(deadline))
            else:
                self._write(self._encrypted.read())
                return

    def _receive(self, timeout: float | None) -> None:
        octets = super().read(timeout)
        with self._state:
            if octets:
                self._incoming.write(octets)
            else:
                self._incoming.write_eof()

    def _sealed(self, octets: bytes) -> bytes:
        with self._state:
            for record in records(octets):
                self._tls.write(record)
            return self._encrypted.read()

    def read(self, timeout: float | None) -> bytes:
        """Read what is there; see `SynchronisedSocket.read`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        left = timeout
        while True:
            try:
                with self._state:
                    return self._tls.read(_CHUNK)
            except self._at_end:
                return b""
            except self._want_read:
                self._receive(left)
            left = None if deadline is None else left_until(deadline)

    def read_on(self) -> bytes | None:
        """Read what has come already; see `SynchronisedSocket.read_on`."""
        try:
            with self._state:
                return self._tls.read(_CHUNK)
        except self._at_end:
            return b""
        except self._want_read:
            return None


def left_until(deadline: float) -> float:
    """Return the seconds left until a moment of `time.monotonic`.

    Raises:
        TimeoutError: It is over. Who sends one byte now and then could otherwise be waited for for ever.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left


def keep_alive(connected: socket.socket) -> None:
    """Have the system find out by itself that an idle connection's peer has vanished."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def hung_up(descriptor: int) -> bool:
    """Whether the peer has closed or reset a connection, as far as the system tells without reading."""
    if not hasattr(select, "poll"):
        return False
    poller = select.poll()
    poller.register(descriptor, getattr(select, "POLLRDHUP", 0))  # errors and hang-ups are told unasked
    return bool(poller.poll(0))


class Tries:
    """The addresses of a name, each to be tried once, and what became of it.

    Args:
        target: The name.
        found: What the system's resolver knows of it.
        deadline: When all of them have to be tried, by `time.monotonic`.

    Raises:
        ConnectFailed: There is no such port; the resolver would make another of its number.
    """

    def __init__(self, target: Target, found: list[tuple[Any, ...]], deadline: float) -> None:
        self._deadline = deadline
        self._target = target
        self._found = found
        self._failures: list[str] = []
        if not 0 < target.port < 65536:
            raise ConnectFailed.for_good(f"No connection to {target}: a port is a number from 1 to 65535.")

    def __iter__(self) -> Iterator[tuple[socket.socket, Any, float]]:
        """Yield a socket, the address to connect it to, and how long that may take, in seconds."""
        for left, (family, kind, protocol, _, address) in zip(range(len(self._found), 0, -1), self._found, strict=True):
            try:
                connecting = socket.socket(family, kind, protocol)
            except OSError as error:  # this machine does not speak IPv6
                self.failed(address, error)
                continue
            yield connecting, address, max(0.0, self._deadline - time.monotonic()) / left

    def failed(self, address: Any, error: BaseException) -> None:
        """Note why an address is not the one."""
        alone = len(self._found) == 1
        if isinstance(error, TimeoutError):
            reason = f"no answer within {'' if alone else 'its part of '}{self._target.timeout:g} s"
        else:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        self._failures.append(reason if alone else f"{address[0]}: {reason}")

    def all_failed(self) -> ConnectFailed:
        """Return what to raise when none is left."""
        return ConnectFailed(f"No connection to {self._target}: {'; '.join(self._failures)}.")


def _resolve(target: Target, deadline: float) -> list[tuple[Any, ...]]:
    """Return the addresses of a name; one that is no address is looked up by a thread that need not be waited for.

    Raises:
        OSError: There is none; `TimeoutError` where the resolver did not say in time.
    """
    try:
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return list(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, flags=numeric))
    except (OSError, UnicodeError):
        answers: SimpleQueue[Any] = SimpleQueue()
        new_thread("resolver", _look_up, target, answers).start()
        try:
            answer = answers.get(timeout=left_until(deadline))
        except Empty:
            raise TimeoutError from None
        if isinstance(answer, BaseException):
            raise answer from None
        return list(answer)


def _look_up(target: Target, answers: SimpleQueue[Any]) -> None:
    try:
        answers.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
    except Exception as error:  # noqa: BLE001 - raised by who waits for it
        answers.put(error)


def _connect(target: Target, deadline: float) -> socket.socket:
    try:
        found = _resolve(target, deadline)
    except (OSError, UnicodeError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error) or f"no answer within {target.timeout:g} s"
        raise ConnectFailed(f"No connection to {target}: {reason}.") from error
    tries = Tries(target, found, deadline)
    for connecting, address, share in tries:
        try:
            connecting.settimeout(share)
            connecting.connect(address)
        except OSError as error:
            connecting.close()
            tries.failed(address, error)
        except BaseException:
            connecting.close()
            raise
        else:
            return connecting
    raise tries.all_failed()


def open_socket(target: Target, deadline: float) -> SynchronisedSocket:
    """Connect.

    Args:
        target: Where to.
        deadline: When it has to be done, by `time.monotonic`.

    Raises:
        ConnectFailed: It cannot be done; the sentence says why.
    """
    context = target.context()
    connected = _connect(target, deadline)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        keep_alive(connected)
        if context is None:
            return SynchronisedSocket(connected)
        return TlsSocket(connected, context, target.host, deadline)
    except BaseException as error:
        connected.close()
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or ("it took too long" if isinstance(error, TimeoutError) else error)
        raise failure_of(f"No {'TLS' if context else 'connection'} with {target}: {reason}.", error) from error
