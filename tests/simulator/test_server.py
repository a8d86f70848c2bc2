"""A simulator speaks like the release that it is told to be: log-in, privileges, masks, filters, commands, lists."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import actions, events
from ami_typed.testing import Settings, Simulator, SteppedClock, User
from tests.simulator.conversation import Client, compared, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = (
    User("full", "all of it"),
    User("reader", "reads", write=""),
    User("clerk", "calls", read="call", write="call"),
    User("barred", "from afar", deny=["0.0.0.0/0"], permit=["10.0.0.0/8"]),
    User("single", "once", allowmultiplelogin=False),
    User("filtered", "hangups", eventfilter=["Event: Hangup[[:space:]]"]),
)
SECRETS = {user.name: user.secret for user in USERS}


@pytest.fixture(name="simulator")
def running() -> Iterator[Simulator]:
    with Simulator(users=USERS) as simulator:
        yield simulator


def logged_in(simulator: Simulator, name: str = "full", more: str = "") -> Client:
    """Log in, and read everything that the log-in brings."""
    client = Client(simulator.host, simulator.port)
    said = client.say(f"Action: Login\nUsername: {name}\nSecret: {SECRETS[name]}\n{more}\n")
    assert said.messages[0][0] == ("Response", "Success")
    return client


def names(client: Client) -> list[str]:
    """Return the names of the events that have arrived."""
    return [message[0][1] for message in client.say("").messages]


@pytest.mark.parametrize(
    ("release", "greeting"),
    [
        ("13", b"2.10.6"),
        ("16", b"5.0.4"),
        ("16.28.0", b"5.0.4"),
        ("20", b"9.0.0"),
        ("22.10.1", b"11.0.0"),
        ("23", b"12.0.0"),
    ],
)
def test_it_greets_as_its_release(release: str, greeting: bytes) -> None:
    with Simulator(asterisk=release) as simulator:
        client = Client(simulator.host, simulator.port)
        assert client.greeting == b"Asterisk Call Manager/" + greeting + b"\r\n"
        client.close()


@pytest.mark.parametrize("release", ["12", "24", "x", ""])
def test_an_unknown_release_is_refused_with_those_that_are_known(release: str) -> None:
    with pytest.raises(ValueError, match="13 to 23"):
        Simulator(asterisk=release)


@pytest.mark.parametrize("plain", [False, True])
def test_a_manager_logs_in_and_knows_the_release(simulator: Simulator, *, plain: bool) -> None:
    with ami.Manager() as manager:
        manager.connect(simulator.host, simulator.port)
        manager.login("full", SECRETS["full"], plain=plain, wait=5)
        assert str(manager.release) == "22.10.1"
        assert manager.execute(actions.Ping()).success


def test_a_url_leads_to_it(simulator: Simulator) -> None:
    with ami.Manager.from_url(simulator.url) as manager:
        manager.connect()
        assert simulator.sessions == ["full"]
        assert simulator.kick("full") == 1
        assert simulator.kick("nobody") == 0


async def _in_a_loop() -> None:
    async with Simulator(asterisk="16") as simulator, ami.AsyncManager() as manager:
        await manager.connect(simulator.host, simulator.port)
        await manager.login(simulator.user, simulator.secret)
        async with manager.subscribe(events.Hangup) as stream:
            simulator.emit(events.Hangup(channel="PJSIP/1-1", cause=17))
            assert (await stream.get(5)).cause == 17
        assert simulator.received(actions.Login, username="admin")
        with pytest.raises(RuntimeError, match="await your client"):
            simulator.wait_received(actions.Ping)


def test_it_runs_on_an_event_loop_as_well() -> None:
    asyncio.run(_in_a_loop())


@pytest.mark.parametrize(
    ("name", "secret"), [("full", "wrong"), ("nobody", "x"), ("barred", "from afar"), ("", ""), ("full", "")]
)
def test_a_refused_log_in_ends_the_connection_without_a_reason(simulator: Simulator, name: str, secret: str) -> None:
    client = Client(simulator.host, simulator.port)
    client.send(f"Action: Login\nActionID: 1\nUsername: {name}\nSecret: {secret}\n\n")
    assert list(client.messages()) == [[("Response", "Error"), ("ActionID", "1"), ("Message", "Authentication failed")]]
    client.close()


def test_a_wrong_secret_is_a_security_event_for_others(simulator: Simulator) -> None:
    observer = logged_in(simulator)
    client = Client(simulator.host, simulator.port)
    client.say("Action: Login\nUsername: full\nSecret: wrong\n\n")
    client.close()
    assert names(observer) == ["InvalidPassword"]
    observer.close()


def test_a_user_who_may_be_logged_in_once_is_refused_the_second_time(simulator: Simulator) -> None:
    first, second = logged_in(simulator, "single"), Client(simulator.host, simulator.port)
    assert second.say("Action: Login\nUsername: single\nSecret: once\n\n").messages == [
        [("Response", "Error"), ("Message", "Login Already In Use")]
    ]
    first.close()
    second.close()


def test_only_what_the_user_may_send_is_done(simulator: Simulator) -> None:
    with ami.Manager() as manager:
        manager.connect(simulator.host, simulator.port)
        manager.login("clerk", SECRETS["clerk"])
        with pytest.raises(ami.ActionFailed, match=r"Permission denied\. .*with the privilege originate or all"):
            manager.execute(actions.Originate(channel="PJSIP/1", application="Wait", data="1"))
        commands = manager.execute(actions.ListCommands()).commands
        assert "Ping" in commands
        assert "Hangup" in commands
        assert "Originate" not in commands


def test_events_reach_those_who_may_receive_all_their_classes(simulator: Simulator) -> None:
    full, clerk = logged_in(simulator), logged_in(simulator, "clerk")
    simulator.emit(events.Hangup(channel="PJSIP/1-1"))
    simulator.emit("Mixed", {"Privilege": "call,system,all"})
    simulator.emit(events.PeerStatus(peer="PJSIP/1"))
    simulator.emit("Unclassed", {"Header": "value"})
    assert names(clerk) == ["Hangup", "Unclassed"]
    assert names(full)[-4:] == ["Hangup", "Mixed", "PeerStatus", "Unclassed"]
    full.close()
    clerk.close()


@pytest.mark.parametrize(
    ("mask", "answer", "received"),
    [
        ("off", "Off", []),
        ("no", "Off", []),
        ("0", "Off", []),
        ("on", "On", ["Hangup", "PeerStatus"]),
        ("all", "On", ["Hangup", "PeerStatus"]),
        ("call", "On", ["Hangup"]),
        ("call,unknown", "On", ["Hangup"]),
        ("unknown", "Off", []),
        ("CALL", "Off", []),
        ("1", "On", ["PeerStatus"]),
        ("2", "On", ["Hangup"]),
    ],
)
def test_the_mask_selects_classes_of_events(simulator: Simulator, mask: str, answer: str, received: list[str]) -> None:
    client = logged_in(simulator)
    said = client.say(f"Action: Events\nEventMask: {mask}\n\n")
    assert said.messages == [[("Response", "Success"), ("Events", answer)]]
    simulator.emit(events.Hangup(channel="PJSIP/1-1"))
    simulator.emit(events.PeerStatus(peer="PJSIP/1"))
    assert names(client) == received
    client.close()


def test_a_log_in_without_events_brings_none(simulator: Simulator) -> None:
    client = logged_in(simulator, more="Events: off\n")
    simulator.emit(events.Hangup(channel="PJSIP/1-1"))
    assert names(client) == []
    client.close()


@pytest.mark.parametrize(
    ("release", "filters", "received"),
    [
        ("16", ["Filter: Channel: PJSIP/a"], ["Hangup"]),
        ("16", ["Filter: !Channel: PJSIP/a"], ["Newchannel"]),
        ("16", ["Filter: ^Event: (Hangup|Newchannel)[[:space:]]", "Filter: !PJSIP/b"], ["Hangup"]),
        ("16", ["MatchCriteria: name(Newchannel)\nFilter: Hangup"], ["Hangup"]),
        ("22", ["MatchCriteria: name(Newchannel)"], ["Newchannel"]),
        ("22", ["MatchCriteria: action(exclude),name(Newchannel)"], ["Hangup"]),
        ("22", ["MatchCriteria: header(Channel),method(ends_with)\nFilter: -1"], ["Hangup"]),
        ("22", ["MatchCriteria: header(Channel:) method(exact)\nFilter: PJSIP/b-2"], ["Newchannel"]),
        ("22", ["MatchCriteria: method(contains)\nFilter: !PJSIP/a"], ["Newchannel"]),
    ],
)
def test_filters_let_events_pass(release: str, filters: list[str], received: list[str]) -> None:
    with Simulator(asterisk=release, users=USERS) as simulator:
        client = logged_in(simulator)
        for each in filters:
            said = client.say(f"Action: Filter\nOperation: Add\n{each}\n\n")
            assert said.messages == [[("Response", "Success"), ("Message", "Success")]]
        simulator.emit(events.Hangup(channel="PJSIP/a-1"))
        simulator.emit(events.Newchannel(channel="PJSIP/b-2"))
        assert names(client) == received
        client.close()


@pytest.mark.parametrize(
    "criteria",
    ["bogus(1)", "name()", "action(maybe),name(X)", "action(exclude)", "name(X),method(regex)", "method(none)"],
)
def test_malformed_criteria_are_refused(simulator: Simulator, criteria: str) -> None:
    client = logged_in(simulator)
    said = client.say(f"Action: Filter\nOperation: Add\nMatchCriteria: {criteria}\n\n")
    assert said.messages[0][1][1].startswith("Filter was formatted incorrectly")
    client.close()


def test_a_user_may_begin_with_filters(simulator: Simulator) -> None:
    client = logged_in(simulator, "filtered")
    simulator.emit(events.Newchannel(channel="PJSIP/b-2"))
    simulator.emit(events.Hangup(channel="PJSIP/a-1"))
    assert names(client) == ["Hangup"]
    client.close()


def test_output_of_a_command_is_raw_text_before_asterisk_14() -> None:
    with Simulator(asterisk="13", users=USERS) as simulator:
        client = logged_in(simulator)
        simulator.answer(actions.Command, ["one", "two: three"])
        client.send("Action: Command\nActionID: 5\nCommand: x\n\n")
        lines = [client._lines.readline() for _ in range(7)]
        assert b"".join(lines) == (
            b"Response: Follows\r\nPrivilege: Command\r\nActionID: 5\r\none\ntwo: three\n--END COMMAND--\r\n\r\n"
        )
        client.close()


def test_what_the_release_lacks_is_unknown_and_not_sent() -> None:
    with Simulator(asterisk="16", users=USERS) as simulator:
        client = logged_in(simulator)
        said = client.say("Action: CoreShowChannelMap\n\n")
        assert said.messages[0][1][1].startswith("Invalid/unknown command: CoreShowChannelMap.")
        assert "CoreProcessedCalls" not in dict(client.say("Action: CoreStatus\n\n").messages[0])
        with pytest.raises(ValueError, match=r"has no CoreShowChannelMap: it is an action of Asterisk"):
            simulator.answer(actions.CoreShowChannelMap, "Done")
        client.close()


def test_a_privilege_of_another_release_counts_there() -> None:
    with Simulator(asterisk="13", users=USERS) as simulator:
        simulator.emit(events.Newexten(channel="PJSIP/1-1"))
        client = logged_in(simulator, "clerk")
        simulator.emit(events.Newexten(channel="PJSIP/1-1"))
        assert names(client) == ["Newexten"]
        client.close()


def test_waiting_for_an_event_blocks_the_session() -> None:
    clock = SteppedClock()
    with Simulator(users=USERS, clock=clock) as simulator:
        client = logged_in(simulator)
        client.send("Action: WaitEvent\nActionID: 1\nTimeout: 60\n\nAction: Ping\nActionID: 2\n\n")
        simulator.wait_received(actions.WaitEvent)
        clock.advance(59)
        simulator.emit(events.Hangup(channel="PJSIP/1-1"))
        heard = client.messages()
        assert [next(heard)[0][1] for _ in range(4)] == ["Success", "Hangup", "WaitEventComplete", "Success"]
        client.send("Action: WaitEvent\nTimeout: 60\n\n")
        simulator.wait_received(actions.WaitEvent, event_timeout=timedelta(seconds=60))
        while len(simulator.received(actions.WaitEvent)) < 2:
            time.sleep(0.001)
        clock.advance(60)
        assert [next(heard)[0][1] for _ in range(2)] == ["Success", "WaitEventComplete"]
        client.close()


def test_a_client_that_does_not_log_in_is_dropped_in_time() -> None:
    clock = SteppedClock()
    with Simulator(users=USERS, clock=clock, settings=Settings(authtimeout=30)) as simulator:
        waiting, other = Client(simulator.host, simulator.port), logged_in(simulator)
        clock.advance(31)
        assert list(waiting.messages()) == []
        assert other.say("Action: Ping\n\n").messages
        waiting.close()
        other.close()


def test_connections_beyond_the_limit_are_closed_without_a_greeting() -> None:
    with Simulator(users=USERS, settings=Settings(authlimit=1)) as simulator:
        first, second = Client(simulator.host, simulator.port), Client(simulator.host, simulator.port)
        assert (first.greeting[:8], second.greeting) == (b"Asterisk", b"")
        with ami.Manager() as manager, pytest.raises(ami.TurnedAway):
            manager.connect(simulator.host, simulator.port)
        first.close()
        second.close()


def test_a_client_that_reads_nothing_is_dropped_after_its_write_timeout() -> None:
    impatient = User("impatient", "now", writetimeout=0.05)
    with (
        Simulator(users=[impatient]) as simulator,
        socket.create_connection((simulator.host, simulator.port)) as client,
    ):
        client.sendall(b"Action: Login\r\nUsername: impatient\r\nSecret: now\r\n\r\n")
        simulator.wait_received(actions.Login)
        event = events.Hangup(channel="PJSIP/1-1", caller_id_name="x" * 100_000)
        for _ in range(300):
            simulator.emit(event)
        deadline = time.monotonic() + 10
        while simulator.sessions and time.monotonic() < deadline:
            time.sleep(0.01)
        assert simulator.sessions == []


def test_a_server_that_starts_tells_when_it_has_booted() -> None:
    with Simulator(users=USERS) as simulator, ami.Manager() as manager, ThreadPoolExecutor(1) as threads:
        simulator.unboot()
        manager.connect(simulator.host, simulator.port)
        login = threads.submit(manager.login, "full", SECRETS["full"], wait=10)
        simulator.wait_received(actions.Login)
        assert not login.done()
        simulator.boot()
        login.result(5)


def test_headers_that_settings_add_are_in_every_event() -> None:
    clock = SteppedClock(1_700_000_000)
    settings = Settings(systemname="pbx", timestampevents=True, disabledevents=["Newchannel"])
    with Simulator(users=USERS, settings=settings, clock=clock) as simulator:
        client = logged_in(simulator)
        simulator.emit(events.Newchannel(channel="PJSIP/1-1"))
        simulator.emit("Own", {"Privilege": "call,all", "Header": "value"})
        assert client.say("").messages[-1] == [
            ("Event", "Own"),
            ("Privilege", "call,all"),
            ("Timestamp", "1700000000.000000"),
            ("SystemName", "pbx"),
            ("Header", "value"),
        ]
        client.close()


def test_a_bare_line_feed_ends_a_line_and_a_nul_cuts_it(simulator: Simulator) -> None:
    client = logged_in(simulator)
    client._socket.sendall(b"Action: Ping\nActionID:   a\0b\n\n")
    assert dict(next(client.messages()))["ActionID"] == "a"
    client.close()


@pytest.mark.parametrize("release", ["16.28.0", "22.10.1"])
def test_a_whole_conversation_is_answered(release: str) -> None:
    """The live tests have the same conversation with Asterisk; here nothing may remain unanswered."""
    with Simulator(asterisk=release, users=USERS, settings=Settings(modules=["app_dial"])) as simulator:
        said = compared(talk(simulator.host, simulator.port, SECRETS))
        assert all(each.messages for each in said if each.action)


def test_two_hundred_simulators_share_a_thread() -> None:
    simulators = [Simulator(asterisk="18") for _ in range(200)]
    try:
        for each in simulators:
            each.start()
        clients = [Client(each.host, each.port) for each in simulators[::20]]
        assert {client.greeting for client in clients} == {b"Asterisk Call Manager/7.0.3\r\n"}
        for client in clients:
            client.close()
    finally:
        for each in simulators:
            each.stop()


def test_misuse_is_explained() -> None:
    simulator = Simulator()
    with pytest.raises(RuntimeError, match="enter it first"):
        simulator.emit(events.Hangup(channel="PJSIP/1-1"))
    with simulator, pytest.raises(RuntimeError, match="runs already"):
        simulator.start()
    with pytest.raises(ValueError, match="at least one user"):
        Simulator(users=[])
    with pytest.raises(ValueError, match=r"read of user 'a': there is no class 'calls' in manager\.conf"):
        User("a", "b", read="calls")
    with pytest.raises(ValueError, match="did not compile"):
        User("a", "b", eventfilter=["("])
    with pytest.raises(ValueError, match="authtimeout"):
        Settings(authtimeout=0)
