"""Parameters have the effect that their descriptions claim, on a real Asterisk."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import actions, enums
from tests.live.servers import ForeignServer, Server

if TYPE_CHECKING:
    from collections.abc import Generator

    from ami_typed import events

GUARDED = ami.Releases("18.26 20.11 21.6 22.1-")
"""The releases that load modules only by the names of their files."""


@pytest.fixture
def own_manager(manager: ami.Manager, server: Server | ForeignServer) -> ami.Manager:
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the dialplan of our own servers")
    return manager


@contextmanager
def call(
    manager: ami.Manager, channel: str = "Local/100@default", channel_id: str | None = None
) -> Generator[events.OriginateResponse]:
    """Have a call that waits."""
    outcome = manager.originate(
        actions.Originate(channel=channel, application="Wait", data="20", channel_id=channel_id)
    )
    try:
        yield outcome
    finally:
        manager.execute(actions.Hangup(channel=outcome.channel))


def test_a_channel_is_found_by_its_uniqueid(own_manager: ami.Manager) -> None:
    with call(own_manager, channel_id="chosen-1") as outcome:
        named = own_manager.execute(actions.Getvar(channel="chosen-1", variable="CHANNEL(name)")).value
        second = [
            each.channel
            for each in own_manager.execute(actions.CoreShowChannels()).channels
            if each.uniqueid == "chosen-1;2"
        ]

    assert named == outcome.channel
    assert second == [outcome.channel.removesuffix("1") + "2"]


def test_the_recording_that_started_last_stops_if_none_is_named(own_manager: ami.Manager) -> None:
    with call(own_manager) as outcome:
        first, last = (
            own_manager.execute(actions.MixMonitor(channel=outcome.channel, file=f"{name}.wav", options="i(ID)"))
            for name in ("first", "last")
        )
        own_manager.execute(actions.StopMixMonitor(channel=outcome.channel))
        with pytest.raises(ami.ActionFailed):
            own_manager.execute(actions.StopMixMonitor(channel=outcome.channel, mix_monitor_id=last.mix_monitor_id))
        own_manager.execute(actions.StopMixMonitor(channel=outcome.channel, mix_monitor_id=first.mix_monitor_id))


def test_bridges_are_listed_by_their_technology(own_manager: ami.Manager) -> None:
    with call(own_manager, "Local/200@default/n"):
        by_technology, by_purpose = (
            own_manager.execute(actions.BridgeList(bridge_type=each)).bridges
            for each in (enums.BridgeTechnology.SIMPLE, "basic")
        )

    assert {each.bridge_technology for each in by_technology} == {enums.BridgeTechnology.SIMPLE}
    assert not by_purpose


def test_the_context_of_a_hint_is_default_if_none_is_named(own_manager: ami.Manager) -> None:
    state = own_manager.execute(actions.ExtensionState(exten="180"))

    assert state.context == "default"
    assert state.hint


def test_a_part_of_the_core_reloads_by_itself_only_where_modules_are_named_freely(own_manager: ami.Manager) -> None:
    assert own_manager.release is not None
    own_manager.execute(actions.Reload(module="cdr"))
    request = actions.ModuleLoad(module="cdr", load_type=enums.LoadType.RELOAD)

    if own_manager.release in GUARDED:
        with pytest.raises(ami.ActionFailed, match="Module not found"):
            own_manager.execute(request)
    else:
        own_manager.execute(request)
