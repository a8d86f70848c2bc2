"""Queues and their members: what they are, whom a queue calls next, and the events of members."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ami_typed.testing.telephony import states
from ami_typed.testing.telephony.processes import Signal

if TYPE_CHECKING:
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.world import World

__all__ = ["Entry", "Member", "Queue", "Queues", "add", "add_member", "available", "candidates", "member_event"]

_STATUS = {
    "UNKNOWN": 0,
    "NOT_INUSE": 1,
    "INUSE": 2,
    "BUSY": 3,
    "INVALID": 4,
    "UNAVAILABLE": 5,
    "RINGING": 6,
    "RINGINUSE": 7,
    "ONHOLD": 8,
}
"""The states of members, which are those of their devices (include/asterisk/devicestate.h)."""
_FREE = ("NOT_INUSE", "UNKNOWN")
_IN_USE = ("INUSE", "RINGING", "RINGINUSE", "ONHOLD", "BUSY")
_UNUSABLE = ("INVALID", "UNAVAILABLE")


@dataclass(eq=False)
class Member:
    """A member of a queue.

    Attributes:
        interface: What is dialled.
        device: The device whose state says whether the member is free.
        status: The state of the device that was last sent.
    """

    interface: str
    name: str
    device: str
    penalty: int = 0
    membership: str = "static"
    paused: bool = False
    reason: str = ""
    ring_in_use: bool = True
    wrap_up: int = 0
    calls: int = 0
    last_call: float = 0.0
    last_pause: float = 0.0
    logged_in: float = 0.0
    in_call: bool = False
    being_called: bool = False
    status: str = "UNKNOWN"


@dataclass(eq=False)
class Entry:
    """A caller who waits in a queue."""

    channel: Channel
    joined: float
    position: int
    priority: int = 0
    original: int = 0
    withdrawn: bool = False


@dataclass(eq=False)
class Queue:
    """A queue.

    Attributes:
        changed: Raised when a caller or a member comes, leaves or becomes free.
        turn: The number of calls that have been offered, for strategies that go round.
    """

    name: str
    strategy: str = "ringall"
    timeout: float = 15.0
    retry: float = 5.0
    weight: int = 0
    service_level: int = 0
    longest: int = 0
    wrap_up: int = 0
    ring_in_use: bool = True
    join_empty: bool = True
    leave_when_empty: bool = False
    auto_pause: bool = False
    music: str = "default"
    sets_interface_variables: bool = False
    sets_queue_variables: bool = False
    sets_entry_variables: bool = False
    members: list[Member] = field(default_factory=list[Member])
    entries: list[Entry] = field(default_factory=list[Entry])
    changed: Signal = field(default_factory=Signal)
    completed: int = 0
    in_level: int = 0
    abandoned: int = 0
    hold_time: int = 0
    talk_time: int = 0
    turn: int = 0

    @property
    def performance(self) -> float:
        """The share of answered calls that were answered in time, in percent."""
        return 100.0 * self.in_level / self.completed if self.completed else 0.0

    def answered(self, hold_time: int) -> None:
        """Count a caller's wait, in seconds: the first one is the average (app_queue.c, recalc_holdtime)."""
        is_first = self.completed + self.abandoned == 0
        self.hold_time = hold_time if is_first else _average(self.hold_time, hold_time)

    def ended(self, hold_time: int, talk_time: int) -> None:
        """Count a completed call by its wait and its length, in seconds (app_queue.c, update_queue)."""
        self.completed += 1
        self.in_level += int(hold_time <= self.service_level)
        self.talk_time = talk_time if self.completed == 1 else _average(self.talk_time, talk_time)


def _average(old: int, new: int) -> int:
    """Return three parts of the old value and one of the new one, in whole seconds."""
    return (old * 3 + new) // 4


class Queues:
    """The queues by name."""

    def __init__(self) -> None:
        self.known: dict[str, Queue] = {}
        self.watches = False


