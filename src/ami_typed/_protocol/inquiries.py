"""Inquiries: collects from the server what `explanations` concludes from, with actions that only read.

Rules of this module:

- What the user may not ask remains unknown; no inquiry fails because of it.
- Only the user's own privileges are read, never a secret: of ``manager.conf``, only the section ``general``.
- Only modules and files that the messages in question depend on are asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ami_typed.errors import ActionFailed, ActionTimeout, NotInRelease
from ami_typed.explanations import DISABLED_EVENTS, Known, named
from ami_typed.messages import Event, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ami_typed._protocol.dialogues import Conversation
    from ami_typed.explanations import Message

__all__ = ["arrived", "inquire"]

_UNQUOTABLE = re.compile(r'[\s"\\]')
_MISSING = re.compile("not found|no categories", re.IGNORECASE)
"""The error of GetConfig for a missing file or section (main/manager.c, action_getconfig, from 13.38.3 to 23.4.1)."""
_PERMISSIONS = re.compile(r"\s*(read|write) perm:\s*(\S+)\s*")


def inquire(messages: Iterable[Message | str], known: Known, username: str) -> Conversation[Known]:
    """Ask the server what decides whether events arrive and actions may be sent.

    Args:
        messages: The events and actions in question.
        known: What is known already; its modules and settings are asked for again.
        username: The user that is logged in; if empty, its privileges are not asked for.

    Returns:
        What is known now.
    """
    classes = [each if isinstance(each, type) else named(each)[0] for each in messages]
    listed = yield from _listed()
    allowed = {name.lower() for name in listed} if listed is not None else None
    if username and not _UNQUOTABLE.search(username) and (allowed is None or "command" in allowed):
        read, write = yield from _permissions(username)
    else:
        read = write = None
    modules = sorted({module for cls in classes for module in cls.modules})
    options = sorted({each[:3] for cls in classes if issubclass(cls, Event) for each in cls.turned_on_by})
    if any(issubclass(cls, Event) for cls in classes):
        options.append(DISABLED_EVENTS)
    loaded = (yield from _loaded(modules)) if allowed is None or "modulecheck" in allowed else {}
    settings = (yield from _settings(options)) if allowed is None or "getconfig" in allowed else {}
    return known._replace(actions=listed, read=read, write=write, modules=loaded, settings=settings)


def _asked(request: Request[Any]) -> Conversation[Any]:
    """Send a request; return its result, or why there is none."""
    try:
        return (yield request)
    except (ActionFailed, ActionTimeout, NotInRelease) as error:
        return error


def _listed() -> Conversation[dict[str, tuple[str, ...]] | None]:
    """Return the actions that the user may send, with their privileges."""
    from ami_typed import actions, responses

    answer = yield from _asked(actions.ListCommands())
    if not isinstance(answer, responses.ListCommands):
        return None
    return {name: command.privileges for name, command in answer.commands.items()}


def _permissions(username: str) -> Conversation[tuple[frozenset[str] | None, frozenset[str] | None]]:
    """Return the user's read and write privileges (main/manager.c, handle_showmanager, from 13.38.3 to 23.4.1)."""
    from ami_typed import actions, responses

    answer = yield from _asked(actions.Command(command=f"manager show user {username}"))
    lines = answer.output if isinstance(answer, responses.Command) else []
    found = {match[1]: frozenset(match[2].split(",")) for line in lines if (match := _PERMISSIONS.fullmatch(line))}
    return found.get("read"), found.get("write")


def _loaded(modules: Iterable[str]) -> Conversation[dict[str, bool]]:
    from ami_typed import actions

    loaded: dict[str, bool] = {}
    for module in modules:
        answer = yield from _asked(actions.ModuleCheck(module=module))
        if not isinstance(answer, Exception):
            loaded[module] = True
        elif isinstance(answer, ActionFailed) and "not loaded" in answer.message.lower():
            loaded[module] = False
    return loaded


def _settings(options: Iterable[tuple[str, str, str]]) -> Conversation[dict[tuple[str, str, str], str | None]]:
    """Return the values of options, section by section: another section of manager.conf would disclose secrets."""
    from ami_typed import actions, responses

    found: dict[tuple[str, str, str], str | None] = {}
    for file, section in dict.fromkeys(each[:2] for each in options):
        answer = yield from _asked(actions.GetConfig(filename=file, category=section))
        if isinstance(answer, responses.GetConfig):
            read = next((each for each in answer.sections if each.name.lower() == section), None)
        elif isinstance(answer, ActionFailed) and _MISSING.search(answer.message):
            read = None
        else:
            continue
        for option in (each for each in options if each[:2] == (file, section)):
            found[option] = None if read is None else read.get(option[2])
    return found


def arrived(known: Known, events: Mapping[str, int]) -> Known:
    """Return what events prove that arrived unasked: their user has the read privileges that they require.

    Args:
        known: What is known already.
        events: The number of events that arrived, by name. Those that also occur in a list prove nothing.
    """
    from ami_typed import catalogue, registry

    listed = {name.lower() for each in catalogue.AGGREGATES for name in registry.aggregate_class(each).repeatable}
    names = frozenset(name.lower() for name, count in events.items() if count) - listed
    proven = (privilege for name in names for privilege in registry.event_class(name).privileges)
    return known._replace(arrived=names, received=frozenset(proven))
