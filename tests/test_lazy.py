"""A lazy namespace loads a module when one of its names is first asked for, and never before."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ami_typed._lazy import namespace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a module `tools` that nobody has imported yet."""
    name = "ami_typed_lazy_example"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("", "utf-8")
    (tmp_path / name / "tools.py").write_text("hammer = object()\n", "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    for loaded in (name, f"{name}.tools"):
        monkeypatch.delitem(sys.modules, loaded, raising=False)
    importlib.import_module(name)
    return name


def test_a_module_is_loaded_when_its_name_is_asked_for(package: str) -> None:
    load, _ = namespace(package, {}, {"hammer": "tools"})
    assert f"{package}.tools" not in sys.modules
    assert load("hammer") is sys.modules[f"{package}.tools"].hammer


def test_a_name_that_is_a_module_is_that_module(package: str) -> None:
    load, _ = namespace(package, {}, {"tools": ""})
    assert load("tools") is sys.modules[f"{package}.tools"]


def test_a_name_is_looked_up_once(package: str) -> None:
    found: dict[str, Any] = {}
    load, _ = namespace(package, found, {"hammer": "tools"})
    hammer = load("hammer")
    assert found == {"hammer": hammer}


def test_a_misspelt_name_is_an_attribute_error(package: str) -> None:
    load, _ = namespace(package, {}, {"hammer": "tools"})
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'hamer'") as error:
        load("hamer")
    assert error.value.name == "hamer"
    assert f"{package}.tools" not in sys.modules


def test_all_names_are_listed_before_they_are_loaded(package: str) -> None:
    _, names = namespace(package, {"here": 1}, {"hammer": "tools", "anvil": "tools"})
    assert names() == ["anvil", "hammer", "here"]
    assert f"{package}.tools" not in sys.modules
