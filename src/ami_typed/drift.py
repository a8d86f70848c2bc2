"""What servers send that ami-typed does not know: unknown events, unknown headers, values that are not of their type.

Rules of this module:

- Every event without a class is counted. Headers and values are inspected in the first event of each name, and from
  then on in at most one message of a read and one in `INTERVAL` seconds, so that inspection costs next to nothing.
- Inspection never delays a message: an `Inspector` sets messages aside while a read is sorted, and inspects them when
  the shell has delivered everything.
- A report says how many messages were inspected of how many; it never claims to know what was only sampled.
- Nothing grows without bound: `THINGS` are told apart, with `EXAMPLES` texts of `TEXT` characters each.
- No example is a secret: the value of a header or variable that is called like one is hidden.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from ami_typed._lazy import NamedTuple
from ami_typed._speed import unread
from ami_typed.errors import FieldError
from ami_typed.fields import Built, Family, Joined, Repeated, Sometimes, family_of, fields_of
from ami_typed.messages import KEY_ACTION, KEY_ACTIONID, KEY_EVENT, KEY_RESPONSE, Answer, Event, Request
from ami_typed.messages import _is_secret as is_secret
from ami_typed.registry import described_action, event_class
from ami_typed.values import OpenIntEnum, OpenStrEnum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ami_typed.fields import Field
    from ami_typed.messages import Message

__all__ = [
    "Drift",
    "DriftReport",
    "Drifted",
    "Inspector",
    "recorded",
    "undecodable",
    "unknown_headers",
    "unnamed_members",
]

EXAMPLES: Final = 3
"""How many different texts are kept of one thing."""
THINGS: Final = 500
"""How many unknown events, unknown headers and values that are not of their type are told apart."""
TEXT: Final = 200
"""How many characters are kept of one text."""
INTERVAL: Final = 0.1
"""Minimum time between two inspected messages, in seconds."""
LARGE: Final = 1 << 12
"""Answers of this size in bytes or larger are not inspected: a whole configuration takes milliseconds to decode."""

_OF_EVENTS = frozenset({KEY_EVENT.lower(), KEY_ACTIONID.lower(), "file", "line", "func"})
"""What any event may have beside its class's headers; the last three with debugging switched on (manager.c)."""
_OF_ANSWERS = frozenset({KEY_RESPONSE.lower(), KEY_ACTIONID.lower(), "eventlist"})
_CONFIDENTIAL = "(?i)secret|passw|token|credential|private|(?:^|[^a-z])(?:pin|key|auth)"
_EVENT = b"Event: "
_END = b"\r\n\r\n"
_STRIDE = 7919
"""How many bytes further on in a read the next message is looked at; a prime, so that none is left out for ever."""

_Kind = Literal["unknown event", "part", "unknown header", "value"]
"""A part is a header of an unknown event."""


# What is not known of one message


class _Known:
    """The headers that a class of messages knows, without regard to case."""

    def __init__(self, cls: type[Message]) -> None:
        patterns = [each for field in fields_of(cls).values() for each in _patterns(field)]
        self.names = (_OF_EVENTS if issubclass(cls, Event) else _OF_ANSWERS) | {
            pattern.lower() for pattern, _ in patterns if "*" not in pattern
        }
        families = [family_of(pattern, differing).pattern for pattern, differing in patterns if "*" in pattern]
        self.families = re.compile("|".join(families), re.IGNORECASE | re.DOTALL) if families else None
        self.all = issubclass(cls, Event) and cls.any_header

    def __contains__(self, header: str) -> bool:
        folded = header.lower()
        return folded in self.names or self.all or (self.families is not None and bool(self.families.fullmatch(folded)))


def _patterns(field: Field[Any]) -> list[tuple[str, str]]:
    """Return the patterns of the headers that a field reads, each with what its ``*`` stands for."""
    if isinstance(field, Built):  # any header where it reads the message as a whole
        return [(pattern, ".+") for pattern in field.headers or ("*",)]
    return [(field.header, field.differing if isinstance(field, Family) else "")]


_known = functools.cache(_Known)


@functools.cache
def _fields(cls: type[Message]) -> list[tuple[str, Field[Any], str | None]]:
    """Return the attributes of a class, with the header in small letters without which there is nothing to decode."""
    return [
        (attribute, field, field.header.lower() if isinstance(field, Sometimes | Repeated | Joined) else None)
        for attribute, field in fields_of(cls).items()
    ]


def unknown_headers(message: Message) -> Iterator[tuple[str, str]]:
    """Yield the headers of a message that its class does not know, each with its text."""
    known = _known(type(message))
    return ((header, value) for header, value in message.items() if header not in known)


