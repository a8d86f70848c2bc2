"""Text arrives as it is, whatever characters it has, on a real Asterisk: escaped, encoded or as it stands."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

import ami_typed as ami
from ami_typed import actions, events
from tests.live.servers import ForeignServer, Server

if TYPE_CHECKING:
    from collections.abc import Generator

    from ami_typed import EventStream

CALL = "Local/100@default"
TEXT = """O'Brien said "why?" on C:\\new\\table\\, 100% = \a\b\f\n\v\r\t\x01\x1b\x7f; déjà vu → 漢字 🙂 \\'"""
REPLACES_INVALID = ami.Releases("18.17 20.2 21-23")
"""The releases whose VarSet has U+FFFD in place of an octet that is not UTF-8; others send none then."""


@pytest.fixture
def own_manager(manager: ami.Manager, server: Server | ForeignServer) -> ami.Manager:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the dialplan of our own servers")
    return manager


@contextmanager
def call(manager: ami.Manager, extension: str, **variables: str) -> Generator[str]:
    """Have a channel of the server run an extension."""
    outcome = manager.originate(
        actions.Originate(channel=CALL, context="default", exten=extension, priority=1, variable=variables)
    )
    try:
        yield outcome.channel
    finally:
        manager.execute(actions.Hangup(channel=outcome.channel))


def set_until_done(stream: EventStream[events.VarSet], channel: str) -> dict[str, events.VarSet]:
    seen: dict[str, events.VarSet] = {}
    while "DONE" not in seen:
        event = stream.get(timeout=20)
        if event.channel in {channel, None}:
            seen[event.variable] = event
    return seen


def test_a_variable_is_the_same_when_it_is_set_and_when_it_is_read_whatever_octet_it_has(
    own_manager: ami.Manager,
) -> None:
    manager = own_manager
    assert manager.release is not None
    with manager.subscribe(events.VarSet) as stream, call(manager, "132", ENCODED=quote(TEXT)) as channel:
        told = set_until_done(stream, channel)
        for number in range(1, 256):
            octet = bytes([number]).decode("utf-8", "surrogateescape")
            for name, value in ((f"ODD_{number}", f"a{octet}z"), (f"LAST_{number}", f"a{octet}")):
                assert manager.execute(actions.Getvar(channel=channel, variable=name)).value == value
                if number < 128:
                    assert told[name].value == value
                elif manager.release in REPLACES_INVALID:
                    assert told[name].value.replace("\ufffd", octet) == value
                else:
                    assert name not in told


def test_text_of_any_characters_is_read_unmodified_everywhere(own_manager: ami.Manager) -> None:
    manager = own_manager
    wanted = (events.VarSet, events.NewCallerid, events.NewConnectedLine, events.PresenceStateChange)
    with manager.subscribe(*wanted) as stream, call(manager, "132", ENCODED=quote(TEXT)) as channel:
        seen: list[ami.Event] = []
        while not (isinstance(event := stream.get(timeout=20), events.VarSet) and event.variable == "DONE"):
            seen.append(event)
        read = manager.execute(actions.Getvar(channel=channel, variable="TEXT")).value
        named = manager.execute(actions.Getvar(channel=channel, variable="CALLERID(name)")).value
        (shown,) = (each for each in manager.execute(actions.CoreShowChannels()).channels if each.channel == channel)
        (status,) = manager.execute(actions.Status(channel=channel, variables=["TEXT"])).channels

    assert read == TEXT
    assert {
        each.value for each in seen if isinstance(each, events.VarSet) and each.variable in {"TEXT", "CAMPAIGN"}
    } == {TEXT}
    assert event.caller_id_name == shown.caller_id_name == status.caller_id_name == named == TEXT
    assert event.connected_line_name == shown.connected_line_name == status.connected_line_name == TEXT
    assert event.chan_variable["CAMPAIGN"] == shown.chan_variable["CAMPAIGN"] == TEXT
    assert [each.caller_id_name for each in seen if isinstance(each, events.NewCallerid)][-1] == TEXT
    assert [each.connected_line_name for each in seen if isinstance(each, events.NewConnectedLine)][-1] == TEXT
    (presence,) = (each for each in seen if isinstance(each, events.PresenceStateChange))
    assert (presence.subtype, presence.message) == (TEXT, TEXT)
    assert "\\'" in event["CallerIDName"]


def test_text_sent_by_a_program_returns_unmodified(manager: ami.Manager) -> None:
    name = """O'Brien? "Bob" \\ (déjà vu)"""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    value = "".join(character for character in TEXT if character not in "\r\n")
    originate = actions.Originate(channel=CALL, application="Wait", data="20", caller_id=f'"{quoted}" <100>')
    with manager.subscribe(events.VarSet, events.Newchannel, events.NewCallerid) as stream:
        outcome = manager.originate(originate)
        manager.execute(actions.Setvar(channel=outcome.channel, variable="MINE", value=value))
        told = stream.get(timeout=10)
        while not (isinstance(told, events.VarSet) and told.variable == "MINE"):
            told = stream.get(timeout=10)
    read, unset = (
        manager.execute(actions.Getvar(channel=outcome.channel, variable=each)).value for each in ("MINE", "UNSET")
    )
    (shown,) = manager.execute(actions.Status(channel=outcome.channel, variables=["MINE", "UNSET"])).channels
    manager.execute(actions.Hangup(channel=outcome.channel))

    assert told.value == read == shown.variables["MINE"] == value
    assert shown.variables["UNSET"] == unset == ""
    assert outcome.caller_id_name == name
    assert told.connected_line_name == shown.connected_line_name == name


def test_the_variables_of_an_agi_channel_are_decoded(own_manager: ami.Manager) -> None:
    manager = own_manager
    with (
        manager.subscribe(events.AsyncAGIStart, events.AsyncAGIExec) as stream,
        call(manager, "121") as channel,
    ):
        begun = stream.get(timeout=20)
        manager.execute(actions.AGI(channel=channel, command='SET VARIABLE X "50% off?"', command_id="1"))
        done = stream.get(timeout=20)
        manager.execute(actions.AGI(channel=channel, command="GET VARIABLE X", command_id="2"))
        told = stream.get(timeout=20)

    assert isinstance(begun, events.AsyncAGIStart)
    assert isinstance(done, events.AsyncAGIExec)
    assert isinstance(told, events.AsyncAGIExec)
    lines = begun.env.splitlines()
    assert lines[0] == "agi_request: async"
    assert f"agi_channel: {channel}" in lines
    assert done.result == "200 result=1\n"
    assert told.result == "200 result=1 (50% off?)\n"
