"""What programs for the classic client do, on a real Asterisk and both faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

import ami_typed as ami
from ami_typed import actions, aggregates, events, registry
from ami_typed.fields import Always, Sometimes
from ami_typed.values import integer, text
from tests.faults import Proxy
from tests.live.servers import ForeignServer, Server
from tests.support import PATIENCE, Heard

if TYPE_CHECKING:
    from tests.faces import Make

AnyServer = Server | ForeignServer


class Queues(ami._Request[ami.Message]):
    """A request of a program's own; what it says in its class holds for each."""

    synchronous = True
    timeout = 17

    def __init__(self) -> None:
        ami._Request.__init__(self, "QueueStatus")


class QueuesInPassing(ami._Request[ami.Message]):
    """One whose list is delivered to callbacks; it never calls the `__init__` of its base."""

    aggregate = True

    def __init__(self) -> None:
        self["Action"] = "QueueStatus"


class Lines(ami._Request[Any]):
    """One that judges its response and adds to it."""

    def __init__(self, filename: str) -> None:
        ami._Request.__init__(self, "GetConfig")
        self["Filename"] = filename

    def process_response(self, response: Any) -> Any:
        response = ami._Request.process_response(self, response)
        response.lines = [value for name, value in response.items() if name.startswith("Line-")]
        response.success = any("full" in line or "secret" in line for line in response.lines)
        return response


def classic(name: str, **headers: str) -> ami._Request[ami.Message]:
    """Make a request of a class of a program's own, as programs for the classic client write them."""

    def initialise(self: ami._Request[Any]) -> None:
        ami._Request.__init__(self, name, **headers)

    made: Any = type(f"My{name}", (ami._Request,), {"__init__": initialise, "synchronous": True})
    return cast("ami._Request[ami.Message]", made())


def connected(server: AnyServer, manager: ami.Manager) -> ami.Manager:
    """Connect and log in."""
    manager.connect(server.host, server.port)
    manager.login(server.full.name, server.full.secret)
    return manager


def login(server: AnyServer, secret: str | None = None) -> actions.Login:
    return actions.Login(username=server.full.name, secret=secret or server.full.secret)


def user_event(name: str, **headers: object) -> ami.Request[ami.Answer]:
    return ami.Request("UserEvent", UserEvent=name, **headers)


# Request classes


def test_attributes_of_a_request_class_apply_to_its_requests(server: AnyServer, make: Make) -> None:
    manager = connected(server, make())
    heard = Heard()
    manager.register_callback(events.QueueMember, heard)
    typed = manager.execute(actions.QueueStatus())
    outcome = manager.send_action(Queues())
    assert outcome is not None
    assert outcome.events is not None
    assert len(outcome.events[events.QueueParams]) == len(typed[events.QueueParams])
    assert len(outcome.events[events.QueueMember]) == len(typed.members)
    assert heard.empty()


def test_a_list_is_delivered_to_callbacks_by_class_by_both_of_its_names_and_with_everything(
    server: AnyServer, make: Make
) -> None:
    manager = connected(server, make())
    by_class, by_name, by_old_name, everything = Heard(), Heard(), Heard(), Heard()
    manager.register_callback(aggregates.QueueStatus, by_class)
    manager.register_callback("QueueStatus", by_name)
    manager.register_callback("queuestatus_aggregate", by_old_name)
    manager.register_callback("", everything)
    assert manager.send_action(QueuesInPassing()) is not None
    queues = by_class.next()
    assert type(queues) is aggregates.QueueStatus
    assert queues.valid
    assert by_name.next() is by_old_name.next() is queues
    seen: list[Any] = []
    while not seen or seen[-1] is not queues:
        seen.append(everything.next())
    ended = [number for number, each in enumerate(seen) if isinstance(each, events.QueueStatusComplete)]
    assert len([each for each in seen[: ended[0]] if isinstance(each, events.QueueParams)]) == len(
        queues[events.QueueParams]
    )


@pytest.mark.parametrize(
    "name", ["CoreShowChannels", "QueueStatus", "PJSIPShowEndpoints", "Agents", "Status", "IAXpeers", "FAXStats"]
)
def test_a_request_class_of_a_program_has_the_list_of_its_action(server: AnyServer, make: Make, name: str) -> None:
    manager = connected(server, make())
    known = registry.action_class(name)
    outcome = manager.send_action(classic(name))
    assert outcome is not None
    assert outcome.events is not None
    assert type(outcome.events) is known.list_class()
    assert outcome.events.valid


def test_an_error_that_means_an_empty_list_is_one_for_a_request_class_of_a_program(
    server: AnyServer, make: Make
) -> None:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs a server on which no conference is held")
    manager = connected(server, make())
    rooms: object = manager.execute(classic("ConfbridgeListRooms"))
    assert rooms == manager.execute(actions.ConfbridgeListRooms())
    assert type(rooms) is aggregates.ConfbridgeListRooms


def test_text_without_headers_answers_a_request_class_of_a_program(server: AnyServer, make: Make) -> None:
    manager = connected(server, make())
    outcome = manager.send_action(classic("IAXnetstats"))
    assert outcome is not None
    assert outcome.success
    assert outcome.response.raw
    assert manager.execute(actions.Ping()).success


