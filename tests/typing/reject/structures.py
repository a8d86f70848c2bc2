"""What cannot be right is refused where a type can tell: each such line is marked."""

# pyright: strict

from __future__ import annotations

from ami_typed import actions
from ami_typed.configuration import DeleteLine, NewSection
from ami_typed.structures import Unit

actions.Originate(channel="a")  # refused: call-overload | reportCallIssue
actions.Originate(channel="a", exten="100")  # refused: call-overload | reportCallIssue
actions.Originate(channel="a", exten="100", context="default")  # refused: call-overload | reportCallIssue
actions.Originate(channel="a", exten="1", context="a", priority=1, data="")  # refused: call-overload | reportCallIssue
actions.Originate(channel="a", application="Wait", exten="1")  # refused: call-overload | reportCallIssue
actions.Originate(channel="a", application="Wait", callerid="5")  # refused: call-overload | reportCallIssue
actions.UpdateConfig(src_filename="a", dst_filename="a", changes=["NewCat"])  # refused: list-item | reportArgumentType
actions.UpdateConfig(src_filename="a", dst_filename="a", action_000000="NewCat")  # refused: call-arg | reportCallIssue
actions.UserEvent(user_event="Mine", headers={"Size": 1})  # refused: dict-item | reportArgumentType
actions.AOCMessage(channel="a", msg_type="D", units=[5])  # refused: list-item | reportArgumentType
NewSection()  # refused: call-arg | reportCallIssue
DeleteLine("a", line="1")  # refused: arg-type | reportArgumentType
Unit()  # refused: call-arg | reportCallIssue
actions.Originate(application="Wait")  # refused: call-overload | reportCallIssue
actions.UpdateConfig(src_filename="a", changes=[])  # refused: call-arg | reportCallIssue
actions.UpdateConfig(src_filename="", dst_filename="", changes={"a": 1})  # refused: arg-type | reportArgumentType
actions.PJSIPNotify(endpoint="a", variable={"Content": [1]})  # refused: list-item | reportArgumentType
actions.UserEvent(headers={"Color": "red"})  # refused: call-arg | reportCallIssue
