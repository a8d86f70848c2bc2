"""When to try again: the pauses between attempts to connect.

Rules of this module:

- Pauses grow to a ceiling and are jittered, so that a hundred programs do not all come back in the same moment.
- They go on growing from loss to loss, until a connection has lasted as long as the longest pause: a server that lets
  in and drops at once is not hammered.
- No clock and no waiting here: the shells wait.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pauses", "Reconnect"]


class Reconnect(NamedTuple):
    """How a lost connection is made again: ``Manager(reconnect=Reconnect())``.

    Attributes:
        first: The pause before the first attempt, in seconds.
        factor: How much longer each pause is than the one before.
        ceiling: The longest pause, in seconds. A connection that has lasted as long as this counts as a good one, after
            which pauses begin with the first again.
        jitter: The part of a pause, from 0 to 1, that is left to chance.
        attempts: How many attempts are made after each loss; `None` goes on for ever.
    """

    first: float = 0.5
    factor: float = 2.0
    ceiling: float = 30.0
    jitter: float = 0.5
    attempts: int | None = None

    def pauses(self) -> Pauses:
        """Return the pauses of one manager, as they are before its first loss."""
        return Pauses(self)


class Pauses:
    """The pauses of one manager.

    Args:
        plan: How they grow.
    """

    def __init__(self, plan: Reconnect) -> None:
        self._plan = plan
        self._next = plan.first

    def after(self, lasted: float) -> Iterator[float]:
        """Yield the pause before each attempt, in seconds, after a loss.

        Args:
            lasted: How long the lost connection stood, in seconds.
        """
        import random  # a program that loses no connection needs none

        first, factor, ceiling, jitter, attempts = self._plan
        if lasted >= ceiling:
            self._next = first
        for _ in itertools.count() if attempts is None else range(attempts):
            pause = min(self._next, ceiling)
            self._next = min(pause * factor, ceiling)
            yield pause * (1 - jitter * random.random())  # noqa: S311 - no secret hangs on it
