"""The page about calls is true."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ami_typed as ami
from ami_typed import events, live
from ami_typed.pbx import Pbx as Live
from tests.live_model.conversations import attended_transfer, talk
from tests.live_model.flows import Played
from tests.live_model.lists import Lists, lists_of
from tests.live_model.pbx import Pbx
from tests.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ami_typed.messages import Event

PAGE = (Path(__file__).parents[2] / "docs" / "pages" / "live.md").read_text("utf-8")


class Server:
    """A manager whose server tells of some events and answers with lists."""

    def __init__(self, flow: list[Event], lists: Lists = ([], [])) -> None:
        self.flow = flow
        self.channels, self.bridges = lists

    def live(self) -> Live:
        return Live(self)

    def received_events(self) -> frozenset[str] | None:
        return None

    def subscribe(self, *_: object) -> Stream:
        return Stream(self.flow)

    def execute(self, request: ami.Request[Any]) -> Any:
        return self if request.action != "CoreStatus" else dict.fromkeys(("CoreStartupDate", "CoreStartupTime"), "")


class Stream:
    """A stream of events that ends, and in which none waits while lists are read."""

    def __init__(self, flow: list[Event]) -> None:
        self.flow = flow
        self.go_on = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        return iter(self.flow)

    def get(self, timeout: float | None = None) -> Event:
        return self.get_batch(timeout)[0]

    def get_batch(self, timeout: float | None = None) -> list[Event]:
        if timeout == 0:
            threading.Timer(0.2, self.go_on.set).start()
            raise ami.EventTimeout("nothing")
        assert self.go_on.wait(PATIENCE)
        flow, self.flow = self.flow, []
        if not flow:
            raise StopIteration
        return flow

    def close(self) -> None:
        pass


def names_of_the_page() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    return names


def test_the_code_of_the_page_tells_of_calls(capsys: Any) -> None:
    names = names_of_the_page()
    pbx = Pbx()
    attended_transfer(pbx)
    names["log_calls"](Server(pbx.events))
    told = capsys.readouterr().out
    assert "201 rings 202" in told
    assert "202 hands 201 over" in told
    assert "'reason': 'completed'" in told


def test_the_code_of_the_page_loads_what_was_there_before(capsys: Any) -> None:
    names = names_of_the_page()
    pbx = Pbx()
    talk(pbx)
    model = live.Model()
    names["load"](Server([], lists_of(Played(pbx.events).model)), model, Stream([]))
    assert [call.state for call in model.calls] == [live.CallState.TALKING]
    names["show"](model)
    assert "CallState.TALKING" in capsys.readouterr().out


def test_the_page_lists_every_change_and_every_reason() -> None:
    changes = [name for name in live.__all__ if name.startswith("Call") and issubclass_of_change(name)]
    assert [name for name in changes if f"`{name}`" not in PAGE] == []
    assert [reason for reason in live.EndReason if f"`{reason.value}`" not in PAGE] == []


def issubclass_of_change(name: str) -> bool:
    value = getattr(live, name)
    return isinstance(value, type) and issubclass(value, live.Change) and value is not live.CallChange


def test_the_page_names_the_privileges_of_the_events() -> None:
    needed = {event: set(event.privileges) for event in live.CALL_EVENTS}
    others = {event for event, privileges in needed.items() if "call" not in privileges}
    assert needed[events.VarSet] == {"dialplan"}
    assert {event.__name__ for event in others} == {
        "VarSet",
        "QueueCallerJoin",
        "QueueCallerLeave",
        "QueueCallerAbandon",
    }


def test_importing_the_package_does_not_load_the_model() -> None:
    code = "import ami_typed, sys; print('ami_typed.live' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "False\n"


def test_the_code_of_the_page_goes_on_after_a_gap(capsys: Any) -> None:
    names = names_of_the_page()
    calls = Pbx()
    for _ in range(1002):
        calls.hang_up(calls.call_in("PJSIP/alice", "201", "202"))
    with Server(calls.events).live() as pbx:
        counted = pbx.changes

        def changes(*kinds: Any, **bound: Any) -> Any:
            stream, everything = counted(*kinds, **bound), counted(*kinds)
            for _ in range(1002):
                everything.get(PATIENCE)
            pbx.close()
            return stream

        setattr(pbx, "changes", changes)  # noqa: B010 - what the page's function is given falls behind
        names["print_ended"](pbx)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "2 changes are missing here"
    assert len(told) == 1001


def test_the_page_lists_every_kind_of_object_and_every_change() -> None:
    kinds = [name for name in live.__all__ if is_change(getattr(live, name))]
    assert [name for name in kinds if f"`{name}`" not in PAGE] == []
    assert [name for name in live.KINDS if f"| `{name}` |" not in PAGE] == []


def is_change(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, live.Change) and value.__subclasses__() == []


def test_the_page_names_lists_and_events_of_what_is_watched() -> None:
    """Events with a common beginning are named by it."""
    patterns = [re.escape(each).replace(r"\.\.\.", r"\w+") for each in re.findall(r"`(\w+(?:\.\.\.)?)`", PAGE)]
    named = re.compile("|".join(patterns))
    needed = [need.message for need in live.Model().needs if need.watched != "calls" or need.access == "write"]
    assert [name for name in needed if not named.fullmatch(name)] == []


def test_the_code_of_the_page_refreshes_whatever_is_watched(capsys: Any) -> None:
    names = names_of_the_page()
    pbx = Pbx()
    talk(pbx)
    model = live.Model(watch={"calls": True})
    names["refresh"](Server([], lists_of(Played(pbx.events).model)), model, Stream([]))
    assert [call.state for call in model.calls] == [live.CallState.TALKING]


def test_the_code_of_the_page_shows_what_is_watched(capsys: Any) -> None:
    names = names_of_the_page()
    model = live.Model(watch={"agents": True})
    names["check"](model)
    assert "agents AgentLogin read ('agent',)" in capsys.readouterr().out
