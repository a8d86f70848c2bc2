"""A short session with Asterisk, typed from end to end: channels, queues, a call, and what a type checker catches.

    python examples/demo.py                        uses a simulated call centre, and watches its afternoon
    python examples/demo.py HOST PORT USER SECRET  uses your server
    python examples/demo.py --host pbx --user me   the same, with the secret from AMI_SECRET

A call is placed on your server only if you pass the destination, as in `--call PJSIP/alice`.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sys
import textwrap
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

import ami_typed as ami
from ami_typed import actions, enums, events, testing

MISTAKES: tuple[tuple[str, str], ...] = (
    (
        "manager.execute(actions.QueueStatus()).membres",
        '"QueueStatus" has no attribute "membres"; maybe "members"?  [attr-defined]',
    ),
    (
        'actions.QueuePauze(interface="PJSIP/anna", paused=True)',
        'Module has no attribute "QueuePauze"; maybe "QueuePause"?  [attr-defined]',
    ),
    (
        'actions.QueueAdd(queue="support")',
        'Missing named argument "interface" for "QueueAdd"  [call-arg]',
    ),
    (
        'actions.AbsoluteTimeout(channel="PJSIP/anna-00000001", hangup_after=20)',
        'Argument "hangup_after" to "AbsoluteTimeout" has incompatible type "int"; expected "timedelta"  [arg-type]',
    ),
    (
        'if manager.wait_for(events.Hangup).cause == "16": ...',
        (
            'Non-overlapping equality check (left operand type: "int", right operand type: "Literal[\'16\']")  '
            "[comparison-overlap]"
        ),
    ),
)
"""Incorrect lines, each with the error that mypy --strict reports."""

MOST_ROWS = 15
FRAME = 0.02
"""The time between two steps of the simulated clock, in seconds."""
AGENTS = {"Anna": 4.0, "Bertil": 6.0, "Cecilia": 9.0}
"""The simulated agents, each with the time that the telephone rings before it is answered, in seconds."""
WATCHED = (
    *(events.QueueCallerJoin, events.QueueCallerLeave, events.QueueCallerAbandon),
    *(events.AgentConnect, events.AgentComplete),
)

Row = tuple[str, ...]


def main() -> None:
    options = read_options()
    print(f"ami-typed {ami.__version__}: Asterisk's Manager Interface, typed")
    if options.host:
        talk(options.host, options.port, options.user, options.secret, options.call)
    else:
        print("No server is given, so a call centre is simulated. To talk to your server, see --help.")
        with CallCentre() as centre:
            pbx = centre.simulator
            talk(pbx.host, pbx.port, pbx.user, pbx.secret, "PJSIP/erika", centre)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Talk to Asterisk, or to a simulated one if no host is given.")
    parser.add_argument("--host", default=os.environ.get("AMI_HOST"), help="the server (AMI_HOST)")
    parser.add_argument("--port", default=os.environ.get("AMI_PORT", "5038"), type=int, help="its port (AMI_PORT)")
    parser.add_argument("--user", default=os.environ.get("AMI_USER"), help="a user of manager.conf (AMI_USER)")
    parser.add_argument("--secret", default=os.environ.get("AMI_SECRET"), help="the user's secret (AMI_SECRET)")
    parser.add_argument("--call", default=os.environ.get("AMI_CALL"), help="a channel to call (AMI_CALL)")
    names = ("host", "port", "user", "secret")
    parser.add_argument("server", nargs="*", metavar="HOST PORT USER SECRET", help="the same four, in this order")
    options = parser.parse_args()
    if len(options.server) > len(names):
        parser.error("give HOST PORT USER SECRET, and nothing behind them")
    for name, value in zip(names, options.server, strict=False):
        setattr(options, name, value)
    try:
        options.port = int(options.port)
    except ValueError:
        parser.error(f"{options.port!r} is no port; give HOST PORT USER SECRET")
    if options.host and not (options.user and options.secret):
        parser.error("a host needs a user and a secret; give --user, and --secret or AMI_SECRET")
    return options


class CallCentre:
    """A simulated call centre: customers call a queue, agents answer, and time passes faster than outside.

    Attributes:
        simulator: The simulated Asterisk.
        pace: How much faster time passes.
    """

    def __init__(self) -> None:
        self._clock = testing.SteppedClock()
        self.simulator = testing.Simulator(users=[testing.User("demo", "a secret")], clock=self._clock)
        self.pace = 1.0
        self._dice = random.Random(22)  # noqa: S311 - the same afternoon every time
        self._customers = itertools.count(1)
        self._ended = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        pbx = self.simulator.pbx
        pbx.dialplan("[default]\nexten => 100,1,Answer()\n same => n,Queue(support)\n")
        pbx.queue("support", strategy="rrmemory", ring_in_use=False, retry=1)
        for name, ringing in AGENTS.items():
            pbx.phone(f"PJSIP/{name.lower()}", answers=ringing)
            pbx.member("support", f"PJSIP/{name.lower()}", name=name)
        pbx.phone("PJSIP/erika", answers=1)
        self.simulator.start()
        self.simulator.run(self._call)
        self._clock.advance(timedelta(minutes=10))
        self._ticking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._ticking.join()
        self.simulator.stop()

    @property
    def now(self) -> float:
        """The simulated time, in seconds."""
        return self._clock.now

    def _tick(self) -> None:
        while not self._ended.wait(FRAME):
            self._clock.advance(FRAME * self.pace)

    def _call(self) -> None:
        """Let a customer call, who hangs up after a while, and plan the next one."""
        number = next(self._customers)
        name = f"PJSIP/customer{number}"
        pbx = self.simulator.pbx
        pbx.phone(name, number=f"55501{number % 100:02d}")
        pbx.call(caller=name, to="100")
        self._clock.call_later(self._dice.uniform(20, 240), lambda: pbx.phone_hangs_up(name))
        self._clock.call_later(self._dice.expovariate(1 / 45), self._call)


def talk(host: str, port: int, user: str, secret: str, channel: str | None, centre: CallCentre | None = None) -> None:
    with ami.Manager() as manager:
        log_in(manager, host, port, user, secret)
        show_channels(manager)
        show_queues(manager)
        if channel:
            place_call(manager, channel)
        else:
            print("\nNo call is placed; `--call PJSIP/somebody` would.")
        if centre is not None:
            watch(manager, centre)
        manager.logoff()
    show_mistakes()


def log_in(manager: ami.Manager, host: str, port: int, user: str, secret: str) -> None:
    heading("Logging in", "manager.login(user, secret)")
    manager.connect(host, port)
    print(f"  {host}:{port} greets as {' '.join(manager.get_asterisk_info() or ())}.")
    manager.login(user, secret)
    print(f"  Logged in as {user}, by MD5 challenge: the secret itself stayed here.")
    settings = manager.execute(actions.CoreSettings())
    limit = f"at most {settings.core_max_calls} calls" if settings.core_max_calls else "as many calls as it can bear"
    records = "writes" if settings.core_cdr_enabled else "does not write"
    print(f"  It is Asterisk {manager.release}, takes {limit} and {records} call records.")


def show_channels(manager: ami.Manager) -> None:
    heading("Channels", "manager.execute(actions.CoreShowChannels()).channels")
    rows: list[Row] = [
        (
            channel.channel,
            channel.channel_state.name,
            channel.caller_id_num or "-",
            channel.connected_line_num or "-",
            channel.application or "-",
            str(channel.duration),
        )
        for channel in manager.execute(actions.CoreShowChannels()).channels
    ]
    table(("Channel", "State", "Caller", "Talks to", "Application", "Duration"), rows)


def show_queues(manager: ami.Manager) -> None:
    heading("Queues", "manager.execute(actions.QueueStatus())  .params .members .entries")
    status = manager.execute(actions.QueueStatus())
    free = enums.QueueMemberStatus.NOT_INUSE
    queues: list[Row] = []
    for queue in status.params:
        serving = [member for member in status.members if member.queue == queue.queue]
        waits = [entry.wait for entry in status.entries if entry.queue == queue.queue]
        ready = sum(member.status == free and not member.paused for member in serving)
        queues.append(
            (
                queue.queue,
                queue.strategy.value,
                f"{ready} of {len(serving)}",
                str(len(waits)),
                str(max(waits)) if waits else "-",
                str(queue.completed),
                str(queue.abandoned),
            )
        )
    table(("Queue", "Strategy", "Free", "Waiting", "Longest", "Completed", "Abandoned"), queues)
    print()
    members: list[Row] = [
        (
            member.name,
            member.queue,
            member.status.name,
            (member.paused_reason or "yes") if member.paused else "-",
            str(member.calls_taken),
            f"{member.last_call:%Y-%m-%d %H:%M} UTC" if member.last_call else "never",
        )
        for member in status.members
    ]
    table(("Member", "Queue", "State", "Paused", "Calls", "Last call"), members)


def place_call(manager: ami.Manager, channel: str) -> None:
    heading("A call", f"manager.originate(actions.Originate(channel={channel!r}, ...))")
    call_id = f"demo-{os.getpid()}-{time.time():.0f}"
    call = actions.Originate(
        channel=channel,
        application="Wait",
        data="1",
        call_timeout=timedelta(seconds=20),
        caller_id='"ami-typed" <100>',
        variable={"CAMPAIGN": "demo"},
        channel_id=call_id,
        action_id=call_id,
    )
    # One thread places the call and waits for its outcome; this one follows the call on the same connection.
    with (
        manager.subscribe(
            *(events.Newchannel, events.Newstate, events.DialBegin, events.DialEnd),
            *(events.OriginateResponse, events.Hangup),
        ) as stream,
        ThreadPoolExecutor() as threads,
    ):
        outcome = threads.submit(manager.originate, call)
        outcome.add_done_callback(lambda done: stream.close() if done.exception() else None)
        follow(stream, call_id)
    tell_outcome(outcome)


def follow(stream: ami.EventStream[ami.Event], call_id: str) -> None:
    """Print what happens to a call, until its outcome is known and its last channel has hung up."""
    begin = time.monotonic()
    channels: set[str] = set()
    decided = False
    for event in stream:
        if call_id not in {event.get("Linkedid"), event.get("DestLinkedid"), event.action_id}:
            continue  # another call
        print(f"  {time.monotonic() - begin:5.2f} s  {event.event:<17}  {describe(event)}", flush=True)
        match event:
            case events.Newchannel(uniqueid=channel):
                channels.add(channel)
            case events.Hangup(uniqueid=channel):
                channels.discard(channel)
            case events.OriginateResponse():
                decided = True
            case _:
                pass
        if decided and not channels:
            return


@dataclass
class Wallboard:
    """What the screen of a call centre shows, from events."""

    waiting: dict[str, str] = field(default_factory=dict[str, str])
    talking: dict[str, str] = field(default_factory=dict[str, str])
    answered: Counter[str] = field(default_factory=Counter[str])
    talked: dict[str, timedelta] = field(default_factory=dict[str, timedelta])
    abandoned: int = 0

    def see(self, event: ami.Event) -> None:
        """Follow one event; every attribute here is typed and checked."""
        match event:
            case events.QueueCallerJoin(uniqueid=call, caller_id_num=number):
                self.waiting[call] = number or "anonymous"
            case events.QueueCallerAbandon():
                self.abandoned += 1
            case events.QueueCallerLeave(uniqueid=call):
                self.waiting.pop(call, None)
            case events.AgentConnect(member_name=agent, caller_id_num=number):
                self.talking[agent] = number or "anonymous"
            case events.AgentComplete(member_name=agent, talk_time=talk_time):
                self.talking.pop(agent, None)
                self.answered[agent] += 1
                self.talked[agent] = self.talked.get(agent, timedelta()) + talk_time
            case _:
                pass

    def rows(self) -> list[Row]:
        """Return a row for each agent."""
        return [
            (
                agent,
                self.talking.get(agent, "-"),
                str(self.answered[agent]),
                str(self.talked.get(agent, timedelta()) // max(1, self.answered[agent])).partition(".")[0],
            )
            for agent in AGENTS
        ]


def watch(manager: ami.Manager, centre: CallCentre) -> None:
    """Watch half an hour of the call centre in some seconds, in a table that moves if this is a terminal."""
    heading("Half an hour of the call centre", "manager.subscribe(*WATCHED)  and a clock that the simulator steps")
    board, drawn, end = Wallboard(), 0, centre.now + 1800
    centre.pace = 600 if sys.stdout.isatty() else 6000
    with manager.subscribe(*WATCHED) as stream:
        while centre.now < end:
            with suppress(ami.EventTimeout):
                board.see(stream.get(2 * FRAME))
            if sys.stdout.isatty():
                drawn = draw(board, drawn)
    centre.pace = 1.0
    draw(board, drawn)


def draw(board: Wallboard, over: int) -> int:
    """Draw the table, over the one that was drawn before; return its number of lines."""
    print(f"\x1b[{over}F\x1b[J" if over else "", end="")
    print(f"  {len(board.waiting)} waiting, {sum(board.answered.values())} answered, {board.abandoned} gave up")
    table(("Agent", "Talks to", "Answered", "Average"), board.rows())
    return len(AGENTS) + 3


def describe(event: ami.Event) -> str:
    """Describe an event in words; every attribute here is typed and checked."""
    words = ""
    match event:
        case events.Newchannel(channel=channel, exten=exten, context=context):
            words = f"{channel} is there, for {exten or 'nobody yet'} in {context}"
        case events.Newstate(channel=channel, channel_state=state):
            words = f"{channel} is {state.name}"
        case events.DialBegin(dest_channel=channel, dial_string=number):
            words = f"{channel} is dialled as {number}"
        case events.DialEnd(dest_channel=channel, dial_status=status):
            words = f"{channel}: {status.name}"
        case events.OriginateResponse(response=result, reason=reason):
            words = f"{result.value}: {reason.name}"
        case events.Hangup(channel=channel, cause=cause, cause_txt=reason_in_words):
            words = f"{channel} hung up: {reason_in_words} ({cause})"
        case _:
            pass
    return words


def tell_outcome(outcome: Future[events.OriginateResponse]) -> None:
    try:
        response = outcome.result()
    except ami.Error as error:
        print(f"  {error}")
    else:
        answered = response.response is enums.OriginateResult.SUCCESS
        print(f"  The call was {'answered' if answered else 'not answered'}, said by an events.OriginateResponse.")


def show_mistakes() -> None:
    heading("What the type checker would have caught", "mypy --strict")
    for line, message in MISTAKES:
        print(f"  {line}")
        print(textwrap.fill(f"error: {message}", 92, initial_indent="      ", subsequent_indent="        "))


def heading(title: str, code: str) -> None:
    print(f"\n{title}\n  {code}")


def table(names: Row, rows: list[Row]) -> None:
    """Print rows as an aligned table with column names, limited to the first few."""
    shown = [names, *rows[:MOST_ROWS]]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    shown.insert(1, tuple("-" * width for width in widths))
    for row in shown:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if len(rows) > MOST_ROWS:
        print(f"  and {len(rows) - MOST_ROWS} more")


if __name__ == "__main__":
    try:
        main()
    except ami.Error as error:
        sys.exit(str(error))
