"""Users of a simulated server, with what manager.conf says about them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ami_typed.quantities import seconds
from ami_typed.testing.simulator.filters import Filters
from ami_typed.testing.simulator.privileges import classes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["User"]


@dataclass(frozen=True)
class User:
    """A user of the Manager Interface.

    Args:
        name: The user's name.
        secret: The user's secret.
        read: The classes of events that the user receives, as in manager.conf: ``"call,agent"``, or a sequence.
        write: The classes of actions that the user may send.
        deny: Networks that the user may not log in from, such as ``"0.0.0.0/0"``. Without any, no address is denied.
        permit: Exceptions from `deny`.
        eventfilter: Filters that every session of the user begins with, as of Asterisk before 20: a regular expression,
            with a leading ``!`` to exclude.
        writetimeout: How long the client may leave unread what it is sent before the server drops it, in seconds.
            Asterisk's default is 0.1 s; manager.conf states it in milliseconds.
        allowmultiplelogin: Whether the user may be logged in more than once.
        displayconnects: Whether logging on and off is logged.

    Raises:
        ValueError: A class, a network or a filter is invalid.
    """

    name: str
    secret: str = field(repr=False)
    read: str | Iterable[str] = "all"
    write: str | Iterable[str] = "all"
    deny: Sequence[str] = ()
    permit: Sequence[str] = ()
    eventfilter: Sequence[str] = ()
    writetimeout: float = 0.1
    allowmultiplelogin: bool = True
    displayconnects: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "read", classes_of(self.read, f"read of user {self.name!r}"))
        object.__setattr__(self, "write", classes_of(self.write, f"write of user {self.name!r}"))
        object.__setattr__(self, "writetimeout", seconds(self.writetimeout, "writetimeout"))
        for network in (*self.deny, *self.permit):
            ipaddress.ip_network(network)
        self.filters()

    @property
    def may_read(self) -> frozenset[str]:
        """The classes of events that the user receives."""
        return frozenset(self.read)

    @property
    def may_write(self) -> frozenset[str]:
        """The classes of actions that the user may send."""
        return frozenset(self.write)

    def admits(self, address: str) -> bool:
        """Return whether the user may log in from an address."""
        where = ipaddress.ip_address(address.partition("%")[0])

        def contains(networks: Sequence[str]) -> bool:
            return any(where in ipaddress.ip_network(network) for network in networks)

        return not contains(self.deny) or contains(self.permit)

    def filters(self) -> Filters:
        """Return new filters for a session of this user.

        Raises:
            ValueError: A filter is invalid.
        """
        filters = Filters()
        for text in self.eventfilter:
            trouble = filters.add(text)
            if trouble is not None:
                raise ValueError(f"eventfilter of user {self.name!r}: {text!r}: {trouble}")
        return filters
