"""What a server sends that ami-typed does not know is counted, shown, and made into entries for the overlay."""

from __future__ import annotations

import asyncio
import re
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import Reconnect, drift, registry
from ami_typed._delivery.subscriptions import Handlers
from ami_typed._protocol.session import Session
from ami_typed.drift import Drift, recorded
from ami_typed.fields import Sometimes
from ami_typed.messages import Answer
from ami_typed.values import Codec
from codegen import overlay
from codegen.__main__ import build
from tests.support import PATIENCE, answer, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faces import Make
    from tests.support import Server

HANGUP = ("Event: Hangup", "Channel: PJSIP/anna-1", "ChannelState: 6", "Cause: 16")
SPEC = Path(overlay.SPEC)


class Talk:
    """A session and what it notices; the clock is the test's."""

    def __init__(self, *wanted: str) -> None:
        self.drift = Drift()
        self.handlers = Handlers()
        for name in wanted:
            self.handlers.register(name, print)
        self.session = Session(self.handlers, token="t", drift=self.drift)
        self.now = 1.0

    def hear(self, *octets: bytes) -> ami.DriftReport:
        """Take in bytes a second later; return what has been found by then."""
        self.now += 1
        self.session.receive(b"".join(octets), self.now)
        return self.report()

    def report(self) -> ami.DriftReport:
        """Inspect what was set aside; return what has been found by then."""
        self.session.inspect(self.now)
        return self.drift.report(self.session.tally.snapshot(self.session.kinds).messages_received)


def judged(*lines: str) -> ami.DriftReport:
    """Return what is found in one event of a known class."""
    found = Drift()
    found.look("\r\n".join(lines).encode())
    return found.report(1)


def names(things: tuple[drift.Drifted, ...]) -> list[str]:
    return [each.header for each in things]


# What is noticed


def test_known_messages_are_not_drift() -> None:
    report = Talk("").hear(message(*HANGUP), message("Event: UserEvent", "UserEvent: Mine", "Colour: red"))
    assert not report.unknown_headers
    assert not report.unknown_events
    assert report.looked_at > 0


@pytest.mark.parametrize("wanted", [(), ("",), ("novelty",)], ids=["nobody listens", "to all", "to these"])
def test_every_event_without_a_class_is_counted(wanted: tuple[str, ...]) -> None:
    talk = Talk(*wanted)
    for _ in range(10):
        talk.hear(*[message("Event: Novelty", "Privilege: call,all", "Size: 1", "Hue: red")] * 10)
    (unknown,) = talk.report().unknown_events
    assert (unknown.message, unknown.times) == ("Novelty", 100)
    assert names(unknown.headers) == ["Size", "Hue"]


def test_an_item_of_a_list_without_a_class_is_counted_too() -> None:
    talk = Talk()
    exchange = talk.session.open(ami.Request("ListNovelties"), 0, synchronous=True)
    item = message("Event: Novelty", f"ActionID: {exchange.action_id}")
    report = talk.hear(answer(exchange.action_id, "Success", "EventList: start"), *[item] * 5)
    assert [each.times for each in report.unknown_events] == [5]


def test_an_unknown_header_of_a_known_event_is_recorded_with_its_text() -> None:
    report = judged(*HANGUP, "Mood: glad", "FILE: main.c", "chanvariable: a=b")
    assert [(each.table, each.message, each.header, each.examples) for each in report.unknown_headers] == [
        ("event", "Hangup", "Mood", ("glad",))
    ]


def test_a_header_of_a_family_is_known_by_its_pattern() -> None:
    found = judged("Event: OriginateResponse", "ChanVariable(PJSIP/anna-1): a=b")
    assert "ChanVariable(PJSIP/anna-1)" not in names(found.unknown_headers)


def test_a_value_that_is_not_of_its_type_is_noticed() -> None:
    found = {each.header: each.reason for each in judged(*HANGUP[:3], "Cause: sixteen").undecodable}
    assert "Cause" in found
    missing = judged("Event: Hangup").undecodable
    assert "the header is missing" in {each.reason for each in missing}


def test_a_word_that_a_vocabulary_lacks_is_noticed() -> None:
    found = [
        each for each in judged(*HANGUP[:2], "ChannelState: 99", "Cause: 16").undecodable if each.examples == ("99",)
    ]
    assert [each.reason for each in found] == ["not a member of ChannelState"]


