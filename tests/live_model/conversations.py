"""Conversations on paper, each in full: what several tests play."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.live_model.pbx import Channel, Pbx


def talk(pbx: Pbx) -> tuple[Channel, Channel, str]:
    """Have Alice call Bob, who answers."""
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    return alice, bob, pbx.answer(alice, bob)


def through_local(pbx: Pbx, *, outer_first: bool = True) -> tuple[Channel, Channel, list[Channel], list[str]]:
    """Have Alice call Bob through a Local channel that stays."""
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    one, two = pbx.local("202", of=alice)
    if outer_first:
        pbx.dial(alice, one)
    bob = pbx.ring(two, "PJSIP/bob", "202")
    if not outer_first:
        pbx.dial(alice, one)
    inner = pbx.answer(two, bob)
    pbx.state(one, "Up")
    outer = pbx.answer(alice, one)
    return alice, bob, [one, two], [inner, outer]


def attended_transfer(pbx: Pbx) -> dict[str, Channel]:
    """Bob hands Alice over to Carol, whom he has asked on another line."""
    alice, bob, bridge = talk(pbx)
    line = pbx.call_in("PJSIP/bob", "202", "203")
    carol = pbx.ring(line, "PJSIP/carol", "203")
    second = pbx.answer(line, carol)
    pbx.leave(bridge, bob)
    pbx.leave(second, carol)
    pbx.enter(bridge, carol)
    pbx.attended_transfer(bob, line, "Bridge", alice, carol)
    pbx.hang_up(bob)
    pbx.end(second, line)
    pbx.end(bridge, alice, carol)
    return {"alice": alice, "bob": bob, "carol": carol, "line": line}


def attended_transfer_by_keys(pbx: Pbx) -> dict[str, Channel]:
    """Bob asks Carol with `atxfer` of features.conf, and hands Alice over to her."""
    alice, bob, bridge = talk(pbx)
    pbx.leave(bridge, bob)
    one, two = pbx.local("203", of=bob)
    pbx.dial(bob, one)
    carol = pbx.ring(two, "PJSIP/carol", "203")
    inner = pbx.answer(two, carol)
    outer = pbx.answer(bob, one)
    pbx.leave(outer, bob)
    pbx.enter(outer, alice)
    pbx.leave(bridge, alice)
    pbx.attended_transfer(bob, bob, "Bridge", alice, one)
    pbx.hang_up(bob)
    pbx.end(outer, alice, one)
    pbx.end(inner, two, carol)
    pbx.destroy(bridge)
    return {"alice": alice, "bob": bob, "carol": carol}


def blonde_transfer(pbx: Pbx) -> dict[str, Channel]:
    """Bob hands Alice over to Carol, whose telephone still rings."""
    alice, bob, bridge = talk(pbx)
    line = pbx.call_in("PJSIP/bob", "202", "203")
    carol = pbx.ring(line, "PJSIP/carol", "203")
    pbx.attended_transfer(bob, line, "App", alice, None)
    pbx.leave(bridge, bob)
    pbx.leave(bridge, alice)
    pbx.dialed(line, carol, "NOANSWER")
    pbx.dial(alice, carol)
    pbx.hang_up(line)
    pbx.hang_up(bob)
    second = pbx.answer(alice, carol)
    pbx.end(second, alice, carol)
    pbx.destroy(bridge)
    return {"alice": alice, "bob": bob, "carol": carol, "line": line}


def picked_up(pbx: Pbx) -> dict[str, Channel]:
    """Carol picks up what rings at Bob's."""
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    carol = pbx.call_in("PJSIP/carol", "203", "*8")
    pbx.state(carol, "Up")
    pbx.tell("Pickup", carol.lines(), bob.lines("Target"))
    pbx.dialed(alice, bob, "CANCEL")
    pbx.dial(alice, carol)
    pbx.hang_up(bob, 0)
    bridge = pbx.answer(alice, carol)
    pbx.end(bridge, carol, alice)
    return {"alice": alice, "bob": bob, "carol": carol}


def parked(pbx: Pbx) -> dict[str, Channel]:
    """Bob parks Alice, and Carol fetches her."""
    alice, bob, bridge = talk(pbx)
    pbx.leave(bridge, alice)
    lot = pbx.bridge(alice, kind="parking", technology="holding_bridge", creator="Parking")
    pbx.parked("ParkedCall", alice)
    pbx.end(bridge, bob)
    carol = pbx.call_in("PJSIP/carol", "203", "701")
    pbx.parked("UnParkedCall", alice, carol.lines("Retriever"))
    pbx.leave(lot, alice)
    second = pbx.bridge(alice, carol)
    pbx.end(second, alice, carol)
    pbx.destroy(lot)
    return {"alice": alice, "bob": bob, "carol": carol}


def ring_group(pbx: Pbx) -> dict[str, Channel]:
    """Alice calls Bob and Carol at once; Carol answers."""
    alice = pbx.call_in("PJSIP/alice", "201", "400")
    bob, carol = pbx.ring(alice, "PJSIP/bob", "400"), pbx.ring(alice, "PJSIP/carol", "400")
    pbx.state(carol, "Up")
    pbx.dialed(alice, bob, "CANCEL")
    pbx.hang_up(bob, 26)
    bridge = pbx.answer(alice, carol)
    pbx.end(bridge, alice, carol)
    return {"alice": alice, "bob": bob, "carol": carol}


def blind_transfer(pbx: Pbx) -> dict[str, Channel]:
    """Alice, who called, hands Bob over to Carol's number."""
    alice, bob, bridge = talk(pbx)
    pbx.blind_transfer(bridge, alice, bob, "203")
    carol = pbx.ring(bob, "PJSIP/carol", "203")
    second = pbx.answer(bob, carol)
    pbx.end(second, carol, bob)
    return {"alice": alice, "bob": bob, "carol": carol}


def seen_through(pbx: Pbx) -> dict[str, Channel]:
    """Alice calls Bob through a Local channel that stays."""
    alice, bob, (one, two), (inner, outer) = through_local(pbx)
    pbx.end(outer, alice, one)
    pbx.end(inner, two, bob)
    return {"alice": alice, "bob": bob}


CONVERSATIONS = [
    attended_transfer,
    attended_transfer_by_keys,
    blind_transfer,
    blonde_transfer,
    parked,
    picked_up,
    ring_group,
    seen_through,
]
"""Each writes its events into a telephone system, to the end of the last call."""
