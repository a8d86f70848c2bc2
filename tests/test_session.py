"""An answer goes to the request it belongs to, whatever comes in between; nobody is left waiting at the end."""

from __future__ import annotations

import pickle
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import actions, registry
from ami_typed._delivery.subscriptions import Handlers
from ami_typed._protocol import recognition
from ami_typed._protocol.session import Received, Session
from ami_typed._speed import make_message
from ami_typed.fields import zone_of
from ami_typed.limits import Limits
from tests.support import (
    GREETING,
    PATIENCE,
    Gadget,
    Gadgets,
    GadgetsComplete,
    ListGadgets,
    QuietList,
    RawText,
    answer,
    message,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from ami_typed.exchanges import Exchange

pytestmark = pytest.mark.usefixtures("gadgets")

CLOSED = ami.ConnectionLost("the server closed the connection.")


def anything(*_: object) -> None:
    """A callback."""


def outcome_of(exchange: Exchange[Any]) -> ami.Response[Any]:
    """Return what came of a request that was answered."""
    outcome = exchange.outcome()
    assert outcome is not None
    return outcome


class Talk:
    """A session with somebody who wants to hear of everything, and a clock that the test sets."""

    def __init__(self, *wanted: Any, **options: Any) -> None:
        self.handlers = Handlers()
        for event in wanted or ("", None):
            self.handlers.register(event, anything)
        self.session = Session(self.handlers, token="t", **options)
        self.now = 0.0

    def open(self, request: ami.Request[Any] | None = None, *args: Any, **options: Any) -> Exchange[Any]:
        """Begin an exchange and have its bytes leave."""
        exchange = self.session.open(request or ami.Request("Ping"), self.now, *args, **options)
        exchange.begin()
        return exchange

    def hear(self, *octets: bytes) -> Received:
        """Take in bytes."""
        return self.session.receive(b"".join(octets), self.now)

    def heard(self, *octets: bytes) -> list[Any]:
        """Take in bytes; return what is to be delivered."""
        return list(self.hear(*octets).deliveries)


def gadget(action_id: str, size: int = 1, *lines: str) -> bytes:
    return message("Event: Gadget", f"ActionID: {action_id}", f"Size: {size}", *lines)


def complete(action_id: str, count: int, name: str = "GadgetsComplete") -> bytes:
    return message(f"Event: {name}", f"ActionID: {action_id}", "EventList: Complete", f"ListItems: {count}")


def start(action_id: str, word: str = "start") -> bytes:
    return answer(action_id, "Success", f"EventList: {word}")


# The greeting


def test_the_server_names_itself_and_its_version() -> None:
    talk = Talk()
    assert talk.session.greeting is None
    assert talk.session.greet(GREETING) == Received([], [])
    assert talk.session.greeting == ("Asterisk Call Manager", "9.0.0")


def test_a_greeting_in_pieces_is_waited_for() -> None:
    talk = Talk()
    assert talk.session.greet(b"Asterisk Call Manager/5.") is None
    assert talk.session.greet(b"0.2\r\n") == Received([], [])
    assert talk.session.greeting == ("Asterisk Call Manager", "5.0.2")


def test_data_after_the_greeting_is_not_lost() -> None:
    talk = Talk()
    received = talk.session.greet(GREETING + message("Event: FullyBooted") + b"Event: Gad")
    assert received is not None
    assert received.deliveries == [{"Event": "FullyBooted"}]


@pytest.mark.parametrize(
    "greeting",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail\r\n", b"\r\n", b"\xff\xfe\n"],
)
def test_another_service_is_distinguished_from_asterisk(greeting: bytes) -> None:
    with pytest.raises(ami.NotAsterisk, match="this is not Asterisk's Manager Interface"):
        Talk().session.greet(greeting)


def test_a_service_that_sends_no_line_is_not_asterisk() -> None:
    with pytest.raises(ami.NotAsterisk):
        Talk().session.greet(b"\0" * 2000)


# Requests and answers


def test_a_request_starts_with_its_action_and_action_id() -> None:
    exchange = Talk().open(ami.Request("Originate", Channel="Local/1@x", ActionID="mine", Async=True))
    assert exchange.action_id == "mine"
    assert exchange.octets == b"Action: Originate\r\nActionID: mine\r\nChannel: Local/1@x\r\nAsync: true\r\n\r\n"


def test_each_request_has_a_unique_action_id() -> None:
    talk = Talk()
    ids = [talk.open().action_id for _ in range(5)]
    assert len(set(ids)) == 5
    assert all(each.startswith("t-") for each in ids)


def test_the_action_id_that_is_given_wins_over_the_requests_own() -> None:
    exchange = Talk().open(ami.Request("Ping", ActionID="own"), "given")
    assert exchange.action_id == "given"
    assert exchange.octets == b"Action: Ping\r\nActionID: given\r\n\r\n"


def test_headers_for_this_time_replace_the_requests_own_and_do_not_touch_it() -> None:
    request = ami.Request("Originate", Channel="A", Variable={"X": "1"})
    exchange = Talk().open(request, None, {"channel": "B", "Priority": 1, "Codecs": ["a", "b"]})
    assert exchange.octets.splitlines()[2:-1] == [
        b"Variable: X=1",
        b"channel: B",
        b"Priority: 1",
        b"Codecs: a",
        b"Codecs: b",
    ]
    assert request == {"Action": "Originate", "Channel": "A", "Variable": {"X": "1"}}


@pytest.mark.parametrize("name", ["ActionID", "actionid", "Actionid"])
def test_an_action_id_among_the_headers_is_used_and_sent_once(name: str) -> None:
    for exchange in (
        Talk().open(ami.Request("Ping"), None, {name: "h"}),
        Talk().open(ami.Request("Ping", **{name: "h"})),
    ):
        assert exchange.action_id == "h"
        assert exchange.octets.lower() == b"action: ping\r\nactionid: h\r\n\r\n"


@pytest.mark.parametrize("name", ["Action", "action", "ACTION"])
def test_a_header_cannot_add_a_second_action(name: str) -> None:
    exchange = Talk().open(ami.Request("Ping"), None, {name: "Originate"})
    assert exchange.octets.lower().count(b"action: ") == 1
    assert exchange.octets.startswith(b"Action: Ping\r\n")


@pytest.mark.parametrize("where", ["header", "name", "action", "action_id", "headers"])
def test_a_request_that_is_refused_is_not_waited_for(where: str) -> None:
    talk = Talk()
    smuggled = "x\r\n\r\nAction: Originate"
    given: dict[str, tuple[Any, ...]] = {
        "header": (ami.Request("Ping", A=smuggled),),
        "name": (ami.Request("Ping", **{smuggled: "A"}),),
        "action": (ami.Request(smuggled),),
        "action_id": (ami.Request("Ping"), smuggled),
        "headers": (ami.Request("Ping"), None, {"A": smuggled}),
    }
    with pytest.raises(ami.HeaderRefused):
        talk.open(*given[where])
    assert talk.session.pending == 0


def test_an_answer_settles_its_request_with_all_there_is_to_know() -> None:
    talk = Talk()
    talk.now = 10.0
    request = ami.Request("Ping")
    exchange = talk.open(request)
    talk.now = 10.25
    received = talk.hear(answer(exchange.action_id, "Success", "Ping: Pong"))
    assert received == Received([], [exchange])
    outcome = outcome_of(exchange)
    assert outcome.request is request
    assert outcome.result is outcome.response
    assert outcome.response == {"Response": "Success", "ActionID": exchange.action_id, "Ping": "Pong"}
    assert (outcome.action_id, outcome.success, outcome.time) == (exchange.action_id, True, 0.25)
    assert (outcome.events, outcome.events_timeout) == (None, False)
    assert exchange.result() is outcome.response
    assert talk.session.pending == 0


@given(st.integers(1, 60), st.randoms(use_true_random=False))
def test_answers_in_any_order_go_to_their_own_requests(count: int, shuffle: random.Random) -> None:
    talk = Talk()
    exchanges = [talk.open(ami.Request("Ping", Number=number)) for number in range(count)]
    order = exchanges[:]
    shuffle.shuffle(order)
    stream = b"".join(answer(each.action_id, "Success", f"Number: {each.request['Number']}") for each in order)
    assert talk.hear(stream) == Received([], order)
    assert [outcome_of(each).response["Number"] for each in exchanges] == [str(number) for number in range(count)]


def test_an_error_is_an_answer_and_execute_raises_it() -> None:
    talk = Talk()
    exchange = talk.open()
    talk.hear(answer(exchange.action_id, "Error", "Message: Permission denied"))
    assert outcome_of(exchange).success is False
    with pytest.raises(ami.ActionFailed, match="Asterisk refused Ping: Permission denied"):
        exchange.result()


def test_the_request_makes_its_result_of_the_answer() -> None:
    class Size(ami.Request[Any]):
        def process_response(self, response: ami.Message) -> int:
            return len(response)

    talk = Talk()
    exchange = talk.open(Size("Size"))
    talk.hear(answer(exchange.action_id))
    assert outcome_of(exchange).result == exchange.result() == 2


def test_an_answer_to_no_request_is_an_orphan() -> None:
    assert Talk().heard(answer("nobody")) == [{"Response": "Success", "ActionID": "nobody"}]
    assert Talk().heard(message("Response: Success")) == [{"Response": "Success"}]


def test_a_second_answer_to_a_request_is_an_orphan() -> None:
    talk = Talk()
    exchange = talk.open()
    received = talk.hear(answer(exchange.action_id), answer(exchange.action_id, "Error"))
    assert received.settled == [exchange]
    assert received.deliveries == [{"Response": "Error", "ActionID": exchange.action_id}]
    assert outcome_of(exchange).success


def test_an_event_with_the_action_id_is_not_an_answer() -> None:
    talk = Talk()
    exchange = talk.open(ami.Request("Originate"))
    received = talk.hear(message("Event: OriginateResponse", f"ActionID: {exchange.action_id}", "Response: Failure"))
    assert received.settled == []
    assert received.deliveries == [
        {"Event": "OriginateResponse", "ActionID": exchange.action_id, "Response": "Failure"}
    ]
    assert isinstance(received.deliveries[0], ami.Event)


def test_an_action_id_in_use_cannot_be_reused() -> None:
    talk = Talk()
    exchange = talk.open(ami.Request("Ping"), "mine")
    with pytest.raises(ami.ManagerError, match="the ActionID 'mine' is in use"):
        talk.open(ami.Request("Ping"), "mine")
    talk.hear(answer("mine"))
    assert exchange.settled
    talk.open(ami.Request("Ping"), "mine")


def test_an_action_id_with_an_unfinished_list_cannot_be_reused() -> None:
    talk = Talk()
    request = ListGadgets()
    request.aggregate = True
    talk.open(request, "mine")
    talk.hear(start("mine"))
    assert talk.session.pending == 0
    with pytest.raises(ami.ManagerError, match="in use"):
        talk.open(ami.Request("Ping"), "mine")


def test_the_number_of_pending_requests_is_limited() -> None:
    talk = Talk(limits=Limits(pending=2))
    first = talk.open()
    talk.open()
    with pytest.raises(ami.TooManyPending, match=r"as many requests are pending as Limits\.pending allows \(2\)"):
        talk.open()
    talk.hear(answer(first.action_id))
    talk.open()


def test_the_time_out_is_read_when_the_request_is_sent() -> None:
    talk = Talk()
    request = ami.Request("Ping")
    request.timeout = 0.5
    exchange = talk.open(request)
    request.timeout = 9
    assert exchange.timeout == 0.5
    assert talk.open(request, timeout=3).timeout == 3


# Events


def test_an_event_is_of_its_class_and_the_unknown_one_is_an_event() -> None:
    known, unknown = Talk().heard(message("Event: GADGET", "Size: 7"), message("Event: New", "Key: x"))
    assert type(known) is Gadget
    assert known.size == 7
    assert type(unknown) is ami.Event
    assert unknown == {"Event": "New", "Key": "x"}


@pytest.mark.parametrize(
    "first", ["Event: Gadget", "event: Gadget", "Event:Gadget", "EVENT:  Gadget", "Event: Gadget "]
)
def test_an_event_is_known_however_its_first_line_is_written(first: str) -> None:
    (event,) = Talk().heard(message(first, "Size: 7", "Part: 1", "Part: 2"))
    assert type(event) is Gadget
    assert event.event == "Gadget"
    assert event.size == 7
    assert event.parts == [1, 2]
    assert (event.event, len(event)) == ("Gadget", 3)


def test_an_event_after_an_extra_empty_line_is_still_an_event() -> None:
    (event,) = Talk().heard(b"\r\n", message("Event: Gadget", "Size: 7"))
    assert type(event) is Gadget


# The first line


FORGED = [
    "Event: Gadget",
    "event: Gadget",
    "Event: FullyBooted",
    "Response: Error",
    "ActionID: other",
    "EventList: Complete",
    "Response: Follows",
    "--END COMMAND--",
]
"""What a value may hold behind a CR LF of its own."""


@pytest.mark.parametrize("line", FORGED)
@pytest.mark.parametrize("first", ["Response: Success", "Response: Goodbye", "response: Success", "Response:Success"])
def test_no_line_of_an_answer_makes_an_event_or_another_answer_of_it(first: str, line: str) -> None:
    talk = Talk()
    other, exchange = talk.open(action_id="other"), talk.open()
    octets = message(first, f"ActionID: {exchange.action_id}", "Variable: V", "Value: a", line, "Size: 7")
    assert talk.hear(octets) == Received([], [exchange])
    assert outcome_of(exchange).success
    assert outcome_of(exchange).response["Value"] == "a"
    assert not other.settled
    assert not talk.session.booted


@pytest.mark.parametrize("line", FORGED)
@pytest.mark.parametrize("first", ["Event: Gadget", "event: Gadget", "Event: Unknown"])
def test_no_line_of_an_event_makes_an_answer_or_another_event_of_it(first: str, line: str) -> None:
    talk = Talk()
    other = talk.open(action_id="other")
    (event,) = talk.heard(message(first, "Value: a", line, "Size: 7"))
    assert event["Event"] == first.partition(": ")[2]
    assert not other.settled
    assert not talk.session.booted


def test_the_first_line_alone_determines_the_kind_of_a_message() -> None:
    talk = Talk()
    exchange = talk.open()
    for line in ("Event: Gadget", "Response: Success"):
        (event,) = talk.heard(message("Value: a", line))
        assert (type(event), event.event) == (ami.Event, ami.EVENT_GENERIC)
    assert not exchange.settled


@pytest.mark.parametrize("first", ["onse: Success", "Success", ": Success", "Message: fine"])
def test_an_answer_with_a_torn_first_line_is_not_a_success(first: str) -> None:
    talk = Talk()
    exchange = talk.open()
    assert talk.hear(message(first, f"ActionID: {exchange.action_id}", "Ping: Pong")).settled == [exchange]
    assert not outcome_of(exchange).success
    with pytest.raises(ami.UnclearAnswer, match=r"The outcome of Ping is unknown: its answer begins with") as unclear:
        exchange.result()
    assert unclear.value.response["Ping"] == "Pong"


class Bare(ListGadgets):
    """A list some of whose lines end in a bare line feed."""

    bare_line_feeds = True


def test_a_line_feed_in_a_value_adds_no_header_and_no_message() -> None:
    (event,) = Talk().heard(message("Event: Gadget", "Colour: a\nSize: 1\n\nEvent: Fake", "Size: 7"))
    assert event.colour == event["Colour"]
    assert (event.size, event["Size"]) == (7, "7")
    assert len(event) == 3


def test_bare_line_feeds_are_looked_for_only_while_they_are_expected() -> None:
    talk = Talk()
    two_lines = message("Event: Gadget", "Colour: a\n\nEvent: b")
    exchange = talk.open(Bare(), synchronous=True)
    received = talk.hear(
        start(exchange.action_id), b"Event: Gadget\r\nActionID: ", exchange.action_id.encode(), b"\r\n\n"
    )
    assert received.settled == []
    assert talk.hear(complete(exchange.action_id, 1)).settled == [exchange]
    assert exchange.result().valid
    assert len(talk.heard(two_lines)) == 1


def test_bare_line_feeds_are_expected_only_until_the_end_of_a_list() -> None:
    talk = Talk()
    exchange = talk.open(Bare())
    talk.hear(start(exchange.action_id), complete(exchange.action_id, 0))
    assert len(talk.heard(message("Event: Gadget", "Colour: a\n\nEvent: b"))) == 1


def test_empty_lines_between_messages_are_nothing() -> None:
    for lines in (b"\r\n", b"\r\n\r\n", b"\r\n\r\n\r\n", b"\r\n\r\n\r\n\r\n"):
        (event,) = Talk().heard(lines, message("Event: Gadget", "Size: 7"))
        assert (event, event.data) == ({"Event": "Gadget", "Size": "7"}, [])


def test_an_event_without_subscribers_is_not_delivered_or_created(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counting(cls: type[ami.Event], octets: bytes, name: str, zone: Any) -> Any:
        made.append(name)
        return make_message(cls, octets, name, zone)

    monkeypatch.setattr(recognition, "make_message", counting)
    talk = Talk("Gadget")
    assert talk.heard(*[message("Event: Noise", f"Number: {number}") for number in range(50)], gadget("x")) == [
        {"Event": "Gadget", "ActionID": "x", "Size": "1"}
    ]
    assert len(made) < 10
    talk.heard(message("Event: Noise"))
    assert len(made) < 10


TIMES = ("Event: CEL", "EventTime: 2026-07-01 10:00:00")


@pytest.mark.parametrize("times", [1, 3])
def test_messages_with_local_times_have_the_servers_zone(times: int) -> None:
    talk = Talk(zone=ZoneInfo("Europe/Berlin"))
    for heard in talk.heard(*[message(*TIMES)] * times), talk.heard(message("event: CEL", *TIMES[1:])):
        assert {each.event_time for each in heard} == {datetime(2026, 7, 1, 8, tzinfo=UTC)}
    (plain,) = talk.heard(message("Event: Gadget"))
    assert zone_of(plain) is None


def test_an_item_of_a_list_and_an_answer_remember_the_time_zone_of_their_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Gadgets, "repeatable", ("CEL",))
    talk = Talk(zone=ZoneInfo("Europe/Berlin"))
    exchange = talk.open(ListGadgets(), "x", synchronous=True)
    talk.hear(start("x"), *[message(*TIMES, "ActionID: x")] * 3, complete("x", 3))
    assert {each.event_time for each in exchange.result()["CEL"]} == {datetime(2026, 7, 1, 8, tzinfo=UTC)}
    status = talk.open(actions.CoreStatus(), "y")
    talk.hear(answer("y", "Success", "CoreStartupDate: 2026-07-01", "CoreStartupTime: 10:00:00"))
    assert status.result().started == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_an_event_is_delivered_from_its_first_subscription() -> None:
    talk = Talk("Other")
    assert talk.heard(message("Event: Gadget")) == []
    talk.handlers.register("gadget", anything)
    assert talk.heard(message("Event: Gadget")) == [{"Event": "Gadget"}]
    talk.handlers.unregister("gadget", anything)
    assert talk.heard(message("Event: Gadget")) == []


def test_events_after_a_closed_list_with_a_pending_answer_are_delivered() -> None:
    talk = Talk()
    request = ami.Request[Any]("Status")
    request.synchronous = True
    exchange = talk.open(request, action_id="1")
    end = message("Event: Gadget", "ActionID: 1", "EventList: Complete", "ListItems: 1")
    assert talk.heard(end) == []
    assert talk.heard(gadget("1", 2), end) == [
        {"Event": "Gadget", "ActionID": "1", "Size": "2"},
        {"Event": "Gadget", "ActionID": "1", "EventList": "Complete", "ListItems": "1"},
    ]
    talk.hear(answer("1", "Success"))
    assert outcome_of(exchange).success


def test_unwanted_events_are_passed_over_while_a_list_is_gathered_and_its_items_are_not() -> None:
    talk = Talk("Other")
    talk.heard(message("Event: Gadget"))
    exchange = talk.open(ListGadgets(), synchronous=True)
    own = exchange.action_id
    received = talk.hear(
        start(own), message("Event: Gadget", "Size: 9"), gadget("foreign", 8), gadget(own, 7), complete(own, 1)
    )
    assert received == Received([], [exchange])
    assert [each.size for each in exchange.result().gadgets] == [7]


def test_more_kinds_of_events_than_are_remembered_are_all_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "_NAMES", 3)
    talk = Talk("Kind7", "Gadget")
    stream = [message(f"Event: Kind{number}") for number in range(10)]
    for _ in range(2):
        assert talk.heard(*stream, message("Event: Gadget")) == [{"Event": "Kind7"}, {"Event": "Gadget"}]


