"""The application Queue: a caller waits, members are called, one of them answers and both talk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ami_typed.releases import Releases
from ami_typed.testing.telephony import bridges, channels, dialling, queues, technologies
from ami_typed.testing.telephony.applications import End, application, music_starts, music_stops, seconds
from ami_typed.testing.telephony.dialling import ANSWER, CANCEL, ELSEWHERE, NO_ANSWER, Attempt
from ami_typed.testing.telephony.headers import channel_lines
from ami_typed.testing.telephony.objects import Bridge, Channel, HungUp, Interrupt
from ami_typed.testing.telephony.processes import Afterwards, Wait
from ami_typed.testing.telephony.queues import Entry, Member, Queue, Queues

if TYPE_CHECKING:
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

_TELLS_WAIT = Releases("20.19 22.9 23.3-")
"""The releases that set QUEUEWAIT, and DIALEDTIME and ANSWEREDTIME of queues."""
_LAGS = Releases("17-")
"""The releases in which a member's channel keeps the cause that the others get, if the caller hangs up first."""
_CLEARED = tuple(name for each in ("ANSWEREDTIME", "DIALEDTIME", "QUEUEWAIT") for name in (each, f"{each}_MS"))


@dataclass(eq=False)
class _Call:
    """One caller in one queue."""

    queue: Queue
    entry: Entry
    options: str
    until: float | None

    @property
    def channel(self) -> Channel:
        return self.entry.channel


@application("Queue")
def _queue(world: World, channel: Channel, data: str) -> Work[None]:
    name, options, _, _, timeout = [*data.split(","), "", "", "", ""][:5]
    if world.release in _TELLS_WAIT:
        for each in _CLEARED:
            channels.set_variable(world, channel, each, "")
    queue = world.part(Queues).known.get(name)
    if queue is None:
        return
    refusal = _refusal(queue)
    if refusal:
        channels.set_variable(world, channel, "QUEUESTATUS", refusal)
        return
    length = seconds(timeout)
    call = _Call(queue, _join(world, queue, channel), options, None if length is None else world.now + length)
    yield from _wait_and_talk(world, call)


def _refusal(queue: Queue) -> str:
    """Return the status of a caller who is not let in; the empty text for one who is."""
    if queue.longest and len(queue.entries) >= queue.longest:
        return "FULL"
    return "JOINEMPTY" if not queue.join_empty and queues.nobody_there(queue) else ""


def _join(world: World, queue: Queue, channel: Channel) -> Entry:
    priority = channel.variables.get("QUEUE_PRIO", "0")
    entry = Entry(channel, world.now, 0, int(priority) if priority.isdigit() else 0)
    place = next((n for n, each in enumerate(queue.entries) if each.priority < entry.priority), len(queue.entries))
    queue.entries.insert(place, entry)
    _number(queue)
    entry.original = entry.position
    lines = [("Queue", queue.name), ("Position", str(entry.position)), ("Count", str(len(queue.entries)))]
    world.emit("QueueCallerJoin", channel_lines(channel), lines)
    music_starts(world, channel, queue.music)
    return entry


def _number(queue: Queue) -> None:
    for position, entry in enumerate(queue.entries, 1):
        entry.position = position


def _wait_and_talk(world: World, call: _Call) -> Work[None]:
    try:
        member, attempt = yield from _until_answered(world, call)
    except Interrupt as interrupt:
        music_stops(world, call.channel)
        _tell_wait(world, call)
        if isinstance(interrupt, HungUp):
            _abandon(world, call)
        _leave(world, call)
        raise
    if member is None or attempt.answered is None:
        return
    yield from _talk(world, call, member, attempt)


