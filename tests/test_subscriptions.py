"""Callbacks are called in the order of their registration, for exactly what they were registered for."""

from __future__ import annotations

from typing import Any

import pytest

import ami_typed as ami
from ami_typed import actions, aggregates, catalogue, events, responses
from ami_typed._delivery.subscriptions import Handlers, doubt_about
from tests.support import Gadget, Gadgets, GadgetsComplete, unread


def one(*_: object) -> None:
    """A callback."""


def two(*_: object) -> None:
    """Another."""


def three(*_: object) -> None:
    """A third."""


class Receiver:
    """Whoever has a method as callback."""

    def hear(self, *_: object) -> None:
        """A callback."""


def called(handlers: Handlers, message: object) -> list[Any]:
    return list(handlers.route_of(message).functions)


EVENT = unread("Event: Gadget", cls=Gadget)


def test_callbacks_are_called_in_the_order_of_registration() -> None:
    handlers = Handlers()
    for function in (two, one, three):
        handlers.register("Gadget", function)
    assert called(handlers, EVENT) == [two, one, three]


def test_a_pair_registered_twice_moves_to_the_end_and_is_called_once() -> None:
    handlers = Handlers()
    for function in (one, two, one):
        handlers.register("Gadget", function)
    assert called(handlers, EVENT) == [two, one]


def test_order_holds_across_names_classes_and_every_event() -> None:
    handlers = Handlers()
    handlers.register("", three)
    handlers.register(Gadget, one)
    handlers.register("gadget", two)
    handlers.register(ami.Event, one)
    assert called(handlers, EVENT) == [three, one, two, one]


def test_one_function_may_be_registered_for_several_events() -> None:
    handlers = Handlers()
    handlers.register("Gadget", one)
    handlers.register("Other", one)
    assert called(handlers, EVENT) == called(handlers, unread("Event: Other")) == [one]


@pytest.mark.parametrize("name", ["Gadget", "gadget", "GADGET", Gadget])
@pytest.mark.parametrize("sent", ["Gadget", "gADGET"])
def test_names_match_without_regard_to_case(name: Any, sent: str) -> None:
    handlers = Handlers()
    handlers.register(name, one)
    assert called(handlers, unread(f"Event: {sent}")) == [one]
    assert handlers.unregister("gaDGet", one)


def test_the_empty_name_and_the_class_of_all_events_are_every_event() -> None:
    for every in ("", ami.Event):
        handlers = Handlers()
        handlers.register(every, one)
        assert called(handlers, EVENT) == called(handlers, unread("Event: Unknown")) == [one]
        assert called(handlers, ami.Event({"Event": ami.EVENT_GENERIC})) == [one]
        assert called(handlers, ami.Answer({"Response": "Success"})) == []


def test_none_is_every_response_without_a_request_and_nothing_else() -> None:
    handlers = Handlers()
    handlers.register(None, one)
    assert called(handlers, ami.Answer({"Response": "Success"})) == [one]
    assert called(handlers, EVENT) == called(handlers, Gadgets("1")) == []


def test_an_aggregate_is_delivered_to_callbacks_of_its_class_and_of_all_aggregates() -> None:
    handlers = Handlers()
    handlers.register(Gadgets, one)
    handlers.register(ami.Aggregate, two)
    assert called(handlers, Gadgets("1")) == [one, two]
    assert called(handlers, ami.Aggregate("1")) == [two]


def test_an_aggregate_and_an_event_of_one_name_are_distinguished() -> None:
    class GadgetsEvent(ami.Event):
        wire_name = "Gadgets"

    handlers = Handlers()
    handlers.register(Gadgets, one)
    handlers.register(GadgetsEvent, two)
    handlers.register("Gadgets", three)
    assert called(handlers, Gadgets("1")) == [one]
    assert called(handlers, unread("Event: Gadgets")) == [two, three]


