"""Configuration files as read and changed through the manager interface: sections, and changes to them.

Rules of this module:

- A section keeps its lines in order, including repeated names. Two sections may have the same name.
- A change that Asterisk would refuse or misread is rejected when it is encoded.
- A value may be a secret, so no `repr` shows one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from ami_typed._lazy import NamedTuple
from ami_typed.arguments import as_integer, as_list, as_records, as_text, within, wrong
from ami_typed.fields import Spelled, writes
from ami_typed.values import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ami_typed.messages import Message

__all__ = [
    "AppendLine",
    "Change",
    "DeleteLine",
    "DeleteSection",
    "EmptySection",
    "InsertLine",
    "NewSection",
    "RenameSection",
    "Section",
    "UpdateLine",
    "changes",
    "json_sections",
    "section_names",
    "sections",
]

_NUMBERED = re.compile(r"(category|istemplate|templates|line)-(\d+)(?:-\d+)?", re.IGNORECASE)
_UNQUOTED = str.maketrans("", "", '"')


class Section(NamedTuple):
    """A section of a configuration file.

    Attributes:
        name: The text between the brackets.
        lines: Its lines in order, as (name, value) pairs; lines inherited from templates come first.
        is_template: Whether it is a template for other sections.
        templates: The templates that it inherits from.
    """

    name: str
    lines: list[tuple[str, str]]
    is_template: bool = False
    templates: tuple[str, ...] = ()

    def all(self, name: str) -> list[str]:
        """Return every value of a name, in order. Names are case-insensitive."""
        folded = name.lower()
        return [value for each, value in self.lines if each.lower() == folded]

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the last value of a name, which overrides inherited ones, or ``default`` if there is none."""
        values = self.all(name)
        return values[-1] if values else default

    def __repr__(self) -> str:
        return f"<Section {self.name}: {len(self.lines)} lines>"


def sections(message: Message) -> list[Section]:
    """Read the sections of a file from numbered headers.

    Raises:
        ValueError: A line or template belongs to no section.
    """
    found: dict[str, Section] = {}
    for header, text in message.items():
        if (match := _NUMBERED.fullmatch(header)) is None:
            continue
        kind, number = match[1].lower(), match[2]
        if kind != "category" and number not in found:
            raise ValueError(f"no section has the number {number}")
        if kind == "category":
            found[number] = Section(text, [])
        elif kind == "line":
            name, _, value = text.partition("=")
            found[number].lines.append((name, value))
        elif kind == "istemplate":
            found[number] = found[number]._replace(is_template=text == "1")
        else:
            found[number] = found[number]._replace(templates=_names(text))
    return list(found.values())


@writes(sections)
def _write_sections(value: object) -> Spelled:
    headers: Spelled = []
    for number, section in enumerate(as_records(value, (Section,), "a list of configuration.Section")):
        headers.append((f"Category-{number:06}", section.name))
        headers += [(f"IsTemplate-{number:06}", "1")] if section.is_template else []
        headers += [(f"Templates-{number:06}", ",".join(section.templates))] if section.templates else []
        lines = enumerate(section.lines)
        headers += [(f"Line-{number:06}-{line:06}", f"{name}={text}") for line, (name, text) in lines]
    return headers


def section_names(message: Message) -> list[str]:
    """Read the names of the sections of a file, in order."""
    return [name for header, name in message.items() if header.lower().startswith("category-")]


@writes(section_names)
def _write_section_names(value: object) -> Spelled:
    names = as_list(value, as_text)
    return [(f"Category-{number:06}", name) for number, name in enumerate([names] if isinstance(names, str) else names)]


def json_sections(message: Message) -> list[Section]:
    """Read the sections of a file from its JSON header, keeping repeated names, which a plain `dict` would drop.

    Raises:
        KeyError: The message has no JSON header.
        ValueError: The JSON does not have the form that Asterisk gives a file.
    """
    import json

    file: Any = json.loads(message["JSON"], object_pairs_hook=_Pairs, strict=False)
    if not isinstance(file, _Pairs) or not all(isinstance(lines, _Pairs) for _, lines in file):
        raise ValueError("not a JSON object of objects")
    return [_section(name, lines) for name, lines in file]


@writes(json_sections)
def _write_json_sections(value: object) -> Spelled:
    records = as_records(value, (Section,), "a list of configuration.Section")
    return [("JSON", "{" + ",".join(f"{as_json(each.name)}:{_json_lines(each)}" for each in records) + "}")]


