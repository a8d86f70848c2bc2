"""What goes on at a server, as people see it: calls with their parties, instead of messages about channels."""

from ami_typed.live.bridges import Bridges
from ami_typed.live.calls import Calls
from ami_typed.live.changes import (
    CallAbandoned,
    CallAnswered,
    CallChange,
    CallEnded,
    CallerRinging,
    CallHeld,
    CallLeftQueue,
    CallMerged,
    CallParked,
    CallQueued,
    CallResumed,
    CallRetrieved,
    CallRinging,
    CallRingingEnded,
    CallStarted,
    CallTransferred,
    Change,
)
from ami_typed.live.channels import Channels
from ami_typed.live.joining import Difference
from ami_typed.live.model import CALL_EVENTS, Model, ModelStatistics
from ami_typed.live.objects import Bridge, Call, CallState, Dial, Leg
from ami_typed.live.parties import Attempt, Direction, EndReason, Hold, Outcome, Party, Transfer, TransferKind
from ami_typed.live.records import CallRecord

__all__ = [
    "CALL_EVENTS",
    "Attempt",
    "Bridge",
    "Bridges",
    "Call",
    "CallAbandoned",
    "CallAnswered",
    "CallChange",
    "CallEnded",
    "CallHeld",
    "CallLeftQueue",
    "CallMerged",
    "CallParked",
    "CallQueued",
    "CallRecord",
    "CallResumed",
    "CallRetrieved",
    "CallRinging",
    "CallRingingEnded",
    "CallStarted",
    "CallState",
    "CallTransferred",
    "CallerRinging",
    "Calls",
    "Change",
    "Channels",
    "Dial",
    "Difference",
    "Direction",
    "EndReason",
    "Hold",
    "Leg",
    "Model",
    "ModelStatistics",
    "Outcome",
    "Party",
    "Transfer",
    "TransferKind",
]
