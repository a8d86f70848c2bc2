"""What programs give requests is converted where one spelling is certain, and refused by a sentence that names it."""

from __future__ import annotations

import functools
import ipaddress
import math
import re
import types
import typing
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import ami_typed as ami
from ami_typed import actions, catalogue, configuration, enums, registry, structures
from ami_typed._protocol.framing import encode
from ami_typed.values import OpenStrEnum


class Elsewhere(OpenStrEnum):
    """A vocabulary that no action has."""

    WORD = "word"


class Unwritten:
    """Something without a spelling."""


KINDS: dict[str, Any] = {
    "a bool": True,
    "bytes": b"octets",
    "a whole number": 7,
    "a number with a fraction": 1.5,
    "NaN": math.nan,
    "infinity": math.inf,
    "a huge number": 10**5000,
    "an object": Unwritten(),
    "a class": dict,
    "a list": [Unwritten()],
    "a list of None": [None],
    "a mapping": {"A": Unwritten()},
    "a mapping with None": {"A": None},
    "a mapping with a bool": {"A": True},
    "a text": "no such word",
    "a text with CR LF": "a\r\nAction: Originate",
    "a member of another vocabulary": Elsewhere.WORD,
    "a timedelta": timedelta(seconds=40),
    "a long timedelta": timedelta.max,
    "a datetime": datetime(2024, 1, 1, tzinfo=UTC),
    "a request": actions.Ping(),
}
"""Values of every kind, each of which is wrong for most parameters."""

NEVER_WRITTEN = frozenset({"bytes", "NaN", "infinity", "an object", "a class", "a text with CR LF"})
NO_SPELLING = rb"(?i:\r\naction: )|\b(nan|inf|True|None)\r|b'|<class|datetime|Unwritten|None"
"""What is never in the bytes of a request that was made of such values."""

VALID: dict[Any, Any] = {
    str: "x",
    int: 1,
    bool: True,
    timedelta: timedelta(seconds=1),
    structures.Unit: structures.Unit(1, 1),
    structures.Charge: structures.Charge("BasicCommunication", "Free"),
    configuration.Change: configuration.NewSection("section"),
}
"""A value of each type that a parameter may have."""


@functools.cache
def hints_of(function: Any) -> dict[str, Any]:
    """Return the types of a function's parameters by their names."""
    module = types.SimpleNamespace(**vars(__import__(function.__module__, fromlist=["actions"])))
    names = {**vars(module), "Mapping": Mapping, "Sequence": Sequence, "timedelta": timedelta, "enums": enums}
    names |= {"Unit": structures.Unit, "Charge": structures.Charge, "Change": configuration.Change}
    names |= {"Message": ami.Message}
    return {name: eval(hint, names) for name, hint in function.__annotations__.items() if name != "return"}


def valid(hint: Any) -> Any:
    """Return a value of a type."""
    if hint in VALID:
        return VALID[hint]
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return valid(next(each for each in inner if each is not type(None)))
    if origin is Mapping:
        return {"A": "x"}
    if origin is Sequence:
        return [valid(inner[0])]
    return next(iter(hint))


def made(name: str, parameter: str, value: Any) -> ami.Request[Any]:
    """Make a request with one parameter as given, and what it needs beside that."""
    cls: Any = registry.action_class(name)
    forms = typing.get_overloads(cls.__init__) or [cls.__init__]
    form = next(each for each in forms if parameter in hints_of(each))
    given = {each: valid(hint) for each, hint in hints_of(form).items() if type(None) not in typing.get_args(hint)}
    hints = hints_of(form)
    while missing := needed(cls, {*given, parameter}).intersection(hints) - {*given, parameter}:
        given |= {each: valid(hints[each]) for each in missing}
    request: ami.Request[Any] = cls(**given | {parameter: value})
    return request


def written(name: str, parameter: str, value: Any) -> bytes | Exception:
    """Write a request with one parameter as given; return its bytes, or why there are none."""
    try:
        return encode(name, made(name, parameter, value).lines())
    except (TypeError, ValueError) as error:
        return error


def needed(cls: Any, given: set[str]) -> set[str]:
    """Return what some parameters cannot be without."""
    of_others = {
        folded(cls, each) for header in cls.requires if folded(cls, header) in given for each in cls.requires[header]
    }
    choices = [[folded(cls, each) for each in several] for several in (*cls.one_of, *cls.some_of)]
    return of_others | {names[0] for names in choices if not given.intersection(names)}


