"""Terms: the messages to be generated, in Python's terms: types as codecs and annotations, names as identifiers.

Rules owned here:

- `resolve` makes these, `families` groups them, `surface` and `generate` read them. Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import overlay
    from .amend import Rules
    from .merge import SnapshotKind

Several: TypeAlias = Literal["Repeated", "Joined", "Second", "Variables", "Numbered", "VariablesByName"]
Form: TypeAlias = Literal["Always", "Sometimes", "AlwaysLocal", "SometimesLocal"] | Several
Import: TypeAlias = tuple[str, str]
"""A module and a name defined in it."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec as an expression: `integer`, `items(",")`, `each(seconds)`.

    Attributes:
        name: Its name in `ami_typed.values`.
        arguments: The arguments of its call; None if it is not called.
        inner: The codec passed as an argument.
        other: A second codec passed as an argument.
    """

    name: str
    arguments: str | None = None
    inner: Codec | None = None
    other: Codec | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A resolved type keyword.

    Attributes:
        accepts: The annotation of a request's parameter.
        reads: The codec of an attribute; None for variables, which have a separate field class, and for types that
            only parameters can have.
        writes: The codec of a parameter; None for the default, text.
        imports: The imports that the annotation requires.
        repetition: The field class for several values; None for a single value.
        enum: The vocabulary.
        optional: Whether some texts of the type mean "no value".
    """

    accepts: str
    reads: Codec | None
    writes: Codec | None
    imports: tuple[Import, ...] = ()
    repetition: Several | None = None
    enum: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A typed attribute of an event or answer.

    `releases` is empty if all releases of the class have it; `unsaid` is the text that Asterisk sends by default.
    """

    attribute: str
    header: str
    form: Form
    codec: Codec | None
    releases: str
    none: tuple[str, ...]
    unsaid: str | None
    doc: str | None
    values: tuple[str, ...]
    enum: str | None


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of a request; `releases` is empty if all releases of the action support it."""

    attribute: str
    header: str
    annotation: str
    imports: tuple[Import, ...]
    codec: Codec | None
    required: bool
    releases: str
    doc: str | None
    default: str | None
    values: tuple[str, ...]
    enum: str | None


@dataclass(frozen=True, slots=True)
class Built:
    """An attribute of an event or response that is built from several headers, or from lines that are not headers.

    `form` is the field class; `function` builds the value, or is `None` if the field class does so itself.
    `annotation` is the type of the value, which needs the imports.
    """

    attribute: str
    form: Literal["Built", "Dated"]
    function: Import | None
    annotation: str
    imports: tuple[Import, ...]
    headers: tuple[str, ...]
    doc: str | None


@dataclass(frozen=True, slots=True)
class Spread:
    """A parameter of a request that a function expands to several headers.

    Attributes:
        header: The header that represents all of them in declarations of releases.
    """

    attribute: str
    header: str
    annotation: str
    imports: tuple[Import, ...]
    function: Import
    required: bool
    releases: str
    doc: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """An event class that an aggregate contains.

    Attributes:
        wire: Its name on the wire.
        known: Whether it is defined in ami-typed, not in the package being generated.
    """

    name: str
    wire: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request class.

    Attributes:
        former: The privileges that differ from `privileges`, each with the releases that require them.
        modules: The modules of Asterisk, one of which must be loaded; empty if the core suffices.
        ends: The events that end its list.
        empty: Error messages that only mean that its list is empty.
        quirks: The class variables that are true.
        answers: The number of answers on success.
        empty_lines: The number of empty lines that end a raw-text answer.
        text_follows: The releases that answer with text that may contain empty lines.
        rules: Constraints between its headers, and headers with side effects.
    """

    name: str
    wire: str
    domain: str
    releases: str
    privileges: tuple[str, ...] | None
    former: tuple[tuple[tuple[str, ...], str], ...]
    modules: tuple[str, ...]
    doc: str | None
    page: str | None
    arguments: tuple[Argument, ...]
    secrets: tuple[str, ...]
    response: str | None
    is_list: bool
    ends: tuple[str, ...]
    announced: bool
    empty: tuple[str, ...]
    quirks: tuple[str, ...]
    answers: int
    empty_lines: int
    text_follows: str | None
    spreads: tuple[Spread, ...]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Event:
    """An event class.

    Attributes:
        former: The privileges that differ from `privileges`, each with the releases that require them.
        asked_by: The actions whose sender receives it regardless of privileges.
        modules: The modules of Asterisk, one of which must be loaded; empty if the core suffices.
        turned_on_by: The settings that must all be on.
        occasion: A sentence about what else users have to set up.
        quirks: The class variables that are true.
        named_by: The header that distinguishes events that share its name.
    """

    name: str
    wire: str
    domain: str
    releases: str
    privileges: tuple[str, ...] | None
    former: tuple[tuple[tuple[str, ...], str], ...]
    asked_by: tuple[str, ...]
    modules: tuple[str, ...]
    turned_on_by: tuple[overlay.Setting, ...]
    occasion: str | None
    doc: str | None
    page: str | None
    quirks: tuple[str, ...]
    named_by: str
    secrets: tuple[str, ...]
    fields: tuple[Field, ...]
    built: tuple[Built, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response class."""

    name: str
    domain: str
    releases: str
    doc: str
    secrets: tuple[str, ...]
    fields: tuple[Field, ...]
    built: tuple[Built, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate class; `items` pairs attributes with events, `counted` is whether its length is checked."""

    name: str
    domain: str
    releases: str
    doc: str | None
    items: tuple[tuple[str, Reference], ...]
    complete: Reference | None
    counted: bool


@dataclass(frozen=True, slots=True)
class View:
    """A snapshot in an event: the attribute for its view, its prefix, and whether it may be absent."""

    attribute: str
    kind: SnapshotKind
    prefix: str
    absent: bool


@dataclass(frozen=True, slots=True)
class Family:
    """A family of events: their shared attributes, and the view if these are a snapshot's."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    view: View | None
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Model:
    """Everything to be generated, in Python's terms."""

    requests: tuple[Request, ...]
    events: tuple[Event, ...]
    answers: tuple[Answer, ...]
    aggregates: tuple[Aggregate, ...]
    enums: Mapping[str, overlay.Enum]
    titles: Mapping[str, str]
    branches: tuple[int, ...]
    families: tuple[Family, ...]
    snapshots: Mapping[SnapshotKind, tuple[str, ...]]
