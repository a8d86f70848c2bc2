"""What a server has of each kind of object, what changes it, and what its lists say before and after each change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ami_typed import live
from tests.live_model.flows import START, event_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.messages import Event

Items = dict[str, str]
"""Items of a server's lists, as text, by an identifier that sorts them."""


@dataclass(frozen=True)
class Step:
    """An event, and what it changes in the lists: new texts of items, `None` for those that disappear."""

    event: str
    items: dict[str, str | None]


@dataclass(frozen=True)
class World:
    """A kind of object: its first lists, its steps, how items become lists, and what is to be known of the objects."""

    kind: str
    first: Items
    steps: list[Step]
    lists: Callable[[list[Event]], Any]
    known: Callable[[live.Model], Any]
    states: list[Items] = field(default_factory=list[Items])

    def __post_init__(self) -> None:
        self.states.append(self.first)
        for step in self.steps:
            self.states.append(after(self.states[-1], step))

    def loaded(self, items: Items) -> live.Loaded:
        return live.Loaded({self.kind: self.lists([event_of(items[key]) for key in sorted(items)])})

    def model(self) -> live.Model:
        return live.Model(watch={self.kind: True})

    def listed(self, items: Items) -> live.Model:
        """Return a model that knows nothing but lists."""
        model = self.model()
        model.begin_loading(START)
        model.join(self.loaded(items), START)
        return model


def after(items: Items, step: Step) -> Items:
    both = {**items, **step.items}
    return {key: text for key, text in both.items() if text is not None}


def halves(before: Items, later: Items) -> list[Items]:
    """Return what a list says if the change happens while it is read: before its first item, between two, at the end."""
    keys = sorted({*before, *later})
    found: list[Items] = []
    for place in range(len(keys) + 1):
        source = {**dict.fromkeys(keys[:place], before), **dict.fromkeys(keys[place:], later)}
        found.append({key: items[key] for key, items in source.items() if key in items})
    return found


def text(event: str, **headers: object) -> str:
    return "\n".join([f"Event: {event}", *(f"{name}: {value}" for name, value in headers.items())])


def snapshot(name: str, number: int, prefix: str = "") -> dict[str, object]:
    headers: dict[str, object] = {
        "Channel": f"{name}-{number:08x}",
        "ChannelState": 6,
        "ChannelStateDesc": "Up",
        "CallerIDNum": f"20{number}",
        "CallerIDName": "<unknown>",
        "ConnectedLineNum": "<unknown>",
        "ConnectedLineName": "<unknown>",
        "Language": "en",
        "AccountCode": "",
        "Context": "default",
        "Exten": "s",
        "Priority": 1,
        "Uniqueid": f"1780000000.{number}",
        "Linkedid": f"1780000000.{number}",
    }
    return {prefix + key: value for key, value in headers.items()}


def bridge(identifier: str, kind: str, channels: int) -> dict[str, object]:
    return {
        "BridgeUniqueid": identifier,
        "BridgeType": kind,
        "BridgeTechnology": "softmix",
        "BridgeCreator": "ConfBridge",
        "BridgeName": "<unknown>",
        "BridgeNumChannels": channels,
        "BridgeVideoSourceMode": "none",
    }


def named(events: list[Event], name: str) -> list[Any]:
    return [event for event in events if event["Event"] == name]


# Devices


def device(name: str, state: str) -> str:
    return text("DeviceStateChange", Device=name, State=state)


DEVICES = World(
    "devices",
    {"a": device("Custom:a", "NOT_INUSE"), "b": device("PJSIP/b", "INUSE"), "c": device("Agent:c", "UNAVAILABLE")},
    [
        Step(device("PJSIP/b", "RINGING"), {"b": device("PJSIP/b", "RINGING")}),
        Step(device("park:701@lot", "INUSE"), {"bb": device("park:701@lot", "INUSE")}),
        Step(device("Agent:c", "NOT_INUSE"), {"c": device("Agent:c", "NOT_INUSE")}),
    ],
    lambda items: items,
    lambda model: sorted((each.name, each.state) for each in model.devices),
)

# Extensions


def hint(exten: str, status: int, hint: str = "PJSIP/a") -> str:
    return text("ExtensionStatus", Exten=exten, Context="phones", Hint=hint, Status=status, StatusText="words")


def presence(provider: str, state: str, message: str = "") -> str:
    return text("PresenceStateChange", Presentity=provider, Status=state, Subtype="", Message=message)


