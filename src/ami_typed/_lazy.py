"""Helpers that keep imports fast.

Namespaces load a module when one of its names is first accessed (PEP 562), and named tuples do not compile the
annotations of their fields.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NamedTuple
else:
    from collections import namedtuple

    class _Fields(type):
        def __new__(cls, name, bases, members):  # noqa: ANN001, ANN204 - checkers see typing's
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = members["__annotations__"]
            defaults = [members.pop(field) for field in fields if field in members]
            made = namedtuple(name, fields, defaults=defaults, module=members["__module__"])  # noqa: PYI024 - the class form compiles
            made.__new__.__annotations__ = fields
            for member, value in members.items():
                setattr(made, member, value)
            return made

    class NamedTuple(metaclass=_Fields):
        """Like `typing.NamedTuple`, which compiles each field's annotation: a tenth of the time to import `Manager`."""


__all__ = ["NamedTuple", "namespace"]


def namespace(
    package: str, namespace_globals: dict[str, Any], modules: Mapping[str, str], source: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` functions of a package.

    Args:
        package: The package's name.
        namespace_globals: Its `globals()`, where loaded names are cached.
        modules: The module of each public name, relative to the package; an empty string means that the name itself is
            a module.
        source: The package that contains the modules, if it is another one.
    """

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=None)
        home = modules[name]
        found = importlib.import_module(f"{source or package}.{home or name}")
        namespace_globals[name] = value = getattr(found, name) if home else found
        return value

    def names() -> list[str]:
        return sorted({*namespace_globals, *modules})

    return load, names