def test_being_fully_booted_is_noticed_without_subscribers() -> None:
    talk = Talk("Other")
    assert not talk.session.booted
    assert talk.heard(message("Event: FullyBooted", "Status: Fully Booted")) == []
    assert talk.session.booted


# Messages that say neither Event nor Response


def test_a_message_without_event_and_response_is_a_generic_event() -> None:
    (event,) = Talk().heard(message("Key: value", "just text"))
    assert isinstance(event, ami.Event)
    assert (event.event, event["Key"], event.data) == (ami.EVENT_GENERIC, "value", ["just text"])


def test_a_generic_event_can_be_asked_for_by_its_name() -> None:
    talk = Talk(ami.EVENT_GENERIC)
    assert talk.heard(message("Key: 1"), message("Event: Gadget"), message("Key: 2")) == [
        {"Key": "1", "Event": ami.EVENT_GENERIC},
        {"Key": "2", "Event": ami.EVENT_GENERIC},
    ]
    assert Talk("Gadget").heard(message("Key: 1")) == []


def test_a_generic_answer_to_an_unknown_action_is_its_response() -> None:
    talk = Talk()
    exchange = talk.open(ami.Request("OfAnotherModule"))
    assert talk.hear(message(f"ActionID: {exchange.action_id}", "Key: value")) == Received([], [exchange])
    outcome = outcome_of(exchange)
    assert outcome.response["Response"] == ami.RESPONSE_GENERIC
    assert outcome.success
    torn = talk.open(ami.Request("OfAnotherModule"))
    talk.hear(message("onse: Success", f"ActionID: {torn.action_id}"))
    assert not outcome_of(torn).success


