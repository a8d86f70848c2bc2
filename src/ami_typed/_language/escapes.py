"""Codecs of texts that Asterisk escapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ami_typed._language.codecs import Codec
from ami_typed.arguments import as_text

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["Escaped", "escaped", "nullable", "uri_encoded"]


_ESCAPES = dict(zip("abfnrtv\\'\"?", "\a\b\f\n\r\t\v\\'\"?", strict=True))
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_C_ESCAPED = str.maketrans({character: f"\\{letter}" for letter, character in _ESCAPES.items()})


def _unescaped(spelling: str) -> str:
    try:
        return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], spelling)
    except KeyError:  # escaping never produces such a backslash: the text was not escaped
        return spelling


class Escaped(Codec[str]):
    r"""Text with C escape sequences: ``O\'Brien``.

    Source: ``ast_escape_c`` in main/utils.c, since 13.5.0. It puts a backslash before ``\``, ``'``, ``"`` and ``?``,
    and replaces control characters with C's letter escapes, if there are any. If a text contains a backslash that does
    not begin one of these escapes, it was not escaped and is returned unmodified.

    Args:
        older: Two headers; a message that has the first and lacks the second is from a release that does not escape.
    """

    __slots__ = ("older",)

    def __init__(self, *older: str) -> None:
        super().__init__(_unescaped, lambda value: as_text(value).translate(_C_ESCAPED), mark="\\")
        self.older = older

    def applies_to(self, _message: Container[str]) -> bool:
        """Return whether a message is from a release that escapes text."""
        return not self.older or self.older[0] not in _message or self.older[1] in _message


def escaped(*older: str) -> Codec[str]:
    """Text with C escape sequences; see `Escaped`."""
    return Escaped(*older)


nullable: Codec[str] = Codec(lambda spelling: "" if spelling == "(null)" else spelling, as_text, mark="(")
"""Text that Asterisk prints from a pointer: ``(null)`` is what printf writes for no text."""

_URI_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_NOT_UNRESERVED = re.compile(rb"[^A-Za-z0-9\-_.!~*'()]")


def _uri_decoded(spelling: str) -> str:
    octets = spelling.encode("utf-8", "surrogateescape")
    decoded = _URI_ENCODED.sub(lambda encoded: bytes([int(encoded[1], 16)]), octets)
    return decoded.decode("utf-8", "surrogateescape")


def _uri_encoded(value: str) -> str:
    octets = as_text(value).encode("utf-8", "surrogateescape")
    return _NOT_UNRESERVED.sub(lambda octet: b"%%%02X" % ord(octet[0]), octets).decode()


uri_encoded: Codec[str] = Codec(_uri_decoded, _uri_encoded, mark="%")
"""Percent-encoded text: all octets except letters, digits and ``-_.!~*'()`` are encoded, such as ``%0A``.

Source: ``ast_uri_encode`` with ``ast_uri_http`` in main/utils.c.
"""
