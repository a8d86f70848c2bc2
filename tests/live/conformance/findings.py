"""What is wrong with one message when it is held against its class: the judge of the conformance run.

Rules this module owns:

- Every header is known to the class of its message and decodes to its declared type: what does not is what a manager
  tells of in its drift report, found by the same functions.
- A header that only some releases have comes from one of those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import ami_typed as ami
from ami_typed import drift
from ami_typed.fields import Family, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ami_typed.fields import Field
    from ami_typed.releases import Release


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        message: The event's name, or "answer to" and the action's.
        header: The header, empty where the message as a whole is meant.
        raw: What the server sent.
        reason: What is wrong with it.
    """

    message: str
    header: str
    raw: str
    reason: str

    def __str__(self) -> str:
        return f"{self.message} | {self.header} | {self.raw!r} | {self.reason}"


UNKNOWN_CLASS = "no class knows this event"
UNKNOWN_HEADER = "the class does not know this header"
UNKNOWN_LINE = "a line that is no header"


def unknown_headers(name: str, message: ami.Message) -> Iterator[Finding]:
    """Yield what a message has and its class does not know.

    Args:
        name: What to call the message.
        message: The message, as an object of its class.
    """
    if type(message) is ami.Event:
        yield Finding(name, "", "", UNKNOWN_CLASS)
        return
    for header, value in drift.unknown_headers(message):
        yield Finding(name, header, value, UNKNOWN_HEADER)


def wrong_values(name: str, message: ami.Message, release: Release) -> Iterator[Finding]:
    """Yield the headers of a message that are not what its class says of them.

    Args:
        name: What to call the message.
        message: The message, as an object of its class.
        release: The release that sent it.
    """
    for header, raw, reason in drift.undecodable(message):
        yield Finding(name, header, raw, reason)
    for field in fields_of(type(message)).values():
        if field.releases is not None and release not in field.releases and is_there(message, field):
            yield Finding(name, field.header, message.get(field.header, ""), f"said to be of {field.releases} only")


def is_there(message: ami.Message, field: Field[Any]) -> bool:
    """Tell whether a message has a header of a field."""
    return any(True for _ in field.names(message)) if isinstance(field, Family) else field.header in message
