"""What programs for the classic client do, on both faces: request classes, callbacks and messages as documented there."""

from __future__ import annotations

import copy
import logging
import pickle
from typing import TYPE_CHECKING, Any, cast

import pytest

import ami_typed as ami
from ami_typed import actions, aggregates, catalogue, events, registry
from ami_typed.messages import Request
from tests.support import PATIENCE, Heard, Server, answer, background, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faces import Make
    from tests.support import Peer

KNOWN = sorted(name for name in catalogue.ACTIONS)
ABOUT_ANSWERS = sorted(
    name
    for name in registry._KNOWLEDGE
    if name not in {"aggregate", "synchronous", "timeout", "secrets", "releases", "privileges"}
)


def classic(name: str, **attributes: Any) -> Callable[[], ami.Request[ami.Message]]:
    """Write a request class as programs for the classic client do."""

    def initialise(self: ami.Request[Any]) -> None:
        ami._Request.__init__(self, name)

    made: Any = type(f"My{name}", (ami._Request,), {"__init__": initialise, **attributes})
    return cast("Callable[[], ami.Request[ami.Message]]", made)


class Queues(ami._Request[ami.Message]):
    """A request of a program's own, as for the classic client."""

    synchronous = True
    timeout = 17

    def __init__(self, queue: str = "sales") -> None:
        ami._Request.__init__(self, "QueueStatus")
        self["Queue"] = queue


class Unprepared(ami._Request[ami.Message]):
    """A request that never calls the base's `__init__`."""

    aggregate = True

    def __init__(self) -> None:
        self["Action"] = "QueueStatus"


def linked(server: Server, manager: ami.Manager) -> Peer:
    return server.link(manager)


def queue_status(own: str) -> bytes:
    return b"".join(
        (
            answer(own, "Success", "EventList: start", "Message: Queue status will follow"),
            message("Event: QueueMember", f"ActionID: {own}", "Queue: sales", "Name: Anna"),
            message("Event: QueueStatusComplete", f"ActionID: {own}", "EventList: Complete", "ListItems: 1"),
        )
    )


# Request classes


def test_class_attributes_hold_for_every_request_of_the_class_until_one_has_its_own() -> None:
    request = Queues()
    assert (request.synchronous, request.aggregate, request.timeout) == (True, False, 17)
    request.timeout, request.synchronous = 2, False
    assert (request.synchronous, request.timeout) == (False, 2)
    assert (Queues().synchronous, Queues.timeout, Queues().timeout) == (True, 17, 17)


def test_a_default_that_is_set_on_a_class_later_holds_for_new_and_old_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    request = actions.Ping()
    monkeypatch.setattr(actions.Ping, "timeout", 60)
    assert (request.timeout, actions.Ping().timeout, actions.QueueStatus().timeout) == (60, 60, 5)


def test_attributes_travel_with_copies_and_pickles_of_a_request() -> None:
    request = Queues()
    request.timeout = 3
    for again in (copy.copy(request), copy.deepcopy(request), pickle.loads(pickle.dumps(request))):
        assert (type(again), again, again.synchronous, again.timeout) == (Queues, request, True, 3)
    assert copy.copy(Queues()).timeout == 17


def test_a_misspelt_attribute_of_a_typed_request_is_refused() -> None:
    request: Any = actions.Ping()
    with pytest.raises(
        AttributeError, match=r"Ping has no attribute 'timout'; to set a header, write request\[\.\.\.\] = \.\.\."
    ):
        request.timout = 3


def test_a_custom_class_may_have_its_own_attributes() -> None:
    request: Any = Queues()
    request.attempts = 3
    assert pickle.loads(pickle.dumps(request)).attempts == 3


def test_a_request_can_be_created_with_its_parameters_name() -> None:
    assert ami._Request(action="Ping") == {"Action": "Ping"}
    assert ami._Request("UserEvent", self="x") == {"Action": "UserEvent", "self": "x"}


def test_a_request_without_an_action_raises_an_error_that_says_so(server: Server, make: Make) -> None:
    class Nameless(ami._Request[ami.Message]):
        def __init__(self) -> None:
            self["Channel"] = "SIP/1"

    manager = make()
    linked(server, manager)
    with pytest.raises(ValueError, match=r"This Nameless has no action: set request\['Action'\]"):
        manager.send_action(Nameless())


