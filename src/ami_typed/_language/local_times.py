"""Times that Asterisk prints without a time zone, which are local times of the server.

Rules owned here:

- Such a time is aware if the message has its server's zone, else naive.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ami_typed._language.built import Built
from ami_typed._language.headers import Always, Field, Sometimes, Spelled, zone_of
from ami_typed._language.times import date_time, in_zone, is_unset
from ami_typed._speed import find_header
from ami_typed.arguments import as_moment

if TYPE_CHECKING:
    from collections.abc import Container

    from ami_typed._language.headed import Headed

__all__ = ["AlwaysLocal", "Dated", "SometimesLocal"]


class _Local(Field[datetime]):
    """Base class of the two fields for local times, which use the time zone of the message's server.

    Args:
        header: The header's name as Asterisk sends it.
        releases: See `Field`.
        none: See `Field`.
        default: See `Field`.
    """

    __slots__ = ()

    def __init__(
        self, header: str, *, releases: str = "", none: tuple[str, ...] = (), default: str | None = None
    ) -> None:
        super().__init__(header, date_time, releases=releases, none=none, default=default)

    def __set_name__(self, owner: type[Headed], attribute: str) -> None:
        super().__set_name__(owner, attribute)
        owner._local = True

    def _get(self, message: Any, owner: object = None) -> Any:  # noqa: ARG002 - part of the descriptor protocol
        if message is None:
            return self
        octets = message._unread
        spelling = None if octets is None else find_header(octets, self._needle)
        if spelling is None:
            return self._look(message)
        return None if spelling in self._none else self.decode(message, spelling)

    if not TYPE_CHECKING:  # for type checkers, each subclass declares its own types
        __get__ = _get

    def decode(self, message: Headed, spelling: str) -> datetime:
        """Return the time, in UTC if the text has a time zone or the message has its server's, else naive.

        Raises:
            FieldError: The text is not a date and time.
        """
        try:
            return in_zone(datetime.fromisoformat(spelling), zone_of(message))
        except (ValueError, OverflowError) as error:
            self._refuse(message, spelling, error)

    def spell(self, value: Any, names: Container[str]) -> Spelled:  # noqa: ARG002 - the signature is the base's
        """Return the header for a time, with its fraction of a second and its time zone if it has them."""
        return [(self.header, as_moment(value).isoformat(" "))]


class AlwaysLocal(_Local, Always[datetime]):
    """A date and time that every message of the class has, which may be in the server's local time.

    The value is aware if the text has a time zone or the server's time zone is known (``Manager(timezone=...)``), else
    naive. Reading it raises `FieldError` if the header is missing or its text is not a date and time.
    """

    __slots__ = ()


class SometimesLocal(_Local, Sometimes[datetime]):
    """A date and time as in `AlwaysLocal` that only some messages of the class have.

    It is `None` if the header is absent or empty, or is the epoch in any time zone.
    """

    __slots__ = ()

    def decode(self, message: Headed, spelling: str) -> datetime | None:  # type: ignore[override]  # as Sometimes reads
        """Return the time, `None` if it is not set; see `AlwaysLocal`."""
        moment = super().decode(message, spelling)
        return None if is_unset(moment) else moment


class Dated(Built[datetime]):
    """A time whose date and time of day are in separate headers, in the server's local time; see `AlwaysLocal`.

    Args:
        headers: The header of the date and the header of the time of day.
        releases: See `Field`.
    """

    __slots__ = ()

    def __init__(self, *headers: str, releases: str = "") -> None:
        super().__init__(self._joined, *headers, releases=releases)

    def __set_name__(self, owner: type[Headed], attribute: str) -> None:
        super().__set_name__(owner, attribute)
        owner._local = True

    def _joined(self, message: Headed) -> datetime:
        spelling = " ".join(message[each] for each in self.headers)
        return in_zone(datetime.fromisoformat(spelling), zone_of(message))

    def spell(self, value: Any, names: Container[str]) -> Spelled:  # noqa: ARG002 - the signature is the base's
        """Return the headers for a time; they cannot express a time zone."""
        moment = as_moment(value)
        return list(zip(self.headers, (f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"), strict=True))
