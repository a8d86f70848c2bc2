"""Forked children and a real Asterisk: what they do to their copy of a manager, the server and the parent never see."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import actions, events
from tests.support import PATIENCE
from tests.test_forks import SENTENCE, complaint, finish, in_child

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faces import Make
    from tests.live.servers import ForeignServer, Server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT RUN: this system does not fork")


def forget(held: list[Any]) -> None:
    held.clear()
    gc.collect()


CHILDREN: list[Callable[[list[Any]], object]] = [
    lambda held: complaint(lambda: held[0].execute(actions.Ping())),
    lambda held: complaint(held[0].logoff),
    lambda held: finish(held[0].close()),
    forget,
]


def test_nothing_that_children_do_to_their_copy_reaches_the_server(server: Server | ForeignServer, make: Make) -> None:
    manager = make()
    manager.connect(server.host, server.port)
    manager.login(server.full.name, server.full.secret)
    raw: Any = getattr(manager, "_face", manager)
    with manager.subscribe(events.UserEvent) as stream:
        for number, child in enumerate(CHILDREN):
            told = in_child(lambda child=child: child([raw]))  # type: ignore[misc]  # mypy infers no lambda with a default
            assert told is None or SENTENCE in told
            manager.execute(actions.UserEvent(user_event="Forked", headers={"Number": str(number)}))
            assert stream.get(PATIENCE)["Number"] == str(number)
    assert isinstance(manager.execute(actions.Ping()), ami.Message)
