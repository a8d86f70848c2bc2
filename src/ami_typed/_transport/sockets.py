"""The sockets of the blocking face: connected, plain or under TLS, with writes that do not interleave.

Rules of this module:

- Any thread may write, one at a time reads; a writer that must wait does not block reading.
- A thread that finds another one writing leaves its message to that one, so that many messages are sent in one piece
  and no thread waits to write.
- An interrupt leaves the byte stream intact, or ends it. A signal handler that interrupts a write may write, too: it
  finds in `_unsent` where the other one stopped, and completes that first. See `locks`.
- A descriptor is closed only when no thread waits on it: its number may be reused the next moment.
- If a name has several addresses, each is tried within the one time-out: one that does not answer gets its share of it.
"""

from __future__ import annotations

import contextlib
import math
import select
import socket
import struct
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from ami_typed._protocol.framing import records
from ami_typed._speed import put
from ami_typed._transport.forks import cut_in_children
from ami_typed._transport.locks import ownership, renew
from ami_typed._transport.reasons import reason_of
from ami_typed._transport.target import no_tls
from ami_typed.errors import ConnectFailed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from ami_typed._transport.target import Target

__all__ = [
    "SOON",
    "SynchronisedSocket",
    "TlsSocket",
    "Tries",
    "hung_up",
    "keep_alive",
    "new_thread",
    "open_socket",
]

_LONG = 8192
"""A read of more bytes than this is likely to be followed by another at once."""
_CHUNK = 65536
"""The maximum number of bytes per read; larger reads are slower, because they exceed the processor's cache."""
SOON = 0.05
"""The time within which most answers arrive, in seconds; a read blocks this long, without polling first."""
_AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)
"""Makes a single call non-blocking; 0 if the system supports that only for a whole socket."""
_READABLE, _WRITABLE = getattr(select, "POLLIN", 0), getattr(select, "POLLOUT", 0)
_FLAGS = (_AT_ONCE,)
_ALL = (-1,)
_LONGEST = 2e6
"""The maximum time-out of a socket, in seconds: systems count milliseconds in 31 bits."""
_BEGINNING, _TAKING, _SENDING = range(3)
"""The stages of a write, in order."""

_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}
"""Keep-alive: the idle time before the first probe and the interval of probes, in seconds, and how many may fail.

This detects a vanished peer within two minutes; by default, most systems send the first probe after two hours. macOS
calls the first option TCP_KEEPALIVE.
"""


def _always() -> bool:
    """Default for `begin`: always send the message."""
    return True


def new_thread(name: str, target: Callable[..., object], *arguments: object) -> threading.Thread:
    """Return a new thread that does not keep the program from ending.

    An interpreter with its own GIL (Python 3.12 and later) allows no such thread. There the thread is an ordinary one,
    so the interpreter does not end before the manager is closed.
    """
    name = f"ami-typed {name}"
    try:
        return threading.Thread(target=target, args=arguments, name=name, daemon=True)
    except RuntimeError:
        return threading.Thread(target=target, args=arguments, name=name)


