"""The template tree is the output tree, and its text is what a formatter leaves alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from codegen.render import formatted, render
from codegen.surface import LIBRARY_HEADER, PACKAGE_HEADER, surface
from tests.codegen.sample import action, event, facts, listing, resolved

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTED = facts(
    action("QueueAdd", "Queue!", "Interface", modules=("app_queue",)),
    action("QueueList", modules=("app_queue",), responses=listing("QueueItem", complete="QueueListComplete")),
    event("QueueItem", "Queue", modules=("app_queue",)),
    event("QueueListComplete", "ListItems", modules=("app_queue",)),
    event("Hangup", "Cause-txt", modules=("builtin",)),
)


@pytest.fixture(scope="module")
def library() -> dict[str, str]:
    return render(surface(resolved(DOCUMENTED)))


def test_there_is_a_module_a_domain_in_each_package(library: dict[str, str]) -> None:
    assert sorted(library) == [
        "actions/__init__.py",
        "actions/queue.py",
        "aggregates/__init__.py",
        "aggregates/queue.py",
        "catalogue.py",
        "enums.py",
        "events/__init__.py",
        "events/families.py",
        "events/other.py",
        "events/queue.py",
        "releases/every/__init__.py",
        "releases/every/actions.py",
        "releases/every/aggregates.py",
        "releases/every/events.py",
        "releases/every/responses.py",
        "releases/v22/__init__.py",
        "releases/v22/actions.py",
        "releases/v22/aggregates.py",
        "releases/v22/events.py",
        "releases/v22/responses.py",
        "responses/__init__.py",
    ]


def test_there_is_a_facade_a_release_line_with_the_names_that_it_has() -> None:
    older = facts(action("Old"), event("Both"), release="13.38.3")
    files = render(surface(resolved(older, facts(action("New"), event("Both")))))

    assert '__all__ = [*__every, "Old"]' in files["releases/v13/actions.py"]
    assert '__all__ = [*__every, "New"]' in files["releases/v22/actions.py"]
    assert '__all__ = ["Both"]' in files["releases/every/events.py"]
    assert all("__all__ = [*__every]\n" in files[f"releases/v{branch}/events.py"] for branch in (13, 22))
    assert "__all__ = []" in files["releases/every/aggregates.py"]


def test_a_package_of_ones_own_has_one_module_a_kind() -> None:
    seen = surface(resolved(DOCUMENTED), PACKAGE_HEADER, home=".")
    files = render(seen, "package")

    assert "__init__.py" in files
    assert all("/" not in path for path in files)
    assert all(text.startswith(f"{PACKAGE_HEADER}\n") for text in files.values())


def test_every_file_starts_with_how_to_regenerate_it(library: dict[str, str]) -> None:
    assert {text.splitlines()[0] for text in library.values()} == {LIBRARY_HEADER}


def test_the_text_is_python_that_formatter_and_linter_leave_alone(library: dict[str, str], tmp_path: Path) -> None:
    for path, text in library.items():
        ast.parse(text)
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")

    for command in (["format", "--check"], ["check", "--select", "F,I,E501"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "120", "."]
        done = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_same_facts_make_the_same_text(library: dict[str, str]) -> None:
    shuffled = DOCUMENTED.model_copy(
        update={
            "actions": dict(reversed(list(DOCUMENTED.actions.items()))),
            "events": dict(reversed(list(DOCUMENTED.events.items()))),
        }
    )

    assert render(surface(resolved(shuffled))) == library


def test_formatting_heeds_no_configuration_of_the_folder_it_runs_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ruff.toml").write_text("line-length = 20\n")
    monkeypatch.chdir(tmp_path)

    assert formatted({"a.py": "x = [ 1111111, 2222222, 3333333 ]\n"}) == {"a.py": "x = [1111111, 2222222, 3333333]\n"}
