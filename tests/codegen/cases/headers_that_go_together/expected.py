# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoCall", "DemoSend"]


class DemoCall(Request["Answer"]):
    """The ``DemoCall`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoCall/>

    Args:
        channel: The ``Channel`` header. Required.
        exten: The ``Exten`` header.
        context: The ``Context`` header.
        application: The ``Application`` header.
        data: The ``Data`` header.
        account: The ``Account`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.

    Raises:
        ValueError: Parameters exclude each other, or a required one is missing.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    one_of = (("Application", "Exten"),)
    requires = {"Data": ("Application",), "Exten": ("Context",), "Context": ("Exten",)}

    @overload
    def __init__(
        self,
        *,
        channel: str,
        application: str,
        data: str | None = None,
        account: str | None = None,
        action_id: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self, *, channel: str, exten: str, context: str, account: str | None = None, action_id: str | None = None
    ) -> None: ...
    def __init__(
        self,
        *,
        channel: str,
        exten: str | None = None,
        context: str | None = None,
        application: str | None = None,
        data: str | None = None,
        account: str | None = None,
        action_id: str | None = None,
    ) -> None:
        super().__init__("DemoCall")
        self._need("Channel", channel)
        self._put("Exten", exten)
        self._put("Context", context)
        self._put("Application", application)
        self._put("Data", data)
        self._put("Account", account)
        self._put("ActionID", action_id)
        self._check()

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


class DemoSend(Request["Answer"]):
    """The ``DemoSend`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoSend/>

    Args:
        to: The ``To`` header.
        destination: The ``Destination`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.

    Raises:
        ValueError: Parameters exclude each other, or a required one is missing.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    some_of = (("To", "Destination"),)

    def __init__(self, *, to: str | None = None, destination: str | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoSend")
        self._put("To", to)
        self._put("Destination", destination)
        self._put("ActionID", action_id)
        self._check()

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)
