"""Updates of queues, from events about callers and members and from lists.

Rules of this module:

- Events keep arriving while the list of `QueueStatus` is being read, and take precedence over it: a caller that left is
  gone, and a member that changed has the state of the event. Counts are taken from the list. If a call was counted in
  the meantime, it is unknown whether the list includes it, so `Model.doubtful_queues` names the queue for a reload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ami_typed import actions, events
from ami_typed.live import changes
from ami_typed.live.differences import Difference, differing, existing
from ami_typed.live.queues import Caller
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ami_typed.events import families
    from ami_typed.live.picture import Picture
    from ami_typed.live.queues import Member, Queue, Told
    from ami_typed.messages import Event, Request

__all__ = ["REDUCERS", "QueueKind", "QueueLists"]


class QueueLists(NamedTuple):
    """What `QueueStatus` lists."""

    params: Sequence[events.QueueParams]
    members: Sequence[events.QueueMember]
    entries: Sequence[events.QueueEntry]
    complete: bool = False
    """Whether all queues were read, so that unlisted ones do not exist."""


class QueueKind(Kind[QueueLists]):
    """Queues as a kind of objects to watch."""

    name: ClassVar[str] = "queues"

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        if self.chosen is None:
            return REDUCERS
        return {event: self._only_chosen(reducer) for event, reducer in REDUCERS.items()}

    def _only_chosen(self, reducer: Reducer) -> Reducer:
        def reduce(picture: Picture, event: Any) -> None:
            if self.wants(event.queue):
                reducer(picture, event)

        return reduce

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        return (actions.QueueStatus,)

    def read(self, refusals: Refusals) -> Reading[QueueLists]:
        """Read the chosen queues, or all."""
        return (yield from self.reread(refusals, self.chosen))

    def reread(self, refusals: Refusals, names: Collection[str] | None) -> Reading[QueueLists]:
        """Read some queues, or all."""
        params: list[events.QueueParams] = []
        members: list[events.QueueMember] = []
        entries: list[events.QueueEntry] = []
        for name in [None] if names is None else sorted(names):
            answer = yield from refusals.required(actions.QueueStatus(queue=name))
            if answer is not None:
                params += answer.params
                members += answer.members
                entries += answer.entries
        return QueueLists(params, members, entries, complete=names is None)

    def join(self, picture: Picture, lists: QueueLists) -> Collection[str]:
        """Merge the lists with the events since their reading began; return the queues to read again."""
        lists = self._watched(lists)
        doubtful = _join(picture, lists.params, lists.members, lists.entries)
        if lists.complete:
            _remove_unlisted(picture, {each.queue for each in lists.params})
        return doubtful

    def _watched(self, lists: QueueLists) -> QueueLists:
        """Return what is watched of the lists."""
        if self.chosen is None:
            return lists
        return QueueLists(
            [each for each in lists.params if each.queue in self.chosen],
            [each for each in lists.members if each.queue in self.chosen],
            [each for each in lists.entries if each.queue in self.chosen],
            lists.complete,
        )

    def compare(self, lists: QueueLists) -> Iterator[Difference]:
        """Compare the listed queues with the picture."""
        return _compared(self._picture, self._watched(lists))


def _joins(picture: Picture, event: events.QueueCallerJoin) -> None:
    """Handle a caller joining a queue."""
    queue = picture.queues.of(event.queue)
    if queue.position(event.uniqueid) is None:
        caller = Caller(event.uniqueid, event.channel, picture.now, picture.clock)
        caller.number, caller.name = event.caller_id_num, event.caller_id_name
        caller.touched = picture.channels.reading
        queue.insert(caller, event.position)
        picture.tell(changes.CallerJoined, queue=queue, caller=caller, position=event.position)


def _leaves(picture: Picture, event: events.QueueCallerLeave) -> None:
    """Handle a caller leaving a queue, for any reason."""
    _leave(picture, picture.queues.of(event.queue), event.uniqueid)


def _leave(picture: Picture, queue: Queue, uniqueid: str) -> None:
    """Remove a caller from a queue."""
    if picture.loading:
        queue.gone.add(uniqueid)
    queue.stop_ringing(uniqueid)
    caller = queue.drop(uniqueid)
    if caller is None:
        picture.unexpected += not picture.loading
    else:
        picture.tell(changes.CallerLeft, queue=queue, caller=caller, waited=picture.now - caller.joined_at)


def _abandons(picture: Picture, event: events.QueueCallerAbandon) -> None:
    """Count an abandoned call, once."""
    queue = _counting(picture, event.queue)
    caller = queue.caller(event.uniqueid)
    if caller is not None and caller.abandoned:
        picture.unexpected += 1
        return
    queue.abandoned += 1
    if caller is not None:
        caller.abandoned = True


def _calls(picture: Picture, event: events.AgentCalled) -> None:
    """Handle a member being called for a caller."""
    queue = picture.queues.of(event.queue)
    member = queue.members.get(event.interface)
    if member is not None and member.ringing_for != event.uniqueid:
        member.ringing_for, member.ringing_since = event.uniqueid, picture.now
        picture.tell(changes.MemberCalled, queue=queue, member=member)


def _misses(picture: Picture, event: events.AgentRingNoAnswer) -> None:
    """Handle a member that did not answer."""
    queue = picture.queues.of(event.queue)
    member = queue.members.get(event.interface)
    if member is not None:
        member.ringing_for = member.ringing_since = None
        picture.tell(changes.MemberMissedCall, queue=queue, member=member, rang=event.ring_time)


def _connects(picture: Picture, event: events.AgentConnect) -> None:
    """Count a caller connected to a member. Unless the member's device changes, no other event reports this."""
    queue = _counting(picture, event.queue)
    queue.answered(event.interface, event.hold_time)
    queue.stop_ringing(event.uniqueid)
    member = queue.members.get(event.interface)
    if member is not None:
        member.takes_call(picture.now)
        member.touched = picture.channels.reading
        picture.tell(changes.MemberTookCall, queue=queue, member=member, waited=event.hold_time)


