"""A stage on a real server: scenes are played through a manager that hears everything."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import ami_typed as ami
from tests.live.conformance.phone import Telephone

if TYPE_CHECKING:
    from typing import Self

    from ami_typed.messages import Request
    from tests.live.servers import Server
    from tests.telephony.comparing import Lines, Log

LONGEST, STEP, SETTLES = 15.0, 0.02, 0.3
"""How long to wait for an event, how often to look, and how long the last events may take, in seconds."""
PHONES = {"answers": 200, "rings": 180, "busy": 486}


class Served:
    """A server of the live tests. Use it as a context manager.

    Attributes:
        log: What has come.
    """

    def __init__(self, server: Server) -> None:
        self.log: Log = []
        self._server = server
        self._manager = ami.Manager()
        self._taken: set[int] = set()
        self._phone: Telephone | None = None
        self._dialog: Any = None
        self._ended = False

    def __enter__(self) -> Self:
        self._manager.connect(self._server.host, self._server.port)
        self._manager.login(self._server.full.name, self._server.full.secret)
        self._clear()
        self._manager.register_callback("", lambda event, _: self._hear(event))
        return self

    def _clear(self) -> None:
        """End the calls that other tests have left."""
        self._manager.send_action(ami.Request("Hangup", Channel="/.*/"))
        time.sleep(SETTLES)

    def __exit__(self, *exception: object) -> None:
        time.sleep(SETTLES)
        if self._phone is not None:
            self._phone.__exit__()
        self._ended = True
        self._manager.send_action(ami.Request("Hangup", Channel="/.*/"))
        time.sleep(SETTLES)
        self._manager.close()

    def _hear(self, event: ami.Event) -> None:
        if self._ended:
            return
        (_, name), *lines = pairs(bytes(event).decode())
        listed = name != "OriginateResponse" and "ActionID" in dict(lines)
        self.log.append(("L" if listed else "E", name, lines))

    def send(self, request: Request[Any]) -> None:
        """Send a request, if the release has it, and wait for its answer."""
        try:
            answer = self._manager.send_action(request)
        except ami.NotInRelease:
            return
        assert answer is not None
        self.log.append(("A", request.action, pairs(bytes(answer.response).decode())))

    def until(self, name: str, **headers: str) -> dict[str, str]:
        """Wait for an event."""
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            for number, (kind, event, lines) in enumerate(tuple(self.log)):
                found = dict(lines)
                if (kind, event) == ("E", name) and number not in self._taken and headers.items() <= found.items():
                    self._taken.add(number)
                    return found
            time.sleep(STEP)
        raise TimeoutError(f"no {name}")

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    def phone(self, behaviour: str) -> None:
        """Put the telephone PJSIP/bob there."""
        server = self._server
        self._phone = Telephone("bob", server.phone.secret, server.ports.pjsip, answers=PHONES[behaviour])
        assert self._phone.register() == 200
        time.sleep(SETTLES)

    def phone_calls(self, exten: str) -> None:
        """Let the telephone call an extension."""
        assert self._phone is not None
        self._dialog = self._phone.invite(exten)

    def phone_hangs_up(self) -> None:
        """Let the telephone end its call."""
        assert self._phone is not None
        self._phone.bye(self._dialog or list(self._phone.dialogs.values())[-1])

    def quiet(self) -> None:
        """Wait until no channel is left."""
        end = time.monotonic() + 2 * LONGEST
        while time.monotonic() < end:
            names = [event for kind, event, _ in tuple(self.log) if kind == "E"]
            if names.count("Newchannel") <= names.count("Hangup"):
                time.sleep(SETTLES)
                return
            time.sleep(STEP)
        raise TimeoutError("channels are left")


def pairs(text: str) -> Lines:
    """Return the headers of a message."""
    found = [line.partition(":") for line in text.split("\r\n") if line]
    return [(name, value.removeprefix(" ")) for name, _, value in found]
