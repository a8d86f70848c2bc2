"""The model: process events, maintain the picture, and return the changes. Sans-I/O: callers pass in the time.

Each kind of event has one reducer, found by the event's class. A reducer never raises because of server input: an event
with missing headers, or headers of the wrong type, is counted (`ModelStatistics.malformed`) and skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ami_typed import events
from ami_typed.enums import DialStatus
from ami_typed.errors import FieldError
from ami_typed.live import changes, dialing, ending, handing, joining, queueing, talking
from ami_typed.live.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ami_typed.live.bridges import Bridges
    from ami_typed.live.calls import Calls
    from ami_typed.live.channels import Channels
    from ami_typed.live.objects import Bridge, Leg
    from ami_typed.live.queues import Queues
    from ami_typed.messages import Event

__all__ = ["CALL_EVENTS", "QUEUE_EVENTS", "Model", "ModelStatistics"]


@dataclass(frozen=True, slots=True)
class ModelStatistics:
    """Counters of processed events, and of irregularities among them."""

    events: int
    """Number of processed events."""
    malformed: int
    """Number of events skipped because a header was missing or of the wrong type."""
    unknown_channels: int
    """Number of channels first seen in another event, because their `Newchannel` was late or missing."""
    late: int
    """Number of events about channels that had already been hung up or never existed."""


class Model:
    """The picture of a server's calls, maintained from its events.

    Args:
        clock: A function that returns the current time, for durations that are still running; without one, they are as
            of the last event.
        trunks: Prefixes of the names of trunk channels, which lead outside (``PJSIP/provider``), for `Call.direction`.
        inbound_contexts: Dialplan contexts in which calls from outside arrive, for `Call.direction`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] | None = None,
        trunks: Sequence[str] = (),
        inbound_contexts: Sequence[str] = (),
    ) -> None:
        self._last = datetime.fromtimestamp(0, UTC)
        self._picture = Picture(clock or (lambda: self._last), trunks, inbound_contexts)
        self._events = 0
        self._malformed = 0
        self._loaded = self._queues_loaded = False
        self._doubtful: tuple[str, ...] = ()
        self._fresh_since: datetime | None = None

    @property
    def calls(self) -> Calls:
        """The calls in progress."""
        return self._picture.calls

    @property
    def channels(self) -> Channels:
        """The existing channels."""
        return self._picture.channels

    @property
    def bridges(self) -> Bridges:
        """The existing bridges."""
        return self._picture.bridges

    @property
    def queues(self) -> Queues:
        """The queues known from events and lists."""
        return self._picture.queues

    @property
    def statistics(self) -> ModelStatistics:
        """Counters of the events processed so far, and of irregularities among them."""
        channels = self._picture.channels
        return ModelStatistics(self._events, self._malformed, channels.unknown, channels.late)

    def apply(self, event: Event, now: datetime) -> list[changes.Change]:
        """Process an event.

        Args:
            event: Any event; irrelevant events are ignored.
            now: The time of its arrival, as an aware datetime.

        Returns:
            The changes, in order.
        """
        reducer = _REDUCERS.get(type(event))
        if reducer is None:
            return []
        self._last = self._picture.now = now
        self._events += 1
        try:
            reducer(self._picture, event)
        except FieldError:
            self._malformed += 1
        return self._picture.told()

    def begin_loading(self, now: datetime) -> None:
        """Mark the start of reading lists, so that later events take precedence over them.

        Before the first `load`, and after `lose`, the picture may be incomplete: `fresh_since` is `None`.

        Args:
            now: The current time, taken before the first request for a list is sent.
        """
        self._last = self._picture.now = now
        self._picture.channels.reading += 1

    def load(
        self,
        channels: Sequence[events.CoreShowChannel],
        bridges: Sequence[events.BridgeListItem],
        now: datetime,
    ) -> list[changes.Change]:
        """Merge lists that were read since `begin_loading` with the events processed since.

        First `apply` the events that arrived before the lists were complete.

        Args:
            channels: All items that `CoreShowChannels` listed.
            bridges: All items that `BridgeList` listed.
            now: The current time.

        Returns:
            The changes that were not observed, marked ``resynced``; none on the first load.
        """
        picture = self._picture
        self._last = picture.now = now
        picture.resyncing, picture.silent = True, not self._loaded
        try:
            joining.join(picture, channels, bridges)
        finally:
            picture.resyncing = picture.silent = False
        self._loaded, self._fresh_since = True, now
        return picture.told()

    def load_queues(
        self,
        params: Sequence[events.QueueParams],
        members: Sequence[events.QueueMember],
        entries: Sequence[events.QueueEntry],
        now: datetime,
    ) -> list[changes.Change]:
        """Merge a list of queues that was read since `begin_loading` with the events processed since.

        First `apply` the events that arrived before the list was complete. Afterwards, check `doubtful_queues`.

        Args:
            params: The queues that `QueueStatus` listed: all of them, or one.
            members: Their members.
            entries: The callers waiting in them.
            now: The current time.

        Returns:
            The changes that were not observed, marked ``resynced``; none on the first load.
        """
        picture = self._picture
        self._last = picture.now = now
        picture.resyncing, picture.silent = True, not self._queues_loaded
        try:
            self._doubtful = tuple(queueing.join(picture, params, members, entries))
        finally:
            picture.resyncing = picture.silent = False
        self._queues_loaded = True
        return picture.told()

    @property
    def doubtful_queues(self) -> tuple[str, ...]:
        """Queues in which a call was counted while their list was being read, so it may be counted twice or not at all.

        Call `begin_loading` again, and reload each of these with ``QueueStatus(queue=...)``.
        """
        return self._doubtful

    def lose(self, now: datetime, *, restarted: bool = False) -> list[changes.Change]:
        """Record that events were missed: the picture may be incomplete until it is reloaded.

        Args:
            now: The current time.
            restarted: Whether the server has restarted, which ends all channels, bridges and calls.

        Returns:
            The changes caused by a restart, marked ``resynced``.
        """
        self._last = self._picture.now = now
        self._fresh_since = None
        if not restarted:
            return []
        self.begin_loading(now)
        changed = self.load([], [], now) if self._loaded else []
        self._picture.channels.forget_the_gone()
        self._fresh_since = None
        return changed

    @property
    def fresh_since(self) -> datetime | None:
        """The time since which the picture has been complete; `None` before the first `load` and after `lose`."""
        return self._fresh_since

    def differences(
        self, channels: Sequence[events.CoreShowChannel], bridges: Sequence[events.BridgeListItem]
    ) -> list[joining.Difference]:
        """Compare the picture with fresh lists; return the differences."""
        return joining.differences(self._picture, channels, bridges)

    def queue_differences(
        self,
        params: Sequence[events.QueueParams],
        members: Sequence[events.QueueMember],
        entries: Sequence[events.QueueEntry],
    ) -> list[joining.Difference]:
        """Compare the queues with a fresh list; return the differences."""
        return list(queueing.compared(self._picture, params, members, entries))


