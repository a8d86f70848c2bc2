"""Merge: combine the sources of all releases into one catalogue.

Rules owned here:

- Each source yields `Account`s, one per message and release: those of the documentation come from `accounts_of`, those
  of Asterisk's code from `accounts_of_code`.
- If the code of a release is known, it decides which messages that release supports: a message that is only documented
  (FilterList) is dropped. A message's releases are therefore those of its code, regardless of when it was documented.
- Names of messages and headers are compared case-insensitively, as on the wire.
- If accounts conflict (in a spelling, `required`, a default, a list), the newest release that specifies a value wins.
  Within a release, the code wins for events, because its names are those on the wire, and the documentation for
  actions, because Asterisk ignores the case of their names. Modules are taken from the documentation if it specifies
  them. Values are merged, newest first.
- A header in code shared by several events belongs to an event only if the event's documentation lists it.
- A header that the documentation marks as not required is never "always sent", even if the format string contains it.
- Headers keep the order of the newest documentation. A header known only from older releases or from the code follows
  its predecessor there.
- A parameter missing from some releases is not required; otherwise no program could run on all of them.
- Later branches are assumed to support whatever the newest one supports (see `spans`).
- If the code of a newer branch is unknown, undocumented messages and headers are carried over (`carried_over`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from ami_typed.releases import Release

from .facts import Event, Facts, Parameter, release_key
from .spans import Span, common, span_of, united

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .code import CodeAction, CodeEvent, CodeFacts, CodeHeader
    from .facts import Action

Kind: TypeAlias = Literal["action", "event"]
SnapshotKind: TypeAlias = Literal["channel", "bridge"]

T = TypeVar("T")
R = TypeVar("R")
C = TypeVar("C", "CodeAction", "CodeEvent")

PRIVILEGES = frozenset(
    [
        "system",
        "call",
        "log",
        "verbose",
        "command",
        "agent",
        "user",
        "config",
        "dtmf",
        "reporting",
        "cdr",
        "dialplan",
        "originate",
        "agi",
        "cc",
        "aoc",
        "test",
        "security",
        "message",
    ]
)
"""The classes of Asterisk's manager.conf; source: `perms` in main/manager.c, 22.10.1. Other flags are mistakes."""

# Headers of the protocol itself; `ami_typed.messages` handles each of them.
_ENVELOPE: Mapping[Kind, frozenset[str]] = {
    "action": frozenset({"action", "actionid"}),
    "event": frozenset({"event", "actionid", "privilege", "timestamp", "sequencenumber", "systemname"}),
}


@dataclass(frozen=True, slots=True)
class Account:
    """One source's description of a message in one release; unspecified attributes are empty or None.

    Attributes:
        privileges: The privileges required to send or receive it, empty if none; None if unspecified.
        asked_by: The actions that an event answers, if it is sent only in answer to actions.
        always: The headers present in every such event; None if the source does not specify it.
        documented: Whether the source is the documentation.
        carried: Whether the source is the code of an older branch, because the code of this release is unknown.
    """

    kind: Kind
    name: str
    release: str
    parameters: tuple[Parameter, ...] = ()
    since: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    privileges: tuple[str, ...] | None = None
    asked_by: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    complete: str | None = None
    always: tuple[str, ...] | None = None
    documented: bool = True
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a message over all releases; see `facts.Parameter` for the other attributes.

    Attributes:
        name: The name, in the newest spelling.
        span: The releases whose message has it.
        always: Whether every such event of these releases has it, according to all sources that specify it.
    """

    name: str
    span: Span
    required: bool | None = None
    multiple: bool = False
    default: str | None = None
    values: tuple[str, ...] = ()
    snapshot: SnapshotKind | None = None
    prefix: str = ""
    always: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """An action or an event over all releases.

    Attributes:
        name: The name, in the newest spelling.
        span: The releases that support it.
        headers: Its headers, except those of the protocol itself.
        documented: The releases whose documentation includes it.
        documented_as: The name in the newest of these, as in the URL of its page; None if it is undocumented.
        modules: The modules of Asterisk that it belongs to, according to the newest release that specifies them.
        privileges: The privileges required to send or receive it, empty if none; None if no source specifies them.
        privileges_by_release: The privileges in each release whose code is known.
        asked_by: The actions that an event answers, if it is sent only in answer to actions.
        items: The events that are the items of an action's list.
        complete: The event that ends that list.
    """

    kind: Kind
    name: str
    span: Span
    documented: Span = field(default_factory=dict[int, Release])
    documented_as: str | None = None
    headers: tuple[Header, ...] = ()
    modules: tuple[str, ...] = ()
    privileges: tuple[str, ...] | None = None
    privileges_by_release: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    asked_by: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    complete: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The merged facts of all sources.

    Attributes:
        branches: The branches that have facts, oldest first.
        span: All of them, and the branches after the newest.
        actions: By lowercase name.
        events: By lowercase name.
        snapshots: The headers of a snapshot, without a prefix.
    """

    branches: tuple[int, ...]
    span: Span
    actions: Mapping[str, Message]
    events: Mapping[str, Message]
    snapshots: Mapping[SnapshotKind, tuple[Header, ...]]

    def messages(self, kind: Kind) -> Mapping[str, Message]:
        """Return the actions or the events."""
        return self.actions if kind == "action" else self.events


