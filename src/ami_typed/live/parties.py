"""The parties of a call and its history: plain values that outlive the channels from which they were read."""

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
    """One side of a call, at one moment."""

    channel: str
    """The name of its channel."""
    uniqueid: str
    """The identifier of its channel."""
    number: str | None = None
    """The party's number; `None` if not known."""
    name: str | None = None
    """The party's name; `None` if not known."""

    def __str__(self) -> str:
        number = self.number or self.channel
        return f"{self.name} <{number}>" if self.name else number


class EndReason(Enum):
    """Why a call ended, from the caller's point of view."""

    COMPLETED = "completed"
    """Two parties talked, or an application (voicemail, a queue, a menu) answered the caller."""
    BUSY = "busy"
    """The callee was busy."""
    NO_ANSWER = "no-answer"
    """No callee answered in time."""
    REJECTED = "rejected"
    """The callee rejected the call."""
    CANCELED = "canceled"
    """The caller hung up before the call was answered."""
    ANSWERED_ELSEWHERE = "answered-elsewhere"
    """The call was offered to several destinations by another server, and one of the others answered it."""
    FAILED = "failed"
    """The callee could not be reached: no such number, no route, no circuit."""
    UNKNOWN = "unknown"
    """The end was not observed: events were missed, and the call was gone when the picture was reloaded."""


class Outcome(Enum):
    """How the ringing of one phone ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    """It rang for the time set in the dialplan."""
    CANCELED = "canceled"
    """It stopped ringing: another phone picked up the call, or the call was forwarded or withdrawn."""
    ANSWERED_ELSEWHERE = "answered-elsewhere"
    """Another phone that rang for the same call was answered."""
    CALLER_GAVE_UP = "caller-gave-up"
    """The caller hung up, or the attempt was abandoned before it ended by itself."""
    FAILED = "failed"
    """The phone could not be reached."""
    DECLINED = "declined"
    """It was answered, but the call was not accepted: a menu that asks for a key was not confirmed."""


class TransferKind(Enum):
    """How a call was transferred."""

    BLIND = "blind"
    """To a number, without consulting the new party first."""
    ATTENDED = "attended"
    """To a party that the transferer was talking to."""
    BLONDE = "blonde"
    """To a party whose phone was still ringing for the transferer."""


class Direction(Enum):
    """The direction of a call, derived from the declared trunks and contexts."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer of one party by another to a third."""

    at: datetime
    kind: TransferKind
    by: Party
    """The transferer; in an attended transfer with two lines, the line to the new party."""
    party: Party
    """The transferee."""
    to: tuple[Party, ...] = ()
    """The new party, or the parties whose phones rang. Empty in a blind transfer, which goes to a number."""
    extension: str | None = None
    """The target number of a blind transfer."""
    context: str | None = None
    """The dialplan context of that number."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A phone that rang, or was answered, for a call."""

    party: Party
    caller: Party | None
    """The party that called it; `None` if it is the caller's own phone, as in click-to-dial."""
    rang_at: datetime | None
    """When it began to ring; `None` if it was answered without ringing."""
    ended_at: datetime | None
    """When it was answered or stopped ringing."""
    outcome: Outcome | None
    """How the ringing ended; `None` while it rings."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A period in which one party had the others on hold."""

    by: Party
    since: datetime
    until: datetime | None = None

    def duration(self, now: datetime) -> timedelta:
        """Return its duration, up to ``now`` if it has not ended."""
        return max((self.until or now) - self.since, timedelta())