def test_the_typed_result_of_a_generic_answer_is_marked_too() -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets())
    talk.hear(message(f"ActionID: {exchange.action_id}", "Key: value"))
    result = outcome_of(exchange).result
    assert isinstance(result, ami.Answer)
    assert (result.response, result.success, result["Key"]) == (ami.RESPONSE_GENERIC, True, "value")


def test_a_generic_message_with_an_unknown_action_id_is_an_event() -> None:
    (event,) = Talk().heard(message("ActionID: nobody", "Key: value"))
    assert event.event == ami.EVENT_GENERIC


# Answers that are text alone


def test_raw_text_answers_go_to_their_requests_in_order() -> None:
    talk = Talk()
    first, ping, second = talk.open(RawText("A")), talk.open(), talk.open(RawText("B"))
    assert talk.hear(message("text one", "has: a colon")).settled == [first]
    assert talk.hear(answer(ping.action_id)).settled == [ping]
    assert talk.hear(message("text two")).settled == [second]
    assert outcome_of(first).response.data == ["text one"]
    assert outcome_of(second).response.data == ["text two"]
    assert outcome_of(first).success
    (event,) = talk.heard(message("text three"))
    assert event.event == ami.EVENT_GENERIC


def test_raw_text_for_a_request_that_timed_out_is_not_given_to_the_next() -> None:
    talk = Talk()
    late, next_ = talk.open(RawText("A")), talk.open(RawText("B"))
    assert talk.session.give_up(late, 5)
    received = talk.hear(message("text one"))
    assert received.settled == []
    assert [each.data for each in received.deliveries if isinstance(each, ami.Event)] == [["text one"]]
    assert talk.hear(message("text two")).settled == [next_]


def test_an_error_instead_of_raw_text_does_not_consume_the_next_text() -> None:
    talk = Talk()
    refused, next_ = talk.open(RawText("A")), talk.open(RawText("B"))
    assert talk.hear(answer(refused.action_id, "Error", "Message: Permission denied")).settled == [refused]
    assert talk.hear(message("text")).settled == [next_]


def test_a_late_refusal_of_a_request_for_raw_text_does_not_take_the_next_text() -> None:
    talk = Talk()
    late, next_ = talk.open(RawText("A")), talk.open(RawText("B"))
    talk.session.give_up(late, 5)
    talk.hear(answer(late.action_id, "Error", "Message: Permission denied"))
    assert talk.hear(message("text")).settled == [next_]


def test_bare_line_feeds_are_not_expected_after_a_late_text() -> None:
    talk = Talk()
    talk.session.give_up(talk.open(RawText("A")), 5)
    talk.hear(message("text"))
    assert len(talk.heard(message("Event: Gadget", "Colour: a\n\nEvent: b"))) == 1


def test_an_empty_line_is_empty_text_only_if_text_is_expected() -> None:
    talk = Talk()
    ping = talk.open()
    assert talk.hear(b"\r\n").settled == []
    assert not talk.session.incomplete  # nothing has begun whose rest is waited for
    empty = talk.open(RawText("A"))
    assert talk.hear(b"\r\n\r\n").settled == [empty]
    assert (outcome_of(empty).success, outcome_of(empty).response.data) == (True, [])
    assert talk.hear(answer(ping.action_id)).settled == [ping]


TWO_LINES = message("Event: Gadget", "Colour: a\n\nEvent: b", "Size: 7")
"""An event whose value would be an event of its own where bare LFs end lines."""


@pytest.mark.parametrize("kind", [Bare, RawText, lambda: ami.actions.CoreShowChannelMap(channel="x")])
def test_bare_line_feeds_in_other_messages_end_nothing_even_while_an_odd_answer_is_due(kind: Any) -> None:
    talk = Talk()
    talk.open(kind("A") if kind is RawText else kind())
    (event,) = talk.heard(TWO_LINES)
    assert (event.size, event.colour) == (7, event["Colour"])
    assert talk.heard(TWO_LINES[:40]) == []
    assert len(talk.heard(TWO_LINES[40:] + TWO_LINES)) == 2


def test_an_odd_answer_that_never_arrives_is_forgotten() -> None:
    talk = Talk(late_timeout=5)
    for request in (Bare(), RawText("A"), Unmarked(), RunTogether()):
        talk.session.give_up(talk.open(request), 10)
    assert talk.session._quirks
    assert talk.session._raw_texts
    talk.now = 14.9
    talk.heard(message("Event: Gadget"))
    assert talk.session._quirks
    talk.now = 15
    talk.heard(message("Event: Gadget"))
    assert not talk.session._quirks
    assert not talk.session._raw_texts
    assert talk.session._framer.usual
    next_ = talk.open(RawText("B"))
    assert talk.hear(message("text two")).settled == [next_]


