"""Event filters of a session: regular expressions on the whole event, or criteria for its name and one header.

Source: main/manager.c, manager_add_filter, filter_cmp_fn and should_send_event. Criteria exist in the releases that
read MatchCriteria; others ignore the header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Filters"]

NOT_COMPILED = "Filter did not compile.  Check the syntax of the filter given."
NOT_FORMATTED = "Filter was formatted incorrectly.  Check the syntax of the filter given."

_CLASSES = {
    "alnum": r"a-zA-Z0-9",
    "alpha": r"a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": r"0-9",
    "graph": r"\x21-\x7e",
    "lower": r"a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": r"A-Z",
    "xdigit": r"0-9A-Fa-f",
}
_OPTION = re.compile(r"(action|name|header|method)\((.*)")
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "regex": lambda text, pattern: _regex(pattern).search(text) is not None,
    "exact": lambda text, pattern: text == pattern,
    "starts_with": lambda text, pattern: text.startswith(pattern),
    "ends_with": lambda text, pattern: text.endswith(pattern),
    "contains": lambda text, pattern: pattern in text,
    "none": lambda _text, _pattern: True,
}


class _Filter(NamedTuple):
    """One filter.

    Attributes:
        excludes: Whether matching events are dropped.
        method: How the pattern is compared.
        pattern: The pattern.
        name: The name of the event, empty for any.
        header: The name of the header to compare, with its colon; empty for the whole event.
    """

    excludes: bool
    method: str
    pattern: str
    name: str = ""
    header: str = ""

    def matches(self, name: str, text: str) -> bool:
        """Return whether it matches an event."""
        if self.name and self.name != name:
            return False
        compare = _METHODS[self.method]
        if not self.header:
            return compare(text, self.pattern)
        values = (line[len(self.header) :].lstrip() for line in text.split("\r\n") if line.startswith(self.header))
        return any(compare(value, self.pattern) for value in values if value)


class Filters:
    """The filters of one session."""

    def __init__(self) -> None:
        self._filters: list[_Filter] = []

    def __bool__(self) -> bool:
        return bool(self._filters)

    def add(self, pattern: str, criteria: str | None = None) -> str | None:
        """Add a filter. Return the server's error message if it is invalid.

        Args:
            pattern: The value of the Filter header.
            criteria: The value of the MatchCriteria header; `None` in releases that do not read it.
        """
        excludes, pattern = pattern.startswith("!"), pattern.removeprefix("!")
        if criteria:
            new = _structured(criteria, pattern, excludes=excludes)
        else:
            new = _Filter(excludes, "regex", pattern) if pattern or criteria is None else None
        if new is None:
            return NOT_FORMATTED
        if new.method == "regex" and not _compiles(new.pattern):
            return NOT_COMPILED
        self._filters.append(new)
        return None

    def let_through(self, name: str, text: str) -> bool:
        """Return whether an event is sent: some including filter matches, if there are any, and no excluding one."""
        including = [each for each in self._filters if not each.excludes]
        excluding = [each for each in self._filters if each.excludes]
        wanted = not including or any(each.matches(name, text) for each in including)
        return wanted and not any(each.matches(name, text) for each in excluding)


def _structured(criteria: str, pattern: str, *, excludes: bool) -> _Filter | None:
    """Return the filter for criteria such as ``action(exclude),name(Newexten)``; `None` if they are malformed."""
    options: dict[str, str] = {}
    for word in re.split(r"[ ,)]+", criteria.strip()):
        if not word:
            continue
        found = _OPTION.match(word)
        if found is None:
            return None
        options[found[1]] = found[2].strip()
    action, method = options.get("action"), options.get("method", "none")
    wrong_words = action not in {None, "include", "exclude"} or method not in _METHODS or not all(options.values())
    no_subject = "name" not in options and "header" not in options and method == "none"
    if wrong_words or not options or bool(pattern) != (method != "none") or no_subject:
        return None
    header = options.get("header", "")
    return _Filter(
        excludes if action is None else action == "exclude",
        method,
        pattern,
        options.get("name", ""),
        header and header.removesuffix(":") + ":",
    )


def _compiles(pattern: str) -> bool:
    try:
        _regex(pattern)
    except re.error:
        return False
    return True


def _regex(pattern: str) -> re.Pattern[str]:
    r"""Compile a POSIX extended regular expression: its classes such as ``[[:space:]]`` have other names in Python."""
    translated = re.sub(r"\[:(\w+):\]", lambda found: _CLASSES.get(found[1], found[0]), pattern)
    return re.compile(translated, re.DOTALL)
