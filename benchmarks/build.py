"""The generator: how long it takes to make the package from the facts of all releases."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.measure import Figure, Options, medians

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(options: Options) -> Iterator[Figure]:
    """Measure `python -m codegen check`, which builds everything in memory and compares it."""
    if importlib.util.find_spec("lxml") is None or importlib.util.find_spec("pydantic") is None:
        print("build: left out, because the extra `codegen` is not installed")
        return
    seconds = medians(min(options.rounds, 3), {"check": _check})["check"]
    yield Figure("build", "python -m codegen check, all releases", seconds, "s", goal="<= 15 s")


def _check() -> float:
    """Return the seconds of one run; whether the committed code is up to date is not this benchmark's question."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "codegen", "check"], capture_output=True, check=False)
    return time.perf_counter() - started
