"""Answers that a test gives, and the defaults for all other actions.

Rules of this module:

- A test gives an answer as what comes naturally: a text, headers, an answer, a list of events or of lines, a `Refusal`,
  or a function of the action that returns one of these.
- The default is what an idle server answers: an empty list, or the class that the overlay names, with blank headers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ami_typed.messages import Aggregate, Answer, Event, Request
from ami_typed.registry import event_class

if TYPE_CHECKING:
    from ami_typed.testing.seam import Handler, ReceivedAction, Reply
    from ami_typed.testing.simulator.dialect import Dialect

__all__ = ["Answerable", "Refusal", "by_default", "checked", "give"]


@dataclass(frozen=True)
class Refusal:
    """An answer with ``Response: Error``.

    Attributes:
        message: The server's message.
    """

    message: str


Answerable: TypeAlias = (
    str
    | Refusal
    | Answer
    | Aggregate
    | Mapping[str, Any]
    | Sequence[Event]
    | Sequence[str]
    | Callable[["ReceivedAction"], Any]
    | None
)
"""What a test may give as the answer to an action; `None` for the default."""

_KINDS = (
    "a text, headers, an answer, an aggregate, a list of events or of lines, testing.Refusal, or a function of the "
    "action that returns one of these"
)


def checked(name: str, value: object) -> None:
    """Raise `TypeError` if a value is no answer."""
    plain = value is None or isinstance(value, (str, Refusal, Answer, Aggregate, Mapping)) or _is_function(value)
    rows = list(cast("Sequence[Any]", value)) if isinstance(value, (list, tuple)) else [None]
    if not (plain or _all(rows, Event) or _all(rows, str)):
        raise TypeError(f"The answer to {name} is {_KINDS}, not {value!r}.")


def _is_function(value: object) -> bool:
    return callable(value) and not isinstance(value, type)


def _all(rows: list[Any], kind: type) -> bool:
    return all(isinstance(row, kind) for row in rows)


def give(value: Any, action: ReceivedAction, reply: Reply, cls: type[Request[Any]], dialect: Dialect) -> None:
    """Answer an action with what a test has given.

    Raises:
        TypeError: The value is no answer.
    """
    if callable(value):
        value = value(action)
    checked(action.action, value)
    if value is None:
        by_default(cls, dialect)(action, reply)
    elif isinstance(value, str):
        reply.success(value)
    elif isinstance(value, Refusal):
        reply.error(value.message)
    elif isinstance(value, Answer):
        _respond(reply, value.response, dialect.body(value))
    elif isinstance(value, Aggregate):
        _give_list(value._events(), value.closing, reply, cls)
    elif isinstance(value, Mapping):
        headers = {str(name): str(text) for name, text in cast("Mapping[str, Any]", value).items()}
        _respond(reply, headers.pop("Response", "Success"), list(headers.items()))
    elif cls.lists or not _all(list(value), str):
        _give_list(list(value), None, reply, cls)
    else:
        reply.output(value)


def _respond(reply: Reply, response: str, lines: list[tuple[str, str]]) -> None:
    reply.respond(response, None, lines)


def _give_list(events: list[Event], closing: Event | None, reply: Reply, cls: type[Request[Any]]) -> None:
    items = [event for event in events if event is not closing]
    if not items and closing is None and cls.list_empty:
        reply.error(cls.list_empty[0])
    else:
        reply.list(items, _ending(cls) if closing is None else closing, "A list will follow")


def _ending(cls: type[Request[Any]]) -> tuple[str, list[tuple[str, str]]]:
    """Return the event that ends a list, with blank headers."""
    name = cls.list_ends[0] if cls.list_ends else f"{cls.__name__}Complete"
    kind = event_class(name)
    rows = [] if kind is Event else [row.partition(": ") for row in kind().raw]
    spared = {"Event", "Privilege", "EventList", "ListItems"}
    return name, [(header, text) for header, _, text in rows if header not in spared]


def by_default(cls: type[Request[Any]], dialect: Dialect) -> Handler:
    """Return the handler that answers an action as an idle server does."""

    def answer(_action: ReceivedAction, reply: Reply) -> None:
        if cls.lists:
            _give_list([], None, reply, cls)
        elif cls.raw_text:
            reply.text("No entries\n")
        else:
            reply.success(headers=dialect.body(blank(cls)))

    return answer


def blank(cls: type[Request[Any]]) -> Answer:
    """Return the answer to an action with blank headers, of the class that the action's answers have."""
    request = cls.__new__(cls)
    processed = request.process_response(Answer())
    kind: type[Answer] = type(processed) if isinstance(processed, Answer) else Answer
    return kind()
