"""Slow things at once: media reports, fax."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


# Code words of the fax's alphabet (ITU-T T.4).
END_OF_LINE, WHITE_1728, WHITE_0 = "000000000001", "010011011", "00110101"


@step()
def media_is_reported_and_faxes_are_sent(stage: Stage) -> None:
    stage.call("PJSIP/112@loop", application="Echo")
    (stage.server.log.parent.parent / "spool" / "page.tif").write_bytes(page())
    stage.call("Local/118@default/n", to="119")
    # 16.28.0 crashes when it is asked about a session that has not begun.
    stage.until(events.FAXStatus, lambda each: each.operation == "send" and "Progress" in each.status)
    stage.until(events.FAXStatus, lambda each: each.operation == "receive" and "Progress" in each.status)
    for session in stage.listing(actions.FAXSessions()).sessions:
        stage.send(actions.FAXSession(session_number=session.session_number))
    stage.until(events.RTCPSent)
    stage.until(events.RTCPReceived)
    stage.until(events.SendFAX, timeout=40)
    stage.until(events.ReceiveFAX, timeout=40)


def page() -> bytes:
    """Return a page for the fax: a TIFF of one blank strip, 1728 by 100 points, Group 3."""
    lines = 100
    white = (END_OF_LINE + WHITE_1728 + WHITE_0) * lines
    data = bytes(int(white[start : start + 8].ljust(8, "0"), 2) for start in range(0, len(white), 8))
    tags = (
        (256, 3, 1728),
        (257, 3, lines),
        (258, 3, 1),
        (259, 3, 3),
        (262, 3, 0),
        (266, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 3, lines),
        (279, 4, len(data)),
        (282, 5, 0),
        (283, 5, 0),
        (292, 4, 0),
        (296, 3, 2),
    )
    offset = 8 + len(data) + len(data) % 2
    ratios = offset + 2 + len(tags) * 12 + 4
    entries = b"".join(
        struct.pack("<HHII", tag, kind, 1, {282: ratios, 283: ratios + 8}.get(tag, value)) for tag, kind, value in tags
    )
    head = struct.pack("<2sHI", b"II", 42, offset)
    rest = struct.pack("<H", len(tags)) + entries + struct.pack("<I4I", 0, 204, 1, 98, 1)
    return head + data.ljust(offset - 8, b"\0") + rest
