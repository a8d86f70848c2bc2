"""The applications of the dialplan that concern one channel only; others are in the modules of what they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ami_typed.testing.telephony import channels, dialplan, variables
from ami_typed.testing.telephony.headers import channel_lines
from ami_typed.testing.telephony.objects import UP, Channel
from ami_typed.testing.telephony.processes import Afterwards, Wait, Work
from ami_typed.testing.telephony.world import World

__all__ = ["APPLICATIONS", "Application", "End", "application", "seconds"]

Application: TypeAlias = Callable[[World, Channel, str], Work[None] | None]
"""Runs an application for a channel. One that does not wait returns `None`."""

APPLICATIONS: dict[str, Application] = {}
"""The applications by name, in lower case."""

_LISTENS = 0.5
"""How long Answer waits for the first sound, in seconds (main/channel.c, __ast_answer)."""
_PLAYS = 2.0
"""How long a prompt lasts, in seconds."""


class End(Exception):
    """Raised by an application that ends the dialplan."""


def application(*names: str) -> Callable[[Application], Application]:
    """Add an application of the dialplan."""

    def add(run: Application) -> Application:
        APPLICATIONS.update((name.lower(), run) for name in names)
        return run

    return add


def seconds(text: str, default: float | None = None) -> float | None:
    """Return a duration of the dialplan."""
    try:
        return float(text)
    except ValueError:
        return default


@application("Answer")
def _answer(world: World, channel: Channel, data: str) -> Work[None]:
    del data
    if channel.state != UP:
        channel.deaf_until = world.now + _LISTENS
        channels.answer(world, channel)
        yield Wait(_LISTENS)


@application("Wait", "WaitExten")
def _wait(world: World, channel: Channel, data: str) -> Work[None]:
    del world, channel
    yield Wait(seconds(data, 0.0))


@application("Hangup")
def _hangup(world: World, channel: Channel, data: str) -> None:
    del world
    channel.cause = int(data) if data.isdigit() else channel.cause
    raise End


@application("Ringing", "Progress", "Proceeding")
def _ringing(world: World, channel: Channel, data: str) -> None:
    del data
    channels.indicate(world, channel, channel.application.upper())


_REFUSALS = {"busy": ("BUSY", 17), "congestion": ("CONGESTION", 34)}


@application("Busy", "Congestion")
def _refuse(world: World, channel: Channel, data: str) -> Work[None]:
    what, channel.cause = _REFUSALS[channel.application.lower()]
    channels.busy(world, channel, what)
    yield Wait(seconds(data))
    raise End


@application("Playback", "Milliwatt", "Read", "SendDTMF", "Background", "Record")
def _play(world: World, channel: Channel, data: str) -> Work[None]:
    del data
    channels.answer(world, channel)
    yield Wait(_PLAYS)


@application("Echo", "BridgeWait", "ChanSpy", "MixMonitor")
def _stay(world: World, channel: Channel, data: str) -> Work[None]:
    del data
    channels.answer(world, channel)
    yield Wait(None)


@application("MusicOnHold")
def _music(world: World, channel: Channel, data: str) -> Work[None]:
    name, _, length = data.partition(",")
    music_starts(world, channel, name)
    with Afterwards(lambda: music_stops(world, channel)):
        yield Wait(seconds(length))


def music_starts(world: World, channel: Channel, name: str = "") -> None:
    """Send that a channel hears music on hold."""
    world.emit("MusicOnHoldStart", channel_lines(channel), [("Class", name or "default")])


def music_stops(world: World, channel: Channel) -> None:
    """Send that a channel does not hear music on hold any more."""
    if channel.gone:
        return
    world.emit("MusicOnHoldStop", channel_lines(channel))


@application("NoOp", "Verbose", "Log", "ForkCDR", "ResetCDR", "CELGenUserEvent", "StopMixMonitor", "StartMusicOnHold")
def _nothing(world: World, channel: Channel, data: str) -> None:
    del world, channel, data


@application("Set")
def _set(world: World, channel: Channel, data: str) -> None:
    name, _, value = data.partition("=")
    variables.write(world, channel, name, value)


@application("Goto")
def _goto(world: World, channel: Channel, data: str) -> None:
    *place, priority = data.split(",")
    if place:
        channel.exten = place[-1]
    if len(place) > 1:
        channel.context = place[0]
    channel.priority = dialplan.label(dialplan.find(world, channel.context, channel.exten) or [], priority)


@application("UserEvent")
def _user_event(world: World, channel: Channel, data: str) -> None:
    name, *headers = data.split(",")
    pairs = [(key.strip(), value.strip()) for key, _, value in (header.partition(":") for header in headers)]
    world.emit("UserEvent", channel_lines(channel), [("UserEvent", name), *pairs])
