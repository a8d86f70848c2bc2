"""Render: the surface to the texts of files, formatted, in memory.

Rules owned here:

- A tree under `templates/` is an output tree: `library` is src/ami_typed, `package` what `ami-typed generate` makes.
  Names that start with `_` are macros. A path with `%actions` in it is rendered once for each module of that
  package, with the module's name in place of it; one with `%line` likewise for each release line.
- The text is what ruff makes of it, imports sorted, with settings of its own: no configuration file is read.
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
    """Return the text of each generated file by its path, with `/` whatever the system.

    Args:
        surface: What the templates see.
        tree: Which tree of templates.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - what is rendered is Python
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
    """Return files as ruff formats them; they pass through a folder of their own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ami-typed-") as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
        for each in _PASSES:
            command = [sys.executable, "-m", "ruff", *each, *_SETTINGS]
            subprocess.run(command, cwd=folder, check=True)  # noqa: S603 - every word of it is ours
        return {path: (folder / path).read_text(encoding="utf-8") for path in files}
