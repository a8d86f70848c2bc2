"""What a message is: the part of a session that receives bytes and recognizes the messages in them.

Rules of this module:

- The first line of a message determines its type. Later lines never turn it into an event or another answer, because
  values may contain any text.
- For an event without a subscriber, only its name and its end are located.
- Whose a message is, and what follows from it, is decided by the methods that `session` defines.
- Of `dict`'s methods that messages override, only ``message[name]`` is used here: mypyc takes others for `dict`'s own.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final, Protocol

from ami_typed._protocol.framing import Framer
from ami_typed._protocol.quirks import Quirks, RawTexts
from ami_typed._speed import Kind, make_message, route_block
from ami_typed.drift import Drift, Inspector
from ami_typed.errors import ProtocolError
from ami_typed.messages import (
    DEFINED,
    EVENT_GENERIC,
    KEY_EVENT,
    KEY_RESPONSE,
    RESPONSE_GENERIC,
    Aggregate,
    Answer,
    Event,
    Message,
)
from ami_typed.registry import class_of, event_class, has_sorts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from ami_typed._protocol.tally import Tally
    from ami_typed._speed.plain import Items
    from ami_typed.exchanges import Exchange
    from ami_typed.limits import Limits

__all__ = ["BOOTED", "Received", "Recognition", "Subscriptions"]

BOOTED: Final = "FullyBooted"
_END: Final = b"\r\n\r\n"
_SUCCESS: Final = b"Response: Success\r\n"
_PLAIN_ANSWERS: Final = {b"Response: Success": "Success", b"Response: Error": "Error"}
_NAMES: Final = 4096
"""The maximum number of first lines to remember; a server that sends more of them is not worth optimising for."""


def _first_header(message: Message) -> tuple[str, str]:
    """Return name and value of the first line; the names ``Event`` and ``Response`` are normalised in case."""
    name, colon, value = message.raw[0].partition(":")
    if not colon:  # a lone word is not a header
        return "", ""
    known = {KEY_EVENT.lower(): KEY_EVENT, KEY_RESPONSE.lower(): KEY_RESPONSE}
    return known.get(name.strip().lower(), name), value.strip()


class Subscriptions(Protocol):
    """The events that any callback or stream receives.

    Attributes:
        version: Changes whenever a result of `wants` may change.
    """

    @property
    def version(self) -> int: ...

    def wants(self, name: str) -> bool:
        """Whether any callback or stream receives events of this name."""
        ...


class Received:  # noqa: PLW1641 - it is mutable, so it has no hash
    """The result of processing input.

    Args:
        deliveries: Events, aggregates and responses without a request, in the order of their arrival.
        settled: The exchanges whose senders have nothing more to wait for.
    """

    __slots__ = ("deliveries", "settled")

    def __init__(self, deliveries: list[Message | Aggregate], settled: list[Exchange[Any]]) -> None:
        self.deliveries = deliveries
        self.settled = settled

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Received) and self.deliveries == other.deliveries and self.settled == other.settled


class Recognition:
    """The base class of `Session` that recognizes messages.

    Args:
        handlers: The subscriptions.
        limits: See `Limits`.
        drift: The drift collector.
        tally: The counters.
        zone: The server's time zone, if known.
    """

    def __init__(
        self, handlers: Subscriptions, limits: Limits, drift: Drift, tally: Tally, zone: tzinfo | None
    ) -> None:
        self.tally = tally
        self._handlers = weakref.ref(handlers)
        self._limits = limits
        self._framer = Framer(limits)
        self._zone = zone
        self._drift = drift
        self._inspector = Inspector(drift)
        self._lists: dict[bytes, Exchange[Any]] = {}
        self._raw_texts = RawTexts(limits)
        self._quirks = Quirks()
        self._texts: frozenset[str] = frozenset()
        self._unreturned: Received | None = None
        self._kinds: dict[bytes, Kind] = {}
        self._version = handlers.version
        self._classes = DEFINED.version

    @property
    def incomplete(self) -> bool:
        """Whether a message has begun but not ended."""
        return self._framer.incomplete

    @property
    def uninspected(self) -> bool:
        """Whether `receive` has set messages aside for `inspect`."""
        return self._inspector.waiting

    def _reframe(self) -> None:
        """Tell the framer which unusual answers are pending."""
        self._framer.expect(self._quirks.bare if self._quirks else None, raw=bool(self._texts))

    def _recognize(self, data: bytes, now: float) -> Received:
        """Recognize the messages that bytes complete. Return the result of them.

        Raises:
            ProtocolError: The server sent more than `Limits` allows; the connection is no longer usable.
        """
        received = Received([], [])
        handlers = self._handlers()
        if handlers is not None and self._version != handlers.version:
            self._version = handlers.version
            self.tally.fold(self._kinds.values())
            for kind in self._kinds.values():
                kind.wanted = handlers.wants(kind.name)
        if self._classes != DEFINED.version:
            self._classes = DEFINED.version
            self.tally.fold(self._kinds.values())
            self._kinds.clear()
        self.tally.bytes_received += len(data)
        if data[: len(_SUCCESS)] == _SUCCESS and self._framer.is_whole(data):  # the usual case
            answer = make_message(Answer, data[: -len(_END)], "Success", self._zone)
            self._take_response(answer, now, received, success=True)
            return received
        messages = self._framer.feed(data)
        if not isinstance(messages, bytes):
            self._take_each(messages, now, received)
        elif messages:
            self._sift(messages, now, received)
        return received

    def _take_each(self, messages: Iterable[bytes], now: float, received: Received) -> None:
        try:
            for message in messages:
                for octets in self._quirks.mended(message):
                    self._take(octets, now, received)
        except ProtocolError:
            self._unreturned = received  # messages before the fault are valid: `close` returns them
            raise

    def inspect(self, now: float) -> None:
        """Inspect the messages that `receive` set aside for drift. Call this after delivering all that it returned."""
        self._inspector.inspect(now)

    def _sift(self, messages: bytes, now: float, received: Received) -> None:
        def take(octets: bytes) -> None:
            self._take(octets, now, received)

        lists = self._related(messages, now) if self._lists else []
        items: Items = {octets: exchange.items for octets, exchange in lists}
        route_block(messages, self._kinds, items or None, received.deliveries, take)
        for _, exchange in lists:
            self._bound(exchange, received)
        self._inspector.sample(messages, now)

    def _take(self, octets: bytes, now: float, received: Received) -> None:
        """Handle a message that `route_block` left: an event of a new kind or for a request, or not an event."""
        line = octets.partition(b"\r\n")[0]
        outcome = _PLAIN_ANSWERS.get(line)
        if outcome is not None:
            self._take_response(make_message(Answer, octets, outcome, self._zone), now, received)
            return
        kind = self._kinds.get(line)
        if kind is None and (kind := self._learn(line)) is not None:
            self._inspector.first(octets)
        if kind is not None and kind.cls is not Event:
            cls = class_of(kind.name, octets) if has_sorts(kind.name) else kind.cls
            zone = self._zone if cls._local else None
            self._take_event(make_message(cls, octets, kind.name, zone), now, received)
        elif kind is not None:
            self._take_unknown(octets, kind, now, received)
        elif octets.strip():
            answer = Answer.of(octets.lstrip(b"\r\n"))
            answer._zone = self._zone
            self._take_other(answer, now, received)
        elif self._raw_texts:
            self._take_raw_text(octets, now, received)

    def _take_unknown(self, octets: bytes, kind: Kind, now: float, received: Received) -> None:
        """Handle an event without a class. Drift counts each of them, so none takes the fast path."""
        self._inspector.unknown(octets, kind.name)
        if kind.wanted or self._lists or self._quirks:
            self._take_event(make_message(Event, octets, kind.name), now, received)
        else:
            self.tally.saw(Event, kind.name, wanted=False)

    def _learn(self, line: bytes) -> Kind | None:
        """Return the kind of events that begin with this line, and cache it if possible; `None` for other messages."""
        if b"\n" in line:  # its lines end in bare LFs
            return None
        key, colon, name = line.decode("utf-8", "surrogateescape").partition(": ")
        if key != KEY_EVENT or not colon or name != name.strip():  # parsing changes its name or value
            return None
        cls = event_class(name)
        kind = Kind(cls, name, self._wants(name), self._zone if cls._local else None)
        if name != BOOTED and kind.cls is not Event and not has_sorts(name) and not self._may_close(name):
            if len(self._kinds) >= _NAMES:
                self.tally.fold(self._kinds.values())
                self._kinds.clear()
            self._kinds[line] = kind
        return kind

    def _wants(self, name: str) -> bool:
        """Return whether any callback or stream receives an event; none does once its manager is garbage-collected."""
        handlers = self._handlers()
        return handlers is not None and handlers.wants(name)

    def _take_other(self, message: Answer, now: float, received: Received) -> None:
        """Handle a message whose first line must be parsed to determine its type."""
        name, value = _first_header(message)
        if name in (KEY_EVENT, KEY_RESPONSE) and not message.all(name):
            name = ""  # a name with a blank before its colon is not one either
        elif name in (KEY_EVENT, KEY_RESPONSE) and message[name] != value:
            message[name] = value  # a later line has the usual spelling of the name
        if name == KEY_EVENT:
            self._take_event(class_of(value, message._octets).of(message), now, received)
        elif name == KEY_RESPONSE:
            self._take_response(message, now, received)
        elif self._expects(message.action_id):
            message[KEY_RESPONSE] = RESPONSE_GENERIC
            self._take_response(message, now, received)
        elif self._raw_texts and message.action_id is None:
            self._take_raw_text(message._octets, now, received)
        else:
            self._take_generic(message, now, received)

    def _take_generic(self, message: Answer, now: float, received: Received) -> None:
        """Handle a message that is neither an event nor a response, and belongs to no request."""
        event = Event.of(message)
        event[KEY_EVENT] = EVENT_GENERIC
        self._take_event(event, now, received)

    # Abstract: `Session`, the only subclass, defines whose a message is. They are declared for type checkers and mypyc.

    def _related(self, block: bytes, now: float) -> list[tuple[bytes, Exchange[Any]]]:
        """Return the lists that have items in a block of messages, with their ActionIDs."""
        raise NotImplementedError

    def _bound(self, exchange: Exchange[Any], received: Received) -> bool:
        """End a list that exceeds the limits. Return whether it does."""
        raise NotImplementedError

    def _may_close(self, name: str) -> bool:
        """Whether an event of this name would close a list that is being collected."""
        raise NotImplementedError

    def _expects(self, action_id: str | None) -> bool:
        """Whether a request with this ActionID is pending."""
        raise NotImplementedError

    def _take_event(self, event: Event, now: float, received: Received) -> None:
        """Handle an event."""
        raise NotImplementedError

    def _take_response(self, message: Answer, now: float, received: Received, *, success: bool = False) -> None:
        """Handle a response, which is known to report ``success``, or else is checked."""
        raise NotImplementedError

    def _take_raw_text(self, piece: bytes, now: float, received: Received) -> None:
        """Handle a piece of raw text."""
        raise NotImplementedError
