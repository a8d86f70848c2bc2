# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoNew"]


class DemoNew(Request["Answer"]):
    """The ``DemoNew`` action.

    Asterisk 16 (since 16.21), 18 (since 18.7), 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoNew/>

    Args:
        name: The ``Name`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("16.21 18.7 22-")
    modules = ("app_demo",)

    def __init__(self, *, name: str | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoNew")
        self._put("Name", name)
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["DemoOld"]


class DemoOld(Event):
    """The ``DemoOld`` event.

    Sent to users with the privilege ``call``.
    Asterisk 16 to 18, 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoOld/>
    """

    __slots__ = ()

    releases = Releases("16-18 22-")
    privileges = ("call",)
    modules = ("app_demo",)

    name: Sometimes[str] = Sometimes("Name", text)
