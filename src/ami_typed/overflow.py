"""What happens when a queue is full: chosen by the program, for the callbacks and for each stream."""

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
    """What happens where callbacks or the reader of a stream fall behind: ``Manager(overflow=Overflow.DROP_NEWEST)``.

    Whatever is chosen, an answer is never dropped nor delayed, what is dropped is counted and announced in its place
    (to callbacks as `EventsLost`; by a stream as `EventsDropped`, or as `EventsLost` where it was asked for), and a
    queue holds no more than its limits: `Limits.events` or `Limits.stream`, and `Limits.waiting`.

    Attributes:
        drops: Which events give way at the limit.
        disconnects: Whether the connection ends there.
        seconds: How long reading rests before, at most.
    """

    __slots__ = ()

    DROP_OLDEST: ClassVar[Overflow]
    """At the limit the oldest events give way: what is read is never far behind what happens."""
    DROP_NEWEST: ClassVar[Overflow]
    """At the limit no more events are let in until there is room: what was let in is complete."""
    DISCONNECT: ClassVar[Overflow]
    """At the limit the connection ends with `Overflowed`; with ``reconnect`` it is made again.

    What was let in is still delivered, and behind it what was not is announced, then that the connection is lost.
    """

    @staticmethod
    def block(seconds: Seconds = 10.0, then: Overflow | None = None) -> Overflow:
        """Rest from reading while more than half of the limit waits, so that the server slows down and nothing is lost.

        Asterisk closes a connection that takes nothing for ``writetimeout`` (manager.conf; 100 ms where it is not set;
        main/manager.c of 13.38.3 to 22.10.1). What the operating system buffers, some megabytes, is all that a rest
        may use up; raise ``writetimeout`` above ``seconds`` where it is to last longer.

        While somebody waits for an answer reading goes on, because the answer lies behind the events. So events may be
        dropped at the limit during a flood in which a callback, or whoever reads the stream, sends requests: each lets
        in what comes until its answer does.

        Args:
            seconds: How long reading rests before it goes on all the same.
            then: What happens at the limit when reading went on; the oldest events are dropped where nothing is given.

        Raises:
            TypeError: ``seconds`` is no duration, or ``then`` no `Overflow`.
            ValueError: ``seconds`` is below 0.
        """
        policy = checked(then, "then") if then else Overflow.DROP_OLDEST
        return policy._replace(seconds=in_seconds(seconds, "seconds"))


Overflow.DROP_OLDEST = Overflow("oldest")
Overflow.DROP_NEWEST = Overflow("newest")
Overflow.DISCONNECT = Overflow("newest", disconnects=True)


def checked(overflow: object, name: str = "overflow") -> Overflow:
    """Return a policy, its duration in seconds.

    Args:
        overflow: The policy.
        name: The parameter it was given for.

    Raises:
        TypeError: It is none, or its duration is of a wrong type.
        ValueError: Its duration is below 0, or what it drops is neither the oldest nor the newest.
    """
    if not isinstance(overflow, Overflow):
        raise TypeError(f"{name} {wrong('an Overflow', overflow)}.")
    if overflow.drops not in {"oldest", "newest"}:
        raise ValueError("Overflow.drops is 'oldest' or 'newest'.")
    return overflow._replace(seconds=in_seconds(overflow.seconds, "seconds"))
