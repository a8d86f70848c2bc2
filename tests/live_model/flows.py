"""Recorded conversations: a file of events, played into the model, and what happened in it as steps of people.

A flow is a text of messages in AMI's form. Its steps are a list of dicts: which party rang, who talked, who handed over
to whom, and how it ended. `Played` says the model's changes in these words.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ami_typed import events, live
from ami_typed.enums import DialStatus
from ami_typed.messages import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

C = TypeVar("C", bound=live.Change)

SHARED = Path(__file__).parents[3] / "shared" / "call-flows"
"""Flows of a real telephone system; not part of the repository."""

START = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)


def events_of(text: str) -> list[Event]:
    """Return the events of a flow."""
    return [event_of(block) for block in text.replace("\r\n", "\n").split("\n\n") if block.startswith("Event: ")]


def event_of(block: str) -> Event:
    """Return the event that lines of text are."""
    lines = [line for line in block.splitlines() if line]
    cls = getattr(events, lines[0].partition(": ")[2], Event)
    made: Event = cls.of("\r\n".join(lines).encode())
    return made


class Played:
    """A model into which a flow was played, one event a second; what changed, and that in the words of people."""

    def __init__(self, flow: Iterable[Event], model: live.Model | None = None) -> None:
        self.model = model or live.Model()
        self.changes: list[live.Change] = []
        self.steps: list[dict[str, Any]] = []
        steps = _Steps()
        for number, event in enumerate(flow):
            changes = self.model.apply(event, START + timedelta(seconds=number))
            self.changes += changes
            self.steps += steps.of(changes)

    def of(self, *kinds: type[C]) -> list[C]:
        """Return the changes of some classes."""
        return [each for each in self.changes if isinstance(each, kinds)]


def _party(party: live.Party) -> dict[str, Any]:
    return {"channel": party.channel, "number": party.number}


class _Steps:
    """The translation, which remembers which transfers were told."""

    def __init__(self) -> None:
        self.told: list[live.Transfer] = []

    def of(self, changes: Iterable[live.Change]) -> Iterator[dict[str, Any]]:
        for change in changes:
            step = self.step(change)
            if step is not None:
                yield step

    def step(self, change: live.Change) -> dict[str, Any] | None:
        match change:
            case live.CallRinging():
                return self.rings(change)
            case live.CallRingingEnded():
                return _ringing_ended(change)
            case live.CallAnswered(caller=caller, callee=callee):
                return {"step": "up", "caller": _party(caller), "target": _party(callee)}
            case live.CallTransferred(transfer=transfer):
                return _transfer(transfer)
            case _:
                return _end(change)

    def rings(self, change: live.CallRinging) -> dict[str, Any] | None:
        """A blind transfer is told when the first telephone of the new party rings, with all that are dialled."""
        transfer = change.transfer
        if transfer is None:
            return _step("b_dial", change.caller, [change.callee])
        if transfer in self.told:
            return None
        self.told.append(transfer)
        targets = [dial.target.party for dial in change.call.dialing]
        return _step("blind_transfer", change.caller, targets, transferer=_party(transfer.by))


def _ringing_ended(change: live.CallRingingEnded) -> dict[str, Any] | None:
    """The recorded steps tell only of ends that came from the telephone itself, and of none in click-to-dial."""
    by_others = change.status == DialStatus.CANCEL and change.outcome is not live.Outcome.CANCELED
    if by_others or change.call.originated:
        return None
    status = change.status
    reason = "no-answer" if status is None or status == DialStatus.NO_ANSWER else str(status.value).lower()
    return _step("b_dial_end", change.caller, [change.callee], reason=reason)


def _end(change: live.Change) -> dict[str, Any] | None:
    match change:
        case live.CallAbandoned(caller=caller):
            return {"step": "queue_caller_abandon", "caller": _party(caller)}
        case live.CallEnded(caller=live.Party() as caller, reason=reason):
            return {"step": "hangup", "caller": _party(caller), "reason": reason.value}
        case _:
            return None


def _transfer(transfer: live.Transfer) -> dict[str, Any] | None:
    if transfer.kind is live.TransferKind.BLIND:
        return None  # told when the new party's telephone rings
    if transfer.kind is live.TransferKind.BLONDE:
        return _step("blonde_transfer", transfer.party, transfer.to, transferer=_party(transfer.by))
    target = _party(transfer.to[0]) if transfer.to else None
    parties = {"caller": _party(transfer.party), "transferer": _party(transfer.by), "target": target}
    return {"step": "attended_transfer", **parties}


def _step(step: str, caller: live.Party, targets: Iterable[live.Party], **more: Any) -> dict[str, Any]:
    return {"step": step, "caller": _party(caller), "targets": [_party(each) for each in targets], **more}
