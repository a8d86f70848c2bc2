"""What a request, a response, an event and a list of events are.

Rules of this module:

- A message is a `dict` of its headers as Asterisk sent them. Where a header is repeated, the dict has the first and
  `Message.all` has every one, in order. Header names match without regard to case.
- Text is UTF-8; a byte that is not becomes a lone surrogate (PEP 383) and goes out again as that byte.
- An event or answer keeps its bytes and is parsed when something asks for more than a typed attribute.
- No I/O and no clock: `framing` turns these into bytes and back, `session` relates them to each other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from copy import copy as shallow_copy
from functools import cache
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Never,
    TypeVar,
    cast,
    dataclass_transform,
    overload,
)

from ami_typed._lazy import NamedTuple
from ami_typed._speed import NONE_REPEATED, publish, read, unread
from ami_typed.fields import Always, Processed, Sometimes, processed, typed_headers, zone_of
from ami_typed.releases import Releases
from ami_typed.values import TRUE, Codec, Headers, as_json, epoch, integer, items, mask_trouble, spell, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, tzinfo
    from typing import Self

    from typing_extensions import TypeVar as DefaultTypeVar

    R = DefaultTypeVar("R", default="Message")
else:
    R = TypeVar("R")

__all__ = [
    "EVENT_GENERIC",
    "KEY_ACTION",
    "KEY_ACTIONID",
    "KEY_EVENT",
    "KEY_RESPONSE",
    "RESPONSE_GENERIC",
    "Aggregate",
    "Answer",
    "Event",
    "ListRequest",
    "Message",
    "MessageTemplate",
    "Request",
    "Response",
]

A = TypeVar("A", bound="Aggregate")
E = TypeVar("E", bound="Event")
M = TypeVar("M", bound="Message")
V = TypeVar("V")

KEY_ACTION = "Action"
KEY_ACTIONID = "ActionID"
KEY_EVENT = "Event"
KEY_RESPONSE = "Response"

EVENT_GENERIC = "Generic Event"
"""Stands under `KEY_EVENT` in a message that has neither Event nor Response and belongs to no request."""
RESPONSE_GENERIC = "Generic Response"
"""Stands under `KEY_RESPONSE` in a message that has neither Event nor Response and answers a request."""

_TIMEOUT = 5.0
"""How long to wait for an answer, in seconds."""
_LONGEST_WAIT = 1e7
"""How long an action may say that it takes, in seconds: it is text, and its number goes into sums with times."""

_RAW_TEXT = "Response: Follows"
_RAW_TEXT_HEADERS = ("response", "privilege", "actionid", "message")
_RAW_TEXT_END = "--END COMMAND--"

_SECRETS = frozenset(
    {
        *("secret", "password", "newpassword", "passworddigest", "md5secret", "md5cred"),
        *("remotesecret", "oauthsecret", "refreshtoken", "json"),
    }
)
_SECRETS_OF_ANY_ACTION = _SECRETS | {"key", "value-*", "match-*"}
"""What may be a secret in a request without a class that knows better."""
_NAMED_BY = {"value": "variable", "val": "key"}
"""Headers that hold the value of what another names: a channel variable, an entry of the database."""


@cache
def _telltale() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what the name of a secret looks like, and a text that sets one.

    The text is a variable or a line of a file that sets a secret, a registration with its user's, or a URI with one.
    """
    word = r"(?:secret|password|passwd|passphrase|(?:^|_|admin|vm)pin|token|api_?key|md5_?cred|password_?digest)"
    text = rf"(?:{word}|^register)\s*=>?\s*\S|://[^\s/@:]+:[^\s/@]+@"
    return re.compile(rf"(?<!using){word}$", re.IGNORECASE), re.compile(text, re.IGNORECASE)


def _redacted(headers: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """Return headers as they may be shown: the values of secrets hidden."""
    shown = {name: _shown(name, value, secrets) for name, value in headers.items()}
    folded = {name.lower(): value for name, value in headers.items()}
    for name in shown:
        namer = folded.get(_NAMED_BY.get(name.lower(), ""))
        if isinstance(namer, str) and _telltale()[0].search(namer):
            shown[name] = "***"
    return shown


def _shown(name: str, value: Any, secrets: frozenset[str]) -> Any:
    """Return a header's value as it may be shown, those inside of it one by one."""
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, Any]", value)
        return {each: _shown(str(each), held, secrets) for each, held in inner.items()}
    if isinstance(value, Headers):
        return [(each, _shown(each, held, secrets)) for each, held in value]
    if isinstance(value, (list, tuple)):
        return [_shown(name, held, secrets) for held in cast("Sequence[Any]", value)]
    return "***" if value and _is_secret(name, value, secrets) else value


def _is_secret(name: str, value: Any, secrets: frozenset[str]) -> bool:
    """Tell whether a header is to be hidden: by its name, or by what its text sets."""
    folded = name.lower()
    telling_name, telling_text = _telltale()
    if folded in secrets or folded.rstrip("-0123456789") + "-*" in secrets or telling_name.search(folded):
        return True
    text = value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else value
    return isinstance(text, str) and telling_text.search(text) is not None


def _positional(*, kw_only: bool, default: Any) -> Any:  # noqa: ARG001 - checkers read it
    """Return a descriptor; checkers take it for the default of a parameter that keywords may follow."""
    return default


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(_positional,))
class MessageTemplate:
    """What everything that passes over the connection has in common.

    Checkers take the annotated attributes of its classes for the keywords of their `__init__`.
    """

    __slots__ = ()

    @property
    def action_id(self) -> str | None:
        """The ActionID that relates this to a request, `None` where there is none."""
        raise NotImplementedError


