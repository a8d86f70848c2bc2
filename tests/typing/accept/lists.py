"""A list action's result is its aggregate: members by name, by class and by the wire's name, each of its own type."""

# pyright: strict

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, assert_type

from ami_typed import actions, aggregates, events

if TYPE_CHECKING:
    from ami_typed import Aggregate, AsyncManager, Manager


def one_kind(manager: Manager) -> None:
    shown = manager.execute(actions.CoreShowChannels())
    assert_type(shown, aggregates.CoreShowChannels)
    assert_type(shown.channels, list[events.CoreShowChannel])
    assert_type(shown.channels[0].duration, timedelta)
    assert_type(shown[events.CoreShowChannel], list[events.CoreShowChannel])
    assert_type(shown.complete, events.CoreShowChannelsComplete | None)
    assert_type(shown[events.CoreShowChannelsComplete], events.CoreShowChannelsComplete)
    assert_type(shown["CoreShowChannel"], Any)
    assert_type(shown.valid, bool)
    assert_type(shown.error_message, str | None)


def several_kinds(manager: Manager) -> None:
    queues = manager.execute(actions.QueueStatus())
    assert_type(queues.params, list[events.QueueParams])
    assert_type(queues.members, list[events.QueueMember])
    assert_type(queues.entries, list[events.QueueEntry])
    assert_type(queues[events.QueueMember], list[events.QueueMember])
    assert_type(queues.complete, events.QueueStatusComplete | None)
    endpoint = manager.execute(actions.PJSIPShowEndpoint(endpoint="anna"))
    assert_type(endpoint.endpoints, list[events.EndpointDetail])
    assert_type(endpoint[events.AorDetail], list[events.AorDetail])


def on_a_condition(manager: Manager) -> None:
    gone = manager.execute(actions.Hangup(channel="/^PJSIP/"))
    assert_type(gone, aggregates.Hangup)
    assert_type(gone.channels, list[events.ChannelHungup])


def shared_and_odd(manager: Manager) -> None:
    assert_type(manager.execute(actions.SIPpeers()).peers, list[events.PeerEntry])
    assert_type(manager.execute(actions.IAXpeers()).peers, list[events.PeerEntry])
    assert_type(manager.execute(actions.ParkedCalls()).calls, list[events.ParkedCall])
    assert_type(manager.execute(actions.FAXSession(session_number=1)).complete, events.FAXSession | None)
    assert_type(manager.execute(actions.DBGetTree(family="cidname")).entries, list[events.DBGetTreeResponse])


def any_list(aggregate: Aggregate) -> None:
    assert_type(aggregate.valid, bool)
    print(len(aggregate))


async def awaited(manager: AsyncManager) -> None:
    assert_type(await manager.execute(actions.QueueSummary()), aggregates.QueueSummary)
    assert_type((await manager.execute(actions.QueueSummary())).queues, list[events.QueueSummary])
    assert_type((await manager.execute(actions.Status(channel="a"), timeout=2)).channels, list[events.Status])
