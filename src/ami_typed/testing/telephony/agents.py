"""Agents of app_agent_pool: they log in with AgentLogin, wait in a bridge and are connected with callers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ami_typed.testing.telephony import bridges, channels, states
from ami_typed.testing.telephony.applications import application, music_starts, music_stops
from ami_typed.testing.telephony.handling import answers, flag
from ami_typed.testing.telephony.headers import channel_lines
from ami_typed.testing.telephony.objects import Bridge, Channel, HungUp, Kicked
from ami_typed.testing.telephony.processes import Afterwards, Wait

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

__all__ = ["Agent", "Agents"]

_PROBATION = 5.0
"""How long an agent who has logged in is watched before calls come, in seconds."""
_EXPLICIT = "32"
"""What SoftHangupRequest carries when an agent is logged off: AST_SOFTHANGUP_EXPLICIT, no cause."""


@dataclass(eq=False)
class Agent:
    """An agent.

    Attributes:
        channel: The channel of an agent who is logged in.
        caller: The channel that the agent talks to.
    """

    number: str
    name: str = ""
    channel: Channel | None = None
    caller: Channel | None = None
    next: Bridge | None = None
    since: float = 0.0
    talks_since: float = 0.0

    @property
    def status(self) -> str:
        """The state as a word of the list of agents."""
        if self.channel is None:
            return "AGENT_LOGGEDOFF"
        return "AGENT_ONCALL" if self.caller is not None else "AGENT_IDLE"


class Agents:
    """The agents by number, and the bridge in which they wait."""

    def __init__(self) -> None:
        self.known: dict[str, Agent] = {}
        self.pool: Bridge | None = None


@states.provides_states("agent")
def _state(world: World, device: str) -> str:
    """Return an agent's state, as a device: ``Agent:1001``."""
    agent = world.part(Agents).known.get(device.partition(":")[2])
    if agent is None:
        return "INVALID"
    if agent.channel is None or (agent.caller is None and world.now < agent.since + _PROBATION):
        return "UNAVAILABLE"
    return "INUSE" if agent.caller is not None else "NOT_INUSE"


def _changed(world: World, agent: Agent) -> None:
    states.changed(world, f"Agent:{agent.number}")


@application("AgentLogin")
def _log_in(world: World, channel: Channel, data: str) -> Work[None]:
    agent = world.part(Agents).known.get(data.partition(",")[0])
    if agent is None or agent.channel is not None:
        status = "INVALID" if agent is None else "ALREADY_LOGGED_IN"
        channels.set_variable(world, channel, "AGENT_STATUS", status)
        return
    channels.answer(world, channel)
    agent.channel, agent.since = channel, world.now
    world.emit("AgentLogin", channel_lines(channel), [("Agent", agent.number)])
    world.scheduler.later(_PROBATION, lambda: _changed(world, agent))
    with Afterwards(lambda: _log_off(world, agent)):
        while True:
            yield from _wait_in_pool(world, agent, channel)


def _wait_in_pool(world: World, agent: Agent, channel: Channel) -> Work[None]:
    """Wait until a caller asks for the agent, then talk."""
    part = world.part(Agents)
    if part.pool is None:
        settings = {"type": "agent_hold", "technology": "holding_bridge", "creator": "AgentPool"}
        part.pool = bridges.create(world, **settings, dissolves=False)
    pool = part.pool
    bridges.enter(world, pool, channel)
    music_starts(world, channel)
    with Afterwards(lambda: _leave_pool(world, pool, channel)):
        try:
            while agent.next is None:
                yield Wait(None)
        except Kicked:
            pass
    if agent.next is not None:
        bridge, agent.next = agent.next, None
        yield from bridges.stay(world, bridge, channel)
        agent.caller = None
        channel.cause = 0
        _changed(world, agent)


def _leave_pool(world: World, pool: Bridge, channel: Channel) -> None:
    music_stops(world, channel)
    bridges.leave(world, channel, pool)


def _log_off(world: World, agent: Agent) -> None:
    channel, agent.channel, agent.caller = agent.channel, None, None
    if channel is not None:
        lines = [("Agent", agent.number), ("Logintime", str(int(world.now - agent.since)))]
        world.emit("AgentLogoff", channel_lines(channel), lines)
        _changed(world, agent)


@application("AgentRequest")
def _request(world: World, channel: Channel, data: str) -> Work[None]:
    agent = world.part(Agents).known.get(data.partition(",")[0])
    status = (
        "INVALID" if agent is None else {"AGENT_LOGGEDOFF": "NOT_LOGGED_IN", "AGENT_ONCALL": "BUSY"}.get(agent.status)
    )
    if agent is None or status is not None or agent.channel is None or agent.channel.process is None:
        channels.set_variable(world, channel, "AGENT_STATUS", status or "ERROR")
        return
    agent.caller, agent.talks_since = channel, world.now
    bridge = bridges.create(world)
    agent.next = bridge
    channels.answer(world, channel)
    _changed(world, agent)
    agent.channel.process.interrupt(Kicked())
    yield Wait(0)
    try:
        yield from bridges.stay(world, bridge, channel)
    except HungUp:
        agent.caller = None
        raise


@answers("Agents")
def _agents(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    items = [world.event("Agents", _listed(agent)) for agent in world.part(Agents).known.values()]
    reply.list(items, "AgentsComplete", "Agents will follow")


def _listed(agent: Agent) -> Lines:
    lines: Lines = [("Agent", agent.number), ("Name", agent.name), ("Status", agent.status)]
    if agent.channel is None:
        return lines
    if agent.caller is not None:
        lines += [("TalkingToChan", agent.caller.name), ("CallStarted", str(int(agent.talks_since)))]
    return [*lines, ("LoggedInTime", str(int(agent.since))), *channel_lines(agent.channel)]


@answers("AgentLogoff")
def _agent_logoff(world: World, action: ReceivedAction, reply: Reply) -> None:
    number = action.get("Agent", "")
    agent = world.part(Agents).known.get(number)
    if not number:
        reply.error("No agent specified")
    elif agent is None:
        reply.error("No such agent")
    else:
        reply.success("Agent logged out")
        if agent.channel is not None and (agent.caller is None or not flag(action.get("Soft", ""))):
            world.emit("SoftHangupRequest", channel_lines(agent.channel), [("Cause", _EXPLICIT)])
            agent.channel.cause = 16
            channels.stop(agent.channel)
