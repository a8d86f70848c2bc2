"""The model: takes events in, keeps the picture, and says what changed. No I/O, and no clock but the times handed in.

Each kind of event has one reducer, found by the event's class. A reducer never raises for what a server sends: an event
whose headers are missing or not of their type is counted (`ModelStatistics.malformed`) and left out.
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
    """What the model has taken in, and what was wrong with it."""

    events: int
    """Events that were taken in."""
    malformed: int
    """Events that were left out, because a header was missing or not of its type."""
    unknown_channels: int
    """Channels that were met in another event than their `Newchannel`, which came late or never."""
    late: int
    """Events about channels that had been hung up, or that were never there."""


class Model:
    """The picture of a server's calls, kept by its events.

    Args:
        clock: Returns the present moment, for the durations of what goes on; without one, these are as of the last
            event.
        trunks: Beginnings of names of channels that lead out of the house (``PJSIP/provider``), for `Call.direction`.
        inbound_contexts: Dialplan contexts in which calls from outside begin, for `Call.direction`.
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
        """The calls that are going on."""
        return self._picture.calls

    @property
    def channels(self) -> Channels:
        """The channels that are there."""
        return self._picture.channels

    @property
    def bridges(self) -> Bridges:
        """The bridges that are there."""
        return self._picture.bridges

    @property
    def queues(self) -> Queues:
        """The queues that events told of or lists have."""
        return self._picture.queues

    @property
    def statistics(self) -> ModelStatistics:
        """What was taken in so far, and what was wrong with it."""
        channels = self._picture.channels
        return ModelStatistics(self._events, self._malformed, channels.unknown, channels.late)

    def apply(self, event: Event, now: datetime) -> list[changes.Change]:
        """Take in an event.

        Args:
            event: Any event; one that the model has no use for changes nothing.
            now: The moment at which it came, with a time zone.

        Returns:
            What changed, in order.
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
        """Note that lists are being read from now on, so that later events are newer than what these say.

        Until `load`, or after `lose`, the picture is not sure: `fresh_since` is `None`.

        Args:
            now: The moment before the first request for a list is sent.
        """
        self._last = self._picture.now = now
        self._picture.channels.reading += 1

    def load(
        self,
        channels: Sequence[events.CoreShowChannel],
        bridges: Sequence[events.BridgeListItem],
        now: datetime,
    ) -> list[changes.Change]:
        """Join lists that were read since `begin_loading` to the events that have come.

        Hand in the events that came before the lists were complete first.

        Args:
            channels: All items that `CoreShowChannels` listed.
            bridges: All items that `BridgeList` listed.
            now: The moment.

        Returns:
            Nothing when it is loaded for the first time. Later, what changed unseen, marked ``resynced``.
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
        """Join a list of queues that was read since `begin_loading` to the events that have come.

        Hand in the events that came before the list was complete first. Then look at `doubtful_queues`.

        Args:
            params: The queues that `QueueStatus` listed: all of them, or one.
            members: Their members.
            entries: Who waits in them.
            now: The moment.

        Returns:
            Nothing when they are loaded for the first time. Later, what changed unseen, marked ``resynced``.
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
        """Queues in which a call was counted while their list was read, so that it may be counted twice or not at all.

        Call `begin_loading` again, and load each of these with ``QueueStatus(queue=...)``.
        """
        return self._doubtful

    def lose(self, now: datetime, *, restarted: bool = False) -> list[changes.Change]:
        """Note that events were missed: the picture is not sure until it is loaded again.

        Args:
            now: The moment.
            restarted: Whether the server has restarted. Everything is over then.

        Returns:
            What ended by a restart, marked ``resynced``.
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
        """Since when the picture has been complete; `None` while it is not: before `load`, and after `lose`."""
        return self._fresh_since

    def differences(
        self, channels: Sequence[events.CoreShowChannel], bridges: Sequence[events.BridgeListItem]
    ) -> list[joining.Difference]:
        """Compare the picture with fresh lists; return in what they differ."""
        return joining.differences(self._picture, channels, bridges)

    def queue_differences(
        self,
        params: Sequence[events.QueueParams],
        members: Sequence[events.QueueMember],
        entries: Sequence[events.QueueEntry],
    ) -> list[joining.Difference]:
        """Compare the queues with a fresh list; return in what they differ."""
        return list(queueing.compared(self._picture, params, members, entries))


def _new_channel(picture: Picture, event: events.Newchannel) -> None:
    leg = picture.channels.begin(event, picture.now)
    if leg is None:
        return
    picture.place(leg)
    if leg.is_person and not leg.called:
        picture.calls_as_party(leg)


def _channel(picture: Picture, event: events.ChannelEvent) -> Leg | None:
    """Return the channel of an event, brought up to date; `None` if it was hung up."""
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
    """Return who dials and who is dialled."""
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
"""The events that queues are known by."""
CALL_EVENTS: tuple[type[Event], ...] = tuple(
    kind for kind in _REDUCERS if not kind.__name__.startswith(("QueueMember", "Agent"))
)
"""The events that calls are known by."""
