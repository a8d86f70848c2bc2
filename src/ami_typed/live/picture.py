"""The state shared by the reducers: the tables, the time, and the changes; and the assignment of legs to calls.

A channel is initially assigned to a call by its Linkedid, which Asterisk passes on to every channel created for another
one (main/channel.c, `ast_channel_alloc`). That is only a first guess: a conference gives all its members the same
Linkedid. Which party dials or hears which is known for certain, and overrides the guess.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from ami_typed.live import changes
from ami_typed.live.bridges import Bridges
from ami_typed.live.calls import Calls
from ami_typed.live.channels import Channels
from ami_typed.live.objects import Call
from ami_typed.live.parties import Direction
from ami_typed.live.queues import Queues

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ami_typed.live.objects import Leg

__all__ = ["Picture"]

C = TypeVar("C", bound=changes.Change)


class Picture:
    """The tables of the model.

    Args:
        clock: A function that returns the current time, for durations that are still running; by default, they are as
            of the last event.
        trunks: Prefixes of the names of trunk channels, which lead outside, such as ``PJSIP/provider``.
        inbound: Dialplan contexts in which calls from outside arrive.
    """

    def __init__(
        self, clock: Callable[[], datetime] | None, trunks: Sequence[str] = (), inbound: Sequence[str] = ()
    ) -> None:
        self.now = datetime.fromtimestamp(0, UTC)
        """The time of the event that is being processed."""
        self.clock = clock or (lambda: self.now)
        self.channels = Channels()
        self.bridges = Bridges()
        self.calls = Calls()
        self.queues = Queues()
        self.resyncing = False
        """Whether changes are found in lists instead of observed."""
        self.silent = False
        """Whether to report no changes, as on the first load of the picture."""
        self.loading = False
        """Whether lists are being read: what is removed meanwhile is remembered, because they may still list it."""
        self.malformed = 0
        """Number of events and list items that were skipped because a header was missing or of the wrong type."""
        self.unexpected = 0
        """Number of events that contradict the picture: about the end of what it does not contain."""
        self._trunks = tuple(trunks)
        self._inbound = frozenset(inbound)
        self.changes: list[changes.Change] = []
        """The changes reported since `told` was last called."""
        self._number = 0

    @property
    def reading(self) -> int:
        """The number of the latest reading of lists."""
        return self.channels.reading

    def tell(self, change: type[C], **what: Any) -> None:
        """Report a change, unless silent."""
        if not self.silent:
            self.changes.append(change(at=self.now, resynced=self.resyncing, **what))

    def told(self) -> list[changes.Change]:
        """Return the changes since the last call, and clear them."""
        told, self.changes = self.changes, []
        return told

    def place(self, leg: Leg) -> Call:
        """Return the call of a channel; if it has none, find or create one."""
        call = leg.call
        if call is None or call.is_over:
            call = self._sibling(leg) or self.calls.get(leg.linkedid)
            if call is None or (leg.call is not None and call is leg.call):
                call = self._begin(leg.uniqueid if leg.call is not None else leg.linkedid)
            self.put(leg, call)
        return call

    def _sibling(self, leg: Leg) -> Call | None:
        """Return the call of the other half of a Local channel, unless it has ended."""
        other = leg.other_half
        return other.call if other is not None and other.call is not None and not other.call.is_over else None

    def _begin(self, identifier: str) -> Call:
        self._number += 1
        call = Call(identifier, self._number, self.now, self.clock)
        self.calls.add(call)
        return call

    def put(self, leg: Leg, call: Call) -> None:
        """Move a channel into a call, out of any other."""
        if leg.call is not None and leg.call is not call:
            self.take_out(leg)
        leg.call = call
        call.channels[leg.uniqueid] = leg

    def take_out(self, leg: Leg) -> None:
        """Remove a channel from its call; remove a call that is left without channels before it was announced."""
        call = leg.call
        if call is not None:
            call.channels.pop(leg.uniqueid, None)
            if not call.channels and not call.started:
                self.calls.remove(call)

    def calls_as_party(self, leg: Leg) -> None:
        """Make a channel the caller of its call, unless the call has a caller."""
        call = self.place(leg)
        if call.caller_leg is None:
            call.caller_leg = leg
        self.announce(call)

    def announce(self, call: Call) -> None:
        """Report the start of a call, once it is known to be a call between people."""
        if not call.started and not call.is_over:
            call.started = True
            call.direction = self.direction_of(call)
            self.tell(changes.CallStarted, call=call)

    def direction_of(self, call: Call) -> Direction | None:
        """Return the direction of a call, if trunks or contexts are declared."""
        caller = call.caller_leg
        if not (self._trunks or self._inbound) or caller is None:
            return None
        if self._leads_out(caller) and not call.originated:
            return Direction.INBOUND
        targets = [dial.target for dial in call.rung] or ([call.callee_leg] if call.callee_leg else [])
        return Direction.OUTBOUND if any(map(self._leads_out, targets)) else Direction.INTERNAL

    def _leads_out(self, leg: Leg) -> bool:
        """Return whether a channel leads outside."""
        by_name = bool(self._trunks) and leg.channel.startswith(self._trunks)
        return by_name or (not leg.called and leg.first_context in self._inbound)

    def merge(self, one: Call, other: Call) -> Call:
        """Merge two calls into the one that began first, and return it."""
        if one is other:
            return one
        call, guest = sorted((one, other), key=lambda each: each.number)
        for leg in guest.channels.values():
            leg.call = call
        call.take_over(guest)
        self._settle(call, guest)
        return call

    def _settle(self, call: Call, guest: Call) -> None:
        """End a call that was merged into another one."""
        guest.talks(self.now, talking=False)
        guest.merged_into = call
        self.calls.remove(guest, into=call)
        if guest.started and not call.started:
            call.caller_leg = call.caller_leg or guest.caller_leg
            self.announce(call)
        if guest.started:
            self.tell(changes.CallMerged, call=guest, into=call)
