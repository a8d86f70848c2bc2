"""Changes of the picture as typed values: one class per kind of change, in the order in which they happened.

Rules of this module:

- A change is frozen. The objects it refers to (`call`, `queue`, ...) are the live objects of the model; `Party` and
  `Transfer` are values of that moment.
- `resynced` marks a change that was not observed as it happened, but found when the picture was reloaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

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
    "CallQueueChange",
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
    "HoldChange",
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
    "PartiesChange",
    "QueueChange",
    "frozen_change",
]


T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def frozen_change(cls: type[T]) -> type[T]:
    """Make a class of changes: frozen, with its attributes as keywords."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


@frozen_change
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


@frozen_change
class CallChange(Change):
    """A change to a call."""

    call: Call


@frozen_change
class PartiesChange(CallChange):
    """A change between the caller and one callee."""

    caller: Party
    callee: Party


@frozen_change
class HoldChange(CallChange):
    """A change to whether a party has the other one on hold."""

    by: Party


@frozen_change
class CallQueueChange(CallChange):
    """A change to a call in a queue."""

    queue: str


@frozen_change
class CallStarted(CallChange):
    """A party places a call, or Asterisk starts to set up a call between two parties."""


@frozen_change
class CallerRinging(CallChange):
    """The caller's own phone rings, because Asterisk sets up the call (click-to-dial)."""

    party: Party


@frozen_change
class CallRinging(PartiesChange):
    """A callee's phone rings; there is one such change for each ringing phone."""

    transfer: Transfer | None = None
    """The transfer that made the phone ring."""


@frozen_change
class CallRingingEnded(PartiesChange):
    """A callee's phone stopped ringing."""

    outcome: Outcome
    """How the ringing ended, as people perceive it."""
    status: enums.DialStatus | None
    """How it ended in Asterisk's terms; `None` if Asterisk did not report it."""


@frozen_change
class CallAnswered(PartiesChange):
    """A callee answered: callee and caller hear each other."""


@frozen_change
class CallHeld(HoldChange):
    """A party put the other one on hold."""


@frozen_change
class CallResumed(HoldChange):
    """A party took the other one off hold."""


@frozen_change
class CallTransferred(CallChange):
    """A party transferred the other one."""

    transfer: Transfer


@frozen_change
class CallMerged(CallChange):
    """A call was merged into another one, which continues; the merged call gets no `CallEnded`.

    An attended transfer merges the call to the new party, and a pick-up merges the call of the party that picks up.
    """

    into: Call


@frozen_change
class CallParked(CallChange):
    """A party was parked."""

    party: Party
    lot: str
    space: int


@frozen_change
class CallRetrieved(CallChange):
    """A parked party was retrieved, its parking time expired, or it hung up."""

    party: Party
    by: Party | None
    """The party that retrieved it; `None` if the parking time expired or the parked party hung up."""


@frozen_change
class CallQueued(CallQueueChange):
    """The caller entered a queue."""


@frozen_change
class CallLeftQueue(CallQueueChange):
    """The caller left a queue, for any reason."""

    waited: timedelta


@frozen_change
class CallAbandoned(CallQueueChange):
    """The caller gave up waiting in a queue."""

    caller: Party
    waited: timedelta


@frozen_change
class CallEnded(CallChange):
    """A call ended. Each started call has exactly one such change, unless it was merged (`CallMerged`)."""

    reason: EndReason
    caller: Party | None
    ended_by: Party | None
    """The party that hung up first; `None` if not known."""
    leg: Leg | None = None
    """The channel whose hang-up ended the call."""


@frozen_change
class QueueChange(Change):
    """A change to a queue."""

    queue: Queue


@frozen_change
class CallerJoined(QueueChange):
    """A caller joined a queue."""

    caller: Caller
    position: int
    """The caller's position, starting at 1."""


@frozen_change
class CallerLeft(QueueChange):
    """A caller left a queue: answered, abandoned, or sent elsewhere."""

    caller: Caller
    waited: timedelta


@frozen_change
class MemberChange(QueueChange):
    """A change to a member of a queue."""

    member: Member


@frozen_change
class MemberAdded(MemberChange):
    """A member was added to a queue."""


@frozen_change
class MemberRemoved(MemberChange):
    """A member was removed from a queue."""


@frozen_change
class MemberPaused(MemberChange):
    """A member was paused, and gets no calls until unpaused."""


@frozen_change
class MemberUnpaused(MemberChange):
    """A member was unpaused, and gets calls again."""


@frozen_change
class MemberPenaltyChanged(MemberChange):
    """A member's penalty changed."""


@frozen_change
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
