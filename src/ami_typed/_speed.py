"""Chooses between the two forms of what all bytes and requests pass: `_compiled`, where it was built, or `_plain`.

``AMI_TYPED_PURE`` in the environment, with any text, chooses `_plain`. What mypyc has compiled stays so: set it when
ami-typed is installed, to have neither.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

__all__ = ["Found", "Kind", "compiled", "fill", "forms", "header", "holds", "sift", "unread", "written"]

if TYPE_CHECKING:
    from ami_typed._plain import Found, Kind, fill, header, holds, sift, unread, written

    compiled: bool
else:
    try:
        if os.environ.get("AMI_TYPED_PURE"):
            from ami_typed._plain import Found, Kind, fill, header, holds, sift, unread, written
        else:
            from ami_typed._compiled import Found, Kind, fill, header, holds, sift, unread, written
    except ImportError:  # it was not built
        from ami_typed._plain import Found, Kind, fill, header, holds, sift, unread, written
    compiled = Kind.__module__ == "ami_typed._compiled"


def forms() -> str:
    """Say what of the package is compiled here: ``C``, ``mypyc``, both or ``nothing``."""
    from importlib.util import find_spec

    session = find_spec("ami_typed.session")
    by_mypyc = session is not None and not (session.origin or "").endswith(".py")
    return " and ".join(["C"] * compiled + ["mypyc"] * by_mypyc) or "nothing"
