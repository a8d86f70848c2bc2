"""`ami-typed docs` describes every action, event, answer, list and enum, in the terminal and as pages."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import actions, catalogue, cli, enums
from ami_typed.cli import describing, pages

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    pages.write(folder)
    return folder


def test_a_name_is_described_whatever_its_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["docs", "queuepause"]) == 0
    shown = capsys.readouterr().out
    assert "Pauses a member, or ends its pause." in shown
    assert "Requires the privilege agent." in shown
    assert re.search(r"interface: str  \[Interface\]\n    The member's interface", shown)


def test_a_shared_name_shows_all_that_have_it_unless_one_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["docs", "Hangup"])
    assert re.findall(r"^Hangup \((\w+)\)$", capsys.readouterr().out, re.MULTILINE) == ["action", "event", "list"]
    cli.main(["docs", "Hangup", "--kind", "event"])
    shown = capsys.readouterr().out
    assert re.findall(r"^Hangup \((\w+)\)$", shown, re.MULTILINE) == ["event"]
    assert "  cause: int  [Cause]" in shown


def test_an_unknown_name_suggests_similar_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["docs", "QueuMemberPaus"]) == 1
    assert capsys.readouterr().err.startswith(
        "'QueuMemberPaus' is not the name of anything known. Similar names: QueueMemberPause"
    )


def test_without_a_name_an_example_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["docs"]) == 2
    assert "ami-typed docs QueuePause" in capsys.readouterr().err


def test_each_class_has_a_page_that_its_index_links(reference: Path) -> None:
    for folder, names in {
        "actions": catalogue.ACTIONS,
        "events": catalogue.EVENTS,
        "answers": catalogue.RESPONSES,
    }.items():
        index = (reference / folder / "index.md").read_text("utf-8")
        assert {path.stem for path in (reference / folder).glob("*.md")} == {*names, "index"}
        assert set(re.findall(r"\]\((\w+)\.md\)", index)) == set(names)


def test_each_link_of_a_page_leads_to_a_page(reference: Path) -> None:
    broken = [
        (page.relative_to(reference), link)
        for page in reference.rglob("*.md")
        for link in re.findall(r"\]\(([^)#]+\.md)\)", page.read_text("utf-8"))
        if link != "../messages.md" and not (page.parent / link).exists()
    ]
    assert broken == []


def test_each_parameter_and_header_is_described() -> None:
    described = [describing.described(kind, name) for kind in describing.KINDS for name in describing.everything(kind)]
    assert [each.name for each in described if not each.text] == []
    assert [each.name for each in described if each.kind != "enum" and not each.releases] == []
    parts = [(each.name, part.name) for each in described for part in each.parameters if not part.text]
    parts += [
        (each.name, part.name) for each in described if each.kind != "enum" for part in each.attributes if not part.text
    ]
    assert parts == []


@pytest.mark.parametrize("name", sorted(catalogue.ACTIONS))
def test_the_example_of_an_action_makes_a_request(name: str) -> None:
    example = pages.page("action", name)
    (call,) = re.findall(r"print\(manager\.execute\((actions\.\w+\(.*\))\)\)", example)
    made = eval(call, {"actions": actions, "enums": enums, "timedelta": timedelta})
    assert isinstance(made, ami.Request)
    assert made["Action"] == describing.described("action", name).wire


def test_an_event_of_a_list_says_which_actions_return_it() -> None:
    assert describing.described("event", "CoreShowChannel").made_by == ("CoreShowChannels",)
    assert "[`CoreShowChannels`](../actions/CoreShowChannels.md)" in pages.page("event", "CoreShowChannel")


def test_the_page_of_an_event_has_headers_types_and_releases() -> None:
    page = pages.page("event", "QueueMemberPause")
    assert (
        "- **`paused_reason`**: `str`, from `PausedReason`  \n"
        "  Why the member was paused; empty if no reason was given. Asterisk 13.8 and later.\n"
    ) in page
    assert (
        "- **`status`**: [`enums.QueueMemberStatus`](../enums/QueueMemberStatus.md), from `Status`  \n"
        "  The state of the member's device.\n"
    ) in page
    assert "- **`last_call`**: `datetime | None`, from `LastCall`" in page
    assert "async for event in stream:" in page


def test_a_reader_that_ends_early_ends_the_command_quietly() -> None:
    program = f"{sys.executable} -m ami_typed docs Status | head -1"
    ended = subprocess.run(["bash", "-c", f"set -o pipefail; {program}"], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("Status (action)\n", "")


@pytest.mark.exhaustive
def test_each_example_of_the_reference_is_typed(reference: Path, tmp_path: Path) -> None:
    """A module for each kind: what every example imports, then their functions under names of their own."""
    for kind in ("actions", "events"):
        lines = [
            "from datetime import timedelta",
            "import ami_typed as ami",
            "from ami_typed import actions, enums, events",
        ]
        for page in sorted((reference / kind).glob("[!i]*.md")):
            (example,) = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
            functions = example[example.index("\n\n\n") :]
            lines.append(re.sub(r"def (\w+)\(", rf"def \1_{page.stem}(", functions))
        (tmp_path / f"{kind}.py").write_text("\n".join(lines), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
