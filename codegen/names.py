"""Names: convert names on the wire to Python names. All such conversions happen here.

Rules owned here:

- A class has the name on the wire, without spaces; any other character that is invalid in an identifier becomes `_`
  (`DataGet Tree` -> `DataGetTree`, `AOC-S` -> `AOC_S`). Names that generated modules import get a trailing underscore.
- An attribute is the snake_case form of its header. Digits belong to the preceding word; the `*` of a family is
  dropped; a name that would start with a digit is prefixed with `n` (`100rel` -> `n100_rel`).
- Python keywords and existing members of the class get a trailing underscore. Requests, events, answers and aggregates
  have different members, hence separate lists. The lists only grow, and only when a base class gets a new member:
  adding or removing a name renames an attribute in programs that use it.
"""

from __future__ import annotations

import keyword
import re
from typing import Literal, TypeAlias

Owner: TypeAlias = Literal["request", "event", "answer", "aggregate"]
"""The kind of class that an attribute belongs to."""

# Uppercase words that may be followed by lowercase letters; without this list, `AMIversion` would be `am_iversion`.
_ACRONYMS = (
    "AMI", "CDR", "CEL", "DNS", "FAXes", "FAX", "HTTP", "IAX", "ID", "IPv4", "IPv6", "IP", "JID", "RTCP", "RTP",
    "SIP", "SMS", "SSRC", "TLS", "URI", "URL",
)  # fmt: skip
_WORD = re.compile(rf"(?:{'|'.join(_ACRONYMS)})(?=[a-z\d]|$)|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_NOT_IN_A_NAME = re.compile(r"\W")

_DICT = ("clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values")
_MESSAGE = (*_DICT, "action_id", "all", "data", "headers", "of", "raw", "secrets", "to_dict", "to_json")
# Names that the bodies of generated classes use or declare in addition to their fields.
_BODY = ("enums", "former_privileges", "modules", "privileges", "releases")

_OF_REQUESTS = (
    *_DICT, "action", "action_id", "adds_up", "aggregate", "answered_by_event", "answers", "bare_line_feeds",
    "empty_lines", "lasts", "lines", "logs_in", "logs_off", "run_together", "unmarked", "list_announced", "list_class",
    "list_empty", "list_ends", "lists", "modules", "one_of", "parameter_names", "parameter_releases",
    "former_privileges", "privileges", "process_response", "raw_text", "releases", "names_events", "requires",
    "secrets", "self", "sets_mask", "some_of", "synchronous", "text_follows", "timeout", "waits",
)  # fmt: skip
_OF_EVENTS = (
    *_MESSAGE, *_BODY, "any_header", "named_by", "occasion", "turned_on_by", "event", "privilege",
    "process", "sequence_number", "system_name",
    "timestamp", "wire_name",
)  # fmt: skip
_OF_ANSWERS = (
    *_MESSAGE, *_BODY, "message", "response", "success",
)  # fmt: skip
_OF_AGGREGATES = (
    *_DICT, "action_id", "all", "closing", "complete", "counted", "error_message", "releases", "repeatable",
    "response", "to_dict", "to_json", "valid", "events", "known_events", "list", "str", "type",
)  # fmt: skip

RESERVED: dict[Owner, frozenset[str]] = {
    "request": frozenset(_OF_REQUESTS),
    "event": frozenset(_OF_EVENTS),
    "answer": frozenset(_OF_ANSWERS),
    "aggregate": frozenset(_OF_AGGREGATES),
}


# Names that generated modules import; a class with such a name would shadow the import.
RESERVED_CLASSES = frozenset((
    "Address", "Aggregate", "Always", "AlwaysLocal", "Answer", "Any", "Built", "Change", "Charge", "Dated", "Event",
    "BridgeSnapshot", "ChannelSnapshot", "Flag", "ListRequest", "Mapping", "Message", "Joined", "Numbered",
    "Releases", "Repeated", "Request", "Sequence", "Sometimes", "SometimesLocal", "Second", "Variables",
    "VariablesByName", "Waits", "Closing", "Items", "PenaltyStep", "Section", "MaybeView", "Part", "Snapshot", "View",
    "TYPE_CHECKING", "Unit", "actions", "aggregates", "datetime", "enums", "events", "known_events", "overload",
    "responses", "timedelta",
))  # fmt: skip


def class_name(wire: str) -> str:
    """Return the class name of an action or event."""
    name = _legal(_NOT_IN_A_NAME.sub("_", wire.replace(" ", "")))
    return f"{name}_" if name in RESERVED_CLASSES else name


def attribute_name(wire: str, owner: Owner) -> str:
    """Return the attribute name for a header or for an event in an aggregate, or the parameter name for a request."""
    name = _legal(snake_case(wire))
    return f"{name}_" if name in RESERVED[owner] else name


def snake_case(wire: str) -> str:
    """Return a name in lowercase, with underscores between words."""
    words: list[str] = []
    end = -1
    for match in _WORD.finditer(wire):
        if match[0].isdigit() and match.start() == end:
            words[-1] += match[0]
        else:
            words.append(match[0].lower())
        end = match.end()
    return "_".join(words)


def is_name(text: str) -> bool:
    """Return whether a text is a valid Python name: an identifier that is not a keyword."""
    return text.isidentifier() and not keyword.iskeyword(text)


def _legal(name: str) -> str:
    name = f"n{name}" if name[:1].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) else name
