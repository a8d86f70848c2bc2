"""How one release of Asterisk spells its messages: greeting, envelopes of answers and events, lists, commands.

Rules of this module:

- No I/O and no state: texts in, bytes out.
- A header that the release does not send is left out of messages made with keywords, as their fields state.
- What differs between releases and is not in the classes stands in the table `_BRANCHES`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ami_typed import catalogue
from ami_typed.fields import Field, fields_of
from ami_typed.messages import KEY_ACTIONID, KEY_EVENT, KEY_RESPONSE, Event, Message, Request
from ami_typed.registry import event_class
from ami_typed.releases import Release, Releases
from ami_typed.testing.simulator.privileges import written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.testing.seam import Emittable, HeaderLines

__all__ = ["Dialect", "Lines", "encoded"]

Lines = list[tuple[str, str]]
"""Headers in the order of the wire."""

_PRIVILEGE = "Privilege"


class _Branch(NamedTuple):
    """A branch of Asterisk.

    Attributes:
        release: The release that is simulated for its bare number.
        ami: The version of the Manager Interface (include/asterisk/manager.h, AMI_VERSION).
    """

    release: Release
    ami: str


_BRANCHES = {
    13: _Branch(Release(13, 38, 3), "2.10.6"),
    14: _Branch(Release(14, 7, 8), "3.2.2"),
    15: _Branch(Release(15, 7, 4), "4.0.3"),
    16: _Branch(Release(16, 30, 1), "5.0.4"),
    17: _Branch(Release(17, 9, 4), "6.0.1"),
    18: _Branch(Release(18, 26, 4), "7.0.3"),
    19: _Branch(Release(19, 8, 1), "8.0.2"),
    20: _Branch(Release(20, 20, 1), "9.0.0"),
    21: _Branch(Release(21, 12, 3), "10.0.0"),
    22: _Branch(Release(22, 10, 1), "11.0.0"),
    23: _Branch(Release(23, 4, 1), "12.0.0"),
}
_OUTPUT_HEADERS = Releases("14-")
"""The releases that send a command's output in Output headers (main/manager.c, action_command)."""


def release_of(asterisk: str | float | Release) -> Release:
    """Return the release to simulate.

    Args:
        asterisk: A release such as ``"22.10.1"``, or a branch such as ``"22"``, for its newest known release.

    Raises:
        ValueError: This package does not know the branch.
    """
    text = str(asterisk).strip()
    branch = (
        asterisk.branch
        if isinstance(asterisk, Release)
        else int(text.partition(".")[0] or 0)
        if text[:1].isdigit()
        else 0
    )
    if branch not in _BRANCHES:
        raise ValueError(
            f"A simulator cannot speak like Asterisk {text!r}; "
            f'it speaks like {catalogue.OLDEST_BRANCH} to {catalogue.NEWEST_BRANCH}, as in asterisk="22".'
        )
    exact = asterisk if isinstance(asterisk, Release) else Release.find(text)
    return exact if exact is not None and exact.exact else _BRANCHES[branch].release