def _new_channel(picture: Picture, event: events.Newchannel) -> None:
    leg = picture.channels.begin(event, picture.now)
    if leg is None:
        return
    picture.place(leg)
    if leg.is_person and not leg.called:
        picture.calls_as_party(leg)


def _channel(picture: Picture, event: events.ChannelEvent) -> Leg | None:
    """Update the channel of an event and return it; `None` if it was hung up."""
    leg = picture.channels.see(event, picture.now)
    if leg is not None and leg.call is None:
        picture.place(leg)
    return leg


def _state(picture: Picture, event: events.ChannelEvent) -> None:
    leg = _channel(picture, event)
    if leg is not None and leg.rings:
        dialing.ring(picture, leg)


def _seen(picture: Picture, event: events.ChannelEvent) -> None:
    _channel(picture, event)


def _rename(picture: Picture, event: events.Rename) -> None:
    picture.channels.rename(event.uniqueid, event.newname)


def _hang_up(picture: Picture, event: events.Hangup) -> None:
    leg = picture.channels.end(event.uniqueid, event.channel)
    if leg is not None:
        leg.see(event, picture.now)
        ending.hang_up(picture, leg, event.cause)


def _dial_begin(picture: Picture, event: events.DialBegin) -> None:
    source, target = _ends(picture, event)
    if target is not None and (source is not None or event.snapshot is None):
        dialing.begin(picture, source, target)


def _dial_end(picture: Picture, event: events.DialEnd) -> None:
    source, target = _ends(picture, event)
    if target is not None:
        dialing.end(picture, source, target, event.dial_status, forwarded=event.forward is not None)


def _dial_state(picture: Picture, event: events.DialState) -> None:
    _source, target = _ends(picture, event)
    if target is not None and event.dial_status == DialStatus.RINGING:
        dialing.ring(picture, target)


def _ends(
    picture: Picture, event: events.DialBegin | events.DialEnd | events.DialState
) -> tuple[Leg | None, Leg | None]:
    """Return the dialling and the dialled channel."""
    snapshot = event.snapshot
    source = picture.channels.see(snapshot, picture.now) if snapshot is not None else None
    return source, picture.channels.see(event.dest, picture.now)


def _enter(picture: Picture, event: events.BridgeEnter) -> None:
    leg = _channel(picture, event)
    if leg is not None:
        leg.moved = picture.channels.reading
        talking.enter(picture, leg, _bridge(picture, event))


def _leave(picture: Picture, event: events.BridgeLeave) -> None:
    leg = _channel(picture, event)
    if leg is None:
        return
    leg.moved = picture.channels.reading
    if leg.bridge is not None and leg.bridge.uniqueid == event.bridge_uniqueid:
        talking.leave(picture, leg)