def merge(releases: Sequence[Facts], more: Iterable[Account] = (), *, is_open: bool = True) -> Catalogue:
    """Merge the facts of all releases.

    Args:
        releases: The facts of the documentation of each release.
        more: The accounts of other sources.
        is_open: Whether later branches are assumed to support whatever the newest supports.
    """
    branches = tuple(sorted(span_of(facts.release for facts in releases)))
    newest = branches[-1] if is_open else None
    accounts = [*(account for facts in releases for account in accounts_of(facts)), *more]
    by_message: dict[tuple[Kind, str], list[Account]] = {}
    for account in sorted(_real(accounts), key=_weight):
        by_message.setdefault((account.kind, account.name.lower()), []).append(account)
    merged = {key: _merged(accounts, newest) for key, accounts in sorted(by_message.items())}
    events = {name: message for (kind, name), message in merged.items() if kind == "event"}
    return Catalogue(
        branches=branches,
        span=span_of((facts.release for facts in releases), newest=newest),
        actions={name: message for (kind, name), message in merged.items() if kind == "action"},
        events=events,
        snapshots={kind: _snapshot(kind, events.values()) for kind in ("channel", "bridge")},
    )


def accounts_of(facts: Facts) -> Iterator[Account]:
    """Yield the documentation's account of each message in one release."""
    for action in facts.actions.values():
        responses = action.responses
        yield Account(
            kind="action",
            name=action.name,
            release=facts.release,
            parameters=action.parameters,
            since=action.since,
            modules=action.modules,
            items=responses.items if responses else (),
            complete=responses.complete if responses else None,
        )
    for event in facts.events.values():
        yield Account(
            kind="event",
            name=event.name,
            release=facts.release,
            parameters=event.parameters,
            since=event.since,
            modules=event.modules,
            privileges=_privileges(event),
        )


def accounts_of_code(code: CodeFacts, documentation: Iterable[Facts], *, carried: bool = False) -> Iterator[Account]:
    """Yield the code's account of each message in one release.

    Args:
        code: The facts of the code.
        documentation: The facts of the documentation of all releases, for headers in shared code.
        carried: Whether it is the code of an older branch; see `carried_over`.
    """
    known = {
        (event.name.lower(), parameter.name.lower())
        for facts in documentation
        for event in facts.events.values()
        for parameter in event.parameters
    }
    for action in code.actions.values():
        yield Account(
            kind="action",
            name=action.name,
            release=code.release,
            parameters=tuple(Parameter(name=name) for name in action.headers),
            modules=action.modules,
            privileges=action.privileges,
            items=action.list.items if action.list else (),
            complete=action.list.complete if action.list else None,
            documented=False,
            carried=carried,
        )
    for event in code.events.values():
        headers = [
            header
            for header in event.headers
            if not header.shared or (event.name.lower(), header.name.lower()) in known
        ]
        yield Account(
            kind="event",
            name=event.name,
            release=code.release,
            parameters=tuple(map(_parameter, headers)),
            modules=event.modules,
            privileges=event.privileges,
            asked_by=() if event.privileges else event.actions,
            always=tuple(header.name for header in headers if header.presence == "always"),
            documented=False,
            carried=carried,
        )


def carried_over(code: Sequence[CodeFacts], documentation: Sequence[Facts]) -> Iterator[CodeFacts]:
    """Yield the assumed code of each release that is newer than any known code.

    This is the newest known code without the messages and headers whose documentation has since been removed. It keeps
    undocumented messages while only the documentation of a new branch is available.

    Args:
        code: The facts of the code, newest last.
        documentation: The facts of the documentation, newest last.
    """
    if not code:
        return
    known = code[-1]
    branch = _branch(known.release)
    before = next((facts for facts in reversed(documentation) if _branch(facts.release) == branch), None)
    for facts in documentation:
        if before is not None and _branch(facts.release) > branch:
            yield known.model_copy(
                update={
                    "release": facts.release,
                    "actions": dict(_left(known.actions, before.actions, facts.actions)),
                    "events": dict(_left(known.events, before.events, facts.events)),
                }
            )


def _left(
    known: Mapping[str, C], before: Mapping[str, Action | Event], now: Mapping[str, Action | Event]
) -> Iterator[tuple[str, C]]:
    """Yield the messages of the code, except messages and headers that were removed from the documentation."""
    documented, still = _documented(before), _documented(now)
    for name, message in known.items():
        gone = documented.get(name.lower(), {""}) - still.get(name.lower(), set())
        if "" not in gone or name.lower() not in documented:
            headers = tuple(each for each in message.headers if _name(each).lower() not in gone)
            yield name, message.model_copy(update={"headers": headers})


def _documented(messages: Mapping[str, Action | Event]) -> dict[str, set[str]]:
    """Return the headers of each message, all in lowercase; the empty name represents the message itself."""
    return {
        name.lower(): {"", *(parameter.name.lower() for parameter in message.parameters)}
        for name, message in messages.items()
    }