def test_process_response_extends_a_response_and_sets_success(server: AnyServer, make: Make) -> None:
    manager = connected(server, make())
    for filename, success in (("manager.conf", True), ("queuerules.conf", False)):
        outcome = manager.send_action(Lines(filename))
        assert outcome is not None
        assert (outcome.success, bool(outcome.result.lines)) == (success, True)


@pytest.mark.parametrize("given", [{"Action": "Ping"}, "Ping", actions.Ping])
def test_a_non_request_is_rejected_before_anything_is_sent(server: AnyServer, make: Make, given: Any) -> None:
    manager = connected(server, make())
    sent = manager.statistics.requests_sent
    for send in (manager.send_action, manager.execute):
        with pytest.raises(TypeError, match=r"write actions\.Ping\(\.\.\.\)|write Ping\(\.\.\.\)"):
            send(given)
    assert manager.statistics.requests_sent == sent
    assert manager.execute(actions.Ping()).success


# Log-in and log-off by send_action


def test_a_log_in_by_send_action_is_one(server: AnyServer, make: Make) -> None:
    manager = make()
    manager.connect(server.host, server.port)
    outcome = manager.send_action(login(server))
    assert outcome is not None
    assert outcome.success
    assert manager.execute(actions.CoreSettings()).asterisk_version


def test_a_log_in_by_send_action_is_repeated_after_a_loss(server: AnyServer, make: Make) -> None:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs a server on this machine, behind a proxy")
    manager = make(reconnect=ami.Reconnect(first=0.05))
    back = Heard()
    manager.register_callback(ami.Reconnected, back)
    with Proxy(server.port) as proxy:
        manager.connect("127.0.0.1", proxy.port)
        outcome = manager.send_action(login(server))
        assert outcome is not None
        assert outcome.success
        proxy.reset()
        assert list(back.next().refused) == []
        assert manager.execute(actions.CoreSettings()).asterisk_version
        manager.close()


def test_a_log_off_by_send_action_is_not_a_loss(server: AnyServer, make: Make) -> None:
    manager = make(reconnect=ami.Reconnect(first=0.05))
    connected(server, manager)
    with manager.subscribe(ami.Disconnected, ami.Reconnected) as stream:
        outcome = manager.send_action(actions.Logoff())
        assert outcome is not None
        assert outcome.success
        with pytest.raises(StopIteration):
            stream.get(PATIENCE)
    assert not manager.is_connected()
    assert manager.statistics.reconnects == 0


def test_a_wrong_secret_is_a_response_to_send_action_and_an_exception_of_execute(server: AnyServer, make: Make) -> None:
    manager = make()
    manager.connect(server.host, server.port)
    outcome = manager.send_action(login(server, "not-the-secret"))
    assert outcome is not None
    assert not outcome.success
    manager.connect(server.host, server.port)
    with pytest.raises(ami.AuthenticationFailed, match="Authentication failed") as refused:
        manager.execute(login(server, "not-the-secret"))
    assert "not-the-secret" not in f"{refused.value}{refused.value!r}"


# Callbacks by pattern, and classes of a program's own


def test_a_pattern_matches_every_such_event(server: AnyServer, make: Make) -> None:
    manager = connected(server, make())
    heard = Heard()
    manager.register_callback("user*", heard)
    with manager.subscribe("User?vent") as stream:
        manager.execute(user_event("Shout", Number=1))
        assert stream.get(PATIENCE)["Number"] == "1"
    assert heard.next()["Number"] == "1"
    assert manager.unregister_callback("user*", heard)


def test_a_user_event_of_a_class_of_a_program_arrives_typed(server: AnyServer, make: Make) -> None:
    class LiveWelcome(events.UserEvent):
        colour = Sometimes("Colour", text)
        number = Always("Number", integer)

    manager = connected(server, make())
    by_class, by_name, every = Heard(), Heard(), Heard()
    manager.register_callback(LiveWelcome, by_class)
    manager.register_callback("LiveWelcome", by_name)
    manager.register_callback(events.UserEvent, every)
    with manager.subscribe(LiveWelcome) as stream:
        manager.execute(user_event("Other", Number=6))
        manager.execute(user_event("LiveWelcome", Colour="größer", Number=7))
        event = stream.get(PATIENCE)
    assert (type(event), event.colour, event.number) == (LiveWelcome, "größer", 7)
    assert (type(by_class.next()), type(by_name.next())) == (LiveWelcome, LiveWelcome)
    assert [type(every.next()) for _ in range(2)] == [events.UserEvent, LiveWelcome]


def test_an_event_of_asterisks_own_arrives_as_the_class_that_a_program_derives_from_it(
    server: AnyServer, make: Make
) -> None:
    class LabelledHangup(events.Hangup):
        wire_name = "Hangup"
        campaign = Sometimes("ChanVariable", text)

    manager = connected(server, make())
    with manager.subscribe(events.Hangup) as stream:
        call = actions.Originate(channel="Local/100@default", application="Wait", data="0")
        assert manager.originate(call).response in {"Success", "Failure"}
        event = stream.get(PATIENCE)
    assert type(event) is LabelledHangup
    assert event.process()[0]["Cause"] == event.cause
