"""A conversation that was recorded can be read by people, redacted, and replayed with the same typed events."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import actions, events
from ami_typed.cli import main
from ami_typed.testing import Recording, RecordingError, Simulator, SteppedClock, Tap
from ami_typed.testing.recordings import Entry

if TYPE_CHECKING:
    from pathlib import Path

CONVERSATION = (
    Entry(0.0, is_server=True, octets=b"Asterisk Call Manager/11.0.0\r\n"),
    Entry(0.5, is_server=False, octets=b"Action: Login\r\nUsername: a\r\nSecret: very\r\nActionID: 1\r\n\r\n"),
    Entry(1.25, is_server=True, octets=b"Event: Odd\r\n@Name: \xff\\x\0\r\n#: 1\r\n\r\n"),
)
LINES = st.binary(max_size=20).map(lambda octets: octets.replace(b"\r\n", b""))
ENDINGS = st.sampled_from([b"\r\n\r\n", b"\r\n", b""])


@st.composite
def said(draw: st.DrawFn) -> bytes:
    """A message, or a piece of one."""
    lines = draw(st.lists(LINES.filter(lambda line: bool(line) and not line.endswith(b"\r")), min_size=1, max_size=4))
    return b"\r\n".join(lines) + draw(ENDINGS)


def of_calls(events: list[ami.Event]) -> list[ami.Event]:
    """Return events without those of a log-in."""
    return [event for event in events if event.event not in {"FullyBooted", "SuccessfulAuth"}]


@given(
    st.lists(
        st.builds(
            Entry,
            st.integers(0, 10**6).map(lambda time: time / 1000),
            st.booleans(),
            said(),
        ),
        max_size=4,
    )
)
def test_what_is_written_reads_as_the_same(entries: list[Entry]) -> None:
    recording = Recording(tuple(entries), ("a remark",))
    assert Recording.of(recording.text()) == recording


def test_a_recording_reads_like_a_dialogue() -> None:
    recording = Recording(CONVERSATION)
    assert recording.text() == (
        "ami-typed recording 1\n"
        "\n"
        "@ 0.000 S partial\nAsterisk Call Manager/11.0.0\n"
        "\n"
        "@ 0.500 C\nAction: Login\nUsername: a\nSecret: very\nActionID: 1\n"
        "\n"
        "@ 1.250 S\nEvent: Odd\n\\@Name: \\xFF\\\\x\\x00\n\\#: 1\n"
    )
    assert Recording.of(recording.text()) == recording


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("", "begins with the line"),
        ("ami-typed recording 1\nEvent: X", "Line 2: a block begins with `@`"),
        ("ami-typed recording 1\n@ now S", "Line 2: a block begins as in"),
        ("ami-typed recording 1\n@ 0.1 S\n\\y", r"Line 3: \\y is not an escape sequence"),
    ],
)
def test_what_is_not_a_recording_is_refused_with_its_place(text: str, trouble: str) -> None:
    with pytest.raises(RecordingError, match=trouble):
        Recording.of(text)


def test_secrets_numbers_and_addresses_are_redacted_and_relations_stay() -> None:
    said = (
        b"Event: Newchannel\r\nChannel: PJSIP/0701234567-00000001\r\nCallerIDNum: 0701234567\r\nExten: 100\r\n"
        b"Uniqueid: 1795794160.12\r\nContact: sip:0701234567@pbx.corp.se:5060\r\nFrom: IPV4/UDP/10.1.2.3/5060\r\n"
        b"Local: 127.0.0.1\r\n\r\n"
    )
    recording = Recording((*CONVERSATION, Entry(2.0, is_server=True, octets=said)))
    text = recording.redacted(numbers=True, addresses=True).text()
    for secret in ("very", "0701234567", "corp.se", "10.1.2.3"):
        assert secret not in text
    assert "Channel: PJSIP/5550100-00000001\nCallerIDNum: 5550100\nExten: 100\nUniqueid: 1795794160.12" in text
    assert "sip:5550100@host-0.example:5060" in text
    assert "IPV4/UDP/192.0.2.1/5060" in text
    assert "127.0.0.1" in text
    assert "0701234567" in recording.redacted().text()


def record(simulator: Simulator, clock: SteppedClock) -> tuple[Recording, list[ami.Event]]:
    """Record a call and a list; return the recording and the events."""
    simulator.pbx.phone("PJSIP/alice", answers=3)
    received: list[ami.Event] = []
    with Tap(simulator.host, simulator.port) as tap, ami.Manager() as manager:
        manager.connect(tap.host, tap.port)
        manager.login(simulator.user, simulator.secret)
        with manager.subscribe("") as stream:
            manager.execute(actions.Originate(channel="PJSIP/alice", application="Wait", data="5", async_=True))
            manager.execute(actions.CoreShowChannels())
            clock.advance(30)
            simulator.emit("Last")
            while not received or received[-1].event != "Last":
                received.append(stream.get(5))
        return tap.recording(), received


def test_a_recording_replays_to_the_same_typed_events() -> None:
    clock = SteppedClock()
    with Simulator(clock=clock) as simulator:
        recording, events_then = record(simulator, clock)
    assert [type(event) for event in of_calls(events_then)[:2]] == [events.Newchannel, events.Newexten]
    with Simulator(telephony=None) as simulator, ami.Manager() as manager:
        simulator.replay(Recording.of(recording.text()), speed=math.inf)
        manager.connect(simulator.host, simulator.port)
        with manager.subscribe("") as stream:
            manager.login(simulator.user, simulator.secret)
            received: list[ami.Event] = []
            while not received or received[-1].event != "Last":
                received.append(stream.get(5))
        assert of_calls(received) == of_calls(events_then)
        shown = manager.execute(actions.CoreShowChannels())
        assert [channel.channel for channel in shown.channels] == ["PJSIP/alice-00000000"]
        with pytest.raises(ValueError, match="speed above 0"):
            simulator.replay(recording, speed=0)


def test_the_command_records_what_it_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "recording.txt"
    with Simulator() as simulator:
        monkeypatch.setenv("AMI_TYPED_SECRET", simulator.secret)
        command = ["record", simulator.host, "--port", str(simulator.port), "--user", simulator.user]
        assert main([*command, "-o", str(file), "--seconds", "0.05", "--ask", "QueueStatus"]) == 0
    text = file.read_text("utf-8")
    assert "Key: ***" in text
    assert "Event: QueueStatusComplete" in text


def test_a_server_that_is_not_there_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator() as simulator:
        port = simulator.port
    assert main(["record", "127.0.0.1", "--port", str(port), "-o", str(tmp_path / "x")]) == 2
    assert "Recording needs --user" in capsys.readouterr().err
