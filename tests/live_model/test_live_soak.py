"""Calls that have begun and ended leave nothing behind in the model.

`nox -s soak` plays 1,000,000 calls.
"""

from __future__ import annotations

import gc
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ami_typed import _speed, live
from tests.live_model.flows import START
from tests.live_model.pbx import Pbx
from tests.live_model.pictures import PICTURES

if TYPE_CHECKING:
    from ami_typed.messages import Event

CALLS = int(os.environ.get("AMI_TYPED_SOAK", "16000")) // 4
"""A quarter of the events of the soak of the managers."""


def conversations(first: int) -> list[tuple[type[Event], bytes]]:
    """Return the events of each kind of call, with identifiers that no other one has."""
    found: list[tuple[type[Event], bytes]] = []
    for number, (_, conversation) in enumerate(PICTURES):
        pbx = Pbx()
        pbx.serial = (first * len(PICTURES) + number) * 100
        conversation(pbx)
        found += [(type(event), bytes(event)) for event in pbx.events]
    return found


def objects(model: live.Model) -> int:
    """Return how many objects of the model there are."""
    assert list(model.calls) == []
    assert list(model.channels) == []
    gc.collect()
    kinds = (live.Call, live.Leg, live.Bridge, live.Dial, live.Caller, live.Change, live.Party)
    return sum(isinstance(each, kinds) for each in gc.get_objects())


@pytest.mark.exhaustive
@pytest.mark.once
def test_calls_that_have_ended_leave_no_object_behind() -> None:
    model = live.Model()
    written = conversations(0)
    marks: list[int] = []
    for number in range(max(4, CALLS // len(PICTURES))):
        old, new = b"1780000000.", b"%d." % (1780000000 + number)
        now = START + timedelta(seconds=number)
        for kind, octets in written:
            event = octets.replace(old, new).replace(b"bridge-", b"bridge%d-" % number)
            model.apply(_speed.make_message(kind, event, kind.__name__), now)
        if number in {1, 3} or number % 5000 == 4999:
            marks.append(objects(model))
    assert marks[0] == marks[-1] == min(marks)
    picture = model._picture
    assert picture.calls.everything == []
    assert not picture.calls._by_linkedid
    assert not picture.channels._halves
    assert len(picture.channels._gone) <= 4096
    assert len(picture.bridges._gone) <= 1024