def _completes(picture: Picture, event: events.AgentComplete) -> None:
    """Count a completed call once, and only if the member still belongs to any queue (app_queue's `update_queue`)."""
    queue = _counting(picture, event.queue)
    member = queue.members.get(event.interface)
    known = any(event.interface in each.members for each in picture.queues)
    if known and queue.is_served(event.interface):
        queue.done(event.interface, event.talk_time)
    if member is not None:
        member.completes_call(picture.now)
        member.touched = picture.channels.reading
        picture.tell(changes.MemberCompletedCall, queue=queue, member=member, talked=event.talk_time)


def _counting(picture: Picture, name: str) -> Queue:
    queue = picture.queues.of(name)
    queue.counted = picture.channels.reading
    return queue


def _sees(picture: Picture, event: families.QueueMemberEvent) -> None:
    """Handle the state of a member."""
    queue = picture.queues.of(event.queue)
    member = _update(picture, queue, event.interface, event.member_name, event)
    member.touched = picture.channels.reading


def _removes(picture: Picture, event: events.QueueMemberRemoved) -> None:
    """Handle the removal of a member from a queue."""
    _remove(picture, picture.queues.of(event.queue), event.interface)


def _remove(picture: Picture, queue: Queue, interface: str) -> None:
    """Remove a member from a queue."""
    if picture.loading:
        queue.gone.add(interface)
    member = queue.remove(interface)
    if member is not None:
        picture.tell(changes.MemberRemoved, queue=queue, member=member)


def _update(picture: Picture, queue: Queue, interface: str, name: str, told: Told) -> Member:
    """Update a member, and report the changes."""
    member = queue.members.get(interface)
    if member is None:
        member = queue.add(interface)
        queue.gone.discard(interface)
        member.see(told, picture.now)
        picture.tell(changes.MemberAdded, queue=queue, member=member)
    before = (member.paused, member.penalty, member.status)
    member.name = name
    member.see(told, picture.now)
    _tell(picture, queue, member, before)
    return member


def _tell(picture: Picture, queue: Queue, member: Member, before: tuple[bool, int, object]) -> None:
    """Report the changes to a member."""
    paused, penalty, status = before
    if member.paused != paused:
        kind = changes.MemberPaused if member.paused else changes.MemberUnpaused
        picture.tell(kind, queue=queue, member=member)
    if member.penalty != penalty:
        picture.tell(changes.MemberPenaltyChanged, queue=queue, member=member)
    if member.status != status:
        picture.tell(changes.MemberStatusChanged, queue=queue, member=member)


REDUCERS: dict[type[Event], Reducer] = {
    events.QueueCallerJoin: _joins,
    events.QueueCallerLeave: _leaves,
    events.QueueCallerAbandon: _abandons,
    events.QueueMemberAdded: _sees,
    events.QueueMemberStatus: _sees,
    events.QueueMemberPause: _sees,
    events.QueueMemberPenalty: _sees,
    events.QueueMemberRinginuse: _sees,
    events.QueueMemberRemoved: _removes,
    events.AgentCalled: _calls,
    events.AgentRingNoAnswer: _misses,
    events.AgentConnect: _connects,
    events.AgentComplete: _completes,
}

# Lists