class SynchronisedSocket:
    """A connected socket: writes of several threads do not interleave, and one thread at a time reads.

    Args:
        connected: The socket.
        write_timeout: How long the peer may accept no more bytes, in seconds.

    Attributes:
        is_mine: Returns whether the signal handler that calls it has interrupted a write of this thread.
        inbox: Data that was read and not handled yet; `b""` for the end of the connection.
        why: Why no more data arrives, once none does.
        info: The name in the server's greeting and the version of its interface; `None` before it arrives.
    """

    def __init__(self, connected: socket.socket, write_timeout: float = 30.0) -> None:
        self._waits = _wait_soon(connected)
        self._socket = connected
        self._write_timeout = write_timeout
        self._writing = threading.RLock()
        self.is_mine = ownership(self._writing)
        self._outgoing: deque[tuple[bytes, Callable[[], bool]]] = deque()
        self._unsent: list[bytes | memoryview] = []
        self._calling = False
        self._open = True
        self.why = "the server closed the connection."
        self.inbox: deque[bytes] = deque()
        self._arrived: deque[bytes] = self.inbox
        self.info: tuple[str, str] | None = None

    def hung_up(self) -> bool:
        """Whether the peer has closed the connection; see the function of this name."""
        return hung_up(self._socket.fileno())

    def get_asterisk_info(self) -> tuple[str, str] | None:
        """Return the server's name and the version of its Manager Interface; `None` before its greeting arrives."""
        return self.info

    def is_connected(self) -> bool:
        """Whether the connection is open, as far as is known."""
        return self._open

    def close(self) -> None:
        """End the connection; its reader then sees the end. Closing it again has no effect."""
        self._open = False
        with contextlib.suppress(OSError):  # the peer was faster
            self._socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Close the descriptor. Only the reader may do so, lest a thread wait on a number that has been reused."""
        self._open = False
        with self._writing:  # not during a write either
            self._socket.close()

    def disown(self) -> None:
        """Release a socket that this process has inherited; see `forks`."""
        renew(self._writing)
        self._open = False
        self._outgoing.clear()
        self._unsent.clear()
        self.inbox.clear()
        self._socket.close()

    # Writing

    def send_message(self, message: bytes, begin: Callable[[], bool] = _always) -> None:
        """Send a whole message, or leave it to the thread that is writing.

        Args:
            message: Its bytes, with the closing empty line.
            begin: Called before the first byte is sent; returns whether to send the message at all. From then on the
                server may act on it.

        Raises:
            OSError: The connection broke, or the peer accepted nothing for too long.
            BaseException: The call was interrupted. All or nothing of the message was sent, or the connection is
                closed.
        """
        entry = message, begin
        self._outgoing.append(entry)
        try:
            self._write_queued()
        except OSError:
            raise
        except BaseException:
            with contextlib.suppress(ValueError):  # another call has already taken it
                self._outgoing.remove(entry)
            with contextlib.suppress(OSError):
                self._write_queued()  # messages that other threads have left to this one
            raise

    def _write_queued(self) -> None:
        """Write all queued messages, unless another thread, or an outer call in this one, does: it checks again."""
        while self._outgoing:
            taken: list[bool] = []
            try:
                put(taken, self._writing.acquire, False)
                if not taken[0] or self._calling:
                    return
                self._write_in_turn()
            finally:
                if taken and taken[0]:
                    self._writing.release()

    def _write_in_turn(self) -> None:
        """Write all messages, holding the lock."""
        stage = _BEGINNING
        try:
            while self._outgoing:
                stage = _TAKING
                if octets := self._begun():
                    self._seal(octets)
                stage = _SENDING
                self._send()
                stage = _BEGINNING
        except BaseException:
            self._break_off(stage)
            raise

    def _break_off(self, stage: int) -> None:
        """Close the connection after an interrupted write, unless everything that was begun has been sent."""
        self._calling = False
        if stage == _TAKING or (stage == _SENDING and self._unsent):
            self.why = "writing was interrupted."
            self.close()

    def _begun(self) -> bytes:
        """Take the bytes to write now from the queue."""
        if not self._open:
            raise ConnectionError("the connection was closed")
        octets = b""
        try:
            while self._outgoing:
                message, begin = self._outgoing.popleft()
                if begin():
                    octets += message
        except IndexError:  # a signal handler has taken the last
            return octets
        return octets

    def _seal(self, octets: bytes) -> None:
        """Append these bytes, as they go over the network, to those that are unsent."""
        self._unsent.append(memoryview(octets) if len(octets) > _LONG else octets)

    def _send(self) -> None:
        unsent, send = self._unsent, self._socket.send
        while unsent:
            sending = map(send, unsent, _FLAGS)  # sends whatever is first in `unsent` when it is called
            self._calling = True  # until the end of the loop, no line makes another call: see `locks`
            try:
                sent = [*sending]
            except BlockingIOError:
                self._calling = False
                if not _is_ready(self._socket, self._write_timeout, write=True):
                    raise TimeoutError(f"the server read nothing for {self._write_timeout:g} s") from None
                continue
            self._calling = False
            if sent:
                rest = unsent[0][sent[0] :]
                if rest:
                    unsent[0] = rest
                else:
                    del unsent[0]

    # Reading

    def read(self, timeout: float | None) -> bytes:
        """Return the available data, `b""` at the end of the connection; see `fill`."""
        if not self.inbox:
            self.fill(timeout)
        return self.inbox.popleft()

    def fill(self, timeout: float | None) -> None:
        """Put the available data into the inbox, `b""` at the end of the connection.

        Raises:
            TimeoutError: Nothing arrived within ``timeout`` seconds.
            OSError: The connection broke.
        """
        while True:
            if not _is_ready(self._socket, timeout, write=False):
                raise TimeoutError(f"nothing was received for {timeout:g} s")
            with contextlib.suppress(BlockingIOError):  # spurious readiness, which poll(2) warns of
                return self._receive()

    def fill_soon(self) -> bool:
        """Put data that arrives within `SOON` into the inbox. Return whether any did.

        Raises:
            OSError: The connection broke.
        """
        try:
            if self._waits:
                put(self._arrived, self._socket.recv, _CHUNK)
            else:
                self.fill(SOON)
        except (BlockingIOError, TimeoutError):
            return False
        return True

    def fill_on(self, octets: bytes) -> None:
        """Put the data available after a long read into the inbox, without waiting.

        Args:
            octets: The data read before.

        Raises:
            OSError: The connection broke.
        """
        if len(octets) > _LONG:
            with contextlib.suppress(BlockingIOError):
                self._receive()

    def _receive(self) -> None:
        put(self._arrived, self._socket.recv, _CHUNK, _AT_ONCE)


def _wait_soon(connected: socket.socket) -> bool:
    """Make reads wait for `SOON` or, if the system does not support that, never. Return whether they wait."""
    connected.setblocking(bool(_AT_ONCE))
    if _AT_ONCE:
        with contextlib.suppress(OSError):  # its struct timeval differs
            duration = struct.pack("ll", 0, round(SOON * 1e6))
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, duration)
            return True
        connected.setblocking(False)
    return False


def _is_ready(connected: socket.socket, timeout: float | None, *, write: bool) -> bool:
    """Wait until a socket is readable, or writable, for at most ``timeout`` seconds. Return whether it is.

    Raises:
        OSError: It was closed.
    """
    if not hasattr(select, "poll"):
        sockets = [connected]
        wait = None if timeout is None else min(max(0.0, timeout), _LONGEST)
        try:
            return any(select.select([] if write else sockets, sockets if write else [], [], wait))
        except ValueError:
            raise ConnectionError("the connection was closed") from None
    poller = select.poll()  # a new one each time: a signal handler cannot use the one that it interrupted
    try:
        poller.register(connected, _WRITABLE if write else _READABLE)
    except ValueError:
        raise ConnectionError("the connection was closed") from None
    return bool(poller.poll(None if timeout is None else min(max(0, math.ceil(timeout * 1000)), 2**31 - 1)))


class TlsSocket(SynchronisedSocket):
    """A connected socket under TLS.

    Reading and writing share the state of the TLS session. Each locks it only while computing, never while waiting for
    the network: a peer that reads too slowly does not keep this side from reading.

    Args:
        connected: The socket.
        context: The TLS settings: what to verify, and which certificate to present.
        host: The name that the server's certificate must match.
        deadline: When the handshake must be complete, by `time.monotonic`.

    Raises:
        OSError: The handshake failed; an `ssl.SSLError` states why.
    """

    def __init__(self, connected: socket.socket, context: ssl.SSLContext, host: str, deadline: float) -> None:
        import ssl

        super().__init__(connected)
        self._incoming = ssl.MemoryBIO()
        self._encrypted = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._encrypted, server_hostname=host)
        self._state = threading.RLock()
        self._arrived = deque()
        self._fed: deque[int] = deque(maxlen=1)
        self._written: deque[int] = deque(maxlen=0)
        self._want_read = ssl.SSLWantReadError
        self._at_end = (ssl.SSLZeroReturnError, ssl.SSLEOFError)
        self._shake_hands(deadline)

    def _shake_hands(self, deadline: float) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except self._want_read:
                self._send_encrypted()
                super().fill(left_until(deadline))
                self._feed()
            else:
                self._send_encrypted()
                return

    def _send_encrypted(self) -> None:
        self._unsent.append(self._encrypted.read())
        self._send()

    def _feed(self) -> None:
        """Feed received data to the TLS session."""
        with self._state:
            with contextlib.suppress(IndexError):  # that was all
                self._fed.extend(map(self._incoming.write, iter(self._arrived.popleft, None)))
            if self._fed and not self._fed[0]:
                self._incoming.write_eof()

    def _seal(self, octets: bytes) -> None:
        pieces = records(octets)
        with self._state:
            self._written.extend(map(self._tls.write, pieces))  # in one call, so that no other bytes come between
            self._unsent.extend(map(self._encrypted.read, _ALL))

    def _decrypt(self) -> bool:
        """Put the decrypted data that is available into the inbox. Return whether there was any."""
        if self._arrived:
            self._feed()
        try:
            with self._state:
                put(self.inbox, self._tls.read, _CHUNK)
        except self._at_end:
            self.inbox.append(b"")
        except self._want_read:
            return False
        return True

    def fill(self, timeout: float | None) -> None:
        """Put the available data into the inbox; see `SynchronisedSocket.fill`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        left = timeout
        while not self._decrypt():
            super().fill(left)
            left = None if deadline is None else left_until(deadline)

    def fill_soon(self) -> bool:
        """Read data that arrives within `SOON`, perhaps only part of a record; see `SynchronisedSocket.fill_soon`."""
        return self._decrypt() or super().fill_soon()

    def disown(self) -> None:
        """Release a socket that this process has inherited, without notifying the peer; see `forks`."""
        renew(self._state)
        super().disown()

    def fill_on(self, octets: bytes) -> None:  # noqa: ARG002 - more may be available however little was read
        """Put data that has already arrived into the inbox; see `SynchronisedSocket.fill_on`."""
        self._decrypt()


