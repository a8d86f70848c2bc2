"""Originate: a call that a program places, and what it is told about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ami_typed.releases import Releases
from ami_typed.testing.telephony import channels, dialling, dialplan, technologies
from ami_typed.testing.telephony.dialling import Attempt
from ami_typed.testing.telephony.handling import answers, flag
from ami_typed.testing.telephony.headers import UNKNOWN
from ami_typed.testing.telephony.objects import Channel, HungUp
from ami_typed.testing.telephony.running import run_application, run_dialplan

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

__all__ = ["Order"]

_FAILED, _RINGING_ON, _ANSWERED, _BUSY, _CONGESTION = 0, 3, 4, 5, 8
"""Reasons in OriginateResponse: the numbers of control frames (include/asterisk/frame.h)."""
_REASONS = {"ANSWER": _ANSWERED, "BUSY": _BUSY, "CONGESTION": _CONGESTION}
_NO_ANSWER = 19
_TELLS_NO_ANSWER = Releases("20.18 22.8 23.2-")
"""The releases in which a channel that nobody answers ends with cause 19, instead of 0."""


@dataclass
class Order:
    """What is to be called, and what happens with it then.

    Attributes:
        destination: What to call.
        timeout: How long to wait for the answer, in seconds.
        application: The application that serves the channel; if empty, the place in the dialplan does.
    """

    destination: str
    timeout: float = 30.0
    application: str = ""
    data: str = ""
    context: str = "default"
    exten: str = ""
    priority: int = 1
    number: str = ""
    name: str = ""
    account: str = ""
    early_media: bool = False
    variables: tuple[tuple[str, str], ...] = ()
    uniqueids: tuple[str, str] = ("", "")
    action_id: str = ""


@answers("Originate")
def _originate(world: World, action: ReceivedAction, reply: Reply) -> None:
    trouble = _trouble(world, action)
    if trouble:
        reply.error(trouble)
        return
    order = _order(action)
    if flag(action.get("Async", "")):
        reply.success("Originate successfully queued")
        world.scheduler.spawn(place(world, order))
    else:
        world.scheduler.spawn(place(world, order, reply))


def _trouble(world: World, action: ReceivedAction) -> str:
    """Return why an action is refused at once; the empty text if it is not (main/manager.c, action_originate)."""
    channel, exten = action.get("Channel", ""), action.get("Exten", "")
    timeout = action.get("Timeout", "")
    if not channel:
        return "Channel not specified"
    if "/" not in channel:
        return "Invalid channel"
    if timeout and not timeout.lstrip("-").isdigit():
        return "Invalid timeout"
    context = action.get("Context", "default") or "default"
    if exten and not action.get("Application") and not dialplan.exists(world, context, exten):
        return "Extension does not exist."
    uniqueid = action.get("ChannelId", "")
    if uniqueid and any(uniqueid == each.uniqueid for each in world.channels.values()):
        return "Uniqueid already exists"
    return ""


def _order(action: ReceivedAction) -> Order:
    number, name = _caller(action.get("CallerID", ""))
    priority = action.get("Priority", "1")
    pairs = [text.partition("=") for line in action.all("Variable") for text in _separate(line)]
    first = action.get("ChannelId", "")
    return Order(
        action["Channel"],
        int(action.get("Timeout", "30000") or 30000) / 1000,
        action.get("Application", ""),
        action.get("Data", ""),
        action.get("Context", "default") or "default",
        action.get("Exten", ""),
        int(priority) if priority.isdigit() else 1,
        number,
        name,
        action.get("Account", ""),
        flag(action.get("EarlyMedia", "")),
        tuple((name, value) for name, equals, value in pairs if equals),
        (first, action.get("OtherChannelId", "") or (f"{first};2" if first else "")),
        action.get("ActionID", ""),
    )


def _separate(line: str) -> list[str]:
    """Return the assignments of one Variable header, which commas separate outside of quotes."""
    return [part.strip() for part in line.split(",")] if '"' not in line else [line]


def _caller(text: str) -> tuple[str, str]:
    """Return the number and the name of ``"Name" <number>``."""
    name, bracket, number = text.partition("<")
    if bracket:
        return number.strip("> "), name.strip('" ')
    return (text, "") if text.strip("+ ").isdigit() else ("", text)


def place(world: World, order: Order, reply: Reply | None = None) -> Work[None]:
    """Call a destination and serve the channel afterwards."""
    attempt = Attempt(None, began=world.now)
    channel = technologies.request(world, order.destination, None, order.uniqueids)
    if isinstance(channel, int):
        _report(world, order, reply, None, _FAILED)
        return
    _furnish(world, order, channel)
    dialling.begin(world, attempt, channel, order.destination.partition("/")[2])
    try:
        in_time = yield from dialling.wait_for_one(world, attempt, order.timeout)
    except HungUp:
        in_time = True
    if attempt.answered is not channel:
        if not in_time:
            channel.cause = _NO_ANSWER if world.release in _TELLS_NO_ANSWER else 0
            channels.end(world, channel)
        reason = _REASONS.get(attempt.reasons[0], _FAILED) if attempt.reasons else _FAILED
        _report(world, order, reply, None, reason if in_time else _RINGING_ON)
        return
    dialling.ended(world, attempt, channel, "ANSWER")
    _report(world, order, reply, channel, _ANSWERED)
    channel.process = world.scheduler.spawn(_serve(world, order, channel))


def _furnish(world: World, order: Order, channel: Channel) -> None:
    """Give a channel what the order says of it."""
    if order.account:
        channel.account = order.account
    channel.application, channel.data = "AppDial2", "(Outgoing Line)"
    if order.number or order.name:
        channel.connected.number, channel.connected.name = order.number, order.name
        channel.caller.number, channel.caller.name = order.number, order.name
    channels.dialplan_moved(world, channel)
    for name, value in reversed(order.variables):
        channels.set_variable(world, channel, name.lstrip("_"), value)


def _serve(world: World, order: Order, channel: Channel) -> Work[None]:
    if order.application:
        return run_application(world, channel, order.application, order.data)
    channel.context, channel.exten, channel.priority = order.context, order.exten or "s", order.priority
    return run_dialplan(world, channel)


def _report(world: World, order: Order, reply: Reply | None, channel: Channel | None, reason: int) -> None:
    """Answer a synchronous Originate, or send the event of an asynchronous one."""
    if reply is not None:
        if channel is None:
            reply.error("Originate failed")
        else:
            reply.success("Originate successfully queued")
        return
    place_lines = (
        [("Application", order.application), ("Data", order.data)]
        if order.application
        else [("Context", order.context), ("Exten", order.exten)]
    )
    shown = channel.shown_variables if channel else ()
    world.emit(
        "OriginateResponse",
        [("ActionID", order.action_id)] if order.action_id else [],
        [
            ("Response", "Success" if channel else "Failure"),
            ("Channel", channel.name if channel else order.destination),
        ],
        place_lines,
        [
            ("Reason", str(reason)),
            ("Uniqueid", channel.uniqueid if channel else UNKNOWN),
            ("CallerIDNum", order.number or UNKNOWN),
            ("CallerIDName", order.name or UNKNOWN),
        ],
        [
            (f"ChanVariable({channel.name})", f"{name}={channel.variables.get(name, '')}")
            for name in shown
            if channel is not None
        ],
    )
