"""The pauses between attempts grow to a ceiling, and no two programs keep the same ones."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import Reconnect
from ami_typed.backoff import checked, may_pass

FOR_LONG = 1e9


def pauses(plan: Reconnect, count: int) -> list[float]:
    """The first pauses of a manager whose connection was a good one."""
    return list(islice(plan.pauses().after(FOR_LONG, never), count))


def never() -> float:
    """A clock that stands still."""
    return 0.0


def test_pauses_grow_by_their_factor_up_to_the_ceiling() -> None:
    assert pauses(Reconnect(first=1, factor=3, ceiling=20, jitter=0), 6) == [1, 3, 9, 20, 20, 20]


def test_attempts_are_unlimited_unless_a_number_is_given() -> None:
    assert len(pauses(Reconnect(attempts=4), 100)) == 4
    assert pauses(Reconnect(attempts=0), 100) == []
    assert len(pauses(Reconnect(), 10_000)) == 10_000


def test_after_a_stable_connection_pauses_start_over() -> None:
    kept = Reconnect(first=1, factor=2, ceiling=30, jitter=0).pauses()
    assert list(islice(kept.after(0, never), 3)) == [1, 2, 4]
    assert list(islice(kept.after(30, never), 3)) == [1, 2, 4]


def test_pauses_go_on_growing_over_connections_that_do_not_last() -> None:
    kept = Reconnect(first=1, factor=2, ceiling=30, jitter=0).pauses()
    assert [next(kept.after(29.9, never)) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_number_of_attempts_is_counted_from_each_loss() -> None:
    kept = Reconnect(first=1, attempts=2).pauses()
    assert [len(list(kept.after(lasted, never))) for lasted in (0, 0, 100)] == [2, 2, 2]


def test_attempts_end_with_one_when_the_time_is_up() -> None:
    plan = Reconnect(first=1, factor=2, jitter=0, give_up_after=10)
    clock = [0.0]
    seen: list[float] = []
    for pause in plan.pauses().after(FOR_LONG, lambda: clock[0]):
        seen.append(pause)
        clock[0] += pause + 0.5  # the attempt itself
    assert seen == [1, 2, 4, 1.5]
    assert list(plan.pauses().after(0, lambda: 10)) == []


def test_a_bool_as_the_first_pause_is_rejected_with_advice() -> None:
    for face in (ami.Manager, ami.AsyncManager):
        with pytest.raises(
            TypeError, match=r"Reconnect\.first is the pause .* Reconnect\(at_start=True\) makes connect"
        ):
            face(reconnect=Reconnect(first=True))
    assert checked(None) is None
    assert checked(Reconnect(first=1)) == Reconnect(first=1)


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        *(
            (error, True)
            for error in (ami.ConnectFailed("x"), ami.TurnedAway.by("pbx:5038"), ami.NotAsterisk.silent(1))
        ),
        (ami.StillBooting(5), True),
        *((kind.for_good("x"), False) for kind in (ami.ConnectFailed, ami.NotAsterisk)),
        *((error, False) for error in (ami.ManagerError("no secret"), ami.AddressError("x"), OSError(111, "x"))),
    ],
)
def test_only_transient_failures_are_retried(error: Exception, passes: bool) -> None:
    assert may_pass(error) is passes


@given(jitter=st.floats(0, 1), first=st.floats(0, 100), ceiling=st.floats(0, 100))
def test_chance_takes_no_more_than_its_part_of_a_pause(jitter: float, first: float, ceiling: float) -> None:
    whole = pauses(Reconnect(first=first, ceiling=ceiling, jitter=0), 8)
    jittered = pauses(Reconnect(first=first, ceiling=ceiling, jitter=jitter), 8)
    for longest, pause in zip(whole, jittered, strict=True):
        assert longest * (1 - jitter) * (1 - 1e-9) <= pause <= longest <= ceiling


def test_two_programs_do_not_reconnect_simultaneously() -> None:
    assert pauses(Reconnect(), 8) != pauses(Reconnect(), 8)


@pytest.mark.parametrize("ceiling", [0, 2])
def test_the_first_pause_is_no_longer_than_the_ceiling(ceiling: float) -> None:
    assert pauses(Reconnect(first=100, ceiling=ceiling, jitter=0), 1) == [ceiling]
