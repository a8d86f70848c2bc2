"""The interpreters that `nox -s tests` finds."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nox.registry
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

NOXFILE = Path(__file__).parent.parent / "noxfile.py"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A machine without Python; returns what installs one, which runs if its exit status is 0."""
    monkeypatch.setattr(nox.registry, "_REGISTRY", {})
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))

    def install(folder: str, version: str, status: int = 0) -> None:
        program = tmp_path / folder / f"python{version}"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\nexit {status}\n", "ascii")
        program.chmod(0o755)

    return install


def found() -> tuple[list[str], list[str]]:
    """Return which interpreters the noxfile finds, and which it lacks."""
    noxfile: dict[str, Any] = runpy.run_path(str(NOXFILE))
    return noxfile["INSTALLED"], noxfile["ABSENT"]


def test_an_interpreter_on_the_path_is_found(machine: Callable[..., None]) -> None:
    machine("bin", "3.12")
    assert found() == (["3.12"], ["3.11", "3.13", "3.14"])


def test_a_shim_without_an_interpreter_is_ignored(machine: Callable[..., None]) -> None:
    machine("bin", "3.12", 127)
    assert found() == ([], ["3.11", "3.12", "3.13", "3.14"])


def test_pyenvs_interpreters_are_found_and_put_on_the_path(machine: Callable[..., None], tmp_path: Path) -> None:
    machine("bin", "3.13", 127)
    for release in ("3.13.2", "3.13.10", "3.15.0rc1"):
        machine(f"pyenv/versions/{release}/bin", release.rpartition(".")[0])
    machine("pyenv/versions/3.12.1/bin", "3.12", 1)
    assert found() == (["3.13"], ["3.11", "3.12", "3.14"])
    assert os.environ["PATH"].split(os.pathsep) == [
        str(tmp_path / "pyenv/versions/3.13.10/bin"),
        str(tmp_path / "bin"),
    ]


def test_a_release_candidate_of_pyenvs_is_not_taken(machine: Callable[..., None]) -> None:
    machine("pyenv/versions/3.13.0rc1/bin", "3.13")
    assert found() == ([], ["3.11", "3.12", "3.13", "3.14"])
