"""What is held at most of a list: one that exceeds the limits fails, and nothing else does."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import Limits, _speed
from ami_typed._delivery.subscriptions import Handlers
from ami_typed._protocol import recognition, session
from ami_typed._protocol.session import Session
from tests.support import (
    PATIENCE,
    Gadget,
    Heard,
    ListGadgets,
    QuietList,
    RawText,
    Server,
    answer,
    background,
    message,
)

if TYPE_CHECKING:
    from ami_typed.exchanges import Exchange
    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


@pytest.fixture(params=["compiled", "plain"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use one form of the functions that lists pass."""
    from ami_typed._speed import plain

    if request.param == "plain":
        monkeypatch.setattr(recognition, "route_block", plain.route_block)
        monkeypatch.setattr(recognition, "Kind", plain.Kind)
        monkeypatch.setattr(session, "Kind", plain.Kind)
        monkeypatch.setattr(recognition, "make_message", plain.make_message)
    elif not _speed.compiled:
        pytest.skip("NOT RUN: the C part is not built here")


def gadget(action_id: str, size: int = 1) -> bytes:
    return message("Event: Gadget", f"ActionID: {action_id}", f"Size: {size}")


def end(action_id: str) -> bytes:
    return message("Event: GadgetsDone", f"ActionID: {action_id}", "EventList: Complete")


def start(action_id: str) -> bytes:
    return answer(action_id, "Success", "EventList: start")


