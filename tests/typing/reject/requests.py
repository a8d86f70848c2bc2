"""What an action does not take, or not as this, is refused: each such line is marked with what the checkers say."""

# pyright: strict

from __future__ import annotations

from datetime import timedelta

from ami_typed import actions, enums

# What is required, and what there is
actions.Hangup()  # refused: call-arg | reportCallIssue
actions.QueueAdd(queue="support")  # refused: call-arg | reportCallIssue
actions.BlindTransfer(channel="a")  # refused: call-arg | reportCallIssue
actions.Filter(filter="Event: Hangup")  # refused: call-arg | reportCallIssue
actions.MixMonitorMute(channel="a")  # refused: call-arg | reportCallIssue
actions.Hangup("a")  # refused: call-arg | reportCallIssue
actions.Hangup(channel="a", reason="no")  # refused: call-arg | reportCallIssue
actions.Hangup(Channel="a")  # refused: call-arg | reportCallIssue
actions.CoreStatus(queue="support")  # refused: call-arg | reportCallIssue
actions.Hangup(channel=None)  # refused: arg-type | reportArgumentType
actions.Ping(action_id=1)  # refused: arg-type | reportArgumentType

# Numbers, yes and no, durations
actions.QueueAdd(queue="support", interface="PJSIP/anna", penalty="2")  # refused: arg-type | reportArgumentType
actions.QueueAdd(queue="support", interface="PJSIP/anna", paused="yes")  # refused: arg-type | reportArgumentType
actions.QueueAdd(queue="support", interface="PJSIP/anna", wrapuptime=30)  # refused: arg-type | reportArgumentType
actions.AbsoluteTimeout(channel="a", hangup_after=20)  # refused: arg-type | reportArgumentType
actions.Park(channel="a", park_timeout="45000")  # refused: call-arg | reportCallIssue
actions.QueuePause(interface="PJSIP/anna", paused=1)  # refused: arg-type | reportArgumentType
actions.MuteAudio(channel="a", direction="in", state="on")  # refused: arg-type | reportArgumentType
actions.MWIUpdate(mailbox="100@default", new_messages="1")  # refused: arg-type | reportArgumentType
actions.MeetmeMute(meetme="0100", usernum="3")  # refused: arg-type | reportArgumentType
actions.FAXSession(session_number="1")  # refused: arg-type | reportArgumentType
actions.WaitEvent(event_timeout=-1)  # refused: arg-type | reportArgumentType

# Text is text
actions.Setvar(variable="A", value=1)  # refused: arg-type | reportArgumentType
actions.QueueStatus(queue=5)  # refused: arg-type | reportArgumentType
actions.Hangup(channel=b"a")  # refused: arg-type | reportArgumentType

# A number or a name, members and their values, one thing or another
actions.Redirect(channel="a", context="default", exten="100", priority=1.5)  # refused: arg-type | reportArgumentType
actions.Redirect(channel="a", context="default", exten=100, priority=1)  # refused: arg-type | reportArgumentType
actions.PlayDTMF(channel="a", digit=["1", "2"])  # refused: arg-type | reportArgumentType
actions.Hangup(channel="a", cause="17")  # refused: arg-type | reportArgumentType
actions.Hangup(channel="a", cause=enums.DialStatus.BUSY)  # refused: arg-type | reportArgumentType
actions.Hangup(channel="a", cause=enums.HangupCause.BUSY_LINE)  # refused: attr-defined | reportAttributeAccessIssue
actions.ControlPlayback(channel="a", control=1)  # refused: arg-type | reportArgumentType
actions.Events(event_mask=5)  # refused: arg-type | reportArgumentType
actions.Events(event_mask=[5])  # refused: list-item | reportArgumentType
actions.Login(username="me", secret="a secret", events=timedelta(1))  # refused: arg-type | reportArgumentType
actions.UpdateConfig(src_filename="a", dst_filename="a", reload=["app_queue"])  # refused: arg-type | reportArgumentType
actions.PJSIPHangup(channel="a", cause=4.5)  # refused: arg-type | reportArgumentType
actions.VoicemailMove(context="", mailbox="", folder=1, id="", to_folder="")  # refused: arg-type | reportArgumentType

# Several values, and mappings
actions.Status(variables={"A": "1"})  # refused: arg-type | reportArgumentType
actions.MailboxCount(mailbox=100)  # refused: arg-type | reportArgumentType
actions.MessageSend(to="pjsip:anna", variable="A=1")  # refused: arg-type | reportArgumentType
actions.MessageSend(to="pjsip:anna", variable={"A": 1})  # refused: dict-item | reportArgumentType
actions.Originate(channel="a", application="Wait", variable=["A=1"])  # refused: call-overload | reportArgumentType
actions.Originate(channel="a", application="Wait", call_timeout=20)  # refused: call-overload | reportArgumentType
actions.Originate(channel="a", application="Wait", timeout=timedelta(0))  # refused: call-overload | reportCallIssue
actions.Originate(channel="a", application="Wait", async_="true")  # refused: call-overload | reportArgumentType

# What a request has of its own
actions.Ping().timeout = "2"  # refused: assignment | reportAttributeAccessIssue
actions.Ping().time_out = 2  # refused: attr-defined | reportAttributeAccessIssue
actions.QueuePauze(interface="PJSIP/anna", paused=True)  # refused: attr-defined | reportAttributeAccessIssue
