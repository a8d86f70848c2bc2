"""Release: a new release of Asterisk is taken in: what it brings, and what the overlay does not say of it yet.

Rules owned here:

- Of a branch only the newest release is kept. It is compared with the one it takes the place of; the first of a branch,
  with the newest release before it; one that is taken in again, with what was known of it.
- The overlay covers a release when every message and header is described, and every header and parameter is typed, by
  itself or by the glossary; and for the first release of a branch, when what is said up to the branch before is said
  of it as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ami_typed.cli.changes import Changes, compare
from ami_typed.releases import NEWEST_BRANCH

from .facts import release_key
from .spans import Span, written_span
from .trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from .amend import Amended
    from .code import CodeFacts
    from .facts import Facts
    from .overlay import Overlay


@dataclass(frozen=True, slots=True)
class Arrival:
    """A release that is taken in.

    Attributes:
        facts: What its documentation says.
        before: What it is compared with, None for the first release of all.
        replaced: The releases of its branch that it takes the place of.
    """

    facts: Facts
    before: Facts | None
    replaced: tuple[str, ...]

    @property
    def branch(self) -> int:
        """Its branch."""
        return _branch(self.facts)

    def lines(self) -> Iterator[str]:
        """Yield what it brings, as a person reads it."""
        if self.before is None:
            yield "There is nothing to compare it with."
            return
        actions, events = (_changes(self.before, self.facts, kind) for kind in ("actions", "events"))
        if not actions and not events:
            yield f"Nothing differs from {self.before.release}."
            return
        yield f"From {self.before.release} to {self.facts.release}:"
        yield from actions.lines("Actions")
        yield from events.lines("Events")


def arrival(facts: Facts, known: Sequence[Facts]) -> Arrival:
    """Find out what a release is to be compared with, and what it takes the place of.

    Args:
        facts: The release.
        known: The releases that there are facts of.

    Raises:
        TroubleError: A newer release of its branch is known.
    """
    ordered = sorted(known, key=_key)
    same_branch = [each for each in ordered if _branch(each) == _branch(facts)]
    if same_branch and _key(same_branch[-1]) > _key(facts):
        sentence = f"Release {facts.release} is older than {same_branch[-1].release}, which is known already."
        raise TroubleError([Trouble("spec/facts", None, None, None, sentence)])
    others = [each for each in same_branch if each.release != facts.release]
    older = [each for each in ordered if _key(each) < _key(facts)]
    return Arrival(
        facts=facts,
        before=next(iter([*reversed(others), *same_branch, *reversed(older)]), None),
        replaced=tuple(each.release for each in others),
    )


def take_in(arrived: Arrival, folder: Path) -> Iterator[str]:
    """Write the facts of a release in place of those of its branch; yield what was done, as a person reads it."""
    yield f"wrote {arrived.facts.save(folder)}"
    for release in arrived.replaced:
        path = folder / f"{release}.json"
        path.unlink()
        yield f"removed {path}, which it takes the place of"


def uncovered(arrived: Arrival, amended: Amended, knowledge: Overlay, code: Iterable[CodeFacts]) -> list[str]:
    """Return what the overlay does not cover, and what else a new branch wants, each as a line.

    Args:
        arrived: The release that is taken in.
        amended: Everything that is to be generated.
        knowledge: The overlay.
        code: The facts of the code of all releases.
    """
    lines = [*_undescribed(amended)]
    if not arrived.replaced:
        lines += [*_left_behind(knowledge, arrived.branch), *_not_prepared(arrived.branch, code)]
    return lines


def _undescribed(amended: Amended) -> Iterator[str]:
    for message in (*amended.actions, *amended.events):
        if message.doc is None:
            yield f"{message.kind} {message.name}: is not described"
        part = "parameter" if message.kind == "action" else "header"
        for header in message.headers:
            lacks = [what for what, has in (("described", header.doc), ("typed", header.place.line)) if not has]
            if lacks:
                yield f"{message.kind} {message.name}, {part} {header.name}: is not {' and not '.join(lacks)}"


def _left_behind(knowledge: Overlay, branch: int) -> Iterator[str]:
    """Yield the tables of the overlay that say something of the branch before and nothing of this one."""
    for kind, name, said in _said_of_releases(knowledge):
        ending = [releases for releases in said if releases and _ends_before(written_span(releases), branch)]
        if ending:
            place = knowledge.place(kind, name)
            times = "" if len(ending) == 1 else f" {len(ending)} times"
            yield f"{place.file}:{place.line}: {kind} {name}: `releases` ends before {branch}{times}"


def _ends_before(span: Span, branch: int) -> bool:
    return branch - 1 in span and branch not in span


def _said_of_releases(knowledge: Overlay) -> Iterator[tuple[str, str, list[str | None]]]:
    """Yield what each table says of releases: that of the message, and those of its headers."""
    for name, action in knowledge.actions.items():
        yield "action", name, [action.releases, *(part.releases for part in action.parameter.values())]
    for name, event in knowledge.events.items():
        yield "event", name, [event.releases, *(part.releases for part in event.header.values())]
    for name, response in knowledge.responses.items():
        yield "response", name, [part.releases for part in response.header.values()]
    yield from (("parameter", name, [meaning.releases]) for name, meaning in knowledge.parameters.items())
    yield from (("header", name, [meaning.releases]) for name, meaning in knowledge.headers.items())


def _not_prepared(branch: int, code: Iterable[CodeFacts]) -> Iterator[str]:
    if branch > NEWEST_BRANCH:
        yield f"src/ami_typed/releases/__init__.py: NEWEST_BRANCH is {NEWEST_BRANCH}; make it {branch}"
    if branch not in {_branch(facts) for facts in code}:
        yield (
            f"spec/code: nothing is known of the code of {branch}, so what is not documented is missing there; "
            "take in a scan with `python -m codegen sources`"
        )


def _changes(before: Facts, after: Facts, kind: str) -> Changes:
    def headers(facts: Facts) -> dict[str, list[str]]:
        messages = facts.actions if kind == "actions" else facts.events
        return {name: [parameter.name for parameter in message.parameters] for name, message in messages.items()}

    return compare(headers(before), headers(after))


def _key(facts: Facts) -> tuple[tuple[int, ...], str]:
    return release_key(facts.release)


def _branch(facts: Facts | CodeFacts) -> int:
    return int(facts.release.partition(".")[0])