@pytest.mark.parametrize("name", KNOWN)
def test_a_custom_class_inherits_the_knowledge_about_its_action(name: str) -> None:
    known = registry.action_class(name)
    for request in (classic(name)(), classic(name, timeout=7, __slots__=())(), ami.Request(name)):
        knowledge = registry.knowledge_of(request)
        assert [getattr(knowledge, each) for each in ABOUT_ANSWERS if each != "list_class"] == [
            getattr(known, each) for each in ABOUT_ANSWERS if each != "list_class"
        ]
        assert knowledge.list_class() is known.list_class()
        assert knowledge.secrets == known.secrets
        assert knowledge.releases == known.releases


def test_the_attributes_of_a_class_override_the_known_ones() -> None:
    knowledge = registry.knowledge_of(classic("QueueStatus", list_ends=("Mine",))())
    assert knowledge.list_ends == ("Mine",)
    assert knowledge.list_class() is aggregates.QueueStatus


def test_a_custom_list_request_may_use_the_known_list_class() -> None:
    class Mine(ami.ListRequest[aggregates.QueueStatus]):
        def __init__(self) -> None:
            super().__init__("QueueStatus")

    class OwnList(ami.Aggregate):
        repeatable = ("QueueMember",)

    class WithOwnList(Mine):
        @classmethod
        def list_class(cls) -> Any:
            return OwnList

    assert registry.knowledge_of(Mine()).list_class() is aggregates.QueueStatus
    assert registry.knowledge_of(WithOwnList()).list_class() is OwnList


def test_a_class_for_another_action_knows_that_actions_answers() -> None:
    request = actions.Ping()
    request["Action"] = "QueueStatus"
    assert registry.knowledge_of(request).list_ends == actions.QueueStatus.list_ends


@pytest.mark.parametrize("name", ["Login", "SetVar"])
def test_secrets_of_a_class_of_a_programs_own_are_hidden(name: str) -> None:
    request = classic(name)()
    request |= {"Key": "0123456789abcdef", "Secret": "hidden-word"}
    assert "hidden-word" not in repr(request)
    assert "0123456789abcdef" not in repr(request)


def test_a_synchronous_class_gets_its_events_with_the_response(server: Server, make: Make) -> None:
    manager = make()
    heard = Heard()
    manager.register_callback("", heard)
    peer = linked(server, manager)
    sending = background(manager.send_action, Queues())
    peer.send(queue_status(peer.action_id()))
    outcome = sending.result(PATIENCE)
    assert outcome is not None
    assert outcome.events is not None
    assert [member.name for member in outcome.events[events.QueueMember]] == ["Anna"]
    peer.send(message("Event: FullyBooted"))
    assert heard.next().event == "FullyBooted"


def test_an_aggregate_class_whose_init_is_skipped_has_its_list_delivered(server: Server, make: Make) -> None:
    manager = make()
    by_name, by_old_name, every = Heard(), Heard(), Heard()
    manager.register_callback("QueueStatus", by_name)
    manager.register_callback("QueueStatus_Aggregate", by_old_name)
    manager.register_callback("", every)
    peer = linked(server, manager)
    sending = background(manager.send_action, Unprepared())
    peer.send(queue_status(peer.action_id()))
    assert sending.result(PATIENCE) is not None
    for heard in (by_name, by_old_name):
        queues = heard.next()
        assert type(queues) is aggregates.QueueStatus
        assert [member.name for member in queues.members] == ["Anna"]
    assert [type(every.next()).__name__ for _ in range(3)] == ["QueueMember", "QueueStatusComplete", "QueueStatus"]


def test_an_empty_list_of_a_classic_class_is_not_a_failure(server: Server, make: Make) -> None:
    manager = make()
    peer = linked(server, manager)
    sending = background(manager.execute, classic("PJSIPShowContacts", synchronous=True)())
    peer.send(answer(peer.action_id(), "Error", "Message: No Contacts found"))
    assert sending.result(PATIENCE) == {"ContactList": []}