def _bridge(picture: Picture, event: events.BridgeEvent) -> Bridge:
    bridge = picture.bridges.see(event)
    bridge.touched = picture.channels.reading
    return bridge


def _created(picture: Picture, event: events.BridgeCreate) -> None:
    if not picture.bridges.is_gone(event.bridge_uniqueid):
        _bridge(picture, event)


def _destroy(picture: Picture, event: events.BridgeDestroy) -> None:
    bridge = picture.bridges.get(event.bridge_uniqueid) or picture.bridges.see(event)
    talking.destroy(picture, bridge)


def _hold(picture: Picture, event: events.Hold) -> None:
    leg = _channel(picture, event)
    if leg is not None:
        talking.hold(picture, leg)


def _unhold(picture: Picture, event: events.Unhold) -> None:
    leg = _channel(picture, event)
    if leg is not None:
        talking.resume(picture, leg)


def _unparked(picture: Picture, event: events.UnParkedCall) -> None:
    handing.retrieved(picture, event.parkee, picture.channels.see(event.retriever, picture.now))


def _given_up(picture: Picture, event: events.ParkedCallGiveUp | events.ParkedCallTimeOut) -> None:
    handing.retrieved(picture, event.parkee, None)


def _queued(picture: Picture, event: events.QueueCallerJoin) -> None:
    queueing.joins(picture, event)
    leg = _channel(picture, event)
    if leg is not None and not picture.place(leg).is_waiting:
        call = picture.place(leg)
        call.waits(event.queue, picture.now)
        picture.tell(changes.CallQueued, call=call, queue=event.queue)


def _left_queue(picture: Picture, event: events.QueueCallerLeave) -> None:
    queueing.leaves(picture, event)
    leg = _channel(picture, event)
    if leg is not None and leg.call is not None and leg.call.is_waiting:
        waited = leg.call.waits_no_more(picture.now)
        picture.tell(changes.CallLeftQueue, call=leg.call, queue=event.queue, waited=waited)


def _abandoned(picture: Picture, event: events.QueueCallerAbandon) -> None:
    queueing.abandons(picture, event)
    leg = _channel(picture, event)
    if leg is not None and leg.call is not None and not leg.call.abandoned:
        leg.call.abandoned = True
        leg.call.queue = event.queue
        told = {"queue": event.queue, "caller": leg.party, "waited": event.hold_time}
        picture.tell(changes.CallAbandoned, call=leg.call, **told)


def _variable(picture: Picture, event: events.VarSet) -> None:
    if event.variable == "MIXMONITOR_FILENAME" and event.snapshot is not None:
        leg = picture.channels.get(event.snapshot.uniqueid)
        if leg is not None and leg.call is not None:
            leg.call.recording = event.value


_REDUCERS: dict[type[Event], Callable[[Picture, Any], object]] = {
    events.Newchannel: _new_channel,
    events.Newstate: _state,
    events.NewCallerid: _seen,
    events.NewConnectedLine: _seen,
    events.NewAccountCode: _seen,
    events.Rename: _rename,
    events.Hangup: _hang_up,
    events.DialBegin: _dial_begin,
    events.DialEnd: _dial_end,
    events.DialState: _dial_state,
    events.BridgeCreate: _created,
    events.BridgeEnter: _enter,
    events.BridgeLeave: _leave,
    events.BridgeDestroy: _destroy,
    events.Hold: _hold,
    events.Unhold: _unhold,
    events.BlindTransfer: handing.blind,
    events.AttendedTransfer: handing.attended,
    events.Pickup: handing.picked_up,
    events.ParkedCall: handing.parked,
    events.UnParkedCall: _unparked,
    events.ParkedCallGiveUp: _given_up,
    events.ParkedCallTimeOut: _given_up,
    events.QueueCallerJoin: _queued,
    events.QueueCallerLeave: _left_queue,
    events.QueueCallerAbandon: _abandoned,
    events.VarSet: _variable,
    events.QueueMemberAdded: queueing.sees,
    events.QueueMemberStatus: queueing.sees,
    events.QueueMemberPause: queueing.sees,
    events.QueueMemberPenalty: queueing.sees,
    events.QueueMemberRinginuse: queueing.sees,
    events.QueueMemberRemoved: queueing.removes,
    events.AgentConnect: queueing.connects,
    events.AgentComplete: queueing.completes,
}

QUEUE_EVENTS: tuple[type[Event], ...] = tuple(
    kind for kind in _REDUCERS if kind.__name__.startswith(("Queue", "Agent"))
)
"""The events from which the model derives queues."""
CALL_EVENTS: tuple[type[Event], ...] = tuple(
    kind for kind in _REDUCERS if not kind.__name__.startswith(("QueueMember", "Agent"))
)
"""The events from which the model derives calls."""
