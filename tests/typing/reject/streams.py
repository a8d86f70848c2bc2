"""A stream has the events that it was asked for, and is used as its face wants: each line against it is marked."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import Disconnected, EventsLost, Reconnected, actions, aggregates, events

if TYPE_CHECKING:
    from ami_typed import AsyncManager, Manager


def iterated(manager: Manager) -> None:
    for event in manager.subscribe(events.Hangup, events.Newexten):
        event.cause  # refused: union-attr | reportAttributeAccessIssue
        event.chanel  # refused: union-attr | reportAttributeAccessIssue
        end: events.Hangup = event  # refused: assignment | reportAssignmentType
        print(end)
    for any_event in manager.subscribe():
        any_event.channel  # refused: attr-defined | reportAttributeAccessIssue
    for one in manager.subscribe(
        events.Hangup, events.Hold, events.Unhold, events.DialEnd, events.Newstate, events.Newexten
    ):
        one.cause  # refused: union-attr | reportAttributeAccessIssue
    manager.subscribe("Hangup").get().cause  # refused: attr-defined | reportAttributeAccessIssue
    manager.subscribe(5)  # refused: call-overload | reportArgumentType, reportCallIssue
    manager.subscribe(events.Hangup())  # refused: call-overload | reportArgumentType, reportCallIssue
    manager.subscribe(aggregates.QueueStatus)  # refused: type-var | reportArgumentType, reportCallIssue
    manager.subscribe(events.Hangup, limit="10")  # refused: call-overload | reportArgumentType, reportCallIssue
    manager.subscribe(events.Hangup).get("1")  # refused: arg-type | reportArgumentType


def waited(manager: Manager) -> None:
    manager.wait_for(events.Hangup).chanel  # refused: attr-defined | reportAttributeAccessIssue
    manager.wait_for("Hangup").cause  # refused: attr-defined | reportAttributeAccessIssue
    manager.wait_for(events.Hangup, events.Newexten).cause  # refused: union-attr | reportAttributeAccessIssue
    manager.wait_for(events.Hangup())  # refused: call-overload | reportArgumentType, reportCallIssue
    manager.wait_for(events.Hangup, lambda event: True)  # refused: call-overload | reportArgumentType, reportCallIssue
    manager.wait_for(events.Hold, where=lambda hold: hold.chanel)  # refused: attr-defined | reportAttributeAccessIssue
    manager.wait_for(events.Hangup, timeout="5")  # refused: call-overload | reportArgumentType, reportCallIssue
    manager.originate(actions.Ping())  # refused: arg-type | reportArgumentType
    call = actions.Originate(channel="a", application="Wait", data="1")
    manager.originate(call).channel_state  # refused: attr-defined | reportAttributeAccessIssue


def told(gone: Disconnected, back: Reconnected, lost: EventsLost) -> None:
    gone.gap  # refused: attr-defined | reportAttributeAccessIssue
    back.gap + 1  # refused: operator | reportOperatorIssue
    back.reason  # refused: attr-defined | reportAttributeAccessIssue
    lost.count.total  # refused: attr-defined | reportAttributeAccessIssue


async def asynchronous(manager: AsyncManager) -> None:
    manager.wait_for(events.Hangup).channel  # refused: attr-defined | reportAttributeAccessIssue
    (await manager.wait_for(events.Hangup)).chanel  # refused: attr-defined | reportAttributeAccessIssue
    for _ in manager.subscribe(events.Hangup):  # refused: attr-defined | reportGeneralTypeIssues
        pass
    async for event in manager.subscribe(events.Hangup):
        event.chanel  # refused: attr-defined | reportAttributeAccessIssue
    with manager.subscribe(events.Hangup):  # refused: attr-defined | reportGeneralTypeIssues
        pass
    manager.disconnect()  # refused: unused-coroutine | reportUnusedCoroutine
    await manager.subscribe(events.Hangup)  # refused: misc | reportGeneralTypeIssues


def mixed(manager: Manager) -> None:
    manager.subscribe(events.Hangup).__aiter__()  # refused: attr-defined | reportAttributeAccessIssue
    manager.exekute(actions.Ping())  # refused: attr-defined | reportAttributeAccessIssue
    manager.connect(5038, "localhost")  # refused: arg-type | reportArgumentType
    manager.login("me", b"a secret")  # refused: arg-type | reportArgumentType
