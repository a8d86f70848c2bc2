"""A short conversation about everything a server itself answers, with a simulator or with Asterisk.

What is compared is each message's headers, in order, with the values that do not depend on time, place and server.
"""

from __future__ import annotations

import hashlib
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping

VALUES = {
    "Event", "Response", "Message", "Events", "Ping", "EventList", "ListItems", "Privilege", "Status", "Service",
    "Severity", "EventVersion", "AccountID", "UsingPassword", "RequestType", "UserEvent", "Color", "ActionID",
    "SystemName", "CoreRealTimeEnabled", "SoundsSearchCustomDir",
}  # fmt: skip
"""The headers whose values are compared."""
OWN = {
    "FullyBooted", "UserEvent", "WaitEventComplete", "SuccessfulAuth", "InvalidPassword", "InvalidAccountID",
    "FailedACL", "ChallengeResponseFailed", "RequestNotAllowed", "RequestBadFormat",
}  # fmt: skip
"""The events that the conversation causes; whatever else a real server happens to send is left out."""
MASKS = ("", "call,foo", "foo", "3", "on", "off")
LISTS = ("CoreShowChannels", "Status", "ParkedCalls")
"""The lists that are empty without a call; a parking lot keeps its bridge."""

Message = list[tuple[str, str]]


class Said(NamedTuple):
    """What a server said to one action."""

    action: str
    messages: list[Message]


class Client:
    """A client that reads and writes lines."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_connection((host, port), 10)
        if context is not None:
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        self._lines = self._socket.makefile("rb")
        self.greeting = self._lines.readline()
        self._number = 0

    def send(self, text: str) -> None:
        self._socket.sendall(text.replace("\n", "\r\n").encode())

    def messages(self) -> Iterator[Message]:
        """Read messages until the server closes the connection."""
        message: Message = []
        for line in self._lines:
            name, colon, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
            if colon:
                message.append((name, value.removeprefix(" ")))
            elif message:
                yield message
                message = []

    def say(self, text: str) -> Said:
        """Send an action, and read what follows until a ping is answered or the connection ends."""
        self._number += 1
        mark = f"mark-{self._number}"
        self.send(f"{text}Action: Ping\nActionID: {mark}\n\n")
        heard: list[Message] = []
        with suppress(ConnectionError):  # closed, while the ping was on its way
            for message in self.messages():
                if ("ActionID", mark) in message:
                    break
                heard.append(message)
        return Said(text.partition("\n")[0], heard)

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def compared(said: Iterable[Said]) -> list[Said]:
    """Return what is compared: the answer to each action, then all events, sorted by name.

    Asterisk's threads decide in which order events of several sources come, and before which answer.
    """
    normal = [Said(each.action, list(map(_normal, each.messages))) for each in said]
    answers = [Said(action, [each for each in messages if each[0] not in _EVENTS]) for action, messages in normal]
    events = [message for each in normal for message in each.messages if message[0] in _EVENTS]
    return [
        *(Said(action, [each for each in messages if _is_answer(each)]) for action, messages in answers),
        Said("", sorted(events)),
    ]


_EVENTS = {("Event", name) for name in OWN}


def _is_answer(message: Message) -> bool:
    return message[0][0] != "Event" or any(header == "ActionID" for header, _ in message)


def _normal(message: Message) -> Message:
    lists = ("EventList", "start") in message  # whose texts differ from action to action
    return [(name, value if name in VALUES and not (lists and name == "Message") else "") for name, value in message]


def talk(host: str, port: int, users: Mapping[str, str]) -> list[Said]:
    """Have the conversation.

    Args:
        host: The server's address.
        port: The server's port.
        users: The secrets of the users full, reader and barred.
    """
    client = Client(host, port)
    actions = (
        "Action: Events\nEventMask: on\n\n",
        f"Action: Login\nActionID: 1\nUsername: full\nSecret: {users['full']}\n\n",
        "Foo: bar\n\n",
        "Action: Nonsense\nActionID: 2\n\n",
        "Action: Login\n\n",
        "Action: CoreSettings\nActionID: 4\n\n",
        "Action: CoreStatus\n\n",
        "Action: ModuleCheck\nModule: nope\n\n",
        "Action: ModuleCheck\nActionID: 5\nModule: app_dial\n\n",
        "Action: Command\nActionID: 6\nCommand: core show version\n\n",
        "Action: Command\nCommand: no such\n\n",
        "Action: Command\n\n",
        "Action: Filter\n\n",
        "Action: Filter\nOperation: Add\nFilter: (\n\n",
        "Action: UserEvent\nActionID: 7\nUserEvent: Hello\nColor: red\n\n",
        "Action: Challenge\n\n",
        "Action: Challenge\nAuthType: MD5\nActionID: 8\n\n",
        "Action: X\nY: " + "z" * 1500 + "\n\n",
        "Action: Ping\n" + "".join(f"A{number}: b\n" for number in range(200)) + "\n",
        *(f"Action: {name}\nActionID: 9\n\n" for name in LISTS),
    )
    said = [client.say(text) for text in actions]
    time.sleep(0.2)  # the last events may be on their way
    said.append(client.say("Action: Logoff\nActionID: 10\n\n"))
    client.close()
    for text in (
        "Action: Login\nActionID: 11\nUsername: reader\nSecret: nope\n\n",
        f"Action: Login\nUsername: barred\nSecret: {users['barred']}\n\n",
        "Action: Login\nUsername: nobody\nSecret: x\n\n",
        "Action: Login\n\n",
    ):
        client = Client(host, port)
        said.append(client.say(text))
        client.close()
    client = Client(host, port)
    challenge = dict(client.say("Action: Challenge\nAuthType: md5\n\n").messages[0])["Challenge"]
    key = hashlib.md5((challenge + users["reader"]).encode()).hexdigest()
    said += [
        client.say(f"Action: Login\nAuthType: MD5\nUsername: reader\nKey: {key}\nEvents: off\n\n"),
        *(client.say(f"Action: Events\nActionID: 3\nEventMask: {mask}\n\n") for mask in MASKS),
        client.say("Action: Originate\nActionID: 12\nChannel: Local/1@x\n\n"),
        client.say("Action: Command\nCommand: core show version\n\n"),
    ]
    client.close()
    return said
