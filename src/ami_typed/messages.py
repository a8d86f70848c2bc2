"""The messages of the Manager Interface: requests, answers, events and lists of events.

Rules of this module:

- A message is a `dict` of its headers as Asterisk sent them. If a header is repeated, the dict has its first value and
  `Message.all` returns every value, in order. Header names are case-insensitive.
- Text is UTF-8; an invalid byte is decoded to a lone surrogate (PEP 383) and encoded to the same byte again.
- An event or answer keeps its bytes and is parsed on the first access to more than a typed attribute.
- No I/O and no clock: `framing` converts messages to bytes and back, `session` matches answers and events to requests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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

from ami_typed._language.codecs import Codec, Headers, integer, items, spell, text
from ami_typed._language.headers import Always, Processed, Sometimes, processed, typed_headers, zone_of
from ami_typed._language.times import epoch
from ami_typed._lazy import NamedTuple
from ami_typed._speed import NONE_REPEATED, parse, publish, recast
from ami_typed.arguments import about
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, tzinfo
    from typing import Self

    from typing_extensions import TypeVar as DefaultTypeVar

    from ami_typed._language.parsing import Parsed

    R = DefaultTypeVar("R", default="Message")
    R_co = DefaultTypeVar("R_co", default="Message", covariant=True)
else:
    R = TypeVar("R")
    R_co = TypeVar("R_co", covariant=True)

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

A_co = TypeVar("A_co", bound="Aggregate", covariant=True)
E = TypeVar("E", bound="Event")
M = TypeVar("M", bound="Message")
V = TypeVar("V")

KEY_ACTION = "Action"
KEY_ACTIONID = "ActionID"
KEY_EVENT = "Event"
KEY_RESPONSE = "Response"

EVENT_GENERIC = "Generic Event"
"""The value of `KEY_EVENT` in a message that has neither Event nor Response and belongs to no request."""
RESPONSE_GENERIC = "Generic Response"
"""The value of `KEY_RESPONSE` in a message that has neither Event nor Response and answers a request."""

_TIMEOUT = 5.0
"""The default time-out for an answer, in seconds."""
_LONGEST_WAIT = 1e7
"""Upper bound for the duration that an action's header specifies, in seconds: it is arbitrary text from the program,
and its number is added to timestamps."""


SECRETS = frozenset({
    "secret", "password", "newpassword", "passworddigest", "md5secret", "md5cred",
    "remotesecret", "oauthsecret", "refreshtoken", "json",
})  # fmt: skip
"""Headers that hold a secret in any message."""
SECRETS_OF_ANY_ACTION = SECRETS | {"key", "value-*", "match-*"}
"""Headers that may hold a secret in a request whose action has no class that declares them."""


def _positional(*, kw_only: bool, default: Any) -> Any:  # noqa: ARG001 - checkers read it
    """Return a descriptor; type checkers read it as the default of a parameter that may also be positional."""
    return default


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(_positional,))
class MessageTemplate:
    """The base class of messages and of lists of events.

    Type checkers read the annotated attributes of its subclasses as the keyword parameters of their `__init__`.
    """

    __slots__ = ()

    @property
    def action_id(self) -> str | None:
        """The ActionID of the request that this belongs to, `None` if there is none."""
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

    if TYPE_CHECKING:  # the type of the parameter

        def __set__(
            self, message: Never, value: Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[str]
        ) -> None: ...


class _DataLines:
    """The lines of the message's payload."""

    @overload
    def __get__(self, message: None, owner: type[Message]) -> Self: ...
    @overload
    def __get__(self, message: Message, owner: type[Message] | None = None) -> list[str]: ...

    def __get__(self, message: Message | None, owner: type[Message] | None = None) -> Self | list[str]:
        return self if message is None else message._payload()

    if TYPE_CHECKING:  # the type of the parameter

        def __set__(self, message: Never, value: Iterable[str]) -> None: ...