def test_an_uncollected_list_ends_with_its_closing_event() -> None:
    talk = Talk()
    exchange = talk.open(Bare())
    talk.hear(answer(exchange.action_id, "Success", "EventList: start"))
    assert talk.session._quirks
    talk.hear(message("Event: GadgetsDone", f"ActionID: {exchange.action_id}"))
    assert not talk.session._quirks


def test_trailing_text_is_expected_only_for_a_command_of_an_old_release() -> None:
    talk = Talk()
    ping = talk.open()
    assert len(talk.heard(message("Response: Follows", "Value: a"), message("Event: Gadget"))) == 2
    command = talk.open(ami.Request("command", Command="core show help"))
    text = f"Response: Follows\r\nActionID: {command.action_id}\r\nEvent: a\n\r\n\r\nEvent: b\n--END COMMAND--\r\n\r\n"
    assert talk.hear(text.encode()) == Received([], [command])
    assert talk.hear(answer(ping.action_id)).settled == [ping]
    talk.session.release = ami.Release(14)
    talk.open(ami.Request("Command"))
    assert len(talk.heard(message("Response: Follows", "Value: a"), message("Event: Gadget"))) == 2


def test_the_text_of_a_command_that_timed_out_makes_no_events() -> None:
    talk = Talk(late_timeout=5)
    command = talk.open(ami.actions.Command(command="x"))
    talk.session.give_up(command, 10)
    talk.now = 1000
    text = f"Response: Follows\r\nActionID: {command.action_id}\r\na\r\n\r\nEvent: Gadget\n--END COMMAND--\r\n\r\n"
    (late,) = talk.heard(text.encode())
    assert late.data == ["a", "", "Event: Gadget"]
    assert talk.session._framer.usual


ENDLESS = {
    "a lost list": (Bare, b"Event: Gadget\r\nColour: a\n\nb\r\n\r\n"),
    "a lost list, and one message without end": (Bare, b"Colour: a\n\nb\r\n"),
    "a lost text": (lambda: RawText("A"), b"Event: Gadget\r\nColour: a\n\nb\r\n\r\n"),
    "a command": (lambda: ami.Request("Command"), b"a line of the text that follows, one of many\r\n\r\n"),
    "a log-in": (lambda: ami.Request("Challenge"), b"a line of the text that follows, one of many\r\n\r\n"),
}


@pytest.mark.parametrize(("kind", "more"), ENDLESS.values(), ids=list(ENDLESS))
def test_the_cost_of_endless_input_is_constant(kind: Any, more: bytes) -> None:
    """Where each piece costs what has come before it, these take minutes."""
    talk = Talk("Other")
    exchange = talk.open(kind())
    first = b"Response: Follows\r\n" if kind is not Bare else b"Event: Gadget\r\n"
    spent = time.process_time()
    talk.hear(first)
    for _ in range((1 << 20) // len(more)):
        talk.hear(more)
    talk.session.give_up(exchange, talk.now)
    assert time.process_time() - spent < PATIENCE


class LongText(RawText):
    """An action whose text has empty lines of its own; two end it."""

    empty_lines = 2


@pytest.mark.parametrize("octets", [b"\r\n\r\n", b"one\r\n\r\n\r\n", b"one\n\r\n\r\n", b"one\r\n\r\ntwo\r\n\r\n\r\n"])
def test_text_ended_by_two_empty_lines_is_complete_after_the_second(octets: bytes) -> None:
    talk = Talk()
    exchange = talk.open(LongText("A"))
    assert [talk.hear(octets[each : each + 1]).settled for each in range(len(octets))][-1] == [exchange]
    assert outcome_of(exchange).response.data == octets.decode().removesuffix("\r\n\r\n").splitlines()
    assert len(talk.heard(message("Event: Gadget", "Colour: a\n\nEvent: b"))) == 1


# Lists whose items are odd


class Unmarked(ListGadgets):
    """A list whose items bear no ActionID."""

    unmarked = True


def test_an_item_without_an_action_id_belongs_to_the_oldest_request_that_has_such_items() -> None:
    talk = Talk()
    other, first, second = (talk.open(request, synchronous=True) for request in (ListGadgets(), Unmarked(), Unmarked()))
    item = message("Event: Gadget", "Size: 7")
    talk.hear(start(first.action_id), item, item, complete(first.action_id, 2))
    talk.hear(start(second.action_id), item, message("Event: Hangup", "Cause: 16"), complete(second.action_id, 1))
    assert [len(each.result().gadgets) for each in (first, second)] == [2, 1]
    assert first.result().gadgets[0].action_id == first.action_id
    assert not other.settled


def test_items_of_a_request_that_timed_out_are_not_given_to_the_next() -> None:
    talk = Talk()
    late, next_ = (talk.open(Unmarked(), synchronous=True) for _ in range(2))
    talk.session.give_up(late, 5)
    (event,) = talk.heard(message("Event: Gadget", "Size: 7"))
    assert event.action_id == late.action_id
    talk.hear(complete(late.action_id, 1))
    talk.hear(start(next_.action_id), message("Event: Gadget", "Size: 7"), complete(next_.action_id, 1))
    assert len(next_.result().gadgets) == 1


def test_an_item_is_nobodys_once_the_request_was_refused() -> None:
    talk = Talk()
    refused = talk.open(Unmarked(), synchronous=True)
    talk.hear(answer(refused.action_id, "Error", "Message: Permission denied"))
    (event,) = talk.heard(message("Event: Gadget", "Size: 7"))
    assert event.action_id is None


class RunTogether(ListGadgets):
    """A list whose items lack the empty line at their end."""

    run_together = True


def test_items_that_run_together_are_parted() -> None:
    talk = Talk()
    exchange = talk.open(RunTogether(), synchronous=True)
    items = b"".join(b"Event: Gadget\r\nActionID: %b\r\n" % exchange.action_id.encode() for _ in range(2))
    talk.hear(start(exchange.action_id), items + complete(exchange.action_id, 2))
    assert exchange.result().valid
    assert len(exchange.result().gadgets) == 2


def test_a_bare_line_feed_separates_headers_of_known_messages() -> None:
    talk = Talk()
    exchange = talk.open(Bare(), synchronous=True)
    item = message("Event: Gadget", "Colour: red\nSize: 7", f"ActionID: {exchange.action_id}")
    talk.hear(start(exchange.action_id), item, complete(exchange.action_id, 1))
    assert exchange.result().gadgets[0].process()[0]["Size"] == 7


def test_a_command_of_asterisk_13_is_answered_by_its_action_id() -> None:
    talk = Talk()
    one, two = talk.open(ami.Request("Command")), talk.open(ami.Request("Command"))
    for each in (two, one):
        octets = f"Response: Follows\r\nActionID: {each.action_id}\r\na: b\n\r\n\r\nEvent: x\n--END COMMAND--\r\n\r\n"
        assert talk.hear(octets.encode()) == Received([], [each])
        assert outcome_of(each).response.data == ["a: b", "", "", "Event: x"]


# Lists, gathered for their sender


@pytest.mark.parametrize("word", ["start", "Start", "START"])
def test_a_synchronous_request_alone_receives_its_events(word: str) -> None:
    talk = Talk()
    request = ListGadgets()
    request.synchronous = True
    exchange = talk.open(request)
    own = exchange.action_id
    assert talk.hear(start(own, word), gadget(own, 7)) == Received([], [])
    received = talk.hear(gadget("foreign", 1), gadget(own, 8), complete(own, 2))
    assert received.settled == [exchange]
    assert received.deliveries == [{"Event": "Gadget", "ActionID": "foreign", "Size": "1"}]
    outcome = outcome_of(exchange)
    assert outcome.response["EventList"] == word
    events: Any = outcome.events
    assert [each.size for each in events[Gadget]] == [7, 8]
    assert events["GadgetsComplete"] is events.closing
    assert events.response is outcome.response
    assert (outcome.events_timeout, events.valid) == (False, True)
    assert exchange.result() is events
    assert talk.session.pending == 0


@pytest.mark.parametrize("end", ["GadgetsDone", "gadgetsdone"])
def test_a_list_ends_with_the_event_that_its_action_names(end: str) -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True)
    own = exchange.action_id
    received = talk.hear(start(own), gadget(own), message(f"Event: {end}", f"ActionID: {own}"))
    assert received.settled == [exchange]
    assert exchange.result().closing["Event"] == end


@pytest.mark.parametrize("word", ["Complete", "complete"])
def test_a_list_ends_with_any_event_marked_as_its_end(word: str) -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True)
    own = exchange.action_id
    assert talk.hear(start(own), message("Event: Z", f"ActionID: {own}", f"EventList: {word}")).settled == [exchange]


def test_an_unannounced_list_is_expected() -> None:
    talk = Talk()
    exchange = talk.open(QuietList(), synchronous=True)
    own = exchange.action_id
    assert talk.hear(answer(own)).settled == []
    assert talk.hear(gadget(own), complete(own, 1)).settled == [exchange]


