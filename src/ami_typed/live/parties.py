"""Who takes part in a call, and what happened to it: plain values that outlive the channels they were read from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Attempt", "Direction", "EndReason", "Hold", "Outcome", "Party", "Transfer", "TransferKind"]


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call, as it was at one moment."""

    channel: str
    """The name of its channel."""
    uniqueid: str
    """The identifier of its channel."""
    number: str | None = None
    """Its number, `None` if not known."""
    name: str | None = None
    """Its name, `None` if not known."""

    def __str__(self) -> str:
        number = self.number or self.channel
        return f"{self.name} <{number}>" if self.name else number


class EndReason(Enum):
    """Why a call is over, seen from its caller."""

    COMPLETED = "completed"
    """Two parties talked, or an application (voicemail, a queue, a menu) answered the caller."""
    BUSY = "busy"
    """The callee was busy."""
    NO_ANSWER = "no-answer"
    """No callee answered in time."""
    REJECTED = "rejected"
    """The callee refused the call."""
    CANCELED = "canceled"
    """The caller hung up before anybody answered."""
    ANSWERED_ELSEWHERE = "answered-elsewhere"
    """Another server answered a call that was offered to several."""
    FAILED = "failed"
    """The callee could not be reached: no such number, no route, no circuit."""
    UNKNOWN = "unknown"
    """The end was not seen: events were missing, and the call was gone when the picture was loaded again."""


class Outcome(Enum):
    """How the ringing of one telephone ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    """It was rung as long as the dialplan wanted."""
    CANCELED = "canceled"
    """It was no longer rung: another telephone picked the call up, or the call was forwarded or withdrawn."""
    ANSWERED_ELSEWHERE = "answered-elsewhere"
    """Another telephone that rang for the same call was answered."""
    CALLER_GAVE_UP = "caller-gave-up"
    """The caller hung up, or the attempt was given up before it ended by itself."""
    FAILED = "failed"
    """The telephone could not be reached."""
    DECLINED = "declined"
    """It was answered, but the call was not accepted: a menu that asks for a key was not confirmed."""


class TransferKind(Enum):
    """How a call was handed over."""

    BLIND = "blind"
    """To a number, without asking there first."""
    ATTENDED = "attended"
    """To somebody the transferer was talking to."""
    BLONDE = "blonde"
    """To somebody whose telephone still rang for the transferer."""


class Direction(Enum):
    """Where a call comes from and goes to, as declared trunks and contexts tell."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One party handed the other over to a third."""

    at: datetime
    kind: TransferKind
    by: Party
    """Who handed over; in an attended transfer with two lines, the line to the new party."""
    party: Party
    """Who was handed over."""
    to: tuple[Party, ...] = ()
    """Whom to: the new party, or those whose telephones rang. Empty in a blind transfer, which goes to a number."""
    extension: str | None = None
    """The number that a blind transfer goes to."""
    context: str | None = None
    """The dialplan context in which that number is looked up."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A telephone that rang, or was answered, for a call."""

    party: Party
    caller: Party | None
    """Who called it; `None` if it is the caller's own telephone, as in click-to-dial."""
    rang_at: datetime | None
    """Since when it rang; `None` if it was answered without ringing."""
    ended_at: datetime | None
    """When it was answered or no longer rang."""
    outcome: Outcome | None
    """How that ended; `None` while it rings."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A time in which one party had the others on hold."""

    by: Party
    since: datetime
    until: datetime | None = None

    def duration(self, now: datetime) -> timedelta:
        """Return how long it lasted, up to ``now`` if it lasts."""
        return max((self.until or now) - self.since, timedelta())
