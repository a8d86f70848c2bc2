"""What an event does not share is refused: each such line is marked."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import events

if TYPE_CHECKING:
    from ami_typed import Manager


def log(event: events.ChannelEvent) -> str:
    return event.channel


def on_hangup(event: events.Hangup, manager: Manager) -> None:
    print(event.cause, manager.is_connected)


def subscribed(manager: Manager) -> None:
    family = events.ChannelEvent
    manager.register_callback(family, on_hangup)  # refused: arg-type | reportArgumentType, reportCallIssue
    manager.wait_for(events.ChannelEvent).cause  # refused: attr-defined | reportAttributeAccessIssue
    manager.subscribe(events.ChannelEvent).get().bridge_uniqueid  # refused: attr-defined | reportAttributeAccessIssue


def of_a_call(dial: events.DialBegin, member: events.QueueMemberAdded) -> None:
    log(member)  # refused: arg-type | reportArgumentType
    log(dial)  # refused: arg-type | reportArgumentType
    print(dial.snapshot.channel)  # refused: union-attr | reportOptionalMemberAccess
    print(dial.dest.dest_channel)  # refused: attr-defined | reportAttributeAccessIssue
    print(member.snapshot)  # refused: attr-defined | reportAttributeAccessIssue
    print(events.LorryEvent)  # refused: attr-defined | reportAttributeAccessIssue
