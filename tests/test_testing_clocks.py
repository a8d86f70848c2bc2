"""A stepped clock runs what is due in order, so that a test of an hour takes milliseconds."""

from __future__ import annotations

import pytest

from ami_typed.testing import RealClock, SteppedClock


def test_due_calls_run_in_order_at_their_time() -> None:
    clock = SteppedClock(start=1000)
    seen: list[tuple[str, float]] = []
    clock.call_later(20, lambda: seen.append(("later", clock.now)))
    clock.call_later(5, lambda: clock.call_later(5, lambda: seen.append(("nested", clock.now))))
    clock.call_later(10, lambda: seen.append(("scheduled first", clock.now)))
    clock.call_later(0, lambda: seen.append(("at once", clock.now)))
    clock.advance(10)
    expected = [("at once", 1000.0), ("scheduled first", 1010.0), ("nested", 1010.0)]
    assert seen == expected
    clock.advance(3600)
    assert seen == [*expected, ("later", 1020.0)]
    assert clock.now == 4610


def test_a_cancelled_callback_does_not_run() -> None:
    clock = SteppedClock()
    seen: list[int] = []
    timer = clock.call_later(1, lambda: seen.append(1))
    timer.cancel()
    clock.advance(2)
    timer.cancel()
    assert not seen


def test_a_clock_is_not_turned_back() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        SteppedClock().advance(-1)


def test_a_real_clock_needs_a_started_simulator() -> None:
    with pytest.raises(RuntimeError, match="enter the simulator first"):
        RealClock().call_later(0, print)
