"""Subscriptions: which callbacks and streams receive which messages.

Rules of this module:

- The order of registration is the order of calls; registering a pair again moves it to the end.
- Names are not case-sensitive. `""` is every event and every list, `None` every response without a request, a name with
  ``*``, ``?`` or ``[`` in it every event whose name matches that pattern.
- A family, a class that is not an event itself, is every event whose class derives from it.
- A registration that could never be called is rejected, with a suggestion of the closest name that could.
- The table is read without a lock for every message, so it is replaced, never modified in place.
- Caches derived from it are bounded: a server may send any number of names.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ami_typed._lazy import NamedTuple
from ami_typed.errors import shortened
from ami_typed.messages import DEFINED, KEY_EVENT, Aggregate, Event, Request, event_name, is_family, sort_of
from ami_typed.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.errors import Overflowed

__all__ = ["EVERY_EVENT", "ORPHANS", "EventKey", "Handler", "Handlers", "Route", "doubt_about", "name_of"]

Handler = Callable[..., object]
EventKey = str | type[Event] | type[Aggregate] | None
"""The event that a callback is registered for."""

EVERY_EVENT = ""
ORPHANS = "orphans"
_EVENTS = "events"
_AGGREGATES = "aggregates"
_NOTICES = "notices"
_FAMILY = "family"
_ALL = "all"

_SUFFIX = "_aggregate"
"""The suffix that the classic client appends to the name of a list."""
_SORT = "\0"
"""Separates the name of an event from what distinguishes it from others of that name."""
_NOTICE_NAMES = {each.__name__.lower(): each.__name__ for each in Notice.__subclasses__()}
_NAME = r"[\w .:/-]*"
_PATTERN = r"[\w .:/*?\[\]!-]*"
_WORD = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+"
_NAMES = 4096
"""The maximum number of names to cache routes for."""


class Route(NamedTuple):
    """The recipients of one kind of message.

    Attributes:
        sinks: Streams; they accept the message at once and never wait. They return why the connection must end, if it
            must.
        functions: Callbacks, in the order of their calls.
    """

    sinks: tuple[Callable[..., Overflowed | None], ...]
    functions: tuple[Handler, ...]


class _Key(NamedTuple):
    """The key of a registration.

    Attributes:
        kind: Events, lists, orphans, the events of a family, or all events and lists.
        name: A name in lower case, a pattern of names, or `""` for all of that kind.
        family: The class of the family.
    """

    kind: str
    name: str
    family: type[Event] | None = None

    def matches(self, kind: str, names: Iterable[str], classes: Iterable[type[Any]], sink: bool) -> bool:
        """Return whether this key matches messages of a kind, with these names and of any of these classes."""
        if self.family is not None:
            return kind == _EVENTS and any(issubclass(each, self.family) for each in classes)
        if self.kind == _ALL:
            return kind == _EVENTS or (kind == _AGGREGATES and not sink)
        if kind == _NOTICES:
            return self.kind == _EVENTS and self.name in names
        if self.kind != kind:
            return False
        return not self.name or self.name in names or (_is_pattern(self.name) and _fits(self.name, names))


class _Entry(NamedTuple):
    key: _Key
    function: Callable[..., Any]
    sink: bool
    event: EventKey
    alone: bool = True


def _is_pattern(name: str) -> bool:
    return not {"*", "?", "["}.isdisjoint(name)


def _fits(pattern: str, names: Iterable[str]) -> bool:
    from fnmatch import fnmatchcase  # few programs use patterns

    return any(_SORT not in name and fnmatchcase(name, pattern) for name in names)


def name_of(event: EventKey) -> str:
    """Return a program's name for the event that something is registered for."""
    if event is None or isinstance(event, str):
        return event or "event"
    return sort_of(event) or (event_name(event) if issubclass(event, Event) else event.__name__)


def _key(event: object) -> _Key:
    """Return the key for an event as a program specifies it.

    Raises:
        TypeError: It is neither a name nor a class of events or lists.
        ValueError: It is a name that no event can have.
    """
    given = event
    if event is None:
        return _Key(ORPHANS, "")
    if isinstance(event, str):
        return _key_of_name(event)
    if isinstance(event, type) and issubclass(event, Aggregate):
        return _Key(_AGGREGATES, "" if event is Aggregate else event.__name__.lower())
    if isinstance(event, type) and issubclass(event, Event) and is_family(event):
        return _Key(_FAMILY, "", event)
    if isinstance(event, type) and issubclass(event, Event):
        return _Key(
            _EVENTS, "" if event is Event else _SORT.join(filter(None, (event_name(event), sort_of(event)))).lower()
        )
    raise TypeError(_refusal(given))


