"""Amend: apply the overlay's corrections and additions to the catalogue.

Rules owned here:

- An entry must match something, and may add only what does not exist yet; otherwise it is a trouble. This keeps the
  overlay from becoming stale as the documentation grows.
- A message's own entry takes precedence over the glossary, and the glossary over the documentation.
- If the overlay extends the releases of a message, the message keeps its headers in all of them, except headers whose
  releases were already narrower than those of the message.
- A header is always sent if the overlay says so, if it belongs to a snapshot proper, or if a source specifies it; a
  header that only some of the message's releases have never is. A `since` version within a branch has no effect on
  this.
- Events that are sent only in answers are as old, within a branch, as the lists that contain them: a later `since`
  dates their documentation, and without one there is no other indication. `releases` of an entry takes precedence.
- A message belongs to the domain that names it, else to that of its Asterisk module, else to one named after the
  module, else to `other`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from . import merge, overlay
from .names import is_name
from .spans import (
    Span,
    as_old_as,
    begun,
    common,
    ends_unsaid,
    following,
    span_of,
    united,
    written_span,
    written_starts,
)
from .trouble import Troubles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .merge import Catalogue, Kind, SnapshotKind
    from .overlay import Overlay, Place

FALLBACK_DOMAIN = "other"
UNCHANGED = overlay.Event()

_MODULE_PREFIX = re.compile(r"(app|cdr|cel|chan|func|pbx|res|sig)_")
_NO_MODULE = frozenset({"builtin", "core"})

_Entry: TypeAlias = "overlay.Action | overlay.Event"
_Part: TypeAlias = "overlay.Parameter | overlay.Header"


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a message, or a parameter of an action.

    Attributes:
        name: The name on the wire; contains `*` for a family of names.
        span: The releases that support it, within those of the message.
        type: A type keyword of the overlay.
        place: The location of that keyword, for troubles.
        attribute: The name of its attribute; None to derive it from the header's name.
        doc: The description, in our own words.
        always: Whether every such message has it.
        none: The texts that mean "no value".
        unsaid: The text that Asterisk sends if nothing else is said.
        required: Whether a request must have it.
        default: Asterisk's default if a request omits it.
        values: The documented values.
        secret: Whether its value is never shown.
    """

    name: str
    span: Span
    type: str
    place: Place
    attribute: str | None = None
    doc: str | None = None
    always: bool = False
    none: tuple[str, ...] = ()
    unsaid: str | None = None
    required: bool = False
    default: str | None = None
    values: tuple[str, ...] = ()
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Headers that form one value, or the lines that are not headers.

    Attributes:
        name: The attribute or parameter.
        type: A type keyword for groups.
        headers: The names of the headers, with `*` for a variable part.
        span: The releases that support it, within those of the message.
        secret: The headers whose value is never shown.
        enums: The vocabularies that the value consists of.
        place: Its location, for troubles.
    """

    name: str
    type: str
    headers: tuple[str, ...]
    span: Span
    doc: str | None
    required: bool
    secret: tuple[str, ...]
    enums: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Rules:
    """Constraints between the headers of a request, as sets of names, and headers with side effects."""

    one_of: tuple[tuple[str, ...], ...] = ()
    some_of: tuple[tuple[str, ...], ...] = ()
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    waits: overlay.Waits | None = None
    sets_mask: str | None = None
    names_events: str | None = None


@dataclass(frozen=True, slots=True)
class List:
    """The list with which an action is answered.

    Attributes:
        items: Pairs of attribute and event; an attribute of None is derived from the event's name.
        complete: The event that ends it.
        announced: Whether the answer announces that a list follows.
        empty: Error messages that only mean that the list is empty.
        counted: Whether the event that ends it contains the number of items.
    """

    items: tuple[tuple[str | None, str], ...]
    complete: str | None
    announced: bool
    empty: tuple[str, ...]
    counted: bool
    doc: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Message:
    """An action or an event.

    Attributes:
        documented: The releases whose documentation includes it; empty if it is undocumented.
        documented_as: Its documented name, as in the URL of the official page; None if it is undocumented.
        page: The official page; None to derive it from the name.
        former: The privileges that differ from `privileges`, each with the releases that require them.
        asked_by: For an event, the actions whose sender receives it regardless of privileges.
        quirks: Peculiarities of the message or of its answer; see `_QUIRKS`.
        answers: The number of answers on success.
        empty_lines: The number of empty lines that end a raw-text answer.
        named_by: For an event, the header that distinguishes events that share its name.
        modules: The modules of Asterisk, one of which must be loaded; empty if the core suffices.
        turned_on_by: For an event, the settings that must all be on.
        occasion: For an event, a sentence about what else users have to set up.
        text_follows: The releases that answer with text that may contain empty lines.
        place: The location of its source, for troubles.
    """

    kind: Kind
    name: str
    span: Span
    documented: Span
    documented_as: str | None
    domain: str
    headers: tuple[Header, ...]
    privileges: tuple[str, ...] | None
    doc: str | None
    page: str | None
    place: Place
    former: tuple[tuple[tuple[str, ...], Span], ...] = ()
    asked_by: tuple[str, ...] = ()
    response: str | None = None
    list: List | None = None
    quirks: tuple[str, ...] = ()
    answers: int = 1
    empty_lines: int = 1
    named_by: str = ""
    modules: tuple[str, ...] = ()
    turned_on_by: tuple[overlay.Setting, ...] = ()
    occasion: str | None = None
    text_follows: str | None = None
    groups: tuple[Group, ...] = ()
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, slots=True)
class Response:
    """The headers of the answer to some actions."""

    name: str
    domain: str
    span: Span
    doc: str
    headers: tuple[Header, ...]
    groups: tuple[Group, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Amended:
    """Everything to be generated, in Asterisk's terms.

    Attributes:
        branches: The branches that have facts, oldest first.
        titles: The title of each domain, by name; a domain derived from a module has none.
        enums: The vocabularies of the overlay.
        enum_places: The locations of the vocabularies, for troubles.
        families: The families of events defined in the overlay.
        snapshots: The headers of each kind of snapshot, without a prefix.
    """

    actions: tuple[Message, ...]
    events: tuple[Message, ...]
    responses: tuple[Response, ...]
    branches: tuple[int, ...]
    titles: Mapping[str, str]
    enums: Mapping[str, overlay.Enum]
    enum_places: Mapping[str, Place]
    families: Mapping[str, overlay.Family]
    snapshots: Mapping[SnapshotKind, tuple[str, ...]]


def amend(catalogue: Catalogue, knowledge: Overlay, source: str, *, all_match: bool = True) -> Amended:
    """Apply the overlay.

    Args:
        catalogue: The merged facts of all sources.
        knowledge: The overlay.
        source: The origin of the catalogue, for troubles not caused by an overlay entry.
        all_match: Whether a glossary entry that matches nothing is a trouble.

    Raises:
        TroubleError: An entry does not match; reports every such entry.
    """
    return _Amendment(catalogue, knowledge, source).result(all_match=all_match)


class _Amendment:
    """State of one run. Reports the troubles of all entries together."""

    def __init__(self, catalogue: Catalogue, knowledge: Overlay, source: str) -> None:
        self._catalogue = catalogue
        self._overlay = knowledge
        self._nowhere = overlay.Place(source, None)
        self._troubles = Troubles(source)
        self._glossary = {
            "event": _Glossary({"snapshot": knowledge.snapshots, "header": knowledge.headers}),
            "action": _Glossary({"parameter": knowledge.parameters}),
        }
        self._messages: dict[Kind, dict[str, merge.Message]] = {
            kind: self._with_added(kind) for kind in ("action", "event")
        }
        self._wire = {
            (kind, name): self._entry(kind, message.name).rename or message.name
            for kind, messages in self._messages.items()
            for name, message in messages.items()
        }
        self._askers = self._askers_of_events()
        self._list_spans = self._spans_of_lists()
        self._domains = self._explicit_domains()
        self._module_domains = {module: name for name, domain in knowledge.domains.items() for module in domain.modules}

    def result(self, *, all_match: bool) -> Amended:
        actions = [self._message(message) for message in self._messages["action"].values()]
        events = [self._message(message) for message in self._messages["event"].values()]
        responses = list(self._responses(actions))
        self._check_lists()
        if all_match:
            self._check_glossaries()
            self._check_domains([*actions, *events, *responses])
            self._check_ends()
        self._troubles.check()
        return Amended(
            actions=tuple(sorted(actions, key=_by_name)),
            events=tuple(sorted(events, key=_by_name)),
            responses=tuple(sorted(responses, key=_by_name)),
            branches=self._catalogue.branches,
            titles={name: domain.title for name, domain in self._overlay.domains.items()},
            enums=self._overlay.enums,
            enum_places={name: self._overlay.place("enum", name) for name in self._overlay.enums},
            families=self._overlay.families,
            snapshots={
                kind: tuple(header.name for header in headers) for kind, headers in self._catalogue.snapshots.items()
            },
        )

    # The set of messages

    def _entries(self, kind: Kind) -> Mapping[str, overlay.Action] | Mapping[str, overlay.Event]:
        return self._overlay.actions if kind == "action" else self._overlay.events

    def _entry(self, kind: Kind, name: str) -> _Entry:
        return next((entry for key, entry in self._entries(kind).items() if key.lower() == name.lower()), UNCHANGED)

    def _with_added(self, kind: Kind) -> dict[str, merge.Message]:
        messages = dict(self._catalogue.messages(kind))
        for name, entry in self._entries(kind).items():
            known = messages.get(name.lower())
            if entry.add and known:
                self._add("The facts already contain it; remove `add`.", kind, name, "add")
            elif not entry.add and not known:
                self._add(f"No release documents this {kind}; set `add` if it exists.", kind, name)
            elif entry.add:
                span = written_span(entry.releases) if entry.releases else self._catalogue.span
                messages[name.lower()] = merge.Message(kind=kind, name=name, span=span)
        return messages

    def _known(self, kind: Kind, name: str) -> str | None:
        """Return a message's name on the wire, given that name or the documented one."""
        folded = name.lower()
        direct = self._wire.get((kind, folded))
        return direct or next(
            (wire for (each, _), wire in self._wire.items() if each == kind and wire.lower() == folded), None
        )

    # Messages

    def _message(self, message: merge.Message) -> Message:
        entry = self._entry(message.kind, message.name)
        span = self._span(message, entry)
        place = self._overlay.place(message.kind, message.name) if entry is not UNCHANGED else self._nowhere
        headers, groups = self._grouped(message, entry, tuple(self._headers(message, entry, span)))
        privileges = entry.privileges if entry.privileges is not None else message.privileges
        return Message(
            kind=message.kind,
            name=entry.rename or message.name,
            span=span,
            documented=message.documented,
            documented_as=message.documented_as,
            domain=self._domain(message, entry),
            headers=headers,
            privileges=privileges,
            doc=entry.doc,
            page=entry.page,
            place=place,
            former=tuple(_former(message, privileges, span, self._catalogue.branches[-1])),
            asked_by=self._asked_by(message, entry.rename or message.name),
            response=self._response(message, entry),
            list=self._list(message),
            quirks=_quirks(entry),
            answers=entry.answers if isinstance(entry, overlay.Action) else 1,
            empty_lines=entry.empty_lines if isinstance(entry, overlay.Action) else 1,
            named_by=entry.named_by if isinstance(entry, overlay.Event) else "",
            modules=_modules(message, entry, privileges),
            turned_on_by=entry.turned_on_by if isinstance(entry, overlay.Event) else (),
            occasion=entry.occasion if isinstance(entry, overlay.Event) else None,
            text_follows=entry.text_follows if isinstance(entry, overlay.Action) else None,
            groups=groups,
            rules=self._rules(message.name, entry, headers),
        )

    def _grouped(
        self, message: merge.Message, entry: _Entry, headers: tuple[Header, ...]
    ) -> tuple[tuple[Header, ...], tuple[Group, ...]]:
        """Return a message's headers, except those that belong to a group, and its groups."""
        groups: list[Group] = []
        grouped: set[str] = set()
        for name, given in entry.group.items():
            path = (message.kind, message.name, "group", name)
            members = [header for header in headers if _is_of(header.name, given.headers)]
            if not members:
                self._add(f"No {'parameter' if message.kind == 'action' else 'header'} belongs to this group.", *path)
                continue
            grouped |= {header.name for header in members}
            groups.append(self._group(path, given, _union(header.span for header in members)))
        return tuple(header for header in headers if header.name not in grouped), tuple(groups)

    def _group(self, path: tuple[str, ...], given: overlay.Group, span: Span) -> Group:
        return Group(
            name=path[-1],
            type=given.type,
            headers=given.headers,
            span=span,
            doc=given.doc,
            required=given.required,
            secret=given.secret,
            enums=given.enums,
            place=self._overlay.place(*path),
        )

    def _rules(self, name: str, entry: _Entry, headers: tuple[Header, ...]) -> Rules:
        if not isinstance(entry, overlay.Action):
            return Rules()
        known = {header.name for header in headers}
        sets = {"one_of": entry.one_of, "some_of": entry.some_of}
        sets["requires"] = tuple((header, *others) for header, others in entry.requires.items())
        sets["waits"] = (tuple(filter(None, (entry.waits.header, entry.waits.unless))),) if entry.waits else ()
        sets |= {rule: ((header,),) for rule in ("sets_mask", "names_events") if (header := getattr(entry, rule))}
        for rule, members in sets.items():
            for header in sorted({each for together in members for each in together} - known):
                self._add(f"There is no parameter {header}.", "action", name, rule)
        return Rules(entry.one_of, entry.some_of, entry.requires, entry.waits, entry.sets_mask, entry.names_events)

    def _span(self, message: merge.Message, entry: _Entry) -> Span:
        if entry.releases:
            return written_span(entry.releases)
        is_sent_unasked = message.privileges if entry.privileges is None else entry.privileges
        if message.kind == "action" or is_sent_unasked:
            return message.span
        return as_old_as(message.span, self._list_spans.get((entry.rename or message.name).lower(), {}))

    def _spans_of_lists(self) -> dict[str, Span]:
        """Return, by an event's lowercase name, the releases that have a list with that event."""
        spans: dict[str, Span] = {}
        for name, actions in self._askers.items():
            for action in actions:
                spans[name] = united(spans.get(name, {}), self._span(action, self._entry("action", action.name)))
        return spans

    def _askers_of_events(self) -> dict[str, list[merge.Message]]:
        """Return, by an event's lowercase name, the actions whose list contains that event."""
        askers: dict[str, list[merge.Message]] = {}
        for action in self._messages["action"].values():
            listed = self._list(action)
            for event in [*(event for _, event in listed.items), listed.complete] if listed else []:
                askers.setdefault((event or "").lower(), []).append(action)
        return askers

    def _asked_by(self, message: merge.Message, wire: str) -> tuple[str, ...]:
        """Return the actions whose sender receives an event: their list contains it, or it answers them."""
        if message.kind == "action":
            return ()
        names = [action.name.lower() for action in self._askers.get(wire.lower(), ())]
        names += [name.lower() for name in message.asked_by]
        return tuple(sorted({self._wire["action", name] for name in names if ("action", name) in self._wire}))

    def _headers(self, message: merge.Message, entry: _Entry, span: Span) -> Iterator[Header]:
        parts: Mapping[str, _Part] = entry.parameter if isinstance(entry, overlay.Action) else entry.header
        table = "parameter" if message.kind == "action" else "header"
        headers = {
            header.name.lower(): replace(
                header, span=span if header.span == message.span else following(header.span, message.span, span)
            )
            for header in message.headers
        }
        if isinstance(entry, overlay.Event):
            self._add_short_forms(message, entry, span, headers)
        self._add_parts((message.kind, message.name, table), parts, span, headers)
        said = {name.lower(): part for name, part in parts.items()}
        absent = self._absent(message, entry, headers)
        for name, header in _renamed(headers, said):
            part = said.get(name, overlay.Header())
            if name in absent and isinstance(part, overlay.Header) and part.presence is None:
                part = part.model_copy(update={"presence": "sometimes"})
            if not part.drop:
                yield self._header((message.kind, message.name, table, name), header, part, span)

    def _add_short_forms(
        self, message: merge.Message, entry: overlay.Event, span: Span, headers: dict[str, merge.Header]
    ) -> None:
        for name in entry.headers:
            if name.lower() in headers:
                sentence = "The facts already contain it; remove it from `headers`."
                self._add(sentence, "event", message.name, "headers", name)
            headers.setdefault(name.lower(), merge.Header(name=name, span=span))
        for kind, prefix in map(overlay.snapshot_of, entry.snapshots):
            for each in self._catalogue.snapshots[kind]:
                name = prefix + each.name
                header = replace(each, name=name, prefix=prefix, span=common(each.span, span))
                headers.setdefault(name.lower(), header)

    def _absent(self, message: merge.Message, entry: _Entry, headers: Mapping[str, merge.Header]) -> set[str]:
        """Return the headers of snapshots that may be missing from the event."""
        absent: set[str] = set()
        for snapshot in map(overlay.snapshot_of, entry.absent if isinstance(entry, overlay.Event) else ()):
            found = {name for name, header in headers.items() if (header.snapshot, header.prefix) == snapshot}
            if not found:
                self._add(f"It has no snapshot {':'.join(snapshot)}.", "event", message.name, "absent")
            absent |= found
        return absent

    def _add_parts(
        self, path: tuple[str, str, str], parts: Mapping[str, _Part], span: Span, headers: dict[str, merge.Header]
    ) -> None:
        kind, message, table = path
        for name, part in parts.items():
            if part.add and name.lower() in headers:
                self._add("It exists without this entry; remove `add`.", kind, message, table, name, "add")
            elif part.add:
                headers[name.lower()] = merge.Header(name=name, span=span)
            elif name.lower() not in headers:
                self._add("No release documents it; set `add` if it exists.", kind, message, table, name)

    def _header(self, path: tuple[str, ...], header: merge.Header, part: _Part, message: Span) -> Header:
        meaning, described = self._glossary["action" if path[0] == "action" else "event"].find(header)
        presence = part.presence if isinstance(part, overlay.Header) else None
        span = _narrowed(header.span, part, meaning, message, presence)
        none = part.none if isinstance(part, overlay.Header) else ()
        required = part.required if isinstance(part, overlay.Parameter) else None
        always = _always(header, presence, meaning, narrower=span != message)
        given = self._overlay.place(*path, "type") if part.type else None
        since = part.since or meaning.since
        return Header(
            name=header.name,
            span=begun(span, written_starts(since)) if since else span,
            type=_beside(part.type or _type(meaning, multiple=header.multiple), header.prefix),
            place=given or (self._overlay.place(*described, "type") if described else self._nowhere),
            attribute=part.name,
            doc=part.doc or _doc(meaning, header, described),
            always=always,
            none=meaning.none if none is None else none,
            unsaid=_unsaid(part, meaning, always=always),
            required=bool(header.required if required is None else required),
            default=header.default,
            values=header.values,
            secret=part.secret,
        )

    # Domains

    def _explicit_domains(self) -> dict[tuple[Kind, str], str]:
        domains: dict[tuple[Kind, str], str] = {}
        for domain, content in self._overlay.domains.items():
            if not is_name(domain):
                self._add(f"{domain!r} cannot be the name of a module.", "domain", domain)
            members = [("action", name) for name in content.actions] + [("event", name) for name in content.events]
            for kind, name in members:
                self._assign(domain, "action" if kind == "action" else "event", name, domains)
        return domains

    def _assign(self, domain: str, kind: Kind, name: str, domains: dict[tuple[Kind, str], str]) -> None:
        wire = self._known(kind, name)
        if wire is None:
            self._add(f"There is no {kind} {name}.", "domain", domain, f"{kind}s")
        elif (other := domains.setdefault((kind, wire.lower()), domain)) != domain:
            self._add(f"The {kind} {name} is already in [domain.{other}].", "domain", domain, f"{kind}s")

    def _domain(self, message: merge.Message, entry: _Entry) -> str:
        wire = (entry.rename or message.name).lower()
        explicit = entry.domain or self._domains.get((message.kind, wire))
        if explicit:
            return explicit
        modules = [entry.module] if entry.module else message.modules
        modules = [module for module in modules if module not in _NO_MODULE]
        known = next((self._module_domains[module] for module in modules if module in self._module_domains), None)
        return known or next(map(_called_after, modules), FALLBACK_DOMAIN)

    def _check_domains(self, messages: Iterable[Message | Response]) -> None:
        used = {message.domain for message in messages}
        modules = {
            module for each in self._messages.values() for message in each.values() for module in message.modules
        }
        modules |= {
            entry.module for kind in ("action", "event") for entry in self._entries(kind).values() if entry.module
        }
        for name, domain in self._overlay.domains.items():
            if name not in used:
                self._add("This domain is empty.", "domain", name)
            for module in domain.modules:
                if module not in modules:
                    self._add(f"No message belongs to the module {module}.", "domain", name, "modules")
        chosen = [("response", name, entry.domain) for name, entry in self._overlay.responses.items()]
        for kind in ("action", "event"):
            chosen += [(kind, name, entry.domain) for name, entry in self._entries(kind).items()]
        for table, name, chosen_domain in chosen:
            if chosen_domain and chosen_domain not in self._overlay.domains:
                self._add(f"There is no [domain.{chosen_domain}].", table, name, "domain")

    # Answers and lists

    def _response(self, message: merge.Message, entry: _Entry) -> str | None:
        response = entry.response if isinstance(entry, overlay.Action) else None
        if response is not None and response not in self._overlay.responses:
            self._add(f"There is no [response.{response}].", "action", message.name, "response")
        return response

    def _responses(self, actions: list[Message]) -> Iterator[Response]:
        for name, entry in self._overlay.responses.items():
            users = [action for action in actions if action.response == name]
            if not users:
                self._add("No action is answered with this response.", "response", name)
                continue
            span = _union(user.span for user in users)
            yield Response(
                name=name,
                domain=entry.domain or users[0].domain,
                span=span,
                doc=entry.doc,
                headers=tuple(
                    self._header(("response", name, "header", key), merge.Header(part.rename or key, span), part, span)
                    for key, part in entry.header.items()
                ),
                groups=tuple(
                    self._group(("response", name, "group", key), given, span) for key, given in entry.group.items()
                ),
                place=self._overlay.place("response", name),
            )

    def _list(self, message: merge.Message) -> List | None:
        name, entry = next(
            ((name, entry) for name, entry in self._overlay.lists.items() if name.lower() == message.name.lower()),
            (None, None),
        )
        if message.kind != "action" or (entry is None and not message.items):
            return None
        if entry is None or name is None:
            items = tuple((None, self._event(item) or item) for item in message.items)
            complete = message.complete and (self._event(message.complete) or message.complete)
            return List(items, complete, announced=True, empty=(), counted=True, doc=None, place=self._nowhere)
        given = {item.lower() for item in entry.items.values()}
        for item in message.items:
            if item.lower() not in given:
                self._add(f"The facts also list the event {item}; add it to `items`.", "list", name, "items")
        return List(
            items=tuple((attribute, self._listed(name, item, "items")) for attribute, item in entry.items.items()),
            complete=entry.complete and self._listed(name, entry.complete, "complete"),
            announced=entry.announced,
            empty=entry.empty,
            counted=entry.counted,
            doc=entry.doc,
            place=self._overlay.place("list", name),
        )

    def _event(self, name: str) -> str | None:
        return self._known("event", name)

    def _listed(self, action: str, event: str, key: str) -> str:
        wire = self._event(event)
        if wire is None:
            self._add(f"There is no event {event}.", "list", action, key)
        return wire or event

    def _check_lists(self) -> None:
        for name in self._overlay.lists:
            if name.lower() not in self._messages["action"]:
                self._add(f"There is no action {name}.", "list", name)

    def _check_glossaries(self) -> None:
        for glossary in self._glossary.values():
            for table, name in glossary.unused():
                self._add("No message uses it.", table, name)

    def _check_ends(self) -> None:
        """Reject spans that end only because no newer branch was known when they were written."""
        newest = self._catalogue.branches[-1]
        for path, releases in self._overlay.releases():
            if ends_unsaid(releases, newest):
                last = max(written_span(releases))
                open_end = releases.removesuffix(f"-{last}")
                self._add(
                    f"{releases!r} ends with {last} only because no newer release was known; write '{open_end}-', or "
                    f"'{releases}!' if {last} is known to be the last release with it.",
                    *path,
                )

    def _add(self, sentence: str, *path: str) -> None:
        place = self._overlay.place(*path)
        subject = f"{path[0].capitalize()} {path[1]}" if len(path) > 1 else None
        parameter = next((part for part in path[3:4]), None)
        self._troubles.add(sentence, file=place.file, line=place.line, message=subject, parameter=parameter)


