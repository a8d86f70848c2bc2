"""How calls end.

Rules of this module:

- A call ends when its caller leaves: the remaining phone is being hung up, or continues alone in the dialplan.
- It continues if it was handed on: a blind transfer of another party is pending, or two other parties still hear each
  other. One of these then becomes the caller.
- The reason: a call that a callee answered was completed. Otherwise, and if a party was transferred to one that did not
  answer, the hang-up cause of the caller's channel determines the reason, and then the status of its last attempt,
  since a cause of 0 or 16 means only a normal hang-up.
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
"""Source: include/asterisk/causes.h, based on Q.850."""
_BY_STATUS = {
    DialStatus.BUSY: EndReason.BUSY,
    DialStatus.NO_ANSWER: EndReason.NO_ANSWER,
    DialStatus.CONTINUE: EndReason.NO_ANSWER,
    DialStatus.CONGESTION: EndReason.FAILED,
    DialStatus.CHAN_UNAVAIL: EndReason.FAILED,
    **dict.fromkeys((DialStatus.DONT_CALL, DialStatus.TORTURE), EndReason.REJECTED),
}


def hang_up(picture: Picture, leg: Leg, cause: int | None) -> None:
    """Handle the hang-up of a channel."""
    leg.cause = cause
    talking.leave(picture, leg)
    talking.unhold(picture, leg)
    leg.ended_at = picture.now
    dialing.give_up(picture, leg)
    call = leg.call
    if call is not None and not call.is_over:
        _leave(picture, call, leg)


def _leave(picture: Picture, call: Call, leg: Leg) -> None:
    """Remove a hung-up channel from its call, and end the call if it cannot continue without it."""
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
    """Return the party that remains connected, or is waiting to be connected, after the caller left."""
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
    """Return why a call ended."""
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
    """Return the party that hung up first: the first to leave the conversation, or the caller of a cancelled call."""
    if call.first_out is not None:
        return call.first_out.party
    return call.caller if call.reason is EndReason.CANCELED else None
