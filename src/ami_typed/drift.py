"""Drift: what servers send that ami-typed does not define, as unknown events, unknown headers and undecodable values.

Rules of this module:

- Every event without a class is counted. Headers and values are inspected in the first event of each name, and from
  then on in at most one message per read and one per `INTERVAL` seconds, so that inspection costs next to nothing.
- Inspection never delays a message: an `Inspector` sets messages aside while a read is processed, and inspects them
  after the shell has delivered everything.
- A report states how many of the received messages were inspected; it claims nothing about the others.
- Memory is bounded: `THINGS` entries are kept, with `EXAMPLES` texts of `TEXT` characters each.
- No example contains a secret: the value of a header or variable whose name suggests a secret is masked.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from ami_typed._language.redaction import is_secret
from ami_typed._lazy import NamedTuple
from ami_typed._speed import make_message
from ami_typed.errors import FieldError
from ami_typed.fields import Built, Family, Joined, Repeated, Sometimes, family_of, fields_of
from ami_typed.messages import KEY_ACTION, KEY_ACTIONID, KEY_EVENT, KEY_RESPONSE, Answer, Event, Request
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
"""Maximum number of different texts kept per entry."""
THINGS: Final = 500
"""Maximum number of entries: unknown events, unknown headers and undecodable values."""
TEXT: Final = 200
"""Maximum number of characters kept of one text."""
INTERVAL: Final = 0.1
"""Minimum time between two inspected messages, in seconds."""
LARGE: Final = 1 << 12
"""Answers of this size in bytes or larger are not inspected: a whole configuration takes milliseconds to decode."""

_OF_EVENTS = frozenset({KEY_EVENT.lower(), KEY_ACTIONID.lower(), "file", "line", "func"})
"""Headers that any event may have in addition to those of its class; the last three with debugging on (manager.c)."""
_OF_ANSWERS = frozenset({KEY_RESPONSE.lower(), KEY_ACTIONID.lower(), "eventlist"})
_CONFIDENTIAL = "(?i)secret|passw|token|credential|private|(?:^|[^a-z])(?:pin|key|auth)"
_EVENT = b"Event: "
_END = b"\r\n\r\n"
_STRIDE = 7919
"""Step between the byte positions in reads at which messages are sampled; a prime, so that no message is always
skipped."""

_Kind = Literal["unknown event", "part", "unknown header", "value"]
"""A part is a header of an unknown event."""


# Drift in one message


class _Known:
    """The headers that a message class defines, case-insensitive."""

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
    """Return the patterns of the headers that a field reads, each with a regular expression for its ``*``."""
    if isinstance(field, Built):  # any header, if it reads the message as a whole
        return [(pattern, ".+") for pattern in field.headers or ("*",)]
    return [(field.header, field.differing if isinstance(field, Family) else "")]


_known = functools.cache(_Known)


@functools.cache
def _fields(cls: type[Message]) -> list[tuple[str, Field[Any], str | None]]:
    """Return the attributes of a class, with the header in lower case if the attribute is optional."""
    return [
        (attribute, field, field.header.lower() if isinstance(field, Sometimes | Repeated | Joined) else None)
        for attribute, field in fields_of(cls).items()
    ]


def unknown_headers(message: Message) -> Iterator[tuple[str, str]]:
    """Yield the headers of a message that its class does not define, each with its text."""
    known = _known(type(message))
    return ((header, value) for header, value in message.items() if header not in known)


def undecodable(message: Message) -> Iterator[tuple[str, str, str]]:
    """Yield the headers that do not match the declaration in the message's class, each with its text and the reason."""
    there = {header.lower() for header in message}
    for attribute, field, optional in _fields(type(message)):
        if optional is not None and optional not in there:
            continue
        try:
            value = getattr(message, attribute)
        except FieldError as error:
            yield field.header, error.text or "", error.reason or "the header is missing"
            continue
        except Exception as error:  # noqa: BLE001 - raised by a codec of the program
            yield field.header, message.get(field.header, ""), f"decoding it raises {type(error).__name__}"
            continue
        for member in unnamed_members(value):
            yield field.header, message.get(field.header, ""), f"not a member of {type(member).__name__}"


def unnamed_members(value: Any) -> Iterator[OpenIntEnum | OpenStrEnum]:
    """Yield the unknown members of vocabularies in a decoded value."""
    if isinstance(value, OpenIntEnum | OpenStrEnum):
        if not value.known:
            yield value
    elif isinstance(value, list | dict):
        held = cast("dict[str, Any] | list[Any]", value)
        for each in held.values() if isinstance(held, dict) else held:
            yield from unnamed_members(each)


