"""`ami-typed diff` tells what differs between releases, for everything or for what some sources use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ami_typed import catalogue, cli
from ami_typed.cli.changes import compare
from tests.support import in_a_fresh_process

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
import ami_typed as ami
from ami_typed import aggregates
from ami_typed.releases.v16 import actions as requests, events


def watch(manager: ami.Manager) -> None:
    for peer in manager.execute(requests.SIPpeers()).peers:
        print(peer.acl)
    manager.send_action(ami.Request("Monitor"))
    manager.send_action(requests.QueueAdd(queue="sales", interface="PJSIP/1", reason="noon"))


def ended(event: ami.Event) -> str | None:
    match event:
        case events.Hangup(tech_cause=cause):
            return cause
        case ami.events.MonitorStart():
            return event["Channel"]
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "my_app" / "calls.py"
    path.parent.mkdir()
    path.write_text(SOURCE, "utf-8")
    return path


@pytest.fixture
def diff(capsys: pytest.CaptureFixture[str]) -> Any:
    """The command: returns its exit status and what it printed, on the two streams."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = cli.main(["diff", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_added_and_removed_actions_and_events_are_reported(diff: Any) -> None:
    status, said, _ = diff("18", "22")

    assert status == 1
    lines = said.splitlines()
    assert lines[0] == "From Asterisk 18 to 22:"
    assert any(line.startswith("  - SIPpeers: ") for line in lines)
    assert any(line.startswith("  + PJSIPMaintenanceStatus: ") for line in lines)
    assert said.index("\nActions: ") < said.index("  - SIPpeers: ") < said.index("\nEvents: ")


def test_added_headers_are_listed_below_their_message(diff: Any) -> None:
    lines = diff("18", "22")[1].splitlines()

    assert (
        "      + tech_cause (TechCause)" in lines[lines.index(next(x for x in lines if x.startswith("  ~ Hangup:"))) :]
    )
    assert "      + reason (Reason)" in lines[lines.index(next(x for x in lines if x.startswith("  ~ QueueAdd:"))) :]


def test_in_reverse_order_additions_are_removals(diff: Any) -> None:
    there = json.loads(diff("16", "23", "--json")[1])
    back = json.loads(diff("23", "16", "--json")[1])

    for kind in ("actions", "events"):
        assert there[kind]["added"] == back[kind]["removed"]
        assert there[kind]["removed"] == back[kind]["added"]
        assert there[kind]["changed"].keys() == back[kind]["changed"].keys()


def test_a_release_includes_earlier_additions_and_a_line_all_of_them(diff: Any) -> None:
    document = json.loads(diff("18.20.1", "18", "--json")[1])
    assert document["actions"]["added"] == ["DAHDIShowStatus", "PJSIPHangup"]
    assert document["actions"]["removed"] == []
    assert json.loads(diff("18.21", "18", "--json")[1])["actions"]["added"] == ["DAHDIShowStatus"]


def test_no_difference_is_reported_with_exit_status_0(diff: Any) -> None:
    assert diff("22", "22") == (0, "Nothing differs between Asterisk 22 and 22.\n", "")


def test_json_names_headers_and_attributes(diff: Any) -> None:
    status, said, _ = diff("18", "22", "--json")
    document = json.loads(said)

    assert status == 1
    assert (document["old"], document["new"]) == ("18", "22")
    assert set(document) == {"old", "new", "actions", "events", "responses"}
    assert document["actions"]["changed"]["QueueAdd"] == {
        "added": [{"header": "Reason", "attribute": "reason"}],
        "removed": [],
    }
    assert set(document["actions"]["added"]) <= set(catalogue.ACTIONS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["x", "18"], "'x' is not a release of Asterisk; give a line, such as 18, or a release, such as 18.20.1.\n"),
        (["18", "18.1.2.3"], "'18.1.2.3' is not a release of Asterisk; give a line, such as 18, or a release,"),
        (["12", "18"], "ami-typed covers Asterisk 13 to 23, not 12.\n"),
        (["18", "22", "--only", "nowhere.py"], "Cannot read nowhere.py: No such file or directory.\n"),
    ],
)
def test_arguments_that_cannot_be_used_are_a_sentence_and_end_with_2(
    diff: Any, arguments: list[str], sentence: str
) -> None:
    status, said, complaint = diff(*arguments)
    assert (status, said) == (2, "")
    assert complaint.startswith(sentence)


