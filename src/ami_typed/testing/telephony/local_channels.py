"""Local channels: two halves, one of which runs an extension of the dialplan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import channels, dialplan, states
from ami_typed.testing.telephony.headers import channel_lines
from ami_typed.testing.telephony.objects import RING, UP, Party, Technology
from ami_typed.testing.telephony.running import run_dialplan
from ami_typed.testing.telephony.technologies import NO_ROUTE, provides

if TYPE_CHECKING:
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.world import World

__all__ = ["Local"]

_STATUS = "CHANLOCALSTATUS"


class Local(Technology):
    """One pair of halves.

    Args:
        world: Where they are.
        exten: The extension.
        context: Its context.
        optimises: Whether the pair may be taken out of the way.
    """

    def __init__(self, world: World, exten: str, context: str, *, optimises: bool) -> None:
        self._world = world
        self._optimises = optimises
        self._exten, self._context = exten, context
        self._called = False
        self._pair: tuple[Channel, Channel] | None = None

    def create(self, requestor: Channel | None, uniqueids: tuple[str, str] = ("", "")) -> Channel:
        """Create both halves, and return the first."""
        world = self._world
        name = f"Local/{self._exten}@{self._context}-{world.number('local'):08x}"
        first = world.new_channel(f"{name};1", self, requestor.linkedid if requestor else "", uniqueids[0])
        second = world.new_channel(f"{name};2", self, first.linkedid, uniqueids[1])
        for half in (first, second):
            half.exten, half.context = self._exten, self._context
            if requestor is not None:
                half.language, half.account = requestor.language, requestor.account
        second.state = RING
        first.other, second.other = second, first
        self._pair = first, second
        channels.created(world, first)
        channels.created(world, second)
        return first

    def call(self, channel: Channel) -> int:
        """Run the extension on the second half."""
        second = channel.other
        if second is None:
            return 0
        world = self._world
        if not dialplan.exists(world, self._context, self._exten):
            return NO_ROUTE
        before = channel_lines(second)
        for name, value in reversed(channel.variables.items()):
            second.variables[name] = value
            world.emit("VarSet", before, [("Variable", name), ("Value", value)])
        second.dialled = self._exten
        second.caller, second.connected = channel.connected.copy(), channel.caller.copy()
        if second.caller != Party():
            channels.set_caller(world, second)
        if second.connected != Party():
            channels.set_connected(world, second)
        optimises = "Yes" if self._optimises else "No"
        world.emit(
            "LocalBridge",
            channel_lines(channel, "LocalOne"),
            channel_lines(second, "LocalTwo"),
            [("Context", self._context), ("Exten", self._exten), ("LocalOptimization", optimises)],
        )
        self._called = True
        second.process = world.scheduler.spawn(run_dialplan(world, second))
        return 0

    def indicate(self, channel: Channel, what: str) -> None:
        """Let a condition arrive at the other half."""
        other = channel.other
        if other is None:
            return
        if what == "RINGING" and other.state != UP and other is (self._pair or (None,))[0]:
            channels.ring(self._world, other)
        channels.deliver(other, what)

    def connected_line(self, channel: Channel) -> None:
        """Let the other half know to whom this one is connected."""
        other, party = channel.other, channel.connected.copy()
        if other is None:
            return
        scheduler, world = self._world.scheduler, self._world
        other.caller = party

        def arrives() -> None:
            if not other.gone:
                channels.set_caller(world, other)

        if other.deaf_until > world.now:
            scheduler.later(other.deaf_until - world.now, lambda: scheduler.soon(arrives))
        else:
            arrives()

    def answered(self, channel: Channel) -> None:
        """Let the answer arrive at the other half."""
        self.indicate(channel, "ANSWER")

    def hung_up(self, channel: Channel) -> None:
        """End the other half as well."""
        other, channel.other = channel.other, None
        if other is None:
            return
        other.other = None
        if self._pair is not None and channel is self._pair[1] and "DIALSTATUS" in channel.variables:
            channels.set_variable(self._world, other, _STATUS, channel.variables["DIALSTATUS"])
        if self._called:
            channels.queue_hangup(self._world, other, channel.cause)
        else:
            channels.end(self._world, other)

    def device(self, channel: Channel) -> str:
        """Return the device, which is the extension."""
        del channel
        return f"Local/{self._exten}@{self._context}"


@provides("Local")
def request(world: World, destination: str, requestor: Channel | None, uniqueids: tuple[str, str]) -> Channel | int:
    """Create a Local channel: ``exten@context/options``; return its first half."""
    address, _, options = destination.partition("/")[2].partition("/")
    exten, _, context = address.partition("@")
    local = Local(world, exten, context or "default", optimises="n" not in options)
    return local.create(requestor, uniqueids)


@states.provides_states("local")
def _state(world: World, device: str) -> str:
    """Return the state of an extension, as a device: in use while it has a channel, invalid if there is no such one."""
    exten, _, context = device.partition("/")[2].partition("@")
    if states.of_channels(world, device):
        return "INUSE"
    return "NOT_INUSE" if dialplan.exists(world, context.partition("/")[0], exten) else "INVALID"
