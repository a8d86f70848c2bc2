"""What `Manager.explain` says about a real Asterisk is what happens there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ami_typed as ami
from ami_typed import actions, events
from tests.live.servers import ForeignServer, Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clerk(server: Server | ForeignServer) -> Iterator[ami.Manager]:
    """A manager whose user has few privileges: it may neither originate nor read settings."""
    if not isinstance(server, Server):
        pytest.skip("NOT RUN: needs the users of our own servers")
    with ami.Manager() as connected:
        connected.connect(server.host, server.port)
        connected.login(server.clerk.name, server.clerk.secret)
        yield connected


def test_what_the_server_discloses_is_certain(manager: ami.Manager) -> None:
    manager.execute(actions.Events(event_mask=["call", "agent"]))
    report = manager.explain(events.QueueMemberStatus, events.VarSet, events.CEL, events.DAHDIChannel, actions.Ping)
    assert "The module app_queue is loaded." in str(report.of("QueueMemberStatus"))
    assert "The user has the read privilege agent." in str(report.of("QueueMemberStatus"))
    assert report.of("VarSet").works is False
    assert "enabled is yes in section [manager] of cel.conf." in str(report.of("CEL"))
    assert report.of("Ping").works is True


def test_a_module_that_is_not_loaded_is_named_and_its_action_is_refused(manager: ami.Manager) -> None:
    manager.execute(actions.ModuleLoad(module="res_mutestream.so", load_type="unload"))
    try:
        report = manager.explain(actions.MuteAudio)
        assert "MuteAudio requires the module res_mutestream, but it is not loaded." in str(report)
        with pytest.raises(ami.ActionFailed, match="Invalid/unknown command"):
            manager.execute(actions.MuteAudio(channel="x", direction="in", state=True))
    finally:
        manager.execute(actions.ModuleLoad(module="res_mutestream.so", load_type="load"))
    assert manager.explain(actions.MuteAudio).of(actions.MuteAudio).works is True


def test_what_a_user_may_not_send_is_what_the_server_refuses(clerk: ami.Manager) -> None:
    assert clerk.explain(actions.Originate).of(actions.Originate).works is False
    with pytest.raises(ami.ActionFailed, match="Permission denied"):
        clerk.execute(actions.Originate(channel="Local/100@default", application="Wait", data="1"))
    assert clerk.explain(actions.QueueSummary).of(actions.QueueSummary).works is True
    assert clerk.execute(actions.QueueSummary()).valid


def test_an_event_that_arrived_proves_the_privilege(clerk: ami.Manager, manager: ami.Manager) -> None:
    assert clerk.explain(events.Hangup).of("Hangup").works is None
    with clerk.subscribe(events.Hangup) as stream:
        manager.execute(actions.Originate(channel="Local/101@default", application="Wait", data="0", async_=True))
        stream.get(10)
    assert clerk.explain(events.Hangup).of("Hangup").works is True
