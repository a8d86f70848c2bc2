"""Messages created with keywords: typed values are encoded to the headers that Asterisk sends for them.

Rules of this module:

- Each keyword is a typed attribute of the class. Its field defines the spelling; see `fields` and `values`.
- Attributes without a keyword are encoded as Asterisk does: a header that is always sent is blank (a zero, a no, the
  empty text, the text that means "none"), any other is omitted. Headers are in the order of the class's attributes.
- An error message names the class and the keyword.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ami_typed.arguments import about, wrong
from ami_typed.fields import Always, Closing, Held, MaybeView, Spelled, fields_of
from ami_typed.values import OpenIntEnum

if TYPE_CHECKING:
    from collections.abc import Container

    from ami_typed.fields import Field, Snapshot
    from ami_typed.values import Codec

__all__ = ["composed", "gathered", "refused", "unknown"]


def composed(cls: type[Any], opening: Spelled, given: Spelled, keywords: Mapping[str, Any]) -> Spelled:
    """Return the headers of a message.

    Args:
        cls: Its class.
        opening: The headers that identify the message, unless they are in ``given``.
        given: Headers as text. A header that an attribute reads is placed in the order of the attributes, unless the
            attribute has a keyword, which takes precedence; any other header is added at the end.
        keywords: The values of attributes; `None` for no value.

    Raises:
        TypeError: A keyword is not an attribute, or its value has the wrong type.
        ValueError: A value cannot be sent.
    """
    fields = fields_of(cls)
    for name in keywords:
        if name not in fields:
            raise unknown(cls, name, fields)
    texts = {**_by_name(opening), **_by_name(given)}
    plain = _lines(cls, texts, keywords, ())
    return _lines(cls, texts, keywords, {name for name, _ in plain})


def gathered(cls: type[Any], parts: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the items of a list and the event that ends it, if there is one, with their number.

    Args:
        cls: The class of the list.
        parts: The values of attributes.

    Raises:
        TypeError: A keyword is not an attribute, or its value contains other events.
    """
    members: list[tuple[str, Any]] = [each for base in cls.__mro__ for each in vars(base).items()]
    held: dict[str, Held[Any]] = {name: value for name, value in members if isinstance(value, Held)}
    items: list[Any] = []
    closing: list[Any] = []
    for name, value in parts.items():
        part = held.get(name)
        if part is None:
            raise unknown(cls, name, held)
        if isinstance(part, Closing):
            closing += [] if value is None else [_event(cls, name, part.wire, value)]
        else:
            items += [_event(cls, name, part.wire, event) for event in _several(cls, name, part.wire, value)]
    return items, [_counting(cls, event, len(items)) for event in closing]


def _counting(cls: type[Any], closing: Any, items: int) -> Any:
    """Return the event that ends a list. If it announces 0 items, the default, return a copy with their number."""
    count = items + (closing.event.lower() in map(str.lower, cls.repeatable))
    if not cls.counted or not count or closing.get("ListItems") != "0":
        return closing
    counting = closing.copy()
    counting["ListItems"] = str(count)
    return counting


def _several(cls: type[Any], name: str, wire: str, value: Any) -> Iterable[Any]:
    given: object = value
    if isinstance(given, (str, bytes, dict)) or not isinstance(given, Iterable):
        raise refused(cls, name, wrong(f"a list of {wire} events", value))
    events: Iterable[Any] = value
    return events


def _event(cls: type[Any], name: str, wire: str, event: Any) -> Any:
    """Return an event after checking that it belongs to an attribute."""
    found: Any = getattr(event, "event", type(event).__name__)
    if not isinstance(found, str) or found.lower() != wire.lower():
        raise refused(cls, name, TypeError(f"must contain {wire} events, not {found}"))
    return event


def unknown(cls: type[Any], name: str, known: Iterable[str]) -> TypeError:
    """Return the error for an unknown keyword of a class, with the closest match as a suggestion."""
    from difflib import get_close_matches

    names = {each.replace("_", ""): each for each in known}
    near = get_close_matches(name.replace("_", "").lower(), names, 1)
    advice = f"did you mean {names[near[0]]!r}?" if near else f"its attributes are {', '.join(sorted(names.values()))}."
    return TypeError(f"{cls.__name__} has no attribute {name!r}; {advice}")


def refused(cls: type[Any], name: str, error: Exception) -> Exception:
    """Return the error for an invalid value of a keyword.

    Args:
        cls: The class.
        name: The keyword.
        error: What is wrong, as the predicate of a sentence.
    """
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"{about(f'{cls.__name__}.{name}', error)}.")


