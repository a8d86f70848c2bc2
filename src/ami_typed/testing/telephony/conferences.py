"""Conferences: ConfBridge, who is in them, and what programs do to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ami_typed.testing.telephony import bridges, channels, states
from ami_typed.testing.telephony.applications import application
from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.headers import bridge_lines, channel_lines
from ami_typed.testing.telephony.objects import Bridge, Channel, Kicked
from ami_typed.testing.telephony.processes import Afterwards, Wait

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.headers import Lines
    from ami_typed.testing.telephony.processes import Work
    from ami_typed.testing.telephony.world import World

__all__ = ["Conference", "Conferences", "Profiles", "User"]


@dataclass(eq=False)
class User:
    """A channel in a conference."""

    channel: Channel
    joined: float
    admin: bool = False
    marked: bool = False
    muted: bool = False
    waits_for_marked: bool = False
    kicked: bool = False


@dataclass(eq=False)
class Conference:
    """A conference, which exists while somebody is in it."""

    name: str
    bridge: Bridge
    locked: bool = False
    recording: bool = False
    users: list[User] = field(default_factory=list[User])


class Conferences:
    """The conferences by name."""

    def __init__(self) -> None:
        self.known: dict[str, Conference] = {}


class Profiles:
    """The user profiles whose users are admins, are marked, begin muted or wait for a marked user."""

    def __init__(self) -> None:
        self.known: dict[str, frozenset[str]] = {}


@states.provides_states("confbridge")
def _state(world: World, device: str) -> str:
    """Return whether a conference is in use."""
    return "INUSE" if device.partition(":")[2] in world.part(Conferences).known else "INVALID"


@application("ConfBridge")
def _conf_bridge(world: World, channel: Channel, data: str) -> Work[None]:
    name, _, profile = [*data.split(","), "", ""][:3]
    channels.answer(world, channel)
    conference = world.part(Conferences).known.get(name)
    qualities = world.part(Profiles).known.get(profile, frozenset())
    if conference is not None and conference.locked and "admin" not in qualities:
        channels.set_variable(world, channel, "CONFBRIDGE_RESULT", "LOCKED")
        return
    conference = conference or _start(world, name)
    user = User(channel, world.now, *(each in qualities for each in ("admin", "marked", "muted", "wait_marked")))
    yield from _take_part(world, conference, user)


def _start(world: World, name: str) -> Conference:
    settings = {"type": "base", "technology": "softmix", "creator": "ConfBridge", "name": name, "dissolves": False}
    bridge = bridges.create(world, **settings)
    bridge.hidden.append(f"CBAnn/{name}-{world.number('announcer'):08x};2")
    conference = world.part(Conferences).known[name] = Conference(name, bridge)
    _send(world, "ConfbridgeStart", conference)
    states.changed(world, f"confbridge:{name}")
    return conference


def _send(world: World, event: str, conference: Conference, user: User | None = None, *flags: str) -> None:
    lines = [(flag, _yes(getattr(user, flag.lower()))) for flag in flags]
    about = [("Conference", conference.name), *bridge_lines(conference.bridge)]
    world.emit(event, about, channel_lines(user.channel if user else None), lines)


def _yes(value: object) -> str:
    return "Yes" if value else "No"


def _take_part(world: World, conference: Conference, user: User) -> Work[None]:
    conference.users.append(user)
    bridges.enter(world, conference.bridge, user.channel)
    _send(world, "ConfbridgeJoin", conference, user, "Admin", "Muted")
    with Afterwards(lambda: _leave(world, conference, user)):
        try:
            while True:
                yield Wait(None)
        except Kicked:
            user.kicked = True
            user.channel.cause = user.channel.cause or 16
            channels.set_variable(world, user.channel, "CONFBRIDGE_RESULT", "KICKED")


def _leave(world: World, conference: Conference, user: User) -> None:
    channel, bridge = user.channel, conference.bridge
    over = conference.users == [user]
    if over:
        bridge.video_source = ""
    _send(world, "ConfbridgeLeave", conference, user, "Admin")
    conference.users.remove(user)
    bridges.leave(world, channel, bridge)
    if not user.kicked:
        channels.set_variable(world, channel, "CONFBRIDGE_RESULT", "HANGUP")
    if over:
        _send(world, "ConfbridgeEnd", conference)
        del world.part(Conferences).known[conference.name]
        bridge.hidden.clear()
        bridges.dissolve(world, bridge)
        states.changed(world, f"confbridge:{conference.name}")


def _video_changed(world: World, bridge: Bridge, before: str) -> None:
    world.emit("BridgeVideoSourceUpdate", bridge_lines(bridge), [("BridgePreviousVideoSource", before)])


def _found(world: World, action: ReceivedAction, reply: Reply, *, channel: bool = False) -> Conference | None:
    """Return the conference that an action is about; answer with an error if there is none."""
    name, known = action.get("Conference", ""), world.part(Conferences).known
    if not name:
        reply.error("No Conference name provided.")
    elif channel and not action.get("Channel"):
        reply.error("No channel name provided.")
    elif not known:
        reply.error("No active conferences.")
    elif name not in known:
        reply.error("No Conference by that name found.")
    return known.get(name)


@answers("ConfbridgeList")
def _list(world: World, action: ReceivedAction, reply: Reply) -> None:
    conference = _found(world, action, reply)
    if conference is None:
        return
    items = [world.event("ConfbridgeList", _listed(world, conference, user)) for user in conference.users]
    reply.list(items, "ConfbridgeListComplete", "Confbridge user list will follow")


def _listed(world: World, conference: Conference, user: User) -> Lines:
    return [
        ("Conference", conference.name),
        ("Admin", _yes(user.admin)),
        ("MarkedUser", _yes(user.marked)),
        ("WaitMarked", _yes(user.waits_for_marked)),
        ("EndMarked", "No"),
        ("EndMarkedAny", "No"),
        ("Waiting", "No"),
        ("Muted", _yes(user.muted)),
        ("Talking", "No"),
        ("AnsweredTime", str(int(world.now - user.joined))),
        *channel_lines(user.channel),
    ]


@answers("ConfbridgeListRooms")
def _list_rooms(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    known = world.part(Conferences).known
    if not known:
        reply.error("No active conferences.")
        return
    items = [
        world.event(
            "ConfbridgeListRooms",
            [
                ("Conference", conference.name),
                ("Parties", str(len(conference.users))),
                ("Marked", str(sum(1 for user in conference.users if user.marked))),
                ("Locked", _yes(conference.locked)),
                ("Muted", "No"),
            ],
        )
        for conference in known.values()
    ]
    reply.list(items, "ConfbridgeListRoomsComplete", "Confbridge conferences will follow")


def _matching(conference: Conference, name: str) -> list[User]:
    """Return the users whom a channel's name means, or a word for several."""
    wanted = name.lower()
    if wanted == "all":
        return list(conference.users)
    if wanted == "participants":
        return [user for user in conference.users if not user.admin]
    return [user for user in conference.users if user.channel.name.lower() == wanted]


