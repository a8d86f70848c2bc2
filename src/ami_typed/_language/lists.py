"""The events of a list as attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ami_typed._language.descriptions import meaning
from ami_typed._language.headers import Doc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Never, Self

__all__ = ["Closing", "Held", "Items"]


T = TypeVar("T")


class Held(Generic[T]):
    """Base class of the attributes of a list that return its events of one name.

    Args:
        wire: The name on the wire.
    """

    __slots__ = ("_attribute", "_owner", "wire")

    _owner: type[Any]

    def __init__(self, wire: str) -> None:
        self.wire = wire

    def __set_name__(self, owner: type[Any], attribute: str) -> None:
        self._owner = owner
        self._attribute = attribute

    def describe(self) -> str:
        """Return the attribute's description, from the source of its class."""
        return meaning(self._owner, self._attribute)

    def __init_subclass__(cls) -> None:
        if not TYPE_CHECKING:  # `help` on the class shows its docstring, on an attribute its description
            cls.__doc__ = Doc(cls.__doc__)

    if not TYPE_CHECKING:  # for type checkers, each subclass declares the type of the keyword

        def __set__(self, aggregate: Any, value: object) -> None:
            """Raise `AttributeError`: the attribute is read from the list."""
            raise AttributeError(
                f"{type(aggregate).__name__}.{self._attribute} is read-only: it returns the {self.wire} events of the "
                "list."
            )


class Items(Held[T]):
    """The events of one name in a list, in the order of arrival."""

    __slots__ = ()

    @overload
    def __get__(self, aggregate: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, aggregate: dict[Any, Any], owner: type[Any] | None = None) -> list[T]: ...

    def __get__(self, aggregate: dict[Any, Any] | None, owner: type[Any] | None = None) -> Self | list[T]:
        """Return the events; on a class, return the attribute itself."""
        if aggregate is None:
            return self
        found: list[T] = aggregate[self.wire]
        return found

    if TYPE_CHECKING:

        def __set__(self, aggregate: Never, value: Iterable[T]) -> None: ...


class Closing(Held[T]):
    """The event that ends a list."""

    __slots__ = ()

    @overload
    def __get__(self, aggregate: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, aggregate: dict[Any, Any], owner: type[Any] | None = None) -> T | None: ...

    def __get__(self, aggregate: dict[Any, Any] | None, owner: type[Any] | None = None) -> Self | T | None:
        """Return the event, `None` if it has not been received; on a class, return the attribute itself."""
        return self if aggregate is None else aggregate.get(self.wire)

    if TYPE_CHECKING:

        def __set__(self, aggregate: Never, value: T | None) -> None: ...
