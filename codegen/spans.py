"""Spans: the releases that support a feature, computed from facts and from `since` versions.

Rules owned here:

- The facts of a branch determine whether the branch supports a feature; a branch without facts is never included,
  except by an open end.
- Later branches are assumed to support whatever the newest branch with facts supports: such a span has an open end.
  A span does not end merely because newer branches have not been examined.
- A `since` version within a branch narrows that branch, unless an older branch has the feature without a `since`
  version: then the version dates the documentation, not the feature (`OriginateResponse`, "since 18.26").
- The text format is that of `ami_typed.releases`: branches, ranges of branches, and first releases within a branch,
  followed by `-` for an open end or by `!` for an end that is known to be real although no newer branch is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from ami_typed.releases import Release, Releases

Span: TypeAlias = Mapping[int, Release]
"""Maps each supporting branch to its first release; a span with an open end includes every branch up to `HORIZON`."""

HORIZON: Final = 199
"""The last branch of spans with an open end, representing all later ones; Asterisk releases one branch a year."""

_VERSION = r"\d+(?:\.\d+){0,2}"
_RANGE = rf"{_VERSION}(?:-\d+)?"
_WRITTEN = re.compile(rf"(?:{_RANGE} )*(?:{_VERSION}-|{_RANGE}!?)")
_STARTS = re.compile(rf"{_VERSION}(?: {_VERSION})*")


def span_of(releases: Iterable[str], since: Iterable[str] = (), *, newest: int | None = None) -> Span:
    """Return the span of a feature that the facts of some releases contain.

    Args:
        releases: The releases, such as `22.10.1`.
        since: The versions that introduced it, at most one per branch.
        newest: The newest branch with facts; a span that includes it gets an open end. None for no open end.
    """
    known = {release.branch: release for release in map(_release, releases)}
    starts = {start.branch: start for start in map(_release, since)}
    span: dict[int, Release] = {}
    existed = False
    for branch in sorted(known):
        start = starts.get(branch)
        if existed or start is None or start > known[branch]:
            span[branch], existed = Release(branch), existed or branch not in starts
        else:
            span[branch] = start
    return span | (_after(newest) if newest is not None and newest in span else {})


def written_span(text: str) -> Span:
    """Parse the text format of a span.

    Raises:
        ValueError: The text is invalid.
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError(f"{text!r} is not a span of releases, such as '13-15 16.20 17-'")
    span = Releases(text.rstrip("-!")).branches()
    return span | (_after(max(span)) if text.endswith("-") else {})


def written_starts(text: str) -> Span:
    """Parse the versions that introduced a feature, one per branch.

    Raises:
        ValueError: The text is invalid.
    """
    if not _STARTS.fullmatch(text):
        raise ValueError(f"{text!r} are not first releases within branches, such as '18.20 20.5'")
    return Releases(text).branches()


def ends_unsaid(text: str, newest: int) -> bool:
    """Return whether a span in text format ends at the newest branch or later, and is not marked with `!`."""
    return not text.endswith("!") and newest <= max(written_span(text)) < HORIZON


def text_of(span: Span) -> str:
    """Format a span: `13-15 16.20 17-`."""
    runs: list[list[Release]] = []
    for branch in sorted(span):
        start = span[branch]
        if runs and runs[-1][-1].branch == branch - 1 and start == Release(branch):
            runs[-1].append(start)
        else:
            runs.append([start])
    return " ".join(_run(run) for run in runs)


def words_of(span: Span) -> str:
    """Describe a span in words: `Asterisk 13 to 15, 18 (since 18.20), 20.5 and later`."""
    return str(Releases(text_of(span)))


def common(one: Span, other: Span) -> Span:
    """Return the intersection of two spans."""
    return {branch: max(one[branch], other[branch]) for branch in sorted(one.keys() & other.keys())}


def united(one: Span, other: Span) -> Span:
    """Return the union of two spans."""
    both = sorted(one.keys() | other.keys())
    return {branch: min(each[branch] for each in (one, other) if branch in each) for branch in both}


def as_old_as(one: Span, other: Span) -> Span:
    """Return a span that, in the branches it shares with another, starts where the other starts."""
    return {branch: other.get(branch, start) for branch, start in one.items()}


def begun(one: Span, starts: Span) -> Span:
    """Return a span that starts no earlier than `starts` in the branches listed there."""
    return {branch: max(start, starts.get(branch, start)) for branch, start in one.items()}


def following(part: Span, whole: Span, moved: Span) -> Span:
    """Return the span of a part after its whole has moved: a part that started with its whole still does."""
    return {
        branch: moved[branch] if start == whole.get(branch) else max(start, moved[branch])
        for branch, start in part.items()
        if branch in moved
    }


def _after(branch: int) -> dict[int, Release]:
    return {later: Release(later) for later in range(branch + 1, HORIZON + 1)}


def _release(version: str) -> Release:
    numbers = [int(part) for part in re.findall(r"\d+", version.partition("-")[0])]
    return Release(*numbers[:3])


def _run(run: list[Release]) -> str:
    first, last = run[0], run[-1]
    start = (
        ".".join(map(str, first)) if first.patch else f"{first.branch}.{first.minor}" if first.minor else f"{first[0]}"
    )
    if last.branch == HORIZON:
        return f"{start}-"
    return start if first is last else f"{start}-{last.branch}"
