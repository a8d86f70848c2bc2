# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["DemoLog"]


class DemoLog(Event):
    """The ``DemoLog`` event.

    Sent to users with all of the privileges ``system``, ``log``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoLog/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("system", "log")
    modules = ("app_demo",)

    channel: Sometimes[str] = Sometimes("Channel", text)
    enabled: Sometimes[str] = Sometimes("Enabled", text)
    reason: Sometimes[str] = Sometimes("Reason", text)
