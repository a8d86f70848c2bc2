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


@step()
def a_guest_waits_for_the_marked_member_of_a_conference(stage: Stage) -> None:
    stage.call("Local/410@default/n")
    stage.until(events.ConfbridgeJoin)
    (guest,) = stage.listing(actions.ConfbridgeList(conference="410")).members
    assert (guest.wait_marked, guest.end_marked, guest.waiting) == (True, True, True)
    admin = stage.answered("Local/411@default/n", application="Milliwatt")
    stage.until(events.ConfbridgeJoin, lambda each: each.channel == admin.other)
    stage.until(events.ConfbridgeRecord)
    members = {each.channel: each for each in stage.listing(actions.ConfbridgeList(conference="410")).members}
    assert (members[admin.other].admin, members[admin.other].marked_user, members[admin.other].muted) == (
        True,
        True,
        True,
    )
    assert not members[guest.channel].waiting
    stage.execute(actions.ConfbridgeLock(conference="410"))
    (room,) = stage.listing(actions.ConfbridgeListRooms()).conferences
    assert (room.parties, room.marked, room.locked) == (2, 1, True)
    stage.execute(actions.Hangup(channel=admin.channel))
    stage.until(events.ConfbridgeEnd)
