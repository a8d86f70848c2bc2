"""Changes of the picture as typed values: one class per kind of change, in the order in which they happened.

Rules of this module:

- A change is frozen. The objects it refers to (`call`, `queue`, ...) are the live objects of the model; `Party` and
  `Transfer` are values of that moment.
- `resynced` marks a change that was not observed as it happened, but found when the picture was reloaded.
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
    "MemberCalled",
    "MemberChange",
    "MemberCompletedCall",
    "MemberMissedCall",
    "MemberPaused",
    "MemberPenaltyChanged",
    "MemberRemoved",
    "MemberStatusChanged",
    "MemberTookCall",
    "MemberUnpaused",
    "QueueChange",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The base class of all changes."""

    at: datetime
    """When the change was detected, by this program's clock."""
    resynced: bool = False
    """Whether the change was found by reloading the picture, so that it happened some time earlier."""

    @property
    def _octets(self) -> bytes:
        """The bytes of the wire that it holds, which limit a stream: none."""
        return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChange(Change):
    """A change to a call."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(CallChange):
    """A party places a call, or Asterisk starts to set up a call between two parties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerRinging(CallChange):
    """The caller's own phone rings, because Asterisk sets up the call (click-to-dial)."""

    party: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(CallChange):
    """A callee's phone rings; there is one such change for each ringing phone."""

    caller: Party
    callee: Party
    transfer: Transfer | None = None
    """The transfer that made the phone ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRingingEnded(CallChange):
    """A callee's phone stopped ringing."""

    caller: Party
    callee: Party
    outcome: Outcome
    """How the ringing ended, as people perceive it."""
    status: enums.DialStatus | None
    """How it ended in Asterisk's terms; `None` if Asterisk did not report it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CallChange):
    """A callee answered: callee and caller hear each other."""

    caller: Party
    callee: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(CallChange):
    """A party put the other one on hold."""

    by: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(CallChange):
    """A party took the other one off hold."""

    by: Party


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(CallChange):
    """A party transferred the other one."""

    transfer: Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMerged(CallChange):
    """A call was merged into another one, which continues; the merged call gets no `CallEnded`.

    An attended transfer merges the call to the new party, and a pick-up merges the call of the party that picks up.
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
    """A parked party was retrieved, its parking time expired, or it hung up."""

    party: Party
    by: Party | None
    """The party that retrieved it; `None` if the parking time expired or the parked party hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(CallChange):
    """The caller entered a queue."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeftQueue(CallChange):
    """The caller left a queue, for any reason."""

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
    """A call ended. Each started call has exactly one such change, unless it was merged (`CallMerged`)."""

    reason: EndReason
    caller: Party | None
    ended_by: Party | None
    """The party that hung up first; `None` if not known."""
    leg: Leg | None = None
    """The channel whose hang-up ended the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChange(Change):
    """A change to a queue."""

    queue: Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerJoined(QueueChange):
    """A caller joined a queue."""

    caller: Caller
    position: int
    """The caller's position, starting at 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLeft(QueueChange):
    """A caller left a queue: answered, abandoned, or sent elsewhere."""

    caller: Caller
    waited: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChange(QueueChange):
    """A change to a member of a queue."""

    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAdded(MemberChange):
    """A member was added to a queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved(MemberChange):
    """A member was removed from a queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPaused(MemberChange):
    """A member was paused, and gets no calls until unpaused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberUnpaused(MemberChange):
    """A member was unpaused, and gets calls again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPenaltyChanged(MemberChange):
    """A member's penalty changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStatusChanged(MemberChange):
    """The state of a member's device changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCalled(MemberChange):
    """A member's phone is called for a caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberMissedCall(MemberChange):
    """A member was called and did not answer."""

    rang: timedelta
    """How long its phone rang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTookCall(MemberChange):
    """A member answered a caller."""

    waited: timedelta
    """How long the caller had waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCompletedCall(MemberChange):
    """A member's call ended."""

    talked: timedelta
    """How long they had talked."""
