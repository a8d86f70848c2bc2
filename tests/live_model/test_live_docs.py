"""The page about calls is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import ami_typed as ami
from ami_typed import events, live
from tests.live_model.conversations import attended_transfer, talk
from tests.live_model.flows import Played
from tests.live_model.lists import Lists, lists_of
from tests.live_model.pbx import Pbx

PAGE = (Path(__file__).parents[2] / "docs" / "pages" / "live.md").read_text("utf-8")


class Manager:
    """A manager that has only a stream of events."""

    def __init__(self, flow: list[Any]) -> None:
        self.flow = flow

    def subscribe(self, *_: object) -> Manager:
        return self

    def __enter__(self) -> list[Any]:
        return self.flow

    def __exit__(self, *_: object) -> None:
        pass


def test_the_code_of_the_page_tells_of_calls(capsys: Any) -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    pbx = Pbx()
    attended_transfer(pbx)
    names["log_calls"](Manager(pbx.events))
    told = capsys.readouterr().out
    assert "201 rings 202" in told
    assert "202 hands 201 over" in told
    assert "'reason': 'completed'" in told
    names["show"](live.Model())


def test_the_code_of_the_page_loads_what_was_there_before() -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    pbx = Pbx()
    talk(pbx)
    model = live.Model()
    names["load"](Server(lists_of(Played(pbx.events).model)), model, Stream())
    assert [call.state for call in model.calls] == [live.CallState.TALKING]


class Server:
    """A manager whose server answers with lists."""

    def __init__(self, lists: Lists) -> None:
        self.channels, self.bridges = lists

    def execute(self, request: ami.Request) -> Server:
        return self


class Stream:
    """A stream in which no event waits."""

    def get(self, timeout: float) -> None:
        raise ami.EventTimeout("nothing")


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
        *("VarSet", "QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon"),
    }


def test_importing_the_package_does_not_load_the_model() -> None:
    code = "import ami_typed, sys; print('ami_typed.live' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "False\n"
