"""Every action of the spec has an answer, which a test may replace; every event can be sent; what was sent is recorded."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import actions, aggregates, catalogue, events, registry, responses
from ami_typed.testing import ReceivedAction, Refusal, Reply, Simulator
from tests.simulator.conversation import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDS_OR_CHANGES_THE_SESSION = {"Login", "Logoff", "Challenge", "Events", "Filter", "WaitEvent"}


@pytest.fixture(name="simulator")
def running() -> Iterator[Simulator]:
    with Simulator(telephony=None) as simulator:
        yield simulator


@pytest.fixture(name="manager")
def connected(simulator: Simulator) -> Iterator[ami.Manager]:
    with ami.Manager.from_url(simulator.url) as manager:
        manager.connect()
        simulator.forget()
        yield manager


def _client(simulator: Simulator) -> Client:
    client = Client(simulator.host, simulator.port)
    client.say(f"Action: Login\nUsername: {simulator.user}\nSecret: {simulator.secret}\n\n")
    return client


@pytest.mark.parametrize("release", ["13", "22"])
def test_every_action_of_the_release_is_answered_in_its_form(release: str) -> None:
    with Simulator(asterisk=release) as simulator:
        client = _client(simulator)
        known = [name for name in catalogue.ACTIONS if simulator.release in registry.action_class(name).releases]
        for name in known:
            if name not in ENDS_OR_CHANGES_THE_SESSION and not registry.action_class(name).raw_text:
                said = client.say(f"Action: {name}\nActionID: 1\nCommand: core show version\n\n").messages
                assert said, name
                first = dict(said[0])
                assert first.get("Response") in {"Success", "Error", "Follows"} or "Event" in first, name
                assert first["ActionID"] == "1", name
                assert "Invalid/unknown" not in first.get("Message", ""), name
        client.close()


def test_defaults_are_of_the_class_that_the_action_has(manager: ami.Manager) -> None:
    assert isinstance(manager.execute(actions.CoreStatus()), responses.CoreStatus)
    queues = manager.execute(actions.QueueStatus())
    assert (queues.params, queues.valid) == ([], True)
    assert manager.execute(actions.PJSIPShowContacts()).contacts == []


def test_an_answer_is_given_as_it_comes(simulator: Simulator, manager: ami.Manager) -> None:
    simulator.answer(actions.QueuePause, "Interface paused successfully")
    answer = manager.execute(actions.QueuePause(interface="PJSIP/1", paused=True))
    assert answer.message == "Interface paused successfully"
    simulator.answer(actions.QueuePause, Refusal("Interface not found"))
    with pytest.raises(ami.ActionFailed, match="Interface not found"):
        manager.execute(actions.QueuePause(interface="PJSIP/1", paused=True))
    simulator.answer(actions.CoreSettings, responses.CoreSettings(core_max_calls=7))
    assert manager.execute(actions.CoreSettings()).core_max_calls == 7
    simulator.answer(actions.Getvar, {"Variable": "X", "Value": "é"})
    assert manager.execute(actions.Getvar(variable="X")).value == "é"
    simulator.answer(actions.Command, ["one", "two"])
    assert manager.execute(actions.Command(command="x")).output == ["one", "two"]
    simulator.answer(actions.Getvar, None)
    assert manager.execute(actions.Getvar(variable="X")).value == ""


def test_commands_of_the_command_line_have_their_own_output(simulator: Simulator, manager: ami.Manager) -> None:
    simulator.command("core show  channels", ["0 active channels"])
    assert manager.execute(actions.Command(command="core show channels ")).output == ["0 active channels"]
    assert manager.execute(actions.Command(command="core show uptime")).output[0].startswith("System uptime: 0:00:0")
    with pytest.raises(ami.ActionFailed, match="No such command 'core show calls'"):
        manager.execute(actions.Command(command="core show calls"))


def test_a_list_is_given_as_events_or_as_an_aggregate(simulator: Simulator, manager: ami.Manager) -> None:
    member = events.QueueMember(queue="support", name="Alice")
    simulator.answer(actions.QueueStatus, [events.QueueParams(queue="support"), member])
    status = manager.execute(actions.QueueStatus())
    assert [each.name for each in status.members] == ["Alice"]
    assert (len(status.params), status.valid) == (1, True)
    simulator.answer(actions.QueueStatus, aggregates.QueueStatus(members=[member, member]))
    assert len(manager.execute(actions.QueueStatus()).members) == 2
    simulator.answer(actions.QueueStatus, [])
    assert manager.execute(actions.QueueStatus()).members == []


def test_an_answer_may_depend_on_the_action(simulator: Simulator, manager: ami.Manager) -> None:
    def value_of(action: ReceivedAction) -> Any:
        return {"Value": action["Variable"].lower()} if action.get("Channel") else Refusal("No channel specified")

    simulator.answer(actions.Getvar, value_of)
    assert manager.execute(actions.Getvar(variable="ABC", channel="PJSIP/1-1")).value == "abc"
    with pytest.raises(ami.ActionFailed, match="No channel"):
        manager.execute(actions.Getvar(variable="ABC"))


def test_a_handler_may_answer_later_and_its_session_waits(simulator: Simulator) -> None:
    held: list[Reply] = []
    simulator.handle(actions.Originate, lambda _action, reply: held.append(reply))
    client = _client(simulator)
    client.send("Action: Originate\nActionID: 1\n\nAction: Ping\nActionID: 2\n\n")
    simulator.wait_received(actions.Originate)
    simulator.emit(events.Hangup(channel="PJSIP/1-1"))
    simulator.run(lambda: held[0].success("Originate successfully queued"))
    heard = client.messages()
    assert [next(heard)[0][1] for _ in range(3)] == ["Success", "Hangup", "Success"]
    client.close()


def test_an_action_of_the_test_is_known(simulator: Simulator, manager: ami.Manager) -> None:
    simulator.answer("DongleShowDevices", {"Devices": "2"})
    assert manager.execute(ami.Request("DongleShowDevices"))["Devices"] == "2"


def test_what_a_handler_raises_ends_the_test() -> None:
    def fails(_action: ReceivedAction) -> Any:
        raise LookupError("no such thing")

    simulator = Simulator()
    simulator.answer(actions.Ping, fails)
    simulator.start()
    client = Client(simulator.host, simulator.port)
    client.send(f"Action: Login\nUsername: {simulator.user}\nSecret: {simulator.secret}\n\nAction: Ping\n\n")
    said = [("Response", "Error"), ("Message", "The simulator's handler of Ping failed: LookupError")]
    assert said in client.messages()
    client.close()
    with pytest.raises(LookupError, match="no such thing"):
        simulator.stop()


def test_what_a_callback_of_the_clock_raises_ends_the_test() -> None:
    failed = threading.Event()

    def fails() -> None:
        failed.set()
        raise LookupError("too late")

    simulator = Simulator()
    simulator.start()
    simulator.run(lambda: simulator.clock.call_later(0, fails))
    assert failed.wait(5)
    with pytest.raises(LookupError, match="too late"):
        simulator.stop()


@pytest.mark.parametrize("release", ["13", "22"])
def test_every_event_can_be_sent_and_reads_as_it_was_made(release: str) -> None:
    with Simulator(asterisk=release) as simulator, ami.Manager.from_url(simulator.url) as manager:
        manager.connect()
        sent = [
            cls
            for cls in map(registry.event_class, catalogue.EVENTS)
            if simulator.release in cls.releases and cls.privileges
        ]
        with manager.subscribe("") as stream:
            for cls in sent:
                simulator.emit(cls)
            received = [stream.get(5) for _ in sent]
        assert [type(event) for event in received] == sent
        for event, cls in zip(received, sent, strict=True):
            assert event.privilege == [*cls.privileges, "all"] or cls is events.Newexten


def test_a_named_event_and_raw_bytes_are_sent_too(simulator: Simulator, manager: ami.Manager) -> None:
    with manager.subscribe("") as stream:
        simulator.emit("DongleStatus", [("Device", "0"), ("Status", "Free")])
        simulator.emit_raw(b"Event: Raw\r\nName: \xff\r\n\r\n")
        assert dict(stream.get(5)) == {"Event": "DongleStatus", "Device": "0", "Status": "Free"}
        assert stream.get(5)["Name"] == "\udcff"


def test_requests_are_found_by_their_typed_parameters(simulator: Simulator, manager: ami.Manager) -> None:
    simulator.handle(actions.Originate, lambda _action, reply: reply.success("Originate successfully queued"))
    call = actions.Originate(
        channel="PJSIP/100", application="Wait", call_timeout=timedelta(seconds=20), variable={"A": "1", "B": "2"}
    )
    manager.execute(call)
    assert simulator.received(actions.Originate, call_timeout=timedelta(seconds=20), variable={"B": "2"})
    assert not simulator.received(actions.Originate, variable={"B": "1"})
    manager.execute(actions.QueuePause(interface="PJSIP/100", paused=True, queue="support"))
    found = simulator.received(actions.QueuePause, interface="PJSIP/100", paused=True)
    assert len(found) == 1
    assert (found[0].action, found[0]["queue"], found[0].user) == ("QueuePause", "support", "admin")
    assert simulator.received("queuepause", queue="support")
    assert not simulator.received(actions.QueuePause, paused=False)
    assert simulator.wait_received(actions.QueuePause, 0) == found


def test_a_question_without_an_answer_says_what_was_received(simulator: Simulator, manager: ami.Manager) -> None:
    manager.execute(actions.QueuePause(interface="PJSIP/101", paused=True))
    missing = simulator.received(actions.QueuePause, interface="PJSIP/100")
    assert not missing
    assert repr(missing) == (
        "[] (no QueuePause with Interface: PJSIP/100 was received, but 1 other QueuePause: "
        "QueuePause({'Interface': 'PJSIP/101', 'Paused': 'true'}))"
    )
    with pytest.raises(AssertionError, match="No Originate was received, but"):
        simulator.wait_received(actions.Originate, 0)
    with pytest.raises(TypeError, match=r"QueuePause has no parameter 'interfaze'; did you mean 'interface'\?"):
        simulator.received(actions.QueuePause, interfaze="PJSIP/100")


def test_no_secret_is_shown(simulator: Simulator) -> None:
    client = _client(simulator)
    assert "'Secret': '***'" in simulator.received("Nothing").explanation
    client.close()


def test_misuse_is_explained(simulator: Simulator) -> None:
    with pytest.raises(TypeError, match="The answer to Ping is a text, headers"):
        simulator.answer(actions.Ping, 7)  # type: ignore[arg-type]  # the misuse
    with pytest.raises(TypeError, match=r"class of an action such as actions\.Ping"):
        simulator.answer(events.Hangup, "x")
    with pytest.raises(TypeError, match="emit\\(\\) takes an event"):
        simulator.emit(7)  # type: ignore[arg-type]  # the misuse
    with pytest.raises(ValueError, match="CR or LF"):
        simulator.emit("Split", {"Header": "a\r\nEvent: Other"})
    with pytest.raises(ValueError, match=r"does not send DeviceEntry: it is an event of"):
        simulator.emit(events.DeviceEntry)
