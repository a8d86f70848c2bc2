"""What an event does not share is refused: each such line is marked."""

# pyright: strict

from __future__ import annotations

from ami_typed import events


def log(event: events.ChannelEvent) -> str:
    return event.channel


def of_a_call(dial: events.DialBegin, member: events.QueueMemberAdded) -> None:
    log(member)  # refused: arg-type | reportArgumentType
    log(dial)  # refused: arg-type | reportArgumentType
    print(dial.snapshot.channel)  # refused: union-attr | reportOptionalMemberAccess
    print(dial.dest.dest_channel)  # refused: attr-defined | reportAttributeAccessIssue
    print(member.snapshot)  # refused: attr-defined | reportAttributeAccessIssue
    print(events.LorryEvent)  # refused: attr-defined | reportAttributeAccessIssue
