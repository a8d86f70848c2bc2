"""Spans say which releases have something, and never more than facts and versions bear out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_typed.releases import Release, Releases
from codegen.spans import (
    as_old_as,
    common,
    ends_unsaid,
    following,
    span_of,
    text_of,
    united,
    words_of,
    written_span,
    written_starts,
)


@pytest.mark.parametrize(
    ("releases", "since", "text"),
    [
        (["13.38.3", "14.7.8", "15.7.4"], [], "13-15"),
        (["16.30.1", "18.26.4"], [], "16 18"),
        (["16.30.1", "18.26.4", "19.8.1", "20.20.1"], ["16.21.0", "18.7.0", "19.0.0"], "16.21 18.7-20"),
        (["20.20.1", "22.10.1"], ["20.20.1", "22.10.0"], "20.20.1 22.10"),
        (["13.38.3", "14.7.8"], ["12.0.0"], "13-14"),
        (["18.9-cert4"], [], "18"),
        ([], [], ""),
    ],
)
def test_a_span_follows_the_facts_and_the_versions(releases: list[str], since: list[str], text: str) -> None:
    assert text_of(span_of(releases, since)) == text


@pytest.mark.parametrize(
    ("releases", "since", "text"),
    [
        (["13.38.3", "23.4.1"], [], "13 23-"),
        (["13.38.3", "22.10.1"], [], "13 22"),
        (["22.10.1", "23.4.1"], ["22.10.0", "23.4.0"], "22.10 23.4-"),
    ],
)
def test_a_span_that_includes_the_newest_branch_is_open(releases: list[str], since: list[str], text: str) -> None:
    assert text_of(span_of(releases, since, newest=23)) == text


@pytest.mark.parametrize("text", ["13-", "13-14 16.20-", "20.17 22.7 23.1-"])
def test_an_open_end_is_read_as_it_is_written(text: str) -> None:
    assert text_of(written_span(text)) == text
    assert 120 in written_span(text)
    assert Release(120) in Releases(text)


def test_an_open_and_a_closed_span_have_a_closed_intersection_and_an_open_union() -> None:
    one, other = written_span("13-20"), written_span("18.5 20-")

    assert text_of(common(one, other)) == "18.5 20"
    assert text_of(united(one, other)) == "13-"


@pytest.mark.parametrize(
    ("text", "unsaid"),
    [("13-23", True), ("22.5 23.1", True), ("23", True), ("13-23!", False), ("13-", False), ("13-22", False)],
)
def test_an_end_at_the_newest_branch_must_be_explicit(text: str, unsaid: bool) -> None:
    assert ends_unsaid(text, 23) is unsaid


@pytest.mark.parametrize("text", ["", "18-20", "18.5-", "18.5!", "x"])
def test_invalid_first_releases_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="first releases within branches"):
        written_starts(text)


def test_a_version_is_ignored_if_an_older_branch_has_it_from_the_start() -> None:
    span = span_of(["13.38.3", "18.26.4", "20.20.1"], ["18.26.0", "20.11.0"])

    assert text_of(span) == "13 18 20"


def test_a_version_after_the_release_that_has_it_is_ignored() -> None:
    assert text_of(span_of(["22.10.1"], ["22.11.0"])) == "22"


def test_a_dependent_span_starts_with_the_other_in_common_branches() -> None:
    closing, its_list = written_span("13 18.26 20-23"), written_span("18.19 20.4-22")

    assert text_of(as_old_as(closing, its_list)) == "13 18.19 20.4-23"


def test_a_part_that_starts_with_the_whole_moves_with_it() -> None:
    header, event, moved = written_span("18.26 20.5 21"), written_span("18.26 20-22"), written_span("18.19 20.4 21.2")

    assert text_of(following(header, event, moved)) == "18.19 20.5 21.2"


def test_two_spans_have_an_intersection_and_a_union() -> None:
    one, other = written_span("13-16 18.5"), written_span("15.2-18")

    assert text_of(common(one, other)) == "15.2-16 18.5"
    assert text_of(united(one, other)) == "13-18"


@pytest.mark.parametrize("text", ["", "since 18", "13 -15", "13,14", "x", "13- 15", "13-15-", "13-!"])
def test_an_invalid_span_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span of releases"):
        written_span(text)


def test_a_span_is_described_in_words() -> None:
    assert words_of(written_span("13-15 16.20 17-23")) == "Asterisk 13 to 15, 16.20 to 23"
    assert words_of(written_span("13 17-")) == "Asterisk 13, 17 and later"
    assert words_of(written_span("20.17 22.7 23.1-")) == "Asterisk 20 (since 20.17), 22 (since 22.7), 23.1 and later"


@given(
    st.dictionaries(
        st.integers(13, 23), st.tuples(st.integers(0, 40), st.sampled_from([0, 0, 0, 3])).map(lambda pair: pair)
    )
)
def test_the_runtime_reads_every_span_as_it_was_meant(starts: dict[int, tuple[int, int]]) -> None:
    span = {branch: Release(branch, *start) for branch, start in starts.items()}

    assert Releases(text_of(span)).branches() == span