def _key_of_name(name: str) -> _Key:
    if not name:
        return _Key(_ALL, "")
    if not re.fullmatch(_PATTERN if _is_pattern(name) else _NAME, name) or name != name.strip():
        raise ValueError(
            f"{name!r} cannot be the name of an event. Give one name or class at a time; a pattern such as 'Queue*' "
            f"matches several.{_hint(re.split(r'[^A-Za-z0-9]+', name.strip())[0])}"
        )
    from ami_typed import registry  # imported lazily: it loads the names of all events

    folded = name.lower()
    known = registry.event_names()
    if _is_pattern(name):
        if not _fits(folded, known) and (hint := _hint(re.split(r"[*?\[]", name)[0], prefix=True)):
            raise ValueError(
                f"No known event matches {name!r}.{hint} Define the classes of your own events before subscribing to "
                "them."
            )
        return _Key(_EVENTS, folded)
    if folded in known or folded in _NOTICE_NAMES:
        return _Key(_EVENTS, folded)
    if folded.removesuffix(_SUFFIX) in registry.aggregate_names():
        return _Key(_AGGREGATES, folded.removesuffix(_SUFFIX))
    found = registry.sort_class(folded) or registry.family_class(folded)
    return _Key(_EVENTS, folded) if found is None else _key(found)


def _hint(name: str, *, prefix: bool = False) -> str:
    """Return a sentence that suggests the known names closest to a name, or an empty string if none is close."""
    near = nearest(name, prefix=prefix)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def nearest(name: str, *, prefix: bool = False) -> list[str]:
    """Return the names of events and lists that are most similar to a name.

    Args:
        name: The name.
        prefix: Whether it is only the beginning of a name; then it is compared with whole words of the names.
    """
    from difflib import get_close_matches

    from ami_typed import registry

    known = {**registry.family_names(), **registry.aggregate_names(), **registry.event_names(), **_NOTICE_NAMES}
    folded = name.lower()
    if prefix:
        parts = (written[: word.end()] for written in known.values() for word in re.finditer(_WORD, written))
        known = {part.lower(): f"{part}*" for part in parts}
        known = {each: part for each, part in known.items() if each not in folded and folded not in each}
    return [known[each] for each in get_close_matches(folded, known, n=1, cutoff=0.8)]


def doubt_about(event: EventKey) -> str:
    """Return a warning if a name is unknown but similar to a known one; otherwise an empty string."""
    if not isinstance(event, str) or not event or _is_pattern(event):
        return ""
    from ami_typed import registry

    key = _key_of_name(event)
    if key.kind != _EVENTS or key.name in registry.event_names() or key.name in _NOTICE_NAMES or _SORT in key.name:
        return ""
    hint = _hint(event)
    return hint and f"A callback was registered for the unknown event {event!r}.{hint}"


def _refusal(event: object) -> str:
    """Explain why a callback cannot be registered for something, and what to write instead."""
    takes = "takes the class or name of an event or a list, '' for all of them, or None for responses"
    if not isinstance(event, type):
        example = type(event).__name__ if isinstance(event, (Event, Aggregate)) else ""
        advice = f" Give the class {example}." if example else ""
        return f"A callback or stream {takes}, not {shortened(repr(event))}.{advice}"
    what = f"{event.__module__}.{event.__name__}"
    if issubclass(event, Request):
        near = nearest(event.__name__)
        instead = f" Did you mean events.{near[0]}?" if near and near[0].lower() == event.__name__.lower() else ""
        return f"{what} is an action, which is sent but never received; a callback or stream {takes}.{instead}"
    return f"A callback or stream {takes}, not the class {what}."


