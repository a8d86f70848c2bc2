"""What programs do to single channels: hang up, redirect, keys, muting; and the lists of channels."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from ami_typed.testing.telephony import bridges, channels, dialplan
from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.headers import UNKNOWN, channel_lines
from ami_typed.testing.telephony.processes import Wait

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

_PATTERN = re.compile(r"/(?P<pattern>.*)/")


@answers("Hangup")
def _hangup(world: World, action: ReceivedAction, reply: Reply) -> None:
    name, cause = action.get("Channel", ""), action.get("Cause", "")
    if not name:
        reply.error("No channel specified")
        return
    pattern = _PATTERN.fullmatch(name)
    number = int(cause) if cause.isdigit() else 0
    if pattern is not None:
        found = [channel for channel in world.channels.values() if re.search(pattern["pattern"], channel.name)]
        items = [world.event("ChannelHungup", [("Channel", channel.name)]) for channel in found]
        reply.list(items, "ChannelsHungupListComplete", "Channels hung up will follow")
    else:
        channel = world.find(name)
        if channel is None:
            reply.error("No such channel")
            return
        found = [channel]
        reply.success("Channel Hungup")
    for each in found:
        each.cause = number or each.cause
        channels.stop(each)


@answers("Redirect")
def _redirect(world: World, action: ReceivedAction, reply: Reply) -> None:
    places = [("", "Channel"), ("Extra", "ExtraChannel")]
    wanted: list[tuple[Channel, str, str, int]] = []
    for prefix, header in places:
        name = action.get(header, "")
        if not name:
            if not prefix:
                reply.error("Channel not specified")
                return
            continue
        channel = world.find(name)
        if channel is None:
            reply.error(f"{'Extra' if prefix else ''}Channel does not exist: {name}")
            return
        place = _place(world, action, prefix, channel)
        if isinstance(place, str):
            reply.error(place)
            return
        wanted.append((channel, *place))
    for channel, context, exten, priority in wanted:
        if channel.bridge is not None:
            bridges.forget_peers(world, channel.bridge)
        world.redirect(channel, context, exten, priority)
        if channel.bridge is not None:
            channels.dialplan_moved(world, channel)
    reply.success("Dual Redirect successful" if len(wanted) > 1 else "Redirect successful")


def _place(world: World, action: ReceivedAction, prefix: str, channel: Channel) -> tuple[str, str, int] | str:
    """Return where an action sends a channel to, or what is wrong with it."""
    context = action.get(f"{prefix}Context", "") or action.get("Context", "") or channel.context
    exten = action.get(f"{prefix}Exten", "") or action.get("Exten", "")
    priority = action.get(f"{prefix}Priority", "") or action.get("Priority", "") or "1"
    steps = dialplan.find(world, context, exten) or []
    number = dialplan.label(steps, priority)
    return (context, exten, number) if number else "Priority is invalid"


@answers("AbsoluteTimeout")
def _absolute_timeout(world: World, action: ReceivedAction, reply: Reply) -> None:
    name, length = action.get("Channel", ""), action.get("Timeout", "")
    channel = world.find(name)
    if not name:
        reply.error("No channel specified")
    elif not length.replace(".", "", 1).isdigit():
        reply.error("No timeout specified")
    elif channel is None:
        reply.error("No such channel")
    else:
        world.scheduler.spawn(_end_after(channel, float(length)))
        reply.success("Timeout Set")


def _end_after(channel: Channel, seconds: float) -> Work[None]:
    yield Wait(seconds)
    if not channel.gone:
        channels.stop(channel)


@answers("PlayDTMF")
def _play_dtmf(world: World, action: ReceivedAction, reply: Reply) -> None:
    channel, digit = world.find(action.get("Channel", "")), action.get("Digit", "")
    if channel is None:
        reply.error("Channel not found")
    elif not digit:
        reply.error("No digit specified")
    else:
        target = channel.other if action.get("Receive", "").lower() not in ("yes", "true", "1") else channel
        reply.success("DTMF successfully queued")
        if target is not None:
            world.scheduler.spawn(press(world, target, digit, "Received", int(action.get("Duration", "") or 100)))


def press(world: World, channel: Channel, digit: str, direction: str, milliseconds: int = 100) -> Work[None]:
    """Send that a key is pressed on a channel, and let go."""
    lines = [("Digit", digit), ("Direction", direction)]
    world.emit("DTMFBegin", channel_lines(channel), lines)
    yield Wait(milliseconds / 1000)
    lines.insert(1, ("DurationMs", str(milliseconds)))
    world.emit("DTMFEnd", channel_lines(channel), lines)


@answers("SendText")
def _send_text(world: World, action: ReceivedAction, reply: Reply) -> None:
    if world.find(action.get("Channel", "")) is None:
        reply.error("No such channel")
    else:
        reply.success("Success")


@answers("CoreShowChannels")
def _core_show_channels(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    items = [world.event("CoreShowChannel", channel_lines(channel), _listed(world, channel)) for channel in _all(world)]
    reply.list(items, "CoreShowChannelsComplete", "Channels will follow")


def _all(world: World) -> list[Channel]:
    return list(world.channels.values())


def _listed(world: World, channel: Channel) -> Lines:
    age = time.strftime("%H:%M:%S", time.gmtime(world.now - channel.created))
    return [
        ("Application", channel.application),
        ("ApplicationData", channel.data),
        ("Duration", age),
        ("BridgeId", channel.bridge.uniqueid if channel.bridge else ""),
    ]


@answers("CoreShowChannelMap")
def _channel_map(world: World, action: ReceivedAction, reply: Reply) -> None:
    channel = world.find(action.get("Channel", ""))
    if channel is None:
        reply.error("Channel does not exist" if action.get("Channel") else "Channel not specified")
        return
    items = [
        world.event("CoreShowChannelMap", [("Channel", channel.name), ("ConnectedChannel", each.name)])
        for each in _connected(channel)
    ]
    reply.list(items, "CoreShowChannelMapComplete", "Channel map will follow")


def _connected(channel: Channel) -> list[Channel]:
    """Return the channels that a channel is connected to, through bridges and Local channels."""
    found: list[Channel] = []
    todo = [channel]
    while todo:
        each = todo.pop(0)
        beside = each.bridge.channels if each.bridge else []
        near = [*beside, *([each.other] if each.other and each is not channel else [])]
        new = [one for one in near if one is not channel and one not in found]
        found += new
        todo += new
    return found


@answers("Status")
def _status(world: World, action: ReceivedAction, reply: Reply) -> None:
    name = action.get("Channel", "")
    channel = world.find(name)
    if name and channel is None:
        reply.error("No such channel")
        return
    listed = _all(world) if channel is None else [channel]
    items = [world.event("Status", channel_lines(each), _state(world, each)) for each in listed]
    ending = world.event("StatusComplete", [("Items", str(len(items)))])
    reply.list(items, ending, "Channel status will follow")


def _state(world: World, channel: Channel) -> Lines:
    return [
        ("Type", channel.name.partition("/")[0]),
        ("DNID", channel.dialled if channel.other is None else ""),
        ("EffectiveConnectedLineNum", channel.connected.number or UNKNOWN),
        ("EffectiveConnectedLineName", channel.connected.name or UNKNOWN),
        ("TimeToHangup", "0"),
        ("BridgeID", channel.bridge.uniqueid if channel.bridge else ""),
        ("Application", channel.application),
        ("Data", channel.data),
        ("Nativeformats", "(slin)"),
        ("Readformat", "slin"),
        ("Readtrans", ""),
        ("Writeformat", "slin"),
        ("Writetrans", ""),
        ("Callgroup", "0"),
        ("Pickupgroup", "0"),
        ("Seconds", str(int(world.now - channel.created))),
    ]
