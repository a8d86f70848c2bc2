"""The stand-in itself: a server on loopback that plays one scenario to one client.

Rules of this module:

- All steps run in the order of the scenario, on one thread: what the server sends, what the client must send, and what
  the application does.
- If the client departs from the scenario, the connection is closed at once, and `StandIn.close` reports the difference.
- Nothing waits forever: a client that sends nothing for ``patience`` seconds has departed too.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

from ami_typed.errors import Error
from ami_typed.quantities import seconds
from ami_typed.testing.scenarios import Deed, Expect, HangUp, Leave, Pause, Say
from ami_typed.testing.templates import difference, match

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from ami_typed.quantities import Seconds
    from ami_typed.testing.scenarios import Scenario, Step

__all__ = ["Departure", "StandIn"]

_END = b"\r\n\r\n"
_LONGEST = 2e6
"""The longest that a socket can be told to wait, in seconds: a system counts milliseconds in 31 bits."""


class Departure(Error, AssertionError):
    """The client departed from the scenario; the message says where, and shows the difference."""


class StandIn:
    """A server that plays a scenario. Use it as a context manager, which starts and closes it.

    Args:
        scenario: The scenario to play.
        application: Plays the application: called with each of its deeds and this stand-in, in the order of the
            scenario. If omitted, deeds are skipped.
        patience: The time a client may take to connect and to send its next message, in seconds.
        pauses: Whether to honour the scenario's pauses.

    Attributes:
        host: The loopback address it listens on.
        port: The port it listens on, chosen by the system.
        captured: The text captured so far, by name.
        failure: Why the scenario was not played to its end, or `None`.
    """

    def __init__(
        self,
        scenario: Scenario,
        application: Callable[[Deed, StandIn], object] | None = None,
        *,
        patience: Seconds = 10.0,
        pauses: bool = True,
    ) -> None:
        self.scenario = scenario
        self.captured: dict[str, bytes] = {}
        self.failure: BaseException | None = None
        self._application = application
        self._patience = min(seconds(patience, "patience", above_zero=True), _LONGEST)
        self._pauses = pauses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(self._patience)
        self.host, self.port = self._listener.getsockname()
        self._client: socket.socket | None = None
        self._heard = b""
        self._step: Step | None = None
        self._closed = False
        self._played = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ami-typed stand-in", daemon=True)

    def start(self) -> None:
        """Start playing."""
        self._thread.start()

    def finish(self) -> None:
        """Wait until the scenario has been played to its end.

        Raises:
            Departure: The client departed from it.
            BaseException: The exception raised by the application.
        """
        self._played.wait()
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """Close the connection, and stop listening.

        Raises:
            Departure: The client departed from the scenario, or the scenario was not finished.
            BaseException: The exception raised by the application.
        """
        self._stop()
        if self.failure is not None:
            raise self.failure

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        departed = self.failure is not None
        self._stop()
        # An exception of the block takes precedence, unless the departure caused it.
        if self.failure is not None and self.failure is not error and (departed or error is None):
            raise self.failure from error

    def _stop(self) -> None:
        self._closed = True
        for sock in (self._listener, self._client):
            if sock is not None:
                with contextlib.suppress(OSError):  # not connected, or not any more
                    sock.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join()
        self._listener.close()

    # Playing

    def _run(self) -> None:
        try:
            for step in self.scenario.steps:
                self._step = step
                self._play(step)
            self._played.set()
            if self._client is not None:
                self._hear_nothing(None)
        except OSError as error:
            deed = isinstance(self._step, Deed)
            self.failure = error if deed else Departure(f"{self._place()}: {self._reason(error)}.")
        except BaseException as error:  # noqa: BLE001 - raised again in finish() and close()
            self.failure = error
        finally:
            self._leave()
            self._listener.close()
            self._played.set()

    def _play(self, step: Step) -> None:
        match step:
            case Say():
                self._say(step)
            case Expect():
                self._expect(step)
            case HangUp():
                self._connected()
                self._leave()
            case Leave():
                self._hear_nothing(self._patience)
                self._leave()
            case Pause(seconds=pause):
                time.sleep(pause if self._pauses else 0)
            case Deed():
                if self._application is not None:
                    self._application(step, self)

    def _connected(self) -> socket.socket:
        """Return the connection, waiting for a client if there is none."""
        if self._client is None:
            self._client, _ = self._listener.accept()
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client.settimeout(self._patience)
            self._heard = b""
        return self._client

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _say(self, step: Say) -> None:
        client = self._connected()
        with contextlib.suppress(ConnectionError):  # the client's absence shows when it must send its next message
            for chunk in step.chunks:
                client.sendall(chunk.fill(self.captured))

    def _expect(self, step: Expect) -> None:
        lines = self._hear().split(b"\r\n")
        if not match(step.lines, lines, self.captured):
            raise Departure(
                f"{self._place()}: the client sent (+) something other than the scenario expects (-):\n"
                + difference(step.lines, lines, self.captured)
            )

    def _hear(self) -> bytes:
        """Return the client's next message, without the empty line at its end."""
        while _END not in self._heard:
            data = self._connected().recv(65536)
            if not data:
                raise ConnectionError("the client closed the connection instead of sending its next message")
            self._heard += data
        message, _, self._heard = self._heard.partition(_END)
        return message

    def _hear_nothing(self, patience: float | None) -> None:
        """Wait until the client closes the connection."""
        client = self._connected()
        client.settimeout(patience)
        with contextlib.suppress(ConnectionError):  # closed by a reset
            while data := client.recv(65536):
                self._heard += data
        if self._heard:
            lines = self._heard.removesuffix(_END).split(b"\r\n")
            raise Departure(
                f"{self._place()}: the client sent more (+) than the scenario expects:\n{difference((), lines, {})}"
            )

    def _place(self) -> str:
        line = self._step.line if self._step else 0
        return f"{self.scenario.name}, line {line}"

    def _reason(self, error: OSError) -> str:
        if self._closed:
            return "the stand-in was closed before the end of the scenario"
        if isinstance(error, TimeoutError):
            return f"the client did nothing for {self._patience:g} s"
        return str(error)
