"""What several headers of a message say together, and headers that one value of a program's becomes.

Rules of this module:

- Reading takes a message and returns a value, or raises `ValueError` where the headers do not go together.
- Writing takes a value and returns headers in the order in which they go out, or raises `ValueError` where Asterisk
  would refuse them, or take them for something else.
- Configuration files have a module of their own, `configuration`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

from ami_typed.arguments import as_integer, as_mapping, as_records, as_text, at, within, wrong
from ami_typed.fields import family_of
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

_COMMAND = re.compile(r"(?P<synopsis>.*?) *\(Priv: (?P<privileges>[^()]*)\)")
_NO_PRIVILEGE = frozenset({"<none>", "all"})  # `all` stands beside every privilege
_OF_EVERY_ANSWER = frozenset({"response", "actionid", "message"})
_NOT_FREE = frozenset({"action", "actionid", "userevent"})


def lines(message: Message) -> list[str]:
    """Return the lines that carry the payload of a message."""
    return message.data


def raw(message: Message) -> list[str]:
    """Return the lines of a message that is text for people, some of which may look like headers."""
    return message.raw


class Command(NamedTuple):
    """An action that a server has.

    Attributes:
        synopsis: A few words of the server's about it.
        privileges: The privileges, any of which a user needs to send it; none where every user may.
    """

    synopsis: str
    privileges: tuple[str, ...]


def commands(message: Message) -> dict[str, Command]:
    """Read the actions of a server: each is a header.

    Raises:
        ValueError: A header does not say which privileges its action needs.
    """
    return {name: _command(text) for name, text in message.items() if name.lower() not in _OF_EVERY_ANSWER}


def _command(text: str) -> Command:
    match = _COMMAND.fullmatch(text)
    if match is None:
        raise ValueError(f"and {text!r} names no privileges")
    needed = (name for name in match["privileges"].split(",") if name not in _NO_PRIVILEGE)
    return Command(match["synopsis"], tuple(needed))


class PenaltyStep(NamedTuple):
    """A step of a rule that changes penalties while a caller waits in a queue.

    Attributes:
        after: How long the caller waits before it.
        max_penalty: The highest penalty that a member may have from then on; with a sign, the change of it.
        min_penalty: The lowest one, written likewise.
    """

    after: timedelta
    max_penalty: str
    min_penalty: str


def penalty_rules(message: Message) -> dict[str, list[PenaltyStep]]:
    """Read the steps of each rule: they follow the rule's name in the message.

    Raises:
        ValueError: A step is of no rule, or is none.
    """
    rules: dict[str, list[PenaltyStep]] = {}
    steps: list[PenaltyStep] | None = None
    for line in message.raw:
        name, _, value = line.partition(": ")
        if name.lower() == "rulelist":
            steps = rules[value] = []
        elif name.lower() == "rule":
            if steps is None:
                raise ValueError("and it is of no rule")
            steps.append(_penalty_step(value))
    return rules


def _penalty_step(text: str) -> PenaltyStep:
    after, highest, lowest = text.split(",")
    return PenaltyStep(timedelta(seconds=int(after)), highest, lowest)


def free_headers(headers: Mapping[str, str | Sequence[str]]) -> Mapping[str, str | Sequence[str]]:
    """Return headers of the program's own making; a sequence is one header each.

    Raises:
        TypeError: It is no mapping of names to text.
        ValueError: The action has such a header already.
    """
    given = as_mapping(headers, "a mapping of names to text")
    return {_free(name): _text_or_texts(name, value) for name, value in given.items()}


def _free(name: object) -> str:
    if not isinstance(name, str):
        raise wrong("a mapping of names to text", name)
    if name.lower() in _NOT_FREE:
        raise ValueError(f"The header {name} is the action's own; it cannot be one of those that are free.")
    return name


def _text_or_texts(name: object, value: object) -> str | list[str]:
    if isinstance(value, (list, tuple)):
        return [at(name, as_text, each) for each in cast("Sequence[object]", value)]
    return at(name, as_text, value)


class Unit(NamedTuple):
    """A number of units that a call costs.

    Attributes:
        amount: How many; `None` where it is not known.
        type: Their type, 1 to 16.
    """

    amount: int | None
    type: int | None = None


def units(given: Sequence[Unit]) -> Mapping[str, str]:
    """Return the headers of units, numbered in their order.

    Raises:
        TypeError: It is no list of units.
        ValueError: Units without amount and type, or of a type that is none.
    """
    headers: dict[str, str] = {}
    for number, unit in enumerate(as_records(given, (Unit,), "a list of structures.Unit")):
        if unit.amount is None and unit.type is None:
            raise ValueError("A unit has an amount, a type, or both.")
        if unit.amount is not None:
            headers[f"UnitAmount({number})"] = within(f"[{number}].amount", as_integer, unit.amount)
        if unit.type is not None:
            headers[f"UnitType({number})"] = kind = within(f"[{number}].type", as_integer, unit.type)
            if not 1 <= int(kind) <= 16:
                raise ValueError(f"The type of a unit is 1 to 16, not {kind}.")
    return headers


_UNIT = family_of("Charge/Units(*)/*Of", ".+")


def told_units(message: Message) -> list[Unit]:
    """Read the units that a call has cost (main/aoc.c, units_to_json).

    Raises:
        ValueError: An amount or a type is no number.
    """
    told: dict[int, dict[str, int]] = {}
    for name, text in message.items():
        if of_unit := _UNIT.fullmatch(name):
            told.setdefault(int(of_unit[1]), {})[of_unit[2].lower()] = int(text)
    return [Unit(unit.get("number"), unit.get("type")) for _, unit in sorted(told.items())]


class Charge(NamedTuple):
    """What one thing costs, as advice of charge says at a call's set-up; the vocabularies are in `enums`.

    Attributes:
        item: What is charged, one of `enums.ChargedItem`.
        rate: How it is charged, one of `enums.RateType`.
        currency: The currency's name, at most 10 letters.
        amount: How much of it, before it is multiplied.
        multiplier: What that amount is multiplied by, one of `enums.CurrencyMultiplier`.
        time: How much time the amount is for, in units of its scale.
        time_scale: The unit of that time, one of `enums.TimeScale`.
        granularity: In what steps time is charged, in units of its scale.
        granularity_scale: The unit of those steps, one of `enums.TimeScale`.
        charging: Whether time is charged continuously or by steps, one of `enums.ChargingType`.
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
    *("ChargedItem", "RateType", "CurrencyName", "CurrencyAmount", "CurrencyMultiplier", "Time", "TimeScale"),
    *("Granularity", "GranularityTimeScale", "ChargingType", "VolumeUnit", "Code"),
)


