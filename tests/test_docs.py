"""The code of the pages runs as it stands there."""

from __future__ import annotations

import contextlib
import functools
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed._transport import target
from ami_typed.testing import Scenario, StandIn
from tests.pages import PAGES, PROGRAMS, ROOT, SOURCES, Block, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOP = ("README.md", "CONTRIBUTING.md", "spec/README.md", "tests/live/README.md")
WITH_COMMANDS = [*(ROOT / each for each in TOP), *PAGES.glob("*.md")]
COMMAND_LINES = {"ami-typed": ["-m", "ami_typed"], "python": []}


def commands() -> list[str]:
    """Return the commands that the pages show, in blocks and within sentences."""
    found: set[str] = set()
    for page in WITH_COMMANDS:
        text = page.read_text("utf-8")
        lines = [line for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
        lines += re.findall(r"`((?:nox|python -m|ami-typed|pip) [^`]+)`", text)
        found |= {each.strip().removeprefix(".venv/bin/") for line in lines for each in line.split("&&")}
    return sorted(each for each in found if re.match(r"(nox|python3?|ami-typed|pip|pre-commit)\b", each))


def sessions() -> set[str]:
    noxfile = (ROOT / "noxfile.py").read_text("utf-8")
    return set(re.findall(r"^@nox\.session.*\ndef (\w+)", noxfile, re.MULTILINE))


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_pages_can_be_given_as_it_stands_there(command: str) -> None:
    program, *words = shlex.split(command, comments=True)
    if program == "nox":
        asked = words[words.index("-s") + 1 : words.index("--") if "--" in words else None] if "-s" in words else []
        assert set(asked) <= sessions()
    elif program == "pip":
        names = [word for word in words if not word.startswith("-")][1:]
        assert set(names) <= {"nox", "pre-commit", "ami-typed", *installable()}
    elif program in COMMAND_LINES and words[:2] != ["-m", "venv"]:
        assert_is_understood([*COMMAND_LINES[program], *words])


def installable() -> set[str]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {f"ami-typed[{extra}]" for extra in project["optional-dependencies"]}


def assert_is_understood(words: list[str]) -> None:
    """Ask a command for its help: that shows whether it, its sub-command and each of its options are there."""
    sub = [word for word in words[2:3] if not word.startswith("-")]
    helped = subprocess.run(
        [sys.executable, *words[:2], *sub, "--help"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert helped.returncode == 0, helped.stderr
    options = {word for word in words[2:] if word.startswith("--")}
    assert {each for each in options if not re.search(rf"{each}\b", helped.stdout)} == set()


# The Python of the pages

BLOCKS = blocks()


def named(block: Block) -> str:
    return block.name


def nothing(*_: object) -> None:
    """Do nothing."""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[StandIn], None]]:
    """The machine that the pages speak of; returns what puts a stand-in in the place of every server."""
    monkeypatch.setenv("AMI_TYPED_URL", "ami://user:secret@pbx.example")
    monkeypatch.setattr(target, "_read", {"/run/secrets/ami": "secret"}.__getitem__)
    monkeypatch.setattr(target.Target, "context", nothing)
    handler = signal.getsignal(signal.SIGTERM)

    def lead(stand_in: StandIn) -> None:
        def resolve(*_: object, **__: object) -> list[object]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (stand_in.host, stand_in.port))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)

    yield lead
    signal.signal(signal.SIGTERM, handler)


def test_every_block_of_python_is_tried() -> None:
    assert {block.name for block in BLOCKS} == set(PROGRAMS)


@pytest.mark.parametrize("block", BLOCKS, ids=named)
def test_the_python_of_the_pages_runs(block: Block, world: Callable[[StandIn], None]) -> None:
    program = PROGRAMS[block.name]
    source, _ = program.source(block)
    compiled = compile(source, block.name, "exec")
    names: dict[str, Any] = {"__name__": "page"}
    if not program.dialogue:
        exec(compiled, names)
        return
    stand_in = StandIn(Scenario.of(program.dialogue, block.name))
    world(stand_in)
    with stand_in:
        with pytest.raises(program.raises) if program.raises else contextlib.nullcontext():
            exec(compiled, names)
        stand_in.finish()
        if isinstance(manager := names.get("manager"), ami.Manager):
            manager.close()


@functools.cache
def mypy() -> dict[str, list[str]]:
    """What mypy says of each block, all of them in one run."""
    with tempfile.TemporaryDirectory() as folder:
        files = {f"block_{number}": block for number, block in enumerate(BLOCKS)}
        for name, block in files.items():
            Path(folder, f"{name}.py").write_text(PROGRAMS[block.name].source(block)[0], "utf-8")
        options = ["--cache-dir=.mypy_cache/checkers", "--no-error-summary", "--no-pretty"]
        command = [sys.executable, "-m", "mypy", *options, *(f"{folder}/{name}.py" for name in files)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        where = re.match(r".*?(block_\d+)\.py:(\d+): (.*)", line)
        assert where, done.stdout
        block = files[where[1]]
        found.setdefault(block.name, []).append(
            f"line {int(where[2]) - PROGRAMS[block.name].source(block)[1] + block.line}: {where[3]}"
        )
    return found


@pytest.mark.xdist_group("checkers")
@pytest.mark.parametrize("block", BLOCKS, ids=named)
def test_the_python_of_the_pages_is_typed(block: Block) -> None:
    assert mypy().get(block.name, []) == []


def test_no_docstring_hides_its_code_from_these_tests() -> None:
    hidden = re.compile(r"::\n\n")
    assert [file for file in SOURCES.rglob("*.py") if hidden.search(file.read_text("utf-8"))] == []


@pytest.mark.parametrize("page", ["README.md", *(f"docs/pages/{each.name}" for each in sorted(PAGES.glob("*.md")))])
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    file = PAGES.parent.parent / page
    for link in re.findall(r"\]\(([^)#:]+\.md)", file.read_text("utf-8")):
        assert (file.parent / link).exists(), link
