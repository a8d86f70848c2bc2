"""Where a manager connects to, and under which TLS settings: verification is on unless the program says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl

__all__ = ["Target"]


class Target(NamedTuple):
    """Where a manager connects to.

    Attributes:
        host: The server's name or address.
        port: Its port.
        timeout: How long each step may take, in seconds.
        tls: Whether, and with which settings, to speak TLS.
    """

    host: str
    port: int
    timeout: float
    tls: bool | ssl.SSLContext

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """Return the TLS settings to use, `None` for no TLS."""
        if not isinstance(self.tls, bool):
            return self.tls
        if not self.tls:
            return None
        import ssl

        return ssl.create_default_context()
