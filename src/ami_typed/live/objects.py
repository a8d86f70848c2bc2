"""The objects of the picture: legs, the dials between them, the bridges that join them, and the calls they belong to.

They refer to each other: a leg to its bridge and its call, and these to their legs. Each keeps its last state when it
ends.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from ami_typed.enums import BridgeTechnology, BridgeType, ChannelState
from ami_typed.live.parties import Attempt, Direction, EndReason, Hold, Party, Transfer
from ami_typed.live.records import CallRecord
from ami_typed.live.snapshots import name_of, number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ami_typed import enums, events
    from ami_typed.live.parties import Outcome

__all__ = ["Bridge", "Call", "CallState", "Dial", "Leg"]

_SERVICE = ("CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Snoop/", "Message/", "Surrogate/", "Bridge/", "Park/")
"""Channels for Asterisk's internal use: announcers, recorders, spies. Source: apps/confbridge, res/res_stasis_*."""
_LOCAL = "Local/"
_IMPERSONAL = (_LOCAL, *_SERVICE)

_STATES = {int(state): state for state in ChannelState}
_RINGING, _UP = int(ChannelState.RINGING), int(ChannelState.UP)
_WAITING = (BridgeType.PARKING, BridgeType.AGENT_HOLD)
_CONFERENCES = ("ConfBridge",)


class Dial:
    """An attempt of one channel to dial another.

    Attributes:
        source: The dialling channel; `None` if Asterisk itself dials, as for Originate.
        target: The dialled channel.
        began: When dialling began.
        ended: When dialling ended.
        status: How it ended in Asterisk's terms, `None` while it is in progress.
        outcome: How it ended, as people perceive it.
        rang: When the target began to ring, `None` if it did not.
        caller: The party on whose behalf the target is dialled, once known.
        callee: The target when it began to ring: a party that picks up the call takes over the target's channel.
        guessed: Whether the target was found ringing in a list, so that the source is only assumed.
    """

    __slots__ = ("began", "callee", "caller", "ended", "guessed", "outcome", "rang", "source", "status", "target")

    def __init__(self, source: Leg | None, target: Leg, began: datetime) -> None:
        self.source = source
        self.target = target
        self.began = began
        self.ended: datetime | None = None
        self.status: enums.DialStatus | None = None
        self.outcome: Outcome | None = None
        self.rang: datetime | None = None
        self.caller: Leg | None = None
        self.callee: Party | None = None
        self.guessed = False

    def __repr__(self) -> str:
        return f"<Dial {self.source} -> {self.target}: {self.status or 'open'}>"

    @property
    def is_open(self) -> bool:
        """Whether dialling is still in progress."""
        return self.status is None