def left_until(deadline: float) -> float:
    """Return the seconds left until a deadline by `time.monotonic`.

    Raises:
        TimeoutError: It has passed. Otherwise a peer that sends one byte now and then could be waited for forever.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def keep_alive(connected: socket.socket) -> None:
    """Enable keep-alive, by which the system detects that the peer of an idle connection has vanished."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def hung_up(descriptor: int) -> bool:
    """Whether the peer has closed or reset a connection, as far as the system reports that without reading."""
    if not hasattr(select, "poll"):
        return False
    poller = select.poll()
    poller.register(descriptor, getattr(select, "POLLRDHUP", 0))  # errors and hang-ups are always reported
    return bool(poller.poll(0))


class Tries:
    """The addresses of a name, each to be tried once, and the failures so far.

    Args:
        target: The name and port.
        found: The results of the system's resolver.
        deadline: When all of them must have been tried, by `time.monotonic`.

    Raises:
        ConnectFailed: The port is out of range; the resolver would convert it into another one.
    """

    def __init__(self, target: Target, found: list[tuple[Any, ...]], deadline: float) -> None:
        self._deadline = deadline
        self._target = target
        self._found = found
        self._failures: list[str] = []
        if not 0 < target.port < 65536:
            raise ConnectFailed.for_good(f"No connection to {target}: the port must be a number from 1 to 65535.")

    def __iter__(self) -> Iterator[tuple[socket.socket, Any, float]]:
        """Yield a socket, the address to connect it to, and the time-out for that, in seconds."""
        for left, (family, kind, protocol, _, address) in zip(range(len(self._found), 0, -1), self._found, strict=True):
            try:
                connecting = socket.socket(family, kind, protocol)
            except OSError as error:  # this machine does not support IPv6
                self.failed(address, error)
                continue
            cut_in_children(connecting)
            yield connecting, address, min(max(0.0, self._deadline - time.monotonic()) / left, _LONGEST)

    def failed(self, address: Any, error: BaseException) -> None:
        """Record why the connection to an address failed."""
        alone = len(self._found) == 1
        if isinstance(error, TimeoutError):
            reason = f"no answer within {'' if alone else 'its share of '}{self._target.timeout:g} s"
        else:
            reason = reason_of(error)
        self._failures.append(reason if alone else f"{address[0]}: {reason}")

    def all_failed(self) -> ConnectFailed:
        """Return the exception to raise when no address is left."""
        return ConnectFailed(f"No connection to {self._target}: {'; '.join(self._failures)}.")