BOTH = "PJSIP/b,CustomPresence:b"
EXTENSIONS = World(
    "extensions",
    {"1": hint("201", 0), "2": hint("202", 4, BOTH), "3": hint("203", 1), "p": presence("CustomPresence:b", "away")},
    [
        Step(hint("202", 8, BOTH), {"2": hint("202", 8, BOTH)}),
        Step(presence("CustomPresence:b", "dnd", "no"), {"p": presence("CustomPresence:b", "dnd", "no")}),
        Step(hint("203", -2), {"3": None}),
        Step(hint("204", 0), {"4": hint("204", 0)}),
        Step(presence("CustomPresence:c", "chat"), {"q": presence("CustomPresence:c", "chat")}),
    ],
    lambda items: (named(items, "ExtensionStatus"), named(items, "PresenceStateChange")),
    lambda model: sorted(
        (each.name, each.state, each.presence and (each.presence.state, each.presence.message))
        for each in model.extensions
    ),
)

# Mailboxes


def waiting(mailbox: str, new: int, old: int) -> str:
    return text("MessageWaiting", Mailbox=mailbox, Waiting=int(new > 0), New=new, Old=old)


def counts(mailbox: str, new: int, old: int) -> str:
    return text("MWIGet", Mailbox=mailbox, NewMessages=new, OldMessages=old)


def _mailboxes(items: list[Event]) -> dict[str, Any]:
    from ami_typed.live.mailboxes import Counts

    boxes: list[Any] = items
    return {box.mailbox: Counts(box.new_messages, box.old_messages, box.new_messages > 0) for box in boxes}


MAILBOXES = World(
    "mailboxes",
    {"1": counts("201@default", 0, 0), "2": counts("202@default", 2, 1)},
    [
        Step(waiting("201@default", 1, 0), {"1": counts("201@default", 1, 0)}),
        Step(waiting("202@default", 0, 3), {"2": counts("202@default", 0, 3)}),
        Step(waiting("203@default", 5, 5), {"3": counts("203@default", 5, 5)}),
    ],
    _mailboxes,
    lambda model: sorted((each.name, each.new, each.old, each.waiting) for each in model.mailboxes),
)

# Parking


def parked(event: str, number: int, space: int, lot: str = "default", **more: object) -> str:
    place = {"ParkerDialString": "PJSIP/bob", "Parkinglot": lot, "ParkingSpace": space}
    times = {"ParkingTimeout": 45, "ParkingDuration": 0}
    return text(event, **snapshot("PJSIP/p", number, "Parkee"), **place, **times, **more)


def lot(name: str, first: int) -> str:
    return text("Parkinglot", Name=name, StartSpace=first, StopSpace=first + 9, Timeout=45)


RETRIEVER: dict[str, Any] = snapshot("PJSIP/r", 9, "Retriever")
PARKING = World(
    "parking",
    {"l1": lot("default", 701), "l2": lot("night", 801), "p1": parked("ParkedCall", 1, 701)},
    [
        Step(parked("ParkedCall", 2, 702), {"p2": parked("ParkedCall", 2, 702)}),
        Step(parked("UnParkedCall", 1, 701, **RETRIEVER), {"p1": None}),
        Step(parked("ParkedCall", 3, 701), {"p3": parked("ParkedCall", 3, 701)}),
        Step(parked("ParkedCallGiveUp", 2, 702), {"p2": None}),
        Step(parked("ParkedCall", 3, 801, "night"), {"p3": parked("ParkedCall", 3, 801, "night")}),
        Step(parked("ParkedCallTimeOut", 3, 801, "night"), {"p3": None}),
    ],
    lambda items: (named(items, "Parkinglot"), named(items, "ParkedCall")),
    lambda model: sorted(
        (each.name, each.first_space, [(space, call.uniqueid) for space, call in sorted(each.calls.items())])
        for each in model.parking
    ),
)

# Conferences


def room(name: str, *, parties: int = 1) -> str:
    return text("ConfbridgeListRooms", Conference=name, Parties=parties, Marked=0, Locked="No", Muted="No")


def party(name: str, number: int, *, muted: bool = False, talking: bool = False) -> str:
    flags = {"Muted": "Yes" if muted else "No", "Talking": "Yes" if talking else "No", "Admin": "No"}
    rest = {"MarkedUser": "No", "WaitMarked": "No", "EndMarked": "No", "Waiting": "No", "AnsweredTime": 1}
    return text("ConfbridgeList", Conference=name, **flags, **rest, **snapshot("PJSIP/c", number))


def confbridge(event: str, name: str, number: int | None = None, **more: object) -> str:
    channel = snapshot("PJSIP/c", number) if number is not None else {}
    admin = {"Admin": "No"} if number is not None else {}
    return text(event, Conference=name, **bridge(f"b-{name}", "base", 1), **channel, **admin, **more)


