"""The other end of every benchmark: a process that plays Asterisk from bytes made beforehand.

It answers any log-in, Ping and list action, and sends the stream of events behind the answer to Events, or between the
answer and the end of the list of QueueStatus. It parses no more than the action and its ActionID, and sends in big
pieces, so that it is never what is measured.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from benchmarks.crowd import LAST as LAST_OF_A_CROWD
from benchmarks.crowd import events as of_a_crowd
from benchmarks.crowd import lists as lists_of_a_crowd
from benchmarks.workload import END_OF_STREAM, batch, items, message

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["GREETING", "serving"]

GREETING = b"Asterisk Call Manager/9.0.0\r\n"
_ACTION = re.compile(rb"^Action: *(\S+)", re.IGNORECASE | re.MULTILINE)
_ID = re.compile(rb"^ActionID: *([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_END_OF_STREAM = message([("Event", END_OF_STREAM), ("Privilege", "user,all"), ("UserEvent", "End")])


@contextlib.contextmanager
def serving(events: int = 0, listed: int = 0, *, crowd: str = "") -> Generator[int]:
    """Run the server in a process of its own; give its port.

    Args:
        events: How many events its stream has.
        listed: How many channels it lists.
        crowd: Which events of `benchmarks.crowd` its stream has, and that it lists what that lists: ``calls``, or
            ``all`` with those that a live model does not need. Otherwise the stream is that of `benchmarks.workload`.
    """
    command = [sys.executable, "-m", "benchmarks.server", str(events), str(listed), crowd]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


class _Server:
    def __init__(self, events: int, listed: int, crowd: str) -> None:
        piece = batch()
        if crowd:
            self._pieces = [b"".join(of_a_crowd(events, noise=crowd == "all")), LAST_OF_A_CROWD]
        else:
            self._pieces = [piece.sent(number) for number in range(events // piece.events)]
        self._crowd = bool(crowd)
        self._list = items(listed, "@")
        self._answers: dict[bytes, Callable[[socket.socket, bytes], None]] = {
            b"events": self._stream,
            b"queuestatus": self._stream_in_list,
            b"coreshowchannels": self._listing,
        }

    def converse(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # a client may disconnect once it has everything
            self._converse(client)

    def _converse(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(GREETING)
        rest = b""
        while data := client.recv(65536):
            *requests, rest = (rest + data).split(b"\r\n\r\n")
            quick = b"".join(self._answer(client, request) for request in requests)
            if quick:
                client.sendall(quick)
            if b"Goodbye" in quick:
                return

    def _answer(self, client: socket.socket, request: bytes) -> bytes:
        """Answer at length, or return a short answer to be sent together with others."""
        action, chosen = _ACTION.search(request), _ID.search(request)
        name = action[1].lower() if action else b""
        action_id = chosen[1] if chosen else b""
        listed = lists_of_a_crowd(name.decode(), action_id.decode()) if self._crowd else None
        if listed is not None:
            client.sendall(listed)
            return b""
        if name in self._answers:
            self._answers[name](client, action_id)
            return b""
        if name == b"logoff":
            return b"Response: Goodbye\r\nActionID: %b\r\nMessage: Thanks\r\n\r\n" % action_id
        more = b"Ping: Pong\r\nTimestamp: 1795812345.678901" if name == b"ping" else b"Challenge: 1\r\nMessage: ok"
        return b"Response: Success\r\nActionID: %b\r\n%b\r\n\r\n" % (action_id, more)

    def _stream(self, client: socket.socket, action_id: bytes) -> None:
        client.sendall(b"Response: Success\r\nActionID: %b\r\nEvents: On\r\n\r\n" % action_id)
        for piece in self._pieces:
            client.sendall(piece)
        client.sendall(_END_OF_STREAM)

    def _stream_in_list(self, client: socket.socket, action_id: bytes) -> None:
        client.sendall(b"Response: Success\r\nActionID: %b\r\nEventList: start\r\n\r\n" % action_id)
        for piece in self._pieces:
            client.sendall(piece)
        client.sendall(
            _END_OF_STREAM + b"Event: QueueStatusComplete\r\nActionID: %b\r\n"
            b"EventList: Complete\r\nListItems: 0\r\n\r\n" % action_id
        )

    def _listing(self, client: socket.socket, action_id: bytes) -> None:
        client.sendall(self._list.replace(b"ActionID: @", b"ActionID: " + action_id))


def _end_with_the_benchmark() -> None:
    """End this process when the one that started it is gone, whatever became of it."""
    sys.stdin.read()
    os._exit(0)


def _main(events: int, listed: int, crowd: str) -> None:
    threading.Thread(target=_end_with_the_benchmark, daemon=True).start()
    server = _Server(events, listed, crowd)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=server.converse, args=(client,), daemon=True).start()


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
