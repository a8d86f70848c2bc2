"""The pictures of calls in the documentation are what the model reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live_model.flows import Played
from tests.live_model.pbx import Pbx
from tests.live_model.pictures import PAGE, PICTURES, page, picture
from tests.support import unread

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.live_model.pictures"


@pytest.mark.parametrize(("title", "conversation"), PICTURES, ids=[title for title, _ in PICTURES])
def test_every_call_in_a_picture_begins_and_ends(title: str, conversation: Callable[[Pbx], object]) -> None:
    lines = "\n".join(picture(conversation))
    assert lines.count("CallStarted") == lines.count("CallEnded") + lines.count("CallMerged"), title


@pytest.mark.parametrize("conversation", [each for _, each in PICTURES], ids=[title for title, _ in PICTURES])
def test_events_give_the_same_changes_whether_the_program_has_parsed_them_or_not(
    conversation: Callable[[Pbx], object],
) -> None:
    pbx = Pbx()
    conversation(pbx)
    arriving = [unread(*event.raw, cls=type(event)) for event in pbx.events]
    one, other = Played(pbx.events), Played(arriving)
    assert other.steps == one.steps
    assert [type(change) for change in other.changes] == [type(change) for change in one.changes]
    assert other.model.statistics == one.model.statistics
    assert other.model.statistics.malformed == 0
