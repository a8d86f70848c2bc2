"""No sentence of Asterisk's documentation, which is GPL, is in the descriptions of ami-typed."""

from __future__ import annotations

import ast
import gzip
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.once

Value: TypeAlias = "str | int | list[Value] | dict[str, Value]"
"""What the overlay's TOML holds."""

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTATION = ROOT.parent / "shared" / "asterisk-docs"

RUN = 8
"""So many words in the same order are a copy."""

VALUES = re.compile(r"``[^`]+``(?:,\s+``[^`]+``)+")
"""The values that a header may have, as a docstring lists them: names, no prose."""

WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
PROSE = {"para", "synopsis", "description", "note", "warning", "enum", "value", "option", "see-also"}


def runs(text: str) -> set[str]:
    """Every run of words in a text."""
    words = WORD.findall(text.lower())
    return {" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}


def prose(root: ET.Element) -> Iterator[str]:
    """The texts of a documentation file, paragraph by paragraph and description by description."""
    for element in root.iter():
        if element.tag in PROSE:
            yield "".join(element.itertext())


def sentences(value: Value) -> Iterator[str]:
    """Every text in a part of the overlay."""
    match value:
        case str():
            yield value
        case dict():
            yield from sentences(list(value.values()))
        case list():
            for each in value:
                yield from sentences(each)
        case _:
            pass


def descriptions(value: Value) -> Iterator[str]:
    """Every description in a part of the overlay."""
    match value:
        case dict():
            for key, each in value.items():
                if key == "doc" and isinstance(each, str):
                    yield each
                else:
                    yield from descriptions(each)
        case _:
            pass


def docstrings(source: str) -> Iterator[str]:
    """The docstrings of a module, those under attributes too, in pieces where they list values."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield from VALUES.split(text)
            case _:
                pass


def test_a_run_of_words_is_found_whatever_the_punctuation_and_line_breaks() -> None:
    copied = runs("Asterisk says:\n the quick brown fox, which jumps over a lazy dog.")

    assert runs("The quick (brown) FOX which jumps\tover a cat") & copied == {"the quick brown fox which jumps over a"}
    assert not runs("the quick brown fox which jumps over some dog") & copied


@pytest.fixture(scope="module")
def copied() -> set[str]:
    """Every run of words of Asterisk's prose, all releases."""
    files = sorted(DOCUMENTATION.glob("*.xml.gz"))
    if not files:
        pytest.skip(
            f"NOT RUN: Asterisk's documentation is not there; put it into {DOCUMENTATION.name}/ "
            "in a folder `shared` beside the repository."
        )
    texts = {text for file in files for text in prose(ET.fromstring(gzip.decompress(file.read_bytes())))}
    return set[str]().union(*map(runs, texts))


@pytest.mark.parametrize("file", sorted((ROOT / "spec").rglob("*.toml")), ids=lambda file: file.name)
def test_no_sentence_of_the_overlay_is_copied(file: Path, copied: set[str]) -> None:
    texts = sentences(tomllib.loads(file.read_text("utf-8")))

    assert {text: found for text in texts if (found := runs(text) & copied)} == {}


@pytest.mark.parametrize("file", sorted((ROOT / "spec").rglob("*.toml")), ids=lambda file: file.name)
def test_a_description_adds_to_the_name_of_a_setting(file: Path) -> None:
    texts = sentences(tomllib.loads(file.read_text("utf-8")))

    assert not [text for text in texts if re.match(r"The `?\w+`? (setting|option|parameter) of the \w+\b", text)]


@pytest.mark.parametrize("file", sorted((ROOT / "spec").rglob("*.toml")), ids=lambda file: file.name)
def test_a_description_is_a_sentence_that_begins_with_what_it_describes(file: Path) -> None:
    texts = descriptions(tomllib.loads(file.read_text("utf-8")))

    assert not [
        text
        for text in texts
        if re.match(r"[a-z]|(?:What|Who|Whose|Where|How|Whether)\b", text) or not text.endswith(".")
    ]


def test_no_docstring_of_the_package_is_copied(copied: set[str]) -> None:
    sources = sorted((ROOT / "src").rglob("*.py"))
    texts = {text: source for source in sources for text in docstrings(source.read_text("utf-8"))}

    assert {str(texts[text]): found for text in texts if (found := runs(text) & copied)} == {}
