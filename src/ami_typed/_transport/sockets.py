"""The sockets of the blocking face: connected, plain or under TLS, with writes that do not mix.

Rules of this module:

- Any thread writes, one at a time reads; a writer that must wait keeps nobody from reading.
- A thread that finds another one writing leaves its message to that one, so that many go out in one piece and nobody
  waits to write.
- What is interrupted leaves the stream of bytes whole, or ends it. A signal handler that interrupts a write may write
  too: it finds in `_unsent` where the other stopped, and completes that first. See `locks`.
- A descriptor is given back only when nobody waits on it: its number may mean something else the next moment.
- Of several addresses of one name each is tried, within the one time-out: who does not answer has its share of it.
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
from ami_typed._transport.forks import cut_in_children
from ami_typed._transport.locks import NOT_WAITING, ownership, renew
from ami_typed._transport.reasons import reason_of
from ami_typed._transport.target import failure_of
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
"""A read of more than this is likely to be followed by another at once."""
_CHUNK = 65536
"""How much is read at once; larger reads are slower, because they leave the processor's cache."""
_CHUNKS = (_CHUNK,)
SOON = 0.05
"""Within what time an answer mostly comes, in seconds: so long it is read without being waited for first."""
_AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)
"""Has one call return at once; 0 where a system only knows sockets that always or never do."""
_READABLE, _WRITABLE = getattr(select, "POLLIN", 0), getattr(select, "POLLOUT", 0)
_FLAGS = (_AT_ONCE,)
_NO_FLAGS = (0,)
_ALL = (-1,)
_LONGEST = 2e6
"""The longest that a socket can be told to wait, in seconds: a system counts milliseconds in 31 bits."""
_BEGINNING, _TAKING, _SENDING = range(3)
"""What is done for a write, one after the other."""

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

    Attributes:
        is_mine: Returns whether a signal handler that asks has interrupted a write of this thread.
        inbox: What was read and not handled yet, `b""` for the end of the connection.
        why: Why nothing more comes, once nothing does.
        info: What the server calls itself, and the version of its interface; `None` before it said so.
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
        with self._writing:  # nor under a writer's feet
            self._socket.close()

    def disown(self) -> None:
        """Let go of a socket that this process has inherited; see `forks`."""
        renew(self._writing)
        self._open = False
        self._outgoing.clear()
        self._unsent.clear()
        self.inbox.clear()
        self._socket.close()

    # Writing

    def send_message(self, message: bytes, begin: Callable[[], bool] = _always) -> None:
        """Write a whole message, or leave it to the thread that is writing.

        Args:
            message: Its bytes, with the empty line that ends it.
            begin: Called before the first byte leaves; returns whether the message is still to be sent. From then on
                the server may act on it.

        Raises:
            OSError: The connection broke, or the peer took nothing for too long.
            BaseException: This was interrupted. The message has left, has not begun to, or the connection is closed.
        """
        entry = message, begin
        self._outgoing.append(entry)
        try:
            self._write_what_waits()
        except OSError:
            raise
        except BaseException:
            with contextlib.suppress(ValueError):  # it was taken
                self._outgoing.remove(entry)
            with contextlib.suppress(OSError):
                self._write_what_waits()  # what other threads have left to this one
            raise

    def _write_what_waits(self) -> None:
        """Write all messages, unless another thread, or this one below, is at it: it looks again before it stops."""
        while self._outgoing:
            taken = False
            stage = _BEGINNING
            try:
                (taken,) = map(self._writing.acquire, NOT_WAITING)
                if not taken or self._calling:
                    return
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
            finally:
                if taken:
                    self._writing.release()

    def _break_off(self, stage: int) -> None:
        """Close what a write was broken off on, unless all that had begun has left."""
        self._calling = False
        if stage == _TAKING or (stage == _SENDING and self._unsent):
            self.why = "writing was interrupted."
            self.close()

    def _begun(self) -> bytes:
        """Take what is to be written now."""
        if not self._open:
            raise ConnectionError("it was closed")
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
        """Put what goes over the network for these bytes behind what has not left yet."""
        self._unsent.append(memoryview(octets) if len(octets) > _LONG else octets)

    def _send(self) -> None:
        unsent, send = self._unsent, self._socket.send
        while unsent:
            sending = map(send, unsent, _FLAGS)  # whatever is first in `unsent` when it is called
            self._calling = True  # until the end of the loop no line calls anything else: see `locks`
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
        """Return what is there, nothing at the end of the connection; see `fill`."""
        if not self.inbox:
            self.fill(timeout)
        return self.inbox.popleft()

    def fill(self, timeout: float | None) -> None:
        """Put what is there into the inbox, `b""` at the end of the connection.

        Raises:
            TimeoutError: Nothing came within ``timeout`` seconds.
            OSError: The connection broke.
        """
        while True:
            if not _is_ready(self._socket, timeout, write=False):
                raise TimeoutError(f"nothing came for {timeout:g} s")
            with contextlib.suppress(BlockingIOError):  # the system was mistaken; poll(2) says that it may be
                return self._receive(_FLAGS)

    def fill_soon(self) -> bool:
        """Put what comes within `SOON` into the inbox; return whether anything came.

        Raises:
            OSError: The connection broke.
        """
        try:
            if self._waits:
                self._arrived.extend(map(self._socket.recv, _CHUNKS, _NO_FLAGS))
            else:
                self.fill(SOON)
        except (BlockingIOError, TimeoutError):
            return False
        return True

    def fill_on(self, octets: bytes) -> None:
        """Put what is there behind a long read into the inbox, without waiting.

        Args:
            octets: What was read before.

        Raises:
            OSError: The connection broke.
        """
        if len(octets) > _LONG:
            with contextlib.suppress(BlockingIOError):
                self._receive(_FLAGS)

    def _receive(self, flags: tuple[int]) -> None:
        self._arrived.extend(map(self._socket.recv, _CHUNKS, flags))


