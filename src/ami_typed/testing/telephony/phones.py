"""Telephones: the endpoints that channels lead to, how each behaves when it is called, and the calls it makes.

A telephone answers after a time, rings on, is busy, rejects, or cannot be reached. So does a provider, whose endpoint
is called with a number: ``PJSIP/4930123456@trunk``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from ami_typed.releases import Releases
from ami_typed.testing.telephony import channels, states
from ami_typed.testing.telephony.objects import DOWN, RING, UP, Channel, Party, Technology
from ami_typed.testing.telephony.processes import Signal
from ami_typed.testing.telephony.running import run_dialplan
from ami_typed.testing.telephony.technologies import NO_ROUTE, provides

if TYPE_CHECKING:
    from ami_typed.testing.telephony.world import World

__all__ = ["Phone", "PhoneCalls", "Phones", "Planned", "Reaction", "add", "call_from", "hang_up"]

_QUALITY = {
    "RTPAUDIOQOS": (
        None,
        "ssrc=1;themssrc=0;lp=0;rxjitter=0.000000;rxcount=0;txjitter=0.000000;txcount=0;rlp=0;rtt=0.000000",
    ),
    "RTPAUDIOQOSJITTER": (None, "minrxjitter=000.000000;maxrxjitter=000.000000;avgrxjitter=000.000000;"),
    "RTPAUDIOQOSLOSS": (None, "minrxlost=000.000000;maxrxlost=000.000000;avgrxlost=000.000000;"),
    "RTPAUDIOQOSRTT": (None, "minrtt=000.000000;maxrtt=000.000000;avgrtt=000.000000;stdevrtt=000.000000;"),
    "RTPAUDIOQOSMES": (Releases("18.17 20.2 21-"), "minrxmes=000.000000;maxrxmes=000.000000;avgrxmes=000.000000;"),
}
"""The variables in which a channel finds the quality of its sound when it ends, and the releases that set them."""


class Reaction(Enum):
    """What a telephone does when it is called."""

    ANSWERS = "answers"
    """It rings and is answered."""
    NO_ANSWER = "no answer"
    """It rings until the caller gives up."""
    BUSY = "busy"
    """It is busy (486)."""
    REJECTS = "rejects"
    """The call is declined (603)."""
    UNREACHABLE = "unreachable"
    """It is not registered."""


_SIP = {17: "486", 21: "603"}
"""The answers of SIP that telephones refuse with, by the cause of the hang-up."""
_CANCELLED = {19: "480"}
"""What SIP makes of the cause with which a call is given up before it is answered."""
_CAUSES = {Reaction.BUSY: 17, Reaction.REJECTS: 21}


@dataclass(eq=False)
class Phone:
    """An endpoint.

    Attributes:
        name: Its name, with the technology: ``PJSIP/alice``.
        reaction: What it does when it is called.
        after: The time it rings before it is answered, in seconds.
        party: The number and the name it calls with.
        context: The context in which its calls begin.
        limit: The number of calls it takes at once; further callers find it busy. `None` for any number.
    """

    name: str
    reaction: Reaction = Reaction.ANSWERS
    after: float = 0.0
    party: Party = field(default_factory=Party)
    context: str = "default"
    limit: int | None = None
    account: str = ""


_CLEARING = 16


class Phones:
    """The telephones by name, in lower case."""

    def __init__(self) -> None:
        self.known: dict[str, Phone] = {}


class Planned:
    """Calls whose steps a test decides, by Linkedid and telephone.

    Attributes:
        calls: The calls.
        rings: Raised whenever a telephone begins to ring.
    """

    def __init__(self) -> None:
        self.calls: set[tuple[str, str]] = set()
        self.rings = Signal()


class PhoneCalls(Technology):
    """The channels of one telephone."""

    has_own_party = True

    def __init__(self, world: World, phone: Phone) -> None:
        self._world = world
        self.phone = phone

    def call(self, channel: Channel) -> int:
        """Let the telephone ring, or refuse."""
        world, phone = self._world, self.phone
        if phone.reaction in _CAUSES and not _is_planned(world, phone, channel.linkedid):
            world.scheduler.soon(lambda: self.refuse(channel, _CAUSES[phone.reaction]))
        elif phone.limit is not None and self._busy() > phone.limit:
            world.scheduler.soon(lambda: self.refuse(channel, _CAUSES[Reaction.BUSY]))
        else:
            world.scheduler.soon(lambda: self._ring(channel))
        return 0

    def _busy(self) -> int:
        others = [channel.tech for channel in self._world.channels.values() if isinstance(channel.tech, PhoneCalls)]
        return sum(1 for tech in others if tech.phone.name == self.phone.name)

    def _ring(self, channel: Channel) -> None:
        if channel.gone:
            return
        channels.ring(self._world, channel)
        channels.deliver(channel, "RINGING")
        self._world.part(Planned).rings.notify()
        if self.phone.reaction is Reaction.ANSWERS and not _is_planned(self._world, self.phone, channel.linkedid):
            self._world.scheduler.later(self.phone.after, lambda: self.pick_up(channel))

    def pick_up(self, channel: Channel) -> None:
        """Answer a call that rings."""
        if not channel.gone and channel.state != UP:
            channels.deliver(channel, "ANSWER")

    def refuse(self, channel: Channel, cause: int) -> None:
        """Decline a call."""
        channel.tech_cause = _SIP.get(cause, "")
        channels.queue_hangup(self._world, channel, cause)

    def call_id(self, channel: Channel) -> str:
        """Return the Call-ID."""
        return f"{channel.uniqueid}@simulated"

    def device(self, channel: Channel) -> str:
        """Return the telephone's name."""
        del channel
        return self.phone.name

    def hung_up(self, channel: Channel) -> None:
        """Set the variables about the quality of the sound."""
        if channel.has_been_answered is None and not channel.tech_cause:
            channel.tech_cause = _CANCELLED.get(channel.cause, "")
        if channel.has_been_answered is not None and "RTPAUDIOQOS" not in channel.variables:
            quality(self._world, channel)


