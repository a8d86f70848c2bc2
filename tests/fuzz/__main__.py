"""Have atheris look for bytes for which a target does not hold: ``python -m tests.fuzz TARGET [libFuzzer's options]``."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

USAGE = "python -m tests.fuzz framing | conversation | reading | greeting | event | answer | forms  [-max_total_time=SECONDS ...]"


def main(arguments: list[str]) -> None:
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["ami_typed"]):
        from tests.fuzz.seeds import WORDS, event_seeds, seeds
        from tests.fuzz.targets import TARGETS
    if not arguments or arguments[0] not in TARGETS:
        sys.exit(USAGE)
    name, *options = arguments
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        for number, seed in enumerate(event_seeds() if name == "event" else seeds()):
            Path(corpus, f"{number:04}").write_bytes(seed)
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS), "ascii")
        atheris.Setup([name, f"-dict={words}", "-max_len=2000", *options, str(corpus)], TARGETS[name])
        atheris.Fuzz()


def _escaped(octets: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in octets)


if __name__ == "__main__":
    main(sys.argv[1:])
