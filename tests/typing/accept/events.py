"""An event's attributes have Python's types: what is always sent is there, what may be missing may be None."""

# pyright: strict

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_type

from ami_typed import Event, enums, events
from ami_typed.values import Address


def text_and_numbers(hangup: events.Hangup, params: events.QueueParams, member: events.QueueMember) -> None:
    assert_type(hangup.channel, str)
    assert_type(hangup.caller_id_num, str | None)
    assert_type(hangup.cause, int)
    assert_type(hangup.tenantid, str | None)
    assert_type(params.servicelevel_perf, float)
    assert_type(params.servicelevel_perf2, float | None)
    assert_type(member.penalty, int)
    assert_type(member.paused, bool)


def yes_and_no(
    dnd: events.DNDState, mute: events.MeetmeMute, waiting: events.MessageWaiting, join: events.ConfbridgeJoin
) -> None:
    assert_type(dnd.status, bool)
    assert_type(mute.status, bool)
    assert_type(waiting.waiting, bool)
    assert_type(join.admin, bool)
    assert_type(join.muted, bool | None)


def times(
    connect: events.AgentConnect, digit: events.DTMFEnd, contact: events.ContactStatus, shown: events.CoreShowChannel
) -> None:
    assert_type(connect.hold_time, timedelta)
    assert_type(digit.duration, timedelta)
    assert_type(contact.roundtrip_usec, timedelta | None)
    assert_type(shown.duration, timedelta)


def moments(record: events.Cdr, agent: events.Agents, event: events.CEL) -> None:
    assert_type(record.start_time, datetime)
    assert_type(record.answer_time, datetime | None)
    assert_type(agent.logged_in_time, datetime | None)
    assert_type(event.event_time, datetime)
    assert_type(event.timestamp, datetime | None)


def vocabularies(end: events.DialEnd, state: events.Newstate, bridge: events.BridgeEnter, cel: events.CEL) -> None:
    assert_type(end.dial_status, enums.DialStatus)
    assert_type(state.channel_state, enums.ChannelState)
    name: str = state.channel_state.name
    assert_type(state.channel_state.known, bool)
    assert_type(bridge.bridge_technology, enums.BridgeTechnology)
    assert_type(cel.event_name, enums.CelEvent)
    print(name, end.dial_status == "ANSWER", state.channel_state == 6, state.channel_state is enums.ChannelState.UP)


def several(
    aor: events.AorDetail, fax: events.ReceiveFAX, called: events.AgentCalled, rtcp: events.RTCPReceived
) -> None:
    assert_type(aor.contacts, list[str])
    assert_type(fax.file_names, list[str])
    assert_type(called.chan_variable, dict[str, str])
    assert_type(called.dest_chan_variable, dict[str, str])
    assert_type(rtcp.report_dlsr, dict[str, list[float]])
    assert_type(rtcp.report_cumulative_lost, dict[str, list[int]])


def addresses(failed: events.ChallengeResponseFailed) -> None:
    assert_type(failed.remote_address, Address)
    assert_type(failed.remote_address.host, str)
    assert_type(failed.remote_address.port, int)
    assert_type(failed.severity, enums.Severity)


def any_event(event: Event) -> None:
    assert_type(event.event, str)
    assert_type(event.action_id, str | None)
    assert_type(event.privilege, list[str] | None)
    assert_type(event["Channel"], str)
    assert_type(event.all("ChanVariable"), list[str])
    assert_type(bytes(event), bytes)
    headers, lines = event.process()
    assert_type(headers, dict[str, Any])
    assert_type(lines, list[str])


def matched(event: Event) -> str | None:
    match event:
        case events.Newchannel(channel=channel, caller_id_num=number):
            assert_type(channel, str)
            assert_type(number, str | None)
            return number
        case events.DialEnd(dial_status=enums.DialStatus.BUSY, dest_channel=channel):
            return channel
        case _:
            return None


def of_a_class() -> None:
    privileges: tuple[str, ...] = events.Hangup.privileges
    print(privileges, events.Hangup.releases, events.Hangup({"Event": "Hangup", "Channel": "a"}).channel)