def _until_answered(world: World, call: _Call) -> Work[tuple[Member | None, Attempt]]:
    """Call members until one answers, or the caller has waited long enough."""
    nobody = Attempt(call.channel)
    while True:
        status = _why_not(world, call)
        if status:
            _give_up(world, call, status)
            return None, nobody
        members = queues.candidates(world, call.queue) if _may_be_served(world, call) else []
        if not members:
            yield Wait(_left(world, call), (call.queue.changed,))
            continue
        member, attempt = yield from _ring(world, call, members)
        if member is not None:
            return member, attempt
        yield Wait(_shorter(call.queue.retry, _left(world, call)))


def _why_not(world: World, call: _Call) -> str:
    """Return the status with which a caller has to leave now; the empty text if there is none."""
    left = _left(world, call)
    if call.entry.withdrawn:
        return "WITHDRAW"
    if left is not None and left <= 0:
        return "TIMEOUT"
    return "LEAVEEMPTY" if call.queue.leave_when_empty and queues.nobody_there(call.queue) else ""


def _left(world: World, call: _Call) -> float | None:
    return None if call.until is None else max(0.0, call.until - world.now)


def _shorter(first: float, second: float | None) -> float:
    return first if second is None else min(first, second)


def _may_be_served(world: World, call: _Call) -> bool:
    """Return whether there are more free members than callers who are ahead (``autofill``)."""
    free = sum(1 for member in call.queue.members if queues.available(world, call.queue, member))
    return call.entry.position <= free


def _ring(world: World, call: _Call, members: list[Member]) -> Work[tuple[Member | None, Attempt]]:
    """Call members at once; return the one who answers."""
    attempt = Attempt(call.channel, began=world.now)
    call.queue.turn += 1
    legs: dict[Channel, Member] = {}
    for member in members:
        channel = _call_member(world, call, attempt, member)
        if channel is not None:
            legs[channel] = member
            member.being_called = True
    with Afterwards(lambda: _are_free(legs)):
        try:
            yield from dialling.wait_for_one(world, attempt, _shorter(call.queue.timeout, _left(world, call)))
        except Interrupt:
            dialling.over(world, attempt, CANCEL, call.channel.cause)
            raise
    if attempt.answered is None:
        _nobody_answered(world, call, attempt, legs)
        return None, attempt
    dialling.ended(world, attempt, attempt.answered, ANSWER)
    dialling.over(world, attempt, CANCEL, ELSEWHERE)
    return legs[attempt.answered], attempt


def _are_free(legs: dict[Channel, Member]) -> None:
    for member in legs.values():
        member.being_called = False


def _call_member(world: World, call: _Call, attempt: Attempt, member: Member) -> Channel | None:
    caller = call.channel
    channel = technologies.request(world, member.interface, caller)
    if isinstance(channel, int):
        return None
    channel.application, channel.data = "AppQueue", "(Outgoing Line)"
    named = bool(channel.caller.number)
    if not named:
        channel.caller.number = caller.dialled or caller.exten
    channel.connected = caller.caller.copy()
    channels.dialplan_moved(world, channel)
    if not named:
        channels.set_caller(world, channel)
    channel.exten, channel.priority = caller.exten, 1
    channels.dialplan_moved(world, channel)
    if channel.connected.number or channel.connected.name:
        channels.set_connected(world, channel)
    channels.set_variable(world, channel, "DIALEDPEERNUMBER", member.interface.partition("/")[2])
    if channel.tech.call(channel):
        channels.end(world, channel)
        return None
    world.emit("AgentCalled", channel_lines(caller), channel_lines(channel, "Dest"), _about(call, member))
    dial = [("DialString", member.interface)]
    world.emit("DialBegin", channel_lines(caller), channel_lines(channel, "Dest"), dial)
    attempt.ringing.append(channel)
    return channel


def _about(call: _Call, member: Member) -> Lines:
    return [("Queue", call.queue.name), ("Interface", member.interface), ("MemberName", member.name)]