def test_a_synchronous_request_whose_answer_brings_no_list_is_settled_at_once() -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True)
    assert talk.hear(answer(exchange.action_id)).settled == [exchange]
    assert exchange.result().gadgets == []
    assert talk.heard(gadget(exchange.action_id)) == [{"Event": "Gadget", "ActionID": exchange.action_id, "Size": "1"}]


class PerhapsNone(ListGadgets):
    """A list of which an error may say that it is empty."""

    __slots__ = ()

    list_empty: ClassVar[tuple[str, ...]] = ("No gadgets found",)


def test_an_error_that_means_nothing_found_is_an_empty_list() -> None:
    talk = Talk()
    exchange = talk.open(PerhapsNone(), synchronous=True)
    assert talk.hear(answer(exchange.action_id, "Error", "Message: No gadgets found")).settled == [exchange]
    gadgets = exchange.result()
    assert (gadgets.gadgets, gadgets.valid, gadgets.closing) == ([], True, None)
    assert gadgets.response.message == "No gadgets found"
    assert not outcome_of(exchange).success


def test_an_aggregate_answered_with_an_empty_list_error_is_valid() -> None:
    talk = Talk()
    request = PerhapsNone()
    request.aggregate = True
    exchange = talk.open(request)
    (aggregate,) = talk.hear(answer(exchange.action_id, "Error", "Message: No gadgets found")).deliveries
    assert isinstance(aggregate, ami.Aggregate)
    assert (aggregate, aggregate.valid) == ({"Gadget": []}, True)


def test_another_error_of_such_a_list_is_an_error() -> None:
    talk = Talk()
    exchange = talk.open(PerhapsNone(), synchronous=True)
    talk.hear(answer(exchange.action_id, "Error", "Message: Could not get gadgets"))
    with pytest.raises(ami.ActionFailed, match="Could not get gadgets"):
        exchange.result()


class Twice(ami.Request[ami.Answer]):
    """An action whose success is announced before it is carried out."""

    __slots__ = ()

    answers: ClassVar[int] = 2

    def __init__(self) -> None:
        super().__init__("Twice")


@pytest.mark.parametrize("last", ["Success", "Error"])
def test_of_two_answers_the_last_one_counts(last: str) -> None:
    talk = Talk()
    exchange = talk.open(Twice())
    assert talk.hear(answer(exchange.action_id, "Success", "Message: trying")) == Received([], [])
    assert talk.hear(answer(exchange.action_id, last)) == Received([], [exchange])
    assert outcome_of(exchange).response == {"Response": last, "ActionID": exchange.action_id}


def test_an_error_is_the_only_answer() -> None:
    talk = Talk()
    exchange = talk.open(Twice())
    assert talk.hear(answer(exchange.action_id, "Error", "Message: what?")) == Received([], [exchange])


class OneEvent(ListGadgets):
    """An action that is answered by an event alone."""

    __slots__ = ()

    list_announced: ClassVar[bool] = False
    answered_by_event: ClassVar[bool] = True


def test_an_event_may_be_the_whole_answer() -> None:
    talk = Talk()
    exchange = talk.open(OneEvent(), synchronous=True)
    done = message("Event: GadgetsDone", f"ActionID: {exchange.action_id}", "Size: 3")
    assert talk.hear(done) == Received([], [exchange])
    assert exchange.result().closing["Size"] == "3"
    assert outcome_of(exchange).response["Response"] == ami.RESPONSE_GENERIC


def test_an_action_that_an_event_answers_may_be_refused() -> None:
    talk = Talk()
    exchange = talk.open(OneEvent(), synchronous=True)
    assert talk.hear(answer(exchange.action_id, "Error", "Message: nothing there")).settled == [exchange]
    with pytest.raises(ami.ActionFailed, match="nothing there"):
        exchange.result()


def test_a_list_action_that_is_refused_is_settled_at_once() -> None:
    for request in (ListGadgets(), QuietList()):
        talk = Talk()
        exchange = talk.open(request, synchronous=True)
        received = talk.hear(answer(exchange.action_id, "Error", "Message: no such queue"))
        assert received == Received([], [exchange])
        with pytest.raises(ami.ActionFailed, match="no such queue"):
            exchange.result()


def test_a_list_shorter_than_announced_is_not_valid() -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True)
    own = exchange.action_id
    talk.hear(start(own), gadget(own), complete(own, 5))
    events = outcome_of(exchange).events
    assert events is not None
    assert not events.valid
    assert events.error_message == "GadgetsComplete announced 5 items, but 1 arrived"


@pytest.mark.parametrize("gathered", ["synchronous", "aggregate"])
def test_an_error_instead_of_the_rest_ends_a_list_at_once(gathered: str) -> None:
    talk = Talk()
    request = ListGadgets()
    request.synchronous, request.aggregate = gathered == "synchronous", gathered == "aggregate"
    exchange = talk.open(request)
    own = exchange.action_id
    talk.hear(start(own), gadget(own))
    received = talk.hear(answer(own, "Error", "Message: Could not complete channel map"))
    if gathered == "synchronous":
        assert received == Received([], [exchange])
        outcome = outcome_of(exchange)
        assert (outcome.success, outcome.events_timeout) == (False, False)
        events = outcome.events
        with pytest.raises(ami.ActionFailed, match="Could not complete channel map"):
            exchange.result()
    else:
        assert received.settled == []
        (delivered,) = received.deliveries
        assert isinstance(delivered, ami.Aggregate)
        events = delivered
    assert isinstance(events, Gadgets)
    assert (events.valid, events.error_message) == (False, "Could not complete channel map")
    assert len(events.gadgets) == 1
    assert talk.session.pending == 0
    assert len(talk.heard(gadget(own))) == 1  # which is everybody's now


@pytest.mark.parametrize("word", ["cancelled", "Cancelled"])
def test_a_list_that_the_server_cancels_is_over_and_not_valid(word: str) -> None:
    for lines in ((), (f"ListItems: {1}",)):
        talk = Talk()
        exchange = talk.open(ListGadgets(), synchronous=True)
        own = exchange.action_id
        end = message("Event: GadgetsComplete", f"ActionID: {own}", f"EventList: {word}", *lines)
        assert talk.hear(start(own), gadget(own), end).settled == [exchange]
        events = exchange.result()
        assert (events.valid, events.error_message) == (False, "the server cancelled the list")


def test_a_list_that_is_cancelled_before_it_began_is_not_valid() -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True)
    assert talk.hear(start(exchange.action_id, "cancelled")).settled == [exchange]
    assert not exchange.result().valid


@pytest.mark.parametrize("lines", [("Event: GadgetsDone",), ("Event: Z", "EventList: Complete", "ListItems: 1")])
def test_the_event_that_closes_a_list_may_lack_its_action_id(lines: tuple[str, ...]) -> None:
    talk = Talk()
    talk.heard(message("Event: GadgetsComplete"))
    early, first, second = (talk.open(ListGadgets(), synchronous=True) for _ in range(3))
    assert talk.hear(start(first.action_id), gadget(first.action_id), message(*lines)).settled == [first]
    assert first.result().valid
    assert talk.hear(start(second.action_id), message("Event: GadgetsDone")).settled == [second]
    assert not early.settled
    assert talk.heard(message("Event: GadgetsDone")) == [{"Event": "GadgetsDone"}]


def test_a_known_event_that_closes_a_list_without_an_action_id_closes_it_although_it_was_seen_before() -> None:
    class Known(ListGadgets):
        list_ends = ("GadgetsComplete",)

    talk = Talk("Other")
    for _ in range(3):
        talk.heard(message("Event: GadgetsComplete"))
        exchange = talk.open(Known(), synchronous=True)
        assert talk.hear(start(exchange.action_id), message("Event: GadgetsComplete")).settled == [exchange]


def test_an_event_that_is_not_an_item_is_delivered_as_usual() -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True)
    own = exchange.action_id
    other = message("Event: Hangup", f"ActionID: {own}", "Cause: 16")
    received = talk.hear(start(own), gadget(own), other, gadget(own), other, complete(own, 2))
    assert [event.event for event in received.deliveries if isinstance(event, ami.Event)] == ["Hangup", "Hangup"]
    assert received.settled == [exchange]
    assert exchange.result().valid
    assert set(exchange.result()) == {"Gadget", "GadgetsComplete"}


def test_every_event_of_an_unknown_list_is_collected() -> None:
    talk = Talk()
    request = ami.Request[Any]("SCCPShowDevices")
    request.synchronous = True
    exchange = talk.open(request)
    own = exchange.action_id
    item = message("Event: SCCPDeviceEntry", f"ActionID: {own}")
    talk.hear(start(own), item, item, message("Event: SCCPShowDevicesComplete", "EventList: Complete", "ListItems: 2"))
    events: Any = outcome_of(exchange).events
    assert events.valid
    assert len(events["sccpdeviceentry"]) == 2


