# events/demo.py
"""The events of ``demo``."""

from __future__ import annotations

from ami_typed.events.families import BridgeSnapshot, ChannelSnapshot
from ami_typed.fields import Always, Sometimes, Variables, View
from ami_typed.messages import Event
from ami_typed.releases import Releases
from ami_typed.values import escaped, integer, text

__all__ = ["DemoBridged", "DemoCalled"]


class DemoBridged(Event):
    """The ``DemoBridged`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoBridged/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)

    channel = Always("Channel", text)
    channel_state = Always("ChannelState", integer)
    """How far it has come."""
    channel_state_desc = Always("ChannelStateDesc", text)
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    caller_id_num = Always("CallerIDNum", text)
    caller_id_name = Sometimes("CallerIDName", escaped("AccountCode", "Linkedid"), none=("<unknown>",))
    """Who calls."""
    connected_line_num = Always("ConnectedLineNum", text)
    """Whom it talks to."""
    connected_line_name = Always("ConnectedLineName", text)
    language = Always("Language", text)
    account_code = Always("AccountCode", text)
    context = Always("Context", text)
    exten = Always("Exten", text)
    priority = Always("Priority", text)
    uniqueid = Always("Uniqueid", text)
    linkedid = Always("Linkedid", text)
    tenantid = Sometimes("Tenantid", text)
    chan_variable = Variables("ChanVariable", escaped("AccountCode", "Linkedid"))
    """Variables."""
    dest_channel = Always("DestChannel", text)
    dest_channel_state = Always("DestChannelState", integer)
    """How far it has come. Refers to the ``Dest`` channel."""
    dest_channel_state_desc = Always("DestChannelStateDesc", text)
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    dest_caller_id_num = Always("DestCallerIDNum", text)
    dest_caller_id_name = Sometimes("DestCallerIDName", escaped("DestAccountCode", "DestLinkedid"), none=("<unknown>",))
    """Who calls. Refers to the ``Dest`` channel."""
    dest_connected_line_num = Always("DestConnectedLineNum", text)
    """Whom it talks to. Refers to the ``Dest`` channel."""
    dest_connected_line_name = Always("DestConnectedLineName", text)
    dest_language = Always("DestLanguage", text)
    dest_account_code = Always("DestAccountCode", text)
    dest_context = Always("DestContext", text)
    dest_exten = Always("DestExten", text)
    dest_priority = Always("DestPriority", text)
    dest_uniqueid = Always("DestUniqueid", text)
    dest_linkedid = Always("DestLinkedid", text)
    dest_tenantid = Sometimes("DestTenantid", text)
    dest_chan_variable = Variables("DestChanVariable", escaped("DestAccountCode", "DestLinkedid"))
    """Variables. Refers to the ``Dest`` channel."""
    bridge_uniqueid = Always("BridgeUniqueid", text)
    bridge_type = Always("BridgeType", text)
    bridge_technology = Always("BridgeTechnology", text)
    bridge_creator = Always("BridgeCreator", text)
    bridge_name = Always("BridgeName", text)
    bridge_num_channels = Always("BridgeNumChannels", text)
    bridge_video_source_mode = Always("BridgeVideoSourceMode", text)
    """One of ``none``, ``talker``, ``single``, ``sfu``."""
    bridge_video_source = Sometimes("BridgeVideoSource", text)
    reason = Sometimes("Reason", text)
    snapshot = View(ChannelSnapshot)
    """The snapshot of the channel."""
    dest = View(ChannelSnapshot, "dest_")
    """The snapshot of the ``Dest`` channel."""
    bridge = View(BridgeSnapshot)
    """The snapshot of the bridge."""


class DemoCalled(Event):
    """The ``DemoCalled`` event.

    Sent to users with the privilege ``call``.
    Asterisk 22 and later.
    <https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/DemoCalled/>
    """

    __slots__ = ()

    releases = Releases("22-")
    privileges = ("call",)

    caller_id_name = Sometimes("CallerIDName", text)
    """Who calls, by itself."""
    connected_line_num = Sometimes("ConnectedLineNum", text)
