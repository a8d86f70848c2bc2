"""Resolve: translate Asterisk's terms to Python: type keywords to codecs and annotations, names to identifiers.

Rules owned here:

- The type keywords of the overlay and their Python equivalents (`_TYPES` and the prefixes in `_parsed`); those for
  groups, each with the function that parses or builds the value (`_READ`, `_WRITTEN`).
- If a "no value" text is declared, the attribute may be None, regardless of its presence.
- Collisions are troubles: two headers with the same attribute in one class, an attribute that collides with a member of
  the base class, two messages with the same class name. So are lists that refer to unknown events.
- Every vocabulary must be used.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from .families import families_of
from .names import RESERVED, Owner, attribute_name, class_name
from .spans import Span, text_of
from .terms import (
    Aggregate,
    Answer,
    Argument,
    Built,
    Codec,
    Event,
    Field,
    Form,
    Import,
    Model,
    Reference,
    Request,
    Several,
    Spread,
    Value,
)
from .trouble import Troubles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .amend import Amended, Group, Header, Message, Response

Function: TypeAlias = tuple[Import, str, *tuple[Import, ...]]
"""A function, the annotation of what it takes or returns, and what that needs."""

_PAGES = "https://docs.asterisk.org"
# The branches whose documentation the site hosts in addition to the latest, according to its index of versions.
_BRANCHES_ONLINE = (23, 22, 21, 20, 18, 16)

_TIMEDELTA = ("datetime", "timedelta")
_DATETIME = ("datetime", "datetime")
_SEQUENCE = ("collections.abc", "Sequence")
_MAPPING = ("collections.abc", "Mapping")
_ENUM = re.compile(r"enum:(\w+)(?:/([1-9]))?")
_FLAG = re.compile(r"flag:([^/]+)/([^/]*)")
_ITEMS = re.compile(r"""(items|pairs)\((?:"([^"\\]+)"|'([^'\\]+)')(?:, enum:(\w+))?\)""")
_ESCAPED = re.compile(r"""escaped(?:\((?P<older>"[\w-]+", "[\w-]+")\))?""")
_ALTERNATIVE = re.compile(r"""\|(?![^(]*\))""")  # a | that is not inside parentheses
_SEVERAL: Mapping[str, Several] = {
    "repeated": "Repeated",
    "joined": "Joined",
    "second": "Second",
    "variables": "Variables",
    "numbered": "Numbered",
}
_FLAGS = frozenset({"yes_no", "one_zero", "true_false", "on_off", "enabled_disabled", "Flag"})
_FAMILIES = frozenset({"Numbered", "VariablesByName"})
_UNTYPED = frozenset({"Variables", "VariablesByName", "AlwaysLocal", "SometimesLocal"})
_OF_VARIABLES = frozenset({"Variables", "VariablesByName"})
_WRITTEN_AS_TEXT = frozenset({"chosen", "integer", "real", "text"})


def resolve(amended: Amended, known: Mapping[str, str] | None = None) -> Model:
    """Resolve types and names.

    Args:
        amended: The messages to be generated.
        known: For a package that extends ami-typed: ami-typed's event classes by the event's lowercase name. The
            package then uses ami-typed's vocabularies, and its messages have no page in Asterisk's documentation.

    Raises:
        TroubleError: A type is unknown or names collide; reports all such errors.
    """
    return _Resolution(amended, known).model()


_UNIT = re.compile(r", in (?:(?:milli|micro)?seconds|minutes)\b,?")


def _is_duration(value: Value) -> bool:
    return _TIMEDELTA in value.imports


def _in_python(doc: str | None, value: Value) -> str | None:
    """Remove the unit on the wire from a description if the Python value implies one, as a `timedelta` does."""
    return _UNIT.sub("", doc) if doc and _is_duration(value) else doc


