"""A small call-centre program: a wallboard, breaks of agents, and calls back to customers.

Its tests in `tests/` run without a telephone system: `python -m pytest examples/callcentre`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions, enums, events

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass
class Wallboard:
    """What the screen in the call centre shows about one queue.

    Attributes:
        queue: The queue's name.
        waiting: The callers who wait, with their numbers, by channel.
        answered: How many calls agents have ended.
        abandoned: How many callers gave up.
        talked: How long all answered calls took.
    """

    queue: str
    waiting: dict[str, str] = field(default_factory=dict[str, str])
    answered: int = 0
    abandoned: int = 0
    talked: timedelta = timedelta()

    def follow(self, messages: Iterable[ami.Event]) -> None:
        """Follow events until there are no more."""
        for event in messages:
            self.see(event)

    def see(self, event: ami.Event) -> None:
        """Follow one event."""
        match event:
            case events.QueueCallerJoin(queue=self.queue, channel=channel, caller_id_num=number):
                self.waiting[channel] = number or "anonymous"
            case events.QueueCallerLeave(queue=self.queue, channel=channel):
                self.waiting.pop(channel, None)
            case events.QueueCallerAbandon(queue=self.queue):
                self.abandoned += 1
            case events.AgentComplete(queue=self.queue, talk_time=talk_time):
                self.answered += 1
                self.talked += talk_time
            case _:
                pass

    @property
    def average(self) -> timedelta:
        """How long an answered call took on average."""
        return self.talked / self.answered if self.answered else timedelta()


class NobodyThere(Exception):
    """An agent did not answer the telephone."""


class Supervisor:
    """What a supervisor's buttons do.

    Args:
        manager: A manager that is logged in.
    """

    def __init__(self, manager: ami.Manager) -> None:
        self._manager = manager

    def send_on_break(self, agent: str, reason: str) -> None:
        """Pause an agent in all queues.

        Raises:
            LookupError: The agent is a member of no queue.
        """
        try:
            self._manager.execute(actions.QueuePause(interface=agent, paused=True, reason=reason))
        except ami.ActionFailed as error:
            raise LookupError(f"{agent} is in no queue") from error

    def busy_agents(self, queue: str) -> list[str]:
        """Return the names of a queue's agents who are in a call."""
        members = self._manager.execute(actions.QueueStatus(queue=queue)).members
        return [member.name for member in members if member.status is enums.QueueMemberStatus.INUSE]

    def call_back(self, agent: str, number: str) -> None:
        """Let an agent's telephone ring, then the customer's.

        Raises:
            NobodyThere: The agent does not answer.
        """
        call = actions.Originate(
            channel=agent,
            context="outgoing",
            exten=number,
            priority=1,
            call_timeout=timedelta(seconds=20),
            variable={"CUSTOMER": number},
            async_=True,
        )
        if self._manager.originate(call).response is not enums.OriginateResult.SUCCESS:
            raise NobodyThere(agent)
