"""What a release line does not have is refused, however it is asked for: each such line is marked."""

# pyright: strict

from __future__ import annotations

from ami_typed.releases.v12 import actions as older  # refused

from ami_typed.releases import v16, v18, v22
from ami_typed.releases.v16.actions import PJSIPHangup  # refused
from ami_typed.releases.v22 import actions, aggregates, events, responses

__all__ = ["PJSIPHangup", "older"]

print(v16.actions.VoicemailMove)  # refused
print(v18.events.PJSIPMaintenanceStatus)  # refused
print(v22.actions.SIPpeers)  # refused
print(actions.StopMonitor())  # refused
print(aggregates.SKINNYdevices)  # refused
print(events.MonitorStart)  # refused
print(responses.SIPshowpeer)  # refused
print(actions.QueueStatus(), events.Hangup, v18.actions.VoicemailMove, v16.actions.SIPpeers)
