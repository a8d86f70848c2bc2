"""`python -m codegen harvest | sources | build | check`: the command line for the people who keep ami-typed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import code, overlay
from .amend import amend
from .facts import load_all
from .harvest import harvest_into
from .merge import accounts_of_code, merge
from .render import render
from .resolve import resolve
from .surface import surface
from .trouble import EXIT_STATUS, TroubleError, Troubles
from .writer import Difference, compare, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .facts import Facts

_PACKAGE = Path(__file__).resolve().parent
OUTPUT = _PACKAGE.parent if _PACKAGE.name == "_codegen" else _PACKAGE.parent / "src" / "ami_typed"

STALE = 1


def build(spec: Path) -> dict[str, str]:
    """Return the generated files of ami-typed by path.

    Raises:
        TroubleError: With everything that is wrong with the facts and the overlay.
    """
    troubles = Troubles(str(spec))
    knowledge = overlay.EMPTY
    releases: tuple[Facts, ...] = ()
    sources: tuple[code.CodeFacts, ...] = ()
    with troubles.absorb():
        knowledge = overlay.load(sorted((spec / "overlay").glob("*.toml")))
    with troubles.absorb():
        releases = load_all(spec / "facts")
    if (spec / "code").is_dir():
        with troubles.absorb():
            sources = code.CodeFacts.load_all(spec / "code")
    troubles.check()
    more = [account for facts in sources for account in accounts_of_code(facts, releases)]
    amended = amend(merge(releases, more), knowledge, str(spec / "facts"))
    return render(surface(resolve(amended)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0, 1 where `check` finds stale code, 2 for troubles."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "harvest":
                return _harvest(options.files, options.spec, options.release)
            case "sources":
                return _sources(options.files, options.spec)
            case "build":
                return _build(options.spec, options.output)
            case _:
                return _check(options.spec, options.output)
    except TroubleError as error:
        print(error, file=sys.stderr)
        return EXIT_STATUS


def _harvest(files: list[Path], spec: Path, release: str | None) -> int:
    for path in harvest_into(files, spec / "facts", release):
        print(f"wrote {path}")
    return 0


def _sources(files: list[Path], spec: Path) -> int:
    for path in code.condense_into(files, spec / "code"):
        print(f"wrote {path}")
    return 0


def _build(spec: Path, output: Path) -> int:
    files = build(spec)
    difference = write(files, output)
    for line in _written(difference):
        print(line)
    print(f"{output}: {len(files)} files, {_count(difference)}")
    return 0


def _check(spec: Path, output: Path) -> int:
    difference = compare(build(spec), output)
    for line in difference.lines():
        print(line)
    if difference:
        print(f"{output} is not what would be built; run `python -m codegen build`.")
        return STALE
    print(f"{output} is what would be built.")
    return 0


def _written(difference: Difference) -> list[str]:
    return [
        *(f"new: {path}" for path in difference.missing),
        *(f"changed: {path}" for path in difference.differing),
        *(f"removed: {path}" for path in difference.stray),
    ]


def _count(difference: Difference) -> str:
    if not difference:
        return "nothing changed."
    new, changed, removed = map(len, (difference.missing, difference.differing, difference.stray))
    return f"{new} new, {changed} changed, {removed} removed."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m codegen", description="The generator of ami-typed.")
    commands = parser.add_subparsers(dest="command", required=True)
    harvest = commands.add_parser("harvest", help="read Asterisk's documentation into spec/facts/")
    harvest.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".xml, .xml.gz or the folder it is in")
    harvest.add_argument("--release", help="the release it documents, where its name does not tell")
    sources = commands.add_parser("sources", help="read scans of Asterisk's sources into spec/code/")
    sources.add_argument("files", nargs="+", type=Path, metavar="FILE", help="the scan of one release, .json")
    builder = commands.add_parser("build", help="generate the code of ami_typed from spec/")
    check = commands.add_parser("check", help="tell whether the code is what would be built")
    for command in (harvest, sources, builder, check):
        command.add_argument(
            "--spec", type=Path, default=overlay.SPEC, metavar="DIR", help="the folder of facts and overlay"
        )
    for command in (builder, check):
        command.add_argument("--output", type=Path, default=OUTPUT, metavar="DIR", help="the folder of ami_typed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
