"""Release: a new release of Asterisk is taken in: what it brings, and what the overlay does not say of it yet.

Rules owned here:

- Of a branch only the newest release is kept. It is compared with the one it takes the place of; the first of a branch,
  with the newest release before it; one that is taken in again, with what was known of it.
- A release candidate (`24.1.0-rc1`) is a release: older than the release that it becomes, which takes its place.
- The overlay covers a release when every message and header is described, and every header and parameter is typed, by
  itself or by the glossary; and when it claims nothing that the documentation has lost. Spans with an open end cover a
  new branch as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ami_typed.cli.changes import Changes, compare

from .facts import release_key
from .spans import written_span
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
        return _branch(self.facts.release)

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
    same_branch = [each for each in ordered if _branch(each.release) == _branch(facts.release)]
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
    written = arrived.facts.save(folder)
    yield f"wrote {written}"
    yield from supersede(written)


def supersede(written: Path) -> Iterator[str]:
    """Remove the files of other releases of a file's branch; yield what was done, as a person reads it."""
    for path in sorted(written.parent.glob(f"{written.stem.partition('.')[0]}.*.json")):
        if path != written:
            path.unlink()
            yield f"removed {path}, which it takes the place of"


def uncovered(arrived: Arrival, amended: Amended, knowledge: Overlay) -> list[str]:
    """Return what the overlay does not cover, each as a line.

    Args:
        arrived: The release that is taken in.
        amended: Everything that is to be generated.
        knowledge: The overlay.
    """
    return [*_undescribed(amended), *_claimed(arrived, knowledge)]


def notes(arrived: Arrival, code: Iterable[CodeFacts]) -> Iterator[str]:
    """Yield what is worth knowing and asks for nothing."""
    known = {_branch(facts.release): facts.release for facts in code}
    if known and arrived.facts.release not in known.values():
        older = known.get(arrived.branch) or known[max(known)]
        yield (
            f"The code of {arrived.facts.release} is not known, so what is not documented is taken over from "
            f"{older}; a scan of its sources (`python -m codegen sources`) would tell."
        )


def _undescribed(amended: Amended) -> Iterator[str]:
    for message in (*amended.actions, *amended.events):
        if message.doc is None:
            yield f"{message.kind} {message.name}: is not described"
        part = "parameter" if message.kind == "action" else "header"
        for header in message.headers:
            lacks = [what for what, has in (("described", header.doc), ("typed", header.place.line)) if not has]
            if lacks:
                yield f"{message.kind} {message.name}, {part} {header.name}: is not {' and not '.join(lacks)}"


def _claimed(arrived: Arrival, knowledge: Overlay) -> Iterator[str]:
    """Yield the spans of the overlay that go on in this release, of what its documentation has no more."""
    if arrived.before is None:
        return
    gone = _names(arrived.before) - _names(arrived.facts)
    for path, releases in knowledge.releases():
        subject = tuple(part.lower() for part in path[:-1] if part not in {"header", "parameter"})
        if subject in gone and arrived.branch in written_span(releases):
            place = knowledge.place(*path)
            name = " ".join(path[:-1])
            yield f"{place.file}:{place.line}: {name}: `releases` has {arrived.branch}, whose documentation lacks it"


def _names(facts: Facts) -> set[tuple[str, ...]]:
    """Return all messages and headers, in small letters."""
    names: set[tuple[str, ...]] = set()
    for kind, messages in (("action", facts.actions), ("event", facts.events)):
        for name, message in messages.items():
            own = kind, name.lower()
            names |= {own, *((*own, parameter.name.lower()) for parameter in message.parameters)}
    return names


def _changes(before: Facts, after: Facts, kind: str) -> Changes:
    def headers(facts: Facts) -> dict[str, list[str]]:
        messages = facts.actions if kind == "actions" else facts.events
        return {name: [parameter.name for parameter in message.parameters] for name, message in messages.items()}

    return compare(headers(before), headers(after))


def _key(facts: Facts) -> tuple[tuple[int, ...], bool, str, int]:
    return release_key(facts.release)


def _branch(release: str) -> int:
    return int(release.partition(".")[0])
