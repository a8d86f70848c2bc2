"""A request takes what its action takes: every kind of value, required or not, in the types that stand for it."""

# pyright: strict

from __future__ import annotations

from datetime import timedelta
from typing import assert_type

from ami_typed import Answer, Request, actions, enums, responses

# Nothing at all, what is required, and the ActionID that every request may have
actions.CoreStatus()
actions.Hangup(channel="PJSIP/anna-00000001", action_id="mine")
assert_type(actions.Hangup(channel="PJSIP/anna-00000001").action_id, str | None)
assert_type(actions.Hangup(channel="PJSIP/anna-00000001").timeout, float)

# Numbers, yes and no, durations
actions.QueueAdd(queue="support", interface="PJSIP/anna", penalty=2, paused=True, wrapuptime=timedelta(seconds=30))
actions.QueueChangePriorityCaller(queue="support", caller="PJSIP/bert-00000002", priority=5, immediate=True)
actions.AbsoluteTimeout(channel="PJSIP/anna-00000001", hangup_after=timedelta(minutes=2, milliseconds=500))
actions.PlayDTMF(channel="PJSIP/anna-00000001", digit=5, duration=timedelta(milliseconds=150), receive=True)
actions.MeetmeMute(meetme="0100", usernum=3)
actions.MuteAudio(channel="PJSIP/anna-00000001", direction="in", state=False)

# A number or a name
actions.Redirect(channel="PJSIP/anna-00000001", context="default", exten="100", priority=1)
actions.Redirect(channel="PJSIP/anna-00000001", context="default", exten="100", priority="start")
actions.DialplanExtensionAdd(context="a", extension="100", priority="hint", application="PJSIP/anna", replace=True)
actions.PlayDTMF(channel="PJSIP/anna-00000001", digit="#")
actions.DAHDIHangup(dahdi_channel=1)

# Members of vocabularies, and their plain values
actions.Hangup(channel="PJSIP/anna-00000001", cause=enums.HangupCause.USER_BUSY)
actions.Hangup(channel="PJSIP/anna-00000001", cause=17)
actions.ControlPlayback(channel="PJSIP/anna-00000001", control=enums.PlaybackControl.PAUSE)
actions.ModuleLoad(module="app_queue.so", load_type="refresh", recursive=True)
actions.MixMonitorMute(channel="PJSIP/anna-00000001", direction=enums.RecordedSide.BOTH, state=True)
actions.BridgeTechnologySuspend(bridge_technology=enums.BridgeTechnology.NATIVE_RTP)
actions.VoicemailMove(
    context="default", mailbox="100", folder=enums.VoicemailFolder.INBOX, id="1", to_folder=enums.VoicemailFolder.OLD
)

# One thing or another
actions.Events(event_mask=True)
actions.Events(event_mask=[enums.Privilege.CALL, "user"])
actions.Login(username="me", secret="a secret", events=False)
actions.UpdateConfig(src_filename="a.conf", dst_filename="a.conf", reload=True)
actions.UpdateConfig(src_filename="a.conf", dst_filename="a.conf", reload="app_queue")
actions.PJSIPHangup(channel="PJSIP/anna-00000001", cause=enums.SipResponse.BUSY_HERE)
actions.PJSIPHangup(channel="PJSIP/anna-00000001", cause=486)
actions.PJSIPHangup(channel="PJSIP/anna-00000001", cause="BUSY_HERE")
actions.PRIDebugSet(span=1, level=enums.DebugLevel.HEX)
actions.PRIDebugSet(span=1, level=3)

# Several values, and mappings
actions.Status(variables=["CALLERID(num)", "DIALSTATUS"], all_variables=False)
actions.MailboxCount(mailbox=("100@default", "101@default"))
actions.MessageSend(to="pjsip:anna", body="hello", variable={"X-Urgent": "1"})
actions.SIPnotify(channel="anna", variable={"Event": "talk", "Content": ["one", "two"]})

# Originate in each of its forms
actions.Originate(channel="PJSIP/anna", application="Wait", call_timeout=timedelta(seconds=20), codecs=["g722", "alaw"])
actions.Originate(channel="PJSIP/anna", application="Playback", data="hello", early_media=True)
actions.Originate(channel="PJSIP/anna", exten="100", context="default", priority=1, variable={"A": "1"}, async_=True)

# A request is a dict of its headers, and any action can be sent as one
request = actions.Ping()
request["X-Mine"] = 1
request.synchronous = True
request.timeout = 2
assert_type(request, actions.Ping)
assert_type(request.action, str)
assert_type(request.lines(), list[tuple[str, str]])
typed: Request[responses.Ping] = request
plain: Request[Answer] = actions.Hangup(channel="PJSIP/anna-00000001")
Request("MyAction", Header="text", Number=1)
