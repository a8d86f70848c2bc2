"""Calls that this program places: which channel is theirs, and how both of their legs ended.

Rules of this module:

- The new channel is known by the Uniqueid that the request gives it (``ChannelId``), so the order of the answer and the
  events does not matter.
- If Asterisk cannot create the channel, there is no event about it except `OriginateResponse`, which repeats the
  identifier.
- If the channel ends without a telling hang-up cause or dial status, the reason in `OriginateResponse` decides, which
  follows: Asterisk 16 reports a time-out as cancelled.
- If events were missed and the channel is not there when the picture is reloaded, the outcome is unknown: it may have
  ended meanwhile, or the request may never have arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ami_typed.enums import DialStatus, OriginateReason
from ami_typed.live.parties import EndReason, Outcome

if TYPE_CHECKING:
    from ami_typed import events
    from ami_typed.live.objects import Call, Leg
    from ami_typed.live.parties import Party
    from ami_typed.live.records import CallRecord

__all__ = ["CallOutcome", "LegOutcome", "Placement"]


class LegOutcome(Enum):
    """The outcome of one leg of a call that this program placed."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    """Not answered in time."""
    REJECTED = "rejected"
    """The called party rejected the call."""
    CONGESTION = "congestion"
    """No circuit was available, or the far side was out of order."""
    UNKNOWN_NUMBER = "unknown-number"
    """There is no such number, extension or route."""
    CANCELED = "canceled"
    """The call was withdrawn before it was answered."""
    FAILED = "failed"
    """The party could not be called for another reason: an unknown endpoint, one that is not registered."""
    UNKNOWN = "unknown"
    """The outcome was not observed, because events were missed."""


_BY_CAUSE = {
    **dict.fromkeys((1, 2, 3, 22, 28), LegOutcome.UNKNOWN_NUMBER),
    17: LegOutcome.BUSY,
    **dict.fromkeys((18, 19), LegOutcome.NO_ANSWER),
    21: LegOutcome.REJECTED,
    **dict.fromkeys((27, 34, 38, 41, 42, 44), LegOutcome.CONGESTION),
}
"""By the hang-up cause of the channel. Source: include/asterisk/causes.h, based on Q.850."""
_BY_STATUS = {
    DialStatus.ANSWER: LegOutcome.ANSWERED,
    DialStatus.BUSY: LegOutcome.BUSY,
    DialStatus.NO_ANSWER: LegOutcome.NO_ANSWER,
    DialStatus.CONGESTION: LegOutcome.CONGESTION,
    DialStatus.CANCEL: LegOutcome.CANCELED,
}
_BY_REASON = {
    OriginateReason.BUSY: LegOutcome.BUSY,
    OriginateReason.NO_ANSWER: LegOutcome.NO_ANSWER,
    OriginateReason.CONGESTION: LegOutcome.CONGESTION,
}
_BY_OUTCOME = {
    Outcome.ANSWERED: LegOutcome.ANSWERED,
    Outcome.BUSY: LegOutcome.BUSY,
    Outcome.NO_ANSWER: LegOutcome.NO_ANSWER,
    Outcome.DECLINED: LegOutcome.REJECTED,
    Outcome.FAILED: LegOutcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a call that this program placed ended."""

    called: LegOutcome
    """The outcome of the party that was called first: the ``channel`` of the request."""
    connected: LegOutcome | None
    """The outcome of the party that it was then connected to; `None` if no party was dialled for it, as with an
    application, or if the first one did not answer."""
    ended_by: Party | None
    """The party that hung up first; `None` if not known, or if the call was never answered."""
    record: CallRecord | None
    """The whole call; `None` if it was not observed."""

    @property
    def answered(self) -> bool:
        """Whether both parties answered; only the first one if no other was dialled."""
        return self.called is LegOutcome.ANSWERED and self.connected in {None, LegOutcome.ANSWERED}


