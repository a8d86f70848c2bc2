"""The whole of a simulated telephone system: its clock, its channels and bridges, and what is sent about them.

Rules of this module:

- Other modules keep their own state in a part, found by its class (`World.part`).
- An event is sent with those of its headers that the simulated release sends, and not at all if the release lacks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ami_typed.testing.telephony.headers import lines_for, sent_by
from ami_typed.testing.telephony.objects import Bridge, Channel, Redirected
from ami_typed.testing.telephony.processes import Scheduler

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.releases import Release
    from ami_typed.testing.clocks import Clock
    from ami_typed.testing.seam import Emit
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.objects import Technology

__all__ = ["World"]

P = TypeVar("P")


class World:
    """The state that all modules share.

    Args:
        release: The release that is simulated.
        clock: Tells the time and runs what happens later.
        emit: Sends an event.
    """

    def __init__(self, release: Release, clock: Clock, emit: Emit) -> None:
        self.release = release
        self.scheduler = Scheduler(clock)
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.globals: dict[str, str] = {}
        self.channelvars: tuple[str, ...] = ()
        self._emit = emit
        self._parts: dict[type[object], object] = {}
        self._numbers: dict[str, int] = {}

    @property
    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self.scheduler.clock.now

    def part(self, kind: type[P]) -> P:
        """Return the state of another module, made when it is first asked for."""
        found = self._parts.get(kind)
        if not isinstance(found, kind):
            found = self._parts[kind] = kind()
        return found

    def emit(self, event: str, *lines: Iterable[tuple[str, str]]) -> None:
        """Send an event with the given groups of headers."""
        if sent_by(self.release, event):
            self._emit(self.event(event, *lines))

    def event(self, event: str, *lines: Iterable[tuple[str, str]]) -> tuple[str, Lines]:
        """Return an event with those of the given headers that the release sends in it."""
        return event, lines_for(self.release, event, (line for group in lines for line in group))

    def number(self, of: str) -> int:
        """Return the next number of a kind, counted from 0."""
        self._numbers[of] = self._numbers.get(of, -1) + 1
        return self._numbers[of]

    def uniqueid(self) -> str:
        """Return a new identifier of a channel: the time and a number."""
        return f"{int(self.now)}.{self.number('channel')}"

    def bridge_id(self) -> str:
        """Return a new identifier of a bridge, in the form of a UUID."""
        return f"00000000-0000-4000-8000-{self.number('bridge'):012x}"

    def new_channel(self, name: str, tech: Technology, linkedid: str = "", uniqueid: str = "") -> Channel:
        """Create a channel, without an event."""
        uniqueid = uniqueid or self.uniqueid()
        channel = Channel(name, uniqueid, linkedid or uniqueid, tech, created=self.now)
        channel.shown_variables = self.channelvars
        self.channels[name] = channel
        return channel

    def find(self, name: str) -> Channel | None:
        """Return the channel with a name or a Uniqueid."""
        found = self.channels.get(name)
        if found is not None:
            return found
        folded = name.lower()
        return next((c for c in self.channels.values() if folded in (c.name.lower(), c.uniqueid)), None)

    def redirect(self, channel: Channel, context: str, exten: str, priority: int) -> None:
        """Make a channel go on elsewhere in the dialplan."""
        channel.context, channel.exten, channel.priority = context, exten, priority
        if channel.process is not None:
            channel.process.interrupt(Redirected())
