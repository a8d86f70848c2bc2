"""Calls and queues on a real Asterisk."""

from __future__ import annotations

from datetime import timedelta

import pytest

import ami_typed as ami
from ami_typed import actions, aggregates, enums, events
from tests.live.servers import ForeignServer, Server

CALL = "Local/100@default"


def test_a_call_is_followed_from_its_birth_to_its_hang_up(manager: ami.Manager) -> None:
    with manager.subscribe(events.Newchannel, events.Newstate, events.Hangup) as stream:
        outcome = manager.originate(
            actions.Originate(
                channel=CALL,
                application="Wait",
                data="1",
                call_timeout=timedelta(seconds=10),
                variable={"CAMPAIGN": "spring", "ORDER": "42"},
            )
        )
        assert outcome.response == "Success"
        assert outcome.reason.name == "ANSWER"
        seen: list[ami.Event] = []
        while not (isinstance(event := stream.get(timeout=10), events.Hangup) and event.uniqueid == outcome.uniqueid):
            seen.append(event)
    own = [each for each in seen if each["Uniqueid"] == outcome.uniqueid]
    assert isinstance(own[0], events.Newchannel)
    assert own[0].channel == outcome.channel
    assert own[0].channel_state is enums.ChannelState.DOWN
    assert any(isinstance(each, events.Newstate) and each.channel_state is enums.ChannelState.UP for each in own)
    assert event.channel == outcome.channel
    assert isinstance(event.cause, int)


@pytest.mark.parametrize(
    ("extension", "reason"),
    [("102", "BUSY"), ("103", "CONGESTION"), ("104", "NO_ANSWER")],
    ids=["busy", "full", "rings"],
)
def test_a_failed_call_has_a_reason(
    manager: ami.Manager, server: Server | ForeignServer, extension: str, reason: str
) -> None:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the dialplan of our own servers")
    outcome = manager.originate(
        actions.Originate(
            channel=f"Local/{extension}@default", application="Wait", data="1", call_timeout=timedelta(seconds=1)
        )
    )
    assert outcome.response == "Failure"
    assert outcome.reason.name == reason


def test_a_call_to_nowhere_is_refused(manager: ami.Manager) -> None:
    with pytest.raises(ami.ActionFailed):
        manager.originate(actions.Originate(channel="no such technology", application="Wait", data="1"))


def test_channels_are_listed_during_a_call(manager: ami.Manager) -> None:
    outcome = manager.originate(actions.Originate(channel=CALL, application="Wait", data="20"))
    channels = manager.execute(actions.CoreShowChannels())
    assert isinstance(channels, aggregates.CoreShowChannels)
    assert channels.valid, channels.error_message
    mine = [channel for channel in channels.channels if channel.uniqueid == outcome.uniqueid]
    assert [channel.channel for channel in mine] == [outcome.channel]
    assert mine[0].duration >= timedelta(0)
    with manager.subscribe(events.Hangup) as stream:
        manager.execute(actions.Hangup(channel=outcome.channel, cause=16))
        while (event := stream.get(timeout=10)).uniqueid != outcome.uniqueid:
            pass
    assert event.cause == 16


def test_queues_are_one_typed_list(manager: ami.Manager, server: Server | ForeignServer) -> None:
    queues = manager.execute(actions.QueueStatus())
    assert queues.valid, queues.error_message
    assert all(isinstance(member, events.QueueMember) for member in queues.members)
    if isinstance(server, Server):
        assert {queue.queue for queue in queues.params} >= {"support", "sales", "empty"}
        assert len([member for member in queues.members if member.queue == "support"]) == 2
        assert all(member.paused is False for member in queues.members)


def test_a_synchronous_list_keeps_its_events_to_itself(manager: ami.Manager) -> None:
    heard: list[ami.Event] = []
    manager.register_callback("", lambda event, _: heard.append(event))
    request = actions.QueueStatus()
    request.synchronous = True
    answer = manager.send_action(request)
    assert answer is not None
    assert answer.success
    assert answer.events is not None
    assert not answer.events_timeout
    assert answer.events[events.QueueParams] == answer.events["QueueParams"]
    manager.close()
    assert not [event for event in heard if event.event.startswith("Queue")]


def test_an_aggregate_follows_its_events(manager: ami.Manager) -> None:
    order: list[str] = []
    with manager.subscribe(events.QueueStatusComplete) as end:
        manager.register_callback("", lambda event, _: order.append(event.event))
        manager.register_callback(aggregates.QueueStatus, lambda whole, _: order.append(f"whole {whole.valid}"))
        request = actions.QueueStatus()
        request.aggregate = True
        answer = manager.send_action(request)
        end.get(timeout=5)
    manager.close()
    assert answer is not None
    assert answer.events is None
    listed = [name for name in order if name.startswith(("Queue", "whole"))]
    assert listed[-2:] == ["QueueStatusComplete", "whole True"]
    assert "QueueParams" in listed