def undecodable(message: Message) -> Iterator[tuple[str, str, str]]:
    """Yield the headers of a message that are not what its class says, each with its text and what is wrong with it."""
    there = {header.lower() for header in message}
    for attribute, field, optional in _fields(type(message)):
        if optional is not None and optional not in there:
            continue
        try:
            value = getattr(message, attribute)
        except FieldError as error:
            yield field.header, error.text or "", error.reason or "there is no such header"
            continue
        except Exception as error:  # noqa: BLE001 - raised by a codec that is not ami-typed's
            yield field.header, message.get(field.header, ""), f"decoding it raises {type(error).__name__}"
            continue
        for member in unnamed_members(value):
            yield field.header, message.get(field.header, ""), f"not a member of {type(member).__name__}"


def unnamed_members(value: Any) -> Iterator[OpenIntEnum | OpenStrEnum]:
    """Yield the members of vocabularies in a decoded value that have no name."""
    if isinstance(value, OpenIntEnum | OpenStrEnum):
        if not value.known:
            yield value
    elif isinstance(value, list | dict):
        held = cast("dict[str, Any] | list[Any]", value)
        for each in held.values() if isinstance(held, dict) else held:
            yield from unnamed_members(each)


# What has been found


class Drifted(NamedTuple):
    """One thing that was not known.

    Attributes:
        table: ``event`` or ``response``.
        message: The name of the event on the wire, or of the class of the answer.
        header: The header; empty where the event as a whole is not known.
        reason: What is wrong with its value; empty where it is not known at all.
        times: How often it was seen: every time for an event, else in the messages that were looked at.
        examples: The first different texts, cut, secrets hidden.
        module: The module that has the message's class, as the overlay calls it; empty where there is none.
        headers: The headers of an event that is not known.
    """

    table: str
    message: str
    header: str
    reason: str
    times: int
    examples: tuple[str, ...]
    module: str
    headers: tuple[Drifted, ...] = ()

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.table, self.message, self.header)))
        told = ", ".join([*map(repr, self.examples), *(each.header for each in self.headers)])
        return f"{what} ({self.times}x){': ' if told else ''}{told}{f' ({self.reason})' if self.reason else ''}"


class DriftReport:
    """What a server sent that ami-typed does not know; false if nothing unknown was found.

    A manager inspects a sample of what it receives, so a false report says no more than that nothing unknown was among
    the messages inspected: compare ``looked_at`` with ``received``.

    Attributes:
        unknown_events: Events that have no class.
        unknown_headers: Headers that the class of their event or answer does not know.
        undecodable: Values that do not decode to the type that their class declares, or that its vocabulary lacks.
        looked_at: How many messages were inspected, header by header.
        received: How many messages the server sent, inspected or not.
        beyond: How often something was not known that is not in here, because too many things are already.
    """

    __slots__ = ("beyond", "looked_at", "received", "undecodable", "unknown_events", "unknown_headers")

    def __init__(
        self,
        unknown_events: Iterable[Drifted],
        unknown_headers: Iterable[Drifted],
        undecodable: Iterable[Drifted],
        looked_at: int,
        beyond: int,
        received: int,
    ) -> None:
        self.unknown_events: Final = tuple(unknown_events)
        self.unknown_headers: Final = tuple(unknown_headers)
        self.undecodable: Final = tuple(undecodable)
        self.looked_at: Final = looked_at
        self.received: Final = received
        self.beyond: Final = beyond

    @property
    def coverage(self) -> str:
        """How many messages were inspected of how many, in words."""
        if not self.received:
            return "Received no messages"
        inspected = "" if self.looked_at >= self.received else f"{self.looked_at} of "
        return f"Inspected {inspected}{self.received} {'message' if self.received == 1 else 'messages'}"

    def __bool__(self) -> bool:
        return bool(self.unknown_events or self.unknown_headers or self.undecodable or self.beyond)

    def __repr__(self) -> str:
        found = len(self.unknown_events), len(self.unknown_headers), len(self.undecodable)
        return "<DriftReport: {} unknown events, {} unknown headers, {} values not of their type>".format(*found)

    def __str__(self) -> str:
        lines = [f"{self.coverage}{'.' if self else '; found nothing unknown.'}"]
        for title, things in (
            ("Unknown events", self.unknown_events),
            ("Unknown headers", self.unknown_headers),
            ("Values that are not of their type", self.undecodable),
        ):
            lines += [f"{title}:", *(f"  {each}" for each in things)] if things else []
        return "\n".join([*lines, f"and {self.beyond} more that were not kept."] if self.beyond else lines)

    def as_overlay(self, seen: str = "on the wire") -> str:
        """Return entries for `spec/overlay/`, in TOML: to paste at the end of the files that their comments name.

        What needs a person's judgement (a wrong type, a header of an answer that has no class yet) is a comment.

        Args:
            seen: Where it was seen, such as ``22.10.1 live``.
        """
        from ami_typed.cli.suggestions import entries

        return entries(self, seen)


