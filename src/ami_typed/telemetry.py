"""OpenTelemetry instrumentation: spans and metrics of a manager, with ``ami-typed[opentelemetry]``.

Rules of this module:

- Nothing else imports it, and an uninstrumented manager does not depend on it.
- Names and units follow OpenTelemetry's semantic conventions. A span carries the action's name, its ActionID, the
  server and the outcome of the request; no other header, hence no secret.
- Instruments are created once per meter provider, since a provider never drops them. They report for the managers
  instrumented at the time, and keep none alive.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from ami_typed.errors import ActionFailed, ActionTimeout

try:
    from opentelemetry import metrics, trace
    from opentelemetry.metrics import Observation
    from opentelemetry.trace import SpanKind, Status, StatusCode
except ImportError as error:
    raise ImportError(
        "ami_typed.telemetry needs opentelemetry-api, which is not installed: pip install 'ami-typed[opentelemetry]'."
    ) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from types import TracebackType
    from typing import Self

    from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from ami_typed.aio import AsyncManager
    from ami_typed.exchanges import Exchange
    from ami_typed.manager import Manager
    from ami_typed.statistics import Statistics

    Value = tuple[int, dict[str, str]]
    Values = Callable[[Statistics], Iterable[Value]]

__all__ = ["Instrumentation", "instrument"]

_SCOPE = "ami_typed"
_BOUNDARIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]
"""In seconds; OpenTelemetry's defaults assume milliseconds."""

_COUNTERS: tuple[tuple[str, str, str, Values], ...] = (
    (
        "ami.client.io",
        "By",
        "Bytes read from and written to the server.",
        lambda seen: [
            (seen.bytes_received, {"network.io.direction": "receive"}),
            (seen.bytes_sent, {"network.io.direction": "transmit"}),
        ],
    ),
    (
        "ami.client.messages",
        "{message}",
        "Messages received from the server: events and responses.",
        lambda seen: [(seen.messages_received, {})],
    ),
    (
        "ami.client.events",
        "{event}",
        "Events that had a subscriber, by name.",
        lambda seen: [(number, {"ami.event": name}) for name, number in seen.events.items()],
    ),
    (
        "ami.client.events.unwanted",
        "{event}",
        "Events without a subscriber, by name.",
        lambda seen: [(number, {"ami.event": name}) for name, number in seen.events_unwanted.items()],
    ),
    (
        "ami.client.events.dropped",
        "{event}",
        "Events dropped because their consumer was too slow.",
        lambda seen: [
            (seen.events_dropped, {"ami.consumer": "callbacks"}),
            (seen.stream_events_dropped, {"ami.consumer": "streams"}),
        ],
    ),
    (
        "ami.client.requests",
        "{request}",
        "Finished requests, by outcome.",
        lambda seen: [
            (seen.requests_answered, {"ami.outcome": "answered"}),
            (seen.requests_failed, {"ami.outcome": "failed"}),
            (seen.requests_timed_out, {"ami.outcome": "timed_out"}),
            (seen.requests_cancelled, {"ami.outcome": "cancelled"}),
            (seen.requests_lost, {"ami.outcome": "lost"}),
            (seen.requests_unsent, {"ami.outcome": "unsent"}),
        ],
    ),
    (
        "ami.client.answers.late",
        "{answer}",
        "Responses received after their request had timed out.",
        lambda seen: [(seen.late_answers, {})],
    ),
    (
        "ami.client.callback.exceptions",
        "{exception}",
        "Exceptions raised by callbacks.",
        lambda seen: [(seen.callback_exceptions, {})],
    ),
    (
        "ami.client.reconnects",
        "{connection}",
        "Successful reconnects.",
        lambda seen: [(seen.reconnects, {})],
    ),
)
"""Counters: name, unit, description, and how to read the value from the statistics."""

_LEVELS: tuple[tuple[str, str, str, Values], ...] = (
    (
        "ami.client.connections",
        "{connection}",
        "Open connections.",
        lambda seen: [(int(seen.connected_since is not None), {})],
    ),
    (
        "ami.client.requests.pending",
        "{request}",
        "Requests waiting for their response.",
        lambda seen: [(seen.requests_pending, {})],
    ),
    (
        "ami.client.queue.depth",
        "{message}",
        "Messages queued for callbacks.",
        lambda seen: [(seen.queue_depth, {})],
    ),
)
"""Gauges, in the same form."""


def instrument(
    manager: Manager | AsyncManager,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    excluded: Collection[str] = (),
) -> Instrumentation:
    """Trace a manager's requests and export its statistics.

    Args:
        manager: The manager, connected or not.
        tracer_provider: The provider of spans; the global one by default.
        meter_provider: The provider of instruments; the global one by default.
        excluded: Names of actions that get no span, such as ``["Ping"]`` with `monitor_connection`.

    Returns:
        The instrumentation. Keep it only if you want to remove it later.
    """
    return Instrumentation(manager, trace.get_tracer(_SCOPE, tracer_provider=tracer_provider), meter_provider, excluded)


