"""The headers that events of channels and bridges share, and which of them a release sends.

What differs between releases is what the specification says: headers and events that the simulated release does not
send are left out.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ami_typed.fields import fields_of
from ami_typed.registry import event_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.releases import Release
    from ami_typed.testing.telephony.objects import Bridge, Channel

__all__ = ["UNKNOWN", "Lines", "bridge_lines", "channel_lines", "lines_for", "sent_by"]

Lines = list[tuple[str, str]]
UNKNOWN = "<unknown>"
"""What Asterisk sends for a number or name that nobody set."""

STATES = ("Down", "Rsrvd", "OffHook", "Dialing", "Ring", "Ringing", "Up", "Busy", "Dialing Offhook", "Pre-ring")
"""The states of channels, by number (main/channel.c, ast_state2str)."""


def channel_lines(channel: Channel | None, prefix: str = "") -> Lines:
    """Return the snapshot of a channel; nothing without a channel."""
    if channel is None:
        return []
    return [
        (prefix + "Channel", channel.name),
        (prefix + "ChannelState", str(channel.state)),
        (prefix + "ChannelStateDesc", STATES[channel.state]),
        (prefix + "CallerIDNum", channel.caller.number or UNKNOWN),
        (prefix + "CallerIDName", channel.caller.name or UNKNOWN),
        (prefix + "ConnectedLineNum", channel.connected.number or UNKNOWN),
        (prefix + "ConnectedLineName", channel.connected.name or UNKNOWN),
        (prefix + "Language", channel.language),
        (prefix + "AccountCode", channel.account),
        (prefix + "Context", channel.context),
        (prefix + "Exten", channel.exten),
        (prefix + "Priority", str(channel.priority)),
        (prefix + "Uniqueid", channel.uniqueid),
        (prefix + "Linkedid", channel.linkedid),
        *[(prefix + "ChanVariable", f"{name}={channel.variables.get(name, '')}") for name in channel.shown_variables],
    ]


def bridge_lines(bridge: Bridge, prefix: str = "") -> Lines:
    """Return the snapshot of a bridge."""
    return [
        (prefix + "BridgeUniqueid", bridge.uniqueid),
        (prefix + "BridgeType", bridge.type),
        (prefix + "BridgeTechnology", bridge.technology),
        (prefix + "BridgeCreator", bridge.creator or UNKNOWN),
        (prefix + "BridgeName", bridge.name or UNKNOWN),
        (prefix + "BridgeNumChannels", str(len(bridge.channels) + len(bridge.hidden))),
        (prefix + "BridgeVideoSourceMode", bridge.video),
        *([(prefix + "BridgeVideoSource", bridge.video_source)] if bridge.video_source else []),
    ]


@cache
def sent_by(release: Release, event: str) -> bool:
    """Return whether a release has an event."""
    cls = event_class(event)
    return release in cls.releases


@cache
def _absent(release: Release, event: str) -> frozenset[str]:
    """Return the headers of an event that a release does not send."""
    cls = event_class(event)
    fields = fields_of(cls).values()
    spans = {field.header: field.releases for field in fields}
    return frozenset(header for header, releases in spans.items() if releases is not None and release not in releases)


def lines_for(release: Release, event: str, lines: Iterable[tuple[str, str]]) -> Lines:
    """Return those of the headers that a release sends in an event."""
    absent = _absent(release, event)
    return [line for line in lines if line[0] not in absent]
