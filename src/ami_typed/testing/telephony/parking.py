"""Parking: calls that wait in numbered spaces, are retrieved, given up or time out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ami_typed.releases import Releases
from ami_typed.testing.telephony import bridges, channels, dialplan, states
from ami_typed.testing.telephony.applications import End, application, music_starts, music_stops
from ami_typed.testing.telephony.dialplan import Dialplan
from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.headers import channel_lines
from ami_typed.testing.telephony.objects import UP, Bridge, Channel, HungUp, Kicked, Moved, Redirected
from ami_typed.testing.telephony.processes import Afterwards, Wait
from ami_typed.testing.telephony.running import run_dialplan

if TYPE_CHECKING:
    from ami_typed.testing.seam import Emittable, ReceivedAction, Reply
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

__all__ = ["Lot", "Lots", "Parked", "add"]

_SETS_PARKINGSLOT = Releases("13-16")
"""The releases that set PARKINGSLOT besides PARKING_SPACE."""
_ANNOUNCES = 2.0
"""How long the number of the space is announced to who has parked a call, in seconds."""


@dataclass(eq=False)
class Parked:
    """A call that is parked.

    Attributes:
        parker: What is dialled to reach who has parked it.
        announced: Whether the channel hears the number of its space.
        next: The bridge to enter when the call is retrieved.
    """

    channel: Channel
    lot: Lot
    space: int
    parker: str
    since: float
    timeout: float
    next: Bridge | None = None
    timed_out: bool = False
    announced: bool = False
    hears_music: bool = False

    def left(self, now: float) -> float:
        """Return how long the call may stay, in seconds."""
        return max(0.0, self.since + self.timeout - now)


@dataclass(eq=False)
class Lot:
    """A parking lot."""

    name: str
    extension: str
    first: int
    last: int
    context: str = "parkedcalls"
    timeout: float = 45.0
    comeback_context: str = "parkedcallstimeout"
    comeback_to_origin: bool = True
    comeback_dial_time: int = 30
    music: str = "default"
    find_next: bool = False
    bridge: Bridge | None = None
    calls: dict[int, Parked] = field(default_factory=dict[int, Parked])
    last_used: int = 0


class Lots:
    """The parking lots by name."""

    def __init__(self) -> None:
        self.known: dict[str, Lot] = {}


def add(world: World, lot: Lot) -> None:
    """Add a parking lot, and the extensions of its context."""
    world.part(Lots).known[lot.name] = lot
    dialplan.add(world, lot.context, lot.extension, f"Park({lot.name})")
    context = world.part(Dialplan).context(lot.context)
    for space in range(lot.first, lot.last + 1):
        dialplan.add(world, lot.context, str(space), f"ParkedCall({lot.name},{space})")
        context.hints[str(space)] = f"park:{space}@{lot.context}"


@states.provides_states("park")
def _state(world: World, device: str) -> str:
    """Return whether a space is taken: ``park:701@parkedcalls``."""
    space, _, context = device.removeprefix("park:").partition("@")
    lots = [lot for lot in world.part(Lots).known.values() if lot.context == context]
    return "INUSE" if any(space.isdigit() and int(space) in lot.calls for lot in lots) else "NOT_INUSE"


def _free_space(lot: Lot) -> int | None:
    spaces = list(range(lot.first, lot.last + 1))
    if lot.find_next and lot.last_used:
        spaces = [*range(lot.last_used + 1, lot.last + 1), *range(lot.first, lot.last_used + 1)]
    return next((space for space in spaces if space not in lot.calls), None)


def _dial_string(channel: Channel) -> str:
    """Return what is dialled to reach a channel: its name without what makes it unique."""
    return channel.name.rpartition("-")[0]


def _park(world: World, lot: Lot, channel: Channel, parker: str, timeout: float | None = None) -> Parked | None:
    """Let a channel take a space; return nothing if the lot is full."""
    space = _free_space(lot)
    if space is None:
        return None
    if lot.bridge is None:
        settings = {"type": "parking", "technology": "holding_bridge", "creator": "Parking", "name": lot.name}
        lot.bridge = bridges.create(world, **settings, dissolves=False)
    parked = Parked(channel, lot, space, parker, world.now, lot.timeout if timeout is None else timeout)
    lot.calls[space], lot.last_used = parked, space
    _send(world, "ParkedCall", parked)
    states.changed(world, f"park:{space}@{lot.context}")
    return parked


def _lines(world: World, parked: Parked) -> Lines:
    return [
        ("ParkerDialString", parked.parker),
        ("Parkinglot", parked.lot.name),
        ("ParkingSpace", str(parked.space)),
        ("ParkingTimeout", str(int(parked.left(world.now)))),
        ("ParkingDuration", str(int(world.now - parked.since))),
    ]


def _send(world: World, event: str, parked: Parked, retriever: Channel | None = None) -> None:
    parkee = channel_lines(parked.channel, "Parkee")
    world.emit(event, parkee, channel_lines(retriever, "Retriever"), _lines(world, parked))


def _free(world: World, parked: Parked) -> None:
    if parked.lot.calls.get(parked.space) is parked:
        del parked.lot.calls[parked.space]
        states.changed(world, f"park:{parked.space}@{parked.lot.context}")


@application("Park", "ParkAndAnnounce")
def _park_application(world: World, channel: Channel, data: str) -> Work[None]:
    lot = world.part(Lots).known.get(data.partition(",")[0] or "default")
    parked = None if lot is None else _park(world, lot, channel, _dial_string(channel))
    if parked is None:
        return
    parked.announced = True
    yield from _stay(world, parked)
    if parked.timed_out:
        raise Redirected
    raise End


def _stay(world: World, parked: Parked) -> Work[None]:
    """Wait in a space, then talk to who retrieves the call, if anybody does."""
    channel, lot = parked.channel, parked.lot
    assert lot.bridge is not None
    bridges.enter(world, lot.bridge, channel)
    with Afterwards(lambda: _clear(world, parked)):
        try:
            yield Wait(_ANNOUNCES if parked.announced else 0)
            music_starts(world, channel, lot.music)
            parked.hears_music = True
            yield Wait(parked.left(world.now) if parked.timeout else None)
            _time_out(world, parked)
        except Kicked:
            _silence(world, parked)
        except HungUp:
            _silence(world, parked)
            _send(world, "ParkedCallGiveUp", parked)
            raise
    if parked.timed_out:
        _come_back(world, parked)
    elif parked.next is not None:
        yield from bridges.stay(world, parked.next, channel)


def _silence(world: World, parked: Parked) -> None:
    if parked.hears_music:
        parked.hears_music = False
        music_stops(world, parked.channel)


def _clear(world: World, parked: Parked) -> None:
    _free(world, parked)
    if parked.channel.bridge is parked.lot.bridge:
        bridges.leave(world, parked.channel)


def _time_out(world: World, parked: Parked) -> None:
    parked.timed_out = True
    channel = parked.channel
    flat = parked.parker.replace("/", "_")
    found = {
        "PARKING_SPACE": str(parked.space),
        **({"PARKINGSLOT": str(parked.space)} if world.release in _SETS_PARKINGSLOT else {}),
        "PARKEDLOT": parked.lot.name,
        "PARKER": parked.parker,
        "PARKER_FLAT": flat,
        "BRIDGE_FEATURES": "",
    }
    for name, value in found.items():
        channels.set_variable(world, channel, name, value)
    _silence(world, parked)


def _come_back(world: World, parked: Parked) -> None:
    """Send a call that nobody has retrieved where the lot says."""
    channel, lot = parked.channel, parked.lot
    channel.context, channel.priority = lot.comeback_context, 1
    channel.exten = parked.parker.replace("/", "_")
    if lot.comeback_to_origin:
        channel.context = "park-dial"
        dialplan.add(world, "park-dial", channel.exten, f"Dial({parked.parker},{lot.comeback_dial_time})")
    _send(world, "ParkedCallTimeOut", parked)
    if not dialplan.exists(world, channel.context, channel.exten):
        channel.exten = "s"
    channels.dialplan_moved(world, channel)


@application("ParkedCall")
def _retrieve(world: World, channel: Channel, data: str) -> Work[None]:
    name, _, space = data.partition(",")
    lot = world.part(Lots).known.get(name or "default")
    taken = {} if lot is None else lot.calls
    parked = taken.get(int(space)) if space.isdigit() else next(iter(taken.values()), None)
    channels.answer(world, channel)
    if parked is None:
        raise End
    bridge = bridges.create(world)
    _send(world, "UnParkedCall", parked, channel)
    _free(world, parked)
    parked.next = bridge
    if parked.channel.process is not None:
        parked.channel.process.interrupt(Kicked())
    yield Wait(0)
    yield from bridges.stay(world, bridge, channel)
    raise End


@answers("ParkedCalls")
def _parked_calls(world: World, action: ReceivedAction, reply: Reply) -> None:
    lots, name = world.part(Lots).known, action.get("ParkingLot", "")
    if name and name not in lots:
        reply.error("Requested parking lot could not be found.")
        return
    calls = [parked for lot in lots.values() if not name or lot.name == name for parked in lot.calls.values()]
    items: list[Emittable] = [
        world.event("ParkedCall", channel_lines(parked.channel, "Parkee"), _lines(world, parked)) for parked in calls
    ]
    ending = world.event("ParkedCallsComplete", [("Total", str(len(items)))])
    reply.list(items, ending, "Parked calls will follow")


@answers("Parkinglots")
def _parking_lots(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    items = [
        world.event(
            "Parkinglot",
            [
                ("Name", lot.name),
                ("StartSpace", str(lot.first)),
                ("StopSpace", str(lot.last)),
                ("Timeout", str(int(lot.timeout))),
            ],
        )
        for lot in world.part(Lots).known.values()
    ]
    reply.list(items, "ParkinglotsComplete", "Parking lots will follow")


@answers("Park")
def _park_action(world: World, action: ReceivedAction, reply: Reply) -> None:
    name, timeout = action.get("Channel", ""), action.get("Timeout", "")
    channel, announced = world.find(name), world.find(action.get("AnnounceChannel", ""))
    lot = world.part(Lots).known.get(action.get("Parkinglot", "") or "default")
    if not name:
        reply.error("Channel not specified")
    elif timeout and not timeout.isdigit():
        reply.error("Invalid Timeout value.")
    elif channel is None:
        reply.error(f"Channel does not exist: {name}")
    elif action.get("AnnounceChannel") and announced is None:
        reply.error("AnnounceChannel does not exist")
    elif lot is None or channel.state != UP or channel.process is None or _free_space(lot) is None:
        reply.error("Park action failed")
    else:
        reply.success("Park successful")
        parker = _dial_string(announced or channel)
        _move(world, lot, channel, parker, int(timeout) / 1000 if timeout else None)
        if announced is not None and announced.process is not None:
            world.scheduler.spawn(_announce(announced))


def _move(world: World, lot: Lot, channel: Channel, parker: str, timeout: float | None) -> None:
    """Take a channel out of its bridge, without an end to the bridge, and park it."""
    bridge, runs_dialplan = channel.bridge, channel.runs_dialplan
    bridges.slip_out(world, channel, forgets=False)
    parked = _park(world, lot, channel, parker, timeout)
    assert parked is not None
    bridges.take_over(world, channel, _park_to_the_end(world, parked))
    channel.runs_dialplan = runs_dialplan
    if bridge is not None:
        world.scheduler.soon(lambda: bridges.forget_peers(world, bridge, channel))


def _park_to_the_end(world: World, parked: Parked) -> Work[None]:
    """Serve a channel that somebody else has parked."""
    channel = parked.channel
    try:
        yield from _stay(world, parked)
    except Moved:
        return
    except (HungUp, Kicked):
        pass
    except Redirected:
        yield from run_dialplan(world, channel)
        return
    if parked.timed_out:
        yield from run_dialplan(world, channel)
        return
    channels.end(world, channel)


def _announce(channel: Channel) -> Work[None]:
    """Let who has parked a call hear the number of the space, and be free again."""
    yield Wait(_ANNOUNCES)
    if channel.bridge is not None and channel.process is not None:
        channel.process.interrupt(Kicked())
