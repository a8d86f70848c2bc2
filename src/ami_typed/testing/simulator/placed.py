"""The telephony behind a simulator, as a test reaches it from its own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ami_typed.releases import Release
    from ami_typed.testing.clocks import Clock
    from ami_typed.testing.seam import Emit, Telephony

__all__ = ["Placed", "simulated"]


def simulated(release: Release, clock: Clock, emit: Emit) -> Telephony:
    """Create the simulated telephone system, whose modules are imported when it is needed."""
    from ami_typed.testing.telephony import SimulatedPbx

    return SimulatedPbx(release, clock, emit)


class Placed:
    """Runs each method of an object where the simulator's callbacks run.

    Args:
        target: The object.
        clock: The simulator's clock.
    """

    def __init__(self, target: object, clock: Clock) -> None:
        self._target = target
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        """Return an attribute; a method in the form that runs there."""
        found = getattr(self._target, name)
        if not callable(found):
            return found

        def placed(*arguments: Any, **keywords: Any) -> Any:
            return self._clock.run(lambda: found(*arguments, **keywords))

        return placed

    def __dir__(self) -> list[str]:
        """Return the attributes of the object."""
        return dir(self._target)
