"""The table of actions: each module adds its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.world import World

__all__ = ["ACTIONS", "Act", "answers", "flag"]

Act: TypeAlias = "Callable[[World, ReceivedAction, Reply], None]"
"""Carries out an action."""

ACTIONS: dict[str, Act] = {}
"""The actions that are carried out, by name in lower case."""

_TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})


def answers(*names: str) -> Callable[[Act], Act]:
    """Add a function that carries out actions to the table."""

    def add(act: Act) -> Act:
        ACTIONS.update((name.lower(), act) for name in names)
        return act

    return add


def flag(text: str) -> bool:
    """Return whether a text means yes (main/utils.c, ast_true)."""
    return text.strip().lower() in _TRUE
