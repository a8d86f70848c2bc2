"""The telephone system as the simulator and its users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import (
    control,
    dialling,
    dialplan,
    local_channels,
    originating,
    phones,
    variables,
)
from ami_typed.testing.telephony.handling import ACTIONS
from ami_typed.testing.telephony.objects import Party
from ami_typed.testing.telephony.phones import Phone, Reaction
from ami_typed.testing.telephony.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ami_typed.releases import Release
    from ami_typed.testing.clocks import Clock
    from ami_typed.testing.seam import Emit, Handler, ReceivedAction, Reply
    from ami_typed.testing.telephony.handling import Act

__all__ = ["SimulatedPbx"]

_MODULES = (control, dialling, dialplan, local_channels, originating, phones, variables)
"""Modules that add actions, applications and technologies when they are imported."""


class SimulatedPbx:
    """A telephone system without telephones.

    Args:
        release: The release that is simulated.
        clock: Tells the time and runs what happens later.
        emit: Sends an event.
    """

    def __init__(self, release: Release, clock: Clock, emit: Emit) -> None:
        self._world = World(release, clock, emit)

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handler of each action that is carried out, by the action's name in lower case."""
        return {name: self._handler(act) for name, act in ACTIONS.items()}

    def _handler(self, act: Act) -> Handler:
        def handle(action: ReceivedAction, reply: Reply) -> None:
            act(self._world, action, reply)
            self._world.scheduler.settle()

        return handle

    # What it consists of

    def dialplan(self, text: str) -> None:
        """Add extensions, in the form of extensions.conf.

        Raises:
            ValueError: A line is not understood.
        """
        dialplan.read(self._world, text)

    def channelvars(self, *names: str) -> None:
        """Set the variables that events of channels carry, as ``channelvars`` of manager.conf does."""
        self._world.channelvars = names

    def phone(
        self,
        name: str,
        *,
        answers: float | None = None,
        busy: bool = False,
        no_answer: bool = False,
        rejects: bool = False,
        unreachable: bool = False,
        number: str = "",
        caller_name: str = "",
        context: str = "default",
        calls: int | None = None,
    ) -> Phone:
        """Add a telephone, or change what it does. By default it is answered at once.

        Args:
            name: The endpoint with its technology: ``PJSIP/alice``.
            answers: The time it rings before it is answered, in seconds.
            busy: Whether it is busy.
            no_answer: Whether it rings until the caller gives up.
            rejects: Whether it declines calls.
            unreachable: Whether it is not registered.
            number: The number that it calls with.
            caller_name: The name that it calls with.
            context: The context of the dialplan in which its calls begin.
            calls: The number of calls it takes at once; further callers find it busy.

        Raises:
            ValueError: The name has no technology, or more than one reaction is given.
        """
        given = {
            Reaction.ANSWERS: answers is not None,
            Reaction.BUSY: busy,
            Reaction.NO_ANSWER: no_answer,
            Reaction.REJECTS: rejects,
            Reaction.UNREACHABLE: unreachable,
        }
        chosen = [reaction for reaction, is_given in given.items() if is_given]
        if "/" not in name:
            raise ValueError(f"phone() takes an endpoint with its technology, such as 'PJSIP/{name}', not {name!r}.")
        if len(chosen) > 1:
            raise ValueError(f"{name} cannot do both: choose one of {', '.join(each.value for each in chosen)}.")
        phone = Phone(name, chosen[0] if chosen else Reaction.ANSWERS, answers or 0.0, Party(number, caller_name))
        phone.context, phone.limit = context, calls
        return phones.add(self._world, phone)

    def call(self, *, caller: str, to: str) -> None:
        """Let a telephone call an extension.

        Raises:
            ValueError: There is no such telephone.
        """
        if caller.lower() not in self._world.part(phones.Phones).known:
            raise ValueError(f"There is no telephone {caller!r}; add it with phone({caller!r}).")
        phone = self._world.part(phones.Phones).known[caller.lower()]
        phones.call_from(self._world, phone, to)
        self._world.scheduler.settle()

    def phone_hangs_up(self, name: str, cause: int | None = 16) -> None:
        """Let a telephone end its calls, with a cause of Q.850 or without one."""
        for channel in list(self._world.channels.values()):
            if channel.name.startswith(name + "-"):
                phones.hang_up(self._world, channel, cause)
        self._world.scheduler.settle()
