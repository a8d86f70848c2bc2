"""What somebody relies on who tests a program against the stand-in: what a scenario says, and what a failure tells."""

from __future__ import annotations

import socket
import textwrap
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import testing
from ami_typed.testing import Departure, Expect, HangUp, Leave, Pause, Say, Scenario, ScenarioError, StandIn

if TYPE_CHECKING:
    from pathlib import Path

GREETING = "S: Asterisk Call Manager/7.0.3\n"
PING = "C: Action: Ping\nC: ActionID: {id}\nC:\nS: Response: Success\nS: ActionID: {id}\nS: Ping: Pong\nS:\n"


def scenario(*parts: str) -> Scenario:
    return Scenario.of("".join(textwrap.dedent(part) for part in parts))


def said(step: testing.Step) -> list[bytes]:
    assert isinstance(step, Say)
    return [chunk.fill({}) for chunk in step.chunks]


def troubles(text: str) -> dict[int, str]:
    with pytest.raises(ScenarioError) as caught:
        Scenario.of(text, "call.txt")
    return caught.value.troubles


def talk(server: StandIn, *words: bytes) -> bytes:
    """Say something to a stand-in; return all that it says until it closes the connection."""
    with socket.create_connection((server.host, server.port)) as client:
        for each in words:
            client.sendall(each)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(1000), b""))


# Reading


def test_a_servers_lines_end_in_cr_lf_and_go_out_together() -> None:
    (step,) = scenario("# A comment.\nS: Event: Hangup\n\n# Another.\nS: Cause: 16\nS:\n").steps
    assert said(step) == [b"Event: Hangup\r\nCause: 16\r\n\r\n"]


def test_marks_split_chunks_and_a_backslash_continues_a_line() -> None:
    (step,) = scenario("S: Eve\\|nt: Hangup\\r\\|\\n\\\nS: \\|\\\nS:\n").steps
    assert said(step) == [b"Eve", b"nt: Hangup\r", b"\n", b"\r\n"]


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("Jos\\xE9", b"Jos\xe9"),
        ("\\r\\n\\t\\0\\\\", b"\r\n\t\0\\"),
        ("\\{id}", b"{id}"),
        ("{not a hole}, {}", b"{not a hole}, {}"),
        ("José", "José".encode()),
        ("ends in a backslash\\\\", b"ends in a backslash\\"),
        ("blank \\x20  ", b"blank  "),
    ],
)
def test_a_line_is_converted_to_these_bytes(text: str, octets: bytes) -> None:
    (step,) = scenario(f"S: {text}\n").steps
    assert said(step) == [octets + b"\r\n"]


def test_what_else_may_happen() -> None:
    steps = scenario("S waits 0.5 s\nC closes\nS closes\nC: Action: Ping\nC:\n").steps
    assert steps[:3] == (Pause(1, 0.5), Leave(2), HangUp(3))
    assert isinstance(steps[3], Expect)


def test_a_deed_has_its_words_and_the_lines_below() -> None:
    *_, deed = scenario("C: ActionID: {id}\nC:\nA gets ping: Success\n    ActionID: {id}\n\n    Ping: Pong\n").steps
    assert isinstance(deed, testing.Deed)
    assert deed.line == 3
    assert deed.text({"id": b"7"}) == ("gets ping: Success", ["ActionID: 7", "Ping: Pong"])


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("Response: Success", "unknown kind of line: a line begins with `S:`"),
        ("S:Response", "unknown kind of line"),
        ("S: {id}", "{id} is not defined here: no client line above captures it"),
        ("S: a\\qb", "\\q is not an escape sequence; write a backslash as \\\\"),
        ("S: \\xZZ", "\\x is not an escape sequence"),
        ("S explodes", "`S explodes` is unknown here; use `S closes` or `S waits 0.5 s`"),
        ("C waits 1 s", "`C waits 1 s` is unknown here; use `C closes`"),
        ("C:", "the client's message has no lines"),
        ("C: Action: Ping", "the client's message that begins here is not terminated; write `C:` below it"),
        ("C: Act\\|ion: Ping", "only the server's lines can be split into chunks"),
        ("A: Ping", "an application does not send lines; write `A ` and what it does"),
        ("A says a\\|b", "only the server's lines can be split into chunks"),
        ("    Ping: Pong", "this line is indented but belongs to no `A ` line"),
    ],
)
def test_a_mistake_is_reported_with_its_line(line: str, trouble: str) -> None:
    found = troubles(f"{GREETING}# A comment.\n{line}\nS: and on it goes\n")
    assert list(found) == [3]
    assert trouble in found[3]