def _nobody_answered(world: World, call: _Call, attempt: Attempt, legs: dict[Channel, Member]) -> None:
    for channel in tuple(attempt.ringing):
        member = legs[channel]
        ring_time = str(int((world.now - attempt.began) * 1000))
        lines = [*_about(call, member), ("RingTime", ring_time)]
        world.emit("AgentRingNoAnswer", channel_lines(call.channel), channel_lines(channel, "Dest"), lines)
        dialling.ended(world, attempt, channel, NO_ANSWER)
        if call.queue.auto_pause:
            member.paused, member.reason, member.last_pause = True, "Auto-Pause", world.now
            queues.member_event(world, "QueueMemberPause", call.queue, member)
    dialling.over(world, attempt, CANCEL, 0)


def _give_up(world: World, call: _Call, status: str) -> None:
    """Let a caller leave whom nobody has answered."""
    _abandon(world, call)
    _tell_wait(world, call)
    music_stops(world, call.channel)
    _leave(world, call)
    channels.set_variable(world, call.channel, "QUEUESTATUS", status)


def _abandon(world: World, call: _Call) -> None:
    call.queue.abandoned += 1
    channels.set_variable(world, call.channel, "ABANDONED", "TRUE")
    lines = [
        ("Queue", call.queue.name),
        ("Position", str(call.entry.position)),
        ("OriginalPosition", str(call.entry.original)),
        ("HoldTime", str(int(world.now - call.entry.joined))),
    ]
    world.emit("QueueCallerAbandon", channel_lines(call.channel), lines)


def _leave(world: World, call: _Call) -> None:
    if call.entry not in call.queue.entries:
        return
    call.queue.entries.remove(call.entry)
    position = str(call.entry.position)
    count = str(len(call.queue.entries))
    _number(call.queue)
    lines = [("Queue", call.queue.name), ("Position", position), ("Count", count)]
    world.emit("QueueCallerLeave", channel_lines(call.channel), lines)
    channels.set_variable(world, call.channel, "QUEUEPOSITION", position)
    call.queue.changed.notify()


def _tell_wait(world: World, call: _Call) -> None:
    """Set the variables about how long a caller has waited in vain, in releases that have them."""
    if world.release in _TELLS_WAIT:
        now = {"QUEUEWAIT": int(world.now - call.entry.joined), "DIALEDTIME": world.now - call.channel.created}
        for name, length in {**now, "ANSWEREDTIME": 0.0}.items():
            if not call.channel.variables.get(name):
                dialling.duration(world, call.channel, name, length)


def _talk(world: World, call: _Call, member: Member, attempt: Attempt) -> Work[None]:
    peer = attempt.answered
    assert peer is not None
    music_stops(world, call.channel)
    _set_variables(world, call, member, peer)
    _leave(world, call)
    if world.release in _TELLS_WAIT:
        dialling.duration(world, call.channel, "QUEUEWAIT", int(world.now - call.entry.joined))
    hold_time = int(world.now - call.entry.joined)
    call.queue.answered(hold_time)
    times = [("HoldTime", str(hold_time)), ("RingTime", str(int(world.now - attempt.began)))]
    world.emit(
        "AgentConnect", channel_lines(call.channel), channel_lines(peer, "Dest"), [*_about(call, member), *times]
    )
    member.in_call = True
    bridge = bridges.create(world)
    ending = _Ending(world, call, member, hold_time)
    peer.cause = ELSEWHERE if world.release in _LAGS else 0
    peer.process = world.scheduler.spawn(bridges.stay_to_the_end(world, bridge, peer, ending.by_member))
    bridges.enter(world, bridge, peer)
    with Afterwards(lambda: ending.over("transfer")):
        yield from _until_one_hangs_up(world, call, bridge, ending)
    _tell_talk(world, call, ending)
    if "c" not in call.options:
        raise End


