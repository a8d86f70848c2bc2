"""A stream holds so many events and no more, tells of each gap once, and ends behind its last event."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed.streams import Buffer


def event(number: int) -> ami.Event:
    return ami.Event({"Event": "X", "Number": str(number)})


def numbers(buffer: Buffer[ami.Event]) -> list[int]:
    """Take all that is ready."""
    taken: list[int] = []
    while buffer.ready and (each := buffer.take()) is not None:
        taken.append(int(each["Number"]))
    return taken


def test_events_are_taken_in_the_order_they_came() -> None:
    buffer: Buffer[ami.Event] = Buffer(10)
    ready = [buffer.ready]
    for number in range(3):
        buffer.put(event(number))
    ready.append(buffer.ready)
    assert numbers(buffer) == [0, 1, 2]
    assert [*ready, buffer.ready] == [False, True, False]
    assert buffer.dropped == 0


def test_a_full_buffer_drops_its_oldest_and_says_so_once_before_the_rest() -> None:
    buffer: Buffer[ami.Event] = Buffer(2)
    for number in range(5):
        buffer.put(event(number))
    assert buffer.dropped == 3
    with pytest.raises(ami.EventsDropped) as gap:
        buffer.take()
    assert gap.value.count == 3
    assert numbers(buffer) == [3, 4]


def test_each_gap_is_told_and_all_are_counted() -> None:
    buffer: Buffer[ami.Event] = Buffer(1)
    for round_ in range(1, 4):
        for number in range(3):
            buffer.put(event(number))
        with pytest.raises(ami.EventsDropped) as gap:
            buffer.take()
        assert gap.value.count == 2
        assert numbers(buffer) == [2]
        assert buffer.dropped == 2 * round_


def test_at_the_end_what_came_before_is_still_read_and_then_the_stream_ends() -> None:
    buffer: Buffer[ami.Event] = Buffer(10)
    buffer.put(event(1))
    buffer.end(None)
    buffer.put(event(2))
    taken = buffer.take()
    assert taken is not None
    assert taken["Number"] == "1"
    assert buffer.ready
    assert buffer.take() is None
    assert buffer.take() is None


def test_the_reason_for_the_end_is_raised_behind_the_last_event_each_time() -> None:
    buffer: Buffer[ami.Event] = Buffer(10)
    buffer.put(event(1))
    reason = ami.ConnectionLost("the server closed the connection.")
    buffer.end(reason)
    assert buffer.take() is not None
    for _ in range(2):
        assert buffer.ready
        with pytest.raises(ami.ConnectionLost) as lost:
            buffer.take()
        assert lost.value is reason


def test_the_first_reason_for_the_end_is_the_one_that_counts() -> None:
    buffer: Buffer[ami.Event] = Buffer(10)
    buffer.end(None)
    buffer.end(ami.ConnectionLost("later"))
    assert buffer.take() is None


@pytest.mark.parametrize("limit", [0, -1])
def test_a_stream_that_could_hold_nothing_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"its limit cannot be {limit}"):
        Buffer(limit)


@given(st.integers(1, 5), st.lists(st.booleans()))
def test_nothing_is_lost_without_being_counted(limit: int, puts: list[bool]) -> None:
    buffer: Buffer[ami.Event] = Buffer(limit)
    expected: deque[int] = deque()
    came = taken = told = 0
    for put in puts:
        if put:
            buffer.put(event(came))
            expected.append(came)
            came += 1
            if len(expected) > limit:
                expected.popleft()
        elif buffer.ready:
            try:
                each = buffer.take()
            except ami.EventsDropped as gap:
                told += gap.count
            else:
                assert each is not None
                assert int(each["Number"]) == expected.popleft()
                taken += 1
    assert came == taken + len(expected) + buffer.dropped
    assert told <= buffer.dropped
