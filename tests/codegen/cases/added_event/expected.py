# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.fields import Always, Repeated, Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import seconds, text

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["DemoBegin", "DemoEnd"]


class DemoBegin(Event):
    """The ``DemoBegin`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoBegin/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)
    modules = ("app_demo",)

    channel: Always[str] = Always("Channel", text)
    channel_state: Always[str] = Always("ChannelState", text)
    channel_state_desc: Always[str] = Always("ChannelStateDesc", text)
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    caller_id_num: Always[str] = Always("CallerIDNum", text)
    caller_id_name: Always[str] = Always("CallerIDName", text)
    connected_line_num: Always[str] = Always("ConnectedLineNum", text)
    connected_line_name: Always[str] = Always("ConnectedLineName", text)
    language: Always[str] = Always("Language", text)
    account_code: Always[str] = Always("AccountCode", text)
    context: Always[str] = Always("Context", text)
    exten: Always[str] = Always("Exten", text)
    priority: Always[str] = Always("Priority", text)
    uniqueid: Always[str] = Always("Uniqueid", text)
    linkedid: Always[str] = Always("Linkedid", text)
    chan_variable: Repeated[str] = Repeated("ChanVariable", text)


class DemoEnd(Event):
    """A demonstration ended.

    Sent to users with the privilege ``call``.
    Asterisk 16.20 and later.
    """

    __slots__ = ()

    releases = Releases("16.20-")
    privileges = ("call",)

    reason: Sometimes[str] = Sometimes("Reason", text)
    """Why."""
    duration: Sometimes[timedelta] = Sometimes("Duration", seconds, none=("-1",))
    channel: Sometimes[str] = Sometimes("Channel", text, releases="22-")
    channel_state: Sometimes[str] = Sometimes("ChannelState", text, releases="22-")
    channel_state_desc: Sometimes[str] = Sometimes("ChannelStateDesc", text, releases="22-")
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    caller_id_num: Sometimes[str] = Sometimes("CallerIDNum", text, releases="22-")
    caller_id_name: Sometimes[str] = Sometimes("CallerIDName", text, releases="22-")
    connected_line_num: Sometimes[str] = Sometimes("ConnectedLineNum", text, releases="22-")
    connected_line_name: Sometimes[str] = Sometimes("ConnectedLineName", text, releases="22-")
    language: Sometimes[str] = Sometimes("Language", text, releases="22-")
    account_code: Sometimes[str] = Sometimes("AccountCode", text, releases="22-")
    context: Sometimes[str] = Sometimes("Context", text, releases="22-")
    exten: Sometimes[str] = Sometimes("Exten", text, releases="22-")
    priority: Sometimes[str] = Sometimes("Priority", text, releases="22-")
    uniqueid: Sometimes[str] = Sometimes("Uniqueid", text, releases="22-")
    linkedid: Sometimes[str] = Sometimes("Linkedid", text, releases="22-")
    chan_variable: Repeated[str] = Repeated("ChanVariable", text, releases="22-")
    dest_channel: Sometimes[str] = Sometimes("DestChannel", text, releases="22-")
    dest_channel_state: Sometimes[str] = Sometimes("DestChannelState", text, releases="22-")
    dest_channel_state_desc: Sometimes[str] = Sometimes("DestChannelStateDesc", text, releases="22-")
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    dest_caller_id_num: Sometimes[str] = Sometimes("DestCallerIDNum", text, releases="22-")
    dest_caller_id_name: Sometimes[str] = Sometimes("DestCallerIDName", text, releases="22-")
    dest_connected_line_num: Sometimes[str] = Sometimes("DestConnectedLineNum", text, releases="22-")
    dest_connected_line_name: Sometimes[str] = Sometimes("DestConnectedLineName", text, releases="22-")
    dest_language: Sometimes[str] = Sometimes("DestLanguage", text, releases="22-")
    dest_account_code: Sometimes[str] = Sometimes("DestAccountCode", text, releases="22-")
    dest_context: Sometimes[str] = Sometimes("DestContext", text, releases="22-")
    dest_exten: Sometimes[str] = Sometimes("DestExten", text, releases="22-")
    dest_priority: Sometimes[str] = Sometimes("DestPriority", text, releases="22-")
    dest_uniqueid: Sometimes[str] = Sometimes("DestUniqueid", text, releases="22-")
    dest_linkedid: Sometimes[str] = Sometimes("DestLinkedid", text, releases="22-")
    dest_chan_variable: Repeated[str] = Repeated("DestChanVariable", text, releases="22-")
