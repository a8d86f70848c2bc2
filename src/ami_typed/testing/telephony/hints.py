"""What devices mean for extensions: hints, presence, and the lists of all states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import dialplan, states
from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.variables import function

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.world import World

__all__ = ["Presences", "watch"]

WORDS = {
    -1: "Unknown",
    0: "Idle",
    1: "InUse",
    2: "Busy",
    4: "Unavailable",
    8: "Ringing",
    9: "InUse&Ringing",
    16: "Hold",
    17: "InUse&Hold",
}
"""The states of extensions (include/asterisk/pbx.h)."""
_IN_USE, _BUSY, _UNAVAILABLE, _RINGING, _HOLD = 1, 2, 4, 8, 16
_GONE = ("UNAVAILABLE", "INVALID")


class Presences:
    """The presence of each presentity: its status, its subtype and its message."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, str, str]] = {}


def watch(world: World) -> None:
    """Send the states of extensions when those of their devices change."""
    world.part(states.DeviceStates).observers.append(_device_changed)


def _devices(hint: str) -> list[str]:
    return hint.partition(",")[0].split("&")


def _device_changed(world: World, device: str, state: str) -> None:
    del state
    for context, exten, hint in dialplan.hints(world):
        if device in _devices(hint):
            world.emit("ExtensionStatus", _lines(world, context, exten, hint))


def _lines(world: World, context: str, exten: str, hint: str) -> Lines:
    status = extension_state(world, hint) if hint else -1
    return [
        ("Exten", exten),
        ("Context", context),
        ("Hint", hint),
        ("Status", str(status)),
        ("StatusText", WORDS[status]),
    ]


def extension_state(world: World, hint: str) -> int:
    """Return the state that an extension has from its devices together (main/devicestate.c, devstate aggregate)."""
    found = [states.device_state(world, device) for device in _devices(hint)]
    if all(each in _GONE for each in found):
        return _UNAVAILABLE
    if all(each == "BUSY" for each in found):
        return _BUSY
    in_use = _IN_USE if {"INUSE", "BUSY", "RINGINUSE"} & set(found) else 0
    if {"RINGING", "RINGINUSE"} & set(found):
        return _RINGING | in_use
    return (_HOLD if "ONHOLD" in found else 0) | in_use


@answers("ExtensionState")
def _extension_state(world: World, action: ReceivedAction, reply: Reply) -> None:
    exten, context = action.get("Exten", ""), action.get("Context", "") or "default"
    if not exten:
        reply.error("Extension not specified")
        return
    hint = next((hint for where, each, hint in dialplan.hints(world) if (where, each) == (context, exten)), "")
    reply.success("Extension Status", _lines(world, context, exten, hint))


@answers("ExtensionStateList")
def _extension_state_list(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    items = [world.event("ExtensionStatus", _lines(world, *each)) for each in dialplan.hints(world)]
    reply.list(items, "ExtensionStateListComplete", "Extension Statuses will follow")


@answers("DeviceStateList")
def _device_state_list(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    known = world.part(states.DeviceStates).known
    items = [world.event("DeviceStateChange", [("Device", each), ("State", known[each])]) for each in known]
    reply.list(items, "DeviceStateListComplete", "Device State Changes will follow")


def _write_device(world: World, channel: Channel | None, argument: str, value: str) -> None:
    del channel
    world.part(states.DeviceStates).custom[argument] = value.upper()
    states.changed(world, argument)


@function("DEVICE_STATE", _write_device)
def _read_device(world: World, channel: Channel | None, argument: str) -> str:
    del channel
    return states.device_state(world, argument)


def _write_presence(world: World, channel: Channel | None, argument: str, value: str) -> None:
    del channel
    status, subtype, message = [*value.split(","), "", ""][:3]
    set_presence(world, argument, status, subtype, message)


@function("PRESENCE_STATE", _write_presence)
def _read_presence(world: World, channel: Channel | None, argument: str) -> str:
    del channel
    name, _, part = argument.partition(",")
    status, subtype, message = world.part(Presences).known.get(name, ("not_set", "", ""))
    return {"value": status, "subtype": subtype, "message": message}.get(part or "value", "")


def set_presence(world: World, presentity: str, status: str, subtype: str = "", message: str = "") -> None:
    """Set the presence of a presentity, and send that."""
    world.part(Presences).known[presentity] = status, subtype, message
    for context, exten, hint in dialplan.hints(world):
        if presentity in hint.partition(",")[2].split("&"):
            where = [("Exten", exten), ("Context", context), ("Hint", hint)]
            world.emit("PresenceStatus", where, _presence(status, subtype, message))
    world.emit("PresenceStateChange", [("Presentity", presentity)], _presence(status, subtype, message))


def _presence(status: str, subtype: str, message: str) -> Lines:
    return [("Status", status), ("Subtype", subtype), ("Message", message)]


@answers("PresenceState")
def _presence_state(world: World, action: ReceivedAction, reply: Reply) -> None:
    provider = action.get("Provider", "")
    if not provider:
        reply.error("No provider specified")
        return
    status, subtype, message = world.part(Presences).known.get(provider, ("not_set", "", ""))
    lines: Lines = [("State", status)]
    lines += [("Subtype", subtype)] if subtype else []
    lines += [("Message", message), ("PresenceMessage", message)] if message else []
    reply.success("Presence State", lines)


@answers("PresenceStateList")
def _presence_state_list(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    items = [
        world.event("PresenceStateChange", [("Presentity", each)], _presence(*known))
        for each, known in world.part(Presences).known.items()
    ]
    reply.list(items, "PresenceStateListComplete", "Presence State Changes will follow")
