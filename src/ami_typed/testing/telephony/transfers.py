"""Transfers that programs ask for: blind, and attended with the features of a bridge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ami_typed.testing.telephony import bridges, channels, dialling, dialplan, technologies
from ami_typed.testing.telephony.applications import music_starts, music_stops
from ami_typed.testing.telephony.dialling import Attempt
from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.headers import bridge_lines, channel_lines
from ami_typed.testing.telephony.objects import DOWN, Bridge, Channel, Detour, Interrupt, Kicked, Moved, Redirected
from ami_typed.testing.telephony.processes import Wait
from ami_typed.testing.telephony.running import run_dialplan

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

__all__ = ["Consultation"]

_CLEARING = 16
_FEATURE_CODE = "*2"
_ABORT_CODE = "*1"


def _refused(world: World, action: ReceivedAction, reply: Reply) -> Channel | None:
    """Return the channel that an action is about; answer with an error if it cannot be transferred."""
    channel = world.find(action.get("Channel", ""))
    if not action.get("Channel"):
        reply.error("No channel specified")
    elif not action.get("Exten"):
        reply.error("No extension specified")
    elif channel is None:
        reply.error("Channel specified does not exist")
    else:
        return channel
    return None


def _partners(channel: Channel) -> list[Channel]:
    """Return the other channels of a call; none for a channel that waits or takes part in a conference."""
    bridge = channel.bridge
    if bridge is None or bridge.type != "basic":
        return []
    return [other for other in bridge.channels if other is not channel]


@answers("BlindTransfer")
def _blind(world: World, action: ReceivedAction, reply: Reply) -> None:
    transferer = _refused(world, action, reply)
    if transferer is None:
        return
    bridge = transferer.bridge
    others = _partners(transferer)
    if bridge is None or len(others) != 1:
        reply.error("Transfer invalid")
        return
    reply.success("Transfer succeeded")
    context, exten = action.get("Context", "") or transferer.context, action["Exten"]
    _send_away(world, bridge, transferer, others[0], context, exten)


def _send_away(world: World, bridge: Bridge, transferer: Channel, other: Channel, context: str, exten: str) -> None:
    """Let the other side of a call go on at an extension; who has transferred it is free."""
    world.emit("Unhold", channel_lines(transferer))
    channels.set_variable(world, transferer, "BLINDTRANSFER", other.name)
    channels.set_variable(world, other, "BLINDTRANSFER", transferer.name)
    world.emit(
        "BlindTransfer",
        [("Result", "Success")],
        channel_lines(transferer, "Transferer"),
        channel_lines(other, "Transferee"),
        bridge_lines(bridge),
        [("IsExternal", "Yes"), ("Context", context), ("Extension", exten)],
    )
    bridges.forget_peers(world, bridge)
    world.redirect(other, context, exten, 1)
    channels.dialplan_moved(world, other)


@dataclass(eq=False)
class Consultation(Detour):
    """An attended transfer that is under way.

    Attributes:
        held: The bridge of the call that is transferred.
        bridge: The bridge of the call to the target.
        target: The channel that is called.
        over: Whether the transfer has been completed or given up.
    """

    world: World
    transferer: Channel
    transferee: Channel
    held: Bridge
    bridge: Bridge
    target: Channel
    over: bool = False

    def returns(self) -> None:
        """Bring the transferer back to the call that was to be transferred."""
        channel = self.transferer
        if self._is_over() or channel.gone:
            return
        if self.held.gone:
            bridges.slip_out(self.world, channel)
            if channel.process is not None:
                channel.process.interrupt(Kicked())
            return
        was_there = channel.bridge is self.bridge
        bridges.slip_out(self.world, channel)
        music_stops(self.world, self.transferee)
        bridges.enter(self.world, self.held, channel)
        if was_there and self.target.bridge is self.bridge:
            channels.set_variable(self.world, self.target, "BRIDGEPEER", "")
        self.world.emit("Unhold", channel_lines(channel))
        number, name = self.transferee.caller.number, self.transferee.caller.name
        if (number, name) != (channel.connected.number, channel.connected.name):
            channels.set_connected(self.world, channel, number, name)
            channel.tech.connected_line(channel)

    def ends(self) -> None:
        """Connect both sides, because the transferer has hung up."""
        if self._is_over():
            return
        world, channel, target = self.world, self.transferer, self.target
        music_stops(world, self.transferee)
        if target.gone or target.bridge is not self.bridge or self.held.gone:
            bridges.leave(world, channel)
            if target.process is not None:
                target.process.interrupt(Kicked())
            return
        channels.set_variable(world, channel, "BRIDGEPEER", "")
        bridges.slip_out(world, channel)
        ends = [("ToBridge", self.held), ("FromBridge", self.bridge)]
        world.emit("BridgeMerge", *(_prefixed(bridge, prefix) for prefix, bridge in ends))
        bridges.slip_out(world, target)
        bridges.enter(world, self.held, target)
        caller = self.transferee.caller
        if caller.number or caller.name:
            channels.set_connected(world, target, caller.number, caller.name)
            target.tech.connected_line(target)
        self._tell()
        bridges.dissolve(world, self.bridge)

    def is_abandoned(self) -> None:
        """Let the target go, because the transferer is taken elsewhere."""
        if self._is_over():
            return
        music_stops(self.world, self.transferee)
        bridges.leave(self.world, self.transferer, self.bridge)
        if self.target.process is not None:
            self.target.process.interrupt(Kicked())

    def _is_over(self) -> bool:
        """Forget the transfer; return whether that has been done before."""
        before, self.over, self.transferer.detour = self.over, True, None
        return before

    def _tell(self) -> None:
        self.world.emit(
            "AttendedTransfer",
            [("Result", "Success")],
            channel_lines(self.transferer, "OrigTransferer"),
            _prefixed(self.held, "Orig"),
            channel_lines(self.transferer, "SecondTransferer"),
            _prefixed(self.bridge, "Second"),
            channel_lines(self.transferee, "Transferee"),
            channel_lines(self.target, "TransferTarget"),
            [("IsExternal", "No"), ("DestType", "Bridge"), ("DestBridgeUniqueid", self.held.uniqueid)],
        )


def _prefixed(bridge: Bridge, prefix: str) -> Lines:
    """Return the snapshot of a bridge with a prefix: ``ToBridge`` stands before BridgeUniqueid as ToBridgeUniqueid."""
    return bridge_lines(bridge, prefix.removesuffix("Bridge"))


@answers("Atxfer")
def _attended(world: World, action: ReceivedAction, reply: Reply) -> None:
    transferer = _refused(world, action, reply)
    if transferer is None:
        return
    reply.success("Atxfer successfully queued")
    context, exten = action.get("Context", "") or transferer.context, action["Exten"]
    channels.set_variable(world, transferer, "TRANSFER_CONTEXT", context)
    _press(world, transferer, _FEATURE_CODE)
    bridge = transferer.bridge
    others = _partners(transferer)
    if bridge is None or len(others) != 1 or transferer.detour is not None:
        return
    world.emit("Hold", channel_lines(transferer))
    music_starts(world, others[0])
    _press(world, transferer, exten)
    if dialplan.exists(world, context, exten):
        world.scheduler.spawn(_consult(world, transferer, others[0], bridge, f"Local/{exten}@{context}"))
    else:
        music_stops(world, others[0])
        world.emit("Unhold", channel_lines(transferer))


def _press(world: World, channel: Channel, digits: str) -> None:
    for digit in digits:
        lines = [("Digit", digit), ("DurationMs", "0"), ("Direction", "Received")]
        world.emit("DTMFEnd", channel_lines(channel), lines)


def _consult(world: World, transferer: Channel, other: Channel, held: Bridge, destination: str) -> Work[None]:
    """Call the target, talk to it, and join both sides when the transferer hangs up."""
    target = technologies.request(world, destination, transferer)
    if isinstance(target, int):
        return
    for name in ("TRANSFERERNAME", "ATTENDEDTRANSFER"):
        channels.set_variable(world, target, name, transferer.name)
    bridge = bridges.create(world, dissolves=False)
    consultation = transferer.detour = Consultation(world, transferer, other, held, bridge, target)
    target.tech.call(target)
    target.process = world.scheduler.spawn(_serve_target(world, transferer, bridge, target))
    yield Wait(0)
    if target.gone:
        bridges.dissolve(world, bridge)
        return
    bridges.enter(world, bridge, target)
    channels.set_variable(world, target, "ATTENDEDTRANSFER", "")
    while target.state == DOWN and not target.gone:
        yield Wait(None, (target.signal,))
    yield Wait(0)
    if not consultation.over and transferer.bridge is held:
        bridges.slip_out(world, transferer)
        bridges.enter(world, bridge, transferer)


def _serve_target(world: World, transferer: Channel, bridge: Bridge, target: Channel) -> Work[None]:
    """Watch the target of a consultation: it rings, answers, is connected with the other side, or ends."""
    attempt = Attempt(None, began=world.now, released=lambda channel: bridges.leave(world, channel))
    attempt.ringing.append(target)
    try:
        yield Wait(0)
        yield from dialling.wait_for_one(world, attempt, None)
        target.signal.notify()
        if attempt.answered is not None:
            dialling.ended(world, attempt, target, "ANSWER")
            while True:
                yield Wait(None)
    except Interrupt as interrupt:
        target.cause = target.cause or _CLEARING
        bridges.leave(world, target)
        if isinstance(interrupt, Redirected):
            yield from run_dialplan(world, target)
        elif not isinstance(interrupt, Moved):
            channels.end(world, target)
    if transferer.detour is not None:
        transferer.detour.returns()
    bridges.dissolve(world, bridge)


@answers("CancelAtxfer")
def _cancel(world: World, action: ReceivedAction, reply: Reply) -> None:
    channel = world.find(action.get("Channel", ""))
    if not action.get("Channel"):
        reply.error("No channel specified")
        return
    if channel is None:
        reply.error("Channel specified does not exist")
        return
    reply.success("CancelAtxfer successfully queued")
    _press(world, channel, _ABORT_CODE)
    consultation = channel.detour
    if isinstance(consultation, Consultation):
        consultation.returns()
        target = consultation.target
        if target.process is not None:
            target.process.interrupt(Kicked())