class Leg:
    """A channel, as a leg of a call. It keeps its last state after it is hung up."""

    __slots__ = (
        "__weakref__", "answered_at", "born", "bridge", "call", "called", "cause", "channel", "created_at", "dial",
        "dials", "ended_at", "first_context", "first_exten", "held_since", "is_local", "is_person", "moved",
        "other_half", "peer", "state", "told", "touched", "uniqueid",
    )  # fmt: skip

    def __init__(self, uniqueid: str, told: bytes, at: datetime) -> None:
        self.uniqueid = uniqueid
        self.told = told
        """Its latest snapshot, from which numbers, names and its place in the dialplan are read when asked for."""
        self.created_at = at
        self.called = uniqueid != self.linkedid
        """Whether it was created for an existing call, not by a party that places a call."""
        self.state = ChannelState.DOWN
        self.first_context = self.first_exten = ""
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.held_since: datetime | None = None
        self.cause: int | None = None
        self.bridge: Bridge | None = None
        self.call: Call | None = None
        self.other_half: Leg | None = None
        self.peer: Leg | None = None
        """The last party with which it was alone."""
        self.dial: Dial | None = None
        self.dials: tuple[Dial, ...] = ()
        """Its dials in progress, in order."""
        self.touched = self.moved = 0
        self.born = False
        """Whether its creation was observed."""
        self.rename(text_of(told, b"\r\nChannel: "))

    def rename(self, channel: str) -> None:
        """Set its name, which says what it leads to."""
        self.channel = channel
        self.is_local = channel.startswith(_LOCAL)
        """Whether it is a half of a Local channel, which has no phone or line."""
        self.is_person = not channel.startswith(_IMPERSONAL)
        """Whether it leads to a phone or a line, not to another part of Asterisk."""

    def __repr__(self) -> str:
        return f"<Leg {self.channel}>"

    @property
    def linkedid(self) -> str:
        """The Uniqueid of the oldest channel that belongs together with it."""
        return text_of(self.told, b"\r\nLinkedid: ")

    @property
    def number(self) -> str | None:
        """The number of the party on this channel."""
        return number_of(self.told, b"\r\nCallerIDNum: ")

    @property
    def name(self) -> str | None:
        """The name of the party on this channel."""
        return name_of(self.told, b"\r\nCallerIDName: ")

    @property
    def own(self) -> tuple[str | None, str | None]:
        """The number and name of the party on this channel."""
        return self.number, self.name

    @property
    def party(self) -> Party:
        """The party on this channel, as of now."""
        return Party(self.channel, self.uniqueid, self.number, self.name)

    @property
    def connected(self) -> tuple[str | None, str | None]:
        """The number and name of the channel's connected line."""
        told = self.told
        return number_of(told, b"\r\nConnectedLineNum: "), name_of(told, b"\r\nConnectedLineName: ")

    @property
    def sees(self) -> tuple[str | None, str | None]:
        """The number and name shown to this party for the other one: the channel's connected line."""
        return self.connected

    @property
    def account_code(self) -> str:
        """The account that its calls are charged to; empty if there is none."""
        return text_of(self.told, b"\r\nAccountCode: ")

    @property
    def context(self) -> str:
        """Its context in the dialplan."""
        return text_of(self.told, b"\r\nContext: ")

    @property
    def exten(self) -> str:
        """Its extension in the dialplan."""
        return text_of(self.told, b"\r\nExten: ")

    @property
    def is_up(self) -> bool:
        """Whether it is in the state Up, that is, answered."""
        return self.state == _UP

    @property
    def rings(self) -> bool:
        """Whether its phone is ringing."""
        return self.state == _RINGING

    @property
    def open_dials(self) -> list[Dial]:
        """Its dials in progress, in order."""
        return list(self.dials)

    def see(self, told: bytes, state: int, at: datetime) -> None:
        """Update its state from a snapshot."""
        self.told = told
        self.state = _STATES[state] if state in _STATES else ChannelState(state)
        if state == _UP and self.answered_at is None:
            self.answered_at = at
        if not self.first_context:
            self.first_context, self.first_exten = self.context, self.exten


class Bridge:
    """A bridge and the channels in it, in the order in which they entered."""

    __slots__ = ("channels", "creator", "kind", "name", "technology", "touched", "uniqueid")

    def __init__(self, uniqueid: str) -> None:
        self.uniqueid = uniqueid
        self.kind: BridgeType | None = None
        self.technology: BridgeTechnology | None = None
        self.creator: str | None = None
        self.name: str | None = None
        self.channels: dict[str, Leg] = {}
        self.touched = 0

    def __repr__(self) -> str:
        return f"<Bridge {self.uniqueid}: {', '.join(leg.channel for leg in self.legs)}>"

    @property
    def legs(self) -> list[Leg]:
        """The channels in it, in the order in which they entered."""
        return list(self.channels.values())

    @property
    def is_conference(self) -> bool:
        """Whether it is a conference, which is not a call between two parties."""
        return self.creator in _CONFERENCES

    @property
    def is_waiting_room(self) -> bool:
        """Whether the parties in it do not hear each other: parked calls, waiting agents, BridgeWait."""
        return self.kind in _WAITING or self.technology == BridgeTechnology.HOLDING

    @property
    def is_talk(self) -> bool:
        """Whether the parties in it talk to each other."""
        return not (self.is_conference or self.is_waiting_room)

    def see(self, event: events.BridgeEvent) -> None:
        """Update its state from an event."""
        self.kind = event.bridge_type
        self.technology = event.bridge_technology
        self.creator = event.bridge_creator
        self.name = event.bridge_name


