"""A stream has the events that it was asked for, and so has whoever waits for one."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from ami_typed import (
    AsyncEventStream,
    Disconnected,
    Event,
    EventsLost,
    EventStream,
    Overflow,
    Reconnected,
    actions,
    events,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from ami_typed import AsyncManager, Manager


def iterated(manager: Manager) -> None:
    with manager.subscribe(events.Hangup) as hangups:
        assert_type(hangups, EventStream[events.Hangup])
        assert_type(hangups.get(timeout=1), events.Hangup)
        assert_type(hangups.dropped, int)
        for event in hangups:
            assert_type(event, events.Hangup)


def several(manager: Manager) -> None:
    for event in manager.subscribe(events.Newchannel, events.Hangup):
        assert_type(event, events.Newchannel | events.Hangup)
        print(event.channel)
    for more in manager.subscribe(events.Hold, events.Unhold, events.Newexten, limit=10):
        assert_type(more, events.Hold | events.Unhold | events.Newexten)
    for four in manager.subscribe(events.Hold, events.Unhold, events.Newexten, events.VarSet):
        assert_type(four, events.Hold | events.Unhold | events.Newexten | events.VarSet)
    for five in manager.subscribe(events.Hold, events.Unhold, events.Newexten, events.VarSet, events.Hangup):
        assert_type(five, events.Hold | events.Unhold | events.Newexten | events.VarSet | events.Hangup)
    for every in manager.subscribe(limit=1000):
        assert_type(every, Event)
    for named in manager.subscribe("DonglePortFail", "Queue*", events.Hangup):
        assert_type(named, Event)


def as_many_as_a_wallboard_needs(manager: Manager) -> None:
    calls = manager.subscribe(
        events.Newchannel,
        events.Newstate,
        events.Newexten,
        events.NewCallerid,
        events.DialBegin,
        events.DialEnd,
        events.BridgeEnter,
        events.BridgeLeave,
        events.Hold,
        events.Unhold,
        events.Hangup,
        events.QueueCallerJoin,
        events.QueueCallerLeave,
        events.AgentConnect,
        events.AgentComplete,
        Disconnected,
        overflow=Overflow.DROP_NEWEST,
    )
    for event in calls:
        match event:
            case events.DialBegin() | events.DialEnd():
                assert_type(event, events.DialBegin | events.DialEnd)
            case Disconnected(reason=reason):
                assert_type(reason, str)
            case events.BridgeEnter():
                assert_type(event.channel, str)
            case _:
                print(event.channel)


def waited(manager: Manager) -> None:
    assert_type(manager.wait_for(events.FullyBooted), events.FullyBooted)
    hangup = manager.wait_for(events.Hangup, where=lambda event: event.cause == 16, timeout=5)
    assert_type(hangup.cause, int)
    end = manager.wait_for(events.Hangup, events.BridgeLeave, events.Hold, where=lambda event: event.channel == "x")
    assert_type(end, events.Hangup | events.BridgeLeave | events.Hold)
    any_end = manager.wait_for(
        events.Hangup, events.BridgeLeave, events.Hold, events.DialEnd, events.Unhold, events.ParkedCall, timeout=1
    )
    assert_type(
        any_end,
        events.Hangup | events.BridgeLeave | events.Hold | events.DialEnd | events.Unhold | events.ParkedCall,
    )
    assert_type(manager.wait_for("ReceivedSMS", timeout=5, where=lambda event: event.event == "x"), Event)
    call = actions.Originate(channel="PJSIP/anna", application="Wait", data="1")
    assert_type(manager.originate(call, margin=1), events.OriginateResponse)


def told(manager: Manager) -> None:
    for notice in manager.subscribe(Disconnected, Reconnected, EventsLost):
        match notice:
            case Disconnected(reason=reason):
                assert_type(reason, str)
            case Reconnected():
                pause: timedelta = notice.gap
                assert_type(notice.attempts, int)
                print(pause)
            case _:
                assert_type(notice.count, int)


async def asynchronous(manager: AsyncManager) -> None:
    async with manager.subscribe(events.Newchannel, events.Hangup) as stream:
        assert_type(stream, AsyncEventStream[events.Newchannel | events.Hangup])
        assert_type(await stream.get(timeout=1), events.Newchannel | events.Hangup)
        async for event in stream:
            assert_type(event, events.Newchannel | events.Hangup)
    booted = await manager.wait_for(events.FullyBooted, timeout=1)
    assert_type(booted, events.FullyBooted)
    end = await manager.wait_for(events.Hangup, events.BridgeLeave, where=lambda event: event.channel == "x")
    assert_type(end, events.Hangup | events.BridgeLeave)
    assert_type(await manager.wait_for("ReceivedSMS"), Event)
    several = (events.Hold, events.Unhold, events.Newexten, events.VarSet, events.Hangup, events.DialEnd)
    async for one in manager.subscribe(*several):
        assert_type(one, events.Hold | events.Unhold | events.Newexten | events.VarSet | events.Hangup | events.DialEnd)
    hangup = await manager.wait_for(events.Hangup, where=lambda event: event.channel.startswith("PJSIP/"))
    assert_type(hangup, events.Hangup)
    call = actions.Originate(channel="PJSIP/anna", exten="100", context="default", priority=1)
    assert_type(await manager.originate(call), events.OriginateResponse)
