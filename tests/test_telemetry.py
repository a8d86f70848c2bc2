"""A manager that is instrumented makes spans and metrics for OpenTelemetry, with no secret in them; others do not."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import ami_typed as ami
from ami_typed import actions
from ami_typed.telemetry import instrument
from tests.support import PATIENCE, Heard, Server, answer, background, in_a_fresh_process, message
from tests.test_aio import asked, linked, on_a_loop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ami_typed.telemetry import Instrumentation
    from tests.faces import Make


class Exported:
    """What an application exports, kept in memory."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)

    def instrument(self, manager: ami.Manager | ami.AsyncManager, **options: Any) -> Instrumentation:
        return instrument(manager, tracer_provider=self.tracers, meter_provider=self.meters, **options)

    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    def metric(self, name: str) -> dict[tuple[Any, ...], Any]:
        """Return a metric's values by those of its attributes that are not the server's."""
        data = self._reader.get_metrics_data()
        found: dict[tuple[Any, ...], Any] = {}
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points if metric.name == name else ():
                        found[own(point.attributes)] = getattr(point, "value", None) or getattr(point, "count", 0)
        return found

    def close(self) -> None:
        self.tracers.shutdown()
        self.meters.shutdown()


def own(attributes: Mapping[str, Any] | None) -> tuple[Any, ...]:
    return tuple(value for name, value in sorted((attributes or {}).items()) if not name.startswith("server."))


@pytest.fixture
def exported() -> Iterator[Exported]:
    exporting = Exported()
    yield exporting
    exporting.close()


def reply(request: dict[str, str]) -> bytes:
    if request["Action"] == "Hangup":
        return answer(request["ActionID"], "Error", "Message: No such channel")
    return answer(request["ActionID"], "Success", "Ping: Pong")


def of_face(manager: ami.Manager) -> Any:
    """Return the manager itself; one with an event loop is wrapped by the tests."""
    return getattr(manager, "_face", manager)


# Spans


def test_a_request_is_a_span(make: Make, server: Server, exported: Exported) -> None:
    manager = make()
    exported.instrument(of_face(manager))
    server.link(manager).serve(reply)
    manager.send_action(actions.Ping(), "own-id")
    (span,) = exported.spans()
    assert (span.name, span.kind, span.status.status_code) == ("Ping", SpanKind.CLIENT, StatusCode.UNSET)
    assert span.attributes == {
        "ami.action": "Ping",
        "ami.action_id": "own-id",
        "ami.outcome": "answered",
        "server.address": "127.0.0.1",
        "server.port": server.port,
    }


def test_a_refused_request_is_an_error_with_the_servers_reason(make: Make, server: Server, exported: Exported) -> None:
    manager = make()
    exported.instrument(of_face(manager))
    server.link(manager).serve(reply)
    with pytest.raises(ami.ActionFailed):
        manager.execute(actions.Hangup(channel="none"))
    (span,) = exported.spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "No such channel")
    assert span.attributes
    assert (span.attributes["ami.outcome"], span.attributes["error.type"]) == ("failed", "ActionFailed")


def test_an_unanswered_request_has_its_outcome(make: Make, server: Server, exported: Exported) -> None:
    manager = make()
    exported.instrument(of_face(manager))
    peer = server.link(manager)
    with pytest.raises(ami.ActionTimeout):
        manager.execute(ami.Request("Slow"), timeout=0.01)
    sending = background(manager.execute, ami.Request("Lost"))
    peer.request()
    peer.request()
    peer.close()
    assert isinstance(sending.exception(PATIENCE), ami.OutcomeUnknown)
    kinds = {span.name: (span.attributes or {}).get("error.type") for span in exported.spans()}
    assert kinds == {"Slow": "ActionTimeout", "Lost": "OutcomeUnknown"}
    assert all(span.status.status_code is StatusCode.ERROR for span in exported.spans())


def test_no_secret_is_exported(make: Make, server: Server, exported: Exported) -> None:
    manager = make()
    exported.instrument(of_face(manager))
    server.link(manager).serve(reply)
    manager.login("user", "hidden-word", plain=True)
    told = [span.to_json() for span in exported.spans()]
    assert [span.name for span in exported.spans()] == ["Login", "CoreSettings"]
    assert "hidden-word" not in "".join(told)
    assert "user" not in "".join(told)


def test_a_span_is_the_child_of_the_one_that_is_current_in_the_thread_that_sends(
    manager: ami.Manager, server: Server, exported: Exported
) -> None:
    exported.instrument(manager)
    server.link(manager).serve(reply)
    tracer = exported.tracers.get_tracer("the application")

    def work(name: str) -> None:
        with tracer.start_as_current_span(name):
            manager.execute(actions.Ping())

    for name in ("one", "two"):
        background(work, name).result(PATIENCE)
    assert parents(exported) == ["one", "two"]


@on_a_loop
async def test_a_span_is_the_child_of_the_one_that_is_current_in_the_task_that_sends(server: Server) -> None:
    exported = Exported()
    async with linked(server) as (manager, peer):
        exported.instrument(manager)
        tracer = exported.tracers.get_tracer("the application")
        peer.serve(reply)

        async def work(name: str) -> None:
            with tracer.start_as_current_span(name):
                await manager.execute(actions.Ping())

        async with asyncio.TaskGroup() as group:
            for name in ("one", "two"):
                group.create_task(work(name))
        assert sorted(parents(exported)) == ["one", "two"]
    exported.close()


