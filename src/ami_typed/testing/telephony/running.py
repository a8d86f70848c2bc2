"""How a channel runs the dialplan: step by step, until it is hung up or there is nothing left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.releases import Releases
from ami_typed.testing.telephony import channels, dialplan, variables
from ami_typed.testing.telephony.applications import APPLICATIONS, End
from ami_typed.testing.telephony.objects import BUSY, UP, HungUp, Interrupt, Kicked, Moved, Redirected
from ami_typed.testing.telephony.processes import Wait

if TYPE_CHECKING:
    from ami_typed.testing.telephony.dialplan import Step
    from ami_typed.testing.telephony.objects import Channel
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

__all__ = ["run_application", "run_dialplan"]

_HANGUP_EXTENSION = "h"
_INVALID_EXTENSION = "i"
_FALLS = {"BUSY": "BUSY", "CONGESTION": "CONGESTION", "CHANUNAVAIL": "CONGESTION"}
_FALLS_FOR = 10.0
"""How long a caller hears that a call has failed, in seconds (main/pbx.c, __ast_pbx_run)."""
_LAGS = Releases("17-")
"""The releases that send a channel as it was when it last changed: the priority behind the last step is not seen."""


def run_dialplan(world: World, channel: Channel) -> Work[None]:
    """Serve a channel from its place in the dialplan to its end."""
    channel.runs_dialplan = True
    try:
        yield from _steps(world, channel)
    except (HungUp, Kicked, End):
        pass
    except Moved:
        return
    behind = channel.priority
    if world.release in _LAGS and channel.shown_place is not None:
        channel.priority = channel.shown_place[2]
    channels.dialplan_ended(world, channel)
    channel.priority = behind
    yield from _hangup_extension(world, channel)
    channels.end(world, channel)


def run_application(world: World, channel: Channel, name: str, data: str) -> Work[None]:
    """Serve a channel with one application and no dialplan, until the application is over or it is redirected."""
    try:
        yield from _one(world, channel, name, data)
    except (HungUp, End, Kicked):
        pass
    except Moved:
        return
    except Redirected:
        yield from run_dialplan(world, channel)
        return
    channels.end(world, channel)


def _steps(world: World, channel: Channel) -> Work[None]:
    while True:
        try:
            step = _next(world, channel)
            if step is None:
                yield from _fall_through(world, channel)
                return
            here = channel.context, channel.exten, channel.priority
            channel.application, channel.data = step.application, text(world, channel, step.data)
            channels.dialplan_moved(world, channel)
            yield from _one(world, channel, channel.application, channel.data)
            if here == (channel.context, channel.exten, channel.priority):
                channel.priority += 1
        except Redirected:
            continue
        except Kicked:
            channel.priority += 1


def _next(world: World, channel: Channel) -> Step | None:
    """Return the step at a channel's place in the dialplan; nothing behind the last one."""
    steps = dialplan.find(world, channel.context, channel.exten)
    if steps is None and dialplan.exists(world, channel.context, _INVALID_EXTENSION):
        channel.exten, channel.priority = _INVALID_EXTENSION, 1
        steps = dialplan.find(world, channel.context, channel.exten)
    return None if steps is None or channel.priority > len(steps) else steps[channel.priority - 1]


def _fall_through(world: World, channel: Channel) -> Work[None]:
    """Let the caller hear what became of the last call, when the dialplan is over (``autofallthrough``)."""
    what = _FALLS.get(channel.variables.get("DIALSTATUS", ""))
    if what is None:
        return
    channels.indicate(world, channel, what)
    if channel.state != UP:
        channels.set_state(world, channel, BUSY)
    yield Wait(_FALLS_FOR)


def _one(world: World, channel: Channel, name: str, data: str) -> Work[None]:
    application = APPLICATIONS.get(name.lower())
    if application is None:
        raise End
    work = application(world, channel, data)
    if work is not None:
        yield from work


def _hangup_extension(world: World, channel: Channel) -> Work[None]:
    """Run what the dialplan has for calls that have ended."""
    if dialplan.exists(world, channel.context, _HANGUP_EXTENSION):
        channel.exten, channel.priority, channel.leaving = _HANGUP_EXTENSION, 1, True
        try:
            yield from _steps(world, channel)
        except (Interrupt, End):
            return


def text(world: World, channel: Channel | None, data: str) -> str:
    """Return a text of the dialplan with variables replaced."""
    return dialplan.substitute(data, lambda name: variables.read(world, channel, name))
