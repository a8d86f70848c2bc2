"""Hold: one party of a call puts the other on hold, and takes the call back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import states
from ami_typed.testing.telephony.applications import music_starts, music_stops
from ami_typed.testing.telephony.headers import channel_lines

if TYPE_CHECKING:
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.world import World

__all__ = ["hold", "resume"]


def hold(world: World, channel: Channel) -> None:
    """Let the party on a channel put the others on hold."""
    if not channel.holds:
        channel.holds = True
        world.emit("Hold", channel_lines(channel))
        for other in _others(channel):
            music_starts(world, other)
        states.channel_changed(world, channel)


def resume(world: World, channel: Channel) -> None:
    """Let the party on a channel take the others back."""
    if channel.holds:
        channel.holds = False
        for other in _others(channel):
            music_stops(world, other)
        world.emit("Unhold", channel_lines(channel))
        states.channel_changed(world, channel)


def _others(channel: Channel) -> list[Channel]:
    bridge = channel.bridge
    return [] if bridge is None else [other for other in bridge.channels if other is not channel]