def test_raw_text_answers_a_classic_class(server: Server, make: Make) -> None:
    manager = make()
    peer = linked(server, manager)
    sending = background(manager.send_action, classic("SIPpeerstatus")())
    assert peer.action_id()
    assert registry.knowledge_of(classic("Queues")()).raw_text
    sending_raw = background(manager.send_action, classic("Queues")())
    peer.request()
    peer.send(b"sales has 0 calls\r\n   No Members\r\n   No Callers\r\n\r\n\r\n" * 1)
    outcome = sending_raw.result(PATIENCE)
    assert outcome is not None
    assert outcome.response.raw[0] == "sales has 0 calls"
    manager.disconnect()
    with pytest.raises(ami.ConnectionLost):
        sending.result(PATIENCE)


# Responses


class Lines(ami._Request[Any]):
    """A request that adds to its response, as the classic client's own do."""

    def __init__(self) -> None:
        ami._Request.__init__(self, "GetConfig")

    def process_response(self, response: Any) -> Any:
        response = ami._Request.process_response(self, response)
        response.get_lines = lambda: [value for name, value in sorted(response.items()) if name.startswith("Line-")]
        response.success = "Line-000000-000000" in response
        return response


@pytest.mark.parametrize("found", [True, False])
def test_process_response_may_set_attributes_and_success(server: Server, make: Make, found: bool) -> None:
    manager = make()
    peer = linked(server, manager)
    sending = background(manager.send_action, Lines())
    peer.send(answer(peer.action_id(), "Success", *(["Line-000000-000000: a=1"] if found else [])))
    outcome = sending.result(PATIENCE)
    assert outcome is not None
    assert outcome.success is found
    assert outcome.result.get_lines() == (["a=1"] if found else [])


def test_a_result_without_success_uses_the_servers(server: Server, make: Make) -> None:
    class Words(ami._Request[Any]):
        def process_response(self, response: ami.Message) -> str:
            return response["Message"]

    manager = make()
    peer = linked(server, manager)
    for response in ("Success", "Error"):
        sending = background(manager.send_action, Words("Ping"))
        peer.send(answer(peer.action_id(), response, "Message: said"))
        outcome = sending.result(PATIENCE)
        assert outcome is not None
        assert (outcome.result, outcome.success) == ("said", response == "Success")


def test_a_custom_result_may_define_success(server: Server, make: Make) -> None:
    class Verdict(ami._Request[Any]):
        def process_response(self, response: ami.Message) -> Any:
            return Said(response["Message"] == "yes")

    class Said:
        def __init__(self, success: bool) -> None:
            self.success = success

    manager = make()
    peer = linked(server, manager)
    for word in ("yes", "no"):
        sending = background(manager.send_action, Verdict("Ping"))
        peer.send(answer(peer.action_id(), "Success", f"Message: {word}"))
        outcome = sending.result(PATIENCE)
        assert outcome is not None
        assert outcome.success is (word == "yes")


def test_attributes_of_an_answer_are_kept_by_copies_pickles_and_other_classes() -> None:
    made = ami.Answer.of(b"Response: Success\r\nActionID: 1\r\nPing: Pong")
    vars(made)["lines"] = 5
    made.success = False
    again: Any
    for again in (copy.copy(made), pickle.loads(pickle.dumps(made)), ami.responses.Ping.of(made)):
        assert (again.lines, again.success, again["Ping"]) == (5, False, "Pong")


# Messages of the lines of the wire


LINES = ["Event: Hangup\r\n", "Channel: SIP/1\r\n", "Variable: a=1\r\n", "Variable: b=2\r\n", "and a line\r\n"]


@pytest.mark.parametrize("lines", [LINES, [line.strip() for line in LINES], [*LINES, "\r\n"]])
def test_messages_can_be_created_from_lines(lines: list[str]) -> None:
    for cls in (ami._Event, ami._Message, events.Hangup):
        made = cls(lines)
        assert (made["Event"], made["channel"], made.all("Variable")) == ("Hangup", "SIP/1", ["a=1", "b=2"])
        assert made.data == ["and a line"]
        assert made.raw == [line.strip() for line in LINES]
    assert events.Hangup(lines).channel == "SIP/1"


