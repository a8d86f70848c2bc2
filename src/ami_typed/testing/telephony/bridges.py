"""Bridges: who hears whom, and the events that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import channels
from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.headers import bridge_lines, channel_lines
from ami_typed.testing.telephony.objects import UP, Bridge, HungUp, Interrupt, Kicked, Moved, Redirected
from ami_typed.testing.telephony.processes import Afterwards, Wait
from ami_typed.testing.telephony.running import run_dialplan

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

_CLEARING = 16

__all__ = ["create", "dissolve", "enter", "leave", "stay", "stay_to_the_end"]


def create(world: World, **settings: object) -> Bridge:
    """Create a bridge."""
    bridge = Bridge(world.bridge_id(), created=world.now)
    for name, value in settings.items():
        setattr(bridge, name, value)
    world.bridges[bridge.uniqueid] = bridge
    world.emit("BridgeCreate", bridge_lines(bridge))
    return bridge


def enter(world: World, bridge: Bridge, channel: Channel, swap: Channel | None = None) -> None:
    """Let a channel enter a bridge, in the place of another one if one is given."""
    bridge.channels.append(channel)
    channel.bridge = bridge
    _link(bridge)
    lines = [("SwapUniqueid", swap.uniqueid)] if swap else []
    world.emit("BridgeEnter", bridge_lines(bridge), channel_lines(channel), lines)
    if swap is not None:
        leave(world, swap)
    _name_peers(world, bridge)


def leave(world: World, channel: Channel, only: Bridge | None = None) -> None:
    """Let a channel leave its bridge; the bridge ends with the last one, or with the first one if it is made so.

    Args:
        world: Where it is.
        channel: The channel.
        only: The bridge to leave; in any other one the channel stays.
    """
    bridge = channel.bridge
    if bridge is None or (only is not None and bridge is not only):
        return
    _name_peer(world, channel, "")
    bridge.channels.remove(channel)
    _name_peers(world, bridge)
    channel.bridge = None
    world.emit("BridgeLeave", bridge_lines(bridge), channel_lines(channel))
    if channel.leaving:
        bridge.cause = bridge.cause or channel.cause
    if bridge.dissolves or (bridge.type == "basic" and not bridge.channels):
        dissolve(world, bridge)


def dissolve(world: World, bridge: Bridge) -> None:
    """Make everybody leave a bridge, and end it."""
    for each in bridge.channels:
        if each.process is not None:
            each.process.interrupt(Kicked())
    if not bridge.channels and not bridge.gone:
        bridge.gone = True
        del world.bridges[bridge.uniqueid]
        world.emit("BridgeDestroy", bridge_lines(bridge))


def slip_out(world: World, channel: Channel, *, forgets: bool = True) -> None:
    """Take a channel out of its bridge, which stays if anybody is left; variables keep the names of the others for now.

    Args:
        world: Where it is.
        channel: The channel.
        forgets: Whether the variables of those who stay are set again as soon as somebody comes.
    """
    bridge = channel.bridge
    if bridge is None:
        return
    bridge.channels.remove(channel)
    channel.bridge = None
    world.emit("BridgeLeave", bridge_lines(bridge), channel_lines(channel))
    for other in bridge.channels if forgets else ():
        other.peer_name = ""
    if not bridge.channels and bridge.type == "basic":
        world.scheduler.soon(lambda: dissolve(world, bridge) if not bridge.channels else None)


def stay(world: World, bridge: Bridge, channel: Channel) -> Work[None]:
    """Be in a bridge until one is told to leave; enter it first if one is not there.

    Raises:
        HungUp: The channel has been hung up.
    """
    if channel.gone:
        raise HungUp
    if channel.bridge is not bridge:
        enter(world, bridge, channel)
    with Afterwards(lambda: leave(world, channel, bridge)):
        while True:
            try:
                yield Wait(None)
            except Kicked:
                if channel.detour is None:
                    channel.cause = channel.cause or bridge.cause or _CLEARING
                    return
                channel.detour.returns()
            except Interrupt as interrupt:
                channel.cause = channel.cause or _CLEARING
                if channel.detour is not None and isinstance(interrupt, HungUp):
                    channel.detour.ends()
                elif channel.detour is not None:
                    channel.detour.is_abandoned()
                raise


def stay_to_the_end(
    world: World, bridge: Bridge, channel: Channel, before: Callable[[Channel], object] | None = None
) -> Work[None]:
    """Be in a bridge, and end the channel afterwards, unless it is redirected.

    Args:
        world: Where it is.
        bridge: The bridge.
        channel: The channel.
        before: Called with the channel before it ends.
    """
    try:
        yield from stay(world, bridge, channel)
    except HungUp:
        pass
    except Redirected:
        yield from run_dialplan(world, channel)
        return
    except Moved:
        return
    if before is not None:
        before(channel)
    channels.end(world, channel)


def stay_and_go_on(world: World, bridge: Bridge, channel: Channel) -> Work[None]:
    """Be in a bridge, and go on in the dialplan afterwards."""
    try:
        yield from stay(world, bridge, channel)
    except HungUp:
        channels.end(world, channel)
        return
    except Redirected:
        pass
    except Moved:
        return
    yield from run_dialplan(world, channel)


def _name_peers(world: World, bridge: Bridge) -> None:
    """Set BRIDGEPEER on the channels of a bridge to the names of the others (main/bridge.c, set_bridge_peer_vars)."""
    if bridge.type not in ("basic", "base"):
        return
    for channel in bridge.channels:
        others = [other for other in bridge.channels if other is not channel]
        call = others[0].tech.call_id(others[0]) if len(others) == 1 and not bridge.hidden else ""
        _name_peer(world, channel, ",".join([*bridge.hidden, *(other.name for other in others)]), call)


def _name_peer(world: World, channel: Channel, name: str, call: str = "") -> None:
    if channel.peer_name != name:
        channel.peer_name = name
        channels.set_variable(world, channel, "BRIDGEPEER", name)
    if channel.peer_call != call:
        channel.peer_call = call
        channels.set_variable(world, channel, "BRIDGEPVTCALLID", call)


def _link(bridge: Bridge) -> None:
    """Give both sides of a call the Linkedid of the oldest channel."""
    if bridge.type != "basic":
        return
    oldest = min((channel.linkedid for channel in bridge.channels), key=_age)
    for channel in bridge.channels:
        channel.linkedid = oldest


def _age(uniqueid: str) -> tuple[float, int]:
    """Return when an identifier was made, for comparisons; those that programs chose are the youngest."""
    seconds, _, number = uniqueid.partition(".")
    return (float(seconds), int(number)) if seconds.isdigit() and number.isdigit() else (float("inf"), 0)


def forget_peers(world: World, bridge: Bridge, *gone: Channel) -> None:
    """Empty BRIDGEPEER of all channels of a bridge, because one of them is about to leave, or has left."""
    for channel in [*gone, *bridge.channels]:
        _name_peer(world, channel, "")


@answers("BridgeList")
def _bridge_list(world: World, action: ReceivedAction, reply: Reply) -> None:
    kind = action.get("BridgeType", "").lower()
    items = [
        world.event("BridgeListItem", bridge_lines(bridge))
        for bridge in world.bridges.values()
        if not kind or bridge.type == kind
    ]
    reply.list(items, "BridgeListComplete", "Bridge listing will follow")


@answers("BridgeInfo")
def _bridge_info(world: World, action: ReceivedAction, reply: Reply) -> None:
    bridge = world.bridges.get(action.get("BridgeUniqueid", ""))
    if not action.get("BridgeUniqueid"):
        reply.error("BridgeUniqueid must be provided")
    elif bridge is None:
        reply.error("Specified BridgeUniqueid not found")
    else:
        items = [world.event("BridgeInfoChannel", channel_lines(channel)) for channel in bridge.channels]
        ending = world.event("BridgeInfoComplete", bridge_lines(bridge))
        reply.list(items, ending, "Bridge channel listing will follow")


@answers("BridgeKick")
def _bridge_kick(world: World, action: ReceivedAction, reply: Reply) -> None:
    channel = world.find(action.get("Channel", ""))
    wanted = action.get("BridgeUniqueid", "")
    if wanted and wanted not in world.bridges:
        reply.error("Bridge not found")
    elif channel is None:
        reply.error("Channel does not exist" if action.get("Channel") else "Channel must be provided")
    elif channel.bridge is None or (wanted and channel.bridge.uniqueid != wanted):
        reply.error("Channel kick from bridge failed" if wanted else "Channel is not in a bridge")
    else:
        channels.stop(channel)
        reply.success("Channel has been kicked")


@answers("BridgeDestroy")
def _bridge_destroy(world: World, action: ReceivedAction, reply: Reply) -> None:
    bridge = world.bridges.get(action.get("BridgeUniqueid", ""))
    if not action.get("BridgeUniqueid"):
        reply.error("BridgeUniqueid must be provided")
    elif bridge is None:
        reply.error("Specified BridgeUniqueid not found")
    else:
        for channel in bridge.channels:
            channels.stop(channel)
        reply.success("Bridge has been destroyed")


@answers("Bridge")
def _bridge(world: World, action: ReceivedAction, reply: Reply) -> None:
    found: list[Channel] = []
    for number in (1, 2):
        name = action.get(f"Channel{number}", "")
        if not name:
            reply.error("Missing channel parameter in request")
            return
        channel = world.find(name)
        if channel is None:
            reply.error(f"Channel{number} does not exist: {name}")
            return
        found.append(channel)
    if any(channel.state != UP for channel in found):
        reply.error("Bridge can not be created: both channels must be up")
        return
    reply.success("Channels have been bridged")
    bridge = create(world)
    for channel in found:
        take_over(world, channel, stay_and_go_on(world, bridge, channel))


def take_over(world: World, channel: Channel, work: Work[None]) -> None:
    """Serve a channel with another process from now on."""
    if channel.process is not None:
        channel.process.interrupt(Moved())
    channel.runs_dialplan, channel.shown_place = False, None
    channel.process = world.scheduler.spawn(work)
