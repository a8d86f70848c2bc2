"""Voicemail: messages are left, counted, moved, forwarded, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage

FOLDERS = ("Old", "Work", "Family", "Friends", "Cust1", "Cust2", "Cust3", "Cust4", "Cust5", "Deleted", "Urgent")


@step()
def a_message_is_left_and_handled(stage: Stage) -> None:
    for extension in ("600", "601", "603"):
        stage.call(f"Local/{extension}@default/n", application="Playback", data="vm-goodbye&vm-goodbye&vm-goodbye")
    stage.until(events.Hangup)
    stage.until(events.MessageWaiting)
    stage.execute(actions.MailboxCount(mailbox="600@default"))
    stage.execute(actions.MailboxStatus(mailbox="600@default"))
    stage.listing(actions.VoicemailUsersList())
    for mailbox in ("600", "603", "604"):
        stage.listing(actions.VoicemailUserStatus(context="default", mailbox=mailbox))
    stage.execute(actions.VoicemailRefresh(context="default", mailbox="600"))


@step(needs="VoicemailBoxSummary")
def messages_are_moved(stage: Stage) -> None:
    box = {"context": "default", "mailbox": "600"}
    summary = stage.listing(actions.VoicemailBoxSummary(**box))
    ids = [message.id for message in summary.messages]
    stage.send(
        actions.VoicemailForward(
            **box, folder="INBOX", id=ids[0], to_context="default", to_mailbox="602", to_folder="INBOX"
        )
    )
    for folder in FOLDERS:
        stage.send(
            actions.VoicemailForward(
                **box, folder="INBOX", id=ids[0], to_context="default", to_mailbox="602", to_folder=folder
            )
        )
    stage.listing(actions.VoicemailBoxSummary(context="default", mailbox="602"))
    stage.listing(actions.VoicemailBoxSummary(context="default", mailbox="603"))
    stage.listing(actions.VoicemailUsersList())
    stage.send(actions.VoicemailMove(**box, folder="INBOX", id=ids[0], to_folder="Old"))
    stage.send(actions.VoicemailRemove(**box, folder="Old", id=ids[0]))


@step(needs="VoicemailBoxSummary")
def a_password_is_changed(stage: Stage) -> None:
    stage.call("Local/610@default/n", application="SendDTMF", data="ww0ww5ww4321#ww4321#ww")
    stage.until(events.VoicemailPasswordChange)
