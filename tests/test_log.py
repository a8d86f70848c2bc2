"""What is logged goes to the program's logger, and nothing is loaded or formatted for nobody."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ami_typed._log import Log
from tests.support import in_a_fresh_process

if TYPE_CHECKING:
    import pytest


def test_without_a_logger_of_the_programs_the_packages_own_is_used(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(None, debug=True)
    with caplog.at_level(logging.DEBUG, "ami_typed"):
        log.trace("> a line with 100 % of its signs")
        log.note("something happened with %s in it.")
    assert [(each.name, each.levelname, each.getMessage()) for each in caplog.records] == [
        ("ami_typed", "DEBUG", "> a line with 100 % of its signs"),
        ("ami_typed", "WARNING", "something happened with %s in it."),
    ]


def test_the_programs_own_logger_has_everything(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(logging.getLogger("a.program"), debug=False)
    trouble = ValueError("the callback's own")
    log.report("A callback raised an exception: %s", trouble)
    (record,) = caplog.records
    assert record.name == "a.program"
    assert record.levelno == logging.ERROR
    assert record.exc_info == (ValueError, trouble, trouble.__traceback__)


def test_logging_is_not_loaded_before_there_is_something_to_say() -> None:
    program = (
        "import sys\n"
        "from ami_typed._log import Log\n"
        "log = Log(None, debug=False)\n"
        "before = 'logging' in sys.modules\n"
        "log.note('something')\n"
        "print(before, 'logging' in sys.modules)"
    )
    assert in_a_fresh_process(program)[:2] == ["False", "True"]
