"""Fixtures of the runtime's tests."""

from __future__ import annotations

import asyncio
import copy
import gc
import socket
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

import ami_typed as ami
from ami_typed import registry
from ami_typed._speed import forms
from ami_typed.messages import DEFINED
from tests.faces import FACES, LOOPS, maker, new_event_loop
from tests.support import CERTIFICATE, KNOWN_EVENTS, PATIENCE, Meddled, Pair, Server

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from tests.faces import Make


settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # how long an example takes is no matter of a test's


def pytest_report_header() -> str:
    """Say what is tested."""
    return f"ami-typed: {Path(ami.__file__).parent}; compiled: {forms()}"


@pytest.fixture(autouse=True, scope="module")
def collected() -> None:
    """Leave what is there before a module's tests out of every `gc.collect()` in them: that is most of the time it takes."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def definitions() -> Iterator[None]:
    """Forget after each test what it has defined."""
    tables: list[dict[str, Any]] = [DEFINED.events, DEFINED.sorts, DEFINED.aggregates]
    before = copy.deepcopy(tables)  # which copies tables, not classes
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


@pytest.fixture
def gadgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the hand-made events of `tests.support` known, for one test."""
    for name, place in KNOWN_EVENTS.items():
        monkeypatch.setitem(registry._EVENTS, name, place)


@pytest.fixture
def abroad(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the client live where no server of the tests does."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback that the test drives."""
    with Server() as listening:
        yield listening


@pytest.fixture(params=FACES)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """What makes managers: once those with threads, once those with an event loop."""
    with maker(request.param) as make_manager:
        yield make_manager


@pytest.fixture(params=LOOPS)
def event_loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `asyncio.run` use asyncio's own event loop, and then uvloop's."""
    if request.param == "asyncio":
        return

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=partial(new_event_loop, request.param)) as runner:
            return runner.run(main)

    monkeypatch.setattr(asyncio, "run", run)
    monkeypatch.setattr(asyncio, "new_event_loop", partial(new_event_loop, request.param))


@pytest.fixture
def manager() -> Iterator[ami.Manager]:
    """A manager, closed after the test."""
    with ami.Manager() as unconnected:
        yield unconnected


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(PATIENCE)
    with Meddled(fileno=ours.detach()) as meddled, theirs:
        yield meddled, theirs


@pytest.fixture
def certificate(tmp_path: Path) -> str:
    """The path of the server's key and certificate."""
    path = tmp_path / "certificate.pem"
    path.write_text(CERTIFICATE, "ascii")
    return str(path)