class Message(dict[str, str], MessageTemplate):
    """A message from Asterisk: a dict of its headers.

    Args:
        headers: The headers, as a mapping or, if names repeat, as pairs; or the lines of a message as received, with or
            without line endings. If the lines contain neither ``Event`` nor ``Response``, one is added:
            `RESPONSE_GENERIC` if there is an ActionID, else `EVENT_GENERIC`.
        data: Lines that are not headers.
        keywords: The typed attributes of the class: ``events.Hangup(channel="SIP/1", cause=16)`` has the headers that
            Asterisk sends for these values, and every other header that Asterisk always sends in such a message.
            `None` means no value.

    Raises:
        TypeError: ``headers`` is a single `str` or `bytes` (use `of` to parse the bytes of a message), a keyword is not
            an attribute of the class, or its value has the wrong type.
        ValueError: A name or value contains a CR or LF, or cannot be sent for another reason.
    """

    __slots__ = ("_data", "_octets", "_repeated", "_unread", "_zone")
    __match_args__ = ()  # patterns name attributes: ``case events.Hangup(cause=cause)``

    secrets: ClassVar[frozenset[str]] = SECRETS
    """The headers, in lower case, that are never shown; others are masked if name or value looks like a secret."""

    _local: ClassVar[bool] = False
    """Whether messages of this class contain local times, so that `_zone` is set to the server's time zone if known."""

    headers: _AllHeaders = _positional(kw_only=False, default=_AllHeaders())
    """All headers: the message itself, parsed."""
    data: _DataLines = _positional(kw_only=False, default=_DataLines())
    """The lines of the message's payload.

    These are the lines that are not headers (a command's output before Asterisk 14, the raw text of a few other
    answers), or else the values of the ``Output`` headers (a command's output since Asterisk 14).
    """

    action_id: Sometimes[str] = Sometimes(KEY_ACTIONID, text)  # pyright: ignore[reportIncompatibleMethodOverride] # reads so
    """The ActionID of the request that this belongs to, `None` if there is none."""

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
                f"{type(self).__name__}() takes headers, or a list of lines; to parse the bytes of a message, call "
                f"{type(self).__name__}.of()."
            )
        given: list[tuple[str, str] | str] = list(
            cast("Mapping[str, str]", headers).items() if isinstance(headers, Mapping) else headers
        )
        of_the_wire = bool(given) and all(isinstance(each, str) for each in given)
        if keywords or not (given or data):
            given, of_the_wire = self._composed(given, keywords), False
        lines = [each.rstrip("\r\n") if isinstance(each, str) else f"{each[0]}: {each[1]}" for each in given]
        lines = [*(line for line in lines if line or not of_the_wire), *data]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("A header or data line of a message cannot contain a CR or LF.")
        self._octets = self._unread = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        self._read()
        if of_the_wire and KEY_EVENT not in self and KEY_RESPONSE not in self:
            name, value = (KEY_RESPONSE, RESPONSE_GENERIC) if KEY_ACTIONID in self else (KEY_EVENT, EVENT_GENERIC)
            self[name] = value

    @classmethod
    def of(cls, source: bytes | Message) -> Self:
        """Parse the bytes of a message, without its final empty line, or reinterpret another message as this class."""
        message = cls.__new__(cls)
        if isinstance(source, bytes):
            message._octets = message._unread = source
            message._read()
        else:
            message._take_over(source)
        return message

    def _take_over(self, other: Message) -> None:
        """Copy the contents of another message, including any changes made by the program."""
        super().update(other)
        self._octets = other._octets
        self._unread = None
        self._data = list(other._data)
        self._repeated = dict(other._repeated)
        self._zone = zone_of(other)

    @classmethod
    def _opening(cls) -> list[tuple[str, str]]:
        """Return the headers that identify messages of this class, without those of its attributes."""
        return []

    @classmethod
    def _nameless(cls) -> str:
        """Return the error message for a class whose messages cannot be created from keywords alone."""
        return f"{cls.__name__}() needs headers."

    def _composed(self, given: list[tuple[str, str] | str], keywords: Mapping[str, Any]) -> list[tuple[str, str] | str]:
        """Return the headers of a message created with keywords, and its lines that are not headers."""
        opening = self._opening()
        if not keywords and not opening:
            return given
        if not opening and not given:
            raise TypeError(self._nameless())
        # imported lazily: programs that only receive do not need them
        from ami_typed._language.parsing import split_headers
        from ami_typed.keywords import composed

        texts, data = split_headers(
            [each.rstrip("\r\n") if isinstance(each, str) else f"{each[0]}: {each[1]}" for each in given]
        )
        made = composed(type(self), opening, texts, keywords)
        return [*(header if header[0] else header[1] for header in made), *data]

    def _payload(self) -> list[str]:
        self._read()
        return self._data or self.all("Output")

    def _read(self) -> None:
        """Parse the bytes into the dict, unless already parsed."""
        if not parse(self):
            self._read_closely()

    def _read_closely(self) -> None:
        """Parse the bytes of a message that has more than plain headers without repetition."""
        octets = self._unread
        if octets is None:  # another thread has parsed it meanwhile
            return
        from ami_typed._language.parsing import parsed  # imported lazily, as below: `_speed` parses most messages

        publish(self, octets, *parsed(self.raw))

    @property
    def raw(self) -> list[str]:
        """The lines of the message as received, without its final empty line."""
        from ami_typed._language.parsing import lines_of

        return lines_of(self._octets)

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order; an empty list if it is absent."""
        folded = name.lower()
        repeated = self._repeated.get(folded)
        if repeated is not None:
            return list(repeated)
        return [value for each, value in super().items() if each.lower() == folded]

    def __bytes__(self) -> bytes:
        """Return the bytes of the message as received, without its final empty line."""
        return self._octets

    def _spelling(self, name: Any) -> Any:
        """Return the key under which a header is stored, the given name if it is absent."""
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

    if not TYPE_CHECKING:  # editors and type checkers show dict's signatures

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
        """Return all headers as a plain dict, which any encoder accepts.

        The value of a repeated header is a list, that of any other header its text. Lines that are not headers are
        listed under ``Output``, the header in which Asterisk 14 and later send the same lines.

        Args:
            typed: Whether to decode the headers that the class declares, as `Event.process` does. The keys are the same
                either way; a value that cannot be decoded remains text.
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

        Types without a JSON equivalent are converted: times to ISO 8601 text, durations to seconds, members of a
        vocabulary to their value on the wire, addresses to objects, infinity and NaN to text.

        Args:
            typed: See `to_dict`.
        """
        from ami_typed._language.jsonable import as_json  # imported lazily: rarely needed

        return as_json(self.to_dict(typed=typed))

    def _hides(self, header: str, text: str) -> bool:
        """Return whether a header's text may be a secret and must not be shown."""
        from ami_typed._language.redaction import redacted  # imported lazily, as below: only display needs it

        return bool(redacted({**self, header: text}, self.secrets)[header] != text)

    def _unreadable(self, header: str, text: str | None, reason: str) -> Exception:
        """Return the `FieldError` for a header that is missing (``text`` is `None`) or cannot be decoded."""
        from ami_typed.errors import FieldError  # imported here because its attributes are messages

        return FieldError(self, header, text, reason)

    def copy(self) -> Self:
        """Return a copy of the same class, including every value of repeated headers."""
        import copy  # imported lazily: rarely needed

        return copy.copy(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy the bytes and, once parsed, the headers, which the program may have changed."""
        parsed = (dict(self), list(self._data), dict(self._repeated)) if self._unread is None else None
        return _restored, (type(self), self._octets, parsed, zone_of(self)), getattr(self, "__dict__", None) or None

    def __repr__(self) -> str:
        from ami_typed._language.redaction import redacted

        return f"{type(self).__name__}({redacted(self, self.secrets)!r})"


def _restored(cls: type[M], octets: bytes, parsed: Parsed | None, zone: tzinfo | None) -> M:
    message = cls.of(octets) if parsed is None else cls.__new__(cls)
    message._zone = zone
    if parsed is not None:
        message._octets = message._unread = octets
        publish(message, octets, *parsed)
    return message


class LazyMessage(Message):
    """A message that is parsed on the first access to more than a typed attribute."""

    __slots__ = ()

    _first: ClassVar[str]
    """The header whose value is known before the message is parsed."""

    @classmethod
    def of(cls, source: bytes | Message) -> Self:
        """Parse the bytes of a message, without its final empty line, or reinterpret another message as this class."""
        if isinstance(source, LazyMessage):
            again = recast(cls, source)
            if again is not None:
                return again
            source._read()
        return super().of(source)

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order; an empty list if it is absent."""
        self._read()
        return super().all(name)

    def __missing__(self, name: str) -> str:
        if self._unread is None:
            return super().__missing__(name)
        self._read()
        return self[name]


def _named_as(method: Any, reading: Any) -> Any:
    reading.__name__ = method.__name__
    reading.__doc__ = method.__doc__
    return reading


def _reading_itself(method: Callable[[Any], Any]) -> Any:
    """Wrap a method without arguments so that it first parses its message."""

    def reading(self: LazyMessage) -> Any:
        if not parse(self):
            self._read_closely()
        return method(self)

    return _named_as(method, reading)


def _reading_both(method: Callable[..., Any]) -> Any:
    """Wrap a method so that it first parses its message and any message passed to it."""

    def reading(self: LazyMessage, *args: Any, **kwargs: Any) -> Any:
        self._read()
        for other in args:
            if isinstance(other, LazyMessage):
                other._read()
        return method(self, *args, **kwargs)

    return _named_as(method, reading)


_ALONE = (
    "__iter__", "__len__", "__reversed__", "clear", "copy", "items", "keys", "values", "popitem",
)  # fmt: skip
_WITH_OTHERS = (
    "__contains__", "__eq__", "__ne__", "__or__", "__ror__", "__ior__", "__setitem__", "__delitem__", "pop",
    "setdefault", "update",
)  # fmt: skip
for _name in _ALONE:
    setattr(LazyMessage, _name, _reading_itself(getattr(Message, _name)))
for _name in _WITH_OTHERS:
    setattr(LazyMessage, _name, _reading_both(getattr(Message, _name)))


class _Success:
    """Whether the server reported success, unless `Request.process_response` has set it."""

    @overload
    def __get__(self, answer: None, owner: type[Answer]) -> Self: ...
    @overload
    def __get__(self, answer: Answer, owner: type[Answer] | None = None) -> bool: ...

    def __get__(self, answer: Answer | None, owner: type[Answer] | None = None) -> Self | bool:
        return self if answer is None else answer[KEY_RESPONSE].lower() != "error"

    if TYPE_CHECKING:  # at run time an instance attribute, which hides this one

        def __set__(self, answer: Answer, value: bool) -> None: ...


class Answer(LazyMessage):
    """The answer to an action.

    `Request.process_response` may set attributes on it, including `success`.
    """

    __slots__ = ("__dict__",)

    _first: ClassVar[str] = KEY_RESPONSE

    response: Always[str] = Always(KEY_RESPONSE, text)
    """``Success``, ``Error``, ``Goodbye``, ``Follows`` or ``Pong``, unmodified; or `RESPONSE_GENERIC`."""
    success = _Success()
    """Whether the server reported success; `Request.process_response` may set it."""

    message: Sometimes[str] = Sometimes("Message", text)
    """The server's description of the outcome."""

    @classmethod
    def _opening(cls) -> list[tuple[str, str]]:
        return [(KEY_RESPONSE, "Success")]

    @classmethod
    def of(cls, source: bytes | Message) -> Self:
        """Parse the bytes of an answer, or reinterpret another answer as this class, keeping attributes set on it."""
        if not isinstance(source, Answer):
            return super().of(source)
        answer = recast(cls, source)
        if answer is None:
            answer = super().of(source)
        if source.__dict__:
            answer.__dict__.update(source.__dict__)
        return answer


class Defined:
    """The event and list classes that programs have defined.

    Attributes:
        version: Changes whenever a class is added, to invalidate caches.
        events: The classes of events, by name on the wire in lower case.
        sorts: For events that a header divides into subclasses, these subclasses, by the header's value in lower case.
        families: The base classes of several events that are not events themselves, by name in lower case.
        aggregates: The classes of lists, by name in lower case.
    """

    def __init__(self) -> None:
        self.version = 0
        self.events: dict[str, type[Event]] = {}
        self.sorts: dict[str, dict[str, type[Event]]] = {}
        self.families: dict[str, type[Event]] = {}
        self.aggregates: dict[str, type[Aggregate]] = {}

    def add(self, cls: type[Event | Aggregate]) -> None:
        """Add a class, replacing any earlier class for the same name."""
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
"""The classes defined in this process; used by `registry`."""


class _Privilege(Sometimes[list[str]]):
    """The classes of an event, which Asterisk sends with every event that does not belong to an answer."""

    __slots__ = ()

    def unset(self, owner: type[Any]) -> list[tuple[str, str]]:
        """Return the header with the documented classes of the event."""
        return [(self.header, ",".join((*owner.privileges, "all")))] if owner.privileges else []


class Event(LazyMessage):
    """An event in Asterisk, or an item of the list that answers an action.

    An event without a class in ami-typed is a plain `Event` with all its headers. To describe it, define a subclass
    with its name, or with its name as `wire_name`: every manager then delivers the event as this class. A class for an
    event that ami-typed already defines is used if it derives from ami-typed's class; see also `register`.
    """

    __slots__ = ()

    wire_name: ClassVar[str] = ""
    """The name on the wire, if it differs from the class name. A class that sets ``wire_name = ""`` in its body is a
    family: a base class of several events, not an event itself."""
    releases: ClassVar[Releases] = Releases("13-")
    """The releases of Asterisk that send this event."""
    privileges: ClassVar[tuple[str, ...]] = ()
    """The privileges, all of which a user needs to receive this event; empty if it is only part of an answer."""
    former_privileges: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The releases with other privileges, each with these."""
    modules: ClassVar[tuple[str, ...]] = ()
    """The modules of Asterisk, one of which must be loaded for the event to be sent; empty if the core suffices."""
    turned_on_by: ClassVar[tuple[tuple[str, str, str, str, str], ...]] = ()
    """The settings that must all be on: the file, section and option, its default, and whether it is a ``flag`` or a
    ``list``, which must not be empty."""
    occasion: ClassVar[str] = ""
    """What else has to be set up for the event to be sent, in a sentence; empty if nothing."""
    any_header: ClassVar[bool] = False
    """Whether the event may have arbitrary other headers, named by its sender."""
    named_by: ClassVar[str] = ""
    """The header that distinguishes events that share this name: each subclass represents one of its values."""
    _first: ClassVar[str] = KEY_EVENT

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if not cls.__module__.startswith("ami_typed."):
            DEFINED.add(cls)

    privilege: Sometimes[list[str]] = _Privilege("Privilege", items(","))
    """The event classes; a user needs the privileges of all of them to receive it (manager.c, process_events)."""
    sequence_number: Sometimes[int] = Sometimes("SequenceNumber", integer)
    """The event's sequence number on this server, if Asterisk is compiled with debugging aids."""
    timestamp: Sometimes[datetime] = Sometimes("Timestamp", epoch)
    """When the event was sent; requires ``timestampevents=yes`` in manager.conf."""
    system_name: Sometimes[str] = Sometimes("SystemName", text)
    """The server's ``systemname`` from asterisk.conf, if set."""

    @property
    def event(self) -> str:
        """The event's name, as received."""
        return self[KEY_EVENT]

    @classmethod
    def _nameless(cls) -> str:
        if is_family(cls):
            return f"{cls.__name__} is a family of events; call the class of one of them."
        return f"{cls.__name__}() needs the header Event; or call the class of an event, such as events.Hangup()."

    @classmethod
    def _opening(cls) -> list[tuple[str, str]]:
        if cls is Event or is_family(cls):
            return []
        sort = sort_of(cls)
        family = _family(cls)
        return [(KEY_EVENT, event_name(cls)), *([] if family is None else [(family.named_by, sort)])]

    def process(self) -> Processed:
        """Return the headers, decoded if their types are known, and the lines that are not headers.

        A value that cannot be decoded remains text; this method never raises.
        """
        return processed(self)


class Waits(NamedTuple):
    """Duration of an action that blocks the connection: the server serves nothing else until it has answered.

    Attributes:
        header: The header that specifies the duration, as a number.
        unit: The unit of that number, in seconds.
        default: The duration if the header is omitted, in seconds.
        unless: The header with which the action is answered immediately.
    """

    header: str
    unit: float
    default: float = 0
    unless: str = ""

    def seconds(self, headers: Mapping[str, Any]) -> float:
        """Return the time for which a request with these headers blocks the connection, in seconds."""
        given = {name.lower(): value for name, value in headers.items() if value is not None}
        from ami_typed._language.masks import TRUE  # imported lazily: few actions need it

        if str(given.get(self.unless.lower(), "")).lower() in TRUE:
            return 0
        try:
            said = float(given.get(self.header.lower(), "nan"))
        except (TypeError, ValueError):
            said = math.nan
        return self.default if math.isnan(said) else max(0, min(said * self.unit, _LONGEST_WAIT))


def usual_timeout(knowledge: type[Request[Any]], headers: Mapping[str, Any]) -> float:
    """Return the default time-out for a request with these headers, in seconds."""
    return _TIMEOUT if knowledge.waits is None else _TIMEOUT + knowledge.waits.seconds(headers)


class _UsualTimeout:
    """The default time-out of a request that blocks the connection for a time; that of others is a number."""

    def __get__(self, request: Request[Any] | None, owner: type[Any]) -> float:
        if request is None or Request.timeout != _TIMEOUT:
            return Request.timeout
        return usual_timeout(owner, request)


class Request(dict[str, Any], Generic[R_co]):
    """An action for Asterisk: a dict of its headers.

    A value may be text, a number, a bool, an enum member, a mapping (one ``name=value`` header per entry) or a sequence
    (one header per item); `None` omits the header.

    Args:
        action: The action's name.
        headers: Its headers.

    Attributes:
        aggregate: Whether to also collect the events of the action's list into an `Aggregate`, delivered after the
            last event. Has no effect on an action that does not answer with a list.
        synchronous: Whether to collect the events of the action's list into the response instead of delivering them
            one by one.
        timeout: Maximum time to wait for the answer and, with `synchronous`, for the last event, in seconds. Defaults
            to 5 seconds plus the time for which the action blocks the connection: for an `Originate` that is not
            ``async_``, the time for which it rings. The value is read and validated when the request is sent. A
            timedelta is accepted at run time, although the declared type is a number.

    Each attribute can be set on a request or, for all requests of a class, in the class body:

    ```python
    class Queues(ami.Request):
        synchronous = True
        timeout = 17

        def __init__(self, queue: str) -> None:
            super().__init__("QueueStatus", Queue=queue)
    ```

    What ami-typed knows about the action, such as the form of its answer, also applies to such a class.
    """

    __slots__ = ("__dict__",)

    releases: ClassVar[Releases] = Releases("13-")
    """The releases of Asterisk that have this action."""
    privileges: ClassVar[tuple[str, ...]] = ()
    """The privileges, any of which allows a user to send this action; empty if every user may send it."""
    former_privileges: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The releases with other privileges, each with these."""
    modules: ClassVar[tuple[str, ...]] = ()
    """The modules of Asterisk, one of which must be loaded for the action to exist; empty if the core suffices."""
    parameter_releases: ClassVar[Mapping[str, str]] = {}
    """The releases that support a parameter, by header, if they are fewer than those of the action."""
    parameter_names: ClassVar[Mapping[str, str]] = {}
    """The parameters whose names differ from their header, by header."""
    lists: ClassVar[bool] = False
    """Whether the result of this action is a list of events."""
    list_ends: ClassVar[tuple[str, ...]] = ()
    """The events that end the action's list, in addition to any event with ``EventList: Complete``."""
    list_announced: ClassVar[bool] = True
    """Whether the answer announces a list with ``EventList: start``."""
    list_empty: ClassVar[tuple[str, ...]] = ()
    """Error messages that only mean that the list is empty."""
    answers: ClassVar[int] = 1
    """The number of answers on success; the last one is the result."""
    answered_by_event: ClassVar[bool] = False
    """Whether the list is sent without a preceding answer."""
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Sets of headers; a request must have exactly one header of each set."""
    some_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Sets of headers; a request must have at least one header of each set."""
    requires: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Headers that are valid only together with others."""
    raw_text: ClassVar[bool] = False
    """Whether the answer is text without any header, not even an ActionID."""
    bare_line_feeds: ClassVar[bool] = False
    """Whether a line of the answer or of its list may end in a bare LF instead of CR LF."""
    empty_lines: ClassVar[int] = 1
    """The number of empty lines that end a raw-text answer."""
    run_together: ClassVar[bool] = False
    """Whether an item of the list may lack its final empty line, so that the next item follows in the same message."""
    unmarked: ClassVar[bool] = False
    """Whether the items of the list lack an ActionID."""
    lasts: ClassVar[bool] = False
    """Whether the effect lasts for the lifetime of the connection and must be restored after reconnecting."""
    adds_up: ClassVar[bool] = False
    """Whether a later request of this kind adds to the effect instead of replacing it."""
    logs_in: ClassVar[bool] = False
    """Whether success logs the connection in, as specified by the request."""
    logs_off: ClassVar[bool] = False
    """Whether the action makes the server close the connection."""
    text_follows: ClassVar[Releases | None] = None
    """The releases that answer with ``Response: Follows`` and text that may contain empty lines."""
    waits: ClassVar[Waits | None] = None
    """How long the action blocks the connection, if it does."""
    sets_mask: ClassVar[str] = ""
    """The header that sets the connection's event mask."""
    names_events: ClassVar[str] = ""
    """The header that names events, in the criteria of a filter."""
    secrets: ClassVar[frozenset[str]] = SECRETS
    """The headers, in lower case, that are never shown; a ``-*`` suffix stands for a number."""

    aggregate: bool = False
    synchronous: bool = False
    timeout: float = _TIMEOUT

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if vars(cls).get("waits") is not None and "timeout" not in vars(cls):
            cls.timeout = cast("float", _UsualTimeout())

    if not TYPE_CHECKING:  # `Request["responses.Ping"]` is for type checkers; at run time it creates nothing

        def __class_getitem__(cls, result):
            return cls

        def __setattr__(self, name, value):
            if not hasattr(type(self), name) and _takes_no_attributes(type(self)):
                raise AttributeError(
                    f"{type(self).__name__} has no attribute {name!r}; to set a header, write request[...] = ..."
                )
            super().__setattr__(name, value)

    def __init__(self, /, action: str, **headers: Any) -> None:
        self[KEY_ACTION] = action
        if headers:
            self.update(headers)

    def _has_own_timeout(self) -> bool:
        """Return whether a time-out is set on this request or in its class."""
        if "timeout" in self.__dict__ or Request.timeout != _TIMEOUT:
            return True
        found = next(each for each in type(self).__mro__ if "timeout" in vars(each))
        return found is not Request and not isinstance(vars(found)["timeout"], _UsualTimeout)

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
                f"This {type(self).__name__} has no action: set request['Action'], or call super().__init__(action)."
            ) from None

    @property
    def action_id(self) -> str | None:
        """The ActionID set by the program, `None` to let ami-typed choose one."""
        for name, value in self.items():
            if name.lower() == "actionid" and value is not None:
                return str(value)
        return None

    def process_response(self, response: Message) -> R_co:
        """Convert the raw response to the result of this request. The default returns it unmodified.

        A subclass may return any object, and may set attributes on an answer. If the result has a ``success`` attribute
        that is a bool, it becomes `Response.success`.
        """
        return cast("R_co", response)

    @classmethod
    def list_class(cls) -> type[Aggregate]:
        """Return the class into which the events of this action are collected."""
        return Aggregate

    def lines(self) -> list[tuple[str, str]]:
        """Return the headers as they are sent, with an entry for each value of a repeated header.

        Raises:
            TypeError: A value has a type without an unambiguous spelling in this protocol.
            ValueError: A value is a number that cannot be sent, such as NaN.
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
        """Set a header from a Python value. `None` omits it, as does a `False` that is encoded as empty text.

        Raises:
            TypeError: The parameter does not accept a value of this type; the message says which types it accepts.
            ValueError: The value has a valid type but cannot be sent.
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
                raise type(error)(f"{self.action}: {about(self._parameter(header), error)}.") from None

    def _need(self, header: str, value: Any, codec: Codec[Any] = text) -> None:
        """Set a required header.

        Raises:
            TypeError: The value is `None` or has the wrong type.
            ValueError: The value cannot be sent.
        """
        if value is None:
            raise TypeError(f"{self.action}: {self._parameter(header)} is required and cannot be None.")
        if type(value) is str and codec is text:
            self[header] = value
        else:
            self._put(header, value, codec)

    def _spread(self, parameter: str, value: V | None, headers: Callable[[V], Mapping[str, Any]]) -> None:
        """Set the headers that one Python value is encoded to; `None` omits them.

        Raises:
            TypeError: The parameter does not accept a value of this type; the message says which types it accepts.
            ValueError: The value has a valid type but cannot be sent.
        """
        if value is not None:
            try:
                self.update(headers(value))
            except (TypeError, ValueError) as error:
                said = str(error)
                told = f"{parameter}: {said}" if said.endswith(".") else f"{about(parameter, said)}."
                raise type(error)(f"{self.action}: {told}") from None

    def _parameter(self, header: str) -> str:
        """Return the name of the parameter that sets a header."""
        written = header.replace("-", "").lower()
        inits: Iterable[Any] = (vars(cls).get("__init__") for cls in type(self).__mro__)
        codes = (getattr(init, "__code__", None) for init in inits)
        names = (name for code in codes if code is not None for name in code.co_varnames)
        alike = (name for name in names if name.replace("_", "") == written)
        return self.parameter_names.get(header) or next(alike, header)

    def _check(self) -> None:
        """Reject invalid combinations of headers.

        Raises:
            ValueError: A header is missing, excludes another one, or names an unknown class of events.
        """
        given = {name for name, value in self.items() if value is not None and value != ""}
        for header, others in self.requires.items():
            missing = [name for name in others if name not in given]
            if header in given and missing:
                raise ValueError(f"{self.action} with {header} also needs {_listed(missing, 'and')}.")
        for headers in self.one_of:
            if len(given.intersection(headers)) != 1:
                raise ValueError(f"{self.action} needs exactly one of {_listed(headers, 'and')}.")
        if self.sets_mask:
            self._check_mask()
        for headers in self.some_of:
            if not given.intersection(headers):
                raise ValueError(f"{self.action} needs {_listed(headers, 'or')}.")

    def _check_mask(self) -> None:
        """Reject an event mask that names an unknown class of events; raise `ValueError`."""
        from ami_typed._language.masks import mask_trouble

        trouble = mask_trouble(str(self.get(self.sets_mask, "")))
        if trouble is not None:
            raise ValueError(f"{self.action}: {self._parameter(self.sets_mask)}: {trouble}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy the headers and attributes."""
        return _remade, (type(self), dict(self)), self.__dict__ or None

    def __repr__(self) -> str:
        from ami_typed._language.redaction import redacted

        return f"{type(self).__name__}({redacted(self, _secrets_of(type(self)))!r})"


def _secrets_of(knowledge: type[Request[Any]]) -> frozenset[str]:
    """Return the headers that are never shown; for an action without a class, all that may hold a secret."""
    known = knowledge.secrets is not Request.secrets or knowledge.releases is not Request.releases
    return knowledge.secrets if known else SECRETS_OF_ANY_ACTION


def as_sent(request: Request[Any], octets: bytes) -> Request[Any]:
    """Return a request with the same class and attributes and the headers as sent, without the ActionID."""
    message = Message.of(octets.removesuffix(b"\r\n\r\n"))
    again = _remade(type(request), {name: _one_or_all(message, name) for name in message if name != KEY_ACTIONID})
    again.__dict__.update(request.__dict__)
    return again


def _one_or_all(message: Message, name: str) -> str | list[str]:
    values = message.all(name)
    return values if len(values) > 1 else values[0]


def sent_as(request: Request[Any], octets: bytes, knowledge: type[Request[Any]]) -> str:
    """Return a printable form of a request as it is sent, with all headers and with secrets masked.

    Args:
        request: The request.
        octets: Its bytes.
        knowledge: The class that describes the action.
    """
    from ami_typed._language.redaction import redacted

    message = Message.of(octets.removesuffix(b"\r\n\r\n"))
    headers = {name: _one_or_all(message, name) for name in message}
    return f"{request.action}({redacted(headers, request.secrets | _secrets_of(knowledge))!r})"


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
    """Return whether every class from this one to `Request` defines `__slots__`, as ami-typed's own classes do."""
    return all("__slots__" in base.__dict__ for base in cls.__mro__ if issubclass(base, Request))


class ListRequest(Request[Answer], Generic[A_co]):
    """An action that Asterisk answers with a list of events; `Manager.execute` returns the list as an aggregate."""

    __slots__ = ()

    lists = True

    @classmethod
    def list_class(cls) -> type[A_co]:
        """Return the class into which the events of this action are collected."""
        raise NotImplementedError

    def process_response(self, response: Message) -> Answer:
        """Convert the raw response to an answer."""
        return Answer.of(response)


class Response(NamedTuple, Generic[R_co]):
    """The outcome of a request.

    Attributes:
        result: The answer as converted by `Request.process_response`.
        response: The unmodified answer.
        request: The request.
        action_id: The ActionID with which the request was sent.
        success: Whether the server reported success; a ``success`` attribute of the result takes precedence.
        time: The time from sending the request to receiving the answer, in seconds.
        events: For a synchronous request, its events by class and by name, as a list for events that may occur several
            times; else `None`.
        events_timeout: Whether a synchronous request timed out before its last event.
    """

    result: R_co
    response: Message
    request: Request[Any]
    action_id: str
    success: bool
    time: float
    events: Aggregate | None
    events_timeout: bool


class _RequestID:
    """The ActionID of the request that is answered by a list."""

    @overload
    def __get__(self, aggregate: None, owner: type[Aggregate]) -> Self: ...
    @overload
    def __get__(self, aggregate: Aggregate, owner: type[Aggregate] | None = None) -> str: ...

    def __get__(self, aggregate: Aggregate | None, owner: type[Aggregate] | None = None) -> Self | str:
        return self if aggregate is None else aggregate._action_id

    if TYPE_CHECKING:  # the type of the parameter

        def __set__(self, aggregate: Never, value: str) -> None: ...


class Aggregate(dict[Any, Any], MessageTemplate):
    """The list of events that answers an action, by event class and by name.

    The value is a list for events that may occur several times, and a single event for the others.

    Args:
        action_id: The ActionID of the request.
        parts: The typed attributes of the class: lists for events that may occur several times, a single event for the
            one that ends the list. If that one announces no items, as it does by default, the list has a copy of it
            with the number of items.

    Raises:
        TypeError: A keyword is not an attribute of the class, or its value contains other events.

    Attributes:
        valid: Whether the list is complete: it was ended by its last event and has the length announced there.
        error_message: Why the list is not valid, `None` if it is valid.
        response: The answer that began the list, `None` if it has not been received.
    """

    __slots__ = ("_action_id", "_spellings", "closing", "error_message", "response", "valid")

    releases: ClassVar[Releases] = Releases("13-")
    """The releases of Asterisk that have this list."""
    repeatable: ClassVar[tuple[str, ...]] = ()
    """The events that may occur several times: the value of each is a list, empty if there were none."""
    counted: ClassVar[bool] = True
    """Whether the number in the last event is the number of items."""

    action_id: _RequestID = _positional(kw_only=False, default=_RequestID())  # pyright: ignore[reportIncompatibleMethodOverride] # reads so
    """The ActionID of the request that is answered by these events."""

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
            from ami_typed.keywords import gathered  # imported lazily: programs that only receive do not need it

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
        """Return every event of a class, or of a name, in order; an empty list if there are none."""
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
        """Add the last event, which may also be an item, and check the length that it announces."""
        self.closing = event
        if isinstance(self.get(event.event), list):
            self._add(event)
        else:
            self[event.event] = event
            self._spellings[event.event.lower()] = event.event
        announced = event.get("ListItems")
        count = sum(len(cast("list[Event]", items)) for items in self.values() if isinstance(items, list))
        if self.counted and announced is not None and announced != str(count):
            self._fail(f"{event.event} announced {announced} items, but {count} arrived")

    def _events(self) -> list[Event]:
        """Return all events of the list, grouped by name."""
        kinds = (cast("list[Event]", each) if isinstance(each, list) else [each] for each in self.values())
        return [event for kind in kinds for event in kind]

    def to_dict(self, *, typed: bool = False) -> dict[str, Any]:
        """Return the events as plain dicts, by name, as lists if there may be several; see `Message.to_dict`."""

        def as_dicts(events: Event | list[Event]) -> Any:
            return list(map(as_dicts, events)) if isinstance(events, list) else events.to_dict(typed=typed)

        return {name: as_dicts(events) for name, events in self.items()}

    def to_json(self, *, typed: bool = False) -> str:
        """Return `to_dict` as a JSON object; see `Message.to_json`."""
        from ami_typed._language.jsonable import as_json  # imported lazily: rarely needed

        return as_json(self.to_dict(typed=typed))

    def _fail(self, reason: str) -> None:
        self.valid = False
        self.error_message = reason

    def _key(self, key: object) -> Any:
        """Return the key for an event class, or for a name in any case."""
        name = event_name(key) if isinstance(key, type) else key
        if not isinstance(name, str) or super().__contains__(name):
            return name
        folded = name.lower()
        if len(self._spellings) != len(self):  # the program has changed the dict
            self._spellings = {each.lower(): each for each in self}
        return self._spellings.get(folded, name)

    def __missing__(self, key: object) -> Any:
        name = self._key(key)
        if name == key or not super().__contains__(name):
            raise KeyError(key)
        return self[name]

    if not TYPE_CHECKING:  # editors and type checkers show dict's signatures

        def get(self, key, default=None):
            return dict.get(self, self._key(key), default)

        def __contains__(self, key):
            return dict.__contains__(self, self._key(key))


def event_name(cls: type[Any]) -> str:
    """Return the name of an event class on the wire: its `wire_name` if set, else the class name."""
    family = _family(cls)
    named = cls if family is None else family
    return getattr(named, "wire_name", None) or named.__name__


def is_family(cls: type[Any]) -> bool:
    """Return whether a class is a family: a base class of several events, not an event itself."""
    return cls is not Event and vars(cls).get("wire_name") == "" and issubclass(cls, Event)


def sort_of(cls: type[Any]) -> str:
    """Return the header value that distinguishes a class from others that share its event name, `""` if none does."""
    return "" if _family(cls) is None else vars(cls).get("wire_name") or cls.__name__


def _family(cls: type[Any]) -> type[Any] | None:
    """Return the common base of the classes that share an event's name, distinguished by a header, if there is one."""
    return next((base for base in cls.__mro__[1:] if vars(base).get("named_by")), None)