class Placement:
    """A call that this program places, from the request to its end.

    Attributes:
        uniqueid: The Uniqueid that the request gives to the new channel.
        leg: The new channel; `None` until it was observed.
        reported: Whether `OriginateResponse` was received, or can no longer be expected.
        doubtful: Whether events were missed since, and the picture was not reloaded yet.
        lost: Whether it was not there after events were missed, or is no longer followed.
    """

    __slots__ = ("_refused", "doubtful", "leg", "lost", "reported", "uniqueid")

    def __init__(self, uniqueid: str) -> None:
        self.uniqueid = uniqueid
        self.leg: Leg | None = None
        self.reported = self.doubtful = self.lost = False
        self._refused: OriginateReason | None = None

    def __repr__(self) -> str:
        return f"<Placement {self.leg or self.uniqueid}>"

    @property
    def call(self) -> Call | None:
        """The call, `None` until its channel was observed. If it was merged into another one, that one."""
        call = self.leg.call if self.leg is not None else None
        while call is not None and call.merged_into is not None:
            call = call.merged_into
        return call

    def see(self, event: events.OriginateResponse) -> None:
        """Record that Asterisk gave up calling, if it did; whether the call was answered is known from its channel."""
        self.reported = True
        if event.reason != OriginateReason.ANSWER:
            self._refused = event.reason

    @property
    def answered(self) -> LegOutcome | None:
        """The outcome of the party that is called first; `None` while it is called."""
        leg = self.leg
        if leg is not None and leg.answered_at is not None:
            return LegOutcome.ANSWERED
        if leg is not None and leg.ended_at is not None:
            return self._failed(leg)
        if self.lost:
            return LegOutcome.UNKNOWN
        if leg is None and self._refused is not None:
            return _BY_REASON.get(self._refused, LegOutcome.FAILED)
        return None

    def _failed(self, leg: Leg) -> LegOutcome | None:
        """Return why a channel ended without an answer; `None` as long as that is to be reported."""
        call = self.call
        if call is not None and call.reason is EndReason.UNKNOWN:
            return LegOutcome.UNKNOWN
        status = leg.dial.status if leg.dial is not None else None
        found = _BY_CAUSE.get(leg.cause or 0) or (_BY_STATUS.get(status) if status is not None else None)
        if found not in {None, LegOutcome.CANCELED}:
            return found
        if not (self.reported or self.lost):
            return None
        reason = _BY_REASON.get(self._refused) if self._refused is not None else None
        return reason or found or LegOutcome.FAILED

    @property
    def ended(self) -> CallOutcome | None:
        """The outcome of the call; `None` while it is in progress."""
        called, call = self.answered, self.call
        if called is None or (call is not None and not call.is_over and not self.lost):
            return None
        record = call.record() if call is not None else None
        if called is not LegOutcome.ANSWERED:
            return CallOutcome(called, None, None, record)
        if self.lost or call is None or call.reason is EndReason.UNKNOWN:
            return CallOutcome(called, _second(call, self.leg) or LegOutcome.UNKNOWN, None, record)
        return CallOutcome(called, _second(call, self.leg), call.ended_by, record)


def _second(call: Call | None, first: Leg | None) -> LegOutcome | None:
    """Return the outcome of the party that the first one was connected to; `None` if none was dialled."""
    if call is None:
        return None
    dials = [dial for dial in call.rung if dial.target is not first and dial is not (first.dial if first else None)]
    outcomes = [dial.outcome for dial in dials if dial.caller is not None]
    if Outcome.ANSWERED in outcomes:
        return LegOutcome.ANSWERED
    causes = [_BY_CAUSE.get(dial.target.cause or 0) for dial in dials if dial.caller is not None]
    if outcomes and outcomes[-1] is not None:
        by_outcome = _BY_OUTCOME.get(outcomes[-1], LegOutcome.CANCELED)
        return causes[-1] or by_outcome if by_outcome is LegOutcome.FAILED else by_outcome
    return _BY_STATUS.get(call.dial_status, LegOutcome.FAILED) if call.dial_status is not None else None
