"""Dials: which party dials which, which phones ring, and the outcomes.

Rules of this module:

- `DialBegin` and `DialEnd` report a dial with the channels at both ends. There may be any number of Local channels
  between a caller and a phone; `behind` follows their halves until it finds a party.
- A phone rings once its channel is in the state ``Ringing`` and its caller is known. Asterisk may report the inner dial
  before the outer one, since the other half of a Local channel runs in a separate thread.
- If Asterisk itself dials (Originate: a `DialBegin` without a caller), the first party that is reached is the caller,
  whose phone rings first. Whoever the originated channel then dials is called by that caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.enums import DialStatus
from ami_typed.live import changes
from ami_typed.live.bridges import beyond
from ami_typed.live.objects import Dial
from ami_typed.live.parties import Outcome

if TYPE_CHECKING:
    from ami_typed.live.objects import Call, Leg
    from ami_typed.live.parties import Transfer
    from ami_typed.live.picture import Picture

__all__ = ["begin", "behind", "end", "give_up", "give_up_all", "is_originated", "joined", "ring"]

_DEEPEST = 32
"""Maximum number of consecutive Local channels to follow."""

_OUTCOMES = {
    DialStatus.ANSWER: Outcome.ANSWERED,
    DialStatus.BUSY: Outcome.BUSY,
    DialStatus.NO_ANSWER: Outcome.NO_ANSWER,
    DialStatus.CANCEL: Outcome.CANCELED,
    **dict.fromkeys((DialStatus.DONT_CALL, DialStatus.TORTURE), Outcome.DECLINED),
    **dict.fromkeys((DialStatus.CONTINUE, DialStatus.GOTO, DialStatus.ABORT), Outcome.DECLINED),
}


def behind(leg: Leg | None) -> Leg | None:
    """Return the party on whose behalf a channel dials; `None` if Asterisk itself dials, or if it is not known yet."""
    for _ in range(_DEEPEST):
        if leg is None or leg.is_person:
            return leg
        other = leg.other_half
        if other is None:
            return None
        if other.dial is None or other.dial.source is None:
            return next(iter(beyond(leg)), None) if _is_root(leg, other) else None
        leg = other.dial.source
    return None


def _is_root(leg: Leg, other: Leg) -> bool:
    """Return whether Asterisk itself created a Local channel, so that there are parties at both of its ends."""
    return is_originated(leg) or is_originated(other)


def is_originated(leg: Leg) -> bool:
    """Return whether Asterisk itself dialled a channel, or created it independently of any other channel."""
    return leg.dial.source is None if leg.dial is not None else not leg.called


def _root(leg: Leg) -> Leg | None:
    """Return the Local half that Asterisk itself dialled, at the start of a chain that leads back to no party."""
    for _ in range(_DEEPEST):
        other = leg.other_half
        if other is None or leg.is_person:
            return None
        if is_originated(other) or is_originated(leg):
            return other if is_originated(other) else leg
        if other.dial is None or other.dial.source is None:
            return None
        leg = other.dial.source
    return None


def begin(picture: Picture, source: Leg | None, target: Leg) -> None:
    """Handle the start of a dial from one channel to another."""
    dial = _replaced(picture, source, target)
    if source is None:
        _begin_for_nobody(picture, target)
        return
    source.dials = (*source.dials, dial)
    _bring_together(picture, source, target)
    for leg in _ends_of(target):
        ring(picture, leg)


def _replaced(picture: Picture, source: Leg | None, target: Leg) -> Dial:
    """Return the new dial of a channel, replacing any previous one, which another caller has taken over."""
    former = target.dial
    if former is not None:
        _take_out(former)
    dial = Dial(source, target, picture.now)
    if former is not None and former.is_open and target.is_person:
        dial.rang = former.rang  # it continues to ring, for another caller
    target.dial = dial
    return dial


def _take_out(dial: Dial) -> None:
    """Remove a dial from those in progress of its source."""
    source = dial.source
    if source is not None and dial in source.dials:
        source.dials = tuple(each for each in source.dials if each is not dial)


def _begin_for_nobody(picture: Picture, target: Leg) -> None:
    """Handle a dial by Asterisk itself."""
    call = picture.place(target)
    call.originated = True
    if target.is_person:
        picture.calls_as_party(target)


def _bring_together(picture: Picture, source: Leg, target: Leg) -> None:
    """Put the dialled channel into the call of the dialling channel."""
    call = picture.place(source)
    if target.call is None or target.call.is_over or (target.called and target.call is not call and not target.dials):
        picture.put(target, call)
    elif target.call is not call:
        picture.merge(call, target.call)


def _ends_of(leg: Leg) -> list[Leg]:
    """Return the parties dialled at the far end of a chain of Local channels."""
    ends: list[Leg] = []
    waiting, seen = [leg], set[str]()
    while waiting:
        each = waiting.pop()
        if each.uniqueid in seen:
            continue
        seen.add(each.uniqueid)
        if each.is_person:
            ends.append(each)
        elif each.other_half is not None:
            waiting += [dial.target for dial in each.other_half.dials]
    return ends


def ring(picture: Picture, leg: Leg) -> None:
    """Report that a party's phone rings, once it does and its caller is known."""
    dial = leg.dial
    if dial is None or not _has_begun_to_ring(leg, dial):
        return
    caller = behind(dial.source)
    if caller is not None and caller is not leg:
        _ring_for(picture, caller, leg, dial)
    elif dial.source is None or _root(dial.source) is not None:
        _ring_caller(picture, leg, dial)


