"""`python -m codegen release | harvest | sources | build | check | coverage`: commands for maintainers of ami-typed."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import code, coverage, overlay
from .amend import amend
from .facts import load_all
from .harvest import harvest, harvest_into
from .merge import accounts_of_code, carried_over, merge
from .release import arrival, notes, replace_facts, supersede, uncovered
from .render import render
from .resolve import resolve
from .surface import surface
from .trouble import EXIT_STATUS, TroubleError, Troubles
from .twins import twins
from .writer import Difference, compare, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .amend import Amended
    from .facts import Facts

_PACKAGE = Path(__file__).resolve().parent
OUTPUT = _PACKAGE.parent if _PACKAGE.name == "_codegen" else _PACKAGE.parent / "src" / "ami_typed"

COVERAGE_PAGE = _PACKAGE.parent / "docs" / "pages" / "coverage.md"

STALE = 1
UNCOVERED = 1


@dataclass(frozen=True, slots=True)
class Sources:
    """The parsed and merged contents of the folder `spec`."""

    knowledge: overlay.Overlay
    code: tuple[code.CodeFacts, ...]
    amended: Amended


def read(spec: Path) -> Sources:
    """Parse, merge and amend the facts and the overlay.

    Raises:
        TroubleError: The input is invalid; reports every problem found.
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
    for facts in carried_over(sources, releases):
        more += accounts_of_code(facts, releases, carried=True)
    return Sources(knowledge, sources, amend(merge(releases, more), knowledge, str(spec / "facts")))


def build(spec: Path) -> dict[str, str]:
    """Return the generated files of ami-typed by path.

    Raises:
        TroubleError: The facts or the overlay are invalid; reports every problem found.
    """
    return render(surface(resolve(read(spec).amended)))


def measure_coverage(spec: Path) -> coverage.Coverage:
    """Compare the classes of ami_typed with the names in the sources.

    Raises:
        TroubleError: The facts, the overlay or the exceptions are invalid; reports every problem found.
    """
    sources = read(spec)
    exempt = coverage.load_exempt(spec / "coverage.toml")
    return coverage.measure(load_all(spec / "facts"), sources.code, sources.knowledge, sources.amended, exempt)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 on success; 1 if `check` finds stale code, `release` something that the overlay does not
        cover, or `coverage` a name missing without a reason or an exception that is not needed; 2 for troubles.
    """
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "release":
                status = _release(options.file, options.release, options.spec, options.output)
            case "harvest":
                status = _harvest(options.files, options.spec, options.release)
            case "sources":
                status = _sources(options.files, options.spec)
            case "build":
                status = _build(options.spec, options.output)
            case "coverage":
                status = _coverage(options.spec, options.page)
            case _:
                status = _check(options.spec, options.output)
    except TroubleError as error:
        print(error, file=sys.stderr)
        status = EXIT_STATUS
    return status


def _release(file: Path, release: str | None, spec: Path, output: Path) -> int:
    arrived = arrival(harvest(file, release), load_all(spec / "facts"))
    for line in (*replace_facts(arrived, spec / "facts"), "", *arrived.lines(), ""):
        print(line)
    sources = read(spec)
    missing = uncovered(arrived, sources.amended, sources.knowledge)
    files = render(surface(resolve(sources.amended)))
    print(_summary(files, write(files, output), output))
    for line in notes(arrived, sources.code):
        print(line)
    if (spec, output) == (overlay.SPEC, OUTPUT):
        # This process has already imported the old classes.
        subprocess.run([sys.executable, "-m", "codegen", "coverage"], check=False, cwd=_PACKAGE.parent)
    if not missing:
        print("\nThe overlay covers everything.")
        return 0
    print(f"\nNot covered by the overlay, {len(missing)}:")
    for line in missing:
        print(f"  {line}")
    return UNCOVERED


def _harvest(files: list[Path], spec: Path, release: str | None) -> int:
    for path in harvest_into(files, spec / "facts", release):
        print(f"wrote {path}")
    return 0


def _sources(files: list[Path], spec: Path) -> int:
    for path in code.condense_into(files, spec / "code"):
        print(f"wrote {path}")
        for line in supersede(path):
            print(line)
    return 0


def _build(spec: Path, output: Path) -> int:
    files = build(spec) | twins(output)
    difference = write(files, output)
    for line in _written(difference):
        print(line)
    print(_summary(files, difference, output))
    return 0


def _check(spec: Path, output: Path) -> int:
    difference = compare(build(spec) | twins(output), output)
    for line in difference.lines():
        print(line)
    if difference:
        print(f"{output} is out of date; run `python -m codegen build`.")
        return STALE
    print(f"{output} is up to date.")
    return 0


def _coverage(spec: Path, page: Path) -> int:
    found = measure_coverage(spec)
    page.write_text(coverage.page(found), encoding="utf-8", newline="\n")
    print(f"wrote {page}")
    for line in found.missing():
        print(f"missing: {line}")
    for line in found.idle:
        print(f"exempt in {spec / 'coverage.toml'}, but not missing: {line}")
    return UNCOVERED if found.missing() or found.idle else 0


def _written(difference: Difference) -> list[str]:
    return [
        *(f"new: {path}" for path in difference.missing),
        *(f"changed: {path}" for path in difference.differing),
        *(f"removed: {path}" for path in difference.stray),
    ]


def _summary(files: dict[str, str], difference: Difference, output: Path) -> str:
    new, changed, removed = map(len, (difference.missing, difference.differing, difference.stray))
    count = f"{new} new, {changed} changed, {removed} removed." if difference else "nothing changed."
    return f"{output}: {len(files)} files, {count}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m codegen", description="The generator of ami-typed.")
    commands = parser.add_subparsers(dest="command", required=True)
    release = commands.add_parser(
        "release",
        help="import a new release of Asterisk: write its facts, report changes and gaps in the overlay, build",
        epilog="Exit status: 0 if the overlay covers everything, 1 if something is not covered, 2 on errors. If these "
        "are in the overlay, the facts are written, but the code is not.",
    )
    release.add_argument("file", type=Path, metavar="FILE", help=".xml, .xml.gz, or the folder that contains it")
    release.add_argument("--release", help="the documented release, if not part of the file name")
    harvester = commands.add_parser("harvest", help="parse Asterisk's documentation and write spec/facts/")
    harvester.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=".xml, .xml.gz, or the folder that contains it"
    )
    harvester.add_argument("--release", help="the documented release, if not part of the file name")
    sources = commands.add_parser("sources", help="parse scans of Asterisk's sources and write spec/code/")
    sources.add_argument("files", nargs="+", type=Path, metavar="FILE", help="the scan of one release, .json")
    builder = commands.add_parser("build", help="generate the code of ami_typed from spec/, and manager.py from aio.py")
    check = commands.add_parser("check", help="report whether the generated code is up to date")
    covers = commands.add_parser(
        "coverage",
        help="compare the classes of ami_typed with the names in the sources, and write the coverage page",
        epilog="Exit status: 0 on success, 1 if a name is missing without a reason or an exception is not needed.",
    )
    covers.add_argument("--page", type=Path, default=COVERAGE_PAGE, metavar="FILE", help="the page to write")
    for command in (release, harvester, sources, builder, check, covers):
        command.add_argument(
            "--spec", type=Path, default=overlay.SPEC, metavar="DIR", help="the folder that contains facts and overlay"
        )
    for command in (release, builder, check):
        command.add_argument("--output", type=Path, default=OUTPUT, metavar="DIR", help="the folder of ami_typed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