def quality(world: World, channel: Channel) -> None:
    """Set the variables about the quality of a channel's sound."""
    for name, (releases, value) in _QUALITY.items():
        if releases is None or world.release in releases:
            channels.set_variable(world, channel, name, value)
            for peer in channel.bridge.channels if channel.bridge else ():
                if peer is not channel:
                    channels.set_variable(world, peer, f"{name}BRIDGED", value)


def add(world: World, phone: Phone) -> Phone:
    """Add a telephone, or replace the one of that name."""
    phones = world.part(Phones)
    phones.known[phone.name.lower()] = phone
    return phone


@provides("PJSIP", "SIP", "IAX2", "DAHDI")
def request(world: World, destination: str, requestor: Channel | None, uniqueids: tuple[str, str]) -> Channel | int:
    """Create a channel to a telephone: ``PJSIP/alice``, ``PJSIP/4930123456@trunk`` or ``SIP/trunk/4930123456``."""
    phone = _found(world, destination)
    linkedid = requestor.linkedid if requestor else ""
    if phone is None or (phone.reaction is Reaction.UNREACHABLE and not _is_planned(world, phone, linkedid)):
        return NO_ROUTE
    return _new(world, phone, linkedid, uniqueids[0])


def _is_planned(world: World, phone: Phone, linkedid: str) -> bool:
    """Return whether a test decides what a telephone does with a call."""
    return (linkedid, phone.name) in world.part(Planned).calls


def _found(world: World, destination: str) -> Phone | None:
    """Return the telephone that a destination means."""
    technology, _, resource = destination.partition("/")
    name = resource.partition("/")[0].rpartition("@")[2]
    return world.part(Phones).known.get(f"{technology}/{name}".lower())


def _new(
    world: World,
    phone: Phone,
    linkedid: str,
    uniqueid: str,
    state: int = DOWN,
    exten: str = "s",
    own: Phone | None = None,
) -> Channel:
    own = own or phone
    tech = PhoneCalls(world, phone)
    name = f"{phone.name}-{world.number(phone.name.partition('/')[0]):08x}"
    channel = world.new_channel(name, tech, linkedid, uniqueid)
    channel.caller, channel.state, channel.context, channel.exten = own.party.copy(), state, own.context, exten
    channel.account = phone.account
    channels.created(world, channel)
    return channel


def call_from(world: World, phone: Phone, exten: str, context: str = "", party: Party | None = None) -> Channel:
    """Let a telephone call an extension.

    Args:
        world: Where it is.
        phone: The telephone.
        exten: The extension.
        context: Its context; that of the telephone by default.
        party: The number and the name of the caller; those of the telephone by default.
    """
    own = replace(phone, context=context or phone.context, party=party or phone.party)
    channel = _new(world, phone, "", "", RING, exten, own)
    channel.dialled = exten
    channels.set_variable(world, channel, "SIPDOMAIN", "127.0.0.1")
    channel.process = world.scheduler.spawn(run_dialplan(world, channel))
    return channel


def hang_up(world: World, channel: Channel, cause: int | None = 16) -> None:
    """Let a telephone end its call."""
    if channel.has_been_answered is not None:
        quality(world, channel)
    channels.queue_hangup(world, channel, _CLEARING if cause is None and channel.bridge else cause)


@states.provides_states("pjsip", "sip", "iax2", "dahdi")
def _state(world: World, device: str) -> str:
    """Return a telephone's state, as a device."""
    found = states.of_channels(world, device)
    if found:
        return found
    phone = world.part(Phones).known.get(device.lower())
    if phone is None:
        return "INVALID"
    return "UNAVAILABLE" if phone.reaction is Reaction.UNREACHABLE else "NOT_INUSE"
