"""A callback that wants another event, another manager or other arguments is refused: such lines are marked."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import aggregates, events

if TYPE_CHECKING:
    from ami_typed import AsyncManager, Event, Manager


def on_hangup(event: events.Hangup, manager: Manager) -> None:
    print(event.channel, manager.release)


def on_hangup_async(event: events.Hangup, manager: AsyncManager) -> None:
    print(event.channel, manager.release)


async def awaited(event: events.Hangup, manager: AsyncManager) -> None:
    print(event.channel, manager.release)


def on_queues(queues: aggregates.QueueStatus, manager: Manager) -> None:
    print(queues.members, manager.release)


def alone(event: events.Hangup) -> None:
    print(event.channel)


def register(manager: Manager) -> None:
    add = manager.register_callback
    add(events.Newchannel, on_hangup)  # refused: arg-type | reportArgumentType, reportCallIssue
    add("Hangup", on_hangup)  # refused: arg-type | reportArgumentType, reportCallIssue
    add("", on_hangup)  # refused: arg-type | reportArgumentType, reportCallIssue
    add(None, on_hangup)  # refused: arg-type | reportArgumentType, reportCallIssue
    add(events.Hangup, alone)  # refused: arg-type | reportArgumentType, reportCallIssue
    add(events.Hangup, on_hangup_async)  # refused: arg-type | reportArgumentType, reportCallIssue
    add(events.Hangup, on_queues)  # refused: arg-type | reportArgumentType, reportCallIssue
    add(aggregates.QueueStatus, on_hangup)  # refused: arg-type, type-var | reportArgumentType, reportCallIssue
    add(events.Hangup, "print")  # refused: call-overload | reportArgumentType, reportCallIssue
    add(5, on_hangup)  # refused: call-overload | reportArgumentType, reportCallIssue
    add(events.Hangup, lambda event, _: event.chanel)  # refused: attr-defined | reportAttributeAccessIssue
    add(events.Hangup, lambda event: event.channel)  # refused: arg-type, misc | reportArgumentType, reportCallIssue

    @add(events.Newchannel)  # refused: arg-type | reportArgumentType
    def wrong(event: events.Hangup, _: Manager) -> None:
        print(event.channel)

    print(wrong)


def register_with_asyncio(manager: AsyncManager) -> None:
    add = manager.register_callback
    add(events.Newchannel, awaited)  # refused: arg-type | reportArgumentType, reportCallIssue
    add(events.Hangup, on_hangup)  # refused: arg-type | reportArgumentType, reportCallIssue
    add("Hangup", awaited)  # refused: arg-type | reportArgumentType, reportCallIssue
    manager.on(events.Hangup, awaited)  # refused: attr-defined | reportAttributeAccessIssue


def named(event: Event) -> None:
    print(event.event.channel)  # refused: attr-defined | reportAttributeAccessIssue
