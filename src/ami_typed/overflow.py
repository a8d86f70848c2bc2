"""The policies for full queues, chosen by the program for its callbacks and for each stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ami_typed._lazy import NamedTuple
from ami_typed.arguments import wrong
from ami_typed.quantities import seconds as in_seconds

if TYPE_CHECKING:
    from ami_typed.quantities import Seconds

__all__ = ["Overflow", "checked"]


class _Parts(NamedTuple):
    drops: Literal["oldest", "newest"]
    disconnects: bool = False
    seconds: float = 0.0


class Overflow(_Parts):
    """The policy for callbacks or stream readers that cannot keep up: ``Manager(overflow=Overflow.DROP_NEWEST)``.

    Under every policy, answers are never dropped or delayed. Dropped events are counted and reported in their place: to
    callbacks as `EventsLost`; by a stream as `EventsDropped`, or as `EventsLost` if the stream subscribes to it. A
    queue never exceeds its limits, `Limits.events` or `Limits.stream`, and `Limits.waiting`.

    Attributes:
        drops: Which events are dropped at the limit.
        disconnects: Whether to disconnect at the limit.
        seconds: Maximum time to pause reading before the limit, in seconds.
    """

    __slots__ = ()

    DROP_OLDEST: ClassVar[Overflow]
    """At the limit, drop the oldest events: those that are delivered are always recent."""
    DROP_NEWEST: ClassVar[Overflow]
    """At the limit, drop new events until there is room: those already queued have no gaps."""
    DISCONNECT: ClassVar[Overflow]
    """At the limit, end the connection with `Overflowed`; with ``reconnect``, the manager then reconnects.

    Events already queued are still delivered, followed by a report of the dropped ones and by `Disconnected`.
    """

    @staticmethod
    def block(seconds: Seconds = 10.0, then: Overflow | None = None) -> Overflow:
        """Pause reading while a queue is more than half full, so that the server slows down and nothing is lost.

        Asterisk closes a connection to which it cannot write for ``writetimeout`` (manager.conf; 100 ms if not set;
        main/manager.c of 13.38.3 to 22.10.1). A pause can therefore last only until the operating system's buffers of a
        few megabytes are full; for longer pauses, raise ``writetimeout`` above ``seconds``.

        Reading does not pause while a caller waits for an answer, because the answer follows the events. Events may
        therefore be dropped at the limit if a callback or the reader of the stream sends requests during a flood: each
        request admits the events that arrive before its answer.

        Args:
            seconds: Maximum pause, after which reading continues regardless.
            then: The policy at the limit once reading has continued. By default, the oldest events are dropped.

        Raises:
            TypeError: ``seconds`` is not a duration, or ``then`` is not an `Overflow`.
            ValueError: ``seconds`` is negative.
        """
        policy = checked(then, "then") if then else Overflow.DROP_OLDEST
        return policy._replace(seconds=in_seconds(seconds, "seconds"))


Overflow.DROP_OLDEST = Overflow("oldest")
Overflow.DROP_NEWEST = Overflow("newest")
Overflow.DISCONNECT = Overflow("newest", disconnects=True)


def checked(overflow: object, name: str = "overflow") -> Overflow:
    """Validate a policy and return it with its duration in seconds.

    Args:
        overflow: The policy.
        name: The name of the parameter, for error messages.

    Raises:
        TypeError: The argument is not an `Overflow`, or its duration has the wrong type.
        ValueError: Its duration is negative, or ``drops`` is neither ``oldest`` nor ``newest``.
    """
    if not isinstance(overflow, Overflow):
        raise TypeError(f"{name} {wrong('an Overflow', overflow)}.")
    if overflow.drops not in {"oldest", "newest"}:
        raise ValueError("Overflow.drops must be 'oldest' or 'newest'.")
    return overflow._replace(seconds=in_seconds(overflow.seconds, "seconds"))
