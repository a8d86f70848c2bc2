"""The table of bridges, and the parties that hear each other through them and through Local channels."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ami_typed.live.objects import Bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ami_typed import events
    from ami_typed.live.objects import Leg

__all__ = ["Bridges", "beyond", "connected"]

_REMEMBERED = 1024
"""Number of destroyed bridges to remember, to detect lists that still contain them."""


class Bridges:
    """All existing bridges, by identifier."""

    def __init__(self) -> None:
        self._bridges: dict[str, Bridge] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()

    def __iter__(self) -> Iterator[Bridge]:
        return iter(self._bridges.values())

    def __len__(self) -> int:
        return len(self._bridges)

    def get(self, uniqueid: str | None) -> Bridge | None:
        """Return the bridge with the given identifier, or `None`."""
        return self._bridges.get(uniqueid) if uniqueid else None

    def see(self, event: events.BridgeEvent) -> Bridge:
        """Update the bridge of an event and return it."""
        bridge = self.of(event.bridge_uniqueid)
        bridge.see(event)
        return bridge

    def is_gone(self, uniqueid: str) -> bool:
        """Return whether a bridge was destroyed; its identifier is never reused."""
        return uniqueid in self._gone

    def of(self, uniqueid: str) -> Bridge:
        """Return the bridge with the given identifier, creating it if necessary."""
        bridge = self._bridges.get(uniqueid)
        if bridge is None:
            bridge = self._bridges[uniqueid] = Bridge(uniqueid)
        return bridge

    def enter(self, bridge: Bridge, leg: Leg) -> None:
        """Move a channel into a bridge, out of any other."""
        if leg.bridge is not bridge:
            self.leave(leg)
        bridge.channels[leg.uniqueid] = leg
        leg.bridge = bridge

    def leave(self, leg: Leg) -> Bridge | None:
        """Remove a channel from its bridge and return the bridge."""
        bridge, leg.bridge = leg.bridge, None
        if bridge is not None:
            bridge.channels.pop(leg.uniqueid, None)
        return bridge

    def destroy(self, uniqueid: str) -> list[Leg]:
        """Remove a bridge; return the channels that were still in it."""
        bridge = self._bridges.pop(uniqueid, None)
        self._gone[uniqueid] = None
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
        left = bridge.legs if bridge is not None else []
        for leg in left:
            self.leave(leg)
        return left


def connected(start: Leg, without: Leg | None = None) -> list[Leg]:
    """Return the parties that hear each other through a channel's bridge and through Local channels, itself included.

    A Local channel passes on what its other half hears, so a chain of them is one conversation.

    Args:
        start: Any channel.
        without: A channel to ignore, as if it did not exist.
    """
    found = {each.uniqueid: each for each in (start, without) if each is not None}
    waiting = [start]
    while waiting:
        leg = waiting.pop()
        for near in _beside(leg):
            if near.uniqueid not in found:
                found[near.uniqueid] = near
                waiting.append(near)
    return [leg for leg in found.values() if leg.is_person and leg is not without]


def beyond(leg: Leg) -> list[Leg]:
    """Return the parties at the far end of a half of a Local channel, seen from its own bridge."""
    return connected(leg.other_half, without=leg) if leg.other_half is not None else []


def _beside(leg: Leg) -> list[Leg]:
    """Return the channels that hear a channel directly."""
    beside = leg.bridge.legs if leg.bridge is not None and leg.bridge.is_talk else []
    if leg.other_half is not None and leg.other_half.ended_at is None:
        beside.append(leg.other_half)
    return beside
