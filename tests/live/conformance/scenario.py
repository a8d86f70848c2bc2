"""The conformance scenario: its steps in order, each taken by itself, so that one that fails does not hide the others.

Rules this module owns:

- A step that needs an action which the server does not have is not taken.
- What a step leaves behind is hung up before the next one begins; the server is shut down at the end.
"""

from __future__ import annotations

import importlib
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import ami_typed as ami

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.conformance.stage import Stage

ORDER = (
    *("sessions", "state", "calls", "media", "transfers", "parking", "queues", "agents", "conferences", "recording"),
    *("phones", "sip", "iax", "voicemail", "slow", "agi", "configuration", "rest", "end"),
)


class Step(NamedTuple):
    """One step: what it does, and the action without which it makes no sense."""

    act: Callable[[Stage], None]
    needs: str

    @property
    def name(self) -> str:
        """What the step is called."""
        return f"{self.act.__module__.rpartition('.')[2]}.{self.act.__name__}"


class Taken(NamedTuple):
    """A step that was taken: how long it took, in seconds, and why it failed, empty where it did not."""

    name: str
    seconds: float
    failure: str


def step(*, needs: str = "") -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Mark a function as a step of its module.

    Args:
        needs: The action without which it makes no sense.
    """

    def mark(act: Callable[[Stage], None]) -> Callable[[Stage], None]:
        STEPS.setdefault(act.__module__, []).append(Step(act, needs))
        return act

    return mark


STEPS: dict[str, list[Step]] = {}


def steps() -> Iterator[Step]:
    """Yield the steps in order."""
    for name in ORDER:
        module = importlib.import_module(f"tests.live.conformance.steps.{name}")
        yield from STEPS[module.__name__]


def play(stage: Stage) -> list[Taken]:
    """Take all steps; return what came of them."""
    return [take(each, stage) for each in steps() if not each.needs or stage.has(each.needs)]


def take(each: Step, stage: Stage) -> Taken:
    """Take one step."""
    begun = time.monotonic()
    failure = ""
    try:
        stage.begin()
        each.act(stage)
        stage.end()
    except Exception as error:
        failure = f"{type(error).__name__}: {error} ({traceback.extract_tb(error.__traceback__)[1].line})"
        try_to_end(stage)
    return Taken(each.name, time.monotonic() - begun, failure)


def try_to_end(stage: Stage) -> None:
    """Clean up behind a step that failed, as far as that goes."""
    with suppress(ami.Error):
        stage.end()
