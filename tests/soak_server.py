"""The other end of a soak: a process that plays a busy Asterisk, so that its memory is not that of the client.

    python -m tests.soak_server      # prints its port; ends with who started it

Beside a few actions of Asterisk's it knows ``Flood``: so many mixed events, then the answer; ``Silence``, which is never
answered; ``Late``, which is answered behind the next request; ``ListGadgets``, whose list is left open with
``Unclosed: 1``; ``Vanish``, at which the connection ends.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    Headers = dict[str, str]

_CHANNEL = "".join(
    f"{name}: {value}\r\n"
    for name, value in {
        "Channel": "PJSIP/alice-0000~~~~",
        "ChannelState": "6",
        "ChannelStateDesc": "Up",
        "CallerIDNum": "~~~~",
        "CallerIDName": "Jürgen",
        "ConnectedLineNum": "<unknown>",
        "Language": "en",
        "Context": "from-internal",
        "Exten": "s",
        "Priority": "1",
        "Uniqueid": "1795812345.~~~~",
        "Linkedid": "1795812345.~~~~",
    }.items()
)
_EVENTS = tuple(
    f"Event: {name}\r\n{more}Number: %d\r\n{_CHANNEL.replace('~~~~', f'{place:04}')}\r\n".encode()
    for place, (name, more) in enumerate(
        itertools.product(
            ("Newchannel", "VarSet", "Hangup", "Gadget", "Unheard"), ("Size: 1\r\n", "ChanVariable: a=1\r\n")
        )
    )
)


@contextlib.contextmanager
def soaking() -> Generator[int]:
    """Run the server in a process of its own; give its port."""
    command = [sys.executable, "-m", "tests.soak_server"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def _message(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _flood(count: int) -> Iterator[bytes]:
    """Return so many events, numbered, in pieces."""
    for start in range(0, count, 100):
        numbers = range(start, min(start + 100, count))
        yield b"".join(_EVENTS[number * 7 % len(_EVENTS)] % number for number in numbers)


class _Client:
    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._late = b""

    def serve(self) -> None:
        with self._socket, contextlib.suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(b"Asterisk Call Manager/9.0.0\r\n")
            for request in self._requests():
                if request["Action"] == "Vanish":
                    return
                for octets in self._answer(request):
                    self._socket.sendall(octets)

    def _requests(self) -> Iterator[Headers]:
        rest = b""
        while data := self._socket.recv(65536):
            *requests, rest = (rest + data).split(b"\r\n\r\n")
            for request in requests:
                yield dict(line.split(": ", 1) for line in request.decode().split("\r\n"))

    def _answer(self, request: Headers) -> Iterator[bytes]:
        own = f"ActionID: {request['ActionID']}"
        success = _message("Response: Success", own, f"Number: {request.get('Number', '')}", "Challenge: 1")
        match request["Action"]:
            case "Flood":
                yield from _flood(int(request["Count"]))
            case "Silence":
                return
            case "Late":
                self._late = success
                return
            case "ListGadgets":
                yield _message("Response: Success", own, "EventList: start")
                yield b"".join(_message("Event: Gadget", own, f"Size: {size}") for size in range(20))
                if "Unclosed" not in request:
                    yield _message("Event: GadgetsDone", own, "EventList: Complete", "ListItems: 20")
                return
            case _:
                pass
        late, self._late = self._late, b""
        yield success + late


def _main() -> None:
    def end_with_the_client() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_the_client, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_Client(client).serve, daemon=True).start()


if __name__ == "__main__":
    _main()
