"""What the steps of the scenario act with: requests that are recorded, calls, and waiting for what follows."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, TypeVar

import ami_typed as ami
from ami_typed import actions, events
from tests.live.conformance.record import Record
from tests.live.servers import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ami_typed.messages import R
    from tests.live.servers import ForeignServer

E = TypeVar("E", bound=ami.Event)
A = TypeVar("A", bound=ami.Aggregate)

MARK = "AMI_TYPED_LIVE"
"""The global variable of the dialplan in `tests/live/etc`: a server that has it is there to be tested."""

WAIT = 10.0
"""How long an event that is due may take, in seconds."""


class Common(TypedDict):
    """What the two forms of a request to place a call have in common."""

    channel: str
    call_timeout: timedelta
    caller_id: str
    channel_id: str
    other_channel_id: str | None
    variable: dict[str, str] | None
    async_: bool


class Unanswered(AssertionError):
    """The server did not answer an action, or not to the end."""


class Stage:
    """One server, with a manager who acts and an observer who sees.

    Attributes:
        server: The server.
        manager: Who acts.
        observer: Who sees.
        record: What was seen.
        listed: The actions that the server has, with what ListCommands says of each.
        is_ours: Whether the server has the configuration of `tests/live/etc`: only then does it have what most steps
            need, and only then may they place calls and change files.
    """

    def __init__(
        self, server: Server | ForeignServer, manager: ami.Manager, observer: ami.Manager, record: Record
    ) -> None:
        self.server = server
        self.is_ours = isinstance(server, Server) or bool(manager.execute(actions.Getvar(variable=MARK)).value)
        self.manager = manager
        self.observer = observer
        self.record = record
        self.listed: dict[str, str] = {}
        self._mark = 0
        self._names = (f"conformance-{number}" for number in itertools.count(1))

    @classmethod
    @contextmanager
    def on(cls, server: Server | ForeignServer) -> Generator[Stage]:
        """Log in an actor and an observer."""
        with ami.Manager(limits=ami.Limits(events=200_000, stream=200_000)) as observer, ami.Manager() as actor:
            for each in (observer, actor):
                each.connect(server.host, server.port)
            with observer.subscribe() as stream:
                for each in (observer, actor):
                    each.login(server.full.name, server.full.secret)
                yield cls(server, actor, observer, Record(stream))

    # Acting

    def send(self, request: ami.Request[R], manager: ami.Manager | None = None) -> ami.Response[R]:
        """Send a request and note what came of it, success or not."""
        request.synchronous = request.lists
        request.timeout = WAIT
        response = (manager or self.manager).send_action(request)
        if response is None or response.events_timeout:
            raise Unanswered(f"{request.action} was not answered{' to the end' if response else ''}.")
        self.record.take(response)
        return response

    def execute(self, request: ami.Request[R]) -> R:
        """Send a request that must succeed."""
        response = self.send(request)
        if not response.success:
            raise ami.ActionFailed(request, response.response)
        return response.result

    def listing(self, request: ami.ListRequest[A]) -> A:
        """Send a request for a list, which must succeed."""
        self.execute(request)
        whole: Any = self.record.outcomes[-1].listed
        result: A = whole
        return result

    def has(self, action: str) -> bool:
        """Tell whether the server has an action."""
        return action in self.listed

    # Waiting

    def begin(self) -> None:
        """Begin a step: `until` finds what comes from now on."""
        self.record.drain(0)
        self._mark = len(self.record.seen)

    def until(self, cls: type[E], where: Callable[[E], bool] = lambda _: True, *, timeout: float = WAIT) -> E:
        """Return the first event of a class since the step began that fits, waiting for it where it has not come."""
        try:
            return self.record.until(cls, where, since=self._mark, timeout=timeout)
        except ami.EventTimeout:
            raise ami.EventTimeout(f"{cls.__name__} did not arrive within {timeout:g} s.") from None

    def end(self) -> None:
        """End a step: hang up what is left of it."""
        self.record.drain(0)
        if self.record.channels and self.is_ours:
            self.send(actions.Hangup(channel="/.*/"))
            self.record.until_quiet(WAIT)

    # Calls

    def call(self, channel: str, *, to: str = "", application: str = "Wait", data: str = "60", **variables: str) -> Leg:
        """Place a call and go on when its channel is there.

        Args:
            channel: Whom to call, such as "Local/100@default".
            to: The extension that the called one is connected with, instead of an application.
            application: The application that it is connected with.
            data: That application's arguments.
            variables: Variables of the channel.
        """
        name = next(self._names)
        common: Common = {
            "channel": channel,
            "call_timeout": timedelta(seconds=30),
            "caller_id": "Clara Call <555>",
            "channel_id": name,
            "other_channel_id": f"{name}-other" if channel.startswith("Local/") else None,
            "variable": variables or None,
            "async_": True,
        }
        self.execute(
            actions.Originate(exten=to, context="default", priority=1, **common)
            if to
            else actions.Originate(application=application, data=data, **common)
        )
        return Leg(name, self.until(events.Newchannel, lambda each: each.uniqueid == name).channel)

    def answered(self, channel: str, **more: str) -> Leg:
        """Place a call and go on when it is answered."""
        leg = self.call(channel, **more)
        self.until(events.OriginateResponse, lambda each: each.uniqueid == leg.uniqueid)
        return leg


class Leg(NamedTuple):
    """One channel of a call: its identifier and its name."""

    uniqueid: str
    channel: str

    @property
    def other(self) -> str:
        """The name of the other half of a Local channel."""
        return f"{self.channel.removesuffix('1')}2"
