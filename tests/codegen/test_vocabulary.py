"""One thing, one vocabulary: attributes of the same meaning have the same type in all classes.

What is compared: attributes of the same name, attributes of the same description, descriptions that promise a type, and
parameters of requests with the attributes that tell about the same. What rightly differs stands in a table below, with
its reason; a reason that is no longer needed is a failure too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ami_typed import enums
from codegen.__main__ import read
from codegen.overlay import SPEC
from codegen.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ami_typed.values import OpenIntEnum, OpenStrEnum
    from codegen.terms import Answer, Codec, Event, Field, Model

pytestmark = pytest.mark.once

DIFFERENT_THINGS = {
    "acl": "The name of an access list in pjsip.conf; whether chan_sip's peer has one.",
    "alarm": "Which alarm a span has; whether an ISDN span is in alarm.",
    "bridgetype": "What a bridge is for; what a technology of bridges is good for.",
    "cause": "A number of Q.850 (of whoever hangs up, a plain int that compares with it; of SoftHangupRequest also a flag "
    "of Asterisk's own, with other meanings for the same numbers); for peers and registrations, words.",
    "direction": "Which way a digit goes; which side of a recording is muted.",
    "logintime": "When a member came into a queue; how long an agent was logged in.",
    "id": "Texts that name a contact, a message, a device; the number of a Local channel.",
    "muted": "MeetMe also tells who muted the member.",
    "priority": "A channel is at a number; a line of the dialplan may be a hint, which has none.",
    "reason": "Who ended a queue's call; what came of an Originate; words of the other events.",
    "regexpire": "When a contact's registration ends; how long chan_sip's still lasts.",
    "response": "What became of an Originate; what a client answered to a challenge.",
    "result": "What came of a transfer; what an AGI command returned.",
    "role": "Which side of a subscription; what a member of a conference may do.",
    "source": "The caller's number in a record; why a silent call is ended.",
    "state": "The states of devices, people, faxes, registrations, dialogs and tests; whether a recording is muted.",
    "status": "The states of agents, contacts, hints, modules, registrations, people, members and telephones.",
}
"""Attributes of one name, without underscores, that mean different things."""

NOT_AS_PROMISED = {
    "RTT": "A statistic to reckon with, as are the numbers beside it.",
    "Report*DLSR": "A statistic to reckon with, as are the numbers beside it.",
}
"""Headers whose description seems to promise another type."""

NOT_AS_TOLD = {
    "mailbox": "A question may be about several, and its answer repeats them as one text; events are about one.",
    "operation": "What to do with a filter; what a fax session does.",
    "direction": "Which side is to be muted; which way a digit goes.",
    "line": "A line of a telephone; whether a registration has a token.",
    "variable": "Variables to set; the name of one.",
    "match": "A regular expression; the addresses that an endpoint is known by.",
    "variables": "The names of variables; their values.",
}
"""Parameters that take something else than the attributes of their name give."""

SAME_MEMBERS = [
    (enums.ChannelState, enums.ChannelStateName),
    (enums.ExtensionState, enums.ExtensionStateName),
    (enums.QueueMemberStatus, enums.DeviceState),
]
"""Vocabularies of numbers that Asterisk also has words for: the wire has both, under names of their own."""


class Attribute(NamedTuple):
    """An attribute of a generated class: where it stands, its header, its type and its description."""

    place: str
    key: str
    header: str
    type: str
    doc: str


@cache
def model() -> Model:
    return resolve(read(SPEC).amended)


def messages() -> list[Event | Answer]:
    """Return all classes that have attributes."""
    return [*model().events, *model().answers]


@cache
def attributes() -> list[Attribute]:
    """Return all attributes of events and answers."""
    return [
        Attribute(f"{cls.name}.{field.attribute}", _key(field.attribute), field.header, _type(field), field.doc or "")
        for cls in messages()
        for field in cls.fields
    ]


def _key(attribute: str) -> str:
    return attribute.replace("_", "")


_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("yes_no", "one_zero", "true_false", "on_off", "enabled_disabled", "Flag"), "bool"),
    **dict.fromkeys(("integer", "integer24"), "int"),
    **dict.fromkeys(("seconds", "milliseconds", "microseconds", "minutes", "clock"), "timedelta"),
    "seconds_left": "timedelta",
    "round_trip": "float",
    **dict.fromkeys(("epoch", "date_time"), "datetime"),
    **dict.fromkeys(("items", "formats"), "list[str]"),
    **dict.fromkeys(("groups", "group_bits"), "list[int]"),
    "real": "float",
    **dict.fromkeys(("text", "escaped", "nullable", "uri_encoded"), "str"),
}


def _type(field: Field) -> str:
    """Return the type of an attribute in Python."""
    single = _type_of(field.codec) if field.codec else "str"
    match field.form:
        case "Repeated":
            return f"list[{single}]"
        case "Numbered":
            return f"dict[str, list[{single}]]"
        case "Variables" | "VariablesByName":
            return field.form
        case "AlwaysLocal" | "SometimesLocal":
            return "datetime"
        case _:
            return single


def _type_of(codec: Codec) -> str:
    return (codec.arguments or "").split(",")[0] if codec.name == "member" else _TYPES.get(codec.name, codec.name)


def _by(key: str) -> dict[str, dict[str, list[str]]]:
    """Return the places of attributes by what they have in common and by their type."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in attributes():
        if getattr(each, key):
            found[getattr(each, key)][each.type].append(each.place)
    return {common: dict(types) for common, types in found.items() if len(types) > 1}


