"""Imports the modules of the package from source, even if compiled versions are installed next to them.

An interpreter with its own GIL (Python 3.12 and later) can load neither `compiled` nor the modules that mypyc compiles.
`_speed` is imported before any of the latter, so the failure shows there first.
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
    """A meta path finder for the package's sources."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find a module of the package; see `importlib.abc.MetaPathFinder`."""
        if not name.startswith(_PACKAGE):
            return None
        finders = (FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)) for folder in path or ())
        return next((spec for finder in finders if (spec := finder.find_spec(name, target))), None)


def prefer() -> None:
    """Make this interpreter import the package's modules from source from now on."""
    sys.meta_path.insert(0, _Sources)
