"""Both faces, against a server on loopback that the test drives."""

from __future__ import annotations

import gc
import logging
import random
import socket
import threading
import time
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from tests.faces import FACES, face
from tests.support import (
    GREETING,
    PATIENCE,
    Gadget,
    Gadgets,
    GadgetsComplete,
    Heard,
    ListGadgets,
    Peer,
    Server,
    answer,
    background,
    message,
)
from tests.support import echo as reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


THREADS = pytest.mark.parametrize("manager", ["threads"], indirect=True)
"""Marks what is about threads, or has a callback that must not block an event loop; each has a twin in `test_aio`."""


@pytest.fixture(params=FACES)
def manager(request: pytest.FixtureRequest) -> Iterator[ami.Manager]:
    """A manager of each face, closed after the test."""
    with face(request.param) as unconnected:
        yield unconnected


@pytest.fixture
def peer(server: Server, manager: ami.Manager) -> Peer:
    """The server's end of the manager's connection."""
    return server.link(manager)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ami-typed")]


def all_gone(those: list[threading.Thread]) -> bool:
    for thread in those:
        thread.join(PATIENCE)
    return not any(thread.is_alive() for thread in those)


# Connecting


def test_a_manager_begins_without_a_connection() -> None:
    manager = ami.Manager()
    assert not manager.is_connected()
    assert manager.get_asterisk_info() is None
    assert manager.get_connection() is None
    assert manager.release is None


@THREADS
def test_a_connected_manager_knows_what_the_server_calls_itself(server: Server, manager: ami.Manager) -> None:
    server.link(manager)
    assert manager.is_connected()
    assert manager.get_asterisk_info() == ("Asterisk Call Manager", "9.0.0")
    connection = manager.get_connection()
    assert isinstance(connection, ami._SynchronisedSocket)
    assert connection.is_connected()
    assert connection.get_asterisk_info() == ("Asterisk Call Manager", "9.0.0")


def test_a_refused_connection_has_failed(manager: ami.Manager) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ami.ConnectFailed, match=rf"No connection to 127\.0\.0\.1:{port}: .*refused"):
        manager.connect("127.0.0.1", port, PATIENCE)
    assert not manager.is_connected()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99999), ("127.0.0.1", -1), ("a" * 70, 5038), ("a..b", 5038)])
def test_an_address_that_cannot_be_one_is_a_failed_connection(manager: ami.Manager, host: str, port: int) -> None:
    with pytest.raises(ami.ManagerSocketError, match=f"No connection to {host}:{port}"):
        manager.connect(host, port, PATIENCE)


