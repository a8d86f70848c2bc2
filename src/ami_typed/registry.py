"""Which class a name on the wire has: the generated catalogue, what programs define, and packages that users generate.

Rules of this module:

- A class is imported when its name is first asked for, never before.
- Names match without regard to case. What a program has registered wins over ami-typed's classes; what it has merely
  defined wins if it derives from them, so that typed attributes and lists hold what they say.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from ami_typed import catalogue
from ami_typed._speed import header
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
"""The classes that programs have registered, by what they are and by name in lower case."""


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
    """Make a class, or the classes of a generated package, known to every manager of this process.

    An event or a list of your own needs no registration: defining its class is enough. Register a class that is to
    stand in for one of ami-typed's without deriving from it, or an action's, so that a plain
    ``Request("DongleShowDevices")`` is answered as that class says.

    Args:
        cls: A class of an event, an action or a list. This may be used as a decorator.
        package: The package's import name.
        actions: The module, relative to the package, of each action class.
        events: The same for event classes.
        aggregates: The same for aggregate classes.
        event_names: The class of each event whose name on the wire, in lower case, is not its class's.

    Returns:
        The class.

    Raises:
        TypeError: It is no class of an event, an action or a list.
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
        raise TypeError(f"register() takes a class of an event, an action or a list; {cls!r} is none.")
    if is_family(cls):
        raise TypeError(f"register() takes the class of one event; {cls.__name__} is a family of several.")
    if sort_of(cls):
        DEFINED.add(cls)
    else:
        _OWN[base][event_name(cls).lower()] = cls
    _changed()
    return cls


def _changed() -> None:
    DEFINED.version += 1
    _knowledge.cache_clear()


def version() -> int:
    """Return a number that changes whenever a name may have another class."""
    return DEFINED.version


def event_class(name: str) -> type[Event]:
    """Return the class of an event by its name on the wire, `Event` for one that nobody knows."""
    found: type[Event] = _find(Event, _EVENTS, name, DEFINED.events)
    return found


@functools.lru_cache(maxsize=1)
def _names(version: int) -> tuple[dict[str, str], dict[str, str]]:  # noqa: ARG001 - what was found holds for a version
    events = {name: place[1] for name, place in _EVENTS.items()}
    for cls in (*_OWN[Event].values(), *DEFINED.events.values()):
        events[event_name(cls).lower()] = event_name(cls)
    lists = {name: place[1] for name, place in _AGGREGATES.items()}
    lists |= {name: cls.__name__ for name, cls in (_OWN[Aggregate] | DEFINED.aggregates).items()}
    return events, lists


def event_names() -> Mapping[str, str]:
    """Return the names of the events that there are classes for, by name in lower case."""
    return _names(version())[0]


def aggregate_names() -> Mapping[str, str]:
    """Return the names of the lists that there are classes for, by name in lower case."""
    return _names(version())[1]


def sort_class(name: str) -> type[Event] | None:
    """Return the class of those events that a header tells apart by this value, `None` if there is none."""
    folded = name.lower()
    return next((sorts[folded] for sorts in DEFINED.sorts.values() if folded in sorts), None)


def sorts_of(name: str) -> Iterable[type[Event]]:
    """Return the classes of the events of a name that a header tells apart; none where it has one class."""
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
    """Whether events of a name are of several classes, told apart by a header."""
    return name.lower() in DEFINED.sorts


def class_of(name: str, octets: bytes) -> type[Event]:
    """Return the class of one event: as `event_class`, but of those that share a name the one that it is of."""
    cls = event_class(name)
    sorts = DEFINED.sorts.get(name.lower())
    if not sorts or not cls.named_by:
        return cls
    return sorts.get((header(octets, f"\r\n{cls.named_by}: ".encode()) or "").lower(), cls)


def action_class(name: str) -> type[Request[Any]]:
    """Return the class of an action by its name, `Request` for one that nobody knows."""
    found: type[Request[Any]] = _find(Request, _ACTIONS, name, {})
    return found


def aggregate_class(name: str) -> type[Aggregate]:
    """Return the class of a list by its name, `Aggregate` for one that nobody knows."""
    found: type[Aggregate] = _find(Aggregate, _AGGREGATES, name, DEFINED.aggregates)
    return found


def described_action(name: str) -> type[Request[Any]]:
    """Return the generated class of an action, `Request` for one that none was generated for."""
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
    """Refuse what is no request, and say what to write instead.

    Raises:
        TypeError: It is no request.
    """
    if isinstance(given, Request):
        return
    if isinstance(given, type):
        raise TypeError(f"send_action() and execute() take a request, not the class {given.__name__}: call the class.")
    is_name = isinstance(given, str) and given.isidentifier()
    what = f"the name {given!r}" if is_name else f"an object of the type {type(given).__name__}"
    match given:
        case str(name) | {"Action": str(name)} if name.isidentifier():  # other text may be a whole message
            write = _spellings(name)
        case _:
            write = "a request such as actions.Ping()"
    raise TypeError(f"send_action() and execute() take a request, not {what}: write {write}.")


def _spellings(name: str) -> str:
    """Return how a request for an action of some such name is written."""
    from difflib import get_close_matches

    known = {each: place[1] for each, place in _ACTIONS.items()}
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    typed = f"actions.{known[near[0]]}(...) or " if near else ""
    return f"{typed}ami_typed.Request({name!r}, ...)"


def knowledge_of(request: Request[Any]) -> type[Request[Any]]:
    """Return the class that knows how a request is answered.

    That is the request's own class if it is made for this action. Of a class that a program has derived from `Request`
    itself, what it says holds, and for all else what ami-typed knows of the action.
    """
    return _knowledge(type(request), request.action)


@functools.lru_cache(maxsize=4096)
def _knowledge(cls: type[Request[Any]], action: str) -> type[Request[Any]]:
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