def _resolve(target: Target, deadline: float) -> list[tuple[Any, ...]]:
    """Return the addresses of a name. Unless it is an address, a separate thread resolves it, and may be abandoned.

    Raises:
        OSError: There is none; `TimeoutError` if the resolver did not answer in time.
    """
    try:
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return list(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, flags=numeric))
    except (OSError, UnicodeError):
        answers: SimpleQueue[Any] = SimpleQueue()
        new_thread("resolver", _look_up, target, answers).start()
        try:
            answer = answers.get(timeout=min(left_until(deadline), threading.TIMEOUT_MAX))
        except Empty:
            raise TimeoutError from None
        if isinstance(answer, BaseException):
            raise answer from None
        return list(answer)


def _look_up(target: Target, answers: SimpleQueue[Any]) -> None:
    try:
        answers.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
    except Exception as error:  # noqa: BLE001 - raised in the waiting thread
        answers.put(error)


def _connect(target: Target, deadline: float) -> socket.socket:
    try:
        found = _resolve(target, deadline)
    except (OSError, UnicodeError, OverflowError) as error:
        reason = reason_of(error) or f"no answer within {target.timeout:g} s"
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
    """Connect to a server.

    Args:
        target: The server.
        deadline: When the connection must be established, by `time.monotonic`.

    Raises:
        ConnectFailed: The connection failed; the message states why.
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
        if context is None:
            raise ConnectFailed(f"No connection to {target}: {reason_of(error)}.") from error
        raise no_tls(target, error) from error
