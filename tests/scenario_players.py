"""Plays the application of a scenario: what its `A ...` lines mean, and who carries them out.

`Application` reads the lines and compares what came; what carries them out is one subclass for each face of the
package. `InMemory` is `Session` without a socket; `WithThreads` is `Manager` and `WithEventLoop` is `AsyncManager`, both
against a stand-in on loopback.

    A connects [within 0.2 s]                      the operation is called "connection"
    A logs in as USER with SECRET [and waits]      "login"; waits for FullyBooted
    A logs off                                     "logoff"
    A sends NAME: ACTION [OPTION ...]              with headers below; OPTION: synchronous aggregate bare raw timeout=0
    A executes NAME: ACTION [OPTION ...]           the same by `execute`
    A originates NAME: CHANNEL                     with headers below
    A floods NAME: ACTION                          a request so long that the server's not reading holds it up
    A gets NAME: VERDICT                           what it returned: its Response, "complete", "nothing"; headers below
    A raises NAME: CLASS[: part of the sentence]
    A finds in NAME: EVENT                         its next event of that name; headers below
    A finds in NAME: nothing more
    A listens to EVENT only                        else it hears everything
    A hears event EVENT | hears response           the next that callbacks are called with; headers below
    A hears aggregate NAME: VERDICT                it is called NAME from here on
    A disconnects | is connected | is disconnected
    A knows of N late answers

A header below is `Name: value`, once for each value that it has; `| text` is a line that is no header.
"""

from __future__ import annotations

import queue
import re
import time
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

import ami_typed as ami
from ami_typed._delivery.subscriptions import Handlers
from ami_typed._protocol import dialogues
from ami_typed._protocol.dialogues import Await, Boot, Conversation, Credentials, Listen
from ami_typed._protocol.session import Received, Session
from ami_typed.testing import Deed, Expect, HangUp, Leave, Say, Scenario, StandIn
from ami_typed.testing.templates import difference, match
from tests.faces import BlockingManager, EventLoop

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.exchanges import Exchange

Heard = ami.Message | ami.Aggregate

GUARD = 20.0
"""Seconds after which something that never comes fails its test; nothing waits for it when all is well."""

FLOOD = 48 << 20
"""More bytes than two sockets hold."""

EVERYTHING = ("", None)


class BareLineFeeds(ami.Request[ami.Answer]):
    """An action whose list breaks the rule that lines end in CR LF."""

    __slots__ = ()
    bare_line_feeds = True


class RawText(ami.Request[ami.Answer]):
    """An action that is answered by text without headers."""

    __slots__ = ()
    raw_text = True


KINDS: dict[str, type[ami.Request[Any]]] = {"bare": BareLineFeeds, "raw": RawText}


def new_request(words: str, details: list[str]) -> ami.Request[Any]:
    """Make the request of `ACTION [OPTION ...]` and the headers below."""
    action, *options = words.split()
    kinds = [KINDS[option] for option in options if option in KINDS]
    request = (kinds[0] if kinds else ami.Request[Any])(action)
    request.synchronous = "synchronous" in options
    request.aggregate = "aggregate" in options
    request.timeout = 0.0 if "timeout=0" in options else GUARD
    request.update({name: values if len(values) > 1 else values[0] for name, values in values_of(details).items()})
    unknown = {*options} - {*KINDS, "synchronous", "aggregate", "timeout=0"}
    assert not unknown, f"a request has no option {unknown}"
    return request


def values_of(details: list[str]) -> dict[str, list[str]]:
    """Return the values of each header."""
    values: dict[str, list[str]] = defaultdict(list)
    for detail in details:
        name, colon, value = detail.partition(": ")
        if "(" in name and "): " in detail:
            name, colon, value = detail.partition("): ")
            name += ")"
        assert colon or name.endswith(":"), f"{detail!r} is no header; a line that is none begins with `| `"
        values[name.removesuffix(":") if not colon else name].append(value)
    return values


