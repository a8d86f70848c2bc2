"""Coverage: compare the names in the sources with the classes of ami_typed, release by release.

Rules owned here:

- The expected names are those in the documentation or code of a release: actions and their parameters, events and their
  headers, lists and their events, answers with additional headers.
- The covered names come from the classes themselves, for the releases that class and attribute declare. A family such
  as `Report*LSR` covers each of its names; a parameter that expands to several headers covers those of its group.
- Names are compared case-insensitively, as on the wire. A name that the overlay corrects is covered if the corrected
  name is.
- A name that the classes lack is an exception if there is a reason: that of the overlay, if it drops the header or
  restricts its releases, else that of `spec/coverage.toml`. A name without a reason is missing; a reason that is not
  needed is idle.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from ami_typed import actions, aggregates, catalogue, events, responses
from ami_typed.fields import Built, fields_of
from ami_typed.messages import Answer, event_name
from ami_typed.releases import Release, Releases

from .overlay import Action, Sentence
from .overlay import Releases as Written
from .spans import span_of, text_of
from .trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from .amend import Amended
    from .code import CodeFacts
    from .facts import Facts
    from .overlay import Event, Header, Overlay, Parameter

Kind: TypeAlias = Literal["action", "parameter", "event", "header", "list", "list event", "answer", "answer header"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_PART_OF: Mapping[Kind, Kind] = {
    "action": "parameter",
    "event": "header",
    "list": "list event",
    "answer": "answer header",
}
_PLURAL: Mapping[Kind, str] = {
    "action": "actions",
    "parameter": "parameters",
    "event": "events",
    "header": "headers",
    "list": "lists",
    "list event": "list events",
    "answer": "separate answers",
    "answer header": "headers of these answers",
}

_NUMBER = re.compile(r"%\d*d")
T = TypeVar("T")

# Headers of the protocol itself; `ami_typed.messages` handles each of them.
_ENVELOPE: Mapping[Kind, frozenset[str]] = {
    "parameter": frozenset({"action", "actionid"}),
    "header": frozenset({"event", "actionid"}),
    "answer header": frozenset({"response", "message", "actionid", "eventlist"}),
}


class Name(NamedTuple):
    """A name in a source: a message or, if `part` is set, one of its parameters, headers or list events."""

    kind: Kind
    message: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.message} {self.part}".rstrip()

    def folded(self) -> Name:
        """Return the case-insensitive form for comparisons."""
        return Name(self.kind, self.message.lower(), self.part.lower())


class Exempt(BaseModel):
    """An entry of `spec/coverage.toml`.

    Attributes:
        kind: The kind of name that is missing.
        messages: Patterns (with `*`) for the messages concerned.
        parts: Patterns for the missing parameters, headers or list events; by default, whole messages are missing.
        releases: The releases concerned; None for every release.
        why: The reason why the name is intentionally missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    messages: tuple[str, ...]
    parts: tuple[str, ...] = ("",)
    releases: Written | None = None
    why: Sentence

    def covering(self, name: Name, release: Release) -> tuple[str, str] | None:
        """Return the patterns that match a name missing from a release's classes; None if it is not exempt."""
        if name.kind != self.kind or (self.releases is not None and release not in Releases(self.releases)):
            return None
        message = next((pattern for pattern in self.messages if _matches(name.message, pattern)), None)
        part = next((pattern for pattern in self.parts if _matches(name.part, pattern)), None)
        return None if message is None or part is None else (message, part)

    def patterns(self) -> list[tuple[str, str]]:
        """Return all combinations of its message and part patterns."""
        return [(message, part) for message in self.messages for part in self.parts]


@dataclass(frozen=True, slots=True)
class Tally:
    """The names in one release's sources.

    Attributes:
        named: All names.
        lacking: The names that the classes lack, with the reason, or None if there is none.
    """

    release: str
    named: tuple[Name, ...]
    lacking: Mapping[Name, str | None]

    def cell(self, kind: Kind) -> str:
        """Return the numbers of covered and expected names of a kind, as a table cell."""
        lacking = sum(name.kind == kind for name in self.lacking)
        named = sum(name.kind == kind for name in self.named)
        return f"{named - lacking} / {named}"


