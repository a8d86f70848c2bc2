"""Which module may import what: the layers of the architecture, read from the sources."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ami_typed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(ami_typed.__file__).parent

WINGS = ("_speed", "_protocol", "_delivery", "_transport")
"""Private packages: what lies directly in `ami_typed` is public, what is private lies in one of these."""

LANGUAGE = [
    "releases",
    "errors",
    "arguments",
    "values",
    "_speed.guard",
    "_speed.sources",
    "_speed.plain",
    "_speed.compiled",
    "_speed",
    "fields",
    "structures",
    "configuration",
    "messages",
    "notices",
]
"""What a request, a response and an event are. Each imports only what stands before it."""

GENERATED = ["enums", "catalogue", "responses", "events", "aggregates", "actions", "releases.views"]
"""Written by the generator: only the language, and each other's namespaces."""

CONVERSATION = [
    "registry",
    "limits",
    "statistics",
    "overflow",
    "exchanges",
    "_protocol",
    "_protocol.framing",
    "_delivery",
    "_delivery.subscriptions",
    "_delivery.stream_buffer",
    "_delivery.backlog",
    "_protocol.quirks",
    "_protocol.visibility",
    "cli.suggestions",
    "drift",
    "_protocol.session",
    "_protocol.dialogues",
]
"""Bytes to messages, and messages to those who want them. Each imports the language and what stands before it."""

SHELLS = [
    "_delivery.log",
    "observers",
    "backoff",
    "_transport",
    "_transport.target",
    "_transport.url",
    "_transport.locks",
    "_transport.sockets",
    "_transport.threads",
    "manager",
    "_transport.tasks",
    "aio",
]
"""Sockets, threads, tasks and clocks: may import everything above, and what stands before it."""

AROUND = ["testing", "cli", "telemetry"]
"""Use the public surface only."""

ANYWHERE = ["_lazy"]
"""Knows nothing of the package."""

OF_THE_SHELLS = {
    *("socket", "ssl", "select", "selectors", "socketserver"),
    *("threading", "_thread", "queue", "concurrent", "multiprocessing", "asyncio", "contextvars", "signal"),
    *("time", "sched", "random", "secrets", "uuid"),
    *("os", "io", "pathlib", "subprocess", "shutil", "tempfile", "logging", "urllib", "http"),
}
"""Modules of Python's that do I/O, start threads, read clocks or throw dice."""

EXCEPTIONS = {("_delivery.subscriptions", "threading"), ("_speed.plain", "threading"), ("_speed", "os")}
"""Callbacks are registered, and messages read, from any thread: both have locks. The environment may ask for plain Python."""

CLOCKS = {"now", "utcnow", "today"}
"""Methods that read a clock without importing one."""


def part_of(file: Path) -> str:
    """The module or package below `ami_typed` that a file belongs to."""
    first, *rest = file.relative_to(ROOT).parts
    if first == "releases" and len(rest) > 1:  # the views of one release each; `releases` itself is language
        return "releases.views"
    if first in WINGS or [first, *rest] == ["cli", "suggestions.py"]:
        return ".".join([first, *rest]).removesuffix(".py").removesuffix(".__init__")
    return first.removesuffix(".py")


def sources() -> list[Path]:
    """Every source of the package, but for what lies in private folders the wheel adds."""
    return sorted(file for file in ROOT.rglob("*.py") if not part_of(file).startswith(("_codegen", "_spec")))