def add(world: World, queue: Queue) -> Queue:
    """Add a queue, or replace the one of that name."""
    part = world.part(Queues)
    part.known[queue.name] = queue
    if not part.watches:
        part.watches = True
        world.part(states.DeviceStates).observers.append(_device_changed)
    return queue


def add_member(world: World, queue: Queue, member: Member) -> None:
    """Add a member to a queue, without an event."""
    member.logged_in = world.now
    member.status = states.device_state(world, member.device)
    queue.members.append(member)
    queue.changed.notify()


def device_of(interface: str) -> str:
    """Return the device of an interface: without the options of a Local channel."""
    technology, slash, resource = interface.partition("/")
    return f"{technology}{slash}{resource.partition('/')[0]}" if technology.lower() == "local" else interface


def _device_changed(world: World, device: str, state: str) -> None:
    for queue in world.part(Queues).known.values():
        for member in queue.members:
            if member.device == device and member.status != state:
                member.status = state
                member_event(world, "QueueMemberStatus", queue, member)
                queue.changed.notify()


def member_event(world: World, event: str, queue: Queue, member: Member) -> None:
    """Send an event about a member."""
    lines: Lines = [
        ("Queue", queue.name),
        ("MemberName", member.name),
        ("Interface", member.interface),
        ("StateInterface", shown_device(member)),
        ("Membership", member.membership),
        ("Penalty", str(member.penalty)),
        *statistics(member),
        ("Ringinuse", str(int(member.ring_in_use))),
        ("Wrapuptime", str(member.wrap_up)),
    ]
    world.emit(event, lines, [("Reason", member.reason)] if member.reason and event == "QueueMemberPause" else [])


def shown_device(member: Member) -> str:
    """Return the device as events name it: the interface, if no other device was chosen."""
    return member.interface if member.device == device_of(member.interface) else member.device


def statistics(member: Member) -> Lines:
    """Return the headers about what a member does and has done."""
    return [
        ("CallsTaken", str(member.calls)),
        ("LastCall", str(int(member.last_call))),
        ("LastPause", str(int(member.last_pause))),
        ("LoginTime", str(int(member.logged_in))),
        ("InCall", str(int(member.in_call))),
        ("Status", str(_STATUS.get(member.status, 0))),
        ("Paused", str(int(member.paused))),
        ("PausedReason", member.reason),
    ]


def available(world: World, queue: Queue, member: Member) -> bool:
    """Return whether a member can be called now."""
    if member.paused or member.being_called or member.status in _UNUSABLE:
        return False
    if member.status in _IN_USE and not (member.ring_in_use and queue.ring_in_use):
        return False
    if member.in_call and not member.ring_in_use:
        return False
    rest = member.wrap_up or queue.wrap_up
    return not (rest and member.last_call and world.now < member.last_call + rest)


def nobody_there(queue: Queue) -> bool:
    """Return whether a queue has no member who could be called sooner or later."""
    return not any(not member.paused and member.status not in _UNUSABLE for member in queue.members)


def candidates(world: World, queue: Queue) -> list[Member]:
    """Return the members to call at once, by the strategy, with the lowest penalty first."""
    free = [member for member in queue.members if available(world, queue, member)]
    if not free:
        return []
    lowest = min(member.penalty for member in free)
    best = [member for member in free if member.penalty == lowest]
    if queue.strategy == "ringall":
        return best
    return [min(best, key=lambda member: _rank(queue, member))]


def _rank(queue: Queue, member: Member) -> tuple[float, ...]:
    """Return a number by which members are sorted; random strategies go round, so that tests are repeatable."""
    place = queue.members.index(member)
    if queue.strategy == "leastrecent":
        return (member.last_call, place)
    if queue.strategy == "fewestcalls":
        return (member.calls, place)
    if queue.strategy == "linear":
        return (place,)
    return ((place - queue.turn) % len(queue.members),)
