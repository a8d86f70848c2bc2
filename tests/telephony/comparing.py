"""Compares what a scene gave on one stage with what it gave on another.

- Identifiers are replaced by names, in the order in which channels and bridges begin; what depends on time is left out.
- Servers handle each channel in a thread of its own, so events of different channels come in any order. What is compared is
  what happened to each channel and each bridge, in order, and all events together without order.
- `known.toml` lists the differences that remain, with reasons.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Lines = list[tuple[str, str]]
Log = list[tuple[str, str, Lines]]
"""What came: a kind (A an answer, L an item of a list, E an event), a name and headers."""

UNRELATED = frozenset({
    "CEL", "Cdr", "RTCPSent", "RTCPReceived", "TestEvent", "Registry", "ContactStatus", "PeerStatus",
    "SuccessfulAuth", "ChallengeSent", "DeviceStateChange", "ExtensionStatus", "PresenceStatus", "MessageWaiting",
})  # fmt: skip
"""Events that are not part of calls, or that a server sends for reasons of its own."""
UNLISTED = frozenset({
    "DeviceStateChange", "ExtensionStatus", "PresenceStateChange", "EndpointList", "ContactList",
    "DeviceStateListComplete", "ExtensionStateListComplete", "EndpointListComplete", "ContactListComplete",
    "PresenceStateListComplete",
})  # fmt: skip
"""Items of lists that depend on what else the server has."""
LEFT_OUT = {
    "Event", "Privilege", "Timestamp", "SequenceNumber", "File", "Line", "Func", "ActionID",
}  # fmt: skip
VOLATILE = {
    "Duration", "Seconds", "HoldTime", "Holdtime", "TalkTime", "RingTime", "LoginTime", "LastPause", "LastCall",
    "CallsTaken", "AnsweredTime", "Logintime", "QueueParams Completed", "QueueParams Abandoned",
    "AgentCalled DestChannelState", "AgentCalled DestChannelStateDesc", "QueueMemberStatus InCall",
    "ParkingDuration", "Wait", "LongestHoldTime", "CoreStartupDate", "CoreStartupTime", "CoreReloadDate",
    "CoreReloadTime", "CoreProcessedCalls", "LoggedInTime", "ServicelevelPerf", "ServicelevelPerf2",
    "DialBegin DestChannelState", "DialBegin DestChannelStateDesc", "ParkingTimeout", "TalkingToChan",
    "DialState DestChannelState", "DialState DestChannelStateDesc",
}  # fmt: skip
"""Headers whose values depend on the time that passes, or on which thread is first."""
_TIMED = re.compile(
    r".*TIME(_MS)?|QUEUEWAIT(_MS)?|MEMBERCALLS|MEMBERLASTCALL|QUEUE(COMPLETED|ABANDONED|SRVLEVELPERF)|RTPAUDIO.*|BRIDGEPVTCALLID|.*ANNOUNCE.*|QUEUEPOSITION"
)
_IDS = re.compile(
    r"(?P<channel>(?:Local|PJSIP|CBAnn)/[^\s;,&|]+-[0-9a-f]{8}(?:;[12])?)|(?P<unique>\d{10}\.\d+)"
    r"|(?P<bridge>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
)
_CHANNEL = (
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum",
    "ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid",
)  # fmt: skip
_BRIDGE = (
    "BridgeUniqueid", "BridgeType", "BridgeTechnology", "BridgeCreator", "BridgeName", "BridgeNumChannels",
    "BridgeVideoSourceMode",
)  # fmt: skip
ASIDE = {
    "OriginateResponse", "AgentComplete", "UnParkedCall", "ParkedCallGiveUp", "ParkedCallTimeOut",
    "ParkedCall", "BlindTransfer", "AttendedTransfer", "ConfbridgeLeave", "ConfbridgeEnd",
}  # fmt: skip
"""Events that other threads than those of their channels send, so that their place among the others differs."""
_ABOUT = re.compile(r"[A-Za-z0-9]*Channel|BridgeUniqueid")


class Names:
    """Gives each channel and bridge a name by the order in which it is met."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def of(self, text: str) -> str:
        """Return a text with identifiers replaced."""
        return _IDS.sub(self._name, text)

    def _name(self, found: re.Match[str]) -> str:
        kind, text = found.lastgroup or "", found[0]
        if text not in self._known:
            self._counts[kind] += 1
            self._known[text] = f"<{kind} {self._counts[kind]}>"
        return self._known[text]


