"""Which module may import what: the layers of the architecture, read from the sources."""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import ami_typed
import codegen

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(ami_typed.__file__).parent
GENERATOR = Path(codegen.__file__).parent

LAYERS = {
    "language": {
        "_lazy",
        "_speed",
        "_language",
        "releases",
        "errors",
        "arguments",
        "quantities",
        "values",
        "fields",
        "messages",
        "structures",
        "configuration",
        "keywords",
        "notices",
    },
    "generated": {"enums", "catalogue", "responses", "events", "aggregates", "actions", "releases.views"},
    "conversation": {"_protocol", "registry", "limits", "statistics", "overflow", "exchanges", "drift", "explanations"},
    "delivery": {"_delivery"},
    "transport": {"_transport", "backoff", "observers"},
    "live model": {"live"},
    "live shells": {"_watching", "pbx", "aiopbx"},
    "faces": {"_faces", "manager", "aio"},
    "around": {"__init__", "__main__", "testing", "cli", "telemetry"},
}
"""A module imports from its own layer and from those before it. A folder is a layer's as a whole."""

WITHOUT_IO = {"language", "generated", "conversation", "delivery", "live model"}

UP = {("drift", "cli.suggestions")}
"""`DriftReport.as_overlay` is for maintainers: how the overlay is written is no business of the protocol."""

BACK = {("messages", "errors")}
"""`FieldError` has the message as its attribute, and the message makes the error, so that no field needs to know it."""

OF_THE_SHELLS = {
    "socket", "ssl", "select", "selectors", "socketserver", "threading", "_thread", "queue", "concurrent",
    "multiprocessing", "asyncio", "contextvars", "signal", "time", "sched", "random", "secrets", "uuid", "os", "io",
    "pathlib", "subprocess", "shutil", "tempfile", "logging", "urllib", "http",
}  # fmt: skip
"""Modules of Python's that do I/O, start threads, read clocks or throw dice."""

EXCEPTIONS = {
    ("_delivery.subscriptions", "threading"),
    ("_speed.plain", "threading"),
    ("_speed", "os"),
    ("_delivery.log", "logging"),
    ("_delivery.quiet", "logging"),
}
"""Callbacks are registered, and messages read, from any thread: both have locks. The environment may ask for plain Python.
What is logged goes to the program's own logger."""

CLOCKS = {"now", "utcnow", "today"}
"""Methods that read a clock without importing one."""


class Import(NamedTuple):
    """One module that a source imports.

    Attributes:
        module: Its name; of our own without `ami_typed`.
        own: Whether it is one of ours.
        runs: Whether it is imported at run time too, and not for checkers alone.
    """

    module: str
    own: bool
    runs: bool


def module_of(file: Path) -> str:
    """The name of a module below `ami_typed`; `__init__` is that of the package itself."""
    *folders, name = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(folders if folders and name == "__init__" else [*folders, name])


def sources() -> list[Path]:
    """Every source of the package, except what the wheel adds in private folders."""
    return sorted(file for file in ROOT.rglob("*.py") if not module_of(file).startswith(("_codegen", "_spec")))


MODULES = {module_of(file): file for file in sources()}


def layer_of(module: str) -> str | None:
    """The layer that a module belongs to; the views of one release each are generated, `releases` itself is not."""
    first, *rest = module.split(".")
    part = "releases.views" if first == "releases" and rest else first
    return next((layer for layer, parts in LAYERS.items() if part in parts), None)


