# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["DemoTree", "Demo_D", "Event_"]


class DemoTree(Event):
    """The ``Demo Tree`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/Demo%20Tree/>
    """

    __slots__ = ()

    wire_name = "Demo Tree"
    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    name: Sometimes[str] = Sometimes("Name", text)


class Demo_D(Event):
    """The ``Demo-D`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/Demo-D/>
    """

    __slots__ = ()

    wire_name = "Demo-D"
    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    name: Sometimes[str] = Sometimes("Name", text)


class Event_(Event):
    """The ``Event`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/Event/>
    """

    __slots__ = ()

    wire_name = "Event"
    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    name: Sometimes[str] = Sometimes("Name", text)
