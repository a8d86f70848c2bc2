"""A wallboard in the terminal: the queues with their callers and members, and the calls.

    python examples/board.py ami://user:secret@pbx.example

It needs rich. It is drawn when something changes, at most five times a second, and once a second for the durations.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

import ami_typed as ami

if TYPE_CHECKING:
    from datetime import timedelta

    from ami_typed.live import Queue
    from ami_typed.pbx import Pbx

STYLES = {"talking": "green", "ringing": "yellow", "queued": "cyan", "held": "magenta", "parked": "blue"}


def clock(duration: timedelta) -> str:
    """Return a duration in minutes and seconds."""
    return "{}:{:02}".format(*divmod(int(duration.total_seconds()), 60))


def queues(pbx: Pbx) -> Table:
    table = Table("Queue", "Waiting", "Longest", "Answered", "Lost", "Level", "Members", title="Queues", expand=True)
    for queue in pbx.queues:
        callers = ", ".join(f"{each.number or each.channel} {clock(each.wait)}" for each in queue.callers)
        counts = f"{queue.completed}", f"{queue.abandoned}", f"{queue.service_level_performance:.0f} %"
        table.add_row(queue.name, callers or "-", clock(queue.longest_wait), *counts, members(queue))
    return table


def members(queue: Queue) -> Text:
    """Return the members of a queue, coloured by what they do."""
    styles = {each: "dim" if each.paused else "red" if each.in_call else "green" for each in queue.members.values()}
    return Text(" ").join(Text(each.name, style) for each, style in styles.items())


def calls(pbx: Pbx) -> Table:
    table = Table("Caller", "Callee", "State", "Talk", "Queue", title="Calls", expand=True)
    for call in pbx.calls:
        callee = call.callee or next((leg.party for leg in call.ringing), None) or call.dialed
        state = Text(call.state.value, STYLES.get(call.state.value, ""))
        table.add_row(str(call.caller or ""), str(callee or ""), state, clock(call.talk_time), call.queue or "")
    return table


def picture(pbx: Pbx) -> Group:
    """Return the whole board."""
    return Group(queues(pbx), calls(pbx), Text("" if pbx.fresh_since else "The connection is lost.", "bold red"))


def main(url: str) -> None:
    with (
        ami.Manager.from_url(url, reconnect=ami.Reconnect()) as manager, manager.live(queues=True) as pbx,
        pbx.changes(limit=1) as changes, Live(picture(pbx), auto_refresh=False, screen=True) as screen,
    ):  # fmt: skip
        while True:
            time.sleep(0.2)
            with suppress(ami.EventTimeout, ami.ChangesDropped):
                changes.get(0.8)
            screen.update(picture(pbx), refresh=True)


if __name__ == "__main__":
    main(sys.argv[1])
