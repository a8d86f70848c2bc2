"""The program that the design says a user writes runs unchanged against a real Asterisk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ami_typed

if TYPE_CHECKING:
    from tests.live.servers import ForeignServer, Server

APP = Path(__file__).resolve().parents[3] / "shared" / "design" / "typed_app.py"


def test_the_program_of_the_design_runs(server: Server | ForeignServer) -> None:
    if not APP.exists():
        pytest.skip("NOT RUN: ../shared/design/typed_app.py does not stand beside the repository")
    arguments = [server.host, str(server.port), server.full.name, server.full.secret]
    environment = os.environ | {"PYTHONPATH": str(Path(ami_typed.__file__).parents[1])}
    command = [sys.executable, str(APP), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    assert "ANSWER" in done.stdout