class CallState(Enum):
    """The state of a call."""

    DIALING = "dialing"
    """The call was placed; no phone rings yet, or the caller listens to an announcement or a menu."""
    RINGING = "ringing"
    """A callee's phone rings."""
    QUEUED = "queued"
    """The caller is waiting in a queue."""
    TALKING = "talking"
    """Two or more parties hear each other."""
    HELD = "held"
    """One party has the others on hold."""
    PARKED = "parked"
    ENDED = "ended"


class Call:
    """A call: its parties, its legs, and its state.

    Attributes:
        id: The Linkedid with which it began, unique among the calls in progress.
        started_at: When its first channel was seen.
        channels: Its channels, including Local channels, by Uniqueid.
        caller_leg: The caller's channel. After a transfer, it is the channel of the transferee.
        callee_leg: The channel of the party that answered last.
        originated: Whether Asterisk set it up, as in click-to-dial.
        transfers: The transfers, in order.
        holds: The hold periods that have ended.
        queue: The queue in which the caller is waiting, or last waited.
        parked: The parking lot and space in which a party is parked.
        recording: The file that MixMonitor records to, if reported.
        reason: Why it ended, `None` while it is in progress.
    """

    __slots__ = (
        "__weakref__", "_clock", "_queue_wait", "_queued_since", "_talked", "_talking_since", "abandoned",
        "answered_at", "answers", "callee_leg", "caller_leg", "cause", "channels", "dial_status", "direction",
        "ended_at", "ended_by", "first_out", "holds", "id", "ids", "merged_into", "number", "originated", "parked",
        "pending", "queue", "reason", "recording", "rung", "started", "started_at", "transfers",
    )  # fmt: skip

    def __init__(self, identifier: str, number: int, at: datetime, clock: Callable[[], datetime]) -> None:
        self.id = identifier
        self.ids = {identifier}
        self.number = number
        self._clock = clock
        self.started_at = at
        self.started = False
        self.channels: dict[str, Leg] = {}
        self.caller_leg: Leg | None = None
        self.callee_leg: Leg | None = None
        self.originated = False
        self.direction: Direction | None = None
        self.rung: list[Dial] = []
        self.answers: list[Leg] = []
        self.transfers: list[Transfer] = []
        self.pending: tuple[Transfer, Leg] | None = None
        self.holds: list[Hold] = []
        self.queue: str | None = None
        self.abandoned = False
        self._queued_since: datetime | None = None
        self._queue_wait = timedelta()
        self.parked: tuple[str, int] | None = None
        self.recording: str | None = None
        self.answered_at: datetime | None = None
        self._talking_since: datetime | None = None
        self._talked = timedelta()
        self.dial_status: enums.DialStatus | None = None
        self.first_out: Leg | None = None
        self.ended_at: datetime | None = None
        self.ended_by: Party | None = None
        self.reason: EndReason | None = None
        self.cause: int | None = None
        self.merged_into: Call | None = None

    def __repr__(self) -> str:
        return f"<Call {self.caller} -> {self.callee}: {self.state.value}>"

    @property
    def caller(self) -> Party | None:
        """The calling party; `None` until known."""
        return self.caller_leg.party if self.caller_leg is not None else None

    @property
    def callee(self) -> Party | None:
        """The party that answered last; `None` if none did."""
        return self.callee_leg.party if self.callee_leg is not None else None

    @property
    def dialed(self) -> str | None:
        """The number that the caller dialled; `None` if not known."""
        return (self.caller_leg.first_exten or None) if self.caller_leg is not None and not self.originated else None

    @property
    def legs(self) -> list[Leg]:
        """Its channels, including Local channels, in the order in which they joined."""
        return list(self.channels.values())

    @property
    def parties(self) -> list[Leg]:
        """The channels of phones and lines, without Local channels."""
        return [leg for leg in self.channels.values() if leg.is_person]

    @property
    def ringing(self) -> list[Leg]:
        """The channels of callees whose phones are ringing."""
        return [dial.target for dial in self.dialing if dial.rang is not None]

    @property
    def dialing(self) -> list[Dial]:
        """The attempts to reach a callee that are in progress, in the order in which their channels joined the call."""
        dials = [leg.dial for leg in self.parties if leg is not self.caller_leg and leg.dial is not None]
        return [dial for dial in dials if dial.is_open]

    @property
    def held_by(self) -> list[Leg]:
        """The channels of the parties that have others on hold."""
        return [leg for leg in self.channels.values() if leg.held_since is not None]

    @property
    def is_waiting(self) -> bool:
        """Whether the caller is waiting in a queue."""
        return self._queued_since is not None

    @property
    def is_over(self) -> bool:
        """Whether it has ended or was merged into another call."""
        return self.ended_at is not None or self.merged_into is not None

    @property
    def state(self) -> CallState:
        """The state of the call."""
        if self.is_over:
            return CallState.ENDED
        if self.parked is not None:
            return CallState.PARKED
        if self._talking_since is not None:
            return CallState.HELD if self.held_by else CallState.TALKING
        if self._queued_since is not None:
            return CallState.QUEUED
        return CallState.RINGING if self.ringing else CallState.DIALING

    @property
    def talk_time(self) -> timedelta:
        """How long two or more parties have heard each other, until now."""
        since = self._talking_since
        return self._talked + (max(self._clock() - since, timedelta()) if since is not None else timedelta())

    @property
    def queue_wait(self) -> timedelta:
        """How long the caller has waited in queues, until now."""
        since = self._queued_since
        return self._queue_wait + (max(self._clock() - since, timedelta()) if since is not None else timedelta())

    def talks(self, at: datetime, *, talking: bool) -> None:
        """Record that two or more parties hear each other, or no longer do."""
        if talking and self._talking_since is None:
            self._talking_since = at
        elif not talking and self._talking_since is not None:
            self._talked += max(at - self._talking_since, timedelta())
            self._talking_since = None

    def waits(self, queue: str, at: datetime) -> None:
        """Record that the caller is waiting in a queue."""
        self.queue = queue
        self._queued_since = at

    def waits_no_more(self, at: datetime) -> timedelta:
        """Record that the caller left a queue; return how long it waited."""
        since, self._queued_since = self._queued_since, None
        waited = max(at - since, timedelta()) if since is not None else timedelta()
        self._queue_wait += waited
        return waited

    def take_over(self, other: Call) -> None:
        """Take over the legs and history of a call that is merged into this one."""
        self.ids |= other.ids
        self.channels |= other.channels
        self.rung += other.rung
        self.answers += other.answers
        self.transfers += other.transfers
        self.holds += other.holds
        self.originated = self.originated and self.number < other.number
        self.recording = self.recording or other.recording

    def record(self) -> CallRecord:
        """Return the call so far as one frozen row."""
        caller, callee = self.caller_leg, self.callee_leg
        return CallRecord(
            id=self.id,
            direction=self.direction,
            caller=self.caller,
            callee=self.callee,
            dialed=self.dialed,
            caller_sees=caller.sees if caller is not None else (None, None),
            callee_sees=callee.sees if callee is not None else (None, None),
            started_at=self.started_at,
            answered_at=self.answered_at,
            ended_at=self.ended_at,
            talk_time=self.talk_time,
            attempts=tuple(self._attempts()),
            transfers=tuple(self.transfers),
            holds=(*self.holds, *(Hold(leg.party, leg.held_since) for leg in self.held_by if leg.held_since)),
            queue=self.queue,
            queue_wait=self.queue_wait,
            abandoned=self.abandoned,
            originated=self.originated,
            reason=self.reason,
            cause=self.cause,
            ended_by=self.ended_by,
            recording=self.recording,
        )

    def _attempts(self) -> Iterator[Attempt]:
        for dial in self.rung:
            caller = dial.caller.party if dial.caller is not None else None
            yield Attempt(dial.callee or dial.target.party, caller, dial.rang, dial.ended, dial.outcome)
