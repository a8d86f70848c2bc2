"""Command line of the live servers: `python -m tests.live build | start`."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.live import rootfs
from tests.live.rootfs import LiveServerError
from tests.live.servers import Server


def main() -> int:
    """Run the command line; return its exit status."""
    arguments = parser().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        if arguments.command == "build":
            build(arguments.release or list(rootfs.RECIPES))
        else:
            run(arguments.release)
    except LiveServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        rootfs.say("stopped")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog="python -m tests.live", description="Real Asterisk servers on loopback.")
    commands = result.add_subparsers(dest="command", required=True)
    build_parser = commands.add_parser("build", help="build the root file systems into the cache")
    build_parser.add_argument("release", nargs="*", choices=[*rootfs.RECIPES, []], help="default: all")
    start_parser = commands.add_parser("start", help="run a server until Ctrl-C")
    start_parser.add_argument("release", nargs="?", choices=list(rootfs.RECIPES), default=next(iter(rootfs.RECIPES)))
    return result


def build(releases: list[str]) -> None:
    """Build what the cache does not have."""
    for release in releases:
        rootfs.say(f"Asterisk {release} is in {rootfs.ensure(release)}")


def run(release: str) -> None:
    """Run one server in the foreground."""
    rootfs.say(f"starting Asterisk {release}")
    with Server.start(release) as server:
        print(description(server), flush=True)
        server.wait()
        raise LiveServerError(f"Asterisk {release} has ended by itself.")


def description(server: Server) -> str:
    """Return what a person needs to use a server."""
    users = "\n".join(f"  {user.name:10} {user.secret}" for user in server.users.values())
    ports = "  ".join(f"{name} {port}" for name, port in vars(server.ports).items())
    return (
        f"Asterisk {server.version} (Debian {server.debian_version}) runs on {server.host}; Ctrl-C stops it.\n"
        f"Ports: {ports}\n"
        f"Manager users and their secrets:\n{users}\n"
        f"SIP and IAX2 accounts' secret: {server.phone.secret}\n"
        f"Log: {server.log}\n"
        f"Try: python examples/demo.py {server.host} {server.port} {server.full.name} {server.full.secret}"
    )


if __name__ == "__main__":
    sys.exit(main())
