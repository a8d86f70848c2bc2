"""What the benchmarks send: events, lists and answers as Asterisk 22 writes them, made before anything is timed.

Rules of this module:

- Names, headers and their order are Asterisk's (`channelvars` set, `timestampevents` on); values are made up.
- Every fiftieth event of the stream is a Hangup: the 2 % that some benchmarks want.
- On average an event has 26 headers and about 600 bytes; `python -m benchmarks stream` prints what it is exactly.
- A channel lives for many events, 100 at a time, as on a busy server; each sending of a batch has channels and times of
  its own (`Batch.sent`), so that nothing that remembers earlier bytes looks better than it is.
"""

from __future__ import annotations

import random
from typing import NamedTuple

__all__ = ["END_OF_STREAM", "WANTED", "Batch", "batch", "items", "message"]

WANTED = "Hangup"
END_OF_STREAM = "UserEvent"
"""The event behind the stream, by which a client knows that it has all."""

_HOLE = b"~~~~"
"""Stands where each sending of a batch has another number."""

Headers = list[tuple[str, str]]

_CYCLE = (
    *("VarSet",) * 11,
    *("Newexten",) * 8,
    *("Newstate",) * 4,
    *("BridgeEnter",) * 4,
    *("BridgeLeave",) * 4,
    *("DialBegin",) * 4,
    *("DialEnd",) * 4,
    *("AgentCalled",) * 4,
    *("RTCPReceived",) * 5,
    "Newchannel",
)
"""The kinds of 49 events of a busy call centre; the Hangup comes behind them."""


class Batch(NamedTuple):
    """A piece of the stream that is sent again and again.

    Attributes:
        octets: Its bytes.
        events: How many events it holds.
        headers: How many headers they have on average.
    """

    octets: bytes
    events: int
    headers: float

    def sent(self, number: int) -> bytes:
        """Return the bytes to send for the ``number``-th time."""
        return self.octets.replace(_HOLE, b"%04d" % (number % 10_000))


def message(headers: Headers) -> bytes:
    """Write one message."""
    return "".join((*(f"{name}: {value}\r\n" for name, value in headers), "\r\n")).encode()


def batch(cycles: int = 40) -> Batch:
    """Make a piece of the stream: 50 events a cycle, no two alike, the same on every run."""
    chance = random.Random(5038)
    living = [_channel(chance) for _ in range(100)]
    events: list[Headers] = []
    for _ in range(cycles):
        kinds = list(_CYCLE)
        chance.shuffle(kinds)
        events += [_event(kind, living, chance) for kind in kinds]
        events.append(_event(WANTED, [living.pop(chance.randrange(100))], chance))
        living.append(_channel(chance))
    return Batch(b"".join(map(message, events)), len(events), sum(map(len, events)) / len(events))


def items(count: int, action_id: str) -> bytes:
    """Write the answer to CoreShowChannels and its list of ``count`` channels."""
    chance = random.Random(5038)
    answer = [("Response", "Success"), ("ActionID", action_id), ("EventList", "start"), ("Message", "Channels follow")]
    listed = [
        [
            ("Event", "CoreShowChannel"),
            ("ActionID", action_id),
            *_channel(chance),
            ("BridgeId", ""),
            ("Application", "Dial"),
            ("ApplicationData", "PJSIP/2001,30,tT"),
            ("Duration", f"00:{chance.randrange(60):02}:{chance.randrange(60):02}"),
        ]
        for _ in range(count)
    ]
    complete = [
        ("Event", "CoreShowChannelsComplete"), ("ActionID", action_id), ("EventList", "Complete"),
        ("ListItems", str(count)),
    ]  # fmt: skip
    return b"".join(map(message, (answer, *listed, complete))).replace(_HOLE, b"0000")


def _event(kind: str, living: list[Headers], chance: random.Random) -> Headers:
    privilege = "agent,all" if kind == "AgentCalled" else "reporting,all" if kind.startswith("RTCP") else "call,all"
    common = [
        ("Event", kind),
        ("Privilege", privilege),
        ("Timestamp", f"17958~~~~{chance.randrange(9)}.{chance.randrange(999999):06}"),
        ("SystemName", "pbx1"),
    ]
    bridge = _bridge(chance) if kind.startswith("Bridge") else []
    callee: Headers = []
    if kind in {"DialBegin", "DialEnd", "AgentCalled"}:
        callee = [("Dest" + name, value) for name, value in chance.choice(living)]
    return [*common, *bridge, *chance.choice(living), *callee, *_own(kind, chance)]


