"""The names of a release line are the very classes: what is written with them goes with everything else."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from ami_typed.releases import every, v13, v14, v15, v16, v17, v18, v19, v20, v21, v22, v23
from ami_typed.releases.v18 import actions, aggregates, events, responses
from ami_typed.releases.v23.actions import PJSIPHangup

if TYPE_CHECKING:
    from ami_typed import Manager
    from ami_typed import actions as all_actions
    from ami_typed import events as all_events


def asked(manager: Manager) -> None:
    assert_type(manager.execute(actions.CoreSettings()), responses.CoreSettings)
    assert_type(manager.execute(actions.QueueStatus()), aggregates.QueueStatus)


def read(event: all_events.Hangup) -> str:
    same: events.Hangup = event
    return same.channel


def matched(event: all_events.Hangup | all_events.Newchannel) -> str:
    match event:
        case events.Hangup(channel=channel):
            return channel
        case events.Newchannel():
            return event.context


OLD: type[all_actions.SIPpeers] = v13.actions.SIPpeers
NEW: type[all_actions.PJSIPHangup] = PJSIPHangup

# Each line has what it has: what is in all of them, what came, what went

COMMON: tuple[type[all_actions.QueueStatus], ...] = (
    *(v13.actions.QueueStatus, v14.actions.QueueStatus, v15.actions.QueueStatus, v16.actions.QueueStatus),
    *(v17.actions.QueueStatus, v18.actions.QueueStatus, v19.actions.QueueStatus, v20.actions.QueueStatus),
    *(v21.actions.QueueStatus, v22.actions.QueueStatus, v23.actions.QueueStatus),
)
print(v14.actions.DataGet, v15.actions.SIPpeers, v16.actions.PJSIPShowContacts, v17.actions.VoicemailUserStatus)
print(v18.actions.PJSIPHangup, v19.events.MonitorStart, v20.responses.SIPshowpeer, v21.events.Flash)
print(v22.aggregates.PJSIPShowMaintenance, v23.events.PJSIPMaintenanceStatus)
print(every.actions.QueueStatus, every.events.Hangup, every.responses.CoreSettings, every.aggregates.QueueStatus)
