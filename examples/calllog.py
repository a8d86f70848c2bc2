"""Log one row per call to an SQLite database, correct across transfers.

    python examples/calllog.py ami://user:secret@pbx.example calls.db

The URL has the format of `Manager.from_url`. Calls that are already in progress at the start, and calls that end while
the link is down, are logged too.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import live

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE = """
CREATE TABLE IF NOT EXISTS calls (
    id TEXT, started_at TEXT, answered_at TEXT, ended_at TEXT, caller TEXT, callee TEXT, dialed TEXT,
    queue TEXT, talk_seconds REAL, reason TEXT, ended_by TEXT, transfers TEXT, resynced INTEGER
)
"""


def number(party: live.Party | None) -> str | None:
    """Return the number of a party, or its channel name if the number is unknown."""
    return None if party is None else party.number or party.channel


def row(change: live.CallEnded) -> tuple[object, ...]:
    """Return the row of a call that ended."""
    record = change.call.record()
    told = record.to_dict()
    handed = [
        [each.kind.value, number(each.by), number(each.party), *map(number, each.to)] for each in record.transfers
    ]
    times = (told["started_at"], told["answered_at"], told["ended_at"])
    parties = (number(record.caller), number(record.callee), record.dialed, record.queue)
    end = (told["talk_time"], told["reason"], number(record.ended_by), json.dumps(handed), change.resynced)
    return (record.id, *times, *parties, *end)


def log(changes: Iterable[live.CallEnded], database: sqlite3.Connection) -> None:
    """Write a row for each call that ends."""
    database.execute(TABLE)
    for change in changes:
        with database:
            database.execute("INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row(change))


def main(url: str, path: str) -> None:
    """Log the calls of a server until the program is interrupted."""
    with (
        ami.Manager.from_url(url, reconnect=ami.Reconnect()) as manager,
        manager.live() as pbx,
        pbx.changes(live.CallEnded) as changes,
    ):
        log(changes, sqlite3.connect(path))


if __name__ == "__main__":
    main(*sys.argv[1:3])