@dataclass(frozen=True, slots=True)
class Described:
    """Counters for the parameters of all actions, or for the headers of all events or answers.

    Attributes:
        typed: The number with a type other than text.
        text: The number explicitly declared as text, as opposed to text for lack of a type.
    """

    what: str
    all: int
    typed: int
    text: int
    described: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The result of comparing the classes with the sources.

    Attributes:
        tallies: The names by release, oldest first.
        idle: The exceptions in `spec/coverage.toml` that are not needed, as human-readable lines.
    """

    tallies: tuple[Tally, ...]
    idle: tuple[str, ...]
    described: tuple[Described, ...]

    def missing(self) -> list[str]:
        """Return the missing names without an exception, as human-readable lines."""
        return [
            f"{tally.release}: {name.kind} {name}"
            for tally in self.tallies
            for name, reason in tally.lacking.items()
            if reason is None
        ]


def load_exempt(path: Path) -> tuple[Exempt, ...]:
    """Parse `spec/coverage.toml`.

    Raises:
        TroubleError: The file cannot be read or is invalid.
    """
    try:
        entries: list[Any] = tomllib.loads(path.read_text("utf-8")).get("exempt", [])
        return tuple(map(Exempt.model_validate, entries))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise TroubleError(
            [Trouble(str(path), None, None, None, f"This is not a list of exceptions: {error}.")]
        ) from error


def measure(
    documentation: Iterable[Facts],
    code: Iterable[CodeFacts],
    knowledge: Overlay,
    amended: Amended,
    exempt: Sequence[Exempt],
) -> Coverage:
    """Compare the classes of ami_typed with the names in the sources."""
    by_release = {facts.release: facts for facts in code}
    have = _Have(knowledge)
    reasons = _Reasons(knowledge, exempt)
    tallies: list[Tally] = []
    for facts in documentation:
        release = Release.find(facts.release)
        assert release is not None
        named = _once([*_documented(facts), *_coded(by_release.get(facts.release))])
        lacking = [name for name in named if not have(name, release)]
        tallies.append(Tally(facts.release, tuple(named), {name: reasons(name, release) for name in lacking}))
    return Coverage(tuple(tallies), reasons.idle(), tuple(_descriptions(amended)))


def _once(names: Iterable[Name]) -> list[Name]:
    found: dict[Name, Name] = {}
    for name in names:
        if not _is_envelope(name.kind, name.part):
            found[name.folded()] = name
    return sorted(found.values(), key=Name.folded)


def _is_envelope(kind: Kind, header: str) -> bool:
    return header.lower() in _ENVELOPE.get(kind, ())


# Expected names


def _documented(facts: Facts) -> Iterator[Name]:
    for action in facts.actions.values():
        yield Name("action", action.name)
        yield from (Name("parameter", action.name, parameter.name) for parameter in action.parameters)
        if answer := action.responses:
            yield from _list(action.name, [*answer.items, *filter(None, [answer.complete])])
    for event in facts.events.values():
        yield Name("event", event.name)
        yield from (Name("header", event.name, parameter.name) for parameter in event.parameters)


def _coded(facts: CodeFacts | None) -> Iterator[Name]:
    for action in facts.actions.values() if facts else ():
        yield Name("action", action.name)
        yield from (Name("parameter", action.name, header) for header in action.headers)
        if action.list:
            yield from _list(action.name, [*action.list.items, action.list.complete])
        if action.answers:
            yield from _list(action.name, action.answers)
        headers = [header for header in action.response_headers if not _is_envelope("answer header", header)]
        if headers:
            yield Name("answer", action.name)
            yield from (Name("answer header", action.name, header) for header in headers)
    for event in facts.events.values() if facts else ():
        yield Name("event", event.name)
        yield from (Name("header", event.name, header.name) for header in event.headers)


def _list(action: str, members: Iterable[str]) -> Iterator[Name]:
    yield Name("list", action)
    yield from (Name("list event", action, member) for member in members)


# Covered names


@dataclass(frozen=True, slots=True)
class _Has:
    """The releases of a class, and its parts by lowercase name or pattern, with their releases if narrower."""

    releases: Releases
    parts: Mapping[str, Releases | None]

    def __contains__(self, sought: tuple[str, Release]) -> bool:
        part, release = sought
        spans = [spans for pattern, spans in self.parts.items() if _matches(part, pattern)]
        is_there = not part or any(each is None or release in each for each in spans)
        return release in self.releases and is_there


class _Have:
    """The contents of ami_typed's classes, by kind and message."""

    def __init__(self, knowledge: Overlay) -> None:
        self._knowledge = knowledge
        self._has: dict[tuple[Kind, str], _Has] = {}
        for name in catalogue.EVENTS:
            self._include_event(getattr(events, name))
        sent = _sent_headers()
        for name in catalogue.ACTIONS:
            self._include_action(getattr(actions, name), sent[name])

    def __call__(self, name: Name, release: Release) -> bool:
        """Return whether a release's classes cover a name, after the overlay's correction."""
        has = self._has.get((_PART_OF.get(name.kind, name.kind), name.message.lower()))
        part = _correction(self._knowledge, name)
        return has is not None and (part.rename if part and part.rename else name.part, release) in has

    def _include_event(self, cls: type[Any]) -> None:
        self._has["header", event_name(cls).lower()] = _Has(cls.releases, _fields(cls))

    def _include_action(self, cls: type[Any], sent: _Sent) -> None:
        name = sent.action
        self._has["parameter", name.lower()] = _Has(cls.releases, self._parameters(cls, sent))
        if cls.lists:
            made_of = getattr(aggregates, cls.__name__)
            members = dict.fromkeys(map(str.lower, (*made_of.repeatable, *cls.list_ends)))
            self._has["list event", name.lower()] = _Has(made_of.releases, members)
        result = inspect.get_annotations(cls.process_response)["return"].removeprefix("responses.")
        if result != Answer.__name__:
            self._has["answer header", name.lower()] = _Has(cls.releases, _fields(getattr(responses, result)))

    def _parameters(self, cls: type[Any], sent: _Sent) -> dict[str, Releases | None]:
        entry = _entry(self._knowledge.actions, sent.action) or Action()
        groups = [group for name, group in entry.group.items() if name in sent.groups]
        headers = [*sent.headers, *(header for group in groups for header in group.headers)]
        narrower: Mapping[str, str] = {name.lower(): spans for name, spans in cls.parameter_releases.items()}
        return {name: Releases(narrower[name]) if name in narrower else None for name in map(str.lower, headers)}


