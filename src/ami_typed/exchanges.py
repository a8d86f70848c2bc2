"""The life cycle of one request, from creation to end.

`Exchange.ending` is the state of the request, `settled` whether its sender has nothing more to wait for. They differ
for a list, whose answer arrives before its items.

| ending | entered by | settled |
| --- | --- | --- |
| `pending` | creation | no |
| `answered` | `answer`, or `close_list` if no other answer arrives | at once; a synchronous list when it is closed |
| `failed` | `answer`; `break_off`, if an error ends a list; `fail`, if it is too long | at once |
| `timed_out`, `cancelled`, `unsent` | `Session.give_up`: the sender stopped waiting; see `given_up_at` | never |
| `lost`, `unsent` | `lose`: the connection ended | at once |

`unsent` means that no byte was sent; see `begin`. A list that is answered but not closed can still be given up or lost.

Rules of this module:

- `Session` calls the methods that change the state, and keeps track of which exchanges are open. The shells wait,
  observers read.
- The answer is converted into a result, or an exception, in the thread or task of the caller that requests it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from ami_typed.errors import (
    ActionFailed,
    ActionTimeout,
    LoginFailed,
    OutcomeUnknown,
    RequestNotSent,
    UnclearAnswer,
)
from ami_typed.messages import KEY_ACTIONID, KEY_RESPONSE, RESPONSE_GENERIC, Aggregate, Answer, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed._speed.plain import Item
    from ami_typed.errors import ConnectionLost
    from ami_typed.limits import Limits
    from ami_typed.messages import Event
    from ami_typed.statistics import Ending

__all__ = ["Exchange"]

R = TypeVar("R")


@functools.cache
def _items_of(cls: type[Aggregate], repeatable: tuple[str, ...]) -> frozenset[str] | None:
    """Return the names of the events that a list consists of, in lower case; `None` if they are not known."""
    known = any("repeatable" in vars(each) for each in cls.__mro__ if each is not Aggregate)
    return frozenset(map(str.lower, repeatable)) if known else None


_GIVEN_UP: Final = ("unsent", "cancelled", "timed_out")
"""The endings of a request whose sender stopped waiting."""
_EARLY: Final = 0.02
"""How much too early an event loop may end a wait, in seconds: the resolution of the coarsest clock."""
_NEVER: frozenset[str] = frozenset()
_NO_ITEMS: dict[bytes, Item] = {}
"""Shared by all requests without a list. Never mutate it."""


class Sent(Protocol):
    """The counters of requests sent."""

    requests_sent: int
    bytes_sent: int


class Exchange(Generic[R]):
    """A request in flight, and its state so far.

    Attributes:
        request: The request.
        action_id: The ActionID that it is sent with.
        octets: The bytes to send.
        timeout: How long its sender waits, in seconds.
        sent: When it was created, on the shell's clock.
        knowledge: The request class that defines how the action is answered.
        events: The list that is collected for it; `None` if there is none.
        items: Where to put the events that are known to be items of its list, by first line.
        listed: The number of other events in its list.
        held: The size of those events, in bytes.
        synchronous: Whether its list is delivered to its sender only.
        response: Its answer; `None` until it arrives.
        elapsed: The time from sending to the answer, in seconds.
        error: Why there will be no answer.
        settled: Whether its sender has nothing more to wait for.
        remark: What its sender should know about how the server treats the request; empty if there is nothing.
        patience: How much longer its sender waits if the server is occupied, in seconds.
        usual: Whether its action has none of the properties that `Session` handles specially.
        given_up: Whether its sender has stopped waiting.
        written: Whether a byte of it may have been sent.
        ending: Its state, ``pending`` at first.
        due: The number of answers still to arrive; the last one is the result.
        ends: The events that close its list, in lower case.
        expected: Whether a list follows its answer even if the answer does not announce one.
        progress: When the last message that belongs to it arrived.
        wake: Called when it is settled; set by the shell.
        waiter: The object that its sender waits on; set by the shell.
    """

    __slots__ = (
        *("action_id", "due", "elapsed", "ending", "ends", "error", "events", "expected", "given_up", "items"),
        *(
            "held",
            "knowledge",
            "listed",
            "octets",
            "patience",
            "progress",
            "remark",
            "request",
            "response",
            "sent",
            "settled",
        ),
        *("synchronous", "timeout", "_tally", "usual", "waiter", "wake", "written"),
    )

    def __init__(
        self,
        request: Request[R],
        knowledge: type[Request[Any]],
        action_id: str,
        octets: bytes,
        sent: float,
        timeout: float,
        synchronous: bool,
        tally: Sent,
    ) -> None:
        self._tally = tally
        self.request = request
        self.knowledge = knowledge
        self.action_id = action_id
        self.octets = octets
        self.sent = sent
        self.timeout = timeout
        self.synchronous = synchronous
        self.items = _NO_ITEMS
        self.listed = 0
        self.held = 0
        self.events: Aggregate | None = None
        self.ends = _NEVER
        asked: Any = request  # compiled code would accept only `True` and `False`
        if synchronous or asked.aggregate:
            self.items = {}
            self.events = knowledge.list_class()(action_id)
            self.ends = frozenset(map(str.lower, knowledge.list_ends))
        self.expected = not knowledge.list_announced
        self.due = knowledge.answers
        self.response: Answer | None = None
        self.elapsed = 0.0
        self.progress = sent
        self.error: Exception | None = None
        self.settled = False
        self.given_up = False
        self.patience = 0.0
        self.usual = False
        self.remark = ""
        self.written = False
        self.ending: Ending = "pending"
        self.wake: Callable[[], object] = _nothing
        self.waiter: Any = None

    def begin(self) -> bool:
        """Note that the first byte is about to be sent: from here on the server may act on the request.

        Returns:
            Whether to send the request; `False` if it was given up.
        """
        if self.given_up:
            return False
        self.written = True
        self._tally.requests_sent += 1
        self._tally.bytes_sent += len(self.octets)
        return True

    def answer(self, answer: Answer, success: bool, now: float) -> None:
        """Record the final answer.

        Args:
            answer: The answer.
            success: Whether it confirms that the server did what was requested.
            now: When it arrived.
        """
        self.response = answer
        self.ending = "answered" if success or self.empty else "failed"
        self.elapsed = now - self.sent
        self.progress = now

    def close_list(self, events: Aggregate, event: Event, now: float) -> None:
        """Record the event that closes its list."""
        self.progress = now
        events._close(event)
        if self.response is None and self.knowledge.answered_by_event:
            self.response = Answer({KEY_RESPONSE: RESPONSE_GENERIC, KEY_ACTIONID: self.action_id})
            self.ending = "answered"

    def break_off(self, events: Aggregate, answer: Answer) -> None:
        """Record an error that replaces the rest of its list."""
        events._fail(answer.message or "the server ended the list with an error")
        if not self.settled:
            self.response, self.ending = answer, "failed"

    def fail(self, error: Exception) -> None:
        """Record that this side rejects what arrives for it."""
        self.error, self.ending = error, "failed"

    @property
    def abandoned(self) -> bool:
        """Whether its `ending` states that its sender stopped waiting."""
        return self.ending in _GIVEN_UP

    def given_up_at(self, now: float) -> Ending:
        """Return its ending if its sender stops waiting now."""
        if not self.written:
            return "unsent"
        return "cancelled" if now < self.sent + self.timeout - _EARLY else "timed_out"

    def lose(self, reason: ConnectionLost) -> None:
        """Note that the connection ended."""
        if self.events is not None:
            self.events._fail(str(reason))
        self.error = self.fate(reason)
        self.ending = "lost" if self.written else "unsent"

    def fate(self, reason: ConnectionLost) -> ConnectionLost:
        """Return the error that states what is certain if the connection ended."""
        action = self.request.action
        if not self.written:
            return RequestNotSent(f"{action} was not sent: {reason}")
        return OutcomeUnknown(f"The outcome of {action} (ActionID {self.action_id}) is unknown: {reason}")

    @property
    def begun(self) -> bool:
        """Whether its list may be arriving: it was answered, or no answer precedes the list."""
        return self.response is not None or self.knowledge.answered_by_event

    def lists(self, name: str) -> bool:
        """Return whether an event of this name is an item of the list."""
        events = self.events
        items = None if events is None else _items_of(type(events), events.repeatable)
        return items is None or name.lower() in items

    def excess(self, limits: Limits) -> str:
        """Return which limit the list exceeds, in words; an empty string if it exceeds none."""
        kinds = [kind for kind, _ in self.items.values()]
        if self.listed + sum([kind.count for kind in kinds]) > limits.items:
            return f"{limits.items} events (Limits.items)"
        if self.held + sum([kind.octets for kind in kinds]) > limits.gathered:
            return f"{limits.gathered} bytes (Limits.gathered)"
        return ""

    def clear(self, answer: Answer) -> bool:
        """Return whether an answer states the outcome of the request; without a ``Response``, only some actions' do.

        How the actions of other modules answer is unknown, so theirs do, except the rest of a torn ``Response`` line.
        """
        if answer[KEY_RESPONSE] != RESPONSE_GENERIC or self.knowledge.raw_text:
            return True
        first = answer.raw[0].partition(":")[0]
        asterisks = self.knowledge is not Request and self.knowledge.__module__.startswith("ami_typed.")
        return first == KEY_RESPONSE or not (asterisks or KEY_RESPONSE.endswith(first))

    @property
    def empty(self) -> bool:
        """Whether the answer is an error that merely means that the list is empty."""
        return self.response is not None and self.response.message in self.knowledge.list_empty

    def result(self) -> Any:
        """Return the result alone: the complete list, or the result that the request derives from the answer.

        Raises:
            ActionFailed: The server answered with an error; `LoginFailed` if it rejected a log-in.
            UnclearAnswer: The answer does not state the outcome.
            ActionTimeout: No answer arrived, or the list was not closed, in time.
            ConnectionLost: The connection ended first, or the server accepted no byte of the request in time.
        """
        if self.error is not None:
            raise self.error
        response = self.response
        if response is None:
            raise self._unanswered()
        if self.ending == "failed":
            if response[KEY_RESPONSE] == RESPONSE_GENERIC:
                raise UnclearAnswer(self.request, response)
            if self.knowledge.logs_in:
                raise LoginFailed.of(self.request, response)
            raise ActionFailed(self.request, response, self.knowledge.privileges)
        if not self.synchronous:
            return self.request.process_response(response)
        if not self.settled:
            raise ActionTimeout(self.request, self.action_id, self.timeout, "complete list", self.events)
        return self.events

    def _unanswered(self) -> ActionTimeout | RequestNotSent:
        """Return the exception for a request that timed out."""
        if self.written:
            return ActionTimeout(self.request, self.action_id, self.timeout)
        return RequestNotSent(
            f"{self.request.action} was not sent within {self.timeout:g} s: the server is not reading."
        )

    def outcome(self) -> Response[R] | None:
        """Return the outcome of the request, `None` if no answer arrived; converts the answer into the result.

        Raises:
            ConnectionLost: The connection ended first.
        """
        if self.error is not None:
            raise self.error
        if self.response is None:
            return None
        result: Any = self.request.process_response(self.response)
        said = getattr(result, "success", None)  # a request's own result may be more precise than the first line
        return Response(
            result=result,
            response=self.response,
            request=self.request,
            action_id=self.action_id,
            success=(said if isinstance(said, bool) else self.response.success) and self.clear(self.response),
            time=self.elapsed,
            events=self.events if self.synchronous else None,
            events_timeout=self.synchronous and not self.settled,
        )


def _nothing() -> None:
    """Default for `wake`: no shell is waiting."""
