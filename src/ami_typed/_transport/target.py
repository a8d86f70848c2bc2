"""The target of a manager: the server's address and time zone, the TLS settings, and the source of the secret.

Rules of this module:

- The server's certificate is verified unless the program passes its own TLS settings.
- A secret in a file is read when it is needed, so that it may change while the program runs.
"""

from __future__ import annotations

import os
import sys
from datetime import tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ami_typed._lazy import NamedTuple
from ami_typed._transport.reasons import reason_of
from ami_typed.arguments import as_text, wrong
from ami_typed.errors import ConnectFailed, ManagerError
from ami_typed.quantities import seconds, whole

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    Secret = str | os.PathLike[str] | Callable[[], str]

__all__ = ["Certificates", "Target", "failure_of", "no_tls", "secret_in_file", "secret_of", "target_of", "timezone_of"]


class Certificates(NamedTuple):
    """PEM files for TLS.

    Attributes:
        cafile: The certificate authorities to trust; this machine's by default.
        certfile: The client's certificate; `None` to present none.
        keyfile: Its key, unless it is in the same file. It must not be protected by a password.
    """

    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None

    def context(self) -> ssl.SSLContext:
        """Load the files.

        Raises:
            OSError: One of them cannot be used.
        """
        import ssl

        context = ssl.create_default_context(cafile=self.cafile)
        # Python asks for it too, but not where a distribution leaves the choice to OpenSSL's configuration.
        context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
        if self.certfile is not None:
            context.load_cert_chain(self.certfile, self.keyfile, password="")  # or OpenSSL prompts on the terminal
        return context


class Target(NamedTuple):
    """The server that a manager connects to.

    Attributes:
        host: The server's name or address.
        port: Its port.
        timeout: How long each step may take, in seconds.
        tls: Whether to use TLS, or the settings or files to use for it.
    """

    host: str
    port: int
    timeout: float
    tls: bool | ssl.SSLContext | Certificates

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """Return the TLS settings to use; `None` for no TLS.

        Raises:
            ConnectFailed: A file cannot be used.
        """
        if self.tls is False:
            return None
        files = Certificates() if self.tls is True else self.tls
        if not isinstance(files, Certificates):
            return files
        try:
            return files.context()
        except OSError as error:
            names = ", ".join(name for name in files if name)
            sentence = f"No TLS with {self}: cannot use {names}: {error.strerror or error}."
            raise ConnectFailed.for_good(sentence) from error


def target_of(host: object, port: object, timeout: object, tls: Any) -> Target:
    """Validate the parameters of a connection, and return its target.

    Args:
        host: The server's name or address; an object of `ipaddress` is accepted, too.
        port: Its port; its range is checked when connecting.
        timeout: How long each step may take.
        tls: Whether to use TLS, or the settings or files to use for it.

    Raises:
        TypeError: A parameter has the wrong type.
        ValueError: ``timeout`` is not above 0.
    """
    if not isinstance(tls, (bool, Certificates)) and not hasattr(tls, "wrap_bio"):
        raise TypeError(f"tls {wrong('True, False or an ssl.SSLContext', tls)}.")
    return Target(_name_of(host), whole(port, "port"), seconds(timeout, "timeout", above_zero=True), tls)


def _name_of(host: object) -> str:
    expected = "the name or address of a server"
    try:
        if not isinstance(host, (int, float)):
            return as_text(host, expected)
    except TypeError:
        pass
    raise TypeError(f"host {wrong(expected, host)}.")


def failure_of(sentence: str, error: BaseException) -> ConnectFailed:
    """Return the exception for a connection that failed with an error of the system or of TLS."""
    ssl = sys.modules.get("ssl")  # if it is not loaded, no certificate was verified
    if ssl is not None and isinstance(error, ssl.SSLCertVerificationError):
        return ConnectFailed.for_good(sentence)
    return ConnectFailed(sentence)


def no_tls(target: Target, error: OSError) -> ConnectFailed:
    """Return what to raise for a connection whose TLS handshake failed."""
    ssl = sys.modules["ssl"]
    unnumbered = not error.errno
    if unnumbered and isinstance(error, TimeoutError):
        reason = f"no answer within {target.timeout:g} s"
    elif isinstance(error, ssl.SSLEOFError) or (unnumbered and isinstance(error, ConnectionResetError)):
        reason = "the server closed the connection"
    else:
        reason = reason_of(error)
        if getattr(error, "reason", None) == "WRONG_VERSION_NUMBER":
            reason += "; this may be a port without TLS"
    return failure_of(f"No TLS with {target}: {reason}.", error)


def _read(path: str) -> str:
    """Return the content of a file without trailing line ends."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 - pathlib is slow to load
            return file.read().rstrip("\r\n")
    except OSError as error:
        raise ManagerError(f"Cannot read the secret from {path}: {error.strerror}.") from error


def secret_in_file(path: str) -> Callable[[], str]:
    return partial(_read, path)


def secret_of(secret: object) -> str | Callable[[], str]:
    """Return a secret, or a function that returns it when it is needed.

    Raises:
        TypeError: It is neither. Bytes may be a secret or the path of a file, so they are rejected.
    """
    if isinstance(secret, str):
        return secret
    if callable(secret):
        return cast("Callable[[], str]", secret)
    given = secret
    path: object = os.fspath(cast("os.PathLike[str]", secret)) if isinstance(secret, os.PathLike) else None
    if not isinstance(path, str):
        advice = " Decode it: secret.decode()." if isinstance(given, (bytes, bytearray)) else ""
        expected = "text, the path of a file as a pathlib.Path, or a function that returns it"
        raise TypeError(f"secret {wrong(expected, given)}.{advice}")
    return secret_in_file(path)


def timezone_of(given: object) -> tzinfo | None:
    """Return a time zone that may be given by its name in the IANA database, such as ``Europe/Berlin``.

    Raises:
        ValueError: This machine has no such zone.
        TypeError: It is neither a time zone nor a name.
    """
    if given is None or isinstance(given, tzinfo):
        return given
    if not isinstance(given, str):
        raise TypeError(f"timezone {wrong('a tzinfo or the name of a time zone', given)}.")
    from zoneinfo import ZoneInfo  # most programs name none

    try:
        return ZoneInfo(given)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"No time zone found with the name {given!r}. Use a name from the IANA database, such as Europe/Berlin; on "
            "a system without that database, such as Windows, install the package tzdata."
        ) from None
