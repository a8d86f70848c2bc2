# actions/voice.py
"""Voice (actions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoSay"]


class DemoSay(Request["Answer"]):
    """Says a text.

    Requires one of the privileges ``call``, ``system``.
    Asterisk 22 and later.
    <https://example.org/DemoSay/>

    Args:
        text: What to say. Required.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call", "system")
    modules = ("app_other", "app_demo")

    def __init__(self, *, text: str, action_id: str | None = None) -> None:
        super().__init__("DemoSay")
        self._need("Text", text)
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


# events/voice.py
"""Voice (events)."""

from __future__ import annotations

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text as _text

__all__ = ["DemoSaid"]


class DemoSaid(Event):
    """A text was said; C:/x and "quotes" stay as they are, and a line that is longer than a docstring's line is
    folded at a blank.

    Sent to every user.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoSaid/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ()
    turned_on_by = (("demo.conf", "general", "events", "", "list"),)
    occasion = "Only demonstrations cause it."

    text: Sometimes[str] = Sometimes("Text", _text)
    """What was said."""