def test_a_callback_that_was_taken_out_is_called_no_more() -> None:
    handlers = Handlers()
    handlers.register(Gadget, one)
    handlers.register(Gadget, two)
    assert handlers.unregister(Gadget, one) is True
    assert called(handlers, EVENT) == [two]


@pytest.mark.parametrize("event", [Gadget, "Gadget", "", None, Gadgets])
def test_unregistering_an_unknown_callback_returns_false(event: Any) -> None:
    handlers = Handlers()
    handlers.register(event, one)
    assert handlers.unregister(event, two) is False
    assert handlers.unregister(GadgetsComplete, one) is False
    assert handlers.unregister(event, one) is True
    assert handlers.unregister(event, one) is False


def test_a_method_is_the_same_callback_each_time_it_is_named() -> None:
    receiver = Receiver()
    handlers = Handlers()
    handlers.register(Gadget, receiver.hear)
    handlers.register(Gadget, receiver.hear)
    assert called(handlers, EVENT) == [receiver.hear]
    assert handlers.unregister(Gadget, receiver.hear)


def test_a_subscriber_must_be_callable() -> None:
    nothing: Any = "on_hangup"
    with pytest.raises(TypeError, match="A callback must be callable, not 'on_hangup'"):
        Handlers().register(Gadget, nothing)


def test_streams_are_separate_from_callbacks() -> None:
    handlers = Handlers()
    handlers.register(Gadget, one, sink=True)
    handlers.register(Gadget, two)
    route = handlers.route_of(EVENT)
    assert (route.sinks, route.functions) == ((one,), (two,))


HANGUP = unread("Event: Hangup", "Channel: PJSIP/alice-00000001", cls=events.Hangup)


def test_a_family_matches_only_its_events() -> None:
    handlers = Handlers()
    handlers.register(events.ChannelEvent, one)
    handlers.register(events.SecurityEvent, two, sink=True)
    assert called(handlers, HANGUP) == [one]
    assert called(handlers, EVENT) == called(handlers, unread("Event: QueueMemberAdded")) == []
    assert called(handlers, ami.Event({"Event": "ChannelEvent"})) == []
    assert handlers.route_of(unread("Event: InvalidPassword", cls=events.InvalidPassword)).sinks == (two,)
    wanted = {name for name in catalogue.EVENTS if handlers.wants(name)}
    assert wanted == {*catalogue.FAMILIES["ChannelEvent"], *catalogue.FAMILIES["SecurityEvent"]}
    assert not handlers.wants("ChannelEvent")
    assert not handlers.wants("NothingKnown")


def test_callbacks_for_a_family_and_for_an_event_of_it_keep_their_order() -> None:
    handlers = Handlers()
    for key, function in ((events.ChannelEvent, two), (events.Hangup, one), ("Hangup", three), (ami.Event, two)):
        handlers.register(key, function)
    handlers.register(events.ChannelEvent, two)
    assert called(handlers, HANGUP) == [one, three, two, two]


@pytest.mark.parametrize("name", ["ChannelEvent", "channelevent", events.ChannelEvent])
def test_a_family_is_unregistered_by_its_class_or_name(name: Any) -> None:
    handlers = Handlers()
    handlers.register(name, one)
    assert called(handlers, HANGUP) == [one]
    assert handlers.unregister(events.BridgeEvent, one) is False
    assert handlers.unregister(events.ChannelEvent, one) is True
    assert called(handlers, HANGUP) == []
    assert not handlers.wants("Hangup")


def test_a_class_defined_later_belongs_to_its_family_and_makes_its_event_wanted() -> None:
    handlers = Handlers()
    handlers.register(events.ChannelEvent, one)
    assert not handlers.wants("TrunkAlarm")

    class TrunkAlarm(events.ChannelEvent):
        """An event of a module."""

    assert handlers.wants("TrunkAlarm")
    assert called(handlers, unread("Event: TrunkAlarm", cls=TrunkAlarm)) == [one]


