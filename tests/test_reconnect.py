"""A connection that is lost is made again as it was, on both faces; what was pending is never sent again."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import socket
import threading
import weakref
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import Disconnected, EventsLost, Overflow, Reconnect, Reconnected, events
from ami_typed._transport import tasks as _tasks
from ami_typed._transport import threads as _threads
from ami_typed.backoff import Pauses
from tests.faces import EVERYWHERE, maker
from tests.support import GREETING, PATIENCE, Gadget, GadgetsComplete, Peer, Server, answer, background, echo, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


@pytest.fixture(params=EVERYWHERE)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """What makes managers of each face, the one with an event loop on uvloop's too."""
    with maker(request.param) as make_manager:
        yield make_manager


AT_ONCE = Reconnect(first=0, jitter=0)
NEVER = Reconnect(first=3600, ceiling=3600, jitter=0)
Request = dict[str, str]


class Heard(SimpleQueue[Any]):
    """A callback that keeps what it was called with."""

    def __call__(self, event: Any, manager: object) -> None:
        self.put(event)

    def next(self) -> Any:
        return self.get(timeout=PATIENCE)


class Asterisk:
    """Answers as Asterisk does, to one connection; keeps what it was asked.

    Args:
        peer: The server's end.
        challenge: What the log-in is to prove that it knows the secret with.
        refuses: The actions that are answered with an error.
    """

    def __init__(self, peer: Peer, challenge: str = "123", refuses: tuple[str, ...] = ()) -> None:
        self.peer = peer
        self.asked: SimpleQueue[Request] = SimpleQueue()
        self._challenge = challenge
        self._refuses = refuses
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.serve(self._reply)

    def _reply(self, request: Request) -> bytes:
        self.asked.put(request)
        action_id = request["ActionID"]
        match request["Action"]:
            case action if action in self._refuses:
                return answer(action_id, "Error", "Message: Authentication failed")
            case "Challenge":
                return answer(action_id, "Success", f"Challenge: {self._challenge}")
            case "Login" if request.get("Key") != key(self._challenge):
                return answer(action_id, "Error", "Message: Authentication failed")
            case "Vanish":
                self.peer.socket.shutdown(socket.SHUT_RDWR)
                raise ConnectionError("it is gone")
            case "CoreSettings":
                return answer(action_id, "Success", "AsteriskVersion: 18.10.0")
            case _:
                return answer(action_id, "Success", "Message: Done")

    def next(self) -> Request:
        """Return the next request, without its ActionID."""
        request = self.asked.get(timeout=PATIENCE)
        return {name: value for name, value in request.items() if name != "ActionID"}

    def actions(self, count: int) -> list[str]:
        return [self.next()["Action"] for _ in range(count)]

    def gadget(self, size: int) -> None:
        self.peer.send(message("Event: Gadget", f"Size: {size}"))


def key(challenge: str) -> str:
    return hashlib.md5(f"{challenge}secret".encode(), usedforsecurity=False).hexdigest()


class Told:
    """Somebody who is told of a lost connection."""

    def __init__(self) -> None:
        self.wanted: list[bool] = []

    def __call__(self, connection: object, reason: Exception, wanted: bool) -> None:
        self.wanted.append(wanted)


def logged_in(server: Server, manager: ami.Manager, **options: Any) -> Asterisk:
    asterisk = Asterisk(server.link(manager))
    manager.login("admin", "secret", **options)
    assert asterisk.actions(3) == ["Challenge", "Login", "CoreSettings"]
    return asterisk


def told(stream: ami.EventStream[Any], cls: type[ami.Event]) -> Any:
    """Return the next event of a stream, which is to be of a class."""
    event = stream.get(PATIENCE)
    assert isinstance(event, cls), event
    return event


# As it was


@pytest.mark.usefixtures("abroad")
def test_the_servers_time_zone_is_known_over_every_connection(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE, timezone="Europe/Berlin")
    record = message("Event: Cdr", "StartTime: 2026-07-01 10:00:00")
    first = logged_in(server, manager)
    with manager.subscribe(events.Cdr) as stream:
        first.peer.send(record)
        moments = [stream.get(PATIENCE).start_time]
        first.peer.close()
        Asterisk(server.peer()).peer.send(record)
        moments.append(stream.get(PATIENCE).start_time)
    assert moments == [datetime(2026, 7, 1, 8, tzinfo=UTC)] * 2


