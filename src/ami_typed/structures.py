"""Values that span several headers: decoded from a message, or encoded into a request.

Rules of this module:

- Decoding takes a message and returns a value, or raises `ValueError` if the headers are inconsistent.
- Encoding takes a value and returns headers in the order in which they are sent, or raises `ValueError` if Asterisk
  would refuse or misread them.
- Configuration files have a separate module, `configuration`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from ami_typed._lazy import NamedTuple
from ami_typed.arguments import (
    as_duration,
    as_integer,
    as_list,
    as_mapping,
    as_records,
    as_text,
    at,
    name_of_type,
    within,
    wrong,
)
from ami_typed.fields import Spelled, family_of, writes
from ami_typed.values import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ami_typed.messages import Message

__all__ = [
    "Charge",
    "Command",
    "PenaltyStep",
    "Unit",
    "charges",
    "commands",
    "free_headers",
    "lines",
    "penalty_rules",
    "raw",
    "told_charges",
    "told_units",
    "units",
]

_SECOND = timedelta(seconds=1)
_COMMAND = re.compile(r"(?P<synopsis>.*?) *\(Priv: (?P<privileges>[^()]*)\)")
_NO_PRIVILEGE = frozenset({"<none>", "all"})  # Asterisk adds `all` to every privilege
_OF_EVERY_ANSWER = frozenset({"response", "actionid", "message"})
_NOT_FREE = frozenset({"action", "actionid", "userevent"})


def lines(message: Message) -> list[str]:
    """Return the lines that carry the payload of a message."""
    return message.data


@writes(lines)
def _write_lines(value: object) -> Spelled:
    texts = as_list(value, as_text)
    return [("Output", line) for line in ([texts] if isinstance(texts, str) else texts)]


def raw(message: Message) -> list[str]:
    """Return the lines of a human-readable message, some of which may look like headers."""
    return message.raw


class Command(NamedTuple):
    """An action that a server supports.

    Attributes:
        synopsis: The server's one-line description.
        privileges: A user needs any one of these privileges to send it; if empty, every user may send it.
    """

    synopsis: str
    privileges: tuple[str, ...]


def commands(message: Message) -> dict[str, Command]:
    """Read the actions that a server supports, one per header.

    Raises:
        ValueError: A header does not list the privileges of its action.
    """
    return {name: _command(text) for name, text in message.items() if name.lower() not in _OF_EVERY_ANSWER}


def _command(text: str) -> Command:
    match = _COMMAND.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} does not list the privileges of the action")
    needed = (name for name in match["privileges"].split(",") if name not in _NO_PRIVILEGE)
    return Command(match["synopsis"], tuple(needed))


@writes(commands)
def _write_commands(value: object) -> Spelled:
    named = as_mapping(value, "a mapping of names to structures.Command").items()
    return [(as_text(name), at(name, _write_command, command)) for name, command in named]


def _write_command(command: object) -> str:
    if not isinstance(command, Command):
        raise wrong("a structures.Command", command)
    return f"{command.synopsis} (Priv: {','.join(command.privileges) or '<none>'})"


class PenaltyStep(NamedTuple):
    """A step of a queue rule, which changes the penalty range while a caller waits.

    Attributes:
        after: The waiting time after which it applies.
        max_penalty: The highest penalty of eligible members from then on; with a sign, a relative change.
        min_penalty: The lowest one, in the same form.
    """

    after: timedelta
    max_penalty: str
    min_penalty: str


def penalty_rules(message: Message) -> dict[str, list[PenaltyStep]]:
    """Read the steps of each rule, which follow the rule's name in the message.

    Raises:
        ValueError: A step is malformed, or belongs to no rule.
    """
    rules: dict[str, list[PenaltyStep]] = {}
    steps: list[PenaltyStep] | None = None
    for line in message.raw:
        name, _, value = line.partition(": ")
        if name.lower() == "rulelist":
            steps = rules[value] = []
        elif name.lower() == "rule":
            if steps is None:
                raise ValueError("a Rule header precedes the first RuleList")
            steps.append(_penalty_step(value))
    return rules


def _penalty_step(text: str) -> PenaltyStep:
    after, highest, lowest = text.split(",")
    return PenaltyStep(timedelta(seconds=int(after)), highest, lowest)


@writes(penalty_rules)
def _write_penalty_rules(value: object) -> Spelled:
    headers: Spelled = []
    for name, steps in as_mapping(value, "a mapping of names to lists of structures.PenaltyStep").items():
        headers.append(("RuleList", as_text(name)))
        records = as_records(steps, (PenaltyStep,), "a list of structures.PenaltyStep")
        headers += [
            ("Rule", ",".join((as_duration(step.after, _SECOND), step.max_penalty, step.min_penalty)))
            for step in records
        ]
    return headers


def free_headers(headers: Mapping[str, str | Sequence[str]]) -> Mapping[str, str | Sequence[str]]:
    """Return arbitrary headers; a sequence of values becomes one header per value.

    Raises:
        TypeError: The value is not a mapping of names to text.
        ValueError: The action itself defines a header of that name.
    """
    given = as_mapping(headers, "a mapping of names to text")
    return {_free(name): _text_or_texts(name, value) for name, value in given.items()}


def _free(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"must be a mapping of names to text, but one name is {name_of_type(name)}")
    if name.lower() in _NOT_FREE:
        raise ValueError(f"The action itself defines the header {name}; choose another name.")
    return name


def _text_or_texts(name: object, value: object) -> str | list[str]:
    if isinstance(value, (list, tuple)):
        return [at(name, as_text, each) for each in cast("Sequence[object]", value)]
    return at(name, as_text, value)


class Unit(NamedTuple):
    """A number of charging units.

    Attributes:
        amount: How many; `None` if unknown.
        type: Their type, 1 to 16.
    """

    amount: int | None
    type: int | None = None


def units(given: Sequence[Unit]) -> Mapping[str, str]:
    """Return the headers of units, numbered in order.

    Raises:
        TypeError: The value is not a list of units.
        ValueError: A unit has neither amount nor type, or its type is out of range.
    """
    headers: dict[str, str] = {}
    for number, unit in enumerate(as_records(given, (Unit,), "a list of structures.Unit")):
        if unit.amount is None and unit.type is None:
            raise ValueError("A unit needs an amount, a type, or both.")
        if unit.amount is not None:
            headers[f"UnitAmount({number})"] = within(f"[{number}].amount", as_integer, unit.amount)
        if unit.type is not None:
            headers[f"UnitType({number})"] = kind = within(f"[{number}].type", as_integer, unit.type)
            if not 1 <= int(kind) <= 16:
                raise ValueError(f"The type of a unit must be from 1 to 16, not {kind}.")
    return headers


_UNIT = family_of("Charge/Units(*)/*Of", ".+")


def told_units(message: Message) -> list[Unit]:
    """Read the units charged for a call (main/aoc.c, units_to_json).

    Raises:
        ValueError: An amount or type is not a number.
    """
    told: dict[int, dict[str, int]] = {}
    for name, text in message.items():
        if of_unit := _UNIT.fullmatch(name):
            told.setdefault(int(of_unit[1]), {})[of_unit[2].lower()] = int(text)
    return [Unit(unit.get("number"), unit.get("type")) for _, unit in sorted(told.items())]


@writes(told_units)
def _write_told_units(value: object) -> Spelled:
    headers: Spelled = []
    for number, unit in enumerate(as_records(value, (Unit,), "a list of structures.Unit")):
        told = (("NumberOf", unit.amount), ("TypeOf", unit.type))
        headers += [(f"Charge/Units({number})/{name}", as_integer(each)) for name, each in told if each is not None]
    return headers


class Charge(NamedTuple):
    """The price of one charged item, from the advice of charge at call set-up (AOC-S).

    Attributes:
        item: The charged item, one of `enums.ChargedItem`.
        rate: The kind of rate, one of `enums.RateType`.
        currency: The currency's name, at most 10 characters.
        amount: The amount, before the multiplier is applied.
        multiplier: The multiplier of the amount, one of `enums.CurrencyMultiplier`.
        time: The time covered by the amount, in units of `time_scale`.
        time_scale: The unit of `time`, one of `enums.TimeScale`.
        granularity: The charging step, in units of `granularity_scale`.
        granularity_scale: The unit of `granularity`, one of `enums.TimeScale`.
        charging: Whether time is charged continuously or in steps, one of `enums.ChargingType`.
        volume_unit: The unit of a volume, one of `enums.VolumeUnit`.
        code: The code of a special arrangement or rate.
    """

    item: str
    rate: str
    currency: str | None = None
    amount: int | None = None
    multiplier: str | None = None
    time: int | None = None
    time_scale: str | None = None
    granularity: int | None = None
    granularity_scale: str | None = None
    charging: str | None = None
    volume_unit: str | None = None
    code: int | None = None


_CHARGE = (
    "ChargedItem", "RateType", "CurrencyName", "CurrencyAmount", "CurrencyMultiplier", "Time", "TimeScale",
    "Granularity", "GranularityTimeScale", "ChargingType", "VolumeUnit", "Code",
)  # fmt: skip


def charges(given: Sequence[Charge]) -> Mapping[str, Headers]:
    """Return the headers of charges: consecutive groups, each beginning with the charged item.

    Asterisk reads the unit of a volume from ``TimeScale`` (18.16 to 23.5, main/manager.c, action_aoc_s_submessage), so
    it is sent there too.

    Raises:
        TypeError: The value is not a list of charges, or a part of a charge is neither text nor a number.
        ValueError: A numeric part is not finite.
    """
    records = as_records(given, (Charge,), "a list of structures.Charge")
    headers = Headers(
        (header, within(f"[{number}].{part}", as_text, value))
        for number, charge in enumerate(map(_with_scale, records))
        for header, part, value in zip(_CHARGE, Charge._fields, charge, strict=True)
        if value is not None
    )
    return {_CHARGE[0]: headers} if headers else {}


def _with_scale(charge: Charge) -> Charge:
    return charge if charge.time_scale is not None else charge._replace(time_scale=charge.volume_unit)


_TOLD_CHARGE = re.compile(r"(?:\(null\))?\((\d+)\)/(.+)")
"""A header of AOC-S: a JSON list without a name, which printf calls ``(null)``."""
_NOT_TOLD = {"NotAvailable": "NA"}
_MULTIPLIERS = {
    "1/1000": "OneThousandth",
    "1/100": "OneHundredth",
    "1/10": "OneTenth",
    "1": "One",
    "10": "Ten",
    "100": "Hundred",
    "1000": "Thousand",
}
_SCALES = {
    "0": "OneHundredthSecond",
    "1": "OneTenthSecond",
    "2": "Second",
    "3": "TenSeconds",
    "4": "Minute",
    "5": "Hour",
    "6": "Day",
}
"""The units of time by their numbers in include/asterisk/aoc.h."""


def told_charges(message: Message) -> list[Charge]:
    """Read the price of each item, in the vocabulary of requests (main/aoc.c, s_to_json); unknown words are kept.

    Raises:
        ValueError: A numeric part is not a number.
    """
    told: dict[int, dict[str, str]] = {}
    for name, text in message.items():
        if of_charge := _TOLD_CHARGE.fullmatch(name):
            told.setdefault(int(of_charge[1]), {})[of_charge[2]] = text
    return [_told_charge(parts) for _, parts in sorted(told.items())]


def _told_charge(parts: Mapping[str, str]) -> Charge:
    """Return one charge; the prefix of its parts names the kind of rate."""
    item = parts["Chargeable"]
    rate = next((name.partition("/")[0] for name in parts if name != "Chargeable"), "NA")
    told = {name.partition("/")[2]: text for name, text in parts.items() if text}
    return Charge(
        item=_NOT_TOLD.get(item, item),
        rate=_NOT_TOLD.get(rate, rate),
        currency=told.get("Currency/Name"),
        amount=_number(told.get("Currency/Cost")),
        multiplier=_word(told.get("Currency/Multiplier"), _MULTIPLIERS),
        time=_number(told.get("Time/Length")),
        time_scale=_word(told.get("Time/Scale"), _SCALES),
        granularity=_number(told.get("Granularity/Length")),
        granularity_scale=_word(told.get("Granularity/Scale"), _SCALES),
        charging=told.get("ChargingType"),
        volume_unit=told.get("Unit"),
        code=_number(told.get("SpecialCode")),
    )


@writes(told_charges)
def _write_told_charges(value: object) -> Spelled:
    records = as_records(value, (Charge,), "a list of structures.Charge")
    return [header for number, charge in enumerate(records) for header in _charge_headers(f"(null)({number})", charge)]


def _charge_headers(prefix: str, charge: Charge) -> Spelled:
    """Return the headers of one charge; see `_told_charge`."""
    words = {short: word for word, short in _NOT_TOLD.items()}
    parts = (
        ("Currency/Name", charge.currency),
        ("Currency/Cost", charge.amount),
        ("Currency/Multiplier", _code(charge.multiplier, _MULTIPLIERS)),
        ("Time/Length", charge.time),
        ("Time/Scale", _code(charge.time_scale, _SCALES)),
        ("Granularity/Length", charge.granularity),
        ("Granularity/Scale", _code(charge.granularity_scale, _SCALES)),
        ("ChargingType", charge.charging),
        ("Unit", charge.volume_unit),
        ("SpecialCode", charge.code),
    )
    rate = words.get(charge.rate, charge.rate)
    told = [(f"{prefix}/{rate}/{name}", as_text(each)) for name, each in parts if each is not None]
    return [(f"{prefix}/Chargeable", words.get(charge.item, charge.item)), *told]


def _code(word: str | None, words: Mapping[str, str]) -> str | None:
    return next((code for code, each in words.items() if each == word), word)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _word(text: str | None, words: Mapping[str, str]) -> str | None:
    return None if text is None else words.get(text, text)