def test_a_program_can_define_its_own_family() -> None:
    class TrunkEvent(ami.Event):
        """What the events of a module share."""

        wire_name = ""

    class TrunkUp(TrunkEvent):
        """An event."""

    class TrunkDown(TrunkEvent):
        """Another."""

        wire_name = "Trunk-Down"

    handlers = Handlers()
    handlers.register("TrunkEvent", one)
    handlers.register(TrunkEvent, one)
    assert called(handlers, unread("Event: TrunkUp", cls=TrunkUp)) == [one]
    assert called(handlers, unread("Event: Trunk-Down", cls=TrunkDown)) == [one]
    assert [name for name in ("TrunkUp", "trunk-down", "TrunkEvent", "Hangup") if handlers.wants(name)] == [
        "TrunkUp",
        "trunk-down",
    ]
    with pytest.raises(TypeError, match="TrunkEvent is a family"):
        ami.register(TrunkEvent)


def test_user_events_belong_to_the_families_of_their_classes() -> None:
    class TrunkFire(events.UserEvent, events.SecurityEvent):
        """A user event."""

    handlers = Handlers()
    handlers.register(events.SecurityEvent, one)
    assert handlers.wants("UserEvent")
    assert called(handlers, unread("Event: UserEvent", "UserEvent: TrunkFire", cls=TrunkFire)) == [one]
    assert called(handlers, unread("Event: UserEvent", "UserEvent: Other", cls=events.UserEvent)) == []


def test_a_misspelt_family_is_recognized() -> None:
    assert "Did you mean 'ChannelEvent'?" in doubt_about("ChanelEvent")
    assert doubt_about("ChannelEvent") == doubt_about(events.ChannelEvent) == ""


def test_an_event_is_wanted_while_it_has_subscribers() -> None:
    handlers = Handlers()
    assert not handlers.wants("Gadget")
    for event in ("gadget", Gadget, "", ami.Event):
        handlers.register(event, one, sink=event == "")
        assert handlers.wants("Gadget")
        handlers.unregister(event, one)
        assert not handlers.wants("Gadget")
    handlers.register(None, one)
    handlers.register(Gadgets, one)
    assert not handlers.wants("Gadget")


def test_every_change_of_the_table_can_be_noticed() -> None:
    handlers = Handlers()
    versions = [handlers.version]
    handlers.register(Gadget, one)
    versions.append(handlers.version)
    handlers.unregister(Gadget, one)
    versions.append(handlers.version)
    assert len(set(versions)) == 3


def test_a_route_that_was_handed_out_does_not_change_under_its_user() -> None:
    handlers = Handlers()
    handlers.register(Gadget, one)
    route = handlers.route_of(EVENT)
    handlers.unregister(Gadget, one)
    handlers.register(Gadget, two)
    assert route.functions == (one,)
    assert called(handlers, EVENT) == [two]


# Names, patterns and what is refused


AGGREGATE = aggregates.QueueStatus("1")


@pytest.mark.parametrize("name", ["QueueStatus", "queuestatus", "QueueStatus_Aggregate", aggregates.QueueStatus])
def test_a_list_is_named_by_its_class_or_either_of_its_names(name: Any) -> None:
    handlers = Handlers()
    handlers.register(name, one)
    assert called(handlers, AGGREGATE) == [one]
    assert called(handlers, EVENT) == []
    assert handlers.unregister("queueSTATUS", one)
    assert called(handlers, AGGREGATE) == []


def test_a_name_that_an_event_and_a_list_share_is_the_events() -> None:
    handlers = Handlers()
    handlers.register("Status", one)
    handlers.register("Status_Aggregate", two)
    assert called(handlers, aggregates.Status("1")) == [two]
    assert called(handlers, unread("Event: Status", cls=events.Status)) == [one]


def test_the_empty_name_is_every_list_as_well_and_the_class_of_all_events_is_not() -> None:
    handlers = Handlers()
    handlers.register("", one)
    handlers.register(ami.Event, two)
    assert called(handlers, AGGREGATE) == called(handlers, ami.Aggregate("1")) == [one]
    assert called(handlers, EVENT) == [one, two]