@answers("ConfbridgeMute", "ConfbridgeUnmute")
def _mute(world: World, action: ReceivedAction, reply: Reply) -> None:
    conference = _found(world, action, reply, channel=True)
    if conference is None:
        return
    found = _matching(conference, action.get("Channel", ""))
    mutes = "unmute" not in action.action.lower()
    if not found:
        reply.error("No Channel by that name found in Conference.")
        return
    reply.success("User muted" if mutes else "User unmuted")
    for user in found:
        user.muted = mutes
        _send(world, "ConfbridgeMute" if mutes else "ConfbridgeUnmute", conference, user, "Admin")


@answers("ConfbridgeLock", "ConfbridgeUnlock")
def _lock(world: World, action: ReceivedAction, reply: Reply) -> None:
    conference = _found(world, action, reply)
    if conference is not None:
        conference.locked = "unlock" not in action.action.lower()
        reply.success("Conference locked" if conference.locked else "Conference unlocked")


@answers("ConfbridgeKick")
def _kick(world: World, action: ReceivedAction, reply: Reply) -> None:
    conference = _found(world, action, reply)
    if conference is None:
        return
    name = action.get("Channel", "")
    found = _matching(conference, name)
    if not found and name != "all":
        reply.error("No Channel by that name found in Conference.")
        return
    reply.success("All participants kicked" if name == "all" else "User kicked")
    for user in found:
        if user.channel.process is not None:
            user.channel.process.interrupt(Kicked())


@answers("ConfbridgeStartRecord", "ConfbridgeStopRecord")
def _record(world: World, action: ReceivedAction, reply: Reply) -> None:
    conference = _found(world, action, reply)
    if conference is None:
        return
    starts = "start" in action.action.lower()
    if starts == conference.recording:
        wrong = ("Internal error while stopping recording.", "Conference is already being recorded.")
        reply.error(wrong[starts])
        return
    conference.recording = starts
    reply.success("Conference Recording Started." if starts else "Conference Recording Stopped.")
    _send(world, "ConfbridgeRecord" if starts else "ConfbridgeStopRecord", conference)


@answers("ConfbridgeSetSingleVideoSrc")
def _video(world: World, action: ReceivedAction, reply: Reply) -> None:
    conference = _found(world, action, reply, channel=True)
    if conference is None:
        return
    found = _matching(conference, action.get("Channel", ""))
    if not found:
        reply.error("No channel by that name found in conference.")
        return
    bridge, before = conference.bridge, conference.bridge.video_source
    bridge.video, bridge.video_source = "single", found[0].channel.uniqueid
    reply.success("Conference single video source set.")
    _video_changed(world, bridge, before)
