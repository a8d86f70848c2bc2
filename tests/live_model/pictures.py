"""Draw each kind of call: ``python -m tests.live_model.pictures`` writes the page `docs/pages/flows.md`.

Rules of this module:

- Every picture is a conversation played into the model, with the changes that the model reports as its arrows.
- The test compares the page with what this module would write.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ami_typed import live
from tests.live_model import conversations
from tests.live_model.flows import Played
from tests.live_model.pbx import Channel, Pbx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "flows.md"
HEAD = """\
# Calls in pictures

Each picture shows a kind of call and the changes that `pbx.changes()` yields for it, in order. They are drawn from events as Asterisk sends
them, by `python -m tests.live_model.pictures`. [Calls and queues](live.md#changes) explains the changes.
"""


def answered(pbx: Pbx) -> None:
    """Alice calls Bob, who answers. Alice hangs up."""
    alice, bob, bridge = conversations.talk(pbx)
    pbx.end(bridge, alice, bob)


def unanswered(pbx: Pbx, status: str = "NOANSWER", cause: int = 19) -> None:
    """Bob does not answer in time."""
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    pbx.dialed(alice, bob, status)
    pbx.hang_up(bob, cause)
    pbx.hang_up(alice, cause)


def rejected(pbx: Pbx) -> None:
    """Bob rejects the call."""
    unanswered(pbx, "BUSY", 21)


def canceled(pbx: Pbx) -> None:
    """Alice hangs up before Bob answers."""
    unanswered(pbx, "CANCEL", 0)


def held(pbx: Pbx) -> None:
    """Bob puts Alice on hold for a while."""
    alice, bob, bridge = conversations.talk(pbx)
    pbx.tell("Hold", bob.lines())
    pbx.tell("Unhold", bob.lines())
    pbx.end(bridge, alice, bob)


def forwarded(pbx: Pbx) -> None:
    """Bob's phone forwards the call to Carol."""
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    bob = pbx.new("PJSIP/bob", "202", of=alice)
    pbx.dial(alice, bob)
    one, two = pbx.local("203", of=alice)
    pbx.tell("DialEnd", alice.lines(), bob.lines("Dest"), ["DialStatus: CANCEL", "Forward: Local/203@default"])
    pbx.hang_up(bob, 0)
    pbx.dial(alice, one)
    carol = pbx.ring(two, "PJSIP/carol", "203")
    inner = pbx.answer(two, carol)
    pbx.state(one, "Up")
    outer = pbx.answer(alice, one)
    pbx.end(outer, alice, one)
    pbx.end(inner, two, carol)


def click_to_dial(pbx: Pbx) -> None:
    """Asterisk calls Alice and, when she answers, Bob for her."""
    alice = pbx.new("PJSIP/alice", "201")
    pbx.dial(None, alice)
    pbx.state(alice, "Ringing")
    pbx.state(alice, "Up")
    pbx.dialed(None, alice, "ANSWER")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    bridge = pbx.answer(alice, bob)
    pbx.end(bridge, bob, alice)


def accepted_by_key(pbx: Pbx) -> None:
    """Bob's mobile phone asks him to press a key before it connects him: he has answered only then."""
    alice = pbx.call_in("PJSIP/alice", "201", "202")
    bob = pbx.ring(alice, "PJSIP/bob", "202")
    pbx.state(bob, "Up")
    pbx.dialed(alice, bob, "ANSWER")
    pbx.state(alice, "Up")
    bridge = pbx.bridge(bob, alice)
    pbx.end(bridge, alice, bob)


def _queued(pbx: Pbx) -> tuple[Channel, str]:
    alice = pbx.call_in("PJSIP/alice", "201", "500")
    pbx.state(alice, "Up")
    pbx.queued("QueueCallerJoin", alice)
    return alice, "support"


def queue_answered(pbx: Pbx) -> None:
    """Alice waits in the queue until Bob, an agent, answers."""
    alice, _ = _queued(pbx)
    bob = pbx.ring(alice, "PJSIP/bob", "500")
    pbx.state(bob, "Up")
    pbx.dialed(alice, bob, "ANSWER")
    pbx.queued("QueueCallerLeave", alice)
    bridge = pbx.bridge(bob, alice)
    pbx.end(bridge, alice, bob)


def queue_abandoned(pbx: Pbx) -> None:
    """Alice hangs up while she waits in the queue."""
    alice, _ = _queued(pbx)
    bob = pbx.ring(alice, "PJSIP/bob", "500")
    pbx.dialed(alice, bob, "CANCEL")
    pbx.hang_up(bob, 0)
    pbx.queued("QueueCallerAbandon", alice, "HoldTime: 12", "OriginalPosition: 1")
    pbx.queued("QueueCallerLeave", alice)
    pbx.hang_up(alice)


def blind_unanswered(pbx: Pbx) -> None:
    """Alice transfers Bob to Carol's number, where nobody answers."""
    alice, bob, bridge = conversations.talk(pbx)
    pbx.blind_transfer(bridge, alice, bob, "203")
    carol = pbx.ring(bob, "PJSIP/carol", "203")
    pbx.dialed(bob, carol, "NOANSWER")
    pbx.hang_up(carol, 19)
    pbx.hang_up(bob, 19)


PICTURES: tuple[tuple[str, Callable[[Pbx], object]], ...] = (
    ("A call that is answered", answered),
    ("A call that is not answered", unanswered),
    ("A call that is rejected", rejected),
    ("A call that the caller gives up", canceled),
    ("A call on hold", held),
    ("A ring group", conversations.ring_group),
    ("A forwarded call", forwarded),
    ("A call through a Local channel", conversations.seen_through),
    ("A call that must be accepted by a key", accepted_by_key),
    ("Click-to-dial", click_to_dial),
    ("A queue", queue_answered),
    ("A queue that the caller leaves", queue_abandoned),
    ("A pick-up", conversations.picked_up),
    ("A blind transfer", conversations.blind_transfer),
    ("A blind transfer that is not answered", blind_unanswered),
    ("An attended transfer", conversations.attended_transfer),
    ("An attended transfer by feature codes", conversations.attended_transfer_by_keys),
    ("A blonde transfer", conversations.blonde_transfer),
    ("A parked call", conversations.parked),
)
"""The kinds of calls, each with a title."""


def name_of(party: live.Party) -> str:
    """Return the name of a party: ``Alice`` for ``PJSIP/alice-00000001``."""
    return party.channel.partition("/")[2].partition("-")[0].capitalize()


def arrow(change: live.Change) -> str | None:  # noqa: PLR0911 - one for each kind of change
    """Return the line for a change, `None` if it is not worth one."""
    kind = type(change).__name__
    match change:
        case live.CallRinging(caller=caller, callee=callee):
            return f"{name_of(caller)}->>{name_of(callee)}: {kind}"
        case live.CallRingingEnded(caller=caller, callee=callee, outcome=outcome):
            return f"{name_of(callee)}-->>{name_of(caller)}: {kind} ({outcome.value})"
        case live.CallAnswered(caller=caller, callee=callee):
            return f"{name_of(caller)}->{name_of(callee)}: {kind}"
        case live.CallTransferred(transfer=transfer):
            to = ", ".join(map(name_of, transfer.to)) or transfer.extension
            return f"{name_of(transfer.by)}->>{name_of(transfer.party)}: {kind} ({transfer.kind.value}, to {to})"
        case live.CallHeld(by=by) | live.CallResumed(by=by):
            return f"Note over {name_of(by)}: {kind}"
        case live.CallerRinging(party=party) | live.CallParked(party=party) | live.CallRetrieved(party=party):
            return f"Note over {name_of(party)}: {kind}"
        case live.CallAbandoned(caller=caller) | live.CallEnded(caller=live.Party() as caller):
            reason = f" ({change.reason.value})" if isinstance(change, live.CallEnded) else ""
            return f"Note over {name_of(caller)}: {kind}{reason}"
        case live.CallStarted(call=call) | live.CallQueued(call=call) | live.CallLeftQueue(call=call):
            return f"Note over {name_of(call.caller)}: {kind}" if call.caller is not None else None
        case live.CallMerged(call=call) if call.caller is not None:
            return f"Note over {name_of(call.caller)}: {kind}"
        case _:
            return None


def picture(conversation: Callable[[Pbx], object]) -> Iterator[str]:
    """Yield the lines of a picture."""
    pbx = Pbx()
    conversation(pbx)
    model = live.Model()
    lines = [line for event in pbx.events for change in Played([event], model).changes if (line := arrow(change))]
    people = [name for name in ("Alice", "Bob", "Carol") if any(name in line for line in lines)]
    yield "```mermaid"
    yield "sequenceDiagram"
    yield from (f"    participant {name}" for name in people)
    yield from (f"    {line}" for line in lines)
    yield "```"


def page() -> str:
    """Return the page."""
    parts: list[Iterable[str]] = [HEAD.splitlines()]
    for title, conversation in PICTURES:
        parts.append(["", f"## {title}", "", conversation.__doc__ or "", "", *picture(conversation)])
    return "\n".join(line for part in parts for line in part) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
