# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import aggregates
from ami_typed.messages import Answer, ListRequest
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoList"]


class DemoList(ListRequest["aggregates.DemoList"]):
    """The ``DemoList`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoList/>
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    list_ends = ("DemoListComplete",)

    def __init__(self, *, action_id: str | None = None) -> None:
        super().__init__("DemoList")
        self._put("ActionID", action_id)

    @classmethod
    def list_class(cls) -> type[aggregates.DemoList]:
        return aggregates.DemoList

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

__all__ = ["DemoList"]


class DemoList(Aggregate):
    """The list that ``DemoList`` returns.

    Asterisk 22 and later.
    """

    __slots__ = ()

    releases = Releases("22-")
    repeatable = ("DemoListItem",)

    demo_list_item: Items[events.DemoListItem] = Items("DemoListItem")
    """The ``DemoListItem`` events, in order of arrival."""
    complete: Closing[events.DemoListComplete] = Closing("DemoListComplete")
    """The event that closes the list; `None` until it arrives."""

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, key: type[events.DemoListItem], /) -> list[events.DemoListItem]: ...
        @overload
        def __getitem__(self, key: type[events.DemoListComplete], /) -> events.DemoListComplete: ...
        @overload
        def __getitem__(self, key: str, /) -> Any: ...
        def __getitem__(self, key: Any, /) -> Any: ...


# events/other.py
"""The events of ``other``."""

from __future__ import annotations

from ami_typed.fields import Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["DemoListComplete", "DemoListItem"]


class DemoListComplete(Event):
    """The ``DemoListComplete`` event.

    Sent to users with the privilege ``command``, and to the session that sends ``DemoList``, whatever events its
    user may read.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoListComplete/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("command",)

    event_list: Sometimes[str] = Sometimes("EventList", text)
    list_items: Sometimes[str] = Sometimes("ListItems", text)


class DemoListItem(Event):
    """The ``DemoListItem`` event.

    Sent to users with the privilege ``command``, and to the session that sends ``DemoList``, whatever events its
    user may read.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoListItem/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("command",)

    name: Sometimes[str] = Sometimes("Name", text)
