"""Overlay: hand-written knowledge about Asterisk's messages, parsed from `spec/overlay/*.toml`.

Rules owned here:

- The format: only the tables and keys below are valid. An invalid key or value is a trouble with its file and line.
- All files form one overlay; the same entry in two files is a trouble.
- An entry that corrects or adds something (a name, a release, a header) requires `why` and `seen`.
- Every sentence is in our own words, printable, and safe to use in a docstring.

Whether an entry matches anything is checked by `amend`, not here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self, TypeAlias, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .merge import PRIVILEGES
from .names import is_name
from .spans import written_span, written_starts
from .trouble import Troubles, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SPEC = Path(__file__).resolve().parent.parent / ("_spec" if Path(__file__).parent.name == "_codegen" else "spec")
"""The folder of facts and overlay: next to this package in the repository, inside ami_typed when installed."""

_TABLE = re.compile(r"\s*\[\[?\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_SNAPSHOT = re.compile(r"(channel|bridge):([A-Za-z0-9]*)")


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    if not text.isprintable() or '"""' in text or "\\" in text or text.endswith('"') or not text:
        raise ValueError("a description must be one line of printable text without backslashes, not ending in a quote")
    return text


def _span(text: str) -> str:
    written_span(text)
    return text


def _starts(text: str) -> str:
    written_starts(text)
    return text


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"{text!r} cannot be a name in Python")
    return text


