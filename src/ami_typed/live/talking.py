"""Who hears whom: bridges entered and left, answers, hold.

Rules of this module:

- Two parties talk when one hears the other through bridges that are neither conferences nor waiting rooms, and
  through the Local channels between them, whether Asterisk takes those out (optimises them away) or not.
- An answer is told once for each party that was dialled, when it is connected to the one it was dialled for: not when
  its telephone is picked up, since a menu may come first that asks whether the call is accepted.
- Parties of two calls that hear each other are in one call from then on.
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
    """Take in that a channel came into a bridge."""
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
    """Return the call of parties that hear each other, made one of several."""
    call = picture.place(parties[0])
    for each in parties[1:]:
        call = picture.merge(call, picture.place(each))
    return call


def _answers(picture: Picture, call: Call, parties: list[Leg]) -> None:
    """Tell who of the connected parties answers."""
    for each in parties:
        caller = None if each is call.caller_leg else _caller_of(call, each)
        if caller is not None and caller is not each and caller in parties:
            _answer(picture, call, caller, each)


def _caller_of(call: Call, leg: Leg) -> Leg | None:
    """Return for whom a party was dialled, `None` if it was not, or answered before."""
    dial = leg.dial
    if dial is None:
        return call.caller_leg if leg.called and leg not in call.answers else None
    if leg in call.answers or dial.source is None:
        return None
    return dialing.behind(dial.source) or call.caller_leg


def _answer(picture: Picture, call: Call, caller: Leg, leg: Leg) -> None:
    """Tell that a callee and its caller hear each other."""
    if leg.dial is not None:
        leg.dial.caller = caller
        dialing.joined(picture, leg.dial)
    call.answers.append(leg)
    dialing.take_hold(call, caller)
    _note(picture, call, caller, leg)
    picture.announce(call)
    picture.tell(changes.CallAnswered, call=call, caller=caller.party, callee=leg.party)


def _note(picture: Picture, call: Call, caller: Leg, leg: Leg) -> None:
    """Note an answer in the call."""
    if call.caller_leg is None or call.caller_leg.ended_at is not None:
        call.caller_leg = caller
    if call.caller_leg is caller:
        call.callee_leg = leg
        call.pending = None
    call.answered_at = call.answered_at or picture.now
    call.direction = picture.direction_of(call)


def leave(picture: Picture, leg: Leg) -> None:
    """Take in that a channel left its bridge."""
    call, bridge = leg.call, leg.bridge
    before = connected(leg) if bridge is not None and bridge.is_talk else []
    picture.bridges.leave(leg)
    if call is None or call.is_over or len(before) < 2:
        return
    if not any(len(connected(each)) > 1 for each in call.parties):
        call.first_out = leg if leg.is_person else None
        call.talks(picture.now, talking=False)


def destroy(picture: Picture, bridge: Bridge) -> None:
    """Take in that a bridge is no more."""
    for leg in bridge.legs:
        leave(picture, leg)
    picture.bridges.destroy(bridge.uniqueid)


def hold(picture: Picture, leg: Leg) -> None:
    """Take in that a party put the other one on hold."""
    if leg.held_since is None:
        leg.held_since = picture.now
        picture.tell(changes.CallHeld, call=picture.place(leg), by=leg.party)


def resume(picture: Picture, leg: Leg) -> None:
    """Take in that a party took the other one back from hold."""
    if unhold(picture, leg):
        picture.tell(changes.CallResumed, call=picture.place(leg), by=leg.party)


def unhold(picture: Picture, leg: Leg) -> bool:
    """Note that a channel has nobody on hold any more; return whether it had."""
    since, leg.held_since = leg.held_since, None
    if since is None:
        return False
    if leg.call is not None:
        leg.call.holds.append(Hold(leg.party, since, picture.now))
    return True
