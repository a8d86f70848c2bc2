"""Calls that a program places: known from the start, followed to the end, and never placed twice."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import actions, live
from ami_typed.live import CallOutcome, LegOutcome
from tests.live_model.pbx import Channel
from tests.support import PATIENCE, answer
from tests.test_pbx import AT_ONCE, Telephones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUEST = actions.Originate(channel="PJSIP/alice", exten="202", context="default", priority=1)


class Placing(Telephones):
    """Telephones that a program may call: ``happening`` is what happens before the answer to the request."""

    def __init__(self) -> None:
        super().__init__()
        self.placed: list[dict[str, str]] = []
        self.happening: Callable[[str], object] = lambda _: None
        self.vanishes = False

    def reply(self, request: dict[str, str]) -> bytes:
        if request["Action"] != "Originate":
            return super().reply(request)
        self.placed.append(request)
        self.happening(request["ChannelId"])
        if self.vanishes and self.peer is not None:
            self.peer.close()
            return b""
        self.happens()
        return answer(request["ActionID"], *(["Error", "Message: No"] if "Originate" in self.refused else []))

    def alice_rings(self, uniqueid: str) -> Channel:
        alice = Channel("PJSIP/alice-1", uniqueid, uniqueid, "201")
        self.paper.tell("Newchannel", alice.lines())
        self.paper.dial(None, alice)
        self.paper.state(alice, "Ringing")
        return alice

    def alice_fails(self, uniqueid: str, status: str, cause: int) -> None:
        alice = self.alice_rings(uniqueid)
        self.paper.dialed(None, alice, status)
        self.paper.hang_up(alice, cause)

    def originated(self, uniqueid: str, reason: int) -> None:
        result = "Success" if reason == 4 else "Failure"
        lines = ["Response: " + result, "Channel: PJSIP/alice", f"Reason: {reason}", f"Uniqueid: {uniqueid}"]
        self.paper.tell("OriginateResponse", lines)

    def both_talk(self, uniqueid: str) -> tuple[Channel, Channel, str]:
        alice = self.alice_rings(uniqueid)
        self.paper.state(alice, "Up")
        self.paper.dialed(None, alice, "ANSWER")
        self.originated(uniqueid, 4)
        bob = self.paper.ring(alice, "PJSIP/bob", "202")
        return alice, bob, self.paper.answer(alice, bob)

    def bob_hangs_up(self, uniqueid: str) -> None:
        alice, bob, bridge = self.both_talk(uniqueid)
        self.paper.end(bridge, bob, alice)


@pytest.fixture
def telephones() -> Iterator[Placing]:
    made = Placing()
    yield made
    made.server.close()


@pytest.fixture
def manager() -> Iterator[ami.Manager]:
    with ami.Manager(reconnect=AT_ONCE) as made:
        yield made


def ended(telephones: Placing, manager: ami.Manager, happening: Callable[[str], object]) -> CallOutcome:
    """Place a call of which everything happens before the answer to the request; return its outcome."""
    telephones.happening = happening
    telephones.link(manager)
    with manager.live() as pbx:
        placed = pbx.originate(REQUEST)
        outcome = placed.ended(PATIENCE)
        assert placed.answered(PATIENCE) is outcome.called
    assert len(telephones.placed) == 1
    return outcome


def test_a_call_is_known_though_all_its_events_precede_the_answer(telephones: Placing, manager: ami.Manager) -> None:
    outcome = ended(telephones, manager, telephones.bob_hangs_up)
    assert outcome.answered
    assert (outcome.called, outcome.connected) == (LegOutcome.ANSWERED, LegOutcome.ANSWERED)
    assert outcome.ended_by is not None
    assert outcome.ended_by.channel.startswith("PJSIP/bob")
    assert outcome.record is not None
    assert outcome.record.originated
    assert dict(REQUEST) == dict(actions.Originate(channel="PJSIP/alice", exten="202", context="default", priority=1))


@pytest.mark.parametrize(
    ("status", "cause", "expected"),
    [
        ("BUSY", 17, LegOutcome.BUSY),
        ("NOANSWER", 19, LegOutcome.NO_ANSWER),
        ("CANCEL", 0, LegOutcome.NO_ANSWER),  # the reason in OriginateResponse decides
        ("CONGESTION", 34, LegOutcome.CONGESTION),
        ("BUSY", 21, LegOutcome.REJECTED),
        ("CHANUNAVAIL", 1, LegOutcome.UNKNOWN_NUMBER),
    ],
)
def test_why_the_first_leg_was_not_answered_is_told(
    telephones: Placing, manager: ami.Manager, status: str, cause: int, expected: LegOutcome
) -> None:
    def happening(uniqueid: str) -> None:
        telephones.alice_fails(uniqueid, status, cause)
        telephones.originated(uniqueid, 3)

    outcome = ended(telephones, manager, happening)
    assert (outcome.called, outcome.connected, outcome.answered) == (expected, None, False)


@pytest.mark.parametrize(
    ("status", "rings", "expected"),
    [
        ("BUSY", True, LegOutcome.BUSY),
        ("NOANSWER", True, LegOutcome.NO_ANSWER),
        ("BUSY", False, LegOutcome.BUSY),
        ("CONGESTION", False, LegOutcome.CONGESTION),
    ],
)
def test_why_the_second_leg_was_not_answered_is_told(
    telephones: Placing, manager: ami.Manager, status: str, rings: bool, expected: LegOutcome
) -> None:
    def happening(uniqueid: str) -> None:
        paper = telephones.paper
        alice = telephones.alice_rings(uniqueid)
        paper.state(alice, "Up")
        paper.dialed(None, alice, "ANSWER")
        bob = paper.new("PJSIP/bob", "202", of=alice)
        paper.dial(alice, bob)
        if rings:
            paper.state(bob, "Ringing")
        paper.dialed(alice, bob, status)
        paper.hang_up(bob, 0)
        paper.hang_up(alice, 16)

    outcome = ended(telephones, manager, happening)
    assert (outcome.called, outcome.connected, outcome.answered) == (LegOutcome.ANSWERED, expected, False)


def test_a_call_without_a_channel_has_failed(telephones: Placing, manager: ami.Manager) -> None:
    outcome = ended(telephones, manager, lambda uniqueid: telephones.originated(uniqueid, 0))
    assert outcome == CallOutcome(LegOutcome.FAILED, None, None, None)


def test_a_call_to_an_application_has_no_second_leg(telephones: Placing, manager: ami.Manager) -> None:
    def happening(uniqueid: str) -> None:
        alice = telephones.alice_rings(uniqueid)
        telephones.paper.state(alice, "Up")
        telephones.paper.hang_up(alice)

    outcome = ended(telephones, manager, happening)
    assert (outcome.called, outcome.connected, outcome.answered) == (LegOutcome.ANSWERED, None, True)


def test_a_refused_call_raises_and_is_forgotten(telephones: Placing, manager: ami.Manager) -> None:
    telephones.refused = {"Originate"}
    telephones.link(manager)
    with manager.live() as pbx:
        with pytest.raises(ami.ActionFailed):
            pbx.originate(REQUEST)
        assert not pbx._placed
        assert not pbx._model._picture.channels.expected


@pytest.mark.parametrize("arrives", [False, True])
def test_a_call_whose_link_was_lost_is_not_placed_again_and_found_if_it_is_there(
    telephones: Placing, manager: ami.Manager, arrives: bool
) -> None:
    if arrives:
        telephones.happening = telephones.both_talk
    telephones.link(manager)
    with manager.live() as pbx:
        telephones.vanishes = True
        placed = pbx.originate(REQUEST)
        telephones.happens(unseen=True)
        telephones.accept()
        if arrives:
            assert placed.answered(PATIENCE) is LegOutcome.ANSWERED
            assert placed.call in pbx.calls
        else:
            assert placed.ended(PATIENCE) == CallOutcome(LegOutcome.UNKNOWN, None, None, None)
    assert len(telephones.placed) == 1


def test_the_outcome_of_a_call_that_ended_unobserved_is_unknown(telephones: Placing, manager: ami.Manager) -> None:
    telephones.link(manager)
    with manager.live() as pbx:
        placed = pbx.originate(REQUEST)
        alice = telephones.alice_rings(placed.uniqueid)
        telephones.happens()
        with pytest.raises(ami.EventTimeout):
            placed.answered(0.01)
        telephones.paper.hang_up(alice)
        telephones.happens(unseen=True)
        assert telephones.peer is not None
        telephones.peer.close()
        telephones.accept()
        assert placed.answered(PATIENCE) is LegOutcome.UNKNOWN
        assert placed.ended(PATIENCE).called is LegOutcome.UNKNOWN


def test_closing_ends_the_waiting(telephones: Placing, manager: ami.Manager) -> None:
    telephones.link(manager)
    pbx = manager.live()
    placed = pbx.originate(REQUEST)
    pbx.close()
    assert placed.ended(PATIENCE).called is LegOutcome.UNKNOWN


def test_calls_must_be_watched(telephones: Placing, manager: ami.Manager) -> None:
    telephones.link(manager)
    with manager.live(calls=False, queues=True) as pbx, pytest.raises(ValueError, match="calls=True"):
        pbx.originate(REQUEST)


def test_a_call_that_has_ended_is_not_kept(telephones: Placing, manager: ami.Manager) -> None:
    telephones.happening = telephones.bob_hangs_up
    telephones.link(manager)
    with manager.live() as pbx:
        placed = pbx.originate(REQUEST)
        placed.ended(PATIENCE)
        call = weakref.ref(placed.call) if placed.call is not None else None
        assert call is not None
        del placed
        gc.collect()
        assert call() is None
        assert not pbx._model._picture.channels.expected


def test_on_an_event_loop_calls_are_awaited(telephones: Placing) -> None:
    async def work() -> None:
        async with ami.AsyncManager() as manager:
            await manager.connect("127.0.0.1", telephones.server.port, PATIENCE)
            telephones.accept()
            async with manager.live() as pbx:
                placed = await pbx.originate(REQUEST)
                with pytest.raises(ami.EventTimeout):
                    await placed.ended(0.01)
                alice, bob, bridge = telephones.both_talk(placed.uniqueid)
                telephones.happens()
                assert await placed.answered(PATIENCE) is LegOutcome.ANSWERED
                telephones.paper.end(bridge, bob, alice)
                telephones.happens()
                outcome = await placed.ended(PATIENCE)
                assert outcome.connected is LegOutcome.ANSWERED
                assert isinstance(placed.call, live.Call)

    asyncio.run(work())