def _join(
    picture: Picture,
    params: Iterable[events.QueueParams],
    members: Iterable[events.QueueMember],
    entries: Iterable[events.QueueEntry],
) -> list[str]:
    """Merge a list of queues with the events since the reading began; return the queues to reload."""
    queues = {each.queue: each for each in params}
    for name, each in queues.items():
        picture.queues.of(name).see(each)
    listed = _join_members(picture, members)
    waiting = _join_callers(picture, sorted(entries, key=lambda each: each.position))
    for queue in [picture.queues.of(name) for name in queues]:
        _take_out(picture, queue, listed, waiting)
    reading = picture.channels.reading
    doubtful = [name for name in queues if picture.queues.of(name).counted == reading]
    for name in queues:
        picture.queues.of(name).gone.clear()
    return doubtful


def _remove_unlisted(picture: Picture, listed: Collection[str]) -> None:
    """Remove queues that no longer exist."""
    for queue in [each for each in picture.queues if each.name not in listed]:
        for caller in queue.callers:
            _leave(picture, queue, caller.uniqueid)
        for interface in queue.members:
            _remove(picture, queue, interface)
        picture.queues.remove(queue.name)


def _join_members(picture: Picture, members: Iterable[events.QueueMember]) -> set[tuple[str, str]]:
    listed: set[tuple[str, str]] = set()
    for each in members:
        queue = picture.queues.of(each.queue)
        listed.add((each.queue, each.location))
        member = queue.members.get(each.location)
        if each.location not in queue.gone and (member is None or member.touched != picture.channels.reading):
            _update(picture, queue, each.location, each.name, each)
    return listed


def _join_callers(picture: Picture, entries: list[events.QueueEntry]) -> set[tuple[str, str]]:
    listed: set[tuple[str, str]] = set()
    for each in entries:
        queue = picture.queues.of(each.queue)
        listed.add((each.queue, each.uniqueid))
        if each.uniqueid not in queue.gone and queue.position(each.uniqueid) is None:
            caller = Caller(each.uniqueid, each.channel, picture.now - each.wait, picture.clock)
            caller.number, caller.name = each.caller_id_num, each.caller_id_name
            queue.insert(caller, each.position)
            picture.tell(changes.CallerJoined, queue=queue, caller=caller, position=each.position)
    return listed


def _take_out(picture: Picture, queue: Queue, members: set[tuple[str, str]], callers: set[tuple[str, str]]) -> None:
    """Remove unlisted members and callers, except those with an event since the reading began."""
    reading = picture.channels.reading
    for member in queue.members.values():
        if (queue.name, member.interface) not in members and member.touched != reading:
            _remove(picture, queue, member.interface)
    for caller in queue.callers:
        if (queue.name, caller.uniqueid) not in callers and caller.touched != reading:
            _leave(picture, queue, caller.uniqueid)


def _compared(picture: Picture, lists: QueueLists) -> Iterator[Difference]:
    """Compare the queues with fresh lists."""
    params = {each.queue: each for each in lists.params}
    mine = [name for name in picture.queues.names if lists.complete or name in params]
    yield from existing("queue", mine, params)
    members = {(each.queue, each.location): each for each in lists.members}
    entries = sorted(lists.entries, key=lambda each: each.position)
    for name in [each for each in params if each in picture.queues]:
        queue = picture.queues[name]
        yield from differing(f"queue {name}", _counts(queue), _listed_counts(params[name]))
        theirs = sorted(interface for queue_name, interface in members if queue_name == name)
        yield from differing(f"queue {name}", {"members": sorted(queue.members)}, {"members": theirs})
        waiting = [each.uniqueid for each in entries if each.queue == name]
        yield from differing(
            f"queue {name}", {"callers": [each.uniqueid for each in queue.callers]}, {"callers": waiting}
        )
    for (name, interface), item in members.items():
        known = picture.queues.get(name)
        member = known.members.get(interface) if known is not None else None
        if member is not None:
            yield from differing(f"member {interface} of {name}", _facts(member), _listed_facts(item))


def _counts(queue: Queue) -> dict[str, object]:
    counts: dict[str, object] = {"completed": queue.completed, "abandoned": queue.abandoned}
    return counts | {"hold_time": queue.hold_time, "talk_time": queue.talk_time}


def _listed_counts(item: events.QueueParams) -> dict[str, object]:
    counts: dict[str, object] = {"completed": item.completed, "abandoned": item.abandoned}
    return counts | {"hold_time": item.holdtime, "talk_time": item.talk_time}


def _facts(member: Member) -> dict[str, object]:
    facts: dict[str, object] = {"status": member.status, "penalty": member.penalty, "paused": member.paused}
    return facts | {"calls_taken": member.calls_taken, "in_call": member.in_call}


def _listed_facts(item: events.QueueMember) -> dict[str, object]:
    facts: dict[str, object] = {"status": item.status, "penalty": item.penalty, "paused": item.paused}
    return facts | {"calls_taken": item.calls_taken, "in_call": item.in_call}
