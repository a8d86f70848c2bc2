"""The asyncio face on uvloop's event loop: what is tested on asyncio's own is tested again, where uvloop is installed.

Played are the coroutines of `test_aio`, and the tests of both faces about connecting and reconnecting.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests import test_aio, test_connecting, test_reconnect
from tests.faces import face
from tests.test_aio import elsewhere
from tests.test_connecting import certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import ModuleType

    import ami_typed as ami
    from tests.faces import Make
    from tests.support import Server

uvloop: Any = pytest.importorskip("uvloop", reason="NOT RUN: uvloop is not installed; it is not for every platform")

pytestmark = pytest.mark.usefixtures("gadgets")

__all__ = ["certificate", "elsewhere"]

OWN = {
    "test_of_several_addresses_those_that_refuse_are_passed_over",
    "test_where_no_address_answers_each_is_told",
    "test_an_address_that_never_answers_has_its_part_of_the_time_out_only",
    "test_an_address_of_a_family_that_this_machine_does_not_speak_is_passed_over",
    "test_a_name_server_that_does_not_answer_is_not_waited_for",
}
"""What stands in for the resolver, which uvloop brings in C."""


def played_of(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    """Find the tests that run on an event loop."""
    for name, test in vars(module).items():
        if not name.startswith("test_") or not inspect.isfunction(test) or name in OWN:
            continue
        own_loop = {"make", "elsewhere", "trouble"} & {*inspect.signature(test).parameters}
        if inspect.iscoroutinefunction(inspect.unwrap(test)) or own_loop:
            yield name, test


for each in (test_aio, test_connecting, test_reconnect):
    globals().update(played_of(each))


@pytest.fixture(autouse=True)
def _event_loops_of_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)

    monkeypatch.setattr(asyncio, "run", run)
    monkeypatch.setattr(asyncio, "new_event_loop", uvloop.new_event_loop)


@pytest.fixture
def make() -> Iterator[Make]:
    """What makes managers of the face with an event loop."""
    with ExitStack() as stack:

        def make_manager(*how: Any, **options: Any) -> ami.Manager:
            return stack.enter_context(face("asyncio", *how, **options))

        yield make_manager


def test_the_event_loop_is_uvloops(server: Server, make: Make) -> None:
    manager = make()
    server.link(manager)
    transport: Any = manager.get_connection()
    assert type(transport).__module__.startswith("uvloop")
    assert len({*played_of(test_aio)}) > 30
