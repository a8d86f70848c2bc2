"""Plays the scenario and writes what was reached: `python -m tests.live.conformance --report docs [RELEASE ...]`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.live import servers
from tests.live.conformance.verdict import reach

HEAD = """# What real servers were made to say

A scenario plays calls, queues, conferences, parking, transfers, registrations, faxes and more on real Asterisk servers, sends
every action that they list, and holds every message against its class: each header must be known, and decode to its type.
`nox -s live` does the same as tests; `python -m tests.live.conformance --report docs` writes this page. Run on {date}.

"""


def main() -> int:
    """Run the command line; return its exit status: 1 where something does not fit."""
    parser = argparse.ArgumentParser(prog="python -m tests.live.conformance", description=__doc__)
    targets = servers.targets()
    parser.add_argument("release", nargs="*", choices=[*targets, []], help="default: all, or the server AMI_TYPED_LIVE")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="where to write live-conformance.md")
    arguments = parser.parse_args()
    verdicts = [reach(release) for release in arguments.release or targets]
    page = HEAD.format(date=datetime.now(UTC).date()) + "\n".join(verdict.table() for verdict in verdicts)
    if arguments.report:
        (arguments.report / "live-conformance.md").write_text(page, "utf-8")
    else:
        print(page)
    wrong = [trouble for verdict in verdicts for trouble in verdict.troubles]
    print(*wrong, sep="\n", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
