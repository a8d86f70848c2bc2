"""`ami-typed record`: record a conversation with a server, to replay it in tests.

Rules owned here:

- Without ``--listen``, the command logs in itself, asks for the lists of ``--ask``, and records every event until it is
  interrupted or ``--seconds`` are over. With ``--listen``, it forwards one connection of a program, and records that.
- The recording is written once, at the end, with the secrets of log-ins redacted; nothing unredacted touches the disk.
- A secret comes from a file, the environment or the terminal, never from an argument.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ami_typed import Error, Manager, Request
from ami_typed.quantities import seconds

if TYPE_CHECKING:
    import argparse

    from ami_typed.testing import Tap

HELP = "Record a conversation with a server, to replay it in tests with Simulator.replay."

FAILED = 2
_PLAIN_PORT, _TLS_PORT = 5038, 5039


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "Without a secret in AMI_TYPED_SECRET_FILE or AMI_TYPED_SECRET, the command prompts for it."
    parser.allow_abbrev = False
    parser.add_argument("host", help="the server's name or address")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, type=Path, help="the file to write")
    parser.add_argument("--port", type=int, help="the server's port (5038, with --tls 5039)")
    parser.add_argument("--tls", action="store_true", help="use TLS, and verify the server's certificate")
    parser.add_argument("--user", default=os.environ.get("AMI_TYPED_USER"), help="the user (AMI_TYPED_USER)")
    parser.add_argument("--secret-file", metavar="FILE", type=Path, help="the file with the secret")
    parser.add_argument("--seconds", type=float, help="how long to record; until Ctrl-C if omitted")
    parser.add_argument(
        "--ask", metavar="ACTION", action="append", default=[], help="an action to send, such as QueueStatus"
    )
    parser.add_argument(
        "--listen", metavar="PORT", type=int, help="record a program that connects to this port instead"
    )
    choices = ("numbers", "addresses")
    parser.add_argument(
        "--redact", action="append", default=[], choices=choices, help="replace these consistently as well"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ami_typed.testing import Tap

    port = options.port or (_TLS_PORT if options.tls else _PLAIN_PORT)
    try:
        duration = None if options.seconds is None else seconds(options.seconds, "--seconds")
        credentials = None if options.listen is not None else _credentials(options)
        with Tap(options.host, port, tls=options.tls, listen=options.listen or 0) as tap:
            if credentials is None:
                print(
                    f"Connect your program to {tap.host}:{tap.port}; recording until it disconnects.", file=sys.stderr
                )
                with contextlib.suppress(KeyboardInterrupt):
                    tap.ended.wait(duration)
            else:
                _record(tap, *credentials, options.ask, duration)
            if tap.failure is not None:
                raise tap.failure
        _write(tap, options)
    except (Error, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


def _record(tap: Tap, user: str, secret: str, ask: list[str], duration: float | None) -> None:
    with Manager() as manager:
        manager.connect(tap.host, tap.port)
        manager.login(user, secret)
        with manager.subscribe("") as stream:  # so that the server sends every event
            for action in ask:
                manager.execute(Request(action))
            print("Recording; Ctrl-C ends it.", file=sys.stderr)
            with contextlib.suppress(KeyboardInterrupt):
                tap.ended.wait(duration)
            stream.close()


def _write(tap: Tap, options: argparse.Namespace) -> None:
    recording = tap.recording(f"{options.host}, {time.strftime('%Y-%m-%d')}")
    if not recording.entries:
        raise ValueError("Nothing was said, so nothing is written.")
    recording.redacted(numbers="numbers" in options.redact, addresses="addresses" in options.redact).write(
        options.output
    )
    print(f"{len(recording.entries)} messages are in {options.output}.", file=sys.stderr)


def _credentials(options: argparse.Namespace) -> tuple[str, str]:
    if not options.user:
        raise ValueError("Recording needs --user, or --listen to record another program.")
    file = options.secret_file or os.environ.get("AMI_TYPED_SECRET_FILE")
    if file:
        return options.user, Path(file).read_text("utf-8").rstrip("\r\n")
    return options.user, os.environ.get("AMI_TYPED_SECRET") or getpass.getpass(f"Secret of {options.user}: ")
