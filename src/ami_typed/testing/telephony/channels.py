"""Channels: how they begin, change and end, and the events that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import states
from ami_typed.testing.telephony.headers import channel_lines
from ami_typed.testing.telephony.objects import BUSY, DOWN, RINGING, UP, HungUp

if TYPE_CHECKING:
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.world import World

__all__ = [
    "answer",
    "busy",
    "created",
    "deliver",
    "dialplan_moved",
    "end",
    "indicate",
    "queue_hangup",
    "ring",
    "set_caller",
    "set_connected",
    "set_state",
    "set_variable",
    "stop",
]

CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    3: "No route to destination",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    26: "Answered elsewhere",
    27: "Destination out of order",
    28: "Invalid number format",
    31: "Normal, unspecified",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    58: "Bearer capability not available",
    127: "Interworking, unspecified",
}
"""Hang-up causes in words (main/channel.c, causes)."""
_APPLICATION_UNLOADED = "16"
"""What SoftHangupRequest carries when a dialplan has ended: AST_SOFTHANGUP_APPUNLOAD, no cause."""
_PRESENTATION = "0 (Presentation Allowed, Not Screened)"


def created(world: World, channel: Channel) -> None:
    """Send that a channel has begun."""
    world.emit("Newchannel", channel_lines(channel))


def set_state(world: World, channel: Channel, state: int) -> None:
    """Change a channel's state."""
    if channel.state == state:
        return
    channel.state = state
    if state == UP:
        channel.has_been_answered = world.now
    world.emit("Newstate", channel_lines(channel))
    channel.signal.notify()
    states.channel_changed(world, channel)


def answer(world: World, channel: Channel) -> None:
    """Answer a channel, if it has not been answered."""
    if channel.state != UP:
        channel.tech.answered(channel)
        set_state(world, channel, UP)


def busy(world: World, channel: Channel, what: str) -> None:
    """Show BUSY or CONGESTION on a channel that has not been answered."""
    indicate(world, channel, what)
    set_state(world, channel, BUSY)


def ring(world: World, channel: Channel) -> None:
    """Mark a channel that is being called as ringing."""
    if channel.state in (DOWN, RINGING):
        set_state(world, channel, RINGING)


def indicate(world: World, channel: Channel, what: str) -> None:
    """Show a condition to the other side of a channel."""
    del world
    channel.tech.indicate(channel, what)


def deliver(channel: Channel, frame: str) -> None:
    """Let something arrive at a channel."""
    channel.frames.append(frame)
    channel.signal.notify()


def dialplan_moved(world: World, channel: Channel) -> None:
    """Send where in the dialplan a channel is, and what runs there, if it was elsewhere before."""
    place = channel.context, channel.exten, channel.priority
    if place == channel.shown_place:
        return
    channel.shown_place = place
    lines = [("Extension", channel.exten), ("Application", channel.application), ("AppData", channel.data)]
    world.emit("Newexten", channel_lines(channel), lines)


def set_variable(world: World, channel: Channel, name: str, value: str) -> None:
    """Set a variable of a channel."""
    channel.variables[name] = value
    world.emit("VarSet", channel_lines(channel), [("Variable", name), ("Value", value)])


def set_caller(world: World, channel: Channel, number: str | None = None, name: str | None = None) -> None:
    """Change the party that a channel says it is."""
    channel.caller.number = channel.caller.number if number is None else number
    channel.caller.name = channel.caller.name if name is None else name
    world.emit("NewCallerid", channel_lines(channel), [("CID-CallingPres", _PRESENTATION)])


def set_connected(world: World, channel: Channel, number: str | None = None, name: str | None = None) -> None:
    """Change the party that a channel is connected to."""
    channel.connected.number = channel.connected.number if number is None else number
    channel.connected.name = channel.connected.name if name is None else name
    world.emit("NewConnectedLine", channel_lines(channel))


def queue_hangup(world: World, channel: Channel, cause: int | None) -> None:
    """Let the other side of a channel end it."""
    if channel.gone:
        return
    if cause:
        channel.cause = cause
    lines = [] if cause is None else [("Cause", str(cause))]
    world.emit("HangupRequest", channel_lines(channel), lines, _tech_cause(channel))
    stop(channel)


def _tech_cause(channel: Channel) -> list[tuple[str, str]]:
    return [("TechCause", channel.tech_cause)] if channel.tech_cause else []


def stop(channel: Channel) -> None:
    """Tell the process that serves a channel to end it."""
    channel.leaving = True
    deliver(channel, "HANGUP")
    if channel.process is not None:
        channel.process.interrupt(HungUp())


def dialplan_ended(world: World, channel: Channel) -> None:
    """Send that a channel's dialplan is over."""
    world.emit("SoftHangupRequest", channel_lines(channel), [("Cause", _APPLICATION_UNLOADED)])


def end(world: World, channel: Channel) -> None:
    """End a channel."""
    if channel.gone:
        return
    channel.gone = channel.leaving = True
    channel.tech.hung_up(channel)
    del world.channels[channel.name]
    lines = [("Cause", str(channel.cause)), ("Cause-txt", CAUSES.get(channel.cause, "Unknown"))]
    world.emit("Hangup", channel_lines(channel), lines, _tech_cause(channel))
    states.channel_changed(world, channel)
    channel.signal.notify()
