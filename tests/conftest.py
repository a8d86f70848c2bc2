"""Fixtures of the runtime's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import registry
from tests.support import KNOWN_EVENTS, Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gadgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the hand-made events of `tests.support` known, for one test."""
    for name, place in KNOWN_EVENTS.items():
        monkeypatch.setitem(registry._EVENTS, name, place)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback that the test drives."""
    with Server() as listening:
        yield listening


@pytest.fixture
def manager() -> Iterator[ami.Manager]:
    """A manager, closed after the test."""
    with ami.Manager() as unconnected:
        yield unconnected
