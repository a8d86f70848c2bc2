"""The targets: each takes any bytes and raises `AssertionError`, or what it should not, where something does not hold."""

from __future__ import annotations

import collections
import contextlib
import copy
import importlib
import itertools
import json
import pickle
import re
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import ami_typed as ami
from ami_typed import catalogue, registry
from ami_typed._delivery.subscriptions import Handlers
from ami_typed._protocol.framing import Framer
from ami_typed._protocol.session import Session
from ami_typed._speed import make_message
from ami_typed._speed import plain as _plain
from ami_typed.fields import Built, Joined, Numbered, Repeated, Variables, VariablesByName, fields_of
from ami_typed.limits import Limits
from ami_typed.messages import Answer, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ami_typed._protocol.session import Received
    from ami_typed.exchanges import Exchange
    from ami_typed.fields import Field

    Target = Callable[[bytes], None]


class Cut(NamedTuple):
    """What the bytes of a target stand for.

    Attributes:
        flags: Eight choices.
        pieces: A stream, in the pieces in which it comes.
    """

    flags: int
    pieces: list[bytes]

    @property
    def stream(self) -> bytes:
        return b"".join(self.pieces)

    @classmethod
    def of(cls, data: bytes) -> Cut:
        """Read the choices, how long the pieces are, and the stream."""
        flags, count = (*data[:2], 0, 0)[:2]
        sizes = data[2 : 2 + count % 8]
        return cls(flags, list(cls._pieces(data[2 + count % 8 :], sizes)))

    @staticmethod
    def _pieces(stream: bytes, sizes: bytes) -> Iterator[bytes]:
        place = turn = 0
        while place < len(stream):
            size = sizes[turn % len(sizes)] + 1 if sizes else len(stream)
            yield stream[place : place + size]
            place += size
            turn += 1


# The framing


def messages_in(stream: bytes, *, bare: bool) -> list[bytes]:
    """Cut a stream into messages line by line, as the protocol has it and with no thought of speed."""
    end = re.compile(rb"\r?\n\r?\n" if bare else rb"\r\n\r\n")
    raw = re.compile(rb"Response: Follows(?!%b)\r\n" % end.pattern)
    messages: list[bytes] = []
    empty = re.compile(rb"(?:\r?\n)+" if bare else rb"(?:\r\n)+")
    while stream:
        if line_ends := empty.match(stream):
            stream = stream[line_ends.end() :]
            continue
        found = _end_of_raw_text(stream) if raw.match(stream) else end.search(stream)
        if found is None:
            break
        messages.append(stream[: found.start()])
        stream = stream[found.end() :]
    return messages


def _end_of_raw_text(stream: bytes) -> re.Match[bytes] | None:
    mark = stream.find(b"--END COMMAND--")
    return None if mark < 0 else re.compile(rb"\r\n\r\n").search(stream, mark)


def _is_bare(lines: bytes) -> bool:
    """Say that every message may end in bare LFs."""
    return True


def framing(data: bytes) -> None:
    """However a stream is cut, it is the messages that a simple model finds in it; nothing is lost at its end."""
    flags, pieces = cut = Cut.of(data)
    framer = Framer(Limits())
    bare = bool(flags & 1)
    framer.expect(_is_bare if bare else None, raw=True)
    found = [octets for piece in pieces for octets in _each(framer.feed(piece))]
    assert _solid(found) == _solid(messages_in(cut.stream, bare=bare))


def _each(messages: bytes | Iterator[bytes]) -> list[bytes]:
    return messages.split(b"\r\n\r\n")[:-1] if isinstance(messages, bytes) else list(messages)


def _solid(messages: list[bytes]) -> list[bytes]:
    """Leave out empty lines between messages, and the line feeds that end the last line of one."""
    return [solid for octets in messages if (solid := octets.strip(b"\r\n"))]


# The conversation

TIGHT = Limits(line=60, message=200, headers=4, pending=10)


def _aggregate(request: ami.Request[Any]) -> ami.Request[Any]:
    request.aggregate = True
    return request


def _synchronous(request: ami.Request[Any]) -> ami.Request[Any]:
    request.synchronous = True
    return request


def _raw_text() -> ami.Request[Any]:
    found = next(cls for name in catalogue.ACTIONS if (cls := registry.action_class(name)).raw_text)
    return ami.Request(found.__name__)


