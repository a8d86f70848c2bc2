"""What a server would list at some moment, written from a model that has seen every event so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tests.live_model.flows import event_of

if TYPE_CHECKING:
    from ami_typed import events, live

Lists = tuple["list[events.CoreShowChannel]", "list[events.BridgeListItem]"]


def lists_of(model: live.Model) -> Lists:
    """Return the items of `CoreShowChannels` and `BridgeList`."""
    channels = [event_of(channel(leg)) for leg in model.channels]
    bridges = [event_of(bridge(each)) for each in model.bridges]
    return cast("Lists", (channels, bridges))


def channel(leg: live.Leg) -> str:
    dialed = leg.dial is not None and leg.dial.source is not None
    headers = {
        "Event": "CoreShowChannel",
        "Channel": leg.channel,
        "ChannelState": int(leg.state),
        "ChannelStateDesc": "Up",
        "CallerIDNum": leg.number or "<unknown>",
        "CallerIDName": "<unknown>",
        "ConnectedLineNum": leg.connected[0] or "<unknown>",
        "ConnectedLineName": "<unknown>",
        "Language": "en",
        "AccountCode": "",
        "Context": leg.context,
        "Exten": leg.exten,
        "Priority": 1,
        "Uniqueid": leg.uniqueid,
        "Linkedid": leg.linkedid,
        "BridgeId": leg.bridge.uniqueid if leg.bridge else "",
        "Application": "AppDial" if dialed else "Dial",
        "ApplicationData": "",
        "Duration": "00:00:01",
    }
    return "\n".join(f"{name}: {value}" for name, value in headers.items())


def bridge(each: live.Bridge) -> str:
    headers = {
        "Event": "BridgeListItem",
        "BridgeUniqueid": each.uniqueid,
        "BridgeType": each.kind.value if each.kind else "basic",
        "BridgeTechnology": each.technology.value if each.technology else "simple_bridge",
        "BridgeCreator": each.creator or "<unknown>",
        "BridgeName": "<unknown>",
        "BridgeNumChannels": len(each.legs),
        "BridgeVideoSourceMode": "none",
    }
    return "\n".join(f"{name}: {value}" for name, value in headers.items())
