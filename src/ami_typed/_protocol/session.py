"""Protocol state for one connection. Sans-I/O: feed it bytes and timestamps, and act on what it returns.

It returns the messages to deliver, the requests that are settled, and the time at which to call it again. `recognition`
decides what a message is, this module whose it is. Rules of this module:

- A request is registered before its first byte is sent, so that no answer can arrive before it is expected.
- An answer belongs to the request with its ActionID and to no other. The few answers without one (raw text) go to the
  requests that expect them, in the order of sending.
- A list ends with an event that is marked ``EventList: Complete`` or that its action names, or with an error; its items
  are the events of its classes that bear the ActionID of the request.
- When the connection ends, every pending request is settled with an error that states what is certain.
- Of `dict`'s methods that messages override, only ``message[name]`` is used here: mypyc takes others for `dict`'s own.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ami_typed._language.codecs import text
from ami_typed._language.headers import Sometimes
from ami_typed._protocol.framing import encode
from ami_typed._protocol.quirks import is_odd
from ami_typed._protocol.recognition import BOOTED, Received, Recognition, Subscriptions
from ami_typed._protocol.tally import BATCH, Tally
from ami_typed._protocol.visibility import Visibility, refuse_mistakes
from ami_typed._speed import Kind, contains, encode_request, find_header
from ami_typed.drift import Drift
from ami_typed.errors import (
    HeaderRefused,
    ListTooLong,
    ManagerError,
    NotAsterisk,
    NotInRelease,
    TooManyPending,
)
from ami_typed.exchanges import Exchange
from ami_typed.limits import Limits
from ami_typed.messages import (
    DEFINED,
    KEY_ACTION,
    KEY_ACTIONID,
    KEY_RESPONSE,
    RESPONSE_GENERIC,
    Aggregate,
    Answer,
    Event,
    Message,
    Request,
    as_sent,
    usual_timeout,
)
from ami_typed.quantities import LONGEST, seconds
from ami_typed.registry import check_request, knowledge_for, knowledge_of
from ami_typed.releases import Release, Releases

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import tzinfo

    from ami_typed.errors import ConnectionLost

__all__ = ["Received", "Session"]

R = TypeVar("R")

_ID: Final = b"\r\nActionID: "
_LIST: Final = b"\r\nEventList: "
_EVENT_LIST = Sometimes("EventList", text)
_ENDS = frozenset({"complete", "cancelled"})
_CLASSES: Final = 4096
"""The maximum number of classes of requests to remember."""
_NONE_GIVEN_UP: Final[deque[tuple[float, str]]] = deque()
"""Shared by all connections without a request that was given up, because an empty deque takes 760 bytes."""
Greeting = tuple[str, str]
"""The name in the server's greeting, and the version of its Manager Interface."""


def _octets(action_id: str) -> bytes:
    return action_id.encode("utf-8", "surrogateescape")


def _id_of(message: Message) -> str | None:
    """Return the ActionID of a message, without parsing the message if possible."""
    return find_header(message._octets, _ID) or message.action_id


def _list_mark(message: Message) -> str:
    """Return the list mark of a message, in lower case: how its list begins or ends, or an empty string."""
    return (_EVENT_LIST.__get__(message) or "").lower()


def _closes(event: Event) -> bool:
    """Whether an event is marked as the last of its list."""
    return contains(event._octets, _LIST) and _list_mark(event) in _ENDS


