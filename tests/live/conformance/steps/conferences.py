"""Conferences: joined, listed, muted, locked, recorded, talked in, left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_conference_is_held(stage: Stage) -> None:
    talker = stage.answered("Local/401@default/n", application="Milliwatt")
    stage.call("Local/400@default/n")
    stage.until(events.ConfbridgeStart)
    admin = stage.until(events.ConfbridgeJoin, lambda each: each.channel == talker.other)
    guest = stage.until(events.ConfbridgeJoin, lambda each: each.channel != talker.other)
    stage.until(events.ConfbridgeTalking)
    stage.listing(actions.ConfbridgeListRooms())
    stage.listing(actions.ConfbridgeList(conference="400"))
    stage.execute(actions.ConfbridgeLock(conference="400"))
    stage.execute(actions.ConfbridgeUnlock(conference="400"))
    stage.execute(actions.ConfbridgeMute(conference="400", channel=guest.channel))
    stage.execute(actions.ConfbridgeUnmute(conference="400", channel=guest.channel))
    stage.execute(actions.ConfbridgeStartRecord(conference="400"))
    stage.until(events.ConfbridgeRecord)
    stage.execute(actions.ConfbridgeStopRecord(conference="400"))
    stage.execute(actions.ConfbridgeSetSingleVideoSrc(conference="400", channel=admin.channel))
    stage.until(events.BridgeVideoSourceUpdate)
    stage.execute(actions.ConfbridgeKick(conference="400", channel=guest.channel))
    stage.until(events.ConfbridgeLeave)
    stage.execute(actions.Hangup(channel=talker.channel))
    stage.until(events.ConfbridgeMute)
    stage.until(events.ConfbridgeUnmute)
    stage.until(events.ConfbridgeStopRecord)
    stage.until(events.ConfbridgeEnd)
