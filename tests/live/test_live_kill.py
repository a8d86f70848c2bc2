"""A real Asterisk that is killed at random moments under load: nothing is lost or doubled that was promised.

What is promised: each request is answered, or fails and says whether it left; none is ever sent twice; events come in
order, without one missing before the link broke; each gap is announced where it is.
"""

from __future__ import annotations

import random
import secrets
import threading
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import ami_typed as ami
from ami_typed import Disconnected, Reconnect, Reconnected, actions, events
from tests.faces import FACES, face
from tests.live import servers
from tests.live.servers import FOREIGN, Server
from tests.support import PATIENCE, background

if TYPE_CHECKING:
    from concurrent.futures import Future

KILLS = 3
SHOUTING = 6
CALLING = 2


class Sent(NamedTuple):
    """A request that was sent, and what came of it.

    Attributes:
        who: Which thread sent it.
        number: Which one it is among those of its thread.
        fate: ``answered``, ``not sent`` or ``unknown``.
        connection: What the ActionIDs of its connection begin with; empty where there was no answer.
    """

    who: int
    number: int
    fate: str
    connection: str = ""


def connection_of(action_id: str) -> str:
    return action_id.rpartition("-")[0]


class Load:
    """What many threads do with one manager until they are told to stop."""

    def __init__(self, manager: ami.Manager) -> None:
        self._manager = manager
        self._stop = threading.Event()
        self.shouts: list[Sent] = []
        self.calls: list[Sent] = []
        self.heard: list[ami.Event] = []
        self.progress = threading.Semaphore(0)
        stream = manager.subscribe(events.UserEvent, events.Newchannel, Disconnected, Reconnected, limit=1_000_000)
        self._hearing = background(self._hear, stream)
        self._acting: list[Future[None]] = [background(self._shout, who) for who in range(SHOUTING)]
        self._acting += [background(self._call, who) for who in range(CALLING)]

    def _hear(self, stream: ami.EventStream[Any]) -> None:
        for event in stream:
            self.heard.append(event)
            if isinstance(event, Reconnected):
                self.progress.release()

    def _shout(self, who: int) -> None:
        number = 0
        while not self._stop.is_set():
            request = ami.Request[Any]("UserEvent", UserEvent="Shout", Who=who, Number=number)
            self.shouts.append(self._fate(who, number, lambda request=request: self._manager.send_action(request)))
            number += 1

    def _call(self, who: int) -> None:
        number = 0
        while not self._stop.is_set():
            request = actions.Originate(
                channel="Local/101@default", application="Wait", data="1", channel_id=f"call-{who}-{number}"
            )
            self.calls.append(self._fate(who, number, lambda request=request: self._manager.originate(request)))
            number += 1

    def _fate(self, who: int, number: int, send: Any) -> Sent:
        try:
            outcome = send()
        except (ami.NotConnected, ami.RequestNotSent):
            self._stop.wait(0.01)
            return Sent(who, number, "not sent")
        except ami.ConnectionLost:  # the answer, or behind it the outcome of the call, did not come
            return Sent(who, number, "unknown")
        except ami.ActionFailed:  # it is still booting
            return Sent(who, number, "answered")
        assert outcome is not None, "neither answer nor error within the request's time"
        return Sent(who, number, "answered", connection_of(outcome.action_id))

    def end(self) -> None:
        self._stop.set()
        for each in self._acting:
            each.result(PATIENCE)
        self._manager.close()
        self._hearing.result(PATIENCE)


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize("release", servers.targets())
def test_a_server_that_is_killed_at_random_moments_under_load_loses_and_doubles_nothing(
    release: str, name: str
) -> None:
    if ":" in release:
        pytest.skip(f"NOT RUN: kills the server, so only one of our own, not that of {FOREIGN}")
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    with servers.start(release) as server, face(name, reconnect=Reconnect(first=0.05, ceiling=0.5)) as manager:
        assert isinstance(server, Server)
        manager.connect(server.host, server.port)
        manager.login(server.full.name, server.full.secret, wait=PATIENCE)
        load = Load(manager)
        for _ in range(KILLS):
            threading.Event().wait(0.2 + dice.random())
            server.kill()
            server.boot()
            assert load.progress.acquire(timeout=PATIENCE)
        threading.Event().wait(0.5)
        load.end()
    check_gaps(load)
    check_shouts(load)
    check_calls(load)


def check_gaps(load: Load) -> None:
    """Each gap was announced, and over."""
    notices = [type(event) for event in load.heard if isinstance(event, (Disconnected, Reconnected))]
    assert notices == [Disconnected, Reconnected] * KILLS


def check_shouts(load: Load) -> None:
    """What was not sent was not heard; what was heard, once, in order, on the connection it was sent on."""
    fates = {(each.who, each.number): each for each in load.shouts}
    assert Counter(each.fate for each in load.shouts).keys() == {"answered", "not sent", "unknown"}
    parts = [
        list(part)
        for gap, part in groupby(load.heard, lambda event: isinstance(event, (Disconnected, Reconnected)))
        if not gap
    ]
    seen: Counter[tuple[int, int]] = Counter()
    connections: list[str] = []
    for part in parts:
        shouts = [event for event in part if isinstance(event, events.UserEvent)]
        connections += {connection_of(event["ActionID"]) for event in shouts}
        for who in range(SHOUTING):
            numbers = [int(event["Number"]) for event in shouts if event["Who"] == str(who)]
            assert numbers == sorted(numbers)
            seen.update((who, number) for number in numbers)
            if numbers:
                promised = {
                    number
                    for number in range(numbers[0], numbers[-1])
                    if fates[who, number].connection == connections[-1]
                }
                assert promised <= set(numbers)
    assert max(seen.values()) == 1
    assert "not sent" not in {fates[each].fate for each in seen}
    assert len(connections) == len(set(connections)) == KILLS + 1  # nothing was heard behind the gap of its connection
    assert len(seen) > 100


def check_calls(load: Load) -> None:
    """What was not sent made no channel, and nothing made more than its own."""
    channels = Counter(
        event["Uniqueid"]
        for event in load.heard
        if isinstance(event, events.Newchannel) and event["Uniqueid"].startswith("call-")
    )
    assert max(channels.values()) == 1
    not_sent = {f"call-{each.who}-{each.number}" for each in load.calls if each.fate == "not sent"}
    assert not not_sent & {channel.partition(";")[0] for channel in channels}
