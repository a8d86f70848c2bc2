"""The counters of a manager, over any number of connections.

Rules of this module:

- `Tally` counts reads and requests; `route_block` counts events, kind by kind, and they are read from there. Every
  counter is modified under one lock of its shell, or on its event loop; reading takes no lock.
- Memory is bounded: names beyond the first thousand are counted together under `OTHERS`, and response times are kept
  in a histogram with classes each a fifth wider than the one before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from math import floor, inf, log2
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ami_typed.messages import Event, event_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ami_typed._speed.plain import Kind
    from ami_typed.statistics import Ending, RoundTrips, Statistics

    _Ended = tuple[str, Ending, float]
    """A request that has ended: its action, its ending, and how long its answer took, in seconds."""
    _Counted = dict[tuple[str, Ending], "Times"]
    """The times of many requests, by action and ending."""

__all__ = ["BATCH", "Tally", "Times"]

_NAMES = 1024
"""The maximum number of names that are counted separately; a server or program that uses more invents them."""
BATCH: Final = 1024
"""The number of requests that are counted in one batch, which is cheaper than counting them one by one."""
_FINENESS = 4.0
"""The number of classes for each doubling of the time."""
_SHORTEST = 1e-9
"""Replaces a time of 0, in seconds, which a coarse clock may measure."""


class Times:
    """An immutable histogram of times.

    Args:
        times: The times, in seconds.
    """

    __slots__ = ("_classes", "_last", "_maximum", "_minimum", "_total", "number")

    def __init__(self, times: Sequence[float] = ()) -> None:
        self.number = len(times)
        self._total = sum(times)
        ordered = sorted(times)
        self._minimum = ordered[0] if ordered else inf
        self._maximum = ordered[-1] if ordered else 0.0
        self._last = times[-1] if times else None
        self._classes = _classified(ordered)

    def __add__(self, later: Times) -> Times:
        both = Times()
        both.number = self.number + later.number
        both._total = self._total + later._total
        both._minimum = min(self._minimum, later._minimum)
        both._maximum = max(self._maximum, later._maximum)
        both._last = self._last if later._last is None else later._last
        both._classes = self._classes + later._classes
        return both

    def snapshot(self) -> RoundTrips:
        """Return the statistics of these times."""
        from ami_typed.statistics import RoundTrips  # imported lazily, as below: many programs never read statistics

        return RoundTrips(
            answers=self.number,
            total=self._total,
            minimum=self._minimum if self.number else None,
            maximum=self._maximum if self.number else None,
            last=self._last,
            histogram=tuple((2 ** ((each + 1) / _FINENESS), count) for each, count in sorted(self._classes.items())),
        )


def _classified(times: list[float]) -> Counter[int]:
    """Count sorted times by class. This takes a search for each class that occurs, not a logarithm for each time."""
    classes: Counter[int] = Counter()
    start = 0
    while start < len(times):
        number = floor(log2(times[start] or _SHORTEST) * _FINENESS)
        end = max(start + 1, bisect_left(times, 2 ** ((number + 1) / _FINENESS), start))
        classes[number] += end - start
        start = end
    return classes


class Tally:
    """The counters of one manager, shared by its sessions, queues and streams.

    Attributes:
        connections: Connections established.
        reconnects: Lost connections restored.
        last_gap: Duration of the last gap, in seconds.
        bytes_received: Bytes read.
        bytes_sent: Bytes of requests.
        answers: Messages that are not events.
        requests_sent: Requests of which at least one byte was sent.
        late_answers: Answers that arrived too late.
        events_dropped: Messages dropped because the callbacks could not keep up.
        stream_events_dropped: Events dropped because a stream was full.
        queue_highest: The maximum number of messages queued for the callbacks.
        callback_exceptions: Exceptions raised by callbacks.
        requests: The requests that have ended: those that are counted, and the current batch. `Session` appends to the
            batch, and calls `fold_requests` when it is complete.
    """

    def __init__(self) -> None:
        self.connections = 0
        self.reconnects = 0
        self.last_gap: float | None = None
        self.bytes_received = 0
        self.bytes_sent = 0
        self.answers = 0
        self.requests_sent = 0
        self.late_answers = 0
        self.events_dropped = 0
        self.stream_events_dropped = 0
        self.queue_highest = 0
        self.callback_exceptions = 0
        self._events: dict[str, int] = {}
        self._unwanted: dict[str, int] = {}
        self._last: float | None = None
        self.requests: tuple[_Counted, list[_Ended]] = {}, []

    def connected(self, gap: float | None = None) -> None:
        """Count an established connection. If it replaces a lost one, ``gap`` is the time between them, in seconds."""
        self.connections += 1
        if gap is not None:
            self.reconnects += 1
            self.last_gap = gap

    def saw(self, cls: type[Event], name: str, count: int = 1, *, wanted: bool) -> None:
        """Count events of one class and name."""
        _add(self._events if wanted else self._unwanted, cls, name, count)

    def fold(self, kinds: Iterable[Kind]) -> None:
        """Add the counts of kinds, and reset those to zero."""
        for kind in kinds:
            self.saw(kind.cls, kind.name, kind.count, wanted=kind.wanted)
            kind.count = 0

    def fold_requests(self) -> None:
        """Count the requests of the current batch, and begin another."""
        self._last = self._latest()
        self.requests = self._all_requests(), []

    def _latest(self) -> float | None:
        """Return how long the latest answer took, in seconds; `None` if none has arrived."""
        return next((seconds for _, _, seconds in reversed(self.requests[1].copy()) if seconds), self._last)

    def _all_requests(self) -> _Counted:
        """Return the times of all requests, including those of the current batch."""
        from ami_typed.statistics import OTHERS

        earlier, recent = self.requests
        counted = earlier.copy()
        times: dict[tuple[str, Ending], list[float]] = {}
        for action, ending, seconds in recent.copy():
            try:
                times[action, ending].append(seconds)
            except KeyError:
                known = (action, ending) in counted or len(counted) + len(times) < _NAMES
                times.setdefault((action if known else OTHERS, ending), []).append(seconds)
        for key, each in times.items():
            counted[key] = counted.get(key, Times()) + Times(each)
        return counted

    def snapshot(
        self, kinds: Iterable[Kind] = (), *, pending: int = 0, waiting: int = 0, since: datetime | None = None
    ) -> Statistics:
        """Return the statistics.

        Args:
            kinds: The kinds of events that a session counts and has not folded in yet.
            pending: The number of pending requests.
            waiting: The number of messages queued for the callbacks.
            since: When the current connection was established; `None` if there is none.
        """
        from ami_typed.statistics import Statistics

        events, unwanted = self._events.copy(), self._unwanted.copy()
        for kind in kinds:
            _add(events if kind.wanted else unwanted, kind.cls, kind.name, kind.count)
        endings: Counter[Ending] = Counter()
        round_trips: defaultdict[str, Times] = defaultdict(Times)
        for (action, ending), times in self._all_requests().items():
            endings[ending] += times.number
            if ending in {"answered", "failed"}:
                round_trips[action] += times
        return Statistics(
            connected_since=since,
            connections=self.connections,
            reconnects=self.reconnects,
            last_gap=self.last_gap,
            bytes_received=self.bytes_received,
            bytes_sent=self.bytes_sent,
            messages_received=self.answers + sum(events.values()) + sum(unwanted.values()),
            events=MappingProxyType(events),
            events_unwanted=MappingProxyType(unwanted),
            requests_sent=self.requests_sent,
            requests_answered=endings["answered"],
            requests_failed=endings["failed"],
            requests_timed_out=endings["timed_out"],
            requests_cancelled=endings["cancelled"],
            requests_lost=endings["lost"],
            requests_unsent=endings["unsent"],
            requests_pending=pending,
            late_answers=self.late_answers,
            events_dropped=self.events_dropped,
            stream_events_dropped=self.stream_events_dropped,
            queue_depth=waiting,
            queue_highest=max(self.queue_highest, waiting),
            callback_exceptions=self.callback_exceptions,
            round_trips=sum(round_trips.values(), Times()).snapshot()._replace(last=self._latest()),
            round_trips_by_action=MappingProxyType({action: each.snapshot() for action, each in round_trips.items()}),
        )


def _add(counted: dict[str, int], cls: type[Any], name: str, count: int) -> None:
    """Count events under their class's name or, if they have no class, under the name received."""
    if not count:
        return
    known = name if cls is Event else event_name(cls)
    if known not in counted and len(counted) >= _NAMES:
        from ami_typed.statistics import OTHERS

        known = OTHERS
    counted[known] = counted.get(known, 0) + count
