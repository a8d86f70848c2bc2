"""Parser for Asterisk's XML documentation: the only module that uses lxml.

Rules owned here: which files are accepted (`.xml`, `.xml.gz`, the documentation folder of an installation); no other
file is read and no entity is expanded; which elements each element may contain; and how `xi:include` is resolved.
Includes are not expanded in the tree; `Document.children` follows them. This preserves the line number of every
element and avoids libxml2's own XInclude, which in 2.9 does not expand nested includes.

Source of the content model: appdocsxml.dtd of Asterisk 13.38.3 and 23.4.1; the newer one is a superset of the older.
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING, TypeAlias, cast

from lxml import etree

from .trouble import Trouble, TroubleError, Troubles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Element: TypeAlias = etree._Element  # lxml has no public name for its element type

FILE_IN_FOLDER = "core-en_US.xml"
LARGEST_FILE = 64 * 2**20  # bytes, uncompressed; the largest known file is 1.7 MB
LARGEST_MESSAGE = 100_000  # elements, including those from includes; the largest known message has a few hundred
DEEPEST_NESTING = 100  # elements, including those from includes; the deepest known is 12

_INCLUDE = "{http://www.w3.org/2001/XInclude}include"
_XPOINTER = re.compile(r"\s*xpointer\((.*)\)\s*", re.DOTALL)
_LIBXML_PLACE = re.compile(r", line \d+, column \d+$")

# fmt: off
_ELEMENTS = frozenset({
    "agi", "application", "argument", "astcli", "bridge_snapshot", "category", "channel_snapshot", "configFile",
    "configInfo", "configObject", "configOption", "configOptionToEnum", "conflict", "dataType", "defaultenabled",
    "depend", "deprecated_in", "description", "directory", "docs", "documentationtype", "emphasis", "enum",
    "enumlist", "example", "field", "filename", "info", "list-elements", "literal", "manager", "managerEvent",
    "managerEventInstance", "matchInfo", "module", "note", "option", "optionlist", "para", "parameter", "ref",
    "removed_in", "replacement", "replaceable", "responses", "see-also", "since", "support_level", "synopsis",
    "syntax", "use", "value", "variable", "variablelist", "version", "warning",
})
# fmt: on
# Elements that contain facts accept only the children that the DTD allows; all others (prose) accept any element of
# the DTD.
_CONTENT = {
    "manager": frozenset({"since", "synopsis", "syntax", "description", "see-also", "responses"}),
    "responses": frozenset({"list-elements", "managerEvent"}),
    "list-elements": frozenset({"managerEvent"}),
    "managerEvent": frozenset({"managerEventInstance"}),
    "managerEventInstance": frozenset({"since", "synopsis", "syntax", "description", "see-also"}),
    "since": frozenset({"version"}),
    "see-also": frozenset({"ref"}),
    "syntax": frozenset({"parameter", "channel_snapshot", "bridge_snapshot"}),
    "enumlist": frozenset({"enum", "configOptionToEnum"}),
    "configOptionToEnum": frozenset({"configOption"}),
}
_KINDS = {"manager": "Action", "managerEvent": "Event"}


class Document:
    """A documentation file whose messages, including included elements, have been validated.

    Attributes:
        file: The file, as the user named it.
        root: Its `docs` element.
    """

    def __init__(self, root: Element, file: str) -> None:
        self.file = file
        self.root = root
        self._targets: dict[str, list[Element]] = {}

    def messages(self) -> Iterator[Element]:
        """Yield all actions and events: top-level ones, and events nested in `responses`."""
        return self.root.iter("manager", "managerEvent")

    def has(self, path: str) -> bool:
        """Return whether an XPath matches anything in the document."""
        return bool(self.root.xpath(path))

    def children(self, element: Element) -> Iterator[Element]:
        """Yield the children of an element, replacing each include with the elements that it refers to."""
        for child in element.iterchildren(etree.Element):
            yield from self._followed(child)

    def _followed(self, element: Element) -> Iterator[Element]:
        if element.tag != _INCLUDE:
            yield element
            return
        for target in self.targets(element):
            yield from self._followed(target)

    def targets(self, include: Element) -> list[Element]:
        """Return the elements that an include refers to. Text nodes are prose and are omitted.

        Raises:
            ValueError: The include cannot be resolved; the message gives the reason.
        """
        pointer = include.get("xpointer", "")
        if "href" in include.attrib:
            raise ValueError(f"The include points to another file, {include.get('href')}, which is never read.")
        if pointer not in self._targets:
            self._targets[pointer] = self._pointed_to(pointer)
        return self._targets[pointer]

    def _pointed_to(self, pointer: str) -> list[Element]:
        match = _XPOINTER.fullmatch(pointer)
        if match is None:
            raise ValueError(f"The include has the pointer {pointer!r}; only xpointer(PATH) is supported.")
        path = match[1].strip()
        try:  # an xpointer is relative to the document, a relative path in lxml to its root element
            found = self.root.getroottree().xpath(path if path.startswith("/") else f"/{path}", smart_strings=False)
        except etree.XPathError as error:
            raise ValueError(f"The include's path {path} is not an XPath: {error}.") from error
        if not found or not isinstance(found, list):
            raise ValueError(f"The include points to {path}, but nothing is there.")
        nodes = cast("list[object]", found)
        return [node for node in nodes if isinstance(node, Element) and isinstance(node.tag, str)]


def tag_of(element: Element) -> str:
    """Return the name of an element as a `str`; lxml declares a wider type for `tag`."""
    return str(element.tag)


def subject(element: Element) -> tuple[str | None, str | None]:
    """Return the message and the parameter that contain an element, as a trouble reports them."""
    line = [element, *element.iterancestors()]
    message = next((f"{_KINDS[tag_of(up)]} {up.get('name')}" for up in line if tag_of(up) in _KINDS), None)
    return message, next((up.get("name") for up in line if up.tag == "parameter"), None)


def open_document(path: Path) -> Document:
    """Open a documentation file and validate the contents of its actions and events.

    Args:
        path: A `.xml` or `.xml.gz` file, or a folder that contains `core-en_US.xml`.

    Raises:
        TroubleError: The file is invalid; reports every problem found.
    """
    file = path / FILE_IN_FOLDER if path.is_dir() else path
    document = Document(_parsed(_content(file), str(file)), str(file))
    check = _Check(document)
    for message in document.messages():
        check.message(message)
    check.troubles.check()
    return document


def _content(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (EOFError, zlib.error) as error:
        raise _refusal(path, "The gzip file is incomplete or damaged.") from error
    except OSError as error:
        raise _refusal(path, f"Cannot read the file: {error.strerror or error}.") from error
    if len(content) > LARGEST_FILE:
        raise _refusal(
            path, f"The file contains more than {LARGEST_FILE // 2**20} MiB, far more than Asterisk's documentation."
        )
    return content


def _parsed(content: bytes, file: str) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        sentence = f"Unusable XML: {_LIBXML_PLACE.sub('', error.msg or 'unknown reason').rstrip('.')}."
        raise _refusal(file, sentence, error.lineno) from error
    _refuse_entities(root, file)
    if root.tag != "docs":
        raise _refusal(file, f"This is not Asterisk's documentation: it starts with <{tag_of(root)}>, not with <docs>.")
    if next(root.iterchildren("manager", "managerEvent"), None) is None:
        raise _refusal(file, "The file documents neither an action nor an event.")
    return root


def _refuse_entities(root: Element, file: str) -> None:
    subset = root.getroottree().docinfo.internalDTD
    names = [entity.name for entity in subset.iterentities()] if subset is not None else []
    if names:
        raise _refusal(
            file, f"The file declares the entity {names[0]}; Asterisk's documentation has none, and none is expanded."
        )
    for entity in root.iter(etree.Entity):
        raise _refusal(file, f"The file uses the entity {entity.text}, which is never expanded.", entity.sourceline)


def _refusal(file: Path | str, sentence: str, line: int | None = None) -> TroubleError:
    return TroubleError([Trouble(str(file), line, None, None, sentence)])


class _Check:
    """Validator for messages and includes: unknown elements, dangling or circular includes, exceeded limits."""

    def __init__(self, document: Document) -> None:
        self.troubles = Troubles(document.file)
        self._document = document
        self._sizes: dict[Element, int] = {}
        self._open: set[Element] = set()
        self._message: str | None = None

    def message(self, message: Element) -> None:
        self._message, _ = subject(message)
        size = self._size(message)
        if size > LARGEST_MESSAGE:
            self._add(message, f"Its includes expand to {size} elements; the limit is {LARGEST_MESSAGE}.")

    def _size(self, element: Element) -> int:
        """Count an element and its descendants. Memoized: each element is visited only once."""
        if element in self._open:
            self._add(element, f"An include leads from <{tag_of(element)}> back to itself.")
            return 0
        if element not in self._sizes:
            self._open.add(element)
            self._sizes[element] = 1 + sum(map(self._size, self._inside(element)))
            self._open.remove(element)
        return self._sizes[element]

    def _inside(self, element: Element) -> list[Element]:
        if len(self._open) > DEEPEST_NESTING:
            self._add(element, f"Includes and elements are nested more than {DEEPEST_NESTING} deep.")
            return []
        if element.tag == _INCLUDE:
            return self._places_checked(element.getparent(), self._targets(element))
        return self._places_checked(element, list(element.iterchildren(etree.Element)))

    def _targets(self, include: Element) -> list[Element]:
        try:
            return self._document.targets(include)
        except ValueError as error:
            self._add(include, str(error))
            return []

    def _places_checked(self, parent: Element | None, children: list[Element]) -> list[Element]:
        tag = "docs" if parent is None else tag_of(parent)
        known = _CONTENT.get(tag, _ELEMENTS)
        for child in children:
            if child.tag not in known and child.tag != _INCLUDE:
                self._add(child, f"Asterisk's documentation has no <{tag_of(child)}> inside <{tag}>.")
        return children

    def _add(self, element: Element, sentence: str) -> None:
        message, parameter = subject(element)
        self.troubles.add(sentence, line=element.sourceline, message=message or self._message, parameter=parameter)
