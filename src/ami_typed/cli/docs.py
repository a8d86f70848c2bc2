"""`ami-typed docs NAME`: the description of an action, event, answer, list or enum, in the terminal.

Rules owned here:

- A name that several kinds share (`Hangup` is an action, an event and a list) shows all of them, unless `--kind`
  chooses one.
- An unknown name suggests the nearest ones; the exit status is then 1.
- `--pages FOLDER` writes the reference of the documentation, as Markdown.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from ami_typed.cli import describing, pages

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from ami_typed.cli.describing import Description

HELP = "Show what an action, event, answer, list or enum is: its parameters or headers, privileges and releases."

FOUND, UNKNOWN, BAD_ARGUMENTS = 0, 1, 2
_WIDEST = 110
_INDENT = " " * 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "Exit status: 0 if the name is known, 1 if it is not, 2 for bad arguments."
    parser.add_argument("name", nargs="?", metavar="NAME", help="a name such as QueueMemberPause, in any case")
    parser.add_argument("--kind", choices=describing.KINDS, help="show only this, if several share the name")
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help="write the whole reference as Markdown instead")


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    if options.pages is not None:
        print(f"{options.pages}: {pages.write(options.pages)} pages.")
        return FOUND
    if options.name is None:
        print("Name an action, event, answer, list or enum, such as: ami-typed docs QueuePause", file=sys.stderr)
        return BAD_ARGUMENTS
    found = [(kind, name) for kind, name in describing.named(options.name) if options.kind in {None, kind}]
    if not found:
        print(_unknown(options.name, options.kind), file=sys.stderr)
        return UNKNOWN
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    print("\n\n".join("\n".join(_lines(describing.described(*each), width)) for each in found))
    return FOUND


def _unknown(name: str, kind: str | None) -> str:
    similar = describing.near(name)
    hint = f" Similar names: {', '.join(similar)}." if similar else " See the index of the reference."
    return f"{name!r} is not the name of {f'a known {kind}' if kind else 'anything known'}.{hint}"


def _lines(what: Description, width: int) -> Iterator[str]:
    yield f"{what.name} ({what.kind})"
    yield ""
    yield from _wrapped(what.text, width)
    facts = [what.privileges.replace("``", ""), what.releases, what.link]
    if any(facts):
        yield from ("", *filter(None, facts))
    if what.parameters:
        yield from ("", "Parameters:")
    for each in what.parameters:
        yield from _entry(each.name, each.type, [each.header], each.text, width)
    if what.attributes:
        yield from ("", "Members:" if what.kind == "enum" else "Attributes:")
    for attribute in what.attributes:
        text = " ".join(filter(None, (attribute.text, f"{attribute.releases}." if attribute.releases else "")))
        yield from _entry(attribute.name, attribute.type, attribute.headers, text, width)
    if what.answer:
        yield from ("", f"Answer: {what.answer}")
    if what.made_by:
        yield from ("", f"Returned by: {', '.join(what.made_by)}")


def _entry(name: str, type_: str, headers: Sequence[str], text: str, width: int) -> Iterator[str]:
    shown = ", ".join(filter(None, headers))
    yield f"  {name}: {type_}" + (f"  [{shown}]" if shown else "")
    yield from (f"{_INDENT}{line}" for line in _wrapped(text, width - len(_INDENT)))


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Return paragraphs wrapped to the terminal; text in double backquotes is shown as it is."""
    for paragraph in re.split(r"\n\s*\n", text.replace("``", "")):
        yield from textwrap.wrap(" ".join(paragraph.split()), max(width, 20))
