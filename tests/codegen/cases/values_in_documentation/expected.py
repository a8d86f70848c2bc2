# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoMute"]


class DemoMute(Request["Answer"]):
    """The ``DemoMute`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoMute/>

    Args:
        direction: The ``Direction`` header. Required. One of ``in``, ``out``, ``all``.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)

    def __init__(self, *, direction: str, action_id: str | None = None) -> None:
        super().__init__("DemoMute")
        self._need("Direction", direction)
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

__all__ = ["DemoMuted"]


class DemoMuted(Event):
    """The ``DemoMuted`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoMuted/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    state: Sometimes[str] = Sometimes("State", text)
    """One of ``muted``, ``no``."""
