"""A simulator says what Asterisk says, header by header."""

from __future__ import annotations

import math
import time

import pytest

import ami_typed as ami
from ami_typed import actions, events
from ami_typed.testing import Recording, Settings, Simulator, Tap, User
from tests.live.servers import ForeignServer, Server
from tests.simulator.conversation import compared, talk

CALL = (events.Newchannel, events.Newstate, events.NewConnectedLine, events.OriginateResponse, events.Hangup)


def test_a_simulator_has_the_same_conversation(server: Server | ForeignServer) -> None:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the users of our own servers")
    secrets = {name: server.users[name].secret for name in ("full", "reader", "barred")}
    users = [
        User("full", secrets["full"]),
        User("reader", secrets["reader"], write=""),
        User("barred", secrets["barred"], deny=["0.0.0.0/0"]),
    ]
    settings = Settings(timestampevents=True, modules=["app_dial"])
    with Simulator(asterisk=server.release, users=users, settings=settings) as simulator:
        simulated = compared(talk(simulator.host, simulator.port, secrets))
    hang_up_everything(server)
    real = simulated[:0]
    for _ in range(3):  # the events of a real server come from other threads, now and then after the next answer
        real = compared(talk(server.host, server.port, secrets))
        if real == simulated:
            break
    for expected, said in zip(real, simulated, strict=True):
        assert said == expected


def hang_up_everything(server: Server) -> None:
    """End the calls that other tests have left."""
    with ami.Manager() as manager:
        manager.connect(server.host, server.port)
        manager.login(server.full.name, server.full.secret)
        manager.send_action(actions.Hangup(channel="/.*/"))
        deadline = time.monotonic() + 10
        while manager.execute(actions.CoreShowChannels()).channels and time.monotonic() < deadline:
            time.sleep(0.1)


def test_a_recording_of_a_call_replays_to_the_same_typed_events(server: Server | ForeignServer) -> None:
    received: list[ami.Event] = []
    with Tap(server.host, server.port) as tap, ami.Manager() as manager:
        manager.connect(tap.host, tap.port)
        manager.login(server.full.name, server.full.secret)
        with manager.subscribe(*CALL) as stream:
            manager.execute(actions.CoreShowChannels())
            call = actions.Originate(channel="Local/100@default", application="Wait", data="1", async_=True)
            manager.execute(call)
            while sum(isinstance(event, events.Hangup) for event in received) < 2:
                received.append(stream.get(20))
        recording = Recording.of(tap.recording().redacted(addresses=True).text())
    release = server.release if isinstance(server, Server) else "22"
    with Simulator(asterisk=release, telephony=None) as simulator, ami.Manager() as manager:
        simulator.replay(recording, speed=math.inf)
        manager.connect(simulator.host, simulator.port)
        with manager.subscribe(*CALL) as stream:
            manager.login(simulator.user, simulator.secret)
            replayed = [stream.get(5) for _ in received]
        assert manager.execute(actions.CoreShowChannels()).valid
    assert [type(event) for event in replayed] == [type(event) for event in received]
    assert [event.process() for event in replayed] == [event.process() for event in received]
