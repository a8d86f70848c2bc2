"""The conformance scenario: its steps in order, each taken by itself, so that one that fails does not hide the others.

Rules this module owns:

- A step that needs something which the server lacks is not taken, and the outcome says what that is: an action, or on a
  server of the user's the configuration of this project's servers, its accounts, its files.
- What a step leaves behind is hung up before the next one begins; the server is shut down at the end.
"""

from __future__ import annotations

import importlib
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import ami_typed as ami
from tests.live.conformance.stage import MARK
from tests.live.servers import Lacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.conformance.stage import Stage

ORDER = (
    "sessions", "state", "calls", "media", "transfers", "parking", "queues", "agents", "conferences", "recording",
    "phones", "sip", "iax", "voicemail", "slow", "agi", "configuration", "rest", "end",
)  # fmt: skip


class Step(NamedTuple):
    """One step.

    Attributes:
        act: What it does.
        needs: The action without which it makes no sense.
        anywhere: Whether it can be taken on any server: it needs no configuration, and leaves nothing behind.
    """

    act: Callable[[Stage], None]
    needs: str
    anywhere: bool

    @property
    def name(self) -> str:
        """What the step is called."""
        return f"{self.act.__module__.rpartition('.')[2]}.{self.act.__name__}"


class Taken(NamedTuple):
    """What came of a step.

    Attributes:
        name: The step.
        seconds: How long it took.
        failure: Why it failed, empty where it did not.
        lacks: What the server lacks, so that it was not taken, or not to the end; empty where it was.
    """

    name: str
    seconds: float
    failure: str
    lacks: str = ""


def step(*, needs: str = "", anywhere: bool = False) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Mark a function as a step of its module.

    Args:
        needs: The action without which it makes no sense.
        anywhere: Whether any server will do, not only one that is configured by `tests/live/etc`.
    """

    def mark(act: Callable[[Stage], None]) -> Callable[[Stage], None]:
        STEPS.setdefault(act.__module__, []).append(Step(act, needs, anywhere))
        return act

    return mark


STEPS: dict[str, list[Step]] = {}


def steps() -> Iterator[Step]:
    """Yield the steps in order."""
    for name in ORDER:
        module = importlib.import_module(f"tests.live.conformance.steps.{name}")
        yield from STEPS[module.__name__]


def play(stage: Stage) -> list[Taken]:
    """Take all steps that the server has everything for; return what came of all of them."""
    return [take(each, stage) for each in steps()]


def lacking(each: Step, stage: Stage) -> str:
    """Return what a server lacks that a step needs, empty where it lacks nothing."""
    if not each.anywhere and not stage.is_ours:
        return f"the configuration of tests/live/etc, whose dialplan sets {MARK}"
    return "" if not each.needs or stage.has(each.needs) else f"the action {each.needs}"


def take(each: Step, stage: Stage) -> Taken:
    """Take one step, where the server lacks nothing for it."""
    begun = time.monotonic()
    failure = ""
    if lacks := lacking(each, stage):
        return Taken(each.name, 0, "", lacks)
    try:
        stage.begin()
        each.act(stage)
        stage.end()
    except Lacks as error:
        lacks = str(error)
        try_to_end(stage)
    except Exception as error:
        failure = f"{type(error).__name__}: {error} ({traceback.extract_tb(error.__traceback__)[1].line})"
        try_to_end(stage)
    return Taken(each.name, time.monotonic() - begun, failure, lacks)


def try_to_end(stage: Stage) -> None:
    """Clean up behind a step that failed, as far as that goes."""
    with suppress(ami.Error):
        stage.end()
