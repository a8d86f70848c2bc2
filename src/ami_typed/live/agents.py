"""Agents of the agent pool (agents.conf).

Rules of this module:

- `Agents` lists them all; `AgentLogin` and `AgentLogoff` report who logs in and out.
- No event reports that an agent is on a call. It is while its channel is in a bridge with another channel, other than
  a holding bridge, in which it waits or is parked; the list decides in the same way (apps/app_agent_pool.c,
  action_agents, by BRIDGEPEER, which main/bridge.c sets).
- Members of queues that are called by way of an agent are members, not agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ami_typed import actions, enums, events
from ami_typed.live.changes import Change, frozen_change
from ami_typed.live.differences import Difference, differing, existing
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals, Table, Teller, Watched, keyed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from ami_typed.messages import Event, Request

    Moved: TypeAlias = events.BridgeEnter | events.BridgeLeave

__all__ = [
    "Agent",
    "AgentAdded",
    "AgentBecameIdle",
    "AgentChange",
    "AgentLoggedIn",
    "AgentLoggedOff",
    "AgentRemoved",
    "AgentTookCall",
    "Agents",
]

_WAITING = enums.BridgeTechnology.HOLDING
_IDLE, _ON_CALL, _OFF = enums.AgentState.IDLE, enums.AgentState.ON_CALL, enums.AgentState.LOGGED_OFF


class Agent(Watched):
    """An agent.

    Attributes:
        id: Its identifier in agents.conf.
        name: Its name; empty if none is set or known.
        status: Its state: logged off, idle or on a call.
        channel: The channel of its phone while it is logged in, else `None`.
        uniqueid: The Uniqueid of that channel, else `None`.
        logged_in_at: When it logged in; `None` if it is not logged in.
        talking_to: The channel that it talks to during a call, else `None`.
        on_call_since: When that call began, else `None`.
    """

    __slots__ = (
        "channel", "id", "logged_in_at", "name", "on_call_since", "room", "status", "talking_to", "uniqueid",
    )  # fmt: skip

    def __init__(self, identifier: str) -> None:
        super().__init__()
        self.id = identifier
        self.name = ""
        self.status: enums.AgentState | str = _OFF
        self.channel: str | None = None
        self.uniqueid: str | None = None
        self.logged_in_at: datetime | None = None
        self.talking_to: str | None = None
        self.on_call_since: datetime | None = None
        self.room: str | None = None

    def __repr__(self) -> str:
        return f"<Agent {self.id}: {self.status}>"

    @property
    def logged_in(self) -> bool:
        """Whether it is logged in."""
        return self.channel is not None


@frozen_change
class AgentChange(Change):
    """A change to an agent."""

    agent: Agent


@frozen_change
class AgentAdded(AgentChange):
    """An agent was added to the configuration, or first seen."""


@frozen_change
class AgentRemoved(AgentChange):
    """An agent was removed from the configuration."""


@frozen_change
class AgentLoggedIn(AgentChange):
    """An agent logged in."""


@frozen_change
class AgentLoggedOff(AgentChange):
    """An agent logged off."""


@frozen_change
class AgentTookCall(AgentChange):
    """An agent was connected to a caller."""

    talking_to: str | None
    """The caller's channel."""


@frozen_change
class AgentBecameIdle(AgentChange):
    """An agent's call ended."""


