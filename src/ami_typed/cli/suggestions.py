"""Entries for `spec/overlay/` about what a server sent and ami-typed does not know, as TOML to paste.

Rules of this module:

- What is pasted is accepted as it stands: an entry never repeats one that the overlay has. What would, or needs a
  person's judgement, is a comment.
- A header that other events have as well is typed by the glossary; else its type is guessed from what was seen.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Protocol

from ami_typed import catalogue
from ami_typed.fields import fields_of
from ami_typed.registry import event_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["entries"]

_TYPES = (
    ("integer", r"-?\d{1,18}"),
    ("real", r"-?\d+\.\d+"),
    ("yes_no", "yes|no"),
    ("true_false", "true|false"),
    ("on_off", "on|off"),
    ("enabled_disabled", "enabled|disabled"),
)
_BARE_KEY = r"[A-Za-z0-9_-]+"
_WHY = 'why = "Asterisk sends it, but neither its documentation nor the scanned sources contain it."'


class Finding(Protocol):
    """Something unknown; see `ami_typed.drift.Drifted`."""

    @property
    def table(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def header(self) -> str: ...
    @property
    def examples(self) -> Sequence[str]: ...
    @property
    def module(self) -> str: ...
    @property
    def headers(self) -> Sequence[Finding]: ...


class Report(Protocol):
    """The findings, grouped by what they require; see `ami_typed.drift.DriftReport`."""

    @property
    def unknown_events(self) -> Iterable[Finding]: ...
    @property
    def unknown_headers(self) -> Iterable[Finding]: ...
    @property
    def undecodable(self) -> Iterable[Finding]: ...


def entries(report: Report, seen: str) -> str:
    """Return a report as entries of the overlay, grouped by file.

    Args:
        report: The report.
        seen: Where it was seen.
    """
    justified = f"{_WHY}\nseen = {_text(seen)}"
    blocks: list[tuple[str, str]] = [("", _event(each, justified)) for each in report.unknown_events]
    blocks += [(each.module, _header(each, justified)) for each in report.unknown_headers]
    blocks += [(each.module, _doubt(each)) for each in report.undecodable]
    return "\n".join(_by_file(sorted(blocks, key=lambda block: block[0])))


def _by_file(blocks: Iterable[tuple[str, str]]) -> Iterator[str]:
    last = ""
    for module, block in blocks:
        if module != last:
            yield f"# At the end of spec/overlay/{module}.toml:\n"
        last = module
        yield block


def _event(event: Finding, justified: str) -> str:
    elsewhere = _headers_of_events()
    named = [each.header for each in event.headers if each.header.lower() in elsewhere]
    typed = [each for each in event.headers if each.header.lower() not in elsewhere]
    name = _key(event.message)
    lines = [
        "# The domain is the module of its class: see spec/overlay/domains.toml.",
        f'[event.{name}]\nadd = true\ndomain = "core"\n{justified}',
        *([f"headers = [{', '.join(map(_text, named))}]"] if named else []),
        *([f"[event.{name}.header]"] if typed else []),
        *(f"{_key(each.header)} = {{ add = true, type = {_text(_type(each.examples))} }}" for each in typed),
    ]
    return "\n".join([*lines, ""])


def _header(header: Finding, justified: str) -> str:
    told = f"# {header}\n"
    if not header.module:
        return f"{told}# The answer has no class: set `response` in [action.{header.message}] and describe it.\n"
    add = "add = true\n" if header.table == "event" else ""
    place = f"[{header.table}.{_key(header.message)}.header.{_key(header.header)}]"
    return f"{told}{place}\n{add}type = {_text(_type(header.examples))}\n{justified}\n"


def _doubt(value: Finding) -> str:
    place = f"[{value.table}.{_key(value.message)}.header.{_key(value.header)}]"
    return f"# {value}\n# Correct its type: in {place}, in the glossary, or in the vocabulary.\n"


def _headers_of_events() -> set[str]:
    """Return the names of all headers of events, in lower case."""
    return {field.header.lower() for name in catalogue.EVENTS for field in fields_of(event_class(name)).values()}


def _type(examples: Iterable[str]) -> str:
    texts = [each for each in examples if each]
    for name, pattern in _TYPES:
        if texts and all(re.fullmatch(pattern, each, re.IGNORECASE | re.ASCII) for each in texts):
            return name
    return "text"


def _key(name: str) -> str:
    return name if re.fullmatch(_BARE_KEY, name) else _text(name)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
