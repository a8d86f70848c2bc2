"""Releases of Asterisk, and sets of releases by branch.

Rules of this module:

- Releases are ordered within a branch only: 18.26 supports things that 19.8 lacks, so "since 18" is never inferred.
- A set is defined by its text: ``13-15 16.20 17-`` means "13 to 15, 16 from 16.20 on, 17 and later".
- Only an open end (``17-``) includes branches newer than this package. Everything that the newest known branch supports
  has an open end, so it is assumed to exist in newer branches. ``13-20`` has ended; newer servers lack it.
- A release of which only the branch is known is assumed to support everything that any release of the branch supports.

The subpackages `v13`, `v14` and so on are generated. They contain the same classes as `ami_typed`, but only those that
the branch supports, so that a type checker rejects all others: ``from ami_typed.releases.v18 import actions, events``.
`every` contains the classes that all branches support.
"""

from __future__ import annotations

import re

from ami_typed._lazy import NamedTuple

__all__ = ["Release", "Releases"]

UNKNOWN = -1
"""The second number of a release of which only the branch is known."""
_AMI_OF_BRANCH = 11
"""The difference between a branch and the major version in its greeting, since 13."""


class Release(NamedTuple):
    """A release of Asterisk: ``Release(22, 10, 1)``.

    Attributes:
        branch: The first number, the release branch with its own fixes and features.
        minor: The second number, -1 if only the branch is known; see `exact`.
        patch: The third number, 0 if there is none.
    """

    branch: int
    minor: int = 0
    patch: int = 0

    @classmethod
    def find(cls, version: str) -> Release | None:
        """Find the release in a version reported by Asterisk.

        Args:
            version: ``22.10.1``, ``Asterisk 16.28.0~dfsg-0``, ``certified/18.9-cert5``, ``GIT-22-2f9b2f7``, ...

        Returns:
            The release, with only its branch for a build from git; `None` if the text contains neither.
        """
        match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
        if match is not None:
            return cls(int(match[1]), int(match[2]), int(match[3] or 0))
        built = re.search(r"GIT-(\d+)\b", version)
        return built and cls(int(built[1]), UNKNOWN)

    @classmethod
    def greeting_with(cls, version: str) -> Release | None:
        """Return the branch that sends a version of the Manager Interface in its greeting.

        The major version increases by 1 with each branch.

        Args:
            version: ``2.10.6`` for 13, ``3.2.2`` for 14, ... ``11.0.0`` for 22 (include/asterisk/manager.h of each).
        """
        match = re.match(r"(\d+)\.\d", version)
        number = int(match[1]) if match else 0
        return cls(number + _AMI_OF_BRANCH, UNKNOWN) if number > 1 else None

    @property
    def exact(self) -> bool:
        """Whether more than the branch is known."""
        return self.minor != UNKNOWN

    def __str__(self) -> str:
        return f"{self.branch}.{self.minor}.{self.patch}" if self.exact else f"{self.branch}.x"


class Releases:
    """A set of releases, branch by branch.

    Args:
        spans: Branches, ranges of branches and first releases within a branch, separated by spaces:
            ``13-15 16.20 17-``. The last one may have an open end, which includes every later branch: ``17-``.
    """

    __slots__ = ("spans",)

    def __init__(self, spans: str) -> None:
        self.spans = spans

    @property
    def is_open(self) -> bool:
        """Whether the set includes every branch after those named in the text."""
        return self.spans.endswith("-")

    def branches(self) -> dict[int, Release]:
        """Return the first release of each branch named in the text; an open set also includes all later branches."""
        first: dict[int, Release] = {}
        for span in self.spans.removesuffix("-").split():
            low, _, high = span.partition("-")
            start = Release(*map(int, low.split(".")))
            first[start.branch] = start
            for branch in range(start.branch + 1, int(high or start.branch) + 1):
                first[branch] = Release(branch)
        return first

    def __contains__(self, release: Release) -> bool:
        branches = self.branches()
        first = branches.get(release.branch)
        if first is None:
            return self.is_open and release.branch > max(branches)
        return not release.exact or release >= first

    def _starts(self) -> frozenset[Release]:
        """Return the first releases that identify the set, without complete branches just before an open end."""
        starts = list(self.branches().values())
        while self.is_open and starts[1:] and starts[-1] == Release(starts[-2].branch + 1):
            starts.pop()
        return frozenset(starts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Releases) and (self._starts(), self.is_open) == (other._starts(), other.is_open)

    def __hash__(self) -> int:
        return hash(self._starts())

    def __repr__(self) -> str:
        return f"Releases({self.spans!r})"

    def __str__(self) -> str:
        """Return the set in words: ``Asterisk 13 to 15, 18 (since 18.20), 20.5 and later``."""
        *closed, last = _runs(self.branches())
        words = [*map(_in_words, closed), _in_words(last, is_open=self.is_open)]
        return f"Asterisk {', '.join(words)}"

    def needed_by(self, release: Release) -> str:
        """Return the releases that a server whose release is not in the set would need, in words.

        Returns:
            The first release of the server's branch, if the set includes this branch: ``Asterisk 18.26 or later``; else
            the whole set.
        """
        first = self.branches().get(release.branch)
        return str(self) if first is None else f"Asterisk {_number(first)} or later"


def _runs(branches: dict[int, Release]) -> list[list[Release]]:
    """Return the first releases in runs of consecutive branches; only the first branch of a run may be incomplete."""
    runs: list[list[Release]] = []
    for branch, first in sorted(branches.items()):
        if runs and first == Release(branch) and runs[-1][-1].branch == branch - 1:
            runs[-1].append(first)
        else:
            runs.append([first])
    return runs


def _in_words(run: list[Release], *, is_open: bool = False) -> str:
    first, last = run[0], run[-1]
    if is_open:
        return f"{_number(first)} and later"
    if first is not last:
        return f"{_number(first)} to {last.branch}"
    return f"{first.branch}" if first == Release(first.branch) else f"{first.branch} (since {_number(first)})"


def _number(first: Release) -> str:
    return f"{first.branch}" if first == Release(first.branch) else str(first).removesuffix(".0")
