"""Events and lists that nobody described: a class of a program's own is enough, on both faces."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import actions, events, registry
from ami_typed.fields import Always, Sometimes
from ami_typed.values import integer, text
from tests.support import PATIENCE, Heard, Server, answer, background, message

if TYPE_CHECKING:
    from tests.faces import Make


class DonglePortFail(ami.Event):
    """A port of a USB modem failed."""

    device = Always("Device", text)
    message = Sometimes("Message", text)


class SmsReceived(ami.Event):
    """A text message came; its name on the wire is no identifier."""

    wire_name = "DongleNewSMS Base64"
    sender = Always("From", text)


class DongleDeviceEntry(ami.Event):
    """One modem."""

    device = Always("Device", text)
    rssi = Sometimes("RSSI", integer)


class DongleShowDevicesComplete(ami.Event):
    """The end of the list."""


class DongleDevices(ami.Aggregate):
    """The modems."""

    repeatable = ("DongleDeviceEntry",)

    @property
    def devices(self) -> list[DongleDeviceEntry]:
        return self.all(DongleDeviceEntry)


class DongleShowDevices(ami.ListRequest[DongleDevices]):
    """Lists the modems."""

    list_ends = ("DongleShowDevicesComplete",)

    def __init__(self) -> None:
        super().__init__("DongleShowDevices")

    @classmethod
    def list_class(cls) -> type[DongleDevices]:
        return DongleDevices


class Welcome(events.UserEvent):
    """A user event of this name."""

    colour = Sometimes("Colour", text)


class DoorBell(events.UserEvent):
    """A user event with another name on the wire."""

    wire_name = "door-bell"


@pytest.fixture(autouse=True)
def as_before() -> Any:
    """Let what a test defines or registers end with it."""
    own = {base: dict(table) for base, table in registry._OWN.items()}
    yield
    for base, table in own.items():
        registry._OWN[base].clear()
        registry._OWN[base].update(table)
    registry._changed()


def test_an_event_that_a_class_was_defined_for_arrives_as_that_class(server: Server, make: Make) -> None:
    manager = make()
    by_class, by_name, every = Heard(), Heard(), Heard()
    manager.register_callback(DonglePortFail, by_class)
    manager.register_callback("dongleportfail", by_name)
    manager.register_callback("", every)
    peer = server.link(manager)
    with manager.subscribe(DonglePortFail) as stream:
        peer.send(message("Event: DonglePortFail", "Device: dongle0"))
        for event in (by_class.next(), by_name.next(), every.next(), stream.get(PATIENCE)):
            assert type(event) is DonglePortFail
            assert (event.device, event.message) == ("dongle0", None)


def test_a_family_brings_every_event_of_it_and_no_other(server: Server, make: Make) -> None:
    class TrunkBusy(events.ChannelEvent):
        """An event of a module."""

    manager = make()
    heard = Heard()
    manager.register_callback(events.ChannelEvent, heard)
    peer = server.link(manager)
    with manager.subscribe(events.ChannelEvent) as stream:
        for name in ("Newchannel", "QueueMemberAdded", "TrunkBusy", "Unknown", "Hangup"):
            peer.send(message(f"Event: {name}", f"Channel: SIP/{name}"))
        expected = [(cls, f"SIP/{cls.__name__}") for cls in (events.Newchannel, TrunkBusy, events.Hangup)]
        assert [(type(event), event.channel) for event in (stream.get(PATIENCE) for _ in expected)] == expected
    assert [type(heard.next()) for _ in expected] == [cls for cls, _ in expected]
    assert manager.unregister_callback(events.ChannelEvent, heard) is True
    assert manager.unregister_callback(events.ChannelEvent, heard) is False


def test_an_event_of_a_family_can_be_waited_for(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    with pytest.raises(ami.EventTimeout, match="ChannelEvent") as timeout:
        manager.wait_for(events.ChannelEvent, timeout=0.01)
    assert "not a known event" not in str(timeout.value)
    began = threading.Event()

    def fits(event: events.ChannelEvent) -> bool:
        began.set()
        return event.exten == "2"

    waiting = background(manager.wait_for, events.ChannelEvent, where=fits, timeout=PATIENCE)
    while not began.is_set():
        peer.send(message("Event: Hangup", "Exten: 1"))
        began.wait(0.01)
    peer.send(message("Event: Newexten", "Exten: 2"))
    found = waiting.result(PATIENCE)
    assert (type(found), found.exten) == (events.Newexten, "2")


def test_an_event_that_nothing_describes_is_waited_for_by_its_name(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    with manager.subscribe("DongleUSSDStatus") as stream:
        peer.send(message("Event: DongleUSSDStatus", "Device: dongle0", "Status: x"))
        event = stream.get(PATIENCE)
    assert (type(event), event["device"]) == (ami.Event, "dongle0")


def test_a_name_on_the_wire_may_be_no_identifier(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    with manager.subscribe(SmsReceived) as stream:
        peer.send(message("Event: DongleNewSMS Base64", "From: +49"))
        assert stream.get(PATIENCE).sender == "+49"


def test_user_events_of_a_name_arrive_as_their_class_and_others_as_before(server: Server, make: Make) -> None:
    manager = make()
    welcomes, bells, all_of_them = Heard(), Heard(), Heard()
    manager.register_callback(Welcome, welcomes)
    manager.register_callback(DoorBell, bells)
    manager.register_callback(events.UserEvent, all_of_them)
    peer = server.link(manager)
    for name in ("Welcome", "door-bell", "Other", "WELCOME"):
        peer.send(message("Event: UserEvent", "Privilege: user,all", f"UserEvent: {name}", "Colour: red"))
    assert [type(all_of_them.next()) for _ in range(4)] == [Welcome, DoorBell, events.UserEvent, Welcome]
    assert [welcomes.next().colour for _ in range(2)] == ["red", "red"]
    assert bells.next().user_event == "door-bell"
    assert welcomes.empty()
    assert bells.empty()


def test_a_stream_of_one_user_event_contains_no_others(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    with manager.subscribe(Welcome) as by_class, manager.subscribe("Welcome") as by_name:
        for name in ("Other", "Welcome"):
            peer.send(message("Event: UserEvent", f"UserEvent: {name}", "Colour: blue"))
        assert by_class.get(PATIENCE).colour == "blue"
        assert by_name.get(PATIENCE)["Colour"] == "blue"
    with pytest.raises(ami.EventTimeout, match="No Welcome arrived"):
        manager.subscribe(Welcome).get(0.01)


def test_a_list_of_ones_own_is_executed_and_typed(server: Server, make: Make) -> None:
    manager = make()
    peer = server.link(manager)
    executing = background(manager.execute, DongleShowDevices())
    own = peer.action_id()
    peer.send(
        answer(own, "Success", "EventList: start", "Message: Device status list will follow"),
        message("Event: DongleDeviceEntry", f"ActionID: {own}", "Device: dongle0", "RSSI: 17"),
        message("Event: DongleDeviceEntry", f"ActionID: {own}", "Device: dongle1"),
        message("Event: DongleShowDevicesComplete", f"ActionID: {own}", "EventList: Complete", "ListItems: 2"),
    )
    devices = executing.result(PATIENCE)
    assert type(devices) is DongleDevices
    assert [(each.device, each.rssi) for each in devices.devices] == [("dongle0", 17), ("dongle1", None)]
    assert devices.valid


def test_a_list_of_ones_own_is_an_aggregate_for_callbacks_by_class_and_name(server: Server, make: Make) -> None:
    manager = make()
    by_class, by_name = Heard(), Heard()
    manager.register_callback(DongleDevices, by_class)
    manager.register_callback("DongleDevices", by_name)
    peer = server.link(manager)
    request = DongleShowDevices()
    request.aggregate = True
    sending = background(manager.send_action, request)
    own = peer.action_id()
    peer.send(answer(own, "Success", "EventList: start"))
    assert sending.result(PATIENCE) is not None
    peer.send(message("Event: DongleShowDevicesComplete", f"ActionID: {own}", "EventList: Complete", "ListItems: 0"))
    assert by_class.next() is by_name.next()


def test_a_registered_action_is_known_to_plain_requests_by_its_name(server: Server, make: Make) -> None:
    assert registry.action_class("DongleShowDevices") is ami.Request
    assert ami.register(DongleShowDevices) is DongleShowDevices
    manager = make()
    peer = server.link(manager)
    request = ami.Request("DongleShowDevices")
    request.synchronous = True
    executing = background(manager.execute, request)
    own = peer.action_id()
    peer.send(
        answer(own, "Success", "EventList: start"),
        message("Event: DongleDeviceEntry", f"ActionID: {own}", "Device: dongle0"),
        message("Event: DongleShowDevicesComplete", f"ActionID: {own}"),
    )
    assert type(executing.result(PATIENCE)) is DongleDevices


def test_a_class_that_derives_from_ami_typeds_takes_its_place(server: Server, make: Make) -> None:
    class BusyHangup(events.Hangup):
        """Adds to an event of ami-typed's; under its own name unless it says otherwise."""

        wire_name = "Hangup"
        extra = Sometimes("X-Extra", text)

    manager = make()
    heard = Heard()
    manager.register_callback(events.Hangup, heard)
    server.link(manager).send(message("Event: Hangup", "Channel: SIP/1", "Cause: 16", "X-Extra: yes"))
    event = heard.next()
    assert type(event) is BusyHangup
    assert (event.cause, event.extra) == (16, "yes")
    assert event.process()[0] == {"Event": "Hangup", "Channel": "SIP/1", "Cause": 16, "X-Extra": "yes"}