class _Resolution:
    """State of one run. Reports the troubles of all messages together."""

    def __init__(self, amended: Amended, known: Mapping[str, str] | None) -> None:
        self._amended = amended
        self._known = known
        self._troubles = Troubles()
        self._enums: set[str] = set()
        self._events = {event.name.lower(): event.name for event in amended.events}
        self._newest = amended.branches[-1]

    def model(self) -> Model:
        requests = tuple(self._request(action) for action in self._amended.actions)
        events = tuple(self._event(event) for event in self._amended.events)
        amended = self._amended
        model = Model(
            requests=requests,
            events=events,
            answers=tuple(self._answer(response) for response in self._amended.responses),
            aggregates=tuple(self._aggregates()),
            enums=self._amended.enums,
            titles=self._amended.titles,
            branches=self._amended.branches,
            families=tuple(families_of(events, amended.families, amended.snapshots, self._troubles)),
            snapshots=amended.snapshots if self._known is None else {},
        )
        self._check_class_names(self._amended.actions)
        self._check_class_names(self._amended.events)
        if self._known is None:
            self._check_enums()
        self._troubles.check()
        return model

    # Classes

    def _request(self, action: Message) -> Request:
        self._check_attributes(action, action.headers, "request", action.groups)
        arguments = [self._argument(action, header) for header in action.headers]
        return Request(
            name=class_name(action.name),
            wire=action.name,
            domain=action.domain,
            releases=text_of(action.span),
            privileges=action.privileges,
            former=_formerly(action),
            modules=action.modules,
            doc=action.doc,
            page=self._page(action),
            arguments=tuple(sorted(arguments, key=lambda argument: not argument.required)),
            secrets=_secrets(action),
            response=action.response,
            is_list=action.list is not None,
            ends=(action.list.complete,) if action.list and action.list.complete else (),
            announced=action.list is None or action.list.announced,
            empty=action.list.empty if action.list else (),
            quirks=action.quirks,
            answers=action.answers,
            empty_lines=action.empty_lines,
            text_follows=action.text_follows,
            spreads=tuple(self._spread(action, group) for group in action.groups),
            rules=action.rules,
        )

    def _event(self, event: Message) -> Event:
        self._check_attributes(event, event.headers, "event", event.groups)
        return Event(
            name=class_name(event.name),
            wire=event.name,
            domain=event.domain,
            releases=text_of(event.span),
            privileges=event.privileges,
            former=_formerly(event),
            asked_by=event.asked_by,
            modules=event.modules,
            turned_on_by=event.turned_on_by,
            occasion=event.occasion,
            doc=event.doc,
            page=self._page(event),
            quirks=event.quirks,
            named_by=event.named_by,
            secrets=_secrets(event),
            fields=tuple(self._field(event, header, "event") for header in event.headers),
            built=tuple(self._built(event, group) for group in event.groups),
        )

    def _answer(self, response: Response) -> Answer:
        self._check_attributes(response, response.headers, "answer", response.groups)
        if class_name(response.name) != response.name:
            self._add("Its name cannot be the name of a class.", response)
        return Answer(
            name=response.name,
            domain=response.domain,
            releases=text_of(response.span),
            doc=response.doc,
            secrets=_secrets(response),
            fields=tuple(self._field(response, header, "answer") for header in response.headers),
            built=tuple(self._built(response, group) for group in response.groups),
        )

    def _aggregates(self) -> Iterable[Aggregate]:
        for action in self._amended.actions:
            if action.list is None:
                continue
            items = [
                (attribute or attribute_name(event, "aggregate"), self._reference(action, event))
                for attribute, event in action.list.items
            ]
            self._check_free([(attribute, event.wire) for attribute, event in items], action, "aggregate")
            yield Aggregate(
                name=class_name(action.name),
                domain=action.domain,
                releases=text_of(action.span),
                doc=action.list.doc,
                items=tuple(items),
                complete=self._reference(action, action.list.complete) if action.list.complete else None,
                counted=action.list.counted,
            )

    def _reference(self, action: Message, event: str) -> Reference:
        own = self._events.get(event.lower())
        if own is None and self._known is not None and event.lower() in self._known:
            return Reference(self._known[event.lower()], event, known=True)
        if own is None:
            self._add(f"Its list has the event {event}, which is not documented.", action)
        return Reference(class_name(own or event), own or event)

    def _page(self, message: Message) -> str | None:
        if message.page or self._known is not None or message.documented_as is None:
            return message.page
        newest = max(message.documented)
        kind = "Actions" if message.kind == "action" else "Events"
        name = quote(message.documented_as)
        if newest == self._newest:
            return f"{_PAGES}/Latest_API/API_Documentation/AMI_{kind}/{name}/"
        online = next((branch for branch in _BRANCHES_ONLINE if branch in message.documented), None)
        return (
            None if online is None else f"{_PAGES}/Asterisk_{online}_Documentation/API_Documentation/AMI_{kind}/{name}/"
        )

    # Headers

    def _field(self, message: Message | Response, header: Header, owner: Owner) -> Field:
        value = self._value(message, header)
        if value.reads is None and value.repetition not in _OF_VARIABLES:
            self._add(f"Only a parameter can have the type {header.type}.", message, header)
        if ("*" in header.name) != (value.repetition in _FAMILIES):
            self._add(
                "A family of headers needs a * in its name and a type numbered:... or named:variables.", message, header
            )
        single: Form = "Always" if header.always and not header.none and not value.optional else "Sometimes"
        local = value.reads is not None and value.reads.name == "date_time"
        if local:
            single = "AlwaysLocal" if single == "Always" else "SometimesLocal"
            if value.repetition:
                self._add("A header of the type date_time cannot be repeated.", message, header)
        if header.unsaid is not None and value.repetition:
            self._add("A repeated header cannot have a default.", message, header)
        return Field(
            attribute=header.attribute or attribute_name(header.name, owner),
            header=header.name,
            form=value.repetition or single,
            codec=None if local else value.reads,
            releases=_narrower(header.span, message.span),
            none=header.none,
            unsaid=header.unsaid,
            doc=_in_python(header.doc, value),
            values=header.values,
            enum=value.enum,
        )

    def _argument(self, action: Message, header: Header) -> Argument:
        value = self._value(action, header)
        if value.repetition in _FAMILIES or value.repetition == "Second" or "*" in header.name:
            self._add("A parameter cannot be a family of headers, or one of several headers of a name.", action, header)
        return Argument(
            attribute=header.attribute or attribute_name(header.name, "request"),
            header=header.name,
            annotation=value.accepts,
            imports=value.imports,
            codec=value.writes,
            required=header.required,
            releases=_narrower(header.span, action.span),
            doc=_in_python(header.doc, value),
            default=None if _is_duration(value) else header.default,
            values=header.values,
            enum=value.enum,
        )

    def _spread(self, action: Message, group: Group) -> Spread:
        function, annotation, *imports = self._of_group(action, group, _WRITTEN)
        return Spread(
            attribute=group.name,
            header=group.headers[0] if group.headers else "",
            annotation=annotation,
            imports=tuple(imports),
            function=function,
            required=group.required,
            releases=_narrower(group.span, action.span),
            doc=group.doc,
        )

    def _built(self, message: Message | Response, group: Group) -> Built:
        if group.type == "date_and_time":
            return Built(group.name, "Dated", None, "", (), group.headers, group.doc)
        function, annotation, *imports = self._of_group(message, group, _READ)
        return Built(group.name, "Built", function, annotation, tuple(imports), group.headers, group.doc)

    def _of_group(self, message: Message | Response, group: Group, keywords: Mapping[str, Function]) -> Function:
        for name in group.enums:
            if name not in self._amended.enums:
                self._add(f"There is no [enum.{name}].", message, group)
            self._enums.add(name)
        if group.type not in keywords:
            self._add(f"{group.type!r} is not a type of group here; spec/README.md lists them.", message, group)
        return keywords.get(group.type) or next(iter(keywords.values()))

    def _value(self, message: Message | Response, header: Header) -> Value:
        try:
            return self._parsed(header.type)
        except ValueError as error:
            self._add(str(error), message, header)
            return _TYPES["text"]

    def _parsed(self, keyword: str) -> Value:
        """Resolve a type keyword.

        Raises:
            ValueError: The keyword is invalid; the message gives the reason.
        """
        kind, _, rest = keyword.partition(":")
        if keyword in _TYPES:
            return _TYPES[keyword]
        if "|" in keyword and len(parts := _ALTERNATIVE.split(keyword)) > 1:
            return _either(*map(self._parsed, parts))
        if match := _ENUM.fullmatch(keyword):
            return self._enum(match[1], match[2])
        if kind == "words":
            return self._words(rest)
        if kind in _SEVERAL:
            inner = self._parsed(rest)
            if inner.repetition is None:
                return _several(inner, _SEVERAL[kind])
        return self._with_arguments(keyword)

    def _with_arguments(self, keyword: str) -> Value:
        """Resolve a type keyword with arguments.

        Raises:
            ValueError: The keyword is invalid; the message gives the reason.
        """
        if match := _ESCAPED.fullmatch(keyword):
            return _text(Codec("escaped", match["older"] or ""))
        if match := _FLAG.fullmatch(keyword):
            return _simple("bool", Codec("Flag", f"{_quoted(match[1])}, {_quoted(match[2])}"))
        if match := _ITEMS.fullmatch(keyword):
            return self._joined(Codec(match[1], _quoted(match[2] or match[3])), match[4])
        raise ValueError(f"{keyword!r} is not a type; spec/README.md lists them.")

    def _enum(self, name: str, form: str | None = None) -> Value:
        enum = self._amended.enums.get(name)
        if enum is None:
            raise ValueError(f"There is no [enum.{name}].")
        if enum.follows is not None and enum.follows not in self._amended.enums:
            raise ValueError(f"[enum.{name}] follows {enum.follows}, and there is no [enum.{enum.follows}].")
        self._enums.add(name)
        plain = "int" if enum.kind == "int" else "str"
        return Value(
            accepts=f"enums.{name} | {plain}",
            reads=Codec("member", f"enums.{name}, {form}" if form else f"enums.{name}"),
            writes=Codec("chosen", _quoted(name)),
            imports=(("ami_typed", "enums"),),
            enum=name,
        )

    def _words(self, name: str) -> Value:
        self._enum(name)
        if not any(member.word for member in self._amended.enums[name].members.values()):
            raise ValueError(f"No member of [enum.{name}] has a word.")
        return _text(Codec("worded", f"enums.{name}"))

    def _joined(self, codec: Codec, enum: str | None) -> Value:
        if codec.name == "pairs":
            return _simple("Mapping[str, str]", codec, _MAPPING)
        if enum is None:
            return _simple("Sequence[str]", codec, _SEQUENCE)
        member = self._enum(enum)
        imports = (*member.imports, _SEQUENCE)
        writes = replace(codec, arguments=f"{codec.arguments}, {_quoted(enum)}")
        return Value(f"Sequence[{member.accepts}]", reads=None, writes=writes, imports=imports, enum=enum)

    # Checks

    def _check_attributes(
        self, message: Message | Response, headers: Sequence[Header], owner: Owner, groups: Sequence[Group] = ()
    ) -> None:
        named = [(header.attribute or attribute_name(header.name, owner), header.name) for header in headers]
        named += [(group.name, f"the group {group.name}") for group in groups]
        self._check_free(named, message, owner)

    def _check_free(self, named: Sequence[tuple[str, str]], message: Message | Response, owner: Owner) -> None:
        counts = Counter(attribute for attribute, _ in named)
        first: dict[str, str] = {}
        for attribute, wire in named:
            earlier = first.setdefault(attribute, wire)
            if counts[attribute] > 1 and earlier != wire:
                self._add(f"Its attribute would be {attribute}, as for {earlier}; name one of them.", message, wire)
            if attribute in RESERVED[owner]:
                self._add(f"Its attribute cannot be {attribute}: the class has a member of that name.", message, wire)

    def _check_class_names(self, messages: Sequence[Message]) -> None:
        first: dict[str, Message] = {}
        for message in messages:
            earlier = first.setdefault(class_name(message.name), message)
            if earlier is not message:
                self._add(f"Its class would be {class_name(message.name)}, as for {earlier.name}.", message)

    def _check_enums(self) -> None:
        for name, place in self._amended.enum_places.items():
            if name not in self._enums:
                sentence = "No header has this type."
            elif class_name(name) != name:
                sentence = "Its name cannot be the name of a class."
            else:
                continue
            self._troubles.add(sentence, file=place.file, line=place.line, message=f"Enum {name}")

    def _add(self, sentence: str, message: Message | Response, header: Header | Group | str | None = None) -> None:
        given = header.place if header is not None and not isinstance(header, str) else message.place
        kind = getattr(message, "kind", "response").capitalize()
        name = header if header is None or isinstance(header, str) else header.name
        self._troubles.add(sentence, file=given.file, line=given.line, message=f"{kind} {message.name}", parameter=name)


