"""Events, answers and lists are made with typed keywords, and in every form that they are received in."""

# pyright: strict

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

from ami_typed import Answer, Event, Message, aggregates, enums, events, responses
from ami_typed.fields import Always, Sometimes
from ami_typed.structures import Unit
from ami_typed.values import Address, integer, text


class TrunkUp(events.ChannelEvent):
    """An event of a program's own."""

    level: Always[int] = Always("Level", integer)
    note: Sometimes[str] = Sometimes("Note", text)


def with_keywords() -> None:
    hangup = events.Hangup(channel="PJSIP/alice-00000001", cause=16, cause_txt="Normal Clearing", tech_cause=None)
    assert_type(hangup, events.Hangup)
    assert_type(hangup.cause, int)
    assert_type(hangup.headers, events.Hangup)
    assert_type(hangup.data, list[str])
    assert_type(hangup.action_id, str | None)
    events.Newstate(channel_state=enums.ChannelState.UP, timestamp=datetime.now(UTC), privilege=["call", "all"])
    events.DialBegin(dest_channel="PJSIP/bob-00000002", dest_chan_variable={"A": "1"}, channel=None)
    events.QueueMemberStatus(login_time=datetime.now(UTC), wrapuptime=timedelta(seconds=3), paused=False)
    events.InvalidPassword(remote_address=Address("IPV4", "UDP", "192.0.2.1", 5060))
    events.AOC_D(units=[Unit(3)])
    events.UserEvent({"Colour": "red"}, user_event="Welcome")
    TrunkUp(channel="DAHDI/1", level=3, note="x")


def of_answers_and_lists() -> None:
    answer = responses.Challenge(challenge="1234", action_id="1", message="hello")
    assert_type(answer.success, bool)
    answer.success = True
    Answer(response="Error", message="No such channel")
    responses.Command(output=["one", "two"])
    queues = aggregates.QueueStatus(
        "1", members=[events.QueueMember(name="Anna")], complete=events.QueueStatusComplete(list_items=1)
    )
    assert_type(queues.members, list[events.QueueMember])
    assert_type(queues.action_id, str)


def as_received(message: Message) -> None:
    Event({"Event": "Hangup"})
    events.Hangup(message)
    events.Hangup(["Event: Hangup", "Cause: 16"])
    events.Hangup([("Event", "Hangup"), ("ChanVariable", "A=1")])
    Answer({"Response": "Success"}, ["a line"])
    Message(headers={"Response": "Success"}, data=["a line"])
    assert_type(events.Hangup.of(message), events.Hangup)
    assert_type(events.Hangup.of(b"Event: Hangup"), events.Hangup)
