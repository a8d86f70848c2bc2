"""The demo runs in its simulated call centre, says what it does, and what it says about the type checker is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ami_typed import testing
from examples import demo

ROOT = Path(__file__).parents[1]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AMI_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "examples/demo.py", *arguments],
        cwd=ROOT,
        env={**clean, "PYTHONPATH": "src", "PYTHONIOENCODING": "utf-8", **environment},
        encoding="utf-8",
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def shown() -> str:
    finished = run()
    assert finished.returncode == 0, finished.stderr
    assert not finished.stderr
    return finished.stdout


def test_it_shows_the_server_the_channels_and_the_queues(shown: str) -> None:
    assert "Asterisk 22.10.1, takes as many calls as it can bear" in shown
    assert re.search(r"PJSIP/customer\d+-\w+ +UP +55501\d\d +", shown)
    assert re.search(r"support +rrmemory +\d of 3 +\d+ +", shown)
    assert re.search(r"Anna +support +\w+ +- +\d+ +2024-01-01 00:0\d UTC\n", shown)


def test_it_watches_half_an_hour_of_the_call_centre_in_no_time(shown: str) -> None:
    counted = re.search(r"(\d+) waiting, (\d+) answered, (\d+) gave up\n", shown)
    assert counted is not None
    rows = re.findall(r"^  (?:Anna|Bertil|Cecilia) +\S+ +(\d+) +0:0\d:\d\d$", shown, re.MULTILINE)
    assert len(rows) == 3
    assert sum(map(int, rows)) == int(counted[2]) > 10


def test_it_follows_only_its_own_call_to_the_hangup(shown: str) -> None:
    followed = re.findall(
        r"^ +\d+\.\d\d s  (\w+) +PJSIP/(\w+)|^ +\d+\.\d\d s  (OriginateResponse)", shown, re.MULTILINE
    )
    assert [event or last for event, _, last in followed] == [
        "Newchannel",
        "DialBegin",
        "Newstate",
        "Newstate",
        "DialEnd",
        "OriginateResponse",
        "Hangup",
    ]
    assert {channel for _, channel, last in followed if not last} == {"erika"}
    assert re.search(r"PJSIP/erika-\w+ hung up: ", shown)
    assert "The call was answered" in shown


def test_it_fits_a_terminal_of_100_columns(shown: str) -> None:
    assert max(map(len, shown.splitlines())) <= 100


def test_it_shows_no_secret(shown: str) -> None:
    assert "a secret" not in shown


def test_it_talks_to_the_server_that_arguments_and_environment_name() -> None:
    with testing.StandIn(testing.demo(), pauses=False) as server:
        finished = run(
            *("--port", str(server.port), "--user", "demo"),
            AMI_HOST=server.host,
            AMI_SECRET="a secret",
            AMI_CALL="PJSIP/anna",
        )
    assert finished.returncode == 0, finished.stderr
    assert "simulated" not in finished.stdout
    assert "hung up: Normal Clearing (16)" in finished.stdout


def test_it_places_a_call_on_a_server_only_on_request() -> None:
    steps = testing.demo().steps
    call = next(number for number, step in enumerate(steps) if "Action: Originate" in written(step))
    goodbye = next(number for number, step in enumerate(steps) if "Action: Logoff" in written(step))
    scenario = testing.Scenario("no call", (*steps[:call], *steps[goodbye:]))
    with testing.StandIn(scenario) as server:
        finished = run("--host", server.host, "--port", str(server.port), "--user", "demo", "--secret", "a secret")
    assert finished.returncode == 0, finished.stderr


def written(step: testing.Step) -> list[str]:
    return [str(line) for line in step.lines] if isinstance(step, testing.Expect) else []


def test_it_reports_in_one_sentence_why_it_cannot_connect() -> None:
    server = testing.StandIn(testing.demo())
    server.close()
    finished = run("--host", server.host, "--port", str(server.port), "--user", "demo", "--secret", "a secret")
    assert finished.returncode == 1
    assert finished.stderr == f"No connection to {server.host}:{server.port}: Connection refused.\n"


def test_it_says_what_is_missing_beside_a_host() -> None:
    finished = run("--host", "pbx.example")
    assert finished.returncode == 2
    assert "a host needs a user and a secret" in finished.stderr


@pytest.mark.once
def test_the_type_errors_it_shows_are_those_of_mypy(tmp_path: Path) -> None:
    head = ["import ami_typed as ami", "from ami_typed import actions, events", "", "manager = ami.Manager()"]
    program = tmp_path / "mistakes.py"
    program.write_text("\n".join([*head, *(line for line, _ in demo.MISTAKES), ""]), encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--no-pretty", str(program)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    said = dict(re.findall(r"mistakes\.py:(\d+): error: (.*)", finished.stdout))
    expected = {str(number): message for number, (_, message) in enumerate(demo.MISTAKES, len(head) + 1)}
    assert said == expected, finished.stdout + finished.stderr


def test_a_real_server_is_passed_as_in_the_readme() -> None:
    with testing.StandIn(testing.demo()) as server:
        finished = run(server.host, str(server.port), "demo", "a secret", "--call", "PJSIP/anna")
    assert finished.returncode == 0, finished.stderr
    assert f"{server.host}:{server.port} greets as" in finished.stdout
    assert "-- HOST PORT USER SECRET" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("arguments", [("host", "port", "user", "secret"), ("host", "1", "u", "s", "more"), ("host",)])
def test_what_it_cannot_use_is_refused_by_a_sentence(arguments: tuple[str, ...]) -> None:
    finished = run(*arguments)
    assert finished.returncode == 2
    assert "demo.py: error: " in finished.stderr