# Findings


class Drifted(NamedTuple):
    """An unknown event, an unknown header, or an undecodable value.

    Attributes:
        table: ``event`` or ``response``.
        message: The name of the event on the wire, or of the class of the answer.
        header: The header; empty for an unknown event.
        reason: Why its value cannot be decoded; empty for an unknown event or header.
        times: How often it was seen: for an event, in all messages, else in the inspected messages.
        examples: The first different texts, truncated, with secrets masked.
        module: The module of the message's class, as named in the overlay; empty if there is none.
        headers: The headers of an unknown event.
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
    """What a server sent that ami-typed does not define; false if nothing unknown was found.

    A manager inspects a sample of the received messages, so a false report only means that the inspected messages
    contained nothing unknown: compare ``looked_at`` with ``received``.

    Attributes:
        unknown_events: Events without a class.
        unknown_headers: Headers that the class of their event or answer does not define.
        undecodable: Values that cannot be decoded to their declared type, or that are not in their vocabulary.
        looked_at: The number of messages whose headers were inspected.
        received: The number of messages that the server sent, inspected or not.
        beyond: The number of occurrences that were not recorded because the report is full.
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
        """The number of inspected and of received messages, in words."""
        if not self.received:
            return "Received no messages"
        inspected = "" if self.looked_at >= self.received else f"{self.looked_at} of "
        return f"Inspected {inspected}{self.received} {'message' if self.received == 1 else 'messages'}"

    def __bool__(self) -> bool:
        return bool(self.unknown_events or self.unknown_headers or self.undecodable or self.beyond)

    def __repr__(self) -> str:
        found = len(self.unknown_events), len(self.unknown_headers), len(self.undecodable)
        return "<DriftReport: {} unknown events, {} unknown headers, {} undecodable values>".format(*found)

    def __str__(self) -> str:
        lines = [f"{self.coverage}{'.' if self else '; found nothing unknown.'}"]
        for title, things in (
            ("Unknown events", self.unknown_events),
            ("Unknown headers", self.unknown_headers),
            ("Undecodable values", self.undecodable),
        ):
            lines += [f"{title}:", *(f"  {each}" for each in things)] if things else []
        return "\n".join([*lines, f"and {self.beyond} more, not recorded."] if self.beyond else lines)

    def as_overlay(self, seen: str = "on the wire") -> str:
        """Return entries for `spec/overlay/`, in TOML, to append to the files named in their comments.

        Findings that require a decision (a wrong type, a header of an answer without a class) are comments.

        Args:
            seen: Where the findings were made, such as ``22.10.1 live``.
        """
        from ami_typed.cli.suggestions import entries

        return entries(self, seen)


class _Seen:
    """An entry that is being counted, with its example texts."""

    __slots__ = ("examples", "first", "kind", "times")

    def __init__(self, kind: _Kind, first: Drifted) -> None:
        self.kind: _Kind = kind
        self.first = first
        self.times = 0
        self.examples: list[str] = []

    def told(self, headers: tuple[Drifted, ...] = ()) -> Drifted:
        """Return the entry for a report."""
        return self.first._replace(times=self.times, examples=tuple(self.examples), headers=headers)


