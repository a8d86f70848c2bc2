"""Scenes: what happens on a telephone system, played on real servers and on the simulated one alike.

A scene sends actions, waits for events and lets time pass; it knows nothing of what it is played on. It uses the dialplan of
`tests/live/etc`, of which `dialplan` has the extensions in the simulator's own terms.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from ami_typed import actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.messages import Request

SCENES: dict[str, Callable[[Stage], None]] = {}
"""The scenes by name."""


class Stage(Protocol):
    """What a scene is played on."""

    def send(self, request: Request[Any]) -> object:
        """Send a request and wait for its answer."""
        ...

    def until(self, name: str, **headers: str) -> dict[str, str]:
        """Wait for an event with certain headers, and return it; one that has come before counts once."""
        ...

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def phone(self, behaviour: str) -> None:
        """Put the telephone PJSIP/bob there: "answers", "rings" or "busy"."""
        ...

    def phone_calls(self, exten: str) -> None:
        """Let the telephone call an extension, and wait for the answer."""
        ...

    def phone_hangs_up(self) -> None:
        """Let the telephone end its call."""
        ...

    def quiet(self) -> None:
        """Wait until no channel is left."""
        ...


def scene(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """Register a scene."""
    SCENES[play.__name__] = play
    return play


def calls(stage: Stage, channel: str, timeout: int = 10_000, **more: Any) -> None:
    """Originate a call without waiting for its outcome."""
    more = more or {"application": "Wait", "data": "30"}
    stage.send(actions.Originate(channel=channel, call_timeout=timedelta(milliseconds=timeout), async_=True, **more))


def hangs_up(stage: Stage, channel: str, cause: int = 16) -> None:
    """Hang up a channel and wait until all are gone."""
    stage.send(actions.Hangup(channel=channel, cause=cause))
    stage.quiet()


def channel_of(event: dict[str, str]) -> str:
    """Return an event's channel."""
    return event["Channel"]


def is_over(stage: Stage) -> None:
    """Wait for the outcome of the call that was placed, and for what follows it."""
    stage.until("OriginateResponse")
    stage.quiet()


