"""Makes encoders refuse a message that is not parsed yet, instead of taking what is stored of it for the whole.

Rules of this module:

- An unparsed message stores its first header and `GUARD` under `REASON`. Everything that goes through the methods of
  dict parses the message first and never sees them.
- Encoders in C or Rust that read the storage of a dict find `GUARD` there. It is of no type that any of them encodes,
  and whatever they try on it raises: each reports `REASON`, because that is also the name of its type.
"""

from __future__ import annotations

from typing import Any, Never

__all__ = ["GUARD", "REASON"]

REASON = "an unread message of ami-typed: pass message.to_dict() instead, or call message.to_json()"
"""Completes "Type is not JSON serializable: ...". Its colon keeps it from ever being the name of a header."""


def _refuse(*_: object, **__: object) -> Never:
    raise ValueError(f"This is {REASON}.")


_REFUSING = dict.fromkeys(
    (
        *("__str__", "__repr__", "__format__", "__bytes__", "__reduce_ex__"),
        *("__len__", "__bool__", "__int__", "__float__", "__index__"),
        *("__iter__", "__next__", "__getitem__", "__contains__", "__getattr__", "__json__"),
    ),
    _refuse,
)


def _refusing(base: type[Any]) -> type[Any]:
    """Make a type named by the reason that refuses all that an encoder may try on an object it does not know."""
    return type(REASON, (base,), {"__slots__": (), "__module__": "ami_typed", **_REFUSING})


GUARD: Any = _refusing(tuple)((_refusing(object)(),))
"""A tuple, because some encoders put up with any unknown object; and holding what others refuse in a tuple."""
