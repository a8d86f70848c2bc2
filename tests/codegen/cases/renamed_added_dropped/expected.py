# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases
from ami_typed.values import milliseconds

if TYPE_CHECKING:
    from datetime import timedelta

    from ami_typed.messages import Message

__all__ = ["DemoPark"]


class DemoPark(Request["Answer"]):
    """The ``DemoPark`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoPark/>

    Args:
        park_timeout: The ``Timeout`` header. Required.
        channel2: The ``Channel2`` header. Only in Asterisk 18 and later.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    parameter_releases = {"Channel2": "18-"}
    parameter_names = {"Timeout": "park_timeout"}

    def __init__(self, *, park_timeout: timedelta, channel2: str | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoPark")
        self._need("Timeout", park_timeout, milliseconds)
        self._put("Channel2", channel2)
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

__all__ = ["Newdemo"]


class Newdemo(Event):
    """The ``Newdemo`` event.

    Sent to users with the privilege ``call``.
    Asterisk 13 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/NewDemo/>
    """

    __slots__ = ()

    releases = Releases("13-")
    privileges = ("call",)
    modules = ("app_demo",)

    userfield: Sometimes[str] = Sometimes("Userfield", text)
    async_operations: Sometimes[str] = Sometimes("AsyncOperations", text, releases="16 22-")
