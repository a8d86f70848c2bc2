"""The record of a call: one frozen row."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ami_typed.live.parties import Attempt, Direction, EndReason, Hold, Party, Transfer

__all__ = ["CallRecord"]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call as one row. All times are those of this program's clock, as passed to the model."""

    id: str
    """The Linkedid with which the call began."""
    direction: Direction | None
    """`None` unless trunks or contexts are declared."""
    caller: Party | None
    callee: Party | None
    """The party that answered last; `None` if none did."""
    dialed: str | None
    """The number that the caller dialled."""
    caller_sees: tuple[str | None, str | None]
    """The callee's number and name as shown to the caller."""
    callee_sees: tuple[str | None, str | None]
    """The caller's number and name as shown to the callee."""
    started_at: datetime
    answered_at: datetime | None
    """When the first callee answered."""
    ended_at: datetime | None
    talk_time: timedelta
    """How long two or more parties heard each other."""
    attempts: tuple[Attempt, ...]
    """The phones that rang, each with its outcome."""
    transfers: tuple[Transfer, ...]
    holds: tuple[Hold, ...]
    queue: str | None
    """The last queue in which the caller waited."""
    queue_wait: timedelta
    """How long the caller waited in queues."""
    abandoned: bool
    """Whether the caller gave up waiting in a queue."""
    originated: bool
    """Whether Asterisk set it up, as in click-to-dial: the caller's own phone rang first."""
    reason: EndReason | None
    cause: int | None
    """The hang-up cause of the caller's channel (Q.850); see `ami_typed.enums.HangupCause`."""
    ended_by: Party | None
    """The party that hung up first."""
    recording: str | None
    """The file that MixMonitor recorded to, if reported."""

    def to_dict(self) -> dict[str, Any]:
        """Return a dict that any encoder accepts, with times in ISO 8601 and durations in seconds."""
        return cast("dict[str, Any]", _plain(self))


def _plain(value: Any) -> Any:
    """Convert a value to JSON types."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in cast("Iterable[Any]", value)]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
