"""A release is found in what Asterisk calls itself, and belongs to a set branch by branch."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import Release, Releases, actions, catalogue
from ami_typed import releases as releases_package
from ami_typed.catalogue import NEWEST_BRANCH, OLDEST_BRANCH
from ami_typed.fields import fields_of
from tests.support import in_a_fresh_process

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("22.10.1", Release(22, 10, 1)),
        ("16.28", Release(16, 28, 0)),
        ("Asterisk 16.28.0~dfsg-0+deb11u4", Release(16, 28, 0)),
        ("certified/18.9-cert5", Release(18, 9, 0)),
        ("20.7-cert3", Release(20, 7)),
        ("GIT-master-3f21c0", None),
        ("", None),
    ],
)
def test_the_release_is_found_in_the_servers_version(version: str, release: Release | None) -> None:
    assert Release.find(version) == release


def test_a_release_reads_as_asterisk_writes_it() -> None:
    assert str(Release(22, 10, 1)) == "22.10.1"


@pytest.mark.parametrize(
    ("release", "belongs"),
    [
        (Release(13, 0), True),
        (Release(15, 7), True),
        (Release(16, 19, 9), False),
        (Release(16, 20), True),
        (Release(17, 0), True),
        (Release(18, 26), False),
        (Release(20, 0), True),
        (Release(23, 4, 1), True),
        (Release(12, 8), False),
    ],
)
def test_a_set_knows_the_first_release_of_each_branch(release: Release, belongs: bool) -> None:
    assert (release in Releases("13-15 16.20 17 19-23")) is belongs


def test_late_additions_to_a_branch_are_not_in_the_next() -> None:
    late = Releases("18.26 20.20-23")
    assert Release(18, 26, 4) in late
    assert Release(19, 8) not in late
    assert Release(20, 19) not in late
    assert Release(21, 0) in late


@pytest.mark.parametrize(
    ("spans", "belongs"), [("18-", True), ("23.4-", True), ("18 20.5-", True), ("18-23", False), ("23.4", False)]
)
def test_only_open_sets_include_later_branches(spans: str, belongs: bool) -> None:
    assert (Release(24) in Releases(spans)) is belongs
    assert (Release(99, 1) in Releases(spans)) is belongs


@pytest.mark.parametrize(
    ("release", "belongs"),
    [(Release(18, 15), False), (Release(18, 16), True), (Release(20, 0), False), (Release(20, 1), True)],
)
def test_rates_are_sent_to_no_release_that_does_not_read_them(release: Release, *, belongs: bool) -> None:
    assert (release in Releases(actions.AOCMessage.parameter_releases["ChargedItem"])) is belongs


def test_an_open_end_starts_with_its_branch() -> None:
    assert Release(22) not in Releases("18-20 23.4-")
    assert Release(23, 3) not in Releases("18-20 23.4-")
    assert Release(23, 4) in Releases("18-20 23.4-")


def test_an_unknown_branch_is_assumed_to_support_what_the_newest_does() -> None:
    newest, next_ = Release(NEWEST_BRANCH, sys.maxsize), Release(NEWEST_BRANCH + 1)
    differing = [
        (name, what)
        for kind in KINDS
        for name in getattr(catalogue, kind.upper())
        for what, releases in spans_of(getattr(getattr(ami, kind), name))
        if (newest in releases) is not (next_ in releases)
    ]
    assert not differing


def spans_of(cls: Any) -> Iterator[tuple[str, Releases]]:
    """Yield what a class says of releases: of itself, of each parameter, of each header."""
    yield "", getattr(cls, "releases", Releases("13-"))
    yield from ((name, Releases(spans)) for name, spans in getattr(cls, "parameter_releases", {}).items())
    if not issubclass(cls, ami.Request | ami.Aggregate):
        yield from ((field.header, field.releases) for field in fields_of(cls).values() if field.releases is not None)


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        ("13-23", "Asterisk 13 to 23"),
        ("18", "Asterisk 18"),
        ("16.20", "Asterisk 16 (since 16.20)"),
        ("16.20.1", "Asterisk 16 (since 16.20.1)"),
        ("18 20-23", "Asterisk 18, 20 to 23"),
        ("13-15 16.20 17-23", "Asterisk 13 to 15, 16.20 to 23"),
        ("20.20-23", "Asterisk 20.20 to 23"),
        ("13-", "Asterisk 13 and later"),
        ("18.26 20.20-", "Asterisk 18 (since 18.26), 20.20 and later"),
    ],
)
def test_a_set_reads_as_a_sentence(spans: str, words: str) -> None:
    assert str(Releases(spans)) == words


@pytest.mark.parametrize(
    ("release", "words"),
    [
        (Release(18, 20, 1), "Asterisk 18.21 or later"),
        (Release(16, 28), "Asterisk 18 (since 18.21), 20.6 to 23"),
    ],
)
def test_a_missing_feature_is_described_for_the_servers_branch(release: Release, words: str) -> None:
    assert Releases("18.21 20.6 21-23").needed_by(release) == words


def test_sets_are_equal_by_content_and_not_by_spelling() -> None:
    assert Releases("13-15") == Releases("13 14 15")
    assert hash(Releases("13-15")) == hash(Releases("13 14 15"))
    assert Releases("13-15") != Releases("13-16")
    assert Releases("13-15") != "13-15"
    assert Releases("13-") == Releases("13-15 16-")
    assert hash(Releases("13-")) == hash(Releases("13 14-"))
    assert Releases("13-") != Releases("13.1-")
    assert Releases("13-") != Releases("13")


def test_a_set_shows_how_it_is_written() -> None:
    assert repr(Releases("13-15 16.20")) == "Releases('13-15 16.20')"


releases = st.builds(Release, st.integers(OLDEST_BRANCH, NEWEST_BRANCH), st.integers(0, 40), st.integers(0, 9))


@given(releases)
def test_a_release_survives_its_text(release: Release) -> None:
    assert Release.find(str(release)) == release


@given(releases, releases)
def test_from_a_first_release_on_a_branch_has_it_and_no_other_branch_does(first: Release, other: Release) -> None:
    spans = Releases(f"{first.branch}.{first.minor}.{first.patch}")
    assert (other in spans) is (other.branch == first.branch and other >= first)


# The facades: one package a release line


LINES = [f"v{branch}" for branch in range(OLDEST_BRANCH, NEWEST_BRANCH + 1)]
KINDS = ["actions", "events", "responses", "aggregates"]


def test_there_is_a_facade_for_each_line_that_the_package_knows() -> None:
    folder = Path(releases_package.__file__).parent
    assert sorted(path.parent.name for path in folder.glob("v*/__init__.py")) == sorted(LINES)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("kind", ["actions", "events", "aggregates"])
def test_a_line_has_the_very_classes_that_its_branch_has_and_no_other(line: str, kind: str) -> None:
    facade = importlib.import_module(f"ami_typed.releases.{line}.{kind}")
    package = importlib.import_module(f"ami_typed.{kind}")
    branch = int(line.removeprefix("v"))
    there = {name for name in package.__all__ if Release(branch, sys.maxsize) in getattr(package, name).releases}
    assert there == set(facade.__all__)
    assert set(facade.__all__) <= set(dir(facade))
    assert all(getattr(facade, name) is getattr(package, name) for name in there)


@pytest.mark.parametrize("kind", KINDS)
def test_features_of_every_line_are_in_their_own_namespace(kind: str) -> None:
    lines = [importlib.import_module(f"ami_typed.releases.{line}.{kind}") for line in LINES]
    every = importlib.import_module(f"ami_typed.releases.every.{kind}")
    assert set(every.__all__) == set[str].intersection(*(set(line.__all__) for line in lines))


def test_a_name_that_a_line_lacks_is_an_attribute_error_that_names_the_line() -> None:
    facade = importlib.import_module("ami_typed.releases.v16.actions")
    with pytest.raises(AttributeError, match=r"module 'ami_typed.releases.v16.actions' has no attribute 'PJSIPHangup'"):
        _ = facade.PJSIPHangup


@pytest.mark.parametrize("kind", KINDS)
def test_importing_a_facade_loads_no_class(kind: str) -> None:
    loaded = in_a_fresh_process(
        f"import sys\nfrom ami_typed.releases.v18 import {kind}\nprint(*(name for name in sys.modules))"
    )
    assert f"ami_typed.releases.v18.{kind}" in loaded
    assert not {name for name in loaded if name.startswith(("ami_typed.messages", f"ami_typed.{kind}."))}


def test_a_line_names_its_packages() -> None:
    line = importlib.import_module("ami_typed.releases.v18")
    assert sorted(line.__all__) == sorted(KINDS)
    assert set(KINDS) <= set(dir(line))
    assert line.actions is importlib.import_module("ami_typed.releases.v18.actions")
