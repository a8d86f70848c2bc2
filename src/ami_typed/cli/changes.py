"""Differences between two sets of messages: messages added and removed, and headers added and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping


class Change(NamedTuple):
    """The parameters or headers added to a message, and removed from it."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences among messages of one kind, sorted by name."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, Change]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def lines(
        self, title: str, message: Callable[[str], str] = str, header: Callable[[str, str], str] = lambda _, name: name
    ) -> Iterator[str]:
        """Yield the changes as lines of text, or nothing if there are none.

        Args:
            title: The kind of messages.
            message: Formats a message.
            header: Formats a header of a message.
        """
        if not self:
            return
        yield f"{title}: {len(self.added)} added, {len(self.removed)} removed, {len(self.changed)} changed"
        yield from (f"  + {message(name)}" for name in self.added)
        yield from (f"  - {message(name)}" for name in self.removed)
        for name, change in self.changed.items():
            yield f"  ~ {message(name)}"
            yield from (f"      + {header(name, each)}" for each in change.added)
            yield from (f"      - {header(name, each)}" for each in change.removed)


def compare(before: Mapping[str, Collection[str]], after: Mapping[str, Collection[str]]) -> Changes:
    """Compare messages, each with its headers. Names are case-insensitive, as on the wire."""
    old, new = _folded(before), _folded(after)
    both = [(new[name], before[old[name]], after[new[name]]) for name in sorted(old.keys() & new.keys())]
    changes = {name: Change(*_added_and_removed(one, other)) for name, one, other in both}
    added, removed = _added_and_removed(sorted(before), sorted(after))
    return Changes(added, removed, {name: change for name, change in changes.items() if any(change)})


def _added_and_removed(before: Iterable[str], after: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    old, new = _folded(before), _folded(after)
    return (
        tuple(spelling for name, spelling in new.items() if name not in old),
        tuple(spelling for name, spelling in old.items() if name not in new),
    )


def _folded(names: Iterable[str]) -> dict[str, str]:
    return {name.lower(): name for name in names}
