"""When to try again: the pauses between attempts to connect.

Rules of this module:

- Pauses grow to a ceiling and are jittered, so that a hundred programs do not all come back in the same moment.
- No clock and no waiting here: the shells wait.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Reconnect"]


class Reconnect(NamedTuple):
    """How a lost connection is made again: ``Manager(reconnect=Reconnect())``.

    Attributes:
        first: The pause before the first attempt, in seconds.
        factor: How much longer each pause is than the one before.
        ceiling: The longest pause, in seconds.
        jitter: The part of a pause, from 0 to 1, that is left to chance.
        attempts: How many attempts are made; `None` goes on for ever.
    """

    first: float = 0.5
    factor: float = 2.0
    ceiling: float = 30.0
    jitter: float = 0.5
    attempts: int | None = None

    def pauses(self) -> Iterator[float]:
        """Yield the pause before each attempt, in seconds."""
        pause = self.first
        made = 0
        while self.attempts is None or made < self.attempts:
            yield min(pause, self.ceiling) * (1 - self.jitter * random.random())  # noqa: S311 - no secret hangs on it
            pause = min(pause * self.factor, self.ceiling)
            made += 1
