"""Devices and their states.

Rules of this module:

- `DeviceStateList` lists the devices whose state the server caches; each `DeviceStateChange` carries the whole state.
- Events also report devices that the server does not cache and never lists, such as Local channels
  (main/devicestate.c, AST_DEVSTATE_NOT_CACHABLE). They are kept as well; of those not in use, the most recent ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from ami_typed import actions, enums, events
from ami_typed.live.changes import Change, frozen_change
from ami_typed.live.differences import Difference, differing, existing
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals, Table, Teller, Watched, keyed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from ami_typed.messages import Event, Request

__all__ = ["Device", "DeviceAdded", "DeviceChange", "DeviceRemoved", "DeviceStateChanged", "Devices"]

_IDLE = (
    *(enums.DeviceState.NOT_INUSE, enums.DeviceState.UNAVAILABLE),
    *(enums.DeviceState.INVALID, enums.DeviceState.UNKNOWN),
)
_UNLISTED = 1024
"""Number of idle devices to keep that the server does not list."""


class Device(Watched):
    """A device, as the dialplan and hints name it.

    Attributes:
        name: The name, such as ``PJSIP/alice``, ``Custom:desk`` or ``park:701@parkedcalls``.
        state: Its state.
        since: When it entered this state, as far as observed; `None` if that was before the first load.
    """

    __slots__ = ("listed", "name", "since", "state")

    def __init__(self, name: str, state: enums.DeviceState | str) -> None:
        super().__init__()
        self.name = name
        self.state = state
        self.since: datetime | None = None
        self.listed = False

    def __repr__(self) -> str:
        return f"<Device {self.name}: {self.state}>"


@frozen_change
class DeviceChange(Change):
    """A change to a device."""

    device: Device


@frozen_change
class DeviceAdded(DeviceChange):
    """A device was first seen."""


@frozen_change
class DeviceRemoved(DeviceChange):
    """A device is no longer listed."""


@frozen_change
class DeviceStateChanged(DeviceChange):
    """The state of a device changed."""

    state: enums.DeviceState | str
    """The new state."""
    before: enums.DeviceState | str
    """The previous state."""


class Devices(Table[Device], Kind[Sequence[events.DeviceStateChange]]):
    """The devices, by name."""

    name: ClassVar[str] = "devices"

    def __init__(self) -> None:
        super().__init__()
        self._unlisted: OrderedDict[str, None] = OrderedDict()

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        return {events.DeviceStateChange: self._changed}

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        return (actions.DeviceStateList,)

    def read(self, refusals: Refusals) -> Reading[Sequence[events.DeviceStateChange]]:
        """Read the states of all devices."""
        answer = yield from refusals.required(actions.DeviceStateList())
        return answer.devices if answer is not None else []

    def join(self, picture: Teller, lists: Sequence[events.DeviceStateChange]) -> Collection[str]:
        """Merge the list with the events since its reading began."""
        listed = self._watched(lists)
        kept = {each.name for each in self if not each.listed}
        self.merge(picture, {**dict.fromkeys(kept), **listed}, self._list, self._remove)
        return ()

    def compare(self, lists: Sequence[events.DeviceStateChange]) -> Iterator[Difference]:
        """Compare the devices with a fresh list."""
        listed = self._watched(lists)
        yield from existing("device", [each.name for each in self if each.listed or each.name in listed], [*listed])
        for name in listed.keys() & set(self.names):
            yield from differing(f"device {name}", {"state": self[name].state}, {"state": listed[name].state})

    def _watched(self, lists: Sequence[events.DeviceStateChange]) -> dict[str, events.DeviceStateChange]:
        """Return the listed devices that are watched, by name."""
        return {name: each for name, each in keyed(lists, lambda each: each.device).items() if self.wants(name)}

    def _changed(self, picture: Teller, event: events.DeviceStateChange) -> None:
        if self.wants(event.device):
            device = self._see(picture, event.device, event)
            device.touched = picture.reading
            if not device.listed:
                self._forget_idle(device)

    def _list(self, picture: Teller, name: str, item: events.DeviceStateChange | None) -> None:
        if item is not None:
            self._see(picture, name, item).listed = True
            self._unlisted.pop(name, None)

    def _see(self, picture: Teller, name: str, told: events.DeviceStateChange) -> Device:
        device = self.get(name)
        if device is None:
            device = self.put(name, Device(name, told.state))
            picture.tell(DeviceAdded, device=device)
        elif device.state != told.state:
            before, device.state, device.since = device.state, told.state, picture.now
            picture.tell(DeviceStateChanged, device=device, state=told.state, before=before)
        return device

    def _remove(self, picture: Teller, name: str) -> None:
        device = self.drop(picture, name)
        if device is not None:
            picture.tell(DeviceRemoved, device=device)

    def _forget_idle(self, device: Device) -> None:
        """Keep the devices that the server does not list from piling up."""
        self._unlisted.pop(device.name, None)
        if device.state in _IDLE:
            self._unlisted[device.name] = None
            if len(self._unlisted) > _UNLISTED:
                self._objects.pop(self._unlisted.popitem(last=False)[0], None)
