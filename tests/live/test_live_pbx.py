"""The picture of calls and queues agrees with a real Asterisk after whatever happens to its calls."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta

import pytest

import ami_typed as ami
from ami_typed import actions, live
from ami_typed.pbx import Pbx
from tests.live.servers import ForeignServer, Server

OPERATIONS = 60
PATIENCE = 20.0
COUNTS = {"calls_taken", "in_call", "completed", "hold_time", "talk_time"}
"""What the queue may count before its event, or without one: calls that are redirected or transferred, and, as the servers
have `shared_lastcall`, calls of a member's other queues."""


class Calls:
    """Does things to the calls of a server."""

    def __init__(self, manager: ami.Manager, pbx: Pbx, seed: int) -> None:
        self.manager = manager
        self.pbx = pbx
        self.random = random.Random(seed)

    def happens(self) -> None:
        """Do one thing at random; one that the calls of this moment do not allow is left alone."""
        kind = self.random.choice([self.places, self.places, self.handles, self.queues])
        with suppress(ami.ActionFailed):
            kind()

    def places(self) -> None:
        channel = self.random.choice(["Local/100@default", "PJSIP/100@loop", "PJSIP/110@loop", "Local/211@default/n"])
        exten = self.random.choice(["200", "202", "204", "211", "225", "300", "302", "304", "400", "500", "501", "701"])
        request = actions.Originate(
            channel=channel, context="default", exten=exten, priority=1, call_timeout=timedelta(seconds=10), async_=True
        )
        self.manager.execute(request)

    def handles(self) -> None:
        legs = self.pbx.channels
        if not legs:
            return
        channel, to = self.random.choice(legs).channel, self.random.choice(["100", "211", "700"])
        requests = [
            actions.Hangup(channel=channel),
            actions.BlindTransfer(channel=channel, context="default", exten=to),
            actions.Atxfer(channel=channel, context="default", exten=to),
            actions.Redirect(channel=channel, context="default", exten=to, priority=1),
        ]
        self.manager.execute(self.random.choice(requests))

    def queues(self) -> None:
        interface = "Local/1001@agents/n"
        extra = f"Local/100{self.random.randrange(2, 6)}@agents/n"
        requests = [
            actions.QueuePause(interface=interface, paused=self.random.random() < 0.5, reason="lunch"),
            actions.QueuePenalty(interface=interface, penalty=self.random.randrange(5)),
            actions.QueueAdd(queue="waiting", interface=extra),
            actions.QueueRemove(queue="waiting", interface=extra),
        ]
        self.manager.execute(self.random.choice(requests))

    def end(self) -> None:
        """Hang up what there is."""
        for leg in self.pbx.channels:
            with suppress(ami.ActionFailed):
                self.manager.execute(actions.Hangup(channel=leg.channel))


@pytest.fixture
def own(server: Server | ForeignServer) -> Server:
    """A server whose dialplan is known."""
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the dialplan of our own servers")
    return server


@pytest.mark.parametrize("seed", [1, 2])
def test_the_model_always_matches_the_lists_of_the_server(own: Server, manager: ami.Manager, seed: int) -> None:
    with Pbx(manager, queues=True) as pbx, pbx.changes() as changes:
        calls = Calls(manager, pbx, seed)
        for _ in range(OPERATIONS):
            calls.happens()
            found = [each for each in pbx.verify() if each.attribute not in COUNTS]
            assert found == []
        before = pbx.calls
        calls.end()
        over: list[live.Call] = []
        while set(map(id, before)) - set(map(id, over)):
            change = changes.get(PATIENCE)
            if isinstance(change, (live.CallEnded, live.CallMerged)):
                over.append(change.call)
        assert len(over) == len(set(map(id, over)))


def test_a_call_through_the_dialplan_is_reported_from_ringing_to_end(own: Server, manager: ami.Manager) -> None:
    """The server calls itself by SIP and connects that to another call to itself."""
    with Pbx(manager) as pbx, pbx.changes(live.CallAnswered, live.CallEnded) as changes:
        request = actions.Originate(channel="PJSIP/110@loop", context="default", exten="211", priority=1, async_=True)
        manager.execute(request)
        answered = changes.get(PATIENCE)
        assert isinstance(answered, live.CallAnswered)
        assert answered.call.originated
        assert answered.caller.channel.startswith("PJSIP/loop-")
        manager.execute(actions.Hangup(channel=answered.callee.channel))
        ended = [changes.get(PATIENCE)]
        while ended[-1].call is not answered.call or not isinstance(ended[-1], live.CallEnded):
            ended.append(changes.get(PATIENCE))
        record = answered.call.record()
        assert (record.reason, record.callee) == (live.EndReason.COMPLETED, answered.callee)
        Calls(manager, pbx, 0).end()