@pytest.mark.parametrize(
    "greeting",
    [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", b"\0" * 2000, b"220 smtp\r\n"],
    ids=["ssh", "http", "no line", "smtp"],
)
def test_another_service_is_not_asterisk(manager: ami.Manager, greeting: bytes) -> None:
    with Server(greeting) as server:
        with pytest.raises(ami.NotAsterisk):
            manager.connect("127.0.0.1", server.port, PATIENCE)
        assert not manager.is_connected()
        assert manager.get_asterisk_info() is None
        assert server.peer().at_end()


def test_a_server_that_closes_at_once_is_a_failed_connection(manager: ami.Manager) -> None:
    with Server(b"") as server:
        connecting = background(manager.connect, "127.0.0.1", server.port, PATIENCE)
        server.peer().close()
        with pytest.raises(ami.ConnectFailed, match="closed the connection before its greeting"):
            connecting.result(PATIENCE)


def test_a_connection_that_breaks_before_the_greeting_is_a_failed_connection(manager: ami.Manager) -> None:
    with Server(b"Asterisk") as server:
        connecting = background(manager.connect, "127.0.0.1", server.port, PATIENCE)
        server.peer().reset()
        with pytest.raises(ami.ConnectFailed):
            connecting.result(PATIENCE)
    assert not manager.is_connected()


def test_a_silent_server_is_a_failed_connection_in_time(manager: ami.Manager) -> None:
    with Server(b"Asterisk Call") as server:
        with pytest.raises(ami.ConnectFailed, match=r"No greeting from 127\.0\.0\.1:\d+ within 0\.05 s"):
            manager.connect("127.0.0.1", server.port, 0.05)
        assert server.peer().at_end()
    assert not manager.is_connected()


def test_a_failed_connection_leaves_no_thread(manager: ami.Manager) -> None:
    before = threads()
    with Server(b"SSH\r\n") as server, pytest.raises(ami.NotAsterisk):
        manager.connect("127.0.0.1", server.port, PATIENCE)
    assert threads() == before


@THREADS
def test_connecting_again_closes_the_existing_connection(server: Server, manager: ami.Manager) -> None:
    first = server.link(manager)
    old = manager.get_connection()
    assert old is not None
    second = server.link(manager)
    assert first.at_end()
    assert not old.is_connected()
    second.serve(reply)
    assert manager.send_action(ami.Request("Ping")) is not None
    assert manager.is_connected()


def test_of_two_concurrent_connections_one_is_closed(manager: ami.Manager) -> None:
    with Server(b"") as server:
        first = background(manager.connect, "127.0.0.1", server.port, PATIENCE)
        first_peer = server.peer()
        second = background(manager.connect, "127.0.0.1", server.port, PATIENCE)
        second_peer = server.peer()
        second_peer.send(GREETING)
        second.result(PATIENCE)
        first_peer.send(GREETING)
        first.result(PATIENCE)
        manager.close()
        assert first_peer.at_end()
        assert second_peer.at_end()


def test_a_failed_attempt_leaves_the_manager_without_a_connection(server: Server, manager: ami.Manager) -> None:
    peer = server.link(manager)
    with Server(b"SSH\r\n") as other, pytest.raises(ami.NotAsterisk):
        manager.connect("127.0.0.1", other.port, PATIENCE)
    assert not manager.is_connected()
    assert peer.at_end()
    server.link(manager)
    assert manager.is_connected()


# Closing


def test_disconnecting_closes_the_connection_and_is_idempotent(peer: Peer, manager: ami.Manager) -> None:
    manager.disconnect()
    assert peer.at_end()
    assert not manager.is_connected()
    assert manager.get_connection() is None
    assert manager.get_asterisk_info() is None
    manager.disconnect()
    manager.close()
    manager.close()


def test_closing_without_a_connection_does_nothing() -> None:
    manager = ami.Manager()
    manager.disconnect()
    manager.close()
    assert not manager.is_connected()


def test_a_manager_is_a_context_manager_that_closes(server: Server) -> None:
    manager = ami.Manager()
    peer = server.link(manager)
    with pytest.raises(RuntimeError, match="the program's own"), manager:
        raise RuntimeError("the program's own")
    assert not manager.is_connected()
    assert peer.at_end()


@THREADS
def test_a_connection_can_be_closed_from_within_a_callback(peer: Peer, manager: ami.Manager) -> None:
    done = threading.Event()

    def close(event: ami.Event, manager: ami.Manager) -> None:
        manager.close()
        manager.disconnect()
        done.set()

    running = threads()
    manager.register_callback("Gadget", close)
    peer.send(message("Event: Gadget"))
    assert done.wait(PATIENCE)
    assert peer.at_end()
    assert not manager.is_connected()
    assert all_gone(running)


@THREADS
def test_a_callback_can_reconnect(server: Server, manager: ami.Manager) -> None:
    peer = server.link(manager)
    outcomes = Heard()

    def again(event: ami.Event, manager: ami.Manager) -> None:
        manager.connect("127.0.0.1", server.port, PATIENCE)
        outcomes.put(manager.send_action(ami.Request("Ping")))

    manager.register_callback("Gadget", again)
    peer.send(message("Event: Gadget"))
    server.peer().serve(reply)
    assert outcomes.next().success
    assert peer.at_end()
    assert manager.is_connected()


@pytest.mark.parametrize("debug", [False, True])
def test_a_forgotten_manager_closes_its_connection_and_its_threads_end(server: Server, debug: bool) -> None:
    before = threads()
    manager = ami.Manager(debug=debug)
    peer = server.link(manager)
    manager.register_callback("", lambda event, manager: None)
    peer.serve(reply)
    assert manager.send_action(ami.Request("Ping")) is not None
    own = [thread for thread in threads() if thread not in before]
    assert len(own) == 2
    gone = weakref.ref(manager)
    del manager
    gc.collect()
    assert gone() is None
    assert all_gone(own)


class Owner:
    """A program's object that has a manager, and is called back by it."""

    def __init__(self, server: Server) -> None:
        self.manager = ami.Manager()
        self.peer = server.link(self.manager)
        self.manager.register_callback("Gadget", self.hear)
        self.manager.register_callback(ami.Aggregate, self.hear)
        self.manager.add_observer(self)
        self.heard = threading.Event()

    def hear(self, event: object, manager: ami.Manager) -> None:
        self.heard.set()

    def begun(self, exchange: object) -> None:
        pass

    def settled(self, exchange: object) -> None:
        pass


@pytest.mark.parametrize("used", [False, True])
def test_a_manager_whose_callbacks_belong_to_its_owner_is_collected_with_it(server: Server, used: bool) -> None:
    before = threads()
    owner = Owner(server)
    if used:
        owner.peer.serve(reply)
        assert owner.manager.send_action(ami.Request("Ping")) is not None
        owner.peer.send(message("Event: Gadget"))
        assert owner.heard.wait(PATIENCE)
    own = [thread for thread in threads() if thread not in before]
    gone = weakref.ref(owner.manager)
    peer = owner.peer
    del owner
    deadline = time.monotonic() + PATIENCE
    while gone() is not None and time.monotonic() < deadline:  # a callback may still be returning
        gc.collect()
    assert gone() is None
    assert peer.at_end()
    assert all_gone(own)


def test_a_manager_forgotten_while_its_own_lock_is_held_does_not_hang(server: Server) -> None:
    """The collector runs wherever memory is taken: in the reader as well, in the middle of a message."""
    manager = ami.Manager()
    server.link(manager)
    connection: Any = manager._connection
    holder = [manager]
    del manager

    def forget() -> None:
        with connection._lock:
            holder.clear()
            gc.collect()

    background(forget).result(PATIENCE)


def test_a_manager_that_was_never_connected_can_be_forgotten() -> None:
    gone = weakref.ref(ami.Manager())
    gc.collect()
    assert gone() is None


# Requests


def test_a_request_is_answered(peer: Peer, manager: ami.Manager) -> None:
    request = ami.Request("Ping")
    sending = background(manager.send_action, request)
    headers = dict(peer.request())
    assert headers["Action"] == "Ping"
    peer.send(answer(headers["ActionID"], "Success", "Ping: Pong"))
    outcome = sending.result(PATIENCE)
    assert outcome is not None
    assert outcome.request is request
    assert outcome.response == {"Response": "Success", "ActionID": headers["ActionID"], "Ping": "Pong"}
    assert outcome.result is outcome.response
    assert outcome.success
    assert outcome.action_id == headers["ActionID"]
    assert outcome.time >= 0
    assert outcome.events is None
    assert outcome.events_timeout is False


def test_headers_for_this_time_go_out_and_do_not_touch_the_request(peer: Peer, manager: ami.Manager) -> None:
    request = ami.Request("QueueAdd", Queue="sales")
    sending = background(manager.send_action, request, "mine", Queue="support", Penalty=2, Paused=True)
    assert peer.request() == [
        ("Action", "QueueAdd"),
        ("ActionID", "mine"),
        ("Queue", "support"),
        ("Penalty", "2"),
        ("Paused", "true"),
    ]
    peer.send(answer("mine"))
    outcome = sending.result(PATIENCE)
    assert outcome is not None
    assert outcome.action_id == "mine"
    assert request == {"Action": "QueueAdd", "Queue": "sales"}


def test_an_action_id_may_be_a_number(peer: Peer, manager: ami.Manager) -> None:
    sending = background(manager.send_action, ami.Request("Ping"), 77)
    assert peer.request() == [("Action", "Ping"), ("ActionID", "77")]
    peer.send(answer("77"))
    outcome = sending.result(PATIENCE)
    assert outcome is not None
    assert outcome.action_id == "77"


def test_flags_of_a_request_may_be_any_true_value(peer: Peer, manager: ami.Manager) -> None:
    request: Any = ListGadgets()
    request.synchronous, request.aggregate, request.timeout = 1, "yes", 3
    sending = background(manager.send_action, request)
    peer.send(gadgets_of(peer.action_id(), 1, 2))
    outcome = sending.result(PATIENCE)
    assert outcome is not None
    assert outcome.events is not None
    assert outcome.events.valid


def test_a_request_can_be_sent_repeatedly(peer: Peer, manager: ami.Manager) -> None:
    peer.serve(reply)
    request = ami.Request("Ping")
    outcomes = [manager.send_action(request) for _ in range(5)]
    assert len({outcome.action_id for outcome in outcomes if outcome is not None}) == 5


def test_a_refused_action_is_an_outcome_for_one_method_and_an_exception_for_the_other(
    peer: Peer, manager: ami.Manager
) -> None:
    peer.serve(lambda request: answer(request["ActionID"], "Error", "Message: No such channel"))
    outcome = manager.send_action(ami.Request("Hangup"))
    assert outcome is not None
    assert not outcome.success
    with pytest.raises(ami.ActionFailed, match="Asterisk refused Hangup: No such channel"):
        manager.execute(ami.Request("Hangup"))


def test_the_result_is_derived_from_the_answer_by_the_request(peer: Peer, manager: ami.Manager) -> None:
    class Count(ami.Request[Any]):
        def process_response(self, response: ami.Message) -> int:
            return int(response["Count"])

    peer.serve(lambda request: answer(request["ActionID"], "Success", "Count: 7"))
    outcome = manager.send_action(Count("Count"))
    assert outcome is not None
    assert outcome.result == 7
    assert manager.execute(Count("Count")) == 7


def test_a_missing_answer_is_none_or_a_time_out(peer: Peer, manager: ami.Manager) -> None:
    request = ami.Request("Ping")
    request.timeout = 0.02
    assert manager.send_action(request) is None
    with pytest.raises(ami.ActionTimeout, match=r"Ping .* received no answer within 0\.02 s"):
        manager.execute(request)
    with pytest.raises(ami.ActionTimeout, match=r"within 0\.01 s"):
        manager.execute(ami.Request("Ping"), timeout=0.01)
    for never in (0.0, -1.0):
        request.timeout = never
        assert manager.send_action(request) is None
    assert manager.is_connected()


def test_a_late_answer_is_delivered_without_a_request(peer: Peer, manager: ami.Manager) -> None:
    orphans = Heard()
    manager.register_callback(None, orphans)
    request = ami.Request("Ping")
    request.timeout = 0.01
    assert manager.send_action(request) is None
    late = peer.action_id()
    sending = background(manager.send_action, ami.Request("Ping"))
    own = peer.action_id()
    peer.send(answer(late, "Error"), answer(own))
    outcome = sending.result(PATIENCE)
    assert outcome is not None
    assert outcome.success
    assert orphans.next() == {"Response": "Error", "ActionID": late}


def test_each_request_is_given_up_in_its_own_time(peer: Peer, manager: ami.Manager) -> None:
    sending = background(manager.execute, ami.Request[Any]("Ping"), timeout=PATIENCE)
    patient = peer.action_id()
    for timeout in (0.02, 0.01, 0.03):
        with pytest.raises(ami.ActionTimeout):
            manager.execute(ami.Request("Ping"), timeout=timeout)
    peer.send(answer(patient, "Success", "Ping: Pong"))
    assert sending.result(PATIENCE)["Ping"] == "Pong"


def test_a_timeout_of_any_size_can_be_waited_for(peer: Peer, manager: ami.Manager) -> None:
    for timeout in (1e12, float("inf")):
        request = ami.Request("Ping")
        request.timeout = timeout
        sending = background(manager.send_action, request)
        peer.send(answer(peer.action_id()))
        assert sending.result(PATIENCE) is not None


def test_nothing_can_be_sent_without_a_connection(manager: ami.Manager) -> None:
    calls: list[Callable[[], object]] = [
        lambda: manager.send_action(ami.Request("Ping")),
        lambda: manager.execute(ami.Request("Ping")),
        lambda: manager.login("admin", "secret"),
        lambda: manager.subscribe(Gadget),
        lambda: manager.wait_for(Gadget),
        manager.logoff,
        manager.monitor_connection,
    ]
    for call in calls:
        with pytest.raises(ami.NotConnected, match=r"call connect\(\) first"):
            call()
    assert issubclass(ami.NotConnected, ami.ManagerError)


def test_all_of_500_requests_in_flight_at_once_are_answered_in_any_order(peer: Peer, manager: ami.Manager) -> None:
    def ask(number: int) -> str:
        request = ami.Request("Ping", Number=number)
        request.timeout = PATIENCE
        return str(manager.execute(request)["Number"])

    def serve() -> None:
        waiting = [dict(peer.request()) for _ in range(500)]
        random.Random(7).shuffle(waiting)
        stream = b"".join(map(reply, waiting))
        for place in range(0, len(stream), 1000):
            peer.send(stream[place : place + 1000])

    serving = background(serve)
    answers = [background(ask, number) for number in range(500)]
    assert [each.result(PATIENCE) for each in answers] == [str(number) for number in range(500)]
    serving.result(PATIENCE)


def test_a_request_of_any_length_is_sent_whole(peer: Peer, manager: ami.Manager) -> None:
    value = "x" * (8 << 20)
    sending = background(manager.send_action, ami.Request("Big", Value=value))
    headers = dict(peer.request())
    assert headers["Value"] == value
    peer.send(answer(headers["ActionID"], "Success", f"Value: {value}"))
    outcome = sending.result(PATIENCE)
    assert outcome is not None
    assert outcome.response["Value"] == value


def test_requests_of_many_threads_do_not_mix_on_the_wire(peer: Peer, manager: ami.Manager) -> None:
    peer.serve(reply)

    def ask(number: int) -> bool:
        value = str(number) * 200_000
        return bool(manager.execute(ami.Request("Big", Value=value))["Value"] == value)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


# Lists


def gadgets_of(action_id: str, *sizes: int) -> bytes:
    items = (message("Event: Gadget", f"ActionID: {action_id}", f"Size: {size}") for size in sizes)
    end = message("Event: GadgetsComplete", f"ActionID: {action_id}", "EventList: Complete", f"ListItems: {len(sizes)}")
    return b"".join((answer(action_id, "Success", "EventList: start"), *items, end))


def test_a_list_is_returned_complete_with_typed_members(peer: Peer, manager: ami.Manager) -> None:
    peer.serve(lambda request: gadgets_of(request["ActionID"], 3, 1, 2))
    gadgets = manager.execute(ListGadgets())
    assert [gadget.size for gadget in gadgets.gadgets] == [3, 1, 2]
    assert gadgets.valid
    assert gadgets.closing == gadgets[GadgetsComplete]


def test_a_synchronous_request_swallows_its_events(peer: Peer, manager: ami.Manager) -> None:
    heard = Heard()
    manager.register_callback(Gadget, heard)
    manager.register_callback(Gadgets, heard)
    peer.serve(lambda request: gadgets_of(request["ActionID"], 1) + message("Event: Gadget", "Size: 9"))
    request = ListGadgets()
    request.synchronous = True
    outcome = manager.send_action(request)
    assert outcome is not None
    events: Any = outcome.events
    assert [gadget.size for gadget in events[Gadget]] == [1]
    assert heard.next().size == 9


def test_an_aggregate_request_lets_its_events_through_and_adds_the_aggregate(peer: Peer, manager: ami.Manager) -> None:
    heard = Heard()
    manager.register_callback("", heard)
    manager.register_callback(Gadgets, heard)
    peer.serve(lambda request: gadgets_of(request["ActionID"], 7, 8))
    request = ListGadgets()
    request.aggregate = True
    outcome = manager.send_action(request)
    assert outcome is not None
    assert outcome.events is None
    assert [heard.next().event for _ in range(3)] == ["Gadget", "Gadget", "GadgetsComplete"]
    aggregate = heard.next()
    assert isinstance(aggregate, Gadgets)
    assert aggregate.action_id == outcome.action_id
    assert [gadget.size for gadget in aggregate.gadgets] == [7, 8]


def test_an_unfinished_list_is_distinguished_from_no_answer(peer: Peer, manager: ami.Manager) -> None:
    peer.serve(lambda request: answer(request["ActionID"], "Success", "EventList: start"))
    request = ListGadgets()
    request.timeout = 0.05
    request.synchronous = True
    outcome = manager.send_action(request)
    assert outcome is not None
    assert outcome.events_timeout
    with pytest.raises(ami.ActionTimeout, match="no complete list"):
        manager.execute(request)


def test_an_aggregate_that_is_never_closed_is_delivered_as_invalid(server: Server) -> None:
    with ami.Manager(aggregate_timeout=0.02) as manager:
        peer = server.link(manager)
        heard = Heard()
        manager.register_callback(Gadgets, heard)
        peer.serve(lambda request: answer(request["ActionID"], "Success", "EventList: start"))
        request = ListGadgets()
        request.aggregate = True
        assert manager.send_action(request) is not None
        aggregate = heard.next()
        assert not aggregate.valid
        assert "no closing event" in aggregate.error_message
        assert manager.is_connected()


def test_an_aggregate_that_expires_in_the_middle_of_a_message_does_not_end_the_connection(server: Server) -> None:
    with ami.Manager(aggregate_timeout=0.02) as manager:
        peer = server.link(manager)
        heard = Heard()
        manager.register_callback(Gadgets, heard)
        manager.register_callback(Gadget, heard)
        request = ListGadgets()
        request.aggregate = True
        sending = background(manager.send_action, request)
        peer.send(answer(peer.action_id(), "Success", "EventList: start"), b"Event: Gadget\r\n")
        assert sending.result(PATIENCE) is not None
        assert not heard.next().valid
        peer.send(b"Size: 7\r\n\r\n")
        assert heard.next().size == 7
        assert manager.is_connected()


# Callbacks


@THREADS
def test_callbacks_are_called_in_order_with_the_event_and_the_manager(peer: Peer, manager: ami.Manager) -> None:
    calls: SimpleQueue[tuple[str, Any, ami.Manager]] = SimpleQueue()
    manager.register_callback(Gadget, lambda event, own: calls.put(("class", event, own)))
    manager.register_callback("GADGET", lambda event, own: calls.put(("name", event, own)))
    manager.register_callback("", lambda event, own: calls.put(("every", event, own)))
    manager.register_callback(None, lambda event, own: calls.put(("orphan", event, own)))
    peer.send(message("Event: Gadget", "Size: 7"), message("Response: Success", "ActionID: nobody"))
    for expected in ("class", "name", "every"):
        what, event, own = calls.get(timeout=PATIENCE)
        assert what == expected
        assert type(event) is Gadget
        assert event.size == 7
        assert own is manager
    what, orphan, _ = calls.get(timeout=PATIENCE)
    assert (what, orphan) == ("orphan", {"Response": "Success", "ActionID": "nobody"})


def test_events_arrive_in_the_order_sent(peer: Peer, manager: ami.Manager) -> None:
    heard = Heard()
    manager.register_callback("", heard)
    peer.send(
        *(message("Event: Gadget" if number % 2 else "Event: Other", f"Size: {number}") for number in range(5000))
    )
    assert [int(heard.next()["Size"]) for _ in range(5000)] == list(range(5000))


def test_a_callback_can_be_registered_as_a_decorator(peer: Peer, manager: ami.Manager) -> None:
    heard = Heard()

    @manager.register_callback(Gadget)
    def on_gadget(event: Gadget, manager: ami.Manager) -> int:
        heard.put(event)
        return event.size

    peer.send(message("Event: Gadget", "Size: 7"))
    assert heard.next().size == 7
    assert on_gadget(Gadget({"Event": "Gadget", "Size": "8"}), manager) == 8
    assert manager.unregister_callback(Gadget, on_gadget) is True
    assert manager.unregister_callback(Gadget, on_gadget) is False


def test_a_callback_that_was_taken_out_is_called_no_more(peer: Peer, manager: ami.Manager) -> None:
    first, second = Heard(), Heard()
    manager.register_callback("Gadget", first)
    manager.register_callback("Gadget", second)
    assert manager.unregister_callback("gadget", first)
    peer.send(message("Event: Gadget"))
    second.next()
    assert first.empty()


def test_callbacks_outlive_a_connection(server: Server, manager: ami.Manager) -> None:
    heard = Heard()
    manager.register_callback("Gadget", heard)
    for size in ("1", "2"):
        server.link(manager).send(message("Event: Gadget", f"Size: {size}"))
        assert heard.next()["Size"] == size


@THREADS
def test_a_callback_may_send_actions(peer: Peer, manager: ami.Manager) -> None:
    outcomes = Heard()

    def on_gadget(event: ami.Event, manager: ami.Manager) -> None:
        outcomes.put(manager.execute(ami.Request("Ping", Number=event["Size"])))

    manager.register_callback("Gadget", on_gadget)
    peer.serve(reply)
    peer.send(message("Event: Gadget", "Size: 1"), message("Event: Gadget", "Size: 2"))
    assert [outcomes.next()["Number"] for _ in range(2)] == ["1", "2"]


@THREADS
def test_a_slow_callback_delays_no_answer_and_no_stream(peer: Peer, manager: ami.Manager) -> None:
    entered, leave = threading.Event(), threading.Event()
    heard = Heard()

    def slow(event: ami.Event, manager: ami.Manager) -> None:
        entered.set()
        leave.wait(PATIENCE)
        heard.put(event)

    manager.register_callback("Gadget", slow)
    peer.serve(reply)
    with manager.subscribe(Gadget) as stream:
        peer.send(message("Event: Gadget", "Size: 1"))
        assert entered.wait(PATIENCE)
        assert manager.send_action(ami.Request("Ping")) is not None
        peer.send(message("Event: Gadget", "Size: 2"))
        assert [stream.get(PATIENCE).size for _ in range(2)] == [1, 2]
        assert heard.empty()
    leave.set()
    assert [heard.next()["Size"] for _ in range(2)] == ["1", "2"]


@pytest.mark.parametrize("trouble", [ValueError("the callback's own"), SystemExit(1)], ids=repr)
def test_a_callback_that_raises_stops_neither_others_nor_later_events(
    server: Server, trouble: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    with ami.Manager() as manager:
        peer = server.link(manager)
        heard = Heard()

        def fail(event: ami.Event, manager: ami.Manager) -> None:
            raise trouble

        manager.register_callback("Gadget", fail)
        manager.register_callback("Gadget", heard)
        with caplog.at_level(logging.ERROR, "ami_typed"):
            peer.send(message("Event: Gadget", "Size: 1"), message("Event: Gadget", "Size: 2"))
            assert [heard.next()["Size"] for _ in range(2)] == ["1", "2"]
        records = [record for record in caplog.records if record.name == "ami_typed"]
        assert len(records) == 2
        assert "callback raised" in records[0].getMessage()
        assert records[0].exc_info is not None
        assert records[0].exc_info[1] is trouble


def test_an_exception_of_a_callback_goes_to_the_given_logger(server: Server) -> None:
    told = Heard()

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.put(record)

    logger = logging.Logger("own")  # noqa: LOG001 - one that no other test can see
    logger.addHandler(Keep(logging.ERROR))
    with ami.Manager(logger=logger) as manager:
        peer = server.link(manager)
        manager.register_callback("Gadget", lambda event, manager: 1 / 0)
        peer.send(message("Event: Gadget"))
        assert isinstance(told.next().exc_info[1], ZeroDivisionError)


@THREADS
def test_a_callback_must_be_callable(manager: ami.Manager) -> None:
    nothing: Any = 5
    with pytest.raises(TypeError, match="must be callable"):
        manager.register_callback("Gadget", nothing)


def test_old_events_are_dropped_if_callbacks_cannot_keep_up_and_answers_are_not(server: Server) -> None:
    entered, leave = threading.Event(), threading.Event()
    heard = Heard()

    def slow(event: ami.Event, manager: ami.Manager) -> None:
        entered.set()
        leave.wait(PATIENCE)
        heard.put(event)

    with ami.Manager(limits=ami.Limits(events=10)) as manager:
        peer = server.link(manager)
        manager.register_callback("Gadget", slow)
        peer.serve(lambda request: message("Event: Gadget", f"Size: {request['Number']}") + reply(request))
        for number in range(50):
            assert manager.send_action(ami.Request("Ping", Number=number)) is not None
        assert entered.wait(PATIENCE)
        leave.set()
        sizes: list[int] = []
        while not sizes or sizes[-1] != 49:
            sizes.append(int(heard.next()["Size"]))
        assert sizes == sorted(sizes)
        assert len(sizes) <= 12


# The link breaks


def test_nothing_is_resent_on_a_new_connection(server: Server, manager: ami.Manager) -> None:
    peer = server.link(manager)
    sending = background(manager.send_action, ami.Request("Originate"))
    peer.request()
    peer.close()
    with pytest.raises(ami.OutcomeUnknown):
        sending.result(PATIENCE)
    other = server.link(manager)
    pinging = background(manager.send_action, ami.Request("Ping"), "own")
    assert other.request() == [("Action", "Ping"), ("ActionID", "own")]
    other.send(answer("own"))
    assert pinging.result(PATIENCE) is not None


def test_disconnecting_fails_the_requests_that_wait(peer: Peer, manager: ami.Manager) -> None:
    request = ami.Request("Originate")
    request.timeout = 3600
    sending = background(manager.send_action, request)
    peer.request()
    manager.disconnect()
    with pytest.raises(ami.OutcomeUnknown, match="the program disconnected"):
        sending.result(PATIENCE)


@THREADS
def test_a_lost_connection_ends_its_threads_and_can_be_replaced(server: Server, manager: ami.Manager) -> None:
    before = threads()
    peer = server.link(manager)
    own = [thread for thread in threads() if thread not in before]
    peer.close()
    assert all_gone(own)
    assert not manager.is_connected()
    assert manager.get_connection() is None
    server.link(manager).serve(reply)
    assert manager.send_action(ami.Request("Ping")) is not None


def test_events_before_the_end_are_still_passed_to_callbacks(peer: Peer, manager: ami.Manager) -> None:
    heard = Heard()
    manager.register_callback("Gadget", heard)
    peer.send(*(message("Event: Gadget", f"Size: {number}") for number in range(100)))
    peer.close()
    assert [heard.next()["Size"] for _ in range(100)] == [str(number) for number in range(100)]


def test_a_message_that_stalls_midway_ends_the_connection(server: Server, manager: ami.Manager) -> None:
    peer = server.link(manager, timeout=0.5)
    request = ami.Request("Ping")
    request.timeout = 3600
    sending = background(manager.send_action, request)
    peer.request()
    peer.send(b"Response: Succ")
    with pytest.raises(ami.OutcomeUnknown, match=r"the rest of a message did not arrive within 0\.5 s"):
        sending.result(PATIENCE)
    assert peer.at_end()
    assert not manager.is_connected()


BEYOND = {
    "line": b"x" * 2000,
    "message": b"Name: value\r\n" * 200,
    "headers": message("Event: Gadget", *["Part: 1"] * 1000),
}


@pytest.mark.parametrize("limit", BEYOND)
def test_a_peer_beyond_a_limit_ends_the_connection_which_names_it(server: Server, make: Make, limit: str) -> None:
    manager = make(limits=ami.Limits(**{limit: 1000}))
    peer = server.link(manager)
    with manager.subscribe(Gadget) as stream:
        peer.send(message("Event: Gadget", *["Part: 1"] * 100))
        assert len(stream.get(PATIENCE).parts) == 100
        peer.send(BEYOND[limit])
        with pytest.raises(ami.ProtocolError, match=rf"more than 1000 (bytes|lines) \(Limits\.{limit}\)"):
            stream.get(PATIENCE)
    assert not manager.is_connected()


def test_the_number_of_pending_requests_is_limited(server: Server, make: Make) -> None:
    manager = make(limits=ami.Limits(pending=1))
    peer = server.link(manager)
    sending = background(manager.send_action, ami.Request("Ping"))
    first = peer.action_id()
    with pytest.raises(
        ami.TooManyPending, match=r"Ping was not sent: as many requests are pending as Limits\.pending allows \(1\)"
    ):
        manager.send_action(ami.Request("Ping"))
    peer.send(answer(first))
    assert sending.result(PATIENCE) is not None


# Watching the link


def test_a_link_that_has_become_a_black_hole_is_found_out(peer: Peer, manager: ami.Manager) -> None:
    manager.monitor_connection(0.02)
    with manager.subscribe() as stream:
        assert dict(peer.request())["Action"] == "Ping"
        with pytest.raises(ami.ConnectionLost, match=r"did not answer a ping within 0\.02 s"):
            stream.get(PATIENCE)
    assert not manager.is_connected()
    assert peer.at_end()


def test_a_link_is_not_ended_while_an_older_request_keeps_the_server_from_answering(
    peer: Peer, manager: ami.Manager
) -> None:
    call = ami.actions.Originate(channel="Local/1@x", application="Wait", data="1")
    ringing = background(manager.execute, call)
    action_id = peer.action_id()
    manager.monitor_connection(0.02)
    ping = peer.action_id()
    assert not threading.Event().wait(0.2)  # ten times as long as a ping is waited for
    assert manager.is_connected()
    with manager.subscribe(ami.Event) as stream:
        peer.send(answer(action_id), answer(ping))
        assert ringing.result(PATIENCE) is not None
        assert dict(peer.request())["Action"] == "Ping"
        with pytest.raises(ami.ConnectionLost, match="did not answer a ping"):
            stream.get(PATIENCE)


def test_a_late_pong_settles_no_other_request(peer: Peer, manager: ami.Manager) -> None:
    orphans = Heard()
    manager.register_callback(None, orphans)
    slow = background(manager.execute, ami.Request("Slow"), timeout=PATIENCE)
    action_id = peer.action_id()
    manager.monitor_connection(0.02)
    ping = peer.action_id()
    assert not threading.Event().wait(0.1)
    peer.send(answer(action_id), answer(ping), answer("orphan"))
    slow.result(PATIENCE)
    assert orphans.next().action_id == "orphan"


@THREADS
def test_watching_ends_with_the_link(peer: Peer, manager: ami.Manager) -> None:
    manager.monitor_connection(3600)
    watching = [thread for thread in threads() if "monitor" in thread.name]
    assert len(watching) == 1
    peer.close()
    assert all_gone(watching)


@pytest.mark.parametrize("interval", [0, -1])
def test_an_invalid_interval_is_rejected(peer: Peer, manager: ami.Manager, interval: float) -> None:
    with pytest.raises(ValueError, match="interval must be a number of seconds or a timedelta, above 0"):
        manager.monitor_connection(interval)


# Streams


def test_a_stream_yields_typed_events_in_order_and_nothing_else(peer: Peer, manager: ami.Manager) -> None:
    with manager.subscribe(Gadget, GadgetsComplete) as stream:
        peer.send(message("Event: Gadget", "Size: 1"), message("Event: Noise"), message("Event: GadgetsComplete"))
        first, second = next(stream), next(iter(stream))
    assert isinstance(first, Gadget)
    assert first.size == 1
    assert isinstance(second, GadgetsComplete)


@pytest.mark.parametrize("classes", [(), (ami.Event,), (ami.Event, Gadget), (Gadget, Gadget, ami.Event)])
def test_a_stream_of_all_events_has_each_once(peer: Peer, manager: ami.Manager, classes: tuple[Any, ...]) -> None:
    with manager.subscribe(*classes) as stream:
        peer.send(message("Event: Gadget", "Size: 1"), message("Event: Noise"), message("Event: Last"))
        assert [stream.get(PATIENCE).event for _ in range(3)] == ["Gadget", "Noise", "Last"]


def test_an_unread_stream_drops_its_oldest_events_and_reports_it(peer: Peer, manager: ami.Manager) -> None:
    heard = Heard()
    manager.register_callback("Last", heard)
    with manager.subscribe(Gadget, limit=2) as stream:
        peer.send(*(message("Event: Gadget", f"Size: {number}") for number in range(5)), message("Event: Last"))
        heard.next()
        assert stream.dropped == 3
        with pytest.raises(ami.EventsDropped) as gap:
            stream.get(PATIENCE)
        assert gap.value.count == 3
        assert [stream.get(PATIENCE).size for _ in range(2)] == [3, 4]


def test_the_limit_of_a_stream_is_that_of_the_manager_unless_it_has_its_own(server: Server, make: Make) -> None:
    manager = make(limits=ami.Limits(stream=1))
    peer = server.link(manager)
    heard = Heard()
    manager.register_callback("Last", heard)
    with manager.subscribe(Gadget) as stream:
        peer.send(*(message("Event: Gadget", f"Size: {number}") for number in range(3)), message("Event: Last"))
        heard.next()
        assert stream.dropped == 2


@pytest.mark.parametrize("limit", [0, -1])
def test_a_stream_that_could_hold_nothing_is_refused(peer: Peer, manager: ami.Manager, limit: int) -> None:
    with pytest.raises(ValueError, match="limit must be a whole number, 1 or more"):
        manager.subscribe(Gadget, limit=limit)
    assert manager._handlers._entries == ()


def test_a_closed_stream_ends_after_its_buffered_events(peer: Peer, manager: ami.Manager) -> None:
    heard = Heard()
    manager.register_callback("Gadget", heard)
    stream = manager.subscribe(Gadget)
    peer.send(message("Event: Gadget", "Size: 1"))
    heard.next()
    stream.close()
    stream.close()
    peer.send(message("Event: Gadget", "Size: 2"))
    heard.next()
    assert [event.size for event in stream] == [1]
    with pytest.raises(StopIteration):
        stream.get(PATIENCE)


def test_a_stream_ends_when_the_program_disconnects(peer: Peer, manager: ami.Manager) -> None:
    stream = manager.subscribe(Gadget)
    reading: Future[list[Gadget]] = background(list, stream)
    manager.disconnect()
    assert reading.result(PATIENCE) == []


def test_a_stream_raises_the_reason_for_a_loss(peer: Peer, manager: ami.Manager) -> None:
    stream = manager.subscribe(Gadget)
    peer.send(message("Event: Gadget", "Size: 1"))
    peer.close()
    assert stream.get(PATIENCE).size == 1
    for _ in range(2):
        with pytest.raises(
            ami.ConnectionLost,
            match=r"^The connection to 127\.0\.0\.1:\d+ was lost: the server closed the connection\.$",
        ):
            next(stream)


def test_a_stream_waits_no_longer_than_its_time_out(peer: Peer, manager: ami.Manager) -> None:
    with manager.subscribe(Gadget, GadgetsComplete) as stream:
        with pytest.raises(ami.EventTimeout, match=r"No Gadget or GadgetsComplete arrived within 0\.01 s"):
            stream.get(0.01)
        with pytest.raises(ami.EventTimeout):
            stream.get(0)


def test_several_streams_each_have_every_event(peer: Peer, manager: ami.Manager) -> None:
    with manager.subscribe(Gadget) as one, manager.subscribe(Gadget) as two:
        peer.send(message("Event: Gadget", "Size: 7"))
        assert one.get(PATIENCE).size == two.get(PATIENCE).size == 7


def test_waiting_for_an_event_returns_the_first_that_fits(peer: Peer, manager: ami.Manager) -> None:
    began = threading.Event()

    def fits(event: Gadget) -> bool:
        began.set()
        return event.size == 3

    waiting = background(manager.wait_for, Gadget, where=fits, timeout=PATIENCE)
    number = 0
    while not began.is_set():  # what comes before it waits does not count
        peer.send(message("Event: Gadget", "Size: 1"))
        number += 1
        began.wait(0.01)
    peer.send(message("Event: Gadget", "Size: 3"), message("Event: Gadget", "Size: 3"))
    assert waiting.result(PATIENCE).size == 3
    assert manager._handlers._entries == ()


def test_waiting_for_a_missing_event_is_an_event_timeout(peer: Peer, manager: ami.Manager) -> None:
    with pytest.raises(ami.EventTimeout, match=r"Gadget did not arrive within 0\.01 s"):
        manager.wait_for(Gadget, timeout=0.01)
    assert manager._handlers._entries == ()


@pytest.mark.parametrize("how", ["server", "program"])
def test_waiting_ends_with_the_connection(peer: Peer, manager: ami.Manager, how: str) -> None:
    waiting = background(manager.wait_for, Gadget)
    while not manager._handlers.wants("Gadget"):
        background(lambda: None).result(PATIENCE)
    peer.close() if how == "server" else manager.disconnect()
    with pytest.raises(ami.ConnectionLost):
        waiting.result(PATIENCE)


def test_a_stream_created_after_a_loss_raises_its_reason(peer: Peer, manager: ami.Manager) -> None:
    with manager.subscribe(Gadget) as earlier:
        peer.close()
        with pytest.raises(ami.ConnectionLost):
            earlier.get(PATIENCE)
    with pytest.raises(ami.ConnectionLost, match="the server closed the connection"):
        manager.subscribe(Gadget).get(PATIENCE)


# Conversations


def script(peer: Peer, answers: dict[str, str | tuple[str, ...]], *, before: bytes = b"") -> list[dict[str, str]]:
    """Answer requests by their action; keep them."""
    came: list[dict[str, str]] = []

    def serve(request: dict[str, str]) -> bytes:
        came.append(request)
        given = answers[request["Action"]]
        lines = (given,) if isinstance(given, str) else given
        return (before if request["Action"] == "Login" else b"") + answer(request["ActionID"], *lines)

    peer.serve(serve)
    return came


def test_logging_in_answers_the_challenge_and_learns_the_release(peer: Peer, manager: ami.Manager) -> None:
    came = script(
        peer,
        {
            "Challenge": ("Success", "Challenge: 123"),
            "Login": "Success",
            "CoreSettings": ("Success", "AsteriskVersion: 16.28.0~dfsg"),
        },
    )
    manager.login("admin", "secret")
    assert [request["Action"] for request in came] == ["Challenge", "Login", "CoreSettings"]
    assert "secret" not in str(came)
    assert manager.release == ami.Release(16, 28, 0)


def test_after_the_log_in_unsupported_requests_are_rejected(server: Server) -> None:
    class Newer(ami.Request[ami.Message]):
        releases = ami.Releases("20-23")

    answers: dict[str, str | tuple[str, ...]] = {
        "Login": "Success",
        "CoreSettings": ("Success", "AsteriskVersion: 16.28.0"),
        "Newer": "Success",
    }
    with ami.Manager() as manager:
        script(server.link(manager), answers)
        assert manager.execute(Newer("Newer"))["Response"] == "Success"
        manager.login("admin", "secret", plain=True)
        with pytest.raises(ami.NotInRelease, match=r"Newer requires Asterisk 20 to 23, but this server runs 16\.28\.0"):
            manager.execute(Newer("Newer"))
    with ami.Manager(check_releases=False) as manager:
        script(server.link(manager), answers)
        manager.login("admin", "secret", plain=True)
        assert manager.execute(Newer("Newer"))["Response"] == "Success"


def test_a_log_in_with_a_mask_that_would_let_nothing_through_is_not_sent(peer: Peer, manager: ami.Manager) -> None:
    with pytest.raises(ami.HeaderRefused, match=r"'calls' is not a class of events, .* did you mean 'call'"):
        manager.login("admin", "secret", events="calls")
    peer.serve(reply)
    assert manager.execute(ami.Request("Ping"))["Action"] == "Ping"


def test_a_missing_event_is_explained(peer: Peer, manager: ami.Manager) -> None:
    script(peer, {"Login": "Success", "CoreSettings": "Error", "Originate": "Success"})
    manager.login("admin", "secret", plain=True, events="agent")
    with pytest.raises(
        ami.EventTimeout, match=r"Hangup did not arrive .* requires call in the event mask of this connection\.$"
    ):
        manager.wait_for(ami.events.Hangup, timeout=0.01)
    with (
        manager.subscribe(ami.events.Hangup) as stream,
        pytest.raises(ami.EventTimeout, match="Hangup requires call in the event mask"),
    ):
        stream.get(0.01)
    with manager.subscribe() as stream, pytest.raises(ami.EventTimeout, match=r"^No Event arrived within 0\.01 s\.$"):
        stream.get(0.01)
    call = ami.actions.Originate(channel="a", application="b", call_timeout=timedelta(milliseconds=1))
    with pytest.raises(
        ami.EventTimeout, match=r"The outcome of the call did not arrive .* requires call in the event mask"
    ):
        manager.originate(call, margin=0.01)


def test_a_missing_event_is_explained_by_unmatched_ones(peer: Peer, manager: ami.Manager) -> None:
    def is_two(gadget: Gadget) -> bool:
        return gadget.size == 2

    waiting = background(manager.wait_for, Gadget, where=is_two, timeout=0.3)
    while not manager._handlers.sinks:
        threading.Event().wait(0.001)
    peer.send(message("Event: Gadget", "Size: 1"))
    with pytest.raises(ami.EventTimeout, match=r"did not arrive within 0\.3 s\. 1 arrived that did not match\."):
        waiting.result(PATIENCE)


def test_a_failed_command_quotes_what_it_printed(peer: Peer, manager: ami.Manager) -> None:
    lines = ("Error", "Message: Command output follows", "Output: No such command 'x'", "Output: ")
    script(peer, {"Command": lines})
    with pytest.raises(ami.ActionFailed, match=r"Asterisk refused Command: No such command 'x'$") as failed:
        manager.execute(ami.actions.Command(command="x"))
    assert failed.value.message == "No such command 'x'"


def test_blanks_that_the_server_drops_are_logged(
    peer: Peer, manager: ami.Manager, caplog: pytest.LogCaptureFixture
) -> None:
    script(peer, {"Setvar": "Success"})
    manager.execute(ami.Request("Setvar", Variable="V", Value=" x"))
    assert "Setvar: Asterisk strips the whitespace at the beginning of Value." in caplog.text


def test_a_wrong_secret_is_a_failed_log_in(peer: Peer, manager: ami.Manager) -> None:
    script(peer, {"Challenge": ("Success", "Challenge: 1"), "Login": ("Error", "Message: Authentication failed")})
    with pytest.raises(ami.LoginFailed, match="Authentication failed") as failed:
        manager.login("admin", "hidden-word")
    assert "hidden-word" not in f"{failed.value} {failed.value.request!r}"


def test_logging_in_can_wait_until_the_server_is_booted(peer: Peer, manager: ami.Manager) -> None:
    answers: dict[str, str | tuple[str, ...]] = {
        "Login": "Success",
        "CoreSettings": ("Error", "Message: Permission denied"),
    }
    script(peer, answers, before=message("Event: FullyBooted", "Status: Fully Booted"))
    manager.login("admin", "secret", plain=True, wait=PATIENCE)
    assert manager.release is not None
    assert (manager.release.branch, manager.release.exact) == (20, False)  # by its greeting
    assert manager._handlers._entries == ()


def test_a_server_that_is_not_booted_in_time_is_still_booting(peer: Peer, manager: ami.Manager) -> None:
    script(peer, {"Login": "Success"})
    with pytest.raises(ami.StillBooting, match=r"within 0\.02 s that it is fully booted .*`system`"):
        manager.login("admin", "secret", plain=True, wait=0.02)
    assert manager._handlers._entries == ()


def test_a_connection_lost_during_the_log_in_is_reported(peer: Peer, manager: ami.Manager) -> None:
    logging_in = background(manager.login, "admin", "secret")
    peer.request()
    peer.close()
    with pytest.raises(ami.ConnectionLost):
        logging_in.result(PATIENCE)


def originate(**headers: Any) -> Any:
    return ami.Request("Originate", Channel="Local/1@x", Application="Wait", **headers)


def test_a_call_ends_with_its_own_outcome(peer: Peer, manager: ami.Manager) -> None:
    calling = background(manager.originate, originate())
    request = dict(peer.request())
    assert request["Async"] == "true"
    other = message("Event: OriginateResponse", "ActionID: other", "Response: Success")
    own = message("Event: OriginateResponse", f"ActionID: {request['ActionID']}", "Response: Failure", "Reason: 5")
    peer.send(other, answer(request["ActionID"]), own)
    outcome = calling.result(PATIENCE)
    assert outcome["Response"] == "Failure"
    assert outcome["Reason"] == "5"


def test_an_outcome_before_the_answer_is_not_missed(peer: Peer, manager: ami.Manager) -> None:
    calling = background(manager.originate, originate())
    action_id = peer.action_id()
    peer.send(message("Event: OriginateResponse", f"ActionID: {action_id}", "Response: Success"), answer(action_id))
    assert calling.result(PATIENCE)["Response"] == "Success"


def test_a_call_without_an_outcome_may_have_happened(peer: Peer, manager: ami.Manager) -> None:
    peer.serve(reply)
    with pytest.raises(ami.OutcomeTimeout, match=r"The outcome of the call did not arrive .* itself may go on"):
        manager.originate(originate(Timeout=10), margin=0.01)


def test_a_call_that_is_refused_is_an_exception(peer: Peer, manager: ami.Manager) -> None:
    peer.serve(lambda request: answer(request["ActionID"], "Error", "Message: Channel not specified"))
    with pytest.raises(ami.ActionFailed, match="Channel not specified"):
        manager.originate(originate())


def test_logging_off_disconnects(peer: Peer, manager: ami.Manager) -> None:
    leaving = background(manager.logoff)
    request = dict(peer.request())
    assert request["Action"] == "Logoff"
    peer.send(answer(request["ActionID"], "Goodbye"))
    peer.close()
    leaving.result(PATIENCE)
    assert not manager.is_connected()


# Seeing inside


def test_the_dialogue_is_logged_with_its_secrets_hidden(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ami_typed"), ami.Manager(debug=True) as manager:
        peer = server.link(manager)
        heard = Heard()
        manager.register_callback("Gadget", heard)
        peer.serve(lambda request: answer(request["ActionID"], "Success", "Secret: hidden-word", "Mark: seen"))
        manager.send_action(ami.Request("Login", Secret="hidden-word"), "own-id")
        peer.send(message("Event: Gadget", "Password: hidden-word"))
        heard.next()
        manager.disconnect()
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "hidden-word" not in text
    assert "Login" in text
    assert "own-id" in text
    assert "Gadget" in text
    assert "'Mark': 'seen'" in text
    assert "the program disconnected" in text


def test_the_dialogue_is_logged_only_on_request(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ami_typed"), ami.Manager() as manager:
        peer = server.link(manager)
        peer.serve(reply)
        manager.send_action(ami.Request("Ping"))
    assert [record for record in caplog.records if record.levelno == logging.DEBUG] == []


def test_the_source_of_the_tests_holds_no_sleep() -> None:
    for file in Path(__file__).parent.glob("test_*.py"):
        assert "time." + "sleep" not in file.read_text("utf-8")
