"""Mailboxes: how many messages wait, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ami_typed.testing.telephony import states
from ami_typed.testing.telephony.handling import answers

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.world import World

__all__ = ["Mailbox", "Mailboxes", "change"]


@dataclass
class Mailbox:
    """The messages in a mailbox."""

    new: int = 0
    old: int = 0
    urgent: int = 0


class Mailboxes:
    """The mailboxes by name: ``600@default``."""

    def __init__(self) -> None:
        self.known: dict[str, Mailbox] = {}


def _full(name: str) -> str:
    return name if "@" in name else f"{name}@default"


@states.provides_states("mwi")
def _state(world: World, device: str) -> str:
    """Return whether messages wait: ``MWI:600@default``."""
    mailbox = world.part(Mailboxes).known.get(_full(device.partition(":")[2]), Mailbox())
    return "INUSE" if mailbox.new + mailbox.urgent else "NOT_INUSE"


def change(world: World, name: str, mailbox: Mailbox) -> None:
    """Set the messages of a mailbox, and send that."""
    name = _full(name)
    world.part(Mailboxes).known[name] = mailbox
    waiting = mailbox.new + mailbox.urgent
    lines = [("Mailbox", name), ("Waiting", str(int(waiting > 0))), ("New", str(waiting)), ("Old", str(mailbox.old))]
    world.emit("MessageWaiting", lines)
    states.changed(world, f"MWI:{name}")


def _named(action: ReceivedAction, reply: Reply) -> str:
    name = action.get("Mailbox", "")
    if not name:
        reply.error("Mailbox not specified")
    return name


@answers("MailboxStatus")
def _status(world: World, action: ReceivedAction, reply: Reply) -> None:
    name = _named(action, reply)
    if name:
        found = world.part(Mailboxes).known.get(_full(name), Mailbox())
        waits = str(int(found.new + found.urgent > 0))
        reply.success("Mailbox Status", [("Mailbox", name), ("Waiting", waits)])


@answers("MailboxCount")
def _count(world: World, action: ReceivedAction, reply: Reply) -> None:
    name = _named(action, reply)
    if name:
        found = world.part(Mailboxes).known.get(_full(name), Mailbox())
        counts = [("UrgMessages", found.urgent), ("NewMessages", found.new), ("OldMessages", found.old)]
        reply.success("Mailbox Message Count", [("Mailbox", name), *((each, str(count)) for each, count in counts)])


@answers("MWIUpdate")
def _update(world: World, action: ReceivedAction, reply: Reply) -> None:
    name = _named(action, reply)
    counts = [action.get(header, "0") or "0" for header in ("NewMessages", "OldMessages")]
    if not name:
        return
    for header, count in zip(("NewMessages", "OldMessages"), counts, strict=True):
        if not count.isdigit():
            reply.error(f"Invalid {header}")
            return
    change(world, name, Mailbox(*map(int, counts)))
    reply.success()


@answers("MWIGet")
def _get(world: World, action: ReceivedAction, reply: Reply) -> None:
    name = _named(action, reply)
    if not name:
        return
    found = {each: box for each, box in world.part(Mailboxes).known.items() if each == _full(name)}
    items = [
        world.event("MWIGet", [("Mailbox", each), ("OldMessages", str(box.old)), ("NewMessages", str(box.new))])
        for each, box in found.items()
    ]
    reply.list(items, "MWIGetComplete", "Mailboxes will follow")


@answers("MWIDelete")
def _delete(world: World, action: ReceivedAction, reply: Reply) -> None:
    name = _named(action, reply)
    if not name:
        return
    if world.part(Mailboxes).known.pop(_full(name), None) is not None:
        change(world, name, Mailbox())
        del world.part(Mailboxes).known[_full(name)]
    reply.success()