def test_a_lost_connection_is_restored_with_a_new_challenge(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = logged_in(server, manager, events="call,agent")
    with manager.subscribe(Disconnected, Reconnected) as notices:
        first.peer.close()
        second = Asterisk(server.peer(), challenge="456")
        assert second.next() == {"Action": "Challenge", "AuthType": "MD5"}
        login = {"Action": "Login", "Username": "admin", "AuthType": "MD5", "Key": key("456"), "Events": "call,agent"}
        assert second.next() == login
        assert second.next() == {"Action": "CoreSettings"}
        assert told(notices, Disconnected).reason == "the server closed the connection."
        again = told(notices, Reconnected)
    assert again.attempts == 1
    assert again.gap.total_seconds() >= 0
    assert manager.is_connected()
    assert manager.release == ami.Release(18, 10, 0)
    assert manager.execute(ami.Request("Ping"))["Response"] == "Success"


def login(**headers: Any) -> ami.Request[Any]:
    return ami.Request("Login", Username="admin", Secret="secret", **headers)


class PlainAsterisk(Asterisk):
    """Takes any log-in."""

    def _reply(self, request: Request) -> bytes:
        if request["Action"] == "Login":
            self.asked.put(request)
            return answer(request["ActionID"], "Success", "Message: Authentication accepted")
        if request["Action"].lower() == "logoff":
            self.asked.put(request)
            self.peer.send(answer(request["ActionID"], "Goodbye", "Message: Thanks for all the fish."))
            self.peer.socket.shutdown(socket.SHUT_RDWR)
            raise ConnectionError("it is gone")
        return super()._reply(request)


class OwnLogin(ami._Request[ami.Message]):
    """A log-in as programs for the classic client wrote it."""

    def __init__(self) -> None:
        self["Action"] = "Login"
        self["Username"] = "admin"
        self["Secret"] = "secret"


@pytest.mark.parametrize(
    "request_",
    [login(), login(Events="call"), OwnLogin(), ami.actions.Login(username="admin", secret="secret")],
    ids=["untyped", "with a mask", "own class", "typed"],
)
@pytest.mark.parametrize("how", ["send_action", "execute"])
def test_a_log_in_sent_as_a_request_is_repeated(
    server: Server, make: Make, request_: ami.Request[Any], how: str
) -> None:
    manager = make(reconnect=AT_ONCE)
    first = PlainAsterisk(server.link(manager))
    getattr(manager, how)(request_)
    sent = first.next()
    assert (sent["Action"], sent["Secret"]) == ("Login", "secret")
    manager.send_action(ami.Request("Events"), EventMask="call")
    with manager.subscribe(Disconnected, Reconnected) as notices:
        first.peer.close()
        second = PlainAsterisk(server.peer())
        assert second.next() == sent
        assert second.next() == {"Action": "Events", "EventMask": "call"}
        assert told(notices, Disconnected)
        assert told(notices, Reconnected).refused == []
        second.peer.close()
        assert PlainAsterisk(server.peer()).next() == sent
        assert "secret" not in repr(vars(manager))


def test_a_log_in_is_repeated_as_it_was_sent_whatever_becomes_of_the_request(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = PlainAsterisk(server.link(manager))
    request = ami.Request[Any]("Login", Username="admin")
    manager.send_action(request, Secret="secret", Events="off")
    request["Username"] = "changed"
    sent = first.next()
    first.peer.close()
    assert PlainAsterisk(server.peer()).next() == sent
    assert sent == {"Action": "Login", "Username": "admin", "Secret": "secret", "Events": "off"}


def test_the_first_log_in_of_a_connection_counts_because_asterisk_ignores_another(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = PlainAsterisk(server.link(manager))
    manager.send_action(login())
    manager.login("other", "word", plain=True)
    assert first.actions(3) == ["Login", "Login", "CoreSettings"]
    first.peer.close()
    assert PlainAsterisk(server.peer()).next()["Username"] == "admin"


def test_a_log_in_with_a_key_cannot_be_repeated(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = Asterisk(server.link(manager))
    challenge = manager.send_action(ami.actions.Challenge(auth_type="MD5"))
    assert challenge is not None
    proof = key(challenge.response["Challenge"])
    manager.execute(ami.actions.Login(username="admin", auth_type="MD5", key=proof))
    with manager.subscribe(Reconnected) as stream:
        first.peer.close()
        with pytest.raises(ami.ConnectionLost, match=r"cannot be repeated: it was sent with a Key.*Manager\.login\(\)"):
            stream.get(PATIENCE)
    assert not manager.is_connected()


@pytest.mark.parametrize("how", ["send_action", "execute"])
@pytest.mark.parametrize("request_", [ami.Request[Any]("logoff"), ami.actions.Logoff()], ids=["untyped", "typed"])
def test_a_log_off_sent_as_a_request_is_not_a_loss(
    server: Server, make: Make, request_: ami.Request[Any], how: str
) -> None:
    manager = make(reconnect=AT_ONCE)
    asterisk = PlainAsterisk(server.link(manager))
    manager.send_action(login())
    with manager.subscribe(Disconnected, Reconnected) as stream:
        background(getattr(manager, how), request_)
        with pytest.raises(StopIteration):
            stream.get(PATIENCE)
    assert asterisk.actions(2) == ["Login", request_.action]
    assert not manager.is_connected()


def test_a_log_off_that_is_refused_changes_nothing(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = Asterisk(server.link(manager), refuses=("Logoff",))
    outcome = manager.send_action(ami.actions.Logoff())
    assert outcome is not None
    assert not outcome.success
    with manager.subscribe(Disconnected) as stream:
        first.peer.close()
        assert told(stream, Disconnected)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Authentication failed", ami.AuthenticationFailed),
        ("Login Already In Use", ami.AlreadyLoggedIn),
        ("Anything else", ami.LoginFailed),
    ],
)
def test_a_refused_log_in_is_an_exception_of_execute_and_an_outcome_of_send_action(
    server: Server, make: Make, words: str, error: type[Exception]
) -> None:
    manager = make()
    peer = server.link(manager)
    peer.serve(lambda request: answer(request["ActionID"], "Error", f"Message: {words}"))
    for request in (login(), OwnLogin(), ami.actions.Login(username="admin", secret="secret")):
        outcome = manager.send_action(request)
        assert outcome is not None
        assert not outcome.success
        with pytest.raises(error) as refused:
            manager.execute(request)
        assert type(refused.value) is error


def test_the_event_mask_and_the_filters_are_restored_in_order(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    asterisk = logged_in(server, manager)
    manager.execute(ami.actions.Events(event_mask="off"))
    manager.execute(ami.actions.Filter(operation="Add", filter="Event: Hangup"))
    manager.execute(ami.actions.Ping())
    manager.execute(ami.actions.Filter(operation="Add", filter="!Channel: Local/"))
    manager.execute(ami.actions.Events(event_mask="call"))
    with manager.subscribe(Reconnected) as notices:
        for _ in range(2):  # what was set again is set again the next time too
            asterisk.peer.close()
            asterisk = Asterisk(server.peer())
            told(notices, Reconnected)
            assert asterisk.actions(3) == ["Challenge", "Login", "CoreSettings"]
            assert asterisk.next() == {"Action": "Filter", "Operation": "Add", "Filter": "Event: Hangup"}
            assert asterisk.next() == {"Action": "Filter", "Operation": "Add", "Filter": "!Channel: Local/"}
            assert asterisk.next() == {"Action": "Events", "EventMask": "call"}
            assert asterisk.asked.empty()


def test_rejected_settings_are_not_restored(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = Asterisk(server.link(manager), refuses=("Filter",))
    with pytest.raises(ami.ActionFailed):
        manager.execute(ami.actions.Filter(operation="Add", filter="Event: Hangup"))
    with manager.subscribe(Reconnected) as notices:
        first.peer.close()
        second = Asterisk(server.peer())
        told(notices, Reconnected)
    assert manager.execute(ami.Request("Ping")) is not None
    assert second.actions(1) == ["Ping"]


def test_settings_rejected_after_a_reconnect_are_reported_once_and_retried_after_the_next(
    server: Server, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make(reconnect=AT_ONCE)
    first = logged_in(server, manager)
    manager.execute(ami.actions.Filter(operation="Add", filter="Event: Hangup"))
    manager.execute(ami.actions.Events(event_mask="call"))
    with manager.subscribe(Reconnected) as notices:
        first.peer.close()
        second = Asterisk(server.peer(), refuses=("Filter",))
        assert told(notices, Reconnected).refused == ["Filter: Authentication failed"]
        assert second.actions(5) == ["Challenge", "Login", "CoreSettings", "Filter", "Events"]
        assert caplog.messages[1:] == ["Could not restore a setting after reconnecting: Filter: Authentication failed"]
        second.peer.close()
        third = Asterisk(server.peer())
        assert told(notices, Reconnected).refused == []
        assert third.actions(5) == ["Challenge", "Login", "CoreSettings", "Filter", "Events"]
    assert manager.execute(ami.Request("Ping")) is not None


def test_without_a_log_in_only_the_connection_is_restored(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    peer = server.link(manager)
    with manager.subscribe(Reconnected) as notices:
        peer.close()
        second = Asterisk(server.peer())
        told(notices, Reconnected)
    manager.login("admin", "secret")
    assert second.actions(3) == ["Challenge", "Login", "CoreSettings"]
    assert manager.release is not None


def test_callbacks_and_streams_live_on_with_the_notices_in_their_place(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    heard = Heard()
    for cls in (Gadget, Disconnected, Reconnected):
        manager.register_callback(cls, heard)
    first = logged_in(server, manager)
    with manager.subscribe(Gadget, Disconnected, Reconnected) as stream:
        first.gadget(1)
        first.peer.close()
        second = Asterisk(server.peer())
        told(stream, Gadget)
        told(stream, Disconnected)
        told(stream, Reconnected)
        second.gadget(2)
        assert told(stream, Gadget).size == 2
        second.peer.close()
        third = Asterisk(server.peer())
        told(stream, Disconnected)
        told(stream, Reconnected)
        third.gadget(3)
        assert told(stream, Gadget).size == 3
    expected = ["Gadget", *(["Disconnected", "Reconnected", "Gadget"] * 2)]
    assert [heard.next().event for _ in expected] == expected


def test_notices_are_delivered_only_to_subscribers(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    every, by_name = Heard(), Heard()
    manager.register_callback("", every)
    manager.register_callback("reconnected", by_name)
    first = logged_in(server, manager)
    with manager.subscribe() as stream:
        first.gadget(1)
        first.peer.close()
        second = Asterisk(server.peer())
        assert isinstance(by_name.next(), Reconnected)
        second.gadget(2)
        assert [stream.get(PATIENCE)["Size"] for _ in range(2)] == ["1", "2"]
    assert [every.next()["Size"] for _ in range(2)] == ["1", "2"]
    assert every.empty()


def test_events_during_the_new_log_in_follow_the_notice(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = logged_in(server, manager)
    with manager.subscribe(Gadget, Reconnected) as stream:
        first.peer.close()
        peer = server.peer()
        peer.send(message("Event: Gadget", "Size: 1"))
        second = Asterisk(peer)
        told(stream, Reconnected)
        second.gadget(2)
        assert [told(stream, Gadget).size for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("policy", [Overflow.DROP_OLDEST, Overflow.DROP_NEWEST], ids=["oldest", "newest"])
def test_what_comes_while_it_logs_in_again_is_bounded_as_what_waits_for_callbacks(
    server: Server, make: Make, policy: Overflow
) -> None:
    manager = make(reconnect=AT_ONCE, overflow=policy, limits=ami.Limits(events=10))
    heard = Heard()
    for cls in (Gadget, Reconnected, EventsLost):
        manager.register_callback(cls, heard)
    first = logged_in(server, manager)
    with manager.subscribe(Gadget) as stream, manager.subscribe(Gadget, EventsLost) as telling:
        first.peer.close()
        peer = server.peer()
        peer.send(*(message("Event: Gadget", f"Size: {size}") for size in range(30)))
        second = Asterisk(peer)
        assert isinstance(heard.next(), Reconnected)
        second.gadget(30)
        for receive in (heard.next, lambda: telling.get(PATIENCE)):
            sizes: list[str] = []
            lost = 0
            while "30" not in sizes:
                event = receive()
                lost += event.count if isinstance(event, EventsLost) else 0
                sizes += [event["Size"]] if isinstance(event, Gadget) else []
            assert len(sizes) + lost == 31
            assert 20 <= lost <= 22  # notices take room among the callbacks' messages, too
            assert ("0" in sizes) == (policy.drops == "newest")
        with pytest.raises(ami.EventsDropped) as dropped:
            stream.get(PATIENCE)
        assert dropped.value.count == 20
        assert [told(stream, Gadget).size for _ in range(11)][-1] == 30


def test_what_comes_while_it_logs_in_again_may_end_the_attempt(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE, overflow=Overflow.DISCONNECT, limits=ami.Limits(events=10))
    first = logged_in(server, manager)
    with manager.subscribe(Gadget, Reconnected) as stream:
        first.peer.close()
        flooded = server.peer()
        flooded.send(*(message("Event: Gadget", f"Size: {size}") for size in range(30)))
        Asterisk(flooded)
        second = Asterisk(server.peer())
        told(stream, Reconnected)
        second.gadget(1)
        assert told(stream, Gadget).size == 1


def test_waiting_for_an_event_spans_the_gap(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = logged_in(server, manager)
    waiting = background(manager.wait_for, GadgetsComplete, timeout=PATIENCE)
    while not manager._handlers.wants("GadgetsComplete"):
        background(lambda: None).result(PATIENCE)
    with manager.subscribe(Reconnected) as notices:
        first.peer.close()
        second = Asterisk(server.peer())
        told(notices, Reconnected)
    second.peer.send(message("Event: GadgetsComplete"))
    assert isinstance(waiting.result(PATIENCE), GadgetsComplete)


def test_the_connection_monitor_continues(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = logged_in(server, manager)
    manager.monitor_connection(0.05)
    assert first.actions(1) == ["Ping"]
    first.peer.close()
    silent = server.peer()  # greets, and answers nothing but the log-in
    assert [silent_login(silent) for _ in range(3)] == ["Challenge", "Login", "CoreSettings"]
    assert dict(silent.request())["Action"] == "Ping"
    third = Asterisk(server.peer())  # a black hole was found out
    assert third.actions(4) == ["Challenge", "Login", "CoreSettings", "Ping"]


def silent_login(peer: Peer) -> str:
    """Answer the next request, which is part of the log-in."""
    request = dict(peer.request())
    peer.send(answer(request["ActionID"], "Success", "Challenge: 1"))
    return request["Action"]


def test_the_monitor_of_another_connection_is_not_restarted(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    server.link(manager)
    manager.monitor_connection(0.01)
    peer = server.link(manager)
    with manager.subscribe(Reconnected) as notices:
        peer.close()
        second = server.peer()
        told(notices, Reconnected)
    sending = background(manager.wait_for, Gadget, timeout=0.1)
    with pytest.raises(ami.EventTimeout):
        sending.result(PATIENCE)
    pinging = background(manager.execute, ami.Request("Only"))
    assert silent_login(second) == "Only"
    pinging.result(PATIENCE)


# What was pending


def test_the_outcome_of_pending_requests_is_unknown_and_nothing_is_resent(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    asterisk = logged_in(server, manager)
    peer = server.link(manager)
    assert asterisk.peer.at_end()
    request = ami.Request("Originate", Channel="Local/1@x")
    request.timeout = 3600
    with manager.subscribe(Disconnected, Reconnected) as notices:
        calls = [background(manager.execute, request) for _ in range(5)]
        for _ in calls:
            peer.request()
        peer.close()
        for call in calls:
            with pytest.raises(ami.OutcomeUnknown, match="outcome of Originate"):
                call.result(PATIENCE)
        second = Asterisk(server.peer())
        told(notices, Disconnected)
        told(notices, Reconnected)
    manager.execute(ami.Request("Ping"))
    assert second.actions(1) == ["Ping"]
    assert second.asked.empty()


def test_requests_queued_after_a_half_written_one_were_not_sent(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    peer = server.link(manager)
    connection: Any = manager._connection
    flood = background(manager.execute, ami.Request("UserEvent", Value="x" * (48 << 20)), timeout=PATIENCE)
    while not any(exchange.written for exchange in list(connection.session._pending.values())):
        background(lambda: None).result(PATIENCE)
    call = background(manager.execute, ami.Request("Originate"), timeout=PATIENCE)
    while connection.session.pending < 2:
        background(lambda: None).result(PATIENCE)
    peer.reset()
    with pytest.raises(ami.OutcomeUnknown):
        flood.result(PATIENCE)
    with pytest.raises(ami.RequestNotSent, match="Originate was not sent"):
        call.result(PATIENCE)
    server.peer()


def test_during_the_gap_nothing_can_be_sent(server: Server, make: Make) -> None:
    manager = make(reconnect=NEVER)
    first = logged_in(server, manager)
    with manager.subscribe(Disconnected) as notices:
        first.peer.close()
        told(notices, Disconnected)
    assert not manager.is_connected()
    with pytest.raises(ami.NotConnected):
        manager.execute(ami.Request("Ping"))


# Attempts that fail


def test_attempts_go_on_over_a_wrong_secret_and_whatever_else_answers(make: Make) -> None:
    with Server(b"") as server:
        manager = make(reconnect=AT_ONCE)
        connecting = background(manager.connect, "127.0.0.1", server.port, PATIENCE)
        first = server.peer()
        first.send(GREETING)
        connecting.result(PATIENCE)
        asterisk = Asterisk(first)
        manager.login("admin", "secret")
        asterisk.actions(3)
        with manager.subscribe(Disconnected, Reconnected) as notices:
            first.close()
            server.peer().close()
            server.peer().send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            server.peer().reset()
            refusing = server.peer()
            Asterisk(refusing, refuses=("Login",))
            refusing.send(GREETING)
            breaking = server.peer()
            breaking.send(GREETING)
            assert dict(breaking.request())["Action"] == "Challenge"
            breaking.close()
            last = server.peer()
            Asterisk(last)
            last.send(GREETING)
            told(notices, Disconnected)
            assert told(notices, Reconnected).attempts == 6
        assert manager.execute(ami.Request("Ping")) is not None


def _sealed() -> str:
    raise KeyError("the vault is sealed")


def test_the_secret_is_asked_for_anew_and_may_be_unknown_for_a_while(server: Server, make: Make) -> None:
    vault = iter(["secret", "", "secret"])

    def secret() -> str:
        return next(vault) or _sealed()

    manager = make(reconnect=AT_ONCE)
    first = Asterisk(server.link(manager))
    manager.login("admin", secret)
    with manager.subscribe(Reconnected) as notices:
        first.peer.close()
        Asterisk(server.peer())
        Asterisk(server.peer())
        assert told(notices, Reconnected).attempts == 2


class Stop(BaseException):
    """What a program may raise to pass every `except Exception`."""


def raising(*results: Any) -> Callable[[], str]:
    """Make a function for a secret that returns, or raises, one thing after the other."""
    left = iter(results)

    def secret() -> str:
        result = next(left)
        if isinstance(result, BaseException):
            raise result
        return str(result)

    return secret


def lost_with(server: Server, manager: ami.Manager, trouble: BaseException) -> tuple[Any, Any]:
    """Lose a connection whose next log-in raises; return a stream, and what waits for the connection."""
    first = Asterisk(server.link(manager))
    manager.login("admin", raising("secret", trouble))
    stream = manager.subscribe(Gadget)
    with manager.subscribe(Disconnected) as notices:
        first.peer.close()
        told(notices, Disconnected)
    return stream, background(manager.wait_connected)


@pytest.mark.parametrize("trouble", [Stop(), GeneratorExit(), asyncio.CancelledError()], ids=repr)
def test_exit_exceptions_end_reconnecting_and_are_reported(
    server: Server, make: Make, trouble: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make(reconnect=Reconnect(first=0.2, jitter=0))
    stream, waiting = lost_with(server, manager, trouble)
    Asterisk(server.peer())
    sentence = rf"closed the connection.*Reconnecting failed with {type(trouble).__name__}"
    with pytest.raises(ami.ConnectionLost, match=sentence) as lost:
        stream.get(PATIENCE)
    assert lost.value.__cause__ is trouble
    with pytest.raises(ami.ConnectionLost, match=type(trouble).__name__):
        waiting.result(PATIENCE)
    with pytest.raises(ami.NotConnected, match=r"was lost; call connect\(\)"):
        manager.execute(ami.Request("Ping"))
    assert "An exception ended the attempts to reconnect" in caplog.text
    Asterisk(server.link(manager))
    manager.login("admin", "secret")


@pytest.mark.parametrize("trouble", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_exit_exceptions_end_reconnecting_in_its_thread(server: Server, trouble: BaseException) -> None:
    with ami.Manager(reconnect=Reconnect(first=0.2, jitter=0)) as manager:
        stream, waiting = lost_with(server, manager, trouble)
        Asterisk(server.peer())
        with pytest.raises(ami.ConnectionLost, match=type(trouble).__name__):
            stream.get(PATIENCE)
        with pytest.raises(ami.ConnectionLost, match=type(trouble).__name__):
            waiting.result(PATIENCE)


@pytest.mark.usefixtures("event_loops")
@pytest.mark.parametrize("trouble", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_exit_exceptions_while_reconnecting_leave_the_event_loop(server: Server, trouble: BaseException) -> None:
    manager = ami.AsyncManager(reconnect=Reconnect(first=0, jitter=0))

    async def begin() -> ami.AsyncEventStream[Any]:
        await manager.connect("127.0.0.1", server.port, PATIENCE)
        first = Asterisk(await asyncio.to_thread(server.peer))
        await manager.login("admin", raising("secret", trouble))
        first.peer.close()
        return manager.subscribe(Gadget)

    async def go_on() -> None:
        Asterisk(await asyncio.to_thread(server.peer))
        await asyncio.sleep(PATIENCE)

    async def end(stream: ami.AsyncEventStream[Any]) -> None:
        with pytest.raises(ami.ConnectionLost, match=type(trouble).__name__):
            await stream.get(PATIENCE)
        await manager.close()

    with asyncio.Runner() as runner:
        stream = runner.run(begin())
        with pytest.raises(type(trouble)) as left:
            runner.get_loop().run_until_complete(go_on())
        assert left.value is trouble
        runner.run(end(stream))


def test_a_cancelled_reconnect_ends_streams_with_the_reason(server: Server) -> None:
    async def cancel() -> None:
        async with ami.AsyncManager(reconnect=NEVER) as manager:
            await manager.connect("127.0.0.1", server.port, PATIENCE)
            peer = await asyncio.to_thread(server.peer)
            async with manager.subscribe(Disconnected, Gadget) as stream:
                peer.close()
                await stream.get(PATIENCE)
                waiting = asyncio.create_task(manager.wait_connected())
                await asyncio.sleep(0)
                (reconnecting,) = (each for each in asyncio.all_tasks() if each.get_name() == "ami-typed reconnect")
                reconnecting.cancel()
                for wait in (stream.get(PATIENCE), waiting):
                    with pytest.raises(ami.ConnectionLost, match="Reconnecting failed with CancelledError"):
                        await wait

    asyncio.run(cancel())


def test_pauses_that_cannot_be_computed_end_reconnecting_with_the_reason(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[float]:
        raise RuntimeError("no pause can be computed")

    manager = make(reconnect=AT_ONCE)
    peer = server.link(manager)
    monkeypatch.setattr(Pauses, "after", broken)
    with manager.subscribe(Gadget) as stream:
        peer.close()
        with pytest.raises(ami.ConnectionLost, match="Reconnecting failed with RuntimeError"):
            stream.get(PATIENCE)


@pytest.mark.parametrize("trouble", [Stop(), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_interrupting_the_first_connection_is_reported_to_waiters(server: Server, trouble: BaseException) -> None:
    asked, go = threading.Event(), threading.Event()

    def secret() -> str:
        asked.set()
        assert go.wait(PATIENCE)
        raise trouble

    manager = ami.Manager.from_url(f"ami://admin@127.0.0.1:{server.port}", secret=secret)
    connecting = background(manager.connect)
    Asterisk(server.peer())
    assert asked.wait(PATIENCE)
    waiting = background(manager.wait_connected)
    while not manager._waiting:
        assert not waiting.done()
    go.set()
    with pytest.raises(type(trouble)):
        connecting.result(PATIENCE)
    with pytest.raises(ami.ConnectFailed, match=f"was interrupted by {type(trouble).__name__}"):
        waiting.result(PATIENCE)
    manager.close()


def test_cancelling_the_first_connection_is_reported_to_waiters() -> None:
    async def cancel(silent: Server) -> None:
        async with ami.AsyncManager() as manager:
            connecting = asyncio.create_task(manager.connect("127.0.0.1", silent.port, PATIENCE))
            waiting = asyncio.create_task(manager.wait_connected())
            await asyncio.to_thread(silent.peer)
            connecting.cancel()
            with pytest.raises(ami.ConnectFailed, match="was interrupted by CancelledError"):
                await asyncio.wait_for(waiting, PATIENCE)

    with Server(b"") as silent:
        asyncio.run(cancel(silent))


class Angry:
    """An observer that raises once, when the link is watched."""

    def __init__(self, trouble: BaseException) -> None:
        self._troubles = [trouble]

    def begun(self, exchange: Any) -> None:
        pass

    def settled(self, exchange: Any) -> None:
        if exchange.request.action == "Ping" and self._troubles:
            raise self._troubles.pop()


@pytest.mark.parametrize("trouble", [Stop(), GeneratorExit(), asyncio.CancelledError()], ids=repr)
def test_an_observer_that_raises_does_not_end_the_monitor(
    server: Server, make: Make, trouble: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make()
    asterisk = Asterisk(server.link(manager))
    manager.add_observer(Angry(trouble))
    manager.monitor_connection(0.02)
    assert asterisk.actions(4) == ["Ping"] * 4
    assert "it continues" in caplog.text
    assert manager.is_connected()


def _refuse(record: object) -> bool:
    raise RuntimeError("the filter is broken")


@pytest.mark.parametrize("option", [None, AT_ONCE])
def test_a_logger_that_raises_does_not_hide_the_end(
    server: Server, make: Make, option: Reconnect | None, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.Logger("broken", logging.DEBUG)  # noqa: LOG001 - one that no other test can see
    logger.addFilter(_refuse)
    manager = make(reconnect=option, logger=logger, debug=True)
    asterisk = Asterisk(server.link(manager))
    manager.login("admin", "secret")
    with manager.subscribe(Disconnected, Reconnected) as stream:
        asterisk.peer.close()
        told(stream, Disconnected)
        if option is None:
            with pytest.raises(ami.ConnectionLost):
                stream.get(PATIENCE)
        else:
            Asterisk(server.peer())
            told(stream, Reconnected)
    assert "the filter is broken" in capsys.readouterr().err


def test_streams_end_with_the_reason_after_the_last_attempt(server: Server, make: Make) -> None:
    manager = make(reconnect=Reconnect(first=0, jitter=0, attempts=2))
    first = logged_in(server, manager)
    heard = Heard()
    manager.register_callback(Disconnected, heard)
    with manager.subscribe(Gadget) as stream:
        first.gadget(1)
        first.peer.close()
        for _ in range(2):
            peer = server.peer()
            Asterisk(peer, refuses=("Login",))
        assert told(stream, Gadget).size == 1
        for _ in range(2):
            with pytest.raises(ami.ConnectionLost, match="the server closed the connection"):
                stream.get(PATIENCE)
    assert isinstance(heard.next(), Disconnected)
    assert not manager.is_connected()
    with pytest.raises(ami.ConnectionLost):
        manager.wait_for(Gadget)


def test_a_server_that_is_gone_uses_attempts_up(make: Make) -> None:
    manager = make(reconnect=Reconnect(first=0, jitter=0, attempts=3))
    with Server() as server:
        server.link(manager)
        stream = manager.subscribe(Gadget)
    with pytest.raises(ami.ConnectionLost):
        stream.get(PATIENCE)


def test_without_the_option_a_lost_connection_is_only_reported(server: Server, make: Make) -> None:
    manager = make()
    first = logged_in(server, manager)
    heard = Heard()
    manager.register_callback(Disconnected, heard)
    with manager.subscribe(Disconnected, Reconnected) as stream:
        first.peer.close()
        told(stream, Disconnected)
        with pytest.raises(ami.ConnectionLost):
            stream.get(PATIENCE)
    assert heard.next().reason == "the server closed the connection."
    assert not manager.is_connected()


def test_a_repeatedly_lost_connection_is_restored_each_time(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    asterisk = logged_in(server, manager)
    manager.monitor_connection(PATIENCE)
    with manager.subscribe(Disconnected, Reconnected) as notices:
        for _ in range(10):
            asterisk.peer.close()
            asterisk = Asterisk(server.peer())
            told(notices, Disconnected)
            assert told(notices, Reconnected).attempts == 1
    assert manager.execute(ami.Request("Ping")) is not None
    assert asterisk.actions(4)[-1] == "Ping"


@pytest.mark.parametrize(("lasted", "expected"), [(0.0, [1, 2, 4, 8]), (30.0, [1, 1, 1, 1])])
def test_pauses_go_on_growing_until_a_connection_has_lasted(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch, lasted: float, expected: list[float]
) -> None:
    """A server that lets in and drops at once is not hammered."""
    after, pauses = Pauses.after, list[float]()

    def at_once(self: Pauses, stood: float, elapsed: Callable[[], float]) -> Iterator[float]:
        assert 0 <= stood < 2 * PATIENCE
        for pause in after(self, stood + lasted, elapsed):
            pauses.append(pause)
            yield 0

    monkeypatch.setattr(Pauses, "after", at_once)
    manager = make(reconnect=Reconnect(first=1, factor=2, ceiling=30, jitter=0))
    peer = server.link(manager)
    with manager.subscribe(Reconnected) as notices:
        for _ in expected:
            peer.close()
            peer = server.peer()
            told(notices, Reconnected)
    assert pauses == expected


def test_a_connection_lost_at_once_is_restored_once(server: Server, make: Make) -> None:
    """The server closes behind the last answer of the log-in: the loss is seen before the connection is taken over."""
    manager = make(reconnect=AT_ONCE)
    asterisk = logged_in(server, manager)
    manager.monitor_connection(PATIENCE)
    with manager.subscribe(Disconnected, Reconnected) as notices:
        asterisk.peer.close()
        for _ in range(20):
            peer = server.peer()
            for _ in range(2):
                silent_login(peer)
            request = dict(peer.request())
            peer.send(answer(request["ActionID"]))
            peer.close()
        asterisk = Asterisk(server.peer())
        told(notices, Disconnected)
        kinds = [type(notices.get(PATIENCE))]
        while len(kinds) % 2 == 0 or server_is_left(manager):
            kinds.append(type(notices.get(PATIENCE)))
    assert kinds == [Reconnected, *([Disconnected, Reconnected] * (len(kinds) // 2))]
    assert asterisk.actions(3) == ["Challenge", "Login", "CoreSettings"]
    assert manager.execute(ami.Request("Ping")) is not None
    assert server._peers.empty()


@pytest.mark.parametrize("face", [_threads.Connection, _tasks.Connection])
def test_a_connection_that_is_lost_as_it_is_taken_over_is_followed_by_one_other(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch, face: Any
) -> None:
    taken_over: list[Any] = []
    open_up = face.open_up

    def then_lose(connection: Any, *first: ami.Event, lost: Any) -> None:
        open_up(connection, *first, lost=lost)
        taken_over.append(connection)
        if len(taken_over) == 2:
            connection.end(ami.ConnectionLost("it was lost again."))

    monkeypatch.setattr(face, "open_up", then_lose)
    manager = make(reconnect=AT_ONCE)
    asterisk = logged_in(server, manager)
    manager.monitor_connection(PATIENCE)
    if not taken_over:  # the other face
        return
    with manager.subscribe(Disconnected, Reconnected) as notices:
        asterisk.peer.close()
        Asterisk(server.peer())
        Asterisk(server.peer())
        for cls in (Disconnected, Reconnected, Disconnected, Reconnected):
            told(notices, cls)
        assert manager.execute(ami.Request("Ping")) is not None
        with pytest.raises(ami.EventTimeout):
            notices.get(0.05)
    assert server._peers.empty()


def test_a_connection_that_the_program_closed_before_it_was_taken_over_was_not_lost(server: Server) -> None:
    with ami.Manager() as manager:
        server.link(manager)
        connection: Any = manager._connection
        manager.disconnect()
        lost = Told()
        connection.open_up(lost=lost)
    assert lost.wanted == [True]


def server_is_left(manager: ami.Manager) -> bool:
    """Whether the connection is lost at this moment."""
    try:
        manager.execute(ami.Request("Ping"), timeout=PATIENCE)
    except (ami.ConnectionLost, ami.NotConnected):
        return True
    return False


# What the program wants


@pytest.mark.parametrize("way", ["disconnect", "close"])
def test_disconnecting_during_the_pause_ends_it(server: Server, make: Make, way: str) -> None:
    manager = make(reconnect=NEVER)
    first = logged_in(server, manager)
    with manager.subscribe(Gadget) as stream, manager.subscribe(Disconnected) as notices:
        first.peer.close()
        told(notices, Disconnected)
        getattr(manager, way)()
        with pytest.raises(StopIteration):
            stream.get(PATIENCE)
    reconnecting = [thread for thread in threading.enumerate() if thread.name == "ami-typed reconnect"]
    for thread in reconnecting:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_disconnecting_ends_reconnecting(make: Make) -> None:
    with Server(b"") as server:
        manager = make(reconnect=AT_ONCE)
        connecting = background(manager.connect, "127.0.0.1", server.port, PATIENCE)
        first = server.peer()
        first.send(GREETING)
        connecting.result(PATIENCE)
        first.close()
        second = server.peer()
        manager.disconnect()
        second.send(GREETING)
        assert second.at_end()
        assert not manager.is_connected()
        assert server._peers.empty()


def test_connecting_elsewhere_during_the_pause_drops_the_old_plan(server: Server, make: Make) -> None:
    manager = make(reconnect=Reconnect(first=0.05, jitter=0))
    first = logged_in(server, manager)
    old = manager.subscribe(Gadget)
    with manager.subscribe(Disconnected) as notices:
        first.peer.close()
        told(notices, Disconnected)
    with Server() as other:
        Asterisk(other.link(manager))
        with manager.subscribe(Gadget) as stream, pytest.raises(ami.EventTimeout):
            stream.get(0.1)  # long enough for the old plan
        with pytest.raises(StopIteration):
            old.get(PATIENCE)
        assert manager.execute(ami.Request("Ping")) is not None
        assert server._peers.empty()
        manager.close()


def test_a_connection_closed_by_the_program_stays_closed(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    heard = Heard()
    manager.register_callback(Disconnected, heard)
    first = logged_in(server, manager)
    manager.disconnect()
    assert first.peer.at_end()
    assert heard.empty()
    assert server._peers.empty()


@pytest.mark.parametrize("option", [None, AT_ONCE])
def test_after_logging_off_streams_end_and_nothing_reconnects(
    server: Server, make: Make, option: Reconnect | None
) -> None:
    """The server closes as soon as it has answered, mostly before the program does."""
    for _ in range(20):
        manager = make(reconnect=option)
        peer = server.link(manager)
        heard = Heard()
        manager.register_callback(Disconnected, heard)
        stream = manager.subscribe(Gadget)
        leaving = background(manager.logoff)
        peer.send(answer(peer.action_id(), "Goodbye"))
        peer.close()
        leaving.result(PATIENCE)
        with pytest.raises(StopIteration):
            stream.get(PATIENCE)
        assert heard.empty()
        assert server._peers.empty()


@pytest.mark.parametrize("option", [None, AT_ONCE])
def test_closing_instead_of_answering_a_log_off_does_not_reconnect(
    server: Server, make: Make, option: Reconnect | None
) -> None:
    manager = make(reconnect=option)
    peer = server.link(manager)
    stream = manager.subscribe(Gadget)
    leaving = background(manager.logoff)
    peer.request()
    peer.close()
    with pytest.raises(ami.OutcomeUnknown):
        leaving.result(PATIENCE)
    with pytest.raises(StopIteration):
        stream.get(PATIENCE)
    assert server._peers.empty()


def test_a_log_off_that_is_refused_does_not_make_a_later_loss_wanted(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = logged_in(server, manager)
    asterisk = Asterisk(server.link(manager), refuses=("Logoff",))
    assert first.peer.at_end()
    with pytest.raises(ami.ActionFailed):
        manager.logoff()
    with manager.subscribe(Reconnected) as notices:
        asterisk.peer.close()
        server.peer()
        told(notices, Reconnected)


def test_a_manager_forgotten_during_the_gap_is_collected(server: Server) -> None:
    manager = ami.Manager(reconnect=NEVER)
    first = logged_in(server, manager)
    with manager.subscribe(Disconnected) as notices:
        first.peer.close()
        told(notices, Disconnected)
    gone = weakref.ref(manager)
    plan, audience = manager._wanted, manager._audience
    del manager, notices
    gc.collect()
    assert gone() is None
    assert audience is not None
    assert plan is not None
    plan.set()  # what follows the pause; a test does not wait for it
    audience.leave(None)


def test_a_garbage_collected_manager_does_not_reconnect(server: Server) -> None:
    manager = ami.Manager(reconnect=Reconnect(first=0.05, jitter=0))
    first = logged_in(server, manager)
    stream = manager.subscribe(Gadget)
    with manager.subscribe(Disconnected) as notices:
        first.peer.close()
        told(notices, Disconnected)
    gone = weakref.ref(manager)
    del manager, notices
    gc.collect()
    assert gone() is None
    with pytest.raises(ami.ConnectionLost):
        stream.get(PATIENCE)
    assert server._peers.empty()


def test_a_callback_may_close_for_good_when_it_learns_of_the_loss(server: Server) -> None:
    done = threading.Event()

    def close(event: Disconnected, manager: ami.Manager) -> None:
        manager.close()
        done.set()

    with ami.Manager(reconnect=NEVER) as manager:
        manager.register_callback(Disconnected, close)
        server.link(manager).close()
        assert done.wait(PATIENCE)
        assert not manager.is_connected()


def test_the_notices_are_never_dropped_by_a_crowded_backlog(server: Server, make: Make) -> None:
    entered, leave = threading.Event(), threading.Event()
    heard = Heard()

    def slow(event: ami.Event, manager: object) -> Any:
        entered.set()
        heard.put(event)
        if isinstance(manager, ami.AsyncManager):
            return asyncio.to_thread(leave.wait, PATIENCE)
        return leave.wait(PATIENCE)

    manager = make(reconnect=AT_ONCE, limits=ami.Limits(events=10))
    first = logged_in(server, manager)
    for cls in (Gadget, Disconnected, Reconnected, EventsLost):
        manager.register_callback(cls, slow)
    for size in range(100):
        first.gadget(size)
        manager.execute(ami.Request("Ping"))
    with manager.subscribe(Reconnected) as notices:
        with pytest.raises(ami.OutcomeUnknown):  # who waits for an answer reads, crowded or not
            manager.execute(ami.Request("Vanish"))
        second = Asterisk(server.peer())
        told(notices, Reconnected)
    for size in range(100):
        second.gadget(size)
        manager.execute(ami.Request("Ping"))
    assert entered.is_set()
    leave.set()
    kinds: list[str] = []
    lost = came = 0
    while lost + came < 200:
        event = heard.next()
        kinds.append(event.event)
        lost += event.count if isinstance(event, EventsLost) else 0
        came += isinstance(event, Gadget)
    assert kinds.count("Disconnected") == kinds.count("Reconnected") == 1
    assert kinds.index("Disconnected") < kinds.index("Reconnected")


# Superseded attempts


def test_an_attempt_that_is_superseded_sends_nothing_to_its_server_and_stops(server: Server, make: Make) -> None:
    """The server of the lost connection greets late, when the program has logged in elsewhere with other credentials."""
    manager = make(reconnect=AT_ONCE)
    with Server(b"") as late:
        connecting = background(manager.connect, "127.0.0.1", late.port, PATIENCE)
        first = late.peer()
        first.send(GREETING)
        connecting.result(PATIENCE)
        asterisk = Asterisk(first)
        manager.login("of-the-late-one", "secret")
        asterisk.actions(3)
        first.close()
        attempt = late.peer()
        elsewhere = logged_in(server, manager)
        with contextlib.suppress(OSError):  # it has closed already
            attempt.send(GREETING)
        assert attempt.request() == []
        assert late._peers.empty()
        elsewhere.peer.close()  # and what is made again is the connection that the program chose, as it logged in there
        again = Asterisk(server.peer(), challenge="456")
        again.next()
        assert again.next()["Username"] == "admin"


def test_an_attempt_superseded_during_its_log_in_stops(server: Server, make: Make) -> None:
    manager = make(reconnect=AT_ONCE)
    first = logged_in(server, manager)
    first.peer.close()
    attempt = server.peer()
    challenge = attempt.action_id()
    with Server() as other:
        elsewhere = other.link(manager)
        with contextlib.suppress(OSError):
            attempt.send(answer(challenge, "Success", "Challenge: 123"))
        assert attempt.request() == []
        elsewhere.serve(echo)
        assert manager.execute(ami.Request("Ping")) is not None
        manager.close()
    assert server._peers.empty()


@pytest.mark.parametrize("way", ["connect", "disconnect"])
def test_a_call_of_connect_that_a_later_call_overtakes_gives_up(server: Server, make: Make, way: str) -> None:
    """Else the program would log in at one server with what it has for the other."""
    with Server(b"") as late:
        manager = make(reconnect=AT_ONCE)
        overtaken = background(manager.connect, "127.0.0.1", late.port, PATIENCE)
        peer = late.peer()
        asterisk = Asterisk(server.link(manager)) if way == "connect" else None
        if asterisk is None:
            manager.disconnect()
        with contextlib.suppress(OSError):
            peer.send(GREETING)
        with pytest.raises(ami.ConnectionLost, match=f"127.0.0.1:{late.port} was abandoned"):
            overtaken.result(PATIENCE)
        assert peer.at_end()
        if asterisk is not None:
            manager.login("admin", "secret")
            assert asterisk.actions(3) == ["Challenge", "Login", "CoreSettings"]
        assert manager.is_connected() is (asterisk is not None)


def test_a_manager_from_a_url_logs_in_on_its_connection(server: Server, make: Make) -> None:
    with Server(b"") as late:
        manager = make("from_url", f"ami://of-the-late-one:secret@127.0.0.1:{late.port}?timeout={PATIENCE}")
        overtaken = background(manager.connect)
        peer = late.peer()
        asterisk = Asterisk(server.link(manager))
        with contextlib.suppress(OSError):
            peer.send(GREETING)
        with pytest.raises(ami.ConnectionLost):
            overtaken.result(PATIENCE)
        assert peer.at_end()
        assert manager.execute(ami.Request("Ping")) is not None
        assert asterisk.actions(1) == ["Ping"]