def _own(kind: str, chance: random.Random) -> Headers:
    """Return the headers that only this kind of event has."""
    number = str(chance.randrange(100, 999))
    variables = [("ChanVariable", f"CAMPAIGN=spring-{number}"), ("ChanVariable", "ORDER=42")]
    own: dict[str, Headers] = {
        "VarSet": [("Variable", "DIALSTATUS"), ("Value", f"ANSWER {number}")],
        "Newexten": [("Extension", number), ("Application", "Set"), ("AppData", f"CHANNEL(language)=en-{number}")],
        "Hangup": [*variables, ("Cause", "16"), ("Cause-txt", "Normal Clearing")],
        "DialBegin": [("DialString", f"2001/sip:2001@192.0.2.{number}")],
        "DialEnd": [("DialStatus", "ANSWER")],
        "AgentCalled": [("Queue", "sales"), ("MemberName", f"Agent {number}"), ("Interface", f"PJSIP/2{number}")],
        "RTCPReceived": _rtcp(chance),
        "Newchannel": variables,
    }
    return own.get(kind, [])


def _channel(chance: random.Random) -> Headers:
    """Return the snapshot of a channel, as Asterisk writes it into most of its events."""
    extension, serial = chance.randrange(1000, 9999), chance.randrange(1 << 16)
    unique = f"17958~~~~{chance.randrange(9)}.{chance.randrange(99999)}"
    state = chance.choice((("0", "Down"), ("4", "Ring"), ("5", "Ringing"), ("6", "Up")))
    values = {
        "Channel": f"PJSIP/{extension}-~~~~{serial:04x}",
        "ChannelState": state[0],
        "ChannelStateDesc": state[1],
        "CallerIDNum": str(extension),
        "CallerIDName": f"Desk {extension}",
        "ConnectedLineNum": f"0{chance.randrange(10**9):09}",
        "ConnectedLineName": "<unknown>",
        "Language": "en",
        "AccountCode": "",
        "Context": "from-internal",
        "Exten": str(chance.randrange(1000, 9999)),
        "Priority": str(chance.randrange(1, 40)),
        "Uniqueid": unique,
        "Linkedid": unique,
    }
    return list(values.items())


def _bridge(chance: random.Random) -> Headers:
    identity = f"{chance.randrange(1 << 128):032x}"
    return [
        ("BridgeUniqueid", f"{identity[:8]}-{identity[8:12]}-{identity[12:16]}-{identity[16:20]}-{identity[20:]}"),
        ("BridgeType", "basic"),
        ("BridgeTechnology", "simple_bridge"),
        ("BridgeCreator", "<unknown>"),
        ("BridgeName", "<unknown>"),
        ("BridgeNumChannels", "2"),
        ("BridgeVideoSourceMode", "none"),
    ]


def _rtcp(chance: random.Random) -> Headers:
    """Return what a receiver's report says, one block."""
    report = {
        "SourceSSRC": f"0x{chance.randrange(1 << 32):08x}",
        "FractionLost": "0",
        "CumulativeLost": str(chance.randrange(9)),
        "HighestSequence": str(chance.randrange(65536)),
        "SequenceNumberCycles": "0",
        "IAJitter": str(chance.randrange(200)),
        "LSR": str(chance.randrange(1 << 32)),
        "DLSR": f"{chance.random() * 5:.4f}",
    }
    head = [
        ("To", "192.0.2.1:10001"), ("From", f"192.0.2.{chance.randrange(255)}:10001"), ("RTT", "0.0010"),
        ("SSRC", f"0x{chance.randrange(1 << 32):08x}"), ("PT", "201(RR)"), ("ReportCount", "1"),
    ]  # fmt: skip
    return [*head, *(("Report0" + name, value) for name, value in report.items())]
