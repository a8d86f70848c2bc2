"""Classes of actions and events: what users may send and receive, and the masks in which clients name them.

Source: main/manager.c, perms, strings_to_mask, authority_to_str; include/asterisk/manager.h, EVENT_FLAG_*. The table is
the same in Asterisk 13 to 23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.values import FALSE, TRUE

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ALL", "EVERY", "classes_of", "mask_of", "of_event", "written"]

_BITS = {
    "system": 0,
    "call": 1,
    "log": 2,
    "verbose": 3,
    "command": 4,
    "agent": 5,
    "user": 6,
    "config": 7,
    "dtmf": 8,
    "reporting": 9,
    "cdr": 10,
    "dialplan": 11,
    "originate": 12,
    "agi": 13,
    "cc": 15,
    "aoc": 16,
    "test": 17,
    "security": 18,
    "message": 30,
}
"""The classes in Asterisk's order, each with the number of its bit in a numeric mask."""
EVERY = frozenset(_BITS)
ALL = "all"
_NOBODY = "<none>"


def classes_of(given: str | Iterable[str], where: str) -> frozenset[str]:
    """Return the classes granted to a user: names as in manager.conf, ``all`` for every class.

    Raises:
        ValueError: A class does not exist.
    """
    words = given.split(",") if isinstance(given, str) else list(given)
    names = {str(word).strip().lower() for word in words} - {"", "none"}
    for name in sorted(names - EVERY - {ALL}):
        raise ValueError(f"{where}: there is no class {name!r} in manager.conf; use {ALL}, {', '.join(_BITS)}.")
    return EVERY if ALL in names else frozenset(names)


def mask_of(text: str) -> frozenset[str] | None:
    """Return the classes that a client's event mask selects, `None` if the mask is empty and changes nothing.

    A number is a set of bits, a word of truth means all or none, anything else is a list: unknown words are ignored.
    """
    if not text:
        return None
    if text.isascii() and text.isdigit():
        number = int(text)
        return frozenset(name for name, bit in _BITS.items() if number >> bit & 1)
    if text.lower() in FALSE | TRUE:
        return EVERY if text.lower() in TRUE else frozenset()
    words = frozenset(text.split(","))
    return EVERY if ALL in words else words & EVERY


def written(classes: Iterable[str]) -> str:
    """Return classes as Asterisk prints them: in its order, followed by ``all``."""
    given = set(classes)
    return ",".join((*(name for name in _BITS if name in given), ALL)) if given else _NOBODY


def of_event(privilege: str) -> frozenset[str]:
    """Return the classes in an event's Privilege header; its receiver needs all of them."""
    return frozenset(privilege.split(",")) & EVERY