def test_all_mistakes_are_reported_at_once() -> None:
    text = "S explodes\nS: fine\nC: Action: Ping\nwhat?\n"
    assert list(troubles(text)) == [1, 3, 4]
    with pytest.raises(ScenarioError, match=r"(?s)^call\.txt, line 1: .*\ncall\.txt, line 3: .*\ncall\.txt, line 4: "):
        Scenario.of(text, "call.txt")


def test_a_scenario_is_read_from_a_file_and_called_like_it(tmp_path: Path) -> None:
    (tmp_path / "call.txt").write_text(GREETING, encoding="utf-8")
    assert Scenario.read(tmp_path / "call.txt") == Scenario.of(GREETING, "call.txt")


def test_the_package_includes_the_demo() -> None:
    assert testing.demo().name == "demo.txt"


# Playing


def test_a_program_talks_to_it_as_to_an_asterisk() -> None:
    with StandIn(scenario(GREETING, PING)) as server, ami.Manager() as manager:
        manager.connect(server.host, server.port)
        answer = manager.send_action(ami.Request("Ping"), action_id="mine")
        assert answer is not None
        assert answer.response["Ping"] == "Pong"
        assert server.captured == {"id": b"mine"}


def test_headers_match_in_any_order_except_repeated_ones() -> None:
    text = "C: Action: Setvar\nC: Variable: A=1\nC: Variable: B=2\nC:\n"
    with StandIn(scenario(text)) as server:
        talk(server, b"Variable: A=1\r\nVariable: B=2\r\nAction: Setvar\r\n\r\n")
        server.finish()
    assert "something other" in departure_of(text, b"Variable: B=2\r\nVariable: A=1\r\nAction: Setvar\r\n\r\n")


def test_three_dots_allow_only_additional_headers() -> None:
    text = "C: Action: Originate\nC: ...\nC: Channel: {channel}\nC:\n"
    with StandIn(scenario(text)) as server:
        talk(server, b"Action: Originate\r\nActionID: 1\r\nChannel: PJSIP/anna\r\nTimeout: 3\r\n\r\n")
        server.finish()
    assert server.captured == {"channel": b"PJSIP/anna"}
    assert "something other" in departure_of(text, b"Action: Originate\r\nTimeout: 3\r\n\r\n")


def test_a_hole_keeps_its_first_text() -> None:
    twice = "C: ActionID: {id}\nC:\nC: ActionID: {id}\nC:\nS: {id}, {id}!\n"
    with StandIn(scenario(twice)) as server:
        assert talk(server, b"ActionID: 7\r\n\r\nAct", b"ionID: 7\r\n\r\n") == b"7, 7!\r\n"
    told = departure_of(twice, b"ActionID: 7\r\n\r\nActionID: 8\r\n\r\n")
    assert told.splitlines()[1:] == ["- ActionID: 7", "+ ActionID: 8"]


def ask_for_sales(text: str) -> None:
    with StandIn(scenario(text)) as server, ami.Manager() as manager:
        manager.connect(server.host, server.port)
        manager.send_action(ami.Request("QueueStatus", Queue="sales"), action_id="7")


def test_a_different_message_is_a_departure_with_a_diff() -> None:
    with pytest.raises(Departure) as caught:
        ask_for_sales(GREETING + "C: Action: QueueStatus\nC: ActionID: {id}\nC: Queue: support\nC:\n")
    assert str(caught.value).splitlines() == [
        "scenario, line 2: the client sent (+) something other than the scenario expects (-):",
        "  Action: QueueStatus",
        "- ActionID: {id}",
        "+ ActionID: 7",
        "- Queue: support",
        "+ Queue: sales",
    ]
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value.__cause__, ami.OutcomeUnknown)


