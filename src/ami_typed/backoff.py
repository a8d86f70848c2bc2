"""Backoff: the pauses between attempts to connect.

Rules of this module:

- Pauses grow up to a ceiling and are jittered, so that many programs do not reconnect at the same moment.
- They keep growing across lost connections, until a connection has lasted as long as the longest pause: a server that
  accepts and then immediately drops connections is not flooded with attempts.
- No clock and no waiting here: the shells wait.
- At the start, only failures that may be temporary are retried: not a refused log-in, an invalid certificate, or a
  server that is not Asterisk.
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
    """Policy for reconnecting after a lost connection: ``Manager(reconnect=Reconnect())``.

    With ``at_start=True``, the policy also applies to the first connection: `Manager.connect`, and entering the
    manager, keep trying until the server is available. They fail immediately if retrying is pointless: the log-in is
    refused, the certificate does not verify, or the greeting is not Asterisk's.

    Attributes:
        first: The pause before the first attempt, in seconds.
        factor: The factor by which each pause is longer than the one before.
        ceiling: The longest pause, in seconds. After a connection that lasted at least this long, pauses start again
            from ``first``.
        jitter: The random part of each pause, from 0 to 1.
        attempts: Maximum number of attempts after each lost connection and, at the start, after the first attempt;
            `None` for no limit.
        at_start: Whether `Manager.connect` also keeps trying.
        give_up_after: Maximum time for attempts after each lost connection and at the start, in seconds; `None` for no
            limit.
    """

    first: Seconds = 0.5
    factor: float = 2.0
    ceiling: Seconds = 30.0
    jitter: float = 0.5
    attempts: int | None = None
    at_start: bool = False
    give_up_after: Seconds | None = None

    def pauses(self) -> Pauses:
        """Return the pauses for one manager, in their initial state.

        Raises:
            TypeError: An attribute has the wrong type.
            ValueError: An attribute is out of range.
        """
        return Pauses(self)


class Pauses:
    """The pauses of one manager.

    Args:
        plan: The policy.

    Raises:
        TypeError: An attribute of the policy has the wrong type.
        ValueError: An attribute of the policy is out of range.
    """

    def __init__(self, plan: Reconnect) -> None:
        self._first = self._next = seconds(plan.first, "Reconnect.first")
        self._factor = real(plan.factor, "Reconnect.factor", least=1)
        self._ceiling = seconds(plan.ceiling, "Reconnect.ceiling")
        self._jitter = real(plan.jitter, "Reconnect.jitter", least=0, most=1)
        self._attempts = None if plan.attempts is None else count(plan.attempts, "Reconnect.attempts", least=0)
        self._limit = seconds_or_none(plan.give_up_after, "Reconnect.give_up_after")

    def after(self, lasted: float, elapsed: Callable[[], float]) -> Iterator[float]:
        """Yield the pause before each attempt after a lost connection, in seconds.

        Args:
            lasted: How long the lost connection lasted, in seconds.
            elapsed: Returns the time since the connection was lost, in seconds.
        """
        import random  # imported lazily: only needed after a lost connection

        if lasted >= self._ceiling:
            self._next = self._first
        for _ in itertools.count() if self._attempts is None else range(self._attempts):
            left = float("inf") if self._limit is None else self._limit - elapsed()
            if left <= 0:
                return
            pause = min(self._next, self._ceiling)
            self._next = min(pause * self._factor, self._ceiling)
            yield min(pause * (1 - self._jitter * random.random()), left)  # noqa: S311 - not used for security


def checked(plan: object) -> Reconnect | None:
    """Validate a policy and return it.

    Raises:
        TypeError: The argument is not a `Reconnect`, or an attribute has the wrong type; a bool as the first pause was
            probably meant for `Reconnect.at_start`.
        ValueError: An attribute is out of range.
    """
    if plan is None:
        return None
    if not isinstance(plan, Reconnect):
        raise TypeError(f"reconnect {wrong('a Reconnect', plan)}.")
    if isinstance(plan.first, bool):
        raise TypeError(
            "Reconnect.first is the pause before the first attempt, in seconds; Reconnect(at_start=True) makes "
            "connect() retry until the first connection is established."
        )
    plan.pauses()
    return plan


def may_pass(error: Exception) -> bool:
    """Return whether a later attempt to connect may succeed although nothing has been changed."""
    return isinstance(error, StillBooting) or (isinstance(error, ConnectFailed) and not error.permanent)