def shape(name: str, lines: Lines, names: Names) -> str:
    """Return one message in one line: its name, and its headers, of which those of a snapshot are joined."""
    given = dict(lines)
    found: Lines = []
    for header, value in lines:
        if header in LEFT_OUT:
            continue
        timed = header in VOLATILE or f"{name} {header}" in VOLATILE
        timed = timed or (header == "Value" and bool(_TIMED.fullmatch(given.get("Variable", ""))) and value != "")
        found.append((names.of(header), "..." if timed else names.of(value).rstrip("\n")))
    return " ~ ".join([name, *(f"{header}: {value}" for header, value in _joined(found))])


def _joined(lines: Lines) -> Lines:
    """Return headers with whole snapshots joined into one."""
    found: Lines = []
    position = 0
    while position < len(lines):
        header, value = lines[position]
        for members in (_CHANNEL, _BRIDGE):
            prefix = header.removesuffix(members[0])
            length = len(members)
            if [name for name, _ in lines[position : position + length]] == [prefix + each for each in members]:
                value = "|".join(text for _, text in lines[position : position + length])
                position += length - 1
                break
        found.append((header, value))
        position += 1
    return found


class Played(NamedTuple):
    """What a scene gave.

    Attributes:
        events: The events, in order.
        answers: The answers, in order.
        items: The items of lists.
    """

    events: list[str]
    answers: list[str]
    items: list[str]

    @classmethod
    def of(cls, log: Log) -> Played:
        """Return what is compared of a log."""
        names = Names()
        for _, event, lines in log:
            if event in ("Newchannel", "BridgeCreate"):
                shape(event, lines, names)
        told = [(kind, event, shape(event, lines, names)) for kind, event, lines in log]
        return cls(
            [text for kind, event, text in told if kind == "E" and event not in UNRELATED],
            [text for kind, _, text in told if kind == "A"],
            [text for kind, event, text in told if kind == "L" and event not in UNLISTED],
        )


def subjects(event: str) -> set[str]:
    """Return the channels and bridges that an event is about and whose order of events it belongs to."""
    name, *headers = event.split(" ~ ")
    if name in ASIDE:
        return set()
    left_out = {"DialBegin": "DestChannel", "DialState": "Channel"}.get(name)
    pairs = [header.partition(": ") for header in headers]
    return {
        value.partition("|")[0]
        for header, _, value in pairs
        if header != left_out and _ABOUT.fullmatch(header) and value.startswith("<")
    }


def by_subject(events: Iterable[str]) -> dict[str, list[str]]:
    """Return the events of each channel and bridge, in order."""
    found: dict[str, list[str]] = {}
    for event in events:
        for subject in sorted(subjects(event)):
            found.setdefault(subject, []).append(event)
    return found


class Known:
    """The differences that are known."""

    def __init__(self) -> None:
        text = (Path(__file__).parent / "known.toml").read_text("utf-8")
        self.entries: list[dict[str, Any]] = tomllib.loads(text)["difference"]
        self.used: set[int] = set()

    def without(self, scene: str, release: str, texts: Iterable[str]) -> list[str]:
        """Return messages without those, and those parts of them, that are known to differ."""
        found = list(texts)
        for number, entry in enumerate(self.entries):
            if scene not in entry.get("scenes", [scene]) or release not in entry.get("releases", [release]):
                continue
            pattern = re.compile(entry["text"])
            changed = [pattern.sub(entry["as"], text) for text in found] if "as" in entry else found
            changed = changed if "as" in entry else [text for text in found if not pattern.search(text)]
            if changed != found:
                self.used.add(number)
            found = changed
        return found


def differences(known: Known, scene: str, release: str, expected: Played, found: Played) -> list[str]:
    """Return how what was found differs from what was expected, one line each."""

    def of(texts: Iterable[str]) -> list[str]:
        return known.without(scene, release, texts)

    events = of(expected.events), of(found.events)
    troubles = _unlike("event", *events)
    if not troubles:
        wanted, given = by_subject(events[0]), by_subject(events[1])
        troubles += [
            f"the events of {subject} come in another order:\n"
            + "\n".join(
                f"  {a[:150]}\n  {b[:150]}" for a, b in zip(wanted[subject], given[subject], strict=True) if a != b
            )
            for subject in wanted
            if wanted[subject] != given[subject]
        ]
    troubles += _unlike("item", of(expected.items), of(found.items))
    answers = of(expected.answers), of(found.answers)
    return troubles + [f"answer {a}\n   not {b}" for a, b in zip(*answers, strict=False) if a != b]


def _unlike(what: str, expected: Iterable[str], found: Iterable[str]) -> list[str]:
    wanted, given = Counter(expected), Counter(found)
    missing = [f"missing {what}: {text}" for text in (wanted - given)]
    return missing + [f"another {what}: {text}" for text in (given - wanted)]
