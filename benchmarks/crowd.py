"""A busy telephone system: 2,000 calls at once and 200 queues with 3,000 members, as the bytes of their events.

Rules of this module:

- The calls are the conversations that `tests.live_model` plays, with the events that a real Asterisk adds to each
  channel (`NewCallerid`, `NewConnectedLine`, `NewAccountCode`) in the proportions of recorded traffic. A quarter of
  them are calls through a queue; the state of an agent is reported once for each queue that it belongs to.
- Conversations run concurrently: each event belongs to one of 2,000 calls, chosen at random. When one ends, another one
  begins.
- ``noise`` adds what a server sends as well if nobody asks it not to, and what the model does not need: `VarSet`,
  `Newexten`, `DeviceStateChange`.
- The same on every run.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from benchmarks.workload import message
from tests.live_model.conversations import (
    attended_transfer,
    blind_transfer,
    blonde_transfer,
    parked,
    picked_up,
    ring_group,
    seen_through,
    talk,
)
from tests.live_model.pbx import Channel, Pbx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.workload import Headers

__all__ = ["CALLS", "CHANNELS", "LAST", "MEMBERS", "QUEUES", "events", "items_of", "lists"]

CALLS = 2_000
CHANNELS = 5_000
QUEUES = 200
MEMBERS = 3_000
_QUEUES_EACH = 3
"""How many queues an agent belongs to."""
_AGENTS = MEMBERS // _QUEUES_EACH
_SEED = 5038


class _Crowded(Pbx):
    """A telephone system that writes the bytes of its events, and the ones that a real server adds."""

    def __init__(self, number: int, chance: random.Random, *, noise: bool) -> None:
        super().__init__()
        self.serial = number * 100
        self.chance = chance
        self.noise = noise
        self.octets: list[bytes] = []
        self.events = self.octets  # type: ignore[assignment]  # `local` takes back the last one

    def tell(self, name: str, *parts: list[str]) -> None:
        lines = [f"Event: {name}", "Privilege: call,all", *(line for part in parts for line in part)]
        octets = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.octets.append(octets.replace(b": bridge-", b": 7c9f1b1e-3c52-4d65-9d2f-%04d" % (self.serial % 10_000)))

    def new(
        self, name: str, number: str = "", *, of: Channel | None = None, exten: str = "s", state: str = "Down"
    ) -> Channel:
        made = super().new(name, number, of=of, exten=exten, state=state)
        if not name.startswith("Local/"):
            self.tell("NewCallerid", made.lines(), ["CID-CallingPres: 0 (Presentation Allowed, Not Screened)"])
            self.tell("NewAccountCode", made.lines(), ["OldAccountCode: "])
            self._vary(made, 8)
        return made

    def state(self, channel: Channel, state: str) -> None:
        super().state(channel, state)
        self.tell("NewConnectedLine", channel.lines())
        self._vary(channel, 4)

    def _vary(self, channel: Channel, times: int) -> None:
        """Write what a server sends as well."""
        if not self.noise:
            return
        for number in range(times):
            step = ["Extension: s", "Application: Set", f"AppData: CALL_{number}={self.serial}"]
            self.tell("Newexten", channel.lines(), step)
            self.tell("VarSet", channel.lines(), [f"Variable: CALL_{number}", f"Value: {self.serial}"])
        self.tell("DeviceStateChange", [f"Device: {channel.name.rpartition('-')[0]}", "State: INUSE"])


def _queued(pbx: _Crowded) -> None:
    """Have a caller wait in a queue, and an agent answer."""
    agent = pbx.chance.randrange(_AGENTS)
    names = _queues_of(agent)
    caller = pbx.call_in("PJSIP/trunk", "0301234567", "500")
    more = [f"Queue: {names[0]}", "Position: 1", "Count: 1"]
    pbx.tell("QueueCallerJoin", caller.lines(), more)
    phone = pbx.ring(caller, f"PJSIP/agent{agent}", "500")
    _agent_is(pbx, agent, 6)
    bridge = pbx.answer(caller, phone)
    pbx.tell("QueueCallerLeave", caller.lines(), more)
    of = [f"Queue: {names[0]}", f"MemberName: Agent {agent}", f"Interface: PJSIP/agent{agent}"]
    pbx.tell("AgentConnect", caller.lines(), phone.lines("Dest"), [*of, "RingTime: 3", "HoldTime: 12"])
    _agent_is(pbx, agent, 2)
    pbx.end(bridge, caller, phone)
    more = [*of, "HoldTime: 12", "TalkTime: 94", "Reason: caller"]
    pbx.tell("AgentComplete", caller.lines(), phone.lines("Dest"), more)
    _agent_is(pbx, agent, 1)


def _agent_is(pbx: _Crowded, agent: int, status: int) -> None:
    for queue in _queues_of(agent):
        pbx.tell("QueueMemberStatus", [f"{name}: {value}" for name, value in _member(agent, queue, status)])


def _answered(pbx: _Crowded) -> None:
    alice, bob, bridge = talk(pbx)
    pbx.end(bridge, alice, bob)


def _unanswered(pbx: _Crowded) -> None:
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    pbx.dialed(alice, bob, "NOANSWER")
    pbx.hang_up(bob, 19)
    pbx.hang_up(alice, 19)


_CONVERSATIONS: tuple[tuple[int, Callable[[_Crowded], object]], ...] = (
    (40, _answered),
    (25, _queued),
    (13, _unanswered),
    (6, ring_group),
    (6, seen_through),
    (3, blind_transfer),
    (3, attended_transfer),
    (2, blonde_transfer),
    (1, parked),
    (1, picked_up),
)
"""What people do, each with its share in percent."""


def events(count: int, *, noise: bool = False) -> Iterator[bytes]:
    """Yield the bytes of events, each with its empty line.

    Args:
        count: How many.
        noise: Whether to include what the model does not need.
    """
    chance = random.Random(_SEED)
    shares, played = zip(*_CONVERSATIONS, strict=True)
    number = 0

    def begin() -> Iterator[bytes]:
        nonlocal number
        number += 1
        pbx = _Crowded(number, chance, noise=noise)
        chance.choices(played, shares)[0](pbx)
        return iter(pbx.octets)

    calls = [begin() for _ in range(CALLS)]
    for _ in range(count):
        place = chance.randrange(CALLS)
        event = next(calls[place], None)
        if event is None:
            calls[place] = begin()
            event = next(calls[place])
        yield event


def lists(action: str, action_id: str) -> bytes | None:
    """Return the answer to a list action with its items, or `None` if it is another action."""
    listed = _LISTS.get(action)
    if listed is None:
        return None
    items, end = listed()
    identity = ("ActionID", action_id)
    answer = [("Response", "Success"), identity, ("EventList", "start"), ("Message", "follows")]
    complete = [("Event", end), identity, ("EventList", "Complete"), ("ListItems", str(len(items)))]
    return b"".join(map(message, (answer, *([each[0], identity, *each[1:]] for each in items), complete)))


def items_of(action: str) -> list[bytes]:
    """Return the bytes of the items of a list, each without its empty line."""
    return [message(item)[:-4] for item in _LISTS[action]()[0]]


def _headers(lines: Iterable[str]) -> Headers:
    """Split lines into names and values."""
    return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]


def _channels() -> tuple[list[Headers], str]:
    """Return 2,500 calls of two channels, each in its bridge."""
    items: list[Headers] = []
    for number in range(CHANNELS):
        call = number - number % 2
        made = Channel(f"PJSIP/{number}-{number:08x}", f"1780000000.{number}", f"1780000000.{call}", str(number), "Up")
        headers = _headers(made.lines())
        more = [("Application", "AppDial" if number % 2 else "Dial"), ("ApplicationData", ""), ("Duration", "00:01:00")]
        items.append([("Event", "CoreShowChannel"), *headers, ("BridgeId", f"bridge-{call}"), *more])
    return items, "CoreShowChannelsComplete"


def _bridges() -> tuple[list[Headers], str]:
    pbx = Pbx()
    items: list[Headers] = []
    for call in range(0, CHANNELS, 2):
        headers = _headers(pbx.bridge_lines(f"bridge-{call}"))
        items.append([("Event", "BridgeListItem"), *headers[:-2], ("BridgeNumChannels", "2"), headers[-1]])
    return items, "BridgeListComplete"


def _queue_status() -> tuple[list[Headers], str]:
    items: list[Headers] = []
    for queue in range(QUEUES):
        params = {"Max": 0, "Strategy": "ringall", "Calls": 0, "Holdtime": 9, "TalkTime": 60, "Completed": 40}
        params |= {"Abandoned": 2, "ServiceLevel": 20, "ServicelevelPerf": "80.0", "ServicelevelPerf2": "80.0"}
        items.append([("Event", "QueueParams"), ("Queue", f"queue{queue}")])
        items[-1] += [(name, str(value)) for name, value in params.items()] + [("Weight", "0")]
    for agent in range(_AGENTS):
        for queue_name in _queues_of(agent):
            headers = dict(_member(agent, queue_name, 1))
            headers = {"Queue": queue_name, "Name": headers["MemberName"], "Location": headers["Interface"], **headers}
            del headers["MemberName"], headers["Interface"], headers["Ringinuse"]
            items.append([("Event", "QueueMember"), *headers.items()])
    return items, "QueueStatusComplete"


_LISTS: dict[str, Callable[[], tuple[list[Headers], str]]] = {
    "coreshowchannels": _channels,
    "bridgelist": _bridges,
    "queuestatus": _queue_status,
}


def _queues_of(agent: int) -> list[str]:
    return [f"queue{(agent * 7 + number * 31) % QUEUES}" for number in range(_QUEUES_EACH)]


def _member(agent: int, queue: str, status: int) -> Headers:
    """Return the headers of an event about a member."""
    return [
        *(("Queue", queue), ("MemberName", f"Agent {agent}"), ("Interface", f"PJSIP/agent{agent}")),
        *(("StateInterface", f"PJSIP/agent{agent}"), ("Membership", "dynamic"), ("Penalty", "0"), ("CallsTaken", "7")),
        *(("LastCall", "1780000000"), ("LastPause", "1779990000"), ("LoginTime", "1779980000")),
        *(("InCall", str(int(status == 2))), ("Status", str(status)), ("Paused", "0"), ("PausedReason", "")),
        *(("Ringinuse", "0"), ("Wrapuptime", "0")),
    ]


LAST = message([("Event", "QueueMemberAdded"), ("Privilege", "agent,all"), *_member(0, "last", 1)])
"""The event by which a client knows that it has all: a member joins the queue ``last``."""
