"""A stage without a server: the simulated telephone system, on a clock that is advanced."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ami_typed import registry
from ami_typed.releases import Release
from ami_typed.testing.clocks import SteppedClock
from ami_typed.testing.seam import ReceivedAction
from ami_typed.testing.telephony import SimulatedPbx
from tests.live import configuration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.messages import Request
    from ami_typed.testing.seam import Emittable, HeaderLines

DIALPLAN = (Path(configuration.__file__).parent / "etc/extensions.conf").read_text("utf-8")
STEP, LONGEST = 0.01, 60.0
"""How far the clock is advanced while a scene waits for an event, and for how long it waits, in seconds."""


QUEUES: dict[str, dict[str, Any]] = {
    "support": {
        "timeout": 5,
        "retry": 1,
        "service_level": 20,
        "weight": 1,
        "ring_in_use": False,
        "sets_variables": True,
    },
    "sales": {"strategy": "rrmemory", "timeout": 2, "retry": 1, "service_level": 30},
    "billing": {"strategy": "leastrecent", "timeout": 2, "retry": 1},
    "desk": {"strategy": "random", "timeout": 5, "retry": 1},
    "waiting": {"strategy": "fewestcalls"},
    "empty": {"join_empty": False, "leave_when_empty": True},
    "rich": {"strategy": "linear", "service_level": 45, "timeout": 11, "retry": 4, "wrap_up": 6, "auto_pause": True},
}
MEMBERS: list[tuple[str, str, dict[str, Any]]] = [
    ("support", "Local/1001@agents/n", {"name": "Anna Ahlgren"}),
    ("support", "Local/1002@agents/n", {"name": "Bertil Björk", "device": "Custom:bertil"}),
    ("sales", "Local/1003@agents/n", {"name": "Cecilia Carlsson"}),
    ("sales", "Local/1004@agents/n", {"name": "David Dahl"}),
    ("sales", "Local/1005@agents/n", {"name": "Erik Ek", "penalty": 1}),
    ("billing", "Local/1003@agents/n", {"name": "Cecilia Carlsson", "penalty": 5}),
    ("desk", "Local/662@default/n", {"name": "Frida Falk", "device": "Agent:1001"}),
    ("rich", "Local/1001@agents/n", {"name": "Rita Ros", "penalty": 3, "device": "Custom:rich", "wrap_up": 12}),
    ("rich", "PJSIP/alice", {"name": "Alice Alm", "penalty": 7, "ring_in_use": False}),
]
"""The queues of `tests/live/etc/queues.conf` and their members."""


def lines_of(event: Emittable) -> tuple[str, list[tuple[str, str]]]:
    """Return the name and the headers of an event."""
    assert isinstance(event, tuple)
    name, headers = event
    return name, pairs(headers)


def pairs(headers: HeaderLines) -> list[tuple[str, str]]:
    """Return headers as pairs."""
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


class Recorded:
    """A reply that is written down.

    Attributes:
        answered: Whether the action has been answered.
    """

    user = "test"
    may_write = frozenset({"system", "call", "originate"})

    def __init__(self, stage: Simulated, action: str) -> None:
        self._stage = stage
        self._action = action
        self.answered = False
        self.response: list[tuple[str, str]] = []

    def respond(self, response: str, message: str | None = None, headers: HeaderLines = ()) -> None:
        """Write an answer down."""
        assert not self.answered, f"{self._action} is answered twice"
        self.answered = True
        told = [("Message", message)] if message is not None else []
        more = pairs(headers)
        start = [line for line in more if line == ("EventList", "start")]
        self.response = [("Response", response), *start, *told, *(line for line in more if line not in start)]
        self._stage.log.append(("A", self._action, self.response))

    def success(self, message: str | None = None, headers: HeaderLines = ()) -> None:
        """Write a success down."""
        self.respond("Success", message, headers)

    def error(self, message: str, headers: HeaderLines = ()) -> None:
        """Write an error down."""
        self.respond("Error", message, headers)

    def list(
        self,
        items: Iterable[Emittable],
        complete: str | Emittable,
        message: str | None = None,
        headers: HeaderLines = (),
    ) -> None:
        """Write a list down."""
        self.respond("Success", message, [("EventList", "start"), *pairs(headers)])
        events = [lines_of(item) for item in items]
        name, ending = (complete, []) if isinstance(complete, str) else lines_of(complete)
        events.append((name, [("EventList", "Complete"), ("ListItems", str(len(events))), *ending]))
        self._stage.log += [("L", event, lines) for event, lines in events]

    def output(self, lines: Iterable[str], message: str | None = None) -> None:
        """Write the output of a command down."""
        self.respond("Success", message, [("Output", line) for line in lines])

    def text(self, text: str) -> None:
        """Write raw text down."""
        self.respond("Success", text)

    def event(self, event: Emittable) -> None:
        """Write an event down."""
        self._stage.log.append(("L", *lines_of(event)))


class Simulated:
    """The simulated telephone system with the dialplan of `tests/live/etc`.

    Attributes:
        log: What has come: a kind (A an answer, L an item of a list, E an event), a name and headers.
    """

    def __init__(self, release: str, *, furnished: bool = True) -> None:
        found = Release.find(release)
        assert found is not None
        self.release = found
        self.log: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.clock = SteppedClock()
        self.pbx = SimulatedPbx(found, self.clock, self._emit)
        self.handlers = self.pbx.handlers()
        self._taken: set[int] = set()
        if furnished:
            furnish(self.pbx)

    def _emit(self, event: Emittable) -> None:
        self.log.append(("E", *lines_of(event)))

    def send(self, request: Request[Any]) -> Recorded | None:
        """Send a request, if the release has it; let time pass until it is answered."""
        action = ReceivedAction.of("\r\n".join(f"{name}: {value}" for name, value in request.lines()).encode())
        known = registry.action_class(action.action).releases
        if self.release not in known:
            return None
        reply = Recorded(self, action.action)
        self.handlers[action.action.lower()](action, reply)
        for _ in range(int(LONGEST / STEP)):
            if reply.answered:
                return reply
            self.clock.advance(STEP)
        raise TimeoutError(f"{action.action} is not answered")

    def until(self, name: str, **headers: str) -> dict[str, str]:
        """Let time pass until an event has come."""
        for _ in range(int(LONGEST / STEP)):
            for number, (kind, event, lines) in enumerate(self.log):
                found = dict(lines)
                if (kind, event) == ("E", name) and number not in self._taken and headers.items() <= found.items():
                    self._taken.add(number)
                    return found
            self.clock.advance(STEP)
        raise TimeoutError(f"no {name}")

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    def phone(self, behaviour: str) -> None:
        """Set what the telephone PJSIP/bob does."""
        how: dict[str, dict[str, Any]] = {
            "answers": {"answers": 0},
            "rings": {"no_answer": True},
            "busy": {"busy": True},
        }
        self.pbx.phone("PJSIP/bob", number="182", caller_name="Bob Berg", **how[behaviour])

    def phone_calls(self, exten: str) -> None:
        """Let the telephone call an extension."""
        self.pbx.call(caller="PJSIP/bob", to=exten)

    def phone_hangs_up(self) -> None:
        """Let the telephone end its call."""
        self.pbx.phone_hangs_up("PJSIP/bob", cause=None)

    def quiet(self) -> None:
        """Let time pass until no channel is left."""
        for _ in range(int(LONGEST / STEP)):
            names = [event for kind, event, _ in self.log if kind == "E"]
            if names.count("Newchannel") <= names.count("Hangup"):
                self.clock.advance(0.3)
                return
            self.clock.advance(STEP)
        raise TimeoutError("channels are left")


def furnish(pbx: SimulatedPbx) -> None:
    """Give a telephone system what the servers of the live tests have."""
    pbx.dialplan(DIALPLAN)
    pbx.channelvars("CAMPAIGN", "ORDER")
    pbx.phone("PJSIP/alice", number="181", caller_name="Alice Alm", unreachable=True)
    pbx.phone("PJSIP/bob", number="182", caller_name="Bob Berg", unreachable=True)
    pbx.phone("PJSIP/trunk", no_answer=True)
    pbx.conference_profile("admin", "admin", "marked")
    for number, name in {"1001": "Frida Falk", "1002": "Gustav Gran", "1003": "Rut Rask"}.items():
        pbx.agent(number, name=name)
    back: dict[str, Any] = {"comeback_context": "parking-timeout", "comeback_to_origin": False}
    pbx.parking_lot(**back)
    pbx.parking_lot("endless", extension="770", spaces=(771, 780), timeout=0, context="parkedcalls-endless")
    pbx.parking_lot("short", extension="750", spaces=(751, 760), timeout=2, context="parkedcalls-short", **back)
    for name, settings in QUEUES.items():
        pbx.queue(name, **settings)
    for queue, interface, settings in MEMBERS:
        pbx.member(queue, interface, **settings)