def _secrets(message: Message | Response) -> tuple[str, ...]:
    """Return the headers that are never shown, in lowercase."""
    headers = [header.name for header in message.headers if header.secret]
    return tuple(map(str.lower, [*headers, *(name for group in message.groups for name in group.secret)]))


def _simple(accepts: str, codec: Codec, *imports: Import) -> Value:
    return Value(accepts=accepts, reads=codec, writes=codec, imports=imports)


def _text(codec: Codec) -> Value:
    """Return the type of text that Asterisk encodes when sending but expects unencoded in requests."""
    return Value(accepts="str", reads=codec, writes=None)


def _either(first: Value, *others: Value) -> Value:
    """Return a type that accepts values of several types, provided that their codecs can distinguish them.

    Raises:
        ValueError: The codecs cannot distinguish the types.
    """
    writes = None
    if first.writes and first.writes.name in _FLAGS and len(others) == 1:
        writes = Codec("either", inner=first.writes, other=others[0].writes or Codec("text"))
    elif any(value.writes and value.writes.name not in _WRITTEN_AS_TEXT for value in (first, *others)):
        raise ValueError(
            "Of several types, only the first of two may be a flag; the others must be numbers, text or enums."
        )
    return Value(
        accepts=" | ".join(value.accepts for value in (first, *others)),
        reads=None,
        writes=writes,
        imports=tuple(each for value in (first, *others) for each in value.imports),
        enum=next((value.enum for value in (first, *others) if value.enum), None),
    )