class Agents(Table[Agent], Kind[Sequence[events.Agents]]):
    """The agents, by identifier."""

    name: ClassVar[str] = "agents"

    def __init__(self) -> None:
        super().__init__()
        self._by_channel: dict[str, Agent] = {}
        self._rooms: dict[str, dict[str, str]] = {}
        """The channels in each bridge but holding bridges: names by Uniqueid."""
        self._moved: dict[str, str | None] = {}
        """Where channels went while lists were read, by Uniqueid: an agent may become known by the list only."""

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        return {
            events.AgentLogin: self._logs_in,
            events.AgentLogoff: self._logs_off,
            events.BridgeEnter: self._enters,
            events.BridgeLeave: self._leaves,
            events.BridgeDestroy: self._destroyed,
        }

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        return (actions.Agents,)

    def read(self, refusals: Refusals) -> Reading[Sequence[events.Agents]]:
        """Read all agents."""
        answer = yield from refusals.required(actions.Agents())
        return answer.agents if answer is not None else []

    def join(self, picture: Teller, lists: Sequence[events.Agents]) -> Collection[str]:
        """Merge the list with the events since its reading began."""
        listed = self._watched(lists)
        self.merge(picture, listed, self._list, self._remove)
        self._moved.clear()
        for name, item in listed.items():
            if name in self:
                self[name].name = item.name
        return ()

    def compare(self, lists: Sequence[events.Agents]) -> Iterator[Difference]:
        """Compare the agents with a fresh list."""
        listed = self._watched(lists)
        yield from existing("agent", self.names, [*listed])
        for name in listed.keys() & set(self.names):
            mine, theirs = self[name], listed[name]
            facts = {"status": mine.status, "channel": mine.channel}
            yield from differing(f"agent {name}", facts, {"status": theirs.status, "channel": _channel(theirs)[1]})

    def lose(self) -> None:
        """Discard who is in which bridge."""
        self._rooms.clear()
        for agent in self:
            agent.room = None

    def _watched(self, lists: Sequence[events.Agents]) -> dict[str, events.Agents]:
        """Return the listed agents that are watched, by identifier."""
        return {name: each for name, each in keyed(lists, lambda each: each.agent).items() if self.wants(name)}

    # Logging in and out

    def _agent(self, picture: Teller, identifier: str) -> Agent:
        agent = self.get(identifier)
        if agent is None:
            agent = self.put(identifier, Agent(identifier))
            picture.tell(AgentAdded, agent=agent)
        return agent

    def _logs_in(self, picture: Teller, event: events.AgentLogin) -> None:
        if self.wants(event.agent):
            agent = self._agent(picture, event.agent)
            agent.touched = picture.reading
            self._log_in(picture, agent, event.uniqueid, event.channel)

    def _log_in(self, picture: Teller, agent: Agent, uniqueid: str | None, channel: str | None) -> None:
        if agent.uniqueid == uniqueid:
            agent.channel = channel
            return
        self._log_off(picture, agent)
        agent.uniqueid, agent.channel, agent.status = uniqueid, channel, _IDLE
        agent.logged_in_at = picture.now
        if uniqueid is not None:
            self._by_channel[uniqueid] = agent
            picture.tell(AgentLoggedIn, agent=agent)

    def _logs_off(self, picture: Teller, event: events.AgentLogoff) -> None:
        if self.wants(event.agent):
            agent = self._agent(picture, event.agent)
            agent.touched = picture.reading
            picture.unexpected += not (agent.logged_in or picture.loading)
            self._log_off(picture, agent)

    def _log_off(self, picture: Teller, agent: Agent) -> None:
        if agent.uniqueid is None:
            return
        self._by_channel.pop(agent.uniqueid, None)
        agent.uniqueid = agent.channel = agent.logged_in_at = None
        agent.room = agent.talking_to = agent.on_call_since = None
        agent.status = _OFF
        picture.tell(AgentLoggedOff, agent=agent)

    def _list(self, picture: Teller, identifier: str, item: events.Agents) -> None:
        agent = self._agent(picture, identifier)
        uniqueid, channel = _channel(item)
        if uniqueid is None:
            self._log_off(picture, agent)
            return
        self._log_in(picture, agent, uniqueid, channel)
        agent.logged_in_at = item.logged_in_time or agent.logged_in_at
        if uniqueid in self._moved:
            self._go(picture, agent, self._moved[uniqueid])
        elif item.status == _ON_CALL:
            self._take_call(picture, agent, item.talking_to_chan, item.call_started or picture.now)
        else:
            self._become_idle(picture, agent)

    def _remove(self, picture: Teller, identifier: str) -> None:
        agent = self.drop(picture, identifier)
        if agent is not None:
            self._log_off(picture, agent)
            picture.tell(AgentRemoved, agent=agent)

    # Calls

    def _enters(self, picture: Teller, event: events.BridgeEnter) -> None:
        bridge = None if event.bridge_technology == _WAITING else event.bridge_uniqueid
        if picture.loading:
            self._moved[event.uniqueid] = bridge
        room: dict[str, str] = {}
        if bridge is not None:
            room = self._rooms.setdefault(bridge, {})
            room[event.uniqueid] = event.channel
        agent = self._by_channel.get(event.uniqueid)
        if agent is not None:
            self._go(picture, agent, bridge)
        if bridge is not None and self._by_channel:
            self._look(picture, bridge, room)
        if agent is not None and bridge is not None and event.bridge_num_channels > len(room):
            self._take_call(picture, agent, agent.talking_to, picture.now)  # with one whose entering was not observed

    def _leaves(self, picture: Teller, event: events.BridgeLeave) -> None:
        room = self._rooms.get(event.bridge_uniqueid)
        if room is not None:
            room.pop(event.uniqueid, None)
            if not room:
                del self._rooms[event.bridge_uniqueid]
            self._look(picture, event.bridge_uniqueid, room)
        if event.bridge_technology == _WAITING:
            return
        if picture.loading:
            self._moved[event.uniqueid] = None
        agent = self._by_channel.get(event.uniqueid)
        if agent is not None and agent.room in (None, event.bridge_uniqueid):
            self._go(picture, agent, None)

    def _destroyed(self, picture: Teller, event: events.BridgeDestroy) -> None:  # noqa: ARG002 - as all reducers
        self._rooms.pop(event.bridge_uniqueid, None)

    def _look(self, picture: Teller, bridge: str, room: dict[str, str]) -> None:
        """Update the agents in a bridge: on a call if there is anybody else."""
        for uniqueid in room:
            agent = self._by_channel.get(uniqueid)
            if agent is not None and agent.room == bridge:
                agent.touched = picture.reading
                others = [channel for each, channel in room.items() if each != uniqueid]
                if others:
                    self._take_call(picture, agent, others[0], picture.now)
                else:
                    self._become_idle(picture, agent)

    def _go(self, picture: Teller, agent: Agent, bridge: str | None) -> None:
        """Put an agent in a bridge, or to wait."""
        agent.room = bridge
        agent.touched = picture.reading
        if bridge is None:
            self._become_idle(picture, agent)
        else:
            self._look(picture, bridge, self._rooms.get(bridge, {}))

    def _take_call(self, picture: Teller, agent: Agent, talking_to: str | None, since: datetime) -> None:
        agent.talking_to = talking_to
        if agent.status != _ON_CALL:
            agent.status, agent.on_call_since = _ON_CALL, since
            picture.tell(AgentTookCall, agent=agent, talking_to=talking_to)

    def _become_idle(self, picture: Teller, agent: Agent) -> None:
        agent.talking_to = agent.on_call_since = None
        if agent.status == _ON_CALL:
            agent.status = _IDLE
            picture.tell(AgentBecameIdle, agent=agent)


def _channel(item: events.Agents) -> tuple[str | None, str | None]:
    """Return the Uniqueid and name of a listed agent's channel, `None` if it is not logged in."""
    snapshot = item.snapshot
    return (snapshot.uniqueid, snapshot.channel) if snapshot is not None else (None, None)