def test_an_answer_is_held_against_the_class_of_its_action() -> None:
    talk = Talk()
    exchange = talk.session.open(ami.Request("CoreStatus"), 0)
    report = talk.hear(answer(exchange.action_id, "Success", "CoreCurrentCalls: none", "Mood: glad"))
    assert [(each.message, each.header) for each in report.unknown_headers] == [("CoreStatus", "Mood")]
    assert ("CoreStatus", "CoreCurrentCalls") in {(each.message, each.header) for each in report.undecodable}


@pytest.mark.parametrize("action", ["CoreStatus", "Novelty"])
def test_a_refusal_and_the_answer_to_an_unknown_action_are_passed_over(action: str) -> None:
    talk = Talk()
    exchange = talk.session.open(ami.Request(action), 0)
    response = "Error" if action == "CoreStatus" else "Success"
    assert not talk.hear(answer(exchange.action_id, response, "Mood: glad"))


def test_a_request_of_the_programs_own_class_is_not_asked_twice_for_its_result() -> None:
    class Mine(ami.Request[str]):
        def process_response(self, response: ami.Message) -> str:
            raise AssertionError("this is called when the result is asked for")

    talk = Talk()
    exchange = talk.session.open(Mine("CoreStatus"), 0)
    assert talk.hear(answer(exchange.action_id, "Success", "Mood: glad")).unknown_headers


# What it costs, and what is kept


def test_the_first_event_of_a_name_is_always_inspected_and_others_are_sampled() -> None:
    talk = Talk("")
    talk.session.receive(message(*HANGUP) + message("Event: FullyBooted", "Mood: glad"), talk.now)
    talk.session.inspect(talk.now)
    talk.session.receive(message(*HANGUP, "Mood: sad") * 100, talk.now)
    assert [each.message for each in talk.report().unknown_headers] == ["FullyBooted"]
    report = talk.hear(message(*HANGUP, "Mood: sad") * 100)
    assert [(each.message, each.times) for each in report.unknown_headers] == [("FullyBooted", 1), ("Hangup", 1)]


def test_an_incomplete_message_is_not_inspected() -> None:
    talk = Talk("")
    talk.hear(message(*HANGUP))
    for _ in range(50):
        talk.hear(message("Event: Reload", "Module: cdr", "Status: 0"), b"Event: Hangup\r\nChannelSt")
        talk.hear(b"ate: 6\r\n" + b"\r\n".join(line.encode() for line in HANGUP[1:]) + b"\r\n\r\n")
    assert "ChannelSt" not in names(talk.report().unknown_headers)


def test_an_inspected_event_is_delivered_unparsed() -> None:
    handlers = Handlers()
    handlers.register("", print)
    (event,) = Session(handlers, token="t").receive(message(*HANGUP, "Mood: glad"), 1).deliveries
    assert isinstance(event, ami.Event)
    assert event._unread is not None


def test_recorded_findings_are_bounded() -> None:
    found = Drift()
    for number in range(2 * drift.THINGS):
        found.look("\r\n".join((*HANGUP, *(f"Mood{number}-{each}: {'x' * 1000}" for each in range(3)))).encode())
    for number in range(10):
        found.look("\r\n".join((*HANGUP, f"Mood0-0: {number}")).encode())
    report = found.report(0)
    kept = [*report.unknown_events, *report.unknown_headers, *report.undecodable]
    assert len(kept) == drift.THINGS
    assert report.beyond > 5 * drift.THINGS
    assert max(len(example) for each in kept for example in each.examples) == drift.TEXT
    assert max(len(each.examples) for each in kept) == drift.EXAMPLES
    assert f"and {report.beyond} more" in str(report)


@pytest.mark.parametrize(
    "line",
    [
        "Secret: hunter2",
        "MyPassword: hunter2",
        "X-Auth-Token: hunter2",
        "SIP_PIN: hunter2",
        "Api-Key: hunter2",
        "ChanVariables: AMI_PASSWORD=hunter2",
        "Setting: secret=hunter2",
    ],
)
def test_no_example_is_a_secret(line: str) -> None:
    found = judged(*HANGUP, line)
    assert names(found.unknown_headers) == [line.partition(":")[0]]
    assert "hunter2" not in f"{found}{found!r}{found.as_overlay()}"


def test_reported_text_is_printable() -> None:
    found = judged(*HANGUP, "Mo\x1bod: a\x1b[31mb\tc\x00")
    assert str(found).replace("\n", "").isprintable()
    assert str(found).encode()


def test_a_report_is_a_shot_of_the_moment() -> None:
    found = Drift()
    before = found.report(0)
    found.look("\r\n".join((*HANGUP, "Mood: glad")).encode())
    assert not before.unknown_headers
    assert "0 unknown events, 1 unknown headers" in repr(found.report(0))


