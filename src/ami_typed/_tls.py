"""The TLS settings that both faces use where the program gives none of its own: verification is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


def tls_context(tls: bool | ssl.SSLContext) -> ssl.SSLContext:
    """Return the TLS settings to use: the given ones, or those of this machine, with verification on."""
    if not isinstance(tls, bool):
        return tls
    import ssl

    return ssl.create_default_context()