def _several(value: Value, form: Several) -> Value:
    if form == "Variables":
        return replace(_TYPES["variables"], reads=value.reads)
    return replace(
        value,
        accepts=f"Sequence[{value.accepts}]",
        writes=Codec("each", inner=value.writes or Codec("text")),
        imports=(*value.imports, _SEQUENCE),
        repetition=form,
    )


def _formerly(message: Message) -> tuple[tuple[tuple[str, ...], str], ...]:
    return tuple((privileges, text_of(span)) for privileges, span in message.former)


def _narrower(span: Span, message: Span) -> str:
    return "" if span == message else text_of(span)


def _quoted(text: str) -> str:
    return f'"{text}"'


def _types() -> dict[str, Value]:
    plain: dict[str, Callable[[Codec], Value]] = {
        "integer": lambda codec: _simple("int", codec),
        "integer24": lambda codec: _simple("int", codec),
        "formats": lambda codec: _simple("Sequence[str]", codec, _SEQUENCE),
        **dict.fromkeys(("groups", "group_bits"), lambda codec: _simple("Sequence[int]", codec, _SEQUENCE)),
        "real": lambda codec: _simple("float", codec),
        "address": lambda codec: _simple("Address", codec, ("ami_typed.values", "Address")),
        **dict.fromkeys(
            ("yes_no", "one_zero", "true_false", "on_off", "enabled_disabled"), lambda codec: _simple("bool", codec)
        ),
        **dict.fromkeys(
            ("seconds", "milliseconds", "microseconds", "minutes", "clock"),
            lambda codec: _simple("timedelta", codec, _TIMEDELTA),
        ),
        "seconds_left": lambda codec: replace(_simple("timedelta", codec, _TIMEDELTA), optional=True),
        "round_trip": lambda codec: replace(_simple("float", codec), optional=True),
        **dict.fromkeys(("epoch", "date_time"), lambda codec: _simple("datetime", codec, _DATETIME)),
    }
    repeated = "Mapping[str, str | Sequence[str]]"
    return {
        "text": _text(Codec("text")),
        "uri_encoded": _text(Codec("uri_encoded")),
        "nullable": _text(Codec("nullable")),
        "label": Value("int | str", Codec("text"), None),
        "variables": Value("Mapping[str, str]", None, Codec("assigned"), (_MAPPING,), "Variables"),
        "repeated:variables": Value(repeated, None, Codec("assigned"), (_MAPPING, _SEQUENCE), "Variables"),
        "named:variables": Value("Mapping[str, Mapping[str, str]]", None, None, (_MAPPING,), "VariablesByName"),
        **{keyword: make(Codec(keyword)) for keyword, make in plain.items()},
    }