class _Sent(NamedTuple):
    """What a request sends, according to its source: its action, headers, and parameters that expand to several."""

    action: str
    headers: tuple[str, ...]
    groups: tuple[str, ...]


@functools.cache
def _sent_headers() -> dict[str, _Sent]:
    """Parse the source code of the requests, by class: only there are parameters mapped to headers."""
    sources = [
        inspect.getsource(import_module(f"{actions.__name__}.{module}")) for module in set(catalogue.ACTIONS.values())
    ]
    classes = [node for source in sources for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {node.name: _sent(node) for node in classes}


def _sent(node: ast.ClassDef) -> _Sent:
    called: dict[str, list[str]] = {"__init__": [], "_need": [], "_put": [], "_spread": []}
    for call in ast.walk(node):
        match call:
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(name)), *_]) if (
                method in called
            ):
                called[method].append(name)
            case ast.Call(func=ast.Attribute(attr="_spread"), args=[ast.Name(id=name), *_]):
                called["_spread"].append(name)
            case _:
                pass
    (action,) = called["__init__"]
    return _Sent(action, (*called["_need"], *called["_put"]), tuple(called["_spread"]))


def _fields(cls: type[Any]) -> dict[str, Releases | None]:
    return {
        header.lower(): each.releases
        for each in fields_of(cls).values()
        for header in (each.headers if isinstance(each, Built) else (each.header,))
    }


# Reasons for missing names


class _Reasons:
    """Reasons why classes lack a name."""

    def __init__(self, knowledge: Overlay, exempt: Sequence[Exempt]) -> None:
        self._knowledge = knowledge
        self._exempt = exempt
        self._used: set[tuple[int, tuple[str, str]]] = set()

    def __call__(self, name: Name, release: Release) -> str | None:
        """Return the reason, or None if there is none."""
        part = _correction(self._knowledge, name)
        if part and (part.drop or (part.releases and release not in Releases(part.releases))):
            entry = _entry(_messages(self._knowledge, name), name.message)
            return part.why or (entry.why if entry else None)
        for place, exempt in enumerate(self._exempt):
            if patterns := exempt.covering(name, release):
                self._used.add((place, patterns))
                return exempt.why
        return None

    def idle(self) -> tuple[str, ...]:
        """Return the exceptions that have not been needed."""
        return tuple(
            f"{exempt.kind} {' '.join(filter(None, patterns))}"
            for place, exempt in enumerate(self._exempt)
            for patterns in exempt.patterns()
            if (place, patterns) not in self._used
        )


def _messages(knowledge: Overlay, name: Name) -> Mapping[str, Action | Event]:
    return knowledge.events if name.kind in {"event", "header"} else knowledge.actions