class _Glossary:
    """Meanings of headers by name alone; earlier tables take precedence over later ones."""

    def __init__(self, tables: Mapping[str, Mapping[str, overlay.Meaning]]) -> None:
        self._tables = tables
        self._folded = {(table, name.lower()): name for table, meanings in tables.items() for name in meanings}
        self._used: set[tuple[str, str]] = set()

    def find(self, header: merge.Header) -> tuple[overlay.Meaning, tuple[str, str] | None]:
        """Return the meaning of a header and its location; a snapshot's prefix may be omitted."""
        for name in (header.name, header.name.removeprefix(header.prefix)):
            for table in self._tables:
                known = name if name in self._tables[table] else self._folded.get((table, name.lower()))
                if known is not None and (table != "snapshot" or header.snapshot):
                    self._used.add((table, known))
                    return self._tables[table][known], (table, known)
        return overlay.Meaning(), None

    def unused(self) -> list[tuple[str, str]]:
        """Return the entries that no header has matched."""
        return [
            (table, name) for table, names in self._tables.items() for name in names if (table, name) not in self._used
        ]


_QUIRKS = (
    "raw_text", "bare_line_feeds", "run_together", "unmarked", "answered_by_event", "lasts", "adds_up", "logs_in",
    "logs_off",
)  # fmt: skip
"""The keys of an action that become class variables of its request, set to true."""
_EVENT_QUIRKS = ("any_header",)
"""The keys of an event that become class variables of its class."""


