"""Selects the implementation of the hot path: `compiled`, if it was built and can be loaded, otherwise `plain`.

Any non-empty value of the environment variable ``AMI_TYPED_PURE`` selects `plain`. It does not affect modules compiled
by mypyc: set it while installing ami-typed to get neither.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

__all__ = [
    "NONE_REPEATED",
    "NO_LINES",
    "HeaderAttribute",
    "Kind",
    "compiled",
    "contains",
    "encode_request",
    "find_header",
    "find_snapshot",
    "forms",
    "make_message",
    "parse",
    "parse_into",
    "publish",
    "put",
    "recast",
    "route_block",
]

if TYPE_CHECKING:
    from ami_typed._speed.plain import (
        NO_LINES,
        NONE_REPEATED,
        HeaderAttribute,
        Kind,
        contains,
        encode_request,
        find_header,
        find_snapshot,
        make_message,
        parse,
        parse_into,
        publish,
        put,
        recast,
        route_block,
    )

    compiled: bool
else:
    from importlib import import_module

    try:
        _form = import_module("ami_typed._speed.compiled")
    except ModuleNotFoundError:  # it was not built
        _form = None
    except ImportError:  # this interpreter cannot load compiled modules
        from ami_typed._speed import sources

        sources.prefer()
        _form = None
    if _form is None or os.environ.get("AMI_TYPED_PURE"):
        from ami_typed._speed import plain as _form
    HeaderAttribute, Kind, NO_LINES, NONE_REPEATED = (
        _form.HeaderAttribute, _form.Kind, _form.NO_LINES, _form.NONE_REPEATED
    )  # fmt: skip
    contains, encode_request, find_header = _form.contains, _form.encode_request, _form.find_header
    find_snapshot, make_message, parse, parse_into = (
        _form.find_snapshot,
        _form.make_message,
        _form.parse,
        _form.parse_into,
    )
    publish, put, recast, route_block = _form.publish, _form.put, _form.recast, _form.route_block
    compiled = Kind.__module__ == "ami_typed._speed.compiled"


def forms() -> str:
    """Return which parts of the package are compiled: ``C``, ``mypyc``, ``C and mypyc`` or ``nothing``."""
    from importlib.util import find_spec

    session = find_spec("ami_typed._protocol.session")
    by_mypyc = session is not None and not (session.origin or "").endswith(".py")
    return " and ".join(["C"] * compiled + ["mypyc"] * by_mypyc) or "nothing"
