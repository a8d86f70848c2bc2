"""Which form of the fast functions is in use."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Generic, Protocol

import pytest

from ami_typed import _speed


def by_mypyc() -> tuple[str, ...]:
    """The modules that the build hook has compiled; it is not imported, because that needs what builds."""
    hook = (Path(__file__).parents[1] / "hatch_build.py").read_text("utf-8")
    named: tuple[str, ...] = ast.literal_eval(hook.partition("\nBY_MYPYC = ")[2].partition("\n")[0])
    return named


def test_plain_python_is_used_where_the_environment_asks_for_it() -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ami_typed import _speed; from ami_typed._speed import plain; print(_speed.compiled, _speed.Kind is plain.Kind)",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AMI_TYPED_PURE": "1"},
    )
    assert found.stdout.split() == ["False", "True"]


def test_all_functions_come_from_one_form() -> None:
    modules = {
        each.__module__
        for each in (
            *(_speed.Found, _speed.Kind, _speed.fill, _speed.header, _speed.holds, _speed.sift),
            *(_speed.unread, _speed.written),
        )
    }
    assert modules == {"ami_typed._speed.compiled" if _speed.compiled else "ami_typed._speed.plain"}


@pytest.mark.parametrize("name", by_mypyc())
def test_no_class_that_mypyc_compiles_has_a_base_in_c(name: str) -> None:
    """It would lay out its attributes over those of `threading.local`, say, without a word."""
    module = importlib.import_module(f"ami_typed.{name}")
    for cls in vars(module).values():
        if inspect.isclass(cls) and cls.__module__ == module.__name__ and not issubclass(cls, tuple):
            foreign = {base for base in cls.__mro__ if not base.__module__.startswith("ami_typed")}
            assert {base.__basicsize__ for base in foreign - {Generic, Protocol}} == {object.__basicsize__}