def charges(given: Sequence[Charge]) -> Mapping[str, Headers]:
    """Return the headers of charges: groups that follow one another, each begun by the charged item.

    Raises:
        TypeError: It is no list of charges, or a part of one is neither text nor a number.
        ValueError: A part of one is a number that is none.
    """
    records = as_records(given, (Charge,), "a list of structures.Charge")
    named = [(name, value) for charge in records for name, value in zip(_CHARGE, charge, strict=True)]
    headers = Headers((name, within(f"{name}:", as_text, value)) for name, value in named if value is not None)
    return {_CHARGE[0]: headers} if headers else {}


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
    """Read what each thing will cost, in the words of requests (main/aoc.c, s_to_json); unknown words stay.

    Raises:
        ValueError: A number is none.
    """
    told: dict[int, dict[str, str]] = {}
    for name, text in message.items():
        if of_charge := _TOLD_CHARGE.fullmatch(name):
            told.setdefault(int(of_charge[1]), {})[of_charge[2]] = text
    return [_told_charge(parts) for _, parts in sorted(told.items())]


def _told_charge(parts: Mapping[str, str]) -> Charge:
    """Return one charge; the kind of its rate is the name that its parts stand under."""
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


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _word(text: str | None, words: Mapping[str, str]) -> str | None:
    return None if text is None else words.get(text, text)
