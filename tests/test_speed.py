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
    named: tuple[str, ...] = ast.literal_eval(hook.partition("\nBY_MYPYC = ")[2].partition("\n)")[0] + ")")
    return named


def test_plain_python_is_used_if_the_environment_asks_for_it() -> None:
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


def test_all_functions_come_from_one_implementation() -> None:
    modules = {
        each.__module__
        for each in (
            *(
                _speed.HeaderAttribute,
                _speed.Kind,
                _speed.parse_into,
                _speed.find_header,
                _speed.contains,
                _speed.route_block,
            ),
            *(_speed.make_message, _speed.encode_request),
        )
    }
    assert modules == {"ami_typed._speed.compiled" if _speed.compiled else "ami_typed._speed.plain"}


USE = """
import sys
from ami_typed import Manager, _speed, events
from ami_typed._protocol import session
from ami_typed._transport import threads
event = _speed.make_message(events.Hangup, b"Event: Hangup\\r\\nCause: 16\\r\\nX: a\\r\\nX: b", "Hangup")
assert (event.cause, event.to_dict()["X"], _speed.compiled, _speed.forms()) == (16, ["a", "b"], False, "nothing")
assert session.__file__.endswith(".py") and threads.__file__.endswith(".py")
try:
    Manager().connect("127.0.0.1", 1)
except OSError as error:
    assert "No connection to" in str(error)
else:
    raise AssertionError
"""
"""What nothing may be compiled for. It is run where no compiled part loads."""

REFUSED = """
import sys
from importlib.machinery import ExtensionFileLoader

create = ExtensionFileLoader.create_module

def refuse(loader, spec):
    if spec.name.startswith("ami_typed"):
        raise ImportError(f"module {spec.name} does not support loading in subinterpreters")
    return create(loader, spec)

ExtensionFileLoader.create_module = refuse
"""
"""What an interpreter with a GIL of its own says to compiled modules that do not know of it; on any Python."""


def run(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_a_compiled_part_the_package_runs_from_its_sources() -> None:
    done = run(REFUSED + USE)
    assert (done.returncode, done.stderr) == (0, "")


IN_INTERPRETERS = f"""
import ami_typed.manager  # first: a C module of Python 3.12's own does not survive the end of an interpreter that has it

try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters

OWN, SHARED = (dict(isolated=True), dict(isolated=False)) if sys.version_info < (3, 13) else (dict(), dict(config="legacy"))
for how, program in (OWN, {USE!r}), (SHARED, "import ami_typed.manager"):
    made = interpreters.create(**how)
    failed = interpreters.run_string(made, "import sys; sys.path[:] = " + repr(sys.path) + chr(10) + program)
    assert failed is None, failed
    interpreters.destroy(made)
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="not run: interpreters of Python 3.11 have no GIL of their own")
def test_interpreters_with_a_gil_of_their_own_run_the_package_from_its_sources() -> None:
    done = run(IN_INTERPRETERS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", by_mypyc())
def test_no_class_that_mypyc_compiles_has_a_base_in_c(name: str) -> None:
    """It would lay out its attributes over those of `threading.local`, say, without a word."""
    module = importlib.import_module(f"ami_typed.{name}")
    for cls in vars(module).values():
        if inspect.isclass(cls) and cls.__module__ == module.__name__ and not issubclass(cls, tuple):
            foreign = {base for base in cls.__mro__ if not base.__module__.startswith("ami_typed")}
            assert {base.__basicsize__ for base in foreign - {Generic, Protocol}} == {object.__basicsize__}


def test_none_is_returned_with_its_own_reference() -> None:
    """A build with the headers of 3.12 or later is loaded by 3.11 too, where None can be deallocated."""
    source = Path(__file__).parents[1] / "src" / "ami_typed" / "_speed" / "compiled.c"
    code = source.read_text("utf-8").partition("*/")[2]
    assert "Py_RETURN_" not in code
