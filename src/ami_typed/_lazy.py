"""Helpers that keep imports fast.

Namespaces load a module when one of its names is first accessed (PEP 562), and named tuples compile their constructor
when the first of them is created, and no annotations.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import NamedTuple, Self
else:
    try:
        from _collections import _tuplegetter
    except ImportError:  # as in `collections.namedtuple`
        from operator import itemgetter

        def _tuplegetter(number: int, doc: str) -> property:
            return property(itemgetter(number), doc=doc)

    class _Constructor:
        """The ``__new__`` of a named tuple, compiled when it is first needed."""

        def __init__(self, fields: dict[str, str], defaults: tuple[Any, ...]) -> None:
            self.fields = fields
            self.defaults = defaults

        def __set_name__(self, owner: type, name: str) -> None:
            self.owner = owner

        def __get__(self, instance: object, cls: type | None = None) -> Callable[..., Any]:
            names = ", ".join(self.fields)
            source = f"lambda _cls, {names}: _new(_cls, ({names},))"
            made = eval(source, {"_new": tuple.__new__, "__name__": self.owner.__module__})  # noqa: S307 - as namedtuple
            made.__name__, made.__qualname__ = "__new__", f"{self.owner.__name__}.__new__"
            made.__doc__ = f"Create new instance of {self.owner.__name__}({names})"
            made.__defaults__ = self.defaults
            made.__annotations__ = self.fields
            self.owner.__new__ = staticmethod(made)
            return made

    class _Record(tuple):
        """The methods of every named tuple."""

        __slots__ = ()

        @classmethod
        def _make(cls, values: Iterable[Any]) -> Self:
            """Make a new instance from a sequence or iterable."""
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changes: Any) -> Self:
            """Return a new instance with new values for some fields."""
            made = self._make(map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"Got unexpected field names: {[*changes]!r}")
            return made

        __replace__ = _replace

        def _asdict(self) -> dict[str, Any]:
            """Return the values as a dict, by the names of their fields."""
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[Any, ...]:
            """Return the values for copy and pickle."""
            return tuple(self)

        def __repr__(self) -> str:
            named = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({', '.join(named)})"

    class _Fields(type):
        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = members["__annotations__"]
            defaults = {field: members[field] for field in fields if field in members}
            getters = {
                field: _tuplegetter(number, f"Alias for field number {number}") for number, field in enumerate(fields)
            }
            of_the_tuple = {
                "__slots__": (),
                "__match_args__": tuple(fields),
                "_fields": tuple(fields),
                "_field_defaults": defaults,
                "__new__": _Constructor(fields, tuple(defaults.values())),
            }
            return type(name, (_Record,), members | getters | of_the_tuple)

    class NamedTuple(metaclass=_Fields):
        """Like `typing.NamedTuple`, which compiles each annotation and each class: a fifth of importing `Manager`."""


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
