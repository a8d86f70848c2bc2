"""What a manager has counted over its life, over however many connections, as a program sees it.

Rules of this module:

- `Statistics` is a snapshot that never changes. Durations are in seconds, sizes in bytes. `Tally` does the counting.
- Names beyond the first thousands are counted together under `OTHERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ami_typed._lazy import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["OTHERS", "Ending", "RoundTrips", "Statistics"]

Ending = Literal["pending", "answered", "failed", "timed_out", "cancelled", "lost", "unsent"]
"""What becomes of a request: it waits; the server did it, or answered with an error; its sender waited too long, or
stopped waiting; the connection ended with the outcome unknown; no byte of it left."""

OTHERS = "(others)"
"""Stands for the names that came when there were too many of them already."""


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
