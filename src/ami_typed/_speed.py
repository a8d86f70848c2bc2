"""Chooses between the two forms of what every byte of a stream passes: `_compiled`, where it was built, or `_plain`.

``AMI_TYPED_PURE`` in the environment, with any text, chooses `_plain`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

__all__ = ["Found", "Kind", "compiled", "fill", "header", "holds", "sift"]

if TYPE_CHECKING:
    from ami_typed._plain import Found, Kind, fill, header, holds, sift

    compiled: bool
else:
    try:
        if os.environ.get("AMI_TYPED_PURE"):
            from ami_typed._plain import Found, Kind, fill, header, holds, sift
        else:
            from ami_typed._compiled import Found, Kind, fill, header, holds, sift
    except ImportError:  # it was not built
        from ami_typed._plain import Found, Kind, fill, header, holds, sift
    compiled = Kind.__module__ == "ami_typed._compiled"
