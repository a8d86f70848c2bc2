"""What a release line does not have is refused, however it is asked for: each such line is marked."""

# pyright: strict

from __future__ import annotations

from ami_typed.releases.v12 import actions as older  # refused: import-not-found | reportMissingImports

from ami_typed.releases import v13, v14, v15, v16, v17, v18, v19, v20, v21, v22, v23
from ami_typed.releases.v16.actions import PJSIPHangup  # refused: attr-defined | reportAttributeAccessIssue
from ami_typed.releases.v22 import actions, aggregates, events, responses

__all__ = ["PJSIPHangup", "older"]

print(v16.actions.VoicemailMove)  # refused: attr-defined | reportAttributeAccessIssue
print(v18.events.PJSIPMaintenanceStatus)  # refused: attr-defined | reportAttributeAccessIssue
print(v22.actions.SIPpeers)  # refused: attr-defined | reportAttributeAccessIssue
print(actions.StopMonitor())  # refused: attr-defined | reportAttributeAccessIssue
print(aggregates.SKINNYdevices)  # refused: attr-defined | reportAttributeAccessIssue
print(events.MonitorStart)  # refused: attr-defined | reportAttributeAccessIssue
print(responses.SIPshowpeer)  # refused: attr-defined | reportAttributeAccessIssue
print(v13.actions.PJSIPShowContacts)  # refused: attr-defined | reportAttributeAccessIssue
print(v14.events.ChannelTalkingStar)  # refused: attr-defined | reportAttributeAccessIssue
print(v15.actions.DataGet)  # refused: attr-defined | reportAttributeAccessIssue
print(v17.aggregates.DBGetTree)  # refused: attr-defined | reportAttributeAccessIssue
print(v19.actions.PJSIPHangup)  # refused: attr-defined | reportAttributeAccessIssue
print(v20.actions.Queues)  # refused: attr-defined | reportAttributeAccessIssue
print(v21.responses.SKINNYshowline)  # refused: attr-defined | reportAttributeAccessIssue
print(v23.events.MonitorStop)  # refused: attr-defined | reportAttributeAccessIssue
print(actions.QueueStatus(), events.Hangup, v18.actions.VoicemailMove, v16.actions.SIPpeers)
