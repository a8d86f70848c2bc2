"""Conversations: entering and leaving bridges, answers, hold.

Rules of this module:

- Two parties talk if they hear each other through bridges that are neither conferences nor waiting rooms, and through
  the Local channels between them, whether or not Asterisk optimises those away.
- An answer is reported once for each dialled party, when it is connected to the party on whose behalf it was dialled:
  not when the phone is picked up, since a menu may first ask whether the call is accepted.
- If parties of two calls hear each other, the calls are merged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.live import changes, dialing
from ami_typed.live.bridges import connected
from ami_typed.live.parties import Hold

if TYPE_CHECKING:
    from ami_typed.live.objects import Bridge, Call, Leg
    from ami_typed.live.picture import Picture

__all__ = ["destroy", "enter", "hold", "leave", "resume", "unhold"]


def enter(picture: Picture, leg: Leg, bridge: Bridge) -> None:
    """Handle a channel entering a bridge."""
    again = leg.bridge is bridge
    picture.bridges.enter(bridge, leg)
    if again or not bridge.is_talk:
        return
    parties = connected(leg)
    if len(parties) > 1:
        call = _one_call(picture, parties)
        call.first_out = None
        if len(parties) == 2:
            parties[0].peer, parties[1].peer = parties[1], parties[0]
        _answers(picture, call, parties)
        call.talks(picture.now, talking=True)


def _one_call(picture: Picture, parties: list[Leg]) -> Call:
    """Return the call of parties that hear each other, merging their calls if there are several."""
    call = picture.place(parties[0])
    for each in parties[1:]:
        call = picture.merge(call, picture.place(each))
    return call


def _answers(picture: Picture, call: Call, parties: list[Leg]) -> None:
    """Report the answers among connected parties."""
    for each in parties:
        caller = None if each is call.caller_leg else _caller_of(call, each)
        if caller is not None and caller is not each and caller in parties:
            _answer(picture, call, caller, each)


def _caller_of(call: Call, leg: Leg) -> Leg | None:
    """Return the party on whose behalf a party was dialled; `None` if it was not dialled, or answered before."""
    dial = leg.dial
    if dial is None:
        return call.caller_leg if leg.called and leg not in call.answers else None
    if leg in call.answers or dial.source is None:
        return None
    return dialing.behind(dial.source) or call.caller_leg


def _answer(picture: Picture, call: Call, caller: Leg, leg: Leg) -> None:
    """Report that a callee and its caller hear each other."""
    if leg.dial is not None:
        leg.dial.caller = caller
        dialing.joined(picture, leg.dial)
    call.answers.append(leg)
    dialing.take_hold(call, caller)
    _note(picture, call, caller, leg)
    picture.announce(call)
    picture.tell(changes.CallAnswered, call=call, caller=caller.party, callee=leg.party)


def _note(picture: Picture, call: Call, caller: Leg, leg: Leg) -> None:
    """Record an answer in the call."""
    if call.caller_leg is None or call.caller_leg.ended_at is not None:
        call.caller_leg = caller
    if call.caller_leg is caller:
        call.callee_leg = leg
        call.pending = None
    call.answered_at = call.answered_at or picture.now
    call.direction = picture.direction_of(call)


def leave(picture: Picture, leg: Leg) -> None:
    """Handle a channel leaving its bridge."""
    call, bridge = leg.call, leg.bridge
    before = connected(leg) if bridge is not None and bridge.is_talk else []
    picture.bridges.leave(leg)
    if call is None or call.is_over or len(before) < 2:
        return
    if not any(len(connected(each)) > 1 for each in call.parties):
        call.first_out = leg if leg.is_person else None
        call.talks(picture.now, talking=False)


def destroy(picture: Picture, bridge: Bridge) -> None:
    """Handle the end of a bridge."""
    for leg in bridge.legs:
        leave(picture, leg)
    picture.bridges.destroy(bridge.uniqueid)


def hold(picture: Picture, leg: Leg) -> None:
    """Handle a party putting the other one on hold."""
    if leg.held_since is None:
        leg.held_since = picture.now
        picture.tell(changes.CallHeld, call=picture.place(leg), by=leg.party)


def resume(picture: Picture, leg: Leg) -> None:
    """Handle a party taking the other one off hold."""
    if unhold(picture, leg):
        picture.tell(changes.CallResumed, call=picture.place(leg), by=leg.party)


def unhold(picture: Picture, leg: Leg) -> bool:
    """Record that a channel no longer holds the other party; return whether it did."""
    since, leg.held_since = leg.held_since, None
    if since is None:
        return False
    if leg.call is not None:
        leg.call.holds.append(Hold(leg.party, since, picture.now))
    return True
