"""Log-in, requests and answers against a real Asterisk."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import actions, events
from tests.live import servers
from tests.live.servers import ForeignServer, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faces import Make

AnyServer = Server | ForeignServer


def test_the_right_secret_logs_in_by_challenge_and_queries_the_release(server: AnyServer) -> None:
    with ami.Manager() as manager:
        manager.connect(server.host, server.port)
        info = manager.get_asterisk_info()
        assert info is not None
        assert info[0] == "Asterisk Call Manager"
        manager.login(server.full.name, server.full.secret)
        assert manager.release is not None
        if isinstance(server, Server):
            assert str(manager.release) == server.release


def test_the_plain_secret_logs_in_on_request(server: AnyServer) -> None:
    with ami.Manager() as manager:
        manager.connect(server.host, server.port)
        manager.login(server.full.name, server.full.secret, plain=True)
        assert manager.execute(actions.Ping()).success


def test_a_wrong_secret_is_refused_with_the_servers_own_words(server: AnyServer) -> None:
    with ami.Manager() as manager:
        manager.connect(server.host, server.port)
        with pytest.raises(ami.LoginFailed, match="Authentication failed") as refused:
            manager.login(server.full.name, "not-the-secret")
        assert "not-the-secret" not in str(refused.value) + repr(refused.value.request)


def test_login_waits_until_the_server_is_fully_booted(server: AnyServer) -> None:
    with ami.Manager() as manager:
        manager.connect(server.host, server.port)
        manager.login(server.full.name, server.full.secret, wait=10)


def test_an_action_before_the_log_in_is_refused(server: AnyServer) -> None:
    with ami.Manager() as manager:
        manager.connect(server.host, server.port)
        with pytest.raises(ami.ActionFailed, match="Permission denied"):
            manager.execute(actions.CoreSettings())


def test_a_user_without_the_privilege_is_refused(server: AnyServer) -> None:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the users of our own servers")
    with ami.Manager() as manager:
        manager.connect(server.host, server.port)
        manager.login(server.reader.name, server.reader.secret)
        with pytest.raises(ami.ActionFailed, match=r"Permission denied\. .*privilege originate or all"):
            manager.execute(actions.Originate(channel="Local/100@default", application="Wait", data="1"))


def test_core_settings_are_typed(manager: ami.Manager) -> None:
    settings = manager.execute(actions.CoreSettings())
    assert settings.asterisk_version
    assert settings.core_max_calls >= 0


def test_a_command_returns_every_line(manager: ami.Manager) -> None:
    lines = manager.execute(actions.Command(command="core show applications")).output
    assert len(lines) > 100
    assert any("Dial" in line for line in lines)


def test_a_failed_command_quotes_its_output(manager: ami.Manager) -> None:
    with pytest.raises(ami.ActionFailed, match="Asterisk refused Command: No such command 'no such command'"):
        manager.execute(actions.Command(command="no such command"))


def hold(manager: ami.Manager, name: str, value: str) -> None:
    """Set a global variable to a text that may have line ends in it, by way of the dialplan."""
    encoded = base64.b64encode(value.encode()).decode()
    steps = {"1": ("Set", f"GLOBAL({name})=${{BASE64_DECODE({encoded})}}"), "2": ("Answer", ""), "3": ("Wait", "1")}
    for priority, (application, data) in steps.items():
        manager.execute(
            actions.DialplanExtensionAdd(
                context="held",
                extension=name,
                priority=priority,
                application=application,
                application_data=data,
                replace=True,
            )
        )
    call = actions.Originate(channel=f"Local/{name}@held", application="Wait", data="0")
    assert manager.originate(call).response == "Success"


def at_hand(stream: ami.EventStream[events.Hangup]) -> Iterator[events.Hangup]:
    """Take the events that have come."""
    with suppress(ami.EventTimeout):
        while True:
            yield stream.get(0)


@pytest.mark.parametrize("line", ["Event: Hangup", "Response: Error", "ActionID: other", "EventList: Complete"])
def test_a_value_with_a_line_end_makes_no_event_and_no_other_answer(manager: ami.Manager, line: str) -> None:
    hold(manager, "HELD", f"a\r\n{line}")
    orphans: list[object] = []
    manager.register_callback(None, lambda orphan, _: orphans.append(orphan))
    with manager.subscribe(events.Hangup) as stream:
        answer = manager.execute(actions.Getvar(variable="HELD"))
        assert answer.value == "a"
        assert answer.raw[-1] == line
        assert manager.execute(actions.Ping()).success
        assert all(event["Channel"] for event in at_hand(stream))  # the call that `hold` has made ends about now
    assert orphans == []


def test_the_link_is_not_ended_while_a_call_rings_that_is_waited_for(server: AnyServer, make: Make) -> None:
    manager = make()
    manager.connect(server.host, server.port)
    manager.login(server.full.name, server.full.secret, events="off")
    orphans: list[object] = []
    manager.register_callback(None, lambda orphan, _: orphans.append(orphan))
    manager.monitor_connection(0.3)
    call = actions.Originate(
        channel="Local/104@default", application="Wait", data="0", call_timeout=timedelta(seconds=3)
    )
    with pytest.raises(ami.ActionFailed, match="Originate failed"):
        manager.execute(call)
    assert manager.is_connected()
    assert manager.execute(actions.Ping()).success
    assert orphans == []


def test_a_user_who_may_not_query_the_release_learns_its_branch(manager: ami.Manager, server: AnyServer) -> None:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the users of our own servers")
    with ami.Manager() as other:
        other.connect(server.host, server.port)
        other.login(server.reader.name, server.reader.secret)
        assert other.release is not None
        assert manager.release is not None
        assert (other.release.branch, other.release.exact) == (manager.release.branch, False)


def test_an_event_that_the_mask_keeps_away_is_explained(manager: ami.Manager) -> None:
    manager.execute(actions.Events(event_mask=["agent"]))
    call = actions.Originate(
        channel="Local/101@default", application="Wait", data="0", call_timeout=timedelta(seconds=1)
    )
    with pytest.raises(ami.EventTimeout, match="OriginateResponse requires call in the event mask of this connection"):
        manager.originate(call, margin=0)


def test_leading_whitespace_of_a_value_is_stripped_as_logged(
    manager: ami.Manager, caplog: pytest.LogCaptureFixture
) -> None:
    manager.execute(actions.Setvar(variable="BLANKS", value="  x  "))
    assert manager.execute(actions.Getvar(variable="BLANKS")).value == "x  "
    assert "Setvar: Asterisk strips the whitespace at the beginning of Value." in caplog.text


def test_a_configuration_file_is_read(manager: ami.Manager) -> None:
    answer = manager.execute(actions.GetConfig(filename="manager.conf"))
    assert answer.success
    assert "general" in {value for name, value in answer.items() if name.startswith("Category-")}


def test_an_event_caused_by_another_client_is_received(manager: ami.Manager, server: AnyServer) -> None:
    with ami.Manager() as other, manager.subscribe(events.UserEvent) as stream:
        other.connect(server.host, server.port)
        other.login(server.full.name, server.full.secret)
        other.send_action(ami.Request("UserEvent", UserEvent="Shout", Who="größer"))
        event = stream.get(timeout=5)
    assert event["Who"] == "größer"


def test_a_list_is_whole_with_foreign_events_in_between(manager: ami.Manager, server: AnyServer) -> None:
    heard: list[str] = []
    manager.register_callback(events.UserEvent, lambda event, _: heard.append(event["Number"]))
    stop = threading.Event()
    sent = 0

    def shout() -> None:
        nonlocal sent
        with ami.Manager() as other:
            other.connect(server.host, server.port)
            other.login(server.full.name, server.full.secret)
            while not stop.is_set():
                other.execute(ami.Request("UserEvent", UserEvent="Shout", Number=sent))
                sent += 1

    with ThreadPoolExecutor(1) as pool:
        shouting = pool.submit(shout)
        lists = [manager.execute(actions.ListCommands()) for _ in range(5)]
        queues = [manager.execute(actions.QueueStatus()) for _ in range(20)]
        stop.set()
        shouting.result()
    assert all(queue.valid for queue in queues)
    assert len({len(queue.members) for queue in queues}) == 1
    assert all(answer.success for answer in lists)
    with manager.subscribe(events.UserEvent) as stream:
        manager.execute(ami.Request("UserEvent", UserEvent="Shout", Number="last"))
        while stream.get(timeout=5)["Number"] != "last":
            pass
    manager.close()
    assert heard == [*map(str, range(sent)), "last"]


def test_a_hundred_requests_in_flight_from_twenty_threads_get_their_own_answers(manager: ami.Manager) -> None:
    def ask(number: int) -> tuple[str, str | None]:
        value = f"value {number}"
        manager.execute(actions.Setvar(variable=f"AMI_TYPED_{number}", value=value))
        return value, manager.execute(actions.Getvar(variable=f"AMI_TYPED_{number}"))["Value"]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(100)))
    assert all(sent == received for sent, received in answers)


def test_a_blocked_callback_loses_counted_events_but_no_connection(server: AnyServer) -> None:
    """A server closes a link that is not read for a tenth of a second, so what blocks too long would lose it."""
    limits = ami.Limits(events=100)
    leave = threading.Event()
    told: list[ami.Event] = []

    def stuck(event: ami.Event, _: ami.Manager) -> None:
        leave.wait(60)
        told.append(event)

    with ami.Manager(limits=limits, overflow=ami.Overflow.DROP_OLDEST) as manager, ami.Manager() as other:
        for each in (manager, other):
            each.connect(server.host, server.port)
            each.login(server.full.name, server.full.secret)
        other.execute(actions.Events(event_mask="off"))
        manager.register_callback(events.UserEvent, stuck)
        manager.register_callback(ami.EventsLost, stuck)

        def shout(number: int) -> bool:
            request = ami.Request[ami.Answer]("UserEvent", UserEvent="Flood", Number=number, Payload="x" * 900)
            return other.execute(request).success

        with manager.subscribe(events.UserEvent, limit=5000) as stream, ThreadPoolExecutor(8) as pool:
            assert all(pool.map(shout, range(5000)))
            for _ in range(5000):
                stream.get(timeout=10)
            assert manager.execute(actions.Ping()).success
        leave.set()
    lost = sum(event.count for event in told if isinstance(event, ami.EventsLost))
    assert lost > 4000
    assert lost + sum(isinstance(event, events.UserEvent) for event in told) == 5000


@pytest.mark.parametrize("release", servers.targets())
def test_a_request_fails_at_once_when_the_server_is_killed(release: str) -> None:
    if ":" in release:
        pytest.skip("NOT RUN: kills the server, so only one of our own")
    with servers.start(release) as server, ami.Manager() as manager:
        assert isinstance(server, Server)
        manager.connect(server.host, server.port)
        manager.login(server.full.name, server.full.secret)
        with ThreadPoolExecutor(1) as pool:
            with server.frozen():
                waiting = pool.submit(manager.execute, actions.CoreSettings(), timeout=60)
                pending = manager._connected().session._pending
                while not any(exchange.written for exchange in list(pending.values())):
                    threading.Event().wait(0.01)
                server.kill()
            with pytest.raises(ami.OutcomeUnknown, match="CoreSettings"):
                waiting.result(timeout=10)
        assert not manager.is_connected()
        with pytest.raises(ami.NotConnected):
            manager.execute(actions.Ping())
        server.boot()
        manager.connect(server.host, server.port)
        manager.login(server.full.name, server.full.secret)
        assert manager.execute(actions.Ping()).success
