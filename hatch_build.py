"""Builds what can be compiled, and leaves out what cannot be: the package does the same in plain Python.

- ``_speed/compiled.c``: what every byte of a stream passes, for the stable ABI. An editable install has it beside its
  source.
- What a request and its answer pass, by mypyc, from the same sources that are run without it. Only a wheel has that: in
  an editable install it would go on running what has been edited meanwhile.

``AMI_TYPED_PURE`` in the environment, with any text, leaves out both.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path("src", "ami_typed")
BY_MYPYC = (
    "_protocol.framing",
    "exchanges",
    "_protocol.quirks",
    "_protocol.recognition",
    "_protocol.session",
    "_delivery.audience",
    "_transport.threads",
)
"""What requests, answers and batches of events pass. They share one library, which only who connects is to load.

There is no coroutine among them: those that mypyc makes throw exceptions in the form that Python 3.12 warns of.
"""

SMALL = "2" if sys.platform == "win32" else "s"
"""The optimization of what mypyc writes: as many instructions a request as with 3, and a quarter fewer octets.

Microsoft's compiler has no level for size.
"""


class CompiledPart(BuildHookInterface[Any]):
    """Hatchling's hook: called before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled part to what is built."""
        if os.environ.get("AMI_TYPED_PURE") or sys.implementation.name != "cpython":
            return
        package = Path(self.root) / PACKAGE
        self._folder = tempfile.TemporaryDirectory(prefix="ami-typed-")  # `finalize` deletes it
        in_c = self._built(from_c, package)
        if version == "editable":
            for file in in_c.values():
                replace(file, package / "_speed" / file.name)
            return
        by_mypyc = self._built(from_python, package)
        build_data["force_include"] |= {str(file): place for place, file in (in_c | by_mypyc).items()}
        build_data["pure_python"] = not (in_c or by_mypyc)
        if by_mypyc:
            build_data["infer_tag"] = True
        elif in_c:
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"cp311-abi3-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - Hatchling's
        """Delete what the build has left."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()

    def _built(self, build: Callable[[Path, Path], dict[str, Path]], package: Path) -> dict[str, Path]:
        """Build files, and return them by their place in the wheel; none if they cannot be built."""
        try:
            return build(package, Path(tempfile.mkdtemp(dir=self._folder.name)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever is missing, the plain Python code replaces it
            self.app.display_warning(f"ami-typed is built without its compiled part and will be slower: {error}")
            return {}


def replace(file: Path, place: Path) -> None:
    """Put a file in the place of another in one step; programs that have mapped the old one keep it."""
    beside = place.with_name(f"{place.name}.{os.getpid()}")
    shutil.copy(file, beside)
    beside.replace(place)


def from_c(package: Path, folder: Path) -> dict[str, Path]:
    """Compile the module in C."""
    optimised = [] if sys.platform == "win32" else ["-O3"]
    source = str(package / "_speed/compiled.c")
    extension = Extension("ami_typed._speed.compiled", [source], py_limited_api=True, extra_compile_args=optimised)
    return compiled([extension], folder)


def from_python(package: Path, folder: Path) -> dict[str, Path]:
    """Compile modules in Python, which find each other in one more that they share."""
    from mypyc.build import mypycify

    sources = [str(Path(package.name, f"{module.replace('.', '/')}.py")) for module in BY_MYPYC]
    with contextlib.chdir(package.parent):
        settings = ["--config-file=", f"--cache-dir={folder / 'cache'}"]
        extensions = mypycify(
            [*settings, *sources],
            target_dir=str(folder),
            group_name="ami_typed",
            opt_level=SMALL,
            debug_level="0",
        )
        return compiled(extensions, folder)


def compiled(extensions: list[Any], folder: Path) -> dict[str, Path]:
    """Compile extensions into a folder, without their symbols; return their files by their places in a wheel."""
    for extension in extensions if sys.platform == "linux" else ():
        extension.extra_link_args.append("-Wl,--strip-all")
    command = build_ext(Distribution({"name": "ami-typed", "ext_modules": extensions}))
    command.build_temp = str(folder)
    command.build_lib = str(folder / "built")
    command.ensure_finalized()
    command.run()
    files = map(Path, command.get_outputs())
    return {file.relative_to(command.build_lib).as_posix(): file for file in files}
