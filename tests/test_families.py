"""What several events share, and the snapshots that they hold, on the generated classes."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest

import ami_typed as ami
from ami_typed import catalogue, events
from ami_typed.events import families
from ami_typed.fields import MaybeView, Part, Snapshot, View, fields_of
from ami_typed.messages import event_name
from tests.support import unread

CHANNEL = (
    "Channel: PJSIP/alice-00000001", "ChannelState: 6", "ChannelStateDesc: Up", "CallerIDNum: 100",
    "CallerIDName: Alice", "ConnectedLineNum: <unknown>", "ConnectedLineName: <unknown>", "Language: en",
    "AccountCode: ", "Context: default", "Exten: 200", "Priority: 3", "Uniqueid: 1.1", "Linkedid: 1.1",
    "ChanVariable: A=1", "ChanVariable: B=2",
)  # fmt: skip
CALLED = tuple(f"Dest{line}".replace("alice", "bob").replace("Alice", "Bob") for line in CHANNEL)
EVERY: list[type[ami.Event]] = [getattr(events, name) for name in catalogue.EVENTS]
FAMILIES: list[type[ami.Event]] = [getattr(families, name) for name in catalogue.FAMILIES]
AnyView: TypeAlias = "View[Snapshot] | MaybeView[Snapshot]"


def views_of(cls: type[ami.Event]) -> list[AnyView]:
    held: list[Any] = [value for base in cls.__mro__ for value in vars(base).values()]
    return [value for value in held if isinstance(value, View | MaybeView)]


def test_any_event_of_a_channel_is_a_channel_event() -> None:
    event = unread("Event: Hangup", *CHANNEL, "Cause: 16", "Cause-txt: Normal Clearing", cls=events.Hangup)
    assert isinstance(event, events.ChannelEvent)
    assert (event.channel, event.uniqueid) == ("PJSIP/alice-00000001", "1.1")
    assert not issubclass(events.QueueMemberAdded, events.ChannelEvent)


def test_a_snapshot_shows_the_headers_under_names_without_a_prefix() -> None:
    event = unread("Event: DialBegin", *CHANNEL, *CALLED, "DialString: bob", cls=events.DialBegin)
    called, caller = event.dest, event.snapshot
    assert (called.channel, called.caller_id_name) == ("PJSIP/bob-00000001", "Bob")
    assert (called.channel_state, called.priority) == (ami.enums.ChannelState.UP, 3)
    assert called.connected_line_num is None
    assert called.chan_variable == {"A": "1", "B": "2"}
    assert caller is not None
    assert caller.channel == event.channel
    assert repr(called) == "<ChannelSnapshot PJSIP/bob-00000001>"


def test_an_absent_snapshot_is_none() -> None:
    event = unread("Event: DialBegin", *CALLED, "DialString: bob", cls=events.DialBegin)
    assert event.snapshot is None
    assert event.dest.exten == "200"


def test_a_header_that_is_missing_from_a_snapshot_is_a_field_error_of_its_event() -> None:
    event = unread("Event: Hangup", "Channel: PJSIP/alice-00000001", cls=events.Hangup)
    with pytest.raises(ami.FieldError, match=r"Hangup.*Uniqueid"):
        _ = event.snapshot.uniqueid


def test_views_and_parts_on_a_class_are_descriptors_with_a_description() -> None:
    assert isinstance(events.DialBegin.dest, View)
    assert isinstance(events.DialBegin.snapshot, MaybeView)
    part = events.ChannelSnapshot.exten
    assert isinstance(part, Part)
    assert part.__doc__ == events.ChannelEvent.exten.describe().partition(". ")[2]


@pytest.mark.parametrize("cls", [cls for cls in EVERY if views_of(cls)], ids=event_name)
def test_every_part_of_every_snapshot_is_an_attribute_of_its_event(cls: type[ami.Event]) -> None:
    known = fields_of(cls)
    for view in views_of(cls):
        held: dict[str, Any] = dict(vars(view.cls))
        parts = {name for name, value in held.items() if isinstance(value, Part)}
        assert parts
        assert {view.prefix + name for name in parts} <= set(known)


@pytest.mark.parametrize("family", FAMILIES, ids=event_name)
def test_a_family_knows_its_events(family: type[ami.Event]) -> None:
    members = {cls.__name__ for cls in EVERY if issubclass(cls, family)}
    assert set(catalogue.FAMILIES[family.__name__]) == members
    assert len(members) > 1