CONFERENCES = World(
    "conferences",
    {"400": room("400"), "400/1": party("400", 1), "400/2": party("400", 2, muted=True)},
    [
        Step(confbridge("ConfbridgeJoin", "400", 3, Muted="No"), {"400/3": party("400", 3)}),
        Step(confbridge("ConfbridgeMute", "400", 1), {"400/1": party("400", 1, muted=True)}),
        Step(confbridge("ConfbridgeUnmute", "400", 2), {"400/2": party("400", 2)}),
        Step(confbridge("ConfbridgeTalking", "400", 2, TalkingStatus="on"), {"400/2": party("400", 2, talking=True)}),
        Step(confbridge("ConfbridgeTalking", "400", 2, TalkingStatus="off"), {"400/2": party("400", 2)}),
        Step(confbridge("ConfbridgeLeave", "400", 1), {"400/1": None}),
        Step(confbridge("ConfbridgeStart", "500"), {"500": room("500")}),
        Step(confbridge("ConfbridgeJoin", "500", 4, Muted="Yes"), {"500/4": party("500", 4, muted=True)}),
        Step(confbridge("ConfbridgeLeave", "500", 4), {"500/4": None}),
        Step(confbridge("ConfbridgeEnd", "500"), {"500": None}),
    ],
    lambda items: (named(items, "ConfbridgeListRooms"), named(items, "ConfbridgeList")),
    lambda model: sorted(
        (each.name, sorted((key, one.muted, one.talking, one.number) for key, one in each.participants.items()))
        for each in model.conferences
    ),
)

# Agents


def agent(identifier: str, status: str, number: int | None = None, **more: object) -> str:
    channel = snapshot("PJSIP/g", number) if number is not None else {}
    since = {"LoggedInTime": 1780000000} if number is not None else {}
    return text("Agents", Agent=identifier, Name=f"Agent {identifier}", Status=status, **more, **since, **channel)


def on_call(identifier: str, number: int) -> str:
    return agent(identifier, "AGENT_ONCALL", number, TalkingToChan="PJSIP/c-00000009", CallStarted=1780000000)


def moved(event: str, identifier: str, technology: str, name: str, number: int) -> str:
    where = bridge(identifier, "agent_hold" if technology == "holding_bridge" else "basic", 1)
    return text(event, **{**where, "BridgeTechnology": technology}, **snapshot(name, number))


OFF, IDLE = "AGENT_LOGGEDOFF", "AGENT_IDLE"
AGENTS = World(
    "agents",
    {"1": agent("1", OFF), "2": agent("2", IDLE, 2), "3": on_call("3", 3)},
    [
        Step(text("AgentLogin", Agent="1", **snapshot("PJSIP/g", 1)), {"1": agent("1", IDLE, 1)}),
        Step(moved("BridgeEnter", "hold", "holding_bridge", "PJSIP/g", 3), {"3": agent("3", IDLE, 3)}),
        Step(moved("BridgeEnter", "talk", "simple_bridge", "PJSIP/c", 9), {}),
        Step(moved("BridgeEnter", "talk", "simple_bridge", "PJSIP/g", 2), {"2": on_call("2", 2)}),
        Step(moved("BridgeLeave", "talk", "simple_bridge", "PJSIP/g", 2), {"2": agent("2", IDLE, 2)}),
        Step(text("AgentLogoff", Agent="2", Logintime=9, **snapshot("PJSIP/g", 2)), {"2": agent("2", OFF)}),
    ],
    lambda items: items,
    lambda model: sorted((each.id, each.status, each.channel, each.talking_to) for each in model.agents),
)

# Endpoints


def endpoint(name: str, state: str) -> str:
    return text("EndpointList", ObjectName=name, Aor=name, DeviceState=state)


def contact(aor: str, user: str, status: str) -> str:
    return text("ContactStatusDetail", AOR=aor, URI=f"sip:{user}@192.0.2.1", Status=status, RoundtripUsec="N/A")


def contact_status(aor: str, user: str, status: str) -> str:
    uri = f"sip:{user}@192.0.2.1"
    return text("ContactStatus", URI=uri, ContactStatus=status, AOR=aor, EndpointName=aor, RoundtripUsec=0)


def peer(name: str, status: str) -> str:
    return text("PeerEntry", Channeltype="IAX2", ObjectName=name, Status=status)


def peer_status(name: str, status: str) -> str:
    return text("PeerStatus", ChannelType="IAX2", Peer=f"IAX2/{name}", PeerStatus=status)


def _endpoints(items: list[Event]) -> Any:
    from ami_typed.live.endpoints import Listed, Lists, State, _peer_state

    lists = Lists()
    for item in named(items, "EndpointList"):
        lists.endpoints[f"PJSIP/{item.object_name}"] = Listed(tuple(item.aors), item.device_state)
    for item in named(items, "PeerEntry"):
        lists.endpoints[f"IAX2/{item.object_name}"] = Listed(status=_peer_state(item.status))
    for item in named(items, "ContactStatusDetail"):
        lists.contacts[f"{item.aor}/{item.uri}"] = State(item.aor, item.uri, item.status)
    return lists


