"""The names of a release line are the very classes: what is written with them goes with everything else."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from ami_typed.releases import v13
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
