"""Families: headers that several events share, and snapshots that events contain.

Rules owned here:

- The overlay defines the families: the headers of a snapshot, or a list of headers. Each attribute of a family is the
  variant that most of its events have; an event that has all of them, with the same types, is a member.
- An event overrides the attributes for which it has its own description, and inherits the others.
- A family of fewer than two events is a trouble: it saves nothing, or no longer matches.
- A snapshot in an event is also accessible as a view: `dest` has the `Dest...` headers, without the prefix.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .names import snake_case
from .overlay import snapshot_of
from .terms import Family, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .merge import SnapshotKind
    from .overlay import Family as Entry
    from .terms import Event, Field
    from .trouble import Troubles


def families_of(
    events: Sequence[Event],
    entries: Mapping[str, Entry],
    snapshots: Mapping[SnapshotKind, Sequence[str]],
    troubles: Troubles,
) -> Iterator[Family]:
    """Yield the families that the overlay defines.

    Args:
        events: All events.
        entries: The families' entries in the overlay.
        snapshots: The headers of each kind of snapshot, without a prefix.
        troubles: The collector for families that do not match.
    """
    known = {event.name for event in events}
    for name, entry in entries.items():
        if name in known:
            troubles.add("This is also the name of an event.", message=f"family {name}")
        view = _view(*snapshot_of(entry.snapshot), absent=entry.absent) if entry.snapshot else None
        headers = [view.prefix + each for each in snapshots[view.kind]] if view else entry.headers
        rows = {event.name: row for event in events if (row := _those(event, headers, view))}
        shared = tuple(Counter(column).most_common(1)[0][0] for column in zip(*rows.values(), strict=True))
        members = frozenset(event for event, row in rows.items() if all(map(_is_same_type, row, shared)))
        if len(members) < 2:
            troubles.add(
                "Fewer than two events have all of its headers, with the same types.", message=f"family {name}"
            )
        yield Family(name=name, doc=entry.doc, fields=shared, view=view, members=members)


def views_of(event: Event, snapshots: Mapping[SnapshotKind, Sequence[str]]) -> Iterator[View]:
    """Yield the snapshots that an event contains completely.

    Args:
        event: The event.
        snapshots: The headers of each kind of snapshot, without a prefix.
    """
    forms = {field.header: field.form for field in event.fields}
    for kind, names in snapshots.items() if all(snapshots.values()) else ():
        for header, form in forms.items():
            prefix = header.removesuffix(names[0])
            if header.endswith(names[0]) and all(prefix + name in forms for name in names):
                yield _view(kind, prefix, absent=form != "Always")


def _view(kind: SnapshotKind, prefix: str, *, absent: bool) -> View:
    ending = "" if kind == "channel" else "bridge"
    attribute = "_".join(filter(None, (snake_case(prefix), ending))) or "snapshot"
    return View(attribute, kind, prefix, absent)


def _those(event: Event, headers: Sequence[str], view: View | None) -> tuple[Field, ...]:
    """Return an event's attributes for some headers; empty if one is missing or the snapshot is not as in `view`."""
    by_header = {field.header: field for field in event.fields}
    found = tuple(by_header[header] for header in headers if header in by_header)
    if len(found) < len(headers) or (view and view.absent != (found[0].form != "Always")):
        return ()
    return found


def _is_same_type(one: Field, other: Field) -> bool:
    return (one.attribute, one.form, one.codec, one.enum) == (other.attribute, other.form, other.codec, other.enum)
