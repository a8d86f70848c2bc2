"""The program that the design says a user writes runs unchanged against a real Asterisk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.servers import ForeignServer, Server

APP = Path(__file__).resolve().parents[3] / "shared" / "design" / "typed_app.py"


def test_the_program_of_the_design_runs(server: Server | ForeignServer) -> None:
    if not APP.exists():
        pytest.skip("NOT RUN: ../shared/design/typed_app.py does not stand beside the repository")
    arguments = [server.host, str(server.port), server.full.name, server.full.secret]
    done = subprocess.run([sys.executable, str(APP), *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "ANSWER" in done.stdout
