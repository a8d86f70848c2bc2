"""Both command lines: what they say, and the exit status that scripts rely on."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ami_typed
from ami_typed import cli
from codegen.__main__ import main

DOCUMENTATION = """<docs>
<manager name="AcmeShow" language="en_US"><syntax><parameter name="Channel" required="true"/></syntax></manager>
</docs>
"""


@pytest.fixture
def documentation(tmp_path: Path) -> Path:
    path = tmp_path / "22.10.1.xml"
    path.write_text(DOCUMENTATION, encoding="utf-8")
    return path


@pytest.fixture
def spec(tmp_path: Path, documentation: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "spec"
    assert main(["harvest", str(documentation), "--spec", str(folder)]) == 0
    assert capsys.readouterr().out == f"wrote {folder / 'facts' / '22.10.1.json'}\n"
    return folder


def test_after_build_check_finds_everything_up_to_date(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = spec.parent / "output"
    arguments = ["--spec", str(spec), "--output", str(output)]

    assert main(["build", *arguments]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "new: actions/other.py" in said
    assert said[-1] == f"{output}: 18 files, 18 new, 0 changed, 0 removed."

    assert main(["build", *arguments]) == 0
    assert capsys.readouterr().out == f"{output}: 18 files, nothing changed.\n"

    assert main(["check", *arguments]) == 0


def test_sources_writes_facts_of_code_that_build_then_uses(
    spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"file": "x.c", "line": 1, "module": "app_acme", "kind": "unsolicited", "flags": [], "headers": ["Size"]}
    call |= {"more_headers": [], "conditional": []}
    acme = {"sources": [call], "actions": [], "doc_headers": [], "internal": False, "test_only": False}
    scan = {"version": "22.10.1", "actions": {}, "events": {"AcmeGrown": acme}, "snapshots": {}, "sorcery_fields": {}}
    path = tmp_path / "scan.json"
    path.write_text(json.dumps({**scan, "not_on_ami": {}, "unresolved": []}), encoding="utf-8")

    assert main(["sources", str(path), "--spec", str(spec)]) == 0
    assert capsys.readouterr().out == f"wrote {spec / 'code' / '22.10.1.json'}\n"
    assert main(["build", "--spec", str(spec), "--output", str(tmp_path / "output")]) == 0
    generated = (tmp_path / "output/events/acme.py").read_text()
    assert 'size: Always[str] = Always("Size", text)' in generated


def test_check_lists_outdated_files_and_exits_with_1(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = spec.parent / "output"
    arguments = ["--spec", str(spec), "--output", str(output)]
    main(["build", *arguments])
    (output / "actions/other.py").write_text("edited\n")
    (output / "enums.py").unlink()
    (output / "events/old.py").touch()
    capsys.readouterr()

    assert main(["check", *arguments]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "missing: enums.py",
        "differs: actions/other.py",
        "stray: events/old.py",
        f"{output} is out of date; run `python -m codegen build`.",
    ]
    assert (output / "actions/other.py").read_text() == "edited\n"


def test_troubles_of_facts_and_overlay_are_reported_together_and_nothing_is_written(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec / "overlay").mkdir()
    (spec / "overlay/a.toml").write_text("[header.A]\nwrong = 1\n")
    (spec / "facts/22.10.1.json").write_text("{}")
    output = spec.parent / "output"

    assert main(["build", "--spec", str(spec), "--output", str(output)]) == 2

    told = capsys.readouterr().err.splitlines()
    assert any("a.toml:2: header.A.wrong: unknown key." in line for line in told)
    assert any("22.10.1.json" in line for line in told)
    assert not output.exists()


def test_harvest_of_another_file_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "22.10.1.xml").write_text("<html/>")

    assert main(["harvest", str(tmp_path / "22.10.1.xml"), "--spec", str(tmp_path)]) == 2
    assert "This is not Asterisk's documentation" in capsys.readouterr().err
    assert not (tmp_path / "facts").exists()


@pytest.mark.exhaustive
@pytest.mark.once
def test_the_committed_code_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0, capsys.readouterr()


def test_generate_reports_what_is_new(documentation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = documentation.parent / "acme"

    assert cli.main(["generate", str(documentation), "--output", str(output)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "action AcmeShow",
        "ami-typed already has 0 of the actions and events.",
        f"{output}: 1 actions, 0 events, 2 files changed.",
        "`import acme` registers them with every manager.",
    ]


def test_generate_reports_that_nothing_is_new(documentation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documentation.write_text(DOCUMENTATION.replace("AcmeShow", "QueueStatus"))

    assert cli.main(["generate", str(documentation), "--output", str(documentation.parent / "acme")]) == 0
    assert "There is nothing to generate, and nothing was written." in capsys.readouterr().out


def test_generate_exits_with_2_on_unusable_input(documentation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documentation.write_text("<docs>\n<manager name='A'><wrong/></manager>\n</docs>")

    assert cli.main(["generate", str(documentation), "--output", str(documentation.parent / "acme")]) == 2
    assert f"{documentation}:2: Action A:" in capsys.readouterr().err


def test_generate_without_the_generator_tells_what_to_install(
    documentation: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def without_lxml(name: str, package: str | None = None) -> Any:
        return None if name == "lxml" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_lxml)
    output = documentation.parent / "acme"

    assert cli.main(["generate", str(documentation), "--output", str(output)]) == 2
    assert capsys.readouterr().err == (
        "The generator is not installed; install it with: pip install 'ami-typed[codegen]'\n"
    )
    assert not output.exists()


def test_the_command_line_is_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ami_typed.cli", "--version"],
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == f"ami-typed {ami_typed.__version__}\n"


def test_the_command_line_needs_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([])

    assert caught.value.code == 2
    assert "generate" in capsys.readouterr().err
