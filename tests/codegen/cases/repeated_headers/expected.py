# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases
from ami_typed.values import assigned, chosen, each, seconds, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from ami_typed import enums
    from ami_typed.messages import Message

__all__ = ["DemoVars"]


class DemoVars(Request["Answer"]):
    """The ``DemoVars`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoVars/>

    Args:
        variable: The ``Variable`` header.
        codec: The ``Codec`` header.
        rule: The ``Rule`` header.
        state: The ``State`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)

    def __init__(
        self,
        *,
        variable: Mapping[str, str] | None = None,
        codec: Sequence[str] | None = None,
        rule: Sequence[timedelta] | None = None,
        state: Sequence[enums.DemoState | str] | None = None,
        action_id: str | None = None,
    ) -> None:
        super().__init__("DemoVars")
        self._put("Variable", variable, assigned)
        self._put("Codec", codec, each(text))
        self._put("Rule", rule, each(seconds))
        self._put("State", state, each(chosen("DemoState")))
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


# enums.py
"""The vocabularies of headers and parameters; unknown values remain readable."""

from __future__ import annotations

from ami_typed.values import OpenStrEnum

__all__ = ["DemoState"]


class DemoState(OpenStrEnum, also={"On Air": "on", "1": "on"}):
    """State of a demonstration."""

    ON = "on"
    OFF = "off"


# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Joined, Numbered, Repeated, Variables
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import integer, items

__all__ = ["DemoVarsSet"]


class DemoVarsSet(Event):
    """The ``DemoVarsSet`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoVarsSet/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    chan_variable: Variables = Variables("ChanVariable")
    rule: Repeated[int] = Repeated("Rule", integer)
    report_lsr: Numbered[int] = Numbered("Report*LSR", integer)
    codec: Joined[str] = Joined("Codec", items(","))
