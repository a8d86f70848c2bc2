"""Calls that are handed on: transfers, pick-ups, parking.

Rules of this module:

- A blind transfer is reported immediately, but takes effect only when the transferee reaches a party. Until then the
  caller stays the same, so that a transfer to a number that is never reached does not change it.
- An attended transfer merges two calls. The transferee becomes the caller, the new party the callee.
- A transfer while the new party's phone rings is a blonde transfer; the phone continues to ring for the transferee.
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
    """Handle a blind transfer, unless the transferee is ambiguous."""
    if event.result != TransferResult.SUCCESS:
        return
    by = picture.channels.see(event, picture.now, "transferer_")
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
    """Handle an attended or blonde transfer."""
    if event.result != TransferResult.SUCCESS or event.dest_type == TransferDestination.FAIL:
        return
    first = picture.channels.see(event, picture.now, "orig_transferer_")
    second = picture.channels.see(event, picture.now, "second_transferer_")
    if first is None or second is None:
        return
    party = _party(picture.channels.get(event.transferee_uniqueid), first) or _other(first)
    target = _party(picture.channels.get(event.transfer_target_uniqueid), second) or _other(second)
    if party is not None:
        _hand_over(picture, second, party, target, [first, second])


def _hand_over(picture: Picture, by: Leg, party: Leg, target: Leg | None, lines: list[Leg]) -> None:
    """Merge the two calls of a transferer, and report the transfer."""
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
    """Report a transfer unless it was already reported; return whether it is new."""
    new = all(_lines(each) != _lines(transfer) for each in call.transfers)
    if new:
        call.transfers.append(transfer)
        picture.tell(changes.CallTransferred, call=call, transfer=transfer)
    return new


def _lines(transfer: Transfer) -> tuple[TransferKind, str, str]:
    """Return the identity of a transfer: its kind and the channels involved, each of which transfers only once."""
    return transfer.kind, transfer.by.uniqueid, transfer.party.uniqueid


def _party(leg: Leg | None, not_this: Leg | None = None) -> Leg | None:
    """Return the party that a channel leads to, following Local channels."""
    if leg is None or leg.is_person:
        return leg
    return next((each for each in beyond(leg) if each is not not_this), None)


def _other(leg: Leg) -> Leg | None:
    """Return the one other party that a channel talks to, or talked to before the transfer; otherwise `None`."""
    others = [each for each in connected(leg) if each is not leg]
    if others:
        return others[0] if len(others) == 1 else None
    return leg.peer if leg.peer is not None and leg.peer.ended_at is None else None


def picked_up(picture: Picture, event: events.Pickup) -> None:
    """Handle the pick-up of a call that rings elsewhere."""
    by = picture.channels.see(event, picture.now)
    target = picture.channels.get(event.target_uniqueid)
    if by is None or target is None or target.dial is None:
        return
    caller = dialing.behind(target.dial.source)
    if caller is not None:
        picture.merge(picture.place(caller), picture.place(by))


def parked(picture: Picture, event: events.ParkedCall) -> None:
    """Handle the parking of a party."""
    leg = _party(picture.channels.see(event, picture.now, "parkee_"))
    if leg is not None and not _is_parked(leg, event):
        call = picture.place(leg)
        call.parked = (event.parkinglot, event.parking_space)
        call.caller_leg = leg
        picture.tell(changes.CallParked, call=call, party=leg.party, lot=call.parked[0], space=call.parked[1])


def _is_parked(leg: Leg, event: events.ParkedCall) -> bool:
    place = (event.parkinglot, event.parking_space)
    return leg.call is not None and leg.call.parked == place


def retrieved(picture: Picture, event: families.ParkeeChannelEvent, by: Leg | None) -> None:
    """Handle the end of parking: the party was retrieved, its parking time expired, or it hung up."""
    leg = _party(picture.channels.see(event, picture.now, "parkee_"))
    if leg is None or leg.call is None or leg.call.parked is None:
        return
    call = leg.call
    call.parked = None
    if by is not None:
        call = picture.merge(call, picture.place(by))
        call.caller_leg, call.callee_leg = leg, by
    told = {"party": leg.party, "by": by.party if by is not None else None}
    picture.tell(changes.CallRetrieved, call=call, **told)
