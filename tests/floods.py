"""Floods of events, and what is chosen for where they overflow."""

from __future__ import annotations

from typing import Any

import pytest

import ami_typed as ami
from ami_typed import Overflow
from tests.support import PATIENCE, answer, message

ROOMY = 1 << 30
"""More bytes than any test holds."""

DROPPING = {
    "drop_oldest": Overflow.DROP_OLDEST,
    "drop_newest": Overflow.DROP_NEWEST,
    "block": Overflow.block(PATIENCE),
    "block, then drop_newest": Overflow.block(PATIENCE, then=Overflow.DROP_NEWEST),
    "block for a moment": Overflow.block(0.001),
}
"""What leaves the connection as it is."""

POLICIES = {**DROPPING, "disconnect": Overflow.DISCONNECT}


def one_quick(policies: dict[str, Overflow]) -> list[Any]:
    """Return the policies as parameters of a long test, of which all but the first are exhaustive."""
    return [
        pytest.param(policy, id=name, marks=[pytest.mark.exhaustive] * bool(number))
        for number, (name, policy) in enumerate(policies.items())
    ]


def flood(count: int, start: int = 0, *lines: str) -> bytes:
    """Write so many events, numbered by their size."""
    return b"".join(message("Event: Gadget", f"Size: {number}", *lines) for number in range(start, start + count))


class Flooding:
    """A server's way to answer: so many events first."""

    def __init__(self, count: int, *lines: str) -> None:
        self._sent = 0
        self._count = count
        self._lines = lines

    def __call__(self, request: dict[str, str]) -> bytes:
        start, self._sent = self._sent, self._sent + self._count
        mark = f"Mark: {request.get('Mark', '')}"
        return flood(self._count, start, *self._lines) + answer(request["ActionID"], "Success", mark)


def ask(manager: ami.Manager, mark: object = 0) -> None:
    """Send a request, and look that the answer is its own."""
    answered = manager.execute(ami.Request[Any]("Ping", Mark=str(mark)), timeout=PATIENCE)
    assert answered["Mark"] == str(mark)


def sizes(event: Any) -> list[int | None]:
    """Return what an event tells: its size, or `None` for each that was lost."""
    return [None] * event.count if isinstance(event, ami.EventsLost) else [event.size]


def in_place(told: list[int | None]) -> bool:
    """Whether each number that came came in its place."""
    return all(number in (None, place) for place, number in enumerate(told))
