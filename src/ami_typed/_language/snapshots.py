"""Views of the attributes of an event that describe one channel or bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from ami_typed._language.descriptions import meaning
from ami_typed._language.headers import Always, Doc, Field, Sometimes

if TYPE_CHECKING:
    from typing import Self

    from ami_typed._language.headed import Headed
    from ami_typed._language.several import Variables

__all__ = ["MaybeView", "Part", "Snapshot", "View", "part"]


T = TypeVar("T")
S = TypeVar("S", bound="Snapshot")


class Snapshot:
    """The attributes of an event that describe one channel or bridge, without the prefix in their names.

    Args:
        event: The event from which the attributes are read.
        prefix: The prefix of their names, such as ``dest_``.
    """

    __slots__ = ("_event", "_prefix")

    named_by: ClassVar[str]
    """The attribute that every such snapshot has."""

    def __init__(self, event: Headed, prefix: str) -> None:
        self._event = event
        self._prefix = prefix

    @classmethod
    def parts(cls) -> dict[str, Part[Any]]:
        """Return the attributes of the snapshot, by name."""
        return {name: value for name, value in vars(cls).items() if isinstance(value, Part)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, self.named_by)}>"


class Part(Generic[T]):
    """An attribute of a snapshot, read from the event's attribute with the snapshot's prefix; created by `part`."""

    __slots__ = ("_attribute", "_owner", "field")

    def __init__(self, field: Field[Any]) -> None:
        self.field = field

    _owner: type[Any]

    def __set_name__(self, owner: type[Snapshot], attribute: str) -> None:
        self._owner = owner
        self._attribute = attribute
        if "named_by" not in vars(owner):
            owner.named_by = attribute

    @overload
    def __get__(self, snapshot: None, owner: type[Snapshot]) -> Self: ...
    @overload
    def __get__(self, snapshot: Snapshot, owner: type[Snapshot] | None = None) -> T: ...

    def __get__(self, snapshot: Snapshot | None, owner: type[Snapshot] | None = None) -> Self | T:
        """Return the event's attribute; on a class, return the part itself.

        Raises:
            FieldError: The header is missing, or its text is not of the declared type.
        """
        if snapshot is None:
            return self
        value: T = getattr(snapshot._event, snapshot._prefix + self._attribute)
        return value

    def describe(self) -> str:
        """Return the attribute's description, from the source of its class."""
        return meaning(self._owner, self._attribute)


if not TYPE_CHECKING:  # `help` on the class shows its docstring, on a part the attribute's description
    Part.__doc__ = Doc(Part.__doc__)


@overload
def part(field: Variables) -> Part[dict[str, str]]: ...


@overload
def part(field: Always[T]) -> Part[T]: ...


@overload
def part(field: Sometimes[T]) -> Part[T | None]: ...


def part(field: Field[Any]) -> Part[Any]:
    """Return a field as an attribute of a snapshot.

    Args:
        field: The corresponding field of an event without a prefix.
    """
    return Part(field)


class _Shown(Generic[S]):
    """Base class of the attributes that return a snapshot of an event.

    Args:
        cls: The class of the snapshot.
        prefix: The prefix of the names of the event's attributes.
    """

    __slots__ = ("cls", "prefix")

    def __init__(self, cls: type[S], prefix: str = "") -> None:
        self.cls = cls
        self.prefix = prefix


class View(_Shown[S]):
    """A snapshot that every event of the class has: ``event.dest.caller_id_num``."""

    __slots__ = ()

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> S: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | S:
        """Return the snapshot; on a class, return the view itself."""
        return self if message is None else self.cls(message, self.prefix)


class MaybeView(_Shown[S]):
    """A snapshot that only some events of the class have; `None` for the others."""

    __slots__ = ()

    @overload
    def __get__(self, message: None, owner: type[Headed]) -> Self: ...
    @overload
    def __get__(self, message: Headed, owner: type[Headed] | None = None) -> S | None: ...

    def __get__(self, message: Headed | None, owner: type[Headed] | None = None) -> Self | S | None:
        """Return the snapshot, `None` if the event has none; on a class, return the view itself."""
        if message is None:
            return self
        found = self.cls(message, self.prefix)
        return found if getattr(found, self.cls.named_by) is not None else None
