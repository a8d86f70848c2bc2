"""What a build puts where: the part in C of an editable install."""

from __future__ import annotations

import mmap
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

import hatch_build

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, NEW = b"old machine code" * 4096, b"new"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a compiled part that was built before."""
    place = tmp_path / "project" / hatch_build.PACKAGE / "_speed" / "compiled.abi3.so"
    place.parent.mkdir(parents=True)
    place.write_bytes(OLD)
    return place


def build(project: Path, version: str, monkeypatch: pytest.MonkeyPatch, result: Callable[[], bytes]) -> dict[str, Any]:
    """Have the hook build a version of the project with a compiler that gives a result; return the data of the build."""

    def compile_(package: Path, folder: Path) -> dict[str, Path]:
        file = folder / project.name
        file.write_bytes(result())
        return {f"ami_typed/_speed/{project.name}": file}

    monkeypatch.delenv("AMI_TYPED_PURE", raising=False)
    monkeypatch.setattr(hatch_build, "from_c", compile_)
    monkeypatch.setattr(hatch_build, "from_python", no_files)
    root = str(project.parents[3])
    hook = hatch_build.CompiledPart(root, {}, cast("Any", None), cast("Any", None), root, "wheel", cast("Any", App()))
    data: dict[str, Any] = {"force_include": {}}
    hook.initialize(version, data)
    built = [Path(file) for file in data["force_include"]]
    assert [file.read_bytes() for file in built] == [NEW for _ in built]
    hook.finalize(version, data, "")
    assert [file for file in built if file.exists()] == []
    return data


def no_files(*_: object) -> dict[str, Path]:
    return {}


class App:
    """Hatchling's application, as far as the hook uses it."""

    def display_warning(self, warning: str) -> None:
        assert "no compiler" in warning


def test_a_program_that_runs_keeps_the_compiled_part_that_an_editable_install_replaces(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        build(project, "editable", monkeypatch, lambda: NEW)
        assert mapped[:] == OLD
    assert project.read_bytes() == NEW
    assert [each.name for each in project.parent.iterdir()] == [project.name]


def test_a_compiled_part_is_there_at_every_moment_of_an_editable_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    copy = shutil.copy

    def watched(source: Path, target: Path) -> Any:
        copied = copy(source, target)
        seen.append(project.read_bytes())
        return copied

    monkeypatch.setattr(shutil, "copy", watched)
    build(project, "editable", monkeypatch, lambda: NEW)
    assert seen == [OLD]


def test_a_compiler_that_fails_leaves_the_compiled_part_of_an_editable_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bytes:
        raise OSError("no compiler")

    build(project, "editable", monkeypatch, fail)
    assert project.read_bytes() == OLD


def test_a_wheel_takes_the_compiled_part_from_where_it_was_built_and_leaves_the_sources_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = build(project, "standard", monkeypatch, lambda: NEW)
    assert list(data["force_include"].values()) == ["ami_typed/_speed/compiled.abi3.so"]
    assert project.read_bytes() == OLD
    assert not data["pure_python"]
