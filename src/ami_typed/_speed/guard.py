"""Makes encoders reject an unparsed message, instead of encoding only the part of it that is stored.

Rules of this module:

- An unparsed message stores its first header, and `GUARD` under the key `REASON`. All access through the methods of
  dict parses the message first, and never sees them.
- Encoders in C or Rust that read the storage of a dict directly find `GUARD` there. None of them encodes its type, and
  every operation on it raises: the error includes `REASON`, because that is also the name of its type.
"""

from __future__ import annotations

from typing import Any, Never

__all__ = ["GUARD", "REASON"]

REASON = "an unread message of ami-typed: pass message.to_dict() instead, or call message.to_json()"
"""Completes "Type is not JSON serializable: ...". Because of its colon, it can never be the name of a header."""


def _refuse(*_: object, **__: object) -> Never:
    raise ValueError(f"This is {REASON}.")


_METHODS = (
    "__str__", "__repr__", "__format__", "__bytes__", "__reduce_ex__", "__len__", "__bool__", "__int__", "__float__",
    "__index__", "__iter__", "__next__", "__getitem__", "__contains__", "__getattr__", "__json__",
)  # fmt: skip
_REFUSING = dict.fromkeys(_METHODS, _refuse)


def _refusing(base: type[Any]) -> type[Any]:
    """Return a type, named after the reason, that rejects every operation an encoder may try on an unknown object."""
    return type(REASON, (base,), {"__slots__": (), "__module__": "ami_typed", **_REFUSING})


GUARD: Any = _refusing(tuple)((_refusing(object)(),))
"""A tuple, because some encoders accept any unknown object; its item is one that others reject inside a tuple."""
