"""Code: the actions and events in one release's C sources: what the code registers, reads and sends.

Asterisk's documentation lacks more than a quarter of the events, and spells some names differently from the wire. The
input is a scan of the C sources of one release tag, by action and by call; this stage condenses it to one fact per
message, in `spec/code/<release>.json`, in a format like that of `facts`: messages sorted by name, one header per line.

Rules owned here:

- Names are those on the wire. `%d` in a name is a number (`Report%dLSR`); a header whose name is not a literal in the
  sources is absent.
- Headers that every message may have are omitted: ActionID, and Privilege of events.
- A header is always sent if every source of the event has it in the format string of the call itself. A header that a
  function composes elsewhere is sent sometimes, because the scan does not distinguish branches there. A source without
  any headers (its whole text is composed elsewhere) is ignored.
- If one call sends several events, a header composed elsewhere may belong to only some of them and is marked as shared.
  (LocalBridge gets the Success header of LocalOptimizationEnd this way.)
- A snapshot is expanded to its fields; its mandatory fields are always sent if every source has the snapshot unshared.
  The scan does not show whether a call may omit a whole snapshot (the caller of DialBegin).
- A stored object of PJSIP is expanded to its type, its name and its registered fields.
- Lists end with a single helper function of Asterisk, which sends EventList and ListItems before any other header.
- Headers are in wire order as far as the scan shows it: snapshots, the call's own headers, headers composed elsewhere.
  If the documentation lists a header of the call before the snapshot, it also precedes the snapshot on the wire.
- Messages that stay inside Asterisk (CloseSession) or come from its own tests (FakeMI) are omitted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from .facts import RELEASE, Fact, FactsFile, Message, read
from .trouble import Troubles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Presence: TypeAlias = Literal["always", "sometimes"]
Kind: TypeAlias = Literal["unsolicited", "list item", "list complete", "answer"]
SnapshotKind: TypeAlias = Literal["channel", "bridge"]

_FLAG = "EVENT_FLAG_"
_ENVELOPE = frozenset({"actionid", "privilege"})
_CLOSING = ("EventList", "ListItems")
_STORED_OBJECT = ("ObjectType", "ObjectName")
_SNAPSHOT = re.compile(r"<(channel|bridge)_snapshot(?::(\w+))?>")
_JSON_KEYS = "<json keys>"
_SORCERY_OBJECT = "<sorcery object>"


class CodeHeader(Fact):
    """A header of an event.

    Attributes:
        name: The name on the wire.
        presence: Whether every such event has it; `sometimes` unless the sources prove otherwise.
        shared: Whether it may belong only to other events that the same call sends.
        snapshot: The snapshot that contains it; None for a header outside snapshots.
        prefix: The prefix of that snapshot, which `name` includes.
    """

    name: str = Field(min_length=1)
    presence: Presence = "sometimes"
    shared: bool = False
    snapshot: SnapshotKind | None = None
    prefix: str = ""


class CodeList(Fact):
    """The list with which an action is answered.

    Attributes:
        items: The events that are its items.
        complete: The event that ends it.
        announced: Whether the answer has `EventList: start`.
        conditional: Whether the action may also answer with a plain success and no list.
    """

    items: tuple[str, ...] = Field(min_length=1)
    complete: str
    announced: bool
    conditional: bool


class CodeAction(Message):
    """An action as registered by Asterisk; registrations by several modules are merged.

    Attributes:
        name: As registered.
        modules: The modules that register it.
        privileges: The privileges, any of which a user needs to send it; empty if every user may.
        conditions: The `#if` conditions that a build must meet to include it.
        headers: The headers that it reads, except ActionID and numbered ones (those of UpdateConfig).
        list: The list with which it is answered, if any.
        answers: The events sent in answer to it that are not a list.
        response_headers: The headers of its answer beyond those of any answer, if their names are literals.
    """

    modules: tuple[str, ...] = ()
    privileges: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    list: CodeList | None = None
    answers: tuple[str, ...] = ()
    response_headers: tuple[str, ...] = ()


class CodeEvent(Message):
    """An event as sent by Asterisk; all calls that send it are merged.

    Attributes:
        name: The name on the wire.
        modules: The modules that send it.
        privileges: The privileges, all of which a user needs to receive it unsolicited; empty if it only answers.
        kinds: The roles in which it is sent: unsolicited, as an item or the end of a list, or as an action's answer.
        conditions: The `#if` conditions that a build must meet to include it.
        actions: The actions that it answers.
        json_keys: Whether some of its headers are the keys of a JSON object, so that other headers are possible.
        headers: Its headers.
    """

    modules: tuple[str, ...] = ()
    privileges: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = Field(min_length=1)
    conditions: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    json_keys: bool = False
    headers: tuple[CodeHeader, ...] = ()


class CodeFacts(FactsFile[CodeAction, CodeEvent]):
    """All facts from the sources of one release."""

    command = "sources"


def condense(path: Path) -> CodeFacts:
    """Parse the scan of one release's sources.

    Raises:
        TroubleError: The file is invalid; reports every problem found.
    """
    return _Condensation(read(_Scan, path), str(path)).facts()


def condense_into(files: Sequence[Path], folder: Path) -> list[Path]:
    """Condense scans and write their facts, one `<release>.json` each. Write nothing if any file has a trouble.

    Args:
        files: Scans of sources.
        folder: The folder for facts: `spec/code`.

    Returns:
        The files written, in the order of `files`.

    Raises:
        TroubleError: A file is invalid; reports every problem in all files.
    """
    troubles = Troubles()
    facts: dict[str, CodeFacts] = {}
    for path in files:
        with troubles.absorb():
            condensed = condense(path)
            if facts.setdefault(condensed.release, condensed) is not condensed:
                troubles.add(f"This is the second file for release {condensed.release}.", file=str(path))
    troubles.check()
    return [each.save(folder) for each in facts.values()]


# The parts of the scan that are used


class _Scanned(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Registration(_Scanned):
    module: str
    authority: tuple[str, ...]
    conditional: tuple[str, ...]


class _Answers(_Scanned):
    items: tuple[str, ...]
    complete: tuple[str, ...]


class _ScannedAction(_Scanned):
    registrations: tuple[_Registration, ...] = Field(min_length=1)
    reads_headers: tuple[str, ...]
    response_headers: tuple[str, ...]
    acks: tuple[str, ...]
    list: bool
    listack: tuple[str, ...]
    events: _Answers


class _Source(_Scanned):
    """One call that sends an event; `headers` are in its format string, `more_headers` are composed elsewhere."""

    file: str
    line: int
    module: str
    kind: Kind
    flags: tuple[str, ...]
    headers: tuple[str, ...]
    more_headers: tuple[str, ...]
    conditional: tuple[str, ...]


class _ScannedEvent(_Scanned):
    sources: tuple[_Source, ...] = Field(min_length=1)
    actions: tuple[str, ...]
    doc_headers: tuple[str, ...]
    internal: bool
    test_only: bool
    sorcery_type: str | None = None


class _Scan(_Scanned):
    """The scan of one release.

    Attributes:
        snapshots: The fields of each snapshot, and whether each is optional.
        sorcery_fields: The fields of PJSIP's stored objects, by type.
        not_on_ami: Names that look like events but never leave Asterisk.
        unresolved: Items that the scan could not resolve.
    """

    version: str = Field(pattern=rf"^{RELEASE.pattern}$")
    actions: Mapping[str, _ScannedAction]
    events: Mapping[str, _ScannedEvent]
    snapshots: Mapping[SnapshotKind, tuple[tuple[str, bool], ...]]
    sorcery_fields: Mapping[str, tuple[str, ...]]
    not_on_ami: Mapping[str, str]
    unresolved: tuple[object, ...]


class _Condensation:
    """Conversion of one scan to facts. Reports the troubles of all messages together."""

    def __init__(self, scan: _Scan, file: str) -> None:
        self._scan = scan
        self._troubles = Troubles(file)
        self._events = {name: event for name, event in scan.events.items() if _leaves_asterisk(name, event, scan)}
        self._senders = Counter(place for event in scan.events.values() for place in _places(event))

    def facts(self) -> CodeFacts:
        for what in self._scan.unresolved:
            self._troubles.add(f"The scan could not determine {what}; complete it first.")
        actions = {name: self._action(name, action) for name, action in self._scan.actions.items()}
        events = {name: self._event(name, event) for name, event in self._events.items()}
        self._troubles.check()
        return CodeFacts(release=self._scan.version, actions=actions, events=events)

    def _action(self, name: str, action: _ScannedAction) -> CodeAction:
        for event in (*action.events.items, *action.events.complete):
            if event not in self._events:
                self._troubles.add(f"It answers with the event {event}, which no call sends.", message=f"Action {name}")
        return CodeAction(
            name=name,
            modules=_each(registration.module for registration in action.registrations),
            privileges=_privileges(registration.authority for registration in action.registrations),
            conditions=_common([registration.conditional for registration in action.registrations]),
            headers=tuple(header for header in action.reads_headers if header.lower() not in _ENVELOPE),
            list=self._list(name, action) if action.list else None,
            answers=() if action.list else action.events.items,
            response_headers=tuple(header for header in action.response_headers if _is_own(header)),
        )

    def _list(self, name: str, action: _ScannedAction) -> CodeList | None:
        if not action.events.items or len(action.events.complete) != 1:
            self._troubles.add("Its list has no items, or not exactly one closing event.", message=f"Action {name}")
            return None
        return CodeList(
            items=action.events.items,
            complete=action.events.complete[0],
            announced=bool(action.listack),
            conditional=bool(action.acks),
        )

    def _event(self, name: str, event: _ScannedEvent) -> CodeEvent:
        shown = [self._shown(name, event, source) for source in event.sources]
        return CodeEvent(
            name=name,
            modules=_each(source.module for source in event.sources),
            privileges=_privileges(source.flags for source in event.sources),
            kinds=tuple(dict.fromkeys(source.kind for source in event.sources)),
            conditions=_common([source.conditional for source in event.sources]),
            actions=event.actions,
            json_keys=any(_JSON_KEYS in source.more_headers for source in event.sources),
            headers=_united([headers for headers in shown if headers]),
        )

    def _shown(self, name: str, event: _ScannedEvent, source: _Source) -> dict[str, CodeHeader]:
        """Return the headers of one call by lowercase name, in wire order."""
        more = source.more_headers
        cut = 0 if _call_comes_first(event, source) else _end_of_snapshots(more)
        headers = [
            *(map(_always, _CLOSING) if source.kind == "list complete" else ()),
            *self._put_together(name, event, source, more[:cut]),
            *map(_always, source.headers),
            *self._put_together(name, event, source, more[cut:]),
        ]
        shown: dict[str, CodeHeader] = {}
        for header in headers:
            shown.setdefault(header.name.lower(), header)
        return {key: header for key, header in shown.items() if key not in _ENVELOPE}

    def _put_together(
        self, name: str, event: _ScannedEvent, source: _Source, texts: Iterable[str]
    ) -> Iterator[CodeHeader]:
        is_shared = self._senders[source.file, source.line] > 1
        for text in texts:
            for header in self._expanded(name, event, text):
                yield header.model_copy(update={"shared": True, "presence": "sometimes"}) if is_shared else header

    def _expanded(self, name: str, event: _ScannedEvent, text: str) -> Iterator[CodeHeader]:
        if match := _SNAPSHOT.fullmatch(text):
            yield from self._snapshot("channel" if match[1] == "channel" else "bridge", match[2] or "")
        elif text == _SORCERY_OBJECT:
            yield from map(_always, _STORED_OBJECT)
            yield from (CodeHeader(name=field) for field in self._stored_fields(name, event))
        elif not text.startswith("<"):
            yield CodeHeader(name=text)
        elif text != _JSON_KEYS:
            self._troubles.add(f"The scan contains {text}, which has no meaning here.", message=f"Event {name}")

    def _snapshot(self, kind: SnapshotKind, prefix: str) -> Iterator[CodeHeader]:
        for field, is_optional in self._scan.snapshots[kind]:
            presence: Presence = "sometimes" if is_optional else "always"
            yield CodeHeader(name=prefix + field, presence=presence, snapshot=kind, prefix=prefix)

    def _stored_fields(self, name: str, event: _ScannedEvent) -> tuple[str, ...]:
        fields = self._scan.sorcery_fields.get(event.sorcery_type or "")
        if fields is None:
            self._troubles.add("The scan does not state which stored object it shows.", message=f"Event {name}")
        return fields or ()


def _leaves_asterisk(name: str, event: _ScannedEvent, scan: _Scan) -> bool:
    return not (event.internal or event.test_only or name in scan.not_on_ami)


def _places(event: _ScannedEvent) -> set[tuple[str, int]]:
    return {(source.file, source.line) for source in event.sources}


def _call_comes_first(event: _ScannedEvent, source: _Source) -> bool:
    """Return whether the documentation lists a header of the call before the first snapshot."""
    known = (text for text in event.doc_headers if text in source.headers or _SNAPSHOT.fullmatch(text))
    return next(known, "") in source.headers


def _end_of_snapshots(texts: Sequence[str]) -> int:
    return max((place for place, text in enumerate(texts, start=1) if _SNAPSHOT.fullmatch(text)), default=0)


def _united(shown: Sequence[dict[str, CodeHeader]]) -> tuple[CodeHeader, ...]:
    """Merge the headers of several calls. A new header precedes the next one already known, or comes last."""
    order: list[str] = []
    for headers in shown:
        place = len(order)
        for key in reversed(headers):
            if key not in order:
                order.insert(place, key)
            place = order.index(key)
    return tuple(_united_header([headers.get(key) for headers in shown]) for key in order)


def _united_header(headers: Sequence[CodeHeader | None]) -> CodeHeader:
    there = [header for header in headers if header]
    is_always = len(there) == len(headers) and all(header.presence == "always" for header in there)
    is_shared = any(header.shared for header in there)
    return there[0].model_copy(update={"presence": "always" if is_always else "sometimes", "shared": is_shared})


def _always(name: str) -> CodeHeader:
    return CodeHeader(name=name, presence="always")


def _is_own(header: str) -> bool:
    return not header.startswith("<") and header.lower() not in {"response", "message", "actionid"}


def _privileges(flags: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return _each(flag.removeprefix(_FLAG).lower() for each in flags for flag in each)


def _common(conditions: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(condition for condition in conditions[0] if all(condition in others for others in conditions[1:]))


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
