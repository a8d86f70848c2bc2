"""The picture agrees with a real Asterisk after whatever happens to its calls, queues, conferences and the rest."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from datetime import timedelta

import pytest

import ami_typed as ami
from ami_typed import actions, enums, events, live
from ami_typed.pbx import Pbx
from tests.faults import Proxy
from tests.live.servers import ForeignServer, Server

OPERATIONS = int(os.environ.get("AMI_TYPED_OPERATIONS", "30"))
"""Number of random operations of each run."""
CHANNELS = 60
"""Number of channels beyond which all are hung up."""
PATIENCE = 20.0
COUNTS = {"calls_taken", "in_call", "completed", "hold_time", "talk_time"}
"""What the queue may count before its event, or without one: calls that are redirected or transferred, and, as the servers
have `shared_lastcall`, calls of a member's other queues."""


class Calls:
    """Does things to the calls of a server, and to whatever else is watched."""

    def __init__(self, manager: ami.Manager, pbx: Pbx, seed: int) -> None:
        self.manager = manager
        self.pbx = pbx
        self.random = random.Random(seed)

    def happens(self) -> str:
        """Do one thing at random, and name it; one that the calls of this moment do not allow is left alone."""
        if len(self.pbx.channels) > CHANNELS:
            self.end()
        often = [self.places, self.places, self.handles, self.handles]
        kind = self.random.choice([*often, self.queues, self.conferences, self.parks, self.agents, self.states])
        with suppress(ami.ActionFailed):
            kind()
        return kind.__name__

    def does(self, *requests: ami.Request[ami.Answer]) -> None:
        self.manager.execute(self.random.choice(requests))

    def places(self) -> None:
        channel = self.random.choice(["Local/100@default", "PJSIP/100@loop", "PJSIP/110@loop", "Local/211@default/n"])
        exten = self.random.choice(
            ["200", "202", "204", "211", "225", "300", "302", "304", "400", "401", "410", "500", "501", "502"]
        )
        self.calls(channel, exten)

    def calls(self, channel: str, exten: str) -> None:
        request = actions.Originate(
            channel=channel, context="default", exten=exten, priority=1, call_timeout=timedelta(seconds=10), async_=True
        )
        self.manager.execute(request)

    def handles(self) -> None:
        legs = self.pbx.channels
        if not legs:
            return
        channel, to = self.random.choice(legs).channel, self.random.choice(["100", "211", "400", "700"])
        self.does(
            actions.Hangup(channel=channel),
            actions.BlindTransfer(channel=channel, context="default", exten=to),
            actions.Atxfer(channel=channel, context="default", exten=to),
            actions.Redirect(channel=channel, context="default", exten=to, priority=1),
        )

    def queues(self) -> None:
        interface = "Local/1001@agents/n"
        extra = f"Local/100{self.random.randrange(2, 6)}@agents/n"
        self.does(
            actions.QueuePause(interface=interface, paused=self.random.random() < 0.5, reason="lunch"),
            actions.QueuePenalty(interface=interface, penalty=self.random.randrange(5)),
            actions.QueueAdd(queue="waiting", interface=extra),
            actions.QueueRemove(queue="waiting", interface=extra),
        )

    def conferences(self) -> None:
        rooms = [each for each in self.pbx.conferences if each.participants]
        if not rooms:
            self.calls("Local/112@default/n", "401")
            return
        room = self.random.choice(rooms)
        channel = self.random.choice([*room.participants.values()]).channel
        self.does(
            actions.ConfbridgeMute(conference=room.name, channel=channel),
            actions.ConfbridgeUnmute(conference=room.name, channel=channel),
            actions.ConfbridgeMute(conference=room.name, channel="all"),
            actions.ConfbridgeUnmute(conference=room.name, channel="all"),
            actions.ConfbridgeKick(conference=room.name, channel=channel),
            actions.ConfbridgeLock(conference=room.name),
            actions.ConfbridgeUnlock(conference=room.name),
        )

    def parks(self) -> None:
        parked = self.pbx.parking.calls
        legs = [leg for leg in self.pbx.channels if leg.bridge is not None]
        if parked and self.random.random() < 0.6:
            self.calls("Local/100@default", str(self.random.choice(parked).space))
        elif legs:
            lot = self.random.choice(["default", "short", "endless"])
            self.does(actions.Park(channel=self.random.choice(legs).channel, parkinglot=lot))

    def agents(self) -> None:
        agent = self.random.choice(["1001", "1002"])
        if self.pbx.agents[agent].logged_in and self.random.random() < 0.5:
            self.does(actions.AgentLogoff(agent=agent, soft=self.random.random() < 0.5))
        else:
            self.calls("Local/100@default/n", self.random.choice(["660", "661", "303"]))

    def states(self) -> None:
        state = self.random.choice(["INUSE", "NOT_INUSE", "RINGING", "UNAVAILABLE"])
        presence = self.random.choice(["away,lunch,back at one", "available,,", "dnd,,"])
        device = self.random.choice(["Custom:desk", "Custom:rich"])
        self.does(
            actions.Setvar(variable=f"DEVICE_STATE({device})", value=state),
            actions.Setvar(variable="PRESENCE_STATE(CustomPresence:desk)", value=presence),
            actions.PJSIPQualify(endpoint=self.random.choice(["loop", "alice"])),
            self.message(),
        )

    def message(self) -> ami.Request[ami.Answer]:
        """Have a message left in a mailbox."""
        return actions.Originate(channel="Local/112@default/n", context="default", exten="600", priority=1, async_=True)

    def end(self) -> None:
        """Hang up what there is."""
        for leg in self.pbx.channels:
            with suppress(ami.ActionFailed):
                self.manager.execute(actions.Hangup(channel=leg.channel))


