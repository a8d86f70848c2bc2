"""What programs ask of queues: lists, members, pauses, penalties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import queues
from ami_typed.testing.telephony.handling import answers, flag
from ami_typed.testing.telephony.queues import Entry, Member, Queue, Queues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ami_typed.testing.seam import Emittable, ReceivedAction, Reply
    from ami_typed.testing.telephony.world import World

_PLAIN = "unknown"
"""What lists of callers have for a number or name that nobody set (apps/app_queue.c, manager_queues_status)."""


def _chosen(world: World, action: ReceivedAction) -> list[Queue]:
    """Return the queues that an action is about: one, or all."""
    name = action.get("Queue", "")
    return [queue for queue in world.part(Queues).known.values() if not name or queue.name == name]


def _matching(world: World, action: ReceivedAction) -> Iterator[tuple[Queue, Member]]:
    """Return the members that an action is about, with their queues."""
    for queue in _chosen(world, action):
        for member in queue.members:
            if member.interface == action.get("Interface", ""):
                yield queue, member


@answers("QueueStatus")
def _status(world: World, action: ReceivedAction, reply: Reply) -> None:
    wanted = action.get("Member", "")
    items: list[Emittable] = []
    for queue in _chosen(world, action):
        items.append(_params(world, queue))
        members = [each for each in queue.members if not wanted or wanted in (each.name, each.interface)]
        items += [_listed(world, queue, member) for member in members]
        items += [_waiting(world, queue, entry) for entry in queue.entries]
    reply.list(items, "QueueStatusComplete", "Queue status will follow")


def _params(world: World, queue: Queue) -> Emittable:
    return world.event(
        "QueueParams",
        [
            ("Queue", queue.name),
            ("Max", str(queue.longest)),
            ("Strategy", queue.strategy),
            ("Calls", str(len(queue.entries))),
            ("Holdtime", str(queue.hold_time)),
            ("TalkTime", str(queue.talk_time)),
            ("Completed", str(queue.completed)),
            ("Abandoned", str(queue.abandoned)),
            ("ServiceLevel", str(queue.service_level)),
            ("ServicelevelPerf", f"{queue.performance:2.1f}"),
            ("ServicelevelPerf2", f"{queue.performance:2.1f}"),
            ("Weight", str(queue.weight)),
        ],
    )


def _listed(world: World, queue: Queue, member: Member) -> Emittable:
    lines = [
        ("Queue", queue.name),
        ("Name", member.name),
        ("Location", member.interface),
        ("StateInterface", queues.shown_device(member)),
        ("Membership", member.membership),
        ("Penalty", str(member.penalty)),
        *queues.statistics(member),
        ("Wrapuptime", str(member.wrap_up)),
    ]
    return world.event("QueueMember", lines)


def _waiting(world: World, queue: Queue, entry: Entry) -> Emittable:
    channel = entry.channel
    lines = [
        ("Queue", queue.name),
        ("Position", str(entry.position)),
        ("Channel", channel.name),
        ("Uniqueid", channel.uniqueid),
        ("CallerIDNum", channel.caller.number or _PLAIN),
        ("CallerIDName", channel.caller.name or _PLAIN),
        ("ConnectedLineNum", channel.connected.number or _PLAIN),
        ("ConnectedLineName", channel.connected.name or _PLAIN),
        ("Wait", str(int(world.now - entry.joined))),
        ("Priority", str(entry.priority)),
    ]
    return world.event("QueueEntry", lines)


@answers("QueueSummary")
def _summary(world: World, action: ReceivedAction, reply: Reply) -> None:
    items = [_summed(world, queue) for queue in _chosen(world, action)]
    reply.list(items, "QueueSummaryComplete", "Queue summary will follow")


def _summed(world: World, queue: Queue) -> Emittable:
    there = [member for member in queue.members if member.status not in ("INVALID", "UNAVAILABLE")]
    waits = [int(world.now - entry.joined) for entry in queue.entries]
    lines = [
        ("Queue", queue.name),
        ("LoggedIn", str(len(there))),
        ("Available", str(sum(1 for each in there if each.status in ("NOT_INUSE", "UNKNOWN") and not each.paused))),
        ("Callers", str(len(queue.entries))),
        ("HoldTime", str(queue.hold_time)),
        ("TalkTime", str(queue.talk_time)),
        ("LongestHoldTime", str(max(waits, default=0))),
    ]
    return world.event("QueueSummary", lines)


@answers("QueueAdd")
def _add(world: World, action: ReceivedAction, reply: Reply) -> None:
    name, interface = action.get("Queue", ""), action.get("Interface", "")
    queue = world.part(Queues).known.get(name)
    if not name:
        reply.error("'Queue' not specified.")
    elif not interface:
        reply.error("'Interface' not specified.")
    elif queue is None:
        reply.error("Unable to add interface to queue: No such queue")
    elif any(member.interface == interface for member in queue.members):
        reply.error("Unable to add interface: Already there")
    else:
        member = _new_member(world, queue, action, interface)
        reply.success("Added interface to queue")
        queues.member_event(world, "QueueMemberAdded", queue, member)


def _new_member(world: World, queue: Queue, action: ReceivedAction, interface: str) -> Member:
    penalty = action.get("Penalty", "0")
    member = Member(
        interface,
        action.get("MemberName", "") or interface,
        action.get("StateInterface", "") or queues.device_of(interface),
        int(penalty) if penalty.isdigit() else 0,
        "dynamic",
        flag(action.get("Paused", "")),
        action.get("Reason", ""),
        queue.ring_in_use,
    )
    member.last_pause = world.now if member.paused else 0.0
    queues.add_member(world, queue, member)
    return member


@answers("QueueRemove")
def _remove(world: World, action: ReceivedAction, reply: Reply) -> None:
    queue = world.part(Queues).known.get(action.get("Queue", ""))
    found = dict(_matching(world, action)).get(queue) if queue else None
    if not (action.get("Queue") and action.get("Interface")):
        reply.error("Need 'Queue' and 'Interface' parameters.")
    elif queue is None:
        reply.error("Unable to remove interface from queue: No such queue")
    elif found is None:
        reply.error("Unable to remove interface: Not there")
    elif found.membership == "static":
        reply.error("Member not dynamic")
    else:
        queue.members.remove(found)
        reply.success("Removed interface from queue")
        queues.member_event(world, "QueueMemberRemoved", queue, found)


@answers("QueuePause")
def _pause(world: World, action: ReceivedAction, reply: Reply) -> None:
    paused = action.get("Paused", "")
    if not (action.get("Interface") and paused):
        reply.error("Need 'Interface' and 'Paused' parameters.")
        return
    found = list(_matching(world, action))
    if not found:
        reply.error("Interface not found")
        return
    now = flag(paused)
    reply.success("Interface paused successfully" if now else "Interface unpaused successfully")
    for queue, member in found:
        if now and not member.paused:
            member.last_pause = world.now
        member.paused, member.reason = now, action.get("Reason", "") if now else ""
        queues.member_event(world, "QueueMemberPause", queue, member)
        queue.changed.notify()


@answers("QueuePenalty")
def _penalty(world: World, action: ReceivedAction, reply: Reply) -> None:
    penalty = action.get("Penalty", "")
    found = list(_matching(world, action))
    if not (action.get("Interface") and penalty):
        reply.error("Need 'Interface' and 'Penalty' parameters.")
    elif not found or not penalty.isdigit():
        reply.error("Invalid interface, queuename or penalty")
    else:
        reply.success("Interface penalty set successfully")
        _change(world, found, "QueueMemberPenalty", lambda member: setattr(member, "penalty", int(penalty)))


@answers("QueueMemberRingInUse")
def _ring_in_use(world: World, action: ReceivedAction, reply: Reply) -> None:
    wanted = action.get("RingInUse", "")
    found = list(_matching(world, action))
    if not (action.get("Interface") and wanted):
        reply.error("Need 'Interface' and 'RingInUse' parameters.")
    elif not found:
        reply.error("Invalid interface, queuename, or ringinuse value\n")
    else:
        reply.success("Interface ringinuse set successfully")
        _change(world, found, "QueueMemberRinginuse", lambda member: setattr(member, "ring_in_use", flag(wanted)))


def _change(world: World, found: list[tuple[Queue, Member]], event: str, change: Callable[[Member], object]) -> None:
    for queue, member in found:
        change(member)
        queues.member_event(world, event, queue, member)
        queue.changed.notify()


@answers("QueueReset")
def _reset(world: World, action: ReceivedAction, reply: Reply) -> None:
    for queue in _chosen(world, action):
        queue.completed = queue.in_level = queue.abandoned = queue.hold_time = queue.talk_time = 0
        for member in queue.members:
            member.calls, member.last_call = 0, 0.0
    reply.success("Queue stats reset successfully")


@answers("QueueReload")
def _reload(world: World, action: ReceivedAction, reply: Reply) -> None:
    del world, action
    reply.success("Queue reloaded successfully")


@answers("QueueLog")
def _log(world: World, action: ReceivedAction, reply: Reply) -> None:
    del world
    if action.get("Queue") and action.get("Event"):
        reply.success("Event added successfully")
    else:
        reply.error("Need 'Queue' and 'Event' parameters.")


def _entry(world: World, action: ReceivedAction, reply: Reply, what: str) -> tuple[Queue, Entry] | None:
    """Return the caller that an action names; answer with an error if there is none."""
    queue = world.part(Queues).known.get(action.get("Queue", ""))
    for header in ("Queue", "Caller"):
        if not action.get(header):
            reply.error(f"'{header}' not specified.")
            return None
    if queue is None:
        reply.error(f"{what}: No such queue")
        return None
    name = action["Caller"]
    found = next((entry for entry in queue.entries if name in (entry.channel.name, entry.channel.uniqueid)), None)
    if found is None:
        reply.error(f"{what}: No such caller")
        return None
    return queue, found


@answers("QueueChangePriorityCaller")
def _change_priority(world: World, action: ReceivedAction, reply: Reply) -> None:
    found = _entry(world, action, reply, "Unable to change priority caller on queue")
    if found is None:
        return
    queue, entry = found
    priority = action.get("Priority", "")
    if not priority.isdigit():
        reply.error("'Priority' need integer." if priority else "'Priority' not specified.")
        return
    entry.priority = int(priority)
    queue.entries.sort(key=lambda each: (-each.priority, each.joined))
    for position, each in enumerate(queue.entries, 1):
        each.position = position
    reply.success("Priority change for caller on queue")
    queue.changed.notify()


@answers("QueueWithdrawCaller")
def _withdraw(world: World, action: ReceivedAction, reply: Reply) -> None:
    found = _entry(world, action, reply, "Unable to request withdraw from queue")
    if found is None:
        return
    queue, entry = found
    if entry.withdrawn:
        reply.error("Unable to request withdraw from queue: Already requested")
        return
    entry.withdrawn = True
    reply.success("Withdraw requested successfully")
    queue.changed.notify()
