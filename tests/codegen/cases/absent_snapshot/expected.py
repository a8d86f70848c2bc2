# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Always, Repeated, Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import text

__all__ = ["DemoJoin"]


class DemoJoin(Event):
    """The ``DemoJoin`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoJoin/>
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
    dest_channel: Sometimes[str] = Sometimes("DestChannel", text)
    """The other channel, where there is one."""
    dest_channel_state: Sometimes[str] = Sometimes("DestChannelState", text)
    dest_channel_state_desc: Sometimes[str] = Sometimes("DestChannelStateDesc", text)
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    dest_caller_id_num: Sometimes[str] = Sometimes("DestCallerIDNum", text)
    dest_caller_id_name: Sometimes[str] = Sometimes("DestCallerIDName", text)
    dest_connected_line_num: Sometimes[str] = Sometimes("DestConnectedLineNum", text)
    dest_connected_line_name: Sometimes[str] = Sometimes("DestConnectedLineName", text)
    dest_language: Sometimes[str] = Sometimes("DestLanguage", text)
    dest_account_code: Sometimes[str] = Sometimes("DestAccountCode", text)
    dest_context: Sometimes[str] = Sometimes("DestContext", text)
    dest_exten: Sometimes[str] = Sometimes("DestExten", text)
    dest_priority: Sometimes[str] = Sometimes("DestPriority", text)
    dest_uniqueid: Always[str] = Always("DestUniqueid", text)
    dest_linkedid: Sometimes[str] = Sometimes("DestLinkedid", text)
    dest_chan_variable: Repeated[str] = Repeated("DestChanVariable", text)