def _has_begun_to_ring(leg: Leg, dial: Dial) -> bool:
    """Return whether a phone rings and this was not yet reported. A late event may find it already answered."""
    told = leg.call is not None and dial in leg.call.rung
    return leg.rings and leg.is_person and dial.is_open and leg.answered_at is None and not told


def _ring_for(picture: Picture, caller: Leg, leg: Leg, dial: Dial) -> None:
    """Report that a callee's phone rings."""
    call = picture.place(leg)
    dial.caller, dial.callee = caller, leg.party
    again, dial.rang = dial.rang is not None, dial.rang or picture.now
    _add(call, dial)
    transfer = take_hold(call, caller)
    if call.caller_leg is None:
        call.caller_leg = caller
    picture.announce(call)
    call.direction = picture.direction_of(call)
    if not again:
        told = {"caller": caller.party, "callee": leg.party, "transfer": transfer}
        picture.tell(changes.CallRinging, call=call, **told)


def _add(call: Call, dial: Dial) -> None:
    """Record an attempt; one taken over by another caller is recorded only once."""
    call.rung = [each for each in call.rung if each.target is not dial.target or not each.is_open]
    call.rung.append(dial)


def take_hold(call: Call, caller: Leg) -> Transfer | None:
    """Complete a pending blind transfer, now that the transferee reaches a party; return the transfer."""
    if call.pending is None or call.pending[1] is not caller:
        return None
    call.caller_leg, call.callee_leg = caller, None
    return call.pending[0]


def _ring_caller(picture: Picture, leg: Leg, dial: Dial) -> None:
    """Report that the caller's own phone rings, in a call that Asterisk sets up."""
    call = picture.place(leg)
    call.originated = True
    again, dial.rang = dial.rang is not None, dial.rang or picture.now
    _is_caller(picture, call, leg)
    if not again:
        picture.tell(changes.CallerRinging, call=call, party=leg.party)


def _is_caller(picture: Picture, call: Call, leg: Leg) -> None:
    """Set the caller of a call that Asterisk sets up: the first party reached, or the one that answers."""
    if call.caller_leg is None or (not call.caller_leg.is_up and (leg.is_up or call.caller_leg.ended_at is not None)):
        call.caller_leg = leg
    picture.announce(call)


def end(picture: Picture, source: Leg | None, target: Leg, status: DialStatus, *, forwarded: bool) -> None:
    """Handle the end of a dial; ignore a dial that has already ended."""
    dial = target.dial
    if dial is not None and dial.guessed and source is not None:
        dial.source, dial.guessed = source, False
    if dial is None or not dial.is_open or dial.source is not source:
        return
    _close(picture, dial, status)
    if source is None:
        return
    caller = behind(source)
    if caller is None and target.is_person and status == DialStatus.ANSWER and _root(source) is not None:
        _answered_by_caller(picture, target)
    elif target.is_person:
        _tell_end(picture, dial, caller or dial.caller)
    _note_status(source, caller, status, forwarded=forwarded)


