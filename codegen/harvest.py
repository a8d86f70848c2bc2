"""Harvest: parse a documentation file into the facts of one release.

Rules owned here:

- Snapshots are expanded. Asterisk expands `<channel_snapshot/>` and `<bridge_snapshot/>` to names defined in its
  doc/appdocsxml.xslt and main/manager_channels.c, not in the documentation; `_SNAPSHOTS` lists them.
- Several copies of one message are merged into one. Lists are merged in document order. For a header, a property
  missing from one copy is filled in from another, and the values of all copies are kept; conflicting `required`,
  `multiple` or `default` are a trouble. The same applies to a header documented twice in one message. (In all
  releases from 13 to 23, the copies agree.)
- Omitted: prose, and everything that describes the text of a value instead of listing values, such as enumerations
  nested in an enumeration or in an `info` for one channel technology, options and arguments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from .facts import RELEASE, Action, Event, Facts, Parameter, Reference, Responses
from .trouble import Trouble, TroubleError, Troubles
from .xml import Document, Element, open_document, subject, tag_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_FILE_NAME = re.compile(rf"(?:asterisk-)?({RELEASE.pattern})(?:\.xml)?(?:\.gz)?")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}

# A release supports a channel's Tenantid if its CHANNEL function does (18.25, 20.10, 21.5, 22 and later;
# Asterisk #741).
_TENANT_ID = "/docs/function[@name='CHANNEL']//enum[@name='tenantid']"

_SNAPSHOTS: dict[Literal["channel", "bridge"], tuple[Parameter, ...]] = {
    "channel": (
        Parameter(name="Channel"),
        Parameter(name="ChannelState"),
        Parameter(
            name="ChannelStateDesc",
            values=(
                "Down",
                "Rsrvd",
                "OffHook",
                "Dialing",
                "Ring",
                "Ringing",
                "Up",
                "Busy",
                "Dialing Offhook",
                "Pre-ring",
                "Unknown",
            ),
        ),
        Parameter(name="CallerIDNum"),
        Parameter(name="CallerIDName"),
        Parameter(name="ConnectedLineNum"),
        Parameter(name="ConnectedLineName"),
        Parameter(name="Language"),
        Parameter(name="AccountCode"),
        Parameter(name="Context"),
        Parameter(name="Exten"),
        Parameter(name="Priority"),
        Parameter(name="Uniqueid"),
        Parameter(name="Linkedid"),
        Parameter(name="Tenantid", required=False),
        Parameter(name="ChanVariable", required=False, multiple=True),
    ),
    "bridge": (
        Parameter(name="BridgeUniqueid"),
        Parameter(name="BridgeType"),
        Parameter(name="BridgeTechnology"),
        Parameter(name="BridgeCreator"),
        Parameter(name="BridgeName"),
        Parameter(name="BridgeNumChannels"),
        Parameter(name="BridgeVideoSourceMode", values=("none", "talker", "single", "sfu")),
        Parameter(name="BridgeVideoSource", required=False),
    ),
}


def harvest(path: Path, release: str | None = None) -> Facts:
    """Parse one documentation file.

    Args:
        path: A `.xml` or `.xml.gz` file, or the documentation folder of an installation.
        release: The release it documents; None to derive it from the file name (`22.10.1.xml.gz`).

    Raises:
        TroubleError: The file is invalid; reports every problem found.
    """
    release = release or _release_of(path)
    if not RELEASE.fullmatch(release):
        raise TroubleError([Trouble(str(path), None, None, None, f"{release!r} is not a release, such as 22.10.1.")])
    return _Harvest(open_document(path)).facts(release)


def harvest_into(files: Sequence[Path], folder: Path, release: str | None = None) -> list[Path]:
    """Harvest files and write their facts, one `<release>.json` each. Write nothing if any file has a trouble.

    Args:
        files: Documentation files or folders.
        folder: The folder for facts: `spec/facts`.
        release: The release, if `files` contains only one file.

    Returns:
        The files written, in the order of `files`.

    Raises:
        TroubleError: A file is invalid; reports every problem in all files.
    """
    troubles = Troubles()
    facts: dict[str, Facts] = {}
    if release is not None and len(files) > 1:
        troubles.add("--release applies to a single file; import the files one by one.", file=str(files[1]))
        troubles.check()
    for path in files:
        with troubles.absorb():
            harvested = harvest(path, release)
            if facts.setdefault(harvested.release, harvested) is not harvested:
                troubles.add(f"This is the second file for release {harvested.release}.", file=str(path))
    troubles.check()
    return [each.save(folder) for each in facts.values()]


def _release_of(path: Path) -> str:
    match = _FILE_NAME.fullmatch(path.name)
    if match is None:
        sentence = "Neither the documentation nor the file name states the release; pass --release."
        raise TroubleError([Trouble(str(path), None, None, None, sentence)])
    return match[1]


class _Harvest:
    """Parser for the messages of one document. Reports the troubles of all messages together."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._troubles = Troubles(document.file)
        self._has_tenant_id = document.has(_TENANT_ID)

    def facts(self, release: str) -> Facts:
        copies: dict[str, dict[str, list[Element]]] = {"manager": {}, "managerEvent": {}}
        for name, message in self._named(self._document.messages()):
            copies[tag_of(message)].setdefault(name, []).append(message)
        actions = [self._action(name, messages) for name, messages in sorted(copies["manager"].items())]
        events = [self._event(name, messages) for name, messages in sorted(copies["managerEvent"].items())]
        self._troubles.check()
        return Facts(
            release=release,
            actions={action.name: action for action in actions},
            events={event.name: event for event in events},
        )

    def _action(self, name: str, copies: list[Element]) -> Action:
        return Action(
            name=name,
            modules=_each(copy.get("module") for copy in copies),
            since=_each(map(_text, self._inside(copies, "since", "version"))),
            parameters=self._parameters(self._inside(copies, "syntax")),
            responses=self._responses(list(self._inside(copies, "responses"))),
            see_also=self._see_also(copies),
        )

    def _event(self, name: str, copies: list[Element]) -> Event:
        instances = list(self._inside(copies, "managerEventInstance"))
        return Event(
            name=name,
            classes=_each(instance.get("class") for instance in instances),
            modules=_each(element.get("module") for element in (*copies, *instances)),
            since=_each(map(_text, self._inside(instances, "since", "version"))),
            parameters=self._parameters(self._inside(instances, "syntax")),
            see_also=self._see_also(instances),
            only_in_responses=all(copy.getparent() is not self._document.root for copy in copies),
        )

    def _responses(self, responses: list[Element]) -> Responses | None:
        if not responses:
            return None
        items = self._named(self._inside(responses, "list-elements", "managerEvent"))
        complete = dict(self._named(self._inside(responses, "managerEvent")))
        for name in list(complete)[1:]:
            self._add(
                responses[-1], f"Its list is closed by both {next(iter(complete))} and {name}; only one is possible."
            )
        return Responses(items=_each(name for name, _ in items), complete=next(iter(complete), None))

    def _see_also(self, elements: list[Element]) -> tuple[Reference, ...]:
        references = self._inside(elements, "see-also", "ref")
        found = [Reference(type=reference.get("type", ""), name=_text(reference)) for reference in references]
        return tuple(dict.fromkeys(found))

    def _parameters(self, syntaxes: Iterable[Element]) -> tuple[Parameter, ...]:
        united: dict[str, Parameter] = {}
        for element in self._inside(syntaxes):
            for parameter in self._documented(element):
                earlier = united.get(parameter.name)
                united[parameter.name] = self._united(earlier, parameter, element) if earlier else parameter
        return tuple(united.values())

    def _documented(self, element: Element) -> Iterator[Parameter]:
        """Yield the headers for one element of a syntax: a single parameter, or the fields of a snapshot."""
        if tag_of(element) == "parameter":
            yield from (self._parameter(name, element) for name, _ in self._named([element]))
        else:
            yield from self._snapshot("channel" if tag_of(element) == "channel_snapshot" else "bridge", element)

    def _parameter(self, name: str, element: Element) -> Parameter:
        enums = self._inside([element], "enumlist", "enum")
        options = self._inside([element], "enumlist", "configOptionToEnum", "configOption")
        return Parameter(
            name=name,
            required=self._flag(element, "required"),
            multiple=self._flag(element, "multiple"),
            default=element.get("default"),
            values=_each(value for value, _ in self._named((*enums, *options))),
        )

    def _snapshot(self, kind: Literal["channel", "bridge"], element: Element) -> Iterator[Parameter]:
        prefix = element.get("prefix", "")
        if not prefix.isprintable():
            self._add(element, f"A snapshot has the prefix {prefix!r}; a prefix must be printable text.")
        for field in _SNAPSHOTS[kind]:
            if field.name != "Tenantid" or self._has_tenant_id:
                yield field.model_copy(update={"name": prefix + field.name, "snapshot": kind, "prefix": prefix})

    def _united(self, one: Parameter, other: Parameter, element: Element) -> Parameter:
        """Merge two descriptions of one header; `element` is the location of the second."""
        for fact in ("required", "multiple", "default"):
            first, second = getattr(one, fact), getattr(other, fact)
            if first is not None and second is not None and first != second:
                self._add(element, f"{one.name} is documented twice, with {fact} {first} and {second}.")
        said = other.model_dump(exclude_defaults=True) | one.model_dump(exclude_defaults=True)
        return Parameter.model_validate(said | {"values": _each((*one.values, *other.values))})

    def _flag(self, element: Element, attribute: str) -> bool | None:
        text = element.get(attribute)
        if text is not None and text not in _YES_NO:
            self._add(element, f"Its {attribute} is {text!r}; Asterisk uses only yes, no, true and false.")
        return None if text is None else _YES_NO.get(text)

    def _inside(self, elements: Iterable[Element], *tags: str) -> Iterator[Element]:
        """Yield the descendants of elements along a path of tags, following includes; without a path, all children."""
        found = (child for element in elements for child in self._document.children(element))
        if tags:
            found = (child for child in found if tag_of(child) == tags[0])
        return self._inside(found, *tags[1:]) if tags[1:] else found

    def _named(self, elements: Iterable[Element]) -> Iterator[tuple[str, Element]]:
        """Yield each element with its name. A missing name, or one that is invalid in a header, is a trouble."""
        for element in elements:
            name = element.get("name", "").strip()
            if name and name.isprintable():
                yield name, element
            else:
                self._add(element, f"A <{tag_of(element)}> has the name {name!r}; a name must be printable text.")

    def _add(self, element: Element, sentence: str) -> None:
        message, parameter = subject(element)
        self._troubles.add(sentence, line=element.sourceline, message=message, parameter=parameter)


def _text(element: Element) -> str:
    return " ".join((element.text or "").split())


def _each(texts: Iterable[str | None]) -> tuple[str, ...]:
    """Return the non-empty texts in order, without duplicates."""
    return tuple(dict.fromkeys(text for text in texts if text))
