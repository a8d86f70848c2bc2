"""Taking in a new release: what it replaces, what it brings, what is to be described, and the exit status."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ami_typed.catalogue import NEWEST_BRANCH, OLDEST_BRANCH
from codegen import overlay
from codegen.__main__ import build, main, read
from codegen.code import CodeAction, CodeEvent, CodeFacts, CodeHeader
from codegen.facts import Facts, load_all
from codegen.merge import accounts_of_code, carried_over, merge
from codegen.release import Arrival, arrival, notes, uncovered
from codegen.spans import text_of
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
        ("22.11.0-rc1", "22.10.1", ("22.10.1",)),
    ],
)
def test_a_release_takes_the_place_of_its_branch_and_is_compared_with_it_or_the_branch_before(
    release: str, before: str | None, replaced: tuple[str, ...]
) -> None:
    found = arrived(release=release)

    assert (found.before.release if found.before else None, found.replaced) == (before, replaced)


def test_a_release_older_than_the_known_one_of_its_branch_is_rejected() -> None:
    with pytest.raises(TroubleError, match=r"Release 22\.9\.0 is older than 22\.10\.1, which is already known\."):
        arrived(release="22.9.0")


def test_a_release_replaces_its_candidate_and_not_vice_versa() -> None:
    candidate = (facts(action("Show"), release="22.11.0-rc1"),)

    assert arrived(release="22.11.0", known=candidate).replaced == ("22.11.0-rc1",)
    with pytest.raises(TroubleError, match=r"is older than 22\.11\.0, which is already known"):
        arrived(release="22.11.0-rc2", known=(facts(release="22.11.0"),))


def test_changes_are_listed_by_action_and_header() -> None:
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


def test_a_release_without_changes_is_reported_as_such() -> None:
    assert list(arrived(action("Show", "Channel"), release="22.11.0").lines()) == ["Nothing differs from 22.10.1."]


def test_undescribed_and_untyped_headers_are_listed(tmp_path: Path) -> None:
    using = knowledge(tmp_path, f'{DESCRIBED}[header.Uniqueid]\ndoc = "Whose."\ntype = "text"\n')
    new = facts(action("Show", "Channel", "Softly"), event("Shown", "Uniqueid"), release="22.11.0")

    lines = uncovered(arrival(new, KNOWN), amended(KNOWN[0], new, using=using), using)

    assert lines == [
        "action Show, parameter Softly: is not described and not typed",
        "event Shown: is not described",
    ]


def test_open_ended_spans_need_no_change_for_a_new_branch(tmp_path: Path) -> None:
    because = 'why = "Seen."\nseen = "main/a.c"\n'
    using = knowledge(
        tmp_path,
        f'{DESCRIBED}[event.Late]\nadd = true\nreleases = "21-"\ndoc = "Late."\n{because}'
        f'[event.Gone]\nadd = true\nreleases = "21"\ndoc = "Gone."\n{because}',
    )
    new = facts(action("Show", "Channel"), release="23.0.0")

    amended_ = amended(*KNOWN, new, using=using)

    assert uncovered(arrival(new, KNOWN), amended_, using) == []
    assert {each.name: text_of(each.span) for each in (*amended_.actions, *amended_.events)} == {
        "Gone": "21",
        "Late": "21-",
        "Show": "21-",
    }


def test_removals_in_a_new_branch_are_listed_if_the_overlay_claims_them(tmp_path: Path) -> None:
    claims = 'releases = "21-", why = "Seen.", seen = "main/a.c"'
    using = knowledge(tmp_path, f'[action.Show]\ndoc = "Shows."\nparameter.Softly = {{ {claims}, doc = "Quietly." }}\n')
    known = [facts(action("Show", "Softly"), release=each) for each in ("21.12.3", "22.10.1")]
    new = facts(action("Show"), release="23.0.0")

    (line,) = [
        each
        for each in uncovered(arrival(new, known), amended(*known, new, using=using), using)
        if "whose documentation lacks it" in each
    ]

    assert line.startswith(f"{tmp_path / 'overlay.toml'}:3: action Show parameter Softly: `releases` includes 23")


def test_a_span_that_ends_by_accident_is_rejected(tmp_path: Path) -> None:
    using = knowledge(tmp_path, '[header.Channel]\nreleases = "21-22"\n')

    with pytest.raises(TroubleError, match=r"overlay\.toml:2: Header Channel: '21-22' ends with 22 only because"):
        amended(*KNOWN, using=using)


def test_a_span_that_ends_on_purpose_is_marked(tmp_path: Path) -> None:
    using = knowledge(tmp_path, f'[parameter.Channel]\nreleases = "21-22!"\n{DESCRIBED}')

    (show,) = amended(*KNOWN, using=using).actions

    assert text_of(show.headers[0].span) == "21-22"


def test_the_branches_that_the_package_claims_are_those_of_its_facts() -> None:
    branches = [int(each.release.partition(".")[0]) for each in load_all(overlay.SPEC / "facts")]
    assert branches == list(range(OLDEST_BRANCH, NEWEST_BRANCH + 1))


@pytest.mark.exhaustive
@pytest.mark.once
def test_a_branch_without_news_changes_only_lists_of_branches(tmp_path: Path) -> None:
    """What is documented and what is not: nothing ends where the next branch begins, and nothing is refused there."""
    for folder in ("overlay", "code"):
        (tmp_path / folder).symlink_to(overlay.SPEC / folder)
    shutil.copytree(overlay.SPEC / "facts", tmp_path / "facts")
    known = load_all(tmp_path / "facts")
    new = known[-1].model_copy(update={"release": f"{NEWEST_BRANCH + 1}.0.0"})
    new.save(tmp_path / "facts")

    sources = read(tmp_path)
    before, after = build(overlay.SPEC), build(tmp_path)

    assert uncovered(arrival(new, known), sources.amended, sources.knowledge) == []
    assert {path for path in after if before.get(path) != after[path]} == {
        "catalogue.py",
        *(
            f"releases/v{NEWEST_BRANCH + 1}/{name}.py"
            for name in ("__init__", "actions", "aggregates", "events", "responses")
        ),
    }
    for name in ("actions", "aggregates", "events", "responses"):
        newest, next_ = (after[f"releases/v{branch}/{name}.py"] for branch in (NEWEST_BRANCH, NEWEST_BRANCH + 1))
        assert newest.replace(f"Asterisk {NEWEST_BRANCH}", f"Asterisk {NEWEST_BRANCH + 1}") == next_


def test_undocumented_messages_are_carried_over_without_a_scan(tmp_path: Path) -> None:
    code = CodeFacts(
        release="22.10.1",
        actions={"Secret": CodeAction(name="Secret"), "Gone": CodeAction(name="Gone", headers=("A", "B"))},
        events={"Hidden": CodeEvent(name="Hidden", kinds=("unsolicited",), headers=(CodeHeader(name="X"),))},
    )
    known = facts(action("Gone", "A"), event("Hidden"), release="22.10.1")
    new = facts(action("Pong"), event("Hidden"), release="23.0.0")
    accounts = [
        *accounts_of_code(code, (known, new)),
        *(each for facts_ in carried_over([code], [known, new]) for each in accounts_of_code(facts_, (), carried=True)),
    ]

    found = merge([known, new], accounts)

    spans = {message.name: text_of(message.span) for message in (*found.actions.values(), *found.events.values())}
    assert spans == {"Gone": "22", "Hidden": "22-", "Pong": "23-", "Secret": "22-"}
    assert text_of(found.events["hidden"].headers[0].span) == "22-"


def test_carried_over_code_is_reported_and_needs_no_action() -> None:
    code = [CodeFacts(release="22.10.1", actions={}, events={})]

    (note,) = notes(arrived(release="23.0.0"), code)

    assert note.startswith(
        "There is no scan of the sources of 23.0.0, so undocumented messages are carried over from 22.10.1;"
    )
    assert not list(notes(arrived(release="22.10.1"), code))


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


def test_a_covered_release_is_built_with_exit_status_0(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert take_in(spec, "22.11.0", "Channel") == 0

    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [
        f"wrote {spec / 'facts/22.11.0.json'}",
        f"removed {spec / 'facts/22.10.1.json'}, which it replaces",
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
    assert "This is not Asterisk's documentation" in capsys.readouterr().err
    assert [path.name for path in (spec / "facts").iterdir()] == ["22.10.1.json"]