def _privileges(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in PRIVILEGES:
            raise ValueError(f"{name!r} is not a privilege of manager.conf")
    return names


Sentence = Annotated[str, AfterValidator(_sentence)]
Releases = Annotated[str, AfterValidator(_span)]
Starts = Annotated[str, AfterValidator(_starts)]
Name = Annotated[str, AfterValidator(_name)]
Privileges = Annotated[tuple[str, ...], AfterValidator(_privileges)]
Presence: TypeAlias = Literal["always", "sometimes"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Correction(_Entry):
    """Base class for entries that can correct the documentation: `why` it is wrong, and where that was `seen`."""

    rename: str | None = Field(default=None, min_length=1)
    releases: Releases | None = None
    add: bool = False
    why: Sentence | None = None
    seen: Sentence | None = None

    def corrects(self) -> bool:
        """Return whether the entry corrects the documentation or adds to it."""
        return self.add or self.rename is not None or self.releases is not None

    def is_justified(self) -> bool:
        """Return whether the entry has both `why` and `seen`."""
        return self.why is not None and self.seen is not None


class Domain(_Entry):
    """A module of the generated packages and its contents."""

    title: Sentence
    modules: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class Member(_Entry):
    """One value of a vocabulary: `also` lists other words for a word on the wire, `word` is the one for a number."""

    value: int | str
    also: tuple[str, ...] = ()
    word: str | None = None
    doc: Sentence | None = None


class Enum(_Entry):
    """A vocabulary; `follows` names one of numbers whose members have the same names, for headers that say both."""

    kind: Literal["int", "str"]
    doc: Sentence
    members: Mapping[Name, Member]
    source: Sentence | None = None
    follows: str | None = None

    @field_validator("members", mode="before")
    @classmethod
    def _short_members(cls, members: Any) -> Any:
        if not isinstance(members, dict):
            return members
        named = cast("dict[str, object]", members)
        whole: dict[str, object] = {
            name: each if isinstance(each, dict) else {"value": each} for name, each in named.items()
        }
        return whole

    @model_validator(mode="after")
    def _values_are_of_the_kind(self) -> Self:
        wanted = int if self.kind == "int" else str
        for name, member in self.members.items():
            if type(member.value) is not wanted:
                raise ValueError(f"the value of {name} is {member.value!r}, but the kind is {self.kind}")
            if member.also and wanted is int:
                raise ValueError(f"{name} has other words, but the kind is int")
            if member.word is not None and wanted is str:
                raise ValueError(f"{name} has a word, but the kind is str")
        values = [value for member in self.members.values() for value in (member.value, *member.also)]
        if len(set(values)) != len(values):
            raise ValueError("two members have the same value")
        return self


class Meaning(_Entry):
    """The meaning of a header or parameter of this name, unless a message overrides it."""

    type: str | None = None
    doc: Sentence | None = None
    presence: Presence | None = None
    none: tuple[str, ...] = ()
    releases: Releases | None = None
    since: Starts | None = None


class HeaderMeaning(Meaning):
    """The meaning of a header; `default` is what Asterisk sends in a header that is always there if nothing is said."""

    default: str | None = None


class Parameter(_Correction):
    """A parameter of an action."""

    name: Name | None = None
    type: str | None = None
    required: bool | None = None
    doc: Sentence | None = None
    secret: bool = False
    drop: bool = False
    since: Starts | None = None

    def corrects(self) -> bool:
        """Return whether the entry corrects the documentation or adds to it."""
        return self.drop or super().corrects()


class Header(_Correction):
    """A header of an event or answer; `default` is the text that Asterisk sends if nothing else is said."""

    name: Name | None = None
    type: str | None = None
    presence: Presence | None = None
    none: tuple[str, ...] | None = None
    default: str | None = None
    doc: Sentence | None = None
    secret: bool = False
    drop: bool = False
    since: Starts | None = None

    def corrects(self) -> bool:
        """Return whether the entry corrects the documentation or adds to it."""
        return self.drop or super().corrects()


class Group(_Entry):
    """Several headers of a message that form one value in Python, or its lines that are not headers.

    Attributes:
        type: A type keyword for groups.
        headers: The names of the headers, with `*` for a variable part; documented headers that match do not become
            separate parameters or attributes.
        secret: The headers whose value is never shown.
        enums: The vocabularies that the value consists of.
    """

    type: str
    doc: Sentence | None = None
    headers: tuple[str, ...] = ()
    required: bool = False
    secret: tuple[str, ...] = ()
    enums: tuple[str, ...] = ()


class Waits(_Entry):
    """Duration of an action that blocks the connection: the server serves nothing else until it has answered.

    Attributes:
        header: The parameter that specifies the duration, as a number.
        unit: The unit of that number, in seconds.
        default: The duration if the parameter is omitted, in seconds.
        unless: The parameter with which the action is answered immediately.
    """

    header: str
    unit: float = Field(gt=0)
    default: float = Field(default=0, ge=0)
    unless: str | None = None


class Setting(_Entry):
    """A setting without which Asterisk does not send an event.

    Attributes:
        file: The configuration file, in Asterisk's configuration directory.
        section: The section of the file.
        option: The option, which must be true; or, for a `list`, not empty.
        default: The value of a missing option, as Asterisk assumes it.
        list: Whether the option is a list instead of a flag.
    """

    file: str = Field(pattern=r"^[\w.-]+\.conf$")
    section: str = Field(pattern=r"^\w+$")
    option: str = Field(pattern=r"^\w+$")
    default: str = ""
    list: bool = False


class Action(_Correction):
    """An action.

    Attributes:
        modules: The modules of Asterisk, one of which must be loaded; by default those that register it.
        text_follows: The releases that answer with `Response: Follows` and text that may contain empty lines.
        waits: How long the action blocks the connection.
        sets_mask: The parameter that sets the connection's event mask.
        names_events: The parameter that names events, in the criteria of a filter.
        answers: The number of answers on success; the last one is the result.
        answered_by_event: Whether its list is sent without a preceding answer.
        one_of: Sets of headers; a request must have exactly one header of each set.
        some_of: Sets of headers; a request must have at least one header of each set.
        requires: Headers that are valid only together with others.
        raw_text: Whether the answer is text without any header.
        empty_lines: The number of empty lines that end such a text.
        bare_line_feeds: Whether a line of the answer may end in a bare LF.
        run_together: Whether an item of its list may lack the empty line at its end.
        unmarked: Whether the items of its list lack an ActionID.
        lasts: Whether the effect lasts for the lifetime of the connection.
        adds_up: Whether a later request of this kind adds to the effect instead of replacing it.
        logs_in: Whether success logs the connection in, as specified by the request.
        logs_off: Whether it makes the server close the connection.
    """

    doc: Sentence | None = None
    privileges: Privileges | None = None
    module: str | None = None
    modules: tuple[str, ...] | None = None
    domain: str | None = None
    response: str | None = None
    raw_text: bool = False
    empty_lines: int = Field(default=1, ge=1)
    bare_line_feeds: bool = False
    run_together: bool = False
    unmarked: bool = False
    lasts: bool = False
    logs_in: bool = False
    logs_off: bool = False
    adds_up: bool = False
    text_follows: Releases | None = None
    waits: Waits | None = None
    sets_mask: str | None = None
    names_events: str | None = None
    answers: int = Field(default=1, ge=1)
    answered_by_event: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    some_of: tuple[tuple[str, ...], ...] = ()
    requires: Mapping[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    group: Mapping[Name, Group] = Field(default_factory=dict[str, Group])
    page: str | None = None
    parameter: Mapping[str, Parameter] = Field(default_factory=dict[str, Parameter])

    @model_validator(mode="after")
    def _justified(self) -> Self:
        _check_justified(self, self.parameter)
        return self


class Event(_Correction):
    """An event.

    Attributes:
        modules: The modules of Asterisk, one of which must be loaded; by default those that send it.
        turned_on_by: The settings that must all be on.
        occasion: A sentence: when Asterisk sends it, if that depends on something else that users have to set up.
        headers: Headers to add; the glossary defines their meaning.
        snapshots: Snapshots to add, as `channel:` or `bridge:` followed by an optional prefix.
        absent: Snapshots that may be missing as a whole, in the same format.
        any_header: Whether it may have arbitrary other headers, named by its sender.
        named_by: The header that distinguishes events that share this name.
    """

    doc: Sentence | None = None
    privileges: Privileges | None = None
    module: str | None = None
    modules: tuple[str, ...] | None = None
    turned_on_by: tuple[Setting, ...] = ()
    occasion: Sentence | None = None
    domain: str | None = None
    page: str | None = None
    headers: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    any_header: bool = False
    named_by: str = ""
    header: Mapping[str, Header] = Field(default_factory=dict[str, Header])
    group: Mapping[Name, Group] = Field(default_factory=dict[str, Group])

    @field_validator("snapshots", "absent")
    @classmethod
    def _known_snapshots(cls, snapshots: tuple[str, ...]) -> tuple[str, ...]:
        for snapshot in snapshots:
            if not _SNAPSHOT.fullmatch(snapshot):
                raise ValueError(f"{snapshot!r} must be 'channel:' or 'bridge:', optionally followed by a prefix")
        return snapshots

    @model_validator(mode="after")
    def _justified(self) -> Self:
        _check_justified(self, self.header)
        if (self.headers or self.snapshots) and not self.is_justified():
            raise ValueError("an entry that adds headers needs `why` and `seen`")
        return self


class Response(_Entry):
    """The headers of an action's answer other than Response and Message."""

    doc: Sentence
    domain: str | None = None
    header: Mapping[str, Header] = Field(default_factory=dict[str, Header])
    group: Mapping[Name, Group] = Field(default_factory=dict[str, Group])


class List(_Entry):
    """The list with which an action is answered: attributes mapped to events.

    Attributes:
        empty: Error messages that only mean that the list is empty.
        counted: Whether the number of items in the last event is correct in every release.
    """

    items: Mapping[Name, str]
    complete: str | None = None
    announced: bool = True
    empty: tuple[str, ...] = ()
    counted: bool = True
    doc: Sentence | None = None


class Family(_Entry):
    """Headers that several events share, as a common base class of these events, usable in type annotations.

    Attributes:
        snapshot: The snapshot that consists of these headers, in the format of an event's entry: `channel:Dest`.
        absent: Whether the family consists of the events in which that snapshot may be missing as a whole.
        headers: The headers, if they are not those of a snapshot.
    """

    doc: Sentence
    snapshot: str | None = None
    absent: bool = False
    headers: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.snapshot is None) == (not self.headers):
            raise ValueError("a family needs either a snapshot or headers")
        if self.snapshot is not None and not _SNAPSHOT.fullmatch(self.snapshot):
            raise ValueError(f"{self.snapshot!r} must be 'channel:' or 'bridge:', optionally followed by a prefix")
        return self


class Place(NamedTuple):
    """The location of an entry."""

    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Overlay:
    """All files of an overlay.

    Attributes:
        headers: The glossary for events and answers.
        snapshots: The glossary for headers of snapshots; takes precedence over `headers`.
        parameters: The glossary for requests.
        places: The location of each entry and key, by its lowercase path.
    """

    domains: Mapping[str, Domain]
    enums: Mapping[str, Enum]
    headers: Mapping[str, HeaderMeaning]
    snapshots: Mapping[str, HeaderMeaning]
    parameters: Mapping[str, Meaning]
    actions: Mapping[str, Action]
    events: Mapping[str, Event]
    responses: Mapping[str, Response]
    lists: Mapping[str, List]
    families: Mapping[str, Family]
    places: Mapping[tuple[str, ...], Place]

    def glossary(self) -> Overlay:
        """Return the part that applies to any message: the meanings of names, and the vocabularies."""
        return replace(
            EMPTY,
            enums=self.enums,
            headers=self.headers,
            snapshots=self.snapshots,
            parameters=self.parameters,
            places=self.places,
        )

    def releases(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield every span of releases, with the path of its key."""
        for table, entries in (("header", self.headers), ("parameter", self.parameters)):
            yield from _said((((table, name), entry) for name, entry in entries.items()))
        for name, action in self.actions.items():
            yield from _said([(("action", name), action)])
            yield from _said((("action", name, "parameter", key), part) for key, part in action.parameter.items())
        for table, messages in (("event", self.events), ("response", self.responses)):
            for name, message in messages.items():
                yield from _said([((table, name), message)] if isinstance(message, Event) else [])
                yield from _said(((table, name, "header", key), part) for key, part in message.header.items())

    def place(self, *path: str) -> Place:
        """Return the location of an entry or one of its keys: the innermost enclosing table or key with a known line.

        Names are case-insensitive.
        """
        folded = tuple(part.lower() for part in path)
        while folded and folded not in self.places:
            folded = folded[:-1]
        return self.places.get(folded, Place("the overlay", None))


_TABLES: Mapping[str, tuple[str, type[_Entry]]] = {
    "domain": ("domains", Domain),
    "enum": ("enums", Enum),
    "header": ("headers", HeaderMeaning),
    "snapshot": ("snapshots", HeaderMeaning),
    "parameter": ("parameters", Meaning),
    "action": ("actions", Action),
    "event": ("events", Event),
    "response": ("responses", Response),
    "list": ("lists", List),
    "family": ("families", Family),
}

EMPTY = Overlay({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})


def _said(
    entries: Iterable[tuple[tuple[str, ...], Meaning | _Correction]],
) -> Iterator[tuple[tuple[str, ...], str]]:
    for path, entry in entries:
        if entry.releases:
            yield (*path, "releases"), entry.releases


def snapshot_of(text: str) -> tuple[Literal["channel", "bridge"], str]:
    """Parse a snapshot in the format of an event's entry (`channel:Dest`) into its kind and prefix."""
    kind, _, prefix = text.partition(":")
    return ("channel" if kind == "channel" else "bridge"), prefix


def load(files: Sequence[Path]) -> Overlay:
    """Parse an overlay.

    Args:
        files: Its files; without any, the overlay is empty.

    Raises:
        TroubleError: A file is invalid; reports every problem in all files.
    """
    troubles = Troubles("the overlay")
    places: dict[tuple[str, ...], Place] = {}
    entries: dict[str, dict[str, _Entry]] = {attribute: {} for attribute, _ in _TABLES.values()}
    for path in files:
        with troubles.absorb():
            _read(path, entries, places)
    troubles.check()
    return Overlay(**cast("dict[str, Any]", entries), places=places)


def _read(path: Path, entries: dict[str, dict[str, _Entry]], places: dict[tuple[str, ...], Place]) -> None:
    troubles = Troubles(str(path))
    text = _text(path, troubles)
    document = _parsed(text, troubles)
    lines = dict(_lines(text))
    for key, line in lines.items():
        places.setdefault(tuple(part.lower() for part in key), Place(str(path), line))
    for table, name, content in _entries(document, lines, troubles):
        attribute, model = _TABLES[table]
        if _is_known(name, table, entries[attribute]):
            first = places[table, name.lower()]
            sentence = f"[{table}.{name}] is already in {first.file}:{first.line}; merge the two entries."
            troubles.add(sentence, line=lines.get((table, name)))
            continue
        try:
            entries[attribute][name] = model.model_validate(content)
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                place = tuple(map(str, fault["loc"]))
                what = ".".join((table, name, *place))
                troubles.add(f"{what}: {reason_of(fault['msg'])}.", line=_nearest(lines, (table, name, *place)))
    troubles.check()


def _is_known(name: str, table: str, entries: Mapping[str, _Entry]) -> bool:
    """Return whether the entry exists. Names of messages are case-insensitive, those of a glossary case-sensitive."""
    if table in {"action", "event", "list"}:
        return name.lower() in map(str.lower, entries)
    return name in entries


def _text(path: Path, troubles: Troubles) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        troubles.add(f"Cannot read the file: {error}.")
    troubles.check()
    raise AssertionError("a trouble was added")


def _parsed(text: str, troubles: Troubles) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        reason = str(error).removesuffix(match[0]) if match else str(error)
        troubles.add(f"Invalid TOML: {reason}.", line=int(match[1]) if match else None)
    troubles.check()
    raise AssertionError("a trouble was added")


def _entries(
    document: dict[str, Any], lines: Mapping[tuple[str, ...], int], troubles: Troubles
) -> Iterator[tuple[str, str, Any]]:
    for table, content in document.items():
        if table not in _TABLES or not isinstance(content, dict):
            known = ", ".join(f"[{each}.NAME]" for each in _TABLES)
            troubles.add(
                f"{table} is not a table of the overlay; its tables are {known}.", line=_nearest(lines, (table,))
            )
            continue
        for name, entry in cast("dict[str, Any]", content).items():
            yield table, name, entry


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the line number of each table and key, which tomllib does not report.

    A line inside a multi-line string that looks like a table is mistaken for one; this affects only the line numbers
    reported in troubles.
    """
    table: tuple[str, ...] = ()
    seen: set[tuple[str, ...]] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("[") and (match := _TABLE.fullmatch(line)):
            path = table = _key(match[1])
        elif match := _KEY.match(line):
            path = (*table, *_key(match[1]))
        else:
            continue
        for length in range(1, len(path) + 1):
            if path[:length] not in seen:
                seen.add(path[:length])
                yield path[:length], number


def _key(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _KEY_PART.findall(text))


def _nearest(lines: Mapping[tuple[str, ...], int], path: tuple[str, ...]) -> int | None:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def _check_justified(entry: _Correction, parts: Mapping[str, Parameter] | Mapping[str, Header]) -> None:
    """Reject corrections without a reason; the reason of a message also covers its headers."""
    if entry.corrects() and not entry.is_justified():
        raise ValueError("an entry that corrects or adds needs `why` and `seen`")
    for name, part in parts.items():
        if part.corrects() and not part.is_justified() and not entry.is_justified():
            raise ValueError(f"{name} is corrected or added, which needs `why` and `seen`")
        if part.drop and part.add:
            raise ValueError(f"{name} is both added and dropped")
