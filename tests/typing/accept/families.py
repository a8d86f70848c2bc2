"""What several events share has a name for checkers, and a snapshot the types of its headers."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from ami_typed import enums, events

if TYPE_CHECKING:
    from ami_typed import AsyncManager, Event, Manager


def log(event: events.ChannelEvent) -> str:
    assert_type(event.channel_state, enums.ChannelState)
    assert_type(event.snapshot, events.ChannelSnapshot)
    return f"{event.channel} {event.caller_id_num or 'anonymous'}"


def of_any(event: Event) -> None:
    if isinstance(event, events.ChannelEvent):
        log(event)
    match event:
        case events.BridgeEvent(bridge_uniqueid=bridge):
            assert_type(bridge, str)
        case events.SecurityEvent(service=service):
            assert_type(service, str)
        case _:
            pass


def hear(event: events.ChannelEvent, manager: Manager) -> None:
    log(event)


def subscribed(manager: Manager) -> None:
    manager.register_callback(events.ChannelEvent, hear)
    manager.unregister_callback(events.ChannelEvent, hear)
    with manager.subscribe(events.ChannelEvent, events.BridgeEvent) as stream:
        assert_type(stream.get(), events.ChannelEvent | events.BridgeEvent)
    found = manager.wait_for(events.SecurityEvent, where=lambda event: event.service == "PJSIP")
    assert_type(found, events.SecurityEvent)


async def awaited(manager: AsyncManager) -> None:
    assert_type(await manager.wait_for(events.ChannelEvent), events.ChannelEvent)
    async for event in manager.subscribe(events.ChannelEvent):
        assert_type(event, events.ChannelEvent)


def of_a_call(event: events.DialBegin, hangup: events.Hangup) -> None:
    log(hangup)
    assert_type(event.dest, events.ChannelSnapshot)
    assert_type(event.dest.caller_id_num, str | None)
    assert_type(event.dest.channel_state, enums.ChannelState)
    assert_type(event.dest.priority, int)
    assert_type(event.dest.chan_variable, dict[str, str])
    assert_type(event.dest_channel, str)
    assert_type(event.snapshot, events.ChannelSnapshot | None)
    assert_type(event.channel, str | None)
