"""The reference as Markdown: a page for each action, event, answer, list and enum, and an index for each kind.

Rules owned here:

- A page holds what its class says and an example in both faces. Pages link to each other: an action to its answer, its
  list and the events in it, and these back.
- An example passes values from the descriptions of the parameters where they contain some ("such as ..."), so every one
  of them can be constructed.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from ami_typed.cli.describing import KINDS, described, everything

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ami_typed.cli.describing import Attribute, Description, Kind, Parameter

__all__ = ["example_value", "page", "write"]

_FOLDERS: dict[Kind, str] = {
    "action": "actions",
    "event": "events",
    "answer": "answers",
    "list": "lists",
    "enum": "enums",
}
_TITLES: dict[Kind, str] = {
    "action": "Actions",
    "event": "Events",
    "answer": "Answers",
    "list": "Lists",
    "enum": "Enums",
}
_OPENINGS: dict[Kind, str] = {
    "action": "Every action that Asterisk 13 to 23 has, by subject: what a program can ask a server to do.",
    "event": "Every event that Asterisk 13 to 23 sends, by subject.",
    "answer": "The answers that have headers of their own. All other actions are answered with an `Answer`.",
    "list": "The lists that actions return: the events in them, and the one that closes them.",
    "enum": "The values of headers and parameters that have names. An unknown value stays readable.",
}
_SAMPLES = {
    "bool": "True",
    "int": "1",
    "float": "1.0",
    "timedelta": "timedelta(seconds=30)",
    "Sequence[str]": '["..."]',
    "Mapping[str, str": '{"NAME": "value"}',
}
_SUCH_AS = re.compile(r"such as ``([^`]+)``")
_SHOWN = 3
"""How many attributes the example of an event prints."""
_OF_EVERY_EVENT = {"action_id", "privilege", "sequence_number", "timestamp", "system_name"}


def write(folder: Path) -> int:
    """Write the reference, in a folder for each kind; return the number of pages."""
    pages = 0
    for kind in KINDS:
        home = folder / _FOLDERS[kind]
        home.mkdir(parents=True, exist_ok=True)
        names = everything(kind)
        for name in names:
            (home / f"{name}.md").write_text(page(kind, name), encoding="utf-8", newline="\n")
        (home / "index.md").write_text(_index(kind, names), encoding="utf-8", newline="\n")
        pages += 1 + len(names)
    return pages


def page(kind: Kind, name: str) -> str:
    """Return the page of a class, as Markdown."""
    return "\n".join(_lines(described(kind, name))) + "\n"


def example_value(parameter: Parameter) -> str:
    """Return a value for a parameter in an example, as Python source."""
    type_ = parameter.type.removesuffix(" | None")
    if found := re.match(r"enums\.(\w+)", type_):
        return f"enums.{found[1]}.{described('enum', found[1]).attributes[0].name}"
    if type_.startswith("str"):
        said = _SUCH_AS.search(parameter.text)
        return f'"{said[1] if said else "..."}"'
    return next((value for each, value in _SAMPLES.items() if type_.startswith(each)), "...")


def _lines(what: Description) -> Iterator[str]:
    yield f"# {what.name}\n"
    yield f"{_markdown(what.text)}\n"
    yield from _facts(what)
    if what.kind == "action":
        yield from _of_action(what)
    elif what.kind == "event":
        yield from _of_event(what)
    elif what.kind == "enum":
        yield from (f"- **`{each.name}`** (`{each.headers[0]}`){_said(each.text)}" for each in what.attributes)
    else:
        yield from _entries(what)
    yield from _made_by(what)


def _facts(what: Description) -> Iterator[str]:
    facts = [
        f"On the wire: `{what.kind.title()}: {what.wire}`" if what.wire else "",
        _inline(what.privileges),
        what.releases,
        f"[In Asterisk's documentation]({what.link})" if what.link else "",
    ]
    yield from (f"- {fact}" for fact in facts if fact)
    yield ""


def _of_action(what: Description) -> Iterator[str]:
    yield "## Parameters\n"
    for each in what.parameters:
        header = f"sent as `{each.header}`" if each.header else "sent as several headers"
        yield f"- **`{each.name}`**: {_type(each.type)}, {header}  \n  {_inline(each.text)}"
    yield ""
    if what.answer:
        yield from ("## Answer\n", f"[`responses.{what.answer}`](../answers/{what.answer}.md)\n")
    if what.name in everything("list"):
        yield from ("## List\n", f"[`aggregates.{what.name}`](../lists/{what.name}.md):\n")
        yield from _entries(described("list", what.name))
    yield from _example("request", *_calls(what))


def _of_event(what: Description) -> Iterator[str]:
    own = [each for each in what.attributes if each.name not in _OF_EVERY_EVENT]
    yield "## Headers\n"
    yield from (_header(each) for each in own)
    yield "\nBesides those of [every event](../messages.md).\n"
    yield from _example("event", *_loops(what, own))


def _entries(what: Description) -> Iterator[str]:
    """List the headers of an answer, or the events of a list."""
    yield from (_listed(each) if what.kind == "list" else _header(each) for each in what.attributes)
    yield ""


def _header(attribute: Attribute) -> str:
    headers = " ".join(f"`{header}`" for header in attribute.headers)
    releases = f" {attribute.releases}." if attribute.releases else ""
    text = f"{_inline(attribute.text)}{releases}"
    return f"- **`{attribute.name}`**: {_type(attribute.type)}, from {headers}  \n  {text}"


def _listed(attribute: Attribute) -> str:
    (event,) = attribute.headers
    link = f"[`{event}`](../events/{event}.md)"
    return f"- **`{attribute.name}`**: `{attribute.type}`, from {link}{_said(attribute.text)}"


def _said(text: str) -> str:
    return f"  \n  {_inline(text)}" if text else ""


def _made_by(what: Description) -> Iterator[str]:
    if what.made_by:
        links = ", ".join(f"[`{name}`](../actions/{name}.md)" for name in what.made_by)
        yield from ("## Returned by\n", f"{links}\n")


def _calls(what: Description) -> tuple[str, str, set[str]]:
    arguments = ", ".join(f"{each.name}={example_value(each)}" for each in what.parameters if each.required)
    call = f"actions.{what.name}({arguments})"
    imports = {name for name in ("enums", "timedelta") if name in arguments}
    return f"print(manager.execute({call}))", f"print(await manager.execute({call}))", imports


def _loops(what: Description, own: Sequence[Attribute]) -> tuple[str, str, set[str]]:
    shown = ", ".join(f"event.{each.name}" for each in own[:_SHOWN]) or "event"
    body = f"as stream:\n        {{}}for event in stream:\n            print({shown})"
    opening = f"with manager.subscribe(events.{what.name})"
    return f"{opening} {body.format('')}", f"async {opening} {body.format('async ')}", set()


def _example(what: str, blocking: str, awaiting: str, imports: set[str]) -> Iterator[str]:
    module = "actions" if what == "request" else "events"
    function = "request" if what == "request" else "follow"
    yield "## Example\n"
    yield "```python"
    if "timedelta" in imports:
        yield "from datetime import timedelta\n"
    yield "import ami_typed as ami"
    yield f"from ami_typed import {', '.join(sorted({module, *imports} - {'timedelta'}))}"
    yield from ("", "", f"def {function}(manager: ami.Manager) -> None:", f"    {blocking}")
    yield from ("", "", f"async def {function}_async(manager: ami.AsyncManager) -> None:", f"    {awaiting}", "```")
    yield ""


def _index(kind: Kind, names: Iterable[str]) -> str:
    lines = [f"# {_TITLES[kind]}\n", f"{_OPENINGS[kind]}\n"]
    found = sorted((described(kind, name) for name in names), key=lambda each: (each.subject, each.name))
    for subject, group in groupby(found, key=lambda each: each.subject):
        lines += [f"## {subject}\n"] if subject else []
        lines += [f"- [`{each.name}`]({each.name}.md): {_inline(_first_sentence(each.text))}" for each in group]
        lines.append("")
    return "\n".join(lines) + "\n"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]


def _type(type_: str) -> str:
    """Return a type as code, with a link to the enum in it."""
    found = re.search(r"enums\.(\w+)", type_)
    return f"[`{type_}`](../enums/{found[1]}.md)" if found else f"`{type_}`"


def _inline(text: str) -> str:
    return _markdown(" ".join(text.split()))


def _markdown(text: str) -> str:
    return text.replace("``", "`")