class Session(Recognition):
    """The state of one connection.

    Args:
        handlers: The subscriptions.
        token: The prefix of this connection's ActionIDs; unique among the programs connected to one server.
        limits: See `Limits`.
        aggregate_timeout: How long an aggregate may go without another event, in seconds.
        late_timeout: How long to remember a request that timed out, in seconds.
        check_releases: Whether to reject what the server's release does not support.
        drift: The drift collector; a new one by default.
        tally: The counters; new ones by default.
        zone: The server's time zone, if known.

    Attributes:
        greeting: The server's greeting; `None` before it arrives.
        booted: Whether the server has reported that it is fully booted.
        boot_waiters: Functions to call once it has, or when the connection ends.
        visibility: The event mask and filters of this connection, as far as they are known.
        tally: The counters.
        lasting: The requests whose effect lasts as long as the connection, in order; a new connection repeats them.
        login: The request that logged in, as it was sent; `None` before.
        leaving: Whether the server was asked to close the connection, so that its end is not a loss.
    """

    def __init__(
        self,
        handlers: Subscriptions,
        *,
        token: str,
        limits: Limits = Limits(),
        aggregate_timeout: float = 5,
        late_timeout: float = 5,
        check_releases: bool = True,
        drift: Drift | None = None,
        tally: Tally | None = None,
        zone: tzinfo | None = None,
    ) -> None:
        super().__init__(handlers, limits, Drift() if drift is None else drift, tally or Tally(), zone)
        self.greeting: Greeting | None = None
        self.booted = False
        self.boot_waiters: set[Callable[[], object]] = set()
        self.visibility = Visibility()
        self._release: Release | None = None
        self.lasting: list[Request[Any]] = []
        self.login: Request[Any] | None = None
        self.leaving = False
        self._token = token
        self._opened = 0
        self._aggregate_timeout = aggregate_timeout
        self._late_timeout = late_timeout
        self._check_releases = check_releases
        self._pending: dict[str, Exchange[Any]] = {}
        self._gathering: dict[str, Exchange[Any]] = {}
        self._ignored: dict[str, Exchange[Any]] = {}
        self._overdue: dict[str, float] = {}
        self._given_up: deque[tuple[float, str]] = _NONE_GIVEN_UP
        self._occupied: dict[str, tuple[float, float]] = {}

    # Queries of the shell

    @property
    def release(self) -> Release | None:
        """The server's Asterisk release; `None` before it is known."""
        return self._release

    @release.setter
    def release(self, told: Release | None) -> None:
        """Set the release; if the server did not report it, derive the branch from its greeting."""
        self._release = told or (Release.greeting_with(self.greeting[1]) if self.greeting else None)
        self.visibility.release = self._release

    @property
    def username(self) -> str:
        """The user that is logged in; empty before."""
        return next((str(value) for name, value in (self.login or {}).items() if name.lower() == "username"), "")

    @property
    def busy(self) -> bool:
        """Whether the rest of a message or of a list is pending, which may time out."""
        return bool(self._gathering or self._framer.incomplete)

    @property
    def pending(self) -> int:
        """The number of pending requests."""
        return len(self._pending)

    def waiting(self) -> Collection[Exchange[Any]]:
        """Return the pending exchanges."""
        return self._pending.values()

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of events whose counts are not part of the tally yet."""
        lists = [list(each.items.values()) for each in list(self._gathering.values())]
        return [*list(self._kinds.values()), *(kind for items in lists for kind, _ in items)]

    def deadline(self) -> float | None:
        """Return when to call `expire` next; `None` if nothing can expire."""
        gathered = [each.progress + self._aggregate_timeout for each in self._gathering.values() if each.settled]
        return min(gathered, default=None)

    # Sending

    def open(
        self,
        request: Request[R],
        now: float,
        action_id: str | None = None,
        headers: Mapping[str, Any] = {},
        *,
        timeout: float | None = None,
        synchronous: bool | None = None,
        patience: float = 0,
    ) -> Exchange[R]:
        """Begin an exchange and expect its answer; see `prepare` and `expect`."""
        exchange = self.prepare(
            request, now, action_id, headers, timeout=timeout, synchronous=synchronous, patience=patience
        )
        self.expect(exchange, headers)
        return exchange

    def prepare(
        self,
        request: Request[R],
        now: float,
        action_id: str | None = None,
        headers: Mapping[str, Any] = {},
        *,
        timeout: float | None = None,
        synchronous: bool | None = None,
        patience: float = 0,
    ) -> Exchange[R]:
        """Create an exchange, which `expect` begins. This changes nothing, so it may be interrupted.

        Args:
            request: The request; it is not modified.
            now: The current time of the shell's clock, in seconds.
            action_id: The ActionID to use, instead of the request's own or a generated one.
            headers: Additional headers, for this call only.
            timeout: How long the sender waits, in seconds; overrides the request's own time-out.
            synchronous: Whether to collect its events for the sender; overrides the request's own setting.
            patience: How much longer the sender waits if `extend` finds the server occupied, in seconds.

        Raises:
            HeaderRefused: A header would break the message, or let no event through.
            NotInRelease: The server's release does not support the action or one of its parameters.
            TypeError: ``request`` is not a request, or its time-out is not a duration.
            ValueError: The time-out is negative.
        """
        given: Any = request  # a program may pass anything
        if not isinstance(given, Request):
            check_request(given)
        known = _known(request)
        knowledge = known.knowledge
        if self._check_releases and self.release is not None and not _has_all(self.release, knowledge):
            _check_release(request, headers, self.release)
        usual = known.usual
        action_id, octets, remark = self._written(request, knowledge, action_id, headers, simple=usual and not headers)
        exchange = Exchange(
            request,
            knowledge,
            action_id,
            octets,
            now,
            self._time_of(request, None if usual else knowledge, headers) if timeout is None else timeout,
            _gathers(request) if synchronous is None else synchronous,
            self.tally,
        )
        exchange.usual = usual
        exchange.patience = patience
        exchange.remark = remark
        return exchange

    def expect(self, exchange: Exchange[Any], headers: Mapping[str, Any] = {}) -> None:
        """Expect the answer of an exchange. `give_up` undoes this, even if it was interrupted.

        Args:
            exchange: The result of `prepare`.
            headers: The additional headers that `prepare` was called with.

        Raises:
            ManagerError: The ActionID is already in use.
            TooManyPending: `Limits.pending` is reached.
        """
        action_id, knowledge = exchange.action_id, exchange.knowledge
        if self._ignored:
            self._forget_ignored(exchange.sent)
        if action_id in self._pending or action_id in self._gathering or action_id in self._ignored:
            action = exchange.request.action
            raise ManagerError(f"{action} was not sent: the ActionID {action_id!r} is in use by another request.")
        if len(self._pending) >= self._limits.pending:
            raise TooManyPending(
                f"{exchange.request.action} was not sent: as many requests are pending as Limits.pending allows "
                f"({len(self._pending)}). Wait for answers, or raise the limit."
            )
        self._pending[action_id] = exchange
        if exchange.events is not None:
            self._gathering[action_id] = exchange
            self._lists[_octets(action_id)] = exchange
            self._unlearn(knowledge.list_ends)
        if not exchange.usual:
            self._prepare_for(exchange, headers)

    def _prepare_for(self, exchange: Exchange[Any], headers: Mapping[str, Any]) -> None:
        """Prepare for the unusual answer or effect of a request."""
        action_id, knowledge = exchange.action_id, exchange.knowledge
        if knowledge.logs_off:
            self.leaving = True
        if knowledge.waits is not None and (seconds := knowledge.waits.seconds({**exchange.request, **headers})):
            now = exchange.sent
            self._occupied = {each: times for each, times in self._occupied.items() if times[1] > now}
            self._occupied[action_id] = now, now + seconds
        if knowledge.text_follows is not None and self._answers_with_text(knowledge.text_follows):
            self._texts |= {action_id}
        if knowledge.raw_text:
            self._raw_texts.expect(exchange)
        if is_odd(knowledge):
            self._quirks.expect(action_id, knowledge)
        self._reframe()

    def _answers_with_text(self, releases: Releases) -> bool:
        return self.release is None or self.release in releases

    def _unlearn(self, names: Iterable[str]) -> None:
        """Inspect events of these names one by one from now on: one that closes a list may have no ActionID."""
        for name in names:
            kind = self._kinds.pop(b"Event: " + _octets(name), None)
            if kind is not None:
                self.tally.fold((kind,))

    def _written(
        self,
        request: Request[Any],
        knowledge: type[Request[Any]],
        chosen: str | None,
        headers: Mapping[str, Any],
        *,
        simple: bool,
    ) -> tuple[str, bytes, str]:
        """Choose the ActionID of a request and encode it. Return both, with a remark for the sender.

        A ``simple`` request has no headers that must be merged or checked.
        """
        made = None
        if simple and chosen is None:
            made = self._new_id()
            octets = encode_request(request, made)
            if octets is not None:
                return made, octets, ""
        given = {name.lower(): value for name, value in headers.items()}
        action_id = str(chosen or given.get("actionid") or request.action_id or made or self._new_id())
        if action_id != action_id.strip():
            raise HeaderRefused(
                f"{request.action} was not sent: its ActionID {action_id!r} begins or ends with whitespace, which "
                "Asterisk strips, so its answer could not be recognized."
            )
        lines = _lines(request, action_id, headers)
        refuse_mistakes(request.action, knowledge, lines)
        cut = ", ".join(name for name, value in lines if value and value[0] < "!")
        remark = f"{request.action}: Asterisk strips the whitespace at the beginning of {cut}." if cut else ""
        return action_id, encode(request.action, lines), remark

    @staticmethod
    def _time_of(request: Request[Any], knowledge: type[Request[Any]] | None, headers: Mapping[str, Any]) -> float:
        """Return how long the sender of a request waits; it is the same for untyped and typed requests.

        Args:
            request: The request.
            knowledge: The class that describes it; `None` for one that is known not to occupy the server.
            headers: The additional headers.
        """
        if knowledge is not None and knowledge.waits is not None and not request._has_own_timeout():
            return usual_timeout(knowledge, {**request, **headers})
        asked: Any = request  # compiled code would accept only a float
        given = asked.timeout
        if type(given) is float and 0 <= given <= LONGEST:
            return given
        return seconds(given, f"{request.action}: timeout", passed=True)

    def _new_id(self) -> str:
        self._opened += 1
        return f"{self._token}-{self._opened}"

    def give_up(self, exchange: Exchange[Any], now: float) -> bool:
        """Stop waiting for an exchange. Return whether it was still open. If this is interrupted, repeat it.

        A late answer is delivered as a response without a request, and late events as any others.
        """
        if exchange.settled:
            return False
        exchange.given_up = True
        self._drop(exchange)
        if not exchange.written:  # nothing will arrive
            self._raw_texts.withdraw(exchange.action_id)
            self._no_longer_odd(exchange.action_id)
            self._no_longer_due(exchange.action_id)
        if exchange.abandoned:
            return False
        if exchange.knowledge.logs_off:
            self.leaving = False
        if exchange.events is not None and exchange.events.closing is None:
            exchange.events._fail(f"no closing event arrived within {exchange.timeout:g} s")
        until = now + self._late_timeout
        if self._given_up is _NONE_GIVEN_UP:
            self._given_up = deque()
        self._given_up.append((until, exchange.action_id))
        if exchange.response is None:
            self._overdue[exchange.action_id] = until
        ended = exchange.request[KEY_ACTION], exchange.given_up_at(now), exchange.elapsed
        exchange.ending = ended[1]  # counted at once: nothing interrupts before the next call returns
        self.tally.requests[1].append(ended)
        if len(self.tally.requests[1]) >= BATCH:
            self.tally.fold_requests()
        self._forget(now)
        return True

    def _forget(self, now: float) -> None:
        """Stop expecting answers that have not arrived within `late_timeout` after they were given up."""
        while self._given_up and self._given_up[0][0] <= now:
            until, action_id = self._given_up.popleft()
            if self._overdue.get(action_id) == until:
                del self._overdue[action_id]
            if action_id not in self._pending:
                self._raw_texts.withdraw(action_id)
                self._no_longer_odd(action_id)

    def extend(self, exchange: Exchange[Any], now: float) -> bool:
        """Extend the time of a patient exchange that timed out, if the server may have been unable to answer yet.

        The server carries out the actions of a connection in order. A missing answer therefore proves nothing while an
        older request is unanswered whose own time is not up, or that takes longer than its sender waits.
        """
        if not (exchange.patience and exchange.written) or exchange.settled or not self._is_occupied(exchange, now):
            return False
        exchange.timeout = now - exchange.sent + exchange.patience
        return True

    def _is_occupied(self, exchange: Exchange[Any], now: float) -> bool:
        older = itertools.takewhile(lambda each: each is not exchange, self._pending.values())
        return any(each.sent + each.timeout > now for each in older) or any(
            sent <= exchange.sent and until > now for sent, until in self._occupied.values()
        )

    def _drop(self, exchange: Exchange[Any]) -> None:
        if self._pending.get(exchange.action_id) is exchange:  # it may have been rejected for its ActionID
            del self._pending[exchange.action_id]
        if exchange.events is not None and self._gathering.get(exchange.action_id) is exchange:
            del self._gathering[exchange.action_id]
            self._lists.pop(_octets(exchange.action_id), None)
            self.tally.fold(kind for kind, _ in exchange.items.values())

    # Receiving

    def greet(self, data: bytes) -> Received | None:
        """Receive the first bytes of a connection. Return their result, or `None` until the greeting is complete.

        Raises:
            NotAsterisk: The peer is not Asterisk's Manager Interface.
        """
        complete = self._framer.line(data)
        self.tally.bytes_received += len(data) - (len(complete[1]) if complete else 0)
        if complete is None:
            return None
        line = complete[0].decode("utf-8", "replace")
        match = re.fullmatch(r"(Asterisk .+)/([\w.+~-]+)\s*", line)
        if match is None:
            raise NotAsterisk.for_good(f"this is not Asterisk's Manager Interface; its greeting is {line[:80]!r}.")
        self.greeting = match[1], match[2]
        return self.receive(complete[1], 0) if complete[1] else Received([], [])

    def receive(self, data: bytes, now: float) -> Received:
        """Receive bytes. Return the result of the messages that they complete.

        Raises:
            ProtocolError: The server sent more than `Limits` allows; the connection is no longer usable.
        """
        if self._given_up:
            self._forget(now)
        return self._recognize(data, now)

    def _related(self, block: bytes, now: float) -> list[tuple[bytes, Exchange[Any]]]:
        """Return the lists that have items in a block of messages, with their ActionIDs."""
        found = [(octets, each) for octets, each in self._lists.items() if contains(block, octets + b"\r")]
        for _, exchange in found:
            exchange.progress = now
        return found

    def _bound(self, exchange: Exchange[Any], received: Received) -> bool:
        """End a list that exceeds the limits. Return whether it does."""
        if exchange.events is None or self._gathering.get(exchange.action_id) is not exchange:
            return False
        excess = exchange.excess(self._limits)
        if excess:
            self._cut_off(exchange, exchange.events, excess, received)
        return bool(excess)

    def _cut_off(self, exchange: Exchange[Any], events: Aggregate, excess: str, received: Received) -> None:
        """Stop collecting a list. Its further events are discarded, unless they are delivered like any others."""
        error = ListTooLong(exchange.request, exchange.action_id, excess, events)
        events._fail(f"it exceeds {excess}")
        del self._gathering[exchange.action_id]
        self.tally.fold(kind for kind, _ in exchange.items.values())
        exchange.items.clear()  # so that `route_block` leaves all further items
        if not exchange.synchronous:
            del self._lists[_octets(exchange.action_id)]
            exchange.events = None
            return
        exchange.events = type(events)(exchange.action_id)  # the old one may be large, and its sender has it
        self._ignored[exchange.action_id] = exchange
        self._pending.pop(exchange.action_id, None)
        exchange.fail(error)
        self._settle(exchange, received)

    def _ignores(self, event: Event, now: float) -> bool:
        """Return whether an event belongs to the rest of a list that was cut off."""
        exchange = self._ignored.get(_id_of(event) or "")
        if exchange is None:
            return False
        exchange.progress = now
        if event.event.lower() in exchange.ends or _closes(event):
            self._ignore_no_more(exchange.action_id)
            return True
        return exchange.lists(event.event)

    def _ignore_no_more(self, action_id: str) -> None:
        del self._ignored[action_id]
        del self._lists[_octets(action_id)]
        if self._quirks:
            self._no_longer_odd(action_id)

    def _forget_ignored(self, now: float) -> None:
        """Forget the lists that were cut off and have received no event within the time-out of aggregates."""
        for action_id, exchange in list(self._ignored.items()):
            if exchange.progress + self._aggregate_timeout <= now:
                self._ignore_no_more(action_id)

    def _expects(self, action_id: str | None) -> bool:
        return action_id in self._pending

    def _may_close(self, name: str) -> bool:
        """Whether an event of this name would close a list that is being collected."""
        return any(name.lower() in exchange.ends for exchange in self._gathering.values())

    def _take_event(self, event: Event, now: float, received: Received) -> None:
        name = event.event
        if name == BOOTED:
            self.booted = True
            self._wake_boot_waiters()
        if self._quirks and (over := self._quirks.ended_by(event, _closes(event))) is not None:
            self._no_longer_odd(over)
        if self._ignored and self._ignores(event, now):
            self.tally.saw(type(event), name, wanted=False)
            return
        exchange = self._gathered_for(event) if self._gathering else None
        events = exchange.events if exchange is not None else None
        if exchange is not None and self._gather(exchange, event, now, received):
            self.tally.saw(type(event), name, wanted=True)
            return
        wanted = self._wants(name)
        self.tally.saw(type(event), name, wanted=wanted)
        if wanted:
            received.deliveries.append(event)
        if exchange is not None and exchange.action_id not in self._gathering:
            assert events is not None
            received.deliveries.append(events)

    def _wake_boot_waiters(self) -> None:
        while self.boot_waiters:
            self.boot_waiters.pop()()

    def _gathered_for(self, event: Event) -> Exchange[Any] | None:
        """Return the exchange that collects an event: by ActionID or, if it has none, by the list that it ends."""
        action_id = _id_of(event)
        if action_id is not None:
            return self._gathering.get(action_id)
        name = event.event.lower()
        begun = [each for each in self._gathering.values() if each.begun]
        named = (each for each in begun if name in each.ends)
        return next(named, begun[0] if begun and _closes(event) else None)

    def _gather(self, exchange: Exchange[Any], event: Event, now: float, received: Received) -> bool:
        """Add an event to its exchange, if it belongs to the list. Return whether the event goes nowhere else."""
        assert exchange.events is not None
        if exchange.events.closing is not None:  # the list is closed; only its answer is pending
            return False
        if event.event.lower() in exchange.ends or _closes(event):
            if self._bound(exchange, received):
                return self._ignores(event, now)
            exchange.close_list(exchange.events, event, now)
            if _list_mark(event) == "cancelled":
                exchange.events._fail("the server cancelled the list")
            if exchange.response is not None:
                self._end_list(exchange, received)
            return exchange.synchronous
        if not exchange.lists(event.event):
            return False
        exchange.progress = now
        exchange.events._add(event)
        exchange.listed += 1
        exchange.held += len(event._octets)
        if exchange.synchronous:
            self._expect_more(exchange, exchange.events, event)
        self._bound(exchange, received)
        return exchange.synchronous

    def _expect_more(self, exchange: Exchange[Any], events: Aggregate, item: Event) -> None:
        """Remember the first line of an item, so that `route_block` collects those that begin with the same line."""
        line = item._octets.partition(b"\r\n")[0]
        kind = self._kinds.get(line)
        if kind is not None and kind.name in events.repeatable:
            exchange.items[line] = Kind(kind.cls, kind.name, True, kind.zone), events[kind.name]

    def _no_longer_due(self, action_id: str) -> None:
        """Note that a request no longer occupies the server, and that its text is no longer pending."""
        if self._occupied:
            self._occupied.pop(action_id, None)
        if self._texts:
            self._texts -= {action_id}
            self._reframe()

    def _take_response(self, message: Answer, now: float, received: Received, *, success: bool = False) -> None:
        """Handle an answer, which is known to report ``success``, or else is checked."""
        self.tally.answers += 1
        action_id = _id_of(message) or ""
        self._no_longer_due(action_id)
        exchange = self._pending.get(action_id)
        if exchange is not None and exchange.response is None:
            self._answer(exchange, message, now, received, success or (_succeeds(message) and exchange.clear(message)))
        elif not message.success and (begun := self._gathering.get(action_id)) is not None:
            self._break_off(begun, message, received)
        else:
            self._take_late(message, now, received)

    def _break_off(self, exchange: Exchange[Any], message: Answer, received: Received) -> None:
        """Handle an error that replaces the rest of a list."""
        assert exchange.events is not None
        exchange.break_off(exchange.events, message)
        self._end_list(exchange, received)
        if not exchange.synchronous:
            received.deliveries.append(exchange.events)

    def _take_late(self, message: Answer, now: float, received: Received) -> None:
        """Handle a response without a pending request."""
        action_id = message.action_id or ""
        if action_id in self._ignored:  # an error ends the list; otherwise it is the answer, sent after the list
            if not message.success:
                self._ignore_no_more(action_id)
            return
        self.tally.late_answers += self._overdue.pop(action_id, now) > now
        if not message.success and action_id:
            self._raw_texts.withdraw(action_id)
            self._no_longer_odd(action_id)
        received.deliveries.append(message)

    def _take_raw_text(self, piece: bytes, now: float, received: Received) -> None:
        """Add a piece of raw text to the answer that is due next."""
        whole = self._raw_texts.take(piece)
        if whole is None:
            return
        exchange, text = whole
        self._no_longer_odd(exchange.action_id)
        message = Answer.of(text)
        if exchange.action_id in self._pending:
            message[KEY_RESPONSE] = RESPONSE_GENERIC
            self.tally.answers += 1
            self._answer(exchange, message, now, received, _succeeds(message) and exchange.clear(message))
        elif text:
            self._take_generic(message, now, received)

    def _answer(self, exchange: Exchange[Any], message: Answer, now: float, received: Received, success: bool) -> None:
        if success:
            exchange.due -= 1
            if exchange.due:
                return
            if not exchange.usual:
                self._take_effect(exchange)
        else:
            if exchange.knowledge.logs_off:
                self.leaving = False
            if self._raw_texts:  # it replaces the text
                self._raw_texts.withdraw(exchange.action_id)
        if now >= self._drift.due:
            self._inspector.answered(exchange.request, message, now)
        exchange.answer(message, success, now)
        if exchange.events is not None:
            self._answer_list(exchange, exchange.events, message, received)
        else:
            del self._pending[exchange.action_id]
            if self._quirks and not _begins_list(exchange, message):
                self._no_longer_odd(exchange.action_id)
            self._settle(exchange, received)

    def _take_effect(self, exchange: Exchange[Any]) -> None:
        """Note what a request has changed on this connection."""
        if exchange.knowledge.sets_mask or exchange.knowledge.names_events:
            self.visibility.changed_by(exchange.knowledge, exchange.octets)
        if exchange.knowledge.lasts or exchange.knowledge.logs_in:
            self._remember(exchange)

    def _answer_list(self, exchange: Exchange[Any], events: Aggregate, message: Answer, received: Received) -> None:
        """Handle the answer that precedes a list that is being collected, or replaces it."""
        events.response = message
        if _list_mark(message) == "cancelled":
            events._fail("the server cancelled the list")
        if events.closing is not None or not _begins_list(exchange, message):
            self._end_list(exchange, received)
            listed = exchange.knowledge.lists or events.closing is not None
            if listed and not exchange.synchronous:
                if not message.success and not exchange.empty:
                    events._fail(message.message or "the action was refused")
                received.deliveries.append(events)
        elif not exchange.synchronous:
            self._pending.pop(exchange.action_id, None)
            self._settle(exchange, received)

    def _remember(self, exchange: Exchange[Any]) -> None:
        """Keep a request whose effect ends with the connection, as it was sent: the program may modify it later."""
        request = as_sent(exchange.request, exchange.octets)
        if exchange.knowledge.logs_in:
            self.login = self.login or request  # Asterisk ignores a second one, but answers it with a success
            return
        if not exchange.knowledge.adds_up:
            self.lasting = [each for each in self.lasting if each.action.lower() != request.action.lower()]
        self.lasting.append(request)

    def _end_list(self, exchange: Exchange[Any], received: Received) -> None:
        self._drop(exchange)
        if self._quirks:
            self._no_longer_odd(exchange.action_id)
        if not exchange.settled and exchange.response is not None:
            self._settle(exchange, received)

    def _no_longer_odd(self, action_id: str) -> None:
        """Unregister an answer with a quirk. Stop accepting bare LFs, unless another such answer is pending."""
        self._quirks.settle(action_id)
        self._reframe()

    def _settle(self, exchange: Exchange[Any], received: Received) -> None:
        exchange.settled = True
        recent = self.tally.requests[1]
        recent.append((exchange.request[KEY_ACTION], exchange.ending, exchange.elapsed))
        if len(recent) >= BATCH:
            self.tally.fold_requests()
        received.settled.append(exchange)

    # Time-outs and the end

    def expire(self, now: float) -> Received:
        """Give up the aggregates whose events have stopped arriving; deliver them as invalid."""
        received = Received([], [])
        for exchange in list(self._gathering.values()):
            if exchange.settled and exchange.progress + self._aggregate_timeout <= now:
                assert exchange.events is not None
                self._drop(exchange)
                exchange.events._fail(
                    f"no closing event arrived within {self._aggregate_timeout:g} s of the last event"
                )
                received.deliveries.append(exchange.events)
        return received

    def close(self, reason: ConnectionLost) -> Received:
        """End every exchange. Those that are not settled fail with an error that states what is certain."""
        received, self._unreturned = self._unreturned or Received([], []), None
        for exchange in (self._pending | self._gathering).values():
            self._drop(exchange)
            if not exchange.settled:
                exchange.lose(reason)
                self._settle(exchange, received)
            elif exchange.events is not None and exchange.events.closing is None:
                exchange.events._fail(str(reason))
                received.deliveries.append(exchange.events)
        self._wake_boot_waiters()
        self.tally.fold(self._kinds.values())
        return received


def _action_of(request: Request[Any]) -> str:
    """Return `Request.action`, in the usual case without calling it."""
    try:
        action = request[KEY_ACTION]
    except KeyError:
        return request.action
    return action if type(action) is str else request.action


def _succeeds(answer: Answer) -> bool:
    """Return whether the server reports success: `Answer.success` of an answer that was just received."""
    return answer[KEY_RESPONSE].lower() != "error"


def _is_usual(knowledge: type[Request[Any]]) -> bool:
    """Whether `Session` has nothing to note about requests of this class but that their answer or list is pending."""
    return not (
        knowledge.logs_in
        or knowledge.logs_off
        or knowledge.lasts
        or knowledge.sets_mask
        or knowledge.names_events
        or knowledge.raw_text
        or knowledge.text_follows is not None
        or knowledge.waits is not None
        or is_odd(knowledge)
    )


class _Known:
    """What is known about the requests of a class, worked out once.

    Args:
        action: Their action.
        knowledge: The class that describes them; see `knowledge_of`.
        version: The version of the registry that said so.
    """

    __slots__ = ("action", "knowledge", "usual", "version")

    def __init__(self, action: str, knowledge: type[Request[Any]], version: int) -> None:
        self.action = action
        self.knowledge = knowledge
        self.usual = _is_usual(knowledge)
        self.version = version


_KNOWN: Final[dict[type, _Known]] = {}


def _known(request: Request[Any]) -> _Known:
    """Return what is known about a request; requests of one class usually have one action."""
    action = _action_of(request)
    known = _KNOWN.get(type(request))
    if known is None or known.action != action or known.version != DEFINED.version:
        if len(_KNOWN) >= _CLASSES:
            _KNOWN.clear()
        known = _KNOWN[type(request)] = _Known(action, knowledge_for(type(request), action), DEFINED.version)
    return known


@functools.cache
def _has_all(release: Release, knowledge: type[Request[Any]]) -> bool:
    """Whether a release supports an action with all its possible parameters."""
    return not knowledge.parameter_releases and release in knowledge.releases


def _begins_list(exchange: Exchange[Any], answer: Answer) -> bool:
    return answer.success and (exchange.expected or _list_mark(answer) == "start")


def _check_release(request: Request[Any], headers: Mapping[str, Any], release: Release) -> None:
    """Reject what the server's release does not support, in the request or in the additional headers."""
    knowledge = knowledge_of(request)
    given = {name.lower() for name in headers}
    asked = [(request.action, knowledge.releases)]
    asked += [
        (f"The parameter {header} of {request.action}", Releases(spans))
        for header, spans in knowledge.parameter_releases.items()
        if header in request or header.lower() in given
    ]
    for what, releases in asked:
        if release not in releases:
            raise NotInRelease(
                f"{what} requires {releases.needed_by(release)}, but this server runs {release}. To send it anyway, "
                "create the manager with check_releases=False."
            )


def _gathers(request: Any) -> bool:
    """Return whether a request is synchronous; compiled code would reject any true value other than `True`."""
    return bool(request.synchronous)


def _lines(request: Request[Any], action_id: str, headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Order a request's lines: action and ActionID first, so that an error about a later line bears the ActionID."""
    first = {KEY_ACTION.lower(), KEY_ACTIONID.lower()}
    added: Request[Any] = Request(request.action)
    added.update(headers)
    more = [(name, value) for name, value in added.lines() if name.lower() not in first]
    given = {name.lower() for name, _ in more} | first
    own = [(name, value) for name, value in request.lines() if name.lower() not in given]
    return [(KEY_ACTION, request.action), (KEY_ACTIONID, action_id), *own, *more]
