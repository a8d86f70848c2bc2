"""`ami-typed drift` looks at a server or a recorded dialogue, and prints what the overlay lacks."""

from __future__ import annotations

import socket
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from ami_typed import cli
from ami_typed.cli.drift import questions
from ami_typed.testing import Scenario, StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOGGED_IN = """
S: Asterisk Call Manager/9.0.0
C: Action: Challenge
C: ActionID: {a}
C: AuthType: MD5
C:
S: Response: Success
S: ActionID: {a}
S: Challenge: 123
S:
C: Action: Login
C: ActionID: {b}
C: Username: anna
C: AuthType: MD5
C: Key: b1c3e8b6a4f0c4e2ea3cf4c0c6bb3d77
C:
S: Response: Success
S: ActionID: {b}
S:
C: Action: CoreSettings
C: ActionID: {c}
C:
S: Response: Success
S: ActionID: {c}
S: AMIversion: 11.0.0
S: AsteriskVersion: 22.10.1
S: SystemName:
S: CoreMaxCalls: 0
S: CoreMaxLoadAvg: 0.0
S: CoreRunUser:
S: CoreRunGroup:
S: CoreMaxFilehandles: 0
S: CoreRealTimeEnabled: No
S: CoreCDRenabled: Yes
S: CoreHTTPenabled: No
S: SoundsSearchCustomDir: No
S:
"""
NOVELTY = "S: Event: Novelty\nS: Size: 1\nS:\nS: Event: Hangup\nS: Mood: glad\nS:\n"
ENVIRONMENT = ("HOST", "PORT", "USER", "SECRET", "SECRET_FILE")


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(f"AMI_TYPED_{name}", raising=False)


