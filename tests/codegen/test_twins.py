"""A module with threads is the module with an event loop, without what only an event loop has."""

from __future__ import annotations

import ast
import shutil
from typing import TYPE_CHECKING

import pytest

from codegen import twins as module
from codegen.__main__ import OUTPUT
from codegen.trouble import TroubleError
from codegen.twins import TWINS, Twin, blocking, twins

if TYPE_CHECKING:
    from pathlib import Path

EACH = pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
SHORT = Twin("a.py", "b.py", {"AsyncManager": "Manager"}, {"an ``async with`` block": "a ``with`` block"})


@pytest.fixture
def few_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no rules but those of a twin, for short sources."""
    monkeypatch.setattr(module, "DROPPED", frozenset({"await"}))
    monkeypatch.setattr(module, "NAMES", {})
    monkeypatch.setattr(module, "WORDS", {})


def written(folder: Path, text: str, name: str = "a.py") -> Path:
    """Write a source."""
    file = folder / name
    file.write_text(text, "utf-8")
    return file


def test_the_modules_with_threads_are_generated_from_their_twins() -> None:
    names = ["manager.py", "pbx.py"]
    assert twins(OUTPUT) == {name: (OUTPUT / name).read_text("utf-8") for name in names}


def test_a_folder_without_the_sources_has_no_twins(tmp_path: Path) -> None:
    assert twins(tmp_path) == {}


@EACH
def test_the_generated_twin_names_the_file_to_edit(twin: Twin, tmp_path: Path) -> None:
    shutil.copy(OUTPUT / twin.source, tmp_path)
    assert twins(tmp_path)[twin.name].startswith(twin.header)
    assert twin.source in twin.header


@EACH
def test_nothing_waits_by_a_coroutine(twin: Twin) -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncWith, ast.AsyncFor)
    tree = ast.parse(blocking(OUTPUT / twin.source, twin))
    assert not [node for node in ast.walk(tree) if isinstance(node, waiting)]


@EACH
def test_both_have_the_same_definitions_in_the_same_order(twin: Twin) -> None:
    def definitions(text: str) -> list[tuple[str, int]]:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [(node.name, len(node.body)) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]

    names = {"__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__", "__anext__": "__next__"}
    source = OUTPUT / twin.source
    expected = [(names.get(name, name), length) for name, length in definitions(source.read_text("utf-8"))]
    assert expected == definitions(blocking(source, twin))


@pytest.mark.usefixtures("few_rules")
def test_code_is_changed_by_names_and_texts_by_words(tmp_path: Path) -> None:
    text = """\
# AsyncManager, in an ``async with`` block
async_manager = AsyncManager("an ``async with`` block of AsyncManager")
await_time = (await  async_manager)
"""
    assert (
        blocking(written(tmp_path, text), SHORT).removeprefix(SHORT.header)
        == """\
# Manager, in a ``with`` block
async_manager = Manager("a ``with`` block of Manager")
await_time = ( async_manager)
"""
    )


@pytest.mark.usefixtures("few_rules")
def test_a_rule_that_changes_nothing_is_a_trouble(tmp_path: Path) -> None:
    file = written(tmp_path, "await something\n")
    with pytest.raises(TroubleError) as caught:
        blocking(file, SHORT)
    assert [str(trouble).partition(";")[0] for trouble in caught.value.troubles] == [
        f"{file}: The rule for 'AsyncManager' changes nothing",
        f"{file}: The rule for 'an ``async with`` block' changes nothing",
    ]


@pytest.mark.usefixtures("few_rules")
@pytest.mark.parametrize(
    "left", ["# each task", '"""On an event loop."""', "AsyncThing = 1", "import asyncio", '"""A coroutine."""']
)
def test_a_word_of_the_event_loop_that_is_left_is_a_trouble_with_its_line(left: str, tmp_path: Path) -> None:
    text = "# an ``async with`` block\nawait AsyncManager()\n"
    with pytest.raises(TroubleError) as caught:
        blocking(written(tmp_path, f"{text}{left}\n"), SHORT)
    assert [trouble.line for trouble in caught.value.troubles] == [3]
