"""Answers that break the rules of the protocol: what is known of them, put right before anybody reads them.

Rules of this module:

- Only what answers a request of an action that is known to be answered so is touched; all else passes as it came.
- Items that bear no ActionID, and raw text, belong to the oldest request that they can be for: a server carries out the
  actions of one connection one after the other.
- Raw text ends at as many empty lines as its action says; nothing but empty lines is an empty answer.
"""

from __future__ import annotations

import functools
import re
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ami_typed.exchanges import Exchange
    from ami_typed.messages import Request

__all__ = ["Quirks", "RawTexts", "is_odd"]

_BARE = rb"(?<!\r)\n"
_NEXT_EVENT = rb"\r\n(?=Event: )"
_NAME = rb"Event: ([^\r]+)"
_ID = rb"\r\nActionID: ([^\r]*)"


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
        """Note that an answer is over."""
        self._due.pop(action_id, None)

    def mended(self, messages: Iterable[bytes]) -> Iterator[bytes]:
        """Yield messages as they should have been sent, each when it is asked for: one may end what is due."""
        for octets in messages:
            yield from self._mended(octets)

    def _mended(self, octets: bytes) -> Iterable[bytes]:
        borne = re.search(_ID, octets)
        if borne is None:
            return (self._marked(octets),)
        knowledge = self._due.get(borne[1].decode("utf-8", "surrogateescape"))
        if knowledge is not None and knowledge.bare_line_feeds:
            octets = re.sub(_BARE, b"\r\n", octets)
        return re.split(_NEXT_EVENT, octets) if knowledge is not None and knowledge.run_together else (octets,)

    def _marked(self, octets: bytes) -> bytes:
        """Write the ActionID that it should bear into an item that bears none."""
        event = re.match(_NAME, octets)
        if event is not None:
            name = event[1].decode("utf-8", "surrogateescape")
            for action_id, knowledge in self._due.items():
                if knowledge.unmarked and name in knowledge.list_class().repeatable:
                    return octets + b"\r\nActionID: " + action_id.encode("utf-8", "surrogateescape")
        return octets


class RawTexts:
    """The requests that are answered by raw text, and what has come of the text that is due next."""

    def __init__(self) -> None:
        self._due: deque[Exchange[Any]] = deque()
        self._pieces: list[bytes] = []
        self._empty_lines = 0

    def __bool__(self) -> bool:
        return bool(self._due)

    def expect(self, exchange: Exchange[Any]) -> None:
        """Note a request that goes out."""
        self._due.append(exchange)

    def withdraw(self, action_id: str) -> None:
        """Note that no text comes for a request: it was refused."""
        self._due = deque(each for each in self._due if each.action_id != action_id)

    def take(self, piece: bytes) -> tuple[Exchange[Any], bytes] | None:
        """Take in a piece of text that an empty line ended, or the empty text for one more empty line.

        Returns:
            The oldest request and its text, as soon as that is whole; who timed out still takes its text's place.
        """
        if piece:
            self._pieces.append(piece)
            self._empty_lines = 0
        self._empty_lines += 1
        if self._empty_lines < self._due[0].knowledge.empty_lines:
            return None
        text = b"\r\n\r\n".join(self._pieces)
        self._pieces, self._empty_lines = [], 0
        return self._due.popleft(), text