class _Seen:
    """How often a thing was seen, and what it looked like."""

    __slots__ = ("examples", "first", "kind", "times")

    def __init__(self, kind: _Kind, first: Drifted) -> None:
        self.kind: _Kind = kind
        self.first = first
        self.times = 0
        self.examples: list[str] = []

    def told(self, headers: tuple[Drifted, ...] = ()) -> Drifted:
        """Return it as it is shown."""
        return self.first._replace(times=self.times, examples=tuple(self.examples), headers=headers)


class Drift:
    """Collects what is not known, over all connections of one manager.

    Attributes:
        due: When the next message may be inspected, by the clock of the caller of `sample`.
    """

    def __init__(self) -> None:
        self.due = 0.0
        self._seen: dict[tuple[_Kind, str, str], _Seen] = {}
        self._looked_at = 0
        self._place = 0
        self._beyond = 0

    def sample(self, block: bytes, now: float) -> None:
        """Inspect one of the messages of a read, each with its empty line, unless one was inspected just before."""
        if now >= self.due:
            self._place += _STRIDE
            before = block.rfind(_END, 0, self._place % len(block))
            start = 0 if before < 0 else before + len(_END)
            end = block.find(_END, start)
            if end > start:  # the last may not be whole yet
                self.first(block[start:end], now)

    def first(self, octets: bytes, now: float) -> None:
        """Look at an event, the first of its name, whenever it comes."""
        if self.look(octets):
            self.due = now + INTERVAL

    def take(self, octets: bytes) -> None:
        """Count an event that has no class, and look at one that has."""
        name = _name_of(octets)
        if name and event_class(name) is Event:
            self.unknown(octets, name)
        else:
            self.look(octets)

    def look(self, octets: bytes) -> bool:
        """Look at an event of a known class; pass over all else, and return whether it was one."""
        name = _name_of(octets)
        cls = event_class(name) if name else Event
        if cls is Event:
            return False
        self._judge("event", name, unread(cls, octets, name))
        return True

    def answered(self, request: Request[Any], answer: Answer, now: float) -> None:
        """Inspect an answer, unless a message was inspected just before."""
        if now >= self.due:
            self.due = now + INTERVAL
            self.look_at_answer(request, answer)

    def look_at_answer(self, request: Request[Any], answer: Answer) -> None:
        """Look at the answer to a request; a refusal is passed over, and the answer to an action without a class."""
        knowledge = described_action(request.action)
        if not answer.success or knowledge is Request:
            return
        try:
            result = knowledge.process_response(request, answer)
        except Exception:  # noqa: BLE001 - raised by a class that is not ami-typed's; its sender sees it
            return
        self._judge("response", request.action if type(result) is Answer else type(result).__name__, result)

    def unknown(self, octets: bytes, name: str) -> None:
        """Count an event that has no class; the first ones are looked at."""
        seen = self._note("unknown event", "event", name, "")
        if seen is not None and seen.times <= EXAMPLES:
            self._looked_at += 1
            for header, value in unknown_headers(unread(Event, octets, name)):
                self._note("part", "event", name, header, value)

    def report(self, received: int) -> DriftReport:
        """Return what has been found so far in the messages received."""
        found = list(self._seen.values())
        parts: dict[str, list[Drifted]] = {}
        for seen in found:
            if seen.kind == "part":
                parts.setdefault(seen.first.message, []).append(seen.told())
        return DriftReport(
            (each.told(tuple(parts.get(each.first.message, ()))) for each in found if each.kind == "unknown event"),
            (each.told() for each in found if each.kind == "unknown header"),
            (each.told() for each in found if each.kind == "value"),
            self._looked_at,
            self._beyond,
            received,
        )

    def _judge(self, table: str, name: str, message: Message) -> None:
        self._looked_at += 1
        module = type(message).__module__.rpartition(".")[2] if type(message) is not Answer else ""
        for header, value in unknown_headers(message):
            self._note("unknown header", table, name, header, value, module=module)
        for header, value, reason in undecodable(message):
            told = "it does not decode" if _is_confidential(header, value) else reason
            self._note("value", table, name, header, value, module=module, reason=told)

    def _note(
        self, kind: _Kind, table: str, message: str, header: str, value: str = "", *, module: str = "", reason: str = ""
    ) -> _Seen | None:
        message, header = _shown(message), _shown(header)
        key = kind, message.lower(), header.lower()
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= THINGS:
                self._beyond += 1
                return None
            seen = self._seen[key] = _Seen(kind, Drifted(table, message, header, _shown(reason), 0, (), module))
        seen.times += 1
        if header and len(seen.examples) < EXAMPLES:
            example = "***" if value and _is_confidential(header, value) else _shown(value)
            if example not in seen.examples:
                seen.examples.append(example)
        return seen


