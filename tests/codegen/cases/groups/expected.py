# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import responses
from ami_typed.configuration import changes as _changes
from ami_typed.messages import Request
from ami_typed.releases import Releases
from ami_typed.structures import free_headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ami_typed.configuration import Change
    from ami_typed.messages import Message

__all__ = ["DemoChange"]


class DemoChange(Request["responses.DemoChange"]):
    """The ``DemoChange`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoChange/>

    Args:
        file: The ``File`` header. Required.
        changes: What to change. Required.
        headers: The ``Header1`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    secrets = Request.secrets | {"value-*"}

    def __init__(
        self,
        *,
        file: str,
        changes: Sequence[Change],
        headers: Mapping[str, str | Sequence[str]] | None = None,
        action_id: str | None = None,
    ) -> None:
        super().__init__("DemoChange")
        self._need("File", file)
        self._spread("changes", changes, _changes)
        self._spread("headers", headers, free_headers)
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> responses.DemoChange:
        return responses.DemoChange.of(response)


# responses/demo.py
"""The responses of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.configuration import sections as _sections
from ami_typed.fields import Built, Dated, Sometimes
from ami_typed.messages import Answer
from ami_typed.structures import lines as _lines
from ami_typed.values import integer

if TYPE_CHECKING:
    from ami_typed.configuration import Section

__all__ = ["DemoChange"]


class DemoChange(Answer):
    """What became of it.

    Asterisk 22 and later.
    """

    __slots__ = ()

    count: Sometimes[int] = Sometimes("Count", integer)
    lines: Built[list[str]] = Built(_lines, "Output")
    """What was printed."""
    sections: Built[list[Section]] = Built(_sections, "Category-*", "Line-*")
    changed: Dated = Dated("Date", "Time")
    """When it was changed."""
