"""Sound and keys: DTMF, MF, flash, hold, music, muting, talking, spying, text, playback."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def keys_are_pressed(stage: Stage) -> None:
    leg = stage.answered("Local/100@default/n")
    stage.execute(actions.PlayDTMF(channel=leg.channel, digit="5", duration=timedelta(milliseconds=150)))
    stage.execute(actions.SendText(channel=leg.channel, message="hello"))
    if stage.has("PlayMF"):
        stage.execute(actions.PlayMF(channel=leg.channel, digit="1"))
    if stage.has("SendFlash"):
        stage.execute(actions.SendFlash(channel=leg.channel))
        stage.execute(actions.SendFlash(channel=leg.channel, receive=True))
    stage.execute(actions.MuteAudio(channel=leg.channel, direction="all", state=True))
    stage.execute(actions.MuteAudio(channel=leg.channel, direction="all", state=False))
    stage.until(events.DTMFBegin)
    stage.until(events.DTMFEnd)


@step()
def music_is_played_and_controlled(stage: Stage) -> None:
    stage.call("Local/113@default/n", application="MusicOnHold", data="default,1")
    leg = stage.answered("Local/100@default/n", application="ControlPlayback", data="demo-instruct")
    stage.send(actions.ControlPlayback(channel=leg.channel, control="pause"))
    stage.send(actions.ControlPlayback(channel=leg.channel, control="stop"))
    stage.until(events.MusicOnHoldStart)
    stage.until(events.MusicOnHoldStop)


@step()
def somebody_talks_and_is_spied_upon(stage: Stage) -> None:
    leg = stage.answered("Local/129@default/n", application="Playback", data="vm-goodbye&silence/5")
    stage.call("Local/100@default/n", application="ChanSpy", data=f"{leg.channel},qE")
    stage.until(events.ChannelTalkingStart)
    stage.until(events.ChanSpyStart)
    stage.until(events.HangupHandlerPush)
    stage.until(events.ChannelTalkingStop)
    stage.execute(actions.Hangup(channel=leg.channel))
    stage.until(events.ChanSpyStop)
    stage.until(events.HangupHandlerRun)


@step()
def hangup_handlers_are_pushed_and_popped(stage: Stage) -> None:
    leg = stage.answered("Local/100@default/n")
    push = actions.Setvar(channel=leg.channel, variable="CHANNEL(hangup_handler_push)", value="hangup-handler,s,1")
    stage.execute(push)
    stage.execute(actions.Setvar(channel=leg.channel, variable="CHANNEL(hangup_handler_pop)", value=""))
    stage.until(events.HangupHandlerPop)


@step()
def dialplan_speaks(stage: Stage) -> None:
    stage.call("Local/120@default")
    stage.call("Local/122@default")
    stage.call("Local/127@default")
    stage.call("Local/128@default")
    stage.call("Local/114@default/n", application="Wait")
    stage.until(events.UserEvent)
    stage.until(events.CEL, lambda each: each["EventName"] == "Shout")
