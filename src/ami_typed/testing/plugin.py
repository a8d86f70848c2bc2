"""The pytest plugin: fixtures with a simulator, and managers that are logged in to it.

Rules of this module:

- It is imported whenever pytest starts, so it imports nothing but pytest: whatever a fixture needs is imported there.
- It needs no other plugin. `ami_async_manager` works with pytest-asyncio, with anyio and with `asyncio.run`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import TracebackType

    from ami_typed import AsyncManager, Manager
    from ami_typed.testing import Simulator

__all__ = ["ami_async_manager", "ami_manager", "ami_simulator", "ami_simulator_options"]

_MARK = "ami_simulator"
_RECORDING = "ami_recording"


class ConnectedLater:
    """An `AsyncManager` that ``async with`` connects to a simulator and logs in."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._manager: AsyncManager | None = None

    async def __aenter__(self) -> AsyncManager:
        from ami_typed import AsyncManager

        simulator = self._simulator
        self._manager = await AsyncManager().__aenter__()
        await self._manager.connect(simulator.host, simulator.port, tls=simulator.tls_for_clients)
        await self._manager.login(simulator.user, simulator.secret)
        return self._manager

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._manager is not None:
            await self._manager.__aexit__(kind, error, trace)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", f"{_MARK}(**options): options of the simulator of this test, such as asterisk='16'; see Simulator"
    )
    config.addinivalue_line(
        "markers",
        f"{_RECORDING}(file, speed=inf): a recording that the simulator replays, relative to the test's module",
    )


@pytest.fixture
def ami_simulator_options() -> dict[str, Any]:
    """Return the options of every simulator: override this fixture in conftest.py."""
    return {}


@pytest.fixture
def ami_simulator(request: pytest.FixtureRequest, ami_simulator_options: dict[str, Any]) -> Iterator[Simulator]:
    """Yield a running `Simulator`, with the options of the marker ``ami_simulator`` if the test has it."""
    from ami_typed.testing import Simulator

    options = dict(ami_simulator_options)
    for mark in reversed(list(request.node.iter_markers(_MARK))):
        options |= mark.kwargs
    with Simulator(**options) as simulator:
        if (recording := request.node.get_closest_marker(_RECORDING)) is not None:
            _replay(simulator, request, recording)
        yield simulator


def _replay(simulator: Simulator, request: pytest.FixtureRequest, mark: pytest.Mark) -> None:
    if len(mark.args) != 1 or set(mark.kwargs) - {"speed"}:
        raise pytest.UsageError(f"{_RECORDING} takes one file, and `speed` if it is not to be played at once.")
    simulator.replay(request.path.parent / mark.args[0], speed=mark.kwargs.get("speed", math.inf))


@pytest.fixture
def ami_manager(ami_simulator: Simulator) -> Iterator[Manager]:
    """Yield a `Manager` that is logged in to the simulator as its first user."""
    from ami_typed import Manager

    with Manager() as manager:
        manager.connect(ami_simulator.host, ami_simulator.port, tls=ami_simulator.tls_for_clients)
        manager.login(ami_simulator.user, ami_simulator.secret)
        ami_simulator.forget()
        yield manager


@pytest.fixture
def ami_async_manager(ami_simulator: Simulator) -> ConnectedLater:
    """Return an `AsyncManager` that is logged in once it is entered: ``async with ami_async_manager as manager``."""
    return ConnectedLater(ami_simulator)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the simulator has received in the report of a failed test."""
    report = yield
    simulator = getattr(item, "funcargs", {}).get("ami_simulator")
    if report.when == "call" and report.failed and simulator is not None:
        report.sections.append(("Actions that ami_simulator has received", simulator.conversation()))
    return report