def _until_one_hangs_up(world: World, call: _Call, bridge: Bridge, ending: _Ending) -> Work[None]:
    try:
        yield from bridges.stay(world, bridge, call.channel)
    except HungUp:
        _show_queue(world, call, call.channel)
        _tell_talk(world, call, ending)
        _show_queue(world, call, call.channel)
        ending.over("caller")
        channels.set_variable(world, call.channel, "QUEUESTATUS", "CONTINUE")
        raise


def _tell_talk(world: World, call: _Call, ending: _Ending) -> None:
    """Set the variables about how long both have talked, in releases that have them."""
    if world.release in _TELLS_WAIT:
        dialling.duration(world, call.channel, "ANSWEREDTIME", world.now - ending.began)
        dialling.duration(world, call.channel, "DIALEDTIME", world.now - call.channel.created)


class _Ending:
    """Sends once that a member's call is over."""

    def __init__(self, world: World, call: _Call, member: Member, hold_time: int) -> None:
        self._world, self._call, self._member, self._hold_time = world, call, member, hold_time
        self.began = world.now
        self._over = False

    def by_member(self, peer: Channel) -> None:
        """End the call because the member has hung up."""
        if peer.leaving:
            peer.cause = peer.cause if peer.cause != ELSEWHERE else 16
            self.over("agent", peer)

    def over(self, reason: str, peer: Channel | None = None) -> None:
        """End the call."""
        if self._over:
            return
        self._over = True
        world, call, member = self._world, self._call, self._member
        talk_time = int(world.now - self.began)
        call.queue.ended(self._hold_time, talk_time)
        member.in_call = False
        for queue in world.part(Queues).known.values():
            for each in queue.members:
                if each.interface == member.interface:
                    each.calls, each.last_call = each.calls + 1, world.now
        times = [("HoldTime", str(self._hold_time)), ("TalkTime", str(talk_time)), ("Reason", reason)]
        about = _about(call, member)
        world.emit("AgentComplete", channel_lines(call.channel), channel_lines(peer, "Dest"), [*about, *times])
        call.queue.changed.notify()


def _set_variables(world: World, call: _Call, member: Member, peer: Channel) -> None:
    """Set the variables about the member, the caller's place and the queue, on both channels."""
    queue, both = call.queue, (call.channel, peer)
    if queue.sets_interface_variables:
        found = {
            "MEMBERINTERFACE": member.interface,
            "MEMBERNAME": member.name,
            "MEMBERCALLS": str(member.calls),
            "MEMBERLASTCALL": str(int(member.last_call)),
            "MEMBERPENALTY": str(member.penalty),
            "MEMBERDYNAMIC": str(int(member.membership == "dynamic")),
            "MEMBERREALTIME": str(int(member.membership == "realtime")),
        }
        for channel in both:
            for name, value in found.items():
                channels.set_variable(world, channel, name, value)
    if queue.sets_entry_variables:
        for channel in both:
            channels.set_variable(world, channel, "QEHOLDTIME", str(int(world.now - call.entry.joined)))
            channels.set_variable(world, channel, "QEORIGINALPOS", str(call.entry.original))
    for channel in both:
        _show_queue(world, call, channel)


def _show_queue(world: World, call: _Call, channel: Channel) -> None:
    """Set the variables about the queue, if it is told to."""
    queue = call.queue
    if not queue.sets_queue_variables:
        return
    found = {
        "QUEUENAME": queue.name,
        "QUEUEMAX": str(queue.longest),
        "QUEUESTRATEGY": queue.strategy,
        "QUEUECALLS": str(len(queue.entries)),
        "QUEUEHOLDTIME": str(queue.hold_time),
        "QUEUETALKTIME": str(queue.talk_time),
        "QUEUECOMPLETED": str(queue.completed),
        "QUEUEABANDONED": str(queue.abandoned),
        "QUEUESRVLEVEL": str(queue.service_level),
        "QUEUESRVLEVELPERF": f"{queue.performance:2.1f}",
    }
    for name, value in found.items():
        channels.set_variable(world, channel, name, value)