def verdict(result: object) -> str:
    """Say in a word what an operation returned, or how complete an aggregate is."""
    match result:
        case None:
            return "nothing"
        case ami.Response(response=response, events_timeout=cut):
            return response["Response"] + (", cut short" if cut else "")
        case ami.Aggregate():
            return "complete" if result.valid else str(result.error_message)
        case ami.Message():
            return result["Response"]
        case _:
            return str(result)


def compare(message: ami.Message, details: list[str]) -> None:
    """Compare a message with the headers and the other lines that a scenario gives it."""
    lines = [detail[1:].removeprefix(" ") for detail in details if detail.startswith("|")]
    headers = values_of([detail for detail in details if not detail.startswith("|")])
    assert {name: message.all(name) for name in headers} == headers, f"in {message!r}"
    if lines:
        assert message.data == lines


def _listed(found: Any) -> list[ami.Event]:
    """Return what stands under a name in an aggregate as a list, whether it may come several times or not."""
    return cast("list[ami.Event]", found) if isinstance(found, list) else [found]


class Application(ABC):
    """Reads what the application does; a subclass carries it out on one face of the package."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], int] = defaultdict(int)
        self._results: dict[str, Any] = {}

    # What a face of the package does

    @abstractmethod
    def connect(self, timeout: float) -> None:
        """Begin to connect; its outcome is the greeting."""

    @abstractmethod
    def converse(self, name: str, what: str, *args: Any, **kwargs: Any) -> None:
        """Begin `login`, `logoff` or `originate`."""

    @abstractmethod
    def send(self, name: str, request: ami.Request[Any], *, execute: bool) -> None:
        """Begin to send a request; return once its bytes are on their way."""

    @abstractmethod
    def flood(self, name: str, request: ami.Request[Any]) -> None:
        """Begin to send a request that is held up, and with it all that come after."""

    @abstractmethod
    def outcome(self, name: str) -> Any:
        """Return what an operation returned, or raise what it raised."""

    @abstractmethod
    def next_heard(self) -> Heard:
        """Return the next that a callback was called with."""

    @abstractmethod
    def listen_to(self, event: str) -> None:
        """Hear this event and nothing else."""

    @abstractmethod
    def disconnect(self) -> None:
        """Close the connection."""

    @abstractmethod
    def check_connected(self, expected: bool) -> None:
        """Check whether it is connected."""

    @abstractmethod
    def late(self) -> int:
        """Return how many answers came late."""

    @abstractmethod
    def unheard(self) -> list[Heard]:
        """Return what callbacks were called with that no line of the scenario asked for."""

    # What the lines mean

    def perform(self, deed: Deed, captured: dict[str, bytes]) -> None:
        words, details = deed.text(captured)
        for pattern, perform in DEEDS:
            if found := re.fullmatch(pattern, words):
                try:
                    perform(self, details, **found.groupdict())
                except AssertionError as error:
                    raise AssertionError(f"line {deed.line}, `A {words}`: {error}") from error
                return
        raise AssertionError(f"line {deed.line}: nobody knows how to play `A {words}`")

    def connects(self, details: list[str], seconds: str | None) -> None:
        self.connect(float(seconds or GUARD))

    def logs_in(self, details: list[str], user: str, secret: str, wait: str | None) -> None:
        self.converse("login", "login", user, secret, wait=GUARD if wait else None)

    def logs_off(self, details: list[str]) -> None:
        self.converse("logoff", "logoff")

    def sends(self, details: list[str], name: str, words: str) -> None:
        self.send(name, new_request(words, details), execute=False)

    def executes(self, details: list[str], name: str, words: str) -> None:
        self.send(name, new_request(words, details), execute=True)

    def originates(self, details: list[str], name: str, channel: str) -> None:
        request = new_request("Originate", [f"Channel: {channel}", *details])
        self.converse(name, "originate", request)

    def floods(self, details: list[str], name: str, words: str) -> None:
        request = new_request(words, details)
        request["Flood"] = "x" * FLOOD
        self.flood(name, request)

    def gets(self, details: list[str], name: str, expected: str) -> None:
        result = self._results[name] = self.outcome(name)
        assert verdict(result) == expected, f"in {result!r}"
        compare(result.response if isinstance(result, ami.Response) else result, details)

    def raises(self, details: list[str], name: str, error: str, sentence: str | None) -> None:
        with pytest.raises(ami.Error) as caught:
            self.outcome(name)
        assert type(caught.value).__name__ == error, repr(caught.value)
        assert (sentence or "") in str(caught.value)

    def finds(self, details: list[str], name: str, event: str) -> None:
        position = self._found[name, event]
        self._found[name, event] += 1
        found = _listed(self._events(name).get(event, []))
        assert len(found) > position, f"it has {len(found)} of them"
        compare(found[position], details)

    def finds_nothing_more(self, details: list[str], name: str) -> None:
        counts = {event: len(_listed(found)) for event, found in self._events(name).items() if found}
        assert counts == {event: count for (of, event), count in self._found.items() if of == name}

    def _events(self, name: str) -> ami.Aggregate:
        """Return the events of a result."""
        events: object = getattr(self._results[name], "events", self._results[name])
        assert isinstance(events, ami.Aggregate), f"{self._results[name]!r} has no events"
        return events

    def listens(self, details: list[str], event: str) -> None:
        self.listen_to(event)

    def hears(self, details: list[str], what: str, name: str | None) -> None:
        heard = self.next_heard()
        assert isinstance(heard, ami.Message), f"it heard {heard!r}"
        assert isinstance(heard, ami.Event) == (what == "event"), f"it heard {heard!r}"
        if isinstance(heard, ami.Event):
            assert heard.event == name
        compare(heard, details)

    def hears_aggregate(self, details: list[str], name: str, expected: str) -> None:
        heard = self._results[name] = self.next_heard()
        assert isinstance(heard, ami.Aggregate), f"it heard {heard!r}"
        assert verdict(heard) == expected

    def disconnects(self, details: list[str]) -> None:
        self.disconnect()

    def is_connected(self, details: list[str], state: str) -> None:
        self.check_connected(state == "connected")

    def knows_of_late(self, details: list[str], count: str) -> None:
        assert self.late() == int(count)


DEEDS: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"connects(?: within (?P<seconds>[\d.]+) s)?", Application.connects),
    (r"logs in as (?P<user>\S+) with (?P<secret>\S+)(?P<wait> and waits)?", Application.logs_in),
    (r"logs off", Application.logs_off),
    (r"sends (?P<name>\w+): (?P<words>.+)", Application.sends),
    (r"executes (?P<name>\w+): (?P<words>.+)", Application.executes),
    (r"originates (?P<name>\w+): (?P<channel>.+)", Application.originates),
    (r"floods (?P<name>\w+): (?P<words>.+)", Application.floods),
    (r"gets (?P<name>\w+): (?P<expected>.+)", Application.gets),
    (r"raises (?P<name>\w+): (?P<error>\w+)(?:: (?P<sentence>.+))?", Application.raises),
    (r"finds in (?P<name>\w+): nothing more", Application.finds_nothing_more),
    (r"finds in (?P<name>\w+): (?P<event>.+)", Application.finds),
    (r"listens to (?P<event>\w+) only", Application.listens),
    (r"hears (?P<what>event) (?P<name>.+)", Application.hears),
    (r"hears (?P<what>response)(?P<name>)", Application.hears),
    (r"hears aggregate (?P<name>\w+): (?P<expected>.+)", Application.hears_aggregate),
    (r"disconnects", Application.disconnects),
    (r"is (?P<state>connected|disconnected)", Application.is_connected),
    (r"knows of (?P<count>\d+) late answers?", Application.knows_of_late),
)


class InMemory(Application):
    """`Session` by itself: a shell without socket, thread and clock, which also plays the server.

    Args:
        bytewise: Whether the server's words are handed in one byte at a time instead of chunk by chunk.
    """

    def __init__(self, *, bytewise: bool = False) -> None:
        super().__init__()
        self._bytewise = bytewise
        self._handlers = Handlers()
        self._heard: deque[Heard] = deque()
        self._outcomes: dict[str, Future[Any]] = {}
        self._open: dict[str, Exchange[Any]] = {}
        self._unsaid: deque[Exchange[Any]] = deque()
        self._awaiting: list[tuple[Await, list[ami.Event], Callable[[ami.Event], None]]] = []
        self._session: Session | None = None
        for event in EVERYTHING:
            self._handlers.register(event, self._hear)

    def play(self, scenario: Scenario) -> None:
        captured: dict[str, bytes] = {}
        for step in scenario.steps:
            match step:
                case Deed():
                    self.perform(step, captured)
                case Say():
                    for chunk in step.chunks:
                        self._take(chunk.fill(captured))
                case Expect():
                    self._say(step, captured)
                case HangUp():
                    self._end("the server closed the connection.")
                case Leave():
                    assert self._session is None, "it should have disconnected"
                case _:
                    raise AssertionError(f"nothing pauses in memory: {step}")

    # The other end

    def _take(self, octets: bytes) -> None:
        pieces = [octets[at : at + 1] for at in range(len(octets))] if self._bytewise else [octets]
        for piece in pieces:
            if self._session is not None:
                try:
                    self._hand_out(self._receive(self._session, piece))
                except ami.NotAsterisk as error:
                    self._session = None
                    self._raised("connection", error)

    def _receive(self, session: Session, octets: bytes) -> Received:
        if "connection" in self._outcomes:
            return session.receive(octets, 0)
        received = session.greet(octets)
        if received is None:
            return Received([], [])
        self._returned("connection", "/".join(session.greeting or ()))
        return received

    def _hand_out(self, received: Received) -> None:
        for exchange in received.settled:
            exchange.wake()
        for message in received.deliveries:
            route = self._handlers.route_of(message)
            for function in (*route.sinks, *route.functions):
                function(message, None)

    def _say(self, step: Expect, captured: dict[str, bytes]) -> None:
        assert self._unsaid, f"line {step.line}: the client says nothing"
        exchange = self._unsaid.popleft()
        exchange.begin()
        lines = exchange.octets.removesuffix(b"\r\n\r\n").split(b"\r\n")
        assert match(step.lines, lines, captured), f"line {step.line}:\n{difference(step.lines, lines, captured)}"

    def _end(self, reason: str, before_the_greeting: ami.ConnectFailed | None = None) -> None:
        session, self._session = self._session, None
        if session is not None:
            self._hand_out(session.close(ami.errors.ConnectionLost(reason)))
            if "connection" not in self._outcomes:
                self._raised("connection", before_the_greeting or ami.TurnedAway.by("pbx:5038"))

    def _hear(self, message: Heard, _: object) -> None:
        self._heard.append(message)

    # The application

    def _returned(self, name: str, result: Any) -> None:
        self._outcomes[name] = Future()
        self._outcomes[name].set_result(result)

    def _raised(self, name: str, error: ami.Error) -> None:
        self._outcomes[name] = Future()
        self._outcomes[name].set_exception(error)

    def _settled(self, name: str, outcome: Callable[[], Any]) -> None:
        try:
            self._returned(name, outcome())
        except ami.Error as error:
            self._raised(name, error)

    def connect(self, timeout: float) -> None:
        self._outcomes.pop("connection", None)
        self._session = Session(self._handlers, token="in-memory")

    def converse(self, name: str, what: str, *args: Any, **kwargs: Any) -> None:
        if what == "login":
            args, kwargs = (Credentials(*args, **kwargs),), {}
        conversation: Conversation[Any] = getattr(dialogues, what)(*args, **kwargs)
        self._go_on(name, conversation, [], lambda: next(conversation))

    def _go_on(
        self, name: str, conversation: Conversation[Any], collected: list[ami.Event], resume: Callable[[], Any]
    ) -> None:
        """Carry out the next step of a conversation."""
        go_on = partial(self._go_on, name, conversation, collected)
        try:
            step = resume()
        except StopIteration as end:
            self._returned(name, self._ended(name, end.value))
        except ami.Error as error:
            self._raised(name, error)
        else:
            if isinstance(step, Listen):
                for event in step.names:
                    self._handlers.register(event, partial(self._collect, collected), sink=True)
                go_on(lambda: conversation.send(None))
            elif isinstance(step, Await):
                self._awaiting.append((step, collected, lambda event: go_on(lambda: conversation.send(event))))
                self._look()
            elif isinstance(step, Boot):
                assert self._session is not None
                self._session.boot_waiters.add(lambda: go_on(lambda: conversation.send(None)))
            else:
                exchange = self._begin(step, synchronous=None)
                exchange.wake = lambda: go_on(partial(_resume, conversation, exchange))

    def _ended(self, name: str, value: Any) -> Any:
        if name == "login":
            assert self._session is not None
            self._session.release = value
            return self._session.release or "no release"
        if name == "logoff":
            self.disconnect()
            return "done"
        return value

    def _collect(self, collected: list[ami.Event], event: ami.Event, _: object = None) -> None:
        collected.append(event)
        self._look()

    def _look(self) -> None:
        """Go on with the conversations whose event has come."""
        for waiting in list(self._awaiting):
            step, collected, found = waiting
            event = next(filter(step.fits, collected), None)
            if event is not None:
                self._awaiting.remove(waiting)
                found(event)

    def _begin(self, request: ami.Request[Any], *, synchronous: bool | None) -> Exchange[Any]:
        assert self._session is not None, "it is not connected"
        exchange = self._session.open(request, 0, synchronous=synchronous)
        self._unsaid.append(exchange)
        return exchange

    def send(self, name: str, request: ami.Request[Any], *, execute: bool) -> None:
        try:
            exchange = self._begin(request, synchronous=(request.lists or request.synchronous) if execute else None)
        except ami.Error as error:
            self._raised(name, error)
            return
        self._open[name] = exchange
        exchange.wake = lambda: self._settled(name, exchange.result if execute else exchange.outcome)

    def flood(self, name: str, request: ami.Request[Any]) -> None:
        self.send(name, request, execute=False)
        self._unsaid.pop().begin()

    def outcome(self, name: str) -> Any:
        if name not in self._outcomes and name in self._open:
            exchange = self._open[name]
            assert exchange.timeout == 0, "it waits for its answer"
            assert self._session is not None
            self._session.give_up(exchange, 0)
            return None
        if name == "connection" and name not in self._outcomes:
            self._end("the program disconnected.", ami.NotAsterisk.silent(0))
        assert name in self._outcomes, "it has no outcome yet"
        return self._outcomes[name].result(0)

    def next_heard(self) -> Heard:
        assert self._heard, "it heard nothing"
        return self._heard.popleft()

    def listen_to(self, event: str) -> None:
        for each in EVERYTHING:
            self._handlers.unregister(each, self._hear)
        self._handlers.register(event, self._hear)

    def disconnect(self) -> None:
        self._end("the program disconnected.")

    def check_connected(self, expected: bool) -> None:
        assert (self._session is not None) == expected

    def late(self) -> int:
        assert self._session is not None
        return self._session.tally.late_answers

    def unheard(self) -> list[Heard]:
        self.disconnect()
        return list(self._heard)


def _resume(conversation: Conversation[Any], exchange: Exchange[Any]) -> Any:
    try:
        result = exchange.result()
    except ami.Error as error:
        return conversation.throw(error)
    return conversation.send(result)


class WithThreads(Application):
    """`Manager`, each operation in a thread of its own; the server is a stand-in."""

    def __init__(self) -> None:
        super().__init__()
        self._manager = self.make_manager()
        self._threads = ThreadPoolExecutor(8)
        self._futures: dict[str, Future[Any]] = {}
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._address = ("", 0)
        for event in EVERYTHING:
            cast("Any", self._manager).register_callback(event, self._hear)

    def play(self, scenario: Scenario) -> None:
        server = StandIn(scenario, lambda deed, server: self.perform(deed, server.captured), patience=GUARD)
        self._address = server.host, server.port
        try:
            with server:
                server.finish()
                self.disconnect()
        finally:
            self._manager.close()
            self._threads.shutdown()

    def make_manager(self) -> ami.Manager:
        """Make the manager that is played with."""
        return ami.Manager()

    def _hear(self, message: Heard, manager: object) -> None:
        assert manager is getattr(self._manager, "_face", self._manager)
        self._heard.put(message)

    def _begin(self, name: str, function: Callable[[], Any]) -> Future[Any]:
        future = self._futures[name] = self._threads.submit(function)
        return future

    def connect(self, timeout: float) -> None:
        def connect() -> str:
            self._manager.connect(*self._address, timeout=timeout)
            return "/".join(self._manager.get_asterisk_info() or ())

        self._begin("connection", connect)

    def converse(self, name: str, what: str, *args: Any, **kwargs: Any) -> None:
        def converse() -> Any:
            result = getattr(self._manager, what)(*args, **kwargs)
            if what == "login":
                return self._manager.release or "no release"
            return "done" if what == "logoff" else result

        self._begin(name, converse)

    def send(self, name: str, request: ami.Request[Any], *, execute: bool) -> None:
        function = self._manager.execute if execute else self._manager.send_action
        before = self._pending()
        future = self._begin(name, lambda: function(request))
        until(lambda: self._pending() > before or future.done())

    def _pending(self) -> int:
        connection = self._manager._connection
        return connection.session.pending if connection else 0

    def flood(self, name: str, request: ami.Request[Any]) -> None:
        self.send(name, request, execute=False)
        connection = self._manager._connection
        assert connection is not None
        until(lambda: any(exchange.written for exchange in list(connection.session._pending.values())))

    def outcome(self, name: str) -> Any:
        return self._futures[name].result(GUARD)

    def next_heard(self) -> Heard:
        try:
            return self._heard.get(timeout=GUARD)
        except queue.Empty:
            raise AssertionError("it heard nothing") from None

    def listen_to(self, event: str) -> None:
        for each in EVERYTHING:
            cast("Any", self._manager).unregister_callback(each, self._hear)
        self._manager.register_callback(event, self._hear)

    def disconnect(self) -> None:
        self._manager.disconnect()

    def check_connected(self, expected: bool) -> None:
        until(lambda: self._manager.is_connected() == expected)

    def late(self) -> int:
        assert self._manager._connection is not None
        return self._manager.statistics.late_answers

    def unheard(self) -> list[Heard]:
        unheard: list[Heard] = []
        with suppress(queue.Empty):
            while True:
                unheard.append(self._heard.get_nowait())
        return unheard


class WithEventLoop(WithThreads):
    """`AsyncManager` on an event loop in a thread of its own, each operation a task there; the server is a stand-in."""

    def make_manager(self) -> ami.Manager:
        self._loop = EventLoop()
        return cast("ami.Manager", BlockingManager(self._loop, ami.AsyncManager()))

    def play(self, scenario: Scenario) -> None:
        try:
            super().play(scenario)
            assert self._loop.tasks() == set()
        finally:
            self._loop.close()
        assert self._loop.troubles == []


def until(condition: Callable[[], bool]) -> None:
    """Wait until something that another thread does has happened."""
    deadline = time.monotonic() + GUARD
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0)
