"""Run the benchmarks: ``python -m benchmarks [NAME ...] [--quick] [--json FILE]``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
from pathlib import Path

from ami_typed._speed import forms
from benchmarks.measure import QUICK, Figure, Options, as_table

NAMES = ("stream", "ping", "listing", "idle", "startup", "build", "live")


def main() -> None:
    arguments = _arguments()
    options = QUICK if arguments.quick else Options()
    python = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.platform()}"
    machine = f"{python}; of ami-typed is compiled: {forms()}"
    print(machine)
    figures: list[Figure] = []
    for name in arguments.names or NAMES:
        found: list[Figure] = list(importlib.import_module(f"benchmarks.{name}").run(options))
        print(as_table(found), end="\n\n", flush=True)
        figures += found
    if arguments.json:
        result = {"machine": machine, "figures": [{**each._asdict(), "ratio": each.ratio} for each in figures]}
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="measure less, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
