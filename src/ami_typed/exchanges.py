"""One request from its sending to its end.

`Exchange.ending` says what has become of the request, `settled` whether its sender has nothing more to wait for. They
differ for a list: its answer comes before its items.

| ending | entered by | settled |
| --- | --- | --- |
| `pending` | creation | no |
| `answered` | `answer`, or `close_list` if no other answer comes | at once; a synchronous list when it is closed |
| `failed` | `answer`; `break_off`, if an error ends a list; `fail`, if it is too long | at once |
| `timed_out`, `cancelled`, `unsent` | `give_up`: the sender waits no longer | never |
| `lost`, `unsent` | `lose`: the connection ended | at once |

`unsent` means that no byte left; see `begin`. A list that is answered and not closed can still be given up or lost.

Rules of this module:

- `Session` calls the methods that change the state, and keeps track of which exchanges are open. The shells wait,
  observers read.
- What came of it is turned into a result, or an exception, in the thread or task of who asks for it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

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
    """Return the events that a list is made of, in small letters; `None` where nobody knows which they are."""
    known = any("repeatable" in vars(each) for each in cls.__mro__ if each is not Aggregate)
    return frozenset(map(str.lower, repeatable)) if known else None


_GIVEN_UP = ("unsent", "cancelled", "timed_out")
"""What has become of a request whose sender does not wait any more."""
_EARLY = 0.02
"""How much before its time an event loop may end a wait, in seconds: the resolution of the coarsest clock."""
_NEVER: frozenset[str] = frozenset()
_NO_ITEMS: dict[bytes, Item] = {}
"""What a request without a list knows of its items; nothing is ever put into it."""


class Sent(Protocol):
    """What counts the requests that leave."""

    requests_sent: int
    bytes_sent: int


class Exchange(Generic[R]):
    """A request on its way, and what has come of it so far.

    Attributes:
        request: The request.
        action_id: The ActionID it goes out with.
        octets: The bytes to send.
        timeout: How long its sender waits, in seconds.
        sent: When it was handed in.
        knowledge: The class that knows how the action is answered.
        events: The events that are gathered for it, `None` where none are.
        items: What to do with the events that are known to be items of its list, by first line.
        listed: How many other events its list has.
        held: How many bytes those hold.
        synchronous: Whether those events are its own and nobody else's.
        response: Its answer, `None` until it came.
        elapsed: The seconds from sending to the answer.
        error: Why there will be no answer.
        settled: Whether its sender has nothing more to wait for.
        remark: What its sender is to know of what the server makes of it; empty where there is nothing.
        patience: How much longer its sender waits where the server is occupied, in seconds.
        given_up: Whether its sender has stopped waiting.
        written: Whether a byte of it may have left.
        ending: What has become of it, ``pending`` while nothing has.
        due: How many more answers come, the last of which counts.
        ends: The events that close its list, in lower case.
        expected: Whether a list follows its answer even if the answer does not say so.
        progress: When the last of what belongs to it came.
        wake: What to call when it is settled; the shell's.
        waiter: What its sender waits on; the shell's.
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
        *("synchronous", "timeout", "_tally", "waiter", "wake", "written"),
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
        asked: Any = request  # of which compiled code would take `True` and `False` only
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
        self.remark = ""
        self.written = False
        self.ending: Ending = "pending"
        self.wake: Callable[[], object] = _nothing
        self.waiter: Any = None

    def begin(self) -> bool:
        """Note that the first byte is about to leave: from here on the server may act on it.

        Returns:
            Whether the request is to be sent: nobody waits for one that was given up.
        """
        if self.given_up:
            return False
        self.written = True
        self._tally.requests_sent += 1
        self._tally.bytes_sent += len(self.octets)
        return True

    def answer(self, answer: Answer, success: bool, now: float) -> None:
        """Take the answer that counts.

        Args:
            answer: The answer.
            success: Whether it says that the server did what it was asked for.
            now: When it came.
        """
        self.response = answer
        self.ending = "answered" if success or self.empty else "failed"
        self.elapsed = now - self.sent
        self.progress = now

    def close_list(self, events: Aggregate, event: Event, now: float) -> None:
        """Take the event that closes its list."""
        self.progress = now
        events._close(event)
        if self.response is None and self.knowledge.answered_by_event:
            self.response = Answer({KEY_RESPONSE: RESPONSE_GENERIC, KEY_ACTIONID: self.action_id})
            self.ending = "answered"

    def break_off(self, events: Aggregate, answer: Answer) -> None:
        """Take an error that comes in the place of the rest of its list."""
        events._fail(answer.message or "the server broke the list off")
        if not self.settled:
            self.response, self.ending = answer, "failed"

    def fail(self, error: Exception) -> None:
        """Note that this side refuses what comes for it."""
        self.error, self.ending = error, "failed"

    def give_up(self, now: float) -> bool:
        """Note that its sender waits no longer; return whether that is new."""
        if self.ending in _GIVEN_UP:
            return False
        in_time = now < self.sent + self.timeout - _EARLY
        self.ending = "unsent" if not self.written else "cancelled" if in_time else "timed_out"
        return True

    def lose(self, reason: ConnectionLost) -> None:
        """Note that the connection ended."""
        if self.events is not None:
            self.events._fail(str(reason))
        self.error = self.fate(reason)
        self.ending = "lost" if self.written else "unsent"

    def fate(self, reason: ConnectionLost) -> ConnectionLost:
        """Return what is certain about it if the connection ended."""
        action = self.request.action
        if not self.written:
            return RequestNotSent(f"{action} was not sent: {reason}")
        return OutcomeUnknown(f"The outcome of {action} (ActionID {self.action_id}) is unknown: {reason}")

    @property
    def begun(self) -> bool:
        """Whether its list may be coming: it was answered, or no answer comes before it."""
        return self.response is not None or self.knowledge.answered_by_event

    def lists(self, name: str) -> bool:
        """Return whether an event of this name is an item of the list."""
        events = self.events
        items = None if events is None else _items_of(type(events), events.repeatable)
        return items is None or name.lower() in items

    def excess(self, limits: Limits) -> str:
        """Return which limit the list exceeds, in words; nothing while it exceeds none."""
        kinds = [kind for kind, _ in self.items.values()]
        if self.listed + sum([kind.count for kind in kinds]) > limits.items:
            return f"{limits.items} events (Limits.items)"
        if self.held + sum([kind.octets for kind in kinds]) > limits.gathered:
            return f"{limits.gathered} bytes (Limits.gathered)"
        return ""

    def clear(self, answer: Answer) -> bool:
        """Return whether an answer says what became of the request: only of some actions it does without saying so.

        What the actions of other modules answer, nobody knows; but the rest of a torn ``Response`` is no answer of any.
        """
        if answer[KEY_RESPONSE] != RESPONSE_GENERIC or self.knowledge.raw_text:
            return True
        first = answer.raw[0].partition(":")[0]
        asterisks = self.knowledge is not Request and self.knowledge.__module__.startswith("ami_typed.")
        return first == KEY_RESPONSE or not (asterisks or KEY_RESPONSE.endswith(first))

    @property
    def empty(self) -> bool:
        """Whether the answer is an error that only means that the list is empty."""
        return self.response is not None and self.response.message in self.knowledge.list_empty

    def result(self) -> Any:
        """Return the result alone: the list, complete, or what the request makes of the answer.

        Raises:
            ActionFailed: The server answered with an error; `LoginFailed` where it refused to log somebody in.
            UnclearAnswer: The answer does not say what became of it.
            ActionTimeout: No answer came, or the list was not closed, in time.
            ConnectionLost: The connection ended first, or the server took no byte of the request in time.
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
            raise ActionTimeout(self.request, self.action_id, self.timeout, "end of its list", self.events)
        return self.events

    def _unanswered(self) -> ActionTimeout | RequestNotSent:
        """Return the exception for a request whose time ran out."""
        if self.written:
            return ActionTimeout(self.request, self.action_id, self.timeout)
        return RequestNotSent(
            f"{self.request.action} was not sent within {self.timeout:g} s: the server does not read what it is sent."
        )

    def outcome(self) -> Response[R] | None:
        """Return what came of the request, `None` where no answer came; the answer is turned into the result here.

        Raises:
            ConnectionLost: The connection ended first.
        """
        if self.error is not None:
            raise self.error
        if self.response is None:
            return None
        result: Any = self.request.process_response(self.response)
        said = getattr(result, "success", None)  # a request's own result may know better than the first line
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
    """Stand in for a shell that waits for nothing."""