def statements_at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if TYPE_CHECKING:` (its `else` counts)."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
                for each in orelse:
                    yield each
                    yield from statements_at_run_time(each)
            case _:
                yield node
                yield from statements_at_run_time(node)


def imports_of(file: Path) -> set[str]:
    """What a source imports at run time: `ami_typed.x` for our own, the top-level name for the rest."""
    found: set[str] = set()
    for node in statements_at_run_time(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {each.name for each in names}
            case ast.ImportFrom(module="ami_typed", level=0, names=names):
                found |= {f"ami_typed.{each.name}" for each in names}
            case ast.ImportFrom(module=str(module), level=0, names=names) if module.split(".")[-1] in WINGS:
                beside = file.parent if module.endswith(file.parent.name) else ROOT / module.split(".")[-1]
                parts = {
                    each.name for each in names if (beside / f"{each.name}.py").exists() or each.name == "compiled"
                }
                found |= {f"{module}.{part}" for part in parts} or {module}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module)
            case ast.ImportFrom(level=level) if level:
                pytest.fail(f"{file.name} imports relatively; this package says `from ami_typed.x import`")
            case _:
                pass
    return {_shortened(name) for name in found}


def _shortened(name: str) -> str:
    """The part of the package that a name belongs to, as `part_of` calls it; of other packages the top level."""
    own, *rest = name.split(".")
    if own != "ami_typed":
        return own
    return ".".join(["ami_typed", *(rest if rest[:1] == ["cli"] or rest[0] in WINGS else rest[:1])])


def own_imports(file: Path) -> set[str]:
    """The modules and packages of ours that a source imports at run time."""
    return {name.removeprefix("ami_typed.") for name in imports_of(file) if name.startswith("ami_typed.")}


def allowed(part: str) -> set[str] | None:
    """What a part of the package may import of it; `None` where anything."""
    if part in LANGUAGE:
        return {*LANGUAGE[: LANGUAGE.index(part)]}
    if part in GENERATED and part != "catalogue":
        return {*LANGUAGE, *GENERATED, *ANYWHERE}
    if part in CONVERSATION:
        return {*LANGUAGE, "catalogue", *CONVERSATION[: CONVERSATION.index(part)]}
    if part in SHELLS:
        return {*LANGUAGE, *CONVERSATION, *SHELLS[: SHELLS.index(part)]}
    return set() if part in {*ANYWHERE, "catalogue"} else None


def names(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", sources(), ids=names)
def test_every_module_has_its_place_in_the_layers(file: Path) -> None:
    assert part_of(file) in {*LANGUAGE, *GENERATED, *CONVERSATION, *SHELLS, *AROUND, *ANYWHERE, "__init__", "__main__"}


@pytest.mark.parametrize("file", sources(), ids=names)
def test_a_module_imports_only_what_stands_above_it(file: Path) -> None:
    may = allowed(part_of(file))
    if may is not None:
        assert own_imports(file) - may - {part_of(file)} <= set()


@pytest.mark.parametrize("file", sources(), ids=names)
def test_only_the_shells_touch_sockets_threads_clocks_and_files(file: Path) -> None:
    part = part_of(file)
    if part not in {*SHELLS, *AROUND}:
        assert {(part, name) for name in imports_of(file) & OF_THE_SHELLS} <= EXCEPTIONS


@pytest.mark.parametrize("file", [file for file in sources() if part_of(file) in {*LANGUAGE, *CONVERSATION}], ids=names)
def test_language_and_conversation_read_no_clock_open_no_file_and_print_nothing(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=called)):
                assert called not in {"open", "print", "input"}, f"line {node.lineno}"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=called)):
                assert called not in CLOCKS, f"line {node.lineno}"
            case _:
                pass


@pytest.mark.parametrize("file", [file for file in sources() if part_of(file) in AROUND], ids=names)
def test_what_stands_around_uses_the_public_surface_only(file: Path) -> None:
    own = own_imports(file) - {part_of(file)}
    assert {name for name in own if name.startswith("_") and not name.endswith("__")} == set()


@pytest.mark.parametrize("file", sources(), ids=names)
def test_nothing_but_python_is_imported_at_run_time(file: Path) -> None:
    import sys

    if part_of(file) not in AROUND:  # they may have extras of their own
        foreign = {name for name in imports_of(file) if not name.startswith("ami_typed")}
        assert foreign - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("file", [file for file in sources() if part_of(file) in GENERATED], ids=names)
def test_generated_sources_say_so_in_their_first_line_and_bring_no_machinery(file: Path) -> None:
    assert file.read_text("utf-8").startswith("# Generated by `python -m codegen build`")
    assert not imports_of(file) & {"dataclasses", "pydantic", "importlib"}


def test_no_decision_about_an_action_is_taken_by_its_name_in_the_runtime() -> None:
    """Knowledge about Asterisk's messages stands in classes, not in comparisons."""
    for part in [*LANGUAGE, *CONVERSATION, *SHELLS]:
        file = ROOT / f"{part.replace('.', '/')}.py"
        if not file.exists():
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Compare(left=ast.Attribute(attr="action"), comparators=[ast.Constant(value=str(name))]):
                    pytest.fail(f"{file.name}, line {node.lineno}: a comparison with the action {name}")
                case _:
                    pass
