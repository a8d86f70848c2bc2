"""Taking in a new release: what it replaces, what it brings, what is to be described, and the exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ami_typed.releases import NEWEST_BRANCH, OLDEST_BRANCH
from codegen import overlay
from codegen.__main__ import main
from codegen.code import CodeFacts
from codegen.facts import Facts, load_all
from codegen.release import Arrival, arrival, uncovered
from codegen.trouble import TroubleError
from tests.codegen.sample import action, amended, event, facts, knowledge

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.facts import Action, Event

DESCRIBED = """
[action.Show]
doc = "Shows."
[action.Show.parameter]
Channel = { type = "text", doc = "Of whom." }
"""

KNOWN = (facts(action("Show", "Channel"), release="21.12.3"), facts(action("Show", "Channel"), release="22.10.1"))


def arrived(*messages: Action | Event, release: str, known: tuple[Facts, ...] = KNOWN) -> Arrival:
    return arrival(facts(*messages, release=release), known)


@pytest.mark.parametrize(
    ("release", "before", "replaced"),
    [
        ("22.11.0", "22.10.1", ("22.10.1",)),
        ("22.10.1", "22.10.1", ()),
        ("21.13.0", "21.12.3", ("21.12.3",)),
        ("23.0.0", "22.10.1", ()),
        ("20.1.0", None, ()),
    ],
)
def test_a_release_takes_the_place_of_its_branch_and_is_compared_with_it_or_the_branch_before(
    release: str, before: str | None, replaced: tuple[str, ...]
) -> None:
    found = arrived(release=release)

    assert (found.before.release if found.before else None, found.replaced) == (before, replaced)


def test_a_release_older_than_what_is_known_of_its_branch_is_refused() -> None:
    with pytest.raises(TroubleError, match=r"Release 22\.9\.0 is older than 22\.10\.1, which is known already\."):
        arrived(release="22.9.0")


def test_what_came_and_went_is_told_action_by_action_and_header_by_header() -> None:
    found = arrived(action("SHOW", "Softly"), event("Shown", "Channel"), release="22.11.0")

    assert list(found.lines()) == [
        "From 22.10.1 to 22.11.0:",
        "Actions: 0 added, 0 removed, 1 changed",
        "  ~ SHOW",
        "      + Softly",
        "      - Channel",
        "Events: 1 added, 0 removed, 0 changed",
        "  + Shown",
    ]


def test_a_release_that_changes_nothing_says_so() -> None:
    assert list(arrived(action("Show", "Channel"), release="22.11.0").lines()) == ["Nothing differs from 22.10.1."]


def test_what_nobody_described_or_typed_is_listed(tmp_path: Path) -> None:
    using = knowledge(tmp_path, f'{DESCRIBED}[header.Uniqueid]\ndoc = "Whose."\ntype = "text"\n')
    new = facts(action("Show", "Channel", "Softly"), event("Shown", "Uniqueid"), release="22.11.0")

    lines = uncovered(arrival(new, KNOWN), amended(KNOWN[0], new, using=using), using, [])

    assert lines == [
        "action Show, parameter Softly: is not described and not typed",
        "event Shown: is not described",
    ]


def test_the_first_release_of_a_branch_asks_for_what_is_said_up_to_the_branch_before(tmp_path: Path) -> None:
    branch = NEWEST_BRANCH + 1
    because = 'why = "Seen."\nseen = "main/a.c"\n'
    using = knowledge(
        tmp_path,
        f'{DESCRIBED}[event.Late]\nadd = true\nreleases = "13-{NEWEST_BRANCH}"\ndoc = "Late."\n{because}'
        f'[event.Gone]\nadd = true\nreleases = "13-{NEWEST_BRANCH - 1}"\ndoc = "Gone."\n{because}',
    )
    new = facts(action("Show", "Channel"), release=f"{branch}.0.0")
    known = (facts(action("Show", "Channel"), release=f"{NEWEST_BRANCH}.4.1"),)
    code = CodeFacts(release=f"{NEWEST_BRANCH}.4.1", actions={}, events={})

    late, newest, sources = uncovered(arrival(new, known), amended(*known, new, using=using), using, [code])

    assert late.endswith(f"overlay.toml:6: event Late: `releases` ends before {branch}")
    assert newest == (f"src/ami_typed/releases/__init__.py: NEWEST_BRANCH is {NEWEST_BRANCH}; make it {branch}")
    assert sources.startswith(f"spec/code: nothing is known of the code of {branch}")


def test_the_branches_that_the_package_claims_are_those_of_its_facts() -> None:
    branches = [int(each.release.partition(".")[0]) for each in load_all(overlay.SPEC / "facts")]
    assert branches == list(range(OLDEST_BRANCH, NEWEST_BRANCH + 1))


# The command


def documentation(folder: Path, release: str, *parameters: str) -> str:
    path = folder / f"{release}.xml"
    headers = "".join(f'<parameter name="{name}"/>' for name in parameters)
    path.write_text(f'<docs><manager name="Show" language="en_US"><syntax>{headers}</syntax></manager></docs>')
    return str(path)


@pytest.fixture
def spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "spec"
    (folder / "overlay").mkdir(parents=True)
    (folder / "overlay/show.toml").write_text(f'[domain.show]\ntitle = "Shows"\nactions = ["Show"]\n{DESCRIBED}')
    assert main(["harvest", documentation(tmp_path, "22.10.1", "Channel"), "--spec", str(folder)]) == 0
    capsys.readouterr()
    return folder


def take_in(spec: Path, release: str, *parameters: str) -> int:
    file = documentation(spec.parent, release, *parameters)
    return main(["release", file, "--spec", str(spec), "--output", str(spec.parent / "output")])


def test_a_release_that_is_covered_ends_with_0_and_is_built(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert take_in(spec, "22.11.0", "Channel") == 0

    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [
        f"wrote {spec / 'facts/22.11.0.json'}",
        f"removed {spec / 'facts/22.10.1.json'}, which it takes the place of",
    ]
    assert said[-1] == "The overlay covers everything."
    assert [path.name for path in (spec / "facts").iterdir()] == ["22.11.0.json"]
    assert (spec.parent / "output/actions/show.py").exists()


def test_a_release_with_something_to_describe_ends_with_1_and_is_built(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take_in(spec, "22.11.0", "Channel", "Softly") == 1

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "Not covered by the overlay, 1:",
        "  action Show, parameter Softly: is not described and not typed",
    ]
    assert "softly" in (spec.parent / "output/actions/show.py").read_text()


def test_a_release_whose_overlay_does_not_fit_ends_with_2_and_only_its_facts_are_written(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take_in(spec, "22.11.0", "Softly") == 2

    told = capsys.readouterr()
    assert "      - Channel" in told.out.splitlines()
    assert "show.toml:8: Action Show, parameter Channel: No release documents it" in told.err
    assert (spec / "facts/22.11.0.json").exists()
    assert not (spec.parent / "output").exists()


def test_a_release_that_cannot_be_read_ends_with_2_and_writes_nothing(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (spec.parent / "22.11.0.xml").write_text("<html/>")

    assert main(["release", str(spec.parent / "22.11.0.xml"), "--spec", str(spec)]) == 2
    assert "Is not Asterisk's documentation" in capsys.readouterr().err
    assert [path.name for path in (spec / "facts").iterdir()] == ["22.10.1.json"]
