"""Uses of ami-typed in Python sources, found by static analysis; nothing is imported or run.

Rules owned here:

- A class counts as used if it is imported, or named as a member of its package (`actions.Originate`), under any alias,
  or if a string equals its name (`Request("Originate")`).
- Data flow is not followed: an attribute counts as used wherever an attribute of that name is read, passed as a
  keyword, or matched. The analysis errs on the side of too many uses.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ami_typed import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

K = TypeVar("K")
_Node: TypeAlias = "ast.stmt | ast.expr | ast.keyword | ast.pattern"

PACKAGES = {
    "actions": catalogue.ACTIONS,
    "events": catalogue.EVENTS,
    "responses": catalogue.RESPONSES,
    "aggregates": catalogue.AGGREGATES,
}
"""The classes of each package of messages."""

_CLASS = re.compile(rf"ami_typed\.(?:releases\.v\d+\.)?({'|'.join(PACKAGES)})\.(?:\w+\.)?(\w+)")
_NOT_SOURCES = {"__pycache__", "site-packages", "node_modules"}


class UsesError(Exception):
    """A source cannot be read; the message says which and why."""


class Uses:
    """The uses found in sources, each with its places as `file:line`.

    Attributes:
        classes: Uses of classes, by package and name.
        attributes: Attributes read, passed as keywords or matched, by name.
        texts: String literals, by content.
    """

    def __init__(self) -> None:
        self.classes: dict[tuple[str, str], list[str]] = {}
        self.attributes: dict[str, list[str]] = {}
        self.texts: dict[str, list[str]] = {}


def uses_of(paths: Sequence[Path]) -> Uses:
    """Read sources.

    Args:
        paths: Files, or folders, searched recursively.

    Raises:
        UsesError: A file is missing or not Python, or a folder contains no source.
    """
    uses = Uses()
    for path in paths:
        for source in _sources(path):
            _Reader(source, uses).visit(_tree(source))
    return uses


def _sources(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    below = [source for source in sorted(path.rglob("*.py")) if not _is_foreign(source.relative_to(path))]
    if not below:
        raise UsesError(f"{path} contains no Python source.")
    return below


def _is_foreign(source: Path) -> bool:
    return any(part in _NOT_SOURCES or part.startswith(".") for part in source.parts)


def _tree(source: Path) -> ast.Module:
    try:
        return ast.parse(source.read_bytes())
    except OSError as error:
        raise UsesError(f"Cannot read {source}: {error.strerror}.") from None
    except (SyntaxError, ValueError) as error:
        raise UsesError(f"Cannot parse {source} with this version of Python: {error}.") from None


class _Reader(ast.NodeVisitor):
    """Collects the uses of one source."""

    def __init__(self, source: Path, uses: Uses) -> None:
        self._source = source
        self._uses = uses
        # The path that each name refers to; unbound names of packages are taken for ami-typed's.
        self._bound = {package: f"ami_typed.{package}" for package in PACKAGES}

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._bound[name] = alias.name if alias.asname else name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for path, name in _imported(node):
            self._bound[name] = path
            self._note_class(path, node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._note(self._uses.attributes, node.attr, node)
        self._note_class(self._path(node), node)
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg is not None:
            self._note(self._uses.attributes, node.arg, node)
        self.generic_visit(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        for name in node.kwd_attrs:
            self._note(self._uses.attributes, name, node)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._note(self._uses.texts, node.value, node)

    def _path(self, node: ast.expr) -> str:
        """Return the dotted path of a name, or an empty string if it was not imported."""
        match node:
            case ast.Name(id=name):
                return self._bound.get(name, "")
            case ast.Attribute(value=value, attr=name) if path := self._path(value):
                return f"{path}.{name}"
            case _:
                return ""

    def _note_class(self, path: str, node: _Node) -> None:
        match = _CLASS.fullmatch(path)
        if match and match[2] in PACKAGES[match[1]]:
            self._note(self._uses.classes, (match[1], match[2]), node)

    def _note(self, table: dict[K, list[str]], key: K, node: _Node) -> None:
        place = f"{self._source}:{node.lineno}"
        places = table.setdefault(key, [])
        if place not in places:
            places.append(place)


def _imported(node: ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield the path and the name of each binding of an import."""
    if node.level or node.module is None:
        return
    for alias in node.names:
        names: Iterable[str] = [alias.name]
        if alias.name == "*":
            names = PACKAGES.get(node.module.rpartition(".")[2], ())
        for name in names:
            yield f"{node.module}.{name}", alias.asname or name
