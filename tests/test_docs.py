"""The code of the pages runs as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import ami_typed as ami
from ami_typed import registry

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "pages"
TOP = ("README.md", "CONTRIBUTING.md", "spec/README.md", "tests/live/README.md")
WITH_COMMANDS = [*(ROOT / each for each in TOP), *PAGES.glob("*.md")]
PROGRAMS = {"ami-typed": ["-m", "ami_typed"], "python": []}


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
    elif program in PROGRAMS and words[:2] != ["-m", "venv"]:
        assert_is_understood([*PROGRAMS[program], *words])


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


def code(page: str) -> list[str]:
    """Return the Python of a page, block by block."""
    return re.findall(r"```python\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)


def nothing(*_: object) -> None:
    """Do nothing."""


class Silent:
    """A manager that takes whatever it is told."""

    def __getattr__(self, name: str) -> Any:
        return nothing


@pytest.mark.parametrize("page", ["modules.md", "migrating.md"])
def test_the_code_of_a_page_runs(page: str) -> None:
    names: dict[str, Any] = {"__name__": "page", "ami": ami, "manager": Silent(), "on_anything": print}
    for block in code(page):
        exec(compile(block, page, "exec"), names)
    if page == "modules.md":
        read_as_described(names)
    else:
        assert (names["Queues"]("sales").timeout, names["Queues"]("sales").synchronous) == (17, True)


def read_as_described(names: dict[str, Any]) -> None:
    assert registry.event_class("DonglePortFail") is names["DonglePortFail"]
    sms = names["DongleNewSMS"]({"Event": "DongleNewSMS", "Device": "d", "From": "+49", "MessageLine0": "hello"})
    assert (sms.sender, sms.lines) == ("+49", {"0": ["hello"]})
    keyed = names["RPT_TXKEYED"]({"Event": "RPT_TXKEYED", "Node": "2000", "EventValue": "1"})
    assert keyed.keyed is True
    wire = b"Event: UserEvent\r\nUserEvent: Welcome\r\nColour: red"
    assert registry.class_of("UserEvent", wire) is names["Welcome"]


@pytest.mark.parametrize("page", ["README.md", *(f"docs/pages/{each.name}" for each in sorted(PAGES.glob("*.md")))])
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    file = PAGES.parent.parent / page
    for link in re.findall(r"\]\(([^)#:]+\.md)", file.read_text("utf-8")):
        assert (file.parent / link).exists(), link
