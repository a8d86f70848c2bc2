"""Parking lots and the calls parked in them.

Rules of this module:

- `Parkinglots` lists the lots, `ParkedCalls` the calls in all of them. `ParkedCall` and `ParkedCallSwap` bring a call
  into a space; `UnParkedCall`, `ParkedCallTimeOut` and `ParkedCallGiveUp` take it out.
- A parked call is identified by its channel's Uniqueid. A channel that is parked again gets another space.
- A dynamic lot (``parkeddynamic``) appears with its first call, and no event reports its end: it is removed once the
  server no longer lists it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ami_typed import actions, events
from ami_typed.live.changes import Change, frozen_change
from ami_typed.live.differences import Difference, differing, existing
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals, Table, Teller, Watched, keyed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime, timedelta
    from typing import Any

    from ami_typed.events import families
    from ami_typed.messages import Event, Request

    Parked: TypeAlias = events.ParkedCall | events.ParkedCallSwap

__all__ = ["ParkedCall", "ParkingChange", "ParkingLot", "ParkingLots", "SpaceFreed", "SpaceTaken"]

Lists: TypeAlias = tuple[Sequence[events.Parkinglot], Sequence[events.ParkedCall]]


class ParkedCall(Watched):
    """A parked call.

    Attributes:
        lot: The name of its parking lot.
        space: The number to dial to retrieve it.
        channel: The parked channel.
        uniqueid: Its Uniqueid.
        number: The number of the parked party, `None` if unknown.
        name: The name of the parked party, `None` if unknown.
        parked_by: The dial string to which it returns when its time is over.
        parked_at: When it was parked.
        expires_at: When its time is over; `None` if the lot has no limit.
    """

    __slots__ = ("channel", "expires_at", "lot", "name", "number", "parked_at", "parked_by", "space", "uniqueid")

    def __init__(self, told: Parked, now: datetime) -> None:
        super().__init__()
        self.uniqueid = told.parkee.uniqueid
        self.parked_at = now - told.parking_duration
        self.see(told, now)

    def __repr__(self) -> str:
        return f"<ParkedCall {self.space}@{self.lot}: {self.number or self.channel}>"

    def see(self, told: Parked, now: datetime) -> None:
        """Update it from an event or a list."""
        self.lot, self.space = told.parkinglot, told.parking_space
        self.channel = told.parkee.channel
        self.number, self.name = told.parkee.caller_id_num, told.parkee.caller_id_name
        self.parked_by = told.parker_dial_string
        left = told.parking_timeout
        self.expires_at: datetime | None = now + left if left is not None else None


class ParkingLot(Watched):
    """A parking lot.

    Attributes:
        name: The name.
        first_space: The number of its first space; `None` if unknown.
        last_space: The number of its last space; `None` if unknown.
        timeout: Time limit of a parked call; `None` if the lot has none, or it is unknown.
        calls: The parked calls, by space.
    """

    __slots__ = ("calls", "first_space", "last_space", "name", "timeout")

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.first_space: int | None = None
        self.last_space: int | None = None
        self.timeout: timedelta | None = None
        self.calls: dict[int, ParkedCall] = {}

    def __repr__(self) -> str:
        return f"<ParkingLot {self.name}: {len(self.calls)} calls>"


@frozen_change
class ParkingChange(Change):
    """A change to a parking lot."""

    lot: ParkingLot
    parked: ParkedCall


@frozen_change
class SpaceTaken(ParkingChange):
    """A call was parked."""


@frozen_change
class SpaceFreed(ParkingChange):
    """A call left its space: it was retrieved, its time was over, or it was hung up."""

    retrieved_by: str | None = None
    """The channel that retrieved it; `None` if it was not retrieved, or that was not observed."""
    expired: bool = False
    """Whether its time was over."""


class ParkingLots(Table[ParkingLot], Kind[Lists]):
    """The parking lots, by name."""

    name: ClassVar[str] = "parking"

    def __init__(self) -> None:
        super().__init__()
        self._calls: Table[ParkedCall] = Table()

    @property
    def calls(self) -> list[ParkedCall]:
        """All parked calls."""
        return list(self._calls)

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        return {
            events.ParkedCall: self._parked,
            events.ParkedCallSwap: self._parked,
            events.UnParkedCall: self._retrieved,
            events.ParkedCallTimeOut: self._expired,
            events.ParkedCallGiveUp: self._left,
        }

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        return (actions.Parkinglots, actions.ParkedCalls)

    def read(self, refusals: Refusals) -> Reading[Lists]:
        """Read all lots and parked calls."""
        lots = yield from refusals.required(actions.Parkinglots())
        calls = yield from refusals.required(actions.ParkedCalls())
        return (lots.lots if lots is not None else [], calls.calls if calls is not None else [])

    def join(self, picture: Teller, lists: Lists) -> Collection[str]:
        """Merge the lists with the events since their reading began."""
        lots, calls = self._watched(lists)
        self._calls.merge(picture, calls, self._see, self._free)
        self.merge(picture, lots, self._list, self._remove)
        return ()

    def compare(self, lists: Lists) -> Iterator[Difference]:
        """Compare the lots and parked calls with fresh lists; the end of a dynamic lot is not reported."""
        lots, calls = self._watched(lists)
        yield from existing("parking lot", [each.name for each in self if each.calls or each.name in lots], [*lots])
        yield from existing("parked call", self._calls.names, [*calls])
        for name in calls.keys() & set(self._calls.names):
            mine, theirs = self._calls[name], calls[name]
            place = {"lot": theirs.parkinglot, "space": theirs.parking_space}
            yield from differing(f"parked call {name}", {"lot": mine.lot, "space": mine.space}, place)

    def _watched(self, lists: Lists) -> tuple[dict[str, events.Parkinglot], dict[str, events.ParkedCall]]:
        """Return the listed lots by name, and the listed calls by Uniqueid, as far as they are watched."""
        lots = keyed(lists[0], lambda each: each.name)
        calls = keyed(lists[1], lambda each: each.parkee.uniqueid)
        return (
            {name: each for name, each in lots.items() if self.wants(name)},
            {uniqueid: each for uniqueid, each in calls.items() if self.wants(each.parkinglot)},
        )

    def _lot(self, name: str) -> ParkingLot:
        return self.get(name) or self.put(name, ParkingLot(name))

    def _list(self, _picture: Teller, name: str, item: events.Parkinglot) -> None:
        lot = self._lot(name)
        lot.first_space, lot.last_space, lot.timeout = item.start_space, item.stop_space, item.timeout

    def _remove(self, picture: Teller, name: str) -> None:
        if not self[name].calls:
            self.drop(picture, name)

    # Parked calls

    def _parked(self, picture: Teller, event: Parked) -> None:
        if self.wants(event.parkinglot):
            self._see(picture, event.parkee.uniqueid, event).touched = picture.reading

    def _see(self, picture: Teller, uniqueid: str, told: Parked) -> ParkedCall:
        parked = self._calls.get(uniqueid)
        if parked is not None and (parked.lot, parked.space) != (told.parkinglot, told.parking_space):
            self._free(picture, uniqueid)
            parked = None
        lot = self._lot(told.parkinglot)
        if parked is not None:
            parked.see(told, picture.now)
            return parked
        other = lot.calls.get(told.parking_space)
        if other is not None:
            self._free(picture, other.uniqueid)
        parked = self._calls.put(uniqueid, ParkedCall(told, picture.now))
        lot.calls = {**lot.calls, parked.space: parked}
        picture.tell(SpaceTaken, lot=lot, parked=parked)
        return parked

    def _retrieved(self, picture: Teller, event: events.UnParkedCall) -> None:
        self._leave(picture, event, retrieved_by=event.retriever.channel)

    def _expired(self, picture: Teller, event: events.ParkedCallTimeOut) -> None:
        self._leave(picture, event, expired=True)

    def _left(self, picture: Teller, event: events.ParkedCallGiveUp) -> None:
        self._leave(picture, event)

    def _leave(self, picture: Teller, event: families.ParkeeChannelEvent, **how: Any) -> None:
        self._free(picture, event.parkee.uniqueid, **how)

    def _free(self, picture: Teller, uniqueid: str, **how: Any) -> None:
        parked = self._calls.drop(picture, uniqueid)
        if parked is None:
            picture.unexpected += self.chosen is None and not picture.loading
            return
        lot = self._lot(parked.lot)
        lot.calls = {space: each for space, each in lot.calls.items() if each is not parked}
        picture.tell(SpaceFreed, lot=lot, parked=parked, **how)
