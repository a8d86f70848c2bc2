"""What is chosen for a full queue: values that read like sentences, and how long reading rests because of them."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

import ami_typed as ami
from ami_typed import Overflow
from ami_typed._delivery.bounded import Bounded, weight
from ami_typed.quantities import LONGEST
from tests.floods import POLICIES
from tests.support import unread


class Queue(Bounded):
    """A queue of nothing but numbers."""

    def hold(self, messages: int, octets: int = 0) -> None:
        self._count(messages - self._waiting, octets - self._held)

    @property
    def full(self) -> bool:
        self.brace()
        return self._full


def test_the_policies_are_different_values() -> None:
    assert len(set(POLICIES.values())) == len(POLICIES)
    for policy in POLICIES.values():
        assert pickle.loads(pickle.dumps(policy)) == copy.copy(policy) == policy


def test_the_policy_after_a_pause_is_configurable() -> None:
    assert Overflow.block() == Overflow.block(10, Overflow.DROP_OLDEST)
    assert Overflow.block(5, then=Overflow.DISCONNECT) == Overflow("newest", disconnects=True, seconds=5)
    assert Overflow.block(0, then=Overflow.DROP_NEWEST) == Overflow.DROP_NEWEST


@pytest.mark.parametrize("seconds", [-1, -0.001, -math.inf, math.nan])
def test_a_negative_pause_is_rejected(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be a number of seconds or a timedelta, 0 or more"):
        Overflow.block(seconds)


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest", "disconnect"])
def test_reading_never_pauses_for_a_queue_that_does_not_block(policy: str) -> None:
    queue = Queue(POLICIES[policy], 10, 1000)
    queue.hold(10, 1000)
    assert not queue.crowded
    assert queue.rest(0) == 0


@pytest.mark.parametrize(("messages", "octets"), [(6, 0), (0, 501), (10, 1000)])
def test_reading_pauses_while_more_than_half_of_a_limit_is_queued(messages: int, octets: int) -> None:
    queue = Queue(Overflow.block(), 10, 1000)
    crowded: list[bool] = []
    for waiting in ((5, 500), (messages, octets), (5, 500)):
        queue.hold(*waiting)
        crowded.append(queue.crowded)
    assert crowded == [False, True, False]


def test_reading_pauses_at_most_as_long_as_chosen_and_again_after_there_was_room() -> None:
    queue = Queue(Overflow.block(10), 10, 1000)
    queue.hold(6)
    assert [queue.rest(now) for now in (100, 104, 110, 200)] == [10, 6, 0, 0]
    queue.hold(5)
    assert queue.rest(200) == 0
    queue.hold(6)
    assert [queue.rest(now) for now in (300, 301)] == [10, 9]


def test_reading_may_pause_indefinitely() -> None:
    queue = Queue(Overflow.block(math.inf), 10, 1000)
    queue.hold(6)
    assert queue.rest(0) == LONGEST


def test_a_blocking_queue_accepts_a_whole_read_and_others_do_not() -> None:
    blocking, other = Queue(Overflow.block(), 10, 1000), Queue(Overflow.DROP_OLDEST, 10, 1000)
    for queue in (blocking, other):
        queue.hold(5)
        queue.brace()
        queue.hold(100)
    assert [blocking._full, other._full] == [False, True]
    assert [blocking.full, other.full] == [True, True]


def test_the_weight_of_messages_is_their_bytes() -> None:
    event, end = unread("Event: X", "A: 1"), unread("Event: XComplete")
    assert weight([event, event]) == 2 * len(bytes(event))
    aggregate = ami.Aggregate("1")
    aggregate._add(event)
    aggregate._add(event)
    aggregate._close(end)
    assert weight([event, aggregate]) == 3 * len(bytes(event)) + len(bytes(end))