KINDS: dict[str, Callable[[], ami.Request[Any]]] = {
    "1": lambda: ami.Request("Ping"),
    "2": lambda: ami.actions.Command(command="x"),
    "3": ami.actions.CoreShowChannels,
    "4": lambda: _aggregate(ami.actions.QueueStatus()),
    "5": lambda: _synchronous(ami.Request("Status")),
    "6": _raw_text,
    "7": lambda: _aggregate(ami.actions.CoreShowChannelMap(channel="x")),
}
"""What is waited for while the bytes come, by ActionID; the last two change where messages end."""


class Conversation:
    """A session with requests of every kind on their way, and somebody who wants all that comes."""

    def __init__(self, limits: Limits, *, bare: bool) -> None:
        self.handlers = Handlers()
        for key in ("", None, ami.Aggregate):
            self.handlers.register(key, print)
        self.session = Session(self.handlers, token="t", limits=limits)
        self.session.greet(b"Asterisk Call Manager/9.0.0\r\n")
        kinds = KINDS if bare else dict(list(KINDS.items())[:5])
        self.exchanges: list[Exchange[Any]] = [
            self.session.open(kind(), 0, action_id, synchronous=None) for action_id, kind in kinds.items()
        ]
        self.delivered: list[Any] = []
        self.settled: list[str] = []

    def hear(self, pieces: list[bytes]) -> None:
        """Take in pieces; the only trouble there may be is one with the limits."""
        try:
            for number, piece in enumerate(pieces):
                self._note(self.session.receive(piece, number))
        except ami.ProtocolError as error:
            self._note(self.session.close(error))

    def end(self) -> None:
        self._note(self.session.expire(1e9))
        self._note(self.session.close(ami.ConnectionLost("it ended")))

    def _note(self, received: Received) -> None:
        self.delivered += received.deliveries
        self.settled += [exchange.action_id for exchange in received.settled]


def conversation(data: bytes) -> None:
    """Whatever a server sends, a session takes it, settles each request once, and delivers what can be read."""
    flags, pieces = Cut.of(data)
    spoken = Conversation(TIGHT if flags & 1 else Limits(), bare=bool(flags & 2))
    spoken.hear(pieces)
    spoken.end()
    assert sorted(spoken.settled) == sorted(exchange.action_id for exchange in spoken.exchanges)
    assert spoken.session.pending == 0
    for exchange in spoken.exchanges:
        with contextlib.suppress(ami.Error):
            exchange.result()
    for message in spoken.delivered:
        if isinstance(message, ami.Aggregate):
            repr(message)
        else:
            look_at(message)


def reading(data: bytes) -> None:
    """What is delivered does not depend on how the bytes were cut."""
    _, pieces = cut = Cut.of(data)
    once, piecewise = (Conversation(Limits(), bare=False) for _ in range(2))
    once.hear([cut.stream])
    piecewise.hear(pieces)
    assert once.settled == piecewise.settled
    assert [type(each) for each in once.delivered] == [type(each) for each in piecewise.delivered]
    assert once.delivered == piecewise.delivered


def greeting(data: bytes) -> None:
    """Whatever answers at a port, it is Asterisk or is told apart from it."""
    session = Session(Handlers(), token="t")
    try:
        for piece in Cut.of(data).pieces:
            if session.greeting is None:
                session.greet(piece)
            else:
                session.receive(piece, 0)
    except (ami.NotAsterisk, ami.ProtocolError):
        return
    assert session.greeting is None or session.greeting[0].startswith("Asterisk")


# Messages

EVENTS = sorted(catalogue.EVENTS)
SAMPLES = ("1", "yes", "2026-01-31 12:30:00", "01:30", "IPV4/UDP/192.0.2.1/5060", "a=b")


def event(data: bytes) -> None:
    """An event of any class is the same read lazily and at once, and each attribute is of its type or `FieldError`."""
    cls = registry.event_class(EVENTS[int.from_bytes(data[:2], "big") % len(EVENTS)])
    octets = f"Event: {cls.__name__}\r\n".encode() + data[2:].replace(b"\r\n\r\n", b"\r\n")
    look_at(make_message(cls, octets, cls.__name__))
    lazy, eager = make_message(cls, octets, cls.__name__), cls.of(octets)
    if not _spelt_in_several_ways(eager):
        for name, field in fields_of(cls).items():
            assert outcome(lazy, name) == outcome(eager, name), field
    same(lazy, eager)
    same(make_message(cls, octets, cls.__name__), eager)


def _spelt_in_several_ways(message: Message) -> bool:
    """Whether a header comes again in another spelling: an attribute reads its own one, the dict the first."""
    spellings: dict[str, str] = {}
    for line in message.raw:
        name, colon, value = line.partition(":")
        spelling = f"{name}{colon}{value[:1] == ' '}"
        if spellings.setdefault(name.lower(), spelling) != spelling:
            return True
    return False


