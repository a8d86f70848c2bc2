"""What a manager has counted over its life, over however many connections.

Rules of this module:

- `Tally` counts reads and requests; events are counted by who sorts them, kind by kind, and read from there. Every
  number is changed under one lock of its shell's, or on its event loop; reading takes none.
- `Statistics` is what a moment showed; it does not change any more. Durations are seconds, sizes bytes.
- Nothing grows without bound: names beyond the first thousands are counted together under `OTHERS`, times of answers
  are kept in classes, each a fifth longer than the one before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import floor, inf, log2
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ami_typed.messages import Event, event_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ami_typed._protocol.session import Session
    from ami_typed._speed.plain import Kind

__all__ = ["OTHERS", "Ending", "RoundTrips", "Statistics", "Tally", "Times"]

Ending = Literal["pending", "answered", "failed", "timed_out", "cancelled", "lost", "unsent"]
"""What becomes of a request: it waits; the server did it, or answered with an error; its sender waited too long, or
stopped waiting; the connection ended with the outcome unknown; no byte of it left."""

OTHERS = "(others)"
"""Stands for the names that came when there were too many of them already."""
_NAMES = 1024
"""How many names are counted one by one; a server or program that uses more makes them up."""
_BATCH = 1024
"""How many requests are counted at once, which costs less than one by one."""
_FINENESS = 4.0
"""Classes of times in each doubling."""
_SHORTEST = 1e-9
"""What stands for no time at all, in seconds: the clock was too coarse."""


class RoundTrips(NamedTuple):
    """How long answers took, from handing the request in to reading its answer, in seconds.

    Attributes:
        answers: How many answers came.
        total: The sum of their times.
        minimum: The shortest, `None` where none came.
        maximum: The longest, `None` where none came.
        last: That of the last answer, `None` where none came.
        histogram: How many answers were in each class of times: its upper bound and the number, shortest first, classes
            without an answer left out. Each class is a fifth longer than the one before.
    """

    answers: int
    total: float
    minimum: float | None
    maximum: float | None
    last: float | None
    histogram: tuple[tuple[float, int], ...]

    @property
    def mean(self) -> float | None:
        """The mean, `None` where no answer came."""
        return self.total / self.answers if self.answers else None

    @property
    def p50(self) -> float | None:
        """The median, up to a fifth too long; see `percentile`."""
        return self.percentile(0.5)

    @property
    def p99(self) -> float | None:
        """What 99 of 100 answers took at most, up to a fifth too long; see `percentile`."""
        return self.percentile(0.99)

    def percentile(self, share: float) -> float | None:
        """Return what a share of the answers took at most, `None` where no answer came.

        Args:
            share: The share, from 0 to 1.

        Returns:
            Seconds: the upper bound of the class of times in which that answer is, so up to a fifth too long.
        """
        wanted = share * self.answers
        for bound, number in self.histogram:
            wanted -= number
            if wanted <= 0 and self.maximum is not None:
                return min(bound, self.maximum)
        return self.maximum

    def as_dict(self) -> dict[str, Any]:
        """Return everything, what is derived as well, as `json` takes it."""
        derived = {"mean": self.mean, "p50": self.p50, "p99": self.p99}
        return self._asdict() | derived | {"histogram": [list(each) for each in self.histogram]}

    def __str__(self) -> str:
        if not self.answers:
            return "no answer yet"
        told = (("p50", self.p50), ("p99", self.p99), ("max", self.maximum), ("last", self.last))
        return f"{self.answers:,}: {', '.join(f'{name} {_duration(value)}' for name, value in told)}"


class Statistics(NamedTuple):
    """What a manager has seen and done so far, over all its connections; a snapshot.

    Attributes:
        connected_since: When the connection that stands was made, `None` where none does.
        connections: How many connections were made, those made again among them.
        reconnects: How often a lost connection was made again.
        last_gap: How long there was no connection the last time, in seconds, `None` where it was never lost.
        bytes_received: Bytes read from the server, behind TLS.
        bytes_sent: Bytes of the requests written to the server, before TLS.
        messages_received: Messages from the server: events and answers.
        events: How many events of each name came for a callback, a stream or the sender of a list action.
        events_unwanted: How many of each name came that nobody asked for.
        requests_sent: Requests of which a byte left.
        requests_answered: Those that the server did what they asked for.
        requests_failed: Those that it answered with an error.
        requests_timed_out: Those whose sender waited too long for the answer, or for the end of its list.
        requests_cancelled: Those whose sender stopped waiting before.
        requests_lost: Those whose outcome is unknown because the connection ended.
        requests_unsent: Requests of which no byte left, because the connection ended or took none in time; not among
            ``requests_sent``.
        requests_pending: Requests that wait for their answer now.
        late_answers: Answers that came after their request had timed out.
        events_dropped: Messages that were dropped because the callbacks were too slow.
        stream_events_dropped: Events that were dropped because their stream was full.
        queue_depth: Messages that wait for the callbacks now.
        queue_highest: The most that ever waited for them.
        callback_exceptions: How often a callback raised an exception.
        round_trips: How long answers took.
        round_trips_by_action: The same by the action's name.
    """

    connected_since: datetime | None
    connections: int
    reconnects: int
    last_gap: float | None
    bytes_received: int
    bytes_sent: int
    messages_received: int
    events: Mapping[str, int]
    events_unwanted: Mapping[str, int]
    requests_sent: int
    requests_answered: int
    requests_failed: int
    requests_timed_out: int
    requests_cancelled: int
    requests_lost: int
    requests_unsent: int
    requests_pending: int
    late_answers: int
    events_dropped: int
    stream_events_dropped: int
    queue_depth: int
    queue_highest: int
    callback_exceptions: int
    round_trips: RoundTrips
    round_trips_by_action: Mapping[str, RoundTrips]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as `json` takes it: the time in ISO 8601, round trips as dicts with p50 and p99."""
        by_action = {action: times.as_dict() for action, times in self.round_trips_by_action.items()}
        return self._asdict() | {
            "connected_since": self.connected_since and self.connected_since.isoformat(),
            "events": dict(self.events),
            "events_unwanted": dict(self.events_unwanted),
            "round_trips": self.round_trips.as_dict(),
            "round_trips_by_action": by_action,
        }

    def __str__(self) -> str:
        since = f"since {self.connected_since:%Y-%m-%d %H:%M:%S %Z}" if self.connected_since else "not connected"
        gap = "" if self.last_gap is None else f", last gap {self.last_gap:.3f} s"
        slowest = sorted(self.round_trips_by_action.items(), key=lambda each: -each[1].total)
        lines = [
            ("connection", f"{since}; {self.connections:,} made, {self.reconnects:,} of them again{gap}"),
            ("received", f"{self.bytes_received:,} bytes in {self.messages_received:,} messages"),
            ("sent", f"{self.bytes_sent:,} bytes in {self.requests_sent:,} requests"),
            ("requests", self._outcomes()),
            ("round trips", str(self.round_trips)),
            *((f"  {action}", str(times)) for action, times in slowest),
            ("callbacks", f"{self.queue_depth:,} messages wait, {self.queue_highest:,} at most"),
            ("exceptions", f"{self.callback_exceptions:,} of callbacks"),
            ("dropped", f"{self.events_dropped:,} before callbacks, {self.stream_events_dropped:,} in streams"),
            ("events", f"{sum(self.events.values()):,} delivered"),
            *_commonest(self.events),
            ("unwanted", f"{sum(self.events_unwanted.values()):,} events that nobody asked for"),
            *_commonest(self.events_unwanted),
        ]
        width = max(len(title) for title, _ in lines)
        return "\n".join(f"{title:<{width}}  {text}" for title, text in lines)

    def _outcomes(self) -> str:
        named = (
            (self.requests_answered, "answered"),
            (self.requests_failed, "failed"),
            (self.requests_timed_out, "timed out"),
            (self.requests_cancelled, "cancelled"),
            (self.requests_lost, "lost"),
            (self.requests_unsent, "unsent"),
            (self.requests_pending, "pending"),
        )
        return f"{', '.join(f'{number:,} {word}' for number, word in named)}; {self.late_answers:,} late answers"


def _commonest(counted: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(f"  {name}", f"{number:,}") for name, number in sorted(counted.items(), key=lambda each: (-each[1], each))]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    unit, scale = ("us", 1e6) if seconds < 0.001 else ("ms", 1e3) if seconds < 1 else ("s", 1)
    return f"{seconds * scale:.3g} {unit}"


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

    def snapshot(self, *, since: datetime | None, session: Session | None, waiting: int) -> Statistics:
        """Return what was counted.

        Args:
            since: When the connection that stands was made.
            session: The conversation that is going on.
            waiting: Messages that wait for the callbacks now.
        """
        events, unwanted = self._events.copy(), self._unwanted.copy()
        for kind in session.kinds if session else ():
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
            requests_pending=session.pending if session else 0,
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