def test_a_list_of_many_other_names_costs_no_more_for_each() -> None:
    """Where each is compared with all before it, so many take a minute."""
    talk = Talk()
    request = ami.Request[Any]("Odd")
    request.synchronous = True
    exchange = talk.open(request)
    own = exchange.action_id
    spent = time.process_time()
    talk.hear(start(own))
    for number in range(40_000):
        talk.hear(message(f"Event: Name{number}", f"ActionID: {own}"))
    talk.hear(message("Event: Done", f"ActionID: {own}", "EventList: Complete", "ListItems: 40000"))
    assert time.process_time() - spent < PATIENCE
    events: Any = outcome_of(exchange).events
    assert events.valid
    assert events["NAME7777"][0].event == "Name7777"


def test_two_lists_at_once_do_not_mix() -> None:
    talk = Talk()
    one, two = (talk.open(ListGadgets(), synchronous=True) for _ in range(2))
    received = talk.hear(
        start(two.action_id), start(one.action_id),
        gadget(one.action_id, 1), gadget(two.action_id, 2), gadget(one.action_id, 3),
        complete(two.action_id, 1), complete(one.action_id, 2),
    )  # fmt: skip
    assert received.settled == [two, one]
    assert [each.size for each in one.result().gadgets] == [1, 3]
    assert [each.size for each in two.result().gadgets] == [2]


def test_a_list_among_foreign_events_is_complete_and_they_are_delivered() -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True)
    own = exchange.action_id
    stream = [start(own)]
    for number in range(500):
        stream.append(gadget(own, number))
        if number % 10 == 0:
            stream.append(message("Event: Gadget", f"Size: {-number}"))
    received = talk.hear(*stream, complete(own, 500))
    assert received.settled == [exchange]
    assert exchange.result().valid
    assert [each.size for each in exchange.result().gadgets] == list(range(500))
    assert len(received.deliveries) == 50


def test_an_untyped_request_knows_its_list_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._ACTIONS, "listgadgets", (ListGadgets.__module__, "ListGadgets"))
    talk = Talk()
    request = ami.Request("listgadgets")
    request.synchronous = True
    exchange = talk.open(request)
    own = exchange.action_id
    talk.hear(start(own), gadget(own), message("Event: GadgetsDone", f"ActionID: {own}"))
    events = outcome_of(exchange).events
    assert type(events) is Gadgets
    assert len(events.gadgets) == 1


def test_the_end_of_a_list_before_its_answer_loses_neither() -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True)
    own = exchange.action_id
    received = talk.hear(gadget(own), complete(own, 1), start(own))
    assert received == Received([], [exchange])
    assert len(exchange.result().gadgets) == 1


# Lists, let through and gathered as well


def aggregate_request(request: ListGadgets | None = None) -> ListGadgets:
    request = request or ListGadgets()
    request.aggregate = True
    return request


def test_an_aggregate_request_is_settled_by_its_answer_and_its_events_precede_the_aggregate() -> None:
    talk = Talk()
    exchange = talk.open(aggregate_request())
    own = exchange.action_id
    assert talk.hear(start(own)) == Received([], [exchange])
    outcome = outcome_of(exchange)
    assert (outcome.events, outcome.events_timeout) == (None, False)
    received = talk.hear(gadget(own, 7), gadget(own, 8), complete(own, 2), gadget("later"))
    assert received.settled == []
    kinds = [type(each) for each in received.deliveries]
    assert kinds == [Gadget, Gadget, GadgetsComplete, Gadgets, Gadget]
    aggregate: Any = received.deliveries[3]
    assert (aggregate.action_id, aggregate.valid) == (own, True)
    assert [each.size for each in aggregate[Gadget]] == [7, 8]
    assert aggregate.response["EventList"] == "start"


def test_an_aggregate_is_delivered_without_subscribers_to_its_events() -> None:
    talk = Talk(Gadgets)
    talk.heard(message("Event: Gadget"), message("Event: GadgetsComplete"))
    exchange = talk.open(aggregate_request())
    own = exchange.action_id
    (aggregate,) = talk.heard(start(own), gadget(own), complete(own, 1))
    assert type(aggregate) is Gadgets
    assert aggregate.valid


def test_an_aggregate_request_that_is_refused_brings_an_invalid_aggregate() -> None:
    talk = Talk()
    exchange = talk.open(aggregate_request())
    received = talk.hear(answer(exchange.action_id, "Error", "Message: no such queue"))
    assert received.settled == [exchange]
    (aggregate,) = received.deliveries
    assert isinstance(aggregate, Gadgets)
    assert (aggregate.valid, aggregate.error_message) == (False, "no such queue")


def test_a_refusal_without_a_message_is_still_an_error() -> None:
    talk = Talk()
    exchange = talk.open(aggregate_request())
    (aggregate,) = talk.heard(answer(exchange.action_id, "Error"))
    assert (aggregate.valid, aggregate.error_message) == (False, "the action was refused")


def test_an_aggregate_request_without_a_list_brings_an_empty_aggregate() -> None:
    talk = Talk()
    exchange = talk.open(aggregate_request())
    (aggregate,) = talk.heard(answer(exchange.action_id))
    assert aggregate == {"Gadget": []}
    assert aggregate.valid


def test_an_action_without_a_list_returns_no_aggregate() -> None:
    for response in ("Success", "Error"):
        talk = Talk()
        request = ami.Request("Ping")
        request.aggregate = True
        exchange = talk.open(request)
        assert talk.hear(answer(exchange.action_id, response)) == Received([], [exchange])


def test_a_list_of_an_unknown_action_becomes_a_plain_aggregate() -> None:
    talk = Talk()
    request = ami.Request("DongleShowDevices")
    request.aggregate = True
    own = talk.open(request).action_id
    *_, aggregate = talk.heard(start(own), gadget(own), complete(own, 1))
    assert type(aggregate) is ami.Aggregate
    assert len(aggregate["Gadget"]) == 1


def test_the_result_of_an_aggregate_request_is_derived_by_the_request() -> None:
    talk = Talk()
    request = ami.Request("Odd")
    request.aggregate = True
    exchange = talk.open(request)
    talk.hear(answer(exchange.action_id))
    assert exchange.result() is outcome_of(exchange).result


def test_an_aggregate_whose_events_stop_coming_is_delivered_as_invalid_in_time() -> None:
    talk = Talk(aggregate_timeout=5)
    exchange = talk.open(aggregate_request())
    assert talk.session.deadline() is None
    talk.now = 1
    talk.hear(start(exchange.action_id))
    assert talk.session.deadline() == 6
    talk.now = 4
    talk.hear(gadget(exchange.action_id))
    assert talk.session.deadline() == 9
    assert talk.session.expire(8.9) == Received([], [])
    (aggregate,) = talk.session.expire(9).deliveries
    assert isinstance(aggregate, Gadgets)
    assert len(aggregate.gadgets) == 1
    assert (aggregate.valid, aggregate.error_message) == (
        False,
        "no closing event arrived within 5 s of the last event",
    )
    assert talk.session.deadline() is None
    assert talk.session.expire(99) == Received([], [])


def test_a_synchronous_list_does_not_expire_before_its_sender_gives_up() -> None:
    talk = Talk(aggregate_timeout=1)
    exchange = talk.open(ListGadgets(), synchronous=True)
    talk.hear(start(exchange.action_id))
    assert talk.session.deadline() is None
    assert talk.session.expire(100) == Received([], [])


# Giving up


def test_a_request_that_was_given_up_before_it_could_be_written_is_not_to_be_sent() -> None:
    talk = Talk()
    late, early = talk.session.open(ami.Request("Ping"), 0), talk.session.open(ami.Request("Ping"), 0)
    talk.session.give_up(late, 1)
    assert (late.begin(), late.written) == (False, False)
    assert late.outcome() is None
    with pytest.raises(ami.RequestNotSent, match=r"Ping was not sent within 5 s: the server is not reading"):
        late.result()
    assert (early.begin(), early.written) == (True, True)


def test_an_unanswered_request_is_none_or_a_time_out() -> None:
    talk = Talk()
    exchange = talk.open(timeout=2.5)
    assert talk.session.give_up(exchange, 2.5) is True
    assert talk.session.pending == 0
    assert exchange.outcome() is None
    with pytest.raises(ami.ActionTimeout, match=r"received no answer within 2\.5 s") as late:
        exchange.result()
    assert late.value.action_id == exchange.action_id


@pytest.mark.parametrize(
    "request_", [actions.Originate(channel="Local/1", application="Wait"), ami.Request("originate")]
)
def test_a_denied_action_names_the_privileges_it_needs_typed_or_not(request_: ami.Request[Any]) -> None:
    talk = Talk()
    exchange = talk.open(request_)
    talk.hear(answer(exchange.action_id, "Error", "Message: Permission denied"))
    with pytest.raises(
        ami.ActionFailed, match=r"The user must have logged in, with the privilege originate or all"
    ) as denied:
        exchange.result()
    assert denied.value.privileges == ("originate",)