def test_no_secret_is_shown_in_a_difference() -> None:
    told = departure_of("C: Action: Ping\nC:\n", b"Action: Login\r\nSecret: hunter2\r\n\r\n")
    assert "+ Secret: ***" in told
    assert "hunter2" not in told


def play(text: str, *words: bytes, finish: bool = True, patience: float = 10) -> None:
    with StandIn(scenario(text), patience=patience) as server:
        if words:
            talk(server, *words)
        if finish:
            server.finish()


def departure_of(text: str, *words: bytes, finish: bool = True, patience: float = 10) -> str:
    with pytest.raises(Departure) as caught:
        play(text, *words, finish=finish, patience=patience)
    return str(caught.value)


def test_a_client_that_leaves_too_early_has_departed() -> None:
    told = departure_of(GREETING + PING, b"Action: Pi")
    assert told == "scenario, line 2: the client closed the connection instead of sending its next message."


def test_an_extra_message_is_a_departure() -> None:
    told = departure_of("C: Action: Ping\nC:\nC closes\n", b"Action: Ping\r\n\r\nAction: Logoff\r\n\r\n")
    assert told == "scenario, line 3: the client sent more (+) than the scenario expects:\n+ Action: Logoff"


def test_messages_after_the_end_of_the_scenario_are_a_departure() -> None:
    told = departure_of("C: Action: Ping\nC:\n", b"Action: Ping\r\n\r\nAction: Logoff\r\n\r\n", finish=False)
    assert "+ Action: Logoff" in told


@pytest.mark.parametrize("text", [GREETING, "C: Action: Ping\nC:\n", "C closes\n"])
def test_a_client_that_never_connects_departs_from_the_scenario(text: str) -> None:
    assert departure_of(text, patience=0.01) == "scenario, line 1: the client did nothing for 0.01 s."


def test_a_client_that_never_speaks_has_departed() -> None:
    with (
        pytest.raises(Departure, match=r"line 2: the client did nothing for 0\.01 s"),
        StandIn(scenario(GREETING, PING), patience=0.01) as server,
        socket.create_connection((server.host, server.port)),
    ):
        server.finish()


def test_a_stand_in_closed_early_reports_its_place() -> None:
    told = departure_of(GREETING, finish=False)
    assert told == "scenario, line 1: the stand-in was closed before the end of the scenario."


def test_a_failure_of_the_test_is_not_hidden_by_remaining_steps() -> None:
    with pytest.raises(ZeroDivisionError), StandIn(scenario(GREETING)):
        raise ZeroDivisionError


def test_after_the_server_closes_it_continues_on_another_connection() -> None:
    with StandIn(scenario("S: first\nS closes\nS: second\nS closes\n")) as server:
        assert talk(server) == b"first\r\n"
        assert talk(server) == b"second\r\n"


def test_the_application_is_called_in_order_with_captured_text() -> None:
    told: list[tuple[str, list[str]]] = []
    text = "C: ActionID: {id}\nC:\nA gets {id}\n    and more\nS: done\nA ends\n"
    with StandIn(scenario(text), lambda deed, server: told.append(deed.text(server.captured))) as server:
        assert talk(server, b"ActionID: 7\r\n\r\n") == b"done\r\n"
        server.finish()
    assert told == [("gets 7", ["and more"]), ("ends", [])]


@pytest.mark.parametrize("error", [AssertionError("not so"), OSError("no such file")])
def test_exceptions_of_the_application_are_raised_in_the_test(error: Exception) -> None:
    def fail(_: object, __: object) -> None:
        raise error

    with pytest.raises(type(error), match=str(error)), StandIn(scenario("A fails\n"), fail) as server:
        server.finish()


def test_deeds_are_skipped_without_an_application() -> None:
    with StandIn(scenario("A connects\nS: hello\nS closes\nA is happy\n")) as server:
        assert talk(server) == b"hello\r\n"


def test_close_does_what_leaving_the_block_does() -> None:
    server = StandIn(scenario(GREETING))
    server.start()
    with pytest.raises(Departure, match="was closed before"):
        server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port))
