"""Queues as a supervisor sees them: who waits, who works, and how well.

Rules of this module:

- Callers stand in the order of their positions: one that joins pushes those behind it back, one that leaves lets them
  move up (apps/app_queue.c, `insert_entry` and `leave_queue`).
- Every event of a member carries all of its state; the latest one counts.
- Counts and averages are kept as app_queue does: a completed call is counted when the agent is done, an abandoned one
  when the caller leaves; hold and talk time are averages of three parts old and one part new, in whole seconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from ami_typed import enums, events
    from ami_typed.events import families

    Told: TypeAlias = families.QueueMemberEvent | events.QueueMember

__all__ = ["Caller", "Member", "Queue", "Queues"]


class Caller:
    """Somebody who waits in a queue."""

    __slots__ = ("_clock", "channel", "joined_at", "name", "number", "touched", "uniqueid")

    def __init__(self, uniqueid: str, channel: str, joined_at: datetime, clock: Callable[[], datetime]) -> None:
        self.uniqueid = uniqueid
        self.channel = channel
        self.joined_at = joined_at
        self.number: str | None = None
        self.name: str | None = None
        self.touched = 0
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Caller {self.number or self.channel}>"

    @property
    def wait(self) -> timedelta:
        """How long the caller has waited, until now."""
        return max(self._clock() - self.joined_at, timedelta())


class Member:
    """Somebody who answers the calls of a queue.

    Attributes:
        interface: What is dialled to reach the member, such as ``PJSIP/alice``.
        name: Its name; its interface if it has none.
        status: The state of its device.
        penalty: Members with a lower one are called first.
        paused: Whether it gets no calls.
        paused_reason: Why, empty if no reason was given.
        paused_since: Since when, `None` if it is not paused or the release does not tell (before 14).
        in_call: Whether it is on a call of this queue.
        in_call_since: Since when, as far as that was seen.
        calls_taken: How many calls it has completed.
        last_call: When the last one ended, `None` before the first.
    """

    __slots__ = (
        *("calls_taken", "in_call", "in_call_since", "interface", "last_call", "name", "paused", "paused_reason"),
        *("paused_since", "penalty", "state_interface", "status", "touched"),
    )

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.name = interface
        self.state_interface = interface
        self.status: enums.QueueMemberStatus | None = None
        self.penalty = 0
        self.paused = False
        self.paused_reason = ""
        self.paused_since: datetime | None = None
        self.in_call = False
        self.in_call_since: datetime | None = None
        self.calls_taken = 0
        self.last_call: datetime | None = None
        self.touched = 0

    def __repr__(self) -> str:
        return f"<Member {self.name}>"

    def see(self, told: Told, now: datetime) -> None:
        """Take over what an event or a list says of it."""
        self.state_interface = told.state_interface
        self.status = told.status
        self.penalty = told.penalty
        self.calls_taken = told.calls_taken
        self.last_call = told.last_call
        self._pause(told)
        self.in_call_since = (self.in_call_since or now) if told.in_call else None
        self.in_call = told.in_call

    def takes_call(self, now: datetime) -> None:
        """Note that it is on a call of this queue."""
        self.in_call = True
        self.in_call_since = self.in_call_since or now

    def completes_call(self, now: datetime) -> None:
        """Note that it has completed a call, unless an event of the member has told so."""
        if self.in_call:
            self.in_call, self.in_call_since = False, None
            self.calls_taken += 1
            self.last_call = now

    def _pause(self, told: Told) -> None:
        self.paused = told.paused
        self.paused_reason = told.paused_reason if told.paused else ""
        self.paused_since = told.last_pause if told.paused else None


class Queue:
    """One queue.

    Attributes:
        name: Its name.
        callers: Who waits, in order.
        members: Who answers, by interface.
        completed: Calls that members have completed.
        abandoned: Calls whose callers gave up.
        hold_time: The average time that answered callers waited.
        talk_time: The average time of a completed call.
        service_level: The time within which a call is to be answered.
        answered_in_time: Completed calls that were.
    """

    __slots__ = (
        *("_in_time", "abandoned", "answered_in_time", "callers", "completed", "counted", "gone", "hold_time"),
        *("members", "name", "service_level", "talk_time"),
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.callers: list[Caller] = []
        self.members: dict[str, Member] = {}
        self.completed = self.abandoned = self.answered_in_time = 0
        self.hold_time = self.talk_time = self.service_level = timedelta()
        self.counted = 0
        self.gone: set[str] = set()
        self._in_time: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"<Queue {self.name}: {len(self.callers)} waiting, {len(self.members)} members>"

    @property
    def longest_wait(self) -> timedelta:
        """How long the caller who has waited longest has waited."""
        return max((caller.wait for caller in self.callers), default=timedelta())

    @property
    def service_level_performance(self) -> float:
        """The percentage of completed calls that were answered within `service_level`, 0 before the first."""
        return 100 * self.answered_in_time / self.completed if self.completed else 0.0

    def position(self, uniqueid: str) -> int | None:
        """Return the position of a caller, counted from 1; `None` if it does not wait here."""
        return next((place for place, each in enumerate(self.callers, 1) if each.uniqueid == uniqueid), None)

    # Callers and members are replaced, not changed, so that a program may iterate over them while a thread follows.

    def insert(self, caller: Caller, position: int) -> None:
        """Let a caller in at a position, counted from 1."""
        self.callers = [*self.callers[: position - 1], caller, *self.callers[position - 1 :]]

    def drop(self, uniqueid: str) -> Caller | None:
        """Let a caller out; `None` if it does not wait here."""
        caller = next((each for each in self.callers if each.uniqueid == uniqueid), None)
        self.callers = [each for each in self.callers if each is not caller]
        return caller

    def add(self, interface: str) -> Member:
        """Add a member."""
        member = Member(interface)
        self.members = {**self.members, interface: member}
        return member

    def remove(self, interface: str) -> Member | None:
        """Remove a member; `None` if it is not one."""
        member = self.members.get(interface)
        self.members = {name: each for name, each in self.members.items() if name != interface}
        return member

    def answered(self, interface: str, hold: timedelta) -> None:
        """Count a caller that was connected to a member."""
        first = self.completed + self.abandoned == 0
        self.hold_time = hold if first else _average(self.hold_time, hold)
        self._in_time[interface] = hold <= self.service_level

    def is_served(self, interface: str) -> bool:
        """Return whether a call of this queue goes on with a member, which may have been removed meanwhile."""
        member = self.members.get(interface)
        return interface in self._in_time or (member is not None and member.in_call)

    def done(self, interface: str, talk: timedelta) -> None:
        """Count a call that a member has completed."""
        self.completed += 1
        self.answered_in_time += self._in_time.pop(interface, False)
        self.talk_time = talk if self.completed == 1 else _average(self.talk_time, talk)

    def see(self, params: events.QueueParams) -> None:
        """Take over the counts of a list."""
        self.completed, self.abandoned = params.completed, params.abandoned
        self.hold_time, self.talk_time = params.holdtime, params.talk_time
        self.service_level = params.service_level
        self.answered_in_time = round(params.servicelevel_perf * params.completed / 100)


def _average(old: timedelta, new: timedelta) -> timedelta:
    """Return an average as app_queue keeps it, in whole seconds."""
    before, now = int(old.total_seconds()), int(new.total_seconds())
    return timedelta(seconds=(3 * before + now) >> 2)


class Queues:
    """All queues that are known, by name."""

    def __init__(self) -> None:
        self._queues: dict[str, Queue] = {}

    def __iter__(self) -> Iterator[Queue]:
        return iter(list(self._queues.values()))

    def __len__(self) -> int:
        return len(self._queues)

    def __contains__(self, name: object) -> bool:
        return name in self._queues

    def __getitem__(self, name: str) -> Queue:
        return self._queues[name]

    def of(self, name: str) -> Queue:
        """Return the queue with a name, made if it was not known."""
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = Queue(name)
        return queue

    def keep(self, names: Iterable[str]) -> None:
        """Take out every other queue."""
        kept = set(names)
        self._queues = {name: queue for name, queue in self._queues.items() if name in kept}
