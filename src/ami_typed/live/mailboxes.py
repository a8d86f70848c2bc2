"""Mailboxes and their messages.

Rules of this module:

- `VoicemailUsersList` lists the mailboxes of app_voicemail, `MWIGet` those that an external program maintains
  (res_mwi_external). Each `MessageWaiting` carries both counts of one mailbox, or only whether it has new messages.
- Urgent messages count as new ones, in lists and events alike (apps/app_voicemail.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ami_typed import actions, events
from ami_typed.live.changes import Change, frozen_change
from ami_typed.live.differences import Difference, differing, existing
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals, Table, Teller, Watched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from ami_typed.messages import Event, Request

__all__ = ["Mailbox", "MailboxAdded", "MailboxChange", "MailboxRemoved", "Mailboxes", "MessagesChanged"]


class Mailbox(Watched):
    """A mailbox.

    Attributes:
        name: The number and the context, as ``201@default``.
        owner: The name of its owner; empty if none is set or known.
        new: Number of new messages; `None` if it is not known.
        old: Number of heard messages; `None` if it is not known.
        waiting: Whether there is any new message, so that a phone's lamp should be lit.
    """

    __slots__ = ("name", "new", "old", "owner", "waiting")

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.owner = ""
        self.new: int | None = None
        self.old: int | None = None
        self.waiting = False

    def __repr__(self) -> str:
        return f"<Mailbox {self.name}: {self.new} new, {self.old} old>"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a list or an event says of a mailbox."""

    new: int | None
    old: int | None
    waiting: bool
    owner: str | None = None


Lists: TypeAlias = Mapping[str, Counts]


@frozen_change
class MailboxChange(Change):
    """A change to a mailbox."""

    mailbox: Mailbox


@frozen_change
class MailboxAdded(MailboxChange):
    """A mailbox was added, or first seen."""


@frozen_change
class MailboxRemoved(MailboxChange):
    """A mailbox was removed."""


@frozen_change
class MessagesChanged(MailboxChange):
    """Messages were left, heard or deleted."""

    new: int | None
    """Number of new messages, `None` if unknown."""
    old: int | None
    """Number of heard messages, `None` if unknown."""
    new_before: int | None
    """Number of new messages before, `None` if unknown."""


class Mailboxes(Table[Mailbox], Kind[Lists]):
    """The mailboxes, by name: ``201@default``."""

    name: ClassVar[str] = "mailboxes"

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        return {events.MessageWaiting: self._waiting}

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        return (actions.VoicemailUsersList, actions.MWIGet)

    def read(self, refusals: Refusals) -> Reading[Lists]:
        """Read all mailboxes."""
        voicemail = yield from refusals.tried(actions.VoicemailUsersList())
        external = None
        if voicemail is None:  # there is only one provider of voicemail (main/app.c, __ast_vm_register)
            external = yield from refusals.tried(actions.MWIGet(mailbox="/./"))  # an expression that all names match
        found: dict[str, Counts] = {}
        for box in voicemail.mailboxes if voicemail is not None else ():
            new = box.new_message_count
            found[f"{box.voice_mailbox}@{box.vm_context}"] = Counts(new, box.old_message_count, new > 0, box.fullname)
        for each in external.mailboxes if external is not None else ():
            found[each.mailbox] = Counts(each.new_messages, each.old_messages, each.new_messages > 0)
        return found

    def join(self, picture: Teller, lists: Lists) -> Collection[str]:
        """Merge the lists with the events since their reading began."""
        lists = self._watched(lists)
        self.merge(picture, lists, self._see, self._remove)
        for name, counts in lists.items():
            if name in self and counts.owner is not None:
                self[name].owner = counts.owner
        return ()

    def compare(self, lists: Lists) -> Iterator[Difference]:
        """Compare the mailboxes with fresh lists."""
        lists = self._watched(lists)
        yield from existing("mailbox", self.names, [*lists])
        for name in lists.keys() & set(self.names):
            mine = {"new": self[name].new, "old": self[name].old}
            theirs = {"new": lists[name].new, "old": lists[name].old}
            known = {key: value for key, value in mine.items() if None not in (value, theirs[key])}
            yield from differing(f"mailbox {name}", known, theirs)

    def _watched(self, lists: Lists) -> Lists:
        """Return the listed mailboxes that are watched."""
        return {name: counts for name, counts in lists.items() if self.wants(name)}

    def _waiting(self, picture: Teller, event: events.MessageWaiting) -> None:
        name = event.mailbox
        if self.wants(name):
            self._see(picture, name, Counts(event.new, event.old, event.waiting)).touched = picture.reading

    def _see(self, picture: Teller, name: str, told: Counts) -> Mailbox:
        mailbox = self.get(name)
        is_new = mailbox is None
        if mailbox is None:
            mailbox = self.put(name, Mailbox(name))
        before = (mailbox.new, mailbox.old, mailbox.waiting)
        mailbox.new, mailbox.old, mailbox.waiting = told.new, told.old, told.waiting
        if mailbox.old is None and told.new is not None:
            mailbox.old = before[1]
        if is_new:
            picture.tell(MailboxAdded, mailbox=mailbox)
        elif before != (mailbox.new, mailbox.old, mailbox.waiting):
            picture.tell(MessagesChanged, mailbox=mailbox, new=mailbox.new, old=mailbox.old, new_before=before[0])
        return mailbox

    def _remove(self, picture: Teller, name: str) -> None:
        mailbox = self.drop(picture, name)
        if mailbox is not None:
            picture.tell(MailboxRemoved, mailbox=mailbox)
