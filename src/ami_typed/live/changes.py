"""What changes in the picture, as typed values: one class a kind of change, in the order in which things happened.

Rules of this module:

- A change is frozen. What it names (`call`, `queue`, ...) is the living object of the model; `Party` and `Transfer`
  are values of that moment.
- `resynced` marks a change that was not seen as it happened, but found when the picture was loaded again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ami_typed import enums
    from ami_typed.live.objects import Call, Leg
    from ami_typed.live.parties import EndReason, Outcome, Party, Transfer
    from ami_typed.live.queues import Caller, Member, Queue

__all__ = [
    "CallAbandoned",
    "CallAnswered",
    "CallChange",
    "CallEnded",
    "CallHeld",
    "CallLeftQueue",
    "CallMerged",
    "CallParked",
    "CallQueued",
    "CallResumed",
    "CallRetrieved",
    "CallRinging",
    "CallRingingEnded",
    "CallStarted",
    "CallTransferred",
    "CallerJoined",
    "CallerLeft",
    "CallerRinging",
    "Change",
    "MemberAdded",
    "MemberChange",
    "MemberPaused",
    "MemberPenaltyChanged",
    "MemberRemoved",
    "MemberStatusChanged",
    "MemberUnpaused",
    "QueueChange",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something changed."""

    at: datetime
    """When it was told, by the clock of this program."""
    resynced: bool = False
    """Whether it was found when the picture was loaded again, so that it happened some time before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChange(Change):
    """A change of a call."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(CallChange):
    """Somebody calls, or Asterisk begins to set up a call between two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerRinging(CallChange):
    """The caller's own telephone rings, since Asterisk sets up the call: click-to-dial."""

    party: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(CallChange):
    """The telephone of a callee rings; one such change for each that does."""

    caller: Party
    callee: Party
    transfer: Transfer | None = None
    """The transfer that made it ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRingingEnded(CallChange):
    """The telephone of a callee no longer rings."""

    caller: Party
    callee: Party
    outcome: Outcome
    """How it ended, as people see it."""
    status: enums.DialStatus | None
    """How it ended in Asterisk's words; `None` if that was not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CallChange):
    """A callee and the caller hear each other."""

    caller: Party
    callee: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(CallChange):
    """A party put the other one on hold."""

    by: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(CallChange):
    """A party took the other one back from hold."""

    by: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(CallChange):
    """A party handed the other one over."""

    transfer: Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMerged(CallChange):
    """A call became part of another one, which goes on; this one gets no `CallEnded`.

    An attended transfer does that with the call to the new party, a pick-up with the call of the one who picks up.
    """

    into: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParked(CallChange):
    """A party was parked."""

    party: Party
    lot: str
    space: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRetrieved(CallChange):
    """A parked party was fetched, called back, or given up waiting for."""

    party: Party
    by: Party | None
    """Who fetched it; `None` if the time was over or the party hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(CallChange):
    """The caller waits in a queue."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeftQueue(CallChange):
    """The caller no longer waits in a queue, for whatever reason."""

    queue: str
    waited: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAbandoned(CallChange):
    """The caller gave up waiting in a queue."""

    queue: str
    caller: Party
    waited: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallChange):
    """A call is over. Each call that began has exactly one, unless it became part of another one (`CallMerged`)."""

    reason: EndReason
    caller: Party | None
    ended_by: Party | None
    """Who hung up first, `None` if that is not known."""
    leg: Leg | None = None
    """The channel whose end was the call's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChange(Change):
    """A change of a queue."""

    queue: Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerJoined(QueueChange):
    """Somebody waits in a queue."""

    caller: Caller
    position: int
    """The position, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLeft(QueueChange):
    """Somebody no longer waits in a queue: answered, given up, or sent elsewhere."""

    caller: Caller
    waited: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChange(QueueChange):
    """A change of a member of a queue."""

    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAdded(MemberChange):
    """A member was added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved(MemberChange):
    """A member was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPaused(MemberChange):
    """A member gets no calls from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberUnpaused(MemberChange):
    """A member gets calls again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPenaltyChanged(MemberChange):
    """A member's penalty changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatusChanged(MemberChange):
    """The state of a member's device changed."""