def parents(exported: Exported) -> list[str]:
    names = {span.context.span_id: span.name for span in exported.spans() if span.context}
    return [names[span.parent.span_id] for span in exported.spans() if span.parent]


@on_a_loop
async def test_a_cancelled_request_ends_its_span(server: Server) -> None:
    exported = Exported()
    async with linked(server) as (manager, peer):
        exported.instrument(manager)
        sending = asyncio.create_task(manager.execute(actions.Ping()))
        await asked(peer)
        sending.cancel()
        await asyncio.wait([sending])
        (span,) = exported.spans()
        assert span.attributes
        assert span.attributes["error.type"] == "cancelled"
    exported.close()


def test_an_action_that_is_excluded_is_measured_and_not_traced(make: Make, server: Server, exported: Exported) -> None:
    manager = make()
    exported.instrument(of_face(manager), excluded=["ping"])
    server.link(manager).serve(reply)
    manager.execute(actions.Ping())
    assert exported.spans() == []
    assert exported.metric("ami.client.round_trip.duration") == {("Ping", "answered"): 1}


# Metrics


def test_the_statistics_are_exported(make: Make, server: Server, exported: Exported) -> None:
    manager = make()
    exported.instrument(of_face(manager))
    heard = Heard()
    manager.register_callback("Gadget", heard)
    peer = server.link(manager)
    peer.send(message("Event: Gadget") * 2 + message("Event: Other"))
    heard.next()
    peer.serve(reply)
    manager.execute(actions.Ping())
    manager.send_action(actions.Hangup(channel="none"))
    seen = manager.statistics
    assert exported.metric("ami.client.events") == {("Gadget",): 2}
    assert exported.metric("ami.client.events.unwanted") == {("Other",): 1}
    assert exported.metric("ami.client.messages") == {(): 5}
    assert exported.metric("ami.client.io") == {("receive",): seen.bytes_received, ("transmit",): seen.bytes_sent}
    requests = exported.metric("ami.client.requests")
    assert (requests["answered",], requests["failed",], requests["lost",]) == (1, 1, 0)
    assert exported.metric("ami.client.connections") == {(): 1}
    assert exported.metric("ami.client.round_trip.duration") == {
        ("Ping", "answered"): 1,
        ("Hangup", "failed", "ActionFailed"): 1,
    }


def test_an_uninstrumented_manager_exports_nothing(make: Make, server: Server, exported: Exported) -> None:
    manager = make()
    server.link(manager).serve(reply)
    with exported.instrument(of_face(manager)) as instrumentation:
        manager.execute(actions.Ping())
    instrumentation.uninstrument()
    manager.execute(actions.Ping())
    assert len(exported.spans()) == 1
    assert exported.metric("ami.client.messages") == {}


def test_a_span_that_is_open_ends_when_it_is_taken_back(make: Make, server: Server, exported: Exported) -> None:
    manager = make()
    instrumentation = exported.instrument(of_face(manager))
    peer = server.link(manager)
    sending = background(manager.execute, actions.Ping())
    action_id = peer.action_id()
    instrumentation.uninstrument()
    assert [span.name for span in exported.spans()] == ["Ping"]
    peer.send(answer(action_id, "Success", "Ping: Pong"))
    assert sending.result(PATIENCE)["Response"] == "Success"


def test_several_managers_share_the_instruments(make: Make, exported: Exported, caplog: Any) -> None:
    with Server() as one, Server() as other:
        for server in (one, other):
            manager = make()
            exported.instrument(of_face(manager))
            server.link(manager)
        ports = {point["server.port"] for point in attributes_of(exported, "ami.client.connections")}
        assert ports == {one.port, other.port}
    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []


def attributes_of(exported: Exported, name: str) -> list[Mapping[str, Any]]:
    data: Any = exported._reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    return [point.attributes for metric in metrics if metric.name == name for point in metric.data.data_points]


def test_a_manager_that_is_forgotten_is_not_kept_alive(exported: Exported) -> None:
    manager = ami.Manager()
    exported.instrument(manager)
    forgotten = weakref.ref(manager)
    del manager
    gc.collect()
    assert forgotten() is None
    assert exported.metric("ami.client.messages") == {}


def test_the_global_providers_are_the_default() -> None:
    program = (
        "import ami_typed as ami\n"
        "from ami_typed.telemetry import instrument\n"
        "manager = ami.Manager(); instrument(manager)\n"
        "from opentelemetry import metrics\n"
        "from opentelemetry.sdk.metrics import MeterProvider\n"
        "from opentelemetry.sdk.metrics.export import InMemoryMetricReader\n"
        "reader = InMemoryMetricReader()\n"
        "metrics.set_meter_provider(MeterProvider([reader]))\n"
        "other = ami.Manager(); instrument(other)\n"
        "print(*sorted(m.name for m in reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics))"
    )
    assert "ami.client.messages" in in_a_fresh_process(program)


# Off


def test_nothing_is_loaded_unless_instrumented() -> None:
    program = "import sys, ami_typed; ami_typed.Manager(); print(*(n for n in sys.modules if 'telemetry' in n), '-')"
    assert in_a_fresh_process(program) == ["-"]


def test_a_missing_dependency_is_named_in_the_error() -> None:
    program = "import sys; sys.modules['opentelemetry'] = None; import ami_typed.telemetry"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install 'ami-typed[opentelemetry]'" in done.stderr
