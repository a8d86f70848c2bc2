"""The descriptions of attributes, read from the sources of their classes when they are asked for."""

from __future__ import annotations

import functools
from typing import Any

__all__ = ["described", "meaning"]


def meaning(owner: Any, attribute: str) -> str:
    """Return the description of an attribute in the source of its class; empty if there is no source file."""
    try:
        return described(owner).get(attribute, "")
    except (OSError, TypeError):
        return ""


@functools.cache
def described(cls: type[Any]) -> dict[str, str]:
    """Return the descriptions that follow the fields of a class in its source, by attribute name."""
    import ast  # imported lazily, like the others: only `help` and documentation need them
    import inspect
    import textwrap

    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for node, after in zip(body.body, body.body[1:], strict=False):
        match node, after:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(sentence))
            ):
                found[name] = inspect.cleandoc(sentence)
            case _:
                pass
    return found
