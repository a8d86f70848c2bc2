"""The face with threads is the face with an event loop, without what only an event loop has."""

from __future__ import annotations

import ast
import shutil
from typing import TYPE_CHECKING

import pytest

from codegen import twins as module
from codegen.__main__ import OUTPUT
from codegen.trouble import TroubleError
from codegen.twins import HEADER, blocking, twins

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = (OUTPUT / "aio.py").read_text("utf-8")


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have few rules, for short sources."""
    monkeypatch.setattr(module, "DROPPED", frozenset({"await"}))
    names, words = {"AsyncManager": "Manager"}, {"an ``async with`` block": "a ``with`` block"}
    for name, rules in (("NAMES", names), ("WORDS", words)):
        monkeypatch.setattr(module, name, rules)


def test_the_face_with_threads_is_generated_from_its_twin() -> None:
    assert twins(OUTPUT) == {"manager.py": (OUTPUT / "manager.py").read_text("utf-8")}


def test_a_folder_without_the_source_has_no_twin(tmp_path: Path) -> None:
    assert twins(tmp_path) == {}


def test_the_twin_says_what_to_edit_instead(tmp_path: Path) -> None:
    shutil.copy(OUTPUT / "aio.py", tmp_path)
    assert twins(tmp_path)["manager.py"].startswith(HEADER)
    assert "aio.py" in HEADER


def test_nothing_waits_by_a_coroutine() -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncWith, ast.AsyncFor)
    assert not [node for node in ast.walk(ast.parse(blocking(SOURCE))) if isinstance(node, waiting)]


def test_both_have_the_same_definitions_in_the_same_order() -> None:
    def definitions(text: str) -> list[tuple[str, int]]:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [(node.name, len(node.body)) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]

    names = {"__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__", "__anext__": "__next__"}
    assert [(names.get(name, name), length) for name, length in definitions(SOURCE)] == definitions(blocking(SOURCE))


@pytest.mark.usefixtures("rules")
def test_code_is_changed_by_names_and_texts_by_words() -> None:
    text = """\
# AsyncManager, in an ``async with`` block
async_manager = AsyncManager("an ``async with`` block of AsyncManager")
await_time = (await  async_manager)
"""
    assert (
        blocking(text).removeprefix(HEADER)
        == """\
# Manager, in a ``with`` block
async_manager = Manager("a ``with`` block of Manager")
await_time = ( async_manager)
"""
    )


@pytest.mark.usefixtures("rules")
def test_a_rule_that_changes_nothing_is_a_trouble() -> None:
    with pytest.raises(TroubleError) as caught:
        blocking("await something\n", "aio.py")
    assert [str(trouble).partition(";")[0] for trouble in caught.value.troubles] == [
        "aio.py: The rule for 'AsyncManager' changes nothing",
        "aio.py: The rule for 'an ``async with`` block' changes nothing",
    ]


@pytest.mark.parametrize(
    "left", ["# each task", '"""On an event loop."""', "AsyncThing = 1", "import asyncio", '"""A coroutine."""']
)
def test_a_word_of_the_event_loop_that_is_left_is_a_trouble_with_its_line(left: str) -> None:
    with pytest.raises(TroubleError) as caught:
        blocking(f"{SOURCE}{left}\n")
    assert [trouble.line for trouble in caught.value.troubles] == [len(SOURCE.splitlines()) + 1]
