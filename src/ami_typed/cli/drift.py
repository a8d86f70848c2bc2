"""`ami-typed drift`: what a server sends that ami-typed does not know, as overlay entries to paste.

Rules owned here:

- Every event is inspected, and every response to a request of this command; nothing is sampled. The report says how
  many of the received messages were inspected, and claims nothing beyond that.
- `--all` sends every action that only reads, so that a server shows as much as it can without being changed: actions
  answered with a list or with headers of their own, and without a required parameter. A test lists them.
- Standard output is TOML, or the sentence that nothing unknown was found; everything else goes to standard error.
- A secret comes from a file, the environment or the terminal, never from an argument.
- The exit status is that of diff(1): 0 if everything is known, 1 if something is not, 2 if nothing could be inspected.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from ami_typed import (
    ActionFailed,
    ActionTimeout,
    Error,
    EventsDropped,
    EventTimeout,
    Manager,
    NotInRelease,
    actions,
    catalogue,
)
from ami_typed.drift import Drift, recorded
from ami_typed.quantities import seconds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ami_typed import Event, EventStream, Request
    from ami_typed.drift import DriftReport
    from ami_typed.exchanges import Exchange

HELP = "Show what a server sends that ami-typed does not know, as overlay entries."

KNOWN, UNKNOWN, FAILED = 0, 1, 2
QUIET: Final = 1.0
"""Time that `--all` waits for another event after its last request, in seconds, unless ``--seconds`` is given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Exit status: 0 if nothing unknown was found, 1 if something was, 2 if nothing could be inspected. Defaults "
        "come from AMI_TYPED_HOST, AMI_TYPED_PORT, AMI_TYPED_USER, AMI_TYPED_SECRET_FILE and AMI_TYPED_SECRET; "
        "without a secret the command prompts for it."
    )
    parser.allow_abbrev = False  # --secret must not be a short form of --secret-file
    environ = os.environ.get
    parser.add_argument("--host", default=environ("AMI_TYPED_HOST", "127.0.0.1"), help="the server's name or address")
    parser.add_argument("--port", type=int, default=environ("AMI_TYPED_PORT", "5038"), help="its port (5038)")
    parser.add_argument("--tls", action="store_true", help="use TLS, and verify the certificate")
    parser.add_argument("--user", default=environ("AMI_TYPED_USER"), help="the section of manager.conf")
    parser.add_argument(
        "--secret-file",
        type=Path,
        default=environ("AMI_TYPED_SECRET_FILE"),
        metavar="FILE",
        help="the file that contains its secret",
    )
    parser.add_argument("--seconds", type=_duration, metavar="N", help="how long to listen; by default until Ctrl-C")
    parser.add_argument("--file", type=Path, metavar="DUMP", help="inspect a recorded dialogue instead of a server")
    parser.add_argument(
        "--all",
        action="store_true",
        help="also send every read-only action and inspect the responses; without --seconds, exit when done",
    )


def _duration(text: str) -> float:
    try:
        return seconds(float(text), "--seconds")
    except ValueError:
        import argparse  # already loaded if a command line is being parsed

        raise argparse.ArgumentTypeError("must be a number of seconds, 0 or more") from None


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    try:
        report, seen = _read(options.file) if options.file else _listen(options)
    except (Error, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    if not report:
        print(report)
        return KNOWN
    print(report, file=sys.stderr)
    print(report.as_overlay(seen))
    return UNKNOWN


def _read(file: Path) -> tuple[DriftReport, str]:
    return recorded(file.read_bytes()), f"a recorded dialogue, {file.name}"


def _listen(options: argparse.Namespace) -> tuple[DriftReport, str]:
    """Log in and inspect every event until the time has elapsed; return the report, and a description of the server.

    Raises:
        Error: The server cannot be reached, or refuses the log-in.
        OSError: The secret cannot be read.
    """
    drift = Drift()
    secret = _secret(options)
    with Manager() as manager:
        manager.connect(options.host, options.port, tls=options.tls)
        manager.add_observer(_Answers(drift))
        with manager.subscribe() as stream:
            manager.login(options.user or "", secret)
            seen = f"{manager.release or options.host} live"
            if options.all:
                _ask(manager)
            _watch(stream, drift, QUIET if options.all and options.seconds is None else options.seconds)
            received = manager.statistics.messages_received
    return drift.report(received), seen


class _Answers:
    """Inspects the responses to all requests, and the items of their lists."""

    def __init__(self, drift: Drift) -> None:
        self._drift = drift

    def begun(self, exchange: Exchange[Any], /) -> None:
        """Do nothing: the response is inspected once it is complete."""

    def settled(self, exchange: Exchange[Any], /) -> None:
        """Inspect the response and its list items."""
        if exchange.response is not None:
            self._drift.look_at_answer(exchange.request, exchange.response)
        for events in exchange.events.values() if exchange.events is not None else ():
            for event in cast("list[Event]", events) if isinstance(events, list) else [events]:
                self._drift.take(bytes(event))


def questions() -> Iterator[Request[Any]]:
    """Yield every action that only reads and has no required parameter, by name."""
    for name in sorted(catalogue.ACTIONS):
        cls: type[Any] = getattr(actions, name)
        result = inspect.get_annotations(cls.process_response)["return"]
        if cls.lists or result.startswith("responses."):
            with contextlib.suppress(TypeError, ValueError):  # a parameter is required
                yield cls()


def _ask(manager: Manager) -> None:
    """Send all reading actions that the server lists, and print which it refused.

    Raises:
        ConnectionLost: The connection was lost.
    """
    listed = {name.lower() for name in manager.execute(actions.ListCommands()).commands}
    asked = [each for each in questions() if each.action.lower() in listed]
    refused: list[str] = []
    for question in asked:
        try:
            manager.execute(question)
        except (ActionFailed, ActionTimeout, NotInRelease) as error:
            refused.append(f"{question.action} ({error})")
    failed = f"; failed: {', '.join(refused)}" if refused else ""
    print(f"Sent {len(asked)} read-only actions{failed}.", file=sys.stderr)


def _watch(stream: EventStream[Event], drift: Drift, duration: float | None) -> None:
    deadline = None if duration is None else time.monotonic() + duration
    try:
        while True:
            try:
                drift.take(bytes(stream.get(None if deadline is None else deadline - time.monotonic())))
            except EventsDropped as error:
                print(error, file=sys.stderr)
    except (KeyboardInterrupt, EventTimeout):
        pass
    except Error as error:  # what was received before the loss is still reported
        print(error, file=sys.stderr)


def _secret(options: argparse.Namespace) -> str:
    if options.secret_file:
        return Path(options.secret_file).read_text("utf-8").rstrip("\r\n")
    if secret := os.environ.get("AMI_TYPED_SECRET"):
        return secret
    import getpass

    return getpass.getpass(f"Secret of {options.user}: ")
