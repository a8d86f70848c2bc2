"""Several headers that say one thing have one type, in answers and in requests."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from ami_typed import actions, enums, events
from ami_typed.configuration import AppendLine, NewSection, Section
from ami_typed.structures import Charge, Command, Unit

if TYPE_CHECKING:
    from ami_typed import Manager


def read(manager: Manager) -> None:
    assert_type(manager.execute(actions.Command(command="core show uptime")).output, list[str])
    assert_type(manager.execute(actions.IAXnetstats()).output, list[str])
    assert_type(manager.execute(actions.ListCommands()).commands, dict[str, Command])
    sections = manager.execute(actions.GetConfig(filename="pjsip.conf")).sections
    assert_type(sections, list[Section])
    assert_type(sections[0].lines, list[tuple[str, str]])
    assert_type(manager.execute(actions.GetConfigJSON(filename="pjsip.conf")).sections, list[Section])
    assert_type(manager.execute(actions.FAXStats()).complete, events.FAXStats | None)
    assert_type(manager.execute(actions.Hangup(channel="/^PJSIP/")).channels, list[events.ChannelHungup])


actions.UpdateConfig(
    src_filename="a.conf", dst_filename="a.conf", changes=[NewSection("a", templates=["b"]), AppendLine("a", "b", "c")]
)
actions.Originate(channel="PJSIP/anna", application="Wait", data="1", variable={"A": "1"})
actions.Originate(channel="PJSIP/anna", exten="100", context="default", priority="1", async_=True)
actions.UserEvent(user_event="Mine", headers={"Color": "red", "Size": ["1", "2"]})
actions.PJSIPNotify(endpoint="anna", variable={"Event": "talk", "Content": ["a", "b"]})
actions.AOCMessage(channel="PJSIP/anna-1", msg_type="S", charges=[Charge(enums.ChargedItem.CALL_SETUP, "Free")])
actions.AOCMessage(channel_prefix="PJSIP/", msg_type="D", charge_type="Unit", units=[Unit(5, 1)])
