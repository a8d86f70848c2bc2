"""Variables of channels and of the whole system, and the functions of the dialplan that programs read and write."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ami_typed.testing.telephony import channels
from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.headers import STATES
from ami_typed.testing.telephony.objects import Channel
from ami_typed.testing.telephony.world import World

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply

__all__ = ["FUNCTIONS", "function", "read", "write"]

Reading: TypeAlias = Callable[[World, Channel | None, str], str]
Writing: TypeAlias = Callable[[World, Channel | None, str, str], None]

FUNCTIONS: dict[str, tuple[Reading, Writing | None]] = {}
"""What reads and what writes each function of the dialplan, by its name."""

_CALL = re.compile(r"(?P<function>\w+)\((?P<argument>.*)\)", re.DOTALL)


def function(name: str, writing: Writing | None = None) -> Callable[[Reading], Reading]:
    """Add a function of the dialplan."""

    def add(reading: Reading) -> Reading:
        FUNCTIONS[name] = reading, writing
        return reading

    return add


def read(world: World, channel: Channel | None, name: str) -> str:
    """Return the value of a variable or a function; the empty text if there is none."""
    call = _CALL.fullmatch(name)
    if call is not None:
        found = FUNCTIONS.get(call["function"].upper())
        return found[0](world, channel, call["argument"]) if found else ""
    if channel is not None:
        if name in channel.variables:
            return channel.variables[name]
        if name in _OF_CHANNELS:
            return _OF_CHANNELS[name](channel)
    return world.globals.get(name, "")


def write(world: World, channel: Channel | None, name: str, value: str) -> bool:
    """Set a variable or write to a function; return whether that is possible."""
    call = _CALL.fullmatch(name)
    if call is not None:
        found = FUNCTIONS.get(call["function"].upper())
        if found is None or found[1] is None:
            return False
        found[1](world, channel, call["argument"], value)
    elif channel is None:
        world.globals[name] = value
        world.emit("VarSet", [("Channel", "none"), ("Uniqueid", "none"), ("Variable", name), ("Value", value)])
    else:
        channels.set_variable(world, channel, name.lstrip("_"), value)
    return True


_OF_CHANNELS: dict[str, Callable[[Channel], str]] = {
    "EXTEN": lambda channel: channel.exten,
    "CONTEXT": lambda channel: channel.context,
    "PRIORITY": lambda channel: str(channel.priority),
    "CHANNEL": lambda channel: channel.name,
    "UNIQUEID": lambda channel: channel.uniqueid,
    "LINKEDID": lambda channel: channel.linkedid,
    "HANGUPCAUSE": lambda channel: str(channel.cause),
}
"""Variables that Asterisk takes from the channel (main/pbx_variables.c)."""

_CHANNEL: dict[str, Callable[[Channel], str]] = {
    "state": lambda channel: STATES[channel.state],
    "name": lambda channel: channel.name,
    "uniqueid": lambda channel: channel.uniqueid,
    "linkedid": lambda channel: channel.linkedid,
    "language": lambda channel: channel.language,
    "accountcode": lambda channel: channel.account,
    "exten": lambda channel: channel.exten,
    "context": lambda channel: channel.context,
    "channeltype": lambda channel: channel.name.partition("/")[0],
}


def _write_channel(world: World, channel: Channel | None, argument: str, value: str) -> None:
    del world
    if channel is not None and argument == "language":
        channel.language = value
    elif channel is not None and argument == "accountcode":
        channel.account = value


@function("CHANNEL", _write_channel)
def _channel(world: World, channel: Channel | None, argument: str) -> str:
    del world
    found = _CHANNEL.get(argument.lower())
    return found(channel) if found and channel else ""


def _write_caller(world: World, channel: Channel | None, argument: str, value: str) -> None:
    if channel is not None:
        number, name = _party(argument, value)
        channels.set_caller(world, channel, number, name)


@function("CALLERID", _write_caller)
def _caller(world: World, channel: Channel | None, argument: str) -> str:
    del world
    return _read_party(argument, channel.caller.number, channel.caller.name) if channel else ""


def _write_connected(world: World, channel: Channel | None, argument: str, value: str) -> None:
    if channel is None:
        return
    number, name = _party(argument, value)
    channels.set_connected(world, channel, number, name)
    channel.tech.connected_line(channel)


@function("CONNECTEDLINE", _write_connected)
def _connected(world: World, channel: Channel | None, argument: str) -> str:
    del world
    return _read_party(argument, channel.connected.number, channel.connected.name) if channel else ""


def _read_party(argument: str, number: str, name: str) -> str:
    part = argument.partition(",")[0].partition("-")[0].lower()
    return {"num": number, "name": name, "all": f'"{name}" <{number}>'}.get(part, "")


def _party(argument: str, value: str) -> tuple[str | None, str | None]:
    """Return the number and the name that a text sets."""
    part = argument.partition(",")[0].partition("-")[0].lower()
    if part == "all":
        found = re.fullmatch(r'"?(?P<name>[^"<]*?)"?\s*(?:<(?P<number>[^>]*)>)?', value)
        return (found["number"] or "", found["name"]) if found else (value, "")
    return (value, None) if part == "num" else (None, value if part == "name" else None)


def _write_global(world: World, channel: Channel | None, argument: str, value: str) -> None:
    del channel
    write(world, None, argument, value)


@function("GLOBAL", _write_global)
def _global(world: World, channel: Channel | None, argument: str) -> str:
    del channel
    return world.globals.get(argument, "")


@answers("Setvar")
def _setvar(world: World, action: ReceivedAction, reply: Reply) -> None:
    name, channel = action.get("Channel", ""), None
    if not action.get("Variable"):
        reply.error("No variable specified")
        return
    if name:
        channel = world.find(name)
        if channel is None:
            reply.error("No such channel")
            return
    if write(world, channel, action["Variable"], action.get("Value", "")):
        reply.success("Variable Set")
    else:
        reply.error("Variable not set")


@answers("Getvar")
def _getvar(world: World, action: ReceivedAction, reply: Reply) -> None:
    name, channel = action.get("Channel", ""), None
    variable = action.get("Variable", "")
    if not variable:
        reply.error("No variable specified")
        return
    if name:
        channel = world.find(name)
        if channel is None:
            reply.error("No such channel")
            return
    reply.success(headers=[("Variable", variable), ("Value", read(world, channel, variable))])