def _quirks(entry: _Entry) -> tuple[str, ...]:
    quirks = _EVENT_QUIRKS if isinstance(entry, overlay.Event) else _QUIRKS
    return tuple(quirk for quirk in quirks if getattr(entry, quirk))


def _modules(message: merge.Message, entry: _Entry, privileges: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the modules, one of which must be loaded. An event that only answers depends on those of its action."""
    if entry.modules is not None:
        return entry.modules
    if message.kind == "event" and not privileges:
        return ()
    return () if _NO_MODULE.intersection(message.modules) else message.modules


def _former(
    message: merge.Message, privileges: tuple[str, ...] | None, span: Span, newest: int
) -> Iterator[tuple[tuple[str, ...], Span]]:
    """Yield the privileges that differ from the newest, each with the releases that require them."""
    told: dict[tuple[str, ...], list[str]] = {}
    for release, wanted in message.privileges_by_release.items():
        if privileges is not None and set(wanted) != set(privileges):
            told.setdefault(wanted, []).append(release)
    for wanted, releases in told.items():
        if there := common(span_of(releases, newest=newest), span):
            yield wanted, there


def _is_of(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _union(spans: Iterable[Span]) -> Span:
    first, *others = spans
    for span in others:
        first = united(first, span)
    return first


def _renamed(headers: Mapping[str, merge.Header], parts: Mapping[str, _Part]) -> Iterator[tuple[str, merge.Header]]:
    """Yield each header with its documented name, renamed as the overlay specifies.

    A header renamed to one that exists, because newer documentation corrects the spelling, is merged with it: the
    result has the releases of both.
    """
    targets = {part.rename.lower(): name for name, part in parts.items() if part.rename and name in headers}
    for name, header in headers.items():
        rename = parts[name].rename if name in parts else None
        if rename and rename.lower() in headers and rename.lower() != name:
            continue
        wrong = targets.get(name)
        span = united(header.span, headers[wrong].span) if wrong and wrong != name else header.span
        yield name, replace(header, name=rename or header.name, span=span)


def _narrowed(
    span: Span, part: _Part, meaning: overlay.Meaning, message: Span, presence: overlay.Presence | None
) -> Span:
    if part.releases:
        return written_span(part.releases)
    if presence == "always":
        return message
    return common(span, written_span(meaning.releases)) if meaning.releases else span


def _always(
    header: merge.Header, presence: overlay.Presence | None, meaning: overlay.Meaning, *, narrower: bool
) -> bool:
    if presence is not None:
        return presence == "always" and not narrower
    if narrower:
        return False
    if header.snapshot:
        return header.required is not False
    return meaning.presence == "always" if meaning.presence else header.always


def _unsaid(part: _Part, meaning: overlay.Meaning, *, always: bool) -> str | None:
    """Return what is sent if nothing is said: what the message's entry has, else for a header that is always there."""
    if isinstance(part, overlay.Header) and part.default is not None:
        return part.default
    return meaning.default if always and isinstance(meaning, overlay.HeaderMeaning) else None


def _type(meaning: overlay.Meaning, *, multiple: bool) -> str:
    kind = meaning.type or "text"
    is_repeated = kind.startswith(("variables", "repeated:", "joined:", "numbered:", "named:"))
    return f"repeated:{kind}" if multiple and not is_repeated else kind


def _beside(kind: str, prefix: str) -> str:
    """Add a snapshot's prefix to the names of other headers in a type, which the glossary writes without it."""
    return re.sub(r'"(?=\w)', f'"{prefix}', kind) if "escaped(" in kind else kind


def _doc(meaning: overlay.Meaning, header: merge.Header, described: tuple[str, str] | None) -> str | None:
    if meaning.doc and header.prefix and described and not described[1].startswith(header.prefix):
        what = header.snapshot or "channel"
        return f"{meaning.doc} Refers to the ``{header.prefix}`` {what}."
    return meaning.doc


def _called_after(module: str) -> str:
    name = re.sub(r"\W", "_", _MODULE_PREFIX.sub("", module, count=1)).lower()
    return name if is_name(name) else f"{name}_"


def _by_name(message: Message | Response) -> str:
    return message.name.lower()
