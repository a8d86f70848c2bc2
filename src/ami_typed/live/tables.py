"""Tables of watched objects, and how lists and events are merged into one.

Rules of this module:

- `Kind` is one kind of objects that a model may watch: the events that change them, the lists to load, and how to merge
  and to compare these lists. A model asks for the events and lists of its kinds only.
- `Table.merge` settles conflicts for all kinds alike. While a list is being read, events keep arriving, and take
  precedence over it: an object with an event since the reading began keeps the state of that event; one that was
  removed since stays removed, even if it is listed; one that was added since exists, even if it is not listed.
- A list that the server refuses does not prevent the others from being loaded (`Refusals`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from ami_typed.errors import ActionFailed, FieldError, NotInRelease
from ami_typed.live.needs import Lack, LackReason, reason_of
from ami_typed.messages import Aggregate

if TYPE_CHECKING:
    from datetime import datetime

    from ami_typed.live.changes import Change
    from ami_typed.live.differences import Difference
    from ami_typed.messages import Event, ListRequest, Request

__all__ = [
    "Choice",
    "Kind",
    "Reading",
    "Reducer",
    "Refusals",
    "RefusedError",
    "Table",
    "Teller",
    "Watched",
    "chosen_names",
    "keyed",
]

R = TypeVar("R")
A = TypeVar("A", bound=Aggregate)
Reading: TypeAlias = Generator["Request[Any]", Any, R]
"""A reading of lists: it yields requests, is sent their answers or has errors raised in it, and returns the lists."""
Reducer: TypeAlias = Callable[[Any, Any], object]
"""A function of the picture and an event."""
Choice: TypeAlias = bool | Collection[str]
"""What to watch: everything, nothing, or the objects with these names."""


class Teller(Protocol):
    """The part of the picture that tables need."""

    now: datetime
    loading: bool
    malformed: int
    unexpected: int

    @property
    def reading(self) -> int:
        """The number of the latest reading of lists."""
        ...

    def tell(self, change: type[Change], **what: Any) -> None:
        """Report a change."""
        ...


class Watched:
    """Base class of watched objects.

    Attributes:
        touched: The number of the reading of lists at the time of the latest event about it.
    """

    __slots__ = ("touched",)

    def __init__(self) -> None:
        self.touched = 0


W = TypeVar("W", bound=Watched)
Item = TypeVar("Item")


class Table(Generic[W]):
    """Objects by name. Iterating is safe while another thread updates the table."""

    def __init__(self) -> None:
        self._objects: dict[str, W] = {}
        self._gone: set[str] = set()
        self._reported: dict[tuple[str, str], Any] = {}

    def __iter__(self) -> Iterator[W]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, name: object) -> bool:
        return name in self._objects

    def __getitem__(self, name: str) -> W:
        return self._objects[name]

    def get(self, name: str | None) -> W | None:
        """Return the object with the given name, or `None`."""
        return None if name is None else self._objects.get(name)

    @property
    def names(self) -> list[str]:
        """The names of all objects."""
        return list(self._objects)

    def put(self, name: str, made: W) -> W:
        """Add an object and return it."""
        self._gone.discard(name)
        self._objects[name] = made
        return made

    def drop(self, picture: Teller, name: str) -> W | None:
        """Remove an object and return it; `None` if there is none of this name."""
        if picture.loading:
            self._gone.add(name)
        return self._objects.pop(name, None)

    def report(self, picture: Teller, name: str, attribute: str, value: Any) -> None:
        """Remember an attribute that an event reported while lists are read, even if the object is not known yet."""
        if picture.loading:
            self._reported[name, attribute] = value

    def reported(self, name: str, attribute: str, listed: Item) -> Item:
        """Return what an event reported of an attribute while lists were read, or else what the list says."""
        return self._reported.get((name, attribute), listed)  # type: ignore[no-any-return]  # `report` keeps the type

    def merge(
        self,
        picture: Teller,
        listed: Mapping[str, Item],
        see: Callable[[Teller, str, Item], object],
        remove: Callable[[Teller, str], object],
        *,
        always: bool = False,
    ) -> None:
        """Merge a list with the events since its reading began.

        Args:
            picture: The picture.
            listed: The items of the list, by the names of their objects.
            see: Adds or updates an object from its item.
            remove: Removes an object.
            always: Whether to call `see` for objects with an event since, too, because events carry only parts of their
                state. It then prefers what is `reported`.
        """
        for name, item in listed.items():
            known = self._objects.get(name)
            if name not in self._gone and (always or known is None or known.touched != picture.reading):
                try:
                    see(picture, name, item)
                except FieldError:
                    picture.malformed += 1
        for name, each in list(self._objects.items()):
            if name not in listed and each.touched != picture.reading:
                remove(picture, name)
        self._gone.clear()
        self._reported.clear()


def keyed(items: Iterable[Item], name_of: Callable[[Item], str]) -> dict[str, Item]:
    """Return the items of a list by the names of their objects; leave out those without one."""
    found: dict[str, Item] = {}
    for item in items:
        with suppress(FieldError):
            found[name_of(item)] = item
    return found


def chosen_names(choice: Choice, parameter: str) -> frozenset[str] | None:
    """Return the names of a choice, `None` for all.

    Raises:
        TypeError: It is a single text: probably a name that was meant to be in a list.
    """
    if isinstance(choice, str):
        raise TypeError(f"{parameter} takes True or a list of names, not a single text: [{choice!r}].")
    return None if isinstance(choice, bool) else frozenset(choice)


class RefusedError(Exception):
    """A list was refused without which a kind of objects cannot be loaded."""


class Refusals:
    """What the server refused while lists were read."""

    def __init__(self, watched: str) -> None:
        self._watched = watched
        self._lacks: list[Lack] = []
        self.loaded = False
        """Whether any list was read."""

    def required(self, request: ListRequest[A]) -> Reading[A | None]:
        """Read a list without which the others are of no use; return `None` if it is empty.

        The server answers some empty lists with an error (`ConfbridgeListRooms`: "No active conferences.").

        Raises:
            RefusedError: The server refused it.
        """
        answer = yield from self.tried(request)
        if self._lacks and self._lacks[-1].action == request.action:
            raise RefusedError
        return answer

    def tried(self, request: ListRequest[A]) -> Reading[A | None]:
        """Read a list that the others are of use without; return `None` if it is empty or refused."""
        try:
            answer: A = yield request
        except (ActionFailed, NotInRelease) as error:
            reason = reason_of(error)
            if reason is None:
                self.loaded = True
            else:
                self._lacks.append(Lack(self._watched, request.action, reason, request.privileges, error))
            return None
        self.loaded = True
        return answer

    @property
    def lacks(self) -> list[Lack]:
        """The refusals that matter: lists of modules that are not there are missed only if no other list was read."""
        return [each for each in self._lacks if not self.loaded or each.reason is LackReason.PRIVILEGE]


L = TypeVar("L")


class Kind(Generic[L]):
    """One kind of objects that a model may watch; abstract, each module of objects defines its own.

    Attributes:
        name: The name of the parameter that chooses it.
        chosen: The names of the objects to watch, `None` for all.
    """

    name: ClassVar[str]
    reloads: ClassVar[bool] = True
    """Whether a reload of the server's configuration may change which objects exist."""
    chosen: frozenset[str] | None = None

    def wants(self, name: str) -> bool:
        """Return whether an object of this name is watched."""
        return self.chosen is None or name in self.chosen

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        raise NotImplementedError

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the classes of the requests that `read` sends."""
        raise NotImplementedError

    def read(self, refusals: Refusals) -> Reading[L]:
        """Read the lists of what is watched.

        Args:
            refusals: Notes what is refused.
        """
        raise NotImplementedError

    def reread(self, refusals: Refusals, names: Collection[str]) -> Reading[L]:
        """Read only some objects, which `join` returned."""
        raise NotImplementedError

    def join(self, picture: Any, lists: L) -> Collection[str]:
        """Merge lists with the events since their reading began; return the objects that must be read again."""
        raise NotImplementedError

    def lose(self) -> None:
        """Discard what cannot be right after events were missed and no list has."""

    def compare(self, lists: L) -> Iterator[Difference]:
        """Compare the picture with fresh lists."""
        raise NotImplementedError