_TYPES = _types()

_IN_PYTHON: Mapping[str, tuple[str, *tuple[Import, ...]]] = {
    **dict.fromkeys(("text", "escaped", "nullable", "uri_encoded", "worded"), ("str",)),
    **dict.fromkeys(("integer", "integer24"), ("int",)),
    "real": ("float",),
    "round_trip": ("float | None",),
    **dict.fromkeys(_FLAGS, ("bool",)),
    **dict.fromkeys(("seconds", "milliseconds", "microseconds", "minutes", "clock"), ("timedelta", _TIMEDELTA)),
    "seconds_left": ("timedelta | None", _TIMEDELTA),
    **dict.fromkeys(("epoch", "date_time"), ("datetime", _DATETIME)),
    **dict.fromkeys(("items", "formats"), ("list[str]",)),
    **dict.fromkeys(("groups", "group_bits"), ("list[int]",)),
    "pairs": ("dict[str, str]",),
    "address": ("Address", ("ami_typed.values", "Address")),
}
"""What a codec reads: the annotation, and what it needs."""


def in_python(field: Field) -> tuple[str, Sequence[Import]]:
    """Return the annotation of an attribute, and the imports that it needs beside the form of its field."""
    if field.codec is None or field.form in _UNTYPED:
        return field.form, ()
    if field.enum is not None:
        return f"{field.form}[enums.{field.enum}]", (("ami_typed", "enums"),)
    annotation, *imports = _IN_PYTHON[field.codec.name]
    if field.form == "Joined":  # its form already implies a list
        annotation = annotation.removeprefix("list[").removesuffix("]")
    return f"{field.form}[{annotation}]", imports


