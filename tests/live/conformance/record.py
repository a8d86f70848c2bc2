"""What a server said during a conformance run: every event, every answer, in order, and waiting for the next ones.

Rules this module owns:

- One observer reads all events that concern nobody in particular; list items come from the answers they belong to.
- Waiting looks at what has come since a mark first, so that nothing can be missed between an action and the wait.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import ami_typed as ami
from ami_typed import events

if TYPE_CHECKING:
    from collections.abc import Callable

E = TypeVar("E", bound=ami.Event)

ETERNAL = "Message/"
"""What the name of the channel begins with that delivers texts; it is never hung up."""


class Outcome(NamedTuple):
    """What came of one action.

    Attributes:
        action: Its name.
        answer: The answer, as an object of the class that the action has for it.
        listed: The list that belongs to it, where there is one.
    """

    action: str
    answer: ami.Answer
    listed: ami.Aggregate | None


class Record:
    """The events and answers of one run.

    Args:
        stream: All events of an observer.

    Attributes:
        seen: What the observer has seen, in order.
        listed: The items and ends of lists.
        outcomes: The answers, in order.
        channels: The unique identifiers of the channels that have not been hung up.
    """

    def __init__(self, stream: ami.EventStream[ami.Event]) -> None:
        self._stream = stream
        self.seen: list[ami.Event] = []
        self.listed: list[ami.Event] = []
        self.outcomes: list[Outcome] = []
        self.channels: set[str] = set()

    @property
    def events(self) -> list[ami.Event]:
        """All events, those of lists behind the others."""
        return self.seen + self.listed

    def take(self, response: ami.Response[Any]) -> None:
        """Note what came of a request."""
        self.outcomes.append(Outcome(response.request.action, response.result, response.events))
        if response.events is not None:
            for one_or_more in response.events.values():
                self.listed += one_or_more if isinstance(one_or_more, list) else [one_or_more]

    def until(self, cls: type[E], where: Callable[[E], bool], *, since: int, timeout: float) -> E:
        """Return the first event of a class that fits.

        Args:
            cls: The class.
            where: Whether an event is the one.
            since: The number of events seen before those that count.
            timeout: How long to wait for it, in seconds.

        Raises:
            EventTimeout: It did not come in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            while since < len(self.seen):
                event = self.seen[since]
                since += 1
                if isinstance(event, cls) and where(event):
                    return event
            self._read(max(0.0, deadline - time.monotonic()))

    def until_quiet(self, timeout: float) -> None:
        """Wait until no channel is left.

        Raises:
            EventTimeout: One was still there when the time was up.
        """
        deadline = time.monotonic() + timeout
        while self.channels:
            self._read(max(0.0, deadline - time.monotonic()))

    def drain(self, timeout: float) -> None:
        """Read what has come, until nothing more does for a while, or the server has hung up."""
        try:
            while True:
                self._read(timeout)
        except (ami.EventTimeout, ami.ConnectionLost, StopIteration):
            pass

    def _read(self, timeout: float) -> None:
        event = self._stream.get(timeout)
        self.seen.append(event)
        if isinstance(event, events.Newchannel) and not event.channel.startswith(ETERNAL):
            self.channels.add(event["Uniqueid"])
        elif isinstance(event, events.Hangup):
            self.channels.discard(event["Uniqueid"])
