"""Who wants to hear of what: the table of callbacks and streams.

Rules of this module:

- The order of registration is the order of calls; registering a pair again moves it to the end.
- Names match without regard to case. `""` is every event, `None` every response without a request.
- The table is read without a lock on the way of every message, so it is replaced, never changed in place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from ami_typed.messages import KEY_EVENT, Aggregate, Event, event_name
from ami_typed.notices import Notice

__all__ = ["EVERY_EVENT", "ORPHANS", "EventKey", "Handler", "Handlers", "Route"]

Handler = Callable[..., object]
EventKey = str | type[Event] | type[Aggregate] | None
"""What a callback is registered for."""

EVERY_EVENT = ""
ORPHANS = "orphans"
_AGGREGATES = "aggregates"
_NOTICES = "notices"


class Route(NamedTuple):
    """Where one kind of message goes.

    Attributes:
        sinks: Streams; they take the message at once and never wait.
        functions: Callbacks, in the order of their calls.
    """

    sinks: tuple[Handler, ...]
    functions: tuple[Handler, ...]


class _Entry(NamedTuple):
    kind: str
    name: str
    function: Handler
    sink: bool


def _kind_and_name(event: EventKey) -> tuple[str, str]:
    if event is None:
        return ORPHANS, ""
    if isinstance(event, str):
        return "event", event.lower()
    if issubclass(event, Aggregate):
        return _AGGREGATES, EVERY_EVENT if event is Aggregate else event.__name__.lower()
    return "event", EVERY_EVENT if event is Event else event_name(event).lower()


def _kind_and_name_of(message: Any) -> tuple[str, str]:
    if isinstance(message, Event):
        return _NOTICES if isinstance(message, Notice) else "event", message[KEY_EVENT].lower()
    if isinstance(message, Aggregate):
        return _AGGREGATES, type(message).__name__.lower()
    return ORPHANS, ""


class Handlers:
    """The callbacks and streams of one manager.

    Attributes:
        version: Changes whenever the table does, so that what was derived from it can be dropped.
        sinks: Whether there is any stream.
        by_class: What `route_of` has found, for the classes whose messages all go the same way.
    """

    def __init__(self) -> None:
        self.version = 0
        self.sinks = False
        self._lock = threading.Lock()
        self._entries: tuple[_Entry, ...] = ()
        self._routes: dict[tuple[str, str], Route] = {}
        self.by_class: dict[type[Any], Route] = {}

    def register(self, event: EventKey, function: Handler, *, sink: bool = False) -> None:
        """Add a callback, or move it to the end where the same pair is there already.

        Args:
            event: What to call it for; see `EventKey`.
            function: The callback.
            sink: Whether it takes messages on the reader's own time, as a stream does.

        Raises:
            TypeError: `function` cannot be called.
        """
        if not callable(function):
            raise TypeError(f"A callback must be callable; {function!r} is not.")
        entry = _Entry(*_kind_and_name(event), function, sink)
        with self._lock:
            self._replace((*(each for each in self._entries if each != entry), entry))

    def unregister(self, event: EventKey, function: Handler) -> bool:
        """Take a callback out; return whether it was there."""
        kind, name = _kind_and_name(event)
        with self._lock:
            left = tuple(
                each for each in self._entries if (each.kind, each.name, each.function) != (kind, name, function)
            )
            found = len(left) < len(self._entries)
            self._replace(left)
        return found

    def _replace(self, entries: tuple[_Entry, ...]) -> None:
        self._entries = entries
        self._routes = {}
        self.by_class = {}
        self.sinks = any(each.sink for each in entries)
        self.version += 1

    def wants(self, name: str) -> bool:
        """Whether anybody wants an event of this name."""
        return any(self.route("event", name.lower()))

    def route_of(self, message: Any) -> Route:
        """Return where an event, an aggregate or a response without a request goes."""
        cls = message.__class__
        known = self.by_class  # kept before the entries are read: what is found of old ones goes into the old table
        route = known.get(cls)
        if route is None:
            route = self.route(*_kind_and_name_of(message))
            if cls is not Event:  # which stands for every event without a class of its own
                known[cls] = route
        return route

    def route(self, kind: str, name: str) -> Route:
        """Return where messages of a kind and lower-case name go."""
        routes = self._routes
        route = routes.get((kind, name))
        if route is None:
            names = {name} if kind == _NOTICES else {name, EVERY_EVENT}
            kinds = {kind} if kind != _NOTICES else {"event"}
            chosen = [each for each in self._entries if each.kind in kinds and each.name in names]
            route = routes[kind, name] = Route(
                tuple(each.function for each in chosen if each.sink),
                tuple(each.function for each in chosen if not each.sink),
            )
        return route