def test_invalid_and_missing_sources_are_reported(diff: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.py").write_text("def :\n")

    assert diff("18", "22", "--only", tmp_path / "broken.py")[2].startswith(
        f"Cannot parse {tmp_path / 'broken.py'} with"
    )
    assert diff("18", "22", "--only", tmp_path / "empty")[2] == f"{tmp_path / 'empty'} contains no Python source.\n"


def test_only_what_sources_use_is_reported_with_its_places(diff: Any, source: Path) -> None:
    status, said, _ = diff("16", "22", "--only", source.parent)

    assert status == 1
    assert [line.partition(": ")[0] for line in said.splitlines() if line.startswith("  - ")] == [
        "  - Monitor",
        "  - SIPpeers",
        "  - MonitorStart",
    ]
    assert f"[{source}:8]" in next(line for line in said.splitlines() if line.startswith("  - SIPpeers"))
    assert f"[{source}:10]" in next(line for line in said.splitlines() if line.startswith("  - Monitor:"))


def test_only_parameters_and_attributes_in_use_are_reported(diff: Any, source: Path) -> None:
    document = json.loads(diff("16", "22", "--json", "--only", source)[1])

    assert document["actions"]["changed"] == {
        "QueueAdd": {"added": [{"header": "Reason", "attribute": "reason"}], "removed": []}
    }
    assert document["events"]["changed"] == {
        "Hangup": {"added": [{"header": "TechCause", "attribute": "tech_cause"}], "removed": []},
        "PeerEntry": {"added": [], "removed": [{"header": "ACL", "attribute": "acl"}]},
    }


def test_sources_that_nothing_changes_for_end_with_0(diff: Any, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from ami_typed.actions import Ping as P\nP()\n")
    (tmp_path / "b.py").write_text("from elsewhere import actions\nactions.SIPpeers\n")

    assert diff("18", "22", "--only", tmp_path / "a.py", "--only", tmp_path / "b.py") == (
        0,
        f"Nothing differs between Asterisk 18 and 22 in what the sources in {tmp_path}/a.py, {tmp_path}/b.py use.\n",
        "",
    )


@pytest.mark.parametrize(
    "program",
    [
        "from ami_typed.actions import SIPpeers as Peers",
        "from ami_typed.actions.sip import SIPpeers",
        "from ami_typed.releases.v13.actions import SIPpeers",
        "import ami_typed.actions as a; a.SIPpeers()",
        "import ami_typed; ami_typed.actions.sip.SIPpeers()",
        "from ami_typed import aggregates; aggregates.SIPpeers",
        "from ami_typed.actions import *",
        "from .ours import actions; actions.SIPpeers()",
        "import ami_typed; ami_typed.Request('SIPpeers')",
    ],
)
def test_a_class_is_found_however_it_is_named(diff: Any, tmp_path: Path, program: str) -> None:
    (tmp_path / "a.py").write_text(program)

    assert "SIPpeers" in json.loads(diff("18", "22", "--json", "--only", tmp_path)[1])["actions"]["removed"]


def test_caches_environments_and_hidden_folders_are_not_read(diff: Any, tmp_path: Path) -> None:
    for folder in ("__pycache__", ".venv", "venv/lib/site-packages/x"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text("from ami_typed.actions import SIPpeers")
    (tmp_path / "a.py").touch()

    assert diff("18", "22", "--only", tmp_path)[0] == 0


def test_names_are_compared_without_regard_to_case() -> None:
    changes = compare({"NewExten": ["AppData"], "Old": []}, {"Newexten": ["appdata", "Extra"], "New": []})

    assert (changes.added, changes.removed) == (("New",), ("Old",))
    assert changes.changed == {"Newexten": (("Extra",), ())}


def test_it_needs_nothing_but_the_package_itself() -> None:
    loaded = in_a_fresh_process(
        "import sys\nfrom ami_typed import cli\ncli.main(['diff', '22', '22'])\nprint(*sys.modules)"
    )
    assert not {"lxml", "pydantic", "jinja2", "codegen", "ami_typed._codegen"} & set(loaded)