def everything(manager: ami.Manager) -> Pbx:
    return manager.live(
        queues=True,
        agents=True,
        parking=True,
        conferences=True,
        extensions=True,
        devices=True,
        endpoints=True,
        mailboxes=True,
    )


def agrees(pbx: Pbx) -> list[live.Difference]:
    return [each for each in pbx.verify() if each.attribute not in COUNTS]


@pytest.fixture
def own(server: Server | ForeignServer) -> Server:
    """A server whose dialplan is known."""
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the dialplan of our own servers")
    return server


@pytest.mark.parametrize("seed", [1, 2])
def test_the_model_always_matches_the_lists_of_the_server(own: Server, manager: ami.Manager, seed: int) -> None:
    with everything(manager) as pbx, pbx.changes(live.CallEnded, live.CallMerged) as changes:
        assert pbx.lacks == ()
        calls = Calls(manager, pbx, seed)
        for number in range(OPERATIONS):
            done = calls.happens()
            assert agrees(pbx) == [], f"after operation {number}: {done}"
        before = pbx.calls
        calls.end()
        over: list[live.Call] = []
        while set(map(id, before)) - set(map(id, over)):
            over.append(changes.get(PATIENCE).call)
        assert len(over) == len(set(map(id, over)))
        assert (pbx.statistics.malformed, pbx.failure) == (0, None)


@pytest.mark.parametrize("killed", [False, True], ids=["a cut link", "a killed server"])
def test_after_a_gap_the_picture_is_right_again(own: Server, killed: bool) -> None:
    with Proxy(own.port) as proxy, ami.Manager(reconnect=ami.Reconnect(first=0.05, ceiling=0.5)) as manager:
        manager.connect("127.0.0.1", own.port if killed else proxy.port)
        manager.login(own.full.name, own.full.secret, wait=PATIENCE)
        with everything(manager) as pbx, manager.subscribe(ami.Reconnected) as reconnected:
            calls = Calls(manager, pbx, 3)
            for _ in range(8):
                calls.happens()
            if killed:
                own.kill()
                own.boot()
            else:
                proxy.reset()
            reconnected.get(PATIENCE)
            assert until_fresh(pbx)
            assert agrees(pbx) == []
            assert pbx.lacks == ()
            if killed:
                assert len(pbx.calls) == len(pbx.parking.calls) == len(pbx.conferences) == 0
            calls.end()


def until_fresh(pbx: Pbx) -> bool:
    """Wait until the picture was loaded again."""
    deadline = time.monotonic() + PATIENCE
    while pbx.fresh_since is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return pbx.fresh_since is not None


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


def test_only_needed_events_are_sent_if_asked_for(own: Server, manager: ami.Manager) -> None:
    """The mask keeps events of other classes away in all releases, filters all other events where the release has them."""
    with manager.subscribe(events.Hangup) as others, manager.live(parking=True, narrow=True) as pbx:
        assert pbx.lacks == ()
        before = manager.statistics.events_unwanted
        outcome = manager.originate(actions.Originate(channel="Local/200@default", application="Wait", data="0"))
        assert outcome.response == enums.OriginateResult.SUCCESS
        assert agrees(pbx) == []
        assert others.get(PATIENCE)
        unwanted = {name for name, count in manager.statistics.events_unwanted.items() if count > before.get(name, 0)}
        assert "VarSet" not in unwanted
        if manager.release is not None and manager.release >= (22, 1):
            assert unwanted == set()


SOON = timedelta(seconds=2)
"""How far apart two clocks, and the moments that they are read at, may be."""


