"""A facade's names are the very classes: what is written against a release line goes with everything else."""

from __future__ import annotations

from typing import assert_type

from ami_typed import Manager, Response
from ami_typed import actions as all_actions
from ami_typed import events as all_events
from ami_typed.releases import v13
from ami_typed.releases.v18 import actions, aggregates, events, responses
from ami_typed.releases.v23.actions import PJSIPHangup


def of_a_line(manager: Manager, event: all_events.Hangup) -> None:
    """Send and read by the names of a line."""
    settings = manager.send_action(actions.CoreSettings())
    assert_type(settings, "Response[responses.CoreSettings] | None")
    assert_type(manager.execute(actions.QueueStatus()), aggregates.QueueStatus)
    same: events.Hangup = event
    older: type[all_actions.SIPpeers] = v13.actions.SIPpeers
    newer: type[all_actions.PJSIPHangup] = PJSIPHangup
    print(same, older, newer)


def matched(event: all_events.Hangup | all_events.Newchannel) -> str:
    """Match by the names of a line."""
    match event:
        case events.Hangup(cause_txt=cause):
            return str(cause)
        case events.Newchannel():
            return event.channel


def kept(response: Response[all_actions.Request] | None) -> None:  # placeholder
    """Nothing."""
