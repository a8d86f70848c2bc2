"""Merge: what the sources say about one message in each release, to one catalogue over all releases.

Rules owned here:

- A source is read as `Account`s: what it says of one message in one release. Documentation gives one account a
  message and release (`accounts_of`), Asterisk's code another (`accounts_of_code`).
- Where the code of a release is known, the release has what its code has: a message that only its documentation has
  (FilterList) is not there. So the releases of a message are those of its code, whenever it was documented.
- Messages and headers are the same when their names are the same without regard to case, as on the wire.
- Where accounts differ (a spelling, `required`, a default, a list), the newest release that says something is right.
  Within a release that is the code for an event, whose names are the wire's, and the documentation for an action, whose
  names Asterisk reads in any spelling. Modules are the documentation's where it tells. Values are united, newest first.
- What the code shares among events, of which one may have it, is a header where the event's documentation has it.
- A header that the documentation does not require is not always sent, whatever the format string holds.
- Headers stand in the order of the newest documentation; one that only older releases or the code have follows the
  header that it follows there.
- A parameter that some releases lack is not required: no program could then run on all of them.
- What the newest branch has is taken to be in all later ones (see `spans`).
- Where the code of a newer branch is not known, what was not documented before goes on there (`carried_over`).
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
"""The classes of Asterisk's manager.conf; source: `perms` in main/manager.c, 22.10.1. Other flags are slips."""

# Headers of the protocol itself: each has its place in `ami_typed.messages`.
_ENVELOPE: Mapping[Kind, frozenset[str]] = {
    "action": frozenset({"action", "actionid"}),
    "event": frozenset({"event", "actionid", "privilege", "timestamp", "sequencenumber", "systemname"}),
}


@dataclass(frozen=True, slots=True)
class Account:
    """What one source says of one message in one release; what it does not say is empty or None.

    Attributes:
        privileges: What a user needs to send or be sent it, nothing where every user may; None where that is not told.
        asked_by: For an event that only answers, the actions that it answers.
        always: The headers that every such event has; None where the source does not know that of any.
        documented: Whether the source is the documentation.
        carried: Whether the source is the code of an older branch, because that of this release is not known.
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
    """A header of a message over all releases; see `facts.Parameter` for what is not explained here.

    Attributes:
        name: The name, in the newest spelling.
        span: The releases whose message has it.
        always: Whether every such event of these releases has it, by all sources that know.
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
        span: The releases that have it.
        headers: Its headers, without those of the protocol itself.
        documented: The releases whose documentation has it.
        documented_as: The name in the newest of these, which spells its page; None where none has it.
        modules: The modules of Asterisk that it belongs to, by the newest release that tells.
        privileges: What a user needs to send or be sent it, nothing where every user may; None where nothing tells.
        privileges_by_release: The same by each release whose code is known.
        asked_by: For an event that only answers, the actions that it answers.
        items: For an action that is answered with a list, the events that the list is made of.
        complete: The event that closes that list.
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
    """Everything the sources know.

    Attributes:
        branches: The branches that have facts, the oldest first.
        span: All of them, and what comes after the newest.
        actions: By name in small letters.
        events: By name in small letters.
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
        more: What other sources say.
        is_open: Whether later branches are taken to have what the newest has.
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
    """Yield what the documentation of one release says of each message."""
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
    """Yield what the code of one release says of each message.

    Args:
        code: The facts of the code.
        documentation: The facts of the documentation of all releases, for the headers that the code shares.
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
    """Yield what the code of each release that is newer than any code known is taken to be.

    That is the newest code known, without what was documented then and is no more. So what nobody documents is not
    lost when only the documentation of a new branch is at hand.

    Args:
        code: The facts of the code, the newest last.
        documentation: The facts of the documentation, the newest last.
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
    """Yield the messages of the code without what left the documentation, message or header."""
    documented, still = _documented(before), _documented(now)
    for name, message in known.items():
        gone = documented.get(name.lower(), {""}) - still.get(name.lower(), set())
        if "" not in gone or name.lower() not in documented:
            headers = tuple(each for each in message.headers if _name(each).lower() not in gone)
            yield name, message.model_copy(update={"headers": headers})


def _documented(messages: Mapping[str, Action | Event]) -> dict[str, set[str]]:
    """Return the headers of each message, all in small letters; the empty one stands for the message itself."""
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
    """Yield the accounts of messages that the code of their release has, or whose release's code is not known."""
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
    """Return what sorts accounts of one message, the one that is right last."""
    return release_key(account.release), account.documented == (account.kind == "action")


def _merged(accounts: Sequence[Account], newest_branch: int | None) -> Message:
    """Merge the accounts of one message, the newest last."""
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
    """Merge what is said of one header, the newest last."""
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
    """Gather the fields of a snapshot from all events that have one; its span is where any event has it."""
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
    """Return what the newest of them, the last, says that says anything."""
    said = (say(saying) for saying in reversed(sayings))
    return next((each for each in said if each not in {None, ()}), None)


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
