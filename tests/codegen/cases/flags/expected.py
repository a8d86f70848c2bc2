# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases
from ami_typed.values import Flag, true_false

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoFlags"]


class DemoFlags(Request["Answer"]):
    """The ``DemoFlags`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoFlags/>

    Args:
        early: The ``Early`` header. Required.
        paused: The ``Paused`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)

    def __init__(self, *, early: bool, paused: bool | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoFlags")
        self._need("Early", early, true_false)
        self._put("Paused", paused, Flag("Yes", "No"))
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)
