"""Settings from a URL or the environment: the server's address, and the credentials to log in with.

Rules of this module:

- A URL and the environment are two notations for the same settings: ``timeout`` in the URL is the variable
  ``AMI_TYPED_TIMEOUT``. Each setting may be given once.
- No error message repeats a part of a URL: a secret that was not percent-encoded may be in any of them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypedDict

from ami_typed._language.masks import mask_trouble
from ami_typed._lazy import NamedTuple
from ami_typed._protocol.dialogues import Credentials
from ami_typed._transport.target import Certificates, Target, secret_in_file, secret_of, timezone_of
from ami_typed.backoff import Reconnect
from ami_typed.errors import AddressError
from ami_typed.quantities import seconds

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from ami_typed._transport.target import Secret
    from ami_typed.limits import Limits
    from ami_typed.overflow import Overflow
    from ami_typed.quantities import Seconds

__all__ = ["Address", "Options"]

PREFIX = "AMI_TYPED_"
"""The default prefix of the environment variables."""

_PORT, _TLS_PORT = 5038, 5039
_TIMEOUT = 5.0
_OF_THE_AUTHORITY = ("host", "port", "user", "secret", "tls")
"""The settings that precede a URL's query."""


class Options(TypedDict, total=False):
    """The options of a manager besides its address; see `Manager`."""

    debug: bool
    logger: logging.Logger | None
    aggregate_timeout: Seconds
    orphaned_response_timeout: Seconds
    limits: Limits
    check_releases: bool
    reconnect: Reconnect | None
    overflow: Overflow
    timezone: tzinfo | str | None


class Address(NamedTuple):
    """The server that a manager connects to, and the credentials to log in with.

    Attributes:
        target: The server.
        credentials: The credentials to log in with; `None` if the program logs in itself.
        reconnect: How to restore a lost connection, if that was requested.
        timezone: The server's time zone; `None` if it is not given.
    """

    target: Target
    credentials: Credentials | None
    reconnect: Reconnect | None
    timezone: tzinfo | None

    @classmethod
    def of_url(cls, url: str, secret: Secret | None = None) -> Address:
        """Parse a URL such as ``ami://user@host:5038?timeout=2.5``.

        Args:
            url: The URL; the scheme ``amis`` selects TLS.
            secret: The secret, if it is not in the URL.

        Raises:
            AddressError: It is not such a URL, or a setting is missing or wrong.
        """
        return _address(_settings_of(url), secret)

    @classmethod
    def of_environment(
        cls, prefix: str = PREFIX, secret: Secret | None = None, environment: Mapping[str, str] = os.environ
    ) -> Address:
        """Read ``AMI_TYPED_URL``, ``AMI_TYPED_HOST`` and the similar variables; an empty one counts as not set.

        Args:
            prefix: The prefix of the variables' names.
            secret: The secret, if it is not in the environment.
            environment: The variables.

        Raises:
            AddressError: No variable specifies the server, or a setting is given twice or is wrong.
        """
        url = environment.get(f"{prefix}URL")
        settings = _settings_of(url) if url else {}
        own = {name: text for name in _SETTINGS if (text := environment.get(prefix + name.upper()))}
        for name in settings.keys() & own.keys():
            raise AddressError(f"{prefix}URL and {prefix}{name.upper()} both set {name}; remove one of them.")
        settings |= own
        if "host" not in settings:
            raise AddressError(f"The environment does not specify a server; set {prefix}URL or {prefix}HOST.")
        return _address(settings, secret)


def _settings_of(url: str) -> dict[str, str]:
    """Split a URL into settings."""
    from urllib.parse import unquote, urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressError(
            "The URL's host or port is invalid. Write an IPv6 address in brackets, and percent-encode special "
            "characters in a name or secret (%40 for @, %2F for /, %3A for :)."
        ) from None
    if parts.scheme not in {"ami", "amis"} or not host:
        raise AddressError("The URL must begin with ami://HOST or, for TLS, with amis://HOST.")
    if parts.path.strip("/") or parts.fragment:
        raise AddressError("Only a query may follow the URL's host and port; percent-encode % # / ? @ elsewhere.")
    given = {"host": host, "user": parts.username, "secret": parts.password}
    settings = {name: unquote(text, errors="surrogateescape") for name, text in given.items() if text}
    settings["tls"] = "yes" if parts.scheme == "amis" else "no"
    if port is not None:
        settings["port"] = str(port)
    return settings | _query_of(parts.query)