def _json_lines(section: Section) -> str:
    """Return an object of JSON's, in which names may repeat; see `_section`."""
    mark = [("istemplate", 1)] if section.is_template else []
    templates = [("templates", ",".join(section.templates))] if section.templates else []
    pairs: list[tuple[str, object]] = [*mark, *templates, *section.lines]
    return "{" + ",".join(f"{as_json(name)}:{as_json(each)}" for name, each in pairs) + "}"


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as a list of pairs."""


def _section(name: str, pairs: _Pairs) -> Section:
    """Create a section; its first pairs may say that it is a template, and which templates it inherits from."""
    lines = list(pairs)
    is_template = lines[:1] == [("istemplate", 1)]
    if is_template:
        lines.pop(0)
    templates = _names(lines.pop(0)[1]) if lines and lines[0][0] == "templates" else ()
    return Section(name, lines, is_template, templates)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.translate(_UNQUOTED).split(",") if (name := part.strip()))


class NewSection(NamedTuple):
    """Adds a section.

    Attributes:
        section: Its name.
        templates: The templates in the same file that it inherits from.
        is_template: Whether it is a template itself.
        before: The section to insert it before; by default it is appended to the file.
        allow_duplicate: Whether another section may have the same name.
        ignore_error: Do not fail if the section already exists.
    """

    section: str
    templates: Sequence[str] = ()
    is_template: bool = False
    before: str | None = None
    allow_duplicate: bool = False
    ignore_error: bool = False

    def headers(self) -> dict[str, str | None]:
        """Return the headers without their number."""
        options = _options(
            template=self.is_template,
            allowdups=self.allow_duplicate,
            ignoreerror=self.ignore_error,
            inherit=",".join(self.templates),
        )
        return {"Action": "NewCat", "Cat": self.section, "Match": self.before, "Options": options}


class RenameSection(NamedTuple):
    """Renames a section, or every section of that name that matches a filter.

    Attributes:
        section: The current name.
        name: The new name.
        filter: Restricts which sections of that name are changed, as ``name_regex=expression,...``;
            ``TEMPLATES=include`` for a template.
    """

    section: str
    name: str
    filter: str | None = None

    def headers(self) -> dict[str, str | None]:
        """Return the headers without their number."""
        return {
            "Action": "RenameCat",
            "Cat": self.section,
            "Value": _given(self.name, "RenameSection needs the new name."),
            "Options": _options(catfilter=self.filter),
        }


class DeleteSection(NamedTuple):
    """Deletes a section from the file.

    Attributes:
        section: Its name.
        filter: Restricts which sections of that name are changed, as ``name_regex=expression,...``;
            ``TEMPLATES=include`` for a template.
        ignore_error: Do not fail if there is no such section.
    """

    section: str
    filter: str | None = None
    ignore_error: bool = False

    def headers(self) -> dict[str, str | None]:
        """Return the headers without their number."""
        options = _options(ignoreerror=self.ignore_error, catfilter=self.filter)
        return {"Action": "DelCat", "Cat": self.section, "Options": options}


class EmptySection(NamedTuple):
    """Deletes every line of a section.

    Attributes:
        section: Its name.
        filter: Restricts which sections of that name are changed, as ``name_regex=expression,...``;
            ``TEMPLATES=include`` for a template.
    """

    section: str
    filter: str | None = None

    def headers(self) -> dict[str, str | None]:
        """Return the headers without their number."""
        return {"Action": "EmptyCat", "Cat": self.section, "Options": _options(catfilter=self.filter)}


class UpdateLine(NamedTuple):
    """Changes the value of a line.

    Attributes:
        section: The section that contains it.
        name: The line's name.
        value: The new value.
        match: The value that the line must have; by default, any.
        is_object: Whether it is written with ``=>``.
        filter: Restricts which sections of that name are changed, as ``name_regex=expression,...``;
            ``TEMPLATES=include`` for a template.
    """

    section: str
    name: str
    value: str
    match: str | None = None
    is_object: bool = False
    filter: str | None = None

    def headers(self) -> dict[str, str | None]:
        """Return the headers without their number."""
        return {
            **_line("Update", self.section, self.name, self.value, is_object=self.is_object),
            "Match": self.match,
            "Options": _options(catfilter=self.filter),
        }

    def __repr__(self) -> str:
        return _hidden(self)


class AppendLine(NamedTuple):
    """Appends a line to a section.

    Attributes:
        section: The section.
        name: The line's name.
        value: Its value.
        is_object: Whether it is written with ``=>``.
        filter: Restricts which sections of that name are changed, as ``name_regex=expression,...``;
            ``TEMPLATES=include`` for a template.
    """

    section: str
    name: str
    value: str
    is_object: bool = False
    filter: str | None = None

    def headers(self) -> dict[str, str | None]:
        """Return the headers without their number."""
        return {
            **_line("Append", self.section, self.name, self.value, is_object=self.is_object),
            "Options": _options(catfilter=self.filter),
        }

    def __repr__(self) -> str:
        return _hidden(self)


class InsertLine(NamedTuple):
    """Inserts a line before another one.

    Attributes:
        section: The section.
        line: The number of the line to insert it before, counted from 0.
        name: The line's name.
        value: Its value.
        filter: Restricts which sections of that name are changed, as ``name_regex=expression,...``;
            ``TEMPLATES=include`` for a template.
    """

    section: str
    line: int
    name: str
    value: str
    filter: str | None = None

    def headers(self) -> dict[str, str | None]:
        """Return the headers without their number."""
        return {
            **_line("Insert", self.section, self.name, self.value),
            "Line": str(self.line),
            "Options": _options(catfilter=self.filter),
        }

    def __repr__(self) -> str:
        return _hidden(self)


class DeleteLine(NamedTuple):
    """Deletes a line of a section, by its name or its number.

    Attributes:
        section: The section.
        name: The line's name.
        match: The value that the line must have; by default, any.
        line: Its number, counted from 0.
        filter: Restricts which sections of that name are changed, as ``name_regex=expression,...``;
            ``TEMPLATES=include`` for a template.
        ignore_error: Do not fail if there is no such line.
    """

    section: str
    name: str | None = None
    match: str | None = None
    line: int | None = None
    filter: str | None = None
    ignore_error: bool = False

    def headers(self) -> dict[str, str | None]:
        """Return the headers without their number."""
        if not self.name and self.line is None:
            raise ValueError("DeleteLine needs the name of a line, or its number.")
        return {
            "Action": "Delete",
            "Cat": self.section,
            "Var": self.name,
            "Match": self.match,
            "Line": None if self.line is None else str(self.line),
            "Options": _options(ignoreerror=self.ignore_error, catfilter=self.filter),
        }

    def __repr__(self) -> str:
        return _hidden(self)


Change: TypeAlias = (
    "NewSection | RenameSection | DeleteSection | EmptySection | UpdateLine | AppendLine | InsertLine | DeleteLine"
)
"""One change to a configuration file."""


_CHANGES: tuple[type[Change], ...] = (
    *(NewSection, RenameSection, DeleteSection, EmptySection),
    *(UpdateLine, AppendLine, InsertLine, DeleteLine),
)
_FLAGS = frozenset({"is_template", "allow_duplicate", "ignore_error", "is_object"})


def changes(made: Sequence[Change]) -> Mapping[str, str]:
    """Return the headers of changes, numbered in order.

    Raises:
        TypeError: The value is not a list of changes, or a part of a change has the wrong type.
        ValueError: Asterisk would refuse or misread a change.
    """
    headers: dict[str, str] = {}
    for number, given in enumerate(as_records(made, _CHANGES, "a list of changes such as configuration.NewSection")):
        change = _checked(number, given)
        _given(change.section, f"{type(change).__name__} needs the name of a section.")
        headers |= {f"{name}-{number:06}": text for name, text in change.headers().items() if text is not None}
    return headers


def _checked(number: int, change: Change) -> Change:
    """Return a change with each part checked, and converted if that is unambiguous."""
    parts: dict[str, Any] = change._asdict()
    may_lack = {name for name, default in change._field_defaults.items() if default is None}
    for name, value in parts.items():
        if value is not None or name not in may_lack:
            parts[name] = within(f"[{number}].{name}", _writer(name), value)
    return change._replace(**parts)


def _writer(name: str) -> Callable[[Any], Any]:
    """Return the function that checks the part of this name."""
    if name in _FLAGS:
        return _flag
    if name == "line":
        return lambda value: int(as_integer(value))
    return _texts if name == "templates" else as_text


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong("True or False", value)
    return value


def _texts(value: object) -> list[str]:
    texts = as_list(value, as_text)
    return [texts] if isinstance(texts, str) else texts


def _line(action: str, section: str, name: str, value: str, *, is_object: bool = False) -> dict[str, str | None]:
    if value.startswith(">") and not is_object:
        raise ValueError(
            f"{section}: the value of {name} begins with >, which Asterisk takes for =>; pass is_object=True."
        )
    return {
        "Action": action,
        "Cat": section,
        "Var": _given(name, f"{section}: a line needs a name."),
        "Value": f">{value}" if is_object else value,
    }


def _given(text: str, sentence: str) -> str:
    if not text:
        raise ValueError(sentence)
    return text


def _options(**options: bool | str | None) -> str | None:
    """Encode the options that are set; return `None` if none is."""
    written = (name if given is True else f'{name}="{given}"' for name, given in options.items() if given)
    return ",".join(written) or None


def _hidden(change: UpdateLine | AppendLine | InsertLine | DeleteLine) -> str:
    """Return the `repr` of a line change, with its values masked."""
    shown: Iterable[tuple[str, object]] = change._asdict().items()
    parts = (f"{name}={'***' if name in {'value', 'match'} and value else value!r}" for name, value in shown)
    return f"{type(change).__name__}({', '.join(parts)})"
