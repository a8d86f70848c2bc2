"""Vocabularies: enums that a newer Asterisk may extend.

Rules owned here:

- Vocabularies are open: an unknown member is kept.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ami_typed._language.codecs import Codec
from ami_typed.arguments import as_integer, as_member, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

__all__ = ["OpenIntEnum", "OpenStrEnum", "member", "worded"]


E = TypeVar("E", bound="OpenIntEnum | OpenStrEnum")


def _unknown(cls: type[Any], value: object, base: type[Any]) -> Any:
    """Create a member for a value that this release of ami-typed does not define, so that it can be decoded."""
    member: Any = base.__new__(cls, value)
    member._name_ = f"UNKNOWN_{value}"
    member._value_ = value
    return member


class OpenIntEnum(enum.IntEnum):
    """A vocabulary of numbers that a newer Asterisk may extend.

    An unknown number becomes a member named ``UNKNOWN_<number>``, with `known` set to false. `str` of a member is its
    name; a request sends its number.
    """

    _words: Mapping[int, str]

    def __init_subclass__(cls, *, words: Mapping[int, str] | None = None) -> None:
        """Take the words that Asterisk has for the numbers of a vocabulary."""
        super().__init_subclass__()
        cls._words = words or {}

    @classmethod
    def word(cls, number: int) -> str:
        """Return Asterisk's word for a number, that for the first one if it has none; empty if there are no words."""
        return cls._words.get(number) or next(iter(cls._words.values()), "")

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else self.name

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _unknown(cls, value, int) if isinstance(value, int) else None

    @property
    def known(self) -> bool:
        """Whether ami-typed defines this member."""
        return self.name in type(self).__members__


class OpenStrEnum(enum.StrEnum):
    """A vocabulary of words that a newer Asterisk may extend; words are case-insensitive.

    An unknown word becomes a member named ``UNKNOWN_<word>``, with `known` set to false. If Asterisk has several words
    for a member, each of them is accepted; the member's value is the word that requests send.
    """

    _spelled: Mapping[str, str]
    follows: str
    """The vocabulary of numbers that these are the words for; empty if there is none."""

    def __init_subclass__(cls, *, also: Mapping[str, str] | None = None, follows: str = "") -> None:
        """Store the alternative words of a vocabulary, and the name of the vocabulary of numbers that it spells out."""
        super().__init_subclass__()
        cls._spelled = also or {}
        cls.follows = follows

    @classmethod
    def spellings(cls) -> dict[str, Self]:
        """Return the members by every word that Asterisk is known to send for them."""
        return {each.value: each for each in cls} | {word: cls(value) for word, value in cls._spelled.items()}

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        folded = value.casefold()
        known = {word.casefold(): member for word, member in cls.spellings().items()}
        return known.get(folded) or _unknown(cls, value, str)

    @property
    def known(self) -> bool:
        """Whether ami-typed defines this member."""
        return self.name in type(self).__members__


class _Members(dict[str, E]):
    """The members of a vocabulary, by their text on the wire."""

    def __init__(self, vocabulary: type[E]) -> None:
        super().__init__(
            {str(each.value): cast("E", each) for each in vocabulary}
            if issubclass(vocabulary, OpenIntEnum)
            else cast("dict[str, E]", vocabulary.spellings())
        )
        self._unknown: Callable[[str], E] = (
            (lambda spelling: vocabulary(int(spelling))) if issubclass(vocabulary, OpenIntEnum) else vocabulary
        )

    def __missing__(self, spelling: str) -> E:
        return self._unknown(spelling)


def member(vocabulary: type[E], form: int = 0) -> Codec[E]:
    """A member of an open enum.

    Args:
        vocabulary: The enum.
        form: The form to encode: 0 for its value, 1 for the first of its other words, and so on; the last one if it has
            fewer.
    """
    return Codec(
        _Members(vocabulary).__getitem__,
        lambda value: _write_member(value, vocabulary, form),
        blank=next((_write_member(each, vocabulary, form) for each in vocabulary), ""),
        vocabulary=vocabulary,
    )


def worded(vocabulary: type[OpenIntEnum]) -> Codec[str]:
    """Text that is the word for a number of this vocabulary in another header: ``Cause-txt``."""
    return Codec(None, as_text, blank=vocabulary.word(0), vocabulary=vocabulary)


def _write_member(value: object, vocabulary: type[enum.Enum], form: int) -> str:
    written = as_member(value, vocabulary.__name__)
    if issubclass(vocabulary, OpenIntEnum):
        return as_integer(written)
    return _other_word(vocabulary(written), form) if form and issubclass(vocabulary, OpenStrEnum) else written


def _other_word(member: OpenStrEnum, form: int) -> str:
    """Return a word for a member; see `member`. One that is unknown has only its value."""
    words = [word for word, each in member.spellings().items() if each is member]
    return words[: form + 1][-1] if words else str(member)