class _AllHeaders:
    """All headers: the message itself, parsed."""

    @overload
    def __get__(self, message: None, owner: type[Message]) -> Self: ...
    @overload
    def __get__(self, message: M, owner: type[Message] | None = None) -> M: ...

    def __get__(self, message: M | None, owner: type[Message] | None = None) -> Self | M:
        if message is None:
            return self
        message._read()
        return message

    if TYPE_CHECKING:  # what the parameter takes

        def __set__(
            self, message: Never, value: Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[str]
        ) -> None: ...


class _DataLines:
    """The lines that carry the message's payload."""

    @overload
    def __get__(self, message: None, owner: type[Message]) -> Self: ...
    @overload
    def __get__(self, message: Message, owner: type[Message] | None = None) -> list[str]: ...

    def __get__(self, message: Message | None, owner: type[Message] | None = None) -> Self | list[str]:
        return self if message is None else message._payload()

    if TYPE_CHECKING:  # what the parameter takes

        def __set__(self, message: Never, value: Iterable[str]) -> None: ...


class Message(dict[str, str], MessageTemplate):
    """One message from Asterisk: a dict of its headers.

    Args:
        headers: The headers, as a mapping or, where names repeat, as pairs; or the lines of a message as they come over
            the wire, with or without their line ends. A message of lines that has neither an ``Event`` nor a
            ``Response`` is given one: `RESPONSE_GENERIC` if it has an ActionID, else `EVENT_GENERIC`.
        data: Lines that are not headers.
        keywords: The typed attributes of the class: ``events.Hangup(channel="SIP/1", cause=16)`` has the headers that
            Asterisk sends for these values, and every other header that Asterisk always sends in such a message.
            `None` stands for no value.

    Raises:
        TypeError: It is made of one text or bytes; `of` reads the bytes of a message. A keyword is no attribute of the
            class, or its value is of another type.
        ValueError: A name or a value has a CR or LF in it, or cannot be sent otherwise.
    """

    __slots__ = ("_data", "_octets", "_repeated", "_unread", "_zone")
    __match_args__ = ()  # patterns name attributes: ``case events.Hangup(cause=cause)``

    secrets: ClassVar[frozenset[str]] = _SECRETS
    """The headers, in lower case, that are never shown; others are hidden by what they or their values look like."""

    _local: ClassVar[bool] = False
    """Whether such a message has local times, so that it is given its server's zone (`_zone`) where that is known."""

    headers: _AllHeaders = _positional(kw_only=False, default=_AllHeaders())
    """All headers: the message itself, parsed."""
    data: _DataLines = _positional(kw_only=False, default=_DataLines())
    """The lines that carry the message's payload.

    The lines that are not headers (a command's output before Asterisk 14, the raw text of a few other answers), or else
    the values of the ``Output`` headers (a command's output since Asterisk 14).
    """

    action_id: Sometimes[str] = Sometimes(KEY_ACTIONID, text)  # pyright: ignore[reportIncompatibleMethodOverride] # reads so
    """The ActionID of the request that this belongs to, `None` where there is none."""

    def __init__(
        self,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[str] = (),
        data: Iterable[str] = (),
        **keywords: Any,
    ) -> None:
        self._octets: bytes
        self._unread: bytes | None
        self._data: list[str]
        self._repeated: dict[str, list[str]]
        self._zone: tzinfo | None
        if isinstance(headers, (str, bytes)):
            raise TypeError(
                f"{type(self).__name__} takes headers, or the lines of a message one by one; for the bytes of a whole "
                f"message write {type(self).__name__}.of(...)."
            )
        given: list[tuple[str, str] | str] = list(
            cast("Mapping[str, str]", headers).items() if isinstance(headers, Mapping) else headers
        )
        of_the_wire = bool(given) and all(isinstance(each, str) for each in given)
        if keywords or not (given or data):
            given, of_the_wire = self._composed(given, keywords), False
        lines = [_without_end(each) if isinstance(each, str) else f"{each[0]}: {each[1]}" for each in given]
        lines = [*(line for line in lines if line or not of_the_wire), *data]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("A header or data line of a message cannot hold a CR or LF.")
        self._octets = self._unread = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        self._read()
        if of_the_wire and KEY_EVENT not in self and KEY_RESPONSE not in self:
            name, value = (KEY_RESPONSE, RESPONSE_GENERIC) if KEY_ACTIONID in self else (KEY_EVENT, EVENT_GENERIC)
            self[name] = value

    @classmethod
    def of(cls, source: bytes | Message) -> Self:
        """Make a message of its bytes without the closing empty line, or see another message as one of this class."""
        message = cls.__new__(cls)
        if isinstance(source, bytes):
            message._octets = message._unread = source
            message._read()
        else:
            message._take_over(source)
        return message

    def _take_over(self, other: Message) -> None:
        """Become a copy of another message, with what the program has changed in it."""
        super().update(other)
        self._octets = other._octets
        self._unread = None
        self._data = list(other._data)
        self._repeated = dict(other._repeated)
        self._zone = zone_of(other)

    @classmethod
    def _opening(cls) -> list[tuple[str, str]]:
        """Return the headers that say what such a message is, without those of its attributes."""
        return []

    @classmethod
    def _nameless(cls) -> str:
        """Say why a message of this class cannot be made of keywords alone."""
        return f"{cls.__name__} needs its headers."

    def _composed(self, given: list[tuple[str, str] | str], keywords: Mapping[str, Any]) -> list[tuple[str, str] | str]:
        """Return the headers of a message made with keywords, and its lines that are none."""
        opening = self._opening()
        if not keywords and not opening:
            return given
        if not opening and not given:
            raise TypeError(self._nameless())
        from ami_typed.keywords import composed  # programs that only listen need none

        texts, data = _headers(
            [_without_end(each) if isinstance(each, str) else f"{each[0]}: {each[1]}" for each in given]
        )
        made = composed(type(self), opening, texts, keywords)
        return [*(header if header[0] else header[1] for header in made), *data]

    def _payload(self) -> list[str]:
        self._read()
        return self._data or self.all("Output")

    def _read(self) -> None:
        """Parse the bytes into the dict, unless that was done."""
        if not read(self):
            self._read_closely()

    def _read_closely(self) -> None:
        """Parse the bytes of a message that has more than plain headers, each once."""
        octets = self._unread
        if octets is None:  # another thread has meanwhile
            return
        lines = self.raw
        headers, data = _raw_text(lines) if lines and _is_raw_text(lines[0]) else _headers(lines)
        first, repeated = dict(headers), NONE_REPEATED
        if len(first) != len(headers):
            values = _all_values(headers)
            first = {name: values[name.lower()][0] for name in first}
            repeated = {name: each for name, each in values.items() if len(each) > 1}
        publish(self, octets, first, data, repeated)

    @property
    def raw(self) -> list[str]:
        """The message as it was received, line by line, without the empty line that ends it."""
        text = self._octets.decode("utf-8", "surrogateescape")
        # A bare LF is part of a value, lest it smuggle headers in; raw text is made of nothing but bare LFs.
        lines = text.split("\r\n") if "\r\n" in text and not _is_raw_text(text) else _split_lines(text)
        if not lines[-1]:
            lines.pop()
        return lines

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order; an empty list where it is absent."""
        folded = name.lower()
        repeated = self._repeated.get(folded)
        if repeated is not None:
            return list(repeated)
        return [value for each, value in super().items() if each.lower() == folded]

    def __bytes__(self) -> bytes:
        """Return the message as it was received, without the empty line that ends it."""
        return self._octets

    def _spelling(self, name: Any) -> Any:
        """Return the spelling that a header stands under, the name itself where it is absent."""
        if not isinstance(name, str) or super().__contains__(name):
            return name
        folded = name.lower()
        for each in super().__iter__():
            if each.lower() == folded:
                return each
        return name

    def __missing__(self, name: str) -> str:
        spelling = self._spelling(name)
        if spelling == name:
            raise KeyError(name)
        return self[spelling]

    if not TYPE_CHECKING:  # dict's own signatures are the ones to show

        def get(self, name, default=None):
            try:
                return self[name]
            except KeyError:
                return default

        def __contains__(self, name):
            return super().__contains__(self._spelling(name))

        def __setitem__(self, name, value):
            name = self._spelling(name)
            self._repeated.pop(name.lower(), None)
            super().__setitem__(name, value)

        def __delitem__(self, name):
            name = self._spelling(name)
            super().__delitem__(name)
            self._repeated.pop(name.lower(), None)

        def pop(self, name, *default):
            name = self._spelling(name)
            value = super().pop(name, *default)
            self._repeated.pop(name.lower(), None)
            return value

        def popitem(self):
            name, value = super().popitem()
            self._repeated.pop(name.lower(), None)
            return name, value

        def clear(self):
            super().clear()
            self._repeated = NONE_REPEATED

        def setdefault(self, name, default=None):
            return super().setdefault(self._spelling(name), default)

        def update(self, *args, **headers):
            for name, value in dict(*args, **headers).items():
                self[name] = value

        def __ior__(self, other):
            self.update(other)
            return self

    def to_dict(self, *, typed: bool = False) -> dict[str, Any]:
        """Return all headers as a plain dict, which every encoder takes for what it is.

        A header that comes several times is the list of its values, every other one its text. Lines that are not
        headers are the list under ``Output``, where Asterisk 14 and later put the same lines.

        Args:
            typed: Whether headers that the class declares have Python values in the place of text: those of
                `Event.process`. The keys are the same either way; what does not decode stays text.
        """
        self._read()
        repeated = self._repeated
        headers: dict[str, Any] = {
            name: self.all(name) if name.lower() in repeated else value for name, value in self.items()
        }
        if typed:
            headers |= typed_headers(self)
        if self._data:
            headers["Output"] = [*self._data, *self.all("Output")]
        return headers

    def to_json(self, *, typed: bool = False) -> str:
        """Return `to_dict` as a JSON object.

        A value that JSON has no type for becomes: a time, text as in ISO 8601; a duration, its seconds; a member of a
        vocabulary, its value on the wire; an address, an object; a number that is none, text.

        Args:
            typed: As in `to_dict`.
        """
        return as_json(self.to_dict(typed=typed))

    def _hides(self, header: str, text: str) -> bool:
        """Return whether a header's text may be a secret, so that it is not shown."""
        return bool(_redacted({**self, header: text}, self.secrets)[header] != text)

    def _unreadable(self, header: str, text: str | None, reason: str) -> Exception:
        """Return the error of a header that is missing (its text is `None`) or does not decode."""
        from ami_typed.errors import FieldError  # whose attribute is a message

        return FieldError(self, header, text, reason)

    def copy(self) -> Self:
        """Return a copy of the same class, with every value of repeated headers."""
        return shallow_copy(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by the bytes and, once they are parsed, by the headers that the program may have changed."""
        parsed = (dict(self), list(self._data), dict(self._repeated)) if self._unread is None else None
        return _restored, (type(self), self._octets, parsed, zone_of(self)), getattr(self, "__dict__", None) or None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_redacted(self, self.secrets)!r})"


_Parsed = tuple[dict[str, str], list[str], dict[str, list[str]]]
"""What is parsed of a message: its headers, its lines that are not headers, the values of those that are repeated."""


def _restored(cls: type[M], octets: bytes, parsed: _Parsed | None, zone: tzinfo | None) -> M:
    message = cls.of(octets) if parsed is None else cls.__new__(cls)
    message._zone = zone
    if parsed is not None:
        message._octets = message._unread = octets
        publish(message, octets, *parsed)
    return message


def _all_values(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return every value of headers, by name in lower case."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    return values


def _without_end(line: str) -> str:
    """Return a line without the CR and LF at its end."""
    return line.rstrip("\r\n")


def _headers(lines: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Part lines into headers and those that are none."""
    headers: list[tuple[str, str]] = []
    data: list[str] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if "(" in name and "): " in line:  # ChanVariable(SIP/[::1]-0001): the name has colons of its own
            name, colon, value = line.partition("): ")
            name, value = name + ")", " " + value
        if colon:
            value = value.removeprefix(" ")
            headers.append((name, value.rstrip("\n") if name.lower() == "message" else value))
        else:
            data.append(line)
    return headers, data


def _is_raw_text(text: str) -> bool:
    return text[: len(_RAW_TEXT)].lower() == _RAW_TEXT.lower()


def _split_lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def _raw_text(lines: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Part an answer whose text follows raw: Asterisk 13's ``Command``, whose lines may well look like headers."""
    expected = list(_RAW_TEXT_HEADERS)
    count = 0
    for line in lines:
        name = line.partition(":")[0].lower()
        if name not in expected:
            break
        expected.remove(name)
        count += 1
    data = lines[count:]
    if data and data[-1].endswith(_RAW_TEXT_END):
        last = data.pop().removesuffix(_RAW_TEXT_END)
        data += [last] if last else []
    return _headers(lines[:count])[0], data


def _reading(name: str) -> Any:
    """Make a method of a message that parses it first, and a message that it is compared with."""
    method = getattr(Message, name)

    def read_all(self: LazyMessage, *args: Any, **kwargs: Any) -> Any:
        self._read()
        for other in args:
            if isinstance(other, LazyMessage):
                other._read()
        return method(self, *args, **kwargs)

    def read_alone(self: LazyMessage) -> Any:
        if not read(self):
            self._read_closely()
        return method(self)

    chosen = read_alone if name in _ALONE else read_all
    chosen.__name__ = name
    chosen.__doc__ = method.__doc__
    return chosen


_ALONE = {"__iter__", "__len__", "__reversed__", "clear", "copy", "items", "keys", "values", "popitem"}
"""The methods that take no argument."""


class LazyMessage(Message):
    """A message that keeps its bytes until something asks for more than a typed attribute."""

    __slots__ = ()

    _first: ClassVar[str]
    """The header that is known of a message before it is parsed."""

    @classmethod
    def of(cls, source: bytes | Message) -> Self:
        """Make a message of its bytes without the closing empty line, or see another message as one of this class."""
        if isinstance(source, LazyMessage):
            octets = source._unread  # asked once: another thread may parse it at any time
            if octets is not None and source._first == cls._first:
                return unread(cls, octets, source[cls._first], zone_of(source))
            source._read()
        return super().of(source)

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order; an empty list where it is absent."""
        self._read()
        return super().all(name)

    def __missing__(self, name: str) -> str:
        if self._unread is None:
            return super().__missing__(name)
        self._read()
        return self[name]

    if not TYPE_CHECKING:  # dict's own signatures are the ones to show
        for _name in (
            *("__contains__", "__eq__", "__ne__", "__iter__", "__len__", "__reversed__", "__or__", "__ror__"),
            *("__ior__", "__setitem__", "__delitem__", "clear", "copy", "items", "keys", "values"),
            *("pop", "popitem", "setdefault", "update"),
        ):
            locals()[_name] = _reading(_name)
        del _name


class _Success:
    """Whether the server did what it was asked for, unless `Request.process_response` has set it."""

    @overload
    def __get__(self, answer: None, owner: type[Answer]) -> Self: ...
    @overload
    def __get__(self, answer: Answer, owner: type[Answer] | None = None) -> bool: ...

    def __get__(self, answer: Answer | None, owner: type[Answer] | None = None) -> Self | bool:
        return self if answer is None else answer[KEY_RESPONSE].lower() != "error"

    if TYPE_CHECKING:  # at run time an attribute of the instance, which hides this one

        def __set__(self, answer: Answer, value: bool) -> None: ...


class Answer(LazyMessage):
    """What Asterisk answers to an action.

    `Request.process_response` may set attributes on it, among them `success`.
    """

    __slots__ = ("__dict__",)

    _first: ClassVar[str] = KEY_RESPONSE

    response: Always[str] = Always(KEY_RESPONSE, text)
    """``Success``, ``Error``, ``Goodbye``, ``Follows`` or ``Pong``, as it came; or `RESPONSE_GENERIC`."""
    success = _Success()
    """Whether the server did what it was asked for; `Request.process_response` may set it."""

    message: Sometimes[str] = Sometimes("Message", text)
    """What the server says about the outcome, in words."""

    @classmethod
    def _opening(cls) -> list[tuple[str, str]]:
        return [(KEY_RESPONSE, "Success")]

    @classmethod
    def of(cls, source: bytes | Message) -> Self:
        """Make an answer of its bytes, or see another one as one of this class; attributes that were set are kept."""
        answer = super().of(source)
        if isinstance(source, Answer) and source.__dict__:
            answer.__dict__.update(source.__dict__)
        return answer


class Defined:
    """The events and lists that programs have described by defining classes for them.

    Attributes:
        version: Changes whenever a class is added, so that what was derived from them can be dropped.
        events: The classes of events, by name on the wire in lower case.
        sorts: For an event whose subclasses are told apart by a header, those, by its value in lower case.
        families: The classes that several events derive from and that are none themselves, by name in lower case.
        aggregates: The classes of lists, by name in lower case.
    """

    def __init__(self) -> None:
        self.version = 0
        self.events: dict[str, type[Event]] = {}
        self.sorts: dict[str, dict[str, type[Event]]] = {}
        self.families: dict[str, type[Event]] = {}
        self.aggregates: dict[str, type[Aggregate]] = {}

    def add(self, cls: type[Event | Aggregate]) -> None:
        """Take in a class; of two for the same name, the later one counts."""
        if issubclass(cls, Aggregate):
            self.aggregates[cls.__name__.lower()] = cls
        elif is_family(cls):
            self.families[cls.__name__.lower()] = cls
        elif sort := sort_of(cls):
            self.sorts.setdefault(event_name(cls).lower(), {})[sort.lower()] = cls
        else:
            self.events[event_name(cls).lower()] = cls
        self.version += 1


DEFINED = Defined()
"""What this process has defined; `registry` looks it up."""


class _Privilege(Sometimes[list[str]]):
    """The classes of an event, which Asterisk sends with all that it does not send in answer to a request."""

    __slots__ = ()

    def unset(self, owner: type[Any]) -> list[tuple[str, str]]:
        """Return the header with the classes that an event is known to be of."""
        return [(self.header, ",".join((*owner.privileges, "all")))] if owner.privileges else []


class Event(LazyMessage):
    """Something that happened in Asterisk, or one item of a list that an action asked for.

    An event that ami-typed has no class for is a plain `Event`, with all its headers. To describe it, define a class
    of its name, or with its name as `wire_name`: from then on every manager delivers it as that class. A class for an
    event that ami-typed knows is used if it derives from ami-typed's class; see also `register`.
    """

    __slots__ = ()

    wire_name: ClassVar[str] = ""
    """The name on the wire where it is not that of the class. A class whose body says ``wire_name = ""`` is a family:
    a base for several events, and no event itself."""
    releases: ClassVar[Releases] = Releases("13-")
    """The releases of Asterisk that send this event."""
    privileges: ClassVar[tuple[str, ...]] = ()
    """The privileges, all of which a user needs to be sent this event unasked; none where it only answers a request."""
    any_header: ClassVar[bool] = False
    """Whether such an event may have any header beside those declared, named by who sends it."""
    named_by: ClassVar[str] = ""
    """The header that tells apart what shares this event's name: each subclass stands for one of its values."""
    _first: ClassVar[str] = KEY_EVENT

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if not cls.__module__.startswith("ami_typed."):
            DEFINED.add(cls)

    privilege: Sometimes[list[str]] = _Privilege("Privilege", items(","))
    """The classes of the event: who may read any of them is sent it."""
    sequence_number: Sometimes[int] = Sometimes("SequenceNumber", integer)
    """The event's number in this server's stream, where it is compiled with debugging aids."""
    timestamp: Sometimes[datetime] = Sometimes("Timestamp", epoch)
    """When the event was sent, with ``timestampevents=yes`` in manager.conf."""
    system_name: Sometimes[str] = Sometimes("SystemName", text)
    """The server's ``systemname`` of asterisk.conf, where it has one."""

    @property
    def event(self) -> str:
        """The event's name, as it came."""
        return self[KEY_EVENT]

    @classmethod
    def _nameless(cls) -> str:
        what = "is a family of events: " if is_family(cls) else "needs the header Event, or "
        return f"{cls.__name__} {what}call the class of {'one of them' if is_family(cls) else 'an event'}."

    @classmethod
    def _opening(cls) -> list[tuple[str, str]]:
        if cls is Event or is_family(cls):
            return []
        sort = sort_of(cls)
        family = _family(cls)
        return [(KEY_EVENT, event_name(cls)), *([] if family is None else [(family.named_by, sort)])]

    def process(self) -> Processed:
        """Return the headers with Python values where their types are known, and the lines that are not headers.

        What does not decode stays text; this never raises.
        """
        return processed(self)


class Waits(NamedTuple):
    """How long the server serves nothing else while it carries an action out.

    Attributes:
        header: The header that says how long, as a number.
        unit: What that number counts, in seconds.
        default: How long it takes where the header is left out, in seconds.
        unless: The header with which it is answered at once.
    """

    header: str
    unit: float
    default: float = 0
    unless: str = ""

    def seconds(self, headers: Mapping[str, Any]) -> float:
        """Return how long a request with these headers takes, in seconds."""
        given = {name.lower(): value for name, value in headers.items() if value is not None}
        if str(given.get(self.unless.lower(), "")).lower() in TRUE:
            return 0
        try:
            said = float(given.get(self.header.lower(), "nan"))
        except (TypeError, ValueError):
            said = math.nan
        return self.default if math.isnan(said) else max(0, min(said * self.unit, _LONGEST_WAIT))


def usual_timeout(knowledge: type[Request[Any]], headers: Mapping[str, Any]) -> float:
    """Return how long to wait for the answer to a request with these headers where no time-out is set, in seconds."""
    return _TIMEOUT if knowledge.waits is None else _TIMEOUT + knowledge.waits.seconds(headers)


class _UsualTimeout:
    """The time-out of a request that has none of its own."""

    def __get__(self, request: Request[Any] | None, owner: type[Any]) -> float:
        return _TIMEOUT if request is None else usual_timeout(owner, request)


class Request(dict[str, Any], Generic[R]):
    """An action for Asterisk: a dict of its headers.

    A value may be text, a number, a bool, an enum member, a mapping (one ``name=value`` header each) or a sequence
    (one header each); `None` leaves the header out.

    Args:
        action: The action's name.
        headers: Its headers.

    Attributes:
        aggregate: Whether the events that the action lists are also gathered into an `Aggregate`, delivered after
            the last of them. It has no effect on an action that lists none.
        synchronous: Whether the events that the action lists are gathered into the response instead of being
            delivered one by one.
        timeout: How long to wait for the answer, and with `synchronous` for the last event, in seconds. Unless it is
            set, it is 5 seconds, beyond the time that the server takes before it answers: for an `Originate` that is
            not ``async_``, the time for which it rings. It is read, and checked, when the request is sent; a timedelta
            is accepted too, though checkers know numbers only.

    Each attribute may be set on a request, or for all requests of a class in the class:

    ```python
    class Queues(ami.Request):
        synchronous = True
        timeout = 17

        def __init__(self, queue: str) -> None:
            super().__init__("QueueStatus", Queue=queue)
    ```

    What ami-typed knows of an action, such as the form of its answer, holds for such a class too.
    """

    __slots__ = ("__dict__",)

    releases: ClassVar[Releases] = Releases("13-")
    """The releases of Asterisk that have this action."""
    privileges: ClassVar[tuple[str, ...]] = ()
    """The privileges, any of which a user needs to send this action; none where every user may."""
    parameter_releases: ClassVar[Mapping[str, str]] = {}
    """The releases that know a parameter, by header, where they are fewer than those of the action."""
    parameter_names: ClassVar[Mapping[str, str]] = {}
    """The parameters that are not called like their header, by header."""
    lists: ClassVar[bool] = False
    """Whether the result of this action is a list of events."""
    list_ends: ClassVar[tuple[str, ...]] = ()
    """The events that close the action's list, beside any that says ``EventList: Complete``."""
    list_announced: ClassVar[bool] = True
    """Whether the answer says ``EventList: start`` when a list follows."""
    list_empty: ClassVar[tuple[str, ...]] = ()
    """What an error says that only means that the list is empty."""
    answers: ClassVar[int] = 1
    """How many answers a success is; the last one counts."""
    answered_by_event: ClassVar[bool] = False
    """Whether the event that closes the list comes without an answer before it."""
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Sets of headers, of each of which a request has exactly one."""
    some_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Sets of headers, of each of which a request has at least one."""
    requires: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Headers that make no sense without others."""
    raw_text: ClassVar[bool] = False
    """Whether the answer is text without any header, not even an ActionID."""
    bare_line_feeds: ClassVar[bool] = False
    """Whether a line of the answer or of its list may end in a bare LF where CR LF is due."""
    empty_lines: ClassVar[int] = 1
    """How many empty lines end the answer, where it is raw text."""
    run_together: ClassVar[bool] = False
    """Whether an item of the list may lack the empty line at its end, so that the next follows in the same message."""
    unmarked: ClassVar[bool] = False
    """Whether the items of the list bear no ActionID."""
    lasts: ClassVar[bool] = False
    """Whether the effect lasts as long as the connection, so that another one needs it again."""
    adds_up: ClassVar[bool] = False
    """Whether a later such request lasts beside this one, instead of in its place."""
    logs_in: ClassVar[bool] = False
    """Whether a success means that the connection is logged in, as the request says."""
    logs_off: ClassVar[bool] = False
    """Whether the server closes the connection because of it."""
    text_follows: ClassVar[Releases | None] = None
    """The releases that answer with ``Response: Follows`` and text that may have empty lines of its own."""
    waits: ClassVar[Waits | None] = None
    """How long the server serves nothing else on this connection while it carries the action out."""
    sets_mask: ClassVar[str] = ""
    """The header that is the connection's event mask from then on."""
    names_events: ClassVar[str] = ""
    """The header that names events, in the criteria of a filter."""
    secrets: ClassVar[frozenset[str]] = _SECRETS
    """The headers, in lower case, that are never shown; with ``-*`` behind for numbered ones."""

    aggregate: bool = False
    synchronous: bool = False
    timeout: float = cast("float", _UsualTimeout())

    if not TYPE_CHECKING:  # `Request["responses.Ping"]` is for checkers; at run time nothing is to be built for it

        def __class_getitem__(cls, result):
            return cls

        def __setattr__(self, name, value):
            if not hasattr(type(self), name) and _takes_no_attributes(type(self)):
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; for a header set request[...].")
            super().__setattr__(name, value)

    def __init__(self, /, action: str, **headers: Any) -> None:
        self[KEY_ACTION] = action
        if headers:
            self.update(headers)

    def _has_own_timeout(self) -> bool:
        """Return whether a time-out was set, for this request or its class."""
        if "timeout" in self.__dict__:
            return True
        found = next(vars(each)["timeout"] for each in type(self).__mro__ if "timeout" in vars(each))
        return not isinstance(found, _UsualTimeout)

    @property
    def action(self) -> str:
        """The action's name.

        Raises:
            ValueError: The request has no ``Action`` header.
        """
        try:
            return str(self[KEY_ACTION])
        except KeyError:
            raise ValueError(
                f"This {type(self).__name__} names no action: set request['Action'], or call super().__init__(action)."
            ) from None

    @property
    def action_id(self) -> str | None:
        """The ActionID that the program chose, `None` where ami-typed is to choose one."""
        for name, value in self.items():
            if name.lower() == "actionid" and value is not None:
                return str(value)
        return None

    def process_response(self, response: Message) -> R:
        """Turn the raw response into the result of this request; this one returns it as it is.

        A class of your own may return anything, and set attributes on an answer. If what it returns has an attribute
        ``success`` that is a bool, that is `Response.success`.
        """
        return cast("R", response)

    @classmethod
    def list_class(cls) -> type[Aggregate]:
        """Return the class that the events of this action are gathered into."""
        return Aggregate

    def lines(self) -> list[tuple[str, str]]:
        """Return the headers as they go out, repeated ones one by one.

        Raises:
            TypeError: A value is of a type that has no one spelling in this protocol.
            ValueError: It is a number that has none.
        """
        lines: list[tuple[str, str]] = []
        for name, value in self.items():
            if type(value) is str:
                lines.append((name, value))
            else:
                try:
                    lines += _lines(name, value)
                except (TypeError, ValueError) as error:
                    raise type(error)(f"{self.action}: {error}.") from None
        return lines

    def _put(self, header: str, value: Any, codec: Codec[Any] = text) -> None:
        """Set a header from a Python value; `None` leaves it out, and so does a `False` that is written as nothing.

        Raises:
            TypeError: The value is of a type that this parameter does not take; says which it takes.
            ValueError: It is one of that type that cannot be sent.
        """
        if value is None:
            return
        if type(value) is str and codec is text:
            self[header] = value
        else:
            try:
                written = codec.encode(value)
                if written or value is not False:
                    self[header] = written
            except (TypeError, ValueError) as error:
                raise type(error)(f"{self.action}: {self._parameter(header)} {error}.") from None

    def _need(self, header: str, value: Any, codec: Codec[Any] = text) -> None:
        """Set a header that the action cannot do without.

        Raises:
            TypeError: There is no value, or one of another type.
            ValueError: The value cannot be sent.
        """
        if value is None:
            raise TypeError(f"{self.action}: {self._parameter(header)} is required; it cannot be None.")
        if type(value) is str and codec is text:
            self[header] = value
        else:
            self._put(header, value, codec)

    def _spread(self, parameter: str, value: V | None, headers: Callable[[V], Mapping[str, Any]]) -> None:
        """Set the headers that one Python value becomes; `None` leaves them out.

        Raises:
            TypeError: The value is of a type that this parameter does not take; says which it takes.
            ValueError: It is one of that type that cannot be sent.
        """
        if value is not None:
            try:
                self.update(headers(value))
            except (TypeError, ValueError) as error:
                said = str(error)
                told = f"{parameter} {said}." if said[:1] == "[" or said[:1].islower() else f"{parameter}: {said}"
                raise type(error)(f"{self.action}: {told}") from None

    def _parameter(self, header: str) -> str:
        """Return the name of the parameter that a header is set from."""
        written = header.replace("-", "").lower()
        inits: Iterable[Any] = (vars(cls).get("__init__") for cls in type(self).__mro__)
        codes = (getattr(init, "__code__", None) for init in inits)
        names = (name for code in codes if code is not None for name in code.co_varnames)
        alike = (name for name in names if name.replace("_", "") == written)
        return self.parameter_names.get(header) or next(alike, header)

    def _check(self) -> None:
        """Refuse headers that do not go together.

        Raises:
            ValueError: One is missing, or there is one too many, or one names no class of events; says which.
        """
        given = {name for name, value in self.items() if value is not None and value != ""}
        for header, others in self.requires.items():
            missing = [name for name in others if name not in given]
            if header in given and missing:
                raise ValueError(f"{self.action} with {header} needs {_listed(missing, 'and')} as well.")
        for headers in self.one_of:
            if len(given.intersection(headers)) != 1:
                raise ValueError(f"{self.action} needs either {_listed(headers, 'or')}, and only one of them.")
        if self.sets_mask and (trouble := mask_trouble(str(self.get(self.sets_mask, "")))) is not None:
            raise ValueError(f"{self.action}: {self._parameter(self.sets_mask)}: {trouble}")
        for headers in self.some_of:
            if not given.intersection(headers):
                raise ValueError(f"{self.action} needs {_listed(headers, 'or')}.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by headers and attributes."""
        return _remade, (type(self), dict(self)), self.__dict__ or None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_redacted(self, _secrets_of(type(self)))!r})"


def _secrets_of(knowledge: type[Request[Any]]) -> frozenset[str]:
    """Return the headers that are never shown; where nothing is known of an action, any that may be a secret."""
    known = knowledge.secrets is not Request.secrets or knowledge.releases is not Request.releases
    return knowledge.secrets if known else _SECRETS_OF_ANY_ACTION


def as_sent(request: Request[Any], octets: bytes) -> Request[Any]:
    """Return a request of the same class and attributes with the headers that it was sent with, but its ActionID."""
    message = Message.of(octets.removesuffix(b"\r\n\r\n"))
    again = _remade(type(request), {name: _one_or_all(message, name) for name in message if name != KEY_ACTIONID})
    again.__dict__.update(request.__dict__)
    return again


def _one_or_all(message: Message, name: str) -> str | list[str]:
    values = message.all(name)
    return values if len(values) > 1 else values[0]


def sent_as(request: Request[Any], octets: bytes, knowledge: type[Request[Any]]) -> str:
    """Show a request as it goes out, every header of it, with its secrets hidden.

    Args:
        request: The request.
        octets: Its bytes.
        knowledge: The class that knows the action.
    """
    message = Message.of(octets.removesuffix(b"\r\n\r\n"))
    headers = {name: _one_or_all(message, name) for name in message}
    return f"{request.action}({_redacted(headers, request.secrets | _secrets_of(knowledge))!r})"


def _lines(name: str, value: Any) -> Iterable[tuple[str, str]]:
    return value if isinstance(value, Headers) else ((name, line) for line in spell(name, value))


def _listed(names: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _remade(cls: type[Request[Any]], headers: dict[str, Any]) -> Request[Any]:
    request = cls.__new__(cls)
    request.update(headers)
    return request


@cache
def _takes_no_attributes(cls: type[Request[Any]]) -> bool:
    """Tell whether every class between this one and `Request` says that it adds none, as ami-typed's own do."""
    return all("__slots__" in base.__dict__ for base in cls.__mro__ if issubclass(base, Request))


class ListRequest(Request[Answer], Generic[A]):
    """An action that Asterisk answers with a list of events; `Manager.execute` returns them as one aggregate."""

    __slots__ = ()

    lists = True

    @classmethod
    def list_class(cls) -> type[A]:
        """Return the class that the events of this action are gathered into."""
        raise NotImplementedError

    def process_response(self, response: Message) -> Answer:
        """Turn the raw response into an answer."""
        return Answer.of(response)


class Response(NamedTuple, Generic[R]):
    """What came of a request.

    Attributes:
        result: The answer as `Request.process_response` made it.
        response: The answer as it came.
        request: The request.
        action_id: The ActionID that the request was sent with.
        success: Whether the server did what it was asked for, or what the result itself says under this name.
        time: The seconds between sending and the answer.
        events: For a synchronous request, its events by class and by name, lists where there may be several; else
            `None`.
        events_timeout: Whether the time ran out before the last event of a synchronous request.
    """

    result: R
    response: Message
    request: Request[Any]
    action_id: str
    success: bool
    time: float
    events: Aggregate | None
    events_timeout: bool


class _RequestID:
    """The ActionID of the request that asked for a list."""

    @overload
    def __get__(self, aggregate: None, owner: type[Aggregate]) -> Self: ...
    @overload
    def __get__(self, aggregate: Aggregate, owner: type[Aggregate] | None = None) -> str: ...

    def __get__(self, aggregate: Aggregate | None, owner: type[Aggregate] | None = None) -> Self | str:
        return self if aggregate is None else aggregate._action_id

    if TYPE_CHECKING:  # what the parameter takes

        def __set__(self, aggregate: Never, value: str) -> None: ...


class Aggregate(dict[Any, Any], MessageTemplate):
    """The events that answer one action, by event class and by name.

    Events that may come several times are a list, others stand by themselves.

    Args:
        action_id: The ActionID of the request.
        parts: The typed attributes of the class: lists of events for what may come several times, one event for what
            closes the list.

    Raises:
        TypeError: A keyword is no attribute of the class, or takes other events.

    Attributes:
        valid: Whether the list is complete: closed by its last event, and as long as that says.
        error_message: What is wrong with it, `None` where nothing is.
        response: The answer that began the list, `None` until it came.
    """

    __slots__ = ("_action_id", "_spellings", "closing", "error_message", "response", "valid")

    releases: ClassVar[Releases] = Releases("13-")
    """The releases of Asterisk that have this list."""
    repeatable: ClassVar[tuple[str, ...]] = ()
    """The events that may come several times: each is a list, empty where none came."""
    counted: ClassVar[bool] = True
    """Whether the last event says how many items there are, rather than some number."""

    action_id: _RequestID = _positional(kw_only=False, default=_RequestID())  # pyright: ignore[reportIncompatibleMethodOverride] # reads so
    """The ActionID of the request that asked for these events."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if not cls.__module__.startswith("ami_typed."):
            DEFINED.add(cls)

    def __init__(self, action_id: str = "", **parts: Any) -> None:
        self.response: Answer | None
        self.closing: Event | None
        self.error_message: str | None
        super().__init__({name: [] for name in self.repeatable})
        self._spellings = {name.lower(): name for name in self.repeatable}
        self._action_id = action_id
        self.valid = True
        self.error_message = None
        self.response = None
        self.closing = None
        if parts:
            from ami_typed.keywords import gathered  # programs that only listen need none

            items, closing = gathered(type(self), parts)
            for event in items:
                self._add(event)
            for event in closing:
                self._close(event)

    @overload
    def all(self, event: type[E], /) -> list[E]: ...
    @overload
    def all(self, event: str, /) -> list[Event]: ...

    def all(self, event: type[Event] | str, /) -> list[Any]:
        """Return every event of a class, or of a name, in order; an empty list if none came."""
        found: Any = self.get(event)
        if isinstance(found, list):
            return list(cast("list[Event]", found))
        return [] if found is None else [found]

    def _add(self, event: Event) -> None:
        name = event[KEY_EVENT]
        items: Any = super().get(name)
        if items is None:
            items = self.setdefault(self._spellings.setdefault(name.lower(), name), [])
        items.append(event)

    def _close(self, event: Event) -> None:
        """Take in the last event, which may be an item as well, and check what it says about the list's length."""
        self.closing = event
        if isinstance(self.get(event.event), list):
            self._add(event)
        else:
            self[event.event] = event
            self._spellings[event.event.lower()] = event.event
        announced = event.get("ListItems")
        count = sum(len(cast("list[Event]", items)) for items in self.values() if isinstance(items, list))
        if self.counted and announced is not None and announced != str(count):
            self._fail(f"{event.event} announces {announced} items, {count} came")

    def _events(self) -> list[Event]:
        """Return all events of the list, kind by kind."""
        kinds = (cast("list[Event]", each) if isinstance(each, list) else [each] for each in self.values())
        return [event for kind in kinds for event in kind]

    def to_dict(self, *, typed: bool = False) -> dict[str, Any]:
        """Return the events as plain dicts, by name: a list where there may be several; see `Message.to_dict`."""

        def as_dicts(events: Event | list[Event]) -> Any:
            return list(map(as_dicts, events)) if isinstance(events, list) else events.to_dict(typed=typed)

        return {name: as_dicts(events) for name, events in self.items()}

    def to_json(self, *, typed: bool = False) -> str:
        """Return `to_dict` as a JSON object; see `Message.to_json`."""
        return as_json(self.to_dict(typed=typed))

    def _fail(self, reason: str) -> None:
        self.valid = False
        self.error_message = reason

    def _key(self, key: object) -> Any:
        """Return the name that a class or a spelling of a name stands under."""
        name = event_name(key) if isinstance(key, type) else key
        if not isinstance(name, str) or super().__contains__(name):
            return name
        folded = name.lower()
        if len(self._spellings) != len(self):  # the program has put something in
            self._spellings = {each.lower(): each for each in self}
        return self._spellings.get(folded, name)

    def __missing__(self, key: object) -> Any:
        name = self._key(key)
        if name == key or not super().__contains__(name):
            raise KeyError(key)
        return self[name]

    if not TYPE_CHECKING:  # dict's own signatures are the ones to show

        def get(self, key, default=None):
            return dict.get(self, self._key(key), default)

        def __contains__(self, key):
            return dict.__contains__(self, self._key(key))


def event_name(cls: type[Any]) -> str:
    """Return the name on the wire of an event class; a class whose name is no identifier there says it."""
    family = _family(cls)
    named = cls if family is None else family
    return getattr(named, "wire_name", None) or named.__name__


def is_family(cls: type[Any]) -> bool:
    """Return whether a class is a base for several events and no event itself."""
    return cls is not Event and vars(cls).get("wire_name") == "" and issubclass(cls, Event)


def sort_of(cls: type[Any]) -> str:
    """Return the value of the header that tells a class of events apart from others of its name, `""` for no such."""
    return "" if _family(cls) is None else vars(cls).get("wire_name") or cls.__name__


def _family(cls: type[Any]) -> type[Any] | None:
    """Return the class of all events that share a name and are told apart by a header, for one of those."""
    return next((base for base in cls.__mro__[1:] if vars(base).get("named_by")), None)
