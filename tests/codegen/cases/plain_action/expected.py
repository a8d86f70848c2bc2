# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoPlay"]


class DemoPlay(Request["Answer"]):
    """The ``DemoPlay`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoPlay/>

    Args:
        channel: The ``Channel`` header. Required.
        sound: The ``Sound`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)

    def __init__(self, *, channel: str, sound: str | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoPlay")
        self._need("Channel", channel)
        self._put("Sound", sound)
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)
