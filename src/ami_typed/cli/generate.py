"""`ami-typed generate`: a typed package for the actions and events of custom Asterisk modules.

The generator itself is the extra `codegen`; this module finds it, or says what to install.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

HELP = "Write a package with the actions and events that an Asterisk documents and ami-typed lacks."

_NEEDS = ("lxml", "pydantic", "jinja2", "ruff")
# Inside the wheel, or beside src/ in a clone.
_GENERATORS = ("ami_typed._codegen", "codegen")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="core-en_US.xml of that Asterisk, plain or .gz, or the folder that contains it",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="PACKAGE_DIR", help="the folder of the package to write"
    )
    parser.add_argument(
        "--release", help="restrict the package to this release's branch, such as 22.10.1; by default every release"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    if any(importlib.util.find_spec(name) is None for name in _NEEDS):
        print("The generator is not installed; install it with: pip install 'ami-typed[codegen]'", file=sys.stderr)
        return 2
    generator = next(name for name in _GENERATORS if importlib.util.find_spec(name) is not None)
    return _generate(generator, options)


def _generate(generator: str, options: argparse.Namespace) -> int:
    trouble = importlib.import_module(f"{generator}.trouble")
    try:
        done = importlib.import_module(f"{generator}.generate").generate(options.file, options.output, options.release)
    except trouble.TroubleError as error:
        print(error, file=sys.stderr)
        status: int = trouble.EXIT_STATUS
        return status
    for line in _report(done, options.output):
        print(line)
    return 0


def _report(done: Any, output: Path) -> list[str]:
    """Return a report of what was found and written; `done` is a `codegen.generate.Generated`."""
    known = f"ami-typed already has {done.known} of the actions and events."
    if done.difference is None:
        return [f"{known} There is nothing to generate, and nothing was written."]
    written = len(done.difference.missing) + len(done.difference.differing) + len(done.difference.stray)
    return [
        *(f"action {name}" for name in done.actions),
        *(f"event {name}" for name in done.events),
        known,
        f"{output}: {len(done.actions)} actions, {len(done.events)} events, {written} files changed.",
        f"`import {output.name}` registers them with every manager.",
    ]
