"""Scripted calls: what a test says that a call does, step by step, on the clock."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ami_typed.quantities import seconds
from ami_typed.testing.telephony import holding, phones
from ami_typed.testing.telephony.control import press
from ami_typed.testing.telephony.objects import UP, Channel
from ami_typed.testing.telephony.phones import PhoneCalls, Phones, Planned
from ami_typed.testing.telephony.processes import Signal, Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from ami_typed.quantities import Seconds
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

__all__ = ["Call"]


class Call:
    """A call that has been placed, and what is going to happen in it.

    Each step begins when the one before is over: ``call.answered_by("PJSIP/alice", after=3).hangs_up(after=20)`` hangs
    up 20 seconds after Alice has answered. Steps of a call that is over are left out. Methods may be called from any
    thread.

    Attributes:
        channel: The name of the caller's channel.
        uniqueid: Its identifier, which is the Linkedid of the call.
    """

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self._caller = channel
        self._steps: deque[Callable[[], Work[None]]] = deque()
        self._more = Signal()
        self.channel, self.uniqueid = channel.name, channel.uniqueid
        world.scheduler.spawn(self._play())

    @property
    def is_over(self) -> bool:
        """Whether the caller has hung up or has been hung up."""
        return self._caller.gone

    @property
    def is_answered(self) -> bool:
        """Whether the caller has been answered, by a person or by the dialplan."""
        return self._caller.has_been_answered is not None

    @property
    def talks_to(self) -> list[str]:
        """The names of the channels in the same bridge."""
        bridge = self._caller.bridge
        return [] if bridge is None else [channel.name for channel in bridge.channels if channel is not self._caller]

    def answered_by(self, phone: str, *, after: Seconds = 0.0) -> Self:
        """Let a telephone answer the call, whatever it does with others.

        Args:
            phone: The telephone, such as ``PJSIP/alice``.
            after: How long it rings before, in seconds.

        Raises:
            ValueError: There is no such telephone, or the time is negative.
        """
        delay = seconds(after, "answered_by(after=)")
        name = self._plan(phone)
        return self._then(lambda: self._answer(name, delay))

    def rejected_by(self, phone: str, *, after: Seconds = 0.0, cause: int = 21) -> Self:
        """Let a telephone decline the call.

        Args:
            phone: The telephone, such as ``PJSIP/alice``.
            after: How long it rings before, in seconds.
            cause: The cause: 21 for rejected, 17 for busy.

        Raises:
            ValueError: There is no such telephone, or the time is negative.
        """
        delay = seconds(after, "rejected_by(after=)")
        name = self._plan(phone)
        return self._then(lambda: self._reject(name, delay, cause))

    def hangs_up(self, *, after: Seconds = 0.0, by: str = "", cause: int = 16) -> Self:
        """Let the caller hang up, or another party.

        Args:
            after: How long to wait, in seconds.
            by: The telephone that hangs up; the caller by default.
            cause: The cause (Q.850).

        Raises:
            ValueError: The time is negative.
        """
        delay = seconds(after, "hangs_up(after=)")
        return self._then(lambda: self._act(delay, by, lambda each: phones.hang_up(self._world, each, cause)))

    def holds(self, *, after: Seconds = 0.0, by: str = "") -> Self:
        """Let the caller, or another party, put the other one on hold.

        Args:
            after: How long to wait, in seconds.
            by: The telephone that holds the call; the caller by default.
        """
        delay = seconds(after, "holds(after=)")
        return self._then(lambda: self._act(delay, by, lambda each: holding.hold(self._world, each)))

    def resumes(self, *, after: Seconds = 0.0, by: str = "") -> Self:
        """Let who has put the other party on hold take the call back.

        Args:
            after: How long to wait, in seconds.
            by: The telephone that has held the call; the caller by default.
        """
        delay = seconds(after, "resumes(after=)")
        return self._then(lambda: self._act(delay, by, lambda each: holding.resume(self._world, each)))

    def presses(self, digits: str, *, after: Seconds = 0.0, by: str = "") -> Self:
        """Let the caller, or another party, press keys.

        Args:
            digits: The keys: digits, ``*``, ``#``, A to D.
            after: How long to wait, in seconds.
            by: The telephone; the caller by default.
        """
        delay = seconds(after, "presses(after=)")
        return self._then(lambda: self._press(delay, by, digits))

    # How the steps are carried out

    def _then(self, step: Callable[[], Work[None]]) -> Self:
        def add() -> None:
            self._steps.append(step)
            self._more.notify()
            self._world.scheduler.settle()

        self._world.scheduler.clock.run(add)
        return self

    def _plan(self, phone: str) -> str:
        """Return the full name of a telephone that does with this call what the script says."""
        found = self._world.part(Phones).known.get(phone.lower())
        if found is None:
            raise ValueError(f"There is no telephone {phone!r}; add it with phone({phone!r}) first.")
        self._world.part(Planned).calls.add((self._caller.linkedid, found.name))
        return found.name

    def _play(self) -> Work[None]:
        while not self._caller.gone:
            if self._steps:
                yield from self._steps.popleft()()
            else:
                yield Wait(None, (self._more, self._caller.signal))

    def _leg(self, phone: str) -> Channel | None:
        """Return the channel of a telephone in this call."""
        return next(
            (
                channel
                for channel in self._world.channels.values()
                if channel.linkedid == self._caller.linkedid
                and channel is not self._caller
                and isinstance(channel.tech, PhoneCalls)
                and channel.tech.phone.name == phone
            ),
            None,
        )

    def _ringing(self, phone: str) -> Work[Channel | None]:
        """Wait until a telephone rings; return nothing if the call is over before."""
        signal = self._world.part(Planned).rings
        while not self._caller.gone:
            leg = self._leg(phone)
            if leg is not None and leg.state != UP:
                return leg
            yield Wait(None, (signal, self._caller.signal))
        return None

    def _answer(self, phone: str, delay: float) -> Work[None]:
        leg = yield from self._ringing(phone)
        yield Wait(delay)
        while leg is not None and leg.gone and not self._caller.gone:
            leg = yield from self._ringing(phone)
        if leg is not None and isinstance(leg.tech, PhoneCalls):
            leg.tech.pick_up(leg)
            while leg.state != UP and not leg.gone:
                yield Wait(None, (leg.signal,))

    def _reject(self, phone: str, delay: float, cause: int) -> Work[None]:
        leg = yield from self._ringing(phone)
        yield Wait(delay)
        if leg is not None and not leg.gone and isinstance(leg.tech, PhoneCalls):
            leg.tech.refuse(leg, cause)

    def _act(self, delay: float, by: str, act: Callable[[Channel], object]) -> Work[None]:
        yield Wait(delay)
        channel = self._leg(by) if by else self._caller
        if channel is not None and not channel.gone:
            act(channel)

    def _press(self, delay: float, by: str, digits: str) -> Work[None]:
        yield Wait(delay)
        channel = self._leg(by) if by else self._caller
        for digit in digits:
            if channel is not None and not channel.gone:
                yield from press(self._world, channel, digit, "Received")
