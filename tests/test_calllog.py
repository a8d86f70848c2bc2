"""The example that logs calls has one row per call."""

from __future__ import annotations

import json
import sqlite3

from ami_typed import live
from examples.calllog import log
from tests.live_model import pbx as paper
from tests.live_model.conversations import attended_transfer, blind_transfer, parked
from tests.live_model.flows import Played


def test_one_row_per_call_includes_its_transfers() -> None:
    pbx = paper.Pbx()
    for conversation in (attended_transfer, blind_transfer, parked):
        conversation(pbx)
    database = sqlite3.connect(":memory:")
    log(Played(pbx.events).of(live.CallEnded), database)
    rows = database.execute("SELECT caller, callee, reason, transfers FROM calls").fetchall()
    assert [(caller, callee, reason) for caller, callee, reason, _transfers in rows] == [
        *(("201", "203", "completed"), ("202", "203", "completed"), ("201", "203", "completed")),
    ]
    assert [json.loads(transfers) for *_row, transfers in rows] == [
        *([["attended", "202", "201", "203"]], [["blind", "201", "202"]], []),
    ]
