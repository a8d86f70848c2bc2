"""A simulator says what Asterisk says, header by header."""

from __future__ import annotations

import pytest

from ami_typed.testing import Settings, Simulator, User
from tests.live.servers import ForeignServer, Server
from tests.simulator.conversation import compared, talk


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
    real = compared(talk(server.host, server.port, secrets))
    for expected, said in zip(real, simulated, strict=True):
        assert said == expected
