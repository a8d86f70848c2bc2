# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoMap", "DemoRaw"]


class DemoMap(Request["Answer"]):
    """The ``DemoMap`` action.

    Asterisk 22.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoMap/>
    """

    __slots__ = ()

    releases = Releases("22")
    bare_line_feeds = True

    def __init__(self, *, action_id: str | None = None) -> None:
        super().__init__("DemoMap")
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


class DemoRaw(Request["Answer"]):
    """The ``DemoRaw`` action.

    Asterisk 22.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoRaw/>
    """

    __slots__ = ()

    releases = Releases("22")
    raw_text = True

    def __init__(self, *, action_id: str | None = None) -> None:
        super().__init__("DemoRaw")
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)