class Instrumentation:
    """An instrumented manager, created by `instrument`. Leaving a ``with`` block removes the instrumentation.

    Each request gets a span of kind CLIENT, a child of the span that is current when the request is sent.
    """

    def __init__(
        self,
        manager: Manager | AsyncManager,
        tracer: trace.Tracer,
        meter_provider: MeterProvider | None,
        excluded: Collection[str],
    ) -> None:
        self._manager = weakref.ref(manager)
        self._tracer = tracer
        self._instruments = _Instruments.of(meter_provider)
        self._excluded = frozenset(name.lower() for name in excluded)
        self._spans: dict[Exchange[Any], Span] = {}
        self._instruments.instrumented.add(self)
        manager.add_observer(self)

    def uninstrument(self) -> None:
        """Stop creating spans and exporting metrics. Calling it again has no effect."""
        self._instruments.instrumented.discard(self)
        manager = self._manager()
        if manager is not None:
            manager.remove_observer(self)
        while self._spans:
            self._spans.popitem()[1].end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.uninstrument()

    def server(self) -> dict[str, str | int]:
        """Return the server's address as attributes."""
        manager = self._manager()
        address = manager.address if manager is not None else None
        return {"server.address": address[0], "server.port": address[1]} if address else {}

    def statistics(self) -> Statistics | None:
        """Return the manager's statistics, or `None` if it has been collected."""
        manager = self._manager()
        return manager.statistics if manager is not None else None

    def begun(self, exchange: Exchange[Any], /) -> None:
        """Start a request's span."""
        action = exchange.request.action
        if action.lower() not in self._excluded:
            attributes = {"ami.action": action, "ami.action_id": exchange.action_id, **self.server()}
            self._spans[exchange] = self._tracer.start_span(action, kind=SpanKind.CLIENT, attributes=attributes)

    def settled(self, exchange: Exchange[Any], /) -> None:
        """Record a request's duration, and end its span."""
        outcome = {"ami.outcome": exchange.ending, **_error_of(exchange)}
        if exchange.response is not None:
            attributes = {"ami.action": exchange.request.action, **outcome, **self.server()}
            self._instruments.round_trip.record(exchange.elapsed, attributes)
        span = self._spans.pop(exchange, None)
        if span is not None:
            span.set_attributes(outcome)
            if exchange.ending != "answered":
                span.set_status(Status(StatusCode.ERROR, _reason_of(exchange)))
            span.end()


def _error_of(exchange: Exchange[Any]) -> dict[str, str]:
    """Return the ``error.type`` attribute of a request that did not succeed."""
    if exchange.error is not None:
        return {"error.type": type(exchange.error).__name__}
    kinds = {"failed": ActionFailed.__name__, "timed_out": ActionTimeout.__name__, "unsent": ActionTimeout.__name__}
    return {} if exchange.ending == "answered" else {"error.type": kinds.get(exchange.ending, exchange.ending)}


def _reason_of(exchange: Exchange[Any]) -> str | None:
    if exchange.error is not None:
        return str(exchange.error)
    return exchange.response.message if exchange.response is not None else None


class _Instruments:
    """The instruments of one provider, shared by all managers instrumented with it."""

    _all: ClassVar[weakref.WeakKeyDictionary[MeterProvider, _Instruments]] = weakref.WeakKeyDictionary()
    _global: ClassVar[_Instruments | None] = None
    _lock: ClassVar[Any] = threading.Lock()
    if hasattr(os, "register_at_fork"):  # in a child process, the thread that holds it does not exist
        os.register_at_fork(after_in_child=_lock._at_fork_reinit)

    @classmethod
    def of(cls, provider: MeterProvider | None) -> _Instruments:
        """Return the instruments of a provider, by default of whichever becomes the global one."""
        with cls._lock:
            if provider is None:
                cls._global = cls._global or cls(metrics.get_meter(_SCOPE))
                return cls._global
            if provider not in cls._all:
                cls._all[provider] = cls(provider.get_meter(_SCOPE))
            return cls._all[provider]

    def __init__(self, meter: Meter) -> None:
        self.instrumented: weakref.WeakSet[Instrumentation] = weakref.WeakSet()
        self.round_trip = meter.create_histogram(
            "ami.client.round_trip.duration",
            "s",
            "Time from request to response.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )
        for name, unit, description, values in _COUNTERS:
            meter.create_observable_counter(name, [self._reading(values)], unit, description)
        for name, unit, description, values in _LEVELS:
            meter.create_observable_up_down_counter(name, [self._reading(values)], unit, description)

    def _reading(self, values: Values) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def read(_: CallbackOptions) -> list[Observation]:
            return [
                Observation(value, {**attributes, **each.server()})
                for each in list(self.instrumented)
                if (seen := each.statistics()) is not None
                for value, attributes in values(seen)
            ]

        return read