def test_lines_with_neither_event_nor_response_get_the_generic_name() -> None:
    assert ami._Message(["ActionID: 1", "Key: x"])["Response"] == ami.RESPONSE_GENERIC
    assert ami._Event(["Key: x"])["Event"] == ami.EVENT_GENERIC


def test_the_output_of_a_command_consists_of_its_lines() -> None:
    made = ami._Message(["Response: Follows\r\n", "Privilege: Command\r\n", "a: b\n", "c\n", "--END COMMAND--\r\n"])
    assert (made["Privilege"], made.data) == ("Command", ["a: b", "c"])


@pytest.mark.parametrize("text", ["Event: Hangup\r\n", b"Event: Hangup\r\n"])
def test_a_whole_message_as_text_is_rejected_with_advice(text: Any) -> None:
    with pytest.raises(TypeError, match=r"Event\(\) takes headers, or a list of lines; .*call Event\.of\(\)"):
        ami.Event(text)


def test_a_line_that_hides_another_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot contain a CR or LF"):
        ami.Event(["Event: Hangup\r\nEvent: Forged\r\n"])


# What send_action and execute are given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"Action": "Ping"},
            r"not dict; write actions\.Ping\(\.\.\.\) or ami_typed\.Request\('Ping', \.\.\.\)",
        ),
        ("Ping", r"not the name 'Ping'; write actions\.Ping\(\.\.\.\) or ami_typed\.Request\('Ping', \.\.\.\)"),
        ("QueueStats", r"not the name 'QueueStats'; write actions\.QueueStatus\(\.\.\.\) or "),
        ("DongleReset", r"not the name 'DongleReset'; write ami_typed\.Request\('DongleReset', \.\.\.\)\."),
        (actions.Ping, r"not the class Ping; write Ping\(\.\.\.\)"),
        (object(), r"not object; write a request such as actions\.Ping\(\)"),
        (None, r"not None"),
    ],
)
def test_a_non_request_is_rejected_with_advice(server: Server, make: Make, given: Any, said: str) -> None:
    manager = make()
    linked(server, manager)
    for send in (manager.send_action, manager.execute):
        with pytest.raises(TypeError, match=said):
            send(given)


# Callbacks by pattern


def test_a_pattern_matches_every_event_with_such_a_name(server: Server, make: Make) -> None:
    manager = make()
    peer = linked(server, manager)
    heard = Heard()
    manager.register_callback("queue*", heard)
    with manager.subscribe("Queue*Added", "Dongle?") as stream:
        for name in ("QueueMemberAdded", "Dongle1", "Dongle22", "NewQueue", "QueueStatusComplete"):
            peer.send(message(f"Event: {name}"))
        assert [heard.next().event for _ in range(2)] == ["QueueMemberAdded", "QueueStatusComplete"]
        assert [stream.get(PATIENCE).event for _ in range(2)] == ["QueueMemberAdded", "Dongle1"]
    assert manager.unregister_callback("Queue*", heard)


def test_wait_for_accepts_names_and_patterns(server: Server, make: Make) -> None:
    manager = make()
    peer = linked(server, manager)
    waiting = background(manager.wait_for, "Received*", events.Hangup)
    while not waiting.done():
        peer.send(message("Event: Other"), message("Event: ReceivedSMS"))
    assert waiting.result(PATIENCE).event == "ReceivedSMS"
    with pytest.raises(ami.EventTimeout, match="ReceivedMMS or Hangup did not arrive within"):
        manager.wait_for("ReceivedMMS", events.Hangup, timeout=0.01)


def test_a_similar_name_is_suggested_in_the_log(caplog: pytest.LogCaptureFixture, make: Make) -> None:
    manager = make()
    with caplog.at_level(logging.WARNING, "ami_typed"):
        manager.register_callback("Hangpu", print)
        manager.register_callback("DonglePortFail", print)
    assert [record.message for record in caplog.records] == [
        "A callback was registered for the unknown event 'Hangpu'. Did you mean 'Hangup'?"
    ]


def test_request_is_the_class_of_the_documented_name() -> None:
    assert ami._Request is Request
