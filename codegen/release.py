"""Release: import a new release of Asterisk; report its changes and what the overlay does not cover yet.

Rules owned here:

- Only the newest release of a branch is kept. It is compared with the release that it replaces, the first release of a
  branch with the newest earlier release, and a release imported again with its previous facts.
- A release candidate (`24.1.0-rc1`) is an ordinary release, older than the final release, which replaces it.
- The overlay covers a release if every message and header has a description, every header and parameter has a type
  (individually or from the glossary), and the overlay lists nothing that the documentation no longer contains. Spans
  with an open end cover a new branch unchanged.
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
    """A release being imported.

    Attributes:
        facts: The facts of its documentation.
        before: The facts to compare with; None for the very first release.
        replaced: The releases of its branch that it replaces.
    """

    facts: Facts
    before: Facts | None
    replaced: tuple[str, ...]

    @property
    def branch(self) -> int:
        """Its branch."""
        return _branch(self.facts.release)

    def lines(self) -> Iterator[str]:
        """Yield its changes as human-readable lines."""
        if self.before is None:
            yield "There is no release to compare it with."
            return
        actions, events = (_changes(self.before, self.facts, kind) for kind in ("actions", "events"))
        if not actions and not events:
            yield f"Nothing differs from {self.before.release}."
            return
        yield f"From {self.before.release} to {self.facts.release}:"
        yield from actions.lines("Actions")
        yield from events.lines("Events")


def arrival(facts: Facts, known: Sequence[Facts]) -> Arrival:
    """Determine the release to compare with, and the releases to be replaced.

    Args:
        facts: The new release.
        known: The releases that have facts.

    Raises:
        TroubleError: A newer release of the branch is known.
    """
    ordered = sorted(known, key=_key)
    same_branch = [each for each in ordered if _branch(each.release) == _branch(facts.release)]
    if same_branch and _key(same_branch[-1]) > _key(facts):
        sentence = f"Release {facts.release} is older than {same_branch[-1].release}, which is already known."
        raise TroubleError([Trouble("spec/facts", None, None, None, sentence)])
    others = [each for each in same_branch if each.release != facts.release]
    older = [each for each in ordered if _key(each) < _key(facts)]
    return Arrival(
        facts=facts,
        before=next(iter([*reversed(others), *same_branch, *reversed(older)]), None),
        replaced=tuple(each.release for each in others),
    )


def replace_facts(arrived: Arrival, folder: Path) -> Iterator[str]:
    """Write the facts of a release, replacing those of its branch. Yield human-readable lines on what was done."""
    written = arrived.facts.save(folder)
    yield f"wrote {written}"
    yield from supersede(written)


def supersede(written: Path) -> Iterator[str]:
    """Remove the files of other releases of a file's branch. Yield human-readable lines on what was done."""
    for path in sorted(written.parent.glob(f"{written.stem.partition('.')[0]}.*.json")):
        if path != written:
            path.unlink()
            yield f"removed {path}, which it replaces"


def uncovered(arrived: Arrival, amended: Amended, knowledge: Overlay) -> list[str]:
    """Return everything that the overlay does not cover, one line each.

    Args:
        arrived: The release being imported.
        amended: Everything to be generated.
        knowledge: The overlay.
    """
    return [*_undescribed(amended), *_claimed(arrived, knowledge)]


def notes(arrived: Arrival, code: Iterable[CodeFacts]) -> Iterator[str]:
    """Yield remarks that require no action."""
    known = {_branch(facts.release): facts.release for facts in code}
    if known and arrived.facts.release not in known.values():
        older = known.get(arrived.branch) or known[max(known)]
        yield (
            f"There is no scan of the sources of {arrived.facts.release}, so undocumented messages are carried over "
            f"from {older}; import a scan with `python -m codegen sources`."
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
    """Yield the overlay's spans that include this release although its documentation no longer has the feature."""
    if arrived.before is None:
        return
    gone = _names(arrived.before) - _names(arrived.facts)
    for path, releases in knowledge.releases():
        subject = tuple(part.lower() for part in path[:-1] if part not in {"header", "parameter"})
        if subject in gone and arrived.branch in written_span(releases):
            place = knowledge.place(*path)
            name = " ".join(path[:-1])
            claim = f"`releases` includes {arrived.branch}, whose documentation lacks it"
            yield f"{place.file}:{place.line}: {name}: {claim}"


def _names(facts: Facts) -> set[tuple[str, ...]]:
    """Return all messages and headers, in lowercase."""
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
