# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoSet"]


class DemoSet(Request["Answer"]):
    """The ``DemoSet`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoSet/>

    Args:
        n100_rel: The ``100rel`` header.
        async_: The ``Async`` header.
        data: The ``Data`` header.
        items_: The ``Items`` header.
        unit_amount_0: The ``UnitAmount(0)`` header.
        md5_cred: The ``MD5Cred`` header.
        from_: The ``From`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    parameter_names = {"100rel": "n100_rel", "UnitAmount(0)": "unit_amount_0"}

    def __init__(
        self,
        *,
        n100_rel: str | None = None,
        async_: str | None = None,
        data: str | None = None,
        items_: str | None = None,
        unit_amount_0: str | None = None,
        md5_cred: str | None = None,
        from_: str | None = None,
        action_id: str | None = None,
    ) -> None:
        super().__init__("DemoSet")
        self._put("100rel", n100_rel)
        self._put("Async", async_)
        self._put("Data", data)
        self._put("Items", items_)
        self._put("UnitAmount(0)", unit_amount_0)
        self._put("MD5Cred", md5_cred)
        self._put("From", from_)
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

__all__ = ["DemoOdd"]


class DemoOdd(Event):
    """The ``DemoOdd`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoOdd/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    n100_rel: Sometimes[str] = Sometimes("100rel", text)
    cause_txt: Sometimes[str] = Sometimes("Cause-txt", text)
    ami_version: Sometimes[str] = Sometimes("AMIversion", text)
    class_: Sometimes[str] = Sometimes("Class", text)
    data_: Sometimes[str] = Sometimes("Data", text)
    items_: Sometimes[str] = Sometimes("Items", text)
    caller_id_num: Sometimes[str] = Sometimes("CallerIDNum", text)
    caller_id_ani: Sometimes[str] = Sometimes("CallerIDani", text)
    unit_amount_0: Sometimes[str] = Sometimes("UnitAmount(0)", text)
    response: Sometimes[str] = Sometimes("Response", text)
    t38_udptl: Sometimes[str] = Sometimes("T38Udptl", text)