class Drift:
    """Collects drift over all connections of one manager.

    Attributes:
        due: When the next message may be inspected, on the clock of the caller of `sample`.
    """

    def __init__(self) -> None:
        self.due = 0.0
        self._seen: dict[tuple[_Kind, str, str], _Seen] = {}
        self._looked_at = 0
        self._place = 0
        self._beyond = 0

    def sample(self, block: bytes, now: float) -> None:
        """Inspect one message of a read, unless another one was inspected less than `INTERVAL` seconds ago."""
        if now >= self.due:
            self._place += _STRIDE
            before = block.rfind(_END, 0, self._place % len(block))
            start = 0 if before < 0 else before + len(_END)
            end = block.find(_END, start)
            if end > start:  # the last message may be incomplete
                self.first(block[start:end], now)

    def first(self, octets: bytes, now: float) -> None:
        """Inspect the first event of its name, regardless of `due`."""
        if self.look(octets):
            self.due = now + INTERVAL

    def take(self, octets: bytes) -> None:
        """Count an event without a class; inspect one with a class."""
        name = _name_of(octets)
        if name and event_class(name) is Event:
            self.unknown(octets, name)
        else:
            self.look(octets)

    def look(self, octets: bytes) -> bool:
        """Inspect an event with a class. Return whether the message was one; ignore any other message."""
        name = _name_of(octets)
        cls = event_class(name) if name else Event
        if cls is Event:
            return False
        self._judge("event", name, make_message(cls, octets, name))
        return True

    def answered(self, request: Request[Any], answer: Answer, now: float) -> None:
        """Inspect an answer, unless a message was inspected less than `INTERVAL` seconds ago."""
        if now >= self.due:
            self.due = now + INTERVAL
            self.look_at_answer(request, answer)

    def look_at_answer(self, request: Request[Any], answer: Answer) -> None:
        """Inspect the answer to a request; ignore errors and answers to actions without a class."""
        knowledge = described_action(request.action)
        if not answer.success or knowledge is Request:
            return
        try:
            result = knowledge.process_response(request, answer)
        except Exception:  # noqa: BLE001 - raised by a class of the program; the sender of the request sees it
            return
        self._judge("response", request.action if type(result) is Answer else type(result).__name__, result)

    def unknown(self, octets: bytes, name: str) -> None:
        """Count an event without a class; inspect the first ones."""
        seen = self._note("unknown event", "event", name, "")
        if seen is not None and seen.times <= EXAMPLES:
            self._looked_at += 1
            for header, value in unknown_headers(make_message(Event, octets, name)):
                self._note("part", "event", name, header, value)

    def report(self, received: int) -> DriftReport:
        """Return the findings so far, given the number of received messages."""
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
            told = "it cannot be decoded" if _is_confidential(header, value) else reason
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
    """Messages of one connection that are set aside for inspection.

    Args:
        drift: The collector for the findings.

    Attributes:
        waiting: Whether any messages are set aside.
    """

    __slots__ = ("_answer", "_block", "_drift", "_events", "waiting")

    def __init__(self, drift: Drift) -> None:
        self._drift = drift
        self._events: list[tuple[bytes, str]] = []
        self._block = b""
        self._answer: tuple[Request[Any], Answer] | None = None
        self.waiting = False

    def first(self, octets: bytes) -> None:
        """Set aside the first event of a name with a class."""
        self._events.append((octets, ""))
        self.waiting = True

    def unknown(self, octets: bytes, name: str) -> None:
        """Set aside an event without a class."""
        self._events.append((octets, name))
        self.waiting = True

    def sample(self, block: bytes, now: float) -> None:
        """Set aside the messages of a read if an inspection is due."""
        if now >= self._drift.due:
            self._block = block
            self.waiting = True

    def answered(self, request: Request[Any], answer: Answer, now: float) -> None:
        """Set aside an answer if an inspection is due; large answers are never inspected."""
        if now >= self._drift.due and self._answer is None and len(bytes(answer)) < LARGE:
            self._answer = request, answer
            self.waiting = True

    def inspect(self, now: float) -> None:
        """Inspect the messages that are set aside."""
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
    """Return the name of an event, an empty string for any other message."""
    line = octets.partition(b"\r\n")[0]
    return line[len(_EVENT) :].decode("utf-8", "surrogateescape").strip() if line.startswith(_EVENT) else ""


def _is_confidential(header: str, value: str) -> bool:
    name = value.partition("=")[0] if "=" in value else ""
    return is_secret(header, value, Request.secrets) or bool(
        re.search(_CONFIDENTIAL, header) or re.search(_CONFIDENTIAL, name)
    )


def _shown(text: str) -> str:
    """Return a text truncated and with unprintable characters replaced."""
    return _printable(text[:TEXT])


@functools.lru_cache(1024)
def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


# Recorded dialogues


def recorded(octets: bytes) -> DriftReport:
    """Inspect every message of a recorded dialogue.

    Args:
        octets: The data received from the server, with or without the data sent by the client. An answer is inspected
            if its request is included. Lines may end in a bare LF.
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
    """Return the messages of a dialogue without the greeting, including a truncated last message."""
    from ami_typed._protocol.framing import Framer
    from ami_typed.limits import Limits  # imported lazily: inspecting a live connection needs neither

    if b"\r\n" not in octets:
        octets = octets.replace(b"\n", b"\r\n")
    greeting, _, rest = octets.partition(b"\r\n")
    framer = Framer(Limits())
    framer.expect(None, raw=True)
    found = framer.feed((octets if b": " in greeting else rest) + _END)
    return [each.lstrip(b"\r\n") for each in (found.split(_END) if isinstance(found, bytes) else found)]
