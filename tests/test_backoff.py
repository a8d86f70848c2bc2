"""The pauses between attempts grow to a ceiling, and no two programs keep the same ones."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from ami_typed import Reconnect


def test_pauses_grow_by_their_factor_up_to_the_ceiling() -> None:
    plan = Reconnect(first=1, factor=3, ceiling=20, jitter=0)
    assert list(islice(plan.pauses(), 6)) == [1, 3, 9, 20, 20, 20]


def test_attempts_end_where_a_number_is_given_and_else_never() -> None:
    assert len(list(Reconnect(attempts=4).pauses())) == 4
    assert list(Reconnect(attempts=0).pauses()) == []
    assert len(list(islice(Reconnect().pauses(), 10_000))) == 10_000


def test_each_loss_begins_with_the_first_pause_again() -> None:
    plan = Reconnect(first=1, jitter=0)
    assert list(islice(plan.pauses(), 3)) == list(islice(plan.pauses(), 3))


@given(jitter=st.floats(0, 1), first=st.floats(0, 100), ceiling=st.floats(0, 100))
def test_chance_takes_no_more_than_its_part_of_a_pause(jitter: float, first: float, ceiling: float) -> None:
    whole = islice(Reconnect(first=first, ceiling=ceiling, jitter=0).pauses(), 8)
    jittered = islice(Reconnect(first=first, ceiling=ceiling, jitter=jitter).pauses(), 8)
    for longest, pause in zip(whole, jittered, strict=True):
        assert longest * (1 - jitter) * (1 - 1e-9) <= pause <= longest <= ceiling


def test_two_programs_do_not_come_back_together() -> None:
    assert list(islice(Reconnect().pauses(), 8)) != list(islice(Reconnect().pauses(), 8))


def test_the_first_pause_is_no_longer_than_the_ceiling() -> None:
    assert next(Reconnect(first=100, ceiling=2, jitter=0).pauses()) == 2
