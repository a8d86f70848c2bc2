"""`ami-typed simulate`: a simulated Asterisk in a terminal, for programs in any language.

Rules owned here:

- Standard output has one line that says where it listens; everything else goes to standard error.
- It runs until it is interrupted or terminated; both are an orderly end, with the exit status 0.
- Without a script, it has one user who may do everything.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from ami_typed import Error

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator
    from types import FrameType

    from ami_typed.testing import Simulator
    from ami_typed.testing.scripts import Script

HELP = "Run a simulated Asterisk for the tests of a program in any language."

FAILED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--asterisk", metavar="RELEASE", help="the release to speak like, such as 16 or 22.10.1")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=5038, help="the port to listen on (5038); 0 for a free one")
    parser.add_argument("--user", default="admin", help="the user, unless the script has users (admin)")
    parser.add_argument("--secret", default="secret", help="the user's secret (secret)")
    parser.add_argument("--tls", action="store_true", help="use TLS, with a certificate for loopback addresses")
    parser.add_argument("--script", metavar="FILE", help="what it is and does, in TOML or Python (.py)")
    parser.add_argument("--show", action="store_true", help="print each action that is received, without secrets")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ami_typed.testing import Simulator
    from ami_typed.testing.scripts import Script

    try:
        script = Script("", {}, _nothing, _nothing) if options.script is None else Script.read(options.script)
        simulator = Simulator(**_options(options, script))
        script.prepare(simulator)
        with simulator:
            _serve(simulator, script, show=options.show)
    except (Error, ValueError, TypeError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


def _nothing(_simulator: Simulator) -> None:
    """Do nothing."""


def _options(options: argparse.Namespace, script: Script) -> dict[str, Any]:
    from ami_typed.testing import User

    users = [User(options.user, options.secret)]
    chosen = {"users": users, "asterisk": "22", **script.options}
    if options.asterisk is not None:
        chosen["asterisk"] = options.asterisk
    return chosen | {"host": options.host, "port": options.port, "tls": options.tls}


def _serve(simulator: Simulator, script: Script, *, show: bool) -> None:
    from ami_typed.testing.simulator.received import shown

    ended = threading.Event()
    simulator.after_login(lambda: _begin(simulator, script))
    if show:
        simulator.observe(lambda action: print(shown(action), file=sys.stderr, flush=True))

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    with _handling(signal.SIGINT, end), _handling(signal.SIGTERM, end):
        print(f"Asterisk {simulator.release}, simulated, listens on {simulator.host}:{simulator.port}.", flush=True)
        ended.wait()


def _begin(simulator: Simulator, script: Script) -> None:
    if script.name.endswith(".py"):
        threading.Thread(target=script.play, args=(simulator,), name=script.name, daemon=True).start()
    else:
        script.play(simulator)


@contextlib.contextmanager
def _handling(number: int, handler: Callable[[int, FrameType | None], None]) -> Generator[None]:
    """Handle a signal for a while."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
