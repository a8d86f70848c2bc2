"""Why a connection failed, in the system's words or, if it has none, in those of this module.

Rules of this module:

- Windows has its own numbers for socket errors ("Windows Sockets Error Codes" in Microsoft's documentation of Winsock).
  `os.strerror` supports none of them, and the messages that come with them are long sentences or, for names, only
  "getaddrinfo failed".
- asyncio replaces the messages of `connect` errors with ones that name only the address; the number is more precise.
"""

from __future__ import annotations

import os
import re

__all__ = ["breakage", "reason_of"]

_WINSOCK = {
    10004: "Interrupted system call",
    10013: "Permission denied",
    10022: "Invalid argument",
    10024: "Too many open sockets",
    10035: "The operation would block",
    10036: "The operation is in progress",
    10037: "The operation is in progress already",
    10038: "Not a socket",
    10043: "Protocol not supported",
    10044: "Socket type not supported",
    10045: "Operation not supported",
    10047: "Address family not supported",
    10048: "Address already in use",
    10049: "Cannot assign requested address",
    10050: "Network is down",
    10051: "Network is unreachable",
    10052: "Network dropped the connection on reset",
    10053: "Connection aborted by this machine",
    10054: "Connection reset by peer",
    10055: "No buffer space available",
    10056: "Already connected",
    10057: "Not connected",
    10058: "Socket is shut down",
    10060: "Connection timed out",
    10061: "Connection refused",
    10064: "Host is down",
    10065: "No route to host",
    10067: "Too many processes",
    10091: "Network subsystem is unavailable",
    10093: "Winsock is not initialised",
    10101: "The other end is shutting down",
    11001: "Host not found",
    11002: "Host not found for now; try again",
    11003: "The name service failed",
    11004: "The name has no address of this kind",
}

_OF_OPENSSL = r"^\[SSL: \w+\] | \(_ssl\.c:\d+\)$"
"""What Python adds to OpenSSL's words: the name of the error, and a line of its own source."""


def reason_of(error: BaseException) -> str:
    """Return why something failed, in words; an empty string if the error does not say.

    Args:
        error: An error of the system, the resolver or TLS.
    """
    of_windows: int | None = getattr(error, "winerror", None)
    number = of_windows or getattr(error, "errno", None)
    if isinstance(number, int) and number in _WINSOCK:
        return _WINSOCK[number]
    if number and not of_windows and type(error).__module__ == OSError.__module__:  # the resolver and TLS have others
        return os.strerror(number)
    return re.sub(_OF_OPENSSL, "", getattr(error, "strerror", None) or str(error))


def breakage(error: BaseException) -> str:
    """Return the reason for the end of a connection that failed with an error of the system or of TLS."""
    return f"the connection broke: {reason_of(error) or type(error).__name__}."