def test_a_report_describes_its_findings() -> None:
    assert not DriftReportOfNothing
    assert str(DriftReportOfNothing) == "Received no messages; found nothing unknown."
    talk = Talk("")
    assert str(talk.hear(message("Event: Reload", "Module: cdr", "Status: 0"))) == (
        "Inspected 1 message; found nothing unknown."
    )
    assert str(talk.hear(message("Event: Reload", "Module: cdr", "Status: 0") * 99)) == (
        "Inspected 2 of 100 messages; found nothing unknown."
    )
    report = Talk().hear(message("Event: Novelty", "Size: 1"), message(*HANGUP[:3], "Cause: x", "Mood: glad"))
    assert report
    assert "event Novelty (1x): Size" in str(report)
    assert "event Hangup Mood (1x): 'glad'" in str(report)
    assert "event Hangup Cause (1x): 'x' (" in str(report)


DriftReportOfNothing = Drift().report(0)


# On both faces


def test_a_manager_reports_findings_of_all_its_connections(server: Server, make: Make) -> None:
    manager = make(reconnect=Reconnect(first=0, jitter=0))
    first = server.link(manager)
    assert not manager.drift
    with manager.subscribe(ami.Reconnected) as stream:
        first.send(message("Event: Novelty"))
        first.close()
        second = server.peer()
        stream.get(PATIENCE)
        with manager.subscribe() as events:
            second.send(message("Event: Novelty"))
            events.get(PATIENCE)
    eventually(lambda: [each.times for each in manager.drift.unknown_events] == [2])


class Settled:
    """An observer that notes that a request is settled."""

    def __init__(self, noted: threading.Event) -> None:
        self._noted = noted

    def begun(self, exchange: object, /) -> None:
        """Pass over what is only about to be written."""

    def settled(self, exchange: object, /) -> None:
        """Note it."""
        self._noted.set()


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, list[bool]]:
    """What may happen before an inspection, and whether it had at each."""
    happened = threading.Event()
    each: list[bool] = []

    def inspect(inspector: drift.Inspector, _: float) -> None:
        inspector.waiting = False
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            each.append(happened.wait(PATIENCE))
        else:  # on the loop's own thread it has happened by now, or it has not
            each.append(happened.is_set())

    monkeypatch.setattr(drift.Inspector, "inspect", inspect)
    return happened, each


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never held"
        threading.Event().wait(0.001)


def test_messages_are_delivered_before_they_are_inspected(
    server: Server, make: Make, before: tuple[threading.Event, list[bool]]
) -> None:
    heard, heard_before = before
    manager = make()
    link = server.link(manager)
    manager.register_callback("Novelty", lambda event, _: heard.set())
    link.send(message("Event: Novelty"))
    eventually(lambda: heard_before == [True])


def test_an_answer_reaches_its_sender_before_it_is_inspected(
    server: Server, make: Make, before: tuple[threading.Event, list[bool]]
) -> None:
    settled, settled_before = before
    manager = make()
    manager.add_observer(Settled(settled))
    link = server.link(manager)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(manager.execute, ami.Request("CoreStatus"))
        link.send(answer(link.action_id()))
        waiting.result(PATIENCE)
    eventually(lambda: settled_before == [True])


@pytest.mark.parametrize("size", [100, drift.LARGE])
def test_only_small_answers_are_inspected(size: int) -> None:
    talk = Talk()
    exchange = talk.session.open(ami.Request("CoreStatus"), 0)
    assert bool(talk.hear(answer(exchange.action_id, "Success", f"Mood: {'x' * size}"))) is (size < drift.LARGE)


def test_messages_are_not_inspected_on_receipt() -> None:
    talk = Talk("")
    assert talk.session.receive(message(*HANGUP, "Mood: glad"), 1).deliveries
    assert talk.session.uninspected
    assert talk.drift.report(1).looked_at == 0
    assert talk.report().looked_at == 1
    assert not talk.session.uninspected


def test_a_class_of_the_programs_own_that_raises_ends_no_connection(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._EVENTS, "faulty", (__name__, "Faulty"))
    monkeypatch.setitem(registry._ACTIONS, "faulty", (__name__, "FaultyRequest"))
    manager = make()
    link = server.link(manager)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(manager.execute, ami.Request("Faulty"))
        link.send(message("Event: Faulty", "Size: 1"), answer(link.action_id()))
        waiting.result(PATIENCE)
    eventually(lambda: [each.reason for each in manager.drift.undecodable] == ["decoding it raises IndexError"])
    assert manager.is_connected()


def out_of_range(_: str) -> int:
    raise IndexError


class Faulty(ami.Event):
    size = Sometimes("Size", Codec(out_of_range, str))


