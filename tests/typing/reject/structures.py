"""What cannot be right is refused where a type can tell: each such line is marked."""

# pyright: strict

from __future__ import annotations

from ami_typed import actions
from ami_typed.configuration import DeleteLine, NewSection
from ami_typed.structures import Unit

actions.Originate(channel="PJSIP/anna")  # refused
actions.Originate(channel="PJSIP/anna", exten="100")  # refused
actions.Originate(channel="PJSIP/anna", exten="100", context="default")  # refused
actions.Originate(channel="PJSIP/anna", exten="1", context="a", priority="1", data="1")  # refused
actions.Originate(channel="PJSIP/anna", application="Wait", exten="1", context="a", priority="1")  # refused
actions.Originate(channel="PJSIP/anna", application="Wait", callerid="5")  # refused
actions.UpdateConfig(src_filename="a", dst_filename="a", changes=["NewCat"])  # refused
actions.UpdateConfig(src_filename="a", dst_filename="a", action_000000="NewCat")  # refused
actions.UserEvent(user_event="Mine", headers={"Size": 1})  # refused
actions.AOCMessage(channel="a", msg_type="D", units=[5])  # refused
NewSection()  # refused
DeleteLine("a", line="1")  # refused
Unit()  # refused
