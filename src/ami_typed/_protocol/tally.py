"""Counts what a manager sees and does, over however many connections.

Rules of this module:

- `Tally` counts reads and requests; events are counted by `sift`, kind by kind, and read from there. Every number is
  changed under one lock of its shell, or on its event loop; reading takes none.
- Nothing grows without bound: names beyond the first thousands are counted together under `OTHERS`, times of answers
  are kept in classes, each a fifth longer than the one before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import floor, inf, log2
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ami_typed.messages import Event, event_name
from ami_typed.statistics import OTHERS, Ending, RoundTrips, Statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ami_typed._speed.plain import Kind

__all__ = ["Tally", "Times"]

_NAMES = 1024
"""How many names are counted one by one; a server or program that uses more makes them up."""
_BATCH = 1024
"""How many requests are counted at once, which costs less than one by one."""
_FINENESS = 4.0
"""Classes of times in each doubling."""
_SHORTEST = 1e-9
"""What stands for no time at all, in seconds: the clock was too coarse."""


class Times:
    """Times, counted in classes; it does not change any more.

    Args:
        times: Some, in seconds.
    """

    __slots__ = ("_classes", "_last", "_maximum", "_minimum", "_total", "number")

    def __init__(self, times: Sequence[float] = ()) -> None:
        self.number = len(times)
        self._total = sum(times)
        self._minimum = min(times, default=inf)
        self._maximum = max(times, default=0.0)
        self._last = times[-1] if times else None
        doublings = map(log2, times if self._minimum > 0 else [each or _SHORTEST for each in times])
        self._classes = Counter(map(floor, map(_FINENESS.__mul__, doublings)))

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
        """Return what was counted."""
        return RoundTrips(
            answers=self.number,
            total=self._total,
            minimum=self._minimum if self.number else None,
            maximum=self._maximum if self.number else None,
            last=self._last,
            histogram=tuple((2 ** ((each + 1) / _FINENESS), count) for each, count in sorted(self._classes.items())),
        )


_Ended = tuple[str, Ending, float]
"""A request that has ended: its action, what became of it, and how long its answer took, in seconds."""
_Counted = dict[tuple[str, Ending], Times]
"""The times of many requests, by action and what became of them."""


class Tally:
    """What one manager counts; its sessions, queues and streams share it.

    Attributes:
        connections: Connections made.
        reconnects: Lost connections made again.
        last_gap: How long the last gap was, in seconds.
        bytes_received: Bytes read.
        bytes_sent: Bytes of requests.
        answers: Messages that are no events.
        requests_sent: Requests of which a byte left.
        late_answers: Answers after their time.
        events_dropped: Messages that the callbacks were too slow for.
        stream_events_dropped: Events that a stream was too full for.
        queue_highest: The most messages that waited for the callbacks.
        callback_exceptions: Exceptions that callbacks raised.
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
        self._requests: tuple[_Counted, list[_Ended]] = {}, []

    def connected(self, gap: float | None = None) -> None:
        """Count a connection that stands; ``gap`` says for how many seconds there was none, where one was lost."""
        self.connections += 1
        if gap is not None:
            self.reconnects += 1
            self.last_gap = gap

    def saw(self, cls: type[Event], name: str, count: int = 1, *, wanted: bool) -> None:
        """Count events of one class and name."""
        _add(self._events if wanted else self._unwanted, cls, name, count)

    def fold(self, kinds: Iterable[Kind]) -> None:
        """Take over what was counted kind by kind, which begins at nothing again."""
        for kind in kinds:
            self.saw(kind.cls, kind.name, kind.count, wanted=kind.wanted)
            kind.count = 0

    def ended(self, action: str, ending: Ending, seconds: float) -> None:
        """Count a request that nobody waits for any more; ``seconds`` is how long its answer took, if one came."""
        recent = self._requests[1]
        recent.append((action, ending, seconds))
        if seconds:
            self._last = seconds
        if len(recent) >= _BATCH:
            self._requests = self._all_requests(), []

    def _all_requests(self) -> _Counted:
        """Return the times of all requests, those of the last few counted with the others."""
        earlier, recent = self._requests
        counted = earlier.copy()
        times: defaultdict[tuple[str, Ending], list[float]] = defaultdict(list)
        for action, ending, seconds in recent.copy():
            key = action, ending
            known = key in counted or key in times or len(counted) + len(times) < _NAMES
            times[key if known else (OTHERS, ending)].append(seconds)
        for key, each in times.items():
            counted[key] = counted.get(key, Times()) + Times(each)
        return counted

    def snapshot(
        self, kinds: Iterable[Kind] = (), *, pending: int = 0, waiting: int = 0, since: datetime | None = None
    ) -> Statistics:
        """Return what was counted.

        Args:
            kinds: The kinds of events that a session counts and has not folded in yet.
            pending: Requests that wait for their answer now.
            waiting: Messages that wait for the callbacks now.
            since: When the current connection was made, `None` if there is none.
        """
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
            round_trips=sum(round_trips.values(), Times()).snapshot()._replace(last=self._last),
            round_trips_by_action=MappingProxyType({action: each.snapshot() for action, each in round_trips.items()}),
        )


def _add(counted: dict[str, int], cls: type[Any], name: str, count: int) -> None:
    """Count under the name that a class has, and that came where there is none."""
    if not count:
        return
    known = name if cls is Event else event_name(cls)
    if known not in counted and len(counted) >= _NAMES:
        known = OTHERS
    counted[known] = counted.get(known, 0) + count