def _answered_by_caller(picture: Picture, leg: Leg) -> None:
    """Record that the future caller of a call that Asterisk sets up answered its phone."""
    call = picture.place(leg)
    call.originated = True
    _is_caller(picture, call, leg)


def _close(picture: Picture, dial: Dial, status: DialStatus) -> None:
    dial.status = status
    dial.ended = picture.now
    dial.outcome = _outcome(dial, status)
    _take_out(dial)


def _outcome(dial: Dial, status: DialStatus) -> Outcome:
    """Return how an attempt ended as people perceive it: for a cancelled one, the reason for that."""
    outcome = _OUTCOMES.get(DialStatus(status.partition(":")[0]), Outcome.FAILED)  # GOTO:default,100,1
    if outcome is not Outcome.CANCELED or dial.source is None:
        return outcome
    if any(each.target.is_up for each in _siblings(dial)):
        return Outcome.ANSWERED_ELSEWHERE
    above = _ended_above(dial.source)
    if above is None:
        return outcome
    call = dial.target.call
    if call is not None and any(each.outcome is Outcome.ANSWERED for each in call.rung):
        return Outcome.ANSWERED_ELSEWHERE
    return Outcome.NO_ANSWER if above == DialStatus.NO_ANSWER else Outcome.CALLER_GAVE_UP


def _siblings(dial: Dial) -> list[Dial]:
    """Return the other attempts of the same caller that are still in progress."""
    return [each for each in dial.source.dials if each is not dial] if dial.source is not None else []


def _ended_above(source: Leg) -> DialStatus | None:
    """Return the status of the first ended dial between a dialling channel and its caller; `None` if all are open."""
    for _ in range(_DEEPEST):
        other = source.other_half
        dial = other.dial if other is not None else None
        if source.ended_at is not None or (other is not None and other.ended_at is not None):
            return (dial.status if dial is not None else None) or DialStatus.CANCEL
        if source.is_person or dial is None or dial.source is None:
            return None
        if dial.status not in {None, DialStatus.ANSWER}:
            return dial.status
        source = dial.source
    return None


def _tell_end(picture: Picture, dial: Dial, caller: Leg | None) -> None:
    """Report that a callee's phone stopped ringing, if it rang."""
    leg, call = dial.target, dial.target.call
    if call is None or dial.rang is None or caller is None or dial not in call.rung or dial.outcome is None:
        return
    callee = dial.callee or leg.party
    told = {"caller": caller.party, "callee": callee, "outcome": dial.outcome, "status": dial.status}
    picture.tell(changes.CallRingingEnded, call=call, **told)


def _note_status(source: Leg, caller: Leg | None, status: DialStatus, *, forwarded: bool) -> None:
    """Record how the caller's own attempt ended: it determines why an unanswered call ended."""
    call = source.call
    own = source is caller or is_originated(source)
    if call is not None and own and caller is not None and caller is call.caller_leg and not forwarded:
        call.dial_status = status


def joined(picture: Picture, dial: Dial) -> None:
    """Record that a party was connected to its caller: the dial was answered, even if no event reported that."""
    if dial.is_open:
        _close(picture, dial, DialStatus.ANSWER)
        _tell_end(picture, dial, behind(dial.source) or dial.caller)
    if dial.target.call is not None and dial not in dial.target.call.rung:
        dial.target.call.rung.append(dial)


def give_up(picture: Picture, leg: Leg) -> None:
    """End the dial of a channel that was hung up, if no event reported its end."""
    if leg.dial is not None and leg.dial.is_open:
        _give_up(picture, leg.dial, _status_of(leg.cause))


def give_up_all(picture: Picture, call: Call) -> None:
    """End all open dials of a call that has ended."""
    for dial in call.dialing:
        _give_up(picture, dial, DialStatus.CANCEL)


def _give_up(picture: Picture, dial: Dial, status: DialStatus) -> None:
    caller = behind(dial.source) or dial.caller
    _close(picture, dial, status)
    if dial.target.is_person:
        _tell_end(picture, dial, caller)


def _status_of(cause: int | None) -> DialStatus:
    """Return the status of a dial, derived from the hang-up cause of its target."""
    if cause in {17, 21}:
        return DialStatus.BUSY
    return DialStatus.NO_ANSWER if cause in {18, 19} else DialStatus.CANCEL
