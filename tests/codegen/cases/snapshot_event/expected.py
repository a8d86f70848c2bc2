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
    modules = ("app_demo",)

    channel: Always[str] = Always("Channel", text)
    channel_state: Always[int] = Always("ChannelState", integer)
    """How far it has come."""
    channel_state_desc: Always[str] = Always("ChannelStateDesc", text)
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    caller_id_num: Always[str] = Always("CallerIDNum", text)
    caller_id_name: Sometimes[str] = Sometimes("CallerIDName", escaped("AccountCode", "Linkedid"), none=("<unknown>",))
    """Who calls."""
    connected_line_num: Always[str] = Always("ConnectedLineNum", text)
    """Whom it talks to."""
    connected_line_name: Always[str] = Always("ConnectedLineName", text)
    language: Always[str] = Always("Language", text)
    account_code: Always[str] = Always("AccountCode", text)
    context: Always[str] = Always("Context", text)
    exten: Always[str] = Always("Exten", text)
    priority: Always[str] = Always("Priority", text)
    uniqueid: Always[str] = Always("Uniqueid", text)
    linkedid: Always[str] = Always("Linkedid", text)
    tenantid: Sometimes[str] = Sometimes("Tenantid", text)
    chan_variable: Variables = Variables("ChanVariable", escaped("AccountCode", "Linkedid"))
    """Variables."""
    dest_channel: Always[str] = Always("DestChannel", text)
    dest_channel_state: Always[int] = Always("DestChannelState", integer)
    """How far it has come. Refers to the ``Dest`` channel."""
    dest_channel_state_desc: Always[str] = Always("DestChannelStateDesc", text)
    """One of ``Down``, ``Rsrvd``, ``OffHook``, ``Dialing``, ``Ring``, ``Ringing``, ``Up``, ``Busy``,
    ``Dialing Offhook``, ``Pre-ring``, ``Unknown``."""
    dest_caller_id_num: Always[str] = Always("DestCallerIDNum", text)
    dest_caller_id_name: Sometimes[str] = Sometimes(
        "DestCallerIDName", escaped("DestAccountCode", "DestLinkedid"), none=("<unknown>",)
    )
    """Who calls. Refers to the ``Dest`` channel."""
    dest_connected_line_num: Always[str] = Always("DestConnectedLineNum", text)
    """Whom it talks to. Refers to the ``Dest`` channel."""
    dest_connected_line_name: Always[str] = Always("DestConnectedLineName", text)
    dest_language: Always[str] = Always("DestLanguage", text)
    dest_account_code: Always[str] = Always("DestAccountCode", text)
    dest_context: Always[str] = Always("DestContext", text)
    dest_exten: Always[str] = Always("DestExten", text)
    dest_priority: Always[str] = Always("DestPriority", text)
    dest_uniqueid: Always[str] = Always("DestUniqueid", text)
    dest_linkedid: Always[str] = Always("DestLinkedid", text)
    dest_tenantid: Sometimes[str] = Sometimes("DestTenantid", text)
    dest_chan_variable: Variables = Variables("DestChanVariable", escaped("DestAccountCode", "DestLinkedid"))
    """Variables. Refers to the ``Dest`` channel."""
    bridge_uniqueid: Always[str] = Always("BridgeUniqueid", text)
    bridge_type: Always[str] = Always("BridgeType", text)
    bridge_technology: Always[str] = Always("BridgeTechnology", text)
    bridge_creator: Always[str] = Always("BridgeCreator", text)
    bridge_name: Always[str] = Always("BridgeName", text)
    bridge_num_channels: Always[str] = Always("BridgeNumChannels", text)
    bridge_video_source_mode: Always[str] = Always("BridgeVideoSourceMode", text)
    """One of ``none``, ``talker``, ``single``, ``sfu``."""
    bridge_video_source: Sometimes[str] = Sometimes("BridgeVideoSource", text)
    reason: Sometimes[str] = Sometimes("Reason", text)
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
    modules = ("app_demo",)

    caller_id_name: Sometimes[str] = Sometimes("CallerIDName", text)
    """Who calls, by itself."""
    connected_line_num: Sometimes[str] = Sometimes("ConnectedLineNum", text)
