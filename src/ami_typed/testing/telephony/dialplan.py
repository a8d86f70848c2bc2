"""The dialplan: extensions of contexts, made of steps such as ``Dial(PJSIP/alice,30)``, and their hints.

Rules of this module:

- ``${NAME}``, ``${NAME:offset:length}`` and ``${FUNCTION(argument)}`` in the text of a step are replaced when it runs.
- An extension that begins with an underscore is a pattern, as in Asterisk: X, Z, N, [1-5], ``.`` and ``!``.
- A text in the form of extensions.conf can be read: ``exten =>``, ``same =>``, ``include =>``, labels, hints, ``n``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ami_typed.testing.telephony.world import World

__all__ = ["Context", "Dialplan", "Step", "add", "exists", "find", "hints", "read", "substitute"]

Lookup: TypeAlias = Callable[[str], str]
"""Returns the value of a variable or function."""

_STEP = re.compile(r"(?P<app>\w+)(?:\((?P<data>.*)\))?", re.DOTALL)
_SETTING = re.compile(r"(?P<key>exten|same|include)\s*=>?\s*(?P<value>.*)")
_PRIORITY = re.compile(r"(?P<number>\d+|n)(?:\((?P<label>\w+)\))?")
_CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*"}


class Step(NamedTuple):
    """One step of an extension: an application and what is given to it."""

    application: str
    data: str = ""
    label: str = ""

    @classmethod
    def of(cls, text: str, label: str = "") -> Step:
        """Read a step from its text.

        Raises:
            ValueError: The text is not a step.
        """
        found = _STEP.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no step of a dialplan: write the application and its data, as in Wait(5).")
        return cls(found["app"], found["data"] or "", label)


@dataclass
class Context:
    """A context.

    Attributes:
        extensions: The steps of each extension, by its name.
        includes: The contexts in which extensions are sought that are not here.
        hints: The devices that give an extension its state, with the presence after a comma.
    """

    extensions: dict[str, list[Step]] = field(default_factory=dict[str, list[Step]])
    includes: list[str] = field(default_factory=list[str])
    hints: dict[str, str] = field(default_factory=dict[str, str])


class Dialplan:
    """All contexts by name."""

    def __init__(self) -> None:
        self.contexts: dict[str, Context] = {}

    def context(self, name: str) -> Context:
        """Return a context, made if there is none."""
        return self.contexts.setdefault(name, Context())

    def within(self, name: str, seen: frozenset[str] = frozenset()) -> Iterator[Context]:
        """Return a context and those that it includes."""
        if name in self.contexts and name not in seen:
            yield self.contexts[name]
            for each in self.contexts[name].includes:
                yield from self.within(each, seen | {name})


def add(world: World, context: str, exten: str, *steps: str) -> None:
    """Add an extension."""
    world.part(Dialplan).context(context).extensions[exten] = [Step.of(step) for step in steps]


def find(world: World, context: str, exten: str) -> list[Step] | None:
    """Return the steps of an extension, of a pattern that it matches if there is no such one."""
    for each in world.part(Dialplan).within(context):
        if exten in each.extensions:
            return each.extensions[exten]
        for pattern, steps in each.extensions.items():
            if pattern.startswith("_") and re.fullmatch(_expression(pattern[1:]), exten):
                return steps
    return None


def exists(world: World, context: str, exten: str) -> bool:
    """Return whether there is an extension."""
    return find(world, context, exten) is not None


def label(steps: list[Step], text: str) -> int:
    """Return the priority that a number or a label stands for; 0 if there is no such label."""
    if text.isdigit():
        return int(text)
    return next((number for number, step in enumerate(steps, 1) if step.label == text), 0)


def hints(world: World) -> Iterator[tuple[str, str, str]]:
    """Return the context, the extension and the devices of all hints."""
    for name, context in world.part(Dialplan).contexts.items():
        for exten, devices in context.hints.items():
            yield name, exten, devices


def _expression(pattern: str) -> str:
    """Return the regular expression for a pattern."""
    parts: list[str] = re.findall(r"\[[^\]]*\]|.", pattern)
    return "".join(part if part.startswith("[") else _CLASSES.get(part.upper()) or re.escape(part) for part in parts)


def read(world: World, text: str) -> None:
    """Read contexts in the form of extensions.conf.

    Raises:
        ValueError: A line is not understood.
    """
    context, exten = "default", ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split(";")[0].strip()
        if not line:
            continue
        if line.startswith("["):
            context, exten = line.strip("[]() "), ""
        elif context == "globals":
            name, _, value = line.partition("=")
            world.globals[name.strip()] = value.strip("> ")
        else:
            exten = _line(world, context, exten, line, number)


def _line(world: World, context: str, exten: str, line: str, number: int) -> str:
    """Read one setting of a context; return the extension that ``same`` stands for from now on."""
    setting = _SETTING.fullmatch(line)
    if setting is None:
        raise ValueError(f"Line {number} of the dialplan is not understood: {line!r}. Write `exten => 100,1,Answer()`.")
    place = world.part(Dialplan).context(context)
    if setting["key"] == "include":
        place.includes.append(setting["value"])
        return exten
    if setting["key"] == "exten":
        exten, _, rest = setting["value"].partition(",")
    else:
        rest = setting["value"]
    priority, _, step = rest.partition(",")
    if priority.strip() == "hint":
        place.hints[exten] = step
        return exten
    found = _PRIORITY.fullmatch(priority.strip())
    if found is None:
        raise ValueError(f"Line {number} of the dialplan has no priority: {line!r}. Write 1, n or n(label).")
    place.extensions.setdefault(exten, []).append(Step.of(step, found["label"] or ""))
    return exten


def substitute(text: str, value: Lookup) -> str:
    """Replace variables and functions in a text, the innermost first."""
    while (found := re.search(r"\$\{([^${}]*)\}", text)) is not None:
        text = text[: found.start()] + _part(found[1], value) + text[found.end() :]
    return text


def _part(expression: str, value: Lookup) -> str:
    """Return the value of ``NAME``, ``NAME:offset`` or ``NAME:offset:length``."""
    name, *bounds = expression.split(":") if "(" not in expression else [expression]
    whole = value(name)
    if not bounds or not bounds[0].lstrip("-").isdigit():
        return whole
    rest = whole[int(bounds[0]) :]
    return rest[: int(bounds[1])] if len(bounds) > 1 and bounds[1].lstrip("-").isdigit() else rest