@pytest.fixture
def drift(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The command: returns its exit status and what it printed, on the two streams."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = cli.main(["drift", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("hunter2\n", "utf-8")
    return path


def server(said: str) -> StandIn:
    return StandIn(Scenario.of(LOGGED_IN.replace("b1c3e8b6a4f0c4e2ea3cf4c0c6bb3d77", "{key}") + said + "C closes\n"))


def test_unknown_messages_are_printed_as_overlay_entries(drift: Any, secret: Path) -> None:
    with server(NOVELTY) as asterisk:
        status, said, told = drift("--port", asterisk.port, "--user", "anna", "--secret-file", secret, "--seconds", 0.3)
    assert status == 1
    entries = tomllib.loads(said)
    assert entries["event"]["Novelty"]["seen"] == "22.10.1 live"
    assert entries["event"]["Hangup"]["header"]["Mood"]["type"] == "text"
    assert "event Novelty (1x): Size" in told
    assert "hunter2" not in said + told


def test_no_findings_are_reported_as_such(drift: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with server("S: Event: Reload\nS: Module: cdr\nS: Status: 0\nS:\n") as asterisk:
        for name, value in {"HOST": asterisk.host, "PORT": asterisk.port, "USER": "anna", "SECRET": "hunter2"}.items():
            monkeypatch.setenv(f"AMI_TYPED_{name}", str(value))
        status, said, told = drift("--seconds", 0.3)
        assert (status, said, told) == (0, "Inspected 4 messages; found nothing unknown.\n", "")


def test_a_secret_that_is_nowhere_is_asked_for(drift: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "hunter2"

    monkeypatch.setattr("getpass.getpass", ask)
    with server("") as asterisk:
        assert drift("--port", asterisk.port, "--user", "anna", "--seconds", 0)[0] == 0
    assert asked == ["Secret of anna: "]


def test_findings_before_the_connection_was_lost_are_reported(drift: Any, secret: Path) -> None:
    scenario = LOGGED_IN.replace("b1c3e8b6a4f0c4e2ea3cf4c0c6bb3d77", "{key}") + NOVELTY + "S closes\n"
    with StandIn(Scenario.of(scenario)) as asterisk:
        status, said, told = drift("--port", asterisk.port, "--user", "anna", "--secret-file", secret)
    assert (status, "Novelty" in said) == (1, True)
    assert "the server closed the connection." in told


def test_ctrl_c_ends_the_listening(drift: Any, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Iterator[None]:
        raise KeyboardInterrupt

    monkeypatch.setattr("ami_typed.drift.Drift.take", interrupted)
    with server(NOVELTY) as asterisk:
        assert drift("--port", asterisk.port, "--user", "anna", "--secret-file", secret)[0] == 0


def test_a_recorded_dialogue_is_inspected_without_a_server(drift: Any, tmp_path: Path) -> None:
    dump = tmp_path / "monday.txt"
    dump.write_bytes(b"Asterisk Call Manager/9.0.0\r\nEvent: Novelty\r\nSize: 1\r\n\r\n" * 2)
    status, said, _ = drift("--file", dump)
    assert status == 1
    assert tomllib.loads(said)["event"]["Novelty"]["seen"] == "a recorded dialogue, monday.txt"
    dump.write_bytes(b"Event: Reload\r\nModule: cdr\r\nStatus: 0\r\n\r\n")
    assert drift("--file", dump)[:2] == (0, "Inspected 1 message; found nothing unknown.\n")


ASKED = """
C: Action: ListCommands
C: ActionID: {d}
C:
S: Response: Success
S: ActionID: {d}
S: CoreStatus: a (Priv: system,reporting,all)
S: Parkinglots: b (Priv: <none>)
S: Ping: c (Priv: <none>)
S: QueueReset: d (Priv: <none>)
S:
C: Action: CoreStatus
C: ActionID: {e}
C:
S: Response: Success
S: ActionID: {e}
S: Mood: glad
S: Padding: %s
S:
C: Action: Parkinglots
C: ActionID: {f}
C:
S: Response: Success
S: ActionID: {f}
S: EventList: start
S:
S: Event: Parkinglot
S: ActionID: {f}
S: Name: default
S: Colour: red
S:
S: Event: ParkinglotsComplete
S: ActionID: {f}
S: EventList: Complete
S: ListItems: 1
S: Weather: fine
S:
C: Action: Ping
C: ActionID: {g}
C:
S: Response: Error
S: ActionID: {g}
S: Message: Not today
S:
"""


def test_with_all_every_read_only_action_is_sent_and_its_answers_inspected(drift: Any, secret: Path) -> None:
    with server(ASKED % ("x" * 20_000)) as asterisk:
        status, said, told = drift("--port", asterisk.port, "--user", "anna", "--secret-file", secret, "--all")
    assert status == 1
    entries = tomllib.loads(said)
    assert list(entries["event"]["Parkinglot"]["header"]) == ["Colour"]
    assert list(entries["event"]["ParkinglotsComplete"]["header"]) == ["Weather"]
    assert set(entries["response"]["CoreStatus"]["header"]) == {"Mood", "Padding"}
    assert "Sent 3 read-only actions; failed: Ping (" in told
    assert "Inspected 8 of 9 messages." in told


def test_the_actions_that_are_sent_only_read() -> None:
    """A new action that this lists by mistake is to be seen by whoever adds it."""
    assert " ".join(each.action for each in questions()) == (
        "Agents BridgeList BridgeTechnologyList ConfbridgeListRooms CoreSettings CoreShowChannels CoreStatus "
        "DAHDIShowChannels DAHDIShowStatus DBGetTree DeviceStateList ExtensionStateList FAXSessions FAXStats "
        "IAXnetstats IAXpeerlist IAXpeers IAXregistry ListCommands MeetmeList MeetmeListRooms PJSIPShowAors "
        "PJSIPShowAuths PJSIPShowContacts PJSIPShowEndpoints PJSIPShowMaintenance "
        "PJSIPShowRegistrationInboundContactStatuses PJSIPShowRegistrationsInbound PJSIPShowRegistrationsOutbound "
        "PJSIPShowResourceLists PJSIPShowSubscriptionsInbound PJSIPShowSubscriptionsOutbound PRIShowSpans "
        "ParkedCalls Parkinglots Ping PresenceStateList QueueRule QueueStatus QueueSummary Queues SIPpeers "
        "SIPpeerstatus SIPshowregistry SKINNYdevices SKINNYlines ShowDialPlan Status VoicemailUsersList"
    )


def test_a_failure_is_reported_in_one_sentence(drift: Any, tmp_path: Path, secret: Path) -> None:
    status, said, told = drift("--file", tmp_path / "nowhere")
    assert (status, said, told.count("\n")) == (2, "", 1)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for file in (secret, tmp_path / "nowhere"):
        status, said, told = drift("--port", port, "--user", "anna", "--secret-file", file)
        assert (status, said, told.count("\n")) == (2, "", 1)


def test_a_secret_cannot_be_given_as_an_argument(drift: Any) -> None:
    with pytest.raises(SystemExit):
        drift("--secret", "hunter2")
