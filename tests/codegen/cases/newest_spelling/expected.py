# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["Demoexten"]


class Demoexten(Event):
    """The ``Demoexten`` event.

    Sent to users with the privilege ``call``.
    Asterisk 13, 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/Demoexten/>
    """

    __slots__ = ()

    releases = Releases("13 22-")
    privileges = ("call",)
    modules = ("app_demo",)

    account_code: Sometimes[str] = Sometimes("AccountCode", text)
