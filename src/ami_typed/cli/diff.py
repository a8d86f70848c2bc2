"""`ami-typed diff 18 22`: what Asterisk added, removed and changed between two releases, according to the classes.

Rules owned here:

- A release line (`18`) stands for its newest release, so it has everything added to the line; a release (`18.20.1`)
  has what had been added by then.
- A message present in both has changed if a parameter or header was added or removed.
- With `--only`, using an action counts as using the events of its list, and reading an attribute as using the response
  that has it.
- The exit status is that of diff(1): 0 if nothing differs, 1 if something does, 2 for bad arguments.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ami_typed import actions, aggregates, catalogue, events, responses
from ami_typed.cli.changes import Change, Changes, compare
from ami_typed.cli.uses import Uses, UsesError, uses_of
from ami_typed.fields import fields_of
from ami_typed.messages import event_name
from ami_typed.releases import Release, Releases

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

HELP = "Show what Asterisk added, removed and changed between two releases."

SAME, DIFFERENT, BAD_ARGUMENTS = 0, 1, 2

_KINDS: Mapping[str, Any] = {"actions": actions, "events": events, "responses": responses}
_VERSION = re.compile(r"(\d+)(?:\.(\d+)(?:\.(\d+))?)?")
_PUT = re.compile(r'\._put\(\s*"([^"]+)",\s*(\w+)')


@dataclass(frozen=True, slots=True)
class Header:
    """A parameter or header that some releases of its class lack. A parameter may have no separate attribute."""

    name: str
    attribute: str | None
    releases: Releases

    def __str__(self) -> str:
        return f"{self.attribute} ({self.name})" if self.attribute else self.name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "Exit status: 0 if nothing differs, 1 if something does, 2 for bad arguments."
    parser.add_argument("old", metavar="OLD", help="a release line, such as 18, or a release, such as 18.20.1")
    parser.add_argument("new", metavar="NEW", help="the release or line to compare it with")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--only",
        type=Path,
        action="append",
        metavar="PATH",
        help="show only what these Python sources use: a file, or a folder, searched recursively",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    try:
        old, new = _release(options.old), _release(options.new)
        uses = uses_of(options.only) if options.only else None
    except (ValueError, UsesError) as error:
        print(error, file=sys.stderr)
        return BAD_ARGUMENTS
    changes = {kind: compare(_having(kind, old), _having(kind, new)) for kind in _KINDS}
    places: dict[tuple[str, str], list[str]] = {}
    if uses is not None:
        places = _places(uses)
        changes = {kind: _used(kind, each, uses, places) for kind, each in changes.items()}
    if options.json:
        print(json.dumps(_document(options, changes, places), indent=2))
    else:
        print("\n".join(_report(options, changes, places)))
    return DIFFERENT if any(changes.values()) else SAME


def _release(text: str) -> Release:
    """Parse a release or a release line; a line is returned as a release above all of its own.

    Raises:
        ValueError: The text is neither, or the line is unknown to ami-typed.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a release of Asterisk; give a line, such as 18, or a release, such as 18.20.1."
        )
    branch = int(match[1])
    if not catalogue.OLDEST_BRANCH <= branch <= catalogue.NEWEST_BRANCH:
        raise ValueError(
            f"ami-typed covers Asterisk {catalogue.OLDEST_BRANCH} to {catalogue.NEWEST_BRANCH}, not {branch}."
        )
    return Release(branch, int(match[2] or sys.maxsize), int(match[3] or 0))


def _having(kind: str, release: Release) -> dict[str, list[str]]:
    """Return the classes that a release has, each with those of its headers that some releases lack."""
    return {
        name: [header.name for header in _varying(cls) if release in header.releases]
        for name, cls in _classes(kind).items()
        if release in getattr(cls, "releases", (release,))  # responses share the releases of their actions
    }


def _classes(kind: str) -> dict[str, type[Any]]:
    return {name: getattr(_KINDS[kind], name) for name in getattr(catalogue, kind.upper())}


def _headers(kind: str, name: str) -> dict[str, Header]:
    return {header.name: header for header in _varying(getattr(_KINDS[kind], name))}


