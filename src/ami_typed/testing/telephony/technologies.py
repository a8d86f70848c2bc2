"""The kinds of channels that can be asked for, by what stands before the slash: ``Local``, ``PJSIP``, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ami_typed.testing.telephony.objects import Channel
from ami_typed.testing.telephony.world import World

__all__ = ["NO_ROUTE", "Requesting", "provides", "request"]

NO_ROUTE = 3
_UNKNOWN_TECHNOLOGY = 66

Requesting: TypeAlias = Callable[[World, str, Channel | None, tuple[str, str]], Channel | int]
"""Creates a channel to a destination such as ``PJSIP/alice``, or returns the cause of why it cannot."""

_TECHNOLOGIES: dict[str, Requesting] = {}


def provides(*names: str) -> Callable[[Requesting], Requesting]:
    """Add a function that creates channels."""

    def add(create: Requesting) -> Requesting:
        _TECHNOLOGIES.update((name.lower(), create) for name in names)
        return create

    return add


def request(
    world: World, destination: str, requestor: Channel | None = None, uniqueids: tuple[str, str] = ("", "")
) -> Channel | int:
    """Create a channel to a destination such as ``PJSIP/alice``.

    Args:
        world: Where it is.
        destination: The technology and the resource.
        requestor: The channel on whose behalf it is called.
        uniqueids: The identifiers that the program chose for it and its second half; empty ones are chosen here.

    Returns:
        The channel, or the cause of why there is none.
    """
    create = _TECHNOLOGIES.get(destination.partition("/")[0].lower())
    return _UNKNOWN_TECHNOLOGY if create is None else create(world, destination, requestor, uniqueids)
