"""Recordings of scenes on real servers, in `recorded/`: one file a scene, one line a message.

A line begins with the releases that have it (`*` for all), its kind (E an event, A an answer, L an item of a list) and its text.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from tests.telephony.comparing import Played

FOLDER = Path(__file__).parent / "recorded"
OLD, NEW = RELEASES = ("16.28.0", "22.10.1")


def scenes() -> list[str]:
    """Return the names of the scenes that have been recorded."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def load(scene: str, release: str) -> Played:
    """Return what a server of a release gave."""
    found: dict[str, list[str]] = {"E": [], "A": [], "L": []}
    for line in (FOLDER / f"{scene}.txt").read_text("utf-8").splitlines():
        releases, kind, text = line.split(" ", 2)
        if releases in ("*", release):
            found[kind].append(text)
    return Played(found["E"], found["A"], found["L"])


def save(scene: str, old: Played, new: Played) -> None:
    """Write down what two servers gave."""
    lines: list[str] = []
    for kind, before, after in zip("EAL", old, new, strict=True):
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        for what, i, j, k, m in matcher.get_opcodes():
            if what == "equal":
                lines += [f"* {kind} {text}" for text in before[i:j]]
            else:
                lines += [f"{OLD} {kind} {text}" for text in before[i:j]]
                lines += [f"{NEW} {kind} {text}" for text in after[k:m]]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{scene}.txt").write_text("\n".join([*lines, ""]), "utf-8")
