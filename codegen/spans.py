"""Spans: which releases have something, from the releases whose facts have it and the versions that brought it.

Rules owned here:

- The facts of a branch decide whether the branch has something; a branch without facts is never claimed, except by an
  open end.
- What the newest branch with facts has, later branches are taken to have as well: its span has an open end. Nothing
  ends because nobody has looked further.
- A `since` version within a branch narrows that branch, unless an older branch has the thing without a version of
  its own: then the version is the birth of the documentation, not of the thing (`OriginateResponse`, "since 18.26").
- The written form is that of `ami_typed.releases`: a branch, a range of branches, a first release within a branch, and
  behind the last of them `-` for an open end. `!` says that the end is real although nothing newer is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from ami_typed.releases import Release, Releases

Span: TypeAlias = Mapping[int, Release]
"""The first release of each branch that has something; one with an open end has every branch up to `HORIZON`."""

HORIZON: Final = 199
"""The branch that stands for all later ones: Asterisk makes one a year."""

_VERSION = r"\d+(?:\.\d+){0,2}"
_RANGE = rf"{_VERSION}(?:-\d+)?"
_WRITTEN = re.compile(rf"(?:{_RANGE} )*(?:{_VERSION}-|{_RANGE}!?)")
_STARTS = re.compile(rf"{_VERSION}(?: {_VERSION})*")


def span_of(releases: Iterable[str], since: Iterable[str] = (), *, newest: int | None = None) -> Span:
    """Return the span of what the facts of some releases have.

    Args:
        releases: The releases, such as `22.10.1`.
        since: The versions that brought it, at most one a branch.
        newest: The newest branch that there are facts of, where what it has is to have an open end.
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
    """Read the written form.

    Raises:
        ValueError: It is not one.
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError(f"{text!r} is not a span of releases, such as '13-15 16.20 17-'")
    span = Releases(text.rstrip("-!")).branches()
    return span | (_after(max(span)) if text.endswith("-") else {})


def written_starts(text: str) -> Span:
    """Read the versions that brought something, one a branch.

    Raises:
        ValueError: It is none.
    """
    if not _STARTS.fullmatch(text):
        raise ValueError(f"{text!r} are not first releases within branches, such as '18.20 20.5'")
    return Releases(text).branches()


def ends_unsaid(text: str, newest: int) -> bool:
    """Return whether a written span ends with the newest branch, or behind it, without saying that this end is real."""
    return not text.endswith("!") and newest <= max(written_span(text)) < HORIZON


def text_of(span: Span) -> str:
    """Write a span: `13-15 16.20 17-`."""
    runs: list[list[Release]] = []
    for branch in sorted(span):
        start = span[branch]
        if runs and runs[-1][-1].branch == branch - 1 and start == Release(branch):
            runs[-1].append(start)
        else:
            runs.append([start])
    return " ".join(_run(run) for run in runs)


def words_of(span: Span) -> str:
    """Return a span in words: `Asterisk 13 to 15, 18 (since 18.20), 20.5 and later`."""
    return str(Releases(text_of(span)))


def common(one: Span, other: Span) -> Span:
    """Return the span of what needs both."""
    return {branch: max(one[branch], other[branch]) for branch in sorted(one.keys() & other.keys())}


def united(one: Span, other: Span) -> Span:
    """Return the span of what needs either."""
    both = sorted(one.keys() | other.keys())
    return {branch: min(each[branch] for each in (one, other) if branch in each) for branch in both}


def as_old_as(one: Span, other: Span) -> Span:
    """Return a span that begins, in the branches that another has as well, where that begins."""
    return {branch: other.get(branch, start) for branch, start in one.items()}


def begun(one: Span, starts: Span) -> Span:
    """Return a span that begins later in the branches that are told to."""
    return {branch: max(start, starts.get(branch, start)) for branch, start in one.items()}


def following(part: Span, whole: Span, moved: Span) -> Span:
    """Return the span of a part whose whole has moved: where it began with the whole, it still does."""
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
