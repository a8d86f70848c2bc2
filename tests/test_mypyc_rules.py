"""Modules that mypyc compiles do not use, on messages, what mypyc would take for the methods of a plain dict."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ami_typed
from ami_typed.messages import Aggregate, LazyMessage, Message
from tests.test_speed import by_mypyc

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(ami_typed.__file__).parent

MESSAGES = {"Message", "LazyMessage", "Answer", "Event", "Aggregate"}
"""The subclasses of dict that bring methods of their own."""
HELD_AS = {"response", "events", "closing"}
"""The attributes of an exchange or a list that are messages."""
OVERRIDDEN = {
    name
    for cls in (Message, LazyMessage, Aggregate)
    for name in vars(cls)
    if callable(getattr(dict, name, None)) and name.isalpha()
}


def is_of_messages(annotation: ast.expr | None) -> bool:
    """Whether an annotation says that a value is a message, or `None`."""
    match annotation:
        case ast.Name(id=name):
            return name in MESSAGES
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return is_of_messages(left) or is_of_messages(right)
        case _:
            return False


def names_of_messages(tree: ast.AST) -> set[str]:
    """The parameters and variables of a source that are messages."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name, annotation=annotation) if is_of_messages(annotation):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if is_of_messages(annotation):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_message(value, names):
                names.add(name)
            case _:
                pass
    return names


def is_message(value: ast.expr, names: set[str]) -> bool:
    """Whether an expression is a message: by its name, as a part of an exchange, or made here."""
    match value:
        case ast.Name(id=name):
            return name in names
        case ast.Attribute(attr=attribute):
            return attribute in HELD_AS
        case ast.Call(func=ast.Attribute(value=ast.Name(id=cls), attr="of")) | ast.Call(func=ast.Name(id=cls)):
            return cls in MESSAGES
        case _:
            return False


def misused(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and name of each method of dict that is used on a message."""
    names = names_of_messages(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in OVERRIDDEN:
                if is_message(value, names):
                    yield node.lineno, method
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[value]) if is_message(value, names):
                yield node.lineno, "in"
            case ast.Call(func=ast.Name(id="len" | "iter" | "dict" as function), args=[value]):
                if is_message(value, names):
                    yield node.lineno, function
            case ast.For(iter=value) | ast.comprehension(iter=value) if is_message(value, names):
                yield value.lineno, "for"
            case _:
                pass


@pytest.mark.parametrize("module", by_mypyc())
def test_a_compiled_module_reads_messages_by_key_only(module: str) -> None:
    file = ROOT / f"{module.replace('.', '/')}.py"
    assert list(misused(ast.parse(file.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(event: Event) -> None:\n    event.get('X')", "get"),
        ("def f(event: Event | None) -> None:\n    event and 'X' in event", "in"),
        ("answer = Answer.of(octets)\n'X' not in answer", "in"),
        ("exchange.events.values()", "values"),
        ("def f(message: Message) -> None:\n    [each for each in message]", "for"),
        ("def f(message: Message) -> None:\n    len(message)", "len"),
    ],
)
def test_calls_that_resemble_a_method_of_dict_are_found(source: str, found: str) -> None:
    assert [name for _, name in misused(ast.parse(source))] == [found]


@pytest.mark.parametrize(
    "source",
    [
        "def f(event: Event) -> str:\n    return event['X']",
        "def f(event: Event) -> list[str]:\n    return event.all('X')",
        "def f(headers: dict[str, str]) -> str | None:\n    return headers.get('X')",
        "def f(request: Request[Any]) -> bool:\n    return 'X' in request",
    ],
)
def test_other_calls_are_not_found(source: str) -> None:
    assert list(misused(ast.parse(source))) == []
