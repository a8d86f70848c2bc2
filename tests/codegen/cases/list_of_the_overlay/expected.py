# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import aggregates
from ami_typed.messages import Answer, ListRequest
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoStatus"]


class DemoStatus(ListRequest["aggregates.DemoStatus"]):
    """The ``DemoStatus`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoStatus/>

    Args:
        name: The ``Name`` header.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    list_ends = ("DemoStatusComplete",)
    list_announced = False

    def __init__(self, *, name: str | None = None, action_id: str | None = None) -> None:
        super().__init__("DemoStatus")
        self._put("Name", name)
        self._put("ActionID", action_id)

    @classmethod
    def list_class(cls) -> type[aggregates.DemoStatus]:
        return aggregates.DemoStatus

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


# aggregates/demo.py
"""The lists of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from ami_typed.fields import Closing, Items
from ami_typed.messages import Aggregate
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed import events

__all__ = ["DemoStatus"]


class DemoStatus(Aggregate):
    """Demonstrations with their members.

    Asterisk 22 and later.
    """

    __slots__ = ()

    releases = Releases("22-")
    repeatable = ("DemoParams", "DemoMember")

    params: Items[events.DemoParams] = Items("DemoParams")
    """The ``DemoParams`` events, in order of arrival."""
    members: Items[events.DemoMember] = Items("DemoMember")
    """The ``DemoMember`` events, in order of arrival."""
    complete: Closing[events.DemoStatusComplete] = Closing("DemoStatusComplete")
    """The event that closes the list; `None` until it arrives."""

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, key: type[events.DemoParams], /) -> list[events.DemoParams]: ...
        @overload
        def __getitem__(self, key: type[events.DemoMember], /) -> list[events.DemoMember]: ...
        @overload
        def __getitem__(self, key: type[events.DemoStatusComplete], /) -> events.DemoStatusComplete: ...
        @overload
        def __getitem__(self, key: str, /) -> Any: ...
        def __getitem__(self, key: Any, /) -> Any: ...


# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["DemoMember", "DemoParams", "DemoStatusComplete"]


class DemoMember(Event):
    """The ``DemoMember`` event.

    Sent to users with the privilege ``call``, and to the session that sends ``DemoStatus``, whatever events its
    user may read.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoMember/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    name: Sometimes[str] = Sometimes("Name", text)


class DemoParams(Event):
    """The ``DemoParams`` event.

    Sent to users with the privilege ``call``, and to the session that sends ``DemoStatus``, whatever events its
    user may read.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoParams/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    name: Sometimes[str] = Sometimes("Name", text)


class DemoStatusComplete(Event):
    """The ``DemoStatusComplete`` event.

    Asterisk 13 and later.
    """

    __slots__ = ()

    releases = Releases("13-")

    list_items: Sometimes[str] = Sometimes("ListItems", text)
