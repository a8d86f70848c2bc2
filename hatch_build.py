"""Builds the part in C where that can be done, and leaves it out where not: the package works without it.

``AMI_TYPED_PURE`` in the environment, with any text, leaves it out. An editable install has it beside the sources.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

SOURCE = Path("src", "ami_typed", "_compiled.c")


class CompiledPart(BuildHookInterface[Any]):
    """Hatchling's hook: called before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled part to what is built."""
        if os.environ.get("AMI_TYPED_PURE") or sys.implementation.name != "cpython":
            return
        folder = Path(self.root)
        try:
            built = compiled(folder / SOURCE)
        except Exception as error:  # noqa: BLE001 - whatever a compiler lacks, plain Python does it too
            self.app.display_warning(f"ami-typed is built without its compiled part, which makes it faster: {error}")
            return
        if version == "editable":
            shutil.copy(built, folder / SOURCE.parent)
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform}"
        build_data["force_include"][str(built)] = f"ami_typed/{built.name}"


def compiled(source: Path) -> Path:
    """Compile the module; return its file, in a folder of its own."""
    folder = tempfile.mkdtemp(prefix="ami-typed-")
    name = f"ami_typed.{source.stem}"
    optimised = [] if sys.platform == "win32" else ["-O3"]
    extension = Extension(name, [str(source)], py_limited_api=True, extra_compile_args=optimised)
    command = build_ext(Distribution({"name": "ami-typed", "ext_modules": [extension]}))
    command.build_lib = command.build_temp = folder
    command.ensure_finalized()
    command.run()
    return Path(command.get_outputs()[0])
