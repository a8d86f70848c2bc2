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
from .spans import written_span
from .trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .amend import Amended
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


def uncovered(amended: Amended, knowledge: Overlay, branch: int, branches_of_code: Iterable[int]) -> list[str]:
    """Return what the overlay does not cover, and what else a new branch wants, each as a line.

    Args:
        amended: Everything that is to be generated.
        knowledge: The overlay.
        branch: The branch of the release that is taken in.
        branches_of_code: The branches whose code is known.
    """
    return [*_undescribed(amended), *_left_behind(knowledge, branch), *_not_prepared(branch, branches_of_code)]


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
    for kind, entries in (("action", knowledge.actions), ("event", knowledge.events)):
        for name, entry in entries.items():
            said = {f"{kind} {name}": entry.releases}
            parts = getattr(entry, "parameter", None) or getattr(entry, "header", {})
            said |= {f"{kind} {name}, {part}": content.releases for part, content in parts.items()}
            for what, releases in said.items():
                if releases and branch - 1 in (span := written_span(releases)) and branch not in span:
                    yield f"{what}: `releases` ends before {branch}; does {branch} have it?"


def _not_prepared(branch: int, branches_of_code: Iterable[int]) -> Iterator[str]:
    if branch > NEWEST_BRANCH:
        yield f"src/ami_typed/releases/__init__.py: NEWEST_BRANCH is {NEWEST_BRANCH}; make it {branch}"
    if branch not in (known := set(branches_of_code)) and known:
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


def _branch(facts: Facts) -> int:
    return int(facts.release.partition(".")[0])