def folded(cls: Any, header: str) -> str:
    """Return the parameter of a header."""
    request = cls.__new__(cls)
    return str(request._parameter(header))


def told(name: str, parameter: str, error: Exception) -> bool:
    """Whether an error names the action and the parameter, or for what would break a message its header."""
    cls: Any = registry.action_class(name)
    said = str(error)
    headers = [header for header in cls.parameter_names if cls.parameter_names[header] == parameter]
    named = parameter in said or any(header in said for header in headers)
    named = named or parameter.replace("_", "") in said.lower().replace("-", "")
    return (
        said.startswith((f"{name}: ", f"{name} was not sent: "))
        and named
        and said.endswith((".", "?"))
        and "\n" not in said
    )


@pytest.mark.parametrize("name", sorted(catalogue.ACTIONS))
def test_every_parameter_accepts_its_declared_type(name: str) -> None:
    for parameter, hint in hints_of(registry.action_class(name).__init__).items():
        request = made(name, parameter, valid(hint))
        assert encode(name, request.lines())


@pytest.mark.parametrize("name", sorted(catalogue.ACTIONS))
def test_every_parameter_converts_or_rejects_its_argument(name: str) -> None:
    for parameter in hints_of(registry.action_class(name).__init__):
        for kind, value in KINDS.items():
            came = written(name, parameter, value)
            if isinstance(came, bytes):
                assert kind not in NEVER_WRITTEN, (parameter, kind, came)
                assert not re.search(NO_SPELLING, came), (parameter, kind, came)
            else:
                assert told(name, parameter, came), (parameter, kind, came)


@pytest.mark.parametrize("name", sorted(catalogue.ACTIONS))
def test_a_required_parameter_cannot_be_omitted_with_none(name: str) -> None:
    for parameter, hint in hints_of(registry.action_class(name).__init__).items():
        if type(None) not in typing.get_args(hint):
            with pytest.raises(TypeError, match=rf"^{name}: {parameter} is required and cannot be None\.$"):
                made(name, parameter, None)


CALL: Any = {"channel": "PJSIP/anna", "application": "Wait", "data": "1"}


def call(**more: Any) -> Any:
    return actions.Originate(**CALL, **more)


