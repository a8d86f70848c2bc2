"""What is measured and how it is shown: rounds in turn, their medians, and a table.

Rules of this module:

- What is compared is measured in turn, round after round, so that a slow moment of the machine hits all alike.
- A goal is printed beside its figure and never enforced: other machines have other figures.
"""

from __future__ import annotations

import statistics
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from multiprocessing.connection import Connection

__all__ = ["Figure", "Options", "apart", "as_table", "medians", "percentile"]

T = TypeVar("T")


class Options(NamedTuple):
    """How much to measure.

    Attributes:
        rounds: How often each thing is measured.
        events: The events of the stream.
        pings: The pings, one after the other.
        listed: The channels of the list.
        idle: The connections that only wait.
    """

    rounds: int = 7
    events: int = 100_000
    pings: int = 35_000
    listed: int = 5_000
    idle: int = 1_000


QUICK = Options(rounds=3, events=20_000, pings=2_000)


class Figure(NamedTuple):
    """One line of the result.

    Attributes:
        benchmark: The benchmark that it belongs to.
        what: What was measured.
        value: The median, in ``unit``.
        unit: Its unit.
        floor: What it is compared with, empty where with nothing.
        floor_value: The median of that, in ``unit``.
        goal: What the ratio, or without a floor the value, is to be.
    """

    benchmark: str
    what: str
    value: float
    unit: str
    floor: str = ""
    floor_value: float | None = None
    goal: str = ""

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the floor."""
        return self.value / self.floor_value if self.floor_value else None


def medians(rounds: int, subjects: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Measure each subject once a round; return the median of each."""
    samples = [[subject() for subject in subjects.values()] for _ in range(rounds)]
    return {name: statistics.median(column) for name, column in zip(subjects, zip(*samples, strict=True), strict=True)}


def apart(measure: Callable[..., T], *arguments: Any) -> T:
    """Measure in a process of its own, killed behind it; return what came of it."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_report, args=(theirs, measure, arguments))
    process.start()
    theirs.close()
    try:
        result: T = ours.recv()
    finally:
        process.kill()
        process.join()
    return result


def _report(to: Connection[Any, Any], measure: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    to.send(measure(*arguments))


def percentile(values: list[float], percent: int) -> float:
    """Return the value that ``percent`` % of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def as_table(figures: Iterable[Figure]) -> str:
    """Write figures as text in columns."""
    rows = [("", "value", "floor", "ratio", "goal"), *map(_row, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(figure: Figure) -> tuple[str, str, str, str, str]:
    floor = "" if figure.floor_value is None else f"{figure.floor} {_number(figure.floor_value)}"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    return f"{figure.benchmark}: {figure.what}", f"{_number(figure.value)} {figure.unit}", floor, ratio, figure.goal


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
