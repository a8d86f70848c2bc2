"""An attribute is of its type, and may be None where the header may be missing: each line against it is marked."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import Event, aggregates, enums, events, responses

if TYPE_CHECKING:
    from datetime import timedelta


def names(hangup: events.Hangup) -> None:
    hangup.chanel  # refused: attr-defined | reportAttributeAccessIssue
    hangup.Channel  # refused: attr-defined | reportAttributeAccessIssue
    hangup.channel_name  # refused: attr-defined | reportAttributeAccessIssue
    hangup.queue  # refused: attr-defined | reportAttributeAccessIssue
    events.Hangupp  # refused: attr-defined | reportAttributeAccessIssue
    events.NewExten  # refused: attr-defined | reportAttributeAccessIssue
    enums.HangupCauses  # refused: attr-defined | reportAttributeAccessIssue
    enums.DialStatus.BUZY  # refused: attr-defined | reportAttributeAccessIssue


def text_and_numbers(hangup: events.Hangup, params: events.QueueParams, member: events.QueueMember) -> None:
    cause: str = hangup.cause  # refused: assignment | reportAssignmentType
    channel: int = hangup.channel  # refused: assignment | reportAssignmentType
    hangup.caller_id_num.upper()  # refused: union-attr | reportOptionalMemberAccess
    hangup.cause.upper()  # refused: attr-defined | reportAttributeAccessIssue
    params.servicelevel_perf2 + 1  # refused: operator | reportOptionalOperand
    level: int = params.servicelevel_perf  # refused: assignment | reportAssignmentType
    paused: str = member.paused  # refused: assignment | reportAssignmentType
    member.penalty.value  # refused: attr-defined | reportAttributeAccessIssue
    print(cause, channel, level, paused)
    print(hangup.cause == "16")  # refused: comparison-overlap | reportUnnecessaryComparison


def times(connect: events.AgentConnect, contact: events.ContactStatus, record: events.Cdr) -> None:
    connect.hold_time + 1  # refused: operator | reportOperatorIssue
    hold: int = connect.hold_time  # refused: assignment | reportAssignmentType
    contact.roundtrip_usec.total_seconds()  # refused: union-attr | reportOptionalMemberAccess
    record.start_time + 5  # refused: operator | reportOperatorIssue
    record.answer_time.year  # refused: union-attr | reportOptionalMemberAccess
    length: timedelta = record.start_time  # refused: assignment | reportAssignmentType
    print(hold, length)


def vocabularies(end: events.DialEnd, state: events.Newstate) -> None:
    status: enums.ChannelState = end.dial_status  # refused: assignment | reportAssignmentType
    end.dial_status.upper  # accepted: a member of a vocabulary of words is text
    state.channel_state.upper()  # refused: attr-defined | reportAttributeAccessIssue
    print(status)
    print(end.dial_status is enums.ChannelState.BUSY)  # refused: comparison-overlap | reportUnnecessaryComparison


def several(called: events.AgentCalled, rtcp: events.RTCPReceived, failed: events.ChallengeResponseFailed) -> None:
    called.chan_variable.append("a")  # refused: attr-defined | reportAttributeAccessIssue
    called.chan_variable["A"] + 1  # refused: operator | reportOperatorIssue
    rtcp.report_dlsr[0]  # refused: index | reportArgumentType
    failed.remote_address.ip  # refused: attr-defined | reportAttributeAccessIssue
    failed.remote_address.split("/")  # refused: attr-defined | reportAttributeAccessIssue
    called.chan_variable.values().real  # refused: attr-defined | reportAttributeAccessIssue


def written(hangup: events.Hangup) -> None:
    hangup.channel = "a"  # refused: arg-type | reportAttributeAccessIssue
    hangup["Cause"] = 16  # refused: assignment | reportArgumentType
    events.Hangup(channel=5)  # refused: arg-type | reportArgumentType
    events.Hangup(channel=None)  # refused: arg-type | reportArgumentType
    events.Hangup(chanel="a")  # refused: call-arg | reportCallIssue
    events.Hangup(cause="16")  # refused: arg-type | reportArgumentType
    events.Hangup(snapshot=hangup.snapshot)  # refused: call-arg | reportCallIssue
    events.Hangup(16)  # refused: arg-type | reportArgumentType
    events.HangupRequest(cause=16)  # refused: arg-type | reportArgumentType
    events.QueueMemberStatus(login_time=5)  # refused: arg-type | reportArgumentType
    events.AgentCalled(chan_variable=["A=1"])  # refused: arg-type | reportArgumentType
    responses.Challenge(chalenge="1")  # refused: call-arg | reportCallIssue
    aggregates.QueueStatus(members=[hangup])  # refused: list-item | reportArgumentType
    aggregates.QueueStatus(complete=[])  # refused: arg-type | reportArgumentType


def matched(event: Event) -> None:
    event.channel  # refused: attr-defined | reportAttributeAccessIssue
    match event:
        case events.Hangup(chanel=_):  # refused: misc | reportUnknownVariableType
            pass
        case _:
            pass
