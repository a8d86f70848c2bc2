"""Imports the modules of the package from their sources, although compiled ones stand beside them.

An interpreter with a GIL of its own (Python 3.12 and later) cannot load `compiled`, nor what mypyc makes. `_speed` is
imported before any module that mypyc compiles, so it is where that shows.
"""

from __future__ import annotations

import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

__all__ = ["prefer"]

_PACKAGE = __name__.partition(".")[0] + "."


class _Sources:
    """A finder of Python's import system."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find a module of the package; see `importlib.abc.MetaPathFinder`."""
        if not name.startswith(_PACKAGE):
            return None
        finders = (FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)) for folder in path or ())
        return next((spec for finder in finders if (spec := finder.find_spec(name, target))), None)


def prefer() -> None:
    """Have this interpreter import the package's modules from their sources from now on."""
    sys.meta_path.insert(0, _Sources)
