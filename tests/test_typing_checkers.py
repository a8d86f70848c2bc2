"""Type checkers accept what is right in `tests/typing/accept`, and refuse each marked line of `tests/typing/reject`.

A mark says what both say: `# refused: <mypy's codes> | <pyright's rules>`, in the order of the alphabet; that something
unknown has no known type, or is not used, counts only where nothing else is wrong. Each checker runs once over all files.
mypy accepts the Python of the pages too.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages import PROGRAMS, Block, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Found = dict[Path, dict[int, str]]
    """What a checker says about each line of each file."""

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
ACCEPTED = sorted((ROOT / "tests/typing/accept").glob("*.py"))
REJECTED = sorted((ROOT / "tests/typing/reject").glob("*.py"))

MARK = re.compile(r"  # refused: (?P<mypy>[a-z, -]+) \| (?P<pyright>[A-Za-z, ]+)$")


@functools.cache
def mypy() -> Found:
    """What mypy says."""
    files = [str(file.relative_to(ROOT)) for file in (*ACCEPTED, *REJECTED)]
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as settings:
        settings.write((ROOT / "pyproject.toml").read_text("utf-8").replace("ignore_errors = true", ""))
        settings.flush()
        said = run(
            "mypy",
            f"--config-file={settings.name}",
            "--no-site-packages",
            "--cache-dir=.mypy_cache/checkers",
            "--no-error-summary",
            "--show-error-codes",
            "--no-pretty",
            *files,
        )
    told = [line for line in said.splitlines() if ": note: " not in line]
    errors = [match for line in told if (match := re.fullmatch(r"(.+?):(\d+): error: .*\[([a-z-]+)\]", line))]
    assert len(errors) == len(told), said
    return gathered((ROOT / match[1], int(match[2]), match[3]) for match in errors)


@functools.cache
def pyright() -> Found:
    """What pyright says about copies of the files; the project's own settings leave rejected files out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        shutil.copytree(ROOT / "tests/typing", folder / "tests/typing", ignore=shutil.ignore_patterns("__pycache__"))
        settings = {"extraPaths": [str(ROOT / "src")], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
        (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
        report = json.loads(run("pyright", "--project", name, "--pythonpath", sys.executable, "--outputjson"))
    assert report["summary"]["filesAnalyzed"] == len(ACCEPTED) + len(REJECTED)
    found = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
    return gathered(
        (ROOT / Path(each["file"]).relative_to(folder), each["range"]["start"]["line"] + 1, each["rule"])
        for each in found
    )


def gathered(errors: Iterable[tuple[Path, int, str]]) -> Found:
    codes: dict[Path, dict[int, set[str]]] = {}
    for file, line, code in errors:
        codes.setdefault(file, {}).setdefault(line, set()).add(code)
    return {file: {line: ", ".join(causes(each)) for line, each in lines.items()} for file, lines in codes.items()}


def causes(codes: set[str]) -> list[str]:
    """Leave out what follows from something else that is wrong with a line."""
    follows = {code for code in codes if code.startswith(("reportUnknown", "reportUnused"))}
    return sorted(codes - follows or codes)


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def marked(file: Path, checker: str) -> dict[int, str]:
    lines = enumerate(file.read_text("utf-8").splitlines(), 1)
    return {number: match[checker] for number, line in lines if (match := MARK.search(line))}


CHECKERS = pytest.mark.parametrize("errors", [mypy, pyright])


@CHECKERS
@pytest.mark.parametrize("file", ACCEPTED, ids=lambda file: file.stem)
def test_valid_programs_are_accepted(errors: Callable[[], Found], file: Path) -> None:
    assert errors().get(file, {}) == {}


@CHECKERS
@pytest.mark.parametrize("file", REJECTED, ids=lambda file: file.stem)
def test_marked_lines_are_rejected_for_their_reason_and_no_others(errors: Callable[[], Found], file: Path) -> None:
    expected = marked(file, errors.__name__)

    assert expected
    assert errors()[file] == expected


def named(block: Block) -> str:
    return block.name


BLOCKS = blocks()


@functools.cache
def mypy_on_pages() -> dict[str, list[str]]:
    """What mypy says of the Python of each page, by the block and with the line of the page."""
    with tempfile.TemporaryDirectory() as folder:
        programs = {f"block_{number}": block for number, block in enumerate(BLOCKS)}
        for name, block in programs.items():
            Path(folder, f"{name}.py").write_text(PROGRAMS[block.name].source(block)[0], "utf-8")
        files = [f"{folder}/{name}.py" for name in programs]
        said = run("mypy", "--cache-dir=.mypy_cache/checkers", "--no-error-summary", "--no-pretty", *files)
    found: dict[str, list[str]] = {}
    for line in said.splitlines():
        where = re.match(r".*?(block_\d+)\.py:(\d+): (.*)", line)
        assert where, said
        block = programs[where[1]]
        begins = PROGRAMS[block.name].source(block)[1]
        found.setdefault(block.name, []).append(f"line {int(where[2]) - begins + block.line}: {where[3]}")
    return found


@pytest.mark.parametrize("block", BLOCKS, ids=named)
def test_the_python_of_the_pages_is_accepted(block: Block) -> None:
    assert mypy_on_pages().get(block.name, []) == []
