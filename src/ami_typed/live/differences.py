"""Differences between the picture and the server's own lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["Difference", "differing", "existing"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between the picture and the server's own lists."""

    what: str
    """The object, such as ``channel PJSIP/alice-00000001``."""
    attribute: str
    """The attribute that differs; ``there`` if only one side has the object."""
    picture: object
    """The value in the picture."""
    server: object
    """The value in the server's list."""


def differing(what: str, mine: Mapping[str, object], theirs: Mapping[str, object]) -> Iterator[Difference]:
    """Compare the attributes of an object."""
    for name, value in mine.items():
        if value != theirs[name]:
            yield Difference(what, name, value, theirs[name])


def existing(what: str, mine: Collection[str], theirs: Collection[str]) -> Iterator[Difference]:
    """Compare which objects exist, by their names."""
    for name in [each for each in mine if each not in theirs]:
        yield Difference(f"{what} {name}", "there", True, False)
    for name in [each for each in theirs if each not in mine]:
        yield Difference(f"{what} {name}", "there", False, True)