def _by_name(headers: Spelled) -> dict[str, Spelled]:
    found: dict[str, Spelled] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append((name, value))
    return found


def _lines(
    cls: type[Any], texts: Mapping[str, Spelled], keywords: Mapping[str, Any], present: Container[str]
) -> Spelled:
    """Return all headers, spelled for a message that contains the headers named in ``present``."""
    fields = fields_of(cls)
    said = {name: _spelled(cls, name, fields[name], value, present) for name, value in keywords.items()}
    spelled = set(_owners(cls, said))
    left = dict(texts)
    names = {folded: headers[0][0] for folded, headers in left.items()}
    unset = _snapshots(cls, keywords, names)
    opening = next(iter(left), "")  # the header that identifies the message comes first
    first = [name for name, field in fields.items() if any(each.lower() == opening for each in field.found_in(names))]
    lines = [] if first else [*left.pop(opening, [])]
    for attribute in dict.fromkeys((*first, *fields)):
        field = fields[attribute]
        given = [header for name in field.found_in(names) for header in left.pop(name.lower(), [])]
        otherwise = unset[attribute] if attribute in unset else field.unset(cls)
        lines += (
            said.get(attribute)
            or given
            or [(name, _word(cls, field, lines) or each) for name, each in otherwise if name not in spelled]
        )
        spelled.update(name for name, _ in lines[-1:])
    return lines + [header for headers in left.values() for header in headers]


def _word(cls: type[Any], field: Field[Any], lines: Spelled) -> str | None:
    """Return the word for a number that was written, where a header has the words of another: ``ChannelStateDesc``."""
    vocabulary = field.codec.vocabulary
    if vocabulary is None or (issubclass(vocabulary, OpenIntEnum) and field.codec.decode is not None):
        return None
    numbers = {each.header: each.codec for each in fields_of(cls).values() if field.header.startswith(each.header)}
    for name, text in lines:
        if name in numbers and (word := _word_for(numbers[name], text, vocabulary)) is not None:
            return word
    return None


def _word_for(number: Codec[Any], text: str, vocabulary: type[Any]) -> str | None:
    try:
        value = number.decode(text) if number.decode else None
    except ValueError:
        return None
    if not isinstance(value, int):
        return None
    if issubclass(vocabulary, OpenIntEnum):
        return vocabulary.word(value)
    if number.vocabulary is None or number.vocabulary.__name__ != vocabulary.follows:
        return None
    word = vocabulary.__members__.get(number.vocabulary(value).name, vocabulary.__members__.get("UNKNOWN"))
    return word and str(word.value)


def _owners(cls: type[Any], said: Mapping[str, Spelled]) -> dict[str, str]:
    """Return the attribute from which each header is encoded.

    Raises:
        TypeError: Two attributes share a header.
    """
    owners: dict[str, str] = {}
    for attribute, headers in said.items():
        for header in dict.fromkeys(name for name, _ in headers if name):
            if header in owners:
                raise TypeError(
                    f"{cls.__name__}.{owners[header]} and {cls.__name__}.{attribute} both set the header {header}; "
                    "give only one of them."
                )
            owners[header] = attribute
    return owners


def _snapshots(cls: type[Any], keywords: Container[str], names: Mapping[str, str]) -> dict[str, Spelled]:
    """Return the headers that are sent for each attribute of an optional snapshot if it has no value.

    These are no headers if no attribute of the snapshot is given, else those of a message with such a snapshot.
    """
    fields = fields_of(cls)
    unset: dict[str, Spelled] = {}
    held: list[Any] = [view for base in cls.__mro__ for view in vars(base).values()]
    views: list[MaybeView[Any]] = [view for view in held if isinstance(view, MaybeView)]
    for view in views:
        snapshot: type[Snapshot] = view.cls
        parts = {view.prefix + name: part.field for name, part in snapshot.parts().items()}
        there = any(name in keywords or any(fields[name].found_in(names)) for name in parts)
        for name, part in parts.items():
            unset[name] = [(fields[name].header, text) for _, text in part.unset(cls)] if there else []
    return unset


def _spelled(cls: type[Any], attribute: str, field: Field[Any], value: Any, present: Container[str]) -> Spelled:
    """Return the headers for an attribute's value; an empty list if there is no value."""
    if value is None and not isinstance(field, Always):
        return []
    try:
        return field.spell(value, present)
    except (TypeError, ValueError, OverflowError) as error:
        raise refused(cls, attribute, error) from None
