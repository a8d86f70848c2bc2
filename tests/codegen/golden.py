"""The golden cases of the generator: documentation and an overlay in, modules or troubles out.

A case is a folder of `cases/`: `docs.xml` (Asterisk 22.10.1), perhaps `docs-<release>.xml` for older releases, perhaps
`overlay.toml`; and what becomes of them, `expected.py` (all generated modules that hold classes) or `expected.txt`
(the troubles). `python -m tests.codegen.golden` rewrites what is expected; read the diff before you keep it.
"""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

from codegen import overlay
from codegen.amend import amend
from codegen.harvest import harvest
from codegen.merge import merge
from codegen.render import render
from codegen.resolve import resolve
from codegen.surface import LIBRARY_HEADER, surface
from codegen.trouble import TroubleError, Troubles

CASES = Path(__file__).parent / "cases"
NEWEST = "22.10.1"


def names() -> list[str]:
    """Return the names of all cases."""
    return sorted(path.name for path in CASES.iterdir() if (path / "docs.xml").is_file())


def outcome(name: str) -> tuple[str, str]:
    """Run a case; return the name of its file of what is expected, and the text."""
    with chdir(CASES / name):
        try:
            files = _generated()
        except TroubleError as error:
            return "expected.txt", f"{error}\n"
    return "expected.py", "\n\n".join(
        f"# {path}\n{text.removeprefix(LIBRARY_HEADER).strip()}\n" for path, text in files
    )


def _generated() -> list[tuple[str, str]]:
    releases = [
        harvest(path, path.stem.partition("-")[2] or NEWEST) for path in sorted(Path().glob("docs*.xml"), key=str)
    ]
    troubles = Troubles("docs.xml")
    knowledge = overlay.EMPTY
    with troubles.absorb():
        knowledge = overlay.load(sorted(Path().glob("overlay.toml")))
    troubles.check()
    files = render(surface(resolve(amend(merge(releases), knowledge, "docs.xml"))))
    return [
        (path, text)
        for path, text in sorted(files.items())
        if not path.endswith("__init__.py") and path != "catalogue.py" and "class " in text
    ]


def rewrite() -> None:
    """Write what is expected of every case anew."""
    for name in names():
        for old in (CASES / name).glob("expected.*"):
            old.unlink()
        file, text = outcome(name)
        (CASES / name / file).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}/{file}")


if __name__ == "__main__":
    rewrite()