@pytest.mark.parametrize(
    ("more", "written"),
    [
        ({"variable": "A=1"}, {"Variable": "A=1"}),
        ({"variable": "A=1,B=2"}, {"Variable": "A=1,B=2"}),
        ({"variable": ["A=1", "B=2"]}, {"Variable": ["A=1", "B=2"]}),
        ({"variable": {"A": 1, "B": "x", "C": ["y", 2]}}, {"Variable": ["A=1", "B=x", "C=y", "C=2"]}),
        ({"variable": {"A": "1,2"}}, {"Variable": [r"A=1\,2"]}),
        ({"early_media": "yes"}, {"EarlyMedia": "true"}),
        ({"early_media": "off"}, {"EarlyMedia": "false"}),
        ({"early_media": 0}, {"EarlyMedia": "false"}),
        ({"account": 4711}, {"Account": "4711"}),
        ({"account": enums.AuthType.MD5}, {"Account": "MD5"}),
        ({"account": Path("/a/b")}, {"Account": "/a/b"}),
        ({"action_id": uuid.UUID(int=5)}, {"ActionID": "00000000-0000-0000-0000-000000000005"}),
        ({"account": ipaddress.ip_address("::1")}, {"Account": "::1"}),
        ({"codecs": ("ulaw", "alaw")}, {"Codecs": "ulaw,alaw"}),
        ({"codecs": "ulaw,alaw"}, {"Codecs": "ulaw,alaw"}),
        ({"codecs": (each for each in ("ulaw",))}, {"Codecs": "ulaw"}),
        ({"call_timeout": timedelta(milliseconds=1500)}, {"Timeout": "1500"}),
    ],
)
def test_values_with_one_certain_spelling_are_converted(more: dict[str, Any], written: dict[str, Any]) -> None:
    request = call(**more)
    assert {name: request[name] for name in written} == written


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"variable": {"A": None}}, TypeError, "variable['A'] must be text, not None"),
        ({"variable": {"A": True}}, TypeError, "variable['A'] must be text, not bool"),
        (
            {"variable": {"A=B": "1"}},
            ValueError,
            "variable must be a mapping of names to values; a name is a non-empty text without =",
        ),
        ({"variable": "A"}, ValueError, "variable must be a mapping of names to values, or texts such as 'NAME=value'"),
        ({"variable": 5}, TypeError, "variable must be a mapping of names to values, not int"),
        ({"variable": True}, TypeError, "variable must be a mapping of names to values, not bool"),
        (
            {"call_timeout": 40},
            TypeError,
            "call_timeout must be a timedelta, such as timedelta(seconds=40), not int",
        ),
        ({"account": True}, TypeError, "account must be text, not bool"),
        ({"account": math.nan}, ValueError, "account must be text, not infinity or NaN"),
        ({"early_media": "perhaps"}, ValueError, "early_media must be True or False; the given text is not one"),
        ({"early_media": 2}, TypeError, "early_media must be True or False, not int"),
        ({"codecs": {"ulaw": 1}}, TypeError, "codecs must be a list, not dict"),
        ({"codecs": ["ulaw", None]}, TypeError, "codecs[1] must be text, not None"),
    ],
)
def test_other_values_are_rejected_with_the_action_and_the_parameter(
    more: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as refused:
        call(**more)
    assert str(refused.value).startswith(f"Originate: {said}")


def test_a_member_of_another_vocabulary_is_refused_and_a_new_word_is_not() -> None:
    wrong: Any = enums.LoadType.LOAD
    with pytest.raises(TypeError, match=r"^Login: auth_type must be a member of enums\.AuthType or its text, not"):
        actions.Login(username="a", auth_type=wrong)
    assert actions.Login(username="a", auth_type="SHA")["AuthType"] == "SHA"
    with pytest.raises(TypeError, match=r"^Events: event_mask\[1\] must be a member of enums\.Privilege or its text"):
        actions.Events(event_mask=["call", wrong])


def test_bridges_are_listed_by_the_technology_that_asterisk_compares() -> None:
    assert actions.BridgeList(bridge_type=enums.BridgeTechnology.SOFTMIX)["BridgeType"] == "softmix"
    purpose: Any = enums.BridgeType.BASE
    with pytest.raises(TypeError, match=r"^BridgeList: bridge_type must be a member of enums\.BridgeTechnology"):
        actions.BridgeList(bridge_type=purpose)


def test_the_state_of_an_extension_needs_no_context() -> None:
    assert "Context" not in actions.ExtensionState(exten="100")


def test_an_error_never_shows_what_was_given() -> None:
    secret: Any = b"hidden-word"
    with pytest.raises(TypeError) as refused:
        actions.Login(username="a", secret=secret)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ("section", "changes must be a list of changes such as configuration.NewSection, not str"),
        ([("a", "b")], "changes must be a list of changes such as configuration.NewSection, but item 0 is tuple."),
        ([configuration.UpdateLine("a", "b", 5.5j)], "changes[0].value must be text, not complex"),  # type: ignore[arg-type]  # what is wrong
        ([configuration.UpdateLine("a", "b", None)], "changes[0].value must be text, not None"),  # type: ignore[arg-type]  # what is wrong
        ([configuration.NewSection("a", is_template="no")], "changes[0].is_template must be True or False, not"),  # type: ignore[arg-type]  # what is wrong
    ],
)
def test_changes_of_another_kind_are_refused(changes: Any, said: str) -> None:
    with pytest.raises(TypeError) as refused:
        actions.UpdateConfig(src_filename="a", dst_filename="b", changes=changes)
    assert str(refused.value).startswith(f"UpdateConfig: {said}")


def test_a_single_change_or_template_is_accepted_instead_of_a_list() -> None:
    change: Any = configuration.NewSection("new", templates="base")
    request = actions.UpdateConfig(src_filename="a", dst_filename="b", changes=change)
    assert request["Options-000000"] == 'inherit="base"'


def test_an_untyped_request_names_action_and_header() -> None:
    for value in (object(), b"x", timedelta(seconds=1), math.nan, [None, b"x"]):
        with pytest.raises((TypeError, ValueError), match=r"^Originate: Timeout must be text, not "):
            ami.Request("Originate", Timeout=value).lines()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25891675029296335, "0.25891675029296335"), (2.0, "2"), (1e-7, "0.0000001"), (0.1 + 0.2, repr(0.1 + 0.2))],
)
def test_a_number_is_written_with_all_its_digits_and_without_an_exponent(value: float, text: str) -> None:
    assert f"Share: {text}\r\n".encode() in encode("Ping", ami.Request("Ping", Share=value).lines())
