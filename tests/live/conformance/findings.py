"""What is wrong with one message when it is held against its class: the judge of the conformance run.

Rules this module owns:

- Every header is known to the class of its message, without regard to case, and decodes to its declared type.
- A header that the class calls certain is there, and one that only some releases have comes from one of those.
- A word or number of a vocabulary has a named member.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import ami_typed as ami
from ami_typed.fields import Built, Numbered, fields_of
from ami_typed.messages import KEY_ACTIONID, KEY_EVENT, KEY_RESPONSE
from ami_typed.values import OpenIntEnum, OpenStrEnum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def unknown_headers(name: str, message: ami.Message, *, expected: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Yield what a message has and its class does not know.

    Args:
        name: What to call the message.
        message: The message, as an object of its class.
        expected: More headers that such a message may have, in small letters.
    """
    if type(message) is ami.Event:
        yield Finding(name, "", "", UNKNOWN_CLASS)
        return
    always = {KEY_ACTIONID.lower(), KEY_EVENT.lower() if isinstance(message, ami.Event) else KEY_RESPONSE.lower()}
    known = re.compile("|".join([*map(re.escape, always | expected), *patterns_of(type(message))]), re.IGNORECASE)
    for header, value in message.items():
        if not known.fullmatch(header):
            yield Finding(name, header, value, UNKNOWN_HEADER)


def patterns_of(cls: type[ami.Message]) -> Iterator[str]:
    """Yield patterns of the headers that a class knows."""
    for field in fields_of(cls).values():
        headers = field.headers or ("*",) if isinstance(field, Built) else (field.header,)
        yield from (".+".join(map(re.escape, header.split("*"))) for header in headers)


def wrong_values(name: str, message: ami.Message, release: Release) -> Iterator[Finding]:
    """Yield the headers of a message that are not what its class says of them.

    Args:
        name: What to call the message.
        message: The message, as an object of its class.
        release: The release that sent it.
    """
    for attribute, field in fields_of(type(message)).items():
        raw = message.get(field.header, "")
        try:
            value = getattr(message, attribute)
        except ami.FieldError as error:
            yield Finding(name, field.header, raw, str(error))
            continue
        if unnamed := [each for each in members_of(value) if not each.known]:
            yield Finding(name, field.header, raw, f"not a member of {type(unnamed[0]).__name__}")
        if is_there(message, field) and field.releases is not None and release not in field.releases:
            yield Finding(name, field.header, raw, f"said to be of {field.releases} only")


def is_there(message: ami.Message, field: Field[Any]) -> bool:
    """Tell whether a message has a header of a field."""
    return any(True for _ in field.names(message)) if isinstance(field, Numbered) else field.header in message


def members_of(value: Any) -> Iterator[OpenIntEnum | OpenStrEnum]:
    """Yield the members of vocabularies in a decoded value."""
    if isinstance(value, OpenIntEnum | OpenStrEnum):
        yield value
    elif isinstance(value, Mapping):
        yield from members_of(list(cast("Mapping[str, Any]", value).values()))
    elif isinstance(value, list):
        for each in cast("Iterable[Any]", value):
            yield from members_of(each)
