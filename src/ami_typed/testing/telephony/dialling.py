"""Dial: one channel calls others, the first that answers is bridged with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ami_typed.testing.telephony import bridges, channels, technologies
from ami_typed.testing.telephony.applications import End, application
from ami_typed.testing.telephony.headers import channel_lines
from ami_typed.testing.telephony.objects import Channel, HungUp, Interrupt, Redirected
from ami_typed.testing.telephony.processes import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.testing.telephony.processes import Signal, Work
    from ami_typed.testing.telephony.world import World

__all__ = ["ELSEWHERE", "Attempt", "begin", "ended", "over", "prepare", "progress", "wait_for_one"]

NO_ANSWER, ANSWER, BUSY, CONGESTION, CANCEL, UNAVAILABLE = (
    "NOANSWER",
    "ANSWER",
    "BUSY",
    "CONGESTION",
    "CANCEL",
    "CHANUNAVAIL",
)
ELSEWHERE = 26
_CLEARED = ("DIALSTATUS", "DIALEDPEERNUMBER", "DIALEDPEERNAME")
_TIMES = ("ANSWEREDTIME", "DIALEDTIME", "RINGTIME", "PROGRESSTIME")
_PROGRESS = ("RINGING", "PROGRESS", "PROCEEDING")
_TIMED = {"RINGING": "RINGTIME", "PROGRESS": "PROGRESSTIME"}
_REFUSALS = {"BUSY": BUSY, "CONGESTION": CONGESTION}
_BY_CAUSE = {17: BUSY, 34: CONGESTION, 38: CONGESTION, 41: CONGESTION, 42: CONGESTION, 58: CONGESTION}
"""What a hang-up with a cause means for the call (main/dial.c, apps/app_dial.c)."""


@dataclass(eq=False)
class Attempt:
    """The calls of one Dial.

    Attributes:
        caller: Who calls; nobody in an Originate.
        ringing: The channels that are being called.
        answered: The one that has answered.
        results: How the calls to the others ended.
        began: When they began.
        timed: Whether variables of the caller tell when the first one rang.
        released: Called with a channel that has refused, before it ends.
        reasons: What arrived at those that refused.
    """

    caller: Channel | None
    ringing: list[Channel] = field(default_factory=list[Channel])
    answered: Channel | None = None
    results: list[str] = field(default_factory=list[str])
    began: float = 0.0
    timed: bool = False
    released: Callable[[Channel], object] | None = None
    reasons: list[str] = field(default_factory=list[str])

    @property
    def status(self) -> str:
        """The outcome as a word of DIALSTATUS."""
        if self.answered is not None:
            return ANSWER
        found = [each for each in (BUSY, CONGESTION, UNAVAILABLE) if each in self.results]
        return found[0] if found and not self.ringing and NO_ANSWER not in self.results else NO_ANSWER


def prepare(world: World, caller: Channel, destination: str) -> Channel | int:
    """Create the channel that Dial calls, as the called side of a caller."""
    channel = technologies.request(world, destination, caller)
    if isinstance(channel, int):
        return channel
    number = destination.partition("/")[2]
    channels.set_variable(world, channel, "DIALEDPEERNUMBER", number)
    channel.context, channel.exten, channel.priority = caller.context, caller.exten, caller.priority
    channel.application, channel.data = "AppDial", "(Outgoing Line)"
    named = bool(channel.caller.number)
    if not named:
        channel.caller.number = caller.exten
    channel.connected = caller.caller.copy()
    channels.dialplan_moved(world, channel)
    if not named:
        channels.set_caller(world, channel)
    if channel.connected.number or channel.connected.name:
        channels.set_connected(world, channel)
    return channel


def begin(world: World, attempt: Attempt, channel: Channel, dial_string: str) -> bool:
    """Call a channel; return whether that is possible."""
    if channel.tech.call(channel):
        channels.end(world, channel)
        attempt.results.append(UNAVAILABLE)
        return False
    lines = [("DialString", dial_string)]
    world.emit("DialBegin", channel_lines(attempt.caller), channel_lines(channel, "Dest"), lines)
    attempt.ringing.append(channel)
    return True


def progress(world: World, attempt: Attempt, channel: Channel, status: str) -> None:
    """Send that a call has come to a further state."""
    lines = [("DialStatus", status)]
    world.emit("DialState", channel_lines(attempt.caller), channel_lines(channel, "Dest"), lines)


def ended(world: World, attempt: Attempt, channel: Channel, status: str, forward: str = "") -> None:
    """Send that a call has come to its end."""
    lines = [("DialStatus", status), *([("Forward", forward)] if forward else [])]
    world.emit("DialEnd", channel_lines(attempt.caller), channel_lines(channel, "Dest"), lines)


def over(world: World, attempt: Attempt, status: str, cause: int) -> None:
    """End the calls to all that are still ringing."""
    for channel in tuple(attempt.ringing):
        attempt.ringing.remove(channel)
        ended(world, attempt, channel, status)
        channel.cause = cause
        channels.end(world, channel)


def wait_for_one(world: World, attempt: Attempt, seconds: float | None, *also: Signal) -> Work[bool]:
    """Wait until one answers, all have refused or the time is over; return whether there is time left."""
    until = None if seconds is None else world.now + seconds
    while True:
        for channel in tuple(attempt.ringing):
            _read(world, attempt, channel)
        if attempt.answered or not attempt.ringing:
            return True
        left = None if until is None else until - world.now
        if left is not None and left <= 0:
            return False
        yield Wait(left, (*(channel.signal for channel in attempt.ringing), *also))


def _read(world: World, attempt: Attempt, channel: Channel) -> None:
    """Handle what has arrived at a channel that is being called."""
    while channel.frames and channel in attempt.ringing and attempt.answered is None:
        frame = channel.frames.popleft()
        if frame in _PROGRESS:
            _show_progress(world, attempt, channel, frame)
        elif frame == "ANSWER":
            attempt.ringing.remove(channel)
            attempt.answered = channel
            channels.set_state(world, channel, 6)
        elif frame == "HANGUP":
            attempt.reasons.append(frame)
            _refused(world, attempt, channel, _BY_CAUSE.get(channel.cause, NO_ANSWER))
        elif frame in _REFUSALS:
            attempt.reasons.append(frame)
            _refused(world, attempt, channel, _REFUSALS[frame])


def _show_progress(world: World, attempt: Attempt, channel: Channel, frame: str) -> None:
    if (
        attempt.caller is not None
        and attempt.timed
        and frame in _TIMED
        and not attempt.caller.variables.get(_TIMED[frame])
    ):
        duration(world, attempt.caller, _TIMED[frame], world.now - attempt.began)
    progress(world, attempt, channel, frame)
    if attempt.caller is not None:
        channels.indicate(world, attempt.caller, frame)


def _refused(world: World, attempt: Attempt, channel: Channel, status: str) -> None:
    attempt.ringing.remove(channel)
    attempt.results.append(status)
    ended(world, attempt, channel, status)
    if attempt.caller is not None and channel.cause:
        attempt.caller.cause = channel.cause
    if attempt.released is not None:
        attempt.released(channel)
    channels.end(world, channel)


def duration(world: World, channel: Channel, name: str, seconds: float) -> None:
    """Set the variables of a duration: whole seconds, and milliseconds."""
    channels.set_variable(world, channel, name, str(int(seconds)))
    channels.set_variable(world, channel, f"{name}_MS", str(int(seconds * 1000)))


@application("Dial")
def _dial(world: World, channel: Channel, data: str) -> Work[None]:
    destinations, _, rest = data.partition(",")
    timeout, _, options = rest.partition(",")
    for name in (*_CLEARED, *(each for time in _TIMES for each in (time, f"{time}_MS"))):
        channels.set_variable(world, channel, name, "")
    attempt = Attempt(channel, began=world.now, timed=True)
    _call_all(world, attempt, destinations.split("&"))
    try:
        in_time = yield from wait_for_one(world, attempt, float(timeout) if timeout else None)
    except Interrupt:
        over(world, attempt, CANCEL, channel.cause)
        channels.set_variable(world, channel, "DIALSTATUS", CANCEL)
        raise
    peer = attempt.answered
    if peer is None:
        status = attempt.status
        over(world, attempt, NO_ANSWER, 0)
        channels.set_variable(world, channel, "DIALSTATUS", status if in_time else NO_ANSWER)
        return
    over(world, attempt, CANCEL, ELSEWHERE)
    yield from _talk(world, attempt, channel, peer, options)


def _call_all(world: World, attempt: Attempt, destinations: list[str]) -> None:
    """Create the channels of all destinations, then call them."""
    assert attempt.caller is not None
    made: list[tuple[Channel, str]] = []
    for destination in destinations:
        channel = prepare(world, attempt.caller, destination)
        if isinstance(channel, int):
            attempt.results.append(UNAVAILABLE)
            attempt.caller.cause = channel
        else:
            made.append((channel, destination.partition("/")[2]))
    for channel, dial_string in made:
        begin(world, attempt, channel, dial_string)
        if len(destinations) == 1 and channel.tech.has_own_party:
            channels.set_connected(world, attempt.caller, channel.caller.number, channel.caller.name)
            attempt.caller.tech.connected_line(attempt.caller)


def _talk(world: World, attempt: Attempt, channel: Channel, peer: Channel, options: str) -> Work[None]:
    """Bridge both sides, until one hangs up."""
    number = peer.variables.get("DIALEDPEERNUMBER", "")
    for name, value in (("DIALSTATUS", ANSWER), ("DIALEDPEERNAME", peer.name), ("DIALEDPEERNUMBER", number)):
        channels.set_variable(world, channel, name, value)
    peer.exten = ""
    ended(world, attempt, peer, ANSWER)
    channels.answer(world, channel)
    bridge = bridges.create(world)
    channels.dialplan_moved(world, peer)
    answered = world.now
    peer.process = world.scheduler.spawn(bridges.stay_to_the_end(world, bridge, peer))
    bridges.enter(world, bridge, peer)
    try:
        yield from bridges.stay(world, bridge, channel)
        _finish(world, channel, attempt, answered)
    except HungUp:
        _finish(world, channel, attempt, answered)
        raise
    except Redirected:
        channels.set_variable(world, channel, "DIALSTATUS", ANSWER)
        raise
    if "g" not in options:
        raise End


def _finish(world: World, channel: Channel, attempt: Attempt, answered: float) -> None:
    duration(world, channel, "ANSWEREDTIME", world.now - answered)
    duration(world, channel, "DIALEDTIME", world.now - attempt.began)
    channels.set_variable(world, channel, "DIALSTATUS", ANSWER)
