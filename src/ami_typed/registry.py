"""Which class a name on the wire has: the generated catalogue, and the packages that users generate themselves.

Rules of this module:

- A class is imported when its name is first asked for, never before.
- Names match without regard to case; a user's own package wins over ami-typed's classes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from ami_typed import catalogue
from ami_typed.messages import Event, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["action_class", "event_class", "register"]

_NOTHING: Final[Mapping[str, str]] = {}
_ACTIONS: dict[str, tuple[str, str]] = {}
_EVENTS: dict[str, tuple[str, str]] = {}
_AGGREGATES: dict[str, tuple[str, str]] = {}


def register(
    *,
    package: str,
    actions: Mapping[str, str] = _NOTHING,
    events: Mapping[str, str] = _NOTHING,
    aggregates: Mapping[str, str] = _NOTHING,
    event_names: Mapping[str, str] = _NOTHING,
) -> None:
    """Make the classes of a generated package known to every manager of this process.

    Args:
        package: The package's import name.
        actions: The module, relative to the package, of each action class.
        events: The same for event classes.
        aggregates: The same for aggregate classes.
        event_names: The class of each event whose name on the wire, in lower case, is not its class's.
    """
    for table, classes in ((_ACTIONS, actions), (_EVENTS, events), (_AGGREGATES, aggregates)):
        table.update({name.lower(): (f"{package}.{module}", name) for name, module in classes.items()})
    _EVENTS.update({name: (f"{package}.{events[cls]}", cls) for name, cls in event_names.items()})


register(package="ami_typed.actions", actions=catalogue.ACTIONS)
register(package="ami_typed.events", events=catalogue.EVENTS, event_names=catalogue.EVENT_NAMES)
register(package="ami_typed.aggregates", aggregates=catalogue.AGGREGATES)


def event_class(name: str) -> type[Event]:
    """Return the class of an event by its name on the wire, `Event` for one that nobody knows."""
    found: type[Event] = _load(_EVENTS, name, Event)
    return found


def action_class(name: str) -> type[Request[Any]]:
    """Return the class of an action by its name, `Request` for one that nobody knows."""
    found: type[Request[Any]] = _load(_ACTIONS, name, Request)
    return found


def _load(table: dict[str, tuple[str, str]], name: str, default: type[Any]) -> Any:
    place = table.get(name.lower())
    if place is None:
        return default
    module, cls = place
    return getattr(importlib.import_module(module), cls)
