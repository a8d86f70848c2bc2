"""Event masks, and the words for yes and no."""

from __future__ import annotations

__all__ = ["EVENT_CLASSES", "FALSE", "TRUE", "mask_trouble"]


EVENT_CLASSES = frozenset({
    "system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf", "reporting", "cdr", "dialplan",
    "originate", "agi", "cc", "aoc", "test", "security", "message", "all", "none",
})  # fmt: skip
"""The names of event classes in an event mask (main/manager.c, perms, from 13.38.3 to 23.4.1)."""
TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
FALSE = frozenset({"no", "false", "n", "f", "0", "off"})
"""The case-insensitive words that Asterisk accepts as true and false (main/utils.c, ast_true and ast_false)."""


def mask_trouble(mask: str) -> str | None:
    """Return a description of what is wrong with an event mask, `None` if it is valid.

    Asterisk ignores unknown classes, so that a mask with only unknown classes disables all events.
    """
    if not mask or mask.isdecimal() or mask.lower() in TRUE | FALSE:
        return None
    unknown = next((each for each in mask.split(",") if each not in EVENT_CLASSES), None)
    if unknown is None:
        return None
    from difflib import get_close_matches

    near = get_close_matches(unknown.strip().lower(), EVENT_CLASSES, 1)
    advice = f"did you mean {near[0]!r}?" if near else f"the classes are {', '.join(sorted(EVENT_CLASSES))}."
    return f"{unknown!r} is not a class of events, and Asterisk would ignore it; {advice}"
