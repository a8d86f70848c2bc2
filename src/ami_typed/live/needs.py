"""What a model needs from the server, and what it lacks because the server refused it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from ami_typed.errors import ActionFailed, NotInRelease

__all__ = ["Lack", "LackReason", "Need", "reason_of"]


@dataclass(frozen=True, slots=True)
class Need:
    """A privilege that the manager user needs for what is watched."""

    watched: str
    """What it is needed for: the name of the parameter, such as ``agents``."""
    message: str
    """The event or the action, by its name on the wire."""
    access: Literal["read", "write"]
    """The line of manager.conf that grants the privilege: ``read`` for an event, ``write`` for an action."""
    privileges: tuple[str, ...]
    """The privileges: for an event all of them, for an action any of them; empty if none is needed."""


class LackReason(Enum):
    """Why a list could not be read."""

    PRIVILEGE = "privilege"
    """The user is not permitted to send the action."""
    MODULE = "module"
    """The server does not know the action: the module that provides it is not loaded."""
    RELEASE = "release"
    """The server's release does not have the action."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A list that could not be read: of what it lists, only what events have reported since is known."""

    watched: str
    """What is incomplete: the name of the parameter, such as ``agents``."""
    action: str
    """The action that was refused."""
    reason: LackReason
    """Why it was refused."""
    privileges: tuple[str, ...]
    """The privileges, any of which permits the action."""
    error: ActionFailed | NotInRelease
    """The refusal."""

    def __str__(self) -> str:
        return f"{self.watched}: only what events have reported is known. {self.error}"


def reason_of(error: ActionFailed | NotInRelease) -> LackReason | None:
    """Return why a list was refused; `None` if the error says that the list is empty.

    Source: main/manager.c, process_message, for the two texts, from 13.38.3 to 23.4.1. All other errors of the lists
    read here say that there is nothing to list.
    """
    if isinstance(error, NotInRelease):
        return LackReason.RELEASE
    if error.message.startswith("Permission denied"):
        return LackReason.PRIVILEGE
    if error.message.startswith("Invalid/unknown command"):
        return LackReason.MODULE
    return None
