"""The command line `ami-typed`. Each command is a module with `HELP`, `add_arguments(parser)` and `run(options)`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ami_typed import __version__
from ami_typed.cli import diff, docs, drift, generate, record, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

PIPE_CLOSED = 141
"""The exit status of a program that SIGPIPE ends."""

_COMMANDS = {"diff": diff, "docs": docs, "drift": drift, "generate": generate, "record": record, "simulate": simulate}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command-line arguments without the program's name; by default ``sys.argv[1:]``.

    Returns:
        The exit status: 2 if the arguments or the input are unusable, 141 if what reads the output ended first,
        otherwise the command's own, usually 0.
    """
    parser = argparse.ArgumentParser(prog="ami-typed", description="Typed Python for Asterisk's Manager Interface.")
    parser.add_argument("--version", action="version", version=f"ami-typed {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in _COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    options = parser.parse_args(arguments)
    try:
        status: int = _COMMANDS[options.command].run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # such as `ami-typed docs Status | head`; Python flushes again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return status
