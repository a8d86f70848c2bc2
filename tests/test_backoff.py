"""The pauses between attempts grow to a ceiling, and no two programs keep the same ones."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_typed import Reconnect

FOR_LONG = 1e9


def pauses(plan: Reconnect, count: int) -> list[float]:
    """The first pauses of a manager whose connection was a good one."""
    return list(islice(plan.pauses().after(FOR_LONG), count))


def test_pauses_grow_by_their_factor_up_to_the_ceiling() -> None:
    assert pauses(Reconnect(first=1, factor=3, ceiling=20, jitter=0), 6) == [1, 3, 9, 20, 20, 20]


def test_attempts_end_where_a_number_is_given_and_else_never() -> None:
    assert len(pauses(Reconnect(attempts=4), 100)) == 4
    assert pauses(Reconnect(attempts=0), 100) == []
    assert len(pauses(Reconnect(), 10_000)) == 10_000


def test_after_a_good_connection_pauses_begin_with_the_first_again() -> None:
    kept = Reconnect(first=1, factor=2, ceiling=30, jitter=0).pauses()
    assert list(islice(kept.after(0), 3)) == [1, 2, 4]
    assert list(islice(kept.after(30), 3)) == [1, 2, 4]


def test_pauses_go_on_growing_over_connections_that_do_not_last() -> None:
    kept = Reconnect(first=1, factor=2, ceiling=30, jitter=0).pauses()
    assert [next(kept.after(29.9)) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_number_of_attempts_is_counted_from_each_loss() -> None:
    kept = Reconnect(first=1, attempts=2).pauses()
    assert [len(list(kept.after(lasted))) for lasted in (0, 0, 100)] == [2, 2, 2]


@given(jitter=st.floats(0, 1), first=st.floats(0, 100), ceiling=st.floats(0, 100))
def test_chance_takes_no_more_than_its_part_of_a_pause(jitter: float, first: float, ceiling: float) -> None:
    whole = pauses(Reconnect(first=first, ceiling=ceiling, jitter=0), 8)
    jittered = pauses(Reconnect(first=first, ceiling=ceiling, jitter=jitter), 8)
    for longest, pause in zip(whole, jittered, strict=True):
        assert longest * (1 - jitter) * (1 - 1e-9) <= pause <= longest <= ceiling


def test_two_programs_do_not_come_back_together() -> None:
    assert pauses(Reconnect(), 8) != pauses(Reconnect(), 8)


@pytest.mark.parametrize("ceiling", [0, 2])
def test_the_first_pause_is_no_longer_than_the_ceiling(ceiling: float) -> None:
    assert pauses(Reconnect(first=100, ceiling=ceiling, jitter=0), 1) == [ceiling]
