# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import responses
from ami_typed.messages import Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoLogin"]


class DemoLogin(Request["responses.DemoSession"]):
    """The ``DemoLogin`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoLogin/>

    Args:
        username: The ``Username`` header. Required.
        secret: The ``Secret`` header. Required.
        key: The ``Key`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    secrets = Request.secrets | {"secret", "key"}

    def __init__(self, *, username: str, secret: str, key: str | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoLogin")
        self._need("Username", username)
        self._need("Secret", secret)
        self._put("Key", key)
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> responses.DemoSession:
        return responses.DemoSession.of(response)


# events/other.py
"""The events of ``other``."""

from __future__ import annotations

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["DemoPassword"]


class DemoPassword(Event):
    """The ``DemoPassword`` event.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoPassword/>
    """

    __slots__ = ()

    releases = Releases("22-")
    secrets = Event.secrets | {"password"}

    mailbox: Sometimes[str] = Sometimes("Mailbox", text)
    password: Sometimes[str] = Sometimes("Password", text)


# responses/demo.py
"""The responses of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.fields import Always, Sometimes
from ami_typed.messages import Answer
from ami_typed.values import epoch, text

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["DemoSession"]


class DemoSession(Answer):
    """The session.

    Asterisk 22 and later.
    """

    __slots__ = ()

    secrets = Answer.secrets | {"data"}

    since: Always[datetime] = Always("Since", epoch)
    """When it began."""
    data_: Sometimes[str] = Sometimes("Data", text)