def test_a_late_answer_is_an_orphan_and_counted() -> None:
    talk = Talk(late_timeout=5)
    exchange = talk.open()
    talk.session.give_up(exchange, 10)
    talk.now = 14
    assert talk.heard(answer(exchange.action_id)) == [{"Response": "Success", "ActionID": exchange.action_id}]
    assert talk.session.tally.late_answers == 1
    assert talk.heard(answer(exchange.action_id)) == [{"Response": "Success", "ActionID": exchange.action_id}]
    assert talk.session.tally.late_answers == 1


def test_a_request_is_not_remembered_for_longer_than_its_time() -> None:
    talk = Talk(late_timeout=5)
    early, late = talk.open(), talk.open()
    talk.session.give_up(early, 10)
    talk.now = 16
    assert len(talk.heard(answer(early.action_id))) == 1
    assert talk.session.tally.late_answers == 0
    talk.session.give_up(late, 20)
    assert set(talk.session._overdue) == {late.action_id}


def test_a_settled_request_cannot_be_given_up() -> None:
    talk = Talk()
    exchange = talk.open()
    talk.hear(answer(exchange.action_id))
    assert talk.session.give_up(exchange, 1) is False
    assert outcome_of(exchange).success


def test_an_unclosed_list_returns_the_received_part_and_is_invalid() -> None:
    talk = Talk()
    exchange = talk.open(ListGadgets(), synchronous=True, timeout=2)
    own = exchange.action_id
    talk.hear(start(own), gadget(own))
    assert talk.session.give_up(exchange, 2) is True
    outcome = outcome_of(exchange)
    events: Any = outcome.events
    assert outcome.events_timeout
    assert len(events[Gadget]) == 1
    assert (events.valid, events.error_message) == (False, "no closing event arrived within 2 s")
    with pytest.raises(ami.ActionTimeout, match="received no complete list within 2 s") as late:
        exchange.result()
    assert late.value.events == events
    assert pickle.loads(pickle.dumps(late.value)).events == events
    assert talk.heard(gadget(own)) == [{"Event": "Gadget", "ActionID": own, "Size": "1"}]
    assert len(events[Gadget]) == 1


def test_many_requests_that_time_out_cost_no_more_each() -> None:
    """Where each looks at all those before it, these take minutes."""
    talk = Talk(late_timeout=1e6, limits=Limits(pending=100_000))
    exchanges = [talk.open() for _ in range(50_000)]
    spent = time.process_time()
    for number, exchange in enumerate(exchanges):
        talk.session.give_up(exchange, number)
    assert time.process_time() - spent < PATIENCE


# A server that is occupied


def test_the_time_out_of_a_call_that_is_waited_for_follows_the_time_for_which_it_rings() -> None:
    talk = Talk()
    call = ami.actions.Originate(channel="a", application="b", call_timeout=timedelta(seconds=60))
    assert talk.open(call).timeout == call.timeout == 65
    assert talk.open(ami.Request("originate", Channel="a", timeout="60000")).timeout == 65
    assert talk.open(ami.Request("Originate"), None, {"Timeout": 60_000}).timeout == 65
    assert (
        talk.open(ami.actions.Originate(channel="a", application="b")).timeout == 35
    )  # as long as Asterisk lets it ring
    assert talk.open(ami.Request("Originate", Timeout="no number")).timeout == 35
    at_once = ami.actions.Originate(channel="a", application="b", call_timeout=timedelta(seconds=60), async_=True)
    assert talk.open(at_once).timeout == 5
    assert talk.open(ami.actions.WaitEvent(event_timeout=timedelta(seconds=30))).timeout == 35


def test_a_time_out_that_the_program_sets_holds() -> None:
    call = ami.actions.Originate(channel="a", application="b", call_timeout=timedelta(seconds=60))
    assert Talk().open(call, timeout=3).timeout == 3
    call.timeout = 7
    assert Talk().open(call).timeout == call.timeout == pickle.loads(pickle.dumps(call)).timeout == 7


def test_a_patient_request_waits_for_an_older_pending_one() -> None:
    talk = Talk()
    older = talk.open(ami.Request("Slow"), timeout=60)
    ping = talk.open(timeout=2, patience=2)
    younger = talk.open(ami.Request("Slow"), timeout=600)
    assert talk.session.extend(ping, 2)
    assert ping.timeout == 4
    assert not talk.session.extend(younger, 600)
    talk.hear(answer(older.action_id))
    assert not talk.session.extend(ping, 4)


def test_a_patient_request_does_not_wait_on_for_one_whose_time_is_up() -> None:
    talk = Talk()
    talk.open(ami.Request("Slow"), timeout=3)
    ping = talk.open(timeout=2, patience=2)
    assert talk.session.extend(ping, 2)
    assert not talk.session.extend(ping, 4)


def test_a_patient_request_waits_while_an_abandoned_call_rings() -> None:
    talk = Talk()
    call = talk.open(ami.Request("Originate", Timeout="60000"), timeout=1)
    ping = talk.open(timeout=2, patience=2)
    talk.session.give_up(call, 1)
    assert talk.session.extend(ping, 59)
    assert not talk.session.extend(ping, 61)
    talk.hear(answer(call.action_id))
    assert not talk.session.extend(ping, 59)


def test_a_patient_request_that_could_not_be_written_does_not_wait_on() -> None:
    talk = Talk()
    talk.open(ami.Request("Slow"), timeout=60)
    assert not talk.session.extend(talk.session.open(ami.Request("Ping"), 0, patience=2), 2)


# Event masks and filters


@pytest.mark.parametrize("mask", ["calls", "call,agents", "call, agent", "Call", "all,x", "yes,call"])
def test_an_event_mask_that_matches_nothing_is_not_sent(mask: str) -> None:
    for request in (ami.Request("Events", EventMask=mask), ami.Request("LOGIN", events=mask)):
        talk = Talk()
        with pytest.raises(ami.HeaderRefused, match="is not a class of events"):
            talk.open(request)
        with pytest.raises(ami.HeaderRefused, match="is not a class of events"):
            talk.open(ami.Request(request.action), None, {k: v for k, v in request.items() if k != "Action"})
        assert talk.session.pending == 0


@pytest.mark.parametrize(
    "mask", ["on", "OFF", "yes", "call", "call,agent", "all", "none", "0", "2", "", True, ["call"]]
)
def test_an_event_mask_that_asterisk_understands_is_sent(mask: Any) -> None:
    assert Talk().open(ami.Request("Events", EventMask=mask)).octets


def test_an_unknown_class_of_events_is_rejected_by_the_constructor() -> None:
    with pytest.raises(
        ValueError, match=r"Events: event_mask: 'calls' is not a class of events, .* did you mean 'call'"
    ):
        ami.actions.Events(event_mask=["calls"])
    with pytest.raises(ValueError, match=r"'xyz' is not a class of events, .* the classes are agent, agi, "):
        ami.actions.Login(username="a", secret="b", events=["xyz"])


@pytest.mark.parametrize(
    ("criteria", "wire"), [("name(NewExten)", "Newexten"), ("action(exclude),name(hangup)", "Hangup")]
)
def test_a_filter_by_a_name_in_another_case_is_not_sent(criteria: str, wire: str) -> None:
    for request in (
        ami.actions.Filter(operation="Add", match_criteria=criteria, filter="x"),
        ami.Request("filter", Operation="Add", matchcriteria=criteria),
    ):
        with pytest.raises(ami.HeaderRefused, match=rf"write name\({wire}\)"):
            Talk().open(request)


@pytest.mark.parametrize("criteria", ["name(Newexten)", "name(DonglePortFail)", "header(Channel)", "action(include)"])
def test_a_filter_by_a_name_that_may_be_right_is_sent(criteria: str) -> None:
    assert Talk().open(ami.actions.Filter(operation="Add", match_criteria=criteria)).octets


def test_a_missing_event_is_explained_as_far_as_known() -> None:
    talk = Talk()

    def set_mask(mask: str) -> str:
        talk.hear(answer(talk.open(ami.Request("Events", EventMask=mask)).action_id))
        return talk.session.visibility.explain(["Newexten"])

    assert talk.session.visibility.explain(["Newexten"]) == (
        " Only users with the read privilege dialplan receive Newexten."
    )
    assert set_mask("off") == set_mask("0") == " The event mask of this connection is off."
    assert set_mask("call,agent") == " Newexten requires dialplan in the event mask of this connection."
    assert set_mask("dialplan") == set_mask("on") == " Only users with the read privilege dialplan receive Newexten."
    assert talk.session.visibility.explain(["CoreShowChannel"]) == (
        " Asterisk sends CoreShowChannel only in answer to an action."
    )
    assert "NewExtenn" in talk.session.visibility.explain(["NewExtenn"])
    assert talk.session.visibility.explain(["Disconnected", ""]) == ""
    talk.hear(answer(talk.open(ami.actions.Filter(operation="Add", filter="x")).action_id))
    assert talk.session.visibility.explain(["Newexten"]).endswith(" A filter is set on this connection.")


def test_a_rejected_mask_is_not_recorded() -> None:
    talk = Talk()
    talk.hear(answer(talk.open(ami.Request("Events", EventMask="off")).action_id, "Error"))
    assert talk.session.visibility.mask is None