def nodes(tree: ast.AST, *, runs: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Every node of a source, and whether it is run: what stands under `if TYPE_CHECKING:` is not (its `else` is)."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body, orelse=orelse):
                yield from nodes(ast.Module(body, []), runs=False)
                yield from nodes(ast.Module(orelse, []), runs=runs)
            case _:
                yield node, runs
                yield from nodes(node, runs=runs)


@cache
def imports_of(file: Path) -> frozenset[Import]:
    """What a source imports: at its top, inside functions, and for checkers alone."""
    found: set[Import] = set()
    for node, runs in nodes(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {_import(each.name, runs) for each in names}
            case ast.ImportFrom(module=str(module), names=names, level=0):
                found |= {_import(f"{module}.{each.name}", runs) for each in names}
            case ast.ImportFrom():
                pytest.fail(f"{file.name} imports relatively; this package says `from ami_typed.x import`")
            case _:
                pass
    return frozenset(found)


def _import(name: str, runs: bool) -> Import:
    """The module in which a dotted name is found; of other packages the top level."""
    first, *rest = name.split(".")
    if first != "ami_typed":
        return Import(first, own=False, runs=runs)
    while rest and ".".join(rest) not in MODULES:
        rest.pop()
    return Import(".".join(rest) or "__init__", own=True, runs=runs)


def own_imports(module: str) -> set[str]:
    """The modules of ours that one of them imports, in whatever way."""
    return {each.module for each in imports_of(MODULES[module]) if each.own} - {module}


def foreign_imports(module: str) -> set[str]:
    """The packages of others that a module imports at run time."""
    return {each.module for each in imports_of(MODULES[module]) if each.runs and not each.own}


def test_every_module_belongs_to_one_layer() -> None:
    assert [module for module in MODULES if layer_of(module) is None] == []
    assert sum(map(len, LAYERS.values())) == len({part for parts in LAYERS.values() for part in parts})


def test_private_modules_are_in_private_folders_without_underscores() -> None:
    private = {module for module in MODULES for part in module.split(".")[-1:] if part[0] == "_" and part[1] != "_"}
    assert private == {"_lazy", "_speed", "_language", "_protocol", "_delivery", "_transport", "_watching", "_faces"}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_its_own_layer_and_those_before_it(module: str) -> None:
    order = list(LAYERS)
    own = order.index(str(layer_of(module)))
    later = {each for each in own_imports(module) if order.index(str(layer_of(each))) > own}
    assert {(module, each) for each in later} <= UP


def siblings(file: Path) -> set[str]:
    """The modules of its own folder that a source imports, as `from .x import y` or `from . import x`."""
    relative = [each for each, _ in nodes(ast.parse(file.read_text("utf-8"))) if isinstance(each, ast.ImportFrom)]
    named = {each.module for each in relative if each.level == 1 and each.module}
    return named | {name.name for each in relative if each.level == 1 and not each.module for name in each.names}


GRAPHS: dict[str, dict[str, set[str]]] = {
    "ami_typed": {module: {each for each in own_imports(module) if (module, each) not in BACK} for module in MODULES},
    "codegen": {file.stem: siblings(file) for file in sorted(GENERATOR.glob("*.py"))},
}


def test_the_imports_of_the_generator_are_read() -> None:
    assert {"families", "terms", "amend"} <= GRAPHS["codegen"]["resolve"]
    assert {"terms", "overlay"} <= GRAPHS["codegen"]["surface"]


@pytest.mark.parametrize("package", GRAPHS)
def test_no_module_needs_itself_by_way_of_others(package: str) -> None:
    """Imports for checkers and imports inside functions count, because a reader has to follow them too."""
    graph = GRAPHS[package]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("These import each other in a circle: " + " <- ".join(error.args[1]))


@pytest.mark.parametrize(("module", "imported"), sorted(UP | BACK))
def test_an_exception_to_the_order_is_an_import_inside_a_function(module: str, imported: str) -> None:
    file = MODULES[module]
    at_the_top = {
        _import(f"{node.module}.{each.name}", runs=True).module
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for each in node.names
    }
    assert imported in own_imports(module) - at_the_top


@pytest.mark.parametrize("module", [module for module in MODULES if layer_of(module) in WITHOUT_IO])
def test_only_the_shells_touch_sockets_threads_clocks_and_files(module: str) -> None:
    assert {(module, name) for name in foreign_imports(module) & OF_THE_SHELLS} <= EXCEPTIONS


@pytest.mark.parametrize("module", [module for module in MODULES if layer_of(module) in WITHOUT_IO])
def test_pure_modules_use_no_clock_file_or_output(module: str) -> None:
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=called)):
                assert called not in {"open", "print", "input"}, f"line {node.lineno}"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=called)):
                assert called not in CLOCKS, f"line {node.lineno}"
            case _:
                pass


@pytest.mark.parametrize("module", [each for each in MODULES if each.startswith(("testing", "cli", "telemetry"))])
def test_outer_modules_use_only_the_public_interface(module: str) -> None:
    assert {each for each in own_imports(module) if each.startswith("_") and not each.endswith("__")} == set()


@pytest.mark.parametrize("module", [module for module in MODULES if layer_of(module) != "around"])
def test_nothing_but_python_is_imported_at_run_time(module: str) -> None:
    assert foreign_imports(module) - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("module", [module for module in MODULES if layer_of(module) == "generated"])
def test_generated_sources_are_marked_and_contain_no_logic(module: str) -> None:
    assert MODULES[module].read_text("utf-8").startswith("# Generated by `python -m codegen build`")
    assert not foreign_imports(module) & {"dataclasses", "pydantic", "importlib"}


@pytest.mark.parametrize("module", [module for module in MODULES if layer_of(module) not in {"around", "generated"}])
def test_no_decision_about_an_action_is_taken_by_its_name_in_the_runtime(module: str) -> None:
    """Knowledge about Asterisk's messages stands in classes, not in comparisons."""
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        match node:
            case ast.Compare(left=ast.Attribute(attr="action"), comparators=[ast.Constant(value=str(name))]):
                pytest.fail(f"{module}, line {node.lineno}: a comparison with the action {name}")
            case _:
                pass
