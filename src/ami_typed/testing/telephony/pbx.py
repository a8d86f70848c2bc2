"""The telephone system as the simulator and its users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed.testing.telephony import (
    agents,
    conferences,
    control,
    database,
    dialling,
    dialplan,
    endpoints,
    hints,
    local_channels,
    mailboxes,
    originating,
    parking,
    phones,
    queue_actions,
    queueing,
    queues,
    states,
    transfers,
    variables,
)
from ami_typed.testing.telephony.dialplan import Dialplan
from ami_typed.testing.telephony.handling import ACTIONS
from ami_typed.testing.telephony.objects import Party
from ami_typed.testing.telephony.parking import Lot
from ami_typed.testing.telephony.phones import Phone, Reaction
from ami_typed.testing.telephony.queues import Member, Queue
from ami_typed.testing.telephony.scripting import Call
from ami_typed.testing.telephony.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ami_typed.releases import Release
    from ami_typed.testing.clocks import Clock
    from ami_typed.testing.seam import Emit, Handler, ReceivedAction, Reply
    from ami_typed.testing.telephony.handling import Act
    from ami_typed.testing.telephony.objects import Channel

__all__ = ["SimulatedPbx"]

_MODULES = (
    control,
    database,
    dialling,
    endpoints,
    local_channels,
    originating,
    queue_actions,
    queueing,
    transfers,
    variables,
)
"""Modules that add actions, applications and technologies when they are imported."""


class SimulatedPbx:
    """A telephone system: telephones, a dialplan, queues, conferences, and the calls of a test.

    ```python
    pbx.phone("PJSIP/alice", number="100")
    pbx.queue("support", members=["PJSIP/alice"])
    call = pbx.call(caller="+4930123456", to="support")
    call.answered_by("PJSIP/alice", after=3)
    call.hangs_up(after=20, cause=16)
    ```

    Everything happens on the clock; `Simulator.pbx` calls these methods where the server's callbacks run.

    Args:
        release: The release that is simulated.
        clock: Tells the time and runs what happens later.
        emit: Sends an event.
    """

    def __init__(self, release: Release, clock: Clock, emit: Emit) -> None:
        self._world = World(release, clock, emit)
        hints.watch(self._world)

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handler of each action that is carried out, by the action's name in lower case."""
        return {name: self._handler(act) for name, act in ACTIONS.items()}

    def _handler(self, act: Act) -> Handler:
        def handle(action: ReceivedAction, reply: Reply) -> None:
            act(self._world, action, reply)
            self._world.scheduler.settle()

        return handle

    # What it consists of

    def dialplan(self, text: str) -> None:
        """Add extensions, in the form of extensions.conf.

        Raises:
            ValueError: A line is not understood.
        """
        dialplan.read(self._world, text)

    def channelvars(self, *names: str) -> None:
        """Set the variables that events of channels carry, as ``channelvars`` of manager.conf does."""
        self._world.channelvars = names

    def phone(
        self,
        name: str,
        *,
        answers: float | None = None,
        busy: bool = False,
        no_answer: bool = False,
        rejects: bool = False,
        unreachable: bool = False,
        number: str = "",
        caller_name: str = "",
        context: str = "default",
        calls: int | None = None,
    ) -> Phone:
        """Add a telephone, or change what it does. By default it is answered at once.

        Args:
            name: The endpoint with its technology: ``PJSIP/alice``.
            answers: The time it rings before it is answered, in seconds.
            busy: Whether it is busy.
            no_answer: Whether it rings until the caller gives up.
            rejects: Whether it declines calls.
            unreachable: Whether it is not registered.
            number: The number that it calls with.
            caller_name: The name that it calls with.
            context: The context of the dialplan in which its calls begin.
            calls: The number of calls it takes at once; further callers find it busy.

        Raises:
            ValueError: The name has no technology, or more than one reaction is given.
        """
        given = {
            Reaction.ANSWERS: answers is not None,
            Reaction.BUSY: busy,
            Reaction.NO_ANSWER: no_answer,
            Reaction.REJECTS: rejects,
            Reaction.UNREACHABLE: unreachable,
        }
        chosen = [reaction for reaction, is_given in given.items() if is_given]
        if "/" not in name:
            raise ValueError(f"phone() takes an endpoint with its technology, such as 'PJSIP/{name}', not {name!r}.")
        if len(chosen) > 1:
            raise ValueError(f"{name} cannot do both: choose one of {', '.join(each.value for each in chosen)}.")
        phone = Phone(name, chosen[0] if chosen else Reaction.ANSWERS, answers or 0.0, Party(number, caller_name))
        phone.context, phone.limit = context, calls
        return phones.add(self._world, phone)

    def queue(
        self,
        name: str,
        *,
        members: Iterable[str] = (),
        strategy: str = "ringall",
        timeout: float = 15.0,
        retry: float = 5.0,
        service_level: int = 0,
        weight: int = 0,
        longest: int = 0,
        wrap_up: int = 0,
        ring_in_use: bool = True,
        join_empty: bool = True,
        leave_when_empty: bool = False,
        auto_pause: bool = False,
        sets_variables: bool = False,
    ) -> None:
        """Add a queue, or replace the one of that name.

        Args:
            name: Its name.
            members: The interfaces of its members, such as ``PJSIP/alice``; use `member` for more about each.
            strategy: Whom it calls: ``ringall``, ``rrmemory``, ``fewestcalls``, ...; the random ones go round.
            timeout: How long it calls a member, in seconds.
            retry: How long it waits before it calls again, in seconds.
            service_level: The time within which a call should be answered, in seconds.
            weight: Its weight.
            longest: The number of callers that it holds at most; 0 for no limit.
            wrap_up: How long members rest after a call, in seconds.
            ring_in_use: Whether it calls members who are on the telephone.
            join_empty: Whether it lets callers in if no member is there.
            leave_when_empty: Whether it sends callers away when no member is there any more.
            auto_pause: Whether it pauses members who do not answer.
            sets_variables: Whether it sets the variables about its members, its callers and itself.
        """
        queue = Queue(name, strategy, timeout, retry, weight, service_level, longest, wrap_up, ring_in_use, join_empty)
        queue.leave_when_empty, queue.auto_pause = leave_when_empty, auto_pause
        queue.sets_interface_variables = queue.sets_queue_variables = queue.sets_entry_variables = sets_variables
        queues.add(self._world, queue)
        for each in members:
            self.member(name, each)

    def member(
        self,
        queue: str,
        interface: str,
        *,
        name: str = "",
        penalty: int = 0,
        device: str = "",
        paused: bool = False,
        wrap_up: int = 0,
        ring_in_use: bool | None = None,
    ) -> None:
        """Add a member to a queue, as queues.conf does.

        Args:
            queue: The name of the queue.
            interface: What is dialled to reach the member: ``PJSIP/alice``.
            name: The member's name; the interface by default.
            penalty: Members with a lower one are called first.
            device: The device whose state says whether the member is free; by default that of the interface.
            paused: Whether the member is paused.
            wrap_up: How long the member rests after a call, in seconds.
            ring_in_use: Whether the member is called while on the telephone; as the queue says by default.

        Raises:
            ValueError: There is no such queue.
        """
        found = self._world.part(queues.Queues).known.get(queue)
        if found is None:
            raise ValueError(f"There is no queue {queue!r}; add it with queue({queue!r}) first.")
        member = Member(interface, name or interface, device or queues.device_of(interface), penalty)
        member.paused, member.wrap_up = paused, wrap_up
        member.ring_in_use = found.ring_in_use if ring_in_use is None else ring_in_use
        queues.add_member(self._world, found, member)

    def parking_lot(
        self,
        name: str = "default",
        *,
        extension: str = "700",
        spaces: tuple[int, int] = (701, 720),
        timeout: float = 45.0,
        context: str = "parkedcalls",
        comeback_context: str = "parkedcallstimeout",
        comeback_to_origin: bool = True,
        find_next: bool = False,
    ) -> None:
        """Add a parking lot, with the extensions to park and to retrieve calls in its context.

        Args:
            name: Its name.
            extension: The extension that parks who calls it.
            spaces: The first and the last space, which are extensions too.
            timeout: How long a call may stay, in seconds; 0 for no limit.
            context: The context of the extensions.
            comeback_context: The context in which calls that nobody retrieves go on, if not to who parked them.
            comeback_to_origin: Whether such calls ring who parked them.
            find_next: Whether to take the space after the last one, instead of the first that is free.
        """
        lot = Lot(name, extension, *spaces, context, timeout, comeback_context, comeback_to_origin, find_next=find_next)
        parking.add(self._world, lot)

    def agent(self, number: str, *, name: str = "") -> None:
        """Add an agent, who logs in with the application AgentLogin."""
        self._world.part(agents.Agents).known[number] = agents.Agent(number, name)

    def conference_profile(self, name: str, *qualities: str) -> None:
        """Add a user profile of ConfBridge.

        Args:
            name: Its name.
            qualities: What its users are: ``admin``, ``marked``, ``muted``, ``wait_marked``.
        """
        self._world.part(conferences.Profiles).known[name] = frozenset(qualities)

    def mailbox(self, name: str, *, new: int = 0, old: int = 0, urgent: int = 0) -> None:
        """Set the number of messages in a mailbox: ``600@default``."""
        mailboxes.change(self._world, name, mailboxes.Mailbox(new, old, urgent))
        self._world.scheduler.settle()

    def extension(
        self,
        exten: str,
        *steps: str,
        context: str = "default",
        answers_after: float | None = None,
        rings: bool = False,
        busy: bool = False,
        congestion: bool = False,
        dials: str = "",
        queue: str = "",
        conference: str = "",
        hint: str = "",
    ) -> None:
        """Add an extension to the dialplan, or replace it.

        Args:
            exten: Its name, or a pattern that begins with an underscore.
            steps: What it does, as in extensions.conf: ``"Answer()", "Dial(PJSIP/alice,20)"``.
            context: Its context.
            answers_after: It rings for that many seconds, then answers and stays on the line.
            rings: It rings on.
            busy: It is busy.
            congestion: It has no line.
            dials: It dials these telephones: ``PJSIP/alice&PJSIP/bob``.
            queue: It answers and puts the caller into that queue.
            conference: It answers and lets the caller take part in that conference.
            hint: The devices that give it its state: ``PJSIP/alice``, with a presentity after a comma.

        Raises:
            ValueError: A step is not understood, or there is not exactly one kind of what it does.
        """
        kinds = {
            "steps": steps,
            "answers_after": () if answers_after is None else _answering(answers_after),
            "rings": ("Ringing()", "Wait(3600)") if rings else (),
            "busy": ("Busy(10)",) if busy else (),
            "congestion": ("Congestion(10)",) if congestion else (),
            "dials": (f"Dial({dials},30)",) if dials else (),
            "queue": ("Answer()", f"Queue({queue})") if queue else (),
            "conference": ("Answer()", f"ConfBridge({conference})") if conference else (),
        }
        chosen = [kind for kind, found in kinds.items() if found]
        if len(chosen) > 1 or not (chosen or hint):
            raise ValueError(
                f"Say in one way what extension {exten!r} does: give steps or one of {', '.join(list(kinds)[1:])}."
            )
        for kind in chosen:
            dialplan.add(self._world, context, exten, *kinds[kind])
        if hint:
            self._world.part(Dialplan).context(context).hints[exten] = hint

    def set_device_state(self, device: str, state: str) -> None:
        """Set the state of a device, such as ``Custom:desk``: ``INUSE``, ``NOT_INUSE``, ``RINGING``, ..."""
        self._world.part(states.DeviceStates).custom[device] = state.upper()
        states.changed(self._world, device)
        self._world.scheduler.settle()

    def set_presence(self, presentity: str, status: str, *, subtype: str = "", message: str = "") -> None:
        """Set the presence of a presentity, such as ``CustomPresence:desk``: ``away``, ``available``, ..."""
        hints.set_presence(self._world, presentity, status, subtype, message)
        self._world.scheduler.settle()

    def set_variable(self, name: str, value: str, *, channel: str = "") -> None:
        """Set a variable of a channel, or a global one."""
        found = self._channel(channel) if channel else None
        variables.write(self._world, found, name, value)
        self._world.scheduler.settle()

    # What happens in it

    @property
    def channels(self) -> list[str]:
        """The names of the channels that there are, in the order in which they began."""
        return list(self._world.channels)

    def call(
        self, *, caller: str, to: str, name: str = "", context: str = "default", trunk: str = "PJSIP/trunk"
    ) -> Call:
        """Let somebody call.

        Args:
            caller: A telephone, such as ``PJSIP/alice``, or a number, which calls from outside.
            to: An extension of the context, a queue, or a telephone.
            name: The caller's name.
            context: The context of the dialplan.
            trunk: The endpoint through which a number calls from outside.

        Returns:
            The call, which takes the steps that follow.

        Raises:
            ValueError: There is no such telephone, or nothing that can be called like that.
        """
        phone, party = self._caller(caller, name, trunk)
        channel = phones.call_from(self._world, phone, self._destination(to, context), context, party)
        self._world.scheduler.settle()
        return Call(self._world, channel)

    def _caller(self, caller: str, name: str, trunk: str) -> tuple[Phone, Party]:
        known = self._world.part(phones.Phones).known
        if "/" not in caller:
            phone = known.get(trunk.lower()) or phones.add(self._world, Phone(trunk, Reaction.NO_ANSWER))
            return phone, Party(caller, name)
        if caller.lower() not in known:
            raise ValueError(f"There is no telephone {caller!r}; add it with phone({caller!r}) first.")
        phone = known[caller.lower()]
        return phone, Party(phone.party.number, name or phone.party.name)

    def _destination(self, to: str, context: str) -> str:
        """Return the extension to call, made if a queue or a telephone is called by its name."""
        if dialplan.exists(self._world, context, to):
            return to
        if to in self._world.part(queues.Queues).known:
            self.extension(to, queue=to, context=context)
            return to
        if to.lower() in self._world.part(phones.Phones).known:
            exten = to.partition("/")[2]
            self.extension(exten, dials=to, context=context)
            return exten
        raise ValueError(
            f"Nobody can be called as {to!r}: add an extension, a queue or a telephone of that name first "
            f"(extension({to!r}, ...), queue({to!r}), phone({to!r}))."
        )

    def phone_hangs_up(self, name: str, cause: int | None = 16) -> None:
        """Let a telephone, or one channel, end its calls.

        Args:
            name: The telephone or the channel.
            cause: The cause (Q.850), or `None` for none.
        """
        for channel in list(self._world.channels.values()):
            if channel.name == name or channel.tech.device(channel).lower() == name.lower():
                phones.hang_up(self._world, channel, cause)
        self._world.scheduler.settle()

    def _channel(self, name: str) -> Channel:
        found = self._world.find(name)
        if found is None:
            raise ValueError(f"There is no channel {name!r}; there are {', '.join(self.channels) or 'none'}.")
        return found


def _answering(seconds: float) -> tuple[str, ...]:
    """Return the steps of an extension that answers after a time."""
    rings = ("Ringing()", f"Wait({seconds:g})") if seconds else ()
    return (*rings, "Answer()", "Wait(3600)")
