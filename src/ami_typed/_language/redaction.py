"""Secrets in messages, and the display of messages without them.

Rules owned here:

- A secret is known by the name of its header, which the class of the message declares (`Message.secrets`), or by what
  its name or text looks like.
- The value of a header whose name is in another header (a channel variable, a database entry) is masked by that name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ami_typed._language.codecs import Headers

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["is_secret", "redacted"]

_NAMED_BY = {"value": "variable", "val": "key"}
"""Headers that hold a value whose name is in another header: a channel variable, a database entry."""


@functools.cache
def _telltale() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return two patterns: one for the name of a secret, one for a text that contains a secret.

    Such a text assigns a secret to a variable or in a line of a configuration file, is a ``register`` line, or is a URI
    with a password.
    """
    word = r"(?:secret|password|passwd|passphrase|(?:^|_|admin|vm)pin|token|api_?key|md5_?cred|password_?digest)"
    text = rf"(?:{word}|^register)\s*=>?\s*\S|://[^\s/@:]+:[^\s/@]+@"
    return re.compile(rf"(?<!using){word}$", re.IGNORECASE), re.compile(text, re.IGNORECASE)


def redacted(headers: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """Return headers for display, with the values of secrets masked."""
    shown = {name: _shown(name, value, secrets) for name, value in headers.items()}
    folded = {name.lower(): value for name, value in headers.items()}
    for name in shown:
        namer = folded.get(_NAMED_BY.get(name.lower(), ""))
        if isinstance(namer, str) and _telltale()[0].search(namer):
            shown[name] = "***"
    return shown


def _shown(name: str, value: Any, secrets: frozenset[str]) -> Any:
    """Return a header's value for display, masking nested values one by one."""
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, Any]", value)
        return {each: _shown(str(each), held, secrets) for each, held in inner.items()}
    if isinstance(value, Headers):
        return [(each, _shown(each, held, secrets)) for each, held in value]
    if isinstance(value, (list, tuple)):
        return [_shown(name, held, secrets) for held in cast("Sequence[Any]", value)]
    return "***" if value and is_secret(name, value, secrets) else value


def is_secret(name: str, value: Any, secrets: frozenset[str]) -> bool:
    """Return whether a header must be masked, because of its name or of a secret in its text."""
    folded = name.lower()
    telling_name, telling_text = _telltale()
    if folded in secrets or folded.rstrip("-0123456789") + "-*" in secrets or telling_name.search(folded):
        return True
    text = value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else value
    return isinstance(text, str) and telling_text.search(text) is not None