def _varying(cls: type[Any]) -> list[Header]:
    parameters: Mapping[str, str] | None = getattr(cls, "parameter_releases", None)
    if parameters is not None:
        attributes: dict[str, str] = dict(_PUT.findall(inspect.getsource(cls))) if parameters else {}
        return [Header(header, attributes.get(header), Releases(spans)) for header, spans in parameters.items()]
    fields = fields_of(cls).items()
    return [Header(field.header, attribute, field.releases) for attribute, field in fields if field.releases]


# What a program uses


def _places(uses: Uses) -> dict[tuple[str, str], list[str]]:
    """Return the places where classes are used: by name, as part of a list, or by their wire name."""
    places: dict[tuple[str, str], list[str]] = {}
    by_wire = {event_name(cls).lower(): name for name, cls in _classes("events").items()}
    for (package, name), found in uses.classes.items():
        places.setdefault((package, name), []).extend(found)
        if package in {"actions", "aggregates"} and name in catalogue.AGGREGATES:
            places.setdefault(("actions", name), []).extend(found)
            for wire in (*getattr(aggregates, name).repeatable, *getattr(actions, name).list_ends):
                places.setdefault(("events", by_wire[wire.lower()]), []).extend(found)
    for kind in ("actions", "events"):
        for name, cls in _classes(kind).items():
            wire = event_name(cls)
            if wire in uses.texts:
                places.setdefault((kind, name), []).extend(uses.texts[wire])
    return {key: list(dict.fromkeys(found)) for key, found in places.items()}


def _used(kind: str, changes: Changes, uses: Uses, places: dict[tuple[str, str], list[str]]) -> Changes:
    headers = {
        name: Change(_read(kind, name, change.added, uses), _read(kind, name, change.removed, uses))
        for name, change in changes.changed.items()
        if kind == "responses" or (kind, name) in places
    }
    return Changes(
        added=tuple(name for name in changes.added if (kind, name) in places),
        removed=tuple(name for name in changes.removed if (kind, name) in places),
        changed={name: change for name, change in headers.items() if any(change)},
    )


def _read(kind: str, name: str, headers: tuple[str, ...], uses: Uses) -> tuple[str, ...]:
    texts = {text.lower() for text in uses.texts}
    known = _headers(kind, name)
    return tuple(each for each in headers if known[each].attribute in uses.attributes or each.lower() in texts)


# What is printed


def _report(
    options: argparse.Namespace, changes: Mapping[str, Changes], places: Mapping[tuple[str, str], list[str]]
) -> Iterator[str]:
    whose = f" in what the sources in {', '.join(map(str, options.only))} use" if options.only else ""
    if not any(changes.values()):
        yield f"Nothing differs between Asterisk {options.old} and {options.new}{whose}."
        return
    yield f"From Asterisk {options.old} to {options.new}{whose}:"
    for kind, each in changes.items():
        yield from _shown(kind, each, places)


def _shown(kind: str, changes: Changes, places: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
    return changes.lines(
        f"\n{kind.capitalize()}",
        message=lambda name: _summary(kind, name) + _where(places.get((kind, name))),
        header=lambda name, header: str(_headers(kind, name)[header]),
    )


def _summary(kind: str, name: str) -> str:
    text = (inspect.getdoc(getattr(_KINDS[kind], name)) or "").partition("\n\n")[0]
    return f"{name}: {' '.join(text.split())}"


def _where(places: list[str] | None) -> str:
    return f" [{', '.join(places)}]" if places else ""


def _document(
    options: argparse.Namespace, changes: Mapping[str, Changes], places: Mapping[tuple[str, str], list[str]]
) -> dict[str, Any]:
    document: dict[str, Any] = {"old": options.old, "new": options.new}
    for kind, each in changes.items():
        document[kind] = {
            "added": list(each.added),
            "removed": list(each.removed),
            "changed": {name: _described(kind, name, change) for name, change in each.changed.items()},
        }
    if options.only:
        document["used"] = {f"{kind}.{name}": found for (kind, name), found in places.items() if kind in _KINDS}
    return document


def _described(kind: str, name: str, change: Change) -> dict[str, Any]:
    known = _headers(kind, name)
    return {
        what: [{"header": header, "attribute": known[header].attribute} for header in headers]
        for what, headers in change._asdict().items()
    }