def same(one: Message, other: Message) -> None:
    assert dict(one) == dict(other)
    assert list(one) == list(other)
    assert (one.data, one.raw, bytes(one)) == (other.data, other.raw, bytes(other))
    assert [one.all(name) for name in other] == [other.all(name) for name in one]


def look_at(message: Message) -> None:
    """Read all of a message in every way there is."""
    for name, field in fields_of(type(message)).items():
        check_type(message, name, field)
    if isinstance(message, ami.Event):
        headers, data = message.process()
        assert set(headers) == set(message)
        assert data == message.data
    assert "\n" not in repr(message)
    for restored in (pickle.loads(pickle.dumps(message)), copy.copy(message), copy.deepcopy(message)):
        assert type(restored) is type(message)
        assert dict(restored) == dict(message)
    assert json.loads(json.dumps(message)) == json.loads(json.dumps(dict(message)))
    spellings = collections.Counter(name.lower() for name in message)
    for name, value in message.items():
        assert value in message.all(name)
        if spellings[name.lower()] == 1 and name.isascii():
            assert message.all(name.swapcase())[0] == message[name.swapcase()] == value


def outcome(message: Message, attribute: str) -> Any:
    """Return an attribute, or the words of its error."""
    try:
        return repr(getattr(message, attribute))
    except ami.FieldError as error:
        return str(error)


def check_type(message: Message, attribute: str, field: Field[Any]) -> None:
    """Check that an attribute returns its declared type or raises `FieldError`."""
    try:
        value = getattr(message, attribute)
    except ami.FieldError:
        return
    expected = type_of(field)
    match field:
        case Built() | Variables() | VariablesByName():
            return
        case Repeated():
            values = value
        case Joined():
            values = [value]
        case Numbered():
            values = [each for part in value.values() for each in part]
        case _:
            values = [] if value is None else [value]
    for each in values:
        assert isinstance(each, expected), (field, each)
        assert not isinstance(each, datetime) or each.tzinfo is not None


def type_of(field: Field[Any]) -> type[Any]:
    """Return the type that a field's codec makes of a text that it takes."""
    decode = field.codec.decode
    if decode is None:
        return str
    for sample in SAMPLES:
        with contextlib.suppress(ValueError):
            made: object = decode(sample)
            if made is not None:
                return type(made)
    raise AssertionError(f"no sample suits {field!r}")


def answer(data: bytes) -> None:
    """An answer can be read, whatever is in it."""
    octets = data.replace(b"\r\n\r\n", b"\r\n")
    message = Answer.of(octets)
    assert bytes(message) == octets
    look_at(message)


# The two forms

FORMS = [_plain] + [importlib.import_module(name) for name in ("ami_typed._speed.compiled",) if find_spec(name)]


def forms(data: bytes) -> None:
    """What every byte passes gives the same compiled as in Python."""
    _, pieces = cut = Cut.of(data)
    octets = cut.stream
    needle = b"\r\n" + (pieces[0] if pieces else b"")
    assert len({repr(form.find_header(octets, needle)) for form in FORMS}) == 1
    assert len({repr(_filled(form, octets)) for form in FORMS}) == 1
    assert len({repr(_sifted(form, octets + b"\r\n\r\n")) for form in FORMS}) == 1
    texts = [piece.decode("utf-8", "surrogateescape") for piece in pieces]
    headers = dict(itertools.pairwise(texts))
    assert len({form.encode_request(headers, texts[-1] if texts else "") for form in FORMS}) == 1


def _filled(form: Any, octets: bytes) -> Any:
    headers: dict[str, str] = {}
    repeated = form.parse_into(headers, octets)
    return None if repeated is None else (headers, repeated)


def _sifted(form: Any, block: bytes) -> list[Any]:
    wanted, unwanted = (form.Kind(ami.Event, name, name == "Hangup") for name in ("Hangup", "QueueMember"))
    kinds = {b"Event: Hangup": wanted, b"Event: QueueMember": unwanted}
    found: tuple[list[Any], list[Any], list[bytes]] = [], [], []
    items = {b"4": {b"Event: Hangup": (wanted, found[1])}, b"1": {}}
    for listed in (None, items):
        form.route_block(block, kinds, listed, found[0], found[2].append)
    events, listed_events, left = found
    return [*map(bytes, events), *map(bytes, listed_events), *left, wanted.count, unwanted.count]


TARGETS: dict[str, Target] = {
    each.__name__: each for each in (framing, conversation, reading, greeting, event, answer, forms)
}