ENDPOINTS = World(
    "endpoints",
    {
        "a": endpoint("a", "Not in use"),
        "b": endpoint("b", "Unavailable"),
        "ca": contact("a", "a", "Reachable"),
        "x": peer("x", "OK (3 ms)"),
    },
    [
        Step(device("PJSIP/a", "INUSE"), {"a": endpoint("a", "In use")}),
        Step(contact_status("b", "b", "NonQualified"), {"cb": contact("b", "b", "NonQualified")}),
        Step(device("PJSIP/b", "NOT_INUSE"), {"b": endpoint("b", "Not in use")}),
        Step(contact_status("a", "a", "Unreachable"), {"ca": contact("a", "a", "Unreachable")}),
        Step(contact_status("a", "a", "Removed"), {"ca": None}),
        Step(peer_status("x", "Unreachable"), {"x": peer("x", "UNREACHABLE")}),
    ],
    _endpoints,
    lambda model: sorted(
        (each.name, each.device_state, each.status, sorted((one.uri, one.status) for one in each.contacts))
        for each in model.endpoints
    ),
)

# Queues


def queue(name: str) -> str:
    counts = {"Max": 0, "Strategy": "ringall", "Calls": 0, "Holdtime": 0, "TalkTime": 0, "Completed": 0, "Abandoned": 0}
    levels = {"ServiceLevel": 20, "ServicelevelPerf": "0.0", "ServicelevelPerf2": "0.0", "Weight": 0}
    return text("QueueParams", Queue=name, **counts, **levels)


def member(event: str, name: str, user: str, *, status: int = 1, paused: bool = False, penalty: int = 0) -> str:
    interface = f"PJSIP/{user}"
    who = (
        {"Name": user, "Location": interface}
        if event == "QueueMember"
        else {"MemberName": user, "Interface": interface}
    )
    state = {"Status": status, "Paused": int(paused), "Penalty": penalty, "Membership": "dynamic", "CallsTaken": 0}
    rest = {"LastCall": 0, "LastPause": 0, "LoginTime": 0, "InCall": 0, "PausedReason": "", "Ringinuse": 1}
    return text(event, Queue=name, **who, StateInterface=interface, **state, **rest, Wrapuptime=0)


def caller(event: str, name: str, number: int, position: int) -> str:
    more = {"Wait": 1} if event == "QueueEntry" else {"Count": 1}
    return text(event, Queue=name, Position=position, **more, **snapshot("PJSIP/w", number))


def _queues(items: list[Event]) -> Any:
    from ami_typed.live.queueing import QueueLists

    params, members, entries = (named(items, each) for each in ("QueueParams", "QueueMember", "QueueEntry"))
    return QueueLists(params, members, entries, complete=True)


QUEUES = World(
    "queues",
    {
        "a": queue("a"),
        "b": queue("b"),
        "m1": member("QueueMember", "a", "u"),
        "m2": member("QueueMember", "a", "v", paused=True),
        "w1": caller("QueueEntry", "a", 1, 1),
    },
    [
        Step(caller("QueueCallerJoin", "a", 2, 2), {"w2": caller("QueueEntry", "a", 2, 2)}),
        Step(member("QueueMemberPause", "a", "u", paused=True), {"m1": member("QueueMember", "a", "u", paused=True)}),
        Step(member("QueueMemberPause", "a", "v"), {"m2": member("QueueMember", "a", "v")}),
        Step(member("QueueMemberStatus", "a", "v", status=2), {"m2": member("QueueMember", "a", "v", status=2)}),
        Step(member("QueueMemberAdded", "b", "u"), {"m3": member("QueueMember", "b", "u")}),
        Step(member("QueueMemberPenalty", "b", "u", penalty=3), {"m3": member("QueueMember", "b", "u", penalty=3)}),
        Step(caller("QueueCallerLeave", "a", 1, 1), {"w1": None, "w2": caller("QueueEntry", "a", 2, 1)}),
        Step(member("QueueMemberRemoved", "a", "v", status=2), {"m2": None}),
    ],
    _queues,
    lambda model: sorted(
        (
            each.name,
            [one.uniqueid for one in each.callers],
            sorted((one.name, one.status, one.paused, one.penalty) for one in each.members.values()),
        )
        for each in model.queues
    ),
)

WORLDS = [AGENTS, CONFERENCES, DEVICES, ENDPOINTS, EXTENSIONS, MAILBOXES, PARKING, QUEUES]
