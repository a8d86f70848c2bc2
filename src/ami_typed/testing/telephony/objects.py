"""What a telephone system consists of: channels, their technologies, and bridges. No behaviour that sends events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ami_typed.testing.telephony.processes import HungUp, Interrupt, Signal

if TYPE_CHECKING:
    from ami_typed.testing.telephony.processes import Process

__all__ = [
    "BUSY",
    "DOWN",
    "RING",
    "RINGING",
    "UP",
    "Bridge",
    "Channel",
    "Detour",
    "HungUp",
    "Interrupt",
    "Kicked",
    "Moved",
    "Party",
    "Redirected",
    "Technology",
]

DOWN, RING, RINGING, UP, BUSY = 0, 4, 5, 6, 7
"""States of channels (include/asterisk/channelstate.h)."""


class Redirected(Interrupt):
    """Raised in the process of a channel whose place in the dialplan has been changed."""


class Kicked(Interrupt):
    """Raised in the process of a channel that has to leave its bridge."""


class Moved(Interrupt):
    """Raised in the process of a channel that another process uses from now on."""


@dataclass
class Party:
    """A number and a name; empty texts if they are not known."""

    number: str = ""
    name: str = ""

    def copy(self) -> Party:
        """Return another one with the same number and name."""
        return Party(self.number, self.name)


class Detour:
    """What a channel does outside of the bridge in which its process believes it to be."""

    def returns(self) -> None:
        """Bring the channel back."""

    def ends(self) -> None:
        """Do what has to be done when the channel has been hung up."""

    def is_abandoned(self) -> None:
        """Do what has to be done when the channel is taken elsewhere."""


class Technology:
    """How a kind of channel reacts to what is done to it. The default does nothing; only `call` is abstract.

    Attributes:
        has_own_party: Whether its other side says who it is, so that callers are told.
    """

    has_own_party = False

    def call(self, channel: Channel) -> int:
        """Begin to call the other side; return the cause if that is impossible, else 0."""
        raise NotImplementedError

    def indicate(self, channel: Channel, what: str) -> None:
        """Show a condition, such as RINGING, to the other side of a channel."""

    def connected_line(self, channel: Channel) -> None:
        """Show to the other side to whom a channel is connected."""

    def call_id(self, channel: Channel) -> str:
        """Return the identifier that the protocol has for a channel's call; the empty text if it has none."""
        del channel
        return ""

    def answered(self, channel: Channel) -> None:
        """Tell the other side that the channel has been answered."""

    def hung_up(self, channel: Channel) -> None:
        """End the other side of a channel."""

    def device(self, channel: Channel) -> str:
        """Return the device that a channel belongs to."""
        return channel.name.rpartition("-")[0]


@dataclass(eq=False)
class Channel:
    """A channel.

    Attributes:
        frames: What has arrived from the other side and has not been read: RINGING, ANSWER, HANGUP, ...
        signal: Raised whenever a frame arrives.
        process: The process that serves the channel, if there is one.
        other: The other half, of a Local channel.
        bridge: The bridge in which it is.
        leaving: Whether it has been told to end.
        shown_variables: The variables that events of channels carry (``channelvars`` of manager.conf).
    """

    name: str
    uniqueid: str
    linkedid: str
    tech: Technology
    state: int = DOWN
    caller: Party = field(default_factory=Party)
    connected: Party = field(default_factory=Party)
    dialled: str = ""
    language: str = "en"
    account: str = ""
    context: str = "default"
    exten: str = "s"
    priority: int = 1
    application: str = ""
    data: str = ""
    cause: int = 0
    created: float = 0.0
    variables: dict[str, str] = field(default_factory=dict[str, str])
    shown_variables: tuple[str, ...] = ()
    frames: deque[str] = field(default_factory=deque[str])
    signal: Signal = field(default_factory=Signal)
    process: Process | None = None
    other: Channel | None = None
    bridge: Bridge | None = None
    peer_name: str = ""
    peer_call: str = ""
    deaf_until: float = 0.0
    tech_cause: str = ""
    shown_place: tuple[str, str, int] | None = None
    leaving: bool = False
    gone: bool = False
    holds: bool = False
    detour: Detour | None = None
    runs_dialplan: bool = False
    has_been_answered: float | None = None


@dataclass(eq=False)
class Bridge:
    """A bridge.

    Attributes:
        dissolves: Whether everybody has to leave when one does.
        hidden: The names of channels in it that no event tells of, such as the announcer of a conference.
        video_source: The Uniqueid of the channel whose video is shown.
    """

    uniqueid: str
    type: str = "basic"
    technology: str = "simple_bridge"
    creator: str = ""
    name: str = ""
    video: str = "none"
    video_source: str = ""
    hidden: list[str] = field(default_factory=list[str])
    dissolves: bool = True
    channels: list[Channel] = field(default_factory=list[Channel])
    gone: bool = False
    created: float = 0.0
    cause: int = 0
