"""`ami-typed drift`: what a server sends that ami-typed does not know, as overlay entries to paste.

Rules owned here:

- Every event is looked at, of a live server as of a recorded dialogue.
- Standard output holds nothing but TOML, or the sentence that all is known; what it is about is told on standard error.
- A secret comes from a file, the environment or the terminal, never from an argument.
- The exit status is that of diff(1): 0 where all is known, 1 where something is not, 2 where nobody could look.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ami_typed import Error, EventsDropped, EventTimeout, Manager
from ami_typed.drift import Drift, recorded

if TYPE_CHECKING:
    import argparse

    from ami_typed import Event, EventStream
    from ami_typed.drift import DriftReport

HELP = "Show what a server sends that ami-typed does not know, as overlay entries."

KNOWN, UNKNOWN, CANNOT_LOOK = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Exit status: 0 where everything is known, 1 where something is not, 2 where nobody could look. What is not "
        "given is taken from AMI_TYPED_HOST, AMI_TYPED_PORT, AMI_TYPED_USER, AMI_TYPED_SECRET_FILE and "
        "AMI_TYPED_SECRET; a secret that is nowhere is asked for."
    )
    parser.allow_abbrev = False  # --secret is to be no short form of anything
    told = os.environ.get
    parser.add_argument("--host", default=told("AMI_TYPED_HOST", "127.0.0.1"), help="the server's name or address")
    parser.add_argument("--port", type=int, default=told("AMI_TYPED_PORT", "5038"), help="its port (5038)")
    parser.add_argument("--tls", action="store_true", help="speak TLS, and verify the certificate")
    parser.add_argument("--user", default=told("AMI_TYPED_USER"), help="the section of manager.conf")
    parser.add_argument(
        "--secret-file", type=Path, default=told("AMI_TYPED_SECRET_FILE"), metavar="FILE", help="where its secret is"
    )
    parser.add_argument("--seconds", type=float, metavar="N", help="how long to listen; else until Ctrl-C")
    parser.add_argument("--file", type=Path, metavar="DUMP", help="look at a recorded dialogue instead of a server")


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    try:
        report, seen = _read(options.file) if options.file else _listen(options)
    except (Error, OSError) as error:
        print(error, file=sys.stderr)
        return CANNOT_LOOK
    if not report:
        print(report)
        return KNOWN
    print(report, file=sys.stderr)
    print(report.as_overlay(seen))
    return UNKNOWN


def _read(file: Path) -> tuple[DriftReport, str]:
    return recorded(file.read_bytes()), f"a recorded dialogue, {file.name}"


def _listen(options: argparse.Namespace) -> tuple[DriftReport, str]:
    """Log in and look at every event until the time is up; return what was found, and where.

    Raises:
        Error: The server is not there, or does not let this user in.
        OSError: The secret cannot be read.
    """
    drift = Drift()
    secret = _secret(options)
    with Manager() as manager:
        manager.connect(options.host, options.port, tls=options.tls)
        with manager.subscribe() as stream:
            manager.login(options.user or "", secret)
            seen = f"{manager.release or options.host} live"
            _watch(stream, drift, options.seconds)
    return drift.report(), seen


def _watch(stream: EventStream[Event], drift: Drift, seconds: float | None) -> None:
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        while True:
            try:
                drift.take(bytes(stream.get(None if deadline is None else deadline - time.monotonic())))
            except EventsDropped as error:
                print(error, file=sys.stderr)
    except (KeyboardInterrupt, EventTimeout):
        pass
    except Error as error:  # what came before the connection was lost is told all the same
        print(error, file=sys.stderr)


def _secret(options: argparse.Namespace) -> str:
    if options.secret_file:
        return Path(options.secret_file).read_text("utf-8").rstrip("\r\n")
    if secret := os.environ.get("AMI_TYPED_SECRET"):
        return secret
    import getpass

    return getpass.getpass(f"Secret of {options.user}: ")