class FaultyRequest(ami.Request[ami.Answer]):
    def process_response(self, response: ami.Message) -> ami.Answer:
        raise IndexError


# Recorded dialogues


def test_every_message_of_a_recorded_dialogue_is_inspected() -> None:
    said = b"".join(
        (
            b"Asterisk Call Manager/9.0.0\r\n",
            *[message(*HANGUP, "Mood: glad")] * 20,
            message("Action: CoreStatus", "ActionID: 1"),
            answer("1", "Success", "Mood: glad"),
            answer("2", "Success", "Mood: whose?"),
            message("Event: Novelty", "Size: 1").removesuffix(b"\r\n\r\n"),
        )
    )
    for octets in (said, said.replace(b"\r\n", b"\n"), said.partition(b"\r\n")[2]):
        report = recorded(octets)
        assert [(each.message, each.times) for each in report.unknown_headers] == [("Hangup", 20), ("CoreStatus", 1)]
        assert [each.message for each in report.unknown_events] == ["Novelty"]
    assert not recorded(b"")


# Entries for the overlay


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A copy of the folder that the code is generated from, to paste into."""
    for folder in ("facts", "code"):
        (tmp_path / folder).symlink_to(SPEC / folder)
    (tmp_path / "overlay").mkdir()
    for file in (SPEC / "overlay").glob("*.toml"):
        (tmp_path / "overlay" / file.name).write_text(file.read_text("utf-8"), "utf-8")
    return tmp_path


def paste(text: str, folder: Path) -> None:
    """Do what the comments say: each piece to the end of the file that it names, the rest into a new file."""
    first, *others = re.split(r"^# At the end of spec/overlay/(\w+\.toml):\n", text, flags=re.MULTILINE)
    for name, piece in zip(["mine.toml", *others[::2]], [first, *others[1::2]], strict=True):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{piece}")


@pytest.mark.exhaustive
@pytest.mark.once
def test_suggestions_are_accepted_verbatim(spec: Path) -> None:
    found = recorded(
        message(*HANGUP[:3], "Cause: sixteen", "Mood: 5", 'Odd "name": yes', "Secret-Mood: x")
        + message(*HANGUP, "Mood: 7")
        + message("Action: CoreStatus", "ActionID: 1")
        + answer("1", "Success", "Mood: glad")
        + message("Action: Ping", "ActionID: 2")
        + answer("2", "Success", "Ping: Pong", "Weather: fine")
        + message("Event: Novelty", "Privilege: call,all", "Channel: a", "Uniqueid: 1.2", "Heat: 1.5", "Open: Yes")
    )
    assert all((found.unknown_events, found.unknown_headers, found.undecodable))

    paste(found.as_overlay("22.10.1 live"), spec / "overlay")
    files = build(spec)

    hangup = classes(files["events/call.py"] + files["events/channel.py"])["Hangup"]
    assert 'Sometimes("Mood", integer)' in hangup
    assert """'Odd "name"', yes_no""" in hangup
    novelty = classes(files["events/core.py"])["Novelty"]
    for field in ('"Channel", text', '"Uniqueid", text', '"Heat", real', '"Open", yes_no'):
        assert f"Sometimes({field})" in novelty
    assert '"Mood", text' in classes(files["responses/core.py"])["CoreStatus"]


def classes(source: str) -> dict[str, str]:
    """Return the source of each class."""
    return {
        found[1]: found[0]
        for found in re.finditer(r"^class (\w+)\(.*?(?=^class |\Z)", source, re.DOTALL | re.MULTILINE)
    }


def test_suggestions_are_valid_toml_for_any_input() -> None:
    names_ = ['a"b', "a\\b", "a.b", "ä ö", "\udcff", "#", "[x]", "\x7f", "a=b", "'", "A=B"]
    found = Drift()
    for name in names_:
        found.unknown(f"Event: {name}\r\n{name}: {name}".encode("utf-8", "surrogateescape"), name)
        found.look(f"Event: Hangup\r\n{name}: {name}".encode("utf-8", "surrogateescape"))
    entries: dict[str, Any] = tomllib.loads(found.report(0).as_overlay())
    assert len(entries["event"]) == len(names_) - 2 + 1  # two are alike when shown, two but for the case; and Hangup


def test_a_header_of_an_answer_without_a_class_becomes_a_comment() -> None:
    found = Drift()
    found.look_at_answer(ami.Request("AbsoluteTimeout"), Answer.of(b"Response: Success\r\nMood: glad"))
    text = found.report(0).as_overlay()
    assert "[action.AbsoluteTimeout]" in text
    assert tomllib.loads(text) == {}
