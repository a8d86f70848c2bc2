"""The table of channels, and the two halves of Local channels.

Rules of this module:

- A channel is known by its Uniqueid, which it keeps when it is renamed. A masquerade swaps names and identifiers of
  two channels (main/channel.c, `ast_do_masquerade`), so that for a listener the channel stays what it was.
- Every event that carries a channel carries all of its state; the latest one counts. A channel that is met in another
  event than `Newchannel` is taken in and counted.
- A channel that was hung up does not come back: what still arrives of it is ignored and counted, unless a new channel
  bears the identifier, which is seen by its name.
- The halves of a Local channel are known by their names, ``Local/...;1`` and ``;2`` (main/core_local.c).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ami_typed.live.objects import Leg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ami_typed.live.objects import Seen

__all__ = ["Channels"]

_REMEMBERED = 4096
"""How many channels that were hung up are remembered, to recognise events that come late."""


class Channels:
    """All channels that are there, by Uniqueid."""

    def __init__(self) -> None:
        self._legs: dict[str, Leg] = {}
        self._halves: dict[str, Leg] = {}
        self._gone: OrderedDict[str, str] = OrderedDict()
        self.reading = 0
        """The number of the last reading of lists; a channel has the one in which an event told of it."""
        self.unknown = 0
        """Channels that were met before their `Newchannel`, which came late or never."""
        self.late = 0
        """Events about channels that had been hung up."""

    def __iter__(self) -> Iterator[Leg]:
        return iter(self._legs.values())

    def __len__(self) -> int:
        return len(self._legs)

    def get(self, uniqueid: str | None) -> Leg | None:
        """Return the channel with a Uniqueid, `None` if there is none."""
        return self._legs.get(uniqueid) if uniqueid else None

    def named(self, channel: str) -> Leg | None:
        """Return the channel with a name, `None` if there is none."""
        return next((leg for leg in self if leg.channel == channel), None)

    def begin(self, snapshot: Seen, at: datetime) -> Leg | None:
        """Take in a new channel; `None` if it is one that was hung up."""
        if self._gone.get(snapshot.uniqueid, snapshot.channel) != snapshot.channel:
            del self._gone[snapshot.uniqueid]  # its identifier was chosen by a program, and comes again
        leg = self._told(snapshot, at)
        if leg is not None:
            leg.born = True
        return leg

    def see(self, snapshot: Seen, at: datetime) -> Leg | None:
        """Return the channel of a snapshot, brought up to date; `None` if it was hung up."""
        if snapshot.uniqueid not in self._legs and snapshot.uniqueid not in self._gone:
            self.unknown += 1
        return self._told(snapshot, at)

    def list(self, snapshot: Seen, at: datetime) -> Leg | None:
        """Return the channel of an item of a list, brought up to date; `None` if it was hung up."""
        return self._seen(snapshot, at)

    def _told(self, snapshot: Seen, at: datetime) -> Leg | None:
        leg = self._seen(snapshot, at)
        if leg is not None:
            leg.touched = self.reading
        return leg

    def _seen(self, snapshot: Seen, at: datetime) -> Leg | None:
        leg = self._legs.get(snapshot.uniqueid)
        if leg is None:
            if snapshot.uniqueid in self._gone:
                self.late += 1
                return None
            leg = self._legs[snapshot.uniqueid] = Leg(snapshot.uniqueid, snapshot.channel, snapshot.linkedid, at)
            self._pair(leg)
        leg.see(snapshot, at)
        return leg

    def rename(self, uniqueid: str, name: str) -> None:
        """Give a channel another name."""
        leg = self._legs.get(uniqueid)
        if leg is not None:
            leg.channel = name

    def _pair(self, leg: Leg) -> None:
        """Join a half of a Local channel to the other one."""
        if not leg.is_local:
            return
        other = self._halves.pop(leg.channel[:-1], None)
        if other is None or other.channel == leg.channel:
            self._halves[leg.channel[:-1]] = leg
        else:
            leg.other_half, other.other_half = other, leg

    def end(self, uniqueid: str, channel: str) -> Leg | None:
        """Take out a channel that was hung up; `None` if it was not there. A list that still has it is not believed."""
        leg = self._legs.pop(uniqueid, None)
        self._gone[uniqueid] = channel
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
        if leg is None:
            self.late += 1
        else:
            self._halves.pop(leg.channel[:-1], None)
        return leg

    def forget_the_gone(self) -> None:
        """Forget which channels were hung up: after a restart their identifiers may come again."""
        self._gone.clear()
