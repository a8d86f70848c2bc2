"""The table of channels, and the pairing of the two halves of Local channels.

Rules of this module:

- A channel is identified by its Uniqueid, which it keeps when it is renamed. A masquerade swaps the names and
  identifiers of two channels (main/channel.c, `ast_do_masquerade`), so to an observer the channel stays the same.
- Every event about a channel carries its complete state; the latest one applies. A channel first seen in an event other
  than `Newchannel` is added and counted.
- A channel that was hung up does not return: later events about it are ignored and counted, unless a new channel reuses
  the identifier, which is recognised by its different name.
- The halves of a Local channel are recognised by their names, ``Local/...;1`` and ``;2`` (main/core_local.c).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ami_typed.live.objects import Leg
from ami_typed.live.snapshots import NOTHING, told_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ami_typed import events
    from ami_typed.live.placing import Placement
    from ami_typed.live.snapshots import Told
    from ami_typed.messages import Event

__all__ = ["Channels"]

_REMEMBERED = 4096
"""Number of hung-up channels to remember, to recognise late events."""


class Channels:
    """All existing channels, by Uniqueid."""

    def __init__(self) -> None:
        self._legs: dict[str, Leg] = {}
        self._halves: dict[str, Leg] = {}
        self._gone: OrderedDict[str, str] = OrderedDict()
        self.reading = 0
        """The number of the latest reading of lists. A channel stores the number current at its last event."""
        self.expected: dict[str, Placement] = {}
        """The channels that this program is having created, by Uniqueid."""
        self.unknown = 0
        """Number of channels first seen in another event, because their `Newchannel` was late or missing."""
        self.late = 0
        """Number of events about channels that had already been hung up."""

    def __iter__(self) -> Iterator[Leg]:
        return iter(self._legs.values())

    def __len__(self) -> int:
        return len(self._legs)

    def get(self, uniqueid: str | None) -> Leg | None:
        """Return the channel with the given Uniqueid, or `None`."""
        return self._legs.get(uniqueid) if uniqueid else None

    def named(self, channel: str) -> Leg | None:
        """Return the channel with the given name, or `None`."""
        return next((leg for leg in self if leg.channel == channel), None)

    def begin(self, event: events.Newchannel, at: datetime) -> Leg | None:
        """Add a new channel and return it; `None` if it has been hung up."""
        told = told_by(event, self._before)
        if told[0] in self._gone and self._gone[told[0]] != event.channel:
            del self._gone[told[0]]  # a program chose the identifier and reuses it
        leg = self._seen(told, at)
        if leg is not None:
            leg.touched = self.reading
            leg.born = True
        return leg

    def see(self, event: Event, at: datetime, prefix: str = "") -> Leg | None:
        """Update a channel of an event and return it; `None` if it was hung up.

        Args:
            event: The event.
            at: When it arrived.
            prefix: The prefix of the event's attributes that describe the channel.
        """
        told = told_by(event, self._before, prefix)
        leg = self._legs.get(told[0])
        if leg is None or leg.told != told[1]:
            if leg is None and told[0] not in self._gone:
                self.unknown += 1
            leg = self._seen(told, at)
        if leg is not None:
            leg.touched = self.reading
        return leg

    def list(self, item: events.CoreShowChannel, at: datetime) -> Leg | None:
        """Update the channel of a list item and return it; `None` if it was hung up."""
        return self._seen(told_by(item, self._before), at)

    def _before(self, uniqueid: str) -> bytes:
        """Return the latest snapshot of a channel."""
        leg = self._legs.get(uniqueid)
        return leg.told if leg is not None else NOTHING

    def _seen(self, told: Told, at: datetime) -> Leg | None:
        uniqueid, octets, state = told
        leg = self._legs.get(uniqueid)
        if leg is None:
            if uniqueid in self._gone:
                self.late += 1
                return None
            leg = self._legs[uniqueid] = Leg(uniqueid, octets, at)
            self._pair(leg)
            if self.expected and uniqueid in self.expected:
                self.expected[uniqueid].leg = leg
        leg.see(octets, state, at)
        return leg

    def rename(self, uniqueid: str, name: str) -> None:
        """Rename a channel."""
        leg = self._legs.get(uniqueid)
        if leg is not None:
            leg.rename(name)

    def _pair(self, leg: Leg) -> None:
        """Link one half of a Local channel to the other half."""
        if not leg.is_local:
            return
        other = self._halves.pop(leg.channel[:-1], None)
        if other is None or other.channel == leg.channel:
            self._halves[leg.channel[:-1]] = leg
        else:
            leg.other_half, other.other_half = other, leg

    def hang_up(self, event: events.Hangup, at: datetime) -> Leg | None:
        """Remove the channel of a hang-up and return it with its last state; `None` if it is unknown."""
        uniqueid, octets, state = told_by(event, self._before)
        leg = self.end(uniqueid, event.channel)
        if leg is not None:
            leg.see(octets, state, at)
        return leg

    def end(self, uniqueid: str, channel: str) -> Leg | None:
        """Remove a channel and return it, `None` if it is unknown. Lists that still contain it are ignored."""
        leg = self._legs.pop(uniqueid, None)
        self._gone[uniqueid] = channel
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
        if leg is None:
            self.late += 1
        elif leg.is_local:
            self._halves.pop(leg.channel[:-1], None)
        return leg

    def forget_the_gone(self) -> None:
        """Forget which channels were hung up, since a restarted server may reuse their identifiers."""
        self._gone.clear()