def _name(header: str | CodeHeader) -> str:
    return header if isinstance(header, str) else header.name


def _branch(release: str) -> int:
    return int(release.partition(".")[0])


def _parameter(header: CodeHeader) -> Parameter:
    is_optional = header.snapshot and header.presence == "sometimes" and not header.shared
    return Parameter(
        name=header.name, required=False if is_optional else None, snapshot=header.snapshot, prefix=header.prefix
    )


def _privileges(event: Event) -> tuple[str, ...] | None:
    names = (name.removeprefix("EVENT_FLAG_").lower() for name in event.classes)
    return tuple(name for name in names if name in PRIVILEGES) or None


def _real(accounts: Sequence[Account]) -> Iterator[Account]:
    """Yield the accounts of messages that exist in their release's code, or whose release's code is unknown."""
    told = {
        (account.kind, account.name.lower(), account.release)
        for account in accounts
        if not account.documented and not account.carried
    }
    releases = {release for _, _, release in told}
    for account in accounts:
        if account.release not in releases or (account.kind, account.name.lower(), account.release) in told:
            yield account


def _weight(account: Account) -> tuple[object, bool]:
    """Return a key that sorts the accounts of one message by precedence, highest last."""
    return release_key(account.release), account.documented == (account.kind == "action")


def _merged(accounts: Sequence[Account], newest_branch: int | None) -> Message:
    """Merge the accounts of one message, given newest last."""
    newest = accounts[-1]
    documented = [account for account in accounts if account.documented]
    span = span_of(
        (account.release for account in accounts),
        _each(since for account in accounts for since in account.since),
        newest=newest_branch,
    )
    return Message(
        kind=newest.kind,
        name=newest.name,
        span=span,
        documented=span_of(account.release for account in documented),
        documented_as=documented[-1].name if documented else None,
        headers=tuple(_headers(accounts, span, newest_branch)),
        modules=_newest([*accounts, *documented], lambda account: account.modules) or (),
        privileges=next((each.privileges for each in reversed(accounts) if each.privileges is not None), None),
        privileges_by_release={
            each.release: each.privileges for each in accounts if not each.documented and each.privileges is not None
        },
        asked_by=_each(action for account in reversed(accounts) for action in account.asked_by),
        items=_each(item for account in reversed(accounts) for item in account.items),
        complete=_newest(accounts, lambda account: account.complete),
    )


def _headers(accounts: Sequence[Account], message: Span, newest_branch: int | None) -> Iterator[Header]:
    sightings: dict[str, list[tuple[str, Parameter]]] = {}
    for account in accounts:
        for parameter in account.parameters:
            sightings.setdefault(parameter.name.lower(), []).append((account.release, parameter))
    told = [{name.lower() for name in account.always} for account in accounts if account.always is not None]
    always = set[str].intersection(*told) if told else set[str]()
    for name in _order(accounts):
        if name not in _ENVELOPE[accounts[-1].kind]:
            yield _header(sightings[name], message, newest_branch, always=name in always)


def _order(accounts: Sequence[Account]) -> list[str]:
    order: list[str] = []
    newest_first = accounts[::-1]
    for account in sorted(newest_first, key=lambda account: not account.documented):
        place = 0
        for parameter in account.parameters:
            name = parameter.name.lower()
            if name not in order:
                order.insert(place, name)
            place = order.index(name) + 1
    return order


def _header(
    sightings: Sequence[tuple[str, Parameter]], message: Span, newest_branch: int | None, *, always: bool
) -> Header:
    """Merge the descriptions of one header, given newest last."""
    parameters = [parameter for _, parameter in sightings]
    newest = parameters[-1]
    span = common(span_of((release for release, _ in sightings), newest=newest_branch), message)
    required = _newest(parameters, lambda parameter: parameter.required)
    return Header(
        name=newest.name,
        span=span,
        required=required and span == message,
        multiple=bool(_newest(parameters, lambda parameter: parameter.multiple)),
        default=_newest(parameters, lambda parameter: parameter.default),
        values=_each(value for parameter in reversed(parameters) for value in parameter.values),
        snapshot=newest.snapshot,
        prefix=newest.prefix,
        always=always and required is not False,
    )


def _snapshot(kind: SnapshotKind, events: Iterable[Message]) -> tuple[Header, ...]:
    """Collect the fields of a snapshot from all events; a field's span is the union of those of the events."""
    fields: dict[str, Header] = {}
    for event in events:
        for header in event.headers:
            if header.snapshot == kind:
                name = header.name.removeprefix(header.prefix)
                known = fields.get(name)
                span = united(known.span, header.span) if known else header.span
                best = known if known and known.required is None else header
                fields[name] = replace(best, name=name, prefix="", span=span)
    return tuple(fields.values())


def _newest(sayings: Sequence[T], say: Callable[[T], R | None]) -> R | None:
    """Return the newest (last) value that is specified."""
    said = (say(saying) for saying in reversed(sayings))
    return next((each for each in said if each not in {None, ()}), None)


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