class Talk:
    """A session whose deliveries and settled exchanges are kept."""

    def __init__(self, **limits: int) -> None:
        self.handlers = Handlers()
        self.handlers.register("", print)
        self.handlers.register(None, print)
        self.session = Session(self.handlers, token="t", limits=Limits(**limits))
        self.now = 0.0
        self.delivered: list[Any] = []
        self.settled: list[Exchange[Any]] = []

    def open(self, request: ami.Request[Any], **options: Any) -> Exchange[Any]:
        exchange = self.session.open(request, self.now, **options)
        exchange.begin()
        return exchange

    def hear(self, *octets: bytes) -> None:
        received = self.session.receive(b"".join(octets), self.now)
        self.delivered += received.deliveries
        self.settled += received.settled


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_a_list_beyond_the_limit_fails_and_its_rest_is_discarded(pieces: int) -> None:
    talk = Talk(items=10)
    exchange = talk.open(ListGadgets(), synchronous=True)
    one, other = exchange.action_id, talk.open(ami.Request("Ping"))
    octets = start(one) + b"".join(gadget(one, number) for number in range(50)) + end(one)
    size = -(-len(octets) // pieces)
    for begin in range(0, len(octets), size):
        talk.hear(octets[begin : begin + size])
    assert talk.settled == [exchange]
    with pytest.raises(
        ami.ListTooLong,
        match=r"The list that answers ListGadgets \(ActionID .*\) exceeds 10 events \(Limits.items\)",
    ) as failed:
        exchange.result()
    assert failed.value.events.valid is False
    assert 10 < len(failed.value.events["Gadget"]) <= 50
    assert exchange.ending == "failed"
    assert talk.delivered == []
    talk.hear(answer(other.action_id), gadget("nobodys"))
    assert talk.settled == [exchange, other]
    assert [event["ActionID"] for event in talk.delivered] == ["nobodys"]


@pytest.mark.usefixtures("form")
def test_a_list_of_more_bytes_than_the_limit_fails() -> None:
    talk = Talk(gathered=1000)
    exchange = talk.open(ListGadgets(), synchronous=True)
    talk.hear(start(exchange.action_id))
    heard = 0
    while not talk.settled:
        talk.hear(gadget(exchange.action_id))
        heard += len(gadget(exchange.action_id)) - 4
    assert 1000 < heard <= 1000 + len(gadget(exchange.action_id))
    with pytest.raises(ami.ListTooLong, match=r"exceeds 1000 bytes \(Limits.gathered\)"):
        exchange.outcome()


@pytest.mark.usefixtures("form")
def test_a_list_of_just_as_many_events_and_bytes_is_whole() -> None:
    talk = Talk(items=10, gathered=10 * (len(gadget("t-1")) - 4))
    exchange = talk.open(ListGadgets(), synchronous=True)
    assert exchange.action_id == "t-1"
    talk.hear(start("t-1"), *(gadget("t-1") for _ in range(10)), end("t-1"))
    assert len(exchange.result().gadgets) == 10
    assert exchange.result().valid


@pytest.mark.usefixtures("form")
def test_limits_apply_to_each_list() -> None:
    talk = Talk(items=10)
    long, short = (talk.open(ListGadgets(), synchronous=True) for _ in range(2))
    one, other = long.action_id, short.action_id
    talk.hear(start(one), start(other))
    for _ in range(5):
        talk.hear(*(gadget(one) for _ in range(5)), gadget(other))
    talk.hear(end(one), end(other))
    assert isinstance(long.error, ami.ListTooLong)
    assert len(short.result().gadgets) == 5


def test_an_aggregate_that_exceeds_the_limit_is_delivered_as_it_is_and_its_events_go_on() -> None:
    talk = Talk(items=10)
    request = ListGadgets()
    request.aggregate = True
    exchange = talk.open(request)
    one = exchange.action_id
    talk.hear(start(one), *(gadget(one) for _ in range(20)), end(one))
    assert exchange.outcome() is not None
    (gathered,) = (each for each in talk.delivered if isinstance(each, ami.Aggregate))
    assert not gathered.valid
    assert len(gathered["Gadget"]) == 11
    assert sum(isinstance(each, Gadget) for each in talk.delivered) == 20
    assert talk.session.deadline() is None


def test_a_list_that_begins_without_an_answer_is_bounded_too() -> None:
    talk = Talk(items=10)
    exchange = talk.open(QuietList(), synchronous=True)
    one = exchange.action_id
    talk.hear(*(gadget(one) for _ in range(20)))
    assert isinstance(exchange.error, ami.ListTooLong)
    talk.hear(answer(one), gadget(one), end(one), gadget(one))
    assert [type(each) for each in talk.delivered] == [Gadget]  # behind the end it is an event like any other


@pytest.mark.parametrize("last", ["end", "error", "silence"])
def test_an_action_id_is_reusable_after_the_rest_of_its_list(last: str) -> None:
    talk = Talk(items=3)
    first = talk.open(ListGadgets(), synchronous=True, action_id="mine")
    talk.hear(start("mine"), *(gadget("mine") for _ in range(5)))
    assert isinstance(first.error, ami.ListTooLong)
    with pytest.raises(ami.ManagerError, match="is in use"):
        talk.open(ListGadgets(), synchronous=True, action_id="mine")
    if last == "silence":
        talk.now = 5.0
    else:
        talk.hear(end("mine") if last == "end" else answer("mine", "Error"))
    again = talk.open(ListGadgets(), synchronous=True, action_id="mine")
    talk.hear(start("mine"), gadget("mine"), end("mine"))
    assert len(again.result().gadgets) == 1
    assert talk.delivered == []


def test_a_lost_request_is_settled_once() -> None:
    talk = Talk(items=3)
    exchange = talk.open(ListGadgets(), synchronous=True)
    talk.hear(start(exchange.action_id), *(gadget(exchange.action_id) for _ in range(5)))
    received = talk.session.close(ami.ConnectionLost("it ended"))
    assert (received.settled, received.deliveries) == ([], [])
    assert isinstance(exchange.error, ami.ListTooLong)


def test_raw_text_is_bounded_like_a_message() -> None:
    class Patient(RawText):
        empty_lines = 3

    talk = Talk(message=10_000)
    talk.open(Patient("Patient"))
    for _ in range(10):
        talk.hear(b"x" * 1000 + b"\r\n\r\n")
    with pytest.raises(ami.ProtocolError, match=r"Limits\.message"):
        talk.hear(b"x\r\n\r\n")


@pytest.mark.usefixtures("form")
def test_memory_stays_flat_beyond_the_limit() -> None:
    talk = Talk(items=1000)
    exchange = talk.open(ListGadgets(), synchronous=True)
    block = b"".join(gadget(exchange.action_id) for _ in range(500))
    talk.hear(start(exchange.action_id), block, block, block)
    assert isinstance(exchange.error, ami.ListTooLong)
    talk.settled.clear()
    exchange.error = None
    talk.hear(block)
    tracemalloc.start()
    try:
        for _ in range(20):
            talk.hear(block)
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert grown < 50_000


def test_fifty_thousand_endpoints_pass(make: Make, server: Server) -> None:
    manager = make()
    peer = server.link(manager)
    listing = background(manager.execute, ami.actions.PJSIPShowEndpoints(), timeout=PATIENCE)
    action_id = peer.action_id()
    peer.send(start(action_id))
    for number in range(50_000):
        peer.send(
            message(
                "Event: EndpointList",
                f"ActionID: {action_id}",
                "ObjectType: endpoint",
                f"ObjectName: phone-{number:05}",
                "Transport: transport-udp",
                f"Aor: phone-{number:05}",
                f"Auths: phone-{number:05}",
                "OutboundAuths: ",
                f"Contacts: phone-{number:05}/sip:phone-{number:05}@192.0.2.1:5060,",
                "DeviceState: Not in use",
                "ActiveChannels: ",
            )
        )
    peer.send(
        message("Event: EndpointListComplete", f"ActionID: {action_id}", "EventList: Complete", "ListItems: 50000")
    )
    endpoints = listing.result(PATIENCE)
    assert endpoints.valid
    assert len(endpoints["EndpointList"]) == 50_000


def test_an_endless_list_fails_one_request_and_keeps_the_connection(make: Make, server: Server) -> None:
    manager = make(limits=Limits(items=5000))
    peer = server.link(manager)
    heard = Heard()
    manager.register_callback("", heard)
    listing = background(manager.execute, ListGadgets(), timeout=PATIENCE)
    action_id = peer.action_id()
    peer.send(start(action_id))
    for _ in itertools.count():
        peer.send(gadget(action_id) * 1000)
        if listing.done():
            break
    with pytest.raises(ami.ListTooLong, match=r"exceeds 5000 events \(Limits\.items\)") as failed:
        listing.result(PATIENCE)
    assert len(failed.value.events["Gadget"]) > 5000
    sending = background(manager.send_action, ami.Request("Ping"))
    peer.send(gadget(action_id) * 1000, answer(peer.action_id()), gadget(action_id) * 1000)
    assert sending.result(PATIENCE) is not None
    peer.send(message("Event: Gadget", "Size: 7"))
    assert heard.next().size == 7  # of the list, nothing
    assert manager.statistics.requests_failed == 1