class Handlers:
    """The callbacks and streams of one manager.

    Attributes:
        version: Changes whenever the table does, so that caches derived from it can be dropped.
        sinks: Whether there is any stream.
        by_class: The results of `route_of`, for classes whose messages all have the same route.
    """

    def __init__(self) -> None:
        self.version = 0
        self.sinks = False
        self._lock = threading.RLock()
        self._entries: tuple[_Entry, ...] = ()
        self._wanted: dict[str, bool] = {}
        self._defined = 0
        self._by_name: dict[str, Route] = {}
        self.by_class: dict[type[Any], Route] = {}

    def register(self, event: EventKey, function: Handler, *, sink: bool = False) -> None:
        """Register a callback, or move it to the end if the same pair is already registered.

        Args:
            event: The event to call it for; see `EventKey`.
            function: The callback.
            sink: Whether it receives messages in the reader's thread or task, as a stream does.

        Raises:
            TypeError: `function` is not callable, or no event is of this class.
            ValueError: No event can have this name.
        """
        if not callable(function):
            raise TypeError(f"A callback must be callable, not {shortened(repr(function))}.")
        self._add([_Entry(_key(event), function, sink, event)])

    def register_sink(self, chosen: Iterable[EventKey], function: Handler) -> None:
        """Register a stream for several kinds of events at once.

        Raises:
            TypeError: One of them is not a class of events.
            ValueError: No event can have one of the names.
        """
        keys = {_key(event): event for event in chosen}
        for key, event in keys.items():
            if key.kind == _AGGREGATES:
                raise TypeError(f"{name_of(event)} is a list, which a stream cannot contain; use register_callback().")
        self._add([_Entry(key, function, True, event, len(keys) == 1) for key, event in keys.items()])

    def _add(self, added: list[_Entry]) -> None:
        again = [each[:3] for each in added]
        self._change(lambda entries: (*(each for each in entries if each[:3] not in again), *added))

    def unregister(self, event: EventKey, function: Handler) -> bool:
        """Unregister a callback. Return whether it was registered for this event."""
        key = _key(event)

        def without(entries: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
            return tuple(each for each in entries if (each.key, each.function) != (key, function))

        return self._change(without)

    def _change(self, change: Callable[[tuple[_Entry, ...]], tuple[_Entry, ...]]) -> bool:
        """Replace the entries. Return whether there are fewer now."""
        with self._lock:
            while True:
                before = self._entries
                after = change(before)
                sinks = any(each.sink for each in after)
                if self._entries is before:  # no signal handler has changed them, nor can one below
                    self._entries, self._wanted, self._by_name, self.by_class = after, {}, {}, {}
                    self.sinks = sinks
                    self.version += 1
                    break
        return len(after) < len(before)

    def subscribed(self) -> dict[EventKey, bool]:
        """Return the events that callbacks and streams are registered for, and whether any is for that event alone."""
        found: dict[EventKey, bool] = {}
        for each in self._entries:
            found[each.event] = found.get(each.event, False) or each.alone
        return found

    def wants(self, name: str) -> bool:
        """Return whether any callback or stream receives events of this name."""
        if self._defined != DEFINED.version:  # a class of this name may belong to another family now
            self._defined, self._wanted = DEFINED.version, {}
        wanted = self._wanted
        answer = wanted.get(name)
        if answer is None:
            answer = self._is_wanted(name)
            if len(wanted) >= _NAMES:
                wanted.clear()
            wanted[name] = answer
        return answer

    def _is_wanted(self, name: str) -> bool:
        folded = name.lower()
        classes = _classes_of(name) if any(each.key.family for each in self._entries) else ()
        return any(
            each.key.name.startswith(folded + _SORT) or each.key.matches(kind, (folded,), classes, each.sink)
            for each in self._entries
            for kind in (_EVENTS, _NOTICES)
        )

    def names(self) -> frozenset[str] | None:
        """Return the names of all events that any callback or stream receives; `None` if they cannot be listed.

        They cannot for a callback or stream of all events, of a pattern, or of an event without a class in ami-typed.
        """
        found: set[str] = set()
        for key in [each.key for each in self._entries if each.key.kind not in {ORPHANS, _AGGREGATES}]:
            names = _names_of(key)
            if names is None:
                return None
            found |= names
        return frozenset(found)

    def route_of(self, message: Any) -> Route:
        """Return the recipients of an event, an aggregate or a response without a request."""
        cls = message.__class__
        if cls is Event:  # the class of every event that has no class of its own
            return self._route_of_name(message[KEY_EVENT])
        known = self.by_class  # read before the entries: a result of old entries goes into the old table
        route = known.get(cls)
        if route is None:
            route = known[cls] = self._route(*_kind_and_names(cls, message), cls)
        return route

    def _route_of_name(self, name: str) -> Route:
        known = self._by_name
        route = known.get(name)
        if route is None:
            if len(known) >= _NAMES:
                known.clear()
            route = known[name] = self._route(_EVENTS, (name.lower(),), Event)
        return route

    def _route(self, kind: str, names: tuple[str, ...], cls: type[Any]) -> Route:
        chosen = [each for each in self._entries if each.key.matches(kind, names, (cls,), each.sink)]
        return Route(
            tuple(dict.fromkeys(each.function for each in chosen if each.sink)),  # a stream may match it twice
            tuple(each.function for each in chosen if not each.sink),
        )


def _names_of(key: _Key) -> set[str] | None:
    """Return the names of the events that a key matches, `None` if they cannot be listed."""
    from ami_typed import registry

    known = registry.event_names()
    if key.family is not None:
        return {name for name in known.values() if issubclass(registry.event_class(name), key.family)}
    name = key.name.partition(_SORT)[0]
    if name in _NOTICE_NAMES:
        return set()
    return {known[name]} if name in known else None


def _classes_of(name: str) -> Iterable[type[Event]]:
    """Return the classes that events of a name may have."""
    from ami_typed import registry  # only if a family is registered

    return registry.event_class(name), *registry.sorts_of(name)


def _kind_and_names(cls: type[Any], message: Any) -> tuple[str, tuple[str, ...]]:
    """Return the kind of a message, and the names by which it can be registered for."""
    if issubclass(cls, Aggregate):
        return _AGGREGATES, (cls.__name__.lower(),)
    if not issubclass(cls, Event):
        return ORPHANS, ()
    name = message[KEY_EVENT].lower()
    sort = sort_of(cls).lower()
    return _NOTICES if issubclass(cls, Notice) else _EVENTS, (name, f"{name}{_SORT}{sort}") if sort else (name,)