def _wait_soon(connected: socket.socket) -> bool:
    """Have reads wait for `SOON`, or, where a system cannot, never; return whether they do."""
    connected.setblocking(bool(_AT_ONCE))
    if _AT_ONCE:
        with contextlib.suppress(OSError):  # its structure of times is another one
            duration = struct.pack("ll", 0, round(SOON * 1e6))
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, duration)
            return True
        connected.setblocking(False)
    return False


def _is_ready(connected: socket.socket, timeout: float | None, *, write: bool) -> bool:
    """Wait until a socket can be read, or written, for at most ``timeout`` seconds; return whether it can.

    Raises:
        OSError: It was closed.
    """
    if not hasattr(select, "poll"):
        sockets = [connected]
        wait = None if timeout is None else min(max(0.0, timeout), _LONGEST)
        try:
            return any(select.select([] if write else sockets, sockets if write else [], [], wait))
        except ValueError:
            raise ConnectionError("it was closed") from None
    poller = select.poll()  # its own each time: the one that was interrupted cannot be used by a signal handler
    try:
        poller.register(connected, _WRITABLE if write else _READABLE)
    except ValueError:
        raise ConnectionError("it was closed") from None
    return bool(poller.poll(None if timeout is None else min(max(0, math.ceil(timeout * 1000)), 2**31 - 1)))


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
        """Hand what arrived to the TLS session."""
        with self._state:
            with contextlib.suppress(IndexError):  # that was all
                self._fed.extend(map(self._incoming.write, iter(self._arrived.popleft, None)))
            if self._fed and not self._fed[0]:
                self._incoming.write_eof()

    def _seal(self, octets: bytes) -> None:
        pieces = records(octets)
        with self._state:
            self._written.extend(map(self._tls.write, pieces))  # in one call, or others might come in between
            self._unsent.extend(map(self._encrypted.read, _ALL))

    def _decrypt(self) -> bool:
        """Put what has arrived of the plain bytes into the inbox; return whether anything has."""
        if self._arrived:
            self._feed()
        try:
            with self._state:
                self.inbox.extend(map(self._tls.read, _CHUNKS))
        except self._at_end:
            self.inbox.append(b"")
        except self._want_read:
            return False
        return True

    def fill(self, timeout: float | None) -> None:
        """Put what is there into the inbox; see `SynchronisedSocket.fill`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        left = timeout
        while not self._decrypt():
            super().fill(left)
            left = None if deadline is None else left_until(deadline)

    def fill_soon(self) -> bool:
        """Read what comes within `SOON`, perhaps a part of a record; see `SynchronisedSocket.fill_soon`."""
        return self._decrypt() or super().fill_soon()

    def disown(self) -> None:
        """Let go of a socket that this process has inherited, without a word to the peer; see `forks`."""
        renew(self._state)
        super().disown()

    def fill_on(self, octets: bytes) -> None:  # noqa: ARG002 - more may be there however little was read
        """Put what has come already into the inbox; see `SynchronisedSocket.fill_on`."""
        self._decrypt()


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
            cut_in_children(connecting)
            yield connecting, address, min(max(0.0, self._deadline - time.monotonic()) / left, _LONGEST)

    def failed(self, address: Any, error: BaseException) -> None:
        """Note why an address is not the one."""
        alone = len(self._found) == 1
        if isinstance(error, TimeoutError):
            reason = f"no answer within {'' if alone else 'its part of '}{self._target.timeout:g} s"
        else:
            reason = reason_of(error)
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
            answer = answers.get(timeout=min(left_until(deadline), threading.TIMEOUT_MAX))
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
        reason = "it took too long" if isinstance(error, TimeoutError) and not error.errno else reason_of(error)
        raise failure_of(f"No {'TLS' if context else 'connection'} with {target}: {reason}.", error) from error