def test_the_mask_of_the_log_in_is_known() -> None:
    talk = Talk()
    talk.hear(answer(talk.open(ami.Request("Login", Username="a", Events="off")).action_id))
    assert talk.session.visibility.explain(["Hangup"]) == " The event mask of this connection is off."


# What Asterisk makes of blanks


@pytest.mark.parametrize("action_id", [" a", "a ", "\ta", "a\t", " "])
def test_an_action_id_that_begins_or_ends_with_a_blank_is_refused(action_id: str) -> None:
    talk = Talk()
    for request, given_beside in ((ami.Request("Ping"), action_id), (ami.Request("Ping", ActionID=action_id), None)):
        with pytest.raises(ami.HeaderRefused, match="begins or ends with whitespace"):
            talk.open(request, given_beside)
    assert talk.session.pending == 0


@pytest.mark.parametrize("value", [" x", "\tx", "  "])
def test_whitespace_that_asterisk_strips_is_reported(value: str) -> None:
    for exchange in (
        Talk().open(ami.Request("Setvar", Variable="V", Value=value)),
        Talk().open(ami.Request("Setvar", Variable="V"), "id", {"Value": value}),
    ):
        assert exchange.remark == "Setvar: Asterisk strips the whitespace at the beginning of Value."
    assert Talk().open(ami.Request("Setvar", Variable="V", Value=value.strip() + "x ")).remark == ""


# The release


@pytest.mark.parametrize(
    ("version", "told"), [("2.10.6", "13.x"), ("5.0.4", "16.x"), ("11.0.0", "22.x"), ("1.1", None), ("x", None)]
)
def test_an_unreported_release_is_derived_from_the_greeting(version: str, told: str | None) -> None:
    talk = Talk()
    talk.session.greet(f"Asterisk Call Manager/{version}\r\n".encode())
    assert talk.session.release is None  # nobody has asked yet
    talk.session.release = ami.Release.find("GIT-master-2f9b2f7")
    assert (str(talk.session.release) if talk.session.release else None) == told
    talk.session.release = ami.Release(18, 10)
    assert str(talk.session.release) == "18.10.0"


# The end of the connection


def test_at_the_end_each_request_learns_whether_it_left() -> None:
    talk = Talk()
    answered, left = talk.open(), talk.open(ami.Request("Originate"))
    waiting = talk.session.open(ami.Request("Hangup"), 0)
    talk.hear(answer(answered.action_id))
    received = talk.session.close(CLOSED)
    assert received == Received([], [left, waiting])
    assert outcome_of(answered).success
    with pytest.raises(ami.OutcomeUnknown) as unknown:
        outcome_of(left)
    assert str(unknown.value) == (
        f"The outcome of Originate (ActionID {left.action_id}) is unknown: the server closed the connection."
    )
    with pytest.raises(ami.RequestNotSent) as not_sent:
        waiting.result()
    assert str(not_sent.value) == "Hangup was not sent: the server closed the connection."
    assert talk.session.pending == 0
    assert talk.session.close(CLOSED) == Received([], [])


def test_at_the_end_an_unclosed_list_fails_once_and_is_not_delivered() -> None:
    talk = Talk()
    unanswered = talk.open(ListGadgets(), synchronous=True)
    begun = talk.open(ListGadgets(), synchronous=True)
    talk.hear(start(begun.action_id), gadget(begun.action_id))
    received = talk.session.close(CLOSED)
    assert received.settled == [unanswered, begun]
    assert received.deliveries == []
    for each in (unanswered, begun):
        assert each.events is not None
        assert not each.events.valid
        with pytest.raises(ami.OutcomeUnknown):
            each.result()


def test_at_the_end_an_aggregate_that_was_not_closed_is_delivered_as_invalid() -> None:
    talk = Talk()
    exchange = talk.open(aggregate_request())
    talk.hear(start(exchange.action_id), gadget(exchange.action_id))
    received = talk.session.close(CLOSED)
    assert received.settled == []
    (aggregate,) = received.deliveries
    assert isinstance(aggregate, Gadgets)
    assert (aggregate.valid, aggregate.error_message) == (False, "the server closed the connection.")
    assert len(aggregate.gadgets) == 1
    assert outcome_of(exchange).success


# Releases


class Newer(ami.Request[ami.Message]):
    """An action that only some releases have."""

    releases = ami.Releases("18.26 20-")
    parameter_releases: ClassVar[Mapping[str, str]] = {"Fancy": "22-"}


def talk_with(release: str, *, check: bool = True) -> Talk:
    talk = Talk(check_releases=check)
    talk.session.release = ami.Release.find(release)
    return talk


@pytest.mark.parametrize(
    ("release", "needed"),
    [
        ("16.28.0", "18 (since 18.26), 20 and later"),
        ("18.25.9", "18.26 or later"),
        ("19.8.1", "18 (since 18.26), 20 and later"),
    ],
)
def test_an_unsupported_action_is_rejected_with_a_sentence(release: str, needed: str) -> None:
    talk = talk_with(release)
    with pytest.raises(ami.NotInRelease) as refused:
        talk.open(Newer("Newer"))
    assert str(refused.value) == (
        f"Newer requires Asterisk {needed}, but this server runs {release}. To send it anyway, create the manager with "
        "check_releases=False."
    )
    assert talk.session.pending == 0


@pytest.mark.parametrize("release", ["18.26.4", "20.20.1", "23.4.1", "24.0.0"])
def test_an_action_that_the_server_has_is_sent(release: str) -> None:
    assert talk_with(release).open(Newer("Newer")).octets.startswith(b"Action: Newer\r\n")


def test_an_unsupported_parameter_is_rejected() -> None:
    with pytest.raises(
        ami.NotInRelease, match=r"The parameter Fancy of Newer requires Asterisk 22 and later, .* runs 20\.20\.1"
    ):
        talk_with("20.20.1").open(Newer("Newer", Fancy=1))
    assert not talk_with("22.1.0").open(Newer("Newer", Fancy=1)).settled


def test_an_additional_header_is_checked_too() -> None:
    with pytest.raises(ami.NotInRelease, match="The parameter Fancy"):
        talk_with("20.20.1").open(Newer("Newer"), None, {"Fancy": 1})


def test_nothing_is_rejected_without_a_known_release_or_with_the_check_disabled() -> None:
    for talk in (Talk(), talk_with("13.38.3", check=False)):
        talk.open(Newer("Newer", Fancy=1))
        assert talk.session.pending == 1


def test_an_untyped_request_is_checked_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._ACTIONS, "newer", (__name__, "Newer"))
    with pytest.raises(ami.NotInRelease):
        talk_with("13.38.3").open(ami.Request("newer"))
    assert not talk_with("13.38.3").open(ami.Request("NobodyKnowsThis")).settled


# Any stream


@given(st.binary(), st.lists(st.integers(1, 60)))
def test_no_bytes_make_a_session_raise_anything_but_a_protocol_error(octets: bytes, places: Sequence[int]) -> None:
    talk = Talk(limits=Limits(line=50, message=200, headers=5))
    exchange = talk.open(ListGadgets(), synchronous=True)
    stream = start(exchange.action_id) + octets + b"\r\n\r\nEvent: " + octets + complete(exchange.action_id, 1)
    edges = sorted({0, len(stream), *(place for place in places if place < len(stream))})
    try:
        for low, high in pairwise(edges):
            talk.hear(stream[low:high])
    except ami.ProtocolError:
        return
    assert talk.session.close(CLOSED) is not None


def test_an_answer_before_a_protocol_error_reaches_its_sender() -> None:
    talk = Talk("", limits=Limits(line=60))
    raw = talk.open(ami.Request("IAXnetstats"))
    late = talk.open()
    octets = b"one line of text\r\n\r\n" + b"x" * 100
    with pytest.raises(ami.ProtocolError):
        talk.session.receive(octets, 1.0)
    received = talk.session.close(ami.ConnectionLost("it ended"))
    assert set(map(id, received.settled)) == {id(raw), id(late)}
    assert raw.error is None
    assert isinstance(late.error, ami.ConnectionLost)


@pytest.mark.parametrize("word", ["Response", "response"])
def test_a_lone_word_is_not_a_header(word: str) -> None:
    talk = Talk("", None)
    exchange = talk.open()
    received = talk.session.receive(f"{word}\r\nMessage: x\r\nActionID: {exchange.action_id}\r\n\r\n".encode(), 1.0)
    assert received.settled == [exchange]


@pytest.mark.parametrize("waits", ["Ping", "CoreShowChannels"])
@pytest.mark.parametrize("line", ["Event", "event", "Event\r\nEvent: Bridge", "Event : Bridge"])
def test_a_first_line_that_is_not_a_header_starts_no_event(line: str, waits: str) -> None:
    talk = Talk("", None)
    talk.open(ami.Request(waits))
    heard = talk.heard(f"{line}\r\nEventList: Complete\r\n\r\nEvent: Hangup\r\nUniqueid: 1\r\n\r\n".encode())
    assert [each.event for each in heard] == ["Generic Event", "Hangup"]
