"""The model: process events, maintain the picture, and return the changes. Sans-I/O: callers pass in the time.

Rules of this module:

- Each kind of event has one reducer, found by the event's class in the table of what is watched; events of other kinds
  cost one lookup. An event that several kinds need is passed to each of them.
- A reducer never raises because of server input: an event with missing headers, or headers of the wrong type, is
  counted (`ModelStatistics.malformed`) and skipped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ami_typed import actions, events
from ami_typed.enums import DialStatus
from ami_typed.errors import FieldError
from ami_typed.live import changes, dialing, ending, handing, joining, talking
from ami_typed.live.agents import Agents
from ami_typed.live.conferences import Conferences
from ami_typed.live.devices import Devices
from ami_typed.live.endpoints import Endpoints
from ami_typed.live.extensions import Extensions
from ami_typed.live.mailboxes import Mailboxes
from ami_typed.live.needs import Lack, Need
from ami_typed.live.parking import ParkingLots
from ami_typed.live.picture import Picture
from ami_typed.live.placing import Placement
from ami_typed.live.queueing import REDUCERS, QueueKind, QueueLists
from ami_typed.live.snapshots import raw
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals, RefusedError, chosen_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from ami_typed.live.bridges import Bridges
    from ami_typed.live.calls import Calls
    from ami_typed.live.channels import Channels
    from ami_typed.live.differences import Difference
    from ami_typed.live.joining import Lists
    from ami_typed.live.objects import Bridge, Leg
    from ami_typed.live.queues import Queues
    from ami_typed.live.tables import Choice
    from ami_typed.messages import Event, Request

__all__ = ["CALL_EVENTS", "KINDS", "QUEUE_EVENTS", "Loaded", "Model", "ModelStatistics"]


@dataclass(frozen=True, slots=True)
class ModelStatistics:
    """Counters of processed events, and of irregularities among them."""

    events: int
    """Number of processed events."""
    malformed: int
    """Number of events and list items skipped because a header was missing or of the wrong type."""
    unknown_channels: int
    """Number of channels first seen in another event, because their `Newchannel` was late or missing."""
    late: int
    """Number of events about channels that had already been hung up or never existed."""
    unexpected: int
    """Number of events that contradict the picture: doubled, or about what it does not contain."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Lists that `Model.read` read."""

    lists: dict[str, Any] = field(default_factory=dict[str, Any])
    """The lists of each kind, by the names of `KINDS`."""
    lacks: tuple[Lack, ...] = ()
    """The lists that the server refused."""
    doubtful: bool = False
    """Whether only what was doubtful was read again."""


