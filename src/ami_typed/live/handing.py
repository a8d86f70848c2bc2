"""Calls that are handed on: transfers, pick-ups, parking.

Rules of this module:

- A blind transfer is told at once, and holds once the party that was handed over reaches somebody: until then the
  caller is who it was, so that a transfer to a number that is never reached does not change who called.
- An attended transfer makes one call of two. Who was handed over is its caller, the new party its callee.
- A transfer while the new party's telephone rings is a blonde one; the ringing goes on for who was handed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.enums import TransferDestination, TransferResult
from ami_typed.live import changes, dialing
from ami_typed.live.bridges import beyond, connected
from ami_typed.live.parties import Transfer, TransferKind

if TYPE_CHECKING:
    from ami_typed import events
    from ami_typed.events import families
    from ami_typed.live.objects import Call, Leg
    from ami_typed.live.picture import Picture

__all__ = ["attended", "blind", "parked", "picked_up", "retrieved"]


def blind(picture: Picture, event: events.BlindTransfer) -> None:
    """Take in a blind transfer; who is handed over is told unless several are."""
    if event.result != TransferResult.SUCCESS:
        return
    by = picture.channels.see(event.transferer, picture.now)
    if by is None:
        return
    party = _party(picture.channels.get(event.transferee_uniqueid), by) or _other(by)
    if party is not None:
        to, context = event.extension, event.context
        transfer = Transfer(picture.now, TransferKind.BLIND, by.party, party.party, extension=to, context=context)
        call = picture.place(party)
        if _tell(picture, call, transfer):
            call.pending = (transfer, party)


def attended(picture: Picture, event: events.AttendedTransfer) -> None:
    """Take in an attended transfer, or a blonde one."""
    if event.result != TransferResult.SUCCESS or event.dest_type == TransferDestination.FAIL:
        return
    first = picture.channels.see(event.orig_transferer, picture.now)
    second = picture.channels.see(event.second_transferer, picture.now)
    if first is None or second is None:
        return
    party = _party(picture.channels.get(event.transferee_uniqueid), first) or _other(first)
    target = _party(picture.channels.get(event.transfer_target_uniqueid), second) or _other(second)
    if party is not None:
        _hand_over(picture, second, party, target, [first, second])


def _hand_over(picture: Picture, by: Leg, party: Leg, target: Leg | None, lines: list[Leg]) -> None:
    """Make one call of the two of a transferer, and tell the transfer."""
    call = picture.place(party)
    for each in (*lines, *([target] if target is not None else [])):
        call = picture.merge(call, picture.place(each))
    ringing = [dial.target for dial in call.dialing if dial.caller is by]
    blonde = bool(ringing) and (target is None or target in ringing)
    targets = ringing if blonde else [each for each in (target,) if each is not None]
    kind = TransferKind.BLONDE if blonde else TransferKind.ATTENDED
    call.caller_leg = party
    call.callee_leg = None if blonde else target
    to = tuple(each.party for each in targets)
    _tell(picture, call, Transfer(picture.now, kind, by.party, party.party, to))


def _tell(picture: Picture, call: Call, transfer: Transfer) -> bool:
    """Tell a transfer, unless it was told; return whether it was not."""
    new = all(_lines(each) != _lines(transfer) for each in call.transfers)
    if new:
        call.transfers.append(transfer)
        picture.tell(changes.CallTransferred, call=call, transfer=transfer)
    return new


def _lines(transfer: Transfer) -> tuple[TransferKind, str, str]:
    """Return what tells a transfer from others: the channels that took part, each of which hands over once."""
    return transfer.kind, transfer.by.uniqueid, transfer.party.uniqueid


def _party(leg: Leg | None, not_this: Leg | None = None) -> Leg | None:
    """Return the party that a channel leads to, seen through Local channels."""
    if leg is None or leg.is_person:
        return leg
    return next((each for each in beyond(leg) if each is not not_this), None)


def _other(leg: Leg) -> Leg | None:
    """Return the one other party that a channel talks to, or talked to before the transfer; `None` if there is none."""
    others = [each for each in connected(leg) if each is not leg]
    if others:
        return others[0] if len(others) == 1 else None
    return leg.peer if leg.peer is not None and leg.peer.ended_at is None else None


def picked_up(picture: Picture, event: events.Pickup) -> None:
    """Take in that a channel picks up a call that rings elsewhere."""
    by = picture.channels.see(event.snapshot, picture.now)
    target = picture.channels.get(event.target_uniqueid)
    if by is None or target is None or target.dial is None:
        return
    caller = dialing.behind(target.dial.source)
    if caller is not None:
        picture.merge(picture.place(caller), picture.place(by))


def parked(picture: Picture, event: events.ParkedCall) -> None:
    """Take in that a party was parked."""
    leg = _party(picture.channels.see(event.parkee, picture.now))
    if leg is not None and not _is_parked(leg, event):
        call = picture.place(leg)
        call.parked = (event.parkinglot, event.parking_space)
        call.caller_leg = leg
        picture.tell(changes.CallParked, call=call, party=leg.party, lot=call.parked[0], space=call.parked[1])


def _is_parked(leg: Leg, event: events.ParkedCall) -> bool:
    place = (event.parkinglot, event.parking_space)
    return leg.call is not None and leg.call.parked == place


def retrieved(picture: Picture, parkee: families.ChannelSnapshot, by: Leg | None) -> None:
    """Take in that a party is no longer parked: fetched by somebody, or its time is over, or it hung up."""
    leg = _party(picture.channels.see(parkee, picture.now))
    if leg is None or leg.call is None or leg.call.parked is None:
        return
    call = leg.call
    call.parked = None
    if by is not None:
        call = picture.merge(call, picture.place(by))
        call.caller_leg, call.callee_leg = leg, by
    told = {"party": leg.party, "by": by.party if by is not None else None}
    picture.tell(changes.CallRetrieved, call=call, **told)
