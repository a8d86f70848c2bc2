"""When to try again: the pauses between attempts to connect.

Rules of this module:

- Pauses grow to a ceiling and are jittered, so that a hundred programs do not all come back in the same moment.
- They go on growing from loss to loss, until a connection has lasted as long as the longest pause: a server that lets
  in and drops at once is not hammered.
- No clock and no waiting here: the shells wait.
- At the start only what may pass is tried again: not a refused log-in, a certificate, or a server that is no Asterisk.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ami_typed._lazy import NamedTuple
from ami_typed.arguments import wrong
from ami_typed.errors import ConnectFailed, StillBooting
from ami_typed.quantities import count, real, seconds, seconds_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ami_typed.quantities import Seconds

__all__ = ["Pauses", "Reconnect", "checked", "may_pass"]


class Reconnect(NamedTuple):
    """How a lost connection is made again: ``Manager(reconnect=Reconnect())``.

    With ``at_start=True`` the first connection is covered too: `Manager.connect`, and entering the manager, keep trying
    until the server is there. They fail at once where trying again is pointless: the log-in is refused, the
    certificate does not verify, or what greets is not Asterisk.

    Attributes:
        first: The pause before the first attempt, in seconds.
        factor: How much longer each pause is than the one before.
        ceiling: The longest pause, in seconds. A connection that has lasted as long as this counts as a good one, after
            which pauses begin with the first again.
        jitter: The part of a pause, from 0 to 1, that is left to chance.
        attempts: How many attempts are made after each loss, and after the first one at the start; `None` goes on for
            ever.
        at_start: Whether `Manager.connect` keeps trying as well.
        give_up_after: How long attempts are made after each loss and at the start, in seconds; `None` goes on for ever.
    """

    first: Seconds = 0.5
    factor: float = 2.0
    ceiling: Seconds = 30.0
    jitter: float = 0.5
    attempts: int | None = None
    at_start: bool = False
    give_up_after: Seconds | None = None

    def pauses(self) -> Pauses:
        """Return the pauses of one manager, as they are before its first loss.

        Raises:
            TypeError: One of the attributes is of a wrong type.
            ValueError: One is out of range.
        """
        return Pauses(self)


class Pauses:
    """The pauses of one manager.

    Args:
        plan: How they grow.

    Raises:
        TypeError: An attribute of the plan is of a wrong type.
        ValueError: One is out of range.
    """

    def __init__(self, plan: Reconnect) -> None:
        self._first = self._next = seconds(plan.first, "Reconnect.first")
        self._factor = real(plan.factor, "Reconnect.factor", least=1)
        self._ceiling = seconds(plan.ceiling, "Reconnect.ceiling")
        self._jitter = real(plan.jitter, "Reconnect.jitter", least=0, most=1)
        self._attempts = None if plan.attempts is None else count(plan.attempts, "Reconnect.attempts", least=0)
        self._limit = seconds_or_none(plan.give_up_after, "Reconnect.give_up_after")

    def after(self, lasted: float, elapsed: Callable[[], float]) -> Iterator[float]:
        """Yield the pause before each attempt, in seconds, after a loss.

        Args:
            lasted: How long the lost connection stood, in seconds.
            elapsed: Returns the time since the loss, in seconds.
        """
        import random  # a program that loses no connection needs none

        if lasted >= self._ceiling:
            self._next = self._first
        for _ in itertools.count() if self._attempts is None else range(self._attempts):
            left = float("inf") if self._limit is None else self._limit - elapsed()
            if left <= 0:
                return
            pause = min(self._next, self._ceiling)
            self._next = min(pause * self._factor, self._ceiling)
            yield min(pause * (1 - self._jitter * random.random()), left)  # noqa: S311 - no secret hangs on it


def checked(plan: object) -> Reconnect | None:
    """Return a plan whose attributes make sense.

    Raises:
        TypeError: It is no `Reconnect`, or an attribute of it is of a wrong type: its first pause may be `True` or
            `False`, which is meant for `Reconnect.at_start`.
        ValueError: An attribute is out of range.
    """
    if plan is None:
        return None
    if not isinstance(plan, Reconnect):
        raise TypeError(f"reconnect {wrong('a Reconnect', plan)}.")
    if isinstance(plan.first, bool):
        raise TypeError(
            "Reconnect.first is the pause before the first attempt, in seconds; Reconnect(at_start=True) makes "
            "connect() keep trying until the first connection stands."
        )
    plan.pauses()
    return plan


def may_pass(error: Exception) -> bool:
    """Return whether a failed attempt to connect may succeed later without anybody changing anything."""
    return isinstance(error, StillBooting) or (isinstance(error, ConnectFailed) and not error.permanent)
