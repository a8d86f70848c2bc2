"""Security events: what a server reports to all sessions about log-ins and refused actions.

Source: main/manager.c, report_*; main/security_events.c; the order of the headers is that of Asterisk 16.28 and 22.10.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ami_typed.testing.simulator.session import Session

__all__ = ["reported"]


class _Kind(NamedTuple):
    """A kind of security event.

    Attributes:
        severity: Its Severity.
        version: Its EventVersion.
        account_last: Whether AccountID is its last header, because it is optional.
    """

    severity: str = "Error"
    version: str = "1"
    account_last: bool = False


_KINDS = {
    "ChallengeResponseFailed": _Kind(),
    "FailedACL": _Kind(),
    "InvalidAccountID": _Kind(),
    "InvalidPassword": _Kind(version="2"),
    "RequestBadFormat": _Kind(account_last=True),
    "RequestNotAllowed": _Kind(),
    "SessionLimit": _Kind(),
    "SuccessfulAuth": _Kind("Informational"),
}


def reported(
    event: str, session: Session, account: str, now: float, local: tuple[str, int], **texts: str
) -> list[tuple[str, str]]:
    """Return the headers of a security event.

    Args:
        event: Its name.
        session: The session that it is about.
        account: The name of the user.
        now: The time, in seconds since the epoch.
        local: The server's address and port.
        texts: Further headers.
    """
    kind = _KINDS[event]
    who = [("AccountID", account)]
    return [
        ("EventTV", _written(now)),
        ("Severity", kind.severity),
        ("Service", "AMI"),
        ("EventVersion", kind.version),
        *([] if kind.account_last else who),
        ("SessionID", f"{id(session):#x}"),
        ("LocalAddress", _address(session, *local)),
        ("RemoteAddress", _address(session, session.address, session.port)),
        *texts.items(),
        ("SessionTV", _written(session.logged_in)),
        *(who if kind.account_last and account else []),
    ]


def _address(session: Session, host: str, port: int) -> str:
    version = "IPV6" if ":" in host else "IPV4"
    return f"{version}/{'TLS' if session.is_secure else 'TCP'}/{host}/{port}"


def _written(moment: float) -> str:
    thousandths = int(moment % 1 * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(moment)) + f"{thousandths:03d}+0000"
