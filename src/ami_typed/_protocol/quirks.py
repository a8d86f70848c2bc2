"""Answers that break the rules of the protocol: what is known of them, put right before anybody reads them.

Rules of this module:

- Only what answers a request of an action that is known to be answered so is touched; all else passes as it came.
- Items that bear no ActionID, and raw text, belong to the oldest request that they can be for: a server carries out the
  actions of one connection one after the other.
- Raw text ends at as many empty lines as its action says; nothing but empty lines is an empty answer.
- Every answer is expected for a limited time: one that is lost does not change for ever how the connection is read.
"""

from __future__ import annotations

import functools
import re
from collections import deque
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
    """Tell whether an action is answered in an odd form."""
    return knowledge.raw_text or knowledge.bare_line_feeds or knowledge.run_together or knowledge.unmarked


class Quirks:
    """The requests that are answered in an odd form, in the order in which they were sent."""

    def __init__(self) -> None:
        self._due: dict[str, type[Request[Any]]] = {}

    def __bool__(self) -> bool:
        return bool(self._due)

    def expect(self, action_id: str, knowledge: type[Request[Any]]) -> None:
        """Note a request that goes out, and is answered so."""
        self._due[action_id] = knowledge

    def settle(self, action_id: str) -> None:
        """Note that an answer is over, or not expected any more."""
        self._due.pop(action_id, None)

    def ended_by(self, event: Event, complete: bool) -> str | None:
        """Return the ActionID of the request whose list an event ends, if there is one among these.

        Args:
            event: The event.
            complete: Whether it says so itself.
        """
        action_id = event.action_id or ""
        knowledge = self._due.get(action_id)
        ends = knowledge is not None and (complete or event.event in knowledge.list_ends)
        return action_id if ends else None

    def bare(self, lines: bytes) -> bool:
        """Tell of a message, by what is before its first empty line, whether a bare LF ends a line of it as well."""
        if re.match(_NO_TEXT, lines) is None:
            return any(knowledge.raw_text for knowledge in self._due.values())
        knowledge = self._knowledge_of(lines)
        return knowledge is not None and knowledge.bare_line_feeds

    def _knowledge_of(self, octets: bytes) -> type[Request[Any]] | None:
        """Return what is known of the request whose ActionID a message bears."""
        borne = re.search(_ID, octets)
        return self._due.get(borne[1].decode("utf-8", "surrogateescape")) if borne else None

    def mended(self, octets: bytes) -> Iterable[bytes]:
        """Return a message as it should have been sent, or those that it should have been."""
        knowledge = self._knowledge_of(octets)
        if knowledge is None:
            return (self._marked(octets),)
        if knowledge.bare_line_feeds:
            octets = re.sub(_BARE, b"\r\n", octets)
        return re.split(_NEXT_EVENT, octets) if knowledge.run_together else (octets,)

    def _marked(self, octets: bytes) -> bytes:
        """Write the ActionID that it should bear into an item that bears none."""
        event = re.match(_NAME, octets) if re.search(_ID, octets) is None else None
        if event is not None:
            name = event[1].decode("utf-8", "surrogateescape")
            for action_id, knowledge in self._due.items():
                if knowledge.unmarked and name in knowledge.list_class().repeatable:
                    return octets + b"\r\nActionID: " + action_id.encode("utf-8", "surrogateescape")
        return octets


class RawTexts:
    """The requests that are answered by raw text, and what has come of the text that is due next.

    Args:
        limits: See `Limits`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._due: deque[Exchange[Any]] = deque()
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._empty_lines = 0

    def __bool__(self) -> bool:
        return bool(self._due)

    def expect(self, exchange: Exchange[Any]) -> None:
        """Note a request that goes out."""
        self._due.append(exchange)

    def withdraw(self, action_id: str) -> None:
        """Note that no text comes for a request: it was refused, or its time is over for good."""
        if self._due and self._due[0].action_id == action_id:
            self._begin()
        self._due = deque(each for each in self._due if each.action_id != action_id)

    def take(self, piece: bytes) -> tuple[Exchange[Any], bytes] | None:
        """Take in a piece of text that an empty line ended, or the empty text for one more empty line.

        Returns:
            The oldest request and its text, as soon as that is whole; who timed out still takes its text's place.

        Raises:
            ProtocolError: The text exceeds the limits of a message.
        """
        if piece:
            self._pieces.append(piece)
            self._held += len(piece)
            self._empty_lines = 0
            if self._held > self._limits.message:
                raise ProtocolError(f"A message of more than {self._limits.message} bytes (Limits.message) came.")
        self._empty_lines += 1
        if self._empty_lines < self._due[0].knowledge.empty_lines:
            return None
        text = b"\r\n\r\n".join(self._pieces)
        self._begin()
        return self._due.popleft(), text
