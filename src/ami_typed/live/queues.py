"""Queues from a supervisor's point of view: waiting callers, members, and performance figures.

Rules of this module:

- Callers are kept in the order of their positions: when one joins, those after it move back; when one leaves, they move
  up (apps/app_queue.c, `insert_entry` and `leave_queue`).
- Every event about a member carries its complete state; the latest one applies.
- Counts and averages follow app_queue: a completed call is counted when the agent is done, an abandoned one when the
  caller leaves; hold and talk time are averages of three parts old and one part new, in whole seconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ami_typed import enums, events
    from ami_typed.events import families

    Told: TypeAlias = families.QueueMemberEvent | events.QueueMember

__all__ = ["Caller", "Member", "Queue", "Queues"]


class Caller:
    """A caller waiting in a queue."""

    __slots__ = ("_clock", "abandoned", "channel", "joined_at", "name", "number", "touched", "uniqueid")

    def __init__(self, uniqueid: str, channel: str, joined_at: datetime, clock: Callable[[], datetime]) -> None:
        self.uniqueid = uniqueid
        self.channel = channel
        self.joined_at = joined_at
        self.number: str | None = None
        self.name: str | None = None
        self.abandoned = False
        self.touched = 0
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Caller {self.number or self.channel}>"

    @property
    def wait(self) -> timedelta:
        """How long the caller has waited, until now."""
        return max(self._clock() - self.joined_at, timedelta())


class Member:
    """A member of a queue, which answers its calls.

    Attributes:
        interface: The device that is dialled to reach the member, such as ``PJSIP/alice``.
        name: The member's name; the interface if it has none.
        status: The state of its device.
        penalty: The penalty; members with a lower one are called first.
        paused: Whether it is paused, and gets no calls.
        paused_reason: The reason for the pause, empty if none was given.
        paused_since: When the pause began; `None` if it is not paused or the release does not report it (before 14).
        ringing_since: When it was called for a caller and has not answered since, else `None`.
        ringing_for: The Uniqueid of that caller, else `None`.
        in_call: Whether it is in a call of this queue.
        in_call_since: When that call began, as far as observed.
        calls_taken: Number of calls it has completed.
        last_call: When the last call ended, `None` before the first.
    """

    __slots__ = (
        "calls_taken", "in_call", "in_call_since", "interface", "last_call", "name", "paused", "paused_reason",
        "paused_since", "penalty", "ringing_for", "ringing_since", "state_interface", "status", "touched",
    )  # fmt: skip

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.name = interface
        self.state_interface = interface
        self.status: enums.QueueMemberStatus | None = None
        self.penalty = 0
        self.paused = False
        self.paused_reason = ""
        self.paused_since: datetime | None = None
        self.ringing_for: str | None = None
        self.ringing_since: datetime | None = None
        self.in_call = False
        self.in_call_since: datetime | None = None
        self.calls_taken = 0
        self.last_call: datetime | None = None
        self.touched = 0

    def __repr__(self) -> str:
        return f"<Member {self.name}>"

    def see(self, told: Told, now: datetime) -> None:
        """Update its state from an event or a list."""
        self.state_interface = told.state_interface
        self.status = told.status
        self.penalty = told.penalty
        self.calls_taken = told.calls_taken
        self.last_call = told.last_call
        self._pause(told)
        self.in_call_since = (self.in_call_since or now) if told.in_call else None
        self.in_call = told.in_call

    def takes_call(self, now: datetime) -> None:
        """Record that it is in a call of this queue."""
        self.in_call = True
        self.in_call_since = self.in_call_since or now

    def completes_call(self, now: datetime) -> None:
        """Record that it completed a call, unless an event about the member has already reported it."""
        if self.in_call:
            self.in_call, self.in_call_since = False, None
            self.calls_taken += 1
            self.last_call = now

    def _pause(self, told: Told) -> None:
        self.paused = told.paused
        self.paused_reason = told.paused_reason if told.paused else ""
        self.paused_since = told.last_pause if told.paused else None


class Queue:
    """A queue.

    Attributes:
        name: The name.
        callers: The waiting callers, in order of position.
        members: The members, by interface.
        completed: Number of completed calls.
        abandoned: Number of abandoned calls.
        hold_time: The average wait of answered callers.
        talk_time: The average duration of a completed call.
        service_level: The time within which calls should be answered.
        answered_in_time: Number of completed calls that were answered within `service_level`.
    """

    __slots__ = (
        "_in_time", "abandoned", "answered_in_time", "callers", "completed", "counted", "gone", "hold_time",
        "members", "name", "service_level", "talk_time",
    )  # fmt: skip

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
        """The longest wait among the waiting callers, zero if there are none."""
        return max((caller.wait for caller in self.callers), default=timedelta())

    @property
    def service_level_performance(self) -> float:
        """The percentage of completed calls that were answered within `service_level`, 0 before the first."""
        return 100 * self.answered_in_time / self.completed if self.completed else 0.0

    def position(self, uniqueid: str) -> int | None:
        """Return the position of a caller, starting at 1; `None` if it is not waiting here."""
        return next((place for place, each in enumerate(self.callers, 1) if each.uniqueid == uniqueid), None)

    def caller(self, uniqueid: str) -> Caller | None:
        """Return a waiting caller; `None` if it is not waiting here."""
        return next((each for each in self.callers if each.uniqueid == uniqueid), None)

    def stop_ringing(self, uniqueid: str) -> None:
        """Record that no member is called for a caller any longer."""
        for member in self.members.values():
            if member.ringing_for == uniqueid:
                member.ringing_for = member.ringing_since = None

    # `callers` and `members` are replaced instead of mutated, so that a program can iterate over them while another
    # thread updates the queue.

    def insert(self, caller: Caller, position: int) -> None:
        """Insert a caller at a position, starting at 1."""
        self.callers = [*self.callers[: position - 1], caller, *self.callers[position - 1 :]]

    def drop(self, uniqueid: str) -> Caller | None:
        """Remove a caller and return it; `None` if it is not waiting here."""
        caller = self.caller(uniqueid)
        self.callers = [each for each in self.callers if each is not caller]
        return caller

    def add(self, interface: str) -> Member:
        """Add a member and return it."""
        member = Member(interface)
        self.members = {**self.members, interface: member}
        return member

    def remove(self, interface: str) -> Member | None:
        """Remove a member and return it; `None` if there is no such member."""
        member = self.members.get(interface)
        self.members = {name: each for name, each in self.members.items() if name != interface}
        return member

    def answered(self, interface: str, hold: timedelta) -> None:
        """Count a caller connected to a member."""
        first = self.completed + self.abandoned == 0
        self.hold_time = hold if first else _average(self.hold_time, hold)
        self._in_time[interface] = hold <= self.service_level

    def is_served(self, interface: str) -> bool:
        """Return whether a member, possibly removed in the meantime, is in a call of this queue."""
        member = self.members.get(interface)
        return interface in self._in_time or (member is not None and member.in_call)

    def done(self, interface: str, talk: timedelta) -> None:
        """Count a call completed by a member."""
        self.completed += 1
        self.answered_in_time += self._in_time.pop(interface, False)
        self.talk_time = talk if self.completed == 1 else _average(self.talk_time, talk)

    def see(self, params: events.QueueParams) -> None:
        """Update the counts from a list."""
        self.completed, self.abandoned = params.completed, params.abandoned
        self.hold_time, self.talk_time = params.holdtime, params.talk_time
        self.service_level = params.service_level
        self.answered_in_time = round(params.servicelevel_perf * params.completed / 100)


def _average(old: timedelta, new: timedelta) -> timedelta:
    """Return the average that app_queue computes, in whole seconds."""
    before, now = int(old.total_seconds()), int(new.total_seconds())
    return timedelta(seconds=(3 * before + now) >> 2)


class Queues:
    """All known queues, by name."""

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

    def get(self, name: str) -> Queue | None:
        """Return the queue with the given name, or `None`."""
        return self._queues.get(name)

    @property
    def names(self) -> list[str]:
        """The names of all queues."""
        return list(self._queues)

    def of(self, name: str) -> Queue:
        """Return the queue with the given name, creating it if necessary."""
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = Queue(name)
        return queue

    def remove(self, name: str) -> None:
        """Remove a queue."""
        self._queues.pop(name, None)
