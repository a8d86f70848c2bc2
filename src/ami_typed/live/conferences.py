"""Conferences of ConfBridge and their participants.

Rules of this module:

- `ConfbridgeListRooms` lists the conferences, `ConfbridgeList` the participants of each. A participant is identified by
  its channel's Uniqueid.
- Not every attribute has both a list and events. Events report who talks, is muted, joins and leaves, and the
  recording, which is not listed. Locks and marked participants are listed, but no event reports them. What is unknown
  is `None`, and what only a list has is as of the last load.
- A conference ends with `ConfbridgeEnd`; one that begins again under the same name is a new conference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ami_typed import actions, events
from ami_typed.live.changes import Change, frozen_change
from ami_typed.live.differences import Difference, differing, existing
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals, Table, Teller, Watched, keyed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from typing import Any

    from ami_typed.messages import Event, Request

    Members: TypeAlias = Mapping[str, events.ConfbridgeList]

__all__ = [
    "Conference",
    "ConferenceChange",
    "ConferenceEnded",
    "ConferenceLocked",
    "ConferenceRecordingStarted",
    "ConferenceRecordingStopped",
    "ConferenceStarted",
    "ConferenceUnlocked",
    "Conferences",
    "Participant",
    "ParticipantChange",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantMuted",
    "ParticipantStartedTalking",
    "ParticipantStoppedTalking",
    "ParticipantUnmuted",
]

Lists: TypeAlias = tuple[Sequence[events.ConfbridgeListRooms], Sequence[events.ConfbridgeList]]


class Participant(Watched):
    """A participant of a conference.

    Attributes:
        conference: The name of the conference.
        channel: The channel.
        uniqueid: Its Uniqueid.
        number: The participant's number, `None` if unknown.
        name: The participant's name, `None` if unknown.
        joined_at: When it joined, as far as observed; `None` if that was before the first load.
        admin: Whether it is an administrator of the conference.
        marked: Whether it is marked: others may wait for a marked one. `None` until a list says so.
        muted: Whether it is muted.
        talking: Whether it is talking, if talker detection is on for it.
    """

    __slots__ = (
        "admin", "channel", "conference", "joined_at", "marked", "muted", "name", "number", "talking", "uniqueid",
    )  # fmt: skip

    def __init__(self, conference: str, uniqueid: str, channel: str) -> None:
        super().__init__()
        self.conference = conference
        self.uniqueid = uniqueid
        self.channel = channel
        self.number: str | None = None
        self.name: str | None = None
        self.joined_at: datetime | None = None
        self.admin = False
        self.marked: bool | None = None
        self.muted = False
        self.talking = False

    def __repr__(self) -> str:
        return f"<Participant {self.number or self.channel} of {self.conference}>"


class Conference(Watched):
    """A conference.

    Attributes:
        name: The name or number.
        participants: The participants, by Uniqueid, in the order in which they joined.
        started_at: When it started, as far as observed; `None` if that was before the first load.
        locked: Whether only administrators can join, as of the last load.
        recording: Whether it is being recorded; `None` if it started before the first load and no event said so.
    """

    __slots__ = ("locked", "name", "participants", "recording", "started_at")

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.participants: dict[str, Participant] = {}
        self.started_at: datetime | None = None
        self.locked = False
        self.recording: bool | None = None

    def __repr__(self) -> str:
        return f"<Conference {self.name}: {len(self.participants)} participants>"

    @property
    def talkers(self) -> list[Participant]:
        """The participants that are talking."""
        return [each for each in self.participants.values() if each.talking]


@frozen_change
class ConferenceChange(Change):
    """A change to a conference."""

    conference: Conference


@frozen_change
class ConferenceStarted(ConferenceChange):
    """A conference started."""


@frozen_change
class ConferenceEnded(ConferenceChange):
    """A conference ended."""


@frozen_change
class ConferenceLocked(ConferenceChange):
    """A conference was locked. No event reports this, so it is found by a reload, and always ``resynced``."""


@frozen_change
class ConferenceUnlocked(ConferenceChange):
    """A conference was unlocked. No event reports this, so it is found by a reload, and always ``resynced``."""


@frozen_change
class ConferenceRecordingStarted(ConferenceChange):
    """The recording of a conference started."""


@frozen_change
class ConferenceRecordingStopped(ConferenceChange):
    """The recording of a conference stopped."""


@frozen_change
class ParticipantChange(ConferenceChange):
    """A change to a participant of a conference."""

    participant: Participant


@frozen_change
class ParticipantJoined(ParticipantChange):
    """A participant joined a conference."""


@frozen_change
class ParticipantLeft(ParticipantChange):
    """A participant left a conference, or was removed from it."""


@frozen_change
class ParticipantMuted(ParticipantChange):
    """A participant was muted."""


@frozen_change
class ParticipantUnmuted(ParticipantChange):
    """A participant was unmuted."""


@frozen_change
class ParticipantStartedTalking(ParticipantChange):
    """A participant started talking."""


@frozen_change
class ParticipantStoppedTalking(ParticipantChange):
    """A participant stopped talking."""


class Conferences(Table[Conference], Kind[Lists]):
    """The conferences, by name."""

    name: ClassVar[str] = "conferences"

    def __init__(self) -> None:
        super().__init__()
        self._participants: Table[Participant] = Table()

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        return {
            events.ConfbridgeStart: self._started,
            events.ConfbridgeEnd: self._ended,
            events.ConfbridgeJoin: self._joined,
            events.ConfbridgeLeave: self._left,
            events.ConfbridgeMute: self._mute,
            events.ConfbridgeUnmute: self._unmute,
            events.ConfbridgeTalking: self._talks,
            events.ConfbridgeRecord: self._records,
            events.ConfbridgeStopRecord: self._records_no_more,
        }

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        return (actions.ConfbridgeListRooms, actions.ConfbridgeList)

    def read(self, refusals: Refusals) -> Reading[Lists]:
        """Read all conferences, and the participants of those that are watched."""
        answer = yield from refusals.required(actions.ConfbridgeListRooms())
        rooms = [each for each in (answer.conferences if answer is not None else ()) if self.wants(each.conference)]
        members: list[events.ConfbridgeList] = []
        for room in rooms:
            listed = yield from refusals.tried(actions.ConfbridgeList(conference=room.conference))
            members += listed.members if listed is not None else ()
        return rooms, members

    def join(self, picture: Teller, lists: Lists) -> Collection[str]:
        """Merge the lists with the events since their reading began."""
        rooms = keyed(lists[0], lambda each: each.conference)
        ended = {name for name in rooms if name in self._gone}
        members = {key: each for key, each in keyed(lists[1], _key).items() if each.conference not in ended}
        self.merge(picture, rooms, self._list, self._end)
        self._participants.merge(picture, members, self._list_member, self._leave, always=True)
        return ()

    def compare(self, lists: Lists) -> Iterator[Difference]:
        """Compare the conferences with fresh lists, except their locks, which no event reports."""
        yield from existing("conference", self.names, [each.conference for each in lists[0]])
        members = keyed(lists[1], _key)
        yield from existing("participant", self._participants.names, [*members])
        for key in members.keys() & set(self._participants.names):
            mine, theirs = self._participants[key], members[key]
            facts = {"conference": mine.conference, "admin": mine.admin, "muted": mine.muted, "talking": mine.talking}
            listed = {"conference": theirs.conference, "admin": theirs.admin, "muted": theirs.muted}
            talking = facts["talking"] if theirs.talking is None else theirs.talking
            yield from differing(f"participant {mine.channel}", facts, {**listed, "talking": talking})

    # Conferences

    def _conference(self, picture: Teller, name: str) -> Conference:
        """Return a conference, adding it if necessary."""
        conference = self.get(name)
        if conference is None:
            conference = self.put(name, Conference(name))
            picture.tell(ConferenceStarted, conference=conference)
        return conference

    def _touch(self, picture: Teller, name: str) -> Conference | None:
        """Return the conference of an event; `None` if it is not watched."""
        if not self.wants(name):
            return None
        conference = self._conference(picture, name)
        conference.touched = picture.reading
        return conference

    def _started(self, picture: Teller, event: events.ConfbridgeStart) -> None:
        conference = self._touch(picture, event.conference)
        if conference is not None and conference.started_at is None:
            conference.started_at = picture.now
            if not conference.participants:
                conference.recording = conference.recording or False

    def _ended(self, picture: Teller, event: events.ConfbridgeEnd) -> None:
        if self.wants(event.conference):
            self._end(picture, event.conference)

    def _end(self, picture: Teller, name: str) -> None:
        conference = self.drop(picture, name)
        if conference is None:
            picture.unexpected += not picture.loading
        else:
            for uniqueid in conference.participants:
                self._leave(picture, uniqueid, conference)
            picture.tell(ConferenceEnded, conference=conference)

    def _list(self, picture: Teller, name: str, item: events.ConfbridgeListRooms) -> None:
        conference = self._conference(picture, name)
        if conference.locked != item.locked:
            conference.locked = item.locked
            picture.tell(ConferenceLocked if item.locked else ConferenceUnlocked, conference=conference)

    def _records(self, picture: Teller, event: events.ConfbridgeRecord) -> None:
        self._recording(picture, event.conference, recording=True)

    def _records_no_more(self, picture: Teller, event: events.ConfbridgeStopRecord) -> None:
        self._recording(picture, event.conference, recording=False)

    def _recording(self, picture: Teller, name: str, *, recording: bool) -> None:
        conference = self.get(name) if not recording else self._touch(picture, name)
        if conference is not None and conference.recording is not recording:
            conference.recording = recording
            change = ConferenceRecordingStarted if recording else ConferenceRecordingStopped
            picture.tell(change, conference=conference)

    # Participants

    def _joined(self, picture: Teller, event: events.ConfbridgeJoin) -> None:
        conference = self._touch(picture, event.conference)
        if conference is None:
            return
        participant = self._participant(picture, conference, event.uniqueid, event.channel)
        participant.touched = picture.reading
        participant.joined_at = participant.joined_at or picture.now
        participant.number, participant.name = event.caller_id_num, event.caller_id_name
        participant.admin = event.admin
        self._participants.report(picture, event.uniqueid, "muted", bool(event.muted))
        self._set_muted(picture, participant, muted=bool(event.muted))

    def _participant(self, picture: Teller, conference: Conference, uniqueid: str, channel: str) -> Participant:
        """Return a participant, adding it if necessary."""
        participant = self._participants.get(uniqueid)
        if participant is not None and participant.conference != conference.name:
            self._leave(picture, uniqueid)
            participant = None
        if participant is None:
            participant = self._participants.put(uniqueid, Participant(conference.name, uniqueid, channel))
            conference.participants = {**conference.participants, uniqueid: participant}
            picture.tell(ParticipantJoined, conference=conference, participant=participant)
        participant.channel = channel
        return participant

    def _left(self, picture: Teller, event: events.ConfbridgeLeave) -> None:
        if self.wants(event.conference):
            self._leave(picture, event.uniqueid)

    def _leave(self, picture: Teller, uniqueid: str, conference: Conference | None = None) -> None:
        participant = self._participants.drop(picture, uniqueid)
        if participant is None:
            picture.unexpected += not picture.loading
            return
        conference = conference or self.get(participant.conference)
        if conference is not None:
            conference.participants = {key: each for key, each in conference.participants.items() if key != uniqueid}
            picture.tell(ParticipantLeft, conference=conference, participant=participant)

    def _list_member(self, picture: Teller, key: str, item: events.ConfbridgeList) -> None:
        conference = self._conference(picture, item.conference)
        participant = self._participant(picture, conference, key, item.channel)
        participant.number, participant.name = item.caller_id_num, item.caller_id_name
        participant.admin, participant.marked = item.admin, item.marked_user
        self._set_muted(picture, participant, muted=self._participants.reported(key, "muted", item.muted))
        talking = self._participants.reported(key, "talking", item.talking)
        if talking is not None:
            self._set_talking(picture, participant, talking=talking)

    def _known(self, picture: Teller, event: _OfParticipant) -> Participant | None:
        """Return the participant of an event; `None` if it is not known or not watched."""
        if not self.wants(event.conference):
            return None
        participant = self._participants.get(event.uniqueid)
        if participant is not None:
            participant.touched = picture.reading
        elif not picture.loading:
            picture.unexpected += 1
        return participant

    def _mute(self, picture: Teller, event: events.ConfbridgeMute) -> None:
        self._participants.report(picture, event.uniqueid, "muted", value=True)
        self._set_muted(picture, self._known(picture, event), muted=True)

    def _unmute(self, picture: Teller, event: events.ConfbridgeUnmute) -> None:
        self._participants.report(picture, event.uniqueid, "muted", value=False)
        self._set_muted(picture, self._known(picture, event), muted=False)

    def _talks(self, picture: Teller, event: events.ConfbridgeTalking) -> None:
        self._participants.report(picture, event.uniqueid, "talking", event.talking_status)
        self._set_talking(picture, self._known(picture, event), talking=event.talking_status)

    def _set_muted(self, picture: Teller, participant: Participant | None, *, muted: bool) -> None:
        if participant is not None and participant.muted != muted:
            participant.muted = muted
            self._tell(picture, ParticipantMuted if muted else ParticipantUnmuted, participant)

    def _set_talking(self, picture: Teller, participant: Participant | None, *, talking: bool) -> None:
        if participant is not None and participant.talking != talking:
            participant.talking = talking
            self._tell(picture, ParticipantStartedTalking if talking else ParticipantStoppedTalking, participant)

    def _tell(self, picture: Teller, change: type[ParticipantChange], participant: Participant) -> None:
        conference = self.get(participant.conference)
        if conference is not None:
            picture.tell(change, conference=conference, participant=participant)


_OfParticipant: TypeAlias = "events.ConfbridgeMute | events.ConfbridgeUnmute | events.ConfbridgeTalking"


def _key(item: events.ConfbridgeList) -> str:
    """Return the Uniqueid of a listed participant; Asterisk 14 lists only the channel's name."""
    return item.uniqueid or item.channel
