"""Which form of the fast functions is in use."""

from __future__ import annotations

import os
import subprocess
import sys

from ami_typed import _speed


def test_plain_python_is_used_where_the_environment_asks_for_it() -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ami_typed import _speed, _plain; print(_speed.compiled, _speed.Kind is _plain.Kind)",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AMI_TYPED_PURE": "1"},
    )
    assert found.stdout.split() == ["False", "True"]


def test_all_functions_come_from_one_form() -> None:
    modules = {
        each.__module__
        for each in (
            *(_speed.Found, _speed.Kind, _speed.fill, _speed.header, _speed.holds, _speed.sift),
            *(_speed.unread, _speed.written),
        )
    }
    assert modules == {"ami_typed._compiled" if _speed.compiled else "ami_typed._plain"}