class Inspector:
    """What one connection received and has not inspected yet.

    Args:
        drift: Where to note what is not known.

    Attributes:
        waiting: Whether anything was set aside.
    """

    __slots__ = ("_answer", "_block", "_drift", "_events", "waiting")

    def __init__(self, drift: Drift) -> None:
        self._drift = drift
        self._events: list[tuple[bytes, str]] = []
        self._block = b""
        self._answer: tuple[Request[Any], Answer] | None = None
        self.waiting = False

    def first(self, octets: bytes) -> None:
        """Set aside the first event of a name that has a class."""
        self._events.append((octets, ""))
        self.waiting = True

    def unknown(self, octets: bytes, name: str) -> None:
        """Set aside an event that has no class."""
        self._events.append((octets, name))
        self.waiting = True

    def sample(self, block: bytes, now: float) -> None:
        """Set aside the messages of a read if one of them may be inspected."""
        if now >= self._drift.due:
            self._block = block
            self.waiting = True

    def answered(self, request: Request[Any], answer: Answer, now: float) -> None:
        """Set aside an answer if it may be inspected; a large one never is."""
        if now >= self._drift.due and self._answer is None and len(bytes(answer)) < LARGE:
            self._answer = request, answer
            self.waiting = True

    def inspect(self, now: float) -> None:
        """Inspect what was set aside."""
        events, block, answer = self._events, self._block, self._answer
        self._events, self._block, self._answer, self.waiting = [], b"", None, False
        for octets, unknown in events:
            if unknown:
                self._drift.unknown(octets, unknown)
            else:
                self._drift.first(octets, now)
        if answer is not None:
            self._drift.answered(*answer, now)
        if block:
            self._drift.sample(block, now)


def _name_of(octets: bytes) -> str:
    """Return the name of an event, empty for anything else."""
    line = octets.partition(b"\r\n")[0]
    return line[len(_EVENT) :].decode("utf-8", "surrogateescape").strip() if line.startswith(_EVENT) else ""


def _is_confidential(header: str, value: str) -> bool:
    name = value.partition("=")[0] if "=" in value else ""
    return is_secret(header, value, Request.secrets) or bool(
        re.search(_CONFIDENTIAL, header) or re.search(_CONFIDENTIAL, name)
    )


def _shown(text: str) -> str:
    """Return a text as it can be kept and printed."""
    return _printable(text[:TEXT])


@functools.lru_cache(1024)
def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


# Recorded dialogues


def recorded(octets: bytes) -> DriftReport:
    """Look at every message of a recorded dialogue.

    Args:
        octets: What passed over a connection: what the server said, with or without what the client did. An answer is
            looked at where the request that it answers is there as well. Lines may end in LF alone.
    """
    drift = Drift()
    requests: dict[str, Request[Any]] = {}
    received = 0
    for message in _messages(octets):
        name = _name_of(message)
        answer = Answer.of(message)
        received += bool(name) or KEY_RESPONSE in answer
        if name:
            drift.take(message)
        elif KEY_ACTION in answer:
            requests[answer.action_id or ""] = Request(answer[KEY_ACTION])
        elif KEY_RESPONSE in answer and answer.action_id in requests:
            drift.look_at_answer(requests[answer.action_id], answer)
    return drift.report(received)


def _messages(octets: bytes) -> list[bytes]:
    """Return the messages of a dialogue, the last even if it was cut off, without the greeting."""
    from ami_typed._protocol.framing import Framer
    from ami_typed.limits import Limits  # what only looks at a connection needs neither

    if b"\r\n" not in octets:
        octets = octets.replace(b"\n", b"\r\n")
    greeting, _, rest = octets.partition(b"\r\n")
    framer = Framer(Limits())
    framer.raw = True
    found = framer.feed((octets if b": " in greeting else rest) + _END)
    return [each.lstrip(b"\r\n") for each in (found.split(_END) if isinstance(found, bytes) else found)]