def _told(differing: Mapping[str, Mapping[str, Iterable[str]]]) -> str:
    return "\n".join(f"{common}: {dict(types)}" for common, types in differing.items())


def test_attributes_of_one_name_have_one_type() -> None:
    differing = _by("key")

    assert not _told({key: types for key, types in differing.items() if key not in DIFFERENT_THINGS})
    assert not DIFFERENT_THINGS.keys() - differing.keys(), "a reason is no longer needed"


def test_attributes_of_one_description_have_one_type() -> None:
    differing = {
        doc: {kind: places for kind, places in types.items() if not _is_excepted(places)}
        for doc, types in _by("doc").items()
    }

    assert not _told({doc: types for doc, types in differing.items() if len(types) > 1})


def _is_excepted(places: Iterable[str]) -> bool:
    headers = {each.place: each.header for each in attributes()}
    return all(headers[place] in NOT_AS_PROMISED for place in places)


PROMISES = [
    (re.compile(r"\bin (?:micro|milli)?seconds\b|\bin minutes\b"), re.compile("timedelta|datetime")),
    (re.compile(r"^True if\b"), re.compile("bool")),
    (re.compile(r"^(?:Maximum n|N)umber of\b"), re.compile("int")),
    (re.compile(r"^(?:Time|Age|Duration|Interval|Round-trip time)\b"), re.compile("timedelta|float")),
    (re.compile(r"\bcodecs\b.*\bin order of preference|\bpickup groups (?:that|whose)\b"), re.compile("list")),
    (re.compile(r"^The state of .*\b(?:device|endpoint)"), re.compile(r"enums\.")),
]


def test_a_description_that_promises_a_type_keeps_its_promise() -> None:
    broken = {
        each.header: f"{each.place} is {each.type}: {each.doc}"
        for each in attributes()
        for promise, kept in PROMISES
        if promise.search(each.doc) and not kept.search(each.type)
    }

    assert not {header: told for header, told in broken.items() if header not in NOT_AS_PROMISED}
    assert not NOT_AS_PROMISED.keys() - broken.keys(), "a reason is no longer needed"


def test_a_description_states_when_a_value_is_none() -> None:
    silent = [
        f"{cls.name}.{field.attribute}: {field.doc}"
        for cls in messages()
        for field in cls.fields
        if field.none and "`None`" not in (field.doc or "")
    ]

    assert not silent


def test_a_parameter_accepts_the_type_of_attributes_of_its_name() -> None:
    given = defaultdict[str, set[str]](set)
    for each in attributes():
        given[each.key].add(each.type)
    differing: dict[str, dict[str, list[str]]] = {}
    for request in model().requests:
        for argument in request.arguments:
            types = given.get(_key(argument.attribute), set())
            if types and not any(_takes(argument.annotation, each) for each in types):
                place = f"{request.name}({argument.attribute}={argument.annotation})"
                differing.setdefault(_key(argument.attribute), {}).setdefault(" | ".join(types), []).append(place)

    assert not _told({key: types for key, types in differing.items() if key not in NOT_AS_TOLD})
    assert not NOT_AS_TOLD.keys() - differing.keys(), "a reason is no longer needed"


def _takes(annotation: str, given: str) -> bool:
    first = annotation.partition(" | ")[0].replace("Sequence", "list")
    return given in annotation.replace("Sequence", "list").split(" | ") or (given, first) == (
        "Variables",
        "Mapping[str, str",
    )


def test_a_list_without_items_is_an_empty_list_everywhere() -> None:
    declared = [
        f"{cls.name}.{field.attribute}"
        for cls in messages()
        for field in cls.fields
        if field.none and _type(field).startswith("list")
    ]

    assert not declared, "these would be None where they have no items"


@pytest.mark.parametrize(("numbers", "words"), SAME_MEMBERS)
def test_the_numbers_and_the_words_for_one_thing_have_members_of_the_same_names(
    numbers: type[OpenIntEnum], words: type[OpenStrEnum]
) -> None:
    assert {each.name for each in numbers} - {"REMOVED", "DEACTIVATED"} == {each.name for each in words} - {
        "MUTE",
        *({"UNKNOWN"} - {each.name for each in numbers}),
    }
