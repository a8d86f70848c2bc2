"""Times of a server that lives in another time zone than its client, held against this machine's clock."""

from __future__ import annotations

import struct
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

import ami_typed as ami
from ami_typed import actions, events
from tests.live import rootfs
from tests.live.servers import FOREIGN, Server, targets

if TYPE_CHECKING:
    from collections.abc import Iterator

KOLKATA = Path("/usr/share/zoneinfo/Asia/Kolkata")
SECOND = timedelta(seconds=1)

pytestmark = [
    pytest.mark.usefixtures("abroad"),
    pytest.mark.skipif(targets() != list(rootfs.RECIPES), reason=f"NOT RUN: not our own servers ({FOREIGN})"),
]


@pytest.fixture(params=list(rootfs.RECIPES), scope="module")
def far_away(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server in India."""
    with Server.start(request.param, KOLKATA) as server:
        yield server


def connected(server: Server, timezone: tzinfo | str | None) -> ami.Manager:
    manager = ami.Manager(timezone=timezone)
    manager.connect(server.host, server.port)
    manager.login(server.full.name, server.full.secret)
    return manager


def call(manager: ami.Manager, application: str = "Wait", data: str = "1") -> tuple[events.Cdr, list[events.CEL]]:
    """Place a call; return the record of it, and what was logged of its channel."""
    with manager.subscribe(events.Cdr, events.CEL) as stream:
        outcome = manager.originate(actions.Originate(channel="Local/100@default", application=application, data=data))
        logged: list[events.CEL] = []
        record: events.Cdr | None = None
        while record is None or not any(each.event_name == "CHAN_END" for each in logged):
            event = stream.get(timeout=60)
            if isinstance(event, events.Cdr):
                record = event if event.unique_id == outcome.uniqueid else record
            elif event.unique_id == outcome.uniqueid:
                logged.append(event)
    return record, logged


def now() -> datetime:
    return datetime.now(UTC)


def test_times_of_calls_are_exact_with_the_right_zone(far_away: Server) -> None:
    with connected(far_away, "Asia/Kolkata") as manager:
        before = now() - SECOND
        record, logged = call(manager)
        after = now()
    assert record.answer_time is not None
    assert record.end_time is not None
    times = [record.start_time, record.answer_time, record.end_time]
    assert [before, *times, after] == sorted([before, *times, after])
    assert abs(record.end_time - record.start_time - record.duration) <= SECOND
    for entry in logged:
        assert entry.timestamp is not None
        assert timedelta(0) <= entry.timestamp - entry.event_time < 2 * SECOND
        assert entry.process()[0]["EventTime"] == entry.event_time


def test_a_fixed_offset_suffices_without_daylight_saving_time(far_away: Server) -> None:
    with connected(far_away, timezone(timedelta(hours=5, minutes=30))) as manager:
        before = now() - SECOND
        record, _ = call(manager)
        assert before <= record.start_time <= now()


def test_without_a_zone_local_times_are_naive(far_away: Server) -> None:
    with connected(far_away, None) as manager:
        before = now() - SECOND
        record, logged = call(manager)
    india = timezone(timedelta(hours=5, minutes=30))
    for moment in (record.start_time, *(entry.event_time for entry in logged)):
        assert moment.tzinfo is None
        assert before <= moment.replace(tzinfo=india) <= now()


def test_the_start_of_the_server_is_known(far_away: Server) -> None:
    with connected(far_away, ZoneInfo("Asia/Kolkata")) as manager:
        status = manager.execute(actions.CoreStatus())
        (uptime, *_) = manager.execute(actions.Command(command="core show uptime seconds")).output
        running = timedelta(seconds=int(uptime.rpartition(" ")[2]))
    assert abs(now() - status.started - running) <= 2 * SECOND
    assert status.started <= status.reloaded <= now()


def test_security_events_name_their_zone(far_away: Server) -> None:
    with connected(far_away, None) as manager, manager.subscribe(events.SuccessfulAuth) as stream:
        before = now() - SECOND
        connected(far_away, None).close()
        event = stream.get(timeout=10)
        assert event.session_tv is not None
        assert before <= event.session_tv <= event.event_tv <= now()


def test_the_server_reports_its_offset_at_any_time(far_away: Server) -> None:
    with connected(far_away, None) as manager:
        assert manager.execute(actions.Getvar(variable="STRFTIME(,,%z)")).value == "+0530"


def zone_file(path: Path, change: int, before: int, after: int) -> Path:
    """Write a time zone whose offset changes at a moment; offsets are in seconds (RFC 8536, version 1)."""
    names = b"OLD\0NEW\0"
    header = struct.pack(">4sc15x6l", b"TZif", b"\0", 0, 0, 0, 1, 2, len(names))
    path.write_bytes(header + struct.pack(">lB", change, 1) + struct.pack(">lBBlBB", before, 0, 0, after, 1, 4) + names)
    return path


@pytest.mark.parametrize("release", list(rootfs.RECIPES))
def test_times_are_right_over_a_change_to_summer_time(release: str, tmp_path: Path) -> None:
    change = int(time.time()) + 20
    file = zone_file(tmp_path / "zone", change, 3600, 7200)
    with file.open("rb") as octets:
        zone = ZoneInfo.from_file(octets)
    with Server.start(release, file) as server, connected(server, zone) as manager:
        assert time.time() < change - 1, "the server took too long to start"
        before = now() - SECOND
        wait = change + 1 - time.time()
        record, logged = call(manager, data=f"{wait:.0f}")
        after = now()
    assert record.end_time is not None
    assert record["StartTime"][11:13] != record["EndTime"][11:13]
    assert before <= record.start_time < datetime.fromtimestamp(change, UTC) <= record.end_time <= after
    assert abs(record.end_time - record.start_time - record.duration) <= SECOND
    assert all(before <= entry.event_time <= after for entry in logged)
