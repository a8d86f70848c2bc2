"""What is logged goes to the program's logger, shows no secret, and nothing is loaded or formatted for nobody."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import actions
from ami_typed._delivery.log import Log
from tests.support import GREETING, PATIENCE, Gadget, Heard, ListGadgets, Server, answer, in_a_fresh_process, message
from tests.test_backlog import Slow

if TYPE_CHECKING:
    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")


def test_without_a_logger_of_the_programs_the_packages_own_is_used(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(None, debug=True)
    with caplog.at_level(logging.DEBUG, "ami_typed"):
        log.trace(">", "a line with 100 % of its signs")
        log.tell("something was made.")
        log.note("something happened with %s in it.")
    assert [(each.name, each.levelname, each.getMessage()) for each in caplog.records] == [
        ("ami_typed", "DEBUG", "> a line with 100 % of its signs"),
        ("ami_typed", "INFO", "something was made."),
        ("ami_typed", "WARNING", "something happened with %s in it."),
    ]


def test_the_programs_own_logger_has_everything(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(logging.getLogger("a.program"), debug=False)
    trouble = ValueError("the callback's own")
    log.report("A callback raised an exception: %s", trouble)
    (record,) = caplog.records
    assert record.name == "a.program"
    assert record.levelno == logging.ERROR
    assert record.exc_info == (ValueError, trouble, trouble.__traceback__)


def test_logging_is_not_imported_before_it_is_needed() -> None:
    program = (
        "import sys\n"
        "from ami_typed._delivery.log import Log\n"
        "log = Log(None, debug=False)\n"
        "log.tell('nobody listens')\n"
        "before = 'logging' in sys.modules\n"
        "log.note('something')\n"
        "print(before, 'logging' in sys.modules)"
    )
    assert in_a_fresh_process(program)[:2] == ["False", "True"]


QUIET = """
import logging
from ami_typed._delivery.log import Log
log = Log(None, debug=False)
{before}
log.note("the connection is lost")
Log(None, debug=False).note("the connection is lost again")
print(len(logging.getLogger("ami_typed").handlers))
{after}
"""


def told(before: str = "", after: str = "") -> tuple[list[str], str]:
    """Run a program in which something is logged; return the words of both its outputs."""
    done = subprocess.run(
        [sys.executable, "-c", QUIET.format(before=before, after=after)],
        env=os.environ | {"PYTHONPATH": str(Path(ami.__file__).parents[1])},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split(), done.stderr


def test_a_program_that_configures_no_logging_has_no_warnings_on_its_standard_error() -> None:
    assert told() == (["1"], "")


def test_a_warning_is_printed_once_if_logging_is_configured() -> None:
    words, printed = told("logging.basicConfig()")
    assert words == ["1"]
    assert printed.splitlines() == [
        "WARNING:ami_typed:the connection is lost",
        "WARNING:ami_typed:the connection is lost again",
    ]


@pytest.mark.parametrize(("before", "times"), [("", 1), ("logging.basicConfig()", 1)])
def test_an_exception_of_a_callback_is_printed_once_with_or_without_logging_configured(before: str, times: int) -> None:
    trouble = "log.report('A callback raised an exception', ValueError('its own'))"
    _, printed = told(before, trouble)
    assert printed.count("A callback raised an exception") == times
    assert printed.count("ValueError: its own") == times


def test_a_program_may_have_nothing_printed_at_all() -> None:
    silence = "logging.getLogger('ami_typed').addHandler(logging.NullHandler())"
    assert told(silence, "log.report('A callback raised an exception', ValueError('its own'))") == (["2"], "")


def test_a_line_that_the_loggers_level_leaves_out_is_not_formatted() -> None:
    class Unspeakable:
        def __repr__(self) -> str:
            raise AssertionError("it was formatted")

    logger = logging.Logger("own", logging.INFO)  # noqa: LOG001 - one that no other test can see
    Log(logger, debug=True).trace("<", Unspeakable())


class Shy:
    """Is called back, and watches requests, and can be shown by nobody."""

    def __repr__(self) -> str:
        raise ValueError("it has no name yet")

    def hear(self, event: object, manager: object) -> None:
        raise KeyError("a callback of its own")

    def begun(self, exchange: object) -> None:
        raise KeyError("an observer of its own")

    settled = begun


def test_an_object_whose_repr_raises_is_logged_by_name(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    shy, heard = Shy(), Heard()
    manager = make()
    manager.register_callback("Gadget", shy.hear)
    manager.register_callback("Gadget", heard)
    manager.add_observer(shy)
    peer = server.link(manager)
    peer.serve(reply)
    peer.send(message("Event: Gadget", "Size: 1"), message("Event: Gadget", "Size: 2"))
    assert [heard.next()["Size"] for _ in range(2)] == ["1", "2"]
    assert manager.execute(ami.Request("Ping")) is not None
    told = {record.getMessage() for record in caplog.records if record.levelno == logging.ERROR}
    assert told == {"A callback raised an exception: Shy.hear", "An observer raised an exception: Shy"}


def test_records_hold_text_and_no_message(caplog: pytest.LogCaptureFixture) -> None:
    """Who keeps records, or sends them somewhere, sends their arguments along."""
    with caplog.at_level(logging.DEBUG, "ami_typed"):
        Log(None, debug=True).trace("<", ami.Message({"Secret": "hidden-word"}))
    (record,) = caplog.records
    assert record.args == ("< Message({'Secret': '***'})",)


# The dialogue, on both faces


def reply(request: dict[str, str]) -> bytes:
    action_id = request["ActionID"]
    match request["Action"]:
        case "ListGadgets":
            return (
                answer(action_id, "Success", "EventList: start")
                + message("Event: Gadget", f"ActionID: {action_id}", "Size: 7")
                + message("Event: GadgetsComplete", f"ActionID: {action_id}", "EventList: Complete", "ListItems: 1")
            )
        case "Silent":
            return b""
        case _:
            return answer(action_id, "Success", "Challenge: 12345")


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.DEBUG) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_the_dialogue_has_a_line_for_each_message(make: Make, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ami_typed")
    manager = make(debug=True)
    heard = Heard()
    manager.register_callback(Gadget, heard)
    peer = server.link(manager)
    peer.serve(reply)
    manager.send_action(ami.Request("Originate", Variable=["A=1", "B=2"]), "one", Async="true")
    manager.send_action(ListGadgets(), "two")
    manager.execute(ListGadgets())
    with pytest.raises(ami.ActionTimeout):
        manager.execute(ami.Request("Silent"), timeout=0.01)
    manager.disconnect()
    told = lines(caplog)
    assert (
        told[0]
        == "> Originate({'Action': 'Originate', 'ActionID': 'one', 'Variable': ['A=1', 'B=2'], 'Async': 'true'})"
    )
    assert [line.partition("(")[0] for line in told if "ListGadgets" in line] == ["> ListGadgets"] * 2
    assert sum("'Size': '7'" in line for line in told) == 2
    assert any(line.startswith("! Silent (ActionID") and "received no answer within 0.01 s" in line for line in told)
    assert told[-1] == "= the program disconnected."


def test_a_log_in_is_in_the_dialogue_without_its_proof(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ami_typed")
    for plain in (False, True):
        manager = make(debug=True)
        server.link(manager).serve(reply)
        manager.login("user", "hidden-word", plain=plain)
    logins = [line for line in lines(caplog) if line.startswith("> Login")]
    assert ["'Key': '***'" in line for line in logins] == [True, False]
    assert ["'Secret': '***'" in line for line in logins] == [False, True]
    assert "hidden-word" not in caplog.text
    assert "AuthType" in logins[0]


@pytest.mark.parametrize(
    "request_",
    [
        ami.Request("UpdateConfig", **{"Var-000000": "secret", "Value-000000": "hidden-word"}),
        ami.Request("Login", Username="u", Key="hidden-word"),
        actions.Setvar(variable="MY_PASSWORD", value="hidden-word"),
        actions.Originate(channel="Local/1@x", application="Wait", variable={"A": "1", "SIP_SECRET": "hidden-word"}),
    ],
    ids=lambda request: str(request.action),
)
def test_no_secret_of_a_request_is_in_the_dialogue(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture, request_: ami.Request[Any]
) -> None:
    caplog.set_level(logging.DEBUG, "ami_typed")
    manager = make(debug=True)
    server.link(manager).serve(reply)
    manager.send_action(request_, Password="hidden-word")
    assert f"> {request_.action}(" in caplog.text
    assert "hidden-word" not in caplog.text


def test_connections_are_logged_at_the_level_info(make: Make, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ami_typed")
    manager = make()
    server.link(manager).serve(reply)
    manager.login("user", "a secret", plain=True)
    manager.disconnect()
    name = " ".join(GREETING.decode().strip().split("/"))
    assert lines(caplog, logging.INFO) == [
        f"Connected to 127.0.0.1:{server.port}: {name}.",
        "Logged in as user; the server did not report its Asterisk release.",
        f"Disconnected from 127.0.0.1:{server.port}: the program disconnected.",
    ]
    assert lines(caplog) == lines(caplog, logging.WARNING) == []


def test_a_loss_is_a_warning_and_the_reconnect_is_not(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ami_typed")
    manager = make(reconnect=ami.Reconnect(first=0.001))
    heard = Heard()
    manager.register_callback(ami.Reconnected, heard)
    server.link(manager).close()
    heard.next()
    place = f"127.0.0.1:{server.port}"
    (lost,) = lines(caplog, logging.WARNING)
    assert lost == f"The connection to {place} was lost: the server closed the connection."
    made, again = lines(caplog, logging.INFO)
    assert made.startswith(f"Connected to {place}: ")
    assert again.startswith(f"Reconnected to {place} after ")


def test_failed_attempts_and_giving_up_are_warnings(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    manager = make(reconnect=ami.Reconnect(first=0.001, attempts=2))
    peer = server.link(manager)
    server.close()
    peer.close()
    with pytest.raises(ami.Error), manager.subscribe() as stream:
        stream.get(PATIENCE)
    lost, first, second, gave_up = lines(caplog, logging.WARNING)
    assert " was lost: " in lost
    assert first.startswith("Reconnect attempt 1 failed (ConnectFailed): ")
    assert second.startswith("Reconnect attempt 2 ")
    assert gave_up == f"Giving up on 127.0.0.1:{server.port}: Reconnect allows no more attempts."


def test_dropped_events_are_a_warning(make: Make, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    manager = make(limits=ami.Limits(events=10))
    slow = Slow()
    for event in ("Gadget", "Last", ami.EventsLost):
        manager.register_callback(event, slow)
    peer = server.link(manager)
    peer.serve(lambda request: message("Event: Gadget") * 20 + answer(request["ActionID"]))
    for _ in range(5):
        manager.send_action(ami.Request("Ping"))
    assert slow.entered.wait(PATIENCE)
    slow.leave.set()
    peer.send(message("Event: Last"))
    while slow.next().event != "Last":
        pass
    assert {*lines(caplog, logging.WARNING)} == {"Callbacks cannot keep up; dropping events (reported as EventsLost)."}


def test_everything_is_logged_to_the_given_logger_and_its_parents(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "a_program")
    manager = make(debug=True, logger=logging.getLogger("a_program.telephony"))
    server.link(manager).serve(reply)
    manager.execute(ami.Request("Ping"))
    manager.disconnect()
    assert {record.name for record in caplog.records} == {"a_program.telephony"}
    assert {record.levelname for record in caplog.records} == {"DEBUG", "INFO"}
