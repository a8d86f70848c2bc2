"""How calls end.

Rules of this module:

- A call is over when its caller is gone: the telephone that is left is being hung up, or goes on alone in the
  dialplan.
- It goes on if the caller was handed on: a blind transfer waits for the party that was handed over, or two others
  still hear each other. One of those is the caller then.
- Why it is over: a caller that a callee answered completed it. Otherwise, and for a party that was handed over to
  somebody who did not answer, the cause of the caller's channel tells, then how its last attempt ended, since a cause
  of 0 or 16 only says that it was hung up in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.enums import DialStatus
from ami_typed.live import changes, dialing, talking
from ami_typed.live.bridges import connected
from ami_typed.live.parties import EndReason

if TYPE_CHECKING:
    from ami_typed.live.objects import Call, Leg
    from ami_typed.live.parties import Party
    from ami_typed.live.picture import Picture

__all__ = ["hang_up"]

_BY_CAUSE = {
    17: EndReason.BUSY,
    18: EndReason.NO_ANSWER,
    19: EndReason.NO_ANSWER,
    21: EndReason.REJECTED,
    26: EndReason.ANSWERED_ELSEWHERE,
    **dict.fromkeys((1, 2, 3, 20, 22, 27, 28, 34, 38, 41, 42, 44, 58, 66), EndReason.FAILED),
}
"""Source: include/asterisk/causes.h, after Q.850."""
_BY_STATUS = {
    DialStatus.BUSY: EndReason.BUSY,
    DialStatus.NO_ANSWER: EndReason.NO_ANSWER,
    DialStatus.CONTINUE: EndReason.NO_ANSWER,
    DialStatus.CONGESTION: EndReason.FAILED,
    DialStatus.CHAN_UNAVAIL: EndReason.FAILED,
}


def hang_up(picture: Picture, leg: Leg, cause: int | None) -> None:
    """Take in that a channel was hung up."""
    leg.cause = cause
    talking.leave(picture, leg)
    talking.unhold(picture, leg)
    leg.ended_at = picture.now
    dialing.give_up(picture, leg)
    call = leg.call
    if call is not None and not call.is_over:
        _leave(picture, call, leg)


def _leave(picture: Picture, call: Call, leg: Leg) -> None:
    """Take a channel that was hung up out of its call, and end that if it was its last need."""
    picture.take_out(leg)
    if not call.channels:
        _end(picture, call, leg)
    elif call.caller_leg is leg:
        _without_caller(picture, call, leg)
    elif call.caller_leg is not None and call.caller_leg.ended_at is not None and not _successor(call):
        _end(picture, call, leg)


def _without_caller(picture: Picture, call: Call, leg: Leg) -> None:
    """End a call whose caller hung up, unless it was handed on."""
    if call.pending is not None and call.pending[1].ended_at is None:
        return
    successor = _successor(call)
    if successor is not None:
        call.caller_leg = successor
    else:
        _end(picture, call, leg)


def _successor(call: Call) -> Leg | None:
    """Return the party that stays with another one after the caller is gone, or waits to be connected."""
    if call.pending is not None and call.pending[1].ended_at is None:
        return call.pending[1]
    parties = call.parties
    staying = next((each for each in parties if len(connected(each)) > 1), None)
    if staying is not None or not call.originated or call.answered_at is not None:
        return staying
    return next((each for each in parties if each.dial is not None and dialing.behind(each.dial.source) is None), None)


def _end(picture: Picture, call: Call, leg: Leg) -> None:
    """End a call."""
    dialing.give_up_all(picture, call)
    call.talks(picture.now, talking=False)
    call.waits_no_more(picture.now)
    call.ended_at = picture.now
    last = call.caller_leg or leg
    call.cause = last.cause
    call.reason = EndReason.UNKNOWN if picture.resyncing else _reason(call, last)
    call.ended_by = _ended_by(call)
    picture.calls.remove(call)
    if call.started:
        told = {"reason": call.reason, "caller": call.caller, "ended_by": call.ended_by, "leg": leg}
        picture.tell(changes.CallEnded, call=call, **told)


def _reason(call: Call, leg: Leg) -> EndReason:
    """Return why a call is over."""
    if call.callee_leg is not None:
        return EndReason.COMPLETED
    if call.dial_status == DialStatus.CANCEL and leg.cause != 26 and not leg.is_up:
        return EndReason.CANCELED
    by_cause = _BY_CAUSE.get(leg.cause or 0)
    if by_cause is not None:
        return by_cause
    if leg.is_up and not call.originated:
        return EndReason.COMPLETED
    return _BY_STATUS.get(call.dial_status, EndReason.CANCELED) if call.dial_status is not None else EndReason.CANCELED


def _ended_by(call: Call) -> Party | None:
    """Return who hung up first: who left the talk first, or the caller if there was none."""
    if call.first_out is not None:
        return call.first_out.party
    return call.caller if call.reason is EndReason.CANCELED else None
