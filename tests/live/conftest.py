"""The servers that the live tests run against: each test once a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from tests.live import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.servers import ForeignServer, Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder as live."""
    for item in items:
        if item.path.is_relative_to(__file__.rsplit("/", 1)[0]):
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session", params=servers.targets())
def server(request: pytest.FixtureRequest) -> Iterator[Server | ForeignServer]:
    """A running Asterisk."""
    with servers.start(request.param) as started:
        yield started


@pytest.fixture
def manager(server: Server | ForeignServer) -> Iterator[ami.Manager]:
    """A manager logged in as a user who may do everything."""
    with ami.Manager() as connected:
        connected.connect(server.host, server.port)
        connected.login(server.full.name, server.full.secret)
        yield connected