@scene
def answered(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", application="Wait", data="1")
    is_over(stage)


@scene
def answered_then_hung_up(stage: Stage) -> None:
    calls(stage, "Local/100@default/n")
    hangs_up(stage, channel_of(stage.until("OriginateResponse")), 17)


@scene
def far_end_hangs_up(stage: Stage) -> None:
    calls(stage, "Local/101@default/n")
    is_over(stage)


@scene
def busy(stage: Stage) -> None:
    calls(stage, "Local/102@default/n")
    is_over(stage)


@scene
def congestion(stage: Stage) -> None:
    calls(stage, "Local/103@default/n")
    is_over(stage)


@scene
def no_answer(stage: Stage) -> None:
    calls(stage, "Local/104@default/n", 1000)
    is_over(stage)


@scene
def rejected(stage: Stage) -> None:
    calls(stage, "Local/105@default/n")
    is_over(stage)


@scene
def progress_only(stage: Stage) -> None:
    calls(stage, "Local/106@default/n", 1000)
    is_over(stage)


@scene
def rings_then_answers(stage: Stage) -> None:
    calls(stage, "Local/107@default/n")
    hangs_up(stage, channel_of(stage.until("OriginateResponse")))


@scene
def unknown_extension(stage: Stage) -> None:
    calls(stage, "Local/888@default/n")
    is_over(stage)


@scene
def unreachable_phone(stage: Stage) -> None:
    calls(stage, "PJSIP/alice", 2000)
    is_over(stage)


@scene
def unknown_endpoint(stage: Stage) -> None:
    calls(stage, "PJSIP/nobody")
    is_over(stage)


@scene
def to_an_extension(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="101", priority=1)
    is_over(stage)


@scene
def dials(stage: Stage) -> None:
    """An extension that dials another one, without optimisation."""
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    stage.until("DialEnd")
    stage.until("BridgeEnter")
    stage.until("BridgeEnter")
    stage.passes(0.5)
    hangs_up(stage, channel_of(stage.until("Newchannel")))


@scene
def dials_and_optimises(stage: Stage) -> None:
    calls(stage, "Local/100@default", context="default", exten="200", priority=1)
    stage.until("BridgeEnter")
    stage.until("BridgeEnter")
    stage.passes(1)
    hangs_up(stage, channel_of(stage.until("Newchannel")))


@scene
def dials_a_busy_one(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="232", priority=1)
    stage.until("DialEnd")
    stage.quiet()


@scene
def dials_two(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="234", priority=1)
    stage.until("BridgeEnter")
    stage.until("BridgeEnter")
    stage.passes(0.5)
    hangs_up(stage, channel_of(stage.until("Newchannel")))


@scene
def dials_without_answer(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="235", priority=1)
    stage.until("DialEnd")
    stage.quiet()


@scene
def dials_an_unreachable_phone(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="210", priority=1)
    stage.until("DialEnd")
    stage.quiet()


@scene
def hangup_of_nothing(stage: Stage) -> None:
    stage.send(actions.Hangup(channel="PJSIP/nobody-00000001"))
    stage.send(actions.Redirect(channel="PJSIP/nobody-00000001", context="default", exten="100", priority=1))
    stage.send(actions.Setvar(channel="PJSIP/nobody-00000001", variable="A", value="1"))
    stage.send(actions.Getvar(channel="PJSIP/nobody-00000001", variable="A"))
    stage.send(actions.BlindTransfer(channel="PJSIP/nobody-00000001", context="default", exten="100"))
    stage.send(actions.Atxfer(channel="PJSIP/nobody-00000001", context="default", exten="100"))
    stage.send(actions.Park(channel="PJSIP/nobody-00000001"))
    stage.send(actions.Bridge(channel1="PJSIP/nobody-00000001", channel2="PJSIP/nobody-00000002"))
    stage.send(actions.Status(channel="PJSIP/nobody-00000001"))
    stage.send(actions.BridgeInfo(bridge_uniqueid="nothing"))
    stage.send(actions.QueueAdd(queue="nothing", interface="PJSIP/alice"))
    stage.send(actions.QueueRemove(queue="support", interface="PJSIP/alice"))
    stage.send(actions.QueuePause(queue="support", interface="PJSIP/alice", paused=True))
    stage.send(actions.QueuePenalty(queue="support", interface="PJSIP/alice", penalty=1))
    stage.send(actions.ConfbridgeList(conference="400"))
    stage.send(actions.ConfbridgeKick(conference="400", channel="all"))
    stage.send(actions.ConfbridgeMute(conference="400", channel="all"))
    stage.send(actions.ConfbridgeLock(conference="400"))
    stage.send(actions.ConfbridgeListRooms())
    stage.send(actions.AgentLogoff(agent="1001"))
    stage.send(actions.AgentLogoff(agent="8889"))
    stage.send(actions.MailboxCount(mailbox="600@default"))
    stage.send(actions.MailboxStatus(mailbox="600@default"))
    stage.send(actions.CoreShowChannels())
    stage.send(actions.Status())
    stage.send(actions.BridgeList())
    stage.send(actions.ParkedCalls())
    stage.send(actions.Parkinglots())
    stage.send(actions.QueueStatus(queue="support"))
    stage.send(actions.QueueStatus(queue="nothing"))
    stage.send(actions.QueueSummary(queue="support"))
    stage.send(actions.Agents())
    stage.send(actions.DeviceStateList())
    stage.send(actions.ExtensionStateList())
    stage.send(actions.PresenceStateList())
    stage.send(actions.PresenceState(provider="CustomPresence:desk"))
    stage.send(actions.ExtensionState(exten="181", context="hints"))
    stage.send(actions.ExtensionState(exten="100", context="default"))
    stage.send(actions.ExtensionState(exten="8889", context="nowhere"))
    stage.send(actions.PJSIPShowEndpoints())
    stage.send(actions.PJSIPShowContacts())


@scene
def lists_during_a_call(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    bridge = stage.until("BridgeCreate")["BridgeUniqueid"]
    stage.until("BridgeEnter")
    stage.until("BridgeEnter")
    channel = channel_of(stage.until("Newchannel"))
    stage.passes(0.5)
    stage.send(actions.CoreShowChannels())
    stage.send(actions.Status())
    stage.send(actions.Status(channel=channel))
    stage.send(actions.BridgeList())
    stage.send(actions.BridgeInfo(bridge_uniqueid=bridge))
    stage.send(actions.DeviceStateList())
    stage.send(actions.CoreShowChannelMap(channel=channel))
    hangs_up(stage, channel)


@scene
def redirected(stage: Stage) -> None:
    calls(stage, "Local/100@default/n")
    channel = channel_of(stage.until("OriginateResponse"))
    stage.passes(0.3)
    stage.send(actions.Redirect(channel=channel, context="default", exten="101", priority=1))
    stage.quiet()


@scene
def both_redirected(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    first = channel_of(stage.until("BridgeEnter"))
    second = channel_of(stage.until("BridgeEnter"))
    stage.passes(0.5)
    stage.send(
        actions.Redirect(
            channel=first,
            context="default",
            exten="100",
            priority=1,
            extra_channel=second,
            extra_context="default",
            extra_exten="101",
            extra_priority=1,
        )
    )
    stage.passes(0.5)
    hangs_up(stage, first)


@scene
def one_redirected_out_of_a_bridge(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    stage.until("BridgeEnter")
    channel = channel_of(stage.until("BridgeEnter"))
    stage.passes(0.5)
    stage.send(actions.Redirect(channel=channel, context="default", exten="101", priority=1))
    stage.quiet()


@scene
def variables(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", application="Wait", data="5", variable={"CAMPAIGN": "spring", "B": "2"})
    channel = channel_of(stage.until("OriginateResponse"))
    stage.passes(0.7)
    stage.send(actions.Setvar(channel=channel, variable="COLOUR", value="red"))
    stage.send(actions.Getvar(channel=channel, variable="COLOUR"))
    stage.send(actions.Getvar(channel=channel, variable="CAMPAIGN"))
    stage.send(actions.Getvar(channel=channel, variable="NOTHING"))
    stage.send(actions.Getvar(channel=channel, variable="CALLERID(num)"))
    stage.send(actions.Getvar(channel=channel, variable="CHANNEL(state)"))
    stage.send(actions.Setvar(variable="EVERYWHERE", value="1"))
    stage.send(actions.Getvar(variable="EVERYWHERE"))
    stage.send(actions.Getvar(variable="NOTHING"))
    stage.send(actions.Setvar(channel=channel, variable="CALLERID(num)", value="4711"))
    stage.send(actions.Setvar(channel=channel, variable="CALLERID(name)", value="Cologne"))
    stage.send(actions.Setvar(channel=channel, variable="CONNECTEDLINE(num)", value="4712"))
    stage.passes(0.2)
    hangs_up(stage, channel)


@scene
def database(stage: Stage) -> None:
    stage.send(actions.DBPut(family="shop", key="open", val="yes"))
    stage.send(actions.DBPut(family="shop", key="hours/monday", val="9-17"))
    stage.send(actions.DBGet(family="shop", key="open"))
    stage.send(actions.DBGet(family="shop", key="closed"))
    stage.send(actions.DBDel(family="shop", key="closed"))
    stage.send(actions.DBDel(family="shop", key="open"))
    stage.send(actions.DBPut(family="shop", key="open", val="yes"))
    stage.send(actions.DBDelTree(family="shop", key="hours"))
    stage.send(actions.DBDelTree(family="shop"))
    stage.send(actions.DBDelTree(family="shop"))
    stage.send(actions.DBGet(family="", key="closed"))


@scene
def states(stage: Stage) -> None:
    stage.send(actions.Setvar(variable="DEVICE_STATE(Custom:desk)", value="INUSE"))
    stage.send(actions.Setvar(variable="PRESENCE_STATE(CustomPresence:desk)", value="away,lunch,back at one"))
    stage.passes(0.3)
    stage.send(actions.DeviceStateList())
    stage.send(actions.ExtensionState(exten="180", context="hints"))
    stage.send(actions.ExtensionStateList())
    stage.send(actions.PresenceState(provider="CustomPresence:desk"))
    stage.send(actions.PresenceStateList())
    stage.send(actions.Getvar(variable="DEVICE_STATE(Custom:desk)"))
    stage.send(actions.Setvar(variable="DEVICE_STATE(Custom:desk)", value="NOT_INUSE"))
    stage.send(actions.Setvar(variable="PRESENCE_STATE(CustomPresence:desk)", value="available,,"))
    stage.passes(0.3)


@scene
def mailboxes(stage: Stage) -> None:
    stage.send(actions.MailboxCount(mailbox="777@default"))
    stage.send(actions.MailboxStatus(mailbox="777@default"))


@scene
def queue_call(stage: Stage) -> None:
    """A call to a queue whose first member answers at once."""
    stage.send(actions.QueuePause(queue="support", interface="Local/1002@agents/n", paused=True, reason="lunch"))
    calls(stage, "Local/100@default/n", context="default", exten="300", priority=1)
    stage.until("AgentConnect")
    stage.passes(0.5)
    stage.send(actions.QueueStatus(queue="support"))
    stage.send(actions.QueueSummary(queue="support"))
    hangs_up(stage, channel_of(stage.until("Newchannel")))
    stage.send(actions.QueuePause(queue="support", interface="Local/1002@agents/n", paused=False))
    stage.send(actions.QueueStatus(queue="support"))


@scene
def queue_call_ended_by_the_member(stage: Stage) -> None:
    stage.send(actions.QueueAdd(queue="waiting", interface="Local/1005@agents/n", member_name="Erik", penalty=2))
    calls(stage, "Local/100@default/n", context="default", exten="304", priority=1)
    stage.until("AgentConnect")
    stage.until("AgentComplete")
    stage.passes(0.5)
    stage.quiet()
    stage.send(actions.QueueRemove(queue="waiting", interface="Local/1005@agents/n"))


@scene
def queue_call_abandoned(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="304", priority=1)
    channel = channel_of(stage.until("QueueCallerJoin"))
    stage.passes(0.5)
    stage.send(actions.QueueStatus(queue="waiting"))
    hangs_up(stage, channel)


@scene
def queue_call_not_answered(stage: Stage) -> None:
    """The member rings on until it times out, then the caller does."""
    calls(stage, "Local/100@default/n", context="default", exten="302", priority=1)
    stage.until("AgentRingNoAnswer")
    stage.until("QueueCallerLeave")
    stage.quiet()


@scene
def queue_that_lets_nobody_in(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="305", priority=1)
    is_over(stage)


@scene
def queue_members(stage: Stage) -> None:
    interface = "Local/1001@agents/n"
    stage.send(actions.QueueAdd(queue="waiting", interface=interface, penalty=3, member_name="Anna", paused=True))
    stage.send(actions.QueueAdd(queue="waiting", interface=interface))
    stage.send(actions.QueuePause(queue="waiting", interface=interface, paused=False))
    stage.send(actions.QueuePause(interface=interface, paused=True, reason="coffee"))
    stage.send(actions.QueuePenalty(queue="waiting", interface=interface, penalty=7))
    stage.send(actions.QueueMemberRingInUse(queue="waiting", interface=interface, ring_in_use=True))
    stage.send(actions.QueueStatus(queue="waiting"))
    stage.send(actions.QueueSummary(queue="waiting"))
    stage.send(actions.QueuePause(interface=interface, paused=False))
    stage.send(actions.QueueRemove(queue="waiting", interface=interface))
    stage.send(actions.QueueRemove(queue="waiting", interface=interface))
    stage.send(actions.QueueReset(queue="waiting"))


@scene
def parked_and_retrieved(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="500", priority=1)
    stage.until("ParkedCall")
    stage.passes(3)
    stage.send(actions.ParkedCalls())
    stage.send(actions.Parkinglots())
    calls(stage, "Local/100@default/n", context="default", exten="701", priority=1)
    stage.until("UnParkedCall")
    stage.passes(0.7)
    stage.send(actions.ParkedCalls())
    hangs_up(stage, channel_of(stage.until("Newchannel")))


@scene
def parked_too_long(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="501", priority=1)
    stage.until("ParkedCallTimeOut")
    stage.quiet()


@scene
def parked_and_given_up(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="500", priority=1)
    parked = stage.until("ParkedCall")
    stage.passes(3)
    hangs_up(stage, parked["ParkeeChannel"])


@scene
def parked_by_the_manager(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    first = channel_of(stage.until("BridgeEnter"))
    second = channel_of(stage.until("BridgeEnter"))
    stage.passes(0.5)
    stage.send(actions.Park(channel=first, announce_channel=second))
    stage.until("ParkedCall")
    stage.passes(0.5)
    hangs_up(stage, first)


@scene
def transferred_blindly(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    stage.until("BridgeEnter")
    channel = channel_of(stage.until("BridgeEnter"))
    stage.passes(0.5)
    stage.send(actions.BlindTransfer(channel=channel, context="default", exten="101"))
    stage.until("BlindTransfer")
    stage.quiet()


@scene
def transferred_blindly_to_nowhere(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    stage.until("BridgeEnter")
    channel = channel_of(stage.until("BridgeEnter"))
    stage.passes(0.5)
    stage.send(actions.BlindTransfer(channel=channel, context="default", exten="888"))
    stage.passes(0.5)
    hangs_up(stage, channel)


@scene
def transferred_attended(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    first = channel_of(stage.until("BridgeEnter"))
    channel = channel_of(stage.until("BridgeEnter"))
    stage.passes(0.5)
    stage.send(actions.Atxfer(channel=channel, context="default", exten="100"))
    stage.passes(2)
    stage.send(actions.Hangup(channel=channel))
    stage.until("AttendedTransfer")
    stage.passes(0.5)
    hangs_up(stage, first)


@scene
def transfer_cancelled(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="231", priority=1)
    stage.until("BridgeEnter")
    channel = channel_of(stage.until("BridgeEnter"))
    stage.passes(0.5)
    stage.send(actions.Atxfer(channel=channel, context="default", exten="104"))
    stage.passes(1)
    stage.send(actions.CancelAtxfer(channel=channel))
    stage.passes(1)
    hangs_up(stage, channel_of(stage.until("Newchannel")))


@scene
def two_bridged(stage: Stage) -> None:
    calls(stage, "Local/100@default/n")
    first = channel_of(stage.until("OriginateResponse"))
    calls(stage, "Local/100@default/n")
    second = channel_of(stage.until("OriginateResponse"))
    stage.passes(0.3)
    stage.send(actions.Bridge(channel1=first, channel2=second, tone="no"))
    stage.until("BridgeEnter")
    stage.until("BridgeEnter")
    stage.passes(0.5)
    stage.send(actions.Hangup(channel=first, cause=16))
    stage.passes(0.5)
    hangs_up(stage, second)


@scene
def conference(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="400", priority=1)
    first = channel_of(stage.until("ConfbridgeJoin"))
    calls(stage, "Local/100@default/n", context="default", exten="401", priority=1)
    second = channel_of(stage.until("ConfbridgeJoin"))
    stage.passes(1)
    stage.send(actions.ConfbridgeList(conference="400"))
    stage.send(actions.ConfbridgeListRooms())
    stage.send(actions.ConfbridgeMute(conference="400", channel=first))
    stage.send(actions.ConfbridgeUnmute(conference="400", channel=first))
    stage.send(actions.ConfbridgeLock(conference="400"))
    stage.send(actions.ConfbridgeLock(conference="400"))
    stage.send(actions.ConfbridgeUnlock(conference="400"))
    stage.send(actions.ConfbridgeSetSingleVideoSrc(conference="400", channel=first))
    stage.send(actions.ConfbridgeKick(conference="400", channel=first))
    stage.until("ConfbridgeLeave")
    stage.passes(0.5)
    hangs_up(stage, second)


@scene
def agent_logs_in(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="660", priority=1)
    stage.until("AgentLogin")
    stage.passes(1)
    stage.send(actions.Agents())
    stage.send(actions.AgentLogoff(agent="1001"))
    stage.until("AgentLogoff")
    stage.passes(0.5)
    stage.quiet()


@scene
def hold(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="113", priority=1)
    channel = channel_of(stage.until("OriginateResponse"))
    stage.passes(3)
    hangs_up(stage, channel)


@scene
def user_event(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="120", priority=1)
    stage.until("UserEvent")
    stage.quiet()


@scene
def keys(stage: Stage) -> None:
    calls(stage, "Local/100@default/n", context="default", exten="100", priority=1)
    channel = channel_of(stage.until("OriginateResponse"))
    stage.passes(0.7)
    stage.send(actions.PlayDTMF(channel=channel, digit="5"))
    stage.passes(0.5)
    hangs_up(stage, channel)


@scene
def phone_answers(stage: Stage) -> None:
    """A SIP telephone is called, and answers."""
    stage.phone("answers")
    calls(stage, "PJSIP/bob")
    hangs_up(stage, channel_of(stage.until("OriginateResponse")))


@scene
def phone_hangs_up(stage: Stage) -> None:
    stage.phone("answers")
    calls(stage, "PJSIP/bob")
    stage.until("OriginateResponse")
    stage.passes(0.3)
    stage.phone_hangs_up()
    stage.quiet()


@scene
def phone_is_busy(stage: Stage) -> None:
    stage.phone("busy")
    calls(stage, "PJSIP/bob")
    is_over(stage)


@scene
def phone_rings_on(stage: Stage) -> None:
    stage.phone("rings")
    calls(stage, "PJSIP/bob", 1000)
    is_over(stage)


@scene
def phone_is_dialled(stage: Stage) -> None:
    stage.phone("answers")
    calls(stage, "Local/100@default/n", context="default", exten="213", priority=1)
    stage.until("BridgeEnter")
    stage.until("BridgeEnter")
    stage.passes(0.5)
    hangs_up(stage, channel_of(stage.until("Newchannel")))


@scene
def busy_phone_is_dialled(stage: Stage) -> None:
    stage.phone("busy")
    calls(stage, "Local/100@default/n", context="default", exten="213", priority=1)
    stage.until("DialEnd")
    stage.quiet()


@scene
def caller_gives_up(stage: Stage) -> None:
    stage.phone("rings")
    calls(stage, "Local/100@default/n", context="default", exten="213", priority=1)
    stage.until("DialState", DialStatus="RINGING")
    stage.passes(0.7)
    hangs_up(stage, channel_of(stage.until("Newchannel")))


@scene
def phone_calls(stage: Stage) -> None:
    """A SIP telephone calls an extension that dials another one."""
    stage.phone("answers")
    stage.phone_calls("231")
    stage.until("BridgeEnter")
    stage.until("BridgeEnter")
    stage.passes(0.5)
    stage.phone_hangs_up()
    stage.quiet()


@scene
def phone_calls_an_extension(stage: Stage) -> None:
    stage.phone("answers")
    stage.phone_calls("100")
    stage.passes(0.3)
    stage.phone_hangs_up()
    stage.quiet()


@scene
def synchronous(stage: Stage) -> None:
    stage.send(actions.Originate(channel="Local/107@default/n", application="Wait", data="1"))
    stage.quiet()
    stage.send(actions.Originate(channel="Local/102@default/n", application="Wait", data="1"))
    stage.quiet()
    stage.send(actions.Originate(channel="Local/888@default/n", application="Wait", data="1"))
    stage.quiet()
    stage.send(
        actions.Originate(
            channel="Local/104@default/n", application="Wait", data="1", call_timeout=timedelta(seconds=1)
        )
    )
    stage.quiet()
    stage.send(actions.Originate(channel="nothing", application="Wait", data="1"))
    stage.send(actions.Originate(channel="Local/100@default/n", context="default", exten="888", priority=1))
    stage.quiet()
