"""A telephone system on paper: writes the events that Asterisk would send for what its telephones do.

The order is that of Asterisk 22, from apps/app_dial.c, main/bridge.c, main/bridge_basic.c, main/core_local.c and
res/res_pjsip_refer.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.live_model.flows import event_of

if TYPE_CHECKING:
    from ami_typed.messages import Event

STATES = {"Down": 0, "Ring": 4, "Ringing": 5, "Up": 6}


@dataclass(eq=False)
class Channel:
    name: str
    uniqueid: str
    linkedid: str
    number: str
    state: str = "Down"
    connected: str = ""
    exten: str = "s"
    context: str = "default"

    def lines(self, prefix: str = "") -> list[str]:
        """Return the headers of its snapshot."""
        headers = {
            "Channel": self.name,
            "ChannelState": STATES[self.state],
            "ChannelStateDesc": self.state,
            "CallerIDNum": self.number or "<unknown>",
            "CallerIDName": "<unknown>",
            "ConnectedLineNum": self.connected or "<unknown>",
            "ConnectedLineName": "<unknown>",
            "Language": "en",
            "AccountCode": "",
            "Context": self.context,
            "Exten": self.exten,
            "Priority": 1,
            "Uniqueid": self.uniqueid,
            "Linkedid": self.linkedid,
        }
        return [f"{prefix}{name}: {value}" for name, value in headers.items()]


class Pbx:
    """The events so far, and what is needed for the next ones."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.serial = 0
        self.bridges: dict[str, list[Channel]] = {}

    def tell(self, name: str, *parts: list[str]) -> None:
        lines = [f"Event: {name}", "Privilege: call,all", *(line for part in parts for line in part)]
        self.events.append(event_of("\n".join(lines)))

    # Channels

    def new(
        self, name: str, number: str = "", *, of: Channel | None = None, exten: str = "s", state: str = "Down"
    ) -> Channel:
        """Make a channel, for another one or by itself."""
        self.serial += 1
        uniqueid = f"1780000000.{self.serial}"
        made = Channel(
            f"{name}-{self.serial:08x}", uniqueid, of.linkedid if of else uniqueid, number, state, exten=exten
        )
        self.tell("Newchannel", made.lines())
        return made

    def call_in(self, name: str, number: str, exten: str) -> Channel:
        """Have a telephone call a number."""
        made = self.new(name, number, exten=exten)
        self.state(made, "Ring")
        return made

    def local(self, exten: str, *, of: Channel | None = None) -> tuple[Channel, Channel]:
        """Make both halves of a Local channel."""
        one = self.new(f"Local/{exten}@default", exten, of=of)
        name, uniqueid = one.name, f"1780000000.{self.serial}.2"
        one.name = f"{name};1"
        two = Channel(f"{name};2", uniqueid, one.linkedid, of.number if of else "", "Ring", exten, exten)
        self.events.pop()
        self.tell("Newchannel", one.lines())
        self.tell("Newchannel", two.lines())
        self.tell("LocalBridge", one.lines("LocalOne"), two.lines("LocalTwo"))
        return one, two

    def state(self, channel: Channel, state: str) -> None:
        channel.state = state
        self.tell("Newstate", channel.lines())

    def hang_up(self, channel: Channel, cause: int = 16) -> None:
        self.tell("Hangup", channel.lines(), [f"Cause: {cause}", "Cause-txt: words"])

    # Dials

    def dial(self, source: Channel | None, target: Channel) -> None:
        self.tell("DialBegin", source.lines() if source else [], target.lines("Dest"), ["DialString: x"])

    def dialed(self, source: Channel | None, target: Channel, status: str) -> None:
        self.tell("DialEnd", source.lines() if source else [], target.lines("Dest"), [f"DialStatus: {status}"])

    def ring(self, source: Channel, name: str, number: str) -> Channel:
        """Have a telephone ring for a channel."""
        target = self.new(name, number, of=source)
        target.connected = source.number
        self.dial(source, target)
        self.state(target, "Ringing")
        return target

    def answer(self, source: Channel, target: Channel) -> str:
        """Have a ringing telephone answer, and connect both."""
        self.state(target, "Up")
        self.dialed(source, target, "ANSWER")
        if source.state != "Up":
            self.state(source, "Up")
        return self.bridge(target, source)

    # Bridges

    def bridge(
        self, *channels: Channel, kind: str = "basic", technology: str = "simple_bridge", creator: str = ""
    ) -> str:
        self.serial += 1
        identifier = f"bridge-{self.serial}"
        self.bridges[identifier] = []
        self.tell("BridgeCreate", self.bridge_lines(identifier, kind, technology, creator))
        for channel in channels:
            self.enter(identifier, channel, kind=kind, technology=technology, creator=creator)
        return identifier

    def bridge_lines(
        self, identifier: str, kind: str = "basic", technology: str = "simple_bridge", creator: str = ""
    ) -> list[str]:
        return [
            f"BridgeUniqueid: {identifier}",
            f"BridgeType: {kind}",
            f"BridgeTechnology: {technology}",
            f"BridgeCreator: {creator or '<unknown>'}",
            "BridgeName: <unknown>",
            f"BridgeNumChannels: {len(self.bridges.get(identifier, []))}",
            "BridgeVideoSourceMode: none",
        ]

    def enter(
        self,
        identifier: str,
        channel: Channel,
        *,
        kind: str = "basic",
        technology: str = "simple_bridge",
        creator: str = "",
    ) -> None:
        self.bridges[identifier].append(channel)
        self.tell("BridgeEnter", self.bridge_lines(identifier, kind, technology, creator), channel.lines())

    def leave(self, identifier: str, channel: Channel) -> None:
        self.bridges[identifier].remove(channel)
        self.tell("BridgeLeave", self.bridge_lines(identifier), channel.lines())

    def destroy(self, identifier: str) -> None:
        self.tell("BridgeDestroy", self.bridge_lines(identifier))

    def end(self, identifier: str, *channels: Channel) -> None:
        """Have the channels of a bridge hang up, the first one first."""
        for channel in channels:
            self.leave(identifier, channel)
            self.hang_up(channel)
        self.destroy(identifier)

    # Calls that are handed on

    def blind_transfer(self, identifier: str, by: Channel, party: Channel, exten: str) -> None:
        more = ["Result: Success", "IsExternal: Yes", "Context: default", f"Extension: {exten}"]
        self.tell(
            "BlindTransfer", by.lines("Transferer"), party.lines("Transferee"), self.bridge_lines(identifier), more
        )
        self.leave(identifier, by)
        self.leave(identifier, party)
        self.destroy(identifier)
        self.hang_up(by)

    def attended_transfer(
        self, first: Channel, second: Channel, kind: str, party: Channel, target: Channel | None
    ) -> None:
        parts = [first.lines("OrigTransferer"), second.lines("SecondTransferer"), party.lines("Transferee")]
        if target is not None:
            parts.append(target.lines("TransferTarget"))
        self.tell("AttendedTransfer", *parts, ["Result: Success", "IsExternal: Yes", f"DestType: {kind}"])

    def parked(self, name: str, channel: Channel, *more: list[str]) -> None:
        lot = ["Parkinglot: default", "ParkingSpace: 701", "ParkingTimeout: 45", "ParkingDuration: 0"]
        self.tell(name, channel.lines("Parkee"), ["ParkerDialString: PJSIP/bob", *lot], *more)

    def queued(self, name: str, channel: Channel, *more: str) -> None:
        self.tell(name, channel.lines(), ["Queue: support", "Position: 1", "Count: 1", *more])