def encoded(lines: Iterable[tuple[str, str]]) -> bytes:
    """Return the bytes of one message; lines without a name are not headers.

    Raises:
        ValueError: A header contains a CR or LF.
    """
    rows = [f"{name}: {value}" if name else value for name, value in lines]
    for row in rows:
        if "\r" in row or "\n" in row:
            raise ValueError(f"A message of the simulator cannot hold a CR or LF in {row.partition(':')[0]!r}.")
    return ("\r\n".join(rows) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def headers_of(headers: HeaderLines) -> Lines:
    """Return headers as pairs of texts."""
    pairs: Iterable[tuple[Any, Any]] = headers.items() if isinstance(headers, Mapping) else headers
    return [(str(name), str(value)) for name, value in pairs]


class Dialect:
    """The spelling of one release.

    Args:
        release: The release.

    Attributes:
        release: The release.
        ami_version: The version in its greeting.
    """

    def __init__(self, release: Release) -> None:
        self.release = release
        self.ami_version = _BRANCHES[release.branch].ami
        self._unsent = functools.cache(self._unsent_by)

    @property
    def greeting(self) -> bytes:
        """The line with which the server greets."""
        return f"Asterisk Call Manager/{self.ami_version}\r\n".encode()

    @property
    def filters_by_criteria(self) -> bool:
        """Whether Filter reads MatchCriteria."""
        from ami_typed import actions

        return self.release in Releases(actions.Filter.parameter_releases["MatchCriteria"])

    def answer(self, response: str, action_id: str, lines: Lines) -> Lines:
        """Return an answer: Response, ActionID if the client sent one, then everything else."""
        return [(KEY_RESPONSE, response), *_marked(action_id), *lines]

    def command(self, action_id: str, output: Iterable[str], message: str | None, *, success: bool = True) -> bytes:
        """Return the output of a command."""
        if self.release in _OUTPUT_HEADERS:
            head = [("Message", "Command output follows" if message is None else message)]
            lines = [*head, *(("Output", line) for line in output)]
            return encoded(self.answer("Success" if success else "Error", action_id, lines))
        rows = [
            f"{name}: {value}"
            for name, value in (("Response", "Follows"), (_PRIVILEGE, "Command"), *_marked(action_id))
        ]
        text = "".join(f"{line}\n" for line in output)
        return ("".join(f"{row}\r\n" for row in rows) + text + "--END COMMAND--\r\n\r\n").encode(
            "utf-8", "surrogateescape"
        )

    def event(self, event: Emittable) -> Lines:
        """Return an event with its Privilege header, without the headers that this release does not send."""
        name, lines = self._read(event)
        if isinstance(event, Message) and (_PRIVILEGE, written(type(event).privileges)) in lines:
            lines = [line for line in lines if line[0] != _PRIVILEGE]  # that of the newest release, by default
        if not any(each == _PRIVILEGE for each, _ in lines):
            lines = [*self._privilege(name), *lines]
        return [(KEY_EVENT, name), *lines]

    def item(self, event: Emittable, action_id: str) -> Lines:
        """Return an event that is part of an answer: an ActionID takes the place of Privilege.

        Headers given as text keep both: an ActionID among them marks the place of the actual one.
        """
        name, lines = self._read(event)
        if isinstance(event, Message):
            lines = [line for line in lines if line[0] not in {_PRIVILEGE, KEY_ACTIONID}]
        if not any(each == KEY_ACTIONID for each, _ in lines):
            return [(KEY_EVENT, name), *_marked(action_id), *lines]
        placed = ([line] if line[0] != KEY_ACTIONID else _marked(action_id) for line in lines)
        return [(KEY_EVENT, name), *(line for each in placed for line in each)]

    def complete(self, event: str | Emittable, action_id: str, count: int) -> Lines:
        """Return the event that ends a list."""
        lines = self.item((event, ()) if isinstance(event, str) else event, action_id)
        given = {name for name, _ in lines}
        ends = [end for end in (("EventList", "Complete"), ("ListItems", str(count))) if end[0] not in given]
        place = 2 if lines[1:2] == _marked(action_id) != [] else 1
        return [*lines[:place], *ends, *lines[place:]]

    def body(self, message: Message) -> Lines:
        """Return the headers of an answer made with keywords, without Response and ActionID."""
        return [line for line in self.said(message) if line[0] not in {KEY_RESPONSE, KEY_ACTIONID}]

    def classes_for(self, cls: type[Request[Any] | Event]) -> frozenset[str]:
        """Return the classes of an action or event in this release."""
        former = next(
            (names for spans, names in cls.former_privileges.items() if self.release in Releases(spans)), None
        )
        return frozenset(cls.privileges if former is None else former)

    def sent_in(self, event: str, lines: Lines) -> Lines:
        """Return those headers of an event that this release sends."""
        unsent = self._unsent(event_class(event))
        return [line for line in lines if line[0] not in unsent]

    def said(self, message: Message) -> Lines:
        """Return the headers and other lines of a message that this release sends."""
        unsent = self._unsent(type(message))
        headers = [(name, value) for name in message if name not in unsent for value in message.all(name)]
        return headers if "Output" in message else [*headers, *(("", line) for line in message.data)]

    def _read(self, event: Emittable) -> tuple[str, Lines]:
        if isinstance(event, Message):
            return event.event, [line for line in self.said(event) if line[0] != KEY_EVENT]
        name, headers = event
        return name, headers_of(headers)

    def _privilege(self, name: str) -> Lines:
        classes = self.classes_for(event_class(name))
        return [(_PRIVILEGE, written(classes))] if classes else []

    def _unsent_by(self, cls: type[Message]) -> frozenset[str]:
        """Return the headers of a class that this release does not send."""
        fields: Iterable[Field[Any]] = fields_of(cls).values()
        sent = ((field.header, field.releases) for field in fields)
        return frozenset(name for name, releases in sent if releases is not None and self.release not in releases)


def _marked(action_id: str) -> Lines:
    return [(KEY_ACTIONID, action_id)] if action_id else []
