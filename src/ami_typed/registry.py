"""Maps names on the wire to classes: the generated catalogue, classes of the program, and user-generated packages.

Rules of this module:

- A class is imported when its name is first looked up, never before.
- Names are case-insensitive. A class that the program has registered takes precedence over ami-typed's; a class that it
  has only defined takes precedence if it derives from ami-typed's, so that typed attributes and lists keep their types.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from ami_typed import catalogue
from ami_typed._speed import find_header
from ami_typed.arguments import name_of_type
from ami_typed.messages import DEFINED, Aggregate, Event, ListRequest, Request, event_name, is_family, sort_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "action_class",
    "aggregate_class",
    "aggregate_names",
    "check_request",
    "class_of",
    "described_action",
    "event_class",
    "event_names",
    "family_class",
    "family_names",
    "has_sorts",
    "knowledge_for",
    "knowledge_of",
    "register",
    "sort_class",
    "sorts_of",
    "version",
]

C = TypeVar("C", bound="type[Event | Request[Any] | Aggregate]")
Place = tuple[str, str]
"""A module and the name of a class in it."""

_NOTHING: Final[Mapping[str, str]] = {}
_ACTIONS: dict[str, Place] = {}
_EVENTS: dict[str, Place] = {}
_AGGREGATES: dict[str, Place] = {}
_OWN: dict[type[Any], dict[str, type[Any]]] = {Event: {}, Request: {}, Aggregate: {}}
"""The classes that programs have registered, by base class and by name in lower case."""


@overload
def register(cls: C, /) -> C: ...
@overload
def register(
    *,
    package: str,
    actions: Mapping[str, str] = ...,
    events: Mapping[str, str] = ...,
    aggregates: Mapping[str, str] = ...,
    event_names: Mapping[str, str] = ...,
) -> None: ...


def register(
    cls: type[Any] | None = None,
    /,
    *,
    package: str = "",
    actions: Mapping[str, str] = _NOTHING,
    events: Mapping[str, str] = _NOTHING,
    aggregates: Mapping[str, str] = _NOTHING,
    event_names: Mapping[str, str] = _NOTHING,
) -> Any:
    """Register a class, or the classes of a generated package, for every manager of this process.

    Your own events and lists need no registration: defining the class is enough. Register a class to replace one of
    ami-typed's without deriving from it, or an action class, to have it determine how a plain
    ``Request("DongleShowDevices")`` is answered.

    Args:
        cls: A class of an event, an action or a list. `register` can be used as a decorator.
        package: The package's import name.
        actions: The module, relative to the package, of each action class.
        events: The same for event classes.
        aggregates: The same for aggregate classes.
        event_names: The class of each event whose name on the wire differs from the class name, by this name in lower
            case.

    Returns:
        The class.

    Raises:
        TypeError: ``cls`` is not a class of an event, an action or a list.
    """
    if cls is not None or not package:
        return _register_class(cls)
    for table, classes in ((_ACTIONS, actions), (_EVENTS, events), (_AGGREGATES, aggregates)):
        table.update({name.lower(): (f"{package}.{module}", name) for name, module in classes.items()})
    _EVENTS.update({name: (f"{package}.{events[each]}", each) for name, each in event_names.items()})
    _changed()
    return None


def _register_class(cls: object) -> object:
    base = next((each for each in _OWN if isinstance(cls, type) and issubclass(cls, each)), None)
    if base is None or not isinstance(cls, type):
        raise TypeError(f"register() takes the class of an event, an action or a list, not {cls!r}.")
    if is_family(cls):
        raise TypeError(f"register() takes the class of a single event; {cls.__name__} is a family of events.")
    if sort_of(cls):
        DEFINED.add(cls)
    else:
        _OWN[base][event_name(cls).lower()] = cls
    _changed()
    return cls


def _changed() -> None:
    DEFINED.version += 1
    knowledge_for.cache_clear()


def version() -> int:
    """Return a number that changes whenever a lookup may return another class."""
    return DEFINED.version


def event_class(name: str) -> type[Event]:
    """Return the class of an event by its name on the wire, `Event` if unknown."""
    found: type[Event] = _find(Event, _EVENTS, name, DEFINED.events)
    return found


@functools.lru_cache(maxsize=1)
def _names(version: int) -> tuple[dict[str, str], dict[str, str]]:  # noqa: ARG001 - the cache key
    events = {name: place[1] for name, place in _EVENTS.items()}
    for cls in (*_OWN[Event].values(), *DEFINED.events.values()):
        events[event_name(cls).lower()] = event_name(cls)
    lists = {name: place[1] for name, place in _AGGREGATES.items()}
    lists |= {name: cls.__name__ for name, cls in (_OWN[Aggregate] | DEFINED.aggregates).items()}
    return events, lists


def event_names() -> Mapping[str, str]:
    """Return the names of the events that have a class, by name in lower case."""
    return _names(version())[0]


def aggregate_names() -> Mapping[str, str]:
    """Return the names of the lists that have a class, by name in lower case."""
    return _names(version())[1]


def sort_class(name: str) -> type[Event] | None:
    """Return the class of the events that a header distinguishes by this value, `None` if there is none."""
    folded = name.lower()
    return next((sorts[folded] for sorts in DEFINED.sorts.values() if folded in sorts), None)


def sorts_of(name: str) -> Iterable[type[Event]]:
    """Return the classes that a header distinguishes among events of one name; empty if the name has one class."""
    return DEFINED.sorts.get(name.lower(), {}).values()


def family_names() -> Mapping[str, str]:
    """Return the names of the families of events, by name in lower case."""
    named = (*catalogue.FAMILIES, *(cls.__name__ for cls in DEFINED.families.values()))
    return {name.lower(): name for name in named}


def family_class(name: str) -> type[Event] | None:
    """Return the class of a family of events by its name, `None` if there is none."""
    folded = name.lower()
    generated = next((each for each in catalogue.FAMILIES if each.lower() == folded), None)
    known = None if generated is None else ("ami_typed.events.families", generated)
    return DEFINED.families.get(folded) or _load(known, None)


def has_sorts(name: str) -> bool:
    """Return whether events of a name have several classes, distinguished by a header."""
    return name.lower() in DEFINED.sorts


def class_of(name: str, octets: bytes) -> type[Event]:
    """Return the class of an event: as `event_class`, but also distinguishing the classes that share a name."""
    cls = event_class(name)
    sorts = DEFINED.sorts.get(name.lower())
    if not sorts or not cls.named_by:
        return cls
    return sorts.get((find_header(octets, f"\r\n{cls.named_by}: ".encode()) or "").lower(), cls)


def action_class(name: str) -> type[Request[Any]]:
    """Return the class of an action by its name, `Request` if unknown."""
    found: type[Request[Any]] = _find(Request, _ACTIONS, name, {})
    return found


def aggregate_class(name: str) -> type[Aggregate]:
    """Return the class of a list by its name, `Aggregate` if unknown."""
    found: type[Aggregate] = _find(Aggregate, _AGGREGATES, name, DEFINED.aggregates)
    return found


def described_action(name: str) -> type[Request[Any]]:
    """Return the generated class of an action, `Request` if there is none."""
    found: type[Request[Any]] = _load(_ACTIONS.get(name.lower()), Request)
    return found


def _find(base: type[Any], table: Mapping[str, Place], name: str, defined: Mapping[str, type[Any]]) -> Any:
    folded = name.lower()
    own = _OWN[base].get(folded)
    if own is not None:
        return own
    known = _load(table.get(folded), base)
    mine = defined.get(folded)
    return mine if mine is not None and issubclass(mine, known) else known


def _load(place: Place | None, default: type[Any] | None) -> Any:
    return default if place is None else getattr(importlib.import_module(place[0]), place[1])


def check_request(given: object) -> None:
    """Reject an argument that is not a request, suggesting what to write instead.

    Raises:
        TypeError: The argument is not a request.
    """
    if isinstance(given, Request):
        return
    if isinstance(given, type):
        raise TypeError(
            f"send_action() and execute() take a request, not the class {given.__name__}; write {given.__name__}(...)."
        )
    is_name = isinstance(given, str) and given.isidentifier()
    what = f"the name {given!r}" if is_name else name_of_type(given)
    match given:
        case str(name) | {"Action": str(name)} if name.isidentifier():  # other text may be a whole message
            write = _spellings(name)
        case _:
            write = "a request such as actions.Ping()"
    raise TypeError(f"send_action() and execute() take a request, not {what}; write {write}.")


def _spellings(name: str) -> str:
    """Return the code that creates a request for an action with a similar name."""
    from difflib import get_close_matches

    known = {each: place[1] for each, place in _ACTIONS.items()}
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    typed = f"actions.{known[near[0]]}(...) or " if near else ""
    return f"{typed}ami_typed.Request({name!r}, ...)"


def knowledge_of(request: Request[Any]) -> type[Request[Any]]:
    """Return the class that describes how a request is answered.

    This is the request's own class if it is a class for this action. For a class that a program has derived directly
    from `Request`, the attributes that it sets take precedence over those of ami-typed's class for the action.
    """
    return knowledge_for(type(request), request.action)


@functools.lru_cache(maxsize=4096)
def knowledge_for(cls: type[Request[Any]], action: str) -> type[Request[Any]]:
    """Return the result of `knowledge_of` for a request of this class and action."""
    known = action_class(action)
    if cls is Request or issubclass(cls, known):
        return known if cls is Request else cls
    said: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, Request) and base is not Request:
            said |= {name: value for name, value in base.__dict__.items() if name in _KNOWLEDGE}
    if said.get("list_class") is vars(ListRequest)["list_class"]:
        del said["list_class"]
    return type(known.__name__, (known,), {"__slots__": (), "__module__": known.__module__, **said}) if said else known


_KNOWLEDGE = {*Request.__annotations__, "list_class"}

register(package="ami_typed.actions", actions=catalogue.ACTIONS)
register(package="ami_typed.events", events=catalogue.EVENTS, event_names=catalogue.EVENT_NAMES)
register(package="ami_typed.aggregates", aggregates=catalogue.AGGREGATES)
