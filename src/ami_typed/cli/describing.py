"""What is known of each action, event, answer, list and vocabulary, as records for documentation.

Rules owned here:

- Everything comes from the classes: their docstrings, annotations and fields. Nothing is described here.
- A name is found regardless of its case; `QueueMemberPause` and `queuememberpause` are the same.
- The type of an attribute is what reading it returns, spelled as in a type annotation.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
import textwrap
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from ami_typed import actions, aggregates, catalogue, enums, events, responses
from ami_typed.fields import Built, fields_of
from ami_typed.messages import Answer, Request, event_name
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from enum import Enum
    from types import ModuleType

__all__ = ["KINDS", "Attribute", "Description", "Kind", "Parameter", "described", "everything", "named", "near"]

Kind: TypeAlias = Literal["action", "event", "answer", "list", "enum"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_HOMES: Mapping[Kind, ModuleType] = {
    "action": actions,
    "event": events,
    "answer": responses,
    "list": aggregates,
    "enum": enums,
}
_RETURNED = {
    "Always": "{}",
    "AlwaysLocal": "datetime",
    "Built": "{}",
    "Dated": "datetime",
    "Joined": "list[{}]",
    "Numbered": "dict[str, list[{}]]",
    "Repeated": "list[{}]",
    "Second": "{} | None",
    "Sometimes": "{} | None",
    "SometimesLocal": "datetime | None",
    "Variables": "dict[str, str]",
    "VariablesByName": "dict[str, dict[str, str]]",
    "Items": "list[{}]",
    "Closing": "{} | None",
}
"""What reading a field returns, by the class of the field; the type argument replaces the braces."""

_LINK = re.compile(r"\n?<(https://\S+)>")
_RELEASES = re.compile(r"^(?:Asterisk \d.*|Removed .*)$", re.MULTILINE)
_PRIVILEGES = re.compile(r"^(?:Sent to users|Requires) .*?\.$", re.MULTILINE | re.DOTALL)
_ARGUMENT = re.compile(r"^(\w+): (.*(?:\n {4,}.*)*)", re.MULTILINE)
_ACTION_ID = "action_id: Returned with every answer; ami-typed generates one if omitted."
_HEADER = re.compile(r'self\._(?:need|put)\(\s*"([^"]+)",\s*(\w+)')


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an event, an answer or a list, or a member of an enum.

    Attributes:
        name: Its name in Python.
        headers: The headers that it is read from; for an event of a list, its name.
        type: What reading it returns.
        text: Its description.
        releases: The releases that send it; empty if they are those of the message.
    """

    name: str
    headers: tuple[str, ...]
    type: str
    text: str
    releases: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an action.

    Attributes:
        name: Its name in Python.
        header: The header that it is sent as; empty if it expands to several.
        type: The type of its value.
        text: Its description.
        required: Whether it has to be given; of alternatives, the first are.
        releases: The releases that read it; empty if they are those of the action.
    """

    name: str
    header: str
    type: str
    text: str
    required: bool
    releases: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """Everything known of one class.

    Attributes:
        kind: What it is.
        name: The name of the class.
        wire: The name on the wire; empty for answers, lists and enums.
        module: The module that it is defined in, such as ``queue``.
        subject: What that module is about, such as ``Call queues and their members``.
        text: Its description, without what the other attributes say.
        privileges: The privileges, as a sentence; empty if none is needed.
        releases: The releases, as a sentence.
        link: The page in Asterisk's documentation; empty if there is none.
        parameters: The parameters of an action.
        attributes: The attributes of everything else.
        answer: The class of the answer to an action.
        made_by: The actions whose answer or list contains it.
    """

    kind: Kind
    name: str
    wire: str
    module: str
    subject: str
    text: str
    privileges: str
    releases: str
    link: str
    parameters: tuple[Parameter, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    answer: str = ""
    made_by: tuple[str, ...] = field(default=())


def named(name: str) -> tuple[tuple[Kind, str], ...]:
    """Return the kinds and exact names of what has a name, ignoring case; an action and an event may share one."""
    return tuple(_names().get(name.lower(), ()))


def near(name: str) -> list[str]:
    """Return the known names most similar to an unknown one."""
    spelled = {lower: each for lower, (*_, (_, each)) in _names().items()}
    return [spelled[lower] for lower in get_close_matches(name.lower(), spelled, n=3)]


def everything(kind: Kind) -> list[str]:
    """Return the names of everything of a kind, in alphabetical order."""
    return sorted(_catalogued(kind))


@functools.cache
def described(kind: Kind, name: str) -> Description:
    """Return what is known of a class.

    Args:
        kind: What it is.
        name: The name of its class.
    """
    cls = getattr(_HOMES[kind], name)
    text = inspect.getdoc(cls) or ""
    text, *_ = text.partition("\nArgs:\n")
    link = _LINK.search(text)
    releases = _RELEASES.search(text)
    privileges = _PRIVILEGES.search(text)
    for found in (link, releases, privileges):
        text = text.replace(found[0], "") if found else text
    return Description(
        kind=kind,
        name=name,
        wire=_wire(kind, cls),
        module=_catalogued(kind)[name],
        subject=_subject(kind, cls),
        text=text.strip(),
        privileges=_line(privileges[0]) if privileges else "",
        releases=_line(releases[0]) if releases else "",
        link=link[1] if link else "",
        parameters=tuple(_parameters(cls)) if kind == "action" else (),
        attributes=tuple(_attributes(kind, cls)),
        answer=_answer(cls) if kind == "action" else "",
        made_by=_makers().get((kind, name), ()),
    )


@functools.cache
def _names() -> dict[str, list[tuple[Kind, str]]]:
    found: dict[str, list[tuple[Kind, str]]] = {}
    for kind in KINDS:
        for name in _catalogued(kind):
            found.setdefault(name.lower(), []).append((kind, name))
    return found


def _catalogued(kind: Kind) -> Mapping[str, str]:
    """Return the modules of all classes of a kind by name."""
    match kind:
        case "action":
            return catalogue.ACTIONS
        case "event":
            return catalogue.EVENTS
        case "answer":
            return catalogue.RESPONSES
        case "list":
            return catalogue.AGGREGATES
        case "enum":
            return dict.fromkeys(enums.__all__, "enums")


def _wire(kind: Kind, cls: type[Any]) -> str:
    match kind:
        case "action":
            found = re.search(r'super\(\).__init__\("([^"]+)"', inspect.getsource(cls))
            return found[1] if found else cls.__name__
        case "event":
            return event_name(cls)
        case _:
            return ""


def _subject(kind: Kind, cls: type[Any]) -> str:
    """Return the title of the module of a class, without what kind of classes it has."""
    title = inspect.getdoc(sys.modules[cls.__module__]) or ""
    return "" if kind == "enum" else re.sub(r" \(\w+\)\.$", "", title)


def _line(text: str) -> str:
    return " ".join(text.split())


def _parameters(cls: type[Request[Any]]) -> Iterable[Parameter]:
    source = inspect.getsource(cls)
    headers = {name: header for header, name in _HEADER.findall(source)}
    texts = {name: _line(text) for name, text in _ARGUMENT.findall(_arguments(cls))}
    needed = _needed(cls, {header: name for name, header in headers.items()})
    for each in inspect.signature(cls.__init__).parameters.values():
        if each.kind is not each.KEYWORD_ONLY:
            continue
        yield Parameter(
            name=each.name,
            header=headers.get(each.name, ""),
            type=str(each.annotation),
            text=texts.get(each.name, ""),
            required=each.name in needed,
            releases=_spans(cls.parameter_releases.get(headers.get(each.name, ""))),
        )


def _needed(cls: type[Request[Any]], parameters: Mapping[str, str]) -> set[str]:
    """Return the parameters of the shortest possible call: those without a default, and the first of alternatives.

    Args:
        cls: The action.
        parameters: Its parameters by header.
    """
    signature = inspect.signature(cls.__init__)
    needed = {each.name for each in signature.parameters.values() if each.default is each.empty}
    return needed | {parameters[alternatives[0]] for alternatives in (*cls.one_of, *cls.some_of)}


def _arguments(cls: type[Any]) -> str:
    """Return the descriptions of the parameters, not indented; a class without a section of its own has `ActionID`."""
    found = re.search(r"\nArgs:\n((?: .*\n?)+)", inspect.getdoc(cls) or "")
    return textwrap.dedent(found[1]) if found else _ACTION_ID


def _spans(spans: Any) -> str:
    return str(Releases(str(spans))) if spans else ""


def _attributes(kind: Kind, cls: type[Any]) -> Iterable[Attribute]:
    if kind == "enum":
        return _members(cls)
    if kind == "list":
        return _events_of(cls)
    return _fields(cls)


def _fields(cls: type[Any]) -> Iterable[Attribute]:
    for name, each in fields_of(cls).items():
        headers = each.headers if isinstance(each, Built) else (each.header,)
        owner = next(base for base in cls.__mro__ if name in vars(base))
        releases = str(each.releases) if each.releases else ""
        yield Attribute(name, tuple(headers), _type(owner, name, each), _meaning(each, each.header, releases), releases)


def _meaning(described: Any, header: str, releases: str) -> str:
    """Return the description of a field without the header and the releases, which the record has separately."""
    text = _line(described.describe())
    return text.removeprefix(f"The ``{header}`` header.").removesuffix(f"{releases}." if releases else "").strip()


def _type(owner: type[Any], name: str, descriptor: Any) -> str:
    """Return what reading a field returns: its class and the type argument of its annotation say so."""
    annotation = str(inspect.get_annotations(owner).get(name, ""))
    _, _, argument = annotation.removesuffix("]").partition("[")
    form = next(_RETURNED[cls.__name__] for cls in type(descriptor).__mro__ if cls.__name__ in _RETURNED)
    return form.format(argument or "str")


def _events_of(cls: type[Any]) -> Iterable[Attribute]:
    for name, descriptor in vars(cls).items():
        if type(descriptor).__name__ in {"Items", "Closing"}:
            returned = _type(cls, name, descriptor)
            (event,) = re.findall(r"events\.(\w+)", returned)
            yield Attribute(name, (event,), returned, _line(inspect.getdoc(descriptor) or ""))


def _members(cls: type[Enum]) -> Iterable[Attribute]:
    texts = _texts_of_members(cls)
    for each in cls:
        yield Attribute(each.name, (str(each.value),), type(each.value).__name__, texts.get(each.name, ""))


def _texts_of_members(cls: type[Enum]) -> dict[str, str]:
    """Return the texts that follow the members of an enum in its source."""
    (node,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(node, ast.ClassDef)
    found: dict[str, str] = {}
    for member, after in pairwise(node.body):
        match member, after:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = _line(text)
            case _:
                pass
    return found


def _answer(cls: type[Any]) -> str:
    returned = str(inspect.get_annotations(cls.process_response).get("return", ""))
    name = returned.removeprefix("responses.")
    return "" if name == Answer.__name__ else name


@functools.cache
def _makers() -> dict[tuple[Kind, str], tuple[str, ...]]:
    """Return the actions that lead to each answer, list and event of a list."""
    found: dict[tuple[Kind, str], list[str]] = {}
    for name in catalogue.ACTIONS:
        cls = getattr(actions, name)
        if answer := _answer(cls):
            found.setdefault(("answer", answer), []).append(name)
        if cls.lists and name in catalogue.AGGREGATES:
            found.setdefault(("list", name), []).append(name)
            for each in _events_of(getattr(aggregates, name)):
                found.setdefault(("event", each.headers[0]), []).append(name)
    return {key: tuple(names) for key, names in found.items()}
