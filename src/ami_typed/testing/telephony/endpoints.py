"""The lists of endpoints of PJSIP, which are the telephones of that technology."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import states
from ami_typed.testing.telephony.handling import answers
from ami_typed.testing.telephony.phones import Phone, Phones, Reaction

if TYPE_CHECKING:
    from ami_typed.testing.seam import ReceivedAction, Reply
    from ami_typed.testing.telephony.world import World

_WORDS = {
    "NOT_INUSE": "Not in use",
    "INUSE": "In use",
    "RINGING": "Ringing",
    "UNAVAILABLE": "Unavailable",
    "BUSY": "Busy",
    "ONHOLD": "On Hold",
    "RINGINUSE": "Ring+Inuse",
}
"""The states of devices in words (main/devicestate.c, ast_devstate2str)."""


def _endpoints(world: World) -> list[Phone]:
    return [phone for phone in world.part(Phones).known.values() if phone.name.lower().startswith("pjsip/")]


def _name(phone: Phone) -> str:
    return phone.name.partition("/")[2]


def _contact(phone: Phone) -> str:
    return "" if phone.reaction is Reaction.UNREACHABLE else f"{_name(phone)}/sip:{_name(phone)}@127.0.0.1:5060,"


@answers("PJSIPShowEndpoints")
def _show_endpoints(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    items = [
        world.event(
            "EndpointList",
            [
                ("ObjectType", "endpoint"),
                ("ObjectName", _name(phone)),
                ("Transport", ""),
                ("Aor", _name(phone)),
                ("Auths", ""),
                ("OutboundAuths", ""),
                ("Contacts", _contact(phone)),
                ("DeviceState", _WORDS.get(states.device_state(world, phone.name), "Unknown")),
                ("ActiveChannels", _channels(world, phone)),
            ],
        )
        for phone in _endpoints(world)
    ]
    if items:
        reply.list(items, "EndpointListComplete", "A listing of Endpoints follows, presented as EndpointList events")
    else:
        reply.error("No endpoints found")


@answers("PJSIPShowContacts")
def _show_contacts(world: World, action: ReceivedAction, reply: Reply) -> None:
    del action
    items = [
        world.event(
            "ContactList",
            [
                ("ObjectType", "contact"),
                ("ObjectName", f"{_name(phone)}@@{index:032x}"),
                ("Aor", _name(phone)),
                ("Endpoint", _name(phone)),
                ("Uri", f"sip:{_name(phone)}@127.0.0.1:5060"),
                ("UserAgent", "simulated"),
                ("Status", "NonQualified"),
                ("RoundtripUsec", "0"),
            ],
        )
        for index, phone in enumerate(_endpoints(world))
        if phone.reaction is not Reaction.UNREACHABLE
    ]
    if items:
        reply.list(items, "ContactListComplete", "A listing of Contacts follows, presented as ContactList events")
    else:
        reply.error("No Contacts found")


def _channels(world: World, phone: Phone) -> str:
    return ",".join(channel.name for channel in world.channels.values() if channel.tech.device(channel) == phone.name)
