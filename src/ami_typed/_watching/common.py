"""The common part of `Pbx` and `AsyncPbx`, and of their streams of changes: everything that does not wait."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import uuid4

from ami_typed import events, live
from ami_typed._delivery.quiet import hush
from ami_typed._delivery.stream_buffer import Buffer
from ami_typed.errors import ChangesDropped, Error
from ami_typed.events import FullyBooted, Reload
from ami_typed.limits import Limits
from ami_typed.notices import Disconnected, EventsLost, Reconnected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ami_typed.messages import Event
    from ami_typed.overflow import Overflow

__all__ = ["C_co", "Changes", "Placed", "Watching", "new_uniqueid"]

C_co = TypeVar("C_co", bound=live.Change, covariant=True)

_LOSSES = (Disconnected, Reconnected, EventsLost)
_UNSETTLING = (*_LOSSES, Reload, FullyBooted)
"""The events after which the picture may be wrong until it is reloaded."""

_logger = hush(logging.getLogger("ami_typed"))


class _Unread(Buffer[live.Change]):
    """The changes that were not read yet."""

    def __init__(self, overflow: Overflow, limit: int | None) -> None:
        limits = Limits()
        super().__init__(overflow, limits.stream if limit is None else limit, limits.waiting)
        if self.overflow.disconnects or self.overflow.seconds:
            raise ValueError(
                "A stream of changes cannot end the connection or pause reading: its overflow must be "
                "Overflow.DROP_OLDEST or Overflow.DROP_NEWEST."
            )

    def _tell(self, gap: int) -> live.Change:
        raise ChangesDropped(gap)


class Changes(Generic[C_co]):
    """The part of `ChangeStream` and `AsyncChangeStream` that does not wait.

    Args:
        pbx: The object whose changes are collected.
        kinds: The classes to collect.
        limit: Maximum number of buffered changes, `None` for `Limits.stream`.
        overflow: Which changes to drop beyond it.
        notify: Called after each change, and at the end, to wake the reader.

    Raises:
        TypeError: ``limit`` or ``overflow`` has the wrong type.
        ValueError: ``limit`` is below 1, or ``overflow`` would close the connection or pause reading.
    """

    def __init__(
        self,
        pbx: Watching,
        kinds: tuple[type[live.Change], ...],
        limit: int | None,
        overflow: Overflow,
        notify: Callable[[], object],
    ) -> None:
        self._pbx = pbx
        self._kinds = kinds
        self._buffer = _Unread(overflow, limit)
        self._notify = notify

    @property
    def dropped(self) -> int:
        """The number of changes that were dropped because the stream was full."""
        return self._buffer.dropped

    def _put(self, changes: list[live.Change]) -> None:
        """Accept those changes that are of its classes."""
        chosen = [change for change in changes if isinstance(change, self._kinds)]
        for change in chosen:
            self._buffer.put(change)
        if chosen:
            self._notify()

    def _end(self) -> None:
        """Stop accepting changes; those already buffered can still be read."""
        self._buffer.end(None)
        self._notify()

    def close(self) -> None:
        """Stop collecting. Closing it again does nothing."""
        self._pbx._forget(self)
        self._end()


class Placed:
    """The part of `PlacedCall` and `AsyncPlacedCall` that does not wait.

    Args:
        placement: The call in the live model.
        answered: Wakes those who wait for the answer.
        ended: Wakes those who wait for the end.
    """

    def __init__(self, placement: live.Placement, answered: Callable[[], object], ended: Callable[[], object]) -> None:
        self._placement = placement
        self._tell_answered = answered
        self._tell_ended = ended

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.call or self.uniqueid}>"

    @property
    def uniqueid(self) -> str:
        """The Uniqueid of the channel that Asterisk creates for it."""
        return self._placement.uniqueid

    @property
    def call(self) -> live.Call | None:
        """The call in the live model, `None` until its channel was observed. After a merge, the call that continues."""
        return self._placement.call

    def _check(self) -> bool:
        """Wake those who wait for what has happened. Return whether the call has ended."""
        if self._placement.answered is not None:
            self._tell_answered()
        ended = self._placement.ended is not None
        if ended:
            self._tell_ended()
        return ended


class Watching:
    """The common part of `Pbx` and `AsyncPbx`: the model, and the properties read from it."""

    _lock: AbstractContextManager[Any]
    """Held while the model or the list of streams is used."""

    def __init__(
        self,
        trunks: Sequence[str],
        inbound_contexts: Sequence[str],
        *,
        recordings: bool,
        watch: Mapping[str, live.Choice],
    ) -> None:
        self._model = model = live.Model(
            clock=_now, trunks=trunks, inbound_contexts=inbound_contexts, recordings=recordings, watch=watch
        )
        self._streams: list[Any] = []
        self._placed: list[Placed] = []
        notices: tuple[type[Event], ...] = (Disconnected, Reconnected, EventsLost)
        reloads: tuple[type[Event], ...] = (Reload, FullyBooted) if model.reloads else ()
        self._kinds = (*notices, *reloads, *model.watched_events)
        self._unnarrowed: tuple[live.Lack, ...] = ()
        self._boot: tuple[str, str] | None = None
        self._failure: Error | None = None
        self._ended = False

    @property
    def calls(self) -> list[live.Call]:
        """The calls in progress, in the order in which they began."""
        with self._lock:
            return list(self._model.calls)

    @property
    def channels(self) -> list[live.Leg]:
        """The existing channels."""
        with self._lock:
            return list(self._model.channels)

    @property
    def bridges(self) -> list[live.Bridge]:
        """The existing bridges."""
        with self._lock:
            return list(self._model.bridges)

    @property
    def queues(self) -> live.Queues:
        """The queues by name, if they are watched."""
        return self._model.queues

    @property
    def agents(self) -> live.Agents:
        """The agents by identifier, if they are watched."""
        return self._model.agents

    @property
    def parking(self) -> live.ParkingLots:
        """The parking lots by name, if they are watched."""
        return self._model.parking

    @property
    def conferences(self) -> live.Conferences:
        """The conferences by name, if they are watched."""
        return self._model.conferences

    @property
    def extensions(self) -> live.Extensions:
        """The extensions with hints by name, such as ``201@phones``, if they are watched."""
        return self._model.extensions

    @property
    def devices(self) -> live.Devices:
        """The devices by name, if they are watched."""
        return self._model.devices

    @property
    def endpoints(self) -> live.Endpoints:
        """The endpoints by name, such as ``PJSIP/alice``, if they are watched."""
        return self._model.endpoints

    @property
    def mailboxes(self) -> live.Mailboxes:
        """The mailboxes by name, such as ``201@default``, if they are watched."""
        return self._model.mailboxes

    @property
    def needs(self) -> tuple[live.Need, ...]:
        """The privileges that the user needs for what is watched."""
        return self._model.needs

    @property
    def lacks(self) -> tuple[live.Lack, ...]:
        """What the server refused: at the last load lists, and with ``narrow`` a filter.

        What a refused list has is known from events only; without a filter, more events are sent than needed.
        """
        return (*self._unnarrowed, *self._model.lacks)

    @property
    def fresh_since(self) -> datetime | None:
        """The time since which the picture has been complete; `None` after a gap, until it is reloaded."""
        return self._model.fresh_since

    @property
    def failure(self) -> Error | None:
        """The error that ended the updates or made the last reload fail; otherwise `None`."""
        return self._failure

    @property
    def statistics(self) -> live.ModelStatistics:
        """Counters of the events processed so far, and of irregularities among them."""
        return self._model.statistics

    def _forget(self, stream: Any) -> None:
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)

    def _add(self, stream: Any) -> None:
        """Deliver changes to a stream from now on; if this object is closed, end the stream."""
        with self._lock:
            self._streams.append(stream)
            if self._ended:
                stream._end()

    def _begin(self) -> None:
        """Prepare to follow events; what is known from before a `close` is not up to date."""
        if self._ended:
            self._ended, self._failure = False, None
            self._lose()

    def _end(self) -> None:
        """End the streams of changes."""
        with self._lock:
            self._ended = True
            for placed in self._placed:
                self._model.abandon(placed._placement)
            self._check_placed()
            for stream in self._streams:
                stream._end()

    def _tell(self, changes: list[live.Change]) -> None:
        if changes:
            for stream in self._streams:
                stream._put(changes)

    def _apply(self, events: Sequence[Event]) -> Sequence[Event]:
        """Process events up to the first one after which the picture may be wrong; return that one and the rest."""
        apply, now = self._model.apply, _now()
        changes: list[live.Change] = []
        rest: Sequence[Event] = ()
        with self._lock:
            for place, event in enumerate(events):
                if event.__class__ in _UNSETTLING:
                    rest = events[place:]
                    break
                changes += apply(event, now)
            self._tell(changes)
            if self._placed:
                self._check_placed()
        return rest

    def _expect(self, uniqueid: str) -> live.Placement:
        """Prepare for a call that is about to be placed."""
        if events.Newchannel not in self._model.watched_events:
            raise ValueError("originate() needs calls=True: without it, calls are not watched.")
        with self._lock:
            return self._model.expect(uniqueid)

    def _follow(self, placed: Placed) -> None:
        """Follow a call that is about to be placed until it ends."""
        with self._lock:
            self._placed.append(placed)
            if self._ended:
                self._model.abandon(placed._placement)
                self._check_placed()

    def _unfollow(self, placed: Placed) -> None:
        """Forget a call that was not placed after all."""
        with self._lock:
            self._model.abandon(placed._placement)
            self._check_placed()

    def _check_placed(self) -> None:
        """Wake those who wait for calls that were placed, and forget the ones that have ended."""
        self._placed = [placed for placed in self._placed if not placed._check()]

    def _lose(self) -> None:
        with self._lock:
            self._tell(self._model.lose(_now()))

    def _begin_loading(self, boot: tuple[str, str] | None) -> None:
        """Prepare for reading lists; if the server has restarted since the last time, end everything known."""
        with self._lock:
            if self._boot is not None and boot is not None and boot != self._boot:
                self._tell(self._model.lose(_now(), restarted=True))
            self._boot = boot or self._boot
            self._model.begin_loading(_now())

    def _join(self, waiting: list[Event], loaded: live.Loaded) -> bool:
        """Merge lists with the events that arrived in the meantime; return whether to load again because of these."""
        with self._lock:
            for event in waiting:
                self._tell(self._model.apply(event, _now()))
            self._tell(self._model.join(loaded, _now()))
            if any(isinstance(event, _LOSSES) for event in waiting):
                self._lose()
            self._check_placed()
        return any(isinstance(event, _UNSETTLING) for event in waiting)

    def _differences(self, loaded: live.Loaded) -> list[live.Difference]:
        with self._lock:
            return self._model.compare(loaded)

    def _failed(self, error: Error) -> None:
        """Record that reloading the picture failed; the next connection retries it."""
        self._failure = error
        self._model.stop_loading()
        _logger.warning("Could not reload the picture: %s", error)


def new_uniqueid() -> str:
    """Return a Uniqueid for a channel to be created that no other channel has."""
    return f"ami-typed-{uuid4().hex}"


def _now() -> datetime:
    return datetime.now(UTC)
