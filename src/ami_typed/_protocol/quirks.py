"""Quirks: answers that break the rules of the protocol, corrected before other modules see them.

Rules of this module:

- Only answers to actions with a known quirk are modified; everything else passes through unmodified.
- Items without an ActionID, and raw text, belong to the oldest request that they can belong to: a server carries out
  the actions of one connection in order.
- Raw text ends after as many empty lines as its action specifies; a text of nothing but empty lines is an empty answer.
- Every answer is expected for a limited time: a lost one does not permanently change how the connection is parsed.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from ami_typed.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.exchanges import Exchange
    from ami_typed.limits import Limits
    from ami_typed.messages import Event, Request

__all__ = ["Quirks", "RawTexts", "is_odd"]

_BARE = rb"(?<!\r)\n"
_NEXT_EVENT = rb"\r\n(?=Event: )"
_NAME = rb"Event: ([^\r]+)"
_ID = rb"\r\nActionID: ([^\r\n]*)"
_NO_TEXT = rb"(?:Event|Response): "


@functools.cache
def is_odd(knowledge: type[Request[Any]]) -> bool:
    """Return whether the answers to an action have a quirk."""
    return knowledge.raw_text or knowledge.bare_line_feeds or knowledge.run_together or knowledge.unmarked


class Quirks:
    """The pending requests whose answers have a quirk, in the order of sending."""

    def __init__(self) -> None:
        self._due: dict[str, type[Request[Any]]] = {}

    def __bool__(self) -> bool:
        return bool(self._due)

    def expect(self, action_id: str, knowledge: type[Request[Any]]) -> None:
        """Register a request whose answer has a quirk."""
        self._due[action_id] = knowledge

    def settle(self, action_id: str) -> None:
        """Unregister a request: its answer is complete, or no longer expected."""
        self._due.pop(action_id, None)

    def ended_by(self, event: Event, complete: bool) -> str | None:
        """Return the ActionID of the request whose list an event ends, if it is one of these.

        Args:
            event: The event.
            complete: Whether the event itself is marked as the end of its list.
        """
        action_id = event.action_id or ""
        knowledge = self._due.get(action_id)
        ends = knowledge is not None and (complete or event.event in knowledge.list_ends)
        return action_id if ends else None

    def bare(self, lines: bytes) -> bool:
        """Return whether a bare LF ends the lines of a message, too, given the part before its first empty line."""
        if re.match(_NO_TEXT, lines) is None:
            return any(knowledge.raw_text for knowledge in self._due.values())
        knowledge = self._knowledge_of(lines)
        return knowledge is not None and knowledge.bare_line_feeds

    def _knowledge_of(self, octets: bytes) -> type[Request[Any]] | None:
        """Return the class of the request whose ActionID a message bears, if it is one of these."""
        borne = re.search(_ID, octets)
        return self._due.get(borne[1].decode("utf-8", "surrogateescape")) if borne else None

    def mended(self, octets: bytes) -> Iterable[bytes]:
        """Return the message, or messages, that the server should have sent."""
        knowledge = self._knowledge_of(octets)
        if knowledge is None:
            return (self._marked(octets),)
        if knowledge.bare_line_feeds:
            octets = re.sub(_BARE, b"\r\n", octets)
        return re.split(_NEXT_EVENT, octets) if knowledge.run_together else (octets,)

    def _marked(self, octets: bytes) -> bytes:
        """Add the missing ActionID to an item that has none."""
        event = re.match(_NAME, octets) if re.search(_ID, octets) is None else None
        if event is not None:
            name = event[1].decode("utf-8", "surrogateescape")
            for action_id, knowledge in self._due.items():
                if knowledge.unmarked and name in knowledge.list_class().repeatable:
                    return octets + b"\r\nActionID: " + action_id.encode("utf-8", "surrogateescape")
        return octets


class RawTexts:
    """The pending requests that are answered with raw text, and what has arrived of the next text.

    Args:
        limits: See `Limits`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._due: list[Exchange[Any]] = []
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._empty_lines = 0

    def __bool__(self) -> bool:
        return bool(self._due)

    def expect(self, exchange: Exchange[Any]) -> None:
        """Register a request."""
        self._due.append(exchange)

    def withdraw(self, action_id: str) -> None:
        """Unregister a request that gets no text: it was rejected, or its text is no longer expected."""
        if self._due and self._due[0].action_id == action_id:
            self._begin()
        self._due = [each for each in self._due if each.action_id != action_id]

    def take(self, piece: bytes) -> tuple[Exchange[Any], bytes] | None:
        """Receive a piece of text that an empty line ended; an empty piece means another empty line.

        Returns:
            The oldest request and its text once the text is complete. A request that timed out still consumes its text.

        Raises:
            ProtocolError: The text exceeds the limits of a message.
        """
        if piece:
            self._pieces.append(piece)
            self._held += len(piece)
            self._empty_lines = 0
            if self._held > self._limits.message:
                raise ProtocolError(
                    f"the server sent a message of more than {self._limits.message} bytes (Limits.message)."
                )
        self._empty_lines += 1
        if self._empty_lines < self._due[0].knowledge.empty_lines:
            return None
        text = b"\r\n\r\n".join(self._pieces)
        self._begin()
        return self._due.pop(0), text
