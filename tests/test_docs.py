"""The code of the pages runs as it stands there."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import re
import shlex
import signal
import socket
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed._transport import target
from ami_typed.testing import Scenario, StandIn
from tests.pages import PAGES, PROGRAMS, ROOT, SOURCES, Block, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOP = ("README.md", "CONTRIBUTING.md", "spec/README.md", "tests/README.md", "tests/live/README.md")
WITH_COMMANDS = [*(ROOT / each for each in TOP), *PAGES.glob("*.md")]
COMMAND_LINES = {"ami-typed": ["-m", "ami_typed"], "python": []}
MAINS = {"ami_typed": "ami_typed.cli", "codegen": "codegen.__main__"}
"""The modules of this project's command lines, and where their `main` is."""


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
    found = re.findall(r"^@nox\.session(?:\(name=\"(\w+)\"\))?.*\ndef (\w+)", noxfile, re.MULTILINE)
    return {name or function for name, function in found}


@pytest.mark.once
@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_pages_works_verbatim(command: str) -> None:
    program, *words = shlex.split(command, comments=True)
    if program == "nox":
        asked = words[words.index("-s") + 1 : words.index("--") if "--" in words else None] if "-s" in words else []
        assert {re.sub(r"-3\.\d+$", "", session) for session in asked} <= sessions()
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
    shown = help_of(words[1], *sub) if words[0] == "-m" else help_in_a_process(*words[:2], *sub)
    options = {word for word in words[2:] if word.startswith("--")}
    assert {each for each in options if not re.search(rf"{each}\b", shown)} == set()


@functools.cache
def help_of(module: str, *sub: str) -> str:
    """Return what a module prints if it is run with ``--help``; our own run in this process, which is cheaper."""
    if module not in MAINS:
        return help_in_a_process("-m", module, *sub)
    run: Callable[[list[str]], object] = importlib.import_module(MAINS[module]).main
    with contextlib.redirect_stdout(io.StringIO()) as shown, pytest.raises(SystemExit) as end:
        run([*sub, "--help"])
    assert end.value.code == 0
    return shown.getvalue()


@functools.cache
def help_in_a_process(*words: str) -> str:
    command = [sys.executable, *words, "--help"]
    helped = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert helped.returncode == 0, helped.stderr
    return helped.stdout


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
    named = {block.name for block in BLOCKS}
    assert named == set(PROGRAMS), f"PROGRAMS of tests/pages.py is to have {named ^ set(PROGRAMS)}"


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


def test_no_docstring_hides_its_code_from_these_tests() -> None:
    hidden = re.compile(r"::\n\n")
    assert [file for file in SOURCES.rglob("*.py") if hidden.search(file.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "page", [*TOP, "ARCHITECTURE.md", *(f"docs/pages/{each.name}" for each in sorted(PAGES.glob("*.md")))]
)
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    file = PAGES.parent.parent / page
    for link in re.findall(r"\]\(([^)#:]+\.md)", file.read_text("utf-8")):
        assert (file.parent / link).exists(), link


# The map of the tests


def test_the_map_of_the_tests_names_every_test_module_once() -> None:
    tests = ROOT / "tests"
    named = re.findall(r"^\| `([\w/]+\.py)` \| \S", (tests / "README.md").read_text("utf-8"), re.MULTILINE)
    modules = {file.relative_to(tests).as_posix() for file in tests.rglob("test_*.py")}
    assert sorted(named) == sorted(modules)
