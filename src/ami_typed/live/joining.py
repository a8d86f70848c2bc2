"""Merging of lists and events into one picture, initially and after a gap.

Events keep arriving while a list is being read. The following rules determine which of the two applies:

- Existence of a channel: `CoreShowChannels`. A channel hung up during the reading is gone, even if it is listed; a
  channel created during the reading exists, even if it is not listed. A channel that only the picture contains ended
  unobserved.
- State, numbers and dialplan location of a channel: the list, unless there was an event about the channel since the
  reading began. Each event carries a channel's complete state, and events arrive in order, so the last one is correct.
- The bridge of a channel: ``BridgeId`` in the list, unless the channel entered or left a bridge since the reading
  began.
- Existence of a bridge: `BridgeList`, unless there was an event about the bridge since the reading began. The purpose
  of a bridge never changes.
- Dials are not listed. A phone that rings (state ``Ringing`` and an application such as `AppDial`) is assumed to be
  dialled by the caller of its call; the end of the dial reveals the actual source.
- Holds, and the transferee of a pending blind transfer, are not listed either: what was known of them is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ami_typed.live import dialing, ending, talking
from ami_typed.live.differences import Difference
from ami_typed.live.objects import Dial

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ami_typed import events
    from ami_typed.live.objects import Call, Leg
    from ami_typed.live.picture import Picture

    Lists: TypeAlias = tuple[Sequence[events.CoreShowChannel], Sequence[events.BridgeListItem]]

__all__ = ["differences", "join"]

_DIALED = ("AppDial", "AppDial2", "AppQueue")
"""The applications reported for dialled channels. Source: apps/app_dial.c, apps/app_queue.c, main/dial.c."""


def join(
    picture: Picture, channels: Sequence[events.CoreShowChannel], bridges: Iterable[events.BridgeListItem]
) -> None:
    """Merge the lists of channels and bridges with the events since the reading began."""
    _join_bridges(picture, {item.bridge_uniqueid: item for item in bridges})
    listed = {item.uniqueid: item for item in channels}
    for leg in [leg for leg in picture.channels if leg.uniqueid not in listed and not _has_begun(picture, leg)]:
        picture.channels.end(leg.uniqueid, leg.channel)
        ending.hang_up(picture, leg, None)
    legs = [_leg(picture, item) for item in sorted(channels, key=lambda each: each.duration, reverse=True)]
    known = [leg for leg in legs if leg is not None]
    for leg in known:
        picture.place(leg)
    _find_callers(picture, known, listed)
    for leg in known:
        _bridge(picture, leg, listed[leg.uniqueid].bridge_id)
    _find_ringing(picture, known, listed)


def _join_bridges(picture: Picture, listed: dict[str, events.BridgeListItem]) -> None:
    """Add unknown bridges, and remove those that no longer exist."""
    for item in listed.values():
        if not picture.bridges.is_gone(item.bridge_uniqueid):
            picture.bridges.see(item)
    for bridge in list(picture.bridges):
        if bridge.uniqueid not in listed and bridge.touched != picture.channels.reading:
            talking.destroy(picture, bridge)


def _has_begun(picture: Picture, leg: Leg) -> bool:
    """Return whether an unlisted channel was created since the reading began; other events may be late."""
    return leg.born and _is_new(picture, leg)


def _is_new(picture: Picture, leg: Leg) -> bool:
    """Return whether there was an event about a channel since the reading began."""
    return leg.touched == picture.channels.reading


def _leg(picture: Picture, item: events.CoreShowChannel) -> Leg | None:
    """Return the channel of a list item, updated unless events are newer; `None` if it was hung up."""
    leg = picture.channels.get(item.uniqueid)
    if leg is not None and _is_new(picture, leg):
        return leg
    leg = picture.channels.list(item, picture.now)
    if leg is not None and leg.created_at == picture.now:
        leg.created_at -= item.duration
    return leg


def _find_callers(picture: Picture, legs: list[Leg], listed: dict[str, events.CoreShowChannel]) -> None:
    """Determine the callers of unknown calls: the channel that began the call, or else one that was not dialled."""
    for leg in legs:
        if leg.is_person and not leg.called:
            picture.calls_as_party(leg)
    for leg in sorted(legs, key=lambda each: listed[each.uniqueid].application in _DIALED):
        call = leg.call
        if leg.is_person and call is not None and call.caller_leg is None and leg.is_up:
            picture.calls_as_party(leg)


def _bridge(picture: Picture, leg: Leg, bridge_id: str) -> None:
    """Move a channel to its listed bridge, unless it has moved since the reading began."""
    if leg.moved == picture.channels.reading:
        return
    if not bridge_id:
        if leg.bridge is not None:
            talking.leave(picture, leg)
    elif not picture.bridges.is_gone(bridge_id):
        talking.enter(picture, leg, picture.bridges.of(bridge_id))


def _find_ringing(picture: Picture, legs: list[Leg], listed: dict[str, events.CoreShowChannel]) -> None:
    """Treat ringing phones as dialled by the caller of their call."""
    for leg in legs:
        call = leg.call
        rings = leg.rings and listed[leg.uniqueid].application in _DIALED
        if rings and leg.is_person and leg.dial is None and call is not None and call.caller_leg is not None:
            _rings(picture, call, call.caller_leg, leg)


def _rings(picture: Picture, call: Call, caller: Leg, leg: Leg) -> None:
    leg.dial = Dial(caller, leg, picture.now)
    leg.dial.guessed = True
    dialing.ring(picture, leg)
    picture.announce(call)


def differences(
    picture: Picture, channels: Iterable[events.CoreShowChannel], bridges: Iterable[events.BridgeListItem]
) -> list[Difference]:
    """Compare the picture with fresh lists.

    `CoreShowChannels` may list a channel in a bridge that it has left, until the channel changes again (seen on 22.10.1
    after a parking time expired). If the number of channels in a bridge agrees with `BridgeList`, the bridge is taken
    to be correct. It may list no number for a channel to which events give one, again and again (seen on 22.10.1 for a
    caller waiting in a queue): the number is taken to be correct.
    """
    listed = {item.uniqueid: item for item in channels}
    numbers = {item.bridge_uniqueid: item.bridge_num_channels for item in bridges}
    agree = {bridge.uniqueid for bridge in picture.bridges if numbers.get(bridge.uniqueid) == len(bridge.channels)}
    found = [_there(f"channel {leg.channel}", True) for leg in picture.channels if leg.uniqueid not in listed]
    for item in listed.values():
        leg = picture.channels.get(item.uniqueid)
        found += _compared(leg, item, agree) if leg is not None else [_there(f"channel {item.channel}", False)]
    named = {item.bridge_id for item in listed.values()}
    return found + _bridges(picture, numbers, named)


def _there(what: str, in_picture: bool) -> Difference:
    return Difference(what, "there", in_picture, not in_picture)


def _bridges(picture: Picture, listed: Iterable[str], named: set[str]) -> list[Difference]:
    """Compare which bridges exist.

    The server removes a bridge from its list when it is dissolved, but reports its end only when it is freed
    (main/bridge.c). An unlisted bridge is therefore accepted if it is empty, or if the server itself names it as the
    bridge of a channel.
    """
    known = {bridge.uniqueid: bridge for bridge in picture.bridges}
    server = {*listed}
    mine = [each for each, bridge in known.items() if bridge.channels and each not in server | named]
    theirs = [each for each in server if each not in known]
    return [*(_there(f"bridge {each}", True) for each in mine), *(_there(f"bridge {each}", False) for each in theirs)]


def _compared(leg: Leg, item: events.CoreShowChannel, agree: set[str]) -> list[Difference]:
    """Compare a channel with its list item, except its Linkedid, which may change before the channel's next event."""
    both: dict[str, tuple[object, object]] = {
        "name": (leg.channel, item.channel),
        "state": (leg.state, item.channel_state),
    }
    if item.caller_id_num is not None:
        both["number"] = (leg.number, item.caller_id_num)
    bridge = leg.bridge.uniqueid if leg.bridge is not None else ""
    if not {bridge, item.bridge_id} <= {"", *agree}:
        both["bridge"] = (bridge, item.bridge_id)
    return [Difference(f"channel {leg.channel}", name, *pair) for name, pair in both.items() if pair[0] != pair[1]]
