# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoAdd"]


class DemoAdd(Request["Answer"]):
    """The ``DemoAdd`` action.

    Asterisk 13, 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoAdd/>

    Args:
        name: The ``Name`` header. Required.
        gone: The ``Gone`` header. Only in Asterisk 13.
        reason: The ``Reason`` header. Only in Asterisk 22 and later.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("13 22-")
    modules = ("app_demo",)
    parameter_releases = {"Gone": "13", "Reason": "22-"}

    def __init__(
        self, *, name: str, gone: str | None = None, reason: str | None = None, action_id: str | None = None
    ) -> None:
        super().__init__("DemoAdd")
        self._need("Name", name)
        self._put("Gone", gone)
        self._put("Reason", reason)
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Always, Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["DemoAdded"]


class DemoAdded(Event):
    """The ``DemoAdded`` event.

    Sent to users with the privilege ``call``.
    Asterisk 13, 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoAdded/>
    """

    __slots__ = ()

    releases = Releases("13 22-")
    privileges = ("call",)
    modules = ("app_demo",)

    name: Always[str] = Always("Name", text)
    gone: Sometimes[str] = Sometimes("Gone", text, releases="13")
    reason: Sometimes[str] = Sometimes("Reason", text, releases="22-")
    kept: Sometimes[str] = Sometimes("Kept", text, releases="22.5-")
