"""The pytest plugin: its fixtures, what a failed test shows, and how little it costs those who do not use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ami_typed import actions
from tests.support import in_a_fresh_process

if TYPE_CHECKING:
    import ami_typed as ami
    from ami_typed.testing import Simulator

EXAMPLE = Path(__file__).parent.parent / "examples" / "callcentre"


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, as a user does."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.once
def test_the_example_project_passes_its_tests() -> None:
    done = pytest_in(EXAMPLE, "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout


def test_the_fixtures_are_at_hand(ami_simulator: Simulator, ami_manager: ami.Manager) -> None:
    assert ami_manager.execute(actions.Ping()).success
    assert [action.action for action in ami_simulator.received()] == ["Ping"]


@pytest.mark.ami_simulator(asterisk="18", tls=True)
def test_a_marker_gives_options(ami_manager: ami.Manager) -> None:
    assert str(ami_manager.release) == "18.26.4"


@pytest.mark.ami_recording("simulator/a_recording.txt")
def test_a_recording_is_replayed(ami_manager: ami.Manager) -> None:
    assert ami_manager.execute(actions.Getvar(variable="RECORDED")).value == "then"


@pytest.mark.exhaustive
@pytest.mark.once
def test_a_failed_test_shows_what_was_received(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from ami_typed import actions\n"
        "def test_it(ami_simulator, ami_manager):\n"
        "    ami_manager.execute(actions.QueueStatus(queue='sales'))\n"
        "    assert ami_simulator.received(actions.QueueStatus, queue='support')\n",
        "utf-8",
    )
    done = pytest_in(tmp_path, "-q")
    assert "assert [] (no QueueStatus with Queue: support was received, but 1 other QueueStatus" in done.stdout
    assert "Actions that ami_simulator has received" in done.stdout
    assert "QueueStatus({'Queue': 'sales'})" in done.stdout


def test_those_who_do_not_use_it_load_nothing_of_it() -> None:
    program = (
        "import sys, ami_typed.testing.plugin; print(*sorted(m for m in sys.modules if m.startswith('ami_typed')))"
    )
    loaded = set(in_a_fresh_process(program)[0].split())
    assert loaded <= {"ami_typed", "ami_typed._lazy", "ami_typed.testing", "ami_typed.testing.plugin"}
