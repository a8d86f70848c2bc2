# actions/demo.py
"""Demonstrations (actions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import aggregates
from ami_typed.messages import Answer, ListRequest, Request
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed.messages import Message

__all__ = ["DemoMap", "DemoRaw", "DemoTree", "DemoTwice"]


class DemoMap(Request["Answer"]):
    """The ``DemoMap`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoMap/>
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    bare_line_feeds = True

    def __init__(self, *, action_id: str | None = None) -> None:
        super().__init__("DemoMap")
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


class DemoRaw(Request["Answer"]):
    """The ``DemoRaw`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoRaw/>
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    empty_lines = 2
    raw_text = True

    def __init__(self, *, action_id: str | None = None) -> None:
        super().__init__("DemoRaw")
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


class DemoTree(ListRequest["aggregates.DemoTree"]):
    """The ``DemoTree`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoTree/>
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    list_ends = ("DemoTree",)
    list_announced = False
    list_empty = ("No tree", "No forest")
    run_together = True
    unmarked = True
    answered_by_event = True

    def __init__(self, *, action_id: str | None = None) -> None:
        super().__init__("DemoTree")
        self._put("ActionID", action_id)

    @classmethod
    def list_class(cls) -> type[aggregates.DemoTree]:
        return aggregates.DemoTree

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


class DemoTwice(Request["Answer"]):
    """The ``DemoTwice`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoTwice/>
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)
    answers = 2

    def __init__(self, *, action_id: str | None = None) -> None:
        super().__init__("DemoTwice")
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


# aggregates/demo.py
"""Demonstrations (lists)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from ami_typed.fields import Closing
from ami_typed.messages import Aggregate
from ami_typed.releases import Releases

if TYPE_CHECKING:
    from ami_typed import events

__all__ = ["DemoTree"]


class DemoTree(Aggregate):
    """The list that ``DemoTree`` returns.

    Asterisk 22 and later.
    """

    __slots__ = ()

    releases = Releases("22-")
    repeatable = ()
    counted = False

    complete: Closing[events.DemoTree] = Closing("DemoTree")
    """The event that closes the list; `None` until it arrives."""

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, key: type[events.DemoTree], /) -> events.DemoTree: ...
        @overload
        def __getitem__(self, key: str, /) -> Any: ...
        def __getitem__(self, key: Any, /) -> Any: ...


# events/demo.py
"""Demonstrations (events)."""

from __future__ import annotations

from ami_typed.messages import Event
from ami_typed.releases import Releases

__all__ = ["DemoTree"]


class DemoTree(Event):
    """The ``DemoTree`` event.

    Asterisk 22 and later.
    """

    __slots__ = ()

    releases = Releases("22-")
    any_header = True
