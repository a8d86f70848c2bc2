"""Statistics of a manager over its lifetime, across all its connections.

Rules of this module:

- `Statistics` is an immutable snapshot. Durations are in seconds, sizes in bytes. `Tally` does the counting.
- Names beyond a maximum number are counted together under `OTHERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ami_typed._lazy import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["OTHERS", "Ending", "RoundTrips", "Statistics"]

Ending = Literal["pending", "answered", "failed", "timed_out", "cancelled", "lost", "unsent"]
"""The outcome of a request: not answered yet; answered with success or with an error; timed out or cancelled by its
sender; unknown because the connection ended; or not sent at all."""

OTHERS = "(others)"
"""The name under which names beyond the maximum are counted together."""


class RoundTrips(NamedTuple):
    """Round-trip times, from submitting a request to reading its answer, in seconds.

    Attributes:
        answers: The number of answers.
        total: The sum of all round-trip times.
        minimum: The shortest time, `None` if there are no answers.
        maximum: The longest time, `None` if there are no answers.
        last: The time of the last answer, `None` if there are no answers.
        histogram: Pairs of a bucket's upper bound and its number of answers, in ascending order, without empty buckets.
            Each upper bound is a fifth greater than the one before.
    """

    answers: int
    total: float
    minimum: float | None
    maximum: float | None
    last: float | None
    histogram: tuple[tuple[float, int], ...]

    @property
    def mean(self) -> float | None:
        """The mean, `None` if there are no answers."""
        return self.total / self.answers if self.answers else None

    @property
    def p50(self) -> float | None:
        """The median, up to a fifth too high; see `percentile`."""
        return self.percentile(0.5)

    @property
    def p99(self) -> float | None:
        """The 99th percentile, up to a fifth too high; see `percentile`."""
        return self.percentile(0.99)

    def percentile(self, share: float) -> float | None:
        """Return the time within which a share of the answers arrived, `None` if there are no answers.

        Args:
            share: The share, from 0 to 1.

        Returns:
            The time in seconds: the upper bound of the answer's histogram bucket, so it may be up to a fifth too high.
        """
        wanted = share * self.answers
        for bound, number in self.histogram:
            wanted -= number
            if wanted <= 0 and self.maximum is not None:
                return min(bound, self.maximum)
        return self.maximum

    def as_dict(self) -> dict[str, Any]:
        """Return all values, including the derived ones, in a form for `json`."""
        derived = {"mean": self.mean, "p50": self.p50, "p99": self.p99}
        return self._asdict() | derived | {"histogram": [list(each) for each in self.histogram]}

    def __str__(self) -> str:
        if not self.answers:
            return "no answers yet"
        told = (("p50", self.p50), ("p99", self.p99), ("max", self.maximum), ("last", self.last))
        return f"{self.answers:,}: {', '.join(f'{name} {_duration(value)}' for name, value in told)}"


class Statistics(NamedTuple):
    """A snapshot of a manager's statistics over all its connections.

    Attributes:
        connected_since: When the current connection was established, `None` if there is none.
        connections: Connections established, including reconnections.
        reconnects: Lost connections that were re-established.
        last_gap: Duration of the last interruption, in seconds; `None` if the connection was never lost.
        bytes_received: Bytes read from the server, after TLS decryption.
        bytes_sent: Bytes of the requests written to the server, before TLS encryption.
        messages_received: Messages from the server: events and answers.
        events: Events by name, for a callback, a stream or the sender of a list action.
        events_unwanted: Events by name that had no recipient.
        requests_sent: Requests of which at least one byte was sent.
        requests_answered: Requests that succeeded.
        requests_failed: Requests that the server answered with an error.
        requests_timed_out: Requests whose answer, or the end of whose list, was not received in time.
        requests_cancelled: Requests whose sender stopped waiting before the time-out.
        requests_lost: Requests whose outcome is unknown because the connection ended.
        requests_unsent: Requests of which no byte was sent, because the connection ended or was blocked until the
            time-out; not included in ``requests_sent``.
        requests_pending: Requests that are currently pending.
        late_answers: Answers received after their request had timed out.
        events_dropped: Messages dropped because callbacks could not keep up.
        stream_events_dropped: Events dropped because their stream was full.
        queue_depth: Messages currently queued for callbacks.
        queue_highest: Maximum of ``queue_depth`` so far.
        callback_exceptions: Exceptions raised by callbacks.
        round_trips: Round-trip times of all answers.
        round_trips_by_action: Round-trip times by action name.
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
        """Return all values in a form for `json`: the time in ISO 8601, round trips as dicts with p50 and p99."""
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
            ("connection", f"{since}; {self.connections:,} established, {self.reconnects:,} of them reconnects{gap}"),
            ("received", f"{self.bytes_received:,} bytes in {self.messages_received:,} messages"),
            ("sent", f"{self.bytes_sent:,} bytes in {self.requests_sent:,} requests"),
            ("requests", self._outcomes()),
            ("round trips", str(self.round_trips)),
            *((f"  {action}", str(times)) for action, times in slowest),
            ("callbacks", f"{self.queue_depth:,} messages queued, {self.queue_highest:,} at most"),
            ("exceptions", f"{self.callback_exceptions:,} raised by callbacks"),
            ("dropped", f"{self.events_dropped:,} before callbacks, {self.stream_events_dropped:,} in streams"),
            ("events", f"{sum(self.events.values()):,} delivered"),
            *_commonest(self.events),
            ("unwanted", f"{sum(self.events_unwanted.values()):,} events without a subscriber"),
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
