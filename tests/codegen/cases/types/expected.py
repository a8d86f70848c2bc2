# actions/demo.py
"""The actions of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.messages import Answer, Request
from ami_typed.releases import Releases
from ami_typed.values import Flag, chosen, either, items
from ami_typed.values import address as _address
from ami_typed.values import clock as _clock
from ami_typed.values import date_time as _date_time
from ami_typed.values import enabled_disabled as _enabled_disabled
from ami_typed.values import epoch as _epoch
from ami_typed.values import integer as _integer
from ami_typed.values import microseconds as _microseconds
from ami_typed.values import milliseconds as _milliseconds
from ami_typed.values import minutes as _minutes
from ami_typed.values import on_off as _on_off
from ami_typed.values import one_zero as _one_zero
from ami_typed.values import pairs as _pairs
from ami_typed.values import real as _real
from ami_typed.values import seconds as _seconds
from ami_typed.values import text as _text
from ami_typed.values import true_false as _true_false
from ami_typed.values import yes_no as _yes_no

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from ami_typed import enums
    from ami_typed.messages import Message
    from ami_typed.values import Address

__all__ = ["DemoTypes"]


class DemoTypes(Request["Answer"]):
    """The ``DemoTypes`` action.

    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Actions/DemoTypes/>

    Args:
        text: A value of the type text.
        integer: A value of the type integer.
        real: A value of the type real.
        yes_no: A value of the type yes_no.
        one_zero: A value of the type one_zero.
        true_false: A value of the type true_false.
        on_off: A value of the type on_off.
        enabled_disabled: A value of the type enabled_disabled.
        seconds: A value of the type seconds.
        milliseconds: A value of the type milliseconds.
        microseconds: A value of the type microseconds.
        minutes: A value of the type minutes.
        clock: A value of the type clock.
        epoch: A value of the type epoch.
        date_time: A value of the type date_time.
        address: A value of the type address.
        items_: A value of the type items.
        pairs: A value of the type pairs.
        flag: A value of the type flag.
        enum: A value of the type enum.
        enum_or_text: A value of the type enum, or text.
        flag_or_text: A flag, or text.
        flag_or_items: A flag, or some of a vocabulary.
        action_id: Returned with every answer; ami-typed generates one if omitted.
    """

    __slots__ = ()

    releases = Releases("22-")
    modules = ("app_demo",)

    def __init__(
        self,
        *,
        text: str | None = None,
        integer: int | None = None,
        real: float | None = None,
        yes_no: bool | None = None,
        one_zero: bool | None = None,
        true_false: bool | None = None,
        on_off: bool | None = None,
        enabled_disabled: bool | None = None,
        seconds: timedelta | None = None,
        milliseconds: timedelta | None = None,
        microseconds: timedelta | None = None,
        minutes: timedelta | None = None,
        clock: timedelta | None = None,
        epoch: datetime | None = None,
        date_time: datetime | None = None,
        address: Address | None = None,
        items_: Sequence[str] | None = None,
        pairs: Mapping[str, str] | None = None,
        flag: bool | None = None,
        enum: enums.DemoState | int | None = None,
        enum_or_text: enums.DemoState | int | str | None = None,
        flag_or_text: bool | str | None = None,
        flag_or_items: bool | Sequence[enums.DemoState | int] | None = None,
        action_id: str | None = None,
    ) -> None:
        super().__init__("DemoTypes")
        self._put("Text", text)
        self._put("Integer", integer, _integer)
        self._put("Real", real, _real)
        self._put("YesNo", yes_no, _yes_no)
        self._put("OneZero", one_zero, _one_zero)
        self._put("TrueFalse", true_false, _true_false)
        self._put("OnOff", on_off, _on_off)
        self._put("EnabledDisabled", enabled_disabled, _enabled_disabled)
        self._put("Seconds", seconds, _seconds)
        self._put("Milliseconds", milliseconds, _milliseconds)
        self._put("Microseconds", microseconds, _microseconds)
        self._put("Minutes", minutes, _minutes)
        self._put("Clock", clock, _clock)
        self._put("Epoch", epoch, _epoch)
        self._put("DateTime", date_time, _date_time)
        self._put("Address", address, _address)
        self._put("Items", items_, items(","))
        self._put("Pairs", pairs, _pairs(";"))
        self._put("Flag", flag, Flag("Yes", "No"))
        self._put("Enum", enum, chosen("DemoState"))
        self._put("EnumOrText", enum_or_text)
        self._put("FlagOrText", flag_or_text, either(Flag("Yes", "No"), _text))
        self._put("FlagOrItems", flag_or_items, either(_on_off, items("|", "DemoState")))
        self._put("ActionID", action_id)

    def process_response(self, response: Message) -> Answer:
        return Answer.of(response)


# enums.py
"""The vocabularies of headers and parameters; unknown values remain readable."""

from __future__ import annotations

from ami_typed.values import OpenIntEnum

__all__ = ["DemoState"]


class DemoState(OpenIntEnum):
    """State of a demonstration.

    Source: apps/app_demo.c.
    """

    OFF = 0
    ON = 1
    """It runs."""


# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import enums
from ami_typed.fields import Second, Sometimes, SometimesLocal, Variables
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import Flag, items, member
from ami_typed.values import address as _address
from ami_typed.values import clock as _clock
from ami_typed.values import enabled_disabled as _enabled_disabled
from ami_typed.values import epoch as _epoch
from ami_typed.values import escaped as _escaped
from ami_typed.values import integer as _integer
from ami_typed.values import microseconds as _microseconds
from ami_typed.values import milliseconds as _milliseconds
from ami_typed.values import minutes as _minutes
from ami_typed.values import nullable as _nullable
from ami_typed.values import on_off as _on_off
from ami_typed.values import one_zero as _one_zero
from ami_typed.values import pairs as _pairs
from ami_typed.values import real as _real
from ami_typed.values import seconds as _seconds
from ami_typed.values import text as _text
from ami_typed.values import true_false as _true_false
from ami_typed.values import uri_encoded as _uri_encoded
from ami_typed.values import yes_no as _yes_no

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ami_typed.values import Address

__all__ = ["DemoTyped"]


class DemoTyped(Event):
    """The ``DemoTyped`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoTyped/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    text: Sometimes[str] = Sometimes("Text", _text)
    """A value of the type text."""
    integer: Sometimes[int] = Sometimes("Integer", _integer)
    """A value of the type integer."""
    real: Sometimes[float] = Sometimes("Real", _real)
    """A value of the type real."""
    yes_no: Sometimes[bool] = Sometimes("YesNo", _yes_no)
    """A value of the type yes_no."""
    one_zero: Sometimes[bool] = Sometimes("OneZero", _one_zero)
    """A value of the type one_zero."""
    true_false: Sometimes[bool] = Sometimes("TrueFalse", _true_false)
    """A value of the type true_false."""
    on_off: Sometimes[bool] = Sometimes("OnOff", _on_off)
    """A value of the type on_off."""
    enabled_disabled: Sometimes[bool] = Sometimes("EnabledDisabled", _enabled_disabled)
    """A value of the type enabled_disabled."""
    seconds: Sometimes[timedelta] = Sometimes("Seconds", _seconds)
    """A value of the type seconds."""
    milliseconds: Sometimes[timedelta] = Sometimes("Milliseconds", _milliseconds)
    """A value of the type milliseconds."""
    microseconds: Sometimes[timedelta] = Sometimes("Microseconds", _microseconds)
    """A value of the type microseconds."""
    minutes: Sometimes[timedelta] = Sometimes("Minutes", _minutes)
    """A value of the type minutes."""
    clock: Sometimes[timedelta] = Sometimes("Clock", _clock)
    """A value of the type clock."""
    epoch: Sometimes[datetime] = Sometimes("Epoch", _epoch)
    """A value of the type epoch."""
    date_time: SometimesLocal = SometimesLocal("DateTime")
    """A value of the type date_time."""
    address: Sometimes[Address] = Sometimes("Address", _address)
    """A value of the type address."""
    items_: Sometimes[list[str]] = Sometimes("Items", items(","))
    """A value of the type items."""
    pairs: Sometimes[dict[str, str]] = Sometimes("Pairs", _pairs(";"))
    """A value of the type pairs."""
    flag: Sometimes[bool] = Sometimes("Flag", Flag("Yes", "No"))
    """A value of the type flag."""
    enum: Sometimes[enums.DemoState] = Sometimes("Enum", member(enums.DemoState))
    """A value of the type enum."""
    escaped: Sometimes[str] = Sometimes("Escaped", _escaped())
    """A value of the type escaped."""
    uri_encoded: Sometimes[str] = Sometimes("UriEncoded", _uri_encoded)
    """A value of the type uri_encoded."""
    nullable: Sometimes[str] = Sometimes("Nullable", _nullable)
    """A value of the type nullable."""
    again: Second[int] = Second("Event", _integer)
    """A value that comes second."""
    variables: Variables = Variables("Variable", _escaped())
    """Variables."""