class Supervisor:
    """Compares the queues, as events have made them, with what the server lists."""

    def __init__(self, manager: ami.Manager, pbx: Pbx) -> None:
        self.manager = manager
        self.pbx = pbx

    def differs(self) -> list[str]:
        """Return what differs; events may arrive slightly later than the list."""
        found = self.compared()
        for _ in range(20):
            if not found:
                break
            time.sleep(0.25)
            found = self.compared()
        return found

    def compared(self) -> list[str]:
        status = self.manager.execute(actions.QueueStatus())
        found: list[str] = []
        for params in status.params:
            queue = self.pbx.queues[params.queue]
            mine = (queue.completed, queue.abandoned, queue.hold_time, queue.talk_time, queue.service_level)
            theirs = (params.completed, params.abandoned, params.holdtime, params.talk_time, params.service_level)
            level = round(queue.service_level_performance, 1)
            if (mine, level) != (theirs, params.servicelevel_perf):
                found.append(f"{params.queue}: {mine} {level} for {theirs} {params.servicelevel_perf}")
            entries = sorted((each for each in status.entries if each.queue == params.queue), key=lambda e: e.position)
            if [each.uniqueid for each in queue.callers] != [each.uniqueid for each in entries]:
                found.append(f"{params.queue}: {queue.callers} for {[each.channel for each in entries]}")
            elif any(abs(each.wait - entry.wait) > SOON for each, entry in zip(queue.callers, entries, strict=True)):
                found.append(f"{params.queue}: waits {[each.wait for each in queue.callers]}")
        return found + [line for each in status.members for line in self.member(each)]

    def member(self, item: ami.events.QueueMember) -> list[str]:
        member = self.pbx.queues[item.queue].members.get(item.location)
        if member is None:  # its QueueMemberAdded is still to come
            return [f"{item.queue} {item.name}: not there"]
        mine: list[object] = [member.status, member.paused, member.paused_reason, member.in_call, member.penalty]
        theirs: list[object] = [item.status, item.paused, item.paused_reason, item.in_call, item.penalty]
        times = [(member.paused_since, item.last_pause if item.paused else None)]
        if item.queue in {"support", "waiting"}:  # the others count their members' calls there, for `shared_lastcall`
            mine.append(member.calls_taken)
            theirs.append(item.calls_taken)
            times.append((member.last_call, item.last_call))
        same = all((a is None) is (b is None) and (a is None or b is None or abs(a - b) <= SOON) for a, b in times)
        return [] if mine == theirs and same else [f"{item.queue} {item.name}: {mine} for {theirs}, {times}"]


def test_queues_followed_by_events_alone_are_what_a_supervisor_would_read(own: Server, manager: ami.Manager) -> None:
    """Answered calls that each side ends, one that is abandoned, one that waits, pauses, and a member that leaves."""
    anna = "Local/1001@agents/n"
    with Pbx(manager, queues=True) as pbx, pbx.changes() as changes:
        supervisor = Supervisor(manager, pbx)
        assert supervisor.differs() == []
        for ender in ("PJSIP/loop", "Local/100"):
            placed = pbx.originate(into_queue("300"))
            while not any(member.in_call for member in pbx.queues["support"].members.values()):
                changes.get(PATIENCE)
            assert supervisor.differs() == []
            time.sleep(1.2)  # so that there is a talk time
            call = placed.call
            assert call is not None
            leg = next(each for each in call.legs if each.channel.startswith(ender))
            manager.execute(actions.Hangup(channel=leg.channel))
            placed.ended(PATIENCE)
            assert supervisor.differs() == []
        assert pbx.queues["support"].completed == 2
        waiting = [pbx.originate(into_queue("304")) for _ in range(2)]
        for each in waiting:
            each.answered(PATIENCE)
        manager.execute(actions.QueuePause(interface=anna, paused=True, reason="lunch"))
        manager.execute(actions.QueueAdd(queue="waiting", interface="Local/1005@agents/n", paused=True))
        assert supervisor.differs() == []
        assert len(pbx.queues["waiting"].callers) == 2
        first = waiting[0].call
        assert first is not None
        assert first.caller_leg is not None
        manager.execute(actions.Hangup(channel=first.caller_leg.channel))
        waiting[0].ended(PATIENCE)
        assert supervisor.differs() == []
        assert pbx.queues["waiting"].abandoned == 1
        manager.execute(actions.QueueRemove(queue="waiting", interface="Local/1005@agents/n"))
        manager.execute(actions.QueuePause(interface=anna, paused=False))
        assert supervisor.differs() == []
        Calls(manager, pbx, 0).end()
        assert supervisor.differs() == []


def into_queue(exten: str) -> actions.Originate:
    return actions.Originate(channel="PJSIP/110@loop", context="default", exten=exten, priority=1)
