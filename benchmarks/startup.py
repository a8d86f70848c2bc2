"""Start-up: the time and memory that importing costs, each in a fresh process with warm bytecode."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.measure import Figure, Options, medians

if TYPE_CHECKING:
    from collections.abc import Iterator

_BARE = "pass"
_MANAGER = "import ami_typed; ami_typed.Manager()"
_DOMAIN = "import ami_typed.events.channel"
_ALL = """
import importlib, pkgutil, ami_typed
for kind in ("actions", "events", "responses", "aggregates"):
    package = importlib.import_module(f"ami_typed.{kind}")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"ami_typed.{kind}.{module.name}")
"""
_PROBE = """
import time
started = time.perf_counter()
{statement}
print(time.perf_counter() - started)
try:
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
except OSError:
    print(0)
"""


def run(options: Options) -> Iterator[Figure]:
    """Measure the package with a manager, one domain of events, and everything."""
    subjects = {
        "import ami_typed and a Manager": (_MANAGER, "<= 20 ms", "<= 4 MiB"),
        "one domain (ami_typed.events.channel)": (_DOMAIN, "", ""),
        "every generated module": (_ALL, "", ""),
    }
    rounds = options.rounds * 3
    bare = medians(rounds, {"memory": lambda: _probe(_BARE)[1]})["memory"]
    for what, (statement, time_goal, memory_goal) in subjects.items():
        _probe(statement)  # writes the bytecode
        figures = medians(rounds, {"time": partial(_seconds, statement), "memory": partial(_kibibytes, statement)})
        yield Figure("startup", what, figures["time"] * 1000, "ms", goal=time_goal)
        if bare:
            yield Figure("startup", what, (figures["memory"] - bare) / 1024, "MiB", goal=memory_goal)
    yield from _by_module()


def _seconds(statement: str) -> float:
    return _probe(statement)[0]


def _kibibytes(statement: str) -> float:
    return _probe(statement)[1]


def _probe(statement: str) -> tuple[float, float]:
    """Return the seconds a statement takes and the most memory in KiB of the process (0 where it is not known)."""
    result = _python("-c", _PROBE.format(statement=statement))
    seconds, memory = result.stdout.split()
    return float(seconds), float(memory)


def _by_module() -> Iterator[Figure]:
    """Say what `python -X importtime` says: the whole, and the modules that take most of it themselves."""
    bare = {name for _, name in _import_times(_BARE)}
    own = sorted(((time, name) for time, name in _import_times(_MANAGER) if name not in bare), reverse=True)
    yield Figure("startup", "-X importtime, in all", sum(time for time, _ in own) / 1000, "ms")
    for time, name in own[:6]:
        yield Figure("startup", f"-X importtime, {name} itself", time / 1000, "ms")


def _import_times(statement: str) -> list[tuple[int, str]]:
    result = _python("-X", "importtime", "-c", statement)
    return [(int(time), name) for time, name in re.findall(r"import time: +(\d+) \| +\d+ \| +(\S+)", result.stderr)]


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
