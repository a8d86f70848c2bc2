"""`ami-typed simulate` listens for programs in any language and plays a script, in TOML or in Python."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ami_typed.testing import Simulator, SteppedClock
from ami_typed.testing.scripts import Script, ScriptError
from tests.simulator.conversation import Client

if TYPE_CHECKING:
    from collections.abc import Generator

EXAMPLES = Path(__file__).parent.parent / "examples" / "simulate"


@contextmanager
def simulated(*arguments: str) -> Generator[tuple[int, subprocess.Popen[str]]]:
    """Run the command; give its port and its process."""
    command = [sys.executable, "-m", "ami_typed.cli", "simulate", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline().rstrip(".\n").rpartition(":")[2]), process
        process.kill()


@pytest.mark.once
def test_it_listens_shows_what_it_receives_and_ends_in_order(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from ami_typed import actions\n"
        "OPTIONS = {'asterisk': '18'}\n"
        "def prepare(simulator):\n"
        "    simulator.answer(actions.Getvar, {'Value': '5'})\n"
        "def play(simulator):\n"
        "    simulator.emit('Played', {'By': 'Python'})\n",
        "utf-8",
    )
    with simulated("--secret", "s", "--show", "--script", str(script)) as (port, process):
        client = Client("127.0.0.1", port)
        assert client.greeting == b"Asterisk Call Manager/7.0.3\r\n"
        client.send("Action: Login\nUsername: admin\nSecret: s\n\n")
        assert any(message[0] == ("Event", "Played") for message in client.messages())
        assert client.say("Action: Getvar\nVariable: X\n\n").messages == [[("Response", "Success"), ("Value", "5")]]
        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.readline() == "Login({'Username': 'admin', 'Secret': '***'})\n"


def test_the_example_is_played_from_the_first_log_in_on() -> None:
    script = Script.read(EXAMPLES / "afternoon.toml")
    clock = SteppedClock()
    simulator = Simulator(clock=clock, **script.options)
    script.prepare(simulator)
    simulator.after_login(lambda: script.play(simulator))
    with simulator:
        client = Client(simulator.host, simulator.port)
        client.say("Action: Login\nUsername: wallboard\nSecret: secret\n\n")
        clock.advance(13)
        names = [message[0][1] for message in client.say("").messages]
        assert names[0] == "Newchannel"
        assert {"DialBegin", "DialEnd", "Hangup"} <= set(names)
        clock.advance(14)
        assert [message[0][1] for message in client.say("").messages].count("QueueCallerJoin") == 1
        assert client.say("Action: Command\nCommand: x\n\n").messages[0][-1] == ("Message", "Permission denied")
        client.close()


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("x = ", "script.toml is not TOML"),
        ('[[users]]\nname = "a"', "section users: .*secret"),
        ('[[users]]\nname = "a"\nsecret = "b"\nread = "calls"', "there is no class 'calls'"),
        ('[[answers]]\naction = "Ping"', "answer 1: it has `action` and one of message, error"),
        ("[[steps]]\nafter = -1", "step 1: `after` is a number of seconds, 0 or more"),
        ("[[steps]]\nafter = 1", "step 1: it has `after` and either `emit`"),
        ('[[steps]]\nemit = "Hangup"\nwith = {chanel = "x"}', "step 1: Hangup has no attribute 'chanel'"),
    ],
)
def test_a_mistake_in_a_script_is_explained(tmp_path: Path, text: str, trouble: str) -> None:
    (tmp_path / "script.toml").write_text(text, "utf-8")
    with pytest.raises(ScriptError, match=trouble):
        Script.read(tmp_path / "script.toml")


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("[[fone]]\nname = 'x'", "section fone: the telephone system has no 'fone'"),
        ("[[phone]]\nname = 'x'", "section phone: phone\\(\\) takes an endpoint with its technology"),
        ("[[phone]]\nnme = 'x'", "section phone: .*nme"),
    ],
)
def test_a_mistake_about_the_telephones_is_explained(tmp_path: Path, text: str, trouble: str) -> None:
    (tmp_path / "script.toml").write_text(text, "utf-8")
    with pytest.raises(ScriptError, match=trouble):
        Script.read(tmp_path / "script.toml").prepare(Simulator())
