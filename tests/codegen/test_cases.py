"""The golden cases: what the generator makes of tiny documentation, one feature each."""

from __future__ import annotations

import pytest

from tests.codegen import golden


@pytest.mark.parametrize("name", golden.names())
def test_the_case_gives_the_expected_result(name: str) -> None:
    file, text = golden.outcome(name)

    assert [path.name for path in (golden.CASES / name).glob("expected.*")] == [file]
    assert text == (golden.CASES / name / file).read_text(encoding="utf-8")


def test_there_are_cases() -> None:
    assert len(golden.names()) > 20
