"""The outcome of one conformance run: what was reached, what is wrong, and the table that says so.

Rules this module owns:

- What deviates by intent, or through a fault of the server, stands in `known.toml` with its reason, and nothing else
  is forgiven. A reason that no longer applies is found too.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ami_typed import catalogue
from ami_typed.registry import action_class, event_class
from tests.live import servers
from tests.live.conformance import findings, scenario
from tests.live.conformance.stage import Stage
from tests.live.servers import ForeignServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ami_typed.drift import DriftReport
    from ami_typed.releases import Release
    from tests.live.conformance.findings import Finding
    from tests.live.conformance.record import Record
    from tests.live.conformance.scenario import Taken

KNOWN = Path(__file__).with_name("known.toml")


class Pardon(NamedTuple):
    """A deviation that is known, in the releases given, in all where none are."""

    message: str
    header: str
    releases: tuple[str, ...]
    why: str

    def covers(self, finding: Finding, release: Release) -> bool:
        """Tell whether it is this one."""
        here = not self.releases or str(release) in self.releases
        return here and finding.message == self.message and self.header in {"*", finding.header}


class Absence(NamedTuple):
    """Events and actions that a run does not reach, in the releases given, in all where none are, and why."""

    events: tuple[str, ...]
    actions: tuple[str, ...]
    releases: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Knowledge:
    """What `known.toml` holds."""

    pardons: tuple[Pardon, ...]
    absences: tuple[Absence, ...]

    @classmethod
    def read(cls) -> Knowledge:
        """Read the file."""
        held = tomllib.loads(KNOWN.read_text("utf-8"))
        return cls(
            tuple(
                Pardon(each["message"], each["header"], tuple(each.get("releases", ())), each["why"])
                for each in held["pardon"]
            ),
            tuple(
                Absence(
                    tuple(each.get("events", ())),
                    tuple(each.get("actions", ())),
                    tuple(each.get("releases", ())),
                    each["why"],
                )
                for each in held["absence"]
            ),
        )

    def reasons(self, kind: str, release: Release) -> dict[str, str]:
        """Return why each "events" or "actions" is not reached on a release."""
        return {
            name: absence.why
            for absence in self.absences
            if not absence.releases or str(release) in absence.releases
            for name in getattr(absence, kind)
        }


@dataclass(frozen=True)
class Verdict:
    """What one run showed.

    Attributes:
        release: The server's release.
        debian: The version of its Debian package.
        is_foreign: Whether it is a server of the user's, of which it is not known what it can be made to say.
        record: All that it said.
        taken: The steps, and what came of them.
        listed: The actions that it has.
        knowledge: What is known not to fit.
        drift: What the managers that took part noticed by themselves.
    """

    release: Release
    debian: str
    is_foreign: bool
    record: Record
    taken: list[Taken]
    listed: dict[str, str]
    knowledge: Knowledge
    drift: tuple[DriftReport, ...]

    @cached_property
    def event_types(self) -> set[str]:
        """The event types that came, spelled as on the wire."""
        return {event.event for event in self.record.events}

    @cached_property
    def answered(self) -> set[str]:
        """The actions that were answered."""
        return {outcome.action for outcome in self.record.outcomes} & set(self.listed)

    @cached_property
    def succeeded(self) -> set[str]:
        """The actions that were answered with a success."""
        return {outcome.action for outcome in self.record.outcomes if outcome.answer.success} & set(self.listed)

    @cached_property
    def findings(self) -> list[Finding]:
        """What is wrong with a message: each header and reason once."""
        once: dict[tuple[str, str, str], Finding] = {}
        for finding in self._all_findings():
            once.setdefault((finding.message, finding.header, finding.reason.partition(":")[0]), finding)
        return sorted(once.values())

    @cached_property
    def unpardoned(self) -> list[Finding]:
        """What is wrong and not known to be."""
        pardons = self.knowledge.pardons
        return [each for each in self.findings if not any(pardon.covers(each, self.release) for pardon in pardons)]

    def _all_findings(self) -> Iterator[Finding]:
        for event in self.record.events:
            yield from findings.unknown_headers(event.event, event)
            yield from findings.wrong_values(event.event, event, self.release)
        for outcome in self.record.outcomes:
            name = f"answer to {outcome.action}"
            if outcome.answer.success:
                yield from findings.unknown_headers(name, outcome.answer)
                yield from findings.wrong_values(name, outcome.answer, self.release)
            if outcome.answer.success and outcome.listed is not None and not outcome.listed.valid:
                yield findings.Finding(f"list of {outcome.action}", "", "", str(outcome.listed.error_message))

    @cached_property
    def known_events(self) -> set[str]:
        """The event types that ami-typed says this release sends, as they are spelled on the wire."""
        by_class = {cls: name for name, cls in catalogue.EVENT_NAMES.items()}
        names = (by_class.get(cls, cls) for cls in catalogue.EVENTS)
        return {name for name in names if self.release in event_class(name).releases}

    @cached_property
    def missing_events(self) -> dict[str, str]:
        """The event types that did not come, each with its reason, empty where none is given."""
        seen = {name.lower() for name in self.event_types}
        reasons = self.knowledge.reasons("events", self.release)
        return {name: reasons.get(name, "") for name in sorted(self.known_events) if name.lower() not in seen}

    @cached_property
    def missing_actions(self) -> dict[str, str]:
        """The actions of the release that were not answered with a success, each with its reason."""
        reasons = self.knowledge.reasons("actions", self.release)
        of_release = {name for name in catalogue.ACTIONS if self.release in action_class(name).releases}
        return {name: reasons.get(name, "") for name in sorted(of_release - self.succeeded)}

    @cached_property
    def idle_reasons(self) -> list[str]:
        """What the file gives a reason for although it was reached; it speaks of this project's servers alone."""
        if self.is_foreign:
            return []
        reached = {name.lower() for name in self.event_types}
        return [
            *(name for name in self.knowledge.reasons("events", self.release) if name.lower() in reached),
            *(name for name in self.knowledge.reasons("actions", self.release) if name in self.succeeded),
        ]

    @property
    def troubles(self) -> list[str]:
        """What is wrong, all of it, as lines to read."""
        missing = {**self.missing_events, **self.missing_actions}
        untold = [name for name, why in missing.items() if not why]
        return [
            *(f"{step.name} failed: {step.failure}" for step in self.taken if step.failure),
            *map(str, self.unpardoned),
            *(f"{name} has no class" for name in self.unknown_actions),
            *(f"{name} was not reached, and no reason is given" for name in untold if not self.is_foreign),
            *(f"{name} was reached, although known.toml says that it is not" for name in self.idle_reasons),
        ]

    @property
    def unknown_actions(self) -> list[str]:
        """The actions of the server that no class knows."""
        return [name for name in self.listed if action_class(name).__name__ == "Request"]

    def _not_taken(self) -> list[str]:
        """Return the steps that were not taken, by what the server lacks, as lines of Markdown."""
        by_lack: dict[str, list[str]] = {}
        for each in self.taken:
            if each.lacks:
                by_lack.setdefault(each.lacks, []).append(each.name)
        if not by_lack:
            return []
        lines = (f"| {lack} | {', '.join(names)} |" for lack, names in by_lack.items())
        return ["NOT RUN:", "", "| the server lacks | steps |", "| --- | --- |", *lines, ""]

    def table(self) -> str:
        """Return what was reached and what was not, as Markdown."""
        of_release = len(self.succeeded | set(self.missing_actions))
        lines = [
            f"## Asterisk {self.release}",
            "",
            f"Debian's package {self.debian}." if not self.is_foreign else "A server of yours.",
            "",
            "| | reached | of |",
            "| --- | ---: | ---: |",
            f"| event types | {len(self.event_types)} | {len(self.event_types) + len(self.missing_events)} |",
            f"| actions answered | {len(self.answered)} | {len(self.listed)} that ListCommands lists |",
            f"| actions answered with a success | {len(self.succeeded)} | {of_release} that the release has |",
            f"| events | {len(self.record.events)} | |",
            f"| answers | {len(self.record.outcomes)} | |",
            "",
            *self._not_taken(),
            "Not reached:",
            "",
            "| reason | events | actions |",
            "| --- | --- | --- |",
        ]
        missing = [(why, name, "") for name, why in self.missing_events.items()]
        missing += [(why, "", name) for name, why in self.missing_actions.items()]
        for why in dict.fromkeys(reason for reason, _, _ in missing):
            names = [", ".join(each[kind] for each in missing if each[0] == why and each[kind]) for kind in (1, 2)]
            lines.append(f"| {why or 'none given'} | {names[0]} | {names[1]} |")
        pardoned = [each for each in self.findings if each not in self.unpardoned]
        lines += ["", "Known not to fit:", "", "| message | header | why |", "| --- | --- | --- |"]
        for pardon in self.knowledge.pardons:
            if any(pardon.covers(each, self.release) for each in pardoned):
                lines.append(f"| {pardon.message} | {pardon.header} | {pardon.why} |")
        return "\n".join([*lines, ""])


def reach(target: str) -> Verdict:
    """Start a server of a release, or take the user's; play the scenario on it, and judge what it said.

    Args:
        target: One of `servers.targets()`.
    """
    with servers.start(target) as server, Stage.on(server) as stage:
        taken = scenario.play(stage)
        version = stage.manager.release
        assert version is not None, "the server did not tell its release"
        return Verdict(
            release=version,
            debian=server.debian_version,
            is_foreign=isinstance(server, ForeignServer),
            record=stage.record,
            taken=taken,
            listed=stage.listed,
            knowledge=Knowledge.read(),
            drift=(stage.manager.drift, stage.observer.drift),
        )
