"""What a simulated server and the telephony behind it require of each other.

`Simulator` owns connections, users and privileges. A `Telephony` owns what the server does: it answers actions, and
emits events whenever its state changes.

Rules of this module:

- Everything happens in one place, the server's event loop; see `clocks`. No locks are needed, and nothing may block.
- A handler answers an action exactly once, at any time. Until it has answered, the session serves no other action and
  receives no events, as in Asterisk (main/manager.c, process_message): a synchronous Originate blocks its session.
- Events emitted while a session's action is handled reach that session after the answer.
- An event is a message made with keywords, ``events.Hangup(channel="PJSIP/100-1", cause=16)``, or a name with headers
  in the order of the wire, ``("Hangup", [("Channel", "PJSIP/100-1")])``. The server adds the Privilege header if it is
  absent, and to items of a list the ActionID.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ami_typed.messages import KEY_ACTION, Event, Message

if TYPE_CHECKING:
    from ami_typed.releases import Release
    from ami_typed.testing.clocks import Clock

__all__ = ["Emit", "Emittable", "Handler", "HeaderLines", "ReceivedAction", "Reply", "Telephony", "TelephonyFactory"]

HeaderLines: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]
"""Headers in the order of the wire; as pairs if names repeat."""
Emittable: TypeAlias = Event | tuple[str, HeaderLines]
"""An event: made with keywords, or its name and its headers."""
Emit: TypeAlias = Callable[[Emittable], None]
"""Sends an event to every session that may and wants to receive it."""


class ReceivedAction(Message):
    """An action that a client has sent: its headers, whose names are case-insensitive.

    ``action.get("Channel", "")`` is the first value of a header, ``action.all("Variable")`` all of them.

    Attributes:
        user: The name of the user who has sent it; empty before the log-in.
        time: When it was received, by the server's clock, in seconds since the epoch.
    """

    __slots__ = ("time", "user")

    user: str
    time: float

    @property
    def action(self) -> str:
        """The action's name, as the client spelled it."""
        return self.get(KEY_ACTION, "")


class Reply(Protocol):
    """Answers one action. The ActionID is added to everything that needs it."""

    @property
    def user(self) -> str:
        """The name of the user who sent the action."""
        ...

    @property
    def may_write(self) -> frozenset[str]:
        """The classes of actions that this user may send, such as ``originate``."""
        ...

    def success(self, message: str | None = None, headers: HeaderLines = ()) -> None:
        """Answer ``Response: Success``, with a Message header and further headers if given."""
        ...

    def error(self, message: str, headers: HeaderLines = ()) -> None:
        """Answer ``Response: Error``."""
        ...

    def respond(self, response: str, message: str | None = None, headers: HeaderLines = ()) -> None:
        """Answer with any other Response."""
        ...

    def list(
        self,
        items: Iterable[Emittable],
        complete: str | Emittable,
        message: str | None = None,
        headers: HeaderLines = (),
    ) -> None:
        """Answer with a list of events, announced as this action's list is in the simulated release.

        Args:
            items: The items.
            complete: The event that ends the list, or its name. EventList and ListItems are added in front of its
                headers unless they are given.
            message: The Message header of the answer that announces the list.
            headers: Further headers of that answer.
        """

    def output(self, lines: Iterable[str], message: str | None = None) -> None:
        """Answer with the output of a command: Output headers since Asterisk 14, raw text before."""
        ...

    def text(self, text: str) -> None:
        """Answer with raw text without any header (``Queues``)."""
        ...

    def event(self, event: Emittable) -> None:
        """Send an event to this session alone, with the ActionID, whatever its privileges and mask."""
        ...


Handler: TypeAlias = Callable[[ReceivedAction, Reply], None]
"""Handles one action: changes the state and answers, now or later."""


class Telephony(Protocol):
    """The telephony behind a simulated server."""

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handler of each action that it answers, by the action's name in lower case.

        The simulator checks that the action exists in its release and that the user may send it.
        """
        ...


TelephonyFactory: TypeAlias = Callable[["Release", "Clock", Emit], Telephony]
"""Creates the telephony of a server: ``factory(release, clock, emit)``."""