class Model:
    """The picture of what happens on a server, maintained from its events.

    Args:
        clock: A function that returns the current time, for durations that are still running; without one, they are as
            of the last event.
        trunks: Prefixes of the names of trunk channels, which lead outside (``PJSIP/provider``), for `Call.direction`.
        inbound_contexts: Dialplan contexts in which calls from outside arrive, for `Call.direction`.
        recordings: Whether to track the files that MixMonitor records to.
        watch: What to watch, by the names of `KINDS`: `True`, or the names of the objects to watch. By default,
            everything.

    Raises:
        TypeError: A single text was given for the names.
        ValueError: There is no such kind, or nothing is watched.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] | None = None,
        trunks: Sequence[str] = (),
        inbound_contexts: Sequence[str] = (),
        recordings: bool = True,
        watch: Mapping[str, Choice] | None = None,
    ) -> None:
        self._picture = Picture(clock, trunks, inbound_contexts)
        self._events = 0
        self._loaded: set[str] = set()
        self._doubtful: dict[str, tuple[str, ...]] = {}
        self._lacks: tuple[Lack, ...] = ()
        self._fresh_since: datetime | None = None
        self.agents = Agents()
        """The agents, by identifier."""
        self.parking = ParkingLots()
        """The parking lots, by name."""
        self.conferences = Conferences()
        """The conferences, by name."""
        self.extensions = Extensions()
        """The extensions with hints, by name: ``201@phones``."""
        self.devices = Devices()
        """The devices, by name."""
        self.endpoints = Endpoints()
        """The endpoints, by name: ``PJSIP/alice``."""
        self.mailboxes = Mailboxes()
        """The mailboxes, by name: ``201@default``."""
        self._kinds = self._chosen(dict.fromkeys(KINDS, True) if watch is None else watch, recordings)
        self._reducers: dict[type[Event], Reducer] = {}
        for kind in self._kinds:
            for event, reducer in kind.reducers().items():
                known = self._reducers.get(event)
                self._reducers[event] = reducer if known is None else _both(known, reducer)

    def _chosen(self, watch: Mapping[str, Choice], recordings: bool) -> list[Kind[Any]]:
        """Return the kinds that are watched."""
        unknown = sorted(watch.keys() - set(KINDS))
        if unknown:
            raise ValueError(f"There is nothing called {unknown[0]!r} to watch, only {', '.join(KINDS)}.")
        calls = CallKind(self._picture, recordings=recordings)
        every: tuple[Kind[Any], ...] = (
            calls, QueueKind(self._picture), self.agents, self.parking, self.conferences, self.extensions,
            self.devices, self.endpoints, self.mailboxes,
        )  # fmt: skip
        kinds: list[Kind[Any]] = []
        for kind in every:
            choice = watch.get(kind.name, False)
            kind.chosen = chosen_names(choice, kind.name)
            if choice is True or kind.chosen:
                kinds.append(kind)
        if not kinds:
            raise ValueError(f"Nothing is watched; choose some of {', '.join(KINDS)}.")
        return kinds

    @property
    def watched_events(self) -> tuple[type[Event], ...]:
        """The events from which the model derives what it watches."""
        return tuple(self._reducers)

    @property
    def needs(self) -> tuple[Need, ...]:
        """The privileges that are needed for what is watched."""
        return tuple(need for kind in self._kinds for need in _needs(kind))

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """The lists that the server refused at the last load, and why."""
        return self._lacks

    @property
    def reloads(self) -> bool:
        """Whether to load again when the server reloads its configuration, because objects may come or go."""
        return any(kind.reloads for kind in self._kinds)

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
        picture = self._picture
        channels = picture.channels
        return ModelStatistics(self._events, picture.malformed, channels.unknown, channels.late, picture.unexpected)

    def apply(self, event: Event, now: datetime) -> list[changes.Change]:
        """Process an event.

        Args:
            event: Any event; irrelevant events are ignored.
            now: The time of its arrival, as an aware datetime.

        Returns:
            The changes, in order.
        """
        reducer = self._reducers.get(event.__class__)
        if reducer is None:
            return []
        picture = self._picture
        picture.now = now
        self._events += 1
        try:
            reducer(picture, event)
        except FieldError:
            picture.malformed += 1
        return picture.told() if picture.changes else []

    def expect(self, uniqueid: str) -> Placement:
        """Prepare for a call that the program is about to place.

        Args:
            uniqueid: The Uniqueid that the request gives to the new channel (``ChannelId``).
        """
        placement = Placement(uniqueid)
        self._picture.channels.expected[uniqueid] = placement
        return placement

    def abandon(self, placement: Placement) -> None:
        """Stop following a call that the program did not place after all, or that cannot be followed any longer."""
        self._picture.channels.expected.pop(placement.uniqueid, None)
        placement.lost = True

    def begin_loading(self, now: datetime) -> None:
        """Mark the start of reading lists, so that later events take precedence over them.

        Before the first load, and after `lose`, the picture may be incomplete: `fresh_since` is `None`.

        Args:
            now: The current time, taken before the first request for a list is sent.
        """
        self._picture.now = now
        self._picture.channels.reading += 1
        self._picture.loading = True

    def stop_loading(self) -> None:
        """Record that the reading of lists was given up."""
        self._picture.loading = False

    def read(self, *, doubtful: bool = False) -> Reading[Loaded]:
        """Read the lists of everything that is watched.

        Args:
            doubtful: Whether to read only what is `doubtful`.

        Yields:
            Requests. Send each one's answer into the generator, or raise its `ActionFailed` or `NotInRelease` in it.

        Returns:
            The lists.

        Raises:
            ActionFailed, NotInRelease: The server refused every list.
        """
        lists: dict[str, Any] = {}
        lacks: list[Lack] = []
        for kind in self._kinds:
            names = self._doubtful.get(kind.name) if doubtful else None
            if doubtful and not names:
                continue
            refusals = Refusals(kind.name)
            try:
                found = yield from (kind.reread(refusals, names) if names else kind.read(refusals))
            except RefusedError:
                refusals.loaded = False
            except FieldError:
                self._picture.malformed += 1
            else:
                if refusals.loaded:
                    lists[kind.name] = found
            lacks += refusals.lacks
        if lacks and not lists:
            raise lacks[0].error
        return Loaded(lists, tuple(lacks), doubtful)

    def join(self, loaded: Loaded, now: datetime) -> list[changes.Change]:
        """Merge lists that were read since `begin_loading` with the events processed since.

        First `apply` the events that arrived before the lists were complete. Afterwards, check `doubtful`.

        Args:
            loaded: The lists that `read` returned.
            now: The current time.

        Returns:
            The changes that were not observed, marked ``resynced``; none on the first load.
        """
        picture = self._picture
        picture.now = now
        self._doubtful = {}
        for kind in self._kinds:
            if kind.name in loaded.lists:
                picture.resyncing, picture.silent = True, kind.name not in self._loaded
                try:
                    self._doubtful[kind.name] = tuple(kind.join(picture, loaded.lists[kind.name]))
                except FieldError:
                    picture.malformed += 1
                finally:
                    picture.resyncing = picture.silent = False
                self._loaded.add(kind.name)
        self._doubtful = {name: names for name, names in self._doubtful.items() if names}
        picture.loading = False
        if "calls" in loaded.lists:
            self._settle_placements()
        if not loaded.doubtful:
            self._lacks = loaded.lacks
        self._fresh_since = now
        return picture.told()

    def _settle_placements(self) -> None:
        """Give up calls that the program placed before events were missed, and that are not there."""
        expected = self._picture.channels.expected
        for placement in [each for each in expected.values() if each.doubtful]:
            del expected[placement.uniqueid]
            placement.reported, placement.lost = True, placement.leg is None

    def load(
        self,
        channels: Sequence[events.CoreShowChannel],
        bridges: Sequence[events.BridgeListItem],
        now: datetime,
    ) -> list[changes.Change]:
        """Merge lists of channels and bridges, as `join` does.

        Args:
            channels: All items that `CoreShowChannels` listed.
            bridges: All items that `BridgeList` listed.
            now: The current time.

        Returns:
            The changes that were not observed, marked ``resynced``; none on the first load.
        """
        return self.join(Loaded({"calls": (channels, bridges)}), now)

    def load_queues(
        self,
        params: Sequence[events.QueueParams],
        members: Sequence[events.QueueMember],
        entries: Sequence[events.QueueEntry],
        now: datetime,
    ) -> list[changes.Change]:
        """Merge a list of queues, as `join` does.

        Args:
            params: The queues that `QueueStatus` listed: all of them, or one.
            members: Their members.
            entries: The callers waiting in them.
            now: The current time.

        Returns:
            The changes that were not observed, marked ``resynced``; none on the first load.
        """
        return self.join(Loaded({"queues": QueueLists(params, members, entries)}), now)

    @property
    def doubtful(self) -> Mapping[str, tuple[str, ...]]:
        """Objects of which it is unknown whether their list includes an event that arrived while it was being read.

        Call `begin_loading` again, and `read` with ``doubtful=True``.
        """
        return self._doubtful

    @property
    def doubtful_queues(self) -> tuple[str, ...]:
        """Queues in which a call was counted while their list was being read, so it may be counted twice or not at all.

        Call `begin_loading` again, and reload each of these with ``QueueStatus(queue=...)``.
        """
        return self._doubtful.get("queues", ())

    def lose(self, now: datetime, *, restarted: bool = False) -> list[changes.Change]:
        """Record that events were missed: the picture may be incomplete until it is reloaded.

        Args:
            now: The current time.
            restarted: Whether the server has restarted, which ends all channels, bridges and calls.

        Returns:
            The changes caused by a restart, marked ``resynced``.
        """
        self._picture.now = now
        self._fresh_since = None
        for kind in self._kinds:
            kind.lose()
        for placement in self._picture.channels.expected.values():
            placement.doubtful = True
        if not restarted:
            return []
        self.begin_loading(now)
        changed = self.load([], [], now) if "calls" in self._loaded else []
        self._picture.channels.forget_the_gone()
        self._fresh_since = None
        return changed

    @property
    def fresh_since(self) -> datetime | None:
        """The time since which the picture has been complete; `None` before the first load and after `lose`."""
        return self._fresh_since

    def differences(
        self, channels: Sequence[events.CoreShowChannel], bridges: Sequence[events.BridgeListItem]
    ) -> list[Difference]:
        """Compare the picture of calls with fresh lists; return the differences."""
        return self.compare(Loaded({"calls": (channels, bridges)}))

    def queue_differences(
        self,
        params: Sequence[events.QueueParams],
        members: Sequence[events.QueueMember],
        entries: Sequence[events.QueueEntry],
    ) -> list[Difference]:
        """Compare the queues with a fresh list; return the differences."""
        return self.compare(Loaded({"queues": QueueLists(params, members, entries)}))

    def compare(self, loaded: Loaded) -> list[Difference]:
        """Compare the picture with fresh lists; return the differences.

        Args:
            loaded: The lists that `read` returned.
        """
        kinds = [kind for kind in self._kinds if kind.name in loaded.lists]
        return [each for kind in kinds for each in kind.compare(loaded.lists[kind.name])]


def _needs(kind: Kind[Any]) -> Iterator[Need]:
    for event in kind.reducers():
        yield Need(kind.name, event.__name__, "read", event.privileges)
    for request in kind.requests():
        yield Need(kind.name, request.__name__, "write", request.privileges)


def _both(first: Reducer, second: Reducer) -> Reducer:
    """Return a reducer that passes an event to two."""

    def reduce(picture: Picture, event: Event) -> None:
        first(picture, event)
        second(picture, event)

    return reduce


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
    leg = picture.channels.hang_up(event, picture.now)
    if leg is not None:
        ending.hang_up(picture, leg, event.cause)


def _dial_begin(picture: Picture, event: events.DialBegin) -> None:
    source, target = _ends(picture, event)
    if target is not None and (source is not None or event.snapshot is None):
        dialing.begin(picture, source, target)


def _dial_end(picture: Picture, event: events.DialEnd) -> None:
    source, target = _ends(picture, event)
    if target is not None:
        forwarded = raw(event, "Forward", b"\r\nForward: ") is not None
        dialing.end(picture, source, target, event.dial_status, forwarded=forwarded)


def _dial_state(picture: Picture, event: events.DialState) -> None:
    _source, target = _ends(picture, event)
    if target is not None and event.dial_status == DialStatus.RINGING:
        dialing.ring(picture, target)


def _ends(
    picture: Picture, event: events.DialBegin | events.DialEnd | events.DialState
) -> tuple[Leg | None, Leg | None]:
    """Return the dialling and the dialled channel."""
    see, now = picture.channels.see, picture.now
    source = see(event, now) if raw(event, "Channel", b"\r\nChannel: ") is not None else None
    return source, see(event, now, "dest_")


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
    handing.retrieved(picture, event, picture.channels.see(event, picture.now, "retriever_"))


def _given_up(picture: Picture, event: events.ParkedCallGiveUp | events.ParkedCallTimeOut) -> None:
    handing.retrieved(picture, event, None)


def _queued(picture: Picture, event: events.QueueCallerJoin) -> None:
    leg = _channel(picture, event)
    if leg is not None and not picture.place(leg).is_waiting:
        call = picture.place(leg)
        call.waits(event.queue, picture.now)
        picture.tell(changes.CallQueued, call=call, queue=event.queue)


def _left_queue(picture: Picture, event: events.QueueCallerLeave) -> None:
    leg = _channel(picture, event)
    if leg is not None and leg.call is not None and leg.call.is_waiting:
        waited = leg.call.waits_no_more(picture.now)
        picture.tell(changes.CallLeftQueue, call=leg.call, queue=event.queue, waited=waited)


def _abandoned(picture: Picture, event: events.QueueCallerAbandon) -> None:
    leg = _channel(picture, event)
    if leg is not None and leg.call is not None and not leg.call.abandoned:
        leg.call.abandoned = True
        leg.call.queue = event.queue
        told = {"queue": event.queue, "caller": leg.party, "waited": event.hold_time}
        picture.tell(changes.CallAbandoned, call=leg.call, **told)


def _originated(picture: Picture, event: events.OriginateResponse) -> None:
    placement = picture.channels.expected.pop(event.uniqueid or "", None)
    if placement is not None:
        placement.see(event)


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
    events.OriginateResponse: _originated,
}


class CallKind(Kind["Lists"]):
    """Calls, with their channels and bridges, as a kind of objects to watch."""

    name: ClassVar[str] = "calls"
    reloads: ClassVar[bool] = False

    def __init__(self, picture: Picture, *, recordings: bool) -> None:
        self._picture = picture
        self._recordings = recordings

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        return {event: each for event, each in _REDUCERS.items() if self._recordings or event is not events.VarSet}

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        return (actions.CoreShowChannels, actions.BridgeList)

    def read(self, refusals: Refusals) -> Reading[Lists]:
        """Read all channels and bridges."""
        channels = yield from refusals.required(actions.CoreShowChannels())
        bridges = yield from refusals.required(actions.BridgeList())
        return (channels.channels if channels is not None else [], bridges.bridges if bridges is not None else [])

    def join(self, picture: Picture, lists: Lists) -> Collection[str]:
        """Merge the lists with the events since their reading began."""
        joining.join(picture, *lists)
        return ()

    def compare(self, lists: Lists) -> Iterator[Difference]:
        """Compare the calls' channels and bridges with fresh lists."""
        return iter(joining.differences(self._picture, *lists))


KINDS: tuple[str, ...] = (
    "calls", "queues", "agents", "parking", "conferences", "extensions", "devices", "endpoints", "mailboxes",
)  # fmt: skip
"""The kinds of objects that a model can watch."""
QUEUE_EVENTS: tuple[type[Event], ...] = tuple(REDUCERS)
"""The events from which the model derives queues."""
CALL_EVENTS: tuple[type[Event], ...] = tuple(_REDUCERS)
"""The events from which the model derives calls."""
