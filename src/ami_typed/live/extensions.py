"""Extensions with hints: the state of their devices, and the presence of the person.

Rules of this module:

- `ExtensionStateList` lists every hint; each `ExtensionStatus` carries the whole state of one.
- The presence of an extension is that of the provider which its hint names after a comma, as in
  ``Custom:desk,CustomPresence:desk`` (main/pbx.c, hint_dup and ast_presence_state_helper). `PresenceStateList` and
  `PresenceStateChange` have it by provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ami_typed import actions, enums, events
from ami_typed.live.changes import Change, frozen_change
from ami_typed.live.differences import Difference, differing, existing
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals, Table, Teller, Watched, keyed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from ami_typed.messages import Event, Request

__all__ = [
    "Extension",
    "ExtensionAdded",
    "ExtensionChange",
    "ExtensionRemoved",
    "ExtensionStateChanged",
    "Extensions",
    "Presence",
    "PresenceChanged",
]

Lists: TypeAlias = tuple[Sequence[events.ExtensionStatus], Sequence[events.PresenceStateChange]]
_GONE = (enums.ExtensionState.REMOVED, enums.ExtensionState.DEACTIVATED)


class Presence(Watched):
    """The presence of a person, as a provider reports it.

    Attributes:
        provider: The provider, such as ``CustomPresence:desk``.
        state: The state.
        subtype: The provider's refinement of the state; may be empty.
        message: The person's status message; may be empty.
    """

    __slots__ = ("message", "provider", "state", "subtype")

    def __init__(self, provider: str) -> None:
        super().__init__()
        self.provider = provider
        self.state: enums.PresenceState | str = enums.PresenceState.NOT_SET
        self.subtype = ""
        self.message = ""

    def __repr__(self) -> str:
        return f"<Presence {self.provider}: {self.state}>"

    def see(self, told: events.PresenceStateChange) -> bool:
        """Update it; return whether it changed."""
        before = (self.state, self.subtype, self.message)
        self.state, self.subtype, self.message = told.status, told.subtype, told.message
        return before != (self.state, self.subtype, self.message)


class Extension(Watched):
    """An extension with a hint.

    Attributes:
        name: The extension and its context, as ``201@phones``.
        exten: The extension.
        context: Its context.
        hint: The devices that the hint watches, and the presence provider.
        state: The state of these devices.
        since: When it entered this state, as far as observed; `None` if that was before the first load.
        presence: The presence of the person; `None` if the hint names no provider, or nothing is known.
    """

    __slots__ = ("context", "exten", "hint", "name", "presence", "since", "state")

    def __init__(self, told: events.ExtensionStatus) -> None:
        super().__init__()
        self.name = _name(told)
        self.exten = told.exten
        self.context = told.context
        self.hint = told.hint
        self.state: enums.ExtensionState | int = told.status
        self.since: datetime | None = None
        self.presence: Presence | None = None

    def __repr__(self) -> str:
        return f"<Extension {self.name}: {self.state!r}>"

    @property
    def provider(self) -> str | None:
        """The presence provider that the hint names, `None` if there is none."""
        return self.hint.partition(",")[2].strip() or None


@frozen_change
class ExtensionChange(Change):
    """A change to an extension with a hint."""

    extension: Extension


@frozen_change
class ExtensionAdded(ExtensionChange):
    """A hint was added."""


@frozen_change
class ExtensionRemoved(ExtensionChange):
    """A hint was removed."""


@frozen_change
class ExtensionStateChanged(ExtensionChange):
    """The state of an extension's devices changed."""

    state: enums.ExtensionState | int
    """The new state."""
    before: enums.ExtensionState | int
    """The previous state."""


@frozen_change
class PresenceChanged(ExtensionChange):
    """The presence of an extension's person changed."""

    presence: Presence