@pytest.mark.parametrize(
    ("base", "name", "lines"),
    [
        (ami.Event, "Lost", ["Event: Lost"]),
        (events.Hangup, "Hangup", ["Event: Hangup", "Channel: SIP/1", "Cause: 16"]),
        (events.UserEvent, "Lost", ["Event: UserEvent", "UserEvent: Lost"]),
    ],
)
def test_process_converts_the_fields_of_a_custom_class(
    server: Server, make: Make, base: type[ami.Event], name: str, lines: list[str]
) -> None:
    made: Any = type("Lost", (base,), {"wire_name": name, "seconds": Sometimes("SecondsLost", integer)})
    manager = make()
    peer = server.link(manager)
    with manager.subscribe(made) as stream:
        peer.send(message(*lines, "SecondsLost: 7"))
        event: ami.Event = stream.get(PATIENCE)
    headers, _ = event.process()
    assert (type(event), event["SecondsLost"], headers["SecondsLost"]) == (made, "7", 7)
    assert {*headers} == {*(line.partition(":")[0] for line in lines), "SecondsLost"}
    assert headers.get("Cause", 16) == 16


def test_a_class_that_does_not_derive_takes_the_place_only_if_it_is_registered() -> None:
    class Newexten(ami.Event):
        """Not ami-typed's."""

    assert registry.event_class("newexten") is events.Newexten
    assert ami.register(Newexten) is Newexten
    assert registry.event_class("newexten") is Newexten