def _correction(knowledge: Overlay, name: Name) -> Parameter | Header | None:
    """Return the overlay's entry for a parameter or header, if any."""
    entry = _entry(_messages(knowledge, name), name.message)
    if entry is None or name.kind not in {"parameter", "header"}:
        return None
    parts: Mapping[str, Parameter | Header] = entry.parameter if isinstance(entry, Action) else entry.header
    return _entry(parts, name.part)


def _entry(entries: Mapping[str, T], name: str) -> T | None:
    return next((entry for key, entry in entries.items() if key.lower() == name.lower()), None)


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(_NUMBER.sub("0", name.lower()), pattern.lower())


# Described and typed names


def _descriptions(amended: Amended) -> Iterator[Described]:
    for what, messages in (
        ("Parameters of actions", amended.actions),
        ("Headers of events", amended.events),
        ("Headers of answers", amended.responses),
    ):
        headers = [header for message in messages for header in message.headers]
        groups = [group for message in messages for group in message.groups]
        yield Described(
            what=what,
            all=len(headers) + len(groups),
            typed=sum(not _is_text(header.type) for header in headers) + len(groups),
            text=sum(_is_text(header.type) and header.place.line is not None for header in headers),
            described=sum(bool(header.doc) for header in headers) + sum(bool(group.doc) for group in groups),
        )


def _is_text(kind: str) -> bool:
    return kind in {"text", "nullable", "uri_encoded"} or kind.startswith("escaped")


# The page

_HEADING = """\
# Coverage

Names in Asterisk's documentation and C sources that the classes of ami-typed cover: *covered / named*. The differences
are listed below with their reasons. This page is written by `python -m codegen coverage` and checked by a test.
"""


_WITHIN_BRANCHES = """\
## First releases within a branch

The table shows the last release of each branch. The first releases within branches were determined from the sources of
all releases since 13.0.0: for every action, every parameter that its handler reads by name, every event with a literal
name, and every header in the call that sends an event or among the settings of a PJSIP object. They were not determined
for headers composed by other functions; Language and Linkedid of channels are assumed in all of 13, although they were
added in 13.2 and 13.5.
"""


def page(coverage: Coverage) -> str:
    """Return the documentation page about coverage."""
    return "\n".join(
        [
            _HEADING,
            *_table(coverage.tallies),
            "",
            _verdict(coverage),
            "",
            *_types(coverage.described),
            "",
            _WITHIN_BRANCHES,
            *_exceptions(coverage),
        ]
    )


def _table(tallies: Sequence[Tally]) -> Iterator[str]:
    yield f"| Asterisk | {' | '.join(_PLURAL[kind] for kind in KINDS)} |"
    yield f"| --- |{' ---: |' * len(KINDS)}"
    for tally in tallies:
        yield f"| {tally.release} | {' | '.join(map(tally.cell, KINDS))} |"


def _verdict(coverage: Coverage) -> str:
    missing = coverage.missing()
    return f"Missing without a reason: {'; '.join(missing) or 'nothing'}."


def _types(described: Iterable[Described]) -> Iterator[str]:
    yield "## Types and descriptions"
    yield ""
    yield "| over all releases | all | other than text | text, decided | described |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for each in described:
        yield f"| {each.what} | {each.all} | {each.typed} | {each.text} | {each.described} |"


def _exceptions(coverage: Coverage) -> Iterator[str]:
    where: dict[tuple[str, Kind, str], dict[str, list[str]]] = {}
    for tally in coverage.tallies:
        for name, why in tally.lacking.items():
            parts = where.setdefault((why or "NO REASON", name.kind, name.message), {})
            parts.setdefault(name.part, []).append(tally.release)
    yield "## Exceptions"
    yield ""
    last = ""
    for (why, kind, message), parts in sorted(where.items()):
        if why != last:
            yield from ("", f"**{why}**", "") if last else (f"**{why}**", "")
            last = why
        yield f"- {kind} {message}{_told(parts)}"
    yield ""


def _told(parts: Mapping[str, Sequence[str]]) -> str:
    by_span: dict[str, list[str]] = {}
    for part, releases in parts.items():
        by_span.setdefault(text_of(span_of(releases)), []).append(part)
    if list(parts) == [""]:
        return f" ({next(iter(by_span))})"
    return ": " + "; ".join(f"{', '.join(f'`{name}`' for name in names)} ({span})" for span, names in by_span.items())
