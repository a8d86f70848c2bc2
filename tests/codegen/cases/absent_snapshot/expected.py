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

    channel = Always("Channel", text)
    channel_state = Always("ChannelState", text)
    channel_state_desc = Always("ChannelStateDesc", text)
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    caller_id_num = Always("CallerIDNum", text)
    caller_id_name = Always("CallerIDName", text)
    connected_line_num = Always("ConnectedLineNum", text)
    connected_line_name = Always("ConnectedLineName", text)
    language = Always("Language", text)
    account_code = Always("AccountCode", text)
    context = Always("Context", text)
    exten = Always("Exten", text)
    priority = Always("Priority", text)
    uniqueid = Always("Uniqueid", text)
    linkedid = Always("Linkedid", text)
    chan_variable = Repeated("ChanVariable", text)
    dest_channel = Sometimes("DestChannel", text)
    """The other channel, where there is one."""
    dest_channel_state = Sometimes("DestChannelState", text)
    dest_channel_state_desc = Sometimes("DestChannelStateDesc", text)
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    dest_caller_id_num = Sometimes("DestCallerIDNum", text)
    dest_caller_id_name = Sometimes("DestCallerIDName", text)
    dest_connected_line_num = Sometimes("DestConnectedLineNum", text)
    dest_connected_line_name = Sometimes("DestConnectedLineName", text)
    dest_language = Sometimes("DestLanguage", text)
    dest_account_code = Sometimes("DestAccountCode", text)
    dest_context = Sometimes("DestContext", text)
    dest_exten = Sometimes("DestExten", text)
    dest_priority = Sometimes("DestPriority", text)
    dest_uniqueid = Always("DestUniqueid", text)
    dest_linkedid = Sometimes("DestLinkedid", text)
    dest_chan_variable = Repeated("DestChanVariable", text)