def test_a_stream_of_everything_takes_events_only() -> None:
    handlers = Handlers()
    handlers.register_sink(("",), one)
    assert handlers.route_of(AGGREGATE).sinks == ()
    assert handlers.route_of(EVENT).sinks == (one,)


def test_a_stream_that_asks_for_an_event_twice_over_takes_it_once() -> None:
    handlers = Handlers()
    handlers.register_sink((Gadget, "gadget", "Gad*", ami.Event), one)
    assert handlers.route_of(EVENT).sinks == (one,)


@pytest.mark.parametrize("pattern", ["Gad*", "gad*", "G?dget", "[fg]adget", "*"])
def test_a_pattern_matches_names_without_regard_to_case(pattern: str) -> None:
    handlers = Handlers()
    handlers.register(pattern, one)
    assert handlers.wants("GADGET")
    assert called(handlers, EVENT) == called(handlers, unread("Event: gadget")) == [one]
    assert called(handlers, AGGREGATE) == []
    assert handlers.wants("Other") is (pattern == "*")
    assert handlers.unregister(pattern.upper(), one)
    assert not handlers.wants("Gadget")


def test_a_pattern_does_not_match_notices() -> None:
    handlers = Handlers()
    handlers.register("Dis*", one)
    handlers.register("*", two)
    handlers.register("disconnected", three)
    assert called(handlers, ami.Disconnected({"Event": "Disconnected"})) == [three]


@pytest.mark.parametrize("name", ["DonglePortFail", "Dongle*", "Received*", "Zap?", "x.y:z/1-2 3", "Generic Event"])
def test_unknown_events_may_be_named(name: str) -> None:
    Handlers().register(name, one)


@pytest.mark.parametrize(
    ("event", "error", "said"),
    [
        (int, TypeError, "not the class builtins.int"),
        (5, TypeError, ", not 5"),
        (True, TypeError, ", not True"),
        (b"Hangup", TypeError, ", not b'Hangup'"),
        (actions.Ping, TypeError, "session.Ping is an action, which is sent but never received"),
        (actions.Hangup, TypeError, r"Did you mean events\.Hangup\?"),
        (responses.Ping, TypeError, "not the class ami_typed.responses.session.Ping"),
        (ami.Message, TypeError, "not the class ami_typed.messages.Message"),
        (events.Hangup(), TypeError, "Give the class Hangup"),
        ("Quue*", ValueError, r"matches 'Quue\*'\. Did you mean 'Queue\*'\?"),
        ("hangpu?", ValueError, r"Did you mean 'Hangup\*'\?"),
        ("Hangup,Newchannel", ValueError, r"one name or class at a time.*Did you mean 'Hangup'\?"),
        ("^Queue.*$", ValueError, r"a pattern such as 'Queue\*'"),
        (" Hangup", ValueError, "' Hangup' cannot be the name of an event"),
        ("Hangup\r\n", ValueError, "cannot be the name of an event"),
    ],
)
def test_an_impossible_subscription_is_rejected_with_a_suggestion(event: Any, error: Any, said: str) -> None:
    handlers = Handlers()
    for refuse in (handlers.register, handlers.unregister):
        with pytest.raises(error, match=said):
            refuse(event, one)
    with pytest.raises(error, match=said):
        handlers.register_sink((event,), one)
    assert handlers.version == 0


def test_a_stream_cannot_contain_a_list() -> None:
    with pytest.raises(
        TypeError, match=r"QueueStatus is a list, which a stream cannot contain; use register_callback\(\)"
    ):
        Handlers().register_sink((aggregates.QueueStatus,), one)


def test_the_names_that_a_server_sends_do_not_pile_up() -> None:
    handlers = Handlers()
    handlers.register("", one)
    for number in range(10_000):
        assert handlers.wants(f"Event{number}")
        assert called(handlers, unread(f"Event: Event{number}")) == [one]
    assert len(handlers._wanted) < 5000
    assert len(handlers._by_name) < 5000
