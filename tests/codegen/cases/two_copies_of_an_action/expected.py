# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoMail"]


class DemoMail(Request["Answer"]):
    """The ``DemoMail`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoMail/>

    Args:
        mailbox: The ``Mailbox`` header. Required.
        folder: The ``Folder`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo", "app_demo_imap")

    def __init__(self, *, mailbox: str, folder: str | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoMail")
        self._need("Mailbox", mailbox)
        self._put("Folder", folder)
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)