class Extensions(Table[Extension], Kind[Lists]):
    """The extensions with hints, by name: ``201@phones``."""

    name: ClassVar[str] = "extensions"

    def __init__(self) -> None:
        super().__init__()
        self._presences: Table[Presence] = Table()

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        return {events.ExtensionStatus: self._status, events.PresenceStateChange: self._presence}

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        return (actions.ExtensionStateList, actions.PresenceStateList)

    def read(self, refusals: Refusals) -> Reading[Lists]:
        """Read all hints, and the presence of all persons."""
        hints = yield from refusals.required(actions.ExtensionStateList())
        presences = yield from refusals.tried(actions.PresenceStateList())
        return (hints.hints if hints is not None else [], presences.states if presences is not None else [])

    def join(self, picture: Teller, lists: Lists) -> Collection[str]:
        """Merge the lists with the events since their reading began."""
        hints, presences = lists
        named = self._listed(hints)
        self.merge(picture, named, self._see, self._remove)
        for name in named.keys() & set(self.names):
            self[name].hint = named[name].hint
        listed = keyed(presences, lambda each: each.presentity)
        self._presences.merge(picture, listed, self._see_presence, self._presences.drop)
        for extension in self:
            extension.presence = self._presences.get(extension.provider)
        return ()

    def compare(self, lists: Lists) -> Iterator[Difference]:
        """Compare the extensions with fresh lists."""
        listed = self._listed(lists[0])
        yield from existing("extension", self.names, [*listed])
        for name in listed.keys() & set(self.names):
            theirs = {"state": listed[name].status, "hint": listed[name].hint}
            yield from differing(f"extension {name}", {"state": self[name].state, "hint": self[name].hint}, theirs)
        for each in lists[1]:
            known = self._presences.get(each.presentity)
            mine = (known.state, known.subtype, known.message) if known is not None else None
            theirs = {"presence": (each.status, each.subtype, each.message)}
            yield from differing(f"presence {each.presentity}", {"presence": mine}, theirs)

    def _listed(self, hints: Sequence[events.ExtensionStatus]) -> dict[str, events.ExtensionStatus]:
        """Return the listed hints that are watched and exist, by name."""
        named = keyed(hints, _name)
        return {name: each for name, each in named.items() if self.wants(name) and each.status not in _GONE}

    def _status(self, picture: Teller, event: events.ExtensionStatus) -> None:
        name = _name(event)
        if not self.wants(name):
            return
        if event.status in _GONE:
            self._remove(picture, name)
        else:
            self._see(picture, name, event).touched = picture.reading

    def _see(self, picture: Teller, name: str, told: events.ExtensionStatus) -> Extension:
        extension = self.get(name)
        if extension is None:
            extension = self.put(name, Extension(told))
            picture.tell(ExtensionAdded, extension=extension)
        elif extension.state != told.status:
            before, extension.state, extension.since = extension.state, told.status, picture.now
            picture.tell(ExtensionStateChanged, extension=extension, state=told.status, before=before)
        extension.hint = told.hint or extension.hint  # while the server boots, events lack it
        extension.presence = self._presences.get(extension.provider)
        return extension

    def _remove(self, picture: Teller, name: str) -> None:
        extension = self.drop(picture, name)
        if extension is not None:
            picture.tell(ExtensionRemoved, extension=extension)
        else:
            picture.unexpected += not picture.loading

    def _presence(self, picture: Teller, event: events.PresenceStateChange) -> None:
        self._see_presence(picture, event.presentity, event).touched = picture.reading

    def _see_presence(self, picture: Teller, provider: str, told: events.PresenceStateChange) -> Presence:
        presence = self._presences.get(provider)
        if presence is None:
            presence = self._presences.put(provider, Presence(provider))
        changed = presence.see(told)
        for extension in self:
            if extension.provider == provider:
                extension.presence = presence
                if changed:
                    picture.tell(PresenceChanged, extension=extension, presence=presence)
        return presence


def _name(told: events.ExtensionStatus) -> str:
    return f"{told.exten}@{told.context}"
