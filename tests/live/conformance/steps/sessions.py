"""Log-in and log-off, and what the server's guards say about it."""

from __future__ import annotations

import urllib.request
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step(anywhere=True)
def the_server_says_what_it_can(stage: Stage) -> None:
    answer = stage.execute(actions.ListCommands())
    stage.listed.update({name: text for name, text in answer.items() if name not in {"Response", "ActionID"}})


@step(anywhere=True)
def another_logs_in_and_off(stage: Stage) -> None:
    with ami.Manager() as other:
        other.connect(stage.server.host, stage.server.port)
        stage.send(actions.Challenge(auth_type="MD5"), other)
        stage.send(actions.Login(username=stage.server.full.name, secret=stage.server.full.secret), other)
        stage.send(actions.Events(event_mask="call,user"), other)
        stage.send(actions.Filter(operation="Add", filter="Event: Hangup"), other)
        stage.send(actions.UserEvent(user_event="Shout"), other)
        stage.send(actions.Logoff(), other)
    stage.until(events.SuccessfulAuth)
    stage.until(events.UserEvent)


@step()
def the_guards_speak(stage: Stage) -> None:
    server = stage.server
    for name, secret in (("full", "wrong"), ("nobody", "nothing"), ("barred", server.users["barred"].secret)):
        for plain in (True, False):
            with ami.Manager() as other:
                other.connect(server.host, server.port)
                with suppress(ami.LoginFailed):
                    other.login(name, secret, plain=plain)
    with ami.Manager() as reader:
        reader.connect(server.host, server.port)
        reader.login(server.reader.name, server.reader.secret)
        stage.send(actions.Originate(channel="Local/100@default", application="Wait", data="1"), reader)
        stage.send(ami.Request("NoSuchAction"), reader)
        stage.send(ami.Request("Challenge", AuthType="SHA"), reader)
    stage.until(events.InvalidPassword)
    stage.until(events.InvalidAccountID)
    stage.until(events.ChallengeResponseFailed)
    stage.until(events.FailedACL)
    stage.until(events.RequestNotAllowed)
    stage.until(events.RequestBadFormat)


@step()
def somebody_comes_by_http(stage: Stage) -> None:
    server = stage.server
    address = f"http://{server.host}:{server.ports.http}/rawman"
    login = f"{address}?action=login&username={server.full.name}&secret={server.full.secret}"
    with urllib.request.urlopen(login, timeout=10) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    request = urllib.request.Request(f"{address}?action=logoff", headers={"Cookie": cookie})  # loopback
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


@step(anywhere=True)
def pings_and_events_are_waited_for(stage: Stage) -> None:
    stage.execute(actions.Ping())
    stage.execute(actions.UserEvent(user_event="Shout"))
    with stage.manager.subscribe(events.WaitEventComplete) as stream:
        stage.send(actions.WaitEvent(event_timeout=timedelta(seconds=1)))
        stage.record.listed.append(stream.get(timeout=5))
    stage.execute(actions.CoreSettings())
    stage.execute(actions.CoreStatus())
    stage.execute(actions.Command(command="core show version"))