def _query_of(query: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    known = [name for name in _SETTINGS if name not in _OF_THE_AUTHORITY]
    settings: dict[str, str] = {}
    for place, (name, text) in enumerate(parse_qsl(query, keep_blank_values=True), 1):
        if name not in known:
            raise AddressError(
                f"Parameter {place} of the URL's query is unknown; the parameters are {', '.join(known)}."
            )
        if name in settings:
            raise AddressError(f"The URL's query sets {name} twice.")
        settings[name] = text
    return settings


_FLAGS = {**dict.fromkeys(("yes", "true", "on", "1"), True), **dict.fromkeys(("no", "false", "off", "0"), False)}


def _flag(text: str) -> bool:
    return _FLAGS[text.lower()]


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError
    return port


def _mask(text: str) -> str:
    if mask_trouble(text) is not None:
        raise ValueError
    return text


def _seconds(text: str) -> float:
    return seconds(float(text), "It", above_zero=True)


def _reconnect(text: str) -> Reconnect | None:
    at_start = text.lower() == "start"
    return Reconnect(at_start=at_start) if at_start or _flag(text) else None


_SETTINGS: dict[str, tuple[Callable[[str], object], str]] = {
    "host": (str, "a name or an address"),
    "port": (_port, "a number from 1 to 65535"),
    "user": (str, "a section of manager.conf"),
    "secret": (str, "the secret of that section"),
    "tls": (_flag, "yes or no"),
    "secret_file": (secret_in_file, "the path of a file"),
    "cafile": (str, "the path of a file"),
    "certfile": (str, "the path of a file"),
    "keyfile": (str, "the path of a file"),
    "timeout": (_seconds, "a number of seconds above 0"),
    "events": (_mask, "an event mask: on, off or classes of events such as call,agent"),
    "plain": (_flag, "yes or no"),
    "wait": (_seconds, "a number of seconds above 0"),
    "reconnect": (_reconnect, "yes, no or start"),
    "timezone": (timezone_of, "the name of a time zone in this system's database, such as Europe/Berlin"),
}
"""Every setting: the function that converts its text to a value, and what the value must be."""


def _address(settings: Mapping[str, str], secret: Secret | None) -> Address:
    """Create an address from settings."""
    values: dict[str, Any] = {name: _value_of(name, text) for name, text in settings.items()}
    tls: bool = values.get("tls", False)
    files = Certificates(values.get("cafile"), values.get("certfile"), values.get("keyfile"))
    if any(files) and not tls:
        raise AddressError("cafile, certfile and keyfile require TLS: use amis:// or TLS=yes.")
    if files.keyfile and not files.certfile:
        raise AddressError("keyfile also needs certfile, the certificate that the key belongs to.")
    timeout: float = values.get("timeout", _TIMEOUT)
    port: int = values.get("port", _TLS_PORT if tls else _PORT)
    target = Target(values["host"], port, timeout, files if any(files) else tls)
    credentials = _credentials(values, secret, timeout)
    return Address(target, credentials, values.get("reconnect"), values.get("timezone"))


def _value_of(name: str, text: str) -> object:
    make, what = _SETTINGS[name]
    try:
        return make(text)
    except (ValueError, KeyError):
        raise AddressError(f"{name} must be {what}.") from None


def _credentials(values: Mapping[str, Any], secret: Secret | None, timeout: float) -> Credentials | None:
    secrets = [each for each in (secret, values.get("secret"), values.get("secret_file")) if each is not None]
    if len(secrets) > 1:
        raise AddressError("More than one secret is given; give either the argument, secret or secret_file.")
    if bool(secrets) != ("user" in values):
        given, missing = ("secret", "user") if secrets else ("user", "secret")
        raise AddressError(f"A {given} is given without a {missing}; give both or neither.")
    if not secrets:
        return None
    return Credentials(
        values["user"],
        secret_of(secrets[0]),
        events=values.get("events"),
        plain=values.get("plain", False),
        wait=values.get("wait"),
        timeout=timeout,
    )
