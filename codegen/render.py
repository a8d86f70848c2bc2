"""Render: turn the surface into formatted files, in memory.

Rules owned here:

- Each tree under `templates/` mirrors an output tree: `library` is src/ami_typed, `package` the output of
  `ami-typed generate`. Names that start with `_` are macros. A path that contains `%actions` is rendered once per
  module of that package, with the module's name substituted; a path that contains `%line`, once per release line.
- ruff sorts the imports and formats the text, with the settings below; configuration files are ignored.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .surface import Line, Module, Surface

Tree: TypeAlias = Literal["library", "package"]

_TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".jinja"
_SETTINGS = ("--isolated", "--no-cache", "--quiet", "--line-length=120", "--target-version=py311", ".")
_PASSES = (("check", "--select=I", "--fix"), ("format",))


def render(surface: Surface, tree: Tree = "library") -> dict[str, str]:
    """Return the text of each generated file by path, with `/` as separator on every system.

    Args:
        surface: The input of the templates.
        tree: The tree of templates to render.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - the output is Python, not HTML
    )
    return formatted(dict(_rendered(environment, surface, tree)))


def _rendered(environment: Environment, surface: Surface, tree: Tree) -> Iterator[tuple[str, str]]:
    repeated: dict[str, tuple[str, Sequence[Module[Any] | Line]]] = {
        f"%{package.name}": ("module", package.modules) for package in surface.packages
    }
    repeated["%line"] = ("line", surface.lines)
    for name in sorted(environment.list_templates(extensions=[_SUFFIX.removeprefix(".")])):
        if not name.startswith(f"{tree}/"):
            continue
        template = environment.get_template(name)
        path = name.removeprefix(f"{tree}/").removesuffix(_SUFFIX)
        placeholder = next((each for each in repeated if each in path), None)
        if placeholder is None:
            yield path, template.render(surface=surface)
            continue
        variable, values = repeated[placeholder]
        for value in values:
            yield path.replace(placeholder, value.name), template.render({"surface": surface, variable: value})


def formatted(files: Mapping[str, str]) -> dict[str, str]:
    """Format files with ruff, in a temporary folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ami-typed-") as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
        for each in _PASSES:
            command = [sys.executable, "-m", "ruff", *each, *_SETTINGS]
            subprocess.run(command, cwd=folder, check=True)  # noqa: S603 - no part of the command is user input
        return {path: (folder / path).read_text(encoding="utf-8") for path in files}
