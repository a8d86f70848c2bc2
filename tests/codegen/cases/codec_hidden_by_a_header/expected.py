# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases
from ami_typed.values import seconds as _seconds

if TYPE_CHECKING:
    from datetime import timedelta

    from ami_typed.messages import Message

__all__ = ["DemoWait"]


class DemoWait(Request["Answer"]):
    """The ``DemoWait`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoWait/>

    Args:
        seconds: The ``Seconds`` header. Required.
        text: The ``Text`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)

    def __init__(self, *, seconds: timedelta, text: str | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoWait")
        self._need("Seconds", seconds, _seconds)
        self._put("Text", text)
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import seconds as _seconds
from ami_typed.values import text as _text

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["DemoWaited"]


class DemoWaited(Event):
    """The ``DemoWaited`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoWaited/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    text: Sometimes[str] = Sometimes("Text", _text)
    seconds: Sometimes[timedelta] = Sometimes("Seconds", _seconds)
    name: Sometimes[str] = Sometimes("Name", _text)
