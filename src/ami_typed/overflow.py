"""What happens when a queue is full: chosen by the program, for the callbacks and for each stream."""

from __future__ import annotations

from typing import ClassVar, Literal

from ami_typed._lazy import NamedTuple

__all__ = ["Overflow"]


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
    def block(seconds: float = 10.0, then: Overflow | None = None) -> Overflow:
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
            ValueError: ``seconds`` is below 0.
        """
        if not seconds >= 0:  # nor not a number
            raise ValueError(f"Reading cannot rest for {seconds:g} seconds; give 0 or more.")
        return (then or Overflow.DROP_OLDEST)._replace(seconds=seconds)


Overflow.DROP_OLDEST = Overflow("oldest")
Overflow.DROP_NEWEST = Overflow("newest")
Overflow.DISCONNECT = Overflow("newest", disconnects=True)