@pytest.mark.parametrize("what", [5, "Hangup", int, ami.Message, None])
def test_only_classes_of_events_actions_and_lists_are_registered(what: Any) -> None:
    with pytest.raises(TypeError, match=r"register\(\) takes"):
        ami.register(what)


def test_a_class_may_be_defined_while_its_events_are_coming(server: Server, make: Make) -> None:
    manager = make()
    heard = Heard()
    manager.register_callback("", heard)
    peer = server.link(manager)
    for name in ("LateEvent", "DialEnd"):
        peer.send(message(f"Event: {name}", "Size: 7"))
        heard.next()

    class LateEvent(ami.Event):
        size = Always("Size", integer)

    class LateDialEnd(events.DialEnd):
        wire_name = "DialEnd"
        size = Always("Size", integer)

    for name, cls in (("LateEvent", LateEvent), ("DialEnd", LateDialEnd)):
        peer.send(message(f"Event: {name}", "Size: 7"))
        event = heard.next()
        assert type(event) is cls
        assert event.size == 7


def test_a_missing_event_of_a_derived_class_is_explained(server: Server, make: Make) -> None:
    class OwnHangup(events.Hangup):
        wire_name = "Hangup"

    manager = make()
    peer = server.link(manager)
    masking = background(manager.execute, actions.Events(event_mask=["agent"]))
    peer.send(answer(peer.action_id(), "Success", "Events: On"))
    assert masking.result(PATIENCE)
    with pytest.raises(ami.EventTimeout, match="Hangup requires call in the event mask"):
        manager.wait_for(OwnHangup, timeout=0.01)
    with pytest.raises(ami.EventTimeout, match="DonglePortFail is not a known event"):
        manager.wait_for(DonglePortFail, timeout=0.01)


def test_all_events_of_a_class_are_read_from_a_list() -> None:
    devices = DongleDevices("1")
    assert devices.all(DongleDeviceEntry) == devices.all("dongledeviceentry") == []
    devices._add(DongleDeviceEntry({"Event": "DongleDeviceEntry", "Device": "dongle0"}))
    end = DongleShowDevicesComplete({"Event": "DongleShowDevicesComplete"})
    devices._close(end)
    assert [each.device for each in devices.all(DongleDeviceEntry)] == ["dongle0"]
    assert devices.all(DongleShowDevicesComplete) == [end]
    assert devices.all(events.Hangup) == []
