"""Values of typed attributes as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any, cast

from ami_typed._language.special import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["as_json"]


def as_json(value: Any) -> str:
    """Encode a value of a typed attribute, or a dict of such values, as JSON; see `Message.to_json`."""
    import json

    return json.dumps(_jsonable(value))


def _jsonable(value: Any) -> Any:
    """Convert a value to types that `json` supports; members of vocabularies already are text or numbers."""
    match value:
        case Mapping():
            value = {name: _jsonable(each) for name, each in cast("Mapping[str, Any]", value).items()}
        case list():
            value = [_jsonable(each) for each in cast("Sequence[Any]", value)]
        case Address():
            value = value._asdict()
        case timedelta():
            value = value.total_seconds()
        case date() | time():
            value = value.isoformat()
        case float() if not math.isfinite(value):
            value = str(value)
        case _:
            pass
    return value
