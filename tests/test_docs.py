"""The code of the pages runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import ami_typed as ami
from ami_typed import registry

PAGES = Path(__file__).parent.parent / "docs" / "pages"


def code(page: str) -> list[str]:
    """Return the Python of a page, block by block."""
    return re.findall(r"```python\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)


def nothing(*_: object) -> None:
    """Do nothing."""


class Silent:
    """A manager that takes whatever it is told."""

    def __getattr__(self, name: str) -> Any:
        return nothing


@pytest.mark.parametrize("page", ["modules.md", "migrating.md"])
def test_the_code_of_a_page_runs(page: str) -> None:
    names: dict[str, Any] = {"__name__": "page", "ami": ami, "manager": Silent(), "on_anything": print}
    for block in code(page):
        exec(compile(block, page, "exec"), names)
    if page == "modules.md":
        read_as_described(names)
    else:
        assert (names["Queues"]("sales").timeout, names["Queues"]("sales").synchronous) == (17, True)


def read_as_described(names: dict[str, Any]) -> None:
    assert registry.event_class("DonglePortFail") is names["DonglePortFail"]
    sms = names["DongleNewSMS"]({"Event": "DongleNewSMS", "Device": "d", "From": "+49", "MessageLine0": "hello"})
    assert (sms.sender, sms.lines) == ("+49", {"0": ["hello"]})
    keyed = names["RPT_TXKEYED"]({"Event": "RPT_TXKEYED", "Node": "2000", "EventValue": "1"})
    assert keyed.keyed is True
    wire = b"Event: UserEvent\r\nUserEvent: Welcome\r\nColour: red"
    assert registry.class_of("UserEvent", wire) is names["Welcome"]


@pytest.mark.parametrize("page", ["README.md", *(f"docs/pages/{each.name}" for each in sorted(PAGES.glob("*.md")))])
def test_every_link_to_a_file_leads_to_one(page: str) -> None:
    file = PAGES.parent.parent / page
    for link in re.findall(r"\]\(([^)#:]+\.md)", file.read_text("utf-8")):
        assert (file.parent / link).exists(), link
