"""Device states, the states of extensions that have hints, and presence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony.objects import RING, RINGING, UP

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.world import World

__all__ = ["DeviceStates", "changed", "channel_changed", "device_state", "of_channels", "provides_states"]


PROVIDERS: dict[str, Callable[[World, str], str]] = {}
"""What knows the states of devices, by what stands before the slash or the colon of their names."""


def provides_states(*technologies: str) -> Callable[[Callable[[World, str], str]], Callable[[World, str], str]]:
    """Add a function that knows the states of devices."""

    def add(provider: Callable[[World, str], str]) -> Callable[[World, str], str]:
        PROVIDERS.update((technology, provider) for technology in technologies)
        return provider

    return add


class DeviceStates:
    """The states that devices were last said to have.

    Attributes:
        known: The state of each device that has been sent.
        custom: The states that were set, of ``Custom:`` devices and those of other modules.
        observers: What wants to know of changes: called with the device and its state.
    """

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.custom: dict[str, str] = {}
        self.observers: list[Callable[[World, str, str], None]] = []


def of_channels(world: World, device: str) -> str | None:
    """Return the state that a device's channels give it; `None` if it has none."""
    found = [channel for channel in world.channels.values() if channel.tech.device(channel) == device]
    states = [channel.state for channel in found]
    if found and all(channel.holds for channel in found):
        return "ONHOLD"
    if UP in states or RING in states:
        return "INUSE"
    if RINGING in states:
        return "RINGING"
    return "INUSE" if states else None


def device_state(world: World, device: str) -> str:
    """Return a device's state."""
    part = world.part(DeviceStates)
    if device in part.custom:
        return part.custom[device]
    technology = device.partition("/")[0] if "/" in device else device.partition(":")[0]
    provider = PROVIDERS.get(technology.lower())
    if provider is not None:
        return provider(world, device)
    return of_channels(world, device) or "UNKNOWN"


def channel_changed(world: World, channel: Channel) -> None:
    """Send the state of the device that a channel belongs to."""
    changed(world, channel.tech.device(channel))


def changed(world: World, device: str) -> None:
    """Send a device's state, and tell what depends on it."""
    part = world.part(DeviceStates)
    state = device_state(world, device)
    before, part.known[device] = part.known.get(device), state
    world.emit("DeviceStateChange", [("Device", device), ("State", state)])
    if state != before:
        for observer in part.observers:
            observer(world, device, state)
