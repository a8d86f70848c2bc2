# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.fields import Always, Repeated, Sometimes
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import seconds, text

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


class DemoEnd(Event):
    """A demonstration ended.

    Sent to users with the privilege ``call``.
    Asterisk 16.20 and later.
    """

    __slots__ = ()

    releases = Releases("16.20-")
    privileges = ("call",)

    reason = Sometimes("Reason", text)
    """Why."""
    duration = Sometimes("Duration", seconds, none=("-1",))
    channel = Sometimes("Channel", text, releases="22-")
    channel_state = Sometimes("ChannelState", text, releases="22-")
    channel_state_desc = Sometimes("ChannelStateDesc", text, releases="22-")
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    caller_id_num = Sometimes("CallerIDNum", text, releases="22-")
    caller_id_name = Sometimes("CallerIDName", text, releases="22-")
    connected_line_num = Sometimes("ConnectedLineNum", text, releases="22-")
    connected_line_name = Sometimes("ConnectedLineName", text, releases="22-")
    language = Sometimes("Language", text, releases="22-")
    account_code = Sometimes("AccountCode", text, releases="22-")
    context = Sometimes("Context", text, releases="22-")
    exten = Sometimes("Exten", text, releases="22-")
    priority = Sometimes("Priority", text, releases="22-")
    uniqueid = Sometimes("Uniqueid", text, releases="22-")
    linkedid = Sometimes("Linkedid", text, releases="22-")
    chan_variable = Repeated("ChanVariable", text, releases="22-")
    dest_channel = Sometimes("DestChannel", text, releases="22-")
    dest_channel_state = Sometimes("DestChannelState", text, releases="22-")
    dest_channel_state_desc = Sometimes("DestChannelStateDesc", text, releases="22-")
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    dest_caller_id_num = Sometimes("DestCallerIDNum", text, releases="22-")
    dest_caller_id_name = Sometimes("DestCallerIDName", text, releases="22-")
    dest_connected_line_num = Sometimes("DestConnectedLineNum", text, releases="22-")
    dest_connected_line_name = Sometimes("DestConnectedLineName", text, releases="22-")
    dest_language = Sometimes("DestLanguage", text, releases="22-")
    dest_account_code = Sometimes("DestAccountCode", text, releases="22-")
    dest_context = Sometimes("DestContext", text, releases="22-")
    dest_exten = Sometimes("DestExten", text, releases="22-")
    dest_priority = Sometimes("DestPriority", text, releases="22-")
    dest_uniqueid = Sometimes("DestUniqueid", text, releases="22-")
    dest_linkedid = Sometimes("DestLinkedid", text, releases="22-")
    dest_chan_variable = Repeated("DestChanVariable", text, releases="22-")