_STRUCTURES = "ami_typed.structures"
_CONFIGURATION = "ami_typed.configuration"

_READ: Mapping[str, Function] = {
    "lines": ((_STRUCTURES, "lines"), "list[str]"),
    "told_units": ((_STRUCTURES, "told_units"), "list[Unit]", (_STRUCTURES, "Unit")),
    "told_charges": ((_STRUCTURES, "told_charges"), "list[Charge]", (_STRUCTURES, "Charge")),
    "raw": ((_STRUCTURES, "raw"), ""),  # the text of a whole message, so it cannot be a keyword
    "commands": ((_STRUCTURES, "commands"), "dict[str, Command]", (_STRUCTURES, "Command")),
    "penalty_rules": (
        (_STRUCTURES, "penalty_rules"),
        "dict[str, list[PenaltyStep]]",
        (_STRUCTURES, "PenaltyStep"),
    ),
    "sections": ((_CONFIGURATION, "sections"), "list[Section]", (_CONFIGURATION, "Section")),
    "section_names": ((_CONFIGURATION, "section_names"), "list[str]"),
    "json_sections": ((_CONFIGURATION, "json_sections"), "list[Section]", (_CONFIGURATION, "Section")),
}

_WRITTEN: Mapping[str, Function] = {
    "headers": ((_STRUCTURES, "free_headers"), "Mapping[str, str | Sequence[str]]", _MAPPING, _SEQUENCE),
    "units": ((_STRUCTURES, "units"), "Sequence[Unit]", _SEQUENCE, (_STRUCTURES, "Unit")),
    "charges": ((_STRUCTURES, "charges"), "Sequence[Charge]", _SEQUENCE, (_STRUCTURES, "Charge")),
    "changes": ((_CONFIGURATION, "changes"), "Sequence[Change]", _SEQUENCE, (_CONFIGURATION, "Change")),
}
