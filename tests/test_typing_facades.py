"""Type checkers accept what is right in `tests/typing/accept`, and refuse each marked line of `tests/typing/reject`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Checker = Callable[[Path, Path], set[int]]

ROOT = Path(__file__).parent.parent
ACCEPTED = sorted((ROOT / "tests/typing/accept").glob("*.py"))
REJECTED = sorted((ROOT / "tests/typing/reject").glob("*.py"))

MARK = "  # refused"


def mypy(file: Path, _: Path) -> set[int]:
    """The lines of a file that mypy finds errors in."""
    said = run("mypy", "--no-error-summary", str(file.relative_to(ROOT)))
    assert all(f"{file.relative_to(ROOT)}:" in line for line in said.splitlines()), said
    return {int(line) for line in re.findall(r"^[^:]+:(\d+): error:", said, re.MULTILINE)}


def pyright(file: Path, folder: Path) -> set[int]:
    """The lines of a file that pyright finds errors in; the project's own settings leave rejected files out."""
    shutil.copy(file, folder)
    settings = {"extraPaths": [str(ROOT / "src")], "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    report = json.loads(run("pyright", "--project", str(folder), "--pythonpath", sys.executable, "--outputjson"))
    assert report["summary"]["filesAnalyzed"] == 1
    return {each["range"]["start"]["line"] + 1 for each in report["generalDiagnostics"] if each["severity"] == "error"}


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


CHECKERS = pytest.mark.parametrize("errors_of", [mypy, pyright])


@CHECKERS
@pytest.mark.parametrize("file", ACCEPTED, ids=lambda file: file.stem)
def test_what_is_right_is_accepted(errors_of: Checker, file: Path, tmp_path: Path) -> None:
    assert errors_of(file, tmp_path) == set()


@CHECKERS
@pytest.mark.parametrize("file", REJECTED, ids=lambda file: file.stem)
def test_what_is_marked_is_refused_and_nothing_else(errors_of: Checker, file: Path, tmp_path: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    assert errors_of(file, tmp_path) == {number for number, line in enumerate(lines, 1) if line.endswith(MARK)}
